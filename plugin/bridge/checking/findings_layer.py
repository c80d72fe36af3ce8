# SPDX-License-Identifier: GPL-2.0-or-later
"""The layer in memory that shows the findings of a check on the map.

It is created by the first check of a project and refilled after each further one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from qgis.core import QgsFeature, QgsLayerTreeGroup, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer

from ..layers import styles, tables
from ..layers.properties import convert_to_qgis_crs
from ..layers.role_recognition import FINDINGS_PROPERTY
from ..project.own_changes import keep_unchanged
from ..running.portions import WAITING, PortionedWork, Waiting
from ..texts import tr

#: Rows added at a time: a few hundredths of a second.
ROWS_PER_BATCH = 5000
_OBJECT_NAME = "SanxianFilling"


class _RowsRefused(Exception):
    """Error: the layer refused rows."""


def _add_rows_in_batches(layer: QgsVectorLayer, rows: list[QgsFeature]) -> Generator[Waiting, None, None]:
    """Add rows to a layer, each batch in a turn of the event loop. Raise _RowsRefused if the layer refuses one."""
    for start in range(0, len(rows), ROWS_PER_BATCH):
        if not add_to_provider(layer.dataProvider(), rows[start : start + ROWS_PER_BATCH]):
            raise _RowsRefused
        layer.updateExtents()
        layer.triggerRepaint()
        yield WAITING


def find_filling(layer: QgsVectorLayer) -> PortionedWork | None:
    """Return the work that fills or has filled a layer, or None."""
    filling = layer.findChild(QObject, _OBJECT_NAME)
    return filling if isinstance(filling, PortionedWork) else None


def _stop_filling(layer: QgsVectorLayer) -> None:
    filling = find_filling(layer)
    if filling is not None:
        filling.cancel()
        filling.setObjectName("")


def add_to_provider(provider: Any, rows: list[QgsFeature]) -> bool:
    """Add rows to a data provider; return True if it accepted them.

    Each row receives the feature id that the provider assigned.
    """
    if not rows:
        return True
    has_added_rows, copies = provider.addFeatures(rows)
    # The provider returns copies with ids.
    for row, copy in zip(rows, copies, strict=False):
        row.setId(copy.id())
    return bool(has_added_rows)


def make_finding_features(findings: list[Any]) -> list[QgsFeature]:
    """Return findings as features of the findings layer; may be called from any thread."""
    columns = tables.make_findings_fields()
    return [tables.make_finding_feature(f, columns) for f in findings]


def show_findings(
    project: QgsProject, rows: list[QgsFeature], crs: Any, on_row_rejected: Callable[[], None] = lambda: None
) -> QgsVectorLayer | None:
    """Show findings in the project's findings layer; create it on top if missing. Main thread.

    ``rows``: features of the findings layer; ``crs``: CRS of the plan (pyproj). Return the layer, or None if it
    rejected a row: the layer is then removed, because an incomplete list could be mistaken for a complete one. Rows
    after the first batch are added later; ``on_row_rejected`` is called if one of them is rejected. Each added row
    receives its feature id, which `replace_findings_in_layer` needs.
    """
    layer = find_findings_layer(project)
    if layer is None:
        layer = tables.make_findings_layer([], crs, tr("Findings (temporary layer)"))
        layer.setCustomProperty(FINDINGS_PROPERTY, 1)
        # The layer is created again by the next check: QGIS need not ask whether to save it.
        layer.setCustomProperty("skipMemoryLayersCheck", 1)
        layer.setReadOnly(True)
        styles.apply_role_style(layer, styles.FINDINGS_STYLE)
        words = {"ERROR": tr("Error"), "WARNING": tr("Warning"), "INFO": tr("Info"), "waived": tr("Waived")}
        renderer = layer.renderer().clone()
        for number, category in enumerate(renderer.categories()):
            renderer.updateCategoryLabel(number, words[category.value()])
        layer.setRenderer(renderer)
        project.addMapLayer(layer, False)
        group = next(iter(_find_findings_groups(project)), None)
        if group is None:
            group = project.layerTreeRoot().insertGroup(0, tr("Findings"))
            group.setCustomProperty(FINDINGS_PROPERTY, 1)
        group.insertLayer(0, layer)
    _stop_filling(layer)
    shown_layer_id = layer.id()

    def remove_incomplete_layer() -> None:
        # By then another, complete layer may have replaced it.
        current_layer = find_findings_layer(project)
        if current_layer is not None and current_layer.id() == shown_layer_id and find_filling(current_layer) is None:
            remove_findings_layer(project)
            on_row_rejected()

    def end_filling(_error: Exception) -> None:
        _stop_filling(layer)
        # The layer and its filling are going to be removed, which must not happen within the slot of a timer.
        QTimer.singleShot(0, remove_incomplete_layer)

    layer.setCrs(convert_to_qgis_crs(crs))
    filling = _add_rows_in_batches(layer, rows)
    try:
        if not layer.dataProvider().truncate():
            raise _RowsRefused
        next(filling, None)
    except _RowsRefused:
        remove_findings_layer(project)
        return None
    PortionedWork(filling, lambda _nothing: None, end_filling, layer).setObjectName(_OBJECT_NAME)
    return layer


def replace_findings_in_layer(layer: QgsVectorLayer, removed: list[QgsFeature], rows: list[QgsFeature]) -> bool:
    """Delete the rows ``removed`` from the findings layer and add ``rows``; return True if the layer accepted all.

    If False is returned, the layer is incomplete and should be removed.
    """
    filling = find_filling(layer)
    try:
        if filling is not None:
            filling.finish()
    except _RowsRefused:
        return False
    provider = layer.dataProvider()
    is_complete = provider.deleteFeatures([row.id() for row in removed]) if removed else True
    is_complete = is_complete and add_to_provider(provider, rows)
    layer.updateExtents()
    layer.triggerRepaint()
    return is_complete


def find_findings_layer(project: QgsProject) -> QgsVectorLayer | None:
    """Return the temporary findings layer of a project, or None.

    A findings layer that the user made permanent keeps the property but belongs to the user and must not be
    emptied.
    """
    return next((v for v in project.mapLayers().values() if is_temporary_findings_layer(v)), None)


def remove_findings_layer(project: QgsProject) -> None:
    """Remove the findings layer, and its layer tree group if the group is empty."""
    layer = find_findings_layer(project)
    if layer is not None:
        project.removeMapLayer(layer.id())
    remove_empty_findings_group(project)


def remove_findings_layer_after_reading(project: QgsProject) -> None:
    """Remove the findings layer of a project that QGIS is reading, when it has been read.

    While QGIS reads a project, its snapping settings keep a layer that is removed, and QGIS crashes when it writes
    them.
    """
    layer = find_findings_layer(project)
    if layer is None:
        return
    layer_id = layer.id()
    # New findings must not go into it.
    layer.removeCustomProperty(FINDINGS_PROPERTY)

    def remove() -> None:
        if project.mapLayer(layer_id) is not None:
            with keep_unchanged(project):
                project.removeMapLayer(layer_id)
                remove_empty_findings_group(project)

    QTimer.singleShot(0, remove)


def remove_empty_findings_group(project: QgsProject) -> None:
    """Remove the group of the findings layer if it has no layer left.

    The user may have removed the layer.
    """
    for group in _find_findings_groups(project):
        if not group.children():
            group.parent().removeChildNode(group)


def move_findings_group_to_top(project: QgsProject) -> None:
    """Move the group of the findings layer to the top of the layer tree.

    New layers then do not hide the findings.
    """
    root = project.layerTreeRoot()
    for group in _find_findings_groups(project):
        if group.parent() is root and root.children()[0] is not group:
            # Insert the copy first: QGIS removes layers without a node from the project.
            root.insertChildNode(0, group.clone())
            root.removeChildNode(group)


def move_findings_layer_to_top(project: QgsProject) -> None:
    """Move the findings layer above all others, with its group if it is there."""
    move_findings_group_to_top(project)
    root, layer = project.layerTreeRoot(), find_findings_layer(project)
    node = root.findLayer(layer.id()) if layer is not None else None
    if node is not None and root.layerOrder()[0].id() != layer.id():
        # The user moved the layer out of its group, or the group into another one.
        root.insertChildNode(0, node.clone())
        node.parent().removeChildNode(node)


def is_temporary_findings_layer(layer: QgsMapLayer) -> bool:
    """Return True if the plugin made the layer to display findings."""
    return (
        isinstance(layer, QgsVectorLayer)
        and layer.providerType() == "memory"
        and bool(layer.customProperty(FINDINGS_PROPERTY))
    )


def _find_findings_groups(project: QgsProject) -> list[QgsLayerTreeGroup]:
    return [g for g in project.layerTreeRoot().findGroups(True) if g.customProperty(FINDINGS_PROPERTY)]
