# SPDX-License-Identifier: GPL-2.0-or-later
"""A waiver: the accepted finding, its reason, document, author and validity.

Waivers are made from findings.
"""

import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field as fresh
from datetime import date as Day
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

from ...base.errors import InputError
from ...model.findings import Finding
from ...model.rule import Severity
from ...standard.messages.texts import THIN_SPACE

#: Identity of a finding, independent of its place: code, case, roles, sorted keys, field.
WaiverIdentity = tuple[str, str, str, str, tuple[str, ...], str]
#: Parameters that identify a row, a waiver, what the checking version or county knows, or (in version 0.1.0) the
#: program that read a file, and not the problem.
PARAMETERS_WITHOUT_FIGURES = (
    "fid",
    "fids",
    "related_fid",
    "related_fids",
    "more",
    "waiver",
    "package_waiver",
    "trace",
    "known",
    "by",
)
#: Parameters next to an area that belong to the conflict: for the same land another value is another conflict. The
#: latter are in m².
_VALUE_PARAMETERS, VALUE_PARAMETERS_M2 = ("value",), ("actual", "loss")
#: Longer texts are not compared as figures.
_MAX_TEXT_LENGTH = 80
#: Reasons why a finding can never be accepted (`find_refusal_reason`): it is about the run, or on a package made by
#: force. Its plan does not pass, and the package must show it.
RUN_REASON, FORCED_REASON = "run", "forced"
NEVER_ACCEPTED_REASONS = (RUN_REASON, FORCED_REASON)
#: The rule on packages made by force.
FORCED_PACKAGE_RULE_CODE = "DOC007"
#: Mean radius of the Earth (IUGG), for distances of some metres.
_EARTH_RADIUS_M = 6_371_008.8
#: The first sentence; a decimal point does not end it.
_FIRST_SENTENCE_PATTERN = re.compile(r".*?(?:。|\.(?=\s+[A-Z]))", re.DOTALL)


