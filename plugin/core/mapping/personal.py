# SPDX-License-Identifier: GPL-2.0-or-later
"""Remove personal data (个人信息) from outputs.

The fields remain, as the standard requires, but are empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..standard.template import Template

if TYPE_CHECKING:
    import geopandas as gpd

    from . import MappingLoss


def drop_personal_fields(frame: gpd.GeoDataFrame, template: Template) -> gpd.GeoDataFrame:
    """Return a copy of a layer with all personal fields of its template empty.

    Names of fields are compared ignoring case.
    """
    names = {f.name.upper() for f in template.personal_fields}
    made = frame.copy()
    for column in made.columns:
        if str(column).upper() in names:
            made[column] = None
    return made


def mask_personal_losses(losses: Iterable[MappingLoss], template: Template) -> list[MappingLoss]:
    """Return the losses with the values of personal fields removed."""
    names = {f.name for f in template.personal_fields}
    return [replace(loss, value="") if loss.target_field in names else loss for loss in losses]
