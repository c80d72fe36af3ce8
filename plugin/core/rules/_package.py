# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules on packages (DOC) share: they look at `plan.package`, and do not apply where no package is inspected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..findings import Finding
from ..rule import RuleResult, Severity

if TYPE_CHECKING:
    from ..context import Context
    from ..exchange.package.facts import PackageFacts


def package_of(ctx: Context) -> PackageFacts | None:
    return ctx.plan.package


def none_given() -> RuleResult:
    return RuleResult(applicable=False, notes=[("package_not_given", {})])


def on_file(path: str, case: str = "", severity: Severity | None = None, **params: Any) -> Finding:
    """A finding on a file of the package: its path is its key, so that it is known again."""
    return Finding("", key=path, case=case, severity=severity, params={"file": path, **params})


def result(findings: Iterable[Finding]) -> RuleResult:
    return RuleResult(findings=list(findings))
