"""Hashed, compressed static files, ES-module imports included."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrite the addresses inside ES modules' import statements."""

    support_js_module_import_aggregation = True
