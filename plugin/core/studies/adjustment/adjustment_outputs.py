# SPDX-License-Identifier: GPL-2.0-or-later
"""Outputs of an adjustment: its tables as workbook and document (docx, HTML), and JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ....metadata import read_plugin_version
from ...base.connection_text import name_source
from ...base.errors import OutputError
from ...base.files.writing import check_writable, write_atomically
from ...engine.provenance import find_county_name
from ...render.document.blocks import Document, Heading, Legend, Paragraph, Picture, PictureGrid
from ...render.document.table_document import make_table_document
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    make_row,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from ...render.versions.comparison_tables import BALANCE_TERMS, list_shown_terms, make_notes_on_repaired_or_lost_rows
from ...render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND, STATUTORY_BASIS
from ...standard.messages.texts import Texts, format_number
from .adjustment_result import (
    LINES,
    MOVED_KINDS,
    AdjustmentResult,
    Criterion,
    LandShare,
    TakenLand,
)

#: Decimals of a criterion by its unit.
_DECIMALS = {"m2": 2, "ratio": 6, "count": 0}
#: Terms that lead from the area before to that after; land with another zone stays in the line.
_BALANCE_TERMS = tuple(term for term in BALANCE_TERMS if term != CHANGED_KIND)
#: Columns on land of the other lines and on cultivated land in a parcel: whose, measure, key of the title.
_LAND_COLUMNS = (
    *(("boundary", "area", "occupied"), ("farmland", "area", "occupied"), ("farmland", "net", "occupied_net")),
    *(("red_line", "area", "occupied"), ("cultivated", "area", "cultivated_area")),
    ("cultivated", "net", "cultivated_net"),
)
#: Classes named for a parcel; the table of land classes has all.
_MAX_NAMED = 3


def make_adjustment_tables(result: AdjustmentResult, texts: Texts) -> list[ReportTable]:
    """Return all tables of an adjustment in order."""
    return [
        _make_criteria_table(result, texts),
        _make_totals_table(result, texts),
        make_township_table(result, texts),
        _make_parcels_table(result, texts),
        _make_land_table(result, texts),
    ]


def describe_verdict(result: AdjustmentResult, texts: Texts) -> str:
    """Return the verdict with the totals as a sentence."""
    areas = {kind: format_number(result.comparison.sum_area_m2(kind), 2) for kind in (MOVED_IN_KIND, MOVED_OUT_KIND)}
    return texts.get(
        "adjustment",
        "summary",
        line=texts.get_concept_name(result.line),
        verdict=texts.get("adjustment_outcomes", str(result.verdict)),
        moved_in=areas[MOVED_IN_KIND],
        moved_out=areas[MOVED_OUT_KIND],
        count_in=len(result.list_parcels(MOVED_IN_KIND)),
        count_out=len(result.list_parcels(MOVED_OUT_KIND)),
    )


def list_missing_sentences(result: AdjustmentResult, texts: Texts) -> list[str]:
    """Return sentences on data that the sources lack, and on what was left out."""
    sentences = []
    for kind in (*MOVED_KINDS, CHANGED_KIND):
        count, area = result.count_slivers(kind)
        if count:
            params = {"kind": texts.get("versions", kind), "count": count, "area": format_number(area, 2)}
            sentences.append(texts.get("adjustment", "slivers", **params))
    # Several layers may lack the same data.
    sentences += [
        texts.get("adjustment_missing", key, **_format_params(dict(items), texts))
        for key, items in dict.fromkeys((key, tuple(params.items())) for key, params in result.missing)
    ]
    shift = result.comparison.shift
    if shift is not None:
        sentences.append(texts.get("adjustment", "shift", **shift.make_texts()))
    sentences += [
        *[
            texts.get("versions", key, **params)
            for key, params in make_notes_on_repaired_or_lost_rows(result.comparison, texts)
        ],
        *[one.render(texts) for one in result.list_gaps(*result.before.layers)],
        *result.plan.describe_gaps(texts),
    ]
    return [one for one in dict.fromkeys(sentences) if one]


def _format_params(params: dict[str, Any], texts: Texts) -> dict[str, Any]:
    """Return parameters as texts: areas with two decimals, ratios with four, concepts by name."""
    shown: dict[str, Any] = {}
    for name, value in params.items():
        if name == "concept":
            shown[name] = texts.get_concept_name(value)
        elif isinstance(value, float):
            shown[name] = format_number(value, 4 if name in ("before", "after") else 2)
        else:
            shown[name] = "—" if value is None else value
    return shown


def describe_reason(criterion: Criterion, texts: Texts) -> str:
    """Return why a criterion has its outcome; empty for 符合."""
    params = _format_params(criterion.params, texts)
    reasons = [one.render(texts) for one in criterion.gaps]
    if criterion.reason and not criterion.gaps:
        section = "adjustment_missing" if criterion.reason in ("no_line", "overlay_failed") else "adjustment"
        reasons.append(texts.get(section, criterion.reason, **params))
    if criterion.params.get("before") is not None:
        reasons.append(texts.get("adjustment", "ratio_values", **params))
    if criterion.parcels:
        reasons.append(
            texts.get(
                "adjustment",
                "parcels_concerned",
                numbers=texts.get("words", "between_names").join(map(str, criterion.parcels)),
            )
        )
    return texts.get("adjustment", "sentence_gap").join(reasons)


def format_criterion_figure(value: float | None, unit: str, texts: Texts) -> str:
    """Return a figure of a criterion with its unit; a dash for one that was not measured."""
    return "—" if value is None else f"{format_number(value, _DECIMALS[unit])} {texts.get('unit_names', unit)}"


def _make_criteria_table(result: AdjustmentResult, texts: Texts) -> ReportTable:
    """Return the table of criteria: outcome, figure, threshold, source, explanation."""
    table = make_table(
        "adjustment_criteria",
        [
            TableColumn(
                "criterion", width_in_characters=26, value=lambda one: texts.get("adjustment_criteria", one.id)
            ),
            TableColumn("outcome", value=lambda one: texts.get("adjustment_outcomes", str(one.outcome))),
            TableColumn(
                "criterion_value",
                width_in_characters=16,
                value=lambda one: format_criterion_figure(one.value, one.unit, texts),
            ),
            TableColumn(
                "threshold",
                width_in_characters=14,
                value=lambda one: format_criterion_figure(one.limit, one.unit, texts),
            ),
            TableColumn(
                "source",
                width_in_characters=34,
                value=lambda one: texts.get(
                    "adjustment",
                    "threshold_source",
                    setting=texts.get_setting_name(one.setting),
                    key=one.setting,
                    mark=one.mark,
                    origin=one.origin,
                ),
            ),
            TableColumn("explanation", width_in_characters=44, value=lambda one: describe_reason(one, texts)),
        ],
        result.criteria,
        lambda one: one.id,
        notes=(
            texts.get("adjustment", "editions", before=result.before_name, after=name_source(str(result.plan.source))),
            texts.get("adjustment", "marks"),
            *list_missing_sentences(result, texts),
        ),
    )
    table.rows.append(
        ReportTableRow(
            [
                texts.get("adjustment", "verdict"),
                texts.get("adjustment_outcomes", str(result.verdict)),
                None,
                None,
                None,
                None,
            ],
            "sum",
            "verdict",
        )
    )
    return table


def _make_totals_table(result: AdjustmentResult, texts: Texts) -> ReportTable:
    """Return the table of the balance: before − moved out + moved in = after, and what the parcels contain."""
    table = ReportTable(
        "adjustment_totals",
        [
            TableColumn("item", width_in_characters=40),
            TableColumn("statutory_area", "m2", width_in_characters=20),
            TableColumn("net_area", "m2", width_in_characters=20),
        ],
        unit="m2",
    )
    balance = result.comparison.balance_by_basis[STATUTORY_BASIS]
    for term in list_shown_terms(_BALANCE_TERMS, [balance]):
        value = getattr(balance, term)
        kind = "sum" if term in ("before", "after") else "row"
        cells: list[CellValue] = [texts.get("versions", term), make_table_number(value, "m2"), None]
        table.rows.append(ReportTableRow(cells, kind, term))
    table.rows.append(
        ReportTableRow(
            [texts.get("adjustment", "change"), make_table_number(balance.land_change, "m2"), None],
            "sum",
            "change",
        )
    )
    for kind in MOVED_KINDS:
        table.rows.append(ReportTableRow([texts.get("versions", kind), None, None], "head", kind))
        in_parcels = make_table_number(sum(one.area_m2 for one in result.list_parcels(kind)), "m2")
        in_slivers = make_table_number(result.count_slivers(kind)[1], "m2")
        table.rows += [
            ReportTableRow([texts.get("adjustment", "in_parcels"), in_parcels, None], "row", kind),
            ReportTableRow([texts.get("adjustment", "in_slivers"), in_slivers, None], "row", kind),
        ]
        for concept in LINES:
            if concept != result.line:
                table.rows.append(
                    _make_land_row(
                        texts.get("adjustment", "of_line", line=texts.get_concept_name(concept)),
                        result.sum_land(concept, kind),
                        f"{kind}_{concept}",
                    )
                )
        table.rows.append(
            _make_land_row(
                texts.get("adjustment", "of_cultivated"), result.sum_land("cultivated", kind), f"{kind}_cultivated"
            )
        )
    table.notes = [texts.get("adjustment", "basis")]
    return table


def _make_land_row(name: str, land: TakenLand | None, code: str) -> ReportTableRow:
    """Return a row with area and net area of land; empty cells for unknown ones."""
    numbers = [make_table_number(one, "m2") for one in ((land.area_m2, land.net_m2) if land else (None, None))]
    return ReportTableRow([name, *numbers], "part", code)


def make_township_table(result: AdjustmentResult, texts: Texts) -> ReportTable:
    """Return the table of the townships with land of the line, so that each row leads from before to after."""
    balances = result.comparison.balance_by_township.get(STATUTORY_BASIS, {})
    total = result.comparison.balance_by_basis[STATUTORY_BASIS]
    terms = list_shown_terms(_BALANCE_TERMS, (total, *balances.values()))
    table = ReportTable(
        "adjustment_townships",
        [
            TableColumn("township", width_in_characters=22),
            *[TableColumn(term, "m2", texts.get("versions", term), 18) for term in terms],
        ],
        unit="m2",
    )
    rows = [
        (name or texts.get("versions", "no_township"), balance, "row", name)
        for name, balance in balances.items()
        if balance.before or balance.after
    ]
    for title, balance, kind, code in (*rows, (texts.get("tables", "sum"), total, "sum", "sum")):
        values = [make_table_number(getattr(balance, term), "m2") for term in terms]
        table.rows.append(ReportTableRow([title, *values], kind, code))
    return table


def _make_parcels_table(result: AdjustmentResult, texts: Texts) -> ReportTable:
    """Return the table of parcels, one on each row, with sums by kind."""
    outside, comma = texts.get("versions", "no_township"), texts.get("words", "between_names")

    def make_column(concept: str, measure: str, title_key: str) -> TableColumn:
        return TableColumn(
            f"{concept}_{measure}",
            "m2",
            title=texts.get("adjustment", title_key, line=texts.get_concept_name(concept) if concept in LINES else ""),
            width_in_characters=14,
            value=lambda one: make_table_number(getattr(one.get_land(concept), f"{measure}_m2", None), "m2"),
        )

    columns = [
        TableColumn("number", width_in_characters=6, value=lambda one: str(one.number)),
        TableColumn("change_kind", width_in_characters=8, value=lambda one: texts.get("versions", one.kind)),
        TableColumn(
            "township",
            width_in_characters=14,
            value=lambda one: comma.join(name or outside for name in one.area_by_township),
        ),
        TableColumn("location", width_in_characters=16, value=lambda one: one.location),
        TableColumn("statutory_area", "m2", width_in_characters=14, value=lambda one: one.area_m2),
        TableColumn("land_use", width_in_characters=26, value=lambda one: name_shares(one.land_uses)),
        TableColumn("ownership", width_in_characters=18, value=lambda one: name_shares(one.ownership)),
        *[make_column(*one) for one in _LAND_COLUMNS if one[0] != result.line],
        TableColumn(
            "zones_before",
            title=texts.get("adjustment", "zones_before"),
            width_in_characters=18,
            value=lambda one: "\n".join(one.zones_before),
        ),
        TableColumn(
            "zones_after",
            title=texts.get("adjustment", "zones_after"),
            width_in_characters=18,
            value=lambda one: "\n".join(one.zones_after),
        ),
    ]
    table = make_table("adjustment_parcels", columns, unit="m2", notes=[texts.get("adjustment", "parcels_note")])
    for kind in (*MOVED_KINDS, CHANGED_KIND):
        parcels = result.list_parcels(kind)
        table.rows += [make_row(columns, one, code=str(one.number)) for one in parcels]
        if parcels:
            total = make_table_number(sum(one.area_m2 for one in parcels), "m2")
            cells = [texts.get("tables", "sum"), texts.get("versions", kind), None, None, total]
            table.rows.append(ReportTableRow([*cells, *[None] * (len(columns) - 5)], "sum", f"sum_{kind}"))
    return table


def name_shares(shares: Iterable[LandShare]) -> str:
    """Return the largest shares, each on a line with its area in m²."""
    listed = [f"{one.name} {format_number(one.area_m2, 2)}" for one in shares]
    return "\n".join([*listed[:_MAX_NAMED], *(["…"] if len(listed) > _MAX_NAMED else [])])


def _make_land_table(result: AdjustmentResult, texts: Texts) -> ReportTable:
    """Return the table of land classes: areas moved in and moved out."""
    table = ReportTable(
        "adjustment_land",
        [
            TableColumn("land_use", width_in_characters=30),
            *[TableColumn(kind, "m2", texts.get("versions", kind), 20) for kind in MOVED_KINDS],
        ],
        unit="m2",
    )
    sums: defaultdict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(MOVED_KINDS, 0.0))
    for kind in MOVED_KINDS:
        for share in (share for parcel in result.list_parcels(kind) for share in parcel.land_uses):
            sums[share.name][kind] += share.area_m2
    for name, by_kind in sorted(sums.items()):
        values = [make_table_number(by_kind[kind], "m2") for kind in MOVED_KINDS]
        table.rows.append(ReportTableRow([name, *values], "row", name.partition(" ")[0]))
    totals = [make_table_number(sum(one[kind] for one in sums.values()), "m2") for kind in MOVED_KINDS]
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), *totals], "sum", "sum"))
    return table


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
    name = texts.get_concept_name(result.line)
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
    title = texts.get("document_titles", "adjustment", line=texts.get_concept_name(result.line))
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


def adjustment_to_dict(result: AdjustmentResult) -> dict[str, Any]:
    """Return the result as plain data; geometries are in the CRS ``crs``."""
    texts, comparison = Texts(result.lang), result.comparison
    return {
        "schema": "sanxian-adjustment/1",
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
        "parcels": [
            {
                **{name: value for name, value in vars(one).items() if name != "geometry"},
                "land_uses": [asdict(share) for share in one.land_uses],
                "ownership": [asdict(share) for share in one.ownership],
                "taken": {concept: asdict(land) for concept, land in one.taken.items()},
                "cultivated": asdict(one.cultivated) if one.cultivated else None,
                "geometry": one.geometry.wkt,
            }
            for one in result.parcels
        ],
        "notes": list_missing_sentences(result, texts),
    }
