# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts that an environment check found, and the result as lines, text file or JSON, without names and folders."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from ....metadata import read_plugin_version
from ...base.errors import OutputError
from ...base.files.writing import check_writable, write_atomically
from ...standard.messages.texts import Texts

SCHEMA = "sanxian-doctor/1"
OUTPUT_SUFFIXES = (".txt", ".json")


class FactState(StrEnum):
    """The state of a line: 可用 / 警告 / 缺少 / 结果不符 / 未运行.

    MISSING and FAILED mean that checks cannot run or give wrong results here; the others do not.
    """

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class MachineFact:
    """A line of the environment check.

    ``identifier`` never changes (``library.geopandas``). ``name``: what was examined; ``found``: its version or what
    was found; ``remedy``: what does not work without it and how to get it, empty if nothing is to be done. Texts are
    in the user's language and name no folder of this machine.
    """

    identifier: str
    state: FactState
    name: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class DoctorReport:
    """The lines of an environment check, and its conclusion."""

    facts: tuple[MachineFact, ...]
    conclusion: str
    lang: str

    @property
    def is_healthy(self) -> bool:
        """Return True if checks can run here."""
        return is_healthy(self.facts)


def is_healthy(facts: tuple[MachineFact, ...]) -> bool:
    """Return True if nothing that checks need is missing, and no example has another result."""
    return all(fact.state not in (FactState.MISSING, FactState.FAILED) for fact in facts)


def format_fact(fact: MachineFact, lang: str) -> str:
    """Return a line: state, name, what was found, remedy."""
    texts = Texts(lang)
    return texts.get(
        "environment",
        "line_with_remedy" if fact.remedy else "line",
        state=texts.get("environment_states", fact.state),
        name=fact.name,
        found=fact.found,
        remedy=fact.remedy,
    ).strip()


def list_report_lines(report: DoctorReport) -> list[str]:
    """Return the lines of a report; the first one is the conclusion."""
    return [report.conclusion, *(format_fact(fact, report.lang) for fact in report.facts)]


def check_output(target: str) -> None:
    """Raise OutputError before the run if the result cannot be written to this path."""
    if Path(target).suffix.lower() not in OUTPUT_SUFFIXES:
        raise OutputError("output_format", target=target, known=", ".join(OUTPUT_SUFFIXES))
    check_writable(target, [])


def write_report(report: DoctorReport, target: str) -> None:
    """Write a report as text (.txt) or JSON (.json); raise OutputError if it cannot be written."""
    check_output(target)
    if Path(target).suffix.lower() == ".json":
        data = {
            "schema": SCHEMA,
            **_describe_machine(),
            "healthy": report.is_healthy,
            "conclusion": report.conclusion,
            "facts": [
                {
                    "id": fact.identifier,
                    "state": fact.state.value,
                    "name": fact.name,
                    "found": fact.found,
                    "remedy": fact.remedy,
                }
                for fact in report.facts
            ],
        }
        content = json.dumps(data, ensure_ascii=False, indent=1)
    else:
        title = Texts(report.lang).get("environment", "title")
        content = "\n".join([title, " · ".join(_describe_machine().values()), "", *list_report_lines(report)])
    with write_atomically(target) as path:
        path.write_text(content + "\n", encoding="utf-8")


def _describe_machine() -> dict[str, str]:
    """Return date, version of the plugin, and kind of machine; neither its name nor that of its user."""
    return {
        "date": date.today().isoformat(),
        "plugin": read_plugin_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }
