# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge a project against the control lines (控制线审查) and the planning zones (规划分区与准入)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import require_value
from ...geometry.tolerance import Tolerance
from ...standard.messages.texts import Message, MessageList, NameList, format_number
from ...standard.template import CodeList
from .occupied import LayerOverlay, ProjectPieces, unite_shapes
from .review_sentences import INSIDE, OUTSIDE, PARTLY, Area, Condition, count_loose_parts, count_outcome
from .review_settings import PARTS_BOUNDARY, AdmissionTable, LineSpec, RowParts, read_codes
from .reviewed_project import (
    SECTION,
    Admission,
    AdmissionRule,
    AreaBasis,
    LineItem,
    LinePart,
    Outcome,
    Project,
    ZoneItem,
    find_gravest,
)

_OUTCOME_BY_ADMISSION = {
    Admission.ALLOWED: Outcome.CONFORMS,
    Admission.CONDITIONAL: Outcome.CONDITIONAL,
    Admission.PROHIBITED: Outcome.FAILS,
    Admission.LISTED: Outcome.LISTED,
}
#: Names that a sentence lists.
_MAX_NAMES = 3


def judge_rule(rule: AdmissionRule | None, unconfirmed: Outcome | None = None) -> Outcome:
    """Return the outcome of a row of the admission table: UNDETERMINED without one.

    A row of mark C gives 有条件 at best, or ``unconfirmed`` in any case if that is given.
    """
    if rule is None:
        return Outcome.UNDETERMINED
    outcome = _OUTCOME_BY_ADMISSION[rule.outcome]
    if rule.mark != "C" or outcome is Outcome.LISTED:
        return outcome
    return unconfirmed or (Outcome.CONDITIONAL if outcome is Outcome.CONFORMS else outcome)


