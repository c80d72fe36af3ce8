# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm propose_boundary: the draft, the changed land and the results of a town drawn by hand."""

import pyogrio
import pytest
import shapely

from tests.core.studies.proposals.test_propose_boundary import CORNER, SHARE, TOWN, WINDOW, write_town
from tests.qgis.helpers import Log, run_algorithm


def test_propose_boundary_writes_draft_and_changed_land(provider, tmp_path):
    county = write_town(tmp_path)
    files = {"OUTPUT": "草案.gpkg", "OUTPUT_CHANGES": "地块.gpkg", "OUTPUT_XLSX": "边界.xlsx"}
    files = {name: str(tmp_path / file) for name, file in files.items()}
    done = run_algorithm("propose_boundary", {"SOURCE": str(county), **files}, Log())
    assert done["FOUND"] and done["TAKEN_M2"] == 0.0
    assert (done["GIVEN_M2"], done["BOUNDARY_M2"]) == pytest.approx((6100.0, 493_900.0), rel=SHARE)
    draft, changes = (pyogrio.read_dataframe(files[name]) for name in ("OUTPUT", "OUTPUT_CHANGES"))
    expected = TOWN.difference(WINDOW).difference(CORNER)
    assert shapely.union_all(draft.geometry.to_numpy()).symmetric_difference(expected).area < 0.01
    assert draft["GHFQDM"].tolist() == ["410", "420"] and draft["BSM"].notna().all()
    assert sorted(changes["area_m2"]) == pytest.approx([2500.0, 3600.0], rel=SHARE)
