# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the form of a county profile, in its dialog (县配置) and in the wizard."""

import re
from pathlib import Path

import geopandas as gpd
import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QDate, QPoint, Qt
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QScrollArea,
    QTreeWidget,
)
from shapely import box

from plugin.bridge import settings
from plugin.bridge.new_project import assemble
from plugin.bridge.new_project.assemble import create_project_database
from plugin.bridge.project import county
from plugin.core.base.errors import NEVER_CANCELLED, DataError
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from plugin.core.standard.profile import load_profile
from plugin.core.standard.profile.county_file import (
    CountyConfirmation,
    CountySettings,
    compose_county,
    make_default_profile_path,
    read_county,
    save_county,
)
from plugin.core.standard.profile.load import SingleConfirmation
from plugin.core.standard.profile.profile_data import IndicatorTarget
from plugin.gui.county_form.form import CountyForm
from plugin.gui.county_form.limits_box import get_setting_name
from plugin.gui.county_form.paste_dialog import PasteTargetsDialog
from plugin.gui.county_form.profile_dialog import ProfileDialog
from plugin.gui.wizard.dialog import NewProjectWizard
from tests.qgis.waiting import process_events, wait_until

pytestmark = pytest.mark.usefixtures("chinese")
PLAN_TITLE = "阳高县国土空间总体规划（2021—2035年）"


@pytest.fixture
def saved_project(project, tmp_path):
    """Return a saved project of a county whose profile inherits from the province."""
    assert project.write(str(tmp_path / "阳高县规划.qgz"))
    county.store_county_settings(project, county.ProjectCountySettings(profile="shanxi"))
    county.store_county_code_and_name(project, "140221", "阳高县")
    return project


def get_row(form, indicator):
    return next(r for r in form.targets.rows if r.indicator == indicator)


def enter_targets(form):
    """Enter targets and a stricter limit into the form, and confirm everything."""
    for indicator, value in (("cultivated_area", "52.10"), ("boundary_area", "14.20")):
        get_row(form, indicator).value.setText(value)
        get_row(form, indicator).source.setText(PLAN_TITLE)
    limit = form.ratio.limit.rows["ratio.limit"]
    limit.field.setText("1.2")
    limit.document.setText(PLAN_TITLE)
    form.confirmation.by.setText("阳高县自然资源局")
    form.confirmation.document.setText("阳自然资函〔2026〕1号")
    form.confirmation._set_all_ticks(True)
    form.confirmation._list_deciding_rows()[0].setText(2, "阳自然资函〔2026〕2号")
    for row in form.confirmation._list_deciding_rows():
        row.setCheckState(0, Qt.CheckState.Checked)


@pytest.fixture
def dialog(saved_project):
    return ProfileDialog(saved_project)


def test_county_profile_form_saves_targets_and_confirmation_to_a_profile_file(saved_project, tmp_path, dialog):
    form = dialog.form
    assert (form.name.text(), form.area_code.text()) == ("阳高县", "140221")
    assert form.confirmation.badge.kind == "warning" and "未确认" in form.confirmation.badge.label.text()
    enter_targets(form)
    assert form.errors == [] and form.confirmation.badge.kind == "ok"
    dialog.accept()
    path = tmp_path / "阳高县规划.profile.toml"
    assert path.exists() and dialog.result() == 1
    norm = county.make_check_options(saved_project).resolve_norm().keep_confirmations_valid_for_area("140221")
    assert {t.indicator: (t.value, t.unit, t.year) for t in norm.find_targets("140221")} == {
        "cultivated_area": ("52.10", "wan_mu", 2035),
        "boundary_area": ("14.20", "km2", 2035),
    }
    assert norm.get("ratio.limit") == 1.2 and norm.is_confirmed("ratio.limit") and norm.is_confirmed("ratio.form")
    assert norm.profile.base.id == "shanxi"


def test_confirmed_settings_bear_the_word_in_place_of_the_mark(dialog):
    form = dialog.form
    marks = [form.ratio.form_mark, form.ratio.classes_mark, form.limits.rows["indicators.warning_share"].mark]
    assert [mark.text() for mark in marks] == ["C"] * 3
    enter_targets(form)
    assert [mark.text() for mark in marks] == ["已确认"] * 3
    least = marks[0].fontMetrics().horizontalAdvance("已确认")
    assert all(mark.width() > least for mark in marks) and form.ratio.limit.rows["ratio.limit"].mark.text() == "A"
    form.confirmation.by.setText("")
    assert [mark.text() for mark in marks] == ["C"] * 3


