# SPDX-License-Identifier: GPL-2.0-or-later
"""Small counties as files, with their profiles, and functions that run the command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import shapely

from plugin.core.base.errors import Cancellation
from plugin.core.counties.check_county import check_county, read_record
from plugin.core.counties.county_record import CountyRecord, CountyTask
from tests.core.hunyuan_county import HunyuanAreas, make_hunyuan_layers

ROOT = Path(__file__).resolve().parents[3]
#: Divisions of 大同市.
CODES = {
    "140212": "新荣区",
    "140213": "平城区",
    "140214": "云冈区",
    "140215": "云州区",
    "140221": "阳高县",
    "140222": "天镇县",
    "140224": "灵丘县",
    "140225": "浑源县",
}
#: County that misses its target of farmland, county that exceeds its boundary.
SHORT, EXCEEDING = "140214", "140224"
TARGETS = """id = "p{code}"
name = "{name}"
area_code = "{code}"
base = "shanxi"
[[targets]]
indicator = "farmland_area"
comparison = ">="
value = "63.25"
unit = "wan_mu"
year = 2035
binding = "约束性"
source = "规划文本"
[[targets]]
indicator = "boundary_area"
comparison = "<="
value = "16.46"
unit = "km2"
year = 2035
binding = "约束性"
source = "规划文本"
"""
#: Few rules, so that the tests are fast: ratio, targets, two overlaps.
RULES = ("LAW001", "LAW002", "REL001", "REL002")
#: Names of entries that differ between equal runs.
_TIME_KEYS = {"times", "started", "seconds", "digest", "digests"}


def write_county(path: Path, code: str, number: int) -> Path:
    """Write a county of rectangles, 30 km further north for each number, as a GeoPackage or a folder of shapefiles."""
    areas = HunyuanAreas(
        farmland=63.0 if code == SHORT else 63.25, boundary=17.2 if code == EXCEEDING else 16.46, base=17.2 / 1.2
    )
    layers = make_hunyuan_layers(areas)
    union = shapely.box(*shapely.total_bounds([shape for frame in layers.values() for shape in frame.geometry]))
    layers["XZQX"] = gpd.GeoDataFrame(
        {"BSM": ["140225000000900001"], "XZQDM": [code], "XZQMC": [CODES[code]]}, geometry=[union], crs=4526
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.suffix:
        path.mkdir()
    for role, frame in layers.items():
        moved = frame.assign(BSM=[code + key[6:] for key in frame["BSM"]])
        moved = moved.set_geometry(frame.translate(0, 30_000 * number))
        if path.suffix:
            pyogrio.write_dataframe(moved, path, layer=role, append=path.exists())
        else:
            pyogrio.write_dataframe(moved, path / f"{role}.shp", encoding="UTF-8")
    return path


def write_counties(folder: Path) -> Path:
    """Write ten counties into a folder, two of them broken, and a list with their profiles; return the list."""
    rows = ["县,数据,县配置"]
    for number, (code, name) in enumerate(CODES.items()):
        suffix = "" if number == 1 else ".gpkg"
        write_county(folder / f"{code}{name}{suffix}", code, number)
        profile = folder / f"{code}.toml"
        profile.write_text(TARGETS.format(code=code, name=name), encoding="utf-8")
        rows.append(f"{name},{code}{name}{suffix},{profile.name}")
    whole = (folder / "140212新荣区.gpkg").read_bytes()
    (folder / "140226左云县.gpkg").write_bytes(whole[: len(whole) // 3])
    (folder / "140223广灵县").mkdir()
    (folder / "140223广灵县" / "说明.txt").write_text("没有图层", encoding="utf-8")
    rows += ["左云县,140226左云县.gpkg,", "广灵县,140223广灵县,"]
    path = folder / "清单.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def start_batch(source: Path, output: Path, *arguments: str, rules: Iterable[str] = RULES) -> subprocess.Popen:
    """Start the command as the leader of a group of processes, as a terminal does; return the process.

    ``rules``: empty for those of the standard.
    """
    command = [sys.executable, "-m", "plugin.core", "batch", str(source), "--output", str(output), *arguments]
    if rules:
        command += ["--rules", ",".join(rules)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def run_batch(source: Path, output: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command; return exit code, output and errors."""
    process = start_batch(source, output, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def drop_times(value: Any) -> Any:
    """Return plain data without times."""
    if isinstance(value, dict):
        return {key: drop_times(one) for key, one in value.items() if key not in _TIME_KEYS}
    return [drop_times(one) for one in value] if isinstance(value, list) else value


def read_json_files(output: Path) -> dict[str, Any]:
    """Return path → content without times of all JSON files of a batch."""
    return {
        path.relative_to(output).as_posix(): drop_times(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(output.rglob("*.json"))
    }


def read_cells(path: Path) -> dict[str, list[tuple]]:
    """Return title → rows of cell values of a workbook."""
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in openpyxl.load_workbook(path).worksheets}


def list_files(folder: Path) -> dict[str, bytes]:
    """Return path → content of all files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copy_counties(folder: Path, target: Path, names: Iterable[str]) -> Path:
    """Copy some of the counties into a new folder; return it."""
    target.mkdir()
    for name in names:
        source = folder / name
        if source.is_dir():
            shutil.copytree(source, target / name)
        else:
            shutil.copyfile(source, target / name)
    return target


# Checks for tests of processes: they run in the processes of a batch, which import this module.

#: More memory (MB) than any limit of a test: a county that reaches it was not ended.
_MOST_MEGABYTES = 4000


def check_first_and_wait(task: CountyTask) -> CountyRecord:
    """Check a county unless one in its folder has a result; then wait until the process is ended."""
    if any(read_record(folder) for folder in task.folder.parent.iterdir()):
        time.sleep(60)
    return check_county(task)


def check_or_die(task: CountyTask) -> CountyRecord:
    """End the process of 云冈区 each time, and that of 云州区 the first time; check the other counties."""
    if "云冈区" in task.county.name:
        os.kill(os.getpid(), signal.SIGKILL)
    marker = task.folder.parent / "attempted"
    if "云州区" in task.county.name and not marker.exists():
        marker.touch()
        raise MemoryError
    return check_county(task)


def check_or_exceed(task: CountyTask, cancellation: Cancellation) -> CountyRecord:
    """Exceed the memory limit in 云冈区, kill the worker that has 云州区 the first time; check the other counties."""
    if "云冈区" in task.county.name:
        blocks = []
        while len(blocks) * 20 < _MOST_MEGABYTES:
            blocks.append(bytes([1]) * 20_000_000)
            time.sleep(0.02)
        raise AssertionError(f"{len(blocks) * 20} MB were not too much")
    marker = task.folder.parent / "killed"
    if "云州区" in task.county.name and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return check_county(task, cancellation=cancellation)


def check_or_wait(task: CountyTask, cancellation: Cancellation) -> CountyRecord:
    """Wait in 云州区 until the run is cancelled, the first time; check the other counties."""
    marker = task.folder.parent / "waiting"
    if "云州区" in task.county.name and not marker.exists():
        marker.touch()
        while True:
            time.sleep(0.05)
            if cancellation.cancelled():
                marker.with_name("left").touch()
                cancellation.raise_if_cancelled()
    return check_county(task, cancellation=cancellation)
