"""Addresses of the connector pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name = "connector"
urlpatterns: list[URLPattern] = []
