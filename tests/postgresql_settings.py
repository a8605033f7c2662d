"""The program's settings, with the database that TEST_POSTGRESQL names."""

import os

import dj_database_url

from dashboard.settings import *  # noqa: F403 - all but one of them

DATABASES = {"default": dj_database_url.parse(os.environ["TEST_POSTGRESQL"], conn_max_age=0)}
