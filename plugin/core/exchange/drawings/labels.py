# SPDX-License-Identifier: GPL-2.0-or-later
"""Give polygons the texts of the drawing that are inserted in them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import shapely

from ...standard.template import TemplateField
from .drawing import DrawingPolygon, DrawingText, LeftOut
from .mapping import LayerTarget


def assign_texts(
    texts: Sequence[DrawingText], polygons: Sequence[DrawingPolygon], target_by_layer: Mapping[str, LayerTarget]
) -> list[LeftOut]:
    """Give each polygon the texts in it, as values of fields and as a list; return the texts that were not used.

    The place of a text is its insertion point. Of each layer of the drawing it may be in one polygon. Texts in no
    polygon, in several of one layer, or of which several fit one field, become no value.
    """
    if not texts or not polygons:
        return [_leave_out("text_outside", text) for text in texts]
    points = shapely.points([text.place for text in texts])
    shapes = np.array([polygon.shape for polygon in polygons], dtype=object)
    numbers, places = shapely.STRtree(shapes).query(points, predicate="within")
    within: dict[int, list[int]] = defaultdict(list)
    for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
        within[number].append(place)
    texts_of: dict[int, list[DrawingText]] = defaultdict(list)
    left_out: list[LeftOut] = []
    for number, text in enumerate(texts):
        by_layer: dict[str, list[int]] = defaultdict(list)
        for place in within[number]:
            by_layer[polygons[place].layer].append(place)
        if not by_layer:
            left_out.append(_leave_out("text_outside", text))
        for layer, found in by_layer.items():
            if len(found) == 1:
                texts_of[found[0]].append(text)
            else:
                handles = _join_handles(handle for place in found for handle in polygons[place].handles)
                left_out.append(_leave_out("text_overlap", text, polygon_layer=layer, others=handles))
    for place, members in sorted(texts_of.items()):
        left_out += _fill_polygon(polygons[place], members, target_by_layer[polygons[place].layer])
    return left_out


def _leave_out(key: str, text: DrawingText, **params: object) -> LeftOut:
    """Return a text as left out."""
    return LeftOut(key, text.layer, (text.handle,), text.kind, text.place, params={"text": text.text, **params})


def _join_handles(handles: Iterable[str]) -> str:
    """Return handles as one text, each once."""
    return " ".join(dict.fromkeys(handles))


def _fill_polygon(polygon: DrawingPolygon, texts: Sequence[DrawingText], target: LayerTarget) -> list[LeftOut]:
    """Set the values of a polygon from the texts in it; return the texts that became no value though a field fits."""
    polygon.texts = [text.text for text in texts]
    matches: dict[str, list[tuple[DrawingText, str]]] = defaultdict(list)
    for text in texts:
        found = ((field.field, field.match(text.text)) for field in target.text_fields)
        for name, part in [(name, part) for name, part in found if part][:1]:
            matches[name].append((text, part))
    left_out: list[LeftOut] = []
    handles = _join_handles(polygon.handles)
    for name, pairs in matches.items():
        values = {value for _, value in pairs}
        if len(values) > 1:
            left_out += [_leave_out("text_several", text, field=name, others=handles) for text, _ in pairs]
            continue
        field = target.template.find_field_by_name(name)
        value = _convert(pairs[0][1], field) if field else None
        if value is None:
            left_out += [_leave_out("text_value", text, field=name, others=handles) for text, _ in pairs]
        else:
            polygon.values[name] = value
    return left_out


def _convert(value: str, field: TemplateField) -> str | int | float | None:
    """Return a text as a value of a field; None if it does not fit its type or length."""
    if field.type == "text":
        return value if field.length is None or len(value) <= field.length else None
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number) or (field.type == "integer" and not number.is_integer()):
        return None
    return int(number) if field.type == "integer" else number
