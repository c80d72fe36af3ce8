# SPDX-License-Identifier: GPL-2.0-or-later
"""State of an export, which is passed to all functions that make a part of the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.cancellation import Cancellation
from .map_requests import PlannedMaps
from .names import fill_name_pattern

if TYPE_CHECKING:
    from ..checks.check import CheckResult
    from ..model.report import Report
    from ..plan.plan import Plan
    from ..render.document.blocks import Document
    from ..render.pictures import ReportPictures
    from ..standard.profile.document import ResolvedDocument
    from .package_spec.spec import NamedFile, PackageSpec
    from .slot_files import FilledSlot

#: Prints a document as a PDF to a new file.
DocumentPrinter = Callable[["Document", Path], object]


@dataclass(frozen=True)
class DocumentsToMake:
    """Documents that an export makes itself, and the function that prints them as PDF.

    ``slots``: one for each document of the package specification for which the user supplied no file. ``print_pdf``:
    None without QGIS.
    """

    slots: tuple[FilledSlot, ...] = ()
    print_pdf: DocumentPrinter | None = field(default=None, compare=False)


class RowProgress:
    """Reports the share of an export that is done.

    Rows are written and read again. Both together take the share from 0 to ``until``. Later steps are reported with
    `report_after_rows`.
    """

    def __init__(self, row_count: int, progress: Callable[[float, str], None], until: float = 0.95):
        self.total, self.done, self.progress, self.text = max(2 * row_count, 1), 0, progress, ""
        self.until = until

    def __call__(self, row_count: int) -> None:
        """Count further rows and report the share that is done."""
        self.done += row_count
        self.progress(self.until * self.done / self.total, self.text)

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
        The documents to be made.
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
    documents: DocumentsToMake
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
