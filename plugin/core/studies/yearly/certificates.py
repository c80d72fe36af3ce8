# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates of cultivated land that a county gives, as layers or tables, and the changes by survey inside them."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...base.files.cells import format_column
from ...base.files.tables import SearchedColumn, read_table
from ...base.files.workbooks import WORKBOOK_SUFFIXES
from ...engine.context import RuleContext
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING
from ...figures.indicators.townships import get_plan_townships
from ...geometry.crs import find_coordinate_problem
from ...geometry.edge_densification import reproject_densified
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons
from ...geometry.tolerance import Tolerance
from ...model.indicator import SQUARE_METRES
from ...plan.io import read_source
from ...render.versions.baseline import get_township_polygons
from ...standard.declared_operators import parse_number
from .cultivated_result import ACCEPTED, Certificate, Certificates, CultivatedChange

TABLE_SUFFIXES = (".csv", ".txt", *WORKBOOK_SUFFIXES)
_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: A smaller shared piece (m²) is rounding of an overlay.
_LEAST_SHARED_M2 = 0.005


def read_certificates(path: str, kind: str, year: int, ctx: RuleContext) -> Certificates:
    """Return the certificates of a kind (approved, accepted) from a table or a layer of polygons.

    Rows of one number are the plots of one approval, which state the area of the whole. A 补充耕地图斑编号 names one
    parcel: if it is repeated or has another form, the area cannot be decided. Rows that state another year are left
    out: a database has the certificates of all years.

    Raises
    ------
    InputError
        The source cannot be read, has several layers, no number, or shapes that cannot be overlaid.
    """
    names = {words[0]: words[1:] for words in (text.split() for text in ctx.norm.get(f"cultivated.{kind}_fields"))}
    if Path(path).suffix.lower() in TABLE_SUFFIXES:
        columns = [SearchedColumn(name, tuple(words), name == "number") for name, words in names.items()]
        rows = [row.text_by_column for row in read_table(path, columns).rows]
        shapes = None
    else:
        rows, shapes = read_layer_by_fields(path, ctx.norm.get(f"cultivated.{kind}_layer"), names, ctx)
    kept = [n for n, row in enumerate(rows) if not row.get("year") or row["year"].startswith(str(year))]
    left_out, rows = len(rows) - len(kept), [rows[n] for n in kept]
    shapes = None if shapes is None else shapes[kept]
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        positions[row["number"] or f"#{position + 1}"].append(position)
    townships = _find_townships([row.get("township", "") for row in rows], shapes, ctx)
    pattern = re.compile(ctx.norm.get("cultivated.supplement_number"))
    items, item_of_row = [], [0] * len(rows)
    for number, own in positions.items():
        is_unique = len(own) == 1 and pattern.fullmatch(number) is not None
        areas = {_read_area(rows[position]) for position in own}
        is_clear = len(areas) == 1 and bool(rows[own[0]]["number"]) and (kind != ACCEPTED or is_unique)
        stated = areas.pop() if is_clear else None
        places = [townships[position] for position in own]
        of_all = sorted({name for place in places for name in place}) if all(places) else ()
        items.append(Certificate(number, np.nan if stated is None else stated, tuple(of_all)))
        for position in own:
            item_of_row[position] = len(items) - 1
    undated = sum(not row.get("year") for row in rows)
    excessive = () if shapes is None else _find_excessive(items, [shapes[own] for own in positions.values()], ctx)
    return Certificates(Path(path).name, items, item_of_row, shapes, left_out, undated, excessive)


def _find_excessive(
    items: list[Certificate], shapes_by_item: list[NDArray], ctx: RuleContext
) -> tuple[tuple[Certificate, float], ...]:
    """Return the certificates that state more cultivated land than their shapes have, with the area of these (m²).

    The allowances are those of ATT013 and, as approvals state areas of a plane, of ATT022.
    """
    lands = ctx.geometry.measure_drawn_areas([shapely.union_all(own) for own in shapes_by_item]).tolist()
    row_m2, share = (float(ctx.norm.get(one)) for one in (ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING))
    pairs = zip(items, lands, strict=True)
    return tuple((one, land) for one, land in pairs if one.cultivated_m2 > land + max(row_m2, share * land))


def _read_area(row: dict[str, str]) -> float | None:
    """Return the cultivated area (m²) that a row states; None without a usable number."""
    for unit in ("m2", "ha"):
        number = parse_number(row[unit].replace(",", "")) if row.get(unit) else None
        if number is not None and number >= 0:
            return number * SQUARE_METRES[unit]
    return None


