# SPDX-License-Identifier: GPL-2.0-or-later
"""Fix one finding, or align selected features with another layer (对齐): try all ways, preview, apply one."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject, QgsVectorLayer, QgsWkbTypes
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from ...bridge.fixes.trial import make_alignment_trial, make_choices_trial
from ...bridge.project.county import read_confirmed_surveys, store_confirmed_survey
from ...bridge.texts import tr
from ..widgets import fill_layout
from .change_preview import FixShapes, make_finding_shapes
from .dialog import FixDialog
from .trial_runner import FixChoiceController

#: Limits and first value of the distance in metres.
_MIN_DISTANCE_M, _MAX_DISTANCE_M, _FIRST_DISTANCE_M = 0.01, 50.0, 0.5
#: Alignments are tried when the distance has not changed for so long.
_TYPING_DELAY_MS = 400
#: Most features that are aligned one after the other.
_MAX_FEATURES = 200


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
        self.reference = QComboBox(objectName="SanxianAlignReference")
        for code, name in references:
            self.reference.addItem(name, code)
        self.distance = QDoubleSpinBox(
            objectName="SanxianAlignDistance",
            decimals=2,
            minimum=_MIN_DISTANCE_M,
            maximum=_MAX_DISTANCE_M,
            singleStep=0.1,
            value=_FIRST_DISTANCE_M,
            suffix=tr(" m"),
        )
        self.survey = QCheckBox(
            tr("Its edges are the right ones, although it is a survey of another year or source"),
            objectName="SanxianAlignSurvey",
            visible=False,
        )
        self.skip.setText(tr("Next"))
        self.apply_next.hide()
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

    def ask_about_survey(self, is_asked: bool) -> None:
        """Show or hide the box that confirms a survey as reference."""
        self.survey.setVisible(is_asked)
        self.survey.setChecked(False)


class FindingFixer(FixChoiceController):
    """Opens the preview of the fixes of one finding and applies the chosen fix."""

    def __init__(self, *window_args: Any):
        super().__init__(*window_args)
        self._label = tr("Fix {code}: {title}")

    # --- open and close
    def open(self, finding: Any) -> None:
        """Open the preview of the fixes of a finding; an open preview shows this finding instead."""
        if self.dialog is None:
            self._show_dialog(FixDialog(self._iface.mapCanvas(), self._iface.mainWindow()))
            self.dialog.applyNextRequested.connect(self.apply_and_step)
            self.dialog.documentRequested.connect(self.ask_document)
        self._show_finding(finding)

    # --- what is shown
    def _show_finding(self, finding: Any) -> None:
        result = self._dock.result
        self._finding, self._documents = finding, {}
        self._read_texts()
        outcome = result.find_rule_outcome(finding.code)
        title = (outcome.problem or outcome.heading) if outcome is not None else ""
        position = (
            self._dock.tree.get_selected_position() if self._dock.tree.get_selected_finding() is finding else None
        )
        place = tr("{number} of {count}").format(number=position[0], count=position[1]) if position else ""
        self._mark.clear()
        self.dialog.show_finding(finding, title, place, make_finding_shapes(finding, result.crs))
        self.try_again()

    def try_again(self) -> None:
        choices_work = make_choices_trial(self._finding, self._documents)
        self.trial.start(tr("Try fixes of {code}").format(code=self._finding.code), choices_work)

    def show_choices(self, choices: list[Any]) -> None:
        """Show the fixes that were tried on a copy of the layers."""
        if not any(f.fingerprint == self._finding.fingerprint for f in self._dock.result.findings):
            self._show_refusal(tr("An edit has corrected this finding."))
            return
        self.note_sealed_layer(choices)
        none_text = tr("No fix for this kind of finding. Follow “How to fix” in the panel.")
        self.dialog.choices.show_choices(choices, self._texts, none_text)
        if self.dialog.choices.current is None:
            self._show_place_only()
            reason = tr("No fix can be offered; the reasons are above.") if choices else none_text
            self.dialog.show_state(reason, can_apply=False, needs_document=bool(self._sealed_role))

    # --- actions
    def apply_and_step(self) -> None:
        """Apply the chosen fix and show the next finding of the list; close the dialog after the last one."""
        if self._apply_chosen():
            if self._dock.tree.step_selection(1):
                self._show_finding(self._dock.tree.get_selected_finding())
            else:
                self.dialog.accept()

    def step(self, direction: int) -> None:
        """Show the next (1) or previous (−1) finding of the list and try its fixes."""
        if self._dock.tree.step_selection(direction):
            self._show_finding(self._dock.tree.get_selected_finding())
        else:
            text = tr("This is the last listed finding.") if direction > 0 else tr("This is the first listed finding.")
            self.dialog.status.setText(text)


class FeatureAligner(FixChoiceController):
    """Opens the preview of alignments for the selected features of a plan layer, one after the other."""

    def __init__(self, *window_args: Any):
        super().__init__(*window_args)
        self._label = tr("Align with layer: {title}")
        self._role = ""
        self._features: list[tuple[int, str]] = []
        self._position = 0

    def open(self, layer: QgsVectorLayer | None) -> str:
        """Open the preview for the layer's selected features; return why it cannot be opened, else an empty text."""
        roles = {one.id(): role for role, one in self._get_layers_by_role().items()}
        if layer is None or layer.id() not in roles:
            return tr("Choose a checked plan layer in the layer list and select the features to align.")
        role = roles[layer.id()]
        fids = sorted(layer.selectedFeatureIds())
        if not 1 <= len(fids) <= _MAX_FEATURES:
            return tr("Select 1 to {count} features of the layer “{layer}” to align ({selected} selected).").format(
                count=_MAX_FEATURES, layer=layer.name(), selected=len(fids)
            )
        self._read_texts()
        kinds = (QgsWkbTypes.GeometryType.PolygonGeometry, QgsWkbTypes.GeometryType.LineGeometry)
        references = [
            (one, self._texts.get_layer_name(one))
            for one, layer in self._get_layers_by_role().items()
            if one != role and layer.geometryType() in kinds
        ]
        if not references:
            return tr("The project has no other checked layer with areas or lines to align with.")
        self._role, self._position = role, 0
        key_field = self._dock.result.check_result.plan.layers[role].get_field_name("key")
        position = layer.fields().lookupField(key_field or "")
        self._features = [
            (feature.id(), str(feature.attribute(position) or "") if position >= 0 else "")
            for feature in layer.getSelectedFeatures()
        ]
        self.close()
        self._show_dialog(AlignDialog(self._iface.mapCanvas(), references, self._iface.mainWindow()))
        self.dialog.changed.connect(self._try_again)
        self.dialog.surveyConfirmed.connect(self._confirm_survey)
        self._show_feature()
        return ""

    def _show_feature(self) -> None:
        fid, key = self._features[self._position]
        name = key or tr("feature id {fid}").format(fid=fid)
        place = tr("{number} of {count}").format(number=self._position + 1, count=len(self._features))
        title = tr("{layer} {name}").format(layer=self._texts.get_layer_name(self._role), name=name)
        self.dialog.show_fix_subject("roles", title, place, self._make_place_shapes())
        for button in (self.dialog.previous, self.dialog.skip):
            button.setVisible(len(self._features) > 1)
        self._try_again()

    def _make_place_shapes(self) -> FixShapes:
        """Return the shape of the feature to align, as it is in its layer."""
        shapes = FixShapes(self._dock.result.crs)
        layer = self._get_layers_by_role().get(self._role)
        if layer is not None:
            shapes.place.append(layer.getGeometry(self._features[self._position][0]))
        return shapes

    def _try_again(self) -> None:
        """Start trying alignments with the chosen layer and distance, on a copy of the rows."""
        from ...core.fixes.choices import make_alignment_request

        fid, key = self._features[self._position]
        self._finding = make_alignment_request(self._role, key, fid, self.dialog.reference.currentData() or "")
        self.dialog.ask_about_survey(False)
        self.trial.start(tr("Try alignments"), make_alignment_trial(self._finding, self.dialog.distance.value()))

    def show_choices(self, choices: list[Any]) -> None:
        none_text = tr("No alignment can be offered.")
        self.dialog.choices.show_choices(choices, self._texts, none_text)
        if self.dialog.choices.current is None:
            self._show_place_only()
            self.dialog.show_state(
                tr("No alignment can be offered; the reason is above."), can_apply=False, can_retry=False
            )

    def _show_choice(self, choice: Any) -> None:
        super()._show_choice(choice)
        is_other_survey = any(key == "other_survey" for key, _params in choice.proposal.doubts)
        confirmed = read_confirmed_surveys(QgsProject.instance())
        is_asked = is_other_survey and (self._role, self._finding.related_role) not in confirmed
        self.dialog.ask_about_survey(is_asked)
        if is_asked and self.dialog.apply.isEnabled():
            self.dialog.show_state(
                tr("Confirm first that the edges of this survey are the right ones."), can_apply=False
            )

    def _confirm_survey(self) -> None:
        """Store in the project that the survey is the right reference, so that the dialog asks only once."""
        store_confirmed_survey(QgsProject.instance(), self._role, self._finding.related_role)
        choice = self.dialog.choices.current
        if choice is not None:
            self._show_choice(choice)

    def step(self, direction: int) -> None:
        position = self._position + direction
        if 0 <= position < len(self._features):
            self._position = position
            self._show_feature()
        else:
            text = (
                tr("This is the last selected feature.") if direction > 0 else tr("This is the first selected feature.")
            )
            self.dialog.status.setText(text)
