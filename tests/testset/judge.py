#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge the findings of any tool on the test set: plain Python (3.9 or later), no other library.

    python3 judge.py FINDINGS [--kinds FILE]

FINDINGS (.csv, .geojson or .gpkg) has the columns case, layer, key, kind and area_m2. The file of --kinds (columns: kind, means) names the kinds
of the test set that a tool's kinds mean; then only cases of these kinds are judged. Exit code: 0 all right, 1 not all, 2 not
judged.
"""

import argparse
import csv
import json
import sqlite3
import sys
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: An area is right within this share or this number of square metres: planar and ellipsoidal areas both are.
AREA_SHARE, AREA_M2 = 1e-3, 0.05
RIGHT, DIFFERS, MISSED, FALSE_ALARM = "正确 right", "不一致 differs", "漏报 missed", "误报 false alarm"


def read_table(path):
    """Return the rows of a .csv, .geojson or .gpkg file as dictionaries."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    if suffix in (".geojson", ".json"):
        return [feature["properties"] for feature in json.loads(path.read_text("utf-8"))["features"]]
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        tables = [row[0] for row in database.execute("SELECT table_name FROM gpkg_contents")]
        return [dict(row) for table in tables for row in database.execute(f'SELECT * FROM "{table}"')]


def judge_case(case, found):
    """Return what a tool's findings on a case are (`RIGHT` …), and what is wrong with them."""
    if case["verdict"] == "pass":
        return (FALSE_ALARM, f"{len(found)} finding(s)") if found else (RIGHT, "")
    if not found:
        return MISSED, ""
    wrong, areas, rows = [], case.get("areas_m2"), {tuple(row) for row in case.get("rows", ())}
    if case["findings"] not in (None, len(found)):
        wrong.append(f"findings: {case['findings']} expected, {len(found)} found")
    stated = sorted(float(one["area_m2"]) for one in found if one.get("area_m2") not in (None, ""))
    if areas and (
        len(stated) != len(areas)
        or not all(map(lambda a, b: abs(a - b) <= max(AREA_SHARE * a, AREA_M2), sorted(areas), stated))
    ):
        wrong.append(f"areas (m2): {sorted(areas)} expected, {stated} found")
    named = {(one.get("layer"), str(one["key"])) for one in found if one.get("key") not in (None, "")}
    if rows and named - rows:
        wrong.append(f"rows: {sorted(rows)} expected, {sorted(named - rows)} found")
    return (DIFFERS, "; ".join(wrong)) if wrong else (RIGHT, "")


def judge(cases, findings, meanings=None):
    """Return (case, result, what is wrong) of each case of the kinds that a tool knows.

    ``findings``: rows with case, layer, key, kind and area_m2. ``meanings``: tool's kind → kinds of the test set; None:
    they have the same names, and the tool knows all. Raise KeyError for a finding on an unknown case.
    """
    by_name = {case["case"]: case for case in cases}
    found = defaultdict(list)
    for one in findings:
        kinds = (one["kind"],) if meanings is None else meanings.get(one["kind"], ())
        if set(by_name[one["case"]]["kinds"]) & set(kinds):
            found[one["case"]].append(one)
    known = None if meanings is None else {kind for kinds in meanings.values() for kind in kinds}
    return [
        (case, *judge_case(case, found[name]))
        for name, case in by_name.items()
        if known is None or known & set(case["kinds"])
    ]


def count_results(judged):
    """Return cases tried, fail cases, those found, those right, pass cases and those right."""
    counts = Counter((case["verdict"], result) for case, result, _ in judged)
    fail, passed = (sum(n for (verdict, _), n in counts.items() if verdict == one) for one in ("fail", "pass"))
    return {
        "cases": len(judged),
        "fail": fail,
        "found": fail - counts["fail", MISSED],
        "right": counts["fail", RIGHT],
        "pass": passed,
        "silent": counts["pass", RIGHT],
    }


def main(arguments=None):
    """Print what is wrong with findings; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("findings", type=Path)
    parser.add_argument("--kinds", type=Path)
    args = parser.parse_args(arguments)
    try:
        cases = json.loads((HERE / "expected.json").read_text("utf-8"))["cases"]
        pairs = [(row["kind"], row["means"]) for row in read_table(args.kinds)] if args.kinds else []
        meanings = {kind: {means for one, means in pairs if one == kind} for kind, _ in pairs} or None
        judged = judge(cases, read_table(args.findings), meanings)
    except (KeyError, OSError, ValueError, sqlite3.Error) as error:
        parser.error(f"无法评判 not judged: {error!r}")
    for case, result, wrong in judged:
        if result != RIGHT:
            print(f"{case['case']}: {result}{wrong and ': ' + wrong}")
    counts = count_results(judged)
    print(
        "{cases} 例 cases · 应报 must fail {fail}: 报出 found {found}, 完全正确 right {right}"
        " · 应通过 must pass {pass}: 无误报 silent {silent}".format(**counts)
    )
    return int(counts["right"] < counts["fail"] or counts["silent"] < counts["pass"])


if __name__ == "__main__":
    sys.exit(main())
