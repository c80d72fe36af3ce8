# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of a check (质量检查记录): every rule with its result, then the problems by rule."""

from __future__ import annotations

from ...model.report import Report
from ...profile import Norm
from ..sections import make_head_section, make_rule_section
from ..words import ReportTexts
from .blocks import Block, Document, DocumentCell, DocumentTable, FactTable, Paragraph
from .check_report import (
    SectionNumbers,
    list_facts,
    make_columns,
    make_document,
    make_findings_tables,
    make_rule_counts,
    make_signature,
)


def make_check_record(report: Report, norm: Norm | None = None, *, lang: str = "") -> Document:
    """Return the record of a check as a document.

    ``norm``: standard and profile; ``lang``: zh or en, by default the report's.
    """
    report_texts = ReportTexts(lang or report.lang)
    head = make_head_section(report, norm, report_texts)
    sections = SectionNumbers(report_texts)
    columns = make_columns(report_texts, ("rule", 9), ("requirement", 29), ("outcome", 12), ("found", 10, "right"),
                           ("reason", 40))  # fmt: skip
    rows = []
    for row in make_rule_section(report, norm, report_texts):
        unconfirmed = report_texts.get("say", "unconfirmed", names=row["unconfirmed"]) if row["unconfirmed"] else ""
        texts = (row["code"], row["title"], row["outcome"], row["count"], row["reason"] or unconfirmed)
        rows.append(tuple(map(DocumentCell, texts)))
    blocks: list[Block] = [
        FactTable(list_facts(report, head, report_texts)),
        Paragraph(
            report_texts.get("signed", "recorded_verdict", verdict=report_texts.get("verdict", str(report.verdict)))
        ),
        sections.make_heading("recorded_counts"),
        make_rule_counts(report, report_texts),
        sections.make_heading("recorded_rules"),
        DocumentTable(columns, tuple(rows), report_texts.get("say", "no_rule")),
        sections.make_heading("recorded_problems"),
        *(list(make_findings_tables(report, report_texts)) or [Paragraph(report_texts.get("text", "no_findings"))]),
        make_signature(report_texts),
    ]
    return make_document(report, head, report_texts.get("signed", "record_title"), blocks, report_texts)
