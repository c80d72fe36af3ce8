# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer of anybody's into a template: which field goes where (proposed, edited, saved, reused), codes translated from
one list to another, and a table of everything that could not be carried. Every row is kept."""

from .carry import Carrier, apply, source_names
from .files import load_mapping, to_toml
from .model import Loss, Mapped, Mapping, Proposal, Translation, template_field
from .proposals import from_proposals, propose, translation_column

__all__ = [
    "Carrier",
    "Loss",
    "Mapped",
    "Mapping",
    "Proposal",
    "Translation",
    "apply",
    "from_proposals",
    "load_mapping",
    "propose",
    "source_names",
    "template_field",
    "to_toml",
    "translation_column",
]
