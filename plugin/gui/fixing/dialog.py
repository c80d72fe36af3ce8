# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 修复预览: ways to fix a finding, what each changes on the map and in area, and what the rules find then."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ..findings.groups import get_finding_kind
from ..widgets import theme
from ..widgets.buttons import FocusedButtonDialog
from ..widgets.labels import set_bold
from ..widgets.layout import fill_layout, resize_within_screen
from ..widgets.sections import FormSection, make_faint_label
from .area_table import AreaRow, AreaTable
from .choice_list import ChoiceList
from .linked_maps import LinkedMaps
from .map_preview import FixShapes
from .outcome_box import OutcomeBox

_WIDTH_DIGITS, _HEIGHT_LINES = 128, 44


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


class FixDialog(TrialDialog):
    """Shows the fixes of one finding and requests to apply the chosen one; it changes nothing itself.

    Signals: those of `TrialDialog`; ``choiceShown`` with the chosen fix; ``stepped`` with the direction;
    ``documentRequested``: enter the document that allows the change of a sealed layer.
    """

    choiceShown = pyqtSignal(object)
    stepped = pyqtSignal(int)
    documentRequested = pyqtSignal()

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianFixDialog", windowTitle=tr("Fix Preview"))
        self.maps = LinkedMaps(main_canvas)
        self.choices, self.areas, self.outcome = ChoiceList(), AreaTable(), OutcomeBox()
        row = QHBoxLayout()
        self._icon, self._title, self._place = QLabel(), QLabel(), make_faint_label()
        set_bold(self._title)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._safety_icon, self.safety = QLabel(), QLabel()
        self.safety.setObjectName("SanxianFixSafety")
        fill_layout(row, self._icon, self._title, self._place, None, self._safety_icon, self.safety)
        self._rows = fill_layout(
            QVBoxLayout(self),
            row,
            (self.maps, 3),
            (self._make_columns(), 2),
            self._make_status_line(),
            self._make_buttons(),
        )
        self.choices.chosen.connect(self.choiceShown)
        size = self.fontMetrics()
        resize_within_screen(self, size.horizontalAdvance("0") * _WIDTH_DIGITS, size.lineSpacing() * _HEIGHT_LINES)
        #: What both maps show.
        self.shapes: FixShapes | None = None
        self.show_state("", can_apply=False)

    # --- widgets

    def _make_columns(self) -> QHBoxLayout:
        row = QHBoxLayout()
        boxes = []
        for title, about, widget, share in (
            (tr("Method"), "", self.choices, 4),
            (tr("Area change"), tr("statutory area"), self.areas, 6),
            (tr("Trial re-check"), "", self.outcome, 3),
        ):
            box = FormSection(title, about)
            box.layout_.addWidget(widget, 1)
            row.addWidget(box, share)
            boxes.append(box)
        # Without any way that applies they are empty: the reasons get their room.
        for box in boxes[1:]:
            self.choices.answered.connect(box.setVisible)
        return row

    def _make_status_line(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedWidth(self.fontMetrics().horizontalAdvance("0") * 24)
        self.cancel_button = QPushButton(tr("Cancel"), clicked=self.cancelRequested)
        self.status = QLabel(objectName="SanxianFixStatus", wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.document_button = QPushButton(
            tr("Enter Document Number…"), objectName="SanxianFixDocument", clicked=self.documentRequested
        )
        self.retry_button = QPushButton(tr("Try Again"), objectName="SanxianFixRetry", clicked=self.retryRequested)
        fill_layout(row, self.progress, self.cancel_button, (self.status, 1), self.document_button, self.retry_button)
        return row

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.hint = make_faint_label()
        row.addWidget(self.hint, 1)
        self.previous = QPushButton(theme.load_icon("previous"), tr("Previous"))
        self.skip = QPushButton(tr("Skip"), objectName="SanxianFixSkip")
        self.apply = QPushButton(tr("Apply"), objectName="SanxianFixApply", default=True)
        close = QPushButton(tr("Close"), objectName="SanxianFixClose")
        self.previous.clicked.connect(lambda: self.stepped.emit(-1))
        self.skip.clicked.connect(lambda: self.stepped.emit(1))
        self.apply.clicked.connect(self.applyRequested)
        close.clicked.connect(self.reject)
        for button in (self.previous, self.skip, self.apply, close):
            # Enter on Close must not apply a fix; after a click on Skip or Previous it must.
            button.setAutoDefault(button in (self.apply, close))
            row.addWidget(button)
        return row

    # --- content
    def show_finding(self, finding: Any, title: str, position: str, shapes: FixShapes) -> None:
        """Show a finding whose fixes are being tried."""
        place = tr("  ").join(text for text in (finding.township, position) if text)
        self.show_fix_subject(theme.KIND_ICONS[get_finding_kind(finding)], f"{finding.code}  {title}", place, shapes)

    def show_fix_subject(self, icon: str, title: str, place: str, shapes: FixShapes) -> None:
        """Show the finding or feature to fix in the heading and on the maps, without a fix."""
        size = QgsApplication.scaleIconSize(16)
        self._icon.setPixmap(theme.load_pixmap(icon, size, self.devicePixelRatioF()))
        self._title.setText(title)
        self._place.setText(place)
        self.setToolTip("")
        self.maps.refresh_layers()
        self.maps.show_shapes(shapes)
        self.choices.show_choices([], None)
        self.show_proposal(None, None, [], shapes)

    def show_proposal(self, proposal: Any, texts: Any, rows: list[AreaRow], shapes: FixShapes) -> None:
        """Show the areas, shapes and findings that the chosen fix changes.

        ``proposal``: `core.fixes.proposal.Proposal`, None without a fix; ``texts``: `core.fixes.fix_texts.FixTexts`;
        ``rows``: areas of the layers; ``shapes``: shapes for the maps.
        """
        self.areas.show_rows(rows)
        self.outcome.show_proposal(proposal, texts)
        self.shapes = shapes
        self.maps.show_shapes(shapes)
        self._safety_icon.setVisible(proposal is not None)
        self.safety.setVisible(proposal is not None)
        if proposal is None:
            return
        safe = proposal.is_safe
        size = self.fontMetrics().height()
        self._safety_icon.setPixmap(theme.load_pixmap("ok" if safe else "warning", size, self.devicePixelRatioF()))
        self.safety.setText(tr("Safe: formal or sliver change") if safe else tr("To confirm"))

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
        self.apply.setEnabled(can_apply)
        self.apply.setText(tr("Start Editing and Apply") if can_apply and layers_to_start_editing else tr("Apply"))
        if can_apply and layers_to_start_editing:
            self.hint.setText(
                tr("“{layers}” will be switched to edit mode. One undo reverts everything.").format(
                    layers=layers_to_start_editing
                )
            )
        else:
            self.hint.setText(tr("One edit step in the edit buffer; one undo (Ctrl+Z) reverts everything."))