def test_project_moved_with_its_profile_file_still_finds_the_profile(saved_project, tmp_path, dialog):
    enter_targets(dialog.form)
    dialog.accept()
    assert saved_project.readEntry("sanxian", "profile")[0] == "阳高县规划.profile.toml"
    assert saved_project.write()
    other = tmp_path / "另一处"
    other.mkdir()
    for name in ("阳高县规划.qgz", "阳高县规划.profile.toml"):
        (tmp_path / name).rename(other / name)
    moved = QgsProject()
    assert moved.read(str(other / "阳高县规划.qgz"))
    assert county.make_check_options(moved).resolve_norm().get("ratio.limit") == 1.2


def test_saving_an_unchanged_county_profile_form_leaves_the_file_unchanged(saved_project, tmp_path, dialog):
    enter_targets(dialog.form)
    dialog.accept()
    path = tmp_path / "阳高县规划.profile.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# by hand\n", encoding="utf-8")
    before = path.read_bytes()
    again = ProfileDialog(saved_project)
    assert again.profile.currentData() == str(path) and not again.form.is_changed
    assert get_row(again.form, "boundary_area").value.text() == "14.20" and again.form.confirmation.badge.kind == "ok"
    again.accept()
    assert path.read_bytes() == before
    third = ProfileDialog(saved_project)
    get_row(third.form, "boundary_area").restore.click()
    third.accept()
    text = path.read_text(encoding="utf-8")
    assert "boundary_area" not in text and "# by hand" in text and "52.10" in text


def test_county_profile_form_shows_inherited_values_as_placeholders_with_their_source(saved_project):
    county.store_county_settings(saved_project, county.ProjectCountySettings(profile="hunyuan"))
    county.store_county_code_and_name(saved_project, "140225", "浑源县")
    dialog = ProfileDialog(saved_project)
    form = dialog.form
    boundary = get_row(form, "boundary_area")
    assert boundary.value.text() == "" and boundary.value.inherited_text == "16.46" and boundary.mark.mark == "A"
    assert "浑源县" in boundary.source.inherited_text
    boundary.unit.setCurrentIndex(boundary.unit.findData("mu"))
    assert boundary.unit.currentData() == "km2" and not form.has_county_values, "a unit alone replaces nothing"
    limit = form.ratio.limit.rows["ratio.limit"]
    assert (
        limit.field.inherited_text == "1.25"
        and limit.mark.mark == "A"
        and limit.document.inherited_text.startswith("浑源县")
    )
    assert form.ratio.form.get_county_value() is None and form.ratio.form_mark.mark == "C"
    boundary.value.setText("16.00")
    assert boundary.unit.currentData() == "km2" and boundary.restore.isVisibleTo(form)
    boundary.restore.click()
    assert boundary.value.get_county_value() == "" and not form.has_county_values


def test_county_profile_form_does_not_offer_province_totals_as_county_targets(dialog):
    form = dialog.form
    assert (
        get_row(form, "cultivated_area").value.inherited_text == ""
        and get_row(form, "cultivated_area").year.inherited_text == "2035"
    )
    assert form.totals.label.text().startswith("上级的 4 项总量目标属上级全域，不用于本县")


def test_county_profile_form_shows_an_error_at_its_field_and_blocks_saving(tmp_path, dialog):
    form = dialog.form
    get_row(form, "boundary_area").value.setText("14，20")
    form.ratio.limit.rows["ratio.limit"].field.setText("1.35")
    form.confirmation.document.setText("阳高县政府批复")
    assert get_row(form, "boundary_area").message.text() == "“14，20”不是数值。请填写 14.20。"
    assert (
        form.ratio.limit.rows["ratio.limit"].message.text()
        == "上限 1.35 宽于上级配置“山西省”的 1.30。请改为不大于 1.30。"
    )
    assert "单位" in form.confirmation.messages["by"].text()
    assert not dialog._ok_button.isEnabled() and "处需改正" in dialog.errors.label.text()
    # Each field has its link, and the number is that of the links.
    label = dialog.errors.label.text()
    links = re.findall(r"<a [^>]*>([^<]*)</a>", label)
    assert f"{len(links)} 处需改正" in label and len(set(links)) == len(links)
    assert {"城镇开发边界面积", "城镇开发边界面积　依据文件", "确认单位"} <= set(links)
    get_row(form, "boundary_area").value.setText("14.20")
    get_row(form, "boundary_area").source.setText(PLAN_TITLE)
    form.ratio.limit.rows["ratio.limit"].restore.click()
    form.confirmation.document.clear()
    assert form.errors == [] and dialog._ok_button.isEnabled() and get_row(form, "boundary_area").message.text() == ""
    dialog.reject()
    assert list(tmp_path.glob("*.toml")) == []


