"""Everything that proves the product works, one step after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.servers import chromium, postgres_folder

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PACKAGES = ["portal", "tickets", "connector"]

# The folders whose tests touch the database in ways that may differ.
BOTH_DATABASES = [
    *("tests/connector", "tests/portal", "tests/score", "tests/tickets"),
    # Each database finds in its own way.
    *("tests/support/test_solutions_search.py", "tests/support/test_solutions_api.py"),
    # Their outbox and their numbers must hold with several at once.
    *("tests/support/test_requests_api.py", "tests/support/test_requests_mail.py"),
    *("tests/support/test_requests_notes.py", "tests/support/test_requests_inbound.py"),
    *("tests/support/test_api_calls.py", "tests/support/test_signing_keys.py"),
]


ALONE = "browser or stack"


@dataclass(frozen=True)
class Step:
    name: str
    group: str
    command: list[str]
    environment: dict[str, str]


@dataclass
class Running:
    """A step that has begun, with the file its words go to if others talk as well."""

    step: Step
    process: subprocess.Popen[bytes]
    started_at: float
    words: IO[bytes] | None = None


def step(name: str, group: str, *command: str | Path, **environment: str) -> Step:
    return Step(name, group, [str(word) for word in command], environment)


def steps() -> list[tuple[Step, ...]]:
    """Return what is run one after the other; what stands together, at the same time."""
    templates = sorted((ROOT / "templates").rglob("*.html"))
    manage = (sys.executable, "manage.py")
    tests = (BIN / "pytest", "-q", "-m")
    rest = f"not ({ALONE})"
    return [
        (step("style", "lint", BIN / "ruff", "check"),),
        (step("format", "lint", BIN / "ruff", "format", "--check"),),
        (step("imports", "lint", BIN / "lint-imports"),),
        (step("templates", "lint", BIN / "djade", "--check", *templates),),
        (step("types", "types", BIN / "mypy", *PACKAGES),),
        (
            step(
                "migrations", "test", *manage, "makemigrations", "--check", "--dry-run"
            ),
        ),
        (step("settings", "test", *manage, "check"),),
        # One processor each; what starts whole products needs all of them.
        (step("tests", "test", *tests, rest), *on_postgres(*tests, rest)),
        (step("tests of the whole product", "test", *tests, ALONE),),
    ]


def on_postgres(*command: str | Path) -> tuple[Step, ...]:
    if not postgres_folder():
        return ()
    there = [folder for folder in BOTH_DATABASES if (ROOT / folder).exists()]
    name = "tests on PostgreSQL"
    return (step(name, "test", *command, *there, TEST_DATABASE="postgres"),)


def left_out() -> list[str]:
    """Return what this machine cannot test, and how it could."""
    advice = []
    if not postgres_folder():
        advice.append("tests on PostgreSQL: apt-get install postgresql")
    if not chromium():
        advice.append("tests in a browser: apt-get install chromium")
    return advice


def run(together: tuple[Step, ...]) -> list[str]:
    """Run steps at the same time; return the names of those that failed."""
    begun = [begin(one, is_alone=one is together[0]) for one in together]
    return [one.step.name for one in begun if not has_passed(one)]


def begin(one: Step, *, is_alone: bool) -> Running:
    # The portal names its own settings as soon as any of it is imported.
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment |= one.environment
    words = None if is_alone else tempfile.TemporaryFile()  # noqa: SIM115
    say(f"\n── {one.name}{'' if is_alone else ' (beside it; its words follow)'}")
    process = subprocess.Popen(
        one.command, cwd=ROOT, env=environment, stdout=words, stderr=words
    )
    return Running(one, process, time.monotonic(), words)


def has_passed(running: Running) -> bool:
    code = running.process.wait()
    seconds = time.monotonic() - running.started_at
    if running.words:
        running.words.seek(0)
        say(f"\n── {running.step.name}, what it said")
        sys.stdout.buffer.write(running.words.read())
    say(f"── {running.step.name}: {'FAILED' if code else 'ok'} in {seconds:.0f} s")
    return code == 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(groups: list[str]) -> int:
    """Run the steps of these groups, or all; say at the end what was left out."""
    missing = [] if groups else left_out()
    if missing and os.environ.get("CI", "").lower() == "true":
        say("\n".join(["In CI nothing may be left out. Missing:", *missing]))
        return 2
    wanted = [some for some in steps() if not groups or some[0].group in groups]
    failed = [name for some in wanted for name in run(some)]
    say("\nFailed: " + ", ".join(failed) if failed else "\nAll passed.")
    if missing:
        say("\n".join(["Left out on this machine:", *missing]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
