"""A mail server on loopback: takes mails, or refuses, delays and hangs up as it is told."""

from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass
class Moods:
    """What the server says instead of yes; "" to a verb is yes."""

    rcpt: str = ""
    data: str = ""
    auth: str = ""
    # Takes the mail and hangs up before it says so.
    cuts_after_data: int = 0
    quit: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._sender, self._recipients = "", []
        self._say("220 mail.example")
        while line := self.rfile.readline().decode().strip():
            if not self._answer(line):
                return

    def _answer(self, line: str) -> bool:
        verb, moods = line.upper()[:4], self.server.moods
        if verb == "EHLO":
            self._say("250-mail.example\r\n250 AUTH PLAIN")
        elif verb == "AUTH":
            self._say(moods.auth or "235 welcome")
        elif verb == "MAIL":
            self._sender = line.partition(":")[2]
            self._say("250 ok")
        elif verb == "RCPT":
            self._recipients.append(line.partition(":")[2].strip("<>"))
            self._say(moods.rcpt or "250 ok")
        elif verb == "DATA":
            return self._data()
        elif verb == "QUIT":
            self._say(moods.quit or "221 bye")
            return False
        else:
            self._say("250 ok")
        return True

    def _data(self) -> bool:
        moods = self.server.moods
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        if moods.data:
            self._say(moods.data)
            return True
        raw = b"".join(lines)
        moods.mails.append(message_from_bytes(raw, policy=policy.default))
        moods.envelopes.append((self._sender, self._recipients))
        if moods.cuts_after_data:
            moods.cuts_after_data -= 1
            return False
        self._say("250 taken")
        return True

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.moods = Moods()
        super().__init__(("127.0.0.1", 0), _Handler)


class MailServer:
    """The server in a thread of its own."""

    def __init__(self) -> None:
        self._server = _Server()
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def moods(self) -> Moods:
        return self._server.moods

    @property
    def mails(self) -> list[EmailMessage]:
        return self.moods.mails

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def settings_of(server: MailServer) -> dict[str, Any]:
    """Return the portal's settings for this server."""
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": server.port,
        "EMAIL_USE_TLS": False,
        "EMAIL_USE_SSL": False,
        "DEFAULT_FROM_EMAIL": "portal@contoso.example",
    }
