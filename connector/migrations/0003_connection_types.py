import connector.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connector', '0002_request_budget'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='auth_type',
            field=models.CharField(choices=[('authorization_code', 'Authorization code'), ('client_credentials', 'Client credentials'), ('basic', 'Basic')], default='authorization_code', max_length=20),
        ),
        migrations.AddField(
            model_name='connection',
            name='password',
            field=connector.fields.EncryptedTextField(blank=True, verbose_name='password'),
        ),
        migrations.AlterField(
            model_name='connection',
            name='client_id',
            field=models.CharField(blank=True, max_length=255, verbose_name='client ID'),
        ),
    ]
