# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated layers in the form in which the plugin reads a database.

Field lengths, aliases and coded domains are those of the templates.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
from pyproj import CRS

from plugin.core.plan.layer import FieldInfo, MistypedColumn, SourceLayer
from tests.county import templates
from tests.county.landscape import EPSG


def make_declared_fields(role: str) -> list[FieldInfo]:
    """Return the field definitions of a template.

    A class of yearly maintenance has those of its layer or of a change.
    """
    if role.startswith(("WHQ", "WHH")):
        return make_declared_fields(role[3:])
    if role.startswith("WHC"):
        return [_make_field_info(one) for one in templates.read_change_fields()]
    return [_make_field_info(one) for one in templates.read_fields(role).values()]


def _make_field_info(one: dict[str, Any]) -> FieldInfo:
    pad = one.get("code_pad", 0)
    known = templates.read_code_names(one["codes"]) if "codes" in one else {}
    codes = {code.ljust(pad, "0"): name for code, name in known.items()}
    length = one.get("length") if one["type"] == "text" else None
    return FieldInfo(one["name"], one["type"], length, one.get("alias", ""), codes)


def make_read_layers(
    layers: dict[str, gpd.GeoDataFrame],
    fields: dict[str, list[FieldInfo]] | None = None,
    crs: dict[str, int | CRS | None] | None = None,
    curves: dict[str, tuple[int, ...]] | None = None,
    shape_crs: dict[str, dict[str, int]] | None = None,
    described_crs: dict[str, str] | None = None,
    mistyped_columns: dict[str, dict[str, MistypedColumn]] | None = None,
) -> list[SourceLayer]:
    """Return generated layers as if they were read from files.

    ``fields``, ``crs`` (EPSG code, CRS or None), ``curves`` (rows with arcs), ``shape_crs`` (CRS declared by shapes),
    ``described_crs`` (CRS in the definition of the file) and ``mistyped_columns`` replace the values of the templates.
    """
    fields, crs, curves = fields or {}, crs or {}, curves or {}
    made = []
    for role, frame in layers.items():
        code = crs.get(role, EPSG)
        known = [one for one in fields.get(role) or make_declared_fields(role) if one.name in frame.columns]
        made.append(
            SourceLayer(
                role,
                frame.set_crs(code, allow_override=True) if code else frame,
                tuple(known),
                CRS.from_user_input(code) if code else None,
                curve_texts=dict.fromkeys(curves.get(role, ()), "CURVE"),
                shape_crs=(shape_crs or {}).get(role, {}),
                described_crs=(described_crs or {}).get(role, ""),
                mistyped_columns=(mistyped_columns or {}).get(role, {}),
            )
        )
    return made
