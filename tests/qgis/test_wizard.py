# SPDX-License-Identifier: GPL-2.0-or-later
"""新建县级规划项目: the steps, their texts, and the resulting request."""

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

from plugin.bridge import settings
from plugin.bridge.new_project import assemble
from plugin.gui.wizard import new_project
from plugin.gui.wizard.dialog import NewProjectWizard
from plugin.paths import PROFILES
from tests.qgis.waiting import process_events, wait_until

pytestmark = pytest.mark.usefixtures("chinese", "project")


def tick(place, branch, on):
    (item,) = place.groups.tree.findItems(branch, Qt.MatchFlag.MatchExactly)
    item.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


@pytest.fixture
def wizard(qgis_app, project, tmp_path):
    settings.put("project_folder", str(tmp_path))
    made = NewProjectWizard(project)
    made.show()
    yield made
    made.set_busy(False)
    made.close()
    made.deleteLater()


def county(wizard, code):
    wizard.go(1)
    wizard.place.county.choose(code)
    return wizard.place


def polygon(name, shape, crs="EPSG:4490"):
    layer = QgsVectorLayer(f"Polygon?crs={crs}&field=BSM:string", name, "memory")
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(shape.wkt))
    layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    return layer


def test_hunyuan_from_the_first_step_to_the_last(wizard, tmp_path):
    messages = []
    wizard.wanted.connect(messages.append)
    assert (
        wizard.steps.item(1).text() == "县、坐标系与图层"
        and wizard.message_label.text() == "将创建 13 个图层，合计 5 组"
    )
    wizard.next.click()
    assert not wizard.next.isEnabled() and wizard.message_label.text() == "请选择县。"
    wizard.place.county.search.set_text("140225")
    wizard.place.county.search.activated.emit(0)
    assert wizard.place.county.county.currentText() == "浑源县  140225"
    assert wizard.place.crs.notice.label.text() == "全县都在 38 带内，距带边约 0.9°，不跨带。"
    assert wizard.place.crs.buttons["prefixed"].text() == "EPSG:4526    38 带，横坐标带带号（推荐）"
    assert wizard.place.crs.buttons["plain"].text() == "EPSG:4547    114°E，不带带号"
    assert not wizard.place.crs.buttons["neighbour"].isVisibleTo(wizard)
    wizard.next.click()
    assert wizard.profile.profile.currentData() == "hunyuan"
    wizard.next.click()
    assert wizard.target.name.text() == "浑源县规划" and str(tmp_path) in wizard.target.paths.text()
    wizard.next.click()
    assert wizard.next.text() == "创建" and ("县", "浑源县  140225") in wizard.confirm.rows()
    assert "EPSG:4526  CGCS2000 / 3° 高斯-克吕格  38 带  114°E" in dict(wizard.confirm.rows()).values()
    wizard.next.click()
    (request,) = messages
    assert (request.code, request.county, request.crs, request.profile) == ("140225", "浑源县", "EPSG:4526", "hunyuan")
    assert (request.database, request.project) == (tmp_path / "浑源县规划.gpkg", tmp_path / "浑源县规划.qgz")
    assert {"CZKFBJ", "YDYHGHFQ", "DLTB"} < set(request.roles) and request.existing == "stop"
    assert settings.get("project_folder") == str(tmp_path)


def test_a_county_across_two_zones_is_warned_about(wizard):
    place = county(wizard, "140727")
    text = place.crs.notice.label.text()
    assert place.crs.notice.kind == "warning" and text.startswith(
        "本县跨 37 带和 38 带。请全县统一采用一个带，推荐经度范围较大一侧（60\u202f%）"
    )
    assert "37 带（EPSG:4525）" in text and "0.044\u202f%" in text and "不受选带影响" in text
    assert wizard.draft.crs == "EPSG:4525" and wizard.next.isEnabled()
    place.crs.buttons["plain"].setChecked(True)
    assert wizard.draft.crs == "EPSG:4546"
    place.crs.buttons["neighbour"].setChecked(True)
    assert wizard.draft.crs == "EPSG:4526" and place.crs.warning.kind == "" and wizard.next.isEnabled()
    assert "112.5" in place.crs.strip.accessibleDescription()
    low, high = place.crs.strip.span()
    assert low < 111 and high > 114


def test_the_longitude_of_a_county_is_taken_from_its_city(wizard):
    place = county(wizard, "140621")
    assert "朔州市" in place.crs.notice.label.text() and wizard.draft.crs == "" and not wizard.next.isEnabled()
    place.county.source.setCurrentIndex(place.county.source.findData("typed"))
    place.county.west.setValue(112.6)
    place.county.east.setValue(113.2)
    assert wizard.draft.crs == "EPSG:4526" and wizard.next.isEnabled()
    place.county.east.setValue(112.5)
    assert not wizard.next.isEnabled()
    # A city within one zone determines the zone of its counties.
    county(wizard, "140213")
    place.county.source.setCurrentIndex(0)
    assert wizard.draft.crs == "EPSG:4526"
    assert place.crs.notice.label.text() == "大同市全部在 38 带内，本县也在其中。"
    assert "大同市 112.6°–114.6°E" in place.crs.strip.accessibleDescription()


