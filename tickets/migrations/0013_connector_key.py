import uuid

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0012_connector_calls'),
    ]

    operations = [
        migrations.AlterField(
            model_name='repository',
            name='connector_key',
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
    ]
