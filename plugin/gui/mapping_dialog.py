# SPDX-License-Identifier: GPL-2.0-or-later
"""字段映射: a layer into a template, field by field, with what arrives shown before it runs. A face of `map_fields`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer

from ..bridge import county, forms, mapping_run, mapping_work, settings
from ..bridge.check import stopper
from ..bridge.layers import template_id
from ..bridge.mapping_run import MappingRun
from ..bridge.mapping_work import Prepared
from ..bridge.snapshots import snapshot
from ..bridge.tasks import Job, Runner
from ..bridge.texts import tr
from ..core.errors import SanxianError
from ..core.mapping import load_mapping, to_toml
from ..core.mapping.preview import changed, preview, undecided
from ..core.template import Template
from ..core.texts import Texts
from ..core.writing import beside
from . import idle, mapping_files, mapping_words
from .mapping_form import MappingForm


class MappingDialog(MappingForm):
    """Stays open beside the work; what runs is a task and can be cancelled."""

    def __init__(self, project: QgsProject, runner: Runner, layer: Any = None, parent=None):
        norm = county.options(project).norm()
        super().__init__(project, norm.standard.templates, Texts(settings.interface_language()), parent)
        self._project, self._runner, self._norm = project, runner, norm
        self._prepared: Prepared | None = None
        self._job: Job | None = None
        self._run: MappingRun | None = None
        self._written = ""
        self._files: dict[str, QgsVectorLayer] = {}
        if isinstance(layer, QgsVectorLayer):
            self.source.setLayer(layer)
        self.template.setCurrentIndex(max(self.template.findData(self._guess()), 0))
        self._connect()
        self._prepare()

    def _connect(self) -> None:
        self.source.layerChanged.connect(self._source_changed)
        self.browse.clicked.connect(self._browse)
        self.template.activated.connect(lambda _row: self._prepare())
        self.template.lineEdit().editingFinished.connect(self._restore_template)
        self.again.clicked.connect(lambda _checked: self._prepare())
        self.load.clicked.connect(self._ask_mapping)
        self.save.clicked.connect(self._ask_where)
        self.table.changed.connect(self._changed)
        self.table.itemSelectionChanged.connect(self._show_choices)
        self.choices.chosen.connect(self._decided)
        self.start.clicked.connect(self.run)
        self.stop.clicked.connect(self._cancel)

    # --- what is mapped
    def _guess(self) -> str:
        layer = self.source.currentLayer()
        wanted = template_id(layer) if isinstance(layer, QgsVectorLayer) else ""
        return wanted or "DLTB"

    def role(self) -> str:
        return str(self.template.currentData() or "")

    @property
    def _target(self) -> Template:
        return self._norm.standard.templates[self.role()]

    def _restore_template(self) -> None:
        self.template.setEditText(self.template.itemText(self.template.currentIndex()))

    def _browse(self) -> None:
        path = mapping_files.ask_layer(self, self._project)
        if path:
            self.use_file(path)

    def use_file(self, path: str) -> None:
        """A layer that is not in the project; it does not come into it either."""
        layer = QgsVectorLayer(path, Path(path).stem, "ogr")
        if not layer.isValid():
            self._say(tr("{file} cannot be opened as a layer. Choose another file.").format(file=Path(path).name))
            return
        self._files[path] = layer
        self.source.setAdditionalItems(list(self._files))
        self.source.setCurrentIndex(self.source.findText(path))
        self._source_changed()

    def _layer(self) -> QgsVectorLayer | None:
        layer = self.source.currentLayer()
        if layer is None:
            layer = self._files.get(self.source.currentText())
        return layer if isinstance(layer, QgsVectorLayer) else None

    def _source_changed(self) -> None:
        self._prepared = None
        self._prepare()

    def _prepare(self, given: Any = None) -> None:
        """Read (once), propose unless a mapping is given, and work out what arrives: in the background."""
        layer = self._layer()
        if self._job is not None:
            self._job.forget()
            self._job = None
        if layer is None:
            self.table.setRowCount(0)
            self._say(tr("Choose a layer, or a file with File…"))
            self._enable()
            return
        source: Any = self._prepared.columns if self._prepared is not None else snapshot(layer)
        template, standard = self._target, self._norm.standard
        known = forms.known_values(template, self._norm)

        def work(progress, cancelled):
            return mapping_work.prepare(source, template, standard, given, stopper(cancelled), known)

        self._job = Job(tr("Map Fields"), work, on_done=self._show, on_error=self._failed, on_cancelled=self._cancelled)
        self._say(tr("Reading {layer}…").format(layer=layer.name()))
        self._enable()
        self._runner.start(self._job)

    def _show(self, prepared: Prepared) -> None:
        self._job, self._prepared = None, prepared
        self.table.fill(prepared, self._target, self._norm.standard)
        self.personal.setVisible(bool(self._target.personal))
        self.personal.setToolTip(tr(", ").join(f"{f.alias} {f.name}" for f in self._target.personal))
        self._show_choices()
        self._sum_up()
        self._enable()

    def _cancelled(self) -> None:
        """In QGIS's own list of tasks: here is no button for it."""
        self._job = None
        self._say(tr("Reading was cancelled. Propose Again reads the layer anew."))
        self._enable()

    def _failed(self, error: Exception) -> None:
        self._job = None
        self._say(idle.told(error, tr("The layer could not be read ({error}). Details are in the log, tab Sanxian.")))
        self._enable()

    def _changed(self, target: str, source: str, constant: Any, way: Any) -> None:
        if self._prepared is None:
            return
        former = self._prepared.mapping.codes.get(target)
        if way is not None and former is not None and (former.list, former.column) == (way.list, way.column):
            way = former
        mapping = changed(self._prepared.mapping, self._target, target, source=source, constant=constant, way=way)
        self._take(mapping, target)

    def _decided(self, code: str, becomes: str) -> None:
        target = self.table.current_target()
        way = self._prepared.mapping.codes[target]
        choices = {k: v for k, v in way.choices.items() if k != code}
        if becomes:
            choices[code] = becomes
        codes = {**self._prepared.mapping.codes, target: replace(way, choices=choices)}
        self._take(replace(self._prepared.mapping, codes=codes), target)

    def _take(self, mapping: Any, target: str) -> None:
        """Another mapping: the field, and the name that goes with its code, are shown anew."""
        previews = dict(self._prepared.previews)
        field = self._target.field_named(target)
        for name in dict.fromkeys((target, field.code_name)):
            one = self._target.field_named(name) if name else None
            if one is not None:
                previews[name] = preview(self._prepared.columns, mapping, one, self._target, self._norm.standard)
                self.table.show_preview(name, previews[name])
        self._prepared = replace(self._prepared, mapping=mapping, previews=previews)
        self._show_choices()
        self._sum_up()

    def _show_choices(self) -> None:
        target = self.table.current_target()
        field = self._target.field_named(target) if target else None
        if field is None or self._prepared is None:
            self.choices.show_codes("", [], None)
            return
        standard = self._norm.standard
        rows = undecided(self._prepared.columns, self._prepared.mapping, field, self._target, standard)
        self.choices.show_codes(f"{field.alias} {field.name}", rows, standard.code_lists.get(field.codes))

    def _sum_up(self) -> None:
        self._say(mapping_words.prepared(self._prepared, self._target))

    # --- mapping files
    def _ask_mapping(self) -> None:
        path = mapping_files.ask_mapping(self, self._project)
        if path:
            self.open_mapping(path)

    def open_mapping(self, path: str) -> None:
        try:
            mapping = load_mapping(path, self._target, self._norm.standard)
        except SanxianError as error:
            self._say(idle.explain(error))
            return
        self._prepare(mapping)

    def _ask_where(self) -> None:
        path = mapping_files.ask_where(self, self._project, self.role())
        if path:
            self.save_mapping(path)

    def save_mapping(self, path: str) -> bool:
        try:
            with beside(path) as temporary:
                text = to_toml(self._prepared.mapping, self._target)
                temporary.write_text(text, encoding="utf-8", newline="\n")
        except SanxianError as error:
            self._say(idle.explain(error))
            return False
        self._say(tr("Mapping saved: {file}.").format(file=path))
        return True

    # --- the run
    def run(self) -> None:
        layer = self._layer()
        if self._prepared is None or layer is None:
            return
        output = self._written = self.output.filePath().strip()
        losses = str(Path(output).with_suffix(".未对应.xlsx")) if output and self.losses.isChecked() else ""
        source = layer if self.source.currentLayer() is not None else layer.source()
        given = mapping_run.parameters(
            source, self._target, self._norm.standard, self._prepared.mapping, output, losses
        )
        given["DROP_PERSONAL"] = bool(self._target.personal) and self.personal.isChecked()
        self._run = MappingRun(self._project, given)
        self._run.progress.connect(self._progress)
        self._run.ended.connect(self._ended)
        self.bar.setValue(0)
        self._say(tr("Mapping {layer}…").format(layer=layer.name()))
        self._enable()
        self._run.start(self._runner)

    def _progress(self, share: float) -> None:
        self.bar.setValue(round(share))

    def _cancel(self) -> None:
        if self._run is not None:
            self._say(tr("Cancelling"))
            # One that still waits for its turn ends, and tells so, at once.
            self._run.cancel()

    def _ended(self, results: dict[str, Any] | None) -> None:
        run, self._run = self._run, None
        self._enable()
        if results is None:
            self._say(tr("Cancelled; nothing was written.") if run.cancelled else mapping_words.last(run.said()))
            return
        layer = mapping_run.add_result(self._project, run, results["OUTPUT"], self._target, self._norm)
        lines = mapping_words.written(results, layer.name() if layer else results["OUTPUT"])
        self._say("\n".join(lines))
        if self._written:
            kept = mapping_work.free_name(self._written)
            if not self.save_mapping(kept):
                return
            lines.append(tr("The mapping is kept in {file}, to be used again.").format(file=Path(kept).name))
            self._say("\n".join(lines))

    def _enable(self) -> None:
        running = self._run is not None
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        # After a reading that failed or was stopped, what is there may be of another template.
        fits = self._prepared is not None and self._prepared.mapping.role == self.role()
        ready = fits and self._job is None and not running
        for widget in (self.start, self.save, self.table, self.choices):
            widget.setEnabled(ready)
        for widget in (
            self.source,
            self.browse,
            self.template,
            self.again,
            self.load,
            self.output,
            self.losses,
            self.personal,
        ):
            widget.setEnabled(not running)

    def _say(self, text: str) -> None:
        self.summary.setText(text)

    def done(self, result: int) -> None:
        """Closing asks what runs to stop; nobody waits for its answer."""
        if self._job is not None:
            self._job.forget()
        if self._run is not None:
            self._run.forget()
        super().done(result)
