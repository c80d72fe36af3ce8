# SPDX-License-Identifier: GPL-2.0-or-later
"""Command of the metamorphic tests: prints each difference with its seed and relation, and shrinks one to a few rows.

Results of counties are kept in a file for each state of the modules that they ran, whether committed or not. A run that
was ended goes on where it was, also after changes of other code.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from pathlib import Path

from tests.metamorphic.county import GEOMETRY_RULES
from tests.metamorphic.relations import RELATIONS, run_county, shrink

#: Folders of data that decide the findings of geometry rules.
DATA = (Path("resources/profiles"), Path("resources/standards"))


def read_state_of_code() -> str:
    """Return a short hash of the files of all imported modules of the repository, and of the data they read."""
    files = [
        Path(module.__file__)
        for name, module in sys.modules.items()
        if name.startswith(("plugin.", "tests.")) and module.__file__
    ]
    files += [file.absolute() for folder in DATA for file in folder.rglob("*") if file.is_file()]
    digest = hashlib.sha256()
    for file in sorted(set(files)):
        digest.update(f"{file.relative_to(Path.cwd())}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:9]


def run_counties(seeds: list[int], path: Path, jobs: int, deadline: float) -> None:
    """Run counties in processes, and append the result of each to a file; end early at the deadline (s)."""
    # Forked processes must have no threads.
    with path.open("a", encoding="utf-8") as file, multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for result in pool.imap_unordered(run_county, seeds):
            file.write(json.dumps(result) + "\n")
            file.flush()
            for name, differences in result["differences"].items():
                print(f"{result['seed']} {name} | {' ¦ '.join(differences)[:400]}", flush=True)
            if time.monotonic() > deadline:
                return


def main() -> int:
    """Run COUNT cases, or shrink one; print differences and how often each rule fired; return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.metamorphic", description=__doc__)
    parser.add_argument("--count", type=int, default=50_000, help="cases: counties × relations")
    parser.add_argument("--seed", type=int, default=1, help="of the first county")
    parser.add_argument("--folder", type=Path, default=Path("build/metamorphic"), help="keeps the results")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after as many")
    parser.add_argument("--shrink", choices=RELATIONS, help="print the fewest rows with which the county SEED differs")
    args = parser.parse_args()
    if args.shrink:
        print("\n".join(shrink(args.seed, args.shrink)))
        return 0
    args.folder.mkdir(parents=True, exist_ok=True)
    path, started = args.folder / f"{read_state_of_code()}.jsonl", time.monotonic()
    seeds = range(args.seed, args.seed + -(-args.count // len(RELATIONS)))
    done = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    left = sorted({*seeds} - {one["seed"] for one in done})
    run_counties(left, path, args.jobs, started + 60 * args.minutes)
    results = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    results = [one for one in results if one["seed"] in seeds]
    fired, differing = Counter(), Counter()
    for one in results:
        fired.update(one["fired"])
        differing.update(one["differences"].keys())
    seconds = time.monotonic() - started
    signs = sum(one["signs"] for one in results)
    print(f"{len(results) * len(RELATIONS)} cases, {signs} exact signs, {seconds:.0f} s, differ: {dict(differing)}")
    print("counties in which a rule fired: " + ", ".join(f"{code} {fired[code]}" for code in GEOMETRY_RULES))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
