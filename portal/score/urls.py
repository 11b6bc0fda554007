"""Addresses of the Secure Score pages."""

from __future__ import annotations

from django.urls import path

from portal.score import action_views, export_views, list_views, views

app_name = "score"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("actions/", action_views.actions, name="actions"),
    path("actions/<path:control_id>/", action_views.action, name="action"),
    path("status/<path:control_id>/", action_views.plan_status, name="plan_status"),
    path("retry/<path:control_id>/", action_views.retry_status, name="retry_status"),
    path("bulk/", list_views.bulk, name="bulk"),
    path("views/", list_views.save_view, name="save_view"),
    path("views/<int:pk>/delete/", list_views.delete_view, name="delete_view"),
    path("export/", export_views.export, name="export"),
    path("export/<uuid:pk>/", export_views.export_progress, name="export_progress"),
    path("export/<uuid:pk>/file/", export_views.export_file, name="export_file"),
    path("share/<path:control_id>/", views.share, name="share"),
    path("history/", views.history, name="history"),
    path("sync/", views.sync, name="sync"),
    path("sync/status/", views.sync_status, name="sync_status"),
]
