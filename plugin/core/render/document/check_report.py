# SPDX-License-Identifier: GPL-2.0-or-later
"""The report of a check as a document to be signed.

The first page has the verdict, what decides it, the indicators that are missed or close, and one map. The body follows
in the statutory order and ends with the signatures; appendices begin on a new page.
"""

from __future__ import annotations

import base64
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...model.findings import Finding
from ...model.indicator import LITTLE_MARGIN_LEFT, TARGET_MET, Indicator
from ...model.report import APPROVAL_DOUBT, Report
from ...model.verdict import Verdict
from ...standard.messages.texts import Texts, format_number, shorten_key
from ...standard.profile import Norm
from ...standard.profile.resolved import read_county_form_choices
from ..figures import (
    format_hectares,
    format_indicator_value,
    format_margin,
    format_state,
    format_target,
    is_township_figure,
)
from ..finding_lists import (
    ReportPictures,
    get_rule_titles,
    group_findings_by_rule,
    list_waivers,
    make_finding_sort_key,
    select_largest_conflicts,
    sum_findings_by_rule,
)
from ..sections import (
    format_moment,
    make_head_section,
    make_not_checked_section,
    make_provenance_section,
    make_rule_section,
)
from ..verdict import (
    count_by_family,
    describe_package_waivers,
    describe_rules_run,
    describe_unconfirmed_settings,
    has_unsaved_edits,
    list_unconfirmed_items,
)
from ..words import ReportTexts, capitalise_first_letter, load_report_settings
from .blocks import (
    Block,
    Document,
    DocumentCell,
    DocumentColumn,
    DocumentTable,
    FactTable,
    Heading,
    Legend,
    PageBreak,
    PageHeaderFooter,
    Paragraph,
    Picture,
    PictureGrid,
    PictureWithText,
    ReportChapter,
    Signature,
    VerdictBox,
)
from .decisive import DecisiveItem, list_decisive_items, make_verdict_sentence

OVERVIEW_WIDTH_MM, _CLOSE_UP_WIDTH_MM = 66.0, 42.0
#: Widths of the overview on first pages with more lines: after edits since the check, and in English.
_OVERVIEW_WIDTH_BELOW_EDITS_MM, _ENGLISH_OVERVIEW_WIDTH_MM = 56.0, 48.0
#: Digits of the digest shown on the first page, in groups of four.
_DIGEST_DIGITS, _DIGEST_GROUP = 16, 4


def make_check_report(
    report: Report,
    norm: Norm | None = None,
    pictures: ReportPictures | None = None,
    *,
    lang: str = "",
    chapter: ReportChapter | None = None,
) -> Document:
    """Return the report of a check as a document.

    Parameters
    ----------
    report : Report
        The result of the check.
    norm : Norm, optional
        Standard and profile, for sources and rules that did not run.
    pictures : ReportPictures, optional
        Overview map and close-ups; without them the document gives the reason.
    lang : str
        zh or en; empty: the report's language.
    chapter : ReportChapter, optional
        A further chapter, before the signatures.
    """
    report_texts = ReportTexts(lang or report.lang)
    sections = SectionNumbers(report_texts)
    head = make_head_section(report, report_texts)
    blocks = [
        *make_first_page(report, pictures, head, sections, report_texts),
        PageBreak(),
        *_make_body(report, norm, pictures or ReportPictures(), sections, report_texts),
        *([] if chapter is None else [Heading(sections.number_title(chapter.title)), *chapter.make_blocks()]),
        make_signature(report_texts),
        PageBreak(),
        *_make_appendices(report, report_texts),
    ]
    return make_document(report, head, head["title"], blocks, report_texts)


def make_document(
    report: Report, head: dict[str, Any], title: str, blocks: list[Block], report_texts: ReportTexts
) -> Document:
    """Return a document about a check with its blocks; area, phase, number and secrecy are those of the report."""
    document = report.provenance.get("document", {})
    phase = report.provenance.get("phase", "")
    subtitle = [head["area_name"], report_texts.get_text_or_key("phase", phase) if phase else ""]
    secrecy = document.get("secrecy", "")
    margins = PageHeaderFooter(
        header_left=head["area_name"],
        header_right=report_texts.get("signed", "secrecy", level=secrecy) if secrecy else "",
        footer_left=report_texts.get("page", "product"),
        footer_right=head["date"],
        page_number_format=report_texts.get("page", "number"),
    )
    return Document(
        title,
        report_texts.get("page", "gap").join(filter(None, subtitle)),
        margins,
        tuple(blocks),
        report_texts.lang,
    )


