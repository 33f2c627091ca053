"""Every value that differs between machines comes from the environment; a missing one stops the start with the cure."""

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import pghistory
import pgtrigger
from csp.constants import NONE, SELF

from portal import clock, logs
from portal.bootstrap import folders, values
from portal.bootstrap.failure import Failure
from portal.bootstrap.logins import works_as_owner

# Set by portal/server.py for its own: a page may not wait as long as a command may.
PROCESS = values.text("PORTAL_PROCESS", "")
WEB_TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
BASE_DIR = Path(__file__).resolve().parent.parent


def database_from_url(url: str, setting: str = "DATABASE_URL", *, pooled: bool = False) -> dict[str, Any]:
    """postgresql://user:password@host:port/name?host=/socket/folder -> Django's settings dict. `pooled`: the address is
    that of PgBouncer, which gives each transaction another line."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        values.refuse(
            setting,
            "地址写法有误。用户名和口令中的 : / ? # [ ] @ % 须写成 %3A 这样的编码",
            "not an address; encode : / ? # [ ] @ % of user and password like %3A",
        )
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        values.refuse(
            setting,
            "应为 postgresql://用户:口令@主机:端口/数据库名，只支持 PostgreSQL",
            "must be postgresql://user:password@host:port/name; this product runs on PostgreSQL only",
        )
    # A new connection per request costs two thirds of the throughput of a list page.
    database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True))
    options: dict[str, Any] = dict(database.pop("OPTIONS", {}))
    # In the query stands the folder of a socket; PostgreSQL's own programs are told HOST and PORT only.
    database |= {name.upper(): options.pop(name) for name in ("host", "port") if name in options}
    # A server that does not even refuse (a machine that is gone) is given up before the client gives us up.
    options.setdefault("connect_timeout", "5")
    if not pooled:
        # Parallel workers help one idle reader and starve the others when every core is busy.
        told = {"max_parallel_workers_per_gather": "0"} | (WEB_TIMEOUTS if PROCESS == "web" else {})
        options.setdefault("options", " ".join(f"-c {name}={value}" for name, value in told.items()))
    else:
        # PgBouncer takes no options and keeps no cursor of a session; deploy/pgbouncer.ini sets the same.
        database["DISABLE_SERVER_SIDE_CURSORS"] = True
    return database | {"OPTIONS": options}


def replica_from_url(url: str) -> dict[str, Any]:
    """The same for a streaming replica: whoever gets a line to it can only read, even where it is a primary by now."""
    if CLOCK_CAN_MOVE:
        values.refuse(
            "DATABASE_REPLICA_URL",
            "不能与 CLOCK_CAN_MOVE 一起用：副本说出的时间是真实的",
            "not together with CLOCK_CAN_MOVE: a replica tells the real time",
        )
    database = database_from_url(url, "DATABASE_REPLICA_URL")
    if database["NAME"] != _RUNTIME["NAME"]:
        values.refuse(
            "DATABASE_REPLICA_URL",
            "与 DATABASE_URL 不是同一个数据库",
            "names another database than DATABASE_URL",
        )
    options = database["OPTIONS"]
    options["options"] += " -c default_transaction_read_only=on"
    # A page waits for it before it asks the primary.
    options["connect_timeout"] = "2"
    return database


def host_names() -> list[str]:
    """Names as they stand in a request, without scheme, port or path: others would never match."""
    names = values.parts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG else "")
    for name in names:
        if not re.fullmatch(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]", name):
            values.refuse(
                "ALLOWED_HOSTS",
                f"“{name}”应只写主机名，例如 portal.example.cn，多个用英文逗号分开",
                f"{name!r} is not a host name alone; separate several by commas",
            )
    return names


def portal_url() -> str:
    """What links in mails begin with: PORTAL_URL, else the first whole host name; "" where neither tells."""
    given = values.text("PORTAL_URL", "").rstrip("/")
    if given and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?", given):
        values.refuse(
            "PORTAL_URL",
            "应为 https://portal.example.cn 这样的地址，不带路径",
            "must be an address like https://portal.example.cn, without a path",
        )
    whole = [name for name in ALLOWED_HOSTS if name[0] not in "*.["]
    return given or (f"https://{whole[0]}" if whole and not DEBUG else "")


DEBUG = values.boolean("DEBUG")
# For demonstrations: another day can be tried (portal/clock.py). Never on a real installation.
CLOCK_CAN_MOVE = values.boolean("CLOCK_CAN_MOVE")
if CLOCK_CAN_MOVE:
    if not DEBUG:
        values.refuse(
            "CLOCK_CAN_MOVE",
            "只能与 DEBUG=1 一起用于演示，正式平台的时钟不能移动",
            "only together with DEBUG=1; the clock of a real installation is never moved",
        )
    clock.install()
SECRET_KEY = values.text("SECRET_KEY", "debug-only-key-never-used-where-debug-is-off" if DEBUG else None)
# Former keys, while a new one takes over: what they sealed or signed stays readable.
SECRET_KEY_FALLBACKS = values.parts("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = host_names()
CSRF_TRUSTED_ORIGINS = values.parts("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    # Before Django's own: its `runserver` would serve dot files of the static folders.
    "whitenoise.runserver_nostatic",
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
    "portal.service.guard",
    "django.middleware.security.SecurityMiddleware",
    "portal.static_files.ListedFiles",
    "portal.middleware.CompressedPages",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.request_id",
    "portal.sign_in.devices.tell_browser",
    "review.api.problems.answers",
    "portal.service.shed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.access.SignInFirst",
    "portal.middleware.session_limits",
    "portal.middleware.history_context",
    "portal.middleware.calendar_once",
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
    {
        # Rows of lists; asked for by this name alone, never by the name of a page.
        "NAME": "rows",
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"environment": "residents.rows.environment"},
    },
]

# Controls are written in Python (docs/performance.md).
FORM_RENDERER = "portal.controls.Renderer"

# Two logins (TRUST-55): what serves and works may neither change history nor switch its protection off; what makes
# tables is their owner. Without an owner's address one login does both, as before there were two.
_DIRECT_URL = values.given("DATABASE_DIRECT_URL")
if _DIRECT_URL and PROCESS != "web":
    # Pages share a pool of lines. The others are few, hold locks of their session and read a nation by a cursor.
    _RUNTIME = database_from_url(_DIRECT_URL, "DATABASE_DIRECT_URL")
else:
    _RUNTIME = database_from_url(values.text("DATABASE_URL"), pooled=bool(_DIRECT_URL))
_OWNER_URL = values.given("DATABASE_OWNER_URL")
_OWNER = database_from_url(_OWNER_URL, "DATABASE_OWNER_URL") if _OWNER_URL else None
DATABASES = {"default": _RUNTIME}
# Figures may be read from it (portal/replica.py), by the runtime login, without a pool.
if _REPLICA_URL := values.given("DATABASE_REPLICA_URL"):
    DATABASES["replica"] = replica_from_url(_REPLICA_URL)
    DATABASE_ROUTERS = ["portal.replica.Router"]
if _OWNER and works_as_owner(sys.argv):
    if _OWNER["NAME"] != _RUNTIME["NAME"]:
        values.refuse(
            "DATABASE_OWNER_URL",
            "与 DATABASE_URL 不是同一个数据库",
            "names another database than DATABASE_URL",
        )
    DATABASES = {"default": _OWNER}
# To whom `migrate` grants what the program needs, and which of the owner's procedures are meant for it.
DATABASE_RUNTIME_LOGIN = _RUNTIME["USER"]
DATABASE_RUNTIME_PROCEDURES = [
    "residents_correct_identity(bigint, text, text, text, text, bigint, text)",
    "residents_move_records(bigint[], bigint[], bigint, bigint, text)",
    "residents_merge_persons(bigint, bigint, bigint, text)",
    "residents_part_persons(bigint, bigint, text)",
    "history_seal()",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in. Argon2id at OWASP strength: a tenth of the time of Django's default hasher (see portal/hashers.py).
AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["portal.hashers.OwaspArgon2idHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "portal.sign_in.common_passwords.CommonPasswords"},
    {"NAME": "residents.password_validation.PersonalPasswordValidator"},
]
# By string, since the frame imports no other app: how a typed account becomes the stored one, and whether a new
# account may be activated with the mobile number alone.
LOGIN_NAME_NORMALISER = "residents.rules.identity.normalise_login"
LOGIN_NAME_KINDS = "residents.rules.identity.login_kinds"
MOBILE_ACTIVATION_POLICY = "bases.activation.mobile_is_enough"
# Likewise the section of the manual for the page of a route, and the main menu of a role.
MANUAL_PLACE = "review.manual.places.place_of"
MENU = "review.menu.menu_for"
# And the notices that concern a visitor, and those of them that he has not read.
NOTICES = "review.notices.readers.readable"
NOTICES_TO_READ = "review.notices.readers.to_read"
LOGIN_URL = "portal:sign-in"
LOGIN_REDIRECT_URL = "portal:desk"
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = values.number("SESSION_IDLE_SECONDS", 1800, 1, 86400)
# Whether whoever decides, audits or asks for full numbers must have a second factor (TRUST-14). Anybody may.
SECOND_FACTOR_REQUIRED = values.boolean("SECOND_FACTOR_REQUIRED", not DEBUG)
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"

# TLS ends at the proxy; DEBUG is the only way to serve plain http.
SECURE_SSL_REDIRECT = not DEBUG and values.boolean("SECURE_SSL_REDIRECT", True)
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
# Number of proxies of ours in front; 0 means that X-Forwarded-* is ignored, whoever sends it.
TRUSTED_PROXY_COUNT = values.number("TRUSTED_PROXY_COUNT", 0, 0, 20)
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
STATIC_ROOT = values.folder("STATIC_ROOT", BASE_DIR / "var" / "static")
PRIVATE_ROOT = values.folder("PRIVATE_ROOT", BASE_DIR / "var" / "private")
# Where the clock writes down, outside the database, what it sealed of audit and history (GOAL-S8).
HISTORY_ANCHOR_FOLDER = values.folder("HISTORY_ANCHOR_FOLDER", BASE_DIR / "var" / "anchors")
HISTORY_ANCHOR_MAIL = values.parts("HISTORY_ANCHOR_MAIL")
if faults := folders.faults(
    {
        "STATIC_ROOT": STATIC_ROOT,
        "PRIVATE_ROOT": PRIVATE_ROOT,
        "HISTORY_ANCHOR_FOLDER": HISTORY_ANCHOR_FOLDER,
        "PORTAL_POSTGRES_HOME": values.folder("PORTAL_POSTGRES_HOME", BASE_DIR / "var" / "postgres"),
    }
):
    raise Failure("\n".join(faults))
STATICFILES_DIRS = [BASE_DIR / "static"]
# In DEBUG files are found where they lie; elsewhere `collectstatic` has gathered them.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG
UPLOADS_BUCKET = values.text("UPLOADS_BUCKET", "")


def uploads_storage() -> dict[str, Any]:
    """Where uploads lie: a folder, or a bucket of an S3-compatible store where several machines share them.

    They hold personal data: no address leads to them, each download is a view with its own right.
    """
    if not UPLOADS_BUCKET:
        location = {"location": str(PRIVATE_ROOT), "base_url": None}
        return {"BACKEND": "portal.private_files.PrivateFiles", "OPTIONS": location}
    from botocore.config import Config  # noqa: PLC0415 - a fifth of a second that most installations need not wait

    options = {
        "bucket_name": UPLOADS_BUCKET,
        "endpoint_url": values.text("UPLOADS_ENDPOINT", "") or None,
        "region_name": values.text("UPLOADS_REGION", "") or None,
        "access_key": values.text("UPLOADS_ACCESS_KEY"),
        "secret_key": values.text("UPLOADS_SECRET_KEY"),
        "default_acl": "private",
        "file_overwrite": False,
        # No link of the store is ever handed out.
        "querystring_auth": True,
        "client_config": Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 2}),
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


STORAGES = {
    "default": uploads_storage(),
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
    "portal.chain.tasks.compare_when_due",
    "portal.sign_in.pruning.prune_when_due",
    "review.quality.tasks.recheck_when_due",
    "review.funnel.tasks.recount_when_due",
    "review.exports.jobs.look_after",
    "review.editions.services.look_after",
]
# Likewise what cannot be taken back, which waits while the clock's time is doubted (portal/clock_trust.py).
FINAL_CLOCK_CHORES = [
    "review.exports.jobs.forget_expired",
    "review.api.deliveries.forget_old",
    "review.switches.services.carry_out_due",
    "portal.chain.sealing.seal_history",
    "review.successions.services.carry_out_due",
    "review.api_keys.messages.remind_of_ends",
]
# Who names what is kept of a resident, in the order of the page 我的全部信息 (portal/own_copy.py).
OWN_COPY = [
    "residents.own_copy.record",
    "bases.submissions.own_copy.reports",
    "review.records.own_copy.kept_by_reviewers",
    "portal.own_copy.account",
]
UPLOAD_MAX_BYTES = 20 * 1024 * 1024
# A whole request; what is larger is refused by its first line (portal/server.py), and by the proxy (deploy/).
REQUEST_MAX_BYTES = 25 * 1024 * 1024
WORKBOOK_MAX_ROWS = values.number("WORKBOOK_MAX_ROWS", 5000, 1, 1_000_000)
# What one key of the interface may ask in a minute; a batch holds up to a thousand records.
API_REQUESTS_PER_MINUTE = values.number("API_REQUESTS_PER_MINUTE", 120, 1, 1_000_000)
# Uploaded workbooks are deleted after this many days (PAIN-26).
UPLOAD_RETENTION_DAYS = values.number("UPLOAD_RETENTION_DAYS", 90, 1, 36500)
# Exported files can be fetched for this many days, then they are deleted (GOAL-N5).
EXPORT_DAYS = values.number("EXPORT_DAYS", 7, 1, 36500)
# How long a process may work with code lists that the association has just changed; 0: until it starts anew.
CODE_LISTS_SECONDS = values.number("CODE_LISTS_SECONDS", 3, 0, 86400)
# Dotted path of the operator's virus scanner (portal/scanning.py says what it takes and answers); empty scans nothing.
UPLOAD_SCANNER = values.text("UPLOAD_SCANNER", "")

TASKS = {
    "default": {
        "BACKEND": values.text("TASKS_BACKEND", "django_tasks_db.DatabaseBackend"),
        # Each with workers of its own (portal/lanes.py).
        "QUEUES": ["default", "long", "outside"],
    }
}

# Statement-level triggers see every bulk statement and cost a tenth of row-level ones on COPY.
PGHISTORY_LEVEL = pgtrigger.Statement
PGHISTORY_APPEND_ONLY = True
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(related_name="events", related_query_name="events")
PGHISTORY_CONTEXT_FIELD = pghistory.ContextForeignKey(null=True)

EMAIL_BACKEND = values.text(
    "EMAIL_BACKEND", f"django.core.mail.backends.{'console' if DEBUG else 'smtp'}.EmailBackend"
)
EMAIL_HOST = values.text("EMAIL_HOST", "localhost")
EMAIL_PORT = values.number("EMAIL_PORT", 25, 1, 65535)
EMAIL_HOST_USER = values.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = values.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = values.boolean("EMAIL_USE_TLS")
EMAIL_USE_SSL = values.boolean("EMAIL_USE_SSL")
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    values.refuse(
        "EMAIL_USE_SSL",
        "与 EMAIL_USE_TLS 只能有一项为 1：端口 587 一般用 EMAIL_USE_TLS，465 用 EMAIL_USE_SSL",
        "only one of EMAIL_USE_TLS (mostly port 587) and EMAIL_USE_SSL (465) may be 1",
    )
# Each wait for an answer of the mail server; without one a silent server is waited for without end.
EMAIL_TIMEOUT = values.number("EMAIL_TIMEOUT", 10, 1, 60)
DEFAULT_FROM_EMAIL = values.text("DEFAULT_FROM_EMAIL", "noreply@localhost")
# The whole of one mail or SMS, and the look of the virus scanner at one file.
GATEWAY_SECONDS = values.number("GATEWAY_SECONDS", 30, 1, 40)
SCANNER_SECONDS = values.number("SCANNER_SECONDS", 20, 1, 60)
# Whoever brings this may read /metrics; empty: nobody.
METRICS_TOKEN = values.text("METRICS_TOKEN", "")
PORTAL_URL = portal_url()
# Mail addresses that accounts lack, by the account's key (the frame imports no other app).
MAIL_ADDRESSES = "residents.services.personal.mail_addresses"
# Where mails and SMS of messages go: a function (channel, address, text) by its dotted path, see portal/gateways.py.
MESSAGE_GATEWAY = values.text("MESSAGE_GATEWAY", "portal.gateways.console")
# Of portal.gateways.webhook: where it posts, and the key it signs with.
MESSAGE_WEBHOOK_URL = values.text("MESSAGE_WEBHOOK_URL", "")
MESSAGE_WEBHOOK_SECRET = values.text("MESSAGE_WEBHOOK_SECRET", "")
if MESSAGE_WEBHOOK_URL and not MESSAGE_WEBHOOK_URL.startswith(("https://", "http://127.0.0.1")):
    values.refuse(
        "MESSAGE_WEBHOOK_URL",
        "须以 https:// 开头（同一台机器上的程序可用 http://127.0.0.1）：正文里有手机号或邮箱",
        "must be https:// (or http://127.0.0.1 for a program on this machine): it carries addresses",
    )

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "django.utils.log.CallbackFilter", "callback": logs.with_request}},
    "formatters": {
        "plain": {
            "()": "portal.logs.Plain",
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        },
        "json": {
            "()": "portal.logs.Json",
            "format": "{asctime}{levelname}{name}{request_id}{message}",
            "style": "{",
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": values.choice("LOG_FORMAT", "PLAIN", ("PLAIN", "JSON")).lower(),
            "filters": ["request"],
        }
    },
    # Django writes its own to the console only where DEBUG is on, and mails the rest to nobody.
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
    "root": {"handlers": ["console"], "level": values.choice("LOG_LEVEL", "INFO", LOG_LEVELS)},
}
