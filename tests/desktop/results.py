# SPDX-License-Identifier: GPL-2.0-or-later
"""Another county, the sample, a check, other projects, and the saved project again: which result is shown, and where the map is."""

import os

from gui_driver import (
    FACTS,
    FOLDER,
    click,
    do_when_open,
    find_named,
    run_check,
    run_tour,
    save_picture,
    tidy_window,
    wait,
    wait_seconds,
)
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRectangle, QgsVectorFileWriter, QgsVectorLayer
from qgis.PyQt.QtWidgets import QPushButton
from qgis.utils import iface, plugins

# QGIS asks before it closes layers in the system's folder for temporary files, where this tour keeps its own.
os.environ["TMPDIR"] = str(FOLDER / "profiles")


def steps():
    tidy_window()
    desk = plugins["sanxian"].desktop
    project = QgsProject.instance()
    make_other_county(project)
    ask_nothing(project)
    desk.open_sample()
    wait_seconds(1)
    FACTS["sample"] = {"sees_county": sees_county(project), "title": project.title()}
    save_picture("results-1-sample")
    run_check(desk)
    FACTS["verdict"] = desk.dock.verdict._word.text()
    saved = str(FOLDER / "县.qgz")
    ask_nothing(project)
    assert project.write(saved)
    wait_seconds(2)
    iface.addProject(str(FOLDER / "别县.qgz"))
    wait_seconds(1.5)
    FACTS["other"] = shown(desk)
    save_picture("results-2-other-project")
    ask_nothing(project)
    iface.addProject(saved)
    wait_seconds(3)
    FACTS["back"] = shown(desk)
    save_picture("results-3-back")
    layer = next(v for v in project.mapLayers().values() if v.name() == "城镇开发边界")
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    wait_seconds(1)
    FACTS["edited"] = shown(desk)
    save_picture("results-4-edited")
    layer.rollBack()
    ask_nothing(project)
    dress_raw_data(project)
    import_into_sample(desk, project)


def dress_raw_data(project):
    """The sample's database as QGIS opens it."""
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
    ask_nothing(project)


def import_into_sample(desk, project):
    """The tables of the sample as VCT, imported into it: one box asks which group is checked."""
    import processing

    iface.newProject(False)
    desk.open_sample()
    run_check(desk)
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

    do_when_open(find_named("SanxianGroupDialog"), answer)
    run_check(desk)
    FACTS["sources"] = sorted({layer.source.source for layer in desk.dock.result.checked.plan.layers.values()})
    save_picture("results-8-checked")
    do_when_open(find_named("SanxianRolesDialog"), lambda dialog: (save_picture("results-9-roles"), dialog.reject()))
    desk.dialogs.roles()
    ask_nothing(project)


def make_other_county(project):
    """A layer 300 km away, in a project that is saved and open."""
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


def ask_nothing(project):
    """QGIS asks before it closes an edited project."""
    project.setDirty(False)


def sees_county(project):
    """Does the map show the whole county, and nothing much larger?"""
    county = next(v for v in project.mapLayers().values() if v.name() == "县级行政区")
    extent, seen = county.extent(), iface.mapCanvas().extent()
    return seen.contains(extent) and extent.width() * extent.height() > 0.2 * seen.width() * seen.height()


def shown(desk):
    dock = desk.dock
    return {
        "result": dock.result is not None,
        "verdict": dock.verdict._word.text() if dock.verdict.isVisibleTo(dock) else "",
        "when": dock.verdict._when.text(),
        "stale": dock.stale.text() if dock.stale.isVisibleTo(dock) else "",
        "empty": dock.empty.label.text(),
    }


run_tour(steps)
