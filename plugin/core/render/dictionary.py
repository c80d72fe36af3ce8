# SPDX-License-Identifier: GPL-2.0-or-later
"""The data dictionary (数据字典) of a standard as HTML: layers, code lists, rules.

It is generated from the loaded templates, code lists and rules; no layer name is fixed in the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..model.rule import EVERY_LAYER, Rule, load_all_rules
from ..standard import Standard
from ..standard.messages.texts import Texts, format_number
from ..standard.template import CodeEntry, CodeList, Template, TemplateField
from .words import ReportTexts, fill_template

UNVERIFIED_MARK = "C"


def render_dictionary(standard: Standard, lang: str = "zh") -> str:
    """Return the data dictionary of a standard as one HTML page.

    Raises DataError for an invalid template, code list or text.
    """
    return fill_template("dictionary.html.j2", _collect_dictionary_data(standard, ReportTexts(lang), Texts(lang)))


@dataclass(frozen=True)
class DictionaryPage:
    """A page of the data dictionary: a layer or a code list.

    ``anchor``: ``layer-DLTB`` or ``codes-sandiao``; ``search_text``: text in which the search looks for words.
    """

    anchor: str
    title: str
    code: str
    group: str
    search_text: str


class DataDictionary:
    """The data dictionary page by page, for QGIS windows."""

    def __init__(self, standard: Standard, lang: str = "zh"):
        self._standard = standard
        self._search_words, self._texts = ReportTexts(lang), Texts(lang)

    @cached_property
    def _pages_by_anchor(self) -> dict[str, Any]:
        """Return the data of all pages, computed on first use."""
        return _collect_dictionary_data(self._standard, self._search_words, self._texts)

    @cached_property
    def pages(self) -> list[DictionaryPage]:
        """The pages of the layers by group, then those of the code lists."""
        pages = [
            DictionaryPage(
                f"layer-{layer['role']}",
                layer["name"],
                layer["role"],
                group["name"],
                _join_search_words(
                    layer["name"], layer["role"], layer["aliases"], [(f["name"], f["alias"]) for f in layer["fields"]]
                ),
            )
            for group in self._pages_by_anchor["groups"]
            for layer in group["layers"]
        ]
        return pages + [
            DictionaryPage(
                f"codes-{codes['id']}",
                codes["name"],
                codes["id"],
                self._search_words.get("dictionary", "lists"),
                _join_search_words(codes["name"], codes["id"], [(c["code"], c["name"]) for c in codes["codes"]]),
            )
            for codes in self._pages_by_anchor["lists"]
        ]

    def render_page(self, anchor: str = "") -> str:
        """Return the page of a layer or code list as plain HTML.

        For another ``anchor`` it is the introduction.
        """
        kind, _, name = anchor.partition("-")
        layers = {row["role"]: row for group in self._pages_by_anchor["groups"] for row in group["layers"]}
        lists = {row["id"]: row for row in self._pages_by_anchor["lists"]}
        layer = layers.get(name) if kind == "layer" else None
        codes = lists.get(name) if kind == "codes" else None
        return fill_template("dictionary_page.html.j2", {**self._pages_by_anchor, "layer": layer, "list": codes})

    def describe_field(self, role: str, name: str) -> str:
        """Return the description of a layer's field in one line.

        ``role``: the layer's code. Empty for an unknown field.
        """
        template = self._standard.templates.get(role)
        field = template.find_field_by_name(name) if template else None
        if template is None or field is None:
            return ""
        row = _collect_field_data(
            field, template.shapefile_name_by_field[field.name], self._standard, self._search_words, self._texts
        )
        size = ",".join(str(v) for v in (row["length"], row["decimals"]) if v != "")
        kind = row["type"] + (self._search_words.put_in_brackets(size) if size else "")
        mark = f"{self._search_words.get('dictionary', 'mark')} {field.mark}"
        parts = (
            f"{row['meaning']} {field.name}",
            field.alias if field.alias != row["meaning"] else "",
            kind,
            row["unit"],
            row["list"],
            row["notes"],
            row["required"],
            mark,
        )
        return " · ".join(part for part in parts if part)


def describe_layer(template: Template, standard: Standard, lang: str = "zh") -> list[str]:
    """Return what a layer is, in lines of text: name and code, properties, edition and source, required fields."""
    report_texts, texts = ReportTexts(lang), Texts(lang)
    data = _collect_layer_data(template, standard, report_texts, texts)

    def label(key: str, value: str) -> str:
        return f"{report_texts.get('dictionary', key)} {value}" if value else ""

    properties = (
        label("geometry", data["geometry"]),
        label("constraint", data["constraint"]),
        label("overlap", data["overlap"]),
        label("feature_code", data["feature_code"]),
    )
    origin = (
        label("edition", data["edition"]),
        label("source", data["source"]),
        label("fields_mark", template.fields_mark),
    )
    required = report_texts.join_parts(f"{one.alias} {one.name}" for one in template.fields if one.constraint == "M")
    lines = (
        f"{template.name} {template.role}",
        " · ".join(part for part in properties if part),
        " · ".join(part for part in origin if part),
        label("required", required),
    )
    return [line for line in lines if line]


def _join_search_words(*parts: Any) -> str:
    """Return texts and pairs of texts as one text in lower case, for the search."""
    return " ".join(str(p) if isinstance(p, str) else " ".join(" ".join(pair) for pair in p) for p in parts).lower()


def find_rules_that_need_layer(role: str, standard: Standard) -> list[Rule]:
    """Return the rules that need a layer with this code (``role``).

    Rules on every layer are left out.
    """
    roles_by_concept = {EVERY_LAYER: ()} | standard.concepts
    return [
        rule
        for rule in load_all_rules().values()
        if any(role in roles_by_concept.get(need.concept, (need.concept,)) for need in rule.needs.values())
    ]


def sort_codes_below_parents(codes: CodeList) -> list[tuple[CodeEntry, int]]:
    """Return every code with its depth, each below its parent.

    A cycle of parents is cut.
    """
    children: dict[str, list[CodeEntry]] = {}
    for code in codes.entry_by_code.values():
        children.setdefault(code.parent, []).append(code)
    codes_with_depth: list[tuple[CodeEntry, int]] = []
    seen_codes: set[str] = set()

    def add(rows: Iterable[CodeEntry], depth: int) -> None:
        for code in rows:
            if code.code not in seen_codes:
                seen_codes.add(code.code)
                codes_with_depth.append((code, depth))
                add(children.get(code.code, ()), depth + 1)

    add(children.get("", ()), 0)
    add(codes.entry_by_code.values(), 0)
    return codes_with_depth


def _collect_dictionary_data(standard: Standard, report_texts: ReportTexts, texts: Texts) -> dict[str, Any]:
    """Return the data of the dictionary's HTML templates: layers by group, code lists, rules on every layer."""
    templates = standard.templates
    groups: dict[str, list[dict[str, Any]]] = {}
    for template in templates.values():
        group = template.group or report_texts.get("dictionary", "no_group")
        groups.setdefault(group, []).append(_collect_layer_data(template, standard, report_texts, texts))
    lists = [
        {
            **_collect_code_list_data(
                codes,
                [role for role, template in templates.items() if any(one.codes == codes.id for one in template.fields)],
                report_texts,
                texts,
            ),
            "file": path.name if (path := standard.find_code_list_path(codes.id)) is not None else "",
        }
        for codes in standard.code_lists.values()
    ]
    # Rules on packages are not about a layer.
    every_layer_rules = [
        r
        for r in load_all_rules().values()
        if not r.code.startswith("DOC") and (not r.needs or any(n.concept == EVERY_LAYER for n in r.needs.values()))
    ]
    counts = {
        "layers": len(templates),
        "fields": sum(len(t.fields) for t in templates.values()),
        "lists": len(lists),
        "codes": sum(len(c.entry_by_code) for c in standard.code_lists.values()),
    }
    doubts = {
        "names": sum(t.name_mark == UNVERIFIED_MARK for t in templates.values()),
        "fields": sum(t.fields_mark == UNVERIFIED_MARK for t in templates.values()),
    }
    # The largest group comes first, because readers need it most.
    ordered_groups = sorted(groups.items(), key=lambda item: -len(item[1]))
    return {
        "w": report_texts,
        "lang": {"zh": "zh-CN"}.get(report_texts.lang, report_texts.lang),
        "name": standard.name,
        "edition": standard.edition,
        "counts": report_texts.get("dictionary", "counts", **{k: format_number(v, 0) for k, v in counts.items()}),
        "doubts": report_texts.get("dictionary", "unsure", **doubts),
        "groups": [{"name": name, "layers": rows} for name, rows in ordered_groups],
        "lists": lists,
        "every": [_collect_rule_data(r, report_texts, texts) for r in every_layer_rules],
    }


