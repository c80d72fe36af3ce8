# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons made and examined some thousand at a time: rings, their order and direction, area, validity, label points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .assemble import Broken, assembled
from .lines import Lines
from .remarks import Remarks

#: How far a label point may lie outside its polygon: its digits are fewer than those of the boundary.
_LABEL_SLACK = {False: 1e-3, True: 2e-6}


class Draft(NamedTuple):
    """A polygon's record: id, 要素代码, line, its closed rings, its label point."""

    ident: int
    code: str
    line: int
    rings: list[NDArray]
    label: NDArray


def make_polygons(drafts: list[Draft], geographic: bool, lines: Lines, remarks: Remarks) -> NDArray:
    """The (n,) polygons of records. InputError for a hole outside; remarks for what is unusual but can be read."""
    counts = np.array([len(draft.rings) for draft in drafts])
    xy = [ring for draft in drafts for ring in draft.rings]
    made = shapely.linearrings(np.concatenate(xy), indices=np.repeat(np.arange(len(xy)), list(map(len, xy))))
    first = np.r_[0, np.cumsum(counts)[:-1]]
    shapes = shapely.polygons(made[first])
    _note("vct_note_turned", shapely.is_ccw(made[first]), drafts, remarks)
    for k in np.flatnonzero(counts > 1).tolist():
        try:
            shapes[k], order = assembled(made[first[k] : first[k] + counts[k]])
        except Broken as error:
            lines.number = drafts[k].line
            raise lines.error(error.key, id=drafts[k].ident, **error.params) from error
        if order:
            remarks.add(order, drafts[k].line, drafts[k].ident)
    flat = shapely.area(shapes) == 0
    _note("vct_note_flat", flat, drafts, remarks)
    _note("vct_note_invalid", ~shapely.is_valid(shapes) & ~flat, drafts, remarks)
    label = np.array([draft.label for draft in drafts])
    out = ~shapely.intersects_xy(shapes, label[:, 0], label[:, 1]) & ~flat
    if out.any():
        far = shapely.distance(shapes[out], shapely.points(label[out])) > _LABEL_SLACK[geographic]
        out[np.flatnonzero(out)[~far]] = False
        _note("vct_note_label", out, drafts, remarks)
    return shapes


def _note(key: str, which: NDArray, drafts: list[Draft], remarks: Remarks) -> None:
    found = np.flatnonzero(which)
    if len(found):
        first = drafts[found[0]]
        remarks.add(key, first.line, first.ident, len(found))
