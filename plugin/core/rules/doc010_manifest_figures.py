# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from ..context import Context
from ..exchange.package.inspection.facts import LayerFact, PackageFacts
from ..findings import Finding
from ..rule import RuleResult, Severity, rule
from ..texts import number
from ._package import NONE_INSPECTED, example, judged


@rule(
    "DOC010",
    "manifest-figures",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "features": "The manifest says layer {name} has {expected} features; it has {found}. Make the package anew.",
        "lost": "The manifest names layer {name} in “{file}”, which is not there. Make the package anew.",
        "area": "The manifest says layer {name} has {expected} m²; it has {found} m² (statutory). Make the package anew.",
    },
    fails=[
        example("a feature fewer", 1, manifest=True, layers={"CZKFBJ": 17}, told={"CZKFBJ": 18}),
        example("a layer lost", 1, manifest=True, layers={"LSWHBHX": None}, told={"LSWHBHX": 3}),
    ],
    passes=[
        example("as told", manifest=True),
        NONE_INSPECTED,
    ],
)
def manifest_figures(*, ctx: Context) -> RuleResult:
    """What the manifest says of the layers is what they hold.

    What it checks
        Number of features and statutory area of every layer that the manifest names, against the data.
    Why
        The manifest is read by people who do not open the data.
    How to fix
        Make the package anew with export_package.
    Limits
        Areas are compared for the layers that the check looked at, to 0.01 m² a feature. Packages of other software have no manifest of ours.
    """
    return judged(ctx, _look)


#: How far an area may be from the manifest's, in m² a feature.
AREA_M2 = 0.01


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    there: dict[str | tuple[str, str], LayerFact] = {}
    for one in package.layers:
        if one.features >= 0:
            # A layer may be in a database and in an exchange file.
            there[one.name.upper()] = there[one.file, one.name.upper()] = one
    for row in package.manifest["layers"] if package.manifest else []:
        upper = str(row["layer"]).upper()
        layer = there.get((row["file"], upper)) or there.get(upper)
        name = {"name": row["layer"], "file": row["file"]}
        if layer is None:
            yield Finding("", key=row["layer"], case="lost", params=name)
            continue
        if layer.features != row["features"]:
            counts = {"expected": row["features"], "found": layer.features}
            yield Finding("", key=row["layer"], case="features", params={**name, **counts})
        yield from _area(row, ctx)


def _area(row: dict[str, Any], ctx: Context) -> Iterator[Finding]:
    told, layer = row.get("areas_m2", {}).get("statutory"), ctx.plan.layers.get(row.get("role", ""))
    if told is None or layer is None or len(layer) != row["features"]:
        return
    if layer.source.source and PurePath(layer.source.source).name != str(row["file"]).rpartition("/")[2]:
        # The same layer of another file, with digits of its own.
        return
    found = float(layer.statutory.sum())
    if abs(found - told) > AREA_M2 * max(len(layer), 1):
        params = {"name": row["layer"], "expected": number(told, 2), "found": number(found, 2)}
        yield Finding(layer.role, key=row["layer"], case="area", params=params)
