import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connector', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RequestBudget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('requests', models.PositiveIntegerField(default=0)),
                ('ends_at', models.DateTimeField()),
                ('limit', models.PositiveIntegerField(blank=True, null=True)),
                ('rule', models.CharField(blank=True, max_length=100)),
                ('named_at', models.DateTimeField(blank=True, null=True)),
                ('blocked_until', models.DateTimeField(blank=True, null=True)),
                ('connection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='budget', to='connector.connection')),
            ],
        ),
    ]
