# SPDX-License-Identifier: GPL-2.0-or-later
"""A package while it is made: what every part of it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cancellation import Cancellation
from .names import make_name

if TYPE_CHECKING:
    from ..check import CheckResult
    from ..model.report import Report
    from ..plan.plan import Plan
    from ..profile.document import ResolvedDocument
    from .maps.slots import MapWork
    from .package_spec.model import NamedFile, PackageSpec
    from .slot_files import FilledSlot


class RowProgress:
    """Progress over rows that are written and read again, up to the share ``until``; then over what comes `after`."""

    def __init__(self, rows: int, progress: Callable[[float, str], None], until: float = 0.95):
        self.total, self.done, self.progress, self.text = max(2 * rows, 1), 0, progress, ""
        self.until = until

    def __call__(self, rows: int) -> None:
        self.done += rows
        self.progress(self.until * self.done / self.total, self.text)

    def after(self, share: float, text: str) -> None:
        """A share of what is done once the rows are."""
        self.progress(self.until + (0.95 - self.until) * share, text)


@dataclass(frozen=True)
class ExportContext:
    """``new``: the folder that becomes the package; ``values``: what placeholders stand for; ``manifest``: grows as parts are
    made; ``maps``: those to be made; ``page``: renders the report as HTML, None for the one without pictures; ``document``:
    成果信息."""

    checked: CheckResult
    package_spec: PackageSpec
    new: Path
    values: dict[str, str]
    manifest: dict[str, Any]
    filled: list[FilledSlot]
    maps: MapWork
    page: Callable[[Report], str] | None
    document: ResolvedDocument
    steps: RowProgress
    cancellation: Cancellation

    @property
    def plan(self) -> Plan:
        return self.checked.plan

    @property
    def lang(self) -> str:
        return self.checked.report.lang

    def path(self, named: NamedFile, suffix: str = "") -> Path:
        """Where a file that the plugin makes itself belongs; its folder is there."""
        return self.place(named.folder, f"{make_name(named.file, self.values)}{suffix}")

    def place(self, folder: str, name: str) -> Path:
        """Where a file of a folder's word belongs; its folder is there."""
        path = self.new / self.package_spec.place(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def inside(self, path: Path) -> str:
        """A path as the manifest writes it: from the package's folder, with ``/``."""
        return path.relative_to(self.new).as_posix()
