# SPDX-License-Identifier: GPL-2.0-or-later
"""The data sets of a package: preparation and validation, writing, and comparison with the plan.

The suffix of a data set's file decides which function writes it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyproj import CRS

from ...base.errors import Cancellation
from ...checks.check import CheckResult
from ...geometry import crs as crs_care
from ...standard import load_standard
from ..export_order import ExportContext, ExportOrder
from ..metadata import DEGREES_UNIT, METRES_UNIT, find_data_year
from ..names import fill_name_pattern
from ..package_spec.spec import FORMAT_NAMES, VectorSet
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
        problems += validate_missing_layers(missing_layers, standards)
        prepared_set = PreparedSet(
            vectors,
            [c for c in contents if len(c)],
            crs_care.add_vertical_crs(vectors.crs, vectors.vertical),
            CRS.from_user_input(vectors.crs),
        )
        problems += [
            problem
            for content in contents
            for problem in validate_layer(content, vectors, plan.norm.standard.code_lists, cancellation)
        ]
        transformed: dict[str, list[str]] = defaultdict(list)
        for content in prepared_set.package_layers:
            if content.layer.crs != prepared_set.horizontal_crs:
                transformed[crs_care.make_crs_label(content.layer.crs)].append(content.name)
        for source, names in transformed.items():
            problems.append(
                ExportProblem(
                    ProblemLevel.NOTE,
                    "reprojected",
                    count=len(names),
                    features=tuple(names),
                    params={"source": source, "target": vectors.crs},
                )
            )
        name_counts = Counter(content.name.upper() for content in prepared_set.package_layers)
        problems += [
            ExportProblem(ProblemLevel.STOP, "layer_twice", layer=name)
            for name, count in sorted(name_counts.items())
            if count > 1
        ]
        sets.append(prepared_set)
    packaged_roles = {c.layer.role for one in sets for c in one.package_layers}
    other_layers = [
        *(layer.name for role, layer in plan.layers.items() if role not in packaged_roles),
        *(unusable_layer.name for unusable_layer in plan.unusable_layers.values()),
        *plan.unrecognised_layers,
    ]
    reported_layers = {p.layer for p in problems}
    omitted_layers = [name for name in dict.fromkeys(other_layers) if name not in reported_layers]
    if omitted_layers:
        problems.append(make_names_problem(ProblemLevel.NOTE, "layers_left_out", omitted_layers))
    return sets, problems


def write_vector_set(
    prepared_set: PreparedSet, context: ExportContext
) -> tuple[list[dict[str, Any]], list[ExportProblem]]:
    """Write a data set and read it again; return the manifest's rows of its layers and the problems.

    Raises
    ------
    OutputError
        If a layer cannot be written, or differs when it is read again.
    """
    vectors = prepared_set.vector_set
    if not prepared_set.package_layers:
        return [], []
    path = context.prepare_file_path(vectors.folder, fill_name_pattern(vectors.file, context.placeholders))
    context.row_progress.text = path.stem if vectors.suffix == ".shp" else path.name
    rows: list[dict[str, Any]] = []
    problems: list[ExportProblem] = []
    for content, file, read_back_result in _write_and_read_back(prepared_set, path, context):
        read_back_result.raise_if_different(file, content.name)
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
        rows.append(
            make_layer_row(
                content, vectors, context.get_path_in_package(file), read_back_result, prepared_set.horizontal_crs
            )
        )
    return rows, problems


def _write_and_read_back(
    prepared_set: PreparedSet, path: Path, context: ExportContext
) -> Iterator[tuple[PackageLayer, Path, ReadBackResult]]:
    """Write a data set; yield each layer with its file and the result of reading it again.

    Shapefiles are in a folder that is named like the data set's file without suffix.
    """
    layers, crs = prepared_set.package_layers, prepared_set.horizontal_crs
    options: dict[str, Any] = {"progress": context.row_progress, "cancellation": context.cancellation}
    suffix = prepared_set.vector_set.suffix
    if suffix == ".vct":
        vct_export = write_vct_set(path, layers, crs, **options)
        yield from (
            (content, path, result) for content, result in read_back_vct_set(path, layers, crs, vct_export, **options)
        )
        return
    if suffix == ".shp":
        path = path.with_suffix("")
        write_shapefiles(path, layers, crs, encoding=prepared_set.vector_set.encoding, **options)
    else:
        write_database(
            path,
            layers,
            prepared_set.crs,
            horizontal_crs=crs,
            code_lists=context.plan.norm.standard.code_lists,
            **options,
        )
    for content in layers:
        file = path / f"{content.name}.shp" if suffix == ".shp" else path
        yield content, file, read_back(file, content, crs, **options)


def make_layer_row(
    package_layer: PackageLayer,
    vector_set: VectorSet,
    file_path: str,
    read_back_result: ReadBackResult,
    horizontal_crs: CRS,
) -> dict[str, Any]:
    """Return the row of the manifest that describes one layer.

    It has file, content, areas by basis (m²), extent, both CRS and the result of reading the layer again.
    """
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
        "vertical": vector_set.vertical,
        "unit": DEGREES_UNIT if horizontal_crs.is_geographic else METRES_UNIT,
        "source_crs": crs_care.make_crs_label(package_layer.layer.crs),
        "areas_m2": {basis: round(area, 4) for basis, area in read_back_result.areas_m2.items()},
        "extent": list(read_back_result.extent) if read_back_result.extent else None,
        "data_year": find_data_year(package_layer.layer),
        "fields_mark": package_layer.template.fields_mark,
        "personal": "included" if package_layer.includes_personal_data else "left_out",
        "read_back": read_back_result.to_dict(),
    }