@dataclass
class LineJudge:
    """Judges projects against one line with its layer and what they share with it.

    ``role``: code of the layer, that of the standard if it is absent; ``overlay``, ``parts``: None without a usable
    layer, and ``problem`` is then the key of the reason; ``is_declared_absent``: the profile declares that the county
    has none; ``is_counted``, ``is_known`` (n,) bool: rows that belong to the line, and those of which this is
    known; None: all.
    """

    spec: LineSpec
    role: str
    table: AdmissionTable
    tolerance: Tolerance
    overlay: LayerOverlay | None = None
    parts: RowParts | None = None
    problem: str = ""
    is_declared_absent: bool = False
    is_counted: NDArray | None = None
    is_known: NDArray | None = None

    def judge(self, number: int, project: Project, uses: Sequence[str]) -> LineItem:
        """Return the item of a project. ``number``: its number in the overlay; ``uses``: codes of its use."""
        item = self._judge_land(number, project, uses)
        overlay = self.overlay
        if project.loose is None or overlay is None or item.outcome is Outcome.FAILS or item.outside_m2 is not None:
            return item
        loose = shapely.get_parts(project.loose)
        met = np.unique(shapely.STRtree(loose).query(overlay.layer.plane_shapes, predicate="intersects")[1])
        if not len(met):
            return item
        return replace(
            item,
            outcome=Outcome.UNDETERMINED,
            reason=Message(SECTION, "line_loose", {"line": self.spec.name, **count_loose_parts(loose[met])}),
        )

    def _judge_land(self, number: int, project: Project, uses: Sequence[str]) -> LineItem:
        """Return the item on the land of a project."""
        overlay = self.overlay
        if overlay is None:
            if self.is_declared_absent:
                return self._make_item(Outcome.CONFORMS, "declared_absent", area_m2=0.0)
            # A layer that the county has but that cannot be used always counts.
            weight = self.spec.absent
            if weight is Outcome.LISTED and self.problem != "absent":
                weight = Outcome.UNDETERMINED
            return self._make_item(Outcome.UNDETERMINED, self.problem, area_m2=None, is_present=False, weight=weight)
        if number in overlay.failed:
            return self._make_item(Outcome.UNDETERMINED, "overlay_failed", area_m2=None)
        pieces = overlay.get_pieces(number)
        if self.spec.parts == PARTS_BOUNDARY:
            return self._judge_boundary(pieces, project, uses)
        if self.is_counted is not None:
            known = pieces.select(require_value(self.is_known, "the known rows")[pieces.rows])
            pieces = pieces.select(self.is_counted[pieces.rows])
            if pieces.is_sliver(self.tolerance) and not is_rest_sliver(known, project, self.tolerance):
                return self._make_item(Outcome.UNDETERMINED, "unknown", area_m2=None, weight=self.spec.absent)
        if pieces.is_sliver(self.tolerance):
            return self._make_free_item(pieces, project)
        row_parts = require_value(self.parts, "the parts of the line")
        net_of_row = overlay.layer.numbers("net_area") if self.spec.basis is AreaBasis.NET else None
        places = [row_parts.list_places(int(row), uses) for row in pieces.rows]
        parts, touched = [], 0.0
        for place in dict.fromkeys(places):
            group = pieces.select(np.array([one == place for one in places]))
            if group.is_sliver(self.tolerance):
                touched += group.total_m2
                continue
            rule = self.table.find_rule(place, uses)
            outcome = judge_rule(rule, self.spec.unconfirmed)
            if self.spec.needs_approval:
                approved = Outcome.CONDITIONAL if project.approval else Outcome.FAILS
                outcome = Outcome.UNDETERMINED if project.is_doubtful("approval") else approved
            names = tuple(dict.fromkeys(name for row in group.rows.tolist() if (name := str(row_parts.names[row]))))
            parts.append(
                LinePart(
                    str(row_parts.part_of_row[group.rows[0]]),
                    names,
                    group.total_m2,
                    None if net_of_row is None else group.sum_by(net_of_row),
                    outcome,
                    rule,
                    cache(partial(group.unite, self.tolerance)),
                )
            )
        return (
            self._make_occupied_item(parts, touched, project, pieces)
            if parts
            else self._make_free_item(pieces, project)
        )

    def _make_item(self, outcome: Outcome, key: str, *, area_m2: float | None, **more: Any) -> LineItem:
        """Return an item with a reason; ``params`` among ``more`` fill it."""
        return LineItem(
            self.spec.id,
            self.role,
            self.spec.name,
            more.pop("basis", self.spec.basis),
            area_m2,
            more.pop("net_m2", None),
            more.pop("outside_m2", None),
            outcome,
            Message(SECTION, f"line_{key}", {"line": self.spec.name, "role": self.role, **more.pop("params", {})}),
            **more,
        )

    def _make_free_item(self, pieces: ProjectPieces, project: Project) -> LineItem:
        """Return the item of a project without land in the line, with its distance."""
        net = 0.0 if self.spec.basis is AreaBasis.NET else None
        if len(pieces.rows):
            touched = pieces.total_m2
            return self._make_item(
                Outcome.CONFORMS,
                "touched",
                area_m2=0.0,
                net_m2=net,
                distance_m=0.0,
                touched_m2=touched,
                params={"area": Area(touched)},
            )
        overlay = require_value(self.overlay, "the overlay")
        # The distance is that to the nearest row of the layer.
        distance = overlay.distance_from(project.shape) if self.is_counted is None else None
        return self._make_item(
            Outcome.CONFORMS,
            "far" if distance is None else "adjacent" if distance == 0 else "free",
            area_m2=0.0,
            net_m2=net,
            distance_m=distance,
            # Whole metres from 10 m on.
            params={"distance": format_number(distance or 0.0, 0 if (distance or 0.0) >= 10 else 2)},
        )

    def _make_occupied_item(
        self, parts: list[LinePart], touched: float, project: Project, pieces: ProjectPieces
    ) -> LineItem:
        """Return the item of a project with land in the line.

        Land in several parts counts once.
        """
        outcome = find_gravest(part.outcome for part in parts)
        deciding = next(part for part in parts if part.outcome is outcome)
        area = sum(part.area_m2 for part in parts) if pieces.union is None else pieces.total_m2
        nets = [part.net_m2 for part in parts]
        net = None if None in nets else sum(net for net in nets if net is not None)
        basis = self.spec.basis if net is not None else AreaBasis.STATUTORY
        leading = net if basis is AreaBasis.NET and net is not None else area
        params: dict[str, Any] = {
            "area": Area(leading),
            "basis": Message(SECTION, f"basis_{basis}"),
            "names": NameList(deciding.names[:_MAX_NAMES]),
            "approval": project.approval,
        }
        rule = deciding.rule
        if rule is not None:
            params["condition"] = Condition(rule)
        if self.spec.needs_approval:
            approved = "approved" if project.approval else "not_approved"
            key = "approval_doubtful" if project.is_doubtful("approval") else approved
        elif rule is None:
            key = "no_rule"
        elif rule.mark == "C" and outcome is Outcome.UNDETERMINED:
            key = "unconfirmed"
        elif rule.outcome is Admission.PROHIBITED:
            key = "prohibited"
        else:
            key = "allowed" if outcome is Outcome.CONFORMS else "conditional"
        if deciding.names and key in ("prohibited", "conditional"):
            key += "_named"
        return self._make_item(
            outcome,
            key,
            area_m2=area,
            net_m2=net,
            basis=basis,
            rule=rule,
            parts=tuple(parts),
            touched_m2=touched,
            land=cache(lambda: unite_shapes(np.array([part.shape for part in parts], dtype=object), self.tolerance)),
            params=params,
        )

    def _judge_boundary(self, pieces: ProjectPieces, project: Project, uses: Sequence[str]) -> LineItem:
        """Return the item of 城镇开发边界: land inside and outside; land outside alone is not 不符合."""
        inside = 0.0 if pieces.is_sliver(self.tolerance) else pieces.total_m2
        outside = max(project.statutory_m2 - inside, 0.0)
        if inside and is_rest_sliver(pieces, project, self.tolerance):
            outside = 0.0
        place = PARTLY if inside and outside else INSIDE if inside else OUTSIDE
        rule = self.table.find_rule((f"{self.spec.id}:{place}", self.spec.id), uses)
        outcome = judge_rule(rule, self.spec.unconfirmed)
        if outcome is Outcome.FAILS and not inside:
            outcome = Outcome.CONDITIONAL
        distance = None
        if not inside and self.overlay is not None:
            distance = 0.0 if len(pieces.rows) else self.overlay.distance_from(project.shape)
        params: dict[str, Any] = {"inside": Area(inside), "outside": Area(outside)}
        if rule is not None:
            params["condition"] = Condition(rule)
        land = cache(partial(pieces.unite, self.tolerance)) if inside else None
        parts = [LinePart(INSIDE, (), inside, None, outcome, rule, land)] if inside else []
        parts += [LinePart(OUTSIDE, (), outside, None, outcome, rule, None)] if outside else []
        return self._make_item(
            outcome,
            f"boundary_{place}" if rule is not None else "boundary_no_rule",
            area_m2=inside,
            outside_m2=outside,
            rule=rule,
            parts=tuple(parts),
            distance_m=distance,
            touched_m2=0.0 if inside else pieces.total_m2,
            land=land,
            params=params,
        )


