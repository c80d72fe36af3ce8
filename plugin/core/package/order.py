# SPDX-License-Identifier: GPL-2.0-or-later
"""The package that a user requests (`ExportOrder`), the exported package, and names of county and folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError, OutputError
from ..base.files.names import find_name_problem
from ..engine.provenance import find_county_name
from ..standard import load_standard
from ..standard.numbering import DIVISION_CODE_DIGITS
from ..standard.profile.document import LoweredSecrecy, ResolvedDocument, resolve_document
from ..standard.profile.profile_data import DocumentInfo
from .names import fill_name_pattern
from .package_spec.spec import PackageSpec
from .problems import ExportProblem

if TYPE_CHECKING:
    from ..plan.plan import Plan
    from ..standard.profile import Norm

#: Called with the completed share (0 to 1) and the current step.
ProgressCallback = Callable[[float, str], None]


@dataclass(frozen=True)
class ExportOrder:
    """A package that a user requests: its specification, its folder and the choices for this export.

    Attributes
    ----------
    package_spec
        The specification of the package.
    parent_folder
        Parent of the package's folder.
    documents_folder
        Folder with files that accompany the data, or None.
    is_forced
        Make the package although the check failed or a required file is missing; the manifest records this.
    keeps_personal_fields
        Include fields with personal data.
    makes_maps
        Make the maps that have a layout and that the planner does not provide.
    document_info
        Document information (成果信息) that takes precedence over that of county profile and specification.
    lowered_secrecy
        Secrecy levels lowered by parameters of the export, with reasons.
    """

    package_spec: PackageSpec
    parent_folder: Path
    documents_folder: Path | None = None
    is_forced: bool = False
    keeps_personal_fields: bool = False
    makes_maps: bool = True
    document_info: DocumentInfo | None = None
    lowered_secrecy: tuple[LoweredSecrecy, ...] = ()


@dataclass
class ExportedPackage:
    """A package that was made.

    ``path``: its folder; ``manifest_digest``: SHA-256 of its manifest; ``manifest``: content of the manifest;
    ``problems``: problems reported during the export.
    """

    path: Path
    manifest_digest: str
    manifest: dict[str, Any]
    problems: list[ExportProblem] = field(default_factory=list)


def find_placeholder_values(plan: Plan, package_spec: PackageSpec) -> dict[str, str]:
    """Return the values of the placeholders ``{code}`` and ``{name}`` for a plan.

    Raises
    ------
    InputError
        If the plan does not identify its county.
    """
    values = find_placeholder_values_of_area(
        plan.area_code, plan.norm, package_spec
    ) or find_placeholder_values_of_area(plan.area_code, plan.norm, package_spec, find_county_name(plan))
    if values is None:
        raise InputError("package_county_unknown")
    return values


def find_placeholder_values_of_area(
    area_code: str, norm: Norm, package_spec: PackageSpec, name: str = ""
) -> dict[str, str] | None:
    """Return the values of ``{code}`` and ``{name}`` for an area code; None if they are unknown.

    ``name`` is used if the list of divisions does not have the code.
    """
    digits = package_spec.digits
    code = f"{area_code[:digits]}{'0' * (DIVISION_CODE_DIGITS - digits)}"
    # One list serves all editions, but not every edition includes it.
    divisions = (norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]).entry_by_code
    name = divisions[code].name if code in divisions else name
    return {"code": code, "name": name} if len(code) == DIVISION_CODE_DIGITS and code.isdigit() and name else None


def resolve_package_document_info(
    norm: Norm, order: ExportOrder, placeholder_values: dict[str, str]
) -> ResolvedDocument:
    """Return the document information (成果信息) of a package.

    Each item comes from the request, else from the county profile, else from the specification.
    """
    document = resolve_document(
        order.document_info, norm.profile, order.package_spec.fill_document_info(placeholder_values)
    )
    return replace(document, lowered_levels=(*document.lowered_levels, *order.lowered_secrecy))


def make_package_path(plan: Plan, order: ExportOrder) -> Path:
    """Return the path of the package's folder.

    Raises
    ------
    OutputError
        If the county's name makes the name of the folder or of a file invalid.
    """
    spec, values = order.package_spec, find_placeholder_values(plan, order.package_spec)
    files = [*(v.file for v in spec.vectors), *(n.file for n in (spec.report, spec.metadata, spec.tables) if n)]
    for pattern in (spec.root, *files):
        name = fill_name_pattern(pattern, values)
        if problem := find_name_problem(name):
            raise OutputError("package_root", value=name, detail=problem)
    return order.parent_folder / fill_name_pattern(spec.root, values)
