# SPDX-License-Identifier: GPL-2.0-or-later
"""What a province, city or county sets on top of a standard, and the two resolved together (`Norm`).

A profile names its base and only adds or overrides. Every value is held against the standard's own when it is read:
a slip of the pen must not look like a decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..paths import PROFILES
from .conflicts import CONFLICTS, check_meaning
from .data import check_keys, expect, read_toml
from .errors import DataError
from .indicators import AREA_FIGURES, RATIO_FORMS, SQUARE_METRES
from .rule import Severity, all_rules
from .standard import SETTING_SECTIONS, Standard, flatten, load_standard
from .template import MARKS
from .three_zones.spaces import THREE_ZONES, check_space
from .tolerance import Tolerance

TARGET_KEYS = ("indicator", "comparison", "value", "unit", "year", "binding", "source")


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
class Profile:
    """What a province, city or county sets on top of a standard. ``rules``: codes and groups that run beside the default."""

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

    @property
    def rules(self) -> tuple[str, ...]:
        """Codes of the rules that run where nothing else is asked: the standard's, and those that the profile adds."""
        return tuple(dict.fromkeys((*self.standard.rules, *self.named_rules(self.profile.rules))))

    def named_rules(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of rules, with those of a group (``quality``) in its place."""
        return tuple(code for name in names for code in self.standard.rule_groups.get(name.strip(), (name,)))

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

    def section(self, name: str) -> dict[str, Any]:
        """All settings below a heading, the profile's before the standard's, without the heading."""
        merged = {**self.standard.settings, **self.profile.settings}
        return {k.removeprefix(f"{name}."): v for k, v in merged.items() if k.startswith(f"{name}.")}

    def parameters(self, code: str) -> dict[str, Any]:
        """Parameters that standard and profile set for a rule (``[rules.REL006]``)."""
        return self.section(f"rules.{code}")


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
        allowed=(
            "base",
            "standard",
            "severity",
            "targets",
            "confirmed",
            "absent",
            "marks",
            "rules_extra",
            *SETTING_SECTIONS,
        ),
        file=path,
    )
    base = load_profile()
    if "base" in table:
        base_path = path.parent / f"{table['base']}.toml"
        if not base_path.exists():
            base_path = PROFILES / f"{table['base']}.toml"
        base = _load_profile(base_path, (*below, path))
    standard = load_standard(table.get("standard") or base.standard)
    own: dict[str, Any] = {}
    for section in SETTING_SECTIONS:
        own.update(flatten(table.get(section, {}), f"{section}."))
    for key, value in own.items():
        _check_setting(key, value, standard, path)
    marks = dict(table.get("marks", {}))
    for key, mark in marks.items():
        if key not in own:
            raise DataError("profile_mark", file=str(path), key=f"marks.{key}")
        if mark not in MARKS:
            raise _unknown(path, f"marks.{key}", mark, MARKS)
    # A value of one's own is as sure as its own source: the mark of the value it replaces says nothing of it.
    inherited = {k: v for k, v in base.marks.items() if k not in own}
    severity = dict(table.get("severity", {}))
    absent = list(table.get("absent", {}).get("concepts", ()))
    check_keys(table.get("absent", {}), required=(), allowed=("concepts",), file=path, where="absent")
    _check_names(severity, absent, standard, path)
    extra = tuple(expect(table.get("rules_extra", []), list, file=path, key="rules_extra"))
    _check_rules(extra, standard, path)
    own_targets = tuple(_target(row, table["area_code"], path, n) for n, row in enumerate(table.get("targets", ()), 1))
    confirmed = table.get("confirmed", {})
    if confirmed:
        check_keys(confirmed, required=("by", "document", "date", "items"), allowed=(), file=path, where="confirmed")
        _check_confirmed(confirmed["items"], standard, path)
    return Profile(
        id=table["id"],
        name=table["name"],
        area_code=str(table["area_code"]),
        standard=standard.key,
        path=path,
        settings={**base.settings, **own},
        marks={**inherited, **marks},
        severity={**base.severity, **severity},
        targets=_merge_targets(base.targets, own_targets),
        confirmed=frozenset(expect(confirmed.get("items", []), list, file=path, key="confirmed.items")),
        confirmed_by={k: str(v) for k, v in confirmed.items() if k != "items"},
        absent=frozenset(absent) | base.absent,
        rules=tuple(dict.fromkeys((*base.rules, *extra))),
    )


def _unknown(path: Path, key: str, value: Any, known: Iterable[str]) -> DataError:
    return DataError("data_value_unknown", file=str(path), key=key, value=str(value), known=", ".join(known))


def _check_setting(key: str, value: Any, standard: Standard, path: Path) -> None:
    """DataError unless the standard has the setting and the value is of its kind."""
    if key.startswith("rules."):
        _, code, name = key.split(".", 2)
        known = _rule_parameters()
        if code not in known or name not in known[code]:
            raise DataError("data_key_unknown", file=str(path), key=key, known=", ".join(known.get(code, known)))
        expect(value, (int, float), file=path, key=key)
        return
    if key.startswith(f"{THREE_ZONES}."):
        # A county may have zone codes of its own.
        check_space(value, standard, path, key)
        return
    if key.startswith("quality.min_area_m2.") and key not in standard.settings:
        # A county may want a least area of a layer for which the standard has none.
        role = key.rsplit(".", 1)[-1]
        if role not in standard.templates:
            raise _unknown(path, key, role, standard.templates)
        if expect(value, (int, float), file=path, key=key) < 0:
            raise _unknown(path, key, value, (">= 0",))
        return
    if key not in standard.settings:
        raise DataError("data_key_unknown", file=str(path), key=key, known=", ".join(sorted(standard.settings)))
    model = standard.settings[key]
    if isinstance(model, bool):
        expect(value, bool, file=path, key=key)
    elif isinstance(model, int | float):
        expect(value, (int, float), file=path, key=key)
        if value < 0:
            raise _unknown(path, key, value, (">= 0",))
    elif isinstance(model, list):
        for item in expect(value, list, file=path, key=key):
            expect(item, str, file=path, key=key)
    else:
        expect(value, str, file=path, key=key)
    if key.startswith(f"{CONFLICTS}."):
        check_meaning(value, path, key)
    if key == "ratio.form" and value not in RATIO_FORMS:
        raise _unknown(path, key, value, RATIO_FORMS)


def _rule_parameters() -> dict[str, tuple[str, ...]]:
    return {code: tuple(p.name for p in rule.parameters) for code, rule in all_rules().items()}


def _check_names(severity: dict[str, str], absent: list[str], standard: Standard, path: Path) -> None:
    """DataError for a severity of no rule or of no kind, and for a concept that the standard does not have."""
    codes = _rule_parameters()
    for code, value in severity.items():
        if code not in codes:
            raise DataError("data_key_unknown", file=str(path), key=f"severity.{code}", known=", ".join(codes))
        if value not in list(Severity):
            raise _unknown(path, f"severity.{code}", value, Severity)
    concepts = [
        *standard.concepts,
        *(c for scope in standard.scopes.values() for c in scope.mandatory + scope.conditional),
    ]
    for concept in absent:
        if concept not in concepts:
            raise _unknown(path, "absent.concepts", concept, dict.fromkeys(concepts))


def _check_rules(names: Iterable[Any], standard: Standard, path: Path) -> None:
    """DataError for what is neither a rule's code nor a group of rules."""
    known = [*standard.rule_groups, *_rule_parameters()]
    for name in names:
        if name not in known:
            raise _unknown(path, "rules_extra", name, known)


def _check_confirmed(items: Any, standard: Standard, path: Path) -> None:
    """DataError for an item that nothing asks to be confirmed: a slip there would look like a confirmation."""
    lists = [f"codes.{name}" for name in standard.code_lists]
    known = ["all", *sorted({*standard.marks, *standard.settings, *standard.citations, *lists})]
    for item in expect(items, list, file=path, key="confirmed.items"):
        if item not in known:
            raise _unknown(path, "confirmed.items", item, known)


def _merge_targets(base: tuple[Target, ...], own: tuple[Target, ...]) -> tuple[Target, ...]:
    """Own targets before the base's for the same figure. A target keeps its area code, so the base's only ever
    apply where the base is a profile of the same area: a county is never measured by its province's totals."""
    said = {(t.area_code, t.indicator, t.year) for t in own}
    return own + tuple(t for t in base if (t.area_code, t.indicator, t.year) not in said)


def _target(row: dict[str, Any], area_code: str, path: Path, position: int) -> Target:
    where = f"targets[{position}]"
    check_keys(row, required=TARGET_KEYS, allowed=("area_code",), file=path, where=where)
    if not re.fullmatch(r"\d+(\.\d+)?", expect(row["value"], str, file=path, key=f"{where}.value")):
        raise _unknown(path, f"{where}.value", row["value"], ('"16.46"',))
    for key, known in (
        ("indicator", tuple(AREA_FIGURES)),
        ("comparison", (">=", "<=", "=")),
        ("unit", tuple(SQUARE_METRES)),
    ):
        if row[key] not in known:
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{where}.{key}", value=row[key], known=", ".join(known)
            )
    return Target(**{"area_code": str(area_code), **row})
