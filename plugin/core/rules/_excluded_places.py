# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of facilities and planned uses inside protected land and other places that exclude them.

Also the core zones of nature reserves, for other rules on them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.placeholders import join_first
from ..engine.context import RuleContext
from ..figures.heritage_sites import CORE_PART, classify_heritage_parts, find_core_rows, find_unknown_part_words
from ..geometry.overlay_pieces import ArrayColumns
from ..model.findings import Finding
from ..model.rule import RuleResult, Severity
from ..plan.layer import Layer
from ._attributes import (
    explain_missing_fields,
    find_value_of_most_land,
    format_code_with_name,
    make_row_list_params,
    read_setting_words,
)
from ._places import find_usable_layer_or_note_reason

#: Settings that a rule uses to recognise core zones.
CORE_SETTINGS = ("reserves.core_words", "reserves.part_words", "reserves.core_hints")
#: Names of core zones that a message lists.
_MAX_NAMED_SITES = 3
PLACES_SETTING = "protected.excluded_places"
HEIGHTS_SETTING = "protected.height_limits"
#: In the setting: features of every name; the core zones of heritage or of reserves.
_EVERY_NAME, _CORE = "*", "core"
#: Rows of a line that a message lists.
_MAX_LISTED_SITES = 3
#: A height in metres in a name.
_HEIGHT_PATTERN = re.compile(r"(?<!海拔)(?<![\d.])(\d+(?:\.\d+)?)\s*(?:米|[mM](?![2²A-Za-z]))")


@dataclass
class FacilityParts(ArrayColumns):
    """Parts of facilities in a line: (k,) row of the facility, row of the line, shape of the part."""

    row: NDArray
    line_row: NDArray
    shape: NDArray

    def subtract(self, other: FacilityParts) -> FacilityParts:
        """Return the parts without the land of ``other`` parts of the same facilities; empty parts are left out."""
        shapes = subtract_parts_in_core(self.row, self.shape, other.row, other.shape)
        return FacilityParts(self.row, self.line_row, shapes).select(~shapely.is_empty(shapes))


#: Parts that are already reported, by the codes of the facilities' layer and of the line's layer.
ReportedParts = dict[tuple[str, str], list[FacilityParts]]


def find_facility_parts(
    facilities: Layer, line: Layer, ctx: RuleContext, rows: NDArray | None = None, line_rows: NDArray | None = None
) -> FacilityParts:
    """Return the parts of points, lines or polygons inside the polygons of a line.

    ``rows``, ``line_rows`` ((n,) bool) limit the rows of both layers.
    """
    if facilities.template.geometry == "polygon":
        pieces = ctx.geometry.find_shared_pieces(
            facilities, line, left_rows=rows, right_rows=line_rows, keep_slivers=True
        )
        return FacilityParts(pieces.left, pieces.right, pieces.geometry)
    inside = ctx.geometry.find_point_line_pieces_inside(facilities, line)
    found = FacilityParts(inside.point_or_line_row, inside.polygon_row, inside.piece_shape)
    is_compared = np.ones(len(found.row), dtype=bool)
    if rows is not None:
        is_compared &= rows[found.row]
    if line_rows is not None:
        is_compared &= line_rows[found.line_row]
    return found.select(is_compared)


def report_facility_parts(
    case: str,
    facilities: Layer,
    line: Layer,
    parts: FacilityParts,
    ctx: RuleContext,
    severity: Severity,
    names: Sequence[str] | None = None,
) -> Iterator[Finding]:
    """Return one finding for each name of facilities whose parts in a line are large enough.

    ``parts``: parts of the facilities inside polygons of ``line``; ``case``: key of the message; ``names``: (n,) name
    of each row of the facilities; their names (MC) if None.
    """
    part_names = np.array(names or facilities.text("feature_name"), dtype=object)[parts.row]
    # What decides the remedy.
    kind = "use" if facilities.template.find_field("land_use") is not None else facilities.template.geometry
    for name in dict.fromkeys(part_names.tolist()):
        of_name = parts.select(part_names == name)
        extent = _measure_parts(facilities, of_name, ctx)
        if extent is None:
            continue
        # Of parts of one size, the first by key: the order of rows does not decide.
        sizes = np.round(shapely.area(of_name.shape) + shapely.length(of_name.shape), 2)
        keys = [
            [layer.keys[row] for row in rows.tolist()]
            for layer, rows in ((line, of_name.line_row), (facilities, of_name.row))
        ]
        largest_part = int(np.lexsort((*keys, -sizes))[0])
        params: dict[str, Any] = {"name": name or "—", **extent}
        if case != "red_line" and case != "farmland":
            params["site"] = join_site_names(line, of_name.line_row) or "—"
        params["shown"] = {"sites": _list_sites(line, of_name.line_row), "kind": kind}
        finding = ctx.make_row_finding(
            facilities,
            int(of_name.row[largest_part]),
            case=case,
            severity=severity,
            params=params,
            geometry=ctx.geometry.unite_shapes(of_name.shape),
            related_role=line.role,
            related_keys=[line.keys[int(of_name.line_row[largest_part])]],
        )
        if extent["unit"] == "ha":
            finding.area_m2 = 1e4 * extent["value"]
        yield finding


