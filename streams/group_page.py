"""One group in the admin: its figures, the forms that change it, and what each would mean before it is done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from streams import conf, looking, operations, previews
from streams.admin_pages import add_error
from streams.durations import spoken
from streams.errors import StreamwatchError
from streams.group_forms import FORGET, ConsumerForm, DeleteConsumerForm, DestroyForm, MoveForm
from streams.health import described
from streams.names import meant, shown, to_path
from streams.operations import Action, Actor, Deed
from streams.plain import lag_in_words
from streams.snapshot import Consumer, ConsumerGroup
from streams.wording import counted, entries, were

ACTS = {
    "move": Action.MOVE_GROUP,
    "destroy": Action.DESTROY_GROUP,
    "create": Action.CREATE_CONSUMER,
    "delete": Action.DELETE_CONSUMER,
    "delete_dead": Action.DELETE_CONSUMER,
}


class GroupPage:
    """What there is to see and to do; raises NoSuchStream, NoSuchGroup and the like when it is made."""

    def __init__(self, request: HttpRequest, stream: str, group: str) -> None:
        self._request, self._actor = request, Actor.of_request(request)
        self.stream = looking.stream_named(stream)
        self._snapshot = looking.snapshot(self.stream)
        self.group: ConsumerGroup = looking.group_named(self._snapshot, group)
        self.preview: previews.MovePreview | None = None
        self.is_gone = False
        act = request.POST.get("act", "")
        self.act = act if act in ACTS else ""
        self.move = MoveForm(self._posted("move"), self._others())
        self.destroy = DestroyForm(self._posted("destroy"), shown(self.group.name), self.group.pending)
        self.create = ConsumerForm(self._posted("create"))
        self.deleting = self._deleting()
        owned = self.deleting.pending if self.deleting else 0
        self.delete = DeleteConsumerForm(self._posted("delete"), initial={"pending": owned})

    @property
    def deed(self) -> Deed:
        """What is asked for, for the permission and the record of a refusal."""
        return Deed(ACTS[self.act], self.stream, self.group.name)

    @property
    def place(self) -> dict[str, str]:
        """Stream and group, as people and as paths name them."""
        paths = {"stream_path": to_path(self.stream), "group_path": to_path(self.group.name)}
        return {"stream": shown(self.stream), "group": shown(self.group.name), **paths}

    @property
    def figures(self) -> dict[str, Any]:
        """The group as the lists show it."""
        plain = next(g for g in described([self._snapshot])["groups"] if g["path"] == to_path(self.group.name))
        return {**plain, "lag_text": lag_in_words(plain)}

    @property
    def active(self) -> list[str]:
        """Consumers that were active within the last minute."""
        return previews.active_consumers(self.group)

    @property
    def consumers(self) -> list[dict[str, Any]]:
        """Consumers as rows, the ones that own most first."""
        rows = sorted(self.group.consumers, key=lambda consumer: (-consumer.pending, consumer.name))
        return [_row(consumer) for consumer in rows]

    @property
    def dead(self) -> list[dict[str, Any]]:
        """Consumers that nobody will miss."""
        return [
            _row(found) for found in previews.dead_consumers(self.group, conf.current().thresholds.dead_consumer_ms)
        ]

    @property
    def dead_for(self) -> str:
        """From when on a consumer is offered for clean-up."""
        return spoken(conf.current().thresholds.dead_consumer_ms)

    @property
    def deleting_row(self) -> dict[str, Any] | None:
        """The consumer that is asked about."""
        return _row(self.deleting) if self.deleting else None

    def done(self) -> bool:
        """Do what was asked for; whether it was done. What is wrong stands beside its field afterwards."""
        form = {"move": self.move, "destroy": self.destroy, "create": self.create, "delete": self.delete}.get(self.act)
        if form is not None and not form.is_valid():
            return False
        try:
            return bool(getattr(self, f"_do_{self.act}")())
        except StreamwatchError as error:
            if form is None:
                messages.error(self._request, str(error))
            else:
                add_error(form, error, {"start": "at", "pending": "name"})
            return False

    def _do_move(self) -> bool:
        start = self._request.POST.get("confirm", "")
        if not start:
            self.preview = previews.move(self.stream, self.group.name, self.move.position())
            return False
        moved = operations.move_group(self._actor, self.stream, self.group.name, start)
        self._say(f"Moved from {moved.before} to {moved.after}: {moved.preview.sentence}.")
        return True

    def _do_destroy(self) -> bool:
        data = self.destroy.cleaned_data
        lost = operations.destroy_group(
            self._actor, self.stream, self.group.name, pending=data["pending"], force=data["force"]
        )
        self._say(f"Group {shown(self.group.name)} was destroyed; {entries(lost, 'pending')} {were(lost)} forgotten.")
        self.is_gone = True
        return True

    def _do_create(self) -> bool:
        name = meant(self.create.cleaned_data["consumer"], [consumer.name for consumer in self.group.consumers])
        is_new = operations.create_consumer(self._actor, self.stream, self.group.name, name)
        self._say(f"Consumer {shown(name)} {'was made' if is_new else 'was there already'}.")
        return True

    def _do_delete(self) -> bool:
        if self.deleting is None:
            messages.error(self._request, "This consumer is not there any more.")
            return True
        data, others = self.delete.cleaned_data, [consumer.name for consumer in self.group.consumers]
        forgets = data["fate"] == FORGET
        done = operations.delete_consumer(
            self._actor,
            self.stream,
            self.group.name,
            self.deleting.name,
            move_to=b"" if forgets else meant(data["move_to"], others),
            forget=data["pending"] if forgets else 0,
        )
        fate = f"{entries(done.moved, 'pending')} {were(done.moved)} moved, {done.forgotten:,} forgotten"
        self._say(f"Consumer {shown(self.deleting.name)} was deleted; {fate}.")
        return True

    def _do_delete_dead(self) -> bool:
        chosen = set(self._request.POST.getlist("consumer"))
        names = [consumer.name for consumer in self.group.consumers if to_path(consumer.name) in chosen]
        deleted = operations.delete_dead(self._actor, self.stream, self.group.name, names)
        self._say(f"{len(deleted):,} of {counted(len(chosen), 'consumer')} {were(len(deleted))} deleted.")
        return True

    def _say(self, text: str) -> None:
        messages.success(self._request, text)

    def _posted(self, act: str) -> Any:
        return self._request.POST if self.act == act else None

    def _others(self) -> list[tuple[str, str]]:
        others = [group for group in self._snapshot.groups if group.name != self.group.name]
        return [(str(group.last_delivered), f"{shown(group.name)} ({group.last_delivered})") for group in others]

    def _deleting(self) -> Consumer | None:
        wanted = self._request.POST.get("consumer") if self.act == "delete" else self._request.GET.get("delete")
        return next((found for found in self.group.consumers if to_path(found.name) == wanted), None)


def _row(consumer: Consumer) -> dict[str, Any]:
    inactive = "never got an entry" if consumer.never_active else spoken(consumer.inactive_ms)
    return {
        "name": shown(consumer.name),
        "path": to_path(consumer.name),
        "pending": consumer.pending,
        "idle": spoken(consumer.idle_ms),
        "inactive": inactive,
    }
