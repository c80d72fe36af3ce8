# SPDX-License-Identifier: GPL-2.0-or-later
"""Each error in a declared check names file, line, check and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugin.core.base.errors import DataError
from plugin.core.standard import declared_reader, load_standard
from plugin.core.standard.declared_operators import KEYS_BY_KIND, OPERATORS
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from tests.core.standard.declared_check_files import CHECK_START, HEAD, list_problems, load_norm

MUST = 'must = [{ field = "MJ", operator = "at_least", value = 5 }]\n'
EXAMPLES = "found = [{ MJ = 1 }]\npassed = [{ MJ = 5 }]\n"
VALID = CHECK_START + MUST + EXAMPLES


def must(condition):
    return CHECK_START + f"must = [{{ {condition} }}]\n" + EXAMPLES


#: What is wrong, the text of the check, the key of the error, the beginning of the line that it names, and words of
#: its message.
ERRORS = [
    ("no code", VALID.replace('code = "Xown-001"\n', ""), "code_missing", "[[check]]", "Xown-001"),
    ("code of another file", VALID.replace("Xown", "Xshanxi"), "code_form", "code =", "Xown-001"),
    ("code of a rule", VALID.replace("Xown-001", "ATT001"), "code_form", "code =", "Xown-001"),
    ("number too short", VALID.replace("Xown-001", "Xown-1"), "code_form", "code =", "Xown-001"),
    ("unknown key", VALID + "when_not = 1\n", "key_unknown", "when_not", "severity"),
    ("missing key", VALID.replace('mark = "C"\n', ""), "key_missing", "[[check]]", "mark"),
    ("must is no list", CHECK_START + "must = 1\n" + EXAMPLES, "kind", "must", "must"),
    ("no condition", CHECK_START + "must = []\n" + EXAMPLES, "blank", "must", "must"),
    ("blank text", VALID.replace("请改正。", " "), "blank", "zh", "remedy"),
    ("text is a number", VALID.replace('"未见原文"', "1"), "kind", "source", "source"),
    ("unknown mark", VALID.replace('"C"', '"D"'), "choice", "mark", "A, B, C"),
    ("unknown severity", VALID + 'severity = "HIGH"\n', "choice", "severity", "ERROR, WARNING, INFO"),
    ("error without source", VALID + 'severity = "ERROR"\n', "severity_without_source", "severity", "WARNING"),
    ("unknown layer", VALID.replace('"CZKFBJ"', '"CZKFBX"'), "layer_unknown", "layer", "CZKFBJ"),
    ("unknown field", VALID.replace('"MJ"', '"MIANJI"'), "field_unknown", "must", "XZQDM"),
    ("unknown operator", VALID.replace("at_least", "min"), "operator_unknown", "must", "at_least"),
    ("key of another operator", must('field = "MJ", operator = "filled", value = 1'), "key_unknown", "must", "field, operator"),
    ("no value", must('field = "MJ", operator = "at_least"'), "key_missing", "must", "value"),
    ("no operator", must('field = "MJ"'), "key_missing", "must", "operator"),
    ("number for a text", must('field = "GHFQDM", operator = "equals", value = 410'), "value_text", "must", '"410"'),
    ("text for a number", must('field = "MJ", operator = "at_least", value = "5"'), "value_number", "must", "5"),
    ("yes for a number", must('field = "MJ", operator = "equals", value = true'), "value_number", "must", "True"),
    ("range with one end", must('field = "MJ", operator = "between", value = [1]'), "kind", "must", "[0, 0.5]"),
    ("range from high to low", must('field = "MJ", operator = "between", value = [5, 1]'), "range_order", "must", "5"),
    ("no values", must('field = "GHFQDM", operator = "one_of", value = []'), "blank", "must", "value"),
    ("one value in place of a list", must('field = "GHFQDM", operator = "one_of", value = "1"'), "kind", "must", "value"),
    ("broken pattern", must('field = "GHFQDM", operator = "matches", value = "[0-9"'), "pattern", "must", "[0-9"),
    ("unknown list", must('field = "GHFQDM", operator = "in_list", list = "zones"'), "list_unknown", "must", "planning_zones"),
    ("field without list", must('field = "MJ", operator = "in_list"'), "list_missing", "must", "planning_zones"),
    ("unknown code", must('field = "GHFQDM", operator = "under", value = "城镇"'), "code_unknown", "must", "410"),
    ("unknown layer of a key", must('field = "XZQDM", operator = "in_layer", layer = "X"'), "layer_unknown", "must", "XZQX"),
    ("unknown field of a key", must('field = "XZQDM", operator = "in_layer", layer = "XZQX", key = "DM"'), "field_unknown", "must", "XZQMC"),
    ("unique in a layer without the field", must('field = "GHFQDM", operator = "unique", layers = ["XZQX"]'), "field_unknown", "must", "XZQMC"),
    ("unique names its layer", must('field = "BSM", operator = "unique", layers = ["CZKFBJ"]'), "layer_itself", "must", "CZKFBJ"),
    ("foreign key in when", VALID + 'when = [{ field = "XZQDM", operator = "in_layer", layer = "XZQX" }]\n', "operator_only_in_must", "when", "in_layer"),
    ("one condition twice", CHECK_START + MUST.replace("[{", '[{ field = "MJ", operator = "at_least", value = 1 }, {') + EXAMPLES, "condition_doubled", "must", "MJ at_least"),
    ("no example", CHECK_START + MUST + "found = []\npassed = [{ MJ = 5 }]\n", "blank", "found", "found"),
    ("example with an unknown field", VALID.replace("{ MJ = 1 }", "{ MIANJI = 1 }"), "field_unknown", "found", "MJ"),
    ("example that is not found", VALID.replace("{ MJ = 1 }", "{ MJ = 1 }, { MJ = 9 }"), "example_missed", "found", "2"),
    ("example that must pass and is found", VALID.replace("{ MJ = 5 }", "{ MJ = 6 }, { MJ = 4 }"), "example_found", "passed", "MJ at_least"),
    ("no rows of the layer of a key", CHECK_START + 'must = [{ field = "XZQDM", operator = "in_layer", layer = "XZQX" }]\nfound = [{ XZQDM = "1" }]\npassed = [{ XZQDM = "2" }]\n', "others_missing", "[[check]]", "XZQX = [{ XZQDM"),
    ("name of a code", must('field = "GHFQDM", operator = "equals", value = "城镇集中建设区"'), "code_name", "must", '"410"'),
    ("unknown layer of examples", VALID + "others = { X = [{ MJ = 1 }] }\n", "layer_unknown", "others", "XZQX"),
]  # fmt: skip


@pytest.mark.parametrize("text, problem, line_start, words", [case[1:] for case in ERRORS], ids=[c[0] for c in ERRORS])
def test_an_error_names_file_line_check_and_what_is_allowed(tmp_path, text, problem, line_start, words):
    (error,) = list_problems(tmp_path, text)
    assert error.params["check_problem"] == problem
    line = (HEAD + text).splitlines()[error.params["line"] - 1]
    assert line.startswith(line_start), line
    for lang in ("zh", "en"):
        message = Texts(lang).explain_error(error)
        assert str(tmp_path / "own.toml") in message
        assert str(error.params["line"]) in message
        assert ("Xown-001" if problem not in ("code_missing", "code_form") else "1") in message
        assert words in message
        assert "{" not in message.replace("{ … }", "").replace("{ MJ", "").replace("{ XZQX = [{ XZQDM", "")


def test_names_similar_to_an_unknown_one_are_listed_first(tmp_path):
    (error,) = list_problems(tmp_path, VALID.replace('"CZKFBJ"', '"CZKFBJX"'))
    assert error.params["known"].startswith("CZKFBJ, ")
    (error,) = list_problems(tmp_path, VALID.replace('"MJ"', '"GHFQDN"'))
    assert error.params["known"].startswith("GHFQDM, ")


def test_every_error_has_a_case_here():
    tried = {case[2] for case in ERRORS} | {"code_doubled", "id_form", "value_date", "code_ambiguous"}
    assert tried == set(Texts("zh").get_section("check_errors")) == set(Texts("en").get_section("check_errors"))


def test_a_valid_file_has_no_error(tmp_path):
    assert list_problems(tmp_path, VALID) == []
    assert [check.code for check in load_norm(tmp_path, VALID).declared_checks] == ["Xown-001"]


def test_a_doubled_code_names_the_line_of_the_first(tmp_path):
    text = VALID + VALID
    (error,) = list_problems(tmp_path, text)
    lines = (HEAD + text).splitlines()
    first, second = [number for number, line in enumerate(lines, 1) if line.startswith("code =")]
    assert (error.params["check_problem"], error.params["line"], error.params["first"]) == (
        "code_doubled",
        second,
        first,
    )


def test_a_code_of_the_base_cannot_be_used_again(tmp_path):
    (tmp_path / "base.toml").write_text(HEAD + VALID, encoding="utf-8")
    (error,) = list_problems(tmp_path, VALID, HEAD + 'base = "base"\n')
    assert error.params["check_problem"] == "code_doubled"


def test_all_wrong_checks_of_a_file_are_listed_each_with_its_line(tmp_path):
    second = VALID.replace("Xown-001", "Xown-002").replace("at_least", "min")
    errors = list_problems(tmp_path, VALID.replace('"C"', '"D"') + second)
    assert [error.params["check"] for error in errors] == ["Xown-001", "Xown-002"]
    assert errors[0].params["line"] < errors[1].params["line"]


def test_an_id_with_a_blank_cannot_be_part_of_a_code(tmp_path):
    (error,) = list_problems(tmp_path, VALID.replace("Xown", "Xmy own"), HEAD.replace('"own"', '"my own"'))
    assert error.params["check_problem"] == "id_form"


def test_a_date_must_be_a_date(tmp_path):
    role, name = next(
        (role, field.name)
        for role, template in load_standard().templates.items()
        for field in template.fields
        if field.type == "date"
    )
    start = CHECK_START.replace("CZKFBJ", role)
    text = f'{start}must = [{{ field = "{name}", operator = "at_least", value = 2025 }}]\nfound = [{{}}]\npassed = [{{}}]\n'
    (error,) = list_problems(tmp_path, text)
    assert error.params["check_problem"] == "value_date"


def test_a_name_of_several_codes_is_refused_with_the_codes(tmp_path):
    (tmp_path / "codelists").mkdir()
    (tmp_path / "codelists" / "uses.csv").write_text(
        "code,name,parent,level,mark\n1,其他,,1,C\n2,水田,,1,C\n3,其他,,1,C\n", encoding="utf-8"
    )
    condition = 'field = "XZQMC", operator = "under", value = "其他", list = "uses"'
    head = 'id = "own"\nedition = "2026"\nname = "自编标准"\nincludes = ["county_db"]\n'
    (tmp_path / "standard.toml").write_text(head + must(condition), encoding="utf-8")
    load_standard.cache_clear()
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path))
    load_standard.cache_clear()
    assert caught.value.params["check_problem"] == "code_ambiguous"
    assert caught.value.params["known"] == "1, 3"


def test_subtables_give_the_same_check_as_inline_tables_and_their_own_lines(tmp_path):
    text = CHECK_START + EXAMPLES + '\n[[check.must]]\nfield = "MJ"\noperator = "at_least"\nvalue = 5\n'
    assert load_norm(tmp_path, text).declared_checks == load_norm(tmp_path, VALID).declared_checks
    (error,) = list_problems(tmp_path, text.replace("at_least", "min"))
    assert (HEAD + text.replace("at_least", "min")).splitlines()[error.params["line"] - 1] == 'operator = "min"'


def test_words_of_a_check_in_a_string_of_several_lines_do_not_move_the_line(tmp_path):
    text = VALID.replace('"未见原文"', '"""\n[[check]]\ncode = 1\n"""') + "extra = 1\n"
    (error,) = list_problems(tmp_path, text)
    assert (HEAD + text).splitlines()[error.params["line"] - 1] == "extra = 1"


def test_a_standard_declares_checks_too(tmp_path):
    text = VALID.replace("Xown", "Xmystd")
    (tmp_path / "standard.toml").write_text(
        'id = "mystd"\nedition = "2026"\nname = "自编标准"\nincludes = ["county_db"]\n' + text, encoding="utf-8"
    )
    assert "Xmystd-001" in RunOptions(standard=str(tmp_path)).resolve_norm().rules
    (tmp_path / "standard.toml").write_text(
        'id = "mystd2"\nedition = "2026"\nname = "自编标准"\nincludes = ["county_db"]\n' + text, encoding="utf-8"
    )
    load_standard.cache_clear()
    with pytest.raises(DataError, match="code_form"):
        RunOptions(standard=str(tmp_path)).resolve_norm()
    load_standard.cache_clear()


@pytest.mark.parametrize("severity, mark", [("ERROR", "A"), ("ERROR", "B"), ("INFO", "C"), ("WARNING", "C"), ("", "A")])
def test_severity_is_a_warning_unless_the_author_has_a_source(tmp_path, severity, mark):
    text = VALID.replace('mark = "C"', f'mark = "{mark}"') + (f'severity = "{severity}"\n' if severity else "")
    (rule,) = load_norm(tmp_path, text).declared_rules.values()
    assert rule.severity == (severity or "WARNING")


CHAPTER = (Path(__file__).resolve().parents[3] / "docs/manual/zh/13-declared-checks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", CHAPTER, re.MULTILINE | re.DOTALL)


def test_head_and_three_examples_of_the_manual_are_a_valid_profile(tmp_path):
    head, *examples = BLOCKS
    assert list_problems(tmp_path, "\n".join(examples), head) == []
    norm = load_norm(tmp_path, "\n".join(examples), head)
    assert [check.code for check in norm.declared_checks] == ["Xpingxi-001", "Xpingxi-002", "Xpingxi-003"]


def test_the_manual_has_a_row_for_each_operator_and_key():
    rows = set(re.findall(r"^\| `(\w+)` \|", CHAPTER, re.MULTILINE))
    keys = {*declared_reader._REQUIRED_KEYS, *declared_reader._OPTIONAL_KEYS} - {"zh", "en"}
    assert rows - {"declared_checks"} == {*OPERATORS, *keys}
    for required, optional in KEYS_BY_KIND.values():
        assert all(f"`{key}`" in CHAPTER for key in (*required, *optional) if key != "value")


def test_every_operator_has_a_phrase_in_both_languages():
    for lang in ("zh", "en"):
        assert set(Texts(lang).get_section("check_operators")) == set(OPERATORS)
