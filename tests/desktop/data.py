# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: choose a code in a form, open the dictionary, map a layer."""

import os

from gui_driver import FACTS, FOLDER, open_sample, press_key, run_tour, save_picture, type_text, wait, wait_seconds
from qgis.core import QgsFeature, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QComboBox, QDialog
from qgis.utils import iface

PICTURE_NAME = os.environ["SANXIAN_PICTURE"]


def run_data_steps():
    controller = open_sample()
    save_picture(f"{PICTURE_NAME}-map")
    from sanxian.plugin.bridge.layers.properties import get_assigned_role

    layers = {get_assigned_role(layer): layer for layer in QgsProject.instance().mapLayers().values()}
    choose_code_by_keyboard(layers["DLTB"])
    open_dictionary(controller, layers["STBHHX"])
    map_layer(controller, layers["DLTB"])


def find_opened_dialog(name):
    assert wait(lambda: iface.mainWindow().findChildren(QDialog, name)), name
    (dialog,) = iface.mainWindow().findChildren(QDialog, name)
    wait(dialog.isActiveWindow)
    return dialog


def choose_code_by_keyboard(layer):
    """Choose a code in a feature form by keyboard: type part of it, Down, Enter."""
    layer.startEditing()
    feature: QgsFeature = next(layer.getFeatures())
    dialog = iface.getFeatureForm(layer, feature)
    dialog.setParent(iface.mainWindow(), dialog.windowFlags())
    dialog.resize(820, 640)
    dialog.show()
    wait(dialog.isActiveWindow)
    box = next(b for b in dialog.findChildren(QComboBox) if b.objectName() == "DLBM")
    FACTS["before"] = feature["DLBM"]
    box.setFocus()
    assert wait(box.isEditable)
    box.lineEdit().selectAll()
    type_text("0204")
    assert wait(lambda: box.completer().popup().isVisible())
    save_picture(f"{PICTURE_NAME}-form")
    press_key("Down")
    press_key("Return")
    wait(lambda: box.currentData() == "0204")
    FACTS["tip"] = box.toolTip()
    dialog.accept()
    saved = layer.getFeature(feature.id())
    FACTS["after"] = saved["DLBM"], saved["DLMC"]
    layer.rollBack()


def open_dictionary(controller, layer):
    iface.setActiveLayer(layer)
    controller.actions["dictionary"].trigger()
    dialog = find_opened_dialog("SanxianDictionaryDialog")
    FACTS["dictionary"] = dialog.browser.toPlainText()[:40]
    dialog.search.setFocus()
    type_text("czcsxm")
    wait_seconds(0.5)
    save_picture(f"{PICTURE_NAME}-dictionary")
    dialog.close()


def map_layer(controller, layer):
    source = QgsVectorLayer(f"{layer.source()}", "三调", "ogr")
    QgsProject.instance().addMapLayer(source)
    iface.setActiveLayer(source)
    controller.actions["mapping"].trigger()
    dialog = find_opened_dialog("SanxianMappingDialog")
    dialog.template.setCurrentIndex(dialog.template.findData("XZYDYH"))
    dialog.template.activated.emit(dialog.template.currentIndex())
    assert wait(lambda: dialog._prepared_mapping is not None and dialog._job is None)
    dialog.table.selectRow([f.name for f in dialog._target_template.fields].index("YDYHFLDM"))
    save_picture(f"{PICTURE_NAME}-mapping")
    FACTS["mapping_fits"] = [dialog.frameGeometry().width(), dialog.frameGeometry().height()]
    dialog.output.setFilePath(str(FOLDER / "现状.gpkg"))
    dialog.start_run()
    assert wait(lambda: dialog._run is None)
    save_picture(f"{PICTURE_NAME}-mapped")
    FACTS["mapped"] = dialog.summary.text()
    FACTS["layers"] = sorted(v.name() for v in QgsProject.instance().mapLayers().values())
    dialog.close()


run_tour(run_data_steps)
