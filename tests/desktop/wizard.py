# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: create a county project by the wizard and draw in it."""

import os

from gui_driver import (
    FACTS,
    FOLDER,
    Watch,
    click,
    draw_feature,
    find_form,
    list_children,
    list_feature_forms,
    prepare_window_for_screenshots,
    press_key,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import Qgis, QgsFeature, QgsGeometry, QgsProject, QgsRectangle, QgsVectorLayerUtils
from qgis.PyQt.QtWidgets import QDialogButtonBox, QDockWidget, QLabel
from qgis.utils import iface, loadPlugin, plugins, startPlugin, unloadPlugin

PICTURE_NAME = os.environ.get("SANXIAN_PICTURE", "wizard")


def map_layers_by_role():
    return {v.customProperty("sanxian/template"): v for v in QgsProject.instance().mapLayers().values()}


def complete_wizard(controller):
    watch = Watch()
    controller.actions["new"].trigger()
    wizard = controller.new_project.wizard
    FACTS["open_seconds"] = watch.seconds
    wait_seconds(0.5)
    FACTS["dialog"] = [wizard.width(), wizard.height(), wizard.frameGeometry().bottom(), wizard.frameGeometry().right()]
    save_picture(f"{PICTURE_NAME}-1")
    click(wizard.next)
    wait_seconds(0.3)
    wizard.place.county.choose_county("140727")
    wait_seconds(0.2)
    FACTS["edge"] = wizard.place.crs.notice.label.text()
    save_picture(f"{PICTURE_NAME}-2-qixian")
    wizard.place.county.choose_county("140225")
    wait_seconds(0.2)
    FACTS["inside"] = wizard.place.crs.notice.label.text()
    save_picture(f"{PICTURE_NAME}-2-hunyuan")
    area = wizard.stack.currentWidget()
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    FACTS["scrolls"] = area.verticalScrollBar().maximum()
    wait_seconds(0.2)
    FACTS["cut_off"] = area.widget().width() > area.viewport().width()
    click(wizard.next)
    wait_seconds(0.3)
    save_picture(f"{PICTURE_NAME}-3")
    click(wizard.next)
    wait_seconds(0.3)
    wizard.target.folder.setFilePath(str(FOLDER))
    save_picture(f"{PICTURE_NAME}-4")
    click(wizard.next)
    wait_seconds(0.3)
    save_picture(f"{PICTURE_NAME}-5")
    return wizard


def draw_first_polygon(boundary):
    """Draw a polygon; record its form values and the effect of a wrong code."""
    canvas = iface.mapCanvas()
    canvas.setExtent(QgsRectangle(38_465_000, 4_388_000, 38_475_000, 4_394_000))
    wait_for_map()
    dialog = draw_feature(
        boundary, [(38_468_000, 4_390_000), (38_472_000, 4_390_000), (38_472_000, 4_392_000), (38_468_000, 4_392_000)]
    )
    form = find_form(dialog)
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    form.changeAttribute("GHFQDM", "999")
    wait_seconds(0.4)
    FACTS["wrong"] = [ok.isEnabled(), form.currentFormFeature()["GHFQMC"] or ""]
    save_picture(f"{PICTURE_NAME}-6-wrong")
    FACTS["why"] = [w.toolTip() for w in form.findChildren(QLabel) if "规划分区代码" in w.toolTip()]
    form.changeAttribute("GHFQDM", "410")
    wait_seconds(0.4)
    save_picture(f"{PICTURE_NAME}-6-form")
    FACTS["right"] = ok.isEnabled()
    click(ok)
    wait(lambda: not list_feature_forms())
    FACTS["avoids"] = (
        QgsProject.instance().avoidIntersectionsMode() == Qgis.AvoidIntersectionsMode.AvoidIntersectionsCurrentLayer
    )


def add_township(layer, name, box):
    if not layer.isEditable():
        layer.startEditing()
    fields = layer.fields()
    given = {fields.lookupField("XZQMC"): name, fields.lookupField("XZQDM"): "140225100"}
    shape = QgsGeometry.fromRect(QgsRectangle(*box))
    feature = QgsVectorLayerUtils.createFeature(layer, shape, given, layer.createExpressionContext())
    assert isinstance(feature, QgsFeature) and layer.addFeature(feature)


def run_wizard_steps():
    prepare_window_for_screenshots()
    unloadPlugin("sanxian")
    wait_seconds(0.5)
    FACTS["before"] = list_children()
    loadPlugin("sanxian")
    startPlugin("sanxian")
    controller = plugins["sanxian"].desktop
    wait_seconds(0.6)
    wizard = complete_wizard(controller)
    if PICTURE_NAME != "wizard":
        wizard.reject()
        wait_seconds(0.5)
        FACTS["closed"] = controller.new_project.wizard is None
        return
    click(wizard.next)
    FACTS["made"] = wait(lambda: controller.new_project.wizard is None)
    wait(lambda: len(QgsProject.instance().mapLayers()) > 5)
    wait_for_map()
    FACTS["said"] = iface.messageBar().currentItem().text() if iface.messageBar().currentItem() else ""
    FACTS["messages"] = [m.text() for m in iface.messageBar().items()]
    FACTS["files"] = sorted(p.name for p in FOLDER.iterdir() if p.name.startswith("浑源"))
    FACTS["dirty"] = QgsProject.instance().isDirty()
    view = QgsProject.instance().viewSettings().defaultViewExtent()
    FACTS["at_county"] = (
        iface.mapCanvas().extent().contains(view) and iface.mapCanvas().extent().width() < 2 * view.width()
    )
    FACTS["ellipsoid"] = QgsProject.instance().ellipsoid()
    save_picture(f"{PICTURE_NAME}-7-made")
    iface.messageBar().clearWidgets()

    boundary, townships = map_layers_by_role()["CZKFBJ"], map_layers_by_role()["XZQXZ"]
    draw_first_polygon(boundary)
    iface.actionSaveActiveLayerEdits().trigger()
    wait_seconds(0.5)
    FACTS["drawn"] = [
        {name: f[name] for name in ("BSM", "XZQDM", "XZQMC", "GHFQDM", "GHFQMC", "MJ")} for f in boundary.getFeatures()
    ]
    FACTS["planar"] = [f.geometry().area() for f in boundary.getFeatures()]
    iface.actionToggleEditing().trigger()
    add_township(townships, "永安镇", (38_466_000, 4_389_000, 38_470_500, 4_393_000))
    add_township(townships, "蔡村镇", (38_470_500, 4_389_000, 38_474_500, 4_393_000))
    townships.commitChanges()
    wait_seconds(0.3)
    FACTS["bookmarks"] = sorted(b.name() for b in QgsProject.instance().bookmarkManager().bookmarks())
    themes = QgsProject.instance().mapThemeCollection()
    FACTS["themes"] = sorted(themes.mapThemes())
    tree = iface.layerTreeView().layerTreeModel()
    themes.applyTheme("规划分区", QgsProject.instance().layerTreeRoot(), tree)
    wait_seconds(0.3)
    FACTS["by_theme"] = sorted(v.customProperty("sanxian/template") for v in iface.mapCanvas().layers())
    themes.applyTheme("三条控制线", QgsProject.instance().layerTreeRoot(), tree)
    iface.mainWindow().findChild(QDockWidget, "Layers").setFixedWidth(300)
    iface.setActiveLayer(boundary)
    save_picture(f"{PICTURE_NAME}-8-drawn")

    controller.actions["layers"].trigger()
    wait_seconds(1)
    wrappers = controller.new_project._layers.mainWidget().wrappers
    wrappers["COUNTY"].widget.setEditText("浑源")
    wrappers["COUNTY"].widget.completer().setCompletionPrefix("浑源")
    wrappers["COUNTY"].widget.completer().complete()
    FACTS["layers_dialog"] = controller.new_project._layers.isVisible() and not controller.new_project._layers.isModal()
    save_picture(f"{PICTURE_NAME}-9-layers")
    wrappers["COUNTY"].widget.completer().popup().hide()

    # Leave a second wizard window open while the plugin is unloaded.
    controller.actions["new"].trigger()
    controller.actions["new"].trigger()
    wait_seconds(0.3)
    press_key("Escape")
    wait(lambda: controller.new_project.wizard is None)
    controller.actions["new"].trigger()
    wait_seconds(0.3)
    QgsProject.instance().setDirty(False)
    iface.newProject(False)
    wait_seconds(0.5)
    iface.mapCanvas().unsetMapTool(iface.mapCanvas().mapTool())
    iface.actionPan().trigger()
    unloadPlugin("sanxian")
    wait_seconds(1.0)
    FACTS["after"] = list_children()


run_tour(run_wizard_steps)
