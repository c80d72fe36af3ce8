# SPDX-License-Identifier: GPL-2.0-or-later
"""What tells of persons (个人信息) left out of what is given away: the fields stay, as the standard wants them, empty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..standard.template import Template

if TYPE_CHECKING:
    import geopandas as gpd

    from . import MappingLoss


def drop_personal_fields(frame: gpd.GeoDataFrame, template: Template) -> gpd.GeoDataFrame:
    """A copy of a layer with every personal field of its template empty, whatever the case of its name."""
    names = {f.name.upper() for f in template.personal}
    made = frame.copy()
    for column in made.columns:
        if str(column).upper() in names:
            made[column] = None
    return made


def mask_personal_losses(losses: Iterable[MappingLoss], template: Template) -> list[MappingLoss]:
    """What could not be carried, without the values of personal fields."""
    names = {f.name for f in template.personal}
    return [replace(loss, value="") if loss.target in names else loss for loss in losses]
