# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the dialogs that export and inspect a submission package."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from qgis.core import Qgis, QgsFeature, QgsGeometry, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QPushButton

from plugin.bridge import settings
from plugin.bridge.layers import role_recognition, styles
from plugin.bridge.new_project.sample import copy_sample, load_sample
from plugin.bridge.package import layers as package_layers, preview as package_ahead
from plugin.bridge.package.preview import (
    NO_OBJECTIONS,
    REFUSED_FOLDER,
    REPLACED_PACKAGE,
    ExportObjections,
    PackagePreview,
    SlotPreview,
)
from plugin.bridge.project import saved_paths
from plugin.bridge.running.tasks import JobRunner
from plugin.core.base.errors import NEVER_CANCELLED, InputError, OutputError
from plugin.core.base.files.digests import MANIFEST_FILE_NAME, MANIFEST_SCHEMA
from plugin.core.cli.examples.package_facts import make_pdf
from plugin.core.package.export_order import ExportOrder
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.problems import ExportProblem, GateRefusal, ProblemLevel, ProblemPlace
from plugin.core.standard.messages.texts import Texts
from plugin.gui.package import export_preview
from plugin.gui.package.export import PackageExport
from plugin.gui.package.export_dialog import ExportDialog
from plugin.gui.package.export_preview import ExportEnvironment
from plugin.gui.package.form_page import SlotsList
from plugin.gui.package.inspect import InspectDialog, remember_package
from plugin.gui.widgets.labels_and_buttons import ElidedLabel
from tests.qgis.gui_helpers import FakeInterface, make_result, make_small_report
from tests.qgis.helpers import SAMPLE
from tests.qgis.waiting import process_events, wait_until

pytestmark = pytest.mark.usefixtures("chinese", "project")

COUNTY_VALUES = {"code": "140225", "name": "浑源县"}
PACKAGE_NAME = "140225浑源县国土空间总体规划"
PLAN_TEXT_FILE = f"{PACKAGE_NAME}文本.pdf"


def write_manifest(package, *files):
    """Write the manifest (list of files) of a former export without layers."""
    rows = [{"path": path, "sha256": "0" * 64} for path in files]
    manifest = {"schema": MANIFEST_SCHEMA, "check": {"verdict": "pass"}, "files": rows, "layers": []}
    (package / MANIFEST_FILE_NAME).write_text(json.dumps(manifest), encoding="utf-8")


def preview_export(tmp_path, documents=True, **more):
    """Return the preview of a package export, and its documents folder."""
    folder = tmp_path / "文档"
    folder.mkdir(exist_ok=True)
    order = ExportOrder(load_package_spec("county"), tmp_path / "成果", folder if documents else None, **more)
    return package_ahead.preview_package(order, COUNTY_VALUES), folder


# --- preview of an export
def test_package_preview_assigns_files_by_name_and_marks_unreadable_or_unknown_files(tmp_path):
    seen, folder = preview_export(tmp_path)
    assert seen.folder_name == PACKAGE_NAME and seen.folder_state == package_ahead.NEW_FOLDER
    assert [s.found_file_names for s in seen.slots if s.kind == "document"] == [()] * 4
    (folder / PLAN_TEXT_FILE).write_bytes(make_pdf())
    (folder / "图").mkdir()
    (folder / "140225浑源县质量检查报告.pdf").write_bytes(b"no pdf")
    (folder / "会议记录.docx").write_bytes(b"x")
    seen, _ = preview_export(tmp_path)
    by_title = {s.title: s for s in seen.slots}
    assert by_title["规划文本"].found_file_names == (PLAN_TEXT_FILE,) and not by_title["规划文本"].has_unusable_files
    assert by_title["质量检查报告"].has_unusable_files
    assert seen.unassigned_files == ("会议记录.docx",) and seen.unused_file_count == 1
    assert seen.watched_paths == (str(folder), str(folder / "图"), str(folder / "140225浑源县质量检查报告.pdf"))


def test_package_preview_lists_documents_before_the_county_is_known(tmp_path):
    folder = tmp_path / "文档"
    folder.mkdir()
    (folder / PLAN_TEXT_FILE).write_bytes(b"%PDF-1.4\n")
    (folder / "别的.txt").write_bytes(b"x")
    order = ExportOrder(load_package_spec("county"), tmp_path / "成果", folder)
    seen = package_ahead.preview_package(order, {})
    slots = {slot.title: slot for slot in seen.slots}
    assert (
        seen.folder_name == ""
        and slots["规划文本"].found_file_names == (PLAN_TEXT_FILE,)
        and seen.unassigned_files == ("别的.txt",)
    )
    assert [slot.title for slot in seen.slots] == [
        slot.title for slot in package_ahead.preview_package(order, COUNTY_VALUES).slots
    ]
    assert all("{" not in slot.file_name_pattern for slot in seen.slots)
    assert (
        slots["规划文本"].file_name_pattern == "行政区代码＋县名国土空间总体规划文本.pdf"
        and str(folder) in seen.watched_paths
    )


def test_package_preview_refuses_a_folder_of_other_files_and_accepts_a_package_as_replaceable(tmp_path):
    (tmp_path / "成果" / PACKAGE_NAME).mkdir(parents=True)
    assert preview_export(tmp_path)[0].folder_state == package_ahead.NEW_FOLDER, "an empty folder is nothing"
    (tmp_path / "成果" / PACKAGE_NAME / "我的文件.txt").write_text("x")
    seen, _ = preview_export(tmp_path)
    assert seen.folder_state == REFUSED_FOLDER and "不是本插件生成的成果包" in seen.refusal_reason
    write_manifest(tmp_path / "成果" / PACKAGE_NAME, "我的文件.txt")
    assert preview_export(tmp_path)[0].folder_state == REPLACED_PACKAGE


