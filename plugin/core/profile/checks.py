# SPDX-License-Identifier: GPL-2.0-or-later
"""Every value of a profile held against the standard's own: a slip of the pen must not look like a decision."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..conflicts import CONFLICTS, check_meaning
from ..data import expect
from ..errors import DataError
from ..indicators import RATIO_FORMS
from ..rule import Severity, all_rules
from ..standard import EVERY_RULE, Standard
from ..three_zones.spaces import THREE_ZONES, check_space


def unknown(path: Path, key: str, value: Any, known: Iterable[str]) -> DataError:
    return DataError("data_value_unknown", file=str(path), key=key, value=str(value), known=", ".join(known))


def check_setting(key: str, value: Any, standard: Standard, path: Path) -> None:
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
            raise unknown(path, key, role, standard.templates)
        if expect(value, (int, float), file=path, key=key) < 0:
            raise unknown(path, key, value, (">= 0",))
        return
    if key not in standard.settings:
        raise DataError("data_key_unknown", file=str(path), key=key, known=", ".join(sorted(standard.settings)))
    model = standard.settings[key]
    if isinstance(model, bool):
        expect(value, bool, file=path, key=key)
    elif isinstance(model, int | float):
        expect(value, (int, float), file=path, key=key)
        if value < 0:
            raise unknown(path, key, value, (">= 0",))
    elif isinstance(model, list):
        for item in expect(value, list, file=path, key=key):
            expect(item, str, file=path, key=key)
    else:
        expect(value, str, file=path, key=key)
    if key.startswith(f"{CONFLICTS}."):
        check_meaning(value, path, key)
    if key == "ratio.form" and value not in RATIO_FORMS:
        raise unknown(path, key, value, RATIO_FORMS)


def _rule_parameters() -> dict[str, tuple[str, ...]]:
    return {code: tuple(p.name for p in rule.parameters) for code, rule in all_rules().items()}


def check_names(severity: dict[str, str], absent: list[str], standard: Standard, path: Path) -> None:
    """DataError for a severity of no rule or of no kind, and for a concept that the standard does not have."""
    codes = _rule_parameters()
    for code, value in severity.items():
        if code not in codes:
            raise DataError("data_key_unknown", file=str(path), key=f"severity.{code}", known=", ".join(codes))
        if value not in list(Severity):
            raise unknown(path, f"severity.{code}", value, Severity)
    concepts = [
        *standard.concepts,
        *(c for scope in standard.scopes.values() for c in scope.mandatory + scope.conditional),
    ]
    for concept in absent:
        if concept not in concepts:
            raise unknown(path, "absent.concepts", concept, dict.fromkeys(concepts))


def check_rules(names: Iterable[Any], standard: Standard, path: Path) -> None:
    """DataError for what is neither a rule's code nor a group of rules."""
    known = [EVERY_RULE, *standard.rule_groups, *_rule_parameters()]
    for name in names:
        if name not in known:
            raise unknown(path, "rules_extra", name, known)


def check_confirmed(items: Any, standard: Standard, path: Path) -> None:
    """DataError for an item that nothing asks to be confirmed: a slip there would look like a confirmation."""
    lists = [f"codes.{name}" for name in standard.code_lists]
    known = ["all", *sorted({*standard.marks, *standard.settings, *standard.citations, *lists})]
    for item in expect(items, list, file=path, key="confirmed.items"):
        if item not in known:
            raise unknown(path, "confirmed.items", item, known)