def apply_gaps(item: LineItem, gaps: Sequence[Message]) -> LineItem:
    """Return the item of a line whose layer has gaps (`Layer.gaps`).

    It is 未能判定, unless the known land gives 不符合. Occupied land stays in the item; the distance
    and the land outside are removed, because unknown land may be nearer. Without ``gaps``, the item is unchanged.
    """
    if not gaps:
        return item
    params = {
        "line": item.name,
        "gaps": MessageList(tuple(gaps), "between_sentences"),
        "reason": item.reason,
    }
    if item.outside_m2 and item.area_m2:
        params["reason"] = Message(SECTION, "line_known", {**params, "area": Area(item.area_m2)})
    return replace(
        item,
        area_m2=item.area_m2 or None,
        net_m2=item.net_m2 or None,
        outside_m2=None,
        outcome=find_gravest((item.outcome, Outcome.UNDETERMINED)),
        reason=Message(SECTION, "line_gaps_occupied" if item.area_m2 else "line_gaps", params),
        parts=tuple(part for part in item.parts if part.part != OUTSIDE),
        distance_m=None,
        touched_m2=0.0,
        is_present=True,
        weight=None,
        has_gaps=True,
    )


def is_rest_sliver(pieces: ProjectPieces, project: Project, tolerance: Tolerance) -> bool:
    """Return True if the project's land that a layer does not cover is below the limits of slivers."""
    rest_area = shapely.area(project.shape) - pieces.planar_m2
    if rest_area <= 0:
        return True
    if rest_area >= tolerance.min_area_m2:
        return False
    # A shape of area a has at least the perimeter of a circle of that area, so that its width (2a ÷ perimeter) is at
    # most √(a/π): below π·(minimum width)² it is a sliver whatever its shape. Half of that leaves room for rounding.
    if rest_area < min(math.pi / 2 * tolerance.min_width_m**2, tolerance.min_area_m2 / 2):
        return True
    rest = shapely.difference(project.shape, pieces.unite(tolerance))
    length = shapely.length(rest)
    return bool(tolerance.is_sliver(shapely.area(rest), 2 * shapely.area(rest) / length if length else 0.0))


