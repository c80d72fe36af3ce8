# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on attributes: a defect planted into the sample county is answered by its rule alone, in a whole check and after an
edit alike; what tells of a person is never repeated; each distinct value is judged once."""

from dataclasses import replace
from functools import cache

import pytest

from plugin.core.check import Options
from plugin.core.engine.evaluate import choose_rules
from plugin.core.files.cells import parse_date
from plugin.core.io import read_source
from plugin.core.live import IncrementalChecker
from plugin.core.loading.assembly import assemble_plan
from plugin.core.model.report import Outcome
from plugin.core.model.rule import all_rules
from plugin.core.results.run import run_check
from plugin.core.rules._attributes import ValueProblem, find_wrong_rows
from plugin.paths import RESOURCES
from tests.core.examples import plan_of

pytestmark = pytest.mark.slow  # it checks the whole sample again and again

FAMILY = [code for code in all_rules() if code.startswith("ATT")]
SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"

#: Rule, layer, what is written over a sound row, and the rules that answer too since it follows.
PLANTED = [
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
    ("ATT017", "GDBHMB", {"DLBM": "0201K", "DLMC": "可调整果园", "KCXS": 0.0, "TBDLMJ": None}, ()),
    ("ATT018", "DLTB", {"DLBM": "0103", "DLMC": "旱地", "GDPDJB": None}, ()),
    ("ATT019", "DLTB", {"DLBM": "0103", "DLMC": "旱地", "GDPDJB": "1", "KCDLBM": "1003", "KCXS": 0.1}, ("ATT003",)),
    ("ATT021", "DLTB", {"ZLDWMC": "某村"}, ()),
    ("ATT022", "STBHHX", {"MJ": 1e9}, ("ATT013",)),
    ("ATT023", "GDBHMB", {"QSXZ": "20"}, ()),
]


@cache
def sample():
    norm = Options(profile="hunyuan").norm()
    rules = choose_rules(norm.standard.rules, FAMILY)
    sources = read_source(RESOURCES / "sample" / "county.gpkg")
    plan = assemble_plan(sources, norm)
    return norm, rules, sources, plan, run_check(plan, rules).findings


def named(findings):
    return {(f.code, f.fingerprint): (f.case, f.field, str(f.severity), f.message) for f in findings}


def clean_row(role):
    """A row that no rule of the family says anything of."""
    layer, known = sample()[3].layers[role], {key for f in sample()[4] for key in (f.key, *f.related_keys)}
    return next(n for n, key in enumerate(layer.keys) if n > 3 and key not in known)


def test_every_rule_of_the_family_is_planted_or_has_nothing_in_the_sample():
    idle = {"ATT001", "ATT002", "ATT003"} | {
        rule.code for rule in run_check(sample()[3], sample()[1]).rules if rule.outcome is Outcome.NOT_APPLICABLE
    }
    assert {code for code, *_ in PLANTED} | idle == set(FAMILY)


@pytest.mark.parametrize(("code", "role", "values", "follow"), PLANTED, ids=lambda v: v if isinstance(v, str) else "")
def test_a_planted_defect_is_answered_by_its_rule_alone(code, role, values, follow):
    norm, rules, sources, plan, before = sample()
    row = clean_row(role)
    layer = plan.layers[role]
    frame = layer.frame.copy()
    for name, value in values.items():
        frame.loc[frame.index[row], name] = value
    changed = [replace(s, frame=frame) if s is layer.source else s for s in sources]
    after = run_check(assemble_plan(changed, norm), rules).findings
    new = named(after).keys() - named(before).keys()
    assert {c for c, _ in new} == {code, *follow}
    assert all(
        f.field in (*values, "CZCSXM", "KCMJ", "TBDLMJ")
        for f in after
        if f.code in FAMILY and (f.code, f.fingerprint) in new
    )
    # After an edit the local rules say the same as in a check of the whole.
    live = IncrementalChecker(plan, rules)
    answer = live.edit(role, row, **values)
    local = {rule.code for rule in rules if rule.local}
    ours = [f for f in before if f.code in local and not answer.replaces(f)] + answer.found
    assert named(ours) == named([f for f in after if f.code in local])


def test_what_tells_of_a_person_is_never_repeated():
    secret = "王某某锟斤拷|'"
    plan = plan_of({"farmland": [{"wkt": SQUARE, **dict.fromkeys(("CFZR", "ZRRMC", "JZDZ"), secret)}]})
    report = run_check(plan, choose_rules([], FAMILY))
    assert {f.field for f in report.findings if f.code == "ATT015"} == {"CFZR", "ZRRMC", "JZDZ"}
    assert "王某" not in "".join(str(f.to_dict()) for f in report.findings)


def test_a_setting_of_pairs_that_is_none_is_said_with_its_name():
    rows = {"parcels": [{"wkt": SQUARE, "ZLDWDM": "1", "ZLDWMC": "甲"}]}
    plan = plan_of(rows, settings={"attributes.name_pairs": ["ZLDWDM"]})
    (outcome,) = run_check(plan, choose_rules([], ["ATT021"])).rules
    assert outcome.outcome is Outcome.SKIPPED and "attributes.name_pairs" in outcome.reason


def test_a_value_is_judged_once():
    asked = []

    def judge(value):
        asked.append(value)
        return ValueProblem(value) if value == "b" else None

    assert [(n, wrong.case) for n, wrong in find_wrong_rows(["a", "b", "a", "b", ""], judge)] == [(1, "b"), (3, "b")]
    assert sorted(asked) == ["", "a", "b"]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2025-10-01", "2025-10-01"), ("2025/1/5", "2025-01-05"), ("2025.10.1", "2025-10-01"), ("2025年2月3日", "2025-02-03"),
     ("20240229", "2024-02-29"), ("2025-10-01 00:00:00", "2025-10-01"), ("2025-10-01T08:00:00+08:00", "2025-10-01"),
     ("2025-02-29", None), ("2025", None), ("1/10/2025", None), ("45231", None), ("２０２５-10-01x", None)],
)  # fmt: skip
def test_days_that_texts_tell(text, day):
    found = parse_date(text)
    assert (found and found.isoformat()) == day
