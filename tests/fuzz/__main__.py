# SPDX-License-Identifier: GPL-2.0-or-later
"""Command of the fuzz tests: prints each input that a reader does not stand, and replays one."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections import defaultdict
from pathlib import Path

from tests.fuzz.readers import READERS
from tests.fuzz.run import UNDAMAGED, Case, import_everything, run_cases, write_seeds

os.environ.setdefault("OGR_SQLITE_SYNCHRONOUS", "OFF")


def fuzz() -> int:
    """Run COUNT inputs, or one to replay; print failures and their groups; return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="inputs over all readers")
    parser.add_argument("--seed", type=int, default=1, help="first seed of each reader")
    parser.add_argument("--readers", nargs="*", default=list(READERS), help=", ".join(READERS))
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="has the files of each failure")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--replay", action="store_true", help="one input: print what the reader prints")
    args = parser.parse_args()
    folder, started = args.folder.absolute(), time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    import_everything()
    write_seeds(folder / "seeds", args.readers)
    seeds = range(args.seed, args.seed + (1 if args.replay else max(1, args.count // len(args.readers))))
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    count = 0
    # The valid files come first: the rows of the others are compared with theirs.
    for some in ([UNDAMAGED], seeds):
        cases = [Case(name, seed) for seed in some for name in args.readers]
        count += len(cases)
        for case in run_cases(folder, cases, args.jobs):
            if case.symptom:
                groups[case.reader, " ".join(case.symptom.split()[:2])].append(case)
                print(f"{case.reader} {case.seed} | {case.damage} | {case.symptom}", flush=True)
            if args.replay and (path := folder / f"{case.reader}-{case.seed}/stderr").exists():
                print(path.read_text("utf-8"))
    print(f"{count} inputs, {time.monotonic() - started:.0f} s, {sum(map(len, groups.values()))} failures")
    for (reader, symptom), cases in sorted(groups.items(), key=lambda group: -len(group[1])):
        replay = f"python -m tests.fuzz --replay --readers {reader} --seed {cases[0].seed}"
        print(f"{len(cases):5} {reader}: {symptom} · {replay}")
    return 1 if groups else 0


sys.exit(fuzz())
