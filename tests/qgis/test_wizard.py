# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the wizard for a new county project: steps, texts and result."""

import pytest
import shapely
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QMessageBox

from plugin.bridge import settings
from plugin.bridge.new_project import assemble
from plugin.gui.wizard import new_project
from plugin.gui.wizard.dialog import NewProjectWizard
from plugin.paths import PROFILES_FOLDER
from tests.qgis.gui_helpers import RecordingMessageBar
from tests.qgis.waiting import process_events, wait_until

pytestmark = pytest.mark.usefixtures("chinese", "project")


def check_branch(place, branch, on):
    (item,) = place.groups.tree.findItems(branch, Qt.MatchFlag.MatchExactly)
    item.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


@pytest.fixture
def project_wizard(qgis_app, project, tmp_path):
    settings.store_setting("project_folder", str(tmp_path))
    made = NewProjectWizard(project)
    made.show()
    yield made
    made.set_busy(False)
    made.close()
    made.deleteLater()


def choose_county(project_wizard, code):
    project_wizard.go_to_page(1)
    project_wizard.place.county.choose_county(code)
    return project_wizard.place


def test_county_without_a_shipped_profile_gets_its_own_even_without_targets(project_wizard):
    """The profile of a province does not state the county: layers and packages would be those of the province."""
    choose_county(project_wizard, "140221")
    project_wizard.go_to_page(2)
    assert project_wizard.draft.profile == "shanxi"
    own = project_wizard.draft.county_settings
    assert (own.name, own.area_code, own.parent_profile, own.targets) == ("阳高县", "140221", "shanxi", ())


def make_polygon_layer(name, shape, crs="EPSG:4490"):
    layer = QgsVectorLayer(f"Polygon?crs={crs}&field=BSM:string", name, "memory")
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(shape.wkt))
    layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    return layer


def test_project_wizard_completes_all_steps_for_hunyuan_county(project_wizard, tmp_path):
    messages = []
    project_wizard.wanted.connect(messages.append)
    assert (
        project_wizard.steps.item(1).text() == "县、坐标系与图层"
        and project_wizard.message_label.text() == "默认创建其中 13 个图层（5 组），下一步可改"
    )
    project_wizard.next.click()
    assert not project_wizard.next.isEnabled() and project_wizard.message_label.text() == "请选择县。"
    project_wizard.place.county.search.set_text("140225")
    project_wizard.place.county.search.activated.emit(0)
    assert project_wizard.place.county.county.currentText() == "浑源县  140225"
    assert project_wizard.place.crs.notice.label.text() == "全县都在 38 带内，距带边约 0.9°，不跨带。"
    assert project_wizard.place.crs.buttons["prefixed"].text() == "EPSG:4526    38 带，横坐标带带号（推荐）"
    assert project_wizard.place.crs.buttons["plain"].text() == "EPSG:4547    114°E，不带带号"
    assert not project_wizard.place.crs.buttons["neighbour"].isVisibleTo(project_wizard)
    project_wizard.next.click()
    assert project_wizard.profile.profile.currentData() == "hunyuan"
    project_wizard.next.click()
    assert project_wizard.target.name.text() == "浑源县规划" and str(tmp_path) in project_wizard.target.paths.text()
    project_wizard.next.click()
    assert (
        project_wizard.next.text() == "创建" and ("县", "浑源县  140225") in project_wizard.confirm.list_summary_rows()
    )
    assert (
        "EPSG:4526  CGCS2000 / 3° 高斯-克吕格  38 带  114°E"
        in dict(project_wizard.confirm.list_summary_rows()).values()
    )
    project_wizard.next.click()
    (request,) = messages
    assert (request.county_code, request.county_name, request.crs, request.profile) == (
        "140225",
        "浑源县",
        "EPSG:4526",
        "hunyuan",
    )
    assert (request.database_path, request.project_path) == (tmp_path / "浑源县规划.gpkg", tmp_path / "浑源县规划.qgz")
    assert {"CZKFBJ", "YDYHGHFQ", "DLTB"} < set(request.roles) and request.existing_database_action == "stop"
    assert request.county_settings is None, "without values of the county there is no profile of its own"
    assert settings.read_setting("project_folder") == str(tmp_path)


