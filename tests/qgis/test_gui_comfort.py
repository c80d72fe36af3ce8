# SPDX-License-Identifier: GPL-2.0-or-later
"""Locator bar, options page and dropped files."""

import shutil
import zipfile
from pathlib import Path
from unittest.mock import Mock

import processing
import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsLocator, QgsLocatorContext, QgsLocatorResult, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, QRect, QSize

from plugin.bridge import settings
from plugin.bridge.project import county
from plugin.bridge.project.dropped_data import DroppedKind, open_layers, recognise_dropped_data
from plugin.core.base.files.digests import MANIFEST_FILE_NAME
from plugin.gui.locator_filters import FeatureLocatorFilter, LocatorTargets, PlanLocatorFilter
from plugin.gui.options_page import OptionsFactory
from plugin.gui.sample_tour import place_card
from plugin.gui.toolbox.exchange import PlanDataDropHandler
from plugin.paths import RESOURCES_FOLDER
from tests.qgis.gui_helpers import make_result, make_small_report
from tests.qgis.test_gui_controller import ControllerInterface, make_controller
from tests.qgis.test_gui_filegdb_warning import read_messages
from tests.qgis.waiting import process_events, wait_until

BOUNDARY_POINTS = Path(__file__).parents[1] / "data" / "boundary_points" / "44120000319.txt"
SAMPLE = RESOURCES_FOLDER / "sample" / "county.gpkg"


def copy_result(result):
    """Return a copy of an entry, which QGIS frees after the signal."""
    copied = QgsLocatorResult()
    copied.group, copied.displayString, copied.description = result.group, result.displayString, result.description
    copied.score = result.score
    copied.setUserData(result.userData)
    return copied


def search(locator_filter, text, using_prefix=False):
    """Return the entries that QGIS's locator shows for a text, with the locator, which owns the filter."""
    locator = QgsLocator()
    locator.registerFilter(locator_filter)
    found, ended = [], []
    locator.foundResult.connect(lambda result: found.append(copy_result(result)))
    locator.finished.connect(lambda: ended.append(True))
    context = QgsLocatorContext()
    context.usingPrefix = using_prefix
    locator.fetchResults(text, context)
    assert wait_until(lambda: bool(ended) and not locator.isRunning())
    process_events(0.01)
    return found, locator


# --- locator bar
@pytest.fixture
def opened():
    """Collect what the filter opens."""
    return []


@pytest.fixture
def targets(chinese, qgis_app, project, opened):
    result = make_result(make_small_report())
    return LocatorTargets(
        dict,
        lambda: result,
        lambda finding: opened.append(("finding", finding.fingerprint)),
        lambda code: opened.append(("rule", code)),
        lambda layer: opened.append(("layer", layer.name())),
    )


def test_rules_are_found_by_code_and_by_words_of_their_title(targets, opened):
    found, locator = search(PlanLocatorFilter(targets), "rel001")
    rules = [one for one in found if one.group == "规则"]
    assert [one.displayString.split()[0] for one in rules] == ["REL001"]
    locator.filters()[0].triggerResult(rules[0])
    assert opened == [("rule", "REL001")]
    found, _ = search(PlanLocatorFilter(targets), "永久基本农田 红线 重叠")
    assert any(one.displayString.startswith("REL001") for one in found)


def test_findings_are_found_by_key_and_township_and_selected(targets, opened):
    finding = next(one for one in targets.get_result().findings if one.key)
    found, locator = search(PlanLocatorFilter(targets), f"{finding.code} {finding.key[-6:]}")
    entries = [one for one in found if one.group == "问题"]
    assert entries and finding.key in entries[0].displayString
    locator.filters()[0].triggerResult(entries[0])
    assert opened == [("finding", finding.fingerprint)]


def test_locator_lists_errors_before_warnings(targets):
    findings = targets.get_result().findings
    rank = {one.fingerprint: (one.state == "waived", ["ERROR", "WARNING"].index(one.severity)) for one in findings}
    found, _ = search(PlanLocatorFilter(targets), "14")
    entries = sorted((one for one in found if one.group == "问题"), key=lambda one: -one.score)
    listed = [rank[one.userData[1]] for one in entries]
    assert len(set(listed)) > 2 and listed == sorted(listed)


def test_plan_layers_are_found_and_short_texts_find_nothing(targets, opened, project):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "城镇开发边界 CZKFBJ", "memory")
    project.addMapLayer(layer)
    found, locator = search(PlanLocatorFilter(targets), "czkfbj")
    (entry,) = [one for one in found if one.group == "规划图层"]
    locator.filters()[0].triggerResult(entry)
    assert opened == [("layer", layer.name())]
    assert search(PlanLocatorFilter(targets), "c")[0] == []


