# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors in templates, profiles, standards and code lists name file and key."""

import pytest

from plugin.core.errors import DataError
from plugin.core.messages.texts import Texts
from plugin.core.profile import Norm, load_profile
from plugin.core.standard import load_standard
from plugin.core.standard.template import load_code_list, load_template

PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'
TARGET_SECTION = '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "1.00"\nunit = "km2"\nyear = 2035\nbinding = ""\nsource = ""\n'
TEMPLATE_HEAD = (
    'role = "TEST"\nname = "试"\nname_mark = "B"\ngeometry = "polygon"\noverlap = "never"\nconstraint = "O"\n'
    'fields_mark = "B"\nsource = "S"\n[[field]]\nname = "BSM"\nalias = "标识码"\ntype = "text"\nmark = "B"\n'
)


def assert_message_contains(error, *words):
    sentence = Texts("zh").explain_error(error)
    assert all(w in sentence for w in words), sentence
    assert all(w in Texts("en").explain_error(error) for w in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(PROFILE_HEAD.replace('name = "某县"\n', ""), ["name"], id="key missing"),
        pytest.param(PROFILE_HEAD + "colour = 1\n", ["colour", "area_code"], id="key unknown"),
        pytest.param(PROFILE_HEAD + "[ratio]\nlimits = 1.3\n", ["ratio.limits", "ratio.limit"], id="setting misspelt"),
        pytest.param(
            PROFILE_HEAD + TARGET_SECTION.replace('"1.00"', "1.0"),
            ["targets[1].value", "str"],
            id="value not as printed",
        ),
        pytest.param(
            PROFILE_HEAD + TARGET_SECTION.replace("km2", "公顷"),
            ["targets[1].unit", "公顷", "wan_mu"],
            id="unit unknown",
        ),
        pytest.param(
            PROFILE_HEAD + "[confirmed]\nby = 'x'\n", ["confirmed.document"], id="confirmation without document"
        ),
        pytest.param(PROFILE_HEAD + "id = 2\n", ["x.toml"], id="not TOML"),
    ],
)
def test_invalid_profile_is_refused(tmp_path, text, words):
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_profile(path)
    assert_message_contains(caught.value, "x.toml", *words)


def test_profile_based_on_itself_is_refused(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD.replace('name = "某县"', 'name = "某县"\nbase = "x"'), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_profile(path)
    assert_message_contains(caught.value, "x.toml", "base")


def test_unknown_profile_or_standard_is_refused_with_the_known_ones():
    with pytest.raises(DataError) as caught:
        load_profile("hunyuen")
    assert_message_contains(caught.value, "hunyuen", "hunyuan", "shanxi")
    with pytest.raises(DataError) as caught:
        load_standard("county")
    assert_message_contains(caught.value, "county_db", "survey_2020")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            TEMPLATE_HEAD.replace('geometry = "polygon"', 'geometry = "面"'), ["geometry", "面"], id="geometry unknown"
        ),
        pytest.param(
            TEMPLATE_HEAD.replace('type = "text"', 'type = "Char"'), ["field[1].type", "Char"], id="type unknown"
        ),
        pytest.param(TEMPLATE_HEAD.replace('alias = "标识码"\n', ""), ["field[1].alias"], id="field without alias"),
        pytest.param(TEMPLATE_HEAD + TEMPLATE_HEAD[TEMPLATE_HEAD.index("[[field]]") :], ["BSM"], id="field twice"),
        pytest.param(
            TEMPLATE_HEAD + '[[field]]\nname = "BM"\nalias = "标识码"\ntype = "text"\nmark = "B"\n',
            ["标识码"],
            id="title twice",
        ),
        pytest.param(TEMPLATE_HEAD + 'personal = "no"\n', ["field[1].personal", "bool"], id="personal is yes or no"),
        pytest.param(TEMPLATE_HEAD + 'length = "18"\n', ["field[1].length", "int"], id="length is a number"),
        pytest.param(TEMPLATE_HEAD.replace('"TEST"', '"OTHER"'), ["role", "OTHER"], id="role is not the file's name"),
    ],
)
def test_invalid_layer_template_is_refused(tmp_path, text, words):
    path = tmp_path / "TEST.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_template(path)
    assert_message_contains(caught.value, "TEST.toml", *words)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        pytest.param("100,a,,1,B\n100,b,,1,B\n", ["3", "100"], id="code with two names"),
        pytest.param(",a,,1,B\n", ["2"], id="code empty"),
        pytest.param("100,a,,一,B\n", ["2", "100"], id="level not a number"),
        pytest.param("110,a,100,2,B\n", ["110", "100"], id="parent missing"),
    ],
)
def test_invalid_code_list_is_refused(tmp_path, rows, words):
    path = tmp_path / "codes.csv"
    path.write_text("code,name,parent,level,mark\n" + rows, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_code_list(path)
    assert_message_contains(caught.value, "codes.csv", *words)


def test_code_list_saved_by_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_bytes("\ufeffcode,name,parent,level,mark\r\n100,甲,,1,C\r\n110,乙,100,2,B\r\n".encode())
    codes = load_code_list(path)
    assert (
        codes.list_code_and_parents("110") == ("110", "100")
        and codes.collect_members(["100"]) == {"100", "110"}
        and codes.mark == "C"
    )


def test_county_profile_inherits_limits_of_the_province_but_not_its_totals(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD + 'base = "shanxi"\n', encoding="utf-8")
    norm = Norm(load_standard(), load_profile(path))
    assert norm.get("ratio.limit") == 1.3 and norm.get_source_mark("ratio.limit") == "A"
    assert norm.find_targets("140225") == []


def test_profile_of_hunyuan_has_its_figures_as_printed_in_the_plan():
    norm = Norm(load_standard(), load_profile("hunyuan"))
    printed = {t.indicator: (t.comparison, t.value, t.unit) for t in norm.find_targets("140225") if t.binding}
    assert printed == {
        "cultivated_area": (">=", "73.39", "wan_mu"),
        "farmland_area": (">=", "63.25", "wan_mu"),
        "red_line_area": (">=", "538.87", "km2"),
        "boundary_area": ("<=", "16.46", "km2"),
    }
    assert norm.get("ratio.limit") == 1.25


def test_repeated_key_in_a_json_file_is_refused():
    from plugin.core.files.data import parse_strict_json

    assert parse_strict_json(b'{"a": [{"b": 1}, {"b": 2}]}') == {"a": [{"b": 1}, {"b": 2}]}
    with pytest.raises(ValueError, match="twice"):
        parse_strict_json('{"a": {"verdict": "pass", "verdict": "fail"}}')
