#!/bin/sh
# venv.sh FOLDER: a virtual environment of a Python that is new enough, if there is none yet.
set -eu
folder=$1

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -x "$folder/bin/python" ] && is_new_enough "$folder/bin/python"; then
    exit 0
fi
for python in python3 python3.14 python3.13 python3.12 python3.11; do
    if is_new_enough "$python"; then
        if "$python" -m venv --clear "$folder"; then
            exit 0
        fi
        echo "$python cannot make a virtual environment: install its venv module (on Debian: python3-venv)." >&2
        exit 1
    fi
done
echo "Python 3.11 or newer is needed, and python3 is $(python3 --version 2>/dev/null || echo missing): install one." >&2
exit 1
