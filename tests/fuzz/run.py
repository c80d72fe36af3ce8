# SPDX-License-Identifier: GPL-2.0-or-later
"""Run readers on damaged files, in forked processes with limits, and find what no file may cause.

The symptoms are a traceback, RUN900, an error that does not name the file, changed inputs, a better verdict than of the
valid file, a verdict 通过 (or an import without a warning) with other numbers of rows or shapes than of the valid file,
more than 10 s of processor time, and more than 1 GB of memory.
"""

from __future__ import annotations

import gc
import importlib
import json
import multiprocessing
import os
import pkgutil
import re
import resource
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import wait
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import plugin.core
from plugin.core.base.errors import SanxianError
from plugin.core.plan.io.source import read_source
from tests.core.small_plan import hash_files
from tests.fuzz.damage import ANOTHER, damage_folder
from tests.fuzz.readers import READERS, ROLES, Reader, call_reader, run_command, write_side

PROCESSOR_SECONDS, WALL_SECONDS, MEMORY_BYTES = 10, 900, 2**30
#: Seed of the valid files.
UNDAMAGED = 0
SECONDS_OF_A_PROCESS = 4.0
FORK = multiprocessing.get_context("fork")


#: Verdict → a number that is larger for a better one.
RANK_BY_VERDICT = {"fail": 0, "incomplete": 0, "conditional": 1, "pass": 2}


class Case(NamedTuple):
    """An input: the reader's name and the seed of the damage.

    After the run, ``symptom`` is what is wrong, empty if nothing, and ``seconds`` is the processor time.
    """

    reader: str
    seed: int
    damage: str = ""
    symptom: str = ""
    seconds: float = 0.0


def import_everything() -> None:
    """Import what commands import, and fill the caches, so that each forked process starts with them."""
    for module in pkgutil.walk_packages(plugin.core.__path__, "plugin.core."):
        importlib.import_module(module.name)
    for name in ("docx", "fiona", "osgeo.ogr", "pyarrow.parquet", "openpyxl", "jinja2"):
        importlib.import_module(name)
    run_command("rules", "--profile", "hunyuan")
    gc.freeze()


def write_seeds(folder: Path, readers: Mapping[str, Reader]) -> None:
    """Write the valid files of readers, and those that commands need beside them, in another process.

    Libraries that write start threads, which a process that forks must not have.
    """
    is_side_needed = any("{side}" in str(reader.read) for reader in readers.values())
    writers = {name: reader.write for name, reader in readers.items()} | (
        {"side": write_side} if is_side_needed else {}
    )

    def write_all() -> None:
        for name, write in writers.items():
            (folder / name).mkdir(parents=True)
            write(folder / name)

    process = FORK.Process(target=write_all)
    process.start()
    process.join()
    assert process.exitcode == 0


def run_cases(folder: Path, batches: Iterator[list[Case]], jobs: int) -> Iterator[Case]:
    """Yield each case with its result; ``folder`` has the seeds and keeps a folder of each case with a symptom.

    A process runs the cases of a batch one after the other; if one of them ends it, another process runs the rest.
    """
    running: dict[Any, tuple[Any, list[Case]]] = {}
    rests: list[list[Case]] = []
    while True:
        while len(running) < jobs and (batch := rests.pop() if rests else next(batches, None)):
            process = FORK.Process(target=_run_batch, args=(batch, folder))
            process.start()
            running[process.sentinel] = process, batch
        if not running:
            return
        for sentinel in wait(running):
            process, batch = running.pop(sentinel)
            process.join()
            done = [case for case in batch if (folder / f"{case.reader}-{case.seed}/symptom").exists()]
            for case in batch[: len(done) + 1]:
                yield _judge(case, folder / f"{case.reader}-{case.seed}", process.exitcode)
            rests += [batch[len(done) + 1 :]] if batch[len(done) + 1 :] else []


def _judge(case: Case, place: Path, exit_code: int) -> Case:
    """Return a case with its result; remove its folder if nothing is wrong."""
    path = place / "symptom"
    symptom = path.read_text("utf-8") if path.exists() else f"ended with {exit_code}"
    damage = (place / "damage").read_text("utf-8")
    seconds = float((place / "seconds").read_text()) if path.exists() else float(PROCESSOR_SECONDS)
    if not symptom and case.seed != UNDAMAGED:
        shutil.rmtree(place)
    return case._replace(damage=damage, symptom=symptom, seconds=seconds)


