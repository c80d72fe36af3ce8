# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: the panel of indicators follows a drawn polygon and random edits, as a whole check would show them.

``SANXIAN_INDICATOR_COUNTY``: a county file, the sample county without it. ``SANXIAN_INDICATOR_EDITS``: the number of
random edits.
"""

import os
import random
import time

from gui_driver import (
    FACTS,
    click,
    draw_feature,
    find_form,
    open_sample,
    prepare_window_for_screenshots,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsProject, QgsRectangle, QgsVectorLayer, QgsVectorLayerUtils
from qgis.PyQt.QtWidgets import QDialogButtonBox
from qgis.utils import iface, plugins

COUNTY = os.environ.get("SANXIAN_INDICATOR_COUNTY", "")
EDITS = int(os.environ.get("SANXIAN_INDICATOR_EDITS", "25"))
#: Layers that are edited, and values that edits give to fields on which figures depend.
VALUES = {
    "CZKFBJ": {"GHFQDM": ["410", "420", "430"]},
    "YDYHGHFQ": {"GHFQDM": ["300", "411", "200", "700"]},
    "YJJBNTBHTB": {"YJJBNTMJ": [1000.0, 25000.5]},
    "DLTB": {"CZCSXM": ["201", "202", "203"], "TBMJ": [1234.5, 98765.25]},
    "STBHHX": {},
}
#: Longest distance (m) by which an edit moves a vertex along an axis.
LONGEST_MOVE_M = 20.0
#: Key (标识码) of the drawn polygon.
KEY = "140225202000999999"
#: Half of the width (m) of the drawn square.
HALF_WIDTH_M = 150.0


def load_county():
    """Load the layers of the county file into a new project; return the plugin's DesktopController."""
    from osgeo import ogr

    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    dataset = ogr.Open(COUNTY)
    names = [dataset.GetLayer(position).GetName() for position in range(dataset.GetLayerCount())]
    del dataset
    layers = [QgsVectorLayer(f"{COUNTY}|layername={name}", name, "ogr") for name in names]
    project = QgsProject.instance()
    project.setCrs(next(layer.crs() for layer in layers if layer.crs().isValid()))
    project.addMapLayers(layers)
    from sanxian.plugin.bridge.project.county import ProjectCountySettings, store_county_settings

    store_county_settings(project, ProjectCountySettings(profile="hunyuan"))
    wait_for_map()
    return controller


def find_layer(role):
    """Return the layer of a role: the role is part of its data source."""
    layers = QgsProject.instance().mapLayers().values()
    return next(layer for layer in layers if f"layername={role}" in layer.source())


def list_figures(indicators):
    return {f"{one.id} {one.target}": one.value for one in indicators if not one.place}


# --- a drawn polygon
def draw_polygon(controller):
    """Add a square to 城镇开发边界 with QGIS's tool; record the ratio before and after, with pictures."""
    layer, panel = find_layer("CZKFBJ"), controller.indicators
    centre = layer.extent().center()
    centre.setX(layer.extent().xMaximum() + 2 * HALF_WIDTH_M)
    iface.mapCanvas().setExtent(QgsRectangle.fromCenterAndSize(centre, 8 * HALF_WIDTH_M, 8 * HALF_WIDTH_M))
    wait_for_map()
    FACTS["dial_before"] = panel.dial.text
    FACTS["figures_before"] = list_figures(panel._current)
    save_picture("indicators-1-before-drawing")
    x, y, half = centre.x(), centre.y(), HALF_WIDTH_M
    corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
    dialog = draw_feature(layer, corners)
    form = find_form(dialog)
    form.changeAttribute("BSM", KEY)
    form.changeAttribute("GHFQDM", "410")
    wait_seconds(0.3)
    save_picture("indicators-1-form")
    click(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))
    live = controller.editing.live
    assert wait(lambda: controller.dock.result.rechecked_features, 60)
    assert wait(lambda: live.is_idle and live.waiting_count == 0, 60)
    wait_seconds(0.5)
    FACTS["dial_after"] = panel.dial.text
    FACTS["figures_after"] = list_figures(panel._current)
    save_picture("indicators-2-after-drawing")
    iface.actionPan().trigger()


# --- random edits
def edit_at_random(layers, chance):
    """Move a vertex or change a value of a random row, in one edit command; return what was done."""
    role = chance.choice(list(layers))
    layer, fids = layers[role]
    fid = chance.choice(fids)
    values = {name: options for name, options in VALUES[role].items() if layer.fields().indexOf(name) >= 0}
    layer.beginEditCommand("random edit")
    if values and chance.random() < 0.3:
        name = chance.choice(list(values))
        layer.changeAttributeValue(fid, layer.fields().indexOf(name), chance.choice(values[name]))
    else:
        geometry = layer.getFeature(fid).geometry()
        number = chance.randrange(geometry.constGet().nCoordinates() - 1)
        vertex = geometry.vertexAt(number)
        step = [chance.uniform(-LONGEST_MOVE_M, LONGEST_MOVE_M) for _ in range(2)]
        geometry.moveVertex(vertex.x() + step[0], vertex.y() + step[1], number)
        layer.changeGeometry(fid, geometry)
    layer.endEditCommand()
    return role


def measure_edits(controller):
    """Edit rows at random; record the time from each edit until the panel shows the figures, and until the findings.

    The first is None for an edit that changes no figure.
    """
    panel = controller.indicators
    chance, live = random.Random(19), controller.editing.live
    layers = {}
    for role in VALUES:
        layer = find_layer(role)
        layer.isEditable() or layer.startEditing()
        layers[role] = layer, sorted(QgsVectorLayerUtils.getValues(layer, "$id")[0])
    wait_seconds(1)
    FACTS["seconds"] = []
    for _ in range(EDITS):
        former, shown = panel._edited, []
        began = time.monotonic()
        role = edit_at_random(layers, chance)

        def is_rechecked(former=former, shown=shown, began=began):
            if panel._edited is not former and not shown:
                shown.append(round(time.monotonic() - began, 4))
            return live.is_idle and live.waiting_count == 0

        assert wait(is_rechecked, 60), role
        FACTS["seconds"].append([role, shown[0] if shown else None, round(time.monotonic() - began, 4)])
        # The map is drawn before the next edit, as a person would see it.
        wait_for_map()
    assert not controller.editing.is_outdated


def compare_with_whole_check(controller):
    """Record the figures of the panel, and those of a whole check of the edited layers."""
    panel = controller.indicators
    _, stale_ids = panel._edited
    FACTS["stale_ids"] = sorted(stale_ids)
    FACTS["figures_edited"] = list_figures(panel._current)
    save_picture("indicators-3-edited")
    run_check(controller)
    FACTS["figures_checked"] = list_figures(panel._current)
    save_picture("indicators-4-checked")


def main():
    controller = load_county() if COUNTY else open_sample()
    run_check(controller)
    live = controller.editing.live
    controller.indicators.show()
    assert wait(lambda: live.can_run_trials and live.is_idle, 120)
    iface.messageBar().clearWidgets()
    draw_polygon(controller)
    measure_edits(controller)
    compare_with_whole_check(controller)
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()


run_tour(main)
