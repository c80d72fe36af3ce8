# SPDX-License-Identifier: GPL-2.0-or-later
"""Take over a draft: shapes that a study proposes for a layer are judged and applied like the edits of a fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..model.findings import Finding
from .choices import FixChoice, make_choice
from .edits import Edits, FixRefused, RowEdit
from .fix_declaration import Fix, Safety
from .proposal import Refusal
from .shapes import divide_row
from .state import EditingState


class DraftChange(NamedTuple):
    """Land of a draft that leaves or comes: reason, township and land use as text; ``figure``: what it leads to.

    ``area_m2`` is negative for land that leaves; ``wkb``: its shape in the plane.
    """

    reason: str
    township: str
    land_use: str
    area_m2: float
    figure: str
    wkb: bytes


@dataclass(frozen=True)
class LayerDraft:
    """Shapes of the plane that replace those of a layer's features.

    ``shapes_by_fid``: feature id → its polygons, the first of which keeps the key; none removes the feature.
    ``params``: those of the message of `DRAFT_FIXES`; ``changes``: the land that leaves or comes, in steps.
    """

    role: str
    shapes_by_fid: Mapping[int, Sequence[Any]]
    params: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[DraftChange] = ()


def take_over_draft(_finding: Finding, *, state: EditingState, draft: LayerDraft) -> Edits:
    """Return the edits that give the features of a layer the shapes of a draft. Area fields follow."""
    rows: list[RowEdit] = []
    for fid, shapes in draft.shapes_by_fid.items():
        if shapes:
            rows += divide_row(state, state.get_row(draft.role, fid), list(shapes), keeps_sums=False)
        else:
            rows.append(RowEdit(draft.role, fid, is_deleted=True))
    return Edits(rows, params=dict(draft.params))


_MESSAGE = (
    "{count} pieces: give back {given}, take in {taken}; {after} remain, N1 {ratio_before} → {ratio_after}. {distance}"
)
#: Preference of a proposed boundary → the fix that takes over its draft. No finding asks for it.
DRAFT_FIXES = {
    preference: Fix(
        f"DRAFT_{preference}", f"draft-{preference}", title, {}, Safety.NEVER, {"": _MESSAGE}, (), take_over_draft, ()
    )
    for preference, title in (("area", "Least area"), ("parcels", "Fewest parcels"), ("compact", "Most compact"))
}


def make_draft_choice(state: EditingState, preference: str, draft: LayerDraft) -> FixChoice:
    """Return a draft as a judged proposal, or why it cannot be taken over."""
    return make_choice(state, DRAFT_FIXES[preference], Finding(draft.role), {"draft": draft})


def refuse_draft(preference: str, role: str, reason: str = "") -> FixChoice:
    """Return a choice without a draft: why as a sentence; by default, a layer was edited since the check."""
    refused = FixRefused("no_draft", reason=reason) if reason else FixRefused("draft_of_edited")
    fix = DRAFT_FIXES[preference]
    return FixChoice(fix, None, Refusal(Finding(role), refused.key, refused.params, fix.code))
