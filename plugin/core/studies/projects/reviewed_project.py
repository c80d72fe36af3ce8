# SPDX-License-Identifier: GPL-2.0-or-later
"""Projects, what they occupy, and the verdict on each: the data of a review of conformity (合规性审查).

Areas are m² on the ellipsoid, unrounded; lengths are m; shapes are in the plan's plane. Sentences are `Message`: their
method ``render`` returns the text in a language. Texts of the admission table (condition, source) are as the table has
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from ...standard.messages.texts import Message, MessagePart, NameList, Texts
from ...standard.options import LowerPlanKind

if TYPE_CHECKING:
    from pathlib import Path

    from pyproj import CRS

    from ...geometry.tolerance import Tolerance
    from ...plan.plan import Plan
    from ...standard.profile import DocumentInfo

#: Section of the texts of this package.
SECTION = "conformity"


class Outcome(StrEnum):
    """Outcome of a line or a project: 符合, 有条件, 未能判定, 不符合; 只列出 has no part in the verdict."""

    LISTED = "listed"
    CONFORMS = "conforms"
    CONDITIONAL = "conditional"
    UNDETERMINED = "undetermined"
    FAILS = "fails"


#: From the best outcome to the gravest.
OUTCOME_ORDER = tuple(Outcome)
#: Outcomes of a project, in the order in which they are counted.
VERDICTS = (Outcome.CONFORMS, Outcome.CONDITIONAL, Outcome.FAILS, Outcome.UNDETERMINED)


def find_gravest(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the gravest of several outcomes; LISTED without any."""
    return max(outcomes, key=OUTCOME_ORDER.index, default=Outcome.LISTED)


class BilingualText(NamedTuple):
    """A name or text in Chinese and in English, which may be a parameter of a sentence."""

    zh: str
    en: str

    def render(self, texts: Texts) -> str:
        """Return the text in the language of the texts."""
        return self[texts.lang == "en"]


class Admission(StrEnum):
    """What the admission table states on a use: 允许, 有条件, 禁止, 只列出; UNDETERMINED: it has no row."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    PROHIBITED = "prohibited"
    LISTED = "listed"
    UNDETERMINED = "undetermined"


class AreaBasis(StrEnum):
    """How an area is measured: net area (净面积) or statutory area (图斑椭球面积)."""

    NET = "net"
    STATUTORY = "statutory"


class SupplyMode(StrEnum):
    """How land is supplied: 出让 or 划拨; UNKNOWN if the project does not state it."""

    GRANT = "grant"
    ALLOCATION = "allocation"
    UNKNOWN = "unknown"


class ProjectState(StrEnum):
    """What became of a project in the list of projects: 已审查, 已批准 or 已撤回."""

    REVIEWED = "reviewed"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class NoteLevel(StrEnum):
    """What a note means: ``error`` a project is left out, ``warning`` it is reviewed and to be checked, ``info``."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


def name_place(source: str, row: int, name: str) -> Message:
    """Return where a project is from: the row of a file or layer; its name if it was drawn (no source)."""
    if not source:
        return Message(SECTION, "place_of_drawn", {"name": name})
    return Message(SECTION, "place_of_row", {"file": source, "row": row})


@dataclass(frozen=True)
class ProjectNote:
    """A remark on a row of the projects, with file, row (from 1), field and remedy in its sentence.

    ``row``: 0 for a remark on the whole file; ``project``: name or number of the project, empty without one.
    """

    level: NoteLevel
    message: Message
    row: int = 0
    project: str = ""
    field: str = ""


@dataclass(frozen=True)
class ProjectDoubt:
    """A doubt that leaves a project 未能判定, such as contradicting fields.

    ``meaning``: of the fields, or ``shape``; ``choices``: (field, text) of each, empty for a shape.
    """

    meaning: str
    reason: Message
    choices: tuple[tuple[str, str], ...] = ()
    outcome = Outcome.UNDETERMINED


