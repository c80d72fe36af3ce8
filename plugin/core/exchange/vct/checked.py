# SPDX-License-Identifier: GPL-2.0-or-later
"""Check a database that was just made of a VCT file, and summarise the check. A check that fails leaves the database as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import Cancelled, SanxianError

if TYPE_CHECKING:
    from ...messages.texts import Texts
    from ...model.report import Report

#: Rules with the most findings that the summary names.
MOST = 3


@dataclass(frozen=True)
class ImportCheck:
    """``verdict``: empty where the check could not be completed; ``lines``: what to report."""

    verdict: str = ""
    errors: int = 0
    warnings: int = 0
    lines: tuple[str, ...] = ()


def check_imported(run: Callable[[], Report], texts: Texts) -> ImportCheck:
    """Run a check and summarise it; what stops it is reported and not raised, as the import is complete."""
    try:
        report = run()
    except Cancelled:
        return ImportCheck(lines=(texts.get("toolbox", "import_check_cancelled"),))
    except SanxianError as error:
        return ImportCheck(lines=(texts.get("toolbox", "import_check_failed", reason=texts.explain(error)),))
    summary = report.summary
    verdict = texts.get("verdicts", summary["verdict"])
    counts = {key: value for key, value in summary.items() if isinstance(value, int) and key not in ("infos", "waived")}
    lines = [texts.get("toolbox", "summary", verdict=verdict, **counts)]
    if common := commonest_rules(report):
        titles = {rule.code: rule.heading for rule in report.rules}
        named = [
            texts.get("toolbox", "rule_line_count", code=code, title=titles.get(code, ""), count=count)
            for code, count in common
        ]
        lines.append(
            texts.get("toolbox", "import_check_most", rules=texts.get("toolbox", "rule_separator").join(named))
        )
    lines.append(texts.get("toolbox", "import_check_more"))
    return ImportCheck(summary["verdict"], summary["errors"], summary["warnings"], tuple(lines))


def commonest_rules(report: Report, most: int = MOST) -> list[tuple[str, int]]:
    """Return the codes with the most open errors and warnings, and how many each has; the run's own codes are left out."""
    rules = {rule.code for rule in report.rules}
    open_ = (f.code for f in report.findings if f.code in rules and f.state != "waived" and str(f.severity) != "INFO")
    return sorted(Counter(open_).items(), key=lambda row: (-row[1], row[0]))[:most]
