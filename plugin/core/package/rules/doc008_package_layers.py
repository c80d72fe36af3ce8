# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...errors import InputError
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import PackageFacts
from ..package_spec.model import LayerSlot
from ._package import (
    NONE_INSPECTED,
    example,
    find_additional_fields,
    inspect_facts,
    make_file_finding,
    stated_field_count,
)


@rule(
    "DOC008",
    "package-layers",
    problem="Data cannot be read or lacks layers",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "missing": "The data lack {title} ({name}), which a package must have. Put the layer in.",
        "missing_in": "“{file}” lacks {title} ({name}), which it must have; another data set of the package has it. Export both anew from one plan.",
        "empty": "Layer {name} in “{file}” has no feature, though a package must have it. Put the data in.",
        "unreadable": "“{file}” ({name}) cannot be read: it is damaged or was copied in part. Copy it again, or make the package anew.",
        "part": "“{file}” ({table}) is damaged: GDAL says “{reason}”. Programs may open the database and see only part of it. Copy the whole database again, or make the package anew.",
        "part_lost": "“{file}” ({table}), a part of the database, is not there. Copy the whole database again, or make the package anew.",
        "foreign": "“{file}” is a table that the database does not list (GDB_SystemCatalog): no program shows it, and whoever looks for it "
        "finds it. Delete it, or make the package anew.",
        "index": "“{file}”: the spatial index of layer {table} has {missing} shapes elsewhere or not at all, so a map that is zoomed in does "
        "not show them. Make the index anew, or the package.",
        "broken": "“{file}” cannot be read: {reason}",
        "shape_cut": "“{file}” is cut off: it is {missing} bytes shorter than its own head says, so the shapefile {table} was read in "
        "part or not at all. Copy all of its files again.",
        "shape_lost": "“{file}” is not there; without it nobody knows the fields of the shapefile {table}. Copy all of its files again.",
        "more_fields": "Layer {name} in “{file}” has fields that neither the standard nor the form does: {fields}. Delete them, unless "
        "they are wanted.",
        "twice": "“{file}” has {title} twice: the rules looked at {used}, {name} was left aside. Delete the one that is not meant, "
        "or rename it so that it does not look like {title}.",
    },
    fails=[
        example("no red line", 1, layers={"STBHHX": None}),
        example("an empty boundary", 1, layers={"CZKFBJ": 0}),
        example("a damaged database", 1, layers={"DLTB": -1}),
        example("a system table cut", 1, faults=[["a00000004.gdbtable", "GDB_Items", "Error occurred"]]),
        example("an index left behind", 1, faults=[["a00000009.gdbtablx", "CZKFBJ", ""]]),
        example("a table that no catalog lists", 1, faults=[["a000000ff.gdbtable", "", "", 0, "foreign"]]),
        example("an index that leads elsewhere", 1, faults=[["a.gpkg", "CZKFBJ", "", 18, "index"]]),
        example("a table of a shapefile cut", 1, shapefile={"missing": 120}),
        example("a shapefile without its table", 1, shapefile={}),
        example("an exchange file cut off", 1, broken=["vct_cut_off", 77]),
        example("a field of one's own", 1, fields={"CZKFBJ": ("BSM", "BEIZHU2")}),
        example("a copy of a layer", 1, layers={"CZKFBJ_1": 18}, spares=[["CZKFBJ_1", "CZKFBJ", "CZKFBJ"]]),
    ],
    passes=[
        example("all there"),
        NONE_INSPECTED,
    ],
)
def package_layers(*, ctx: Context) -> RuleResult:
    """The data can be read and have every layer that a package must have.

    What it checks
        Each data set can be opened, no file of a database (.gdb) or shapefile is damaged or gone, none is there that the database does not list; the index of a GeoPackage finds its shapes; each mandatory layer of the form is there and has features, in each data set that must have it; no layer
        is in a data set twice, none has fields that nobody asked for.
    Why
        The three control lines are handed in again with the plan, and a database copied in part is no database.
    How to fix
        Copy the data again, or put the layer in and make the package anew.
    Limits
        Which layers are mandatory is a setting of the form (mark C). Files of a .gdb are looked at where QGIS's GDAL (osgeo) is; its spatial indexes are not, those of a GeoPackage are. What is wrong inside a layer is told by the other rules.
    """
    return inspect_facts(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    for layer in package.layers:
        if layer.problem is not None:
            key, params = layer.problem
            yield make_file_finding(layer.file, "broken", reason=Texts(ctx.lang).explain(InputError(key, **params)))
        elif layer.features < 0:
            yield make_file_finding(layer.file, "unreadable", name=layer.name)
    for fault in package.integrity_errors:
        case = "part" if fault.reason else "part_lost"
        if not fault.place.lower().endswith(".gdb"):
            case = "shape_cut" if fault.missing else "shape_lost"
        if fault.kind:
            severity = Severity.WARNING
            yield make_file_finding(fault.part, fault.kind, severity, table=fault.table, missing=fault.missing)
            continue
        yield make_file_finding(fault.part, case, table=fault.table, reason=fault.reason, missing=fault.missing)
    for spare in package.unread_layers:
        said = {"name": spare.name, "used": spare.used, "title": _title(spare.role, ctx)}
        yield Finding(
            "",
            key=f"{spare.file}/{spare.name}",
            case="twice",
            severity=Severity.WARNING,
            params={"file": spare.file, **said},
        )
    yield from _more_fields(package, ctx)
    told: set[tuple[str, str]] = set()
    for vectors in package.package_spec.vectors:
        # A set whose file is not there is DOC002's; its layers may be in another.
        places = [place for place in package.data_sets() if vectors in package.sets_of(place)]
        for slot in (slot for slot in vectors.layers if slot.need == "M"):
            for finding in _slot(slot, places, package, ctx):
                # Two sets may lack one layer; two layers of one file may be empty.
                what = finding.key, str(finding.params["name"])
                if what not in told:
                    yield finding
                told.add(what)


def _more_fields(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Fields that nobody asked for; where the manifest has another number of them, DOC010 tells."""
    spares = {(spare.file, spare.name) for spare in package.unread_layers}
    for layer in package.layers:
        more = find_additional_fields(layer, package, ctx) if (layer.file, layer.name) not in spares else []
        if more and stated_field_count(layer, package) in (None, len(layer.fields or ())):
            fields = Texts(ctx.lang).get("words", "between_names").join(more)
            params = {"file": layer.file, "name": layer.name, "fields": fields}
            key = f"{layer.file}/{layer.name}"
            yield Finding("", key=key, case="more_fields", severity=Severity.INFO, params=params)


def _slot(slot: LayerSlot, places: list[str], package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """A mandatory layer that is nowhere, not in the data set that should have it, or empty there."""
    roles = ctx.plan.roles_of(slot.layer)
    names = [slot.name, *roles] if slot.name else list(roles)
    anywhere = [layer for layer in package.layers if layer.name.upper() in {n.upper() for n in names}]
    here = [layer for layer in anywhere if not places or layer.file in places]
    sound = [layer for layer in here if layer.features >= 0]
    # What cannot be read may well have it.
    if not sound and any(layer.features < 0 for layer in package.layers):
        return
    said = {"title": _title(slot.layer, ctx), "name": names[0]}
    if sound:
        if not any(layer.features for layer in sound):
            yield make_file_finding(sound[0].file, "empty", name=sound[0].name)
    elif anywhere:
        yield Finding("", key=f"{places[0]}/{slot.layer}", case="missing_in", params={"file": places[0], **said})
    else:
        yield Finding("", key=slot.layer, case="missing", params=said)


def _title(layer: str, ctx: Context) -> str:
    templates = ctx.norm.standard.templates
    return templates[layer].name if layer in templates else Texts(ctx.lang).concept(layer)
