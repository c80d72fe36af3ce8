# SPDX-License-Identifier: GPL-2.0-or-later
"""Actions that open dialogs of the toolbox: exchange, yearly maintenance, comparison, indicators, dropped files.

The dialogs are filled with values of the project; results are reported in the message bar. A message asks what to do
with a file dropped on map or layer tree. A dropped VCT file is imported; QGIS would open it with its Idrisi reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.gui import QgsCustomDropHandler
from qgis.PyQt.QtCore import QTimer

from ...bridge import settings
from ...bridge.layers import role_recognition
from ...bridge.layers.properties import count_unsaved_edits, get_file_path
from ...bridge.project import county, saved_paths
from ...bridge.project.dropped_data import (
    DroppedData,
    DroppedKind,
    find_county_and_profiles,
    open_layers,
    recognise_dropped_data,
)
from ...bridge.running.tasks import log_error
from ...bridge.settings import get_interface_language
from ...bridge.texts import mark_text, tr, translate_marked
from ...core.base.files import find_free_path
from ...core.standard import divisions, load_standard
from ...core.standard.messages.texts import Texts
from ..widgets import MessageBarMessages, open_path

OpenToolDialog = Callable[[str, dict[str, Any]], dict[str, Any] | None]
#: Comments may come before the header of a VCT file.
_HEADER_BYTES = 8192
#: Profiles that the question about a county that was added names; the others are in the dialog.
_MAX_PROFILES = 2


def _open_processing_dialog(algorithm: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """Open a tool's Processing dialog; return its results, or None if it was closed."""
    import processing

    return processing.execAlgorithmDialog(algorithm, parameters)


@dataclass(frozen=True)
class _Tool:
    """A tool of the menu that writes files.

    ``file_name``: marked text, proposed with the county's name before it; ``reads_files``: the tool reads the database
    and not the layers of the project; ``baseline_parameter``: its parameter for the sealed edition, empty without one.
    """

    algorithm: str
    output_parameter: str
    file_name: str
    suffix: str
    reads_files: bool = False
    baseline_parameter: str = ""


_TOOLS = {
    "tables": _Tool("office_tables", "OUTPUT", mark_text("office tables"), ".xlsx", baseline_parameter="BASELINE"),
    "adjustment": _Tool(
        "boundary_adjustment", "OUTPUT_XLSX", mark_text("adjustment"), ".xlsx", baseline_parameter="BEFORE"
    ),
    "cultivated": _Tool("cultivated_changes", "OUTPUT_XLSX", mark_text("cultivated land"), ".xlsx"),
    "split": _Tool("split_townships", "OUTPUT", mark_text("township packages"), "", reads_files=True),
    "merge": _Tool("merge_townships", "OUTPUT", mark_text("merged"), ".gpkg", reads_files=True),
}


