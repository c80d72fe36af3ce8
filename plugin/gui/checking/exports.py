# SPDX-License-Identifier: GPL-2.0-or-later
"""Saving a check result as findings layer, report or ledger, with the edits since, in the background."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject, QgsVectorLayer

from ...bridge import settings
from ...bridge.layers import role_recognition
from ...bridge.layers.properties import count_unsaved_edits
from ...bridge.project import saved_paths
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.files.names import make_default_stem
from ...core.base.files.writing import LAYER_FORMATS, OutputPaths
from ...core.standard.profile import DocumentInfo
from ...core.standard.profile.document import add_document_info, resolve_document
from ..editing.live_switch import LiveCheckSwitch
from ..findings.result import CheckView
from ..widgets import choose_save_path, make_open_buttons, messages

if TYPE_CHECKING:
    from ...core.model.report import EditsSinceCheck
    from ...core.render.worklist.worklist_row import WorkItem

_EXPORT_FOLDER_KEY = "export_folder"


class ResultExporter:
    """Saves the displayed result to files chosen by the user, and reports the outcome in the message bar."""

    def __init__(
        self,
        iface,
        runner: JobRunner,
        get_result: Callable[[], CheckView | None],
        get_document_info: Callable[[], DocumentInfo | None] = lambda: None,
        find_edits: Callable[[CheckView], EditsSinceCheck | None] = lambda _result: None,
        get_work_items: Callable[[], Mapping[str, WorkItem]] = dict,
        is_list_filtered: Callable[[], bool] = lambda: False,
    ):
        """Set the functions that return the result to save and information on it.

        ``get_result``: returns the displayed result, None without one; ``get_document_info``: returns the document
        information (成果信息) of the result's project, or None to use that of the check; ``find_edits``: returns the
        edits made since the check of the result, None for data other than the project's; ``get_work_items``: returns
        fingerprint → row of the work list, for the ledger; ``is_list_filtered``: returns True if a filter of the list
        hides findings, which are saved all the same.
        """
        self._iface, self._runner, self._get_work_items = iface, runner, get_work_items
        self._is_list_filtered = is_list_filtered
        self._result, self._info, self._find_edits = get_result, get_document_info, find_edits
        self.messages = messages.MessageBarMessages(iface, tr("Sanxian"))

    def ask_and_save(self, kind: str) -> None:
        """Ask for a path, then write the displayed result there.

        ``kind``: ``layer``, ``html``, ``json``, ``pdf``, ``docx`` or ``xlsx``.
        """
        result = self._result()
        if result is None:
            return
        layer_filter = tr("GeoPackage (*.gpkg);;Shapefile (*.shp)")
        # Known suffixes; if the user typed another one, the suffix of the filter is added. The first is the default.
        title, filters, name, suffixes = {
            "layer": (tr("Save Findings Layer"), layer_filter, tr("findings.gpkg"), LAYER_FORMATS),
            "html": (tr("Save HTML Report"), tr("HTML (*.html)"), tr("report.html"), (".html", ".htm")),
            "json": (tr("Save JSON Report"), tr("JSON (*.json)"), tr("report.json"), (".json",)),
            "pdf": (tr("Save Report to Be Signed"), tr("PDF (*.pdf)"), tr("report.pdf"), (".pdf",)),
            "docx": (tr("Save Report to Be Signed"), tr("Word (*.docx)"), tr("report.docx"), (".docx",)),
            "xlsx": (tr("Save Findings Ledger"), tr("Excel (*.xlsx)"), tr("ledger.xlsx"), (".xlsx",)),
        }[kind]
        folder = settings.read_setting(_EXPORT_FOLDER_KEY, "") or saved_paths.get_start_folder(QgsProject.instance())
        origin = result.report.provenance
        stem = make_default_stem(
            origin.get("area_code", ""), origin.get("area_name", ""), Path(name).stem, origin.get("started", "")
        )
        # Without suffix: the dialog adds that of the chosen format.
        path = choose_save_path(self._iface.mainWindow(), title, str(Path(folder) / stem), filters, suffixes)
        if path:
            self.save_result(kind, path)

    def _state_present(self, result: CheckView) -> tuple[Any, EditsSinceCheck | None]:
        """Return a result with the document information and the state of the data of now, and the edits since."""
        from ...core.engine.provenance import record_saved_edits
        from ...core.model.report import record_edits

        check_result, info = result.check_result, self._info()
        if info is not None:
            # The user may have changed it since the check.
            document = resolve_document(info, check_result.plan.norm.profile)
            check_result = replace(check_result, report=add_document_info(check_result.report, document))
        edits = self._find_edits(result)
        if edits is not None:
            report = record_edits(check_result.report, edits)
            # Edits that were discarded are among the edits since the check.
            if not any(layer.isModified() for layer in role_recognition.list_plan_layers(QgsProject.instance())):
                report = record_saved_edits(report)
            check_result = replace(check_result, report=report)
        return check_result, edits

    def save_result(self, kind: str, path: str) -> BackgroundJob | None:
        """Write the displayed result in the background; return the job, None without a result.

        ``kind``: as in `ask_and_save`. The dialog has confirmed replacing an existing file.
        """
        from ...bridge.checking.check import write_check_outputs

        result = self._result()
        if result is None:
            return None
        settings.store_setting(_EXPORT_FOLDER_KEY, str(Path(path).parent))
        outputs = OutputPaths(**{{"layer": "findings"}.get(kind, kind): path})
        check_result, edits = self._state_present(result)
        work_items = self._get_work_items()

        def write_in_background(progress, cancellation):
            write_check_outputs(
                check_result,
                outputs,
                progress=progress,
                cancellation=cancellation,
                has_rows=not result.is_restored,
                worklist=work_items,
            )
            return path

        def report_saved(path: str) -> None:
            # A report describes one state of the data: that of the full check.
            text = tr("Saved: {path}")
            if edits:
                text = tr("Saved: {path}. It contains the full check of {time}, without findings of later edits.")
            text = text.format(path=path, time=result.time_text)
            if self._is_list_filtered():
                # The path ends without a full stop.
                first = text if edits else tr("{text}.").format(text=text)
                remark = tr("It contains all findings, also those that the filter of the list hides.")
                text = tr("{first} {second}").format(first=first, second=remark)
            self.messages.show_message(text, "success", *make_open_buttons(path))

        return self._runner.start(
            BackgroundJob(
                tr("Saving {name}").format(name=Path(path).name),
                write_in_background,
                on_done=report_saved,
                on_error=partial(
                    messages.report_failure,
                    self.messages.show_warning,
                    tr("Nothing was saved ({error}). Details are in the log, tab Sanxian."),
                ),
            )
        )


def collect_edits_since_check(result: CheckView, editing: LiveCheckSwitch) -> EditsSinceCheck:
    """Return for each edited layer the number of features edited since the full check of the displayed result.

    Edits that were undone or discarded do not count. The numbers are unknown for a result read from the project's
    folder, and after edits that the live check could not follow; only the layer names are returned then.
    """
    from ...core.model.report import EditsSinceCheck, LayerEdits

    if result.is_restored:
        changes = result.changes_since_check
        unsaved = _count_unsaved_by_name(QgsProject.instance().mapLayers().values())
        layers = tuple(LayerEdits(name, 0, unsaved[name]) for name in changes.changed_layer_names)
        return EditsSinceCheck(layers, not layers, changes.have_settings_changed)
    if editing.is_outdated:
        unsaved = _count_unsaved_by_name(role_recognition.list_plan_layers(QgsProject.instance()))
        edited = _count_by_layer_name(result, result.edited_features)
        names = dict.fromkeys([*edited, *unsaved])
        layers = tuple(LayerEdits(name, 0, unsaved[name]) for name in names)
        return EditsSinceCheck(layers, False, result.changes_since_check.have_settings_changed)
    live = editing.live
    features = set(result.edited_features) | (live.waiting_features if live is not None else set())
    unsaved = _count_by_layer_name(result, live.find_unsaved_features(features) if live is not None else ())
    edited = _count_by_layer_name(result, features)
    layers = tuple(LayerEdits(name, count, unsaved[name]) for name, count in edited.items())
    return EditsSinceCheck(layers, have_settings_changed=result.changes_since_check.have_settings_changed)


def _count_by_layer_name(result: CheckView, features) -> Counter[str]:
    """Return layer name → number of the given features, in the order of layers in the report.

    ``features``: (layer code, feature id).
    """
    count_by_role = Counter(role for role, _fid in features)
    layers = result.report.provenance.get("layers", [])
    names = {layer["role"]: layer["name"] for layer in layers if layer["role"] in count_by_role}
    return Counter({names.get(role, role): count_by_role[role] for role in dict.fromkeys([*names, *count_by_role])})


def _count_unsaved_by_name(layers) -> Counter[str]:
    """Return layer name → number of unsaved edits, for those layers that have any."""
    counts: Counter[str] = Counter()
    for layer in layers:
        if isinstance(layer, QgsVectorLayer) and (count := count_unsaved_edits(layer)):
            counts[layer.name()] += count
    return counts
