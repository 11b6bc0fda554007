"""What Celery runs for recommended solutions."""

from __future__ import annotations

from celery import shared_task

from tickets.support.solutions import importing, index, knowledge, searches


@shared_task
def pull_knowledge_due() -> None:
    """Start the pull of every knowledge base that is due."""
    for pk in knowledge.due():
        pull_knowledge.delay(pk)


@shared_task
def pull_knowledge(source_pk: int) -> None:
    """Take over the articles of one knowledge base."""
    knowledge.pull(source_pk)


@shared_task
def tidy() -> None:
    """Forget old searches, imports and documents."""
    searches.tidy()
    importing.tidy()
    index.tidy()
