# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a plan from sources: select layers and fields, then assemble the plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.connection_text import mask_source
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...standard.options import RunOptions

if TYPE_CHECKING:
    from ...standard.profile import Norm
    from ...standard.template import TemplateField
    from ..layer import SourceLayer
    from ..plan import Plan


#: The first national land survey was finished in 1996.
_FIRST_SURVEY_YEAR = 1996


def read_plan(
    sources: str | Path | Iterable[SourceLayer],
    norm: Norm,
    options: RunOptions,
    *,
    source: str = "",
    needs_field: Callable[[TemplateField], bool] | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Plan:
    """Return the plan of a source (`io.read_source`), or of layers that are already in memory.

    ``source`` names the origin of layers in memory. ``needs_field``: which fields of templates are read from files,
    None for all; damaged values of other fields are then not noticed. Raise InputError or DataError if no layer is
    usable, and Cancelled.
    """
    # GIS libraries load when something runs, not when a command line is parsed or a plugin starts.
    from ...model.findings import UnreadData
    from ..io import read_source
    from ..io.source import provide_unpacked
    from .assembly import assemble_plan
    from .unread_files import find_unread_files, find_write_ahead_logs

    roles = options.get_role_choices()
    check_base_year(options.base_year)

    def assemble(layers: Iterable[SourceLayer], name: str, project: bool) -> Plan:
        """Return the plan of layers as read."""
        cancellation.raise_if_cancelled()
        return assemble_plan(
            layers,
            norm,
            roles=roles,
            scope=options.scope,
            base_year=options.base_year,
            source=name,
            cancellation=cancellation,
            allow_no_layers=options.allow_no_layers,
            original_crs=options.original_crs,
            project=project,
        )

    if isinstance(sources, str | Path):
        # A zip stays unpacked until all that its files show is known.
        with provide_unpacked(sources, cancellation) as readable:
            layers = read_source(
                readable.path,
                select_layer=make_plan_layer_selector(norm, roles, needs_field, options.further_fields),
                cancellation=cancellation,
            )
            plan = assemble(layers, source or mask_source(sources), project=False)
            plan.unread_data += find_unread_files(readable.path, cancellation)
            plan.notices += find_write_ahead_logs(readable.path)
            readable.relabel(layers)
            plan.input_files = tuple(map(readable.name_path, plan.input_files))
    else:
        plan = assemble(sources, source, project=True)
    # A layer that the project cannot open is unread data, which it names.
    plan.unread_data += [
        UnreadData("broken", {"name": params["layer"], "file": params["file"]})
        for key, params in options.notices
        if key == "notice_layer_broken"
    ]
    plan.notices += options.notices
    return plan


def check_base_year(year: int | None) -> None:
    """Raise InputError for a base year before the first survey or in the future."""
    current_year = date.today().year
    if year is not None and not _FIRST_SURVEY_YEAR <= year <= current_year:
        raise InputError("base_year_impossible", value=str(year), first=str(_FIRST_SURVEY_YEAR), last=str(current_year))


def make_plan_layer_selector(
    norm: Norm,
    roles: Mapping[str, str],
    needs_field: Callable[[TemplateField], bool] | None = None,
    further_fields: Collection[str] = (),
) -> Callable[[SourceLayer], bool | frozenset[str]]:
    """Return a function that decides which layers and fields of a source are read.

    The function gets a layer without rows. It returns False for a layer whose role is unknown, since the layer may be
    large or damaged. For other layers it returns the names of all fields that any edition of the template has, since no
    rule uses further fields; True means all fields. ``roles``: layer code → layer name, chosen by the user;
    ``needs_field``: as of `read_plan`; ``further_fields``: names of fields that are read though no template has them.
    """
    from .recognition import find_role

    roles_by_name: dict[str, set[str]] = {}
    for role, name in roles.items():
        roles_by_name.setdefault(name.upper(), set()).add(role)

    def wanted(layer: SourceLayer) -> bool | frozenset[str]:
        """Return False, or which fields of the layer are read, as described above."""
        layer_roles = roles_by_name.get(layer.name.upper(), set()) | roles_by_name.get(layer.full_name.upper(), set())
        layer_roles = layer_roles | {find_role(layer, norm)[0]} - {""}
        if not layer_roles <= norm.standard.templates.keys():
            return True  # an unknown role: reported where roles are chosen
        fields = {
            template_field.name.upper()
            for role in layer_roles
            for template in norm.standard.list_templates_of_role(role)
            for template_field in template.fields
            if needs_field is None or needs_field(template_field)
        }
        return frozenset(fields | {name.upper() for name in further_fields}) if layer_roles else False

    return wanted
