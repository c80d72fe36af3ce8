# SPDX-License-Identifier: GPL-2.0-or-later
"""Controller of the dialogs that offer several fixes for one feature: preview and apply the chosen fix."""

from __future__ import annotations

from typing import Any

from ...bridge.fixes.apply import FixOrder, find_layers_to_start_editing
from ...bridge.fixes.refusals import ApplyRefused
from ...bridge.texts import tr
from .applying import get_person_name
from .area_table import make_area_rows
from .dialog import FixDialog
from .fix_dialog_controller import FixDialogController
from .map_preview import FixShapes, make_finding_shapes, make_fix_shapes
from .trial_runner import TrialRunner


class FixChoiceController(FixDialogController):
    """Previews the fixes that a trial found for one finding or alignment request, and applies the chosen fix.

    ``_finding``: the finding or alignment request; ``_label``: name of the applied step on the undo stack.
    """

    def __init__(self, *controller_args: Any):
        super().__init__(*controller_args)
        self.closed.connect(self._forget_finding)
        self._finding: Any = None
        self._label = ""

    def _connect_dialog(self, dialog: FixDialog, trial_runner: TrialRunner) -> None:
        dialog.choiceShown.connect(self._show_choice)
        dialog.applyRequested.connect(self.apply)
        dialog.retryRequested.connect(trial_runner.run_again)
        trial_runner.began.connect(lambda: dialog.show_trial(tr("Trying the fixes on a copy…")))
        trial_runner.refused.connect(self._show_refusal)
        trial_runner.stopped.connect(lambda: self._show_refusal(tr("Cancelled; nothing was changed."), can_retry=True))

    def _forget_finding(self) -> None:
        self._finding = None

    def _show_refusal(self, reason: str, can_retry: bool = False) -> None:
        self._show_place_only()
        self.dialog.choices.show_choices([], None)
        self.dialog.show_state(reason, can_apply=False, can_retry=can_retry)

    def _show_place_only(self) -> None:
        """Show only the place of the finding or feature on the maps, and no fix."""
        self._mark.clear()
        self.dialog.show_proposal(None, None, [], self._make_place_shapes())

    def _make_place_shapes(self) -> FixShapes:
        """Return the place of the finding as shapes for the maps."""
        return make_finding_shapes(self._finding, self._dock.result.crs)

    def _show_choice(self, choice: Any) -> None:
        shapes = make_fix_shapes([choice.proposal], choice.rows_before, self._dock.result.crs)
        self._mark.show_shapes(shapes)
        rows = make_area_rows(
            [choice.proposal], self._texts.get_layer_name, self._dock.result.check_result.plan.plane_crs
        )
        self.dialog.show_proposal(choice.proposal, self._texts, rows, shapes)
        try:
            starts = find_layers_to_start_editing(self._make_order(choice), self._get_layers_by_role())
        except ApplyRefused as refused:
            self.dialog.show_state(str(refused), can_apply=False, can_retry=True)
            return
        self.dialog.show_state(
            self.trial.retry_note,
            can_apply=True,
            layers_to_start_editing=tr(", ").join(layer.name() for layer in starts),
        )

    def _make_order(self, choice: Any) -> FixOrder:
        """Return the order that applies the chosen fix as one step."""
        proposal = choice.proposal
        label = self._label.format(code=proposal.finding.code, title=self._texts.get_title(proposal.fix))
        return FixOrder([proposal], proposal.edits, choice.rows_before, label, get_person_name(), proposal.documents)

    def apply(self) -> None:
        """Apply the chosen fix, unless the layers have changed since it was tried."""
        choice = self.dialog.choices.current
        if choice is None:
            return
        if not self.trial.is_current:
            self.trial.run_again()
            return
        norm = self._dock.result.check_result.plan.norm
        refusal_text = self._applier.apply(self._make_order(choice), self._get_layers_by_role(), norm, self._texts)
        if refusal_text:
            self.dialog.show_state(refusal_text, can_apply=False, can_retry=True)
        else:
            self.dialog.accept()
