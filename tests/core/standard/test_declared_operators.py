# SPDX-License-Identifier: GPL-2.0-or-later
"""Each operator of a declared check, on rows written by hand."""

from __future__ import annotations

import pytest

from plugin.core.standard.declared_operators import OPERATORS, CheckEvaluation
from tests.core.standard.declared_check_files import CHECK_START, load_norm

#: Rows of other layers, by layer code and field.
OTHER_VALUES = {("XZQX", "XZQDM"): {"140225"}, ("STBHHX", "BSM"): {"9"}}

#: Layer, condition, and a value for which `must` is broken, then values for which it is not.
CASES = [
    ("CZKFBJ", '{ field = "GHFQDM", operator = "empty" }', ["410"], [""]),
    ("CZKFBJ", '{ field = "GHFQDM", operator = "filled" }', [""], ["410"]),
    ("CZKFBJ", '{ field = "XZQMC", operator = "equals", value = "浑源县" }', ["浑源", "浑源县城"], ["浑源县", ""]),
    # A number equals its text, also with decimals; a text of another number does not.
    ("CZKFBJ", '{ field = "MJ", operator = "equals", value = 5 }', ["6", "五"], ["5", "5.0", ""]),
    ("CZKFBJ", '{ field = "XZQDM", operator = "equals", value = "0101" }', ["101", "0101.0"], ["0101", ""]),
    ("CZKFBJ", '{ field = "XZQMC", operator = "differs", value = "待定" }', ["待定"], ["浑源县", ""]),
    ("CZKFBJ", '{ field = "MJ", operator = "differs", value = 0 }', ["0", "0.0"], ["1", "无", ""]),
    ("CZKFBJ", '{ field = "GHFQDM", operator = "one_of", value = ["410", "420"] }', ["430", "4100"], ["410", "420", ""]),
    ("CZKFBJ", '{ field = "GHFQDM", operator = "none_of", value = ["410", "420"] }', ["410", "420"], ["430", ""]),
    ("CZKFBJ", '{ field = "MJ", operator = "at_least", value = 5 }', ["4.999", "多", "-6"], ["5", "5.0", "6", ""]),
    ("CZKFBJ", '{ field = "MJ", operator = "at_most", value = 5 }', ["5.001", "nan"], ["5", "-1", ""]),
    ("CZKFBJ", '{ field = "MJ", operator = "above", value = 5 }', ["5", "4"], ["5.001", ""]),
    ("CZKFBJ", '{ field = "MJ", operator = "below", value = 5 }', ["5", "6"], ["4.999", ""]),
    ("CZKFBJ", '{ field = "MJ", operator = "between", value = [0, 0.5] }', ["-0.1", "0.51"], ["0", "0.5", "0.3", ""]),
    # Ten is above nine as a number, not as a text.
    ("YJJBNTBHTB", '{ field = "GDPDJB", operator = "at_most", value = 9 }', ["10"], ["9", "09", ""]),
    ("CZKFBJ", '{ field = "XZQDM", operator = "matches", value = "[0-9]{6}" }', ["14022", "1402251", "1402２5x"], ["140225", ""]),
    ("CZKFBJ", '{ field = "XZQMC", operator = "begins_with", value = ["大同", "浑源"] }', ["县浑源"], ["浑源县", "大同市", ""]),
    # The hierarchy of the code list, not the digits; codes as names too.
    ("DLTB", '{ field = "DLBM", operator = "under", value = "01" }', ["0201", "0104", "12"], ["01", "0101", "0103", "水田", ""]),
    ("DLTB", '{ field = "DLBM", operator = "under", value = "耕地" }', ["0201"], ["0101", ""]),
    ("DLTB", '{ field = "DLMC", operator = "under", value = ["01"] }', ["果园"], ["水田", "旱地", ""]),
    ("DLTB", '{ field = "DLBM", operator = "not_under", value = "01" }', ["01", "0102"], ["0201", "0104", ""]),
    ("CZKFBJ", '{ field = "GHFQDM", operator = "in_list" }', ["999", "城镇"], ["410", "城镇集中建设区", ""]),
    ("DLTB", '{ field = "ZLDWMC", operator = "in_list", list = "sandiao" }', ["无"], ["水田", "0101", ""]),
    ("CZKFBJ", '{ field = "XZQDM", operator = "in_layer", layer = "XZQX" }', ["140226"], ["140225", ""]),
    ("CZKFBJ", '{ field = "BSM", operator = "unique", layers = ["STBHHX"] }', ["9"], ["1", ""]),
]  # fmt: skip


def find_broken_positions(tmp_path, layer, condition, rows, when=""):
    """Return the positions of the rows that break a condition; rows have texts by field name."""
    norm, declared = load_check_without_examples(tmp_path, layer, condition, when)
    evaluation = CheckEvaluation(
        declared, norm.standard.code_lists, lambda role, name: OTHER_VALUES.get((role, name), set())
    )
    columns = {name: [row.get(name, "") for row in rows] for name in declared.list_fields()}
    return [position for position, _ in evaluation.find_broken_conditions(columns)]


@pytest.fixture(autouse=True)
def _accept_all_examples(monkeypatch):
    """Read checks without judging their examples: these tests judge rows themselves."""
    monkeypatch.setattr("plugin.core.standard.declared_reader._judge_examples", lambda *arguments: None)


def load_check_without_examples(tmp_path, layer, condition, when):
    start = CHECK_START.replace('layer = "CZKFBJ"', f'layer = "{layer}"')
    text = f"{start}must = [{condition}]\n{f'when = [{when}]' if when else ''}\nfound = [{{}}]\npassed = [{{}}]\n"
    norm = load_norm(tmp_path, text)
    return norm, norm.declared_checks[0]


