# SPDX-License-Identifier: GPL-2.0-or-later
"""Align selected features with the edges of another layer (对齐)."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject, QgsVectorLayer, QgsWkbTypes

from ...bridge.fixes.trial import make_alignment_trial
from ...bridge.project.confirmed_surveys import is_survey_confirmed, store_confirmed_survey
from ...bridge.texts import tr
from .align_dialog import AlignDialog
from .fix_choice_controller import FixChoiceController
from .map_preview import FixShapes
from .trial_runner import TrialRunner

#: Most features that are aligned one after the other.
_MAX_FEATURES = 200
_SURVEY_DOUBT = "other_survey"


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
            text = tr("Select 1 to {count} features of the layer “{layer}” to align ({selected} selected).")
            return text.format(count=_MAX_FEATURES, layer=layer.name(), selected=len(fids))
        references = self._list_references(role)
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
        self._open_dialog_once(lambda trial_runner: self._make_dialog(trial_runner, references))
        self._show_feature()
        return ""

    def _list_references(self, role: str) -> list[tuple[str, str]]:
        """Return (code, name) of each checked polygon or line layer with which the layer ``role`` can be aligned."""
        self._read_texts()
        kinds = (QgsWkbTypes.GeometryType.PolygonGeometry, QgsWkbTypes.GeometryType.LineGeometry)
        layers = self._get_layers_by_role().items()
        return [
            (one, self._texts.get_layer_name(one))
            for one, layer in layers
            if one != role and layer.geometryType() in kinds
        ]

    def _make_dialog(self, trial_runner: TrialRunner, references: list[tuple[str, str]]) -> AlignDialog:
        dialog = AlignDialog(self._iface.mapCanvas(), references, self._iface.mainWindow())
        self._connect_dialog(dialog, trial_runner)
        dialog.stepped.connect(self._step)
        dialog.changed.connect(self._try_again)
        dialog.surveyConfirmed.connect(self._confirm_survey)
        trial_runner.succeeded.connect(self._show_choices)
        return dialog

    def _show_feature(self) -> None:
        fid, key = self._features[self._position]
        name = key or tr("feature id {fid}").format(fid=fid)
        place = tr("{number} of {count}").format(number=self._position + 1, count=len(self._features))
        title = tr("{layer} {name}").format(layer=self._texts.get_layer_name(self._role), name=name)
        self.dialog.show_feature(title, place, self._make_place_shapes(), is_only=len(self._features) == 1)
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
        self._finding = make_alignment_request(self._role, key, fid, self.dialog.reference_role)
        self.dialog.ask_about_survey(False)
        self.trial.start(tr("Try alignments"), make_alignment_trial(self._finding, self.dialog.distance.value()))

    def _show_choices(self, choices: list[Any]) -> None:
        none_text = tr("No alignment can be offered.")
        self.dialog.choices.show_choices(choices, self._texts, none_text)
        if self.dialog.choices.current is None:
            self._show_place_only()
            self.dialog.show_state(
                tr("No alignment can be offered; the reason is above."), can_apply=False, can_retry=False
            )

    def _show_choice(self, choice: Any) -> None:
        super()._show_choice(choice)
        is_asked = any(key == _SURVEY_DOUBT for key, _params in choice.proposal.doubts) and not is_survey_confirmed(
            QgsProject.instance(), self._role, self._finding.related_role
        )
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

    def _step(self, direction: int) -> None:
        position = self._position + direction
        if 0 <= position < len(self._features):
            self._position = position
            self._show_feature()
        else:
            text = (
                tr("This is the last selected feature.") if direction > 0 else tr("This is the first selected feature.")
            )
            self.dialog.status.setText(text)
