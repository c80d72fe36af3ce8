# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm cultivated_changes: the layer of parcels and the results equal the planted list."""

from pathlib import Path

import pyogrio
import pytest

from tests.core.studies.yearly.two_surveys import list_pieces, write_surveys
from tests.qgis.helpers import Log, digest_files, run_algorithm


def test_cultivated_changes_writes_the_planted_parcels_and_names_what_was_not_given(provider, tmp_path):
    before, after = write_surveys(tmp_path)
    sums = digest_files(Path(before)), digest_files(Path(after))
    layer, workbook, log = tmp_path / "地块.gpkg", tmp_path / "耕地.xlsx", Log()
    given = {"BEFORE": before, "AFTER": after, "YEAR": 2025, "OUTPUT": str(layer), "OUTPUT_XLSX": str(workbook)}
    done = run_algorithm("cultivated_changes", given, log)
    pieces = list_pieces()
    for kind in ("out", "in"):
        planted = sum(one.net_m2 for one in pieces if one.kind == kind)
        assert done[f"AREA_{kind.upper()}"] == pytest.approx(planted, abs=0.01)
    assert done["PARCELS"] == len(pieces) and done["UNMATCHED"] == sum(one.cause is None for one in pieces)
    parcels = pyogrio.read_dataframe(layer)
    assert parcels.area_m2.sum() == pytest.approx(sum(one.area_m2 for one in pieces), abs=0.05)
    assert parcels.certified_m2.isna().all() and workbook.stat().st_size
    assert any("未提供经批准的转用" in text for text in log.lines)
    assert (digest_files(Path(before)), digest_files(Path(after))) == sums