@dataclass(frozen=True)
class Project:
    """A project as read.

    ``row``: its row in the source, from 1; ``shape``: polygon or multipolygon in the plan's plane, for a line or a
    point the land of ``width_m`` around it; ``kind``: polygon, line or point; ``statutory_m2``: 图斑椭球面积;
    ``declared_m2``: None if no area is declared; ``use_code``: code of 用地用海分类, empty if unknown; ``use_text``:
    the use as written; ``approval``: number of the document that approves the use of 永久基本农田 (批准文号);
    ``supplement_plan``: name of the plan of 补划, as written; ``source``: file and layer; ``crs``: label of the CRS of
    the source; ``doubts``: what leaves the project 未能判定; ``loose``: lines and points beside its polygons, without a
    width and so without land, None without any; ``origin``: name of the file or layer and row, if these are not
    ``source`` and ``row``; the name is empty for a project that is drawn on the map; ``plot``, ``state``, ``date``:
    number of the plot (地块编号), state and date as written, empty without one; ``record``: code of a layer of use
    control (用途管制) and all its fields, None for another source.
    """

    row: int
    name: str
    number: str
    applicant: str
    use_code: str
    use_name: str
    use_text: str
    supply: SupplyMode
    kind: str
    width_m: float | None
    shape: Any
    statutory_m2: float
    declared_m2: float | None
    approval: str
    supplement_plan: str
    source: str
    crs: str
    doubts: tuple[ProjectDoubt, ...] = ()
    loose: Any = None
    origin: tuple[str, int] | None = None
    plot: str = ""
    state: str = ""
    date: str = ""
    record: tuple[str, dict[str, Any]] | None = field(default=None, hash=False)

    def is_doubtful(self, meaning: str) -> bool:
        """Return True if fields of a meaning contradict each other."""
        return any(one.meaning == meaning for one in self.doubts)

    @property
    def extent(self) -> Any:
        """Return all that is drawn: the land, and lines and points without a width."""
        return self.shape if self.loose is None else shapely.geometrycollections([self.shape, self.loose])

    @property
    def label(self) -> str:
        """Return the name, else the number, else the row as ``#3``."""
        return self.name or self.number or f"#{self.row}"

    @property
    def declared_difference_m2(self) -> float | None:
        """Return statutory area minus declared area (m²); None if no area is declared."""
        return None if self.declared_m2 is None else self.statutory_m2 - self.declared_m2


@dataclass(frozen=True)
class AdmissionRule:
    """A row of the admission table (``admission.csv``).

    ``zone``: code of a planning zone, or a control line with a part (``LSWHBHX:core``); ``use``: a code of
    用地用海分类, which includes the codes below it, or ``*``; ``condition``, ``source``: texts of the table, Chinese
    where it has no English ones; ``mark``: A, B or C; ``line``: its line in the file.
    """

    zone: str
    use: str
    outcome: Admission
    condition: BilingualText
    source: BilingualText
    mark: str
    line: int


class OccupiedLand:
    """Land of a project in a line, a part of a line, or a zone.

    ``land`` computes its shape, and keeps it: a union takes longer than all figures of a line, and the panel draws few
    of the shapes of a review.
    """

    land: Callable[[], Any] | None

    @property
    def shape(self) -> Any:
        """Return the land as a shape in the plane; None without land, or if it cannot be computed."""
        return self.land() if self.land else None


@dataclass(frozen=True)
class LinePart(OccupiedLand):
    """The occupied land of one part of a control line, or of one kind of its rows.

    ``part``: ``core``, ``control``, ``inside``, ``outside``, or empty; ``names``: names of its features;
    ``area_m2``: statutory area; ``net_m2``: net area, None without a basis; ``rule``: row of the admission table that
    applies, None without one; ``land``: its shape, None for land outside.
    """

    part: str
    names: tuple[str, ...]
    area_m2: float
    net_m2: float | None
    outcome: Outcome
    rule: AdmissionRule | None
    land: Callable[[], Any] | None


class JudgedItem(OccupiedLand):
    """What a row of the admission table may decide: a line or a zone."""

    rule: AdmissionRule | None

    @property
    def mark(self) -> str:
        """Return the mark of the rule that decides; empty without one."""
        return self.rule.mark if self.rule else ""

    @property
    def is_confirmed(self) -> bool:
        """Return False if the rule that decides is a default that the county has not confirmed (C)."""
        return self.mark != "C"


