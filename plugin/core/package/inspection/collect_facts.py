# SPDX-License-Identifier: GPL-2.0-or-later
"""Collection of a package's facts: files, manifest, layers, tables, documents."""

from __future__ import annotations

import os
import re
import warnings
import zipfile
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.files.digests import (
    DIGEST_LIST_NAMES,
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    compute_sha256,
    is_link,
    is_special_file,
    iterate_files_below,
    read_digest_list,
    read_manifest,
)
from ...base.files.open_datasource import provide_safe_path
from ...base.files.writing import explain_os_error
from ...geometry import crs as crs_care
from ...plan.io import DRIVER_ERRORS
from ..jpeg import decode_jpeg, has_jpeg_suffix, inspect_jpeg
from ..names import make_name_matcher
from ..package_spec.spec import DATA_SET_SUFFIXES, PackageSpec
from ..slot_files import has_valid_start, is_stray_file, read_file_ends
from ..tables.sheets import OTHER_TABLE_SUFFIXES, WORKBOOK_SUFFIXES, read_workbook
from .facts import FileFact, LayerFact, PackageFacts, has_vct_suffix, read_vct_facts
from .generated_documents import read_document_texts
from .integrity import IntegrityError, find_integrity_errors
from .pdf import inspect_pdf

_OFFICE_SUFFIXES = (".docx", ".docm", ".dotm", ".xlsx", ".xlsm", ".xlsb", ".pptx", ".pptm")
#: Key of active content → parts of the file that contain it.
_ACTIVE_PART_PATTERNS = {
    "macros": re.compile(r"vbaProject\.bin$|/macrosheets/|/activeX/", re.IGNORECASE),
    "embedded": re.compile(r"/embeddings/", re.IGNORECASE),
    "external": re.compile(r"/externalLinks/|/connections\.xml$|/queryTables/", re.IGNORECASE),
}
#: A relationship to a target outside the file, and the kind that only a click follows.
_EXTERNAL_RELATION_PATTERN = re.compile(rb"<Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>")
_HYPERLINK_TYPE_PATTERN = re.compile(rb"/relationships/hyperlink[\"']")
#: Maximum numbers of parts, and of bytes of relationships, that are read.
_MAX_OFFICE_PARTS, _MAX_PART_BYTES = 5000, 2**20
#: Bytes at the beginning of a file that are stored.
_STORED_HEAD_BYTES = 64
#: Maximum size of a report or metadata.
_MAX_DOCUMENT_BYTES = 64 * 2**20
#: Fields that formats and programs add.
_RESERVED_FIELDS = {"OBJECTID", "FID", "OGC_FID", "SHAPE", "SHAPE_LENGTH", "SHAPE_AREA", "SHAPE_LENG", "GLOBALID"}
#: Words in the geometry types of files.
_GEOMETRY_OF_WORD = {"Polygon": "polygon", "Surface": "polygon", "Line": "line", "Curve": "line", "Point": "point"}


def find_active_parts(path: Path) -> tuple[str, ...]:
    """Return what an Office file can execute or load, as keys of texts (section ``active``).

    These are macros, embedded objects and links to other files. A file that is not an archive gives an empty result;
    other functions report it.
    """
    keys: dict[str, None] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist()[:_MAX_OFFICE_PARTS]:
                keys |= {
                    key: None for key, pattern in _ACTIVE_PART_PATTERNS.items() if pattern.search(f"/{info.filename}")
                }
                if info.filename.lower().endswith(".rels"):
                    with archive.open(info) as part:
                        relations = _EXTERNAL_RELATION_PATTERN.findall(part.read(_MAX_PART_BYTES))
                    if not all(map(_HYPERLINK_TYPE_PATTERN.search, relations)):
                        keys["external"] = None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
        return ()
    return tuple(keys)