def test_county_profile_form_warns_that_authority_and_date_alone_are_not_saved(tmp_path, dialog):
    box = dialog.form.confirmation
    assert box.messages["date"].text() == ""
    box.date.setDate(QDate(2026, 3, 1))
    assert "只有单位和日期不保存" in box.messages["date"].text() and dialog._ok_button.isEnabled()
    box.by.setText("阳高县自然资源局")
    assert "只有单位和日期不保存" in box.messages["date"].text() and dialog.form.errors == []
    box.document.setText("阳高县政府批复")
    assert box.messages["date"].text() == "" and box.read_confirmation().date == "2026-03-01"


def test_authority_of_items_confirmed_one_by_one_is_shown_again(tmp_path):
    form, path = CountyForm(), tmp_path / "县.profile.toml"
    single = {"ratio.form": SingleConfirmation("阳高县自然资源局", "阳高县政府批复", "2026-11-20", "n1")}
    save_county(CountySettings("阳高县", "140221", "shanxi", confirmation=CountyConfirmation(singly=single)), path)
    text = path.read_text(encoding="utf-8")
    form.show_county(read_county(path, text), path, text)
    assert form.confirmation.by.text() == "阳高县自然资源局"
    assert form.errors == [] and not form.is_changed and form.read_county_settings().confirmation.singly


def test_county_profile_form_reads_percentages_and_full_width_digits(dialog):
    form = dialog.form
    form.limits.rows["indicators.warning_share"].field.setText("５")
    form.limits.rows["rules.LAW020.max_flexible_share"].field.setText("12.5")
    form.limits.rows["zones.urban_is_boundary"].field.choose_value(False)
    assert dict(form.read_county_settings().value_by_setting) == {
        "indicators.warning_share": 0.05,
        "rules.LAW020.max_flexible_share": 0.125,
        "zones.urban_is_boundary": False,
    }
    form.limits.rows["indicators.warning_share"].field.setText("5％多")
    assert "不是数值" in form.limits.rows["indicators.warning_share"].message.text()


def test_land_classes_changed_in_the_profile_form_are_saved_as_county_settings(dialog):
    form = dialog.form
    village = form.ratio.boxes[("203", "203A")]
    village.setChecked(True)
    assert form.read_county_settings().value_by_setting["ratio.classes"] == [
        "201",
        "201A",
        "202",
        "202A",
        "203",
        "203A",
    ]
    assert form.ratio.classes_mark.mark == "C"
    form.ratio.restore.click()
    assert not village.isChecked() and not form.has_county_values


def test_second_target_of_an_indicator_for_another_year_is_saved_as_another_row_of_the_profile(dialog):
    form = dialog.form
    first = get_row(form, "farmland_area")
    first.value.setText("45.88")
    first.source.setText(PLAN_TITLE)
    second = form.targets.add_row("farmland_area")
    second.value.setText("46.00")
    assert second.source.get_county_value() == "", "the document of another target is offered, not entered"
    assert second.source.completer().model().stringList() == [PLAN_TITLE]
    assert "2035 年已有一行" in second.message.text()
    second.year.setText("2025")
    assert "依据文件" in second.message.text() and not dialog._ok_button.isEnabled()
    second.source.setText(PLAN_TITLE)
    assert form.errors == [] and [t.year for t in form.read_county_settings().targets] == [2035, 2025]


def test_source_field_of_a_target_does_not_offer_the_text_being_typed_into_it(dialog):
    first, second = (get_row(dialog.form, name).source for name in ("farmland_area", "red_line_area"))
    dialog.show()
    dialog.activateWindow()
    assert wait_until(dialog.isActiveWindow)
    first.setFocus()
    assert wait_until(first.hasFocus)
    first.setText(PLAN_TITLE)
    assert first.completer().model().stringList() == []
    second.setFocus()
    assert wait_until(second.hasFocus)
    second.setText(PLAN_TITLE[:2])
    assert second.completer().model().stringList() == [PLAN_TITLE]
    dialog.close()


