# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done to a layer once QGIS has opened it, after the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingLayerPostProcessorInterface, QgsVectorLayer

Deed = Callable[[QgsVectorLayer, QgsProcessingContext], Any]


class _Dresser(QgsProcessingLayerPostProcessorInterface):
    def __init__(self, deed: Deed):
        super().__init__()
        self._deed = deed

    def postProcessLayer(self, layer, context, feedback):
        self._deed(layer, context)


#: By the layer's source: QGIS calls them when the algorithm is gone, and keeps no hold of them.
_DRESSERS: dict[str, _Dresser] = {}


def dresser(source: str, deed: Deed) -> QgsProcessingLayerPostProcessorInterface:
    """For the details of a layer that QGIS is to load from ``source``."""
    _DRESSERS[source] = _Dresser(deed)
    return _DRESSERS[source]


def dress_when_loaded(context: QgsProcessingContext, source: str, deed: Deed) -> None:
    """The same for a layer that QGIS loads by itself; nothing where it does not."""
    if context.willLoadLayerOnCompletion(source):
        context.layerToLoadOnCompletionDetails(source).setPostProcessor(dresser(source, deed))
