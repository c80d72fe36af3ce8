# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose paths of files to read and write, and open files and pages with the default programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from qgis.PyQt.QtCore import QDir, Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QMessageBox, QPushButton, QWidget

from ...bridge.help_pages import write_forwarding_page
from ...bridge.project import saved_paths
from ...bridge.running.tasks import log_error
from ...bridge.texts import tr
from .layout import fill_layout

_SUFFIX_IN_FILTER_PATTERN = re.compile(r"\*(\.\w+)")


def open_path(path: str, parent: QWidget | None = None) -> bool:
    """Open a file or folder with its default program.

    Show the path, with the reason, if it no longer exists or no program opens it. Return True if it was opened.
    """
    if not Path(path).exists():
        reason = tr("This file or folder was moved or deleted after it was written:")
        _show_path(parent, tr("Not found"), reason, path)
        return False
    if QDesktopServices.openUrl(QUrl.fromLocalFile(path)):
        return True
    reason = tr("No program on this computer opens this file or folder. It is here:")
    _show_path(parent, tr("Cannot be opened"), reason, path)
    return False


def make_open_buttons(path: str) -> tuple[tuple[str, Callable[[], object]], ...]:
    """Return the buttons of a message on a written file: one opens it, the other its folder."""
    return (tr("Open"), partial(open_path, path)), (tr("Open Folder"), partial(open_path, str(Path(path).parent)))


def open_in_browser(url: QUrl, parent: QWidget | None) -> bool:
    """Open a local page, at its anchor, in the browser; without a browser, show the path of the page.

    Return True if it was opened.
    """
    opened_url = url
    if url.isLocalFile() and url.hasFragment():
        # Windows and xdg-open start the browser with the path of a local page, without its anchor.
        try:
            opened_url = QUrl.fromLocalFile(str(write_forwarding_page(url)))
        except OSError as error:
            # The page opens at its top.
            log_error(error)
    if QDesktopServices.openUrl(opened_url):
        return True
    reason = tr("No program that opens web pages was found. Open this file in a browser:")
    _show_path(parent, tr("No browser found"), reason, url.toLocalFile())
    return False


def _show_path(parent: QWidget | None, title: str, reason: str, path: str) -> None:
    """Show why a path was not opened, with the path to copy."""
    message = QMessageBox(
        parent,
        objectName="SanxianNotOpened",
        icon=QMessageBox.Icon.Information,
        windowTitle=title,
        text=f"{reason}\n{QDir.toNativeSeparators(path)}",
        textFormat=Qt.TextFormat.PlainText,
        textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
    )
    message.addButton(tr("Close"), QMessageBox.ButtonRole.RejectRole)
    message.exec()


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
            tip = tr("Choose a folder") if allows_only_folders else tr("A folder of shapefiles, or a FileGDB (.gdb)")
            row.addWidget(QPushButton(tr("Folder…"), toolTip=folder_tip or tip, clicked=self._browse_folder))
        self.setFocusProxy(self.line)

    def text(self) -> str:
        return self.line.text().strip()

    def _browse_for_file(self) -> None:
        start = self.text() or self._folder or saved_paths.get_start_folder()
        if self._may_be_new:
            option = QFileDialog.Option.DontConfirmOverwrite
            path, _ = QFileDialog.getSaveFileName(self, "", start, self._filter, options=option)
        else:
            path, _ = QFileDialog.getOpenFileName(self, "", start, self._filter)
        if path:
            self.line.setText(path)

    def _browse_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "", self.text() or self._folder or saved_paths.get_start_folder())
        if path:
            self.line.setText(path)


def choose_save_path(parent: QWidget, title: str, start: str, filters: str, suffixes: Sequence[str]) -> str:
    """Ask for the file to write; empty if the user cancels or keeps an existing file.

    ``start``: folder and offered name without suffix; ``filters``: formats of the dialog, joined by ``;;``;
    ``suffixes``: known suffixes, as for `add_missing_suffix`.
    """
    dialog = QFileDialog(
        parent,
        title,
        str(Path(start).parent),
        acceptMode=QFileDialog.AcceptMode.AcceptSave,
        fileMode=QFileDialog.FileMode.AnyFile,
    )
    dialog.setNameFilters(filters.split(";;"))

    def offer_suffix(chosen_filter: str) -> None:
        dialog.setDefaultSuffix(_get_suffix_of_filter(suffixes, chosen_filter).lstrip("."))

    offer_suffix(dialog.selectedNameFilter())
    dialog.filterSelected.connect(offer_suffix)
    dialog.selectFile(Path(start).name)
    try:
        if not dialog.exec():
            return ""
        typed_path = dialog.selectedFiles()[0]
        path = add_missing_suffix(suffixes, typed_path, dialog.selectedNameFilter())
    finally:
        dialog.deleteLater()
    # The dialog confirmed only the name as it was typed.
    return path if path == typed_path or not Path(path).exists() or _ask_to_replace_file(parent, path) else ""


def add_missing_suffix(suffixes: Sequence[str], path: str, chosen_filter: str) -> str:
    """Return a path that ends with one of ``suffixes``: a path without one gets the suffix of the chosen filter.

    Without a filter, the first of ``suffixes`` is added. A name such as 检查.2026版 has none of them.
    """
    return path if Path(path).suffix.lower() in suffixes else path + _get_suffix_of_filter(suffixes, chosen_filter)


def _get_suffix_of_filter(suffixes: Sequence[str], chosen_filter: str) -> str:
    """Return the suffix in a file dialog's filter: ``Shapefile (*.shp)`` → ``.shp``."""
    suffix_match = _SUFFIX_IN_FILTER_PATTERN.search(chosen_filter)
    return suffix_match[1] if suffix_match else suffixes[0]


def _ask_to_replace_file(parent: QWidget, path: str) -> bool:
    box = QMessageBox(
        parent,
        objectName="SanxianReplace",
        icon=QMessageBox.Icon.Warning,
        windowTitle=tr("Sanxian"),
        text=tr("“{name}” exists. Replace it?").format(name=Path(path).name),
    )
    replace = box.addButton(tr("Replace"), QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
    box.exec()
    is_confirmed = box.clickedButton() is replace
    box.deleteLater()
    return is_confirmed
