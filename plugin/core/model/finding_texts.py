# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns and JSON texts of many findings: the values of `Finding.row` and `Finding.to_dict`, made together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import shapely

from ..files.json_text import encode_json, encode_texts, encode_together
from .findings import FINDING_COLUMNS, NUMERIC_FINDING_COLUMNS, Finding, find_distinct_shapes, iterate_batches

#: Column name → its values.
FindingColumns = dict[str, Sequence[Any]]


def make_finding_columns(findings: Sequence[Finding]) -> FindingColumns:
    """Return column name → the values of all findings in it, as in `Finding.row`."""
    columns: FindingColumns = {
        name: list(map(attrgetter(name), findings)) for name in FINDING_COLUMNS if name != "params"
    }
    severity_texts = {severity: str(severity or "") for severity in set(columns["severity"])}
    columns["severity"] = [severity_texts[severity] for severity in columns["severity"]]
    columns["related_keys"] = [";".join(keys) if keys else "" for keys in columns["related_keys"]]
    columns["params"] = [
        text
        for batch in iterate_batches(len(findings))
        for text in encode_together([finding.params for finding in findings[batch]])
    ]
    return {name: columns[name] for name in FINDING_COLUMNS}


#: Columns with another text in each finding; the other columns of text have few distinct texts.
_DISTINCT_COLUMNS = ("key", "message", "fingerprint")
#: Start of the last entry of a finding in JSON.
_GEOMETRY_ENTRY = '"geometry": '


def iterate_finding_lines(
    findings: Sequence[Finding], columns: FindingColumns | None = None
) -> Iterator[tuple[str, ...]]:
    """Yield findings as JSON texts, each in pieces: the texts of the dicts of `Finding.to_dict`.

    ``columns``: those of `make_finding_columns`, if they are known. The WKT is a piece without Chinese characters,
    which take more memory and time in Python, also for the text around them.
    """
    wkt = _WktOfFindings(findings)
    for rows in iterate_batches(len(findings)):
        batch = findings[rows]
        if columns is None:
            batch_columns = make_finding_columns(batch)
        else:
            batch_columns = {name: values[rows] for name, values in columns.items()}
        lines = _make_lines(batch, batch_columns)
        for finding, line, text in zip(batch, lines, wkt.make_texts(rows), strict=True):
            if finding.needs_approval:
                line = f'{line.removesuffix(_GEOMETRY_ENTRY)}"needs_approval": true, {_GEOMETRY_ENTRY}'
            # WKT has no character that JSON would escape, so the long text is not searched for them.
            yield (f"{line}null}}",) if text is None else (line, f'"{text}"}}')


def _make_lines(findings: Sequence[Finding], columns: FindingColumns) -> Iterator[str]:
    """Yield the JSON text of each finding up to the value of its geometry.

    Findings are sorted, so most columns of a few findings have one value; its text is made once.
    """
    # A row has the related keys as one text, JSON as a list.
    columns = {
        **columns,
        "related_keys": [finding.related_keys for finding in findings],
        "case": [finding.case for finding in findings],
    }
    varying, entries = [], []
    for name, values in columns.items():
        text = values if name == "params" else _encode_column(name, values)
        if isinstance(text, str):
            text = text.replace("%", "%%")
        else:
            varying.append(text)
            text = "%s"
        entries.append(f'"{name}": {text}')
    line = f"{{{', '.join(entries)}, {_GEOMETRY_ENTRY}"
    return (line % texts for texts in zip(*varying, strict=True))


def _encode_column(name: str, values: Sequence[Any]) -> Sequence[str]:
    """Return the JSON texts of a column, or a single text if all values are equal."""
    if name in NUMERIC_FINDING_COLUMNS:
        if values.count(None) == len(values):
            return "null"
        return [
            "null"
            if value is None
            else float.__repr__(value)
            if isinstance(value, float) and math.isfinite(value)
            else encode_json(value)
            for value in values
        ]
    if name in _DISTINCT_COLUMNS:
        return encode_texts(values)
    if values.count(values[0]) == len(values):
        return encode_json(values[0])
    if name == "related_keys":
        return [encode_json(list(keys)) if keys else "[]" for keys in values]
    texts = {value: encode_json(value) for value in set(values)}
    return [texts[value] for value in values]


#: Characters of WKT that are kept for later findings on the same shapes: at most 256 MB.
_MAX_KEPT_CHARACTERS = 1 << 28


class _WktOfFindings:
    """Exact WKT of the shapes of findings; the text of a shape is kept for later findings on it."""

    def __init__(self, findings: Sequence[Finding]):
        shapes = np.array([finding.geometry for finding in findings], dtype=object)
        shapes[shapely.is_empty(shapes)] = None
        first_rows, self._positions = find_distinct_shapes(shapes)
        self._shapes = shapes[first_rows]
        #: The last finding on each shape: of several values for an item, numpy assigns the last.
        self._last_rows = np.zeros(len(self._shapes), dtype=np.int64)
        self._last_rows[self._positions] = np.arange(len(shapes))
        self._kept_texts: dict[int, str] = {}
        self._kept_characters = 0

    def make_texts(self, rows: slice) -> list[str | None]:
        """Return the WKT of some findings, whose rows follow those of the last call; None without a shape."""
        positions, inverse = np.unique(self._positions[rows], return_inverse=True)
        texts = np.array([self._kept_texts.pop(position, None) for position in positions.tolist()], dtype=object)
        is_new = np.fromiter((text is None for text in texts), dtype=bool, count=len(texts))
        self._kept_characters -= sum(map(len, texts[~is_new]))
        texts[is_new] = shapely.to_wkt(self._shapes[positions[is_new]], rounding_precision=-1)
        for n in np.flatnonzero(self._last_rows[positions] >= rows.stop).tolist():
            if texts[n] is not None and self._kept_characters + len(texts[n]) <= _MAX_KEPT_CHARACTERS:
                self._kept_texts[int(positions[n])] = texts[n]
                self._kept_characters += len(texts[n])
        result: list[str | None] = texts[inverse].tolist()
        return result