def test_entry_of_a_finding_that_has_ended_opens_nothing(targets, opened):
    found, locator = search(PlanLocatorFilter(targets), "REL")
    entry = next(one for one in found if one.group == "问题")
    targets.get_result().findings.clear()
    locator.filters()[0].triggerResult(entry)
    assert opened == []


def test_tools_of_the_toolbox_are_found_with_the_prefix_by_name_and_opened(targets, provider, monkeypatch):
    opened_tools = []
    monkeypatch.setattr(processing, "createAlgorithmDialog", lambda name, _: opened_tools.append(name) or Mock())
    found, locator = search(PlanLocatorFilter(targets), "椭球", using_prefix=True)
    (entry,) = [one for one in found if one.group == "工具箱"]
    locator.filters()[0].triggerResult(entry)
    assert opened_tools == ["sanxian:statutory_area"]
    assert not [one for one in search(PlanLocatorFilter(targets), "椭球")[0] if one.group == "工具箱"]


#: Entries of the menu of 0.1.0 that are no longer in it.
FORMER_MENU_ENTRIES = (
    "上一个", "下一个", "下一个未完成", "在地图上显示问题", "实时检查", "指标", "指标计算…", "对齐选中要素…", "成果信息…", "应用图层表单", "应用图层符号",
    "新建图层…", "按乡镇建立书签", "生成布局…", "版本比较…", "导入 VCT…", "导出 VCT…", "打开示例县", "数据字典…", "帮助与关于",
)  # fmt: skip


def test_menu_has_four_sections_and_room_for_one_more_of_24_entries(chinese, provider, project):
    controller = make_controller()
    entries = controller.actions.menu.actions()
    sections = [one.text() for one in entries if one.isSeparator()]
    assert sections == ["检查与整改", "编制与项目", "成果与汇交", "设置与帮助"]
    assert len(entries) - len(sections) <= 23 and not any(one.menu() for one in entries)
    controller.unload()


def test_entries_that_left_the_menu_are_found_by_their_name_and_opened(chinese, provider, project):
    controller = make_controller()
    every, _ = search(controller.locator_filters[0].clone(), "", using_prefix=True)
    enabled = [one for one in controller.actions.by_name.values() if one.isEnabled()]
    assert len(every) == len(enabled) > 20 and {one.userData[0] for one in every} == {"command"}
    for name in FORMER_MENU_ENTRIES:
        action = next(one for one in controller.actions.by_name.values() if one.text() == name)
        action.setEnabled(True)
        found, _ = search(controller.locator_filters[0].clone(), name.rstrip("…"))
        assert name in [one.displayString for one in found if one.userData[0] == "command"]
    found, locator = search(controller.locator_filters[0].clone(), "实时检查")
    was_on = controller.actions["live"].isChecked()
    locator.filters()[0].triggerResult(next(one for one in found if one.displayString == "实时检查"))
    assert controller.actions["live"].isChecked() is not was_on
    controller.actions["live"].trigger()
    controller.unload()


def test_features_are_found_by_digits_of_their_key_and_shown(chinese, qgis_app, project):
    iface = ControllerInterface()
    layer = QgsVectorLayer("Polygon?crs=EPSG:4526&field=BSM:string", "城镇开发边界", "memory")
    for number in (12, 345):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([f"1402250000{number:08d}"])
        feature.setGeometry(QgsGeometry.fromWkt("POLYGON ((38560000 4390000, 38560100 4390000, 38560100 4390100, 38560000 4390000))"))  # fmt: skip
        layer.dataProvider().addFeature(feature)
    project.addMapLayer(layer)
    iface.canvas.setLayers([layer])
    found, locator = search(FeatureLocatorFilter(iface), "00000345")
    (entry,) = found
    assert entry.displayString == "140225000000000345" and entry.description == "城镇开发边界"
    locator.filters()[0].triggerResult(entry)
    assert [one["BSM"] for one in layer.selectedFeatures()] == ["140225000000000345"]
    assert iface.activeLayer() is layer and iface.canvas.extent().contains(layer.extent().center())
    assert search(FeatureLocatorFilter(iface), "345")[0] == []
    project.removeMapLayer(layer.id())
    locator.filters()[0].triggerResult(entry)


# --- options page
@pytest.fixture
def restored_settings():
    keys = ("language", settings.WAIVER_AUTHOR, settings.WORKLIST_PERSON)
    before = {key: settings.read_setting(key, "") for key in keys}
    yield
    for key, value in before.items():
        settings.store_setting(key, value)
    settings.store_setting(settings.ASK_ON_DROP, True)


