"""Paths of the pages and the API."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from dashboard import api, entry_views, health_views, incident_api, incident_views, views
from dashboard.metrics import metrics

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
    path("api/incidents/", incident_api.incidents),
    path("api/incidents/<int:pk>/", incident_api.incident),
    path("api/monitor/", api.monitor),
    path("api/streams/", api.stream_list),
    path("api/streams/<str:stream>/", api.stream_detail),
    path("api/streams/<str:stream>/entries/", entry_views.entries),
    path("api/streams/<str:stream>/sensors/", api.sensors),
    path("api/streams/<str:stream>/history/", api.history),
    path("api/streams/<str:stream>/groups/<str:group>/history/", api.history),
    path("api/streams/<str:stream>/groups/<str:group>/pending/", api.pending),
    path("api/streams/<str:stream>/groups/<str:group>/pending/survey/", api.survey, name="api-survey"),
    path("favicon.ico", RedirectView.as_view(url=static("favicon.svg"))),  # asked for by the admin's pages
    path("healthz", api.healthz, name="healthz"),
    path("readyz", api.readyz),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
]

handler403 = "dashboard.views.forbidden"
handler404 = "dashboard.views.not_found"
