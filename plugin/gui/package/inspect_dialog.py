# SPDX-License-Identifier: GPL-2.0-or-later
"""检查成果包: which package, and by which form."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout

from ...bridge import settings
from ...bridge.texts import tr
from ..widgets.buttons import ok_and_cancel
from ..widgets.file_line import FileLine
from .forms_combo import FormsCombo

_LAST = "package/inspected"


class InspectDialog(QDialog):
    """Raises SanxianError from the start when a form that ships is damaged."""

    def __init__(self, path: str, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianInspectPackage")
        self.setWindowTitle(tr("Inspect Submission Package"))
        last = settings.get(_LAST, "")
        zip_or_all = f"ZIP (*.zip);;{tr('All')} (*)"
        self.package = FileLine(path, str(Path(last).parent) if last else "", zip_or_all, folders=True)
        self.package.line.setObjectName("SanxianInspectPath")
        self.package.line.setPlaceholderText(tr("Folder of a package, or a zip"))
        self.package.line.textChanged.connect(self._look)
        self.forms = FormsCombo()
        self.told = QLabel()
        self.told.setWordWrap(True)
        note = QLabel(
            tr(
                "Names, mandatory parts, stray files, digests, schema, codes, geometry and figures are looked at; the findings come into "
                "the panel in place of the last check's. The package is not changed. Profile and standard are those of this project."
            )
        )
        note.setWordWrap(True)
        form = QFormLayout()
        form.addRow(tr("Package"), self.package)
        form.addRow(tr("Form"), self.forms)
        buttons = ok_and_cancel(self)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Inspect"))
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.told)
        layout.addWidget(note)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.resize(self.fontMetrics().horizontalAdvance("0") * 76, self.sizeHint().height())
        self._look()

    def _look(self) -> None:
        path = self.package.text()
        there = bool(path) and Path(path).exists()
        self._ok.setEnabled(there)
        self.told.setText(tr("There is no such file or folder.") if path and not there else "")
        self.told.setVisible(bool(self.told.text()))

    def accept(self) -> None:
        settings.put(_LAST, self.package.text())
        super().accept()
