"""The app and its system checks: a setting that cannot be used is an error with an id and a hint."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from streams import conf, handlers
from streams.errors import BadRequest


class StreamsConfig(AppConfig):
    """Redis Streams: reading, watching and operating them."""

    name = "streams"
    verbose_name = "Redis Streams"


@register()
def settings_are_usable(**_: Any) -> list[CheckMessage]:
    """One error for each setting that could not be read."""
    return [
        Error(f"{problem.text}", hint=problem.hint, obj=problem.setting, id="streams.E001")
        for problem in conf.current().problems
    ]


@register()
def handler_can_be_loaded(**_: Any) -> list[CheckMessage]:
    """An error when HANDLER leads to no function."""
    path = conf.current().handler
    try:
        if path:
            handlers.load(path)
    except BadRequest as error:
        hint = "HANDLER=package.module.function, where the package can be imported from here."
        return [Error(str(error), hint=hint, obj="HANDLER", id="streams.E002")]
    return []
