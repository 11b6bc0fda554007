"""Addresses of the support integration."""

from __future__ import annotations

from django.urls import path

from tickets.support import account_views, repository_views, setup_views, views

app_name = "support"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("decision/", views.decision, name="decision"),
    path("setup/", setup_views.setup, name="setup"),
    path("setup/print/", setup_views.printed, name="print"),
    path("setup/<int:pk>/changes/", setup_views.changes, name="changes"),
    path("setup/<int:pk>/check/", setup_views.check, name="check"),
    path("setup/<int:pk>/<slug:step>/tick/", setup_views.tick, name="tick"),
    path("setup/<int:pk>/<slug:step>/note/", setup_views.annotate, name="note"),
    path("settings/", views.settings, name="settings"),
    path("repositories/add/", repository_views.add, name="repository_add"),
    path("repositories/<int:pk>/", repository_views.detail, name="repository"),
    path("repositories/<int:pk>/edit/", repository_views.edit, name="repository_edit"),
    path(
        "repositories/<int:pk>/status/",
        repository_views.status,
        name="repository_status",
    ),
    path(
        "repositories/<int:pk>/remove/",
        repository_views.remove,
        name="repository_remove",
    ),
    path("account/", account_views.account, name="account"),
    path("account/<int:pk>/unlink/", account_views.unlink, name="unlink"),
]