@pytest.mark.parametrize(
    ("text", "province", "city", "county"),
    [
        ("350213", "福建省", "厦门市", "翔安区  350213"),
        ("441900", "广东省", "广东省", "东莞市  441900"),
        ("429021", "湖北省", "湖北省", "神农架林区  429021"),
        ("140726 太谷县", "山西省", "太原市", ""),
    ],
)
def test_project_wizard_finds_a_county_of_any_province_and_invents_no_crs_zone(
    project_wizard, text, province, city, county
):
    project_wizard.next.click()
    box = project_wizard.place.county
    assert box.province.currentText() == "山西省" and box.province.count() == 34
    box.search.set_text(text)
    box.search.activated.emit(0)
    assert (box.province.currentText(), box.city.currentText()) == (province, city)
    assert box.county.currentText() == county and box.get_chosen_county().code == text[:6]
    if province != "山西省":
        assert project_wizard.draft.crs_zones is None and "不能推荐带号" in project_wizard.place.crs.notice.label.text()
        assert not project_wizard.draft.crs


def test_project_wizard_warns_about_a_county_across_two_crs_zones(project_wizard):
    place = choose_county(project_wizard, "140727")
    text = place.crs.notice.label.text()
    assert place.crs.notice.kind == "warning" and text.startswith(
        "本县跨 37 带和 38 带。请全县统一采用一个带，推荐经度范围较大一侧（60\u202f%）"
    )
    assert "37 带（EPSG:4525）" in text and "0.044\u202f%" in text and "不受选带影响" in text
    assert project_wizard.draft.crs == "EPSG:4525" and project_wizard.next.isEnabled()
    place.crs.buttons["plain"].setChecked(True)
    assert project_wizard.draft.crs == "EPSG:4546"
    place.crs.buttons["neighbour"].setChecked(True)
    assert (
        project_wizard.draft.crs == "EPSG:4526"
        and "本县跨" in place.crs.notice.label.text()
        and project_wizard.next.isEnabled()
    )
    assert "112.5" in place.crs.strip.accessibleDescription()
    low, high = place.crs.strip.get_longitude_range()
    assert low < 111 and high > 114


def test_project_wizard_uses_the_longitude_of_the_city_if_that_of_the_county_is_unknown(project_wizard):
    place = choose_county(project_wizard, "140621")
    assert (
        "朔州市" in place.crs.notice.label.text()
        and project_wizard.draft.crs == ""
        and not project_wizard.next.isEnabled()
    )
    place.county.source.setCurrentIndex(place.county.source.findData("typed"))
    place.county.west.setValue(112.6)
    place.county.east.setValue(113.2)
    assert project_wizard.draft.crs == "EPSG:4526" and project_wizard.next.isEnabled()
    place.county.east.setValue(112.5)
    assert not project_wizard.next.isEnabled()
    # A city within one zone determines the zone of its counties.
    choose_county(project_wizard, "140213")
    place.county.source.setCurrentIndex(0)
    assert project_wizard.draft.crs == "EPSG:4526"
    assert place.crs.notice.label.text() == "大同市全部在 38 带内，本县也在其中。"
    assert "大同市 112.6°–114.6°E" in place.crs.strip.accessibleDescription()


def test_project_wizard_chooses_the_crs_zone_with_most_area_of_a_boundary_layer(project_wizard, project):
    # Narrow west of the edge, broad east of it: by longitude it would be zone 37.
    shape = shapely.union_all([shapely.box(111.9, 37.4, 112.5, 37.41), shapely.box(112.5, 37.2, 112.9, 37.6)])
    project.addMapLayers(
        [make_polygon_layer("别的", shapely.box(110, 35, 110.1, 35.1)), make_polygon_layer("XZQX", shape)]
    )
    project.addMapLayer(QgsVectorLayer("Polygon?crs=EPSG:4490", "空的", "memory"))
    place = choose_county(project_wizard, "140727")
    box = place.county.source
    assert [box.itemText(n) for n in range(box.count())] == [
        "按行政区代码表",
        "从图层读取：XZQX",
        "从图层读取：别的",
        "填写东西经度",
    ]
    box.setCurrentIndex(1)
    assert project_wizard.draft.crs == "EPSG:4526" and "面积较大一侧" in place.crs.notice.label.text()
    assert project_wizard.draft.extent_degrees == pytest.approx((111.9, 37.2, 112.9, 37.6))
    box.setCurrentIndex(2)
    assert project_wizard.draft.crs == "EPSG:4525" and place.crs.notice.kind == "ok"


