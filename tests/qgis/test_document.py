# SPDX-License-Identifier: GPL-2.0-or-later
"""Test document information (成果信息) of a project: secrecy level, offices, date.

It is entered in one dialog, stored in the project, and used in maps and reports.
"""

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import fiona
import pytest
from qgis.core import QgsProcessingException, QgsProject, QgsVectorLayer

from plugin.bridge import settings
from plugin.bridge.layouts import saved_layouts
from plugin.bridge.layouts.export import MapExportOrder, export_maps as run_order
from plugin.bridge.new_project import sample
from plugin.bridge.project import county
from plugin.bridge.running.tasks import JobRunner
from plugin.core.base.errors import InputError
from plugin.core.standard import map_set as maps
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import DocumentInfo, Profile
from plugin.gui.checking.exports import ResultExporter
from plugin.gui.county_form.profile_dialog import ProfileDialog
from plugin.gui.findings.result_owner import InputFingerprint
from plugin.gui.package.form_page import FormPage
from plugin.gui.project.document_line import (
    DocumentDialog,
    DocumentLine,
    SpecDocumentInfo,
    ensure_exportable_document_info,
)
from tests.core.package_fixtures import write_clean_county
from tests.qgis.gui_helpers import make_result, make_small_report
from tests.qgis.helpers import SAMPLE, Log, run_algorithm
from tests.qgis.maps_helpers import make_builder, open_sample_project
from tests.qgis.test_gui_controller import ControllerInterface
from tests.qgis.test_gui_filegdb_warning import read_messages
from tests.qgis.waiting import wait_until

pytestmark = pytest.mark.usefixtures("chinese", "project")

MAPS = maps.load_map_set()
A3 = MAPS.page_size_by_id["A3"]
FULL_DOCUMENT_INFO = DocumentInfo("公开", "浑源县人民政府", "某院", "2026年11月", "晋S(2026)001号", "公示稿已脱密")
PROFILE_TOML = (
    'id = "x"\nname = "浑源县"\narea_code = "140225"\n[document]\nsecrecy = "秘密"\ncompiler = "浑源县人民政府"\n'
)


def make_profile(**values):
    return Profile(id="x", name="某县", area_code="140225", standard="county_db", document_info=DocumentInfo(**values))


@pytest.fixture
def restore_entered_offices():
    """Restore the last entered offices after the test."""
    keys = ("maps/maker", "maps/drawer")
    former = {key: settings.read_setting(key, "") for key in keys}
    for key in keys:
        settings.store_setting(key, "")
    yield
    for key, value in former.items():
        settings.store_setting(key, value)


# --- in the project
def test_document_information_is_stored_in_the_project(tmp_path):
    project = QgsProject()
    assert county.read_document_info(project) == DocumentInfo() and not project.isDirty()
    county.store_document_info(project, FULL_DOCUMENT_INFO)
    assert county.read_document_info(project) == FULL_DOCUMENT_INFO and project.isDirty()
    assert project.write(str(tmp_path / "工程.qgz"))
    again = QgsProject()
    assert again.read(str(tmp_path / "工程.qgz")) and county.read_document_info(again) == FULL_DOCUMENT_INFO
    county.store_document_info(again, DocumentInfo(secrecy="内部"))
    assert county.read_document_info(again) == DocumentInfo(secrecy="内部")


def test_changed_document_information_does_not_outdate_a_check_result(project):
    county.store_document_info(project, FULL_DOCUMENT_INFO)
    before = InputFingerprint.make_project_fingerprint(project)
    assert county.make_check_options(project).document_info == FULL_DOCUMENT_INFO
    county.store_document_info(project, DocumentInfo(secrecy="内部"))
    assert InputFingerprint.make_project_fingerprint(project) == before


# --- the form
@pytest.mark.usefixtures("restore_entered_offices")
def test_document_information_dialog_explains_empty_fields_by_placeholder_disabled_ones_by_tool_tip(project):
    dialog = DocumentDialog(project, make_profile())
    assert dialog.secrecy.lineEdit().placeholderText() == "未设定；导出成果包时取成果包样式的密级"
    assert dialog.date.placeholderText() == f"未设定，如 {date.today().isoformat()}"
    assert not dialog.approval.isEnabled() and "“公开”时才能填写" in dialog.approval.toolTip()
    dialog.secrecy.setEditText("公开")
    assert dialog.approval.isEnabled() and "才能填写" not in dialog.approval.toolTip()


