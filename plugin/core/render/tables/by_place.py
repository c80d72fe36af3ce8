# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas by township: land, lines and planning zones, each column adding up to the county's figure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indicators.compute import Figures
from ...indicators.townships import split, townships_of
from ...invariants import require
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...profile.spaces import ZONES_LIST
from ...three_zones.figures import zone_codes
from ...transmission.by_township import by_township
from .model import Column, Row, Table, measured
from .unbacked import unbacked_note

_HA = SQUARE_METRES["ha"]
#: What tasks are counted by, as the rule on the townships' tasks counts it; other lines by the shapes.
TASKS = {"cultivated": "cultivated_area", "farmland": "farmland_area"}
SHAPES = ("farmland", "red_line", "boundary", "heritage")


def townships(figures: Figures) -> Table | None:
    """A row a township, one for what lies in none of them, and the sum. None without townships."""
    ctx, texts = figures.ctx, figures.texts
    given = townships_of(ctx)
    if given is None:
        return None
    layer, towns, _ = given
    columns = [Column("division_code", wide=14), Column("township", wide=22), Column("land", "ha", wide=16)]
    sums = [_sums(layer, layer.statutory, figures)]
    by_code: dict[str, list[str]] = {}
    doubtful: list[Layer] = []
    for concept, name in TASKS.items():
        told = by_township(name, ctx)
        if told is not None and told.figure.layer is not None:
            columns.append(_column(concept, told.figure.basis, told.figure.layer, figures))
            sums.append(told.areas)
            if not (told.figure.backed and told.backed.all()):
                doubtful.append(told.figure.layer)
            if told.field:
                by_code.setdefault(told.field, []).append(told.figure.layer.name)
    for concept in SHAPES:
        line = ctx.plan.concept(concept)
        shown = {c.id for c in columns}
        if line is not None and not line.bare and f"{concept}_statutory" not in shown:
            columns.append(_column(concept, "statutory", line, figures))
            sums.append(_sums(line, line.statutory, figures))
    zones = ctx.plan.concept("zones")
    if zones is not None and not zones.bare and zones.tells("zone_code"):
        codes = ctx.codes(ZONES_LIST)
        own = np.array(zone_codes(zones), dtype=object)
        for top in (c for c in codes.codes.values() if not c.parent):
            rows = np.isin(own, list(codes.members([top.code])))
            if rows.any():
                columns.append(Column(f"zone_{top.code}", "ha", top.name, 16))
                sums.append(_sums(zones, zones.statutory, figures, rows))
    table = Table("townships", columns, unit="ha")
    for n, town in enumerate(towns):
        table.rows.append(Row([town.code, town.name, *_cells(sums, n)], "row", town.code or town.name))
    for place, name in ((-2, "outside"), (-1, "twice")):
        if any(abs(s[place]) > 0.5 for s in sums):
            table.rows.append(Row(["", texts.get("tables", name), *_cells(sums, place)], "row", name))
    total = [measured(float(s.sum()) / _HA, "ha") for s in sums]
    table.rows.append(Row(["", texts.get("tables", "sum"), *total], "sum", ""))
    table.notes.append(texts.get("tables", "townships_note", layer=layer.name))
    for field, layers in by_code.items():
        named = texts.get("words", "between_names").join(layers)
        table.notes.append(texts.get("tables", "townships_by_code", field=field, layer=named))
    table.notes += unbacked_note(doubtful, figures)
    return table


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
