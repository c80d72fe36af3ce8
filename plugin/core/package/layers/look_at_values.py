# SPDX-License-Identifier: GPL-2.0-or-later
"""Before a layer is written: is every value in a field of the package what it was, and may it be there?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...exchange.schema import FORMATS
from ...standard.template import Field
from ..problems import NAMED, Level, Problem
from . import dbf, printed
from .content import Content
from .telling import on_rows, told

if TYPE_CHECKING:
    from ...standard.codes import CodeList
    from ..form.model import VectorSet


def look_at_field(
    content: Content, declared: Field, vectors: VectorSet, code_lists: dict[str, CodeList]
) -> Iterator[Problem]:
    """Values of one field that cannot be written, are not allowed there, or are left out."""
    name = declared.name
    if content.left_empty(declared):
        column = content.columns[name]
        count = int(content.layer.values(column).notna().sum()) if column else 0
        if count:
            yield told(content, Level.NOTE, "personal_left_out", name, count, alias=declared.alias)
        return
    values, wrong = content.carried(declared)
    for key, rows in wrong.items():
        yield from on_rows(content, Level.STOP, key, rows, name)
    if declared.constraint == "M":
        empty = np.array([v is None for v in values], dtype=bool)
        for rows in wrong.values():
            empty[rows] = False
        yield from on_rows(content, Level.STOP, "required_empty", np.flatnonzero(empty), name, alias=declared.alias)
    if declared.codes in code_lists:
        yield from _codes(content, declared, values, code_lists[declared.codes])
    if declared.type == "text":
        yield from _texts(content, declared, values, vectors)
    elif declared.type != "date":
        yield from _numbers(content, declared, values, vectors)
    elif vectors.suffix != ".gdb":
        late = _where(values, lambda v: isinstance(v, datetime) and (v.hour, v.minute, v.second) != (0, 0, 0))
        yield from on_rows(content, Level.STOP, "time_lost", late, name)


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
    yield from on_rows(content, level, "code_unknown", unknown, declared.name, codes=examples, codes_of=codes.id)


def _texts(content: Content, declared: Field, values: NDArray, vectors: VectorSet) -> Iterator[Problem]:
    name, length = declared.name, declared.length
    if length:
        long = _where(values, lambda v: len(v) > length)
        longest = max((len(values[n]) for n in long), default=0)
        yield from on_rows(content, Level.STOP, "too_long", long, name, length=length, longest=longest)
    if vectors.encoding == "GBK":
        foreign = _where(values, lambda v: not fits(v, "gbk"))
        characters = "".join(sorted({c for n in foreign for c in values[n] if not fits(c, "gbk")})[:NAMED])
        key = "vct_not_gbk" if vectors.suffix == ".vct" else "not_gbk"
        yield from on_rows(content, Level.STOP, key, foreign, name, characters=characters)
    # A zero byte ends a text for most programs; half a character of UTF-16 is none.
    cut = _where(values, lambda v: "\0" in v or not fits(v, "utf-8"))
    yield from on_rows(content, Level.STOP, "not_text", cut, name)
    if vectors.suffix == ".vct":
        spoilt = _where(values, printed.spoilt)
        yield from on_rows(content, Level.STOP, "separator_inside", spoilt, name)
    if vectors.suffix == ".shp":
        room = dbf.text_width(declared)
        wide = _where(values, lambda v: len(v.encode(dbf.CODECS[vectors.encoding], errors="replace")) > room)
        short = [n for n in wide if not length or len(values[n]) <= length]
        yield from on_rows(content, Level.STOP, "too_many_bytes", np.array(short, dtype=int), name, room=room)


def fits(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _numbers(content: Content, declared: Field, values: NDArray, vectors: VectorSet) -> Iterator[Problem]:
    name = declared.name
    if vectors.suffix == ".shp":
        wide, rounded = dbf.losses(values, declared)
        yield from on_rows(content, Level.STOP, "number_wide", wide, name, room=dbf.number_form(declared).width)
        yield from on_rows(
            content, Level.STOP, "decimals_lost", rounded, name, decimals=dbf.number_form(declared).decimals
        )
        return
    if vectors.suffix == ".vct":
        wide, finer = printed.too_wide(values, declared), printed.finer(values, declared)
        yield from on_rows(content, Level.GATE, "vct_wide", wide, name, length=declared.length)
        yield from on_rows(content, Level.NOTE, "vct_finer", finer, name, decimals=declared.decimals)
        return
    if declared.type != "integer":
        return
    kind = FORMATS[vectors.suffix].types["long" if (declared.length or 0) > 9 else "integer"].ogr
    most = {"Integer": 2**31 - 1, "Integer64": 2**63 - 1, "Real": 2**53}[kind]
    wide = _where(values, lambda v: abs(v) > most)
    yield from on_rows(content, Level.STOP, "number_wide", wide, name, room=len(str(most)) - 1)
