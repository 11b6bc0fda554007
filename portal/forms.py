"""How forms are drawn."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class PortalFormRenderer(TemplatesSetting):
    """Draw every field with the portal's own field template."""

    form_template_name = "ui/form.html"
    field_template_name = "ui/field.html"
