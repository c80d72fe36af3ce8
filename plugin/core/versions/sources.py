# SPDX-License-Identifier: GPL-2.0-or-later
"""Two editions of a layer as they were read, compared: toolbox and command line come through here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from .compare import compare_layers
from .model import Comparison, make_edition

if TYPE_CHECKING:
    from ..plan.layer import SourceLayer
    from ..plan.plan import Plan
    from ..profile import Norm


@dataclass
class PlanComparison:
    """``plan``: the later edition (and the townships) in its plane; ``names``: what the two editions are called."""

    plan: Plan
    found: Comparison
    role: str
    names: tuple[str, str] = ("", "")
    notes: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def compare_sources(
    before: SourceLayer,
    after: SourceLayer,
    norm: Norm,
    *,
    role: str = "",
    townships: SourceLayer | None = None,
    renumbered: str = "",
    fields: Iterable[str] = (),
    cancellation: Cancellation = NEVER,
) -> PlanComparison:
    """Compare two layers; ``role`` empty: as the later (else the earlier) is recognised.

    ``townships``: for figures by township; ``renumbered``: the path of a table of old and new keys. InputError for a layer
    that is not recognised, is none of polygons, or whose coordinates contradict its CRS, DataError for a damaged table.
    """
    from ..loading.assembly import assemble_plan
    from ..loading.recognition import find_role
    from ..loading.renumbering import read_renumbered
    from .baseline import townships_of

    roles = [role.upper(), find_role(after, norm)[0], find_role(before, norm)[0]]
    named = next((one for one in roles if one), "")
    if named not in norm.standard.templates:
        known = ", ".join(sorted(norm.standard.templates))
        if named:
            raise InputError("role_unknown", role=named, known=known)
        raise InputError("role_not_told", layer=after.name, known=known)
    if norm.standard.templates[named].geometry != "polygon":
        raise InputError("versions_not_polygons", layer=after.name)
    numbers = {
        k: new for (r, k), new in (read_renumbered(renumbered) if renumbered else {}).items() if r in ("", named)
    }
    chosen = {named: after.full_name}
    given = [after]
    if townships is not None:
        given.append(townships)
        chosen[_township_role(townships, norm)] = townships.full_name
    plan = assemble_plan(given, norm, roles=chosen, scope="three_lines", source=after.source, cancellation=cancellation)
    old = assemble_plan(
        [before],
        norm,
        roles={named: before.full_name},
        scope="three_lines",
        reference_plan=plan,
        cancellation=cancellation,
    )
    for one in (plan, old):
        if named not in one.layers:
            raise InputError("versions_unusable", unusable=one.unusable[named].why)
    found = compare_layers(
        make_edition(old.layers[named]),
        make_edition(plan.layers[named]),
        tolerance=norm.tolerance(),
        townships=townships_of(plan),
        renumbered=numbers,
        fields=fields,
        cancellation=cancellation,
    )
    return PlanComparison(plan, found, named, (before.full_name, after.full_name))


def _township_role(townships: SourceLayer, norm: Norm) -> str:
    from ..loading.recognition import find_role

    wanted = norm.standard.concepts["townships"]
    found = find_role(townships, norm)[0]
    return found if found in wanted else wanted[0]


def layers_of(
    source: str | Path, role: str, norm: Norm, *, cancellation: Cancellation = NEVER
) -> tuple[SourceLayer, SourceLayer | None]:
    """The layer of a role in a file or folder, and the townships where they are there.

    ``role`` empty: the only layer that is none of divisions. InputError names the layers there are.
    """
    from ..io import read_source
    from ..loading.recognition import find_role

    if role and role.upper() not in norm.standard.templates:
        raise InputError("role_unknown", role=role, known=", ".join(sorted(norm.standard.templates)))
    towns = norm.standard.concepts["townships"]
    county = norm.standard.concepts["county"]

    def wanted(layer: SourceLayer) -> bool:
        known = find_role(layer, norm)[0]
        return known in towns or (known == role.upper() if role else known not in county)

    layers = read_source(source, wanted=wanted, cancellation=cancellation)
    asked = [layer for layer in layers if wanted(layer) and not layer.problem]
    divisions = [layer for layer in asked if find_role(layer, norm)[0] in towns]
    chosen = [layer for layer in asked if layer not in divisions] if role.upper() not in towns else divisions
    if not chosen and len(layers) == 1 and not layers[0].problem and not find_role(layers[0], norm)[0]:
        # The only layer of a file is meant, whatever it is called; but not one that is known as another.
        chosen = read_source(source, cancellation=cancellation)
    if len(chosen) != 1:
        names = ", ".join(layer.name for layer in layers) or "-"
        raise InputError("versions_which", source=str(source), layers=names)
    return chosen[0], divisions[0] if divisions else None
