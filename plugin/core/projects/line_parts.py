# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of the rows of a control line, and the keys of the admission table that apply to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engine.context import RuleContext, trim_code_padding
from ..heritage.protection import KIND_CODE_LIST_ID, classify_heritage_parts, find_core_rows
from ..plan.layer import Layer
from ..profile import Norm
from .parts import CONTROL, CORE, INSIDE, OUTSIDE, PARTLY
from .settings import PARTS_BOUNDARY, PARTS_HERITAGE, PARTS_RESERVES, LineSpec


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

    @property
    def groups(self) -> NDArray:
        """Return (n,) groups of rows, one for each part and kind: each is judged with all its land."""
        pairs = [f"{part}:{kind}" for part, kind in zip(self.part_of_row, self.kind_of_row, strict=True)]
        groups: NDArray = np.unique(np.array(pairs, dtype=object), return_inverse=True)[1]
        return groups

    def list_places(self, row: int) -> tuple[str, ...]:
        """Return the keys of the admission table for a row, the finest first."""
        kind, part = str(self.kind_of_row[row]), str(self.part_of_row[row])
        parts = (*self.parents.get(kind, (kind,) if kind else ()), *((part,) if part else ()))
        return (*(f"{self.line_id}:{one}" for one in parts), self.line_id)


def list_parts(spec: LineSpec, norm: Norm) -> tuple[str, ...]:
    """Return the parts of a line that a row of the admission table may name."""
    if spec.parts == PARTS_HERITAGE:
        kinds = norm.standard.code_lists.get(KIND_CODE_LIST_ID)
        return (CORE, CONTROL, *(kinds.entry_by_code if kinds else ()))
    return {PARTS_BOUNDARY: (INSIDE, OUTSIDE, PARTLY), PARTS_RESERVES: (CORE,)}.get(spec.parts, ())


def find_row_parts(spec: LineSpec, layer: Layer, ctx: RuleContext) -> RowParts:
    """Return the parts of the rows of a line's layer."""
    nothing = np.full(len(layer), "", dtype=object)
    names = np.array(layer.text("feature_name"), dtype=object) if layer.has_field("feature_name") else nothing
    if spec.parts == PARTS_HERITAGE:
        classified = classify_heritage_parts(layer, ctx)
        field = layer.template.find_field("feature_kind")
        codes = ctx.norm.standard.code_lists.get(KIND_CODE_LIST_ID)
        pad = field.code_pad if field is not None else 0
        kinds = np.array([trim_code_padding(code, pad) for code in layer.text("feature_kind")], dtype=object)
        parents = {kind: codes.list_code_and_parents(kind) for kind in set(kinds.tolist())} if codes else {}
        return RowParts(
            spec.id,
            np.array([part if part in (CORE, CONTROL) else "" for part in classified.part_of_row], dtype=object),
            np.array([kind if parents.get(kind) else "" for kind in kinds], dtype=object),
            names,
            parents,
        )
    if spec.parts == PARTS_RESERVES and layer.has_field("feature_name"):
        is_core = find_core_rows(layer, ctx.norm)
        return RowParts(spec.id, np.where(is_core, CORE, "").astype(object), nothing, names, {})
    return RowParts(spec.id, nothing, nothing, names, {})
