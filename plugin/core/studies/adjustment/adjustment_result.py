# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of an adjustment (局部优化): options, settings, parcels, criteria, and the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ...base.choices import ADJUSTED_LINES
from ...render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND, VersionComparison
from ...standard.messages.texts import Message
from ...standard.options import RunOptions

if TYPE_CHECKING:
    from ...plan.plan import Plan
    from ...standard.profile import Norm

ADJUSTMENT_SCHEMA = "sanxian-adjustment/1"
#: Section of the settings (mark C), and the concepts of the lines that may be compared.
ADJUSTMENT_SECTION = "adjustment"
LINES = ADJUSTED_LINES


class Outcome(StrEnum):
    """The outcome of a criterion: 符合, 有条件, 不符合, 未能判定."""

    CONFORMS = "conforms"
    CONDITIONAL = "conditional"
    FAILS = "fails"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class AdjustmentOptions:
    """Options of a comparison.

    ``before``: path of the sealed edition, or of a former file of the layer or the county; ``line``: concept of the
    compared line, one of `LINES`; ``run``: standard, profile, language and roles of the later county.
    """

    before: str
    line: str = "boundary"
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True)
class AdjustmentSettings:
    """Thresholds of the criteria (section ``adjustment`` of the standard, replaced by the profile).

    ``not_increasing``: lines whose area may not increase; the area of the others may not decrease.
    ``max_area_change_m2``: allowed change of area in the wrong direction; ``max_ratio_increase``: of the expansion
    ratio; ``max_taken_m2``: allowed overlap of land moved in with another line; ``max_cultivated_increase_m2``: allowed
    excess of the cultivated net area moved in over that moved out; ``min_parcel_m2``: smallest parcel moved in;
    ``max_detached_count``: parcels moved in that do not adjoin the line.
    """

    not_increasing: tuple[str, ...]
    max_area_change_m2: float
    max_ratio_increase: float
    max_taken_m2: float
    max_cultivated_increase_m2: float
    min_parcel_m2: float
    max_detached_count: int

    @classmethod
    def from_norm(cls, norm: Norm) -> AdjustmentSettings:
        """Return the settings of a norm."""
        values: dict[str, Any] = {name: norm.get(f"{ADJUSTMENT_SECTION}.{name}") for name in cls.__dataclass_fields__}
        return cls(**(values | {"not_increasing": tuple(values["not_increasing"])}))


@dataclass(frozen=True)
class LandShare:
    """Land of one class or owner in a parcel: ``name``, and area in m²."""

    name: str
    area_m2: float


@dataclass(frozen=True)
class TakenLand:
    """Land of another line, or cultivated land, in a parcel: statutory and net area in m²; None without a net area."""

    area_m2: float
    net_m2: float | None = None


@dataclass
class AdjustmentParcel:
    """A connected part of the difference of two editions.

    ``kind``: in, out, or changed (another zone of the line); ``geometry``: in the plan's plane; ``area_m2``: statutory
    area; ``area_by_township``: name → m², ``""`` outside all townships; ``location``: of the largest survey parcel;
    ``land_uses``, ``ownership``: by class, the largest first; ``taken``: concept of another line → land taken,
    without concepts that no edition has; ``cultivated``: None without a survey; ``zones_before``, ``zones_after``:
    zones of the line, then planning zones; ``adjoins``: the parcel meets the earlier edition.
    """

    number: int
    kind: str
    geometry: Any
    area_m2: float
    area_by_township: dict[str, float]
    location: str = ""
    land_uses: tuple[LandShare, ...] = ()
    ownership: tuple[LandShare, ...] = ()
    taken: dict[str, TakenLand] = field(default_factory=dict)
    cultivated: TakenLand | None = None
    zones_before: tuple[str, ...] = ()
    zones_after: tuple[str, ...] = ()
    adjoins: bool = True


@dataclass(frozen=True)
class Criterion:
    """A criterion with its outcome.

    ``id``: key of its name; ``value``, ``limit``: in ``unit`` (m2, ratio or count), None if not measured; ``reason``:
    text key with ``params`` on the outcome, empty for 符合; ``setting``: key of the threshold;
    ``mark``: A, B or C; ``origin``: name of the standard or profile that sets it; ``parcels``: numbers of the parcels
    concerned.
    """

    id: str
    outcome: Outcome
    value: float | None
    limit: float
    unit: str
    setting: str
    mark: str
    origin: str
    reason: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    parcels: tuple[int, ...] = ()
    #: What of the layers is not known, so that the outcome is 未能判定.
    gaps: tuple[Message, ...] = ()


@dataclass
class AdjustmentResult:
    """The result of comparing a line before and after a change.

    ``plan``: the later county, ``before``: the earlier edition in its plane; ``before_name``: name of the earlier
    edition; ``missing``: (text key, parameters) on data that the sources lack.
    """

    plan: Plan
    before: Plan
    line: str
    before_name: str
    comparison: VersionComparison
    parcels: list[AdjustmentParcel]
    settings: AdjustmentSettings
    lang: str
    criteria: list[Criterion] = field(default_factory=list)
    missing: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def list_gaps(self, *concepts: str) -> tuple[Message, ...]:
        """Return sentences on unknown data of the layers of concepts in both editions.

        As `Plan.list_gaps`, with the name of the earlier edition.
        """
        earlier = [
            Message(ADJUSTMENT_SECTION, "of_edition", {"edition": self.before_name, "gap": gap})
            for gap in self.before.list_gaps(*concepts)
        ]
        return (*earlier, *self.plan.list_gaps(*concepts))

    @property
    def verdict(self) -> Outcome:
        """Return the worst outcome: 不符合, then 未能判定, 有条件, 符合."""
        outcomes = {one.outcome for one in self.criteria}
        order = (Outcome.FAILS, Outcome.UNDETERMINED, Outcome.CONDITIONAL)
        return next((one for one in order if one in outcomes), Outcome.CONFORMS)

    def list_parcels(self, kind: str) -> list[AdjustmentParcel]:
        """Return the parcels of a kind: in, out or changed."""
        return [one for one in self.parcels if one.kind == kind]

    def count_slivers(self, kind: str) -> tuple[int, float]:
        """Return number and statutory area (m²) of the slivers of a kind, which are not listed as parcels."""
        areas = [area for sliver_kind, _, _, area in self.comparison.sliver_rows if sliver_kind == kind]
        return len(areas), sum(areas)

    def sum_taken(self, concept: str, kind: str = MOVED_IN_KIND) -> TakenLand | None:
        """Return the land of another line in the parcels of a kind; None if no edition has that line."""
        return _sum_land([one.taken.get(concept) for one in self.list_parcels(kind)])

    def sum_cultivated(self, kind: str) -> TakenLand | None:
        """Return the cultivated land in the parcels of a kind; None without a survey."""
        return _sum_land([one.cultivated for one in self.list_parcels(kind)])


def _sum_land(lands: list[TakenLand | None]) -> TakenLand | None:
    """Return the sum of land in parcels, 0 without parcels; None if the land of a parcel is unknown."""
    if any(one is None for one in lands):
        return None
    known = [one for one in lands if one is not None]
    nets = [one.net_m2 for one in known]
    net = None if any(one is None for one in nets) else sum(one for one in nets if one is not None)
    return TakenLand(sum(one.area_m2 for one in known), net)


#: Kinds of parcels in the order in which they are numbered.
MOVED_KINDS = (MOVED_IN_KIND, MOVED_OUT_KIND)
