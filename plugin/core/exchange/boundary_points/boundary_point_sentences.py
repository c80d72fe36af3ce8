# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences on what an import or an export of boundary points did, for the toolbox and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...geometry.crs import make_crs_label
from ...standard.messages.texts import Texts, format_number
from .export_points import PointExport
from .import_points import PointImport
from .parcels import NoteLevel, PointNote, PointParcel, format_hectares

_SECTION = "boundary_points"
_LEVEL_ORDER = (NoteLevel.ERROR, NoteLevel.WARNING, NoteLevel.INFO)


class ReportLine(NamedTuple):
    """A sentence with its level."""

    level: NoteLevel
    text: str


def describe_import(run: PointImport, lang: str) -> list[ReportLine]:
    """Return a summary, the areas of parcels, and the notes, those on errors first."""
    texts, file = Texts(lang), run.file
    summary = texts.get(
        _SECTION,
        "imported",
        file=file.path.name,
        form=file.form.get_title(lang),
        crs=make_crs_label(file.crs),
        encoding=file.layout.encoding_name,
        count=format_number(len(file.parcels), 0),
        left_out=format_number(run.left_out_count, 0),
        points=format_number(run.point_count, 0),
    )
    lines = [ReportLine(NoteLevel.WARNING if run.left_out_count else NoteLevel.INFO, summary)]
    # Areas of more parcels are only summed.
    if len(file.parcels) <= 20:
        lines += [ReportLine(NoteLevel.INFO, _describe_areas(parcel, texts)) for parcel in file.parcels]
    if len(file.parcels) > 1:
        areas = sum(parcel.plane_m2 for parcel in file.parcels), sum(parcel.statutory_m2 for parcel in file.parcels)
        lines.append(ReportLine(NoteLevel.INFO, texts.get(_SECTION, "areas_total", **_format_areas(*areas))))
    return [*lines, *_render_notes(file.notes, texts)]


def _describe_areas(parcel: PointParcel, texts: Texts) -> str:
    """Return a sentence with the declared area of a parcel, its plane area and its statutory area."""
    params = {"parcel": parcel.raw.label, **_format_areas(parcel.plane_m2, parcel.statutory_m2)}
    if parcel.declared_m2 is None:
        return texts.get(_SECTION, "areas_undeclared", **params)
    declared = format_hectares(parcel.declared_m2)
    key = "areas_equal" if declared == params["plane"] else "areas_different"
    return texts.get(_SECTION, key, declared=declared, **params)


def _format_areas(plane_m2: float, statutory_m2: float) -> dict[str, str]:
    """Return plane and statutory area in hectares, and their difference in square metres, as text."""
    difference = statutory_m2 - plane_m2
    return {
        "plane": format_hectares(plane_m2),
        "statutory": format_hectares(statutory_m2),
        "difference": ("−" if round(difference, 2) < 0 else "") + format_number(abs(difference), 2),
    }


def describe_export(run: PointExport, lang: str) -> list[ReportLine]:
    """Return a summary and the notes, those on errors first."""
    texts = Texts(lang)
    left_out_count = run.feature_count - run.parcel_count
    summary = texts.get(
        _SECTION,
        "exported",
        form=run.form.get_title(lang),
        crs=make_crs_label(run.crs),
        count=format_number(run.parcel_count, 0),
        left_out=format_number(left_out_count, 0),
        points=format_number(run.point_count, 0),
    )
    return [
        ReportLine(NoteLevel.WARNING if left_out_count else NoteLevel.INFO, summary),
        *_render_notes(run.notes, texts),
    ]


def _render_notes(notes: Iterable[PointNote], texts: Texts) -> list[ReportLine]:
    """Return the notes as sentences, by level and then in the order of the file."""
    ordered = sorted(notes, key=lambda note: (_LEVEL_ORDER.index(note.level), note.place.line if note.place else 0))
    return [ReportLine(note.level, note.render(texts)) for note in ordered]
