# SPDX-License-Identifier: GPL-2.0-or-later
"""What moved, by sums: the balance of a layer, and of each township."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..geometry import crs as crs_care
from ..geometry.statutory_area import drawn_area
from .model import STATUTORY, Balance, Comparison
from .pieces import Pieces
from .values import Changes, Values, worth


def sum_up(found: Comparison, pieces: Pieces, values: Values, changes: Changes, names: list[str]) -> None:
    for basis in values.old:
        by_town = _by_town(_terms(basis, pieces, values, changes), pieces.town, values.bare[basis], names)
        total = Balance(**{name: sum(getattr(b, name) for b in by_town.values()) for name in _TERMS})
        # The whole is read from the rows, not from the pieces: that is what the balance is held against.
        sides = [worth(edition, basis) for edition in (found.before, found.after)]
        total.before, total.after = (float(np.nansum(w)) for w in sides if w is not None)
        if names and not (by_town[""].before or by_town[""].after):
            del by_town[""]
        found.total[basis], found.townships[basis] = total, by_town
    gained = _terms(STATUTORY, pieces, values, changes)["reshaped"]
    rows = np.unique(pieces.before[gained != 0]).tolist()
    found.reshaped = dict(zip(rows, np.bincount(pieces.before + 1, gained)[1:][rows].tolist(), strict=True))


_TERMS = ("before", "moved_out", "moved_in", "changed", "revalued", "doubled", "after", "reshaped")


def _terms(basis: str, pieces: Pieces, values: Values, changes: Changes) -> dict[str, NDArray]:
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


def shared_out(
    found: Comparison,
    whole: Pieces,
    pieces: Pieces,
    values: Values,
    changes: Changes,
    names: list[str],
    cancellation: Cancellation = NEVER,
) -> dict[str, Balance]:
    """What the whole pieces are worth, shared out to the townships by the areas of the parts that lie there: so that the
    townships add up to the layer, whatever vertices a border adds."""
    of = np.arange(len(pieces)) if pieces.of is None else pieces.of
    share = np.ones(len(pieces))
    several = np.bincount(of, minlength=len(whole))[of] > 1
    share[several] = drawn_area(pieces.shape[several], crs_care.lonlat_of(found.after.layer.plane_crs), cancellation)
    total = np.bincount(of, share, minlength=len(whole))[of]
    share = np.divide(share, total, out=np.zeros(len(share)), where=total > 0)
    terms = {name: value[of] * share for name, value in _terms(STATUTORY, whole, values, changes).items()}
    by_town = _by_town(terms, pieces.town, values.bare[STATUTORY], names)
    if not (by_town[""].before or by_town[""].after):
        del by_town[""]
    return by_town