@dataclass(frozen=True)
class LineItem(JudgedItem):
    """One control line or layer in the table of the review (一、控制线审查).

    ``id``: id of the line in ``conformity.toml``; ``role``: layer code, that of the standard if the layer is absent;
    ``area_m2``: occupied statutory area, None if the layer is absent; ``net_m2``: occupied net area, None without a
    basis; ``basis``: that of the leading figure; ``outside_m2``: land of the project outside (城镇开发边界, 县域), None
    for other lines; ``reason``: why this outcome, as a sentence; ``rule``: the row of the admission table that decides,
    None if none does; ``distance_m``: distance to the nearest feature where the project has no land in the line, None
    otherwise; ``touched_m2``: land below the limits of slivers, which counts as not occupied.
    """

    id: str
    role: str
    name: BilingualText
    basis: AreaBasis
    area_m2: float | None
    net_m2: float | None
    outside_m2: float | None
    outcome: Outcome
    reason: Message
    rule: AdmissionRule | None = None
    parts: tuple[LinePart, ...] = ()
    distance_m: float | None = None
    touched_m2: float = 0.0
    land: Callable[[], Any] | None = None
    #: The layer is among the data, or the profile declares that the county has none (本县无).
    is_present: bool = True
    #: Outcome as it counts for the whole; None: as it is. A missing layer may count as 有条件, or not at all (LISTED).
    weight: Outcome | None = None
    #: Not all rows of the layer are known, so that land that is not occupied, and distances, are not known.
    has_gaps: bool = False

    @property
    def leading_m2(self) -> float | None:
        """Return the occupied area on the leading basis: net area where it is known, else statutory area."""
        return self.net_m2 if self.basis is AreaBasis.NET and self.net_m2 is not None else self.area_m2


@dataclass(frozen=True)
class ClassItem:
    """Occupied land of one land class and ownership (三、占用地类).

    ``code``, ``name``: land class; ``major_class``: 农用地, 建设用地, 未利用地, or empty; ``ownership``: 国有, 集体,
    or the value of the data; ``net_m2``: net area by the figure of the parcels, None without one; ``is_cultivated``:
    耕地.
    """

    code: str
    name: str
    major_class: str
    ownership: str
    area_m2: float
    net_m2: float | None
    is_cultivated: bool


@dataclass(frozen=True)
class ZoneItem(JudgedItem):
    """A planning zone on which the project has land (四、规划分区与准入).

    ``code``, ``name``: zone, empty for land without one; ``parent_name``: name of the zone above it; ``rule``: row of
    the admission table, None without one; ``follows``: sentence on the line whose outcome the zone has, None if it has
    its own.
    """

    code: str
    name: str
    parent_name: str
    area_m2: float
    admission: Admission
    outcome: Outcome
    own_reason: Message
    rule: AdmissionRule | None
    land: Callable[[], Any]
    follows: Message | None = None

    @property
    def reason(self) -> Message:
        """Return why the zone has this outcome."""
        if self.follows is None:
            return self.own_reason
        return Message(SECTION, "zone_and_line", {"reason": self.own_reason, "line": self.follows})


#: What gives an outcome and a reason.
ReviewItem = LineItem | ZoneItem | ProjectDoubt


@dataclass(frozen=True)
class TownshipItem:
    """Land of the project in a township, or in a main function (主体功能) of townships."""

    code: str
    name: str
    area_m2: float


@dataclass(frozen=True)
class SupplementItem:
    """What must be made up for (五、补划与占补).

    ``id``: ``farmland`` (永久基本农田补划) or ``cultivated`` (耕地占补平衡); ``occupied_m2``: net area, None if the
    data have none; ``statutory_m2``: the same land as statutory area; ``rule``: row of the admission table with
    requirement and source; ``document``: number of approval, or plan, as the project states it, empty if none.
    """

    id: str
    occupied_m2: float | None
    statutory_m2: float
    rule: AdmissionRule | None
    document: str
    plan: str = ""


@dataclass(frozen=True)
class HeritageNotice:
    """Notice 先考古、后供地 (六、文物保护提示).

    Land is where relics may lie under ground, or in ranges of heritage. ``names``: sites; ``area_m2``: land in all
    ranges; ``message``: the notice as a sentence; ``mark``: of its source.
    """

    names: tuple[str, ...]
    area_m2: float
    message: Message
    mark: str


@dataclass(frozen=True)
class MissingItem:
    """Something that could not be determined (七、未能判定事项): the matter, what is missing, what to hand in."""

    id: str
    name: BilingualText
    missing: MessagePart
    remedy: Message


