# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算 on the desktop: the toolbox's own dialog, and what came of it in a line that stays."""

from __future__ import annotations

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from ..bridge.texts import tr


class FiguresDialog:
    def __init__(self, iface):
        self._iface = iface

    def show(self) -> None:
        """指标计算…: the log is closed with the dialog, so the counts are said here, too, with a button for the workbook."""
        import processing

        results = processing.execAlgorithmDialog("sanxian:compute_indicators", {})
        if not results or "COMPUTED" not in results:
            return
        bar = self._iface.messageBar()
        text = tr(
            "{computed} indicators; targets met {met}, little left {little}, missed {missed}; {lacking} that no layer gives."
        )
        missed = results["BROKEN"] + results["ROUNDING"]
        told = text.format(
            computed=results["COMPUTED"],
            met=results["MET"],
            little=results["LITTLE_LEFT"],
            missed=missed,
            lacking=results["NOT_COMPUTED"],
        )
        item = bar.createMessage(tr("Indicators"), told)
        workbook = results.get("OUTPUT_XLSX")
        if workbook:
            button = QPushButton(tr("Open the workbook"))
            button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(workbook))))
            item.layout().addWidget(button)
        item.setDuration(0)
        bar.pushItem(item)
