# SPDX-License-Identifier: GPL-2.0-or-later
"""Validate a county's settings field by field, for a form.

The loader stops at the first error of a row; a form shows an error at each field. A limit looser than the parent's, a
target
without a source document and a confirmation with a future date are errors here, because the next check would reject
them too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from unicodedata import normalize

from ..errors import DataError
from ..files.data import ErrorCollector
from ..messages.texts import IndicatorName
from ..model.indicator import AREA_FIGURES, SQUARE_METRES
from ..standard import Standard
from . import checks
from .county_file import CountySettings, compose_county
from .figures import read_targets
from .load import load_profile, load_table, standard_of
from .model import Profile, Target
from .norm import Norm


@dataclass(frozen=True)
class Problem:
    """An error at a field.

    Fields: ``targets[0].value``, ``ratio.limit``, ``confirmed.by``, ``name``; empty for the whole file.

    ``blocks``: the error prevents saving; False for values that the user should only verify.
    """

    field: str
    error: DataError
    blocks: bool = True


def find_county_problems(
    county: CountySettings, path: Path, text: str = "", saved: CountySettings | None = None
) -> list[Problem]:
    """Return all problems of a county's settings, in the order of the form.

    Parameters
    ----------
    county
        The settings as entered in the form.
    path
        The file that the settings will be saved to; it need not exist.
    text
        The current contents of that file.
    saved
        The settings as the form opened them; changed targets are compared with these.
    """
    base, found = _load_base(county, path)
    found += _check_identity(county, base, path)
    norm = Norm(_load_standard(path, text, base), base)
    found += list(_check_targets(county, saved or CountySettings(), norm, path))
    found += list(_check_limits(county, norm, path))
    found += list(_check_confirmation(county, norm.standard, path))
    if not any(one.blocks for one in found):
        try:
            load_table(tomllib.loads(compose_county(county, path, text)), path)
        except DataError as error:
            found.append(Problem("", error))
    return found


def load_base(county: CountySettings, path: Path) -> Profile:
    """Return the profile that a county inherits from.

    Without a parent, a profile with no settings. Raise DataError as `load_profile`.
    """
    if not county.base:
        return load_profile()
    sibling = path.parent / (county.base if county.base.endswith(".toml") else f"{county.base}.toml")
    return load_profile(sibling if sibling.exists() else county.base)


def _load_base(county: CountySettings, path: Path) -> tuple[Profile, list[Problem]]:
    try:
        return load_base(county, path), []
    except DataError as error:
        return load_profile(), [Problem("base", error)]


def _load_standard(path: Path, text: str, base: Profile) -> Standard:
    """Return the standard that the file names, else the standard of its base."""
    table = tomllib.loads(text) if text else {}
    return standard_of(table, base, path)


def _check_identity(county: CountySettings, base: Profile, path: Path) -> list[Problem]:
    found = []
    if not county.name.strip():
        found.append(Problem("name", DataError("county_name")))
    try:
        checks.read_area({"area_code": county.area_code}, path)
    except DataError:
        found.append(Problem("area_code", DataError("county_code", value=county.area_code)))
    else:
        if not base.covers(county.area_code):
            error = DataError("county_not_below", value=county.area_code, base=base.name, base_code=base.area_code)
            found.append(Problem("base", error))
    return found


def _check_targets(county: CountySettings, saved: CountySettings, norm: Norm, path: Path) -> Iterator[Problem]:
    seen: set[tuple[str, int]] = set()
    before = {(t.indicator, t.year): t for t in (*norm.targets(county.area_code), *saved.targets)}
    for number, target in enumerate(county.targets):
        where = f"targets[{number}]"
        complaints = ErrorCollector(keep=True)
        read = read_targets([_to_table(target)], county.area_code, path, complaints)
        for error in complaints.found:
            yield _target_problem(where, target, error)
        if (target.indicator, target.year) in seen:
            name = IndicatorName(target.indicator)
            yield Problem(f"{where}.year", DataError("county_target_doubled", indicator=name, year=target.year))
        seen.add((target.indicator, target.year))
        if not target.source.strip():
            yield Problem(f"{where}.source", DataError("county_target_source"))
        former = before.get((target.indicator, target.year))
        if read and former is not None:
            yield from _check_magnitude(where, target, former, norm)
            yield from _check_not_looser(where, target, norm, county.area_code)


def _to_table(target: Target) -> dict[str, object]:
    keys = ("indicator", "comparison", "value", "unit", "year", "binding", "source")
    row = {key: getattr(target, key) for key in keys}
    return row | ({"warn_below": target.warn_below} if target.warn_below else {})


def _target_problem(where: str, target: Target, error: DataError) -> Problem:
    """Convert a loader error to a problem of the form.

    The loader saw one row only, so its row number is always 1.
    """
    name = str(error.params.get("key", "")).removeprefix("targets[1]").lstrip(".")
    if name == "value":
        return Problem(f"{where}.value", _number_error(target.value))
    if name == "year":
        return Problem(f"{where}.year", DataError("county_target_year", value=target.year or ""))
    return Problem(f"{where}.{name}", error)


def _number_error(value: str) -> DataError:
    """Return the error for text that is not a number, with the probable number.

    “63，25” suggests 63.25.
    """
    meant = normalize("NFKC", value).translate(str.maketrans(",。", "..")).replace(" ", "")
    try:
        float(meant)
    except ValueError:
        return DataError("county_not_a_number", value=value)
    return DataError("county_no_number", value=value, meant=meant)


def _check_magnitude(where: str, target: Target, former: Target, norm: Norm) -> Iterator[Problem]:
    """Yield a non-blocking problem for an implausible change of a target.

    The targets differ by the factor of LAW002 (`implausible_times`).
    Areas are compared in m². Such a factor indicates a wrong decimal point or unit.
    """
    if target.indicator not in AREA_FIGURES or (target.value, target.unit) == (former.value, former.unit):
        return
    new, old = (one.number * SQUARE_METRES[one.unit] for one in (target, former))
    if new <= 0 or old <= 0:
        return
    # Rounding removes the floating-point error of the division.
    times = round(max(new / old, old / new), 6)
    if times >= float(norm.get("rules.LAW002.implausible_times")):
        yield Problem(
            f"{where}.value",
            DataError(
                "county_target_far", value=target.value, former=former.value, times=f"{times:.3g}", unit=target.unit
            ),
            blocks=False,
        )


def _check_not_looser(where: str, target: Target, norm: Norm, area_code: str) -> Iterator[Problem]:
    """Yield a problem if the target is looser than the base's for the same area.

    The base's target stays in force.
    """
    for above in norm.targets(area_code):
        same = (above.indicator, above.year) == (target.indicator, target.year)
        if same and target.looser_than(above):
            yield Problem(f"{where}.value", DataError("county_target_looser", value=above.value, source=above.source))


def _check_limits(county: CountySettings, norm: Norm, path: Path) -> Iterator[Problem]:
    for key, value in county.settings.items():
        if isinstance(value, str) and isinstance(norm.standard.settings.get(key), int | float):
            yield Problem(key, _number_error(value))
            continue
        try:
            checks.check_setting(key, value, norm.standard, path)
        except DataError as error:
            yield Problem(key, error)
            continue
        if key == "ratio.limit" and norm.sets(key) and value > norm.get(key):
            base, usual = norm.profile.name or norm.standard.name, f"{norm.get(key):g}"
            yield Problem(key, DataError("county_limit_looser", value=f"{value:g}", base=base, usual=usual))


def _check_confirmation(county: CountySettings, standard: Standard, path: Path) -> Iterator[Problem]:
    given = county.confirmation
    if given.is_empty:
        return
    for key, value in (("by", given.by), ("document", given.document)):
        if not value.strip():
            yield Problem(f"confirmed.{key}", DataError(f"county_confirmed_{key}"))
    table = {"by": "-", "document": "-", "date": given.date, "items": list(given.items)}
    complaints = ErrorCollector(keep=True)
    checks.read_confirmed(table, standard, path, complaints)
    for error in complaints.found:
        name = str(error.params.get("key", ""))
        if name == "confirmed.date":
            error = DataError("county_confirmed_date", value=given.date)
        yield Problem(name, error)
    if not complaints.found and given.date > date.today().isoformat():
        yield Problem("confirmed.date", DataError("county_confirmed_later", value=given.date))
