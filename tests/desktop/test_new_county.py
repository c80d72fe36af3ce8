# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that another county is planned from the wizard to its package.

Screenshots are saved in build/screenshots.
"""

import json

import pytest

from plugin.core.cli.examples.package_facts import make_pdf
from tests.county.other import CODE, compute_met_targets, write_other_county


@pytest.fixture(scope="module")
def county_facts(desktop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("county")
    data = write_other_county(folder / "county.gpkg")
    (folder / "text.pdf").write_bytes(make_pdf())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANXIAN_COUNTY_DATA", str(data))
        patch.setenv("SANXIAN_COUNTY_TARGETS", json.dumps(compute_met_targets(data)))
        patch.setenv("SANXIAN_COUNTY_CODE", CODE)
        patch.setenv("SANXIAN_COUNTY_PDF", str(folder / "text.pdf"))
        return desktop("new_county")


def test_project_wizard_writes_project_database_and_profile_of_a_new_county(county_facts):
    assert {"新荣区规划.gpkg", "新荣区规划.profile.toml", "新荣区规划.qgz"} <= set(county_facts["files"])


def test_new_county_passes_conditionally_and_exports_its_package_unforced(county_facts):
    assert county_facts["verdict"] == "有条件通过"
    check = county_facts["manifest"]
    assert check["verdict"] == "conditional" and not check["forced"], county_facts["ended"]
    assert check["errors"] == 0 and check["unconfirmed"] == []


def test_new_county_needs_at_most_18_clicks_and_15_entries_besides_work_on_layers(county_facts):
    steps, total = county_facts["steps"], county_facts["total"]
    print({**steps, "total": total})
    assert total["clicks"] - steps["layers"]["clicks"] <= 18 and total["fields"] <= 15, steps


def test_working_on_a_new_county_in_qgis_logs_no_error_and_qgis_exits_with_code_zero(county_facts):
    assert county_facts["log"] == [] and county_facts["returncode"] == 0
