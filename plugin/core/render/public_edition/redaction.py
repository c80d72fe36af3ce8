# SPDX-License-Identifier: GPL-2.0-or-later
"""The public edition of a report: without coordinates and hidden layers, with unchanged figures.

A finding on a hidden layer remains in all counts and sums; its row shows neither layer nor key nor message. Texts that
someone typed into the fields of a plan are not shown. Codes, keys, dates, and the values of code lists are not typed:
they disclose no more than the standard does.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import PureWindowsPath
from typing import Any

import shapely

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...base.files.json_text import convert_to_plain_value
from ...model.findings import Finding
from ...model.report import Report
from ...model.rule import get_rule_family
from ...plan.plan import Plan
from ...standard.messages.finding_message import format_message
from ...standard.messages.texts import Texts
from ...standard.template import Template
from ..document.blocks import Document, PageBreak, change_texts
from ..document.page_html import render_page_blocks
from .coordinates import CoordinateFinder, list_crs_labels, make_coordinate_finder
from .edition import CRS_TEXTS, PublicEdition, RemovalRecord, require_public_level
from .redactor import Redactor, list_persons, make_name_pattern

#: A code or key, which is shorter or longer than a coordinate; a date; the number of a document (晋函〔2026〕1号);
#: a word of a program; signs alone.
_CODED = re.compile(
    r"[A-Za-z]{0,4}(?:\d{1,6}|\d{9,25})[A-Za-z]?|\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?"
    r"|[\u4e00-\u9fff]{1,12}〔\d{4}〕\d{1,5}号|[A-Za-z_]+|\W+"
)
#: A number in groups or brackets, or with a blank at its point: its parts alone would be codes.
_DIVIDED_NUMBER = re.compile(r"\d\W?\d{3}\W\d{3}(?!\d)|\d\s*[.．·]\s+\d{3}|\d\s+[.．·]\s*\d{3}|\d[)\]）】]\W*\d")
_BETWEEN_WORDS = re.compile(r"[\s、，,;；/（）()“”]+")
#: Rules on the files of a package, whose texts are in no layer.
_PACKAGE_FAMILY = "DOC"
#: Findings between two checks for a cancellation.
_FINDINGS_PER_STEP = 1000
#: Fields of blocks that hold codes or drawings, not texts.
_TEXT_FIELDS_LEFT = frozenset(("svg", "lang", "align", "icon", "page_number_format"))
_PAGE_TITLE_END, _PAGE_END = "</h1>", "</body>"


class TypedTexts:
    """The typed texts of a plan: ``field_by_text`` has the field of each, except those of ``public_fields``.

    ``other_texts``: further typed texts, by their name for users.
    """

    def __init__(
        self,
        plan: Plan,
        public_fields: Iterable[str],
        finder: CoordinateFinder,
        other_texts: Mapping[str, Iterable[str]],
    ):
        standard, allowed = plan.norm.standard, {one.upper() for one in public_fields}
        entries = [entry for codes in standard.code_lists.values() for entry in codes.entry_by_code.values()]
        known = {text for entry in entries for text in (entry.code, entry.name)}
        known |= {text for one in standard.templates.values() for text in (one.role, one.name)}
        # The county's list of divisions.
        for layer in filter(None, map(plan.find_layer_of_concept, ("county", "townships", "villages"))):
            known |= {one for one in layer.text("division_name") if one.isalpha() and not finder.find_spans(one)}
        self._known, self.field_by_text = known, dict[str, str]()
        for layer in dict.values(plan.layers):
            for name in layer.frame.columns.drop(layer.frame.geometry.name):
                texts = layer.source.find_distinct_texts(name)
                texts = [one for one in layer.frame[name].unique() if isinstance(one, str)] if texts is None else texts
                if name.upper() not in allowed:
                    self.field_by_text |= {one: name for one in map(str.strip, texts) if not self._is_coded(one)}
        typed = ((name, one) for name, written in other_texts.items() for one in map(str.strip, written))
        self.field_by_text |= {one: name for name, one in typed if not self._is_coded(one)}
        self._by_start: dict[str, list[str]] = {}
        for text in self.field_by_text:
            self._by_start.setdefault(text[:2], []).append(text)

    def remove(self, value: Any, word: str, removed: set[str], *, is_foreign: bool = False) -> Any:
        """Return parameters of a finding with ``word`` for each typed text, which ``removed`` gets.

        ``is_foreign``: the parameters are of files, not of the plan, so all their texts are typed, except codes.
        """
        if isinstance(value, list | tuple):
            kind = tuple if isinstance(value, tuple) else list
            return kind(self.remove(one, word, removed, is_foreign=is_foreign) for one in value)
        if isinstance(value, dict):
            return {key: self.remove(one, word, removed, is_foreign=is_foreign) for key, one in value.items()}
        if not isinstance(value, str) or hasattr(value, "render") or self._is_coded(value):
            return value
        starts = [self._by_start.get(value[place : place + 2], ()) for place in range(len(value))]
        found = [value] if is_foreign else {one for texts in starts for one in texts if one in value}
        pattern = make_name_pattern(sorted(found, key=len, reverse=True))
        removed.update(pattern.findall(value) if pattern else ())
        return pattern.sub(word, value) if pattern else value

    def _is_coded(self, text: str) -> bool:
        """Return True for codes and values of code lists, alone or listed, and for a text without words."""
        unknown = [one for one in _BETWEEN_WORDS.split(text) if one and one not in self._known]
        is_of_codes = not _DIVIDED_NUMBER.search(text) and all(map(_CODED.fullmatch, unknown))
        return text in self._known or not unknown or is_of_codes


@dataclass(frozen=True)
class PublicReport:
    """The public edition of a report.

    ``report``: what public files show. ``picture_report``, ``picture_plan``: what its pictures are drawn from: findings
    with their shapes and layers, without hidden ones. ``redactor``: takes the same out of the files; ``record``: what
    was taken out.
    """

    report: Report
    picture_report: Report
    picture_plan: Plan
    redactor: Redactor
    record: RemovalRecord

    def change_page(self, page: str) -> str:
        """Return a report page (HTML) as public edition, with a notice below its title and the record at its end."""
        notice = f'\n<p class="warn">{escape(self.redactor.texts.get("public", "notice"))}</p>'
        page = self.redactor.redact_page(page).replace(_PAGE_TITLE_END, _PAGE_TITLE_END + notice, 1)
        appendix = render_page_blocks(self.record.make_blocks(self.redactor.edition, self.redactor.texts), {})
        return page.replace(_PAGE_END, f'<div class="ap">\n{appendix}\n</div>\n{_PAGE_END}', 1)

    def change_document(self, document: Document) -> Document:
        """Return a document as public edition: texts redacted, marked as public, with the record at its end."""
        texts = self.redactor.texts
        redacted = change_texts(document, self.redactor.redact_text, _TEXT_FIELDS_LEFT)
        subtitle = "　".join(filter(None, (redacted.subtitle, texts.get("public", "document_notice"))))
        blocks = (*redacted.blocks, PageBreak(), *self.record.make_blocks(self.redactor.edition, texts))
        return replace(redacted, subtitle=subtitle, blocks=blocks)

    def list_sheet_rows(self) -> tuple[str, list[tuple[str, str]], list[str]]:
        """Return title, rows (the first is the head) and notes of the ledger's sheet on what was taken out."""
        texts = self.redactor.texts
        head = (texts.get("public", "what"), texts.get("public", "count"))
        rows = [head, *self.record.list_rows(self.redactor.edition, texts)]
        notes = [texts.get("public", key) for key in ("introduction", *self.redactor.edition.remarks)]
        return texts.get("public", "title"), rows, notes


