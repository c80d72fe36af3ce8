# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the farmland that is taken (DEMAND): a layer of polygons, or a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...base.files.tables import SearchedColumn, read_table
from ...engine.context import RuleContext
from ...figures.indicators.land_use import classify_rows
from ...figures.indicators.townships import get_plan_townships
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons
from ...geometry.tolerance import Tolerance
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...render.versions.baseline import get_township_polygons
from ...standard.declared_operators import parse_number
from ..yearly.certificates import TABLE_SUFFIXES, read_layer_by_fields
from .supplement_model import GRADES
from .supplement_result import TakenLand, get_setting

#: Every piece counts.
NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: The layer of a database with the taken parcels of farmland.
_LAYER = "ZY_JBNTBHTB"
#: A class of cultivated land has this many digits.
_CLASS_DIGITS = 4


def read_taken_land(path: str, farmland: Layer | None, ctx: RuleContext) -> TakenLand:
    """Return the farmland that a file names.

    A table states net area, class, township and grades. Of a layer with a net area in each row, the fields count;
    otherwise what its polygons cover of the plan's farmland.

    Raises
    ------
    InputError
        The file cannot be read, a row of a table lacks its net area, or no farmland is taken.
    """
    names = {words[0]: words[1:] for words in (text.split() for text in get_setting(ctx.norm, "demand_fields"))}
    shapes = None
    if Path(path).suffix.lower() in TABLE_SUFFIXES:
        columns = [SearchedColumn(name, tuple(words), False) for name, words in names.items()]
        rows = [row.text_by_column for row in read_table(path, columns).rows]
    else:
        rows, shapes = read_layer_by_fields(path, _LAYER, names, ctx)
    areas = [_read_area(row) for row in rows]
    has_areas = bool(areas) and all(one is not None for one in areas)
    if shapes is None and not has_areas:
        number = next((n for n, one in enumerate(areas, 1) if one is None), 0)
        words = " ".join([*names.get("m2", []), *names.get("ha", [])])
        raise InputError("supplement_area", source=Path(path).name, row=number, columns=words)
    if shapes is not None and not has_areas:
        taken = _overlay_farmland(shapes, [row.get("zone", "") for row in rows], farmland, ctx)
    else:
        taken = _read_rows(rows, np.array(areas, float), shapes, ctx)
    if not taken.net_m2.sum() > 0:
        raise InputError("supplement_nothing_taken", source=Path(path).name)
    return taken


def _read_area(row: dict[str, str]) -> float | None:
    """Return the net area (m²) that a row states; None without a number."""
    for unit in ("m2", "ha"):
        number = parse_number(row.get(unit, "").replace(",", "")) if row.get(unit) else None
        if number is not None and number >= 0:
            return number * SQUARE_METRES[unit]
    return None


def _read_rows(rows: list[dict[str, str]], net_m2: NDArray, shapes: NDArray | None, ctx: RuleContext) -> TakenLand:
    """Return the land that rows state; polygons give the township, else its name or code."""
    grades = {
        grade: np.array([np.nan if (one := parse_number(row.get(grade, ""))) is None else one for row in rows])
        for grade in GRADES
    }
    # 可调整 codes (0201K) do not count as cultivated land.
    classes = [text[:_CLASS_DIGITS] if text[:2] == "01" else "" for text in (row.get("land_use", "") for row in rows)]
    if shapes is None:
        listed = get_plan_townships(ctx)
        name_by_text = {text: one.name for one in (listed[1] if listed else ()) for text in (one.code, one.name)}
        townships = [name_by_text.get(text, text) for text in (row.get("township", "") for row in rows)]
        return TakenLand(net_m2, townships, classes, grades)
    owner, names, share = divide_by_township(shapes, ctx)
    return TakenLand(
        net_m2[owner] * share,
        names,
        [classes[n] for n in owner.tolist()],
        {name: values[owner] for name, values in grades.items()},
        shapes,
        [row.get("zone", "") for row in rows],
    )


