# SPDX-License-Identifier: GPL-2.0-or-later
"""The geodatabase of yearly maintenance checked: as it was made, with its causes filled in, and edited since."""

import pyogrio
import pytest
import shapely
from osgeo import gdal, ogr

from plugin.core.__main__ import main
from plugin.core.check import Options, check_plan
from plugin.core.yearly.write import write_update
from tests.core.gdal_switch import gdal_raises
from tests.core.yearly.test_write import CURRENT, FILED, NAME
from tests.core.yearly.test_yearly import area, update

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


def measured(edition):
    """The same rows with the areas of their shapes in the field."""
    return {
        role: [{**one, "MJ": round(area(shapely.from_wkt(one["wkt"])), 2)} if "MJ" in one else one for one in rows]
        for role, rows in edition.items()
    }


@pytest.fixture
def made(tmp_path):
    write_update(update(measured(FILED), measured(CURRENT)), tmp_path)
    return tmp_path / f"{NAME}.gdb"


def edit(path, layer, change):
    """Every row of a layer through a function, in place, by osgeo as an editor would."""
    with gdal_raises(True):
        database = gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR)
        table = database.GetLayerByName(layer)
        for row in list(table):
            change(row)
            table.SetFeature(row)
        del table, database


def fill(path):
    def causes(row):
        for name, value in zip(CAUSES, ("01", "无", "01"), strict=True):
            row[name] = value

    for name in ("WHCGHFQ", "WHCZXCQCSLX"):
        edit(path, name, causes)


def looked(path, tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    return check_plan(path, Options(profile=str(profile))).report


def told(report):
    return {(f.code, f.case, f.role, f.field) for f in report.findings if f.code in OURS}


def test_as_it_was_made_the_causes_are_missing_and_nothing_else(made, tmp_path):
    report = looked(made, tmp_path)
    assert report.provenance["scope"] == "maintenance"
    assert {r.code for r in report.rules} >= OURS and not report.left_out
    # One change of zones is told by its number, the two of the line together.
    assert told(report) == {
        *(("DOC020", "", "WHCGHFQ", name) for name in CAUSES),
        *(("DOC020", "all", "WHCZXCQCSLX", name) for name in CAUSES),
    }
    assert {f.code for f in report.findings} == {"DOC020"} and report.verdict == "conditional"
    said = next(f.message for f in report.findings if (f.role, f.field) == ("WHCGHFQ", "WHLY"))
    assert "规划分区（维护）" in said and "20260309000001" in said and "WHLY" in said and "请填写" in said


def test_filled_in_it_passes(made, tmp_path):
    fill(made)
    report = looked(made, tmp_path)
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
    ids=["kind of a line", "kind of a zone", "number twice", "old key", "code", "division", "area", "filed area"],
)  # fmt: skip
def test_an_edit_of_a_value_is_named(made, tmp_path, layer, change, wanted):
    fill(made)
    edit(made, layer, change)
    assert {(code, case) for code, case, *_ in told(looked(made, tmp_path))} == wanted


def test_an_edit_of_a_shape_is_named(made, tmp_path):
    """A change drawn a quarter smaller: land that no change tells of, and a balance that is no longer right."""
    fill(made)

    def smaller(row):
        west, south, east, north = shapely.from_wkb(bytes(row.GetGeometryRef().ExportToWkb())).bounds
        box = shapely.box(west, south, east - (east - west) / 4, north)
        row.SetGeometry(ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkb(shapely.to_wkb(box))))

    edit(made, "WHCGHFQ", smaller)
    report = looked(made, tmp_path)
    assert {("DOC022", "untold_code"), ("DOC023", "area")} <= {(c, case) for c, case, *_ in told(report)}
    (found,) = [f for f in report.findings if f.case == "untold_code"]
    assert found.area_m2 == pytest.approx(2000, rel=0.05) and report.verdict == "fail"


def test_without_its_balance_it_is_compared_with_itself_only(made, tmp_path):
    fill(made)
    made.with_name(f"{NAME}面积平衡表.json").unlink()
    report = looked(made, tmp_path)
    (rule,) = [r for r in report.rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable" and "平衡表" in rule.reason and report.verdict == "pass"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"layers": [{}]}', '{"layers": 3}'])
def test_a_balance_that_is_none_is_not_compared(made, tmp_path, text):
    made.with_name(f"{NAME}面积平衡表.json").write_text(text, encoding="utf-8")
    (rule,) = [r for r in looked(made, tmp_path).rules if r.code == "DOC023"]
    assert rule.outcome == "not_applicable"


def test_any_other_plan_is_checked_by_the_usual_rules(tmp_path, made):
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(made, layer="WHHGHFQ").to_crs(4526), tmp_path / "库.gpkg", layer="GHFQ"
    )
    assert not OURS & {r.code for r in looked(tmp_path / "库.gpkg", tmp_path).rules}


def test_on_the_command_line(made, capsys):
    assert main(["check", str(made), "--strict"]) == 1
    assert "DOC020" in capsys.readouterr().out


def test_changes_of_several_layers_are_each_read(made, tmp_path):
    """They answer one concept, as the two layers of farmland do; but none stands for another."""
    report = looked(made, tmp_path)
    assert not [notice for notice in report.provenance["notices"] if "WHCZXCQCSLX" in notice]
    alone = check_plan(made, Options(profile="hunyuan", rules=("REL011",))).report
    assert not alone.findings
