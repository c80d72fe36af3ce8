# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose a package specification: one shipped with the plugin, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from ...bridge import settings
from ...bridge.project.county import PACKAGE_SPEC_SETTING, read_chosen_package_spec
from ...bridge.texts import tr


class SpecCombo(QWidget):
    """Combo box of package specifications, shipped ones or a file.

    A specification defines what a submission package contains. Raise SanxianError if a shipped file is damaged.
    """

    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        from ...core.package.package_spec.load import load_package_spec
        from ...core.package.package_spec.read import list_package_spec_ids

        self.combo = QComboBox(objectName="SanxianPackageForm", accessibleName=tr("Package specification"))
        # The county's first: most users work for a county.
        for package_id in sorted(list_package_spec_ids(), key=lambda name: (name != "county", name)):
            self.combo.addItem(load_package_spec(package_id).name, package_id)
        saved_spec = read_chosen_package_spec()
        if self.combo.findData(saved_spec) < 0 and Path(saved_spec).is_file():
            self.combo.addItem(Path(saved_spec).name, saved_spec)
        self.combo.setCurrentIndex(max(self.combo.findData(saved_spec), 0))
        self.combo.currentIndexChanged.connect(self._on_chosen)
        other = QPushButton(
            tr("Other…"), toolTip=tr("Package specification of the province (.toml)"), clicked=self._browse_file
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.combo, 1)
        row.addWidget(other)
        self.setFocusProxy(self.combo)

    def load_spec(self) -> Any:
        """Return a `PackageSpec`; raise SanxianError for an invalid file."""
        from ...core.package.package_spec.load import load_package_spec

        return load_package_spec(self.combo.currentData())

    def _on_chosen(self) -> None:
        settings.store_setting(PACKAGE_SPEC_SETTING, self.combo.currentData())
        self.changed.emit()

    def _browse_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Package specification"), "", tr("Package specification (*.toml)")
        )
        if not path:
            return
        row = self.combo.findData(path)
        if row < 0:
            self.combo.addItem(Path(path).name, path)
            row = self.combo.count() - 1
        self.combo.setCurrentIndex(row)
