# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of the environment check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FactState(StrEnum):
    """The state of a line: 可用 / 警告 / 缺少 / 结果不符 / 未运行.

    MISSING and FAILED mean that checks cannot run or give wrong results here; the others do not.
    """

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class MachineFact:
    """A line of the environment check.

    ``identifier`` never changes (``library.geopandas``). ``name``: what was examined; ``found``: its version or what
    was found; ``remedy``: what does not work without it and how to get it, empty if nothing is to be done. Texts are
    in the user's language and name no folder of this machine.
    """

    identifier: str
    state: FactState
    name: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class DoctorReport:
    """The lines of an environment check, and its conclusion."""

    facts: tuple[MachineFact, ...]
    conclusion: str
    lang: str

    @property
    def is_healthy(self) -> bool:
        """Return True if checks can run here."""
        return is_healthy(self.facts)


def is_healthy(facts: tuple[MachineFact, ...]) -> bool:
    """Return True if nothing that checks need is missing, and no example has another result."""
    return all(fact.state not in (FactState.MISSING, FactState.FAILED) for fact in facts)
