# SPDX-License-Identifier: GPL-2.0-or-later
"""Registration (dialog 登记豁免) and withdrawal of waivers from the findings panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsFileUtils, QgsProject
from qgis.PyQt.QtCore import QDate, QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.layers import role_recognition
from ...bridge.project import saved_paths
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.base.files.digests import compute_sha256
from ...core.base.placeholders import join_first
from ...core.standard.messages.finding_message import format_message
from ..help.help_dialog import add_help_button
from ..widgets import (
    FieldMessage,
    FileLine,
    FocusedButtonDialog,
    fill_layout,
    make_column,
    make_ok_cancel_buttons,
    make_row_widget,
    make_scroll_area,
    make_text_label,
    messages,
    resize_within_screen,
    set_bold,
    theme,
)
from .detail_pane import format_feature_keys, format_place_and_size
from .dock import FindingsDock
from .features import get_layer_name
from .groups import format_hectares_in_list, get_finding_kind, sum_finding_areas

#: Maximum number of rules named in the line about the selection.
_MAX_NAMED_RULES = 4
#: Time without a key press after which the attachment is read.
_TYPING_PAUSE_MS = 200


class FindingCard(QFrame):
    """Frame that summarises a finding in the waiver dialog.

    ``title``: title of the problem, as in the list; ``get_layer_name``: returns the name of a layer by its role;
    ``more``: text about further findings.
    """

    def __init__(self, finding: Any, title: str, get_layer_name: Callable[[str], str], more: str = "", parent=None):
        super().__init__(
            parent, objectName="SanxianFindingCard", frameShape=QFrame.Shape.StyledPanel, autoFillBackground=True
        )
        self.setBackgroundRole(QPalette.ColorRole.Base)
        icon, size = theme.KIND_ICONS[get_finding_kind(finding)], QgsApplication.scaleIconSize(16)
        mark = QLabel(pixmap=theme.load_pixmap(icon, size, self.devicePixelRatioF()))
        head = make_text_label(f"{finding.code}  {title}".strip())
        set_bold(head)
        texts = (format_place_and_size(finding), format_feature_keys(finding, get_layer_name), finding.message, more)
        column = make_column(head, *map(make_text_label, filter(None, texts)))
        fill_layout(QHBoxLayout(self), (mark, 0, Qt.AlignmentFlag.AlignTop), (column, 1))


#: Writes the waivers of findings with the entries of the dialog to a file.
SaveWaivers = Callable[[list[Any], Any, Path], None]


class WaiverDialog(FocusedButtonDialog):
    """Dialog in which the user registers a waiver for one or more findings.

    ``path``: proposed waiver file; ``save_waivers``: writes the waivers; if it raises an error, the dialog stays open
    and shows the error below the file field; ``selected_finding``: the finding shown in full, one of ``findings``;
    ``titles``: rule code → title; ``get_layer_name``: returns the name of a layer by its role.
    """

    def __init__(
        self,
        findings: list[Any],
        path: Path | None,
        save_waivers: SaveWaivers,
        parent=None,
        *,
        selected_finding: Any = None,
        titles: Mapping[str, str] | None = None,
        get_layer_name: Callable[[str], str] = str,
    ):
        super().__init__(parent, objectName="SanxianWaiverDialog", windowTitle=tr("Waive Findings"))
        self._findings, self._save_waivers = findings, save_waivers
        self._selected_finding = selected_finding if any(f is selected_finding for f in findings) else findings[0]
        #: Messages of the fields that the user edited. A blank field shows its error only after it was edited.
        self._edited: set[FieldMessage] = set()
        self.reason = QPlainTextEdit(objectName="SanxianWaiverReason", tabChangesFocus=True)
        self.reason.setFixedHeight(self.fontMetrics().lineSpacing() * 4)
        theme.set_placeholder(
            self.reason, tr("Reason to accept the conflict, for example: approved flood-control works, see the reply")
        )
        self.document = self._make_line_edit("SanxianWaiverDocument", tr("Number of the supporting document"))
        folder = str(path.parent) if path else ""
        self.attachment = FileLine("", folder)
        theme.set_placeholder(self.attachment.line, tr("Scan or map (optional)"))
        self.author = self._make_line_edit("SanxianWaiverAuthor", tr("Person who registers the waiver"))
        self.author.setText(settings.read_setting(settings.WAIVER_AUTHOR, ""))
        self.date, self.until = self._make_date_edit(0), self._make_date_edit(365)
        self.forever = QCheckBox(
            tr("No expiry date"), objectName="SanxianWaiverForever", toggled=self.until.setDisabled
        )
        self.file = FileLine(str(path or ""), folder, "CSV (*.csv)", may_be_new=True)
        theme.set_placeholder(self.file.line, tr("The .waivers.csv in the data folder"))
        self.only_this = QRadioButton(tr("This finding only"), objectName="SanxianWaiverOnlyThis")
        count = len(self._findings)
        self.all_selected = QRadioButton(
            tr("All {count} selected, with the same document").format(count=count),
            objectName="SanxianWaiverAllSelected",
        )
        (self.all_selected if count > 1 else self.only_this).setChecked(True)
        #: SHA-256 of the attachment, which is read when the user pauses; None if it cannot be read.
        self._digest: str | None = ""
        self._attachment_bytes = 0
        self._reading = QTimer(self, singleShot=True, interval=_TYPING_PAUSE_MS, timeout=self._read_attachment)
        self.finished.connect(self._reading.stop)
        buttons = add_help_button(make_ok_cancel_buttons(self), "waive")
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(tr("Register Waiver"))
        if all(finding.needs_approval for finding in findings):
            effect = tr(
                "Waived notes stay in the list and in every report; with their document stated, the verdict is "
                "unaffected."
            )
        else:
            effect = tr("Waived findings stay in the list and in every report; the verdict is at best conditional.")
        page, title = QWidget(), (titles or {}).get(self._selected_finding.code, "")
        fill_layout(
            QVBoxLayout(page),
            FindingCard(self._selected_finding, title, get_layer_name, _summarise_findings(findings)),
            self._make_form(),
            QLabel(effect, wordWrap=True),
            None,
            has_margins=False,
        )
        # A small screen shows a part of the fields, but always the buttons.
        fill_layout(QVBoxLayout(self), (make_scroll_area(page), 1), buttons)
        self.reason.setFocus()
        self._on_attachment_changed()
        height = page.sizeHint().height() + buttons.sizeHint().height() + 3 * self.fontMetrics().height()
        resize_within_screen(self, self.fontMetrics().horizontalAdvance("0") * 88, height)

    # --- fields

    def has_unsaved_entries(self) -> bool:
        return bool(self.reason.toPlainText().strip() or self.document.text().strip())

    def _make_line_edit(self, name: str, hint: str) -> QLineEdit:
        line = QLineEdit(objectName=name)
        theme.set_placeholder(line, hint)
        return line

    def _make_date_edit(self, days_ahead: int) -> QDateEdit:
        return QDateEdit(QDate.currentDate().addDays(days_ahead), displayFormat="yyyy-MM-dd", calendarPopup=True)

    def _make_form(self) -> QFormLayout:
        registration = make_row_widget((self.author, 1), QLabel(tr("Date")), self.date)
        registration.setFocusProxy(self.author)
        validity = make_row_widget(self.until, self.forever, None)
        validity.setFocusProxy(self.until)
        self._reason_message = FieldMessage(
            self.reason, tr("State facts and grounds; reports print this text unchanged.")
        )
        self._document_message = FieldMessage(self.document)
        self._attachment_message = FieldMessage(self.attachment, tr("The path is stored relative to the waiver file."))
        self._author_message = FieldMessage(registration)
        self._at_until = FieldMessage(validity, tr("After this date the finding is no longer waived."))
        self._file_message = FieldMessage(self.file, lines=2)
        form = QFormLayout()
        fields = (
            (tr("Reason"), " *", self._reason_message),
            (tr("Document"), " *", self._document_message),
            (tr("Attachment"), "", self._attachment_message),
            (tr("Accepted by"), " *", self._author_message),
            (tr("Valid until"), " *", self._at_until),
            (tr("Saved in"), " *", self._file_message),
        )
        self._messages = [field for _text, _mark, field in fields]
        for text, mark, field in fields:
            label = QLabel(text + mark)
            # Same height as an input line, so that the message below it does not move the label.
            label.setFixedHeight(self.document.sizeHint().height())
            form.addRow(label, field)
        if len(self._findings) > 1:
            form.addRow(tr("Applies to"), make_column(self.only_this, self.all_selected))
        for signal, message in (
            (self.reason.textChanged, self._reason_message),
            (self.document.textChanged, self._document_message),
            (self.author.textChanged, self._author_message),
            (self.file.line.textChanged, self._file_message),
        ):
            signal.connect(lambda *_args, message=message: self._on_edited(message))
        for signal in (self.date.dateChanged, self.until.dateChanged, self.forever.toggled):
            signal.connect(self._validate_fields)
        # A relative path of an attachment starts at the folder of the waiver file.
        for line in (self.attachment.line, self.file.line):
            line.textChanged.connect(self._on_attachment_changed)
        return form

    # --- validation
    def _on_edited(self, message: FieldMessage) -> None:
        self._edited.add(message)
        self._validate_fields()

    def _on_attachment_changed(self) -> None:
        self._digest = ""
        if self.attachment.text():
            self._reading.start()
        else:
            self._reading.stop()
        self._validate_fields()

    def _read_attachment(self) -> None:
        try:
            path = (Path(self.file.text()).parent if self.file.text() else Path()) / self.attachment.text()
            self._digest, self._attachment_bytes = compute_sha256(path), path.stat().st_size
        except (OSError, ValueError):
            self._digest = None
        self._validate_fields()

    def _validate_fields(self) -> None:
        """Show what each blank field lacks, as an error if the user edited the field, else as a hint.

        Enable OK if every required field is filled and no field has an error.
        """
        required_fields = (
            (self._reason_message, self.reason.toPlainText(), tr("Enter the reason.")),
            (self._document_message, self.document.text(), tr("Enter the number of the approving document.")),
            (self._author_message, self.author.text(), tr("Enter the name of the person who registers the waiver.")),
            (
                self._file_message,
                self.file.text(),
                tr("Choose the file for the waivers, preferably in the data folder."),
            ),
        )
        blank_fields = {field_message: message for field_message, text, message in required_fields if not text.strip()}
        for field_message in (self._reason_message, self._document_message, self._author_message, self._file_message):
            if field_message in blank_fields and field_message in self._edited:
                field_message.show_text(blank_fields[field_message], "error")
            else:
                missing, hint = blank_fields.get(field_message, ""), field_message.default_hint
                both = tr("{first} {second}").format(first=missing, second=hint)
                field_message.show_hint(both if missing and hint else missing)
        end_date = None if self.forever.isChecked() else _read_date(self.until)
        if end_date is not None and end_date < _read_date(self.date):
            self._at_until.show_text(
                tr("The expiry date is before the date of registration. Correct the expiry date."), "error"
            )
        else:
            self._at_until.show_hint()
        if self._reading.isActive():
            self._attachment_message.show_hint(tr("Reading the attachment…"))
        elif self._digest is None:
            self._attachment_message.show_text(
                tr("The attachment cannot be read. Check its path, or leave it empty."), "error"
            )
        elif self._digest:
            text = tr("File found: {size}; its digest (SHA-256) {digest} is stored, so that a changed file is reported")
            short = f"{self._digest[:8]}…{self._digest[-4:]}"
            size = QgsFileUtils.representFileSize(self._attachment_bytes)
            self._attachment_message.show_text(text.format(size=size, digest=short), "ok")
            self._attachment_message.message.setToolTip(
                f"{self._attachment_message.text()}\n{messages.explain_digest()}"
            )
        else:
            self._attachment_message.show_hint()
        self.ok.setEnabled(not blank_fields and not self.find_errors() and not self._reading.isActive())
        # QGIS shows the tooltip of a disabled button too: it names what the button waits for.
        self.ok.setToolTip("\n".join(blank_fields.values()))

    def find_errors(self) -> list[str]:
        """Return the errors in the fields of the dialog, from top to bottom."""
        return [message.error for message in self._messages if message.error]

    # --- result

    def read_entry(self) -> Any:
        """Return the entered reason, document, author and dates of the waiver."""
        from ...core.engine.waivers.waiver import WaiverEntry

        return WaiverEntry(
            reason=self.reason.toPlainText().strip(),
            document=self.document.text().strip(),
            author=self.author.text().strip(),
            date=_read_date(self.date),
            until=None if self.forever.isChecked() else _read_date(self.until),
            attachment=self.attachment.text(),
            digest=self._digest or "",
        )

    def accept(self) -> None:
        if not self.ok.isEnabled():
            return
        entries = self.read_entry()
        try:
            findings = [self._selected_finding] if self.only_this.isChecked() else self._findings
            self._save_waivers(findings, entries, Path(self.file.text()))
        except SanxianError as error:
            self._file_message.show_text(messages.explain_error(error), "error")
            return
        settings.store_setting(settings.WAIVER_AUTHOR, entries.author)
        super().accept()


def _read_date(edit: QDateEdit) -> date:
    day = edit.date()
    return date(day.year(), day.month(), day.day())


def _summarise_findings(findings: list[Any]) -> str:
    """Return a summary of several findings by rule, with their total area; empty for one."""
    if len(findings) == 1:
        return ""
    counts = Counter(f.code for f in findings).most_common()
    rules = join_first([f"{code} × {count}" for code, count in counts], tr(", "), limit=_MAX_NAMED_RULES)
    area = sum_finding_areas(findings)
    text = tr("{count} findings: {rules}").format(count=len(findings), rules=rules)
    return text if area is None else f"{text}  {format_hectares_in_list(area)}"


class WaiverActions(QObject):
    """Registers waivers of findings and withdraws them.

    ``has_current_result``: returns True if the displayed result is of the open project. Signal ``changed(findings,
    change)``: the findings that were waived or reopened, and the findings about waivers that ended or appeared
    (`core.checks.live.session.FindingsChange`). The data are not checked again.
    """

    changed = pyqtSignal(list, object)

    def __init__(self, dock: FindingsDock, has_current_result: Callable[[], bool], parent: QObject | None = None):
        super().__init__(parent)
        self._dock, self._has_current_result = dock, has_current_result
        dock.navigation.waive.accept.connect(self.register_waivers)
        dock.navigation.waive.withdraw.connect(self.withdraw_waivers)

    def get_waiver_path(self) -> Path | None:
        """Return the path of the waiver file, which need not exist."""
        check_waiver_path = self._dock.result.check_result.waivers.path
        project = QgsProject.instance()
        if check_waiver_path is not None or not self._has_current_result():
            return check_waiver_path
        return saved_paths.find_waiver_file_of_layers(project, role_recognition.list_plan_layers(project))

    def register_waivers(self, findings: list[Any]) -> None:
        """Ask for reason, document and author of a waiver, then write it to the file."""
        from ...core.engine.waivers.file import change_waivers
        from ...core.engine.waivers.waiver import make_waivers

        default_path = self.get_waiver_path()
        waived_findings: list[Any] = []

        def save_waivers(chosen_findings: list[Any], waiver_entry: Any, path: Path) -> None:
            limits = self._dock.result.check_result.waivers.limits
            new_waivers = make_waivers(chosen_findings, waiver_entry, limits, path.parent)
            self.apply_waivers(change_waivers(path, added_waivers=new_waivers, limits=limits), path)
            waived_findings[:] = chosen_findings
            if path != default_path and self._has_current_result():
                saved_paths.store_path(QgsProject.instance(), saved_paths.WAIVERS_KEY, str(path))

        dialog = WaiverDialog(
            findings,
            default_path,
            save_waivers,
            self._dock.window(),
            selected_finding=self._dock.tree.get_selected_finding(),
            titles={rule.code: rule.heading for rule in self._dock.result.report.rules},
            get_layer_name=partial(get_layer_name, self._dock.result),
        )
        if dialog.exec():
            text = tr("{count} waived, kept in {file}. Press Waived above the list to see them.")
            if "waived" in self._dock.verdict.kinds:
                text = tr("{count} waived, kept in {file}. They stay in the list.")
            self._dock.show_note(text.format(count=len(waived_findings), file=Path(dialog.file.text()).name))
        dialog.deleteLater()

    def withdraw_waivers(self, findings: list[Any]) -> None:
        """Remove the waivers of these findings from the waiver file, and reopen the findings."""
        from ...core.engine.waivers.file import change_waivers

        numbers = {f.params["waiver"]["id"] for f in findings}
        path, limits = self.get_waiver_path(), self._dock.result.check_result.waivers.limits
        try:
            self.apply_waivers(change_waivers(path, removed_ids=numbers, limits=limits), path)
        except SanxianError as error:
            self._dock.show_note(messages.explain_error(error))
            return
        self._dock.show_note(tr("{count} withdrawn from {file}.").format(count=len(numbers), file=path.name))

    def apply_waivers(self, entries: tuple[Any, ...], path: Path) -> None:
        """Apply the waivers in the file to the displayed findings."""
        from ...core.checks.live.session import FindingsChange
        from ...core.engine.waivers.application import apply_waivers
        from ...core.engine.waivers.file import renew_waiver_notices

        result = self._dock.result
        check_result = result.check_result
        plan, report, former_waivers = check_result.plan, check_result.report, check_result.waivers
        check_result.waivers = replace(former_waivers, entries=entries, path=path, file_exists=True)
        renew_waiver_notices(report, former_waivers, check_result.waivers, result.texts)
        templates = plan.templates
        report_ids = {id(f) for f in report.findings}
        applied_waivers = apply_waivers(
            report,
            plan,
            check_result.waivers,
            lambda finding: format_message(result.texts, finding, templates),
            edited_findings=[f for f in result.findings if id(f) not in report_ids],
        )
        in_view = {id(f) for f in result.findings}
        change = FindingsChange(
            ended_findings=[f for f in applied_waivers.ended_findings if id(f) in in_view],
            new_findings=applied_waivers.new_findings,
        )
        self.changed.emit([f for f in applied_waivers.changed_findings if id(f) in in_view], change)
