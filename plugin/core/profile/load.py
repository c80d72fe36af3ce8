# SPDX-License-Identifier: GPL-2.0-or-later
"""A profile's file with its bases merged below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...paths import PROFILES
from ..data import check_keys, expect, read_toml
from ..errors import DataError
from ..standard import SETTING_SECTIONS, flatten, load_standard
from ..template import MARKS
from .checks import check_confirmed, check_names, check_rules, check_setting, unknown
from .model import Profile
from .targets import merge_targets, read_target


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
        check_setting(key, value, standard, path)
    marks = dict(table.get("marks", {}))
    for key, mark in marks.items():
        if key not in own:
            raise DataError("profile_mark", file=str(path), key=f"marks.{key}")
        if mark not in MARKS:
            raise unknown(path, f"marks.{key}", mark, MARKS)
    # A value of one's own is as sure as its own source: the mark of the value it replaces says nothing of it.
    inherited = {k: v for k, v in base.marks.items() if k not in own}
    severity = dict(table.get("severity", {}))
    absent = list(table.get("absent", {}).get("concepts", ()))
    check_keys(table.get("absent", {}), required=(), allowed=("concepts",), file=path, where="absent")
    check_names(severity, absent, standard, path)
    extra = tuple(expect(table.get("rules_extra", []), list, file=path, key="rules_extra"))
    check_rules(extra, standard, path)
    own_targets = tuple(
        read_target(row, table["area_code"], path, n) for n, row in enumerate(table.get("targets", ()), 1)
    )
    confirmed = table.get("confirmed", {})
    if confirmed:
        check_keys(confirmed, required=("by", "document", "date", "items"), allowed=(), file=path, where="confirmed")
        check_confirmed(confirmed["items"], standard, path)
    return Profile(
        id=table["id"],
        name=table["name"],
        area_code=str(table["area_code"]),
        standard=standard.key,
        path=path,
        settings={**base.settings, **own},
        marks={**inherited, **marks},
        severity={**base.severity, **severity},
        targets=merge_targets(base.targets, own_targets),
        confirmed=frozenset(expect(confirmed.get("items", []), list, file=path, key="confirmed.items")),
        confirmed_by={k: str(v) for k, v in confirmed.items() if k != "items"},
        absent=frozenset(absent) | base.absent,
        rules=tuple(dict.fromkeys((*base.rules, *extra))),
    )
