# SPDX-License-Identifier: GPL-2.0-or-later
"""A table of attribute structures makes an empty database and a county standard.

Either both are made or neither.
"""

import shutil

import pytest

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError, OutputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from tests.core.exchange.test_structure_table import COLUMN_HEADS, STRUCTURE_ROWS, VALID_ROW, write_structure_workbook

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
fiona = pytest.importorskip("fiona")

from plugin.core.exchange.structure_table import (  # noqa: E402
    choose_plan_crs,
    create_from_structure,
    read_structure,
)

STANDARD = load_standard()
LINE_LAYER_ROW = ["XJGD", "BSM", "标识码", "Char", 18, None, None, "M", "线", "新建管道"]
STRUCTURE_RULES = ("SCH002", "SCH003", "SCH004", "SCH006", "SCH007", "SCH008")


@pytest.fixture
def structure_workbook(tmp_path):
    """Return the path of a workbook with the structure of three layers.

    Two layers are changed as a county does; the third one is missing in the standard.
    """
    rows = [[*row, "面", None] for row in STRUCTURE_ROWS]
    return write_structure_workbook(
        tmp_path / "属性 结构.xlsx", [*rows, LINE_LAYER_ROW], head=[*COLUMN_HEADS, "几何特征", "图层名称"]
    )


def create_from_table(table, target, crs="EPSG:4526", **more):
    structure = read_structure(table, STANDARD)
    return create_from_structure(structure, STANDARD, target, choose_plan_crs(crs, "")[0], **more)


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_database_and_county_standard_made_from_a_structure_table_have_its_layers_and_fields(
    structure_workbook, tmp_path, suffix
):
    path, folder = tmp_path / f"新 库{suffix}", tmp_path / "本县 标准"
    assert create_from_table(structure_workbook, path, folder=folder).created_names == ("DLTB", "STBHHX", "XJGD")
    with fiona.open(path, layer="DLTB") as layer:
        wanted = {"BSM": "str:18", "DLBM": "str:5", "TBMJ": "float", "SJNF": "int32"}
        assert dict(layer.schema["properties"]) == wanted and layer.crs.to_epsg() == 4526
    with fiona.open(path, layer="XJGD") as layer:
        assert layer.schema["geometry"] == "MultiLineString"
    # The written standard can be loaded, and the database passes its checks.
    written_standard = load_standard(str(folder))
    assert [t.role for t in written_standard.list_templates_of_groups(["own"])] == ["DLTB", "STBHHX", "XJGD"]
    assert written_standard.templates["XJGD"].name == "新建管道" and "YDYHGHFQ" in written_standard.templates
    assert written_standard.templates["DLTB"].find_field_by_name("DLBM").codes == "sandiao"
    checked = check_plan(path, RunOptions(standard=str(folder), rules=STRUCTURE_RULES))
    assert set(checked.plan.layers) == {"DLTB", "STBHHX", "XJGD"}
    assert not checked.report.findings, [f.message for f in checked.report.findings]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([structure_workbook.name, path.name, folder.name])


def test_county_standard_based_on_another_has_the_fields_of_its_table_and_the_other_layers_of_its_base(
    structure_workbook, tmp_path
):
    create_from_table(structure_workbook, tmp_path / "一.gpkg", folder=tmp_path / "一")
    first = load_standard(str(tmp_path / "一"))
    structure = read_structure(write_structure_workbook(tmp_path / "二.xlsx", [VALID_ROW]), first)
    crs = choose_plan_crs("EPSG:4526", "")[0]
    create_from_structure(structure, first, tmp_path / "二.gpkg", crs, folder=tmp_path / "二")
    second = load_standard(str(tmp_path / "二"))
    assert len(second.templates["DLTB"].fields) == 1 and second.templates["XJGD"].geometry == "line"


def test_structure_database_is_not_created_over_an_existing_database_or_county_standard(structure_workbook, tmp_path):
    path, folder = tmp_path / "库.gpkg", tmp_path / "标准"
    path.write_bytes(b"")
    with pytest.raises(OutputError) as caught:
        create_from_table(structure_workbook, path, folder=folder)
    assert "已存在" in Texts("zh").explain_error(caught.value) and not folder.exists()
    create_from_table(structure_workbook, path, folder=folder, existing="replace")
    with pytest.raises(OutputError) as caught:
        create_from_table(structure_workbook, tmp_path / "另一个.gpkg", folder=folder)
    message = Texts("zh").explain_error(caught.value)
    assert "标准" in message and "未改动" in message
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([structure_workbook.name, "库.gpkg", "标准"])
    # An empty folder was made for it.
    (tmp_path / "空").mkdir()
    create_from_table(structure_workbook, path, folder=tmp_path / "空", existing="replace")
    assert (tmp_path / "空" / "standard.toml").is_file()


def test_failed_creation_leaves_neither_database_nor_county_standard(structure_workbook, tmp_path, monkeypatch):
    from plugin.core.exchange import structure_table

    def raise_disk_full(*args, **more):
        raise OutputError("output_unwritable", target="库.gpkg", detail="no_space")

    monkeypatch.setattr(structure_table, "create_database", raise_disk_full)
    with pytest.raises(OutputError):
        create_from_table(structure_workbook, tmp_path / "库.gpkg", folder=tmp_path / "标准")
    assert [p.name for p in tmp_path.iterdir()] == [structure_workbook.name]
    # An empty folder that was there before stays.
    (tmp_path / "标准").mkdir()
    with pytest.raises(OutputError):
        create_from_table(structure_workbook, tmp_path / "库.gpkg", folder=tmp_path / "标准")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([structure_workbook.name, "标准"])


@pytest.mark.parametrize(
    ("crs", "county", "found"),
    [("EPSG:4526", "", 4526), ("", "浑源县", 4526), ("EPSG:4490", "140225", 4490), ("", "", None)],
)
def test_crs_of_the_new_database_is_taken_from_the_option_or_the_county(crs, county, found):
    if found is None:
        with pytest.raises(InputError) as caught:
            choose_plan_crs(crs, county)
        assert "EPSG:4526" in Texts("zh").explain_error(caught.value)
    else:
        assert choose_plan_crs(crs, county)[0].to_epsg() == found


def test_structure_command_creates_database_and_county_standard(structure_workbook, tmp_path, capsys):
    path, folder = tmp_path / "库.gdb", tmp_path / "标准"
    given = [
        "structure",
        str(structure_workbook),
        "--database",
        str(path),
        "--folder",
        str(folder),
        "--county",
        "浑源县",
    ]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert str(path) in printed and str(folder) in printed and "值域“>0”" in printed
    assert set(fiona.listlayers(path)) == {"DLTB", "STBHHX", "XJGD"}
    assert main(given) == 2 and "已存在" in capsys.readouterr().err
    assert main(["structure", str(structure_workbook)]) == 2 and "--database" in capsys.readouterr().err
    shutil.rmtree(folder)
    assert main([*given, "--existing", "add"]) == 0 and (folder / "templates" / "XJGD.toml").is_file()
