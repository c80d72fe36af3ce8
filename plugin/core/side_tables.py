# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the inputs that a plan is compared with.

They are typed figures, tasks, a heritage register, waivers, the sealed edition, and the maintenance record next to
the data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cancellation import NEVER, Cancellation
from .model.side_inputs import SideInputs
from .options import Options

if TYPE_CHECKING:
    from .heritage.heritage_sites import HeritageList
    from .indicators.typed_figures import TypedFigure
    from .plan.plan import Plan
    from .profile import Norm
    from .profile.figures import TownshipTasks
    from .waivers.model import Waivers


#: The rules that compare a heritage list, and the counts of the profile ([[heritage_register]]).
LIST_RULE, COUNT_RULE = "LAW024", "LAW023"


@dataclass(frozen=True)
class SideTables:
    """Tables of a run, each empty if it was not given.

    ``notices``: notices on the tables for the report.
    """

    options: Options
    figures: tuple[TypedFigure, ...]
    targets: TownshipTasks
    register: HeritageList | None
    waivers: Waivers
    notices: list[tuple[str, dict[str, Any]]]

    def complete(self, plan: Plan, norm: Norm, cancellation: Cancellation = NEVER) -> SideInputs:
        """Return all side inputs of a plan.

        They are the tables, the sealed edition in the plan's plane, and the record next to the layers. The plan's
        notices describe the given inputs, its ``inputs`` list the files. Raise InputError as `read_baseline`.
        """
        plan.notices += self.notices
        for path, notice, count in (
            (self.options.figures, "notice_figures", len(self.figures)),
            (self.options.targets, "notice_targets", len(self.targets.tasks)),
        ):
            if path:
                plan.notices.append((notice, {"file": Path(path).name, "count": count}))
                plan.inputs += (path,)
        if self.options.register:
            plan.inputs += (self.options.register,)
        side = SideInputs(figures=self.figures or None, targets=self.targets, register=self.register)
        side = side.give(record=find_import_record(plan), **self.options.side)
        if not self.options.baseline:
            return side
        return side.give(**self._read_baseline(plan, norm, cancellation))

    def find_requested_rules(self) -> tuple[str, ...]:
        """Return the codes of rules that compare the given tables.

        They run in addition to the rules of the plan's scope.
        """
        return (LIST_RULE,) if self.register is not None else ()

    def note_registers(self, plan: Plan, norm: Norm, codes: Iterable[str]) -> None:
        """Add notices to the plan on the use of the given heritage registers.

        A notice states whether rules of the run (``codes``) compare the register.
        """
        running = set(codes)
        if self.register is not None:
            params = {"file": Path(self.options.register).name, "count": len(self.register.rows), "rule": LIST_RULE}
            plan.notices.append(("notice_register" if LIST_RULE in running else "notice_register_unused", params))
        own = norm.register(plan.area_code)
        if own and COUNT_RULE not in running:
            plan.notices.append(("notice_counts_unused", {"count": len(own), "rule": COUNT_RULE}))

    def _read_baseline(self, plan: Plan, norm: Norm, cancellation: Cancellation) -> dict[str, Any]:
        from .loading.reading import is_part_of_plan
        from .loading.renumbering import read_renumbered
        from .versions.baseline import note_baseline, read_baseline

        numbers = read_renumbered(self.options.renumbered) if self.options.renumbered else {}
        sealed = read_baseline(
            self.options.baseline, plan, norm, wanted=is_part_of_plan(norm, {}), cancellation=cancellation
        )
        note_baseline(plan, sealed)
        return {"baseline": sealed, "renumbered": dict(numbers)}


def read_side_tables(options: Options, norm: Norm, source: str | Path | None) -> SideTables:
    """Read the tables that the options name, and the waivers next to ``source``.

    Raise InputError or DataError for invalid tables.
    """
    from .heritage.heritage_sites import read_heritage_list
    from .indicators.typed_figures import read_figures
    from .profile.figures import TownshipTasks
    from .waivers.file import load_waivers

    tasks = TownshipTasks()
    if options.targets.strip():
        from .target_allocation.table import read_township_tasks

        tasks = read_township_tasks(options.targets)

    waivers, notices = load_waivers(options.waivers, norm, source, options.renumbered)
    return SideTables(
        options,
        read_figures(options.figures) if options.figures else (),
        tasks,
        read_heritage_list(options.register, norm) if options.register else None,
        waivers,
        notices,
    )


@dataclass(frozen=True)
class Record:
    """The record of a yearly change.

    ``file``: its name; ``classes``: role of a class (and, of changes, its kind) → polygons and their statutory m².
    """

    file: str
    classes: dict[tuple[str, str], tuple[int, float]]


def find_import_record(plan: Plan) -> Record | None:
    """Return the record next to the geodatabase of the plan's maintenance classes.

    Return None if it is missing (a package of other software, or one moved without its balance) or unreadable.
    """
    rules = plan.norm.standard.maintenance
    sources = {plan.layers[role].source.source for role in (rules.changes if rules else ()) if role in plan.layers}
    if rules is None or len(sources) != 1 or not all(sources):
        return None
    database = Path(sources.pop())
    path = database.with_name(f"{database.stem}{rules.delivery.balance}.json")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Record(path.name, _classes(record, {stage.id: stage.prefix for stage in rules.stages}))
    except (OSError, ValueError, KeyError, TypeError):
        # A foreign or missing record: the recorded figures are not compared, and the rule reports it.
        return None


def _classes(record: dict[str, Any], prefix: dict[str, str]) -> dict[tuple[str, str], tuple[int, float]]:
    found = {}
    for one in record["layers"]:
        if not one["change"]:
            continue
        for stage in ("before", "after"):
            found[prefix[stage] + one["layer"], ""] = (int(one[stage]), float(one[f"{stage}_m2"]))
        for kind in one["kinds"].values():
            found[prefix["change"] + one["layer"], kind["code"]] = (int(kind["count"]), float(kind["area_m2"]))
    return found
