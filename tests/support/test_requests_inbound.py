"""Messages that come in: signed, each once, sorted in or kept for a person."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from connector.models import AuditEvent
from tests.factories import InboundReceiptFactory, ServiceRequestFactory
from tickets.support.models import SupportIntegration
from tickets.support.service_requests import (
    case_numbers,
    flow,
    inbound,
    letters,
    mails,
    references,
    sorting,
)
from tickets.support.service_requests.models import InboundReceipt, ServiceRequest
from tickets.support.service_requests.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from pytest_django.live_server_helper import LiveServer

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
NUMBER = "2305260050000123"


@pytest.fixture
def way_back(
    tenant: Tenant, integration: SupportIntegration, admin: User
) -> SupportIntegration:
    """Settings with a support address and a secret."""
    integration.support_address = "support@microsoft.example"
    integration.save()
    inbound.new_secret(tenant, actor=admin)
    return SupportIntegration.objects.get()


@pytest.fixture
def case(tenant: Tenant, way_back: SupportIntegration) -> ServiceRequest:
    return ServiceRequestFactory(tenant=tenant, state="sent", transport="email")


def mail(case: ServiceRequest | None = None, text: str = "", **headers: str) -> bytes:
    """Return an answer of Microsoft as a mail server hands it over."""
    usual = {
        "From": "Kai of Microsoft <kai@microsoft.example>",
        "To": "cases@contoso.example",
        "Subject": f"RE: [{case.reference}] {case.title}" if case else "Hello",
        "Message-ID": f"<{uuid4()}@microsoft.example>",
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in (usual | named).items() if value]
    body = text or "We look into it.\n\nKai"
    return ("\r\n".join([*lines, "", body])).encode()


def send(way_back: SupportIntegration, body: bytes, **changed: Any) -> HttpResponse:
    """Hand a message in as the script does; `changed` makes it wrong."""
    now = str(changed.get("now", int(time.time()) + changed.get("shift", 0)))
    secret = changed.get("secret", way_back.inbound_secret)
    signed = changed.get("signed", body)
    signature = f"v1={inbound.signature_of(secret, now, signed)}"
    return Client().post(
        reverse("support:inbound", args=[changed.get("key", way_back.inbound_key)]),
        data=body,
        content_type=changed.get("content_type", "message/rfc822"),
        headers={
            "X-Portal-Timestamp": now,
            "X-Portal-Signature": changed.get("signature", signature),
        },
    )


def sort_all() -> None:
    for pk in list(InboundReceipt.objects.values_list("pk", flat=True)):
        sorting.sort(str(pk))


def take(way_back: SupportIntegration, body: bytes, **changed: Any) -> InboundReceipt:
    answer = send(way_back, body, **changed)
    assert answer.status_code == 202
    sort_all()
    return InboundReceipt.objects.get(pk=answer.json()["id"])


def test_an_answer_goes_into_its_request_with_the_case_number(
    way_back: SupportIntegration, case: ServiceRequest
) -> None:
    body = mail(case, f"We look into it.\n\nTrackingID#{NUMBER}\n")
    receipt = take(way_back, body)
    assert (receipt.status, receipt.request) == ("matched", case)
    assert (receipt.raw, receipt.text) == (None, "")
    case.refresh_from_db()
    assert (case.state, case.case_number) == (State.OPEN, NUMBER)
    said = case.updates.get(source="microsoft", state="")
    assert (said.author, said.text.split("\n")[0]) == (
        "Kai of Microsoft",
        "We look into it.",
    )
    assert case.updates.get(state="open").source == "microsoft"
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"support.request_answered", "support.request_numbered"} <= actions


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another"},
        {"signature": ""},
        {"signature": "v1=00"},
        {"signature": "v2=00"},
        {"signed": b"another body"},
        {"shift": -302},
        {"shift": 400},
        {"now": "soon"},
        {"now": "²"},
    ],
    ids=str,
)
def test_what_is_not_signed_right_and_now_is_refused(
    changed: dict[str, Any], way_back: SupportIntegration, case: ServiceRequest
) -> None:
    assert send(way_back, mail(case), **changed).status_code == 401
    assert not InboundReceipt.objects.exists()


def test_without_a_secret_nothing_is_taken(
    way_back: SupportIntegration, case: ServiceRequest
) -> None:
    SupportIntegration.objects.update(inbound_secret="")
    assert send(way_back, mail(case), secret="").status_code == 401


def test_an_unknown_address_and_a_large_or_odd_message_are_refused(
    way_back: SupportIntegration,
) -> None:
    assert send(way_back, b"x", key=uuid4()).status_code == 404
    assert send(way_back, b"x" * (inbound.LARGEST + 1)).status_code == 413
    assert send(way_back, b"x", content_type="text/plain").status_code == 415
    assert send(way_back, b"x" * inbound.LARGEST).status_code == 202
    url = reverse("support:inbound", args=[way_back.inbound_key])
    assert Client().get(url).status_code == 405


def test_a_copy_of_the_call_is_refused_and_a_repeat_taken_once(
    way_back: SupportIntegration, case: ServiceRequest
) -> None:
    body, now = mail(case), int(time.time())
    first = send(way_back, body, now=now)
    assert send(way_back, body, now=now).status_code == 409
    again = send(way_back, body, now=now - 1)
    assert (again.status_code, again.json()) == (202, first.json())
    sort_all()
    sort_all()
    assert case.updates.filter(source="microsoft").count() == 1


def test_the_same_mail_over_another_server_is_known_by_its_name(
    way_back: SupportIntegration, case: ServiceRequest
) -> None:
    body = mail(case, Message_ID="<one@microsoft.example>")
    take(way_back, body)
    receipt = take(way_back, b"Received: from elsewhere\r\n" + body)
    assert receipt.status == "duplicate"
    assert case.updates.filter(source="microsoft").count() == 1


@pytest.mark.parametrize("place", ["subject", "reply", "references", "text"])
def test_the_reference_is_found_wherever_it_is(
    place: str, way_back: SupportIntegration, case: ServiceRequest
) -> None:
    marker = uuid4()
    name = mails.payload(case, "x", marker)["message_id"]
    reference = case.reference.lower()
    bodies = {
        "subject": mail(case),
        "reply": mail(None, In_Reply_To=name),
        "references": mail(None, References=f"<a@b.example> {name}"),
        "text": mail(None, f"About {reference}: solved."),
    }
    assert take(way_back, bodies[place]).request == case


def test_the_case_number_alone_finds_its_request(
    way_back: SupportIntegration, case: ServiceRequest
) -> None:
    flow.number(case, NUMBER, by=flow.PORTAL)
    assert take(way_back, mail(None, f"Case {NUMBER} is solved.")).request == case


@pytest.mark.parametrize(
    ("sender", "is_taken"),
    [
        ("kai@microsoft.example", True),
        ("kai@mail.MICROSOFT.example", True),
        ("kai@microsoft.example.evil.example", False),
        ("kai@evilmicrosoft.example", False),
        ("kai@microsoft.example, mallory@evil.example", False),
        ('"kai@microsoft.example" <mallory@evil.example>', False),
    ],
)
def test_only_senders_of_the_support_address_speak_for_microsoft(
    sender: str, is_taken: bool, way_back: SupportIntegration, case: ServiceRequest
) -> None:
    receipt = take(way_back, mail(case, From=sender))
    assert receipt.status == ("matched" if is_taken else "unmatched")
    if not is_taken:
        assert receipt.reason == "foreign_sender"
        assert "We look into it." in receipt.text, "kept for a person"
        assert not case.updates.exists()


def test_a_request_of_another_organisation_is_not_found(
    way_back: SupportIntegration, other_tenant: Tenant
) -> None:
    theirs = ServiceRequestFactory(tenant=other_tenant)
    receipt = take(way_back, mail(theirs))
    assert (receipt.status, receipt.reason) == ("unmatched", "no_reference")
    assert not theirs.updates.exists()


QUOTED = [
    "News.\n\nOn Mon, 3 Mar 2025 at 10:00, Kim wrote:\n> Old.\n> Older.",
    "News.\n\n-----Original Message-----\nFrom: Kim\nOld.",
    "News.\n\nFrom: Kim <kim@contoso.example>\nSent: Monday\nTo: Kai\n\nOld.",
    "News.\n\n________________________________\nFrom: Kim\nOld.",
    "News.\n> Old.",
]


@pytest.mark.parametrize("text", QUOTED)
def test_the_quoted_part_is_cut_off_but_kept(
    text: str, way_back: SupportIntegration, case: ServiceRequest
) -> None:
    take(way_back, mail(case, text))
    said = case.updates.get()
    assert said.text == "News."
    assert "Old." in said.quoted


def test_answers_between_the_lines_are_all_kept() -> None:
    assert letters.parted("> Does it work?\nYes.") == ("> Does it work?\nYes.", "")


MULTIPART = """\
From: Kai <kai@microsoft.example>
Subject: =?utf-8?q?Caf=C3=A9?= {reference}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/html; charset=utf-8

