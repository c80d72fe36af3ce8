# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import PackageFacts
from ._package import NONE_INSPECTED, example, inspect_facts, make_file_finding


@rule(
    "DOC002",
    "package-parts",
    problem="Parts of the package are missing",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "": "{title} is missing; it should be “{file}”. Put it there.",
        "optional": "There is no {title} (“{file}”). Put it there if the county has one.",
        "maps": "{count} maps that the form lists are not in “{file}”: {titles}. Put those there that the county has.",
        "data": "The vector data are missing; they should be “{file}”. Export them with export_package, or rename them.",
    },
    fails=[
        example("no text", 1, drop=["2-规划文档/140225浑源县国土空间总体规划文本.pdf"]),
        example("no data", 1, drop=["1-空间数据/"]),
        example(
            "one map of the form's list",
            1,
            add={"4-规划图件/140225浑源县04县域国土空间规划分区图.jpg": b"\xff\xd8\xff"},
        ),
    ],
    passes=[
        example("all there"),
        NONE_INSPECTED,
    ],
)
def package_parts(*, ctx: Context) -> RuleResult:
    """Everything that must be in a package is there.

    What it checks
        Each part that the form of the package asks for: vector data, documents, tables, maps. A part that a county may not have is only information; so are maps of the form's list, where the package has others of it.
    Why
        A delivery without one of its parts is sent back unread.
    How to fix
        Put the part into its folder, under the name in the message.
    Limits
        Parts are known by their names; one under a wrong name counts as missing, and DOC003 names the file. The list of parts follows a draft (mark B); its folders are settings (mark C).
    """
    return inspect_facts(ctx, _absent)


def _absent(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    yield from _absent_data(package, ctx)
    yield from _absent_files(package, ctx)


def _absent_data(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Report required data sets that are missing; a set without a layer has no file."""
    there = {vectors.id for place in package.data_sets() for vectors in package.sets_of(place)}
    for vectors in package.package_spec.vectors:
        wanted = any(s.need == "M" or (s.need == "C" and ctx.plan.concept(s.layer)) for s in vectors.layers)
        if vectors.id not in there and wanted:
            # Shapefiles lie in a folder of that name.
            yield make_file_finding(package.expected(vectors.folder, vectors.file.removesuffix(".shp")), "data")


def _absent_files(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Report documents, tables and maps that are missing; optional numbered maps make one finding."""
    maps, numbered = [], False
    for slot in package.package_spec.files:
        filling = package.filling(slot)
        numbered = numbered or bool(slot.number and filling)
        if slot.need == "O" or filling:
            continue
        if slot.number and slot.need != "M":
            maps.append(slot)
            continue
        must = slot.need == "M"
        path = package.expected(slot.folder, slot.file)
        yield make_file_finding(path, "" if must else "optional", None if must else Severity.INFO, title=slot.title)
    # Who numbers the maps otherwise than the form, which may be, does not want to read its list.
    if maps and numbered:
        between = Texts(ctx.lang).get("words", "between_names")
        titles = between.join(f"{slot.number} {slot.title}" for slot in maps)
        folder = package.package_spec.place(maps[0].folder, "")
        yield make_file_finding(folder, "maps", Severity.INFO, count=len(maps), titles=titles)
