# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the names of a package's files, and on files that do not belong to it."""

import re
from collections.abc import Iterator
from unicodedata import category, normalize

from ...base.placeholders import join_first
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ..inspection.facts import PackageFacts
from ..inspection.integrity import is_signature
from ..names import FIELD_NAME_FILE
from ..slot_files import is_stray_file
from ._package import NO_PACKAGE_EXAMPLE, inspects_package, is_made_by_plugin, make_example, make_file_finding

#: Suffix of registers of waivers.
WAIVER_FILE_SUFFIX = ".waivers.csv"
#: Files of a FileGDB and of a shapefile (names by Esri and GDAL), and those of a shapefile that this plugin writes.
_FILEGDB_FILE_NAME_PATTERN = re.compile(
    r"a[0-9a-f]{8}\.(?:gdbtable|gdbtablx|gdbindexes|freelist|horizon|cdf|(?:[^/]+\.)?(?:atx|spx))|gdb|timestamps",
    re.IGNORECASE,
)
_SHAPEFILE_SUFFIXES = (
    ".shp", ".shx", ".dbf", ".prj", ".cpg", ".cst", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".atx", ".ixs", ".mxs", ".qix",
    ".qpj", ".xml",
)  # fmt: skip
_WRITTEN_SHAPEFILE_SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg")
#: Files of one folder that make one finding each; more make one finding together.
MAX_SINGLE_FINDINGS = 20


