# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas by township: land, lines and planning zones, each column adding up to the county's figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...indicators.compute import Figures
from ...indicators.townships import Township, split, townships_of
from ...invariants import require
from ...messages.texts import Texts
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...profile.spaces import ZONES_LIST
from ...three_zones.figures import zone_codes
from ...transmission.by_township import by_township
from .model import Column, Row, Table, measured, unbacked_note

_HA = SQUARE_METRES["ha"]
#: What tasks are counted by, as the rule on the townships' tasks counts it; other lines by the shapes.
TASKS = {"cultivated": "cultivated_area", "farmland": "farmland_area"}
SHAPES = ("farmland", "red_line", "boundary", "heritage")


@dataclass
class TownshipAreas:
    """Columns with their areas (m²) by township, and what the notes below the table name."""

    columns: list[Column] = field(default_factory=list)
    #: One array a column: the townships, then land in none of them (-2) and land in two (-1).
    sums: list[NDArray] = field(default_factory=list)
    #: Names of layers by the field whose codes assign their rows to townships.
    by_code: dict[str, list[str]] = field(default_factory=dict)
    doubtful: list[Layer] = field(default_factory=list)

    def add(self, column: Column, sums: NDArray) -> None:
        self.columns.append(column)
        self.sums.append(sums)


def townships(figures: Figures) -> Table | None:
    """A row a township, one for what lies in none of them, and the sum. None without townships."""
    texts = figures.texts
    given = townships_of(figures.ctx)
    if given is None:
        return None
    layer, towns, _ = given
    areas = TownshipAreas()
    areas.add(Column("land", "ha", wide=16), _sums(layer, layer.statutory, figures))
    _add_tasks(areas, figures)
    _add_lines(areas, figures)
    _add_zones(areas, figures)
    columns = [Column("division_code", wide=14), Column("township", wide=22), *areas.columns]
    table = Table("townships", columns, _rows(towns, areas.sums, texts), unit="ha")
    table.notes.append(texts.get("tables", "townships_note", layer=layer.name))
    for name, layers in areas.by_code.items():
        named = texts.get("words", "between_names").join(layers)
        table.notes.append(texts.get("tables", "townships_by_code", field=name, layer=named))
    table.notes += unbacked_note(areas.doubtful, figures)
    return table


def _add_tasks(areas: TownshipAreas, figures: Figures) -> None:
    """Add what the townships' tasks count, as the rule on these tasks counts it."""
    for concept, name in TASKS.items():
        counted = by_township(name, figures.ctx)
        if counted is None or counted.figure.layer is None:
            continue
        layer = counted.figure.layer
        areas.add(_column(concept, counted.figure.basis, layer, figures), counted.areas)
        if not (counted.figure.backed and counted.backed.all()):
            areas.doubtful.append(layer)
        if counted.field:
            areas.by_code.setdefault(counted.field, []).append(layer.name)


def _add_lines(areas: TownshipAreas, figures: Figures) -> None:
    """Add the lines by their shapes, except those that a task counts by its shapes."""
    shown = {column.id for column in areas.columns}
    for concept in SHAPES:
        line = figures.ctx.plan.concept(concept)
        if line is not None and not line.bare and f"{concept}_statutory" not in shown:
            areas.add(_column(concept, "statutory", line, figures), _sums(line, line.statutory, figures))


def _add_zones(areas: TownshipAreas, figures: Figures) -> None:
    """Add the first-level planning zones that the plan has."""
    zones = figures.ctx.plan.concept("zones")
    if zones is None or zones.bare or not zones.tells("zone_code"):
        return
    codes = figures.ctx.codes(ZONES_LIST)
    own = np.array(zone_codes(zones), dtype=object)
    for top in (c for c in codes.codes.values() if not c.parent):
        rows = np.isin(own, list(codes.members([top.code])))
        if rows.any():
            column = Column(f"zone_{top.code}", "ha", top.name, 16)
            areas.add(column, _sums(zones, zones.statutory, figures, rows))


def _rows(towns: Sequence[Township], sums: list[NDArray], texts: Texts) -> list[Row]:
    rows = [
        Row([town.code, town.name, *_cells(sums, n)], "row", town.code or town.name) for n, town in enumerate(towns)
    ]
    for place, name in ((-2, "outside"), (-1, "twice")):
        if any(abs(s[place]) > 0.5 for s in sums):
            rows.append(Row(["", texts.get("tables", name), *_cells(sums, place)], "row", name))
    total = [measured(float(s.sum()) / _HA, "ha") for s in sums]
    return [*rows, Row(["", texts.get("tables", "sum"), *total], "sum", "")]


def _column(concept: str, basis: str, line: Layer, figures: Figures) -> Column:
    texts = figures.texts
    # The survey's parcels stand in for a layer of cultivated land.
    own = line.role in figures.ctx.plan.roles_of(concept)
    name = line.template.name if texts.lang == "zh" and own else texts.concept(concept)
    title = texts.get("tables", "line_basis", line=name, basis=texts.get("bases", basis))
    return Column(f"{concept}_{basis}", "ha", title, 16)


def _sums(layer: Layer, values: NDArray, figures: Figures, rows: NDArray | None = None) -> NDArray:
    return require(split(layer, figures.ctx), "the layer of townships").sums(values, rows)


def _cells(sums: list[NDArray], place: int) -> list:
    return [measured(float(s[place]) / _HA, "ha") for s in sums]
