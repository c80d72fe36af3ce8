# SPDX-License-Identifier: GPL-2.0-or-later
"""The distinct values of a source layer's columns, with their rows and areas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ...base.files.cells import format_cell
from ...plan.layer import SourceLayer

_M2_PER_HA = 10_000.0


@dataclass
class SourceColumns:
    """The distinct values of each column of a layer, counted on first use."""

    layer: SourceLayer
    _counted: dict[str, list[tuple[Any, str, int]]] = field(default_factory=dict, init=False)

    @property
    def row_count(self) -> int:
        """Return the number of rows of the layer."""
        return len(self.layer.frame)

    def count_values(self, name: str) -> list[tuple[Any, str, int]]:
        """Return (value, text, number of rows) of a column, the most frequent first.

        Missing values are left out.
        """
        if name not in self._counted:
            first: dict[str, Any] = {}
            counts: Counter[str] = Counter()
            for value in self.layer.frame[name].tolist():
                text = format_cell(value)
                if text:
                    first.setdefault(text, value)
                    counts[text] += 1
            self._counted[name] = [(first[text], text, count) for text, count in counts.most_common()]
        return self._counted[name]

    def sum_areas_ha(self, name: str) -> dict[str, float]:
        """Return text of each value of a column → area of its rows (ha) in the plane; empty for a layer in degrees."""
        frame = self.layer.frame
        if self.layer.crs is None or not self.layer.crs.is_projected:
            return {}
        return (frame.geometry.area.groupby(frame[name].map(format_cell)).sum() / _M2_PER_HA).to_dict()
