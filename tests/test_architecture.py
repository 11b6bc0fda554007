"""What holds for the whole code: direction of imports, permissions, templates."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver

from portal import demonstration, roles
from portal.installation import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

# Views for everybody who is signed in, or for nobody in particular.
WITHOUT_PERMISSION = {
    # The hand-over link, for somebody without an account.
    "connector:handover",
    "connector:handover_done",
    "portal:home",
    "portal:livez",
    "portal:readyz",
    "portal:switch_tenant",
    # The connector API: its document, and whatever is not an address of it.
    "support_api:document",
    "support_api:unknown",
}
# Of other packages, with rules of their own.
_OTHERS = ("allauth.", "social_django.", "django.")

TEMPLATES = sorted(
    str(path.relative_to(ROOT / "templates"))
    for path in (ROOT / "templates").rglob("*.html")
)
_INLINE = re.compile(
    r"<style[\s>]|<script(?![^>]*\bsrc=)[\s>]|\sstyle=|\son[a-z]+=|javascript:",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)


def test_imports_go_in_one_direction() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True)


def _ours(
    patterns: list[URLPattern | URLResolver], spaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = (*spaces, *filter(None, [pattern.namespace]))
            yield from _ours(pattern.url_patterns, inner)
        elif not pattern.callback.__module__.startswith(_OTHERS):
            yield ":".join([*spaces, pattern.name or str(pattern.pattern)]), pattern


def test_every_view_has_a_permission() -> None:
    open_views = {
        name
        for name, pattern in _ours(get_resolver().url_patterns)
        if not hasattr(pattern.callback, "required_permission")
        # Not for people: a token of Microsoft Entra is asked for instead.
        and not hasattr(pattern.callback, "takes_token")
    }
    assert open_views - WITHOUT_PERMISSION == set()


def test_every_permission_asked_for_is_given_to_a_role() -> None:
    asked = {
        getattr(pattern.callback, "required_permission", None)
        for _name, pattern in _ours(get_resolver().url_patterns)
    }
    given = {permission for some in roles.ROLES.values() for permission in some}
    assert asked - {None} <= given


def test_the_demonstration_has_one_person_per_role() -> None:
    assert [person.part for person in demonstration.PEOPLE] == list(roles.ROLES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_has_no_inline_script_or_style(name: str) -> None:
    text = _COMMENT.sub("", (ROOT / "templates" / name).read_text())
    assert _INLINE.findall(text) == []


@pytest.mark.parametrize(
    "catalogue",
    sorted((ROOT / "portal" / "locale").rglob("*.po")),
    ids=lambda path: path.parent.parent.name,
)
def test_compiled_messages_are_those_of_the_catalogue(
    catalogue: Path, tmp_path: Path
) -> None:
    msgfmt = shutil.which("msgfmt")
    if msgfmt is None:
        pytest.skip("gettext is missing: apt-get install gettext")
    fresh = tmp_path / "django.mo"
    subprocess.run([msgfmt, "--check-format", "-o", fresh, catalogue], check=True)
    assert fresh.read_bytes() == catalogue.with_suffix(".mo").read_bytes()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "static" / "css").glob("*.css")), ids=lambda path: path.name
)
def test_a_style_sheet_closes_what_it_opens(path: Path) -> None:
    # Whatever follows an open brace would be left out without a word.
    depth = 0
    for letter in re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
