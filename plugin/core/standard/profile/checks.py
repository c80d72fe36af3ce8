# SPDX-License-Identifier: GPL-2.0-or-later
"""Validate each value of a profile against the standard's own.

A typing error must not pass as a decision of the county.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from ...base.errors import DataError
from ...base.files.data import (
    SOURCE_MARKS,
    ErrorCollector,
    between,
    check_keys,
    check_known,
    check_type,
    make_unknown_value_error,
    matching,
    one_of,
    read_value,
)
from ...model.indicator import RATIO_FORMS
from ...model.rule import Severity, load_all_rules
from .. import EVERY_RULE, FEATURE_CODES_SECTION, SETTING_SECTIONS, Standard, flatten_table
from ..bounds import check_number
from ..conflicts import CONFLICT_MEANINGS, CONFLICTS_SECTION
from ..edition import PLANNING_PHASES
from .profile_data import ABSENCE_ITEM
from .space_map import THREE_ZONES, check_three_zone_name

#: A division: province, city or county.
_DIVISION_CODE_FORM = "[1-9][0-9]{5}"
#: The codes of the divisions of an area.
MemberAreas = tuple[Annotated[str, matching(_DIVISION_CODE_FORM, "140700")], ...]
#: A 要素代码: the field has ten characters.
_FEATURE_CODE_FORM = "[0-9]{1,10}"
#: Settings by layer code that any layer may have.
LAYER_LIMIT_KEY_PREFIXES = ("quality.min_area_m2.", "quality.narrow_m.")
#: Parameters in version 0.1.0 or in a development version that no rule has any more, their section, and their keys.
_RETIRED_NAMES = (
    "least_detail_levels",
    "least_map_difference",
    "most_blank_pages_in_row",
    "most_blank_share",
    "most_edge_share",
    "most_plain_share",
    "most_repeated_share",
    "most_shared_share",
)
_RETIRED_SECTION = "rules.DOC005"
RETIRED_SETTINGS = frozenset(f"{_RETIRED_SECTION}.{name}" for name in _RETIRED_NAMES)


def remove_retired_settings(table: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a profile's table without retired settings, and the keys of those that it had.

    Their marks, sources and confirmations are removed, too.
    """
    remaining_table = deepcopy(table)
    section, code = _RETIRED_SECTION.split(".")
    rules = remaining_table.get(section)
    values = rules.get(code) if isinstance(rules, dict) else None
    names = [name for name in _RETIRED_NAMES if isinstance(values, dict) and values.pop(name, None) is not None]
    for section in ("marks", "mark_sources"):
        if isinstance(rows := remaining_table.get(section), dict):
            remaining_table[section] = {key: value for key, value in rows.items() if key not in RETIRED_SETTINGS}
    confirmed = remaining_table.get("confirmed")
    if isinstance(confirmed, dict) and isinstance(items := confirmed.get("items"), list):
        confirmed["items"] = [item for item in items if item not in RETIRED_SETTINGS]
    return remaining_table, tuple(f"{_RETIRED_SECTION}.{name}" for name in names)


def check_setting(key: str, value: Any, standard: Standard, path: Path) -> None:
    """Raise DataError unless the standard has the setting and the value is valid."""
    if key.startswith("rules."):
        _, code, name = (*key.split(".", 2), "", "")[:3]
        rules = load_all_rules()
        known_keys = [parameter.name for parameter in rules[code].parameters] if code in rules else list(rules)
        if code not in rules or name not in known_keys:
            raise DataError("data_key_unknown", file=str(path), key=key, known=", ".join(known_keys))
        check_number(key, value, standard, path)
    elif key.startswith(f"{THREE_ZONES}."):
        # A county may define further zone codes.
        check_three_zone_name(value, standard, path, key)
    elif key.startswith(LAYER_LIMIT_KEY_PREFIXES) and key not in standard.settings:
        # A county may set these limits for any layer, also where the standard sets none.
        check_known(key.rsplit(".", 1)[-1], standard.templates, path, key)
        read_value(value, Annotated[float, between(0, math.inf, known=">= 0")], file=path, key=key)
    elif key.startswith(f"{FEATURE_CODES_SECTION}."):
        check_known(key.rsplit(".", 1)[-1], standard.templates, path, key)
        if not isinstance(value, str) or not re.fullmatch(_FEATURE_CODE_FORM, value):
            raise DataError("data_feature_code", file=str(path), key=key, value=str(value))
    elif key not in standard.settings:
        raise DataError("data_key_unknown", file=str(path), key=key, known=", ".join(sorted(standard.settings)))
    elif (kind := find_setting_type(key, standard)) is float:
        check_number(key, value, standard, path)
    else:
        read_value(value, kind, file=path, key=key)


