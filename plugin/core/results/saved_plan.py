# SPDX-License-Identifier: GPL-2.0-or-later
"""Rebuild the plan of a saved result: norm and layer names, but no features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
from pyproj import CRS

from ..plan.layer import Layer, SourceLayer
from ..plan.plan import Plan

if TYPE_CHECKING:
    from ..options import RunOptions
    from .saved_result import SavedResult


def restore_plan_with_empty_layers(saved_result: SavedResult, options: RunOptions, inputs: tuple[str, ...]) -> Plan:
    """Return a plan with empty layers for a saved check result.

    It suffices to display, export and accept findings, but not to measure areas. ``inputs``: data files of the layers,
    which no output may overwrite. Raise DataError or InputError if the profile or the standard cannot be read.
    """
    provenance = saved_result.report.provenance
    area_code = str(provenance["area_code"])
    norm = options.resolve_norm().keep_confirmations_valid_for_area(area_code)
    crs = CRS.from_user_input(saved_result.crs)
    plan = Plan(
        layers={},
        norm=norm,
        scope=str(provenance["scope"]),
        crs=crs,
        source=str(provenance["source"]),
        input_files=inputs,
        # The county code is normally the majority of the rows; a saved result has no rows.
        known_county_code=area_code if saved_result.is_area_known else "",
    )
    for layer_entry in provenance["layers"]:
        templates = norm.standard.list_templates_of_role(layer_entry["role"])
        same_template = [
            template for template in templates if f"{template.standard}/{template.role}" == layer_entry["template"]
        ]
        if templates:
            source = SourceLayer(layer_entry["name"], gpd.GeoDataFrame(geometry=[], crs=crs), (), crs)
            plan.layers[layer_entry["role"]] = Layer(source, (same_template or templates)[0], crs)
    return plan
