"""All addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

from portal import health, views

portal_patterns = [
    path("", views.home, name="home"),
    path("audit/", views.audit, name="audit"),
    path("organization/", views.switch_tenant, name="switch_tenant"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]

urlpatterns = [
    path("", include((portal_patterns, "portal"))),
    path("", include("connector.urls")),
    path("accounts/", include("allauth.urls")),
    path("oauth/", include("social_django.urls", namespace="social")),
    path("tickets/", include("tickets.urls")),
    path("support/", include("tickets.support.urls")),
    path("api/support/v1/", include("tickets.support.api.urls")),
    path("securescore/", include("portal.score.urls")),
]
