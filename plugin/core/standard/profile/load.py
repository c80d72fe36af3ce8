# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a profile's file, merged with its bases, and find the data files that settings name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from ....paths import PROFILES_FOLDER
from ...base.errors import DataError
from ...base.files.data import (
    ErrorCollector,
    SourceMark,
    check_keys,
    check_type,
    list_record_items,
    make_unknown_value_error,
    one_of,
    read_toml,
)
from ...model.rule import Severity
from .. import CHECK_SECTION, SETTING_SECTIONS, Standard, load_standard
from ..bounds import check_numbers
from ..declared_operators import DeclaredCheck
from ..edition import PLANNING_PHASES, PhaseTable
from . import checks
from .document import read_document_info_from_table
from .norm import Norm
from .profile_data import DocumentInfo, IndicatorTarget, Profile, RegisteredSite, StatedFigure
from .profile_figures import merge_figures_with_base, read_heritage_register, read_stated_figures, read_targets


@dataclass(frozen=True)
class SingleConfirmation:
    """The confirmation of one setting, with the value that it had."""

    by: str
    document: str
    date: Any
    value: Any = None


@dataclass(frozen=True)
class ConfirmedTable:
    """What a county confirmed (``[confirmed]``): items together, and settings one by one."""

    by: str = ""
    document: str = ""
    date: Any = ""
    items: tuple[str, ...] = ()
    values: Any = None
    singly: dict[str, SingleConfirmation] = field(default_factory=dict)


@dataclass(frozen=True)
class AbsentTable:
    """The concepts that a county does not have (``[absent]``)."""

    concepts: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileFile:
    """The keys of a profile's file, apart from the sections of settings; those without a default must be there."""

    id: str
    name: str
    area_code: str
    base: str = ""
    members: checks.MemberAreas = ()
    standard: str = ""
    edition: str = ""
    severity: dict[str, Severity] = field(default_factory=dict)
    phase: dict[Annotated[str, one_of(*PLANNING_PHASES)], PhaseTable] = field(default_factory=dict)
    targets: tuple[IndicatorTarget, ...] = ()
    stated: tuple[StatedFigure, ...] = ()
    heritage_register: tuple[RegisteredSite, ...] = ()
    confirmed: ConfirmedTable | None = None
    absent: AbsentTable = AbsentTable()
    document: DocumentInfo = field(default_factory=DocumentInfo)
    marks: dict[str, SourceMark] = field(default_factory=dict)
    mark_sources: dict[str, str] = field(default_factory=dict)
    rules_extra: tuple[str, ...] = ()
    rules_off: tuple[str, ...] = ()
    example: bool = False
    check: Any = None


def list_profile_ids() -> list[str]:
    """Return the ids of the shipped profiles."""
    return sorted(path.stem for path in PROFILES_FOLDER.glob("*.toml"))


def load_profile(name: str | Path = "") -> Profile:
    """Return a profile by id or path, merged with its bases.

    The empty name gives a profile without settings. A profile inherits limits, severities and settings of its base,
    but no confirmations; its targets keep their area code and apply nowhere else. Raise DataError with file and key,
    or with the known ids.
    """
    if not name:
        return Profile(id="", name="", area_code="", standard="county_db")
    return _load_merged_profile(find_profile_path(name), (), ErrorCollector())


def find_profile_problems(name: str | Path) -> list[DataError]:
    """Return all errors in a profile's file; empty for a valid file.

    Of errors in its base only the first is included. Raise DataError for an unknown profile.
    """
    collector = ErrorCollector(keep=True)
    path = find_profile_path(name)
    with collector.collect_data_error():
        _load_merged_profile(path, (), collector)
    return collector.found


def find_profile_path(name: str | Path) -> Path:
    """Return the file of a profile by id or path.

    Raise DataError with the known ids.
    """
    path = Path(name) if Path(name).suffix == ".toml" else PROFILES_FOLDER / f"{name}.toml"
    if not path.exists():
        raise DataError("profile_unknown", value=str(name), known=", ".join(list_profile_ids()))
    return path


def load_profile_from_table(table: dict[str, Any], path: Path) -> Profile:
    """Return the profile of a parsed table as if read from ``path``.

    The file need not exist. Raise DataError as `load_profile`.
    """
    return _load_merged_profile(path, (), ErrorCollector(), table)


