# SPDX-License-Identifier: GPL-2.0-or-later
"""成果信息 in a package: one level of secrecy in manifest, metadata, page and report, and none lowered in silence."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from plugin.core.check import Options, check_plan
from plugin.core.errors import InputError
from plugin.core.files.digests import MANIFEST, PAGE
from plugin.core.messages.texts import Texts
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.metadata import find_production_date
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.profile import DocumentInfo
from plugin.paths import MANIFEST_SCHEMA
from tests.county import make_county
from tests.county.write import write_geopackage

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

FORM = load_package_spec("county")
HEAD = 'id = "x"\nname = "浑源县"\narea_code = "140225"\n'
#: Rules that compare what the plugin itself writes.
OF_OUR_OWN = ("DOC006", "DOC010", "DOC012", "DOC013", "DOC015")
SECTION = '[document]\nsecrecy = "秘密"\ncompiler = "浑源县人民政府"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("成果信息")


@pytest.fixture(scope="module")
def source(folder):
    layers, _ = make_county(300, defects=False)
    write_geopackage(folder / "county.gpkg", layers)
    return folder / "county.gpkg"


@pytest.fixture(scope="module")
def checked(source):
    return check_plan(source, Options())


@pytest.fixture(scope="module")
def secret(source, folder):
    """Checked by a profile that sets a level."""
    path = folder / "x.toml"
    path.write_text(HEAD + SECTION, encoding="utf-8")
    return check_plan(source, Options(profile=str(path)))


def exported(checked, folder, info=None, form=FORM):
    return export_package(checked, ExportOrder(form, folder, force=True, document_info=info))


def manifest_of(done):
    said = json.loads((done.path / MANIFEST).read_text(encoding="utf-8"))
    schema = json.loads(MANIFEST_SCHEMA.read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(said)] == []
    return said


def levels_of(done):
    (path,) = done.path.rglob("*.xml")
    return {element.text for element in ET.parse(path).getroot().iter("密级")}


def report_of(done):
    said = [json.loads(path.read_text(encoding="utf-8")) for path in done.path.rglob("*.json")]
    (report,) = [one for one in said if one.get("schema") == "sanxian-report/1"]
    return report["provenance"]["document"]


def test_the_form_is_the_fallback(checked, tmp_path):
    form = replace(FORM, maps=replace(FORM.maps, maker="{name}人民政府"))
    done = exported(checked, tmp_path, form=form)
    said = manifest_of(done)
    assert (said["secrecy"], said["document"]["compiler"]) == ("内部", "浑源县人民政府")
    assert set(said["document"]["sources"].values()) == {"form"} and said["document"]["lowered"] == []
    assert report_of(done)["secrecy"] == "内部"


@pytest.mark.slow
def test_the_profile_decides_everywhere_alike(secret, tmp_path):
    done = exported(secret, tmp_path)
    said = manifest_of(done)
    assert (said["secrecy"], said["document"]["sources"]["secrecy"]) == ("秘密", "profile")
    assert levels_of(done) == {"秘密"} and report_of(done)["secrecy"] == "秘密"
    page = (done.path / PAGE).read_text(encoding="utf-8")
    assert "秘密" in page and "浑源县人民政府" in page and "内部" not in page
    inspected = inspect_package(done.path, FORM, Options(profile=str(secret.plan.norm.profile.path))).report
    found = [f.message for f in inspected.findings if f.code in OF_OUR_OWN]
    assert found == []


def test_a_lower_level_without_a_reason_stops_before_anything_is_written(secret, tmp_path):
    with pytest.raises(InputError) as caught:
        exported(secret, tmp_path, DocumentInfo("内部"))
    assert caught.value.key == "document_secrecy_lowered" and list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_lower_level_is_logged_with_its_reason(secret, tmp_path):
    info = DocumentInfo("公开", map_approval="晋S(2026)001号", secrecy_reason="公示稿已脱密")
    done = exported(secret, tmp_path, info)
    said = manifest_of(done)
    assert said["secrecy"] == "公开" and said["document"]["map_approval"] == "晋S(2026)001号"
    assert [row["reason"] for row in said["document"]["lowered"]] == ["公示稿已脱密"]
    assert any("公示稿已脱密" in row["message"] for row in said["problems"])
    assert any("公示稿已脱密" in problem.sentence(Texts("en")) for problem in done.problems)
    page = (done.path / PAGE).read_text(encoding="utf-8")
    assert "公示稿已脱密" in page and "晋S(2026)001号" in page
    assert report_of(done)["lowered"][0]["reason"] == "公示稿已脱密"
    inspected = inspect_package(done.path, FORM, Options(profile=str(secret.plan.norm.profile.path))).report
    found = [f.message for f in inspected.findings if f.code in OF_OUR_OWN]
    assert found == []


def test_an_approval_number_stays_off_a_package_that_is_not_public(secret, tmp_path):
    done = exported(secret, tmp_path, DocumentInfo(map_approval="晋S(2026)001号"))
    text = (done.path / MANIFEST).read_text(encoding="utf-8") + (done.path / PAGE).read_text(encoding="utf-8")
    assert "晋S(2026)001号" not in text


def test_no_level_at_all_is_an_error_that_names_the_setting(checked, tmp_path):
    with pytest.raises(InputError) as caught:
        exported(checked, tmp_path, form=replace(FORM, secrecy=""))
    assert "[document] secrecy" in Texts("zh").explain(caught.value) and list(tmp_path.iterdir()) == []


def test_a_level_that_the_form_lacks_is_an_error(checked, tmp_path):
    with pytest.raises(InputError) as caught:
        exported(checked, tmp_path, DocumentInfo("绝密"))
    assert caught.value.key == "document_secrecy_form"


def test_a_form_may_leave_the_level_to_the_county(tmp_path):
    text = FORM.path.read_text(encoding="utf-8").replace('secrecy = "内部"', 'secrecy = ""', 1)
    path = tmp_path / "form.toml"
    path.write_text(text, encoding="utf-8")
    assert load_package_spec(path).secrecy == ""


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
def test_the_date_of_production_in_metadata(printed, date):
    assert find_production_date({"made": "2026-11-20T08:00:00+08:00", "document": {"date": printed}}) == date
    assert find_production_date({"made": "2026-11-20T08:00:00+08:00"}) == "2026-11-20"
