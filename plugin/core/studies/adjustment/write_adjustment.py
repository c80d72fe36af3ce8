# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an adjustment: workbook, document (docx, HTML) and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ....metadata import read_plugin_version
from ...base.connection_text import name_source
from ...base.errors import OutputError
from ...base.files.writing import check_writable, write_atomically, write_text
from ...engine.provenance import find_county_name
from ...render.document.blocks import Document, Heading, Legend, Paragraph, Picture, PictureGrid
from ...render.document.table_document import make_table_document
from ...render.outputs import dump_json
from ...render.tables.workbook import write_tables_workbook
from ...render.versions.edition_comparison import STATUTORY_BASIS
from ...standard.messages.texts import Texts
from .adjustment_result import ADJUSTMENT_SCHEMA, AdjustmentParcel, AdjustmentResult
from .adjustment_tables import describe_verdict, get_line_name, list_missing_sentences, make_adjustment_tables


def check_adjustment_target(target: str, suffix: str, inputs: Iterable[str]) -> None:
    """Raise OutputError before a long run if a file cannot be written; an empty ``target`` is accepted.

    ``suffix``: of the format, such as ``.html``.
    """
    if not target:
        return
    if Path(target).suffix.lower() != suffix:
        raise OutputError("output_format", target=target, known=suffix)
    check_writable(target, list(inputs))


def write_adjustment_workbook(result: AdjustmentResult, target: str | Path, texts: Texts) -> None:
    """Write all tables to an xlsx file; an existing file is replaced only on success. Raise OutputError."""
    name = get_line_name(result, texts)
    county = find_county_name(result.plan)
    area = f"{county}{name}" if texts.lang == "zh" else f"{county}, {name}" if county else name[:1].upper() + name[1:]
    with write_atomically(target) as path:
        write_tables_workbook(path, make_adjustment_tables(result, texts), area, texts)


def make_adjustment_document(
    result: AdjustmentResult, texts: Texts, map_picture: Picture | None = None, legend: Legend | None = None
) -> Document:
    """Return the dossier: verdict, map, tables and the fields to be signed.

    ``map_picture``: the map, which only QGIS draws; without it the document states that it has none.
    """
    title = texts.get("document_titles", "adjustment", line=get_line_name(result, texts))
    document = make_table_document(make_adjustment_tables(result, texts), title, find_county_name(result.plan), texts)
    head: list[Any] = [Paragraph(describe_verdict(result, texts), is_bold=True)]
    if map_picture is None:
        head.append(Paragraph(texts.get("adjustment", "no_map"), is_small=True))
        return replace(document, blocks=(*head, *document.blocks))
    # After the criteria and their notes: the map and the parcels belong together.
    is_heading = [isinstance(block, Heading) for block in document.blocks]
    second = [n for n, is_one in enumerate(is_heading) if is_one][1]
    # In a grid the map stays on the page of its heading.
    map_blocks: list[Any] = [Heading(texts.get("adjustment", "map_title")), PictureGrid((map_picture,), 1)]
    if legend is not None:
        map_blocks.append(legend)
    return replace(document, blocks=(*head, *document.blocks[:second], *map_blocks, *document.blocks[second:]))


def write_adjustment_json(result: AdjustmentResult, target: str | Path) -> None:
    """Write the result as JSON; areas in m², geometries as WKT. Raise OutputError."""
    write_text(target, dump_json(adjustment_to_dict(result)))


def adjustment_to_dict(result: AdjustmentResult) -> dict[str, Any]:
    """Return the result as plain data; geometries are in the CRS ``crs``."""
    texts, comparison = Texts(result.lang), result.comparison
    return {
        "schema": ADJUSTMENT_SCHEMA,
        "version": read_plugin_version(),
        "lang": result.lang,
        "line": result.line,
        "before": result.before_name,
        "after": name_source(str(result.plan.source)),
        "crs": result.plan.plane_crs.to_string(),
        "verdict": str(result.verdict),
        "settings": asdict(result.settings),
        "criteria": [
            {**asdict(replace(one, gaps=())), "gaps": [gap.render(texts) for gap in one.gaps]}
            for one in result.criteria
        ],
        "balance": asdict(comparison.balance_by_basis[STATUTORY_BASIS]),
        "townships": {
            name: asdict(one) for name, one in comparison.balance_by_township.get(STATUTORY_BASIS, {}).items()
        },
        "slivers": {
            kind: dict(zip(("count", "area_m2"), result.count_slivers(kind), strict=True)) for kind in ("in", "out")
        },
        "parcels": [_parcel_to_dict(one) for one in result.parcels],
        "notes": list_missing_sentences(result, texts),
    }


def _parcel_to_dict(parcel: AdjustmentParcel) -> dict[str, Any]:
    """Return a parcel as plain data."""
    data = {name: value for name, value in vars(parcel).items() if name != "geometry"}
    data["land_uses"] = [asdict(one) for one in parcel.land_uses]
    data["ownership"] = [asdict(one) for one in parcel.ownership]
    data["taken"] = {concept: asdict(land) for concept, land in parcel.taken.items()}
    data["cultivated"] = asdict(parcel.cultivated) if parcel.cultivated else None
    return {**data, "geometry": parcel.geometry.wkt}