def test_list_of_offered_texts_stands_beneath_its_field_and_shows_whole_texts(dialog, wizard):
    dialog.show()
    dialog.resize(760, 476)
    first, second = (get_row(dialog.form, name).source for name in ("farmland_area", "red_line_area"))
    first.setText(PLAN_TITLE)
    wizard.go_to_page(1)
    wizard.resize(760, 476)
    process_events(0.1)
    search = wizard.place.county.search
    for field, line, beginning in ((second, second, PLAN_TITLE[:2]), (search, search.lineEdit(), "1402")):
        completer = field.completer()
        popup = completer.popup()
        # Qt places the list anew with each key.
        for text in (beginning[:1], beginning):
            completer.setCompletionPrefix(text)
            line.setText(text)
            completer.complete()
        assert wait_until(popup.isVisible) and completer.widget() is field
        assert popup.geometry().topLeft() == field.mapToGlobal(QPoint(0, field.height()))
        assert popup.width() >= max(field.width(), popup.sizeHintForColumn(0))
        popup.hide()


def test_targets_of_a_pasted_table_are_shown_with_the_present_ones_and_entered_only_on_ok(dialog, monkeypatch):
    form = dialog.form
    get_row(form, "cultivated_area").value.setText("52.10")
    shown = []

    def paste(window):
        window.text.setPlainText(
            "指标\t2025年\t2035年\t单位\n耕地保有量\t52.00\t52.20\t万亩\n城镇开发边界\t\t1420\t公顷\n森林覆盖率\t\t14\t%\n扩展倍数\t\t1.28\t倍\n用水总量\t\t1.2\t亿立方米"
        )
        window.source.setText(PLAN_TITLE)
        items = [window.tree.topLevelItem(n) for n in range(window.tree.topLevelItemCount())]
        shown.append([[item.text(column) for column in (1, 2, 3, 4, 5)] for item in items])
        return len(shown) > 1

    monkeypatch.setattr(PasteTargetsDialog, "exec", paste)
    before = form.read_county_settings()
    form.targets.paste.click()
    assert form.read_county_settings() == before, "nothing is entered without OK"
    assert shown[0] == [
        ["耕地保有量", "2025", "52.00 万亩", "52.0000 万亩", "52.00 万亩"],
        ["耕地保有量", "2035", "52.20 万亩", "52.2000 万亩", "52.10 万亩 → 52.20 万亩"],
        ["城镇开发边界面积", "2035", "1420 公顷", "14.20 平方千米", "1420 公顷"],
        ["森林覆盖率  14  %", "2035", "14 %", "", "不填入：本表没有这一指标。"],
        ["扩展倍数  1.28  倍", "2035", "1.28 倍", "", "不填入：扩展倍数的上限在目标下方单独填写。"],
        ["用水总量  1.2  亿立方米", "2035", "1.2 亿立方米", "", "不填入：本表没有这一指标。"],
    ]
    form.targets.paste.click()
    targets = [(t.indicator, t.value, t.unit, t.year, t.source) for t in form.read_county_settings().targets]
    assert targets == [
        ("cultivated_area", "52.20", "wan_mu", 2035, PLAN_TITLE),
        ("boundary_area", "1420", "ha", 2035, PLAN_TITLE),
        ("cultivated_area", "52.00", "wan_mu", 2025, PLAN_TITLE),
    ]
    assert form.errors == []


def test_target_for_another_year_leaves_the_inherited_one_in_its_row():
    form, source = CountyForm(), "浑源县自然资源局"
    target = IndicatorTarget("140225", "red_line_area", ">=", "538.90", "km2", 2025, "约束性", source)
    form.show_county(CountySettings("浑源县", "140225", "hunyuan", (target,)), Path("县.profile.toml"))
    rows = [row for row in form.targets.rows if row.indicator == "red_line_area"]
    assert [(row.find_year(), row.value.text() or row.value.inherited_text) for row in rows] == [
        (2035, "538.87"),
        (2025, "538.90"),
    ]
    assert form.targets._find_row("red_line_area", 2030) is None, "a further row is added"
    assert form.read_county_settings().targets == (target,)


