# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of a batch check: the counties to check, and the record of each result."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..base.files.data import check_known, check_type, read_record
from ..model.verdict import Verdict
from ..standard.options import RunOptions

RECORD_SCHEMA, SUMMARY_SCHEMA = "sanxian-county/1", "sanxian-counties/1"
#: Folder of the counties' folders in the output folder, and the record in each of them.
COUNTIES_FOLDER, RECORD_FILE = "counties", "county.json"
#: Files of the summary in the output folder.
SUMMARY_JSON, SUMMARY_HTML, SUMMARY_XLSX, SUMMARY_LAYER = (
    "summary.json",
    "summary.html",
    "summary.xlsx",
    "summary.gpkg",
)
SUMMARY_FILES = (SUMMARY_HTML, SUMMARY_XLSX, SUMMARY_LAYER, SUMMARY_JSON)
#: File by which a folder of results of a check of seams is known; the package of that check imports this one.
SEAMS_JSON = "seams.json"
#: File by which a folder of results of a gathering is known.
GATHERING_JSON = "gathering.json"
#: Prefix of temporary folders, and the name of the lock of an output folder.
TEMPORARY_PREFIX, LOCK_NAME = ".sanxian-", "batch"
#: Folder of a run in the output folder, removed at its end or by the next run.
STAGING_FOLDER = f"{TEMPORARY_PREFIX}batch"
#: Forms of a county's report besides JSON, which is always written → suffix of the file.
REPORT_SUFFIXES = {"html": ".html", "docx": ".docx", "xlsx": ".xlsx", "findings": ".gpkg"}
#: Order from the worst to the best verdict.
VERDICT_ORDER = (Verdict.FAILED, Verdict.INCOMPLETE, Verdict.CONDITIONAL, Verdict.PASSED)


class CountyState(StrEnum):
    """What became of a county: 已检查, or why it has no verdict.

    UNREAD: the data or the settings cannot be used; UNWRITTEN: a report cannot be written; CRASHED: an unexpected
    error; LOST: the process that checked the county ended twice, such as for lack of memory.
    """

    CHECKED = "checked"
    UNREAD = "unread"
    UNWRITTEN = "unwritten"
    CRASHED = "crashed"
    LOST = "lost"


@dataclass(frozen=True)
class County:
    """A county to check.

    ``name``: unique name in the batch; ``source``: path of the data, or a connection to a database; ``profile`` and
    ``baseline``: those of the list,
    empty for the options of the batch; ``is_package``: the source is a submission package, which is inspected.
    """

    name: str
    source: str
    profile: str = ""
    baseline: str = ""
    is_package: bool = False


@dataclass(frozen=True)
class BatchOptions:
    """Options of a batch check.

    ``source``: a folder with the data of each county, the file of a list, or a connection to a database with a schema
    for each; ``output``: the folder of all results;
    ``check``: options of each check; ``package_spec``: id or path of the specification of packages; ``forms``: forms of
    a county's report besides JSON, keys of `REPORT_SUFFIXES`; ``jobs``: counties checked at the same time;
    ``resumes``: counties whose result is current are not checked again; ``only_changed``: nor are those that had no
    result and whose inputs are unchanged since then.
    """

    source: str | Path
    output: Path
    check: RunOptions = field(default_factory=RunOptions)
    package_spec: str = "county"
    forms: tuple[str, ...] = ()
    jobs: int = 1
    resumes: bool = True
    only_changed: bool = False


@dataclass(frozen=True)
class CountyTask:
    """The check of one county, complete for another process.

    ``folder``: where the report is written; ``fingerprint``: digest of all inputs, computed before the check;
    ``input_bytes``: size of the data.
    """

    county: County
    options: RunOptions
    package_spec: str
    folder: Path
    forms: tuple[str, ...]
    fingerprint: str
    input_bytes: int


@dataclass
class CountyRecord:
    """The result of a county, as stored next to its report.

    ``reason``: why the county has no verdict, in the language of the report; ``trace``: places in the code of an
    unexpected error; ``counts``: the summary of the report; ``figures``: indicators of the county as plain data;
    ``problems``: findings by rule (code, title, severity, count, area_m2); ``unchecked``: rules that were not checked
    completely (code, title, reason); ``outline``: WKT in degrees on CGCS2000, simplified; ``outline_basis``: county,
    townships or extent; ``changes_on``: ISO date from which a waiver begins or ends to apply, or a protection has
    ended, so that the result is no longer current, empty without one; ``times``: begin and seconds of the check;
    ``digests``: name → SHA-256 of the reports as JSON and HTML. Equal inputs give equal records but for times and
    digests.
    """

    name: str
    state: CountyState
    fingerprint: str
    lang: str = "zh"
    reason: str = ""
    trace: list[str] = field(default_factory=list)
    verdict: str = ""
    area_code: str = ""
    area_name: str = ""
    scope: str = ""
    phase: str = ""
    standard: str = ""
    profile: str = ""
    counts: dict[str, Any] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    unchecked: list[dict[str, str]] = field(default_factory=list)
    outline: str = ""
    outline_basis: str = ""
    forms: list[str] = field(default_factory=list)
    input_bytes: int = 0
    changes_on: str = ""
    times: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def is_checked(self) -> bool:
        """Return True if the county has a verdict."""
        return self.state is CountyState.CHECKED

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return {"schema": RECORD_SCHEMA, **asdict(self), "state": str(self.state)}

    @classmethod
    def from_dict(cls, data: Any, file: Path = Path(RECORD_FILE), where: str = "") -> CountyRecord:
        """Return the record of a dict made by `to_dict`.

        ``file``, ``where``: for the DataError that other data raise.
        """
        check_known(check_type(data, dict, file=file, key=where).get("schema"), (RECORD_SCHEMA,), file, "schema")
        return read_record(
            cls, {key: data[key] for key in data if key not in ("schema", "digest")}, file=file, where=where
        )
