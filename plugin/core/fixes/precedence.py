# SPDX-License-Identifier: GPL-2.0-or-later
"""The statutory precedence of the three control lines."""

from __future__ import annotations

from ..model.findings import Finding
from .edits import FixRefused
from .state import EditingState, Row

#: The three lines: an earlier one stays, a later one gives way.
PRECEDENCE = ("farmland", "red_line", "boundary")


def find_sides(finding: Finding, state: EditingState) -> tuple[Row, Row]:
    """Return the row that stays and the row that gives way, of a finding on two control lines.

    Raise FixRefused if the one that gives way is sealed.
    """
    row, related = state.get_finding_row(finding), state.get_related_row(finding)
    ranks = {
        role: rank for rank, concept in enumerate(PRECEDENCE) for role in state.plan.list_roles_of_concept(concept)
    }
    stays, yields = (row, related) if ranks[row.role] < ranks[related.role] else (related, row)
    if state.is_sealed(yields.role):
        if state.is_sealed(stays.role):
            raise FixRefused("both_sealed", role=yields.role, other_role=stays.role)
        raise FixRefused("sealed", role=yields.role)
    return stays, yields
