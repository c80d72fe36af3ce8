# SPDX-License-Identifier: GPL-2.0-or-later
"""Validation of a layer before writing: can every row be written without change.

Drivers silently accept a code outside its domain and a text that is too long, so all values are validated here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...cancellation import NEVER, Cancellation
from ...exchange.schema import FORMATS
from ...exchange.vct.settings import load_settings
from ...geometry.linework import rings
from ...standard.template import Field
from ..names import field_problem
from ..package_spec.model import FORMAT_NAMES
from ..problems import NAMED, Level, Problem
from . import shapefile as dbf
from . import vct_precision
from .content import Content, MissingLayer

if TYPE_CHECKING:
    from ...messages.texts import ConceptName
    from ...standard.codes import CodeList
    from ..package_spec.model import VectorSet


def layer_problem(content: Content, level: Level, key: str, name: str = "", count: int = 0, **params: Any) -> Problem:
    """Return a problem of a layer."""
    return Problem(level, key, layer=content.layer.name, field=name, count=count, params=params)


def row_problem(
    content: Content, level: Level, key: str, rows: NDArray, name: str = "", **params: Any
) -> Iterator[Problem]:
    """Yield one problem for (k,) positions, none for k = 0."""
    if len(rows):
        features = tuple(content.keys(rows[:NAMED].tolist()))
        yield Problem(level, key, content.layer.name, name, len(rows), features, params)


_KINDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}
#: A point layer has one point per row.
_MULTIPOINT = 4
#: Formats that store rings without their roles (part or hole).
_RINGS = (".gdb", ".shp")
#: Shapes that are transformed at a time.
_AT_ONCE = 20_000


def validate_shapes(content: Content, vectors: VectorSet, cancellation: Cancellation) -> Iterator[Problem]:
    """Report shapes of another kind, broken, misplaced, missing, with arcs or heights.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    layer = content.layer
    drawn = layer.raw_shapes
    kinds = shapely.get_type_id(drawn)
    there = (kinds >= 0) & ~layer.empty
    wrong = there & ~np.isin(kinds, _KINDS[content.template.geometry])
    yield from row_problem(content, Level.STOP, "shape_kind", np.flatnonzero(wrong), kind=content.template.geometry)
    yield from row_problem(content, Level.STOP, "shape_broken", np.flatnonzero(layer.broken))
    nowhere = content.rows_without_place(CRS.from_user_input(vectors.crs))
    yield from row_problem(content, Level.STOP, "shape_nowhere", nowhere, target=vectors.crs)
    if content.template.geometry == "point":
        many = (kinds == _MULTIPOINT) & (shapely.get_num_geometries(drawn) != 1)
        yield from row_problem(content, Level.STOP, "points_many", np.flatnonzero(many & there))
    yield from row_problem(content, Level.GATE, "shape_missing", np.flatnonzero(layer.empty))
    yield from row_problem(content, Level.GATE, "shape_stray", np.array(sorted(layer.stray_rows), dtype=int))
    yield from _find_ring_problems(content, vectors)
    yield from _find_new_crossings(content, vectors, nowhere, cancellation)
    curved = np.flatnonzero(np.isin(layer.frame.index.to_numpy(), layer.source.curves))
    yield from row_problem(content, Level.GATE, "shape_curved", curved, step=layer.source.curve_step)
    high = np.flatnonzero(shapely.has_z(layer.frame.geometry.to_numpy()))
    yield from row_problem(content, Level.NOTE, "heights_left_out", high)


