# SPDX-License-Identifier: GPL-2.0-or-later
"""The QGIS project of a work package: layers with symbols and forms, neighbours read-only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qgis.core import QgsProject

from ...core.base.errors import OutputError
from ...core.counties.townships.work_package import PROJECT_SUFFIX
from ..editing.styled_layers import find_sources_by_layer_name, make_vector_layer
from ..layers import styles
from ..layers.role_recognition import SHOWN_PACKAGE_PROPERTY
from ..texts import tr
from .assemble import add_layer, finish_project, set_project_properties, write_project
from .request import NewProjectRequest

if TYPE_CHECKING:
    from ...core.counties.townships.split import WrittenPackage
    from ...core.standard.profile import Norm

#: Neighbours are paler than the layers that are edited.
_NEIGHBOUR_OPACITY = 0.45


def write_township_project(package: WrittenPackage, roles: Mapping[str, str], norm: Norm, profile: str) -> str:
    """Write the project of a package next to its data, and return its path.

    Call it on the main thread. ``roles``: layer in the package → code of the plan layer; ``profile``: id or path of the
    county profile. Raise OutputError if a layer cannot be opened or the file cannot be written.
    """
    split = package.manifest.split
    sources = find_sources_by_layer_name(package.data)
    opened = QgsProject()
    layers = {}
    for name, role in roles.items():
        layer = make_vector_layer(sources.get(name, ""), name, opened)
        if not layer.isValid():
            raise OutputError("output_unwritable", target=str(package.data), detail="damaged")
        layers[role] = layer
    crs = next((layer.crs() for layer in layers.values() if layer.crs().isValid()), None)
    request = NewProjectRequest(
        standard=norm.standard.id,
        county_code=split.county_code,
        county_name=split.county_name,
        crs=(crs.authid() or crs.toWkt()) if crs is not None else "",
        roles=tuple(layers),
        database_path=package.data,
        project_path=package.data.with_suffix(PROJECT_SUFFIX),
        profile=profile,
    )
    set_project_properties(opened, request)
    opened.setTitle(package.manifest.label)
    for role in sorted(layers, key=list(norm.standard.templates).index):
        add_layer(opened, layers[role], role, norm, request)
    _add_neighbours(opened, package, roles)
    finish_project(opened, request, norm.standard)
    write_project(opened, request)
    return str(request.project_path)


def _add_neighbours(project: QgsProject, package: WrittenPackage, roles: Mapping[str, str]) -> None:
    """Add the neighbours to a group at the end of the layer tree: read-only, and no input of a check."""
    sources = find_sources_by_layer_name(package.neighbours)
    group = project.layerTreeRoot().addGroup(tr("Neighbours (read-only)"))
    for record in package.manifest.layers:
        if not record.neighbours or record.package_name not in sources:
            continue
        layer = make_vector_layer(sources[record.package_name], record.package_name, project)
        role = roles.get(record.package_name, "")
        if role:
            styles.apply_role_style(layer, role)
        layer.setName(tr("{layer} (neighbours)").format(layer=record.package_name))
        layer.setReadOnly(True)
        layer.setOpacity(_NEIGHBOUR_OPACITY)
        layer.setCustomProperty(SHOWN_PACKAGE_PROPERTY, record.package_name.upper())
        project.addMapLayer(layer, False)
        group.addLayer(layer)
