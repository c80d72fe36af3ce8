# SPDX-License-Identifier: GPL-2.0-or-later
"""The county profile in Processing's dialog: a known one or a file."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from ...bridge import settings
from ...bridge.texts import tr
from ...core.errors import SanxianError
from ...core.profile import list_profile_ids, load_profile
from .source_widget import ParameterWidget

#: Setting with the folder of the last profile.
_FOLDER_SETTING = "profile_folder"


class ProfileWidget(ParameterWidget):
    """Parameter widget of a county profile: a list, free text, and a button 文件….

    The value is an id or a path.
    """

    def createWidget(self):
        panel = QWidget()
        self._box = QComboBox()
        self._box.setEditable(True)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._box.addItem("", "")
        for name in list_profile_ids():
            self._box.addItem(f"{_get_title(name)} · {name}", name)
        self._box.lineEdit().setPlaceholderText(tr("None: settings of the standard only"))
        self._box.editTextChanged.connect(lambda: self.widgetValueHasChanged.emit(self))
        button = QPushButton(tr("File…"))
        button.setToolTip(tr("Custom county profile (.toml)"))
        button.clicked.connect(self._choose_file)
        layout = QHBoxLayout(panel)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box, 1)
        layout.addWidget(button)
        return panel

    def setValue(self, value):
        text = "" if value is None else str(value)
        known = self._box.findData(text)
        if known >= 0:
            self._box.setCurrentIndex(known)
        else:
            self._box.setEditText(text)

    def value(self):
        text = self._box.currentText().strip()
        known = self._box.findText(text)
        return self._box.itemData(known) if known >= 0 else text

    def _choose_file(self):
        path, _ = QFileDialog.getOpenFileName(
            self.widget,
            tr("Choose a County Profile"),
            settings.read_setting(_FOLDER_SETTING, ""),
            f"{tr('County profiles')} (*.toml)",
        )
        if path:
            settings.store_setting(_FOLDER_SETTING, str(Path(path).parent))
            self._box.setEditText(path)


def _get_title(name: str) -> str:
    """Return the name of a profile's area; its id if the profile cannot be read.

    The run reports why it cannot be read.
    """
    try:
        return load_profile(name).name or name
    except SanxianError:
        return name
