# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate: what the last check says, what stands against a package, and the tick that makes one all the same."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from ...bridge.package.preview import NOTHING, Against
from ...bridge.texts import tr
from ..findings.result import Result
from ..widgets import look
from ..widgets.elided import ElidedLabel
from ..widgets.field_message import Note

_ROWS = 5


class GateBox(QGroupBox):
    """``findingsWished``: show what the check found; ``changed``: the tick."""

    findingsWished = pyqtSignal()
    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(tr("Check before handing in"), parent)
        self._icon_name = "info"
        self._icon = QLabel()
        self.verdict = ElidedLabel()
        self.verdict.setObjectName("SanxianPackageVerdict")
        self.button = QPushButton(tr("Show Findings"))
        self.button.setObjectName("SanxianPackageFindings")
        self.button.clicked.connect(self.findingsWished)
        row = QHBoxLayout()
        row.addWidget(self._icon)
        row.addWidget(self.verdict, 1)
        row.addWidget(self.button)
        self.reasons = reasons_list()
        self.force = QCheckBox(tr("Force: make it although it does not pass or something is missing"))
        self.force.setObjectName("SanxianPackageForce")
        self.force.toggled.connect(self._forced)
        self.meaning = Note(
            tr(
                "The package then says in manifest, metadata and page that it was forced, with every reason; whoever receives it "
                "can see that. What cannot be written without loss stops it all the same."
            )
        )
        self.meaning.hide()
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.reasons, 1)
        layout.addWidget(self.force)
        layout.addWidget(self.meaning)
        self.show_check(None, False)

    def _forced(self, on: bool) -> None:
        self.meaning.setVisible(on)
        self.changed.emit()

    def show_check(self, result: Result | None, there: bool) -> None:
        """``result``: the last check's while it is of the data as they are; ``there``: there is one of another state."""
        self.button.setVisible(result is not None and bool(result.findings))
        if result is None:
            text = tr(
                "The data have changed since the last check, or their state is not known: the export checks first."
            )
            self._say("info", text if there else tr("Not checked yet: the export checks first."))
            self.show_against(NOTHING)
            return
        summary = result.report.summary
        verdict = summary["verdict"]
        text = tr(
            "{verdict}: {errors} errors, {warnings} warnings, {skipped} rules skipped. Checked at {time}, unchanged since."
        )
        told = text.format(
            verdict=look.verdict_word(verdict),
            errors=summary["errors"],
            warnings=summary["warnings"],
            skipped=summary["skipped"] + summary["crashed"],
            time=result.time,
        )
        self._say(look.VERDICT_ICONS[verdict], told)

    def show_against(self, against: Against) -> None:
        fill_reasons(self.reasons, against)

    def _say(self, icon: str, text: str) -> None:
        self._icon_name = icon
        self.verdict.setText(text)
        self.refresh_icons()

    def refresh_icons(self) -> None:
        size = QgsApplication.scaleIconSize(16, True)
        self._icon.setPixmap(look.pixmap(self._icon_name, size, self.devicePixelRatioF()))


def reasons_list() -> QListWidget:
    """A list of sentences, no higher than it need be."""
    made = QListWidget()
    made.setObjectName("SanxianPackageReasons")
    made.setAccessibleName(tr("What stands against the package"))
    made.setWordWrap(True)
    made.setTextElideMode(Qt.TextElideMode.ElideNone)
    size = QgsApplication.scaleIconSize(16, True)
    made.setIconSize(QSize(size, size))
    made.setMinimumHeight(made.fontMetrics().lineSpacing() * _ROWS)
    # Its own wish is that of any list, however much it holds.
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
    made.hide()
    return made


def fill_reasons(reasons: QListWidget, against: Against) -> None:
    reasons.clear()
    for icon, texts in (("error", against.stops), ("error", against.gates), ("info", against.notes)):
        for text in texts:
            item = QListWidgetItem(look.icon(icon), text)
            item.setToolTip(text)
            reasons.addItem(item)
    reasons.setVisible(reasons.count() > 0)
