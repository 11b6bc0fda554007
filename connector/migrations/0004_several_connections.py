from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connector", "0003_connection_types")]

    operations = [
        migrations.AddField(
            "connection",
            "name",
            models.CharField(blank=True, max_length=60, verbose_name="name", default=""),
            preserve_default=False,
        ),
        # What is there already is its organisation's only one.
        migrations.AddField(
            "connection", "is_default", models.BooleanField(default=True)
        ),
        migrations.AlterField(
            "connection", "is_default", models.BooleanField(default=False)
        ),
        migrations.AddField(
            "connection",
            "is_test",
            models.BooleanField(default=False, verbose_name="test instance"),
        ),
        migrations.RemoveConstraint("connection", "connection_one_active_per_tenant"),
        migrations.AddConstraint(
            "connection",
            models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("tenant", "base_url"),
                name="connection_instance_once_per_tenant",
            ),
        ),
        migrations.AddConstraint(
            "connection",
            models.UniqueConstraint(
                condition=models.Q(("is_default", True), ("removed_at__isnull", True)),
                fields=("tenant", "kind"),
                name="connection_one_default_per_tenant",
            ),
        ),
    ]
