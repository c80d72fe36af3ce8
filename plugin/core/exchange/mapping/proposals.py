# SPDX-License-Identifier: GPL-2.0-or-later
"""Propose the source field of each field of a template.

Fields are matched by name, truncated name, alias, meaning and content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...base.files.cells import format_cell
from ...engine.context import trim_code_padding
from ...figures.supplied_tables import FIGURE_UNIT_WORDS
from ...model.indicator import SQUARE_METRES
from ...plan.layer import SourceLayer
from ...standard import Standard
from ...standard.template import CodeList, Template, TemplateField
from .apply_mapping import CodeTranslation, FieldMapping, FieldProposal, get_template_field

#: Meaning of a field, or role and field → usual names of its column in the tables of counties, without a unit. A name
#: of several fields of a template is not matched.
COLUMN_WORDS = {
    "area": ("面积", "图形面积", "图斑面积"),
    "gross_area": ("面积", "图形面积", "图斑面积"),
    "net_area": ("净面积", "地类面积", "图斑地类面积"),
    "land_use": ("地类编码", "地类代码", "地类码", "用地代码"),
    "land_use_name": ("地类名称", "地类名"),
    "zone_code": ("类型", "分区", "分区类型", "分区代码"),
    "zone_name": ("分区名称",),
    "feature_kind": ("类型", "类别"),
    "feature_name": ("名称",),
    # The official layer has no field for the name of a red line, which states its kind.
    "STBHHX LHLX": ("红线类型", "红线名称"),
}
#: Length in bytes to which a shapefile truncates the name of a field.
SHORT_NAME_BYTES = 10
#: Share of a column's distinct values that must be in a code list for a match by content.
_MIN_CONTENT_SHARE = 0.9
#: Number of distinct values examined by content.
_MAX_SAMPLED_VALUES = 2000


def propose_mapping(layer: SourceLayer, template: Template, standard: Standard) -> list[FieldProposal]:
    """Return one proposal for each field of the template; a source field is proposed once."""
    known_fields: dict[str, list[TemplateField]] = {}
    for known_template in standard.templates.values():
        for template_field in known_template.fields:
            known_fields.setdefault(template_field.name.upper(), []).append(template_field)
    matched_sources = _match_source_fields(layer, template, standard, known_fields)
    proposals = []
    for target in template.fields:
        source, how = matched_sources.get(target.name, ("", ""))
        proposal = FieldProposal(target.name, source, how, unit=find_area_unit(source, target))
        if source and target.codes:
            proposal = _add_code_translation(proposal, target, known_fields.get(source.upper(), ()), layer, standard)
            if proposal.translation is None:
                proposal = replace(proposal, translation=choose_codes_by_name(layer, source, target, standard))
        proposals.append(proposal)
    by_target = {one.target_field: one for one in proposals}
    for number, proposal in enumerate(proposals):
        target = get_template_field(template, proposal.target_field)
        named = by_target.get(target.code_name or "")
        if target.codes and not proposal.source_field and named is not None and named.source_field:
            # A column of names gives the codes.
            translation = choose_codes_by_name(layer, named.source_field, target, standard)
            if translation is not None:
                proposals[number] = replace(named, target_field=target.name, translation=translation)
    # Names of translated codes come from the target's list; those of the source name other codes.
    translated = {
        get_template_field(template, made_proposal.target_field).code_name
        for made_proposal in proposals
        if made_proposal.translation
    }
    return [
        FieldProposal(made_proposal.target_field) if made_proposal.target_field in translated else made_proposal
        for made_proposal in proposals
    ]


def _match_source_fields(
    layer: SourceLayer, template: Template, standard: Standard, known_fields: dict[str, list[TemplateField]]
) -> dict[str, tuple[str, str]]:
    """Return target field → (source field, what it was recognised by).

    ``known_fields``: field name in capitals → all fields of that name in the standard's templates.
    """
    columns = {field.name: field for field in layer.fields}
    unmatched_sources = dict.fromkeys(columns)
    matched_sources: dict[str, tuple[str, str]] = {}

    def match_unambiguous_pairs(how: str, matches: Any) -> None:
        """Match a template field with a source field if each fits only the other one by this criterion."""
        pairs = [
            (field, source_name)
            for field in template.fields
            if field.name not in matched_sources
            for source_name in unmatched_sources
            if matches(field, source_name)
        ]
        for target, source in pairs:
            if (
                sum(field is target for field, _ in pairs) == 1
                and sum(source_name == source for _, source_name in pairs) == 1
            ):
                matched_sources[target.name] = (source, how)
        for source, _ in matched_sources.values():
            unmatched_sources.pop(source, None)

    match_unambiguous_pairs("name", lambda t, source_name: t.name == source_name)
    match_unambiguous_pairs("name", lambda t, source_name: t.name.upper() == source_name.strip().upper())
    match_unambiguous_pairs("alias", lambda t, source_name: bool(t.alias) and t.alias == source_name.strip())
    match_unambiguous_pairs(
        # A name may end in a broken character where it was truncated.
        "cut",
        lambda t, source_name: re.sub(r"\ufffd+$", "", source_name.strip()).upper() in _list_truncated_names(t),
    )
    keys = {
        source_name: {key for key, words in COLUMN_WORDS.items() if _remove_unit(source_name) in words}
        for source_name in unmatched_sources
    }
    match_unambiguous_pairs("word", lambda t, source_name: keys[source_name] & {t.meaning, f"{template.role} {t.name}"})
    free = [field for field in template.fields if field.name not in matched_sources]
    target_by_source = {
        source_name: _find_abbreviated_field(source_name.strip(), free, layer, source_name)
        for source_name in unmatched_sources
    }
    match_unambiguous_pairs("alias", lambda t, source_name: target_by_source.get(source_name) is t)
    match_unambiguous_pairs(
        "meaning",
        lambda t, source_name: (
            bool(t.meaning) and t.meaning in {field.meaning for field in known_fields.get(source_name.upper(), ())}
        ),
    )
    values = {
        source_name: _collect_distinct_values(layer, source_name)
        for source_name in unmatched_sources
        if columns[source_name].type != "real"
    }
    match_unambiguous_pairs(
        "content", lambda t, source_name: bool(t.codes) and _fits_code_list(values.get(source_name, set()), t, standard)
    )
    return matched_sources


def _find_abbreviated_field(
    name: str, fields: Iterable[TemplateField], layer: SourceLayer, source: str
) -> TemplateField | None:
    """Return the field with the shortest alias that a name abbreviates; None if several have it.

    Of a code and its name (地类编码, 地类名称), the values of the source decide.
    """
    abbreviated = [field for field in fields if _abbreviates(name, field.alias)]
    # 地类 is the beginning of 地类编码, not part of 耕地类型.
    abbreviated = [field for field in abbreviated if field.alias.startswith(name)] or abbreviated
    shortest = min((len(field.alias) for field in abbreviated), default=0)
    best = [field for field in abbreviated if len(field.alias) == shortest]
    if len(best) > 1:
        values = _collect_distinct_values(layer, source)
        has_words = any(not value.isascii() for value in values)
        best = [field for field in best if field.alias.endswith("名称") == has_words]
        # Survey codes may end in a letter (0201K).
        if not has_words and not all(value[0].isdigit() for value in values):
            best = []
    return best[0] if len(best) == 1 else None


def _abbreviates(name: str, alias: str) -> bool:
    """Return True if a Chinese name has two characters or more, all of them in an alias in that order."""
    rest = iter(alias)
    return len(name) > 1 and not name.isascii() and all(character in rest for character in name)


def make_mapping_from_proposals(role: str, proposals: Iterable[FieldProposal]) -> FieldMapping:
    """Return the mapping of the proposals that have a source."""
    with_source = [proposal for proposal in proposals if proposal.source_field]
    return FieldMapping(
        role,
        source_by_target={proposal.target_field: proposal.source_field for proposal in with_source},
        translation_by_target={
            proposal.target_field: proposal.translation for proposal in with_source if proposal.translation
        },
        unit_by_target={proposal.target_field: proposal.unit for proposal in with_source if proposal.unit},
    )


def find_translation_column(source: CodeList, target: CodeList) -> str:
    """Return the column (``code_…``) of the list ``source`` that has codes of the list ``target``.

    Empty without such a column.
    """
    for name in dict.fromkeys(
        column
        for entry in source.entry_by_code.values()
        for column in entry.other_columns
        if column.startswith("code_")
    ):
        target_codes = {
            part
            for entry in source.entry_by_code.values()
            for part in entry.other_columns.get(name, "").split("|")
            if part
        }
        if target_codes and target_codes <= set(target.entry_by_code):
            return name
    return ""


def find_area_unit(source: str, target: TemplateField) -> str:
    """Return the unit of area other than the target's m² in which a source field's name ends; empty without one."""
    units = SQUARE_METRES.keys() - {"m2"} if target.unit == "m2" else ()
    # 万亩 ends in 亩, too.
    words = sorted(((word, unit) for unit in units for word in FIGURE_UNIT_WORDS[unit]), key=lambda pair: -len(pair[0]))
    name = source.strip().lower().rstrip(")）")
    return next((unit for word, unit in words if re.search(rf"(?<![a-z]){re.escape(word)}$", name)), "")


def _remove_unit(source: str) -> str:
    """Return the name of a source field without a unit of area at its end: 面积 for 面积（亩）."""
    name = source.strip().rstrip(")）")
    words = sorted((word for unit in SQUARE_METRES for word in FIGURE_UNIT_WORDS[unit]), key=len, reverse=True)
    ending = next((word for word in words if name.lower().endswith(word)), "")
    return name[: len(name) - len(ending)].rstrip("(（_ ")


def _list_truncated_names(target: TemplateField) -> set[str]:
    """Return the names into which a shapefile may truncate a field's name or alias."""
    truncated = {target.short.upper()} - {""}
    for name in (target.name, target.alias):
        for codec in ("utf-8", "gbk"):
            encoded_name = name.encode(codec, errors="ignore")
            if len(encoded_name) > SHORT_NAME_BYTES:
                truncated.add(encoded_name[:SHORT_NAME_BYTES].decode(codec, errors="ignore").upper())
    return truncated


