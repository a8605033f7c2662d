#!/bin/sh
# chromium.sh VENV: prints the path of a Chromium for the tests; installs one where there is none and that is allowed.
set -u
venv=$1

works() {
    [ -n "$1" ] && "$1" --version >/dev/null 2>&1
}

print_the_systems() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        path=$(command -v "$name" 2>/dev/null) || continue
        if works "$path"; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

print_playwrights() {
    path=$("$venv/bin/python" -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
') && works "$path" && echo "$path"
}

install_with_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    echo "There is no Chromium here: installing it with apt-get." >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update --quiet=2 >&2 && apt-get install --quiet=2 --yes chromium >&2
}

install_with_playwright() {
    echo "There is no Chromium here: downloading Playwright's." >&2
    "$venv/bin/playwright" install chromium >&2
}

print_the_systems && exit 0
install_with_apt && print_the_systems && exit 0
print_playwrights 2>/dev/null && exit 0
install_with_playwright && print_playwrights && exit 0
echo "The tests need a browser: install Chromium with your system's package manager, or name one in CHROMIUM." >&2
exit 1
