# SPDX-License-Identifier: GPL-2.0-or-later
"""A mapping as a file that a person can read, edit and reuse."""

from __future__ import annotations

from pathlib import Path

from ...base.errors import DataError
from ...base.files.data import check_keys, check_known, read_record, read_toml
from ...base.files.json_text import encode_json
from ...engine.context import trim_code_padding
from ...model.indicator import SQUARE_METRES
from ...standard import Standard
from ...standard.template import Template
from .apply_mapping import CodeTranslation, FieldMapping, ValueConverter, get_template_field


def load_mapping(path: str | Path, template: Template, standard: Standard) -> FieldMapping:
    """Read a saved mapping for this template from a TOML file.

    Raise DataError, with file and key, for invalid TOML, an unknown key, a field that the template lacks, a field
    filled twice, and an unknown code list or code; InputError if the file may not be read.
    """
    path = Path(path)
    mapping = read_record(FieldMapping, read_toml(path), file=path, given={"path": path})
    check_known(mapping.role, (template.role,), path, "role")
    fields, constants, translations = (
        mapping.source_by_target,
        mapping.constant_by_target,
        mapping.translation_by_target,
    )
    computed = dict.fromkeys(mapping.computed_targets)
    for section, part in (
        ("fields", fields),
        ("constants", constants),
        ("codes", translations),
        ("computed", computed),
    ):
        check_keys(part, required=(), allowed=[f.name for f in template.fields], file=path, where=section)
    for target in fields:
        if target in constants:
            raise DataError("data_duplicate", file=str(path), key=f"constants.{target}", value=target)
    for target, value in constants.items():
        _, reason, params = ValueConverter(get_template_field(template, target), standard, None)(value)
        if reason:
            raise DataError("mapping_constant", file=str(path), key=f"constants.{target}", value=str(value), **params)
    area_fields = [f.name for f in template.fields if f.unit == "m2" and f.name in fields]
    check_keys(mapping.unit_by_target, required=(), allowed=area_fields, file=path, where="units")
    for target, unit in mapping.unit_by_target.items():
        check_known(unit, SQUARE_METRES, path, f"units.{target}")
    for target, translation in translations.items():
        _check_translation(translation, target, mapping, template, standard)
        pad = get_template_field(template, target).code_pad
        for code, chosen_code in translation.chosen_code_by_source.items():
            translation.chosen_code_by_source[code] = trim_code_padding(chosen_code, pad)
    return mapping


def _check_translation(
    translation: CodeTranslation, target: str, mapping: FieldMapping, template: Template, standard: Standard
) -> None:
    """Raise DataError for an error in the table ``[codes.<target>]`` of a mapping file."""
    path, section = mapping.path or Path(), f"codes.{target}"
    target_field = get_template_field(template, target)
    if target not in mapping.source_by_target or not target_field.codes:
        known_names = ", ".join(f.name for f in template.fields if f.codes and f.name in mapping.source_by_target)
        raise DataError("data_value_unknown", file=str(path), key="codes", value=target, known=known_names)
    name, column = translation.list_id, translation.target_column
    lists = standard.code_lists
    if bool(name) != bool(column):
        raise DataError("data_key_missing", file=str(path), key=f"{section}.{'column' if name else 'list'}")
    if name:
        check_known(name, sorted(lists), path, f"{section}.list")
        columns = {k for c in lists[name].entry_by_code.values() for k in c.other_columns}
        check_known(column, sorted(columns), path, f"{section}.column")
    for code, chosen_code in translation.chosen_code_by_source.items():
        key = f"{section}.choices.{code}"
        if trim_code_padding(chosen_code, target_field.code_pad) not in lists[target_field.codes].entry_by_code:
            raise DataError("mapping_choice", file=str(path), key=key, value=chosen_code, list=target_field.codes)


def format_mapping_as_toml(mapping: FieldMapping, template: Template) -> str:
    """Return the mapping as text of a file that a person can edit and `load_mapping` reads."""
    lines = [
        "# 字段映射 · field mapping: 目标字段 target = 源字段 source",
        f"role = {encode_json(mapping.role)}",
        *([f"computed = {encode_json(list(mapping.computed_targets))}"] if mapping.computed_targets else ()),
        "",
        "[fields]",
    ]
    for target in template.fields:
        if target.name in mapping.source_by_target:
            lines.append(f"{target.name} = {encode_json(mapping.source_by_target[target.name])}  # {target.alias}")
        elif target.name not in mapping.constant_by_target:
            lines.append(f'# {target.name} = ""  # {target.alias}')
    lines += ["", "# 固定值 · the same value for every row", "[constants]"]
    lines += [
        f"{name} = {value if isinstance(value, int | float) else encode_json(str(value))}"
        for name, value in mapping.constant_by_target.items()
    ]
    lines += ["", "# 面积单位，换算为平方米 · units of areas that are converted to square metres", "[units]"]
    lines += [f"{name} = {encode_json(unit)}" for name, unit in mapping.unit_by_target.items()]
    for name, translation in mapping.translation_by_target.items():
        lines += ["", f"[codes.{name}]"]
        if translation.list_id:
            lines += [
                f"list = {encode_json(translation.list_id)}",
                f"column = {encode_json(translation.target_column)}",
            ]
        lines += ["", "# 一对多的代码由人决定 · for codes that may become several: 源代码 source = 目标代码 target"]
        lines.append(f"[codes.{name}.choices]")
        lines += [
            f"{encode_json(code)} = {encode_json(chosen_code)}"
            for code, chosen_code in translation.chosen_code_by_source.items()
        ]
    return "\n".join(lines) + "\n"
