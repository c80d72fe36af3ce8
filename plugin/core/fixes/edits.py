# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits that a fix asks for, and the reason if a fix refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..base.errors import KeyedError
from ..exchange.edited_copy import UNCHANGED
from ..standard.profile import Norm
from ..standard.profile.norm import is_sealed_or_supplied


class FixRefused(KeyedError):
    """Raised if a fix does not apply to a finding.

    ``key``: the reason, in the section ``fix_reasons`` of the texts.
    """


@dataclass(frozen=True)
class RowEdit:
    """The change of one row.

    ``role``, ``fid``: layer code and feature id; a new row has an id that no row of the layer has. ``shape``: the new
    shape in the layer's coordinates, None for no shape, `UNCHANGED` if only attributes change. ``attributes``: new
    values by field name. ``is_new``, ``is_deleted``: the row is added or removed. ``attribute_source_fid``: for a new
    row, the id of the row from which it takes its other attributes. ``is_part``: the new row is a further part of the
    feature of that row, so that its land does not leave the feature.
    """

    role: str
    fid: int
    shape: Any = UNCHANGED
    attributes: dict[str, Any] = field(default_factory=dict)
    is_new: bool = False
    is_deleted: bool = False
    attribute_source_fid: int | None = None
    is_part: bool = False


@dataclass(frozen=True)
class NewField:
    """A field that a layer lacks and that its template has."""

    role: str
    name: str


@dataclass(frozen=True)
class WindowEdit:
    """A window (开天窗) that edits open.

    ``role``, ``key``: layer code and key of the feature in which the window is; ``filler_role``, ``filler_key``: those
    of the control line inside it; ``shape``: the hole, a polygon of the plane.
    """

    role: str
    key: str
    filler_role: str
    filler_key: str
    shape: Any


@dataclass
class Edits:
    """All edits of one fix, and the parameters of its message.

    ``case``, ``params``: the message of the fix. ``review_reasons``: keys of the texts (section ``fix_doubts``) on what
    a person must decide before the edits are applied. ``keeps_union``: the edited rows together cover the same land as
    before. ``windows``: windows that the edits open.
    """

    rows: list[RowEdit] = field(default_factory=list)
    new_fields: list[NewField] = field(default_factory=list)
    case: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    review_reasons: list[str] = field(default_factory=list)
    keeps_union: bool = False
    windows: list[WindowEdit] = field(default_factory=list)

    def __iter__(self) -> Iterator[RowEdit]:
        return iter(self.rows)

    @property
    def roles(self) -> frozenset[str]:
        """Return the codes of the layers that change."""
        return frozenset([edit.role for edit in self.rows] + [new.role for new in self.new_fields])

    def select_checked_edits(self, fields_added_before: Mapping[str, tuple[str, ...]]) -> Edits:
        """Return the edits that the live check reads: without rows that only get values of new fields.

        The live check reads no new field, so these rows are unchanged for it; there may be as many as the layer has
        rows. ``fields_added_before``: layer code → names of the fields that earlier edits added.
        """
        new_field_names = {(role, name) for role, names in fields_added_before.items() for name in names}
        new_field_names |= {(new.role, new.name) for new in self.new_fields}
        return replace(
            self,
            rows=[
                edit
                for edit in self.rows
                if edit.is_new
                or edit.is_deleted
                or edit.shape is not UNCHANGED
                or not edit.attributes
                or any((edit.role, name) not in new_field_names for name in edit.attributes)
            ],
        )


def is_same_shape(shape: Any, other: Any) -> bool:
    """Return True for two shapes with identical vertices, two missing shapes, or two unchanged ones."""
    if shape is other:
        return True
    if shape is None or other is None or UNCHANGED in (shape, other):
        return False
    return bool(shape.equals_exact(other, 0.0))


def require_unsealed(roles: Iterable[str], norm: Norm, documents: Mapping[str, str]) -> None:
    """Raise FixRefused if a layer is sealed and no document allows its change.

    ``documents``: layer code → number of the document that allows the change (批准文号).
    """
    for role in sorted(roles):
        if is_sealed_or_supplied(role, norm) and not documents.get(role, "").strip():
            raise FixRefused("sealed", role=role)
