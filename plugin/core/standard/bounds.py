# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a custom standard with the shipped standards that it is based on.

`check_numbers` refuses a custom standard with numbers that no profile could set. `find_loosened_keys` lists other
points in which it is less strict; a run with such a standard is incomplete (RUN904). `ends_comparison` finds a setting
that ends a comparison, as listed in ``switches.toml``, which no profile can change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any

from ...paths import STANDARDS_FOLDER
from ..base.errors import DataError
from ..base.files.data import check_type, read_toml
from ..model.rule import Severity, load_all_rules
from .conflicts import ALLOWED_MEANING, CONFLICTS_SECTION
from .edition import STANDARD_FILE, Standard, find_edition_folders
from .load import find_shipped_base_standards, load_standard

#: Largest multiple of the shipped tolerance; rules ignore anything smaller than a tolerance.
_MAX_TOLERANCE_FACTOR = 100
#: Largest multiple of the limits of waivers; a larger change is another conflict than the accepted one.
_MAX_WAIVER_FACTOR = 10
#: Largest multiple of the limits for a shift of a whole edition; a longer one is a change of the land.
_MAX_SHIFT_FACTOR = 10
_MAX_FACTOR_BY_KEY_PREFIX = {
    "tolerance.": _MAX_TOLERANCE_FACTOR,
    "waivers.": _MAX_WAIVER_FACTOR,
    "editions.": _MAX_SHIFT_FACTOR,
    "rules.": _MAX_TOLERANCE_FACTOR,
}
#: Parameters of rules: rules report no difference below them.
_ALLOWANCE_PREFIX = "allowance_"
_SEVERITY_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}
#: Put before the key of a setting in a report: the county ends a comparison by this setting.
DISABLED_PREFIX = "off."
_SWITCHES_FILE = STANDARDS_FOLDER / "common-2021" / "switches.toml"


def find_shipped_counterparts(standard: Standard) -> tuple[Standard, ...]:
    """Return the shipped standards that a standard is compared with.

    For a shipped standard it is the standard itself.
    """
    if standard.is_shipped:
        return (standard,)
    newest = (load_standard(standard.id),) if standard.id in find_edition_folders(name=standard.id) else ()
    by_folder = {
        shipped_standard.folder: shipped_standard
        for shipped_standard in (*find_shipped_base_standards(standard), *newest)
        if shipped_standard.folder != standard.folder
    }
    return tuple(by_folder.values())


def find_maximum(key: str, standard: Standard, shipped_standards: Iterable[Standard]) -> float | None:
    """Return the largest value allowed for a tolerance or limit; None if any value is allowed.

    It is a multiple of the shipped value, or of the rule's default, so a custom standard cannot raise it.
    ``shipped_standards``: those that the standard is compared with.
    """
    factor = next((factor for prefix, factor in _MAX_FACTOR_BY_KEY_PREFIX.items() if key.startswith(prefix)), None)
    if factor is None or (key.startswith("rules.") and not key.rsplit(".", 1)[-1].startswith(_ALLOWANCE_PREFIX)):
        return None
    shipped_values = [
        shipped_standard.settings[key] for shipped_standard in shipped_standards if key in shipped_standard.settings
    ]
    shipped_value = max(shipped_values, default=standard.settings.get(key) if standard.is_shipped else None)
    if shipped_value is None:
        code, _, name = key.removeprefix("rules.").partition(".")
        rule = load_all_rules().get(code) if key.startswith("rules.") else None
        shipped_value = (
            next((parameter.default for parameter in rule.parameters if parameter.name == name), None) if rule else None
        )
    return None if shipped_value is None else factor * float(shipped_value)


def check_number(
    key: str, value: Any, standard: Standard, path: Any, shipped_standards: tuple[Standard, ...] | None = None
) -> None:
    """Raise DataError for a number below 0, a share above 1, or a value above its maximum.

    ``shipped_standards``: result of `find_shipped_counterparts`, for callers that check many numbers.
    """
    check_type(value, (int, float), file=path, key=key)
    if shipped_standards is None:
        shipped_standards = find_shipped_counterparts(standard)
    maximum = find_maximum(key, standard, shipped_standards)
    if key.endswith("_share"):
        # A share of 15, meant as 15 %, would accept everything.
        maximum = 1.0 if maximum is None else min(1.0, maximum)
    if value < 0 or (maximum is not None and value > maximum):
        allowed_text = ">= 0" if value < 0 else "0–1" if key.endswith("_share") and value > 1 else f"<= {maximum:g}"
        raise DataError("data_value_unknown", file=str(path), key=key, value=str(value), known=allowed_text)


def check_numbers(standard: Standard) -> Standard:
    """Return the standard if its own numbers are valid, else raise DataError."""
    if standard.is_shipped:
        return standard
    shipped_standards = find_shipped_counterparts(standard)
    for own_standard in list_custom_standards(standard):
        for key in sorted(own_standard.own_keys & own_standard.settings.keys()):
            value = own_standard.settings[key]
            shipped_value = next(
                (
                    shipped_standard.settings[key]
                    for shipped_standard in shipped_standards
                    if key in shipped_standard.settings
                ),
                None,
            )
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            if numeric or (isinstance(shipped_value, int | float) and not isinstance(shipped_value, bool)):
                check_number(key, value, standard, own_standard.folder / STANDARD_FILE, shipped_standards)
    return standard


