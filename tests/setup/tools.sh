#!/usr/bin/env bash
# What the tests need beside Rust: PostgreSQL, Chromium, nginx and Caddy from Debian, real MCP servers from PyPI and
# npm. Everything is installed once and kept in tests/.cache and node_modules; a second run does nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$PWD/tests/.cache
mkdir -p "$cache"

packages=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || packages+=(postgresql)
command -v chromium >/dev/null || packages+=(chromium fonts-liberation)
[ -x /usr/sbin/nginx ] || packages+=(nginx-light)
command -v caddy >/dev/null || packages+=(caddy)
command -v openssl >/dev/null || packages+=(openssl)
command -v curl >/dev/null || packages+=(curl)
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)

debian() {
    [ ${#packages[@]} -gt 0 ] || return 0
    local apt=(apt-get)
    [ "$(id -u)" = 0 ] || apt=(sudo -n apt-get)
    export DEBIAN_FRONTEND=noninteractive
    if ! "${apt[@]}" install -y --no-install-recommends "${packages[@]}"; then
        # The lists may be missing or old.
        "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${packages[@]}"
    fi || { echo "please install: ${packages[*]}" >&2; return 1; }
}

fresh() { # STAMP FILE…: true if the stamp was made from these very files
    local stamp=$1
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(sha256sum "$@")" ]
}

# One folder for each generation of the Python SDKs: venv-NAME from requirements-NAME.txt.
readonly pythons=(mcp19 mcp2 fastmcp2)

uv() {
    [ -x "$cache/uv/bin/uv" ] || { rm -rf "$cache/uv" && python3 -m venv "$cache/uv"; }
    "$cache/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9
}

python() { # FOLDER LIST
    local folder=$cache/$1 list=tests/real/$2
    fresh "$folder/stamp" "$list" && return 0
    "$cache/uv/bin/uv" venv --quiet --clear --python "$(command -v python3)" "$folder"
    "$cache/uv/bin/uv" pip install --quiet --no-deps --compile-bytecode --python "$folder/bin/python" --requirement "$list"
    sha256sum "$list" >"$folder/stamp"
}

python_all() {
    local name
    { [ -x "$cache/uv/bin/uv" ] || uv; } && python venv requirements.txt
    for name in "${pythons[@]}"; do python "venv-$name" "requirements-$name.txt"; done
}

node() { # FOLDER
    local stamp=$1/node_modules/.stamp
    fresh "$stamp" "$1/package-lock.json" && return 0
    (cd "$1" && npm ci --silent --no-audit --no-fund --ignore-scripts)
    sha256sum "$1/package-lock.json" >"$stamp"
}

# Python needs its venv module first; the rest does not wait for Debian.
node_all() { node tests/real && node tests/real/v2 && node tests/conformance && node tests/browser; }
node_all &
others=($!)
case " ${packages[*]-} " in
*" python3-venv "*) debian && python_all ;;
*)
    python_all &
    others+=($!)
    debian
    ;;
esac
for other in "${others[@]}"; do wait "$other"; done
