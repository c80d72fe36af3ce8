# SPDX-License-Identifier: GPL-2.0-or-later
"""Let each call of the file system fail once while files are written: nothing may be lost, and no half file may stay.

Each command runs twice into the same targets, the second time with a call that fails: once (the disk is full, access is
denied, the drive is gone), or every call that needs space from there on. Symptoms are a traceback, a former file that
is neither whole nor replaced by a complete one, a file that no successful run leaves, a changed input, and an error that
names no file.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyogrio

from plugin.core.base.files.writing import check_writable, copy_path, write_atomically, write_files, write_text
from plugin.core.engine.waivers.file import change_waivers, read_waivers
from plugin.core.fixes.change_log import RowsToAppend, append_rows
from plugin.core.package.folder import replace_folder
from plugin.core.standard.profile.county_file import read_county, read_valid_toml_text, save_county
from tests.core.package.test_replace_folder import write_package
from tests.core.small_plan import hash_files
from tests.fuzz.failing_calls import ERRORS, FILLING_CALLS, Call, run_with_failure
from tests.fuzz.readers import (
    PLAN_FORMATS,
    READERS,
    Reader,
    check,
    copy,
    write_base,
    write_county,
    write_list,
    write_profile,
    write_result,
)
from tests.fuzz.run import WALL_SECONDS, run_reader

WATCHED = ("in", "out", "side", "tmp")
#: Folders of files that are written one after the other; a later run goes on.
COLLECTIONS = ("b", "wl")
#: Is in the names of folders that are only there while files are written.
TEMPORARY = ".sanxian-"
#: Has 1 in a run into an empty folder, 2 in the next one.
RUN_VARIABLE = "SANXIAN_FUZZ_RUN"


def add_waiver(folder: Path) -> None:
    target, waivers = folder.parent / "out/county.waivers.csv", read_waivers(folder / "county.waivers.csv")
    change_waivers(target, added_waivers=[waivers[len(read_waivers(target)) if os.path.exists(target) else 0]])


def make_text() -> str:
    """Return a text with more lines in the second run."""
    return "行\n" * int(os.environ[RUN_VARIABLE])


def write_together(unit: Path) -> None:
    write_files([(unit / name, lambda path: path.write_text(make_text())) for name in ("a", "b")], is_all_or_none=True)


def append_to_tables(unit: Path) -> None:
    append_rows(
        [RowsToAppend(unit / name, ("甲",), [(make_text(),)], "changes_unreadable") for name in ("a.csv", "b.csv")]
    )


def write_parts(unit: Path) -> None:
    """Write a file with others beside it, as a shapefile has them."""
    with write_atomically(unit / "a.txt") as new:
        for suffix in (".txt", ".dbf.txt", ".shx.txt"):
            new.with_suffix(suffix).write_text(make_text())


def write_database(unit: Path) -> None:
    """Copy a folder, as a FileGDB is one."""
    source = unit.parent.parent / "source"
    source.mkdir()
    (source / "a.txt").write_text(make_text())
    with write_atomically(unit / "a.gdb") as new:
        copy_path(source, new)


def write_package_folder(unit: Path) -> None:
    with replace_folder(unit / "包") as new:
        write_package(new, os.environ[RUN_VARIABLE])


#: How files are replaced, together or each; files of the folder out/unit belong together.
WAYS: dict[str, Callable[[Path], object]] = {
    "text": lambda unit: (check_writable(unit / "a.txt", []), write_text(unit / "a.txt", make_text())),
    "together": write_together,
    "tables_together": append_to_tables,
    "file_and_parts": write_parts,
    "database": write_database,
    "package_folder": write_package_folder,
}


def write_qgis_project(folder: Path) -> None:
    """Write the project of a new county."""
    from qgis.core import QgsApplication, QgsProject

    from plugin.bridge.new_project.assemble import NewProjectRequest, write_project

    application = QgsApplication([], False)
    application.initQgis()
    path = folder.parent / "out/县.qgz"
    try:
        write_project(QgsProject(), NewProjectRequest("county_db", "140225", "浑源县", "EPSG:4526", (), path, path))
    finally:
        application.exitQgis()


def save_settings(folder: Path) -> None:
    """Save the settings of a county."""
    target = folder.parent / "out/县.toml"
    text = read_valid_toml_text(target) if os.path.exists(target) else ""
    save_county(read_county(folder / "县.toml"), target, text)


#: What the readers of damaged files write, and what else is written.
WRITERS = {
    **{name: Reader(lambda folder, write=write: write(folder.parent / "out/unit"), lambda folder: None) for name, write in WAYS.items()},
    **{name: READERS[name] for name in (
        *("outputs", "fix", "indicators", "tables", "compare", "adjustment", "renumber", "zone", "to_vct", "to_points", "vct"),
        *("points_txt", "drawing", "projects", "report", "ledger", "townships", "editions", "structure", "template", "yearly"),
        *("cultivated", "boundary", "supplement", "statement", "drafts", "split", "parts", "old_profile"),
    )},
    **{f"findings_{suffix}": Reader(check(f"--findings {{out}}/f.{suffix}", "{in}/base.gpkg"), write_county(write_base, has_errors=True)) for suffix in ("shp", "gdb", "geojson")},
    **{f"fix_{name}": Reader(f"fix {PLAN_FORMATS[name][0]} --profile hunyuan --output {{out}}/copy{'.gdb' * (name == 'gdb')} --table {{out}}/a.csv", write_county(PLAN_FORMATS[name][1], has_errors=True)) for name in ("gdb", "shp")},
    "package": Reader("package {in}/base.gpkg {out} --profile hunyuan --force", write_base),
    "batch": Reader("batch {side}/counties.csv --output {out}/b --html --findings", write_base),
    "list_split": Reader("worklist split {in}/清单.csv {out}/wl", write_list),
    "rules": Reader("rules --csv {out}/a.csv --html {out}/a.html --json {out}/run.json", write_list),
    "waivers": Reader(add_waiver, copy("county.waivers.csv", "county.waivers.csv")),
    "county": Reader(save_settings, write_profile),
    "project": Reader(write_qgis_project, write_list),
    "result": Reader(lambda folder: write_result(folder.parent / "out"), write_list),
}  # fmt: skip


class Failure(NamedTuple):
    """A call that fails while a writer runs.

    ``error``: number of the error, 0 for a run without; ``is_lasting``: each later call that needs space fails too;
    ``is_first``: no former file is there. After the run, ``symptom`` is what is wrong, empty if nothing.
    """

    writer: str
    call: Call = Call("", "", 0)
    error: int = 0
    is_lasting: bool = False
    is_first: bool = False
    symptom: str = ""


def list_failures(folder: Path, name: str, seed: int, count: int) -> list[Failure]:
    """Run a writer twice without failures; return up to ``count`` failures of its calls, chosen by ``seed``.

    ``folder`` has the valid files; the results of both runs are the former files, and those of a successful run.
    """
    for other in (folder / "seeds/out/other.txt", folder / "seeds/out/unit/other.txt"):
        # A file of someone else, which stays as it is.
        other.parent.mkdir(parents=True, exist_ok=True)
        other.touch()
    chance, failures = Random(f"{name} {seed}"), []
    for is_first in (True, False):
        place = folder / f"{name}-{'first' if is_first else 'second'}"
        calls, code = run_writer(folder, Failure(name, is_first=is_first), place)
        if code == 2 and not is_first:
            # It does not replace what is there.
            break
        assert code in (0, 1), (name, code, (place / "stderr").read_text("utf-8"))
        (place / "code").write_text(str(code))
        by_path: dict[tuple[str, str], list[Call]] = {}
        for call in calls:
            by_path.setdefault(call[:2], []).append(call)
        for same in by_path.values():
            for call in {same[0], same[-1], chance.choice(same)}:
                failures += [Failure(name, call, error, False, is_first) for error in ERRORS[call.kind]]
                failures += [Failure(name, call, errno.ENOSPC, True, is_first)] if call.kind in FILLING_CALLS else []
    chance.shuffle(failures)
    return failures[:count]


def run_writer(folder: Path, failure: Failure, place: Path) -> tuple[list[Call], int]:
    """Run a writer with a failure in a new folder; return the calls below it, and the exit code."""
    former = folder / f"{failure.writer}-first"
    for name in WATCHED:
        source = folder / "seeds" / {"in": failure.writer}.get(name, name) if failure.is_first else former / name
        shutil.copytree(source, place / name) if source.exists() else (place / name).mkdir(parents=True)
    has_failed = False

    def find_error(call: Call) -> int:
        nonlocal has_failed
        is_chosen = call == failure.call or (has_failed and failure.is_lasting and call.kind in FILLING_CALLS)
        has_failed |= is_chosen
        return failure.error if is_chosen else 0

    def run() -> int:
        signal.alarm(WALL_SECONDS)
        os.chdir(place)
        os.environ[RUN_VARIABLE] = "1" if failure.is_first else "2"
        os.environ["TMPDIR"] = os.environ["CPL_TMPDIR"] = tempfile.tempdir = str(place / "tmp")
        return run_reader(WRITERS[failure.writer].read, place) or 0

    calls, code = run_with_failure(run, place, find_error, WATCHED)
    return calls, code


def find_symptom(folder: Path, failure: Failure) -> Failure:
    """Run a writer with a failure; return the failure with what is wrong. ``folder``: as of `list_failures`."""
    place = Path(tempfile.mkdtemp(prefix=f"{failure.writer}-", dir=folder))
    _, code = run_writer(folder, failure, place)
    success = folder / f"{failure.writer}-{'first' if failure.is_first else 'second'}"
    former = folder / f"{failure.writer}-first" if not failure.is_first else folder / "seeds"
    symptom = " · ".join(_list_symptoms(failure, code, place, former, success))
    (place / "failure").write_text(f"{failure}\n{symptom}", "utf-8")
    if not symptom:
        shutil.rmtree(place)
    return failure._replace(symptom=f"{symptom} ({place.name})" if symptom else "")


def _list_symptoms(failure: Failure, code: int, place: Path, former: Path, success: Path) -> Iterator[str]:
    """Yield what is wrong after a run; ``former``, ``success``: folders before it, and after one without failure."""
    printed = (place / "stderr").read_text("utf-8", errors="replace")
    if "Traceback" in printed:
        frames = re.findall(r'File "[^"]*/plugin/([^"]+)", line (\d+), in (\w+)', printed) or [("?", "", "")]
        yield f"traceback {':'.join(frames[-1])} {printed.strip().splitlines()[-1][:120]}"
        code = 2
    wanted_code, is_read = int((success / "code").read_text()), failure.call.path.startswith(("/in", "/side"))
    if code == 1 and failure.writer == "batch":
        # The county that failed is in the summary with its reason.
        code = 2
    if code not in (wanted_code, 2) and not is_read:
        yield f"code {code} instead of {wanted_code}"
    names = {path.name for name in ("in", "out", "side") for path in (success / name).rglob("*")}
    if code == 2 and not any(name in printed for name in (*names, str(place))):
        yield f"no file named: {printed.strip()[:120]}"
    if _digest(place / "in") != _digest(success / "in"):
        yield "inputs changed"
    is_removal = failure.call.kind in ("remove", "list", "open", "stat") and not failure.is_lasting
    if not is_removal and (left := [path for path in place.rglob("*") if TEMPORARY in path.name]):
        yield f"{left[0].relative_to(place)} stays"
    for part in ("out", "side", "tmp"):
        before, after, wanted = (_list_entries(folder / part) for folder in (former, place, success))
        for name in sorted(before | after | wanted):
            paths = [folder / part / name for folder in (former, place, success)]
            if name not in after:
                problem = "is lost" if name in before else "" if code == 2 or is_read else "is missing"
            elif name not in before | wanted:
                problem = "" if is_removal else "stays"
            else:
                problem = _find_problem(*paths, has_failed=code == 2, is_read=is_read)
            if problem:
                yield f"{part}/{name} {problem}"


def _find_problem(former: Path, path: Path, success: Path, *, has_failed: bool, is_read: bool) -> str:
    """Return why a file or folder is neither the former one nor complete; empty if it is one of both.

    ``is_read``: an input could not be read, so that there may be fewer rows.
    """
    if _digest(former) == _digest(path):
        is_replaced = not has_failed and not is_read and _digest(former) != _digest(success)
        return "is the former one after a success" if is_replaced else ""
    try:
        found, complete = _describe(path), _describe(success)
    except Exception as error:
        return f"is damaged: {error!r}"
    return "" if found == complete or is_read else f"is incomplete: {found} instead of {complete}"[:300]


def _list_entries(folder: Path) -> set[str]:
    """Return what is whole or not there: files and folders, of `COLLECTIONS` the files in them."""
    entries = list(folder.iterdir()) if folder.is_dir() else []
    files = [file for path in entries if path.name in COLLECTIONS for file in path.rglob("*") if file.is_file()]
    names = {path.relative_to(folder).as_posix() for path in (*entries, *files) if path.name not in COLLECTIONS}
    # Openpyxl deletes its temporary files when the program ends.
    return {name for name in names if TEMPORARY not in name and not name.startswith("openpyxl.")}


def _digest(path: Path) -> dict[str, str]:
    """Return the SHA-256 of each file by its path below a folder."""
    return {os.path.relpath(name, path): digest for name, digest in hash_files(path).items()}


def _describe(path: Path) -> object:
    """Return what a complete file has in every run: layers and rows, members, keys, or lines."""
    suffix = path.suffix.lower()
    if suffix in (".gpkg", ".gdb", ".shp", ".geojson", ".dbf") and path.parent.name != "unit":
        return {name: pyogrio.read_info(path, layer=name, force_feature_count=True)["features"] for name, _ in pyogrio.list_layers(path)}  # fmt: skip
    if path.is_dir():
        return {one.name: _describe(one) for one in sorted(path.iterdir()) if TEMPORARY not in one.name}
    if suffix in (".xlsx", ".docx", ".zip", ".qgz"):
        with zipfile.ZipFile(path) as archive:
            return archive.testzip(), sorted(name for name in archive.namelist() if suffix != ".qgz")
    if suffix == ".json":
        return sorted(json.loads(path.read_bytes()))
    return path.read_bytes().count(b"\n")
