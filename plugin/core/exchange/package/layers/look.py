# SPDX-License-Identifier: GPL-2.0-or-later
"""Before a layer is written: can every row go into the package as it is drawn, and may it?

The drivers take a code outside its domain and a text that is too long without a word; so everything is looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ....template import Field
from ...schema import FORMATS
from ...vct.settings import load_settings
from ..names import field_problem
from ..problems import NAMED, Level, Problem
from . import dbf, printed
from .content import Content, Wanting

if TYPE_CHECKING:
    from ....codes import CodeList
    from ..form.model import VectorSet

_KINDS = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}
#: A point layer holds one point a row.
_POINT, _MULTIPOINT = 0, 4
#: A database's own number of a row, which QGIS shows as a field: nobody misses it, so nobody need be told.
_ROW_NUMBERS = ("FID", "OGC_FID", "OBJECTID")


def look_at_wanting(wanting: Iterable[Wanting], named: Callable[[str], tuple[str, str]]) -> list[Problem]:
    """Slots that no layer fills. ``named``: what a concept or layer is called, and the codes of layers that would do."""
    found = []
    for one in wanting:
        key = "layer_unusable" if one.unusable else "layer_missing"
        if one.slot.need == "O" and not one.unusable:
            continue
        level = Level.GATE if one.slot.need == "M" else Level.NOTE
        key = key if one.slot.need == "M" or one.unusable else "layer_absent"
        title, roles = named(one.slot.layer)
        params = {"title": title, "roles": roles}
        found.append(Problem(level, key, layer=one.unusable or one.slot.layer, params=params))
    return found


def look(
    content: Content,
    vectors: VectorSet,
    code_lists: dict[str, CodeList],
    check: Callable[[], None] = lambda: None,
) -> list[Problem]:
    """Everything about one layer that keeps it from being written, or that a reader of the package should know."""
    if not len(content):
        level = Level.GATE if content.need == "M" else Level.NOTE
        return [Problem(level, "layer_empty", layer=content.layer.name)]
    found = [*_names(content, vectors), *_shapes(content, vectors)]
    check()
    names = [f.name for f in content.layer.source.fields if f.name.upper() not in _ROW_NUMBERS]
    left_out = [name for name in names if name not in set(content.columns.values())]
    if left_out:
        found.append(_told(content, Level.NOTE, "fields_left_out", fields=", ".join(left_out)))
    lacking = [f.name for f in content.template.fields if content.columns[f.name] is None]
    if lacking:
        found.append(_told(content, Level.NOTE, "fields_lacking", fields=", ".join(lacking)))
    for declared in content.template.fields:
        found += _field(content, declared, vectors, code_lists)
        check()
    if vectors.suffix == ".vct":
        found += _printed(content, vectors)
    if vectors.suffix == ".shp":
        found += _for_shapefile(content, vectors)
    return found


def _printed(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """What a VCT file does to shapes: digits, single parts, a feature code for every layer."""
    plane = CRS.from_user_input(vectors.crs)
    what = printed.changed(content.shapes(plane), plane.is_geographic)
    decimals = load_settings().decimals(plane.is_geographic)
    yield from _rows(content, Level.STOP, "vct_collapsed", what.gone, decimals=decimals)
    yield from _rows(content, Level.NOTE, "vct_merged", what.merged, decimals=decimals)
    yield from _rows(content, Level.NOTE, "vct_parts", what.split)
    if not content.template.feature_code and content.columns.get("YSDM") is None:
        yield _told(content, Level.NOTE, "vct_no_code", code=load_settings().spare_code)


def _told(content: Content, level: Level, key: str, name: str = "", count: int = 0, **params: Any) -> Problem:
    return Problem(level, key, layer=content.layer.name, field=name, count=count, params=params)


def _rows(content: Content, level: Level, key: str, rows: NDArray, name: str = "", **params: Any) -> Iterator[Problem]:
    """One problem for (k,) positions, or none."""
    if len(rows):
        features = tuple(content.keys(rows[:NAMED].tolist()))
        yield Problem(level, key, content.layer.name, name, len(rows), features, params)


def _names(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    for name in (content.name, *content.columns):
        problem = field_problem(name)
        if not problem and vectors.encoding == "GBK" and not _fits(name, "gbk"):
            problem = "name_gbk"
        if problem:
            yield _told(content, Level.STOP, "name_forbidden", name, detail=problem)
    names = [f.name.upper() for f in content.template.fields]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield _told(content, Level.STOP, "field_twice", name)


def _for_shapefile(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """What the files have no room for; and what programs that know no missing number make of one."""
    shapes = content.shapes(CRS.from_user_input(vectors.crs))
    for suffix, size in zip((".shp", ".dbf"), dbf.sizes(shapes, content.template.fields), strict=True):
        if size > dbf.MOST_BYTES:
            yield _told(content, Level.STOP, "file_large", file=f"{content.name}{suffix}", size=f"{size / 2**30:.1f}")
    empty = [
        declared.name
        for declared in content.template.fields
        if declared.type in ("integer", "real") and content.columns[declared.name] and _some_empty(content, declared)
    ]
    if empty:
        yield _told(content, Level.NOTE, "empty_numbers", fields=", ".join(empty))


def _some_empty(content: Content, declared: Field) -> bool:
    missing = np.array([value is None for value in content.carried(declared).values], dtype=bool)
    return bool(missing.any() and not missing.all())


def _shapes(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    layer = content.layer
    drawn = layer.drawn
    kinds = shapely.get_type_id(drawn)
    there = (kinds >= 0) & ~layer.empty
    wrong = there & ~np.isin(kinds, _KINDS[content.template.geometry])
    yield from _rows(content, Level.STOP, "shape_kind", np.flatnonzero(wrong), kind=content.template.geometry)
    yield from _rows(content, Level.STOP, "shape_broken", np.flatnonzero(layer.broken))
    nowhere = content.nowhere(CRS.from_user_input(vectors.crs))
    yield from _rows(content, Level.STOP, "shape_nowhere", nowhere, target=vectors.crs)
    if content.template.geometry == "point":
        many = (kinds == _MULTIPOINT) & (shapely.get_num_geometries(drawn) != 1)
        yield from _rows(content, Level.STOP, "points_many", np.flatnonzero(many & there))
    yield from _rows(content, Level.GATE, "shape_missing", np.flatnonzero(layer.empty))
    yield from _rows(content, Level.GATE, "shape_stray", np.array(sorted(layer.stray), dtype=int))
    curved = np.flatnonzero(np.isin(layer.frame.index.to_numpy(), layer.source.curves))
    yield from _rows(content, Level.GATE, "shape_curved", curved, step=layer.source.curve_step)
    high = np.flatnonzero(shapely.has_z(layer.frame.geometry.to_numpy()))
    yield from _rows(content, Level.NOTE, "heights_left_out", high)


def _field(content: Content, declared: Field, vectors: VectorSet, code_lists: dict[str, CodeList]) -> Iterator[Problem]:
    name = declared.name
    if content.left_empty(declared):
        column = content.columns[name]
        count = int(content.layer.values(column).notna().sum()) if column else 0
        if count:
            yield _told(content, Level.NOTE, "personal_left_out", name, count, alias=declared.alias)
        return
    values, wrong = content.carried(declared)
    for key, rows in wrong.items():
        yield from _rows(content, Level.STOP, key, rows, name)
    if declared.constraint == "M":
        empty = np.array([v is None for v in values], dtype=bool)
        for rows in wrong.values():
            empty[rows] = False
        yield from _rows(content, Level.STOP, "required_empty", np.flatnonzero(empty), name, alias=declared.alias)
    if declared.codes in code_lists:
        yield from _codes(content, declared, values, code_lists[declared.codes])
    if declared.type == "text":
        yield from _texts(content, declared, values, vectors)
    elif declared.type != "date":
        yield from _numbers(content, declared, values, vectors)
    elif vectors.suffix != ".gdb":
        late = _where(values, lambda v: isinstance(v, datetime) and (v.hour, v.minute, v.second) != (0, 0, 0))
        yield from _rows(content, Level.STOP, "time_lost", late, name)


def _where(values: NDArray, test: Callable[[Any], bool]) -> NDArray:
    """(k,) positions of values that are there and pass; equal texts are asked once."""
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


def _codes(content: Content, declared: Field, values: NDArray, codes: CodeList) -> Iterator[Problem]:
    known = codes.written(declared.code_pad)
    unknown = _where(values, lambda v: str(v) not in known)
    # A list that nobody has read in a standard may lack what the county rightly has.
    level = Level.NOTE if codes.mark == "C" else Level.GATE
    examples = ", ".join(sorted({str(values[n]) for n in unknown})[:NAMED])
    yield from _rows(content, level, "code_unknown", unknown, declared.name, codes=examples, codes_of=codes.id)


def _texts(content: Content, declared: Field, values: NDArray, vectors: VectorSet) -> Iterator[Problem]:
    name, length = declared.name, declared.length
    if length:
        long = _where(values, lambda v: len(v) > length)
        longest = max((len(values[n]) for n in long), default=0)
        yield from _rows(content, Level.STOP, "too_long", long, name, length=length, longest=longest)
    if vectors.encoding == "GBK":
        foreign = _where(values, lambda v: not _fits(v, "gbk"))
        characters = "".join(sorted({c for n in foreign for c in values[n] if not _fits(c, "gbk")})[:NAMED])
        key = "vct_not_gbk" if vectors.suffix == ".vct" else "not_gbk"
        yield from _rows(content, Level.STOP, key, foreign, name, characters=characters)
    # A zero byte ends a text for most programs; half a character of UTF-16 is none.
    cut = _where(values, lambda v: "\0" in v or not _fits(v, "utf-8"))
    yield from _rows(content, Level.STOP, "not_text", cut, name)
    if vectors.suffix == ".vct":
        spoilt = _where(values, printed.spoilt)
        yield from _rows(content, Level.STOP, "separator_inside", spoilt, name)
    if vectors.suffix == ".shp":
        room = dbf.text_width(declared)
        wide = _where(values, lambda v: len(v.encode(dbf.CODECS[vectors.encoding], errors="replace")) > room)
        short = [n for n in wide if not length or len(values[n]) <= length]
        yield from _rows(content, Level.STOP, "too_many_bytes", np.array(short, dtype=int), name, room=room)


def _fits(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _numbers(content: Content, declared: Field, values: NDArray, vectors: VectorSet) -> Iterator[Problem]:
    name = declared.name
    if vectors.suffix == ".shp":
        wide, rounded = dbf.losses(values, declared)
        yield from _rows(content, Level.STOP, "number_wide", wide, name, room=dbf.number_form(declared).width)
        yield from _rows(
            content, Level.STOP, "decimals_lost", rounded, name, decimals=dbf.number_form(declared).decimals
        )
        return
    if vectors.suffix == ".vct":
        wide, finer = printed.too_wide(values, declared), printed.finer(values, declared)
        yield from _rows(content, Level.GATE, "vct_wide", wide, name, length=declared.length)
        yield from _rows(content, Level.NOTE, "vct_finer", finer, name, decimals=declared.decimals)
        return
    if declared.type != "integer":
        return
    kind = FORMATS[vectors.suffix].types["long" if (declared.length or 0) > 9 else "integer"].ogr
    most = {"Integer": 2**31 - 1, "Integer64": 2**63 - 1, "Real": 2**53}[kind]
    wide = _where(values, lambda v: abs(v) > most)
    yield from _rows(content, Level.STOP, "number_wide", wide, name, room=len(str(most)) - 1)
