# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ..context import Context
from ..exchange.package.files import begins_well, ends_well, is_stray
from ..exchange.package.form.model import LEAST_DPI
from ..exchange.package.inspection.facts import PackageFacts
from ..findings import Finding
from ..rule import RuleResult, Severity, rule
from ._package import NONE_INSPECTED, example, judged, on_file

#: How a jpg begins, up to its dots per inch.
_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01"
#: What is left of the smallest jpg behind its head: a frame of one pixel, a scan, the end.
_REST = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00?\x00\x00\xff\xd9"


@rule(
    "DOC005",
    "file-contents",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "empty": "“{file}” is empty. Export it anew.",
        "link": "“{file}” is a link: what it leads to is not in the package, and was not looked at. Put the file or folder itself there.",
        "kind": "“{file}” is not what its suffix says, or damaged. Export it anew.",
        "broken": "“{file}” breaks off: there is no whole picture in it. Export it anew, and copy it whole.",
        "cut": "“{file}” breaks off: it has no end (%%EOF), as every PDF has. Export it anew, and copy it whole.",
        "dpi": "“{file}” has {dpi} dpi; maps have at least {least}. Export it with export_maps, or with that resolution.",
    },
    fails=[
        example("an empty text", 1, add={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": b""}),
        example("a link to a folder of maps", 1, links=["4-规划图件/更多图件"]),
        example(
            "a text copied by half", 1, add={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": b"%PDF-1.4\n1 0 obj"}
        ),
        example("a picture that is none", 1, add={"4-规划图件/140225浑源县01三条控制线图.jpg": b"GIF89a"}),
        example(
            "a map of 96 dpi",
            1,
            add={"4-规划图件/140225浑源县01三条控制线图.jpg": _HEAD + b"\x01\x00`\x00`\x00\x00" + _REST},
        ),
        example(
            "a map that was copied by half",
            1,
            add={"4-规划图件/140225浑源县01三条控制线图.jpg": _HEAD + b"\x01\x01,\x01,\x00\x00" + _REST[:-2]},
        ),
    ],
    passes=[
        example(
            "a map of 300 dpi",
            add={"4-规划图件/140225浑源县01三条控制线图.jpg": _HEAD + b"\x01\x01,\x01,\x00\x00" + _REST},
        ),
        NONE_INSPECTED,
    ],
)
def file_contents(*, ctx: Context) -> RuleResult:
    """Documents and maps can be opened.

    What it checks
        The first bytes of documents, tables and maps against their suffix; empty files; links to files and folders elsewhere; whether a jpg or pdf is whole; the resolution of maps in jpg (at least 300 dpi).
    Why
        A file that nobody can open is a part that is missing, found only by the one who receives it.
    How to fix
        Export the file anew; put the file itself in place of a link.
    Limits
        Of a pdf only the beginning and the end are read, of a jpg its marks and its end; what a system left behind is DOC004's. A pdf without its end is a warning, for many programs show what is there of it. What is damaged in between is not told. A jpg that does not tell its resolution, in JFIF or Exif, is not judged.
    """
    return judged(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    maps = {file.path for slot in package.form.files if slot.kind == "map" for file in package.filling(slot)}
    for file in package.files:
        if file.link:
            yield on_file(file.path, "link")
    for file in (one for one in package.single if not (one.link or is_stray(one.name))):
        if not file.size:
            yield on_file(file.path, "empty")
        elif not begins_well(file.name, file.head):
            yield on_file(file.path, "kind")
        elif not ends_well(file.name, file.tail):
            # Many programs repair it, and show what is there.
            yield on_file(file.path, "cut", Severity.WARNING)
        elif file.picture is not None and not file.picture.whole:
            yield on_file(file.path, "broken")
        elif file.path in maps and file.picture is not None and (dpi := file.picture.dpi) and round(dpi) < LEAST_DPI:
            yield on_file(file.path, "dpi", dpi=round(dpi), least=LEAST_DPI)
