# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm compare_drafts: differences as features, and maps as pixels in the documents."""

import pyogrio
import pytest
from docx import Document

from tests.core.studies.proposals.test_compare_drafts import BETTER, WORSE, write_draft
from tests.core.studies.proposals.test_propose_boundary import SHARE, write_town
from tests.qgis.helpers import Log, run_algorithm


def test_compare_drafts_writes_differences_and_maps(provider, tmp_path):
    drafts = [write_draft(tmp_path, "好.gpkg", BETTER), write_draft(tmp_path, "差.gpkg", WORSE)]
    layer, document = tmp_path / "差异.gpkg", tmp_path / "对比.docx"
    given = {"SOURCE": str(write_town(tmp_path)), "DRAFTS": drafts, "OUTPUT": str(layer), "OUTPUT_DOCX": str(document)}
    log = Log()
    done = run_algorithm("compare_drafts", given, log)
    # The parcel outside, and what the better draft gives back: two parcels, window and corner.
    assert done["DIFFERENCES"] == 4 and done["DIFFERENT_M2"] == pytest.approx(36_100.0, rel=SHARE)
    land = pyogrio.read_dataframe(layer)
    assert land.area_m2.sum() == pytest.approx(36_100.0, rel=SHARE) and {"present", "draft_1", "draft_2"} <= {*land}
    # The county has no target for the area of the boundary.
    assert not done["COMPLETE"] and any("未能判定" in one for one in log.lines)
    pictures = [part.blob for part in Document(document).part.package.iter_parts() if part.partname.endswith(".png")]
    # A blank picture would have some hundred bytes.
    assert len(pictures) == 4 and min(map(len, pictures)) > 3000
