# SPDX-License-Identifier: GPL-2.0-or-later
"""登记豁免: reason, document, attachment, author and dates for one or several findings, and the file they go to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QDate
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from ..bridge import settings
from ..bridge.texts import tr
from ..core.errors import SanxianError
from . import trouble
from .buttons import ok_and_cancel
from .file_line import FileLine

_AUTHOR = "waiver_author"
#: Rules named in the line on top.
_NAMED = 4
_REASON_LINES = 4


class WaiverDialog(QDialog):
    """``save(words, path)`` writes; what it raises is told here and the dialog stays, with all that was typed."""

    def __init__(self, findings: list[Any], path: Path | None, save: Callable[[Any, Path], None], parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianWaiverDialog")
        self.setWindowTitle(tr("Waive Findings"))
        self._save = save
        self.reason = QPlainTextEdit()
        self.reason.setObjectName("SanxianWaiverReason")
        self.reason.setTabChangesFocus(True)
        self.reason.setFixedHeight(self.fontMetrics().lineSpacing() * (_REASON_LINES + 1))
        self.reason.setPlaceholderText(tr("Why the conflict may stay, such as: approved flood works, see the reply"))
        self.document = self._line("SanxianWaiverDocument", tr("Number of the document it stands on"))
        folder = str(path.parent) if path else ""
        self.attachment = FileLine("", folder)
        self.attachment.line.setPlaceholderText(tr("Scan or map (optional)"))
        self.author = self._line("SanxianWaiverAuthor", tr("Who answers for it"))
        self.author.setText(settings.get(_AUTHOR, ""))
        self.date, self.until = self._day(0), self._day(365)
        self.ends = QCheckBox(tr("Valid until"))
        self.ends.setObjectName("SanxianWaiverEnds")
        self.ends.toggled.connect(self.until.setEnabled)
        self.until.setEnabled(False)
        self.file = FileLine(str(path or ""), folder, "CSV (*.csv)", new=True)
        self.file.line.setPlaceholderText(tr("A .waivers.csv beside the data"))
        self.trouble = QLabel()
        self.trouble.setObjectName("SanxianWaiverTrouble")
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        buttons = ok_and_cancel(self)
        layout = QVBoxLayout(self)
        head = QLabel(_summary(findings))
        head.setWordWrap(True)
        layout.addWidget(head)
        layout.addLayout(self._form())
        note = QLabel(tr("Waived findings stay in the list and in every report; the verdict is at best conditional."))
        note.setWordWrap(True)
        layout.addWidget(note)
        layout.addWidget(self.trouble)
        layout.addWidget(buttons)
        self.resize(self.fontMetrics().horizontalAdvance("0") * 76, self.sizeHint().height())

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.addRow(tr("Reason"), self.reason)
        form.addRow(tr("Document"), self.document)
        form.addRow(tr("Attachment"), self.attachment)
        form.addRow(tr("Accepted by"), self.author)
        form.addRow(tr("Date"), _left(self.date))
        form.addRow(self.ends, _left(self.until))
        form.addRow(tr("Kept in"), self.file)
        return form

    def _line(self, name: str, hint: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(hint)
        return line

    def _day(self, ahead: int) -> QDateEdit:
        edit = QDateEdit(QDate.currentDate().addDays(ahead))
        edit.setDisplayFormat("yyyy-MM-dd")
        edit.setCalendarPopup(True)
        return edit

    def words(self) -> Any:
        """What was typed, as `core.waivers.accept.Words`."""
        from ..core.waivers.accept import Words

        return Words(
            reason=self.reason.toPlainText().strip(),
            document=self.document.text().strip(),
            author=self.author.text().strip(),
            date=_date(self.date),
            until=_date(self.until) if self.ends.isChecked() else None,
            attachment=self.attachment.text(),
        )

    def accept(self) -> None:
        path = self.file.text()
        if not path:
            self._tell(tr("Choose the file that waivers are kept in, best beside the data."))
            return
        words = self.words()
        try:
            self._save(words, Path(path))
        except SanxianError as error:
            self._tell(trouble.explain(error))
            return
        settings.put(_AUTHOR, words.author)
        super().accept()

    def _tell(self, text: str) -> None:
        self.trouble.setText(text)
        self.trouble.show()


def _left(widget: QWidget) -> QHBoxLayout:
    """No wider than it asks for."""
    row = QHBoxLayout()
    row.addWidget(widget)
    row.addStretch()
    return row


def _date(edit: QDateEdit) -> date:
    day = edit.date()
    return date(day.year(), day.month(), day.day())


def _summary(findings: list[Any]) -> str:
    """One finding in its own words; several by rule, with their area."""
    from ..core.texts import area_text

    if len(findings) == 1:
        return findings[0].message
    counts = Counter(f.code for f in findings).most_common()
    named = tr(", ").join(f"{code} × {count}" for code, count in counts[:_NAMED])
    more = " …" if len(counts) > _NAMED else ""
    areas = [f.area_m2 for f in findings if f.area_m2 is not None]
    text = tr("{count} findings: {rules}").format(count=len(findings), rules=named + more)
    return f"{text}  {area_text(sum(areas))}" if areas else text
