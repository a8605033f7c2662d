"""Reads the history of health figures for charts, with what happened meanwhile marked on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from streams import access, history, timeline
from streams.errors import BadRequest
from streams.history import TIERS, Columns, Tier
from streams.history_models import HealthBlock, HealthSeries
from streams.models import LedgerEntry
from streams.recorder import digest_of

MOST_POINTS = 2000
MOST_MARKS = 200
# So many stored buckets may go into one point before the next coarser tier is read instead.
_BUCKETS_A_POINT = 6


def figures_over(
    stream: str, group: str, *, from_ms: int, to_ms: int, points: int, shown: tuple[str, str], now_ms: int
) -> dict[str, Any]:
    """Figures of a group, or of a stream (group ""), both by path: `history.to_plain` with `resolution_s` and `marks`.

    At most about `points` buckets, each with the least, the most and the last, so that a spike shows at any span.
    `shown` is how the ledger writes the two names. Raises BadRequest or NotAllowed.
    """
    access.check(shown[0])
    if not 0 <= from_ms < to_ms:
        raise BadRequest("from must be before to, both in milliseconds", field="from")
    if not 1 <= points <= MOST_POINTS:
        raise BadRequest(f"points must be from 1 to {MOST_POINTS}", field="points")
    tier = _tier(from_ms, to_ms, points, now_ms)
    columns = history.joined(_stored(digest_of(stream, group), tier, from_ms, to_ms))
    finest = tier.resolution_s * 1000
    width = max(finest, -(-(to_ms - from_ms) // points // 1000) * 1000)
    found = history.with_gaps(history.rolled(columns, width), max(width, _cadence(columns)))
    marks = _marks(stream, group, shown, from_ms, to_ms)
    return {**history.to_plain(found), "resolution_s": width // 1000, "marks": marks}


def _tier(from_ms: int, to_ms: int, points: int, now_ms: int) -> Tier:
    """The finest tier that reaches back far enough and does not take too many buckets."""
    for tier in TIERS:
        buckets = (to_ms - from_ms) / 1000 / tier.resolution_s
        if buckets <= points * _BUCKETS_A_POINT and now_ms - from_ms <= tier.keep_s * 1000:
            return tier
    return TIERS[-1]


def _stored(digest: str, tier: Tier, from_ms: int, to_ms: int) -> Iterator[Columns]:
    """The tier's blocks in a span, and where it has none yet at the end, those of the finer ones."""
    series = HealthSeries.objects.filter(digest=digest).first()
    for candidate in reversed(TIERS[: TIERS.index(tier) + 1]) if series else ():
        blocks = HealthBlock.objects.filter(
            series=series,
            resolution_s=candidate.resolution_s,
            start_ms__gt=from_ms - candidate.block_ms,
            start_ms__lt=to_ms,
        )
        for start, stored in blocks.order_by("start_ms").values_list("start_ms", "columns"):
            yield history.between(history.unpack(bytes(stored)), from_ms, to_ms)
            from_ms = max(from_ms, start + candidate.block_ms)


def _cadence(columns: Columns) -> int:
    """How far buckets are usually apart; with very many groups the monitor looks less often."""
    steps = sorted(later - earlier for earlier, later in zip(columns.t, columns.t[1:], strict=False))
    return steps[len(steps) // 2] if steps else 0


def _marks(stream: str, group: str, shown: tuple[str, str], from_ms: int, to_ms: int) -> list[dict[str, Any]]:
    span = (datetime.fromtimestamp(from_ms / 1000, UTC), datetime.fromtimestamp(to_ms / 1000, UTC))
    happened = [*operations(shown, *span), *timeline.marks((stream, group), *span)]
    return sorted(happened, key=lambda mark: mark["t"])


def operations(shown: tuple[str, str], since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What was done to a group, and to its whole stream, in a span, by names as the ledger writes them."""
    about = LedgerEntry.objects.filter(Q(group="") | Q(group=shown[1]), stream=shown[0], at__range=(since, until))
    return [
        {"t": round(row.at.timestamp() * 1000), "kind": "operation", "text": _said(row), "actor": row.actor}
        for row in reversed(about.order_by("-at")[:MOST_MARKS])
    ]


def _said(row: LedgerEntry) -> str:
    counted = "" if row.done is None or row.asked is None else f" {row.done:,} of {row.asked:,}"
    detail = f" ({row.detail})" if row.detail else ""
    return f"{row.action}{counted}: {row.outcome}{detail}"
