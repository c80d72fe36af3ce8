# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the baseline: the approved (sealed) edition that a plan is compared with.

It is chosen in the toolbox, in the county profile dialog (县配置) and for one rule.
"""

import shutil

import pytest
from qgis.core import QgsProcessingException, QgsProject

from plugin.bridge.project import county
from tests.qgis.helpers import digest_files, make_square, make_table, run_algorithm, write_small

SEALED_EDITION_RULES = "LAW015,LAW016,LAW017"


def make_red_line(width=100.0):
    return make_table([make_square(0, 0, width)], BSM=["140225000000000001"])


@pytest.fixture
def sealed_and_plan_files(tmp_path):
    """Return two GeoPackages: the approved red line, and a wider one."""
    return write_small(tmp_path / "封库.gpkg", STBHHX=make_red_line()), write_small(
        tmp_path / "plan.gpkg", STBHHX=make_red_line(120.0)
    )


def test_check_plan_reports_land_added_since_the_sealed_baseline(provider, sealed_and_plan_files, tmp_path):
    sealed, plan = sealed_and_plan_files
    sums = digest_files(sealed), digest_files(plan)
    done = run_algorithm("check_plan", {"SOURCE": str(plan), "BASELINE": str(sealed), "RULES": "LAW017"})
    assert (done["WARNINGS"], done["ERRORS"]) == (1, 0)
    same = run_algorithm(
        "check_plan",
        {"SOURCE": str(plan), "BASELINE": str(shutil.copy(plan, tmp_path / "c.gpkg")), "RULES": SEALED_EDITION_RULES},
    )
    # The sealed edition is the checked data itself (RUN904).
    assert (same["WARNINGS"], same["SKIPPED"]) == (1, 0)
    for baseline, words in ((plan, "与被检查的数据是同一份"), (tmp_path / "nothing.gpkg", "nothing.gpkg")):
        with pytest.raises(QgsProcessingException, match=words):
            run_algorithm("check_plan", {"SOURCE": str(plan), "BASELINE": str(baseline)})
    with pytest.raises(QgsProcessingException):
        run_algorithm("check_plan", {"SOURCE": str(plan), "BASELINE": str(sealed), "OUTPUT_FINDINGS": str(sealed)})
    assert (digest_files(sealed), digest_files(plan)) == sums


def test_rule_algorithm_accepts_a_baseline_only_if_the_rule_uses_it(provider, sealed_and_plan_files):
    sealed, plan = sealed_and_plan_files
    given = {"RED_LINE": f"{plan}|layername=STBHHX", "BASELINE": str(sealed)}
    assert run_algorithm("sealed_lines_unchanged", given)["FINDINGS"] == 1
    assert provider.algorithm("layer_overlap").parameterDefinition("BASELINE") is None


def test_project_stores_the_baseline_path_relative_to_the_project_file(
    provider, project, sealed_and_plan_files, tmp_path
):
    sealed, _ = sealed_and_plan_files
    project.write(str(tmp_path / "p.qgz"))
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan", baseline=str(sealed)))
    assert county.read_county_settings(project).baseline == "封库.gpkg"
    assert county.make_check_options(project).baseline == str(sealed)
    county.store_county_settings(project, county.ProjectCountySettings())
    assert (
        county.read_county_settings(project) == county.ProjectCountySettings()
        and county.make_check_options(project).baseline == ""
    )


def test_county_profile_dialog_stores_the_entered_baseline_path(provider, project, sealed_and_plan_files):
    from plugin.gui.county_form.profile_dialog import ProfileDialog

    dialog = ProfileDialog(QgsProject.instance())
    dialog.baseline.line.setText(str(sealed_and_plan_files[0]))
    dialog.accept()
    assert county.read_county_settings(QgsProject.instance()).baseline == str(sealed_and_plan_files[0])
    assert ProfileDialog(QgsProject.instance()).baseline.text() == str(sealed_and_plan_files[0])
