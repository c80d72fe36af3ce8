# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences on what an import of a drawing did, its summary as data, and the table of what was not taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...base.files.csv_records import format_rows
from ...base.files.writing import write_atomically
from ...geometry.crs import make_crs_label
from ...render.tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_column_title,
    make_table_number,
    write_tables_workbook,
)
from ...standard.messages.texts import Texts, format_number
from ..boundary_points.boundary_point_sentences import ReportLine
from ..boundary_points.parcels import NoteLevel, format_hectares
from .drawing import REASONS_SECTION, REMEDIES_SECTION, DrawingImport, LeftOut
from .mapping import load_settings

_SECTION = "drawings"
SUMMARY_SCHEMA = "sanxian-drawing-1"
TABLE_SUFFIXES = (".csv", ".xlsx")
_DECIMALS = 3


def describe_import(run: DrawingImport, lang: str) -> list[ReportLine]:
    """Return a summary, the layers with their areas, the gaps that were closed, and what was not taken by reason."""
    texts = Texts(lang)
    summary = texts.get(
        _SECTION,
        "imported",
        file=run.source.name,
        encoding=run.encoding.upper(),
        crs=make_crs_label(run.crs),
        unit=f"{run.metres_per_unit:g}",
        count=format_number(run.polygon_count, 0),
        left_out=format_number(len(run.left_out), 0),
    )
    lines = [ReportLine(NoteLevel.WARNING if run.left_out else NoteLevel.INFO, summary)]
    for role, polygons in sorted(run.polygons_by_role.items()):
        plane_m2, statutory_m2 = run.areas_by_role[role]
        params = {
            "layer": role,
            "count": format_number(len(polygons), 0),
            "plane": format_hectares(plane_m2),
            "statutory": format_hectares(statutory_m2),
        }
        lines.append(ReportLine(NoteLevel.INFO, texts.get(_SECTION, "layer", **params)))
    if run.curve_count:
        params = {
            "count": format_number(run.curve_count, 0),
            "tolerance": f"{run.tolerance_m:g}",
            "deviation": f"{run.deviation_m:.6f}",
        }
        lines.append(ReportLine(NoteLevel.INFO, texts.get(_SECTION, "curves", **params)))
    if run.closed:
        listed = _list_handles(
            [LeftOut("open", ring.layer, ring.handles, gap_m=ring.gap_m) for ring in run.closed], texts
        )
        params = {"count": format_number(len(run.closed), 0), "closing": f"{run.closing_m:g}", "handles": listed}
        lines.append(ReportLine(NoteLevel.INFO, texts.get(_SECTION, "closed", **params)))
    return [*lines, *(ReportLine(NoteLevel.WARNING, line) for line in _describe_left_out(run.left_out, texts))]


@dataclass(frozen=True)
class LeftOutReasons:
    """What was not taken from a drawing and why, as a parameter of an error: a line for each reason and layer."""

    left_out: tuple[LeftOut, ...]

    def render(self, texts: Texts) -> str:
        """Return the reasons as text, one on each line."""
        return "".join(f"\n{line}" for line in _describe_left_out(self.left_out, texts))


def _describe_left_out(left_out: Sequence[LeftOut], texts: Texts) -> list[str]:
    """Return a sentence for each reason and layer, with the handles of the first entities and the remedy."""
    grouped: dict[tuple[str, str, str, str], list[LeftOut]] = defaultdict(list)
    for one in left_out:
        grouped[one.key, one.layer, one.describe(REASONS_SECTION, texts), one.describe(REMEDIES_SECTION, texts)].append(
            one
        )
    return [
        texts.get(
            _SECTION,
            "left_out" if layer else "left_out_without_layer",
            layer=layer,
            count=format_number(len(members), 0),
            handles=_list_handles(members, texts),
            reason=reason,
            remedy=remedy,
        )
        for (_, layer, reason, remedy), members in grouped.items()
    ]


def _list_handles(members: list[LeftOut], texts: Texts) -> str:
    """Return the handles of entities as text, each with its gap if it has one."""
    most = load_settings().most_listed
    listed = []
    for one in members[:most]:
        handles = " ".join(one.handles)
        if one.gap_m is not None:
            handles = texts.get(_SECTION, "gap", handles=handles, gap=f"{one.gap_m:.4f}")
        listed.append(handles)
    more = [texts.get(_SECTION, "more", count=format_number(len(members) - most, 0))] if len(members) > most else []
    return texts.get(_SECTION, "between").join([*listed, *more])


def make_summary(run: DrawingImport, lang: str) -> dict[str, Any]:
    """Return the result as data for JSON; areas in m², lengths in m."""
    texts = Texts(lang)
    return {
        "schema": SUMMARY_SCHEMA,
        "file": run.source.name,
        "encoding": run.encoding,
        "crs": make_crs_label(run.crs),
        "metres_per_unit": run.metres_per_unit,
        "tolerance_m": run.tolerance_m,
        "deviation_m": run.deviation_m,
        "curves": run.curve_count,
        "closing_m": run.closing_m,
        "layers": [
            {
                "layer": role,
                "polygons": len(polygons),
                "plane_m2": run.areas_by_role[role][0],
                "statutory_m2": run.areas_by_role[role][1],
                "drawing_layers": sorted({polygon.layer for polygon in polygons}),
            }
            for role, polygons in sorted(run.polygons_by_role.items())
        ],
        "closed": [{"handles": list(ring.handles), "layer": ring.layer, "gap_m": ring.gap_m} for ring in run.closed],
        "left_out": [
            {
                "reason": one.key,
                "handles": list(one.handles),
                "layer": one.layer,
                "kind": one.kind,
                "place": None if one.place is None else list(one.place),
                "gap_m": one.gap_m,
                "text": one.describe(REASONS_SECTION, texts),
                "remedy": one.describe(REMEDIES_SECTION, texts),
            }
            for one in run.left_out
        ],
    }


def write_left_out_table(left_out: Sequence[LeftOut], target: Path, lang: str) -> None:
    """Write the table as CSV or Excel, by the suffix. Raise OutputError."""
    texts = Texts(lang)
    table = ReportTable(
        "drawing_left_out",
        [
            TableColumn("drawing_handle", width_in_characters=20),
            TableColumn("drawing_layer", width_in_characters=20),
            TableColumn("drawing_kind", width_in_characters=14),
            TableColumn("drawing_x", "m", width_in_characters=16),
            TableColumn("drawing_y", "m", width_in_characters=16),
            TableColumn("drawing_gap", "m", width_in_characters=12),
            TableColumn("drawing_reason", width_in_characters=50),
            TableColumn("drawing_remedy", width_in_characters=60),
        ],
    )
    for one in left_out:
        x, y = one.place or (None, None)
        table.rows.append(
            ReportTableRow(
                [
                    " ".join(one.handles),
                    one.layer,
                    one.kind,
                    make_table_number(x, "m", _DECIMALS),
                    make_table_number(y, "m", _DECIMALS),
                    make_table_number(one.gap_m, "m", _DECIMALS),
                    one.describe(REASONS_SECTION, texts),
                    one.describe(REMEDIES_SECTION, texts),
                ]
            )
        )
    with write_atomically(target) as new:
        if target.suffix.lower() == ".xlsx":
            write_tables_workbook(new, [table], "", texts)
            return
        head = [make_column_title(column, texts) for column in table.columns]
        rows = [
            [
                f"{value.value:.{value.decimals}f}" if isinstance(value, TableNumber) else value or ""
                for value in row.values
            ]
            for row in table.rows
        ]
        new.write_bytes(format_rows([head, *rows]))
