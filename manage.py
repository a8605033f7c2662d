#!/usr/bin/env python3
"""Streamwatch's commands: `python manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line

from streams.lifeline import die_with_supervisor


def main() -> None:
    """Run the command named on the command line."""
    die_with_supervisor(os.environ)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
