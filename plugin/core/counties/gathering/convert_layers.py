# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a county as layers of its parent's database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

from ...base.cancellation import Cancellation
from ...plan.layer import SourceLayer
from ...plan.loading.assembly import assemble_plan
from ...plan.plan import Plan
from ...standard.codes import CodeList
from ...standard.edition import Standard
from ...standard.profile import Norm
from ...standard.template import Template


def keep_county_fields(norm: Norm, county_standard: Standard, renamed: Mapping[str, str]) -> Norm:
    """Return the parent's norm with the counties' fields in layers whose field table was not read (mark C).

    Such a template has common fields only, so that control lines and zones would lose their codes. The fields of the
    counties' template are added to those of the edition that it follows most.
    """
    source_of = {target: source for source, target in renamed.items()}
    templates = dict(norm.standard.templates)
    for role, template in templates.items():
        candidates = (county_standard.templates.get(one) for one in (role, source_of.get(role, "")))
        county_templates = [one for one in candidates if one is not None]
        if template.fields_mark != "C" or not county_templates:
            continue
        base = _find_followed_template(county_templates[0], template, norm)
        known = {one.name.upper() for one in base.fields}
        more = {one.name: one for source in county_templates for one in source.fields if one.name.upper() not in known}
        # A field of the county is never mandatory for the parent.
        added = tuple(replace(one, constraint="") for one in more.values())
        templates[role] = replace(template, fields=(*base.fields, *added))
    code_lists = {**county_standard.code_lists, **norm.standard.code_lists}
    own = {one.name: getattr(norm.standard, one.name) for one in fields(norm.standard)}
    return replace(norm, standard=_ExtendedStandard(**own, templates_with_more=templates, lists_with_more=code_lists))


def _find_followed_template(county_template: Template, template: Template, norm: Norm) -> Template:
    """Return the template of the parent's editions of which a county's layer has most fields.

    On a tie it is that of the parent's standard.

    A check of the package reads the layer by this edition.
    """
    names = {one.name.upper() for one in county_template.fields}

    def compute_share(other: Template) -> float:
        return sum(one.name.upper() in names for one in other.fields) / max(len(other.fields), 1)

    return max((template, *norm.standard.list_templates_of_role(county_template.role)), key=compute_share)


@dataclass(frozen=True)
class _ExtendedStandard(Standard):
    """A standard whose templates have further fields.

    ``templates_with_more``: layer code → template; ``lists_with_more``: the code lists of their fields.
    """

    templates_with_more: dict[str, Template] = field(default_factory=dict)
    lists_with_more: dict[str, CodeList] = field(default_factory=dict)

    @property
    def templates(self) -> dict[str, Template]:
        """Return layer code → template."""
        return self.templates_with_more

    @property
    def code_lists(self) -> dict[str, CodeList]:
        """Return the code lists by name."""
        return self.lists_with_more


class ConvertedPlan(NamedTuple):
    """A county's plan under its parent's norm.

    ``left_out``: layers that the parent's database lacks → rows, None if unknown; ``renamed``: layer code of the county
    → other code in ``plan``.
    """

    plan: Plan
    left_out: dict[str, int | None]
    renamed: dict[str, str]


def convert_plan(plan: Plan, norm: Norm, renamed: Mapping[str, str], cancellation: Cancellation) -> ConvertedPlan:
    """Return a county's plan under its parent's norm, with what the parent's database lacks or names otherwise.

    Parameters
    ----------
    renamed
        Layer code of the county → code of the parent, where they differ. A layer with the parent's code has
        precedence.
    """
    sources: dict[str, SourceLayer] = {}
    left_out = dict(plan.unrecognised_row_counts)
    applied: dict[str, str] = {}
    for role, layer in sorted(plan.layers.items(), key=lambda item: item[0] in renamed):
        target = renamed.get(role, role)
        if target in norm.standard.templates and target not in sources:
            sources[target] = replace(layer.source, name=target, template_id="")
            if target != role:
                applied[role] = target
        else:
            add_rows(left_out, layer.name, len(layer))
    parent_plan = assemble_plan(
        sources.values(),
        norm,
        roles={role: role for role in sources},
        source=plan.source,
        cancellation=cancellation,
        allow_no_layers=True,
    )
    return ConvertedPlan(parent_plan, left_out, applied)


def add_rows(rows_by_name: dict[str, int | None], name: str, rows: int) -> None:
    """Add rows to those of a layer; an unknown number remains unknown."""
    earlier = rows_by_name.get(name, 0)
    rows_by_name[name] = None if earlier is None else earlier + rows
