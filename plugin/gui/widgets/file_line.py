# SPDX-License-Identifier: GPL-2.0-or-later
"""A line with a path and a button to browse for a file."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from ...bridge.texts import tr
from .layout import fill_layout


class FileLine(QWidget):
    """A path, with buttons to choose a file or a folder.

    ``path``: initial path; ``folder``: initial folder of the file dialogs; ``may_be_new``: the file need not exist, and
    an existing one is extended, not replaced; ``allows_folders``: a file or a folder may be chosen;
    ``allows_only_folders``: only a folder may be chosen; ``file_label``: text of the button for a file; ``file_tip``,
    ``folder_tip``: tool tips of the buttons. The tool tip of the line shows the full path.
    """

    def __init__(
        self,
        path: str = "",
        folder: str = "",
        file_filter: str = "",
        *,
        may_be_new: bool = False,
        allows_folders: bool = False,
        allows_only_folders: bool = False,
        file_label: str = "",
        file_tip: str = "",
        folder_tip: str = "",
        parent=None,
    ):
        super().__init__(parent)
        self._folder, self._filter, self._may_be_new = folder, file_filter, may_be_new
        self.line = QLineEdit(path, toolTip=path)
        self.line.textChanged.connect(self.line.setToolTip)
        row = fill_layout(QHBoxLayout(self), (self.line, 1), has_margins=False)
        if not allows_only_folders:
            button = QPushButton(file_label or "…", toolTip=file_tip or tr("Choose a file"))
            if not file_label:
                button.setFixedWidth(button.sizeHint().height() + self.fontMetrics().height())
            button.clicked.connect(self._browse_for_file)
            row.addWidget(button)
        if allows_folders or allows_only_folders:
            browse_folder = QPushButton(
                tr("Folder…"),
                toolTip=folder_tip
                or (
                    tr("Choose a folder") if allows_only_folders else tr("A folder of shapefiles, or a FileGDB (.gdb)")
                ),
                clicked=self._browse_folder,
            )
            row.addWidget(browse_folder)
        self.setFocusProxy(self.line)

    def text(self) -> str:
        return self.line.text().strip()

    def _browse_for_file(self) -> None:
        start = self.text() or self._folder or str(Path.home())
        if self._may_be_new:
            option = QFileDialog.Option.DontConfirmOverwrite
            path, _ = QFileDialog.getSaveFileName(self, "", start, self._filter, options=option)
        else:
            path, _ = QFileDialog.getOpenFileName(self, "", start, self._filter)
        if path:
            self.line.setText(path)

    def _browse_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "", self.text() or self._folder or str(Path.home()))
        if path:
            self.line.setText(path)
