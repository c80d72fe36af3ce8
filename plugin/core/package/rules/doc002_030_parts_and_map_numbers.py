# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the parts that a package must have, and on the numbers of its maps."""

from collections.abc import Iterator

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...standard.map_set import MapSet, load_map_set
from ...standard.messages.texts import Texts
from ..inspection.facts import PackageFacts
from ..map_slots import find_missing_input_of_plan, make_map_spec
from ..package_spec.spec import FileSlot
from ._package import (
    NO_PACKAGE_EXAMPLE,
    inspects_package,
    make_example,
    make_file_finding,
)

_JPEG_BYTES = b"\xff\xd8\xff\xe0 map"


@rule(
    "DOC002",
    "package-parts",
    problem="Parts of the package are missing",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "": "The package lacks {title}, which is required; expected is the file “{file}”. Add it with this name and "
        "place.",
        "optional": "The package has no {title} (“{file}”), which is mandatory if the county has one. Add it if so; "
        "otherwise no action is needed.",
        "maps": "Maps in the specification that are missing in “{file}”: {count} ({titles}). Add those that the "
        "county has; the others need no action.",
        "data": "The package lacks the vector data; expected is “{file}”. Export them with export_package; if the "
        "data have another name, rename them.",
    },
    fails=[
        make_example("no text", 1, drop=["2-规划文档/140225浑源县国土空间总体规划文本.pdf"]),
        make_example("no data", 1, drop=["1-空间数据/"]),
        make_example(
            "one map of the form's list",
            1,
            add={"4-规划图件/140225浑源县04县域国土空间规划分区图.jpg": b"\xff\xd8\xff"},
        ),
    ],
    passes=[
        make_example("all there"),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_parts(package: PackageFacts, *, ctx: RuleContext) -> RuleResult:
    """Every required part of a package exists.

    What it checks
        Each part of the specification: vector data, documents, tables, maps. A missing part that is mandatory only
        if the county has it is a note, because the data do not show whether it does. The same applies to maps in
        the specification if the package has other maps of it. Optional tables are not missing where the package has
        the plugin's workbook with the same tables. A part that the manifest lists as not provided, and that may be
        missing, is only mentioned in the remarks of this rule.
    Why
        A delivery with a missing part is sent back unread.
    How to fix
        Add the part to its folder, with the name in the message.
    Limits
        Parts are recognised by their names. A part with a wrong name counts as missing, and DOC003 reports the file.
        The list of parts follows a draft (mark B); its folders are settings (mark C).
    """
    empty_slots = {row["id"] for row in (package.manifest or {}).get("slots", ()) if not row["files"]}
    has_plugin_workbook = any(file.path == package.tables_path for file in package.files)
    not_provided = [
        slot
        for slot in package.package_spec.files
        if slot.need == "C"
        and slot.kind != "map"
        and slot.id in empty_slots
        and not package.list_files_of_slot(slot)
        and not (slot.kind == "table" and has_plugin_workbook)
    ]
    present_sets = {vectors.id for data_set in package.data_sets for vectors in package.find_vector_sets(data_set)}
    # A data set may be missing if the plan has none of its layers. Shapefiles are in a folder of its name.
    missing_sets = [
        make_file_finding(package.get_expected_path(vectors.folder, vectors.file.removesuffix(".shp")), "data")
        for vectors in package.package_spec.vectors
        if vectors.id not in present_sets
        and any(s.need == "M" or (s.need == "C" and ctx.plan.find_layer_of_concept(s.layer)) for s in vectors.layers)
    ]
    result = RuleResult([*missing_sets, *_report_missing_files(package, ctx, not_provided, has_plugin_workbook)])
    if not_provided:
        titles = Texts(ctx.lang).get("words", "between_names").join(slot.title for slot in not_provided)
        result.notes.append(("package_parts_not_provided", {"titles": titles}))
    return result


def _report_missing_files(
    package: PackageFacts, ctx: RuleContext, not_provided: list[FileSlot], has_plugin_workbook: bool
) -> Iterator[Finding]:
    """Yield findings on missing documents, tables and maps, except those in ``not_provided``.

    Optional maps with a number make one finding.
    """
    missing_maps, has_numbered_map = [], False
    catalogue = load_map_set(package.package_spec.maps.map_set)
    for slot in package.package_spec.files:
        files = package.list_files_of_slot(slot)
        has_numbered_map = has_numbered_map or bool(slot.number and files)
        path, is_required = package.get_expected_path(slot.folder, slot.file), slot.need == "M"
        # The plugin's workbook has the same tables.
        is_in_workbook = slot.kind == "table" and not is_required and has_plugin_workbook
        if slot.need == "O" or files or slot in not_provided or is_in_workbook:
            continue
        if is_required:
            yield make_file_finding(path, title=slot.title)
        elif not slot.number:
            yield make_file_finding(path, "optional", Severity.INFO, title=slot.title)
        elif not _lacks_layers_of_map(slot, catalogue, package, ctx):
            missing_maps.append(slot)
    # Maps may have other numbers than in the specification; then its list is not useful.
    if missing_maps and has_numbered_map:
        between = Texts(ctx.lang).get("words", "between_names")
        titles = between.join(f"{slot.number} {slot.title}" for slot in missing_maps)
        yield make_file_finding(
            package.package_spec.get_file_path(missing_maps[0].folder, ""),
            "maps",
            Severity.INFO,
            count=len(missing_maps),
            titles=titles,
        )


def _lacks_layers_of_map(slot: FileSlot, catalogue: MapSet, package: PackageFacts, ctx: RuleContext) -> bool:
    """Return True if a map may be missing because the county has none of its layers, such as those of the town centre.

    A map may be drawn from layers that no package carries: then maps of the same extent show that the county has them.
    """
    spec = package.package_spec
    if slot.layout not in catalogue.map_by_id or not ctx.plan.layers:
        return False
    map_spec = make_map_spec(slot, catalogue)
    missing_input = find_missing_input_of_plan(ctx.plan, map_spec)
    if missing_input is None:
        return False
    if missing_input.key == "no_centre":
        return not any(
            catalogue.map_by_id[other.layout].scope == map_spec.scope and package.list_files_of_slot(other)
            for other in spec.files
            if other.layout in catalogue.map_by_id
        )
    packaged_layers = {layer_slot.layer for vectors in spec.vectors for layer_slot in vectors.layers}
    needed_layers = [layer for layer in map_spec.layers if layer.need]
    return missing_input.key == "layer_missing" and all(packaged_layers & set(layer.of) for layer in needed_layers)


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