def make_signature(report_texts: ReportTexts) -> Signature:
    """Return the fields to be signed at the end of a document about a check."""
    return Signature(
        tuple(report_texts.get("sign", key) for key in ("inspector", "reviewer", "office")),
        report_texts.get("sign", "date"),
    )


@dataclass
class SectionNumbers:
    """Numbers the sections of the body: 一、二、… in Chinese, 1, 2, … in English."""

    words: ReportTexts
    _count: int = 0

    def make_heading(self, key: str, note: str = "") -> Heading:
        """Return the heading of the next section; ``key``: its title in the texts."""
        return Heading(self.number_title(self.words.get("signed", key)), note=note)

    def number_title(self, title: str) -> str:
        """Return the title of the next section with its number."""
        numerals = self.words.get("signed", "numerals").split()
        self._count += 1
        # A page has more sections than a document; they are few enough for the list of numerals.
        return self.words.get("signed", "numbered", number=numerals[self._count - 1], title=title)


def _make_decisive_columns(report_texts: ReportTexts) -> list[DescribedColumn]:
    """Return the columns of what decides a verdict; an item has its position before it."""
    gap = report_texts.get("page", "gap")
    return [
        ("position", 5, "center", lambda one: DocumentCell(str(one[0]), is_bold=True)),
        (
            "problem",
            38,
            "left",
            lambda one: DocumentCell(
                one[1].title, is_bold=True, second_line=gap.join(filter(None, (one[1].code, one[1].note)))
            ),
        ),
        ("amount", 15, "right", lambda one: DocumentCell(one[1].amount_text, is_bold=True)),
        ("places", 8, "center", lambda one: format_number(one[1].place_count or None, 0)),
        ("townships", 25, "left", lambda one: one[1].townships),
        ("on_map", 9, "left", lambda one: one[1].map_numbers or "—"),
    ]


def make_first_page(
    report: Report,
    pictures: ReportPictures | None,
    head: dict[str, Any],
    sections: SectionNumbers,
    report_texts: ReportTexts,
) -> list[Block]:
    """Return the first page of a report: facts, verdict, what decides it, close indicators, map and remarks.

    The page (HTML) and the documents have these blocks. ``head``: the head of the report; ``sections`` numbers the
    sections.
    """
    items = list_decisive_items(report, report_texts)
    verdict, summary = report.verdict, report.summary
    counts = [
        *[
            report_texts.get(
                "signed", "count", name=report_texts.get("severities", severity), count=format_number(summary[key], 0)
            )
            for severity, key in (("ERROR", "errors"), ("WARNING", "warnings"), ("INFO", "infos"), ("WAIVED", "waived"))
        ],
        report_texts.get(
            "signed",
            "count",
            name=report_texts.get("signed", "unchecked_rules"),
            count=summary["skipped"] + summary["crashed"],
        ),
    ]
    edits = describe_edits_since_check(report, report_texts)
    remarks = _make_remarks(report, items, report_texts)
    return [
        FactTable(list_facts(report, head, report_texts)),
        VerdictBox(
            report_texts.get("verdict", str(verdict)),
            make_verdict_sentence(report, items, report_texts),
            report_texts.get("page", "gap").join(counts),
            is_passed=verdict == Verdict.PASSED,
        ),
        # Small, so that the map stays on the first page.
        *([Paragraph(edits, is_small=True, is_bold=True)] if edits else []),
        *(
            (
                sections.make_heading("decisive", report_texts.get("signed", "statutory_order")),
                make_described_table(report_texts, _make_decisive_columns(report_texts), enumerate(items, 1)),
            )
            if items
            else ()
        ),
        *_make_missed_or_narrow_indicators(report, sections, report_texts),
        sections.make_heading("places_on_map"),
        *_make_map_blocks(pictures, bool(edits), remarks, report_texts),
    ]


