# SPDX-License-Identifier: GPL-2.0-or-later
"""Tour of five steps over the sample county: check, findings, fixes, live check, results."""

from __future__ import annotations

from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QMainWindow

from ...bridge import settings
from ...bridge.settings import OFFER_TOUR
from ...bridge.texts import tr
from ..actions import MenuActions
from ..findings.dock import FindingsDock
from .card import TourCard, TourStep


class SampleTour(QObject):
    """Offers the tour once, when the sample county is opened for the first time; the options page offers it again."""

    def __init__(self, window: QMainWindow, actions: MenuActions, dock: FindingsDock, parent: QObject | None = None):
        super().__init__(parent)
        self._window, self._actions, self._dock = window, actions, dock
        self.card: TourCard | None = None

    def offer(self) -> None:
        """Begin the tour unless it was offered before."""
        if self.card is None and settings.read_setting(OFFER_TOUR, True):
            settings.store_setting(OFFER_TOUR, False)
            self.card = TourCard(self._make_steps(), self._window)
            self.card.ended.connect(self._forget_card)

    def end(self) -> None:
        """End the tour if it is shown."""
        if self.card is not None:
            self.card.end()

    def _forget_card(self) -> None:
        self.card = None

    def _make_steps(self) -> list[TourStep]:
        dock, toolbar = self._dock, self._actions.toolbar
        return [
            TourStep(
                tr("Check the plan"),
                tr(
                    "This button or F8 checks all layers while you go on working. Try it now: the sample has errors on "
                    "purpose."
                ),
                toolbar.widgetForAction(self._actions["check"]),
            ),
            TourStep(
                tr("Review the findings"),
                tr(
                    "Each line is a finding: select it, and the map shows the place; below the list you read why it "
                    "counts, how to fix it and where the rule comes from. F9 goes on to the next one."
                ),
                dock.stack,
            ),
            TourStep(
                tr("Fix with a preview"),
                tr(
                    "“Fix…” tries the fixes on a copy and shows shapes and areas before and after. Sealed layers stay "
                    "unchanged. One undo takes a fix back."
                ),
                dock.navigation.fix,
            ),
            TourStep(
                tr("Edit under the live check"),
                tr(
                    "While you draw, each edit is checked against all layers at once, and the panel Indicators shows "
                    "the expansion ratio and the margin to each target."
                ),
                toolbar.widgetForAction(self._actions["live"]),
            ),
            TourStep(
                tr("Hand in the results"),
                tr(
                    "Reports to sign, maps and the submission package are made from the checked plan; the package is "
                    "read back and compared. The manual is in the menu Sanxian."
                ),
                toolbar.widgetForAction(self._actions["package"]),
            ),
        ]
