# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what a plan is compared with: typed figures, tasks, a register, waivers, the sealed edition, and the record
beside it."""

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


#: The rules that compare a list of heritage, and the counts of the profile ([[heritage_register]]).
LIST_RULE, COUNT_RULE = "LAW024", "LAW023"


@dataclass(frozen=True)
class SideTables:
    """Tables as they were read; each is empty where none was given. ``notices``: what the report is to say of them."""

    options: Options
    figures: tuple[TypedFigure, ...]
    targets: TownshipTasks
    register: HeritageList | None
    waivers: Waivers
    notices: list[tuple[str, dict[str, Any]]]

    def complete(self, plan: Plan, norm: Norm, cancellation: Cancellation = NEVER) -> SideInputs:
        """Return all side inputs of a plan: the tables, the sealed edition in its plane, and the record beside its layers.

        The plan's notices say what was given, its inputs name the files. InputError as `read_baseline`.
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
        """Return the codes of rules that compare what was given for this check. They run beside those of the plan's scope."""
        return (LIST_RULE,) if self.register is not None else ()

    def note_registers(self, plan: Plan, norm: Norm, codes: Iterable[str]) -> None:
        """Put into the plan's notices whether rules of the run (``codes``) compare the registers of heritage that were given."""
        running = set(codes)
        if self.register is not None:
            said = {"file": Path(self.options.register).name, "count": len(self.register.rows), "rule": LIST_RULE}
            plan.notices.append(("notice_register" if LIST_RULE in running else "notice_register_unused", said))
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
    """The tables that the options name, and the waivers that stand beside ``source``. InputError or DataError for a slip."""
    from .heritage.heritage_sites import read_heritage_list
    from .indicators.typed_figures import read_figures
    from .profile.figures import TownshipTasks
    from .waivers.file import load_waivers

    tasks = TownshipTasks()
    if options.targets.strip():
        from .target_allocation.table import read_township_tasks

        tasks = read_township_tasks(options.targets)

    waivers, said = load_waivers(options.waivers, norm, source, options.renumbered)
    return SideTables(
        options,
        read_figures(options.figures) if options.figures else (),
        tasks,
        read_heritage_list(options.register, norm) if options.register else None,
        waivers,
        said,
    )


@dataclass(frozen=True)
class Record:
    """``file``: its name; ``classes``: role of a class (and, of changes, its kind) → polygons and their statutory m²."""

    file: str
    classes: dict[tuple[str, str], tuple[int, float]]


def find_import_record(plan: Plan) -> Record | None:
    """The record beside the geodatabase that the plan's classes were read from; None where there is none (a package of other
    software, one that was moved without its balance) or nobody can read it."""
    rules = plan.norm.standard.maintenance
    sources = {plan.layers[role].source.source for role in (rules.changes if rules else ()) if role in plan.layers}
    if rules is None or len(sources) != 1 or not all(sources):
        return None
    database = Path(sources.pop())
    path = database.with_name(f"{database.stem}{rules.delivery.balance}.json")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Record(path.name, _classes(told, {stage.id: stage.prefix for stage in rules.stages}))
    except (OSError, ValueError, KeyError, TypeError):
        # Not ours, or not there: what nobody recorded is not compared, and the rule says so.
        return None


def _classes(told: dict[str, Any], prefix: dict[str, str]) -> dict[tuple[str, str], tuple[int, float]]:
    found = {}
    for one in told["layers"]:
        if not one["change"]:
            continue
        for stage in ("before", "after"):
            found[prefix[stage] + one["layer"], ""] = (int(one[stage]), float(one[f"{stage}_m2"]))
        for kind in one["kinds"].values():
            found[prefix["change"] + one["layer"], kind["code"]] = (int(kind["count"]), float(kind["area_m2"]))
    return found
