# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask for the path of a file to write, with the suffix of the chosen format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox, QWidget

from ...bridge.texts import tr

_SUFFIX_IN_FILTER_PATTERN = re.compile(r"\*(\.\w+)")


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
    keep = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    is_confirmed = box.clickedButton() is replace
    box.deleteLater()
    return is_confirmed