@pytest.mark.usefixtures("restore_entered_offices")
def test_document_information_dialog_stores_the_entered_values(project):
    dialog = DocumentDialog(project, make_profile())
    dialog.secrecy.setEditText("公开")
    for line, text in (
        (dialog.compiler, " 浑源县人民政府 "),
        (dialog.cartographer, "某院"),
        (dialog.date, "2026年11月"),
        (dialog.approval, "晋S(2026)001号"),
    ):
        line.setText(text)
    assert dialog.approval.isEnabled() and not dialog.reason.isEnabled()
    dialog.accept()
    assert county.read_document_info(project) == DocumentInfo(
        "公开", "浑源县人民政府", "某院", "2026年11月", "晋S(2026)001号"
    )
    # The same offices compile several plans, so the form proposes them.
    again = DocumentDialog(QgsProject(), make_profile())
    assert (again.compiler.text(), again.cartographer.text()) == ("浑源县人民政府", "某院")
    assert DocumentDialog(QgsProject(), make_profile(compiler="县配置的")).compiler.text() == ""


def test_document_information_dialog_shows_effective_values_in_empty_fields(project):
    dialog = DocumentDialog(project, make_profile(secrecy="秘密", date="2026年"), DocumentInfo("内部"))
    assert dialog.secrecy.lineEdit().placeholderText() == "秘密（县配置）"
    assert dialog.date.placeholderText() == "2026年（县配置）" and dialog.approval.placeholderText() == "未设定"
    dialog = DocumentDialog(project, make_profile(), DocumentInfo("内部"))
    assert dialog.secrecy.lineEdit().placeholderText() == "内部（成果包样式）"


def test_secrecy_level_below_that_of_the_profile_is_refused_until_a_reason_is_entered(project):
    dialog = DocumentDialog(project, make_profile(secrecy="秘密"))
    dialog.secrecy.setEditText("公开")
    assert dialog.reason.isEnabled()
    dialog.accept()
    assert county.read_document_info(project) == DocumentInfo() and "没有降密理由" in dialog.problem.label.text()
    dialog.reason.setText("公示稿已脱密")
    dialog.accept()
    assert county.read_document_info(project) == DocumentInfo(secrecy="公开", secrecy_reason="公示稿已脱密")
    assert (
        county.resolve_project_document(project, make_profile(secrecy="秘密")).lowered_levels[0].reason
        == "公示稿已脱密"
    )


@pytest.mark.parametrize(("entered", "logged"), [("内部", "内部"), ("", "未填写")])
def test_secrecy_level_below_that_of_the_project_is_refused_until_a_reason_is_entered_and_logged(
    project, qgis_log, entered, logged
):
    county.store_document_info(project, DocumentInfo(secrecy="机密"))
    dialog = DocumentDialog(project, make_profile())
    assert not dialog.reason.isEnabled()
    dialog.secrecy.setEditText(entered)
    assert dialog.reason.isEnabled() and dialog.reason.placeholderText() == "必填"
    dialog.accept()
    assert county.read_document_info(project).secrecy == "机密"
    assert "工程原来的成果信息" in dialog.problem.label.text() and "“机密”" in dialog.problem.label.text()
    dialog.reason.setText("经批准解密")
    dialog.accept()
    assert county.read_document_info(project) == DocumentInfo(secrecy=entered, secrecy_reason="经批准解密")
    assert [line for line in qgis_log if "机密" in line and logged in line and "经批准解密" in line]


def test_document_dialog_requires_a_reason_for_a_secrecy_level_below_the_package_specification(
    project, monkeypatch, qgis_log
):
    from plugin.gui.actions import DialogOpener

    seen = []

    def exec_(dialog):
        dialog.secrecy.setEditText("公开")
        dialog.accept()
        seen.append(dialog.problem.label.text())
        assert county.read_document_info(project) == DocumentInfo()
        dialog.reason.setText("公示稿已脱密")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(DocumentDialog, "exec", exec_)
    line = DocumentLine(project, make_profile)
    line.button.click()
    county.store_document_info(project, DocumentInfo())
    DialogOpener.open_document_dialog(SimpleNamespace(_iface=ControllerInterface()))
    assert len(seen) == 2 and all("没有降密理由" in text and "成果包样式" in text for text in seen)
    assert len([text for text in qgis_log if "公示稿已脱密" in text]) == 2


def test_map_approval_number_can_be_entered_only_for_public_results(project):
    dialog = DocumentDialog(project, make_profile(secrecy="公开"))
    assert dialog.approval.isEnabled()
    dialog.secrecy.setEditText("秘密★20年")
    assert not dialog.approval.isEnabled()
    dialog.secrecy.setEditText("保密")
    dialog.accept()
    assert county.read_document_info(project) == DocumentInfo() and "保密" in dialog.problem.label.text()


# --- before an export
def test_export_with_a_secrecy_level_opens_no_dialog(project, monkeypatch):
    monkeypatch.setattr(DocumentDialog, "exec", lambda dialog: pytest.fail("asked"))
    county.store_document_info(project, DocumentInfo(secrecy="内部"))
    assert ensure_exportable_document_info(project, None)
    county.store_document_info(project, DocumentInfo())
    assert ensure_exportable_document_info(project, None, SpecDocumentInfo(DocumentInfo("内部"), ("内部",), "样式"))


