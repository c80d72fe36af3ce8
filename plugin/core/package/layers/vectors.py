# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing of a data set of a package, and its comparison with the plan.

There is one writer for each suffix of the data set's file; a new format is an entry in `WRITER_OF_SUFFIX`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ...geometry import crs as crs_care
from ..export_context import ExportContext
from ..manifest import make_layer_row
from ..names import fill_name_pattern
from ..package_spec.model import FORMAT_NAMES
from ..problems import MAX_NAMED_FEATURES, ExportProblem, ProblemLevel
from .content import PackageLayer
from .database import write_database
from .prepare import PreparedSet
from .read_back import ReadBackResult, read_back
from .shapefile import write_shapefiles
from .vct import read_back_vct_set, write_vct_set


class WrittenLayer(NamedTuple):
    """A layer written to the file ``path``, and the result of reading it again."""

    package_layer: PackageLayer
    path: Path
    result_read_back: ReadBackResult


#: Writes a set at a path and reads every layer again.
SetWriter = Callable[[PreparedSet, Path, ExportContext], Iterable[WrittenLayer]]


class WrittenSet(NamedTuple):
    """A written data set: the manifest's rows of its layers, and the problems to report."""

    rows: list[dict[str, Any]]
    problems: list[ExportProblem]


def write_vector_set(prepared_set: PreparedSet, context: ExportContext) -> WrittenSet:
    """Write a data set and read it again; return the manifest's rows of its layers and the problems.

    Raises
    ------
    OutputError
        If a layer cannot be written, or differs when it is read again.
    """
    vectors = prepared_set.vector_set
    if not prepared_set.package_layers:
        return WrittenSet([], [])
    path = context.prepare_file_path(vectors.folder, fill_name_pattern(vectors.file, context.placeholders))
    context.row_progress.text = path.stem if vectors.suffix == ".shp" else path.name
    rows: list[dict[str, Any]] = []
    problems: list[ExportProblem] = []
    for content, file, read_back_result in WRITER_OF_SUFFIX[vectors.suffix](prepared_set, path, context):
        read_back_result.raise_if_different(content.name)
        problems += _report_shape_changes(content, read_back_result, prepared_set)
        path_in_package = context.get_path_in_package(file)
        rows.append(
            make_layer_row(
                content,
                vectors,
                context.package_spec,
                path_in_package,
                read_back_result,
                prepared_set.horizontal_crs,
                vectors.vertical,
            )
        )
    return WrittenSet(rows, problems)


def _report_shape_changes(
    package_layer: PackageLayer, read_back_result: ReadBackResult, prepared_set: PreparedSet
) -> Iterator[ExportProblem]:
    """Yield a note for each kind of change that writing made to the validity or structure of a layer's shapes."""
    params = {
        "format": FORMAT_NAMES[prepared_set.vector_set.suffix],
        "target": crs_care.make_crs_label(prepared_set.horizontal_crs),
    }
    for kind, keys in read_back_result.shape_changes.items():
        yield ExportProblem(
            ProblemLevel.NOTE,
            f"shape_now_{kind}",
            package_layer.layer.name,
            count=len(keys),
            features=tuple(keys[:MAX_NAMED_FEATURES]),
            params=params,
        )


def _write_database(prepared_set: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    """Write a FileGDB or GeoPackage; yield each layer with the result of reading it again."""
    lists = context.plan.norm.standard.code_lists
    options: dict[str, Any] = {"progress": context.row_progress, "cancellation": context.cancellation}
    write_database(
        path,
        prepared_set.package_layers,
        prepared_set.crs,
        horizontal_crs=prepared_set.horizontal_crs,
        code_lists=lists,
        **options,
    )
    for content in prepared_set.package_layers:
        yield WrittenLayer(content, path, read_back(path, content, prepared_set.horizontal_crs, **options))


def _write_shapefiles(prepared_set: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    """Write a folder of shapefiles; yield each layer with the result of reading it again.

    The folder is named like the data set's file without suffix.
    """
    folder = path.with_suffix("")
    options: dict[str, Any] = {"progress": context.row_progress, "cancellation": context.cancellation}
    write_shapefiles(
        folder,
        prepared_set.package_layers,
        prepared_set.horizontal_crs,
        encoding=prepared_set.vector_set.encoding,
        **options,
    )
    for content in prepared_set.package_layers:
        file = folder / f"{content.name}.shp"
        yield WrittenLayer(content, file, read_back(file, content, prepared_set.horizontal_crs, **options))


def _write_vct(prepared_set: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    """Write a VCT file; yield each layer with the result of reading it again."""
    options: dict[str, Any] = {"progress": context.row_progress, "cancellation": context.cancellation}
    vct_export = write_vct_set(path, prepared_set.package_layers, prepared_set.horizontal_crs, **options)
    for content, read_back_result in read_back_vct_set(
        path, prepared_set.package_layers, prepared_set.horizontal_crs, vct_export, **options
    ):
        yield WrittenLayer(content, path, read_back_result)


WRITER_OF_SUFFIX: dict[str, SetWriter] = {
    ".gdb": _write_database,
    ".gpkg": _write_database,
    ".shp": _write_shapefiles,
    ".vct": _write_vct,
}
