"""Addresses of service requests, below those of the support integration."""

from __future__ import annotations

from django.urls import path

from tickets.support.service_requests import (
    act_views,
    inbox_views,
    settings_views,
    views,
)

urlpatterns = [
    path("requests/", views.request_list, name="requests"),
    path("requests/new/", views.request_new, name="request_new"),
    path(
        "requests/settings/", settings_views.request_settings, name="request_settings"
    ),
    path(
        "requests/settings/secret/",
        settings_views.inbound_secret,
        name="inbound_secret",
    ),
    path("requests/inbox/", inbox_views.inbox, name="request_inbox"),
    path("requests/inbox/<uuid:pk>/assign/", inbox_views.assign, name="inbox_assign"),
    path("requests/inbox/<uuid:pk>/drop/", inbox_views.drop, name="inbox_drop"),
    path("requests/<str:reference>/", views.request_detail, name="request"),
    path(
        "requests/<str:reference>/progress/",
        views.request_progress,
        name="request_progress",
    ),
    path(
        "requests/<str:reference>/state/", act_views.request_state, name="request_state"
    ),
    path("requests/<str:reference>/case/", act_views.request_case, name="request_case"),
    path(
        "requests/<str:reference>/update/",
        act_views.request_update,
        name="request_update",
    ),
    path(
        "requests/<str:reference>/deliveries/<int:pk>/retry/",
        act_views.delivery_retry,
        name="delivery_retry",
    ),
    path(
        "requests/<str:reference>/deliveries/<int:pk>/discard/",
        act_views.delivery_discard,
        name="delivery_discard",
    ),
    path("inbound/<uuid:key>/", inbox_views.take, name="inbound"),
]