def find_setting_type(key: str, standard: Standard) -> Any:
    """Return the annotation of a setting (`read_value`): its allowed values, else the type of the standard's value."""
    standard_value = standard.settings[key]
    if key.startswith(f"{CONFLICTS_SECTION}."):
        return Annotated[str, one_of(*CONFLICT_MEANINGS)]
    if key == "ratio.form":
        return Annotated[str, one_of(*RATIO_FORMS)]
    if key == "ratio.base_year":
        return Annotated[int, between(1996, 2035)]
    if key == "sealed.roles":
        roles = dict.fromkeys((*standard.concepts, *standard.templates))
        return list[Annotated[str, one_of(*roles, known=standard.concepts)]]
    if isinstance(standard_value, bool):
        return bool
    if isinstance(standard_value, int | float):
        return float
    return list[str] if isinstance(standard_value, list) else str


def read_member_areas(table: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Return the codes of the divisions in an area that is not a division.

    They are listed under ``members``. Empty for a division, which has six digits. Raise DataError for a code of
    another form without members: its targets would apply nowhere or everywhere.
    """
    members: tuple[str, ...] = read_value(table.get("members", []), MemberAreas, file=path, key="members")
    code = table["area_code"]
    if re.fullmatch(_DIVISION_CODE_FORM, code):
        if members:
            raise make_unknown_value_error(path, "members", ", ".join(members), ("area_code = “cluster”",))
    elif not members:
        raise make_unknown_value_error(path, "area_code", code, ("140225", "members = [“140700”, …]"))
    return tuple(members)


def read_settings(table: dict[str, Any], standard: Standard, path: Path, errors: ErrorCollector) -> dict[str, Any]:
    """Return the settings in the profile's own file, by dotted key.

    Invalid values are added to ``errors``.
    """
    settings: dict[str, Any] = {}
    for section in SETTING_SECTIONS:
        with errors.collect_data_error():
            settings.update(
                flatten_table(check_type(table.get(section, {}), dict, file=path, key=section), f"{section}.")
            )
    for key, value in settings.items():
        with errors.collect_data_error():
            check_setting(key, value, standard, path)
    return settings


def _check_each(
    value: Any, kind: type, key: str, path: Path, errors: ErrorCollector, check_entry: Callable[[Any], None]
) -> Any:
    """Return a list or table of a profile after checking each element or key; empty for another value.

    ``check_entry`` raises DataError for an invalid element or key.
    """
    with errors.collect_data_error():
        for entry in check_type(value, kind, file=path, key=key):
            with errors.collect_data_error():
                check_entry(entry)
        return value
    return kind()


def read_marks(
    table: dict[str, Any], settings: dict[str, Any], path: Path, errors: ErrorCollector
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the marks (A, B, C: how well sourced) of the profile's own settings, and the documents they refer to.

    A mark on an inherited value is an error, because the profile did not verify that value.
    """
    marks, sources = table.get("marks", {}), table.get("mark_sources", {})

    def check_mark(key: str) -> None:
        if key not in settings:
            raise DataError("profile_mark", file=str(path), key=f"marks.{key}")
        check_known(marks[key], SOURCE_MARKS, path, f"marks.{key}")

    def check_source(key: str) -> None:
        check_known(key, own_marks, path, "mark_sources")
        check_type(sources[key], str, file=path, key=f"mark_sources.{key}")

    own_marks = dict(_check_each(marks, dict, "marks", path, errors, check_mark))
    return own_marks, dict(_check_each(sources, dict, "mark_sources", path, errors, check_source))


def read_severity(
    table: Any, where: str, path: Path, errors: ErrorCollector, declared_codes: Collection[str] = ()
) -> dict[str, str]:
    """Return rule code → severity.

    ``where``: section of the file, for errors. ``declared_codes``: codes of checks that standard and profile declare.
    An unknown rule or severity is an error.
    """

    def check_entry(code: str) -> None:
        codes = [*load_all_rules(), *declared_codes]
        if code not in codes:
            raise DataError("data_key_unknown", file=str(path), key=f"{where}.{code}", known=", ".join(codes))
        check_known(table[code], Severity, path, f"{where}.{code}")

    return dict(_check_each(table, dict, where, path, errors, check_entry))


def read_phase_severities(
    table: Any, path: Path, errors: ErrorCollector, declared_codes: Collection[str] = ()
) -> dict[str, dict[str, str]]:
    """Return phase id → code → severity (``[phase.approval.severity]``).

    ``declared_codes``: as for `read_severity`.
    """
    severities_by_phase: dict[str, dict[str, str]] = {}

    def check_entry(phase: str) -> None:
        check_known(phase, PLANNING_PHASES, path, "phase")
        section = f"phase.{phase}"
        rows = check_type(table[phase], dict, file=path, key=section)
        check_keys(rows, required=("severity",), allowed=(), file=path, where=section)
        severities_by_phase[phase] = read_severity(
            rows["severity"], f"{section}.severity", path, errors, declared_codes
        )

    _check_each(table, dict, "phase", path, errors, check_entry)
    return severities_by_phase


def read_absent(table: Any, standard: Standard, path: Path, errors: ErrorCollector) -> frozenset[str]:
    """Return the concepts (kinds of layers) that do not exist in the county (本县无)."""
    known_concepts = dict.fromkeys((*standard.concepts, *standard.templates))
    with errors.collect_data_error():
        check_type(table, dict, file=path, key="absent")
        check_keys(table, required=(), allowed=("concepts",), file=path, where="absent")
        concepts = _check_each(
            table.get("concepts", []),
            list,
            "absent.concepts",
            path,
            errors,
            lambda concept: check_known(concept, known_concepts, path, "absent.concepts"),
        )
        return frozenset(concepts)
    return frozenset()


def read_rules(
    names: Any,
    standard: Standard,
    path: Path,
    errors: ErrorCollector,
    *,
    key: str = "rules_extra",
    declared_codes: Collection[str] = (),
) -> tuple[str, ...]:
    """Return codes and groups of rules listed under ``key``.

    ``rules_extra``: run in addition to the default ones; ``rules_off``: do not run. ``declared_codes``: as for
    `read_severity`. A name that is neither a rule's
    code nor a group is an error.
    """
    known_names = [EVERY_RULE, *standard.rule_groups, *load_all_rules(), *declared_codes] if names else []
    return tuple(_check_each(names, list, key, path, errors, lambda name: check_known(name, known_names, path, key)))


@dataclass(frozen=True)
class ReadConfirmation:
    """The content of ``[confirmed]``, in the fields of a `Profile`."""

    confirmed: frozenset[str] = frozenset()
    confirmed_by: dict[str, str] = field(default_factory=dict)
    confirmed_singly: dict[str, dict[str, Any]] = field(default_factory=dict)
    confirmed_values: dict[str, Any] = field(default_factory=dict)


#: Keys of a confirmation of several items, and of that of one.
GROUP_KEYS, _SINGLE_KEYS = ("by", "document", "date", "items"), ("by", "document", "date")


def read_confirmed(
    table: Any, standard: Standard, path: Path, errors: ErrorCollector, declared_codes: Collection[str] = ()
) -> ReadConfirmation:
    """Return what the county confirmed: several items together, and settings one by one.

    ``declared_codes``: as for `read_severity`; the code of a check confirms what it requires.

    An item that needs no confirmation is an error, because a typing error would pass as a confirmation.
    """
    with errors.collect_data_error():
        if not check_type(table, dict, file=path, key="confirmed"):
            return ReadConfirmation()
        required = () if "singly" in table and not {*GROUP_KEYS} & {*table} else GROUP_KEYS
        check_keys(table, required=required, allowed=("values", "singly"), file=path, where="confirmed")
        lists = [f"codes.{name}" for name in standard.code_lists]
        known_items = [
            "all",
            ABSENCE_ITEM,
            *sorted({*standard.marks, *standard.settings, *standard.citations, *lists, *declared_codes}),
        ]

        def check_items(names: Any, kind: type, key: str) -> Any:
            return _check_each(names, kind, key, path, errors, lambda name: check_known(name, known_items, path, key))

        items = check_items(table.get("items", []), list, "confirmed.items")
        values = dict(check_items(table.get("values", {}), dict, "confirmed.values"))
        singly = {}
        for name, row in check_items(table.get("singly", {}), dict, "confirmed.singly").items():
            where = f"confirmed.singly.{name}"
            check_keys(row, required=_SINGLE_KEYS, allowed=("value",), file=path, where=where)
            singly[name] = _read_confirming_document(row, path, where)
            values |= {name: row["value"]} if "value" in row else {}
        by = _read_confirming_document(table, path, "confirmed") if required else {}
        return ReadConfirmation(frozenset(items), by, singly, values)
    return ReadConfirmation()


def _read_confirming_document(table: dict[str, Any], path: Path, where: str) -> dict[str, str]:
    """Return ``by``, ``document`` and ``date`` of a confirmation. Raise DataError for an empty or invalid one."""
    confirmed_by = {k: table[k] for k in ("by", "document")}
    for name, value in confirmed_by.items():
        if not check_type(value, str, file=path, key=f"{where}.{name}").strip():
            raise DataError("data_key_missing", file=str(path), key=f"{where}.{name}")
    # TOML may have the date as a date or as text.
    day = table["date"]
    text = day.isoformat() if isinstance(day, date) else check_type(day, str, file=path, key=f"{where}.date")
    try:
        return {**confirmed_by, "date": date.fromisoformat(text[:10]).isoformat()}
    except ValueError as error:
        raise make_unknown_value_error(path, f"{where}.date", text, ("2026-11-20",)) from error
