"""One rule to begin with, so that what is plainly broken is said on the pages without anybody setting it up."""

from django.db import migrations


def make(apps, _):
    """A rule about verdicts that need a person, told in the browser."""
    channel = apps.get_model("streams", "AlertChannel").objects.create(name="On the chart pages", kind="browser")
    rule = apps.get_model("streams", "AlertRule").objects.create(
        name="A group is unhealthy", verdicts=["LOST", "STOPPED", "STUCK", "NOT_ACKING"], m=3, n=5
    )
    rule.channels.add(channel)


class Migration(migrations.Migration):
    dependencies = (("streams", "0004_alerts"),)

    # Whoever goes back drops the tables next.
    operations = (migrations.RunPython(make, migrations.RunPython.noop),)
