# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm `check_counties` checks one county after the other and continues."""

import pytest
from qgis.core import QgsProcessingException

from plugin.core.counties.county_record import SUMMARY_FILES
from tests.qgis.helpers import digest_files, make_log_that_cancels_above, run_algorithm, write_small


@pytest.fixture
def folder(tmp_path):
    """Write one county and one damaged file into a folder; return it."""
    path = tmp_path / "counties"
    path.mkdir()
    write_small(path / "140225浑源县.gpkg")
    (path / "140226左云县.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    return path


def test_check_counties_writes_reports_and_summary_and_continues(provider, folder, tmp_path):
    before, output = digest_files(folder), tmp_path / "out"
    results = run_algorithm("check_counties", {"FOLDER": str(folder), "OUTPUT": str(output)})
    assert results == {"OUTPUT": str(output), "COUNTIES": 2, "FAILED": 1, "UNCHECKED": 1, "VERDICT": "fail"}
    assert {path.name for path in output.iterdir()} == {*SUMMARY_FILES, "counties"}
    county = output / "counties" / "140225浑源县"
    assert {path.name for path in county.iterdir()} == {"county.json", "report.json", "report.html"}
    written = (county / "county.json").stat().st_mtime_ns
    run_algorithm("check_counties", {"FOLDER": str(folder), "OUTPUT": str(output)})
    assert (county / "county.json").stat().st_mtime_ns == written
    run_algorithm("check_counties", {"FOLDER": str(folder), "OUTPUT": str(output), "RESUME": False, "FORMS": ["xlsx"]})
    assert {path.name for path in county.iterdir()} == {"county.json", "report.json", "report.xlsx"}
    assert digest_files(folder) == before


def test_check_counties_can_be_cancelled(provider, folder, tmp_path):
    feedback = make_log_that_cancels_above(20)
    run_algorithm("check_counties", {"FOLDER": str(folder), "OUTPUT": str(tmp_path / "out")}, feedback)
    assert not (tmp_path / "out" / "summary.json").exists()


def test_check_counties_needs_a_folder_or_a_list(provider, folder, tmp_path):
    for sources in ({}, {"FOLDER": str(folder), "LIST": str(tmp_path / "list.csv")}):
        with pytest.raises(QgsProcessingException):
            run_algorithm("check_counties", {**sources, "OUTPUT": str(tmp_path / "out")})
    assert not (tmp_path / "out").exists()