@dataclass(frozen=True)
class Waiver:
    """An accepted finding, as a row of the waiver file.

    ``lon``, ``lat`` in degrees (EPSG:4490) and ``area_m2`` (as the finding reported it) describe the conflict when it
    was accepted; it still matches after a move up to ``place_m`` and a change up to ``change_m2``. ``figures``: figures
    of a finding without an area, and for a finding with an area its value (`select_identifying_figures`). ``until``:
    the last day of validity, None: unlimited. ``message`` is for readers only.
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
    #: True: the area is that of the land as drawn; False: by vertices alone, as version 0.1.0 wrote it.
    as_drawn: bool = False
    #: SHA-256 of the attachment; empty if it was not computed.
    digest: str = ""

    @property
    def finding_identity(self) -> WaiverIdentity:
        """Return what identifies the accepted finding: rule, message case, layers, keys, field."""
        keys = tuple(sorted([self.key, *self.related_keys]))
        return (self.rule, self.case, self.role, self.related_role, keys, self.field)

    @property
    def lonlat(self) -> tuple[float, float] | None:
        """Return the place of the conflict as (longitude, latitude) in degrees, or None."""
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)

    def measure_comparable_area(self, finding: Finding) -> float | None:
        """Return a finding's area (m²), measured in the same way as the waiver's area.

        None without an area. A waiver made by version 0.1.0 has an area computed from vertices alone.
        """
        return finding.area_m2 if self.as_drawn else finding.area_by_vertices_m2

    def has_expired(self, today: Day) -> bool:
        """Return True if the waiver is no longer valid on the day ``today``."""
        return self.until is not None and self.until < today

    def get_report_values(self) -> dict[str, str]:
        """Return column name → text of the waiver's entries for reports.

        Of attachments only the file name.
        """
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
class WaiverLimits:
    """How far a conflict may change before its waiver no longer applies.

    Settings ``waivers.…``: the centre by ``place_m`` m, the area by ``area_share`` or ``area_m2`` m², whichever is
    more; figures of a finding without a place by ``figure_share``.
    """

    place_m: float = 5.0
    area_share: float = 0.01
    area_m2: float = 1.0
    figure_share: float = 0.001

    def compute_allowed_move_m(self, area_m2: float | None) -> float:
        """Return how far (m) the centre of a conflict may move.

        The distance is longer for a large conflict, whose centre moves when a share of its area is lost or gained.
        """
        return max(self.place_m, self.area_share * (area_m2 or 0.0) ** 0.5)

    def compute_allowed_change_m2(self, area_m2: float | None) -> float:
        """Return by how much (m²) the area of a conflict may change; 0 without an area."""
        return 0.0 if area_m2 is None else max(self.area_m2, self.area_share * area_m2)


@dataclass(frozen=True)
class Waivers:
    """The waivers of a plan.

    ``path``: the waiver file, which need not exist; None if unknown. ``file_exists``: the file exists.
    ``is_default_file``: the file was found next to the data and was not named. ``new_key_by_old_key``: (layer code, old
    key) → new key; the layer code is empty if a table names none.
    """

    entries: tuple[Waiver, ...] = ()
    path: Path | None = None
    file_exists: bool = False
    limits: WaiverLimits = WaiverLimits()
    new_key_by_old_key: dict[tuple[str, str], str] = fresh(default_factory=dict, hash=False)
    is_default_file: bool = False


#: For a plan without accepted findings.
NO_WAIVERS = Waivers()


def get_finding_identity(finding: Finding) -> WaiverIdentity:
    """Return what identifies a finding for waivers: rule, message case, layers, keys, field."""
    keys = tuple(sorted([finding.key, *finding.related_keys]))
    return (finding.code, finding.case, finding.role, finding.related_role, keys, finding.field)


def get_finding_figures(finding: Finding) -> dict[str, Any]:
    """Return name → value of the figures of a finding besides its place.

    They are the numbers, words and flags among its parameters.
    """
    return {
        name: value
        for name, value in finding.params.items()
        if name not in PARAMETERS_WITHOUT_FIGURES
        and isinstance(value, str | int | float)
        and len(str(value)) <= _MAX_TEXT_LENGTH
    }


def select_identifying_figures(finding: Finding) -> dict[str, Any]:
    """Return name → value of the figures that identify the conflict of a finding with an area.

    Such figures are a code, or an area that was written or lost.
    """
    return {
        name: value
        for name, value in get_finding_figures(finding).items()
        if name in (*_VALUE_PARAMETERS, *VALUE_PARAMETERS_M2)
    }


def is_identified_by_fid(finding: Finding) -> bool:
    """Return True if only a feature id identifies a row of the finding.

    Another file has other ids, so no waiver could match the finding again.
    """
    return not finding.params.keys().isdisjoint(("fid", "related_fid", "related_fids"))


def find_refusal_reason(finding: Finding) -> str:
    """Return why a finding cannot be accepted, as a text key; empty if it can be.

    ``run``: the finding is about the run; ``forced``: it is on a package made by force; ``info``: it is a note that
    needs no approval and blocks nothing; ``fid``: see `is_identified_by_fid`.
    """
    if finding.code.startswith("RUN"):
        return RUN_REASON
    if finding.code == FORCED_PACKAGE_RULE_CODE:
        return FORCED_REASON
    if finding.severity is Severity.INFO and not finding.needs_approval:
        return "info"
    return "fid" if is_identified_by_fid(finding) else ""


def compute_distance_m(lonlat: tuple[float, float] | None, other_lonlat: tuple[float, float] | None) -> float:
    """Return the distance in metres between two (longitude, latitude) in degrees.

    Return 0 if both are unknown, infinity if one is. The distance on a sphere is accurate to some thousandths, which
    suffices for tolerances of a few metres.
    """
    if lonlat is None or other_lonlat is None:
        return 0.0 if lonlat is other_lonlat else float("inf")
    step = radians(1) * _EARTH_RADIUS_M
    return hypot((lonlat[0] - other_lonlat[0]) * step * cos(radians(lonlat[1])), (lonlat[1] - other_lonlat[1]) * step)


@dataclass(frozen=True)
class WaiverEntry:
    """What the planner enters for a waiver: reason, document, author, first and last day, attachment.

    ``until``: last day, None without an expiry; ``digest``: SHA-256 of the attachment, 64 hexadecimal digits; empty if
    it was not computed.
    """

    reason: str
    document: str
    author: str
    date: Day
    until: Day | None = None
    attachment: str = ""
    digest: str = ""


def make_waivers(
    findings: Iterable[Finding], entry: WaiverEntry, limits: WaiverLimits, folder: Path | None = None
) -> list[Waiver]:
    """Return a new waiver for each finding.

    ``entry``: the planner's entries; an attachment below ``folder`` (the folder of the waiver file) is stored as a
    relative path. Raises InputError for missing entries, an end before the beginning, and a finding that cannot be
    accepted (`find_refusal_reason`).
    """
    for name in ("reason", "document", "author"):
        if not getattr(entry, name).strip():
            raise InputError("waiver_blank", detail=f"waiver_{name}")
    if entry.until is not None and entry.until < entry.date:
        raise InputError("waiver_dates", until=entry.until.isoformat(), date=entry.date.isoformat())
    attachment = entry.attachment.strip()
    if folder is not None and Path(attachment).is_absolute():
        # A path is stored relative if it is below the waiver file's folder.
        with suppress(ValueError):
            attachment = Path(os.path.abspath(attachment)).relative_to(os.path.abspath(folder)).as_posix()
    waivers = []
    for finding in findings:
        reason = find_refusal_reason(finding)
        if reason:
            raise InputError("waiver_cannot", message=finding.message, detail=f"waiver_{reason}")
        area = finding.area_m2
        lon, lat = finding.place or (None, None)
        # The first sentence states the problem. Narrow spaces become plain spaces, because GBK has no narrow space.
        sentence_match = _FIRST_SENTENCE_PATTERN.match(finding.message)
        waivers.append(
            Waiver(
                id=f"W{entry.date:%Y%m%d}-{secrets.token_hex(4)}",
                rule=finding.code,
                reason=entry.reason.strip(),
                document=entry.document.strip(),
                author=entry.author.strip(),
                date=entry.date,
                until=entry.until,
                attachment=attachment,
                digest=entry.digest if attachment else "",
                message=(sentence_match.group() if sentence_match else finding.message).replace(THIN_SPACE, " "),
                case=finding.case,
                role=finding.role,
                key=finding.key,
                related_role=finding.related_role,
                related_keys=tuple(finding.related_keys),
                field=finding.field,
                lon=lon,
                lat=lat,
                place_m=limits.compute_allowed_move_m(area) if finding.place else 0.0,
                area_m2=area,
                change_m2=limits.compute_allowed_change_m2(area),
                as_drawn=area is not None,
                figures=get_finding_figures(finding) if area is None else select_identifying_figures(finding),
            )
        )
    return waivers
