# SPDX-License-Identifier: GPL-2.0-or-later
"""Before a layer is written: can every row go into the package as it is drawn, and may it?

The drivers take a code outside its domain and a text that is too long without a word; so everything is looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS

from ...cancellation import NEVER, Cancellation
from ...standard.template import Field
from ..names import field_problem
from ..problems import Level, Problem
from . import dbf
from .content import Content, Wanting
from .look_at_shapes import look_at_printing, look_at_shapes
from .look_at_values import fits, look_at_field
from .telling import told

if TYPE_CHECKING:
    from ...messages.texts import ConceptName
    from ...standard.codes import CodeList
    from ..form.model import VectorSet

#: A database's own number of a row, which QGIS shows as a field: nobody misses it, so nobody need be told.
_ROW_NUMBERS = ("FID", "OGC_FID", "OBJECTID")


def look_at_wanting(wanting: Iterable[Wanting], named: Callable[[str], tuple[str | ConceptName, str]]) -> list[Problem]:
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
    cancellation: Cancellation = NEVER,
) -> list[Problem]:
    """Everything about one layer that keeps it from being written, or that a reader of the package should know."""
    if not len(content):
        level = Level.GATE if content.need == "M" else Level.NOTE
        return [Problem(level, "layer_empty", layer=content.layer.name)]
    found = [*_names(content, vectors), *look_at_shapes(content, vectors, cancellation)]
    cancellation.raise_if_cancelled()
    names = [f.name for f in content.layer.source.fields if f.name.upper() not in _ROW_NUMBERS]
    left_out = [name for name in names if name not in set(content.columns.values())]
    if left_out:
        found.append(told(content, Level.NOTE, "fields_left_out", fields=", ".join(left_out)))
    lacking = [f.name for f in content.template.fields if content.columns[f.name] is None]
    if lacking:
        found.append(told(content, Level.NOTE, "fields_lacking", fields=", ".join(lacking)))
    for declared in content.template.fields:
        found += look_at_field(content, declared, vectors, code_lists)
        cancellation.raise_if_cancelled()
    if vectors.suffix == ".vct":
        found += look_at_printing(content, vectors)
    if vectors.suffix == ".shp":
        found += _for_shapefile(content, vectors)
    return found


def _names(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    for name in (content.name, *content.columns):
        problem = field_problem(name)
        if not problem and vectors.encoding == "GBK" and not fits(name, "gbk"):
            problem = "name_gbk"
        if problem:
            yield told(content, Level.STOP, "name_forbidden", name, detail=problem)
    names = [f.name.upper() for f in content.template.fields]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield told(content, Level.STOP, "field_twice", name)


def _for_shapefile(content: Content, vectors: VectorSet) -> Iterator[Problem]:
    """What the files have no room for; and what programs that know no missing number make of one."""
    shapes = content.shapes(CRS.from_user_input(vectors.crs))
    for suffix, size in zip((".shp", ".dbf"), dbf.sizes(shapes, content.template.fields), strict=True):
        if size > dbf.MOST_BYTES:
            yield told(content, Level.STOP, "file_large", file=f"{content.name}{suffix}", size=f"{size / 2**30:.1f}")
    empty = [
        declared.name
        for declared in content.template.fields
        if declared.type in ("integer", "real") and content.columns[declared.name] and _some_empty(content, declared)
    ]
    if empty:
        yield told(content, Level.NOTE, "empty_numbers", fields=", ".join(empty))


def _some_empty(content: Content, declared: Field) -> bool:
    missing = np.array([value is None for value in content.carried(declared).values], dtype=bool)
    return bool(missing.any() and not missing.all())
