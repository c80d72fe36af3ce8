# SPDX-License-Identifier: GPL-2.0-or-later
"""Connect the panel 项目合规性 with the map tool, the review in the background, and the displayed check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QPoint, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QDockWidget, QFileDialog, QInputDialog

from ...bridge import settings
from ...bridge.checking.drawn_projects import DrawnProjectReviewer, make_shape
from ...bridge.editing.feature_numbers import NUMBER_FIELD
from ...bridge.layers.properties import read_wkb
from ...bridge.running.tasks import JobRunner
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch
from ..findings.result import CheckView
from ..project.watch import ProjectWatcher
from ..widgets import EmptyPage, MessageBarMessages, messages
from ..widgets.map_items import transform_to_map, zoom_to_box
from .dock import ConformityDock
from .figures import PanelFigures, Reason, describe_review
from .map_tool import MouseFigures, OccupiedMarks, ProjectMapTool, read_crs
from .projects import (
    FILE_FILTER,
    POINT_SUFFIXES,
    NoProjects,
    PanelProject,
    PlanState,
    ProjectFactsDialog,
    ProjectList,
    ReportWriter,
    read_file,
    read_selected_features,
)

#: A project smaller than this share of the map is a speck.
_SPECK_SHARE = 0.05
#: From this time (ms) on figures of a former position are shown in grey.
_LATE_MS = 100
_WAS_PLACED_SETTING = "conformity_placed"


class ConformityController(QObject):
    """Shows figures on the project that is drawn, selected or read from a file.

    ``get_result``: returns the displayed result of the open project, else None; ``start_check``: checks the plan;
    ``open_roles``: opens the dialog of layer roles; ``import_points``: imports a file of boundary points and returns
    the path of the layer, empty if the user cancels. Signal ``drawing_begun``: the user begins to draw a project.
    """

    drawing_begun = pyqtSignal()

    def __init__(
        self,
        iface: Any,
        runner: JobRunner,
        editing: LiveCheckSwitch,
        watch: ProjectWatcher,
        get_result: Callable[[], CheckView | None],
        start_check: Callable[[], None],
        open_roles: Callable[[], None],
        import_points: Callable[[str], str],
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._iface, self._canvas = iface, iface.mapCanvas()
        self._start_check, self._import_points = start_check, import_points
        self.dock = ConformityDock(iface.mainWindow())
        self.projects = ProjectList()
        #: Meaning → names of fields of the projects that were read.
        self._field_names: dict[str, tuple[str, ...]] = {}
        self.plan = PlanState(editing, get_result, self)
        self.reviewer = DrawnProjectReviewer(runner, describe_review, self)
        self.tool = ProjectMapTool(self._canvas)
        self.marks, self.at_mouse = OccupiedMarks(self._canvas), MouseFigures(self._canvas)
        self._bar = MessageBarMessages(iface, tr("Project Conformity"))
        self.report = ReportWriter(iface, runner, self._bar)
        #: Numbers of the latest request and of the request whose figures are shown.
        self.requested_number = self.shown_number = 0
        self._mouse: QPoint | None = None
        self._late = QTimer(
            self,
            singleShot=True,
            interval=_LATE_MS,
            timeout=lambda: self.dock.summary.show_state(tr("computing"), is_former=True),
        )
        self._signal_connections = (
            (self.plan.edited, self._on_edited),
            (watch.changed, self.clear),
            (editing.changed, self._show_source),
            (self._canvas.destinationCrsChanged, self._on_map_crs_changed),
        )
        for signal, slot in self._signal_connections:
            signal.connect(slot)
        dock, form, tool = self.dock, self.dock.form, self.tool
        for signal, slot in (
            (form.draw_requested, self.toggle_drawing),
            (form.selected_requested, self.take_selected),
            (form.file_requested, self.ask_for_file),
            (form.chosen, self.choose_project),
            (form.facts_requested, self._ask_for_current_facts),
            (form.remove_requested, self.remove_project),
            (form.use_changed, lambda code: self._set_attribute("use", code)),
            (form.use_given, self.give_use),
            (form.kind_changed, self._on_kind_changed),
            (form.width_changed, lambda metres: self._set_attribute("width", f"{metres:g}" if metres else "")),
            (
                dock.summary.asked,
                lambda reason: self.ask_for_value(reason) if reason.choices else self.ask_for_approval(),
            ),
            (dock.undo_requested, tool.undo_point),
            (dock.finish_requested, tool.finish),
            (dock.batch_requested, self.add_to_batch),
            (dock.report_requested, self.ask_for_report),
            (dock.roles_requested, open_roles),
            (tool.moved, self._on_moved),
            (tool.finished, self._on_finished),
            (tool.cancelled, self._on_cancelled),
            (tool.left, self._on_tool_left),
            (self.reviewer.answered, self._on_answered),
            (self.reviewer.preparing, lambda: self.dock.summary.show_state(tr("preparing the plan"), is_former=True)),
        ):
            signal.connect(slot)
        self.refresh()

    def stop(self) -> None:
        """Stop the review and remove tool, marks and connections; the dock is removed by the caller."""
        for signal, slot in self._signal_connections:
            signal.disconnect(slot)
        self._signal_connections = ()
        self._late.stop()
        self.reviewer.stop()
        self.plan.stop()
        self._bar.close()
        self._remove_from_map()
        self.at_mouse.remove()
        self.tool.deleteLater()

    def _remove_from_map(self) -> None:
        self._leave_tool()
        self.tool.clear()
        self.marks.clear()
        self.at_mouse.hide()

    def _leave_tool(self) -> None:
        if not sip.isdeleted(self._canvas) and self._canvas.mapTool() is self.tool:
            self._canvas.unsetMapTool(self.tool)

    def place_as_tab_of(self, other: QDockWidget) -> None:
        """Show the panel as a tab of another one when it is opened for the first time; later the user places it.

        Also where both, one above the other, make the window higher than the screen.
        """

        def place() -> None:
            window = self._iface.mainWindow()
            window.layout().activate()
            is_too_high = window.minimumSizeHint().height() > window.screen().availableGeometry().height()
            if is_too_high or not settings.read_setting(_WAS_PLACED_SETTING, False):
                settings.store_setting(_WAS_PLACED_SETTING, True)
                if other.isVisible() and not other.isFloating() and not self.dock.isFloating():
                    window.tabifyDockWidget(other, self.dock)
                    QTimer.singleShot(0, self.dock.raise_)

        self.dock.opened.connect(place)

    # --- state
    def refresh(self) -> None:
        """Show the page that fits the state, and review the current project again if the plan has changed."""
        data = self.plan.get_data()
        form = self.dock.form
        if data is None:
            self._remove_from_map()
            self.reviewer.forget_plan()
            self._late.stop()
            # A drawing is dropped with the plan that it is compared with.
            if self.projects.drawing is not None:
                self.projects.remove_current()
                self.tool.clear()
            text = tr("Not checked yet. The figures come from the layers of the last check.")
            self.dock.show_page(EmptyPage(text, [(tr("Check All"), self._start_check)]))
        else:
            norm = data.check_result.plan.norm
            form.show_uses(norm.standard.id, norm.standard.code_lists.get("land_use_2023"))
            if self.projects.current is None:
                self._show_figures(PanelFigures())
                text = tr("Draw the project, select features, or read a file (also of boundary points).")
                if batch_count := sum(one.is_in_batch for one in self.projects.items):
                    batch = tr("The batch has {count} projects; choose one in the list to view it.")
                    use = tr("The next project has the use above, that of the last one, until you choose another.")
                    lines = [batch.format(count=batch_count), text]
                    text = "\n".join([*lines, use] if self.projects.next_attributes.get("use") else lines)
                buttons = [(tr("Draw"), self.toggle_drawing), (tr("File…"), self.ask_for_file)]
                self.dock.show_page(EmptyPage(text, buttons))
            else:
                self.dock.show_page(None)
                self.request_review()
        form.setEnabled(data is not None)
        form.show_projects(self.projects.items, self.projects.current_position)
        self._show_other_outlines()
        self._show_source()
        self._enable_buttons()

    def clear(self) -> None:
        """Forget all projects: another project of QGIS was opened."""
        # Its message may offer to restore a project.
        self._bar.close()
        self.projects = ProjectList()
        self._remove_from_map()
        self.reviewer.forget_plan()
        self.plan.forget()
        self.dock.show_figures(PanelFigures())
        self.refresh()

    def _show_source(self) -> None:
        text = self.plan.describe()
        self.dock.source_note.setText(text)
        self.dock.source_note.setVisible(bool(text))

    def _enable_buttons(self) -> None:
        current = self.projects.current
        is_drawing = self.projects.drawing is not None
        self.dock.enable_buttons(
            undo=is_drawing and bool(self.tool.points),
            finish=is_drawing and self.tool.can_finish,
            batch=current is not None and current.is_finished and not current.is_in_batch,
            report=self.plan.get_data() is not None and bool(self.projects.list_reported()),
        )
        has_use = current is not None and bool(current.attributes.get("use"))
        self.dock.form.offer_use(len(self.projects.list_without_use()) if has_use else 0)

    def _on_edited(self) -> None:
        self._show_source()
        if self.projects.current is not None and self.dock.isVisible():
            self.request_review()

    def _on_map_crs_changed(self) -> None:
        """Points of a drawing are map coordinates: a drawing in another CRS is ended; marks are drawn anew."""
        if self.projects.drawing is not None:
            self.tool.cancel()
        self._show_marks()
        self._show_other_outlines()

    # --- drawing
    def toggle_drawing(self) -> None:
        """Begin to draw a project, continue an interrupted drawing, or interrupt it."""
        if self._canvas.mapTool() is self.tool:
            self._leave_tool()
            return
        if self.plan.get_data() is None:
            return
        if self.projects.drawing is None:
            kind = self.dock.form.get_kind()
            self.projects.begin_drawing(kind)
            self.drawing_begun.emit()
            self.reviewer.drop_requests()
            self.tool.begin(kind)
            self._show_figures(PanelFigures())
            self._show_other_outlines()
        self._canvas.setMapTool(self.tool)
        self.dock.form.show_projects(self.projects.items, self.projects.current_position)
        self.dock.form.buttons["draw"].setChecked(True)
        self.dock.show_page(None)
        self._enable_buttons()

    def _on_moved(self, place: QPoint) -> None:
        drawing = self.projects.drawing
        if drawing is None:
            return
        self._mouse = place
        self._take_shape(drawing)
        self.at_mouse.move(place)
        self.request_review()
        self._enable_buttons()

    def _take_shape(self, drawing: PanelProject) -> None:
        """Give a drawing the shape that the tool has; None with too few points."""
        geometry, crs = self.tool.make_geometry(), self._canvas.mapSettings().destinationCrs()
        drawing.shape = None if geometry is None else make_shape(geometry, crs, drawing.attributes)

    def _on_finished(self) -> None:
        if (drawing := self.projects.drawing) is not None:
            self._take_shape(drawing)
            drawing.is_drawing = False
            self._end_tool()
            self.refresh()

    def _on_cancelled(self) -> None:
        if self.projects.drawing is not None:
            self.projects.remove_current()
        self._end_tool()
        self._show_figures(PanelFigures())
        self.refresh()

    def _end_tool(self) -> None:
        self._leave_tool()
        self.tool.clear()
        self.at_mouse.hide()
        self.reviewer.drop_requests()
        self._late.stop()

    def _on_tool_left(self) -> None:
        """Another tool was chosen: the drawing is interrupted, and its figures are those of the fixed points."""
        self.dock.form.buttons["draw"].setChecked(False)
        self.at_mouse.hide()
        self._mouse = None
        if self.projects.drawing is not None and self.tool.mouse is not None:
            self.tool.mouse = None
            self.tool.refresh()
            self._take_shape(self.projects.drawing)
            self.request_review()

    # --- the review
    @property
    def is_current(self) -> bool:
        """Return True if the figures that are shown are those of the latest request."""
        return self.shown_number == self.requested_number

    def request_review(self) -> None:
        """Review the current project in the background."""
        current, data = self.projects.current, self.plan.get_data()
        shape = current.make_shape() if current is not None else None
        if shape is None or data is None:
            self.reviewer.drop_requests()
            self._late.stop()
            self._show_figures(PanelFigures())
        else:
            lang = settings.get_interface_language()
            self.requested_number = self.reviewer.request(data, [shape], tr("Project Conformity"), lang)
            if not self._late.isActive():
                self._late.start()

    def _on_answered(self, number: int, figures: dict[int, PanelFigures] | None, error: Exception | None) -> None:
        self.shown_number = number
        if self.is_current:
            self._late.stop()
        else:
            # Newer positions wait: the figures are late only if none comes for some time.
            self._late.start()
        self.dock.summary.show_state("", is_former=False)
        if error is not None:
            text = tr("The review stopped with an error ({error}). Details are in the log, tab Sanxian.")
            self._show_figures(PanelFigures(remarks=(messages.explain_and_log(error, text),)))
        elif figures is not None:
            self._show_figures(figures[0])

    def _show_figures(self, figures: PanelFigures) -> None:
        self.dock.show_figures(figures)
        self._show_marks()

    def _show_marks(self) -> None:
        """Draw occupied land, the outline of a finished project, and the figures at the mouse."""
        figures, current = self.dock.figures, self.projects.current
        if not self.dock.isVisible():
            self.marks.clear()
            self.at_mouse.hide()
            return
        self.marks.show(figures.shapes if current is not None else (), self.plan.get_plane())
        shape = current.shape if current is not None and current.is_finished else None
        self.marks.show_outlines([] if shape is None else [shape], True)
        if current is not None and current.is_drawing and self._mouse is not None:
            self.at_mouse.show(figures, len(self.tool.list_points()), self._mouse)
        else:
            self.at_mouse.hide()

    def _show_other_outlines(self) -> None:
        """Draw the outlines of the projects that are not the current one."""
        others = [one.shape for one in self.projects.items if one.is_finished and one is not self.projects.current]
        self.marks.show_outlines(others if self.dock.isVisible() else (), False)

    def _show_place(self) -> None:
        """Move the map to the current project, unless the map shows it, and not as a speck."""
        if (current := self.projects.current) is None or not current.is_finished:
            return
        place = transform_to_map(self._canvas, read_wkb(current.shape.wkb), read_crs(current.shape.crs))
        if place is None:
            return
        box, view = place.boundingBox(), self._canvas.extent()
        is_speck = max(box.width(), box.height()) < _SPECK_SHARE * max(view.width(), view.height())
        if is_speck or not view.contains(box):
            zoom_to_box(self._canvas, box)

    # --- other projects and their fields
    def choose_project(self, position: int) -> None:
        """Show another project, or the fields of a new one (−1); a drawing is dropped."""
        if self.projects.drawing is not None and position != self.projects.current_position:
            if position > self.projects.current_position:
                position -= 1
            self.projects.remove_current()
            self._end_tool()
        self.projects.current_position = position
        self.reviewer.drop_requests()
        self.refresh()
        self._show_place()

    def _set_attribute(self, meaning: str, text: str) -> None:
        if (current := self.projects.current) is None:
            self.projects.next_attributes[meaning] = text
        else:
            for name in self._field_names.get(meaning, ()):
                current.attributes.pop(name, None)
            current.attributes[meaning] = text
            self._enable_buttons()
            self.request_review()

    def give_use(self) -> None:
        """Give the use of the current project to all projects without one."""
        if (current := self.projects.current) is not None:
            for one in self.projects.list_without_use():
                one.attributes["use"] = current.attributes["use"]
            self._enable_buttons()

    def ask_for_value(self, reason: Reason) -> None:
        """Ask which of two fields that contradict each other applies."""
        if (current := self.projects.current) is None:
            return
        labels = [f"{field}: {text}" for field, text in reason.choices]
        label, is_accepted = QInputDialog.getItem(self.dock, tr("Contradictory fields"), reason.text, labels, 0, False)
        if not is_accepted:
            return
        meaning_of_name = {name: meaning for meaning, names in self._field_names.items() for name in names}
        for field, _ in reason.choices:
            for key in (field.upper(), meaning_of_name[field.upper()]):
                current.attributes.pop(key, None)
        field, text = reason.choices[labels.index(label)]
        current.attributes |= {field.upper(): text, meaning_of_name[field.upper()]: text}
        self.dock.form.show_projects(self.projects.items, self.projects.current_position)
        self.request_review()

    def _on_kind_changed(self, kind: str) -> None:
        if self.projects.drawing is not None:
            self.projects.drawing.kind = self.tool.kind = self.dock.form.get_kind()
            self.tool.refresh()
            self.request_review()

    def ask_for_approval(self) -> None:
        """Ask for the document that approves the use of permanent basic farmland."""
        current = self.projects.current
        if current is None:
            return
        text = tr("Number of the document that approves the use of permanent basic farmland. It is printed.")
        former = current.attributes.get("approval", "")
        number, is_accepted = QInputDialog.getText(self.dock, tr("Approval"), text, text=former)
        if is_accepted:
            self._set_attribute("approval", number.strip())

    def take_selected(self) -> None:
        """Add the selected features of the current layer to the batch."""
        self._add_projects(lambda names: read_selected_features(self._iface.activeLayer(), names))

    def ask_for_file(self) -> None:
        """Ask for a file of projects, and add them to the batch."""
        filters = tr("Projects ({patterns})").format(patterns=FILE_FILTER)
        path, _ = QFileDialog.getOpenFileName(self.dock, tr("File of projects"), "", filters)
        if path:
            self.add_file(path)

    def add_file(self, path: str) -> None:
        """Add the projects of a file to the batch; boundary points are imported first."""
        file = Path(path).name
        if Path(path).suffix.lower() in POINT_SUFFIXES:
            path = self._import_points(path)
        if path:
            self._add_projects(lambda names: read_file(path, names, self.dock, file))

    def _add_projects(self, read: Callable[[dict[str, tuple[str, ...]]], Any]) -> None:
        if (data := self.plan.get_data()) is None:
            return
        from ...core.studies.projects.review_settings import load_review_settings

        self._bar.close()
        try:
            self._field_names = load_review_settings(data.check_result.plan.norm).fields
            shapes, source = read({**self._field_names, "key": (NUMBER_FIELD,)})
        except NoProjects as error:
            self._bar.show_warning(str(error))
            return
        if shapes and self.projects.drawing is not None:
            self.projects.remove_current()
            self._end_tool()
        if count := self.projects.add_shapes(shapes, source):
            self.reviewer.drop_requests()
            self.refresh()
            self._show_place()
            text = tr("“{source}”: {count} projects were added to the batch.")
            self._bar.show_message(text.format(source=source, count=count), "success")

    # --- batch and report
    def add_to_batch(self) -> None:
        """Add the finished project to the batch."""
        self.projects.put_in_batch()
        self.refresh()

    def remove_project(self) -> None:
        """Remove the current project, also from the batch; the file or layer that it was read from is unchanged."""
        removed, position = self.projects.current, self.projects.current_position
        if self.projects.drawing is not None:
            self._end_tool()
        self.projects.remove_current()
        self._show_figures(PanelFigures())
        self.refresh()
        if removed is not None and removed.is_finished:
            text = tr("“{name}” was removed from the list.").format(name=removed.name)
            self._bar.show_message(text, "info", (tr("Restore"), partial(self._restore, removed, position)))

    def _restore(self, project: PanelProject, position: int) -> None:
        if self.projects.drawing is not None:
            self._on_cancelled()
        self.projects.restore(project, position)
        self._bar.close()
        self.refresh()

    def _show_project(self, project: PanelProject) -> None:
        if project is not self.projects.current:
            self.choose_project(self.projects.items.index(project))

    def _ask_for_current_facts(self) -> None:
        if (current := self.projects.current) is not None:
            self.ask_for_facts([current])

    def ask_for_facts(self, asked: Sequence[PanelProject]) -> bool:
        """Ask for the facts of projects, and show the one whose row has the focus; False if the user cancels."""
        former = self.projects.current_position
        dialog = ProjectFactsDialog(asked, self.dock)
        # The middle of the map shows the project that is meant.
        dialog.move(self._canvas.mapToGlobal(QPoint(0, 0)))
        if self.projects.drawing is None:
            dialog.entered.connect(self._show_project)
            dialog.finished.connect(lambda _result: self.choose_project(former))
        is_accepted = bool(dialog.exec())
        dialog.deleteLater()
        return is_accepted

    def ask_for_report(self) -> None:
        """Ask for a file and write the report on the batch, or on the current project without a batch."""
        data, reported = self.plan.get_data(), self.projects.list_reported()
        if data is not None and reported:
            # A drawn project has no fields from which name and applicant could be read.
            nameless = [
                one for one in reported if one.is_drawn or (len(reported) == 1 and "name" not in one.attributes)
            ]
            asked = [one for one in nameless if "applicant" not in one.attributes]
            if asked and not self.ask_for_facts(asked):
                return
            shapes = [shape for one in reported if (shape := one.make_shape()) is not None]
            name, others = reported[0].name, len(reported) - 1
            if others:
                name = tr("{name} and {count} more").format(name=name, count=others)
            self.report.ask_and_write(data, shapes, name)
