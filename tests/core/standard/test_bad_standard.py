# SPDX-License-Identifier: GPL-2.0-or-later
"""An error in a file of a standard gives one message with file and place."""

import shutil

import pytest

from plugin.core.__main__ import main
from plugin.core.standard import load_standard
from plugin.paths import STANDARDS_FOLDER
from tests.core import small_plan

TEMPLATE_FILE, CODE_LIST_FILE, STANDARD_FILE = "templates/YDYHGHFQ.toml", "codelists/land_use_2023.csv", "standard.toml"
STANDARD_ERRORS = [
    pytest.param(
        TEMPLATE_FILE, ('role = "YDYHGHFQ"', 'role = "YDYHGHFQ'), ["YDYHGHFQ.toml", "第 1 行"], id="quote not closed"
    ),
    pytest.param(TEMPLATE_FILE, ("[[field]]", "[[field]"), ["YDYHGHFQ.toml", "第 "], id="bracket not closed"),
    pytest.param(
        TEMPLATE_FILE, ('type = "text"', 'type = "Char"'), ["YDYHGHFQ.toml", "field[1].type", "Char"], id="type"
    ),
    pytest.param(
        TEMPLATE_FILE, ("length = 18", 'lenght = "18"'), ["YDYHGHFQ.toml", "field[1].lenght"], id="key misspelt"
    ),
    pytest.param(
        TEMPLATE_FILE, ("length = 18", 'length = "18"'), ["YDYHGHFQ.toml", "field[1].length", "int"], id="kind"
    ),
    pytest.param(TEMPLATE_FILE, ('"planning_zones"', '"zonen"'), ["YDYHGHFQ", "GHFQDM", "zonen"], id="list missing"),
    pytest.param(
        CODE_LIST_FILE,
        ("0102,水浇地,01,2", "0101,水浇地,01,2"),
        ["land_use_2023.csv", "第 4 行", "水田"],
        id="two names",
    ),
    pytest.param(
        CODE_LIST_FILE, ("0102,水浇地,01,2", "0102,水浇地,99,2"), ["land_use_2023.csv", "第 4 行", "99"], id="no parent"
    ),
    pytest.param(CODE_LIST_FILE, ("0102,水浇地", "0102,"), ["land_use_2023.csv", "第 4 行", "name"], id="blank name"),
    pytest.param(CODE_LIST_FILE, ("code,name", "code,title"), ["land_use_2023.csv", "第 1 行", "name"], id="head"),
    pytest.param(CODE_LIST_FILE, ("0102,水浇地", '"0102,水浇地'), ["land_use_2023.csv", "引号"], id="quotes"),
    pytest.param(STANDARD_FILE, ("[groups.zones]", "[groups.zones"), ["standard.toml", "第 "], id="standard"),
    pytest.param(
        STANDARD_FILE, ('"YDYHGHFQ",', '"YDYHGHF",'), ["standard.toml", "groups.zones.roles", "YDYHGHF"], id="group"
    ),
]


@pytest.mark.parametrize(("file", "error", "words"), STANDARD_ERRORS)
def test_error_in_a_file_of_a_standard_is_printed_in_one_line_and_the_check_exits_with_code_two(
    tmp_path, capsys, file, error, words
):
    folder = tmp_path / "标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert error[0] in text
    path.write_text(text.replace(*error, 1), encoding="utf-8")
    source = small_plan.write_gpkg(tmp_path / "县.gpkg", {"DLTB": small_plan.make_small_plan_layers()["DLTB"]})
    before = small_plan.hash_files(tmp_path)
    report = tmp_path / "r.json"
    assert main(["check", str(source), "--standard", str(folder), "--json", str(report)]) == 2
    out, err = capsys.readouterr()
    assert not out and len(err.strip().splitlines()) == 1 and "Traceback" not in err
    assert all(word in err for word in words), err
    assert small_plan.hash_files(tmp_path) == before


def test_code_list_of_a_custom_standard_replaces_the_shipped_one(tmp_path):
    """Use a standard that has only a longer code list, saved by Excel as GBK."""
    ours = load_standard()
    folder = tmp_path / "本县"
    (folder / "codelists").mkdir(parents=True)
    (folder / "standard.toml").write_text(
        'id = "own"\nedition = "1"\nname = "本县"\nincludes = ["county_db"]\n', encoding="utf-8"
    )
    path = next(STANDARDS_FOLDER.glob("*/codelists/planning_zones.csv"))
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n") + "710,能源基地,700,2,C\r\n"
    (folder / "codelists" / "planning_zones.csv").write_bytes(text.encode("gbk"))
    standard = load_standard(str(folder))
    assert standard.code_lists["planning_zones"].list_code_and_parents("710") == ("710", "700")
    assert "710" not in ours.code_lists["planning_zones"].entry_by_code
    assert standard.templates["YDYHGHFQ"] == ours.templates["YDYHGHFQ"]
    create = pytest.importorskip("plugin.core.exchange.create")
    pytest.importorskip("osgeo.gdal")
    from pyproj import CRS

    from plugin.core.io.field_types import read_declared_tables

    target = tmp_path / "库.gdb"
    create.create_database(
        target, standard.list_templates_of_groups(["zones"]), CRS.from_epsg(4526), code_lists=standard.code_lists
    )
    codes = {c.name: c.name_by_code for c in read_declared_tables(target)["YDYHGHFQ"].columns}["GHFQDM"]
    assert codes["710"] == "能源基地" and len(codes) == len(ours.code_lists["planning_zones"].entry_by_code) + 1
