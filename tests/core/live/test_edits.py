# SPDX-License-Identifier: GPL-2.0-or-later
"""Batches of edits in an editing session and the findings after each batch."""

import math
from dataclasses import replace
from datetime import date

import pytest
import shapely

from plugin.core.check import RunOptions, check_plan
from plugin.core.io import read_source
from plugin.core.live.session import EditBatch, FeatureState, FullCheckNeeded, IncrementalSession, are_equal_values
from plugin.core.waivers.model import WaiverEntry, WaiverLimits, make_waivers
from plugin.paths import RESOURCES_FOLDER

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
