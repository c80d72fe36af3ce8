# SPDX-License-Identifier: GPL-2.0-or-later
"""Read two editions of a layer from files and compare them, for the toolbox and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.errors import InputError
from ...plan.layer import SourceLayer
from ...plan.loading.recognition import find_role
from ...plan.plan import Plan
from ...standard.profile import Norm
from .compare import compare_layers
from .edition_comparison import VersionComparison, make_edition
from .shift_search import make_shift_limits


@dataclass
class PlanComparison:
    """The comparison of two editions read from files.

    ``plan``: the later edition and the townships, in one CRS; ``role``: the layer's code in the standard;
    ``edition_names``: names of the earlier and the later edition; ``notes``: remarks as (text key, parameters).
    """

    plan: Plan
    comparison: VersionComparison
    role: str
    edition_names: tuple[str, str] = ("", "")
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
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PlanComparison:
    """Compare two editions of a layer as read from files.

    Parameters
    ----------
    before, after : SourceLayer
        The two editions.
    norm : Norm
        Standard and profile.
    role : str
        Role of the layers; empty for the recognised role of the later, else of the earlier one.
    townships : SourceLayer, optional
        For figures by township.
    renumbered : str
        Path of a table of old and new keys.
    fields : iterable of str
        Names of the compared fields; empty for all.
    cancellation : Cancellation
        Checked between steps.

    Raises
    ------
    InputError
        A layer is not recognised, has no polygons, or its coordinates contradict its CRS.
    DataError
        The table of keys is damaged.
    """
    from ...plan.loading.assembly import assemble_plan
    from ...plan.loading.key_table import read_renumbered_keys
    from .baseline import get_township_polygons

    roles = [role.upper(), find_role(after, norm)[0], find_role(before, norm)[0]]
    layer_role = next((name for name in roles if name), "")
    if layer_role not in norm.standard.templates:
        known_roles = ", ".join(sorted(norm.standard.templates))
        if layer_role:
            raise InputError("role_unknown", role=layer_role, known=known_roles)
        raise InputError("role_unclear", layer=after.name, known=known_roles)
    if norm.standard.templates[layer_role].geometry != "polygon":
        raise InputError("versions_not_polygons", layer=after.name)
    numbers = {
        k: new
        for (r, k), new in (read_renumbered_keys(renumbered) if renumbered else {}).items()
        if r in ("", layer_role)
    }
    name_by_role = {layer_role: after.full_name}
    source_layers = [after]
    # Editions of the townships themselves are summed by those of the later one.
    if townships is not None and (township_role := _choose_township_role(townships, norm)) != layer_role:
        source_layers.append(townships)
        name_by_role[township_role] = townships.full_name
    plan = assemble_plan(
        source_layers, norm, roles=name_by_role, scope="three_lines", source=after.source, cancellation=cancellation
    )
    old = assemble_plan(
        [before],
        norm,
        roles={layer_role: before.full_name},
        scope="three_lines",
        reference_plan=plan,
        cancellation=cancellation,
    )
    for plan_of_edition in (plan, old):
        if layer_role not in plan_of_edition.layers:
            raise InputError("versions_unusable", unusable=plan_of_edition.unusable_layers[layer_role].problem_message)
    comparison = compare_layers(
        make_edition(old.layers[layer_role]),
        make_edition(plan.layers[layer_role]),
        tolerance=norm.make_tolerance(),
        townships=get_township_polygons(plan),
        renumbered=numbers,
        fields=fields,
        shift_limits=make_shift_limits(norm),
        cancellation=cancellation,
    )
    return PlanComparison(plan, comparison, layer_role, (before.full_name, after.full_name))


def _choose_township_role(townships: SourceLayer, norm: Norm) -> str:
    """Return the layer code of a layer of townships."""
    township_roles = norm.standard.concepts["townships"]
    recognised_role = find_role(townships, norm)[0]
    return recognised_role if recognised_role in township_roles else township_roles[0]


def find_layer_and_townships(
    source: str | Path, role: str, norm: Norm, *, cancellation: Cancellation = NEVER_CANCELLED
) -> tuple[SourceLayer, SourceLayer | None]:
    """Return the layer with a role (layer code) of a file or folder, and its layer of townships.

    ``role``: empty for the only layer that is not one of divisions. The townships are None if the source has none.
    Raise InputError, which lists the available layers, if none has the role.
    """
    from ...plan.io import read_source

    if role and role.upper() not in norm.standard.templates:
        raise InputError("role_unknown", role=role, known=", ".join(sorted(norm.standard.templates)))
    township_roles = norm.standard.concepts["townships"]
    county = norm.standard.concepts["county"]

    def is_wanted(layer: SourceLayer) -> bool:
        """Return True for townships and for a layer that may be the one to compare."""
        recognised_role = find_role(layer, norm)[0]
        return recognised_role in township_roles or (
            recognised_role == role.upper() if role else recognised_role not in county
        )

    layers = read_source(source, select_layer=is_wanted, cancellation=cancellation)
    wanted_layers = [layer for layer in layers if is_wanted(layer)]
    for layer in wanted_layers:
        layer.require_usable()
    usable_layers = [layer for layer in wanted_layers if not layer.problem]
    divisions = [layer for layer in usable_layers if find_role(layer, norm)[0] in township_roles]
    matching_layers = [
        layer
        for layer in usable_layers
        if (find_role(layer, norm)[0] == role.upper() if role else layer not in divisions)
    ]
    if not matching_layers and len(layers) == 1 and not layers[0].problem and not find_role(layers[0], norm)[0]:
        # The only layer of a file is used whatever its name is, unless it is recognised as another role.
        matching_layers = read_source(source, cancellation=cancellation)
    if len(matching_layers) != 1:
        listed_layer_names = ", ".join(layer.name for layer in layers) or "-"
        key = "versions_no_role" if role and not matching_layers else "versions_which"
        raise InputError(key, source=str(source), layers=listed_layer_names, role=role)
    return matching_layers[0], divisions[0] if divisions else None
