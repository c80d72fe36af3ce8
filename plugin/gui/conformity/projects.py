# SPDX-License-Identifier: GPL-2.0-or-later
"""The projects of the panel: drawn, selected or read from a file. They reference no layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from qgis.core import QgsProviderRegistry, QgsProviderSublayerDetails, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtWidgets import QInputDialog, QWidget

from ...bridge.checking.drawn_projects import ProjectShape, read_features
from ...bridge.texts import tr
from ..widgets.map_items import read_wkb

POLYGON, LINE, POINT = "polygon", "line", "point"
#: Files of boundary points, which the toolbox imports first; other files are layers.
POINT_SUFFIXES = (".txt", ".csv", ".xlsx", ".xls")
FILE_FILTER = "*.gpkg *.shp *.geojson *.txt *.csv *.xlsx *.xls"
#: More features at once are reviewed by the toolbox.
MAX_PROJECTS = 500


@dataclass
class PanelProject:
    """A project of the panel. ``shape``: None until three points of an outline, or two of a line, are drawn."""

    name: str
    shape: ProjectShape | None = None
    kind: str = POLYGON
    is_drawing: bool = False
    is_in_batch: bool = False
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return the name with its state."""
        if self.is_drawing:
            return tr("{name} (drawing)").format(name=self.name)
        return tr("{name} (in batch)").format(name=self.name) if self.is_in_batch else self.name

    @property
    def is_finished(self) -> bool:
        """Return True if the project has its final shape."""
        return self.shape is not None and not self.is_drawing

    def make_shape(self) -> ProjectShape | None:
        """Return the shape with the attributes that the panel has; None without a shape."""
        if self.shape is None:
            return None
        return replace(self.shape, attributes={**self.attributes, "name": self.name})


class ProjectList:
    """The projects of the panel and the current one."""

    def __init__(self) -> None:
        self.items: list[PanelProject] = []
        self.current_position = -1
        #: Use and width of the latest drawing, which the next one begins with.
        self._latest_attributes: dict[str, str] = {}

    @property
    def current(self) -> PanelProject | None:
        """Return the current project; None without any."""
        return self.items[self.current_position] if 0 <= self.current_position < len(self.items) else None

    @property
    def drawing(self) -> PanelProject | None:
        """Return the current project while it is being drawn, else None."""
        return self.current if self.current is not None and self.current.is_drawing else None

    def begin_drawing(self, kind: str) -> None:
        """Add a project that is being drawn; it replaces the current one unless that is in the batch."""
        former = self.current
        if former is not None:
            self._remember(former)
        attributes = dict(self._latest_attributes)
        if former is not None and not former.is_in_batch:
            self.items[self.current_position] = PanelProject(
                former.name, kind=kind, is_drawing=True, attributes=attributes
            )
            return
        names = {one.name for one in self.items}
        numbers = (tr("Project {number}").format(number=number) for number in range(1, len(names) + 2))
        name = next(one for one in numbers if one not in names)
        self.items.append(PanelProject(name, kind=kind, is_drawing=True, attributes=attributes))
        self.current_position = len(self.items) - 1

    def add_shapes(self, shapes: Iterable[ProjectShape], source: str) -> int:
        """Add projects with shapes to the batch; the first becomes the current one. Return their number.

        ``source``: name of layer or file, for projects without a name.
        """
        begun = len(self.items)
        for number, shape in enumerate(shapes, 1):
            name = shape.attributes.get("name") or shape.attributes.get("number") or f"{source} {number}"
            kinds = {
                QgsWkbTypes.GeometryType.PointGeometry: POINT,
                QgsWkbTypes.GeometryType.LineGeometry: LINE,
            }
            kind = kinds.get(read_wkb(shape.wkb).type(), POLYGON)
            self.items.append(PanelProject(name, shape, kind, is_in_batch=True, attributes=dict(shape.attributes)))
        if len(self.items) > begun:
            self.current_position = begun
        return len(self.items) - begun

    def remove_current(self) -> None:
        """Remove the current project; the one before it becomes the current one."""
        if self.current is not None:
            self._remember(self.current)
            del self.items[self.current_position]
            self.current_position = min(self.current_position, len(self.items) - 1)

    def _remember(self, project: PanelProject) -> None:
        """Store what the next drawing begins with."""
        self._latest_attributes = {key: project.attributes.get(key, "") for key in ("use", "width")}

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
    shapes = read_features(layer, list(layer.getSelectedFeatures()), names_by_meaning)
    if not shapes:
        raise NoProjects(tr("The selected features of “{layer}” have no shapes.").format(layer=layer.name()))
    return shapes, layer.name()


def read_file(
    path: str, names_by_meaning: dict[str, tuple[str, ...]], parent: QWidget
) -> tuple[list[ProjectShape], str]:
    """Return the features of a layer of a file as projects, and its name; the user chooses between several layers.

    The result is empty if the user cancels. The file is not added to the project. Raise NoProjects.
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
    shapes = read_features(layer, list(layer.getFeatures()), names_by_meaning)
    if not shapes:
        raise NoProjects(tr("“{name}” has no features with shapes.").format(name=Path(path).name))
    return shapes, name


def _check_count(count: int) -> None:
    if count > MAX_PROJECTS:
        text = tr("{count} projects are too many for the panel, which takes {limit}. Use the tool Review projects.")
        raise NoProjects(text.format(count=count, limit=MAX_PROJECTS))
