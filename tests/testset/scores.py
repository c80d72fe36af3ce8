# SPDX-License-Identifier: GPL-2.0-or-later
"""Scores of tools on the test set: this plugin, QGIS's own checks, plain shapely."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plugin.core.__main__ import main
from tests.desktop import start
from tests.testset.judge import count_results, judge
from tests.testset.plain_shapely import CHECKS, check_with_shapely

PROFILE = 'id = "testset"\nname = "浑源县"\narea_code = "140225"\nstandard = "county_db"\n'
#: Checks of QGIS by their name in ``qgis_checks.py``, with the name in the table.
QGIS_CHECKS = {
    "geometries": "QGIS 3.40 检查几何图形 · Check Geometries",
    "topology": "QGIS 3.40 拓扑检查 · Topology Checker",
    "validity": "QGIS 3.40 检查有效性（GEOS）· Check Validity",
}
COMPILED_PLUGINS = ("libplugin_geometrychecker", "libplugin_topology")
ROW = "| {tool} | {kinds} | {cases} | {found} / {fail} | {right} / {fail} | {silent} / {pass} |"


def check_cases(answers: dict[str, Any], root: Path, folder: Path) -> list[dict[str, Any]]:
    """Return this plugin's findings on all cases as rows for `judge`, read from the reports of its commands.

    ``answers``: the content of `expected.json`. ``root``: the folder of the test set; ``folder``: a new one, for the
    reports. Raise FileNotFoundError if a check wrote no report.
    """
    folder.mkdir(parents=True)
    profile, rows, cases_by_data = folder / "profile.toml", [], defaultdict(list)
    profile.write_text(PROFILE, "utf-8")
    for case in answers["cases"]:
        cases_by_data[case["data"]].append(case)
    for number, (data, cases) in enumerate(cases_by_data.items()):
        codes = ",".join(sorted({answers["kinds"][kind]["code"] for case in cases for kind in case["kinds"]}))
        what = ["check", "--rules", codes, "--scope", "three_lines", "--profile", str(profile)]
        if cases[0]["source"] == "package":
            what = ["inspect", "--package", str(root / "packages/form.toml")]
        main([*what, str(root / data), "--json", str(folder / f"{number}.json")])
        found = json.loads((folder / f"{number}.json").read_text("utf-8"))["findings"]
        rows += [
            {"case": case["case"], "layer": f["role"], "key": f["key"], "kind": f["code"], "area_m2": f["area_m2"]}
            for case in cases
            for f in found
        ]
    return rows


def map_codes(answers: dict[str, Any]) -> dict[str, set[str]]:
    """Return code of a rule → kinds that its findings mean."""
    kinds = answers["kinds"]
    return {about["code"]: {kind for kind in kinds if kinds[kind]["code"] == about["code"]} for about in kinds.values()}


def score_tools(answers: dict[str, Any], root: Path, folder: Path) -> Iterator[str]:
    """Yield the rows of the table of scores; ``folder``: a new one, for what the tools write."""
    cases = [{**case, "path": str(root / case["data"])} for case in answers["cases"] if case.get("layers")]
    tried = [case for case in cases if case["kinds"][0] in CHECKS]
    plain = [row for case in tried for row in check_with_shapely(case)]
    (folder / "qgis").mkdir(parents=True)
    limits = {kind: about["limits"] for kind, about in answers["kinds"].items()}
    (folder / "qgis/cases.json").write_text(json.dumps({"cases": cases, "limits": limits}), "utf-8")
    qgis = start.run(
        "../testset/qgis_checks", folder / "qgis", folder, lang="en", timeout=1800, compiled=COMPILED_PLUGINS
    )
    own = check_cases(answers, root, folder / "reports")
    for tool, findings, meanings in (
        ("三区三线规划助手 · this plugin", own, map_codes(answers)),
        ("shapely，短脚本 · a short script", plain, {kind: {kind} for kind in CHECKS}),
        *((title, qgis[name], {kind: {kind} for kind in qgis["kinds"][name]}) for name, title in QGIS_CHECKS.items()),
    ):
        counts = count_results(judge(answers["cases"], findings, meanings))
        yield ROW.format(tool=tool, kinds=len(set().union(*meanings.values())), **counts)
