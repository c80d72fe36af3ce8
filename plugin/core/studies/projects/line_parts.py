# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of the rows of a control line, and the keys of the admission table that apply to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, trim_code_padding
from ...figures.heritage_sites import KIND_CODE_LIST_ID, classify_heritage_parts, find_core_rows
from ...plan.layer import Layer
from ...standard.profile import Norm
from .review_sentences import CONTROL, CORE, INSIDE, OTHER_USE, OUTSIDE, PARTLY, SAME_USE
from .review_settings import PARTS_BOUNDARY, PARTS_HERITAGE, PARTS_RESERVES, PARTS_USE, PARTS_WORDS, LineSpec


@dataclass(frozen=True)
class RowParts:
    """The part of each row of a layer.

    ``part_of_row``, ``kind_of_row`` (n,): part and code of its kind, empty if unknown; ``names`` (n,): names of sites.
    """

    line_id: str
    part_of_row: NDArray
    kind_of_row: NDArray
    names: NDArray
    parents: dict[str, tuple[str, ...]]
    is_by_use: bool = False

    @property
    def groups(self) -> NDArray:
        """Return (n,) group of each row: a part and kind, judged with all its land."""
        pairs = [f"{part}:{kind}" for part, kind in zip(self.part_of_row, self.kind_of_row, strict=True)]
        return np.unique(np.array(pairs, dtype=object), return_inverse=True)[1]

    def list_places(self, row: int, uses: Sequence[str]) -> tuple[str, ...]:
        """Return the keys of the admission table for a row, the finest first.

        ``uses``: code of the project's use and those above it. Planned land use is the same if it is among them.
        """
        kind, part = str(self.kind_of_row[row]), str(self.part_of_row[row])
        if self.is_by_use:
            part = "" if not kind or not uses else SAME_USE if kind in uses else OTHER_USE
            kind = ""
        parts = (*self.parents.get(kind, (kind,) if kind else ()), *((part,) if part else ()))
        return (*(f"{self.line_id}:{one}" for one in parts), self.line_id)


def list_parts(spec: LineSpec, norm: Norm) -> tuple[str, ...]:
    """Return the parts of a line that a row of the admission table may name."""
    if spec.parts == PARTS_HERITAGE:
        kinds = norm.standard.code_lists.get(KIND_CODE_LIST_ID)
        return (CORE, CONTROL, *(kinds.entry_by_code if kinds else ()))
    known = {PARTS_BOUNDARY: (INSIDE, OUTSIDE, PARTLY), PARTS_RESERVES: (CORE,), PARTS_USE: (SAME_USE, OTHER_USE)}
    return known.get(spec.parts, tuple(spec.words))


def find_row_parts(spec: LineSpec, layer: Layer, ctx: RuleContext) -> RowParts:
    """Return the parts of the rows of a line's layer."""
    nothing = np.full(len(layer), "", dtype=object)
    names = np.array(layer.text("feature_name"), dtype=object) if layer.has_field("feature_name") else nothing
    if spec.parts == PARTS_HERITAGE:
        classified = classify_heritage_parts(layer, ctx)
        codes = ctx.norm.standard.code_lists.get(KIND_CODE_LIST_ID)
        kinds = np.array(read_codes(layer, "feature_kind"), dtype=object)
        parents = {kind: codes.list_code_and_parents(kind) for kind in set(kinds.tolist())} if codes else {}
        return RowParts(
            spec.id,
            np.array([part if part in (CORE, CONTROL) else "" for part in classified.part_of_row], dtype=object),
            np.array([kind if parents.get(kind) else "" for kind in kinds], dtype=object),
            names,
            parents,
        )
    if spec.parts == PARTS_USE:
        return RowParts(
            spec.id,
            nothing,
            np.array(read_codes(layer, "land_use"), dtype=object),
            np.array(layer.text("land_use_name"), dtype=object),
            {},
            True,
        )
    if spec.parts == PARTS_WORDS:
        parts = [
            next((part for part, words in spec.words.items() if any(word in f"{kind} {name}" for word in words)), "")
            for kind, name in zip(layer.text("feature_kind"), names, strict=True)
        ]
        return RowParts(spec.id, np.array(parts, dtype=object), nothing, names, {})
    if spec.parts == PARTS_RESERVES and layer.has_field("feature_name"):
        return RowParts(spec.id, np.where(find_core_rows(layer, ctx.norm), CORE, "").astype(object), nothing, names, {})
    return RowParts(spec.id, nothing, nothing, names, {})


def read_codes(layer: Layer, meaning: str) -> list[str]:
    """Return the code of each row in the field of a meaning, without padding."""
    field = layer.template.find_field(meaning)
    pad = field.code_pad if field is not None else 0
    return [trim_code_padding(code, pad) for code in layer.text(meaning)]