def collect_package_facts(
    folder: Path, package_spec: PackageSpec, cancellation: Cancellation = NEVER_CANCELLED
) -> PackageFacts:
    """Collect the facts of a package's folder; change nothing, follow no link.

    Raises Cancelled.
    """
    manifest, state = read_manifest(folder)
    paths_to_digest = {MANIFEST_FILE_NAME, *(str(row.get("path")) for row in (manifest["files"] if manifest else []))}
    # A list maps path → digest; it is None if the file is invalid.
    list_names = {name.lower() for name in DIGEST_LIST_NAMES}
    places = [p for p in sorted(folder.iterdir()) if p.name.lower() in list_names and p.is_file() and not is_link(p)]
    sums = {p.name: read_digest_list(p.read_bytes()) for p in places if p.stat().st_size <= _MAX_DOCUMENT_BYTES}
    paths_to_digest |= {path for digest_by_path in sums.values() for path in digest_by_path or ()}
    files = []
    for path, file_path in iterate_files_below(folder):
        cancellation.raise_if_cancelled()
        # Digests of maps are always computed, because equal maps are reported without a manifest, too.
        files.append(_read_file_facts(path, file_path, path in paths_to_digest or has_jpeg_suffix(path), cancellation))
    code, name = _find_county(folder.name, files, package_spec)
    facts = PackageFacts(folder.name, package_spec, code, name, tuple(files), (), manifest, state)
    pages = {MANIFEST_PAGE_FILE_NAME, facts.report_path, facts.report_page_path}
    documents = {
        f.path: (folder / f.path).read_bytes()
        for f in facts.regular_files
        if (f.path in pages or f.name.lower().endswith(".xml")) and f.size_bytes <= _MAX_DOCUMENT_BYTES
    }
    extents = any(path.lower().endswith(".xml") for path in documents)
    layers: list[LayerFact] = []
    vct_layers = {}
    errors: list[IntegrityError] = []
    for data_set in facts.data_sets:
        if has_vct_suffix(data_set):
            vct_facts, vct_layers[data_set] = read_vct_facts(folder, data_set, cancellation)
            layers += vct_facts
        else:
            layers += _read_layer_facts(folder, data_set, cancellation, extents)
            errors += find_integrity_errors(folder, data_set, cancellation)
    generated_documents = facts.get_kinds_of_generated_documents()
    tables_folder = package_spec.get_file_path(package_spec.tables.folder, "") if package_spec.tables else None
    workbooks, document_texts = [], {}
    for file in facts.regular_files:
        cancellation.raise_if_cancelled()
        suffix = Path(file.name).suffix.lower()
        # A .csv is a table only in the folder of tables, because programs store other lists in such files.
        if suffix in (*WORKBOOK_SUFFIXES, *OTHER_TABLE_SUFFIXES) and (suffix != ".csv" or file.folder == tables_folder):
            workbooks.append(read_workbook(folder / file.path, file.path))
        if file.path in generated_documents and file.size_bytes <= _MAX_DOCUMENT_BYTES:
            document_texts[file.path] = read_document_texts(folder / file.path)
    empty_folders = {
        Path(path).relative_to(folder).as_posix() for path, *content in os.walk(folder) if not any(content)
    }
    return replace(
        facts,
        layers=tuple(layers),
        workbooks=tuple(workbooks),
        document_contents=documents,
        vct_layers=vct_layers,
        digest_lists=sums,
        integrity_errors=tuple(errors),
        empty_folders=tuple(sorted(empty_folders - {".", *package_spec.folders.values()})),
        document_texts=document_texts,
    )


def _read_file_facts(path: str, file_path: Path, needs_digest: bool, cancellation: Cancellation) -> FileFact:
    """Return the facts of one file; compute its SHA-256 if ``needs_digest``.

    Links and special files (pipes, devices) are not opened.
    """
    if is_link(file_path):
        return FileFact(path, 0, is_link=True)
    if is_special_file(file_path):
        return FileFact(path, 0, is_special_file=True)
    try:
        head, tail_bytes = read_file_ends(file_path)
        digest = compute_sha256(file_path, cancellation) if needs_digest else ""
        picture = inspect_jpeg(file_path) if has_jpeg_suffix(path) else None
        decoded_jpeg = decode_jpeg(file_path) if picture is not None and picture.is_complete else None
        is_pdf = path.lower().endswith(".pdf")
        pdf_fact = inspect_pdf(file_path, cancellation) if is_pdf and has_valid_start(path, head) else None
        active = find_active_parts(file_path) if path.lower().endswith(_OFFICE_SUFFIXES) else ()
        return FileFact(
            path,
            file_path.stat().st_size,
            head[:_STORED_HEAD_BYTES],
            digest,
            picture,
            last_bytes=tail_bytes if is_pdf else b"",
            pdf_fact=pdf_fact,
            active_content=active,
            decoded_jpeg=decoded_jpeg,
        )
    except OSError as error:
        if is_stray_file(file_path.name):
            # ArcGIS locks its .lock files; they are reported by their names.
            return FileFact(path, 0)
        raise InputError("package_file_unreadable", file=path, detail=explain_os_error(error)) from error


