# SPDX-License-Identifier: GPL-2.0-or-later
"""Files dropped on map or layer tree: plan data, packages, drawings and boundary points, and VCT files.

A message asks what to do. A VCT file is imported; QGIS would open it with its Idrisi reader.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.gui import QgsCustomDropHandler
from qgis.PyQt.QtCore import QTimer

from ...bridge import settings
from ...bridge.project.dropped_data import DroppedData, DroppedKind, recognise_dropped_data
from ...bridge.running.tasks import log_error
from ...bridge.texts import tr
from ..widgets.messages import MessageBarMessages

#: Comments may come before the header of a VCT file.
_HEADER_BYTES = 8192


class PlanDataDropHandler(QgsCustomDropHandler):
    """Drop handler of GeoPackages, FileGDBs, folders, packages, drawings and boundary points.

    Other files are left to QGIS. ``check(path)``, ``inspect(path)``, ``import_points(path)`` and
    ``import_drawing(path)`` are called if the user chooses to check the data, to inspect the package, or to import the
    boundary points or the drawing.
    """

    def __init__(
        self,
        iface: Any,
        check: Callable[[str], None],
        inspect: Callable[[str], None],
        import_points: Callable[[str], None],
        import_drawing: Callable[[str], None],
    ):
        super().__init__()
        self._iface, self._check, self._inspect = iface, check, inspect
        self._import_points, self._import_drawing = import_points, import_drawing
        self._messages = MessageBarMessages(iface, tr("Dropped Data"))
        #: QGIS passes the files of one drop one by one; one message asks about all.
        self._dropped: list[DroppedData] = []

    def close(self) -> None:
        self._messages.close()

    def customUriProviderKey(self) -> str:
        return "sanxian_data"

    def handleFileDrop(self, file: str) -> bool:
        if not settings.read_setting(settings.ASK_ON_DROP, True):
            return False
        try:
            dropped = recognise_dropped_data(file)
        except Exception as error:
            # A file that cannot be examined, or a machine without the libraries: QGIS adds it as usual.
            log_error(error)
            return False
        if dropped is None:
            return False
        # After the drop, which blocks the program that the file comes from.
        self._dropped.append(dropped)
        if len(self._dropped) == 1:
            QTimer.singleShot(0, self._ask)
        return True

    def _ask(self) -> None:
        """Ask in the message bar what to do; nothing happens until a button is pressed."""
        all_dropped, self._dropped = self._dropped, []
        if len(all_dropped) > 1:
            self._ask_about_several(all_dropped)
            return
        (dropped,) = all_dropped
        add = (tr("Add to Project"), lambda: self._add_layers(dropped))
        text, label, action = {
            DroppedKind.PLAN: (tr("“{name}” has {count} plan layers."), tr("Check without Adding…"), self._check),
            DroppedKind.PACKAGE: (tr("“{name}” is a submission package."), tr("Inspect…"), self._inspect),
            DroppedKind.BOUNDARY_POINTS: (tr("“{name}” has boundary points."), tr("Import…"), self._import_points),
            DroppedKind.DRAWING: (tr("“{name}” is a drawing (DXF)."), tr("Import…"), self._import_drawing),
        }[dropped.kind]
        button = (label, lambda: self._run(action, dropped.path))
        buttons = {DroppedKind.PLAN: (add, button), DroppedKind.PACKAGE: (button,)}.get(dropped.kind, (button, add))
        text = text.format(name=Path(dropped.path).name, count=dropped.layer_count)
        self._messages.show_message(text, "info", *buttons)

    def _ask_about_several(self, all_dropped: list[DroppedData]) -> None:
        """Offer to add the plan data of a drop; name the other files, which need a drop of each."""
        plans = [one for one in all_dropped if one.kind is DroppedKind.PLAN]
        others = [one for one in all_dropped if one.kind is not DroppedKind.PLAN]
        lines, buttons = [], []
        if plans:
            lines.append(tr("Plan data: {names}.").format(names=_join_names(plans)))
            buttons.append((tr("Add to Project"), lambda: self._add_layers(*plans)))
        if others:
            text = tr("Packages, drawings and files of boundary points were not opened; drop them one by one: {names}.")
            lines.append(text.format(names=_join_names(others)))
        self._messages.show_message("\n".join(lines), "info", *buttons)

    def _run(self, action: Callable[[str], None], path: str) -> None:
        self._messages.close()
        action(path)

    def _add_layers(self, *dropped: DroppedData) -> None:
        self._messages.close()
        for file in (file for one in dropped for file in one.layer_files):
            self._iface.addVectorLayer(file, "", "ogr")


def _join_names(all_dropped: list[DroppedData]) -> str:
    return tr(", ").join(Path(one.path).name for one in all_dropped)


def is_vct_file(path: str) -> bool:
    """Return True if the file begins as GB/T 17798 requires; False also for an unreadable one."""
    try:
        with open(path, "rb") as file:
            start = file.read(_HEADER_BYTES)
    except OSError:
        return False
    lines = start.removeprefix(b"\xef\xbb\xbf").splitlines()
    return any(line.strip().lower() == b"headbegin" for line in lines)


class VctDropHandler(QgsCustomDropHandler):
    """Drop handler of VCT files; all other files are left to QGIS.

    ``on_dropped(path)`` is called after a VCT file was dropped.
    """

    def __init__(self, on_dropped: Callable[[str], None]):
        super().__init__()
        self._on_dropped = on_dropped

    def customUriProviderKey(self) -> str:
        return "sanxian_vct"

    def handleFileDrop(self, file: str) -> bool:
        if Path(file).suffix.lower() != ".vct" or not is_vct_file(file):
            return False
        # A dialog during the drop would block the program that the file comes from.
        QTimer.singleShot(0, lambda: self._on_dropped(file))
        return True