def test_project_wizard_converts_the_extent_of_a_projected_layer_to_degrees(project_wizard, project):
    project.addMapLayer(
        make_polygon_layer("XZQX", shapely.box(38_430_000, 4_390_000, 38_480_000, 4_400_000), "EPSG:4526")
    )
    place = choose_county(project_wizard, "140225")
    place.county.source.setCurrentIndex(1)
    west, south, east, north = project_wizard.draft.extent_degrees
    assert 113.1 < west < 113.2 and 113.7 < east < 113.8 and 39.6 < south < north < 39.8


def test_project_wizard_refuses_a_crs_of_another_province(project_wizard):
    place = choose_county(project_wizard, "140225")
    place.crs.buttons["other"].setChecked(True)
    assert not project_wizard.next.isEnabled() and project_wizard.message_label.text() == "请选择坐标系。"
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:4513"))
    assert place.crs.notice.kind == "error" and "山西省使用 EPSG:4525" in place.crs.notice.label.text()
    assert not project_wizard.next.isEnabled() and "EPSG:4513" in project_wizard.message_label.text()
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    assert not project_wizard.next.isEnabled()
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:4525"))
    assert place.crs.notice.kind == "warning" and project_wizard.next.isEnabled()
    place.crs.buttons["degrees"].setChecked(True)
    assert project_wizard.draft.crs == "EPSG:4490" and project_wizard.next.isEnabled()


def test_project_wizard_validates_a_typed_county_of_another_province(project_wizard):
    project_wizard.go_to_page(1)
    place = project_wizard.place
    search = place.county.search
    search.set_text("610700 汉中市")
    assert "6 位数字" in project_wizard.message_label.text()
    search.set_text("610742 西乡县")
    assert "610724 西乡县" in project_wizard.message_label.text()
    search.set_text("610724")
    assert "不能推荐带号" in place.crs.notice.label.text() and project_wizard.message_label.text() == "请选择坐标系。"
    place.county.source.setCurrentIndex(place.county.source.findData("typed"))
    place.county.west.setValue(107.25)
    place.county.east.setValue(108.25)
    assert (
        project_wizard.draft.crs == "EPSG:4524"
        and project_wizard.draft.county.code == "610724"
        and project_wizard.next.isEnabled()
    )
    place.crs.buttons["other"].setChecked(True)
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:4526"))
    assert not project_wizard.next.isEnabled() and "西乡县" in project_wizard.message_label.text()
    place.crs.buttons["prefixed"].setChecked(True)
    project_wizard.next.click()
    assert project_wizard.profile.profile.currentData() == "" and project_wizard.profile.profile.count() == 1


def test_project_wizard_offers_an_example_profile_and_does_not_choose_it(project_wizard):
    choose_county(project_wizard, "330902")
    project_wizard.go_to_page(2)
    combo = project_wizard.profile.profile
    assert [combo.itemText(n) for n in range(1, combo.count())] == ["浙江省（示例）"]
    assert combo.currentIndex() == 0 and project_wizard.draft.profile == ""


