# SPDX-License-Identifier: GPL-2.0-or-later
"""What rules on farmland ask of land-use codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..engine.context import Context, trim
from ..plan.layer import Layer

#: What the survey's list says of such classes.
CONSTRUCTION = "建设用地"


def construction(ctx: Context, layer: Layer) -> NDArray:
    """(n,) bool: rows whose land use is construction land: by the major class that the code list gives, else (a list that
    gives none) by the setting ``farmland.construction_classes``."""
    declared = layer.template.field("land_use")
    if declared is None or not declared.codes:
        return np.zeros(len(layer), dtype=bool)
    codes = ctx.codes(declared.codes)
    built = {c.code for c in codes.codes.values() if c.extra.get("major_class") == CONSTRUCTION}
    if not any(c.extra.get("major_class") for c in codes.codes.values()):
        built = codes.members(ctx.norm.get("farmland.construction_classes"))
    return np.array([trim(value, declared.code_pad) in built for value in layer.text("land_use")], dtype=bool)
