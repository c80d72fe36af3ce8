# SPDX-License-Identifier: GPL-2.0-or-later
"""A new county project: settings, database and QGIS project; and the QGIS project of a work package.

The project file is written atomically. On the main thread, a layer at a time: between the steps the event loop can
run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapLayer,
    QgsMapThemeCollection,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsSnappingConfig,
    QgsVectorLayer,
)

from ...core.base.errors import Cancellation, DataError, OutputError, SanxianError
from ...core.base.files.writing import check_writable, write_atomically
from ...core.standard import Standard, load_standard
from ...core.standard.layer_tree import list_theme_roles, list_themes as themes_of
from ...core.standard.profile import Norm, load_profile
from ...core.standard.profile.county_file import CountySettings, make_default_profile_path, save_county
from ..editing.styled_layers import find_sources_by_layer_name, make_vector_layer, place_layer_in_tree, set_up_layer
from ..layers import styles
from ..layers.properties import get_assigned_role
from ..layers.role_recognition import SHOWN_PACKAGE_PROPERTY, list_plan_layers
from ..project import county
from ..texts import tr
from . import layer_extent

if TYPE_CHECKING:
    from ...core.counties.townships.split import WrittenPackage

#: Snapping distance in pixels: near enough for a vertex, far enough to draw next to one.
SNAPPING_TOLERANCE_PX = 10.0
_PROJECT_SCOPE, _AVOID_OVERLAP_KEY = "sanxian", "avoid_overlaps"
#: Roles whose features may not overlap, stored in the project: their layers enable overlap avoidance.
_ROLE_SEPARATOR = ","
GEODETIC_CRS = "EPSG:4490"
#: Neighbours are paler than the layers that are edited.
_NEIGHBOUR_OPACITY = 0.45


@dataclass(frozen=True)
class NewProjectRequest:
    """What the wizard creates: settings of a new county project.

    ``crs``: ``EPSG:…`` or WKT; ``roles``: codes of the plan layers to create; ``profile``: id or path of the county
    profile, or empty; ``existing_database_action``: how to treat an existing database; ``may_replace_project``: the
    project file may be overwritten; ``extent_degrees``: west, south, east, north in degrees, if the county's location
    is known; ``county_settings``: the county's settings, written to `county_profile_path` next to the project, or None.
    """

    standard: str
    county_code: str
    county_name: str
    crs: str
    roles: tuple[str, ...]
    database_path: Path
    project_path: Path
    profile: str = ""
    existing_database_action: str = "stop"
    may_replace_project: bool = False
    extent_degrees: tuple[float, float, float, float] | None = None
    county_settings: CountySettings | None = None

    @property
    def county_profile_path(self) -> Path | None:
        """Return the path of the county's profile, or None if the wizard writes none."""
        return make_default_profile_path(self.project_path) if self.county_settings is not None else None


def load_norm(standard: str, profile: str, county_code: str) -> Norm:
    """Return standard and profile resolved together, for the forms of a county.

    The profile may be that of the province.
    """
    loaded_profile = load_profile(profile)
    return Norm(load_standard(standard or loaded_profile.standard), replace(loaded_profile, area_code=county_code))


def create_project_database(
    request: NewProjectRequest, progress: Callable[[float, str], None], cancellation: Cancellation
) -> Norm:
    """Write the empty database of a new project; return the settings for the forms of its layers.

    Raise SanxianError, with the disk unchanged, and Cancelled. Call it in a thread created by Python
    (`running.threads.run_in_python_thread`), because it uses pyproj.
    """
    from ...core.exchange.create import create_database
    from ...core.geometry.crs import parse_crs
    from ...core.standard.divisions import require_drawable_crs

    if request.project_path.exists() and not request.may_replace_project:
        raise OutputError("project_exists", target=str(request.project_path))
    check_writable(request.project_path, [])
    if (profile_path := request.county_profile_path) is not None:
        if profile_path.exists():
            raise DataError("profile_exists", file=str(profile_path))
        check_writable(profile_path, [])
    norm = load_norm(request.standard, request.profile, request.county_code)
    create_database(
        request.database_path,
        [norm.standard.templates[role] for role in request.roles],
        require_drawable_crs(parse_crs(request.crs), request.crs),
        code_lists=norm.standard.code_lists,
        existing=request.existing_database_action,
        progress=progress,
        cancellation=cancellation,
    )
    return norm