def test_project_wizard_adds_and_removes_layer_groups_and_single_layers(project_wizard):
    place = choose_county(project_wizard, "140225")
    before = set(project_wizard.draft.roles)
    check_branch(place, "中心城区四线", True)
    assert set(project_wizard.draft.roles) - before == {"ZXCQCSLX", "ZXCQCSLVX", "ZXCQCSHX", "ZXCQCSZX"}
    assert place.groups.notice.kind == "info"
    top = place.groups.tree.topLevelItem(0)
    assert [top.text(n) for n in (0, 2, 3)] == ["三条控制线", "4", "汇交必交"]
    top.child(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert "CZKFBJ" not in project_wizard.draft.roles and "城镇开发边界" in place.groups.notice.label.text()
    for n in range(place.groups.tree.topLevelItemCount()):
        check_branch(place, place.groups.tree.topLevelItem(n).text(0), False)
    assert project_wizard.draft.roles == [] and not project_wizard.next.isEnabled()


def test_project_wizard_offers_the_layers_of_the_chosen_standard(project_wizard):
    project_wizard.pages[0].buttons["three_lines_2022"].setChecked(True)
    choose_county(project_wizard, "140225")
    assert set(project_wizard.draft.roles) == set(project_wizard.draft.standard.groups["three_lines"].roles)
    assert "三区三线划定成果" in project_wizard.about.text()


def test_project_wizard_refuses_the_profile_of_another_county(project_wizard, tmp_path):
    choose_county(project_wizard, "140727")
    project_wizard.next.click()
    # 祁县 has no county profile: those of its city, cluster and province are offered, the nearest first.
    offered = [project_wizard.profile.profile.itemData(n) for n in range(project_wizard.profile.profile.count())]
    assert offered == ["", "jinzhong", "cluster", "shanxi"]
    assert project_wizard.profile.profile.currentData() == "jinzhong" and project_wizard.next.isEnabled()
    assert "晋中市" in project_wizard.profile.notice.label.text()
    project_wizard.profile.profile.choose_profile(str(PROFILES_FOLDER / "hunyuan.toml"))
    assert not project_wizard.next.isEnabled() and "属于浑源县（140225）" in project_wizard.message_label.text()
    broken = tmp_path / "坏.toml"
    broken.write_text("id = ", encoding="utf-8")
    project_wizard.profile.profile.choose_profile(str(broken))
    assert not project_wizard.next.isEnabled() and "坏.toml" in project_wizard.message_label.text()
    project_wizard.profile.profile.setCurrentIndex(0)
    assert project_wizard.next.isEnabled() and project_wizard.draft.profile == ""


def test_project_wizard_disables_next_until_the_user_decides_about_existing_database_and_project(
    project_wizard, tmp_path
):
    (tmp_path / "浑源县规划.gpkg").touch()
    (tmp_path / "浑源县规划.qgz").touch()
    choose_county(project_wizard, "140225")
    project_wizard.go_to_page(2)
    project_wizard.go_to_page(3)
    target = project_wizard.target
    assert target.there.isVisibleTo(project_wizard) and not any(b.isChecked() for b in target.existing.values())
    assert not project_wizard.next.isEnabled() and "对已有数据库" in project_wizard.message_label.text()
    target.existing["stop"].setChecked(True)
    assert not project_wizard.next.isEnabled()
    target.existing["add"].setChecked(True)
    assert not project_wizard.next.isEnabled() and "工程文件已存在" in project_wizard.message_label.text()
    target.over.setChecked(True)
    assert (
        project_wizard.next.isEnabled()
        and project_wizard.draft.existing_database_action == "add"
        and project_wizard.draft.may_replace_project
    )
    # An answer applies only to the file it was given for.
    target.name.setText("另一个")
    assert (
        project_wizard.next.isEnabled()
        and project_wizard.draft.existing_database_action == "stop"
        and not project_wizard.draft.may_replace_project
    )
    target.name.setText("浑源县规划")
    assert not project_wizard.next.isEnabled() and not any(b.isChecked() for b in target.existing.values())
    target.formats[".gdb"].setChecked(True)
    assert not target.there.isVisibleTo(project_wizard) and target.over.isVisibleTo(project_wizard)
    for name in ("a/b", "con:", " .", ".x"):
        target.name.setText(name)
        assert not project_wizard.next.isEnabled(), name
    target.name.setText("规划")
    for folder in (tmp_path / "没有" / "这个", tmp_path / "规划.gpkg" / "这个", "没有"):
        target.folder.setFilePath(str(folder))
        assert not project_wizard.next.isEnabled() and "文件夹不存在" in project_wizard.message_label.text(), folder
    target.folder.setFilePath(str(tmp_path / "没有"))
    assert project_wizard.next.isEnabled() and "创建时新建" in target.paths.text()


def test_project_wizard_returns_to_the_file_step_if_a_file_appears_meanwhile(project_wizard, tmp_path):
    messages = []
    project_wizard.wanted.connect(messages.append)
    choose_county(project_wizard, "140225")
    for step in (2, 3, 4):
        project_wizard.go_to_page(step)
    (tmp_path / "浑源县规划.gpkg").touch()
    project_wizard.target.update_when_shown()
    project_wizard.next.click()
    assert not messages and project_wizard.stack.currentIndex() == 3


class FakeInterface:
    """A minimal QgisInterface with the parts that the wizard uses."""

    class _Signal:
        def __init__(self):
            self.slots = []

        def connect(self, slot):
            self.slots.append(slot)

        def disconnect(self, slot):
            self.slots.remove(slot)

    class _Canvas:
        extent = None

        def __init__(self):
            self.currentLayerChanged = FakeInterface._Signal()

        def setReferencedExtent(self, extent):
            self.extent = extent

        def refresh(self):
            pass

    def __init__(self, let_go=True):
        self.currentLayerChanged, self.bar, self.canvas, self.let_go = (
            self._Signal(),
            RecordingMessageBar(),
            self._Canvas(),
            let_go,
        )

    def mainWindow(self):
        return None

    def messageBar(self):
        return self.bar

    def mapCanvas(self):
        return self.canvas

    def newProject(self, ask):
        assert ask
        return self.let_go

    def addProject(self, path):
        return QgsProject.instance().read(path)


@pytest.fixture
def wizard_controller(qgis_app, project, provider, tmp_path):
    from plugin.bridge.running.tasks import JobRunner

    settings.store_setting("project_folder", str(tmp_path))
    runner = JobRunner()
    made = new_project.ProjectSetupController(FakeInterface(), runner)
    yield made
    made.close()
    runner.stop_all()
    assert not made._iface.canvas.currentLayerChanged.slots


def go_to_last_step(wizard_controller, code="140225"):
    wizard_controller.open_wizard()
    choose_county(wizard_controller.wizard, code)
    for step in (2, 3, 4):
        wizard_controller.wizard.go_to_page(step)
    wizard_controller.wizard.next.click()


def test_project_wizard_creates_and_opens_the_project(wizard_controller, qgis_app, tmp_path, project):
    go_to_last_step(wizard_controller)
    assert wizard_controller.wizard._busy and not wizard_controller.wizard.next.isEnabled()
    assert wait_until(lambda: wizard_controller.wizard is None)
    assert project.fileName() == str(tmp_path / "浑源县规划.qgz") and len(project.mapLayers()) == 13
    assert wizard_controller._iface.bar.messages == [
        ("success", "浑源县：13 个图层已建立，可以开始绘制。请先绘制县界，或导入数据。")
    ]
    assert wizard_controller._iface.canvas.extent.crs().authid() == "EPSG:4526"
    wizard_controller._iface.bar.messages.clear()
    wizard_controller.make_bookmarks()
    assert "乡镇级行政区" in wizard_controller._iface.bar.messages[0][1]


def test_cancelling_project_creation_leaves_no_file_and_keeps_the_wizard_open(
    wizard_controller, qgis_app, tmp_path, monkeypatch
):
    import time

    from plugin.core.exchange import create

    slow = create._create_layers
    monkeypatch.setattr(create, "_create_layers", lambda *a: (time.sleep(0.5), slow(*a))[1])
    go_to_last_step(wizard_controller)
    process_events(0.2)
    wizard_controller.wizard.cancel.click()
    assert wait_until(lambda: not wizard_controller.wizard._busy)
    assert wizard_controller.wizard.isVisible() and "已取消" in wizard_controller.wizard.confirm.notice.label.text()
    assert not list(tmp_path.iterdir())


def test_project_creation_cancelled_after_writing_the_database_names_it_and_writes_no_project(
    wizard_controller, qgis_app, tmp_path, monkeypatch, project
):
    """Cancel after the database was written."""
    added, add = [], assemble.add_layer

    def adding(*given):
        added.append(add(*given))
        if len(added) == 3:
            QTimer.singleShot(0, wizard_controller.wizard.cancel.click)

    monkeypatch.setattr(assemble, "add_layer", adding)
    go_to_last_step(wizard_controller)
    assert wait_until(lambda: not wizard_controller.wizard._busy)
    process_events(0.2)
    messages = wizard_controller.wizard.confirm.notice.label.text()
    assert "未生成工程" in messages and str(tmp_path / "浑源县规划.gpkg") in messages and len(added) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["浑源县规划.gpkg"] and not project.mapLayers()


def test_project_wizard_shows_a_creation_error_and_stays_open(wizard_controller, qgis_app, tmp_path):
    wizard_controller.open_wizard()
    choose_county(wizard_controller.wizard, "140225")
    for step in (2, 3, 4):
        wizard_controller.wizard.go_to_page(step)
    (tmp_path / "浑源县规划.gpkg").write_bytes(b"")
    wizard_controller._create_project(wizard_controller.wizard.draft.make_request())
    assert wait_until(lambda: not wizard_controller.wizard._busy)
    assert (
        "已存在" in wizard_controller.wizard.confirm.notice.label.text()
        and wizard_controller.wizard.confirm.notice.kind == "error"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["浑源县规划.gpkg"]


def test_edited_open_project_stays_open_if_the_user_declines_to_close_it(
    wizard_controller, qgis_app, tmp_path, project
):
    wizard_controller._iface.let_go = False
    project.setTitle("别的工程")
    go_to_last_step(wizard_controller)
    assert wait_until(lambda: wizard_controller.wizard is None)
    assert project.title() == "别的工程" and not project.mapLayers()
    assert "未打开" in wizard_controller._iface.bar.messages[0][1] and (tmp_path / "浑源县规划.qgz").exists()


def test_project_wizard_closed_during_creation_writes_no_project(wizard_controller, qgis_app, tmp_path):
    go_to_last_step(wizard_controller)
    wizard_controller.close()
    process_events(1.0)
    assert wizard_controller.wizard is None and not (tmp_path / "浑源县规划.qgz").exists()
    # Closed once more by the fixture.
    wizard_controller._iface.canvas.currentLayerChanged.connect(wizard_controller._on_layer_chosen)
    wizard_controller._follower.start(QgsProject.instance())


def test_project_wizard_reports_missing_libraries_instead_of_opening(wizard_controller, monkeypatch):
    import sys

    for name in [n for n in sys.modules if n.startswith("plugin.gui.wizard.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "plugin.core.geometry.crs_zones", None)
    wizard_controller.open_wizard()
    assert (
        wizard_controller.wizard is None
        and "未启动" in wizard_controller._iface.bar.messages[0][1]
        and "环境自检" in wizard_controller._iface.bar.messages[0][1]
    )


def test_escape_closes_an_untouched_wizard_and_asks_before_it_discards_an_entry(project_wizard, monkeypatch):
    questions = []

    def answer(_parent, _title, text, *_buttons):
        questions.append(text)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", answer)
    choose_county(project_wizard, "140225")
    QTest.keyClick(project_wizard, Qt.Key.Key_Escape)
    assert len(questions) == 1 and project_wizard.isVisible()
    project_wizard.cancel.click()
    assert len(questions) == 2 and project_wizard.isVisible(), "Cancel asks, too"
    untouched = NewProjectWizard(QgsProject.instance())
    untouched.show()
    QTest.keyClick(untouched, Qt.Key.Key_Escape)
    assert len(questions) == 2 and not untouched.isVisible()


def test_project_wizard_takes_folder_and_name_of_a_finished_database(project_wizard, tmp_path):
    database = tmp_path / "140225浑源县.gpkg"
    database.touch()
    choose_county(project_wizard, "140225")
    project_wizard.go_to_page(3)
    project_wizard.target.use_database(database)
    assert project_wizard.next.isEnabled() and "缺少的将补建" in project_wizard.message_label.text()
    request = project_wizard.draft.make_request()
    assert (request.database_path, request.existing_database_action) == (database, "add")


def test_project_wizard_widens_if_a_theme_draws_wide_frames_around_its_pages(project_wizard):
    project_wizard.setStyleSheet("QScrollArea { border: 9px solid gray; }")
    project_wizard.resize(420, 500)
    project_wizard.show()
    project_wizard.pages[3].setMinimumWidth(300)
    project_wizard.go_to_page(3)
    process_events(0.1)
    assert project_wizard.stack.currentWidget().horizontalScrollBar().maximum() == 0


def test_project_wizard_hides_its_steps_on_a_screen_that_is_too_narrow_for_a_page(project_wizard):
    project_wizard.show()
    project_wizard.go_to_page(0)
    process_events(0.1)
    assert project_wizard._left.isVisible()
    project_wizard.pages[3].setMinimumWidth(round(project_wizard.screen().availableGeometry().width() * 0.9))
    project_wizard.go_to_page(3)
    process_events(0.1)
    assert not project_wizard._left.isVisible()
    assert project_wizard.stack.currentWidget().horizontalScrollBar().maximum() == 0
