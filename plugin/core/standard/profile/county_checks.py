# SPDX-License-Identifier: GPL-2.0-or-later
"""Validate a county's settings field by field, for a form.

The loader stops at the first error of a row; a form shows an error at each field. A limit looser than the parent's, a
target without a source document and a confirmation with a future date are errors here, because the next check would
reject them too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ...base.errors import DataError
from ...base.files.data import ErrorCollector
from ...model.indicator import AREA_FIGURES, SQUARE_METRES
from .. import CHECK_SECTION, Standard
from ..declared_operators import parse_number
from ..messages.numbers import format_ratio_limit
from ..messages.texts import IndicatorName
from . import checks
from .county_file import CountySettings, convert_target_to_row, load_profile_as_if_saved
from .load import load_named_standard, load_profile
from .norm import Norm
from .profile_data import IndicatorTarget, Profile
from .profile_figures import read_targets


@dataclass(frozen=True)
class FormFieldError:
    """An error at a field of the form.

    ``field_path``: such as ``targets[0].value``, ``ratio.limit``, ``confirmed.by``, ``name``; empty for the whole file.
    ``prevents_saving``: the error prevents saving; False for values that the user should only verify.
    """

    field_path: str
    error: DataError
    prevents_saving: bool = True


def find_county_problems(
    county: CountySettings, path: Path, text: str = "", saved: CountySettings | None = None
) -> list[FormFieldError]:
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
    problems = []
    try:
        base = load_base(county, path)
    except DataError as error:
        # A profile without settings replaces it.
        base, problems = load_profile(), [FormFieldError("base", error)]
    if not county.name.strip():
        problems.append(FormFieldError("name", DataError("county_name")))
    try:
        checks.read_member_areas({"area_code": county.area_code}, path)
    except DataError:
        problems.append(FormFieldError("area_code", DataError("county_code", value=county.area_code)))
    else:
        if not base.covers(county.area_code):
            params = {"value": county.area_code, "base": base.name, "base_code": base.area_code}
            problems.append(FormFieldError("base", DataError("county_not_below", **params)))
    norm = Norm(load_named_standard(tomllib.loads(text), base, path), base)
    problems += list(_check_targets(county, saved or CountySettings(), norm, path))
    problems += list(_check_county_settings(county, norm, path))
    rows = tomllib.loads(text).get(CHECK_SECTION, [])
    own_codes = [row["code"] for row in rows if isinstance(row, dict) and "code" in row]
    problems += list(
        _check_confirmation(county, norm.standard, path, [*(check.code for check in norm.declared_checks), *own_codes])
    )
    if not any(problem.prevents_saving for problem in problems):
        try:
            load_profile_as_if_saved(county, path, text)
        except DataError as error:
            problems.append(FormFieldError("", error))
    return problems


def load_base(county: CountySettings, path: Path) -> Profile:
    """Return the profile that a county inherits from.

    Without a parent, a profile with no settings. Raise DataError as `load_profile`.
    """
    if not county.parent_profile:
        return load_profile()
    sibling = path.parent / (
        county.parent_profile if county.parent_profile.endswith(".toml") else f"{county.parent_profile}.toml"
    )
    return load_profile(sibling if sibling.exists() else county.parent_profile)


def _check_targets(
    county: CountySettings, saved_county: CountySettings, norm: Norm, path: Path
) -> Iterator[FormFieldError]:
    """Yield the problems of each target: unreadable, repeated, without a source, implausible or too loose."""
    seen_targets: set[tuple[str, int]] = set()
    former_targets = {
        (each_target.indicator, each_target.year): each_target
        for each_target in (*norm.find_targets(county.area_code), *saved_county.targets)
    }
    for number, target in enumerate(county.targets):
        field = f"targets[{number}]"
        collector = ErrorCollector(keep=True)
        row = convert_target_to_row(replace(target, other_sources=()))
        readable_targets = read_targets([row], county.area_code, path, collector)
        for error in collector.found:
            # The loader saw one row only, so that its number is always 1.
            name = str(error.params.get("key", "")).removeprefix("targets[1]").lstrip(".")
            if name == "value":
                error = _make_number_error(target.value)
            elif name == "year":
                error = DataError("county_target_year", value=target.year or "")
            yield FormFieldError(f"{field}.{name}", error)
        if (target.indicator, target.year) in seen_targets:
            name = IndicatorName(target.indicator)
            yield FormFieldError(f"{field}.year", DataError("county_target_doubled", indicator=name, year=target.year))
        seen_targets.add((target.indicator, target.year))
        if not target.source.strip():
            yield FormFieldError(f"{field}.source", DataError("county_target_source"))
        former_target = former_targets.get((target.indicator, target.year))
        if readable_targets and former_target is not None:
            yield from _check_magnitude(field, target, former_target, norm)
            for base_target in norm.find_targets(county.area_code):
                is_same_figure = (base_target.indicator, base_target.year) == (target.indicator, target.year)
                if is_same_figure and target.is_looser(base_target):
                    yield FormFieldError(
                        f"{field}.value",
                        DataError("county_target_looser", value=base_target.value, source=base_target.source),
                        prevents_saving=False,
                    )


def _make_number_error(value: str) -> DataError:
    """Return the error for text that is not a number, with the number probably meant.

    “63，25” suggests 63.25.
    """
    corrected = normalize("NFKC", value).translate(str.maketrans(",。", "..")).replace(" ", "")
    if parse_number(corrected) is None:
        return DataError("county_not_a_number", value=value)
    return DataError("county_no_number", value=value, meant=corrected)


def _check_magnitude(
    field: str, target: IndicatorTarget, former_target: IndicatorTarget, norm: Norm
) -> Iterator[FormFieldError]:
    """Yield a non-blocking problem for an implausible change of a target.

    The change is implausible if the areas in m² differ by the factor of LAW002 (`implausible_times`): that indicates a
    wrong decimal point or unit.
    """
    if target.indicator not in AREA_FIGURES or (target.value, target.unit) == (former_target.value, former_target.unit):
        return
    new_m2, former_m2 = (
        each_target.numeric_value * SQUARE_METRES[each_target.unit] for each_target in (target, former_target)
    )
    if new_m2 <= 0 or former_m2 <= 0:
        return
    # Rounding removes the floating-point error of the division.
    factor = round(max(new_m2 / former_m2, former_m2 / new_m2), 6)
    if factor >= float(norm.get("rules.LAW002.implausible_times")):
        yield FormFieldError(
            f"{field}.value",
            DataError(
                "county_target_far",
                value=target.value,
                former=former_target.value,
                times=f"{factor:.3g}",
                unit=target.unit,
            ),
            prevents_saving=False,
        )


def _check_county_settings(county: CountySettings, norm: Norm, path: Path) -> Iterator[FormFieldError]:
    """Yield the problems of settings.

    They are a text instead of a number, an invalid value, and a ratio limit looser than the base's.
    """
    for key, value in county.value_by_setting.items():
        if isinstance(value, str) and isinstance(norm.standard.settings.get(key), int | float):
            yield FormFieldError(key, _make_number_error(value))
            continue
        try:
            checks.check_setting(key, value, norm.standard, path)
        except DataError as error:
            yield FormFieldError(key, error)
            continue
        if key == "ratio.limit" and norm.has_setting(key) and value > norm.get(key):
            base, usual_value = norm.profile.name or norm.standard.name, format_ratio_limit(norm.get(key))
            limit = format_ratio_limit(value)
            yield FormFieldError(key, DataError("county_limit_looser", value=limit, base=base, usual=usual_value))


def _check_confirmation(
    county: CountySettings, standard: Standard, path: Path, declared_codes: list[str]
) -> Iterator[FormFieldError]:
    """Yield the problems of a confirmation: missing authority or document, unknown items, a date in the future.

    ``declared_codes``: codes of declared checks, which a county may confirm.
    """
    confirmation = county.confirmation
    if not confirmation.has_no_group:
        for key, value in (("by", confirmation.by), ("document", confirmation.document)):
            if not value.strip():
                yield FormFieldError(f"confirmed.{key}", DataError(f"county_confirmed_{key}"))
    table: dict[str, Any] = {"by": "-", "document": "-", "date": confirmation.date, "items": list(confirmation.items)}
    if confirmation.has_no_group:
        table = {}
    if confirmation.singly:
        if not confirmation.by.strip():
            yield FormFieldError("confirmed.by", DataError("county_confirmed_by"))
        table["singly"] = {key: asdict(one) for key, one in confirmation.singly.items()}
    complaints = ErrorCollector(keep=True)
    checks.read_confirmed(table, standard, path, complaints, declared_codes)
    for error in complaints.found:
        name = str(error.params.get("key", ""))
        if name == "confirmed.date":
            error = DataError("county_confirmed_date", value=confirmation.date)
        yield FormFieldError(name, error)
    if not complaints.found and confirmation.date > date.today().isoformat():
        yield FormFieldError("confirmed.date", DataError("county_confirmed_later", value=confirmation.date))
