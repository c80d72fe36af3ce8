# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer of anybody's into a template: which field goes where (proposed, edited, saved, reused), codes translated from
one list to another, and a table of everything that could not be carried. Every row is kept."""

from .apply_mapping import ValueConverter, apply_mapping, source_names
from .files import load_mapping, to_toml
from .model import MappedRows, Mapping, MappingLoss, Proposal, Translation, template_field
from .proposals import mapping_from_proposals, propose_mapping, translation_column

__all__ = [
    "MappedRows",
    "Mapping",
    "MappingLoss",
    "Proposal",
    "Translation",
    "ValueConverter",
    "apply_mapping",
    "load_mapping",
    "mapping_from_proposals",
    "propose_mapping",
    "source_names",
    "template_field",
    "to_toml",
    "translation_column",
]
