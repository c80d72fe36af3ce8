# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 修复预览: ways to fix a finding, what each changes on map and in area, and what the rules find then."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from qgis.core import QgsApplication
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QTextLayout, QTextOption
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ..findings.groups import get_finding_kind
from ..widgets import (
    FocusedButtonDialog,
    FormSection,
    WholeRows,
    fill_layout,
    keep_figures_whole,
    make_faint_label,
    make_row,
    resize_within_screen,
    set_bold,
    theme,
)
from .change_preview import AreaRow, AreaTable, FixShapes, LinkedMaps

#: Maximum number of new findings shown with their messages.
_MAX_SHOWN_FINDINGS = 4
#: More untried rules are named by their codes alone.
_MAX_NAMED_RULES = 5
#: Minimum width of a list, in digits.
_MIN_DIGITS = 24
_WIDTH_DIGITS, _HEIGHT_LINES = 128, 44


class OutcomeBox(QScrollArea):
    """Scroll area that lists the effects of a tried fix, each with icon and text."""

    def __init__(self):
        super().__init__(
            objectName="SanxianFixOutcome",
            widgetResizable=True,
            frameShape=QScrollArea.Shape.NoFrame,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        self.lines: list[str] = []
        self.show_proposal(None, None)

    def show_proposal(self, proposal: Any, texts: Any) -> None:
        """Show the effects of a proposal (`core.fixes.proposal.Proposal`); show nothing for None."""
        page = QWidget()
        layout = fill_layout(QVBoxLayout(page), has_margins=False)
        outcomes = [] if proposal is None else _list_outcomes(proposal, texts)
        self.lines = [text for _icon, text in outcomes]
        for icon, text in outcomes:
            mark = QLabel(pixmap=theme.load_pixmap(icon, self.fontMetrics().height(), self.devicePixelRatioF()))
            label = QLabel(keep_figures_whole(text), textFormat=Qt.TextFormat.PlainText, wordWrap=True)
            # The text is beside its icon, also if the row is higher than the text.
            top = Qt.AlignmentFlag.AlignTop
            layout.addLayout(make_row((mark, 0, top), (label, 1, top)))
        layout.addStretch()
        self.setWidget(page)


def _list_outcomes(proposal: Any, texts: Any) -> list[tuple[str, str]]:
    """Return (icon, text) for each effect of a proposal: doubts, findings that appear, findings that end.

    Warnings are first, because the list of a low dialog scrolls.
    """
    lines = [
        ("warning", tr("Needs confirmation: {reason}").format(reason=doubt)) for doubt in texts.list_doubts(proposal)
    ]
    if added_findings := proposal.added_findings:
        lines.append(("warning", tr("Adds: {rules}").format(rules=_format_counts_by_rule(added_findings, texts))))
        shown_findings = added_findings[:_MAX_SHOWN_FINDINGS]
        lines += [("info", finding.message) for finding in shown_findings if finding.message]
    for icon, text, findings in (
        ("info", tr("Remains, under another key: {rules}"), [one for _, one in proposal.renamed]),
        ("ok", tr("Resolves: {rules}"), proposal.resolved_findings),
        (
            "info",
            tr("Other findings of the rule remain on the land of: {rules}"),
            [former for former, _ in proposal.remaining],
        ),
    ):
        if findings:
            lines.append((icon, text.format(rules=_format_counts_by_rule(findings, texts))))
    if not added_findings:
        text = tr("No new findings, rules below aside") if proposal.untried_rules else tr("No new findings")
        lines.append(("ok", text))
    if proposal.untried_rules:
        name_rule = texts.name_rule if len(proposal.untried_rules) <= _MAX_NAMED_RULES else str
        lines.append(("info", texts.describe_untried_rules(proposal, name_rule)))
    return lines


def _format_counts_by_rule(findings: list[Any], texts: Any) -> str:
    counts = Counter(finding.code for finding in findings)
    parts = [tr("{code} ({count})").format(code=texts.name_rule(code), count=n) for code, n in sorted(counts.items())]
    return tr(", ").join(parts)


class WrappedRadioButton(QRadioButton):
    """A radio button whose text has as many lines as its width requires. ``full_text``: the text in one line."""

    def __init__(self, text: str):
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        super().__init__(text, accessibleName=text, sizePolicy=policy)
        self.full_text = text

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("0") * _MIN_DIGITS // 2, self.sizeHint().height())

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        text_rect = self.style().subElementRect(QStyle.SubElement.SE_RadioButtonContents, option, self)
        width = text_rect.width()
        layout = QTextLayout(self.full_text, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        lines = []
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            lines.append(self.full_text[line.textStart() : line.textStart() + line.textLength()].rstrip())
        layout.endLayout()
        wrapped_text = "\n".join(lines)
        if wrapped_text != self.text():
            self.setText(wrapped_text)


class ChoiceList(QScrollArea):
    """Radio buttons for the fixes of a finding.

    Fixes that do not apply are disabled, with the reason. Signals: ``chosen`` with the chosen fix; ``answered(any
    applies)``: the fixes are listed, or the reason for an empty list.
    """

    chosen = pyqtSignal(object)
    answered = pyqtSignal(bool)

    def __init__(self):
        super().__init__(
            objectName="SanxianFixChoices",
            widgetResizable=True,
            frameShape=QFrame.Shape.NoFrame,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * _MIN_DIGITS)
        self.buttons: list[WrappedRadioButton] = []
        self._choices: list[Any] = []
        self.show_choices([], None)

    def show_choices(self, choices: list[Any], texts: Any, none_text: str = "") -> None:
        """Show choices (`core.fixes.choices.FixChoice`) and choose the first that applies.

        ``texts``: `core.fixes.proposal.FixTexts`; ``none_text``: shown without any choice.
        """
        page = QWidget()
        layout = fill_layout(QVBoxLayout(page), has_margins=False)
        self._choices, self.buttons = choices, []
        group = QButtonGroup(page)
        first = next((n for n, choice in enumerate(choices) if choice.proposal is not None), -1)
        for number, choice in enumerate(choices):
            title = texts.get_title(choice.fix)
            if number == first and len(choices) > 1:
                title = tr("{title} (recommended)").format(title=title)
            button = WrappedRadioButton(title)
            group.addButton(button, number)
            if choice.proposal is not None:
                text = texts.make_sentence(choice.proposal)
            else:
                button.setEnabled(False)
                # The reason below is of no use if the title has the hardly readable colour of disabled buttons.
                theme.set_faint(button)
                text = tr("Does not apply: {reason}").format(reason=texts.explain_refusal(choice.refusal))
            indent = self.fontMetrics().height() + self.fontMetrics().height() // 2
            fill_layout(layout, button, make_faint_label(keep_figures_whole(text), wordWrap=True, indent=indent))
            self.buttons.append(button)
        if not choices and none_text:
            layout.addWidget(QLabel(none_text, textFormat=Qt.TextFormat.PlainText, wordWrap=True))
        layout.addStretch()
        self.setWidget(page)
        group.idToggled.connect(self._on_toggled)
        if choices or none_text:
            self.answered.emit(first >= 0)
        if first >= 0:
            self.buttons[first].setChecked(True)

    @property
    def current(self) -> Any:
        """Return the chosen fix (`core.fixes.choices.FixChoice`); None without one."""
        return next((c for c, b in zip(self._choices, self.buttons, strict=True) if b.isChecked()), None)

    def _on_toggled(self, number: int, on: bool) -> None:
        if on:
            self.chosen.emit(self._choices[number])


class TrialDialog(FocusedButtonDialog):
    """A dialog about fixes that are tried on a copy of the layers; subclasses have its widgets and ``show_state``.

    Signals: ``applyRequested``; ``retryRequested``; ``cancelRequested``: stop trying the fixes.
    """

    applyRequested = pyqtSignal()
    retryRequested = pyqtSignal()
    cancelRequested = pyqtSignal()

    def show_progress(self, share: float | None) -> None:
        """Show the completed share (0 to 1) of the trial; None hides the progress."""
        if share is not None:
            # Before the bar is visible: a visible one is painted within the call, with the table beside it.
            self.progress.setRange(0, 100)
            self.progress.setValue(round(100 * share))
        for widget in (self.progress, self.cancel_button):
            widget.setVisible(share is not None)

    def show_trial(self, text: str) -> None:
        """Show with ``text`` that fixes are being tried on a copy of the layers; disable Apply."""
        self.show_state(text, can_apply=False)
        self.show_progress(0.0)

    def done(self, result: int) -> None:
        self.maps.release()
        super().done(result)


class DialogHeadings(NamedTuple):
    """Headings of a dialog about fixes: of the ways, beside that of the areas, and of both maps (None: of a fix)."""

    method: str
    areas: str
    maps: tuple[str, str] | None = None


class FixDialog(TrialDialog):
    """Shows the fixes of one finding and requests to apply the chosen one; it changes nothing itself.

    Signals: those of `TrialDialog`; ``choiceShown`` with the chosen fix; ``applyNextRequested``: apply the fix and show
    the next finding; ``stepped`` with the direction; ``documentRequested``: enter the document that allows the change
    of a sealed layer.
    """

    choiceShown = pyqtSignal(object)
    applyNextRequested = pyqtSignal()
    stepped = pyqtSignal(int)
    documentRequested = pyqtSignal()

    def __init__(
        self, main_canvas: QgsMapCanvas, parent: QWidget | None = None, headings: DialogHeadings | None = None
    ):
        super().__init__(parent, objectName="SanxianFixDialog", windowTitle=tr("Fix Preview"))
        headings = headings or DialogHeadings(tr("Method"), tr("statutory area"))
        self.maps = LinkedMaps(main_canvas, titles=headings.maps)
        self.choices, self.areas, self.outcome = ChoiceList(), AreaTable(), OutcomeBox()
        self._icon, self._title, self._place = (
            QLabel(),
            QLabel(textFormat=Qt.TextFormat.PlainText),
            make_faint_label(),
        )
        set_bold(self._title)
        self._safety_icon, self.safety = QLabel(), QLabel(objectName="SanxianFixSafety")
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedWidth(self.fontMetrics().horizontalAdvance("0") * 24)
        self.cancel_button = QPushButton(tr("Cancel"), clicked=self.cancelRequested)
        self.status = QLabel(objectName="SanxianFixStatus", wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.document_button = QPushButton(
            tr("Enter Document Number…"), objectName="SanxianFixDocument", clicked=self.documentRequested
        )
        self.retry_button = QPushButton(tr("Try Again"), objectName="SanxianFixRetry", clicked=self.retryRequested)
        columns = QHBoxLayout()
        self._boxes = []
        for title, about, widget, share in (
            (headings.method, "", self.choices, 4),
            (tr("Area change"), headings.areas, WholeRows(self.areas), 6),
            (tr("Trial re-check"), "", self.outcome, 4),
        ):
            box = FormSection(title, about)
            box.layout_.addWidget(widget, 1)
            columns.addWidget(box, share)
            self._boxes.append(box)
        # Without any way that applies they are empty: the reasons get their room.
        for box in self._boxes[1:]:
            self.choices.answered.connect(box.setVisible)
        state = make_row(self.progress, self.cancel_button, (self.status, 1), self.document_button, self.retry_button)
        state.addStrut(self.cancel_button.sizeHint().height())
        self._rows = fill_layout(
            QVBoxLayout(self),
            make_row(self._icon, self._title, self._place, None, self._safety_icon, self.safety),
            (self.maps, 3),
            (columns, 2),
            state,
            self._make_buttons(),
        )
        self.choices.chosen.connect(self.choiceShown)
        size = self.fontMetrics()
        resize_within_screen(self, size.horizontalAdvance("0") * _WIDTH_DIGITS, size.lineSpacing() * _HEIGHT_LINES)
        #: What both maps show.
        self.shapes: FixShapes | None = None
        self.show_state("", can_apply=False)

    # --- widgets

    def _make_buttons(self) -> QHBoxLayout:
        # Wrapped, it does not make the dialog wider than a small screen.
        self.hint = make_faint_label(wordWrap=True)
        self.previous = QPushButton(theme.load_icon("previous"), tr("Previous"), clicked=lambda: self.stepped.emit(-1))
        self.skip = QPushButton(tr("Skip"), objectName="SanxianFixSkip", clicked=lambda: self.stepped.emit(1))
        self._pressed: QPushButton | None = None
        self.apply_next = QPushButton(
            tr("Apply and Next"), objectName="SanxianFixApplyNext", clicked=self.applyNextRequested
        )
        self.apply = QPushButton(tr("Apply"), objectName="SanxianFixApply", default=True, clicked=self.applyRequested)
        close = QPushButton(tr("Close"), objectName="SanxianFixClose", clicked=self.reject)
        # Enter on Close must not apply a fix; after a click on Skip or Previous it must.
        for button in (self.previous, self.skip):
            button.setAutoDefault(False)
        return make_row((self.hint, 1), self.previous, self.skip, self.apply_next, self.apply, close)

    # --- content
    def show_finding(self, finding: Any, title: str, position: str, shapes: FixShapes) -> None:
        """Show a finding whose fixes are being tried."""
        place = tr("  ").join(text for text in (finding.township, position) if text)
        self.show_fix_subject(theme.KIND_ICONS[get_finding_kind(finding)], f"{finding.code}  {title}", place, shapes)

    def show_fix_subject(self, icon: str, title: str, place: str, shapes: FixShapes) -> None:
        """Show the finding or feature to fix in the heading and on the maps, without a fix."""
        self._icon.setPixmap(theme.load_pixmap(icon, QgsApplication.scaleIconSize(16), self.devicePixelRatioF()))
        self._title.setText(title)
        self._place.setText(place)
        self.setToolTip("")
        self.maps.refresh_layers()
        self.choices.show_choices([], None)
        self.show_proposal(None, None, [], shapes, is_decided=False)

    def show_proposal(
        self, proposal: Any, texts: Any, rows: list[AreaRow], shapes: FixShapes, *, is_decided: bool = True
    ) -> None:
        """Show the areas, shapes and findings that the chosen fix changes.

        ``proposal``: `core.fixes.proposal.Proposal`, None without a fix; ``texts``: `core.fixes.proposal.FixTexts`;
        ``rows``: areas of the layers; ``shapes``: shapes for the maps; ``is_decided``: False while fixes are tried.
        """
        self.areas.show_rows(rows)
        self.outcome.show_proposal(proposal, texts)
        self.shapes = shapes
        self.maps.show_shapes(shapes, has_fix=proposal is not None or not is_decided)
        self._safety_icon.setVisible(proposal is not None)
        self.safety.setVisible(proposal is not None)
        if proposal is not None:
            icon, size = "ok" if proposal.is_safe else "warning", self.fontMetrics().height()
            self._safety_icon.setPixmap(theme.load_pixmap(icon, size, self.devicePixelRatioF()))
            self.safety.setText(tr("Safe: formal or sliver change") if proposal.is_safe else tr("Review first"))

    def show_state(
        self,
        text: str,
        *,
        can_apply: bool,
        can_retry: bool = False,
        needs_document: bool = False,
        layers_to_start_editing: str = "",
    ) -> None:
        """Show whether the chosen fix can be applied, and why not.

        ``text``: the status line; ``can_retry``: show the button that tries again; ``needs_document``: show the button
        to enter the document of a sealed layer; ``layers_to_start_editing``: names of the layers that will be switched
        to edit mode, empty for none.
        """
        self.show_progress(None)
        self.status.setText(text)
        self.retry_button.setVisible(can_retry)
        self.document_button.setVisible(needs_document)
        # A disabled button passes the focus on, and Enter would close the dialog.
        for button in (self.apply, self.apply_next):
            if button.hasFocus():
                self._pressed = button
            button.setEnabled(can_apply)
        if can_apply and self._pressed is not None:
            self._pressed.setFocus()
            self._pressed = None
        text, hint = tr("Apply"), tr("One edit step in the edit buffer; one undo (Ctrl+Z) reverts everything.")
        if can_apply and layers_to_start_editing:
            text = tr("Start Editing and Apply")
            hint = tr("“{layers}” will be switched to edit mode. One undo reverts everything.")
        self.apply.setText(text)
        self.hint.setText(hint.format(layers=layers_to_start_editing))
