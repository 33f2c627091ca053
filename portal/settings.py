"""Every value that differs between machines comes from the environment; a missing one stops the start with the cure."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import pghistory
import pgtrigger
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str | None = None) -> str:
    """A value of the environment, or of the file named by NAME_FILE (for secrets mounted as files)."""
    if file_name := os.environ.get(f"{name}_FILE"):
        return Path(file_name).read_text(encoding="utf-8").strip()
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} in the environment (see .env.example).")
    return value


def env_bool(name: str, default: bool = False) -> bool:
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


def database_from_url(url: str) -> dict:
    """postgresql://user:password@host:port/name?host=/socket/folder -> Django's settings dict."""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must be postgresql://…: this product runs on PostgreSQL only."
        )
    # A new connection per request costs two thirds of the throughput of a list page.
    database = dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)
    options = database.setdefault("OPTIONS", {})
    # In the query stands the folder of a socket; PostgreSQL's own programs are told HOST and PORT only.
    database |= {name.upper(): options.pop(name) for name in ("host", "port") if name in options}
    # Parallel workers help one idle reader and starve the others when every core is busy.
    options.setdefault("options", "-c max_parallel_workers_per_gather=0")
    return database


DEBUG = env_bool("DEBUG")
SECRET_KEY = env("SECRET_KEY", "debug-only-key-never-used-where-debug-is-off" if DEBUG else None)
# Former keys, while a new one takes over: what they sealed or signed stays readable.
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG else "")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "guardian",
    "import_export",
    "pghistory",
    "pgtrigger",
    "portal",
    "residents",
    "bases",
    "review",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.request_id",
    "review.api.problems.answers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.access.SignInFirst",
    "portal.middleware.session_limits",
    "portal.middleware.history_context",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.no_store",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["residents.templatetags.record_tags"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.frame",
            ],
        },
    },
]

DATABASES = {"default": database_from_url(env("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in. Argon2id at OWASP strength: a tenth of the time of Django's default hasher (see portal/hashers.py).
AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["portal.hashers.OwaspArgon2idHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "residents.password_validation.PersonalPasswordValidator"},
]
# By string, since the frame imports no other app: how a typed account becomes the stored one, and whether a new
# account may be activated with the mobile number alone.
LOGIN_NAME_NORMALISER = "residents.rules.identity.normalise_login"
MOBILE_ACTIVATION_POLICY = "bases.accounts.activation.mobile_is_enough"
# Likewise the section of the manual for the page of a route, and the main menu of a role.
MANUAL_PLACE = "review.manual.places.place_of"
MENU = "review.menu.menu_of"
LOGIN_URL = "portal:sign-in"
LOGIN_REDIRECT_URL = "portal:desk"
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = int(env("SESSION_IDLE_SECONDS", "1800"))
# Whether the association, and whoever asks for full numbers, must have a second factor (TRUST 14). Anybody may.
SECOND_FACTOR_REQUIRED = env_bool("SECOND_FACTOR_REQUIRED", not DEBUG)
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"

# TLS ends at the proxy; DEBUG is the only way to serve plain http.
SECURE_SSL_REDIRECT = not DEBUG and env_bool("SECURE_SSL_REDIRECT", True)
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
# Number of proxies of ours in front; 0 means that X-Forwarded-* is ignored, whoever sends it.
TRUSTED_PROXY_COUNT = int(env("TRUSTED_PROXY_COUNT", "0"))
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# One shared place: several web processes on several machines must count and cache alike.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT", str(BASE_DIR / "var" / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# In DEBUG files are found where they lie; elsewhere `collectstatic` has gathered them.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    # Uploads hold personal data: a folder that no URL serves; each download is a view with its own right.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env("PRIVATE_ROOT", str(BASE_DIR / "var" / "private")), "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 6000
# What the clock calls once a minute beside its own work, by name: it stands below the desks and knows none of them.
CLOCK_CHORES = [
    "review.quality.tasks.recheck_when_due",
    "review.funnel.tasks.recount_when_due",
    "review.exports.jobs.look_after",
]
UPLOAD_MAX_BYTES = 20 * 1024 * 1024
WORKBOOK_MAX_ROWS = int(env("WORKBOOK_MAX_ROWS", "5000"))
# What one key of the interface may ask in a minute; a batch holds up to a thousand records.
API_REQUESTS_PER_MINUTE = int(env("API_REQUESTS_PER_MINUTE", "120"))
# Uploaded workbooks are deleted after this many days (DOMAIN P-26).
UPLOAD_RETENTION_DAYS = int(env("UPLOAD_RETENTION_DAYS", "90"))
# Exported files can be fetched for this many days, then they are deleted (GOALS N5).
EXPORT_DAYS = int(env("EXPORT_DAYS", "7"))
# How long a process may work with code lists that the association has just changed; 0: until it starts anew.
CODE_LISTS_SECONDS = int(env("CODE_LISTS_SECONDS", "3"))
# Dotted path of the operator's virus scanner (portal/scanning.py says what it takes and answers); empty scans nothing.
UPLOAD_SCANNER = env("UPLOAD_SCANNER", "")

TASKS = {
    "default": {"BACKEND": env("TASKS_BACKEND", "django_tasks_db.DatabaseBackend"), "QUEUES": ["default"]}
}

# Statement-level triggers see every bulk statement and cost a tenth of row-level ones on COPY.
PGHISTORY_LEVEL = pgtrigger.Statement
PGHISTORY_APPEND_ONLY = True
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(related_name="events", related_query_name="events")
PGHISTORY_CONTEXT_FIELD = pghistory.ContextForeignKey(null=True)

EMAIL_BACKEND = env("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "noreply@localhost")
# Where mails and SMS of messages go: a function (channel, address, text) by its dotted path, see portal/gateways.py.
MESSAGE_GATEWAY = env("MESSAGE_GATEWAY", "portal.gateways.console")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "INFO")},
}
