"""Jobs through the one door: started with the permission and a record, run at once or left to a runner, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import Error as DatabaseFault
from django.db import transaction

from streams import access, ledger, wording
from streams.errors import BadRequest, NotAllowed
from streams.ids import EntryId
from streams.job_models import Job, JobState
from streams.jobs import running
from streams.ledger import Actor, Deed, NotRecorded
from streams.models import Action
from streams.names import plain_text, shown
from streams.operations.door import authorize, tell
from streams.snapshot import Seen


def ids_of(selection: Sequence[Seen]) -> dict[str, Any]:
    """Chosen entries as a job keeps them. Raises BadRequest when there are none."""
    if not selection:
        raise BadRequest("No entry is chosen: choose at least one.", field="ids")
    return {"ids": [[str(one.entry_id), one.idle_ms] for one in selection]}


def start(actor: Actor, deed: Deed, wanted: dict[str, Any], terms: dict[str, Any]) -> Job:
    """Record a job; it waits until a runner takes it. Raises NotAllowed or NotRecorded."""
    authorize(actor, deed)
    ids = [EntryId.parse(entry_id) for entry_id, _ in wanted.get("ids", ())]
    try:
        with transaction.atomic(durable=True):  # inside a larger transaction it would die with the process
            return Job.objects.create(
                made_at=datetime.now(UTC),
                actor=actor.name[:200],
                user_id=actor.user.pk if actor.user else None,
                source=plain_text(actor.source)[:100],
                action=deed.action,
                stream=deed.stream,
                group=deed.group,
                consumer=deed.consumer,
                detail=plain_text(deed.detail),
                wanted=wanted,
                terms=terms,
                ledger=ledger.begun(actor, deed, ids),
            )
    except DatabaseFault as error:
        raise NotRecorded(f"The ledger cannot be written, so nothing was done: {error}") from error


def run(job: Job, progress: running.Progress | None = None) -> Job:
    """Run a job here and now, to its end. Raises what ended it, which is in the job and the ledger too."""
    runner = running.a_name()
    now = datetime.now(UTC)
    if not Job.objects.filter(pk=job.pk, runner="", state=JobState.WAITING).update(
        runner=runner, lease_until=now + running.LEASE
    ):
        raise running.Lost
    done = running.Run(Job.objects.get(pk=job.pk), progress).go()
    announce(done)
    return done


def cancel(actor: Actor, job: Job) -> None:
    """Ask a job to end; its step that runs now is finished. Raises NotAllowed."""
    deed = Deed(Action(job.action), *job.place, bytes(job.consumer), detail=f"cancel job {job.pk}")
    if actor.user is None or actor.user.pk != job.user_id:
        authorize(actor, deed)
    elif not actor.user.is_active:
        raise NotAllowed(f"{actor.name} may not do this.")
    Job.objects.filter(pk=job.pk, cancelled_by="").update(cancelled_by=actor.name[:200])


def may_see(user: access.User, job: Job) -> bool:
    """Whether somebody may see a job: whose it is, and who may see jobs on its stream."""
    if job.user_id is not None and job.user_id == user.pk:
        return True
    return access.may(user, "streams.view_job") and access.in_reach(job.place[0], access.reach(user))


def announce(job: Job) -> None:
    """Tell open pages what a job did."""
    deed = Deed(Action(job.action), *job.place, bytes(job.consumer))
    where = f"of group {shown(deed.group)} " if deed.group else "on "
    asked = wording.entries(job.asked, "pending") if deed.group else wording.letters(job.asked)
    place = f"{where}{'' if deed.group else shown(deed.stream) + ' '}"
    text = f"{job.done:,} of {asked} {place}{wording.were(job.done)} {_TOLD[deed.action]}"
    tell(Actor(job.actor, job.user, job.source), deed, text.format(consumer=shown(deed.consumer)))


_TOLD = {
    Action.CLAIM: "claimed for {consumer}.",
    Action.REPROCESS: "handed to the workers.",
    Action.ACKNOWLEDGE: "acknowledged.",
    Action.GIVE_UP: "made dead letters.",
    Action.RELEASE: "released.",
    Action.REPLAY_DEAD: "replayed.",
    Action.PURGE_DEAD: "deleted.",
}
