# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on attributes: planted defects, personal values and repeated values.

A defect is found only by its rule, in a full check and after an edit.
"""

from dataclasses import replace
from functools import cache

import pytest

from plugin.core.check import RunOptions
from plugin.core.engine.evaluate import choose_rules
from plugin.core.examples.plans import make_example_plan
from plugin.core.files.cells import parse_date
from plugin.core.io import read_source
from plugin.core.live import IncrementalChecker
from plugin.core.loading.assembly import assemble_plan
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.results.run import run_check
from plugin.core.rules._attributes import ValueProblem, find_wrong_rows
from plugin.paths import RESOURCES_FOLDER

pytestmark = pytest.mark.slow  # checks the whole sample many times

ATTRIBUTE_RULES = [code for code in load_all_rules() if code.startswith("ATT")]
SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


def find_number_of_another_parcel(layer, row):
    """Return the number (TBBH) of another parcel in the village of a row."""
    parcels = layer.frame.reset_index(drop=True)
    same_village = parcels[parcels["ZLDWDM"] == parcels["ZLDWDM"][row]].drop(index=row)
    return same_village["TBBH"].iloc[0]


#: Rule, layer, values written to a valid row, and rules that also find the consequences.
ATTRIBUTE_DEFECTS = [
    ("ATT004", "STBHHX", {"BSM": "140225X"}, ()),
    ("ATT004", "DLTB", {"BSM": "140226000009999999"}, ("RUN904",)),
    ("ATT005", "CZKFBJ", {"BSM": "140225000001000001"}, ()),
    ("ATT006", "LSWHBHX", {"BSM": "140225200500000077"}, ()),
    ("ATT007", "YDYHGHFQ", {"YSDM": "2090020227"}, ()),
    ("ATT009", "DLTB", {"DLBM": "03", "DLMC": "林地"}, ()),
    ("ATT011", "YDYHGHFQ", {"XZQDM": "1402250"}, ()),
    ("ATT012", "YDYHGHFQ", {"XZQDM": "140225999", "XZQMC": "某镇"}, ()),
    ("ATT013", "YDYHGHFQ", {"MJ": 12.5}, ("ATT022",)),
    ("ATT014", "DLTB", {"DLBM": "0702", "DLMC": "农村宅基地", "CZCSXM": None}, ()),
    ("ATT015", "DLTB", {"ZLDWMC": "鍩庨晣寤鸿"}, ("ATT021",)),
    ("ATT016", "DLTB", {"SJNF": 2999}, ()),
    ("ATT017", "GDBHMB", {"DLBM": "0201K", "DLMC": "可调整果园", "KCXS": 0.0, "TBDLMJ": None}, ("ATT023",)),
    ("ATT018", "DLTB", {"DLBM": "0103", "DLMC": "旱地", "GDPDJB": None}, ()),
    ("ATT019", "DLTB", {"DLBM": "0103", "DLMC": "旱地", "GDPDJB": "1", "KCDLBM": "1003", "KCXS": 0.1}, ("ATT003",)),
    ("ATT020", "YDYHGHFQ", {"BZ": "面积待定"}, ()),
    ("ATT021", "DLTB", {"ZLDWMC": "某村"}, ()),
    ("ATT022", "STBHHX", {"MJ": 1e9}, ("ATT013",)),
    ("ATT023", "GDBHMB", {"QSXZ": "20"}, ()),
    ("ATT025", "GDBHMB", {"SFWHTD": 1}, ()),
    ("ATT024", "DLTB", {"TBBH": find_number_of_another_parcel}, ()),
]


@cache
def check_sample_county():
    """Return norm, rules, source layers, plan and findings of a check of the sample."""
    norm = RunOptions(profile="hunyuan").resolve_norm()
    rules = choose_rules(norm.standard.rules, ATTRIBUTE_RULES)
    sources = read_source(RESOURCES_FOLDER / "sample" / "county.gpkg")
    plan = assemble_plan(sources, norm)
    return norm, rules, sources, plan, run_check(plan, rules).findings


def describe_findings_by_fingerprint(findings):
    """Return case, field, severity and message of each finding by (rule, fingerprint)."""
    return {(f.code, f.fingerprint): (f.case, f.field, str(f.severity), f.message) for f in findings}


def find_row_without_findings(role):
    """Return the index of a row of a layer without findings of attribute rules."""
    layer, known = (
        check_sample_county()[3].layers[role],
        {key for f in check_sample_county()[4] for key in (f.key, *f.related_keys)},
    )
    return next(n for n, key in enumerate(layer.keys) if n > 3 and key not in known)


def test_every_attribute_rule_has_a_planted_defect_here_or_is_not_applicable_to_the_sample():
    idle = {"ATT001", "ATT002", "ATT003"} | {
        rule.code
        for rule in run_check(check_sample_county()[3], check_sample_county()[1]).rules
        if rule.outcome is Outcome.NOT_APPLICABLE
    }
    assert {code for code, *_ in ATTRIBUTE_DEFECTS} | idle == set(ATTRIBUTE_RULES)


@pytest.mark.parametrize(
    ("code", "role", "values", "follow"), ATTRIBUTE_DEFECTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_attribute_defect_is_found_only_by_its_rule(code, role, values, follow):
    norm, rules, sources, plan, before = check_sample_county()
    row = find_row_without_findings(role)
    layer = plan.layers[role]
    frame = layer.frame.copy()
    values = {name: value(layer, row) if callable(value) else value for name, value in values.items()}
    for name, value in values.items():
        frame.loc[frame.index[row], name] = value
    changed = [replace(s, frame=frame) if s is layer.source else s for s in sources]
    after = run_check(assemble_plan(changed, norm), rules).findings
    new = describe_findings_by_fingerprint(after).keys() - describe_findings_by_fingerprint(before).keys()
    assert {c for c, _ in new} == {code, *follow}
    assert all(
        f.field in (*values, "CZCSXM", "KCMJ", "TBDLMJ")
        for f in after
        if f.code in ATTRIBUTE_RULES and (f.code, f.fingerprint) in new
    )
    # After an edit local rules give the findings of a full check.
    live = IncrementalChecker(plan, rules)
    answer = live.edit_row(role, row, **values)
    local = {rule.code for rule in rules if rule.local}
    ours = [f for f in before if f.code in local and not answer.may_replace_finding(f)] + answer.new_findings
    assert describe_findings_by_fingerprint(ours) == describe_findings_by_fingerprint(
        [f for f in after if f.code in local]
    )


def test_findings_of_attribute_rules_contain_no_personal_value():
    secret = "王某某锟斤拷|'"
    plan = make_example_plan({"farmland": [{"wkt": SQUARE, **dict.fromkeys(("CFZR", "ZRRMC", "JZDZ"), secret)}]})
    report = run_check(plan, choose_rules([], ATTRIBUTE_RULES))
    assert {f.field for f in report.findings if f.code == "ATT015"} == {"CFZR", "ZRRMC", "JZDZ"}
    assert "王某" not in "".join(str(f.to_dict()) for f in report.findings)


def test_rule_with_an_invalid_setting_of_code_and_name_pairs_is_skipped_with_the_key_as_reason():
    rows = {"parcels": [{"wkt": SQUARE, "ZLDWDM": "1", "ZLDWMC": "甲"}]}
    plan = make_example_plan(rows, settings={"attributes.name_pairs": ["ZLDWDM"]})
    (outcome,) = run_check(plan, choose_rules([], ["ATT021"])).rules
    assert outcome.outcome is Outcome.SKIPPED and "attributes.name_pairs" in outcome.reason


def test_each_distinct_attribute_value_is_inspected_once():
    asked = []

    def inspect_value(value):
        asked.append(value)
        return ValueProblem(value) if value == "b" else None

    assert [(n, wrong.case) for n, wrong in find_wrong_rows(["a", "b", "a", "b", ""], inspect_value)] == [
        (1, "b"),
        (3, "b"),
    ]
    assert sorted(asked) == ["", "a", "b"]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2025-10-01", "2025-10-01"), ("2025/1/5", "2025-01-05"), ("2025.10.1", "2025-10-01"), ("2025年2月3日", "2025-02-03"),
     ("20240229", "2024-02-29"), ("2025-10-01 00:00:00", "2025-10-01"), ("2025-10-01T08:00:00+08:00", "2025-10-01"),
     ("2025-02-29", None), ("2025", None), ("1/10/2025", None), ("45231", None), ("２０２５-10-01x", None)],
)  # fmt: skip
def test_dates_of_a_protection_period_are_parsed_from_text(text, day):
    found = parse_date(text)
    assert (found and found.isoformat()) == day


@pytest.mark.parametrize(
    ("numbers", "names_villages"),
    [(["7", "7"], True), (["14022500000001", "14022500000001"], False), (["7", "7", "14022500000001"], False)],
)
def test_summary_of_repeated_numbers_names_villages_only_if_all_are_counted_by_village(numbers, names_villages):
    square = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
    villages = ["1402251002000000000", "1402251002010000000"]
    rows = [{"wkt": square, "ZLDWDM": village, "TBBH": number} for number in set(numbers) for village in villages * 2]
    plan = make_example_plan({"layer": rows}, {"layer": "DLTB"})
    report = run_check(plan, [load_all_rules()["ATT024"]], parameters={"ATT024": {"listed_count": 0}})
    (finding,) = report.findings
    assert finding.case == "many"
    assert ("不同坐落单位的相同编号不计" in finding.message) == names_villages
