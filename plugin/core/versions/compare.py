# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare two editions of a layer, both in one plane: what moved, what it is worth, which attributes changed, sums by township."""

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
    """What each piece is worth as part of its row (its share of the row's own area, so that pieces add up to rows), on each basis: ``old``, ``new`` (k,) m²; ``over``: by how much the pieces
    of a row exceed it (its land is claimed twice), at its first piece, for both editions; ``without_shape``: what rows without any
    piece are worth (no shape; an exact copy of a row that has the piece)."""

    def __init__(self, found: Comparison, pieces: Pieces, settled: NDArray, cancellation: Cancellation = NEVER):
        self.old: dict[str, NDArray] = {}
        self.new: dict[str, NDArray] = {}
        self.over: dict[str, tuple[NDArray, NDArray]] = {}
        self.without_shape: dict[str, tuple[float, float]] = {}
        direct = _direct(found, pieces, cancellation)
        sides = []
        for edition, rows, shapes in (
            (found.before, pieces.before, settled),
            (found.after, pieces.after, found.after.shapes),
        ):
            # Measuring a layer is the longest step here.
            edition.layer.measure(cancellation)
            cancellation.raise_if_cancelled()
            sides.append((edition, rows, _shares(rows, edition, shapes, pieces, direct, cancellation)))
        cancellation.raise_if_cancelled()
        for basis in (STATUTORY, NET):
            both = [compute_values(edition, basis) for edition, _, _ in sides]
            if any(w is None for w in both):
                continue
            made = [_spread(rows, share, w) for (_, rows, share), w in zip(sides, both, strict=True) if w is not None]
            (self.old[basis], over, bare), (self.new[basis], over_after, bare_after) = made
            self.over[basis], self.without_shape[basis] = (over, over_after), (bare, bare_after)
            if basis == NET:
                found.without_net = tuple(int(np.isnan(w).sum()) for w in both if w is not None)  # type: ignore[assignment]


def _spread(rows: NDArray, share: NDArray, worth: NDArray) -> tuple[NDArray, NDArray, float]:
    """(k,) the pieces' values, (k,) by how much a row's pieces exceed the row, and what rows without pieces are worth."""
    worth = np.nan_to_num(worth)
    there = np.flatnonzero(rows >= 0)
    value = np.zeros(len(rows))
    value[there] = share[there] * worth[rows[there]]
    total = np.bincount(rows[there], value[there], minlength=len(worth))
    first = np.full(len(worth), -1)
    first[rows[there][::-1]] = there[::-1]
    has = first >= 0
    over = np.zeros(len(rows))
    over[first[has]] = (total - worth)[has]
    return value, over, float(worth[~has].sum())


def _direct(found: Comparison, pieces: Pieces, cancellation: Cancellation) -> NDArray:
    """(k,) areas of the pieces as they are drawn; 1 for those that are all of a row of both editions, and so all of its area."""
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
    layer = edition.layer
    if basis == STATUTORY:
        return layer.statutory
    return layer.numbers("net_area") if layer.has("net_area") else None


def _shares(
    rows: NDArray, edition: Edition, shapes: NDArray, pieces: Pieces, direct: NDArray, cancellation: Cancellation
) -> NDArray:
    """(k,) which share of its row each piece is, by areas as drawn. Of a row whose pieces do not make it up once (its land is
    claimed twice), the pieces are measured by themselves and may exceed it."""
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
    """``piece`` (c,) positions of pieces on which a field differs, ``fields`` with (c,) bool each."""

    piece: NDArray
    fields: list[tuple[ComparedField, NDArray]]


def find_changes(found: Comparison, pieces: Pieces) -> Changes:
    both = np.flatnonzero((pieces.before >= 0) & (pieces.after >= 0))
    rows, others, whole = pieces.before[both], pieces.after[both], pieces.whole[both]
    told = find_differing(found.fields, found.before.layer, found.after.layer, rows, others, whole)
    any_ = np.zeros(len(both), dtype=bool)
    for _, differs in told:
        any_ |= differs
    return Changes(both[any_], [(f, differs[any_]) for f, differs in told])


def find_changed_rows(pieces: Pieces, changes: Changes) -> int:
    return len(set(pieces.after[changes.piece].tolist()))


def find_changed_without_shape(found: Comparison, rows: NDArray, others: NDArray) -> int:
    """Rows without a shape have attributes, too."""
    whole = np.ones(len(rows), dtype=bool)
    told = find_differing(found.fields, found.before.layer, found.after.layer, rows, others, whole)
    return int(np.any([d for _, d in told], axis=0).sum()) if told else 0


def sum_changes(found: Comparison, pieces: Pieces, values: PieceValues, changes: Changes, names: list[str]) -> None:
    for basis in values.old:
        by_town = _by_town(_terms(basis, pieces, values, changes), pieces.town, values.without_shape[basis], names)
        total = Balance(**{name: sum(getattr(b, name) for b in by_town.values()) for name in _TERMS})
        # The whole is read from the rows, not from the pieces: that is what the balance is held against.
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
    """Term of the balance → (k,) what each piece adds to it, m²."""
    out, new = pieces.after < 0, pieces.before < 0
    changed = np.zeros(len(pieces), dtype=bool)
    changed[changes.piece] = True
    lost = np.zeros(pieces.before.max(initial=-1) + 2, dtype=bool)
    lost[pieces.before[out | changed]] = True
    # Land of the later edition alone is of no earlier row (−1, the last).
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
    terms: Mapping[str, NDArray], town: NDArray, bare: tuple[float, float], names: list[str]
) -> dict[str, Balance]:
    """Sums by township (``town`` (k,), −1 for none); what rows without a piece are worth lies in none."""
    by_town = {"": Balance(before=bare[0], after=bare[1], doubled=bare[1] - bare[0])}
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
    """What the whole pieces are worth, shared out to the townships by the areas of the parts that lie there: so that the
    townships add up to the layer, whatever vertices a border adds."""
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
    """What moved in, moved out and changed between two editions in one plane (metres).

    ``renumbered``: old key → new key; ``fields``: names of the fields whose change counts, empty for all that both have
    (an area field counts on whole features only). A part's areas are its share of its feature's: statutory area of the
    part ÷ those of all parts × the feature's own statutory or net area (永农数据库标准, A8), so that parts add up to
    features and features to the layer. ``progress`` is told 0…1.
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
    """As `compare_layers` without townships, whose borders are none of the features'; the pieces behind it; and the balance
    of each township (statutory; ``""`` for land in none), of pieces that are cut there."""
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
    """The editions in pieces: ``keys`` of the earlier one as they are called now, ``same`` shapes, and what is left."""

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
    """A layer of a plan knows of itself what other rules asked for."""
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
    """The comparison without sums and parts, what its pieces are worth, and which of them changed."""
    keys, same = cut_up.keys, cut_up.same
    found = Comparison(before, after, match_fields(before.layer, after.layer, fields), failed=pieces.failed)
    _pair_keys(found, keys, same.after, pieces)
    cancellation.raise_if_cancelled()
    values = PieceValues(found, pieces, same.shapes, cancellation)
    cancellation.raise_if_cancelled()
    changes = find_changes(found, pieces)
    bare = np.flatnonzero((same.after >= 0) & shapely.is_missing(same.shapes))
    found.changed_rows = find_changed_rows(pieces, changes) + find_changed_without_shape(found, bare, same.after[bare])
    return found, values, changes


def _pair_keys(found: Comparison, keys: list[str], same: NDArray, pieces: Pieces) -> None:
    """Rows of one shape with another key; keys that name other land now; rows without an equal."""
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
