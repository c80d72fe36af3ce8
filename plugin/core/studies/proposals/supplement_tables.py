# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables, sentences and layer of a proposal of supplements (补划选址): a draft, never a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    make_table,
    make_table_number,
)
from ...standard.messages.texts import Texts, format_number
from .mixed_integer_solver import StageResult, StageState
from .proposal_tables import ProposalTables
from .supplement_candidates import list_blocks
from .supplement_model import CLASS, COUNT, GRADE, GRADES, MAX_SHARED, ORDER, OTHERS, PREFERENCE, STAGES, TOWNSHIP
from .supplement_result import SECTION, SETTINGS, BalanceLine, BalanceState, SupplementResult

LAYER_NAME = "supplement_draft"
#: Units of the stages that are not in m².
_UNITS = {COUNT: "count", ORDER: "count"}


class SupplementTables(ProposalTables):
    """Makes sentences, tables and layer of a result in the language of ``texts``."""

    result: SupplementResult
    layer_name = LAYER_NAME

    def __init__(self, result: SupplementResult, texts: Texts):
        super().__init__(result, texts, SECTION, "supplement")
        land = result.land
        self.blocks = list_blocks(len(land.keys), result.chosen, land.left, land.right)
        self.number = {position: n for n, position in enumerate(result.chosen, 1)}

    def get(self, key: str, /, **params: Any) -> str:
        """Return a text of the section."""
        return super().get(key, shared=f"{MAX_SHARED:.0%}", **params)

    def summarise(self) -> list[str]:
        """Return the answer: the draft with its figures, or what contradicts; then how it was found."""
        result, choice = self.result, self.result.choice
        demand, preference = self._format(result.demand.net_m2), self.get(f"prefer_{result.order.preference}")
        if choice.chosen is None:
            groups = "、".join(map(self.name_group, choice.contradiction))
            key = "no_other" if result.order.preference == OTHERS else "contradiction"
            return [self.get(key, demand=demand, count=len(result.land.keys), groups=groups)]
        net, count = self._format(result.sum_net_m2(result.chosen)), len(result.chosen)
        blocks = len(set(self.blocks.values()))
        sentences = [self.get("proposed", demand=demand, preference=preference, count=count, net=net, blocks=blocks)]
        if choice.unmet:
            key = "unmet_stopped" if choice.is_stopped else "unmet"
            sentences.append(self.get(key, groups="、".join(map(self.name_group, choice.unmet))))
        if choice.excess_share > result.norm.get(f"{SECTION}.excess_share") + 1e-9:
            params = {
                "allowed": format_number(100 * result.norm.get(f"{SECTION}.excess_share"), 2),
                "used": format_number(100 * choice.excess_share, 2),
            }
            sentences.append(self.get("excess_raised" if choice.is_excess_least else "excess_unproved", **params))
        stage = choice.stages.get(PREFERENCE)
        if stage is not None:
            sentences.append(self._describe_distance(stage))
        if choice.is_stopped:
            sentences.append(self.get("stopped"))
        for state, key in ((BalanceState.SHORT, "short_lines"), (BalanceState.UNDETERMINED, "undetermined_lines")):
            names = [self.name_group(f"{one.group}:{one.name}") for one in result.list_balance() if one.state is state]
            if names:
                sentences.append(self.get(key, names="、".join(names)))
        return sentences

    def _describe_distance(self, stage: StageResult) -> str:
        """Return a sentence on the distance of the preference from the best possible."""
        if np.isnan(stage.bound):
            key = "bound_unknown_greedy" if stage.state is StageState.HEURISTIC else "bound_unknown"
            return self.get(key)
        key = "bound_greedy" if stage.state is StageState.HEURISTIC else "bound"
        return self.get(key, gap=format_number(100 * stage.gap, 2))

    def list_notes(self) -> list[str]:
        """Return sentences on missing data, values by survey, settings and gaps of the layers."""
        result = self.result
        notes = [self.render(one) for one in result.notes]
        for name, count in result.land.filled.items():
            notes.append(self.get("filled", count=count, value=self.get(f"value_{name}")))
        notes.append(
            self.get("demand_basis", shapes=self.get("by_table" if result.taken.shapes is None else "by_shapes"))
        )
        notes += [*self.describe_unconfirmed(SETTINGS), self.get("draft"), *result.plan.describe_gaps(self.texts)]
        return list(dict.fromkeys(notes))

    def name_group(self, group: str) -> str:
        """Return the name of a group of constraints."""
        kind, _, name = group.partition(":")
        # The balance names the classes, the constraints their rank.
        if kind == CLASS and name.isdigit() and name not in self.result.classes:
            name = "、".join(self.result.classes[: int(name) + 1])
        if kind == GRADE:
            name = self.get(f"value_{name}")
        if kind == TOWNSHIP:
            name = name or self.get("no_township")
        return self.get(f"group_{kind}", name=name)

    def _format(self, area_m2: float) -> str:
        """Return an area (m²) in a sentence."""
        return format_number(area_m2, 2)

    def make_tables(self) -> list[ReportTable]:
        """Return the tables in order: balance, land that is taken, parcels, exclusions, stages."""
        return [
            self._make_balance_table(),
            self._make_taken_table(),
            self._make_parcel_table(),
            self._make_exclusion_table(),
            self.make_stage_table("supplement_stages", STAGES, _UNITS),
        ]

    def _make_balance_table(self) -> ReportTable:
        """Return what is needed and what is proposed, line by line."""

        def show(line: BalanceLine, value: float | None) -> CellValue:
            if value is None:
                return self.get("state_undetermined")
            return make_table_number(value, "m2" if line.group != GRADE else "ratio")

        columns = [
            self.make_column("item", 30, lambda one: self.name_group(f"{one.group}:{one.name}")),
            self.make_column("needed", 18, lambda one: show(one, one.needed)),
            self.make_column("proposed", 18, lambda one: show(one, one.proposed)),
            self.make_column("state", 14, lambda one: self.get(f"state_{one.state}")),
        ]
        notes = [*self.summarise(), *self.list_notes()]
        rows = self.result.list_balance() if self.result.choice.chosen is not None else []
        return make_table("supplement_balance", columns, rows, lambda one: f"{one.group}:{one.name}", "m2", notes)

    def _make_taken_table(self) -> ReportTable:
        """Return the net area that is taken, by township and class."""
        taken, sums = self.result.taken, dict[tuple[str, str], float]()
        for township, land_use, net_m2 in zip(taken.townships, taken.classes, taken.net_m2.tolist(), strict=True):
            sums[township, land_use] = sums.get((township, land_use), 0.0) + net_m2
        columns = [
            self.make_column("township", 30, lambda one: one[0] or self.get("no_township")),
            self.make_column("land_use", 14, lambda one: one[1] or self.get("state_undetermined")),
            self.make_column("net_m2", 18, lambda one: sums[one], "m2"),
        ]
        return make_table("supplement_taken", columns, sorted(sums), ":".join, "m2")

    def make_land_columns(self) -> list[TableColumn]:
        """Return the columns of the proposed parcels, of the sheet and the layer; an item is a position."""
        land = self.result.land

        def get(values: NDArray, digits: int = 2) -> Callable[[int], float | None]:
            return lambda n: round(float(values[n]), digits) if np.isfinite(values[n]) else None

        return [
            self.make_column("number", 6, lambda n: self.number[n], "count"),
            self.make_column("key", 22, lambda n: land.keys[n]),
            self.make_column("township", 14, lambda n: land.townships[n]),
            self.make_column("land_use", 10, lambda n: land.classes[n]),
            self.make_column("net_m2", 14, get(land.net_m2), "m2"),
            self.make_column("area_m2", 14, get(land.area_m2), "m2"),
            *(self.make_column(grade, 10, get(land.grades[grade]), "count") for grade in GRADES),
            self.make_column("farmland_edge", 12, get(land.farmland_edge_m), "m"),
            self.make_column("distance", 12, get(land.distance_m), "m"),
            self.make_column("block", 8, lambda n: self.blocks[n], "count"),
            self.make_column("reason", 30, self._give_reason),
            self.make_column("survey", 14, lambda n: ""),
        ]

    def _give_reason(self, position: int) -> str:
        """Return why a parcel is a candidate: its source, and what was cut."""
        land = self.result.land
        whole = "reason_whole" if land.share[position] > 1 - 1e-9 else "reason_part"
        return self.get(
            whole,
            layer=land.layer.template.name if self.texts.lang == "zh" else land.layer.role,
            share=format_number(100 * land.share[position], 1),
        )

    def _make_parcel_table(self) -> ReportTable:
        """Return the proposed parcels with their sum."""
        columns, chosen = self.make_land_columns(), self.result.chosen
        table = make_table("supplement_parcels", columns, chosen, lambda n: str(self.number[n]), "m2")
        net, area = self.result.sum_net_m2(chosen), float(self.result.land.area_m2[chosen].sum())
        totals: dict[str, Any] = {"number": self.texts.get("tables", "sum"), "net_m2": net, "area_m2": area}
        cells = [
            one if isinstance(one := totals.get(column.id), str) else make_table_number(one, "m2") for column in columns
        ]
        table.rows.append(ReportTableRow(cells, "sum", "sum"))
        return table

    def _make_exclusion_table(self) -> ReportTable:
        """Return the land that each reason excludes; land of several reasons counts in the first."""
        columns = [
            self.make_column("exclusion", 26, lambda one: self.texts.get("supplement_reasons", one.reason)),
            self.make_column("layer", 24, lambda one: one.layer),
            self.make_column("count", 10, lambda one: one.parcel_count, "count"),
            self.make_column("area", 18, lambda one: one.area_m2, "m2"),
        ]
        notes = [self.get("exclusions_note", count=len(self.result.land.keys), source=self.result.land.layer.name)]
        return make_table(
            "supplement_exclusions", columns, self.result.land.excluded, lambda one: one.reason, "m2", notes
        )

    def list_land(self) -> tuple[list[int], NDArray]:
        """Return the proposed parcels."""
        return self.result.chosen, self.result.land.shape[self.result.chosen]
