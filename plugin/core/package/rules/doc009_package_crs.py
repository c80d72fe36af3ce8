# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...geometry.crs import crs_label, parse_crs
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import LayerFact, PackageFacts
from ._package import NONE_INSPECTED, example, inspect_facts


@rule(
    "DOC009",
    "package-crs",
    problem="A layer has another CRS than required",
    severity=Severity.ERROR,
    basis=["package-draft", "package-form"],
    needs={},
    messages={
        "": "Layer {name} in “{file}” is in {found}; the package asks for {expected}. Reproject it, or export it with export_package.",
        "none": "Layer {name} in “{file}” has no coordinate system; the package asks for {expected}. Define the one that its coordinates are in, then "
        "export it with export_package.",
        "vertical": "Layer {name} in “{file}” names no heights ({expected}), which the form asks for. Export it with export_package.",
    },
    fails=[
        example("metres in place of degrees", 1, crs={"CZKFBJ": "EPSG:4526"}),
        example("none", 1, crs={"CZKFBJ": ""}),
    ],
    passes=[
        example("degrees"),
        NONE_INSPECTED,
    ],
)
def package_crs(*, ctx: Context) -> RuleResult:
    """Layers are in the coordinate system that the package asks for.

    What it checks
        The CRS of every layer that can be read against that of the form (EPSG:4490 in the form that ships), and the CRS of heights where the form has one.
    Why
        The receiving system puts layers of one delivery on top of each other by their coordinates.
    How to fix
        Reproject the layer, or let export_package do it.
    Limits
        Data sets are told apart by name; in one that no form describes no CRS is asked for.
    """
    return inspect_facts(ctx, _look)


def _look(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    for layer in package.layers:
        if layer.features < 0:
            continue
        for vectors in package.sets_of(layer.file):
            # As layers' own are told, however the form writes it.
            plane, heights = crs_label(parse_crs(vectors.crs)), vectors.vertical.upper()
            if not layer.crs:
                yield _told(layer, "none", "", plane)
            elif layer.crs != plane:
                yield _told(layer, "", layer.crs, plane)
            elif heights and layer.vertical != heights:
                yield _told(layer, "vertical", "", heights)


def _told(layer: LayerFact, case: str, found: str, expected: str) -> Finding:
    params = {"name": layer.name, "file": layer.file, "found": found, "expected": expected}
    return Finding("", key=f"{layer.file}/{layer.name}", case=case, params=params)
