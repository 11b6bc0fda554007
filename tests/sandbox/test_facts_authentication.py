"""Who may ask: facts 1.1, 1.2 and 2.9 about passwords, keys, cookies and refusals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.facts import ABSENT, Fact
from tests.sandbox.wire import INTEGRATION_WORD

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

USER = "m365.integration"
RIGHT = (USER, INTEGRATION_WORD)
ASK = "GET table/incident?sysparm_limit=1"
BASIC = "glide.authenticate.basic_auth"
OPEN = {f"{BASIC}.restriction.active": "false"}
REFUSED: dict[str, Any] = {
    "status": 401,
    "body": {
        "error/message": "User is not authenticated",
        "error/detail": "Required to provide Auth information",
        "status": "failure",
    },
}
MFA = {"user": {USER: {"enable_multifactor_authn": "true"}}, "property": OPEN}


def basic(id: str, source: str, **more: Any) -> Fact:
    return Fact(id, source, ASK, who="", **{"auth": RIGHT} | more)


# fmt: off
FACTS = [
    Fact("no_credentials", "[M]", ASK, who="", **REFUSED),
    Fact(
        "a_refusal_asks_for_basic", "(unverified)", ASK, 401, headers={"WWW-Authenticate": re.compile("^BASIC")},
        who=""
    ),
    Fact("unknown_token", "[K:KB0720547]", ASK, who="", sent={"Authorization": "Bearer nothing"}, **REFUSED),
    Fact(
        "refused_is_not_logged_in", "[M]", ASK, 401, who="",
        headers={"X-Is-Logged-In": "false", "X-MFA_TOKEN": ABSENT}
    ),
    basic("basic_is_kept_out", "[M:LH adr-115]", **REFUSED),
    basic("wrong_password", "[M:LH]", auth=(USER, "wrong"), **REFUSED),
    basic("unknown_user", "[M:LH]", auth=("nobody", "wrong"), **REFUSED),
    basic("admin_too", "[M:LH]", auth=("admin", "{admin_word}"), **REFUSED),
    basic("restriction_off", "[D:basic-authentication.md]", given={"property": OPEN}),
    basic("restriction_only_watches", "[M:LH adr-115]", given={"property": {f"{BASIC}.restriction.enforce": "false"}}),
    basic(
        "watching_ends_at_a_date", "[M:LH adr-115]",
        given={"property": {f"{BASIC}.restriction.enforce": "false", f"{BASIC}.restriction.enforcement_date": "2020-01-01 00:00:00"}},
        **REFUSED
    ),
    basic(
        "watching_goes_on_before_the_date", "[M:LH adr-115]",
        given={"property": {f"{BASIC}.restriction.enforce": "false", f"{BASIC}.restriction.enforcement_date": "2999-01-01 00:00:00"}}
    ),
    basic("allowed_users", "[M]", given={"property": {f"{BASIC}.allowed_users": f"somebody, {USER}"}}),
    basic("allowed_roles", "[M]", given={"property": {f"{BASIC}.allowed_roles": "itil"}}),
    basic("the_role_of_basic", "[M]", given={"role": {USER: "snc_basic_auth_api_access"}}),
    basic("web_service_users_are_let_in", "[M]", given={"user": {USER: {"web_service_access_only": "true"}}}),
    basic(
        "internal_integration_users_are_let_in", "[M]",
        given={"user": {USER: {"internal_integration_user": "true"}}}
    ),
    basic(
        "unless_a_property_says_no", "[M]",
        given={"user": {USER: {"web_service_access_only": "true"}}, "property": {f"{BASIC}.allow_wsao": "false"}},
        **REFUSED
    ),
    basic(
        "password_needs_reset", "[M]", given={"user": {USER: {"password_needs_reset": "true"}}, "property": OPEN},
        **REFUSED
    ),
    basic(
        "locked_out", "[D:r_OAuthAPIRequestParameters.md]",
        given={"user": {USER: {"locked_out": "true"}}, "property": OPEN}, **REFUSED
    ),
    Fact(
        "a_bearer_is_not_restricted", "[D:basic-authentication.md]", ASK,
        given={"property": {f"{BASIC}.restriction.enforce": "true"}}
    ),
    basic("second_factor_is_missing", "[D:c_RESTAPI.md]", given=MFA, headers={"X-MFA_TOKEN": "invalid"}, **REFUSED),
    basic(
        "second_factor_behind_a_wrong_password", "[D:c_RESTAPI.md]", auth=(USER, "wrong"), given=MFA,
        headers={"X-MFA_TOKEN": ABSENT}, **REFUSED
    ),
    basic(
        "second_factor_at_the_end_of_the_password", "[D:c_MFAforREST]", auth=(USER, f"{INTEGRATION_WORD}123456"),
        given=MFA
    ),
    basic(
        "a_code_nobody_asked_for", "(unverified)", auth=(USER, f"{INTEGRATION_WORD}123456"),
        given={"property": OPEN}, **REFUSED
    ),
    Fact("key", "[D:configure-api-key.md]", ASK, who="", sent={"x-sn-apikey": "{key}"}),
    Fact("wrong_key", "[D:configure-api-key.md]", ASK, who="", sent={"x-sn-apikey": "{key}x"}, **REFUSED),
    Fact("a_key_has_case", "(unverified)", ASK, who="", sent={"x-sn-apikey": "KEY-OF-THE-TESTS"}, **REFUSED),
    Fact(
        "key_of_nobody_any_more", "(unverified)", ASK, who="", sent={"x-sn-apikey": "{key}"},
        given={"key": {"active": "false"}}, **REFUSED
    ),
    Fact(
        "key_past_its_time", "(unverified)", ASK, who="", sent={"x-sn-apikey": "{key}"},
        given={"key": {"expires": "2020-01-01 00:00:00"}}, **REFUSED
    ),
    Fact(
        "expired_token", "[K:KB0720547]", ASK, who="", sent={"Authorization": "Bearer {token}"},
        given={"token": "integration", "later": 1801}, **REFUSED
    ),
    Fact(
        "revoked_token", "[D:t_RevokeOAuthToken.md]", ASK, who="", sent={"Authorization": "Bearer {token}"},
        given={"token": "integration", "revoked": "token"}, **REFUSED
    ),
    Fact(
        "token_of_a_locked_user", "[D:r_OAuthAPIRequestParameters.md]", ASK, who="",
        sent={"Authorization": "Bearer {token}"},
        given={"token": "lee", "user": {"lee.gu": {"locked_out": "true"}}}, **REFUSED
    ),
    Fact(
        "cookie_without_the_token_of_the_form", "[D:c_RESTAPI.md]", ASK, who="",
        sent={"Cookie": "JSESSIONID={session}"}, given={"session": "integration"},
        headers={"X-UserToken-Response": "{form_token}", "X-Is-Logged-In": "true"}, **REFUSED
    ),
    Fact(
        "cookie_with_it", "[D:c_RESTAPI.md]", ASK, who="",
        sent={"Cookie": "JSESSIONID={session}", "X-UserToken": "{form_token}"}, given={"session": "integration"}
    ),
    Fact(
        "cookie_of_no_session", "[D:c_RESTAPI.md]", ASK, who="",
        sent={"Cookie": "JSESSIONID=0123456789ABCDEF0123456789ABCDEF"},
        headers={"X-UserToken-Response": ABSENT, "X-Is-Logged-In": "false"}, **REFUSED
    ),
    Fact(
        "cookie_ends_with_its_token", "[D:sc-invalidate-session-after-oauth-token-expiration.md]", ASK, who="",
        sent={"Cookie": "JSESSIONID={session}", "X-UserToken": "{form_token}"},
        given={"session": "integration", "later": 1801}, **REFUSED
    ),
    Fact(
        "unless_a_property_lets_it_live_on", "[D:sc-invalidate-session-after-oauth-token-expiration.md]", ASK,
        who="", sent={"Cookie": "JSESSIONID={session}", "X-UserToken": "{form_token}"},
        given={"property": {"glide.authenticate.oauth.post.token.expiration.cookie_auth.disabled": "false"}, "session": "integration", "later": 1801}
    ),
    Fact(
        "a_password_shows_as_stars", "[P test_attrs]", "GET table/sys_user/{admin_id}?sysparm_display_value=all",
        body={"result/user_password/display_value": "********"}, who="admin"
    ),
    Fact(
        "a_password_does_not_show_to_others", "(unverified)", "GET table/sys_user/{admin_id}",
        body={"result/user_password": ABSENT}
    ),
    Fact(
        "a_password_written_as_a_field_is_kept_as_it_came", "[M:LH]", "PATCH table/sys_user/{lee_id}",
        json={"user_password": "plain"}, body={"result/user_password": "plain"},
        given={"user": {"lee.gu": {"user_password": "before"}}}, who="admin"
    ),
    basic(
        "and_never_works", "[M:LH]", auth=("lee.gu", "plain"),
        given={"user": {"lee.gu": {"user_password": "plain"}}, "property": OPEN}, **REFUSED
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_an_instance_lets_in_and_keeps_out(world: World, fact: Fact) -> None:
    world.check(fact)


SESSION = r"[0-9A-F]{32}"
HEADERS = {
    "Content-Type": ("[M]", re.compile("^application/json;charset=UTF-8$")),
    "X-Content-Type-Options": ("[M]", "nosniff"),
    "Pragma": ("[M]", "no-store,no-cache"),
    "Cache-Control": ("[M]", "no-cache,no-store,must-revalidate,max-age=-1"),
    "Expires": ("[M]", "0"),
    "Server": ("[M]", "ServiceNow"),
    "Server-Timing": ("[M]", "sem_wait;dur=0, sesh_wait;dur=0"),
    "Keep-Alive": ("[M]", "timeout=70"),
    "X-Is-Logged-In": ("[M]", "true"),
    "X-Transaction-ID": ("[M]", re.compile("^[0-9a-f]{12}$")),
    "X-RateLimit-Limit": ("[M:LH] no rule by default", ABSENT),
    "Strict-Transport-Security": ("[M]", "max-age=63072000; includeSubDomains"),
    "ETag": ("(unverified) no conditional requests", ABSENT),
    "Set-Cookie": ("[M]", re.compile(rf"JSESSIONID={SESSION}; Path=/; HttpOnly")),
}
COOKIES = {
    "glide_user": "Max-Age=0",
    "glide_user_session": "Max-Age=0",
    "glide_user_route": r"glide\.[0-9a-f]{32}; Max-Age=2147483647",
    "glide_node_id_for_js": "[0-9a-f]{64}",
    "glide_session_store": f"{SESSION}; Max-Age=1800",
    "BIGipServerpool_sandbox": ".",
}


@pytest.mark.parametrize("name", HEADERS)
def test_an_answer_carries_the_headers_of_an_instance(world: World, name: str) -> None:
    source, wanted = HEADERS[name]
    world.check(Fact(name, source, ASK, headers={name: wanted}))


@pytest.mark.parametrize("name", COOKIES)
def test_an_answer_sets_the_cookies_of_an_instance(world: World, name: str) -> None:
    wanted = re.compile(f"{name}=[^,]*{COOKIES[name]}")
    world.check(Fact(name, "[M]", ASK, headers={"Set-Cookie": wanted}))
