# SPDX-License-Identifier: GPL-2.0-or-later
"""Re-check of selected findings, of their layers, or of the map view.

A finding of one rule may depend on the whole county (totals, gaps, keys used twice), so every re-check is a check of
the project. Rules with unchanged layers and settings are not computed again. Afterwards a message states what became of
the findings in question.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qgis.core import QgsCoordinateTransform, QgsProject
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QMenu, QToolButton

from ...bridge.texts import tr
from ..findings.dock import FindingsDock
from ..widgets import MessageBarMessages, add_menu_entry


class RecheckMenu(QObject):
    """Menu of the button that checks again; `report_after_check` is to be called with each new result.

    ``start_check``: starts a check of the project; ``has_current_result``: returns True if the displayed result is of
    the open project.
    """

    def __init__(
        self,
        iface: Any,
        dock: FindingsDock,
        start_check: Callable[[], None],
        has_current_result: Callable[[], bool],
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._iface, self._dock = iface, dock
        self._start_check, self._has_current_result = start_check, has_current_result
        self.messages = MessageBarMessages(iface, tr("Re-check"))
        #: Name of what is checked again, and its findings; None for a check of everything.
        self._asked: tuple[str, list[Any]] | None = None
        self._menu = QMenu(dock)
        self._menu.aboutToShow.connect(self._fill_menu)
        dock.run_button.setMenu(self._menu)
        dock.run_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)

    def forget(self) -> None:
        """Forget what was asked for, after a check failed or was cancelled."""
        self._asked = None

    def _fill_menu(self) -> None:
        self._menu.clear()
        has_result = self._has_current_result()
        for text, find in (
            (tr("Selected Findings"), self._dock.tree.list_selected_findings),
            (tr("Layers of the Selected Findings"), self.list_findings_of_layers),
            (tr("Findings in the Map View"), self.list_findings_in_view),
        ):
            findings = find() if has_result else []
            add_menu_entry(
                self._menu,
                tr("{first} ({count})").format(first=text, count=len(findings)),
                partial(self.check_again, text, findings),
                is_enabled=bool(findings) and self._dock.run_button.isEnabled(),
            )
        self._menu.addSeparator()
        add_menu_entry(self._menu, tr("Everything"), self._start_check)

    def list_findings_of_layers(self) -> list[Any]:
        """Return the findings on the layers of the selected findings."""
        roles = {role for f in self._dock.tree.list_selected_findings() for role in (f.role, f.related_role) if role}
        return [f for f in self._dock.result.findings if roles & {f.role, f.related_role}] if roles else []

    def list_findings_in_view(self) -> list[Any]:
        """Return the findings with a place in the map view."""
        import numpy as np
        import shapely

        canvas, result = self._iface.mapCanvas(), self._dock.result
        transform = QgsCoordinateTransform(
            canvas.mapSettings().destinationCrs(), result.crs, QgsProject.instance().transformContext()
        )
        view = transform.transformBoundingBox(canvas.extent())
        box = shapely.box(view.xMinimum(), view.yMinimum(), view.xMaximum(), view.yMaximum())
        shapes = np.array([f.geometry for f in result.findings], dtype=object)
        return [result.findings[n] for n in np.flatnonzero(shapely.intersects(shapes, box)).tolist()]

    def check_again(self, name: str, findings: list[Any]) -> None:
        """Check the project; the result is reported for these findings."""
        self._asked = (name, findings)
        self._start_check()

    def report_after_check(self, new_findings: list[Any]) -> None:
        """Report what became of the findings that were to be checked again."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        name, findings = asked
        present = {f.fingerprint for f in new_findings}
        remaining = sum(f.fingerprint in present for f in findings)
        text = tr(
            "{name}: {total} findings, {ended} no longer found, {remaining} remain. The whole project was checked, "
            "because findings also depend on other land; rules with unchanged data kept their results."
        ).format(name=name, total=len(findings), ended=len(findings) - remaining, remaining=remaining)
        self.messages.show_message(text, "success" if not remaining else "info")
