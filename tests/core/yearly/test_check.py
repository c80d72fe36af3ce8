# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the geodatabase of yearly maintenance (年度动态维护)."""

import pyogrio
import pytest
import shapely
from osgeo import gdal, ogr

from plugin.core.__main__ import main
from plugin.core.check import RunOptions, check_plan
from plugin.core.yearly.write import write_update
from tests.core.gdal_switch import gdal_raises
from tests.core.yearly.test_write import CURRENT_ROWS, DELIVERY_NAME, FILED_ROWS
from tests.core.yearly.test_yearly import measure_area, run_update
from tests.parametrize import first_daily

CAUSE_FIELDS = ("WHLY", "JDZBLY", "KZBSHSLX")
MAINTENANCE_RULES = {"DOC020", "DOC021", "DOC022", "DOC023"}
CONFIRMED_PROFILE = """
id = "x"
name = "浑源县"
area_code = "140225"
base = "hunyuan"
[confirmed]
by = "县自然资源局"
document = "测试〔2026〕1号"
date = "2026-01-01"
items = ["all"]
"""


def add_measured_areas(edition):
    """Return rows with the measured area of each shape in the field MJ."""
    return {
        role: [
            {**one, "MJ": round(measure_area(shapely.from_wkt(one["wkt"])), 2)} if "MJ" in one else one for one in rows
        ]
        for role, rows in edition.items()
    }


@pytest.fixture
def maintenance_geodatabase(tmp_path):
    write_update(run_update(add_measured_areas(FILED_ROWS), add_measured_areas(CURRENT_ROWS)), tmp_path)
    return tmp_path / f"{DELIVERY_NAME}.gdb"


def edit_rows(path, layer, change):
    """Apply a function to every row of a layer by osgeo, as an editor would."""
    with gdal_raises(True):
        database = gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR)
        table = database.GetLayerByName(layer)
        for row in list(table):
            change(row)
            table.SetFeature(row)
        del table, database


def fill_causes(path):
    def set_causes(row):
        for name, value in zip(CAUSE_FIELDS, ("01", "无", "01"), strict=True):
            row[name] = value

    for name in ("WHCGHFQ", "WHCZXCQCSLX"):
        edit_rows(path, name, set_causes)