def report_excluded_places(ctx: RuleContext, result: RuleResult, reported: ReportedParts) -> None:
    """Add findings on features in places that exclude them, by the setting `protected.excluded_places`.

    Land of an earlier place of the same line of the setting, and land in ``reported``, is not reported again.
    """
    for roles, wanted, *places in read_setting_words(ctx.norm, PLACES_SETTING, 3):
        for role in roles.split("|"):
            facilities = find_usable_layer_or_note_reason(role, ctx, result)
            if facilities is None:
                continue
            is_of_land_use = facilities.template.find_field("land_use") is not None
            if is_of_land_use and wanted != _EVERY_NAME:
                rows = ctx.find_rows_with_code(facilities, "land_use", wanted.split("|"))
            else:
                # The empty word is in every name.
                rows = _find_rows_with_words(facilities, [""] if wanted == _EVERY_NAME else wanted.split("|"))
            if wanted != _EVERY_NAME and not rows.any():
                # An unusable place matters only to facilities that it may exclude.
                continue
            earlier_parts: list[FacilityParts] = []
            for place in places:
                concept, _, condition = place.partition(":")
                line = find_usable_layer_or_note_reason(concept, ctx, result)
                if line is None or line.template.geometry != "polygon":
                    continue
                line_rows = _find_place_rows(line, condition, ctx, result)
                result.is_applicable = True
                if not rows.any() or not line_rows.any():
                    continue
                all_parts = find_facility_parts(facilities, line, ctx, rows, line_rows)
                parts = all_parts
                key = (facilities.role, line.role)
                for other in (*earlier_parts, *reported.get(key, [])):
                    parts = parts.subtract(other)
                if facilities.template.geometry == "polygon":
                    # Small parts of many parcels are inaccuracies of their edges and are left out of the sum.
                    parts = parts.select(shapely.area(parts.shape) >= float(ctx.norm.get("protected.min_present_m2")))
                names = None
                if is_of_land_use:
                    # The same name for each row: the class of land use with the largest parts.
                    uses = np.array(facilities.text("land_use"), dtype=object)
                    largest_use = find_value_of_most_land(uses[parts.row], shapely.area(parts.shape))
                    names = [format_code_with_name(facilities, "land_use", largest_use, ctx)] * len(facilities)
                result.findings += report_facility_parts("place", facilities, line, parts, ctx, Severity.INFO, names)
                earlier_parts.append(all_parts)
                reported.setdefault(key, []).append(all_parts)


def report_high_zones(ctx: RuleContext, result: RuleResult) -> None:
    """Add a finding for each zone whose name allows a greater height than a place on the same land.

    The setting `protected.height_limits` has the places with their limits in metres.
    """
    for role, place, limit in read_setting_words(ctx.norm, HEIGHTS_SETTING, 3, 3, number_at=2):
        concept, _, condition = place.partition(":")
        zones, line = (find_usable_layer_or_note_reason(name, ctx, result) for name in (role, concept))
        if zones is None or line is None or line.template.geometry != "polygon":
            continue
        line_rows = _find_place_rows(line, condition, ctx, result)
        names = zones.text("feature_name")
        heights = [_HEIGHT_PATTERN.findall(unicodedata.normalize("NFKC", name)) for name in names]
        highest = np.array([max(map(float, found), default=0.0) for found in heights])
        result.is_applicable = True
        is_high = highest > float(limit)
        if not is_high.any() or not line_rows.any():
            continue
        pieces = ctx.geometry.find_shared_pieces(
            zones, line, left_rows=is_high, right_rows=line_rows, keep_slivers=True
        )
        pieces = pieces.select(pieces.area >= float(ctx.norm.get("protected.min_present_m2")))
        for row in np.unique(pieces.left).tolist():
            of_row = pieces.left == row
            shape = ctx.geometry.unite_shapes(pieces.geometry[of_row])
            result.findings.append(
                ctx.make_row_finding(
                    zones,
                    row,
                    case="height",
                    severity=Severity.INFO,
                    params={
                        "name": names[row],
                        "limit": float(limit),
                        "site": join_site_names(line, pieces.right[of_row]) or "—",
                        "shown": {"sites": _list_sites(line, pieces.right[of_row])},
                    },
                    area_m2=float(ctx.geometry.measure_drawn_areas([shape]).sum()),
                    geometry=shape,
                    related_role=line.role,
                    related_keys=[line.keys[int(pieces.right[of_row][0])]],
                )
            )


