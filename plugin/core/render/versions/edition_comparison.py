# SPDX-License-Identifier: GPL-2.0-or-later
"""An edition of a layer to compare, its attributes, and the result: changed pieces and the balance of areas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...base.files.cells import format_cell, format_column, strip_blanks
from ...geometry.edge_densification import hash_added_vertices, remove_added_vertices
from ...geometry.validity import mask_missing_shapes
from ...plan.layer import Layer
from ...standard.messages.numbers import format_number

if TYPE_CHECKING:
    # Pandas loads on use: QGIS lists the rules at every start.
    import pandas as pd


#: Columns that programs maintain themselves.
SOFTWARE_COLUMNS = frozenset(
    ("FID", "OBJECTID", "SHAPE_LENG", "SHAPE_LENGTH", "SHAPE_AREA", "SHAPE_LE_1", "OGC_FID", "OBJECTID_1")
)
#: Larger than the difference of a number written to and read from another format.
_RELATIVE_TOLERANCE = 1e-12
#: Kinds of changed pieces, as in 年度动态维护: 调入, 调出, 属性变更.
MOVED_IN_KIND, MOVED_OUT_KIND, CHANGED_KIND = "in", "out", "changed"
CHANGE_KINDS = (MOVED_IN_KIND, MOVED_OUT_KIND, CHANGED_KIND)
STATUTORY_BASIS, NET_BASIS = "statutory", "net"


@dataclass(frozen=True)
class ComparedField:
    """A field that both editions have, with its name in each edition.

    ``name``: its name for messages; ``is_area``: it holds the area of the feature. Such a field is compared on whole
    features only, because the area of a piece differs anyway.
    """

    name: str
    earlier_name: str
    later_name: str
    is_area: bool


@dataclass(frozen=True)
class ComparedFields:
    """Fields that both editions have, and names of fields that only one has."""

    compared: tuple[ComparedField, ...]
    fields_only_in_earlier: tuple[str, ...] = ()
    fields_only_in_later: tuple[str, ...] = ()


def match_fields_of_editions(before: Layer, after: Layer, only: Iterable[str] = ()) -> ComparedFields:
    """Return the fields that two editions have in common, matched by name, otherwise by meaning.

    Case is ignored and the key (BSM) is left out. ``only``: names of the fields to compare; empty for all.
    """
    left, right = _index_columns_by_name(before), _index_columns_by_name(after)
    later_name_by_earlier = {name: name for name in left if name in right}
    for template_field in before.template.fields:
        other = after.template.find_field(template_field.meaning) if template_field.meaning else None
        if (
            other is not None
            and template_field.name in left
            and template_field.name not in right
            and other.name in right
        ):
            later_name_by_earlier.setdefault(template_field.name, other.name)
    key = {t.find_field("key").name for t in (before.template, after.template) if t.find_field("key") is not None}  # type: ignore[union-attr]
    selected_names = {name.upper() for name in only}
    compared_fields = tuple(
        ComparedField(name, left[name], right[other], _is_measure(before, name) or _is_measure(after, other))
        for name, other in later_name_by_earlier.items()
        if name not in key and (not selected_names or name in selected_names)
    )
    paired_later_names = set(later_name_by_earlier.values())
    return ComparedFields(
        compared_fields,
        () if selected_names else tuple(n for n in left if n not in later_name_by_earlier and n not in key),
        () if selected_names else tuple(n for n in right if n not in paired_later_names and n not in key),
    )


def _index_columns_by_name(layer: Layer) -> dict[str, str]:
    """Return name in capitals → name of the column as the layer spells it."""
    columns = map(str, layer.frame.columns.drop(layer.frame.geometry.name))
    return {column.upper(): column for column in columns if column.upper() not in SOFTWARE_COLUMNS}


def _is_measure(layer: Layer, name: str) -> bool:
    """Return True if the template has the field as an area: a real number in m²."""
    template_field = layer.template.find_field_by_name(name)
    return template_field is not None and template_field.type == "real" and template_field.unit == "m2"


def find_differing_fields(
    fields: ComparedFields, before: Layer, after: Layer, rows: NDArray, later_rows: NDArray, equal_shape: NDArray
) -> list[tuple[ComparedField, NDArray]]:
    """Return (field, (k,) bool) for each field that differs: True for the pairs of rows that differ in it.

    Blank and missing values are equal, and so are a whole number and its text.

    Parameters
    ----------
    rows, later_rows : (k,) int arrays
        Rows of the earlier and of the later edition that are compared.
    equal_shape : (k,) bool array
        Pairs of equal shape; area fields are compared only for these.
    """
    differing_fields = []
    for one in fields.compared:
        is_equal = _compare_values(
            before.frame[one.earlier_name].iloc[rows], after.frame[one.later_name].iloc[later_rows]
        )
        is_differing = ~is_equal & equal_shape if one.is_area else ~is_equal
        if is_differing.any():
            differing_fields.append((one, is_differing))
    return differing_fields


def _compare_values(left: pd.Series, right: pd.Series) -> NDArray:
    """Return (k,) bool: values of two columns that are equal, whatever types the columns have."""
    import pandas as pd

    if left.dtype.kind in "iuf" and right.dtype.kind in "iuf":
        a, b = left.to_numpy(dtype=float), right.to_numpy(dtype=float)
        return np.isclose(a, b, rtol=_RELATIVE_TOLERANCE, atol=0.0, equal_nan=True)
    if left.dtype.kind == "M" and right.dtype.kind == "M":
        return (left.to_numpy() == right.to_numpy()) | (left.isna().to_numpy() & right.isna().to_numpy())
    if "M" in (left.dtype.kind, right.dtype.kind):
        # A date and a text of the same day are equal.
        dates = (pd.to_datetime(side, errors="coerce", format="mixed") for side in (left, right))
        texts = [one.dt.strftime("%Y-%m-%d").fillna("").to_numpy() for one in dates]
    else:
        texts = [np.array(format_column(strip_blanks(side)), dtype=object) for side in (left, right)]
    return texts[0] == texts[1]


def format_cell_values(layer: Layer, column: str, rows: NDArray) -> list[str]:
    """Return (k,) cells of a column as texts, for (k,) rows; a date is written as a day."""
    return [_format_value(value) for value in layer.frame[column].iloc[rows]]


def _format_value(value: object) -> str:
    """Return a value as text; a date is written as a day, a missing value is empty."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return "" if pd.isna(value) else value.strftime("%Y-%m-%d")
    if isinstance(value, float | np.floating) and not np.isnan(value):
        return f"{value:.10g}"
    return format_cell(value)


