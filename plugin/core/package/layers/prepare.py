# SPDX-License-Identifier: GPL-2.0-or-later
"""Preparation of the specification's sets from the plan, with validation."""

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
from ..problems import NAMED, Level, Problem
from .content import Content, make_contents
from .layer_validation import validate_layer, validate_missing_layers

if TYPE_CHECKING:
    from ...check import CheckResult
    from ...plan.plan import Plan
    from ..order import ExportOrder


@dataclass(frozen=True)
class PreparedSet:
    """A set of non-empty layers, ready to be written.

    ``crs`` is the CRS that is stored, with heights if specified; ``plane`` is its horizontal part.
    """

    vectors: VectorSet
    contents: list[Content]
    crs: CRS
    plane: CRS


def prepare(
    checked: CheckResult, order: ExportOrder, cancellation: Cancellation
) -> tuple[list[PreparedSet], list[Problem]]:
    """Prepare every vector set of the specification; return its problems."""
    plan = checked.plan
    # The plan's standard may lack concepts that only the specification's standard has.
    standards = (plan.norm.standard, load_standard(order.package_spec.standard))
    sets: list[PreparedSet] = []
    problems: list[Problem] = []
    for vectors in order.package_spec.vectors:
        found, missing = make_contents(plan, vectors, personal=order.personal)
        problems += validate_missing_layers(missing, lambda layer: _named(layer, standards))
        one = _prepare_set(vectors, [c for c in found if len(c)])
        for content in found:
            problems += validate_layer(content, vectors, plan.norm.standard.code_lists, cancellation)
        problems += [*_report_transformed(one), *_find_duplicates(one)]
        sets.append(one)
    return sets, [*problems, *_report_left_out(plan, sets, problems)]


def _report_left_out(plan: Plan, sets: list[PreparedSet], reported: list[Problem]) -> Iterator[Problem]:
    """Report layers of the plan that are in no set and in no other problem."""
    known = {p.layer for p in reported}
    taken = {c.layer.role for one in sets for c in one.contents}
    rest = [*(layer.name for role, layer in plan.layers.items() if role not in taken)]
    rest += [*(lost.name for lost in plan.unusable.values()), *plan.unrecognised]
    names = [name for name in dict.fromkeys(rest) if name not in known]
    if names:
        yield Problem(Level.NOTE, "layers_left_out", count=len(names), features=tuple(names[:NAMED]))


def _named(layer: str, standards: Iterable[Standard]) -> tuple[str | ConceptName, str]:
    """Return the title of a layer or concept, and the codes of suitable layers."""
    for standard in standards:
        if layer in standard.templates:
            return standard.templates[layer].name, layer
        if layer in standard.concepts:
            return ConceptName(layer), " / ".join(standard.concepts[layer])
    return ConceptName(layer), layer


def _prepare_set(vectors: VectorSet, found: list[Content]) -> PreparedSet:
    plane = CRS.from_user_input(vectors.crs)
    return PreparedSet(vectors, found, crs_care.with_heights(vectors.crs, vectors.vertical), plane)


def _report_transformed(one: PreparedSet) -> Iterator[Problem]:
    """Report layers that are transformed to the package's CRS, by their CRS."""
    transformed: dict[str, list[str]] = {}
    for content in one.contents:
        if content.layer.crs != one.plane:
            transformed.setdefault(crs_care.crs_label(content.layer.crs), []).append(content.name)
    for name, layers in transformed.items():
        params = {"source": name, "target": one.vectors.crs}
        yield Problem(Level.NOTE, "reprojected", count=len(layers), features=tuple(layers), params=params)


def _find_duplicates(one: PreparedSet) -> Iterator[Problem]:
    names = [c.name.upper() for c in one.contents]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Problem(Level.STOP, "layer_twice", layer=name)
