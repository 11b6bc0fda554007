"""Run the sandbox: python -m connector.sandbox."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from connector.sandbox import circumstances, entra_directory, faults, policies
from connector.sandbox.seed import (
    PASSWORD_NAMES,
    Installation,
    announce,
    set_property,
)
from connector.sandbox.server import Running, serve


def main() -> int:
    """Start, say so in one line, and serve until SIGTERM or SIGINT."""
    options = _parser().parse_args()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    installation = None
    if options.installed:
        installation = Installation.from_environment(options.portal)
    with serve(
        installation,
        data=options.data,
        host=options.host,
        port=options.port,
        portal=options.portal,
        time_zone=options.time_zone,
        tls_port=options.tls_port,
        incidents=options.incidents,
    ) as running:
        for name, value in options.property:
            set_property(running.store, name, value)
        running.faults.replace(options.faults)
        _set_up(running, options)
        _say_passwords(announce(running.store))
        if running.https_url:
            _say(f"also at {running.https_url} (certificate {running.certificate})")
        _say(f"sandbox ready {running.url}")
        end.wait()
    return 0


def _set_up(running: Running, options: argparse.Namespace) -> None:
    """Make the instance as customised and as unreliable as the options say."""
    clock = {"skew": options.clock_skew, "grain": options.clock_grain}
    circumstances.set_clock(running.store, clock)
    for application in options.application:
        running.app.entra.directory.register(application)
    for policy in options.policies:
        policies.add(running.store, policy)
    for name in ("tables", "fields"):
        getattr(running.restrictions, name).update(getattr(options, f"hide_{name}"))
    for act in options.rows:
        circumstances.carry_out(running.store, running.restrictions, act)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m connector.sandbox",
        description="A stand-in for a ServiceNow instance and Microsoft Graph.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8766, help="0 takes any free port")
    add("--tls-port", type=int, help="also speak HTTPS there; 0 takes any free one")
    add("--data", default=":memory:", help="SQLite file that keeps everything")
    add("--portal", default="", help="address of the portal, to prefill forms")
    add(
        "--installed",
        action="store_true",
        help="create the OAuth entity and the integration user at once, from "
        "SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET and SANDBOX_REDIRECT_URL",
    )
    add(
        "--property",
        type=_property,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a system property; may be given again",
    )
    add(
        "--application",
        type=_application,
        action="append",
        default=[],
        metavar="NAME:CLIENT_ID=SECRET",
        help="register an application with Entra; may be given again",
    )
    add("--incidents", type=int, default=0, help="so many of other people, once")
    add("--time-zone", default="America/Los_Angeles", help="of the instance")
    add(
        "--faults",
        type=faults.parse,
        default=[],
        help='for example "rate_limit:share=0.05,retry_after=1;error:method=POST"',
    )
    _add_circumstances(parser)
    return parser


def _add_circumstances(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--policies",
        type=policies.parse,
        default=[],
        help='for example "data_policy:table=incident,fields=caller_id category"',
    )
    add(
        "--rows",
        type=circumstances.parse,
        default=[],
        help='for example "hide:table=incident,count=3;touch:count=50"',
    )
    add("--hide-tables", type=str.split, default=[], help="show no rows of these")
    add("--hide-fields", type=str.split, default=[], help="table.field, with spaces")
    add("--clock-skew", type=float, default=0, help="seconds the clock is ahead")
    add("--clock-grain", type=float, default=0, help="seconds from tick to tick")


def _property(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _application(text: str) -> entra_directory.Application:
    try:
        [found] = entra_directory.from_text(text).values()
    except ValueError as error:
        raise argparse.ArgumentTypeError("NAME:CLIENT_ID=SECRET is expected") from error
    return found


def _say_passwords(made: dict[str, str]) -> None:
    for user_name, password in made.items():
        _say(f"password of {user_name}: {password} ({PASSWORD_NAMES[user_name]})")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