<p>Not this</p>
--c
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Caf=C3=A9=00 is open.
--c--
--b
Content-Type: application/zip; name="logs.zip"
Content-Disposition: attachment; filename="logs.zip"

UEsDBA==
--b--
"""
HTML = """\
From: Kai <kai@microsoft.example>
Subject: {reference}
Content-Type: text/html; charset=utf-8

<html><style>p {{}}</style><body><p>First.</p><ul><li>Second</li></ul><script>x()</script></body></html>
"""


def test_plain_text_is_preferred_and_attachments_are_named(
    way_back: SupportIntegration, case: ServiceRequest
) -> None:
    take(way_back, MULTIPART.format(reference=case.reference).encode())
    said = case.updates.get()
    assert (said.text, said.attachments) == ("Café is open.", ["logs.zip"])


def test_html_becomes_words(way_back: SupportIntegration, case: ServiceRequest) -> None:
    take(way_back, HTML.format(reference=case.reference).encode())
    text = case.updates.get().text
    assert "First." in text
    assert "- Second" in text
    assert "x()" not in text
    assert "{}" not in text


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n",
        b"\xff\xfe\x00 nothing",
        b"Subject: no sender\r\n\r\ntext",
        b"From: a@b.example\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nx \xff",
        b"From: =?utf-8?q?=00=ff?= <a@b.example>\r\nSubject: =?x?b?%%%?=\r\n\r\n\x00",
        (b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b"),
    ],
)
def test_whatever_comes_is_kept(
    body: bytes, way_back: SupportIntegration, admin: User, client_for: SignIn
) -> None:
    assert take(way_back, body).status == "unmatched"
    page = client_for(admin).get(reverse("support:request_inbox"))
    assert page.status_code == 200


def test_mails_made_to_keep_a_worker_busy_are_read_like_others() -> None:
    """Each of these took from half a minute to hours; strangers write such mails."""
    size = inbound.LARGEST - 500
    head = "From: kai@microsoft.example\r\n"
    kind = "Content-Type: text/html\r\n"
    blank = " \n" * (size // 2)
    long = {
        "lines": f"{head}\r\na{blank}b",
        "subject": f"{head}Subject: {'a ' * (size // 2)}\r\n\r\na",
        "names": f"{head}References: {'<a@b> ' * (size // 6)}\r\n\r\na",
        "boxes": f"{head}{kind}\r\na{'<div>' * (size // 5)}",
    }
    for name, text in long.items():
        letter = letters.read(text.encode(), letters.MAIL)
        assert (letter.text[0], letter.subject, letter.replies_to) == ("a", "", " "), (
            name
        )
    many = f"From: {'kai@microsoft.example, ' * (size // 23)}\r\n\r\na"
    with pytest.raises(letters.Unreadable):
        letters.read(many.encode(), letters.MAIL)
    body = {"from": "kai@microsoft.example", "html": "a" + "<div>" * (size // 5)}
    assert letters.read(json.dumps(body).encode(), letters.JSON).text == "a"


def test_json_is_taken_as_well(
    way_back: SupportIntegration, case: ServiceRequest
) -> None:
    body = {
        "from": "Kai <kai@microsoft.example>",
        "subject": f"[{case.reference}]",
        "text": "Solved.",
        "message_id": "<j@microsoft.example>",
        "attachments": ["log.txt"],
    }
    sent = json.dumps(body).encode()
    take(way_back, sent, content_type="application/json; charset=utf-8")
    said = case.updates.get()
    assert (said.text, said.author, said.attachments) == ("Solved.", "Kai", ["log.txt"])
    broken = take(way_back, b"[1, 2", content_type="application/json")
    assert (broken.status, broken.reason) == ("unmatched", "unreadable")


@pytest.mark.parametrize(
    ("headers", "is_automatic"),
    [
        ({"Auto_Submitted": "auto-replied"}, True),
        ({"Auto_Submitted": "auto-generated", "X_Auto_Response_Suppress": "All"}, True),
        ({"Precedence": "auto_reply"}, True),
        ({"Return_Path": "<>"}, True),
        ({"Auto_Submitted": "auto-generated"}, False),
        ({"Auto_Submitted": "no"}, False),
    ],
)
def test_automatic_replies_are_marked(
    headers: dict[str, str],
    is_automatic: bool,
    way_back: SupportIntegration,
    case: ServiceRequest,
) -> None:
    take(way_back, mail(case, **headers))
    assert case.updates.get().is_automatic is is_automatic


def test_our_own_mail_that_comes_back_is_dropped(
    way_back: SupportIntegration, open_request: Callable[..., ServiceRequest]
) -> None:
    SupportIntegration.objects.update(request_transport="email")
    case = open_request()
    name = case.deliveries.get(channel="mail").payload["message_id"]
    assert take(way_back, mail(case, Message_ID=name)).status == "duplicate"
    assert not case.updates.filter(source="microsoft").exists()


def test_a_person_assigns_a_message(
    way_back: SupportIntegration,
    case: ServiceRequest,
    support: User,
    client_for: SignIn,
) -> None:
    receipt = take(way_back, mail(None, f"Your case {NUMBER} is open."))
    browser, inbox = client_for(support), reverse("support:request_inbox")
    assert "names no request" in browser.get(inbox).content.decode()
    url = reverse("support:inbox_assign", args=[receipt.pk])
    wrong = browser.post(url, {"reference": "SR-2222-2222"})
    assert wrong.status_code == 422
    assert "SR-2222-2222" in wrong.content.decode()
    browser.post(url, {"reference": f" {case.reference.lower()} "})
    receipt.refresh_from_db()
    assert (receipt.status, receipt.settled_by_name) == ("assigned", "support.admin")
    case.refresh_from_db()
    assert case.case_number == NUMBER
    browser.post(url, {"reference": case.reference})
    assert case.updates.filter(source="microsoft", state="").count() == 1
    assert "Nothing waits" in browser.get(inbox).content.decode()


def test_a_person_drops_a_message(
    tenant: Tenant, support: User, outsider: User, client_for: SignIn
) -> None:
    receipt = InboundReceiptFactory(tenant=tenant)
    url = reverse("support:inbox_drop", args=[receipt.pk])
    assert client_for(outsider).post(url).status_code == 404
    client_for(support).post(url)
    receipt.refresh_from_db()
    assert receipt.status == "dropped"
    assert AuditEvent.objects.filter(action="support.message_dropped").count() == 1


def test_what_no_worker_sorted_in_is_found_by_the_sweep(
    way_back: SupportIntegration, case: ServiceRequest, settings: Any
) -> None:
    send(way_back, mail(case))
    assert InboundReceipt.objects.get().status == "received"
    waiting = InboundReceipt.objects.unsorted()
    assert [str(one.pk) for one in waiting] == [str(InboundReceipt.objects.get().pk)]
    sort_all()
    assert not InboundReceipt.objects.unsorted().exists()


def test_a_new_secret_ends_the_old_one_and_is_shown_once(
    way_back: SupportIntegration,
    case: ServiceRequest,
    support: User,
    client_for: SignIn,
) -> None:
    browser = client_for(support)
    page = browser.post(reverse("support:inbound_secret")).content.decode()
    fresh = SupportIntegration.objects.get()
    assert fresh.inbound_secret in page
    assert fresh.inbound_key == way_back.inbound_key, "the address stays"
    shown = browser.get(reverse("support:request_settings")).content.decode()
    assert fresh.inbound_secret not in shown
    assert str(fresh.inbound_key) in shown
    assert send(way_back, mail(case)).status_code == 401
    assert send(fresh, mail(case)).status_code == 202
    facts = AuditEvent.objects.get(action="support.inbound_rotated").facts
    assert fresh.inbound_secret not in str(facts)


@pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("curl")), reason="no openssl or curl"
)
@pytest.mark.django_db(transaction=True)
def test_the_script_of_the_settings_page_hands_a_mail_in(
    way_back: SupportIntegration,
    case: ServiceRequest,
    live_server: LiveServer,
    tmp_path: Any,
) -> None:
    path = reverse("support:inbound", args=[way_back.inbound_key])
    script, secret = tmp_path / "hand-in", tmp_path / "secret"
    script.write_text(inbound.script(f"{live_server.url}{path}"))
    secret.write_text(f"{way_back.inbound_secret}\n")
    done = subprocess.run(
        ["sh", script],
        input=mail(case),
        env={"PATH": "/usr/bin:/bin", "PORTAL_SECRET_FILE": str(secret)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["id"] == str(InboundReceipt.objects.get().pk)
    secret.write_text("another")
    done = subprocess.run(
        ["sh", script],
        input=mail(case),
        env={"PATH": "/usr/bin:/bin", "PORTAL_SECRET_FILE": str(secret)},
        capture_output=True,
    )
    assert done.returncode != 0, "the mail server has to try again"


def _pipe(monkeypatch: pytest.MonkeyPatch, body: bytes, key: Any) -> tuple[int, str]:
    stdin = SimpleNamespace(buffer=io.BytesIO(body))
    monkeypatch.setattr("sys.stdin", stdin)
    out = io.StringIO()
    try:
        call_command("receive_mail", str(key), stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_takes_a_mail_from_a_pipe(
    way_back: SupportIntegration,
    case: ServiceRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, said = _pipe(monkeypatch, mail(case), way_back.inbound_key)
    assert (code, said.strip()) == (0, str(InboundReceipt.objects.get().pk))
    sort_all()
    assert case.updates.count() == 1
    assert _pipe(monkeypatch, b"x", uuid4())[0] == 67
    large = b"x" * (inbound.LARGEST + 1)
    assert _pipe(monkeypatch, large, way_back.inbound_key)[0] == 65


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"RE: Mail is late - TrackingID#{NUMBER}", NUMBER),
        (f"Case number: {NUMBER}.", NUMBER),
        (f"service request {NUMBER}", NUMBER),
        ("SR 615000000000001", "615000000000001"),
        ("SR-7K3M-2Q9X", ""),
        ("Call 18005550100 now", ""),
        ("case 1234567890123456789012", ""),
    ],
)
def test_case_numbers_are_recognised(text: str, number: str) -> None:
    assert case_numbers.find([text]) == number


def test_a_pattern_of_ones_own_is_used_if_it_cannot_take_for_ever() -> None:
    assert case_numbers.find(["Ticket X-42 and Case 12345678"], r"X-(\d+)") == "42"
    case_numbers.check(r"X-(\d+)")
    for wrong in (r"\d+", r"(\d", r"((a+)+)b", r"((a{1,9}){2,9})", r"(\d*)\d*\d*\d*"):
        with pytest.raises(ValidationError):
            case_numbers.check(wrong)
    case_numbers.check(case_numbers.USUAL)


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"(?:a|aa)*(b)", r"(?:a?a?)+(b)", "a?" * 30 + "a" * 30 + "(b)"),
        *("(?:a|a[ab])" * 15 + "(b)", r"(?:a|ab)++(c)", r"(?=(a|aa)*b)c"),
    ],
)
def test_patterns_that_double_their_time_with_each_letter_are_refused(
    pattern: str,
) -> None:
    with pytest.raises(ValidationError) as refused:
        case_numbers.check(pattern)
    assert refused.value.code == "slow"


def test_a_slow_pattern_is_not_tried_on_all_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three repetitions take a second on one line of 200 letters."""
    seconds = iter(range(100))
    monkeypatch.setattr(case_numbers.time, "monotonic", lambda: next(seconds) / 4)
    lines = ["Case 1", "x", "x", "x", "x", "x", "Case 2"]
    assert case_numbers.find(["\n".join(lines)], r"Case (\d+)") == "1"
    assert case_numbers.find(["\n".join(lines[1:])], r"Case (\d+)") == ""


def test_references_are_told_apart_from_what_looks_alike() -> None:
    found = references.found_in(["sr-7k3m-2q9x and SR-7K3M-2Q9XX", "SR-O000-1111"])
    assert found == ["SR-7K3M-2Q9X"]
    fresh = {references.new() for _ in range(200)}
    assert len(fresh) == 200
    assert all(references.found_in([one]) == [one] for one in fresh)
