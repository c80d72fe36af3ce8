# SPDX-License-Identifier: GPL-2.0-or-later
"""Read and write a county's own profile for editing in a form.

Content that the form does not show is preserved. Reading the text that `compose_county` makes gives the same
`CountySettings`. `save_county` replaces the file only after the new one has been written completely.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ...base.errors import DataError
from ...base.files.data import read_record, read_toml
from ...base.files.toml_text import TomlText
from ...base.files.writing import name_refused_file, write_text
from ..load import flatten_settings
from .checks import GROUP_KEYS
from .load import SingleConfirmation, load_profile_from_table
from .profile_data import IndicatorTarget, Profile, compute_division_prefix

#: Suffix of a county's profile next to its project file: 浑源县三区三线.profile.toml.
PROFILE_FILE_SUFFIX = ".profile.toml"
#: Keys of a target that the form shows, in the order of the file.
_TARGET_KEYS = ("indicator", "comparison", "value", "unit", "year", "binding", "source")
#: Mark of a value that was verified in the text of a source document.
VERIFIED_MARK = "A"


@dataclass(frozen=True)
class CountyConfirmation:
    """The county's confirmation (本县已确认).

    It has authority, document, ISO date and keys of the settings confirmed together, and the settings confirmed one by
    one. ``values``: item of the former → the value that it had, as far as it has one.
    """

    by: str = ""
    document: str = ""
    date: str = ""
    items: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    singly: Mapping[str, SingleConfirmation] = field(default_factory=dict)

    @property
    def has_no_group(self) -> bool:
        """Return True if no items are confirmed together; an authority or a date alone confirms nothing."""
        return not (self.document.strip() or self.items)


@dataclass(frozen=True)
class CountySettings:
    """Settings in a county's own file, without inherited ones.

    ``parent_profile``: name or path of the parent profile, as written in the file; ``targets``: targets of this county
    only; ``value_by_setting``: dotted key → value; ``document_by_setting``: dotted key → source document of the value.
    """

    name: str = ""
    area_code: str = ""
    parent_profile: str = ""
    targets: tuple[IndicatorTarget, ...] = ()
    value_by_setting: Mapping[str, Any] = field(default_factory=dict)
    document_by_setting: Mapping[str, str] = field(default_factory=dict)
    confirmation: CountyConfirmation = CountyConfirmation()


def make_default_profile_path(project: Path) -> Path:
    """Return the path of the county's profile next to a project file."""
    return project.with_name(project.stem + PROFILE_FILE_SUFFIX)


def is_county_code(area_code: str) -> bool:
    """Return True if the code is a county's, not that of a city, province or cluster."""
    return area_code.isdigit() and compute_division_prefix(area_code) == area_code


def is_editable_profile_file(profile: Profile, area_code: str = "") -> bool:
    """Return True if a form may edit the profile's file in place.

    It must be a county's file, or the file of the given area.
    """
    is_county_profile = is_county_code(profile.area_code) or (bool(area_code) and profile.area_code == area_code)
    return is_county_profile and not profile.is_shipped


def read_valid_toml_text(path: Path) -> str:
    """Return the text of a TOML file with its original line ends.

    Raise DataError and InputError as `read_toml`.
    """
    read_toml(path)
    with name_refused_file(path):
        return path.read_bytes().decode("utf-8-sig")


