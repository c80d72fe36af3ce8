# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pieces of two editions are worth as parts of their rows, and which of them changed their attributes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..geometry import crs as crs_care
from ..geometry.statutory_area import drawn_area
from .attributes import Compared, differing
from .model import NET, STATUTORY, Comparison, Edition
from .pieces import Pieces, complete


class Values:
    """What each piece is worth as part of its row (its share of the row's own area, so that pieces add up to rows), on each basis: ``old``, ``new`` (k,) m²; ``over``: by how much the pieces
    of a row exceed it (its land is claimed twice), at its first piece, for both editions; ``bare``: what rows without any
    piece are worth (no shape; an exact copy of a row that has the piece)."""

    def __init__(self, found: Comparison, pieces: Pieces, settled: NDArray, cancellation: Cancellation = NEVER):
        self.old: dict[str, NDArray] = {}
        self.new: dict[str, NDArray] = {}
        self.over: dict[str, tuple[NDArray, NDArray]] = {}
        self.bare: dict[str, tuple[float, float]] = {}
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
            both = [worth(edition, basis) for edition, _, _ in sides]
            if any(w is None for w in both):
                continue
            made = [_spread(rows, share, w) for (_, rows, share), w in zip(sides, both, strict=True) if w is not None]
            (self.old[basis], over, bare), (self.new[basis], over_after, bare_after) = made
            self.over[basis], self.bare[basis] = (over, over_after), (bare, bare_after)
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
    direct[cut_up] = drawn_area(pieces.shape[cut_up], crs_care.lonlat_of(found.after.layer.plane_crs), cancellation)
    return direct


def worth(edition: Edition, basis: str) -> NDArray | None:
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
    once = complete(rows, shapes, pieces)
    base = np.where(once, total, 1.0)
    twice = np.unique(rows[there][~once[rows[there]]])
    own = drawn_area(shapes[twice], crs_care.lonlat_of(edition.layer.plane_crs), cancellation)
    base[twice] = np.where(own > 0, own, 1.0)
    share = np.zeros(len(rows))
    with np.errstate(invalid="ignore", divide="ignore"):
        share[there] = np.nan_to_num(direct[there] / base[rows[there]])
    return share


@dataclass
class Changes:
    """``piece`` (c,) positions of pieces on which a field differs, ``fields`` with (c,) bool each."""

    piece: NDArray
    fields: list[tuple[Compared, NDArray]]


def changes_of(found: Comparison, pieces: Pieces) -> Changes:
    both = np.flatnonzero((pieces.before >= 0) & (pieces.after >= 0))
    rows, others, whole = pieces.before[both], pieces.after[both], pieces.whole[both]
    told = differing(found.fields, found.before.layer, found.after.layer, rows, others, whole)
    any_ = np.zeros(len(both), dtype=bool)
    for _, differs in told:
        any_ |= differs
    return Changes(both[any_], [(f, differs[any_]) for f, differs in told])


def changed_rows(pieces: Pieces, changes: Changes) -> int:
    return len(set(pieces.after[changes.piece].tolist()))


def changed_bare(found: Comparison, rows: NDArray, others: NDArray) -> int:
    """Rows without a shape have attributes, too."""
    whole = np.ones(len(rows), dtype=bool)
    told = differing(found.fields, found.before.layer, found.after.layer, rows, others, whole)
    return int(np.any([d for _, d in told], axis=0).sum()) if told else 0
