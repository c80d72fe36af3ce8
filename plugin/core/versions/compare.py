# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare two editions of a layer in one plane.

The result has moved land, its areas, changed attributes, and sums by township.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..geometry import crs as crs_care
from ..geometry.overlay import Progress, no_progress, sub_progress
from ..geometry.polygons import Polygons
from ..geometry.statutory_area import drawn_area
from ..geometry.tolerance import Tolerance
from .attributes import ComparedField, find_differing, match_fields, value_text
from .equal_shapes import EqualShapes, match_equal_shapes
from .model import CHANGED, IN, NET, OUT, STATUTORY, Balance, ChangedPart, Comparison, Edition
from .pieces import Pieces, cut_by_township, cut_pieces, is_complete


class PieceValues:
    """Areas of the pieces on each basis; (k,) m².

    The value of a piece is its share of the area of its row, so that pieces add up to rows. ``old``, ``new``: values
    in both editions; ``over``: excess of a row's pieces over the row (land claimed twice), at its first piece, for
    both editions; ``without_shape``: values of rows without any piece (no shape, or an exact copy of a row that has
    the piece).
    """

    def __init__(self, found: Comparison, pieces: Pieces, snapped: NDArray, cancellation: Cancellation = NEVER):
        self.old: dict[str, NDArray] = {}
        self.new: dict[str, NDArray] = {}
        self.over: dict[str, tuple[NDArray, NDArray]] = {}
        self.without_shape: dict[str, tuple[float, float]] = {}
        direct = _direct(found, pieces, cancellation)
        sides = []
        for edition, rows, shapes in (
            (found.before, pieces.before, snapped),
            (found.after, pieces.after, found.after.shapes),
        ):
            # Measuring a layer is the slowest step.
            edition.layer.measure(cancellation)
            cancellation.raise_if_cancelled()
            sides.append((edition, rows, _shares(rows, edition, shapes, pieces, direct, cancellation)))
        cancellation.raise_if_cancelled()
        for basis in (STATUTORY, NET):
            both = [compute_values(edition, basis) for edition, _, _ in sides]
            if any(w is None for w in both):
                continue
            made = [_spread(rows, share, w) for (_, rows, share), w in zip(sides, both, strict=True) if w is not None]
            (self.old[basis], over, without_pieces), (self.new[basis], over_after, without_pieces_after) = made
            self.over[basis], self.without_shape[basis] = (over, over_after), (without_pieces, without_pieces_after)
            if basis == NET:
                found.without_net = tuple(int(np.isnan(w).sum()) for w in both if w is not None)  # type: ignore[assignment]


def _spread(rows: NDArray, share: NDArray, value_of_row: NDArray) -> tuple[NDArray, NDArray, float]:
    """Return values of pieces, excess over their rows, value of rows without pieces."""
    value_of_row = np.nan_to_num(value_of_row)
    there = np.flatnonzero(rows >= 0)
    value = np.zeros(len(rows))
    value[there] = share[there] * value_of_row[rows[there]]
    total = np.bincount(rows[there], value[there], minlength=len(value_of_row))
    first = np.full(len(value_of_row), -1)
    first[rows[there][::-1]] = there[::-1]
    has = first >= 0
    over = np.zeros(len(rows))
    over[first[has]] = (total - value_of_row)[has]
    return value, over, float(value_of_row[~has].sum())


def _direct(found: Comparison, pieces: Pieces, cancellation: Cancellation) -> NDArray:
    """Return (k,) areas of the pieces as drawn.

    It is 1 for a piece that is a whole row of both editions.
    """
    alone = pieces.whole.copy()
    for rows in (pieces.before, pieces.after):
        there = rows >= 0
        counts = np.bincount(rows[there], minlength=1)
        alone[there] &= counts[rows[there]] == 1
    direct = np.ones(len(pieces))
    cut_up = np.flatnonzero(~alone)
    direct[cut_up] = drawn_area(
        pieces.shape[cut_up], crs_care.make_lonlat_transformer(found.after.layer.plane_crs), cancellation
    )
    return direct


