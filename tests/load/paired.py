#!/usr/bin/env python3
"""Two programs that measure the same thing, run in turns: medians and their ratio.

    python3 tests/load/paired.py [--runs 5] 'COMMAND A' 'COMMAND B'

Each command has to print one line of JSON with `cpu_ms_per_probe` and `errs`. Turns, because the
machine is never the same for two minutes: what disturbs one run disturbs its neighbour, too.
"""

import argparse
import json
import shlex
import statistics
import subprocess


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("commands", nargs=2)
    given = options.parse_args()
    figures = [[], []]
    for _ in range(given.runs):
        for command, found in zip(given.commands, figures):
            found.append(measured(command))
    a, b = (statistics.median(found) for found in figures)
    for name, found in zip("AB", figures):
        shown = " ".join(f"{figure:.3f}" for figure in sorted(found))
        print(f"{name}  median {statistics.median(found):.3f} ms of CPU  ({shown})")
    print(f"A / B = {a / b:.2f}")


def measured(command):
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise SystemExit(f"{command}:\n{done.stderr}")
    figure = json.loads(done.stdout.strip().splitlines()[-1])
    if figure["errs"]:
        raise SystemExit(f"{command}: {figure}")
    return figure["cpu_ms_per_probe"]


if __name__ == "__main__":
    main()
