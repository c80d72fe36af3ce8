# SPDX-License-Identifier: GPL-2.0-or-later
"""What a plan is held against beside its layers: typed figures, tasks, a register, waivers, the sealed edition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import Options

if TYPE_CHECKING:
    from .heritage.heritage_list import HeritageList
    from .indicators.typed import TypedFigure
    from .plan.plan import Plan
    from .profile import Norm
    from .transmission.table import TownshipTasks
    from .waivers.model import Waivers


#: The rules that compare a list of heritage, and the counts of the profile ([[heritage_register]]).
LIST_RULE, COUNT_RULE = "LAW024", "LAW023"


@dataclass(frozen=True)
class SideInputs:
    """Tables as they were read; each is empty where none was given. ``said``: what the report is to say of them."""

    options: Options
    figures: tuple[TypedFigure, ...]
    targets: TownshipTasks
    register: HeritageList | None
    waivers: Waivers
    said: list[tuple[str, dict[str, Any]]]

    def give(self, plan: Plan, norm: Norm, check: Callable[[], None] = lambda: None) -> None:
        """Put everything into the plan, and read the sealed edition in its plane. InputError as `read_baseline`."""
        plan.figures, plan.targets, plan.register, plan.waivers = (
            self.figures,
            self.targets,
            self.register,
            self.waivers,
        )
        plan.notices += self.said
        for path, notice, count in (
            (self.options.figures, "notice_figures", len(self.figures)),
            (self.options.targets, "notice_targets", len(self.targets.tasks)),
        ):
            if path:
                plan.notices.append((notice, {"file": Path(path).name, "count": count}))
                plan.inputs += (path,)
        if self.options.register:
            plan.inputs += (self.options.register,)
        if self.options.baseline:
            self._give_baseline(plan, norm, check)

    def find_requested_rules(self) -> tuple[str, ...]:
        """Return the codes of rules that compare what was given for this check. They run beside those of the plan's scope."""
        return (LIST_RULE,) if self.register is not None else ()

    def give_registers(self, plan: Plan, norm: Norm, codes: Iterable[str]) -> None:
        """Put into the plan's notices whether rules of the run (``codes``) compare the registers of heritage that were given."""
        running = set(codes)
        if self.register is not None:
            said = {"file": Path(self.options.register).name, "count": len(self.register.rows), "rule": LIST_RULE}
            plan.notices.append(("notice_register" if LIST_RULE in running else "notice_register_unused", said))
        own = norm.register(plan.area_code)
        if own and COUNT_RULE not in running:
            plan.notices.append(("notice_counts_unused", {"count": len(own), "rule": COUNT_RULE}))

    def _give_baseline(self, plan: Plan, norm: Norm, check: Callable[[], None]) -> None:
        from .loading.reading import part_of_plan
        from .loading.renumbering import read_renumbered
        from .versions.baseline import give_baseline, read_baseline

        numbers = read_renumbered(self.options.renumbered) if self.options.renumbered else {}
        sealed = read_baseline(self.options.baseline, plan, norm, wanted=part_of_plan(norm, {}), check=check)
        give_baseline(plan, sealed, numbers)


def read_side_inputs(options: Options, norm: Norm, source: str | Path | None) -> SideInputs:
    """The tables that the options name, and the waivers that stand beside ``source``. InputError or DataError for a slip."""
    from .heritage.heritage_list import read_heritage_list
    from .indicators.typed import read_figures
    from .transmission.table import read_township_tasks
    from .waivers.load import load_waivers

    waivers, said = load_waivers(options.waivers, norm, source, options.renumbered)
    return SideInputs(
        options,
        read_figures(options.figures) if options.figures else (),
        read_township_tasks(options.targets),
        read_heritage_list(options.register, norm) if options.register else None,
        waivers,
        said,
    )