def _redact_findings(
    report: Report, typed: TypedTexts, redactor: Redactor, plan: Plan, cancellation: Cancellation
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings of the public edition, and the same with the geometries that its pictures show."""
    salt = secrets.token_hex(16)
    findings, drawn_findings = [], []
    for number, finding in enumerate(report.findings):
        if number % _FINDINGS_PER_STEP == 0:
            cancellation.raise_if_cancelled()
        one = _remove_typed_texts(finding, typed, redactor, plan.norm.standard.templates)
        record = redactor.record
        if one.geometry is not None and one.geom_kind != "none":
            record.count("geometries")
            record.count("coordinates", int(shapely.get_num_coordinates(one.geometry)))
        is_hidden = bool({one.role, one.related_role} & redactor.hidden_roles)
        is_withheld = is_hidden or bool(one.field and redactor.edition.shows_hidden_field(one.field))
        params = redactor.redact_value(convert_to_plain_value(one.params), withholds=is_withheld)
        public_finding = one.copy_without_geometry(keeps_kind=not is_hidden)
        public_finding.params, public_finding.township = params, redactor.redact_text(one.township)
        if one.fingerprint:
            # It may include the place, rounded to 10 m, and all places of a county are soon tried: another fingerprint,
            # which is unique in this report only.
            public_finding.fingerprint = hashlib.sha256(f"{salt}|{one.fingerprint}".encode()).hexdigest()[:20]
        if is_withheld:
            record.count("findings")
            public_finding.role = public_finding.key = public_finding.related_role = public_finding.field = ""
            public_finding.related_keys = []
            public_finding.message = redactor.withheld
        else:
            public_finding.key, public_finding.field = map(redactor.redact_text, (one.key, one.field))
            public_finding.related_keys = [redactor.redact_text(key) for key in one.related_keys]
            public_finding.message = redactor.redact_text(one.message)
        findings.append(public_finding)
        is_drawn = public_finding.geom_kind != "none"
        drawn = replace(public_finding, geometry=finding.geometry if is_drawn else None)
        drawn_findings.append(drawn if is_drawn else public_finding)
    return findings, drawn_findings


def make_public_report(
    report: Report, plan: Plan, edition: PublicEdition, cancellation: Cancellation = NEVER_CANCELLED
) -> PublicReport:
    """Return the public edition of a report.

    Raise InputError for a report with another level of secrecy than the public one, and Cancelled.
    """
    require_public_level(str(report.provenance.get("document", {}).get("secrecy", "")))
    hidden_layers = {role: layer for role, layer in dict.items(plan.layers) if edition.find_kind(role, layer.name)}
    names = [layer.name for layer in hidden_layers.values()]
    names += [one for one in plan.unrecognised_layers if edition.find_kind("", one) or _may_be_place(one)]
    files = [PureWindowsPath(path).name for path in (plan.source, *plan.input_files) if path]
    extra_roles = hidden_layers.keys() - edition.hidden_roles
    names += [name for role in extra_roles for name in (role, hidden_layers[role].template.name)]
    persons, attachments = list_persons(report, plan)
    finder = make_coordinate_finder(plan)
    redactor = Redactor(
        edition,
        finder,
        report.lang,
        names,
        [*files, *attachments],
        persons=persons,
        crs_labels=list_crs_labels(plan),
        hidden_roles=extra_roles,
    )
    other_texts = {redactor.texts.get("public", "waiver_texts"): _list_waiver_texts(report)}
    record, typed = redactor.record, TypedTexts(plan, edition.text_fields, finder, other_texts)
    for role, layer in hidden_layers.items():
        if kind := edition.find_kind(role, layer.name):
            record.add_layer(kind, layer.template.name if report.lang == "zh" else role)
    findings, drawn_findings = _redact_findings(report, typed, redactor, plan, cancellation)
    shown = {role: layer for role, layer in dict.items(plan.layers) if role not in hidden_layers}
    picture_plan = replace(plan, layers=shown, _computed={}) if hidden_layers else plan
    public_report = replace(
        report,
        findings=findings,
        rules=[
            replace(
                rule,
                reason=redactor.redact_text(rule.reason),
                parameters=[redactor.redact_value(convert_to_plain_value(one)) for one in rule.parameters],
            )
            for rule in report.rules
        ],
        indicators=[
            replace(
                one,
                inputs=redactor.redact_value(convert_to_plain_value(one.inputs)),
                target_source=redactor.redact_text(one.target_source),
            )
            for one in report.indicators
        ],
        tolerance=redactor.redact_value(convert_to_plain_value(report.tolerance)),
        provenance=_redact_provenance(report.provenance, redactor),
    )
    public_report.provenance["public_edition"] = record.to_dict(edition, report.lang)
    # Texts of rules and names of indicators are not of this county and do not count.
    redactor.record = RemovalRecord()
    redact = redactor.redact_text
    public_report = replace(
        public_report,
        rules=[replace(rule, title=redact(rule.title), problem=redact(rule.problem)) for rule in public_report.rules],
        indicators=[replace(one, name=redact(one.name)) for one in public_report.indicators],
    )
    return PublicReport(public_report, replace(public_report, findings=drawn_findings), picture_plan, redactor, record)


def _may_be_place(name: str) -> bool:
    """Return True for the name of a layer that is not a word or identifier: someone may have typed a place."""
    return not (name.isalpha() or (name.isidentifier() and name.isascii()))


def _list_waiver_texts(report: Report) -> set[str]:
    """Return the reasons and documents of a report's waivers."""
    waivers = [one.params[key] for one in report.findings for key in ("waiver", "package_waiver") if key in one.params]
    return {str(waiver.get(key, "")) for waiver in waivers for key in ("reason", "document")}


def _remove_typed_texts(
    finding: Finding, typed: TypedTexts, redactor: Redactor, templates: dict[str, Template]
) -> Finding:
    """Return a finding without the texts that someone typed; its message is made anew without them."""
    removed: set[str] = set()
    word, of_files = (redactor.texts.get("public", key) for key in ("text_left_out", "package_files"))
    names = typed.remove([finding.key, finding.township, *finding.related_keys], word, removed)
    params = typed.remove(finding.params, word, removed, is_foreign=get_rule_family(finding.code) == _PACKAGE_FAMILY)
    if not removed:
        return finding
    for one in removed:
        redactor.record.count_texts(typed.field_by_text.get(one, of_files))
    shown = replace(finding, key=names[0], township=names[1], related_keys=names[2:], params=params)
    shown.message = format_message(Texts(redactor.texts.lang), shown, templates)
    return shown


def _redact_provenance(provenance: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Return the provenance without hidden layers, source, CRS, persons and programs of the machine."""
    record, hides_crs = redactor.record, CRS_TEXTS in redactor.edition.elements
    layers = [layer for layer in provenance.get("layers", []) if layer.get("role") not in redactor.hidden_roles]
    profile, document = dict(provenance.get("profile") or {}), provenance.get("document")
    record.count("sources", bool(provenance.get("source")))
    record.count("persons", bool(profile.get("confirmed") or profile.get("confirmed_singly")))
    crs_count = sum(bool(one.get("crs")) for one in [*layers, provenance])
    record.count("crs_texts", crs_count if hides_crs else 0)
    data = {
        **provenance,
        "source": "",
        **({"crs": redactor.texts.get("public", "crs_left_out")} if hides_crs else {}),
        "layers": [{**layer, "crs": ""} if hides_crs else layer for layer in layers],
        "profile": profile | {key: {} for key in ("confirmed", "confirmed_singly") if profile.get(key)},
        # That the document was secret before, and why it is not any more, is not for the public.
        **({"document": {**document, "lowered": []}} if document else {}),
        "versions": {key: value for key, value in provenance.get("versions", {}).items() if key == "sanxian"},
    }
    redacted: dict[str, Any] = redactor.redact_value(convert_to_plain_value(data))
    return redacted
