# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of the rows of a layer, for the program that writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..plan.layer import SourceLayer
from ..standard.template import TemplateField

#: The shape of a row of which only values change.
UNCHANGED = ...


@dataclass
class LayerChanges:
    """All changes of one layer.

    ``changed``: feature id → new shape as stored (None for no shape, or `UNCHANGED`) and new values by column.
    ``added``: new feature id → id of the row as read from which the new row came, its shape, and the values that differ
    from that row's. ``deleted``: feature ids. ``new_fields``: fields that are added.
    """

    role: str
    source: SourceLayer
    changed: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    added: dict[int, tuple[int, Any, dict[str, Any]]] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    new_fields: tuple[TemplateField, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.deleted or self.new_fields)
