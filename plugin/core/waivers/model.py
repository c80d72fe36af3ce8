# SPDX-License-Identifier: GPL-2.0-or-later
"""A waiver: which finding is meant, and who accepts it why, on what document, until when; and waivers made of findings."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as fresh
from datetime import date as Day
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..messages.texts import THIN_SPACE
from ..model.findings import Finding
from ..model.rule import Severity

#: What a finding is named by, wherever it lies: code, case, roles, sorted keys, field.
Identity = tuple[str, str, str, str, tuple[str, ...], str]
#: Parameters that tell a row, or a waiver, and not what is wrong with it.
_NOT_FIGURES = ("fid", "fids", "related_fid", "more", "waiver", "trace")
#: What a row or a sum says, of parameters beside an area: the land may be the same and the conflict another. The latter in m².
_SAID, SAID_M2 = ("value",), ("actual", "loss")
#: Longer texts are no figures.
_LONGEST = 80
#: Why a finding about the run cannot be accepted (`find_refusal_reason`).
RUN = "run"
#: Mean radius of the Earth (IUGG), for distances of some metres.
_RADIUS_M = 6_371_008.8


@dataclass(frozen=True)
class Waiver:
    """One accepted finding, as a row of the file says it.

    ``lon``, ``lat`` in degrees (EPSG:4490) and ``area_m2`` (as the finding told it) of the conflict when it was accepted; it may have
    moved by ``place_m`` and changed by ``change_m2`` and is still the one meant. ``finding_figures``: what a finding without an
    area said, and of one with an area the value that it is about (`figures_without_area`). ``until``: the last day on which it holds; None: no end. ``message`` is for people only.
    """

    id: str
    rule: str
    reason: str
    document: str
    author: str
    date: Day
    until: Day | None = None
    attachment: str = ""
    message: str = ""
    case: str = ""
    role: str = ""
    key: str = ""
    related_role: str = ""
    related_keys: tuple[str, ...] = ()
    field: str = ""
    lon: float | None = None
    lat: float | None = None
    place_m: float = 0.0
    area_m2: float | None = None
    change_m2: float = 0.0
    figures: dict[str, Any] = fresh(default_factory=dict, hash=False)
    #: Is the area that of the land as drawn? Else by vertices alone, as 0.1.0 wrote it.
    as_drawn: bool = False
    #: SHA-256 of the attachment; empty where it was not computed.
    digest: str = ""

    @property
    def identity(self) -> Identity:
        keys = tuple(sorted([self.key, *self.related_keys]))
        return (self.rule, self.case, self.role, self.related_role, keys, self.field)

    @property
    def place(self) -> tuple[float, float] | None:
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)

    def area_now(self, finding: Finding) -> float | None:
        """A finding's area, measured as the waiver's own was: of one by 0.1.0 by vertices alone."""
        return finding.area_m2 if self.as_drawn else finding.former_m2

    def expired(self, today: Day) -> bool:
        return self.until is not None and self.until < today

    def is_identified(self) -> dict[str, str]:
        """What reports say of it: plain texts, of the attachment the name only."""
        return {
            "id": self.id,
            "reason": self.reason,
            "document": self.document,
            "attachment": self.attachment.replace("\\", "/").rsplit("/", 1)[-1],
            "author": self.author,
            "date": self.date.isoformat(),
            "until": self.until.isoformat() if self.until else "",
        }


@dataclass(frozen=True)
class Limits:
    """How far a conflict may change before its waiver does not hold (settings ``waivers.…``): its centre by ``place_m`` m,
    its area by ``area_share`` or ``area_m2`` m², whichever is more; figures of a finding without a place by ``figure_share``."""

    place_m: float = 5.0
    area_share: float = 0.01
    area_m2: float = 1.0
    figure_share: float = 0.001

    def move_m(self, area_m2: float | None) -> float:
        """How far the centre of a conflict may move: of a large one that may lose or gain a share of its area, further."""
        return max(self.place_m, self.area_share * (area_m2 or 0.0) ** 0.5)

    def change_m2(self, area_m2: float | None) -> float:
        """By how much the area of a conflict may change; 0 of one that has none."""
        return 0.0 if area_m2 is None else max(self.area_m2, self.area_share * area_m2)


@dataclass(frozen=True)
class Waivers:
    """The waivers of a plan. ``path``: the file they stand in, or would; None where nobody knows. ``there``: is it?
    ``beside``: was it found beside the data, and not named?

    ``renumbered``: (role, old key) → new key, role empty where a table names none.
    """

    entries: tuple[Waiver, ...] = ()
    path: Path | None = None
    there: bool = False
    limits: Limits = Limits()
    renumbered: dict[tuple[str, str], str] = fresh(default_factory=dict, hash=False)
    beside: bool = False


#: For a plan of which no finding is accepted.
NO_WAIVERS = Waivers()


def finding_identity(finding: Finding) -> Identity:
    keys = tuple(sorted([finding.key, *finding.related_keys]))
    return (finding.code, finding.case, finding.role, finding.related_role, keys, finding.field)


def finding_figures(finding: Finding) -> dict[str, Any]:
    """What a finding says beside its place: numbers, words and flags of its parameters."""
    return {
        name: value
        for name, value in finding.params.items()
        if name not in _NOT_FIGURES and isinstance(value, str | int | float) and len(str(value)) <= _LONGEST
    }


def figures_without_area(finding: Finding) -> dict[str, Any]:
    """Of the figures of a finding with an area those that decide which conflict it is: a code, an area written or lost."""
    return {name: value for name, value in finding_figures(finding).items() if name in (*_SAID, *SAID_M2)}


def is_identified_by_fid(finding: Finding) -> bool:
    """Is a row of it told by its feature id only? Another file gives it another one, so that no waiver finds it again."""
    return "fid" in finding.params or "related_fid" in finding.params


def find_refusal_reason(finding: Finding) -> str:
    """Why a finding cannot be accepted, as the key of a text; empty when it can.

    ``run``: it is about the run itself; ``info``: a note, which stands in nobody's way; ``fid``: see `is_identified_by_fid`.
    """
    if finding.code.startswith("RUN"):
        return RUN
    if finding.severity is Severity.INFO:
        return "info"
    return "fid" if is_identified_by_fid(finding) else ""


def distance_m(one: tuple[float, float] | None, other: tuple[float, float] | None) -> float:
    """Metres between two (longitude, latitude) in degrees; 0 where neither is known, infinite where one is not.

    On a sphere: right to some thousandths, over distances that are held against a few metres.
    """
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    step = radians(1) * _RADIUS_M
    return hypot((one[0] - other[0]) * step * cos(radians(one[1])), (one[1] - other[1]) * step)


#: The first sentence: a full stop within a figure ends none.
_SENTENCE = re.compile(r".*?(?:。|\.(?=\s+[A-Z]))", re.DOTALL)


@dataclass(frozen=True)
class WaiverEntry:
    """The planner's entries for a waiver: reason, document, author, first and last day (None: no expiry).

    ``digest``: SHA-256 of the attachment, 64 hexadecimal digits; empty where it was not computed.
    """

    reason: str
    document: str
    author: str
    date: Day
    until: Day | None = None
    attachment: str = ""
    digest: str = ""


def make_waivers(
    findings: Iterable[Finding], words: WaiverEntry, limits: Limits, folder: Path | None = None
) -> list[Waiver]:
    """One waiver for each finding. An attachment below ``folder`` (where the file of waivers stands) is kept relative to it.

    InputError for words that lack, an end before the beginning, and a finding that cannot be accepted (`find_refusal_reason`).
    """
    for name in ("reason", "document", "author"):
        if not getattr(words, name).strip():
            raise InputError("waiver_blank", detail=f"waiver_{name}")
    if words.until is not None and words.until < words.date:
        raise InputError("waiver_dates", until=words.until.isoformat(), date=words.date.isoformat())
    attachment = _attachment(words.attachment.strip(), folder)
    made = []
    for finding in findings:
        reason = find_refusal_reason(finding)
        if reason:
            raise InputError("waiver_cannot", message=finding.message, detail=f"waiver_{reason}")
        made.append(_waiver(finding, words, limits, attachment))
    return made


def _waiver(finding: Finding, words: WaiverEntry, limits: Limits, attachment: str) -> Waiver:
    area = finding.area_m2
    lon, lat = finding.place or (None, None)
    return Waiver(
        id=f"W{words.date:%Y%m%d}-{secrets.token_hex(4)}",
        rule=finding.code,
        reason=words.reason.strip(),
        document=words.document.strip(),
        author=words.author.strip(),
        date=words.date,
        until=words.until,
        attachment=attachment,
        digest=words.digest if attachment else "",
        message=_problem(finding.message),
        case=finding.case,
        role=finding.role,
        key=finding.key,
        related_role=finding.related_role,
        related_keys=tuple(finding.related_keys),
        field=finding.field,
        lon=lon,
        lat=lat,
        place_m=limits.move_m(area) if finding.place else 0.0,
        area_m2=area,
        change_m2=limits.change_m2(area),
        as_drawn=area is not None,
        figures=finding_figures(finding) if area is None else figures_without_area(finding),
    )


def _problem(message: str) -> str:
    """What is wrong, without the remedy that follows; with plain spaces, for GBK has no narrow ones."""
    found = _SENTENCE.match(message)
    return (found.group() if found else message).replace(THIN_SPACE, " ")


def _attachment(path: str, folder: Path | None) -> str:
    """Relative where it lies with the waivers: folder and files may then move together."""
    if not path or folder is None or not Path(path).is_absolute():
        return path
    try:
        return Path(os.path.abspath(path)).relative_to(os.path.abspath(folder)).as_posix()
    except ValueError:
        return path
