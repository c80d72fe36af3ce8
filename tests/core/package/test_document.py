# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息) of a package: one secrecy level in all files.

The level is lowered only with a reason.
"""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from plugin.core.base.errors import InputError
from plugin.core.base.files.digests import MANIFEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.metadata import find_production_date
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import DocumentInfo
from plugin.paths import REPORT_TEMPLATES_FOLDER
from tests.core.package_fixtures import write_clean_county

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

COUNTY_SPEC = load_package_spec("county")
PROFILE_HEAD = 'id = "x"\nname = "浑源县"\narea_code = "140225"\n'
#: Rules on files that the plugin writes.
OWN_FILE_RULES = ("DOC006", "DOC010", "DOC012", "DOC013", "DOC015")
DOCUMENT_SECTION = '[document]\nsecrecy = "秘密"\ncompiler = "浑源县人民政府"\n'


@pytest.fixture(scope="module")
def document_test_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("成果信息")


@pytest.fixture(scope="module")
def county_file(document_test_folder):
    return write_clean_county(document_test_folder / "county.gpkg")


@pytest.fixture(scope="module")
def checked_county(county_file):
    return check_plan(county_file, RunOptions())


@pytest.fixture(scope="module")
def checked_county_with_secrecy(county_file, document_test_folder):
    """Return a check with a profile that sets the secrecy level 秘密."""
    path = document_test_folder / "x.toml"
    path.write_text(PROFILE_HEAD + DOCUMENT_SECTION, encoding="utf-8")
    return check_plan(county_file, RunOptions(profile=str(path)))


def export_with_document(checked, folder, info=None, spec=COUNTY_SPEC):
    """Export a package by force with given document information; return the result."""
    return export_package(checked, ExportOrder(spec, folder, is_forced=True, document_info=info))


def read_package_manifest(done):
    """Return the manifest of an exported package; fail unless it follows its schema."""
    manifest = json.loads((done.path / MANIFEST_FILE_NAME).read_text(encoding="utf-8"))
    schema = json.loads((REPORT_TEMPLATES_FOLDER / "manifest.schema.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(manifest)] == []
    return manifest


def read_secrecy_levels(done):
    """Return the secrecy levels in the metadata of an exported package."""
    (path,) = done.path.rglob("*.xml")
    return {element.text for element in ET.parse(path).getroot().iter("密级")}


def read_report_document(done):
    """Return the document information in the JSON report of an exported package."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in done.path.rglob("*.json")]
    (report,) = [one for one in documents if one.get("schema") == "sanxian-report/1"]
    return report["provenance"]["document"]


def test_package_uses_the_document_info_of_its_spec_if_profile_and_project_have_none(checked_county, tmp_path):
    spec = replace(COUNTY_SPEC, maps=replace(COUNTY_SPEC.maps, maker="{name}人民政府"))
    done = export_with_document(checked_county, tmp_path, spec=spec)
    manifest = read_package_manifest(done)
    assert (manifest["secrecy"], manifest["document"]["compiler"]) == ("内部", "浑源县人民政府")
    assert set(manifest["document"]["sources"].values()) == {"form"} and manifest["document"]["lowered"] == []
    assert read_report_document(done)["secrecy"] == "内部"


@pytest.mark.slow
def test_secrecy_level_of_the_profile_is_used_in_every_file(checked_county_with_secrecy, tmp_path):
    done = export_with_document(checked_county_with_secrecy, tmp_path)
    manifest = read_package_manifest(done)
    assert (manifest["secrecy"], manifest["document"]["sources"]["secrecy"]) == ("秘密", "profile")
    assert read_secrecy_levels(done) == {"秘密"} and read_report_document(done)["secrecy"] == "秘密"
    page = (done.path / MANIFEST_PAGE_FILE_NAME).read_text(encoding="utf-8")
    assert "秘密" in page and "浑源县人民政府" in page and "内部" not in page
    inspected = inspect_package(
        done.path, COUNTY_SPEC, RunOptions(profile=str(checked_county_with_secrecy.plan.norm.profile.path))
    ).report
    assert [f.message for f in inspected.findings if f.code in OWN_FILE_RULES] == []


def test_lower_secrecy_level_without_a_reason_stops_the_export_before_writing(checked_county_with_secrecy, tmp_path):
    with pytest.raises(InputError) as caught:
        export_with_document(checked_county_with_secrecy, tmp_path, DocumentInfo("内部"))
    assert caught.value.key == "document_secrecy_lowered" and list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_lower_secrecy_level_with_a_reason_is_recorded_with_it(checked_county_with_secrecy, tmp_path):
    info = DocumentInfo("公开", map_approval="晋S(2026)001号", secrecy_reason="公示稿已脱密")
    done = export_with_document(checked_county_with_secrecy, tmp_path, info)
    manifest = read_package_manifest(done)
    assert manifest["secrecy"] == "公开" and manifest["document"]["map_approval"] == "晋S(2026)001号"
    assert [row["reason"] for row in manifest["document"]["lowered"]] == ["公示稿已脱密"]
    assert any("公示稿已脱密" in row["message"] for row in manifest["problems"])
    assert any("公示稿已脱密" in problem.format_as_sentence(Texts("en")) for problem in done.problems)
    page = (done.path / MANIFEST_PAGE_FILE_NAME).read_text(encoding="utf-8")
    assert "公示稿已脱密" in page and "晋S(2026)001号" in page
    assert read_report_document(done)["lowered"][0]["reason"] == "公示稿已脱密"
    inspected = inspect_package(
        done.path, COUNTY_SPEC, RunOptions(profile=str(checked_county_with_secrecy.plan.norm.profile.path))
    ).report
    assert [f.message for f in inspected.findings if f.code in OWN_FILE_RULES] == []


def test_missing_secrecy_level_raises_an_error_that_names_the_setting(checked_county, tmp_path):
    with pytest.raises(InputError) as caught:
        export_with_document(checked_county, tmp_path, spec=replace(COUNTY_SPEC, secrecy=""))
    assert "[document] secrecy" in Texts("zh").explain_error(caught.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("printed", "date"),
    [
        ("", "2026-11-20"),
        ("2026年8月", "2026-08"),
        ("2026年8月5日", "2026-08-05"),
        ("2026-08-05", "2026-08-05"),
        ("2026.8", "2026-08"),
        ("二〇二六年八月", "2026-11-20"),
        ("2026年13月", "2026-11-20"),
        ("2027年1月", "2026-11-20"),
    ],
)
def test_production_date_is_the_printed_date_or_if_that_is_unreadable_or_in_the_future_the_export_date(printed, date):
    assert find_production_date({"made": "2026-11-20T08:00:00+08:00", "document": {"date": printed}}) == date
    assert find_production_date({"made": "2026-11-20T08:00:00+08:00"}) == "2026-11-20"
