"""Keeps passwords inside URLs out of error pages and error mail."""

from typing import Any

from django.views.debug import SafeExceptionReporterFilter

from streams.addresses import without_password


class UrlHidingFilter(SafeExceptionReporterFilter):
    """Django hides settings by name; REDIS_URL's name gives nothing away, so values are looked at too."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """The setting as it may be shown."""
        cleansed = super().cleanse_setting(key, value)
        return without_password(cleansed) if isinstance(cleansed, str) else cleansed