@dataclass(frozen=True)
class LayerEdition:
    """One edition of a layer: the layer and its (n,) valid polygons or ``None``.

    The polygons are in the plan's CRS in metres. They have only the stored vertices, without those added by
    reprojection: an edge with equal ends in both editions is one edge, whichever CRS each edition was stored in. Edges
    drawn anew from another zone differ by a few millimetres if they are long.
    """

    layer: Layer
    shapes: NDArray

    def __len__(self) -> int:
        return len(self.layer)

    @property
    def repaired_rows(self) -> list[str]:
        """Keys of rows with an invalid shape, which are compared by a repaired copy of it.

        A row without a unique key is named by its feature id (#17).
        """
        return self._list_row_names(
            np.flatnonzero(self.layer.invalid_rows & ~mask_missing_shapes(self.shapes)).tolist()
        )

    @property
    def rows_without_shape(self) -> list[str]:
        """Keys of rows without a shape to compare: it is empty, broken, or outside the valid area of the CRS."""
        return self._list_row_names(np.flatnonzero(mask_missing_shapes(self.shapes)).tolist())

    def _list_row_names(self, rows: Iterable[int]) -> list[str]:
        """Return the key of each row, or its feature id (#17) if the key is not unique."""
        layer = self.layer
        return [f"#{layer.fids[n]}" if n in layer.repeated_keys else layer.keys[n] for n in rows]


def make_edition(layer: Layer) -> LayerEdition:
    """Return a layer of a plan as an edition to compare, with its stored vertices only."""
    shapes = layer.plane_shapes
    return LayerEdition(
        layer,
        remove_added_vertices(shapes, hash_added_vertices(layer.added_vertices))
        if len(layer.added_vertices)
        else shapes,
    )


@dataclass
class ChangedPiece:
    """A piece of land that moved in, moved out or changed its attributes.

    ``kind``: in, out or changed; ``before_row``, ``after_row``: rows in the two editions, −1 where missing;
    ``geometry``: in the plan's CRS; ``area_m2``: statutory area, for a changed piece in the later edition;
    ``net_before_m2``, ``net_after_m2``: share of the rows' net areas (NaN where the layer has none); ``value_changes``:
    (field, old value, new value) as texts.
    """

    kind: str
    before_row: int
    after_row: int
    geometry: Any
    township: str
    area_m2: float
    net_before_m2: float
    net_after_m2: float
    value_changes: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def net_m2(self) -> float:
        """Net area (m²): in the earlier edition for moved-out land, else in the later."""
        return self.net_before_m2 if self.kind == MOVED_OUT_KIND else self.net_after_m2


@dataclass
class AreaBalance:
    """Terms (m²) of the area balance of two editions: before − moved_out + moved_in + revalued + doubled = after.

    ``moved_in``, ``moved_out`` include slivers; ``changed``: land with other attributes; ``revalued``: gain of unmoved
    land by a new net area or other vertices; ``reshaped``: that share of ``revalued`` that is in parcels that lost land
    or changed; ``doubled``: land claimed by several features of one edition.
    """

    before: float = 0.0
    moved_out: float = 0.0
    moved_in: float = 0.0
    changed: float = 0.0
    revalued: float = 0.0
    doubled: float = 0.0
    after: float = 0.0
    reshaped: float = 0.0

    @property
    def land_after(self) -> float:
        """Area (m²) of the land in the later edition.

        Land newly claimed twice, and rows without a shape, are left out.
        """
        return self.after - max(self.doubled, 0.0)

    @property
    def land_change(self) -> float:
        """Area (m²) by which the land grew; land counts once however many features have it."""
        return self.after - self.before - self.doubled


