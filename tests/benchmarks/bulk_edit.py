# SPDX-License-Identifier: GPL-2.0-or-later
"""Time a bulk edit of a QGIS layer with and without the plugin's form (tests/qgis/test_dependent_fields.py).

The field calculator of QGIS sets one value in all rows, then undo and
redo. A timer of 0 ms records the longest time in which the main thread did not respond. Runs without and with the
plugin alternate. On a busy machine run it with ``chrt -f 50``, so that the wall clock measures only this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.gui import QgsExpressionBuilderWidget, QgsFieldCalculator
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QComboBox, QGroupBox, QWidget

from plugin.bridge.editing.attribute_forms import apply_template_form
from plugin.bridge.editing.expressions import ExpressionFunctions
from plugin.core.standard import load_standard
from plugin.core.standard.profile import Norm, load_profile

ROWS, RUNS = 60_000, 5
ROLE, CODE_FIELD, NAME_FIELD = "DLTB", "DLBM", "DLMC"
FORMER_CODE_AND_NAME, CHANGED_CODE_AND_NAME = ("0103", "旱地"), ("0201", "果园")
QGIS_FIELD_TYPES = {"text": "string", "integer": "integer", "real": "double", "date": "date"}
#: Seconds of wall clock, and processor seconds of the main thread.
WallAndCpuSeconds = tuple[float, float]


class EventLoopMonitor:
    """Record the longest time between two turns of the Qt event loop.

    Wall clock and CPU time of the main thread are recorded.
    """

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self._began = self._last = self._now()
        self._timer = QTimer()
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    @staticmethod
    def _now() -> WallAndCpuSeconds:
        return time.perf_counter(), time.thread_time()

    def _beat(self) -> None:
        wall, cpu = self._now()
        self.wall, self.cpu = max(self.wall, wall - self._last[0]), max(self.cpu, cpu - self._last[1])
        self._last = wall, cpu

    def stop(self, ended: WallAndCpuSeconds) -> tuple[WallAndCpuSeconds, WallAndCpuSeconds]:
        """Return the longest pause and the whole time until ``ended``.

        Each is a pair of wall-clock and CPU seconds.
        """
        self._timer.stop()
        return (self.wall, self.cpu), (ended[0] - self._began[0], ended[1] - self._began[1])


def measure_until_done(
    action: Callable[[], Any], done: Callable[[], bool]
) -> tuple[WallAndCpuSeconds, WallAndCpuSeconds]:
    """Run an action and process events until ``done()`` is true; return longest pause and whole time."""
    for _ in range(10):
        QgsApplication.processEvents()
    pulse = EventLoopMonitor()
    QgsApplication.processEvents()
    action()
    while not done():
        QgsApplication.processEvents()
    ended = pulse._now()
    for _ in range(10):
        QgsApplication.processEvents()
    return pulse.stop(ended)


def write_parcels(folder: Path, norm: Norm, rows: int) -> Path:
    """Write a GeoPackage of adjacent parcels, squares of 100 × 100 m."""
    fields = "".join(
        f"&field={f.name}:{QGIS_FIELD_TYPES[f.type]}({f.length or 0},{f.decimals or 0})"
        for f in norm.standard.templates[ROLE].fields
    )
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:4526{fields}", ROLE, "memory")
    made = []
    for number in range(rows):
        row = QgsFeature(layer.fields())
        x, y = 38_470_000 + number % 250 * 100, 4_390_000 + number // 250 * 100
        row.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y, x + 100, y + 100)))
        row["BSM"], row[CODE_FIELD], row[NAME_FIELD] = f"140225{number + 1:012d}", *FORMER_CODE_AND_NAME
        made.append(row)
    layer.dataProvider().addFeatures(made)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", ROLE
    path = folder / "rows.gpkg"
    error, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(path), QgsProject.instance().transformContext(), options
    )
    if error != QgsVectorFileWriter.WriterError.NoError:
        raise OSError(message)
    return path


def read_code_and_name_pairs(layer: QgsVectorLayer) -> set[tuple[Any, Any]]:
    """Return the different pairs of code and name in the rows of a layer."""
    request = QgsFeatureRequest().setSubsetOfAttributes([CODE_FIELD, NAME_FIELD], layer.fields())
    return {(row[CODE_FIELD], row[NAME_FIELD]) for row in layer.getFeatures(request)}


def make_field_calculator(layer: QgsVectorLayer) -> QgsFieldCalculator:
    """Return the field calculator of QGIS, set to update an existing field."""
    dialog = QgsFieldCalculator(layer)
    dialog.findChild(QGroupBox, "mUpdateExistingGroupBox").setChecked(True)
    fields = dialog.findChild(QComboBox, "mExistingFieldComboBox")
    (place,) = (n for n in range(fields.count()) if fields.itemText(n).split(" ")[0] == CODE_FIELD)
    fields.setCurrentIndex(place)
    (builder,) = (w for w in dialog.findChildren(QWidget) if w.objectName() == "builder")
    sip.cast(builder, QgsExpressionBuilderWidget).setExpressionText(f"'{CHANGED_CODE_AND_NAME[0]}'")
    return dialog


def measure_one_run(path: Path, norm: Norm, with_plugin: bool) -> dict[str, WallAndCpuSeconds]:
    """Change all rows, undo and redo, with the plugin's form or without; return (wall, CPU) seconds of each step."""
    project, functions = QgsProject.instance(), ExpressionFunctions()
    layer = QgsVectorLayer(f"{path}|layername={ROLE}", ROLE, "ogr")
    if with_plugin:
        functions.register()
        apply_template_form(layer, norm.standard.templates[ROLE], norm)
    project.addMapLayer(layer)
    layer.startEditing()
    updater = functions._dependent_fields._of[layer.id()] if with_plugin else None
    dialog = make_field_calculator(layer)
    expected = (CHANGED_CODE_AND_NAME[0], CHANGED_CODE_AND_NAME[1] if with_plugin else FORMER_CODE_AND_NAME[1])

    def filled() -> bool:
        return updater is None or updater._running_fill is None

    found = {}
    found["gap"], found["whole"] = measure_until_done(dialog.accept, filled)
    assert_code_and_name(layer, expected)
    found["undo_gap"], found["undo"] = measure_until_done(layer.undoStack().undo, filled)
    assert_code_and_name(layer, FORMER_CODE_AND_NAME)
    _, found["redo"] = measure_until_done(layer.undoStack().redo, filled)
    assert_code_and_name(layer, expected)
    layer.rollBack()
    project.clear()
    if with_plugin:
        functions.unregister()
    return found


def assert_code_and_name(layer: QgsVectorLayer, expected: tuple[str, str]) -> None:
    """Raise ValueError unless all rows have the expected code and name."""
    if read_code_and_name_pairs(layer) != {expected}:
        raise ValueError(f"the rows have {read_code_and_name_pairs(layer)}, not {expected}")


def measure_bulk_edit(rows: int = ROWS, runs: int = RUNS) -> dict[bool, dict[str, list[WallAndCpuSeconds]]]:
    """Return (wall, CPU) seconds of each run by step, keyed by False (without the plugin) and True (with it)."""
    norm = Norm(load_standard(), load_profile("hunyuan"))
    found: dict[bool, dict[str, list[WallAndCpuSeconds]]] = {False: {}, True: {}}
    with TemporaryDirectory() as folder:
        path = write_parcels(Path(folder), norm, rows)
        for number in range(runs + 1):
            for plugin in (False, True):
                for what, spent in measure_one_run(path, norm, plugin).items():
                    # The first run loads code lists and libraries.
                    if number:
                        found[plugin].setdefault(what, []).append(spent)
    return found
