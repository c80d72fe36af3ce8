# SPDX-License-Identifier: GPL-2.0-or-later
"""Batches of edits in an editing session and the findings after each batch."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.live.checker import IncrementalChecker
from plugin.core.checks.live.edited_rows import are_equal_values
from plugin.core.checks.live.session import (
    EditBatch,
    FeatureState,
    FullCheckNeeded,
    IncrementalSession,
)
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.evaluate import choose_rules
from plugin.core.engine.waivers.waiver import WaiverEntry, WaiverLimits, make_waivers
from plugin.core.geometry import overlay
from plugin.core.geometry.cover_subtraction import subtract_similar_polygon
from plugin.core.geometry.polygons import MAX_UNCLIPPED_VERTICES
from plugin.core.plan.io import read_source
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.standard import load_standard
from plugin.core.standard.messages.finding_message import format_message
from plugin.core.standard.messages.texts import Texts
from plugin.paths import RESOURCES_FOLDER
from tests.parametrize import first_daily

HUNYUAN_OPTIONS = RunOptions(profile="hunyuan")


@pytest.fixture(scope="module")
def checked_sample():
    return check_plan(read_source(RESOURCES_FOLDER / "sample" / "county.gpkg"), HUNYUAN_OPTIONS)


@pytest.fixture
def edit_session(checked_sample):
    edited = IncrementalSession(checked_sample, HUNYUAN_OPTIONS)
    edited.prepare()
    return edited


def make_feature_state(checked, role, row, move=0.0, **attributes):
    frame = checked.plan.layers[role].frame
    shape = shapely.transform(frame.geometry.iloc[row], lambda xy: xy + move)
    values = {name: frame[name].iloc[row] for name in frame.columns if name != frame.geometry.name}
    return FeatureState(shape.wkb, values | attributes)


def get_feature_id(checked, role, row):
    return checked.plan.layers[role].fids[row]


def test_merged_edit_batches_keep_the_last_state_of_each_feature():
    first, second, third = (FeatureState(None, {"n": n}) for n in range(3))
    queue = EditBatch({}, {("DLTB", -2): first, ("DLTB", 7): first})
    assert not EditBatch() and not EditBatch({"DLTB": {}}) and queue
    queue.merge(EditBatch({"DLTB": {-2: 50}}, {("DLTB", 7): second}))
    queue.merge(EditBatch({}, {("DLTB", 7): None, ("DLTB", 8): third}))
    assert queue.new_feature_ids == {"DLTB": {-2: 50}}
    assert queue.states_by_feature == {("DLTB", 50): first, ("DLTB", 7): None, ("DLTB", 8): third}


def test_feature_counts_as_edited_until_its_shape_and_values_equal_those_of_the_full_check_again(checked_sample):
    session = IncrementalSession(checked_sample, HUNYUAN_OPTIONS)
    session.prepare()
    place, other = (("DLTB", get_feature_id(checked_sample, "DLTB", row)) for row in (7, 8))
    states = {place: make_feature_state(checked_sample, "DLTB", 7, 30.0), other: None}
    assert session.check_edits(EditBatch({}, states)).edited_features == {place, other}
    # The fork's edits are its own.
    back = EditBatch({}, {place: make_feature_state(checked_sample, "DLTB", 7)})
    assert session.fork().check_edits(back).edited_features == {other}
    added = ("DLTB", -1)
    drawn = EditBatch({}, {added: make_feature_state(checked_sample, "DLTB", 7, 60.0)})
    assert session.check_edits(drawn).edited_features == {place, other, added}
    saved = session.check_edits(EditBatch({"DLTB": {-1: 10**6}}))
    assert saved.edited_features == {place, other, ("DLTB", 10**6)}
    undone = {
        place: make_feature_state(checked_sample, "DLTB", 7),
        other: make_feature_state(checked_sample, "DLTB", 8),
        ("DLTB", 10**6): None,
    }
    assert session.check_edits(EditBatch({}, undone)).edited_features == frozenset()


def test_waiver_added_during_editing_applies_to_findings_of_the_next_edit(checked_sample):
    """Add a waiver, then make an edit that creates the waived finding again."""
    own = replace(checked_sample)
    session = IncrementalSession(own, HUNYUAN_OPTIONS)
    session.prepare()
    place = ("DLTB", get_feature_id(checked_sample, "DLTB", 7))
    moved = session.check_edits(EditBatch({}, {place: make_feature_state(checked_sample, "DLTB", 7, 30.0)}))
    overlap = next(f for f in moved.new_findings if f.code == "TOP001")
    words = WaiverEntry("批复", "晋自然资发〔2026〕1号", "张三", date(2026, 1, 1))
    own.waivers = replace(own.waivers, entries=tuple(make_waivers([overlap], words, WaiverLimits())))
    session.check_edits(EditBatch({}, {place: make_feature_state(checked_sample, "DLTB", 7)}))
    again = session.check_edits(EditBatch({}, {place: make_feature_state(checked_sample, "DLTB", 7, 30.0)}))
    states = {f.fingerprint: f.state for f in [*again.new_findings, *(now for _, now in again.changed_findings)]}
    assert states[overlap.fingerprint] == "waived"


@pytest.mark.parametrize(
    ("profile", "rules"), [("hunyuan", ("quality",)), ('base = "hunyuan"\nrules_extra = ["quality"]\n', ())]
)
def test_correcting_an_error_ends_its_finding_by_a_rule_that_only_profile_or_options_turned_on(
    tmp_path, profile, rules
):
    """Correct an error and add a feature; rules of the profile check both."""
    if profile != "hunyuan":
        path = tmp_path / "own.toml"
        path.write_text(f'id = "own"\nname = "某县"\narea_code = "140225"\n{profile}', encoding="utf-8")
        profile = str(path)
    options = RunOptions(profile=profile, rules=rules)
    small = check_plan(read_source(RESOURCES_FOLDER / "sample" / "county.gpkg"), options)
    edited = IncrementalSession(small, options)
    edited.prepare()
    one = next(f for f in edited.findings if f.code == "GEO005")
    row = small.plan.layers[one.role].keys.index(one.key)
    shape = small.plan.layers[one.role].frame.geometry.iloc[row]
    now = FeatureState(shapely.convex_hull(shape).buffer(1).wkb, make_feature_state(small, one.role, row).attributes)
    change = edited.check_edits(EditBatch({}, {(one.role, get_feature_id(small, one.role, row)): now}))
    assert one in change.ended_findings and one not in edited.findings


def test_batch_of_edits_is_checked_in_one_evaluation_and_gives_the_findings_of_single_edits(
    checked_sample, edit_session, monkeypatch
):
    rows = (3, 4, 7, 40, 41, 90)
    states = {
        ("DLTB", get_feature_id(checked_sample, "DLTB", row)): make_feature_state(checked_sample, "DLTB", row, 20.0)
        for row in rows
    }
    one_by_one = edit_session.fork()
    for feature, state in states.items():
        one_by_one.check_edits(EditBatch({}, {feature: state}))
    evaluations, recheck_groups = [], edit_session.checker.recheck_groups

    def count_evaluation(groups, *arguments):
        evaluations.append(groups)
        return recheck_groups(groups, *arguments)

    monkeypatch.setattr(edit_session.checker, "recheck_groups", count_evaluation)
    change = edit_session.check_edits(EditBatch({}, states))
    assert len(evaluations) == 1 and change.rechecked_features == states.keys() and change.new_findings
    assert sorted(f.fingerprint for f in edit_session.findings) == sorted(f.fingerprint for f in one_by_one.findings)


def test_edit_that_leaves_a_feature_unchanged_rechecks_nothing(checked_sample, edit_session):
    # Layers give None for missing values and dates as dates.
    same = make_feature_state(checked_sample, "DLTB", 7)
    plain = {n: None if isinstance(v, float) and math.isnan(v) else v for n, v in same.attributes.items()}
    change = edit_session.check_edits(
        EditBatch({}, {("DLTB", get_feature_id(checked_sample, "DLTB", 7)): FeatureState(same.wkb, plain)})
    )
    assert change.recheck_results == [] and change.rechecked_features == set()
    assert edit_session.check_edits(EditBatch({}, {("DLTB", 10**9): None})).recheck_results == []


def test_overlap_finding_has_its_former_fingerprint_and_its_new_area_after_an_edit_of_its_row(
    checked_sample, edit_session
):
    row = next(
        n for n, key in enumerate(checked_sample.plan.layers["STBHHX"].keys)
        if any(f.code == "REL001" and key in f.related_keys for f in edit_session.findings)
    )  # fmt: skip
    change = edit_session.check_edits(
        EditBatch(
            {},
            {
                ("STBHHX", get_feature_id(checked_sample, "STBHHX", row)): make_feature_state(
                    checked_sample, "STBHHX", row, 0.3
                )
            },
        )
    )
    pairs = [(old, new) for old, new in change.changed_findings if new.code == "REL001"]
    assert pairs
    for old, new in pairs:
        assert old.fingerprint == new.fingerprint and old.area_m2 != new.area_m2
        assert any(f is new for f in edit_session.findings) and not any(f is old for f in edit_session.findings)


def test_edited_shape_that_cannot_be_read_requires_a_full_check(checked_sample, edit_session):
    point = bytes.fromhex("0103000000010000000100000000000000000000000000000000000000")
    with pytest.raises(FullCheckNeeded):
        edit_session.check_edits(
            EditBatch({}, {("DLTB", get_feature_id(checked_sample, "DLTB", 7)): FeatureState(point, {})})
        )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(None, float("nan"), True), (1, 1.0, True), ("", None, False), (date(2020, 1, 1), date(2020, 1, 1), True), ("a", "b", False)],
)  # fmt: skip
def test_live_check_takes_null_and_nan_or_1_and_1_0_as_equal_values_but_not_null_and_empty_text(one, other, same):
    assert are_equal_values(one, other) == are_equal_values(other, one) == same


OPTIONS = RunOptions(profile="zhejiang")
CODES = ("Xzhejiang-001", "Xzhejiang-002", "Xzhejiang-003")


@pytest.fixture
def checked():
    """Return the sample county, checked with the shipped checks alone."""
    return check_plan(str(RESOURCES_FOLDER / "sample" / "county.gpkg"), RunOptions(profile="zhejiang", rules=CODES))


def edit_row(checker, role, row, **attributes):
    """Edit a row; return code and field of the findings on it."""
    result = checker.recheck_change(checker.edit_row(role, row, **attributes))
    return [(finding.code, finding.field) for finding in result.new_findings]


def test_session_runs_the_declared_checks_of_the_norm(checked):
    session = IncrementalSession(checked, OPTIONS)
    codes = [rule.code for rule in session.checker.rules]
    assert [code for code in codes if code.startswith("X")] == list(CODES)


def test_edits_of_a_row_begin_and_end_findings(checked):
    checker = IncrementalSession(checked, RunOptions(profile="zhejiang", rules=CODES)).checker
    assert edit_row(checker, "YJJBNTBHTB", 3, KCXS=0.31) == [("Xzhejiang-002", "KCXS")]
    assert edit_row(checker, "YJJBNTBHTB", 3, KCXS=0.2) == []
    assert edit_row(checker, "YJJBNTBHTB", 3, GDPDJB="4", GDLX=None) == [("Xzhejiang-001", "GDLX")]
    assert edit_row(checker, "YJJBNTBHTB", 3, GDLX="TT") == []


def test_a_foreign_key_is_compared_with_all_rows_of_the_other_layer_as_edited(checked):
    checker = IncrementalSession(checked, RunOptions(profile="zhejiang", rules=CODES)).checker
    assert edit_row(checker, "CZKFBJ", 0, XZQDM="330122") == [("Xzhejiang-003", "XZQDM")]
    assert edit_row(checker, "CZKFBJ", 0, XZQDM="140225") == []
    # The code of the county changes: the former one is no longer known, the new one is.
    checker.recheck_change(checker.edit_row("XZQX", 0, XZQDM="330122"))
    assert edit_row(checker, "CZKFBJ", 1, XZQDM="330122") == []
    assert edit_row(checker, "CZKFBJ", 2, XZQMC="某县") == [("Xzhejiang-003", "XZQDM")]
    # Without any code left, the check of the whole layer changes.
    assert "Xzhejiang-003" in checker.recheck_change(checker.remove_row("XZQX", 0)).rules_changed_everywhere


EDITED_ROLES = ("DLTB", "YJJBNTBHTB", "STBHHX", "CZKFBJ", "YDYHGHFQ", "XZQXZ", "LSWHBHX")
EDIT_COUNT = 40
#: Cases that only a whole check finds: the share of all farmland, and the county's outline.
MEASURES_OF_WHOLE_LAYERS = ("share", "townships", "parcels")
#: Codes with another meaning, and an invalid one.
CODE_VALUES_TO_SET = {
    "DLTB": {"DLBM": ["0103", "0601", "0301", "999"]},
    "YJJBNTBHTB": {"DLBM": ["0103", "0601", ""]},
    "STBHHX": {"XZQDM": ["140225", "1402"]},
    "CZKFBJ": {"GHFQDM": ["411", "421", "431", "999"]},
    "YDYHGHFQ": {"GHFQDM": ["100", "300", "411", "500", "999"]},
    "XZQXZ": {"XZQMC": ["某镇"]},
    "LSWHBHX": {"MC": ["某寺核心保护范围"]},
}


@pytest.fixture(scope="module")
def sample_sources():
    norm = RunOptions(profile="hunyuan").resolve_norm()
    sources = read_source(RESOURCES_FOLDER / "sample" / "county.gpkg")
    # Default rules and local rules that run by name; TOP003 and TOP001 replace some of their cases.
    names = (
        *norm.standard.rules,
        *norm.expand_groups(["quality", "attributes"]),
        "REL010",
        "REL021",
        "REL023",
        "REL030",
    )
    return norm, sources, [rule for rule in choose_rules(names) if rule.local]


def run_full_check(norm, sources, rules):
    plan = assemble_plan(sources, norm)
    return plan, run_check(plan, rules).findings


def measure_findings(findings):
    """Return measures and message of each finding by fingerprint.

    Townships in the findings are ignored, because the test edits townships too. So are overlaps of control lines that a
    message of a full check names at its place: a check of an edit names none, and its message has a condition.
    """
    for finding in findings:
        if "overlaps" in finding.params.get("shown", {}):
            del finding.params["shown"]["overlaps"]
            finding.message = format_message(Texts("zh"), finding, load_standard("county_db").templates)
    return {
        (f.code, f.fingerprint, f.case): (
            round(f.area_m2 or 0.0, 3), round(f.net_area_m2 or 0.0, 3), str(f.severity), f.message)
        for f in findings
        if f.case not in MEASURES_OF_WHOLE_LAYERS
    }  # fmt: skip


def edit_shape_at_random(shape, chance):
    """Return a randomly edited shape: a vertex moved, all moved, cut, emptied, crossed."""
    how = chance.choice(["vertex", "vertex", "vertex", "shift", "cut", "grow", "delete", "bow"])
    if how == "delete":
        return None
    if how == "shift":
        return shapely.transform(shape, lambda xy: xy + chance.uniform(-60, 60, 2))
    if how == "grow":
        return shapely.buffer(shape, float(chance.uniform(5, 60)), join_style="mitre")
    if how == "cut":
        xmin, ymin, xmax, ymax = shape.bounds
        return shapely.intersection(shapely.make_valid(shape), shapely.box(xmin, ymin, (xmin + xmax) / 2, ymax))
    rings = [np.array(r.coords) for p in shapely.get_parts([shape]) for r in (p.exterior,)]
    ring = rings[0]
    if how == "bow" and len(ring) > 5:
        ring[[1, 2]] = ring[[2, 1]]
        return shapely.Polygon(ring)
    ring[1 + chance.integers(len(ring) - 2)] += chance.uniform(-40, 40, 2)
    return shapely.Polygon(ring)


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_daily(range(3)))
def test_incremental_check_of_single_edits_gives_the_findings_of_a_full_check(sample_sources, seed):
    norm, sources, rules = sample_sources
    chance = np.random.default_rng(seed)
    plan, findings = run_full_check(norm, sources, rules)
    live = IncrementalChecker(plan, rules)
    frames = {role: plan.layers[role].frame.copy() for role in EDITED_ROLES}
    for _ in range(EDIT_COUNT):
        role = str(chance.choice(EDITED_ROLES))
        frame = frames[role]
        row = int(chance.integers(len(frame)))
        shape = frame.geometry.iloc[row]
        if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
            continue
        if chance.random() < 0.2:
            codes = CODE_VALUES_TO_SET[role]
            column = str(chance.choice(list(codes)))
            value = str(chance.choice(codes[column]))
            frame.loc[frame.index[row], column] = value
            answer = live.recheck_change(live.edit_row(role, row, **{column: value}))
            findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
            continue
        new = edit_shape_at_random(shape, chance)
        frame.loc[frame.index[row], frame.geometry.name] = new
        answer = live.recheck_change(live.edit_row(role, row, new))
        findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
    edited = [
        replace(source, frame=frames[role]) if (role := get_role_of_source(plan, source)) in frames else source
        for source in sources
    ]
    _, expected = run_full_check(norm, edited, rules)
    ours, theirs = measure_findings(findings), measure_findings(expected)
    assert ours.keys() == theirs.keys()
    assert ours == theirs
    assert len(theirs) > 20


@pytest.mark.slow
def test_moved_vertices_of_a_large_red_line_give_the_findings_of_a_full_check(sample_sources, monkeypatch):
    norm, sources, rules = sample_sources
    chance = np.random.default_rng(7)
    frames = {source.name: source.frame.copy() for source in sources if source.name in ("STBHHX", "YDYHGHFQ")}
    lines, zones = frames["STBHHX"], frames["YDYHGHFQ"]
    row = int(np.argmax(shapely.get_num_coordinates(lines.geometry.to_numpy())))
    shape = lines.geometry.iloc[row]
    assert shapely.get_num_coordinates(shape) > MAX_UNCLIPPED_VERTICES
    # The zone under the line is drawn as a copy of it.
    shared_areas = shapely.area(shapely.intersection(zones.geometry.to_numpy(), shape))
    zone_row = int(np.argmax(np.where(zones["GHFQDM"] == "100", shared_areas, 0)))
    zones.loc[zones.index[zone_row], zones.geometry.name] = shape
    edited = [replace(source, frame=frames.get(source.name, source.frame)) for source in sources]
    plan, findings = run_full_check(norm, edited, rules)
    live = IncrementalChecker(plan, rules)
    differences = []

    def record_difference(minuend, subtrahend):
        differences.append(subtract_similar_polygon(minuend, subtrahend))
        return differences[-1]

    monkeypatch.setattr(overlay, "subtract_similar_polygon", record_difference)
    for _ in range(12):
        ring = np.array(shape.exterior.coords)
        ring[1 + chance.integers(len(ring) - 2)] += chance.uniform(-40, 40, 2)
        shape = shapely.Polygon(ring, shape.interiors)
        answer = live.recheck_change(live.edit_row("STBHHX", row, shape))
        findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
    assert sum(parts is not None and len(parts) > 0 for parts in differences) >= 12
    lines.loc[lines.index[row], lines.geometry.name] = shape
    edited = [replace(source, frame=frames.get(source.name, source.frame)) for source in sources]
    _, expected = run_full_check(norm, edited, rules)
    assert measure_findings(findings) == measure_findings(expected)


def get_role_of_source(plan, source):
    return next((role for role, layer in plan.layers.items() if layer.source is source), "")


@pytest.mark.slow
def test_undone_edit_restores_the_findings_and_leaves_the_plan_unchanged(sample_sources):
    norm, sources, rules = sample_sources
    plan, findings = run_full_check(norm, sources, rules)
    before = shapely.to_wkb(plan.layers["DLTB"].plane_shapes)
    live = IncrementalChecker(plan, rules)
    shape = plan.layers["DLTB"].frame.geometry.iloc[7]
    first = live.recheck_change(live.edit_row("DLTB", 7, shapely.transform(shape, lambda xy: xy + 30.0)))
    assert {f.code for f in first.new_findings} >= {"TOP001"}
    second = live.recheck_change(live.edit_row("DLTB", 7, shape))
    after = [f for f in findings if not first.may_replace_finding(f)] + first.new_findings
    after = [f for f in after if not second.may_replace_finding(f)] + second.new_findings
    assert measure_findings(after) == measure_findings(findings)
    assert (shapely.to_wkb(plan.layers["DLTB"].plane_shapes) == before).all()


@pytest.mark.slow
def test_added_copy_of_a_parcel_gives_an_overlap_finding_that_ends_when_the_parcel_is_removed(sample_sources):
    norm, sources, rules = sample_sources
    plan, findings = run_full_check(norm, sources, rules)
    live = IncrementalChecker(plan, rules)
    parcels = plan.layers["DLTB"]
    clean = next(n for n, k in enumerate(parcels.keys) if not any(k in (f.key, *f.related_keys) for f in findings))
    attributes = {c: parcels.frame[c].iloc[clean] for c in parcels.frame.columns if c != parcels.frame.geometry.name}
    change = live.add_row(
        "DLTB", 99_999, parcels.frame.geometry.iloc[clean], **attributes | {"BSM": "140225999999999999"}
    )
    (pair,) = [f for f in live.recheck_change(change).new_findings if f.code == "TOP001"]
    assert {pair.key, *pair.related_keys} == {parcels.keys[clean], "140225999999999999"}
    assert pair.area_m2 == pytest.approx(parcels.statutory[clean], rel=1e-9)
    gone = live.recheck_change(live.remove_row("DLTB", clean))
    assert gone.new_findings == [] and gone.may_replace_finding(pair)
    assert live.recheck_change(live.edit_row("DLTB", change.row, parcels.frame.geometry.iloc[clean])).new_findings == []
    protected = next(n for n, c in enumerate(plan.layers["YDYHGHFQ"].text("zone_code")) if c == "100")
    uncovered = live.recheck_change(live.remove_row("YDYHGHFQ", protected))
    assert {f.case for f in uncovered.new_findings if f.code == "REL004"} == {"line_outside_zone"}


@pytest.mark.slow
def test_code_outside_its_list_is_reported_after_an_edit_and_gone_after_its_fix(sample_sources):
    norm, sources, rules = sample_sources
    plan, _ = run_full_check(norm, sources, rules)
    live = IncrementalChecker(plan, rules)
    assert [
        (f.code, f.field)
        for f in live.recheck_change(live.edit_row("YDYHGHFQ", 3, GHFQDM="999")).new_findings
        if f.field == "GHFQDM"
    ] == [("ATT002", "GHFQDM")]
    row = plan.layers["YDYHGHFQ"].frame.iloc[3]
    assert not [
        f
        for f in live.recheck_change(live.edit_row("YDYHGHFQ", 3, GHFQDM=row["GHFQDM"])).new_findings
        if f.code == "ATT002"
    ]


@pytest.mark.slow
def test_crash_of_a_rule_during_an_incremental_check_is_reported(sample_sources, monkeypatch):
    norm, sources, rules = sample_sources
    plan, _ = run_full_check(norm, sources, rules)
    broken = [replace(rule, function=lambda *_all, **_more: 1 / 0) if rule.code == "TOP001" else rule for rule in rules]
    live = IncrementalChecker(plan, broken)
    assert live.recheck_change(live.edit_row("DLTB", 7, DLBM="0601")).failed_rules == ("TOP001",)


@pytest.mark.slow
def test_third_rows_that_cover_land_of_a_pair_start_and_end_its_findings():
    """Land of 耕地保护目标 on forest is reported as 永久基本农田 where that covers it."""
    rules = choose_rules(("LAW010",))
    field, forest, far = (f"POLYGON (({x} 0, {x + 50} 0, {x + 50} 100, {x} 100, {x} 0))" for x in (0, 50, 500))
    both = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
    farmland = [{"wkt": wkt, "land_use": "0103"} for wkt in (both, far)]
    parcels = [{"wkt": wkt, "land_use": use} for wkt, use in ((field, "0103"), (forest, "0301"), (far, "0103"))]
    plan = make_example_plan({"farmland": farmland, "parcels": parcels, "cultivated": farmland})
    findings = run_check(plan, rules).findings
    assert [(f.case, f.role, f.area_m2) for f in findings] == [("parcel", "YJJBNTBHTB", pytest.approx(5000, rel=1e-3))]
    live = IncrementalChecker(plan, rules)
    for edit, expected in ((live.remove_row, ["protected"]), (live.edit_row, ["parcel"])):
        answer = live.recheck_change(edit("YJJBNTBHTB", 0))
        findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
        assert [f.case for f in findings] == expected


@pytest.mark.slow
def test_finding_of_a_row_that_a_third_layer_covered_is_renewed_by_a_batch_that_edits_its_own_layer_too():
    """Land on forest is not reported as outside 耕地保护目标 (LAW010) as long as the parcel of forest is there."""
    rules = choose_rules(("LAW010",))
    wide, forest, far = (
        f"POLYGON (({a} 0, {b} 0, {b} 100, {a} 100, {a} 0))" for a, b in ((0, 100), (50, 100), (500, 600))
    )
    farmland = [{"wkt": wkt, "land_use": "0103"} for wkt in (wide, far)]
    parcels = [{"wkt": wkt, "land_use": use} for wkt, use in ((forest, "0301"), (far, "0103"))]
    plan = make_example_plan({"farmland": farmland, "parcels": parcels, "cultivated": farmland[1:]})
    findings = [f for f in run_check(plan, rules).findings if f.case == "unprotected"]
    assert [f.area_m2 for f in findings] == [pytest.approx(5000, rel=1e-3)]
    live = IncrementalChecker(plan, rules)
    batch = [live.remove_row("DLTB", 0), live.edit_row("YJJBNTBHTB", 1, DLBM="0101")]
    (answer,) = live.recheck_groups([batch])
    findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
    assert [f.area_m2 for f in findings if f.case == "unprotected"] == [pytest.approx(10_000, rel=1e-3)]


@pytest.mark.slow
def test_removed_row_of_the_sea_starts_findings_of_zones_that_it_covered():
    rules = choose_rules(("TOP003",))
    land, coast, offshore = (f"POLYGON (({x} 0, {x + 100} 0, {x + 100} 100, {x} 100, {x} 0))" for x in (0, 100, 200))
    zones = [{"wkt": wkt, "zone_code": code} for wkt, code in ((land, "300"), (coast, "610"), (offshore, "610"))]
    plan = make_example_plan({"GHFQ": zones, "county": [land], "sea": [coast, offshore]})
    assert run_check(plan, rules).findings == []
    live = IncrementalChecker(plan, rules)
    found = live.recheck_change(live.remove_row("HYFW", 1)).new_findings
    assert [(f.case, f.role, f.key, f.area_m2) for f in found] == [
        ("sea", "GHFQ", plan.layers["GHFQ"].keys[2], pytest.approx(10_000, rel=1e-3))
    ]
    (finding,) = found
    answer = live.recheck_change(live.edit_row("HYFW", 1))
    assert answer.may_replace_finding(finding) and answer.new_findings == []
