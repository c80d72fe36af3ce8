# SPDX-License-Identifier: GPL-2.0-or-later
"""Report data of a source that is not read: files, and layers without a role."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyogrio

from ...base.connection_text import is_connection
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, SanxianError
from ...base.files.data import read_json
from ...base.files.dataset_files import list_logs
from ...base.files.digests import MANIFEST_OK, UNLISTED_FILES, compute_sha256, iterate_files_below, read_manifest
from ...base.files.open_datasource import provide_safe_path
from ...model.findings import FINDING_COLUMNS, UnreadData
from ...model.report import REPORT_SCHEMA
from ...standard.messages.finding_message import describe_unread
from ...standard.messages.texts import Texts
from ...standard.profile import Norm
from ..io.file import DRIVER_ERRORS
from ..io.formats import detect_file_format
from ..io.records import count_deleted_shapes, count_stored_rows
from ..io.rows import KEY_FIELD
from ..io.source import find_source_folder, list_folder_datasets, list_source_datasets
from ..layer import SourceLayer
from ..plan import Plan
from .recognition import find_role

#: A layer with this share of a template's fields may be that layer under another name.
_MIN_FIELD_SHARE = 0.6
#: A .dbf stores ten bytes of a name.
_DBF_NAME_BYTES = 10
_FINDING_COLUMNS = {name[:_DBF_NAME_BYTES].upper() for name in FINDING_COLUMNS}
_POLYGON_TYPES = ("POLYGON", "SURFACE", "COLLECTION", "UNKNOWN", "GEOMETRY")
_LINE_TYPES = ("LINE", "COMPOUNDCURVE", "MULTICURVE", "CIRCULAR")
#: Largest size of a report in bytes.
_MAX_REPORT_BYTES = 2**28
#: Formats of findings layers.
_FINDINGS_FORMATS = (".gpkg", ".shp", ".geojson", ".gdb")


def report_unread_layers(others: Iterable[SourceLayer], plan: Plan, *, project: bool) -> Iterator[UnreadData]:
    """Yield a report on each layer without a role that a user should know about.

    ``others``: layers without a role. ``project``: the layers are those of a QGIS project, which also contains drafts
    and base maps, so layers with unrelated fields are not reported.
    """
    for layer in others:
        is_table = layer.problem is not None and layer.problem[0] == "table"
        if layer.problem is not None and not is_table:
            key, params = layer.problem
            names = {"layer_name": layer.full_name, "name": layer.full_name}
            yield UnreadData("damaged", {**params, **names, "problem": key})
        elif layer.declared_row_count == 0 or has_findings_columns([field.name for field in layer.fields]):
            continue
        elif is_table:
            # A table without geometry is reported if it has a layer's fields.
            has_key = any(field.name.upper() == KEY_FIELD for field in layer.fields)
            likely_role = (find_role(layer, plan.norm)[0] if has_key else "") or find_resembled_role(layer, plan.norm)
            if likely_role:
                yield UnreadData(*_add_row_count("table_alike", layer, {"likely": likely_role}))
        elif (report := _report_without_role(layer, plan, project)) is not None:
            yield report


def _report_without_role(layer: SourceLayer, plan: Plan, project: bool) -> UnreadData | None:
    """Return a report on a layer with geometry but without a role if it may belong to the plan, else None."""
    role, _ = find_role(layer, plan.norm)
    if role in plan.role_choices:
        used_name = plan.layers[role].source.full_name if role in plan.layers else plan.unusable_layers[role].name
        return UnreadData("second", {"name": layer.full_name, "role": role, "used": used_name}, incomplete=False)
    # A layer without a declared type may hold polygons.
    geometry_type = layer.declared_geometry_type.upper() or "UNKNOWN"
    polygons, lines = (any(one in geometry_type for one in types) for types in (_POLYGON_TYPES, _LINE_TYPES))
    if not polygons and not lines:
        return None
    likely_role = find_resembled_role(layer, plan.norm)
    # A line template may fit a layer of lines as well as the likely one, which is of polygons.
    line_share = max(_compute_shares(layer, plan.norm, "line").values(), default=0.0)
    if likely_role and (polygons or line_share < _compute_shares(layer, plan.norm)[likely_role]):
        return UnreadData(*_add_row_count("alike", layer, {"likely": likely_role}))
    if project or not (polygons or layer.has_closed_lines_only):
        return None
    return UnreadData(*_add_row_count("layer" if polygons else "rings", layer, {}), incomplete=False)


def _add_row_count(case: str, layer: SourceLayer, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return case and parameters with the number of rows added; the case ends in ``_uncounted`` if it is unknown."""
    rows = (
        count_stored_rows(Path(layer.source), layer.name)
        if layer.declared_row_count is None
        else layer.declared_row_count
    )
    params = {"name": layer.full_name, **params}
    return (f"{case}_uncounted", params) if rows is None else (case, {**params, "rows": rows})


