"""Addresses of the tickets pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name = "tickets"
urlpatterns: list[URLPattern] = []
