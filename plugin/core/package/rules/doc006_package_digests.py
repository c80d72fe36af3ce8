# SPDX-License-Identifier: GPL-2.0-or-later
from collections import Counter
from collections.abc import Iterator

from ...base.files.digests import (
    DIGEST_LIST,
    MANIFEST_CHANGED,
    MANIFEST_DAMAGED,
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    MANIFEST_MISSING,
    MANIFEST_OF_LATER_VERSION,
    MANIFEST_OK,
    MANIFEST_PAGE_FILE_NAME,
    UNLISTED_FILES,
)
from ...base.placeholders import join_first
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...standard.messages.texts import Texts
from ..inspection.facts import PackageFacts
from ..inspection.integrity import is_signature
from ..slot_files import is_stray_file
from ._package import (
    NO_PACKAGE_EXAMPLE,
    inspects_package,
    is_made_by_plugin,
    make_example,
    make_file_finding,
)

#: Files of one folder that are reported one by one; more make one finding.
MAX_SINGLE_FINDINGS = 20


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
        "twice": "The manifest lists “{file}” repeatedly (entries: {count}), or with a path that leads out of the package. Make the "
        "package again.",
        "no_list": "The list of digests “{file}”, made with the manifest in the same folder, is missing, so recipients cannot "
        "verify the files with sha256sum. Copy it from the original package; without one, make the package again.",
        "many_more": "Files in “{file}” that are not in the manifest: {count} ({files}). They were added later. Make the package "
        "again, or remove them.",
        "lost": "“{file}” is in the manifest, but missing in the package. Make the package again, or restore the file.",
        "more": "“{file}” is not in the manifest: it was added later. Make the package again, so that the manifest lists it.",
        "manifest": "The manifest “{file}” is damaged or was changed. Make the package again.",
        "later": "The manifest “{file}” was made by a later version of this plugin, so files were not compared with it. Update the "
        "plugin and inspect the package again.",
        "list": "“{file}” is not in the format of sha256sum (a digest and a file name in each line), so files were not compared with it. Make the package again; a file that the plugin did not write can be deleted.",
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
        make_example(
            "a text changed afterwards",
            1,
            manifest=True,
            add={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": b"%PDF-1.7"},
        ),
        make_example(
            "a map lost, another put in",
            2,
            manifest=True,
            drop=["4-规划图件/140225浑源县01三条控制线图.jpg"],
            add={"4-规划图件/140225浑源县02图.jpg": b"\xff\xd8\xff"},
        ),
        make_example("the manifest itself", 1, manifest=True, state="changed"),
        make_example("damaged", 1, state="damaged"),
        make_example("of a later version", 1, state="later"),
        make_example("a list that is none", 1, manifest=True, sums={"SHA256SUMS": None}),
        make_example(
            "a list that another hand changed",
            1,
            manifest=True,
            changed_sums={"4-规划图件/140225浑源县01三条控制线图.jpg": "0" * 64},
        ),
        make_example(
            "another software's list",
            2,
            sums={"checksums.sha256": {"4-规划图件/140225浑源县01三条控制线图.jpg": "0" * 64, "a.txt": "1" * 64}},
        ),
        make_example("none at all", 1, state="missing"),
        make_example(
            "a database that was edited",
            1,
            manifest=True,
            add={
                f"1-空间数据/140225浑源县国土空间规划矢量数据.gdb/{n}": b"y"
                for n in ("gdb", "a00000001.gdbtable", "a0000000a.spx")
            },
        ),
        make_example("without its list of digests", 1, manifest=True, head={"tool": {"name": "sanxian"}}),
        make_example("a file listed twice", 1, manifest=True, files=["4-规划图件/140225浑源县01三条控制线图.jpg"]),
        make_example(
            "forty pages put in afterwards", 1, manifest=True, add={f"2-规划文档/网页/{n}.htm": b"x" for n in range(40)}
        ),
        make_example("taken out", 1, state="missing", add={"manifest.html": b"<html>"}),
    ],
    passes=[
        make_example("as it was made", manifest=True),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_digests(package: PackageFacts, *, ctx: RuleContext) -> RuleResult:
    """No file was changed since the manifest was made.

    What it checks
        The SHA-256 of every file is that in manifest.json, and the SHA-256 of the manifest is that in
        manifest.json.sha256. The manifest lists every file. Files of one database make one finding.
        A list in the format of sha256sum (SHA256SUMS) of any program agrees with the files and the manifest.
    Why
        The verification after writing applies to these bytes only.
    How to fix
        Make the package again with export_package. Put a file that must be added into its folder of documents first.
    Limits
        A signature next to the manifest (manifest.json.p7s, .sig, .asc, .sm2 …) changes no check: the report states
        whether there is one, to be verified with the tool that made it. A package of other software has no manifest; this is
        information, not an error. A package of this plugin without its manifest is an error. A change of the manifest
        together with its digest is not detected: record the digest elsewhere.
    """
    result = RuleResult(list(_compare_digests(package)))
    signatures = sorted(file.path for file in package.files if is_signature(file.path))
    if package.manifest_state != MANIFEST_MISSING:
        files = Texts(ctx.lang).get("words", "between_names").join(signatures)
        result.notes.append(("package_signed", {"files": files}) if signatures else ("package_not_signed", {}))
    return result


def _compare_digests(package: PackageFacts) -> Iterator[Finding]:
    """Yield findings on files that differ from the manifest or from other lists of digests."""
    digest_of_path = {file.path: file.sha256 for file in package.files}
    manifest_digests = {row["path"]: row["sha256"] for row in package.manifest["files"]} if package.manifest else {}
    for name, sums in package.digest_lists.items():
        yield from _compare_digest_list(name, sums, package, digest_of_path, manifest_digests)
    if package.manifest_state == MANIFEST_MISSING:
        # It is an error if other files show that the package had one, else information.
        remaining_file = next(
            (name for name in (MANIFEST_DIGEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME) if name in digest_of_path), ""
        )
        if remaining_file and not any(MANIFEST_FILE_NAME in sums for sums in package.digest_lists.values() if sums):
            yield make_file_finding(MANIFEST_FILE_NAME, "gone", left=remaining_file)
        elif not any(package.digest_lists.values()):
            yield make_file_finding(MANIFEST_FILE_NAME, "none", Severity.INFO)
        return
    if package.manifest_state in (MANIFEST_DAMAGED, MANIFEST_CHANGED):
        yield make_file_finding(MANIFEST_FILE_NAME, "manifest")
    if package.manifest_state == MANIFEST_OF_LATER_VERSION:
        yield make_file_finding(MANIFEST_FILE_NAME, "later", Severity.WARNING)
    if package.manifest is None:
        return
    if DIGEST_LIST not in digest_of_path and not package.digest_lists and is_made_by_plugin(package):
        yield make_file_finding(DIGEST_LIST, "no_list", Severity.WARNING)
    yield from (
        make_file_finding(path, "twice", count=count)
        for path, count in Counter(row["path"] for row in package.manifest["files"]).items()
        if count > 1 or path.startswith("/") or ".." in path.split("/") or "\\" in path
    )
    differences = [
        (path, "changed" if path in digest_of_path else "lost")
        for path, digest in manifest_digests.items()
        if path not in digest_of_path or digest_of_path[path] != digest
    ]
    listed_paths = {*manifest_digests, *UNLISTED_FILES}
    # Other rules report links, special files and stray files.
    differences += [
        (file.path, "more")
        for file in package.files
        if file.path not in listed_paths
        and not (file.is_link or file.is_special_file or is_stray_file(file.name) or is_signature(file.path))
    ]
    yield from _make_grouped_findings(differences, package)


def _make_grouped_findings(differences: list[tuple[str, str]], package: PackageFacts) -> Iterator[Finding]:
    """Yield one finding for each data set, and for each folder with many added files.

    All other files make one finding each. ``differences`` are pairs of path and kind of finding.
    """
    cases_of_set: dict[str, dict[str, list[str]]] = {}
    added_by_folder: dict[str, list[str]] = {}
    for path, case in differences:
        if data_set := package.find_data_set_of_file(path):
            cases_of_set.setdefault(data_set, {}).setdefault(case, []).append(path)
        elif case == "more":
            added_by_folder.setdefault(path.rpartition("/")[0], []).append(path)
        else:
            yield make_file_finding(path, case)
    for data_set, cases in cases_of_set.items():
        paths = [path for paths_of_case in cases.values() for path in paths_of_case]
        if len(paths) == 1:
            yield make_file_finding(paths[0], next(iter(cases)))
        else:
            yield make_file_finding(
                data_set,
                "changed_set",
                count=len(paths),
                files=join_first([path.removeprefix(f"{data_set}/") for path in paths]),
                lost=len(cases.get("lost", ())),
                more=len(cases.get("more", ())),
            )
    for folder, paths in added_by_folder.items():
        if len(paths) <= MAX_SINGLE_FINDINGS:
            yield from (make_file_finding(path, "more") for path in paths)
        else:
            yield make_file_finding(
                folder or ".",
                "many_more",
                count=len(paths),
                files=join_first([path.removeprefix(f"{folder}/") for path in paths]),
            )


def _compare_digest_list(
    name: str,
    listed_digests: dict[str, str] | None,
    package: PackageFacts,
    digest_of_path: dict[str, str],
    manifest_digests: dict[str, str],
) -> Iterator[Finding]:
    """Yield a finding for each digest of a list that differs from the file or from the manifest.

    ``name``: file name of the list; ``listed_digests``: path → digest, None for an invalid list.
    """
    if listed_digests is None:
        yield make_file_finding(name, "list")
        return
    unlisted_paths = [path for path in manifest_digests if path not in listed_digests and path != name]
    if unlisted_paths:
        yield make_file_finding(
            name, "unlisted", Severity.WARNING, sums=name, count=len(unlisted_paths), files=join_first(unlisted_paths)
        )
    for path, digest in listed_digests.items():
        if path in manifest_digests and manifest_digests[path] != digest:
            yield make_file_finding(path, "disagree", sums=name)
        elif path not in manifest_digests and path not in digest_of_path:
            yield make_file_finding(path, "lost_listed", sums=name)
        elif (
            path not in manifest_digests
            and digest_of_path[path] != digest
            and (path != MANIFEST_FILE_NAME or package.manifest_state in (MANIFEST_MISSING, MANIFEST_OK))
        ):
            yield make_file_finding(path, "changed_listed", sums=name)
