# SPDX-License-Identifier: GPL-2.0-or-later
"""Land-use classes of parcels by the list of 2023, and areas by class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, trim_code_padding
from ...plan.layer import Layer
from ...standard.template import CodeList

#: The list of classes used in all results, and the column with the class of that list in other code lists.
CLASS_CODE_LIST_ID = "land_use_2023"
CODE_2023_COLUMN = "code_2023"
#: Meaning of the area field by basis.
AREA_FIELD_MEANINGS = {"net": "net_area", "survey": "gross_area"}


@dataclass(frozen=True)
class RowAreas:
    """The areas of a layer's rows on up to three bases; (n,) m².

    ``survey_m2``: 图斑面积 TBMJ; ``net_m2``: 图斑地类面积 TBDLMJ, without ridges of fields (田坎); both are None where
    the layer has no such field, NaN in rows without a value. The statutory areas are those of the layer.
    """

    layer: Layer
    survey_m2: NDArray | None
    net_m2: NDArray | None

    @property
    def best_basis_and_areas(self) -> tuple[str, NDArray]:
        """Name and areas of the basis for land use: net, else survey, else statutory."""
        for basis, values in (("net", self.net_m2), ("survey", self.survey_m2)):
            if values is not None:
                return basis, values
        return "statutory", self.layer.statutory


def get_row_areas(layer: Layer) -> RowAreas:
    """Return the areas of a layer's rows by geometry and by its area fields.

    A field without any value counts as missing.
    """
    survey, net = (layer.numbers(AREA_FIELD_MEANINGS[basis]) for basis in ("survey", "net"))
    return RowAreas(layer, None if np.isnan(survey).all() else survey, None if np.isnan(net).all() else net)


@dataclass(frozen=True)
class ClassedRows:
    """Rows of a layer by land-use class of 2023.

    ``class_names``: the classes, empty for an unknown code; ``class_index`` (n,): position of each row's class among
    them.
    """

    class_names: list[str]
    class_index: NDArray


def classify_rows(layer: Layer, ctx: RuleContext) -> ClassedRows:
    """Return the land-use class of 2023 of each row.

    A class of the survey counts as the first 2023 class that its list names (0204 其他园地 as 0205).
    """
    cache = ctx.plan.get_cache("land_classes", of_given_layers=True)
    if layer.role in cache:
        return cache[layer.role]
    template_field = layer.template.find_field("land_use")
    if template_field is None or not template_field.codes:
        return cache.setdefault(layer.role, ClassedRows([""], np.zeros(len(layer), dtype=int)))
    written_codes = layer.text("land_use")
    to_2023 = _map_codes_to_2023_list(ctx.get_code_list(template_field.codes), ctx.get_code_list(CLASS_CODE_LIST_ID))
    class_of = {
        code: to_2023.get(trim_code_padding(code, template_field.code_pad), "") for code in dict.fromkeys(written_codes)
    }
    class_names = sorted({*class_of.values(), ""})
    place = {name: n for n, name in enumerate(class_names)}
    at = {code: place[name] for code, name in class_of.items()}
    return cache.setdefault(
        layer.role, ClassedRows(class_names, np.array([at[code] for code in written_codes], dtype=int))
    )


def _map_codes_to_2023_list(codes: CodeList, target: CodeList) -> dict[str, str]:
    """Return code of a list → code of the 2023 list.

    A code maps to itself, to the class that its list names, or to the first level of its children.
    """
    if codes.id == target.id:
        return {code: code for code in codes.entry_by_code}
    code_2023_by_code = {}
    for code, row in codes.entry_by_code.items():
        listed_codes = [c for c in row.other_columns.get(CODE_2023_COLUMN, "").split("|") if c in target.entry_by_code]
        if listed_codes:
            code_2023_by_code[code] = listed_codes[0]
    for code in codes.entry_by_code:
        first_level_classes = {
            find_first_level_class(code_2023_by_code[c], target)
            for c in codes.collect_members([code])
            if c in code_2023_by_code
        }
        if code not in code_2023_by_code and len(first_level_classes) == 1:
            # For a class without a second level, all classes below it must map to one class.
            code_2023_by_code[code] = first_level_classes.pop()
    return code_2023_by_code


def find_first_level_class(code: str, codes: CodeList) -> str:
    """Return the first-level class above a code of the list."""
    return codes.list_code_and_parents(code)[-1]


def find_rows_of_classes(layer: Layer, classes: Iterable[str], ctx: RuleContext) -> NDArray:
    """Return (n,) bool: rows of these 2023 classes or of classes below them."""
    members = ctx.get_code_list(CLASS_CODE_LIST_ID).collect_members(list(classes))
    classed = classify_rows(layer, ctx)
    return np.array([name in members for name in classed.class_names], dtype=bool)[classed.class_index]