def test_codes_of_a_delivered_database_fill_layers_without_a_code_and_a_differing_one_is_named(
    saved_project, dialog, tmp_path
):
    codes = {"CZKFBJ": ["2090020999", "2090020999", None], "STBHHX": ["1", "2"], "LSWHBHX": ["2090020228"]}
    for layer, values in codes.items():
        rows = gpd.GeoDataFrame({"YSDM": values}, geometry=[box(n, 0, n + 1, 1) for n in range(len(values))], crs=4525)
        rows.to_file(tmp_path / "已交付.gpkg", layer=layer)
    feature_codes = dialog.form.feature_codes
    feature_codes.delivered.line.setText(str(tmp_path / "已交付.gpkg"))
    feature_codes.reading_button.click()
    wait_until(feature_codes.reading_button.isEnabled)
    assert feature_codes.read_settings() == {"ysdm.CZKFBJ": "2090020999"}, "of STBHHX there are two"
    assert "历史文化保护线  LSWHBHX  2090020228" in feature_codes.message.text()
    dialog.accept()
    written = read_county(make_default_profile_path(Path(saved_project.fileName())))
    assert written.value_by_setting == {"ysdm.CZKFBJ": "2090020999"}
    assert written.document_by_setting == {"ysdm.CZKFBJ": "已交付.gpkg"}
    reopened_dialog = ProfileDialog(saved_project)
    reopened = reopened_dialog.form
    assert reopened.feature_codes.read_settings() == {"ysdm.CZKFBJ": "2090020999"} and not reopened.is_changed
    items = reopened.feature_codes.table.findItems("2090020999", Qt.MatchFlag.MatchExactly)
    items[0].setText("二〇九")
    assert [error.name for error in reopened.errors] == ["要素代码"]
    reopened_dialog.errors.label.linkActivated.emit("0")
    assert reopened_dialog.tabs.currentWidget() is reopened.feature_codes


def test_saving_the_profile_form_preserves_values_that_it_does_not_show(saved_project, tmp_path):
    path = make_default_profile_path(Path(saved_project.fileName()))
    text = compose_county(CountySettings("阳高县", "140221", "shanxi"), path)
    text += (
        '[quality.min_area_m2]\nDLTB = 300.0 # ours\n\n[absent]\nconcepts = ["zones"]\n\n'
        '[confirmed]\nby = "局"\ndocument = "文"\ndate = 2026-11-20\nitems = ["absent", "ratio.form", "all"]\n'
    )
    path.write_text(text, encoding="utf-8")
    county.store_county_settings(saved_project, county.ProjectCountySettings(profile=str(path)))
    dialog = ProfileDialog(saved_project)
    assert not dialog.form.is_changed and dialog.form.confirmation.read_confirmation().items == (
        "absent",
        "ratio.form",
        "all",
    )
    get_row(dialog.form, "boundary_area").value.setText("14.20")
    get_row(dialog.form, "boundary_area").source.setText(PLAN_TITLE)
    dialog.accept()
    changed = path.read_text(encoding="utf-8")
    assert changed.startswith(text.rstrip("\n")) and "14.20" in changed


def test_deciding_settings_are_confirmed_one_by_one_and_a_changed_value_withdraws_its_confirmation(saved_project):
    dialog = ProfileDialog(saved_project)
    box, limits = dialog.form.confirmation, dialog.form.tolerances.rows
    box.by.setText("阳高县自然资源局")
    rows = {row.data(0, Qt.ItemDataRole.UserRole): row for row in box._list_deciding_rows()}
    assert "ratio.form" in rows and rows["ratio.form"].text(1).startswith("N1") and len(rows) == 9, (
        "the limit has a source"
    )
    for key in ("tolerance", "ratio.form"):
        rows[key].setCheckState(0, Qt.CheckState.Checked)
    assert "没有依据文件" in box.messages["singly"].text() and not box.read_confirmation().singly
    rows["tolerance"].setText(2, "阳自然资函〔2026〕3号")
    dialog.accept()
    path = make_default_profile_path(Path(saved_project.fileName()))
    norm = RunOptions(profile=str(path)).resolve_norm()
    assert norm.is_confirmed("tolerance") and not norm.is_confirmed("ratio.form")
    assert norm.profile.confirmed_singly["tolerance"]["document"] == "阳自然资函〔2026〕3号"
    dialog = ProfileDialog(saved_project)
    box, limits = dialog.form.confirmation, dialog.form.tolerances.rows
    assert not dialog.form.is_changed
    limits["tolerance.min_area_m2"].field.setText("0.9")
    limits["tolerance.min_area_m2"].document.setText("阳自然资函〔2026〕3号")
    dialog.accept()
    changed = RunOptions(profile=str(path)).resolve_norm()
    assert changed.get("tolerance.min_area_m2") == 0.9 and "tolerance" not in changed._confirmed_items