def _run_batch(batch: list[Case], folder: Path) -> None:
    """Run cases one after the other, and write the symptom of each."""
    # A larger array raises MemoryError, instead of taking the memory of other programs.
    resource.setrlimit(resource.RLIMIT_DATA, (2 * MEMORY_BYTES, resource.RLIM_INFINITY))
    for case in batch:
        place = folder / f"{case.reader}-{case.seed}"
        (place / "out").mkdir(parents=True)
        shutil.copytree(folder / "seeds" / case.reader, place / "in")
        if "{side}" in str(READERS[case.reader].read):
            shutil.copytree(folder / "seeds/side", place / "side")
        chance = Random(f"{case.reader} {case.seed}")
        damage = damage_folder(place / "in", chance) if case.seed != UNDAMAGED else ""
        (place / "damage").write_text(damage, "utf-8", errors="replace")
        before, usage = hash_files(place / "in"), resource.getrusage(resource.RUSAGE_SELF)
        signal.alarm(WALL_SECONDS)
        limit = int(usage.ru_utime + usage.ru_stime) + PROCESSOR_SECONDS + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        symptom = _find_symptom(case, run_reader(READERS[case.reader].read, place), place)
        after = resource.getrusage(resource.RUSAGE_SELF)
        memory = after.ru_maxrss >> 10
        symptom += f" memory {memory} MB" if memory > MEMORY_BYTES >> 20 > usage.ru_maxrss >> 10 else ""
        symptom += " inputs changed" if hash_files(place / "in") != before else ""
        seconds = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
        (place / "seconds").write_text(f"{max(seconds, 0.01):.3f}")
        (place / "symptom").write_text(symptom, "utf-8", errors="replace")


def run_reader(read: str | Callable[[Path], object], place: Path) -> Any:
    """Run a reader on the files of a case; return its exit code. What it prints is in the folder of the case."""
    code: Any = None
    with (place / "stdout").open("w", encoding="utf-8") as out, (place / "stderr").open("w", encoding="utf-8") as err:
        os.dup2(err.fileno(), 2)  # C libraries
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = call_reader(read, place)
            except BaseException as error:
                code = error.code if isinstance(error, SystemExit) else traceback.print_exc()
            # What the collection of garbage prints belongs to this case.
            gc.collect()
    return code


def _find_symptom(case: Case, code: Any, place: Path) -> str:
    """Return what is wrong with the result of a command; empty if nothing."""
    printed = (place / "stderr").read_text("utf-8", errors="replace")
    if "Traceback" in printed:
        frames = re.findall(r'File "[^"]*/plugin/([^"]+)", line (\d+), in (\w+)', printed) or [("?", "", "")]
        return f"traceback {':'.join(frames[-1])} {printed.strip().splitlines()[-1][:120]}"
    report = json.loads(path.read_text("utf-8")) if (path := place / "out/r.json").exists() else None
    crashes = [finding for finding in report["findings"] if finding["code"] == "RUN900"] if report else []
    if crashes:
        return f"RUN900 {crashes[0]['message'][:160]}"
    names = {name for path in (place.parent / "seeds" / case.reader).rglob("*") for name in (path.stem, path.name)}
    names.update(ROLES)
    if code == 2 and not any(name in printed for name in names):
        return f"code {code}, no file named: {printed.strip()[:120]}"
    verdict = report["summary"]["verdict"] if report else ""
    is_passed = verdict in ("pass", "conditional") if report else code == 0 and not printed
    if case.seed != UNDAMAGED and (not is_passed or ANOTHER in (place / "damage").read_text("utf-8")):
        return ""
    valid = place.with_name(f"{case.reader}-{UNDAMAGED}") / "rows"
    valid_verdict = verdict if case.seed == UNDAMAGED else valid.with_name("verdict").read_text()
    if report and RANK_BY_VERDICT[verdict] > RANK_BY_VERDICT[valid_verdict]:
        return f"verdict {verdict} instead of {valid_verdict}"
    digests = [sorted(hash_files(folder).values()) for folder in (place / "in", place.parent / "seeds" / case.reader)]
    if case.reader == "package" and digests[0] != digests[1]:
        return "passed with a changed file"
    given = _describe_rows(place / "in")
    result = given if report else _describe_rows(place / "out")
    if case.seed == UNDAMAGED:
        valid.write_text("\n".join(result), "utf-8")
        valid.with_name("verdict").write_text(verdict)
    wanted = set(valid.read_text("utf-8").splitlines())
    # A copy keeps what is damaged in the data.
    lost = sorted((wanted & given if given and not report else wanted) - result)
    if case.reader == "baseline":
        # The verdict is that of the plan: a row of the sealed edition that was not compared is named with its layer.
        reasons = " ".join(rule["reason"] for rule in report["rules"])
        lost = [one for one in lost if one.partition(":")[0] not in reasons]
    return f"passed without {', '.join(lost[:2])}" if lost else ""


def _describe_rows(folder: Path) -> set[str]:
    """Return name, number of rows and number of shapes of each layer that can be read."""
    rows: set[str] = set()
    for path in [folder, *folder.iterdir()]:
        try:
            rows |= {f"{one.name}:{len(one.frame)}:{one.frame.geometry.count()}" for one in read_source(path)}
        except SanxianError:
            continue
    return rows
