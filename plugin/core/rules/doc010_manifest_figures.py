# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import numpy as np

from ..context import Context
from ..exchange.package.inspection.facts import LayerFact, PackageFacts
from ..exchange.package.names import AREA_FIELDS
from ..findings import Finding
from ..rule import RuleResult, Severity, rule
from ..texts import Texts, number
from ._package import NONE_INSPECTED, example, judged, more_fields, told_fields

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "DOC010",
    "manifest-figures",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "features": "The manifest says layer {name} has {expected} features; it has {found}. Make the package anew.",
        "lost": "The manifest names layer {name} in “{file}”, which is not there. Make the package anew.",
        "fields": "The manifest says layer {name} has {expected} fields; it has {found}{more}. Take out what was put in, or make the package anew.",
        "area": "The manifest says layer {name} has {expected} m²; it has {found} m² (statutory). Make the package anew.",
        "field_area": "The manifest says the areas in field {field} of layer {name} add up to {expected} m²; they add up to {found} m². Put the values back, or make the package anew.",
    },
    fails=[
        example("a feature fewer", 1, manifest=True, layers={"CZKFBJ": 17}, told={"CZKFBJ": 18}),
        example(
            "areas in the field half as much again",
            1,
            plan={"red_line": [{"wkt": SQUARE, "area": 15000.0}]},
            manifest=True,
            told={"STBHHX": 1},
            layers={"STBHHX": 1},
            areas={"STBHHX": {"declared": 10000.0}},
        ),
        example("a field put in", 1, manifest=True, fields={"CZKFBJ": ("BSM", "BEIZHU2")}, told_fields={"CZKFBJ": 1}),
        example("a layer lost", 1, manifest=True, layers={"LSWHBHX": None}, told={"LSWHBHX": 3}),
    ],
    passes=[
        example("as told", manifest=True),
        example("a layer that cannot be read is not lost", manifest=True, layers={"DLTB": -1}),
        NONE_INSPECTED,
    ],
)
def manifest_figures(*, ctx: Context) -> RuleResult:
    """What the manifest says of the layers is what they hold.

    What it checks
        Number of features and fields, statutory area, and the sums of the area fields (survey, net, declared) of every layer that the manifest names, against the data.
    Why
        The manifest is read by people who do not open the data.
    How to fix
        Make the package anew with export_package.
    Limits
        A layer that cannot be read is DOC008's, a field that is gone SCH002's and SCH008's. Areas are compared for the layers that the check looked at, to 0.01 m² a feature. Packages of other software have no manifest of ours.
    """
    return judged(ctx, _look)


#: How far an area may be from the manifest's, in m² a feature.
AREA_M2 = 0.01


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    there: dict[str | tuple[str, str], LayerFact] = {}
    unread: set[tuple[str, str]] = set()
    for one in package.layers:
        if one.features >= 0:
            # A layer may be in a database and in an exchange file; where neither has the file's name, the first is meant.
            there[one.file, one.name.upper()] = one
            there.setdefault(one.name.upper(), one)
        else:
            unread.add((one.file, one.name.upper()))
    for row in package.manifest["layers"] if package.manifest else []:
        upper = str(row["layer"]).upper()
        layer = there.get((row["file"], upper)) or there.get(upper)
        name = {"name": row["layer"], "file": row["file"]}
        if layer is None:
            if (row["file"], upper) not in unread and not _nothing_of(row["file"], package):
                yield Finding("", key=row["layer"], case="lost", params=name)
            continue
        if layer.features != row["features"]:
            counts = {"expected": row["features"], "found": layer.features}
            yield Finding("", key=row["layer"], case="features", params={**name, **counts})
        yield from _fields(row, layer, package, ctx)
        yield from _areas(row, ctx)


def _fields(row: dict[str, Any], layer: LayerFact, package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """A number of fields other than the manifest's, where any was put in: of one that is gone, others tell."""
    told = told_fields(layer, package)
    if told is None or layer.fields is None or told == len(layer.fields):
        return
    more = more_fields(layer, package, ctx)
    if more or len(layer.fields) > told:
        texts = Texts(ctx.lang)
        names = texts.get("words", "between_names").join(more)
        said = texts.get("words", "in_brackets", text=names) if more else ""
        params = {"name": row["layer"], "expected": told, "found": len(layer.fields), "more": said}
        yield Finding("", key=row["layer"], case="fields", params=params)


def _nothing_of(file: str, package: PackageFacts) -> bool:
    """Is there a data set of which no layer can be read? Then none is known to be lost."""
    seen = [one.features for one in package.layers if one.file == file]
    return bool(seen) and max(seen) < 0


def _areas(row: dict[str, Any], ctx: Context) -> Iterator[Finding]:
    layer = ctx.plan.layers.get(row.get("role", ""))
    if layer is None or len(layer) != row["features"]:
        return
    if layer.source.source and PurePath(layer.source.source).name != str(row["file"]).rpartition("/")[2]:
        # The same layer of another file, with digits of its own.
        return
    for basis, told in row.get("areas_m2", {}).items():
        if basis == "statutory":
            found, field, case = float(layer.statutory.sum()), "", "area"
        elif (meaning := AREA_FIELDS.get(basis)) and layer.has(meaning):
            found, field, case = float(np.nansum(layer.numbers(meaning))), layer.field_name(meaning), "field_area"
        else:
            continue
        if abs(found - told) > AREA_M2 * max(len(layer), 1):
            params = {"name": row["layer"], "expected": number(told, 2), "found": number(found, 2)}
            yield Finding(layer.role, key=row["layer"], field=field, case=case, params=params)
