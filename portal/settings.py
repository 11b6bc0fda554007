"""All settings in one file; every value comes from the environment or is a default."""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal import entra

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

# Where the installation keeps what it makes itself: database, secrets, broker.
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
environ.FileAwareEnv.read_env(
    env.str("ENV_FILE", default=str(DATA_DIR / "secrets.env"))
)

# Core
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8765").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORMS_URLFIELD_ASSUME_HTTPS = True

INSTALLED_APPS = [
    "portal",
    "tickets",
    "connector",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_filters",
    "django_htmx",
    "social_django",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.AuditContextMiddleware",
    "portal.middleware.TenantMiddleware",
    "portal.middleware.NothingToShowMiddleware",
    "connector.servicenow.middleware.AuthorizationErrorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.context_processors.shell",
            ],
        },
    },
]
FORM_RENDERER = "portal.forms.PortalFormRenderer"

# Database
DATABASES = {
    "default": env.db_url(
        "DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'portal.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file does not go away: opening it anew for each request and task costs more.
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# What people upload is small; what is larger is not written anywhere, so that a form
# says that no file came.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# Files people asked for; web and workers share the folder.
EXPORTS_DIR = DATA_DIR / "exports"

# Encryption of stored secrets: first key encrypts, all keys decrypt.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])

# People's sign-in
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    # The registry social-auth looks its backends up in; it cannot sign anyone in.
    "connector.servicenow.backend.ServiceNowOAuth2",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:home"
ACCOUNT_ADAPTER = "portal.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "portal.sign_in.SignInForm"}
MFA_ADAPTER = "portal.adapters.MFAAdapter"
SOCIALACCOUNT_ADAPTER = "portal.adapters.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
ENTRA_AUTHORITY = env.str(
    "ENTRA_AUTHORITY", default="https://login.microsoftonline.com"
).rstrip("/")
ENTRA_TENANT_ID = env.str("ENTRA_TENANT_ID", default="")
ENTRA_CLIENT_ID = env.str("ENTRA_CLIENT_ID", default="")
if ENTRA_TENANT_ID and ENTRA_CLIENT_ID:
    SOCIALACCOUNT_PROVIDERS = entra.provider(
        ENTRA_AUTHORITY,
        ENTRA_TENANT_ID,
        ENTRA_CLIENT_ID,
        env.str("ENTRA_CLIENT_SECRET", default=""),
    )

# Authorization of a ServiceNow instance
SOCIAL_AUTH_URL_NAMESPACE = "social"
SOCIAL_AUTH_RAISE_EXCEPTIONS = False
SOCIAL_AUTH_LOGIN_ERROR_URL = "connector:setup"
SOCIAL_AUTH_FIELDS_STORED_IN_SESSION = ["connection"]
SOCIAL_AUTH_SERVICENOW_REDIRECT_IS_HTTPS = SITE_URL.startswith("https://")

# ServiceNow: hosts beside *.service-now.com that may be connected (custom domains).
SERVICENOW_EXTRA_HOSTS = env.list("SERVICENOW_EXTRA_HOSTS", default=[])
# The one loopback origin that may be connected, for the sandbox: http://127.0.0.1:PORT
SERVICENOW_SANDBOX_URL = env.str("SERVICENOW_SANDBOX_URL", default="").rstrip("/")
SERVICENOW_CHANGE_CATEGORY = env.str("SERVICENOW_CHANGE_CATEGORY", default="Other")

# Where the portal's calls come from, as others see it; shown for their allow lists.
PORTAL_EGRESS_ADDRESSES = env.list("PORTAL_EGRESS_ADDRESSES", default=[])

# Microsoft Graph
GRAPH_BASE_URL = env.str(
    "GRAPH_BASE_URL", default="https://graph.microsoft.com/v1.0"
).rstrip("/")
# A fixed bearer token, for a stand-in or a proxy that signs in by itself.
GRAPH_ACCESS_TOKEN = env.str("GRAPH_ACCESS_TOKEN", default="")
GRAPH_AUTHORITY = env.str(
    "GRAPH_AUTHORITY", default="https://login.microsoftonline.com"
).rstrip("/")
# What is used where an organisation's access was not entered in the portal.
GRAPH_TENANT_ID = env.str("GRAPH_TENANT_ID", default="")
GRAPH_CLIENT_ID = env.str("GRAPH_CLIENT_ID", default="")
GRAPH_CLIENT_SECRET = env.str("GRAPH_CLIENT_SECRET", default="")

# Outbox and sync, in seconds.
HTTP_CONNECT_TIMEOUT = env.float("HTTP_CONNECT_TIMEOUT", default=3.05)
HTTP_READ_TIMEOUT = env.float("HTTP_READ_TIMEOUT", default=20)
# A claim older than this belongs to a dead worker; above the longest request.
OUTBOX_LEASE = env.int("OUTBOX_LEASE", default=60)
# An unanswered create may still be committed until the instance's 60 s quota ends.
OUTBOX_SETTLE = env.int("OUTBOX_SETTLE", default=70)
# Between the attempts: after the first failed one, the second, ... and ever after.
OUTBOX_BACK_OFF = env.list(
    "OUTBOX_BACK_OFF", cast=int, default=[5, 30, 60, 300, 1200, 3600]
)
OUTBOX_SWEEP_INTERVAL = env.int("OUTBOX_SWEEP_INTERVAL", default=10)
SYNC_INTERVAL = env.int("SYNC_INTERVAL", default=60)
SYNC_MAX_INTERVAL = env.int("SYNC_MAX_INTERVAL", default=300)

# The connector API: calls a minute of one repository, and refused ones of one address.
CONNECTOR_CALLS_PER_MINUTE = env.int("CONNECTOR_CALLS_PER_MINUTE", default=120)
CONNECTOR_REFUSALS_PER_MINUTE = env.int("CONNECTOR_REFUSALS_PER_MINUTE", default=60)

# Celery
REDIS_URL = env.str("REDIS_URL", default=f"redis+socket://{DATA_DIR / 'redis.sock'}")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Messages only wake workers. What a killed worker had fetched is found by the next
    # sweep or poll, sooner than Redis would hand it out again, and at no cost.
    "ack_emulation": False,
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 2
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "portal"
CELERY_BEAT_SCHEDULE = {
    "sweep the outbox": {
        "task": "tickets.tasks.sweep",
        "schedule": OUTBOX_SWEEP_INTERVAL,
    },
    "poll due connections": {
        "task": "tickets.tasks.poll_due",
        "schedule": min(SYNC_INTERVAL, 15),
    },
    "check connections": {"task": "connector.tasks.check_connections", "schedule": 300},
    "give a sign of life": {"task": "portal.tasks.beat", "schedule": 60},
    "sync Secure Score": {"task": "portal.score.tasks.sync_due", "schedule": 600},
    "fetch service health": {
        "task": "tickets.support.tasks.pull_health_due",
        "schedule": 900,
    },
    "send service requests": {
        "task": "tickets.support.tasks.sweep_requests",
        "schedule": 30,
    },
    "fetch signing keys": {
        "task": "tickets.support.tasks.fetch_signing_keys_due",
        "schedule": 6 * 3600,
    },
    "tidy the log of connector calls": {
        "task": "tickets.support.tasks.tidy_calls",
        "schedule": 24 * 3600,
    },
    "take knowledge bases over": {
        "task": "tickets.support.solutions.tasks.pull_knowledge_due",
        "schedule": 600,
    },
    "tidy recommended solutions": {
        "task": "tickets.support.solutions.tasks.tidy",
        "schedule": 24 * 3600,
    },
    "mail alerts": {"task": "portal.score.tasks.mail_alerts", "schedule": 300},
    "send states to Graph": {"task": "portal.score.tasks.sweep_states", "schedule": 30},
    "tidy exports": {"task": "portal.score.tasks.tidy_exports", "schedule": 300},
    "clear sessions": {"task": "portal.tasks.clear_sessions", "schedule": 86_400},
}

# Cache: rate limits of the sign-in; nothing that must survive.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Language and time
LANGUAGE_CODE = "en"
# Only what has a catalogue in LOCALE_PATHS: half a translation confuses.
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["portal.formats"]
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

# Static files
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "portal.storage.StaticFilesStorage"},
}

# Browser security
# Browsers hold redirects after a form's POST to form-action: Entra ID is one.
ENTRA_ORIGIN = [ENTRA_AUTHORITY] if ENTRA_TENANT_ID else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF, *ENTRA_ORIGIN],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "manifest-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
    }
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.int("SESSION_COOKIE_AGE", default=60 * 60 * 12)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
SESSION_COOKIE_NAME = "portal_session"
CSRF_COOKIE_NAME = "portal_csrf"
CSRF_FAILURE_VIEW = "portal.unsent.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=False)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"

# Mail: alerts and service requests. Without a server each one becomes a file in DATA_DIR/mail.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=EMAIL_PORT == 465)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=EMAIL_PORT == 587)
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="security-center@localhost")

# Logs: event and ids, never payloads or tokens.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "portal.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
