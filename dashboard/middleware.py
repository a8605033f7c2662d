"""What every request passes: a policy for browsers that Django 5.2 does not know yet, who looks, what none may ask."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from streams import access

# The admin brings one inline style block; nothing brings an inline script.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


@sync_and_async_middleware
def content_security_policy(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Names the only places scripts, styles and connections may come from."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            answer: Awaitable[HttpResponse] = get_response(request)
            return _with_policy(await answer)

        return markcoroutinefunction(asynchronous)

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        return _with_policy(get_response(request))

    return synchronous


@sync_and_async_middleware
def viewer(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Lets `streams.access` know who looks, for as long as the request takes."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            access.look_as(request.user)
            answer: Awaitable[HttpResponse] = get_response(request)
            return await answer

        return markcoroutinefunction(asynchronous)

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        access.look_as(request.user)
        try:
            return get_response(request)
        finally:
            access.look_as(None)  # the thread goes on to others

    return synchronous


@sync_and_async_middleware
def no_nul_in_admin(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Refuses a NUL in a query of the admin: its lists filter by whatever they are asked, and PostgreSQL has no NUL."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            _refuse_nul(request)
            answer: Awaitable[HttpResponse] = get_response(request)
            return await answer

        return markcoroutinefunction(asynchronous)

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        _refuse_nul(request)
        return get_response(request)

    return synchronous


def _refuse_nul(request: HttpRequest) -> None:
    if "%00" in request.META["QUERY_STRING"] and request.path_info.startswith("/admin/"):
        raise BadRequest("a NUL in a query")


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    return response