@dataclass(frozen=True)
class ProjectResult:
    """The review of one project.

    ``lines``: all lines of ``conformity.toml`` in order, then land outside the county if there is some; ``classes``:
    by code and ownership; ``unclassified_m2``, ``outside_townships_m2``: land without a parcel, without a township;
    ``verdict``: of the whole; ``reasons``: why, the deciding ones first; ``conditions``: what must be met;
    ``township_min_m2``: land (m²) in a township below this limit is a sliver at its border.
    """

    project: Project
    lines: tuple[LineItem, ...]
    zones: tuple[ZoneItem, ...]
    classes: tuple[ClassItem, ...]
    townships: tuple[TownshipItem, ...]
    functions: tuple[TownshipItem, ...]
    supplements: tuple[SupplementItem, ...]
    heritage: HeritageNotice | None
    missing: tuple[MissingItem, ...]
    verdict: Outcome
    reasons: tuple[MessagePart, ...]
    conditions: tuple[Message, ...]
    unclassified_m2: float = 0.0
    outside_townships_m2: float = 0.0
    notes: tuple[ProjectNote, ...] = ()
    township_min_m2: float = 0.0

    def find_line(self, line_id: str) -> LineItem | None:
        """Return the item of a line by its id in ``conformity.toml``; None without one."""
        return next((line for line in self.lines if line.id == line_id), None)

    @property
    def named_townships(self) -> tuple[TownshipItem, ...]:
        """Return the townships that texts name: without slivers, and the largest one in any case."""
        return tuple(one for one in self.townships if one.area_m2 >= self.township_min_m2) or self.townships[:1]


#: Projects whose land counts in the sums of a list, in the order in which it is counted.
COUNTED_STATES = (ProjectState.APPROVED, ProjectState.REVIEWED)


@dataclass(frozen=True)
class ListedProject:
    """A row of the list; its number, from 1, is the row of the project.

    ``is_counted``: its land counts, as it is the registration that applies of a project that is not withdrawn;
    ``same_rows``: rows with the same project, its own included, if it is registered more than once.
    """

    project: Project
    state: ProjectState
    date: str
    is_new: bool = False
    is_counted: bool = False
    same_rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class ProjectOverlap:
    """Land (m²) that two projects share, which are not registrations of one; their rows and names in the list."""

    first_row: int
    first_name: str
    second_row: int
    second_name: str
    area_m2: float


@dataclass(frozen=True)
class Occupation:
    """Land in a line, summed over the approved projects, and over the reviewed ones without land of the approved.

    No place counts twice. ``basis``: net if the net area of all land is known, for a line that is measured so;
    ``township_code``, ``township_name``: None for the whole county; ``room_m2``: by how much the area of the line
    exceeds its target (余量), None without a target or for a township.
    """

    line_id: str
    role: str
    name: BilingualText
    basis: AreaBasis
    township_code: str | None
    township_name: str | None
    approved_m2: float
    approved_net_m2: float | None
    reviewed_m2: float
    reviewed_net_m2: float | None
    room_m2: float | None = None
    is_room_confirmed: bool = True

    def get_leading_m2(self, state: ProjectState) -> float | None:
        """Return the area of a state on the basis of the line."""
        return getattr(self, f"{state}_net_m2" if self.basis is AreaBasis.NET else f"{state}_m2")

    @property
    def left_m2(self) -> float | None:
        """Return the room that the approved projects leave; negative if they take more. None without room."""
        taken = self.get_leading_m2(ProjectState.APPROVED)
        return None if self.room_m2 is None or taken is None else self.room_m2 - taken


@dataclass(frozen=True)
class ProjectList:
    """The list with the projects of a review.

    ``rows``: those of the file, then the new ones; ``known``: names of reviewed projects that are rows of the file
    already; ``failed``: projects whose overlay failed, so that land is missing in the sums; ``crs``: of the file;
    ``words``: state → the word that is written.
    """

    path: Path
    rows: tuple[ListedProject, ...]
    known: tuple[str, ...]
    overlaps: tuple[ProjectOverlap, ...]
    occupations: tuple[Occupation, ...]
    failed: tuple[str, ...]
    notes: tuple[ProjectNote, ...]
    crs: CRS = field(repr=False)
    words: dict[ProjectState, str]

    def list_repeated(self) -> list[tuple[ListedProject, ...]]:
        """Return the rows of each project that is registered more than once."""
        by_row = {one.project.row: one for one in self.rows}
        return [
            tuple(by_row[row] for row in rows) for rows in dict.fromkeys(one.same_rows for one in self.rows) if rows
        ]


@dataclass(frozen=True)
class UseArea:
    """Statutory area (m²) of the parcels of one planned use; ``code`` and ``name`` are empty for unknown uses."""

    code: str
    name: str
    area_m2: float


