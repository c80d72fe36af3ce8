# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ..context import Context
from ..exchange.package.facts import CHANGED, DAMAGED, MISSING, PackageFacts
from ..exchange.package.files import is_stray
from ..exchange.package.hashes import MANIFEST, UNLISTED
from ..findings import Finding
from ..rule import RuleResult, Severity, rule
from ._package import NONE_INSPECTED, example, judged, on_file


@rule(
    "DOC006",
    "package-digests",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "changed": "“{file}” is not what it was when the manifest was made (SHA-256 differs). Make the package anew, or put the file back.",
        "lost": "“{file}” stands in the manifest and is not there. Make the package anew, or put the file back.",
        "more": "“{file}” does not stand in the manifest: it was put in afterwards. Make the package anew, so that the manifest knows it.",
        "manifest": "The manifest “{file}” is damaged or was changed. Make the package anew.",
        "none": "The package has no manifest (“{file}”), so nobody can tell whether a file was changed. Make it with export_package.",
    },
    fails=[
        example(
            "a text changed afterwards",
            1,
            manifest=True,
            add={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": b"%PDF-1.7"},
        ),
        example(
            "a map lost, another put in",
            2,
            manifest=True,
            drop=["4-规划图件/140225浑源县01三条控制线图.jpg"],
            add={"4-规划图件/140225浑源县02图.jpg": b"\xff\xd8\xff"},
        ),
        example("the manifest itself", 1, manifest=True, state="changed"),
        example("damaged", 1, state="damaged"),
        example("none at all", 1, state="missing"),
    ],
    passes=[
        example("as it was made", manifest=True),
        NONE_INSPECTED,
    ],
)
def package_digests(*, ctx: Context) -> RuleResult:
    """No file was changed since the manifest was made.

    What it checks
        Size and SHA-256 of every file against manifest.json, and the manifest's own against manifest.json.sha256; files that it does not list.
    Why
        The proof that what was written is what was drawn holds for these bytes and no others.
    How to fix
        Make the package anew with export_package; a file that must go in is put into its folder of documents first.
    Limits
        A package made by other software has no manifest; that is information, not an error. Whoever changes manifest and digest together is not found out: note the digest elsewhere.
    """
    return judged(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    if package.manifest_state == MISSING:
        yield on_file(MANIFEST, "none", Severity.INFO)
        return
    if package.manifest_state in (DAMAGED, CHANGED):
        yield on_file(MANIFEST, "manifest")
    if package.manifest is None:
        return
    listed = {row["path"]: row["sha256"] for row in package.manifest["files"]}
    there = {file.path: file.sha256 for file in package.files}
    for path, digest in listed.items():
        if path not in there:
            yield on_file(path, "lost")
        elif there[path] != digest:
            yield on_file(path, "changed")
    for path in there:
        if path not in listed and path not in UNLISTED and not is_stray(path.rpartition("/")[2]):
            yield on_file(path, "more")
