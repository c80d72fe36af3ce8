# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that no rule crashes on a layer that is absent, has no rows or one row, or lacks all shapes or all values."""

import numpy as np
import pytest

from tests.mutations.mutation import CountyDraft


def clear_values(frame):
    """Return a layer whose attributes are all NULL; numeric columns keep their type."""
    names = frame.columns.drop(frame.geometry.name)
    return frame.assign(**{name: np.nan if frame[name].dtype.kind in "iuf" else None for name in names})


CHANGE_BY_STATE = {
    "absent": None,
    "empty": lambda frame: frame.iloc[:0],
    "one row": lambda frame: frame.iloc[:1],
    "no shapes": lambda frame: frame.set_geometry([None] * len(frame), crs=frame.crs),
    "no values": clear_values,
}


def find_crashes(county, roles, state, folder):
    """Return rule → where it crashed in a check of the county without tables, with some layers in another state.

    Without tables, rules look for more in the layers.
    """
    draft = CountyDraft(county.county, {name: county.options[name] for name in ("profile", "scope")}, folder)
    for role in roles:
        if change := CHANGE_BY_STATE[state]:
            draft.layers[role] = change(draft.layers[role])
        else:
            draft.remove_layer(role)
    return {f.params["rule"]: f.params["trace"][-1] for f in draft.report().findings if f.code == "RUN900"}


@pytest.mark.parametrize("state", CHANGE_BY_STATE)
def test_no_rule_crashes_if_all_layers_but_the_outline_are_in_one_state(base, tmp_path, state):
    county = base("county")
    assert find_crashes(county, county.county.layers.keys() - {"XZQX"}, state, tmp_path) == {}


def test_no_rule_crashes_on_empty_parcels_below_other_layers(base, tmp_path):
    """LAW004 and others look for the parcel below a row."""
    assert find_crashes(base("county"), ["DLTB"], "empty", tmp_path) == {}


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("state", CHANGE_BY_STATE)
def test_no_rule_crashes_on_any_state_of_one_layer(base, tmp_path, state):
    county = base("county")
    crashes_by_role = {role: find_crashes(county, [role], state, tmp_path) for role in county.county.layers}
    assert not any(crashes_by_role.values()), crashes_by_role
