# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ..context import Context
from ..exchange.package.files import is_stray
from ..exchange.package.inspection.facts import PackageFacts
from ..findings import Finding
from ..rule import RuleResult, Severity, rule
from ._package import NONE_INSPECTED, example, judged, on_file


@rule(
    "DOC003",
    "package-file-names",
    severity=Severity.WARNING,
    basis=["package-draft"],
    needs={},
    messages={
        "name": "“{file}” is no file that the form of the package asks for. Rename it as it should be called, or take it out.",
        "folder": "“{file}” lies in the wrong folder; it belongs to “{expected}”. Move it.",
    },
    fails=[
        example("another county's map", 1, add={"4-规划图件/140226左云县01图.jpg": b"\xff\xd8\xff"}),
        example(
            "a text among the maps",
            1,
            drop=["2-规划文档/140225浑源县国土空间总体规划文本.pdf"],
            add={"4-规划图件/140225浑源县国土空间总体规划文本.pdf": b"%PDF-1.4"},
        ),
        example("a copy of the database", 1, add={"1-空间数据/140225浑源县国土空间规划矢量数据_备份.gdb/gdb": b"x"}),
        example("shapefiles among the documents", 1, add={"2-规划文档/边界.shp": b"x", "2-规划文档/边界.dbf": b"x"}),
        example("two of them beside the database", 2, add={"1-空间数据/a.shp": b"x", "1-空间数据/b.shp": b"x"}),
        example(
            "the database among the maps",
            1,
            drop=["1-空间数据/"],
            add={"4-规划图件/140225浑源县国土空间规划矢量数据.gdb/gdb": b"x"},
        ),
    ],
    passes=[
        example("maps by number and title", add={"4-规划图件/140225浑源县02土地利用图.jpg": b"\xff\xd8\xff"}),
        NONE_INSPECTED,
    ],
)
def package_file_names(*, ctx: Context) -> RuleResult:
    """Files are called as the form wants, and lie in their folders.

    What it checks
        Every single file, database and folder of shapefiles of the package against the names that the form has for data, documents, tables
        and maps, and the folder it lies in.
    Why
        A file under another name is not found, and one of another county is a slip of the hand that nobody wants to explain.
    How to fix
        Rename or move the file, or take it out.
    Limits
        What a database or a folder of shapefiles is made of is not looked at one by one. Names follow a draft (mark B), folders are settings (mark C).
    """
    return judged(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    own, data = package.made_by_us() | package.world_files(), package.data_sets()
    for place in data:
        name = place.rpartition("/")[2]
        folders = [package.form.place(vectors.folder, "") for vectors in package.sets_of(place)]
        if not folders and place in package.form.folders.values():
            # The folder must be there: what lies open in it has to go.
            for shape in package.shapefiles(place):
                yield on_file(shape, "name")
        elif not folders:
            yield on_file(place, "name")
        elif place not in [package.form.place(vectors.folder, name) for vectors in package.sets_of(place)]:
            yield on_file(place, "folder", expected=folders[0])
    for file in package.single:
        if file.path in own or is_stray(file.name) or file.path in data or file.link:
            continue
        slots = [slot for slot in package.form.files if file in package.filling(slot)]
        if not slots:
            yield on_file(file.path, "name")
        elif all(package.form.place(slot.folder, file.name) != file.path for slot in slots):
            yield on_file(file.path, "folder", expected=package.form.place(slots[0].folder, ""))
