# SPDX-License-Identifier: GPL-2.0-or-later
"""What the list of counties shows of each: planned action, state, verdict, counts, reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ...core.base.connection_text import mask_source
from ...core.counties.county_record import VERDICT_ORDER, County, CountyRecord
from ...core.model.rule import Severity
from ...core.render.words import ReportTexts
from ...core.standard.messages.numbers import format_number
from ..widgets import name_profile, theme

#: Kind of a county without a verdict, next to the values of `Verdict`.
NO_VERDICT = "none"
KINDS = (*VERDICT_ORDER, NO_VERDICT)
#: The list asks for the names at every repaint.
_name_shipped_profile = lru_cache(maxsize=None)(name_profile)
KIND_ICONS = {**theme.VERDICT_ICONS, NO_VERDICT: "unread"}
#: Stages of a county in a run.
WAITING, RUNNING, DONE, KEPT = "waiting", "running", "done", "kept"
_BYTES_PER_MB, _SECONDS_PER_MINUTE = 1e6, 60
#: Durations below this (s) are shown in seconds.
_MIN_SECONDS_IN_MINUTES = 90


@dataclass
class CountyRow:
    """A county of the list.

    ``action``: what the next run does with it (`core.counties.batch_sentences`), empty while that is unknown;
    ``seconds``: about the time of its check, None if unknown; ``record``: its result, of this or an earlier run;
    ``stage``: of the present or last run, empty before it; ``folder``: folder of its report, None while unknown;
    ``input_bytes``: size of its data, None while unknown.
    """

    county: County
    profile: str = ""
    action: str = ""
    seconds: float | None = None
    record: CountyRecord | None = None
    stage: str = ""
    folder: Path | None = None
    input_bytes: int | None = None

    @property
    def name(self) -> str:
        return self.county.name

    @property
    def valid_record(self) -> CountyRecord | None:
        """Return the result if it is that of the present data; None before the county is checked again."""
        is_valid = self.stage in (DONE, KEPT) or (not self.stage and self.action == KEPT)
        return self.record if is_valid else None

    @property
    def kind(self) -> str:
        """Return the verdict, `NO_VERDICT` for a county that has none, or empty if it was not checked yet."""
        record = self.valid_record
        if record is None:
            return ""
        return record.verdict if record.is_checked else NO_VERDICT


def describe_source(row: CountyRow) -> str:
    """Return the name of a county's data, without folders."""
    masked = mask_source(row.county.source)
    return Path(masked).name if masked == row.county.source else masked


def describe_profile(row: CountyRow) -> str:
    """Return the name of a county's profile; for a file its name without its folder."""
    return Path(row.profile).name if row.profile.lower().endswith(".toml") else _name_shipped_profile(row.profile)


def describe_stage(row: CountyRow) -> str:
    """Return what is done with a county, or what was done."""
    if row.stage:
        return {
            WAITING: tr("Waiting"),
            RUNNING: tr("Checking now"),
            DONE: tr("Checked now"),
            KEPT: tr("Result kept"),
        }[row.stage]
    return {
        "": "…",
        "new": tr("First check"),
        "changed": tr("Inputs changed"),
        "retried": tr("No verdict before"),
        "repeated": tr("Check again"),
        KEPT: tr("Result kept"),
    }[row.action]


def describe_time(row: CountyRow) -> str:
    """Return about how long the check takes, or how long it took."""
    if row.stage in (DONE, KEPT) or (not row.stage and row.action == KEPT):
        seconds = row.record.times.get("seconds") if row.record is not None else None
        return _format_seconds(float(seconds)) if seconds else ""
    if row.seconds is None:
        return tr("unknown") if row.action else ""
    return tr("about {time}").format(time=_format_seconds(row.seconds))


def _format_seconds(seconds: float) -> str:
    if seconds < _MIN_SECONDS_IN_MINUTES:
        return tr("{count} s").format(count=format_number(max(seconds, 1), 0))
    return tr("{count} min").format(count=format_number(seconds / _SECONDS_PER_MINUTE, 0))


def describe_result(row: CountyRow) -> str:
    """Return the verdict of a county, or why it has none in a word; empty before its check."""
    if (record := row.valid_record) is None:
        return ""
    if record.is_checked:
        return theme.get_verdict_word(record.verdict)
    return ReportTexts(get_interface_language()).get("county_state", str(record.state))


def count_findings(row: CountyRow, key: str) -> int | None:
    """Return the number of ``errors`` or ``warnings``; None without a verdict."""
    record = row.valid_record
    return record.counts.get(key) if record is not None and record.is_checked else None


def describe_reason(row: CountyRow) -> str:
    """Return why a county has no verdict, or which rules have errors and which were not checked completely."""
    if (record := row.valid_record) is None:
        return ""
    if not record.is_checked:
        return record.reason
    parts = [
        tr("{title} {count}").format(title=one["title"], count=one["count"])
        for one in record.problems
        if one["severity"] == Severity.ERROR.name
    ]
    if record.unchecked:
        titles = tr(", ").join(rule["title"] for rule in record.unchecked)
        parts.append(tr("not checked: {titles}").format(titles=titles))
    return tr("; ").join(parts)


def describe_row(row: CountyRow) -> str:
    """Return all that is known of a county, in lines, for its tool tip and for the text below the list."""
    lines = [mask_source(row.county.source)]
    if row.input_bytes:
        size = format_number(row.input_bytes / _BYTES_PER_MB, 1)
        lines[0] = tr("{source} ({size} MB)").format(source=lines[0], size=size)
    if row.county.is_package:
        lines.append(tr("Submission package: inspected"))
    if row.valid_record is None and row.record is not None:
        former = theme.get_verdict_word(row.record.verdict) if row.record.is_checked else tr("No verdict")
        lines.append(tr("Last result, of former data or settings: {verdict}").format(verdict=former))
    if reason := describe_reason(row):
        lines.append(tr("{state}: {reason}").format(state=describe_result(row), reason=reason))
    return "\n".join(lines)