def _collect_distinct_values(layer: SourceLayer, name: str) -> set[str]:
    """Return the distinct values of a column, up to the sample size."""
    distinct_texts: set[str] = set()
    for value in layer.frame[name].tolist():
        text = format_cell(value)
        if text:
            distinct_texts.add(text)
        if len(distinct_texts) >= _MAX_SAMPLED_VALUES:
            break
    return distinct_texts


def _compute_code_share(values: set[str], codes: CodeList, pad: int) -> float:
    """Return the share of values (0–1) that are codes of a list; 0 without values."""
    return (
        sum(trim_code_padding(value, pad) in codes.entry_by_code for value in values) / len(values) if values else 0.0
    )


def _fits_code_list(values: set[str], target: TemplateField, standard: Standard) -> bool:
    """Return True if values are codes of the target's list, or of a translatable list."""
    # A single value, or values of one or two digits, are ambiguous.
    if sum(len(value) > 2 for value in values) < 2:
        return False
    candidate_lists = [
        standard.code_lists[target.codes],
        *(standard.code_lists[one.list_id] for one in find_possible_code_translations(target, standard)),
    ]
    return any(_compute_code_share(values, codes, target.code_pad) >= _MIN_CONTENT_SHARE for codes in candidate_lists)


def find_possible_code_translations(target: TemplateField, standard: Standard) -> list[CodeTranslation]:
    """Return the standard's code lists that can translate codes of a source into those of a target field.

    A list can do this if one of its columns has codes of the field's code list.
    """
    if not target.codes:
        return []
    others = {name: codes for name, codes in standard.code_lists.items() if name != target.codes}
    columns = {
        name: find_translation_column(codes, standard.code_lists[target.codes]) for name, codes in others.items()
    }
    return [CodeTranslation(name, column) for name, column in columns.items() if column]


