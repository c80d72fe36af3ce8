# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule book (规则手册): description, required layers, sources of every rule.

It is rendered as lines for a console, a CSV table and one HTML page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..base.files.csv_records import format_rows
from ..engine.explanation import EffectiveValue, find_effective_parameters, find_unconfirmed_settings
from ..model.rule import EVERY_LAYER, RULE_FAMILIES, LayerNeed, Rule, Severity
from ..standard import list_standard_ids, load_standard
from ..standard.conflicts import CONFLICT_MEANINGS, ConflictMatrixEntry
from ..standard.edition import Citation, CitedDocument, LegalDocument
from ..standard.messages.numbers import format_plain_number
from ..standard.messages.texts import Texts
from ..standard.profile import Norm
from .words import ReportTexts, fill_template

#: When a rule runs: with every check, or only by its name.
RUNS_BY_DEFAULT, RUNS_WHEN_NAMED = "default", "named"
#: Fields of a legal document that the page shows beside its title.
LEGAL_DATES = ("in_force", "repealed_by", "reviewed")


@dataclass(frozen=True)
class RuleEntry:
    """One rule in the rule book.

    ``severity``: as in the profile; ``mark``: the best level (A to C) of its citations that apply in the profile's
    area; ``is_source_agreed``: only sources of level C, but accepted by standard or county; ``unconfirmed``: its
    unconfirmed settings of level C; ``activation``: when it runs.
    """

    rule: Rule
    severity: Severity
    mark: str
    is_source_agreed: bool
    activation: tuple[str, ...]
    parameters: tuple[EffectiveValue, ...]
    citations: tuple[Citation, ...]
    sources: tuple[CitedDocument, ...]
    unconfirmed: tuple[str, ...]


def make_rule_entries(norm: Norm, codes: Iterable[str] = ()) -> list[RuleEntry]:
    """Return an entry for every rule, or for those with the given codes, by family.

    Severities and parameters are those of ``norm``, the standard and the profile.
    """
    requested_codes = set(codes)
    standard = norm.standard
    entries = []
    for code, rule in norm.rules_by_code.items():
        if requested_codes and code not in requested_codes:
            continue
        citations = tuple(norm.citations[key] for key in rule.basis if key in norm.citations)
        binding = [c for c in citations if c.area in ("", norm.profile.area_code)]
        mark = min((c.mark for c in binding), default="C")
        groups = tuple(name for name, codes_of_group in standard.rule_groups.items() if code in codes_of_group)
        entries.append(
            RuleEntry(
                rule=rule,
                severity=norm.get_severity(rule),
                mark=mark,
                is_source_agreed=mark == "C" and any(norm.is_confirmed(c.key) for c in binding),
                activation=(RUNS_BY_DEFAULT,) if code in norm.rules else groups or (RUNS_WHEN_NAMED,),
                parameters=tuple(find_effective_parameters(rule, norm)),
                citations=citations,
                sources=tuple(standard.sources[s] for s in dict.fromkeys(s for c in citations for s in c.sources)),
                unconfirmed=tuple(find_unconfirmed_settings(rule, norm)),
            )
        )
    return entries


