# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings as one temporary layer of the project: made once, filled again after each check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsFeature, QgsLayerTreeGroup, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer

from ..layers import sinks, styles
from ..layers.properties import to_qgis_crs
from ..layers.recognise import FINDINGS_PROPERTY
from ..texts import tr

#: Rows put in at a time: a few hundredths of a second.
BATCH = 5000
_NAME = "SanxianFilling"


class LayerFilling(QObject):
    """Goes on until all rows are in, the layer is gone, or it is stopped. ``lost`` is called when a row is not taken.

    ``provider`` gives the layer's own, asked anew for each lot.
    """

    def __init__(
        self,
        layer: QgsVectorLayer,
        rows: list[QgsFeature],
        lost: Callable[[], None],
        provider: Callable[[QgsVectorLayer], Any] = QgsVectorLayer.dataProvider,
    ):
        super().__init__(layer)
        self.setObjectName(_NAME)
        self._layer, self._rows, self._next, self._lost = layer, rows, 0, lost
        self._provider = provider
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._step)

    def start(self) -> bool:
        """The first rows at once, the others by and by. Were they taken?"""
        if not self._put():
            return False
        if self._next < len(self._rows):
            self._timer.start()
        return True

    def finish(self) -> bool:
        """All that is left, now. Were they taken? If not, whoever asks takes the layer away: ``lost`` is not called."""
        while self._timer.isActive():
            if not self._put():
                self.stop()
                return False
            self._end_when_done()
        return True

    def stop(self) -> None:
        self._timer.stop()
        self.setObjectName("")
        self.deleteLater()

    def _step(self) -> None:
        if not self._put():
            self.stop()
            # The layer is going to be taken away, and this with it: not from within its own timer.
            QTimer.singleShot(0, self._lost)
        else:
            self._end_when_done()

    def _end_when_done(self) -> None:
        if self._next >= len(self._rows):
            self._timer.stop()

    def _put(self) -> bool:
        done = added(self._provider(self._layer), self._rows[self._next : self._next + BATCH])
        self._next += BATCH
        self._layer.updateExtents()
        self._layer.triggerRepaint()
        return done


def of(layer: QgsVectorLayer) -> LayerFilling | None:
    """What fills a layer, or has filled it."""
    found = layer.findChild(QObject, _NAME)
    return found if isinstance(found, LayerFilling) else None


def added(provider: Any, rows: list[QgsFeature]) -> bool:
    """Put rows in; each has the layer's own id from then on. Were they taken?"""
    if not rows:
        return True
    done, copies = provider.addFeatures(rows)
    # What is given back are copies with their ids.
    for row, copy in zip(rows, copies, strict=False):
        row.setId(copy.id())
    return bool(done)


def make_features(findings: list[Any]) -> list[QgsFeature]:
    """The rows, in any thread."""
    columns = sinks.findings_fields()
    return [sinks.make_feature(f, columns) for f in findings]


def show_findings(
    project: QgsProject, rows: list[QgsFeature], crs: Any, lost: Callable[[], None] = lambda: None
) -> QgsVectorLayer | None:
    """Put the rows on the map, in the layer that is there already or in a new one on top. On the main thread.

    Each row has the layer's own id from then on, for `change_findings`. Of very many, those after the first come by and by.

    None when the layer did not take them: it is gone then, for half of the findings would pass for all; ``lost`` is called
    when that shows only later.
    """
    layer = find_findings_layer(project)
    if layer is None:
        layer = sinks.memory_layer([], crs, tr("Findings (temporary layer)"))
        layer.setCustomProperty(FINDINGS_PROPERTY, 1)
        # It comes back with the next check: QGIS need not ask whether to keep it.
        layer.setCustomProperty("skipMemoryLayersCheck", 1)
        layer.setReadOnly(True)
        styles.apply_style(layer, styles.FINDINGS)
        project.addMapLayer(layer, False)
        _group(project).insertLayer(0, layer)
    former = of(layer)
    if former is not None:
        former.stop()

    shown = layer.id()

    def gone() -> None:
        # By then another may have been put in its place, which is whole.
        now = find_findings_layer(project)
        if now is not None and now.id() == shown and of(now) is None:
            remove_findings_layer(project)
            lost()

    layer.setCrs(to_qgis_crs(crs))
    if not (_provider(layer).truncate() and LayerFilling(layer, rows, gone, _provider).start()):
        remove_findings_layer(project)
        return None
    return layer


def change_findings(layer: QgsVectorLayer, gone: list[QgsFeature], rows: list[QgsFeature]) -> bool:
    """Take rows off a layer that is on the map, and put others on. Did it take them all? If not, it is half filled."""
    coming = of(layer)
    if coming is not None and not coming.finish():
        return False
    provider = _provider(layer)
    done = provider.deleteFeatures([row.id() for row in gone]) if gone else True
    done = done and added(provider, rows)
    layer.updateExtents()
    layer.triggerRepaint()
    return done


def find_findings_layer(project: QgsProject) -> QgsVectorLayer | None:
    """Our temporary layer. One that was made permanent keeps the property but is the user's file: not ours to empty."""
    return next((v for v in project.mapLayers().values() if _is_ours(v)), None)


def remove_findings_layer(project: QgsProject) -> None:
    """Take the layer off, and its group when nothing else is in it."""
    layer = find_findings_layer(project)
    if layer is not None:
        project.removeMapLayer(layer.id())
    drop_empty_group(project)


def drop_empty_group(project: QgsProject) -> None:
    """The group we made goes with the last layer in it, also when the user took that away."""
    for group in _groups(project):
        if not group.children():
            group.parent().removeChildNode(group)


def keep_on_top(project: QgsProject) -> None:
    """Move the group of findings to the top of the layer tree, so that new layers do not hide them."""
    root = project.layerTreeRoot()
    for group in _groups(project):
        if group.parent() is root and root.children()[0] is not group:
            # Insert the copy first: QGIS removes layers without a node from the project.
            root.insertChildNode(0, group.clone())
            root.removeChildNode(group)


def _is_ours(layer: QgsMapLayer) -> bool:
    return (
        isinstance(layer, QgsVectorLayer)
        and layer.providerType() == "memory"
        and bool(layer.customProperty(FINDINGS_PROPERTY))
    )


def _provider(layer: QgsVectorLayer) -> Any:
    return layer.dataProvider()


def _groups(project: QgsProject) -> list[QgsLayerTreeGroup]:
    return [g for g in project.layerTreeRoot().findGroups(True) if g.customProperty(FINDINGS_PROPERTY)]


def _group(project: QgsProject) -> QgsLayerTreeGroup:
    for group in _groups(project):
        return group
    group = project.layerTreeRoot().insertGroup(0, tr("Findings"))
    group.setCustomProperty(FINDINGS_PROPERTY, 1)
    return group
