"""Pages for people: templates, visits with a cookie, tokens in forms."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from connector.sandbox import people

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.wrappers import Request

    from connector.sandbox.people import User
    from connector.sandbox.store import Store

# Cookies do not know ports: no name that a portal on the same host may use.
COOKIE = "glide_ui_session"
HTML = Path(__file__).parent / "html"
_KEPT = 86_400
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' "
    "http: https:; base-uri 'none'; frame-ancestors 'none'"
)


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


class PageError(Exception):
    """A page that says what is wrong."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@lru_cache
def _template(name: str) -> Template:
    return Template((HTML / f"{name}.html").read_text(encoding="utf-8"))


def fill(template: str, /, **values: str) -> Html:
    """Fill a template; everything but Html is escaped."""
    safe = {
        key: value if isinstance(value, Html) else escape(str(value))
        for key, value in values.items()
    }
    return Html(_template(template).substitute(safe))


def join(parts: Iterable[Html]) -> Html:
    """Put pieces of markup one after the other."""
    return Html("\n".join(parts))


@dataclass(frozen=True)
class Visit:
    """A browser that has been here before; `user` is None until somebody signs in."""

    store: Store
    request: Request
    id: str
    token: str
    user: User | None

    @property
    def here(self) -> str:
        """Return the address of this page, without the host."""
        return self.request.full_path.rstrip("?")

    def form(self, name: str) -> str:
        return str(self.request.form.get(name, "")).strip()

    def check_token(self) -> None:
        """Refuse a form that was not given out to this visit."""
        if not compare_digest(self.form("sysparm_ck").encode(), self.token.encode()):
            message = (
                "This form is out of date. Go back, reload the page and try again."
            )
            raise PageError(403, message)

    @property
    def hidden_token(self) -> Html:
        return Html(f'<input type="hidden" name="sysparm_ck" value="{self.token}">')

    def page(self, title: str, content: Html, status: int = 200) -> Response:
        """Put content into the frame of the instance."""
        person = Html("")
        if self.user:
            person = fill("_person", name=self.user.name, token=self.hidden_token)
        body = fill("layout", title=title, content=content, person=person)
        return self.send(Response(body, status=status, content_type="text/html"))

    def go(self, address: str) -> Response:
        return self.send(redirect(address, 302))

    def send(self, response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        response.set_cookie(COOKIE, self.id, httponly=True, samesite="Lax", path="/")
        return response

    def sign_in(self, user: User) -> Visit:
        """Return a new visit of that user; the old one ends."""
        self.end()
        return _start(self.store, self.request, user)

    def end(self) -> None:
        self.store.execute("DELETE FROM _visit WHERE id = ?", [self.id])


def current(store: Store, request: Request) -> Visit:
    """Return the visit the cookie tells, or begin one."""
    found = store.execute(
        "SELECT * FROM _visit WHERE id = ?", [request.cookies.get(COOKIE, "")]
    )
    if not found:
        return _start(store, request, None)
    row = found[0]
    user = people.load(store, row["user"]) if row["user"] else None
    return Visit(store, request, row["id"], row["token"], user)


def _start(store: Store, request: Request, user: User | None) -> Visit:
    store.execute("DELETE FROM _visit WHERE created < ?", [store.clock() - _KEPT])
    visit = Visit(
        store, request, secrets.token_urlsafe(24), secrets.token_hex(36), user
    )
    store.execute(
        "INSERT INTO _visit VALUES (?, ?, ?, ?)",
        [visit.id, user.sys_id if user else "", visit.token, store.clock()],
    )
    return visit
