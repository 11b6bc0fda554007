"""Addresses of the Secure Score pages."""

from __future__ import annotations

from django.urls import path

from portal.score import alert_views, overview_views, views

app_name = "score"
urlpatterns = [
    path("", overview_views.score_overview, name="overview"),
    path("actions/", views.actions, name="actions"),
    path("actions/<path:control_id>/", views.action, name="action"),
    path("share/<path:control_id>/", views.share, name="share"),
    path("history/", overview_views.history, name="history"),
    path("trends/", overview_views.metrics, name="trends"),
    path("zones/", overview_views.zones, name="zones"),
    path("organizations/", overview_views.organizations, name="organizations"),
    path("alerts/", alert_views.alerts, name="alerts"),
    path("alerts/acknowledge/", alert_views.acknowledge_all, name="acknowledge_alerts"),
    path("alerts/<int:pk>/acknowledge/", alert_views.acknowledge, name="acknowledge"),
    path("alerts/rules/new/", alert_views.rule, name="alert_rule_new"),
    path("alerts/rules/<int:pk>/", alert_views.rule, name="alert_rule"),
    path(
        "alerts/rules/<int:pk>/delete/",
        alert_views.delete_rule,
        name="alert_rule_delete",
    ),
    path("sync/", overview_views.sync, name="sync"),
    path("sync/status/", overview_views.sync_status, name="sync_status"),
]