def apply_overlap_setting(project: QgsProject, layer: QgsMapLayer | None) -> None:
    """Switch overlap avoidance on or off for the current layer.

    The layer's template decides. Only in a project that was set up by the wizard, and for layers with a role; else
    the user's setting remains.
    """
    roles = project.readEntry(_PROJECT_SCOPE, _AVOID_OVERLAP_KEY, "")[0]
    if roles and isinstance(layer, QgsVectorLayer) and get_assigned_role(layer):
        modes = Qgis.AvoidIntersectionsMode
        never = get_assigned_role(layer) in roles.split(_ROLE_SEPARATOR)
        project.setAvoidIntersectionsMode(modes.AvoidIntersectionsCurrentLayer if never else modes.AllowIntersections)


def build_project_in_steps(project: QgsProject, request: NewProjectRequest, norm: Norm) -> Iterator[tuple[float, str]]:
    """Fill an empty project and write its file, one step per iteration.

    Yield the completed share (0–1) and the name of the next step. Raise OutputError if a layer cannot be opened or the
    file cannot be written; the database remains.
    """
    standard = norm.standard
    set_project_properties(project, request)
    database_layers = find_sources_by_layer_name(request.database_path)
    if not (roles := [role for role in standard.templates if role in database_layers]):
        raise OutputError("output_unwritable", target=str(request.database_path), detail="damaged")
    for number, role in enumerate(roles):
        yield number / (len(roles) + 1), standard.templates[role].name
        layer = make_vector_layer(database_layers[role], role, project)
        if not layer.isValid():
            raise OutputError("output_unwritable", target=str(request.database_path), detail="damaged")
        add_layer(project, layer, role, norm, request)
    yield len(roles) / (len(roles) + 1), request.project_path.name
    finish_project(project, request, standard)
    write_project(project, request)


def add_layer(project: QgsProject, layer: QgsVectorLayer, role: str, norm: Norm, request: NewProjectRequest) -> None:
    """Add a layer of the new database to the project, with role, symbols and form."""
    set_up_layer(layer, role, norm, request.county_code, request.county_name)
    project.addMapLayer(layer, False)
    place_layer_in_tree(project, layer, role, norm.standard)


def set_project_properties(project: QgsProject, request: NewProjectRequest) -> None:
    """Set title, CRS with its ellipsoid, relative paths, and the check settings."""
    project.setTitle(f"{request.county_name}国土空间总体规划")
    crs = QgsCoordinateReferenceSystem()
    crs.createFromUserInput(request.crs)
    # The ellipsoid follows the CRS: measuring in QGIS is on CGCS2000 too.
    project.setCrs(crs, True)
    project.setFilePathStorage(Qgis.FilePathType.Relative)
    # The project has no path yet: its profile will be in the same folder.
    profile = request.county_profile_path.name if request.county_profile_path else request.profile
    standard = request.standard if request.standard != "county_db" else ""
    county.store_county_settings(project, county.ProjectCountySettings(profile=profile, standard=standard))
    county.store_county_code_and_name(project, request.county_code, request.county_name)
    if request.extent_degrees is not None:
        geodetic = QgsCoordinateReferenceSystem(GEODETIC_CRS)
        transform = QgsCoordinateTransform(geodetic, project.crs(), project.transformContext())
        view = transform.transformBoundingBox(QgsRectangle(*request.extent_degrees))
        project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(view, project.crs()))


