"""What a job leaves behind: its figures, a result per entry, its row of the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from streams import ledger
from streams.job_models import Job, JobResult, JobState, pack, results_of
from streams.jobs.works import Fate
from streams.models import Action, Outcome


def count(job: Job, fates: Sequence[Fate]) -> None:
    """Add what became of some entries to the job's figures."""
    job.asked += len(fates)
    job.done += sum(fate.done is True for fate in fates)
    job.missed += sum(fate.done is False for fate in fates)
    job.unsure += sum(fate.done is None for fate in fates)


def store(job: Job, fates: Sequence[Fate]) -> None:
    """Keep what became of a step's entries."""
    if fates:
        last = JobResult.objects.filter(job=job).order_by("-number").values_list("number", flat=True).first()
        number = 0 if last is None else last + 1
        rows = pack((str(fate.entry_id), fate.done, fate.words) for fate in fates)
        JobResult.objects.create(job=job, number=number, rows=rows)


def tell_ledger(job: Job, fates: Sequence[Fate]) -> None:
    """Bring the job's row of the ledger up to date."""
    row = job.ledger
    noted, changed = len(row.ids), ["asked", "done", "missed", "ids_total"]
    if "ids" not in job.wanted:
        ledger.note_ids(row, [fate.entry_id for fate in fates])
    row.asked, row.done, row.missed = job.asked, job.done, job.missed + job.unsure
    row.save(update_fields=[*changed, "ids"] if len(row.ids) > noted else changed)


def _particulars(job: Job) -> str:
    """Which entries were missed, and as which ones letters were replayed, as far as a ledger row has room."""
    wanted_missed = min(job.missed, ledger.MOST_IDS)
    wanted_new = min(job.done, ledger.MOST_IDS) if job.action == Action.REPLAY_DEAD else 0
    missed: list[str] = []
    replayed: list[str] = []
    for entry_id, done, words in results_of(job) if wanted_missed or wanted_new else ():
        if done is False and len(missed) < wanted_missed:
            missed.append(entry_id)
        elif done and len(replayed) < wanted_new:
            replayed.append(f"{entry_id} → {words.partition('replayed as ')[2]}")
        if len(missed) == wanted_missed and len(replayed) == wanted_new:
            break
    shown = ", ".join(missed) + (", …" if job.missed > wanted_missed else "")
    return "; ".join(filter(None, (f"missed: {shown}" if missed else "", ", ".join(replayed))))


def close_ledger(job: Job) -> None:
    """Complete the row of the ledger when the job is over."""
    row, parts = job.ledger, [job.detail]
    row.outcome = Outcome.FAILED if job.state == JobState.FAILED else Outcome.DONE
    if job.unsure:
        parts.append(f"{job.unsure} of the missed may have been done: a process died meanwhile")
    parts.append(job.problem)
    parts.append(_particulars(job))
    row.detail = "; ".join(filter(None, parts))
    row.duration_ms = round(((job.ended_at or row.at) - row.at).total_seconds() * 1000)
    row.save()
