# SPDX-License-Identifier: GPL-2.0-or-later
"""Accepting findings: waivers made of them, with the words of who accepts."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Day
from pathlib import Path

from ..errors import InputError
from ..messages.texts import THIN_SPACE
from ..model.findings import Finding
from .model import Limits, Waiver, figures, obstacle, said

#: The first sentence: a full stop within a figure ends none.
_SENTENCE = re.compile(r".*?(?:。|\.(?=\s+[A-Z]))", re.DOTALL)


@dataclass(frozen=True)
class Words:
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


def accepted(findings: Iterable[Finding], words: Words, limits: Limits, folder: Path | None = None) -> list[Waiver]:
    """One waiver for each finding. An attachment below ``folder`` (where the file of waivers stands) is kept relative to it.

    InputError for words that lack, an end before the beginning, and a finding that cannot be accepted (`obstacle`).
    """
    for name in ("reason", "document", "author"):
        if not getattr(words, name).strip():
            raise InputError("waiver_blank", detail=f"waiver_{name}")
    if words.until is not None and words.until < words.date:
        raise InputError("waiver_dates", until=words.until.isoformat(), date=words.date.isoformat())
    attachment = _attachment(words.attachment.strip(), folder)
    made = []
    for finding in findings:
        reason = obstacle(finding)
        if reason:
            raise InputError("waiver_cannot", message=finding.message, detail=f"waiver_{reason}")
        made.append(_waiver(finding, words, limits, attachment))
    return made


def _waiver(finding: Finding, words: Words, limits: Limits, attachment: str) -> Waiver:
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
        figures=figures(finding) if area is None else said(finding),
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