class ExchangeActions:
    """Menu actions for VCT files, yearly maintenance, comparisons, indicators, and other tools that write files.

    ``open_tool_dialog``: function that opens a dialog of the toolbox; tests replace it. ``get_provenance``: returns the
    provenance of the displayed result, empty without a result.
    """

    def __init__(
        self,
        iface: Any,
        open_tool_dialog: OpenToolDialog = _open_processing_dialog,
        get_provenance: Callable[[], Mapping[str, Any]] = dict,
    ):
        self._iface, self._open_tool_dialog, self._get_provenance = iface, open_tool_dialog, get_provenance
        self.messages = MessageBarMessages(iface, tr("Sanxian"))

    def check_source(self, path: str) -> None:
        """Open the toolbox dialog to check a file or folder."""
        # The profile of the open project may be of another county.
        code, profiles = find_county_and_profiles(open_layers(path))
        profile = next((one.id for one in profiles if one.area_code == code), "")
        self._open_tool_dialog("sanxian:check_plan", {"SOURCE": path, "PROFILE": profile})

    def import_boundary_points(self, path: str) -> str:
        """Open the toolbox dialog to import a file of boundary points; the layer of parcels is added to the project.

        ``path``: empty for the user to choose. Return the path of the layer; empty if the user cancels or nothing was
        imported.
        """
        text = tr("{count} parcels were imported, {left_out} were left out; see the log of the tool.")
        results = self._import_file("import_boundary_points", path, "PARCELS", text, warns_of_left_out=True)
        return str(results["OUTPUT"]) if results.get("PARCELS") else ""

    def import_drawing(self, path: str) -> None:
        """Open the toolbox dialog to import a drawing (DXF); its layers are added to the project in a group."""
        text = tr("{count} polygons were imported, {left_out} items were not taken; see the log of the tool.")
        self._import_file("import_drawing", path, "POLYGONS", text, warns_of_left_out=False)

    def _import_file(
        self, tool: str, path: str, count_name: str, text: str, *, warns_of_left_out: bool
    ) -> dict[str, Any]:
        """Open the dialog of a tool that imports a file next to it, and report the counts; return the tool's results.

        ``count_name``: result with the number of features, without which nothing was imported; ``text``: message with
        the places ``count`` and ``left_out``.
        """
        results = self._open_tool_dialog(f"sanxian:{tool}", _propose_import(path)) or {}
        if count_name in results:
            remarks = str(results.get("REMARKS") or "").splitlines()
            lines = [text.format(count=results[count_name], left_out=results["LEFT_OUT"]), *remarks]
            level = "warning" if remarks or (warns_of_left_out and results["LEFT_OUT"]) else "success"
            self._report_written("\n".join(lines), results["OUTPUT"], level)
        return results

    def import_vct(self, path: str) -> None:
        """Import a VCT file; its layers are added in a group, with symbols and forms.

        ``path``: a file dropped on the map, or empty.
        """
        results = self._open_tool_dialog("sanxian:import_vct", _propose_import(path))
        if results and "LAYERS" in results:
            text = tr("{layers} layers with {rows} rows were read from VCT into {path}.")
            import_text = text.format(layers=results["LAYERS"], rows=results["ROWS"], path=results["OUTPUT"])
            remarks = str(results.get("REMARKS") or "").splitlines()
            check_lines = []
            if results.get("VERDICT"):
                verdict = Texts(get_interface_language()).get("verdicts", results["VERDICT"])
                text = tr("Check: {verdict}; {errors} errors, {warnings} warnings.")
                counts = {"errors": results["ERRORS"], "warnings": results["WARNINGS"]}
                check_lines.append(text.format(verdict=verdict, **counts))
            level = "success" if results.get("VERDICT", "pass") == "pass" and not remarks else "warning"
            self._report_written("\n".join([import_text, *check_lines, *remarks]), results["OUTPUT"], level)

    def export_vct(self) -> None:
        """Open the toolbox dialog to export the plan layers of the project as a VCT file."""
        project = QgsProject.instance()
        layers = role_recognition.list_plan_layers(project)
        if not layers:
            self.messages.show_warning(tr("The project has no plan layers to export."))
            return
        target = find_free_path(
            Path(_get_initial_folder(project, _find_database(layers)))
            / f"{project.title() or project.baseName() or 'plan'}.vct"
        )
        results = self._open_tool_dialog(
            "sanxian:export_vct", {"LAYERS": [layer.id() for layer in layers], "OUTPUT": target}
        )
        if results and "ROWS" in results:
            message = tr("{layers} layers with {rows} rows were written to {path}.").format(
                layers=results["LAYERS_WRITTEN"], rows=results["ROWS"], path=results["OUTPUT"]
            )
            self._report_written(message, results["OUTPUT"])

    def update_yearly(self) -> None:
        """Open the dialog of the yearly maintenance (年度动态维护).

        The dialog proposes the database that contains all plan layers as the current one, and the approved edition as
        the filed database of the former year.
        """
        project = QgsProject.instance()
        county_settings = county.read_county_settings(project)
        current = _find_database(role_recognition.list_plan_layers(project))
        self._warn_of_unsaved_edits()
        initial_parameter_values = {
            "CURRENT": current,
            "FILED": saved_paths.read_absolute_path(project, "baseline"),
            "YEAR": date.today().year,
            "STANDARD": county_settings.standard,
            "PROFILE": county_settings.profile,
            "OUTPUT": _get_initial_folder(project, current),
        }
        results = self._open_tool_dialog(
            "sanxian:yearly_update", {key: value for key, value in initial_parameter_values.items() if value}
        )
        if results and "DATABASE" in results:
            message = tr(
                "{layers} layers changed: {moved_in} in, {moved_out} out, {changed} changed. Fill in the reasons."
            ).format(
                layers=results["LAYERS"],
                moved_in=results["COUNT_IN"],
                moved_out=results["COUNT_OUT"],
                changed=results["COUNT_CHANGED"],
            )
            self._report_written(message, results["DATABASE"])

    def open_tool(self, name: str) -> None:
        """Open a tool that writes files of the project's plan (a key of `_TOOLS`); report where they are."""
        project, tool = QgsProject.instance(), _TOOLS[name]
        database = _find_database(role_recognition.list_plan_layers(project))
        if tool.reads_files:
            self._warn_of_unsaved_edits()
        code, county_name = county.read_county_code_and_name(project)
        file_name = f"{code}{county_name}_{translate_marked(tool.file_name)}{tool.suffix}".lstrip("_")
        initial_parameter_values = {
            "SOURCE": database if tool.reads_files else "",
            tool.baseline_parameter: saved_paths.read_absolute_path(project, "baseline"),
            "PROFILE": county.read_county_settings(project).profile,
            tool.output_parameter: find_free_path(Path(_get_initial_folder(project, database)) / file_name),
        }
        results = self._open_tool_dialog(
            f"sanxian:{tool.algorithm}",
            {key: value for key, value in initial_parameter_values.items() if key and value},
        )
        written = str(results.get(tool.output_parameter) or "") if results else ""
        if written:
            self._report_written(tr("Saved: {path}").format(path=written), written)

    def _warn_of_unsaved_edits(self) -> None:
        layers = role_recognition.list_plan_layers(QgsProject.instance())
        if edited_names := [layer.name() for layer in layers if count_unsaved_edits(layer)]:
            self.messages.show_warning(
                tr("The tool reads files: unsaved edits of {names} do not count. Save them first.").format(
                    names=tr(", ").join(edited_names)
                )
            )

    def open_comparison_dialog(self) -> None:
        """Open the dialog to compare the current layer with its approved edition."""
        project, county_settings = QgsProject.instance(), county.read_county_settings(QgsProject.instance())
        initial_parameter_values: dict[str, Any] = {
            "STANDARD": county_settings.standard,
            "PROFILE": county_settings.profile,
        }
        layer = self._iface.activeLayer()
        if isinstance(layer, QgsVectorLayer) and layer in role_recognition.list_plan_layers(project):
            role = role_recognition.recognise_role(layer, county.make_check_options(project))
            initial_parameter_values |= {
                "AFTER": layer.id(),
                "ROLE": role,
                "BEFORE": _find_layer_uri(saved_paths.read_absolute_path(project, "baseline"), role),
            }
        results = self._open_tool_dialog(
            "sanxian:compare_versions", {key: value for key, value in initial_parameter_values.items() if value}
        )
        if results and "VERDICT" in results:
            if results["IDENTICAL"]:
                self.messages.show_message(tr("The two editions are identical."), "success")
                return
            from ...core.standard.messages.numbers import format_number

            message = tr(
                "The two editions differ in {parts} parts: {area_in} m² in, {area_out} m² out, {changed} m² with "
                "other attributes."
            ).format(
                parts=results["PARTS"],
                area_in=format_number(results["AREA_IN"], 2),
                area_out=format_number(results["AREA_OUT"], 2),
                changed=format_number(results["AREA_CHANGED"], 2),
            )
            if results["SHIFT_ROWS"]:
                shift = tr(
                    "The later edition is shifted as a whole: {east} m east, {north} m north (negative: west, south; "
                    "{count} features)."
                ).format(
                    count=results["SHIFT_ROWS"],
                    east=format_number(results["SHIFT_EAST"], 3),
                    north=format_number(results["SHIFT_NORTH"], 3),
                )
                message = f"{shift} {message}"
            self.messages.show_message(message, "info", *_make_workbook_buttons(results))

    def open_indicator_dialog(self) -> None:
        """Open the toolbox dialog of 指标计算, then report its counts in the message bar.

        The dialog is filled with the project's settings and the path of a workbook; a button of the message opens the
        workbook.
        """
        project = QgsProject.instance()
        county_settings, check_provenance, (code, name) = (
            county.read_county_settings(project),
            self._get_provenance(),
            county.read_county_code_and_name(project),
        )
        code, name = code or check_provenance.get("area_code", ""), name or check_provenance.get("area_name", "")
        folder = Path(_get_initial_folder(project, _find_database(role_recognition.list_plan_layers(project))))
        file_name = f"{code}{name}_{tr('indicators')}_{date.today():%Y%m%d}.xlsx".lstrip("_")
        values = {
            "STANDARD": county_settings.standard,
            "PROFILE": county_settings.profile,
            "SCOPE": county_settings.scope or check_provenance.get("scope", ""),
            "OUTPUT_XLSX": find_free_path(folder / file_name),
        }
        results = self._open_tool_dialog(
            "sanxian:compute_indicators", {key: value for key, value in values.items() if value}
        )
        if not results or "COMPUTED" not in results:
            return
        message = tr(
            "{computed} indicators; targets met {met}, met with a small margin {little}, missed {missed}; "
            "{lacking} that no layer provides."
        ).format(
            computed=results["COMPUTED"],
            met=results["MET"],
            little=results["LITTLE_LEFT"],
            missed=results["BROKEN"] + results["ROUNDING"],
            lacking=results["NOT_COMPUTED"],
        )
        self.messages.show_message(message, "info", *_make_workbook_buttons(results), title=tr("Indicators"))

    def _report_written(self, text: str, path: str, level: str = "success") -> None:
        self.messages.show_message(text, level, (tr("Open Folder"), partial(open_path, str(Path(path).parent))))


