# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of the control lines on every basis that their tables have, with target and what is left."""

from __future__ import annotations

import numpy as np

from ...indicators.areas import counted_of
from ...indicators.compute import Figures
from ...indicators.land_use import FIELDS, areas_of
from ...indicators.ratio import KINDS
from ...model.indicator import SQUARE_METRES, Indicator, in_unit
from ...plan.layer import Layer
from .. import figures as shown
from ..words import Words
from .model import Column, Row, Table, measured, unbacked, unbacked_note

_HA = SQUARE_METRES["ha"]
#: The lines by concept, and the figure with a target that each has.
LINES = {
    "cultivated": "cultivated_area",
    "farmland": "farmland_area",
    "red_line": "red_line_area",
    "boundary": "boundary_area",
    "heritage": "",
    "flood_line": "",
    "mineral_line": "",
    "reserves": "",
}


def lines(figures: Figures) -> Table | None:
    """One row a line that is there; of the boundary its three zones below it."""
    ctx, texts = figures.ctx, figures.texts
    county = ctx.plan.concept("county")
    whole = float(county.statutory.sum()) if county is not None and not county.bare else 0.0
    columns = [
        Column("line", wide=22),
        Column("layer", wide=14),
        Column("features", "count", wide=10),
        Column("statutory", "ha", wide=16),
        Column("survey", "ha", wide=16),
        Column("net", "ha", wide=16),
        Column("net_wan_mu", "wan_mu", wide=14),
        Column("county_share", "share", wide=12),
        Column("target", wide=17),
        Column("room", wide=14),
        Column("state", wide=12),
    ]
    table = Table("lines", columns, unit="ha")

    def row(name: str, layer: Layer, rows: np.ndarray, kind: str, code: str, figure: Indicator | None = None) -> None:
        areas = areas_of(layer)
        statutory = float(areas.statutory[rows].sum())
        survey, net = (None if a is None else float(np.nansum(a[rows])) for a in (areas.survey, areas.net))
        table.rows.append(
            Row(
                [
                    name,
                    layer.role,
                    measured(int(rows.sum()), "count"),
                    measured(statutory / _HA, "ha"),
                    measured(None if survey is None else survey / _HA, "ha"),
                    measured(None if net is None else net / _HA, "ha"),
                    measured(None if net is None else in_unit(net, "wan_mu"), "wan_mu"),
                    measured(100 * statutory / whole, "share") if whole else None,
                    *_against(figure, figures),
                ],
                kind,
                code,
            )
        )

    doubtful: list[Layer] = []
    for concept, indicator in LINES.items():
        layer = ctx.plan.concept(concept)
        if layer is None or layer.bare:
            continue
        every = counted_of(layer, ctx) if concept == "reserves" else np.ones(len(layer), dtype=bool)
        name = layer.template.name if texts.lang == "zh" else texts.concept(concept)
        row(name, layer, every, "row", concept, figures.value(indicator) if indicator else None)
        doubtful += unbacked([layer], tuple(FIELDS.values()), figures)
        if concept == "boundary" and layer.tells("zone_code"):
            coded = {k: ctx.coded(layer, "zone_code", ctx.norm.get(f"ratio.{k}")) for k in KINDS}
            coded["uncoded"] = ~np.logical_or.reduce(list(coded.values()))
            for kind, rows in coded.items():
                if rows.any():
                    row(texts.get("tables", kind), layer, rows, "part", f"{concept}:{kind}")
    table.notes.append(texts.get("tables", "lines_note"))
    table.notes += unbacked_note(doubtful, figures)
    return table if table.rows else None


def _against(figure: Indicator | None, figures: Figures) -> list:

    if figure is None or figure.target is None:
        return ["", None, ""]
    words = Words(figures.texts.lang)
    room = figure.room
    return [
        shown.target_text(figure, words).replace("\u202f", " "),
        measured(room, figure.unit, shown.decimals_of(figure)),
        shown.state_word(figure, words),
    ]