def test_export_without_secrecy_level_asks_until_a_valid_level_is_stored(project, monkeypatch):
    asked = []

    def exec_(dialog):
        asked.append(dialog.problem.label.text())
        dialog.secrecy.setEditText("")
        dialog.accept()
        assert county.read_document_info(project).secrecy == "" and "没有设定密级" in dialog.problem.label.text()
        dialog.secrecy.setEditText("绝密")
        dialog.accept()
        assert county.read_document_info(project).secrecy == "" and "某样式" in dialog.problem.label.text()
        dialog.secrecy.setEditText("内部")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(DocumentDialog, "exec", exec_)
    assert ensure_exportable_document_info(project, None, SpecDocumentInfo(DocumentInfo(), ("公开", "内部"), "某样式"))
    assert county.read_document_info(project).secrecy == "内部" and "没有设定密级" in asked[0]


def test_document_information_line_shows_effective_values_and_opens_the_dialog(project, monkeypatch):
    line, changed = DocumentLine(project, make_profile), []
    line.changed.connect(lambda: changed.append(True))
    assert line.label.text() == "密级未设定"

    def exec_(dialog):
        dialog.secrecy.setEditText("公开")
        dialog.reason.setText("公示稿已脱密")
        dialog.compiler.setText("某县人民政府")
        dialog.approval.setText("审1")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(DocumentDialog, "exec", exec_)
    line.button.click()
    assert line.label.text().startswith("公开（工程的成果信息） · 某县人民政府") and "审1" in line.label.text()
    assert changed == [True]


def test_export_and_profile_forms_show_the_document_information_line(project):
    page = FormPage(project)
    assert page.document.label.text() == "内部（成果包样式）"
    assert page.ask_for_exportable_document_info()
    county.store_document_info(project, DocumentInfo(secrecy="机密"))
    page.folder.line.setText("/tmp")
    assert page.make_order().document_info.secrecy == "机密"
    page.document.update_summary()
    assert page.document.label.text() == "机密（工程的成果信息）"
    dialog = ProfileDialog(project)
    assert dialog.document.label.text() == "机密（工程的成果信息）"