def read_county(path: Path, text: str | None = None) -> CountySettings:
    """Read the settings of a county's own file.

    Raise DataError for a file that the loader rejects. ``text``: read this text instead of the file on disk.
    """
    table = read_toml(path) if text is None else tomllib.loads(text)
    profile = load_profile_from_table(table, path)
    sources = table.get("mark_sources", {})
    confirmed = table.get("confirmed", {})
    # An authority that confirmed single settings only is written with each of them.
    authorities = [row["by"] for row in confirmed.get("singly", {}).values()]
    return CountySettings(
        name=profile.name,
        area_code=profile.area_code,
        parent_profile=table.get("base", ""),
        targets=tuple(
            read_record(IndicatorTarget, row, file=path, given={"area_code": profile.area_code})
            for row in _find_rows_of_own_area(table).values()
        ),
        value_by_setting=flatten_settings(table),
        document_by_setting={key: sources[key] for key in sources if key in flatten_settings(table)},
        confirmation=CountyConfirmation(
            confirmed.get("by", "") or next(reversed(authorities), ""),
            confirmed.get("document", ""),
            _format_day(confirmed.get("date", "")),
            tuple(confirmed.get("items", ())),
            confirmed.get("values", {}),
            {
                key: SingleConfirmation(**{**row, "date": _format_day(row["date"])})
                for key, row in confirmed.get("singly", {}).items()
            },
        )
        if confirmed
        else CountyConfirmation(),
    )


def compose_county(county: CountySettings, path: Path, text: str = "") -> str:
    """Return the text of a county's file with these settings.

    ``text``: the current text of the file; its comments, unknown keys and sections are preserved. Raise DataError if
    a value cannot be changed without losing content.
    """
    file = TomlText(text, path)
    if "id" not in file.table:
        file.set_value(("id",), f"county_{county.area_code}")
    for key, value in (("name", county.name), ("area_code", county.area_code), ("base", county.parent_profile)):
        if value or key != "base":
            file.set_value((key,), value)
        else:
            file.remove_key((key,))
    _write_settings(file, county)
    _write_confirmation(file, county.confirmation)
    existing_rows = _find_rows_of_own_area(file.table)
    target_by_position = _match_targets_to_rows(existing_rows, county.targets)
    for position, target in target_by_position.items():
        row, new_row = existing_rows[position], convert_target_to_row(target)
        for key, value in new_row.items():
            if row.get(key) != value:
                file.set_value(("targets", position, key), value)
        for key in ("warn_below", "also_said"):
            if key in row and key not in new_row and row[key]:
                file.remove_key(("targets", position, key))
    for position in sorted(existing_rows.keys() - target_by_position.keys(), reverse=True):
        file.remove_row("targets", position)
    written_ids = [id(target) for target in target_by_position.values()]
    for target in county.targets:
        if id(target) not in written_ids:
            file.append_row("targets", convert_target_to_row(target))
    return file.text


def load_profile_as_if_saved(county: CountySettings, path: Path, text: str = "") -> Profile:
    """Return the profile that saving these settings would produce.

    Raise DataError as `load_profile_from_table`.
    """
    return load_profile_from_table(tomllib.loads(compose_county(county, path, text)), path)


@name_refused_file()
def save_county(county: CountySettings, path: Path, text: str = "") -> None:
    """Write the county's file. On OutputError the former file is intact.

    ``text``: contents of the file when the form was opened; empty for a new file. Raise DataError if another program
    changed the file since, or if the loader rejects the result; InputError if the file cannot be read.
    """
    if (read_valid_toml_text(path) if path.exists() else "") != text:
        raise DataError("profile_changed_outside", file=str(path))
    composed = compose_county(county, path, text)
    load_profile_from_table(tomllib.loads(composed), path)
    write_text(path, composed)


# --- parts


