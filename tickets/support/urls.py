"""Addresses of the support integration."""

from __future__ import annotations

from django.urls import include, path

from tickets.support import (
    account_views,
    health_views,
    message_views,
    repository_views,
    setup_views,
    views,
)
from tickets.support.api import pages
from tickets.support.diagnosis import call_views
from tickets.support.diagnosis import views as diagnosis_views
from tickets.support.service_requests.urls import urlpatterns as requests

app_name = "support"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("decision/", views.decision, name="decision"),
    path("setup/", setup_views.setup, name="setup"),
    path("setup/print/", setup_views.printed, name="print"),
    path("setup/<int:pk>/changes/", setup_views.changes, name="changes"),
    path("setup/<int:pk>/check/", setup_views.check, name="check"),
    path("setup/<int:pk>/tick/", setup_views.tick_checked, name="tick_checked"),
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
    path("health/", health_views.overview, name="health"),
    path("health/refresh/", health_views.refresh, name="health_refresh"),
    path("health/<str:issue_id>/", health_views.issue, name="issue"),
    path(
        "health/<str:issue_id>/matches/<int:pk>/",
        health_views.decide,
        name="decide_match",
    ),
    path("health/<str:issue_id>/note/", health_views.bulk_note, name="bulk_note"),
    path("api/", pages.api, name="api"),
    path("api/scripts/", pages.download, name="api_scripts"),
    path("messages/", message_views.message_list, name="messages"),
    path("messages/<str:message_id>/", message_views.message, name="message"),
    path("diagnosis/", diagnosis_views.diagnosis, name="diagnosis"),
    path(
        "diagnosis/<int:pk>/examine/",
        diagnosis_views.examine,
        name="diagnosis_examine",
    ),
    path(
        "diagnosis/<int:pk>/report/", diagnosis_views.as_text, name="diagnosis_report"
    ),
    path("calls/", call_views.call_list, name="calls"),
    path("calls/export/", call_views.export, name="calls_export"),
    path("calls/<int:pk>/", call_views.call, name="call"),
    path("account/people/", account_views.link_person, name="link_person"),
    path("account/people/<int:pk>/", account_views.unlink_person, name="unlink_person"),
    *requests,
    path("solutions/", include("tickets.support.solutions.urls")),
]