def _find_ring_problems(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """Report shapes whose ring roles FileGDB and Shapefile would change.

    These formats derive parts and holes from the nesting of rings.
    """
    if content.template.geometry != "polygon" or vectors.suffix not in _RINGS:
        return
    drawn = content.layer.raw_shapes
    areas = content.layer.invalid & np.isin(shapely.get_type_id(drawn), _KINDS["polygon"])
    rows = find_nested_polygons(drawn, areas, overlaps=vectors.suffix == ".shp")
    yield from row_problem(content, Level.STOP, "shape_nested", rows, format=FORMAT_NAMES[vectors.suffix])


def _find_new_crossings(
    content: Content, vectors: VectorSet, nowhere: NDArray, cancellation: Cancellation
) -> Iterator[Problem]:
    """Report valid areas that intersect themselves after transformation or rounding.

    Straight edges are not straight in another CRS, and files have limited digits. Areas that are invalid in the plan
    are reported by the check (GEO002).
    """
    if content.template.geometry != "polygon":
        return
    layer, plane = content.layer, CRS.from_user_input(vectors.crs)
    printing = vectors.suffix == ".vct"
    if layer.crs == plane and not printing:
        return
    usable = ~layer.invalid & ~layer.empty & np.isin(shapely.get_type_id(layer.raw_shapes), _KINDS["polygon"])
    usable[nowhere] = False
    rows = np.flatnonzero(usable)
    crossing = []
    for first in range(0, len(layer), _AT_ONCE):
        cancellation.raise_if_cancelled()
        some = rows[(rows >= first) & (rows < first + _AT_ONCE)]
        shapes = content.shapes(plane, slice(first, first + _AT_ONCE))[some - first]
        wrong = ~shapely.is_valid(vct_precision.round_coordinates(shapes, plane.is_geographic) if printing else shapes)
        if printing:
            # Rings that collapse to a point are reported separately.
            wrong[vct_precision.find_precision_changes(shapes, plane.is_geographic).gone] = False
        crossing += some[wrong].tolist()
    yield from row_problem(content, Level.GATE, "shape_crossing", np.array(crossing, dtype=int), target=vectors.crs)


def find_nested_polygons(shapes: NDArray, invalid: NDArray, *, overlaps: bool) -> NDArray:
    """Find polygons in which a ring is not located as its role requires.

    Such a ring is a part within another part, a hole outside its shell, or a hole within another hole.

    Parameters
    ----------
    shapes
        (n,) polygons and multipolygons.
    invalid
        (n,) bool; only invalid shapes can have such rings.
    overlaps
        Also find shapes in which two parts, or two holes, share area.

    Returns
    -------
    (k,) positions.
    """
    several = (shapely.get_num_geometries(shapes) > 1) | (shapely.get_num_interior_rings(shapes) > 0)
    rows = np.flatnonzero(invalid & several)
    xy, of = shapely.get_coordinates(shapes[rows], return_index=True)
    # Shapes without a place are reported separately.
    rows = np.delete(rows, np.unique(of[~np.isfinite(xy).all(axis=1)]))
    if not len(rows):
        return rows
    found = rings(shapes[rows])
    lines = shapely.linearrings(found.xy, indices=np.repeat(np.arange(len(found.hole)), np.diff(found.at)))
    areas = shapely.polygons(lines)
    # Rings of other features may also be near if a layer overlaps itself.
    one, other = shapely.STRtree(areas).query(areas)
    pair = (one != other) & (found.shape[one] == found.shape[other])
    one, other = one[pair], other[pair]
    same, alike = shapely.equals(areas[one], areas[other]), found.hole[one] == found.hole[other]
    # Two equal parts do not contain each other.
    around = shapely.covers(areas[one], areas[other]) & ~(same & alike)
    depth = np.bincount(other[around], minlength=len(areas))
    wrong = (depth % 2 == 1) != found.hole
    if overlaps:
        wrong[one[alike & ~around & shapely.relate_pattern(areas[one], areas[other], "T********")]] = True
    return rows[np.unique(found.shape[wrong])]


def validate_vct_precision(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """Report changes by a VCT file: rounding, single parts, missing feature codes."""
    plane = CRS.from_user_input(vectors.crs)
    what = vct_precision.find_precision_changes(content.shapes(plane), plane.is_geographic)
    decimals = load_settings().decimals(plane.is_geographic)
    yield from row_problem(content, Level.STOP, "vct_collapsed", what.gone, decimals=decimals)
    yield from row_problem(content, Level.NOTE, "vct_merged", what.merged, decimals=decimals)
    yield from row_problem(content, Level.NOTE, "vct_parts", what.split)
    if not content.template.feature_code and content.columns.get("YSDM") is None:
        yield layer_problem(content, Level.NOTE, "vct_no_code", code=load_settings().spare_code)


def validate_field(
    content: Content, declared: Field, vectors: VectorSet, code_lists: dict[str, CodeList]
) -> Iterator[Problem]:
    """Report values of one field that cannot be written, are invalid or are left out."""
    name = declared.name
    if content.is_left_empty(declared):
        column = content.columns[name]
        count = int(content.layer.values(column).notna().sum()) if column else 0
        if count:
            yield layer_problem(content, Level.NOTE, "personal_left_out", name, count, alias=declared.alias)
        return
    values, wrong = content.convert_values(declared)
    for key, rows in wrong.items():
        yield from row_problem(content, Level.STOP, key, rows, name)
    if declared.constraint == "M":
        empty = np.array([v is None for v in values], dtype=bool)
        for rows in wrong.values():
            empty[rows] = False
        yield from row_problem(content, Level.STOP, "required_empty", np.flatnonzero(empty), name, alias=declared.alias)
    if declared.codes in code_lists:
        yield from _validate_codes(content, declared, values, code_lists[declared.codes])
    if declared.type == "text":
        yield from _validate_texts(content, declared, values, vectors)
    elif declared.type != "date":
        yield from _validate_numbers(content, declared, values, vectors)
    elif vectors.suffix != ".gdb":
        late = _find_where(values, lambda v: isinstance(v, datetime) and (v.hour, v.minute, v.second) != (0, 0, 0))
        yield from row_problem(content, Level.STOP, "time_lost", late, name)


def _find_where(values: NDArray, test: Callable[[Any], bool]) -> NDArray:
    """Return (k,) positions of existing values that pass; test equal values once."""
    known: dict[Any, bool] = {}
    found = []
    for position, value in enumerate(values):
        if value is None:
            continue
        answer = known.get(value)
        if answer is None:
            answer = known[value] = test(value)
        if answer:
            found.append(position)
    return np.array(found, dtype=int)


def _validate_codes(content: Content, declared: Field, values: NDArray, codes: CodeList) -> Iterator[Problem]:
    known = codes.written(declared.code_pad)
    unknown = _find_where(values, lambda v: str(v) not in known)
    # A list that was not verified in a standard may lack valid codes.
    level = Level.NOTE if codes.mark == "C" else Level.GATE
    examples = ", ".join(sorted({str(values[n]) for n in unknown})[:NAMED])
    yield from row_problem(content, level, "code_unknown", unknown, declared.name, codes=examples, codes_of=codes.id)


def _validate_texts(content: Content, declared: Field, values: NDArray, vectors: VectorSet) -> Iterator[Problem]:
    name, length = declared.name, declared.length
    if length:
        long = _find_where(values, lambda v: len(v) > length)
        longest = max((len(values[n]) for n in long), default=0)
        yield from row_problem(content, Level.STOP, "too_long", long, name, length=length, longest=longest)
    if vectors.encoding == "GBK":
        foreign = _find_where(values, lambda v: not is_encodable(v, "gbk"))
        characters = "".join(sorted({c for n in foreign for c in values[n] if not is_encodable(c, "gbk")})[:NAMED])
        key = "vct_not_gbk" if vectors.suffix == ".vct" else "not_gbk"
        yield from row_problem(content, Level.STOP, key, foreign, name, characters=characters)
    # A zero byte ends a text in most programs; a single surrogate of UTF-16 is not a character.
    cut = _find_where(values, lambda v: "\0" in v or not is_encodable(v, "utf-8"))
    yield from row_problem(content, Level.STOP, "not_text", cut, name)
    if vectors.suffix == ".vct":
        spoilt = _find_where(values, vct_precision.has_separator)
        yield from row_problem(content, Level.STOP, "separator_inside", spoilt, name)
    if vectors.suffix == ".shp":
        room = dbf.text_width(declared)
        wide = _find_where(values, lambda v: len(v.encode(dbf.CODECS[vectors.encoding], errors="replace")) > room)
        short = [n for n in wide if not length or len(values[n]) <= length]
        yield from row_problem(content, Level.STOP, "too_many_bytes", np.array(short, dtype=int), name, room=room)


def is_encodable(text: str, codec: str) -> bool:
    """Return True if a text can be encoded."""
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _validate_numbers(content: Content, declared: Field, values: NDArray, vectors: VectorSet) -> Iterator[Problem]:
    name = declared.name
    if vectors.suffix == ".shp":
        wide, rounded = dbf.find_losses(values, declared)
        yield from row_problem(
            content, Level.STOP, "number_wide", wide, name, room=dbf.dbf_number_format(declared).width
        )
        yield from row_problem(
            content, Level.STOP, "decimals_lost", rounded, name, decimals=dbf.dbf_number_format(declared).decimals
        )
        return
    if vectors.suffix == ".vct":
        wide, finer = vct_precision.find_too_wide(values, declared), vct_precision.find_too_precise(values, declared)
        yield from row_problem(content, Level.GATE, "vct_wide", wide, name, length=declared.length)
        yield from row_problem(content, Level.NOTE, "vct_finer", finer, name, decimals=declared.decimals)
        return
    if declared.type != "integer":
        return
    kind = FORMATS[vectors.suffix].types["long" if (declared.length or 0) > 9 else "integer"].ogr
    most = {"Integer": 2**31 - 1, "Integer64": 2**63 - 1, "Real": 2**53}[kind]
    wide = _find_where(values, lambda v: abs(v) > most)
    yield from row_problem(content, Level.STOP, "number_wide", wide, name, room=len(str(most)) - 1)


#: Row numbers of databases, which QGIS shows as fields; leaving them out is not reported.
_ROW_NUMBERS = ("FID", "OGC_FID", "OBJECTID")


def validate_missing_layers(
    missing: Iterable[MissingLayer], named: Callable[[str], tuple[str | ConceptName, str]]
) -> list[Problem]:
    """Report slots that no layer fills.

    ``named`` returns the title of a concept or layer, and the codes of suitable layers.
    """
    found = []
    for one in missing:
        key = "layer_unusable" if one.unusable else "layer_missing"
        if one.slot.need == "O" and not one.unusable:
            continue
        level = Level.GATE if one.slot.need == "M" else Level.NOTE
        key = key if one.slot.need == "M" or one.unusable else "layer_absent"
        title, roles = named(one.slot.layer)
        params = {"title": title, "roles": roles}
        found.append(Problem(level, key, layer=one.unusable or one.slot.layer, params=params))
    return found


def validate_layer(
    content: Content,
    vectors: VectorSet,
    code_lists: dict[str, CodeList],
    cancellation: Cancellation = NEVER,
) -> list[Problem]:
    """Report everything that prevents writing a layer or that a reader should know."""
    if not len(content):
        level = Level.GATE if content.need == "M" else Level.NOTE
        return [Problem(level, "layer_empty", layer=content.layer.name)]
    found = [*_validate_names(content, vectors), *validate_shapes(content, vectors, cancellation)]
    cancellation.raise_if_cancelled()
    names = [f.name for f in content.layer.source.fields if f.name.upper() not in _ROW_NUMBERS]
    left_out = [name for name in names if name not in set(content.columns.values())]
    if left_out:
        found.append(layer_problem(content, Level.NOTE, "fields_left_out", fields=", ".join(left_out)))
    lacking = [f.name for f in content.template.fields if content.columns[f.name] is None]
    if lacking:
        found.append(layer_problem(content, Level.NOTE, "fields_lacking", fields=", ".join(lacking)))
    for declared in content.template.fields:
        found += validate_field(content, declared, vectors, code_lists)
        cancellation.raise_if_cancelled()
    if vectors.suffix == ".vct":
        found += validate_vct_precision(content, vectors)
    if vectors.suffix == ".shp":
        found += _validate_shapefile(content, vectors)
    return found


def _validate_names(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    for name in (content.name, *content.columns):
        problem = field_problem(name)
        if not problem and vectors.encoding == "GBK" and not is_encodable(name, "gbk"):
            problem = "name_gbk"
        if problem:
            yield layer_problem(content, Level.STOP, "name_forbidden", name, detail=problem)
    names = [f.name.upper() for f in content.template.fields]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield layer_problem(content, Level.STOP, "field_twice", name)


def _validate_shapefile(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """Report files that would be too large, and missing numbers.

    Some programs read missing numbers in a shapefile as 0.
    """
    shapes = content.shapes(CRS.from_user_input(vectors.crs))
    for suffix, size in zip((".shp", ".dbf"), dbf.estimate_sizes(shapes, content.template.fields), strict=True):
        if size > dbf.MOST_BYTES:
            yield layer_problem(
                content, Level.STOP, "file_large", file=f"{content.name}{suffix}", size=f"{size / 2**30:.1f}"
            )
    empty = [
        declared.name
        for declared in content.template.fields
        if declared.type in ("integer", "real") and content.columns[declared.name] and _some_empty(content, declared)
    ]
    if empty:
        yield layer_problem(content, Level.NOTE, "empty_numbers", fields=", ".join(empty))


def _some_empty(content: Content, declared: Field) -> bool:
    missing = np.array([value is None for value in content.convert_values(declared).values], dtype=bool)
    return bool(missing.any() and not missing.all())
