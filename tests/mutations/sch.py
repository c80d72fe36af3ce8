# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of structure (SCH)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import shapely

from tests.county.workshop import EDGE, FIELD, PARCEL
from tests.mutations.frame import Draft, plants

WOODS = "TRL"


@plants("SCH001")
def no_woods(draft: Draft) -> None:
    draft.lose(WOODS)


@plants("SCH002", silent=["ATT003"])
def cultivated_land_without_its_deduction(draft: Draft) -> None:
    draft.lose(FIELD, "KCMJ")


@plants("SCH003")
def woods_in_coordinates_without_zone_number(draft: Draft) -> None:
    frame = draft.layers[WOODS]
    shift = lambda xy: xy - [38_000_000, 0]  # noqa: E731
    draft.layers[WOODS] = frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), shift), crs=None)
    draft.crs[WOODS] = 4547


def _declare(draft: Draft, role: str, name: str, **values: Any) -> None:
    draft.schema[role] = [replace(one, **values) if one.name == name else one for one in draft.schema[role]]


@plants("SCH004")
def a_number_field_that_is_too_short(draft: Draft) -> None:
    _declare(draft, PARCEL, "BSM", length=16)


@plants("SCH005", follows=["GEO002"])
def a_line_among_polygons(draft: Draft) -> None:
    row = draft.first(WOODS)
    x, y = draft.shape(WOODS, row).centroid.coords[0]
    draft.layers[WOODS].at[row, "geometry"] = shapely.LineString([(x, y), (x + 500, y)])


@plants("SCH006")
def a_field_by_another_name(draft: Draft) -> None:
    _declare(draft, PARCEL, "DLBM", alias="地类")


@plants("SCH007")
def a_domain_that_lost_a_code(draft: Draft) -> None:
    codes = next(one.codes for one in draft.schema[PARCEL] if one.name == "DLBM")
    _declare(draft, PARCEL, "DLBM", codes={code: name for code, name in codes.items() if code != "0103"})


@plants("SCH008")
def a_field_that_no_rule_reads_is_gone(draft: Draft) -> None:
    draft.lose(PARCEL, "BZ")


@plants("SCH008")
def fields_in_another_order(draft: Draft) -> None:
    first, *others = draft.schema[EDGE]
    draft.schema[EDGE] = [*others, first]
