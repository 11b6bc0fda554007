"""Words, meanings and codes; Markdown; files: what needs no database."""

from __future__ import annotations

import pytest

from tickets.support.solutions import files, markdown, snippets, words
from tickets.support.solutions.files import WrongFile
from tickets.support.solutions.synonyms import MEANINGS


def terms(text: str) -> list[str]:
    return [term.text for term in words.analyse(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("syncing", "synced"),
        ("policies", "policy"),
        ("blocked", "blocking"),
        ("activation", "activated"),
        ("encryption", "encrypts"),
        ("mailboxes", "mailbox"),
        ("stopped", "stop"),
        ("licences", "licence"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert words.stem(one) == words.stem(other)


@pytest.mark.parametrize("word", ["access", "status", "this", "call", "0x80", "아웃룩"])
def test_what_is_no_other_form_stays(word: str) -> None:
    assert words.stem(word) == word


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("MFA", "mfa"),
        ("multi-factor authentication", "mfa"),
        ("two-step verification", "mfa"),
        ("Outlook on the Web", "owa"),
        ("self-service password reset", "sspr"),
        ("data loss prevention", "dlp"),
        ("log in", "signin"),
        ("signing-in", "signin"),
        ("Wi-Fi", "wifi"),
    ],
)
def test_one_meaning_has_one_term(said: str, meant: str) -> None:
    assert meant in terms(said)


def test_no_word_has_two_meanings() -> None:
    named: dict[tuple[str, ...], str] = {}
    for line in MEANINGS.strip().splitlines():
        for name in line.split(","):
            key = tuple(map(words.stem, name.split()))
            assert named.setdefault(key, line) == line, name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Error 0x800CCC0E!", "0x800ccc0e"),
        ("(AADSTS50076)", "aadsts50076"),
        ("550 5.7.501 denied", "5x7x501"),
        ("see MC1203310.", "mc1203310"),
    ],
)
def test_a_code_is_one_term_and_known_as_one(text: str, code: str) -> None:
    assert code in terms(text)
    assert words.is_code(code)


def test_terms_have_letters_and_digits_only() -> None:
    text = "Crème “brûlée” \u2013 it's 100% \x00 </b> don't_do a-b; 설정 오류 設定 'x' :* & |"
    found = terms(text)
    assert all(term.isalnum() for term in found), found
    assert {"crem", "brule", "設定", "설정"} <= set(found)


def test_a_text_without_spaces_is_found_by_its_parts() -> None:
    assert set(terms("多要素認証")) == {"多要", "要素", "素認", "認証"}


def test_a_snippet_marks_what_matches_and_escapes_everything_else() -> None:
    text = "<script>alert(1)</script> " + "filler & more " * 40
    text += "Reset multi-factor <b>authentication</b> now. " + "tail " * 80
    shown = snippets.snippet(text, {"mfa", "reset"})
    assert "<mark>Reset</mark>" in shown
    assert "<mark>multi-factor</mark> &lt;b&gt;" in shown or "&lt;b&gt;" in shown
    assert "<script" not in shown
    assert "<b>" not in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")


def test_a_title_marks_a_word_in_another_form() -> None:
    assert snippets.title("Syncing <x>", {"sync"}) == "<mark>Syncing</mark> &lt;x&gt;"


def test_markdown_becomes_html_without_anything_that_acts() -> None:
    html = markdown.render(
        "# One\n\n### Deep\n\n<script>alert(1)</script>\n\n**bold** `code`\n\n"
        "[bad](javascript:alert(1)) [good](https://example.com) ![p](https://x/y.png)\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n<img src=x onerror=alert(1)>"
    )
    assert "<h3>One</h3>" in html
    assert "<h4>Deep</h4>" in html, "no level is left out"
    assert "<strong>bold</strong>" in html
    assert 'href="https://example.com"' in html
    assert "<table>" in html
    for wrong in ("<script", "<img", 'href="javascript', "<h1"):
        assert wrong not in html


def test_a_markdown_file_has_front_matter_or_a_heading() -> None:
    text = (
        "---\ntitle: 'Reset MFA'\nservices: [Entra, Teams]\nkeywords:\n  - new phone\n"
        "  - MFA\npublished: no\n---\nDo it.\n"
    )
    [draft] = files.read("mfa.md", text.encode())
    assert (draft.key, draft.title, draft.body) == ("mfa", "Reset MFA", "Do it.")
    assert draft.services == ["Entra", "Teams"]
    assert draft.keywords == "new phone, MFA"
    assert draft.is_published is False
    [bare] = files.read("bare.md", b"\xef\xbb\xbf# A title #\n\nText\n")
    assert (bare.title, bare.body, bare.problems) == ("A title", "Text", [])


def test_odd_markdown_files_are_read_in_a_moment() -> None:
    """A long heading took the cube of its length, nested brackets all the stack."""
    [draft] = files.read("x.md", f"# C{' ' * 100_000}x ##  \r\nDo it.".encode())
    assert (draft.title, draft.body) == ("C x", "Do it.")
    deep = f"---\nservices: {'[' * 5000}{']' * 5000}\n---\n# C\nDo it."
    [draft] = files.read("x.md", deep.encode())
    assert draft.problems
    [draft] = files.read("x.md", b"---\nservices: ['a', \"b\"]\n---\n# ###\nDo it.")
    assert (draft.services, draft.title) == (["a", "b"], "")


def test_marks_without_a_letter_are_no_terms() -> None:
    assert words.analyse("\u30fb\u30fb \u3099\u309a") == []


def test_a_file_of_comma_separated_values_is_read_with_its_lines() -> None:
    text = 'title;body;key\r\nOne;"two\r\nlines";k1\r\n;x;k2\r\nThree;t\r\n'
    drafts = files.read("a.csv", text.encode())
    assert [draft.line for draft in drafts] == [2, 4, 5]
    assert drafts[0].body == "two\nlines"
    assert list(drafts[1].problems) == ["It has no title."]
    assert "It has 2 cells" in drafts[2].problems[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"x", "only Markdown"),
        ("a.csv", b"title,text\n", "“body” is missing"),
        ("a.csv", b"title,body,colour\n", "“colour” is not known"),
        ("a.csv", b"title,body,title\n", "there twice"),
        ("a.csv", b'title,body\n"x', "this is no CSV"),
        ("a.md", b"one\n\xff", "line 2: this is not UTF-8"),
        ("a.md", b"x" * (files.MOST_BYTES + 1), "larger than 1024 KB"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    name: str, content: bytes, said: str
) -> None:
    with pytest.raises(WrongFile, match=said):
        files.read(name, content)


def test_what_is_too_long_is_refused_line_by_line() -> None:
    text = f"title,body\n{'t' * 201},x\nfine,{'b' * 50_001}\n"
    first, second = files.read("a.csv", text.encode())
    assert list(first.problems) == ["The title is longer than 200 characters."]
    assert list(second.problems) == ["The text is longer than 50000 characters."]
