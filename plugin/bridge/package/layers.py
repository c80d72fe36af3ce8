# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a package on the map, opened from copies.

QGIS changes a GeoPackage as soon as it opens it, and a submitted package must remain unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsFillSymbol,
    QgsLayerMetadata,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsProject,
    QgsRenderContext,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtXml import QDomDocument

from ...core.base.errors import NEVER_CANCELLED, Cancellation
from ...core.standard.layer_tree import find_branch
from ..editing.styled_layers import find_sources_by_layer_name, get_position_by_role, make_vector_layer
from ..layers import styles
from ..layers.role_recognition import SHOWN_PACKAGE_PROPERTY
from ..project.own_changes import keep_unchanged
from ..running.threads import run_in_python_thread
from ..settings import get_interface_language
from ..texts import tr

if TYPE_CHECKING:
    from ...core.package.package_spec.spec import PackageSpec
    from ...core.standard import Standard

#: Width of the outlines in mm, and line style.
_OUTLINE_WIDTH_MM, _OUTLINE_STYLE = 0.5, "dash"
#: Colours of fills that are lighter (0–255) are darkened: as thin lines they would be invisible on white.
_MAX_LIGHTNESS, _DARKENING_PERCENT = 150, 200


@run_in_python_thread
def copy_datasets(
    path: str, package_spec: PackageSpec, into: Path, cancellation: Cancellation = NEVER_CANCELLED
) -> list[Path]:
    """Copy the data sets of a package (folder or zip) into the folder ``into``; return the paths of the copies.

    May be called from any thread. Raises SanxianError for a file that is not a package, and Cancelled.
    """
    from ...core.base.files.digests import is_link, iterate_files_below
    from ...core.base.files.writing import copy_path
    from ...core.package.inspection.archive import unpack_package
    from ...core.package.inspection.facts import FileFact, PackageFacts

    copied_files: list[Path] = []
    with unpack_package(Path(path), cancellation, package_spec.root, package_spec.folders.values()) as folder:
        files = tuple(FileFact(name, 0, is_link=is_link(place)) for name, place in iterate_files_below(folder))
        for number, place in enumerate(PackageFacts(folder.name, package_spec, files=files).data_sets):
            cancellation.raise_if_cancelled()
            # Data sets of one name are in different folders of the package.
            target = into / str(number) / Path(place).name
            target.parent.mkdir(parents=True)
            copy_path(folder / place, target, cancellation=cancellation)
            copied_files.append(target)
    return copied_files


def show_package_layers(project: QgsProject, name: str, paths: list[Path], standard: Standard) -> list[QgsVectorLayer]:
    """Add the layers of copied data sets to the project, read-only, in a group on top.

    Names, order and symbols are those of the standard; the layers do not belong to the plan. Areas of a layer that the
    standard does not know are drawn as outlines. ``name`` is the package's name. On the main thread.
    """
    sources: list[tuple[str, str]] = []
    for path in paths:
        if path.is_dir() and path.suffix.lower() != ".gdb":
            sources += [(shape.stem, str(shape)) for shape in sorted(path.glob("*.[sS][hH][pP]"))]
        else:
            sources += find_sources_by_layer_name(path).items()
    order = get_position_by_role(standard)
    sources.sort(key=lambda item: order.get(item[0].upper(), len(order)))
    opened_layers = [make_vector_layer(source, title, project) for title, source in sources]
    layers = [layer for layer in opened_layers if layer.isValid() and layer.isSpatial()]
    if not layers:
        return []
    group = _insert_package_group(project)
    for layer in layers:
        layer.setReadOnly(True)
        role = layer.name().upper()
        layer.setCustomProperty(SHOWN_PACKAGE_PROPERTY, role)
        if not styles.apply_role_style(layer, role):
            _show_outlines_only(layer)
        template = standard.templates.get(role)
        metadata = QgsLayerMetadata(layer.metadata())
        metadata.setTitle(f"{layer.name()} · {name}")
        layer.setMetadata(metadata)
        if template is not None:
            layer.setName(template.name if get_interface_language() == "zh" else role)
        project.addMapLayer(layer, False)
        node: QgsLayerTreeLayer = group.addLayer(layer)
        node.setItemVisibilityChecked(template is None or find_branch(role, standard).is_shown)
        node.setExpanded(False)
    return layers


