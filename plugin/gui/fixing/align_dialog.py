# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 对齐: the fix preview with a choice of the layer to align with and of the distance."""

from __future__ import annotations

from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from ...bridge.texts import tr
from ..widgets.layout import fill_layout
from .dialog import FixDialog
from .map_preview import FixShapes

#: Limits and first value of the distance in metres.
_MIN_DISTANCE_M, _MAX_DISTANCE_M, _FIRST_DISTANCE_M = 0.01, 50.0, 0.5
#: Alignments are tried when the distance has not changed for so long.
_TYPING_DELAY_MS = 400


class AlignDialog(FixDialog):
    """Shows the ways to align a feature with the edges of another layer.

    Signals: ``changed`` when another layer or distance is chosen; ``surveyConfirmed`` when the person confirms that a
    survey is the right reference.
    """

    changed = pyqtSignal()
    surveyConfirmed = pyqtSignal()

    def __init__(self, main_canvas: QgsMapCanvas, references: list[tuple[str, str]], parent: QWidget | None = None):
        """Offer ``references``: code and name of each layer to align with."""
        super().__init__(main_canvas, parent)
        self.setObjectName("SanxianAlignDialog")
        self.setWindowTitle(tr("Align with Layer"))
        self.reference, self.distance, self.survey = QComboBox(), QDoubleSpinBox(), QCheckBox()
        self.reference.setObjectName("SanxianAlignReference")
        self.distance.setObjectName("SanxianAlignDistance")
        self.survey.setObjectName("SanxianAlignSurvey")
        for code, name in references:
            self.reference.addItem(name, code)
        self.distance.setRange(_MIN_DISTANCE_M, _MAX_DISTANCE_M)
        self.distance.setDecimals(2)
        self.distance.setSingleStep(0.1)
        self.distance.setValue(_FIRST_DISTANCE_M)
        self.distance.setSuffix(tr(" m"))
        self.survey.setText(tr("Its edges are the right ones, although it is a survey of another year or source"))
        self.survey.hide()
        self.skip.setText(tr("Next"))
        row = QHBoxLayout()
        for text, widget in ((tr("Align with"), self.reference), (tr("Distance"), self.distance)):
            label = QLabel(text)
            label.setBuddy(widget)
            fill_layout(row, label, widget)
        fill_layout(row, self.survey, None)
        self._rows.insertLayout(1, row)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_DELAY_MS, timeout=self.changed)
        self.reference.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.distance.valueChanged.connect(lambda _value: self._typing.start())
        self.survey.toggled.connect(lambda on: self.surveyConfirmed.emit() if on else None)

    @property
    def reference_role(self) -> str:
        """Return the code of the chosen layer, empty without one."""
        return str(self.reference.currentData() or "")

    def show_feature(self, title: str, position: str, shapes: FixShapes, *, is_only: bool) -> None:
        """Show the feature to align in the heading and on the maps.

        ``position``: which of the selected features it is, as text; ``is_only``: it is the only selected feature.
        """
        self.show_fix_subject("roles", title, position, shapes)
        for button in (self.previous, self.skip):
            button.setVisible(not is_only)

    def ask_about_survey(self, is_asked: bool) -> None:
        """Show or hide the box that confirms a survey as reference."""
        self.survey.setVisible(is_asked)
        self.survey.setChecked(False)