def follow_line(zone: ZoneItem, line: LineItem, tolerance: Tolerance) -> ZoneItem:
    """Return the item of a zone that has the range of a line: on the same land no better than the line.

    A zone without land of the line is unchanged, unless the land of the line is unknown.
    """
    outcome = find_gravest((zone.outcome, count_outcome(line)))
    is_unknown = line.has_gaps or line.area_m2 is None
    if outcome is zone.outcome or not (is_unknown or line.land):
        return zone
    if not is_unknown and line.land is not None:
        shared = shapely.intersection(line.land(), zone.land())
        if shapely.area(shared) < tolerance.min_area_m2:
            return zone
    names = {"zone": zone.name, "line": line.name, "outcome": Message(SECTION, f"outcome_{outcome}")}
    return replace(zone, outcome=outcome, follows=Message(SECTION, "zone_follows", names))


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
        self._zone_of_row = read_codes(overlay.layer, "zone_code") if overlay else []
        self._name_of_row = overlay.layer.text("zone_name") if overlay else []

    def judge(self, number: int, project: Project, uses: Sequence[str]) -> tuple[ZoneItem, ...]:
        """Return an item for each zone of a project, the largest first, and one for land without a zone."""
        if self.overlay is None or number in self.overlay.failed:
            return (
                self._make_item(
                    "",
                    "",
                    project,
                    project.statutory_m2,
                    uses,
                    "zones_absent" if self.overlay is None else "zones_failed",
                    cache(lambda: project.shape),
                ),
            )
        pieces = self.overlay.get_pieces(number)
        items = []
        codes = np.array([self._zone_of_row[row] for row in pieces.rows.tolist()], dtype=object)
        for code in dict.fromkeys(codes.tolist()):
            group = pieces.select(codes == code)
            if not group.is_sliver(self.tolerance):
                name = self._name_of_row[int(group.rows[0])]
                land = cache(partial(group.unite, self.tolerance))
                items.append(self._make_item(code, name, project, group.total_m2, uses, "", land))
        items.sort(key=lambda item: -item.area_m2)
        if not len(pieces.rows) or not is_rest_sliver(pieces, project, self.tolerance):
            area = max(project.statutory_m2 - pieces.total_m2, 0.0)
            land = pieces.unite(self.tolerance)
            items.append(
                self._make_item(
                    "",
                    "",
                    project,
                    area,
                    uses,
                    "outside_zones",
                    cache(lambda: project.shape if land is None else shapely.difference(project.shape, land)),
                )
            )
        return tuple(items)

    def list_codes(self, code: str) -> Sequence[str]:
        """Return the code of a zone and those above it; nothing without a list of codes."""
        return self.codes.list_code_and_parents(code) if self.codes else ()

    def _make_item(
        self,
        code: str,
        name: str,
        project: Project,
        area_m2: float,
        uses: Sequence[str],
        problem: str,
        land: Callable[[], Any],
    ) -> ZoneItem:
        """Return the item of a zone. ``problem``: key of the reason why nothing can be judged, empty if it can."""
        chain = self.list_codes(code)
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
            rule.outcome if rule else Admission.UNDETERMINED,
            outcome,
            Message(SECTION, f"zone_{key}", params),
            rule,
            land,
        )
