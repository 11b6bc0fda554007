"""Exports: what is in the files, who gets them, and how long ones are written."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from connector.models import AuditEvent
from portal.score import exporting, plans, sheets, tasks
from portal.score.list_models import KEPT_FOR, Export
from portal.score.plans import Wish
from portal.score.status import ActionStatus
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

URL = "/securescore/export/"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.EXPORTS_DIR = tmp_path / "exports"


@pytest.fixture
def two(tenant: Tenant, admin: User) -> Tenant:
    """Two actions, one with a plan full of dangerous words."""
    snapshot = factories.SnapshotFactory(
        tenant=tenant, date=date(2026, 11, 1), max_score=100.0
    )
    for rank, name in enumerate(("A", "B"), start=1):
        factories.ControlProfileFactory(
            tenant=tenant, control_id=name, title=f"Action, {name}", rank=rank
        )
        factories.ControlScoreFactory(snapshot=snapshot, control_id=name)
    wish = Wish(
        status=ActionStatus.PLANNED,
        reason="x",
        notes='=HYPERLINK("http://evil.example")',
        tags=["+1", "Ü"],
        owner=admin,
        due_date=date(2027, 1, 31),
    )
    plans.change(tenant, ["A"], wish, actor=admin)
    return tenant


def _post(client: Client, **values: Any) -> Any:
    data = {"everything": "1", "query": "show=all", "content": "actions"}
    return client.post(URL, data | {"format": "csv"} | values)


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def _cells(content: bytes) -> list[list[str]]:
    """Read the first sheet of a workbook back, with nothing but the standard library."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = book.namelist()
        texts = []
        if "xl/sharedStrings.xml" in names:
            root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314
            texts = ["".join(item.itertext()) for item in root]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    assert sheet.findall(f".//{SHEET}f") == [], "a cell is a formula"
    return [[_cell(cell, texts) for cell in row] for row in sheet.iter(f"{SHEET}row")]


def _cell(cell: Any, texts: list[str]) -> str:
    value = cell.find(f"{SHEET}v")
    if cell.get("t") == "s":
        return texts[int(value.text)]
    return "".join(cell.itertext()) if value is None else value.text


def test_a_short_csv_comes_at_once(
    two: Tenant, reader: User, client_for: SignIn
) -> None:
    answer = _post(client_for(reader))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.content.startswith("\ufeff".encode())
    first, second = _rows(answer.content)
    assert first["Improvement action"] == "Action, A"
    assert (first["Status"], first["Status kept here only"]) == ("Planned", "yes")
    assert (first["Points achieved"], first["Points possible"]) == ("2.0", "10.0")
    assert first["Score impact (%)"] == "8.0"
    assert (first["Owner"], first["Due date"]) == ("security.admin", "2027-01-31")
    assert second["Status"] == "To address"
    audited = AuditEvent.objects.get(action="export.requested")
    assert audited.facts == {"count": 2, "format": "csv", "content": "actions"}


def test_no_text_of_a_csv_is_a_formula(
    two: Tenant, reader: User, client_for: SignIn
) -> None:
    [first, _second] = _rows(_post(client_for(reader)).content)
    assert first["Notes"] == '\'=HYPERLINK("http://evil.example")'
    assert first["Tags"] == "'+1, Ü"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_start_of_a_formula_is_made_harmless(start: str) -> None:
    file = io.BytesIO()
    sheets.write(file, "csv", ["a"], [[f"{start}1"], [-1], [None]])
    text = file.getvalue().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["a"], [f"'{start}1"], ["-1"], [""]]


def test_a_text_longer_than_a_cell_is_cut() -> None:
    file = io.BytesIO()
    sheets.write(file, "xlsx", ["a"], [["x" * 40_000]])
    assert _cells(file.getvalue()) == [["a"], ["x" * 32_767]]


def test_a_workbook_has_the_same_rows_and_no_formula(
    two: Tenant, reader: User, client_for: SignIn
) -> None:
    answer = _post(client_for(reader), format="xlsx")
    assert answer.headers["Content-Type"] == sheets.TYPES["xlsx"]
    header, first, second = _cells(answer.content)
    named = dict(zip(header, first, strict=False))
    assert header[:2] == ["Rank", "Improvement action"]
    assert named["Improvement action"] == "Action, A"
    assert '=HYPERLINK("http://evil.example")' in first
    assert named["Points achieved"] == "2"
    assert "Action, B" in second