def _load_merged_profile(
    path: Path, derived_paths: tuple[Path, ...], errors: ErrorCollector, table: dict[str, Any] | None = None
) -> Profile:
    """Return the profile of a file or parsed table, merged with its bases.

    ``derived_paths``: files of the profiles that inherit from this one; a file that is among them is an error.
    """
    if path.resolve() in derived_paths:
        raise DataError("profile_circle", file=str(path))
    table, retired_keys = checks.remove_retired_settings(read_toml(path) if table is None else table)
    items = list_record_items(ProfileFile)
    # Nothing else of the file can be read without these keys.
    for key in (key for key, item in items.items() if item.is_required):
        check_keys(table, required=(key,), allowed=table, file=path)
        check_type(table[key], str, file=path, key=key)
    for key in table:
        with errors.collect_data_error():
            check_keys({key: None}, required=(), allowed=(*items, *SETTING_SECTIONS), file=path)
    members: tuple[str, ...] = ()
    with errors.collect_data_error():
        members = checks.read_member_areas(table, path)
    base = load_profile()
    with errors.collect_data_error():
        base = _load_base_profile(table, path, derived_paths)
    standard = load_standard(base.standard)
    with errors.collect_data_error():
        standard = load_named_standard(table, base, path)
    profile = _merge_profile_with_base(table, path, members, base, standard, errors)
    return replace(profile, retired_settings=tuple(dict.fromkeys((*base.retired_settings, *retired_keys))))


def _load_base_profile(table: dict[str, Any], path: Path, derived_paths: tuple[Path, ...]) -> Profile:
    """Return the base of a profile.

    It is a file in the same folder, a shipped profile, or a path ending in ``.toml`` relative to this file.
    """
    if "base" not in table:
        return load_profile()
    name = check_type(table["base"], str, file=path, key="base")
    sibling = path.parent / (name if name.endswith(".toml") else f"{name}.toml")
    base_path = sibling if sibling.exists() else PROFILES_FOLDER / f"{name}.toml"
    if not base_path.exists():
        raise make_unknown_value_error(path, "base", name, list_profile_ids())
    base = _load_merged_profile(base_path, (*derived_paths, path.resolve()), ErrorCollector())
    codes = [code for code in (table["area_code"], *table.get("members", ())) if code.isdigit()]
    if not all(base.covers(code) for code in codes):
        # A county below another province would inherit that province's limits.
        raise make_unknown_value_error(path, "area_code", table["area_code"], (f"{base.area_code}（{base.name}）",))
    return base


def load_named_standard(table: dict[str, Any], base: Profile, path: Path) -> Standard:
    """Return the standard, in the edition, that a profile's table names.

    The standard may be a folder relative to ``path``; by default it is the base's. Raise DataError with file and key.
    """
    name = check_type(table.get("standard", base.standard), str, file=path, key="standard")
    edition = check_type(table.get("edition", ""), str, file=path, key="edition")
    if "standard" in table and (path.parent / name / "standard.toml").exists():
        name = str(path.parent / name)
    elif edition and "standard" not in table:
        # The same standard as the base's, in another edition.
        name = load_standard(name).id
    try:
        return check_numbers(load_standard(name, edition))
    except DataError as error:
        if error.key not in ("standard_unknown", "edition_unknown"):
            raise
        key, known = error.key.removesuffix("_unknown"), error.params["known"]
        known = f"{error.params['standard']} {known}" if key == "edition" else known
        raise make_unknown_value_error(path, key, error.params["value"], [known]) from error


def _read_own_checks(
    table: dict[str, Any], path: Path, base: Profile, standard: Standard, errors: ErrorCollector
) -> tuple[DeclaredCheck, ...]:
    """Return the checks that a profile's own file declares."""
    if CHECK_SECTION not in table:
        return ()
    # Most profiles declare no checks.
    from ..declared_reader import read_declared_checks

    inherited_codes = [one.code for one in (*standard.checks, *base.checks)]
    return read_declared_checks(table[CHECK_SECTION], table["id"], standard, path, errors, inherited_codes)


