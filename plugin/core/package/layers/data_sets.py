# SPDX-License-Identifier: GPL-2.0-or-later
"""The data sets of a package: preparation and validation, writing, and comparison with the plan.

There is one writer for each suffix of a data set's file; a new format is an entry in `WRITER_OF_SUFFIX`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pyproj import CRS

from ...base.cancellation import Cancellation
from ...checks.check import CheckResult
from ...geometry import crs as crs_care
from ...plan.plan import Plan
from ...standard import Standard, load_standard
from ...standard.messages.texts import ConceptName
from ..export_order import ExportContext, ExportOrder
from ..metadata import DEGREES_UNIT, METRES_UNIT
from ..names import fill_name_pattern
from ..package_spec.spec import FORMAT_NAMES, PackageSpec, VectorSet
from ..problems import ExportProblem, ProblemLevel, make_names_problem
from .content import PackageLayer, make_package_layers
from .layer_validation import validate_layer, validate_missing_layers
from .layer_writers import write_database, write_shapefiles
from .read_back import ReadBackResult, read_back
from .vct import read_back_vct_set, write_vct_set


@dataclass(frozen=True)
class PreparedSet:
    """A data set of non-empty layers that is ready to be written.

    ``vector_set`` is its specification, ``crs`` the CRS that is stored, with heights if specified, and
    ``horizontal_crs`` the CRS without heights.
    """

    vector_set: VectorSet
    package_layers: list[PackageLayer]
    crs: CRS
    horizontal_crs: CRS


def prepare_data_sets(
    check_result: CheckResult, order: ExportOrder, cancellation: Cancellation
) -> tuple[list[PreparedSet], list[ExportProblem]]:
    """Return every data set of the specification, ready to be written, and the problems of its layers."""
    plan = check_result.plan
    # The plan's standard may lack concepts that only the specification's standard has.
    standards = (plan.norm.standard, load_standard(order.package_spec.standard))
    sets: list[PreparedSet] = []
    problems: list[ExportProblem] = []
    for vectors in order.package_spec.vectors:
        contents, missing_layers = make_package_layers(
            plan, vectors, includes_personal_data=order.keeps_personal_fields
        )
        problems += validate_missing_layers(missing_layers, lambda layer: _find_title_and_roles(layer, standards))
        prepared_set = PreparedSet(
            vectors,
            [c for c in contents if len(c)],
            crs_care.add_vertical_crs(vectors.crs, vectors.vertical),
            CRS.from_user_input(vectors.crs),
        )
        for content in contents:
            problems += validate_layer(content, vectors, plan.norm.standard.code_lists, cancellation)
        transformed: dict[str, list[str]] = {}
        for content in prepared_set.package_layers:
            if content.layer.crs != prepared_set.horizontal_crs:
                transformed.setdefault(crs_care.make_crs_label(content.layer.crs), []).append(content.name)
        for name, names in transformed.items():
            params = {"source": name, "target": vectors.crs}
            problems.append(
                ExportProblem(ProblemLevel.NOTE, "reprojected", count=len(names), features=tuple(names), params=params)
            )
        layer_names = [c.name.upper() for c in prepared_set.package_layers]
        repeated_names = sorted({n for n in layer_names if layer_names.count(n) > 1})
        problems += [ExportProblem(ProblemLevel.STOP, "layer_twice", layer=name) for name in repeated_names]
        sets.append(prepared_set)
    return sets, [*problems, *_report_omitted_layers(plan, sets, problems)]


def _report_omitted_layers(
    plan: Plan, prepared_sets: list[PreparedSet], reported_problems: list[ExportProblem]
) -> Iterator[ExportProblem]:
    """Yield a note on layers of the plan that are in no data set.

    Layers that ``reported_problems`` name are left out of the note.
    """
    reported_layers = {p.layer for p in reported_problems}
    packaged_roles = {c.layer.role for one in prepared_sets for c in one.package_layers}
    other_layers = [
        *(layer.name for role, layer in plan.layers.items() if role not in packaged_roles),
        *(unusable_layer.name for unusable_layer in plan.unusable_layers.values()),
        *plan.unrecognised_layers,
    ]
    omitted_layers = [name for name in dict.fromkeys(other_layers) if name not in reported_layers]
    if omitted_layers:
        yield make_names_problem(ProblemLevel.NOTE, "layers_left_out", omitted_layers)


def _find_title_and_roles(layer: str, standards: Iterable[Standard]) -> tuple[str | ConceptName, str]:
    """Return the title of a layer code or concept, and the codes of the layers that are suitable for it.

    A concept (such as ``farmland``) is a name for several layer codes.
    """
    for standard in standards:
        if layer in standard.templates:
            return standard.templates[layer].name, layer
        if layer in standard.concepts:
            return ConceptName(layer), " / ".join(standard.concepts[layer])
    return ConceptName(layer), layer


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
        # Writing may change the validity or structure of shapes.
        problems += [
            make_names_problem(
                ProblemLevel.NOTE,
                f"shape_now_{kind}",
                keys,
                content.layer.name,
                format=FORMAT_NAMES[vectors.suffix],
                target=crs_care.make_crs_label(prepared_set.horizontal_crs),
            )
            for kind, keys in read_back_result.shape_changes.items()
        ]
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


def make_layer_row(
    package_layer: PackageLayer,
    vector_set: VectorSet,
    package_spec: PackageSpec,
    file_path: str,
    read_back_result: ReadBackResult,
    horizontal_crs: Any,
    vertical_crs: str,
) -> dict[str, Any]:
    """Return the row of the manifest that describes one layer.

    It has file, content, areas by basis (m²), extent, both CRS and the result of reading the layer again.
    """
    years = (
        sorted(set(package_layer.layer.text("data_year")) - {""}) if package_layer.layer.has_field("data_year") else []
    )
    return {
        "file": file_path,
        "format": FORMAT_NAMES[vector_set.suffix],
        "layer": package_layer.name,
        "role": package_layer.layer.role,
        "title": package_layer.template.name,
        "geometry": package_layer.template.geometry,
        "features": read_back_result.feature_count,
        "fields": read_back_result.field_count,
        "encoding": vector_set.encoding if vector_set.suffix in (".shp", ".vct") else "UTF-8",
        "crs": crs_care.make_crs_label(horizontal_crs),
        "vertical": vertical_crs,
        "unit": DEGREES_UNIT if horizontal_crs.is_geographic else METRES_UNIT,
        "source_crs": crs_care.make_crs_label(package_layer.layer.crs),
        "areas_m2": {basis: round(area, 4) for basis, area in read_back_result.areas_m2.items()},
        "extent": list(read_back_result.extent) if read_back_result.extent else None,
        "data_year": years[0] if len(years) == 1 else "",
        "fields_mark": package_layer.template.fields_mark,
        "personal": "included" if package_layer.includes_personal_data else "left_out",
        "read_back": read_back_result.to_dict(),
    }
