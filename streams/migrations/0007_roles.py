"""Three roles to give to people: viewer, reviewer, operator. Each may do what the one before may."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWER = (
    "view_stream",
    "view_consumergroup",
    "view_pendingentry",
    "view_deadletter",
    "view_ledgerentry",
    "view_incident",
    "view_job",
    "view_alertdelivery",
    "view_alertrule",
    "view_silence",
    "view_apitoken",
    "add_apitoken",
    "delete_apitoken",
)
REVIEWER = (
    *VIEWER,
    "claim_pendingentry",
    "acknowledge_pendingentry",
    "deadletter_pendingentry",
    "reprocess_pendingentry",
    "release_pendingentry",
    "add_silence",
)
CHARTS = ("chartedstream", "chartedfield", "namedsensor")
OPERATOR = (
    *REVIEWER,
    "add_consumergroup",
    "move_consumergroup",
    "delete_consumergroup",
    "add_consumer",
    "delete_consumer",
    "trim_stream",
    "add_entry",
    "replay_deadletter",
    "purge_deadletter",
    "add_alertrule",
    "change_alertrule",
    "delete_alertrule",
    "change_silence",
    "delete_silence",
    "view_alertchannel",
    "test_alertchannel",
    *(f"{what}_{model}" for model in CHARTS for what in ("view", "add", "change", "delete")),
)
ROLES = {"viewer": VIEWER, "reviewer": REVIEWER, "operator": OPERATOR}


def make(apps, schema_editor):
    """Groups that are there already keep what they have, and get what is missing."""
    # Django makes permissions when all migrations have run; these are needed now.
    create_permissions(installed.get_app_config("streams"), verbosity=0, using=schema_editor.connection.alias)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="streams")
    for name, wanted in ROLES.items():
        role, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        role.permissions.add(*permissions.filter(codename__in=wanted))


class Migration(migrations.Migration):
    dependencies = (
        ("streams", "0006_operations_on_groups"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    )

    # Somebody may have been given a role: going back leaves them.
    operations = (migrations.RunPython(make, migrations.RunPython.noop),)
