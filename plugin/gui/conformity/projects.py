# SPDX-License-Identifier: GPL-2.0-or-later
"""The projects of the panel (they reference no layer), the plan they are reviewed against, and the report on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProject,
    QgsProviderRegistry,
    QgsProviderSublayerDetails,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QEvent, QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QInputDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from ...bridge import settings
from ...bridge.checking.drawn_projects import ProjectShape, ReviewData, read_features, write_review
from ...bridge.layers.properties import convert_to_qgis_crs, read_wkb
from ...bridge.project import saved_paths
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.files.writing import OutputPaths
from ...core.standard.messages.texts import shorten_key
from ..editing.live_switch import LiveCheckSwitch
from ..findings.result import CheckView
from ..widgets import (
    FocusedButtonDialog,
    MessageBarMessages,
    choose_save_path,
    fill_layout,
    make_ok_cancel_buttons,
    make_open_buttons,
    make_scroll_area,
    messages,
    resize_to_letters,
)

POLYGON, LINE, POINT = "polygon", "line", "point"
#: Files of boundary points, which the toolbox imports first; other files are layers.
POINT_SUFFIXES = (".txt", ".csv", ".xlsx", ".xls")
FILE_FILTER = "*.gpkg *.shp *.geojson *.txt *.csv *.xlsx *.xls"
#: Width of the name of a project and of its applicant in heights of the font; a number has half of it.
_NAME_EM = 16
#: Size of the form for the facts of projects.
_WIDTH_LETTERS, _ROWS_WITHOUT_SCROLLING = 110, 25
#: More features at once are reviewed by the toolbox.
MAX_PROJECTS = 500


@dataclass
class PanelProject:
    """A project of the panel. ``shape``: None until three points of an outline, or two of a line, are drawn.

    ``is_drawn``: drawn on the map, so that no field gives its name.
    """

    name: str
    shape: ProjectShape | None = None
    kind: str = POLYGON
    is_drawing: bool = False
    is_drawn: bool = False
    is_in_batch: bool = False
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return the name with its state; a feature's key, shortened, comes first: lists cut the ends of names."""
        name, key = self.name, self.attributes.get("key", "")
        if key and name.endswith(f" {key}"):
            name = f"{shorten_key(key)} {name.removesuffix(f' {key}')}"
        if self.is_drawing:
            return tr("{name} (drawing)").format(name=name)
        return tr("{name} (in batch)").format(name=name) if self.is_in_batch else name

    @property
    def is_finished(self) -> bool:
        """Return True if the project has its final shape."""
        return self.shape is not None and not self.is_drawing

    def make_shape(self) -> ProjectShape | None:
        """Return the shape with the attributes that the panel has; None without a shape."""
        if self.shape is None:
            return None
        return replace(self.shape, attributes={**self.attributes, "name": self.name})


