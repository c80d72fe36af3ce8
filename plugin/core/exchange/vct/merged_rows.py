# SPDX-License-Identifier: GPL-2.0-or-later
"""Notes on features of a VCT table that were merged from several rows, some of which are probably copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.statutory_area import compute_geodesic_area
from .batch import MergedFeature
from .settings import FileNote, load_settings
from .structure import NUMBER_TYPES, VctTable

#: Share by which sizes in the plane and on the ellipsoid may differ.
_SAME_SIZE = 0.01
#: Number of features that a note lists.
_MAX_LISTED_FEATURES = 5


class MergedRows:
    """The merged features of one table.

    `collect_features` collects them; `make_notes` lists them. A row that was copied by mistake looks like another part
    of the feature before it. Its area or length value shows the mistake: it is that of one part, not that of all parts.
    """

    def __init__(self, table: VctTable, is_geographic: bool):
        self.table, self.geographic = table, is_geographic
        settings = load_settings()
        names = settings.length_fields if table.shape_kind == "line" else settings.area_fields
        self._size_columns = [
            k for k, column in enumerate(table.columns) if column.name.upper() in names and column.type in NUMBER_TYPES
        ]
        self._features: list[str] = []
        #: Field → merged features with its size of one part.
        self._copies: dict[str, list[str]] = {}

    def collect_features(self, features: list[MergedFeature]) -> None:
        """Collect merged features, and find probable copies of rows among their parts."""
        for feature in features:
            self._features.append(f"{feature.line_number} ({feature.key})")
            self._compare_sizes(feature)

    def _compare_sizes(self, feature: MergedFeature) -> None:
        """Record a feature as a probable copy if its area or length value is that of one of its parts."""
        if not self._size_columns:
            return
        sizes = self._measure_parts(feature.parts)
        whole = float(sizes.sum())
        for column in self._size_columns:
            value = feature.values[column]
            if value is None or not value > 0 or abs(whole - value) <= _SAME_SIZE * value:
                continue
            if (np.abs(sizes - value) <= _SAME_SIZE * value).any():
                copies = self._copies.setdefault(self.table.columns[column].name, [])
                copies.append(f"{feature.line_number} ({feature.key}, {value:.2f})")

    def _measure_parts(self, parts: NDArray) -> NDArray:
        """Return (n,) areas (m²) or lengths (m) of parts; lengths in degrees are 0."""
        if self.table.shape_kind != "line":
            return compute_geodesic_area(parts) if self.geographic else shapely.area(parts)
        return np.zeros(len(parts)) if self.geographic else shapely.length(parts)

    def make_notes(self) -> list[FileNote]:
        """Return notes that list the merged features and the probable copies; none without any."""
        notes = [self._make_note("vct_note_joined", self._features)] if self._features else []
        copies = self._copies.items()
        return notes + [self._make_note("vct_note_copied_row", listed, field=field) for field, listed in copies]

    def _make_note(self, key: str, features: list[str], **params: Any) -> FileNote:
        """Return the note with text key ``key`` that lists features by line and key."""
        more = " …" if len(features) > _MAX_LISTED_FEATURES else ""
        listed = f"{', '.join(features[:_MAX_LISTED_FEATURES])}{more}"
        return key, {"layer": self.table.name, "count": len(features), "features": listed, **params}
