# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard in one edition and the profile of a county on top of it, as data.

A standard says which rules run, which concepts and scopes there are, every threshold with its mark, and the
citations. A profile (province, city, county) names its base and only adds or overrides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ..paths import PROFILES, STANDARDS
from .data import check_keys, expect, read_toml
from .errors import DataError
from .indicators import SQUARE_METRES
from .template import CodeList, Template, load_code_list, load_template
from .tolerance import Tolerance

#: Sections of settings that a profile may override, with their keys checked against the standard's own.
SETTING_SECTIONS = ("ratio", "zones", "land_use", "tolerance", "sealed", "rules")
TARGET_KEYS = ("indicator", "comparison", "value", "unit", "year", "binding", "source")


@dataclass(frozen=True)
class Citation:
    """A source that a rule stands on; ``mark`` A (read in the text), B (quoted elsewhere), C (unverified)."""

    key: str
    mark: str
    zh: str
    en: str


@dataclass(frozen=True)
class Scope:
    """What a delivery must, may have to, and may hold; lists of concepts."""

    id: str
    mandatory: tuple[str, ...]
    conditional: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """One figure of a plan (指标目标). ``value`` as printed, so that its decimals are known."""

    area_code: str
    indicator: str
    comparison: str
    value: str
    unit: str
    year: int
    binding: str
    source: str

    @property
    def number(self) -> float:
        return float(self.value)

    @property
    def decimals(self) -> int:
        return len(self.value.partition(".")[2])


@dataclass(frozen=True)
class Standard:
    """One edition of a standard. ``settings`` are flat: ``ratio.limit`` → value; ``marks`` likewise."""

    id: str
    edition: str
    name: str
    folder: Path
    includes: tuple[Standard, ...]
    rules: tuple[str, ...]
    concepts: dict[str, tuple[str, ...]]
    scopes: dict[str, Scope]
    settings: dict[str, Any]
    marks: dict[str, str]
    confirmed: frozenset[str]
    citations: dict[str, Citation]

    @cached_property
    def templates(self) -> dict[str, Template]:
        """Role → template: this edition's own first, then those it includes, in order."""
        found: dict[str, Template] = {}
        for path in sorted((self.folder / "templates").glob("*.toml")):
            found[path.stem] = load_template(path, self.id)
        for other in self.includes:
            for role, template in other.templates.items():
                found.setdefault(role, template)
        return found

    @cached_property
    def code_lists(self) -> dict[str, CodeList]:
        found = {p.stem: load_code_list(p) for p in sorted((self.folder / "codelists").glob("*.csv"))}
        for other in self.includes:
            for name, codes in other.code_lists.items():
                found.setdefault(name, codes)
        return found

    def all_templates(self, role: str) -> list[Template]:
        """Every edition's template of a role, own first: a layer may follow any of them."""
        own = self.folder / "templates" / f"{role}.toml"
        found = [load_template(own, self.id)] if own.exists() else []
        return found + [t for other in self.includes for t in other.all_templates(role)]


