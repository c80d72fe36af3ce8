# SPDX-License-Identifier: GPL-2.0-or-later
"""What a public edition takes out (public_edition.toml: layers, fields, elements, scale), and the record of it.

The list is a setting of mark C; a county replaces it by a file beside its profile. The record is for the files
themselves and for the result of the run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Literal

from ....paths import STANDARDS_FOLDER
from ...base.errors import DataError, InputError
from ...base.files.data import NOT_IN_FILE, BilingualName, read_toml_record
from ...base.files.document_text import make_document_text
from ...standard.map_set import expand_concepts_to_roles
from ...standard.messages.numbers import format_number
from ...standard.profile import Norm
from ...standard.profile.load import find_file_of_profile, find_file_of_standard
from ...standard.profile.profile_data import load_secrecy_levels
from ...standard.template import Template
from ..document.blocks import Block, DocumentCell, DocumentColumn, DocumentTable, Heading, Paragraph
from ..document.page_html import render_page_blocks
from ..words import ReportTexts

#: The setting that names the file.
SETTING = "public_edition.list"
#: Elements that a list may take out.
GRIDS, CRS_TEXTS = "grids", "crs"
#: A shorter name occurs in other words, and discloses nothing.
_MIN_NAME_CHARACTERS = 2
#: Counted removals, in the order of the record.
COUNTED = (
    "coordinates",
    "geometries",
    "findings",
    "names",
    "grids",
    "crs_texts",
    "labels",
    "paths",
    "persons",
    "sources",
)
#: Beginning of an item for the typed texts of a field.
_TEXTS_OF_FIELD = "texts "
_RECORD_STYLE = (
    "body{font:14px/1.6 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:900px;"
    "margin:24px auto;padding:0 12px}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:4px 8px;text-align:left;"
    "vertical-align:top}td.r,th.r{text-align:right}"
)


@dataclass(frozen=True)
class HiddenKind(BilingualName):
    """A kind of layers that a public edition takes out.

    Its name is that in public files. ``roles``: codes of plan layers, in the file also concepts;
    ``name_patterns``: patterns of the names of other layers.
    """

    roles: tuple[str, ...] = field(metadata={"key": "of"})
    name_patterns: tuple[str, ...] = field(metadata={"key": "names"})


@dataclass(frozen=True)
class PublicEdition:
    """What is taken out of public maps and reports.

    ``mark``, ``source``: of the list; ``elements``: `GRIDS`, `CRS_TEXTS`; ``fields``: hidden fields; ``largest_scale``:
    denominator, 0 without a limit; ``kinds``: kinds of hidden layers; ``text_fields``: fields whose typed texts are
    shown; ``names_by_role``: role → official names of the layer; ``is_confirmed``: the county confirmed the list.
    """

    mark: Literal["A", "B", "C"]
    source: str
    elements: tuple[Literal["grids", "crs"], ...]
    fields: tuple[str, ...]
    largest_scale: float
    kinds: tuple[HiddenKind, ...] = field(metadata={"key": "layers"})
    text_fields: tuple[str, ...] = ()
    file_name: str = field(default="", metadata=NOT_IN_FILE)
    names_by_role: dict[str, tuple[str, ...]] = field(default_factory=dict, metadata=NOT_IN_FILE)
    is_confirmed: bool = field(default=False, metadata=NOT_IN_FILE)

    def find_kind(self, role: str, layer_name: str = "") -> HiddenKind | None:
        """Return the kind of a hidden layer, by its role or its name; None for a layer that may be published."""
        for kind in self.kinds:
            if role and role in kind.roles:
                return kind
            if layer_name and any(fnmatchcase(layer_name.upper(), one.upper()) for one in kind.name_patterns):
                return kind
        return None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return the keys of the remarks below the list: what a reader may not conclude from it."""
        return ("figures_unchanged", "features_remain", *(() if self.is_confirmed else ("unconfirmed_public",)))

    @cached_property
    def hidden_roles(self) -> frozenset[str]:
        """Return the codes of all hidden plan layers."""
        return frozenset(role for kind in self.kinds for role in kind.roles)

    def list_hidden_names(self, layer_names: Iterable[str] = ()) -> list[str]:
        """Return codes and names of the hidden layers, the longest first; ``layer_names``: further names."""
        names = {*self.hidden_roles, *layer_names}
        names.update(name for role in self.hidden_roles for name in self.names_by_role.get(role, ()))
        return sorted((one for one in names if len(one) >= _MIN_NAME_CHARACTERS), key=lambda one: (-len(one), one))

    def shows_hidden_field(self, expression: str) -> bool:
        """Return True if a field name or expression uses a hidden field."""
        return not {one.upper() for one in self.fields}.isdisjoint(re.findall(r"\w+", expression.upper()))

    def shows_typed_text(self, expression: str, names: Iterable[str], template: Template | None) -> bool:
        """Return True if an expression uses a field (``names``: of the layer) whose texts someone typed.

        Fields of codes, keys, numbers and divisions are others, and `text_fields`.
        """
        words = set(re.findall(r"\w+", expression.upper())) - {one.upper() for one in self.text_fields}
        used = [
            None if template is None else template.find_field_by_name(one.upper())
            for one in names
            if one.upper() in words
        ]
        # Someone typed a name, or a text with a meaning that no rule knows.
        return any(
            one is None or (one.type == "text" and not one.codes and one.meaning in ("", "feature_name"))
            for one in used
        )


