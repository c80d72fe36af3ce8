# SPDX-License-Identifier: GPL-2.0-or-later
"""Below the list: zoom, accept or withdraw, former and next."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from ...bridge.texts import tr
from ..widgets import look


def withdrawable(finding: Any) -> bool:
    """Is there a waiver behind it: one that holds, or one that it is about?"""
    return bool(finding.params.get("waiver"))


def acceptable(finding: Any) -> bool:
    from ...core.waivers.model import obstacle

    return finding.state != "waived" and not obstacle(finding)


def why_not(finding: Any) -> str:
    """Why a finding cannot be accepted; empty when it can."""
    from ...core.waivers.model import obstacle

    return {
        "": "",
        "run": tr("It is about the check itself, not about the data."),
        "info": tr("A note stands in nobody's way: there is nothing to waive."),
        "fid": tr(
            "The feature has no key of its own (BSM), only its feature id, which another file gives anew: it cannot be waived "
            "for good. Put the key right first."
        ),
    }[obstacle(finding)]


class WaiveButton(QPushButton):
    """``accept`` and ``withdraw`` come with findings."""

    accept = pyqtSignal(list)
    withdraw = pyqtSignal(list)

    def __init__(self, parent=None):
        super().__init__(tr("Waive…"), parent)
        self.setObjectName("SanxianWaive")
        self._findings: list[Any] = []
        self._takes_back = False
        self.clicked.connect(self.do)
        self.show_for([])

    def accept_only(self) -> None:
        """What the key W does: it accepts, and takes nothing back."""
        if not self._takes_back:
            self.click()

    def show_for(self, findings: list[Any]) -> None:
        """What of the selected findings can be done: waived ones are withdrawn where nothing open is selected with them."""
        fresh = [f for f in findings if acceptable(f)]
        back = [] if fresh else [f for f in findings if withdrawable(f)]
        self._findings, self._takes_back = fresh or back, bool(back)
        count = len(self._findings)
        if back:
            text = tr("Withdraw Waiver") if count == 1 else tr("Withdraw {count} Waivers").format(count=count)
        else:
            text = tr("Waive…") if count < 2 else tr("Waive {count}…").format(count=count)
        self.setText(text)
        self.setEnabled(bool(self._findings))
        self.setToolTip(self._tip(findings))

    def _tip(self, findings: list[Any]) -> str:
        if self._takes_back:
            return tr("Take the waiver out of its file; the finding is open again")
        if self._findings:
            return tr("Accept with reason, document and author; it stays in the report (several: with Ctrl or Shift)")
        return why_not(findings[0]) if findings else tr("Select the findings to accept")

    def do(self) -> None:
        if self._findings:
            (self.withdraw if self._takes_back else self.accept).emit(self._findings)


class WalkBar(QWidget):
    """``stepped`` comes with the direction."""

    zoomWished = pyqtSignal()
    stepped = pyqtSignal(int)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.zoom = QPushButton(tr("Zoom"))
        self.zoom.setObjectName("SanxianZoom")
        self.zoom.clicked.connect(self.zoomWished)
        self.waive = WaiveButton()
        self.previous = QPushButton(look.icon("previous"), tr("Previous"))
        self.previous.clicked.connect(lambda: self.stepped.emit(-1))
        self.next = QPushButton(look.icon("next"), tr("Next"))
        self.next.clicked.connect(lambda: self.stepped.emit(1))
        self.position = QLabel()
        self.position.setObjectName("SanxianPosition")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.zoom)
        row.addWidget(self.waive)
        row.addStretch()
        for one in (self.previous, self.position, self.next):
            row.addWidget(one)

    def show_position(self, found: tuple[int, int, str] | None) -> None:
        """Which of the findings of its kind the selected one is: number, of how many, kind."""
        self.position.setText(f"{found[0]} / {found[1]}" if found else "")
        if found:
            word = look.kind_word(found[2])
            self.position.setToolTip(tr("{word}: {count} in view").format(word=word, count=found[1]))

    def show_finding(self, finding: Any) -> None:
        self.zoom.setEnabled(finding is not None and finding.geom_kind != "none")

    def refresh_icons(self) -> None:
        self.previous.setIcon(look.icon("previous"))
        self.next.setIcon(look.icon("next"))
