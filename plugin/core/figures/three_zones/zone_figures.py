# SPDX-License-Identifier: GPL-2.0-or-later
"""The three zones (三区) of a plan: as indicators and as rows of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.errors import InputError
from ...engine.context import trim_code_padding
from ...model.indicator import Indicator, convert_area
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard import load_standard
from ...standard.messages.texts import Texts
from ...standard.numbering import find_highest_number_by_county, has_county_code_format, make_bsm
from ...standard.profile import Norm
from ...standard.profile.space_map import (
    THREE_ZONES,
    UNMAPPED_ZONE_CODE,
    ZONE_CODE_BY_SPACE_FIGURE,
    ZONE_KINDS_BY_CODE,
    SpaceMap,
    load_space_map,
)
from ...standard.template import Template
from .derive import ThreeZones, derive_zones

if TYPE_CHECKING:
    import geopandas as gpd

#: The layer of the three zones: a layer of this plugin, outside the standards.
LAYER_CODE = "SQKJ"
#: The settings behind the figures, as a rule lists its settings.
SETTINGS_USED = (THREE_ZONES, "codes.planning_zones")


def derive_from_layer(zones: Layer, spaces: SpaceMap, cancellation: Cancellation = NEVER_CANCELLED) -> ThreeZones:
    """Derive the three zones from a layer of planning zones in its own CRS.

    Parts of rows whose coordinates contradict the CRS, and rows at sea, count as missing.
    """
    shapes, codes = zones.raw_shapes.copy(), list_zone_codes(zones)
    zones.drop_stray_parts(shapes)
    is_at_sea = np.isin(codes, list(spaces.sea_codes))
    shapes[is_at_sea] = None
    is_left_out = bool(zones.stray_rows) or bool(is_at_sea.any())
    is_as_checked = zones.known_crs == zones.plane_crs and not zones.invalid_rows.any() and not is_left_out
    return derive_zones(
        shapes,
        codes,
        zones.known_crs,
        spaces,
        polygons=zones.polygons if is_as_checked else None,
        cancellation=cancellation,
    )


@dataclass
class DerivedZones:
    """The three zones of a plan.

    ``three_zones``: the dissolved zones; ``indicators``: indicators for the report; ``frame``: rows of the layer SQKJ.
    """

    three_zones: ThreeZones
    indicators: list[Indicator]
    frame: gpd.GeoDataFrame


def derive_from_plan(
    plan: Plan,
    template: Template,
    texts: Texts,
    cancellation: Cancellation = NEVER_CANCELLED,
    used_numbers: Mapping[str, int] = MappingProxyType({}),
) -> DerivedZones:
    """Derive the three zones of a plan as rows of a layer ``template``.

    Rows are numbered above the keys of the plan and above ``used_numbers``: county → highest running number in layers
    outside the plan. Raises InputError when the plan has no measurable planning zones, or no field with the zone code.
    """
    zones = plan.find_layer_of_concept("zones")
    if zones is None:
        unusable_layer = plan.find_unusable_layer("zones")
        if unusable_layer is None:
            raise InputError(
                "no_recognised_layer", source=plan.source, layers=", ".join(plan.unrecognised_layers) or "-"
            )
        reason = texts.format_problem(*unusable_layer.problem_message)
        raise InputError("zones_unusable", layer=unusable_layer.name, reason=reason)
    if not zones.has_field("zone_code"):
        raise InputError("zones_no_code", layer=zones.name, field=zones.get_field_name("zone_code"))
    spaces = load_space_map(plan.norm)
    three_zones = derive_from_layer(zones, spaces, cancellation)
    county = plan.find_layer_of_concept("county")
    divisions = plan.norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]
    code = plan.area_code
    name = divisions.entry_by_code[code].name if code in divisions.entry_by_code else ""
    # The layer of the three zones is replaced.
    numbers = [
        find_highest_number_by_county(layer.keys).get(code, 0)
        for layer in plan.layers.values()
        if layer.role != LAYER_CODE and layer.has_field("key")
    ]
    return DerivedZones(
        three_zones,
        make_zone_indicators(three_zones, zones, county, plan.norm),
        make_zone_rows(
            three_zones,
            spaces,
            template,
            zones.crs,
            code,
            name,
            max([used_numbers.get(code, 0), *numbers]) + 1,
        ),
    )


def list_zone_codes(zones: Layer) -> list[str]:
    """Return each row's code as written in the code list of zones, empty if missing."""
    zone_code_field = zones.template.find_field("zone_code")
    return [trim_code_padding(v, zone_code_field.code_pad if zone_code_field else 0) for v in zones.text("zone_code")]


def make_zone_indicators(three_zones: ThreeZones, zones: Layer, county: Layer | None, norm: Norm) -> list[Indicator]:
    """Return the areas of the three zones and of unmapped planning zones as indicators in km².

    Each has its share of the county among its inputs. An indicator is confirmed when a person confirmed mapping and
    codes, the sums agree and every planning zone is mapped.
    """
    county_m2 = float(county.statutory.sum()) if county is not None else 0.0
    is_confirmed = (
        all(norm.is_confirmed(item) for item in SETTINGS_USED)
        and three_zones.do_areas_add_up
        and not three_zones.unmapped_zones
    )
    indicators = []
    for name, zone_code in ZONE_CODE_BY_SPACE_FIGURE.items():
        area = three_zones.get_zone_area_m2(zone_code)
        if zone_code not in ZONE_KINDS_BY_CODE and not area:
            continue
        inputs: dict[str, Any] = {"layer": zones.role, "features": three_zones.zone_counts.get(zone_code, 0)}
        if county_m2:
            # A percentage, for reading.
            inputs |= {"county_m2": county_m2, "county_share": 100 * area / county_m2}
        if zone_code == UNMAPPED_ZONE_CODE:
            inputs["zone_codes"] = sorted(code or "-" for code in three_zones.unmapped_zones)
        indicators.append(
            Indicator(name, convert_area(area, "km2"), "km2", "statutory", inputs=inputs, confirmed=is_confirmed)
        )
    return indicators


def make_zone_rows(
    three_zones: ThreeZones,
    spaces: SpaceMap,
    template: Template,
    crs: Any,
    county_code: str = "",
    county_name: str = "",
    first_number: int = 1,
) -> gpd.GeoDataFrame:
    """Return the rows of the layer SQKJ (三区), one row per polygon, by its template.

    Rows are numbered from ``first_number`` on, with names and rounded statutory areas.
    """
    import geopandas as gpd

    area = template.find_field("area")
    count = len(three_zones.polygons)
    values = {
        "key": [
            make_bsm(county_code, n) if has_county_code_format(county_code) else None
            for n in range(first_number, first_number + count)
        ],
        "division_code": [county_code or None] * count,
        "division_name": [county_name or None] * count,
        "space_code": three_zones.zone_of_polygon,
        "space_name": [spaces.name(s) for s in three_zones.zone_of_polygon],
        "area": np.round(
            three_zones.polygon_areas_m2, area.decimals if area and area.decimals is not None else 2
        ).tolist(),
    }
    columns = {f.name: values.get(f.meaning, [None] * count) for f in template.fields}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(three_zones.polygons, crs=crs), crs=crs)
