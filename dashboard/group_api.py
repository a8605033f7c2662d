"""The API of consumer groups and consumers: create, move, destroy, clean up."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from dashboard.rest import Body, Whole, api, named, place_of
from streams import conf, looking, names, operations, previews
from streams.errors import BadRequest
from streams.operations import Actor

router = Router(tags=["groups and consumers"])
_GROUP = "/streams/{stream}/groups/{group}/"


class Position(Body):
    """Where a group reads on: `at` is beginning, now, an ID or a time such as 2026-01-31T12:00Z; or `like` a group."""

    at: str | None = None
    like: str | None = None

    def start(self, stream: bytes, default: str = "") -> str:
        """As operations take it. Raises BadRequest or NoSuchGroup."""
        if (self.at is None) == (self.like is None) and not (default and self.at is None):
            raise BadRequest("say at, or like; not both", field="at")
        if self.like is None:
            return self.at or default
        return str(looking.group_named(looking.snapshot(stream), self.like).last_delivered)


class NewGroup(Position):
    """A new group; `at` is the beginning unless said."""

    name: str
    create_stream: bool = False


class Move(Position):
    """A move; with `dry_run`, only what it would mean."""

    dry_run: bool = False


class Destroy(Body):
    """The group's name again, and how many pending entries it is known to have."""

    name: str
    pending: Whole
    force: bool = Field(default=False, description="Even while consumers are reading.")


class NewConsumer(Body):
    """A consumer."""

    name: str


class DeleteConsumer(Body):
    """What becomes of its pending entries: moved to another consumer, or up to so many forgotten."""

    move_to: str = ""
    forget: Whole = 0


class CleanUp(Body):
    """Which; by default all that own nothing and were not heard of for long."""

    consumers: list[str] | None = None


@router.post("/streams/{stream}/groups/")
def create(request: HttpRequest, stream: str, body: NewGroup) -> HttpResponse:
    """Create a group. 201 and {"start"}: the ID it starts after."""
    key, name = looking.stream_named(stream), named(body.name, "name")
    start = body.start(key, default="beginning")
    made = operations.create_group(Actor.of_request(request), key, name, start, mkstream=body.create_stream)
    return api.create_response(request, {"start": made, "path": names.to_path(name)}, status=201)


@router.post(f"{_GROUP}move/")
def move(request: HttpRequest, stream: str, group: str, body: Move) -> dict[str, Any]:
    """Move a group's position: before and after, how many entries are delivered again or skipped, who is reading."""
    key, name = place_of(stream, group)
    start = body.start(key)
    if body.dry_run:
        return {**previews.move(key, name, start).as_plain(), "dry_run": True}
    moved = operations.move_group(Actor.of_request(request), key, name, start)
    return {**moved.preview.as_plain(), "dry_run": False}


@router.post(f"{_GROUP}destroy/")
def destroy(request: HttpRequest, stream: str, group: str, body: Destroy) -> dict[str, Any]:
    """Destroy a group and forget what is pending in it; refused while consumers are reading, unless forced."""
    key, name = place_of(stream, group)
    if named(body.name, "name") != name:
        raise BadRequest("this is not the group's name", field="name")
    lost = operations.destroy_group(Actor.of_request(request), key, name, pending=body.pending, force=body.force)
    return {"forgotten": lost}


@router.post(f"{_GROUP}consumers/")
def create_consumer(request: HttpRequest, stream: str, group: str, body: NewConsumer) -> dict[str, Any]:
    """Make a consumer; whether it is new."""
    name = named(body.name, "name")
    return {"created": operations.create_consumer(Actor.of_request(request), *place_of(stream, group), name)}


@router.post(f"{_GROUP}consumers/{{consumer}}/delete/")
def delete_consumer(
    request: HttpRequest, stream: str, group: str, consumer: str, body: DeleteConsumer
) -> dict[str, Any]:
    """Delete a consumer, in the step that finds it owning no more than is forgotten; the rest is moved before."""
    to = named(body.move_to, "move_to") if body.move_to else b""
    done = operations.delete_consumer(
        Actor.of_request(request),
        *place_of(stream, group),
        named(consumer, "consumer"),
        move_to=to,
        forget=body.forget,
    )
    return {"moved": done.moved, "forgotten": done.forgotten}


@router.post(f"{_GROUP}clean-up/")
def clean_up(request: HttpRequest, stream: str, group: str, body: CleanUp) -> dict[str, Any]:
    """Delete consumers that own nothing; which were."""
    key, name = place_of(stream, group)
    if body.consumers is None:
        found = previews.dead_consumers(previews.group_of(key, name), conf.current().thresholds.dead_consumer_ms)
        wanted = [consumer.name for consumer in found]
    else:
        wanted = [named(text, "consumers") for text in body.consumers]
    deleted = operations.delete_dead(Actor.of_request(request), key, name, wanted)
    return {"deleted": [names.shown(one) for one in deleted]}


api.add_router("", router)
