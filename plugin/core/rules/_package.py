# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules on packages (DOC) share: they look at `plan.package`, and do not apply where no package is inspected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..findings import Finding
from ..rule import Example, RuleResult, Severity

if TYPE_CHECKING:
    from ..context import Context
    from ..exchange.package.inspection.facts import PackageFacts


#: What every one of these rules passes.
NONE_INSPECTED = Example("no package is inspected", {})


def example(title: str, finds: int = 0, *, plan: dict[str, list[Any]] | None = None, **changes: Any) -> Example:
    """A whole package of a county after ``changes`` (`facts_of` of the tests lists them), with the layers of its ``plan``."""
    return Example(title, plan or {}, finds=finds, side={"package": changes})


def judged(ctx: Context, look: Callable[[PackageFacts, Context], Iterable[Finding]]) -> RuleResult:
    """What a look at the package finds; not applicable where none is inspected."""
    package = ctx.plan.package
    return none_given() if package is None else RuleResult(findings=list(look(package, ctx)))


def none_given() -> RuleResult:
    return RuleResult(applicable=False, notes=[("package_not_given", {})])


def on_file(path: str, case: str = "", severity: Severity | None = None, **params: Any) -> Finding:
    """A finding on a file of the package: its path is its key, so that it is known again."""
    return Finding("", key=path, case=case, severity=severity, params={"file": path, **params})
