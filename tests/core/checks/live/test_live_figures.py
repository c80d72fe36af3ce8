# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators that follow edits, compared with those of a whole check of the edited layers."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.live import checker
from plugin.core.checks.live.session import EditBatch, FeatureState, FullCheckNeeded, IncrementalSession
from plugin.core.engine.evaluate import choose_rules
from plugin.core.plan.io import read_source
from plugin.paths import RESOURCES_FOLDER
from tests.parametrize import first_daily

OPTIONS = RunOptions(profile="hunyuan")
SAMPLE = RESOURCES_FOLDER / "sample" / "county.gpkg"
EDITS = int(os.environ.get("SANXIAN_FIGURE_EDITS", "20"))
#: Values that edits give to fields on which figures depend.
VALUES = {
    "CZKFBJ": {"GHFQDM": ["410", "420", "430", ""]},
    "YDYHGHFQ": {"GHFQDM": ["300", "411", "200", "700", "100"]},
    "YJJBNTBHTB": {"YJJBNTMJ": [1000.0, 25000.5, None]},
    "GDBHMB": {"TBDLMJ": [500.0, 43210.25, None]},
    "DLTB": {"CZCSXM": ["201", "202", "203", ""], "TBMJ": [1234.5, 98765.25]},
    "XZYDYH": {"CZCSXM": ["201", "202", "203", ""], "TBMJ": [1234.5, 98765.25]},
    "STBHHX": {},
    "XZQX": {},
}


@pytest.fixture(scope="module")
def sources():
    return list(read_source(SAMPLE))


@pytest.fixture
def checked(sources):
    return check_plan(sources, OPTIONS)


def edit_at_random(frame, role, random, fid):
    """Return the state of a feature after a random edit, None for a removed one."""
    row = frame.loc[fid]
    geometry = row[frame.geometry.name]
    attributes = {name: row[name] for name in frame.columns if name != frame.geometry.name}
    kind = random.choice(["move", "vertex", "grow", "value", "remove"], p=[0.2, 0.25, 0.2, 0.25, 0.1])
    if kind == "remove" and len(frame) > 1:
        return None
    if kind == "value" and VALUES.get(role):
        name = random.choice(list(VALUES[role]))
        if name in attributes:
            values = VALUES[role][name]
            attributes[name] = values[random.integers(len(values))]
    elif geometry is not None and kind == "move":
        geometry = shapely.transform(geometry, lambda xy: xy + random.uniform(-80, 80, 2))
    elif geometry is not None and kind == "vertex":
        geometry = move_vertex(geometry, random)
    elif geometry is not None:
        geometry = geometry.buffer(float(random.uniform(-40, 60)), join_style="mitre")
    if geometry is not None and (geometry.is_empty or not geometry.is_valid):
        geometry = row[frame.geometry.name]
    return FeatureState(None if geometry is None else geometry.wkb, attributes)


def move_vertex(geometry, random):
    part = max(shapely.get_parts(geometry), key=lambda one: one.area)
    xy = shapely.get_coordinates(part.exterior).copy()
    n = int(random.integers(1, len(xy) - 1))
    xy[n] += random.uniform(-60, 60, 2)
    return shapely.Polygon(xy, [ring.coords for ring in part.interiors])


def apply_to_frame(frame, fid, state):
    frame = frame.copy()
    if state is None:
        return frame.drop(index=fid)
    for name, value in state.attributes.items():
        frame[name] = frame[name].astype(object)
        frame.loc[fid, name] = value
    frame.loc[[fid], frame.geometry.name] = type(frame.geometry)(
        [None if state.wkb is None else shapely.from_wkb(state.wkb)], index=[fid], crs=frame.crs
    )
    return frame


