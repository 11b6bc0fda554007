"""What is left of another system's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.redaction import clean


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer 0a1b2c3d4e5f",
        '{"access_token": "0a1b2c3d4e5f", "scope": "x"}',
        "refresh_token=0a1b2c3d4e5f&grant_type=refresh_token",
        "client_secret: 0a1b2c3d4e5f",
        "<p>password=0a1b2c3d4e5f</p>",
    ],
)
def test_secrets_are_blotted_out(text: str) -> None:
    assert "0a1b2c3d4e5f" not in clean(text)
    assert "********" in clean(text)


@given(
    before=st.text(),
    secret=st.text(min_size=8, alphabet=st.characters(categories=["L", "N"])),
    after=st.text(),
)
def test_a_named_secret_never_stays(before: str, secret: str, after: str) -> None:
    assert secret not in clean(before + secret + after, (secret,)).replace("*", "")


def test_servicenow_words_stay_as_they_are() -> None:
    words = (
        "Operation Failed: Data Policy Exception: The following fields are mandatory: "
        "Resolution code, Close_code=Solution provided"
    )
    assert clean(words) == words


def test_a_page_becomes_its_text() -> None:
    page = "<html><style>p{}</style><h1>Instance\n asleep</h1><script>x</script>ok"
    assert clean(page) == "Instance asleep ok"


def test_what_no_database_takes_is_left_out() -> None:
    assert clean("a\0b \ud800") == "ab ?"
