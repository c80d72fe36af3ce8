# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the dialogs: layer roles, county profile, environment, help."""

from dataclasses import asdict

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QComboBox, QPushButton, QSpinBox, QVBoxLayout, QWidget

from plugin.bridge import settings
from plugin.bridge.layers import role_recognition
from plugin.bridge.layers.properties import get_assigned_role
from plugin.bridge.project import county
from plugin.core.base.errors import InputError
from plugin.core.checks.check import RunOptions
from plugin.core.engine.explanation import find_effective_values
from plugin.core.model.report import Outcome, RuleOutcome
from plugin.core.model.rule import load_all_rules
from plugin.core.standard.messages.texts import Texts
from plugin.gui.county_form import profile_dialog
from plugin.gui.county_form.profile_dialog import ProfileDialog
from plugin.gui.findings import detail_pane, panel_pages
from plugin.gui.help import help_dialog
from plugin.gui.help.help_dialog import HelpDialog, make_help_button
from plugin.gui.project.roles_dialog import RolesDialog
from plugin.gui.widgets import make_scroll_area, messages
from plugin.paths import SAMPLE_FOLDER
from tests.parametrize import for_each
from tests.qgis.gui_helpers import make_finding, turn_wheel
from tests.qgis.waiting import process_events

pytestmark = pytest.mark.usefixtures("chinese")


@pytest.fixture
def project_layers(project):
    made = {}
    for name in ("CZKFBJ", "我的红线"):
        made[name] = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", name, "memory")
        project.addMapLayer(made[name])
    return made


def test_layer_roles_dialog_shows_recognised_layers_and_stores_a_choice(project, project_layers):
    dialog = RolesDialog(project)
    assert "CZKFBJ" in dialog._combos["CZKFBJ"].currentText()
    assert dialog.read_choices()["CZKFBJ"] is None
    dialog._combos["STBHHX"].setLayer(project_layers["我的红线"])
    dialog.accept()
    assert get_assigned_role(project_layers["我的红线"]) == "STBHHX" and project.isDirty()
    again = RolesDialog(project)
    assert again.read_choices()["STBHHX"].id() == project_layers["我的红线"].id()
    again._combos["STBHHX"].setCurrentIndex(0)
    again.accept()
    assert role_recognition.get_layer_id_by_assigned_role(project) == {}


def test_layer_roles_dialog_refuses_one_layer_for_two_roles(project, project_layers):
    dialog = RolesDialog(project)
    for role in ("STBHHX", "CZKFBJ"):
        dialog._combos[role].setLayer(project_layers["我的红线"])
    dialog.accept()
    assert "我的红线" in dialog.problem.text() and dialog.result() == 0
    assert role_recognition.get_layer_id_by_assigned_role(project) == {}


def test_cancelling_the_layer_roles_dialog_stores_no_choice(project, project_layers):
    dialog = RolesDialog(project)
    dialog._combos["STBHHX"].setLayer(project_layers["我的红线"])
    dialog.reject()
    assert role_recognition.get_layer_id_by_assigned_role(project) == {}


def test_county_profile_dialog_shows_limits_and_targets_and_stores_the_choice(project):
    dialog = ProfileDialog(project)
    dialog.profile.setCurrentIndex(dialog.profile.findData("hunyuan"))
    assert "1.25" in dialog.summary.text() and "16.46" in dialog.summary.text()
    dialog.base_year.setText("20")
    dialog.accept()
    assert county.read_county_settings(project) == county.ProjectCountySettings(), "a year of two digits is not kept"
    assert (
        dialog.errors.notice.kind == "error"
        and "2020" in dialog.errors.label.text()
        and "1.25" in dialog.summary.text()
    )
    dialog.base_year.setText("2020")
    assert dialog.errors.notice.kind == ""
    dialog.accept()
    assert county.read_county_settings(project) == county.ProjectCountySettings(profile="hunyuan", base_year="2020")
    assert ProfileDialog(project).profile.currentData() == "hunyuan"


def test_heritage_register_chosen_in_the_profile_dialog_is_used_by_the_check(project, tmp_path):
    dialog = ProfileDialog(project)
    dialog.register.line.setText(str(tmp_path / "名录.xlsx"))
    dialog.accept()
    assert (
        county.read_county_settings(project).register
        == str(tmp_path / "名录.xlsx")
        == county.make_check_options(project).register
    )
    assert ProfileDialog(project).register.text() == str(tmp_path / "名录.xlsx")


