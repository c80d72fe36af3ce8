# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the figures of a profile: targets, stated figures, heritage register.

``[[targets]]`` are figures that layers give; ``[[stated]]`` are those that layers cannot give (森林覆盖率);
no rule uses them, tables of indicators compare measured figures or statistics of the same name with their bounds.
``[[heritage_register]]`` counts the plan's heritage by kind and level, or names one site with its areas::

    [[heritage_register]]
    term = "省级文物保护单位"        # as printed
    kind = "文物保护单位"            # a name of heritage_kind.csv
    level = "省级"                   # a name of heritage_level.csv, "" where the text gives none
    count = 8
    source = "浑源县国土空间总体规划（2021—2035年）"

    [[heritage_register]]
    term = "历史文化街区"
    kind = "历史文化街区"
    level = ""
    name = "浑源古城历史文化街区"    # a site has a name instead of a count, and may have areas
    area = "63.34"
    core_area = "30.13"
    control_area = "33.21"
    unit = "ha"
    source = "…"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ...base.files.data import (
    ErrorCollector,
    check_known,
    check_type,
    make_unknown_value_error,
    read_record,
)
from ...model.indicator import AREA_FIGURES, SQUARE_METRES, STATED_FIGURES
from ...model.side_inputs import SideInputs
from .. import Standard
from ..indicator_catalogue import find_allowed_comparisons
from .profile_data import IndicatorTarget, PrintedValue, RegisteredSite, StatedFigure

_FigureType = TypeVar("_FigureType", IndicatorTarget, StatedFigure, RegisteredSite)


def merge_figures_with_base(base: tuple[_FigureType, ...], own: tuple[_FigureType, ...]) -> tuple[_FigureType, ...]:
    """Return own figures, then the base profile's figures that they do not replace.

    A figure keeps its area code. So figures of the base apply only if the base is a profile of the same area: a county
    is never compared with its province's totals. If an own target is less strict than the base's, both stay in force
    and are checked.
    """
    own_rows = {_make_identity(row): row for row in own}

    def stays_in_force(row: _FigureType) -> bool:
        own_row = own_rows.get(_make_identity(row))
        is_looser = isinstance(own_row, IndicatorTarget) and isinstance(row, IndicatorTarget) and own_row.is_looser(row)
        return own_row is None or is_looser

    return own + tuple(row for row in base if stays_in_force(row))


def _make_identity(row: IndicatorTarget | StatedFigure | RegisteredSite) -> tuple[str | int, ...]:
    """Return what identifies a figure, such as area code, indicator and year.

    Two figures with equal results are duplicates.
    """
    if isinstance(row, RegisteredSite):
        return (row.area_code, row.kind, row.level, row.name)
    return (row.area_code, row.indicator if isinstance(row, IndicatorTarget) else row.name, row.year)


def read_targets(rows: Any, area_code: str, path: Path, errors: ErrorCollector) -> tuple[IndicatorTarget, ...]:
    """Return the targets of a profile.

    A missing, unknown, repeated or misprinted value is an error with row and key.
    """
    return _read_figures(
        rows,
        "targets",
        path,
        errors,
        lambda row, field: _read_target(row, area_code, path, field),
        lambda target: ("indicator", f"{target.indicator} {target.year}", "also_said"),
    )


def read_stated_figures(rows: Any, area_code: str, path: Path, errors: ErrorCollector) -> tuple[StatedFigure, ...]:
    """Return the stated figures of a profile: figures that no layer gives.

    Errors as of `read_targets`.
    """
    return _read_figures(
        rows,
        "stated",
        path,
        errors,
        lambda row, field: read_record(StatedFigure, row, file=path, where=field, given={"area_code": area_code}),
        lambda one: ("name", f"{one.name} {one.year}", "also_said"),
    )


