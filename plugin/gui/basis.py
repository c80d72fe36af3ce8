# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check went by. Equal to what a check would go by now: its verdict is of the data as they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject, QgsVectorLayer

from ..bridge import county, recognise
from ..bridge.layers import file_of

if TYPE_CHECKING:
    from ..core.check import Options

#: What stands beside a GeoPackage while somebody writes to it.
_BESIDE = ("", "-wal")
#: Files that a check reads besides its layers, by their names in the options.
_READ = ("profile", "targets", "waivers", "baseline", "register")


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
        return cls(options, layers, tuple(_file(str(getattr(options, name) or "")) for name in _READ))


def _layer(layer: QgsVectorLayer, files: dict[str, tuple[Any, ...]]) -> tuple[Any, ...]:
    """``files``: states by path, for many layers lie in one file."""
    path = file_of(layer)
    if path not in files:
        # A layer in memory or on a server tells nobody that it changed.
        files[path] = _file(path) if os.path.exists(path) else (object(),)
    return layer.id(), layer.name(), layer.source(), layer.subsetString(), layer.undoStack().index(), files[path]


def _file(path: str) -> tuple[Any, ...]:
    """Time and size of a file, and of each file of a folder (a FileGDB); empty for one that is not there."""
    if not path:
        return ()
    found: list[Path] = [Path(path + more) for more in _BESIDE]
    if Path(path).is_dir():
        found += sorted(Path(path).iterdir())
    return tuple(_stamp(one) for one in found)


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, 0, 0
    # Opening a GeoPackage touches its log, not what is in it: an empty log is none.
    return (
        (path.name, 0, 0)
        if path.name.endswith("-wal") and not state.st_size
        else (path.name, state.st_mtime_ns, state.st_size)
    )
