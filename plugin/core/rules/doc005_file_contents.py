# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ..context import Context
from ..exchange.package.facts import PackageFacts
from ..exchange.package.files import BEGINNINGS
from ..findings import Finding
from ..rule import RuleResult, Severity, rule
from ._package import NONE_INSPECTED, example, judged, on_file


@rule(
    "DOC005",
    "file-contents",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "empty": "“{file}” is empty. Export it anew.",
        "kind": "“{file}” is not what its suffix says, or damaged. Export it anew.",
        "dpi": "“{file}” has {dpi} dpi; maps have at least {least}. Export it with export_maps, or with that resolution.",
    },
    fails=[
        example("an empty text", 1, add={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": b""}),
        example("a picture that is none", 1, add={"4-规划图件/140225浑源县01三条控制线图.jpg": b"GIF89a"}),
        example(
            "a map of 96 dpi",
            1,
            add={
                "4-规划图件/140225浑源县01三条控制线图.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x00`\x00`\x00\x00"
            },
        ),
    ],
    passes=[
        example(
            "a map of 300 dpi",
            add={
                "4-规划图件/140225浑源县01三条控制线图.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x01,\x01,\x00\x00"
            },
        ),
        NONE_INSPECTED,
    ],
)
def file_contents(*, ctx: Context) -> RuleResult:
    """Documents and maps can be opened.

    What it checks
        The first bytes of documents, tables and maps against their suffix; empty files; the resolution of maps in jpg (at least 300 dpi).
    Why
        A file that nobody can open is a part that is missing, found only by the one who receives it.
    How to fix
        Export the file anew.
    Limits
        Only the beginning of a file is read: a pdf that is damaged further on is not told. A jpg that does not tell its resolution is not judged.
    """
    return judged(ctx, _look)


#: Dots per inch of maps (汇交要求).
LEAST_DPI = 300


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    maps = {file.path for slot in package.form.files if slot.kind == "map" for file in package.filling(slot)}
    for file in package.single:
        begins = BEGINNINGS.get(file.name.lower().rpartition(".")[2], b"")
        if not file.size:
            yield on_file(file.path, "empty")
        elif not file.head.startswith(begins):
            yield on_file(file.path, "kind")
        elif file.path in maps and file.dpi is not None and round(file.dpi) < LEAST_DPI:
            yield on_file(file.path, "dpi", dpi=round(file.dpi), least=LEAST_DPI)
