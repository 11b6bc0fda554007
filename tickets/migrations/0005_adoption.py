from __future__ import annotations

import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connector', '0005_connection_replaces'),
        ('tickets', '0004_amendments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='ticket',
            name='is_test',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='ticketevent',
            name='action',
            field=models.CharField(choices=[('created', 'Created in the portal'), ('queued', 'Queued'), ('sent', 'Sending'), ('delivered', 'In ServiceNow'), ('adopted', 'Found in ServiceNow'), ('failed', 'Attempt failed'), ('stopped', 'Stopped'), ('retried', 'Sent again by hand'), ('changed', 'Changed in ServiceNow'), ('commented', 'Comment in ServiceNow'), ('missing', 'No longer visible in ServiceNow'), ('found', 'Visible in ServiceNow again'), ('edited', 'Changed in the portal'), ('noted', 'Note from the portal'), ('amended', 'Change or note is in ServiceNow'), ('discarded', 'Discarded'), ('moved', 'Taken over by another connection')], max_length=20),
        ),
        migrations.CreateModel(
            name='Adoption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('comparing', 'Comparing'), ('ready', 'Waits for a decision'), ('applying', 'Taking the tickets over'), ('applied', 'Taken over'), ('discarded', 'Discarded'), ('failed', 'Failed')], default='comparing', max_length=10)),
                ('result', models.JSONField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('compared_at', models.DateTimeField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('error_code', models.CharField(blank=True, max_length=50)),
                ('error_words', models.TextField(blank=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connector.connection')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connector.connection')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connector.tenant')),
            ],
            options={
                'verbose_name': 'adoption',
                'ordering': ['-created_at', '-pk'],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ('comparing', 'ready', 'applying', 'failed'))), fields=('source',), name='adoption_one_at_a_time_per_source')],
            },
        ),
    ]
