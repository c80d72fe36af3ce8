# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked for when a package is made, what comes of it, and how county and folder are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.provenance import area_name
from ..errors import InputError, OutputError
from ..profile.document import DocumentInfo, Lowering, ResolvedDocument, resolve_document
from ..standard import load_standard
from .names import make_name, name_problem
from .package_spec.model import PackageSpec
from .problems import Problem

if TYPE_CHECKING:
    from ..plan.plan import Plan
    from ..profile import Norm

#: Share done (0 to 1) and what is at work.
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class ExportOrder:
    """What is asked for. ``folder``: where the package's own folder is made; ``documents``: a folder with what comes with the
    data, or None; ``force``: make it although the gate is shut, and say so in it; ``personal``: with what tells of persons;
    ``maps``: make those that the form has a layout for and the planner does not give; ``document_info``: 成果信息 that
    precede those of county profile and form; ``lowered``: secrecy levels that parameters of the export lowered, with reasons."""

    package_spec: PackageSpec
    folder: Path
    documents: Path | None = None
    force: bool = False
    personal: bool = False
    maps: bool = True
    document_info: DocumentInfo | None = None
    lowered: tuple[Lowering, ...] = ()


@dataclass
class ExportedPackage:
    """``digest``: SHA-256 of the manifest; ``problems``: what was told on the way."""

    path: Path
    digest: str
    manifest: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)


def spec_values(plan: Plan, package_spec: PackageSpec) -> dict[str, str]:
    """What ``{code}`` and ``{name}`` stand for. InputError when the plan does not tell which county it is."""
    values = spec_values_of(plan.area_code, plan.norm, package_spec) or spec_values_of(
        plan.area_code, plan.norm, package_spec, area_name(plan)
    )
    if values is None:
        raise InputError("package_county_unknown")
    return values


def spec_values_of(area_code: str, norm: Norm, package_spec: PackageSpec, name: str = "") -> dict[str, str] | None:
    """The same by the code of an area; ``name`` for one that no list of divisions has. None when that tells no county."""
    code = area_code[:6] if package_spec.digits == 6 else f"{area_code[:4]}00"
    # The list is one for all editions, but not every edition includes it.
    divisions = (norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]).codes
    name = divisions[code].name if code in divisions else name
    return {"code": code, "name": name} if len(code) == 6 and code.isdigit() and name else None


def resolve_package_document(norm: Norm, order: ExportOrder, values: dict[str, str]) -> ResolvedDocument:
    """Resolve the document information (成果信息) of a package: order, else county profile, else form."""
    found = resolve_document(order.document_info, norm.profile, order.package_spec.document_info(values))
    return replace(found, lowered=(*found.lowered, *order.lowered))


def package_path(plan: Plan, order: ExportOrder) -> Path:
    """The package's own folder. OutputError when the county's name makes it, or a file of ours, one that no system takes."""
    form, values = order.package_spec, spec_values(plan, order.package_spec)
    files = [*(v.file for v in form.vectors), *(n.file for n in (form.report, form.metadata, form.tables) if n)]
    for pattern in (form.root, *files):
        name = make_name(pattern, values)
        if problem := name_problem(name):
            raise OutputError("package_root", value=name, detail=problem)
    return order.folder / make_name(form.root, values)