def compute_values(edition: Edition, basis: str) -> NDArray | None:
    """Return (n,) areas of an edition on a basis, m²; ``None`` without a net area."""
    layer = edition.layer
    if basis == STATUTORY:
        return layer.statutory
    return layer.numbers("net_area") if layer.has("net_area") else None


def _shares(
    rows: NDArray, edition: Edition, shapes: NDArray, pieces: Pieces, direct: NDArray, cancellation: Cancellation
) -> NDArray:
    """Return (k,) the share of each piece in its row, by areas as drawn.

    Where the pieces of a row do not add up to it once (land claimed twice), the shares refer to the area of the row
    and may exceed it in total.
    """
    there = rows >= 0
    total = np.bincount(rows[there], direct[there], minlength=len(edition))
    once = is_complete(rows, shapes, pieces)
    base = np.where(once, total, 1.0)
    twice = np.unique(rows[there][~once[rows[there]]])
    own = drawn_area(shapes[twice], crs_care.make_lonlat_transformer(edition.layer.plane_crs), cancellation)
    base[twice] = np.where(own > 0, own, 1.0)
    share = np.zeros(len(rows))
    with np.errstate(invalid="ignore", divide="ignore"):
        share[there] = np.nan_to_num(direct[there] / base[rows[there]])
    return share


@dataclass
class Changes:
    """``piece``: (c,) positions of pieces with a differing field.

    ``fields``: with (c,) bool each.
    """

    piece: NDArray
    fields: list[tuple[ComparedField, NDArray]]


def find_changes(found: Comparison, pieces: Pieces) -> Changes:
    """Return the pieces in both editions whose attributes differ."""
    both = np.flatnonzero((pieces.before >= 0) & (pieces.after >= 0))
    rows, others, whole = pieces.before[both], pieces.after[both], pieces.whole[both]
    differing = find_differing(found.fields, found.before.layer, found.after.layer, rows, others, whole)
    any_ = np.zeros(len(both), dtype=bool)
    for _, differs in differing:
        any_ |= differs
    return Changes(both[any_], [(f, differs[any_]) for f, differs in differing])


def find_changed_rows(pieces: Pieces, changes: Changes) -> int:
    """Return the number of rows of the later edition with changed attributes."""
    return len(set(pieces.after[changes.piece].tolist()))


def find_changed_without_shape(found: Comparison, rows: NDArray, others: NDArray) -> int:
    """Return the number of changed rows without a shape."""
    whole = np.ones(len(rows), dtype=bool)
    differing = find_differing(found.fields, found.before.layer, found.after.layer, rows, others, whole)
    return int(np.any([d for _, d in differing], axis=0).sum()) if differing else 0


def sum_changes(found: Comparison, pieces: Pieces, values: PieceValues, changes: Changes, names: list[str]) -> None:
    """Sum the terms of the balance over all pieces and by township."""
    for basis in values.old:
        by_town = _by_town(_terms(basis, pieces, values, changes), pieces.town, values.without_shape[basis], names)
        total = Balance(**{name: sum(getattr(b, name) for b in by_town.values()) for name in _TERMS})
        # The totals come from the rows, not from the pieces, so that the balance is a test of the pieces.
        sides = [compute_values(edition, basis) for edition in (found.before, found.after)]
        total.before, total.after = (float(np.nansum(w)) for w in sides if w is not None)
        if names and not (by_town[""].before or by_town[""].after):
            del by_town[""]
        found.total[basis], found.townships[basis] = total, by_town
    gained = _terms(STATUTORY, pieces, values, changes)["reshaped"]
    rows = np.unique(pieces.before[gained != 0]).tolist()
    found.reshaped = dict(zip(rows, np.bincount(pieces.before + 1, gained)[1:][rows].tolist(), strict=True))


