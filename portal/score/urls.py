"""Addresses of the Secure Score pages."""

from __future__ import annotations

from django.urls import path

from portal.score import views

app_name = "score"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("actions/", views.actions, name="actions"),
    path("actions/<path:control_id>/", views.action, name="action"),
    path("share/<path:control_id>/", views.share, name="share"),
    path("history/", views.history, name="history"),
    path("sync/", views.sync, name="sync"),
    path("sync/status/", views.sync_status, name="sync_status"),
]