def read_heritage_register(
    rows: Any, area_code: str, standard: Standard, path: Path, errors: ErrorCollector
) -> tuple[RegisteredSite, ...]:
    """Return the heritage register of a profile. Raise DataError as `read_targets`."""

    def read_site(row: dict[str, Any], field: str) -> RegisteredSite:
        """Return the site or number of sites in a row, whose kind and level are names of the standard's lists."""
        site = read_record(RegisteredSite, row, file=path, where=field, given={"area_code": area_code})
        for key, value, name in (("kind", site.kind, "heritage_kind"), ("level", site.level, "heritage_level")):
            if value or key == "kind":
                known_names = [code.name for code in standard.code_lists[name].entry_by_code.values()]
                check_known(value, known_names, path, f"{field}.{key}")
        return site

    return _read_figures(
        rows, "heritage_register", path, errors, read_site, lambda site: ("term", site.term, "kind + level + name")
    )


def _read_figures(
    rows: Any,
    name: str,
    path: Path,
    errors: ErrorCollector,
    read_row: Callable[[dict[str, Any], str], _FigureType],
    describe_repeated: Callable[[_FigureType], tuple[str, str, str]],
) -> tuple[_FigureType, ...]:
    """Return the figures of an array of tables.

    ``read_row`` returns the figure of a table and its place (``targets[1]``). ``describe_repeated`` returns key, value
    and what is allowed, for the error on a figure that occurs twice.
    """
    figures: dict[tuple[str | int, ...], _FigureType] = {}
    with errors.collect_data_error():
        check_type(rows, list, file=path, key=name)
        for position, row in enumerate(rows, 1):
            field = f"{name}[{position}]"
            with errors.collect_data_error():
                figure = read_row(check_type(row, dict, file=path, key=name), field)
                if figures.setdefault(_make_identity(figure), figure) is not figure:
                    key, value, allowed = describe_repeated(figure)
                    raise make_unknown_value_error(path, f"{field}.{key}", value, (allowed,))
    return tuple(figures.values())


def _read_target(row: dict[str, Any], area_code: str, path: Path, field: str) -> IndicatorTarget:
    """Return the target in a row of ``[[targets]]``; raise DataError for an invalid value.

    ``area_code``: code of the profile's area; ``field``: the row's name in errors (``targets[1]``).
    """
    target = read_record(IndicatorTarget, row, file=path, where=field, given={"area_code": area_code})
    is_count = {**AREA_FIGURES, **STATED_FIGURES}[target.indicator][1] == "count"
    check_known(target.unit, ("count",) if is_count else tuple(SQUARE_METRES), path, f"{field}.unit")
    allowed_here = find_allowed_comparisons(target.indicator)
    if target.comparison not in allowed_here:
        raise make_unknown_value_error(path, f"{field}.comparison", target.comparison, [f"“{k}”" for k in allowed_here])
    if target.area_code != area_code and not re.fullmatch(r"[0-9]{6}", target.area_code):
        raise make_unknown_value_error(path, f"{field}.area_code", target.area_code, (area_code, "140225"))
    return target


@dataclass(frozen=True)
class AllocatedTarget(PrintedValue):
    """A target that a county allocates to one township.

    ``code``: nine digits or empty; ``name``: the township's; ``indicator``: one of `AREA_FIGURES`; ``value`` as
    printed, in ``unit``; ``line_number``: row of the table.
    """

    code: str
    name: str
    indicator: str
    comparison: str
    value: str
    unit: str
    source: str
    line_number: int


@dataclass(frozen=True)
class AllocatedTargets:
    """A table of targets that a county allocates to its townships (乡镇任务表); empty if none was given.

    ``file_name``: its name without folders; ``total_rows``: its rows with sums (合计, 全县); ``listed_townships``:
    codes and names of all listed townships, including those without a figure.
    """

    file_name: str = ""
    targets: tuple[AllocatedTarget, ...] = ()
    total_rows: tuple[AllocatedTarget, ...] = ()
    listed_townships: frozenset[str] = frozenset()

    @property
    def indicators(self) -> list[str]:
        """Return the indicators that have a township target, each once."""
        return list(dict.fromkeys(allocated.indicator for allocated in self.targets))


NO_ALLOCATED_TARGETS = AllocatedTargets()


def get_township_targets(side_inputs: SideInputs) -> AllocatedTargets:
    """Return the targets given for the townships; empty if no table was given."""
    return side_inputs.get_input("targets", AllocatedTargets) or NO_ALLOCATED_TARGETS
