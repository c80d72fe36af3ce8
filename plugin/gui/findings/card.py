# SPDX-License-Identifier: GPL-2.0-or-later
"""A framed summary of one finding: severity, rule, location, area, feature keys and message."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from ..widgets import look
from .detail_pane import figures, keys_text, text_label
from .groups import kind_of


class FindingCard(QFrame):
    """``title``: the problem, as the list names it; ``more``: a line about further findings."""

    def __init__(self, finding: Any, title: str, more: str = "", parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianFindingCard")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        mark = QLabel()
        icon = look.KIND_ICONS[kind_of(finding)]
        mark.setPixmap(look.pixmap(icon, QgsApplication.scaleIconSize(16, True), self.devicePixelRatioF()))
        head = text_label(f"{finding.code}  {title}".strip())
        font = head.font()
        font.setBold(True)
        head.setFont(font)
        texts = QVBoxLayout()
        texts.addWidget(head)
        for text in (figures(finding), keys_text(finding), finding.message, more):
            if text:
                texts.addWidget(text_label(text))
        row = QHBoxLayout(self)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
