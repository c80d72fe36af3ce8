# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of projects whose layers have Chinese names, and their inspection."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.io import read_source
from plugin.core.model.rule import Severity
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.gate import find_check_problems
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.paths import SAMPLE_FOLDER

pytestmark = pytest.mark.slow  # it writes and reads whole databases

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

#: Names of the layers in the sample project; one has a year.
PROJECT_NAMES = {
    "CZKFBJ": "城镇开发边界",
    "STBHHX": "生态保护红线",
    "YJJBNTBHTB": "永久基本农田",
    "LSWHBHX": "历史文化保护线",
    "YDYHGHFQ": "用地用海规划分区",
    "XZQX": "县级行政区",
    "XZQXZ": "乡镇级行政区",
    "GDBHMB": "耕地保护目标",
    "DLTB": "地类图斑 2020",
}
SPEC = load_package_spec("county")
#: A shape of the sample whose vertices are on one line.
FLAT_FEATURE = "140225000006000066"


def check_renamed_layers(path, profile=""):
    """Check a county's database whose layers have the names of the sample project."""
    layers = [replace(one, name=PROJECT_NAMES[one.name]) for one in read_source(path) if one.name in PROJECT_NAMES]
    roles = {role: name for role, name in PROJECT_NAMES.items() if any(one.name == name for one in layers)}
    return check_plan(layers, RunOptions(profile=profile, standard=SPEC.standard, roles=roles), source="浑源县")


@pytest.fixture(scope="module")
def forced_package(tmp_path_factory):
    """Return the check of the sample, its forced package, and the inspection of the package."""
    checked = check_renamed_layers(SAMPLE_FOLDER / "county.gpkg", "hunyuan")
    exported = export_package(checked, ExportOrder(SPEC, tmp_path_factory.mktemp("包"), is_forced=True))
    return checked, exported, inspect_package(exported.path, SPEC, RunOptions()).report


def test_forced_package_with_project_layer_names_has_findings_only_on_its_force_and_missing_plan_text(forced_package):
    found = [f for f in forced_package[2].findings if f.code.startswith("DOC") and f.severity is not Severity.INFO]
    # The plan fails, so the package was forced, and the plan's text is missing.
    assert {(f.code, f.severity) for f in found} == {("DOC002", Severity.ERROR), ("DOC007", Severity.ERROR)}, [
        (f.code, f.message) for f in found if f.code not in ("DOC002", "DOC007")
    ]


def test_rules_give_the_same_findings_for_a_plan_and_for_its_package(forced_package):
    checked, _, inspected = forced_package
    codes = {rule.code for rule in checked.report.rules} & {rule.code for rule in inspected.rules}
    counts = [Counter(f.code for f in r.findings if f.code in codes) for r in (checked.report, inspected)]
    # The package has every field of its templates, so a missing one is empty there (SCH002).
    assert {code: (counts[0][code], counts[1][code]) for code in codes if counts[0][code] != counts[1][code]} == {
        "SCH002": (1, 0)
    }


def test_invalid_shape_that_the_export_makes_valid_is_recorded_in_the_manifest(forced_package):
    _, exported, _ = forced_package
    (note,) = [p for p in exported.problems if p.key == "shape_now_valid"]
    assert (note.layer, note.features) == ("耕地保护目标", (FLAT_FEATURE,))
    (row,) = [row for row in exported.manifest["layers"] if row["role"] == "GDBHMB"]
    assert row["read_back"]["shape_changes"] == [{"kind": "valid", "count": 1, "features": [FLAT_FEATURE]}]
    assert "1 个图形在工程中无效、此处有效" in (exported.path / "manifest.html").read_text(encoding="utf-8")
    stored = json.loads((exported.path / "manifest.json").read_text(encoding="utf-8"))
    assert any(p["key"] == "shape_now_valid" and FLAT_FEATURE in p["message"] for p in stored["problems"])


def test_base_year_given_only_by_a_layer_name_or_parameter_stops_the_export():
    layers = [replace(one, name=PROJECT_NAMES[one.name]) for one in read_source(SAMPLE_FOLDER / "county.gpkg")]
    (parcels,) = [one for one in layers if one.name == PROJECT_NAMES["DLTB"]]
    without_year = replace(parcels, frame=parcels.frame.drop(columns="SJNF"))
    for parcels_layer, options, expected in (
        (parcels, {}, []),
        (without_year, {}, ["base_year_outside"]),
        (replace(without_year, name="地类图斑"), {"base_year": 2020}, ["base_year_outside"]),
        (replace(without_year, name="地类图斑", source=""), {}, []),
    ):
        roles = {**PROJECT_NAMES, "DLTB": parcels_layer.name}
        given = [parcels_layer, *(one for one in layers if one is not parcels)]
        checked = check_plan(given, RunOptions(profile="hunyuan", standard=SPEC.standard, roles=roles, **options))
        problems = [p for p in find_check_problems(checked) if p.key.startswith("base_year")]
        assert [p.key for p in problems] == expected
        assert all((p.layer, p.field, p.params) == (parcels_layer.name, "SJNF", {"year": 2020}) for p in problems)
