"""Paths of the pages and the API."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from dashboard import api as looking_api
from dashboard import (
    entry_views,
    group_api,
    health_views,
    incident_api,
    incident_views,
    job_api,
    pending_api,
    probes,
    readings_api,
    stream_api,
    views,
)
from dashboard.metrics import metrics
from dashboard.rest import api

# Each adds its calls to the API when it is imported.
__all__ = ["group_api", "incident_api", "job_api", "looking_api", "pending_api", "readings_api", "stream_api"]

urlpatterns = [
    path("", views.stream_page, name="home"),
    path("streams/", health_views.streams_page, name="streams"),
    path("streams/<str:stream>/entries/", entry_views.entries_page, name="entries"),
    path("streams/<str:stream>/groups/", health_views.groups_page, name="groups"),
    path("streams/<str:stream>/groups/<str:group>/", health_views.group_page, name="group"),
    path("streams/<str:stream>/", views.stream_page, name="stream"),
    path("streams/<str:stream>/groups/<str:group>/pending/", views.pending_page, name="pending"),
    path("incidents/", incident_views.incidents_page, name="incidents"),
    path("incidents/<int:pk>/", incident_views.incident_page, name="incident"),
    path("api/", api.urls),
    path("favicon.ico", RedirectView.as_view(url=static("favicon.svg"))),  # asked for by the admin's pages
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
]

handler403 = "dashboard.views.forbidden"
handler404 = "dashboard.views.not_found"