def read_layer_by_fields(
    path: str, layer_name: str, names: dict[str, list[str]], ctx: RuleContext
) -> tuple[list[dict[str, str]], NDArray]:
    """Return the rows of a layer as texts by meaning, and their polygons in the plan's plane.

    ``names``: meaning → names of the field. Raise InputError.
    """
    layers = read_source(path, cancellation=ctx.cancellation)
    layers = [one for one in layers if one.name.upper() == layer_name] or layers
    if len(layers) != 1:
        listed = ", ".join(one.name for one in layers) or "—"
        raise InputError("certificates_layer", source=Path(path).name, layer=layer_name, layers=listed)
    (layer,) = layers
    layer.require_usable()
    raw: NDArray = shapely.force_2d(layer.frame.geometry.to_numpy())
    if layer.crs is None or (len(raw) and find_coordinate_problem(layer.crs, shapely.total_bounds(raw))):
        raise InputError("certificates_crs", source=layer.full_name)
    is_usable = shapely.is_valid(raw) & ~shapely.is_empty(raw) & (shapely.area(raw) > 0)
    if not is_usable.all():
        fids = ", ".join(str(one) for one in layer.frame.index[~is_usable][:10])
        raise InputError("certificates_shapes", source=layer.full_name, count=int((~is_usable).sum()), rows=fids)
    column_by_name = {str(one).upper(): one for one in layer.frame.columns}
    texts = {
        meaning: next(
            (format_column(layer.frame[column_by_name[one.upper()]]) for one in words if one.upper() in column_by_name),
            [""] * len(raw),
        )
        for meaning, words in names.items()
    }
    rows = [dict(zip(texts, map(str.strip, cells), strict=True)) for cells in zip(*texts.values(), strict=True)]
    return rows, reproject_densified(raw, layer.crs, ctx.plan.plane_crs).shapes


def _find_townships(stated: list[str], shapes: NDArray | None, ctx: RuleContext) -> list[tuple[str, ...]]:
    """Return the townships of each row: those with its land, else the stated one (name or code); empty if unknown."""
    townships = get_township_polygons(ctx.plan)
    if shapes is None:
        listed = get_plan_townships(ctx)
        name_by_text = {text: one.name for one in (listed[1] if listed else ()) for text in (one.code, one.name)}
        names = (name_by_text.get(text) or name_by_text.get(text[:9]) for text in stated)
        return [(name,) if name else () for name in names]
    pieces = find_shared_pieces(
        Polygons(shapes), townships.polygons, tolerance=ctx.tolerance, cancellation=ctx.cancellation
    )
    found: list[set[str]] = [set() for _ in shapes]
    for row, township in zip(pieces.left.tolist(), pieces.right.tolist(), strict=True):
        found[row].add(townships.names[township])
    return [tuple(sorted(names)) or ("",) for names in found]


def match_certificates(changes: list[CultivatedChange], certificates: Certificates, ctx: RuleContext) -> None:
    """Add to each change its land inside certificates, and to each certificate the net area of changes inside it.

    Land of several certificates counts once in a change. Tables have no shapes: nothing is added. Raise InputError if a
    pair of polygons cannot be overlaid.
    """
    if certificates.shapes is None:
        return
    shapes = np.array([one.geometry for one in changes], dtype=object)
    pieces = find_shared_pieces(
        Polygons(shapes), Polygons(certificates.shapes), tolerance=_NO_TOLERANCE, cancellation=ctx.cancellation
    )
    if pieces.fallback_log.failed_pairs:
        raise InputError("yearly_geometry", layer=certificates.source, count=len(pieces.fallback_log.failed_pairs))
    for change in changes:
        change.certified_m2 = 0.0
    for certificate in certificates.items:
        certificate.survey_m2 = 0.0

    def measure_share(parts: list[Any], change: CultivatedChange) -> float:
        """Return the share of a change that parts cover, 1 at most."""
        covered, whole = ctx.geometry.measure_drawn_areas([shapely.union_all(parts), change.geometry])
        return min(float(covered / whole), 1.0)

    parts_by_change: defaultdict[int, defaultdict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for left, right, shape in zip(pieces.left.tolist(), pieces.right.tolist(), pieces.geometry, strict=True):
        if shape.area >= _LEAST_SHARED_M2:
            parts_by_change[left][certificates.item_of_row[right]].append(shape)
    for position, parts_by_item in parts_by_change.items():
        ctx.cancellation.raise_if_cancelled()
        change = changes[position]
        change.certified_m2 = change.area_m2 * measure_share([p for own in parts_by_item.values() for p in own], change)
        change.certificates = tuple(sorted(certificates.items[item].number for item in parts_by_item))
        for item, parts in parts_by_item.items():
            certificate = certificates.items[item]
            certificate.survey_m2 = (certificate.survey_m2 or 0.0) + change.net_m2 * measure_share(parts, change)