def _make_map_blocks(
    pictures: ReportPictures | None, has_edits: bool, remarks: tuple[Paragraph, ...], report_texts: ReportTexts
) -> list[Block]:
    """Return the overview map with legend and remarks at its right, or the reason for a missing map and the remarks."""
    if pictures is None or not pictures.overview:
        # Pictures were not drawn at all, or there was nothing to draw.
        problem = report_texts.get("text", "no_qgis") if pictures is None else pictures.problem
        reason = report_texts.get("text", "no_pictures", reason=problem or report_texts.get("text", "no_place"))
        return [Paragraph(reason, is_small=True), Heading(report_texts.get("signed", "remarks"), 2), *remarks]
    width_mm = _OVERVIEW_WIDTH_BELOW_EDITS_MM if has_edits else OVERVIEW_WIDTH_MM
    picture = Picture(
        decode_data_uri(pictures.overview), _ENGLISH_OVERVIEW_WIDTH_MM if report_texts.lang == "en" else width_mm
    )
    right_blocks = (
        Heading(report_texts.get("section", "legend"), 2),
        Legend(tuple((decode_data_uri(entry.image), entry.label) for entry in pictures.legend)),
        Heading(report_texts.get("signed", "remarks"), 2),
    )
    return [PictureWithText(picture, (*right_blocks, *remarks))]


def format_digest(digest: str) -> str:
    """Return the first digits of a digest in groups; a dash without a digest."""
    shown = digest[:_DIGEST_DIGITS].upper()
    return " ".join(shown[n : n + _DIGEST_GROUP] for n in range(0, len(shown), _DIGEST_GROUP)) or "—"


