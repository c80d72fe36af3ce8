# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspect the package of a county, and decide whether it can be gathered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...base.cancellation import Cancellation
from ...base.connection_text import describe_exception
from ...base.errors import Cancelled, DataError, InputError
from ...base.files.digests import MANIFEST_FILE_NAME
from ...base.files.writing import explain_os_error
from ...checks.check import CheckResult
from ...engine.provenance import find_county_name
from ...geometry.crs import make_crs_label
from ...package.export import make_options_for_package
from ...package.inspection.facts import PackageFacts
from ...package.inspection.inspect import inspect_package
from ...package.package_spec.spec import PackageSpec
from ...package.problems import BLOCKING_VERDICTS
from ...plan.plan import Plan
from ...standard.messages.texts import CauseMessage, Message
from ..county_record import County
from .gathered_counties import GatheredCounty, GatherOptions
from .summed_indicators import list_figures_to_add

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
        result.refuse(
            CauseMessage(InputError("source_no_access", source=county.source, detail=explain_os_error(error)))
        )
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
    county.area_code, county.area_name = plan.area_code, find_county_name(plan)
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
    county.source_crs = frozenset(str(row.get("source_crs", "")) for row in manifest.get("layers", ()))
    digests = {file.path: file.sha256 for file in facts.files} if facts is not None else {}
    county.digest = digests.get(MANIFEST_FILE_NAME, "")
    if county.summary["verdict"] in BLOCKING_VERDICTS:
        failed = [one.code for one in report.rules if one.outcome in ("failed", "skipped", "crashed")]
        errors = sorted({one.code for one in report.findings if one.severity == "ERROR" and one.state == "open"})
        codes = errors or failed
        more = " …" if len(codes) > _MAX_NAMED_CODES else ""
        params = {"codes": " ".join(codes[:_MAX_NAMED_CODES]) + more}
        params |= {key: county.summary[key] for key in ("errors", "skipped")}
        county.refuse(Message("gathering", f"verdict_{county.summary['verdict']}", params))
    for unusable in plan.unusable_layers.values():
        county.refuse(Message("gathering", "layer_unusable", {"layer": unusable.name}))
    if not county.area_code:
        county.refuse(Message("gathering", "no_area"))


def check_area(county: GatheredCounty, others: list[GatheredCounty], parent_prefix: str) -> None:
    """Refuse a county of another city or province, and one that was gathered already."""
    if not county.area_code:
        return
    if not county.area_code.startswith(parent_prefix):
        county.refuse(Message("gathering", "other_area", {"code": county.area_code, "prefix": parent_prefix}))
    earlier = next((one for one in others if one.area_code == county.area_code and not one.is_refused), None)
    if earlier is not None:
        county.refuse(Message("gathering", "twice", {"code": county.area_code, "name": earlier.name}))