def test_package_preview_marks_documents_taken_from_the_package_that_will_be_replaced(tmp_path):
    former = tmp_path / "成果" / PACKAGE_NAME / "2-规划文档"
    former.mkdir(parents=True)
    (former / PLAN_TEXT_FILE).write_bytes(make_pdf())
    write_manifest(former.parent, f"2-规划文档/{PLAN_TEXT_FILE}")
    seen, _ = preview_export(tmp_path)
    assert (
        seen.folder_state == REPLACED_PACKAGE
        and seen.slots[0].is_from_existing_package
        and seen.slots[0].found_file_names == (PLAN_TEXT_FILE,)
    )


def test_export_objections_are_reused_for_the_same_export_order_but_not_for_other_options(small):
    from plugin.core.checks.check import RunOptions, check_plan

    checked = check_plan(str(small), RunOptions(lang="zh"))
    order = ExportOrder(load_package_spec("county"), small.parent)
    against = package_ahead.find_objections(checked, order, NEVER_CANCELLED)
    assert "检查结论是" in against.reasons_unless_forced[0] and against.notes


def test_package_preview_raises_an_error_for_a_missing_documents_folder(tmp_path):
    order = ExportOrder(load_package_spec("county"), tmp_path, tmp_path / "没有")
    with pytest.raises(InputError, match="package_no_documents"):
        package_ahead.preview_package(order, COUNTY_VALUES)


def test_package_preview_reads_county_code_and_name_from_the_profile_only():
    from plugin.core.checks.check import RunOptions

    form = load_package_spec("county")
    assert package_ahead.find_county_placeholders(form, RunOptions(profile="hunyuan"), None) == COUNTY_VALUES
    assert package_ahead.find_county_placeholders(form, RunOptions(), None) == {}
    assert (
        package_ahead.find_county_placeholders(load_package_spec("city"), RunOptions(profile="hunyuan"), None)["code"]
        == "140200"
    )


def test_package_file_list_marks_found_missing_and_unreadable_files_by_text_and_icon(tmp_path):
    slots = (
        SlotPreview("document", "规划文本", "M", PLAN_TEXT_FILE),
        SlotPreview("document", "质量检查报告", "C", "b.pdf", ("b.pdf",), has_unusable_files=True),
        SlotPreview("table", "规划表格", "C", "c.mdb", ("c.mdb",), is_from_existing_package=True),
        SlotPreview("map", "规划图件", "C", "d.jpg", ("1.jpg", "2.jpg")),
        SlotPreview("map", "附图", "C", "e.jpg", can_be_drawn=True, id="e"),
        SlotPreview("map", "别的图", "C", "f.jpg"),
        SlotPreview("table", "规划表格", "C", "g.mdb", is_only_workbook=True),
    )
    shown = SlotsList()
    shown.show_preview(PackagePreview(slots=slots), True)
    listed = [[shown.topLevelItem(n).text(c) for c in range(3)] for n in range(shown.topLevelItemCount())]
    assert listed == [
        ["规划文本", "必须", f"未找到：{PLAN_TEXT_FILE}"],
        ["质量检查报告", "有则必须", "无法打开：b.pdf"],
        ["规划表格", "有则必须", "c.mdb（原成果包中的）"],
        ["规划图件", "有则必须", "2 个文件"],
        ["附图", "有则必须", "导出时生成"],
        ["别的图", "有则必须", "未找到：f.jpg"],
        ["规划表格", "有则必须", "导出时生成 xlsx；接收单位要求 mdb 的，用 Access 另存"],
        ["检查报告（html、json）、指标表、元数据、清单", "—", "导出时生成"],
    ]
    assert shown.topLevelItem(3).toolTip(2) == "1.jpg\n2.jpg"
    assert not any(shown.topLevelItem(n).icon(0).isNull() for n in range(8))
    shown.show_preview(PackagePreview(slots=slots), False)
    assert shown.topLevelItem(4).text(2) == "未找到：e.jpg"
    shown.show_preview(PackagePreview(slots=slots, missing_maps={"e": "附图缺图层 LX"}), True)
    item = shown.topLevelItem(4)
    assert (item.text(2), item.toolTip(2)) == ("不生成：附图缺图层 LX", "e.jpg")
    assert not item.isDisabled(), "the reason is hardly readable in the colour of disabled text"


@pytest.mark.parametrize("driver", ["mdb_no_driver", object()], ids=["without Access", "with Access"])
def test_package_preview_states_that_tables_are_only_a_workbook_without_an_access_driver(tmp_path, monkeypatch, driver):
    monkeypatch.setattr("plugin.core.package.tables.access_database.find_access_driver", lambda: driver)
    slot = next(slot for slot in preview_export(tmp_path)[0].slots if slot.title == "规划表格")
    assert (slot.is_only_workbook, slot.is_generated) == ((True, False) if isinstance(driver, str) else (False, True))


def test_package_file_list_hides_the_row_that_accepts_any_map_if_a_map_is_supplied_or_drawn():
    any_map = SlotPreview("map", "规划图件", "C", "行政区代码＋两位序号.jpg", accepts_any_map=True, id="maps")
    drawn = SlotPreview("map", "01 三条控制线图", "C", "01.jpg", can_be_drawn=True, id="01")
    given = SlotPreview("map", "02 别的图", "C", "02.jpg", ("02.jpg",), id="02")

    def list_ids(maps, *slots, missing=()):
        ahead = PackagePreview(slots=slots, missing_maps=dict.fromkeys(missing, "缺图层"))
        return [slot.id for slot in ahead.list_relevant_slots(maps)]

    assert list_ids(True, drawn, any_map) == ["01"] and list_ids(False, given, any_map) == ["02"]
    assert list_ids(False, drawn, any_map) == list_ids(True, drawn, any_map, missing=["01"]) == ["01", "maps"]