def _make_workbook_buttons(results: dict[str, Any]) -> list[tuple[str, Callable[[], object]]]:
    workbook = str(results.get("OUTPUT_XLSX") or "")
    return [(tr("Open the workbook"), partial(open_path, workbook))] if workbook else []


def _propose_import(path: str) -> dict[str, str]:
    """Return the parameters of an import that are known before its dialog opens; none for an empty path."""
    return {"INPUT": path, "OUTPUT": find_free_path(Path(path).with_suffix(".gpkg"))} if path else {}


def _find_database(layers: list[QgsVectorLayer]) -> str:
    """Return the path of the database that contains all layers except those in memory; empty for several databases."""
    files = {get_file_path(layer) for layer in layers if layer.providerType() != "memory"}
    return files.pop() if len(files) == 1 else ""


def _get_initial_folder(project: QgsProject, database: str = "") -> str:
    """Return the initial folder of results: the project's, else that of its data."""
    data_folder = str(Path(database).parent) if database else ""
    return project.homePath() or data_folder or saved_paths.get_start_folder()


def _find_layer_uri(database: str, role: str) -> str:
    """Return the URI of the layer with a role in a database, or an empty string."""
    if not database or not role or not Path(database).exists():
        return ""
    sublayers = QgsProviderRegistry.instance().querySublayers(database)
    return next((one.uri() for one in sublayers if one.name().upper() == role), "")