def load_public_edition(norm: Norm) -> PublicEdition:
    """Return the public edition of a norm: the county's list, else that of the standard.

    Raise DataError with file and key for an invalid list.
    """
    path = find_file_of_profile(norm, SETTING) or find_file_of_standard(norm, SETTING)
    edition = read_toml_record(PublicEdition, path, given={"file_name": path.name})
    if edition.largest_scale < 0:
        value = str(edition.largest_scale)
        raise DataError("data_value_unknown", file=str(path), key="largest_scale", value=value, known="≥ 0")
    _refuse_blanks((*edition.fields, *edition.text_fields), path, "fields")
    known = norm.standard.concepts
    kinds = []
    for number, kind in enumerate(edition.kinds, 1):
        _refuse_blanks((*kind.roles, *kind.name_patterns), path, f"layers[{number}]")
        for one in kind.roles:
            # A misspelt code would leave its layer in public files. One list serves counties, cities and townships.
            is_elsewhere = one.isalnum() and any(STANDARDS_FOLDER.glob(f"*/templates/{one}.toml"))
            if one not in known and not norm.standard.list_templates_of_role(one) and not is_elsewhere:
                raise DataError("public_layer_unknown", file=str(path), key=f"layers[{number}].of", value=one)
        kinds.append(replace(kind, roles=tuple(expand_concepts_to_roles(kind.roles, known))))
    roles = {role for kind in kinds for role in kind.roles}
    return replace(
        edition,
        kinds=tuple(kinds),
        names_by_role={role: tuple(one.name for one in norm.standard.list_templates_of_role(role)) for role in roles},
        is_confirmed=edition.mark != "C" or norm.is_confirmed(SETTING),
    )


def _refuse_blanks(texts: Iterable[str], path: Path, key: str) -> None:
    """Raise DataError for a blank text, which would be found everywhere."""
    for text in texts:
        if not text.strip():
            raise DataError("data_value_kind", file=str(path), key=key, value=repr(text), expected="str")


def require_public_level(secrecy: str) -> None:
    """Raise InputError unless a level of secrecy is the public one.

    A missing level is accepted: a report need not have one.
    """
    levels = load_secrecy_levels()
    if secrecy and not levels.is_public(secrecy):
        raise InputError("public_secrecy", secrecy=secrecy, public=levels.public_level)