def _find_rows_of_own_area(table: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Return position in the file → row, for targets of the file's own area."""
    rows = enumerate(table.get("targets", []))
    return {n: row for n, row in rows if row.get("area_code", table.get("area_code")) == table.get("area_code")}


def convert_target_to_row(target: IndicatorTarget) -> dict[str, Any]:
    """Return a target as a row of ``[[targets]]``, without empty optional keys."""
    other_sources = [
        {"value": one.value, "source": one.source, **({"year": one.year} if one.year else {})}
        for one in target.other_sources
    ]
    optional = {"warn_below": target.warn_below, "also_said": other_sources}
    return {key: getattr(target, key) for key in _TARGET_KEYS} | {key: one for key, one in optional.items() if one}


def _format_day(value: Any) -> str:
    """Return the ISO date of a TOML date or text, without its time."""
    return value.isoformat()[:10] if isinstance(value, date) else str(value)[:10]


def _split_setting_key(key: str, file: TomlText) -> tuple[str, ...]:
    """Return the path of a dotted key in the file, whose quoted keys may contain dots."""
    section, _, remaining_key = key.partition(".")
    subtable: Any = file.table.get(section, {})
    path: tuple[str, ...] = (section,)
    while isinstance(subtable, dict) and remaining_key:
        matching_key = next(
            (
                candidate
                for candidate in subtable
                if remaining_key == candidate or remaining_key.startswith(f"{candidate}.")
            ),
            remaining_key.partition(".")[0],
        )
        path, subtable = (*path, matching_key), subtable.get(matching_key, {})
        remaining_key = remaining_key[len(matching_key) :].removeprefix(".")
    return path


def _write_settings(file: TomlText, county: CountySettings) -> None:
    """Write changed settings with marks and source documents; remove settings that the county no longer has."""
    former_settings = flatten_settings(file.table)
    sources = dict(file.table.get("mark_sources", {}))
    marks = dict(file.table.get("marks", {}))
    for key in former_settings:
        if key not in county.value_by_setting:
            for section in ("marks", "mark_sources"):
                file.remove_key((section, key))
            file.remove_key(_split_setting_key(key, file))
    for key, value in county.value_by_setting.items():
        document = county.document_by_setting.get(key, "").strip()
        has_changed = key not in former_settings or former_settings[key] != value
        if has_changed:
            file.set_value(_split_setting_key(key, file), value)
        if document == sources.get(key, "") and not (has_changed and key in marks and not document):
            continue
        if document:
            file.set_value(("marks", key), marks.get(key) if marks.get(key) in ("A", "B") else VERIFIED_MARK)
            file.set_value(("mark_sources", key), document)
        else:
            # A changed value without a source document counts as unverified (mark C).
            file.remove_key(("mark_sources", key))
            file.remove_key(("marks", key))


def _write_confirmation(file: TomlText, confirmation: CountyConfirmation) -> None:
    """Write the county's confirmations; without any, the former ones are removed."""
    former = file.table.get("confirmed", {})
    if confirmation.has_no_group:
        for key in [candidate for candidate in (*GROUP_KEYS, "values") if candidate in former]:
            file.remove_key(("confirmed", key))
    else:
        file.set_value(("confirmed", "by"), confirmation.by.strip())
        file.set_value(("confirmed", "document"), confirmation.document.strip())
        if _format_day(former.get("date", "")) != confirmation.date:
            file.set_value(("confirmed", "date"), confirmation.date)
        if "items" not in former or tuple(former["items"]) != confirmation.items:
            file.set_value(("confirmed", "items"), list(confirmation.items))
        _write_table(file, ("confirmed", "values"), confirmation.values)
    rows = {
        key: {name: value for name, value in asdict(one).items() if value is not None}
        for key, one in confirmation.singly.items()
    }
    _write_table(file, ("confirmed", "singly"), rows)


def _write_table(file: TomlText, path: tuple[str, str], rows: Mapping[str, Any]) -> None:
    """Write a table of values by key; other keys are removed."""
    for key in [key for key in file.table.get(path[0], {}).get(path[1], {}) if key not in rows]:
        file.remove_key((*path, key))
    for key, value in rows.items():
        file.set_value((*path, key), value)


def _match_targets_to_rows(
    existing_rows: dict[int, dict[str, Any]], targets: tuple[IndicatorTarget, ...]
) -> dict[int, IndicatorTarget]:
    """Return position in the file → target.

    A target belongs to the row of the same indicator and year, else to a row of the same indicator. Targets without a
    row are left out.
    """
    pairs: dict[int, IndicatorTarget] = {}
    for keys in (("indicator", "year"), ("indicator",)):
        for target in targets:
            free_positions = [
                position
                for position, row in existing_rows.items()
                if position not in pairs and all(row[key] == getattr(target, key) for key in keys)
            ]
            if free_positions and not any(target is paired_target for paired_target in pairs.values()):
                pairs[free_positions[0]] = target
    return pairs
