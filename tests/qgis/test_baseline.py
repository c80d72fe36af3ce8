# SPDX-License-Identifier: GPL-2.0-or-later
"""The baseline (sealed edition) in the toolbox, in 县配置 and for one rule."""

import shutil

import pytest
from qgis.core import QgsProcessingException, QgsProject

from plugin.bridge.project import county
from tests.qgis.helpers import digest_files, make_frame, make_square, run_algorithm, write_small

RULES = "LAW015,LAW016,LAW017"


def line(width=100.0):
    return make_frame([make_square(0, 0, width)], BSM=["140225000000000001"])


@pytest.fixture
def files(tmp_path):
    """Write the sealed red line and a wider one."""
    return write_small(tmp_path / "封库.gpkg", STBHHX=line()), write_small(tmp_path / "plan.gpkg", STBHHX=line(120.0))


def test_check_plan_reports_what_was_added(provider, files, tmp_path):
    sealed, plan = files
    sums = digest_files(sealed), digest_files(plan)
    done = run_algorithm("check_plan", {"SOURCE": str(plan), "BASELINE": str(sealed), "RULES": "LAW017"})
    assert (done["WARNINGS"], done["ERRORS"]) == (1, 0)
    same = run_algorithm(
        "check_plan", {"SOURCE": str(plan), "BASELINE": str(shutil.copy(plan, tmp_path / "c.gpkg")), "RULES": RULES}
    )
    # The sealed edition is the checked data itself (RUN904).
    assert (same["WARNINGS"], same["SKIPPED"]) == (1, 0)
    for baseline, words in ((plan, "与被检查的数据是同一份"), (tmp_path / "nothing.gpkg", "nothing.gpkg")):
        with pytest.raises(QgsProcessingException, match=words):
            run_algorithm("check_plan", {"SOURCE": str(plan), "BASELINE": str(baseline)})
    with pytest.raises(QgsProcessingException):
        run_algorithm("check_plan", {"SOURCE": str(plan), "BASELINE": str(sealed), "OUTPUT_FINDINGS": str(sealed)})
    assert (digest_files(sealed), digest_files(plan)) == sums


def test_a_single_rule_accepts_the_baseline(provider, files):
    sealed, plan = files
    given = {"RED_LINE": f"{plan}|layername=STBHHX", "BASELINE": str(sealed)}
    assert run_algorithm("sealed_lines_unchanged", given)["FINDINGS"] == 1
    assert provider.algorithm("layer_overlap").parameterDefinition("BASELINE") is None


def test_the_project_stores_the_baseline_relative_to_its_file(provider, project, files, tmp_path):
    sealed, _ = files
    project.write(str(tmp_path / "p.qgz"))
    county.keep(project, county.County(profile="hunyuan", baseline=str(sealed)))
    assert county.of(project).baseline == "封库.gpkg"
    assert county.options(project).baseline == str(sealed)
    county.keep(project, county.County())
    assert county.of(project) == county.County() and county.options(project).baseline == ""


def test_the_dialog_keeps_what_was_typed(provider, project, files):
    from plugin.gui.county_form.profile_dialog import ProfileDialog

    dialog = ProfileDialog(QgsProject.instance())
    dialog.baseline.line.setText(str(files[0]))
    dialog.accept()
    assert county.of(QgsProject.instance()).baseline == str(files[0])
    assert ProfileDialog(QgsProject.instance()).baseline.text() == str(files[0])
