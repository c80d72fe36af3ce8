# SPDX-License-Identifier: GPL-2.0-or-later
"""The phase (阶段) of a plan: 编制, 公示 or 报批. Standard and profile may give a rule another severity in it.

The severity of a rule is the first that is said: by the profile for the phase, by its base …, by the standard for the phase;
by the profile, by its base …, by the standard; by the rule itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import DataError, InputError
from ..files.data import check_keys, expect
from ..model.rule import Severity

#: Ids, a promise to users, and the words of the offices.
PHASES = {"drafting": "编制", "publicity": "公示", "approval": "报批"}


def phase_of(text: str) -> str:
    """The id of a phase by id or Chinese name (编制, 编制阶段); empty for none. InputError names those there are."""
    wanted = text.strip().removesuffix("阶段")
    for phase, name in PHASES.items():
        if wanted.lower() == phase or wanted == name:
            return phase
    if wanted:
        known = "、".join(f"{phase}（{name}）" for phase, name in PHASES.items())
        raise InputError("phase_unknown", value=text, known=known)
    return ""


def read_severities(table: Any, where: str, path: Path) -> dict[str, str]:
    """Code → severity. (Which codes there are, a test of ours asks: rules load later than standards.)"""
    for code, value in expect(table, dict, file=path, key=where).items():
        if value not in list(Severity):
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{where}.{code}", value=str(value), known=", ".join(Severity)
            )
    return dict(table)


def read_phases(table: Any, path: Path) -> dict[str, dict[str, str]]:
    """Phase → code → severity (``[phase.drafting.severity]``)."""
    found = {}
    for phase, rows in expect(table, dict, file=path, key="phase").items():
        check_keys({phase: rows}, required=(), allowed=PHASES, file=path, where="phase")
        where = f"phase.{phase}"
        expect(rows, dict, file=path, key=where)
        check_keys(rows, required=("severity",), allowed=(), file=path, where=where)
        found[phase] = read_severities(rows["severity"], f"{where}.severity", path)
    return found
