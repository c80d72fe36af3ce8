# SPDX-License-Identifier: GPL-2.0-or-later
"""Command of the fuzz tests: prints each input that a reader does not stand, and replays one."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path

from tests.fuzz.readers import READERS
from tests.fuzz.run import FORK, SECONDS_OF_A_PROCESS, UNDAMAGED, Case, import_everything, run_cases, write_seeds
from tests.fuzz.writers import WRITERS, find_symptom, list_failures

os.environ.setdefault("OGR_SQLITE_SYNCHRONOUS", "OFF")


def fuzz() -> int:
    """Run COUNT inputs, or one to replay; print failures and their groups; return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="inputs over all readers, each for an equal time")
    parser.add_argument("--minutes", type=float, default=600.0, help="longest time")
    parser.add_argument("--seed", type=int, default=1, help="first seed of each reader")
    parser.add_argument("--progress", type=Path, help="has the next seed of each reader: a later run goes on there")
    parser.add_argument("--readers", nargs="*", default=list(READERS), help=", ".join(READERS))
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="has the files of each failure")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--replay", action="store_true", help="one input: print what the reader prints")
    parser.add_argument("--writers", nargs="*", help=f"let calls of the file system fail instead: {', '.join(WRITERS)}")
    args = parser.parse_args()
    folder, started = args.folder.absolute(), time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    import_everything()
    if args.writers is not None:
        return _fail_calls(args, folder)
    write_seeds(folder / "seeds", {name: READERS[name] for name in args.readers})
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    count = 0

    def run(batches: Iterator[list[Case]]) -> Iterator[Case]:
        """Yield the cases of batches; print those with a symptom."""
        nonlocal count
        for case in run_cases(folder, batches, args.jobs):
            count += 1
            if case.symptom:
                groups[case.reader, " ".join(case.symptom.split()[:2])].append(case)
                print(f"{case.reader} {case.seed} | {case.damage} | {case.symptom}", flush=True)
            if args.replay and (path := folder / f"{case.reader}-{case.seed}/stderr").exists():
                print(path.read_text("utf-8"))
            yield case

    # The valid files come first: the verdicts and rows of the others are compared with theirs.
    seconds = {case.reader: case.seconds for case in run(iter([[Case(name, UNDAMAGED)] for name in args.readers]))}
    seeds = dict.fromkeys(args.readers, args.seed)
    if args.progress and args.progress.exists():
        seeds |= json.loads(args.progress.read_text())
    wanted = len(args.readers) if args.replay else args.count
    for case in run(_choose_batches(seeds, seconds, wanted, started + 60 * args.minutes)):
        # The first case of a process loads libraries.
        seconds[case.reader] = (seconds[case.reader] + case.seconds) / 2
        if args.progress:
            args.progress.write_text(json.dumps(seeds))
    print(f"{count} inputs, {time.monotonic() - started:.0f} s, {sum(map(len, groups.values()))} failures")
    for (reader, symptom), cases in sorted(groups.items(), key=lambda group: -len(group[1])):
        replay = f"python -m tests.fuzz --replay --readers {reader} --seed {cases[0].seed}"
        print(f"{len(cases):5} {reader}: {symptom} · {replay}")
    return 1 if groups else 0


def _fail_calls(args: argparse.Namespace, folder: Path) -> int:
    """Run COUNT writers, each with a call that fails; print the symptoms; return 1 if there are any."""
    names, started = args.writers or list(WRITERS), time.monotonic()
    write_seeds(folder / "seeds", {name: WRITERS[name] for name in names})
    count = -(-args.count // len(names))
    with FORK.Pool(args.jobs) as pool:
        listed = pool.starmap(list_failures, [(folder, name, args.seed, count) for name in names], chunksize=1)
        failures = [failure for one in zip_longest(*listed) for failure in one if failure]
        results = []
        for failure in pool.imap_unordered(partial(find_symptom, folder), failures, chunksize=1):
            results.append(failure)
            if failure.symptom:
                print(failure.writer, failure.call, failure.error, failure.is_lasting, failure.symptom, sep=" | ", flush=True)  # fmt: skip
            if time.monotonic() - started > 60 * args.minutes:
                break
    found = sum(bool(failure.symptom) for failure in results)
    print(f"{len(results)} failed calls, {time.monotonic() - started:.0f} s, {found} failures")
    return 1 if found else 0


def _choose_batches(
    seeds: dict[str, int], seconds: dict[str, float], count: int, deadline: float
) -> Iterator[list[Case]]:
    """Yield cases, each time of the reader that has had the least time; ``seeds`` has the next seed of each reader.

    ``seconds``: latest processor time of a case of each reader; ``count``: number of all cases.
    """
    spent = dict.fromkeys(seconds, 0.0)
    while count > 0 and time.monotonic() < deadline:
        name = min(spent, key=lambda reader: spent[reader])
        size = max(1, min(int(SECONDS_OF_A_PROCESS / seconds[name]), -(-count // len(seconds))))
        yield [Case(name, seeds[name] + number) for number in range(size)]
        seeds[name] += size
        spent[name] += size * seconds[name]
        count -= size


sys.exit(fuzz())
