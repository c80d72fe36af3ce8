# SPDX-License-Identifier: GPL-2.0-or-later
"""The package that a user requests (`ExportOrder`), what the steps of its export share, and the exported package.

The core renders no map: a renderer receives a `MapJob` and returns each `RenderedMap`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base.errors import Cancellation, InputError, OutputError
from ..base.files.names import find_name_problem
from ..engine.provenance import find_county_name
from ..standard import load_standard
from ..standard.map_set import MapSet, MapSpec, MissingMapReason
from ..standard.numbering import DIVISION_CODE_DIGITS
from ..standard.profile.document import LoweredSecrecy, ResolvedDocument, resolve_document
from ..standard.profile.profile_data import DocumentInfo
from .names import fill_name_pattern
from .package_spec.spec import FileSlot, MapSettings, NamedFile, PackageSpec
from .problems import ExportProblem

if TYPE_CHECKING:
    from ..checks.check import CheckResult
    from ..model.report import Report
    from ..plan.plan import Plan
    from ..render.document.blocks import Document
    from ..render.finding_lists import ReportPictures
    from ..standard.profile import Norm
    from .slot_files import FilledSlot


class MapRequest(NamedTuple):
    """A map that is to be rendered.

    ``slot`` is its slot in the package specification, ``map_spec`` its definition in the map set, with number and
    title, ``file_name`` its file name.
    """

    slot: FileSlot
    map_spec: MapSpec
    file_name: str


@dataclass(frozen=True)
class MapJob:
    """What a renderer receives: the plan, the requested maps and their settings.

    ``target_folder`` is the folder for the files, ``county_code`` and ``county_name`` are the county's,
    ``document_info`` is the document information (成果信息). ``report_progress`` takes the share of finished maps and
    the name of the current one. ``crs``: label of the CRS to which the layers are converted before drawing, empty to
    draw them as they are. The extent of each map, and with it the position of everything on the page, depends on this
    CRS.
    """

    plan: Plan
    requests: tuple[MapRequest, ...]
    catalogue: MapSet
    map_settings: MapSettings
    target_folder: Path
    county_code: str
    county_name: str
    document_info: DocumentInfo
    report_progress: Callable[[float, str], None]
    cancellation: Cancellation
    crs: str = ""


class RenderedMap(NamedTuple):
    """A rendered map, or the reason why it is missing.

    ``file_names`` are the picture and its world file, ``crs`` is a label, ``scale_denominator`` the denominator of the
    map's scale, ``missing_reason`` the reason. ``programs``: programs and font that drew the map; other programs draw
    another picture from the same layers.
    """

    request: MapRequest
    file_names: tuple[str, ...] = ()
    crs: str = ""
    scale_denominator: float = 0.0
    missing_reason: MissingMapReason | None = None
    programs: str = ""


#: Renders the maps of a job one after the other; raises OutputError for a file that cannot be written.
MapRenderer = Callable[[MapJob], Iterable[RenderedMap]]


@dataclass(frozen=True)
class PlannedMaps:
    """The maps of a package that are to be rendered, and those that cannot be.

    ``map_renderer`` renders the ``requests``; ``missing_maps`` are slots of maps that cannot be rendered, each with the
    reason. ``allows_missing_maps`` allows a required map to be missing.
    """

    requests: tuple[MapRequest, ...] = ()
    missing_maps: tuple[tuple[FileSlot, MissingMapReason], ...] = ()
    map_renderer: MapRenderer | None = field(default=None, compare=False)
    allows_missing_maps: bool = False


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
    spec, maps = order.package_spec, order.package_spec.maps
    maker, drawer, date = (fill_name_pattern(text, placeholder_values) for text in (maps.maker, maps.drawer, maps.date))
    document = resolve_document(
        order.document_info,
        norm.profile,
        DocumentInfo(secrecy=spec.secrecy, compiler=maker, cartographer=drawer, date=date),
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


#: Prints a document as a PDF to a new file.
DocumentPrinter = Callable[["Document", Path], object]


class RowProgress:
    """Reports the share of an export that is done.

    Rows are written and read again. Both together take the share from 0 to ``until``. Later steps are reported with
    `report_after_rows`.
    """

    def __init__(self, row_count: int, progress: Callable[[float, str], None], until: float = 0.95):
        self.total, self.done, self.until = max(2 * row_count, 1), 0, until
        self.progress, self.text = progress, ""

    def __call__(self, row_count: int) -> None:
        """Count further rows and report the share that is done."""
        self.done += row_count
        self.progress(self.until * (self.done / self.total), self.text)

    def report_after_rows(self, share: float, text: str) -> None:
        """Report a share (0 to 1) of the steps that follow the rows, with the name of the present step."""
        self.progress(self.until + (0.95 - self.until) * share, text)


@dataclass(frozen=True)
class ExportContext:
    """State of an export.

    Attributes
    ----------
    check_result
        The plan and its check.
    package_spec
        The specification of the package.
    new_folder
        The folder that becomes the package.
    placeholders
        Values of the placeholders in names: code and name of the county.
    manifest
        The manifest's data; each part adds its own.
    filled_slots
        The slots for documents, maps and tables, with the planner's files.
    planned_maps
        The maps to be made.
    documents
        The documents that the export makes itself, because the user supplied no file.
    print_pdf
        Prints a document as PDF; None without QGIS.
    draw_pictures
        Draws the pictures of the report; returns None where nothing can be drawn.
    resolved_document
        The document information (成果信息).
    row_progress
        Reports the progress.
    """

    check_result: CheckResult
    package_spec: PackageSpec
    new_folder: Path
    placeholders: dict[str, str]
    manifest: dict[str, Any]
    filled_slots: list[FilledSlot]
    planned_maps: PlannedMaps
    documents: tuple[FilledSlot, ...]
    print_pdf: DocumentPrinter | None
    draw_pictures: Callable[[Report], ReportPictures | None]
    resolved_document: ResolvedDocument
    row_progress: RowProgress
    cancellation: Cancellation

    @cached_property
    def pictures(self) -> ReportPictures | None:
        """Return the pictures of the report, drawn once for all its documents."""
        return self.draw_pictures(self.check_result.report)

    @property
    def plan(self) -> Plan:
        """Return the checked plan."""
        return self.check_result.plan

    @property
    def lang(self) -> str:
        """Return the language of the report."""
        return self.check_result.report.lang

    def prepare_generated_path(self, named_file: NamedFile, suffix: str = "") -> Path:
        """Return the path of a generated file in the new package, and make its folder.

        ``suffix`` is appended to the name.
        """
        return self.prepare_file_path(
            named_file.folder, f"{fill_name_pattern(named_file.file, self.placeholders)}{suffix}"
        )

    def prepare_file_path(self, folder: str, name: str) -> Path:
        """Return the path of a file in a folder of the new package, and make the folder."""
        path = self.new_folder / self.package_spec.get_file_path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def get_path_in_package(self, path: Path) -> str:
        """Return a path as the manifest writes it: relative to the package, with ``/``."""
        return path.relative_to(self.new_folder).as_posix()
