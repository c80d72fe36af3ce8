# SPDX-License-Identifier: GPL-2.0-or-later
"""Buttons below the findings list: zoom, waive or withdraw, previous and next."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QSize, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from ...bridge.texts import tr
from ..widgets import FittedWidget, fill_layout, theme
from .groups import can_be_fixed


def can_withdraw_waiver(finding: Any) -> bool:
    """Return True if the user can withdraw a waiver by this finding: it is waived, or it is about a waiver."""
    return bool(finding.params.get("waiver"))


def find_waiver_refusal_text(finding: Any) -> str:
    """Return why a finding cannot be waived; an empty text if it can."""
    from ...core.engine.waivers.waiver import find_refusal_reason

    return {
        "": "",
        "run": tr("The finding concerns the check itself, not the data."),
        "forced": tr(
            "The package was made although its plan does not pass. This cannot be waived: correct the plan, or "
            "waive its findings there, and export again."
        ),
        "info": tr("A note does not affect the verdict and need not be waived."),
        "fid": tr(
            "The feature has no unique key (BSM), only a feature id, which changes in another file, so it cannot "
            "be waived permanently. Correct the key first."
        ),
    }[find_refusal_reason(finding)]


def _can_be_waived(finding: Any) -> bool:
    # Imported only for a finding, which needs the libraries of the check.
    from ...core.engine.waivers.waiver import find_refusal_reason

    return finding.state != "waived" and not find_refusal_reason(finding)


class WaiveButton(QPushButton):
    """Button 豁免… or 撤销豁免, which waives findings or withdraws waivers.

    Signals: ``accept(findings)``: waive them; ``withdraw(findings)``: withdraw their waivers.
    """

    accept = pyqtSignal(list)
    withdraw = pyqtSignal(list)

    def __init__(self):
        super().__init__(tr("Waive…"), objectName="SanxianWaive")
        self._findings: list[Any] = []
        self._withdraws_waiver = False
        self.clicked.connect(self.perform_action)
        self.set_selected_findings([])

    def waive_selected(self) -> None:
        """Waive the selected findings (key W); never withdraw a waiver."""
        if not self._withdraws_waiver:
            self.click()

    def set_selected_findings(self, findings: list[Any]) -> None:
        """Set text and action of the button for the selected findings.

        The button withdraws waivers only if none of the selected findings can be waived.
        """
        open_findings = [f for f in findings if _can_be_waived(f)]
        waived_findings = [] if open_findings else [f for f in findings if can_withdraw_waiver(f)]
        self._findings, self._withdraws_waiver = open_findings or waived_findings, bool(waived_findings)
        count = len(self._findings)
        if waived_findings:
            text = tr("Withdraw Waiver") if count == 1 else tr("Withdraw {count} Waivers").format(count=count)
        else:
            text = tr("Waive…") if count < 2 else tr("Waive {count}…").format(count=count)
        self.setText(text)
        self.setEnabled(bool(self._findings))
        if waived_findings:
            tip = tr("Remove the waiver from its file; the finding is open again")
        elif open_findings:
            tip = tr("Accept with reason, document and author; it stays in the report (several: with Ctrl or Shift)")
        else:
            tip = find_waiver_refusal_text(findings[0]) if findings else tr("Select the findings to accept")
        self.setToolTip(tip)

    def perform_action(self) -> None:
        if self._findings:
            (self.withdraw if self._withdraws_waiver else self.accept).emit(self._findings)


class FixButton(QPushButton):
    """Button 修复…, which previews fixes of the selected finding, or of several.

    Signal ``fix(findings)``: preview the fixes of one or more findings. ``can_be_fixed``: whether a fix may change one.
    """

    fix = pyqtSignal(list)

    def __init__(self):
        super().__init__(tr("Fix…"), objectName="SanxianFix")
        self.can_be_fixed = can_be_fixed
        self._findings: list[Any] = []
        self.clicked.connect(self.perform_action)
        self.set_selected_findings([])

    def set_selected_findings(self, findings: list[Any]) -> None:
        """Set the findings to fix: those of the selected ones that a fix may change."""
        self._findings = [f for f in findings if self.can_be_fixed(f)]
        count = len(self._findings)
        self.setText(tr("Fix…") if count < 2 else tr("Fix {count}…").format(count=count))
        self.setEnabled(bool(self._findings))
        if count > 1:
            tip = tr("Try the fixes of all selected findings and list what would happen")
        elif count == 1:
            tip = tr("Try the fixes on a copy and show them on the map before anything changes (F)")
        elif findings:
            tip = tr("No fix for this kind of finding. Follow “How to fix” in the panel.")
        else:
            tip = tr("Select the findings to fix; a rule selects all its findings")
        self.setToolTip(tip)

    def perform_action(self) -> None:
        if self._findings:
            self.fix.emit(self._findings)


class NavigationBar(FittedWidget, QWidget):
    """Buttons below the list: zoom, waive, fix, previous and next.

    Signals: ``stepped(direction)``: 1 for the next finding, −1 for the previous one; ``openRequested``: go to the next
    finding that needs work.
    """

    zoomRequested = pyqtSignal()
    stepped = pyqtSignal(int)
    openRequested = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.next_open = QPushButton(
            tr("Next Open"),
            accessibleName=tr("Next Open"),
            objectName="SanxianNextOpen",
            toolTip=tr("Next finding that needs work, in the order of the list (N)"),
            clicked=self.openRequested,
            visible=False,
        )
        self.zoom = QPushButton(tr("Zoom"), objectName="SanxianZoom", clicked=self.zoomRequested)
        self.fix = FixButton()
        self.waive = WaiveButton()
        self._kind_and_place: tuple[str, str] = ("", "")
        self.previous = QPushButton(tr("Previous"), clicked=lambda: self.stepped.emit(-1))
        self.next = QPushButton(tr("Next"), clicked=lambda: self.stepped.emit(1))
        theme.set_icon(self.previous, "previous")
        theme.set_icon(self.next, "next")
        self.position = QLabel(objectName="SanxianPosition")
        self._step_texts = {button: button.text() for button in (self.previous, self.next)}
        for button, text in self._step_texts.items():
            button.setAccessibleName(text)
            button.setToolTip(text)
        fill_layout(
            QHBoxLayout(self),
            self.zoom,
            self.fix,
            self.waive,
            None,
            self.previous,
            self.position,
            self.next,
            self.next_open,
            has_margins=False,
        )

    def set_selected_findings(self, findings: list[Any]) -> None:
        """Set the findings that can be waived or fixed; their number is on the buttons."""
        self.waive.set_selected_findings(findings)
        self.fix.set_selected_findings(findings)
        self.fit_contents()

    def show_position(self, position: tuple[int, int, str] | None) -> None:
        """Show the position of the selected finding among those of its kind, given as (position, count, kind).

        Show nothing for None.
        """
        kind_name = theme.get_kind_word(position[2]) if position else ""
        self._kind_and_place = (kind_name, f"{position[0]}/{position[1]}" if position else "")
        self.position.setToolTip(
            tr("{word}: {count} listed").format(word=kind_name, count=position[1]) if position else ""
        )
        self.fit_contents()

    def fit_contents(self) -> None:
        """Shorten texts in a narrow panel until all fit: those of the arrows, the kind of finding, “Next Open”."""
        kind, place = self._kind_and_place
        for shortened_count in range(4):
            shows_arrow_texts, shows_kind = shortened_count < 1, shortened_count < 2
            self.next_open.setText(tr("Next Open") if shortened_count < 3 else tr("Unfinished"))
            for button, text in self._step_texts.items():
                button.setText(text if shows_arrow_texts else "")
            self.position.setText(f"{kind} {place}".strip() if shows_kind else place)
            # The buttons may be as narrow as their texts, so that the position is not cut.
            for button in (self.zoom, self.fix, self.waive, self.previous, self.next, self.next_open):
                icon_width = 0 if button.icon().isNull() else button.iconSize().width()
                text_width = button.fontMetrics().horizontalAdvance(button.text())
                button.setMinimumWidth(icon_width + text_width + button.fontMetrics().height())
            self.layout().invalidate()
            if self.layout().minimumSize().width() <= self.width():
                break

    def offer_next_open(self, is_offered: bool) -> None:
        """Show or hide the button for the next finding that needs work."""
        self.next_open.setVisible(is_offered)
        self.fit_contents()

    def minimumSizeHint(self) -> QSize:
        """Return a small width, because the texts adapt to the width of the panel."""
        return QSize(0, super().minimumSizeHint().height())