# --- package
def test_export_package_records_a_lowered_secrecy_level_with_its_reason(provider, project, tmp_path):
    path = write_clean_county(tmp_path / "county.gpkg")
    project.addMapLayers([QgsVectorLayer(f"{path}|layername={name}", name, "ogr") for name in fiona.listlayers(path)])
    county.store_document_info(project, DocumentInfo(secrecy="机密"))
    wanted = {"FORCE": True, "MAPS": False, "SECRECY": "内部"}
    with pytest.raises(QgsProcessingException, match="机密"):
        run_algorithm("export_package", {**wanted, "OUTPUT": str(tmp_path / "无理由")})
    log = Log()
    done = run_algorithm(
        "export_package", {**wanted, "SECRECY_REASON": "另有批准", "OUTPUT": str(tmp_path / "成果")}, log
    )
    assert any("另有批准" in line and "机密" in line for line in log.lines)
    manifest = json.loads((Path(done["OUTPUT"]) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["secrecy"] == "内部"
    (lowered,) = manifest["document"]["lowered"]
    assert (lowered["above"], lowered["secrecy"], lowered["source"], lowered["reason"]) == (
        "机密",
        "内部",
        "run",
        "另有批准",
    )
    assert county.read_document_info(project).secrecy == "机密"


# --- maps
def test_export_maps_without_secrecy_level_fails_and_names_the_setting(provider, tmp_path):
    with pytest.raises(QgsProcessingException, match=r"密级.*\[document\] secrecy.*SECRECY"):
        run_algorithm("export_maps", {"SOURCE": str(SAMPLE), "MAPS": "three_zones", "OUTPUT": str(tmp_path / "图")})
    assert list(tmp_path.rglob("*.*")) == []


def test_export_maps_uses_the_secrecy_level_of_the_profile_and_logs_a_lowered_level(provider, tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(PROFILE_TOML, encoding="utf-8")
    wanted = {"SOURCE": str(SAMPLE), "PROFILE": str(profile), "MAPS": "three_zones", "FORMAT": "jpg"}
    folder = tmp_path / "图"
    with pytest.raises(QgsProcessingException, match="没有降密理由"):
        run_algorithm("export_maps", {**wanted, "SECRECY": "公开", "OUTPUT": str(folder)})
    log = Log()
    run_algorithm(
        "export_maps", {**wanted, "SECRECY": "公开", "SECRECY_REASON": "公示稿已脱密", "OUTPUT": str(folder)}, log
    )
    assert any("公示稿已脱密" in line and "秘密" in line for line in log.lines)
    assert any("没有审图号" in line for line in log.lines)
    assert len(list(folder.glob("*.jpg"))) == 1


def test_export_maps_lowers_the_project_secrecy_level_only_with_a_logged_reason(provider, project, tmp_path):
    sample.load_sample(project, sample.copy_sample(tmp_path / "copy"))
    county.store_document_info(project, DocumentInfo(secrecy="机密"))
    wanted = {"MAPS": "three_zones", "FORMAT": "jpg", "OUTPUT": str(tmp_path / "图")}
    with pytest.raises(QgsProcessingException, match="机密"):
        run_algorithm("export_maps", {**wanted, "SECRECY": "内部"})
    log = Log()
    run_algorithm("export_maps", {**wanted, "SECRECY": "内部", "SECRECY_REASON": "另有批准"}, log)
    assert any("另有批准" in line and "机密" in line for line in log.lines)


@pytest.fixture
def project_with_secret_layout(qgis_app, tmp_path):
    """Return a project with a saved layout that is marked secret (秘密)."""
    project = open_sample_project(tmp_path)
    builder = make_builder(project, DocumentInfo("秘密"))
    saved_layouts.save_layouts(builder, [(MAPS.map_by_id["three_zones"], A3, False)])
    return project


def make_map_order(folder):
    folder.mkdir()
    return MapExportOrder(maps=(MAPS.map_by_id["three_zones"],), page_size=A3, target_folder=folder, formats=("pdf",))


def test_saved_layout_is_not_exported_with_a_lower_secrecy_level_without_a_reason(project_with_secret_layout, tmp_path):
    builder = make_builder(project_with_secret_layout, DocumentInfo("内部"))
    with pytest.raises(InputError) as caught:
        run_order(builder, make_map_order(tmp_path / "甲"))
    assert "三区图" in Texts("zh").explain_error(caught.value) and list((tmp_path / "甲").iterdir()) == []
    builder = make_builder(project_with_secret_layout, DocumentInfo("内部", secrecy_reason="公示稿已脱密"))
    outcome = run_order(builder, make_map_order(tmp_path / "乙"))
    assert len(outcome.written_files) == 1
    assert [("公示稿已脱密" in note.render(Texts("zh"))) for note in outcome.notes] == [True]


def test_map_approval_number_is_printed_only_on_public_maps(project_with_secret_layout):
    builder = make_builder(project_with_secret_layout, FULL_DOCUMENT_INFO)
    layout = builder.build_layout(MAPS.map_by_id["three_zones"], A3)
    assert layout.itemById("approval").currentText() == "审图号：晋S(2026)001号"
    builder = make_builder(project_with_secret_layout, DocumentInfo("内部", map_approval="晋S(2026)001号"))
    layout = builder.build_layout(MAPS.map_by_id["three_zones"], A3)
    assert layout.itemById("approval").currentText() == ""


def test_export_reports_an_edited_layout_without_a_label_for_the_approval_number(project_with_secret_layout, tmp_path):
    layout = saved_layouts.find_layout(project_with_secret_layout, MAPS.map_by_id["three_zones"], A3, False)
    layout.removeLayoutItem(layout.itemById("approval"))
    outcome = run_order(make_builder(project_with_secret_layout, FULL_DOCUMENT_INFO), make_map_order(tmp_path / "丙"))
    assert any("没有审图号标签" in note.render(Texts("zh")) for note in outcome.notes)


# --- reports
def test_saved_report_contains_the_current_document_information(project, monkeypatch):
    window, runner, result, written = ControllerInterface(), JobRunner(), make_result(make_small_report()), []
    monkeypatch.setattr(
        "plugin.bridge.checking.check.write_check_outputs",
        lambda checked, outputs, **more: written.append(checked.report),
    )
    county.store_document_info(project, DocumentInfo(secrecy="内部", compiler="浑源县人民政府"))
    ResultExporter(window, runner, lambda: result, lambda: county.read_document_info(project)).save_result(
        "json", "报告.json"
    )
    assert wait_until(lambda: bool(written), 30)
    values_in_report = written[0].provenance["document"]
    assert (values_in_report["secrecy"], values_in_report["compiler"]) == ("内部", "浑源县人民政府")
    assert "document" not in result.report.provenance
    # A result of another project or of a package keeps its own values.
    ResultExporter(window, runner, lambda: result, is_list_filtered=lambda: True).save_result("json", "报告.json")
    assert wait_until(lambda: len(written) == 2, 30)
    assert wait_until(lambda: "筛选所隐藏的" in read_messages(window))
    assert "document" not in written[1].provenance
    runner.stop_all()
    window.window.deleteLater()
