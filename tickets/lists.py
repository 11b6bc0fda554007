"""Lists that the address narrows and pages: as a whole page, or as the part htmx wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.core.paginator import Page
    from django.http import HttpResponse

    from connector.access import TenantRequest

# How many rows a page may have.
PAGE_SIZES = (25, 50, 100)
USUAL = 25


def page_of(
    request: TenantRequest, rows: Any, *, usual: int = USUAL, count: int | None = None
) -> Page[Any]:
    """Return the page of the rows that the address names, in the size it wishes.

    With a `count` that is known already, the rows are not counted once more.
    """
    wish = request.GET.get("size", "")
    size = int(wish) if wish in map(str, PAGE_SIZES) else usual
    paginator: Paginator[Any] = Paginator(rows, size)
    if count is not None:
        paginator.count = count
    return paginator.get_page(request.GET.get("page"))


def wants_part(request: TenantRequest, name: str) -> bool:
    """Say whether htmx asks for one part of the page, by the id of its target."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and htmx.target == name


def answer(
    request: TenantRequest, template: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Return a page with a partial "list", or that alone where it is all htmx wants."""
    part = "#list" if wants_part(request, "list") else ""
    return told_apart(render(request, f"{template}{part}", dict(context)))


def told_apart(response: HttpResponse) -> HttpResponse:
    """Have caches keep a page and its parts apart."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
