# SPDX-License-Identifier: GPL-2.0-or-later
"""The sample county's whole report, written down: a folder for each run, a file for each rule, a line for each finding.

What says when, where and by which versions it was made is left out; numbers are rounded to 1e-6; of a shape its extent is
kept. `python -m tests.county --golden` writes the files anew: read the diff, each line of it is a promise that changed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import shapely

from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.report import Report
from tests.sample import sample_report

GOLDEN = Path(__file__).resolve().parent / "golden"
#: Each run by name, and the rules that it asks for beyond those of the profile.
RUNS: dict[str, tuple[str, ...]] = {"default": (), "whole": ("all",)}
#: Rounding of coordinates (m) and of everything else.
COORDINATE, NUMBER = 3, 6
#: How far a number may be off: the last rounded digit, and what another version of GEOS makes of a large area.
ABSOLUTE, RELATIVE = 2e-6, 1e-9
#: Of provenance, what does not depend on machine and day; of its layers, what rules rest on.
PROVENANCE = ("area_code", "area_name", "scope", "crs", "standard", "notices")
LAYER = ("role", "concept", "name", "template", "chosen_by", "features", "invalid", "empty", "crs")


def run_plan(name: str) -> Report:
    return sample_report(*RUNS[name])


def normalise_report(report: Report) -> dict[str, dict[str, Any]]:
    """By file: what a report says, whoever runs it wherever and whenever."""
    told = report.to_dict()
    findings = defaultdict(list)
    for finding in told["findings"]:
        findings[finding["code"]].append(_finding(finding))
    files: dict[str, dict[str, Any]] = {}
    for rule in told["rules"]:
        code = rule["code"]
        head = {
            key: value for key, value in rule.items() if key not in ("seconds", "code") and value not in ("", [], 0)
        }
        if code in told["tolerance"]["ignored_by_rule"]:
            head["ignored"] = told["tolerance"]["ignored_by_rule"][code]
        files[code] = {**head, "rows": sorted(findings.pop(code, []), key=_order)}
    files["run"] = {
        "verdict": told["summary"]["verdict"],
        "tolerance": {key: told["tolerance"][key] for key in Tolerance().to_dict()},
        **{key: told["provenance"].get(key) for key in PROVENANCE},
        "others": [row for rows in findings.values() for row in rows],
        "rows": [{key: layer.get(key) for key in LAYER} for layer in told["provenance"]["layers"]],
    }
    files["indicators"] = {"rows": told["indicators"]}
    return {name: _rounded(content) for name, content in files.items()}


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in finding.items() if k not in ("code", "geometry", "state") and v not in (None, "", [], {})}
    if finding["geometry"]:
        shape = shapely.from_wkt(finding["geometry"])
        kept["extent"] = [round(value, COORDINATE) for value in shape.bounds]
    return kept


def _order(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(row.get(key, "")) for key in ("role", "key", "related_role", "related_keys", "field", "fingerprint")
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, NUMBER)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value


def text(content: dict[str, Any]) -> str:
    """A line for everything by its name, and for each row of a list: what changed shows as lines in a diff."""
    parts = [
        f" {json.dumps(key)}: {_lines(value) if _is_table(value) else _json(value)}" for key, value in content.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _lines(rows: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(f"  {_json(row)}" for row in rows) + "\n ]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_goldens() -> None:
    """All runs anew; files of rules that are gone go too."""
    for name in RUNS:
        folder = GOLDEN / name
        folder.mkdir(parents=True, exist_ok=True)
        files = normalise_report(run_plan(name))
        for old in folder.glob("*.json"):
            if old.stem not in files:
                old.unlink()
        for stem, content in files.items():
            (folder / f"{stem}.json").write_text(text(content), encoding="utf-8")


def read_golden(name: str) -> dict[str, dict[str, Any]]:
    return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted((GOLDEN / name).glob("*.json"))}


def is_same(a: Any, b: Any) -> bool:
    """Alike but for the last digit of numbers."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(is_same(x, y) for x, y in zip(a, b, strict=True))
    numbers = [one for one in (a, b) if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(numbers) == 2:
        return abs(a - b) <= max(ABSOLUTE, RELATIVE * abs(a))
    return bool(a == b)
