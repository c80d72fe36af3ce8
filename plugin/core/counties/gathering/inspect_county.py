# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspect the package of a county, decide whether it can be gathered, and make its layers fit its parent's database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

from ...base.connection_text import describe_exception
from ...base.errors import Cancellation, Cancelled, DataError, InputError
from ...base.files.digests import MANIFEST_FILE_NAME
from ...base.files.writing import make_access_error
from ...base.placeholders import join_first
from ...checks.check import CheckResult
from ...engine.provenance import find_county_name
from ...figures.indicators.townships import list_townships_by_code
from ...geometry.crs import make_crs_label
from ...model.indicator import SQUARE_METRES
from ...package.export import make_options_for_package
from ...package.inspection.facts import PackageFacts
from ...package.inspection.inspect import inspect_package
from ...package.package_spec.spec import PackageSpec
from ...package.problems import BLOCKING_VERDICTS
from ...plan.layer import FieldInfo, Layer, SourceLayer
from ...plan.loading.assembly import assemble_plan
from ...plan.plan import Plan
from ...standard.edition import Standard
from ...standard.messages.texts import CauseMessage, Message
from ...standard.profile import Norm
from ...standard.template import CodeList, Template
from ..county_record import County
from .gathered_counties import GatheredCounty, GatherOptions, GatherState, list_figures_to_add
from .returned_findings import Inspection

#: Codes of errors that the reason of a refusal names.
_MAX_NAMED_CODES = 8


def inspect_county(
    county: County, options: GatherOptions, spec: PackageSpec, cancellation: Cancellation
) -> tuple[GatheredCounty, Plan | None]:
    """Return a county with the result of its inspection, and its plan; None without a plan.

    A package that cannot be read, or fails, or was not inspected completely is refused with the reason. Raise Cancelled
    and MemoryError.
    """
    result = GatheredCounty(county.name)
    if not county.is_package:
        result.refuse(Message("gathering", "no_package"))
        return result, None
    run_options = replace(options.check, profile=county.profile or options.check.profile)
    try:
        checked = inspect_package(
            county.source, spec, make_options_for_package(run_options, spec), cancellation=cancellation
        )
    except (InputError, DataError) as error:
        result.refuse(CauseMessage(error))
    except OSError as error:
        result.refuse(CauseMessage(make_access_error(county.source, error)))
    except (MemoryError, Cancelled):
        raise
    except Exception as error:  # an unexpected error of one county must not stop the others: its row has the reason
        result.refuse(Message("gathering", "crashed", {"detail": describe_exception(error)}))
    else:
        _describe_inspection(result, checked)
        return result, checked.plan
    return result, None


def _describe_inspection(county: GatheredCounty, checked: CheckResult) -> None:
    """Record verdict, origin and CRS of an inspected package, and why it is refused."""
    plan, report = checked.plan, checked.report
    county.summary, county.scope = report.summary, plan.scope
    county.area_code, county.area_name = plan.area_code, find_delivered_name(plan)
    county.gaps = plan.list_gaps(*plan.layers)
    for layer in plan.layers.values():
        county.crs.setdefault(make_crs_label(layer.crs), []).append(layer.role)
    facts = checked.side.get_input("package", PackageFacts)
    manifest: dict[str, Any] = (facts.manifest if facts is not None else None) or {}
    standard, tool = manifest.get("standard"), manifest.get("tool")
    if isinstance(standard, dict):
        county.standard = f"{standard.get('id', '')} {standard.get('edition', '')}".strip()
    if isinstance(tool, dict) and isinstance(tool.get("versions"), dict):
        county.version = str(tool["versions"].get("sanxian", ""))
    county.figures = list_figures_to_add(report.indicators)
    county.inspection = Inspection.from_check(checked)
    county.targets = tuple(plan.norm.find_targets(county.area_code))
    township_layer = plan.find_layer_of_concept("townships")
    townships = list_townships_by_code(township_layer)[0] if township_layer is not None else ()
    county.townships = {one.code: one.name for one in townships if one.code}
    county.source_crs = frozenset(str(row.get("source_crs", "")) for row in manifest.get("layers", ()))
    digests = {file.path: file.sha256 for file in facts.files} if facts is not None else {}
    county.digest = digests.get(MANIFEST_FILE_NAME, "")
    if county.summary["verdict"] in BLOCKING_VERDICTS:
        failed = [one.code for one in report.rules if one.outcome in ("failed", "skipped", "crashed")]
        codes = (
            sorted({one.code for one in report.findings if one.severity == "ERROR" and one.state == "open"}) or failed
        )
        params = {"codes": join_first(codes, " ", limit=_MAX_NAMED_CODES)}
        params |= {key: county.summary[key] for key in ("errors", "skipped")}
        county.refuse(Message("gathering", f"verdict_{county.summary['verdict']}", params))
    for unusable in plan.unusable_layers.values():
        county.refuse(Message("gathering", "layer_unusable", {"layer": unusable.name}))
    if not county.area_code:
        county.refuse(Message("gathering", "no_area"))