def find_codes_by_name(text: str, codes: CodeList) -> tuple[str, ...]:
    """Return the codes whose name is a text; without any, those whose names contain it, are part of it, or are longer.

    A longer name has all its characters in their order, such as 城镇弹性发展区 for 弹性区.
    """
    names = {code: entry.name for code, entry in codes.entry_by_code.items() if entry.name}
    equal = tuple(code for code, name in names.items() if name == text)
    parts = tuple(code for code, name in names.items() if name in text or (len(text) > 1 and text in name))
    return equal or parts or tuple(code for code, name in names.items() if _abbreviates(text, name))


def choose_codes_by_name(
    layer: SourceLayer, source: str, target: TemplateField, standard: Standard
) -> CodeTranslation | None:
    """Return the choice of a code for each value that is the name of exactly one code; None without such values."""
    codes = standard.code_lists[target.codes]
    values = _collect_distinct_values(layer, source)
    names = [value for value in sorted(values) if trim_code_padding(value, target.code_pad) not in codes.entry_by_code]
    found = {name: find_codes_by_name(name, codes) for name in names}
    choices = {
        name: found_codes[0]
        for name, found_codes in found.items()
        if len(found_codes) == 1 and codes.entry_by_code[found_codes[0]].name == name
    }
    return CodeTranslation(chosen_code_by_source=choices) if choices else None


def _add_code_translation(
    proposal: FieldProposal,
    target: TemplateField,
    known_fields: Iterable[TemplateField],
    layer: SourceLayer,
    standard: Standard,
) -> FieldProposal:
    """Add a translation if the source's codes are not of the target's list.

    A list known for the source field's name decides; otherwise the values do. If the values fit both lists, the
    proposal gets a doubt.
    """
    lists = standard.code_lists
    target_codes = lists[target.codes]
    translations = find_possible_code_translations(target, standard)
    code_list_ids = {known_field.codes for known_field in known_fields if known_field.codes}
    if target.codes in code_list_ids or not translations:
        return proposal
    for translation in sorted(translations, key=lambda one: one.list_id):
        if translation.list_id in code_list_ids:
            return replace(proposal, translation=translation)
    values = _collect_distinct_values(layer, proposal.source_field)
    target_share = _compute_code_share(values, target_codes, target.code_pad)
    for translation in translations:
        list_share = _compute_code_share(values, lists[translation.list_id], target.code_pad)
        if list_share > target_share:
            return replace(proposal, translation=translation)
        if list_share == target_share and list_share > 0:
            return replace(proposal, doubt_reason="list_unsure")
    return proposal