def check_maintenance_geodatabase(path, tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(CONFIRMED_PROFILE, encoding="utf-8")
    return check_plan(path, RunOptions(profile=str(profile))).report


def list_maintenance_findings(report):
    return {(f.code, f.case, f.role, f.field) for f in report.findings if f.code in MAINTENANCE_RULES}


def test_check_of_a_new_maintenance_geodatabase_reports_only_missing_causes(maintenance_geodatabase, tmp_path):
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert report.provenance["scope"] == "maintenance"
    assert {r.code for r in report.rules} >= MAINTENANCE_RULES and not report.left_out
    # The single zone change is reported by its number; the two line changes are reported together.
    assert list_maintenance_findings(report) == {
        *(("DOC020", "", "WHCGHFQ", name) for name in CAUSE_FIELDS),
        *(("DOC020", "all", "WHCZXCQCSLX", name) for name in CAUSE_FIELDS),
    }
    assert {f.code for f in report.findings} == {"DOC020"} and report.verdict == "conditional"
    message = next(f.message for f in report.findings if (f.role, f.field) == ("WHCGHFQ", "WHLY"))
    assert "规划分区（维护）" in message and "20260309000001" in message and "WHLY" in message and "请填写" in message


def test_maintenance_geodatabase_with_causes_passes_the_check(maintenance_geodatabase, tmp_path):
    fill_causes(maintenance_geodatabase)
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert report.verdict == "pass", [f.message for f in report.findings] + [r.reason for r in report.rules]


@pytest.mark.parametrize(
    ("layer", "change", "wanted"),
    first_daily([
        ("WHCZXCQCSLX", lambda row: row.SetField("WHLX", "2"), {("DOC022", "kind"), ("DOC022", "untold"), ("DOC023", "count")}),
        ("WHCGHFQ", lambda row: row.SetField("WHLX", "1"), {("DOC022", "kind"), ("DOC022", "untold_code"), ("DOC023", "count")}),
        ("WHCZXCQCSLX", lambda row: row.SetField("WHBH", "20260309000009"), {("DOC021", "repeated")}),
        ("WHHZXCQCSLX", lambda row: row.SetField("BSM", "140225000000000001"), {("DOC021", "key")}),
        ("WHHGHFQ", lambda row: row.SetField("GHFQDM", "200"), {("DOC022", "same")}),
        ("WHCZXCQCSLX", lambda row: row.SetField("XZQDM", "140226"), {("DOC021", "county")}),
        ("WHHZXCQCSLX", lambda row: row.SetField("MJ", 1.0), {("DOC023", "field")}),
        ("WHQZXCQCSLX", lambda row: row.SetField("MJ", 1.0), {("DOC023", "filed_field")}),
    ], 2),
    ids=["line kind", "zone kind", "repeated number", "old key", "code", "division", "area", "filed area"],
)  # fmt: skip
def test_value_edited_in_the_maintenance_geodatabase_is_reported(
    maintenance_geodatabase, tmp_path, layer, change, wanted
):
    fill_causes(maintenance_geodatabase)
    edit_rows(maintenance_geodatabase, layer, change)
    assert {
        (code, case)
        for code, case, *_ in list_maintenance_findings(
            check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
        )
    } == wanted


def test_shape_edited_in_the_maintenance_geodatabase_is_reported(maintenance_geodatabase, tmp_path):
    """Shrink a change by a quarter; its land then lacks a record, the balance differs."""
    fill_causes(maintenance_geodatabase)

    def shrink(row):
        west, south, east, north = shapely.from_wkb(bytes(row.GetGeometryRef().ExportToWkb())).bounds
        box = shapely.box(west, south, east - (east - west) / 4, north)
        row.SetGeometry(ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkb(shapely.to_wkb(box))))

    edit_rows(maintenance_geodatabase, "WHCGHFQ", shrink)
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert {("DOC022", "untold_code"), ("DOC023", "area")} <= {
        (c, case) for c, case, *_ in list_maintenance_findings(report)
    }
    (found,) = [f for f in report.findings if f.case == "untold_code"]
    assert found.area_m2 == pytest.approx(2000, rel=0.05) and report.verdict == "fail"


def test_missing_area_balance_makes_its_rule_not_applicable(maintenance_geodatabase, tmp_path):
    fill_causes(maintenance_geodatabase)
    maintenance_geodatabase.with_name(f"{DELIVERY_NAME}面积平衡表.json").unlink()
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    (rule,) = [r for r in report.rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable" and "平衡表" in rule.reason and report.verdict == "pass"


@pytest.mark.parametrize("text", first_daily(["", "{", "[]", '{"layers": [{}]}', '{"layers": 3}']))
def test_unreadable_area_balance_makes_its_rule_not_applicable(maintenance_geodatabase, tmp_path, text):
    maintenance_geodatabase.with_name(f"{DELIVERY_NAME}面积平衡表.json").write_text(text, encoding="utf-8")
    (rule,) = [r for r in check_maintenance_geodatabase(maintenance_geodatabase, tmp_path).rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable"


def test_ordinary_plan_is_not_checked_by_yearly_maintenance_rules(tmp_path, maintenance_geodatabase):
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(maintenance_geodatabase, layer="WHHGHFQ").to_crs(4526),
        tmp_path / "库.gpkg",
        layer="GHFQ",
    )
    assert not MAINTENANCE_RULES & {r.code for r in check_maintenance_geodatabase(tmp_path / "库.gpkg", tmp_path).rules}


def test_strict_check_command_fails_on_missing_causes_of_changes(maintenance_geodatabase, capsys):
    assert main(["check", str(maintenance_geodatabase), "--strict"]) == 1
    assert "DOC020" in capsys.readouterr().out


def test_change_layers_of_two_plan_layers_of_one_concept_are_both_read(maintenance_geodatabase, tmp_path):
    """Read change layers of two layers of one concept; none replaces another."""
    report = check_maintenance_geodatabase(maintenance_geodatabase, tmp_path)
    assert not [notice for notice in report.provenance["notices"] if "WHCZXCQCSLX" in notice]
    alone = check_plan(maintenance_geodatabase, RunOptions(profile="hunyuan", rules=("REL011",))).report
    assert not alone.findings
