# SPDX-License-Identifier: GPL-2.0-or-later
"""Test waiving a finding (accepting it with a reason) and undoing this.

File, list, map and verdict follow.
"""

import hashlib

import pytest
from qgis.PyQt.QtCore import QItemSelectionModel
from qgis.PyQt.QtWidgets import QLabel

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.project import saved_paths
from plugin.core.engine.waivers.file import read_waivers
from plugin.gui.findings.navigation_bar import WaiveButton, find_waiver_refusal_text
from plugin.gui.findings.waiving import FindingCard, WaiverDialog
from tests.qgis.gui_helpers import make_finding
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import check, draw_feature_in_layer, wait_for_live_check
from tests.qgis.waiting import process_events, wait_until


@pytest.fixture
def filled_dialog(monkeypatch):
    """Fill in and accept each waiver dialog; return its errors and the entered texts."""
    refusals = []

    def answer(new_waiver_dialog):
        for field, text in words_given.items():
            widget = getattr(new_waiver_dialog, field)
            widget = getattr(widget, "line", widget)
            (widget.setPlainText if field == "reason" else widget.setText)(text)
        (new_waiver_dialog.all_selected if scope[0] == "all" else new_waiver_dialog.only_this).setChecked(True)
        assert wait_until(lambda: not new_waiver_dialog._reading.isActive())
        assert new_waiver_dialog.ok.isEnabled() == (not new_waiver_dialog.find_errors())
        new_waiver_dialog.accept()
        refusals.append(" ".join(new_waiver_dialog.find_errors()))
        return new_waiver_dialog.result()

    scope = ["all"]
    words_given = {"reason": "防洪堤已批复", "document": "〔2026〕12号", "author": "王工"}
    monkeypatch.setattr(WaiverDialog, "exec", answer)
    return refusals, words_given


def list_findings_of_rule(controller, code):
    return [f for f in controller.dock.result.findings if f.code == code]


def select_findings(controller, *findings):
    tree = controller.dock.tree
    tree.clearSelection()
    for one in findings:
        index = tree.findings.get_index(one)
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        tree.selectionModel().select(index, flags)
    assert wait_until(lambda: controller.dock.navigation.waive._findings or not findings)


def read_states_on_map(project):
    return sorted((f["code"], f["state"]) for f in findings_layer.find_findings_layer(project).getFeatures())


def test_waiving_writes_the_waiver_file_and_withdrawing_the_waiver_reopens_its_finding(
    checked,
    project,
    qgis_app,
    filled_dialog,
    tmp_path,
):
    controller, _ = checked
    (crossing,) = list_findings_of_rule(controller, "REL001")
    errors = controller.dock.result.count_findings()["ERROR"]
    select_findings(controller, crossing)
    button = controller.dock.navigation.waive
    assert button.text() == "豁免…" and button.isEnabled()
    button.click()
    path = tmp_path / "小县.waivers.csv"
    (kept,) = read_waivers(path)
    assert (kept.reason, kept.document, kept.author) == ("防洪堤已批复", "〔2026〕12号", "王工")
    assert crossing.state == "waived" and controller.dock.result.count_findings()["ERROR"] == errors - 1
    assert controller.dock.verdict._counts["waived"] == 1 and "小县.waivers.csv" in controller.dock.note.text()
    assert "REL001" not in dict(read_states_on_map(project)), "the map shows what the list shows"
    assert crossing not in controller.dock.tree.findings.list_visible_findings(), "what is settled is out of the way"
    assert settings.read_setting("waiver_author", "") == "王工"
    assert any("小县.waivers.csv" in n for n in controller.dock.result.report.provenance["notices"])
    # The button shows the waived finding with its reason; then withdraw it.
    controller.dock.verdict.buttons["waived"].setChecked(True)
    assert ("REL001", "waived") in read_states_on_map(project)
    controller.dock.tree.select_finding(crossing)
    assert wait_until(lambda: button.text() == "撤销豁免")
    shown = " ".join(label.text() for label in controller.dock.detail.findChildren(QLabel))
    assert "防洪堤已批复" in shown and "〔2026〕12号" in shown and "王工" in shown and "豁免" in shown
    button.click()
    assert read_waivers(path) == () and crossing.state == "open"
    assert ("REL001", "open") in read_states_on_map(project) and controller.dock.result.count_findings()[
        "ERROR"
    ] == errors


