"""Paths of the websockets."""

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.urls import path

from dashboard.consumers import DashboardSocket
from dashboard.origins import own_pages_only
from dashboard.turns import in_turns

websocket = own_pages_only(
    in_turns(AuthMiddlewareStack(URLRouter([path("ws/streams/<str:stream>/", DashboardSocket.as_asgi())])))
)
