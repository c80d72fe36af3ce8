# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT in and out, yearly maintenance, comparing editions: the toolbox's own dialogs, filled in with what the project knows, and
what came of them in a line that stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsProviderRegistry, QgsVectorLayer

from ...bridge.layers import recognise
from ...bridge.layers.properties import file_of, unsaved_edits
from ...bridge.project import county, kept_paths
from ...bridge.settings import interface_language
from ...bridge.texts import tr
from ...core.messages.texts import Texts
from ..widgets.messages import Messages, opener

Ask = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def ask_processing(algorithm: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """Processing's dialog; its results, or None when it was closed without any."""
    import processing

    return processing.execAlgorithmDialog(algorithm, parameters)


class Exchange:
    """``ask``: opens a dialog of the toolbox; another one in tests."""

    def __init__(self, iface: Any, ask: Ask = ask_processing):
        self._iface, self._ask = iface, ask
        self._messages = Messages(iface, tr("Sanxian"))

    def close(self) -> None:
        self._messages.close()

    def import_vct(self, path: str) -> None:
        """``path``: of a file that was dropped on the map. Its layers come in a group, with symbols and forms."""
        given = {"INPUT": path, "OUTPUT": free(Path(path).with_suffix(".gpkg"))} if path else {}
        results = self._ask("sanxian:import_vct", given)
        if results and "LAYERS" in results:
            text = tr("{layers} layers with {rows} rows were read from VCT into {path}.")
            made = text.format(layers=results["LAYERS"], rows=results["ROWS"], path=results["OUTPUT"])
            remarks = str(results.get("REMARKS") or "").splitlines()
            checked = _check_summary(results)
            level = "success" if results.get("VERDICT", "pass") == "pass" and not remarks else "warning"
            self._tell("\n".join([made, *checked, *remarks]), results["OUTPUT"], level)

    def export_vct(self) -> None:
        project = QgsProject.instance()
        layers = recognise.plan_layers(project)
        if not layers:
            self._messages.warn(tr("The project has no layer of a plan, so there is nothing to export."))
            return
        target = free(
            Path(_home(project, _only_file(layers))) / f"{project.title() or project.baseName() or 'plan'}.vct"
        )
        results = self._ask("sanxian:export_vct", {"LAYERS": [layer.id() for layer in layers], "OUTPUT": target})
        if results and "ROWS" in results:
            text = tr("{layers} layers with {rows} rows were written to {path}.")
            told = text.format(layers=results["LAYERS_WRITTEN"], rows=results["ROWS"], path=results["OUTPUT"])
            self._tell(told, results["OUTPUT"])

    def yearly(self) -> None:
        """The current database is the one that all layers of the plan come from; the filed one the sealed edition."""
        project = QgsProject.instance()
        kept = county.of(project)
        current = _only_file(recognise.plan_layers(project))
        self._warn_of_edits(project)
        given = {
            "CURRENT": current,
            "FILED": kept_paths.full(project, "baseline"),
            "YEAR": date.today().year,
            "STANDARD": kept.standard,
            "PROFILE": kept.profile,
            "OUTPUT": _home(project, current),
        }
        results = self._ask("sanxian:yearly_update", {key: value for key, value in given.items() if value})
        if results and "DATABASE" in results:
            text = tr(
                "{layers} layers changed: {moved_in} in, {moved_out} out, {changed} changed. Fill in the reasons."
            )
            told = text.format(
                layers=results["LAYERS"],
                moved_in=results["COUNT_IN"],
                moved_out=results["COUNT_OUT"],
                changed=results["COUNT_CHANGED"],
            )
            self._tell(told, results["DATABASE"])

    def compare(self) -> None:
        """The current layer is the later edition; the same layer of the sealed edition the earlier."""
        project, kept = QgsProject.instance(), county.of(QgsProject.instance())
        given: dict[str, Any] = {"STANDARD": kept.standard, "PROFILE": kept.profile}
        layer = self._iface.activeLayer()
        if isinstance(layer, QgsVectorLayer) and layer in recognise.plan_layers(project):
            role = recognise.role_of(layer, county.options(project))
            given |= {"AFTER": layer.id(), "ROLE": role, "BEFORE": _same_in(kept_paths.full(project, "baseline"), role)}
        results = self._ask("sanxian:compare_versions", {key: value for key, value in given.items() if value})
        if results and "VERDICT" in results:
            if results["IDENTICAL"]:
                self._messages.tell(tr("The two editions are identical."), "success")
                return
            text = tr(
                "The two editions differ in {parts} parts: {area_in} m² in, {area_out} m² out, {changed} m² with other attributes."
            )
            figures = {
                key: f"{results[name]:,.2f}"
                for key, name in (("area_in", "AREA_IN"), ("area_out", "AREA_OUT"), ("changed", "AREA_CHANGED"))
            }
            told = text.format(parts=results["PARTS"], **figures)
            workbook = str(results.get("OUTPUT_XLSX") or "")
            buttons = [(tr("Open the workbook"), opener(workbook))] if workbook else []
            self._messages.tell(told, "info", *buttons)

    def _warn_of_edits(self, project: QgsProject) -> None:
        edited = [layer.name() for layer in recognise.plan_layers(project) if unsaved_edits(layer)]
        if edited:
            text = tr("Yearly maintenance reads files: unsaved edits of {names} do not count. Save them first.")
            self._messages.warn(text.format(names=tr(", ").join(edited)))

    def _tell(self, text: str, path: str, level: str = "success") -> None:
        self._messages.tell(text, level, (tr("Open Folder"), opener(str(Path(path).parent))))


def _check_summary(results: dict[str, Any]) -> list[str]:
    """The verdict of the check that followed an import, in a line; none where it was not completed or not asked for."""
    if not results.get("VERDICT"):
        return []
    verdict = Texts(interface_language()).get("verdicts", results["VERDICT"])
    text = tr("Check: {verdict}; {errors} errors, {warnings} warnings.")
    return [text.format(verdict=verdict, errors=results["ERRORS"], warnings=results["WARNINGS"])]


def free(path: Path) -> str:
    """The path, or the first with a number that nothing stands at: a proposal replaces nothing."""
    found, number = path, 2
    while found.exists():
        found, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return str(found)


def _only_file(layers: list[QgsVectorLayer]) -> str:
    """The database that all layers come from, results in memory aside; empty when there are several."""
    files = {file_of(layer) for layer in layers if layer.providerType() != "memory"}
    return files.pop() if len(files) == 1 else ""


def _home(project: QgsProject, database: str = "") -> str:
    """Where results go at first: beside the project, else beside its data."""
    beside = str(Path(database).parent) if database else ""
    return project.homePath() or beside or str(Path.home())


def _same_in(database: str, role: str) -> str:
    """The layer of this role in a database, as QGIS calls it; empty when there is none."""
    if not database or not role or not Path(database).exists():
        return ""
    found = QgsProviderRegistry.instance().querySublayers(database)
    return next((one.uri() for one in found if one.name().upper() == role), "")


class FiguresDialog:
    """``ask``: opens a dialog of the toolbox; another one in tests."""

    def __init__(self, iface: Any, ask: Ask = ask_processing):
        self._ask = ask
        self._messages = Messages(iface, tr("Indicators"))

    def close(self) -> None:
        self._messages.close()

    def show(self) -> None:
        """指标计算…: the log is closed with the dialog, so the counts are said here, too, with a button for the workbook."""
        results = self._ask("sanxian:compute_indicators", {})
        if not results or "COMPUTED" not in results:
            return
        text = tr(
            "{computed} indicators; targets met {met}, little left {little}, missed {missed}; {lacking} that no layer gives."
        )
        told = text.format(
            computed=results["COMPUTED"],
            met=results["MET"],
            little=results["LITTLE_LEFT"],
            missed=results["BROKEN"] + results["ROUNDING"],
            lacking=results["NOT_COMPUTED"],
        )
        workbook = str(results.get("OUTPUT_XLSX") or "")
        buttons = [(tr("Open the workbook"), opener(workbook))] if workbook else []
        self._messages.tell(told, "info", *buttons)
