"""Addresses of the connector pages."""

from __future__ import annotations

from django.urls import path

from connector import handover_views, views, wizard_views
from connector.graph import views as graph_views

app_name = "connector"
urlpatterns = [
    # Spelt as people know it from the security center.
    path("ticketProvisioning", views.provisioning, name="provisioning"),
    path("servicenow/setup/", views.setup, name="setup"),
    path("servicenow/setup/status/", views.setup_status, name="setup_status"),
    path("servicenow/setup/tick/", wizard_views.setup_tick, name="setup_tick"),
    path("servicenow/setup/finish/", wizard_views.setup_finish, name="setup_finish"),
    path("servicenow/authorize/", views.authorize, name="authorize"),
    path("servicenow/configuration/", views.configuration, name="configuration"),
    path("servicenow/label/", views.relabel, name="relabel"),
    path("servicenow/default/", views.make_default, name="make_default"),
    path("servicenow/check/", views.check, name="check"),
    path("servicenow/checks/<int:pk>/", views.check_run, name="check_run"),
    path("servicenow/remove/", views.remove, name="remove"),
    path("servicenow/hand-over/", handover_views.handover_new, name="handover_new"),
    path(
        "servicenow/hand-over/revoke/",
        handover_views.handover_revoke,
        name="handover_revoke",
    ),
    path(
        "servicenow/hand-over/done/",
        handover_views.handover_done,
        name="handover_done",
    ),
    path(
        "servicenow/hand-over/<str:token>/",
        handover_views.handover_open,
        name="handover",
    ),
    path("settings/graph/", graph_views.access, name="graph"),
    path("settings/graph/status/", graph_views.status, name="graph_status"),
    path("settings/graph/check/", graph_views.check, name="graph_check"),
    path("settings/graph/remove/", graph_views.remove, name="graph_remove"),
]