def list_facts(
    report: Report, head: dict[str, Any], report_texts: ReportTexts
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the facts at the head of a document about a check: rows of (label, value) pairs."""
    document = report.provenance.get("document", {})
    facts = [
        # The office numbers its reports by hand.
        (report_texts.get("signed", "number"), ""),
        (report_texts.get("head", "time"), head["time"]),
        (report_texts.get("head", "area"), head["area"]),
        (report_texts.get("head", "scope"), head["scope"]),
        (report_texts.get("head", "crs"), head["crs"]),
        (report_texts.get("signed", "digest"), format_digest(report.provenance.get("data_digest", ""))),
        (report_texts.get("head", "standard"), head["standard"]),
        (report_texts.get("head", "profile"), head["profile"]),
        (report_texts.get("document", "compiler"), document.get("compiler", "") or "—"),
    ]
    return tuple(tuple(facts[n : n + 3]) for n in range(0, len(facts), 3))


def explain_data_digest(report: Report, report_texts: ReportTexts) -> str:
    """Return what the digest in the head of a document is; empty without a digest."""
    return (
        report_texts.get("signed", "digest_explained", digits=_DIGEST_DIGITS)
        if report.provenance.get("data_digest")
        else ""
    )


def describe_edits_since_check(report: Report, report_texts: ReportTexts) -> str:
    """Return a warning that the data were edited after the check of a report; empty without edits."""
    edits = report.provenance.get("edits_since_check")
    if not edits:
        return ""
    named = []
    for layer in edits["layers"]:
        # The numbers of the edited and of the unsaved features, as far as they are known.
        counts = (("layer_features", layer["features"]), ("layer_unsaved", layer["unsaved"]))
        parts = [report_texts.get("edited", key, count=format_number(count, 0)) for key, count in counts if count]
        name = report_texts.get("edited", "layer", name=layer["name"])
        named.append(
            name + (report_texts.put_in_brackets(report_texts.get("count", "comma").join(parts)) if parts else "")
        )
    layers = report_texts.join_parts(named)
    sentences = [report_texts.get("edited", "result_of", time=format_moment(report.provenance.get("started", "")))]
    if not edits["counted"]:
        sentences.append(report_texts.get("edited", "uncounted_layers" if layers else "uncounted", layers=layers))
    elif layers:
        count = format_number(sum(layer["features"] for layer in edits["layers"]), 0)
        sentences.append(report_texts.get("edited", "features", count=count, layers=layers))
    if edits["settings_changed"]:
        sentences.append(report_texts.get("edited", "settings"))
    return report_texts.join_sentences([*sentences, report_texts.get("edited", "check_again")])


#: A column of a table: key of its title, width in percent, alignment, and what it has of an item.
DescribedColumn: TypeAlias = tuple[str, float, str, Callable[[Any], str | DocumentCell]]


def make_described_table(
    report_texts: ReportTexts,
    columns: Sequence[DescribedColumn],
    items: Iterable[Any],
    text_without_rows: str = "",
    section: str = "signed_column",
) -> DocumentTable:
    """Return the table of these columns with a row for each item; ``section``: of the texts with the titles."""
    return DocumentTable(
        tuple(DocumentColumn(report_texts.get(section, key), share, align) for key, share, align, _ in columns),
        tuple(
            tuple(
                cell if isinstance(cell, DocumentCell) else DocumentCell(cell)
                for cell in (make_cell(item) for *_, make_cell in columns)
            )
            for item in items
        ),
        text_without_rows,
    )


def _make_missed_or_narrow_indicators(
    report: Report, sections: SectionNumbers, report_texts: ReportTexts
) -> list[Block]:
    """Return the table of county indicators that are missed or have little margin.

    Its heading has the number of the indicators that are met.
    """
    county_indicators = [
        i for i in report.indicators if i.target is not None and i.value is not None and not is_township_figure(i)
    ]
    if not county_indicators:
        return []
    not_met = [i for i in county_indicators if i.state != TARGET_MET]
    met_count = len(county_indicators) - len(not_met)
    note = report_texts.get("signed", "others_met", count=met_count) if met_count else ""

    columns: list[DescribedColumn] = [
        ("indicator", 27, "left", lambda one: DocumentCell(one.name or one.id, is_bold=True)),
        ("target", 15, "right", lambda one: format_target(one, report_texts)),
        ("value", 15, "right", lambda one: format_indicator_value(one, report_texts)),
        (
            "share_of_target",
            12,
            "right",
            lambda one: f"{format_number(one.value / one.target * 100, 2)}%" if one.target else "",
        ),
        (
            "margin",
            18,
            "right",
            lambda one: DocumentCell(
                format_margin(one, report_texts), is_bold=one.state not in (TARGET_MET, LITTLE_MARGIN_LEFT)
            ),
        ),
        ("state", 13, "center", lambda one: format_state(one, report_texts)),
    ]
    return [
        sections.make_heading("close_indicators", note),
        make_described_table(report_texts, columns, not_met, report_texts.get("signed", "all_met")),
        *_make_unconfirmed_note(not_met, report_texts),
    ]


def _make_unconfirmed_note(indicators: Iterable[Indicator], report_texts: ReportTexts) -> list[Block]:
    """Return the note on the star of unconfirmed indicators; empty without one."""
    note = Paragraph(report_texts.get("text", "unconfirmed_note"), is_small=True)
    return [] if all(one.confirmed for one in indicators) else [note]


def _make_remarks(report: Report, items: list[DecisiveItem], report_texts: ReportTexts) -> tuple[Paragraph, ...]:
    """Return the remarks of the first page, one line each.

    They are on approvals, unconfirmed settings, unchecked rules, other findings, waivers and unsaved edits.
    """
    summary = report.summary
    items_without_approvals = [name for name in summary["unconfirmed"] if name != APPROVAL_DOUBT]
    doubts, settings = list_unconfirmed_items(items_without_approvals, report_texts)
    approvals = Counter(f.code for f in report.findings if f.needs_approval and f.state != "waived")
    approval_codes = [report_texts.get("signed", "count", name=code, count=count) for code, count in approvals.items()]
    not_run = summary["skipped"] + summary["crashed"]
    unchecked_rows = make_not_checked_section(report, report_texts)["rows"]
    unchecked_codes = dict.fromkeys(row["code"] for row in unchecked_rows if row["title"])
    decisive_codes = {item.code for item in items}
    others = Counter(str(f.severity) for f in report.findings if f.state != "waived" and f.code not in decisive_codes)
    counts = {"errors": format_number(others["ERROR"], 0), "warnings": format_number(others["WARNING"], 0)}
    lines = [
        report_texts.get(
            "signed",
            "approvals",
            count=format_number(approvals.total(), 0),
            codes=report_texts.join_parts(approval_codes),
        )
        if approvals
        else "",
        describe_unconfirmed_settings(report, len(settings), report_texts) if settings else "",
        report_texts.get("signed", "doubts", count=len(doubts)) if doubts else "",
        report_texts.get("signed", "unchecked_remark", count=not_run, codes=report_texts.join_parts(unchecked_codes))
        if not_run
        else "",
        report_texts.get("signed", "other_findings", **counts) if others["ERROR"] or others["WARNING"] else "",
        report_texts.get("say", "waived", count=summary["waived"]) if summary["waived"] else "",
        describe_package_waivers(report, report_texts),
        report_texts.get("say", "unsaved") if has_unsaved_edits(report) else "",
    ]
    return tuple(Paragraph(line) for line in list(filter(None, lines)) or [report_texts.get("text", "all_checked")])


def _make_body(
    report: Report, norm: Norm | None, pictures: ReportPictures, sections: SectionNumbers, report_texts: ReportTexts
) -> list[Block]:
    """Return the sections between the first page and the signatures."""
    sums = sum_findings_by_rule(report, report_texts)
    problems: list[DescribedColumn] = [
        ("severity", 9, "left", lambda row: report_texts.get("severity", row["severity"])),
        ("rule", 9, "left", lambda row: row["code"]),
        ("problem", 36, "left", lambda row: row["title"]),
        ("places", 8, "right", lambda row: row["number"]),
        ("area", 13, "right", lambda row: format_hectares(row["area_m2"], report_texts) if row["area_m2"] else "—"),
        (
            "net_area",
            13,
            "right",
            lambda row: "—" if row["net_m2"] is None else format_hectares(row["net_m2"], report_texts),
        ),
        ("township_count", 12, "right", lambda row: format_number(row["township_count"] or None, 0)),
    ]
    images = pictures.conflicts[: load_report_settings().length_limits["pictures"]]
    close_ups = [
        Picture(
            decode_data_uri(image),
            _CLOSE_UP_WIDTH_MM,
            report_texts.get(
                "signed",
                "caption",
                number=number,
                rule=finding.code,
                township=finding.township or "—",
                area=format_hectares(finding.area_m2 or 0.0, report_texts),
            ),
        )
        for number, (finding, image) in enumerate(zip(select_largest_conflicts(report), images, strict=False), 1)
        if image
    ]
    unchecked: list[DescribedColumn] = [
        ("rule", 26, "left", lambda row: f"{row['code']} {row['title']}".strip()),
        ("reason", 74, "left", lambda row: row["reason"]),
    ]
    rows = make_not_checked_section(report, report_texts)["rows"]
    return [
        sections.make_heading("problems", report_texts.get("signed", "severity_and_statutory_order")),
        make_described_table(report_texts, problems, sums, report_texts.get("text", "no_findings")),
        *(
            (
                sections.make_heading("close_ups", report_texts.get("signed", "largest_places", count=len(close_ups))),
                PictureGrid(tuple(close_ups), column_count=4),
            )
            if close_ups
            else ()
        ),
        sections.make_heading("unchecked"),
        make_described_table(report_texts, unchecked, rows, report_texts.get("text", "all_checked")),
        *_make_indicator_table(report, sections, report_texts),
        *_make_waiver_table(report, sections, report_texts),
        *(
            (sections.make_heading("rules_run"), Paragraph(describe_rules_run(report, norm, report_texts)))
            if norm is not None and report.rules
            else ()
        ),
    ]


def _make_indicator_table(report: Report, sections: SectionNumbers, report_texts: ReportTexts) -> list[Block]:
    """Return the table of all county indicators that have a value."""
    indicators = [i for i in report.indicators if not is_township_figure(i) and i.value is not None]
    if not indicators:
        return []
    columns: list[DescribedColumn] = [
        ("indicator", 35, "left", lambda one: one.name or one.id),
        ("target", 17, "right", lambda one: format_target(one, report_texts)),
        ("value", 17, "right", lambda one: format_indicator_value(one, report_texts)),
        ("margin", 18, "right", lambda one: format_margin(one, report_texts)),
        ("state", 13, "center", lambda one: format_state(one, report_texts)),
    ]
    return [
        sections.make_heading("indicators"),
        make_described_table(report_texts, columns, indicators),
        *_make_unconfirmed_note(indicators, report_texts),
    ]


def _make_waiver_table(report: Report, sections: SectionNumbers, report_texts: ReportTexts) -> list[Block]:
    """Return the table of waived findings, if there are any."""
    waivers = list_waivers(report, report_texts)
    columns: list[DescribedColumn] = [
        ("rule", 10, "left", lambda one: one["code"]),
        ("feature", 22, "left", lambda one: one["own"]),
        ("township", 9, "left", lambda one: one["township"]),
        ("why", 22, "left", lambda one: one["why"]),
        ("document_number", 14, "left", lambda one: one["document"]),
        ("author", 12, "left", lambda one: f"{one['author']} {one['date']}".strip()),
        ("until", 11, "left", lambda one: one["until"]),
    ]
    table = make_described_table(report_texts, columns, waivers)
    return [sections.make_heading("waivers"), table] if waivers else []


def _make_appendices(report: Report, report_texts: ReportTexts) -> list[Block]:
    """Return the appendices on settings, findings and data, one below the other."""
    data = make_provenance_section(report, report_texts)
    columns: list[DescribedColumn] = [
        ("layer", 16, "left", lambda layer: layer["role"]),
        ("name", 34, "left", lambda layer: layer["name"]),
        ("features", 11, "right", lambda layer: layer["features"]),
        ("invalid", 9, "right", lambda layer: layer["invalid"]),
        ("crs", 16, "left", lambda layer: layer["crs"]),
        ("unsaved", 14, "left", lambda layer: layer["unsaved"] or report_texts.get("text", "no")),
    ]
    notes = [
        report_texts.get("text", "area_note"),
        *data["notices"],
        explain_data_digest(report, report_texts),
        report_texts.get("page", "gap").join(data["line"]),
        make_not_checked_section(report, report_texts)["not_applicable"],
    ]
    return [
        *make_settings_appendix(report, report_texts),
        Heading(report_texts.get("signed", "appendix_findings")),
        *make_findings_tables(report, report_texts),
        Heading(report_texts.get("signed", "appendix_data")),
        Heading(report_texts.get("signed", "recorded_counts"), 2),
        make_rule_counts(report, report_texts),
        Heading(report_texts.get("signed", "checked_layers"), 2),
        make_described_table(
            report_texts, columns, data["layers"], report_texts.get("text", "no_layers"), section="column"
        ),
        *(Paragraph(note, is_small=True) for note in notes if note),
    ]


def make_settings_appendix(report: Report, report_texts: ReportTexts) -> list[Block]:
    """Return the settings that the county has not confirmed, with the rules that use them; the deciding ones first."""
    texts, codes_by_item = Texts(report_texts.lang), dict[str, list[str]]()
    for rule in report.rules:
        for name in rule.unconfirmed:
            if list_unconfirmed_items([name], report_texts)[1]:
                codes_by_item.setdefault(name, []).append(rule.code)
    deciding = read_county_form_choices().deciding
    users: dict[str, list[str]] = {}
    for name in sorted(codes_by_item, key=lambda one: one not in deciding):
        setting_name = texts.get_setting_name(name)
        # A setting without a name is shown by its key, which must stay as it is typed.
        shown_name = setting_name if setting_name == name else capitalise_first_letter(setting_name)
        if name in deciding:
            shown_name = report_texts.get("signed", "deciding_setting", name=shown_name)
        users.setdefault(shown_name, []).extend(codes_by_item[name])
    columns: list[DescribedColumn] = [
        ("setting", 55, "left", lambda one: one[0]),
        ("used_by", 45, "left", lambda one: report_texts.join_parts(one[1])),
    ]
    doubts, _ = list_unconfirmed_items(report.summary["unconfirmed"], report_texts)
    note = Paragraph(report_texts.get("say", "doubtful", names=report_texts.join_parts(doubts)), is_small=True)
    return [
        Heading(report_texts.get("signed", "appendix_settings")),
        make_described_table(report_texts, columns, users.items(), report_texts.get("signed", "all_confirmed")),
        *([note] if doubts else []),
    ]


def make_findings_tables(report: Report, report_texts: ReportTexts) -> Iterator[Block]:
    """Yield a table of the largest findings of each rule, up to the limits."""
    settings, titles = load_report_settings(), get_rule_titles(report, report_texts)
    groups, limits = group_findings_by_rule(report.findings), settings.length_limits
    left = limits["rows"]

    def name_feature(finding: Finding) -> str:
        fid = finding.params.get("fid")
        key = shorten_key(finding.key) or ("" if fid is None else report_texts.get("text", "fid", fid=fid))
        return f"{finding.role} {key}".strip()

    columns: list[DescribedColumn] = [
        (
            "severity",
            8,
            "left",
            lambda one: report_texts.get("severity", "WAIVED" if one.state == "waived" else str(one.severity)),
        ),
        ("feature", 21, "left", name_feature),
        ("township", 10.5, "left", lambda one: one.township or "—"),
        ("area", 13, "right", lambda one: format_hectares(one.area_m2, report_texts) if one.area_m2 else "—"),
        ("message", 47.5, "left", lambda one: one.message),
    ]
    for code in sorted(groups, key=lambda code: (*settings.make_sort_key(code), code)):
        rule_findings = groups[code]
        shown_findings = heapq.nsmallest(min(limits["rows_per_rule"], left), rule_findings, key=make_finding_sort_key)
        left -= len(shown_findings)
        count = report_texts.get(
            "signed", "shown_of", shown=len(shown_findings), count=format_number(len(rule_findings), 0)
        )
        yield Heading(f"{code} {titles.get(code, code)}", 2, count)
        if shown_findings:
            yield make_described_table(report_texts, columns, shown_findings)
    if sum(map(len, groups.values())) > limits["rows"] - left:
        yield Paragraph(
            report_texts.get("signed", "ledger_has_all", rows=limits["rows_per_rule"], total=limits["rows"]),
            is_small=True,
        )


def make_rule_counts(report: Report, report_texts: ReportTexts) -> DocumentTable:
    """Return the table of the numbers of rules by family and outcome."""
    families = count_by_family(report, report_texts)
    share = 74 / max(len(families["columns"]) + 1, 1)
    columns = (
        DocumentColumn(report_texts.get("column", "family"), 26),
        DocumentColumn(report_texts.get("column", "rules"), share, "right"),
        *(DocumentColumn(title, share, "right") for title in families["columns"]),
    )
    family_rows = [
        *families["rows"],
        {"name": report_texts.get_text_or_key("family", "total"), "values": families["total"]},
    ]
    return DocumentTable(
        columns,
        tuple((DocumentCell(row["name"]), *(DocumentCell(str(v)) for v in row["values"])) for row in family_rows),
    )


def decode_data_uri(uri: str) -> bytes:
    """Return the bytes of an image given as a base64 data URI."""
    return base64.b64decode(uri.partition(",")[2])


def make_check_record(report: Report, norm: Norm | None = None, *, lang: str = "") -> Document:
    """Return the record of a check as a document.

    ``norm``: standard and profile; ``lang``: zh or en, by default the report's.
    """
    report_texts = ReportTexts(lang or report.lang)
    head = make_head_section(report, report_texts)
    sections = SectionNumbers(report_texts)

    def format_reason(row: dict[str, Any]) -> str:
        unconfirmed = report_texts.get("say", "unconfirmed", names=row["unconfirmed"]) if row["unconfirmed"] else ""
        return str(row["reason"] or unconfirmed)

    columns: list[DescribedColumn] = [
        ("rule", 9, "left", lambda row: row["code"]),
        ("requirement", 29, "left", lambda row: row["title"]),
        ("outcome", 12, "left", lambda row: row["outcome"]),
        ("found", 10, "right", lambda row: row["count"]),
        ("reason", 40, "left", format_reason),
    ]
    rows = make_rule_section(report, norm, report_texts)
    blocks: list[Block] = [
        FactTable(list_facts(report, head, report_texts)),
        Paragraph(
            report_texts.get("signed", "recorded_verdict", verdict=report_texts.get("verdict", str(report.verdict)))
        ),
        sections.make_heading("recorded_counts"),
        make_rule_counts(report, report_texts),
        sections.make_heading("recorded_rules"),
        make_described_table(report_texts, columns, rows, report_texts.get("say", "no_rule")),
        sections.make_heading("recorded_problems"),
        *(list(make_findings_tables(report, report_texts)) or [Paragraph(report_texts.get("text", "no_findings"))]),
        make_signature(report_texts),
    ]
    return make_document(report, head, report_texts.get("signed", "record_title"), blocks, report_texts)


#: The documents on a check that a package may have (``generated`` of its slots): makers by report, norm and pictures.
CHECK_DOCUMENT_MAKERS: Mapping[str, Callable[[Report, Norm | None, ReportPictures | None], Document]] = {
    "report": make_check_report,
    "record": lambda report, norm, _pictures: make_check_record(report, norm),
}
