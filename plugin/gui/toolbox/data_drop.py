# SPDX-License-Identifier: GPL-2.0-or-later
"""Plan data, packages and boundary points dropped on map or layer tree: a message asks what to do with them."""

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


class PlanDataDropHandler(QgsCustomDropHandler):
    """Drop handler of GeoPackages, FileGDBs, folders, packages and boundary points; other files are left to QGIS.

    ``check(path)``, ``inspect(path)`` and ``import_points(path)`` are called if the user chooses to check the data, to
    inspect the package, or to import the boundary points.
    """

    def __init__(
        self,
        iface: Any,
        check: Callable[[str], None],
        inspect: Callable[[str], None],
        import_points: Callable[[str], None],
    ):
        super().__init__()
        self._iface, self._check, self._inspect, self._import_points = iface, check, inspect, import_points
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
            names = tr(", ").join(Path(one.path).name for one in all_dropped)
            text = tr(
                "Plan data: {names}. Drop a package or a file of boundary points alone to inspect or import it."
            ).format(names=names)
            plans = [one for one in all_dropped if one.kind is DroppedKind.PLAN]
            buttons = [(tr("Add to Project"), lambda: self._add_layers(*plans))] if plans else []
            self._messages.show_message(text, "info", *buttons)
            return
        (dropped,) = all_dropped
        name = Path(dropped.path).name
        if dropped.kind is not DroppedKind.PLAN:
            text, label, action = {
                DroppedKind.PACKAGE: (tr("“{name}” is a submission package."), tr("Inspect…"), self._inspect),
                DroppedKind.BOUNDARY_POINTS: (tr("“{name}” has boundary points."), tr("Import…"), self._import_points),
            }[dropped.kind]
            button = (label, lambda: self._run(action, dropped.path))
            self._messages.show_message(text.format(name=name), "info", button)
            return
        text = tr("“{name}” has {count} plan layers.").format(name=name, count=dropped.layer_count)
        self._messages.show_message(
            text,
            "info",
            (tr("Add to Project"), lambda: self._add_layers(dropped)),
            (tr("Check without Adding…"), lambda: self._run(self._check, dropped.path)),
        )

    def _run(self, action: Callable[[str], None], path: str) -> None:
        self._messages.close()
        action(path)

    def _add_layers(self, *dropped: DroppedData) -> None:
        self._messages.close()
        for file in (file for one in dropped for file in one.layer_files):
            self._iface.addVectorLayer(file, "", "ogr")
