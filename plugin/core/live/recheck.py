# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of a changed row, and which earlier findings that replaces."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.findings import Finding
from .place import Bounds

#: What tells a row: its layer's role, its key, and its feature id where the key is missing or repeated.
Name = tuple[str, str, int | None]


@dataclass
class Recheck:
    """What is to be said of a changed row now. ``found``: its findings; `replaces` tells which earlier ones they replace.

    ``names``: the row before and after the change; ``touched``: rows of all layers where it changed; ``where``: the box
    of the change (xmin, ymin, xmax, ymax in the plan's plane), None when no shape changed; ``codes``: the rules asked.
    """

    names: frozenset[Name]
    touched: frozenset[Name]
    where: Bounds | None
    codes: frozenset[str]
    found: list[Finding] = field(default_factory=list)
    #: Rules that could not look at all of it: what was found before is then neither confirmed nor ended.
    failed: tuple[str, ...] = ()

    def replaces(self, finding: Finding) -> bool:
        """Is this earlier finding one that the change may have ended or altered?"""
        if finding.code not in self.codes:
            return False
        own = (finding.role, finding.key, finding.params.get("fid"))
        fid = finding.params.get("related_fid")
        related = {(finding.related_role, key, fid) for key in finding.related_keys}
        nobodys = not finding.key and own[2] is None
        # Between two rows: nothing changed where they meet unless the other was touched too.
        if own in self.names:
            return not related or bool(related & (self.touched | self.names))
        if related & self.names:
            return nobodys or own in self.touched
        # What no row of a layer covers: the changed one may do so now, or no longer.
        roles = {role for role, _, _ in self.names}
        if not related:
            return finding.related_role in roles and own in self.touched
        return finding.role in roles and nobodys and bool(related & self.touched)
