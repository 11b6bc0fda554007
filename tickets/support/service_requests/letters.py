"""Reading what came in: a mail (RFC 822) or JSON, as words with a sender."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from connector import markup
from tickets.forms import hidden_characters_removed
from tickets.support.service_requests.models import TEXT_LIMIT

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

MAIL, JSON = "message/rfc822", "application/json"
_MOST_ATTACHMENTS = 50
# Strangers write mails, too: a header, or nested HTML, takes the square of its length.
_LONGEST_HEADER = 5000
_LONGEST_HTML = 100_000
# The Python library raises these on mails it cannot make sense of.
_STUMBLES = (
    *(ValueError, LookupError, AttributeError, TypeError, AssertionError),
    *(RecursionError, MessageError),
)
# Where the quoted part begins: what the common mail programs write above it.
_QUOTES = (
    re.compile(
        r"^[ \t]*-{2,}[ \t]*(Original Message|Forwarded message)[ \t]*-{2,}[ \t]*$",
        re.M,
    ),
    re.compile(r"^[ \t]*_{10,}[ \t]*$", re.M),
    re.compile(
        r"^[ \t]*\*?From:\*? [^\n]{1,300}\n(?:[^\n]{0,300}\n)?[ \t]*\*?(Sent|Date|To):",
        re.M,
    ),
    re.compile(r"^[ \t]*On [^\n]{1,200}(?:\n[^\n]{0,200})?\bwrote:[ \t]*$", re.M),
    re.compile(r"^>", re.M),
)
_JSON_TEXTS = ("from", "subject", "text", "html", "message_id", "in_reply_to")


@dataclass(frozen=True)
class Letter:
    """What somebody wrote, and what it can be recognised by."""

    sender: str
    author: str
    subject: str
    text: str
    quoted: str = ""
    message_id: str = ""
    # In-Reply-To and References, as written.
    replies_to: str = ""
    attachments: tuple[str, ...] = ()
    is_automatic: bool = False


class Unreadable(Exception):
    """The message is none; it is kept as it came."""


class _Policy(EmailPolicy):
    """The usual reading of mails, but a header that is too long counts as empty."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(
            name, value if len(value) <= _LONGEST_HEADER else ""
        )


_POLICY = _Policy()


def read(raw: bytes, content_type: str) -> Letter:
    """Return the message; raises `Unreadable`."""
    try:
        is_json = content_type.split(";")[0].strip().lower() == JSON
        return _of_json(raw) if is_json else _of_mail(raw)
    except _STUMBLES as error:
        raise Unreadable(type(error).__name__) from error


def _of_mail(raw: bytes) -> Letter:
    mail: EmailMessage = message_from_bytes(raw, policy=_POLICY)  # type: ignore[arg-type]
    if not mail["From"]:
        message = "a mail without a sender"
        raise ValueError(message)
    text, quoted = parted(_body(mail))
    sender, author = _sender(mail)
    return Letter(
        sender,
        author,
        subject=_line(_header(mail, "Subject"), 500),
        text=text,
        quoted=quoted,
        message_id=_line(_header(mail, "Message-ID"), 500),
        replies_to=f"{_header(mail, 'In-Reply-To')} {_header(mail, 'References')}",
        attachments=tuple(_attachments(mail)),
        is_automatic=_is_automatic(mail),
    )


def _header(mail: EmailMessage, name: str) -> str:
    return _clean(str(mail[name] or ""))


def _sender(mail: EmailMessage) -> tuple[str, str]:
    """Return address and name; no address where there are several to choose from."""
    found: Any = getattr(mail["From"], "addresses", ())
    if len(found) != 1:
        return "", _line(_header(mail, "From"), 200)
    address = _clean(found[0].addr_spec)[:254]
    return address, _line(_clean(found[0].display_name), 200) or address[:200]


def _person(header: str) -> tuple[str, str]:
    name, address = parseaddr(header)
    return address[:254], (_line(name, 200) or address[:200])


def _body(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    text = _content(part)
    return _words_of(text) if part.get_content_subtype() == "html" else text


def _words_of(html: str) -> str:
    return markup.plain(html[:_LONGEST_HTML])


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except LookupError:
        # A character set nobody knows: its ASCII is what is left.
        payload = part.get_payload(decode=True)
        return payload.decode("ascii", "replace") if isinstance(payload, bytes) else ""


def _attachments(mail: EmailMessage) -> list[str]:
    if not mail.is_multipart():
        return []
    parts = list(mail.iter_attachments())[:_MOST_ATTACHMENTS]
    return [
        _line(_clean(part.get_filename() or part.get_content_type()), 200)
        for part in parts
    ]


def _is_automatic(mail: EmailMessage) -> bool:
    """Say whether a machine answered (RFC 3834, and what is used beside it)."""
    submitted = _header(mail, "Auto-Submitted").lower()
    suppressed = _header(mail, "X-Auto-Response-Suppress").lower()
    return (
        submitted.startswith("auto-replied")
        # Exchange marks an absence like this, and a notification without the second.
        or (submitted.startswith("auto-generated") and suppressed == "all")
        or _header(mail, "Subject").lower().startswith("automatic reply:")
        or _header(mail, "Precedence").lower() in {"auto_reply", "auto-reply"}
        or any(mail[name] for name in ("X-Autoreply", "X-Autorespond"))
        or _header(mail, "Return-Path").strip() == "<>"
    )


def _of_json(raw: bytes) -> Letter:
    body = json.loads(raw)
    if not isinstance(body, dict) or not isinstance(body.get("from"), str):
        message = "an object with a sender is needed"
        raise TypeError(message)
    said = {name: _clean(_text_in(body, name)) for name in _JSON_TEXTS}
    text, quoted = parted(said["text"] or _words_of(said["html"]))
    names = body.get("attachments") or []
    sender, author = _person(said["from"])
    return Letter(
        sender,
        author,
        subject=_line(said["subject"], 500),
        text=text,
        quoted=quoted,
        message_id=_line(said["message_id"], 500),
        replies_to=f"{said['in_reply_to']} {_clean(str(body.get('references') or ''))}",
        attachments=tuple(
            _line(_clean(str(one)), 200) for one in names[:_MOST_ATTACHMENTS]
        ),
        is_automatic=body.get("automatic") is True,
    )


def _text_in(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    return value if isinstance(value, str) else ""


def parted(text: str) -> tuple[str, str]:
    """Return what is new in a text, and what it quotes of earlier ones."""
    text = _clean(text).strip()
    starts = [match.start() for sign in _QUOTES if (match := sign.search(text))]
    start = min(starts, default=len(text))
    new, quoted = text[:start].strip(), text[start:].strip()
    if not new:
        # Answers between the lines of the quotation.
        new, quoted = quoted, ""
    return new[:TEXT_LIMIT], quoted[:TEXT_LIMIT]


def _line(text: str, most: int) -> str:
    return " ".join(text.split())[:most]


def _clean(text: str) -> str:
    """Return what every database can keep."""
    whole = text.encode("utf-8", "replace").decode()
    return hidden_characters_removed(whole.replace("\r\n", "\n"))