def test_long_values_and_documents_of_deciding_settings_wrap(dialog):
    dialog.resize(1100, 800)
    dialog.show()
    tree, row = dialog.form.confirmation.deciding, dialog.form.confirmation._list_deciding_rows()[0]
    row.setText(2, PLAN_TITLE * 4)
    process_events(0.1)
    height = tree.visualItemRect(row).height()
    assert height >= 4 * tree.fontMetrics().lineSpacing()
    tree.header().resizeSection(2, 2 * tree.columnWidth(2))
    process_events(0.1)
    assert tree.visualItemRect(row).height() < height
    for one in dialog.form.confirmation._list_deciding_rows():
        metrics, width = tree.fontMetrics(), tree.columnWidth(1)
        lines = metrics.horizontalAdvance(one.text(1)) / width
        assert tree.visualItemRect(one).height() >= int(lines + 0.99) * metrics.lineSpacing()


def test_unchecking_one_item_of_a_full_confirmation_keeps_the_others_confirmed(saved_project):
    form = CountyForm()
    given = CountySettings("阳高县", "140221", "shanxi")
    path = Path("县.profile.toml")
    text = compose_county(given, path) + '[confirmed]\nby = "局"\ndocument = "文"\ndate = 2026-11-20\nitems = ["all"]\n'
    form.show_county(read_county(path, text), path, text)
    assert form.confirmation.read_confirmation().items == ("all",) and form.confirmation.badge.kind == "ok"
    form.confirmation.items.item(0).setCheckState(Qt.CheckState.Unchecked)
    items = form.confirmation.read_confirmation().items
    assert "all" not in items and len(items) == form.confirmation.items.count() - 1
    assert "未确认 1 项" in form.confirmation.badge.label.text()


def test_profile_form_lists_settings_used_by_the_last_check_first_with_rule_and_value_as_tool_tip(saved_project):
    plain = ProfileDialog(saved_project).form.confirmation
    keys = [plain.items.item(n).data(Qt.ItemDataRole.UserRole) for n in range(plain.items.count())]
    rule_key = next(key for key in reversed(keys) if key.startswith("rules.") and key.count(".") == 2)
    assert plain.used_note.isHidden()
    deciding_key = plain.deciding.topLevelItem(0).data(0, Qt.ItemDataRole.UserRole)
    # Deciding items have their own table, so they do not count among those listed first.
    box = ProfileDialog(saved_project, None, [rule_key, deciding_key, "gone"]).form.confirmation
    assert box.items.count() == len(keys)
    first = box.items.item(0)
    assert first.data(Qt.ItemDataRole.UserRole) == rule_key and first.font().bold()
    assert not box.items.item(1).font().bold() and "1 项" in box.used_note.text()
    code = rule_key.split(".")[1]
    assert f"用于规则：{code} " in first.toolTip() and "取值：" in first.toolTip() and rule_key in first.toolTip()


def test_profile_dialog_summary_changes_when_settings_are_confirmed_or_unconfirmed_in_the_form(dialog):
    assert "尚有设置未经本县确认" in dialog.summary.text()
    enter_targets(dialog.form)
    assert "尚有设置未经" not in dialog.summary.text() and "保存后生效" in dialog.summary.text()
    dialog.form.confirmation._set_all_ticks(False)
    assert "保存后生效" not in dialog.summary.text()


def test_profile_dialog_opens_on_the_page_that_a_link_names(dialog):
    named = [dialog.tabs.tabText(dialog.tabs.currentIndex())]
    for page in ("feature_codes", "rules", ""):
        dialog.show_page(page)
        named.append(dialog.tabs.tabText(dialog.tabs.currentIndex()))
    assert named == ["目标与确认", "要素代码", "检查设置", "检查设置"]


def test_profile_file_changed_by_another_program_is_not_overwritten(saved_project, tmp_path, dialog):
    enter_targets(dialog.form)
    dialog.accept()
    path = tmp_path / "阳高县规划.profile.toml"
    again = ProfileDialog(saved_project)
    get_row(again.form, "boundary_area").value.setText("13.00")
    path.write_text(path.read_text(encoding="utf-8") + "# a colleague\n", encoding="utf-8")
    again.accept()
    assert again.result() == 0 and "已被其他程序修改" in again.errors.label.text()
    assert path.read_text(encoding="utf-8").endswith("# a colleague\n")


def test_new_profile_never_overwrites_an_existing_profile_file(saved_project, tmp_path):
    path = tmp_path / "阳高县规划.profile.toml"
    path.write_text(compose_county(CountySettings("阳高县", "140221", "shanxi"), path) + "# ours\n", encoding="utf-8")
    dialog = ProfileDialog(saved_project)
    assert dialog.profile.findData(str(path)) >= 0, "it is offered"
    enter_targets(dialog.form)
    dialog.accept()
    assert dialog.result() == 0 and "已存在" in dialog.errors.label.text()
    assert (
        path.read_text(encoding="utf-8").endswith("# ours\n")
        and county.read_county_settings(saved_project).profile == "shanxi"
    )


