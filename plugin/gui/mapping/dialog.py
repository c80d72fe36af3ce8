# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 字段映射: map the fields of a layer into a template, with a preview."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog

from ...bridge.editing import attribute_forms
from ...bridge.layers.properties import get_assigned_role, get_file_path
from ...bridge.layers.role_recognition import list_plan_layers
from ...bridge.mapping import run as mapping_run
from ...bridge.project import county
from ...bridge.running.tasks import JobRunner
from ...bridge.texts import tr
from ...core.base.errors import OutputError, SanxianError
from ...core.base.files import find_free_path
from ...core.base.files.writing import write_atomically
from ...core.exchange.mapping import CodeTranslation, format_mapping_as_toml, load_mapping
from ...core.exchange.mapping.preview import (
    FieldPreview,
    UndecidedCode,
    change_mapping,
    find_undecided_codes,
    get_area_allowance,
    make_acceptance,
    preview_field,
)
from ...core.exchange.mapping.proposals import choose_codes_by_name, find_area_unit
from ...core.standard.messages.numbers import format_number
from ...core.standard.template import TemplateField
from ..widgets import messages
from .source import MappingSource

#: Values without a code that the summary names for each field.
_MAX_NAMED_VALUES = 5


class MappingDialog(MappingSource):
    """Dialog 字段映射, whose run of `map_fields` is a task that can be cancelled.

    Signal ``appended(layer)``: rows were appended to a layer of the project.
    """

    appended = pyqtSignal(object)

    def __init__(self, project: QgsProject, runner: JobRunner, layer: Any = None, parent=None):
        super().__init__(project, runner, layer, parent)
        self._run: mapping_run.MappingRun | None = None
        self._written_path = ""
        #: Source fields that the displayed mapping leaves out, those whose areas it converts, with their targets, and
        #: the target fields that the form computes instead.
        self._unused: list[str] = []
        #: Sources, targets and numbers of rows of areas that differ from those of the shapes.
        self._different_areas: list[str] = []
        #: The mapping as proposed, opened or saved; another one has decisions that are only in the dialog.
        self._kept_mapping: Any = None
        self._converted: list[str] = []
        self._computed: dict[str, bool] = {}
        #: Ids of the layer that the running mapping is appended to, and of the one that is offered; empty for none.
        self._target_layer_id = self._offered_layer_id = ""
        #: The mapping whose rows were appended; it can be run again once it has changed or was read again.
        self._appended_mapping: mapping_run.PreparedMapping | None = None
        for signal, slot in (
            (self.load.clicked, self._choose_mapping),
            (self.save.clicked, self._choose_mapping_file),
            (self.table.changed, self._on_field_mapping_changed),
            (self.table.itemSelectionChanged, self._show_choices),
            (self.choices.chosen, self._on_code_decided),
            (self.append.toggled, self._show_summary),
            (self.start.clicked, self.start_run),
            (self.stop.clicked, self._cancel),
            (self.state_changed, self._enable_buttons),
        ):
            signal.connect(slot)
        self._prepare_mapping()

    # --- decisions
    def _show_mapping(self, prepared_mapping: mapping_run.PreparedMapping) -> None:
        super()._show_mapping(prepared_mapping)
        self._kept_mapping = prepared_mapping.mapping
        self._offer_appending()
        self._select_first_undecided_field()
        self._show_choices()
        self._show_summary()

    def _select_first_undecided_field(self) -> None:
        """Select the first field with values that have no code yet."""
        for row, field in enumerate(self._target_template.fields):
            if not all(one.chosen_code for one in self._find_undecided_codes(field)):
                self.table.selectRow(row)
                return

    def _on_field_mapping_changed(self, target: str, source: str, constant: Any, translation: Any, unit: str) -> None:
        if self._prepared_mapping is None:
            return
        former_translation = self._prepared_mapping.mapping.translation_by_target.get(target)
        if (
            translation is not None
            and former_translation is not None
            and (former_translation.list_id, former_translation.target_column)
            == (translation.list_id, translation.target_column)
        ):
            translation = former_translation
        field = self._target_template.find_field_by_name(target)
        former_source = self._prepared_mapping.mapping.source_by_target.get(target, "")
        if source != former_source and translation is None and field is not None and source and field.codes:
            layer = self._prepared_mapping.source_columns.layer
            translation = choose_codes_by_name(layer, source, field, self._norm.standard)
            self.table.show_translation(target, translation)
        mapping = change_mapping(
            self._prepared_mapping.mapping,
            self._target_template,
            target,
            source=source,
            constant=constant,
            translation=translation,
            unit=unit,
        )
        self._use_mapping(mapping, target)

    def _on_code_decided(self, code: str, target_code: str) -> None:
        target = self.table.get_current_target()
        translation = self._prepared_mapping.mapping.translation_by_target.get(target, CodeTranslation())
        choices = {k: v for k, v in translation.chosen_code_by_source.items() if k != code}
        if target_code:
            choices[code] = target_code
        codes = {
            **self._prepared_mapping.mapping.translation_by_target,
            target: replace(translation, chosen_code_by_source=choices),
        }
        self._use_mapping(replace(self._prepared_mapping.mapping, translation_by_target=codes), target)

    def _use_mapping(self, mapping: Any, target: str) -> None:
        """Replace the mapping; update the table row of the field ``target`` and of the field with its code names."""
        previews = dict(self._prepared_mapping.field_previews)
        for name in dict.fromkeys((target, self._target_template.find_field_by_name(target).code_name)):
            previewed_field = self._target_template.find_field_by_name(name) if name else None
            if previewed_field is not None:
                previews[name] = preview_field(
                    self._prepared_mapping.source_columns,
                    mapping,
                    previewed_field,
                    self._target_template,
                    self._norm.standard,
                    make_acceptance(previewed_field, self._target_template, self._norm),
                    get_area_allowance(previewed_field, self._norm),
                )
                self.table.show_preview(name, previews[name])
        self._prepared_mapping = replace(self._prepared_mapping, mapping=mapping, field_previews=previews)
        self._show_choices()
        self._show_summary()

    def _show_choices(self) -> None:
        target = self.table.get_current_target()
        field = self._target_template.find_field_by_name(target) if target else None
        if field is None or self._prepared_mapping is None:
            self.choices.show_codes("", [], None)
            return
        codes = attribute_forms.find_allowed_codes(self._target_template, field, self._norm)
        self.choices.show_codes(f"{field.alias} {field.name}", self._find_undecided_codes(field), codes)

    def _find_undecided_codes(self, field: TemplateField) -> list[UndecidedCode]:
        """Return the values of a field's source that have no single code, decided or not."""
        prepared, standard = self._prepared_mapping, self._norm.standard
        return find_undecided_codes(prepared.source_columns, prepared.mapping, field, self._target_template, standard)

    def _show_summary(self, *_is_appended: bool) -> None:
        prepared_mapping = self._prepared_mapping
        if prepared_mapping is None:
            return
        fields, previews = self._target_template.fields, self._find_computed_fields(prepared_mapping)
        kept_count = sum(p.remarked_count for p in previews.values())
        text = (
            tr(
                "{rows} rows; {filled} of {all} fields are filled; {lost} values are left empty; {kept} values are "
                "kept, to be verified."
            )
            if kept_count
            else tr("{rows} rows; {filled} of {all} fields are filled; {lost} values are left empty.")
        )
        lines = [
            text.format(
                rows=format_number(prepared_mapping.source_columns.row_count, 0),
                filled=sum(previews[f.name].filled_count > 0 for f in fields),
                all=len(fields),
                lost=format_number(sum(p.lost_count for p in previews.values()), 0),
                kept=format_number(kept_count, 0),
            )
        ]
        problems = self._list_problems(prepared_mapping, previews)
        lines += [text.format(fields=tr(", ").join(names)) for text, names in problems if names]
        if (former := self._find_former_mapping()) is not None:
            lines.append(tr("An earlier mapping is kept in {file}: Open Mapping… uses it.").format(file=former.name))
        self.summary.setText("\n".join(lines))

    def _list_problems(
        self, prepared_mapping: mapping_run.PreparedMapping, previews: dict[str, FieldPreview]
    ) -> list[tuple[str, list[str]]]:
        """Return the lines of the summary about single fields, each with the fields that it names."""
        fields, is_appended = self._target_template.fields, self.append.isChecked()
        used_names = set(prepared_mapping.mapping.source_by_target.values())
        # Appended rows get new keys where theirs are missing.
        missing = [
            f.name
            for f in fields
            if not (is_appended if f.meaning == "key" else f.constraint != "M") and not previews[f.name].filled_count
        ]
        self._unused = [f.name for f in prepared_mapping.source_columns.layer.fields if f.name not in used_names]
        sources, units = prepared_mapping.mapping.source_by_target, prepared_mapping.mapping.unit_by_target
        kept_names = sources.keys() - self._computed
        other_units = [f for f in fields if f.name in kept_names - units.keys() and find_area_unit(sources[f.name], f)]
        self._converted = [f"{sources[name]} → {name}" for name in units if name in kept_names]
        counts = {f.alias: previews[f.name].outside_count for f in fields}
        outside = [f"{name} {format_number(count, 0)}" for name, count in counts.items() if count]
        different = [f for f in fields if 2 * previews[f.name].area_difference_count > previews[f.name].filled_count]
        self._different_areas = [
            f"{sources[f.name]} → {f.name} {format_number(previews[f.name].area_difference_count, 0)}"
            for f in different
        ]
        measured = [f.name for f in different if is_appended and f.meaning in attribute_forms.MEASURED_MEANINGS]
        return [
            (
                tr("Computed from shape or code instead of the source, as the form does: {fields}."),
                self._list_computed(),
            ),
            (tr("Areas converted to m²: {fields}."), self._converted),
            (
                tr("Areas in another unit than m², copied unchanged: {fields}."),
                [f"{sources[f.name]} → {f.name}" for f in other_units],
            ),
            (
                tr("Rows whose area will differ from that of the shape (ATT003, ATT013): {fields}."),
                self._different_areas,
            ),
            (
                tr("To measure these areas from the shape when appended, choose (nothing) as their source: {fields}."),
                measured,
            ),
            (
                tr(
                    "Net areas stay empty, which ATT003 reports on cultivated land; compute them in the field "
                    "calculator from gross area and deduction: {fields}."
                ),
                [f.name for f in fields if f.meaning == "net_area" and not previews[f.name].filled_count],
            ),
            (tr("Values without a code: {fields}."), self._list_values_without_code(fields)),
            (tr("Rows with a value outside the list of the field (ATT002): {fields}."), outside),
            (tr("Required fields without a source field: {fields}."), missing),
            (tr("Source fields without a target field: {fields}."), self._unused),
        ]

    def _list_values_without_code(self, fields: list[TemplateField]) -> list[str]:
        """Return each field with values that have no code and none is chosen for, and the first of these values."""
        listed = []
        for field in fields:
            values = [row.code for row in self._find_undecided_codes(field) if not row.chosen_code]
            named = values[:_MAX_NAMED_VALUES] + ["…"] * (len(values) > _MAX_NAMED_VALUES)
            if values:
                text = tr("{field} ({values})")
                listed.append(text.format(field=field.alias, values=tr(", ").join(named)))
        return listed

    def _find_computed_fields(self, prepared_mapping: mapping_run.PreparedMapping) -> dict[str, FieldPreview]:
        """Find and show the fields that the form computes; return the previews, in which their sources do not count."""
        target = self._find_layer_to_append_to() if self.append.isChecked() else None
        self._computed = {} if target is None else mapping_run.find_computed_fields(target, prepared_mapping.mapping)
        self.table.show_computed_fields(self._computed, prepared_mapping.field_previews)
        computed_preview = FieldPreview(prepared_mapping.source_columns.row_count, 0, 0, ())
        return prepared_mapping.field_previews | dict.fromkeys(self._computed, computed_preview)

    def _list_computed(self) -> list[str]:
        """Return source and target of the fields that the form computes instead."""
        sources = self._prepared_mapping.mapping.source_by_target
        return [f"{sources[name]} → {name}" for name in self._computed]

    # --- mapping files
    def _find_former_mapping(self) -> Path | None:
        """Return the newest mapping beside the layer that the rows can be appended to."""
        target = self._find_layer_to_append_to()
        folder = Path(get_file_path(target)).parent if target is not None else Path()
        files = folder.glob(f"{self.get_role()}*.mapping.toml") if folder.is_absolute() else ()
        return max(files, key=lambda path: path.stat().st_mtime, default=None)

    def _choose_mapping(self) -> None:
        former = self._find_former_mapping()
        name = str(former) if former is not None else ""
        if path := self._ask_for_file(QFileDialog.getOpenFileName, tr("Open Mapping"), tr("Mapping (*.toml)"), name):
            self.open_mapping(path)

    def open_mapping(self, path: str) -> None:
        """Read a mapping from a file and show its preview, or the error."""
        try:
            mapping = load_mapping(path, self._target_template, self._norm.standard)
        except SanxianError as error:
            self.summary.setText(messages.explain_error(error))
            return
        self._prepare_mapping(mapping)

    def _choose_mapping_file(self) -> None:
        name = f"{self.get_role()}.mapping.toml"
        path = self._ask_for_file(QFileDialog.getSaveFileName, tr("Save Mapping"), tr("Mapping (*.toml)"), name)
        if path:
            self.save_mapping(path)

    def save_mapping(self, path: str) -> bool:
        """Save the shown mapping to a file; return False and show the error if that fails."""
        try:
            with write_atomically(path) as temporary:
                text = format_mapping_as_toml(self._prepared_mapping.mapping, self._target_template)
                temporary.write_text(text, encoding="utf-8", newline="\n")
        except SanxianError as error:
            self.summary.setText(messages.explain_error(error))
            return False
        self._kept_mapping = self._prepared_mapping.mapping
        self.summary.setText(tr("Mapping saved: {file}.").format(file=path))
        return True

    # --- the run
    def start_run(self) -> None:
        """Start mapping the source layer with the shown mapping, in the background."""
        layer = self._get_source_layer()
        if self._prepared_mapping is None or layer is None:
            return
        target_layer = self._find_layer_to_append_to() if self.append.isChecked() else None
        output, losses_path = "", ""
        # Files about the run are beside its output, or beside the data that it is appended to.
        if target_layer is None:
            output = self._written_path = self.output.filePath().strip()
            self._target_layer_id = ""
        else:
            path = Path(get_file_path(target_layer))
            # A layer in memory or in a database server has no path of a file.
            self._written_path = str(path.with_name(f"{self.get_role()}.gpkg")) if path.is_absolute() else ""
            self._target_layer_id = target_layer.id()
        if self._written_path and self.losses.isChecked():
            # Do not replace a table of losses beside other data.
            losses_path = (
                str(Path(output).with_suffix(".未转换.xlsx"))
                if output
                else find_free_path(Path(self._written_path).with_suffix(".未转换.xlsx"))
            )
        source = layer if self.source.currentLayer() is not None else layer.source()
        mapping = replace(self._prepared_mapping.mapping, computed_targets=tuple(self._computed))
        run_parameters = mapping_run.write_mapping_and_make_parameters(
            source, self._target_template, self._norm.standard, mapping, output, losses_path
        )
        run_parameters["DROP_PERSONAL"] = bool(self._target_template.personal_fields) and self.personal.isChecked()
        self._run = mapping_run.MappingRun(self._project, run_parameters)
        self._run.progress.connect(lambda share: self.bar.setValue(round(share)))
        self._run.run_ended.connect(self._on_run_ended)
        self.bar.setValue(0)
        self.summary.setText(tr("Mapping {layer}…").format(layer=layer.name()))
        self._enable_buttons()
        self._run.start(self._runner)

    def _cancel(self) -> None:
        if self._run is not None:
            self.summary.setText(tr("Cancelling"))
            # A task that is still waiting ends at once and reports it.
            self._run.cancel()

    def _on_run_ended(self, results: dict[str, Any] | None) -> None:
        run, self._run = self._run, None
        self._enable_buttons()
        if results is None:
            # The last line of the log states the error and its remedy.
            no_log = tr("The mapping could not be run. Details are in the log, tab Processing.")
            log = [no_log, *filter(None, map(str.strip, run.feedback.textLog().splitlines()))]
            self.summary.setText(tr("Cancelled; nothing was written.") if run.cancelled else log[-1])
            return
        try:
            name, remarks = self._keep_rows(run, results["OUTPUT"])
            self._enable_buttons()
        except SanxianError as error:
            self.summary.setText(messages.explain_error(error))
            return
        notes = (
            (tr("Areas converted to m²: {fields}."), self._converted),
            (tr("Rows whose area differs from that of the shape (ATT003, ATT013): {fields}."), self._different_areas),
            (tr("Not taken over: {fields}."), self._unused),
        )
        lines = [
            tr("{rows} rows were written to “{layer}”; {losses} values to verify, {empty} of them left empty.").format(
                rows=format_number(results["ROWS"], 0),
                layer=name,
                losses=format_number(results["LOSSES"], 0),
                empty=format_number(results["EMPTY"], 0),
            ),
            *remarks,
            *(text.format(fields=tr(", ").join(names)) for text, names in notes if names),
        ]
        if results.get("UNMAPPED"):
            table = Path(str(results["UNMAPPED"]))
            if results["LOSSES"] or self._unused or self._computed:
                lines.append(tr("They are listed in {file}.").format(file=table.name))
            else:
                # An empty table would only be opened in vain.
                table.unlink(missing_ok=True)
        self.summary.setText("\n".join(lines))
        if self._written_path:
            mapping_file = find_free_path(Path(self._written_path).with_suffix(".mapping.toml"))
            if not self.save_mapping(mapping_file):
                return
            lines.append(tr("The mapping is kept in {file}, to be used again.").format(file=Path(mapping_file).name))
            self.summary.setText("\n".join(lines))

    def _keep_rows(self, run: mapping_run.MappingRun, output: Any) -> tuple[str, list[str]]:
        """Append the mapped rows to the project's layer, or add their layer; return its name, and remarks.

        Raise OutputError if the layer refuses the rows.
        """
        if not self._target_layer_id:
            layer = mapping_run.add_result_layer(self._project, run, output, self._target_template, self._norm)
            return (layer.name() if layer else str(output)), []
        target = self._project.mapLayer(self._target_layer_id)
        if not isinstance(target, QgsVectorLayer):
            raise OutputError("output_unwritable", target=self.get_role(), detail=tr("The layer was removed."))
        rows = run.context.takeResultLayer(str(output))
        code = county.read_county_code_and_name(self._project)[0]
        numbered_count, measured_counts = mapping_run.append_rows(self._project, rows, target, code)
        self._appended_mapping = self._prepared_mapping
        self.appended.emit(target)
        text = tr(
            "They are one edit step of the layer, not saved yet; undo with Ctrl+Z. {count} rows got a new key (BSM)."
        )
        remarks = [text.format(count=format_number(numbered_count, 0))]
        if self._computed:
            text = tr("Computed from shape or code instead of the source, as the form does: {fields}.")
            remarks.append(text.format(fields=tr(", ").join(self._list_computed())))
        for name, count in measured_counts.items():
            text = tr("{field} was empty in {count} rows; the statutory area of the shape was written.")
            remarks.append(text.format(field=name, count=format_number(count, 0)))
        return target.name(), remarks

    def _find_layer_to_append_to(self) -> QgsVectorLayer | None:
        """Return the project's layer that the rows can be appended to: of the template, and not the source itself."""
        for layer in list_plan_layers(self._project):
            can_add = layer.dataProvider().capabilities() & Qgis.VectorProviderCapability.AddFeatures
            if get_assigned_role(layer) == self.get_role() and can_add:
                return None if layer is self._get_source_layer() else layer
        return None

    def _offer_appending(self) -> None:
        target = self._find_layer_to_append_to()
        target_id = target.id() if target is not None else ""
        self.append.setVisible(target is not None)
        if target_id != self._offered_layer_id:
            self._offered_layer_id = target_id
            self.append.setChecked(target is not None)
        if target is not None:
            text = tr("Append to the layer “{layer}” of this project, as one step that can be undone")
            self.append.setText(text.format(layer=target.name()))

    def _enable_buttons(self) -> None:
        running = self._run is not None
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        # After a failed or stopped reading, the preview may be of another template.
        is_current = self._prepared_mapping is not None and self._prepared_mapping.mapping.role == self.get_role()
        ready = is_current and self._job is None and not running
        for widget in (self.start, self.save, self.table, self.choices):
            widget.setEnabled(ready)
        # A second run would append the rows twice.
        was_appended = is_current and self._prepared_mapping is self._appended_mapping
        text = tr("The rows were appended. Propose Again reads the layer again.")
        self.start.setEnabled(ready and not was_appended)
        self.start.setToolTip(text if was_appended else "")
        for widget in (
            self.source,
            self.browse,
            self.template,
            self.again,
            self.append,
            self.losses,
            self.personal,
        ):
            widget.setEnabled(not running)
        self.load.setEnabled(not running and bool(self.get_role()))
        self.output.setEnabled(not running and not self.append.isChecked())

    def has_unsaved_entries(self) -> bool:
        return self._prepared_mapping is not None and self._prepared_mapping.mapping != self._kept_mapping

    def done(self, result: int) -> None:
        """Cancel the run when the dialog closes, without waiting for it."""
        if self._run is not None:
            self._run.cancel_and_disconnect()
        super().done(result)