@dataclass
class RemovalRecord:
    """What was taken out of a public map or report.

    ``layer_names``: names of the layers by kind, which only the result of the run may show; ``counts``: of `COUNTED`,
    how many of each were taken out, and by field, how many typed texts.
    """

    layer_names: dict[HiddenKind, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))

    def count(self, item: str, number: int = 1) -> None:
        """Add to the number of removals of an item."""
        self.counts[item] += number

    def count_texts(self, field: str, number: int = 1) -> None:
        """Add to the number of typed texts of a field that were taken out."""
        self.counts[f"{_TEXTS_OF_FIELD}{field}"] += number

    def add_layer(self, kind: HiddenKind, name: str) -> None:
        """Record a layer that was taken out; one layer counts once."""
        names = self.layer_names.setdefault(kind, [])
        if name not in names:
            names.append(name)

    def add(self, other: RemovalRecord) -> None:
        """Add the removals of another record."""
        for kind, names in other.layer_names.items():
            for name in names:
                self.add_layer(kind, name)
        self.counts.update(other.counts)

    def merge(self, other: RemovalRecord) -> None:
        """Merge the record of another layout of the same map, which lacks the same; the larger numbers remain."""
        larger = self.counts | other.counts
        self.add(other)
        self.counts = larger

    def to_dict(self, edition: PublicEdition, lang: str) -> dict[str, Any]:
        """Return the record as plain data for a public file, without names of layers."""
        return {
            "list_mark": edition.mark,
            "list_confirmed": edition.is_confirmed,
            "elements": sorted(edition.elements),
            "layers": [
                {"kind": kind.get_name(lang), "count": len(names)} for kind, names in self._list_by_kind(edition)
            ],
            "removed": dict(self.counts),
        }

    def _list_by_kind(self, edition: PublicEdition) -> list[tuple[HiddenKind, list[str]]]:
        return [(kind, self.layer_names[kind]) for kind in edition.kinds if kind in self.layer_names]

    def list_rows(self, edition: PublicEdition, report_texts: ReportTexts) -> list[tuple[str, str]]:
        """Return (what, how many) of all removals for a public page: layers by kind, then the counted items."""
        rows = [
            (
                report_texts.get("public", "layers_of_kind", kind=kind.get_name(report_texts.lang)),
                report_texts.get("public", "layer_count", count=format_number(len(names), 0)),
            )
            for kind, names in self._list_by_kind(edition)
        ] or [(report_texts.get("public", "layers"), report_texts.get("public", "no_layer"))]
        return rows + [(item, format_number(number, 0)) for item, number in self._list_counts(report_texts)]

    def _list_counts(self, report_texts: ReportTexts) -> list[tuple[str, int]]:
        """Return (what, how many) of the counted items and of the typed texts by field."""
        items = (*COUNTED, *sorted(self.counts.keys() - set(COUNTED)))
        return [
            (
                report_texts.get("public", item)
                if item in COUNTED
                else report_texts.get("public", "texts_of_field", field=item.removeprefix(_TEXTS_OF_FIELD)),
                self.counts[item],
            )
            for item in items
            if self.counts[item]
        ]

    def list_log_lines(self, edition: PublicEdition, report_texts: ReportTexts) -> list[str]:
        """Return lines for the result of the run, with the names of the layers."""
        lines = [
            report_texts.get(
                "public", "log_layers", kind=kind.get_name(report_texts.lang), names=report_texts.join_parts(names)
            )
            for kind, names in self._list_by_kind(edition)
        ]
        counted = report_texts.join_parts(
            report_texts.get("public", "log_item", item=item, count=number)
            for item, number in self._list_counts(report_texts)
        )
        remark = report_texts.get("public", "unconfirmed", file=edition.file_name)
        counts = report_texts.get("public", "log_counts", items=counted or "—")
        return [*lines, counts, *([] if edition.is_confirmed else [remark])]

    def make_blocks(self, edition: PublicEdition, report_texts: ReportTexts) -> list[Block]:
        """Return the section of a document that lists what was taken out."""
        columns = (
            DocumentColumn(report_texts.get("public", "what"), 70),
            DocumentColumn(report_texts.get("public", "count"), 30, "right"),
        )
        rows = tuple((DocumentCell(what), DocumentCell(count)) for what, count in self.list_rows(edition, report_texts))
        return [
            Heading(report_texts.get("public", "title")),
            Paragraph(report_texts.get("public", "introduction")),
            DocumentTable(columns, rows),
            *(Paragraph(report_texts.get("public", key), is_small=True) for key in edition.remarks),
        ]


def make_record_page(title: str, blocks: Iterable[Block], lang: str) -> str:
    """Return a separate page (HTML) with the record of what was taken out of other files."""
    language = {"zh": "zh-CN"}.get(lang, lang)
    return make_document_text(
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_RECORD_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{render_page_blocks(blocks, {})}\n</body>\n</html>\n"
    )