class PlanDataDropHandler(QgsCustomDropHandler):
    """Drop handler of GeoPackages, FileGDBs, folders, packages, drawings, boundary points and VCT files.

    Other files are left to QGIS. ``check(path)``, ``inspect(path)``, ``import_points(path)`` and
    ``import_drawing(path)`` are called if the user chooses to check the data, to inspect the package, or to import the
    boundary points or the drawing; ``import_vct(path)`` after a VCT file was dropped. ``use_profile(id)``: called with
    the profile that the user chooses for a county that was added, ``open_profiles()`` for another one.
    """

    def __init__(
        self,
        iface: Any,
        check: Callable[[str], None],
        inspect: Callable[[str], None],
        import_points: Callable[[str], None],
        import_drawing: Callable[[str], None],
        import_vct: Callable[[str], None],
        use_profile: Callable[[str], None],
        open_profiles: Callable[[], None],
    ):
        super().__init__()
        self._iface, self._check, self._inspect = iface, check, inspect
        self._import_points, self._import_drawing, self._import_vct = import_points, import_drawing, import_vct
        self._use_profile, self._open_profiles = use_profile, open_profiles
        self.messages = MessageBarMessages(iface, tr("Dropped Data"))
        #: QGIS passes the files of one drop one by one; one message asks about all.
        self._dropped: list[DroppedData] = []

    def customUriProviderKey(self) -> str:
        return "sanxian_data"

    def handleFileDrop(self, file: str) -> bool:
        if Path(file).suffix.lower() == ".vct" and is_vct_file(file):
            # A dialog during the drop would block the program that the file comes from.
            QTimer.singleShot(0, lambda: self._import_vct(file))
            return True
        if not settings.read_setting(settings.ASK_ON_DROP, True):
            return False
        try:
            dropped = recognise_dropped_data(file)
        except Exception as error:
            # A file that cannot be examined, or a machine without the libraries: QGIS adds it as usual.
            log_error(error)
            return False
        if dropped is None:
            return False
        # After the drop, which blocks the program that the file comes from.
        self._dropped.append(dropped)
        if len(self._dropped) == 1:
            QTimer.singleShot(0, self._ask)
        return True

    def _ask(self) -> None:
        """Ask in the message bar what to do; nothing happens until a button is pressed."""
        all_dropped, self._dropped = self._dropped, []
        if len(all_dropped) > 1:
            self._ask_about_several(all_dropped)
            return
        (dropped,) = all_dropped
        add = (tr("Add to Project"), lambda: self._add_layers(dropped))
        text, label, action = {
            DroppedKind.PLAN: (tr("“{name}” has {count} plan layers."), tr("Check without Adding…"), self._check),
            DroppedKind.PACKAGE: (tr("“{name}” is a submission package."), tr("Inspect…"), self._inspect),
            DroppedKind.BOUNDARY_POINTS: (tr("“{name}” has boundary points."), tr("Import…"), self._import_points),
            DroppedKind.DRAWING: (tr("“{name}” is a drawing (DXF)."), tr("Import…"), self._import_drawing),
        }[dropped.kind]
        button = (label, lambda: self._run(action, dropped.path))
        buttons = {DroppedKind.PLAN: (add, button), DroppedKind.PACKAGE: (button,)}.get(dropped.kind, (button, add))
        text = text.format(name=Path(dropped.path).name, count=dropped.layer_count)
        self.messages.show_message(text, "info", *buttons)

    def _ask_about_several(self, all_dropped: list[DroppedData]) -> None:
        """Offer to add the plan data of a drop; name the other files, which need a drop of each."""
        plans = [one for one in all_dropped if one.kind is DroppedKind.PLAN]
        others = [one for one in all_dropped if one.kind is not DroppedKind.PLAN]
        lines, buttons = [], []
        if plans:
            lines.append(tr("Plan data: {names}.").format(names=_join_names(plans)))
            buttons.append((tr("Add to Project"), lambda: self._add_layers(*plans)))
        if others:
            lines.append(
                tr(
                    "Packages, drawings and files of boundary points were not opened; drop them one by one: {names}."
                ).format(names=_join_names(others))
            )
        self.messages.show_message("\n".join(lines), "info", *buttons)

    def _run(self, action: Callable[[str], None], path: str) -> None:
        self.messages.close()
        action(path)

    def _add_layers(self, *dropped: DroppedData) -> None:
        self.messages.close()
        for file in (file for one in dropped for file in one.layer_files):
            self._iface.addVectorLayer(file, "", "ogr")
        self._ask_for_profile()

    def _ask_for_profile(self) -> None:
        """Ask which profile applies to the county that was added, unless it is unknown or the project has a profile."""
        project = QgsProject.instance()
        code, profiles = find_county_and_profiles(role_recognition.list_plan_layers(project))
        if code and not county.read_county_settings(project).profile:
            label = divisions.label_division(code, load_standard().code_lists["divisions"])
            text = tr("The data have the division code {code}. Which profile applies? It has the targets and limits.")
            buttons = [(one.name, partial(self._run, self._use_profile, one.id)) for one in profiles[:_MAX_PROFILES]]
            buttons.append((tr("Other Profile…"), partial(self._run, lambda _: self._open_profiles(), "")))
            self.messages.show_message(text.format(code=label), "info", *buttons)


def _join_names(all_dropped: list[DroppedData]) -> str:
    return tr(", ").join(Path(one.path).name for one in all_dropped)


def is_vct_file(path: str) -> bool:
    """Return True if the file begins as GB/T 17798 requires; False also for an unreadable one."""
    try:
        with open(path, "rb") as file:
            start = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return any(line.strip().lower() == b"headbegin" for line in start.removeprefix(b"\xef\xbb\xbf").splitlines())
