# SPDX-License-Identifier: GPL-2.0-or-later
"""The sets of layers that a form asks for, taken from the plan and looked at before anything is written."""

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
    """One set of layers, ready to be written: those with rows. ``crs``: what they say of themselves, with heights where
    asked; ``plane``: its horizontal part."""

    vectors: VectorSet
    contents: list[Content]
    crs: CRS
    plane: CRS


def prepare(
    checked: CheckResult, order: ExportOrder, cancellation: Cancellation
) -> tuple[list[PreparedSet], list[Problem]]:
    """Every vector set of the form, and what stands against writing it or is to be told of it."""
    plan = checked.plan
    # A plan that is checked by another standard than the form's may lack what only that one describes.
    standards = (plan.norm.standard, load_standard(order.package_spec.standard))
    sets: list[PreparedSet] = []
    problems: list[Problem] = []
    for vectors in order.package_spec.vectors:
        found, wanting = make_contents(plan, vectors, personal=order.personal)
        problems += validate_missing_layers(wanting, lambda layer: _named(layer, standards))
        one = _prepared(vectors, [c for c in found if len(c)])
        for content in found:
            problems += validate_layer(content, vectors, plan.norm.standard.code_lists, cancellation)
        problems += [*_brought(one), *_twice(one)]
        sets.append(one)
    return sets, [*problems, *_left_out(plan, sets, problems)]


def _left_out(plan: Plan, sets: list[PreparedSet], told: list[Problem]) -> Iterator[Problem]:
    """Layers of the plan that no set takes: none goes missing without a word."""
    known = {p.layer for p in told}
    taken = {c.layer.role for one in sets for c in one.contents}
    rest = [*(layer.name for role, layer in plan.layers.items() if role not in taken)]
    rest += [*(lost.name for lost in plan.unusable.values()), *plan.unrecognised]
    names = [name for name in dict.fromkeys(rest) if name not in known]
    if names:
        yield Problem(Level.NOTE, "layers_left_out", count=len(names), features=tuple(names[:NAMED]))


def _named(layer: str, standards: Iterable[Standard]) -> tuple[str | ConceptName, str]:
    """What a layer or concept is called, and the codes of the layers that it may be."""
    for standard in standards:
        if layer in standard.templates:
            return standard.templates[layer].name, layer
        if layer in standard.concepts:
            return ConceptName(layer), " / ".join(standard.concepts[layer])
    return ConceptName(layer), layer


def _prepared(vectors: VectorSet, found: list[Content]) -> PreparedSet:
    plane = CRS.from_user_input(vectors.crs)
    return PreparedSet(vectors, found, crs_care.with_heights(vectors.crs, vectors.vertical), plane)


def _brought(one: PreparedSet) -> Iterator[Problem]:
    """Which layers are brought into the package's CRS, by the CRS they come from."""
    brought: dict[str, list[str]] = {}
    for content in one.contents:
        if content.layer.crs != one.plane:
            brought.setdefault(crs_care.crs_label(content.layer.crs), []).append(content.name)
    for name, layers in brought.items():
        params = {"source": name, "target": one.vectors.crs}
        yield Problem(Level.NOTE, "reprojected", count=len(layers), features=tuple(layers), params=params)


def _twice(one: PreparedSet) -> Iterator[Problem]:
    names = [c.name.upper() for c in one.contents]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Problem(Level.STOP, "layer_twice", layer=name)
