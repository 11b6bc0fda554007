"""What a ticket shared from an improvement action starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.score import drafting
from tests import factories
from tickets.mapping import DESCRIPTION_LIMIT
from tickets.models import Category, Kind, Source

if TYPE_CHECKING:
    from connector.models import Tenant


def test_a_draft_is_a_change_request_by_microsoft(tenant: Tenant) -> None:
    profile = factories.ControlProfileFactory(tenant=tenant, control_id="AdminMFAV2")
    draft = drafting.draft(profile)
    assert (draft.kind, draft.source) == (Kind.CHANGE_REQUEST, Source.MICROSOFT)
    assert (draft.name, draft.control_id) == (profile.title, "AdminMFAV2")


@pytest.mark.parametrize(
    ("category", "mapped"),
    [
        ("Device", Category.DEVICES),
        ("Identity", Category.IDENTITY),
        ("Data", Category.DATA),
        ("Apps", Category.APPS),
        ("Infrastructure", Category.INFRASTRUCTURE),
        ("Something new", Category.APPS),
    ],
)
def test_categories_are_those_of_tickets(
    tenant: Tenant, category: str, mapped: Category
) -> None:
    profile = factories.ControlProfileFactory(tenant=tenant, category=category)
    assert drafting.draft(profile).category == mapped


def test_the_description_says_why_how_far_and_how(tenant: Tenant) -> None:
    profile = factories.ControlProfileFactory(
        tenant=tenant,
        control_id="AdminMFAV2",
        description="Passwords get stolen.",
        implementation_status="26 of 99 accounts.",
        remediation="<ol><li>Open it.</li><li>Turn <b>it</b> on.</li></ol>",
        remediation_impact="<p>Little.</p>",
    )
    assert drafting.draft(profile).description == (
        "Passwords get stolen.\n\n"
        "Implementation status:\n26 of 99 accounts.\n\n"
        "Next steps:\n1. Open it.\n2. Turn it on.\n\n"
        "User impact:\nLittle."
    )


def test_a_long_description_fits(tenant: Tenant) -> None:
    profile = factories.ControlProfileFactory(tenant=tenant, description="word " * 3000)
    text = drafting.draft(profile).description
    assert len(text) <= DESCRIPTION_LIMIT
    assert text.endswith("…")
