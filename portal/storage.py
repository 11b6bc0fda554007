"""Hashed, compressed static files, ES-module imports included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Match

# Its comments show import statements of files it does not have.
_NOT_MODULES = "django_htmx/"


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also rewrite the addresses inside ES modules' import statements."""

    support_js_module_import_aggregation = True

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[Match[str]], str]:
        if name.startswith(_NOT_MODULES):
            return lambda found: found.group(0)
        convert: Any = super().url_converter(name, hashed_files, template)
        return convert  # type: ignore[no-any-return]
