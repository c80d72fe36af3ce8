# SPDX-License-Identifier: GPL-2.0-or-later
"""The 退回意见 of each county (docx): what it has to correct or to explain, by when, and how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ...base.errors import InputError
from ...base.files.names import make_unique_file_names
from ...render.document.blocks import Block, Document, FactTable, Heading, PageHeaderFooter, Paragraph, Signature
from ...render.document.docx_writer import write_docx
from ...render.document.table_document import make_table_blocks
from ...render.tables.report_table import TableColumn, make_table
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts
from .gathered_counties import GatheredCounty, GatherResult, describe_reasons
from .returned_findings import make_finding_columns

#: Folder of the documents for the counties, next to the package.
RETURNS_FOLDER = "returns"


def parse_deadline(text: str) -> date | None:
    """Return the day of a text such as 2026-12-15, None if it is empty. Raise InputError."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise InputError("gather_deadline", value=text) from error


def _make_rule_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns of a rule with findings."""
    first = [one for one in make_finding_columns(texts) if one.key in ("code", "severity", "problem")]
    return [
        *first,
        TableColumn("gather_places", "count", width_in_characters=6, key="count"),
        TableColumn("gather_remedy", width_in_characters=50, key="remedy"),
        TableColumn("gather_basis", width_in_characters=40, key="basis"),
    ]


def make_return_document(county: GatheredCounty, result: GatherResult) -> Document:
    """Return the 退回意见 of a county: facts, what is asked by when, rules with remedies, all findings, signatures."""
    texts, report_texts = Texts(result.lang), ReportTexts(result.lang)
    date_line = report_texts.get("sign", "date")

    def get(key: str, **params: object) -> str:
        return texts.get("gathering_returns", key, **params)

    day = result.deadline
    deadline = get("day", year=day.year, month=day.month, day=day.day) if day is not None else get("no_day")
    verdict = texts.get("verdicts", county.summary["verdict"]) if county.summary else get("not_inspected")
    area = " ".join(filter(None, (county.area_code, county.label)))
    facts = [
        ((get("area"), area), (get("package"), county.name)),
        ((get("time"), result.time.strftime("%Y-%m-%d %H:%M")), (get("verdict"), verdict)),
        ((get("issued_by"), f"{result.area_code} {result.area_name}"), (get("deadline"), deadline)),
    ]
    counts = {key: county.summary.get(key, 0) for key in ("errors", "warnings")}
    kind = (
        "unread"
        if not county.summary
        else "refused"
        if county.reasons
        else "to_correct"
        if counts["errors"]
        else "to_explain"
    )
    opinion = Paragraph(get(kind, area=county.label, deadline=deadline, **counts))
    blocks: list[Block] = [FactTable(tuple(facts)), Heading(get("opinion")), opinion]
    if county.reasons:
        blocks.append(Paragraph(get("reasons", reasons=describe_reasons(county, texts))))
    inspection = county.inspection
    if inspection.findings:
        tables = [
            make_table("gathering_rules", _make_rule_columns(texts), inspection.rules),
            make_table("gathering_findings", make_finding_columns(texts), inspection.findings),
        ]
        blocks += make_table_blocks(tables, texts, is_wide=True)
    signature = Signature(tuple(get(f"sign_{one}") for one in ("officer", "reviewer", "office")), date_line)
    blocks += [Paragraph(get("keep"), is_small=True), signature]
    margins = PageHeaderFooter(
        header_left=area,
        header_right=get("title"),
        footer_left=report_texts.get("page", "product"),
        page_number_format=report_texts.get("page", "number"),
    )
    return Document(get("title"), area, margins, tuple(blocks), result.lang, landscape=True)


def write_return_documents(result: GatherResult, folder: Path, further: Sequence[tuple[str, Document]] = ()) -> None:
    """Write the 退回意见 of each county into a folder, named by code and name, and further documents by name.

    Raise OutputError without the library that writes docx.
    """
    title = Texts(result.lang).get("gathering_returns", "title")
    documents = [(f"{one.area_code}{one.label}_{title}", make_return_document(one, result)) for one in result.returned]
    documents += further
    for name, (_, document) in zip(
        make_unique_file_names((name for name, _ in documents), "county"), documents, strict=True
    ):
        write_docx(document, folder / f"{name}.docx")
