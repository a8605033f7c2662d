"""How each stream is charted: what the admin keeps of it, else what the settings READING and UNITS say.

Asks the database, at most every KEEP_S for each stream: not for an event loop. While the database is away, what was
known last goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar

from django.db import Error as DatabaseFault
from django.db import close_old_connections
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from streams import conf
from streams.chart_models import BOUNDS, ChartedField, ChartedStream, NamedSensor
from streams.names import shown, to_path
from streams.readings import Shape

logger = logging.getLogger("streams.chart_settings")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
KEEP_S = 2.0
# Anybody may ask for any name; those asked for longest ago are forgotten.
MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Values of a field that call for attention: below the lows, above the highs; None where there is no bound."""

    low_bad: float | None = None
    low_warn: float | None = None
    high_warn: float | None = None
    high_bad: float | None = None


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """How a field is shown: by `name` in readings, by `label` to people; `bounds` is None when it has none."""

    name: str
    label: str
    unit: str = ""
    decimals: int | None = None
    is_required: bool = False
    bounds: Bounds | None = None


@dataclass(frozen=True, slots=True)
class ChartSettings:
    """How a stream is charted. `sensor_labels` are by the sensor's name in readings.

    `read_as` is set where the settings say which bytes make a reading; else the fields say it.
    """

    sensor_field: str | None
    charts_others: bool
    keeps_history: bool
    fields: tuple[FieldSettings, ...] = ()
    sensor_labels: Mapping[str, str] = field(default_factory=dict)
    read_as: Shape | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    # Fields that READING requires of these readings stay required unless they are listed here.
    also_required: tuple[bytes, ...] = ()

    def shape(self) -> Shape:
        """What makes a reading of the stream's entries."""
        if self.read_as is not None:
            return self.read_as
        listed = {known.name.encode() for known in self.fields}
        required = tuple(known.name.encode() for known in self.fields if known.is_required)
        required += tuple(name for name in self.also_required if name not in listed)
        return Shape(self.sensor_field.encode() if self.sensor_field else None, required)

    def charts(self, name: str) -> bool:
        """Whether a field of readings is charted."""
        return self.charts_others or any(known.name == name for known in self.fields)

    def plain(self, seen: Iterable[str] = ()) -> dict[str, Any]:
        """What the browser needs, as plain values: the fields that are listed, then those seen in readings as well."""
        listed = {known.name for known in self.fields}
        more = sorted(set(seen) - listed) if self.charts_others else []
        others = [FieldSettings(name, name, self.units.get(name, "")) for name in more]
        return {
            "fields": [_plain_field(known) for known in (*self.fields, *others)],
            "sensors": dict(self.sensor_labels),
            "others": self.charts_others,
        }


def of(stream: bytes) -> ChartSettings:
    """How this stream is charted. Never raises because of the database."""
    return _rows.ask(stream) or _default(stream)


def kept() -> list[bytes]:
    """The streams whose readings are recorded: the watched one unless its row says no, and those whose row says so.

    Never raises because of the database.
    """
    keeps = {conf.current().stream: True, **_keeping.ask(None)}
    return [stream for stream, keeps_history in keeps.items() if keeps_history]


def forget() -> None:
    """Forget everything that is remembered in this process."""
    _rows.forget()
    _keeping.forget()


class _Memory(Generic[K, V]):
    """What was read, for KEEP_S; what is older still answers while the database is away."""

    def __init__(self, read: Callable[[K], V], otherwise: V) -> None:
        self._read, self._otherwise = read, otherwise
        self._known: dict[K, tuple[float, V]] = {}
        self._lock, self._is_away = Lock(), False

    def ask(self, key: K) -> V:
        now = time.monotonic()
        until, value = self._known.get(key, (now, self._otherwise))
        if now < until:
            return value
        value = self._read_or(key, value)
        with self._lock:
            self._known.pop(key, None)
            if len(self._known) >= MOST_KNOWN:
                self._known.pop(next(iter(self._known)))
            self._known[key] = (now + KEEP_S, value)
        return value

    def _read_or(self, key: K, last: V) -> V:
        try:
            value = self._read(key)
        except DatabaseFault as error:
            close_old_connections()  # outside of requests nobody else does, and a broken one would stay broken
            if not self._is_away:
                logger.warning("Chart settings cannot be read, and those known last go on: %s", error)
            self._is_away = True
            return last
        self._is_away = False
        return value

    def expire(self) -> None:
        """Read again when asked next."""
        with self._lock:
            self._known = {key: (0.0, value) for key, (_, value) in self._known.items()}

    def forget(self) -> None:
        with self._lock:
            self._known = {}


def _read_row(stream: bytes) -> ChartSettings | None:
    rows = ChartedStream.objects.filter(stream=to_path(stream)).prefetch_related("fields", "sensors")
    row = rows.first()
    return _of_row(row) if row else None


def _of_row(row: ChartedStream) -> ChartSettings:
    config = conf.current()
    is_watched = row.key == config.stream
    return ChartSettings(
        sensor_field=row.sensor_field or None,
        charts_others=row.charts_others,
        keeps_history=row.keeps_history,
        fields=tuple(map(_of_field, row.fields.all())),
        sensor_labels={named.sensor: named.label for named in row.sensors.all()},
        units=config.units if is_watched else {},
        also_required=config.shape.required if is_watched and _is_sensor_field(row, config) else (),
    )


def _is_sensor_field(row: ChartedStream, config: conf.Config) -> bool:
    """Whether a row speaks of the readings that READING describes, and not of others."""
    name = config.shape.sensor_field
    return (row.sensor_field or None) == (None if name is None else shown(name))


def _of_field(row: ChartedField) -> FieldSettings:
    bounds = {name: getattr(row, name) for name in BOUNDS}
    is_bounded = any(bound is not None for bound in bounds.values())
    limits = Bounds(**bounds) if is_bounded else None
    return FieldSettings(row.name, row.label or row.name, row.unit, row.decimals, row.is_required, limits)


def _read_keeping(_: None) -> Mapping[bytes, bool]:
    return {row.key: row.keeps_history for row in ChartedStream.objects.all()}


_rows: _Memory[bytes, ChartSettings | None] = _Memory(_read_row, None)
_keeping: _Memory[None, Mapping[bytes, bool]] = _Memory(_read_keeping, {})


def _default(stream: bytes) -> ChartSettings:
    config = conf.current()
    name = config.shape.sensor_field
    sensor_field = None if name is None else shown(name)
    if stream != config.stream:
        shape = Shape(name, ())
        return ChartSettings(sensor_field, charts_others=True, keeps_history=False, read_as=shape)
    fields = tuple(_configured_fields(config))
    return ChartSettings(sensor_field, charts_others=True, keeps_history=True, fields=fields, read_as=config.shape)


def _configured_fields(config: conf.Config) -> list[FieldSettings]:
    required = [shown(name) for name in config.shape.required]
    names = dict.fromkeys([*config.units, *required])
    return [FieldSettings(name, name, config.units.get(name, ""), is_required=name in required) for name in names]


def _plain_field(known: FieldSettings) -> dict[str, Any]:
    plain = {"name": known.name, "label": known.label, "unit": known.unit, "decimals": known.decimals}
    return {**plain, "bounds": asdict(known.bounds) if known.bounds else None}


@receiver([post_save, post_delete])
def _changed(sender: Any, **_: Any) -> None:
    if sender in {ChartedStream, ChartedField, NamedSensor}:
        _rows.expire()
        _keeping.expire()
