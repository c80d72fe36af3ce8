# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut land into parts along other layers; join slivers to their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...engine.context import RuleContext
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons
from ...geometry.validity import extract_valid_polygons
from .shared_edges import measure_shared_edges


@dataclass
class Parts:
    """Connected polygons (k,) in the plane; ``source``: name of a layer → (k,) row that each lies in, −1 in none."""

    shape: NDArray
    source: dict[str, NDArray]

    def __len__(self) -> int:
        return len(self.shape)

    def divide(self, name: str, polygons: Polygons, ctx: RuleContext) -> Parts:
        """Return the parts cut along polygons.

        Slivers are not cut off. Land in several polygons counts in the first. Raise InputError if an overlay fails.
        """
        # An index of all parcels of a county would take more memory than its check.
        near = np.unique(shapely.STRtree(self.shape).query(polygons.shapes)[0])
        pieces = find_shared_pieces(
            Polygons(self.shape), polygons.select_rows(near), tolerance=ctx.tolerance, cancellation=ctx.cancellation
        )
        if pieces.fallback_log.failed_pairs:
            raise InputError("boundary_overlay", layer=name, count=len(pieces.fallback_log.failed_pairs))
        order = np.lexsort((pieces.right, pieces.left))
        owners, starts = np.unique(pieces.left[order], return_index=True)
        shapes, owner, source = [self.shape.copy()], [np.arange(len(self))], [np.full(len(self), -1)]
        for position, group in zip(owners.tolist(), np.split(order, starts[1:]) if len(order) else (), strict=True):
            cut = _keep_first(pieces.geometry[group])
            rest = extract_valid_polygons(shapely.difference(self.shape[position], shapely.union_all(cut)))
            shapes[0][position] = rest
            shapes.append(cut)
            owner.append(np.full(len(cut), position))
            source.append(near[pieces.right[group]])
        polygons_of, of_all = np.concatenate(shapes), np.concatenate(owner)
        split, index = shapely.get_parts(polygons_of, return_index=True)
        is_land = shapely.area(split) > 0
        split, index = split[is_land], index[is_land]
        columns = {key: column[of_all[index]] for key, column in self.source.items()}
        return Parts(split, {**columns, name: np.concatenate(source)[index]})

    def join_slivers(self, ctx: RuleContext) -> Parts:
        """Return the parts with slivers joined to the neighbour of the same ``row`` with the longest common edge."""
        area = shapely.area(self.shape)
        is_sliver = ctx.tolerance.is_sliver(area, 2 * area / shapely.length(self.shape))
        slivers = np.flatnonzero(is_sliver)
        if not len(slivers):
            return self
        reach, row = ctx.tolerance.edge_match_m, self.source["row"]
        left, right, length = measure_shared_edges(self.shape[slivers], self.shape, reach)
        left = slivers[left]
        fits = (left != right) & (row[left] == row[right]) & ~is_sliver[right]
        left, right = left[fits], right[fits]
        # The last assignment wins: the longest edge.
        group = np.arange(len(self))
        for n in np.argsort(length[fits], kind="stable").tolist():
            group[left[n]] = right[n]
        shape = self.shape.copy()
        for target in np.unique(group[group != np.arange(len(self))]).tolist():
            joined = extract_valid_polygons(shapely.union_all(self.shape[group == target]))
            # A sliver that touches at a point only would divide the part.
            shape[target] = joined if joined.geom_type == "Polygon" else self.shape[target]
        kept = group == np.arange(len(self))
        return Parts(shape[kept], {key: column[kept] for key, column in self.source.items()})


def _keep_first(shapes: NDArray) -> NDArray:
    """Return polygons without the land that earlier ones have."""
    kept = shapes.copy()
    union = shapely.union_all(shapes)
    if shapely.area(shapes).sum() - union.area <= 1e-6 * union.area:
        return kept
    for n in range(1, len(kept)):
        kept[n] = extract_valid_polygons(shapely.difference(kept[n], shapely.union_all(kept[:n])))
    return kept
