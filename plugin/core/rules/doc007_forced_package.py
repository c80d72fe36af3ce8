# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ..context import Context
from ..exchange.package.facts import PackageFacts
from ..exchange.package.problems import HELD_BACK
from ..findings import Finding
from ..rule import Example, RuleResult, Severity, rule
from ..texts import Texts
from ._package import none_given, on_file, package_of, result


@rule(
    "DOC007",
    "forced-package",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "": "The package was forced: its check said “{verdict}” (errors {errors}, not checked {skipped}). Mend what its manifest and report name, and make it anew.",
    },
    fails=[
        Example("made of a plan that fails", {}, finds=1, side={"package": {"manifest": True, "forced": "fail"}}),
    ],
    passes=[
        Example("made of a plan that passes", {}, side={"package": {"manifest": True}}),
        Example("no package is inspected", {}),
    ],
)
def forced_package(*, ctx: Context) -> RuleResult:
    """The package was made of a plan that passes.

    What it checks
        What the manifest says of the check that the package was made after.
    Why
        A package made with FORCE is for looking at, not for handing in.
    How to fix
        Mend what the report in the package names, and export again without FORCE.
    Limits
        Only packages with a manifest of this plugin tell.
    """
    package = package_of(ctx)
    return none_given() if package is None else result(_look(package, ctx))


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    said = package.manifest["check"] if package.manifest else {}
    if said.get("forced") or said.get("verdict") in HELD_BACK:
        verdict = Texts(ctx.lang).section("verdicts").get(str(said.get("verdict")), said.get("verdict"))
        counts = {key: said.get(key, 0) for key in ("errors", "skipped")}
        yield on_file(package.root, verdict=verdict, **counts)
