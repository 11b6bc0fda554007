"""Addresses of the Secure Score pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name = "score"
urlpatterns: list[URLPattern] = []
