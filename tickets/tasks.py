"""What Celery runs for tickets; each task loads by id and calls."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.contrib.auth.models import User

from connector.models import Connection
from tickets import checking, outbox, state_import, sync
from tickets.adoption import moving
from tickets.instance_models import InstanceProfile


@shared_task
def deliver(pk: int) -> None:
    """Take one delivery a step further."""
    outbox.deliver(pk)


# Expired ones pile up while no worker runs; the next one does the same.
@shared_task(expires=settings.OUTBOX_SWEEP_INTERVAL)
def sweep() -> None:
    """Wake workers for deliveries and adoptions that are due."""
    outbox.sweep()
    moving.sweep()


@shared_task
def adopt(pk: int) -> None:
    """Take one adoption a step further."""
    moving.go_on(pk)


@shared_task(expires=60)
def poll_due() -> None:
    """Start the poll of every connection whose turn it is."""
    for pk in sync.due():
        poll.delay(pk)


@shared_task(expires=300)
def poll(pk: int, forced: bool = False) -> None:
    """Fetch what changed in one instance."""
    connection = Connection.objects.usable().filter(pk=pk).first()
    if connection:
        sync.pull(connection, forced=forced)


@shared_task
def import_states(pk: int, user: int | None = None) -> None:
    """Fetch the states of one instance, perhaps because somebody asked."""
    connection = Connection.objects.usable().filter(pk=pk).first()
    if connection:
        actor = User.objects.filter(pk=user).first() if user else None
        state_import.run(connection, actor=actor)


@shared_task
def check_mapping(pk: int) -> None:
    """Ask an instance about the columns and names of one field mapping."""
    profiles = InstanceProfile.objects.select_related("connection__tenant")
    for profile in profiles.filter(pk=pk):
        checking.run(profile)