def _merge_profile_with_base(
    table: dict[str, Any],
    path: Path,
    members: tuple[str, ...],
    base: Profile,
    standard: Standard,
    errors: ErrorCollector,
) -> Profile:
    """Return the profile of a parsed file; what the file does not set comes from its base."""
    area_code = table["area_code"]
    settings = checks.read_settings(table, standard, path, errors)
    marks, sources = checks.read_marks(table, settings, path, errors)
    declared_checks = (*base.checks, *_read_own_checks(table, path, base, standard, errors))
    declared_codes = [one.code for one in (*standard.checks, *declared_checks)]
    severity = checks.read_severity(table.get("severity", {}), "severity", path, errors, declared_codes)
    phases = checks.read_phase_severities(table.get("phase", {}), path, errors, declared_codes)
    absent_concepts = checks.read_absent(table.get("absent", {}), standard, path, errors)
    extra_rules, switched_off = (
        checks.read_rules(table.get(key, []), standard, path, errors, key=key, declared_codes=declared_codes)
        for key in ("rules_extra", "rules_off")
    )
    confirmation = checks.read_confirmed(table.get("confirmed", {}), standard, path, errors, declared_codes)
    own_values = {
        **settings,
        **{f"severity.{code}": value for code, value in severity.items()},
        **{
            f"phase.{phase}.severity.{code}": value
            for phase, severities in phases.items()
            for code, value in severities.items()
        },
        **{f"absent.{concept}": True for concept in absent_concepts},
        **{f"rules_extra.{name}": True for name in extra_rules},
        **{f"rules_off.{name}": True for name in switched_off},
    }
    return Profile(
        id=table["id"],
        name=table["name"],
        area_code=area_code,
        is_example=table.get("example", False),
        standard=standard.standard_key,
        path=path,
        document_info=read_document_info_from_table(table.get("document", {}), base.document_info, path, errors),
        settings={**base.settings, **settings},
        # An own value is as reliable as its own source, whatever the mark of the value that it replaces.
        marks={**{setting: mark for setting, mark in base.marks.items() if setting not in settings}, **marks},
        mark_sources={**{key: mark for key, mark in base.mark_sources.items() if key not in settings}, **sources},
        severity={**base.severity, **severity},
        targets=merge_figures_with_base(base.targets, read_targets(table.get("targets", []), area_code, path, errors)),
        **vars(confirmation),
        absent=absent_concepts | base.absent,
        rules=tuple(dict.fromkeys((*base.rules, *extra_rules))),
        # A county may turn on a rule that its base turned off, by naming the rule.
        rules_off=tuple(dict.fromkeys((*(name for name in base.rules_off if name not in extra_rules), *switched_off))),
        phases={
            phase: {**base.phases.get(phase, {}), **phases.get(phase, {})}
            for phase in dict.fromkeys((*base.phases, *phases))
        },
        stated_figures=merge_figures_with_base(
            base.stated_figures, read_stated_figures(table.get("stated", []), area_code, path, errors)
        ),
        register=merge_figures_with_base(
            base.register, read_heritage_register(table.get("heritage_register", []), area_code, standard, path, errors)
        ),
        member_areas=members,
        base=base if base.id else None,
        own_settings=own_values,
        checks=declared_checks,
    )


def find_file_of_standard(norm: Norm, setting: str) -> Path:
    """Return the file that a setting of the standard names. Raise DataError if it is missing."""
    name = str(norm.standard.settings[setting])
    folders = [one.folder for one in norm.standard.list_with_included_standards()]
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if path is None:
        raise DataError("data_file_missing", file=str(norm.standard.folder / name))
    return path


def find_file_of_profile(norm: Norm, setting: str) -> Path | None:
    """Return the file that the profile or one of its bases names, relative to that profile; None if none names one.

    A profile that was copied from a shipped one may name the file of that one. Raise DataError if the file is missing.
    """
    for profile in norm.profile.list_base_profiles():
        if setting in profile.own_settings and profile.path is not None:
            name = str(profile.own_settings[setting])
            candidates = (profile.path.parent / name, PROFILES_FOLDER / name)
            path = next((one for one in candidates if one.is_file()), None)
            if path is None:
                raise DataError("profile_file_missing", file=str(profile.path), key=setting, value=name)
            return path
    return None
