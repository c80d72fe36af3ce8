# SPDX-License-Identifier: GPL-2.0-or-later
"""Test how a check changes the states of a work list."""

from dataclasses import replace
from datetime import datetime

import pytest

from plugin.core.errors import InputError
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.worklist.model import WorkEdit, WorkItem, Worklist, WorkState, edit_items
from plugin.core.worklist.update import Transition, update_worklist

NOW = datetime(2026, 11, 20, 14, 32)
RULES = load_all_rules()


def make_finding(fingerprint, code="REL002", role="CZKFBJ", **more):
    values = {"township": "永安镇", "severity": Severity.ERROR, "related_role": "YJJBNTBHTB"} | more
    return Finding(role, "140225000000000001", code=code, fingerprint=fingerprint, **values)


def make_report(*findings, outcomes=None, roles=("CZKFBJ", "YJJBNTBHTB"), left_out=()):
    outcomes = {"REL002": Outcome.FAILED} if outcomes is None else outcomes
    rules = [RuleOutcome(code, code, "ERROR", outcome) for code, outcome in outcomes.items()]
    provenance = {"layers": [{"role": role} for role in roles]}
    return Report(rules=rules, findings=list(findings), provenance=provenance, left_out=list(left_out))


def update(worklist, report):
    return update_worklist(worklist, report, RULES, NOW)


def run(former_state, *findings, code="REL002", role="CZKFBJ", related_role="YJJBNTBHTB", **report):
    """Return state, note and assignee of one row after a check."""
    item = WorkItem("f1", code, role, "k", "永安镇", former_state, "一组", "备注", related_role=related_role)
    updated = update(Worklist({"f1": item}), make_report(*findings, **report))
    row = updated.worklist.items["f1"]
    assert (row.assignee, row.note) == ("一组", "备注"), "what people entered stays"
    assert (row.updated == "2026-11-20 14:32") == (row.state is not former_state)
    return row.state


def test_new_finding_is_listed_as_to_do_and_a_waived_one_as_waived():
    report = make_report(make_finding("f1"), make_finding("f2", state="waived"))
    updated = update(Worklist(), report)
    row = updated.worklist.items["f1"]
    assert (row.code, row.role, row.township, row.state) == ("REL002", "CZKFBJ", "永安镇", WorkState.OPEN)
    assert row.related_role == "YJJBNTBHTB" and row.by == "检查"
    assert updated.worklist.items["f2"].state is WorkState.WAIVED
    assert updated.counts == {Transition.ADDED: 2}
    again = update(updated.worklist, report)
    assert again.worklist is updated.worklist and not again.counts


def test_states_follow_what_a_check_finds():
    found, waived = make_finding("f1"), make_finding("f1", state="waived")
    assert run(WorkState.OPEN) is WorkState.FIXED
    assert run(WorkState.FALSE_ALARM) is WorkState.FIXED
    assert run(WorkState.WAIVED) is WorkState.FIXED
    assert run(WorkState.FIXED) is WorkState.FIXED
    assert run(WorkState.FIXED, found) is WorkState.OPEN
    assert run(WorkState.OPEN, found) is WorkState.OPEN
    assert run(WorkState.WAIVED, found) is WorkState.OPEN
    for state in WorkState:
        assert run(state, waived) is WorkState.WAIVED


def test_false_alarm_stays_by_its_fingerprint_even_if_its_figures_changed():
    items = {"f1": WorkItem("f1", "REL002", "CZKFBJ", state=WorkState.FALSE_ALARM)}
    updated = update(Worklist(items), make_report(make_finding("f1", area_m2=99_999.0)))
    assert updated.worklist.items["f1"].state is WorkState.FALSE_ALARM and updated.false_alarms == 1


@pytest.mark.parametrize(
    "report",
    [
        {"outcomes": {}},
        {"outcomes": {"REL001": Outcome.PASSED}},
        *({"outcomes": {"REL002": o}} for o in (Outcome.SKIPPED, Outcome.CRASHED, Outcome.NOT_APPLICABLE)),
        {"outcomes": {"REL002": Outcome.PASSED}, "roles": ("CZKFBJ",)},
        {"outcomes": {"REL002": Outcome.PASSED}, "roles": ("YJJBNTBHTB",)},
    ],
)
def test_finding_of_a_rule_or_layer_that_was_not_checked_keeps_its_state(report):
    for state in WorkState:
        assert run(state, **report) is state


def test_finding_of_a_partly_checked_rule_keeps_its_state():
    item = WorkItem("f1", "REL002", "CZKFBJ")
    report = make_report(outcomes={"REL002": Outcome.PASSED})
    report.rules[0].incomplete = True
    updated = update(Worklist({"f1": item}), report)
    assert updated.worklist.items["f1"] is item and updated.counts == {Transition.NOT_CHECKED: 1}


def test_finding_on_a_missing_layer_ends_when_another_layer_answers_the_concept():
    passed = {"SCH001": Outcome.PASSED}
    assert run(WorkState.OPEN, code="SCH001", role="GDBHHX", related_role="", outcomes=passed) is WorkState.FIXED


def test_finding_about_the_run_ends_only_with_a_run_of_all_default_rules():
    arguments = {"code": "RUN905", "role": "", "related_role": ""}
    assert run(WorkState.OPEN, **arguments) is WorkState.FIXED
    assert run(WorkState.OPEN, left_out=["TOP001"], **arguments) is WorkState.OPEN
    assert run(WorkState.OPEN, outcomes={}, **arguments) is WorkState.OPEN


def test_findings_on_a_package_are_neither_listed_nor_ended():
    item = WorkItem("f1", "DOC003")
    updated = update(Worklist({"f1": item}), make_report(make_finding("f2", "DOC004", "")))
    assert updated.worklist.items == {"f1": item}


def test_edit_changes_only_what_it_names_and_never_sets_or_ends_a_waiver():
    items = [WorkItem("a"), WorkItem("b", note="x", assignee="一组")]
    (edited,) = edit_items(items, WorkEdit(assignee=" 一组 "), "王", NOW)
    assert edited == replace(items[0], assignee="一组", updated="2026-11-20 14:32", by="王")
    assert edit_items(items, WorkEdit(), "王", NOW) == []
    with pytest.raises(InputError):
        edit_items(items, WorkEdit(state=WorkState.WAIVED), "王", NOW)
    with pytest.raises(InputError):
        edit_items([WorkItem("a", state=WorkState.WAIVED)], WorkEdit(state=WorkState.OPEN), "王", NOW)
    assert edit_items([WorkItem("a", state=WorkState.WAIVED)], WorkEdit(note="附件 3"), "王", NOW)[0].note == "附件 3"
