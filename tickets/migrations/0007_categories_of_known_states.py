"""Give the states every instance has the category their codes stood for."""

from django.db import migrations

# Category → colour, and the codes of both kinds.
_CODES = {
    ("open", "blue"): {"change_request": ["-5", "-4", "-3", "-2"], "incident": ["1"]},
    ("in_progress", "teal"): {"change_request": ["-1", "0"], "incident": ["2", "3"]},
    ("done", "green"): {"change_request": ["3"], "incident": ["6", "7"]},
    ("cancelled", "neutral"): {"change_request": ["4"], "incident": ["8"]},
}


def categorise(apps, schema_editor):
    states = apps.get_model("tickets", "TicketState").objects.filter(category="")
    for (category, colour), kinds in _CODES.items():
        for kind, codes in kinds.items():
            found = states.filter(kind=kind, value__in=codes)
            found.update(category=category, colour=colour)


class Migration(migrations.Migration):

    dependencies = [
        ("tickets", "0006_ticket_state_categories"),
    ]

    operations = [
        migrations.RunPython(categorise, migrations.RunPython.noop),
    ]
