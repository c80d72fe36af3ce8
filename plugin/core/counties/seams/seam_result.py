# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of a check of seams: settings, counties at their borders, findings, and the result."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base.errors import DataError, require_value
from ...figures.target_allocation.levels import PartsSum
from ...model.indicator import TARGET_MET, compute_margin
from ...model.rule import Severity
from ...render.words import ReportTexts
from ...standard.messages.texts import Message
from ...standard.options import RunOptions

if TYPE_CHECKING:
    from pyproj import CRS

    from ...geometry.tolerance import Tolerance
    from ...plan.layer import Layer
    from ...standard.profile import IndicatorTarget, Norm

SEAMS_SCHEMA, PAIR_SCHEMA = "sanxian-seams/1", "sanxian-seam-pair/1"

#: Settings of the standard (mark C).
SEAMS_SECTION = "seams"
#: Decimals of degrees by which a finding is identified: about 10 m.
_PLACE_DECIMALS = 4


class SeamKind(StrEnum):
    """Kind of a finding at a border.

    GAP, OVERLAP: the borders of both counties gap or overlap (界线间隙, 界线重叠). STOP: a layer ends at the border
    (中断). SHIFT: an edge of a layer jumps along the border (错位). CODE: a polygon continues with another code
    (代码不一致).
    """

    GAP = "gap"
    OVERLAP = "overlap"
    STOP = "stop"
    SHIFT = "shift"
    CODE = "code"


class BorderState(StrEnum):
    """What became of a county: READ, or why it was not compared (as `CountyState` of a batch)."""

    READ = "read"
    UNREAD = "unread"
    CRASHED = "crashed"


@dataclass(frozen=True)
class ComparedLayer:
    """A layer that is compared across borders.

    ``concept``: a concept or a layer code; ``code_field``: name of the field with the code of zone or type, empty
    without one; ``must_continue``: a stop is a warning, otherwise a note.
    """

    concept: str
    code_field: str
    must_continue: bool


