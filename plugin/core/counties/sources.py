# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the counties of a batch: in a folder, or in a list that a user wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..base.connection_text import is_connection, parse_connection, replace_schema
from ..base.errors import InputError, OutputError
from ..base.files.digests import MANIFEST_FILE_NAME
from ..base.files.tables import SearchedColumn, read_table
from ..base.files.writing import explain_os_error, is_same_file
from ..package.folder import LOCK_SUFFIX
from ..plan.io.formats import READ_SUFFIXES
from ..plan.io.source import is_data_archive, is_zip, list_folder_datasets
from .county_record import (
    COUNTIES_FOLDER,
    GATHERING_JSON,
    LOCK_NAME,
    RECORD_FILE,
    SEAMS_JSON,
    SUMMARY_FILES,
    TEMPORARY_PREFIX,
    County,
)

#: Files that are a county's data or its package. Those that are not read give a row with the reason.
_COUNTY_FILE_SUFFIXES = (".gpkg", ".zip", ".rar", ".7z", ".vct", ".mdb")
_PACKAGE_SUFFIXES = (".zip", ".rar", ".7z")
#: In place of the name of a schema: all schemas with layers.
_ALL_SCHEMAS = "*"
_LIST_SUFFIXES = (".csv", ".txt", ".xlsx", ".xlsm")
_LIST_COLUMNS = (
    SearchedColumn("county", ("县", "县区", "县级行政区", "行政区", "名称", "county", "name")),
    SearchedColumn("source", ("数据", "数据源", "路径", "成果", "source", "data", "path")),
    SearchedColumn("profile", ("县配置", "配置", "profile"), is_required=False),
    SearchedColumn("baseline", ("封库版本", "封库", "baseline"), is_required=False),
)


@dataclass(frozen=True)
class CountyList:
    """The counties of a batch, sorted as found.

    ``ignored_names``: names of data in the folder that belong to no county, such as a single shapefile.
    """

    counties: tuple[County, ...]
    ignored_names: tuple[str, ...] = ()


def list_counties(source: str | Path, output: Path) -> CountyList:
    """Return the counties of a folder, a list or a database; ``output``: the folder of results, which is left out.

    Raises
    ------
    InputError
        If the source is missing, is neither a folder nor a list, has no county, or a row of the list is unusable.
    """
    if isinstance(source, str) and is_connection(source):
        from ..plan.io.postgis import list_layer_schemas

        names = [name.strip() for name in parse_connection(source).schema.split(",") if name.strip()]
        if names in ([], [_ALL_SCHEMAS]):
            names = list_layer_schemas(source)
        if not names:
            raise InputError("counties_none", source=source)
        return CountyList(tuple(County(name, replace_schema(source, name)) for name in dict.fromkeys(names)))
    source = Path(source)
    try:
        if not source.exists():
            raise InputError("source_missing", source=str(source))
        if not source.is_dir() and source.suffix.lower() not in _LIST_SUFFIXES:
            raise InputError("counties_source", source=str(source), known=" ".join(_LIST_SUFFIXES))
        found = _list_folder(source, output) if source.is_dir() else _read_list(source)
    except OSError as error:
        raise InputError("source_no_access", source=str(source), detail=explain_os_error(error)) from error
    if not found.counties:
        raise InputError("counties_none", source=str(source))
    return found


def _list_folder(folder: Path, output: Path) -> CountyList:
    """Return the counties whose data are directly in a folder."""
    if folder.suffix.lower() == ".gdb" or (folder / MANIFEST_FILE_NAME).is_file():
        raise InputError("counties_none", source=str(folder))
    sources, ignored_names = [], []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or (path.is_dir() and _has_results_only(path, output)):
            continue
        suffix = path.suffix.lower()
        if path.is_dir() or suffix in _COUNTY_FILE_SUFFIXES:
            sources.append(path)
        elif suffix in READ_SUFFIXES:
            ignored_names.append(path.name)
    stem_counts = Counter(_get_stem(path).casefold() for path in sources)
    counties = [
        County(
            _get_stem(path) if stem_counts[_get_stem(path).casefold()] == 1 else path.name,
            str(path),
            is_package=is_package(path),
        )
        for path in sources
    ]
    return CountyList(tuple(counties), tuple(ignored_names))


