"""The three guided set-ups as data: one as a whole, the others as what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tickets.support import guide_prerequisites as before
from tickets.support import guide_steps as flow
from tickets.support.setups import AAD, BASIC, INSIGHTS, Setup

if TYPE_CHECKING:
    from tickets.support.guide_parts import Step


@dataclass(frozen=True)
class Guide:
    """A set-up from its prerequisites to its test; steps count from 1 in each part."""

    setup: Setup
    prerequisites: tuple[Step, ...]
    steps: tuple[Step, ...]

    @property
    def all_steps(self) -> tuple[Step, ...]:
        return (*self.prerequisites, *self.steps)

    @property
    def required(self) -> tuple[Step, ...]:
        return tuple(step for step in self.all_steps if not step.is_optional)

    @property
    def checks(self) -> tuple[str, ...]:
        """The live checks of all steps, each once, in the order they come."""
        found = [check for step in self.all_steps for check in step.checks]
        return tuple(dict.fromkeys(found))

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.all_steps if step.id == step_id), None)

    def differing(
        self, setup: Setup, prerequisites: tuple[Step, ...], changed: dict[str, Step]
    ) -> Guide:
        """Return the guide of another set-up, with the steps of these ids changed."""
        steps = tuple(changed.get(step.id, step) for step in self.steps)
        return replace(self, setup=setup, prerequisites=prerequisites, steps=steps)


_BASIC = Guide(
    BASIC,
    (
        before.OUTBOUND_APP,
        before.OUTBOUND_PROVIDER,
        before.INBOUND_ENDPOINT,
        before.INTEGRATION_USER,
    ),
    (
        flow.SCOPE,
        flow.START,
        flow.CONSENT,
        flow.OAUTH_PROFILE,
        flow.INBOUND_BASIC,
        flow.USER_BASIC,
        flow.REPOSITORY_ID,
        flow.APPLICATION_SETTINGS,
        flow.COMPLETE_BASIC,
        flow.ROLES,
        flow.LINK_ACCOUNT,
        flow.TEST,
    ),
)
_AAD = _BASIC.differing(
    AAD,
    (
        before.OUTBOUND_APP,
        before.REST_APP,
        before.REST_USER_APP,
        before.OUTBOUND_PROVIDER,
        before.OIDC_PROVIDER,
        before.INTEGRATION_USER_AAD,
    ),
    {
        flow.INBOUND_BASIC.id: flow.INBOUND_AAD,
        flow.USER_BASIC.id: flow.USER_AAD,
        flow.COMPLETE_BASIC.id: flow.COMPLETE_AAD,
    },
)
_INSIGHTS = _BASIC.differing(
    INSIGHTS,
    (before.OUTBOUND_APP, before.OUTBOUND_PROVIDER),
    {
        flow.INBOUND_BASIC.id: flow.INBOUND_SKIPPED,
        flow.USER_BASIC.id: flow.USER_SKIPPED,
        flow.COMPLETE_BASIC.id: flow.COMPLETE_INSIGHTS,
        flow.ROLES.id: flow.ROLES_INSIGHTS,
        flow.LINK_ACCOUNT.id: flow.LINK_ACCOUNT_INSIGHTS,
    },
)
GUIDES = {guide.setup.id: guide for guide in (_BASIC, _AAD, _INSIGHTS)}


def guide_for(setup: Setup) -> Guide:
    """Return the guide of a set-up."""
    return GUIDES[setup.id]
