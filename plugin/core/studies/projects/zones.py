# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge a project against the planning zones (规划分区与准入)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer
from ...standard.messages.texts import Message
from ...standard.template import CodeList
from .admission import AdmissionTable
from .line_parts import read_codes
from .lines import is_rest_sliver, judge_rule
from .occupied import LayerOverlay
from .review_sentences import Condition
from .reviewed_project import SECTION, Admission, LazyShape, Outcome, Project, ZoneItem


class ZoneJudge:
    """Judges projects against the planning zones.

    ``farmland_zones``: codes of zones of 永久基本农田, in which a project with an approving document is 有条件.
    """

    def __init__(
        self,
        overlay: LayerOverlay | None,
        codes: CodeList | None,
        table: AdmissionTable,
        tolerance: Tolerance,
        farmland_zones: tuple[str, ...],
    ):
        self.farmland_zones = farmland_zones
        self.overlay, self.codes, self.table, self.tolerance = overlay, codes, table, tolerance
        self._zone_of_row, self._name_of_row = _read_zones(overlay.layer) if overlay else ([], [])

    def judge(self, number: int, project: Project, uses: Sequence[str]) -> tuple[ZoneItem, ...]:
        """Return an item for each zone of a project, the largest first, and one for land without a zone."""
        if self.overlay is None or number in self.overlay.failed:
            problem = "zones_absent" if self.overlay is None else "zones_failed"
            return (
                self._make_item("", "", project, project.statutory_m2, uses, problem, LazyShape(lambda: project.shape)),
            )
        pieces = self.overlay.get_pieces(number)
        items = []
        codes = np.array([self._zone_of_row[row] for row in pieces.rows.tolist()], dtype=object)
        for code in dict.fromkeys(codes.tolist()):
            group = pieces.select(codes == code)
            if group.is_sliver(self.tolerance):
                continue
            name = self._name_of_row[int(group.rows[0])]
            land = LazyShape(partial(group.unite, self.tolerance))
            items.append(self._make_item(code, name, project, group.total_m2, uses, "", land))
        items.sort(key=lambda item: -item.area_m2)
        if not len(pieces.rows) or not is_rest_sliver(pieces, project, self.tolerance):
            area = max(project.statutory_m2 - pieces.total_m2, 0.0)
            land = pieces.unite(self.tolerance)
            rest = LazyShape(lambda: project.shape if land is None else shapely.difference(project.shape, land))
            items.append(self._make_item("", "", project, area, uses, "outside_zones", rest))
        return tuple(items)

    def _make_item(
        self,
        code: str,
        name: str,
        project: Project,
        area_m2: float,
        uses: Sequence[str],
        problem: str,
        land: LazyShape,
    ) -> ZoneItem:
        """Return the item of a zone. ``problem``: key of the reason why nothing can be judged, empty if it can."""
        chain = self.codes.list_code_and_parents(code) if self.codes else ()
        entries = self.codes.entry_by_code if self.codes else {}
        rule = None if problem or not uses else self.table.find_rule(chain or (code,), uses)
        key = problem or ("no_use" if not uses else "no_rule" if rule is None else str(rule.outcome))
        name = name or (entries[code].name if code in entries else code)
        params: dict[str, Any] = {"zone": name, "use": f"{project.use_name}（{project.use_code}）"}
        if rule is not None:
            params |= {"condition": Condition(rule), "approval": project.approval}
        outcome = judge_rule(rule)
        if outcome is Outcome.FAILS and project.approval and set(chain) & set(self.farmland_zones):
            key, outcome = "approved", Outcome.CONDITIONAL
        return ZoneItem(
            code,
            name,
            entries[chain[1]].name if len(chain) > 1 else "",
            area_m2,
            project.use_code,
            project.use_name,
            rule.outcome if rule else Admission.UNDETERMINED,
            outcome,
            Message(SECTION, f"zone_{key}", params),
            rule,
            land,
        )


def group_zone_rows(layer: Layer) -> NDArray:
    """Return (n,) groups of the rows of zones, one for each zone."""
    return np.unique(np.array(_read_zones(layer)[0], dtype=object), return_inverse=True)[1]


def _read_zones(layer: Layer) -> tuple[list[str], list[str]]:
    """Return code and name of the zone of each row."""
    return read_codes(layer, "zone_code"), layer.text("zone_name")
