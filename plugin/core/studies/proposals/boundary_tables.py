# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables, sentences and layers of a proposed boundary (边界调优): a draft, never a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import OutputError, require_value
from ...plan.io.file import DRIVER_ERRORS
from ...plan.io.geopackage_writing import append_rows
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    TableColumn,
    make_table,
    make_table_number,
)
from ...standard.messages.texts import Texts, format_number
from .boundary_land import SECTION
from .boundary_model import BY_AREA, COMPACT, ORDER, PREFERENCE, RETREAT, STAGES
from .mixed_integer_solver import StageState
from .proposal_tables import ProposalTables
from .propose_boundary import SETTINGS, TAKEN_IN, BoundaryResult, Step

#: Reason of land that leaves for a limit, and of an island that stays.
_FOR_LIMITS, _ISLAND = "limits", "island"


class LimitLine(NamedTuple):
    """A limit (m²): its group, its value before and after the draft."""

    group: str
    upper: float
    before: float
    after: float


class BoundaryTables(ProposalTables):
    """Makes sentences, tables and layers of a result in the language of ``texts``."""

    result: BoundaryResult
    layer_name = "boundary_changes"

    def __init__(self, result: BoundaryResult, texts: Texts):
        super().__init__(result, texts, SECTION, "boundary")
        #: Changed cells in the order of the steps, and their numbers.
        self.changed = [position for group in result.group_changed().values() for position in group]
        self.number = {position: n for n, position in enumerate(self.changed, 1)}

    # --- sentences
    def summarise(self) -> list[str]:
        """Return the answer: the draft with its figures, or what contradicts; then how it was found."""
        result, choice = self.result, self.result.choice
        if choice.inside is None:
            return [self._describe_failure()]
        areas = result.sum_areas()
        cells = result.land.cells
        before = float(cells.area_m2[cells.is_inside].sum())
        params = {"before": before, **areas._asdict()}
        sentences = [self.get("proposed", **{key: format_number(one, 2) for key, one in params.items()})]
        if choice.unmet:
            sentences.append(self.get("unmet", groups="、".join(map(self.name_group, choice.unmet))))
        sentences.append(self.describe_distance())
        if choice.is_stopped:
            sentences.append(self.get("stopped"))
        unresolved = result.list_unresolved()
        if unresolved:
            area = format_number(float(cells.area_m2[unresolved].sum()), 2)
            sentences.append(self.get("unresolved", count=len(unresolved), area=area))
        islands = result.list_kept_islands()
        if islands:
            sentences.append(self.get("kept_islands", count=len(islands)))
        return sentences

    def _describe_failure(self) -> str:
        """Return why a draft is missing: a contradiction, or shapes that no time was left to exclude."""
        choice = self.result.choice
        if choice.contradiction:
            return self.get("contradiction", groups="、".join(map(self.name_group, choice.contradiction)))
        if not choice.unfinished:
            return self.get("no_draft" if choice.is_stopped else "impossible")
        x, y = self.result.locate(choice.unfinished[0])
        kind = self.get(f"group_{choice.unfinished[0].kind}", name="")
        return self.get("unfinished", kind=kind, count=len(choice.unfinished), x=f"{x:.1f}", y=f"{y:.1f}")

    def describe_distance(self) -> str:
        """Return a sentence on the distance of a draft's weighted retreat from its bounds."""
        choice, model = self.result.choice, self.result.model
        stage = choice.stages[RETREAT]
        given, bound = model.measure_retreat(require_value(choice.inside, "the draft")), stage.bound
        key = "bound_unknown" if np.isnan(bound) else "bound"
        params = {"given": given, "bound": bound, "excess": max(given - model.compute_divisible_retreat(), 0.0)}
        return self.get(
            "bound_greedy" if stage.state is StageState.HEURISTIC else key,
            gap=format_number(100 * max(given - bound, 0.0) / max(given, 1.0), 2),
            **{name: format_number(one, 2) for name, one in params.items()},
        )

    def describe_shortly(self) -> str:
        """Return sentences on the limits that a draft keeps, and on its distance from the least retreat."""
        choice, model = self.result.choice, self.result.model
        groups = "、".join(self.name_group(one.group) for one in self.list_limits())
        kept = [self.get("limits_kept", groups=groups)] if groups else []
        given, stage = model.measure_retreat(require_value(choice.inside, "the draft")), choice.stages[RETREAT]
        excess = 100 * max(given - stage.bound, 0.0) / max(given, 1.0)
        if stage.state is StageState.HEURISTIC or np.isnan(excess):
            return " ".join([*kept, self.describe_distance()])
        gap = format_number(excess, 2)
        return " ".join([*kept, self.get("least" if float(gap) == 0 else "near_least", gap=gap)])

    def list_notes(self) -> list[str]:
        """Return sentences on missing data, settings and gaps of the layers."""
        result = self.result
        notes = [self.render(one) for one in result.notes]
        notes += [
            *self.describe_unconfirmed(SETTINGS),
            self.get("draft"),
            self.get("other_lines"),
            *result.plan.describe_gaps(self.texts),
        ]
        return list(dict.fromkeys(notes))

    def name_group(self, group: str) -> str:
        """Return the name of a group of constraints."""
        kind, _, name = group.partition(":")
        return self.get(f"group_{kind}", name=name)

    # --- tables
    def make_tables(self) -> list[ReportTable]:
        """Return the tables in order: steps, limits, changes, land that is not resolved, stages."""
        units = {PREFERENCE: "m" if self.result.order.preference == COMPACT else "count", ORDER: "count"}
        return [
            self._make_step_table(),
            self._make_limit_table(),
            self._make_cell_table("boundary_changes", self.changed, self.give_change),
            self._make_cell_table("boundary_unresolved", self._list_open_cells(), self._give_stay),
            self.make_stage_table("boundary_stages", STAGES, units),
        ]

    def _make_step_table(self) -> ReportTable:
        """Return the changes by reason with the boundary and N1 after each."""
        base = self.result.land.base_m2

        def get_ratio(one: Step) -> CellValue:
            return make_table_number(one.boundary_m2 / base, "ratio") if base > 0 else self.get("unknown")

        columns = [
            self.make_column("reason", 30, lambda one: self._name_reason(one.reason)),
            self.make_column("count", 10, lambda one: one.cell_count, "count"),
            self.make_column("area", 18, lambda one: make_table_number(one.area_m2, "m2"), "m2"),
            self.make_column("boundary", 18, lambda one: make_table_number(one.boundary_m2, "m2"), "m2"),
            self.make_column("ratio", 10, get_ratio),
        ]
        notes = [*self.summarise(), *self.list_notes()]
        return make_table("boundary_steps", columns, self.result.list_steps(), lambda one: one.reason, "m2", notes)

    def list_limits(self) -> list[LimitLine]:
        """Return the limits with the values before and after the draft."""
        inside, cells = self.result.choice.inside, self.result.land.cells
        after = cells.is_inside if inside is None else inside
        return [
            LimitLine(
                one.group,
                one.upper,
                float(one.coefficients[cells.is_inside].sum()),
                float(one.coefficients[after].sum()),
            )
            for one in self.result.land.limits
        ]

    def _make_limit_table(self) -> ReportTable:
        columns = [
            self.make_column("limit", 30, lambda one: self.name_group(one.group)),
            self.make_column("upper", 18, lambda one: make_table_number(one.upper, "m2"), "m2"),
            self.make_column("before", 18, lambda one: make_table_number(one.before, "m2"), "m2"),
            self.make_column("after", 18, lambda one: make_table_number(one.after, "m2"), "m2"),
        ]
        return make_table("boundary_limits", columns, self.list_limits(), lambda one: one.group, "m2")

    def make_cell_columns(self, give_reason: Callable[[int], str]) -> list[TableColumn]:
        """Return the columns of cells, of the sheet and the layer; an item is a position."""
        land, boundary, parcels = self.result.land, self.result.land.layer, self.result.land.parcels
        return [
            self.make_column("number", 6, lambda n: self.number.get(n, 0), "count"),
            self.make_column("key", 22, lambda n: boundary.keys[land.row[n]] if land.row[n] >= 0 else ""),
            self.make_column(
                "parcel", 22, lambda n: parcels.keys[land.parcel_row[n]] if land.parcel_row[n] >= 0 else ""
            ),
            self.make_column("land_use", 10, self.get_land_use),
            self.make_column("township", 14, lambda n: land.townships[n]),
            self.make_column("cell_reason", 30, give_reason),
            self.make_column("area_m2", 16, lambda n: round(float(land.cells.area_m2[n]), 2), "m2"),
        ]

    def get_land_use(self, position: int) -> str:
        """Return the land use of a cell; empty without a parcel."""
        land = self.result.land
        row = land.parcel_row[position]
        return land.parcels.text("land_use")[row] if row >= 0 else ""

    def give_change(self, position: int) -> str:
        """Return why a cell leaves or comes."""
        land = self.result.land
        if not land.cells.is_inside[position]:
            return self._name_reason(TAKEN_IN)
        return self._name_reason(land.leaves_for[position] or _FOR_LIMITS)

    def _name_reason(self, reason: str) -> str:
        """Return a reason as text; a preference may also take out land that the limits do not ask for."""
        has_preference = reason == _FOR_LIMITS and self.result.order.preference != BY_AREA
        preference = self.get(f"prefer_{self.result.order.preference}") if has_preference else ""
        return self.get("reason_preference" if has_preference else f"reason_{reason}", preference=preference)

    def _list_open_cells(self) -> list[int]:
        """Return the cells that stay though they must leave, and those of islands that stay."""
        islands = [n for part in self.result.list_kept_islands() for n in part.tolist()]
        return list(dict.fromkeys([*self.result.list_unresolved(), *islands]))

    def _give_stay(self, position: int) -> str:
        land = self.result.land
        stays, leaves = land.stays_for[position], land.leaves_for[position] or _ISLAND
        return self.get(
            "stays_though", leaves=self.get(f"reason_{leaves}"), stays=self.get(f"reason_{stays or _ISLAND}")
        )

    def _make_cell_table(
        self, table_id: str, positions: Sequence[int], give_reason: Callable[[int], str]
    ) -> ReportTable:
        columns = self.make_cell_columns(give_reason)
        return make_table(table_id, columns, positions, str, "m2")

    # --- outputs
    def make_land_columns(self) -> list[TableColumn]:
        """Return the columns of the cells that leave or come."""
        return self.make_cell_columns(self.give_change)

    def list_land(self) -> tuple[list[int], NDArray]:
        """Return the cells that leave or come."""
        return self.changed, self.result.land.shape[self.changed]

    def write_layer(self, path: Path) -> None:
        """Write a new GeoPackage: the boundary after the draft, and the land that leaves or comes.

        Raise OutputError.
        """
        try:
            append_rows(self.make_draft_frame(), path, self.result.land.layer.role)
            append_rows(self.make_land_frame(), path, self.layer_name)
        except DRIVER_ERRORS as error:
            raise OutputError("output_unwritable", target=path.name, detail="refused") from error

    def make_draft_frame(self) -> Any:
        """Return the boundary after the draft with the fields of its layer.

        Changed features have a new area; their further parts have no key, which the county numbers.
        """
        import geopandas as gpd

        result = self.result
        layer, crs, features = result.land.layer, result.plan.crs, result.list_draft()
        rows = [one.row for one in features]
        frame = layer.frame.iloc[rows].drop(columns=layer.frame.geometry.name).reset_index(drop=True)
        area_field, key_field = layer.get_field_name("area"), layer.get_field_name("key")
        for n, one in enumerate(features):
            if one.is_changed and area_field in frame.columns:
                area = result.measure_shapes([one.shape])[0]
                frame.loc[n, area_field] = round(float(area), 2)
            if not one.is_first and key_field in frame.columns:
                frame.loc[n, key_field] = None
        # Unchanged features keep their stored shapes.
        shapes = self.reproject([one.shape for one in features])
        stored = layer.frame.geometry.to_numpy()
        for n, one in enumerate(features):
            if not one.is_changed and layer.source.crs == crs:
                shapes[n] = stored[one.row]
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