def list_custom_standards(standard: Standard) -> list[Standard]:
    """Return the standard and those that it includes, without the shipped ones."""
    return [one for one in standard.list_with_included_standards() if not one.is_shipped]


def find_loosened_keys(standard: Standard) -> list[str]:
    """Return the keys in which a custom standard is less strict than the shipped ones.

    They are mandatory concepts that a scope lacks, roles that a concept lost, layers that may now overlap, lowered
    severities, settings marked A or B or confirmed only by the custom standard, and codes that were changed or
    removed.
    """
    shipped_standards = (one for one in find_shipped_counterparts(standard) if one is not standard)
    return list(dict.fromkeys(key for one in shipped_standards for key in _list_looser_keys(standard, one)))


def _list_looser_keys(custom: Standard, shipped_standard: Standard) -> Iterator[str]:
    """Yield each key in which a custom standard is less strict than one shipped standard."""
    for name, scope in shipped_standard.scopes.items():
        own_mandatory = custom.scopes[name].mandatory_concepts if name in custom.scopes else ()
        missing_members = [concept for concept in scope.mandatory_concepts if concept not in own_mandatory]
        if missing_members:
            yield f"scopes.{name}.mandatory（−{'、'.join(missing_members)}）"
    for name, roles in shipped_standard.concepts.items():
        missing_members = [role for role in roles if role not in custom.concepts.get(name, ())]
        if missing_members:
            yield f"concepts.{name}（−{'、'.join(missing_members)}）"
    for role, template in shipped_standard.templates.items():
        own_template = custom.templates.get(role)
        if own_template is not None and own_template.overlap == "allowed" != template.overlap:
            yield f"templates/{role}.toml：overlap（allowed）"
    yield from _list_lowered_severities(custom, shipped_standard)
    for item in sorted(custom.confirmed - shipped_standard.confirmed):
        yield f"confirmed.items（{item}）"
    yield from _list_unsourced_marks(custom, shipped_standard)
    for name, codes in shipped_standard.code_lists.items():
        if (own_list := custom.code_lists.get(name)) is None:
            continue
        own_entries = own_list.entry_by_code
        # A code is missing, or has another parent or another value in a further column.
        changed_codes = [
            code
            for code, entry in codes.entry_by_code.items()
            if code not in own_entries
            or own_entries[code].other_columns != entry.other_columns
            or own_list.list_code_and_parents(code) != codes.list_code_and_parents(code)
        ]
        if changed_codes:
            yield f"codelists/{name}.csv（{'、'.join(changed_codes[:5])}）"


def _list_unsourced_marks(custom: Standard, shipped_standard: Standard) -> Iterator[str]:
    """Yield the custom standard's marks A and B without a source, and those on values that another standard sets."""
    keys = {key for own_standard in list_custom_standards(custom) for key in own_standard.own_keys}
    for item, mark in custom.marks.items():
        if mark == "C" or shipped_standard.marks.get(item) == mark:
            continue
        if not any(f"{key}.".startswith(f"{item}.") for key in keys) or not custom.mark_sources.get(item):
            yield f"marks.{item}（{mark}）"


def _list_lowered_severities(custom: Standard, shipped_standard: Standard) -> Iterator[str]:
    """Yield each key of a severity that a custom standard lowers."""
    rules = load_all_rules()
    tables = [("severity", custom.severity, shipped_standard.severity)]
    tables += [
        (f"phase.{phase}.severity", severities, shipped_standard.phases.get(phase, {}))
        for phase, severities in custom.phases.items()
    ]
    for section, severities, shipped_table in tables:
        for code, severity in severities.items():
            shipped_severity = Severity(
                shipped_table.get(code, shipped_standard.severity.get(code, rules[code].severity))
            )
            if code in rules and _SEVERITY_RANK[Severity(severity)] < _SEVERITY_RANK[shipped_severity]:
                yield f"{section}.{code}（{severity}）"


#: Returns the settings that can end a comparison, by the way in which they do. A setting under ``flags`` does so by
#: False, one under ``lists`` by removed entries, one under ``at_least`` or ``at_most`` from a number on.
#: Under ``users`` are the rules that use a setting without declaring it.
load_switches = cache(partial(read_toml, _SWITCHES_FILE))


def ends_comparison(key: str, value: Any, shipped_value: Any) -> bool:
    """Return True if a value of a setting ends a comparison that the shipped value makes."""
    switches = load_switches()
    if shipped_value is None or value == shipped_value:
        return False
    if key in switches["flags"]:
        return value is False
    if key in switches["lists"]:
        return len(value) < len(shipped_value) or not set(value) & set(shipped_value)
    if key.startswith(f"{CONFLICTS_SECTION}."):
        return bool(value == ALLOWED_MEANING)
    bounds = switches["at_least"].get(key, float("inf")), switches["at_most"].get(key, float("-inf"))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and not bounds[1] < value < bounds[0]


def list_undeclared_users(key: str) -> list[str]:
    """Return the codes of rules that use a setting although the rules do not declare it.

    ``switches.toml`` lists them by setting key or section.
    """
    users = load_switches()["users"]
    return [*users.get(key, ()), *users.get(key.partition(".")[0], ())]
