# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare two editions of a layer in one CRS in metres.

The result has the moved land with its areas, changed attributes, and sums by township.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...geometry import crs as crs_care
from ...geometry.overlay import ProgressCallback, make_partial_progress
from ...geometry.polygons import Polygons
from ...geometry.statutory_area import compute_drawn_area
from ...geometry.tolerance import Tolerance
from .edition_comparison import (
    CHANGED_KIND,
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    NET_BASIS,
    STATUTORY_BASIS,
    AreaBalance,
    ChangedPiece,
    ComparedField,
    EditionShift,
    LayerEdition,
    VersionComparison,
    find_differing_fields,
    format_cell_values,
    match_fields_of_editions,
)
from .edition_pairing import ShiftLimits, find_edition_shift, measure_shift, pair_equal_polygons, snap_vertices
from .pieces import LandPieces, cut_by_township, cut_pieces, find_polygons_covered_once, move_land_once

_BALANCE_TERMS = ("before", "moved_out", "moved_in", "changed", "revalued", "doubled", "after", "reshaped")


class PieceAreas:
    """Areas (m²) of the pieces into which a comparison cuts two editions.

    The area of a piece is its share of its row's area, so that pieces sum to rows. Each field maps a basis (statutory
    or net) to a value; arrays are (k,) by piece. ``old``, ``new``: areas in the earlier and the later edition.
    ``over``: for both editions, excess of a row's pieces over the row (land claimed twice), at the row's first piece.
    ``without_shape``: areas of rows without a piece (no shape, or an exact copy of a row that has the piece).
    """

    def __init__(
        self,
        comparison: VersionComparison,
        pieces: LandPieces,
        snapped: NDArray,
        cancellation: Cancellation = NEVER_CANCELLED,
    ):
        self.old: dict[str, NDArray] = {}
        self.new: dict[str, NDArray] = {}
        self.over: dict[str, tuple[NDArray, NDArray]] = {}
        self.without_shape: dict[str, tuple[float, float]] = {}
        # Only shares of the drawn areas (m²) are used. A piece that is the whole row in each edition that has it gets
        # the area 1 in place of a measured area, because its share is 1 for any area.
        whole_rows = pieces.is_whole_row.copy()
        for piece_rows in (pieces.before_row, pieces.after_row):
            has_row = piece_rows >= 0
            whole_rows[has_row] &= np.bincount(piece_rows[has_row], minlength=1)[piece_rows[has_row]] == 1
        direct = np.ones(len(pieces))
        cut_up = np.flatnonzero(~whole_rows)
        direct[cut_up] = compute_drawn_area(
            pieces.shape[cut_up],
            crs_care.make_lonlat_transformer(comparison.later_edition.layer.plane_crs),
            cancellation,
        )
        sides = []
        for edition, rows, shapes in (
            (comparison.earlier_edition, pieces.before_row, snapped),
            (comparison.later_edition, pieces.after_row, comparison.later_edition.shapes),
        ):
            # Measuring a layer is the slowest step.
            edition.layer.measure_statutory(cancellation)
            cancellation.raise_if_cancelled()
            # The share of each piece in its row. If the pieces of a row do not add up to it (land claimed twice), the
            # shares refer to the area of the row and may exceed 1 in total.
            with_row = rows >= 0
            total = np.bincount(rows[with_row], direct[with_row], minlength=len(edition))
            complete = find_polygons_covered_once(rows, shapes, pieces)
            base = np.where(complete, total, 1.0)
            incomplete_rows = np.unique(rows[with_row][~complete[rows[with_row]]])
            row_area = compute_drawn_area(
                shapes[incomplete_rows], crs_care.make_lonlat_transformer(edition.layer.plane_crs), cancellation
            )
            base[incomplete_rows] = np.where(row_area > 0, row_area, 1.0)
            share = np.zeros(len(rows))
            with np.errstate(invalid="ignore", divide="ignore"):
                share[with_row] = np.nan_to_num(direct[with_row] / base[rows[with_row]])
            sides.append((edition, rows, share))
        cancellation.raise_if_cancelled()
        for basis in (STATUTORY_BASIS, NET_BASIS):
            row_areas = [compute_row_areas(edition, basis) for edition, _, _ in sides]
            if any(w is None for w in row_areas):
                continue
            piece_values = [
                _divide_values_among_pieces(rows, share, w)
                for (_, rows, share), w in zip(sides, row_areas, strict=True)
                if w is not None
            ]
            (self.old[basis], over, without_pieces), (self.new[basis], over_after, without_pieces_after) = piece_values
            self.over[basis], self.without_shape[basis] = (over, over_after), (without_pieces, without_pieces_after)
            if basis == NET_BASIS:
                comparison.without_net = tuple(int(np.isnan(w).sum()) for w in row_areas if w is not None)  # type: ignore[assignment]