class ProjectFactsDialog(FocusedButtonDialog):
    """Asks for what the opinion on projects prints: name, number and applicant, a row for each project.

    Signal ``entered(project)``: the row of a project has the focus.
    """

    entered = pyqtSignal(object)

    def __init__(self, projects: Sequence[PanelProject], parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianProjectFacts")
        self.setWindowTitle(tr("Facts of Projects"))
        self._projects = projects
        #: Fields by key, of each project.
        self.lines: list[dict[str, QLineEdit]] = []
        self._project_of_line: dict[QObject, PanelProject] = {}
        content = QWidget()
        grid = QGridLayout(content)
        for column, text in enumerate((tr("Name"), tr("Number"), tr("Applicant"))):
            grid.addWidget(QLabel(text), 0, column)
        for row, project in enumerate(projects, 1):
            values = {"number": "", "applicant": "", **project.attributes, "name": project.name}
            self.lines.append({key: QLineEdit(values[key]) for key in ("name", "number", "applicant")})
            for column, line in enumerate(self.lines[-1].values()):
                self._project_of_line[line] = project
                line.installEventFilter(self)
                grid.addWidget(line, row, column)
        grid.setRowStretch(len(projects) + 1, 1)
        for column, width in enumerate((_NAME_EM, _NAME_EM // 2, _NAME_EM)):
            grid.setColumnMinimumWidth(column, width * self.fontMetrics().height())
        fill_layout(QVBoxLayout(self), (make_scroll_area(content), 1), make_ok_cancel_buttons(self))
        # Typing replaces the name that the panel gave.
        self.lines[0]["name"].selectAll()
        self.lines[0]["name"].setFocus()
        resize_to_letters(self, _WIDTH_LETTERS, min(_ROWS_WITHOUT_SCROLLING, 8 + 2 * len(projects)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self.entered.emit(self._project_of_line[watched])
        return super().eventFilter(watched, event)

    def accept(self) -> None:
        """Write the texts into the projects; an empty name leaves the former one."""
        for project, lines in zip(self._projects, self.lines, strict=True):
            texts = {key: line.text().strip() for key, line in lines.items()}
            project.name = texts["name"] or project.name
            project.attributes |= {"number": texts["number"], "applicant": texts["applicant"]}
        super().accept()


@dataclass
class ProjectList:
    """The projects of the panel and the current one."""

    items: list[PanelProject] = field(default_factory=list)
    current_position: int = -1
    #: Use and width that the next drawing begins with: those of the latest one, or chosen without a project.
    next_attributes: dict[str, str] = field(default_factory=dict)

    @property
    def current(self) -> PanelProject | None:
        """Return the current project; None without any."""
        return self.items[self.current_position] if 0 <= self.current_position < len(self.items) else None

    @property
    def drawing(self) -> PanelProject | None:
        """Return the current project while it is being drawn, else None."""
        return self.current if self.current is not None and self.current.is_drawing else None

    def begin_drawing(self, kind: str) -> None:
        """Add a project that is being drawn; it replaces the current one unless that is in the batch or has facts."""
        if (former := self.current) is not None:
            self._remember(former)
            # An opinion on the former project may have been written: its name is of another place.
            if not former.is_in_batch and "applicant" not in former.attributes:
                del self.items[self.current_position]
        names = {one.name for one in self.items}
        numbers = (tr("Project {number}").format(number=number) for number in range(1, len(names) + 2))
        name = next(one for one in numbers if one not in names)
        attributes = dict(self.next_attributes)
        self.items.append(PanelProject(name, kind=kind, is_drawing=True, is_drawn=True, attributes=attributes))
        self.current_position = len(self.items) - 1

    def add_shapes(self, shapes: Iterable[ProjectShape], source: str) -> int:
        """Add projects with shapes to the batch; the first becomes the current one. Return their number.

        ``source``: name of layer or file, for projects without a name.
        """
        begun = len(self.items)
        for number, shape in enumerate(shapes, 1):
            given = shape.attributes.get("name") or shape.attributes.get("number")
            name = given or f"{source} {shape.attributes.get('key') or number}"
            kinds = {
                QgsWkbTypes.GeometryType.PointGeometry: POINT,
                QgsWkbTypes.GeometryType.LineGeometry: LINE,
            }
            kind = kinds.get(read_wkb(shape.wkb).type(), POLYGON)
            self.items.append(PanelProject(name, shape, kind, is_in_batch=True, attributes=dict(shape.attributes)))
        if len(self.items) > begun:
            self.current_position = begun
        return len(self.items) - begun

    def list_without_use(self) -> list[PanelProject]:
        """Return the finished projects without a use."""
        return [one for one in self.items if one.is_finished and not one.attributes.get("use")]

    def put_in_batch(self) -> None:
        """Put the current project into the batch; none is current then, so that fields are those of the next one."""
        if (current := self.current) is not None and current.is_finished:
            current.is_in_batch = True
            self._remember(current)
            self.current_position = -1

    def remove_current(self) -> None:
        """Remove the current project; the one before it becomes the current one."""
        if self.current is not None:
            self._remember(self.current)
            del self.items[self.current_position]
            self.current_position = min(self.current_position, len(self.items) - 1)

    def restore(self, project: PanelProject, position: int) -> None:
        """Put a removed project back, as the current one."""
        self.current_position = min(position, len(self.items))
        self.items.insert(self.current_position, project)

    def _remember(self, project: PanelProject) -> None:
        """Store what the next drawing begins with."""
        self.next_attributes = {key: project.attributes.get(key, "") for key in ("use", "width")}

    def list_reported(self) -> list[PanelProject]:
        """Return the finished projects of the batch; without a batch the current one if it is finished."""
        batch = [one for one in self.items if one.is_in_batch and one.is_finished]
        current = self.current
        return batch or ([current] if current is not None and current.is_finished else [])


class NoProjects(Exception):
    """Raised with a message for the user when a source has no project."""


def read_selected_features(
    layer: object, names_by_meaning: dict[str, tuple[str, ...]]
) -> tuple[list[ProjectShape], str]:
    """Return the selected features of a layer as projects, and the layer's name. Raise NoProjects."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isSpatial():
        raise NoProjects(tr("The current layer has no shapes. Choose a layer of projects and select features."))
    if not layer.selectedFeatureCount():
        raise NoProjects(tr("No feature of “{layer}” is selected. Select the projects.").format(layer=layer.name()))
    _check_count(layer.selectedFeatureCount())
    if not layer.crs().isValid():
        raise NoProjects(tr("“{layer}” has no CRS. Assign one.").format(layer=layer.name()))
    # Numbers of rows begin with 1, those of features of a shapefile with 0.
    first = int(layer.storageType() == "ESRI Shapefile")
    features = [(first + one.id(), one) for one in layer.getSelectedFeatures()]
    if not (shapes := read_features(layer, features, names_by_meaning, layer.name())):
        raise NoProjects(tr("The selected features of “{layer}” have no shapes.").format(layer=layer.name()))
    return shapes, layer.name()


def read_file(
    path: str, names_by_meaning: dict[str, tuple[str, ...]], parent: QWidget, file: str
) -> tuple[list[ProjectShape], str]:
    """Return the features of a layer of a file as projects, and its name; the user chooses between several layers.

    ``file``: name of the file that the user gave. The result is empty if the user cancels. The file is not added to the
    project. Raise NoProjects.
    """
    name = Path(path).stem
    options = QgsProviderSublayerDetails.LayerOptions(QgsVectorLayer.LayerOptions().transformContext)
    sublayers = [
        one
        for one in QgsProviderRegistry.instance().querySublayers(path)
        if isinstance(layer := one.toLayer(options), QgsVectorLayer) and layer.isSpatial()
    ]
    if not sublayers:
        raise NoProjects(tr("“{name}” has no layer with shapes.").format(name=Path(path).name))
    chosen = sublayers[0]
    if len(sublayers) > 1:
        names = [one.name() for one in sublayers]
        text, is_accepted = QInputDialog.getItem(parent, tr("Projects"), tr("Layer of projects"), names, 0, False)
        if not is_accepted:
            return [], name
        chosen, name = sublayers[names.index(text)], text
    layer = QgsVectorLayer(chosen.uri(), name, chosen.providerKey())
    if not layer.isValid() or not layer.crs().isValid():
        raise NoProjects(tr("“{name}” cannot be read, or has no CRS. Assign one.").format(name=Path(path).name))
    _check_count(layer.featureCount())
    if not (shapes := read_features(layer, enumerate(layer.getFeatures(), 1), names_by_meaning, file)):
        raise NoProjects(tr("“{name}” has no features with shapes.").format(name=Path(path).name))
    return shapes, name


def _check_count(count: int) -> None:
    if count > MAX_PROJECTS:
        text = tr("{count} projects are too many for the panel, which takes {limit}. Use the tool Review projects.")
        raise NoProjects(text.format(count=count, limit=MAX_PROJECTS))


#: Suffix of a file → field of `OutputPaths`. A further format needs an entry, and a filter in the dialog for the file.
OUTPUT_BY_SUFFIX = {".docx": "docx", ".pdf": "pdf", ".xlsx": "xlsx", ".gpkg": "findings"}
_FOLDER_KEY = "export_folder"


class PlanState(QObject):
    """Provides the plan of the displayed check with its edits.

    ``get_result``: returns the displayed result of the open project, else None. Signal ``edited``: rows have changed.
    """

    edited = pyqtSignal()

    def __init__(
        self, editing: LiveCheckSwitch, get_result: Callable[[], CheckView | None], parent: QObject | None = None
    ):
        super().__init__(parent)
        self._editing, self._get_result = editing, get_result
        self._data: ReviewData | None = None
        #: Edits were re-checked since the rows were copied.
        self._are_rows_old = False
        self._plane: tuple[Any, QgsCoordinateReferenceSystem] | None = None
        self._signal_connections = ((editing.rechecked, self._on_rechecked), (editing.outdated, self.edited))
        for signal, slot in self._signal_connections:
            signal.connect(slot)

    def stop(self) -> None:
        """Disconnect from the live check, and free the data."""
        for signal, slot in self._signal_connections:
            signal.disconnect(slot)
        self._signal_connections = ()
        self.forget()

    def forget(self) -> None:
        """Free the data of a check that is no longer displayed."""
        self._data = self._plane = None
        self._are_rows_old = False

    def _on_rechecked(self, *_change: Any) -> None:
        self._are_rows_old = True
        self.edited.emit()

    def _find_result(self) -> CheckView | None:
        """Return the displayed result if it has the rows of its layers; None for a result read from a file."""
        result = self._get_result()
        return None if result is None or result.is_restored else result

    def get_data(self) -> ReviewData | None:
        """Return what projects are reviewed against; None before a check."""
        if (result := self._find_result()) is None:
            self.forget()
            return None
        if self._data is None or self._data.check_result is not result.check_result:
            self._data = ReviewData(result.check_result)
        live = self._editing.live
        if self._are_rows_old and live is not None and (rows := live.copy_edited_rows()) is not None:
            self._data, self._are_rows_old = ReviewData(result.check_result, rows), False
        return self._data

    def get_plane(self) -> QgsCoordinateReferenceSystem:
        """Return the CRS of the shapes of a review."""
        if (data := self.get_data()) is None:
            return QgsCoordinateReferenceSystem()
        plan = data.check_result.plan
        if self._plane is None or self._plane[0] is not plan:
            self._plane = plan, convert_to_qgis_crs(plan.plane_crs)
        return self._plane[1]

    def describe(self) -> str:
        """Return of which state of the data the figures are; empty before a check."""
        if (result := self._find_result()) is None:
            return ""
        waiting = self._editing.waiting_feature_count
        if self._editing.is_outdated or (waiting and not self._editing.is_on):
            text = tr("Figures of the check at {time}; later changes of the layers do not count. Check again.")
        elif result.edited_features:
            text = tr("Figures of the check at {time} with the edits since.")
        else:
            text = tr("Figures of the check at {time}.")
        return text.format(time=result.time_text)


@dataclass(eq=False)
class ReportWriter:
    """Asks for a file and writes the review of projects there."""

    iface: Any
    runner: JobRunner
    bar: MessageBarMessages

    def ask_and_write(self, data: ReviewData, projects: Sequence[ProjectShape], name: str) -> BackgroundJob | None:
        """Ask for the file, then write; None if the user cancels. ``name``: offered name of the file."""
        folder = settings.read_setting(_FOLDER_KEY, "") or saved_paths.get_start_folder(QgsProject.instance())
        path = choose_save_path(
            self.iface.mainWindow(),
            tr("Conformity Report"),
            str(Path(folder) / f"{tr('Conformity report')} {name}"),
            tr("Opinion, Word (*.docx);;Opinion, PDF (*.pdf);;Excel (*.xlsx);;GeoPackage (*.gpkg)"),
            tuple(OUTPUT_BY_SUFFIX),
        )
        return self.write(data, projects, path) if path else None

    def write(
        self,
        data: ReviewData,
        projects: Sequence[ProjectShape],
        path: str,
    ) -> BackgroundJob:
        """Write the review of projects; the suffix of the path gives the format. Return the job.

        The message on an opinion offers to write it in the other format, too.
        """
        settings.store_setting(_FOLDER_KEY, str(Path(path).parent))
        outputs = OutputPaths(**{OUTPUT_BY_SUFFIX[Path(path).suffix.lower()]: path})
        lang = settings.get_report_language()

        def write_in_background(_progress, cancellation) -> str:
            write_review(data, projects, tr("Drawn, selected or read from files"), lang, outputs, cancellation)
            return path

        return self.runner.start(
            BackgroundJob(
                tr("Saving {name}").format(name=Path(path).name),
                write_in_background,
                on_done=lambda written: self.bar.show_message(
                    tr("Saved: {path}").format(path=written),
                    "success",
                    *make_open_buttons(written),
                    *self._make_other_button(data, projects, Path(written)),
                ),
                on_error=partial(
                    messages.report_failure,
                    self.bar.show_warning,
                    tr("Nothing was saved ({error}). Details are in the log, tab Sanxian."),
                ),
            )
        )

    def _make_other_button(
        self, data: ReviewData, projects: Sequence[ProjectShape], path: Path
    ) -> list[tuple[str, Callable[[], object]]]:
        """Return a button that writes an opinion in its other format, unless a file has that name."""
        texts = {".docx": (".pdf", tr("Also as PDF")), ".pdf": (".docx", tr("Also as Word"))}
        suffix, text = texts.get(path.suffix.lower(), ("", ""))
        other = path.with_suffix(suffix)
        return [(text, partial(self.write, data, projects, str(other)))] if suffix and not other.exists() else []
