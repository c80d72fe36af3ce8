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
        "": "{title} is missing; expected is the file “{file}”. Add it.",
        "optional": "{title} (“{file}”) is missing. Add it if the county has one.",
        "maps": "Maps in the specification that are missing in “{file}”: {count} ({titles}). Add those that the county has.",
        "data": "The vector data are missing; expected is “{file}”. Export them with export_package, or rename them.",
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
    """Every required part of a package exists.

    What it checks
        Each part of the specification: vector data, documents, tables, maps. A missing part that a county may not
        have is only information. The same applies to maps in the specification if the package has other maps of it.
    Why
        A delivery with a missing part is sent back unread.
    How to fix
        Add the part to its folder, with the name in the message.
    Limits
        Parts are recognised by their names. A part with a wrong name counts as missing, and DOC003 reports the file.
        The list of parts follows a draft (mark B); its folders are settings (mark C).
    """
    return inspect_facts(ctx, _find_missing)


def _find_missing(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    yield from _find_missing_data(package, ctx)
    yield from _find_missing_files(package, ctx)


def _find_missing_data(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Report required data sets that are missing; a set without a layer has no file."""
    there = {vectors.id for place in package.data_sets() for vectors in package.sets_of(place)}
    for vectors in package.package_spec.vectors:
        wanted = any(s.need == "M" or (s.need == "C" and ctx.plan.concept(s.layer)) for s in vectors.layers)
        if vectors.id not in there and wanted:
            # Shapefiles are in a folder of that name.
            yield make_file_finding(package.expected(vectors.folder, vectors.file.removesuffix(".shp")), "data")


def _find_missing_files(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Report missing documents, tables, maps; optional numbered maps in one finding."""
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
    # Maps may have other numbers than in the specification; then its list is not useful.
    if maps and numbered:
        between = Texts(ctx.lang).get("words", "between_names")
        titles = between.join(f"{slot.number} {slot.title}" for slot in maps)
        folder = package.package_spec.place(maps[0].folder, "")
        yield make_file_finding(folder, "maps", Severity.INFO, count=len(maps), titles=titles)