def find_resembled_role(layer: SourceLayer, norm: Norm) -> str:
    """Return the role whose template shares most fields with a layer; empty if too few are shared."""
    shares = _compute_shares(layer, norm)
    best = max(shares, key=lambda role: shares[role], default="")
    return best if best and shares[best] >= _MIN_FIELD_SHARE else ""


def _compute_shares(layer: SourceLayer, norm: Norm, geometry: str = "polygon") -> dict[str, float]:
    """Return role → share (0 to 1) of the fields of its template that a layer has.

    Only templates with the geometry type ``geometry`` are compared.
    """
    columns = {field.name.upper() for field in layer.fields}
    return {
        role: len(field_names & columns) / len(field_names)
        for role, template in norm.standard.templates.items()
        if template.geometry == geometry and (field_names := {field.name for field in template.fields} - {"BZ"})
    }


def has_findings_columns(names: Iterable[str]) -> bool:
    """Return True if field names include all columns of a findings layer of this plugin."""
    return {name[:_DBF_NAME_BYTES].upper() for name in names} >= _FINDING_COLUMNS


def report_layers_without_shapes(plan: Plan) -> Iterator[UnreadData]:
    """Yield reports on layers without geometry, on filtered layers, and on deleted rows with geometry.

    A shapefile can mark rows as deleted while it still contains their geometry.
    """
    for role, layer in plan.layers.items():
        names = {"name": layer.name, "role": role}
        if len(layer) and not layer.source.broken_fids and bool(layer.empty_rows.all()):
            yield UnreadData("no_shapes", {**names, "rows": len(layer)})
        if layer.source.row_filter:
            yield UnreadData("filter", {**names, "filter": layer.source.row_filter})
        if deleted := count_deleted_shapes(Path(layer.source.source)):
            yield UnreadData("deleted", {**names, "rows": deleted}, incomplete=False)


def report_reassigned_layers(chosen: Mapping[str, SourceLayer], plan: Plan) -> Iterator[UnreadData]:
    """Yield reports on layers whose role, chosen by the user, contradicts their name and fields.

    ``chosen``: role → layer.
    """
    for role, layer in chosen.items():
        if plan.role_choices.get(role) != "chosen":
            continue
        likely_role = find_role(layer, plan.norm)[0]
        if not likely_role and (resembled_role := find_resembled_role(layer, plan.norm)):
            # The fields count only if the template of the assigned role fits them much worse.
            shares = _compute_shares(layer, plan.norm)
            likely_role = resembled_role if shares.get(role, 0.0) < shares[resembled_role] / 2 else ""
        # Roles of one concept, such as DLTB and XZYDYH, contain the same features.
        is_other = not any({role, likely_role} <= {*roles} for roles in plan.norm.standard.concepts.values())
        if likely_role and likely_role != role and is_other:
            yield UnreadData(
                "elsewhere",
                {
                    "name": layer.full_name,
                    "role": role,
                    "own": likely_role,
                    "own_layer": plan.norm.standard.templates[likely_role].name,
                },
                incomplete=False,
            )


def report_empty_layers(plan: Plan) -> Iterator[UnreadData]:
    """Yield reports on empty layers that are mandatory only in a wider scope than the checked one.

    No rule reports them as missing. A database without any feature gives no report, because it has just been created.
    """
    if not any(map(len, plan.layers.values())):
        return
    scopes = plan.norm.standard.scopes
    mandatory = scopes[plan.scope].mandatory_concepts
    wider_concepts = {
        c
        for scope in scopes.values()
        if len(scope.mandatory_concepts) > len(mandatory)
        for c in scope.mandatory_concepts
    }
    for concept in sorted(wider_concepts - {*mandatory} - {*plan.norm.profile.absent}):
        layer = plan.find_layer_of_concept(concept)
        if layer is not None and not len(layer):
            yield UnreadData("empty", {"name": layer.name, "role": layer.role}, incomplete=False)


