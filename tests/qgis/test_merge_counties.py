# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `merge_counties` refuses data that are not packages, and states why."""

import openpyxl
import pytest
from qgis.core import QgsProcessingException

from tests.core.counties.seams.seam_counties import write_county
from tests.qgis.helpers import digest_files, run_algorithm


def test_merge_counties_refuses_data_that_are_not_packages(provider, tmp_path):
    folder, output = tmp_path / "各县", tmp_path / "汇总"
    write_county(folder, "140212")
    (tmp_path / "文档").mkdir()
    before = digest_files(folder)
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("merge_counties", {"FOLDER": str(folder), "OUTPUT": str(output), "FORCE": True})
    assert "140212新荣区" in str(caught.value)
    rows = list(openpyxl.load_workbook(output / "gathering.xlsx").worksheets[0].iter_rows(values_only=True))
    assert any(row[0] == "140212新荣区" and row[2] in ("未汇入", "Not gathered") for row in rows)
    assert {path.name for path in output.iterdir()} == {"gathering.xlsx", "gathering.json", "returns"}
    assert digest_files(folder) == before
