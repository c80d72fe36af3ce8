# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden (stored, expected) reports of the sample county.

There is a folder per run, a file per rule and a line per finding. Time, place and versions of the run are omitted,
numbers are rounded to 1e-6, and shapes are stored as extents. `python -m tests.county --golden` writes the files
again; review every changed line of the diff.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import shapely

from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.report import Report
from tests.sample import check_sample_folder

GOLDEN = Path(__file__).resolve().parent / "golden"
#: Runs by name with the rules that they add to those of the profile.
RUNS: dict[str, tuple[str, ...]] = {"default": (), "whole": ("all",)}
#: Rounding of coordinates (m) and of everything else.
COORDINATE_DECIMALS, NUMBER = 3, 6
#: Tolerances of numbers: the last rounded digit, and differences of large areas between versions of GEOS.
ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE = 2e-6, 1e-9
#: Keys of provenance that do not depend on machine and day, and of layers that rules use.
PROVENANCE_KEYS = ("area_code", "area_name", "scope", "crs", "standard", "notices")
LAYER_KEYS = ("role", "concept", "name", "template", "chosen_by", "features", "invalid", "empty", "crs")


def run_plan(name: str) -> Report:
    """Return the report of a named golden run."""
    return check_sample_folder(*RUNS[name])


def normalise_report(report: Report) -> dict[str, dict[str, Any]]:
    """Return a report's content by file name, without user, machine and time."""
    full = report.to_dict()
    findings = defaultdict(list)
    for finding in full["findings"]:
        findings[finding["code"]].append(_normalise_finding(finding))
    files: dict[str, dict[str, Any]] = {}
    for rule in full["rules"]:
        code = rule["code"]
        head = {
            key: value for key, value in rule.items() if key not in ("seconds", "code") and value not in ("", [], 0)
        }
        if code in full["tolerance"]["ignored_by_rule"]:
            head["ignored"] = full["tolerance"]["ignored_by_rule"][code]
        files[code] = {**head, "rows": sorted(findings.pop(code, []), key=_sort_key_of_row)}
    files["run"] = {
        "verdict": full["summary"]["verdict"],
        "tolerance": {key: full["tolerance"][key] for key in asdict(Tolerance())},
        **{key: full["provenance"].get(key) for key in PROVENANCE_KEYS},
        "others": [row for rows in findings.values() for row in rows],
        "rows": [{key: layer.get(key) for key in LAYER_KEYS} for layer in full["provenance"]["layers"]],
    }
    files["indicators"] = {"rows": full["indicators"]}
    return {name: _round_numbers(content) for name, content in files.items()}


def _normalise_finding(finding: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in finding.items() if k not in ("code", "geometry", "state") and v not in (None, "", [], {})}
    if finding["geometry"]:
        shape = shapely.from_wkt(finding["geometry"])
        kept["extent"] = [round(value, COORDINATE_DECIMALS) for value in shape.bounds]
    return kept


def _sort_key_of_row(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(row.get(key, "")) for key in ("role", "key", "related_role", "related_keys", "field", "fingerprint")
    )


def _round_numbers(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, NUMBER)
    if isinstance(value, dict):
        return {key: _round_numbers(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_round_numbers(one) for one in value]
    return value


def format_content(content: dict[str, Any]) -> str:
    """Return JSON with a line per key and per list row, so that diffs are short."""
    parts = [
        f" {json.dumps(key)}: {_format_rows_as_lines(value) if _is_table(value) else _format_as_json(value)}"
        for key, value in content.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _format_rows_as_lines(rows: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(f"  {_format_as_json(row)}" for row in rows) + "\n ]"


def _format_as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_goldens() -> None:
    """Write the golden files of all runs; delete those of removed rules."""
    for name in RUNS:
        folder = GOLDEN / name
        folder.mkdir(parents=True, exist_ok=True)
        files = normalise_report(run_plan(name))
        for old in folder.glob("*.json"):
            if old.stem not in files:
                old.unlink()
        for stem, content in files.items():
            (folder / f"{stem}.json").write_text(format_content(content), encoding="utf-8")


def read_golden(name: str) -> dict[str, dict[str, Any]]:
    return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted((GOLDEN / name).glob("*.json"))}


def is_same(a: Any, b: Any) -> bool:
    """Return True if two values are equal but for the last digit of numbers."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(is_same(x, y) for x, y in zip(a, b, strict=True))
    numbers = [one for one in (a, b) if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(numbers) == 2:
        return abs(a - b) <= max(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * abs(a))
    return bool(a == b)