def test_map_mark_follows_a_waiver_at_once(checked, qgis_app, filled_dialog):
    """The mark leaves a waived finding that the list hides, and has the colour of the state of one that it shows."""
    controller, _ = checked
    (crossing,) = list_findings_of_rule(controller, "REL001")
    mark = controller.mark
    controller.dock.tree.select_finding(crossing)
    open_icon = mark.callout.icon.toImage()
    controller.dock.verdict.buttons["waived"].setChecked(True)
    select_findings(controller, crossing)
    button = controller.dock.navigation.waive
    button.click()
    assert crossing.state == "waived" and controller.dock.tree.get_selected_finding() is crossing
    assert mark.callout.icon.toImage() != open_icon
    assert wait_until(lambda: button.text() == "撤销豁免")
    button.click()
    assert crossing.state == "open" and mark.callout.icon.toImage() == open_icon
    controller.dock.verdict.buttons["waived"].setChecked(False)
    select_findings(controller, crossing)
    button.click()
    selected = controller.dock.tree.get_selected_finding()
    assert selected is not crossing
    assert mark.is_shown == (selected is not None and selected.geom_kind != "none")


def test_several_findings_or_all_of_a_rule_can_be_waived_at_once(checked, project, qgis_app, filled_dialog, tmp_path):
    controller, _ = checked
    open_ones = [f for f in controller.dock.result.findings if not find_waiver_refusal_text(f)]
    assert len(open_ones) > 2
    select_findings(controller, *open_ones[:2])
    assert controller.dock.navigation.waive.text() == "豁免 2 处…"
    controller.dock.navigation.waive.click()
    assert {f.state for f in open_ones[:2]} == {"waived"}
    assert len(read_waivers(tmp_path / "小县.waivers.csv")) == 2
    # The next check has the same result.
    before = sorted((f.fingerprint, f.state) for f in controller.dock.result.findings)
    check(controller)
    assert sorted((f.fingerprint, f.state) for f in controller.dock.result.findings) == before
    # A rule's row represents its visible findings.
    tree = controller.dock.tree
    group = next(
        g
        for g in tree.findings.groups
        if any(not find_waiver_refusal_text(f) and f.state == "open" for f in g.findings)
    )
    tree.selectionModel().setCurrentIndex(
        tree._get_group_index(group),
        QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
    )
    assert tree.list_selected_findings() == group.shown


def test_live_check_keeps_a_waived_finding_waived_after_edits(checked, project, qgis_app, filled_dialog):
    controller, layers = checked
    (crossing,) = list_findings_of_rule(controller, "REL001")
    select_findings(controller, crossing)
    controller.dock.navigation.waive.click()
    # A neighbouring farmland parcel also overlaps the red line.
    draw_feature_in_layer(layers["YJJBNTBHTB"], make_rectangle(80, 300, 100, 100), BSM="140225000099")
    layers["STBHHX"].startEditing()
    feature = next(layers["STBHHX"].getFeatures())
    layers["STBHHX"].changeGeometry(feature.id(), make_rectangle(80, 0, 200, 400))
    wait_for_live_check(controller)
    states = {f.key: f.state for f in list_findings_of_rule(controller, "REL001")}
    assert states[crossing.key] == "waived" and "open" in states.values()
    # The conflict grows, so the finding is open again.
    layers["STBHHX"].changeGeometry(feature.id(), make_rectangle(60, 0, 200, 400))
    wait_for_live_check(controller)
    assert {f.key: f.state for f in list_findings_of_rule(controller, "REL001")}[crossing.key] == "open"


def test_waiver_of_a_finding_of_an_edit_is_not_reported_as_without_a_finding(checked, project, qgis_app, filled_dialog):
    controller, layers = checked
    draw_feature_in_layer(layers["YJJBNTBHTB"], make_rectangle(80, 300, 100, 100), BSM="140225000099")
    layers["STBHHX"].startEditing()
    feature = next(layers["STBHHX"].getFeatures())
    layers["STBHHX"].changeGeometry(feature.id(), make_rectangle(80, 0, 200, 400))
    wait_for_live_check(controller)
    (added,) = [f for f in list_findings_of_rule(controller, "REL001") if "140225000099" in (f.key, *f.related_keys)]
    select_findings(controller, added)
    controller.dock.navigation.waive.click()
    assert added.state == "waived" and not list_findings_of_rule(controller, "RUN903")


def test_waiver_dialog_reports_missing_entries_and_stays_open(checked, qgis_app, filled_dialog, tmp_path):
    controller, _ = checked
    refusals, given = filled_dialog
    (crossing,) = list_findings_of_rule(controller, "REL001")
    given["document"] = " "
    select_findings(controller, crossing)
    controller.dock.navigation.waive.click()
    assert refusals == ["请填写批准文件的文号。"] and crossing.state == "open"
    assert not (tmp_path / "小县.waivers.csv").exists()
    given["document"], given["file"] = "〔2026〕12号", str(tmp_path / "没有" / "没有" / "x.csv")
    controller.dock.navigation.waive.click()
    assert "没有" in refusals[-1] and crossing.state == "open"
    # The project stores the path of a chosen waiver file.
    given["file"] = str(tmp_path / "我的.csv")
    controller.dock.navigation.waive.click()
    assert crossing.state == "waived" and saved_paths.read_stored_path(get_project(), saved_paths.WAIVERS_KEY) == str(
        tmp_path / "我的.csv"
    )


