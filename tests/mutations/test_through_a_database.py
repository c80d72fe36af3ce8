# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the clean county passes after writing and reading a database."""

from datetime import date

import pyogrio
import pytest
from pyproj import CRS

from plugin.core.base.files import make_path_next_to_data
from plugin.core.checks.check import check_plan
from plugin.core.engine.waivers import WAIVER_SUFFIX
from plugin.core.engine.waivers.file import change_waivers
from plugin.core.engine.waivers.waiver import WaiverEntry, WaiverLimits, make_waivers
from plugin.core.exchange.create import create_database
from plugin.core.model.report import APPROVAL_DOUBT
from plugin.core.model.rule import Severity
from plugin.core.model.verdict import Verdict
from plugin.core.standard import load_standard
from tests.mutations.mutation import check_options

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

pytestmark = pytest.mark.slow  # writes and reads a whole county


@pytest.mark.exhaustive
@pytest.mark.parametrize(("suffix", "driver"), [(".gpkg", "GPKG"), (".gdb", "OpenFileGDB")])
def test_county_without_defects_written_to_a_database_of_the_plugin_passes_the_check(base, tmp_path, suffix, driver):
    clean = base("county")
    standard = load_standard()
    path = tmp_path / f"浑源{suffix}"
    templates = [standard.templates[role] for role in clean.county.layers]
    create_database(path, templates, CRS.from_epsg(4526), code_lists=standard.code_lists)
    for role, frame in clean.county.layers.items():
        points = frame.geometry.iloc[0].geom_type == "Point"
        pyogrio.write_dataframe(frame, path, layer=role, driver=driver, append=True, promote_to_multi=not points)
    report = check_plan(path, check_options(clean.options)).report
    wrong = [f"{f.code} {f.severity} {f.message}" for f in report.findings if f.severity is not Severity.INFO]
    assert wrong == []
    outcomes, known = ({r.code: str(r.outcome) for r in one.rules} for one in (report, clean.report))
    assert outcomes == known
    assert {f.fingerprint for f in report.findings} == {f.fingerprint for f in clean.report.findings}
    assert report.verdict is Verdict.CONDITIONAL and report.summary["unconfirmed"] == [APPROVAL_DOUBT]
    # A waiver states the document of each approval; then nothing is open.
    entry = WaiverEntry("依批准文件", "晋自然资批〔2026〕1号", "测试", date(2026, 1, 5))
    waivers = make_waivers([f for f in report.findings if f.needs_approval], entry, WaiverLimits())
    change_waivers(make_path_next_to_data(path, WAIVER_SUFFIX), added_waivers=waivers)
    report = check_plan(path, check_options(clean.options)).report
    assert report.verdict is Verdict.PASSED and report.summary["waived"] == len(waivers) > 0