def test_options_page_shows_and_stores_the_settings_of_the_user(chinese, qgis_app, restored_settings):
    settings.store_setting(settings.WAIVER_AUTHOR, "王工")
    switches = []
    page = OptionsFactory(lambda name, is_on: switches.append((name, is_on))).createWidget(None)
    assert page.author.text() == "王工" and page.live.isChecked()
    page.language.setCurrentIndex(page.language.findData("en"))
    page.author.setText(" 李工 ")
    page.person.setText("李工")
    page.live.setChecked(False)
    page.ask_on_drop.setChecked(False)
    page.apply()
    assert settings.get_report_language() == "en"
    assert (
        settings.read_setting(settings.WAIVER_AUTHOR, "")
        == settings.read_setting(settings.WORKLIST_PERSON, "")
        == "李工"
    )
    assert switches == [("live", False), ("layer", True)] and not settings.read_setting(settings.ASK_ON_DROP, True)


def test_controller_registers_and_removes_filters_page_and_drop_handlers(chinese, qgis_app, project):
    controller = make_controller()
    iface = controller.iface
    assert (len(iface.locator_filters), len(iface.options_factories), len(iface.drops)) == (2, 1, 1)
    page = iface.options_factories[0].createWidget(None)
    page.live.setChecked(False)
    page.apply()
    assert not controller.actions["live"].isChecked() and not controller.editing.is_on
    page.live.setChecked(True)
    page.apply()
    assert controller.editing.is_on
    controller.unload()
    assert (iface.locator_filters, iface.options_factories, iface.drops) == ([], [], [])
    iface.window.deleteLater()
    process_events(0.02)


# --- dropped files
class DropInterface(ControllerInterface):
    """An interface that records added layers."""

    def __init__(self):
        super().__init__()
        self.added = []

    def addVectorLayer(self, path, name, provider):
        self.added.append(path)


@pytest.fixture
def dropping(chinese, qgis_app, project):
    """Return the interface, the handler, and the list of what it started."""
    iface, started = DropInterface(), []
    handler = PlanDataDropHandler(
        iface,
        lambda path: started.append(("check", path)),
        lambda path: started.append(("inspect", path)),
        lambda path: started.append(("points", path)),
        lambda path: started.append(("drawing", path)),
        lambda path: started.append(("vct", path)),
        lambda profile: started.append(("profile", profile)),
        lambda: started.append(("profiles", "")),
    )
    iface.window.show()
    yield iface, handler, started
    handler.messages.close()
    settings.store_setting(settings.ASK_ON_DROP, True)
    iface.window.deleteLater()
    process_events(0.02)


def press(iface, text):
    """Press the button with a text in the message bar."""
    from qgis.PyQt.QtWidgets import QPushButton

    (button,) = [one for one in iface.bar.currentItem().findChildren(QPushButton) if one.text() == text]
    button.click()


def test_dropped_county_is_added_or_checked_as_chosen(dropping, tmp_path):
    iface, handler, started = dropping
    path = str(shutil.copy(SAMPLE, tmp_path / "县.gpkg"))
    assert handler.handleFileDrop(path) and not started
    assert wait_until(lambda: "县.gpkg" in read_messages(iface))
    assert "10 个规划图层" in read_messages(iface) and not iface.added
    press(iface, "加入工程")
    assert iface.added == [path] and read_messages(iface) == ""
    handler.handleFileDrop(path)
    assert wait_until(lambda: "县.gpkg" in read_messages(iface))
    press(iface, "不加入，直接检查…")
    assert started == [("check", path)] and iface.added == [path]


def test_added_county_without_a_profile_is_asked_about_by_its_division_code(dropping, tmp_path, project):
    iface, handler, started = dropping
    path = str(shutil.copy(SAMPLE, tmp_path / "县.gpkg"))
    project.addMapLayers(open_layers(path))
    handler.handleFileDrop(path)
    assert wait_until(lambda: "县.gpkg" in read_messages(iface))
    press(iface, "加入工程")
    assert "数据的行政区代码为 140225" in read_messages(iface)
    press(iface, "浑源县")
    assert started == [("profile", "hunyuan")] and read_messages(iface) == ""
    county.store_county_settings(project, county.ProjectCountySettings(profile="shanxi"))
    handler._ask_for_profile()
    assert read_messages(iface) == ""