_TERMS = ("before", "moved_out", "moved_in", "changed", "revalued", "doubled", "after", "reshaped")


def _terms(basis: str, pieces: Pieces, values: PieceValues, changes: Changes) -> dict[str, NDArray]:
    """Return term of the balance → (k,) contribution of each piece, m²."""
    out, new = pieces.after < 0, pieces.before < 0
    changed = np.zeros(len(pieces), dtype=bool)
    changed[changes.piece] = True
    lost = np.zeros(pieces.before.max(initial=-1) + 2, dtype=bool)
    lost[pieces.before[out | changed]] = True
    # Land of the later edition only has no earlier row (−1, the last).
    lost[-1] = False
    old, fresh, (over, over_after) = values.old[basis], values.new[basis], values.over[basis]
    return {
        "before": old - over,
        "moved_out": np.where(out, old, 0.0),
        "moved_in": np.where(new, fresh, 0.0),
        "changed": np.where(changed, fresh, 0.0),
        "revalued": np.where(~out & ~new, fresh - old, 0.0),
        "reshaped": np.where(~out & ~new & lost[pieces.before], fresh - old, 0.0),
        "doubled": over - over_after,
        "after": fresh - over_after,
    }


def _by_town(
    terms: Mapping[str, NDArray], town: NDArray, without_pieces: tuple[float, float], names: list[str]
) -> dict[str, Balance]:
    """Return the balance by township (``town`` (k,), −1 for none).

    Rows without a piece count outside all townships.
    """
    by_town = {
        "": Balance(before=without_pieces[0], after=without_pieces[1], doubled=without_pieces[1] - without_pieces[0])
    }
    for name, value in terms.items():
        for label, summed in zip(["", *names], np.bincount(town + 1, value, len(names) + 1), strict=True):
            balance = by_town.setdefault(label, Balance())
            setattr(balance, name, getattr(balance, name) + float(summed))
    return by_town


def allocate_to_townships(
    found: Comparison,
    whole: Pieces,
    pieces: Pieces,
    values: PieceValues,
    changes: Changes,
    names: list[str],
    cancellation: Cancellation = NEVER,
) -> dict[str, Balance]:
    """Divide the values of whole pieces among townships by the areas of their parts.

    So the townships add up to the layer, whatever vertices a border adds.
    """
    of = np.arange(len(pieces)) if pieces.of is None else pieces.of
    share = np.ones(len(pieces))
    several = np.bincount(of, minlength=len(whole))[of] > 1
    share[several] = drawn_area(
        pieces.shape[several], crs_care.make_lonlat_transformer(found.after.layer.plane_crs), cancellation
    )
    total = np.bincount(of, share, minlength=len(whole))[of]
    share = np.divide(share, total, out=np.zeros(len(share)), where=total > 0)
    terms = {name: value[of] * share for name, value in _terms(STATUTORY, whole, values, changes).items()}
    by_town = _by_town(terms, pieces.town, values.without_shape[STATUTORY], names)
    if not (by_town[""].before or by_town[""].after):
        del by_town[""]
    return by_town


@dataclass(frozen=True)
class Townships:
    """``polygons`` (t,) in the plane, ``names`` (t,)."""

    polygons: Polygons
    names: list[str]


NO_TOWNSHIPS = Townships(Polygons(np.array([], dtype=object)), [])