def get_project():
    from qgis.core import QgsProject

    return QgsProject.instance()


def test_damaged_waiver_file_is_reported_and_left_unchanged(checked, qgis_app, filled_dialog, tmp_path):
    controller, _ = checked
    (crossing,) = list_findings_of_rule(controller, "REL001")
    path = tmp_path / "小县.waivers.csv"
    path.write_text("编号,规则\n1,2\n", encoding="utf-8-sig")
    data = path.read_bytes()
    select_findings(controller, crossing)
    controller.dock.navigation.waive.click()
    assert "小县.waivers.csv" in filled_dialog[0][-1] and crossing.state == "open" and path.read_bytes() == data


def test_waiver_dialog_leaves_the_author_empty_by_default(chinese, qgis_app, tmp_path):
    kept = settings.read_setting("waiver_author", "")
    settings.store_setting("waiver_author", "")
    dialog = WaiverDialog(
        [make_finding("REL002", "1", 10.0)],
        tmp_path / "x.waivers.csv",
        lambda findings, filled_dialog, path: None,
    )
    assert dialog.author.text() == "" and dialog.read_entry().author == ""
    settings.store_setting("waiver_author", kept)
    dialog.deleteLater()


def test_waiver_dialog_opens_with_the_focus_in_the_reason_field(chinese, qgis_app, tmp_path):
    dialog = WaiverDialog([make_finding("REL002", "1", 10.0)], tmp_path / "x.waivers.csv", lambda *_: None)
    dialog.show()
    process_events(0.1)
    assert dialog.focusWidget() is dialog.reason
    dialog.reject()


def test_disabled_waive_button_explains_why_in_its_tooltip(chinese, qgis_app):
    button = WaiveButton()
    assert not button.isEnabled()
    button.set_selected_findings([make_finding("REL002", "", 10.0, params={"fid": 3})])
    assert not button.isEnabled() and "标识码" in button.toolTip()
    forced = make_finding("DOC007", "1", 10.0)
    button.set_selected_findings([forced])
    assert not button.isEnabled() and "强制生成" in button.toolTip()
    note = make_finding("GEO006", "1", 10.0)
    note.severity = type(note.severity).INFO
    button.set_selected_findings([note])
    assert not button.isEnabled() and "提示" in button.toolTip()
    note.needs_approval = True
    button.set_selected_findings([note])
    assert button.isEnabled() and button.text() == "豁免…"
    note.needs_approval = False
    # For several findings, only those that can be waived count.
    button.set_selected_findings([note, make_finding("REL002", "1", 10.0), make_finding("REL002", "2", 10.0)])
    assert button.text() == "豁免 2 处…"
    late = make_finding("RUN902", "1", 10.0, params={"rule": "REL002", "waiver": {"id": "W1"}})
    button.set_selected_findings([late])
    assert button.text() == "撤销豁免" and button.isEnabled()
    button.deleteLater()


def test_waiver_dialog_explains_that_a_registered_approval_note_no_longer_affects_the_verdict(
    chinese, qgis_app, tmp_path
):
    note = make_finding("REL043", "1", 10.0)
    note.severity, note.needs_approval = type(note.severity).INFO, True
    for findings, text in (
        ([note], "登记文号后，不再影响结论"),
        ([note, make_finding("REL002", "1", 10.0)], "结论最高为“有条件通过”"),
    ):
        dialog = WaiverDialog(findings, tmp_path / "x.waivers.csv", lambda *_: None)
        assert [label for label in dialog.findChildren(QLabel) if text in label.text()]
        dialog.deleteLater()


@pytest.fixture
def new_waiver_dialog(chinese, qgis_app, tmp_path):
    kept = settings.read_setting("waiver_author", "")
    settings.store_setting("waiver_author", "")
    saved = []
    findings = [make_finding("REL002", str(n), 10.0 * n) for n in (1, 2, 3)]
    made = WaiverDialog(
        findings,
        tmp_path / "x.waivers.csv",
        lambda *given: saved.append(given),
        selected_finding=findings[1],
        titles={"REL002": "永久基本农田与城镇开发边界重叠"},
    )
    made.saved, made.findings = saved, findings
    made.show()
    yield made
    settings.store_setting("waiver_author", kept)
    made.close()
    made.deleteLater()


def fill_in_waiver(dialog):
    dialog.reason.setPlainText("防洪堤已批复")
    dialog.document.setText("〔2026〕12号")
    dialog.author.setText("王工")