def _divide_values_among_pieces(rows: NDArray, share: NDArray, value_of_row: NDArray) -> tuple[NDArray, NDArray, float]:
    """Divide the values of rows among their pieces.

    ``rows``, ``share`` (k,): row of each piece (−1 for none), and its share of the row; ``value_of_row`` (n,). Returns
    (k,) values of pieces, (k,) excess over the row at its first piece, and the sum of rows without pieces.
    """
    value_of_row = np.nan_to_num(value_of_row)
    with_row = np.flatnonzero(rows >= 0)
    value = np.zeros(len(rows))
    value[with_row] = share[with_row] * value_of_row[rows[with_row]]
    total = np.bincount(rows[with_row], value[with_row], minlength=len(value_of_row))
    first = np.full(len(value_of_row), -1)
    first[rows[with_row][::-1]] = with_row[::-1]
    has_piece = first >= 0
    excess_of_piece = np.zeros(len(rows))
    excess_of_piece[first[has_piece]] = (total - value_of_row)[has_piece]
    return value, excess_of_piece, float(value_of_row[~has_piece].sum())


def compute_row_areas(edition: LayerEdition, basis: str) -> NDArray | None:
    """Return (n,) areas (m²) of an edition's rows on a basis: statutory or net.

    ``None`` for net areas that the layer does not have.
    """
    layer = edition.layer
    if basis == STATUTORY_BASIS:
        return layer.statutory
    return layer.numbers("net_area") if layer.has_field("net_area") else None


@dataclass
class AttributeChanges:
    """Pieces of land in both editions whose attributes differ.

    ``piece_positions``: (c,) positions of these pieces; ``fields``: (field, (c,) bool) of each changed field, True for
    the pieces in which it changed.
    """

    piece_positions: NDArray
    fields: list[tuple[ComparedField, NDArray]]


def find_attribute_changes(comparison: VersionComparison, pieces: LandPieces) -> AttributeChanges:
    """Return the pieces of land in both editions whose attributes differ, with the differing fields."""
    in_both = np.flatnonzero((pieces.before_row >= 0) & (pieces.after_row >= 0))
    differing_fields = find_differing_fields(
        comparison.compared_fields,
        comparison.earlier_edition.layer,
        comparison.later_edition.layer,
        pieces.before_row[in_both],
        pieces.after_row[in_both],
        pieces.is_whole_row[in_both],
    )
    differs = np.zeros(len(in_both), dtype=bool)
    for _, is_differing in differing_fields:
        differs |= is_differing
    return AttributeChanges(in_both[differs], [(f, is_differing[differs]) for f, is_differing in differing_fields])


def add_area_balances_to_comparison(
    comparison: VersionComparison, pieces: LandPieces, values: PieceAreas, changes: AttributeChanges, names: list[str]
) -> None:
    """Add the area balance, in total and by township, to a comparison, in place.

    ``names``: names of the townships.
    """
    for basis in values.old:
        by_township = _sum_balance_by_township(
            _compute_balance_terms(basis, pieces, values, changes),
            pieces.township_row,
            values.without_shape[basis],
            names,
        )
        total = AreaBalance(**{name: sum(getattr(b, name) for b in by_township.values()) for name in _BALANCE_TERMS})
        # The totals come from the rows, not from the pieces, so that the balance is a test of the pieces.
        sides = [
            compute_row_areas(edition, basis) for edition in (comparison.earlier_edition, comparison.later_edition)
        ]
        total.before, total.after = (float(np.nansum(w)) for w in sides if w is not None)
        if names and not (by_township[""].before or by_township[""].after):
            del by_township[""]
        comparison.balance_by_basis[basis], comparison.balance_by_township[basis] = total, by_township
    gained_m2 = _compute_balance_terms(STATUTORY_BASIS, pieces, values, changes)["reshaped"]
    rows = np.unique(pieces.before_row[gained_m2 != 0]).tolist()
    comparison.reshaped_m2_by_row = dict(
        zip(rows, np.bincount(pieces.before_row + 1, gained_m2)[1:][rows].tolist(), strict=True)
    )


