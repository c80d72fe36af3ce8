# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the polygons to export from files."""

from __future__ import annotations

from ...errors import InputError
from ...io import read_source
from ...plan.layer import SourceLayer


def read_polygon_layer(source: str, name: str) -> SourceLayer:
    """Return a layer of a source by its name; without a name the only one that the source has.

    Raise InputError if it is missing, or if a source of several layers is given without a name.
    """

    def is_wanted(layer: SourceLayer) -> bool:
        """Return True for the layer to read."""
        return not name or layer.name.upper() == name.upper()

    layers = read_source(source, select_layer=is_wanted)
    known = ", ".join(layer.name for layer in layers)
    wanted = [layer for layer in layers if is_wanted(layer)]
    if not wanted:
        raise InputError("boundary_layer_missing", source=source, layer=name, layers=known)
    if len(wanted) > 1:
        raise InputError("boundary_layer_choice", source=source, layers=known)
    return wanted[0]