def test_the_extent_from_a_layer_is_weighed_by_area(wizard, project):
    # Narrow west of the edge, broad east of it: by longitude it would be zone 37.
    shape = shapely.union_all([shapely.box(111.9, 37.4, 112.5, 37.41), shapely.box(112.5, 37.2, 112.9, 37.6)])
    project.addMapLayers([polygon("别的", shapely.box(110, 35, 110.1, 35.1)), polygon("XZQX", shape)])
    project.addMapLayer(QgsVectorLayer("Polygon?crs=EPSG:4490", "空的", "memory"))
    place = county(wizard, "140727")
    box = place.county.source
    assert [box.itemText(n) for n in range(box.count())] == [
        "按行政区代码表",
        "从图层读取：XZQX",
        "从图层读取：别的",
        "填写东西经度",
    ]
    box.setCurrentIndex(1)
    assert wizard.draft.crs == "EPSG:4526" and "面积较大一侧" in place.crs.notice.label.text()
    assert wizard.draft.view == pytest.approx((111.9, 37.2, 112.9, 37.6))
    box.setCurrentIndex(2)
    assert wizard.draft.crs == "EPSG:4525" and place.crs.notice.kind == "ok"


def test_a_layer_in_metres_is_read_in_degrees(wizard, project):
    project.addMapLayer(polygon("XZQX", shapely.box(38_430_000, 4_390_000, 38_480_000, 4_400_000), "EPSG:4526"))
    place = county(wizard, "140225")
    place.county.source.setCurrentIndex(1)
    west, south, east, north = wizard.draft.view
    assert 113.1 < west < 113.2 and 113.7 < east < 113.8 and 39.6 < south < north < 39.8


def test_a_crs_of_another_province_is_refused(wizard):
    place = county(wizard, "140225")
    place.crs.buttons["other"].setChecked(True)
    assert not wizard.next.isEnabled() and wizard.message_label.text() == "请选择坐标系。"
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:4513"))
    assert place.crs.warning.kind == "error" and "山西省使用 EPSG:4525" in place.crs.warning.label.text()
    assert not wizard.next.isEnabled() and "EPSG:4513" in wizard.message_label.text()
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    assert not wizard.next.isEnabled()
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:4525"))
    assert place.crs.warning.kind == "warning" and wizard.next.isEnabled()
    place.crs.buttons["degrees"].setChecked(True)
    assert wizard.draft.crs == "EPSG:4490" and wizard.next.isEnabled()


def test_a_county_of_another_province_is_typed(wizard):
    wizard.go(1)
    place = wizard.place
    place.county.province.setCurrentIndex(place.county.province.findText("陕西省"))
    assert not place.county.city.isVisibleTo(wizard) and place.county.code.isVisibleTo(wizard)
    place.county.code.setText("610700")
    assert "6 位数字" in wizard.message_label.text()
    place.county.code.setText("620724")
    assert "陕西省的代码以 61 开头" in wizard.message_label.text()
    place.county.code.setText("610724")
    assert "县名" in wizard.message_label.text()
    place.county.name.setText("西乡县")
    assert "不能推荐带号" in place.crs.notice.label.text() and wizard.message_label.text() == "请选择坐标系。"
    place.county.source.setCurrentIndex(place.county.source.findData("typed"))
    place.county.west.setValue(107.25)
    place.county.east.setValue(108.25)
    assert wizard.draft.crs == "EPSG:4524" and wizard.draft.county.code == "610724" and wizard.next.isEnabled()
    place.crs.buttons["other"].setChecked(True)
    place.crs.other.setCrs(QgsCoordinateReferenceSystem("EPSG:4526"))
    assert not wizard.next.isEnabled() and "西乡县" in wizard.message_label.text()
    place.crs.buttons["prefixed"].setChecked(True)
    wizard.next.click()
    assert wizard.profile.profile.currentData() == "" and wizard.profile.profile.count() == 1