def _show_outlines_only(layer: QgsVectorLayer) -> None:
    """Draw the areas of a layer as outlines in the colour of its present symbols."""
    if layer.geometryType() != QgsWkbTypes.GeometryType.PolygonGeometry or layer.renderer() is None:
        return
    symbols = layer.renderer().symbols(QgsRenderContext())
    colour = next((symbol.color() for symbol in symbols if symbol.color().isValid()), None)
    if colour is not None and colour.lightness() > _MAX_LIGHTNESS:
        colour = colour.darker(_DARKENING_PERCENT)
    properties = {
        "style": "no",
        "outline_style": _OUTLINE_STYLE,
        "outline_width": str(_OUTLINE_WIDTH_MM),
        **({"outline_color": colour.name()} if colour is not None else {}),
    }
    layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(properties)))


def find_package_layer(project: QgsProject, name: str) -> QgsVectorLayer | None:
    """Return the opened layer that has this name in the inspected package, or None."""
    return next(
        (
            layer
            for layer in find_package_layers(project)
            if isinstance(layer, QgsVectorLayer) and layer.customProperty(SHOWN_PACKAGE_PROPERTY) == name.upper()
        ),
        None,
    )


def find_package_layers(project: QgsProject) -> list[QgsMapLayer]:
    """Return the layers of inspected packages in the project."""
    return [v for v in project.mapLayers().values() if v.customProperty(SHOWN_PACKAGE_PROPERTY)]


@dataclass(frozen=True)
class SetAsideLayer:
    """A layer that is removed from the project while the project is written, and its state in the layer tree."""

    layer: QgsMapLayer
    is_checked: bool
    is_expanded: bool


def set_package_layers_aside(project: QgsProject, document: QDomDocument) -> list[SetAsideLayer]:
    """Remove the layers of inspected packages from a project while it is written.

    They are temporary copies: a saved project would refer to files that no longer exist. QGIS has already written the
    layer tree into ``document``, but no layer; their nodes are removed from it, too. Call `restore_package_layers` with
    the result when the project is written.
    """
    layers = find_package_layers(project)
    layer_ids = {layer.id() for layer in layers}
    for tag in ("layer-tree-layer", "item", "layer-setting"):
        nodes = document.elementsByTagName(tag)
        for element in [nodes.item(number).toElement() for number in range(nodes.count())]:
            if (element.attribute("id") or element.text()) in layer_ids:
                parent = element.parentNode().toElement()
                parent.removeChild(element)
                children = [parent.firstChildElement(name) for name in ("layer-tree-layer", "layer-tree-group")]
                if parent.tagName() == "layer-tree-group" and all(child.isNull() for child in children):
                    parent.parentNode().removeChild(parent)
    root = project.layerTreeRoot()
    layer_nodes = [(layer, root.findLayer(layer.id())) for layer in root.layerOrder() if layer.id() in layer_ids]
    set_aside = [
        SetAsideLayer(layer, node.itemVisibilityChecked(), node.isExpanded())
        for layer, node in layer_nodes
        if node is not None
    ]
    set_aside_ids = {one.layer.id() for one in set_aside}
    set_aside += [SetAsideLayer(layer, False, False) for layer in layers if layer.id() not in set_aside_ids]
    groups = {node.parent() for _, node in layer_nodes if node is not None}
    with keep_unchanged(project):
        for one in set_aside:
            project.takeMapLayer(one.layer)
        _remove_empty_groups(project, groups)
    return set_aside


def restore_package_layers(project: QgsProject, set_aside: list[SetAsideLayer]) -> None:
    """Add the layers again that `set_package_layers_aside` removed."""
    if not set_aside:
        return
    with keep_unchanged(project):
        group = _insert_package_group(project)
        for one in set_aside:
            project.addMapLayer(one.layer, False)
            node = group.addLayer(one.layer)
            node.setItemVisibilityChecked(one.is_checked)
            node.setExpanded(one.is_expanded)


def _insert_package_group(project: QgsProject) -> QgsLayerTreeGroup:
    # The package's name does not fit into the layer tree.
    return project.layerTreeRoot().insertGroup(0, tr("Package (read-only copy)"))


def _remove_empty_groups(project: QgsProject, groups: set[QgsLayerTreeGroup]) -> None:
    for group in groups:
        if group is not project.layerTreeRoot() and not group.children():
            group.parent().removeChildNode(group)


def remove_package_layers(project: QgsProject) -> None:
    """Remove the layers of inspected packages from the project, with their groups."""
    layers = find_package_layers(project)
    nodes = [project.layerTreeRoot().findLayer(v.id()) for v in layers]
    groups = {node.parent() for node in nodes if node is not None}
    project.removeMapLayers([v.id() for v in layers])
    _remove_empty_groups(project, groups)
