# SPDX-License-Identifier: GPL-2.0-or-later
"""Review projects against a plan that is already read; each layer is overlaid once with all projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...engine.context import RuleContext
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.messages.texts import Message, MessageList, NameList
from .lines_and_zones import LineJudge, ZoneJudge, apply_gaps, follow_line, is_rest_sliver
from .occupied import (
    LandClasses,
    LayerOverlay,
    ProjectShapes,
    list_supplements,
    make_heritage_notice,
    overlay_layer,
    sum_places,
)
from .review_sentences import (
    COUNTY,
    COUNTY_NAME,
    ZONES_NAME,
    Area,
    FirstSentence,
    judge_items,
    list_missing,
)
from .review_settings import (
    ROWS_CULTIVATED,
    USE_CODES,
    ZONE_CODES,
    AdmissionTable,
    LineSpec,
    ReviewSettings,
    find_row_parts,
    read_codes,
)
from .reviewed_project import (
    SECTION,
    AreaBasis,
    BilingualText,
    LineItem,
    MissingItem,
    NoteLevel,
    Outcome,
    Project,
    ProjectNote,
    ProjectResult,
    ReviewItem,
    ZoneItem,
    name_place,
)

ProgressCallback = Callable[[float], None]
#: Layers of which only the land is summed, and what is missing without them.
_SUMMED_NAMES = {
    "parcels": BilingualText("现状地类", "Land classes"),
    "townships": BilingualText("所在乡镇", "Townships"),
    "functions": BilingualText("主体功能", "Main function"),
}
_ARCHAEOLOGY_NAME = BilingualText("文物保护提示", "Notice on heritage")
#: Share of the time that overlays take.
_OVERLAY_SHARE = 0.8


class WholeLayers(NamedTuple):
    """Answers for whole layers by their codes, as `prepared.PreparedReview` gives them.

    ``has_any_shape``: any row has a shape; ``list_gaps``: sentences on unknown data; ``measure_distance``: distance (m)
    from a shape to the nearest row, None without rows.
    """

    has_any_shape: Callable[[str], bool]
    list_gaps: Callable[[str], tuple[Message, ...]]
    measure_distance: Callable[[str, Any], float | None]


@dataclass(frozen=True)
class ReviewedProjects:
    """The results of all projects that could be reviewed, and notes on those that could not."""

    results: tuple[ProjectResult, ...]
    notes: tuple[ProjectNote, ...]


class ProjectReview:
    """A review of projects: overlays with all layers, and the judges of lines and zones.

    ``whole_layers``: for a plan that has only rows near the projects, answers for its whole layers.
    """

    def __init__(
        self,
        plan: Plan,
        projects: Sequence[Project],
        settings: ReviewSettings,
        table: AdmissionTable,
        tolerance: Tolerance,
        *,
        whole_layers: WholeLayers | None = None,
        progress: ProgressCallback = lambda share: None,
        cancellation: Cancellation = NEVER_CANCELLED,
    ):
        self.plan, self.projects, self.settings, self.table = plan, projects, settings, table
        self.tolerance = tolerance
        self.ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation)
        self.shapes = ProjectShapes(
            np.array([project.shape for project in projects], dtype=object),
            np.array([project.statutory_m2 for project in projects], dtype=float),
            plan.plane_crs,
            tolerance,
            cancellation,
        )
        self.cancellation, self._progress, self._whole_layers = cancellation, progress, whole_layers
        self._overlays: dict[str, LayerOverlay] = {}
        self._steps = len(settings.lines) + len(_SUMMED_NAMES) + 2
        self.lines = [self._prepare_line(spec) for spec in settings.lines]
        lists = plan.norm.standard.code_lists
        self._zones = ZoneJudge(
            self._overlay_concept(
                "zones",
                lambda layer: np.unique(np.array(read_codes(layer, "zone_code"), dtype=object), return_inverse=True)[1],
            ),
            lists.get(ZONE_CODES),
            table,
            tolerance,
            tuple(plan.norm.get("zones.farmland")),
        )
        self._county = self._overlay_concept("county")
        self._summed = {concept: self._overlay_concept(concept) for concept in _SUMMED_NAMES}
        parcels = self._summed["parcels"]
        self._classes = LandClasses(parcels, self.ctx) if parcels else None
        self._expected = self._overlay_concept(settings.archaeology.area)
        ranges = (self._overlay_concept(concept) for concept in settings.archaeology.ranges)
        self._heritage = [overlay for overlay in ranges if overlay is not None]
        # Unknown data of layers other than the control lines: zones, county, layers of sums, ranges of heritage.
        names = {"zones": ZONES_NAME, COUNTY: COUNTY_NAME, **_SUMMED_NAMES}
        names |= dict.fromkeys((settings.archaeology.area, *settings.archaeology.ranges), _ARCHAEOLOGY_NAME)
        items: dict[str, MissingItem] = {}
        for concept, name in names.items():
            layer = self.plan.find_layer_of_concept(concept) or self.plan.find_unusable_layer(concept)
            gaps = () if layer is None else self._list_gaps(layer.role)
            if layer is not None and gaps and layer.role not in {line.role for line in self.lines}:
                items[layer.role] = MissingItem(
                    f"gaps_{concept}",
                    name,
                    MessageList(tuple(map(FirstSentence, gaps)), "between_sentences"),
                    Message(SECTION, "remedy_gaps", {"line": name, "role": layer.role}),
                )
        self._gap_items = tuple(items.values())
        self._uses = lists.get(USE_CODES)

    def review(self) -> ReviewedProjects:
        """Return the results of all projects. Raise Cancelled."""
        results, notes = [], []
        for number, project in enumerate(self.projects):
            self.cancellation.raise_if_cancelled()
            result = self._review_project(number, project)
            if isinstance(result, ProjectNote):
                notes.append(result)
            else:
                results.append(result)
                notes += result.notes
            self._progress(_OVERLAY_SHARE + (1 - _OVERLAY_SHARE) * (number + 1) / len(self.projects))
        return ReviewedProjects(tuple(results), tuple(notes))

    def _find_layer(self, concept: str) -> tuple[Layer | None, str]:
        """Return the layer of a concept, or None and the key of the reason why it cannot be used."""
        layer = self.plan.find_layer_of_concept(concept)
        if layer is None:
            return None, "absent"
        has_shapes = self._whole_layers.has_any_shape(layer.role) if self._whole_layers else not layer.has_no_geometry
        return (layer, "") if has_shapes else (None, "no_shapes")

    def _overlay_concept(
        self, concept: str, group_rows: Callable[[Layer], NDArray] | None = None
    ) -> LayerOverlay | None:
        """Return the projects' overlay with the layer of a concept.

        None without a usable layer. ``group_rows``: returns the group of each row; rows of different groups may share
        land.
        """
        layer, _ = self._find_layer(concept)
        if layer is None:
            return None
        # One layer may be county and townships.
        if layer.role not in self._overlays:
            overlay = overlay_layer(self.shapes, layer, group_rows(layer) if group_rows else None)
            if self._whole_layers is not None:
                overlay.distance_from = partial(self._whole_layers.measure_distance, layer.role)
            self._overlays[layer.role] = overlay
        self._progress(_OVERLAY_SHARE * min(len(self._overlays) / self._steps, 1.0))
        return self._overlays[layer.role]

    def _prepare_line(self, spec: LineSpec) -> LineJudge:
        """Return the judge of a line, with its layer, parts of rows and overlay."""
        layer, problem = self._find_layer(spec.concept)
        known = layer or self.plan.find_layer_of_concept(spec.concept) or self.plan.find_unusable_layer(spec.concept)
        roles = self.plan.list_roles_of_concept(spec.concept)
        # Near the project a layer may have no rows.
        present = next((one for one in roles if one in self.plan.layers), roles[0])
        role = known.role if known is not None else present
        judge = LineJudge(spec, role, self.table, self.tolerance)
        if layer is None:
            is_declared = problem == "absent" and bool({spec.concept, role} & self.plan.norm.profile.absent)
            return replace(judge, problem=problem, is_declared_absent=is_declared)
        parts = find_row_parts(spec, layer, self.ctx)
        judge.parts, judge.overlay = parts, self._overlay_concept(spec.concept, lambda _layer: parts.groups)
        if spec.rows == ROWS_CULTIVATED:
            judge.is_counted = self.ctx.find_cultivated_rows(layer)
            judge.is_known = np.array([bool(code) for code in layer.text("land_use")])
        return judge

    def _review_project(self, number: int, project: Project) -> ProjectResult | ProjectNote:
        """Return the result of a project, or a note if it is wholly outside the county."""
        county = self._judge_county(number, project)
        if county is not None and county.area_m2 == 0 and not self._list_gaps(county.role):
            return self._make_note(NoteLevel.ERROR, "outside", project)
        notes = []
        if county is not None and county.outside_m2:
            notes.append(self._make_note(NoteLevel.WARNING, "partly_outside", project, area=Area(county.outside_m2)))
        uses = self._uses.list_code_and_parents(project.use_code) if self._uses and project.use_code else ()
        lines = [line.judge(number, project, uses) for line in self.lines]
        lines += [county] if county is not None else []
        lines = [apply_gaps(line, self._list_gaps(line.role)) for line in lines]
        zones = self._judge_zones(number, project, uses, lines)
        items: list[ReviewItem] = [*project.doubts, *lines, *zones]
        verdict, reasons = judge_items(items, self._gap_items)
        # In the order of the layers that are summed; None without a layer, or if its overlay failed for the project.
        parcels, townships, functions = (
            None if overlay is None or number in overlay.failed else overlay for overlay in self._summed.values()
        )
        in_townships = sum_places(townships, number, are_townships=True) if townships else ()
        if sum(zone.area_m2 for zone in zones) > project.statutory_m2 + self.tolerance.min_area_m2:
            notes.append(self._make_note(NoteLevel.WARNING, "zones_overlap", project))
        names = NameList(tuple(one.name for one in in_townships if one.area_m2 >= self.tolerance.min_area_m2))
        if len(names.names) > 1:
            notes.append(self._make_note(NoteLevel.WARNING, "townships", project, names=names))
        classes = self._classes.sum_project(number) if parcels and self._classes else ()
        overlays = [(concept, _SUMMED_NAMES[concept], overlay) for concept, overlay in self._summed.items() if overlay]
        ranges = [self._expected, *self._heritage] if self._expected else self._heritage
        overlays += [(f"archaeology_{one.layer.role}", _ARCHAEOLOGY_NAME, one) for one in ranges]
        found = []
        for item_id, name, overlay in overlays:
            if number in overlay.failed:
                params = {"line": name, "role": overlay.layer.role}
                failure, remedy = (Message(SECTION, key, params) for key in ("line_overlay_failed", "remedy_overlay"))
                found.append(MissingItem(item_id, name, failure, remedy))
        return ProjectResult(
            project,
            tuple(lines),
            zones,
            classes,
            in_townships,
            sum_places(functions, number, are_townships=False) if functions else (),
            list_supplements(project, lines),
            make_heritage_notice(
                number, self._expected, self._heritage, self.settings.archaeology.mark, self.tolerance
            ),
            list_missing(project, lines, zones, (*self._gap_items, *self._list_absent_layers(), *found)),
            verdict,
            reasons,
            tuple(one.reason for one in items if one.outcome is Outcome.CONDITIONAL),
            self._measure_rest(parcels, number, project),
            self._measure_rest(townships, number, project),
            tuple(notes),
            self.tolerance.min_area_m2,
        )

    def _judge_zones(
        self, number: int, project: Project, uses: Sequence[str], lines: Sequence[LineItem]
    ) -> tuple[ZoneItem, ...]:
        """Return the items of the zones; 生态保护区 has the outcome of 生态保护红线, of which it is the range."""
        zones, norm = self._zones.judge(number, project, uses), self.plan.norm
        line = next((one for one in lines if one.id == "red_line"), None)
        codes = set(norm.get("zones.protection")) if norm.get("zones.protection_is_red_line") else set()
        if line is None or not codes:
            return zones
        return tuple(
            follow_line(zone, line, self.tolerance) if codes & set(self._zones.list_codes(zone.code)) else zone
            for zone in zones
        )

    def _measure_rest(self, overlay: LayerOverlay | None, number: int, project: Project) -> float:
        """Return the land (m²) of a project that a layer does not cover; 0 without the layer."""
        if overlay is None:
            return 0.0
        pieces = overlay.get_pieces(number)
        return (
            0.0
            if len(pieces.rows) and is_rest_sliver(pieces, project, self.tolerance)
            else max(project.statutory_m2 - pieces.total_m2, 0.0)
        )

    def _judge_county(self, number: int, project: Project) -> LineItem | None:
        """Return an item on land outside the county, or on a missing outline; None for a project inside."""
        if self._county is None:
            return LineItem(
                COUNTY, self.plan.list_roles_of_concept(COUNTY)[0], COUNTY_NAME, AreaBasis.STATUTORY, None, None, None,
                Outcome.UNDETERMINED, Message(SECTION, "line_county_absent"), is_present=False,
                weight=Outcome.CONDITIONAL,
            )  # fmt: skip
        if number in self._county.failed:
            return LineItem(
                COUNTY, self._county.layer.role, COUNTY_NAME, AreaBasis.STATUTORY, None, None, None,
                Outcome.UNDETERMINED, Message(SECTION, "line_overlay_failed", {"line": COUNTY_NAME}),
            )  # fmt: skip
        pieces = self._county.get_pieces(number)
        if len(pieces.rows) and is_rest_sliver(pieces, project, self.tolerance):
            return None
        inside = 0.0 if pieces.is_sliver(self.tolerance) else pieces.total_m2
        outside = max(project.statutory_m2 - inside, 0.0)
        return LineItem(
            COUNTY, self._county.layer.role, COUNTY_NAME, AreaBasis.STATUTORY, inside, None, outside,
            Outcome.UNDETERMINED, Message(SECTION, "line_county_outside", {"area": Area(outside)}),
        )  # fmt: skip

    def _list_gaps(self, role: str) -> tuple[Message, ...]:
        """Return sentences on unknown data of a whole layer; none without the layer."""
        return self._whole_layers.list_gaps(role) if self._whole_layers else self.plan.list_gaps(role)

    def _list_absent_layers(self) -> list[MissingItem]:
        """Return items on layers that are missing for sums and the heritage notice.

        These are parcels, townships, main functions and areas of relics.
        """
        layers = [
            *[(concept, _SUMMED_NAMES[concept], "summed", overlay) for concept, overlay in self._summed.items()],
            ((self.settings.archaeology.area, _ARCHAEOLOGY_NAME, "archaeology", self._expected)),
        ]
        found = []
        for concept, name, key, overlay in layers:
            role = self.plan.list_roles_of_concept(concept)[0]
            if overlay is None and not {concept, role} & self.plan.norm.profile.absent:
                missing, remedy = (Message(SECTION, one, {"role": role}) for one in (f"{key}_absent", f"remedy_{key}"))
                found.append(MissingItem(concept, name, missing, remedy))
        return found

    def _make_note(self, level: NoteLevel, key: str, project: Project, **params: object) -> ProjectNote:
        """Return a note on a project."""
        source, row = project.origin or (project.source, project.row)
        return ProjectNote(
            level,
            Message(SECTION, f"note_{key}", {"where": name_place(source, row, project.label), **params}),
            project.row,
            project.label,
        )
