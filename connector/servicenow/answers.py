"""What an instance's answer means: a result, or one of the four kinds of error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from connector.redaction import looks_like_html

if TYPE_CHECKING:
    from connector.http import Answer

# Reasons behind a 403, by the words that give them away; the first that fits.
_REFUSALS = (
    ("aborted by business rule", "business_rule"),
    ("data policy", "data_policy"),
    ("cross-scope access policy", "cross_scope"),
    ("missing required api access scope", "scope"),
    ("access restricted", "ip_restricted"),
    ("api level acl", "api_acl"),
    ("insufficient rights to query", "query_acl"),
    ("do not have permission to be read", "query_acl"),
    ("acl exception", "acl"),
    ("security constraints", "acl"),
    ("user not authorized", "acl"),
)
# These concern whatever is asked, and are decided before anything is carried out.
_SHUT_OUT = frozenset({"scope", "ip_restricted", "api_acl"})
_PAGES = (
    (re.compile(r"hibernat|wu=true|developer\.servicenow\.com", re.I), "hibernating"),
    (re.compile(r"maintenance|upgrad(e|ing) in progress", re.I), "maintenance"),
    (re.compile(r"password|log ?in|sign ?in|saml|sso\b", re.I), "sign_in_page"),
)
_MESSAGE = re.compile(r'"message"\s*:\s*"([^"]+)"')
# What these statuses mean, beside those with a rule of their own.
_BY_STATUS: dict[int, tuple[type[ConnectorError], str]] = {
    405: (Misconfigured, "not_supported"),
    406: (Misconfigured, "not_supported"),
    413: (Refused, "payload_too_large"),
    414: (Refused, "address_too_long"),
    415: (Misconfigured, "not_supported"),
}


def result_of(answer: Answer) -> Any:
    """Return what is under "result" in the answer, or raise what it means instead."""
    if answer.status not in {200, 201}:
        raise error_of(answer)
    body = answer.json()
    if _breaks_off(answer):
        # The status had been sent when the instance ran out of time.
        raise _unavailable("incomplete_answer", answer, _last_words(answer))
    if not isinstance(body, dict) or "result" not in body:
        raise _page(answer)
    return body["result"]


def error_of(answer: Answer) -> ConnectorError:
    """Return the error an answer without a result stands for."""
    status = answer.status
    if status in _RULES:
        return _RULES[status](answer)
    if status in _BY_STATUS:
        kind, code = _BY_STATUS[status]
        return kind(code, answer.evidence(words_of(answer)))
    if status >= 500:
        return _server_error(answer)
    return _page(answer)


def unexpected(answer: Answer) -> Unavailable:
    """Return the error of an answer that is a result, but of another shape."""
    return _unavailable("unexpected_answer", answer)


def _breaks_off(answer: Answer) -> bool:
    body = answer.json()
    if body is None:
        return answer.text.lstrip().startswith("{")
    return isinstance(body, dict) and "result" in body and "error" in body


def _last_words(answer: Answer) -> str:
    """Return the message at the end of an answer that may be no JSON any more."""
    found = _MESSAGE.findall(answer.text)
    return found[-1] if found else ""


def words_of(answer: Answer) -> str:
    """Return the instance's own words: message and detail, else "" (the body)."""
    body = answer.json()
    if not isinstance(body, dict):
        return ""
    error = body.get("error")
    if isinstance(error, dict):
        parts = [error.get("message"), error.get("detail")]
    else:
        parts = [error, body.get("error_description")]
    return ": ".join(str(part) for part in parts if part)


def _unauthorized(answer: Answer) -> ConnectorError:
    return Unauthorized("token_rejected", answer.evidence(words_of(answer)))


def _bad_request(answer: Answer) -> ConnectorError:
    words = words_of(answer)
    evidence = answer.evidence(words)
    if "invalid table" in words.lower():
        return Misconfigured("invalid_table", evidence)
    if "does not represent any resource" in words.lower():
        return Misconfigured("invalid_path", evidence)
    return Refused("bad_request", evidence)


def _forbidden(answer: Answer) -> ConnectorError:
    words = words_of(answer)
    text = (words or answer.text).lower()
    code = next((code for sign, code in _REFUSALS if sign in text), "forbidden")
    if code in _SHUT_OUT:
        return Misconfigured(code, answer.evidence(words))
    # A row can be inserted and then be hidden from its author: also answered by 403.
    return Refused(code, answer.evidence(words), _committed(answer))


def _not_found(answer: Answer) -> ConnectorError:
    if looks_like_html(answer.text):
        return Unavailable("unexpected_answer", answer.evidence())
    return Refused("not_found", answer.evidence(words_of(answer)))


def _rate_limited(answer: Answer) -> ConnectorError:
    evidence = answer.evidence(words_of(answer))
    return Unavailable("rate_limited", evidence, retry_after=answer.retry_after)


def _dropped(answer: Answer) -> ConnectorError:
    return _unavailable("dropped", answer)


def _server_error(answer: Answer) -> ConnectorError:
    words = words_of(answer)
    code = {502: "bad_gateway", 503: "maintenance"}.get(answer.status, "server_error")
    if "transaction cancelled" in words.lower():
        code = "transaction_cancelled"
    return _unavailable(code, answer, words)


def _page(answer: Answer) -> ConnectorError:
    """Name the page that came instead of data: asleep, sign-in, maintenance."""
    text = answer.headers.get("Location", "") + answer.text[:20_000]
    redirected = 300 <= answer.status < 400
    is_page = redirected or looks_like_html(answer.text)
    codes = (code for sign, code in _PAGES if is_page and sign.search(text))
    fallback = "sign_in_page" if redirected else "unexpected_answer"
    if _is_cut_short(answer):
        fallback = "incomplete_answer"
    return _unavailable(next(codes, fallback), answer)


def _is_cut_short(answer: Answer) -> bool:
    """Say whether data began, and then something else followed."""
    return answer.text.lstrip().startswith("{") and answer.json() is None


def _unavailable(code: str, answer: Answer, words: str = "") -> Unavailable:
    evidence = answer.evidence(words or words_of(answer))
    return Unavailable(code, evidence, _committed(answer), answer.retry_after)


def _committed(answer: Answer) -> str:
    return "no" if answer.call.is_read else "maybe"


_RULES = {
    202: _dropped,
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    429: _rate_limited,
}