def divide_by_township(shapes: NDArray, ctx: RuleContext) -> tuple[NDArray, list[str], NDArray]:
    """Return the parts of (k,) shapes by township: position of the shape, name ("" outside all), share of the shape."""
    townships = get_township_polygons(ctx.plan)
    pieces = find_shared_pieces(
        Polygons(shapes), townships.polygons, tolerance=ctx.tolerance, cancellation=ctx.cancellation
    )
    areas = shapely.area(shapes)
    inside = np.bincount(pieces.left, pieces.area, len(shapes))
    outside = np.flatnonzero(areas - inside > np.maximum(ctx.tolerance.min_area_m2, 1e-6 * areas))
    owner = np.concatenate([pieces.left, outside]).astype(int)
    part = np.concatenate([pieces.area, (areas - inside)[outside]])
    names = [*(townships.names[n] for n in pieces.right.tolist()), *[""] * len(outside)]
    # The parts of a shape sum to 1 also where slivers are left out.
    return owner, names, part / np.bincount(owner, part, len(shapes))[owner]


def name_townships(shapes: NDArray, ctx: RuleContext) -> list[str]:
    """Return the township with most land of each of (k,) shapes; empty outside all, or without townships."""
    names = [""] * len(shapes)
    if len(shapes) and get_township_polygons(ctx.plan).names:
        owner, township, share = divide_by_township(shapes, ctx)
        for n in np.argsort(share, kind="stable").tolist():
            names[owner[n]] = township[n]
    return names


def _overlay_farmland(shapes: NDArray, zones: list[str], farmland: Layer | None, ctx: RuleContext) -> TakenLand:
    """Return what polygons cover of the plan's farmland, with its share of each parcel's net area.

    ``zones`` (k,): code of the zone that each polygon becomes.
    """
    if farmland is None or farmland.has_no_geometry:
        raise InputError("supplement_no_farmland", roles=", ".join(ctx.plan.list_roles_of_concept("farmland")))
    pieces = find_shared_pieces(
        farmland.polygons, Polygons(shapes), tolerance=NO_TOLERANCE, keep_slivers=True, cancellation=ctx.cancellation
    )
    if pieces.fallback_log.failed_pairs:
        raise InputError("supplement_overlay", layer=farmland.name, count=len(pieces.fallback_log.failed_pairs))
    pieces = ctx.geometry.remove_repeated_land(pieces, farmland)
    net = farmland.numbers("net_area")[pieces.left] * ctx.geometry.compute_piece_shares_of_rows(pieces, farmland)
    if np.isnan(net).any():
        keys = ", ".join(sorted({farmland.keys[n] for n in pieces.left[np.isnan(net)].tolist()})[:10])
        field = farmland.get_field_name("net_area")
        raise InputError("supplement_net", layer=farmland.name, field=field, keys=keys)
    classed = classify_rows(farmland, ctx)
    names = [classed.class_names[n] for n in classed.class_index[pieces.left].tolist()]
    classes = [name[:_CLASS_DIGITS] if name[:2] == "01" else "" for name in names]
    grades = {grade: farmland.numbers(grade)[pieces.left] for grade in GRADES}
    owner, townships, share = divide_by_township(pieces.geometry, ctx)
    return TakenLand(
        net[owner] * share,
        townships,
        [classes[n] for n in owner.tolist()],
        {name: values[owner] for name, values in grades.items()},
        pieces.geometry,
        [zones[n] for n in pieces.right.tolist()],
        _measure_outside(shapes, ctx),
    )


def _measure_outside(shapes: NDArray, ctx: RuleContext) -> float:
    """Return the land (m²) of polygons outside all townships; what they share counts once. 0 without townships."""
    if not get_township_polygons(ctx.plan).names:
        return 0.0
    parts = shapely.get_parts(shapely.union_all(shapes))
    owner, names, share = divide_by_township(parts, ctx)
    areas = ctx.geometry.measure_drawn_areas(parts)[owner] * share
    return float(areas[[not one for one in names]].sum())