def test_package_preview_and_layouts_dialog_report_the_same_maps_without_layers(project, tmp_path):
    from plugin.bridge.layouts.map_layers import collect_from_layers
    from plugin.bridge.project import county
    from plugin.core.checks.check import RunOptions, check_plan
    from plugin.core.package.map_slots import find_missing_input_of_plan
    from plugin.core.standard import map_set
    from plugin.gui.layouts_dialog import LayoutsDialog

    load_sample(project, copy_sample(tmp_path))
    spec = load_package_spec("county")
    material = collect_from_layers(
        project, role_recognition.list_plan_layers(project), county.make_check_options(project)
    )
    dialog = LayoutsDialog(material, map_set.load_map_set())
    items = [dialog.maps.item(row) for row in range(dialog.maps.count())]
    disabled = [item for item in items if not item.flags() & Qt.ItemFlag.ItemIsEnabled]
    assert len(items) == 22 and len(disabled) == 17 and all("（缺图层）" in item.text() for item in disabled)
    before_check = package_ahead.explain_missing_maps(spec, material.find_missing_input)
    plan = check_plan(str(SAMPLE), RunOptions(profile="hunyuan", lang="zh")).plan
    after_check = package_ahead.explain_missing_maps(spec, lambda one: find_missing_input_of_plan(plan, one))
    slots = {slot.id: slot for slot in spec.files if slot.layout}
    assert [f"{slots[key].number}  {slots[key].title}  （缺图层）" for key in before_check] == [
        item.text() for item in disabled
    ]
    assert before_check == after_check


# --- the window
@pytest.fixture
def package_dialog(qgis_app, project):
    settings.store_setting("package/form", "county")
    shown = ExportDialog(project)
    yield shown
    shown.deleteLater()


def test_export_button_is_enabled_only_for_a_folder_without_other_files(package_dialog):
    assert not package_dialog.go.isEnabled()
    package_dialog.form.folder.line.setText("/somewhere")
    package_dialog.show_preview(PackagePreview(PACKAGE_NAME))
    assert package_dialog.go.isEnabled()
    package_dialog.show_preview(PackagePreview(PACKAGE_NAME, folder_state=REFUSED_FOLDER, refusal_reason="不是我们的"))
    assert (
        not package_dialog.go.isEnabled()
        and package_dialog.form.replaced.text() == package_dialog.go.toolTip() == "不是我们的"
    )
    package_dialog.show_preview(PackagePreview(PACKAGE_NAME, folder_state=REPLACED_PACKAGE))
    assert package_dialog.go.isEnabled() and "予以替换" in package_dialog.form.replaced.text()


def test_force_option_of_the_package_dialog_is_off_by_default_and_explained(package_dialog):
    package_dialog.show()
    gate = package_dialog.form.gate
    assert not gate.force.isChecked() and gate.meaning.isHidden()
    package_dialog.form.folder.line.setText("/somewhere")
    assert package_dialog.make_order().is_forced is False
    assert gate.force_note.isVisible() and gate.force_note.text() == "仅供内部查看，不得上报"
    gate.force.setChecked(True)
    assert (
        package_dialog.make_order().is_forced
        and not gate.meaning.isHidden()
        and "接收方可以查看" in gate.meaning.text()
    )
    package_dialog.close()


def test_package_dialog_shows_verdict_check_time_and_refusal_reasons(package_dialog):
    gate = package_dialog.form.gate
    gate.show_check(None, False)
    assert gate.verdict.text() == "尚未检查：导出时先全面检查。"
    gate.show_check(None, True)
    assert gate.verdict.text().startswith("上次检查后数据有改动")
    report = make_small_report()
    report.provenance["scope"] = "three_lines"
    gate.show_check(make_result(report), True)
    assert (
        gate.verdict.text()
        == "不通过：错误 3，警告 2，未完整检查的规则 2。交付范围：三条控制线。14:32 检查，数据未变。"
    )
    report.provenance["layers"] = [{"unsaved": 2}, {"unsaved": 3}, {}]
    gate.show_check(make_result(report), True)
    assert gate.verdict.text().endswith("数据未变。有 5 处编辑未保存，数据未定稿；请保存图层后重新检查。")
    gate.show_objections(ExportObjections(("会丢失内容",), ("缺规划文本",), ("提一句",)))
    assert [gate.reasons.item(n).text() for n in range(3)] == ["会丢失内容", "缺规划文本", "提一句"]
    gate.show_check(None, True)
    assert gate.verdict.text() == "数据或县配置已改动；下列原因来自上次检查，请重新检查。"
    assert gate.reasons.count() == 3, "the user corrects one after the other"
    gate.show_objections(NO_OBJECTIONS)
    assert gate.reasons.count() == 0


def test_scope_of_the_check_is_named_in_the_language_of_the_interface(qgis_app, monkeypatch):
    report = make_small_report()
    report.provenance["scope"] = "three_lines"
    monkeypatch.setattr(settings, "get_interface_language", lambda: "en")
    gate = export_preview.GateBox()
    gate.show_check(make_result(report), True)
    assert "Three control lines" in gate.verdict.text()


def test_package_dialog_shows_the_refusal_reasons_until_the_check_started_in_it_has_ended(export_scene, qgis_app):
    """Correct the data after a check with reasons; they remain until the check that the form starts has ended."""
    export_scene.result()
    gate = export_scene.dialog.form.gate
    export_scene.export.update_preview()
    assert gate.check_button.text() == "重新检查"
    assert wait_until(lambda: export_scene.export._ahead._checked is not None)
    process_events(0.2)
    gate.show_objections(ExportObjections((), ("缺规划文本", "地类图斑没有图形"), ()))
    export_scene.fresh = None
    export_scene.export.update_preview()
    process_events(0.2)
    assert [gate.reasons.item(n).text() for n in range(gate.reasons.count())] == ["缺规划文本", "地类图斑没有图形"]
    assert gate.verdict.text().startswith("数据或县配置已改动")
    gate.check_button.click()
    assert export_scene.checking.asked == ["county_db"] and not gate.check_button.isEnabled()
    assert gate.reasons.count() == 2 and not export_scene.orders
    export_scene.checking.is_running = False
    export_scene.export.continue_after_check(export_scene.result())
    assert wait_until(lambda: gate.reasons.count() == 0)
    assert gate.check_button.isEnabled() and gate.verdict.text().startswith("不通过：")
    gate.check_button.click()
    export_scene.checking.is_running = False
    export_scene.export.end_export_without_check()
    assert wait_until(gate.check_button.isEnabled)