def test_waiver_dialog_shows_at_each_field_what_is_missing(new_waiver_dialog):
    fields = (
        new_waiver_dialog._reason_message,
        new_waiver_dialog._document_message,
        new_waiver_dialog._author_message,
    )
    shown = [field.text() for field in fields]
    assert shown[0] == "请填写理由。请写明事实和依据，质量检查报告原样列出", "with the hint on the field"
    assert shown[1:] == ["请填写批准文件的文号。", "请填写登记人。"]
    assert new_waiver_dialog.find_errors() == [], "hints are no errors"
    fill_in_waiver(new_waiver_dialog)
    assert [field.text() for field in fields[1:]] == ["", ""] and "请填写" not in fields[0].text()


def test_waiver_dialog_disables_ok_until_all_entries_are_valid(new_waiver_dialog):
    assert not new_waiver_dialog.ok.isEnabled() and len(new_waiver_dialog.ok.toolTip().splitlines()) == 3
    assert new_waiver_dialog.find_errors() == [], "nothing was entered yet"
    new_waiver_dialog.document.setText("x")
    new_waiver_dialog.document.setText("")
    assert new_waiver_dialog.find_errors() == ["请填写批准文件的文号。"] and not new_waiver_dialog.ok.isEnabled()
    new_waiver_dialog.document.setText("x")
    new_waiver_dialog.accept()
    assert new_waiver_dialog.saved == [] and new_waiver_dialog.isVisible()
    assert len(new_waiver_dialog.ok.toolTip().splitlines()) == 2 and not new_waiver_dialog.ok.isEnabled()
    fill_in_waiver(new_waiver_dialog)
    assert new_waiver_dialog.ok.isEnabled() and new_waiver_dialog.find_errors() == []
    new_waiver_dialog.date.setDate(new_waiver_dialog.until.date().addDays(1))
    assert (
        new_waiver_dialog.find_errors() == ["失效日期早于登记日期。请改正失效日期。"]
        and not new_waiver_dialog.ok.isEnabled()
    )
    new_waiver_dialog.forever.setChecked(True)
    assert new_waiver_dialog.ok.isEnabled()
    new_waiver_dialog.accept()
    ((chosen, words, path),) = new_waiver_dialog.saved
    assert words.until is None and path.name == "x.waivers.csv"
    assert chosen == new_waiver_dialog.findings


def test_waiver_dialog_shows_errors_at_their_fields_without_moving_widgets(new_waiver_dialog):
    def measure_places():
        fields = (
            new_waiver_dialog.reason,
            new_waiver_dialog.document,
            new_waiver_dialog.attachment,
            new_waiver_dialog.author,
            new_waiver_dialog.file,
            new_waiver_dialog.ok,
        )
        return [one.mapTo(new_waiver_dialog, one.rect().topLeft()) for one in fields], new_waiver_dialog.size()

    before = measure_places()
    at = new_waiver_dialog._document_message
    new_waiver_dialog.document.setText("x")
    new_waiver_dialog.document.clear()
    assert at.message.text() == "请填写批准文件的文号。" and at.message.y() > new_waiver_dialog.document.y()
    fill_in_waiver(new_waiver_dialog)
    new_waiver_dialog.attachment.line.setText("没有.pdf")
    assert wait_until(lambda: not new_waiver_dialog._reading.isActive())
    assert measure_places() == before
    assert new_waiver_dialog.find_errors() == ["附件无法读取。请检查路径；没有附件的，此项留空。"]


def test_waiver_dialog_shows_size_and_sha256_of_the_attachment(new_waiver_dialog, tmp_path):
    (tmp_path / "批复.pdf").write_bytes(b"x" * 3_000_000)
    fill_in_waiver(new_waiver_dialog)
    new_waiver_dialog.attachment.line.setText("批复.pdf")
    assert not new_waiver_dialog.ok.isEnabled(), "it waits for the digest"
    assert wait_until(new_waiver_dialog.ok.isEnabled)
    digest = hashlib.sha256(b"x" * 3_000_000).hexdigest()
    text = new_waiver_dialog._attachment_message.message.text()
    assert digest[:8] in text and digest[-4:] in text and "2.86 M" in text
    assert new_waiver_dialog.read_entry().digest == digest


def test_only_this_option_of_the_waiver_dialog_waives_one_of_several_selected_findings(new_waiver_dialog):
    shown = " ".join(label.text() for label in new_waiver_dialog.findChild(FindingCard).findChildren(QLabel))
    assert "永久基本农田与城镇开发边界重叠" in shown and "REL002 2 永安镇" in shown
    fill_in_waiver(new_waiver_dialog)
    new_waiver_dialog.only_this.setChecked(True)
    new_waiver_dialog.accept()
    assert new_waiver_dialog.saved[0][0] == [new_waiver_dialog.findings[1]]