def test_profile_dialog_stores_planning_phase_and_township_targets_table(project, tmp_path):
    dialog = ProfileDialog(project)
    assert [dialog.phase.itemText(n) for n in range(1, dialog.phase.count())] == ["编制", "公示", "报批"]
    dialog.phase.setCurrentIndex(dialog.phase.findData("approval"))
    dialog.targets.line.setText(str(tmp_path / "无.csv"))
    dialog.accept()
    assert (
        "无.csv" in dialog.errors.label.text()
        and county.read_county_settings(project) == county.ProjectCountySettings()
    ), "no table, nothing kept"
    dialog.targets.line.setText(str(SAMPLE_FOLDER / "township_tasks.csv"))
    dialog.accept()
    options = county.make_check_options(project)
    assert (options.phase, options.targets) == ("approval", str(SAMPLE_FOLDER / "township_tasks.csv"))
    assert ProfileDialog(project).phase.currentData() == "approval"


def test_profile_dialog_can_switch_on_all_rules_for_the_project(project):
    dialog = ProfileDialog(project)
    assert dialog.rules.currentData() == "" and county.make_check_options(project).rules == ()
    dialog.rules.setCurrentIndex(dialog.rules.findData("all"))
    dialog.accept()
    options = county.make_check_options(project)
    assert options.rules == ("all",) and panel_pages.count_rules(options) == len(load_all_rules())
    assert ProfileDialog(project).rules.currentData() == "all"
    county.store_county_settings(project, county.ProjectCountySettings(rules="quality"))
    dialog = ProfileDialog(project)
    dialog.accept()
    assert county.read_county_settings(project).rules == "quality", "what a script chose is kept"


def test_profile_dialog_stores_the_language_of_findings_only_after_ok(project, monkeypatch):
    assert county.make_check_options(project).lang == "zh"
    try:
        dialog = ProfileDialog(project)
        assert [dialog.language.itemText(n) for n in range(dialog.language.count())] == ["随 QGIS", "中文", "English"]
        dialog.language.setCurrentIndex(2)
        dialog.reject()
        assert settings.get_report_language() == "zh", "not before OK"
        dialog.accept()
        assert county.make_check_options(project).lang == "en" and ProfileDialog(project).language.currentData() == "en"
        settings.store_setting("language", "")
        monkeypatch.setattr(settings, "get_interface_locale", lambda: "en")
        assert county.make_check_options(project).lang == "en", "as QGIS unless the user chose one"
    finally:
        settings.store_setting("language", "")


def test_panel_errors_use_the_interface_language_not_the_findings_language(qgis_app, monkeypatch):
    error = InputError("source_missing", source="x.gpkg")
    monkeypatch.setattr(settings, "get_interface_locale", lambda: "zh_CN")
    settings.store_setting("language", "en")
    try:
        assert messages.explain_error(error) == Texts("zh").explain_error(error)
        settings.store_setting("language", "zh")
        monkeypatch.setattr(settings, "get_interface_locale", lambda: "en")
        assert messages.explain_error(error) == Texts("en").explain_error(error)
    finally:
        settings.store_setting("language", "")


def test_english_interface_shows_no_full_width_punctuation(project, monkeypatch):
    for module in (profile_dialog, detail_pane):
        monkeypatch.setattr(module, "tr", lambda text: text)
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    assert "km² (浑源县" in ProfileDialog(project).summary.text()
    one = make_finding("REL002", "1", 12_640.35, net_area_m2=12_000.0)
    assert (
        "　" not in detail_pane.format_place_and_size(one)
        and len(detail_pane.format_place_and_size(one).split("  ")) == 3
    )


def test_chinese_interface_shows_full_width_punctuation(project):
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    assert "km²（浑源县" in ProfileDialog(project).summary.text()
    assert "　" in detail_pane.format_place_and_size(make_finding("REL002", "1", 12_640.35))


def test_layer_roles_dialog_does_not_offer_a_saved_findings_layer(project, project_layers):
    columns = "".join(f"&field={name}:string" for name in ("code", "severity", "role", "geom_kind"))
    saved = QgsVectorLayer(f"MultiPolygon?crs=EPSG:4526{columns}", "发现", "memory")
    project.addMapLayer(saved)
    dialog = RolesDialog(project)
    combo = dialog._combos["CZKFBJ"]
    shown = [combo.layer(n) for n in range(combo.count())]
    assert saved not in shown and project_layers["CZKFBJ"] in shown


