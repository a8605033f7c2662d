"""The browser's side of the program."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Pages, websocket and API."""

    name = "dashboard"