@dataclass(frozen=True)
class EditionShift:
    """A shift of the later edition against the earlier one, as a whole.

    ``east_m``, ``north_m``: the shift in the plane; ``earlier_rows``, ``later_rows``: (k,) rows that differ by it only;
    ``share``: their share of the rows of the larger edition; ``deviation_m``: largest distance of their vertices from
    the shifted place; ``max_shift_m``: longest shift that the comparison removes; ``is_removed``: the editions were
    compared without the shift.

    Statutory areas (m²) of these rows, 0 unless the shift is removed: ``rows_m2``, in the later edition; ``left_m2``,
    land that each row no longer covers; ``moved_out_m2``, of that the land outside all rows of the later edition;
    ``moved_in_m2``, land that the rows cover newly, outside all rows of the earlier edition.
    """

    east_m: float
    north_m: float
    earlier_rows: NDArray
    later_rows: NDArray
    share: float
    deviation_m: float
    max_shift_m: float
    is_removed: bool
    rows_m2: float = 0.0
    left_m2: float = 0.0
    moved_out_m2: float = 0.0
    moved_in_m2: float = 0.0

    @property
    def row_count(self) -> int:
        """Return the number of rows that differ by the shift only."""
        return len(self.earlier_rows)

    def make_texts(self) -> dict[str, Any]:
        """Return the parameters and the limit (m) as texts for messages; the number of rows stays a number."""
        return {
            "east": format_number(self.east_m, 3),
            "north": format_number(self.north_m, 3),
            "count": self.row_count,
            "share": format_number(100 * self.share, 2),
            "limit": format_number(self.max_shift_m, 2),
        }


@dataclass
class VersionComparison:
    """The result of comparing two editions of a layer.

    ``balance_by_basis``: basis → area balance (statutory, and net if both editions have it); ``balance_by_township``:
    basis → township name → area balance, ``""`` for land outside all townships; ``equal_count``: number of equal rows;
    ``renumbered_rows``: (row before, row after) of one shape with another key; ``reused_keys``: keys that name other
    land in the later edition; ``unmatched_counts``: number of rows without an equal row, in the earlier and the later
    edition; ``slivers`` and ``sliver_m2``: pieces below the tolerance, in the sums but not in ``changed_pieces``;
    ``failed_pairs``: pairs of rows whose overlay could not be computed.
    """

    earlier_edition: LayerEdition
    later_edition: LayerEdition
    compared_fields: ComparedFields
    changed_pieces: list[ChangedPiece] = field(default_factory=list)
    balance_by_basis: dict[str, AreaBalance] = field(default_factory=dict)
    balance_by_township: dict[str, dict[str, AreaBalance]] = field(default_factory=dict)
    equal_count: int = 0
    renumbered_rows: list[tuple[int, int]] = field(default_factory=list)
    reused_keys: list[str] = field(default_factory=list)
    unmatched_counts: tuple[int, int] = (0, 0)
    changed_row_count: int = 0
    slivers: list[Any] = field(default_factory=list)
    #: Kind, rows in the two editions (−1 for none) and statutory m² of each sliver.
    sliver_rows: list[tuple[str, int, int, float]] = field(default_factory=list)
    sliver_m2: float = 0.0
    #: Earlier rows that lost land or changed → gain of their remaining land (statutory m²).
    reshaped_m2_by_row: dict[int, float] = field(default_factory=dict)
    failed_pairs: list[tuple[int, int]] = field(default_factory=list)
    #: Rows whose net area is missing, of both editions.
    without_net: tuple[int, int] = (0, 0)
    #: Shift of the later edition as a whole; ``None`` if it is missing or was not searched for.
    shift: EditionShift | None = None

    @property
    def shifted_row_count(self) -> int:
        """Number of rows that differ by a removed shift only; they count neither as equal nor as unmatched."""
        return self.shift.row_count if self.shift is not None and self.shift.is_removed else 0

    @property
    def is_identical(self) -> bool:
        """True if every row has an equal row in the other edition.

        Shape (to the cluster tolerance), key and common fields are then equal.
        """
        return not (self.shifted_row_count or self.has_other_changes)

    @property
    def has_other_changes(self) -> bool:
        """True if rows differ by more than the removed shift."""
        return bool(any(self.unmatched_counts) or self.changed_row_count or self.renumbered_rows or self.failed_pairs)

    def list_pieces_of_kind(self, kind: str) -> list[ChangedPiece]:
        """Return the changed pieces of a kind: in, out or changed."""
        return [piece for piece in self.changed_pieces if piece.kind == kind]

    def sum_area_m2(self, kind: str) -> float:
        """Return the statutory area (m²) of the land of a kind (in, out or changed), slivers included."""
        balance = self.balance_by_basis[STATUTORY_BASIS]
        return {MOVED_IN_KIND: balance.moved_in, MOVED_OUT_KIND: balance.moved_out, CHANGED_KIND: balance.changed}[kind]
