# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ..context import Context
from ..exchange.package.files import is_stray
from ..exchange.package.inspection.facts import PackageFacts
from ..exchange.package.problems import NAMED
from ..exchange.package.target.hashes import DIGEST, MANIFEST, PAGE, UNLISTED
from ..exchange.package.target.told import CHANGED, DAMAGED, LATER, MISSING
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
        "later": "The manifest “{file}” was made by a later version of this plugin, so nothing was compared with it. Update the plugin and inspect the package again.",
        "list": "“{file}” is no list of digests as sha256sum writes it, so nothing was compared with it. Make it anew, or delete it.",
        "disagree": "“{sums}” and the manifest have different digests of “{file}”: one of them was changed. Make the package anew.",
        "unlisted": "“{sums}” lacks {count} files of the manifest: {files}. Who checks with it misses them; make the package anew.",
        "changed_listed": "“{file}” is not what “{sums}” says it was (SHA-256 differs). Make the list anew, or put the file back.",
        "lost_listed": "“{file}” stands in “{sums}” and is not there. Make the list anew, or put the file back.",
        "none": "The package has no manifest (“{file}”), so nobody can tell whether a file was changed. Make it with export_package.",
        "gone": "The manifest “{file}” is gone, while “{left}”, made with it, is there: nobody can tell whether a file was changed. "
        "Put it back, or make the package anew.",
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
        example("of a later version", 1, state="later"),
        example("a list that is none", 1, manifest=True, sums={"SHA256SUMS": None}),
        example(
            "a list that another hand changed",
            1,
            manifest=True,
            changed_sums={"4-规划图件/140225浑源县01三条控制线图.jpg": "0" * 64},
        ),
        example(
            "another software's list",
            2,
            sums={"checksums.sha256": {"4-规划图件/140225浑源县01三条控制线图.jpg": "0" * 64, "a.txt": "1" * 64}},
        ),
        example("none at all", 1, state="missing"),
        example("taken out", 1, state="missing", add={"manifest.html": b"<html>"}),
    ],
    passes=[
        example("as it was made", manifest=True),
        NONE_INSPECTED,
    ],
)
def package_digests(*, ctx: Context) -> RuleResult:
    """No file was changed since the manifest was made.

    What it checks
        SHA-256 of every file against manifest.json, and the manifest's own against manifest.json.sha256; files that it does not
        list. A list as sha256sum writes it (SHA256SUMS), of whatever program, against the files and the manifest.
    Why
        The proof that what was written is what was drawn holds for these bytes and no others.
    How to fix
        Make the package anew with export_package; a file that must go in is put into its folder of documents first.
    Limits
        A package made by other software has no manifest; that is information, not an error. One of ours that lost it is an error. Whoever changes manifest and digest together is not found out: note the digest elsewhere.
    """
    return judged(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    there = {file.path: file.sha256 for file in package.files}
    for name, sums in package.sums.items():
        yield from _listed(name, sums, package, there)
    if package.manifest_state == MISSING:
        left = next((name for name in (DIGEST, PAGE) if name in there), "")
        if left and not any(MANIFEST in sums for sums in package.sums.values() if sums):
            yield on_file(MANIFEST, "gone", left=left)
        elif not any(package.sums.values()):
            yield on_file(MANIFEST, "none", Severity.INFO)
        return
    if package.manifest_state in (DAMAGED, CHANGED):
        yield on_file(MANIFEST, "manifest")
    if package.manifest_state == LATER:
        yield on_file(MANIFEST, "later", Severity.WARNING)
    if package.manifest is None:
        return
    listed = _manifest_digests(package)
    for path, digest in listed.items():
        if path not in there:
            yield on_file(path, "lost")
        elif there[path] != digest:
            yield on_file(path, "changed")
    known = {*listed, *UNLISTED}
    for file in package.files:
        if file.path not in known and not file.link and not is_stray(file.name):
            yield on_file(file.path, "more")


def _manifest_digests(package: PackageFacts) -> dict[str, str]:
    return {row["path"]: row["sha256"] for row in package.manifest["files"]} if package.manifest else {}


def _listed(name: str, sums: dict[str, str] | None, package: PackageFacts, there: dict[str, str]) -> Iterator[Finding]:
    """A list of digests against the files; what the manifest tells alike, it tells."""
    if sums is None:
        yield on_file(name, "list")
        return
    told = _manifest_digests(package)
    lacking = [path for path in told if path not in sums and path != name]
    if lacking:
        files = ", ".join(lacking[:NAMED]) + (" …" if len(lacking) > NAMED else "")
        severity = Severity.WARNING
        yield on_file(name, "unlisted", severity, sums=name, count=len(lacking), files=files)
    for path, digest in sums.items():
        if path in told and told[path] != digest:
            yield on_file(path, "disagree", sums=name)
        elif path not in told and path not in there:
            yield on_file(path, "lost_listed", sums=name)
        elif path not in told and there[path] != digest and (path != MANIFEST or package.manifest_state == MISSING):
            yield on_file(path, "changed_listed", sums=name)
