# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the figures of a profile: targets, stated figures, heritage register.

``[[targets]]`` are figures that layers give; ``[[stated]]`` are those that layers cannot give (森林覆盖率).
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

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ...base.choices import BASE_YEARS
from ...base.files.data import ErrorCollector, check_keys, check_known, check_type, make_unknown_value_error
from ...model.indicator import AREA_FIGURES, SQUARE_METRES, STATED_FIGURES
from ...model.side_inputs import SideInputs
from .. import Standard
from ..indicator_catalogue import find_allowed_comparisons
from .profile_data import (
    BINDING_TARGET_WORD,
    IndicatorTarget,
    OtherSource,
    RegisteredSite,
    StatedFigure,
    count_decimals,
)

TARGET_COMPARISONS = (">=", "<=", "=")
TARGET_BINDINGS = (BINDING_TARGET_WORD, "预期性", "")
_FIGURE_KEYS = ("comparison", "value", "unit", "year", "binding", "source")
_AREA_KEYS = ("area", "core_area", "control_area")
#: Years that a plan may name; a typing error (20235, 25) is outside.
_VALID_YEARS = range(BASE_YEARS[0], BASE_YEARS[1] + 1)
_FigureType = TypeVar("_FigureType", IndicatorTarget, StatedFigure, RegisteredSite)


def merge_figures_with_base(base: tuple[_FigureType, ...], own: tuple[_FigureType, ...]) -> tuple[_FigureType, ...]:
    """Return own figures, then the base profile's figures that they do not replace.

    A figure keeps its area code. So figures of the base apply only if the base is a profile of the same area: a county
    is never compared with its province's totals. If an own target is less strict than the base's, both stay in force
    and are checked.
    """
    own_rows = {_make_identity(row): row for row in own}
    return own + tuple(
        row for row in base if _make_identity(row) not in own_rows or _is_looser(own_rows[_make_identity(row)], row)
    )


def _is_looser(
    own_row: IndicatorTarget | StatedFigure | RegisteredSite, base_row: IndicatorTarget | StatedFigure | RegisteredSite
) -> bool:
    """Return True for a target that is less strict than the base's; False for other figures."""
    return (
        isinstance(own_row, IndicatorTarget) and isinstance(base_row, IndicatorTarget) and own_row.is_looser(base_row)
    )


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

    def read_stated_figure(row: dict[str, Any], field: str) -> StatedFigure:
        """Return the figure in a row of ``[[stated]]``."""
        check_keys(row, required=("name", *_FIGURE_KEYS), allowed=("note", "also_said"), file=path, where=field)
        values = _read_shared_values(row, path, field)
        for key in ("name", "note"):
            values[key] = check_type(row.get(key, ""), str, file=path, key=f"{field}.{key}")
        return StatedFigure(area_code=area_code, **values)

    return _read_figures(
        rows, "stated", path, errors, read_stated_figure, lambda one: ("name", f"{one.name} {one.year}", "also_said")
    )


