# SPDX-License-Identifier: GPL-2.0-or-later
from collections import Counter
from collections.abc import Iterator

from ...engine.context import Context
from ...files.digests import CHANGED, DAMAGED, DIGEST, DOUBLED, LATER, MANIFEST, MISSING, OK, PAGE, SUMS, UNLISTED
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import PackageFacts
from ..inspection.integrity import find_signatures, is_signature
from ..problems import NAMED
from ..slot_files import is_stray
from ._package import NONE_INSPECTED, example, inspect_facts, is_made_by_plugin, make_file_finding, package_facts

#: Files of one folder that are reported one by one; more make one finding.
MANY = 20


@rule(
    "DOC006",
    "package-digests",
    problem="The package was changed",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "changed": "“{file}” changed since the manifest was made (SHA-256 differs). Make the package again, or restore the file.",
        "changed_set": "{count} files of the data set “{file}” changed since the manifest was made (SHA-256 differs; missing {lost}, "
        "new {more}): {files}. Make the package again, or restore the whole data set.",
        "size": "Size of “{file}” in bytes: {told} in the manifest, {found} in the package. Make the package again.",
        "twice": "The manifest lists “{file}” repeatedly (entries: {count}), or with a path that leads out of the package. Make the "
        "package again.",
        "no_list": "The list of digests “{file}”, made with the manifest, is missing, so recipients cannot verify the files with "
        "sha256sum. Restore it.",
        "many_more": "Files in “{file}” that are not in the manifest: {count} ({files}). They were added later. Make the package "
        "again, or remove them.",
        "lost": "“{file}” is in the manifest, but missing in the package. Make the package again, or restore the file.",
        "more": "“{file}” is not in the manifest: it was added later. Make the package again, so that the manifest lists it.",
        "manifest": "The manifest “{file}” is damaged or was changed. Make the package again.",
        "doubled": "The manifest “{file}” has “{name}” twice in one place, and programs differ on which value they use; the last one "
        "was compared. The second value was added later. Make the package again.",
        "later": "The manifest “{file}” was made by a later version of this plugin, so files were not compared with it. Update the "
        "plugin and inspect the package again.",
        "list": "“{file}” does not have the format of sha256sum, so files were not compared with it. Make it again, or delete it.",
        "disagree": "“{sums}” and the manifest have different digests of “{file}”: one of them was changed. Make the package again.",
        "unlisted": "Files of the manifest that are missing in “{sums}”: {count} ({files}). A check with this list omits them. Make "
        "the package again.",
        "changed_listed": "“{file}” differs from its entry in “{sums}” (SHA-256 differs). Make the list again, or restore the file.",
        "lost_listed": "“{file}” is in “{sums}”, but missing in the package. Make the list again, or restore the file.",
        "none": "The package lacks a manifest (“{file}”), so changed files cannot be detected. Make it with export_package.",
        "gone": "The manifest “{file}” is missing, but “{left}”, made with it, exists. Changed files cannot be detected. Restore the "
        "manifest, or make the package again.",
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
        example("a name twice", 1, manifest=True, state="doubled", doubled="secrecy"),
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
        example(
            "a database that was edited",
            1,
            manifest=True,
            add={
                f"1-空间数据/140225浑源县国土空间规划矢量数据.gdb/{n}": b"y"
                for n in ("gdb", "a00000001.gdbtable", "a0000000a.spx")
            },
        ),
        example(
            "other bytes in the manifest", 1, manifest=True, bytes={"4-规划图件/140225浑源县01三条控制线图.jpg": 7}
        ),
        example("without its list of digests", 1, manifest=True, head={"tool": {"name": "sanxian"}}),
        example("a file listed twice", 1, manifest=True, files=["4-规划图件/140225浑源县01三条控制线图.jpg"]),
        example(
            "forty pages put in afterwards", 1, manifest=True, add={f"2-规划文档/网页/{n}.htm": b"x" for n in range(40)}
        ),
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
        The SHA-256 of every file is that in manifest.json, and the SHA-256 of the manifest is that in
        manifest.json.sha256. Sizes agree, and the manifest lists every file. Files of one database make one finding.
        A list in the format of sha256sum (SHA256SUMS) of any program agrees with the files and the manifest.
    Why
        The verification after writing applies to these bytes only.
    How to fix
        Make the package again with export_package. Put a file that must be added into its folder of documents first.
    Limits
        A signature next to the manifest (manifest.json.p7s, .sig, .asc, .sm2 …) is reported as present or absent, but
        not verified: verify it with the tool that made it. A package of other software has no manifest; this is
        information, not an error. A package of this plugin without its manifest is an error. A change of the manifest
        together with its digest is not detected: record the digest elsewhere.
    """
    result = inspect_facts(ctx, _compare)
    package = package_facts(ctx)
    if package is not None and package.manifest_state != MISSING:
        signed = find_signatures(file.path for file in package.files)
        names = Texts(ctx.lang).get("words", "between_names").join(signed)
        result.notes.append(("package_signed", {"files": names}) if signed else ("package_not_signed", {}))
    return result


def _compare(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Compare the files with lists of digests, then with the manifest."""
    there = {file.path: file.sha256 for file in package.files}
    for name, sums in package.sums.items():
        yield from _compare_list(name, sums, package, there)
    if package.manifest_state == MISSING:
        yield from _report_no_manifest(package, there)
        return
    yield from _check_manifest_state(package)
    if package.manifest is None:
        return
    if SUMS not in there and not package.sums and is_made_by_plugin(package):
        yield make_file_finding(SUMS, "no_list", Severity.WARNING)
    yield from _check_rows(package)
    yield from _group_findings([*_find_changed(package, there), *_find_added(package)], package)


def _report_no_manifest(package: PackageFacts, there: dict[str, str]) -> Iterator[Finding]:
    """Report a manifest that was removed, or a package that never had one."""
    left = next((name for name in (DIGEST, PAGE) if name in there), "")
    if left and not any(MANIFEST in sums for sums in package.sums.values() if sums):
        yield make_file_finding(MANIFEST, "gone", left=left)
    elif not any(package.sums.values()):
        yield make_file_finding(MANIFEST, "none", Severity.INFO)


def _check_manifest_state(package: PackageFacts) -> Iterator[Finding]:
    if package.manifest_state == DOUBLED:
        yield make_file_finding(MANIFEST, "doubled", name=package.duplicate_files)
    if package.manifest_state in (DAMAGED, CHANGED):
        yield make_file_finding(MANIFEST, "manifest")
    if package.manifest_state == LATER:
        yield make_file_finding(MANIFEST, "later", Severity.WARNING)


def _find_changed(package: PackageFacts, there: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield path and case of the manifest's files that are missing or changed."""
    for path, digest in _manifest_digests(package).items():
        if path not in there:
            yield path, "lost"
        elif there[path] != digest:
            yield path, "changed"


def _find_added(package: PackageFacts) -> Iterator[tuple[str, str]]:
    """Yield path and case of the files that the manifest does not list.

    Files that other rules report are omitted.
    """
    known = {*_manifest_digests(package), *UNLISTED}
    for file in package.files:
        reported = file.link or file.special or is_stray(file.name)
        if file.path not in known and not reported and not is_signature(file.path):
            yield file.path, "more"


def _group_findings(differences: list[tuple[str, str]], package: PackageFacts) -> Iterator[Finding]:
    """Make one finding per data set, and one per folder with many added files.

    Other files make one finding each.
    """
    sets: dict[str, dict[str, list[str]]] = {}
    added: dict[str, list[str]] = {}
    for path, case in differences:
        if place := package.data_set(path):
            sets.setdefault(place, {}).setdefault(case, []).append(path)
        elif case == "more":
            added.setdefault(path.rpartition("/")[0], []).append(path)
        else:
            yield make_file_finding(path, case)
    for place, cases in sets.items():
        yield from _make_set_finding(place, cases)
    for folder, paths in added.items():
        if len(paths) <= MANY:
            yield from (make_file_finding(path, "more") for path in paths)
        else:
            yield make_file_finding(folder or ".", "many_more", count=len(paths), files=_named(folder, paths))


def _make_set_finding(place: str, cases: dict[str, list[str]]) -> Iterator[Finding]:
    """Return one finding for several files of a data set."""
    paths = [path for some in cases.values() for path in some]
    if len(paths) == 1:
        yield make_file_finding(paths[0], next(iter(cases)))
        return
    counts = {"lost": len(cases.get("lost", ())), "more": len(cases.get("more", ()))}
    yield make_file_finding(place, "changed_set", None, count=len(paths), files=_named(place, paths), **counts)


def _named(folder: str, paths: list[str]) -> str:
    names = [path.removeprefix(f"{folder}/") for path in paths[:NAMED]]
    return ", ".join(names) + (" …" if len(paths) > NAMED else "")


def _check_rows(package: PackageFacts) -> Iterator[Finding]:
    """Report the manifest's rows with a wrong size or path, or listed twice."""
    rows = package.manifest["files"] if package.manifest else []
    sizes = {file.path: (file.size, file.sha256) for file in package.files}
    for path, count in Counter(row["path"] for row in rows).items():
        if count > 1 or path.startswith("/") or ".." in path.split("/") or "\\" in path:
            yield make_file_finding(path, "twice", count=count)
    for row in rows:
        size, digest = sizes.get(row["path"], (None, ""))
        if digest == row["sha256"] and "bytes" in row and row["bytes"] != size:
            yield make_file_finding(row["path"], "size", told=row["bytes"], found=size)


def _manifest_digests(package: PackageFacts) -> dict[str, str]:
    return {row["path"]: row["sha256"] for row in package.manifest["files"]} if package.manifest else {}


def _compare_list(
    name: str, sums: dict[str, str] | None, package: PackageFacts, there: dict[str, str]
) -> Iterator[Finding]:
    """Compare a list of digests with the files; omit differences of the manifest."""
    if sums is None:
        yield make_file_finding(name, "list")
        return
    in_manifest = _manifest_digests(package)
    lacking = [path for path in in_manifest if path not in sums and path != name]
    if lacking:
        files = ", ".join(lacking[:NAMED]) + (" …" if len(lacking) > NAMED else "")
        severity = Severity.WARNING
        yield make_file_finding(name, "unlisted", severity, sums=name, count=len(lacking), files=files)
    for path, digest in sums.items():
        if path in in_manifest and in_manifest[path] != digest:
            yield make_file_finding(path, "disagree", sums=name)
        elif path not in in_manifest and path not in there:
            yield make_file_finding(path, "lost_listed", sums=name)
        elif (
            path not in in_manifest
            and there[path] != digest
            and (path != MANIFEST or package.manifest_state in (MISSING, OK))
        ):
            yield make_file_finding(path, "changed_listed", sums=name)
