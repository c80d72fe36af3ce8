# SPDX-License-Identifier: GPL-2.0-or-later
"""Specifications of packages, and messages on packages in the language of the reader."""

import re
from types import SimpleNamespace

import pytest

from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.base.files.data import list_data_ids
from plugin.core.base.files.names import MAX_NAME_CHARACTERS, find_name_problem
from plugin.core.model.rule import load_all_rules
from plugin.core.package.gate import find_check_problems
from plugin.core.package.layers.content import MissingLayer
from plugin.core.package.layers.layer_validation import validate_missing_layers
from plugin.core.package.map_slots import explain_missing_maps
from plugin.core.package.names import find_field_name_problem
from plugin.core.package.package_spec.load import find_spec_problems, load_package_spec
from plugin.core.package.package_spec.spec import LayerSlot
from plugin.core.package.problems import ExportProblem, ProblemLevel, stop_on_gate_problems
from plugin.core.package.tables import write_tables as write
from plugin.core.standard import load_standard
from plugin.core.standard.map_set import MissingMapReason
from plugin.core.standard.messages.texts import CauseMessage, RuleProblem, Texts
from plugin.paths import PACKAGE_SPECS_FOLDER

COUNTY_SPEC = load_package_spec("county")
CHINESE_CHARACTER_PATTERN = re.compile(r"[\u4e00-\u9fff]")


def is_in_language(lang, text):
    """Return True if a text is in the language, not counting names in quotes."""
    return bool(CHINESE_CHARACTER_PATTERN.search(re.sub(r"“[^”]*”", "", text))) == (lang == "zh")


def explain_incomplete_check():
    summary = {"verdict": "incomplete", "errors": 0, "skipped": 1, "crashed": 0, "left_out": []}
    rule = SimpleNamespace(code="LAW004", findings=0, severity="WARNING", incomplete=True, outcome="passed")
    report = SimpleNamespace(lang="zh", summary=summary, indicators=[], rules=[rule])
    return [*find_check_problems(SimpleNamespace(report=report))]


def explain_missing_map():
    slot = SimpleNamespace(need="M", title="县域三区图")
    return explain_missing_maps([(slot, MissingMapReason("too_large", {"dpi": "300"}))])


def explain_missing_mdb(tmp_path):
    slot = next(one for one in COUNTY_SPEC.files if one.kind == "table" and one.file.endswith(".mdb"))
    making = SimpleNamespace(
        filled_slots=[SimpleNamespace(slot=slot, file_paths=())],
        placeholders={"code": "140225", "name": "浑源县"},
        prepare_file_path=lambda folder, name: tmp_path / name,
        lang="zh",
    )
    return write.write_access_tables(None, making, driver="mdb_no_windows")


def explain_missing_tables():
    return [
        ExportProblem(
            ProblemLevel.NOTE,
            "tables_not_made",
            params={"reason": CauseMessage(InputError("source_missing", source="a"))},
        )
    ]


def explain_receiver_problems():
    return [
        ExportProblem(
            ProblemLevel.NOTE,
            "as_received",
            "A",
            "MJ",
            1,
            ("1",),
            {"rule": "ATT013", "problem": RuleProblem(load_all_rules()["ATT013"])},
        )
    ]


def explain_missing_layer():
    return validate_missing_layers([MissingLayer(LayerSlot("boundary", "M"))], [load_standard()])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "of",
    [
        explain_incomplete_check,
        explain_missing_map,
        explain_missing_mdb,
        explain_missing_tables,
        explain_receiver_problems,
        explain_missing_layer,
    ],
)
def test_problem_found_by_an_export_is_explained_without_words_of_the_other_language(of, lang, tmp_path):
    (problem,) = of(tmp_path) if of is explain_missing_mdb else of()
    assert is_in_language(lang, problem.format_as_sentence(Texts(lang))), problem.format_as_sentence(Texts(lang))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_error_that_stops_an_export_is_explained_without_words_of_the_other_language(lang):
    with pytest.raises(OutputError) as caught:
        stop_on_gate_problems([*explain_incomplete_check(), *explain_missing_map()], False, "浑源")
    lines = Texts(lang).explain_error(caught.value).split("\n")
    assert len(lines) == 4 and all(is_in_language(lang, line) for line in lines), lines


COUNTY_SPEC_TEXT = (PACKAGE_SPECS_FOLDER / "county.toml").read_text(encoding="utf-8")