def _collect_layer_data(
    template: Template, standard: Standard, report_texts: ReportTexts, texts: Texts
) -> dict[str, Any]:
    """Return the data of one layer for the HTML templates, with its fields and rules."""
    edition = next((one for one in standard.list_with_included_standards() if one.id == template.standard), standard)
    short = template.shapefile_name_by_field
    return {
        "role": template.role,
        "name": template.name,
        "name_mark": template.name_mark,
        "fields_mark": template.fields_mark,
        "unsure": UNVERIFIED_MARK in (template.name_mark, template.fields_mark),
        "geometry": texts.get("types", template.geometry),
        "constraint": _format_constraint(template.constraint, report_texts),
        "overlap": report_texts.get("dictionary", f"overlap_{template.overlap}"),
        "feature_code": template.feature_code,
        "aliases": report_texts.join_parts(a for a in template.aliases if a != template.name),
        "source": report_texts.get_text_or_key("template_source", template.source),
        "edition": f"{edition.name} · {edition.edition}",
        "fields": [_collect_field_data(f, short[f.name], standard, report_texts, texts) for f in template.fields],
        "field_marks": "".join(sorted({f.mark for f in template.fields})),
        "has_personal": any(f.personal for f in template.fields),
        "rules": [
            _collect_rule_data(r, report_texts, texts) for r in find_rules_that_need_layer(template.role, standard)
        ],
    }