def test_added_county_that_no_profile_covers_is_asked_about_by_code_and_name(dropping, project):
    iface, handler, _ = dropping
    layer = QgsVectorLayer("Polygon?field=XZQDM:string(6)", "XZQX", "memory")
    row = QgsFeature(layer.fields())
    row["XZQDM"] = "350213"
    layer.dataProvider().addFeature(row)
    project.addMapLayer(layer)
    handler._ask_for_profile()
    assert "数据的行政区代码为 350213 翔安区" in read_messages(iface)


def test_several_dropped_databases_are_asked_about_and_added_together(dropping, tmp_path):
    iface, handler, _ = dropping
    paths = [str(shutil.copy(SAMPLE, tmp_path / name)) for name in ("甲县.gpkg", "乙县.gpkg")]
    assert all(handler.handleFileDrop(path) for path in paths)
    assert wait_until(lambda: "甲县.gpkg、乙县.gpkg" in read_messages(iface))
    press(iface, "加入工程")
    assert iface.added == paths


def test_dropped_package_is_inspected(dropping, tmp_path):
    iface, handler, started = dropping
    archive = tmp_path / "成果.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr(f"140225浑源县/{MANIFEST_FILE_NAME}", "{}")
    assert handler.handleFileDrop(str(archive))
    assert wait_until(lambda: "成果.zip" in read_messages(iface))
    press(iface, "检查成果包…")
    assert started == [("inspect", str(archive))]


def test_dropped_boundary_points_are_imported(dropping, tmp_path):
    iface, handler, started = dropping
    path = str(shutil.copy(BOUNDARY_POINTS, tmp_path / "地块.txt"))
    assert handler.handleFileDrop(path)
    assert wait_until(lambda: "地块.txt" in read_messages(iface))
    press(iface, "导入…")
    assert started == [("points", path)] and not iface.added
    handler.handleFileDrop(path)
    assert wait_until(lambda: "地块.txt" in read_messages(iface))
    press(iface, "加入工程")
    assert iface.added == [path]


def test_dropped_drawing_is_imported_or_added(dropping, tmp_path):
    iface, handler, started = dropping
    path = tmp_path / "红线.DXF"
    path.write_text("0\nEOF\n", encoding="utf-8")
    assert handler.handleFileDrop(str(path))
    assert wait_until(lambda: "红线.DXF" in read_messages(iface))
    press(iface, "导入…")
    assert started == [("drawing", str(path))] and not iface.added
    handler.handleFileDrop(str(path))
    assert wait_until(lambda: "红线.DXF" in read_messages(iface))
    press(iface, "加入工程")
    assert iface.added == [str(path)]


def test_boundary_points_dropped_with_other_files_are_named_without_a_choice_for_them(dropping, tmp_path):
    iface, handler, started = dropping
    paths = [str(shutil.copy(BOUNDARY_POINTS, tmp_path / name)) for name in ("甲.txt", "乙.txt")]
    assert all(handler.handleFileDrop(path) for path in paths)
    assert wait_until(lambda: "请逐个拖入：甲.txt、乙.txt" in read_messages(iface))
    assert not started and not iface.added and "规划数据" not in read_messages(iface)


def test_other_files_and_switched_off_question_are_left_to_qgis(dropping, tmp_path):
    _, handler, started = dropping
    other, text, empty = tmp_path / "other.gpkg", tmp_path / "a.txt", tmp_path / "folder"
    shutil.copy(SAMPLE, other)
    empty.mkdir()
    text.write_text("x", encoding="utf-8")
    assert not handler.handleFileDrop(str(text)) and not handler.handleFileDrop(str(empty))
    assert not handler.handleFileDrop(str(tmp_path / "missing.gpkg"))
    settings.store_setting(settings.ASK_ON_DROP, False)
    assert not handler.handleFileDrop(str(other))
    assert not started


def test_folder_of_shapefiles_is_recognised_by_names(qgis_app, project, tmp_path):
    for name in ("CZKFBJ", "STBHHX", "roads"):
        (tmp_path / f"{name}.shp").write_bytes(b"")
    dropped = recognise_dropped_data(str(tmp_path))
    assert dropped.layer_count == 2 and len(dropped.layer_files) == 3 and dropped.kind is DroppedKind.PLAN
    (tmp_path / "sub").mkdir()
    assert recognise_dropped_data(str(tmp_path / "sub")) is None


def test_tour_is_at_the_side_of_a_list_and_below_a_button():
    window, messages = QRect(0, 0, 1400, 800), QRect(300, 100, 700, 30)
    card, button, findings = QSize(300, 90), QRect(400, 60, 80, 30), QRect(1050, 250, 330, 250)
    assert place_card(card, button, window, QRect(), 10) == QPoint(400, 99)
    corner = place_card(card, findings, window, messages, 10)
    assert corner == QPoint(740, 250), "the details are below the list"
