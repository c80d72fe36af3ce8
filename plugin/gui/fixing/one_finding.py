# SPDX-License-Identifier: GPL-2.0-or-later
"""Fix one finding: try all its fixes, preview them, apply the chosen one."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtWidgets import QInputDialog

from ...bridge.fixes.trial import make_choices_trial
from ...bridge.texts import tr
from .dialog import FixDialog
from .fix_choice_controller import FixChoiceController
from .map_preview import make_finding_shapes
from .trial_runner import TrialRunner


class FindingFixer(FixChoiceController):
    """Opens the preview of the fixes of one finding and applies the chosen fix."""

    def __init__(self, *window_args: Any):
        super().__init__(*window_args)
        #: Layer code → document that allows the change of a sealed layer, for the finding in view.
        self._documents: dict[str, str] = {}
        self._sealed_role = ""
        self._label = tr("Fix {code}: {title}")

    # --- open and close
    def open(self, finding: Any) -> None:
        """Open the preview of the fixes of a finding; an open preview shows this finding instead."""
        self._open_dialog_once(self._make_dialog)
        self._show_finding(finding)

    def _make_dialog(self, trial_runner: TrialRunner) -> FixDialog:
        dialog = FixDialog(self._iface.mapCanvas(), self._iface.mainWindow())
        self._connect_dialog(dialog, trial_runner)
        dialog.stepped.connect(self._step)
        dialog.documentRequested.connect(self._ask_document)
        trial_runner.succeeded.connect(self._show_choices)
        return dialog

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
        self._try_fixes()

    def _try_fixes(self) -> None:
        choices_work = make_choices_trial(self._finding, self._documents)
        self.trial.start(tr("Try fixes of {code}").format(code=self._finding.code), choices_work)

    def _show_choices(self, choices: list[Any]) -> None:
        """Show the fixes that were tried on a copy of the layers."""
        if not any(f.fingerprint == self._finding.fingerprint for f in self._dock.result.findings):
            self._show_refusal(tr("An edit has corrected this finding."))
            return
        sealed_refusal = next(
            (c.refusal for c in choices if c.refusal is not None and c.refusal.reason == "sealed"), None
        )
        self._sealed_role = str(sealed_refusal.params.get("role", "")) if sealed_refusal is not None else ""
        none_text = tr("No fix for this kind of finding. Follow “How to fix” in the panel.")
        self.dialog.choices.show_choices(choices, self._texts, none_text)
        if self.dialog.choices.current is not None:
            return
        self._show_place_only()
        reason = tr("No fix can be offered; the reasons are above.") if choices else none_text
        self.dialog.show_state(reason, can_apply=False, needs_document=bool(self._sealed_role))

    # --- actions
    def _step(self, direction: int) -> None:
        """Show the next (1) or previous (−1) finding of the list and try its fixes."""
        if self._dock.tree.step_selection(direction):
            self._show_finding(self._dock.tree.get_selected_finding())
        else:
            text = tr("This is the last listed finding.") if direction > 0 else tr("This is the first listed finding.")
            self.dialog.status.setText(text)

    def _ask_document(self) -> None:
        """Ask for the document that allows a change of the sealed layer, then try again."""
        text = tr("Number of the document that approves a change of {layer}. It is written to the change log.")
        number, is_accepted = QInputDialog.getText(
            self.dialog, tr("Document Number"), text.format(layer=self._texts.get_layer_name(self._sealed_role))
        )
        if is_accepted and number.strip() and self.dialog is not None:
            self._documents = {**self._documents, self._sealed_role: number.strip()}
            self._try_fixes()
