# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ..inspection.facts import PackageFacts
from ..slot_files import is_stray_file
from ._package import NO_PACKAGE_EXAMPLE, inspects_package, make_example, make_file_finding


@rule(
    "DOC004",
    "stray-files",
    problem="The package contains left-over files",
    severity=Severity.WARNING,
    basis=["package-form"],
    needs={},
    messages={
        "": "“{file}” was left by a system or a program and does not belong to a delivery. Close the program and delete the file.",
        "folder": "The folder “{file}” is empty, and the specification of the package does not have it. Delete it, or add its "
        "files.",
    },
    fails=[
        make_example(
            "thumbnails and a lock",
            2,
            add={
                "4-规划图件/Thumbs.db": b"x",
                "1-空间数据/140225浑源县国土空间规划矢量数据.gdb/_gdb.PC.1.2.sr.lock": b"",
            },
        ),
        make_example("a folder for what never came", 1, empty_folders=["6-批复"]),
        make_example("a folder that macOS adds to a zip", 1, system_files=["__MACOSX"]),
    ],
    passes=[
        make_example("none"),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def stray_files(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """No left-over files are in the package.

    What it checks
        Files that systems and programs leave: Thumbs.db, .lock, ~$…, .tmp, .DS_Store, logs of databases. Empty
        folders that the specification does not have. The same in a zip beside the package (__MACOSX).
    Why
        A lock shows that a program still uses the data. Receivers query or reject other left-over files.
    How to fix
        Close the program that has the data open, and delete the file.
    Limits
        Files are recognised by name only.
    """
    for file in package.files:
        if is_stray_file(file.name) and not file.is_link:
            yield make_file_finding(file.path)
    for name in package.system_files:
        yield make_file_finding(name)
    for folder in package.empty_folders:
        yield make_file_finding(folder, "folder")