@dataclass(frozen=True)
class RequiredShare:
    """A share of the planned 建设用地 with its limit.

    ``id``: ``reserve`` (机动指标) or ``industry`` (乡村产业); ``share``: None if it is undetermined; ``unconfirmed``:
    ``limit`` and ``classes``, if they are of mark C without the county's confirmation: the share then never conforms;
    ``source``: of the limit as the profile names it.
    """

    id: str
    classes: tuple[str, ...]
    area_m2: float
    share: float | None
    limit: float
    is_maximum: bool
    outcome: Outcome
    unconfirmed: tuple[str, ...] = ()
    source: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Return True if limit and classes are confirmed."""
        return not self.unconfirmed


@dataclass(frozen=True)
class LowerPlan:
    """The parcels of a lower plan together; areas are statutory (m²).

    ``other_count``: number of parcels of other uses than construction, which are not reviewed; ``boundary_m2``,
    ``gap_m2`` (in the boundary without a parcel), ``outside_m2``: None without a boundary. ``overlap_m2``: land in
    several parcels, counted once for each parcel but the first. Areas of the last three up to ``negligible_m2`` are no
    problem. ``name``: of the village or unit as the boundary has it; empty without one.
    """

    kind: LowerPlanKind
    other_count: int
    uses: tuple[UseArea, ...]
    construction_m2: float
    shares: tuple[RequiredShare, ...]
    overlap_m2: float
    negligible_m2: float
    boundary_m2: float | None = None
    gap_m2: float | None = None
    outside_m2: float | None = None
    name: str = ""

    @property
    def area_m2(self) -> float:
        """Return the area of all parcels."""
        return sum(one.area_m2 for one in self.uses)

    def list_mismatches(self) -> dict[str, float]:
        """Return gap, land outside and overlap (m²) that are not negligible."""
        areas = {"gap": self.gap_m2, "outside": self.outside_m2, "overlap": self.overlap_m2}
        return {key: area for key, area in areas.items() if area is not None and area > self.negligible_m2}

    @property
    def has_problems(self) -> bool:
        """Return True for land without or outside parcels, overlaps, or a share that is failed or undetermined."""
        return bool(self.list_mismatches()) or any(
            one.outcome in (Outcome.FAILS, Outcome.UNDETERMINED) for one in self.shares
        )


@dataclass(frozen=True)
class ConformityResult:
    """The review of all projects of a source.

    ``source``: name of the file of projects; ``notes``: on rows that were left out or are to be checked;
    ``row_count``: rows of the source; ``admission_file``: name of the admission table; ``area_name``: of the county;
    ``data_name``: name of the plan's data; ``plan``: the plan, for its county, plane and files, and the land around a
    project.
    """

    results: tuple[ProjectResult, ...]
    notes: tuple[ProjectNote, ...]
    row_count: int
    source: str
    data_name: str
    area_name: str
    admission_file: str
    tolerance: Tolerance
    lang: str
    time: datetime
    plan: Plan = field(repr=False, compare=False)
    #: Layers of the plan with rows that no line and no table of the review reads: name and code.
    unread_layers: tuple[str, ...] = ()
    #: Compiler and secrecy that the caller gives; those of the profile apply without.
    document_info: DocumentInfo | None = None
    #: The list of projects with those of this review; None if none is kept.
    project_list: ProjectList | None = None
    #: The detailed or village plan whose parcels were reviewed; None for projects.
    lower_plan: LowerPlan | None = None

    @property
    def unread_note(self) -> Message | None:
        """Return the sentence on layers that were not compared; None without any."""
        return (
            Message(SECTION, "unread_layers", {"layers": NameList(self.unread_layers)}) if self.unread_layers else None
        )

    @property
    def left_out_count(self) -> int:
        """Return the number of rows that were not reviewed."""
        return self.row_count - len(self.results)

    def count(self, verdict: Outcome) -> int:
        """Return the number of projects with a verdict."""
        return sum(one.verdict == verdict for one in self.results)

    @property
    def has_problems(self) -> bool:
        """Return True if a project does not conform, is undetermined or was left out, or a lower plan has problems."""
        lower = self.lower_plan is not None and self.lower_plan.has_problems
        return (
            lower
            or self.left_out_count > 0
            or any(one.verdict in (Outcome.FAILS, Outcome.UNDETERMINED) for one in self.results)
        )
