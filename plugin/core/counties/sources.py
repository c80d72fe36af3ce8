# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the counties of a batch, in a folder or in a list that a user wrote, and digest what their results follow from.

That is data, profile, settings and version of the program. Data count by the content of their files, so that a copied
or touched file is unchanged. The day is left out: a run that is continued after midnight keeps what it finished.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...paths import PROFILES_FOLDER
from ..base.connection_text import is_connection, parse_connection, replace_schema
from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, SanxianError
from ..base.files import make_path_next_to_data
from ..base.files.dataset_files import LOG_SUFFIXES, iterate_linked_files_below, list_logs
from ..base.files.digests import MANIFEST_FILE_NAME, compute_sha256, is_special_file
from ..base.files.tables import SearchedColumn, read_table
from ..base.files.writing import check_writable, is_same_file, make_access_error
from ..checks.tabulate import check_workbook_can_be_written
from ..engine.input_digest import compute_norm_digest
from ..engine.provenance import compute_program_digest
from ..model.window_register import WINDOW_REGISTER_SUFFIX
from ..package.folder import LOCK_SUFFIX
from ..package.package_spec.load import load_package_spec
from ..plan.io.formats import READ_SUFFIXES
from ..plan.io.source import find_dataset, is_data_archive, is_zip, list_folder_datasets
from ..standard.options import RunOptions
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
#: Files that no check reads and that change while others work: lists next to the data, locks of programs.
_UNREAD_SUFFIXES = (".worklist.csv", ".worklist.xlsx", ".changes.csv", LOCK_SUFFIX, ".lock", "-shm")


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
        raise make_access_error(source, error) from error
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
    return CountyList(
        tuple(
            County(
                _get_stem(path) if stem_counts[_get_stem(path).casefold()] == 1 else path.name,
                str(path),
                is_package=is_package(path),
            )
            for path in sources
        ),
        tuple(ignored_names),
    )


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


def check_files_writable(output: Path, names: Iterable[str]) -> None:
    """Raise OutputError before a long run if files of results cannot be written into a folder."""
    for name in names:
        if name.endswith(".xlsx"):
            check_workbook_can_be_written(output / name)
        check_writable(output / name, [])


def _has_results_only(folder: Path, output: Path) -> bool:
    """Return True for results of a batch, of seams or of a gathering, and for the output folder without county data."""
    if any((folder / name).is_file() for name in (SEAMS_JSON, GATHERING_JSON)):
        return True
    names = {COUNTIES_FOLDER, *SUMMARY_FILES, f"{LOCK_NAME}{LOCK_SUFFIX}"}
    return any((folder / COUNTIES_FOLDER).glob(f"*/{RECORD_FILE}")) or (
        is_same_file(folder, output)
        and all(path.name in names or path.name.startswith(TEMPORARY_PREFIX) for path in folder.iterdir())
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
                raise table.make_cell_error(
                    row, next(one.possible_headings[0] for one in _LIST_COLUMNS if one.name == column), ""
                )
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


def list_input_files(source: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name, path) of each file that a check of a source may read, sorted.

    These are the files of the source, and those next to it with its name: parts of a shapefile, waivers, the table of
    renumbered keys, the record of a yearly change; also the register of windows of its folder. Logs of a linked
    database are next to the file that the link leads to. A missing source has no files.
    """
    if source.is_dir():
        yield from iterate_linked_files_below(source)
    if not source.parent.is_dir():
        return
    stem, register_of_folder = source.stem.casefold(), make_path_next_to_data(source.parent, WINDOW_REGISTER_SUFFIX)
    for path in sorted(source.parent.iterdir()):
        name = path.name.casefold()
        has_name = name.startswith(f"{stem}.") or (name.startswith(stem) and name.endswith(".json"))
        if (has_name or path == register_of_folder) and path.is_file():
            yield f"../{path.name}", path
    yield from ((f"log {log.name}", log) for log in list_logs(source) if source.is_symlink())


def _may_be_read(path: Path) -> bool:
    """Return False for a file that no check reads."""
    name = path.name.casefold()
    if name.endswith(LOG_SUFFIXES):
        # An empty one has no changes.
        return path.is_file() and path.stat().st_size > 0
    return not name.endswith(_UNREAD_SUFFIXES)


def measure_bytes(source: Path) -> int:
    """Return the size of the files of a source in bytes, 0 if it is missing or cannot be read."""
    try:
        files = (path for _, path in iterate_linked_files_below(source)) if source.is_dir() else iter([source])
        return sum(path.stat().st_size for path in files if path.is_file())
    except OSError:
        # The check of the county reports it.
        return 0


def compute_settings_digest(options: RunOptions, package_spec: str) -> str:
    """Return the digest of all that a check reads besides the data, hexadecimal: settings, profile, version.

    ``package_spec``: the specification of packages, empty for data that are not a package.
    """
    try:
        norm_digest = compute_norm_digest(options.resolve_norm()).hex()
    except SanxianError as error:
        # The check reports it.
        norm_digest = str(error)
    parts = [
        compute_program_digest(),
        # The manifest of a package names a profile of the program.
        *(compute_sha256(path) for path in sorted(PROFILES_FOLDER.glob("*.toml"))),
        norm_digest,
        repr(load_package_spec(package_spec)) if package_spec else "",
        repr(replace(options, profile="", baseline="", document_info=None)),
    ]
    return join_digests(parts)


def compute_data_digest(county: County, baseline: str, cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return the digest of the files of a county and of the sealed edition, hexadecimal.

    A file that cannot be read counts with the reason. Raise Cancelled.
    """
    digests = _digest_source(county.source, county.is_package, cancellation)
    return join_digests(
        ["source", *digests, "source", *(_digest_source(baseline, False, cancellation) if baseline else [])]
    )


def _digest_source(source: str, is_package: bool, cancellation: Cancellation) -> list[str]:
    """Return a text with name and digest for each file of a source; for a schema of a database, the digest of its rows.

    What cannot be read has the reason instead of its digest. An inspection of a package examines every file, a check
    only those that may have data.
    """
    if is_connection(source):
        from ..plan.io.postgis import compute_schema_digest

        try:
            return [compute_schema_digest(source, cancellation)]
        except SanxianError as error:
            return [str(error)]
    digests = []
    try:
        for name, path in list_input_files(find_dataset(source)):
            cancellation.raise_if_cancelled()
            if is_package or _may_be_read(path):
                try:
                    digest = "special" if is_special_file(path) else compute_sha256(path, cancellation)
                except OSError as error:
                    digest = f"errno {error.errno}"
                digests.append(f"{name} {digest}")
    except OSError as error:
        digests.append(f"errno {error.errno}")
    return digests


def join_digests(texts: Iterable[str]) -> str:
    """Return one digest of several, or of other texts."""
    return hashlib.sha256(json.dumps(list(texts), ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
