"""Tokens and codes: facts 1.3."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.sandbox.facts import ABSENT, Fact
from tests.sandbox.wire import CLIENT, INTEGRATION_WORD, REDIRECT

if TYPE_CHECKING:
    from typing import Any

    from tests.sandbox.world import World

TOKEN = "POST /oauth_token.do"
CLIENT_PAIR = (CLIENT["client_id"], CLIENT["client_secret"])
PASSWORD = {
    "grant_type": "password",
    "username": "m365.integration",
    "password": INTEGRATION_WORD,
}
DENIED: dict[str, Any] = {
    "status": 401,
    "body": {"error_description": "access_denied", "error": "server_error", "#": 2},
}
GRANTED: dict[str, Any] = {
    "body": {
        "access_token": re.compile("^[A-Za-z0-9_-]{70,86}$"),
        "refresh_token": re.compile("^[A-Za-z0-9_-]{70,86}$"),
        "token_type": "Bearer",
        "scope": "useraccount",
        "expires_in": int,
    }
}
WITHOUT_REFRESH: dict[str, Any] = {
    "body": {"access_token": str, "refresh_token": ABSENT, "expires_in": int}
}
VERIFIER = "v" * 64
DIGEST = hashlib.sha256(VERIFIER.encode()).digest()
CHALLENGE = base64.urlsafe_b64encode(DIGEST).decode().rstrip("=")
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
CODE = {
    "grant_type": "authorization_code",
    "code": "{code}",
    "redirect_uri": REDIRECT,
    **CLIENT,
}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "{refresh}", **CLIENT}
CREDENTIALS = {"grant_type": "client_credentials", **CLIENT}
CC_ON = {
    "property": {"glide.oauth.inbound.client.credential.grant_type.enabled": "true"}
}
BODY_ONLY = "glide.oauth.allow.parameters.in.post.body.only"
EXEMPT = "glide.security.snc_read_only_role.tables.exempt_create"
READ_ONLY = {"role": {"m365.integration": "snc_read_only"}}


def token(id: str, source: str, form: dict[str, str], **more: Any) -> Fact:
    return Fact(id, source, TOKEN, who="", form=form, **more)


# fmt: off
FACTS = [
    token("password", "[D:r_RESTOAuthExample.md]", {**PASSWORD, **CLIENT}, **GRANTED),
    token("client_in_basic", "[T] PySNC", PASSWORD, auth=CLIENT_PAIR, **GRANTED),
    token("wrong_secret", "[C:demisto]", {**PASSWORD, **CLIENT, "client_secret": "x"}, **DENIED),
    token("wrong_secret_in_basic", "[C:demisto]", PASSWORD, auth=("x", "y"), **DENIED),
    token("no_client", "[K:KB0783404]", PASSWORD, **DENIED),
    token("wrong_password", "[A]", {**PASSWORD, **CLIENT, "password": "x"}, **DENIED),
    token("unknown_user", "[A]", {**PASSWORD, **CLIENT, "username": "x"}, **DENIED),
    token("unknown_grant", "[K:KB0783404]", {**PASSWORD, **CLIENT, "grant_type": "x"}, **DENIED),
    token("nothing_sent", "[K:KB0783404]", {}, **DENIED),
    Fact("json", "[D:r_OAuthAPIRequestParameters.md]", TOKEN, who="", json={**PASSWORD, **CLIENT}, **DENIED),
    Fact("a_get", "(unverified)", f"GET /oauth_token.do?{urlencode({**PASSWORD, **CLIENT})}", who="", **DENIED),
    Fact(
        "in_the_address", "[D:OAuth-token-processor-parm.md]", f"{TOKEN}?{urlencode({**PASSWORD, **CLIENT})}",
        who="", form={"x": "y"}, **DENIED
    ),
    Fact(
        "in_the_address_on_an_upgraded_instance", "[D:OAuth-token-processor-parm.md]",
        f"{TOKEN}?{urlencode({**PASSWORD, **CLIENT})}", who="", form={"x": "y"},
        given={"property": {BODY_ONLY: "false"}}, **GRANTED
    ),
    token(
        "oauth_switched_off", "[D:t_SetTheOAuthProperty.md]", {**PASSWORD, **CLIENT},
        given={"property": {"com.snc.platform.security.oauth.is.active": "false"}}, **DENIED
    ),
    token(
        "passwords_switched_off", "[D:sc-disable-resource-owner-password-credentials]", {**PASSWORD, **CLIENT},
        given={"property": {"glide.oauth.inbound.ropc.grant_type.disabled": "true"}}, **DENIED
    ),
    token(
        "application_switched_off", "(unverified)", {**PASSWORD, **CLIENT}, given={"entity": {"active": "false"}},
        **DENIED
    ),
    token(
        "user_locked_out", "[D:r_OAuthAPIRequestParameters.md]", {**PASSWORD, **CLIENT},
        given={"user": {"m365.integration": {"locked_out": "true"}}}, **DENIED
    ),
    token(
        "user_inactive", "[D:r_OAuthAPIRequestParameters.md]", {**PASSWORD, **CLIENT},
        given={"user": {"m365.integration": {"active": "false"}}}, **DENIED
    ),
    token(
        "user_must_change_the_password", "[K:KB0725643]", {**PASSWORD, **CLIENT},
        given={"user": {"m365.integration": {"password_needs_reset": "true"}}}, **DENIED
    ),
    token(
        "user_needs_a_second_factor", "[K:KB0725643]", {**PASSWORD, **CLIENT},
        given={"user": {"m365.integration": {"enable_multifactor_authn": "true"}}}, **DENIED
    ),
    token("user_may_only_read", "[K:KB0783404]", {**PASSWORD, **CLIENT}, given=READ_ONLY, **DENIED),
    token(
        "unless_the_table_of_tokens_is_exempt", "[K:KB0783404]", {**PASSWORD, **CLIENT},
        given={**READ_ONLY, "property": {EXEMPT: "sys_user,oauth_credential"}}, **GRANTED
    ),
    token("code", "[D:authorization-workflow.md]", CODE, given={"code": {}}, **GRANTED),
    token("code_twice", "[K:KB0725643]", CODE, given={"code": {}, "used": CODE | {"code": "{code}"}}, **DENIED),
    token("code_after_a_minute", "[K:KB0725643]", CODE, given={"code": {}, "later": 61}, **DENIED),
    token("code_within_the_minute", "[K:KB0725643]", CODE, given={"code": {}, "later": 55}, **GRANTED),
    token(
        "code_with_a_longer_life", "[K:KB0725643]", CODE,
        given={"entity": {"auth_code_lifespan": "120"}, "code": {}, "later": 61}, **GRANTED
    ),
    token("code_made_up", "[K:KB0783404]", CODE | {"code": "x"}, **DENIED),
    token(
        "code_for_another_address", "[D:r_OAuthAPIRequestParameters.md]",
        CODE | {"redirect_uri": "http://elsewhere.example/"}, given={"code": {}}, **DENIED
    ),
    token(
        "code_with_its_verifier", "[D:authorization-workflow.md]", CODE | {"code_verifier": VERIFIER},
        given={"code": PKCE}, **GRANTED
    ),
    token(
        "code_with_another_verifier", "[D:authorization-workflow.md]", CODE | {"code_verifier": "w" * 64},
        given={"code": PKCE}, **DENIED
    ),
    token("code_without_its_verifier", "[D:authorization-workflow.md]", CODE, given={"code": PKCE}, **DENIED),
    token(
        "public_client", "[D:authorization-workflow.md]", CODE | {"client_secret": "", "code_verifier": VERIFIER},
        given={"entity": {"public_client": "true"}, "code": PKCE}, **WITHOUT_REFRESH
    ),
    token(
        "public_client_without_pkce", "[D:authorization-workflow.md]", CODE,
        given={"entity": {"public_client": "true"}, "code": {}}, **DENIED
    ),
    token(
        "refresh_gives_the_same_tokens_while_they_live", "[D:r_OAuthAPIRequestParameters.md]", REFRESH,
        given={"token": "integration", "later": 600},
        body={"access_token": "{token}", "refresh_token": "{refresh}", "expires_in": int}
    ),
    token(
        "password_gives_the_same_tokens_while_they_live", "[D:r_OAuthAPIRequestParameters.md]",
        {**PASSWORD, **CLIENT}, given={"token": "integration"},
        body={"access_token": "{token}", "refresh_token": "{refresh}"}
    ),
    token(
        "refresh_after_the_end_of_the_token", "[D:r_OAuthAPIRequestParameters.md]", REFRESH,
        given={"token": "integration", "later": 1801}, body={"access_token": str, "refresh_token": "{refresh}"}
    ),
    token(
        "refresh_after_a_hundred_days", "[D:t_CreateEndpointforExternalClients.md]", REFRESH,
        given={"token": "integration", "later": 8_640_001}, **DENIED
    ),
    token(
        "refresh_revoked", "[D:t_RevokeOAuthToken.md]", REFRESH,
        given={"token": "integration", "revoked": "refresh"}, **DENIED
    ),
    token("refresh_made_up", "[C:mattermost-plugin-servicenow]", REFRESH | {"refresh_token": "x"}, **DENIED),
    token(
        "refresh_needs_the_secret", "[D:r_OAuthAPIRequestParameters.md]", REFRESH | {"client_secret": ""},
        given={"token": "integration"}, **DENIED
    ),
    token("client_credentials_switched_off", "[D:create-cc-sys-prop.md]", CREDENTIALS, **DENIED),
    token("client_credentials", "[K:KB1645212]", CREDENTIALS, given=CC_ON, **WITHOUT_REFRESH),
    token(
        "client_credentials_without_a_user", "[D:add-oauth-application-user.md]", CREDENTIALS,
        given={**CC_ON, "entity": {"user": ""}}, **DENIED
    ),
    token(
        "client_credentials_of_a_service_account", "[D:third-party-token-workflow-for-service-accounts.md]",
        CREDENTIALS, given={**CC_ON, "user": {"m365.integration": {"web_service_access_only": "true"}}},
        **WITHOUT_REFRESH
    ),
    Fact(
        "revoke_needs_no_authentication", "[D:t_RevokeOAuthToken.md]", "GET /oauth_revoke_token.do?token={token}",
        given={"token": "lee"}, who=""
    ),
    Fact(
        "revoke_by_its_other_name", "[C:michaeldcanady/servicenow-sdk-go] (unverified)",
        "GET /oauth_revoke.do?token={token}", given={"token": "lee"}, who=""
    ),
    Fact("revoke_what_is_none", "(unverified)", "GET /oauth_revoke_token.do?token=x", who=""),
    Fact(
        "asleep", "[M:LH]", TOKEN, who="", form={**PASSWORD, **CLIENT},
        given={"fault": {"kind": "hibernating", "path": "oauth"}},
        body={"": re.compile("Your instance is hibernating")}
    ),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_token_endpoint_gives_and_denies(world: World, fact: Fact) -> None:
    world.check(fact)


def page(id: str, source: str, words: str, **changed: str) -> Fact:
    given = {
        "response_type": "code",
        "client_id": CLIENT["client_id"],
        "redirect_uri": REDIRECT,
        "state": "abc123",
        **changed,
    }
    ask = f"GET /oauth_auth.do?{urlencode({k: v for k, v in given.items() if v})}"
    return Fact(id, source, ask, 400, {"": re.compile(words)}, who="")


# fmt: off
PAGES = [
    page("no_state", "[D:oauth-auth-code-flow-state-parm.md]", r"Missing State parameter in request\.", state=""),
    page("blank_state", "[D:oauth-auth-code-flow-state-parm.md]", r"Missing State parameter in request\.", state=" "),
    page("unknown_client", "(unverified)", "Invalid client_id", client_id="unknown"),
    page("another_response_type", "(unverified)", "Invalid response_type", response_type="token"),
    page(
        "plain_challenge", "[D:authorization-workflow.md]", "Invalid code_challenge_method", code_challenge="x",
        code_challenge_method="plain"
    ),
    Fact(
        "no_state_on_an_upgraded_instance", "[D:oauth-auth-code-flow-state-parm.md]",
        f"GET /oauth_auth.do?response_type=code&client_id={CLIENT['client_id']}", 302, who="",
        given={"property": {"glide.oauth.state.parameter.required": "false"}}
    ),
    Fact(
        "first_the_page_to_sign_in", "[K:KB0725643]",
        f"GET /oauth_auth.do?response_type=code&client_id={CLIENT['client_id']}&state=a", 302, who="",
        headers={"Location": re.compile("^/oauth_login.do")}
    ),
    Fact("the_page_to_sign_in", "[K:KB0725643]", "GET /oauth_login.do", who="", body={"": re.compile("Log in")}),
]
# fmt: on


@pytest.mark.parametrize("fact", PAGES, ids=str)
def test_the_authorization_endpoint_answers_with_pages(
    world: World, fact: Fact
) -> None:
    world.check(fact)


def test_a_code_is_long_and_safe_in_an_address(world: World) -> None:
    world.given_code({})
    assert re.fullmatch("[A-Za-z0-9_-]{86}", world.names["code"]), "[K:KB0725643]"
    assert world.names["state"] == "abc123"
