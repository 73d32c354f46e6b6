#!/usr/bin/env bash
# Runs all tests: builds them while the tools are installed, starts PostgreSQL, ends with the
# summary of nextest. Arguments go to nextest: tests/setup/test.sh -E 'test(alerter)'.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$PWD/tests/.cache
mkdir -p "$cache"

if cargo nextest --version >/dev/null 2>&1; then
    build=(cargo nextest run --workspace --no-run --cargo-quiet)
    # A good part of each test is waiting: for servers, browsers, another process.
    run=(cargo nextest run --workspace --cargo-quiet --no-fail-fast --show-progress none
        --test-threads $(($(nproc) + 2)) --status-level fail --final-status-level fail "$@")
else
    echo "cargo-nextest is missing, falling back to cargo test (https://nexte.st has the installer)" >&2
    build=(cargo test --workspace --no-run --quiet)
    run=(cargo test --workspace --quiet --no-fail-fast)
fi

quietly() { # LOG COMMAND…: shows the log only when the command fails
    local log=$cache/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null || {
        local code=$?
        cat "$log" >&2
        return "$code"
    }
}

quietly tools tests/setup/tools.sh &
tools=$!
quietly build "${build[@]}" || { wait "$tools" || true; exit 1; }
wait "$tools" || { echo "the tools for the tests could not be installed" >&2; exit 1; }

postgres=$(mktemp -d "${TMPDIR:-/tmp}/lifesign-postgres.XXXXXX")
trap 'tests/setup/postgres.sh stop "$postgres"' EXIT
trap 'exit 130' INT TERM
LIFESIGN_TEST_POSTGRES=$(tests/setup/postgres.sh start "$postgres")
export LIFESIGN_TEST_POSTGRES
# A snapshot that differs is a failure here, never a new file.
export INSTA_UPDATE=no

if [ $# -eq 0 ]; then
    quietly doctests cargo test --workspace --doc --quiet
fi
"${run[@]}" </dev/null
