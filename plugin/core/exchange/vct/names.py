# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare names with places: annotation that names another division than it lies in, villages of another county."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely

from ...standard.divisions import COUNTY_LEVEL
from .batch import Batch
from .place import CountyCodes
from .remarks import Remarks
from .settings import load_settings

#: Digits of a county's code.
_COUNTY = 6


@dataclass
class _Divisions:
    """Names and shapes (WKB) of one table of divisions."""

    names: list[str] = field(default_factory=list)
    shapes: list[bytes] = field(default_factory=list)


class PlaceNames:
    """Gathers divisions, annotation and names of places of all tables; `report` compares them."""

    def __init__(self) -> None:
        settings = load_settings()
        self._tables = {name.upper() for name in settings.division_tables}
        self._name, self._fields = settings.division_name, {name.upper() for name in settings.place_names}
        self._code_fields = [name.upper() for name in reversed(settings.county_fields)]
        self._divisions: dict[str, _Divisions] = {}
        #: Table, text, point (WKB) and line of each annotation.
        self._labels: list[tuple[str, str, bytes, int]] = []
        #: Table, field, name and the county's code in the row → line of the first row, rows.
        self._places: dict[tuple[str, str, str, str], list[int]] = {}

    def add(self, batch: Batch) -> None:
        columns = {column.name.upper(): k for k, column in enumerate(batch.table.columns)}
        name = batch.table.name.upper()
        if name in self._tables and batch.table.kind == "polygon" and self._name in columns:
            self._add_divisions(name, columns[self._name], batch)
        if batch.table.kind == "annotation":
            for (text, _), shape, line in zip(batch.texts, batch.shapes, batch.lines, strict=True):
                if text.strip() and shape is not None:
                    self._labels.append((batch.table.name, text.strip(), shape, line))
        for named in self._fields & columns.keys():
            self._add_places(named, columns, batch)

    def _add_divisions(self, table: str, place: int, batch: Batch) -> None:
        kept = self._divisions.setdefault(table, _Divisions())
        for row, shape in zip(batch.rows, batch.shapes, strict=True):
            if row[place] and shape is not None:
                kept.names.append(str(row[place]).strip())
                kept.shapes.append(shape)

    def _add_places(self, named: str, columns: dict[str, int], batch: Batch) -> None:
        code_at = [columns[name] for name in self._code_fields if name in columns]
        for row, line in zip(batch.rows, batch.lines, strict=True):
            if row[columns[named]]:
                code = next((str(row[k])[:_COUNTY] for k in code_at if row[k]), "")
                key = batch.table.name, batch.table.columns[columns[named]].name, str(row[columns[named]]), code
                self._places.setdefault(key, [line, 0])[1] += 1

    def report(self, counties: CountyCodes, remarks: Remarks) -> None:
        for table, kept in self._divisions.items():
            self._report_labels(table, kept, remarks)
        self._report_places(counties.county()[0], remarks)

    def _report_labels(self, table: str, kept: _Divisions, remarks: Remarks) -> None:
        """Annotation with the name of one division that lies in another one of the same table."""
        known = set(kept.names)
        labels = [label for label in self._labels if label[1] in known]
        if not labels:
            return
        points = shapely.from_wkb(np.array([shape for _, _, shape, _ in labels], dtype=object))
        tree = shapely.STRtree(shapely.from_wkb(np.array(kept.shapes, dtype=object)))
        inside: dict[int, set[str]] = {}
        for label, division in zip(*tree.query(points, predicate="intersects").tolist(), strict=True):
            inside.setdefault(label, set()).add(kept.names[division])
        for n, names in sorted(inside.items()):
            layer, text, _, line = labels[n]
            if text not in names:
                params = {"table": layer, "divisions": table}
                remarks.add_example("vct_note_label_place", line, f"{text} → {min(names)}", 1, **params)

    def _report_places(self, county: str, remarks: Remarks) -> None:
        """Names that begin with another county than the row's code."""
        settings = load_settings()
        names, above = _county_names(settings.shortest_county_name)
        longest, below = max(map(len, names), default=0), tuple(settings.below_county_words)
        for (table, named, value, own), (line, count) in self._places.items():
            code = own or county
            told = _without(value, above)
            other = next((n for n in _heads(told, longest) if n in names and not told[len(n) :].startswith(below)), "")
            if other and code in names.values() and code not in (c for n, c in names.items() if n == other):
                params = {"table": table, "field": named, "other": other, "code": code}
                remarks.add_example("vct_note_foreign_place", line, value, count, **params)


def _heads(text: str, longest: int) -> Iterable[str]:
    """The beginnings of a text, up to ``longest`` characters, the longest first."""
    return (text[:n] for n in range(min(len(text), longest), 0, -1))


def _without(text: str, above: list[str]) -> str:
    """A text without the names of province and city before it."""
    for name in above:
        text = text.removeprefix(name)
    return text


def _county_names(shortest: int) -> tuple[dict[str, str], list[str]]:
    """Counties' names of at least ``shortest`` characters with their codes, and the names of provinces, then of cities."""
    from ...standard import load_standard

    divisions = load_standard("county_db").code_lists.get("divisions")
    codes = list(divisions.codes.values()) if divisions is not None else []
    names = {c.name: c.code for c in codes if c.level == COUNTY_LEVEL and len(c.name) >= shortest}
    return names, [c.name for c in sorted(codes, key=lambda c: c.level) if c.level < COUNTY_LEVEL]
