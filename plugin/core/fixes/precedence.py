# SPDX-License-Identifier: GPL-2.0-or-later
"""The statutory precedence of the three control lines."""

from __future__ import annotations

from ..base.errors import InputError
from ..model.findings import Finding
from .edits import FixRefused
from .state import EditingState, Row

#: The three lines: an earlier one stays, a later one gives way.
PRECEDENCE = ("farmland", "red_line", "boundary")


def parse_order(text: str) -> tuple[str, ...]:
    """Return the three control lines in the order of a text such as ``farmland,red_line,boundary``.

    An empty text gives the statutory order. Raise InputError unless the text names each of the three lines once.
    """
    order = tuple(one.strip().lower() for one in text.replace("，", ",").split(",") if one.strip())
    if order and sorted(order) != sorted(PRECEDENCE):
        raise InputError("fix_order", text=text, known=",".join(PRECEDENCE))
    return order or PRECEDENCE


def find_staying_and_yielding_row(finding: Finding, state: EditingState, order: str = "") -> tuple[Row, Row]:
    """Return the row that stays and the row that is cut back, for a finding on two control lines.

    ``order``: as for `parse_order`. Raise FixRefused if the layer of the row to be cut is sealed.
    """
    row, related_row = state.get_finding_row(finding), state.get_related_row(finding)
    yielding_role, _staying_role = find_yielding_role(finding, state, order)
    return (related_row, row) if row.role == yielding_role else (row, related_row)


def find_yielding_role(finding: Finding, state: EditingState, order: str = "") -> tuple[str, str]:
    """Return the role that is cut back and the role that stays, for a finding on two control lines.

    ``order``: as for `parse_order`. Raise FixRefused if the layer to be cut is sealed.
    """
    lines = parse_order(order)
    ranks = {role: rank for rank, line in enumerate(lines) for role in state.plan.list_roles_of_concept(line)}
    if ranks[finding.role] < ranks[finding.related_role]:
        stays, yields = finding.role, finding.related_role
    else:
        stays, yields = finding.related_role, finding.role
    if state.is_sealed(yields):
        if state.is_sealed(stays):
            raise FixRefused("both_sealed", role=yields, other_role=stays)
        raise FixRefused("sealed", role=yields)
    return yields, stays
