# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...files.digests import MANIFEST
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import PackageFacts
from ..names import make_name_matcher
from ._package import NONE_INSPECTED, example, inspect_facts, make_file_finding

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "DOC001",
    "package-name",
    problem="The package's name does not match its county",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "form": "The package's folder is called “{file}”; it should be like “{expected}”. Rename the folder.",
        "name": "The package “{file}” is called after {found}, but the code {code} is that of {expected}. Give it code and name of one county.",
        "county": "The package is called after {found}, its data are of {expected}. Rename the folder and the files in it, or put the right data in.",
        "manifest": "The manifest is of {found}, the package of {expected}. Make the package anew from its own data.",
    },
    fails=[
        example("a folder of any name", 1, root="规划成果最终版2"),
        example("another county's name", 1, root="140225左云县国土空间总体规划"),
        example("another county's code", 1, plan={"red_line": [SQUARE]}, root="140226浑源县国土空间总体规划"),
        example("another county's manifest", 1, manifest=True, area={"code": "140226", "name": "左云县"}),
    ],
    passes=[
        example("as asked for"),
        example("with its own manifest", manifest=True, area={"code": "140225", "name": "浑源县"}),
        NONE_INSPECTED,
    ],
)
def package_name(*, ctx: Context) -> RuleResult:
    """The package is named after its county.

    What it checks
        The folder's name against the form of the package, its division code against that of the plan's layers, the county's name in it against the list of divisions, and both against the manifest.
    Why
        The receiving system files a delivery by the code in its name.
    How to fix
        Rename the folder, or put the right data in.
    Limits
        The tree and the name of the folder are settings of the form (mark C); a county whose layers tell no code is not compared.
    """
    return inspect_facts(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    if make_name_matcher(package.package_spec.root, {}).fullmatch(package.root) is None:
        expected = package.expected("", package.package_spec.root)
        yield make_file_finding(package.root, "form", Severity.WARNING, expected=expected)
    code = ctx.plan.area_code if ctx.plan.layers else ""
    own = code[: package.package_spec.digits].ljust(6, "0")
    if package.code and code and package.code != own:
        yield make_file_finding(package.root, "county", found=package.code, expected=own)
        return
    divisions = ctx.norm.standard.code_lists.get("divisions")
    listed = divisions.codes.get(package.code) if divisions else None
    if package.name and listed and listed.name != package.name:
        said = {"found": package.name, "code": package.code, "expected": listed.name}
        yield make_file_finding(package.root, "name", Severity.WARNING, **said)
        return
    yield from _manifest(package, package.code or (own if code else ""))


def _manifest(package: PackageFacts, code: str) -> Iterator[Finding]:
    """The manifest's county against the package's; ``code`` empty where nothing tells it."""
    told = package.manifest.get("area") if package.manifest else None
    if not isinstance(told, dict):
        return
    pairs = [(str(told.get(key) or ""), own) for key, own in (("code", code), ("name", package.name))]
    if any(one and own and one != own for one, own in pairs):
        found, expected = (" ".join(filter(None, side)) for side in zip(*pairs, strict=True))
        yield make_file_finding(MANIFEST, "manifest", found=found, expected=expected)
