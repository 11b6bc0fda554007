"""OAuth entity, tokens and integration user: each probe, good and bad."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector.servicenow import oauth
from tests.connector.asking import USER, Case, World, ask, check
from tests.factories import UserFactory

if TYPE_CHECKING:
    from connector.models import Tenant

pytestmark = pytest.mark.django_db

REDIRECT = "http://testserver/oauth/complete/servicenow/"
GRANT = "glide.oauth.inbound.client.credential.grant_type.enabled"
RESTRICTION = "glide.authenticate.basic_auth.restriction"
PASSWORD = "password-of-the-integration-user"
UNAUTHORIZED: dict[str, Any] = {
    "status": "draft",
    "access_token": "",
    "access_token_expires_at": None,
    "refresh_token": "",
    "refresh_token_expires_at": None,
    "authorized_at": None,
}


def nothing(_world: World) -> None:
    pass


def readable(world: World) -> None:
    world.see_all()


def never_authorized(world: World) -> None:
    world.portal(**UNAUTHORIZED)


def with_client(world: World) -> None:
    world.portal(auth_type="client_credentials", refresh_token="")
    world.setting(GRANT, "true")


def with_password(world: World) -> None:
    values = {"access_token": "", "refresh_token": "", "client_id": ""}
    world.portal(auth_type="basic", password=PASSWORD, **values)
    world.setting(f"{RESTRICTION}.active", "false")


def dead_tokens(world: World) -> None:
    for token in (world.connection.access_token, world.connection.refresh_token):
        client = oauth.OAuthClient(
            world.instance.url, "", "", private_ok=True, timeout=(1, 2)
        )
        oauth.revoke(client, token)


def dead_refresh_token(world: World) -> None:
    client = oauth.OAuthClient(world.instance.url, "", "", private_ok=True)
    oauth.revoke(client, world.connection.refresh_token)


def both(*makes: Any) -> Any:
    def make(world: World) -> None:
        for one in makes:
            one(world)

    return make


def ends_in(days: int) -> Any:
    at = timezone.now() + timedelta(days=days, hours=1)
    return lambda w: w.portal(refresh_token_expires_at=at)


ENTITY = [
    Case("token", "accepted", nothing, "ok", ("Yes",)),
    Case("token", "revoked", dead_tokens, "failed", ("Authorize", "access_denied")),
    Case("token", "never", never_authorized, "failed", ("Nobody has", "Authorize")),
    Case(
        "token",
        "no scope for the API",
        lambda w: w.fault("missing_scope"),
        "failed",
        ("Auth Scopes", "useraccount", "api access scope"),
    ),
    Case(
        "token",
        "the integration user is locked",
        lambda w: w.user(locked_out="true"),
        "failed",
        ("Authorize",),
    ),
    Case("entity", "known to the token endpoint", nothing, "ok", ("accepts",)),
    Case("entity", "readable", readable, "ok", ("Connector", "active")),
    Case(
        "entity",
        "switched off, and that shows",
        both(readable, lambda w: w.entity(active="false")),
        "failed",
        ("not active", "System OAuth > Application Registry"),
    ),
    Case(
        "entity",
        "hidden, before the authorization",
        never_authorized,
        "unknown",
        ("usual", "System OAuth > Application Registry", "Client ID: client-of"),
    ),
    Case(
        "entity",
        "another client ID",
        both(never_authorized, lambda w: w.portal(client_id="another-one")),
        "failed",
        ("no entity", "Client ID: another-one", "set-up page", "Invalid client_id"),
    ),
    Case("entity", "a client that is given tokens", with_client, "ok", ("accepts",)),
    Case(
        "entity",
        "a client that is refused",
        both(with_client, lambda w: w.portal(client_secret="wrong")),
        "failed",
        ("no token", "Client Secret", "access_denied"),
    ),
    Case("entity", "Basic", with_password, "ok", ("Not needed",)),
    Case(
        "redirect",
        "the authorization came back",
        lambda w: w.portal(authorized_at=timezone.now()),
        "ok",
        (REDIRECT,),
    ),
    Case("redirect", "readable", readable, "ok", (REDIRECT,)),
    Case(
        "redirect",
        "another one",
        both(readable, lambda w: w.entity(redirect_url="https://old.example.com/")),
        "failed",
        ("https://old.example.com/", f"Redirect URL: {REDIRECT}", "Update"),
    ),
    Case(
        "redirect",
        "hidden, before the authorization",
        never_authorized,
        "unknown",
        ("silently", f"Redirect URL: {REDIRECT}"),
    ),
    Case("redirect", "nobody signs in", with_client, "ok", ("Not needed",)),
    Case("grants", "it is renewed", nothing, "ok", ("refresh token",)),
    Case(
        "grants",
        "a public client",
        both(readable, lambda w: w.entity(public_client="true")),
        "warning",
        ("Public Client", "Client Secret"),
    ),
    Case(
        "grants",
        "nothing is renewed",
        dead_refresh_token,
        "failed",
        ("renews nothing", "snc_read_only", "access_denied"),
    ),
    Case("grants", "never authorized", never_authorized, "unknown", ("first",)),
    Case("grants", "client credentials", with_client, "ok", ("client credentials",)),
    Case(
        "grants",
        "client credentials are switched off, and that shows",
        both(with_client, readable, lambda w: w.setting(GRANT, "false")),
        "failed",
        ("switched off", f"System property: {GRANT}", "true"),
    ),
    Case(
        "grants",
        "client credentials are refused",
        both(with_client, lambda w: w.entity(user="")),
        "failed",
        ("OAuth Application User", USER, GRANT),
    ),
    Case("grants", "Basic", with_password, "ok", ("Not needed",)),
    Case("cross_scope", "open", nothing, "ok", ("Yes",)),
    Case(
        "cross_scope",
        "the words of the refusal",
        lambda w: w.fault("cross_scope", table="oauth_entity"),
        "failed",
        (
            "has been refused due to the table's cross-scope access policy",
            "Label: Application Registeries",
            "Name: oauth_entity",
            "Accessible from: All application scopes",
            "Can read: selected",
        ),
    ),
    Case(
        "cross_scope",
        "the words came with the last error",
        lambda w: w.portal(
            last_error_words="Read operation against 'oauth_entity' from scope "
            "'x_mioms_m365ticket' has been refused"
        ),
        "failed",
        ("Application Registeries",),
    ),
    Case(
        "cross_scope",
        "not read by other scopes",
        lambda w: w.instance.store.execute(
            "UPDATE sys_db_object SET read_access = 'false' WHERE name = 'oauth_entity'"
        ),
        "warning",
        ("can read: false", "Can read: selected"),
    ),
    Case(
        "cross_scope",
        "hidden",
        lambda w: w.roles("sn_incident_read"),
        "unknown",
        ("step 1",),
    ),
    Case("lifetime", "long", ends_in(80), "ok", ("80 days",)),
    Case("lifetime", "soon over", ends_in(7), "warning", ("7 days", "Authorize")),
    Case(
        "lifetime",
        "no refresh token",
        lambda w: w.portal(refresh_token="", refresh_token_expires_at=None),
        "warning",
        ("confidential client", "Authorize"),
    ),
    Case(
        "lifetime",
        "the entity gives short authorizations",
        both(readable, lambda w: w.entity(refresh_token_lifespan="432000")),
        "warning",
        ("5 days", "8640000"),
    ),
    Case(
        "lifetime",
        "the entity gives short tokens",
        both(readable, lambda w: w.entity(access_token_lifespan="60")),
        "warning",
        ("60 seconds", "1800"),
    ),
    Case("lifetime", "client credentials", with_client, "ok", ("Without an end",)),
    Case("lifetime", "Basic", with_password, "warning", ("as you can",)),
    Case("basic", "OAuth", nothing, "ok", ("does not concern",)),
    Case("basic", "let in", with_password, "warning", ("set-up page",)),
    Case(
        "basic",
        "restricted",
        both(with_password, lambda w: w.setting(f"{RESTRICTION}.active", "true")),
        "failed",
        (f"{RESTRICTION}.active", "Role: snc_basic_auth_api_access", USER),
    ),
    Case(
        "basic",
        "a wrong password",
        both(with_password, lambda w: w.portal(password="another password")),
        "failed",
        ("wrong password", "User Administration > Users"),
    ),
]

PEOPLE = [
    Case("owner", "the integration user", nothing, "ok", (USER,)),
    Case(
        "owner",
        "somebody else",
        lambda w: w.portal(integration_user="other.user"),
        "warning",
        ("Authorize", "Not You", "Allow", "other.user"),
    ),
    Case(
        "owner",
        "the user of the entity is somebody else",
        both(with_client, lambda w: w.portal(integration_user="other.user")),
        "warning",
        ("OAuth Application User", "other.user"),
    ),
    Case(
        "owner",
        "not told",
        lambda w: w.fault("insufficient_rights", table="sys_user"),
        "unknown",
        (USER, "Not You"),
    ),
    Case("user", "active", nothing, "ok", (USER,)),
    Case(
        "user",
        "not there",
        lambda w: w.portal(integration_user="nobody.here"),
        "failed",
        ("User Administration > Users", "User ID: nobody.here", "step 2"),
    ),
    Case(
        "user",
        "another one, inactive",
        both(
            lambda w: w.portal(integration_user="adele.vance"),
            lambda w: w.instance.store.execute(
                "UPDATE sys_user SET active = 'false' WHERE user_name = 'adele.vance'"
            ),
        ),
        "failed",
        ("not active", "Set Active"),
    ),
    Case(
        "user",
        "another one, locked out",
        both(
            lambda w: w.portal(integration_user="adele.vance"),
            lambda w: w.instance.store.execute(
                "UPDATE sys_user SET locked_out = 'true' WHERE user_name = 'adele.vance'"
            ),
        ),
        "failed",
        ("Clear Locked out",),
    ),
    Case(
        "user",
        "another one, who must reset the password",
        both(
            lambda w: w.portal(integration_user="adele.vance"),
            lambda w: w.instance.store.execute(
                "UPDATE sys_user SET password_needs_reset = 'true' "
                "WHERE user_name = 'adele.vance'"
            ),
        ),
        "failed",
        ("Password needs reset",),
    ),
    Case(
        "user",
        "not shown",
        lambda w: w.fault("insufficient_rights", table="sys_user"),
        "unknown",
        (f"User ID: {USER}",),
    ),
    Case("person", "an account of its own", nothing, "ok", (USER,)),
    Case(
        "person",
        "an administrator",
        lambda w: w.see_all(),
        "warning",
        ("powerful (admin)", "select New", "Not You"),
    ),
    Case(
        "person",
        "somebody with a manager",
        lambda w: w.user(manager="a" * 32),
        "warning",
        ("own account", "select New"),
    ),
    Case(
        "person",
        "a service account with a manager",
        lambda w: w.user(manager="a" * 32, web_service_access_only="true"),
        "ok",
    ),
    Case(
        "person",
        "not told",
        lambda w: w.fault("insufficient_rights", table="sys_user"),
        "unknown",
        ("no person",),
    ),
    Case("roles", "itil", nothing, "ok", ("itil",)),
    Case(
        "roles",
        "the four",
        lambda w: w.roles("sn_change_write", "sn_incident_read", "sn_incident_write"),
        "ok",
        ("sn_change_write",),
    ),
    Case(
        "roles",
        "read only for incidents",
        lambda w: w.roles("sn_change_write", "sn_incident_read"),
        "failed",
        ("sn_incident_write is missing", "Role: itil", "Roles > Edit"),
    ),
    Case(
        "roles",
        "snc_read_only",
        # Once it has this role it is given no token any more.
        lambda w: w.roles("itil", "snc_read_only"),
        "failed",
        ("takes away", "Role: snc_read_only"),
    ),
    Case(
        "roles",
        "not shown",
        lambda w: w.fault("acl", table="sys_user_has_role"),
        "unknown",
        ("itil", "test ticket"),
    ),
    Case(
        "roles",
        "others that give the same rights",
        both(
            lambda w: w.roles("sn_change_write"),
            lambda w: w.portal(
                probes=[
                    {"id": f"{kind}_test", "verdict": "ok", "code": "taken", "at": "x"}
                    for kind in ("change_request", "incident")
                ]
            ),
        ),
        "warning",
        ("other roles", "Nothing has to be done"),
    ),
]


@pytest.mark.parametrize("case", [*ENTITY, *PEOPLE], ids=str)
def test_the_right_to_speak_to_the_instance(case: Case, world: World) -> None:
    check(case, world)


def test_an_account_of_somebody_who_signs_in_here_is_a_persons(
    world: World, tenant: Tenant
) -> None:
    person = UserFactory(email="alex@example.com", tenant=tenant)
    world.user(email="Alex@example.com")
    world.portal(authorized_by=person, integration_user="other.user")
    assert ask(world.connection, "person")["person"].code == "somebodys"


def test_a_wrong_password_is_tried_once_in_a_whole_check(world: World) -> None:
    with_password(world)
    world.portal(password="another password")
    ask(world.connection)
    # A stranger's greeting, and one attempt with the password.
    assert world.instance.app.api.requests["table"] == 2


def test_a_refused_renewal_leaves_a_good_token_alone(world: World) -> None:
    dead_refresh_token(world)
    held = world.connection.access_token
    findings = ask(world.connection)
    world.connection.refresh_from_db()
    assert findings["grants"].verdict == "failed"
    assert findings["token"].verdict == "ok"
    assert (world.connection.status, world.connection.access_token) == (
        "connected",
        held,
    )
