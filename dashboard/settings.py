"""Django's settings, all derived from the typed configuration in `streams.conf`."""

import os
from pathlib import Path

import dj_database_url
import dj_email_url

from streams import conf
from streams.errors import Unreachable

BASE_DIR = Path(__file__).resolve().parent.parent
STREAMWATCH = conf.read(os.environ)

SECRET_KEY = STREAMWATCH.secret_key
DEBUG = STREAMWATCH.debug
ALLOWED_HOSTS = list(STREAMWATCH.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(STREAMWATCH.csrf_trusted_origins)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "ninja",
    "streams",
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "dashboard.middleware.viewer",
    "dashboard.middleware.content_security_policy",
    "dashboard.middleware.no_nul_in_admin",
]

ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
HTTP_PROTOCOL, WEBSOCKET_PROTOCOL = "dashboard.wire:Http", "dashboard.wire:Wire"

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
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.parse(
        STREAMWATCH.database_url or f"sqlite:///{STREAMWATCH.var / 'streamwatch.sqlite3'}",
        # Under ASGI each request has a thread of its own: a connection that is kept is never used again.
        conn_max_age=0,
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Web, worker and commands write side by side: wait for each other instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 10,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

try:
    _server_url = STREAMWATCH.server_url()
except Unreachable:
    _server_url = "redis://127.0.0.1:6379/0"  # nothing is configured or running yet; commands that need it say so

# The pub/sub layer: the sorted-set one loses its groups when the server restarts and drops idle sockets.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [_server_url], "prefix": STREAMWATCH.prefix.decode("utf-8", "replace") + "-asgi"},
    }
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "dashboard.secrets.UrlHidingFilter"

# Alerts by mail; without EMAIL_URL each says that it could not be sent.
_MAIL = dj_email_url.parse(STREAMWATCH.email_url or "dummy:")
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"], _MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL["EMAIL_USE_TLS"], _MAIL["EMAIL_USE_SSL"]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _MAIL.get("DEFAULT_FROM_EMAIL") or "streamwatch@localhost"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static", ("uplot", BASE_DIR / "node_modules" / "uplot" / "dist")]
STATIC_ROOT = STREAMWATCH.var / "static"
# Served straight from the folders above: no build step between a file and the browser.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "dashboard.sessions"
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_HTTPS = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "streams": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "dashboard": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # A cut connection is pages of traceback to it; the relay of notices says it in a line.
        "channels_redis": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
