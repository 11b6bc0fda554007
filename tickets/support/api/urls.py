"""Addresses of the connector API: all its operations in one list."""

from __future__ import annotations

from django.urls import path, re_path

from tickets.support.api import meta_endpoints, views
from tickets.support.api.serving import serve

_REPOSITORY = "repositories/<str:key>"

app_name = "support_api"
urlpatterns = [
    path(f"{_REPOSITORY}/", serve(meta_endpoints.self_test), name="self_test"),
    path(_REPOSITORY, serve(meta_endpoints.self_test), name="self_test_bare"),
    re_path(r"^.*$", views.unknown, name="unknown"),
]
