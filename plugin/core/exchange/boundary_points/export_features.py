# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the layer to export, and its features that can be exported as boundary points; notes on the others."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from ...base.cancellation import Cancellation
from ...base.errors import InputError
from ...base.files.cells import format_cell
from ...plan.io import read_source
from ...plan.layer import SourceLayer
from .parcels import NoteLevel, PointNote, make_note_on_parcels
from .stored import (
    DECLARED_FIELD,
    FIELD_BY_ITEM,
    RECORD_FIELD,
    DamagedRecordError,
    StoredParcel,
    parse_record,
)


def read_polygon_layer(source: str, name: str) -> SourceLayer:
    """Return a layer of a source by its name; without a name the only one that the source has.

    Raise InputError if it is missing, or if a source of several layers is given without a name.
    """
    layers = read_source(source, select_layer=lambda layer: name.upper() in ("", layer.name.upper()))
    known = ", ".join(layer.name for layer in layers)
    wanted = [layer for layer in layers if name.upper() in ("", layer.name.upper())]
    if not wanted:
        raise InputError("boundary_layer_missing", source=source, layer=name, layers=known)
    if len(wanted) > 1:
        raise InputError("boundary_layer_choice", source=source, layers=known)
    return wanted[0]


@dataclass(frozen=True)
class ExportFeature:
    """A feature to export. ``attributes``: item → text; ``declared_m2``: None without a value in the field."""

    fid: int
    shape: BaseGeometry
    attributes: dict[str, str]
    has_declared_field: bool
    declared_m2: float | None
    stored: StoredParcel | None


@dataclass
class ExportLog:
    """Notes of an export, and parcels to list together in one note."""

    notes: list[PointNote] = field(default_factory=list)
    labels_by_key: dict[str, list[str]] = field(default_factory=dict)

    def add(self, level: NoteLevel, key: str, label: str = "", **params: object) -> None:
        """Add a note."""
        self.notes.append(PointNote(key, level, None, label, params))

    def list_parcel(self, key: str, label: str) -> None:
        """Add a parcel to those that one note lists."""
        self.labels_by_key.setdefault(key, []).append(label)

    def make_notes(self) -> tuple[PointNote, ...]:
        """Return all notes."""
        return (*self.notes, *(make_note_on_parcels(key, labels) for key, labels in self.labels_by_key.items()))


def read_features(layer: SourceLayer, log: ExportLog, cancellation: Cancellation) -> list[ExportFeature]:
    """Return the features of a layer that can be written; each other one becomes a note."""
    frame = layer.frame
    column_by_name = {str(name).upper(): name for name in frame.columns if name != frame.geometry.name}
    curves = set(layer.curve_texts)
    features = []
    for fid, shape, row in zip(frame.index, frame.geometry, frame.to_dict("records"), strict=True):
        cancellation.raise_if_cancelled()

        def read(field_name: str, row: dict = row) -> str:
            """Return the text in a field; empty if the layer lacks it."""
            column = column_by_name.get(field_name)
            return "" if column is None else format_cell(row[column])

        attributes = {item: read(name) for item, (name, _) in FIELD_BY_ITEM.items() if name in column_by_name}
        label = attributes.get("name") or attributes.get("number") or f"#{fid}"
        problem = _find_shape_problem(shape, fid in curves)
        if problem:
            log.add(NoteLevel.ERROR, problem, label, fid=int(fid))
            continue
        try:
            stored = parse_record(read(RECORD_FIELD))
        except DamagedRecordError:
            log.add(NoteLevel.WARNING, "record_damaged", label, field=RECORD_FIELD)
            stored = None
        has_declared = DECLARED_FIELD in column_by_name
        value = row[column_by_name[DECLARED_FIELD]] if has_declared else None
        declared_m2 = None if value is None or pd.isna(value) else float(value)
        features.append(ExportFeature(int(fid), shapely.force_2d(shape), attributes, has_declared, declared_m2, stored))
    return features


def _find_shape_problem(shape: BaseGeometry | None, has_arcs: bool) -> str:
    """Return the key of the note on why a shape cannot be written; empty if it can."""
    if shape is None or shape.is_empty:
        return "shape_missing"
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return "shape_not_polygon"
    if has_arcs:
        return "shape_arcs"
    return "" if shapely.is_valid(shape) else "shape_invalid"
