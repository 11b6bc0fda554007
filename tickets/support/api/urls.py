"""Addresses of the connector API: all its operations in one list."""

from __future__ import annotations

from django.urls import path, re_path

from tickets.support.api import health_endpoints, meta_endpoints, views
from tickets.support.api.serving import serve
from tickets.support.solutions import endpoints as solution_endpoints

_REPOSITORY = "repositories/<str:key>"

app_name = "support_api"
urlpatterns = [
    path("openapi.json", views.document, name="document"),
    path(f"{_REPOSITORY}/", serve(meta_endpoints.self_test), name="self_test"),
    path(_REPOSITORY, serve(meta_endpoints.self_test), name="self_test_bare"),
    path(
        f"{_REPOSITORY}/solutions/search",
        serve(solution_endpoints.find),
        name="solutions_search",
    ),
    path(
        f"{_REPOSITORY}/solutions",
        serve(solution_endpoints.shown),
        name="solutions_incident",
    ),
    path(
        f"{_REPOSITORY}/solutions/<str:document>/feedback",
        serve(solution_endpoints.judge),
        name="solutions_feedback",
    ),
    path(
        f"{_REPOSITORY}/health-incidents/search",
        serve(health_endpoints.search),
        name="health_search",
    ),
    # Last: whatever is no address.
    re_path(r"^.*$", views.unknown, name="unknown"),
]
