# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import PackageFacts
from ..problems import HELD_BACK
from ._package import NONE_INSPECTED, example, inspect_facts, make_file_finding


@rule(
    "DOC007",
    "forced-package",
    problem="The package is of a plan that did not pass",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "": "The package was forced: its check said “{verdict}” (errors {errors}, not checked {skipped}). Mend what its manifest and report name, and make it anew.",
    },
    fails=[
        example("made of a plan that fails", 1, manifest=True, forced="fail"),
    ],
    passes=[
        example("made of a plan that passes", manifest=True),
        NONE_INSPECTED,
    ],
)
def forced_package(*, ctx: Context) -> RuleResult:
    """The package was made of a plan that passes.

    What it checks
        What the manifest says of the check that the package was made after.
    Why
        A package that was forced is for looking at, not for handing in.
    How to fix
        Mend what the report in the package names, and export again without forcing it.
    Limits
        Only packages with a manifest of this plugin tell.
    """
    return inspect_facts(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    said = package.manifest["check"] if package.manifest else {}
    if said.get("forced") or said.get("verdict") in HELD_BACK:
        verdict = Texts(ctx.lang).section("verdicts").get(str(said.get("verdict")), said.get("verdict"))
        counts = {key: said.get(key, 0) for key in ("errors", "skipped")}
        yield make_file_finding(package.root, verdict=verdict, **counts)
