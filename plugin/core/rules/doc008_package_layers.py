# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ..context import Context
from ..errors import InputError
from ..exchange.package.inspection.facts import PackageFacts
from ..findings import Finding
from ..rule import RuleResult, Severity, rule
from ..texts import Texts
from ._package import NONE_INSPECTED, example, judged, on_file


@rule(
    "DOC008",
    "package-layers",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "missing": "The data lack {title} ({name}), which a package must have. Put the layer in.",
        "empty": "Layer {name} in “{file}” has no feature, though a package must have it. Put the data in.",
        "unreadable": "“{file}” ({name}) cannot be read: it is damaged or was copied in part. Copy it again, or make the package anew.",
        "part": "“{file}” ({table}) is damaged: GDAL says “{reason}”. Programs may open the database and see only part of it. Copy the whole database again, or make the package anew.",
        "part_lost": "“{file}” ({table}), a part of the database, is not there. Copy the whole database again, or make the package anew.",
        "broken": "“{file}” cannot be read: {reason}",
    },
    fails=[
        example("no red line", 1, layers={"STBHHX": None}),
        example("an empty boundary", 1, layers={"CZKFBJ": 0}),
        example("a damaged database", 1, layers={"DLTB": -1}),
        example("a system table cut", 1, faults=[["a00000004.gdbtable", "GDB_Items", "Error occurred"]]),
        example("an index left behind", 1, faults=[["a00000009.gdbtablx", "CZKFBJ", ""]]),
        example("an exchange file cut off", 1, broken=["vct_cut_off", 77]),
    ],
    passes=[
        example("all there"),
        NONE_INSPECTED,
    ],
)
def package_layers(*, ctx: Context) -> RuleResult:
    """The data can be read and have every layer that a package must have.

    What it checks
        Each data set can be opened, no file of a database (.gdb) is damaged or gone; each mandatory layer of the form is there and has features.
    Why
        The three control lines are handed in again with the plan, and a database copied in part is no database.
    How to fix
        Copy the data again, or put the layer in and make the package anew.
    Limits
        Which layers are mandatory is a setting of the form (mark C). Files of a .gdb are looked at where QGIS's GDAL (osgeo) is; its spatial indexes are not. What is wrong inside a layer is told by the other rules.
    """
    return judged(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    for layer in package.layers:
        if layer.problem is not None:
            key, params = layer.problem
            yield on_file(layer.file, "broken", reason=Texts(ctx.lang).explain(InputError(key, **params)))
        elif layer.features < 0:
            yield on_file(layer.file, "unreadable", name=layer.name)
    for fault in package.faults:
        case = "part" if fault.reason else "part_lost"
        yield on_file(fault.part, case, table=fault.table, reason=fault.reason)
    there = {layer.name.upper(): layer for layer in package.layers}
    lost = any(layer.features < 0 for layer in package.layers)
    for vectors in package.form.vectors:
        for slot in vectors.layers:
            roles = ctx.plan.roles_of(slot.layer)
            names = [slot.name, *roles] if slot.name else list(roles)
            found = [there[n.upper()] for n in names if n.upper() in there and there[n.upper()].features >= 0]
            if slot.need != "M" or (lost and not found):
                continue
            if not found:
                yield Finding(
                    "", key=slot.layer, case="missing", params={"title": _title(slot.layer, ctx), "name": names[0]}
                )
            elif not any(layer.features for layer in found):
                yield on_file(found[0].file, "empty", name=found[0].name)


def _title(layer: str, ctx: Context) -> str:
    templates = ctx.norm.standard.templates
    return templates[layer].name if layer in templates else Texts(ctx.lang).concept(layer)
