# SPDX-License-Identifier: GPL-2.0-or-later
"""Merge edited packages into a copy of the county. Command line and toolbox use this module."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ...base.files.writing import check_writable, is_same_file, write_atomically
from ...checks.tabulate import check_workbook_can_be_written
from ...exchange.create import make_write_error
from ...exchange.edited_copy import check_copy_is_writable, write_edited_copy
from ...exchange.gdal_setup import load_gdal, raise_if_refused
from ...plan.io import read_source
from ...plan.io.source import find_source_folder, list_source_datasets
from ...plan.layer import SourceLayer
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...standard.messages.texts import Texts
from ...standard.options import RunOptions
from .apply import apply_edits, find_dataset_of_layer
from .decide import ContradictionKind, Outcome, Prefer, assign_new_keys, decide
from .log import MergeLog, RowContents, log_changes, log_contradictions
from .merge_tables import write_contradiction_layers, write_merge_workbook
from .stored_rows import (
    ROWS_PER_CANCEL_CHECK,
    Cells,
    StoredRow,
    list_fields,
    open_dataset,
    read_cells,
    read_rows,
)
from .township_rows import find_new_seams
from .work_package import (
    MANIFEST_NAME,
    EditedPackage,
    LayerRecord,
    PackageChanges,
    RecordKey,
    list_package_folders,
    open_packages,
    read_package_changes,
)

#: Shares of the progress at the end of reading the county, reading the packages, writing the copy.
_COUNTY_SHARE, _PACKAGES_SHARE, _WRITTEN_SHARE = 0.2, 0.5, 0.7


@dataclass(frozen=True)
class MergeOptions:
    """What a merge does.

    ``packages``: folders of packages, or their GeoPackages; ``output``: path of the copy; ``table``: workbook (xlsx) of
    changes and contradictions, empty for none; ``with_new_keys``: give new rows keys that no row has; ``persons``: code
    or name of a township → person; ``with_seams``: search the township borders.
    """

    source: str
    packages: tuple[str, ...]
    output: str
    table: str = ""
    prefer: Prefer = Prefer.ASK
    with_new_keys: bool = False
    persons: Mapping[str, str] = field(default_factory=dict)
    with_seams: bool = True
    check: RunOptions = field(default_factory=RunOptions)

    @property
    def layers_path(self) -> str:
        """Return the path of the layers of contradictions; empty without a table."""
        table = Path(self.table)
        return str(table.with_name(f"{table.stem}_contradictions.gpkg")) if self.table else ""


@dataclass(frozen=True)
class MergeResult:
    """The result of a merge, and the paths of the written files."""

    log: MergeLog
    written: tuple[str, ...]


@dataclass(frozen=True)
class _County:
    """The county as it is now: plan, rows of the handed-out layers, and encodings of shapefiles."""

    plan: Plan
    datasets: tuple[Path, ...]
    rows: dict[RecordKey, list[StoredRow]]
    encodings: dict[RecordKey, str]


def check_merge_options(options: MergeOptions) -> None:
    """Raise InputError or OutputError if a merge cannot write its files; called before a long run."""
    if not options.packages:
        raise InputError("townships_no_packages")
    if not options.output:
        raise InputError("townships_no_output")
    check_copy_is_writable(options.source, options.output)
    inputs = [options.source, *options.packages]
    for folder in list_package_folders(options.packages):
        for path in filter(None, (options.output, options.table)):
            if folder.resolve() in Path(path).resolve().parents:
                raise OutputError("output_is_input", target=path)
    if options.table:
        check_workbook_can_be_written(options.table)
        for path in (options.table, options.layers_path):
            if is_same_file(path, options.output):
                raise OutputError("output_twice", target=path)
            check_writable(path, inputs)


def merge_townships(
    options: MergeOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> MergeResult:
    """Merge packages into a copy of the county, and write what was changed and what contradicts.

    Neither the county nor a package is changed.

    Raises
    ------
    InputError, DataError, OutputError
        The run cannot be carried out, or a file cannot be written; an existing file stays.
    Cancelled
        The user cancelled; nothing is written.
    """
    check_merge_options(options)
    sources = read_source(options.source, cancellation=cancellation)
    for one in sources:
        one.require_usable()
    plan = read_plan(
        sources, options.check.resolve_norm(), options.check, source=options.source, cancellation=cancellation
    )
    written: list[str] = []
    logs: list[MergeLog] = []
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as temporary, load_gdal() as gdal:
        packages = open_packages(options.packages, options.persons, Path(temporary))
        try:
            county = _read_county(gdal, options.source, sources, plan, packages, cancellation)
            progress(_COUNTY_SHARE, "")
            changes = []
            for number, package in enumerate(packages):
                share = _COUNTY_SHARE + (_PACKAGES_SHARE - _COUNTY_SHARE) * number / len(packages)
                progress(share, package.manifest.label)
                changes.append(_read_changes(gdal, package, county, cancellation))
            decisions = decide(changes, county.rows, options.prefer, with_new_keys=options.with_new_keys)
            if options.with_new_keys:
                assign_new_keys(
                    decisions,
                    county.rows,
                    [row.key for one in changes for layer in one.package.manifest.layers for row in layer.rows],
                    options.source,
                    county.plan.area_code,
                    county.plan.area_code[: int(county.plan.norm.get("attributes.area_digits"))],
                )
            contents = RowContents(gdal, county.datasets, county.encodings)
            log = MergeLog(
                tuple(one.package for one in changes),
                log_changes(decisions.edits, contents),
                log_contradictions(decisions.contradictions, contents),
                tuple(note for one in changes for note in one.notes),
                decisions.county_changed_count,
                options.prefer,
            )
            contents.close()
            progress(_PACKAGES_SHARE, "")
        except BaseException as error:
            # The frames of the traceback would keep the packages open.
            traceback.clear_frames(error.__traceback__)
            if not isinstance(error, RuntimeError | sqlite3.Error):
                raise
            raise make_write_error(
                Path(options.output), temporary, ", ".join((options.source, *options.packages))
            ) from error

        def edit(copies: dict[str, Path]) -> None:
            copy_by_dataset = {Path(path): copy for path, copy in copies.items()}
            apply_edits(decisions.edits, copy_by_dataset, county.encodings, cancellation)
            progress(_WRITTEN_SHARE, "")
            logs.append(_add_seams(options, log, county.plan, copy_by_dataset, cancellation))
            cancellation.raise_if_cancelled()
            written.extend(_write_tables(gdal, options, logs[-1], county))

        written.insert(0, str(write_edited_copy(options.source, options.output, edit)))
    progress(1.0, "")
    return MergeResult(logs[-1], tuple(written))


def _read_county(
    gdal: Any,
    source: str,
    sources: Sequence[SourceLayer],
    plan: Plan,
    packages: Sequence[EditedPackage],
    cancellation: Cancellation,
) -> _County:
    """Read the rows of all handed-out layers of the county as it is now.

    Raise InputError for a package that was divided from another county, and for a layer or a field that it lost.
    """
    datasets = tuple(Path(os.path.abspath(path)) for path in list_source_datasets(Path(source)))
    encoding_by_layer = {(os.path.abspath(one.source), one.name): one.encoding for one in sources}
    records: dict[RecordKey, tuple[LayerRecord, dict[str, str]]] = {}
    for package in packages:
        split = package.manifest.split
        if split.county_code != plan.area_code:
            raise InputError(
                "townships_other_county",
                package=str(package.folder),
                county=f"{split.county_name} {split.county_code}".strip(),
                source=source,
                area_code=plan.area_code,
            )
        for record in package.manifest.layers:
            _, manifest_of_field = records.setdefault(record.key, (record, {}))
            for name in record.fields:
                manifest_of_field.setdefault(name, str(package.folder / MANIFEST_NAME))
    county = _County(plan, datasets, {}, {})
    for key, (record, manifest_of_field) in records.items():
        path = find_dataset_of_layer(record.file, datasets)
        county.encodings[key] = encoding_by_layer.get((str(path), record.name), "")
        dataset = open_dataset(gdal, path, county.encodings[key])
        layer = dataset.GetLayerByName(record.name)
        if layer is None:
            raise InputError("townships_layer_gone", layer=record.name)
        lost = [name for name in manifest_of_field if name not in list_fields(layer)]
        if lost:
            raise InputError("townships_field_gone", layer=record.name, field=lost[0], file=manifest_of_field[lost[0]])
        county.rows[key] = read_rows(layer, record.fields, cancellation)
        del layer, dataset
    return county


def _read_changes(gdal: Any, package: EditedPackage, county: _County, cancellation: Cancellation) -> PackageChanges:
    """Return what a package changed; fields that it lost have the county's values."""

    def find_county_cells(key: RecordKey, names: Sequence[str]) -> Callable[[int, str], Cells]:
        dataset = open_dataset(gdal, find_dataset_of_layer(key[0], county.datasets), county.encodings[key])
        layer = raise_if_refused(dataset.GetLayerByName(key[1]))
        all_fields = list_fields(layer)
        fields = {name: all_fields[name] for name in names}
        cells = {one.GetFID(): read_cells(one, fields) for one in cancellation.watch(layer, ROWS_PER_CANCEL_CHECK)}
        counts = Counter(row.key for row in county.rows[key])
        fid_by_key = {row.key: row.fid for row in county.rows[key] if row.key and counts[row.key] == 1}
        # A row is found by its key, else by its feature id.
        return lambda fid, key: cells.get(fid_by_key.get(key, fid), cells.get(fid, {}))

    return read_package_changes(gdal, package, find_county_cells, cancellation)


