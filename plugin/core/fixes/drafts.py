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
from .shapes import divide_row, make_new_row
from .state import EditingState
from .zone_land import ZoneLand, move_land_into_zones


class DraftChange(NamedTuple):
    """Land of a draft that leaves or comes: reason, township and land use as text; ``figure``: what it leads to.

    ``area_m2`` is negative for land that leaves; ``wkb``: its shape in the plane; ``key``: key (BSM) of its feature;
    ``number``: that of its row in the tables of the study, 0 if they do not list it.
    """

    reason: str
    township: str
    land_use: str
    area_m2: float
    figure: str
    wkb: bytes
    key: str = ""
    number: int = 0


class NewRow(NamedTuple):
    """A row that a draft adds: polygon of the plane, values by field name; others are those of the row ``like_fid``."""

    shape: Any
    values: Mapping[str, Any]
    like_fid: int


@dataclass(frozen=True)
class LayerDraft:
    """Shapes of the plane that replace those of a layer's features, and new features.

    ``shapes_by_fid``: feature id → its polygons, the first of which keeps the key; none removes the feature.
    """

    role: str
    shapes_by_fid: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    new_rows: Sequence[NewRow] = ()


@dataclass(frozen=True)
class Draft:
    """What a study proposes: changes of layers that are applied together.

    ``zone_lands``: land that moves between planning zones; ``params``: those of the message of `DRAFT_FIXES`;
    ``changes``: the land that leaves or comes, in steps; ``notes``: sentences on what the draft does not decide;
    ``study``: the tables of the study (`core.studies.proposals.proposal_tables.ProposalTables`).
    """

    layers: Sequence[LayerDraft]
    params: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[DraftChange] = ()
    zone_lands: Sequence[ZoneLand] = ()
    notes: Sequence[str] = ()
    study: Any = None


def take_over_draft(_finding: Finding, *, state: EditingState, draft: Draft) -> Edits:
    """Return the edits that give the features of layers the shapes of a draft, and add its rows. Area fields follow."""
    rows: list[RowEdit] = []
    for layer in draft.layers:
        for fid, shapes in layer.shapes_by_fid.items():
            if shapes:
                rows += divide_row(state, state.get_row(layer.role, fid), list(shapes), keeps_sums=False)
            else:
                rows.append(RowEdit(layer.role, fid, is_deleted=True))
        for shape, values, like_fid in layer.new_rows:
            like = state.get_row(layer.role, like_fid)
            state.require_geometry_in_plane(like, may_have_arcs=True)
            rows.append(make_new_row(state, like, shape, values, is_part=False))
    if draft.zone_lands:
        rows += move_land_into_zones(state, draft.zone_lands).rows
    return Edits(rows, params=dict(draft.params))


_BOUNDARY = (
    "{count} pieces: give back {given}, take in {taken}, repeated parts {repeated}; {after} remain, "
    "N1 {ratio_before} → {ratio_after}. {distance}"
)
_SUPPLEMENT = "{summary}"
#: Preference of a proposal → the fix that takes over its draft. No finding asks for it.
DRAFT_FIXES = {
    preference: Fix(
        f"DRAFT_{preference}", f"draft-{preference}", title, {}, Safety.NEVER, {"": message}, (), take_over_draft, ()
    )
    for message, preferences in (
        (_BOUNDARY, {"area": "Least area", "parcels": "Fewest parcels", "compact": "Most compact"}),
        (
            _SUPPLEMENT,
            {"contiguous": "Contiguous", "quality": "Best quality", "near": "Nearest", "others": "Other parcels"},
        ),
    )
    for preference, title in preferences.items()
}


def make_draft_choice(state: EditingState, preference: str, draft: Draft) -> FixChoice:
    """Return a draft as a judged proposal, or why it cannot be taken over."""
    return make_choice(state, DRAFT_FIXES[preference], Finding(draft.layers[0].role), {"draft": draft})


def refuse_draft(preference: str, role: str, reason: str | FixRefused = "") -> FixChoice:
    """Return a choice without a draft, and why; by default, a layer was edited since the check."""
    if not isinstance(reason, FixRefused):
        reason = FixRefused("no_draft", reason=reason) if reason else FixRefused("draft_of_edited")
    fix = DRAFT_FIXES[preference]
    return FixChoice(fix, None, Refusal(Finding(role), reason.key, reason.params, fix.code))
