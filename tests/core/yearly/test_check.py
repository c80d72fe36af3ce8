# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the yearly maintenance geodatabase: as written, with causes filled in, and edited."""

import pyogrio
import pytest
import shapely
from osgeo import gdal, ogr

from plugin.core.__main__ import main
from plugin.core.check import Options, check_plan
from plugin.core.yearly.write import write_update
from tests.core.gdal_switch import gdal_raises
from tests.core.yearly.test_write import CURRENT, FILED, NAME
from tests.core.yearly.test_yearly import measure_area, run_update

CAUSES = ("WHLY", "JDZBLY", "KZBSHSLX")
OURS = {"DOC020", "DOC021", "DOC022", "DOC023"}
PROFILE = """
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
    """Return the same rows with the measured area of each shape in MJ."""
    return {
        role: [
            {**one, "MJ": round(measure_area(shapely.from_wkt(one["wkt"])), 2)} if "MJ" in one else one for one in rows
        ]
        for role, rows in edition.items()
    }


@pytest.fixture
def geodatabase(tmp_path):
    write_update(run_update(add_measured_areas(FILED), add_measured_areas(CURRENT)), tmp_path)
    return tmp_path / f"{NAME}.gdb"


def edit_rows(path, layer, change):
    """Apply a function to every row of a layer in place, with osgeo, as an editor would."""
    with gdal_raises(True):
        database = gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR)
        table = database.GetLayerByName(layer)
        for row in list(table):
            change(row)
            table.SetFeature(row)
        del table, database


def fill_causes(path):
    def causes(row):
        for name, value in zip(CAUSES, ("01", "无", "01"), strict=True):
            row[name] = value

    for name in ("WHCGHFQ", "WHCZXCQCSLX"):
        edit_rows(path, name, causes)


def check_update(path, tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    return check_plan(path, Options(profile=str(profile))).report


def own_findings(report):
    return {(f.code, f.case, f.role, f.field) for f in report.findings if f.code in OURS}


def test_new_geodatabase_lacks_only_the_causes(geodatabase, tmp_path):
    report = check_update(geodatabase, tmp_path)
    assert report.provenance["scope"] == "maintenance"
    assert {r.code for r in report.rules} >= OURS and not report.left_out
    # The single zone change is reported by its number; the two line changes are reported together.
    assert own_findings(report) == {
        *(("DOC020", "", "WHCGHFQ", name) for name in CAUSES),
        *(("DOC020", "all", "WHCZXCQCSLX", name) for name in CAUSES),
    }
    assert {f.code for f in report.findings} == {"DOC020"} and report.verdict == "conditional"
    message = next(f.message for f in report.findings if (f.role, f.field) == ("WHCGHFQ", "WHLY"))
    assert "规划分区（维护）" in message and "20260309000001" in message and "WHLY" in message and "请填写" in message


def test_geodatabase_with_causes_passes(geodatabase, tmp_path):
    fill_causes(geodatabase)
    report = check_update(geodatabase, tmp_path)
    assert report.verdict == "pass", [f.message for f in report.findings] + [r.reason for r in report.rules]


@pytest.mark.parametrize(
    ("layer", "change", "wanted"),
    [
        ("WHCZXCQCSLX", lambda row: row.SetField("WHLX", "2"), {("DOC022", "kind"), ("DOC022", "untold"), ("DOC023", "count")}),
        ("WHCGHFQ", lambda row: row.SetField("WHLX", "1"), {("DOC022", "kind"), ("DOC022", "untold_code"), ("DOC023", "count")}),
        ("WHCZXCQCSLX", lambda row: row.SetField("WHBH", "20260309000009"), {("DOC021", "repeated")}),
        ("WHHZXCQCSLX", lambda row: row.SetField("BSM", "140225000000000001"), {("DOC021", "key")}),
        ("WHHGHFQ", lambda row: row.SetField("GHFQDM", "200"), {("DOC022", "same")}),
        ("WHCZXCQCSLX", lambda row: row.SetField("XZQDM", "140226"), {("DOC021", "county")}),
        ("WHHZXCQCSLX", lambda row: row.SetField("MJ", 1.0), {("DOC023", "field")}),
        ("WHQZXCQCSLX", lambda row: row.SetField("MJ", 1.0), {("DOC023", "filed_field")}),
    ],
    ids=["line kind", "zone kind", "repeated number", "old key", "code", "division", "area", "filed area"],
)  # fmt: skip
def test_edited_value_is_reported(geodatabase, tmp_path, layer, change, wanted):
    fill_causes(geodatabase)
    edit_rows(geodatabase, layer, change)
    assert {(code, case) for code, case, *_ in own_findings(check_update(geodatabase, tmp_path))} == wanted


def test_edited_shape_is_reported(geodatabase, tmp_path):
    """Shrink a change by a quarter: land without a change record, and a balance that no longer matches."""
    fill_causes(geodatabase)

    def shrink(row):
        west, south, east, north = shapely.from_wkb(bytes(row.GetGeometryRef().ExportToWkb())).bounds
        box = shapely.box(west, south, east - (east - west) / 4, north)
        row.SetGeometry(ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkb(shapely.to_wkb(box))))

    edit_rows(geodatabase, "WHCGHFQ", shrink)
    report = check_update(geodatabase, tmp_path)
    assert {("DOC022", "untold_code"), ("DOC023", "area")} <= {(c, case) for c, case, *_ in own_findings(report)}
    (found,) = [f for f in report.findings if f.case == "untold_code"]
    assert found.area_m2 == pytest.approx(2000, rel=0.05) and report.verdict == "fail"


def test_missing_balance_makes_the_rule_not_applicable(geodatabase, tmp_path):
    fill_causes(geodatabase)
    geodatabase.with_name(f"{NAME}面积平衡表.json").unlink()
    report = check_update(geodatabase, tmp_path)
    (rule,) = [r for r in report.rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable" and "平衡表" in rule.reason and report.verdict == "pass"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"layers": [{}]}', '{"layers": 3}'])
def test_unreadable_balance_makes_the_rule_not_applicable(geodatabase, tmp_path, text):
    geodatabase.with_name(f"{NAME}面积平衡表.json").write_text(text, encoding="utf-8")
    (rule,) = [r for r in check_update(geodatabase, tmp_path).rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable"


def test_ordinary_plan_is_not_checked_by_maintenance_rules(tmp_path, geodatabase):
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(geodatabase, layer="WHHGHFQ").to_crs(4526), tmp_path / "库.gpkg", layer="GHFQ"
    )
    assert not OURS & {r.code for r in check_update(tmp_path / "库.gpkg", tmp_path).rules}


def test_strict_check_command_fails_on_missing_causes(geodatabase, capsys):
    assert main(["check", str(geodatabase), "--strict"]) == 1
    assert "DOC020" in capsys.readouterr().out


def test_change_classes_of_several_layers_are_all_read(geodatabase, tmp_path):
    """Read several layers of one concept, like the two farmland layers; none replaces another."""
    report = check_update(geodatabase, tmp_path)
    assert not [notice for notice in report.provenance["notices"] if "WHCZXCQCSLX" in notice]
    alone = check_plan(geodatabase, Options(profile="hunyuan", rules=("REL011",))).report
    assert not alone.findings
