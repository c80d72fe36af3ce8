# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a custom standard with the shipped standards that it is based on.

Numbers must be within the bounds of a profile; otherwise the standard is refused (`check_numbers`). Other points that
are looser than in the shipped standards are listed (`find_loosened`), and a run by such a standard is incomplete
(RUN904).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import DataError
from ..files.data import expect
from ..model.rule import Severity, all_rules
from .codes import CodeList
from .editions import FILE, find_editions
from .load import load_standard
from .model import Standard

#: Largest multiple of the shipped tolerance; rules ignore anything smaller than a tolerance.
_MOST_TOLERANCE = 100
#: Largest multiple of the limits of waivers; a larger change is another conflict than the accepted one.
_MOST_WAIVER = 10
_MOST = {"tolerance.": _MOST_TOLERANCE, "waivers.": _MOST_WAIVER, "rules.": _MOST_TOLERANCE}
#: Parameters of rules: rules report no difference below them.
_ALLOWANCE = "allowance_"
_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def shipped_standards(standard: Standard) -> tuple[Standard, ...]:
    """Return the shipped standards that a standard is compared with.

    A shipped standard is compared with itself.
    """
    if standard.is_shipped:
        return (standard,)
    known = find_editions(name=standard.id).get(standard.id)
    of_id = (load_standard(standard.id),) if known else ()
    found = {one.folder: one for one in (*standard.shipped(), *of_id) if one.folder != standard.folder}
    return tuple(found.values())


def most(key: str, standard: Standard) -> float | None:
    """Return the largest value that a tolerance may have over a standard.

    Return None for a setting without such a bound. A custom folder widens no bound: the bound is a multiple of the
    shipped value, or of the rule's default.
    """
    times = next((times for start, times in _MOST.items() if key.startswith(start)), None)
    if times is None or (key.startswith("rules.") and not key.rsplit(".", 1)[-1].startswith(_ALLOWANCE)):
        return None
    known = [one.settings[key] for one in shipped_standards(standard) if key in one.settings]
    usual = max(known, default=standard.settings.get(key) if standard.is_shipped else None)
    if usual is None:
        usual = _parameter(key)
    return None if usual is None else times * float(usual)


def _parameter(key: str) -> float | None:
    """Return a rule's default for a parameter that no standard sets."""
    code, _, name = key.removeprefix("rules.").partition(".")
    rule = all_rules().get(code) if key.startswith("rules.") else None
    return next((p.default for p in rule.parameters if p.name == name), None) if rule else None


def check_number(key: str, value: Any, standard: Standard, path: Any) -> None:
    """Raise DataError for an invalid number.

    It is below 0, a share above 1, or a tolerance far above the shipped one.
    """
    expect(value, (int, float), file=path, key=key)
    highest = most(key, standard)
    if key.endswith("_share"):
        # A share of 15, meant as 15 %, would accept everything.
        highest = 1.0 if highest is None else min(1.0, highest)
    if value < 0 or (highest is not None and value > highest):
        known = ">= 0" if value < 0 else "0–1" if key.endswith("_share") and value > 1 else f"<= {highest:g}"
        raise DataError("data_value_unknown", file=str(path), key=key, value=str(value), known=known)


def check_numbers(standard: Standard) -> Standard:
    """Return the standard.

    Raise DataError for a number of a custom standard that no profile could set.
    """
    for one in own_standards(standard):
        path = one.folder / FILE
        for key in sorted(one.own & one.settings.keys()):
            value = one.settings[key]
            usual = next((s.settings[key] for s in shipped_standards(standard) if key in s.settings), None)
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            if numeric or (isinstance(usual, int | float) and not isinstance(usual, bool)):
                check_number(key, value, standard, path)
    return standard


def own_standards(standard: Standard) -> Iterator[Standard]:
    """Yield the standard and those that it includes, without the shipped ones."""
    if not standard.is_shipped:
        yield standard
        for other in standard.includes:
            yield from own_standards(other)


def find_loosened(standard: Standard) -> list[str]:
    """Return the keys of a custom standard that are looser than in the shipped ones.

    They are mandatory concepts that a scope lacks, roles that a concept lost, layers that may now overlap, lowered
    severities, settings that it marks A or B or confirms while the shipped standard does not, and land-use codes and
    other codes with a changed meaning.
    """
    found: dict[str, None] = {}
    for one in shipped_standards(standard):
        if one is not standard:
            found |= dict.fromkeys(_looser(standard, one))
    return list(found)


def _looser(own: Standard, shipped: Standard) -> Iterator[str]:
    for name, scope in shipped.scopes.items():
        there = own.scopes[name].mandatory if name in own.scopes else ()
        lost = [concept for concept in scope.mandatory if concept not in there]
        if lost:
            yield f"scopes.{name}.mandatory（−{'、'.join(lost)}）"
    for name, roles in shipped.concepts.items():
        lost = [role for role in roles if role not in own.concepts.get(name, ())]
        if lost:
            yield f"concepts.{name}（−{'、'.join(lost)}）"
    for role, template in shipped.templates.items():
        mine = own.templates.get(role)
        if mine is not None and mine.overlap == "allowed" != template.overlap:
            yield f"templates/{role}.toml：overlap（allowed）"
    yield from _severities(own, shipped)
    for item in sorted(own.confirmed - shipped.confirmed):
        yield f"confirmed.items（{item}）"
    yield from _marks(own, shipped)
    for name, codes in shipped.code_lists.items():
        changed = _changed(own.code_lists[name], codes) if name in own.code_lists else []
        if changed:
            yield f"codelists/{name}.csv（{'、'.join(changed[:5])}）"


def _marks(own: Standard, shipped: Standard) -> Iterator[str]:
    """Yield marks A and B without a source, or on values set elsewhere."""
    keys = {key for one in own_standards(own) for key in one.own}
    for item, mark in own.marks.items():
        if mark == "C" or shipped.marks.get(item) == mark:
            continue
        sets = any(key == item or key.startswith(f"{item}.") for key in keys)
        if not sets or not own.mark_sources.get(item):
            yield f"marks.{item}（{mark}）"


def _severities(own: Standard, shipped: Standard) -> Iterator[str]:
    rules = all_rules()
    tables = [("severity", own.severity, shipped.severity)]
    tables += [(f"phase.{p}.severity", severities, shipped.phases.get(p, {})) for p, severities in own.phases.items()]
    for where, severities, usual in tables:
        for code, severity in severities.items():
            before = Severity(usual.get(code, shipped.severity.get(code, rules[code].severity)))
            if code in rules and _RANK[Severity(severity)] < _RANK[before]:
                yield f"{where}.{code}（{severity}）"


def _changed(own: CodeList, shipped: CodeList) -> list[str]:
    """Return codes of a shipped list that a custom list lacks, moves or changes."""
    found = []
    for code, usual in shipped.codes.items():
        mine = own.codes.get(code)
        if mine is None or mine.extra != usual.extra or own.lineage(code) != shipped.lineage(code):
            found.append(code)
    return found