def finish_project(project: QgsProject, request: NewProjectRequest, standard: Standard) -> None:
    """Set themes, snapping and bookmarks of a project with layers."""
    # Existing themes of the same name are replaced, others remain. A theme without layers is left out.
    by_role = {get_assigned_role(layer): layer for layer in list_plan_layers(project) if get_assigned_role(layer)}
    themes = project.mapThemeCollection()
    for theme in themes_of(standard):
        roles = list_theme_roles(theme, standard, by_role)
        if not roles:
            continue
        record = QgsMapThemeCollection.MapThemeRecord()
        for role in roles:
            one = QgsMapThemeCollection.MapThemeLayerRecord(by_role[role])
            one.isVisible = True
            one.usingCurrentStyle = True
            one.currentStyle = by_role[role].styleManager().currentStyle()
            record.addLayerRecord(one)
        themes.insert(theme.name, record)
    config = QgsSnappingConfig(project)
    config.setEnabled(True)
    config.setMode(Qgis.SnappingMode.AllLayers)
    config.setTypeFlag(Qgis.SnappingType.Vertex | Qgis.SnappingType.Segment)
    config.setTolerance(SNAPPING_TOLERANCE_PX)
    config.setUnits(Qgis.MapToolUnit.Pixels)
    config.setIntersectionSnapping(True)
    project.setSnappingConfig(config)
    project.setTopologicalEditing(True)
    # QGIS has one setting for all layers; heritage areas do overlap and must not be clipped silently.
    project.setAvoidIntersectionsMode(Qgis.AvoidIntersectionsMode.AllowIntersections)
    never_overlap = sorted(t.role for t in standard.templates.values() if t.overlap == "never")
    project.writeEntry(_PROJECT_SCOPE, _AVOID_OVERLAP_KEY, _ROLE_SEPARATOR.join(never_overlap))
    layer_extent.enable_automatic_update(project)
    layer_extent.update_bookmarks(project)


def write_project(project: QgsProject, request: NewProjectRequest) -> None:
    """Write the project file atomically: to a temporary file that is then moved.

    Paths in it are relative to its folder. Raise OutputError if QGIS fails; an existing project file then remains.
    """
    target = request.project_path
    if (county_profile_path := request.county_profile_path) is not None and request.county_settings is not None:
        save_county(request.county_settings, county_profile_path)
    try:
        with write_atomically(target) as new:
            # QGIS makes paths relative to the file it writes: the folder must be the final one.
            aside = target.with_name(f".{target.stem}-new{target.suffix}")
            try:
                if not project.write(str(aside)):
                    raise OutputError("output_unwritable", target=str(target), detail="refused")
                aside.replace(new)
            finally:
                aside.unlink(missing_ok=True)
    except SanxianError:
        if county_profile_path is not None:
            # The next attempt writes it again.
            county_profile_path.unlink(missing_ok=True)
        raise
    project.setFileName(str(target))
    project.setDirty(False)


def write_township_project(package: WrittenPackage, roles: Mapping[str, str], norm: Norm, profile: str) -> str:
    """Write the project of a package next to its data, and return its path.

    Call it on the main thread. ``roles``: layer in the package → code of the plan layer; ``profile``: id or path of the
    county profile. Raise OutputError if a layer cannot be opened or the file cannot be written.
    """
    split = package.manifest.split
    sources = find_sources_by_layer_name(package.data)
    opened = QgsProject()
    layers = {role: make_vector_layer(sources.get(name, ""), name, opened) for name, role in roles.items()}
    if not all(layer.isValid() for layer in layers.values()):
        raise OutputError("output_unwritable", target=str(package.data), detail="damaged")
    crs = next((layer.crs() for layer in layers.values() if layer.crs().isValid()), None)
    request = NewProjectRequest(
        standard=norm.standard.id,
        county_code=split.county_code,
        county_name=split.county_name,
        crs=(crs.authid() or crs.toWkt()) if crs is not None else "",
        roles=tuple(layers),
        database_path=package.data,
        project_path=package.data.with_suffix(".qgz"),
        profile=profile,
    )
    set_project_properties(opened, request)
    opened.setTitle(package.manifest.label)
    for role in sorted(layers, key=list(norm.standard.templates).index):
        add_layer(opened, layers[role], role, norm, request)
    sources = find_sources_by_layer_name(package.neighbours)
    group = opened.layerTreeRoot().addGroup(tr("Neighbours (read-only)"))
    for record in package.manifest.layers:
        if not record.neighbours or record.package_name not in sources:
            continue
        layer = make_vector_layer(sources[record.package_name], record.package_name, opened)
        if role := roles.get(record.package_name, ""):
            styles.apply_role_style(layer, role)
        layer.setName(tr("{layer} (neighbours)").format(layer=record.package_name))
        layer.setReadOnly(True)
        layer.setOpacity(_NEIGHBOUR_OPACITY)
        layer.setCustomProperty(SHOWN_PACKAGE_PROPERTY, record.package_name.upper())
        opened.addMapLayer(layer, False)
        group.addLayer(layer)
    finish_project(opened, request, norm.standard)
    write_project(opened, request)
    return str(request.project_path)