@rule(
    "DOC003",
    "package-file-names",
    problem="Files of the package are misnamed or misplaced",
    severity=Severity.WARNING,
    basis=["package-draft"],
    needs={},
    messages={
        "name": "The specification of the package does not have the file “{file}”. Rename it as required, or remove it.",
        "waivers": "“{file}” is a register of waivers and does not belong to a package. Its waivers were not applied. Remove it.",
        "folder": "“{file}” is in the wrong folder; it belongs in “{expected}”. Move it.",
        "many": "Files in “{file}” that the specification of the package does not have: {count} ({files}). Rename them as "
        "required, or remove them.",
        "inside": "Files in the data set “{file}” that do not belong to it: {count} ({files}). Remove them.",
        "outside": "The zip has files outside the folder of the package: {count} ({files}). They were not inspected. Remove "
        "them, or move them into the package.",
        "alike": "The names “{file}” and “{other}” differ only in case, character width or invisible characters. Keep only the right "
        "one.",
        "unseen": "The name “{file}” has invisible characters ({signs}). Rename it.",
    },
    fails=[
        make_example("another county's map", 1, add={"4-规划图件/140226左云县01图.jpg": b"\xff\xd8\xff"}),
        make_example(
            "a text among the maps",
            1,
            drop=["2-规划文档/140225浑源县国土空间总体规划文本.pdf"],
            add={"4-规划图件/140225浑源县国土空间总体规划文本.pdf": b"%PDF-1.4"},
        ),
        make_example(
            "a copy of the database", 1, add={"1-空间数据/140225浑源县国土空间规划矢量数据_备份.gdb/gdb": b"x"}
        ),
        make_example("a register of waivers", 1, add={"1-空间数据/140225浑源县.waivers.csv": b"REL001"}),
        make_example(
            "shapefiles among the documents", 1, add={"2-规划文档/边界.shp": b"x", "2-规划文档/边界.dbf": b"x"}
        ),
        make_example("two of them beside the database", 2, add={"1-空间数据/a.shp": b"x", "1-空间数据/b.shp": b"x"}),
        make_example(
            "a program in the database", 1, add={"1-空间数据/140225浑源县国土空间规划矢量数据.gdb/更新.exe": b"MZ"}
        ),
        make_example(
            "a text whose name is written in other signs",
            1,
            add={"2-规划文档/140225浑源县国土空间总体规划文本.PDF": b"%PDF-1.4"},
        ),
        make_example(
            "a name with a sign that is not seen", 1, add={"4-规划图件/140225浑源县02图\u200b.jpg": b"\xff\xd8\xff"}
        ),
        make_example("a text outside the package", 1, files_outside=["readme.txt"]),
        make_example("thirty pages of another program", 1, add={f"2-规划文档/网页/{n}.htm": b"x" for n in range(30)}),
        make_example(
            "the database among the maps",
            1,
            drop=["1-空间数据/"],
            add={"4-规划图件/140225浑源县国土空间规划矢量数据.gdb/gdb": b"x"},
        ),
    ],
    passes=[
        make_example(
            "the parts of a database",
            add={
                f"1-空间数据/140225浑源县国土空间规划矢量数据.gdb/{n}": b"x"
                for n in ("a00000009.gdbindexes", "timestamps")
            },
        ),
        make_example("maps by number and title", add={"4-规划图件/140225浑源县02土地利用图.jpg": b"\xff\xd8\xff"}),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_file_names(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Files have the required names and are in their folders.

    What it checks
        Every single file, database and folder of shapefiles of the package has a name that the specification has for
        data, documents, tables or maps, and is in the required folder.
    Why
        A file with another name is not found, and a file of another county is usually there by mistake.
    How to fix
        Rename, move or remove the file.
    Limits
        More than 20 such files of one folder make one finding. In a database or a folder of shapefiles, only files
        that do not belong to such data are reported. Names follow a draft (mark B), folders are settings (mark C).
    """
    for data_set in package.data_sets:
        name, sets = data_set.rpartition("/")[2], package.find_vector_sets(data_set)
        if not sets and data_set in package.package_spec.folders.values():
            # The folder is required, so report only the shapefiles in it.
            shapefiles = (f for f in package.files if f.folder == data_set and f.name.lower().endswith(".shp"))
            yield from (make_file_finding(file.path, "name") for file in shapefiles)
        elif not sets:
            yield make_file_finding(data_set, "name")
        elif data_set not in [package.package_spec.get_file_path(vectors.folder, name) for vectors in sets]:
            yield make_file_finding(data_set, "folder", expected=package.package_spec.get_file_path(sets[0].folder, ""))
    yield from _check_single_file_names(package)
    yield from _check_inside_data_sets(package)
    path_of_plain_name: dict[str, str] = {}
    for file in package.files:
        plain_name = "".join(c for c in normalize("NFKC", file.path) if category(c) != "Cf").casefold()
        if plain_name in path_of_plain_name:
            yield make_file_finding(file.path, "alike", other=path_of_plain_name[plain_name])
        path_of_plain_name.setdefault(plain_name, file.path)
        if invisible_characters := [f"U+{ord(c):04X}" for c in file.path if category(c) in ("Cf", "Cc", "Co", "Cs")]:
            yield make_file_finding(file.path, "unseen", signs=", ".join(dict.fromkeys(invisible_characters)))
    if package.files_outside:
        yield _make_group_finding("", "outside", list(package.files_outside))


def _check_single_file_names(package: PackageFacts) -> Iterator[Finding]:
    """Yield findings on files that the specification does not have, or that are in a wrong folder.

    Many files of one folder make one finding.
    """
    unspecified: dict[str, list[str]] = {}
    # Generated files, data sets and signatures fill no slot.
    recognised_paths = package.list_generated_paths() | set(package.data_sets)
    for file in package.regular_files:
        if file.path in recognised_paths or is_signature(file.path):
            continue
        slots = package.slots_by_path.get(file.path, ())
        if not slots and file.name.lower().endswith(WAIVER_FILE_SUFFIX):
            yield make_file_finding(file.path, "waivers")
        elif not slots:
            unspecified.setdefault(file.folder, []).append(file.path)
        elif all(package.package_spec.get_file_path(slot.folder, file.name) != file.path for slot in slots):
            yield make_file_finding(
                file.path, "folder", expected=package.package_spec.get_file_path(slots[0].folder, "")
            )
    for folder, paths in unspecified.items():
        if len(paths) <= MAX_SINGLE_FINDINGS:
            yield from (make_file_finding(path, "name") for path in paths)
        else:
            yield _make_group_finding(folder, "many", [path.rpartition("/")[2] for path in paths])


def _check_inside_data_sets(package: PackageFacts) -> Iterator[Finding]:
    """Yield findings on files in a data set that do not belong to it."""
    foreign_files: dict[str, list[str]] = {}
    shapefile_suffixes = _WRITTEN_SHAPEFILE_SUFFIXES if is_made_by_plugin(package) else _SHAPEFILE_SUFFIXES
    for file in package.files:
        data_set = package.find_data_set_of_file(file.path)
        belongs_to_set = (
            _FILEGDB_FILE_NAME_PATTERN.fullmatch(file.name) is not None
            if data_set.lower().endswith(".gdb")
            else file.name == FIELD_NAME_FILE or file.name.lower().endswith(shapefile_suffixes)
        )
        if data_set and not belongs_to_set and not is_stray_file(file.name):
            foreign_files.setdefault(data_set, []).append(file.path.removeprefix(f"{data_set}/"))
    yield from (_make_group_finding(data_set, "inside", file_names) for data_set, file_names in foreign_files.items())


def _make_group_finding(folder: str, case: str, file_names: list[str]) -> Finding:
    """Return one finding on several files of a folder."""
    return make_file_finding(folder or ".", case, count=len(file_names), files=join_first(file_names))


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
    stray_paths = [file.path for file in package.files if is_stray_file(file.name) and not file.is_link]
    yield from (make_file_finding(path) for path in (*stray_paths, *package.system_files))
    yield from (make_file_finding(folder, "folder") for folder in package.empty_folders)
