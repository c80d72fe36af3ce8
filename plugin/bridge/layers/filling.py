# SPDX-License-Identifier: GPL-2.0-or-later
"""Many rows put into a temporary layer a few thousand at a time, so that the desktop goes on between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsFeature, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer

#: Rows put in at a time: a few hundredths of a second.
BATCH = 5000
_NAME = "SanxianFilling"


class Filling(QObject):
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


def of(layer: QgsVectorLayer) -> Filling | None:
    """What fills a layer, or has filled it."""
    found = layer.findChild(QObject, _NAME)
    return found if isinstance(found, Filling) else None


def added(provider: Any, rows: list[QgsFeature]) -> bool:
    """Put rows in; each has the layer's own id from then on. Were they taken?"""
    if not rows:
        return True
    done, copies = provider.addFeatures(rows)
    # What is given back are copies with their ids.
    for row, copy in zip(rows, copies, strict=False):
        row.setId(copy.id())
    return bool(done)