def test_profile_form_with_entered_values_disables_ok_until_the_project_is_saved(project, tmp_path):
    dialog = ProfileDialog(project)
    dialog.profile.setCurrentIndex(dialog.profile.findData("shanxi"))
    assert dialog._ok_button.isEnabled()
    dialog.form.name.setText("阳高县")
    dialog.form.area_code.setText("140221")
    get_row(dialog.form, "boundary_area").value.setText("14.20")
    get_row(dialog.form, "boundary_area").source.setText(PLAN_TITLE)
    assert not dialog._ok_button.isEnabled() and dialog.place.text().startswith("请先保存工程")
    assert not dialog.save_project.isHidden()
    assert project.write(str(tmp_path / "阳高.qgz"))
    assert dialog.save_project.isHidden() and dialog._ok_button.isEnabled(), "it keeps what was entered"
    dialog.accept()
    written = read_county(make_default_profile_path(tmp_path / "阳高.qgz"))
    assert [target.value for target in written.targets] == ["14.20"]


@pytest.mark.parametrize("agrees", [False, True])
def test_cancel_asks_before_it_throws_away_entered_values(project, monkeypatch, agrees):
    dialog, asked = ProfileDialog(project), []
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *args: asked.append(args[2]) or (yes if agrees else no))
    ended = []
    dialog.finished.connect(ended.append)
    get_row(dialog.form, "boundary_area").value.setText("14.20")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel).click()
    assert len(asked) == 1 and ended == ([0] if agrees else [])


def test_choosing_another_parent_profile_keeps_the_entered_values(dialog):
    get_row(dialog.form, "boundary_area").value.setText("14.20")
    dialog.profile.setCurrentIndex(0)
    assert (
        get_row(dialog.form, "boundary_area").value.text() == "14.20"
        and dialog.form.read_county_settings().parent_profile == ""
    )
    dialog.profile.setCurrentIndex(dialog.profile.findData("hunyuan"))
    assert any("不属于上级配置" in error.text for error in dialog.form.errors)


def test_county_profile_form_is_english_in_an_english_interface(saved_project, monkeypatch):
    monkeypatch.setattr(settings, "get_interface_language", lambda: "en")
    dialog = ProfileDialog(saved_project)
    form = dialog.form
    get_row(form, "boundary_area").value.setText("abc")
    assert get_row(form, "boundary_area").message.text() == "“abc” is not a number. Enter digits."
    assert get_row(form, "boundary_area").name.text() == "Urban development boundary"
    names = [get_setting_name(key, Texts("en")) for key in Texts("en").get_section("setting")]
    assert len(names) > 50 and not [name for name in names if name[:1].islower()]


@pytest.fixture
def wizard(qgis_app, project, tmp_path):
    settings.store_setting("project_folder", str(tmp_path))
    made = NewProjectWizard(project)
    made.show()
    made.go_to_page(1)
    made.place.county.choose_county("140212")
    made.place.county.source.setCurrentIndex(made.place.county.source.findData("typed"))
    made.place.county.west.setValue(113.1)
    made.place.county.east.setValue(113.7)
    made.go_to_page(2)
    yield made
    made.set_busy(False)
    made.close()
    made.deleteLater()


def test_project_wizard_writes_the_county_profile_into_the_project_folder(wizard, tmp_path):
    wanted = []
    wizard.wanted.connect(wanted.append)
    assert wizard.profile.profile.currentData() == "shanxi"
    get_row(wizard.profile.form, "boundary_area").value.setText("14.20")
    assert not wizard.next.isEnabled() and "依据文件" in wizard.message_label.text()
    enter_targets(wizard.profile.form)
    assert wizard.next.isEnabled()
    wizard.next.click()
    wizard.target.name.setText("县规划")
    assert "县规划.profile.toml" in wizard.target.paths.text()
    wizard.next.click()
    assert "县规划.profile.toml：2 项目标，继承自山西省" in dict(wizard.confirm.list_summary_rows()).values()
    wizard.next.click()
    (request,) = wanted
    made = create_project_database(request, lambda *_: None, NEVER_CANCELLED)
    for _ in assemble.build_project_in_steps(QgsProject(), request, made):
        pass
    assert {p.name for p in tmp_path.iterdir()} == {"县规划.gpkg", "县规划.profile.toml", "县规划.qgz"}
    opened = QgsProject()
    assert opened.read(str(tmp_path / "县规划.qgz"))
    profile = load_profile(county.make_check_options(opened).profile)
    assert profile.area_code == request.county_code and {
        t.value for t in profile.targets if t.area_code == request.county_code
    } == {
        "52.10",
        "14.20",
    }
    assert county.read_county_code_and_name(opened) == (request.county_code, request.county_name)


