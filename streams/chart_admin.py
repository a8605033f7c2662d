"""How streams are charted, in the admin: a page for each stream with its fields and the names of its sensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from streams import access, looking
from streams.chart_models import ChartedField, ChartedStream, NamedSensor
from streams.errors import StreamwatchError
from streams.models import Action
from streams.names import LONGEST_IN_PATH, meant, plain_text, to_path
from streams.recorded_admin import RecordedAdmin

if TYPE_CHECKING:
    _FieldInline = admin.StackedInline[ChartedField, ChartedStream]
    _SensorInline = admin.TabularInline[NamedSensor, ChartedStream]
    _Form = forms.ModelForm[Any]
else:
    _Form = forms.ModelForm
    _FieldInline, _SensorInline = admin.StackedInline, admin.TabularInline

# Django takes 1,000 inputs of a page: these many rows are fewer.
MOST_FIELDS, MOST_SENSORS = 30, 100
_ABOUT = (
    "What is set here goes before the settings READING and UNITS. With the sensor field of READING, its fields that "
    "are not listed stay required; for listed ones, Required says whether an entry without them is a dead letter."
)


class NewStreamForm(_Form):
    """Takes the stream's name as people read it; `may_add` says whether somebody may chart a stream."""

    stream = forms.CharField(strip=False, widget=AdminTextInputWidget({"autocomplete": "off"}))

    @staticmethod
    def may_add(_: bytes) -> bool:
        """Nobody may, until the page says who asks."""
        return False

    def clean_stream(self) -> str:
        """The path segment of the stream that is meant."""
        typed: str = self.cleaned_data["stream"]
        stream = meant(typed, _existing() if "\\" in typed else ())
        if len(stream) > LONGEST_IN_PATH:
            raise forms.ValidationError(f"This name is longer than {LONGEST_IN_PATH:,} bytes.")
        if not self.may_add(stream):
            raise forms.ValidationError("Your roles do not reach this stream.")
        return to_path(stream)


class FieldForm(_Form):
    """A field; the one that names the sensor is none."""

    def clean_name(self) -> str:
        """As readings name it."""
        return plain_text(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        """Refuse the field whose number nobody will find, because it is taken for the sensor's name."""
        cleaned: dict[str, Any] = super().clean() or {}
        page: ChartedStream | None = cleaned.get("stream")
        if page and page.sensor_field and plain_text(page.sensor_field) == cleaned.get("name"):
            self.add_error("name", "This field names the sensor.")
        _refuse_second(self, "name")
        return cleaned


class SensorForm(_Form):
    """A sensor, whose name may begin or end with blanks."""

    sensor = forms.CharField(strip=False, widget=AdminTextInputWidget())

    def clean_sensor(self) -> str:
        """As readings name it."""
        return plain_text(self.cleaned_data["sensor"])

    def clean(self) -> dict[str, Any]:
        """Refuse what another row of the stream is about."""
        cleaned: dict[str, Any] = super().clean() or {}
        _refuse_second(self, "sensor")
        return cleaned


def _refuse_second(form: _Form, name: str) -> None:
    # Django compares the rows of the page; somebody else may have added another since it was opened.
    page, value = form.cleaned_data.get("stream"), form.cleaned_data.get(name)
    if name in form.changed_data and page and page.pk:
        others = type(form.instance).objects.filter(stream=page, **{name: value})
        if others.exclude(pk=form.instance.pk).exists():
            form.add_error(name, "There is one already; the page may be older than it.")


class _Reached:
    """What somebody may do, he may do on the streams that his roles reach; `obj` is the page's stream."""

    opts: Any

    def has_view_permission(self, request: HttpRequest, obj: ChartedStream | None = None) -> bool:
        """With the permission to view or to change."""
        return self.may(request, "view", obj) or self.may(request, "change", obj)

    def has_add_permission(self, request: HttpRequest, obj: ChartedStream | None = None) -> bool:
        """With the permission to add."""
        return self.may(request, "add", obj)

    def has_change_permission(self, request: HttpRequest, obj: ChartedStream | None = None) -> bool:
        """With the permission to change."""
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: ChartedStream | None = None) -> bool:
        """With the permission to delete."""
        return self.may(request, "delete", obj)

    def may(self, request: HttpRequest, what: str, obj: ChartedStream | None) -> bool:
        """Whether somebody may do this on the page's stream, or on any."""
        return self.may_on(request, what, obj.key if obj and obj.stream else b"")

    def may_on(self, request: HttpRequest, what: str, stream: bytes) -> bool:
        """Whether somebody may do this on a stream, or on any for an empty name."""
        if stream and not access.in_reach(stream, access.viewers_reach()):
            return False
        return access.may(request.user, f"streams.{what}_{self.opts.model_name}", stream)


class FieldInline(_Reached, _FieldInline):
    """The fields that are known; too many figures each for a row of a table."""

    model = ChartedField
    form = FieldForm
    classes = ("charted",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "label", "unit", "decimals", "order", "is_required"),
                    ("low_bad", "low_warn", "high_warn", "high_bad"),
                )
            },
        ),
    )
    extra = 1
    max_num = MOST_FIELDS


class SensorInline(_Reached, _SensorInline):
    """The sensors that have names."""

    model = NamedSensor
    form = SensorForm
    classes = ("named",)
    extra = 1
    max_num = MOST_SENSORS


@admin.register(ChartedStream)
class ChartedStreamAdmin(_Reached, RecordedAdmin):
    """Streams; whose row it is, is said once, when it is made. Every change is in the ledger too."""

    action = Action.CHANGE_CHARTS
    list_display = ("name", "sensor_field", "number_of_fields")
    inlines = (FieldInline, SensorInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChartedStream]:
        """Those that somebody's roles reach; whoever may see none is refused by every page."""
        rows: QuerySet[ChartedStream] = super().get_queryset(request)
        if self.has_view_permission(request):
            rows = rows.filter(pk__in=[row.pk for row in rows if self.has_view_permission(request, row)])
        return rows.annotate(field_count=Count("fields"))

    def get_fieldsets(self, request: HttpRequest, obj: ChartedStream | None = None) -> Any:  # noqa: ARG002 - Django's names
        """The name can be typed on a new page only."""
        name = "name" if obj else "stream"
        return ((None, {"fields": (name, "sensor_field", "charts_others", "keeps_history"), "description": _ABOUT}),)

    def get_readonly_fields(self, request: HttpRequest, obj: ChartedStream | None = None) -> Any:  # noqa: ARG002 - Django's names
        """The name of what is there."""
        return ("name",) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """On a new page a form that knows who asks."""
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        made = super().get_form(request, obj, change, **{**kwargs, "form": NewStreamForm})
        made.may_add = staticmethod(lambda stream: self.may_on(request, "add", stream))  # type: ignore[attr-defined]
        return made

    @admin.display(description="Stream", ordering="stream")
    def name(self, row: ChartedStream) -> str:
        """As people read it."""
        return str(row)

    @admin.display(description="Fields", ordering="field_count")
    def number_of_fields(self, row: Any) -> int:
        """How many are known."""
        count: int = row.field_count
        return count

    def stream_of(self, row: ChartedStream) -> bytes:
        """Its key."""
        return bytes(row.key)


def _existing() -> list[bytes]:
    """The streams there are; none when the server is away: then a name is what was typed."""
    try:
        return looking.streams()[0]
    except StreamwatchError:
        return []
