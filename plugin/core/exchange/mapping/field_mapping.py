# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of a field mapping: the mapping, proposals, converted rows and losses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base.invariants import require_value
from ...standard.template import Template, TemplateField

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class CodeTranslation:
    """How codes of one list become codes of the target field's list.

    ``list_id``: id of the source list; its ``target_column`` has the target codes, several separated by ``|``.
    ``chosen_code_by_source``: source code → target code, a person's decision for codes with several equivalents or
    outside the list.
    """

    list_id: str = ""
    target_column: str = ""
    chosen_code_by_source: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldMapping:
    """How the fields of a template are filled from a layer.

    ``source_by_target``: target field → source field. ``constant_by_target``: target field → value for all rows.
    ``translation_by_target``: target field → translation of codes.
    """

    role: str
    source_by_target: dict[str, str] = field(default_factory=dict)
    constant_by_target: dict[str, Any] = field(default_factory=dict)
    translation_by_target: dict[str, CodeTranslation] = field(default_factory=dict)
    path: Path | None = None


@dataclass(frozen=True)
class FieldProposal:
    """The proposed source of one target field.

    ``matched_by``: what the source was recognised by: ``name``, ``cut`` (name truncated to 10 bytes), ``alias``,
    ``meaning`` (the source is the name of that meaning in another layer), ``content``, or empty without a source.
    ``doubt_reason``: text key of a doubt about the translation, empty without one.
    """

    target_field: str
    source_field: str = ""
    matched_by: str = ""
    translation: CodeTranslation | None = None
    doubt_reason: str = ""


@dataclass(frozen=True)
class MappingLoss:
    """One value that was changed or lost.

    ``fid``: feature id, None if the loss concerns the whole field. ``is_carried_over``: the value was changed but is in
    the result. ``params`` fill the text ``mapping.<reason>``.
    """

    fid: int | None
    key: str
    target_field: str
    source_field: str
    value: str
    reason: str
    is_carried_over: bool = False
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MappedRows:
    """Converted rows, changed or lost values, and fields without a counterpart.

    ``unmapped_fields``: source fields that no target uses; ``unfilled_fields``: target fields without a source.
    """

    frame: gpd.GeoDataFrame
    losses: list[MappingLoss]
    unmapped_fields: list[str]
    unfilled_fields: list[str]


def get_template_field(template: Template, name: str) -> TemplateField:
    """Return the field of a template that a valid mapping names."""
    return require_value(template.find_field_by_name(name), f"field {name} of {template.role}")


def drop_personal_data(mapped: MappedRows, template: Template) -> MappedRows:
    """Return mapped rows without personal data (个人信息): the fields remain, as the standard requires, but are empty.

    Names of fields are compared ignoring case.
    """
    personal_names = {one.name.upper() for one in template.personal_fields}
    frame = mapped.frame.copy()
    for column in frame.columns:
        if str(column).upper() in personal_names:
            frame[column] = None
    losses = [
        replace(loss, value="") if loss.target_field.upper() in personal_names else loss for loss in mapped.losses
    ]
    return replace(mapped, frame=frame, losses=losses)
