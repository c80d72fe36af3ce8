# SPDX-License-Identifier: GPL-2.0-or-later
"""From a table of attribute structures to an empty database and a standard of one's own: both, or neither."""

import shutil

import pytest

from plugin.core.__main__ import main
from plugin.core.check import Options, check_plan
from plugin.core.errors import DataError, InputError, OutputError, SanxianError
from plugin.core.messages.texts import Texts
from plugin.core.standard import load_standard
from tests.core.exchange.test_structure_table import BASE, HEAD, ROWS, book

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
fiona = pytest.importorskip("fiona")

from plugin.core.exchange.structure_table import (  # noqa: E402
    create_from_structure,
    plan_crs,
    read_structure,
)

STANDARD = load_standard()
LINE = ["XJGD", "BSM", "标识码", "Char", 18, None, None, "M", "线", "新建管道"]
RULES = ("SCH002", "SCH003", "SCH004", "SCH006", "SCH007", "SCH008")


@pytest.fixture
def table(tmp_path):
    """Two layers of the standard as a county wants them, and one that the standard does not have."""
    rows = [[*row, "面", None] for row in ROWS]
    return book(tmp_path / "属性 结构.xlsx", [*rows, LINE], head=[*HEAD, "几何特征", "图层名称"])


def make(table, target, crs="EPSG:4526", **more):
    structure = read_structure(table, STANDARD)
    return create_from_structure(structure, STANDARD, target, plan_crs(crs, "")[0], **more)


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_the_database_is_as_the_table_says(table, tmp_path, suffix):
    path, folder = tmp_path / f"新 库{suffix}", tmp_path / "本县 标准"
    assert make(table, path, folder=folder).made == ("DLTB", "STBHHX", "XJGD")
    with fiona.open(path, layer="DLTB") as layer:
        wanted = {"BSM": "str:18", "DLBM": "str:5", "TBMJ": "float", "SJNF": "int32"}
        assert dict(layer.schema["properties"]) == wanted and layer.crs.to_epsg() == 4526
    with fiona.open(path, layer="XJGD") as layer:
        assert layer.schema["geometry"] == "MultiLineString"
    # The standard that was written is one that everything else takes, and the database is as it says.
    own = load_standard(str(folder))
    assert [t.role for t in own.templates_of(["own"])] == ["DLTB", "STBHHX", "XJGD"]
    assert own.templates["XJGD"].name == "新建管道" and "YDYHGHFQ" in own.templates
    assert own.templates["DLTB"].field_named("DLBM").codes == "sandiao"
    checked = check_plan(path, Options(standard=str(folder), rules=RULES))
    assert set(checked.plan.layers) == {"DLTB", "STBHHX", "XJGD"}
    assert not checked.report.findings, [f.message for f in checked.report.findings]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([table.name, path.name, folder.name])


def test_a_standard_may_stand_on_one_that_was_made_so(table, tmp_path):
    make(table, tmp_path / "一.gpkg", folder=tmp_path / "一")
    first = load_standard(str(tmp_path / "一"))
    structure = read_structure(book(tmp_path / "二.xlsx", [BASE]), first)
    crs = plan_crs("EPSG:4526", "")[0]
    create_from_structure(structure, first, tmp_path / "二.gpkg", crs, folder=tmp_path / "二")
    second = load_standard(str(tmp_path / "二"))
    assert len(second.templates["DLTB"].fields) == 1 and second.templates["XJGD"].geometry == "line"


def test_what_is_there_stops_it(table, tmp_path):
    path, folder = tmp_path / "库.gpkg", tmp_path / "标准"
    path.write_bytes(b"")
    with pytest.raises(OutputError) as caught:
        make(table, path, folder=folder)
    assert "已存在" in Texts("zh").explain(caught.value) and not folder.exists()
    make(table, path, folder=folder, existing="replace")
    (tmp_path / "另一个.gpkg").exists()
    with pytest.raises(OutputError) as caught:
        make(table, tmp_path / "另一个.gpkg", folder=folder)
    said = Texts("zh").explain(caught.value)
    assert "标准" in said and "未改动" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([table.name, "库.gpkg", "标准"])
    # An empty folder was made for it.
    (tmp_path / "空").mkdir()
    make(table, path, folder=tmp_path / "空", existing="replace")
    assert (tmp_path / "空" / "standard.toml").is_file()


def test_neither_when_one_fails(table, tmp_path, monkeypatch):
    from plugin.core.exchange import structure_table

    def full(*args, **more):
        raise OutputError("output_unwritable", target="库.gpkg", detail="no_space")

    monkeypatch.setattr(structure_table, "create_database", full)
    with pytest.raises(OutputError):
        make(table, tmp_path / "库.gpkg", folder=tmp_path / "标准")
    assert [p.name for p in tmp_path.iterdir()] == [table.name]


def test_a_folder_below_a_file(table, tmp_path):
    with pytest.raises(OutputError):
        make(table, tmp_path / "库.gpkg", folder=table / "标准")
    assert [p.name for p in tmp_path.iterdir()] == [table.name]


@pytest.mark.parametrize(
    ("crs", "county", "found"),
    [("EPSG:4526", "", 4526), ("", "浑源县", 4526), ("EPSG:4490", "140225", 4490), ("", "", None)],
)
def test_the_coordinate_system(crs, county, found):
    if found is None:
        with pytest.raises(InputError) as caught:
            plan_crs(crs, county)
        assert "EPSG:4526" in Texts("zh").explain(caught.value)
    else:
        assert plan_crs(crs, county)[0].to_epsg() == found


@pytest.mark.parametrize(
    ("crs", "county", "key"),
    [
        ("EPSG:3857", "", "create_crs_kind"),
        ("没有这样的", "", "create_crs_kind"),
        ("EPSG:4513", "浑源县", "create_crs_elsewhere"),
        ("", "浑原县", "county_unknown"),
    ],
)
def test_one_that_does_not_suit(crs, county, key):
    with pytest.raises(SanxianError) as caught:
        plan_crs(crs, county)
    assert caught.value.key == key


def test_command_line(table, tmp_path, capsys):
    path, folder = tmp_path / "库.gdb", tmp_path / "标准"
    given = ["structure", str(table), "--database", str(path), "--folder", str(folder), "--county", "浑源县"]
    assert main(given) == 0
    said = capsys.readouterr().out
    assert str(path) in said and str(folder) in said and "值域“>0”" in said
    assert set(fiona.listlayers(path)) == {"DLTB", "STBHHX", "XJGD"}
    assert main(given) == 2 and "已存在" in capsys.readouterr().err
    assert main(["structure", str(table)]) == 2 and "--database" in capsys.readouterr().err
    shutil.rmtree(folder)
    assert main([*given, "--existing", "add"]) == 0 and (folder / "templates" / "XJGD.toml").is_file()


def test_without_openpyxl(table, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *more, **named):
        if name.split(".")[0] == "openpyxl":
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError) as caught:
        read_structure(table, STANDARD)
    assert "openpyxl" in Texts("zh").explain(caught.value)