def _collect_field_data(
    field: TemplateField, short: str, standard: Standard, report_texts: ReportTexts, texts: Texts
) -> dict[str, Any]:
    """Return the data of one field for the HTML templates.

    ``short``: its name in a shapefile.
    """
    notes = [
        report_texts.get("dictionary", "padded", digits=field.code_pad) if field.code_pad else "",
        report_texts.get("dictionary", "name_of", field=field.code_name) if field.code_name else "",
        report_texts.get("dictionary", "short_name", name=short) if short != field.name else "",
        report_texts.get("dictionary", "default", value=field.default) if field.default else "",
    ]
    return {
        "name": field.name,
        "alias": field.alias,
        "type": texts.get("types", field.type),
        "length": "" if field.length is None else field.length,
        "decimals": "" if field.decimals is None else field.decimals,
        "unit": {"m2": "m²"}.get(field.unit, field.unit),
        "codes": field.codes,
        "list": texts.get_setting_name(f"codes.{field.codes}") if field.codes else "",
        "linked": field.codes in standard.code_lists,
        "notes": report_texts.join_parts(filter(None, notes)),
        # A field that no rule reads has its official name alone.
        "meaning": report_texts.get_text_or_key("meaning", field.meaning) if field.meaning else field.alias,
        "required": _format_constraint(field.constraint, report_texts) if field.constraint else "",
        "personal": field.personal,
        "mark": field.mark,
    }


def _format_constraint(letter: str, report_texts: ReportTexts) -> str:
    """Return the constraint of a layer or field (M, C, O or empty) in words."""
    key = f"constraint_{letter or 'none'}"
    return report_texts.get("dictionary", key) if report_texts.has_text("dictionary", key) else letter


def _collect_code_list_data(
    codes: CodeList, users: list[str], report_texts: ReportTexts, texts: Texts
) -> dict[str, Any]:
    """Return the data of one code list for the HTML templates.

    ``users``: codes of the layers that use the list.
    """
    # Skip a column without any value.
    columns = list(dict.fromkeys(k for c in codes.entry_by_code.values() for k, v in c.other_columns.items() if v))
    return {
        "id": codes.id,
        "name": texts.get_setting_name(f"codes.{codes.id}"),
        "mark": codes.mark,
        "count": report_texts.get("dictionary", "rows", count=len(codes.entry_by_code)),
        "users": users,
        "columns": [report_texts.get_text_or_key("dictionary_extra", name) for name in columns],
        "nested": any(c.parent for c in codes.entry_by_code.values()),
        "codes": [
            {
                "code": code.code,
                "name": code.name,
                "parent": code.parent,
                "depth": min(depth, 4),
                "extra": [code.other_columns.get(name, "").replace("|", " | ") for name in columns],
                "mark": code.mark,
            }
            for code, depth in sort_codes_below_parents(codes)
        ],
    }


def _collect_rule_data(rule: Rule, report_texts: ReportTexts, texts: Texts) -> dict[str, str]:
    """Return code, title and severity of a rule for the HTML templates."""
    return {
        "code": rule.code,
        "title": texts.get_rule_title(rule),
        "severity": report_texts.get("severity", str(rule.severity)),
    }
