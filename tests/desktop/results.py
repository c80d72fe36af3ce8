# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: open projects and record the shown result and map extent.

It opens another county, the sample, further projects, and the saved project again.
"""

import os

from gui_driver import (
    FACTS,
    FOLDER,
    act_when_dialog_opens,
    click,
    has_object_name,
    prepare_window_for_screenshots,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_seconds,
)
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRectangle, QgsVectorFileWriter, QgsVectorLayer
from qgis.PyQt.QtWidgets import QPushButton
from qgis.utils import iface, plugins

# QGIS asks before it closes layers in the system's temporary folder, where the files of this script are.
os.environ["TMPDIR"] = str(FOLDER / "profiles")


def run_result_steps():
    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    project = QgsProject.instance()
    make_other_county(project)
    mark_project_as_saved(project)
    controller.open_sample()
    wait_seconds(1)
    FACTS["sample"] = {"sees_county": is_county_in_view(project), "title": project.title()}
    save_picture("results-1-sample")
    run_check(controller)
    FACTS["verdict"] = controller.dock.verdict._word.text()
    saved = str(FOLDER / "县.qgz")
    mark_project_as_saved(project)
    assert project.write(saved)
    wait_seconds(2)
    iface.addProject(str(FOLDER / "别县.qgz"))
    wait_seconds(1.5)
    FACTS["other"] = record_shown_result(controller)
    save_picture("results-2-other-project")
    mark_project_as_saved(project)
    iface.addProject(saved)
    wait_seconds(3)
    FACTS["back"] = record_shown_result(controller)
    save_picture("results-3-back")
    layer = next(v for v in project.mapLayers().values() if v.name() == "城镇开发边界")
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    wait_seconds(1)
    FACTS["edited"] = record_shown_result(controller)
    save_picture("results-4-edited")
    layer.rollBack()
    mark_project_as_saved(project)
    style_raw_data(project)
    import_into_sample(controller, project)


def style_raw_data(project):
    """Open the sample's database without styles; apply forms and styles by a click."""
    source = next(v for v in project.mapLayers().values() if v.name() == "县级行政区").source().split("|")[0]
    iface.newProject(False)
    iface.messageBar().clearWidgets()
    for name in ("DLTB", "XZQXZ", "YJJBNTBHTB", "STBHHX", "CZKFBJ"):
        iface.addVectorLayer(f"{source}|layername={name}", name, "ogr")
    bar = iface.messageBar()
    wait(lambda: bar.currentItem() is not None)
    FACTS["offered"] = bar.currentItem().text()
    iface.mapCanvas().zoomToFullExtent()
    save_picture("results-5-raw")
    click(next(b for b in bar.currentItem().findChildren(QPushButton) if "图层组" in b.text()))
    wait(lambda: bar.currentItem() is not None and bar.currentItem().text() != FACTS["offered"])
    FACTS["applied"] = bar.currentItem().text()
    FACTS["groups"] = [node.name() for node in project.layerTreeRoot().children()]
    save_picture("results-6-applied")
    mark_project_as_saved(project)


def import_into_sample(controller, project):
    """Import the sample's tables as VCT next to the originals, then check.

    The plugin asks which of the two layer groups it should check.
    """
    import processing

    iface.newProject(False)
    controller.open_sample()
    run_check(controller)
    vct = str(FOLDER / "浑源.vct")
    source = next(v for v in project.mapLayers().values() if v.name() == "县级行政区").source().split("|")[0]
    processing.run("sanxian:export_vct", {"SOURCE": source, "OUTPUT": vct})
    processing.runAndLoadResults("sanxian:import_vct", {"INPUT": vct, "OUTPUT": str(FOLDER / "浑源.gpkg")})
    wait_seconds(1)
    iface.messageBar().clearWidgets()
    FACTS["tree"] = [node.name() for node in project.layerTreeRoot().children()]

    def answer(dialog):
        save_picture("results-7-which-group")
        FACTS["choices"] = [button.text() for button in dialog.buttons]
        dialog.buttons[1].setChecked(True)
        dialog.accept()

    act_when_dialog_opens(has_object_name("SanxianGroupDialog"), answer)
    run_check(controller)
    FACTS["sources"] = sorted(
        {layer.source.source for layer in controller.dock.result.check_result.plan.layers.values()}
    )
    save_picture("results-8-checked")
    act_when_dialog_opens(
        has_object_name("SanxianRolesDialog"), lambda dialog: (save_picture("results-9-roles"), dialog.reject())
    )
    controller.dialogs.open_roles_dialog()
    mark_project_as_saved(project)


def make_other_county(project):
    """Save and open a project with a layer that is 300 km away."""
    made = QgsVectorLayer("MultiPolygon?crs=EPSG:4528&field=BSM:string", "CZKFBJ", "memory")
    feature = QgsFeature(made.fields())
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(40400000, 3900000, 40410000, 3910000)))
    made.dataProvider().addFeatures([feature])
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "CZKFBJ"
    file = str(FOLDER / "别县.gpkg")
    QgsVectorFileWriter.writeAsVectorFormatV3(made, file, project.transformContext(), options)
    project.addMapLayer(QgsVectorLayer(f"{file}|layername=CZKFBJ", "CZKFBJ", "ogr"))
    project.setCrs(made.crs())
    wait_seconds(0.5)
    iface.mapCanvas().zoomToFullExtent()
    assert project.write(str(FOLDER / "别县.qgz"))
    wait_seconds(0.5)


def mark_project_as_saved(project):
    """Mark the project as saved, because QGIS asks before closing an edited one."""
    project.setDirty(False)


def is_county_in_view(project):
    """Return True if the map shows the whole county and little more."""
    county = next(v for v in project.mapLayers().values() if v.name() == "县级行政区")
    extent, seen = county.extent(), iface.mapCanvas().extent()
    return seen.contains(extent) and extent.width() * extent.height() > 0.2 * seen.width() * seen.height()


def record_shown_result(controller):
    dock = controller.dock
    return {
        "result": dock.result is not None,
        "verdict": dock.verdict._word.text() if dock.verdict.isVisibleTo(dock) else "",
        "when": dock.verdict._when.text(),
        "stale": dock.stale.text() if dock.stale.isVisibleTo(dock) else "",
        "empty": dock.empty.label.text(),
    }


run_tour(run_result_steps)