def find_unread_files(source: str | Path, cancellation: Cancellation = NEVER_CANCELLED) -> list[UnreadData]:
    """Return reports on the data in a folder or FileGDB that are not read for the plan.

    A file other than a FileGDB, and a database of a server, is read completely and has no reports. Raise Cancelled.
    """
    if is_connection(source):
        return []
    folder = find_source_folder(source)
    if folder is None:
        # Data in the folder of a FileGDB that do not belong to it.
        return [
            _make_unread_folder_entry("in_database", database.name, [path for path, _ in found])
            for database in filter(is_geodatabase, list_source_datasets(Path(source)))
            if (found := _search_tree(database, set(), lambda path: False, cancellation).found_files)
        ]
    try:
        dataset_paths = list_folder_datasets(folder)
    except OSError:
        # Reading the folder has reported that.
        return []
    return find_unread_data(folder, dataset_paths, cancellation)


def find_write_ahead_logs(source: str | Path) -> list[tuple[str, dict[str, Any]]]:
    """Return a notice (text key, parameters) on each database with a write-ahead log (``-wal``) beside it.

    SQLite reads the changes in the log, but a copy of the main file lacks them.
    """
    try:
        paths = [] if is_connection(source) else list_source_datasets(Path(source))
    except OSError:
        # Reading the source has reported that.
        return []
    return [
        ("notice_uncommitted", {"file": path.name, "name": log.name, "size": log.stat().st_size})
        for path in paths
        for log in list_logs(path)
        if path.is_file() and log.name.endswith("-wal")
    ]


def describe_unread_files(source: str | Path, texts: Texts, cancellation: Cancellation = NEVER_CANCELLED) -> list[str]:
    """Return a sentence for each report of `find_unread_files`, for commands that make no check report.

    Raise Cancelled.
    """
    return [describe_unread(texts, unread) for unread in find_unread_files(source, cancellation)]


def _is_output_file(cancellation: Cancellation, path: Path) -> bool:
    """Return True if a path is a findings file, a JSON report or an unchanged package of this plugin.

    The content decides, never the name alone.
    """
    suffix = path.suffix.lower()
    if suffix in _FINDINGS_FORMATS:
        try:
            with provide_safe_path(path) as opened_path:
                layer_names = [str(name) for name, _ in pyogrio.list_layers(opened_path)]
                return bool(layer_names) and all(
                    has_findings_columns(map(str, pyogrio.read_info(opened_path, layer=n)["fields"]))
                    for n in layer_names
                )
        except (*DRIVER_ERRORS, InputError, ValueError, UnicodeDecodeError, OSError):
            return False
    if suffix == ".json":
        try:
            if path.stat().st_size > _MAX_REPORT_BYTES:
                return False
            data = read_json(path)
        except (OSError, SanxianError):
            return False
        report_keys = {"schema", "lang", "summary", "rules", "findings", "indicators", "tolerance", "provenance"}
        return isinstance(data, dict) and data.get("schema") == REPORT_SCHEMA and set(data) <= report_keys
    manifest, manifest_state = read_manifest(path) if path.is_dir() else (None, "")
    if manifest is None or manifest_state != MANIFEST_OK:
        return False
    sha256_by_path = {row["path"]: row["sha256"] for row in manifest["files"]}
    try:
        for name, part in iterate_files_below(path):
            cancellation.raise_if_cancelled()
            if name not in UNLISTED_FILES and sha256_by_path.get(name) != compute_sha256(part, cancellation):
                return False
    except OSError:
        return False
    return True


#: Maximum number of visited files and folders: it stops the search of a drive's root chosen by mistake, and is
#: reported.
MAX_FILES_VISITED = 50_000
#: Number of a folder's files that a message names.
_MAX_NAMED_FILES = 5
#: Files of a FileGDB: tables, their indexes and rows, locks. The two without a suffix (gdb, timestamps) hold no data.
_FILEGDB_SUFFIXES = (".gdbtable", ".gdbtablx", ".gdbindexes", ".spx", ".atx", ".freelist", ".horizon", ".lock", ".cdf")


@dataclass
class _FolderSearch:
    """What a search through folders has found so far.

    ``found_files``: (path below the folder, format); ``unlisted_folders``: folders whose content may not be listed.
    """

    found_files: list[tuple[Path, str]] = field(default_factory=list)
    unlisted_folders: list[Path] = field(default_factory=list)
    visited_count: int = 0


