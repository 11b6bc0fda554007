"""The colours of static/css/tokens.css can be read, light and dark (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from portal.installation import ROOT

TEXT, PARTS = 4.5, 3.0
PAIRS = [
    *[("ink", ground, TEXT) for ground in ("page", "surface", "hover", "nav")],
    *[("ink", ground, TEXT) for ground in ("button", "button-hover", "nav-hover")],
    *[("ink-soft", ground, TEXT) for ground in ("page", "surface", "surface-sunken")],
    *[("ink-soft", ground, TEXT) for ground in ("hover", "neutral-back")],
    *[("link", ground, TEXT) for ground in ("page", "surface", "hover")],
    *[("link", f"{tone}-back", TEXT) for tone in ("info", "success", "warning")],
    ("link", "danger-back", TEXT),
    ("bar-ink", "bar", TEXT),
    ("bar-ink", "bar-hover", TEXT),
    ("accent-ink", "accent", TEXT),
    ("accent-ink", "accent-hover", TEXT),
    ("accent-ink", "danger-solid", TEXT),
    ("accent-ink", "danger-solid-hover", TEXT),
    *[(tone, f"{tone}-back", TEXT) for tone in ("info", "success", "warning")],
    ("danger", "danger-back", TEXT),
    *[
        (f"tag-{name}", f"tag-{name}-back", TEXT)
        for name in ("teal", "yellow", "orange", "purple")
    ],
    *[("ink", f"{tone}-back", TEXT) for tone in ("info", "success", "warning")],
    *[("ink-soft", f"{tone}-back", TEXT) for tone in ("info", "success", "warning")],
    ("ink", "danger-back", TEXT),
    ("ink-soft", "danger-back", TEXT),
    *[(name, "tag-yellow-back", TEXT) for name in ("ink", "link")],
    ("danger", "surface", TEXT),
    ("danger", "page", TEXT),
    ("success", "surface", TEXT),
    ("warning", "surface", TEXT),
    ("rule-strong", "surface", PARTS),
    ("rule-strong", "page", PARTS),
    ("focus", "page", PARTS),
    ("focus", "surface", PARTS),
    ("accent", "nav", PARTS),
    *[
        (tone, "surface", PARTS)
        for tone in ("navy", "blue", "indigo", "teal", "orange", "red", "purple")
    ],
]
_TOKEN = re.compile(
    r"--([\w-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));", re.ASCII
)


def _tokens() -> dict[str, tuple[str, str]]:
    text = (ROOT / "static" / "css" / "tokens.css").read_text()
    return {
        name: (light or both, dark or both)
        for name, light, dark, both in _TOKEN.findall(text)
    }


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_contrast(front: str, back: str, least: float, mode: str) -> None:
    tokens = _tokens()
    place = ["light", "dark"].index(mode)
    assert _contrast(tokens[front][place], tokens[back][place]) >= least


def test_only_the_tokens_hold_raw_colours() -> None:
    for path in (ROOT / "static" / "css").glob("*.css"):
        if path.name != "tokens.css":
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", path.read_text()) == []
