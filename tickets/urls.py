"""Addresses of the tickets pages."""

from __future__ import annotations

from django.urls import path

from tickets import amendment_views, state_views, views
from tickets.adoption import views as adoptions
from tickets.mapping_views import field_mapping, reset_mapping

app_name = "tickets"
urlpatterns = [
    path("", views.ticket_list, name="list"),
    path("new/", views.ticket_new, name="new"),
    path("sync/", views.sync_now, name="sync"),
    path("states/", state_views.state_list, name="states"),
    path("states/import/", state_views.import_states, name="import_states"),
    path("states/import/status/", state_views.import_status, name="import_status"),
    path("states/undo/<int:pk>/", state_views.undo_states, name="undo_states"),
    path("states/<str:kind>/", state_views.edit_states, name="edit_states"),
    path("states/<str:kind>/export/", state_views.export_states, name="export_states"),
    path("states/<str:kind>/file/", state_views.upload_states, name="upload_states"),
    path("reprovision/", adoptions.reprovision, name="reprovision"),
    path("adoptions/", adoptions.take_over, name="take_over"),
    path("adoptions/<int:pk>/", adoptions.adoption, name="adoption"),
    path("adoptions/<int:pk>/again/", adoptions.compare_again, name="compare_again"),
    path("adoptions/<int:pk>/apply/", adoptions.accept, name="accept"),
    path("adoptions/<int:pk>/discard/", adoptions.discard, name="discard"),
    path("mapping/", field_mapping, name="mapping"),
    path("mapping/reset/", reset_mapping, name="reset_mapping"),
    path("<int:pk>/", views.ticket_detail, name="detail"),
    path("<int:pk>/progress/", views.ticket_progress, name="progress"),
    path("<int:pk>/retry/", views.ticket_retry, name="retry"),
    path("<int:pk>/edit/", amendment_views.ticket_edit, name="edit"),
    path("<int:pk>/note/", amendment_views.ticket_note, name="note"),
    path(
        "<int:pk>/amendments/<int:delivery>/retry/",
        amendment_views.amendment_retry,
        name="amendment_retry",
    ),
    path(
        "<int:pk>/amendments/<int:delivery>/discard/",
        amendment_views.amendment_discard,
        name="amendment_discard",
    ),
    path("<uuid:reference>/", views.ticket_by_reference, name="reference"),
]
