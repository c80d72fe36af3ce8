# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: the main workflow by mouse and keyboard.

It opens the sample, checks it, clicks a finding, navigates, filters, exports and unloads.
"""

from gui_driver import (
    FACTS,
    FOLDER,
    Watch,
    click,
    draw_feature,
    find_form,
    list_children,
    list_dialogs,
    prepare_window_for_screenshots,
    press_key,
    run_tour,
    save_picture,
    type_text,
    unload,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsEditFormConfig, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QDialogButtonBox, QDockWidget
from qgis.utils import iface, loadPlugin, plugins, startPlugin, unloadPlugin


class EventLoopMonitor:
    """Record the longest time in which the Qt event loop did not run."""

    def __enter__(self):
        self.worst, self._last = 0.0, Watch()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(5)
        return self

    def _beat(self):
        self.worst, self._last = max(self.worst, self._last.seconds), Watch()

    def __exit__(self, *_error):
        self._timer.stop()


def record_seconds_until(name, until, seconds=60):
    watch = Watch()
    held = wait(until, seconds)
    FACTS[name] = watch.seconds if held else None
    return held


def find_button(controller, name):
    return controller.actions.toolbar.widgetForAction(controller.actions[name])


def record_map_view(controller):
    finding = controller.dock.tree.get_selected_finding()
    canvas = iface.mapCanvas()
    left, bottom, right, top = finding.geometry.bounds
    extent = canvas.extent()
    return {
        "contains": extent.xMinimum() <= left <= right <= extent.xMaximum()
        and extent.yMinimum() <= bottom <= top <= extent.yMaximum(),
        "share": max((right - left) / extent.width(), (top - bottom) / extent.height()),
        "scale": canvas.scale(),
        "key": finding.key,
        "code": finding.code,
    }


def draw_over_another(controller):
    """Draw a parcel over others; the live check finds it, and undo removes it."""
    dock, canvas = controller.dock, iface.mapCanvas()
    parcels = next(v for v in QgsProject.instance().mapLayers().values() if template_id(v) == "DLTB")
    centre = parcels.extent().center()
    canvas.setExtent(QgsRectangle.fromCenterAndSize(centre, 900, 900))
    wait_for_map()
    before = {f.fingerprint for f in dock.result.findings}
    x, y = centre.x(), centre.y()
    dialog = draw_feature(parcels, [(x - 120, y - 90), (x + 120, y - 90), (x + 120, y + 90), (x - 120, y + 90)])
    form = find_form(dialog)
    for name, value in (("DLBM", "0103"), ("TBBH", "9001"), ("QSXZ", "30")):
        if parcels.fields().lookupField(name) >= 0:
            form.changeAttribute(name, value)
    wait_seconds(0.4)
    save_picture("6-drawing")
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    FACTS["may_save"] = ok.isEnabled()
    watch = Watch()
    with EventLoopMonitor() as pulse:
        click(ok)
        wait(lambda: dock.result.rechecked_features)
        FACTS["edit_seconds"] = watch.seconds
    FACTS["deaf_while_editing"] = round(pulse.worst, 3)
    new = [f for f in dock.result.findings if f.fingerprint not in before]
    FACTS["drawn_over"] = sorted({f.code for f in new})
    FACTS["edited"] = dock.verdict._edited.text()
    layer = findings_layer()
    FACTS["drawn_on_map"] = layer.featureCount() == len(dock.result.findings)
    wait_seconds(0.5)
    save_picture("6-drawn")
    parcels.undoStack().undo()
    wait(lambda: {f.fingerprint for f in dock.result.findings} == before)
    FACTS["undone"] = {f.fingerprint for f in dock.result.findings} == before
    FACTS["undone_on_map"] = layer.featureCount() == len(before)
    parcels.rollBack()
    iface.actionPan().trigger()
    wait_seconds(0.5)
    save_picture("6-undone")


def template_id(layer):
    return layer.customProperty("sanxian/template")


def findings_layer():
    return next(v for v in QgsProject.instance().mapLayers().values() if v.customProperty("sanxian/findings"))


def run_main_tour():
    prepare_window_for_screenshots()
    FACTS["loaded"] = list_children()
    unloadPlugin("sanxian")
    wait_seconds(0.5)
    FACTS["before"] = list_children()
    loadPlugin("sanxian")
    startPlugin("sanxian")
    controller = plugins["sanxian"].desktop
    dock = controller.dock
    # The panel states what the project holds once no further change follows; on a busy machine that takes longer.
    wait(lambda: len(dock.empty.list_buttons()) > 1)
    wait_seconds(0.6)
    FACTS["empty"] = dock.empty.label.text()

    # Open the sample with the button in the panel.
    click(dock.empty.list_buttons()[1])
    record_seconds_until("open_seconds", lambda: QgsProject.instance().mapLayers())
    layers = iface.mainWindow().findChild(QDockWidget, "Layers")
    iface.mainWindow().resizeDocks([layers, dock], [260, 430], Qt.Orientation.Horizontal)
    iface.messageBar().clearWidgets()
    wait_for_map()
    iface.mapCanvas().zoomToFullExtent()
    FACTS["groups"] = [g.name() for g in QgsProject.instance().layerTreeRoot().children()]
    wait_seconds(1)
    FACTS["ready"] = dock.empty.label.text()
    save_picture("1-sample")

    # The menu restores removed forms.
    boundary = QgsProject.instance().mapLayersByName("城镇开发边界")[0]
    FACTS["form_of_sample"] = [tab.name() for tab in boundary.editFormConfig().tabs()]
    boundary.setEditFormConfig(QgsEditFormConfig())
    bar = iface.messageBar()
    bar.clearWidgets()
    controller.actions["forms"].trigger()
    wait(lambda: bar.currentItem() is not None)
    FACTS["forms_said"] = bar.currentItem().text()
    FACTS["form_again"] = [tab.name() for tab in boundary.editFormConfig().tabs()]
    bar.clearWidgets()

    # Check with the button in the toolbar; cancel a first run.
    click(find_button(controller, "check"))
    wait(lambda: controller.is_check_running)
    wait_seconds(0.4)
    watch = Watch()
    click(dock.run_bar.button)
    wait(lambda: not controller.is_check_running)
    FACTS["cancel_seconds"] = watch.seconds
    FACTS["cancelled_first"] = dock.note.text()
    with EventLoopMonitor() as pulse:
        click(find_button(controller, "check"))
        wait(lambda: controller.is_check_running)
        record_seconds_until("check_seconds", lambda: not controller.is_check_running, 120)
    FACTS["deaf_while_checking"] = round(pulse.worst, 3)
    report = dock.result.report
    FACTS["summary"] = report.summary
    FACTS["tabs"] = dock.tabs.isVisible()
    FACTS["findings"] = len(report.findings)
    save_picture("2-checked")

    # Cancel a second run: the former result stays.
    click(find_button(controller, "check"))
    wait(lambda: controller.is_check_running)
    wait(lambda: dock.run_bar.bar.value() > 300 or not controller.is_check_running)
    FACTS["progress"] = dock.run_bar.bar.format()
    save_picture("3-running")
    if controller.is_check_running:
        click(dock.run_bar.button)
        wait(lambda: not controller.is_check_running)
    FACTS["cancelled_again"] = dock.note.text()
    FACTS["time"] = dock.result.time_text

    # The first finding: a real click in the list.
    tree = dock.tree
    wait_for_map()
    first = tree.findings.index(0, 0, tree.findings.index(0, 0))
    before = iface.mapCanvas().extent()
    watch = Watch()
    click(tree.viewport(), tree.visualRect(first).center())
    wait(lambda: tree.get_selected_finding() is not None and iface.mapCanvas().extent() != before)
    FACTS["click_seconds"] = watch.seconds
    FACTS["clicked"] = record_map_view(controller)
    save_picture("4-finding")

    # Navigate with the keyboard, wherever the focus is.
    press_key("F9")
    wait(lambda: tree.get_selected_finding().key != FACTS["clicked"]["key"])
    FACTS["next"] = record_map_view(controller)
    press_key("shift+F9")
    wait(lambda: tree.get_selected_finding().key == FACTS["clicked"]["key"])
    FACTS["previous"] = tree.get_selected_finding().key
    wait_for_map()
    click(find_button(controller, "previous"))
    wait(dock.note.text)
    FACTS["at_the_end"] = dock.note.text()

    # Search.
    click(dock.filters.search)
    type_text("REL002")
    FACTS["found"] = []
    wait(lambda: {g.code for g in tree.findings.groups if g.shown} == {"REL002"})
    FACTS["found"] = sorted({f.code for f in tree.findings.list_visible_findings()})
    click(tree.viewport(), tree.visualRect(tree.findings.index(0, 0)).center(), times=2)
    wait_seconds(0.3)
    tree.expandAll()
    click(tree.viewport(), tree.visualRect(tree.findings.index(0, 0, tree.findings.index(0, 0))).center())
    wait(lambda: tree.get_selected_finding() is not None and tree.get_selected_finding().code == "REL002")
    save_picture("5-search")
    # A double click opens the feature's own form.
    row = tree.findings.index(0, 0, tree.findings.index(0, 0))
    click(tree.viewport(), tree.visualRect(row).center(), times=2)
    wait(list_dialogs)
    FACTS["form"] = [d.windowTitle() for d in list_dialogs()]
    for dialog in list_dialogs():
        dialog.reject()
    dock.clear_filters()

    draw_over_another(controller)

    # Save all three.
    for kind, name in (("layer", "发现.gpkg"), ("json", "报告.json"), ("html", "报告.html")):
        controller.exports.save_result(kind, str(FOLDER / name))
    wait(lambda: all((FOLDER / n).exists() for n in ("发现.gpkg", "报告.json", "报告.html")), 90)
    wait(lambda: not controller.runner._running_jobs)
    FACTS["saved"] = [m.text() for m in iface.messageBar().items()]
    controller.exports.messages.close()

    # Removing layers and project clears the result; the panel stays.
    layers_layer = [v for v in QgsProject.instance().mapLayers().values() if v.customProperty("sanxian/findings")]
    FACTS["findings_layers"] = [(v.name(), v.featureCount()) for v in layers_layer]
    by_role = {v.customProperty("sanxian/template"): v for v in QgsProject.instance().mapLayers().values()}
    by_role["CZKFBJ"].setName("改了名")
    QgsProject.instance().removeMapLayer(by_role["DLTB"].id())
    QgsProject.instance().clear()
    wait_seconds(0.5)
    dock.step_selection(1)
    FACTS["after_close"] = [dock.result is None, len(tree.findings.groups), dock.verdict.isVisible()]

    unloadPlugin("sanxian")
    wait_seconds(1.0)
    FACTS["after"] = list_children()

    # Unload the plugin during a check.
    loadPlugin("sanxian")
    startPlugin("sanxian")
    controller = plugins["sanxian"].desktop
    controller.open_sample()
    wait_seconds(0.5)
    controller.start_check()
    wait_seconds(0.4)
    FACTS["ran_at_unload"] = controller.is_check_running
    FACTS["heard"] = unload(controller)
    QgsProject.instance().clear()
    wait_seconds(1.5)
    FACTS["after_running"] = list_children()


run_tour(run_main_tour)
