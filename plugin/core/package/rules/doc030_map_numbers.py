# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ...standard.messages.texts import Texts
from ..inspection.facts import PackageFacts
from ._package import NO_PACKAGE_EXAMPLE, inspects_package, make_example, make_file_finding

_JPEG_BYTES = b"\xff\xd8\xff\xe0 map"


@rule(
    "DOC030",
    "map-numbers",
    problem="Map numbers are repeated or missing",
    severity=Severity.WARNING,
    basis=["package-draft"],
    needs={},
    messages={
        "number": "“{file}” and “{other}” have the same number {number}. Give each map a separate number.",
        "title": "“{file}” and “{other}” have the same title. Keep one of the two, or change its title.",
        "gap": "Numbers missing between the maps in “{file}”: {numbers}. Add these maps, or number the maps without gaps.",
    },
    fails=[
        make_example("two maps of one number", 1, add={"4-规划图件/140225浑源县01土地利用图.jpg": _JPEG_BYTES}),
        make_example("one map twice", 1, add={"4-规划图件/140225浑源县02三条控制线图.jpg": _JPEG_BYTES}),
        make_example("02 and 03 are missing", 1, add={"4-规划图件/140225浑源县04土地利用图.jpg": _JPEG_BYTES}),
    ],
    passes=[
        make_example("one after the other", add={"4-规划图件/140225浑源县02土地利用图.jpg": _JPEG_BYTES}),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def map_numbers(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Every map has a separate number and title, and numbers have no gaps.

    What it checks
        Numbers and titles in the names of the maps: repeated ones, and missing numbers below the highest (information
        only).
    Why
        Maps are filed and searched by their number; of two maps with one number, one is lost.
    How to fix
        Rename the map. Remove one of two equal maps from the package.
    Limits
        Maps are recognised by their names; DOC003 reports maps with other names. A list of required maps was not
        found in any text: the list of the specification is a setting (mark C).
    """
    path_of_value: dict[tuple[str, str], str] = {}
    maps = package.list_maps()
    for file, number, title in maps:
        for case, value in (("number", number), ("title", title)):
            other = path_of_value.setdefault((case, value), file.path) if value else file.path
            if other != file.path:
                yield make_file_finding(file.path, case, other=other.rpartition("/")[2], number=number)
    numbers = {int(number) for _, number, _ in maps if number}
    missing_numbers = [f"{n:02d}" for n in range(1, max(numbers, default=0)) if n not in numbers]
    if missing_numbers:
        yield make_file_finding(
            maps[0][0].folder,
            "gap",
            Severity.INFO,
            numbers=Texts(ctx.lang).get("words", "between_names").join(missing_numbers),
        )