def compare_layers(
    before: Edition,
    after: Edition,
    *,
    tolerance: Tolerance,
    townships: Townships = NO_TOWNSHIPS,
    renumbered: Mapping[str, str] | None = None,
    fields: Iterable[str] = (),
    cancellation: Cancellation = NEVER,
    progress: Progress = no_progress,
) -> Comparison:
    """Compare two editions in one plane (metres).

    A part's areas are its share of its feature's areas: statutory area of the part ÷ those of all parts × statutory
    or net area of the feature, so that parts add up to features and features to the layer.

    Parameters
    ----------
    before, after : Edition
        The two editions.
    tolerance : Tolerance
        Cluster tolerance and limits of slivers.
    townships : Townships
        For sums by township.
    renumbered : mapping, optional
        Old key → new key.
    fields : iterable of str
        Names of the compared fields; empty for all common fields. An area field counts on whole features only.
    cancellation : Cancellation
        Checked between steps.
    progress : Progress
        Called with 0…1.

    References
    ----------
    永农数据库标准, A8.
    """
    cut_up = _cut_up(before, after, tolerance, renumbered or {}, cancellation, sub_progress(progress, 0.0, 0.8))
    pieces = cut_by_township(cut_up.pieces, _polygons(after), townships.polygons, cancellation)
    return _compared(before, after, cut_up, pieces, tolerance, townships, fields, cancellation)


def compare_also_by_township(
    before: Edition,
    after: Edition,
    *,
    tolerance: Tolerance,
    townships: Townships,
    fields: Iterable[str] = (),
    cancellation: Cancellation = NEVER,
    progress: Progress = no_progress,
) -> tuple[Comparison, Pieces, dict[str, Balance]]:
    """Compare as `compare_layers` without townships, and sum the pieces by township.

    Borders of townships do not cut the features of the comparison. Returns the comparison, its pieces, and the
    statutory balance of each township (``""``: land outside all townships).
    """
    cut_up = _cut_up(before, after, tolerance, {}, cancellation, sub_progress(progress, 0.0, 0.6))
    found, values, changes = _valued(before, after, cut_up, cut_up.pieces, fields, cancellation)
    cancellation.raise_if_cancelled()
    sum_changes(found, cut_up.pieces, values, changes, [])
    cancellation.raise_if_cancelled()
    list_parts(found, cut_up.pieces, values, changes, [], tolerance, cancellation)
    progress(0.7)
    if not townships.names:
        return found, cut_up.pieces, {}
    pieces = cut_by_township(cut_up.pieces, _polygons(after), townships.polygons, cancellation)
    progress(0.9)
    cancellation.raise_if_cancelled()
    by_town = allocate_to_townships(found, cut_up.pieces, pieces, values, changes, townships.names, cancellation)
    return found, cut_up.pieces, by_town


@dataclass(frozen=True)
class _CutUp:
    """The editions in pieces.

    ``keys``: keys of the earlier edition after renumbering; ``same``: equal shapes; ``pieces``: the rest.
    """

    keys: list[str]
    same: EqualShapes
    pieces: Pieces


def _cut_up(
    before: Edition,
    after: Edition,
    tolerance: Tolerance,
    renumbered: Mapping[str, str],
    cancellation: Cancellation,
    progress: Progress,
) -> _CutUp:
    keys = [renumbered.get(key, key) for key in before.layer.keys]
    same = match_equal_shapes(before.shapes, after.shapes, keys, after.layer.keys, tolerance.cluster_m, cancellation)
    progress(0.2)
    return _CutUp(
        keys, same, cut_pieces(same.shapes, after.shapes, same.after, cancellation, sub_progress(progress, 0.2, 1.0))
    )


def _polygons(edition: Edition) -> Polygons:
    """Return the polygons of an edition, with the cached results where they are the layer's."""
    return edition.layer.polygons if edition.shapes is edition.layer.plane else Polygons(edition.shapes)


def _compared(
    before: Edition,
    after: Edition,
    cut_up: _CutUp,
    pieces: Pieces,
    tolerance: Tolerance,
    townships: Townships,
    fields: Iterable[str],
    cancellation: Cancellation,
) -> Comparison:
    found, values, changes = _valued(before, after, cut_up, pieces, fields, cancellation)
    sum_changes(found, pieces, values, changes, townships.names)
    cancellation.raise_if_cancelled()
    list_parts(found, pieces, values, changes, townships.names, tolerance, cancellation)
    return found


