# SPDX-License-Identifier: GPL-2.0-or-later
"""Main functions (主体功能区) of townships, and areas of the three zones in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ..engine.context import RuleContext
from ..files.cells import format_column as cells
from ..geometry.validity import mask_missing_shapes
from ..heritage.protection import list_heritage_range_roles
from ..plan.layer import Layer
from ..profile.space_map import ZONE_KINDS_BY_CODE, load_space_map
from .figures import list_zone_codes

ENERGY_FUNCTION, HERITAGE_FUNCTION = "energy", "heritage"
#: Settings of the rules on main functions.
SETTINGS_USED = ("tolerance", "main_function", "three_zones", "codes.planning_zones", "rules.REL037")
#: Meanings of the fields in which words are searched; the remark (BZ) has no meaning.
_TEXT_FIELDS, _REMARK_FIELD = ("feature_kind", "feature_name"), "BZ"
#: Heritage sites without a separate protection range.
_HERITAGE_LAYERS = ("WWBHDWD", "BKYDWWD", "LSJZD", "LSHJYS", "XZLSWHYCFB")


@dataclass(frozen=True)
class MainFunction:
    """The main function (主体功能) that a row of a layer states for a township.

    ``zone_code``: 01 agricultural, 02 ecological, 03 urban, empty if unknown; ``function_word``: the word found for it;
    ``words_by_additional_function``: kind of an additional function (energy, heritage) → word found, empty if absent;
    ``township_name``: the township's name; ``searched_text``: the text that was searched.
    """

    zone_code: str
    function_word: str
    words_by_additional_function: dict[str, str]
    township_name: str
    searched_text: str


@dataclass(frozen=True)
class ThreeZoneAreasByRow:
    """Areas of the three zones in rows of a layer.

    ``areas_m2``: (n, 3) m² in the order of ``ZONE_KINDS_BY_CODE``; ``zone_names``: names of the zones by code.
    """

    areas_m2: NDArray
    zone_names: dict[str, str]

    def is_dominant(self, row: int, space: str, min_share: float) -> bool:
        """Return True if one of the three zones dominates a row of the layer.

        The zone ``space`` (01, 02 or 03) has the largest share of the row, or at least the share ``min_share``. In a
        row without any zone each of the three dominates.
        """
        zone_area, total = self.areas_m2[row, list(ZONE_KINDS_BY_CODE).index(space)], self.areas_m2[row].sum()
        return bool(total == 0 or zone_area == self.areas_m2[row].max() or zone_area / total >= min_share)

    def format_shares_in_percent(self, row: int) -> dict[str, float]:
        """Return zone name → share in a row, in percent with one decimal."""
        total = self.areas_m2[row].sum()
        return {
            name: round(100 * float(a) / total, 1)
            for name, a in zip(ZONE_KINDS_BY_CODE.values(), self.areas_m2[row], strict=True)
        }


def read_main_functions(layer: Layer, ctx: RuleContext) -> list[MainFunction]:
    """Return the main function that each row of a layer states.

    It is the first word of the setting ``[main_function]`` that the text contains.
    """
    spaces = [("03", "urban"), ("02", "ecological"), ("01", "agricultural")]
    code_and_word_pairs = [(code, word) for code, key in spaces for word in ctx.norm.get(f"main_function.{key}_words")]
    overlays = {
        kind: tuple(ctx.norm.get(f"main_function.{kind}_words")) for kind in (ENERGY_FUNCTION, HERITAGE_FUNCTION)
    }
    columns = [layer.text(field) for field in _TEXT_FIELDS]
    remark_column = layer.get_column_by_name(_REMARK_FIELD)
    columns += [cells(remark_column)] if remark_column is not None else []
    main_functions = []
    for name, *texts in zip(layer.text("division_name"), *columns, strict=True):
        text = " ".join(word for word in texts if word)
        zone_code, word = next(((c, w) for c, w in code_and_word_pairs if w in text), ("", ""))
        also = {kind: next((w for w in ws if w in text), "") for kind, ws in overlays.items()}
        main_functions.append(MainFunction(zone_code, word, also, name, text))
    return main_functions


def measure_three_zones_by_row(functions: Layer, zones: Layer, ctx: RuleContext) -> ThreeZoneAreasByRow:
    """Return the statutory areas of the three zones in each row of a layer.

    ``functions``: the layer with main functions; ``zones``: the planning zones.
    """
    spaces = load_space_map(ctx.norm)
    codes = np.array([spaces.get_three_zone_code(code) for code in list_zone_codes(zones)], dtype=object)
    shared = ctx.geometry.find_shared_areas(functions, zones)
    areas = shared.share * functions.statutory[shared.left]
    area_by_row_and_zone = np.zeros((len(functions), len(ZONE_KINDS_BY_CODE)))
    for column, code in enumerate(ZONE_KINDS_BY_CODE):
        is_in_zone = codes[shared.right] == code
        np.add.at(area_by_row_and_zone[:, column], shared.left[is_in_zone], areas[is_in_zone])
    return ThreeZoneAreasByRow(area_by_row_and_zone, {code: spaces.name(code) for code in ZONE_KINDS_BY_CODE})


def find_rows_with_additional_function(
    function_kind: str, functions: Layer, zones: Layer, ctx: RuleContext
) -> NDArray | None:
    """Return (n,) bool: rows that contain features of an additional function.

    ``function_kind``: energy or heritage. None where the plan has no layer for it.
    """
    if function_kind == ENERGY_FUNCTION:
        mining = ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("main_function.energy_zones"))
        shapes = [zones.plane_shapes[mining], *_collect_overlay_shapes(("mineral_line", "KCZYBHX"), ctx)]
    else:
        shapes = _collect_overlay_shapes(("heritage", *list_heritage_range_roles(ctx), *_HERITAGE_LAYERS), ctx)
    return None if not shapes else find_polygons_overlapping_any(functions.plane_shapes, np.concatenate(shapes))


def _collect_overlay_shapes(concepts: tuple[str, ...], ctx: RuleContext) -> list[NDArray]:
    """Return the shapes of each layer of these concepts that the plan has."""
    return [layer.plane_shapes for one in concepts if (layer := ctx.plan.find_layer_of_concept(one)) is not None]


def find_polygons_overlapping_any(polygons: NDArray, shapes: NDArray) -> NDArray:
    """Return (n,) bool: polygons that overlap a shape; touching does not count."""
    present_shapes, polygon_rows = shapes[~mask_missing_shapes(shapes)], np.flatnonzero(~mask_missing_shapes(polygons))
    i, j = shapely.STRtree(polygons[polygon_rows]).query(present_shapes, predicate="intersects")
    inside = shapely.relate_pattern(polygons[polygon_rows[j]], present_shapes[i], "T********")
    intersects = np.zeros(len(polygons), dtype=bool)
    intersects[polygon_rows[j[inside]]] = True
    return intersects