def assert_error_is_explained(error, *words):
    for lang in ("zh", "en"):
        sentence = Texts(lang).explain_error(error)
        assert all(w in sentence for w in words), sentence


@pytest.mark.parametrize("name", list_data_ids(PACKAGE_SPECS_FOLDER))
def test_shipped_package_spec_names_existing_layers_of_its_standard(name):
    spec = load_package_spec(name)
    standard = load_standard(spec.standard)
    assert spec.id == name and spec.vectors and spec.files
    for vectors in spec.vectors:
        for slot in vectors.layers:
            roles = standard.concepts.get(slot.layer, (slot.layer,))
            assert any(standard.has_template(role) for role in roles), slot
    assert set(spec.unverified_keys) >= {"root", "folders", "vector.layers"}


def test_unknown_package_spec_is_refused_with_a_list_of_known_ones(tmp_path):
    with pytest.raises(DataError) as caught:
        load_package_spec(tmp_path / "没有.toml")
    assert_error_is_explained(caught.value, "没有", "county", "city")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('secrecy = "内部"\n', "", ["secrecy"]),
        ("digits = 6", "digits = 5", ["digits", "5"]),
        ("digits = 6", "digits = 6\ncolour = 1", ["colour"]),
        ('secrecy = "内部"', 'secrecy = "绝密"', ["secrecy", "绝密"]),
        ("{code}{name}国土空间规划矢量数据.gdb", "{code}{nmae}.gdb", ["vector[1].file", "nmae", "{code}"]),
        ("{code}{name}国土空间规划矢量数据.gdb", "{code}.mdb", ["vector[1].file", ".mdb", ".gdb"]),
        ("{code}{name}国土空间规划矢量数据.gdb", "{code}:{name}.gdb", ["vector[1].file"]),
        ('crs = "EPSG:4490"', 'crs = "EPSG:5737"', ["vector[1].crs", "5737"]),
        ('vertical = ""', 'vertical = "EPSG:4490"', ["vector[1].vertical", "4490"]),
        ('矢量数据.gdb"\ncrs = "EPSG:4490"\nvertical = ""', '矢量数据.shp"\ncrs = "EPSG:4490"\nvertical = "EPSG:5737"', ["vector[1].vertical", "5737"]),
        ('crs = "EPSG:4490"', 'crs = "西安80"', ["vector[1].crs", "西安80"]),
        ('layer = "county"\nneed = "M"', 'layer = "county"\nneed = "X"', ["vector[1].layer[1].need", "X"]),
        ('layer = "county"\n', 'layer = "townships"\n', ["vector[1].layer", "townships"]),
        ('layer = "county"\n', 'layer = "county"\nname = "1县"\n', ["vector[1].layer[1].name", "1县"]),
        ('layer = "county"\n', 'layer = "county"\nnames = {MJ = "OBJECTID"}\n', ["names.MJ", "OBJECTID"]),
        ('folder = "data"\nfile', 'folder = "date"\nfile', ["vector[1].folder", "date", "data"]),
        ('data = "1-空间数据"', 'data = "../空间数据"', ["folders.data", ".."]),
        ('data = "1-空间数据"', 'data = "con"', ["folders.data", "con"]),
        ('root = "C"', 'root = "D"', ["marks.root", "D"]),
        ('root = "C"', 'roof = "C"', ["marks.roof", "roof"]),
        ('score = "质量得分"\n', "", ["metadata.names.score"]),
        ('id = "construction"', 'id = "text"', ["id", "text"]),
        ('geometry = "几何类型"', 'geometry = "名称"', ["metadata.names", "名称"]),
        ('score = "质量得分"', 'score = "密级"', ["metadata.names", "密级"]),
        ('dataset = "数据集"', 'dataset = "成果包"', ["metadata.names", "成果包"]),
    ],
)  # fmt: skip
def test_package_spec_error_states_file_and_key(tmp_path, old, new, words):
    assert old in COUNTY_SPEC_TEXT
    path = tmp_path / "x.toml"
    path.write_text(COUNTY_SPEC_TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_package_spec(path)
    assert_error_is_explained(caught.value, "x.toml", *words)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("浑源县.gdb", ""),
        ("", "name_empty"),
        ("a/b", "name_characters"),
        ("图?", "name_characters"),
        ("con.txt", "name_reserved"),
        ("contour.txt", ""),
        ("..", "name_reserved"),
        ("图 ", "name_end"),
        ("图.", "name_end"),
        ("图" * (MAX_NAME_CHARACTERS + 1), "name_long"),
        ("𠮷县", "name_gbk"),
    ],
)
def test_find_name_problem_returns_which_naming_rule_a_file_name_violates(name, problem):
    assert find_name_problem(name) == problem