def find_delivered_name(plan: Plan) -> str:
    """Return the name of a county as its data have it, which stays valid after a renaming; else that of the list."""
    layer = plan.find_layer_of_concept("county")
    names = set(filter(None, layer.text("division_name"))) if layer is not None else set()
    return names.pop() if len(names) == 1 else find_county_name(plan)


def check_area(county: GatheredCounty, others: list[GatheredCounty], parent_prefix: str) -> None:
    """Refuse a county of another city or province, and one that was gathered already."""
    if not county.area_code:
        return
    if not county.area_code.startswith(parent_prefix):
        county.refuse(Message("gathering", "other_area", {"code": county.area_code, "prefix": parent_prefix}))
    usable = (one for one in others if one.state is not GatherState.REFUSED)
    earlier = next((one for one in usable if one.area_code == county.area_code), None)
    if earlier is not None:
        county.refuse(Message("gathering", "twice", {"code": county.area_code, "name": earlier.name}))


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
        # The parent's edition of which the county's layer has most fields: a check of the package reads it by this one.
        names = {one.name.upper() for one in county_templates[0].fields}
        editions = [template, *norm.standard.list_templates_of_role(county_templates[0].role)]
        shares = [
            sum(one.name.upper() in names for one in other.fields) / max(len(other.fields), 1) for other in editions
        ]
        base = editions[shares.index(max(shares))]
        known = {one.name.upper() for one in base.fields}
        more = {one.name: one for source in county_templates for one in source.fields if one.name.upper() not in known}
        # A field of the county is never mandatory for the parent.
        added = tuple(replace(one, constraint="") for one in more.values())
        templates[role] = replace(template, fields=(*base.fields, *added))
    return replace(
        norm,
        standard=_ExtendedStandard(
            **{one.name: getattr(norm.standard, one.name) for one in fields(norm.standard)},
            templates=templates,
            code_lists={**county_standard.code_lists, **norm.standard.code_lists},
        ),
    )


@dataclass(frozen=True)
class _ExtendedStandard(Standard):
    """A standard whose templates have further fields, with the code lists of those fields."""

    templates: dict[str, Template] = field(default_factory=dict)
    code_lists: dict[str, CodeList] = field(default_factory=dict)


class ConvertedPlan(NamedTuple):
    """A county's plan under its parent's norm.

    ``left_out``: layers that the parent's database lacks → rows, None if unknown; ``renamed``: layer code of the county
    → other code in ``plan``; ``filled``: code in ``plan`` → fields that the county's layer lacks and that are filled.
    """

    plan: Plan
    left_out: dict[str, int | None]
    renamed: dict[str, str]
    filled: dict[str, tuple[str, ...]]


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
    filled: dict[str, tuple[str, ...]] = {}
    for role, layer in sorted(plan.layers.items(), key=lambda item: item[0] in renamed):
        target = renamed.get(role, role)
        if target in norm.standard.templates and target not in sources:
            source, names = _fill_fields(layer, norm.standard.templates[target], plan)
            sources[target] = replace(source, name=target, template_id="")
            if names:
                filled[target] = names
            if target != role:
                applied[role] = target
        else:
            add_rows(left_out, layer.name, len(layer))
    return ConvertedPlan(
        assemble_plan(
            sources.values(),
            norm,
            roles={role: role for role in sources},
            source=plan.source,
            cancellation=cancellation,
            allow_no_layers=True,
        ),
        left_out,
        applied,
        filled,
    )


def _fill_fields(layer: Layer, template: Template, plan: Plan) -> tuple[SourceLayer, tuple[str, ...]]:
    """Return a county's layer with the parent's fields of division and area that it lacks, and the fields' names.

    The area is that of the shape on the ellipsoid. Fields that the county has are unchanged, even empty ones.
    """
    division = {"division_code": plan.area_code, "division_name": find_delivered_name(plan)}
    present = {one.name.upper() for one in layer.source.fields}
    values: dict[str, Any] = {}
    for one in template.fields:
        if one.name.upper() in present:
            continue
        if division.get(one.meaning):
            values[one.name] = division[one.meaning]
        elif one.meaning == "area" and template.geometry == "polygon" and one.unit in SQUARE_METRES:
            values[one.name] = np.round(layer.statutory / SQUARE_METRES[one.unit], one.decimals or 0)
    fields = [FieldInfo(one.name, one.type) for one in template.fields if one.name in values]
    source = replace(layer.source, frame=layer.source.frame.assign(**values), fields=(*layer.source.fields, *fields))
    return source, tuple(values)


def add_rows(rows_by_name: dict[str, int | None], name: str, rows: int) -> None:
    """Add rows to those of a layer; an unknown number remains unknown."""
    earlier = rows_by_name.get(name, 0)
    rows_by_name[name] = None if earlier is None else earlier + rows