class RuleBook:
    """All rules in one language, with the values of standard and profile."""

    def __init__(self, norm: Norm, lang: str = "zh", codes: Iterable[str] = ()):
        """Create a rule book; ``codes`` restricts it to these rules."""
        self.norm = norm
        self.words, self.texts = ReportTexts(lang), Texts(lang)
        self._book_text = partial(self.words.get, "rule_book")
        self.entries = make_rule_entries(norm, codes)

    def list_rule_lines(self) -> list[str]:
        """Return the contents, then by family one line per rule, followed by its layers, parameters and sources."""
        families = {}
        for family in RULE_FAMILIES:
            entries = [entry for entry in self.entries if entry.rule.family == family]
            if entries:
                families[
                    self.words.get(
                        "rule_book", "family", id=family, name=self.words.get("family", family), count=len(entries)
                    )
                ] = entries
        rule_lines = [self._book_text("contents")] if len(families) > 1 else []
        rule_lines += [f"  {heading}" for heading in families if len(families) > 1]
        for heading, entries in families.items():
            rule_lines += ["", heading] if len(families) > 1 else []
            for row in map(self.make_table_row, entries):
                rule_lines += [
                    f"{row['code']}  {row['name']:<36}{row['severity']}  {row['mark']}  {row['runs']}  {row['title']}",
                    *(
                        f"        {self._book_text(key)}{self.words.get('page', 'colon')}{row[key]}"
                        for key in ("needs", "optional", "inputs", "parameters", "basis")
                        if row[key]
                    ),
                ]
        return rule_lines

    def list_rule_facts(self) -> list[str]:
        """Return each rule's heading, title, source level, activation and layers as lines."""
        fact_lines = []
        for entry in self.entries:
            row, colon = self.make_table_row(entry), self.words.get("page", "colon")
            fact_lines += [
                f"{row['code']}  {row['name']}  {row['severity']}",
                row["title"],
                *[
                    f"{self._book_text(key)}{colon}{row[key]}"
                    for key in ("mark", "runs", "needs", "optional", "inputs")
                    if row[key]
                ],
            ]
        return fact_lines

    def render_csv(self) -> str:
        """Return the rules as CSV with headings and a byte order mark."""
        rows = list(map(self.make_table_row, self.entries))
        return format_rows([map(self._book_text, rows[0]), *(row.values() for row in rows)]).decode("utf-8")

    def render_page(self) -> str:
        """Return the rules as one HTML page.

        It has a table of all rules, help, the conflict matrix and documents.
        """
        standard, profile = self.norm.standard, self.norm.profile
        pairs = {pair.control_line_pair: pair for pair in standard.conflicts}
        lines = list(dict.fromkeys(side for pair in standard.conflicts for side in (pair.left, pair.right)))
        # The available three lines come first, the others in the order of the matrix.
        lines.sort(key=lambda line: line not in ("farmland", "red_line", "boundary"))
        rows = [
            {
                "number": number,
                "line": format_control_line_name(line, self.norm, self.texts),
                "cells": [self._make_matrix_cell(pairs.get(frozenset((line, other)))) for other in lines[: number - 1]],
            }
            for number, line in enumerate(lines, 1)
        ]
        return fill_template(
            "rules.html.j2",
            {
                "w": self.words,
                "lang": {"zh": "zh-CN"}.get(self.words.lang, self.words.lang),
                "name": f"{standard.name} · {standard.edition}",
                "profile": profile.name,
                "families": self._list_families(),
                "count": self.words.get("rule_book", "count", count=len(self.entries)),
                "matrix": {
                    "rows": rows,
                    "meanings": [
                        (m, self._book_text(f"short_{m}"), self._book_text(f"meaning_{m}")) for m in CONFLICT_MEANINGS
                    ],
                },
                "legal_documents": {
                    "heads": [self._book_text(f"legal_{head}") for head in ("title", *LEGAL_DATES)],
                    "rows": [(key, self._list_legal_cells(one)) for key, one in standard.legal_documents.items()],
                },
                "documents": [
                    {"id": s.id, "best": s.best, "text": self._pick_language(s)} for s in standard.sources.values()
                ],
            },
        )

    def _list_families(self) -> list[dict[str, Any]]:
        """Return the families that have rules, with the data of their rules for the page."""
        rules_by_family = {
            family: [
                {
                    **self.make_table_row(entry),
                    "plain_mark": entry.mark,
                    "help": [
                        {"heading": k, "text": " ".join(v.split())}
                        for k, v in self.texts.get_rule_help(entry.rule).items()
                    ],
                    "asked": [
                        self._format_need(n)
                        + (self.words.put_in_brackets(self._book_text("optional")) if n.optional else "")
                        for n in entry.rule.needs.values()
                    ],
                    "set": self._make_parameter_lines(entry),
                    "citations": [
                        {
                            "mark": c.mark,
                            "text": self._pick_language(c),
                            "sources": c.sources,
                            "legal_documents": c.legal_documents,
                        }
                        for c in entry.citations
                    ],
                    "unconfirmed": self.words.join_parts(map(self.texts.get_setting_name, entry.unconfirmed)),
                }
                for entry in self.entries
                if entry.rule.family == family
            ]
            for family in RULE_FAMILIES
        }
        return [
            {"id": family, "name": self.words.get("family", family), "rules": rules}
            for family, rules in rules_by_family.items()
            if rules
        ]

    def make_table_row(self, entry: RuleEntry) -> dict[str, str]:
        """Return a rule as column → text of the cell, in the order of the table; report_*.toml has the headings."""
        clause = self.words.get("page", "clause")
        return {
            "code": entry.rule.code,
            "name": entry.rule.name,
            "title": self.texts.get_rule_title(entry.rule),
            "severity": self.words.get("severity", str(entry.severity)),
            "mark": entry.mark
            + (self.words.put_in_brackets(self._book_text("agreed")) if entry.is_source_agreed else ""),
            "runs": self._book_text(f"runs_{entry.activation[0]}")
            if entry.activation in ((RUNS_BY_DEFAULT,), (RUNS_WHEN_NAMED,))
            else self.words.get("rule_book", "runs_group", groups=self.words.join_parts(entry.activation)),
            "needs": clause.join(self._format_need(n) for n in entry.rule.needs.values() if not n.optional),
            "optional": clause.join(self._format_need(n) for n in entry.rule.needs.values() if n.optional),
            # Inputs have the texts of the command-line options, those of rules on packages other ones.
            "inputs": clause.join(
                f"{name.upper()} "
                + (self._book_text(f"input_{name}") if name in ("package", "record") else self.words.get("cli", name))
                for name in entry.rule.inputs
            ),
            "parameters": clause.join(self._make_parameter_lines(entry)),
            "basis": clause.join(f"[{c.mark}] {self._pick_language(c)}" for c in entry.citations),
            "sources": self.words.join_parts(s.id for s in entry.sources),
        }

    def _format_need(self, need: LayerNeed) -> str:
        """Return a needed layer in words, with its codes and needed fields."""
        roles = tuple(self.norm.standard.concepts.get(need.concept, (need.concept,)))
        if need.concept == EVERY_LAYER:
            name = self._book_text("each_layer")
        elif roles == (need.concept,):
            name = format_control_line_name(need.concept, self.norm, self.texts)
        else:
            name = f"{self.texts.get_concept_name(need.concept)} {'/'.join(roles)}".strip()
        fields = self.words.join_parts(self.texts.find("meanings", f) or f for f in need.fields)
        return name + (
            self.words.put_in_brackets(self.words.get("rule_book", "with_fields", fields=fields)) if fields else ""
        )

    def _make_parameter_lines(self, entry: RuleEntry) -> list[str]:
        """Return the parameters of a rule as texts: name, id and value, and in brackets a default that differs."""
        lines = []
        for parameter, norm_value in zip(entry.rule.parameters, entry.parameters, strict=True):
            name = self.texts.get_section("parameters").get(parameter.name, parameter.name)
            text = f"{name} {parameter.name} = {self._format_value(norm_value.value, parameter.unit)}"
            if norm_value.value != parameter.default:
                default = self.words.get("cli", "default", value=self._format_value(parameter.default, parameter.unit))
                text += self.words.put_in_brackets(default)
            lines.append(text)
        return lines

    def _format_value(self, value: Any, unit: str) -> str:
        """Return a number with its unit; a share also in percent."""
        if unit == "share":
            return f"{value:.10g} ({value:.0%})"
        if unit == "degrees":
            return f"{value:.10g}°"
        figure = format_plain_number(value) if unit else f"{value:.10g}"
        return f"{figure} {self.words.get_text_or_key('unit', unit)}".strip()

    def _list_legal_cells(self, document: LegalDocument) -> list[str]:
        """Return a legal document as cells: its title, then what is known of each of `LEGAL_DATES`."""
        unknown = self._book_text("legal_unknown")
        return [self._pick_language(document), *(str(getattr(document, key) or unknown) for key in LEGAL_DATES)]

    def _make_matrix_cell(self, pair: ConflictMatrixEntry | None) -> dict[str, str]:
        """Return the meaning of an overlap, its source mark and a title; empty texts without a pair."""
        if pair is None:
            return {"meaning": "", "short": "", "mark": "", "title": ""}
        meaning = self.norm.get(pair.setting_key)
        citation = self.norm.standard.citations.get(pair.basis)
        is_own_setting = pair.setting_key in self.norm.profile.settings
        mark = self.norm.get_source_mark(pair.setting_key) if is_own_setting else pair.mark
        source = self.norm.profile.name if is_own_setting else self._pick_language(citation) if citation else pair.basis
        sides = " × ".join(format_control_line_name(one, self.norm, self.texts) for one in (pair.left, pair.right))
        title = f"{sides}: {self._book_text(f'meaning_{meaning}')} [{mark}] {source}"
        return {"meaning": meaning, "short": self._book_text(f"short_{meaning}"), "mark": mark, "title": title}

    def _pick_language(self, citation: Any) -> str:
        """Return the Chinese or English text of a citation or document."""
        return str(citation.zh if self.words.lang == "zh" else citation.en)


def format_control_line_name(side: str, norm: Norm, texts: Texts) -> str:
    """Return the name of a control line in the conflict matrix.

    ``side``: a layer code, named by its template's name and code, or a concept.
    """
    # The conflict matrix of a county also names layers of township plans, whose templates another standard has.
    standards = (norm.standard, *map(load_standard, list_standard_ids()))
    template = next((one.templates[side] for one in standards if side in one.templates), None)
    return f"{template.name} {side}" if template else texts.get_concept_name(side)
