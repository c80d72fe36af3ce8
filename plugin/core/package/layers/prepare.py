# SPDX-License-Identifier: GPL-2.0-or-later
"""Preparation and validation of the specification's data sets from the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyproj import CRS

from ...cancellation import Cancellation
from ...geometry import crs as crs_care
from ...messages.texts import ConceptName
from ...standard import Standard, load_standard
from ..package_spec.model import VectorSet
from ..problems import MAX_NAMED_FEATURES, ExportProblem, ProblemLevel
from .content import PackageLayer, make_package_layers
from .layer_validation import validate_layer, validate_missing_layers

if TYPE_CHECKING:
    from ...check import CheckResult
    from ...plan.plan import Plan
    from ..order import ExportOrder


@dataclass(frozen=True)
class PreparedSet:
    """A data set of non-empty layers that is ready to be written.

    ``vector_set`` is its specification, ``crs`` the CRS that is stored, with heights if specified, and
    ``horizontal_crs`` the CRS without heights.
    """

    vector_set: VectorSet
    package_layers: list[PackageLayer]
    crs: CRS
    horizontal_crs: CRS


def prepare_data_sets(
    check_result: CheckResult, order: ExportOrder, cancellation: Cancellation
) -> tuple[list[PreparedSet], list[ExportProblem]]:
    """Return every data set of the specification, ready to be written, and the problems of its layers."""
    plan = check_result.plan
    # The plan's standard may lack concepts that only the specification's standard has.
    standards = (plan.norm.standard, load_standard(order.package_spec.standard))
    sets: list[PreparedSet] = []
    problems: list[ExportProblem] = []
    for vectors in order.package_spec.vectors:
        contents, missing_layers = make_package_layers(
            plan, vectors, includes_personal_data=order.keeps_personal_fields
        )
        problems += validate_missing_layers(missing_layers, lambda layer: _find_title_and_roles(layer, standards))
        prepared_set = PreparedSet(
            vectors,
            [c for c in contents if len(c)],
            crs_care.add_vertical_crs(vectors.crs, vectors.vertical),
            CRS.from_user_input(vectors.crs),
        )
        for content in contents:
            problems += validate_layer(content, vectors, plan.norm.standard.code_lists, cancellation)
        problems += _report_transformed_layers(prepared_set)
        layer_names = [c.name.upper() for c in prepared_set.package_layers]
        repeated_names = sorted({n for n in layer_names if layer_names.count(n) > 1})
        problems += [ExportProblem(ProblemLevel.STOP, "layer_twice", layer=name) for name in repeated_names]
        sets.append(prepared_set)
    return sets, [*problems, *_report_omitted_layers(plan, sets, problems)]


def _report_omitted_layers(
    plan: Plan, prepared_sets: list[PreparedSet], reported_problems: list[ExportProblem]
) -> Iterator[ExportProblem]:
    """Yield a note on layers of the plan that are in no data set.

    Layers that ``reported_problems`` name are left out of the note.
    """
    reported_layers = {p.layer for p in reported_problems}
    packaged_roles = {c.layer.role for one in prepared_sets for c in one.package_layers}
    other_layers = [
        *(layer.name for role, layer in plan.layers.items() if role not in packaged_roles),
        *(unusable_layer.name for unusable_layer in plan.unusable_layers.values()),
        *plan.unrecognised_layers,
    ]
    omitted_layers = [name for name in dict.fromkeys(other_layers) if name not in reported_layers]
    if omitted_layers:
        yield ExportProblem(
            ProblemLevel.NOTE,
            "layers_left_out",
            count=len(omitted_layers),
            features=tuple(omitted_layers[:MAX_NAMED_FEATURES]),
        )


def _find_title_and_roles(layer: str, standards: Iterable[Standard]) -> tuple[str | ConceptName, str]:
    """Return the title of a layer code or concept, and the codes of the layers that are suitable for it.

    A concept (such as ``farmland``) is a name for several layer codes.
    """
    for standard in standards:
        if layer in standard.templates:
            return standard.templates[layer].name, layer
        if layer in standard.concepts:
            return ConceptName(layer), " / ".join(standard.concepts[layer])
    return ConceptName(layer), layer


def _report_transformed_layers(prepared_set: PreparedSet) -> Iterator[ExportProblem]:
    """Yield a note on the transformed layers for each CRS that they had in the sources."""
    transformed: dict[str, list[str]] = {}
    for content in prepared_set.package_layers:
        if content.layer.crs != prepared_set.horizontal_crs:
            transformed.setdefault(crs_care.make_crs_label(content.layer.crs), []).append(content.name)
    for name, layers in transformed.items():
        params = {"source": name, "target": prepared_set.vector_set.crs}
        yield ExportProblem(ProblemLevel.NOTE, "reprojected", count=len(layers), features=tuple(layers), params=params)