@pytest.mark.parametrize("seed", first_daily(range(int(os.environ.get("SANXIAN_FIGURE_SEEDS", "2")))))
def test_figures_after_random_edits_equal_those_of_a_whole_check(sources, checked, seed):
    random = np.random.default_rng(seed)
    session = IncrementalSession(checked, OPTIONS)
    session.prepare()
    roles = [role for role in VALUES if role in checked.plan.layers]
    edited = {source.name: source for source in sources}
    names = {role: checked.plan.layers[role].name for role in roles}
    for _ in range(EDITS):
        states = {}
        for role in random.choice(roles, size=random.integers(1, 3), replace=False):
            frame = edited[names[role]].frame
            fid = frame.index[random.integers(len(frame))]
            states[role, fid] = edit_at_random(frame, role, random, fid)
            source = edited[names[role]]
            edited[names[role]] = replace(source, frame=apply_to_frame(frame, fid, states[role, fid]))
        session.check_edits(EditBatch({}, states))
    whole = check_plan(list(edited.values()), OPTIONS)
    expected = [one for one in whole.report.indicators if not one.place]
    found = session.figures.indicators
    assert [one.id for one in found] == [one.id for one in expected]
    for live, fresh in zip(found, expected, strict=True):
        assert (live.value is None) == (fresh.value is None), live.id
        if fresh.value is not None:
            assert live.value == pytest.approx(fresh.value, rel=1e-9, abs=1e-9), live.id
        if live.backed == fresh.backed:
            assert live.state == fresh.state, live.id
    assert [one.value for one in found] != [one.value for one in session.figures.checked_indicators]


EDITED_ROLES = ("DLTB", "YJJBNTBHTB", "GDBHMB", "STBHHX", "CZKFBJ", "YDYHGHFQ", "XZQXZ", "LSWHBHX")
CODE_FIELDS = {"CZKFBJ": "GHFQDM", "YDYHGHFQ": "GHFQDM", "LSWHBHX": "LX", "STBHHX": "MC", "XZQXZ": "XZQMC"}
CODES = ("0103", "0301", "0601", "0201K", "300", "411", "999", "", None)
#: Cases on sums of the county, which wait for the next whole check.
SUMS = ("share", "scattered", "townships", "parcels")


@pytest.fixture(scope="module")
def options():
    norm = RunOptions(profile="hunyuan").resolve_norm()
    rules = (*norm.standard.rules, *norm.expand_groups(["quality", "attributes"]), "REL010", "REL021", "REL030")
    return RunOptions(profile="hunyuan", rules=tuple(dict.fromkeys(rules)))


@pytest.fixture(scope="module")
def two_townships():
    sources = read_source(RESOURCES_FOLDER / "sample" / "county.gpkg")
    townships = next(source for source in sources if source.name == "XZQXZ").frame.geometry
    nearest = np.argsort(townships.distance(townships.iloc[6]).to_numpy())[:2]
    land = shapely.union_all(townships.to_numpy()[nearest]).buffer(-1)
    return [replace(one, frame=one.frame[one.frame.geometry.intersects(land)].copy()) for one in sources]


def read_state(frame, fid):
    row = frame.loc[fid]
    shape = row[frame.geometry.name]
    attributes = {name: row[name] for name in frame.columns if name != frame.geometry.name}
    return FeatureState(shape.wkb if isinstance(shape, shapely.Geometry) else None, attributes)