def _get_stem(path: Path) -> str:
    """Return the name of a data set without its suffix; that of a folder of files is unchanged."""
    return path.stem if path.suffix.lower() in (*_COUNTY_FILE_SUFFIXES, ".gdb") else path.name


def is_package(path: Path) -> bool:
    """Return True if a county's data are to be inspected as a submission package.

    These are archives of more than the data of one folder, folders with a manifest, and folders whose data are only in
    subfolders, which a plan has not.
    """
    try:
        if not path.is_dir():
            return path.suffix.lower() in _PACKAGE_SUFFIXES and not (is_zip(path) and is_data_archive(path))
        if path.suffix.lower() == ".gdb":
            return False
        if (path / MANIFEST_FILE_NAME).is_file():
            return True
        return not list_folder_datasets(path) and any(
            one.suffix.lower() in (*READ_SUFFIXES, ".gdb", ".vct") for one in (*path.glob("*/*"), *path.glob("*/*/*"))
        )
    except OSError:
        # The check of the county reports it.
        return False


def check_output_outside_data(output: Path, sources: Iterable[str | Path], counties: Iterable[County]) -> None:
    """Raise OutputError if results would be written into the data.

    ``sources``: what the user gave: a folder of all data, a list, or data; results may be in a folder below it.
    ``counties``: the counties found there; no result may be below the folder of a county's data.
    """
    county_sources = [Path(county.source) for county in counties if not is_connection(county.source)]
    paths = [Path(source) for source in sources if not is_connection(source)]
    parents = output.absolute().parents
    if any(is_same_file(source, output) for source in (*paths, *county_sources)) or any(
        source.absolute() in parents for source in county_sources
    ):
        raise OutputError("counties_output", target=str(output))


def _has_results_only(folder: Path, output: Path) -> bool:
    """Return True for results of a batch, of seams or of a gathering, and for the output folder without county data."""
    if any((folder / COUNTIES_FOLDER).glob(f"*/{RECORD_FILE}")):
        return True
    if (folder / SEAMS_JSON).is_file() or (folder / GATHERING_JSON).is_file():
        return True
    names = {COUNTIES_FOLDER, *SUMMARY_FILES, f"{LOCK_NAME}{LOCK_SUFFIX}"}
    return is_same_file(folder, output) and all(
        path.name in names or path.name.startswith(TEMPORARY_PREFIX) for path in folder.iterdir()
    )


def _read_list(path: Path) -> CountyList:
    """Return the counties of a list (CSV, xlsx); relative paths begin in the folder of the list."""
    table = read_table(path, _LIST_COLUMNS)
    known_names: set[str] = set()
    counties = []
    for row in table.rows:
        values = row.text_by_column
        for column in ("county", "source"):
            if not values[column]:
                heading = next(one.possible_headings[0] for one in _LIST_COLUMNS if one.name == column)
                raise table.make_cell_error(row, heading, "")
        if values["county"].casefold() in known_names:
            raise InputError("counties_twice", file=table.file_and_sheet, line=row.line_number, value=values["county"])
        known_names.add(values["county"].casefold())
        source, profile = _resolve_source(path.parent, values["source"]), values["profile"]
        counties.append(
            County(
                values["county"],
                source,
                # A profile may be an id, or a file.
                str(path.parent / profile) if profile.lower().endswith(".toml") else profile,
                _resolve_source(path.parent, values["baseline"]) if values["baseline"] else "",
                not is_connection(source) and is_package(Path(source)),
            )
        )
    return CountyList(tuple(counties))


def _resolve_source(folder: Path, text: str) -> str:
    """Return data of the list: a path from the folder of the list, a connection to a database unchanged."""
    return text if is_connection(text) else str(folder / text)
