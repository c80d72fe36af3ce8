# SPDX-License-Identifier: GPL-2.0-or-later
"""Saving a result: findings layer, HTML or JSON, written in the background, told in the message bar."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox

from ...bridge import settings
from ...bridge.project.document import with_current_document
from ...bridge.running.tasks import Job, Runner
from ...bridge.texts import tr
from ...core.files.writing import LAYER_FORMATS, Outputs
from ...core.profile import DocumentInfo
from ..findings.result import Result
from ..widgets import messages
from ..widgets.messages import Messages, opener

_FOLDER = "export_folder"
#: Endings that say what is wanted, so that none is added; the first is that of a filter that names none.
_KNOWN = {"layer": LAYER_FORMATS, "html": (".html", ".htm"), "json": (".json",)}
_ENDING = re.compile(r"\*(\.\w+)")


def suffix_of(kind: str, chosen: str) -> str:
    """The ending that a filter of the dialog stands for: ``Shapefile (*.shp)`` → ``.shp``."""
    found = _ENDING.search(chosen)
    return found[1] if found else _KNOWN[kind][0]


def with_suffix(kind: str, path: str, chosen: str) -> str:
    """The name with an ending we can write: 检查.2026版 has none."""
    return path if Path(path).suffix.lower() in _KNOWN[kind] else path + suffix_of(kind, chosen)


class Exports:
    """What came of it is one message at a time."""

    def __init__(
        self,
        iface,
        runner: Runner,
        result: Callable[[], Result | None],
        info: Callable[[], DocumentInfo | None] = lambda: None,
    ):
        """``info``: returns the document information (成果信息) of the result's project; None keeps that of the check."""
        self._iface = iface
        self._runner = runner
        self._result, self._info = result, info
        self._messages = Messages(iface, tr("Sanxian"))

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
        # Without its ending: that is the chosen format's.
        path = self._choose(kind, title, str(Path(folder) / f"{county}{Path(name).stem}"), filters)
        if path:
            self.save(kind, path)

    def _choose(self, kind: str, title: str, start: str, filters: str) -> str:
        """The file to write, agreed to where there is one already; empty when the user thinks better of it."""
        dialog = QFileDialog(self._iface.mainWindow(), title, str(Path(start).parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setNameFilters(filters.split(";;"))
        dialog.setDefaultSuffix(suffix_of(kind, dialog.selectedNameFilter()).lstrip("."))
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(suffix_of(kind, chosen).lstrip(".")))
        dialog.selectFile(Path(start).name)
        try:
            if not dialog.exec():
                return ""
            asked = dialog.selectedFiles()[0]
            path = with_suffix(kind, asked, dialog.selectedNameFilter())
        finally:
            dialog.deleteLater()
        # The dialog asked about the name as it was typed.
        return path if path == asked or not Path(path).exists() or self._may_replace(path) else ""

    def _may_replace(self, path: str) -> bool:
        box = QMessageBox(self._iface.mainWindow())
        box.setObjectName("SanxianReplace")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(tr("Sanxian"))
        box.setText(tr("“{name}” is there already. Replace it?").format(name=Path(path).name))
        replace = box.addButton(tr("Replace"), QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        answer = box.clickedButton() is replace
        box.deleteLater()
        return answer

    def save(self, kind: str, path: str) -> Job | None:
        """Write in the background. The dialog has asked about an existing file."""
        from ...bridge.checking.check import write

        result = self._result()
        if result is None:
            return None
        settings.put(_FOLDER, str(Path(path).parent))
        outputs = Outputs(**{{"layer": "findings"}.get(kind, kind): path})
        info = self._info()
        checked = result.checked if info is None else with_current_document(result.checked, info)

        def work(progress, cancellation):
            write(checked, outputs, progress=progress, cancellation=cancellation, has_rows=not result.kept)
            return path

        def saved(path: str) -> None:
            # A report is of one state of the data: that of the whole check.
            text = tr("Saved: {path}")
            if result.edited:
                text = tr(
                    "Saved: {path}. It holds the whole check of {time}; what was found while editing is not in it."
                )
            told = text.format(path=path, time=result.time)
            folder = str(Path(path).parent)
            self._messages.tell(told, "success", (tr("Open"), opener(path)), (tr("Open Folder"), opener(folder)))

        return self._runner.start(
            Job(tr("Saving {name}").format(name=Path(path).name), work, on_done=saved, on_error=self._failed)
        )

    def close(self) -> None:
        """Take our message off the bar."""
        self._messages.close()

    def _failed(self, error: Exception) -> None:
        text = tr("Nothing was saved ({error}). Details are in the log, tab Sanxian.")
        self._messages.warn(messages.told(error, text))
