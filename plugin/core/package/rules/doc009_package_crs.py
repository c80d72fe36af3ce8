# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import RuleContext
from ...geometry.crs import make_crs_label, parse_crs
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ..inspection.facts import LayerFact, PackageFacts
from ._package import NO_PACKAGE_EXAMPLE, inspects_package, make_example


@rule(
    "DOC009",
    "package-crs",
    problem="A layer has another CRS than required",
    severity=Severity.ERROR,
    basis=["package-draft", "package-form"],
    needs={},
    messages={
        "": "Layer {name} in “{file}” is in {found}; the package requires {expected}. Reproject it, or export it with export_package.",
        "none": "Layer {name} in “{file}” has no coordinate system; the package requires {expected}. Define the one of its "
        "coordinates, then export it with export_package.",
        "vertical": "Layer {name} in “{file}” lacks the vertical coordinate system ({expected}) that the specification requires. "
        "Export it with export_package.",
    },
    fails=[
        make_example("metres in place of degrees", 1, crs={"CZKFBJ": "EPSG:4526"}),
        make_example("none", 1, crs={"CZKFBJ": ""}),
    ],
    passes=[
        make_example("degrees"),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_crs(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Layers are in the coordinate system that the package requires.

    What it checks
        The CRS of every readable layer is that of the specification (EPSG:4490 in the shipped one), and so is the
        vertical CRS if the specification has one.
    Why
        The receiving system overlays the layers of a delivery by their coordinates.
    How to fix
        Reproject the layer, or let export_package do it.
    Limits
        Data sets are recognised by name. A data set that the specification does not describe may have any CRS.
    """
    for layer in package.layers:
        if layer.feature_count < 0:
            continue
        for vectors in package.find_vector_sets(layer.file):
            # Use the notation of the layers, because a specification may use another one.
            plane, heights = make_crs_label(parse_crs(vectors.crs)), vectors.vertical.upper()
            if not layer.crs:
                yield _make_crs_finding(layer, "none", "", plane)
            elif layer.crs != plane:
                yield _make_crs_finding(layer, "", layer.crs, plane)
            elif heights and layer.vertical_crs != heights:
                yield _make_crs_finding(layer, "vertical", "", heights)


def _make_crs_finding(layer: LayerFact, case: str, actual: str, expected: str) -> Finding:
    """Return a finding on a layer with a wrong CRS; ``actual`` and ``expected`` are labels."""
    params = {"name": layer.name, "file": layer.file, "found": actual, "expected": expected}
    return Finding("", key=f"{layer.file}/{layer.name}", case=case, params=params)