PROBLEMS_BY_PLACE = {
    "check": ExportProblem(ProblemLevel.GATE, "not_passed", params={"verdict": "不通过", "errors": 3, "skipped": 1, "failed_rules": "（REL001）", "unchecked_rules": "（ATT003）"}),
    "rules": ExportProblem(ProblemLevel.GATE, "rules_left_out", count=1, features=("ATT003",)),
    "feature_codes": ExportProblem(ProblemLevel.NOTE, "feature_code_unknown", "地类图斑", "YSDM", 3),
    "features": ExportProblem(ProblemLevel.STOP, "shape_missing", "地类图斑", count=2, features=("140225000000000001", "140225000000000002")),
    "layer": ExportProblem(ProblemLevel.NOTE, "fields_lacking", "地类图斑", params={"fields": "ZLDWDM"}),
    "roles": ExportProblem(ProblemLevel.GATE, "layer_missing", params={"title": "规划分区", "roles": "GHFQ"}),
    "documents": ExportProblem(ProblemLevel.GATE, "file_missing", params={"title": "规划文本", "name": PLAN_TEXT_FILE}),
    "document_info": ExportProblem(ProblemLevel.NOTE, "no_map_approval", params={"secrecy": "公开"}),
    "specification": ExportProblem(ProblemLevel.STOP, "layer_twice", "地类图斑"),
    "personal_data": ExportProblem(ProblemLevel.NOTE, "personal_left_out", "永久基本农田图斑", "ZRRZJHM", 3, params={"alias": "证件号码"}),
    "libraries": ExportProblem(ProblemLevel.NOTE, "tables_no_openpyxl"),
}  # fmt: skip


def test_list_of_export_problems_states_where_to_solve_each_and_a_click_opens_that_place(
    package_dialog, monkeypatch, tmp_path
):
    assert set(PROBLEMS_BY_PLACE) == {str(place) for place in ProblemPlace if place}
    gate, form = package_dialog.form.gate, package_dialog.form
    outside, opened = [], []
    package_dialog.placeRequested.connect(lambda problem: outside.append(str(problem.place)))
    monkeypatch.setattr("plugin.gui.package.form_page.open_path", lambda path, parent: opened.append(path))
    monkeypatch.setattr(form.document.button, "click", lambda: opened.append("成果信息"))
    form.documents.line.setText(str(tmp_path))
    package_dialog.show()
    package_dialog.activateWindow()
    for place, problem in PROBLEMS_BY_PLACE.items():
        gate.show_objections(package_ahead.make_objections([problem]))
        item = gate.reasons.item(0)
        sentence, lead = item.text().split("\n→ ")
        assert sentence == problem.format_as_sentence(Texts("zh")) and lead in item.toolTip()
        assert str(problem.place) == place
        gate.reasons.itemClicked.emit(item)
    assert outside == ["check", "rules", "feature_codes", "features", "layer", "roles", "libraries"]
    assert opened == [str(tmp_path), "成果信息"]
    # Enter leads there, too, and does not begin the export.
    asked = []
    package_dialog.wanted.connect(lambda: asked.append(1))
    gate.reasons.setCurrentRow(0)
    QTest.keyClick(gate.reasons, Qt.Key.Key_Return)
    assert outside[-1] == "libraries" and len(outside) == 8 and not asked


def test_export_problem_without_a_place_to_solve_it_is_listed_without_a_link(package_dialog):
    gate = package_dialog.form.gate
    note = ExportProblem(ProblemLevel.NOTE, "reprojected", count=1, features=("DLTB",), params={"source": "EPSG:4526", "target": "EPSG:4490"})  # fmt: skip
    gate.show_objections(package_ahead.make_objections([note]))
    item = gate.reasons.item(0)
    assert "→" not in item.text() and item.data(export_preview.PROBLEM_DATA_ROLE) is None


def test_verdict_in_the_package_dialog_names_the_incompletely_checked_rules(small):
    from plugin.core.checks.check import RunOptions, check_plan
    from plugin.core.package.gate import find_check_problems

    checked = check_plan(str(small), RunOptions(lang="zh"))
    text = next(p for p in find_check_problems(checked) if p.key == "not_passed").format_as_sentence(Texts("zh"))
    unchecked = [r.code for r in checked.report.rules if r.incomplete or r.outcome in ("skipped", "crashed")]
    assert unchecked and f"未完整检查的规则 {len(unchecked)} 条（{unchecked[0]}" in text
    assert "请先按检查报告改正错误，补齐未检查的图层和字段" in text


def test_package_dialog_can_be_used_with_tab_enter_and_escape_only(package_dialog, qgis_app):
    """Move by Tab in reading order, export by Enter, close by Escape."""
    package_dialog.form.folder.line.setText("/somewhere")
    package_dialog.show_preview(PackagePreview(PACKAGE_NAME))
    package_dialog.show()
    process_events(0.05)
    order, widget = [], package_dialog.form.forms.combo
    for _ in range(120):
        order.append(widget)
        widget = widget.nextInFocusChain()
    wanted = [
        package_dialog.form.forms.combo,
        package_dialog.form.folder.line,
        package_dialog.form.documents.line,
        package_dialog.form.slots,
        package_dialog.form.maps,
        package_dialog.form.personal,
        package_dialog.form.gate.force,
        package_dialog.go,
        package_dialog.close_button,
    ]
    places = [order.index(w) for w in wanted]
    assert places == sorted(places)
    asked = []
    package_dialog.wanted.connect(lambda: asked.append(1))
    QTest.keyClick(package_dialog, Qt.Key.Key_Return)
    assert asked == [1]
    QTest.keyClick(package_dialog, Qt.Key.Key_Escape)
    assert not package_dialog.isVisible()


def test_elided_label_shortens_long_paths_and_shows_them_in_the_tooltip(qgis_app):
    label = ElidedLabel("/很长/" * 200)
    assert label.minimumSizeHint().width() < 200 and label.toolTip() == "/很长/" * 200


