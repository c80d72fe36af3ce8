# SPDX-License-Identifier: GPL-2.0-or-later
"""Form box 要素代码: the code of each layer that no standard gives, typed or read from a delivered database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSignalBlocker, Qt
from qgis.PyQt.QtWidgets import QHeaderView, QLabel, QLineEdit, QPushButton, QTableWidget, QTableWidgetItem, QVBoxLayout

from ...bridge.running.tasks import BackgroundJob
from ...bridge.texts import tr
from ...core.standard import FEATURE_CODES_SECTION
from ...core.standard.messages.texts import Texts
from ...core.standard.profile import Norm
from ..widgets import FieldMessage, FileLine, WholeRows, explain_error, fill_layout, make_faint_label, make_row, theme
from .fields import FormBox

_LAYER_COLUMN, _INHERITED_COLUMN, _OWN_COLUMN = range(3)


def is_feature_code_key(key: str) -> bool:
    """Return True for the key of a setting that is the 要素代码 of a layer."""
    return key.startswith(f"{FEATURE_CODES_SECTION}.")


class FeatureCodesBox(FormBox):
    """Table of the layers with their inherited 要素代码 and that of the county, and the document of the latter."""

    def __init__(self, texts: Texts, parent=None):
        super().__init__(parent, objectName="SanxianFeatureCodes")
        self._texts = texts
        self._norm: Norm | None = None
        #: Codes of the layers of the project, which are listed first.
        self.present_roles: frozenset[str] = frozenset()
        self._job: BackgroundJob | None = None
        self.table = QTableWidget(0, 3, objectName="SanxianFeatureCodeTable")
        self.table.setAccessibleName(tr("Feature codes"))
        self.table.setHorizontalHeaderLabels([tr("Layer"), tr("Inherited code"), tr("Code of this county")])
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        data = f"{tr('Planning data')} (*.gpkg *.zip);;{tr('All')} (*)"
        self.delivered, self.document = FileLine("", "", data, allows_folders=True), QLineEdit()
        self.message = FieldMessage(lines=2)
        theme.set_placeholder(self.delivered.line, tr("A database of this county that was delivered and accepted"))
        self.document.setAccessibleName(tr("Source document"))
        self.reading_button = QPushButton(tr("Read Codes"), autoDefault=False, clicked=self._start_reading)
        about = tr(
            "Codes that no standard gives are empty until the county enters them; they are checked (ATT007), preset "
            "in new layers, and named at export where they are missing."
        )
        fill_layout(
            QVBoxLayout(self),
            make_faint_label(about, wordWrap=True),
            make_row(QLabel(tr("Delivered database")), (self.delivered, 1), self.reading_button),
            (WholeRows(self.table), 1),
            make_row(QLabel(tr("Source document")), (self.document, 1)),
            self.message,
        )
        self.table.itemChanged.connect(self.on_changed)
        self.document.textChanged.connect(self.on_changed)

    def show_settings(self, settings: dict[str, Any], documents: dict[str, str], norm: Norm) -> None:
        """Show the county's own codes, and those that it inherits from ``norm``; as `LimitsBox.show_settings`."""
        with QSignalBlocker(self):
            own_codes = {key: str(value) for key, value in settings.items() if is_feature_code_key(key)}
            self.document.setText(next((documents[key] for key in own_codes if key in documents), ""))
            self._show_rows(norm, own_codes)

    def show_inherited_settings(self, norm: Norm) -> None:
        """Show the codes that the county inherits from ``norm``."""
        with QSignalBlocker(self):
            self._show_rows(norm, self.read_settings())

    def _show_rows(self, norm: Norm, own_codes: dict[str, str]) -> None:
        self._norm = norm
        templates = {
            role: template
            for role, template in norm.standard.templates.items()
            if template.find_field("feature_code") and not template.base
        }
        self.table.setRowCount(len(templates))
        # What the county has to enter comes first.
        ranks = {role: (role not in self.present_roles, bool(one.feature_code)) for role, one in templates.items()}
        for row, role in enumerate(sorted(templates, key=ranks.__getitem__)):
            template = templates[role]
            key = f"{FEATURE_CODES_SECTION}.{role}"
            layer = f"{self._texts.make_layer_label(role, templates)}  {role}"
            texts = (layer, template.feature_code, own_codes.get(key, ""))
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column == _OWN_COLUMN:
                    item.setData(Qt.ItemDataRole.UserRole, key)
                else:
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                self.table.setItem(row, column, item)

    def read_settings(self) -> dict[str, str]:
        """Return key → code of the layers for which the county has a code."""
        items = (self.table.item(row, _OWN_COLUMN) for row in range(self.table.rowCount()))
        return {item.data(Qt.ItemDataRole.UserRole): item.text().strip() for item in items if item.text().strip()}

    def read_documents(self) -> dict[str, str]:
        """Return key → document of the codes that the county has."""
        document = self.document.text().strip()
        return dict.fromkeys(self.read_settings(), document) if document else {}

    def _start_reading(self) -> None:
        source, norm = self.delivered.text(), self._norm
        if not source or norm is None:
            self.message.show_text(tr("Choose the delivered database first."), "warning")
            return
        from ...core.plan.loading.delivered_codes import read_delivered_codes

        self.reading_button.setEnabled(False)
        self.message.show_text(tr("Reading {file} …").format(file=Path(source).name), "")
        self._job = BackgroundJob(
            tr("Reading feature codes"),
            lambda _progress, cancellation: read_delivered_codes(Path(source), norm, cancellation),
            on_done=self._enter_codes,
            on_error=self._show_error,
        )
        QgsApplication.taskManager().addTask(self._job)

    def stop_reading(self) -> None:
        """Stop reading; what was not entered yet is dropped."""
        if self._job is not None:
            self._job.cancel_and_disconnect()

    def _show_error(self, error: Exception) -> None:
        self.reading_button.setEnabled(True)
        self.message.show_text(explain_error(error), "error")

    def _enter_codes(self, code_by_role: dict[str, str]) -> None:
        """Enter the codes that were read for layers without a code, and name the layers that have another one."""
        self.reading_button.setEnabled(True)
        entered, differing = 0, []
        with QSignalBlocker(self):
            for row in range(self.table.rowCount()):
                layer, inherited, own = (self.table.item(row, column) for column in range(3))
                code = code_by_role.get(own.data(Qt.ItemDataRole.UserRole).rpartition(".")[2], "")
                present_code = own.text().strip() or inherited.text()
                if code and not present_code:
                    own.setText(code)
                    entered += 1
                elif code and code != present_code:
                    differing.append(f"{layer.text()}  {code}")
            if entered and not self.document.text():
                self.document.setText(Path(self.delivered.text()).name)
        text = tr("{count} codes entered.").format(count=entered)
        if differing:
            text += tr(" Other codes than here, not entered: {layers}").format(layers="; ".join(differing))
        self.on_changed()
        self.message.show_text(text, "warning" if differing or not entered else "ok")