@dataclass(frozen=True)
class Profile:
    """What a province, city or county sets on top of a standard."""

    id: str
    name: str
    area_code: str
    standard: str
    path: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    confirmed: frozenset[str] = frozenset()
    confirmed_by: dict[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Norm:
    """A standard with a profile resolved on top: what a run obeys."""

    standard: Standard
    profile: Profile

    def get(self, key: str) -> Any:
        """A setting; DataError names the standard when it has no such key."""
        for settings in (self.profile.settings, self.standard.settings):
            if key in settings:
                return settings[key]
        raise DataError("data_key_missing", file=str(self.standard.folder / "standard.toml"), key=key)

    def mark(self, item: str) -> str:
        """The mark of a setting, a code list (``codes.<id>``) or a citation; A when nobody doubts it."""
        if item in self.profile.marks:
            return self.profile.marks[item]
        if item in self.standard.marks:
            return self.standard.marks[item]
        if item.startswith("codes."):
            codes = self.standard.code_lists.get(item.removeprefix("codes."))
            return codes.mark if codes else "C"
        citation = self.standard.citations.get(item)
        return citation.mark if citation else "A"

    def is_confirmed(self, item: str) -> bool:
        """Is the item beyond doubt: not marked C, or confirmed by the base standard or by the county?"""
        confirmed = self.standard.confirmed | self.profile.confirmed
        return self.mark(item) != "C" or "all" in confirmed or item in confirmed

    def tolerance(self) -> Tolerance:
        return Tolerance(**{k: float(self.get(f"tolerance.{k}")) for k in Tolerance().to_dict()})

    def targets(self, area_code: str) -> list[Target]:
        """The profile's targets for an area: totals are never inherited, and another area's never apply."""
        return [t for t in self.profile.targets if t.area_code == area_code]

    def parameters(self, code: str) -> dict[str, Any]:
        """Parameters that standard and profile set for a rule (``[rules.REL006]``)."""
        prefix = f"rules.{code}."
        merged = {**self.standard.settings, **self.profile.settings}
        return {k.removeprefix(prefix): v for k, v in merged.items() if k.startswith(prefix)}


def _flatten(table: dict[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def standard_folders() -> dict[str, Path]:
    """Ids of all standards with their folders."""
    return {read_toml(p)["id"]: p.parent for p in sorted(STANDARDS.glob("*/standard.toml"))}


def standard_ids() -> list[str]:
    """The standards a user can choose: those that describe layers of their own."""
    return [name for name, folder in standard_folders().items() if (folder / "templates").is_dir()]


@cache
def load_standard(name: str = "county_db") -> Standard:
    """A standard by id, or by the path of its folder. DataError names file and key, or the ids there are."""
    folders = standard_folders()
    folder = folders.get(name) or Path(name)
    path = folder / "standard.toml"
    if not path.exists():
        raise DataError("standard_unknown", value=name, known=", ".join(sorted(standard_ids())))
    table = read_toml(path)
    check_keys(
        table,
        required=("id", "edition", "name"),
        allowed=("includes", "default_rules", "concepts", "scopes", "marks", "confirmed", *SETTING_SECTIONS),
        file=path,
    )
    scopes = {}
    for key, row in table.get("scopes", {}).items():
        check_keys(row, required=("mandatory",), allowed=("conditional", "optional"), file=path, where=f"scopes.{key}")
        scopes[key] = Scope(key, *(tuple(row.get(k, ())) for k in ("mandatory", "conditional", "optional")))
    settings: dict[str, Any] = {}
    for section in SETTING_SECTIONS:
        settings.update(_flatten(table.get(section, {}), f"{section}."))
    citations = {}
    citation_path = folder / "citations.toml"
    if citation_path.exists():
        for key, row in read_toml(citation_path).items():
            check_keys(row, required=("mark", "zh", "en"), allowed=(), file=citation_path, where=key)
            citations[key] = Citation(key, **row)
    includes = tuple(load_standard(other) for other in table.get("includes", ()))
    rules = tuple(table.get("default_rules", ()))
    confirmed = set(table.get("confirmed", {}).get("items", ()))
    concepts = {k: tuple(v) for k, v in table.get("concepts", {}).items()}
    marks = dict(table.get("marks", {}))
    # What an edition does not say itself, it takes from those it includes, the first that says it.
    for other in includes:
        rules = rules or other.rules
        confirmed |= other.confirmed
        concepts = {**other.concepts, **concepts}
        scopes = {**other.scopes, **scopes}
        settings = {**other.settings, **settings}
        marks = {**other.marks, **marks}
        citations = {**other.citations, **citations}
    return Standard(
        id=table["id"],
        edition=str(table["edition"]),
        name=table["name"],
        folder=folder,
        includes=includes,
        rules=rules,
        concepts=concepts,
        scopes=scopes,
        settings=settings,
        marks=marks,
        confirmed=frozenset(confirmed),
        citations=citations,
    )


def profile_ids() -> list[str]:
    return sorted(p.stem for p in PROFILES.glob("*.toml"))


def load_profile(name: str | Path = "") -> Profile:
    """A profile by id or path, with its bases merged below it; the empty name is a profile that sets nothing.

    From a base come limits, severities and settings, but never what its authority confirmed for itself; its targets
    keep their area code and apply nowhere else. DataError names file and key, or the ids there are.
    """
    if not name:
        return Profile(id="", name="", area_code="", standard="county_db")
    path = Path(name)
    if path.suffix != ".toml":
        path = PROFILES / f"{name}.toml"
    if not path.exists():
        raise DataError("profile_unknown", value=str(name), known=", ".join(profile_ids()))
    return _load_profile(path, ())


def _load_profile(path: Path, below: tuple[Path, ...]) -> Profile:
    if path in below:
        raise DataError("profile_circle", file=str(path))
    table = read_toml(path)
    check_keys(
        table,
        required=("id", "name", "area_code"),
        allowed=("base", "standard", "severity", "targets", "confirmed", "absent", "marks", *SETTING_SECTIONS),
        file=path,
    )
    base = load_profile()
    if "base" in table:
        base_path = path.parent / f"{table['base']}.toml"
        if not base_path.exists():
            base_path = PROFILES / f"{table['base']}.toml"
        base = _load_profile(base_path, (*below, path))
    settings = dict(base.settings)
    for section in SETTING_SECTIONS:
        settings.update(_flatten(table.get(section, {}), f"{section}."))
    standard = load_standard(table.get("standard") or base.standard)
    for key in settings:
        if key not in standard.settings and not key.startswith("rules."):
            raise DataError("data_key_unknown", file=str(path), key=key, known=", ".join(sorted(standard.settings)))
    own_targets = tuple(_target(row, table["area_code"], path, n) for n, row in enumerate(table.get("targets", ()), 1))
    confirmed = table.get("confirmed", {})
    if confirmed:
        check_keys(confirmed, required=("by", "document", "date", "items"), allowed=(), file=path, where="confirmed")
    return Profile(
        id=table["id"],
        name=table["name"],
        area_code=str(table["area_code"]),
        standard=standard.id,
        path=path,
        settings=settings,
        marks={**base.marks, **table.get("marks", {})},
        severity={**base.severity, **table.get("severity", {})},
        targets=_merge_targets(base.targets, own_targets),
        confirmed=frozenset(expect(confirmed.get("items", []), list, file=path, key="confirmed.items")),
        confirmed_by={k: str(v) for k, v in confirmed.items() if k != "items"},
        absent=frozenset(table.get("absent", {}).get("concepts", ())),
    )


def _merge_targets(base: tuple[Target, ...], own: tuple[Target, ...]) -> tuple[Target, ...]:
    """Own targets before the base's for the same figure. A target keeps its area code, so the base's only ever
    apply where the base is a profile of the same area: a county is never measured by its province's totals."""
    said = {(t.area_code, t.indicator) for t in own}
    return own + tuple(t for t in base if (t.area_code, t.indicator) not in said)


def _target(row: dict[str, Any], area_code: str, path: Path, position: int) -> Target:
    where = f"targets[{position}]"
    check_keys(row, required=TARGET_KEYS, allowed=("area_code",), file=path, where=where)
    expect(row["value"], str, file=path, key=f"{where}.value")
    for key, known in (("comparison", (">=", "<=", "=")), ("unit", tuple(SQUARE_METRES))):
        if row[key] not in known:
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{where}.{key}", value=row[key], known=", ".join(known)
            )
    return Target(**{"area_code": str(area_code), **row})
