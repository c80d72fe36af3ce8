# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `check_seams` compares neighbouring counties."""

import pytest
from qgis.core import QgsProcessingException

from plugin.core.counties.seams.write_seams import SEAMS_FILES
from tests.core.counties.seams.seam_counties import PLANTED, write_counties
from tests.qgis.helpers import digest_files, make_log_that_cancels_above, run_algorithm


@pytest.fixture
def folder(tmp_path):
    """Write four counties and one damaged file into a folder; return it."""
    path = tmp_path / "counties"
    write_counties(path)
    (path / "140226左云县.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    return path


def test_check_seams_writes_the_results(provider, folder, tmp_path):
    before, output = digest_files(folder), tmp_path / "out"
    results = run_algorithm("check_seams", {"FOLDER": str(folder), "OUTPUT": str(output)})
    assert results == {"OUTPUT": str(output), "PAIRS": 4, "WARNINGS": len(PLANTED), "NOTES": 0, "UNREAD": 1}
    assert {path.name for path in output.iterdir()} == {*SEAMS_FILES, "pairs"}
    assert digest_files(folder) == before


def test_check_seams_can_be_cancelled(provider, folder, tmp_path):
    feedback = make_log_that_cancels_above(20)
    run_algorithm("check_seams", {"FOLDER": str(folder), "OUTPUT": str(tmp_path / "out")}, feedback)
    assert not (tmp_path / "out" / "seams.json").exists()


def test_check_seams_needs_a_folder_or_a_list(provider, folder, tmp_path):
    for sources in ({}, {"FOLDER": str(folder), "LIST": str(tmp_path / "list.csv")}):
        with pytest.raises(QgsProcessingException):
            run_algorithm("check_seams", {**sources, "OUTPUT": str(tmp_path / "out")})
    assert not (tmp_path / "out").exists()