def test_only_what_is_ticked_in_the_order_of_the_list(
    two: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    answer = _post(client, everything="", control=["B"])
    assert [row["Control ID"] for row in _rows(answer.content)] == ["B"]
    answer = _post(client, everything="", control=[])
    assert answer.status_code == 422
    assert "Tick at least one improvement action." in answer.text


def test_the_export_is_that_of_the_filter(
    two: Tenant, reader: User, client_for: SignIn
) -> None:
    answer = _post(client_for(reader), query="status=planned")
    assert [row["Control ID"] for row in _rows(answer.content)] == ["A"]


def test_the_page_explains_every_column(
    two: Tenant, reader: User, client_for: SignIn
) -> None:
    text = client_for(reader).get(f"{URL}?status=planned").text
    assert "Export 1 improvement action" in text
    for column in (*exporting.ACTIONS, *exporting.HISTORY):
        assert column.header in text


def _long(tenant: Tenant) -> None:
    """Have the points of two controls on so many days that a worker is needed."""
    for age in range(6):
        snapshot = factories.SnapshotFactory(
            tenant=tenant, date=date(2026, 10, 1) + timedelta(days=age)
        )
        for name in ("A", "B"):
            factories.ControlScoreFactory(snapshot=snapshot, control_id=name, score=age)


def test_a_long_one_is_written_by_a_worker_with_its_progress(
    two: Tenant, reader: User, client_for: SignIn, monkeypatch: Any
) -> None:
    monkeypatch.setattr(exporting, "LONG", 5)
    _long(two)
    client = client_for(reader)
    answer = _post(client, content="history", query="show=all")
    assert answer.status_code == 302
    page = answer.headers["Location"]
    assert "Waiting for a worker." in client.get(page).text
    assert client.get(f"{page}file/").status_code == 404
    export = Export.objects.get()
    Export.objects.update(status="running", claimed_at=timezone.now(), rows_done=7)
    part = client.get(page, headers={"HX-Request": "true"}).text
    assert "7 of 14" in part
    assert "<html" not in part
    Export.objects.update(status="queued")

    tasks.write_export(str(export.pk))
    assert "The file is ready" in client.get(page).text
    answer = client.get(f"{page}file/")
    rows = _rows(b"".join(answer.streaming_content))
    assert len(rows) == 14
    assert rows[0] == {
        "Date": "2026-10-01",
        "Control ID": "A",
        "Improvement action": "Action, A",
        "Category": "Identity",
        "Points achieved": "0.0",
    }
    assert exporting.path(export).parent.stat().st_mode & 0o077 == 0


def test_nobody_else_gets_the_file(
    two: Tenant,
    reader: User,
    admin: User,
    outsider: User,
    client_for: SignIn,
    monkeypatch: Any,
) -> None:
    export = _written(two, reader, monkeypatch)
    for user in (admin, outsider):
        for url in (f"{URL}{export.pk}/", f"{URL}{export.pk}/file/"):
            assert client_for(user).get(url).status_code == 404
    reader.groups.clear()
    assert client_for(reader).get(f"{URL}{export.pk}/file/").status_code == 403


def test_a_file_expires_and_is_removed(
    two: Tenant, reader: User, client_for: SignIn, monkeypatch: Any
) -> None:
    export = _written(two, reader, monkeypatch)
    client = client_for(reader)
    Export.objects.update(finished_at=timezone.now() - KEPT_FOR)
    assert "The file has expired" in client.get(f"{URL}{export.pk}/").text
    assert client.get(f"{URL}{export.pk}/file/").status_code == 404

    path = exporting.path(export)
    Export.objects.update(finished_at=timezone.now() - 2 * KEPT_FOR)
    monkeypatch.setattr(exporting, "_NEW", 0)
    tasks.tidy_exports()
    assert not Export.objects.exists()
    assert not path.exists()


def test_two_workers_write_one_file_once(
    two: Tenant, reader: User, monkeypatch: Any
) -> None:
    export = _written(two, reader, monkeypatch)
    path = exporting.path(export)
    path.write_bytes(b"untouched")
    tasks.write_export(str(export.pk))
    assert path.read_bytes() == b"untouched"


def test_what_a_dead_worker_left_is_written_after_all(
    two: Tenant, reader: User, monkeypatch: Any
) -> None:
    export = _written(two, reader, monkeypatch)
    long_ago = timezone.now() - timedelta(minutes=10)
    Export.objects.update(status="running", claimed_at=long_ago)
    tasks.write_export(str(export.pk))
    assert Export.objects.get().status == "ready"


def test_a_disk_that_takes_nothing_is_told(
    two: Tenant, reader: User, client_for: SignIn, settings: Any, tmp_path: Path
) -> None:
    export = exporting.request(
        two, reader, control_ids=["A"], format="csv", content="actions"
    )
    export.save()
    (tmp_path / "file").touch()
    settings.EXPORTS_DIR = tmp_path / "file"
    tasks.write_export(str(export.pk))
    text = client_for(reader).get(f"{URL}{export.pk}/").text
    assert "The file could not be written" in text


def test_a_person_has_few_long_ones_at_once(
    two: Tenant, reader: User, client_for: SignIn, monkeypatch: Any
) -> None:
    monkeypatch.setattr(exporting, "LONG", 0)
    client = client_for(reader)
    for _ in range(exporting.MOST_AT_ONCE):
        assert _post(client).headers["Location"] != URL
    assert _post(client).headers["Location"] == URL
    assert Export.objects.count() == exporting.MOST_AT_ONCE


def _written(tenant: Tenant, user: User, monkeypatch: Any) -> Export:
    export = exporting.request(
        tenant, user, control_ids=["A", "B"], format="csv", content="actions"
    )
    export.save()
    tasks.write_export(str(export.pk))
    export.refresh_from_db()
    assert export.status == "ready"
    return export
