# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a transformation between two zones of CGCS2000 with its known value."""

from __future__ import annotations

import math

from ..messages.privacy import describe_exception
from ..messages.texts import Texts
from .libraries import describe_libraries, list_unusable_libraries
from .model import FactState, MachineFact
from .requirements import load_requirements


def make_projection_fact(texts: Texts) -> MachineFact:
    """Return the line of a transformation from zone 38 to zone 39, with its difference from the known value (m)."""
    name = texts.get("environment", "projection")
    unusable = list_unusable_libraries(("pyproj",))
    if unusable:
        reason = texts.get("environment", "needs", libraries=describe_libraries(unusable, texts))
        return MachineFact("projection", FactState.NOT_RUN, name, reason)
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    sample, remedy = load_requirements().projection, texts.get("environment", "projection_remedy")
    try:
        transformer = Transformer.from_crs(sample.source_crs, sample.target_crs, always_xy=True)
        found = transformer.transform(*sample.source_point, errcheck=True)
    except ProjError as error:
        return MachineFact("projection", FactState.MISSING, name, describe_exception(error), remedy)
    difference = math.dist(found, sample.target_point)
    text = texts.get("environment", "projection_difference", difference=f"{difference:.4f}")
    if difference <= sample.tolerance_m:
        return MachineFact("projection", FactState.OK, name, text)
    return MachineFact("projection", FactState.FAILED, name, text, remedy)
