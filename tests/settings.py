"""The portal's settings as the tests run with them, apart from this machine's own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.servers import Postgres

# Values of this machine that must not reach the tests.
_FOREIGN = (
    "ENTRA_",
    "GRAPH_",
    "SERVICENOW_",
    "SANDBOX_",
    "SYNC_",
    "OUTBOX_",
    "CELERY_",
)


def _database_url(folder: Path) -> str:
    wanted = os.environ.get("TEST_DATABASE", "sqlite")
    if wanted == "sqlite":
        return f"sqlite:///{folder / 'portal.sqlite3'}"
    if wanted == "postgres":
        postgres = Postgres()
        atexit.register(postgres.close)
        return postgres.url
    return wanted


DATA_FOLDER = Path(tempfile.mkdtemp(prefix="portal-test-"))
atexit.register(shutil.rmtree, DATA_FOLDER, ignore_errors=True)
for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
    del os.environ[name]
os.environ |= {
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "DATABASE_URL": _database_url(DATA_FOLDER),
    "DATA_DIR": str(DATA_FOLDER),
    "DEBUG": "false",
    "ENCRYPTION_KEYS": "dGVzdHMtb25seS1uZXZlci1mb3ItcmVhbC1zZWNyZXQ=",
    "ENV_FILE": str(DATA_FOLDER / "secrets.env"),
    # A message goes nowhere unless a test consumes it or asks for a real broker.
    "REDIS_URL": "memory://",
    "SECRET_KEY": "only-for-tests-" + 40 * "x",
    "SITE_URL": "http://testserver",
    "TIME_ZONE": "UTC",
}
(DATA_FOLDER / "secrets.env").touch()
(DATA_FOLDER / "static").mkdir()

from portal.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files straight from their folders: nothing was collected.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # A file, not memory: threads of one test see each other as in production.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_FOLDER / "test.sqlite3")}  # noqa: F405
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
