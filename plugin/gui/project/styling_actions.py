# SPDX-License-Identifier: GPL-2.0-or-later
"""Menu actions that apply attribute forms and symbols to all recognised layers.

For new data, a message offers to apply both and to sort the layers into groups. Layers are recognised in the
background.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer

from ...bridge.editing import attribute_forms
from ...bridge.editing.styled_layers import arrange_layers
from ...bridge.layers import role_recognition, styles
from ...bridge.project import county
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ..widgets import MessageBarMessages, push_message, report_failure

#: Project setting with the user's answer to the offer.
_PROJECT_SCOPE, _OFFER_KEY = "sanxian", "dressing_offer"
_STYLING_ACCEPTED, _STYLING_DECLINED = "accepted", "declined"


class StylingActions:
    """Runs the menu actions 应用图层表单 and 应用图层符号, and offers both in a message for new data."""

    def __init__(self, iface, runner: JobRunner):
        self._iface, self._runner = iface, runner
        self.messages = MessageBarMessages(iface, tr("Sanxian"))
        #: True if the offer was made since the project was opened.
        self._was_offered = False

    def project_changed(self) -> None:
        """Close the offer for the former project; the next project gets its own."""
        self._was_offered = False
        self.messages.close()

    # --- offer for data without forms
    def may_offer_styling(self, project: QgsProject) -> bool:
        """Return True if a layer has no form and the user did not yet answer the offer.

        While a plan layer is edited, the message bar is reserved for messages on the edits.
        """
        if self._was_offered or project.readEntry(_PROJECT_SCOPE, _OFFER_KEY, "")[0]:
            return False
        layers = role_recognition.list_plan_layers(project)
        return any(not attribute_forms.get_role_of_form(layer) for layer in layers) and not any(
            layer.isEditable() for layer in layers
        )

    def offer_styling(self, recognised_layers: role_recognition.RecognisedLayers) -> None:
        """Offer forms, symbols and groups for layers without a form, once per project."""
        project = QgsProject.instance()
        without_form = _find_layers_without_form(project, recognised_layers)
        if not without_form or not self.may_offer_styling(project):
            return
        self._was_offered = True
        text = tr("{count} plan layers were recognised that have neither the forms nor the symbols of their templates.")
        self.messages.show_message(
            text.format(count=len(without_form)),
            "info",
            (tr("Apply Forms, Symbols and Groups"), lambda: self._store_answer(_STYLING_ACCEPTED)),
            (tr("Do Not Ask Again"), lambda: self._store_answer(_STYLING_DECLINED)),
        )

    def _store_answer(self, offer_answer: str) -> None:
        self.messages.close()
        project = QgsProject.instance()
        project.writeEntry(_PROJECT_SCOPE, _OFFER_KEY, offer_answer)
        project.setDirty(True)
        if offer_answer == _STYLING_ACCEPTED:
            self.apply_all()

    def apply_all(self) -> None:
        """Apply forms, symbols and groups to the recognised layers without a form."""
        text = tr("Applied to {count} layers: {names}. The former symbols are saved as the style “{kept}”.")
        no_layer_text = tr("No plan layer was recognised, so nothing was applied. Choose layers under Layer Roles.")
        former_style = tr("Previous style")

        def style_and_add_forms(
            project: QgsProject, recognised_layers: role_recognition.RecognisedLayers, norm: Any
        ) -> list[str]:
            without_form = _find_layers_without_form(project, recognised_layers)
            styles.apply_styles_to_project(project, without_form, former_style)
            attribute_forms.apply_forms_to_project(project, without_form, norm)
            return arrange_layers(project, without_form, norm.standard)

        self._start_styling(
            tr("Apply Forms, Symbols and Groups"),
            style_and_add_forms,
            text.replace("{kept}", former_style),
            no_layer_text,
        )

    def apply_forms(self) -> None:
        """Set the attribute forms of all recognised layers, and report it."""
        self._start_styling(
            tr("Apply Layer Forms"),
            lambda project, recognised_layers, norm: attribute_forms.apply_forms_to_project(
                project, recognised_layers.layer_id_by_role, norm
            ),
            tr("{count} layers have the forms of their templates: {names}. The data were not changed."),
            tr("No plan layer was recognised, so no form was set. Choose layers under Layer Roles."),
        )

    def apply_symbols(self) -> None:
        """Set the symbols of all recognised layers, and report it; former symbols stay as a style."""
        text = tr(
            "{count} layers have the proposed symbols: {names}. The previous symbols of a layer are in its list "
            "of styles, as “{kept}”."
        )
        no_layer_text = tr("No plan layer was recognised, so no symbol was set. Choose layers under Layer Roles.")
        former_style = tr("Previous style")

        self._start_styling(
            tr("Apply Layer Symbols"),
            lambda project, recognised_layers, _norm: styles.apply_styles_to_project(
                project, recognised_layers.layer_id_by_role, former_style
            ),
            text.replace("{kept}", former_style),
            no_layer_text,
        )

    def _start_styling(self, title: str, action: Callable, text: str, no_layer_text: str) -> None:
        options = county.make_check_options(QgsProject.instance())
        outlines = role_recognition.read_layer_schemas(QgsProject.instance())

        def apply_styling(layers_and_norm: Any) -> None:
            recognised_layers, norm = layers_and_norm
            for role, layer_id in recognised_layers.layer_id_by_role.items():
                layer = QgsProject.instance().mapLayer(layer_id)
                template = norm.standard.templates.get(role)
                if layer is not None and template is not None and layer.name().rsplit(" — ", 1)[-1].upper() == role:
                    layer.setName(template.name)
            names = action(QgsProject.instance(), recognised_layers, norm)
            message = text.format(count=len(names), names=tr(", ").join(names)) if names else no_layer_text
            push_message(self._iface.messageBar(), "success" if names else "info", title, message)

        self._runner.start(
            BackgroundJob(
                title,
                lambda progress, cancellation: (
                    role_recognition.recognise_layers(outlines, options),
                    options.resolve_norm(),
                ),
                on_done=apply_styling,
                on_error=partial(
                    report_failure,
                    partial(push_message, self._iface.messageBar(), "warning", title),
                    tr("Nothing was changed ({error}). Details are in the log, tab Sanxian."),
                ),
            )
        )


def _find_layers_without_form(
    project: QgsProject, recognised_layers: role_recognition.RecognisedLayers
) -> dict[str, str]:
    """Return role → layer id of the recognised layers without an attribute form.

    A role (code of a plan layer) that two layers have is omitted.
    """
    layers = {
        role: project.mapLayer(layer_id)
        for role, layer_id in recognised_layers.layer_id_by_role.items()
        if role not in recognised_layers.repeated_roles
    }
    return {
        role: layer.id()
        for role, layer in layers.items()
        if isinstance(layer, QgsVectorLayer) and not attribute_forms.get_role_of_form(layer)
    }
