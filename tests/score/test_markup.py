"""What becomes of HTML from Graph."""

from __future__ import annotations

import pytest

from connector import markup


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<p onclick="alert(1)">x</p>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,alert(1)">x</a>',
        '<img src="x" onerror="alert(1)">',
        '<svg onload="alert(1)"></svg>',
        '<iframe src="https://evil.example"></iframe>',
        '<p style="position:fixed">x</p>',
        "<style>p{display:none}</style>",
        '<form action="https://evil.example"><input name="x"></form>',
        "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    ],
)
def test_nothing_active_is_left(html: str) -> None:
    cleaned = markup.clean(html).lower()
    for word in (
        "script",
        "alert",
        "onclick",
        "style",
        "iframe",
        "<svg",
        "<img",
        "<form",
    ):
        assert word not in cleaned


def test_steps_and_links_stay() -> None:
    html = (
        '<ol><li>Open the <a href="https://entra.microsoft.com/">center</a>.</li></ol>'
    )
    cleaned = markup.clean(html)
    assert "<ol><li>Open the <a " in cleaned
    assert 'href="https://entra.microsoft.com/"' in cleaned
    assert 'rel="noopener noreferrer"' in cleaned
    assert 'target="_blank"' in cleaned


def test_plain_text_keeps_the_order_of_steps() -> None:
    html = (
        "<p>First &amp; foremost:</p><ol><li>Open <b>it</b>.</li><li>Turn\n it on."
        "<ul><li>A</li><li>B</li></ul></li></ol><p>Done.</p>"
    )
    assert markup.plain(html) == (
        "First & foremost:\n\n1. Open it.\n2. Turn it on.\n\n- A\n- B\n\nDone."
    )


def test_plain_text_has_no_words_of_scripts() -> None:
    assert markup.plain("<p>a</p><script>alert(1)</script>") == "a"


@pytest.mark.parametrize("text", ["", "no markup", "two\nlines"])
def test_plain_text_stays(text: str) -> None:
    assert markup.plain(text) == text