def _add_seams(
    options: MergeOptions,
    log: MergeLog,
    before: Plan,
    copy_by_dataset: Mapping[Path, Path],
    cancellation: Cancellation,
) -> MergeLog:
    """Return the log with the seams of the merged copy."""
    if not options.with_seams:
        return log
    (first, *_) = copy_by_dataset.values()
    after = read_plan(
        str(first.parent if find_source_folder(options.source) is not None else first),
        before.norm,
        options.check,
        cancellation=cancellation,
    )
    editors = {
        (edit.layer.name, edit.new_key or edit.key): edit.package.manifest.code
        for edit in (change.edit for change in log.changes)
        if edit.outcome is Outcome.APPLIED
    }
    seams, former_count = find_new_seams(before, after, editors, cancellation)
    return replace(
        log, seams=tuple(seams), former_seam_count=former_count, has_seams=True, gaps=after.list_gaps(*after.layers)
    )


def _write_tables(gdal: Any, options: MergeOptions, log: MergeLog, county: _County) -> list[str]:
    """Write the workbook, and the layers of contradictions if there are any; return their paths."""
    if not options.table:
        return []
    texts = Texts(options.check.lang)
    written = [options.table]
    with write_atomically(options.table) as path:
        write_merge_workbook(log, path, texts)
    if log.seams or any(one.contradiction.kind is not ContradictionKind.TWO_PACKAGES for one in log.contradictions):
        contents = RowContents(gdal, county.datasets, county.encodings)
        with write_atomically(options.layers_path) as path:
            write_contradiction_layers(gdal, log, contents, path, texts)
        contents.close()
        written.append(options.layers_path)
    else:
        # Layers of a former merge would contradict the workbook.
        Path(options.layers_path).unlink(missing_ok=True)
    return written