def test_project_wizard_does_not_overwrite_an_existing_profile_file(wizard, tmp_path):
    enter_targets(wizard.profile.form)
    wizard.go_to_page(3)
    wizard.target.name.setText("县规划")
    assert wizard.next.isEnabled()
    (tmp_path / "县规划.profile.toml").write_text("# ours\n", encoding="utf-8")
    wizard.target.name.setText("县规划 ")
    wizard.target.name.setText("县规划")
    assert not wizard.next.isEnabled() and "已存在" in wizard.message_label.text()
    with pytest.raises(DataError, match="profile_exists"):
        create_project_database(wizard.draft.make_request(), lambda *_: None, NEVER_CANCELLED)
    assert [p.name for p in tmp_path.iterdir()] == ["县规划.profile.toml"]


#: Values that a user types into a field of a figure, also by mistake.
TYPED_VALUES = ("12.5", "164.6", "9999999", "1,35", "x", "-1", "")
INPUTS = (QLineEdit, QComboBox, QAbstractSpinBox, QAbstractButton, QListWidget, QTreeWidget)


def find_moved_inputs(window, lines):
    """Type values into lines of a window; return (value, input) where an input is then at another place or changed."""

    def measure_places():
        process_events(0.02)
        inputs = [one for kind in INPUTS for one in window.findChildren(kind) if one.isVisible()]
        return {one: (one.mapTo(window, QPoint(0, 0)), one.size()) for one in inputs}

    moved, before = [], measure_places()
    for line, value in ((line, value) for line in lines for value in TYPED_VALUES):
        line.setText(value)
        after = measure_places()
        moved += [(value, one) for one, place in before.items() if after.get(one, place) != place]
    return moved


@pytest.mark.parametrize("size", [(1122, 790), (924, 476)], ids=["100 %", "200 %"])
def test_no_input_of_county_form_and_wizard_moves_while_values_of_every_kind_are_typed(dialog, wizard, size):
    for window, form in ((dialog, dialog.form), (wizard, wizard.profile.form)):
        window.show()
        window.resize(*size)
        rows = form.targets.rows
        limits = [form.ratio.limit.rows["ratio.limit"].field, form.limits.rows["rules.LAW020.max_flexible_share"].field]
        lines = [rows[0].value, rows[3].value, rows[3].year, rows[3].source, *limits, form.confirmation.by]
        lines += [form.name, form.area_code] if window is dialog else []
        assert find_moved_inputs(window, lines) == []
        assert rows[0].message.x() == rows[0].name.x(), "an error has the full width of the row"
        areas = [area for area in window.findChildren(QScrollArea) if area.isVisible()]
        assert areas and not any(area.horizontalScrollBar().maximum() for area in areas)
    wizard.go_to_page(3)
    assert find_moved_inputs(wizard, [wizard.target.name]) == []
    wizard.go_to_page(1)
    county = wizard.place.county
    assert find_moved_inputs(wizard, [county.west.lineEdit(), county.east.lineEdit()]) == []
    county.province.setCurrentIndex(county.province.findText("陕西省"))
    assert find_moved_inputs(wizard, [county.search.lineEdit()]) == []


def test_profile_form_disables_ok_if_saving_would_damage_a_commented_list_of_the_file(saved_project):
    path = make_default_profile_path(Path(saved_project.fileName()))
    text = compose_county(CountySettings("阳高县", "140221", "shanxi"), path)
    text += '[confirmed]\nby = "局"\ndocument = "文"\ndate = 2026-11-20\nitems = [ # by vote\n  "tolerance",\n]\n'
    path.write_text(text, encoding="utf-8")
    county.store_county_settings(saved_project, county.ProjectCountySettings(profile=str(path)))
    dialog = ProfileDialog(saved_project)
    assert dialog.form.errors == [] and not dialog.form.is_changed
    dialog.form.confirmation.by.clear()
    dialog.form.confirmation.items.item(1).setCheckState(Qt.CheckState.Checked)
    dialog.form.confirmation.by.setText("局")
    assert "confirmed.items" in dialog.form.county_message.text() and not dialog._ok_button.isEnabled()
    dialog.accept()
    assert dialog.result() == 0 and path.read_text(encoding="utf-8") == text
