# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare neighbouring counties that are in one plane: borders, then layers along the common line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...geometry.crs import reproject_to_lonlat
from ...geometry.statutory_area import compute_drawn_area
from ...model.rule import Severity
from .border import BorderPiece, find_common_line, find_gaps, find_neighbours, find_overlaps
from .layers_along import CommonLine, LayerFinding, compare_layer_along
from .measured_line import LinePieces, MeasuredLine
from .placing import PlacedCounties
from .seam_result import ComparedLayer, SeamFinding, SeamKind, SeamPair, SeamSettings, SeamSide, set_fingerprints

#: The layer of findings on the border itself.
BORDER_CONCEPT = "county"
#: Share of the progress for the borders of all counties; the layers of each pair follow.
_BORDER_SHARE = 0.3


def compare_counties(
    placed: PlacedCounties,
    settings: SeamSettings,
    *,
    progress: Callable[[float], None] = lambda share: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> list[SeamPair]:
    """Return all pairs of counties with a common line, with their findings, by the codes of the counties.

    Counties that meet in a corner only are not a pair. Raise Cancelled.
    """
    neighbours = find_neighbours(placed.outlines, settings.reach_m)
    gaps = find_gaps(placed.outlines, settings, cancellation)
    progress(_BORDER_SHARE / 2)
    overlaps = find_overlaps(placed.outlines, placed.edges, settings, cancellation)
    pieces_by_pair: dict[tuple[int, int], list[tuple[SeamKind, BorderPiece]]] = defaultdict(list)
    for kind, found in ((SeamKind.GAP, gaps), (SeamKind.OVERLAP, overlaps)):
        for piece in found.pieces:
            pieces_by_pair[piece.first, piece.second].append((kind, piece))
    all_pieces = [*gaps.pieces, *overlaps.pieces]
    pairs = []
    for number, pair in enumerate(neighbours):
        cancellation.raise_if_cancelled()
        progress(_BORDER_SHARE + (1 - _BORDER_SHARE) * number / len(neighbours))
        touching = [one for one in all_pieces if set(pair) <= {one.first, one.second, *one.others}]
        compared = _compare_pair(placed, pair, pieces_by_pair[pair], touching, settings)
        if compared is not None:
            slivers = sum(found.sliver_counts.get(pair, 0) for found in (gaps, overlaps))
            pairs.append(replace(compared, sliver_count=slivers))
    return pairs


def _compare_pair(
    placed: PlacedCounties,
    pair: tuple[int, int],
    pieces: Sequence[tuple[SeamKind, BorderPiece]],
    touching: Sequence[BorderPiece],
    settings: SeamSettings,
) -> SeamPair | None:
    """Return the findings of a pair; None if the counties have no common line.

    ``pieces``: gaps and overlaps of the pair; ``touching``: those along which its line runs.
    """
    i, j = pair
    first_boundary, second_boundary = placed.boundaries[[i, j]]
    lines = find_common_line(first_boundary, second_boundary, touching, settings)
    if not len(lines) and not pieces:
        return None
    findings = [_make_border_finding(placed, pair, kind, piece) for kind, piece in pieces]
    other_lines = LinePieces(find_common_line(second_boundary, first_boundary, touching, settings))
    measured_lines = [MeasuredLine(line) for line in lines]
    deviation = max((one.deviation_m for one in touching), default=settings.tolerance_m)
    differing: dict[str, float] = {}
    missing = []
    for compared in settings.layers:
        concept = compared.concept
        lacking = [placed.counties[n].name for n in pair if concept not in placed.layers[n]]
        if lacking:
            # Counties that both lack a layer are not compared in it, and nothing is missing.
            missing += [(concept, lacking[0])] if len(lacking) == 1 else []
            continue
        for line in measured_lines:
            found, differing_m = compare_layer_along(
                CommonLine(line, other_lines, deviation), placed.layers[i][concept], placed.layers[j][concept], settings
            )
            findings += [_make_layer_finding(placed, pair, compared, one) for one in found]
            if differing_m:
                differing[concept] = differing.get(concept, 0.0) + differing_m
    names = (placed.counties[i].name, placed.counties[j].name)
    length = float(shapely.length(lines).sum()) if len(lines) else 0.0
    order = {kind: position for position, kind in enumerate(SeamKind)}
    findings.sort(key=lambda one: (order[one.kind], one.concept, one.place))
    return SeamPair(names, length, tuple(set_fingerprints(findings)), 0, differing, tuple(missing))


def _convert_to_lonlat(placed: PlacedCounties, shape: Any) -> Any:
    """Return a shape of the plane in degrees on CGCS2000."""
    shapes: NDArray = np.array([shape], dtype=object)
    return reproject_to_lonlat(shapes, placed.plane_crs)[0]


def _make_border_finding(
    placed: PlacedCounties, pair: tuple[int, int], kind: SeamKind, piece: BorderPiece
) -> SeamFinding:
    """Return the finding on a gap or an overlap, with the keys of the border's rows at it."""
    shapes: NDArray = np.array([piece.shape], dtype=object)
    sides = []
    for n in pair:
        border = placed.borders[n]
        rows = border.tree.query(piece.shape, predicate="dwithin", distance=piece.deviation_m)
        sides.append(
            SeamSide(
                placed.counties[n].name, placed.counties[n].identity, tuple(sorted({border.keys[row] for row in rows}))
            )
        )
    return SeamFinding(
        kind,
        Severity.WARNING,
        BORDER_CONCEPT,
        (sides[0], sides[1]),
        _convert_to_lonlat(placed, piece.shape),
        piece.length_m,
        piece.deviation_m,
        float(compute_drawn_area(shapes, placed.area_plane.to_lonlat)[0]),
        tuple(placed.counties[n].name for n in piece.others),
    )


def _make_layer_finding(
    placed: PlacedCounties, pair: tuple[int, int], compared: ComparedLayer, found: LayerFinding
) -> SeamFinding:
    """Return the finding on a layer that stops, jumps or changes its code at a border."""
    sides = [
        SeamSide(
            placed.counties[n].name, placed.counties[n].identity, tuple(sorted(keys)), "、".join(filter(None, codes))
        )
        for n, codes, keys in zip(pair, found.section.codes, found.section.keys, strict=True)
    ]
    is_note = found.kind is SeamKind.STOP and not compared.must_continue
    return SeamFinding(
        found.kind,
        Severity.INFO if is_note else Severity.WARNING,
        compared.concept,
        (sides[0], sides[1]),
        _convert_to_lonlat(placed, found.shape),
        found.section.length_m,
        found.section.length_m if found.kind is SeamKind.SHIFT else None,
    )
