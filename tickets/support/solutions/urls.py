"""Addresses of recommended solutions, below those of the support integration."""

from __future__ import annotations

from django.urls import path

from tickets.support.solutions import (
    import_views,
    knowledge_views,
    library_views,
    views,
)

urlpatterns = [
    path("", views.solutions, name="solutions"),
    path("<int:pk>/opinion/", views.judge, name="solution_opinion"),
    path("library/", library_views.solution_list, name="library"),
    path("library/new/", library_views.solution_new, name="solution_new"),
    path("library/preview/", library_views.preview, name="solution_preview"),
    path("library/export/", library_views.library_export, name="library_export"),
    path("library/import/", import_views.library_import, name="library_import"),
    path(
        "library/import/<int:pk>/",
        import_views.library_import_preview,
        name="library_import_preview",
    ),
    path("library/<int:pk>/", library_views.solution, name="solution"),
    path("library/<int:pk>/edit/", library_views.solution_edit, name="solution_edit"),
    path(
        "library/<int:pk>/delete/",
        library_views.solution_delete,
        name="solution_delete",
    ),
    path("knowledge/", knowledge_views.knowledge_bases, name="knowledge"),
    path(
        "knowledge/<int:pk>/save/",
        knowledge_views.knowledge_save,
        name="knowledge_save",
    ),
    path(
        "knowledge/<int:pk>/fetch/",
        knowledge_views.knowledge_fetch,
        name="knowledge_fetch",
    ),
]