def _valued(
    before: Edition, after: Edition, cut_up: _CutUp, pieces: Pieces, fields: Iterable[str], cancellation: Cancellation
) -> tuple[Comparison, PieceValues, Changes]:
    """Return the comparison without sums and parts, the values of its pieces, and the changes."""
    keys, same = cut_up.keys, cut_up.same
    found = Comparison(before, after, match_fields(before.layer, after.layer, fields), failed=pieces.failed)
    _pair_keys(found, keys, same.after, pieces)
    cancellation.raise_if_cancelled()
    values = PieceValues(found, pieces, same.shapes, cancellation)
    cancellation.raise_if_cancelled()
    changes = find_changes(found, pieces)
    without_shape = np.flatnonzero((same.after >= 0) & shapely.is_missing(same.shapes))
    found.changed_rows = find_changed_rows(pieces, changes) + find_changed_without_shape(
        found, without_shape, same.after[without_shape]
    )
    return found, values, changes


def _pair_keys(found: Comparison, keys: list[str], same: NDArray, pieces: Pieces) -> None:
    """List rows of equal shape with another key, reused keys, and rows without an equal."""
    other = found.after.layer.keys
    equal = np.flatnonzero(same >= 0)
    found.equal = len(equal)
    found.renumbered = [
        (i, j) for i, j in zip(equal.tolist(), same[equal].tolist(), strict=True) if keys[i] != other[j]
    ]
    found.redrawn = len(keys) - len(equal), len(other) - len(equal)
    met = {keys[i] for i, j in _pairs(pieces.before, pieces.after) if keys[i] == other[j]}
    rest = {keys[i] for i in np.flatnonzero(same < 0).tolist() if i not in found.before.layer.repeated_keys}
    free = set(range(len(other))) - set(same.tolist()) - found.after.layer.repeated_keys
    found.reused = sorted((rest & {other[j] for j in free}) - met - {""})


def _pairs(left: NDArray, right: NDArray) -> set[tuple[int, int]]:
    both = (left >= 0) & (right >= 0)
    return set(zip(left[both].tolist(), right[both].tolist(), strict=True))


def list_parts(
    found: Comparison,
    pieces: Pieces,
    values: PieceValues,
    changes: Changes,
    names: list[str],
    tolerance: Tolerance,
    cancellation: Cancellation = NEVER,
) -> None:
    """List the parts of a comparison by kind, and its slivers separately."""
    area = shapely.area(pieces.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        sliver = tolerance.is_sliver(area, 2 * area / shapely.length(pieces.shape))
    kinds = {OUT: np.flatnonzero(pieces.after < 0), IN: np.flatnonzero(pieces.before < 0), CHANGED: changes.piece}
    at = {int(p): n for n, p in enumerate(changes.piece)}
    old, new = values.old[STATUTORY], values.new[STATUTORY]
    nothing = np.full(len(pieces), np.nan)
    net_old, net_new = values.old.get(NET, nothing), values.new.get(NET, nothing)
    for kind, rows in kinds.items():
        for n in rows.tolist():
            cancellation.raise_if_cancelled()
            worth = float(old[n] if kind == OUT else new[n])
            if sliver[n]:
                found.slivers.append(pieces.shape[n])
                found.sliver_rows.append((kind, int(pieces.before[n]), int(pieces.after[n]), worth))
                found.sliver_m2 += worth
                continue
            town = int(pieces.town[n])
            part = ChangedPart(
                kind,
                int(pieces.before[n]),
                int(pieces.after[n]),
                pieces.shape[n],
                names[town] if town >= 0 else "",
                worth,
                float(net_old[n]),
                float(net_new[n]),
            )
            if kind == CHANGED:
                part.changes = [_change(f, found, part) for f, differs in changes.fields if differs[at[n]]]
            found.parts.append(part)


def _change(field: ComparedField, found: Comparison, part: ChangedPart) -> tuple[str, str, str]:
    old = value_text(found.before.layer, field.before, part.before)
    return field.name, old, value_text(found.after.layer, field.after, part.after)