@pytest.mark.parametrize(
    ("name", "problem"),
    [("BSM", ""), ("标识码", ""), ("1BSM", "field_characters"), ("B-M", "field_characters"), ("shape", "field_taken")],
)
def test_find_field_name_problem_returns_which_naming_rule_a_field_name_violates(name, problem):
    assert find_field_name_problem(name) == problem


def test_all_errors_of_a_package_spec_are_listed_at_once(tmp_path):
    path = tmp_path / "某省.toml"
    bad = COUNTY_SPEC_TEXT.replace('crs = "EPSG:4490"', 'crs = "EPSG:99999"').replace('need = "C"', 'need = "也许"', 1)
    bad = (
        bad.replace('secrecy = "内部"', 'secrecy = "绝密级"', 1)
        .replace("digits = 6", "digits = 5")
        .replace("[marks]", "colour = 1\n[marks]")
    )
    path.write_text(bad, encoding="utf-8")
    found = find_spec_problems(path)
    keys = {e.params["key"] for e in found}
    assert keys == {"vector[1].layer[4].need", "digits", "secrecy", "colour"}, keys
    for error in found:
        assert_error_is_explained(error, "某省.toml", error.params["key"])
    with pytest.raises(DataError):
        load_package_spec(path)


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ('data = "1-空间数据"', 'data = "../空间数据"', ["folders.data"]),
        ('data = "1-空间数据"', 'data = "CON/a"\nmore = ".."', ["folders.data", "folders.more"]),
        ('data = "1-空间数据"', "data = 7", ["folders.data"]),
        ('secrecy = "内部"', 'secrecie = "内部"', ["secrecie", "secrecy"]),
    ],
)
def test_error_in_one_key_of_a_package_spec_is_not_reported_for_other_keys(tmp_path, old, new, keys):
    path = tmp_path / "某省.toml"
    assert old in COUNTY_SPEC_TEXT
    path.write_text(COUNTY_SPEC_TEXT.replace(old, new, 1), encoding="utf-8")
    assert sorted(e.params["key"] for e in find_spec_problems(path)) == keys


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('layer = "red_line"', 'layer = "红线"', "package_layer_unknown"),
        (
            'layer = "red_line"\nneed = "M"',
            'layer = "red_line"\nneed = "M"\nfields = ["BSM", "面积大小"]',
            "package_field_unknown",
        ),
        (
            'layer = "red_line"\nneed = "M"',
            'layer = "red_line"\nneed = "M"\nnames = { "面积大小" = "MJ" }',
            "package_field_unknown",
        ),
        ("数据库建设报告.pdf", "质量检查报告.pdf", "package_same_place"),
    ],
)
def test_find_spec_problems_returns_one_error_for_an_unknown_layer_or_field_or_a_repeated_file_name(
    tmp_path, old, new, key
):
    path = tmp_path / "某省.toml"
    assert old in COUNTY_SPEC_TEXT
    path.write_text(COUNTY_SPEC_TEXT.replace(old, new, 1), encoding="utf-8")
    (error,) = find_spec_problems(path)
    assert error.key == key
    assert_error_is_explained(error, "某省.toml", error.params["value"])


@pytest.mark.parametrize("name", list_data_ids(PACKAGE_SPECS_FOLDER))
def test_shipped_package_spec_is_valid_and_listed_by_the_command_line(name, capsys):
    from plugin.core.__main__ import main

    assert find_spec_problems(name) == [] and main(["form", name]) == 0
    printed = capsys.readouterr().out
    assert (
        "1-空间数据/140225浑源县国土空间规划矢量数据.gdb" in printed and "元数据" in printed and "没有问题" in printed
    )
    assert main(["form", name, "--lang", "en"]) == 0 and "is valid" in capsys.readouterr().out


def test_form_command_exits_with_an_error_for_an_invalid_package_spec(tmp_path, capsys):
    from plugin.core.__main__ import main

    path = tmp_path / "某省.toml"
    path.write_text(COUNTY_SPEC_TEXT.replace("digits = 6", "digits = 5"), encoding="utf-8")
    assert main(["form", str(path)]) == 2 and "digits" in capsys.readouterr().err
    assert main(["form", str(tmp_path / "没有.toml")]) == 2 and "county" in capsys.readouterr().err
