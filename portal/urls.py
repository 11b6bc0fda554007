"""All addresses of the portal."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("oauth/", include("social_django.urls", namespace="social")),
    path("servicenow/", include("connector.urls")),
    path("tickets/", include("tickets.urls")),
    path("securescore/", include("portal.score.urls")),
]
