# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm inspect_package, in scripts and in qgis_process."""

import json
import shutil
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException

from tests.core.package_fixtures import export_complete_package
from tests.qgis.helpers import digest_files, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")

PLAN_TEXT_FILE = "2-规划文档/140225浑源县国土空间总体规划文本.pdf"


@pytest.fixture(scope="module")
def exported_package(tmp_path_factory):
    return export_complete_package(tmp_path_factory.mktemp("成果"))


@pytest.fixture
def package_copy(exported_package, tmp_path):
    return Path(shutil.copytree(exported_package, tmp_path / exported_package.name))


def test_inspect_package_passes_a_complete_package_and_fails_a_damaged_one(tmp_path, package_copy):
    before = digest_files(package_copy)
    done = run_algorithm("inspect_package", {"INPUT": str(package_copy)})
    # The mdb of the documents was not compared.
    assert (done["ERRORS"], done["WARNINGS"], done["VERDICT"]) == (0, 1, "conditional") and digest_files(
        package_copy
    ) == before
    (package_copy / PLAN_TEXT_FILE).unlink()
    outputs = {"OUTPUT_HTML": str(tmp_path / "a.html"), "OUTPUT_JSON": str(tmp_path / "a.json")}
    done = run_algorithm(
        "inspect_package", {"INPUT": str(package_copy), "OUTPUT_FINDINGS": str(tmp_path / "a.gpkg"), **outputs}
    )
    assert done["ERRORS"] == 2 and done["VERDICT"] == "fail"
    result = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert {f["code"] for f in result["findings"]} == {"DOC002", "DOC006", "DOC011"}
    assert PLAN_TEXT_FILE in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "expected"), [({}, "INPUT"), ({"INPUT": "/没有"}, "没有"), ({"PACKAGE": "省"}, "省")]
)
def test_inspect_package_reports_invalid_parameters(tmp_path, given, expected):
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("inspect_package", {"INPUT": str(tmp_path), **given} if given else {"INPUT": ""})
    assert expected in str(caught.value)
