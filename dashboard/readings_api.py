"""The API of readings over time: what the database has of the past, and the hub of the last minutes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.feed import Feed
from dashboard.hub import hub
from dashboard.rest import SpanAsked, api
from streams import conf, looking, names, rollup_reader, rollups
from streams.errors import StreamwatchError
from streams.frames import BUCKET_MS
from streams.ledger_export import safe_cell
from streams.rollup_reader import MOST_SERIES_READ, Key, Recorded, Span
from streams.rollups import Cells

router = Router(tags=["look"])
CSV_COLUMNS = ("time", "sensor", "field", "count", "min", "max", "mean", "last")
# Within this time the hub has everything in memory; its oldest seconds may just be going.
LIVE_MARGIN_MS = 30_000


class Asked(SpanAsked):
    """Which readings: sensors and fields by name (none: all), over which span, in how many points."""

    sensor: list[str] = Field(default_factory=list)
    field: list[str] = Field(default_factory=list)
    format: Literal["json", "csv"] = "json"


@router.get("/streams/{stream}/readings/", response=dict[str, Any])
async def readings(request: HttpRequest, stream: str, asked: Query[Asked]) -> Any:
    """Readings over time, in buckets that keep every extreme: a spike of one reading shows at any zoom.

    {"t": [ms], "series": {sensor: {field: {"mean", "min", "max", "last", "count": [number or null]}}}, "step_ms",
    "recorded_until", "gap", "series_total"}; `recorded_until` is null where nothing was ever recorded, `gap` says
    what is missing. At most 200 series; `series_total` says when there are more ("201" stands for more than 200).
    As CSV (`format=csv`) a line per bucket: time (UTC), sensor, field, count, min, max, mean, last.
    """
    key = await sync_to_async(looking.stream_named)(stream)
    feed = await _feed(key)
    span = Span(*asked.bounds(hub().server_now_ms() + 1), asked.points)
    span.check()
    wanted, total = await _wanted(key, asked, feed)
    found, step_ms = await _found(names.to_path(key), wanted, span, feed)
    cells = {name: rollups.rolled(parts, step_ms) for name, parts in found.cells.items()}
    if asked.format == "csv":
        return _as_csv(cells, names.shown(key))
    return {
        **rollups.to_columns(cells),
        "step_ms": step_ms,
        "recorded_until": found.until_ms,
        "gap": found.gap,
        "series_total": total,
    }


async def _feed(key: bytes) -> Feed | None:
    """What is in memory of the stream; None while Redis is away: then the database alone answers."""
    if hub().server.is_down:
        return None
    try:
        await sync_to_async(looking.maybe_snapshot)(key)
        return await hub().filled(key)
    except (StreamwatchError, TimeoutError):
        return None


async def _wanted(key: bytes, asked: Asked, feed: Feed | None) -> tuple[list[Key], int]:
    """The series asked for, cut to what is answered at once, and how many there are. Raises NoSuchStream."""
    recorded = await sync_to_async(rollup_reader.series_of)(names.to_path(key), asked.sensor, asked.field)
    live = feed.memory.window.keys(asked.sensor, asked.field) if feed else []
    every = sorted({*recorded, *live})
    if not every and key != conf.current().stream:
        await sync_to_async(looking.snapshot)(key)  # unless the stream is not there at all
    return every[:MOST_SERIES_READ], len(every)


async def _found(stream: str, wanted: list[Key], span: Span, feed: Feed | None) -> tuple[Recorded, int]:
    """The cells of both sources, which meet at a bucket's edge, and the length of a point."""
    now_ms = hub().server_now_ms()
    tier = span.tier(rollups.kept_ms(conf.current().readings_keep_ms), now_ms)
    until_ms = await sync_to_async(rollup_reader.recorded_until)(stream)
    live_from = feed.complete_from(now_ms, LIVE_MARGIN_MS, until_ms) if feed else span.to_ms
    live_from -= live_from % BUCKET_MS if feed else 0
    found = await sync_to_async(rollup_reader.read)(stream, wanted, span, tier, live_from)
    cells = {key: list(found.cells.get(key, ())) for key in wanted}
    if feed:
        for sensor, field in wanted:
            live = feed.memory.window.between(sensor, field, max(span.from_ms, live_from), span.to_ms)
            cells[sensor, field].append(live)
    gap = found.gap or (feed.memory.gap(max(span.from_ms, found.until_ms or 0)) if feed else "")
    return Recorded(cells, found.until_ms, gap), span.step_ms(tier)


def _as_csv(cells: dict[Key, Cells], name: str) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for (sensor, field), found in cells.items():
        writer.writerows(_rows(safe_cell(sensor), safe_cell(field), found))
    disposition = f'attachment; filename="{_file_name(name)}"'
    return HttpResponse(
        text.getvalue(), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


def _rows(sensor: str, field: str, cells: Cells) -> Iterator[tuple[Any, ...]]:
    columns = (cells.t, cells.count, cells.low, cells.high, cells.mean, cells.last)
    for t, count, low, high, mean, last in zip(*(column.tolist() for column in columns), strict=True):
        yield (_iso(t), sensor, field, count, low, high, mean, last)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _file_name(stream: str) -> str:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in stream)
    return f"{plain[:60]}-readings.csv"


api.add_router("", router)
