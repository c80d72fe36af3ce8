# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators that follow edits, compared with those of a whole check of the edited layers."""

import os
from dataclasses import replace

import numpy as np
import pytest
import shapely

from plugin.core.check import RunOptions, check_plan
from plugin.core.io import read_source
from plugin.core.live.session import EditBatch, FeatureState, IncrementalSession
from plugin.paths import RESOURCES_FOLDER
from tests.parametrize import first_daily

OPTIONS = RunOptions(profile="hunyuan")
SAMPLE = RESOURCES_FOLDER / "sample" / "county.gpkg"
EDITS = int(os.environ.get("SANXIAN_FIGURE_EDITS", "40"))
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