class EditedCounty:
    """Layers of a county with edits, and a session that has the same edits."""

    def __init__(self, sources, options):
        self.sources, self.options = sources, options
        self.frames = {source.name: source.frame.copy() for source in sources}
        self.start_session()

    def check_whole(self):
        sources = [replace(source, frame=self.frames[source.name].copy()) for source in self.sources]
        return check_plan(sources, self.options)

    def start_session(self):
        self.session = IncrementalSession(self.check_whole(), self.options)
        self.session.prepare()

    def get_state(self, role, fid):
        return read_state(self.frames[role], fid) if fid in self.frames[role].index else None

    def set_state(self, role, fid, state):
        frame = self.frames[role]
        if state is None:
            self.frames[role] = frame.drop(index=[fid])
            return
        values = {frame.geometry.name: None if state.wkb is None else shapely.from_wkb(state.wkb), **state.attributes}
        row = frame.iloc[:1].astype(object).copy() if fid not in frame.index else frame.loc[[fid]].astype(object)
        row.index = [fid]
        for name, value in values.items():
            row.at[fid, name] = value
        rest = frame.drop(index=[fid], errors="ignore").astype(object)
        self.frames[role] = type(frame)(
            pd.concat([rest, row]).sort_index(), geometry=frame.geometry.name, crs=frame.crs
        )

    def edit(self, states):
        for (role, fid), state in states.items():
            self.set_state(role, fid, state)
        try:
            self.session.check_edits(EditBatch({}, dict(states)))
        except FullCheckNeeded:
            self.start_session()


def describe_findings(findings, options):
    local = {rule.code for rule in choose_rules(options.rules) if rule.local}
    return sorted(
        (f.code, f.case, f.role, f.key, str(f.params.get("fid")), f.related_role, tuple(f.related_keys),
         str(f.params.get("related_fid")), f.field, round(f.area_m2 or 0.0, 2), str(f.severity))
        for f in findings
        if f.code in local and f.case not in SUMS
    )  # fmt: skip


def spoil_shape(shape, chance):
    how = chance.choice(["null", "empty", "bow", "far", "cut", "shift", "hair"])
    if shape is None or shape.is_empty or how == "null":
        return None
    if how == "empty":
        return shapely.Polygon()
    if how == "cut":
        xmin, ymin, xmax, ymax = shape.bounds
        return shapely.intersection(shapely.make_valid(shape), shapely.box(xmin, ymin, (xmin + xmax) / 2, ymax))
    if how == "bow" and shape.geom_type == "Polygon" and len(shape.exterior.coords) > 5:
        ring = np.array(shape.exterior.coords)
        ring[[1, 2]] = ring[[2, 1]]
        return shapely.Polygon(ring)
    reach = {"far": 5000.0, "hair": 1e-8}.get(how, 60.0)
    return shapely.transform(shape, lambda xy: xy + chance.uniform(-reach, reach, 2))


def choose_edit(county, chance, number):
    role = str(chance.choice([role for role in EDITED_ROLES if len(county.frames[role])]))
    fid = county.frames[role].index[chance.integers(len(county.frames[role]))]
    state = county.get_state(role, fid)
    shape = None if state.wkb is None else shapely.from_wkb(state.wkb)
    kind = chance.choice(["shape", "shape", "shape", "code", "key", "copy", "remove"])
    if kind == "remove":
        return {(role, fid): None}
    if kind == "copy":
        return {(role, 10**6 + number): state}
    if kind == "shape":
        spoilt = spoil_shape(shape, chance)
        return {(role, fid): replace(state, wkb=None if spoilt is None else spoilt.wkb)}
    other = county.get_state(role, county.frames[role].index[chance.integers(len(county.frames[role]))])
    name = "BSM" if kind == "key" else CODE_FIELDS.get(role, "DLBM")
    value = [None, "", other.attributes["BSM"]][chance.integers(3)] if kind == "key" else CODES[chance.integers(9)]
    return (
        {(role, fid): replace(state, attributes={**state.attributes, name: value})} if name in state.attributes else {}
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_daily(range(2)))
def test_edits_that_leave_bad_rows_give_the_findings_of_a_whole_check(two_townships, options, seed, monkeypatch):
    # Layers of few rows are read completely around an edit; those of a whole county are not.
    monkeypatch.setattr(checker, "MAX_COARSE_LAYER_ROWS", 100 if seed % 2 else 3000)
    chance, county, undo = np.random.default_rng(seed), EditedCounty(two_townships, options), []
    for number in range(24):
        states = {}
        for _ in range(chance.integers(1, 4)):
            states |= choose_edit(county, chance, 10 * number + len(states))
        if undo and chance.random() < 0.2:
            states = undo.pop(chance.integers(len(undo)))
            states = {at: state for at, state in states.items() if state is not None or county.get_state(*at)}
        undo.append({(role, fid): county.get_state(role, fid) for role, fid in states})
        county.edit(states)
        if number % 8 == 7:
            ours = describe_findings(county.session.findings, options)
            assert ours == describe_findings(county.check_whole().report.findings, options)


