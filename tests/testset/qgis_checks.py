# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: what QGIS's own checks find in the cases of ``cases.json`` in its folder.

The plugins Check Geometries and Topology Checker have no functions for Python, so the script uses their windows, as a
planner does. The toolbox of QGIS 3.40 has Check Validity (``qgis:checkvalidity``); Validate Coverage needs GEOS 3.12,
and the further geometry checks came with later versions.
"""

import json

import processing
from gui_driver import FACTS, FOLDER, run_tour
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction, QApplication, QCheckBox, QDialog, QPushButton, QTableWidget, QWidget
from qgis.utils import iface

#: Check Geometries: kind → check boxes.
GEOMETRY_CHECKS = {
    "invalid-geometry": ("SelfIntersections", "SelfContacts", "DegeneratePolygon"),
    "multipart": (),
    "acute-angles": ("Angle",),
    "unexpected-holes": ("NoHoles",),
    "small-polygons": ("Area",),
    "narrow-parts": ("SliverPolygons",),
    "near-vertices": ("DuplicateNodes", "SegmentLength"),
    "layer-overlap": ("Overlaps", "Duplicates", "Covered"),
    "layer-gaps": ("Gaps",),
    "duplicate-shapes": ("Duplicates",),
}
#: Its boxes of permitted types; of the kind ``multipart`` only the first.
GEOMETRY_TYPES = ("Polygon", "Multipolygon", "Point", "Multipoint", "Line", "Multiline")
#: Topology Checker: kind → rules.
TOPOLOGY_RULES = {
    "invalid-geometry": ("must not have invalid geometries",),
    "multipart": ("must not have multi-part geometries",),
    "layer-overlap": ("must not overlap", "must not have duplicates"),
    "layer-gaps": ("must not have gaps",),
    "duplicate-shapes": ("must not have duplicates",),
    "farmland-in-red-line": ("must not overlap with",),
    "farmland-in-boundary": ("must not overlap with",),
    "red-line-in-boundary": ("must not overlap with",),
}
SETTINGS = json.loads((FOLDER / "cases.json").read_text("utf-8"))


def trigger(text):
    actions = iface.mainWindow().findChildren(QAction)
    next(action for action in actions if action.text().replace("&", "").startswith(text)).trigger()


def find_window(is_wanted):
    return next(filter(is_wanted, QApplication.allWidgets()))


def make_row(case, layer, fid, value=""):
    """Return a finding as a row for `judge`: the key is that of the feature, the area the value if it is a number."""
    key = layer.getFeature(int(fid))["BSM"] if fid.isdigit() else ""
    area = value if value.replace(".", "").isdigit() else ""
    return {"case": case["case"], "layer": layer.name(), "key": key, "kind": case["kinds"][0], "area_m2": area}


def check_geometries(case, kind, layers):
    """Run Check Geometries with the limits of the kind; return its errors."""
    trigger("Check Geometries")
    dialog = find_window(lambda w: w.windowTitle() == "Check Geometries")
    wanted = (*GEOMETRY_CHECKS[kind], *GEOMETRY_TYPES[: 1 if kind == "multipart" else None])
    for box in dialog.findChildren(QCheckBox):
        box.setChecked(box.objectName().removeprefix("checkBox") in wanted)
    limits = SETTINGS["limits"][kind]
    area = limits.get(f"quality.min_area_m2.{layers[0].name()}", 0)
    values = {"Angle": limits.get("below_degrees", 0), "Area": area, "SegmentLength": limits.get("within_m", 0)}
    for name, value in values.items():
        dialog.findChild(QWidget, f"doubleSpinBox{name}").setValue(value)
    dialog.findChild(QWidget, "radioButtonOutputModifyInput").click()
    dialog.findChild(QWidget, "pushButtonSelectAllLayers").click()
    next(button for button in dialog.findChildren(QPushButton) if button.text() == "Run").click()
    # The window does not run without a feature, and keeps tables of earlier runs.
    table = [QTableWidget(), *dialog.findChildren(QTableWidget, "tableWidgetErrors")][-1]
    rows = ((table.item(row, 1).text(), table.item(row, 4).text()) for row in range(table.rowCount()))
    return [make_row(case, layers[0], *row) for row in rows]


def check_topology(case, kind, layers):
    """Run rules of the Topology Checker; return its errors."""
    trigger("Configure")
    window = find_window(lambda w: w.metaObject().className() == "rulesDialog")
    window.findChild(QTableWidget).selectAll()
    window.findChild(QWidget, "mDeleteTestButton").click()
    for rule in TOPOLOGY_RULES[kind]:
        other = layers[-1].name() if rule.endswith("with") else "No layer"
        for name, value in {"mLayer1Box": layers[0].name(), "mRuleBox": rule, "mLayer2Box": other}.items():
            window.findChild(QWidget, name).setCurrentText(value)
        window.findChild(QWidget, "mAddTestButton").click()
    trigger("Validate All")
    errors = iface.mainWindow().findChild(QWidget, "mErrorTableView").model()
    return [make_row(case, layers[0], errors.index(row, 2).data()) for row in range(errors.rowCount())]


def check_validity(case, kind, layers):
    """Run Check Validity by the method of GEOS; return the invalid features."""
    outputs = {"VALID_OUTPUT": None, "INVALID_OUTPUT": "memory:", "ERROR_OUTPUT": None}
    invalid = processing.run("qgis:checkvalidity", {"INPUT_LAYER": layers[0], "METHOD": 2, **outputs})["INVALID_OUTPUT"]
    return [make_row(case, layers[0], "") | {"key": feature["BSM"]} for feature in invalid.getFeatures()]


CHECKS = {
    "geometries": (check_geometries, GEOMETRY_CHECKS),
    "topology": (check_topology, TOPOLOGY_RULES),
    "validity": (check_validity, ("invalid-geometry",)),
}


def close_message():
    """Close what a check shows about shapes that it could not compare, which would wait for a click."""
    if isinstance(window := QApplication.activeModalWidget(), QDialog):
        window.reject()


def check_cases():
    closing = QTimer(timeout=close_message)
    closing.start(50)
    trigger("Topology Checker")
    FACTS["kinds"] = {name: list(kinds) for name, (_, kinds) in CHECKS.items()}
    for name, (check, kinds) in CHECKS.items():
        FACTS[name] = []
        for case in (case for case in SETTINGS["cases"] if case["kinds"][0] in kinds):
            QgsProject.instance().clear()
            names = [*case["layers"].values()][: 2 if "-in-" in case["kinds"][0] else 1]
            layers = [QgsVectorLayer(f"{case['path']}|layername={one}", one, "ogr") for one in names]
            QgsProject.instance().addMapLayers(layers)
            QApplication.processEvents()
            FACTS[name] += check(case, case["kinds"][0], layers)


run_tour(check_cases)