def test_package_folder_is_stored_in_the_project(package_dialog, project, tmp_path):
    package_dialog.form.folder.line.setText(str(tmp_path))
    package_dialog.form.store_choices()
    assert saved_paths.read_absolute_path(project, "package_folder") == str(tmp_path)
    assert ExportDialog(project).form.folder.text() == str(tmp_path)


# --- the work
class FakeCheck(QObject):
    """A fake check of the project, which runs until the test ends it."""

    step = pyqtSignal(float, str)

    def __init__(self):
        super().__init__()
        self.is_running, self.asked, self.able, self.cancelled = False, [], True, 0
        self.check_job = SimpleNamespace(step=self.step)

    def start_check(self, standard):
        self.asked.append(standard)
        self.is_running = self.able
        return self.able

    def cancel(self):
        self.cancelled += 1


class FakeExportContext:
    """The context of a package export, which the controller otherwise supplies."""

    def __init__(self, monkeypatch, tmp_path):
        self.fresh = self.latest = None
        self.number, self.shown = 1, 0
        self.checking, self.iface, self.runner = FakeCheck(), FakeInterface(), JobRunner()
        self.inspected, self.windows = [], []
        around = ExportEnvironment(
            lambda _form: self.fresh,
            lambda: self.latest,
            lambda: self.number,
            self.show,
            self.inspected.append,
            self.windows.append,
            self.windows.append,
        )
        self.export = PackageExport(self.iface, self.runner, self.checking, around, self.iface)
        self.outcome, self.orders = None, []
        monkeypatch.setattr("plugin.bridge.package.tasks.export_project_package", self.write)
        # Other tests cover missing layers; this one has no plan.
        monkeypatch.setattr("plugin.gui.package.export_preview.find_objections", lambda *_all: NO_OBJECTIONS)
        monkeypatch.setattr("plugin.gui.package.export_preview.find_county_placeholders", lambda *_all: COUNTY_VALUES)
        monkeypatch.setattr("plugin.gui.package.export_preview.explain_missing_maps", lambda *_all: {})
        self.export.show()
        self.dialog.form.folder.line.setText(str(tmp_path / "成果"))

    @property
    def dialog(self):
        return self.export.dialog

    def show(self):
        self.shown += 1

    def write(self, checked, order, progress, cancellation):
        self.orders.append((checked, order))
        progress(0.5, "数据.gdb")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def result(self):
        self.latest = self.fresh = make_result(make_small_report())
        return self.fresh

    def shown_end(self):
        """Return the text and the reasons on the last page of the dialog."""
        reasons = self.dialog.end.reasons
        return self.dialog.end.text.text(), [reasons.item(n).text() for n in range(reasons.count())]


@pytest.fixture
def export_scene(qgis_app, monkeypatch, tmp_path):
    settings.store_setting("package/form", "county")
    made = FakeExportContext(monkeypatch, tmp_path)
    yield made
    made.export.close()
    made.runner.stop_all()
    process_events(0.02)


def make_package_result(forced=False, problems=()):
    """Return the result of a finished package export."""
    manifest = {
        "check": {"forced": forced},
        "files": [{"path": "a.pdf"}, {"path": "manifest.html"}],
        "layers": [{"features": 3}, {"features": 4}],
    }
    return SimpleNamespace(
        path=Path("/成果") / PACKAGE_NAME, manifest_digest="ab" * 32, manifest=manifest, problems=list(problems)
    )


def has_ended(scene):
    """Wait until the dialog shows the end of the export; return False at the time limit."""
    return wait_until(lambda: scene.dialog.pages.currentWidget() is scene.dialog.end)


def test_package_export_reuses_a_current_check_result_without_checking_again(export_scene, qgis_app):
    result = export_scene.result()
    export_scene.outcome = make_package_result(problems=[ExportProblem(ProblemLevel.NOTE, "tables_no_openpyxl")])
    export_scene.dialog.wanted.emit()
    assert export_scene.dialog.is_running and export_scene.dialog.run.steps[0].text().endswith("已检查，数据未变")
    assert has_ended(export_scene) and not export_scene.checking.asked
    ((checked, order),) = export_scene.orders
    assert checked is result.check_result and order.parent_folder.name == "成果" and not order.is_forced
    text, reasons = export_scene.shown_end()
    assert text == "成果包已生成，并读回与规划图层逐项核对一致。" and len(reasons) == 1 and "openpyxl" in reasons[0]
    assert export_scene.dialog.end.digest.text() == "ab" * 32
    assert "改动一个字节即不同" in export_scene.dialog.end.digest_note.text()
    assert "改动一个字节即不同" in export_scene.dialog.end.copy.toolTip()
    assert (
        export_scene.dialog.end.size.text() == "共 5 个文件，其中清单和校验文件 4 个；2 个图层、7 个要素，逐层读回核对"
    )