def test_profile_dialog_reports_an_invalid_profile_file_and_disables_ok(project, tmp_path):
    path = tmp_path / "县.toml"
    path.write_text('id = "x"\n', encoding="utf-8")
    county.store_county_settings(project, county.ProjectCountySettings(profile=str(path)))
    dialog = ProfileDialog(project)
    assert "县.toml" in dialog.summary.text() and not dialog._ok_button.isEnabled()


def test_enter_closes_a_dialog_that_only_shows_a_text(qgis_app):
    dialog = HelpDialog("REL002")
    dialog.show()
    process_events(0.05)
    assert [button.text() for button in dialog.findChildren(QPushButton) if button.isDefault()] == ["关闭"]
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert not dialog.isVisible()


def test_help_button_of_a_dialog_names_no_file_in_its_tool_tip(qgis_app):
    assert make_help_button("roles").toolTip() == "打开使用手册中关于本窗口的说明"
    with pytest.raises(KeyError):
        make_help_button("no such topic")


@for_each("code", [*load_all_rules(), "RUN900", ""])
def test_help_dialog_has_a_page_for_every_rule_and_run_message(qgis_app, code):
    dialog = HelpDialog(code)
    assert code in dialog.browser.toPlainText() or code.startswith("RUN")
    assert dialog.browser.toPlainText().strip()


def test_help_dialog_shows_a_page_when_libraries_are_missing(qgis_app, monkeypatch):
    def broken(code, *_more):
        raise ImportError("shapely")

    monkeypatch.setattr(help_dialog, "make_rule_page", broken)
    assert HelpDialog("REL002").browser.toPlainText().strip()


def test_help_page_of_a_rule_shows_its_sources_and_effective_settings(chinese, qgis_app):
    norm = RunOptions(profile="hunyuan").resolve_norm()
    text = HelpDialog("LAW001", norm=norm).browser.toPlainText()
    assert "依据" in text and "[C] 城镇开发边界扩展倍数核算口径" in text
    assert "扩展倍数上限 = 1.25（县配置 浑源县）" in text and "当前值" in text
    assert "[ratio.base_year]" in text and "ratio.limit" not in text, "only a file asks for keys"
    # Values of the displayed check take precedence over those of the next check.
    taken = RuleOutcome("REL006", "x", "ERROR", Outcome.PASSED)
    taken.parameters = [
        asdict(one) for one in find_effective_values(load_all_rules()["REL006"], norm, {"max_share": 0.3})
    ]
    dialog = HelpDialog("REL006", norm=norm, get_outcome=lambda code: taken if code == "REL006" else None)
    assert "最大占比 = 0.3 (30%)（本次指定）" in dialog.browser.toPlainText()
    assert "当前检查结果" in dialog.browser.toPlainText()
    dialog.show_page("LAW001")
    assert "当前值" in dialog.browser.toPlainText()
    assert "豁免" in HelpDialog("RUN903", norm=norm).browser.toPlainText()


def test_help_page_of_a_rule_opens_when_the_county_profile_is_missing(chinese, qgis_app, project):
    county.store_county_settings(project, county.ProjectCountySettings(profile="nowhere"))
    norm, outcome = panel_pages.get_norm_and_outcomes(None, county.make_check_options(project))
    assert norm is None and outcome("REL006") is None
    assert "整改建议" in HelpDialog("REL006", norm=norm, get_outcome=outcome).browser.toPlainText()


def test_mouse_wheel_over_a_field_is_left_to_the_page_and_changes_no_value(qgis_app):
    page = QWidget(minimumHeight=2000)
    area = make_scroll_area(page)
    layout = QVBoxLayout(page)
    area.resize(300, 200)
    area.show()
    process_events(0.05)
    # Fields that are added to a visible page, too.
    fields = [QComboBox(), QSpinBox(value=50)]
    fields[0].addItems(list("甲乙丙"))
    for field in fields:
        layout.addWidget(field)
    process_events(0.1)
    for field in fields:
        field.setFocus()
        assert not turn_wheel(field)
    assert turn_wheel(area.viewport()) and area.verticalScrollBar().value() > 0
    assert fields[0].currentIndex() == 0 and fields[1].value() == 50
    area.close()