def read_heritage_register(
    rows: Any, area_code: str, standard: Standard, path: Path, errors: ErrorCollector
) -> tuple[RegisteredSite, ...]:
    """Return the heritage register of a profile. Raise DataError as `read_targets`."""
    return _read_figures(
        rows,
        "heritage_register",
        path,
        errors,
        lambda row, field: _read_registered_site(row, area_code, standard, path, field),
        lambda site: ("term", site.term, "kind + level + name"),
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
    optional_keys = ("area_code", "also_said", "warn_below")
    check_keys(row, required=("indicator", *_FIGURE_KEYS), allowed=optional_keys, file=path, where=field)
    values = _read_shared_values(row, path, field)
    known_indicators = {**AREA_FIGURES, **STATED_FIGURES}
    check_known(row["indicator"], known_indicators, path, f"{field}.indicator")
    units = ("count",) if known_indicators[row["indicator"]][1] == "count" else tuple(SQUARE_METRES)
    check_known(row["unit"], units, path, f"{field}.unit")
    values["indicator"] = row["indicator"]
    allowed_here = find_allowed_comparisons(row["indicator"])
    if row["comparison"] not in allowed_here:
        raise make_unknown_value_error(path, f"{field}.comparison", row["comparison"], [f"“{k}”" for k in allowed_here])
    code = check_type(row.get("area_code", area_code), str, file=path, key=f"{field}.area_code")
    if code != area_code and not re.fullmatch(r"[0-9]{6}", code):
        raise make_unknown_value_error(path, f"{field}.area_code", code, (area_code, "140225"))
    if "warn_below" in row:
        values["warn_below"] = _read_printed_number(row["warn_below"], path, f"{field}.warn_below")
    return IndicatorTarget(area_code=code, **values)


def _read_shared_values(row: dict[str, Any], path: Path, field: str) -> dict[str, Any]:
    """Read and validate the fields that both a target and a stated figure have: value, unit, source, year and so on."""
    values: dict[str, Any] = {"value": _read_printed_number(row["value"], path, f"{field}.value")}
    for key in ("unit", "source"):
        values[key] = check_type(row[key], str, file=path, key=f"{field}.{key}")
    for key, allowed_values in (("comparison", TARGET_COMPARISONS), ("binding", TARGET_BINDINGS)):
        values[key] = row[key]
        if row[key] not in allowed_values:
            raise make_unknown_value_error(path, f"{field}.{key}", row[key], [f"“{k}”" for k in allowed_values])
    values["year"] = _read_year(row["year"], path, f"{field}.year")
    values["other_sources"] = tuple(
        _read_other_source(source, path, f"{field}.also_said[{n}]")
        for n, source in enumerate(check_type(row.get("also_said", []), list, file=path, key=f"{field}.also_said"), 1)
    )
    return values


def _read_other_source(row: Any, path: Path, field: str) -> OtherSource:
    """Return the value of a figure in another document, from a row of ``also_said``; raise DataError if invalid."""
    check_type(row, dict, file=path, key=field)
    check_keys(row, required=("value", "source"), allowed=("year",), file=path, where=field)
    year = _read_year(row["year"], path, f"{field}.year") if "year" in row else 0
    source = check_type(row["source"], str, file=path, key=f"{field}.source")
    return OtherSource(_read_printed_number(row["value"], path, f"{field}.value"), source, year)


def _read_registered_site(
    row: dict[str, Any], area_code: str, standard: Standard, path: Path, field: str
) -> RegisteredSite:
    """Return the site or number of sites in a row of ``[[heritage_register]]``; raise DataError if invalid."""
    required_keys = ("term", "kind", "level", "source", "name" if "count" not in row else "count")
    check_keys(
        row, required=required_keys, allowed=() if "count" in row else ("unit", *_AREA_KEYS), file=path, where=field
    )
    values = {
        k: check_type(value, str, file=path, key=f"{field}.{k}")
        for k, value in row.items()
        if k not in ("count", "unit", *_AREA_KEYS)
    }
    for key, name in (("kind", "heritage_kind"), ("level", "heritage_level")):
        known_names = [code.name for code in standard.code_lists[name].entry_by_code.values()]
        if row[key] not in known_names and (key == "kind" or row[key]):
            raise make_unknown_value_error(path, f"{field}.{key}", row[key], known_names)
    if "count" in row:
        count = check_type(row["count"], int, file=path, key=f"{field}.count")
        if count < 0:
            raise make_unknown_value_error(path, f"{field}.count", count, (">= 0",))
        return replace(RegisteredSite(area_code=area_code, **values), count=count)
    areas = {k: _read_printed_number(row[k], path, f"{field}.{k}") for k in _AREA_KEYS if k in row}
    if areas or "unit" in row:
        check_known(row.get("unit", ""), SQUARE_METRES, path, f"{field}.unit")
        areas["unit"] = row["unit"]
    return replace(RegisteredSite(area_code=area_code, **values), **areas)  # type: ignore[arg-type]


def _read_printed_number(value: Any, path: Path, key: str) -> str:
    """Return a number that is given as text, such as "16.46"; raise DataError for another value."""
    # A number with too many digits becomes infinite, and would limit nothing.
    if not re.fullmatch(r"\d+(\.\d+)?", check_type(value, str, file=path, key=key)) or not math.isfinite(float(value)):
        raise make_unknown_value_error(path, key, value, ('"16.46"',))
    return str(value)


def _read_year(value: Any, path: Path, key: str) -> int:
    """Return a year of a plan; raise DataError for a value outside 1990 to 2100."""
    if check_type(value, int, file=path, key=key) not in _VALID_YEARS:
        raise make_unknown_value_error(path, key, value, (f"{_VALID_YEARS[0]}–{_VALID_YEARS[-1]}",))
    return int(value)


@dataclass(frozen=True)
class AllocatedTarget:
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

    @property
    def numeric_value(self) -> float:
        """Return the value as a number."""
        return float(self.value)

    @property
    def printed_decimals(self) -> int:
        """Return the number of decimals as printed."""
        return count_decimals(self.value)


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

    def select_by_indicator(self, indicator: str) -> list[AllocatedTarget]:
        """Return the targets of an indicator."""
        return [allocated for allocated in self.targets if allocated.indicator == indicator]

    @property
    def indicators(self) -> list[str]:
        """Return the indicators that have a township target, each once."""
        return list(dict.fromkeys(allocated.indicator for allocated in self.targets))


NO_ALLOCATED_TARGETS = AllocatedTargets()


def get_township_targets(side_inputs: SideInputs) -> AllocatedTargets:
    """Return the targets given for the townships; empty if no table was given."""
    return side_inputs.get_input("targets", AllocatedTargets) or NO_ALLOCATED_TARGETS
