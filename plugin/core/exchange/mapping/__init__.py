# SPDX-License-Identifier: GPL-2.0-or-later
"""Map the rows of any layer to the fields of a template.

A mapping names the source of each field (proposed, edited, saved, reused) and translates codes from one list to
another. Every row is retained; values that cannot be converted are listed.
"""

from .apply_mapping import (
    CodeTranslation,
    FieldMapping,
    FieldProposal,
    MappedRows,
    MappingLoss,
    ValueConverter,
    apply_mapping,
    drop_personal_data,
    find_source_names,
    get_template_field,
)
from .files import format_mapping_as_toml, load_mapping
from .proposals import find_translation_column, make_mapping_from_proposals, propose_mapping

__all__ = [
    "CodeTranslation",
    "FieldMapping",
    "FieldProposal",
    "MappedRows",
    "MappingLoss",
    "ValueConverter",
    "apply_mapping",
    "drop_personal_data",
    "find_source_names",
    "find_translation_column",
    "format_mapping_as_toml",
    "get_template_field",
    "load_mapping",
    "make_mapping_from_proposals",
    "propose_mapping",
]
