# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a layer on both sides of a common line: where it stops, jumps, or changes its code.

The common line of two counties is divided where features of either side begin or end at the border. In each section,
both sides have the codes of their features there, or no feature; the sections are then read like a sequence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .border import LinePieces, MeasuredLine
from .placing import PlacedLayer
from .seam_result import SeamKind, SeamSettings

#: Rounding (m) of distances between a point on a line and a feature at the line.
_ROUNDING_M = 1e-6
#: Places along two boundaries are uncertain by this many times their distance: they may run obliquely to it.
_UNCERTAINTY_RATIO = 2.0
#: The codes on one side of a section; empty without a feature.
Codes = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A section of the common line with equal codes on each side.

    ``codes``: those of the first and of the second county; ``keys``: of their features; ``start_m``, ``end_m``: along
    the line; ``uncertainty_m``: of places along two boundaries that differ, 0 where they are one line.
    """

    codes: tuple[Codes, Codes]
    keys: tuple[frozenset[str], frozenset[str]]
    start_m: float
    end_m: float
    uncertainty_m: float = 0.0

    @property
    def length_m(self) -> float:
        """Return the length along the line (m)."""
        return self.end_m - self.start_m

    @property
    def agrees(self) -> bool:
        """Return True if both sides have a code in common, or both have no feature."""
        return agree(*self.codes)


class LayerFinding(NamedTuple):
    """A section where a layer does not continue; ``shape``: the section as a line in the plane."""

    kind: SeamKind
    section: Section
    shape: Any


class CommonLine(NamedTuple):
    """A common line of two counties.

    ``line``: on the first county's boundary; ``other_lines``: the common lines on the second county's boundary;
    ``max_deviation_m``: largest distance between both boundaries along the line.
    """

    line: MeasuredLine
    other_lines: LinePieces
    max_deviation_m: float


def agree(codes: Codes, other: Codes) -> bool:
    """Return True if two sides have a code in common, or both have no feature."""
    return bool(set(codes) & set(other)) or (not codes and not other)


def compare_layer_along(
    common: CommonLine, first: PlacedLayer, second: PlacedLayer, settings: SeamSettings
) -> tuple[list[LayerFinding], float]:
    """Return the findings of a layer along a common line, and the length (m) where other codes meet legally."""
    sections = divide_line(common, first, second, settings)
    is_ring = common.line.is_ring
    if is_ring and len(sections) > 1 and sections[0].codes == sections[-1].codes:
        # The ring begins within a section.
        sections = [
            *sections[1:-1],
            replace(_join(sections[-1], sections[0]), end_m=common.line.length_m + sections[0].end_m),
        ]
    findings = []
    differing_m = 0.0
    for position, section in enumerate(sections):
        if section.agrees:
            continue
        before = sections[position - 1] if position or is_ring else None
        after = sections[(position + 1) % len(sections)] if position + 1 < len(sections) or is_ring else None
        kind = judge_section(section, before, after, settings)
        if kind is not None:
            findings.append(LayerFinding(kind, section, common.line.cut(section.start_m, section.end_m)))
        elif all(section.codes) and section.length_m >= max(settings.min_length_m, section.uncertainty_m):
            differing_m += section.length_m
    return findings, differing_m


def judge_section(
    section: Section, before: Section | None, after: Section | None, settings: SeamSettings
) -> SeamKind | None:
    """Return the kind of finding of a section whose sides differ; None if other codes meet legally.

    ``before``, ``after``: the neighbouring sections, None at an end of the common line.
    """
    if before is not None and after is not None and before.agrees and after.agrees:
        changes_before = [not agree(section.codes[n], before.codes[n]) for n in (0, 1)]
        changes_after = [not agree(section.codes[n], after.codes[n]) for n in (0, 1)]
        # One side changes at one end, the other side at the other end: one edge, drawn at two places.
        is_jump = sum(changes_before) == sum(changes_after) == 1 and changes_before != changes_after
        if is_jump and section.length_m <= settings.reach_m:
            is_certain = section.length_m > settings.tolerance_m + section.uncertainty_m
            return SeamKind.SHIFT if is_certain else None
    if section.length_m < max(settings.min_length_m, section.uncertainty_m):
        return None
    if not all(section.codes):
        return SeamKind.STOP
    ends = [one for one in (before, after) if one is not None]
    both_change = all(not agree(section.codes[n], one.codes[n]) for one in ends for n in (0, 1))
    # A polygon continues if it begins and ends at the same places on both sides.
    return SeamKind.CODE if both_change and any(one.agrees for one in ends) else None


def divide_line(common: CommonLine, first: PlacedLayer, second: PlacedLayer, settings: SeamSettings) -> list[Section]:
    """Return the sections of a common line, in order; neighbouring sections differ in their codes."""
    line = common.line
    near_m = settings.tolerance_m + _ROUNDING_M
    ends = (
        (_find_ends(first, line, settings.tolerance_m), near_m),
        (_find_ends(second, common.other_lines, settings.tolerance_m), near_m + common.max_deviation_m),
    )
    places = np.concatenate([line.locate(points, reach_m) for points, reach_m in ends])
    # Ends of sections: places in order, with both ends of the line; places within a tolerance are one.
    ordered = [0.0]
    for place in np.unique(places).tolist():
        if place - ordered[-1] > settings.tolerance_m and line.length_m - place > settings.tolerance_m:
            ordered.append(place)
    breaks = np.array([*ordered, line.length_m])
    middles = line.interpolate((breaks[:-1] + breaks[1:]) / 2)
    # In a short section, features before and after it are within the tolerance, too.
    near = np.minimum(settings.tolerance_m, np.diff(breaks) / 4) + _ROUNDING_M
    # A feature of the second county is as far from the line as its boundary is.
    distances = common.other_lines.measure_distances(middles)
    values = [_find_values(first, middles, near), _find_values(second, middles, distances + near)]
    at_breaks = common.other_lines.measure_distances(line.interpolate(breaks))
    deviations = np.maximum(np.maximum(at_breaks[:-1], at_breaks[1:]), distances)
    # Boundaries within the tolerance are one line.
    uncertainties = np.where(deviations <= settings.tolerance_m, 0.0, _UNCERTAINTY_RATIO * deviations)
    sections: list[Section] = []
    for n in range(len(middles)):
        codes, keys = (values[0][n][0], values[1][n][0]), (values[0][n][1], values[1][n][1])
        section = Section(codes, keys, float(breaks[n]), float(breaks[n + 1]), float(uncertainties[n]))
        if sections and sections[-1].codes == codes:
            section = _join(sections.pop(), section)
        sections.append(section)
    return sections


def _find_ends(layer: PlacedLayer, border: LinePieces, tolerance_m: float) -> NDArray:
    """Return (p,) points where features begin or end at a border, which they reach within ``tolerance_m``.

    These are the corners next to the ends of the boundaries within a strip around the border. Some points are within a
    stretch at the border, where two pieces of it meet: they divide a section needlessly.
    """
    if not len(layer.shapes) or not len(border):
        return np.array([], dtype=object)
    pieces, rows = layer.tree.query(border.pieces, predicate="dwithin", distance=tolerance_m)
    strips = shapely.buffer(border.pieces, tolerance_m, quad_segs=4)
    boundaries = shapely.boundary(layer.shapes)
    boxes = shapely.bounds(strips)
    contacts = [
        shapely.intersection(shapely.clip_by_rect(boundaries[row], *boxes[piece].tolist()), strips[piece])
        for row, piece in zip(rows.tolist(), pieces.tolist(), strict=True)
    ]
    parts = shapely.get_parts(shapely.line_merge(np.array(contacts, dtype=object)))
    parts = parts[shapely.get_type_id(parts) == 1]
    is_straight = shapely.get_num_points(parts) == 2
    return np.concatenate(
        [
            shapely.get_point(parts[~is_straight], 1),
            shapely.get_point(parts[~is_straight], -2),
            # A boundary that crosses the border.
            shapely.line_interpolate_point(parts[is_straight], 0.5, normalized=True),
        ]
    )


def _find_values(layer: PlacedLayer, points: NDArray, distances: NDArray) -> list[tuple[Codes, frozenset[str]]]:
    """Return for each of (k,) points the codes and keys of the features within its distance (m)."""
    codes: list[set[str]] = [set() for _ in points]
    keys: list[set[str]] = [set() for _ in points]
    if len(layer.shapes):
        for n, row in zip(*layer.tree.query(points, predicate="dwithin", distance=distances).tolist(), strict=True):
            codes[n].add(layer.codes[row])
            keys[n].add(layer.keys[row])
    return [(tuple(sorted(one)), frozenset(names)) for one, names in zip(codes, keys, strict=True)]


def _join(section: Section, following: Section) -> Section:
    """Return two neighbouring sections with equal codes as one."""
    return Section(
        section.codes,
        (section.keys[0] | following.keys[0], section.keys[1] | following.keys[1]),
        section.start_m,
        following.end_m,
        max(section.uncertainty_m, following.uncertainty_m),
    )
