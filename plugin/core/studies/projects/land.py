# SPDX-License-Identifier: GPL-2.0-or-later
"""Occupied land by class and ownership, by township and main function; what must be made up for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...base.files.cells import format_column
from ...engine.context import RuleContext
from ...geometry.tolerance import Tolerance
from ...standard.messages.texts import Message, NameList
from ...standard.template import TemplateField
from .occupied import LayerOverlay
from .review_sentences import Area
from .review_settings import read_codes
from .reviewed_project import (
    SECTION,
    ClassItem,
    HeritageNotice,
    LineItem,
    Project,
    SupplementItem,
    TownshipItem,
)

OWNERSHIP_FIELD = "QSXZ"
_SANDIAO = "sandiao"
_MAX_NAMES = 3


class LandClasses:
    """Sums the land of projects by class and ownership of the parcels."""

    def __init__(self, overlay: LayerOverlay, ctx: RuleContext):
        self.overlay = overlay
        layer, lists = overlay.layer, ctx.norm.standard.code_lists

        def name_codes(field: TemplateField | None) -> dict[str, str]:
            codes = lists.get(field.codes) if field is not None else None
            return {code: entry.name for code, entry in codes.entry_by_code.items()} if codes else {}

        self._names = name_codes(layer.template.find_field("land_use"))
        # Code → 农用地, 建设用地 or 未利用地, for codes of the survey and of 用地用海分类.
        entries = lists[_SANDIAO].entry_by_code.values() if _SANDIAO in lists else ()
        self._major = {
            code: entry.other_columns.get("major_class", "")
            for planned in (True, False)
            for entry in entries
            for code in [entry.other_columns.get("code_2023", "") if planned else entry.code]
        }
        self._codes = read_codes(layer, "land_use")
        self._given_names = layer.text("land_use_name")
        values = layer.get_texts_by_name(OWNERSHIP_FIELD)
        names = name_codes(layer.template.find_field_by_name(OWNERSHIP_FIELD))
        words = {}
        for value in set(values):
            name = names.get(value, value)
            words[value] = next((word for word in ("国有", "集体") if name.startswith(word)), name)
        self._ownership = [words[value] for value in values]
        self._is_cultivated = ctx.find_cultivated_rows(layer)
        self._net = layer.numbers("net_area")

    def sum_project(self, number: int) -> tuple[ClassItem, ...]:
        """Return the classes of a project by code and ownership."""
        pieces = self.overlay.get_pieces(number)
        keys = [(self._codes[row], self._ownership[row]) for row in pieces.rows.tolist()]
        items = []
        for key in sorted(set(keys)):
            group = pieces.select(np.array([one == key for one in keys], dtype=bool))
            first = int(group.rows[0])
            code, ownership = key
            items.append(
                ClassItem(
                    code,
                    self._names.get(code) or self._given_names[first] or code,
                    self._major.get(code, ""),
                    ownership,
                    group.total_m2,
                    group.sum_by(self._net),
                    bool(self._is_cultivated[first]),
                )
            )
        return tuple(items)


def sum_townships(overlay: LayerOverlay, number: int) -> tuple[TownshipItem, ...]:
    """Return the land of a project by township, the largest first."""
    layer = overlay.layer
    return _sum_rows(
        overlay,
        number,
        layer.text("division_code"),
        [name or key for name, key in zip(layer.text("division_name"), layer.keys, strict=True)],
    )


def sum_functions(overlay: LayerOverlay, number: int) -> tuple[TownshipItem, ...]:
    """Return the land of a project by main function (主体功能), as the layer names it."""
    layer = overlay.layer
    kinds = layer.text("feature_kind")
    return _sum_rows(
        overlay,
        number,
        kinds,
        [kind or remark for kind, remark in zip(kinds, layer.get_texts_by_name("BZ"), strict=True)],
    )


def _sum_rows(overlay: LayerOverlay, number: int, codes: list[str], names: list[str]) -> tuple[TownshipItem, ...]:
    """Return the land of a project by code and name of the rows, the largest first."""
    pieces = overlay.get_pieces(number)
    sums: dict[tuple[str, str], float] = {}
    for row, area in zip(pieces.rows.tolist(), pieces.areas.tolist(), strict=True):
        key = codes[row], names[row]
        sums[key] = sums.get(key, 0.0) + area
    items = [TownshipItem(code, name, area) for (code, name), area in sums.items()]
    return tuple(sorted(items, key=lambda item: -item.area_m2))


def list_supplements(project: Project, lines: Iterable[LineItem]) -> tuple[SupplementItem, ...]:
    """Return the net areas to supplement: 永久基本农田 (补划), 耕地 (占补平衡)."""
    documents = {"farmland": project.approval, "cultivated": ""}
    return tuple(
        SupplementItem(
            line.id, line.net_m2, line.area_m2 or 0.0, line.rule, documents[line.id], project.supplement_plan
        )
        for line in lines
        if line.id in documents and line.is_occupied
    )


def make_heritage_notice(
    number: int,
    expected: LayerOverlay | None,
    ranges: Iterable[LayerOverlay],
    mark: str,
    tolerance: Tolerance,
) -> HeritageNotice | None:
    """Return the notice 先考古、后供地, whatever the mode of supply; None outside all ranges.

    ``expected``: the areas where relics may lie under ground, drawn by the province (文物保护法 art. 43 para. 1);
    ``ranges``: of the layers with ranges of heritage, for land outside these areas; ``mark``: of the source.
    """
    found = _find_heritage_land(number, [expected] if expected else [], tolerance)
    key = "archaeology" if found else "archaeology_range"
    found = found or _find_heritage_land(number, ranges, tolerance)
    if found is None:
        return None
    names, area = found
    params = {"area": Area(area), "names": NameList(names[:_MAX_NAMES])}
    return HeritageNotice(names, area, Message(SECTION, key if names else f"{key}_unnamed", params), mark)


def _find_heritage_land(
    number: int, overlays: Iterable[LayerOverlay], tolerance: Tolerance
) -> tuple[tuple[str, ...], float] | None:
    """Return names of sites and land (m²) of a project in layers; None without land."""
    names: list[str] = []
    area = 0.0
    for overlay in overlays:
        pieces = overlay.get_pieces(number)
        if pieces.is_sliver(tolerance):
            continue
        layer_names = format_column(overlay.layer.frame["MC"]) if "MC" in overlay.layer.frame else []
        names += [layer_names[row] for row in pieces.rows.tolist() if layer_names and layer_names[row]]
        # Ranges of different layers are of the same sites: the largest counts.
        area = max(area, pieces.total_m2)
    return (tuple(dict.fromkeys(names)), area) if area else None
