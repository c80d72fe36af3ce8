# SPDX-License-Identifier: GPL-2.0-or-later
"""Saving a result: findings layer, HTML or JSON, written in the background, told in the message bar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsProject
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QFileDialog, QPushButton

from ..bridge import settings
from ..bridge.tasks import Job, Runner, log_error
from ..bridge.texts import tr
from ..core.errors import SanxianError
from . import idle
from .result import Result

_FOLDER = "export_folder"


class Exports:
    """One message at a time: a new one takes the place of the former."""

    def __init__(self, iface, runner: Runner, result: Callable[[], Result | None]):
        self._iface = iface
        self._runner = runner
        self._result = result
        self._message: Any = None

    def ask(self, kind: str) -> None:
        """``layer``, ``html`` or ``json``: ask where to, then write."""
        result = self._result()
        if result is None:
            return
        title, filters, name = {
            "layer": (tr("Save Findings Layer"), tr("GeoPackage (*.gpkg);;Shapefile (*.shp)"), tr("findings.gpkg")),
            "html": (tr("Save HTML Report"), tr("HTML (*.html)"), tr("report.html")),
            "json": (tr("Save JSON Report"), tr("JSON (*.json)"), tr("report.json")),
        }[kind]
        folder = settings.get(_FOLDER, "") or QgsProject.instance().homePath() or str(Path.home())
        county = result.report.provenance.get("area_name", "")
        path, _ = QFileDialog.getSaveFileName(
            self._iface.mainWindow(), title, str(Path(folder) / f"{county}{name}"), filters
        )
        if path:
            suffix = Path(name).suffix
            self.save(kind, path if Path(path).suffix else path + suffix)

    def save(self, kind: str, path: str) -> Job | None:
        """Write in the background. The dialog has asked about an existing file."""
        from ..bridge.check import Outputs, write

        result = self._result()
        if result is None:
            return None
        settings.put(_FOLDER, str(Path(path).parent))
        outputs = Outputs(**{{"layer": "findings"}.get(kind, kind): path})

        def work(progress, cancelled):
            write(result.checked, outputs, progress=progress, cancelled=cancelled)
            return path

        return self._runner.start(
            Job(tr("Saving {name}").format(name=Path(path).name), work, on_done=self._saved, on_error=self._failed)
        )

    def close(self) -> None:
        """Take our message off the bar."""
        if self._message is not None and not sip.isdeleted(self._message):
            self._iface.messageBar().popWidget(self._message)
        self._message = None

    def _saved(self, path: str) -> None:
        self._tell(tr("Saved: {path}").format(path=path), Qgis.MessageLevel.Success, path)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, SanxianError):
            log_error(error)
        self._tell(idle.explain(error), Qgis.MessageLevel.Warning)

    def _tell(self, text: str, level: Any, path: str = "") -> None:
        self.close()
        bar = self._iface.messageBar()
        message = bar.createMessage(tr("Sanxian"), text)
        if path:
            for label, target in ((tr("Open"), path), (tr("Open Folder"), str(Path(path).parent))):
                button = QPushButton(label, message)
                button.clicked.connect(lambda _on=False, t=target: QDesktopServices.openUrl(QUrl.fromLocalFile(t)))
                message.layout().addWidget(button)
        self._message = message
        bar.pushWidget(message, level)
