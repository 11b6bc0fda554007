"""Addresses of the tickets pages."""

from __future__ import annotations

from django.urls import path

from tickets import views
from tickets.mapping_views import field_mapping, reset_mapping
from tickets.state_views import rename_state, reset_state, state_list

app_name = "tickets"
urlpatterns = [
    path("", views.ticket_list, name="list"),
    path("new/", views.ticket_new, name="new"),
    path("sync/", views.sync_now, name="sync"),
    path("states/", state_list, name="states"),
    path("states/<int:pk>/rename/", rename_state, name="rename_state"),
    path("states/<int:pk>/reset/", reset_state, name="reset_state"),
    path("mapping/", field_mapping, name="mapping"),
    path("mapping/reset/", reset_mapping, name="reset_mapping"),
    path("<int:pk>/", views.ticket_detail, name="detail"),
    path("<int:pk>/progress/", views.ticket_progress, name="progress"),
    path("<int:pk>/retry/", views.ticket_retry, name="retry"),
    path("<uuid:reference>/", views.ticket_by_reference, name="reference"),
]