def _find_county(folder_name: str, files: list[FileFact], package_spec: PackageSpec) -> tuple[str, str]:
    """Return the county's code and name from the name of the package, if it is that of the specification.

    For another name, they come from the first file name that has both by the specification's patterns. What is not
    found is empty.
    """
    if match := make_name_matcher(package_spec.root, {}).fullmatch(folder_name):
        return match.groupdict().get("code", ""), match.groupdict().get("name", "")
    patterns = [
        make_name_matcher(p, {})
        for p in (*(v.file for v in package_spec.vectors), *(s.file for s in package_spec.files))
    ]
    matches = (pattern.fullmatch(part) for file in files for part in file.path.split("/") for pattern in patterns)
    names = (match.groupdict() for match in matches if match)
    return next(((one["code"], one["name"]) for one in names if {"code", "name"} <= one.keys()), ("", ""))


def _read_layer_facts(folder: Path, data_set: str, cancellation: Cancellation, reads_extents: bool) -> list[LayerFact]:
    """Return the facts of the layers of one data set; ``data_set`` is its path in ``folder``.

    An unreadable data set or layer has −1 features. ``reads_extents`` adds extents, which are computed from the shapes
    because stored extents may be out of date.
    """
    path = folder / data_set
    is_file = path.suffix.lower() in DATA_SET_SUFFIXES
    layer_facts = []
    for source in [path] if is_file else sorted(file for file in path.iterdir() if file.suffix.lower() == ".shp"):
        cancellation.raise_if_cancelled()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with provide_safe_path(source) as opened:
                    names = [str(name) for name, kind in pyogrio.list_layers(opened) if kind is not None]
                    layer_facts += [_read_one_layer(data_set, opened, name, reads_extents) for name in names]
            except (*DRIVER_ERRORS, InputError, ValueError, UnicodeDecodeError):
                layer_facts.append(LayerFact(data_set, source.stem, -1))
    return layer_facts


def _read_one_layer(data_set: str, source: Path, name: str, reads_extents: bool) -> LayerFact:
    """Return the facts of one layer, with −1 features if it cannot be read."""
    try:
        info = pyogrio.read_info(source, layer=name, force_feature_count=True)
        bounds = pyogrio.read_bounds(source, layer=name)[1] if reads_extents else np.zeros((4, 0))
    except (*DRIVER_ERRORS, ValueError, UnicodeDecodeError):
        return LayerFact(data_set, name, -1)
    extent: tuple[float, float, float, float] | None = None
    if bounds.size and not np.isnan(bounds).all():
        low, high = np.nanmin(bounds[:2], axis=1), np.nanmax(bounds[2:], axis=1)
        extent = float(low[0]), float(low[1]), float(high[0]), float(high[1])
    return LayerFact(
        data_set,
        name,
        int(info["features"]),
        *_split_crs_labels(info["crs"]),
        geometry_type=next((k for word, k in _GEOMETRY_OF_WORD.items() if word in str(info["geometry_type"])), ""),
        extent=extent,
        field_names=tuple(str(field) for field in info["fields"] if str(field).upper() not in _RESERVED_FIELDS),
    )


def _split_crs_labels(text: str | None) -> tuple[str, str]:
    """Return the labels of the horizontal and of the vertical part of a CRS, empty where it has none."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    vertical = ""
    with suppress(CRSError):
        parts = CRS.from_user_input(text).sub_crs_list if text else []
        if len(parts) > 1:
            code = parts[1].to_epsg()
            vertical = f"EPSG:{code}" if code else parts[1].name
    return crs_care.make_crs_label(crs_care.parse_crs(text)), vertical