@dataclass(frozen=True)
class SeamSettings:
    """Settings of a check of seams.

    ``tolerance_m``: edges this near (m) are one edge; ``reach_m``: widest gap between borders, and largest distance (m)
    along the border between two edges that should be one; ``min_length_m``: shortest stop and shortest change of code
    (m); ``layers``: the compared layers; ``tolerance``: of the run, for slivers.
    """

    tolerance_m: float
    reach_m: float
    min_length_m: float
    layers: tuple[ComparedLayer, ...]
    tolerance: Tolerance

    @classmethod
    def from_norm(cls, norm: Norm) -> SeamSettings:
        """Return the settings of a norm (``[seams]`` of its standard, replaced by its profile).

        Raise DataError for a layer or field that the standard does not have.
        """
        standard, continuing = norm.standard, set(norm.get(f"{SEAMS_SECTION}.continuing"))
        layers = []
        for line in norm.get(f"{SEAMS_SECTION}.layers"):
            concept, _, code_field = (part.strip() for part in str(line).partition(" "))
            templates = [
                one
                for role in standard.concepts.get(concept, (concept,))
                if role in standard.templates
                for one in standard.list_templates_of_role(role)
            ]
            fields = {field.name for one in templates for field in one.fields}
            if not templates or (code_field and code_field not in fields):
                raise DataError(
                    "data_value_unknown",
                    file=str(norm.profile.path or standard.folder / "standard.toml"),
                    key=f"{SEAMS_SECTION}.layers",
                    value=str(line),
                    known=", ".join(sorted(fields if templates else standard.concepts)),
                )
            layers.append(ComparedLayer(concept, code_field, concept in continuing))
        tolerance_m, reach_m, min_length_m = (
            float(norm.get(f"{SEAMS_SECTION}.{key}")) for key in ("tolerance_m", "reach_m", "min_length_m")
        )
        # Two edges within the tolerance of the run are one edge in any case.
        tolerance = norm.make_tolerance()
        return cls(max(tolerance_m, tolerance.cluster_m), reach_m, min_length_m, tuple(layers), tolerance)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain data for JSON."""
        return {
            "tolerance_m": self.tolerance_m,
            "reach_m": self.reach_m,
            "min_length_m": self.min_length_m,
            "layers": [f"{one.concept} {one.code_field}".strip() for one in self.layers],
            "continuing": [one.concept for one in self.layers if one.must_continue],
            "min_area_m2": self.tolerance.min_area_m2,
            "min_width_m": self.tolerance.min_width_m,
        }

    def format_lengths(self) -> dict[str, str]:
        """Return the lengths (m) that pages and tables print, as texts by name."""
        return {key: f"{getattr(self, key):g}" for key in ("tolerance_m", "reach_m", "min_length_m")}


@dataclass(frozen=True)
class SeamOptions:
    """Options of a check of seams.

    ``sources``: the data of each county, or a single folder or list of counties; ``output``: the folder of results;
    ``check``: standard, profile and language; ``targets``: path of the table of targets of the parent, empty without
    one; ``package_spec``: id or path of the specification of packages.
    """

    sources: tuple[str | Path, ...]
    output: Path
    check: RunOptions = field(default_factory=RunOptions)
    targets: str = ""
    package_spec: str = "county"


@dataclass(frozen=True)
class ChildFigure:
    """An area of a county: value in m², None without a layer; ``targets``: those of the county's profile.

    ``confirmed``: False if the drawn land does not confirm the sum of an area field.
    """

    value_m2: float | None
    confirmed: bool
    targets: tuple[IndicatorTarget, ...] = ()


@dataclass
class CountyBorders:
    """A county of a check of seams.

    ``name``: unique name in the list; ``reason``: why it was not compared; ``outline``: the layer with its border (rows
    of 县级行政区, else townships); ``layers``: concept → rows near the border; ``crs``: the plane of its plan;
    ``figures``: indicator → area of the county, if sums were requested; ``border_basis``: county or townships;
    ``absent``: compared layers that the profile declares absent (本县无); ``gaps``: unknown data of the border, of
    compared layers and of summed areas (`Layer.gaps`).
    """

    name: str
    state: BorderState = BorderState.READ
    reason: str = ""
    area_code: str = ""
    area_name: str = ""
    outline: Layer | None = None
    layers: dict[str, Layer] = field(default_factory=dict)
    crs: CRS | None = None
    figures: dict[str, ChildFigure] = field(default_factory=dict)
    border_basis: str = ""
    absent: frozenset[str] = frozenset()
    gaps: tuple[Message, ...] = ()

    @property
    def is_read(self) -> bool:
        """Return True if the county was compared with its neighbours."""
        return self.state is BorderState.READ

    @property
    def sort_key(self) -> tuple[str, str]:
        """Return code and name: counties are compared in this order, so that the order of a list has no effect."""
        return self.area_code or "~", self.name

    @property
    def identity(self) -> str:
        """Return the county's code, else its name."""
        return self.area_code or self.name


@dataclass(frozen=True)
class SeamSide:
    """One county's part of a finding: its features at the place, by key, and their code.

    ``county``: name in the list; ``identity``: code of the county, else its name.
    """

    county: str
    identity: str
    keys: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class SeamFinding:
    """A finding at the border of two counties; both sides have the same one.

    ``concept``: the compared layer, ``county`` for the border itself; ``sides``: both counties, by code; ``geometry``:
    area or line in degrees on CGCS2000; ``deviation_m``: largest distance (m) between the edges, None where one edge is
    missing; ``length_m``: length along the border (m), None for an overlap of features; ``area_m2``: area on the
    ellipsoid of a gap or an overlap; ``other_counties``: further counties at a gap.
    """

    kind: SeamKind
    severity: Severity
    concept: str
    sides: tuple[SeamSide, SeamSide]
    geometry: Any
    length_m: float | None
    deviation_m: float | None = None
    area_m2: float | None = None
    other_counties: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def place(self) -> tuple[float, float]:
        """Return longitude and latitude of the middle, in degrees."""
        centre = self.geometry.centroid
        return float(centre.x), float(centre.y)

    @property
    def pair(self) -> tuple[str, str]:
        """Return the names of both counties in the list."""
        return self.sides[0].county, self.sides[1].county


def set_fingerprints(findings: Iterable[SeamFinding]) -> list[SeamFinding]:
    """Return findings with fingerprints, which depend on counties, layer, keys and place, not on any order."""
    used: Counter[str] = Counter()
    named = []
    for one in findings:
        parts = [
            one.kind,
            one.concept,
            *(f"{s.identity}:{';'.join(s.keys)}:{s.code}" for s in one.sides),
            *[f"{degrees:.{_PLACE_DECIMALS}f}" for degrees in one.place],
        ]
        base = hashlib.sha256("|".join(parts).encode("utf-8")).hexdigest()[:20]
        used[base] += 1
        named.append(replace(one, fingerprint=base if used[base] == 1 else f"{base}-{used[base]}"))
    return named


