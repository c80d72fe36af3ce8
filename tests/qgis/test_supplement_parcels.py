# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm propose_supplement: the layer of parcels and the results of a county drawn by hand."""

import pyogrio
import pytest

from tests.core.studies.proposals.test_propose_supplement import TAKEN, write_county, write_demand
from tests.qgis.helpers import Log, run_algorithm


def test_propose_supplement_writes_the_chosen_parcel(provider, tmp_path):
    county, demand = write_county(tmp_path), write_demand(tmp_path, TAKEN)
    layer, workbook = tmp_path / "补划.gpkg", tmp_path / "补划.xlsx"
    given = {"SOURCE": str(county), "DEMAND": demand, "OUTPUT": str(layer), "OUTPUT_XLSX": str(workbook)}
    done = run_algorithm("propose_supplement", given, Log())
    assert done["PARCELS"] == 1 and done["DEMAND_M2"] == pytest.approx(9000.0, abs=0.01)
    parcels = pyogrio.read_dataframe(layer)
    # The chosen field, R2, is 100 m × 100 m.
    assert len(parcels) == 1 and parcels.geometry.area.sum() == pytest.approx(10_000.0, rel=1e-3)
    assert parcels.key.tolist() == ["R2"] and parcels.net_m2.tolist() == pytest.approx([9000.0], abs=0.1)
    assert workbook.stat().st_size
