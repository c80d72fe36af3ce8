# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the live check finds planted defects like a full check."""

import geopandas as gpd
import pytest
import shapely

from plugin.core.checks.live.checker import IncrementalChecker
from plugin.core.checks.run_check import run_check
from plugin.core.engine.evaluate import choose_rules
from plugin.core.model.rule import load_all_rules
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.standard.messages.finding_message import SLIVER_TEXTS_KEY
from tests.county import source
from tests.mutations.mutation import CountyDraft, check_options, reuse_plan_layers
from tests.mutations.test_mutations import MUTATIONS
from tests.parametrize import first_of_each_daily

pytestmark = pytest.mark.slow  # runs all mutations again

#: Rules that an edit does not run: sums of slivers over the county, and the owner of the data (RUN904, RUN905).
#: Rules with a message that depends on more than the neighbours of a row.
CASES_OF_THE_WHOLE_PLAN = {("REL006", "share"), ("REL006", "scattered"), ("ATT007", "unknown"), ("ATT007", "mixed")}


@pytest.fixture(scope="module")
def clean_plan_with_findings(base):
    """Return the local rules, and the clean plan with its findings."""
    clean = base("county")
    norm = check_options(clean.options).resolve_norm()
    rules = [rule for rule in choose_rules(norm.rules) if rule.local]
    plan = assemble_plan(source.make_read_layers(clean.county.layers), norm, scope="county")
    return rules, plan, run_check(plan, rules).findings


def list_row_edits(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame):
    """Yield the edits that turn one layer into another.

    They are (number, None) for removed rows and (number, (shape, attributes)) for changed and new rows.
    """
    for row in before.index.difference(after.index):
        yield int(row), None
    names = [name for name in after.columns if name != "geometry"]
    for row in after.index:
        shape, values = after.at[row, "geometry"], {name: after.at[row, name] for name in names}
        if row not in before.index:
            yield int(row), (shape, values)
            continue
        same = shapely.equals_exact(shape, before.at[row, "geometry"], 0) if shape is not None else False
        changed = {name: value for name, value in values.items() if not is_same_value(value, before.at[row, name])}
        if not same or changed:
            yield int(row), (shape, changed)


def is_same_value(a, b):
    return a is b or a == b or (a != a and b != b) or (a is None and b is None)


def assemble_edited_plan(draft: CountyDraft, clean, plan):
    """Return the plan of the draft; layers that the draft did not edit are those of the clean plan."""
    frames = draft.layers_for_reading
    layers = source.make_read_layers(frames)
    unedited = {
        id(read): plan.layers[read.name]
        for read in layers
        if read.name in plan.layers and frames[read.name] is clean.county.layers[read.name]
    }
    with reuse_plan_layers(unedited):
        return assemble_plan(layers, plan.norm, scope="county")


def apply_edits(live: IncrementalChecker, findings: list, draft: CountyDraft, clean) -> list:
    for role, frame in draft.layers_for_reading.items():
        before = clean.county.layers[role]
        if before is frame or before.equals(frame):
            continue
        for row, now in list_row_edits(before, frame):
            if now is None:
                answer = live.recheck_change(live.remove_row(role, row))
            elif row in before.index:
                answer = live.recheck_change(live.edit_row(role, row, now[0], **now[1]))
            else:
                answer = live.recheck_change(live.add_row(role, row, now[0], **now[1]))
            findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
    return findings


def describe_findings(findings):
    areas = {(f.code, f.case, f.fingerprint): f.area_m2 or 0.0 for f in findings}
    return {
        key: area
        for key, area in areas.items()
        if key[:2] not in CASES_OF_THE_WHOLE_PLAN and key[1] != SLIVER_TEXTS_KEY and key[0] in LOCAL_RULES
    }


LOCAL_RULES = {code for code, rule in load_all_rules().items() if rule.local}


#: Defects of rows of the county; the first one of each rule is planted in `make test`.
LOCAL_MUTATIONS = [one for one in MUTATIONS if one.base == "county" and one.rule in LOCAL_RULES]


@pytest.mark.parametrize("one", first_of_each_daily(LOCAL_MUTATIONS, lambda one: one.rule), ids=lambda one: one.name)
def test_live_check_after_planting_a_defect_has_the_findings_of_a_full_check(
    one, clean_plan_with_findings, base, tmp_path
):
    rules, plan, findings = clean_plan_with_findings
    clean = base("county")
    draft = CountyDraft(clean.county, clean.options, tmp_path)
    one.plant(draft)
    as_drawn = draft.layers.keys() == clean.county.layers.keys() and all(
        list(frame.columns) == list(clean.county.layers[role].columns)
        for role, frame in draft.layers_for_reading.items()
    )
    declared = {role: source.make_declared_fields(role) for role in draft.layers}
    if (
        not as_drawn
        or draft.crs
        or draft.curves
        or draft.shape_crs
        or draft.described_crs
        or draft.schema != declared
        or draft.options != clean.options
    ):
        pytest.skip("no edit: other layers, fields, coordinates or settings")
    whole = assemble_edited_plan(draft, clean, plan)
    expected = describe_findings(run_check(whole, rules).findings)
    if one.case == SLIVER_TEXTS_KEY or (one.rule, one.case) in CASES_OF_THE_WHOLE_PLAN:
        # The sum is a figure of the county; an edit does not change its findings on rows.
        assert one.case in {f.case for f in run_check(whole, rules).findings}
    else:
        assert expected != describe_findings(findings)
    assert describe_findings(apply_edits(IncrementalChecker(plan, rules), findings, draft, clean)) == pytest.approx(
        expected, abs=0.01
    )