def _find_place_rows(line: Layer, condition: str, ctx: RuleContext, result: RuleResult) -> NDArray:
    """Return (n,) bool: rows of ``line`` that a condition of the setting selects.

    The condition is all rows, core zones, or words in the name.
    """
    if not condition:
        return np.ones(len(line), dtype=bool)
    if condition != _CORE:
        return _find_rows_with_words(line, condition.split("|"))
    if line.role in ctx.plan.list_roles_of_concept("reserves"):
        return find_core_rows_or_note_reason(line, ctx, result)
    return classify_heritage_parts(line, ctx).find_rows_of_part(CORE_PART)


def _find_rows_with_words(layer: Layer, words: list[str]) -> NDArray:
    """Return (n,) bool: rows with one of the words in their name (MC)."""
    return np.array([any(word in name for word in words) for name in layer.text("feature_name")], dtype=bool)


def _list_sites(line: Layer, rows: NDArray) -> dict[str, Any]:
    """Return the number of a line's rows, and the first of them as (key, feature id, name).

    ``rows``: (k,) positions, also repeated ones. The feature id is None unless the key is repeated or missing.
    """
    line_rows, site_names = np.unique(rows).tolist(), line.text("feature_name")
    named_rows = make_row_list_params(line, line_rows, _MAX_LISTED_SITES)["shown"]["row_names"]
    return {
        "rows": [[*row, site_names[n]] for n, row in zip(line_rows, named_rows, strict=False)],
        "count": len(line_rows),
    }


def _measure_parts(facilities: Layer, parts: FacilityParts, ctx: RuleContext) -> dict[str, Any] | None:
    """Return the number, length or area of parts as message parameters ``value`` and ``unit``.

    None if length or area is below the limit of the settings.
    """
    if facilities.template.geometry == "point":
        return {"value": len(np.unique(parts.row)), "unit": "place"}
    if facilities.template.geometry == "line":
        length = float(shapely.length(shapely.union_all(parts.shape)))
        return {"value": length, "unit": "m"} if length >= float(ctx.norm.get("protected.min_facility_m")) else None
    area = float(ctx.geometry.measure_drawn_areas([ctx.geometry.unite_shapes(parts.shape)]).sum())
    return {"value": area / 1e4, "unit": "ha"} if area >= float(ctx.norm.get("protected.min_present_m2")) else None


def find_core_rows_or_note_reason(reserves: Layer, ctx: RuleContext, result: RuleResult) -> NDArray:
    """Return (n,) bool: rows of a reserve layer that are a 核心保护区, by their name.

    Add to ``result`` the reasons that make the result uncertain: unknown words at the end of names, which may mean a
    part of a reserve, and a missing field of names.
    """
    if not reserves.has_field("feature_name"):
        result.not_checked.append(explain_missing_fields(reserves, "feature_name"))
    unknown_words = [] if ctx.is_edit_check else find_unknown_part_words(reserves, ctx.norm)
    if unknown_words:
        may_be_core = any(hint in word for word in unknown_words for hint in ctx.norm.get("reserves.core_hints"))
        reasons = result.not_checked if may_be_core else result.notes
        reasons.append(("reserve_parts_unknown", {"layer": reserves.name, "words": ", ".join(unknown_words)}))
    return find_core_rows(reserves, ctx.norm)


def subtract_parts_in_core(rows: NDArray, shapes: NDArray, core_rows: NDArray, core_shapes: NDArray) -> NDArray:
    """Return (k,) parts of features in a line without the parts of the same features in core zones.

    ``rows`` (k,) and ``core_rows`` (c,): the feature of each part; ``shapes`` (k,) and ``core_shapes`` (c,): their
    polygons. A part that is completely in core zones becomes empty.
    """
    remainders = shapes.copy()
    core_by_row = {
        row: shapely.union_all(core_shapes[core_rows == row]) for row in np.intersect1d(rows, core_rows).tolist()
    }
    for n in np.flatnonzero(np.isin(rows, core_rows)).tolist():
        remainders[n] = shapely.difference(shapes[n], core_by_row[int(rows[n])])
    return remainders


def join_site_names(reserves: Layer, rows: NDArray) -> str:
    """Return the first names of some rows ((k,) positions) joined by 、, with dots if there are more."""
    feature_names = reserves.text("feature_name")
    distinct_names = list(dict.fromkeys(feature_names[row] for row in np.unique(rows).tolist()))
    return join_first(distinct_names, "、", limit=_MAX_NAMED_SITES)
