#!/usr/bin/env bash
# A PostgreSQL of our own on a free port of 127.0.0.1, as fast and as forgetful as it can be.
#   postgres.sh start FOLDER    an empty folder; prints the URL
#   postgres.sh stop FOLDER     stops it and removes the folder
# PostgreSQL refuses to run as root: then it runs as the user `postgres` that Debian's package makes.
set -euo pipefail
action=${1:?start or stop}
folder=${2:?a folder}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
bin=${bin:-$(dirname "$(command -v pg_ctl)")}

as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

case $action in
start)
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    as_postgres "$bin/initdb" -D "$folder/data" -U postgres -A trust --no-sync -E UTF8 --locale=C \
        >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 1; }
    for _ in 1 2 3; do # the port may be taken between looking and binding
        port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        if as_postgres "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -o "-p $port \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=400 \
            -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >"$folder.log" 2>&1; then
            rm -f "$folder.log"
            echo "postgres://postgres@127.0.0.1:$port/postgres"
            exit 0
        fi
    done
    cat "$folder.log" "$folder/log" >&2
    echo "PostgreSQL does not start" >&2
    exit 1
    ;;
stop)
    as_postgres "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder" "$folder.log"
    ;;
*)
    echo "start or stop, not $action" >&2
    exit 2
    ;;
esac
