"""The admin of alerts: rules, channels with a test, silences; incidents and deliveries to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from streams import access, operations
from streams.alert_channels import NotDelivered
from streams.alert_models import AlertChannel, AlertDelivery, AlertRule, Incident, Silence
from streams.errors import NotAllowed
from streams.ledger import Actor
from streams.models import Action
from streams.recorded_admin import RecordedAdmin
from streams.verdicts import Verdict

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
    _Form = forms.ModelForm[Any]
else:
    _Base, _Form = admin.ModelAdmin, forms.ModelForm


class _Recorded(RecordedAdmin):
    action = Action.CHANGE_ALERTS


class _ToRead(_Base):
    """Nobody adds, changes or deletes."""

    def has_add_permission(self, *_: Any) -> bool:
        """Never."""
        return False

    def has_change_permission(self, *_: Any) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        """Never."""
        return False


class RuleForm(_Form):
    """Verdicts to tick instead of JSON to type."""

    verdicts = forms.MultipleChoiceField(
        choices=[(str(verdict), str(verdict)) for verdict in Verdict],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="For a verdict: those that are bad.",
    )


@admin.register(AlertRule)
class AlertRuleAdmin(_Recorded):
    """Rules."""

    form = RuleForm
    list_display = ("name", "enabled", "watch", "stream_pattern", "group_pattern", "threshold", "severity")
    list_filter = ("enabled", "watch", "severity")
    filter_horizontal = ("channels",)
    search_fields = ("name", "stream_pattern", "group_pattern")
    fieldsets = (
        (None, {"fields": ("name", "enabled", "severity", "channels")}),
        ("About what", {"fields": ("stream_pattern", "group_pattern", "watch")}),
        ("When it is bad", {"fields": ("verdicts", "threshold", "clear", ("m", "n"))}),
        ("For readings", {"fields": ("sensor_pattern", "field")}),
    )


@admin.register(AlertChannel)
class AlertChannelAdmin(_Recorded):
    """Channels; their page sends a test."""

    list_display = ("name", "kind", "place")
    change_form_template = "admin/streams/alertchannel/change_form.html"

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Who may only look sees no secret, nor a URL, which may hold one."""
        return () if self.has_change_permission(request, obj) or obj is None else ("url", "secret")

    def get_urls(self) -> list[URLPattern]:
        """The usual, and the test."""
        test = self.admin_site.admin_view(self.test_view)
        return [path("<int:pk>/test/", test, name="streams_alertchannel_test"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The button says why it is disabled."""
        context["may_test"] = request.user.has_perm("streams.test_alertchannel")
        return super().render_change_form(request, context, *args, **kwargs)

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """On POST only: send a test and say how it went."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        channel = AlertChannel.objects.filter(pk=pk).first()
        if channel is None:
            raise Http404("There is no such channel.")
        try:
            operations.test_channel(Actor.of_request(request), channel)
            messages.success(request, f"A test was sent over {channel}.")
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except NotDelivered as error:
            messages.error(request, f"The test was not taken. {error}")
        return HttpResponseRedirect(reverse("admin:streams_alertchannel_change", args=[pk]))


@admin.register(Silence)
class SilenceAdmin(_Recorded):
    """Silences; those that are over stay as a record until somebody deletes them."""

    list_display = ("stream_pattern", "group_pattern", "rule", "until", "is_on", "comment", "by")

    @admin.display(boolean=True, description="on")
    def is_on(self, row: Silence) -> bool:
        """Whether it still silences."""
        return row.until > timezone.now()

    def save_model(self, request: HttpRequest, obj: Silence, form: ModelForm[Any], change: bool) -> None:
        """Remember who made it."""
        obj.by = obj.by or request.user.get_username()
        super().save_model(request, obj, form, change)


@admin.register(Incident)
class IncidentAdmin(_ToRead):
    """Incidents; their own pages show more."""

    list_display = ("rule_name", "severity", "stream", "group", "sensor", "opened_at", "closed_at", "on_site")
    list_filter = ("severity", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("rule_name", "stream", "group", "sensor", "reason")
    date_hierarchy = "opened_at"
    exclude = ("stream_path", "group_path")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """On the streams that may be seen."""
        return access.rows_seen(super().get_queryset(request))

    @admin.display(description="Timeline")
    def on_site(self, row: Incident) -> str:
        """A link to its page."""
        return format_html('<a href="{}">timeline</a>', reverse("incident", args=[row.pk]))


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(_ToRead):
    """What was told over which channel, and what went wrong."""

    list_display = ("made_at", "event", "channel_name", "incident", "state", "attempts", "next_at", "last_error")
    list_filter = ("state", "event", "channel_name")
    date_hierarchy = "made_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertDelivery]:
        """Of incidents on the streams that may be seen."""
        rows = super().get_queryset(request)
        if access.viewers_reach() is None:
            return rows
        return rows.filter(incident__in=access.rows_seen(Incident.objects.all()))
