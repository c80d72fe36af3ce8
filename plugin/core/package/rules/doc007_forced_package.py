# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ...standard.messages.texts import Texts
from ..inspection.facts import PackageFacts
from ..problems import BLOCKING_VERDICTS
from ._package import NO_PACKAGE_EXAMPLE, inspects_package, make_example, make_file_finding


@rule(
    "DOC007",
    "forced-package",
    problem="The package is of a plan that did not pass",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "": "The package was forced: its check had the result “{verdict}” (errors {errors}, rules not fully checked {skipped}). Correct the errors "
        "in its manifest and report, and make the package again.",
    },
    fails=[
        make_example("made of a plan that fails", 1, manifest=True, forced="fail"),
    ],
    passes=[
        make_example("made of a plan that passes", manifest=True),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def forced_package(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Each package is made of a plan that passes.

    What it checks
        The result of the plan's check in the manifest.
    Why
        A forced package is for internal review, not for submission.
    How to fix
        Correct the errors in the package's report, and export again without force.
    Limits
        Only packages with a manifest of this plugin have this result.
    """
    check = package.manifest["check"] if package.manifest else {}
    if check.get("forced") or check.get("verdict") in BLOCKING_VERDICTS:
        verdict = Texts(ctx.lang).get_section("verdicts").get(str(check.get("verdict")), check.get("verdict"))
        counts = {key: check.get(key, 0) for key in ("errors", "skipped")}
        yield make_file_finding(package.folder_name, verdict=verdict, **counts)
