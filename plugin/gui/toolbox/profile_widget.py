# SPDX-License-Identifier: GPL-2.0-or-later
"""The county profile in Processing's dialog: a known one or a file."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from ...bridge import settings
from ...bridge.texts import tr
from ...core.errors import SanxianError
from ...core.profile import list_profile_ids, load_profile
from ..widgets import theme
from ..widgets.layout import fill_layout
from .source_widget import ParameterWidget, let_combo_shrink

#: Setting with the folder of the last profile.
_FOLDER_SETTING = "profile_folder"


class ProfileWidget(ParameterWidget):
    """Parameter widget of a county profile: a list, free text, and a button 文件….

    The value is an id or a path.
    """

    def createWidget(self):
        panel = QWidget()
        self._profile_combo = let_combo_shrink(QComboBox())
        self._profile_combo.setEditable(True)
        self._profile_combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._profile_combo.addItem("", "")
        for name in list_profile_ids():
            self._profile_combo.addItem(f"{_get_title(name)} · {name}", name)
        theme.set_placeholder(self._profile_combo.lineEdit(), tr("None: settings of the standard only"))
        self._profile_combo.editTextChanged.connect(lambda: self.widgetValueHasChanged.emit(self))
        button = QPushButton(tr("File…"), toolTip=tr("Custom county profile (.toml)"), clicked=self._choose_file)
        fill_layout(QHBoxLayout(panel), (self._profile_combo, 1), button, has_margins=False)
        return panel

    def setValue(self, value):
        text = "" if value is None else str(value)
        profile_index = self._profile_combo.findData(text)
        if profile_index >= 0:
            self._profile_combo.setCurrentIndex(profile_index)
        else:
            self._profile_combo.setEditText(text)

    def value(self):
        text = self._profile_combo.currentText().strip()
        profile_index = self._profile_combo.findText(text)
        return self._profile_combo.itemData(profile_index) if profile_index >= 0 else text

    def _choose_file(self):
        path, _ = QFileDialog.getOpenFileName(
            self.widget,
            tr("Choose a County Profile"),
            settings.read_setting(_FOLDER_SETTING, ""),
            f"{tr('County profiles')} (*.toml)",
        )
        if path:
            settings.store_setting(_FOLDER_SETTING, str(Path(path).parent))
            self._profile_combo.setEditText(path)


def _get_title(name: str) -> str:
    """Return the name of a profile's area; its id if the profile cannot be read.

    The run reports why it cannot be read.
    """
    try:
        return load_profile(name).name or name
    except SanxianError:
        return name
