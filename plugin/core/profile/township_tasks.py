# SPDX-License-Identifier: GPL-2.0-or-later
"""The tasks that a county hands down to its townships, as they stand in a table."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.side_inputs import SideInputs
from .model import decimals_of


@dataclass(frozen=True)
class TownshipTask:
    """One figure of one township. ``code``: nine digits or empty; ``indicator``: one of `AREA_FIGURES`; ``value`` as
    printed, in ``unit``; ``line``: the row of the table."""

    code: str
    name: str
    indicator: str
    comparison: str
    value: str
    unit: str
    source: str
    line: int

    @property
    def number(self) -> float:
        return float(self.value)

    @property
    def decimals(self) -> int:
        return decimals_of(self.value)


@dataclass(frozen=True)
class TownshipTasks:
    """A table of tasks, empty where none was given. ``file``: its name without folders. ``totals``: rows that sum up the
    others (合计, 全县); ``named``: codes and names of all townships that it lists, those without a figure, too."""

    file: str = ""
    tasks: tuple[TownshipTask, ...] = ()
    totals: tuple[TownshipTask, ...] = ()
    named: frozenset[str] = frozenset()

    def of(self, indicator: str) -> list[TownshipTask]:
        return [task for task in self.tasks if task.indicator == indicator]

    @property
    def indicators(self) -> list[str]:
        return list(dict.fromkeys(task.indicator for task in self.tasks))


NO_TASKS = TownshipTasks()


def township_tasks(side: SideInputs) -> TownshipTasks:
    """Return the tasks handed down to the townships; empty if no table was given."""
    return side.get("targets", TownshipTasks) or NO_TASKS
