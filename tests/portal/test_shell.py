"""The frame of every page: navigation, banner, switches, refusals, components."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import RequestContext, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import formats, timezone

from connector import audit
from portal import audit_sentences, navigation
from portal.installation import ROOT
from portal.templatetags import ui
from tests.factories import ConnectionFactory, TenantFactory, UserFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse

    from connector.models import Connection, Tenant

    SignIn = Callable[[User], Client]

HOME = ["portal:home"]
SCORE = ["score:overview", "score:actions"]
TICKETS = ["tickets:list"]
CONNECTION = ["connector:configuration"]
STATES = ["tickets:states"]
AUDIT = ["portal:audit"]
GRAPH = ["connector:graph"]
SUPPORT = ["support:overview"]
MENUS = {
    "admin": HOME + SCORE + TICKETS + CONNECTION + STATES + GRAPH + SUPPORT + AUDIT,
    "operator": HOME + SCORE + TICKETS + CONNECTION + SUPPORT,
    "reader": HOME + SCORE + TICKETS + CONNECTION + SUPPORT,
    "helpdesk": HOME + SCORE + TICKETS + STATES + SUPPORT,
    "support": HOME + SCORE + TICKETS + SUPPORT,
}


def _text(response: HttpResponse) -> str:
    return response.content.decode()


@pytest.mark.parametrize("who", MENUS)
def test_navigation_shows_what_the_role_may_open(
    who: str, request: pytest.FixtureRequest, client_for: SignIn
) -> None:
    page = _text(client_for(request.getfixturevalue(who)).get("/"))
    menu = page[page.index('<nav class="nav"') :]
    links = re.findall(r'class="nav__link" href="([^"]+)"', menu)
    assert links == [reverse(name) for name in MENUS[who]]


def test_navigation_marks_the_page_that_is_shown(
    admin: User, client_for: SignIn
) -> None:
    page = _text(client_for(admin).get("/audit/"))
    marked = re.findall(r'class="nav__link" href="([^"]+)" aria-current="page"', page)
    assert marked == ["/audit/"]


def test_every_page_below_an_entry_exists() -> None:
    for entry in navigation.ENTRIES:
        assert ui.icon(entry.icon)
        reverse(entry.url_name)


def test_broken_connection_is_on_every_page_with_its_repair(
    admin: User, tenant: Tenant, client_for: SignIn
) -> None:
    ConnectionFactory(
        tenant=tenant, broken=True, last_error_words="<b>access_denied</b>"
    )
    for address in ("/", "/audit/", "/accounts/2fa/"):
        page = _text(client_for(admin).get(address))
        assert "needs attention" in page
        assert "&lt;b&gt;access_denied&lt;/b&gt;" in page
        assert f'href="{reverse("connector:provisioning")}"' in page


def test_banner_sends_those_who_may_not_repair_to_an_administrator(
    reader: User, tenant: Tenant, client_for: SignIn
) -> None:
    ConnectionFactory(tenant=tenant, broken=True)
    page = _text(client_for(reader).get("/"))
    assert "A Security Administrator can repair the connection." in page
    assert reverse("connector:provisioning") not in page


def test_no_banner_for_the_broken_connection_of_another_organization(
    admin: User, other_tenant: Tenant, client_for: SignIn
) -> None:
    ConnectionFactory(tenant=other_tenant, broken=True)
    assert "needs attention" not in _text(client_for(admin).get("/"))


def test_refusal_names_the_reason_and_the_roles(
    reader: User, client_for: SignIn
) -> None:
    response = client_for(reader).get("/audit/")
    assert response.status_code == 403
    assert "Security Administrator" in _text(response)
    assert "Your role: Security Reader" in _text(response)


def test_unknown_page_is_explained_inside_the_frame(
    reader: User, client_for: SignIn
) -> None:
    response = client_for(reader).get("/nowhere/")
    assert response.status_code == 404
    assert "This page does not exist" in _text(response)
    assert '<nav class="nav"' in _text(response)


def test_failure_page_needs_no_context() -> None:
    from django.views.defaults import server_error

    response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "The portal failed" in _text(response)


def test_member_of_no_organization_is_told_so(db: None, client_for: SignIn) -> None:
    response = client_for(UserFactory(username="nobody")).get("/")
    assert response.status_code == 403
    assert "You do not belong to an organization yet" in _text(response)


def test_stranger_is_asked_to_sign_in(db: None) -> None:
    response = Client().get("/audit/")
    assert response.headers["Location"].startswith("/accounts/login/")


def test_sign_in_page_offers_only_what_works(db: None) -> None:
    page = _text(Client().get("/accounts/login/"))
    assert "Security center" in page
    for missing in ("Entra", "Forgot your password", "Sign up", "signup"):
        assert missing not in page


def test_sign_in_page_offers_the_directory_that_is_configured(
    db: None, settings
) -> None:
    app = {
        "provider_id": "entra",
        "name": "Microsoft Entra ID",
        "client_id": "x",
        "secret": "",
        "settings": {"server_url": "https://login.microsoftonline.com/x/v2.0"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    page = _text(Client().get("/accounts/login/"))
    assert "Sign in with Microsoft Entra ID" in page
    assert 'href="/accounts/oidc/entra/login/' in page


def test_failed_sign_in_is_summed_up_above_the_form(db: None) -> None:
    response = Client().post("/accounts/login/", {"login": "x", "password": "y"})
    page = _text(response)
    assert '<div class="error-summary" role="alert"' in page
    assert "<title>Error: Sign in" in page


def test_tenants_can_be_switched_only_to_ones_own(
    admin: User, tenant: Tenant, client_for: SignIn
) -> None:
    client = client_for(admin)
    assert "bar__tenants" not in _text(client.get("/"))
    second = TenantFactory(name="Zweite Firma")
    second.members.add(admin)
    foreign = TenantFactory(name="Fabrikam")
    switch = reverse("portal:switch_tenant")
    assert client.post(switch, {"tenant": foreign.pk}).status_code == 404
    assert client.post(switch, {"tenant": "x"}).status_code == 404
    assert client.get("/").wsgi_request.tenant == tenant
    assert client.post(switch, {"tenant": second.pk}).status_code == 302
    assert client.get("/").wsgi_request.tenant == second


def test_theme_follows_the_cookie_only_if_it_is_known(
    admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    assert "data-theme=" not in _text(client.get("/")).split("<body")[0]
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in _text(client.get("/"))
    client.cookies["theme"] = '"><script>'
    assert "data-theme=" not in _text(client.get("/")).split("<body")[0]


def test_audit_trail_shows_own_events_as_sentences(
    admin: User, tenant: Tenant, other_tenant: Tenant, client_for: SignIn
) -> None:
    client = client_for(admin)
    audit.record("unheard.of", tenant=tenant, target="<i>x</i>", size=3)
    audit.record("session.signed_in", tenant=other_tenant, target="foreign")
    page = _text(client.get("/audit/"))
    assert "security.admin signed in" in page
    assert "unheard.of &lt;i&gt;x&lt;/i&gt;" in page
    assert "foreign" not in page
    only = _text(client.get("/audit/", {"action": "unheard.of"}))
    assert "security.admin signed in" not in only
    assert "No events of this kind" in _text(client.get("/audit/?action=no.such"))


def test_failed_sign_in_is_seen_by_the_persons_own_organization(
    admin: User, outsider: User, reader: User, client_for: SignIn
) -> None:
    Client().post("/accounts/login/", {"login": "security.reader", "password": "y"})
    assert "A sign-in as security.reader failed" in _text(
        client_for(admin).get("/audit/")
    )
    assert "security.reader" not in _text(client_for(outsider).get("/audit/"))


def test_every_recorded_action_has_a_sentence() -> None:
    recorded = {"ticket.delivered", "ticket.adopted"}
    for app in ("connector", "tickets", "portal"):
        for path in (ROOT / app).rglob("*.py"):
            literal = r'record\(\s*"([a-z_]+\.[a-z_]+)"'
            recorded |= set(re.findall(literal, path.read_text()))
    assert recorded - set(audit_sentences.KINDS) == set()


def test_event_that_lacks_a_fact_is_still_a_sentence(tenant: Tenant) -> None:
    event = audit.record("ticketstate.renamed", tenant=tenant, old="New")
    assert "“New” to “-”" in audit_sentences.row(event).sentence


def test_audit_trail_is_paged(
    admin: User, tenant: Tenant, client_for: SignIn, django_assert_max_num_queries
) -> None:
    for number in range(60):
        audit.record("unheard.of", tenant=tenant, target=f"t{number:02}")
    client = client_for(admin)
    with django_assert_max_num_queries(12):
        page = _text(client.get("/audit/?size=25&page=2&action=unheard.of"))
    assert page.count('<th scope="row">') == 25
    assert "size=25&amp;page=3&amp;action=unheard.of" in page


def test_frame_costs_two_queries(
    admin: User, tenant: Tenant, client_for: SignIn, django_assert_num_queries
) -> None:
    ConnectionFactory(tenant=tenant)
    client = client_for(admin)
    # Session, user, organizations; permissions of the user and of the roles for the
    # navigation; then the frame's own two: the connection and the role's name.
    with django_assert_num_queries(7):
        client.get("/nowhere/")


def _names_in_templates() -> set[str]:
    drawn = re.compile(r'{% icon "([a-z-]+)"|icon="([a-z-]+)"')
    texts = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    return {a or b for text in texts for a, b in drawn.findall(text)}


def test_every_icon_that_is_drawn_exists() -> None:
    symbols = (ROOT / "static" / "icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([a-z-]+)"', symbols))
    named = {icon for _tone, icon in ui.STATUSES.values()} | set(ui.TONE_ICONS.values())
    named |= {entry.icon for entry in navigation.ENTRIES}
    named |= {kind.icon for kind in audit_sentences.KINDS.values()}
    assert (named | _names_in_templates()) - there == set()


class _Form(forms.Form):
    name = forms.CharField(help_text="A hint.")
    kind = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)


def _render(source: str, query: str = "", **context: object) -> str:
    request = RequestFactory().get(f"/{query}")
    request.resolver_match = None
    template = Template("{% load ui %}" + source)
    return template.render(RequestContext(request, context))


def test_error_summary_links_to_fields_that_exist() -> None:
    form = _Form({})
    page = _render('{% include "ui/error_summary.html" %}{{ form }}', form=form)
    targets = re.findall(r'href="#([^"]+)"', page)
    assert targets == ["id_name", "id_kind_group"]
    assert all(f'id="{target}"' in page for target in targets)
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert 'id="id_name_helptext"' in page
    assert 'id="id_name_error"' in page
    assert 'aria-invalid="true"' in page


def test_bar_is_valid_svg_in_every_language(settings) -> None:
    settings.LANGUAGE_CODE = "sv"
    page = _render('{% bar 1 3 label="Identity" text="33%" %}')
    assert 'width="33.33"' in page
    assert 'width="0.00"' in _render('{% bar 1 0 label="x" %}')


@pytest.mark.parametrize(("priority", "lit"), [("low", 1), ("medium", 2), ("high", 3)])
def test_meter_lights_as_many_squares_as_the_priority(priority: str, lit: int) -> None:
    page = _render('{% meter p "Word" %}', p=priority)
    assert page.count("meter__square--on") == lit
    assert "Word" in page


def test_sort_header_turns_round_and_forgets_the_page() -> None:
    head = '{% sort_header "name" "Name" default="-name" %}'
    assert 'aria-sort="descending"' in _render(head)
    up = _render(head, "?sort=name&page=3&q=a")
    assert 'aria-sort="ascending"' in up
    assert 'href="?sort=-name&amp;q=a"' in up


def test_time_is_relative_and_exact_with_its_zone() -> None:
    page = _render("{% when moment %}{% when nothing %}", moment=timezone.now())
    assert page.startswith('<time datetime="')
    assert "UTC</time>" in page
    assert "never" in page


@pytest.mark.parametrize(
    ("style", "shown", "tooltip"),
    [("short", "ago", "exact"), ("date", "day", "exact"), ("exact", "exact", "ago")],
)
def test_a_time_shows_one_part_and_has_the_other_as_a_tooltip(
    style: str, shown: str, tooltip: str
) -> None:
    moment = timezone.now() - timedelta(days=2, minutes=1)
    words = {
        "ago": "2 days ago",
        "day": formats.date_format(moment, "DATE_FORMAT"),
        "exact": f"{formats.date_format(moment, 'DATETIME_FORMAT')} UTC",
    }
    page = _render("{% when moment style %}", moment=moment, style=style)
    assert f'title="{words[tooltip]}">{words[shown]}</time>' in page.replace(
        "\xa0", " "
    )


def test_a_badge_escapes_its_words() -> None:
    page = _render("{% badge word 'danger' %}", word="<b>Ü & Co</b>")
    assert page.startswith('<span class="badge badge--danger"><svg class="icon"')
    assert page.endswith("</svg>&lt;b&gt;Ü &amp; Co&lt;/b&gt;</span>")


def test_pagination_keeps_the_filters() -> None:
    page = Paginator(range(200), 25).get_page(2)
    html = _render(
        '{% include "ui/pagination.html" with page=page only %}', "?q=mfa", page=page
    )
    assert "?q=mfa&amp;page=3" in html
    assert re.search(r'aria-current="page"><span[^>]*>Page </span>2<', html)


def _ends_in(tenant: Tenant, **span: float) -> Connection:
    ends_at = timezone.now() + timedelta(seconds=30, **span)
    return ConnectionFactory(tenant=tenant, refresh_token_expires_at=ends_at)


@pytest.mark.parametrize(
    ("span", "words", "tone"),
    [
        ({"days": 29}, "ends in 29 days", "warning"),
        ({"days": 14}, "ends in 14 days", "warning"),
        ({"days": 3}, "ends in 3 days", "warning"),
        ({"days": 1}, "ends in 1 day", "danger"),
        ({"hours": 5}, "ends in less than a day", "danger"),
        ({"hours": -5}, "has ended", "danger"),
    ],
    ids=str,
)
def test_the_end_of_the_authorization_is_announced_on_every_page(
    span: dict[str, float],
    words: str,
    tone: str,
    admin: User,
    tenant: Tenant,
    client_for: SignIn,
) -> None:
    _ends_in(tenant, **span)
    for address in ("/", "/audit/", "/tickets/", "/accounts/2fa/"):
        page = _text(client_for(admin).get(address))
        [banner] = re.findall(r'<section class="alert alert--(\w+)"', page)
        assert words in page
        assert banner == tone
        assert f'action="{reverse("connector:authorize")}"' in page


def test_the_announcements_button_works(
    admin: User, tenant: Tenant, client_for: SignIn
) -> None:
    connection = _ends_in(tenant, days=2)
    client = client_for(admin)
    client.handler.enforce_csrf_checks = True
    page = _text(client.get("/audit/"))
    part = page[page.index("ending-title") :]
    form = {"csrfmiddlewaretoken": re.search(r'value="(\w+)"', part)[1]}

    answer = client.post(reverse("connector:authorize"), form)

    assert answer.status_code == 200
    assert f"{connection.base_url}/oauth_auth.do" in _text(answer)


def test_the_announcement_tells_a_reader_whom_to_ask(
    reader: User, tenant: Tenant, client_for: SignIn
) -> None:
    _ends_in(tenant, days=2)
    page = _text(client_for(reader).get("/"))
    assert "A Security Administrator can re-authorize it." in page
    assert reverse("connector:authorize") not in page


@pytest.mark.parametrize(
    "values",
    [
        {"refresh_token_expires_at": None},
        {"refresh_token_expires_at": timezone.now() + timedelta(days=40)},
        {"draft": True},
    ],
    ids=["no end", "far away", "draft"],
)
def test_no_announcement_without_a_near_end(
    values: dict[str, object], admin: User, tenant: Tenant, client_for: SignIn
) -> None:
    ConnectionFactory(tenant=tenant, **values)
    assert "ending-title" not in _text(client_for(admin).get("/"))


def test_one_banner_at_a_time(admin: User, tenant: Tenant, client_for: SignIn) -> None:
    ends_at = timezone.now() + timedelta(days=2)
    ConnectionFactory(tenant=tenant, broken=True, refresh_token_expires_at=ends_at)
    page = _text(client_for(admin).get("/"))
    assert "needs attention" in page
    assert "ending-title" not in page