@pytest.mark.parametrize("layer, condition, broken, fulfilled", CASES)
def test_must_is_broken_by_wrong_values_only(tmp_path, layer, condition, broken, fulfilled):
    field = condition.split('"')[1]
    rows = [{field: value} for value in (*broken, *fulfilled)]
    assert find_broken_positions(tmp_path, layer, condition, rows) == list(range(len(broken)))


def test_every_operator_has_a_case():
    assert {condition.split('"')[3] for _, condition, _, _ in CASES} == set(OPERATORS)


def test_a_repeated_value_breaks_unique_in_each_of_its_rows(tmp_path):
    rows = [{"BSM": value} for value in ("1", "2", "1", "", "")]
    assert find_broken_positions(tmp_path, "CZKFBJ", '{ field = "BSM", operator = "unique" }', rows) == [0, 2]


def test_unique_counts_only_rows_for_which_when_holds(tmp_path):
    rows = [{"BSM": "1", "GHFQDM": "410"}, {"BSM": "1", "GHFQDM": "420"}, {"BSM": "2", "GHFQDM": "410"}, {"BSM": "2", "GHFQDM": "410"}]  # fmt: skip
    when = '{ field = "GHFQDM", operator = "equals", value = "410" }'
    assert find_broken_positions(tmp_path, "CZKFBJ", '{ field = "BSM", operator = "unique" }', rows, when) == [2, 3]


@pytest.mark.parametrize(
    "when, rows, broken",
    [
        # An empty value holds for `empty` only, not for operators that deny something.
        ('{ field = "GHFQDM", operator = "empty" }', ["", "410"], [0]),
        ('{ field = "GHFQDM", operator = "filled" }', ["", "410"], [1]),
        ('{ field = "GHFQDM", operator = "differs", value = "410" }', ["", "410", "420"], [2]),
        ('{ field = "GHFQDM", operator = "none_of", value = ["410"] }', ["", "410", "420"], [2]),
        ('{ field = "GHFQDM", operator = "not_under", value = "410" }', ["", "410", "420"], [2]),
        ('{ field = "GHFQDM", operator = "one_of", value = ["410"] }', ["", "410", "420"], [1]),
    ],
)
def test_when_does_not_hold_for_an_empty_value_unless_the_operator_is_empty(tmp_path, when, rows, broken):
    values = [{"GHFQDM": value, "MJ": "1"} for value in rows]
    condition = '{ field = "MJ", operator = "above", value = 1 }'
    assert find_broken_positions(tmp_path, "CZKFBJ", condition, values, when) == broken


def test_all_conditions_of_when_must_hold(tmp_path):
    when = '{ field = "GHFQDM", operator = "equals", value = "410" }, { field = "XZQDM", operator = "filled" }'
    rows = [{"GHFQDM": "410", "XZQDM": "1"}, {"GHFQDM": "410"}, {"XZQDM": "1"}]
    assert find_broken_positions(tmp_path, "CZKFBJ", '{ field = "MJ", operator = "filled" }', rows, when) == [0]


@pytest.mark.parametrize(
    "layer, condition, rows, broken",
    [
        ("YJJBNTBHTB", '{ field = "YJJBNTMJ", operator = "at_most", other = "YJJBNTTBMJ" }',
         [("9", "10"), ("10", "10"), ("10.5", "10"), ("11", ""), ("", "1"), ("9", "10.0")], [2]),
        ("YJJBNTBHTB", '{ field = "QSDWDM", operator = "equals", other = "ZLDWDM" }',
         [("01", "01"), ("01", "1"), ("", "1")], [1]),
        ("YJJBNTBHTB", '{ field = "YJJBNTMJ", operator = "equals", other = "YJJBNTTBMJ" }', [("1.0", "1"), ("2", "1")], [1]),
    ],
)  # fmt: skip
def test_a_field_is_compared_with_another_field_of_its_row(tmp_path, layer, condition, rows, broken):
    parts = condition.split('"')
    values = [{parts[1]: first, parts[5]: second} for first, second in rows]
    assert find_broken_positions(tmp_path, layer, condition, values) == broken


@pytest.mark.parametrize("limit", ["2025-01-01", '"2025-01-01"', '"2025年1月1日"'])
def test_dates_are_compared_as_dates_whatever_their_form(tmp_path, limit):
    layer, field = find_date_field()
    condition = f'{{ field = "{field}", operator = "at_least", value = {limit} }}'
    rows = [{field: text} for text in ("2024-12-31", "20241231", "待定", "2025-01-01", "2025/1/2", "20250101", "2025-03-01 00:00:00")]  # fmt: skip
    assert find_broken_positions(tmp_path, layer, condition, rows) == [0, 1, 2]


def find_date_field():
    from plugin.core.standard import load_standard

    return next(
        (role, field.name)
        for role, template in load_standard().templates.items()
        for field in template.fields
        if field.type == "date"
    )


def test_padded_codes_are_the_codes_of_their_list(tmp_path):
    from plugin.core.standard import load_standard

    templates = load_standard().templates
    layer, field = next(
        (role, one) for role, template in templates.items() for one in template.fields if one.code_pad and one.codes
    )
    entries = load_standard().code_lists[field.codes].entry_by_code
    child = next(entry for entry in entries.values() if entry.parent and entry.code.isdigit())
    padded = child.code.ljust(field.code_pad, "0")
    condition = f'{{ field = "{field.name}", operator = "under", value = "{child.parent}" }}'
    rows = [{field.name: padded}, {field.name: child.code}, {field.name: "999999"}]
    assert find_broken_positions(tmp_path, layer, condition, rows) == [2]
