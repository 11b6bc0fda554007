"""The scripts that are pasted into an instance: all files of one folder."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "paste"


@dataclass(frozen=True)
class Script:
    """One file, as it is."""

    name: str
    text: str


def instructions() -> str:
    """Return what is to be done with the scripts, "" where nobody wrote it down."""
    path = FOLDER / "README.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def scripts() -> list[Script]:
    """Return the scripts by name."""
    found = sorted(FOLDER.glob("*.js"))
    return [Script(path.name, path.read_text(encoding="utf-8")) for path in found]


def archive() -> bytes:
    """Return all of them in one ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for script in scripts():
            packed.writestr(script.name, script.text)
        if text := instructions():
            packed.writestr("README.txt", text)
    return buffer.getvalue()
