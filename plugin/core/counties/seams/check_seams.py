# SPDX-License-Identifier: GPL-2.0-or-later
"""A check of seams: read the counties, compare neighbours, sum the areas, write the results.

Neighbours are compared in one plane: borders, then layers along the common line. Command line and toolbox use this
module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.connection_text import is_connection, parse_connection
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ...geometry.crs import make_crs_label, make_lonlat_transformer, reproject_to_lonlat
from ...geometry.statutory_area import compute_drawn_area
from ...model.rule import Severity
from ...package.package_spec.load import load_package_spec
from ...standard.profile import Norm
from ..county_record import County
from ..sources import CountyList, check_output_outside_data, is_package, list_counties
from .border import BorderPiece, LinePieces, MeasuredLine, find_common_line, find_gaps, find_overlaps
from .layers_along import CommonLine, LayerFinding, compare_layer_along
from .placing import PlacedCounties, place_counties, read_county_borders
from .seam_result import (
    SEAMS_SECTION,
    ComparedLayer,
    CountyBorders,
    SeamFinding,
    SeamKind,
    SeamOptions,
    SeamPair,
    SeamResult,
    SeamSettings,
    SeamSide,
    set_fingerprints,
)
from .sums import ParentTargets, read_parent_targets, sum_counties
from .write_seams import check_output_folder, write_result

#: The layer of findings on the border itself.
BORDER_CONCEPT = "county"
#: Share of the progress for the borders of all counties; the layers of each pair follow.
_BORDER_SHARE = 0.3
#: Shares of the progress: reading the counties, comparing them.
_READING_SHARE, _COMPARING_SHARE = 0.7, 0.25
#: A seam needs two counties.
_MIN_COUNTIES = 2


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
    near = placed.outlines.find_pairs_within(placed.outlines.shapes, settings.reach_m)
    neighbours = sorted({(int(i), int(j)) for i, j in zip(*near, strict=True) if i < j})
    gaps = find_gaps(placed.outlines, settings, cancellation)
    progress(_BORDER_SHARE / 2)
    overlaps = find_overlaps(placed.outlines, placed.edges, settings, cancellation)
    pieces = [*((SeamKind.GAP, one) for one in gaps.pieces), *((SeamKind.OVERLAP, one) for one in overlaps.pieces)]
    pairs = []
    for number, pair in enumerate(neighbours):
        cancellation.raise_if_cancelled()
        progress(_BORDER_SHARE + (1 - _BORDER_SHARE) * number / len(neighbours))
        compared = _compare_pair(
            placed,
            pair,
            [(kind, one) for kind, one in pieces if (one.first, one.second) == pair],
            [one for _, one in pieces if set(pair) <= {one.first, one.second, *one.others}],
            sum(found.sliver_counts[pair] for found in (gaps, overlaps)),
            settings,
        )
        if compared is not None:
            pairs.append(compared)
    return pairs


def _compare_pair(
    placed: PlacedCounties,
    pair: tuple[int, int],
    pieces: Sequence[tuple[SeamKind, BorderPiece]],
    touching: Sequence[BorderPiece],
    sliver_count: int,
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
    findings.sort(key=lambda one: (list(SeamKind).index(one.kind), one.concept, one.place))
    return SeamPair(
        (placed.counties[i].name, placed.counties[j].name),
        float(shapely.length(lines).sum()),
        tuple(set_fingerprints(findings)),
        sliver_count,
        differing,
        tuple(missing),
    )


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
        reproject_to_lonlat(shapes, placed.plane_crs)[0],
        piece.length_m,
        piece.deviation_m,
        float(compute_drawn_area(shapes, make_lonlat_transformer(placed.plane_crs))[0]),
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
        reproject_to_lonlat(np.array([found.shape], dtype=object), placed.plane_crs)[0],
        found.section.length_m,
        found.section.length_m if found.kind is SeamKind.SHIFT else None,
    )


def check_seams(
    options: SeamOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[SeamResult, list[str]]:
    """Compare neighbouring counties and write the results; return the result and the paths of its files.

    Raises
    ------
    InputError, DataError
        An option is wrong, fewer than two counties are given, or none can be read.
    OutputError
        The results would be written into the data, or cannot be written; former results are then complete.
    Cancelled
        Former results are unchanged.
    """
    norm = options.check.resolve_norm()
    settings = SeamSettings.from_norm(norm)
    load_package_spec(options.package_spec)
    targets = read_parent_targets(options.targets)
    if len(options.sources) == 1:
        found = list_counties(options.sources[0], options.output)
    else:
        missing = next((one for one in options.sources if not is_connection(one) and not Path(one).exists()), None)
        if missing is not None:
            raise InputError("source_missing", source=str(missing))
        found = CountyList(make_counties(options.sources))
    if len(found.counties) < _MIN_COUNTIES:
        raise InputError("seams_one_county", count=len(found.counties))
    check_output_outside_data(options.output, options.sources, found.counties)
    check_output_folder(options.output)
    counties = []
    for number, county in enumerate(found.counties):
        cancellation.raise_if_cancelled()
        progress(_READING_SHARE * number / len(found.counties), county.name)
        counties.append(
            read_county_borders(
                county,
                options.check,
                options.package_spec,
                settings,
                with_figures=bool(targets.parent),
                cancellation=cancellation,
            )
        )
    result = compare_read_counties(
        counties,
        targets,
        settings,
        norm,
        options.check.lang,
        found.ignored_names,
        lambda share: progress(_READING_SHARE + _COMPARING_SHARE * share, ""),
        cancellation,
    )
    cancellation.raise_if_cancelled()
    progress(_READING_SHARE + _COMPARING_SHARE, "")
    written = write_result(result, options.output)
    progress(1.0, "")
    return result, written


def compare_read_counties(
    counties: Sequence[CountyBorders],
    targets: ParentTargets,
    settings: SeamSettings,
    norm: Norm,
    lang: str,
    ignored_names: tuple[str, ...] = (),
    progress: Callable[[float], None] = lambda share: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> SeamResult:
    """Return the comparison of counties whose borders are read, and their sums against the targets of the parent.

    ``progress``: called with the share of the comparison, 0 to 1. Raise InputError if no county was read, and
    Cancelled.
    """
    counties = sorted(counties, key=lambda one: one.sort_key)
    read = [one for one in counties if one.is_read]
    if not read:
        raise InputError("seams_none_read", county=counties[0].name, reason=counties[0].reason)
    placed = place_counties(read, settings.layers, settings.tolerance)
    keys = [f"{SEAMS_SECTION}.{key}" for key in norm.get_settings_section(SEAMS_SECTION)]
    return SeamResult(
        tuple(counties),
        tuple(compare_counties(placed, settings, progress=progress, cancellation=cancellation)),
        sum_counties(targets, counties),
        settings,
        make_crs_label(placed.plane_crs),
        lang,
        datetime.now().astimezone(),
        ignored_names,
        tuple(sorted(key for key in keys if not norm.is_confirmed(key))),
    )


def make_counties(sources: Sequence[str | Path]) -> tuple[County, ...]:
    """Return the counties of given data, named after them; those with the same name have their folder before it."""
    paths = [Path(parse_connection(str(one)).schema) if is_connection(one) else Path(one) for one in sources]
    stems = [path.stem if path.suffix else path.name for path in paths]
    counts = Counter(stems)
    names = [
        stem if counts[stem] == 1 else f"{path.parent.name}/{path.name}"
        for stem, path in zip(stems, paths, strict=True)
    ]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError("seams_twice", value=name)
    return tuple(
        County(name, str(source), is_package=not is_connection(source) and is_package(Path(source)))
        for name, source in zip(names, sources, strict=True)
    )
