"""Everything that proves the product works, one step after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.servers import chromium, postgres_folder

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PACKAGES = ["portal", "tickets", "connector"]

# The folders whose tests touch the database in ways that may differ.
BOTH_DATABASES = [
    *("tests/connector", "tests/portal", "tests/score", "tests/tickets"),
    # Each database finds in its own way.
    "tests/support/test_solutions_search.py",
    "tests/support/test_solutions_api.py",
]


@dataclass(frozen=True)
class Step:
    name: str
    group: str
    command: list[str]
    environment: dict[str, str]


def step(name: str, group: str, *command: str | Path, **environment: str) -> Step:
    return Step(name, group, [str(word) for word in command], environment)


def steps() -> list[Step]:
    templates = sorted((ROOT / "templates").rglob("*.html"))
    manage = (sys.executable, "manage.py")
    there = [folder for folder in BOTH_DATABASES if (ROOT / folder).exists()]
    everywhere = [
        step("style", "lint", BIN / "ruff", "check"),
        step("format", "lint", BIN / "ruff", "format", "--check"),
        step("imports", "lint", BIN / "lint-imports"),
        step("templates", "lint", BIN / "djade", "--check", *templates),
        step("types", "types", BIN / "mypy", *PACKAGES),
        step("migrations", "test", *manage, "makemigrations", "--check", "--dry-run"),
        step("settings", "test", *manage, "check"),
        step("tests", "test", BIN / "pytest", "-q"),
    ]
    if not postgres_folder():
        return everywhere
    with_postgres = step(
        *("tests on PostgreSQL", "test", BIN / "pytest", "-q"),
        *("-m", "not browser and not stack", *there),
        TEST_DATABASE="postgres",
    )
    return [*everywhere, with_postgres]


def left_out() -> list[str]:
    """Return what this machine cannot test, and how it could."""
    advice = []
    if not postgres_folder():
        advice.append("tests on PostgreSQL: apt-get install postgresql")
    if not chromium():
        advice.append("tests in a browser: apt-get install chromium")
    return advice


def run(one: Step) -> bool:
    say(f"\n── {one.name}")
    started_at = time.monotonic()
    # The portal names its own settings as soon as any of it is imported.
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment |= one.environment
    code = subprocess.run(one.command, cwd=ROOT, env=environment).returncode
    seconds = time.monotonic() - started_at
    say(f"── {one.name}: {'FAILED' if code else 'ok'} in {seconds:.0f} s")
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
    wanted = [one for one in steps() if not groups or one.group in groups]
    failed = [one.name for one in wanted if not run(one)]
    say("\nFailed: " + ", ".join(failed) if failed else "\nAll passed.")
    if missing:
        say("\n".join(["Left out on this machine:", *missing]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
