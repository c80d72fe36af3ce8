# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check went by. Equal to what a check would go by now: its verdict is of the data as they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject, QgsVectorLayer

from ...bridge.checking.file_stamps import SIDE_FILES, read_stamp
from ...bridge.layers import recognise
from ...bridge.layers.properties import file_of
from ...bridge.project import county

if TYPE_CHECKING:
    from ...core.check import Options


@dataclass(frozen=True)
class Basis:
    """``layers``: of each its id, source, filter, edits and the state of its file; ``files``: that of the other files.
    Two that are equal were taken of the same data; what cannot be told apart (a layer that is no file) is never equal."""

    options: Options
    layers: tuple[Any, ...]
    files: tuple[Any, ...]

    @classmethod
    def of(cls, project: QgsProject) -> Basis:
        """On the main thread; no feature is read."""
        options = county.options(project)
        files: dict[str, tuple[Any, ...]] = {}
        layers = tuple(_layer(layer, files) for layer in recognise.plan_layers(project))
        return cls(options, layers, tuple(read_stamp(str(getattr(options, name) or "")) for name in SIDE_FILES))


def _layer(layer: QgsVectorLayer, files: dict[str, tuple[Any, ...]]) -> tuple[Any, ...]:
    """``files``: states by path, for many layers lie in one file."""
    path = file_of(layer)
    if path not in files:
        # A layer in memory or on a server tells nobody that it changed.
        files[path] = read_stamp(path) if os.path.exists(path) else (object(),)
    return layer.id(), layer.name(), layer.source(), layer.subsetString(), layer.undoStack().index(), files[path]
