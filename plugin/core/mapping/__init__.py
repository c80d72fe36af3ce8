# SPDX-License-Identifier: GPL-2.0-or-later
"""Map the rows of any layer to the fields of a template.

A mapping names the source of each field (proposed, edited, saved, reused) and translates codes from one list to
another. Every row is retained; values that cannot be converted are listed.
"""

from .apply_mapping import ValueConverter, apply_mapping, find_source_names
from .files import load_mapping, to_toml
from .model import MappedRows, Mapping, MappingLoss, Proposal, Translation, template_field
from .proposals import find_translation_column, mapping_from_proposals, propose_mapping

__all__ = [
    "MappedRows",
    "Mapping",
    "MappingLoss",
    "Proposal",
    "Translation",
    "ValueConverter",
    "apply_mapping",
    "find_source_names",
    "find_translation_column",
    "load_mapping",
    "mapping_from_proposals",
    "propose_mapping",
    "template_field",
    "to_toml",
]
