#!/bin/sh
# npm.sh VENV ARGUMENT…: the system's npm, or else one that is installed into the virtual environment.
set -eu
venv=$1
shift
if command -v npm >/dev/null 2>&1; then
    exec npm "$@"
fi
if [ ! -x "$venv/bin/npm" ]; then
    echo "There is no npm here: installing one into $venv." >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-npm.txt
fi
PATH="$(cd "$venv/bin" && pwd):$PATH" exec "$venv/bin/npm" "$@"
