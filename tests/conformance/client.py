#!/usr/bin/env python3
"""`lifesign probe` as the client under test of the official conformance suite.

The suite appends the URL of its server and says in MCP_CONFORMANCE_* what is played; $LIFESIGN is
the program. Nothing is told to the probe but what an owner of such a server would configure.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

scenario = os.environ["MCP_CONFORMANCE_SCENARIO"]
context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
arguments = ["--allow-private", "--json", "--timeout", "60s"]
# The lifecycle that is played: a handshake, or none.
if version := os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION"):
    arguments += ["--protocol-version", version]

# The tools that owners of such servers would have called: one by each monitor.
canaries = {
    "tools_call": [("add_numbers", {"a": 5, "b": 3})],
    "http-invalid-tool-headers": [("valid_tool", {"region": "us-west1"})],
}.get(scenario) or [(call["name"], call["arguments"]) for call in context.get("toolCalls", [])]


def probe(*more):
    """Checks the server once; gives the exit code."""
    return subprocess.run([os.environ["LIFESIGN"], "probe", sys.argv[-1], *arguments, *more]).returncode


with tempfile.TemporaryDirectory() as folder:
    if scenario.startswith("auth/client-credentials-"):
        arguments += ["--oauth-client-id", context["client_id"]]
        if "client_secret" in context:
            os.environ["CLIENT_SECRET"] = context["client_secret"]
            arguments += ["--oauth-secret-env", "CLIENT_SECRET"]
        if "private_key_pem" in context:
            key = pathlib.Path(folder, "key.pem")
            key.write_text(context["private_key_pem"])
            arguments += ["--oauth-key-file", str(key)]
    codes = [probe("--canary", f"{tool}={json.dumps(given)}") for tool, given in canaries] or [probe()]

# Degraded is an opinion about the server of the suite, not a failure of ours.
sys.exit(0 if max(codes) <= 1 else max(codes))
