#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Start a private PostgreSQL server with PostGIS, run a command (default: the tests that need it), stop and remove it.
# The server lies in a temporary folder, listens on this machine only at a free port, and has a random password, which
# the command gets in PGHOST, PGPORT, PGUSER and PGPASSWORD. The system's clusters are not touched.
# Settings: SANXIAN_NO_INSTALL=1 (install no system packages).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/env.sh

packages=(postgresql-15 postgresql-15-postgis-3 python3-psycopg2)
find_programs() {
    local folder
    for folder in /usr/lib/postgresql/*/bin; do
        # PostGIS is installed for one version of the server.
        [ -x "$folder/initdb" ] && [ -f "/usr/share/postgresql/$(basename "$(dirname "$folder")")/extension/postgis.control" ] || continue
        printf '%s' "$folder"
        return 0
    done
    return 1
}

if ! programs=$(find_programs); then
    [ -z "${SANXIAN_NO_INSTALL:-}" ] || die "没有 PostGIS 服务器 · no PostGIS server: ${packages[*]}"
    command -v apt-get > /dev/null || die "请安装 PostgreSQL 和 PostGIS · install PostgreSQL and PostGIS"
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
    say "安装系统软件包 · installing: ${packages[*]}" >&2
    mkdir -p "$SANXIAN_BUILD"
    install() {
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -qq -o DPkg::Lock::Timeout=600 "$@" \
            < /dev/null >> "$SANXIAN_BUILD/postgis.log" 2>&1
    }
    # Without this setting the package creates a cluster and starts it.
    policy=
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        "${as_root[@]}" mkdir -p /etc/postgresql-common
        printf 'create_main_cluster = false\n' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf > /dev/null
        policy=1
    fi
    installed=1
    install update && install install --no-install-recommends --yes -o Dpkg::Options::=--force-confold "${packages[@]}" || installed=
    [ -n "$installed" ] || [ -z "$policy" ] || "${as_root[@]}" rm -f /etc/postgresql-common/createcluster.conf
    programs=$(find_programs) || { tail -n 5 "$SANXIAN_BUILD/postgis.log" >&2; die "未能安装 PostGIS · PostGIS could not be installed"; }
fi

folder=$(mktemp -d /tmp/sanxian-postgis.XXXXXX)
run=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    chown postgres "$folder"
    run=(setpriv --reuid postgres --regid postgres --clear-groups)
fi
stop() {
    trap - EXIT
    if [ -f "$folder/data/postmaster.pid" ]; then
        (cd / && "${run[@]}" "$programs/pg_ctl" --silent --mode immediate --wait -D "$folder/data" stop) || true
    fi
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

PGPASSWORD=$("$python" -c 'import secrets; print(secrets.token_hex(16))')
PGPORT=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PGPASSWORD PGPORT PGHOST=127.0.0.1 PGUSER=postgres PGDATABASE=postgres
(
    umask 077
    printf '%s' "$PGPASSWORD" > "$folder/password"
    [ "$(id -u)" != 0 ] || chown postgres "$folder/password"
    cd /
    "${run[@]}" "$programs/initdb" --no-sync --username postgres --auth scram-sha-256 --pwfile "$folder/password" \
        --encoding UTF8 --locale C.UTF-8 -D "$folder/data" > /dev/null
    rm -f "$folder/password"
    # Its data need not survive: no waiting for the disk.
    "${run[@]}" "$programs/pg_ctl" --silent --wait -D "$folder/data" -l "$folder/log" \
        -o "-p $PGPORT -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off" start
) || { cat "$folder/log" >&2 2> /dev/null || true; die "服务器未能启动 · the server did not start"; }
export SANXIAN_POSTGIS="postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE"

status=0
if [ $# -gt 0 ]; then
    "$@" || status=$?
else
    bash tools/run.sh pytest -m postgis tests || status=$?
fi
exit "$status"
