"""How the demo's second stream is charted; somebody who sets it up otherwise is not overruled."""

from __future__ import annotations

from streams.chart_models import ChartedField, ChartedStream

STREAM = "job_timings"


def set_up() -> None:
    """Make the chart settings of the demo's jobs, unless there are any."""
    row, is_new = ChartedStream.objects.get_or_create(stream=STREAM, defaults={"sensor_field": "queue"})
    if is_new:
        ChartedField.objects.create(stream=row, name="took_ms", label="Took", unit="ms", high_warn=1500, high_bad=3000)
        ChartedField.objects.create(stream=row, name="rows", label="Rows", decimals=0, order=1)
