# SPDX-License-Identifier: GPL-2.0-or-later
"""A package looked at from outside: its files, manifest, layers, tables and documents become `facts`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ....errors import InputError
from ....geometry import crs as crs_care
from ....writing import os_reason
from ..files import is_stray
from ..form.model import FORMATS, PackageProfile
from ..maps.jpeg import is_jpeg
from ..maps.jpeg import look_at as look_at_jpeg
from ..names import recogniser
from ..tables.model import Workbook
from ..tables.read import OTHER_TABLES, WORKBOOKS, read_workbook
from ..target.hashes import (
    LISTS,
    files_below,
    is_link,
    read_sums,
    sha256,
)
from ..target.told import told_manifest
from .facts import FileFact, LayerFact, PackageFacts
from .soundness import Fault, faults_of
from .vct_facts import is_vct, look_at_vct

#: Bytes of a file that are looked at.
_HEAD = 64
#: Of a report or metadata at most; one that is larger is of no use to anybody.
_MOST_BYTES = 64 * 2**20


def look_at(folder: Path, form: PackageProfile, check: Callable[[], None] = lambda: None) -> PackageFacts:
    """All that is seen of a package's folder. ``check`` may raise to stop. Nothing is changed, nothing followed."""
    manifest, state = told_manifest(folder)
    asked = {str(row.get("path")) for row in manifest["files"]} if manifest else set()
    sums = _sums(folder)
    asked |= {path for listed in sums.values() for path in listed or ()}
    files = []
    for path, place in files_below(folder):
        check()
        files.append(_file(path, place, path in asked, check))
    told = recogniser(form.root, {}).fullmatch(folder.name)
    parts = told.groupdict() if told else {}
    code, name = parts.get("code", ""), parts.get("name", "")
    if not told:
        code, name = _from_files(files, form)
    facts = PackageFacts(folder.name, form, code, name, tuple(files), (), manifest, state)
    documents = _documents(folder, facts)
    extents = any(path.lower().endswith(".xml") for path in documents)
    layers: list[LayerFact] = []
    exchanged = {}
    faults: list[Fault] = []
    for data in facts.data_sets():
        if is_vct(data):
            seen, exchanged[data] = look_at_vct(folder, data, check)
            layers += [LayerFact(data, *one) for one in seen]
        else:
            layers += _layers(folder, data, check, extents)
            faults += faults_of(folder, data, check)
    return replace(
        facts,
        layers=tuple(layers),
        workbooks=_workbooks(folder, facts, check),
        documents=documents,
        exchanged=exchanged,
        sums=sums,
        faults=tuple(faults),
    )


def _sums(folder: Path) -> dict[str, dict[str, str] | None]:
    """Lists of digests by the names that they usually have; None for one that is no such list."""
    known = {name.lower() for name in LISTS}
    places = [p for p in sorted(folder.iterdir()) if p.name.lower() in known and p.is_file() and not is_link(p)]
    return {p.name: read_sums(p.read_bytes()) for p in places if p.stat().st_size <= _MOST_BYTES}


def _workbooks(folder: Path, facts: PackageFacts, check: Callable[[], None]) -> tuple[Workbook, ...]:
    found = []
    for file in facts.single:
        if Path(file.name).suffix.lower() in (*WORKBOOKS, *OTHER_TABLES) and not is_stray(file.name) and not file.link:
            check()
            found.append(read_workbook(folder / file.path, file.path))
    return tuple(found)


def _documents(folder: Path, facts: PackageFacts) -> dict[str, bytes]:
    """Every XML of the package, and the report as it would be called."""
    asked = [f for f in facts.single if f.path == facts.report_path or f.name.lower().endswith(".xml")]
    asked = [f for f in asked if f.size <= _MOST_BYTES and not is_stray(f.name) and not f.link]
    return {f.path: (folder / f.path).read_bytes() for f in asked}


def _file(path: str, place: Path, asked: bool, check: Callable[[], None]) -> FileFact:
    if is_link(place):
        return FileFact(path, 0, link=True)
    try:
        with place.open("rb") as handle:
            head = handle.read(_HEAD)
        digest = sha256(place, check) if asked else ""
        return FileFact(path, place.stat().st_size, head, digest, look_at_jpeg(place) if is_jpeg(path) else None)
    except OSError as error:
        if is_stray(place.name):
            # ArcGIS keeps its .lock files to itself; they are told by their name.
            return FileFact(path, 0)
        raise InputError("package_file_unreadable", file=path, detail=os_reason(error)) from error


def _from_files(files: list[FileFact], form: PackageProfile) -> tuple[str, str]:
    """Code and name of the county as the first file that is called as the form wants tells them."""
    patterns = [*(v.file for v in form.vectors), *(s.file for s in form.files)]
    for file in files:
        for part in file.path.split("/"):
            for pattern in patterns:
                found = recogniser(pattern, {}).fullmatch(part)
                if found and {"code", "name"} <= found.groupdict().keys():
                    return found["code"], found["name"]
    return "", ""


def _layers(folder: Path, place: str, check: Callable[[], None], extents: bool) -> list[LayerFact]:
    """The layers of one data set; one of −1 features for a set or layer that cannot be read. ``extents``: with those of their
    shapes, from the shapes themselves, for what a file says of them may be out of date."""
    import pyogrio

    from ....io import ERRORS

    path = folder / place
    sources = sorted(path.glob("*.shp")) if path.suffix.lower() not in FORMATS else [path]
    found = []
    for source in sources:
        check()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                names = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
            except (*ERRORS, ValueError, UnicodeDecodeError):
                found.append(LayerFact(place, source.stem, -1))
                continue
            found += [_layer(place, source, name, extents) for name in names]
    return found


def _layer(place: str, source: Path, name: str, extents: bool) -> LayerFact:
    """One layer; of −1 features where it cannot be read, whatever its neighbours are."""
    import pyogrio

    from ....io import ERRORS

    try:
        info = pyogrio.read_info(source, layer=name, force_feature_count=True)
        extent = _extent(source, name) if extents else None
    except (*ERRORS, ValueError, UnicodeDecodeError):
        return LayerFact(place, name, -1)
    kind = next((k for word, k in _KINDS.items() if word in str(info["geometry_type"])), "")
    crs, vertical = _systems(info["crs"])
    return LayerFact(place, name, int(info["features"]), crs, vertical, geometry=kind, extent=extent)


#: Words in the geometry types of files.
_KINDS = {"Polygon": "polygon", "Surface": "polygon", "Line": "line", "Curve": "line", "Point": "point"}


def _extent(source: Path, layer: str) -> tuple[float, float, float, float] | None:
    import pyogrio

    _, bounds = pyogrio.read_bounds(source, layer=layer)
    if bounds.size == 0 or np.isnan(bounds).all():
        return None
    low, high = np.nanmin(bounds[:2], axis=1), np.nanmax(bounds[2:], axis=1)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _systems(text: str | None) -> tuple[str, str]:
    """Labels of the horizontal and the vertical part of a CRS."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    label = crs_care.label(crs_care.parse(text))
    try:
        whole = CRS.from_user_input(text) if text else None
    except CRSError:
        return label, ""
    if whole is None or not whole.is_compound or len(whole.sub_crs_list) < 2:
        return label, ""
    code = whole.sub_crs_list[1].to_epsg()
    return label, f"EPSG:{code}" if code else whole.sub_crs_list[1].name
