# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import PackageFacts
from ._package import NONE_INSPECTED, example, inspect_facts, make_file_finding

_MAP = b"\xff\xd8\xff\xe0 map"


@rule(
    "DOC030",
    "map-numbers",
    problem="Map numbers are repeated or missing",
    severity=Severity.WARNING,
    basis=["package-draft"],
    needs={},
    messages={
        "number": "“{file}” has the number {number}, and so has “{other}”. Give each map a number of its own.",
        "title": "“{file}” has the title of “{other}”. Keep one of the two, or give it its own title.",
        "gap": "Between the maps in “{file}” the numbers {numbers} are missing. Add these maps, or number on without a gap.",
    },
    fails=[
        example("two maps of one number", 1, add={"4-规划图件/140225浑源县01土地利用图.jpg": _MAP}),
        example("one map twice", 1, add={"4-规划图件/140225浑源县02三条控制线图.jpg": _MAP}),
        example("02 and 03 are missing", 1, add={"4-规划图件/140225浑源县04土地利用图.jpg": _MAP}),
    ],
    passes=[
        example("one after the other", add={"4-规划图件/140225浑源县02土地利用图.jpg": _MAP}),
        NONE_INSPECTED,
    ],
)
def map_numbers(*, ctx: Context) -> RuleResult:
    """Every map has a number and a title of its own, and no number is left out.

    What it checks
        The numbers and titles in the names of the maps: one that two maps have, and numbers that are missing below the highest (information only).
    Why
        Maps are filed and looked up by their number; of two with the same one, one is lost.
    How to fix
        Rename the map. Take one of two that are the same out of the package.
    Limits
        Maps are known by their names; one under another name is told by DOC003. Which maps there must be was found in no text: the list of the form is a setting (mark C).
    """
    return inspect_facts(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    maps = package.maps()
    for file, number, title in maps:
        for case, told in (("number", number), ("title", title)):
            other = first.setdefault((case, told), file.path) if told else file.path
            if other != file.path:
                yield make_file_finding(file.path, case, other=other.rpartition("/")[2], number=number)
    numbers = {int(number) for _, number, _ in maps if number}
    lost = [f"{n:02d}" for n in range(1, max(numbers, default=0)) if n not in numbers]
    if lost:
        yield make_file_finding(
            maps[0][0].folder, "gap", Severity.INFO, numbers=Texts(ctx.lang).get("words", "between_names").join(lost)
        )
