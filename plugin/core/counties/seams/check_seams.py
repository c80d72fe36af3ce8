# SPDX-License-Identifier: GPL-2.0-or-later
"""A check of seams: read the counties, compare neighbours, sum the areas, write the results.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import is_connection, parse_connection
from ...base.errors import InputError
from ...geometry.crs import make_crs_label
from ...package.package_spec.load import load_package_spec
from ...standard.profile import Norm
from ..county_record import County
from ..sources import CountyList, check_output_outside_data, is_package, list_counties
from .compare import compare_counties
from .placing import place_counties
from .read_borders import read_county_borders
from .seam_result import SEAMS_SECTION, CountyBorders, SeamOptions, SeamResult, SeamSettings
from .sums import ParentTargets, read_parent_targets, sum_counties
from .write_seams import check_output_folder, write_result

ProgressCallback = Callable[[float, str], None]
#: Shares of the progress: reading the counties, comparing them.
_READING_SHARE, _COMPARING_SHARE = 0.7, 0.25
#: A seam needs two counties.
_MIN_COUNTIES = 2


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
    found = find_counties(options)
    check_output_outside_data(options.output, options.sources, found.counties)
    check_output_folder(options.output)
    counties = []
    for number, county in enumerate(found.counties):
        cancellation.raise_if_cancelled()
        progress(_READING_SHARE * number / len(found.counties), county.name)
        borders = read_county_borders(
            county,
            options.check,
            options.package_spec,
            settings,
            with_figures=bool(targets.parent),
            cancellation=cancellation,
        )
        counties.append(borders)
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
        raise InputError("seams_none_read", reason=next((one.reason for one in counties), ""))
    placed = place_counties(read, settings.layers, settings.tolerance)
    pairs = compare_counties(placed, settings, progress=progress, cancellation=cancellation)
    keys = [f"{SEAMS_SECTION}.{key}" for key in norm.get_settings_section(SEAMS_SECTION)]
    return SeamResult(
        tuple(counties),
        tuple(pairs),
        sum_counties(targets, counties),
        settings,
        make_crs_label(placed.plane_crs),
        lang,
        datetime.now().astimezone(),
        ignored_names,
        tuple(sorted(key for key in keys if not norm.is_confirmed(key))),
    )


def find_counties(options: SeamOptions) -> CountyList:
    """Return the counties of a folder, of a list, or of the given data. Raise InputError for fewer than two."""
    if len(options.sources) == 1:
        found = list_counties(options.sources[0], options.output)
    else:
        missing = next((one for one in options.sources if not is_connection(one) and not Path(one).exists()), None)
        if missing is not None:
            raise InputError("source_missing", source=str(missing))
        found = CountyList(make_counties(options.sources))
    if len(found.counties) < _MIN_COUNTIES:
        raise InputError("seams_one_county", count=len(found.counties))
    return found


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