def test_groups_and_single_layers(wizard):
    place = county(wizard, "140225")
    before = set(wizard.draft.roles)
    tick(place, "中心城区四线", True)
    assert set(wizard.draft.roles) - before == {"ZXCQCSLX", "ZXCQCSLVX", "ZXCQCSHX", "ZXCQCSZX"}
    assert place.groups.notice.kind == "info"
    top = place.groups.tree.topLevelItem(0)
    assert [top.text(n) for n in (0, 2, 3)] == ["三条控制线", "4", "必选"]
    top.child(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert "CZKFBJ" not in wizard.draft.roles and "城镇开发边界" in place.groups.notice.label.text()
    for n in range(place.groups.tree.topLevelItemCount()):
        tick(place, place.groups.tree.topLevelItem(n).text(0), False)
    assert wizard.draft.roles == [] and not wizard.next.isEnabled()


def test_another_standard_has_its_own_layers(wizard):
    wizard.pages[0].buttons["three_lines_2022"].setChecked(True)
    county(wizard, "140225")
    assert set(wizard.draft.roles) == set(wizard.draft.standard.groups["three_lines"].roles)
    assert "三区三线划定成果" in wizard.about.text()


def test_a_profile_of_another_county_is_refused(wizard, tmp_path):
    county(wizard, "140727")
    wizard.next.click()
    # 祁县 has no county profile: those of its city, cluster and province are offered, the nearest first.
    offered = [wizard.profile.profile.itemData(n) for n in range(wizard.profile.profile.count())]
    assert offered == ["", "jinzhong", "cluster", "shanxi"]
    assert wizard.profile.profile.currentData() == "jinzhong" and wizard.next.isEnabled()
    assert "晋中市" in wizard.profile.notice.label.text()
    wizard.profile.profile.choose(str(PROFILES / "hunyuan.toml"))
    assert not wizard.next.isEnabled() and "属于浑源县（140225）" in wizard.message_label.text()
    broken = tmp_path / "坏.toml"
    broken.write_text("id = ", encoding="utf-8")
    wizard.profile.profile.choose(str(broken))
    assert not wizard.next.isEnabled() and "坏.toml" in wizard.message_label.text()
    wizard.profile.profile.setCurrentIndex(0)
    assert wizard.next.isEnabled() and wizard.draft.profile == ""


def test_existing_files_are_asked_about(wizard, tmp_path):
    (tmp_path / "浑源县规划.gpkg").touch()
    (tmp_path / "浑源县规划.qgz").touch()
    county(wizard, "140225")
    wizard.go(2)
    wizard.go(3)
    target = wizard.target
    assert target.there.isVisibleTo(wizard) and not any(b.isChecked() for b in target.existing.values())
    assert not wizard.next.isEnabled() and "对已有数据库" in wizard.message_label.text()
    target.existing["stop"].setChecked(True)
    assert not wizard.next.isEnabled()
    target.existing["add"].setChecked(True)
    assert not wizard.next.isEnabled() and "工程文件已存在" in wizard.message_label.text()
    target.over.setChecked(True)
    assert wizard.next.isEnabled() and wizard.draft.existing == "add" and wizard.draft.replace_project
    # An answer applies only to the file it was given for.
    target.name.setText("另一个")
    assert wizard.next.isEnabled() and wizard.draft.existing == "stop" and not wizard.draft.replace_project
    target.name.setText("浑源县规划")
    assert not wizard.next.isEnabled() and not any(b.isChecked() for b in target.existing.values())
    target.formats[".gdb"].setChecked(True)
    assert not target.there.isVisibleTo(wizard) and target.over.isVisibleTo(wizard)
    for name in ("a/b", "con:", " .", ".x"):
        target.name.setText(name)
        assert not wizard.next.isEnabled(), name
    target.name.setText("规划")
    target.folder.setFilePath(str(tmp_path / "没有"))
    assert not wizard.next.isEnabled() and "文件夹不存在" in wizard.message_label.text()


def test_a_file_that_comes_meanwhile_brings_the_step_back(wizard, tmp_path):
    messages = []
    wizard.wanted.connect(messages.append)
    county(wizard, "140225")
    for step in (2, 3, 4):
        wizard.go(step)
    (tmp_path / "浑源县规划.gpkg").touch()
    wizard.target.enter()
    wizard.next.click()
    assert not messages and wizard.stack.currentIndex() == 3


def test_it_fits_a_small_screen(wizard):
    room = wizard.screen().availableGeometry()
    assert wizard.width() <= room.width() and wizard.height() <= room.height()
    wizard.resize(1100, 640)
    county(wizard, "140727")
    process_events(0.3)
    assert wizard.size().height() == 640
    area = wizard.stack.currentWidget()
    assert area.widget().width() <= area.viewport().width(), "nothing is cut off on the right"


class Iface:
    """The parts of QgisInterface that the wizard's job uses."""

    class _Signal:
        def __init__(self):
            self.slots = []

        def connect(self, slot):
            self.slots.append(slot)

        def disconnect(self, slot):
            self.slots.remove(slot)

    class _Bar:
        def __init__(self):
            self.messages = []

        def pushSuccess(self, title, text):
            self.messages.append(text)

        pushInfo = pushWarning = pushSuccess

    class _Canvas:
        extent = None

        def __init__(self):
            self.currentLayerChanged = Iface._Signal()

        def setReferencedExtent(self, extent):
            self.extent = extent

        def refresh(self):
            pass

    def __init__(self, let_go=True):
        self.currentLayerChanged, self.bar, self.canvas, self.let_go = (
            self._Signal(),
            self._Bar(),
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
def context(qgis_app, project, provider, tmp_path):
    from plugin.bridge.running.tasks import Runner

    settings.put("project_folder", str(tmp_path))
    runner = Runner()
    made = new_project.NewProject(Iface(), runner)
    yield made
    made.close()
    runner.stop_all()
    assert not made._iface.canvas.currentLayerChanged.slots


def go_to_last_step(context, code="140225"):
    context.show()
    county(context.wizard, code)
    for step in (2, 3, 4):
        context.wizard.go(step)
    context.wizard.next.click()


def test_from_the_button_to_the_open_project(context, qgis_app, tmp_path, project):
    go_to_last_step(context)
    assert context.wizard._busy and not context.wizard.next.isEnabled()
    assert wait_until(lambda: context.wizard is None)
    assert project.fileName() == str(tmp_path / "浑源县规划.qgz") and len(project.mapLayers()) == 13
    assert context._iface.bar.messages == ["浑源县：13 个图层已建立，可以开始绘制。请先绘制县界，或导入数据。"]
    assert context._iface.canvas.extent.crs().authid() == "EPSG:4526"
    context._iface.bar.messages.clear()
    context.make_bookmarks()
    assert "乡镇级行政区" in context._iface.bar.messages[0]


def test_cancel_leaves_no_file_and_the_wizard_stays_open(context, qgis_app, tmp_path, monkeypatch):
    import time

    from plugin.core.exchange import create

    slow = create._create_layers
    monkeypatch.setattr(create, "_create_layers", lambda *a: (time.sleep(0.5), slow(*a))[1])
    go_to_last_step(context)
    process_events(0.2)
    context.wizard.cancel.click()
    assert wait_until(lambda: not context.wizard._busy)
    assert context.wizard.isVisible() and "已取消" in context.wizard.confirm.notice.label.text()
    assert not list(tmp_path.iterdir())


def test_cancelled_while_the_project_is_put_together(context, qgis_app, tmp_path, monkeypatch, project):
    """Cancel after the database was written; the message reports the database."""
    added, add = [], assemble.add_layer

    def adding(*given):
        added.append(add(*given))
        if len(added) == 3:
            QTimer.singleShot(0, context.wizard.cancel.click)

    monkeypatch.setattr(assemble, "add_layer", adding)
    go_to_last_step(context)
    assert wait_until(lambda: not context.wizard._busy)
    process_events(0.2)
    messages = context.wizard.confirm.notice.label.text()
    assert "未生成工程" in messages and str(tmp_path / "浑源县规划.gpkg") in messages and len(added) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["浑源县规划.gpkg"] and not project.mapLayers()


def test_an_error_is_shown_and_the_wizard_stays_open(context, qgis_app, tmp_path):
    context.show()
    county(context.wizard, "140225")
    for step in (2, 3, 4):
        context.wizard.go(step)
    (tmp_path / "浑源县规划.gpkg").write_bytes(b"")
    context._make(context.wizard.draft.request())
    assert wait_until(lambda: not context.wizard._busy)
    assert "已存在" in context.wizard.confirm.notice.label.text() and context.wizard.confirm.notice.kind == "error"
    assert [p.name for p in tmp_path.iterdir()] == ["浑源县规划.gpkg"]


def test_an_edited_project_stays_open_when_the_user_cancels(context, qgis_app, tmp_path, project):
    context._iface.let_go = False
    project.setTitle("别的工程")
    go_to_last_step(context)
    assert wait_until(lambda: context.wizard is None)
    assert project.title() == "别的工程" and not project.mapLayers()
    assert "未打开" in context._iface.bar.messages[0] and (tmp_path / "浑源县规划.qgz").exists()


def test_closed_in_the_middle(context, qgis_app, tmp_path):
    go_to_last_step(context)
    context.close()
    process_events(1.0)
    assert context.wizard is None and not (tmp_path / "浑源县规划.qgz").exists()
    # Closed once more by the fixture.
    context._iface.canvas.currentLayerChanged.connect(context._layer_chosen)
    context._follower.start(QgsProject.instance())


def test_missing_libraries_are_reported(context, monkeypatch):
    import sys

    for name in [n for n in sys.modules if n.startswith("plugin.gui.wizard.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "plugin.core.geometry.crs_zones", None)
    context.show()
    assert (
        context.wizard is None
        and "未启动" in context._iface.bar.messages[0]
        and "环境自检" in context._iface.bar.messages[0]
    )
