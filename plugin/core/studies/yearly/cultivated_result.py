# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of cultivated land of a year: parcels by two surveys, certificates of the county, and the whole result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ...plan.layer import Layer
from ...plan.plan import Plan
from ...render.versions.edition_comparison import MOVED_IN_KIND, MOVED_OUT_KIND, VersionComparison

#: Balances that a change counts in: 占补平衡, 进出平衡, or none of them (另列).
SUPPLEMENT, EXCHANGE, UNCOUNTED = "supplement", "exchange", "uncounted"
#: Kinds of certificates: approved conversions (经批准的转用) of lost, accepted supplements (补充耕地) of gained land.
APPROVED, ACCEPTED = "approved", "accepted"
CERTIFICATE_OF_KIND = {MOVED_OUT_KIND: APPROVED, MOVED_IN_KIND: ACCEPTED}


@dataclass(frozen=True)
class Cause:
    """A row of the table of causes: name, English name, balance that it counts in, mark of the source."""

    name: str
    name_en: str
    account: str
    mark: str


@dataclass
class CultivatedChange:
    """A parcel: land of one parcel of each survey, in one township, that became or ceased to be cultivated.

    ``kind``: out or in; ``before_key``, ``before_class`` and so on: of the parcels, empty where a survey has none;
    ``cause``: None for a pair of classes that the table of causes lacks; ``is_stable``: 稳定耕地, None if unknown;
    ``net_m2``, ``ridge_m2``: net area and 田坎, NaN if unknown; ``certified_m2``: statutory area inside certificates of
    the kind, ``certificates``: their numbers; None and empty without certificates or without their shapes.
    """

    number: int
    kind: str
    township: str
    before_key: str
    after_key: str
    before_class: str
    after_class: str
    cause: Cause | None
    is_stable: bool | None
    geometry: Any
    area_m2: float
    net_m2: float
    ridge_m2: float
    certified_m2: float | None = None
    certificates: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """Return the balance that the change counts in; empty if its cause is unknown."""
        return self.cause.account if self.cause else ""


@dataclass
class Certificate:
    """A certificate: a project with an approved conversion, or a parcel of supplemented cultivated land.

    ``cultivated_m2``: area that it states, NaN if that cannot be decided; ``townships``: with its land (``""``: outside
    all), or as stated; empty if unknown; ``survey_m2``: net area of the changes by survey in it, None without shapes.
    """

    number: str
    cultivated_m2: float
    townships: tuple[str, ...]
    survey_m2: float | None = None


@dataclass
class Certificates:
    """The certificates of a kind: name of the source, and for each row of it the position of its certificate.

    ``shapes``: (n,) polygons of the rows in the plane of the later survey, None for a table; ``left_out``, ``undated``:
    number of rows of other years, which do not count, and of rows without a year, which do; ``excessive``: certificates
    that state more cultivated land than their shapes have, with that area (m²).
    """

    source: str
    items: list[Certificate]
    item_of_row: list[int]
    shapes: NDArray | None
    left_out: int = 0
    undated: int = 0
    excessive: tuple[tuple[Certificate, float], ...] = ()


class CultivatedSums(NamedTuple):
    """Net areas (m²) of cultivated land of a township in both surveys; NaN if a parcel has none."""

    before_m2: float
    after_m2: float


@dataclass
class CultivatedResult:
    """Changes of cultivated land of a year.

    ``unified_from``: first year with one balance; ``sums_by_township``: name of a township (``""``: outside all) → net
    areas; ``certificates``: their kind → certificates, None if the county gave none; ``unlisted``: count and net
    area (m²) of pieces below a printed digit; ``stable_words``: words of the field of 稳定耕地 without a meaning.
    """

    before: Plan
    after: Plan
    year: int
    unified_from: int
    causes_file: str
    layers: tuple[Layer, Layer]
    comparison: VersionComparison
    changes: list[CultivatedChange]
    sums_by_township: dict[str, CultivatedSums]
    overlap_m2: tuple[float, float]
    unlisted: tuple[int, float]
    stable_words: tuple[str, ...]
    certificates: dict[str, Certificates | None] = field(default_factory=dict)

    @property
    def is_unified(self) -> bool:
        """Return True if the year has one balance (一本账)."""
        return self.year >= self.unified_from


@dataclass(frozen=True)
class SurveyOrder:
    """What is compared: two surveys, the year, and files of certificates by kind of change (empty: not given)."""

    before: str
    after: str
    year: int
    approved: str = ""
    accepted: str = ""

    @property
    def inputs(self) -> list[str]:
        """Return the files that are read."""
        return [one for one in (self.before, self.after, self.approved, self.accepted) if one]