def test_copy_with_the_key_of_another_row_renames_the_findings_of_that_row(two_townships, options):
    county = EditedCounty(two_townships, options)
    row = county.frames["CZKFBJ"].index[0]
    first = county.get_state("CZKFBJ", row)
    moved = shapely.transform(shapely.from_wkb(first.wkb), lambda xy: xy + 5.0).wkb
    county.edit({("CZKFBJ", row): replace(first, wkb=moved)})
    assert ("None",) in {(d[4],) for d in describe_findings(county.session.findings, options) if d[2] == "CZKFBJ"}
    for states in ({("CZKFBJ", 10**6): first}, {("CZKFBJ", 10**6): None}):
        county.edit(states)
        whole = describe_findings(county.check_whole().report.findings, options)
        assert describe_findings(county.session.findings, options) == whole


@pytest.mark.parametrize("removes", [True, False])
def test_layer_that_loses_its_last_shape_needs_a_whole_check(two_townships, options, removes):
    county = EditedCounty(two_townships, options)
    states = {("STBHHX", fid): county.get_state("STBHHX", fid) for fid in county.frames["STBHHX"].index}
    with pytest.raises(FullCheckNeeded, match="REL004"):
        county.session.check_edits(
            EditBatch({}, {at: None if removes else replace(state, wkb=None) for at, state in states.items()})
        )


def test_parcel_without_a_shape_hides_no_gap_of_equal_area_elsewhere(two_townships, options):
    county = EditedCounty(two_townships, options)
    parcels, targets = county.frames["YJJBNTBHTB"], county.frames["GDBHMB"]
    equal = parcels.reset_index().merge(targets.reset_index(), left_on="YJJBNTTBMJ", right_on="TBMJ")
    gap, lost = equal.iloc[0]["fid_y"], equal.iloc[5]["fid_y"]
    lost_state = county.get_state("GDBHMB", lost)
    same_area = {**lost_state.attributes, "TBMJ": county.get_state("GDBHMB", gap).attributes["TBMJ"]}
    county.edit({("GDBHMB", gap): None, ("GDBHMB", lost): FeatureState(None, same_area)})
    uncovered = {f.key for f in county.check_whole().report.findings if (f.code, f.case) == ("LAW010", "unprotected")}
    assert {equal.iloc[0]["BSM_x"], equal.iloc[5]["BSM_x"]} <= uncovered
    assert describe_findings(county.session.findings, options) == describe_findings(
        county.check_whole().report.findings, options
    )


def test_part_of_a_field_far_from_an_edited_parcel_stays_covered(two_townships, options, monkeypatch):
    monkeypatch.setattr(checker, "MAX_COARSE_LAYER_ROWS", 10)
    county = EditedCounty(two_townships, options)
    fields = county.frames["YJJBNTBHTB"]
    first, last = fields.index[0], fields.index[-1]
    both = shapely.union_all([fields.geometry.loc[first], fields.geometry.loc[last]])
    county.edit({("YJJBNTBHTB", first): replace(county.get_state("YJJBNTBHTB", first), wkb=both.wkb)})
    plan = county.check_whole().plan
    live = checker.IncrementalChecker(plan, choose_rules(("LAW010",)))
    parcel = int(
        shapely.STRtree(plan.layers["DLTB"].plane_shapes).nearest(fields.geometry.loc[last].point_on_surface())
    )
    answer = live.recheck_change(live.edit_row("DLTB", parcel, DLMC=""))
    assert [f for f in answer.new_findings if f.case == "unsurveyed"] == []