def _compute_balance_terms(
    basis: str, pieces: LandPieces, values: PieceAreas, changes: AttributeChanges
) -> dict[str, NDArray]:
    """Return name of a term of the area balance → (k,) contribution of each piece to it, m²."""
    is_moved_out, is_moved_in = pieces.after_row < 0, pieces.before_row < 0
    is_changed = np.isin(np.arange(len(pieces)), changes.piece_positions)
    has_lost_land = np.zeros(pieces.before_row.max(initial=-1) + 2, dtype=bool)
    has_lost_land[pieces.before_row[is_moved_out | is_changed]] = True
    # Land of the later edition only has no earlier row (−1, the last).
    has_lost_land[-1] = False
    old, fresh, (over, over_after) = values.old[basis], values.new[basis], values.over[basis]
    return {
        "before": old - over,
        "moved_out": np.where(is_moved_out, old, 0.0),
        "moved_in": np.where(is_moved_in, fresh, 0.0),
        "changed": np.where(is_changed, fresh, 0.0),
        "revalued": np.where(~is_moved_out & ~is_moved_in, fresh - old, 0.0),
        "reshaped": np.where(~is_moved_out & ~is_moved_in & has_lost_land[pieces.before_row], fresh - old, 0.0),
        "doubled": over - over_after,
        "after": fresh - over_after,
    }


def _sum_balance_by_township(
    terms: Mapping[str, NDArray], township: NDArray, without_pieces: tuple[float, float], township_names: list[str]
) -> dict[str, AreaBalance]:
    """Return township name → its area balance; ``""`` is the land outside all townships.

    ``township``: (k,) township of each piece, −1 for none. Rows without a piece count outside all townships:
    ``without_pieces`` has their areas (m²) in the earlier and the later edition.
    """
    by_township = {
        "": AreaBalance(
            before=without_pieces[0], after=without_pieces[1], doubled=without_pieces[1] - without_pieces[0]
        )
    }
    for name, value in terms.items():
        for label, summed in zip(
            ["", *township_names], np.bincount(township + 1, value, len(township_names) + 1), strict=True
        ):
            balance = by_township.setdefault(label, AreaBalance())
            setattr(balance, name, getattr(balance, name) + float(summed))
    return by_township


@dataclass(frozen=True)
class TownshipPolygons:
    """Townships for sums of areas: (t,) ``polygons`` in the plan's CRS, and (t,) ``names``."""

    polygons: Polygons
    names: list[str]


NO_TOWNSHIPS = TownshipPolygons(Polygons(np.array([], dtype=object)), [])


