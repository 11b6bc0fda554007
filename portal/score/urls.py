"""Addresses of the Secure Score pages."""

from __future__ import annotations

from django.urls import path

from portal.score import (
    action_views,
    alert_views,
    effect_views,
    export_views,
    list_views,
    overview_views,
    share_plan_views,
    views,
)

app_name = "score"
urlpatterns = [
    path("", overview_views.score_overview, name="overview"),
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
    path("effects/", effect_views.effects, name="effects"),
    path("effects/rule/", effect_views.effect_rule, name="effect_rule"),
    path("effects/<int:pk>/note/", effect_views.effect_note, name="effect_note"),
    path("effects/<int:pk>/reopen/", effect_views.effect_reopen, name="effect_reopen"),
    path("ledger/", effect_views.ledger, name="ledger"),
    path("ledger/file/", effect_views.ledger_file, name="ledger_file"),
    path("plan/", share_plan_views.plan, name="plan"),
    path("plan/new/", share_plan_views.plan_new, name="plan_new"),
    path("plan/<uuid:pk>/", share_plan_views.plan_review, name="plan_review"),
    path("sync/", overview_views.sync, name="sync"),
    path("sync/status/", overview_views.sync_status, name="sync_status"),
]
