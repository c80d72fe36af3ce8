# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise plan data, packages, drawings and boundary-point files among what was dropped on QGIS."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from qgis.core import QgsFeatureRequest, QgsProject, QgsProviderRegistry, QgsProviderSublayerDetails, QgsVectorLayer

from ...core.base.files.digests import MANIFEST_FILE_NAME
from ...core.checks.check import RunOptions
from ...core.standard.numbering import DIVISION_CODE_DIGITS, find_most_frequent_county, has_county_code_format
from ...core.standard.profile import Profile, list_profile_ids, load_profile
from .county import read_county_settings

#: Levels of folders in which the manifest of a zipped package is searched.
_MAX_MANIFEST_DEPTH = 2
#: Fields with the key (标识码) of a feature and with the code of its division.
_KEY_FIELD, _DIVISION_FIELD = "BSM", "XZQDM"


class DroppedKind(Enum):
    """Kinds of dropped data: plan layers in a database or a folder, a package, a boundary-point file, a drawing."""

    PLAN, PACKAGE, BOUNDARY_POINTS, DRAWING = "plan", "package", "boundary_points", "drawing"


@dataclass(frozen=True)
class DroppedData:
    """What was dropped; ``layer_files``: the files that can be added as layers, none for a package."""

    path: str
    kind: DroppedKind
    layer_count: int = 0
    layer_files: tuple[str, ...] = ()


def recognise_dropped_data(path: str) -> DroppedData | None:
    """Return what a file or folder is; None for anything that QGIS should treat as usual.

    Only names of files and layers, and the first lines of a text or table, are read. On the main thread.
    """
    dropped, is_folder = Path(path), Path(path).is_dir()
    suffix = dropped.suffix.lower()
    if _is_package(dropped):
        return DroppedData(path, DroppedKind.PACKAGE)
    if is_folder or suffix == ".gpkg":
        if suffix in (".gpkg", ".gdb"):
            files = [path]
            names = [layer.name() for layer in QgsProviderRegistry.instance().querySublayers(path)]
        else:
            files = sorted(str(file) for file in dropped.iterdir() if file.suffix.lower() == ".shp")
            names = [Path(file).stem for file in files]
        # The plugin opens without the libraries that this needs.
        from ...core.plan.io.file import make_empty_layer
        from ...core.plan.loading.recognition import find_role

        norm = RunOptions(standard=read_county_settings(QgsProject.instance()).standard).resolve_norm()
        count = sum(bool(find_role(make_empty_layer(name, Path()), norm)[0]) for name in names)
        return DroppedData(path, DroppedKind.PLAN, count, tuple(files)) if count else None
    if suffix == ".dxf" and dropped.is_file():
        return DroppedData(path, DroppedKind.DRAWING, 0, (path,))
    from ...core.exchange.boundary_points.import_points import is_boundary_point_file

    return DroppedData(path, DroppedKind.BOUNDARY_POINTS, 0, (path,)) if is_boundary_point_file(dropped) else None


def _is_package(path: Path) -> bool:
    """Return True for the folder of a package, or a zip that contains one."""
    if path.is_dir():
        return (path / MANIFEST_FILE_NAME).is_file()
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = [name.split("/") for name in archive.namelist()]
    return any(parts[-1] == MANIFEST_FILE_NAME and len(parts) <= _MAX_MANIFEST_DEPTH for parts in names)


def open_layers(path: str) -> list[QgsVectorLayer]:
    """Return the vector layers of a database, a file or a folder of shapefiles; none for another."""
    options = QgsProviderSublayerDetails.LayerOptions(QgsProject.instance().transformContext())
    layers = [one.toLayer(options) for one in QgsProviderRegistry.instance().querySublayers(path)]
    return [layer for layer in layers if isinstance(layer, QgsVectorLayer)]


def find_county_and_profiles(layers: Iterable[QgsVectorLayer]) -> tuple[str, list[Profile]]:
    """Return the code of the county of layers, and the shipped profiles that apply to it, its own first.

    The code is that with which most layers' first key (标识码) begins, without such keys most first division codes;
    empty if they have neither.
    """
    layers = list(layers)
    code = find_most_frequent_county(_read_first_values(layers, _KEY_FIELD))
    if not code:
        codes = Counter(value[:DIVISION_CODE_DIGITS] for value in _read_first_values(layers, _DIVISION_FIELD))
        code = next((one for one, _ in codes.most_common() if has_county_code_format(one)), "")
    profiles = [
        one
        for one in map(load_profile, list_profile_ids())
        if one.area_code and code and one.covers(code) and not one.is_example
    ]
    return code, sorted(profiles, key=lambda profile: profile.area_code != code)


def _read_first_values(layers: Iterable[QgsVectorLayer], field: str) -> list[str]:
    """Return the value of a field in the first row of each layer that has the field."""
    request = QgsFeatureRequest().setLimit(1).setFlags(QgsFeatureRequest.Flag.NoGeometry)
    with_field = [layer for layer in layers if layer.fields().lookupField(field) >= 0]
    return [str(row[field]) for layer in with_field for row in layer.getFeatures(request)]
