# SPDX-License-Identifier: GPL-2.0-or-later
"""Land use of the base year and of the plan (用地现状—规划): nine groups of classes, their first-level classes, and what
becomes of what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...indicators.compute import Figures
from ...indicators.land_use import CLASSES, FIELDS, areas_of, classes_of, first_level
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from .model import Column, Row, Table, measured
from .unbacked import unbacked, unbacked_note

_HA = SQUARE_METRES["ha"]
BASE, PLANNED = "base_parcels", "GHYDYH"
#: The group that 田坎 belongs to: what is taken off a field is no field, but land all the same.
DEDUCTED, OTHER = "deducted", "other"


@dataclass(frozen=True)
class LandUse:
    """m² by first-level class of the 2023 list: ``classes`` code → area; ``deducted`` 田坎 taken off parcels; ``unknown`` what
    has a code of no list; ``basis`` of all of them (net: 图斑地类面积). They add up to ``total``. ``left_out``: parcels without an
    area on that basis, and the m² that they have on another, which are in none."""

    classes: dict[str, float]
    deducted: float
    unknown: float
    basis: str
    left_out: tuple[int, float] = (0, 0.0)

    @property
    def total(self) -> float:
        return sum(self.classes.values()) + self.deducted + self.unknown

    def group(self, codes: tuple[str, ...]) -> float:
        """Classes of a group, with 田坎 where it has 其他土地."""
        return sum(self.classes.get(c, 0.0) for c in codes) + (self.deducted if "23" in codes else 0.0)


def of_layer(layer: Layer, figures: Figures) -> LandUse:
    """Areas by first-level class; net where the table has it, and then what it takes off is told as 田坎."""
    areas = areas_of(layer)
    basis, values = areas.best
    codes = figures.ctx.codes(CLASSES)
    by_class = classes_of(layer, figures.ctx).sums(values)
    unknown = by_class.pop("", 0.0)
    sums: dict[str, float] = {}
    for code, area in by_class.items():
        first = first_level(code, codes)
        sums[first] = sums.get(first, 0.0) + area
    gone = 0.0
    if basis == "net" and areas.survey is not None:
        # Of a parcel that does not say both nobody knows what was taken off.
        gone = float(np.nansum(areas.survey - values))
    blank = np.isnan(values)
    other = areas.statutory if areas.survey is None else np.where(np.isnan(areas.survey), areas.statutory, areas.survey)
    left_out = int(blank.sum()), float(np.nansum(other[blank]))
    return LandUse(dict(sorted(sums.items())), gone, unknown, basis, left_out)


def land_use(figures: Figures) -> Table | None:
    """Nine groups (mark C), 用海 where there is some; first-level classes below a group of several."""
    texts = figures.texts
    layers = [_layer(concept, figures) for concept in (BASE, PLANNED)]
    if not any(layers):
        return None
    both = [of_layer(layer, figures) if layer is not None else None for layer in layers]
    columns = [
        Column("class", wide=26),
        Column("codes", wide=16),
        Column("base_area", "ha", wide=16),
        Column("base_share", "share", wide=14),
        Column("planned_area", "ha", wide=16),
        Column("planned_share", "share", wide=14),
        Column("change", "ha", wide=16),
    ]
    table = Table("land_use", columns, unit="ha")

    def row(name: str, codes: str, areas: list[float | None], kind: str, code: str) -> None:
        cells: list = [name, codes]
        for area, one in zip(areas, both, strict=True):
            cells.append(measured(None if area is None else area / _HA, "ha"))
            cells.append(measured(100 * area / one.total, "share") if one and one.total and area is not None else None)
        base, planned = areas
        change = None if base is None or planned is None else (planned - base) / _HA
        table.rows.append(Row([*cells, measured(change, "ha")], kind, code))

    listed = figures.ctx.codes(CLASSES).codes
    for group in figures.catalogue.land_groups:
        areas = [one.group(group.classes) if one else None for one in both]
        if group.id == "sea" and not any(areas):
            continue
        span = f"{group.classes[0]}—{group.classes[-1]}" if len(group.classes) > 1 else group.classes[0]
        row(group.name(texts.lang), span, areas, "row", group.id)
        for code in group.classes if len(group.classes) > 1 else ():
            parts = [one.classes.get(code, 0.0) if one else None for one in both]
            if any(parts):
                row(listed[code].name, code, parts, "part", code)
        if group.id == OTHER and any(one and one.deducted for one in both):
            parts = [one.deducted if one else None for one in both]
            row(texts.get("tables", "deducted"), "2303", parts, "part", DEDUCTED)
    if any(one and one.unknown for one in both):
        row(texts.get("tables", "unknown_class"), "", [one.unknown if one else None for one in both], "row", "unknown")
    row(texts.get("tables", "sum"), "", [one.total if one else None for one in both], "sum", "")
    for layer, one in zip(layers, both, strict=True):
        if layer is not None and one is not None:
            basis = texts.get("bases", one.basis)
            table.notes.append(
                texts.get("tables", "land_note", layer=layer.template.name, role=layer.name, basis=basis)
            )
            count, area = one.left_out
            if count:
                field = layer.field_name({"net": "net_area", "survey": "gross_area"}[one.basis])
                told = {"role": layer.name, "field": field, "count": count, "area": f"{area / _HA:.4f}"}
                table.notes.append(texts.get("tables", "land_left_out", layer=layer.template.name, **told))
    for concept, layer in zip((BASE, PLANNED), layers, strict=True):
        if layer is None:
            table.notes.append(figures.no_layer((concept,)))
    table.notes.append(texts.get("tables", "land_groups_note"))
    there = [layer for layer in layers if layer is not None]
    table.notes += unbacked_note(unbacked(there, tuple(FIELDS.values()), figures), figures)
    return table


def transitions(figures: Figures) -> Table | None:
    """What of each group becomes what (ha, statutory, by overlay). None unless both layers are there."""
    base, planned = (_layer(concept, figures) for concept in (BASE, PLANNED))
    if base is None or planned is None:
        return None
    ctx, texts = figures.ctx, figures.texts
    groups = figures.catalogue.land_groups
    own, then = (_group_of(layer, figures) for layer in (base, planned))
    parts = ctx.geometry.shared(base, planned, measured=True)
    areas = ctx.geometry.shares_of(parts, base) * base.statutory[parts.left]
    matrix = np.zeros((len(groups) + 1, len(groups) + 2))
    np.add.at(matrix, (own[parts.left], then[parts.right]), areas)
    # What the plan's layer does not cover.
    whole = np.zeros(len(groups) + 1)
    np.add.at(whole, own, base.statutory)
    matrix[:, -1] = whole - matrix[:, :-1].sum(axis=1)
    names = [g.name(texts.lang) for g in groups] + [texts.get("tables", "unknown_class")]
    kept_rows = [n for n in range(len(names)) if whole[n]]
    kept = [n for n in range(len(names)) if matrix[kept_rows, n].any()]
    columns = [
        Column("from_to", wide=22),
        *(Column(f"to_{n}", "ha", title=names[n], wide=14) for n in kept),
        Column("not_planned", "ha", wide=14),
        Column("sum_base", "ha", wide=16),
    ]
    table = Table("transitions", columns, unit="ha")
    for n in [*kept_rows, -1]:
        cells = matrix[n] if n >= 0 else matrix.sum(axis=0)
        numbers = [cells[k] for k in kept] + [cells[-1], whole[n] if n >= 0 else whole.sum()]
        name = names[n] if n >= 0 else texts.get("tables", "sum_planned")
        shown = [measured(_tidy(v) / _HA, "ha") for v in numbers]
        code = groups[n].id if 0 <= n < len(groups) else "" if n < 0 else "unknown"
        table.rows.append(Row([name, *shown], "row" if n >= 0 else "sum", code))
    table.notes.append(texts.get("tables", "transitions_note", base=base.name, planned=planned.name))
    return table


def _tidy(area_m2: float) -> float:
    """What two sums of doubles differ by is nothing."""
    return 0.0 if abs(area_m2) < 0.05 else float(area_m2)


def _layer(concept: str, figures: Figures) -> Layer | None:
    layer = figures.ctx.plan.concept(concept)
    return None if layer is None or layer.bare or not layer.tells("land_use") else layer


def _group_of(layer: Layer, figures: Figures) -> NDArray:
    """(n,) the position of each row's group, the last for a code of no list."""
    codes = figures.ctx.codes(CLASSES)
    groups = figures.catalogue.land_groups
    place = {code: n for n, g in enumerate(groups) for code in g.classes}
    found = classes_of(layer, figures.ctx)
    known = [place.get(first_level(name, codes), len(groups)) if name else len(groups) for name in found.names]
    return np.array(known, dtype=int)[found.place]
