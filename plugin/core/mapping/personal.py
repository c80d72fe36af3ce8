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
    personal_names = {f.name.upper() for f in template.personal_fields}
    cleared_frame = frame.copy()
    for column in cleared_frame.columns:
        if str(column).upper() in personal_names:
            cleared_frame[column] = None
    return cleared_frame


def mask_personal_losses(losses: Iterable[MappingLoss], template: Template) -> list[MappingLoss]:
    """Return the losses with the values of personal fields removed."""
    personal_names = {f.name for f in template.personal_fields}
    return [replace(loss, value="") if loss.target_field in personal_names else loss for loss in losses]