def find_unread_data(
    folder: Path, read: Iterable[Path], cancellation: Cancellation = NEVER_CANCELLED
) -> list[UnreadData]:
    """Return entries on the data in a folder that are not among the data sets read.

    ``read``: paths of the data sets read. What this plugin wrote is left out. Raises Cancelled.
    """
    read = set(read)
    search = _search_tree(folder, read, partial(_is_output_file, cancellation), cancellation)
    unread = [
        UnreadData("format", {"file": relative_path.name, "format": kind})
        for relative_path, kind in search.found_files
        if len(relative_path.parts) == 1
    ]
    paths_by_subfolder: dict[str, list[Path]] = {}
    for relative_path, _ in search.found_files:
        if len(relative_path.parts) > 1:
            paths_by_subfolder.setdefault(relative_path.parts[0], []).append(relative_path)
    databases = {path.name for path in read if is_geodatabase(path)}
    unread += [
        _make_unread_folder_entry("in_database" if top in databases else "folder", top, places)
        for top, places in sorted(paths_by_subfolder.items())
    ]
    unread += [UnreadData("no_access", {"file": path.as_posix()}) for path in search.unlisted_folders]
    if search.visited_count > MAX_FILES_VISITED:
        unread.append(UnreadData("limit", {"count": MAX_FILES_VISITED}))
    return unread


def is_geodatabase(path: Path) -> bool:
    """Return True if a path is a file geodatabase."""
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _make_unread_folder_entry(case: str, folder: str, places: list[Path]) -> UnreadData:
    """Return one entry of unread data for all files in a subfolder."""
    ellipsis = "…" if len(places) > _MAX_NAMED_FILES else ""
    file_names = "、".join(place.as_posix() for place in places[:_MAX_NAMED_FILES]) + ellipsis
    return UnreadData(case, {"folder": folder, "count": len(places), "files": file_names})


def _walk_folders(
    folder: Path, waiting: deque[Path], cancellation: Cancellation, search: _FolderSearch
) -> Iterator[os.DirEntry[str]]:
    """Yield what is in the ``waiting`` folders, also in those added meanwhile; stop at `MAX_FILES_VISITED`."""
    while waiting:
        cancellation.raise_if_cancelled()
        place = waiting.popleft()
        try:
            entries = list(os.scandir(place))
        except OSError:
            search.unlisted_folders.append(place.relative_to(folder))
            continue
        for entry in entries:
            search.visited_count += 1
            if search.visited_count > MAX_FILES_VISITED:
                return
            if search.visited_count % 200 == 0:
                cancellation.raise_if_cancelled()
            yield entry


def _search_tree(
    folder: Path, datasets_read: set[Path], is_output: Callable[[Path], bool], cancellation: Cancellation
) -> _FolderSearch:
    """Search folders level by level for data.

    ``is_output``: returns True for a folder or file that this plugin wrote. A folder to which several links lead is
    searched once. Files that belong to a FileGDB that is read are skipped.
    """
    search, waiting, visited_files = _FolderSearch(), deque([folder]), {_identify_file(folder)}
    for entry in _walk_folders(folder, waiting, cancellation, search):
        path = Path(entry.path)
        relative_path = path.relative_to(folder)
        try:
            if path in datasets_read:
                visited_files.add(_identify_file(path))
                waiting += [path] if is_geodatabase(path) else []
            elif path.parent.suffix.lower() == ".gdb" and path.suffix.lower() in _FILEGDB_SUFFIXES:
                continue
            elif entry.is_dir():
                if _identify_file(path) not in visited_files and not is_output(path):
                    if path.suffix.lower() == ".gdb":
                        search.found_files.append((relative_path, "FileGDB"))
                    else:
                        waiting.append(path)
                visited_files.add(_identify_file(path))
            elif path.suffix.lower() == ".gdbtable" and any(
                found.parent == relative_path.parent and kind == "FileGDB" for found, kind in search.found_files[-1:]
            ):
                # A geodatabase in a folder without the suffix .gdb is reported once.
                continue
            elif (kind := detect_file_format(path)) and not is_output(path):
                search.found_files.append((relative_path, kind))
        except OSError:
            # Without access, or a broken link.
            search.unlisted_folders.append(relative_path)
    if search.visited_count <= MAX_FILES_VISITED:
        search.found_files.sort()
    return search


def _identify_file(path: Path) -> tuple[int, int] | str:
    """Return (device, file number), the same for all links to a file; its path if the system has none."""
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.normcase(os.path.realpath(path))