def compare_layers(
    before: LayerEdition,
    after: LayerEdition,
    *,
    tolerance: Tolerance,
    townships: TownshipPolygons = NO_TOWNSHIPS,
    renumbered: Mapping[str, str] | None = None,
    fields: Iterable[str] = (),
    shift_limits: ShiftLimits | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> VersionComparison:
    """Return the comparison of two editions of a layer in one CRS in metres.

    The area of a piece is its share of its feature's area: drawn area of the piece ÷ that of all pieces × statutory or
    net area of the feature. So pieces sum to features, and features to the layer. Land of several features moves in or
    out once.

    Parameters
    ----------
    before, after : LayerEdition
        The two editions.
    tolerance : Tolerance
        Cluster tolerance and limits of slivers.
    townships : TownshipPolygons
        Townships by which areas are summed.
    renumbered : mapping, optional
        Old key → new key.
    fields : iterable of str
        Names of the compared fields; empty for all common fields. An area field counts on whole features only.
    shift_limits : ShiftLimits, optional
        When one edition counts as shifted as a whole; the comparison then removes the shift and states it. Without
        limits, no shift is searched for.
    cancellation : Cancellation
        Checked between steps.

    References
    ----------
    永农数据库标准, A8.
    """
    return compare_layers_by_piece(
        before,
        after,
        tolerance=tolerance,
        townships=townships,
        renumbered=renumbered,
        fields=fields,
        shift_limits=shift_limits,
        moves_once=True,
        cancellation=cancellation,
    )[0]


def compare_layers_by_piece(
    before: LayerEdition,
    after: LayerEdition,
    *,
    tolerance: Tolerance,
    townships: TownshipPolygons = NO_TOWNSHIPS,
    renumbered: Mapping[str, str] | None = None,
    fields: Iterable[str] = (),
    shift_limits: ShiftLimits | None = None,
    moves_once: bool = False,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[VersionComparison, LandPieces, PieceAreas]:
    """Return the comparison of `compare_layers` with all its pieces, changed or not, and their areas.

    ``moves_once``: land that moves in or out with several rows is a piece of the first of them only; otherwise each
    row has its complete land.
    """
    cut_up = _cut_editions(before, after, tolerance, renumbered or {}, shift_limits, cancellation)
    pieces = move_land_once(cut_up.land_pieces, cancellation) if moves_once else cut_up.land_pieces
    pieces = cut_by_township(pieces, _get_edition_polygons(after), townships.polygons, cancellation)
    comparison, values, changes = _compare_pieces(before, after, cut_up, pieces, fields, cancellation)
    add_area_balances_to_comparison(comparison, pieces, values, changes, townships.names)
    cancellation.raise_if_cancelled()
    add_changed_pieces_to_comparison(comparison, pieces, values, changes, townships.names, tolerance, cancellation)
    return comparison, pieces, values


def compare_layers_and_townships(
    before: LayerEdition,
    after: LayerEdition,
    *,
    tolerance: Tolerance,
    townships: TownshipPolygons,
    fields: Iterable[str] = (),
    shift_limits: ShiftLimits | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = lambda share: None,
) -> tuple[VersionComparison, LandPieces, dict[str, AreaBalance]]:
    """Return the comparison of two editions, its pieces, and the statutory balance of each township.

    The balance is a dict by township name; ``""`` is the land outside all townships. Unlike in `compare_layers`,
    borders of townships do not cut the pieces of the result. A shift of an edition as a whole is stated, not removed:
    the pieces must fit both editions.
    """
    cut_up = _cut_editions(
        before,
        after,
        tolerance,
        {},
        shift_limits,
        cancellation,
        make_partial_progress(progress, 0.0, 0.6),
        removes_shift=False,
    )
    comparison, values, changes = _compare_pieces(before, after, cut_up, cut_up.land_pieces, fields, cancellation)
    cancellation.raise_if_cancelled()
    add_area_balances_to_comparison(comparison, cut_up.land_pieces, values, changes, [])
    cancellation.raise_if_cancelled()
    add_changed_pieces_to_comparison(comparison, cut_up.land_pieces, values, changes, [], tolerance, cancellation)
    progress(0.7)
    if not townships.names:
        return comparison, cut_up.land_pieces, {}
    pieces = cut_by_township(cut_up.land_pieces, _get_edition_polygons(after), townships.polygons, cancellation)
    progress(0.9)
    cancellation.raise_if_cancelled()
    # The values of a whole piece are divided by the areas of its sections in each township. So the townships sum to the
    # layer, whatever vertices a border adds.
    whole_pieces = cut_up.land_pieces
    whole_piece_of_piece = np.arange(len(pieces)) if pieces.uncut_piece is None else pieces.uncut_piece
    share = np.ones(len(pieces))
    is_cut_piece = np.bincount(whole_piece_of_piece, minlength=len(whole_pieces))[whole_piece_of_piece] > 1
    share[is_cut_piece] = compute_drawn_area(
        pieces.shape[is_cut_piece],
        crs_care.make_lonlat_transformer(comparison.later_edition.layer.plane_crs),
        cancellation,
    )
    total = np.bincount(whole_piece_of_piece, share, minlength=len(whole_pieces))[whole_piece_of_piece]
    share = np.divide(share, total, out=np.zeros(len(share)), where=total > 0)
    terms = {
        name: value[whole_piece_of_piece] * share
        for name, value in _compute_balance_terms(STATUTORY_BASIS, whole_pieces, values, changes).items()
    }
    without_shape = values.without_shape[STATUTORY_BASIS]
    by_township = _sum_balance_by_township(terms, pieces.township_row, without_shape, townships.names)
    if not (by_township[""].before or by_township[""].after):
        del by_township[""]
    return comparison, cut_up.land_pieces, by_township


@dataclass(frozen=True)
class _CutEditions:
    """Two editions cut into pieces.

    ``earlier_keys``: the key of each earlier row, for a renumbered row its key in the later edition; ``equal_row``:
    (n,) row of the later edition with an equal shape, −1 for none; ``earlier_shapes``: (n,) shapes of the earlier
    edition as they were cut, moved onto the later edition if ``shift`` is removed; ``land_pieces``: the land of equal
    rows, and the common and separate land of all other rows; ``shift``: by which the whole later edition lies away from
    the earlier one, None without a shift.
    """

    earlier_keys: list[str]
    equal_row: NDArray
    earlier_shapes: NDArray
    land_pieces: LandPieces
    shift: EditionShift | None


def _cut_editions(
    earlier_edition: LayerEdition,
    later_edition: LayerEdition,
    tolerance: Tolerance,
    renumbered: Mapping[str, str],
    shift_limits: ShiftLimits | None,
    cancellation: Cancellation,
    progress: ProgressCallback = lambda share: None,
    *,
    removes_shift: bool = True,
) -> _CutEditions:
    """Cut two editions into pieces; ``removes_shift``: remove a shift of the later edition before that."""
    keys = [renumbered.get(key, key) for key in earlier_edition.layer.keys]
    pairing = pair_equal_polygons(
        earlier_edition.shapes, later_edition.shapes, keys, later_edition.layer.keys, tolerance.cluster_m, cancellation
    )
    equal_row = pairing.later_row_of_row
    shift, shapes = None, None
    if shift_limits is not None:
        cancellation.raise_if_cancelled()
        shift, shapes = find_edition_shift(pairing, shift_limits, removes=removes_shift, cancellation=cancellation) or (
            None,
            None,
        )
    if shift is not None and shapes is not None and shift.is_removed:
        equal_row = equal_row.copy()
        equal_row[shift.earlier_rows] = shift.later_rows
    else:
        shapes = pairing.earlier_shapes
        unpaired_rows, unpaired_later_rows = pairing.find_unpaired_rows()
        if len(unpaired_rows) and len(unpaired_later_rows):
            later_shapes = pairing.later_shapes[unpaired_later_rows]
            shapes = shapes.copy()
            shapes[unpaired_rows] = snap_vertices(
                shapes[unpaired_rows], later_shapes, tolerance.cluster_m, cancellation
            )
    progress(0.2)
    pieces = cut_pieces(
        shapes, later_edition.shapes, equal_row, cancellation, make_partial_progress(progress, 0.2, 1.0)
    )
    return _CutEditions(keys, equal_row, shapes, pieces, shift)


def _get_edition_polygons(edition: LayerEdition) -> Polygons:
    """Return the polygons of an edition; those that the layer has cached are reused."""
    return edition.layer.polygons if edition.shapes is edition.layer.plane_shapes else Polygons(edition.shapes)


def _compare_pieces(
    earlier_edition: LayerEdition,
    later_edition: LayerEdition,
    cut_up: _CutEditions,
    pieces: LandPieces,
    fields: Iterable[str],
    cancellation: Cancellation,
) -> tuple[VersionComparison, PieceAreas, AttributeChanges]:
    """Compare the pieces of two editions.

    Returns the comparison, to which callers add balances and changed pieces; the areas of the pieces; and the changed
    attributes.
    """
    comparison = VersionComparison(
        earlier_edition,
        later_edition,
        match_fields_of_editions(earlier_edition.layer, later_edition.layer, fields),
        failed_pairs=pieces.failed_pairs,
        shift=cut_up.shift,
    )
    # These are rows of equal shape with another key, keys that name other land in the later edition, and rows without
    # an equal row. keys: of the earlier edition after renumbering.
    keys = cut_up.earlier_keys
    equal_shapes = cut_up.equal_row
    other = comparison.later_edition.layer.keys
    rows_with_equal = np.flatnonzero(equal_shapes >= 0)
    comparison.equal_count = len(rows_with_equal) - comparison.shifted_row_count
    comparison.renumbered_rows = [
        (i, j)
        for i, j in zip(rows_with_equal.tolist(), equal_shapes[rows_with_equal].tolist(), strict=True)
        if keys[i] != other[j]
    ]
    comparison.unmatched_counts = len(keys) - len(rows_with_equal), len(other) - len(rows_with_equal)
    in_both = (pieces.before_row >= 0) & (pieces.after_row >= 0)
    pairs = zip(pieces.before_row[in_both].tolist(), pieces.after_row[in_both].tolist(), strict=True)
    overlapping_keys = {keys[i] for i, j in pairs if keys[i] == other[j]}
    unmatched_keys = {
        keys[i]
        for i in np.flatnonzero(equal_shapes < 0).tolist()
        if i not in comparison.earlier_edition.layer.repeated_keys
    }
    unmatched_later_rows = (
        set(range(len(other))) - set(equal_shapes.tolist()) - comparison.later_edition.layer.repeated_keys
    )
    comparison.reused_keys = sorted(
        (unmatched_keys & {other[j] for j in unmatched_later_rows}) - overlapping_keys - {""}
    )
    cancellation.raise_if_cancelled()
    values = PieceAreas(comparison, pieces, cut_up.earlier_shapes, cancellation)
    cancellation.raise_if_cancelled()
    if cut_up.shift is not None and cut_up.shift.is_removed:
        comparison.shift = measure_shift(
            cut_up.shift,
            _get_edition_polygons(earlier_edition),
            _get_edition_polygons(later_edition),
            (earlier_edition.layer.statutory, later_edition.layer.statutory),
            cancellation,
        )
    changes = find_attribute_changes(comparison, pieces)
    without_shape = np.flatnonzero((cut_up.equal_row >= 0) & shapely.is_missing(cut_up.earlier_shapes))
    changed_rows = np.unique(pieces.after_row[changes.piece_positions])
    later_rows = cut_up.equal_row[without_shape]
    layers = comparison.earlier_edition.layer, comparison.later_edition.layer
    differing_fields = find_differing_fields(
        comparison.compared_fields, *layers, without_shape, later_rows, np.ones(len(without_shape), dtype=bool)
    )
    comparison.changed_row_count = len(changed_rows) + (
        int(np.any([d for _, d in differing_fields], axis=0).sum()) if differing_fields else 0
    )
    return comparison, values, changes


def add_changed_pieces_to_comparison(
    comparison: VersionComparison,
    pieces: LandPieces,
    values: PieceAreas,
    changes: AttributeChanges,
    names: list[str],
    tolerance: Tolerance,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Add the changed pieces to a comparison by kind, and its slivers separately, in place.

    Slivers are pieces below the tolerance. ``names``: names of the townships.
    """
    area = shapely.area(pieces.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        sliver = tolerance.is_sliver(area, 2 * area / shapely.length(pieces.shape))
    kinds = {
        MOVED_OUT_KIND: np.flatnonzero(pieces.after_row < 0),
        MOVED_IN_KIND: np.flatnonzero(pieces.before_row < 0),
        CHANGED_KIND: changes.piece_positions,
    }
    value_changes: dict[int, list[tuple[str, str, str]]] = {n: [] for n in changes.piece_positions.tolist()}
    for field, is_differing in changes.fields:
        positions = changes.piece_positions[is_differing]
        cells = (
            format_cell_values(comparison.earlier_edition.layer, field.earlier_name, pieces.before_row[positions]),
            format_cell_values(comparison.later_edition.layer, field.later_name, pieces.after_row[positions]),
        )
        for position, earlier_text, later_text in zip(positions.tolist(), *cells, strict=True):
            value_changes[position].append((field.name, earlier_text, later_text))
    old, new = values.old[STATUTORY_BASIS], values.new[STATUTORY_BASIS]
    nothing = np.full(len(pieces), np.nan)
    net_old, net_new = values.old.get(NET_BASIS, nothing), values.new.get(NET_BASIS, nothing)
    for kind, rows in kinds.items():
        for n in rows.tolist():
            cancellation.raise_if_cancelled()
            worth = float(old[n] if kind == MOVED_OUT_KIND else new[n])
            if sliver[n]:
                comparison.slivers.append(pieces.shape[n])
                comparison.sliver_rows.append((kind, int(pieces.before_row[n]), int(pieces.after_row[n]), worth))
                comparison.sliver_m2 += worth
                continue
            township = int(pieces.township_row[n])
            comparison.changed_pieces.append(
                ChangedPiece(
                    kind,
                    int(pieces.before_row[n]),
                    int(pieces.after_row[n]),
                    pieces.shape[n],
                    names[township] if township >= 0 else "",
                    worth,
                    float(net_old[n]),
                    float(net_new[n]),
                    value_changes.get(n, []),
                )
            )