def test_link_of_an_export_problem_opens_its_dialog_or_selects_its_features(export_scene, qgis_app):
    result = export_scene.result()
    layer = QgsVectorLayer("Polygon?crs=EPSG:4526&field=BSM:string(18)", "地类图斑", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes(["140225000000000001"])
    feature.setGeometry(QgsGeometry.fromWkt("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"))
    layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    QgsProject.instance().layerTreeRoot().findLayer(layer.id()).setItemVisibilityChecked(False)
    checked = SimpleNamespace(name="地类图斑", get_field_name=lambda meaning: "BSM")
    result.check_result.plan.layers["DLTB"] = checked
    for place in ("check", "rules", "feature_codes", "roles", "libraries", "features"):
        export_scene.dialog.placeRequested.emit(PROBLEMS_BY_PLACE[place])
    assert export_scene.windows == ["rules", "feature_codes", "roles", "doctor"] and export_scene.shown == 1
    assert [f["BSM"] for f in layer.selectedFeatures()] == ["140225000000000001"]
    assert QgsProject.instance().layerTreeRoot().findLayer(layer.id()).isVisible()
    assert not export_scene.dialog.isVisible()
    QgsProject.instance().removeMapLayer(layer.id())
    export_scene.dialog.show()
    export_scene.dialog.placeRequested.emit(PROBLEMS_BY_PLACE["features"])
    assert export_scene.dialog.isVisible(), "without the layer the window stays"


def test_features_without_a_shape_are_selected_without_zooming_to_them(export_scene, qgis_app, monkeypatch):
    """QGIS warns if it is asked to zoom to a selection without a shape."""
    result = export_scene.result()
    layer = QgsVectorLayer("Polygon?crs=EPSG:4526&field=BSM:string(18)", "地类图斑", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes(["140225000000000001"])
    layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    result.check_result.plan.layers["DLTB"] = SimpleNamespace(name="地类图斑", get_field_name=lambda meaning: "BSM")
    zooms = []
    monkeypatch.setattr(export_scene.iface.canvas, "zoomToSelected", lambda *_all: zooms.append(1))
    export_scene.dialog.placeRequested.emit(PROBLEMS_BY_PLACE["features"])
    assert layer.selectedFeatureCount() == 1 and zooms == []
    assert "选中的要素没有图形，地图不缩放" in export_scene.iface.bar.currentItem().text()
    layer.dataProvider().changeGeometryValues(
        {feature_id: QgsGeometry.fromWkt("POLYGON ((0 0, 9 0, 9 9, 0 0))") for feature_id in layer.selectedFeatureIds()}
    )
    export_scene.dialog.placeRequested.emit(PROBLEMS_BY_PLACE["features"])
    assert zooms == [1]
    QgsProject.instance().removeMapLayer(layer.id())


def test_package_dialog_reports_a_forced_package_with_its_problems(export_scene, qgis_app):
    export_scene.result()
    export_scene.outcome = make_package_result(
        True, [ExportProblem(ProblemLevel.GATE, "file_missing", params={"title": "规划文本", "name": PLAN_TEXT_FILE})]
    )
    export_scene.dialog.form.gate.force.setChecked(True)
    export_scene.dialog.wanted.emit()
    assert has_ended(export_scene) and export_scene.orders[0][1].is_forced
    # The package that was just made is inspected next.
    export_scene.dialog.end.inspect.click()
    assert (
        export_scene.inspected
        == [str(Path("/成果") / PACKAGE_NAME)]
        == [settings.read_setting("package/inspected", "")]
    )
    text, reasons = export_scene.shown_end()
    assert "强制生成" in text and export_scene.dialog.end.end.icon == "warning" and "规划文本" in reasons[0]


def test_package_dialog_without_a_folder_shows_the_check_and_asks_for_the_folder(export_scene, qgis_app):
    export_scene.dialog.form.folder.line.setText("")
    export_scene.result()
    export_scene.export.update_preview()
    form = export_scene.dialog.form
    assert form.gate.verdict.text().startswith("不通过：")
    assert [form.slots.topLevelItem(n).text(2) for n in range(form.slots.topLevelItemCount())] == ["请先填写存放位置"]
    form.slots._refresh_icons()
    assert form.slots.topLevelItemCount() == 1


def test_package_export_after_data_changed_checks_them_before_it_writes_the_package(export_scene, qgis_app):
    export_scene.outcome = make_package_result()
    export_scene.dialog.wanted.emit()
    assert (
        export_scene.checking.asked == ["county_db"]
        and export_scene.dialog.is_running
        and export_scene.export.is_running
    )
    export_scene.checking.step.emit(0.4, "TOP001 图层内部不重叠")
    assert export_scene.dialog.run.what.text() == "TOP001 图层内部不重叠"
    assert not export_scene.orders, "not before the check has ended"
    export_scene.export.continue_after_check(export_scene.result())
    assert has_ended(export_scene) and len(export_scene.orders) == 1


def test_package_export_stops_if_data_change_during_the_check(export_scene):
    export_scene.dialog.wanted.emit()
    result, export_scene.fresh = export_scene.result(), None
    export_scene.export.continue_after_check(result)
    assert export_scene.shown_end()[0].startswith("检查期间数据有改动") and not export_scene.orders


def test_package_export_stops_if_another_project_is_opened_during_the_check(export_scene):
    export_scene.dialog.wanted.emit()
    export_scene.number = 2
    export_scene.export.project_changed()
    export_scene.export.continue_after_check(export_scene.result())
    assert export_scene.shown_end()[0] == "检查期间切换了工程，未生成成果包。" and not export_scene.orders


def test_package_export_stops_after_a_failed_check_or_without_plan_layers(export_scene):
    export_scene.dialog.wanted.emit()
    export_scene.export.cancel()
    assert export_scene.checking.cancelled == 1
    export_scene.export.end_export_without_check()
    assert export_scene.shown_end()[0].startswith("检查未完成") and not export_scene.export.is_running
    export_scene.checking.able = export_scene.checking.is_running = False
    export_scene.dialog.show_form()
    export_scene.dialog.wanted.emit()
    assert export_scene.shown_end()[0] == "未生成：工程中没有规划图层。"


@pytest.mark.parametrize("key", ["package_gate", "package_stopped"])
def test_refused_package_export_lists_its_reasons(export_scene, qgis_app, key):
    export_scene.result()
    names = {"title": "规划文本", "name": PLAN_TEXT_FILE}
    refusal = GateRefusal(
        tuple(
            ExportProblem(ProblemLevel.GATE, which, "地类图斑", params=names)
            for which in ("file_missing", "layer_empty")
        )
    )
    export_scene.outcome = OutputError(key, target=PACKAGE_NAME, count=2, reasons=refusal)
    export_scene.dialog.wanted.emit()
    assert has_ended(export_scene)
    text, reasons = export_scene.shown_end()
    assert len(reasons) == 2 and PLAN_TEXT_FILE in reasons[0] and "地类图斑" in reasons[1]
    assert ("强制生成同样不能导出" in text) == (key == "package_stopped")
    assert not export_scene.dialog.end.findings.isHidden() and export_scene.dialog.end.facts.isHidden()
    export_scene.dialog.end.findings.click()
    assert export_scene.shown == 1
    export_scene.dialog.back.click()
    assert export_scene.dialog.pages.currentWidget() is export_scene.dialog.form


def test_unexpected_error_of_a_package_export_is_logged_and_shown(export_scene, qgis_app, qgis_log):
    export_scene.result()
    export_scene.outcome = RuntimeError("disc on fire")
    export_scene.dialog.wanted.emit()
    assert has_ended(export_scene)
    assert export_scene.shown_end()[0].startswith("未生成成果包（RuntimeError）") and any(
        "disc on fire" in t for t in qgis_log
    )


@pytest.mark.parametrize(
    "error", [RuntimeError("disc on fire"), NameError("x", name="numpy")], ids=["any", "with a name"]
)
def test_package_dialog_reports_an_unreadable_folder_and_disables_export(export_scene, monkeypatch, qgis_log, error):
    def refuse(*_all):
        raise error

    form = export_scene.dialog.form
    assert wait_until(export_scene.dialog.go.isEnabled)
    monkeypatch.setattr("plugin.gui.package.export_preview.preview_package", refuse)
    export_scene.export.update_preview()
    assert wait_until(lambda: not export_scene.dialog.go.isEnabled())
    name = type(error).__name__
    assert (
        form.replaced.text()
        == export_scene.dialog.go.toolTip()
        == f"未能查看所选文件夹（{name}）。详情见日志面板的 Sanxian 页。"
    )
    assert any(name in text for text in qgis_log)


def test_package_export_continues_after_closing_the_dialog_and_reports_in_the_message_bar(export_scene, qgis_app):
    export_scene.result()
    export_scene.outcome = make_package_result()
    export_scene.dialog.wanted.emit()
    export_scene.dialog.reject()
    assert not export_scene.dialog.isVisible() and export_scene.export.is_running
    export_scene.dialog.wanted.emit()
    assert wait_until(lambda: not export_scene.export.is_running)
    assert len(export_scene.orders) == 1, "one at a time"
    assert "成果包已生成" in export_scene.iface.bar.currentItem().text()
    export_scene.export.show()
    assert export_scene.iface.bar.currentItem() is None


def test_message_on_a_forced_package_is_a_warning_with_the_buttons_of_the_dialog(export_scene, qgis_app):
    export_scene.result()
    export_scene.outcome = make_package_result(forced=True)
    export_scene.dialog.wanted.emit()
    export_scene.dialog.reject()
    assert wait_until(lambda: not export_scene.export.is_running)
    message = export_scene.iface.bar.currentItem()
    assert message.level() == Qgis.MessageLevel.Warning
    assert "不得上报" in message.text() and "清单和元数据" in message.text() and "下列" not in message.text()
    buttons = {button.text(): button for button in message.findChildren(QPushButton)}
    assert list(buttons) == ["打开文件夹", "打开清单", "检查成果包…", "复制校验值"]
    buttons["复制校验值"].click()
    assert QApplication.clipboard().text() == "ab" * 32
    buttons["检查成果包…"].click()
    assert export_scene.inspected == [str(Path("/成果") / PACKAGE_NAME)]


def test_cancelled_package_export_reports_that_no_package_was_made(export_scene, qgis_app):
    import time

    export_scene.result()

    def slow(_checked, _order, progress, cancellation):
        while True:
            cancellation.raise_if_cancelled()
            time.sleep(0.005)

    export_scene.write = slow
    import plugin.bridge.package.tasks as package

    package.export_project_package = slow
    export_scene.dialog.wanted.emit()
    process_events(0.1)
    export_scene.dialog.run.button.click()
    assert not export_scene.dialog.run.button.isEnabled()
    assert has_ended(export_scene)
    assert export_scene.shown_end()[0] == "已取消，未生成成果包；原有文件未改动。"


def test_opening_another_project_closes_the_package_dialog(export_scene):
    export_scene.export.project_changed()
    assert export_scene.dialog is None
    export_scene.export.show()
    assert export_scene.dialog is not None


def test_closing_a_running_package_export_with_the_plugin_raises_no_error(export_scene, qgis_app):
    export_scene.result()
    export_scene.outcome = make_package_result()
    export_scene.dialog.wanted.emit()
    export_scene.export.close()
    assert export_scene.dialog is None
    export_scene.runner.stop_all()
    process_events(0.05)


# --- inspection of a package
def test_inspect_package_dialog_proposes_the_last_package_and_has_no_empty_space(qgis_app, tmp_path):
    from qgis.PyQt.QtWidgets import QPushButton

    remember_package(str(tmp_path))
    asked = InspectDialog("")
    asked.show()
    process_events(0.02)
    assert asked.package.text() == str(tmp_path) and asked._ok.isEnabled()
    assert "zip…" in [button.text() for button in asked.package.findChildren(QPushButton)]
    layout = asked.layout()
    below_text = asked._ok.mapTo(asked, asked._ok.rect().topLeft()).y()
    note = layout.itemAt(layout.count() - 2).widget()
    assert below_text - note.geometry().bottom() < 2 * asked.fontMetrics().lineSpacing()
    asked.close()
    remember_package(str(tmp_path / "没有"))
    assert InspectDialog("").package.text() == ""


def test_inspect_package_dialog_accepts_only_existing_files_or_folders(qgis_app, tmp_path):
    remember_package("")
    asked = InspectDialog("")
    assert not asked._ok.isEnabled()
    asked.package.line.setText(str(tmp_path / "没有"))
    assert not asked._ok.isEnabled() and asked.missing_note.text() == "该文件或文件夹不存在。"
    asked.package.line.setText(str(tmp_path))
    assert asked._ok.isEnabled() and asked.forms.load_spec().id == "county"


def test_layers_of_an_inspected_package_are_loaded_from_a_copy_and_not_checked(project, tmp_path):
    import shutil

    from plugin.core.standard import load_standard

    folder = tmp_path / PACKAGE_NAME / "1-空间数据"
    folder.mkdir(parents=True)
    shutil.copyfile(SAMPLE, folder / "数据.gpkg")
    before = (folder / "数据.gpkg").read_bytes()
    into = tmp_path / "副本"
    into.mkdir()
    paths = package_layers.copy_datasets(str(folder.parent), load_package_spec("county"), into)
    assert [p.name for p in paths] == ["数据.gpkg"] and into in paths[0].parents
    layers = package_layers.show_package_layers(project, PACKAGE_NAME, paths, load_standard())
    names = [node.name() for node in project.layerTreeRoot().children()[0].children()]
    # The layer tree cuts long names.
    assert project.layerTreeRoot().children()[0].name() == "成果包（只读副本）"
    assert names.index("城镇开发边界") < names.index("地类图斑")
    by_role = {layer.customProperty(role_recognition.SHOWN_PACKAGE_PROPERTY): layer for layer in layers}
    assert package_layers.find_package_layer(project, "dltb") is by_role["DLTB"]
    assert PACKAGE_NAME in by_role["DLTB"].metadata().title()
    for role, layer in by_role.items():
        like = QgsVectorLayer(layer.source(), role, "ogr")
        if styles.apply_role_style(like, role):
            assert layer.renderer().dump() == like.renderer().dump(), "the plugin's symbols"
            assert layer.opacity() == like.opacity()
        else:
            symbol = layer.renderer().symbol().symbolLayer(0)
            assert symbol.brushStyle() == Qt.BrushStyle.NoBrush and symbol.strokeColor().lightness() < 160
    assert by_role["DLTB"].renderer().type() == "categorizedSymbol"
    assert layers and all(layer.readOnly() for layer in layers) and not role_recognition.list_plan_layers(project)
    own = QgsVectorLayer("Polygon?crs=EPSG:4526", "CZKFBJ", "memory")
    project.addMapLayer(own)
    package_layers.remove_package_layers(project)
    assert list(project.mapLayers()) == [own.id()] and len(project.layerTreeRoot().children()) == 1
    assert (folder / "数据.gpkg").read_bytes() == before
    assert sorted(p.name for p in folder.iterdir()) == ["数据.gpkg"], "no log of SQLite's beside it"


def test_features_of_an_inspected_package_are_selected_in_its_opened_layers(project, tmp_path):
    import shutil

    from plugin.core.checks.check import RunOptions, check_plan
    from plugin.core.standard import load_standard
    from plugin.gui.findings.features import find_feature, find_hidden_layers, list_feature_refs
    from plugin.gui.findings.result import CheckView

    folder = tmp_path / PACKAGE_NAME / "1-空间数据"
    folder.mkdir(parents=True)
    shutil.copyfile(SAMPLE, folder / "数据.gpkg")
    # The project has a layer with the same features.
    load_sample(project, copy_sample(tmp_path))
    result = CheckView.from_check_result(
        check_plan(str(SAMPLE), RunOptions(profile="hunyuan", lang="zh")), is_of_package=True
    )
    finding = next(f for f in result.findings if f.code == "TOP001")
    ref = list_feature_refs(finding)[0]
    assert find_feature(result, ref) == (None, None), "its layers are not on the map yet"
    (tmp_path / "副本").mkdir()
    paths = package_layers.copy_datasets(str(folder.parent), load_package_spec("county"), tmp_path / "副本")
    package_layers.show_package_layers(project, PACKAGE_NAME, paths, load_standard())
    layer, feature = find_feature(result, ref)
    assert layer in package_layers.find_package_layers(project) and feature["BSM"] == ref.key
    assert layer not in find_hidden_layers(result, finding)
    project.layerTreeRoot().findLayer(layer.id()).setItemVisibilityChecked(False)
    assert layer in find_hidden_layers(result, finding), "the panel offers to show it"
    result.is_of_package = False
    assert find_feature(result, ref)[0] not in package_layers.find_package_layers(project)


def test_layers_of_an_inspected_package_can_be_removed_and_shown_again_and_are_not_saved_with_the_project(
    qgis_app, project, tmp_path
):
    import shutil

    from plugin.gui.package.inspect import PackageInspection

    folder = tmp_path / PACKAGE_NAME / "1-空间数据"
    folder.mkdir(parents=True)
    shutil.copyfile(SAMPLE, folder / "数据.gpkg")
    load_sample(project, copy_sample(tmp_path))
    own_layers = set(project.mapLayers())
    runner, iface = JobRunner(), FakeInterface()
    inspection = PackageInspection(iface, runner, FakeCheck(), lambda: None, iface)
    inspection._package = str(folder.parent), load_package_spec("county")
    shown = []
    inspection.layers_shown.connect(lambda: shown.append(package_layers.find_package_layers(project)))
    for is_removed in (True, True, False):
        shown.clear()
        inspection.show_layers()
        assert wait_until(lambda: shown) and shown[0]
        if is_removed:
            project.removeMapLayers([one.id() for one in shown[0]])
            project.layerTreeRoot().removeChildNode(project.layerTreeRoot().children()[0])
    visible = [node.isVisible() for node in project.layerTreeRoot().children()[0].findLayers()]
    path = tmp_path / "工程.qgz"
    assert project.write(str(path))
    assert wait_until(lambda: set(project.mapLayers()) > own_layers), "the open project keeps them"
    assert not project.isDirty() and project.layerTreeRoot().children()[0].name() == "成果包（只读副本）"
    assert [node.isVisible() for node in project.layerTreeRoot().children()[0].findLayers()] == visible
    saved = QgsProject()
    assert saved.read(str(path))
    assert set(saved.mapLayers()) == own_layers
    assert {node.layerId() for node in saved.layerTreeRoot().findLayers()} == own_layers
    assert "成果包（只读副本）" not in [node.name() for node in saved.layerTreeRoot().children()]
    held = Path(inspection._copies_folder.name)
    inspection.close()
    assert set(project.mapLayers()) == own_layers and not held.exists()
    runner.stop_all()