@dataclass(frozen=True)
class SeamPair:
    """Two neighbouring counties that were compared.

    ``counties``: names in the list; ``length_m``: length of the common border (m); ``sliver_count``: gaps and overlaps
    below the tolerance; ``differing_m``: concept → length (m) of the border with different codes on both sides
    where no polygon continues, which is legal; ``missing_layers``: concepts, each with the county that lacks its layer.
    """

    counties: tuple[str, str]
    length_m: float
    findings: tuple[SeamFinding, ...]
    sliver_count: int = 0
    differing_m: dict[str, float] = field(default_factory=dict)
    missing_layers: tuple[tuple[str, str], ...] = ()

    def count(self, kind: SeamKind) -> int:
        """Return the number of findings of a kind."""
        return sum(one.kind is kind for one in self.findings)

    @property
    def max_deviation_m(self) -> float | None:
        """Return the largest deviation (m) of a finding; None without one."""
        return max((one.deviation_m for one in self.findings if one.deviation_m is not None), default=None)


@dataclass(frozen=True)
class SeamResult:
    """The result of a check of seams.

    ``pairs``: all neighbouring counties that were compared; ``sums``: sums of the counties against the targets of the
    parent; ``ignored_names``: data that belong to no county.
    """

    counties: tuple[CountyBorders, ...]
    pairs: tuple[SeamPair, ...]
    sums: tuple[ParentSum, ...]
    settings: SeamSettings
    plane: str
    lang: str
    time: datetime
    ignored_names: tuple[str, ...] = ()
    unconfirmed_settings: tuple[str, ...] = ()

    @cached_property
    def report_texts(self) -> ReportTexts:
        """Return the texts of pages and tables in the language of the result."""
        return ReportTexts(self.lang)

    @cached_property
    def names(self) -> dict[str, str]:
        """Return name in the list → name on pages: the county's name, with that of the list if two have the same."""
        counts = Counter(one.area_name for one in self.counties)
        return {
            one.name: one.area_name if one.area_name and counts[one.area_name] == 1 else one.name
            for one in self.counties
        }

    @property
    def findings(self) -> list[SeamFinding]:
        """Return the findings of all pairs."""
        return [one for pair in self.pairs for one in pair.findings]

    @property
    def has_problems(self) -> bool:
        """Return True if a finding is more than a note, or a target is missed or cannot be judged.

        Also if a county was not read, or its layers have unknown data.
        """
        return (
            any(one.severity is not Severity.INFO for one in self.findings)
            or any(one.gaps or not one.is_read for one in self.counties)
            or any(one.state != TARGET_MET or one.misses for one in self.sums)
        )


@dataclass(frozen=True)
class ParentSum:
    """The sum of the counties' areas against a target of their parent.

    ``sum_value``: in the target's unit; ``counted``: names of the counties in the sum; ``missing``: names of those
    without a value; ``targets_sum``: sum of the counties' targets in the same unit, None if a county has no target;
    ``misses``: counties that miss their targets; ``unconfirmed``: counties with figures that are not confirmed.
    """

    target: IndicatorTarget
    sum_value: float
    counted: tuple[str, ...]
    missing: tuple[str, ...]
    targets_sum: float | None
    misses: tuple[ChildMiss, ...]
    unconfirmed: tuple[str, ...]

    @property
    def state(self) -> str:
        """Return met, close or broken; empty where missing counties prevent a result."""
        return PartsSum(self.target, self.sum_value, len(self.counted), self.missing).state

    @property
    def margin(self) -> float:
        """Return by how much the sum meets the target, negative if it misses it; in the target's unit."""
        return require_value(
            compute_margin(self.sum_value, self.target.comparison, self.target.numeric_value), "the margin of a sum"
        )

    @property
    def decimals(self) -> int:
        """Return the decimals with which amounts in the target's unit are written."""
        return max(self.target.printed_decimals, 4)

    @property
    def hides_misses(self) -> bool:
        """Return True if the sum passes while a county fails: the sum does not replace the county's target."""
        return self.state == TARGET_MET and bool(self.misses)


@dataclass(frozen=True)
class ChildMiss:
    """A county that misses its target. ``margin``: in the unit of the parent's target, negative."""

    county: str
    margin: float
    state: str
