# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a gathered package: a data set that grows by one county's layer at a time, documents, maps, metadata, manifest.

GDAL makes the spatial index of a FileGDB's layer again whenever rows were added, and reads all rows for that: the time
would grow with the square of the number of counties. It makes what the layer's .gdbindexes file lists (GDAL's source,
`FileGDBTable::RefreshIndices`), so these files are set aside while the layers grow, and the indexes made once. Verdict
and counts of the manifest are those of the check of the whole data, else those of the counties' inspections.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS

from ...base.errors import Cancellation
from ...base.files.digests import write_manifest_digest
from ...checks.check import CheckResult
from ...engine.waivers.waiver import NO_WAIVERS
from ...exchange.create import add_layers_in_place, create_database, make_write_error
from ...exchange.gdal_setup import load_gdal, raise_if_refused
from ...exchange.schema import find_database_format
from ...geometry.crs import add_vertical_crs, make_crs_label
from ...model.report import Report
from ...model.side_inputs import NO_SIDE_INPUTS
from ...package.export import (
    choose_documents_to_make,
    copy_documents,
    make_documents,
    write_metadata,
    write_report,
)
from ...package.export_order import DocumentPrinter, ExportContext, ExportOrder, PlannedMaps, RowProgress
from ...package.layers.content import PackageLayer
from ...package.layers.data_sets import make_layer_row
from ...package.layers.layer_writers import write_layer_rows
from ...package.layers.read_back import ReadBackResult, read_back
from ...package.manifest import make_manifest_head, make_slot_rows, write_manifest
from ...package.map_slots import make_maps_and_list_in_manifest
from ...package.names import fill_name_pattern
from ...package.package_spec.spec import PackageSpec, VectorSet
from ...package.problems import (
    MAX_NAMED_FEATURES,
    ExportProblem,
    ProblemLevel,
    drop_duplicate_notes,
)
from ...package.slot_files import FilledSlot
from ...package.tables.write_tables import write_workbooks
from ...plan.loading.assembly import assemble_plan
from ...plan.plan import Plan
from ...render.finding_lists import ReportPictures
from ...standard.messages.texts import Texts
from ...standard.profile import Norm
from ...standard.profile.document import ResolvedDocument
from ...standard.template import CodeList
from ..county_record import VERDICT_ORDER
from .gathered_counties import GatheredCounty, GatherResult, describe_reasons

#: A GeoPackage extends its indexes by the new rows; a FileGDB makes them from all rows.
_SUFFIX_WITH_LATE_INDEXES = ".gdb"
_DRIVER = "OpenFileGDB"
_LIST_SUFFIX, _INDEX_SUFFIX = ".gdbindexes", ".spx"
#: Suffix of a list of indexes while its layer grows; programs that read the database ignore such a file.
_SET_ASIDE_SUFFIX = ".indexes-later"
#: Counts of an inspection that are added up.
_SUMMED = ("errors", "warnings", "waived", "skipped", "crashed")


#: Draws the pictures of a plan's report; None where nothing can be drawn.
PictureDrawer = Callable[[Plan, Report], ReportPictures | None]


def draw_no_pictures(plan: Plan, report: Report) -> ReportPictures | None:
    """Return None: only QGIS draws pictures."""
    return None


@dataclass
class ShapeChange:
    """Features that changed in one way when written: their number and the first keys, not all keys of a province."""

    count: int = 0
    keys: tuple[str, ...] = ()


@dataclass
class _GrowingLayer:
    """A layer of the data set: the results of reading each county's rows again, as one result.

    ``empty``: the layer without rows, for the manifest; ``years``: years of the data; ``crs``: labels of the CRS of the
    sources; ``shape_changes``: kind of change → features that changed validity or structure when written.
    """

    empty: PackageLayer
    result: ReadBackResult
    years: set[str] = field(default_factory=set)
    crs: set[str] = field(default_factory=set)
    shape_changes: dict[str, ShapeChange] = field(default_factory=dict)

    def add(self, content: PackageLayer, result: ReadBackResult) -> None:
        """Add the rows of a county."""
        whole = self.result
        whole.feature_count += result.feature_count
        whole.max_vertex_shift_m = max(whole.max_vertex_shift_m, result.max_vertex_shift_m)
        whole.max_area_difference_m2 = max(whole.max_area_difference_m2, result.max_area_difference_m2)
        for basis, area in result.areas_m2.items():
            whole.areas_m2[basis] = whole.areas_m2.get(basis, 0.0) + area
        for kind, names in result.shape_changes.items():
            change = self.shape_changes.setdefault(kind, ShapeChange())
            change.count += len(names)
            change.keys = (*change.keys, *names)[:MAX_NAMED_FEATURES]
        if result.extent is not None:
            boxes = [box for box in (whole.extent, result.extent) if box is not None]
            low = [min(box[axis] for box in boxes) for axis in (0, 1)]
            high = [max(box[axis] for box in boxes) for axis in (2, 3)]
            whole.extent = (low[0], low[1], high[0], high[1])
        if content.layer.has_field("data_year"):
            self.years |= set(content.layer.text("data_year")) - {""}


class GrowingDataSet:
    """A FileGDB or GeoPackage in the new package's folder, to which layers of counties are appended.

    ``path``: its path; ``vector_set``: its specification. After an error the database is incomplete; the caller deletes
    its folder.
    """

    def __init__(self, path: Path, vector_set: VectorSet, code_lists: Mapping[str, CodeList]):
        self.path, self.vector_set, self._code_lists = path, vector_set, code_lists
        self.horizontal_crs: CRS = add_vertical_crs(vector_set.crs, "")
        self._crs: CRS = add_vertical_crs(vector_set.crs, vector_set.vertical)
        self._layers: dict[str, _GrowingLayer] = {}

    @property
    def shape_changes(self) -> dict[str, dict[str, ShapeChange]]:
        """Return layer → kind of change → features that changed validity or structure when written."""
        return {name: one.shape_changes for name, one in self._layers.items() if one.shape_changes}

    def add(self, content: PackageLayer, source_crs: frozenset[str], cancellation: Cancellation) -> ReadBackResult:
        """Append the rows of a county's layer, read them again and compare them; return the result.

        Raises
        ------
        OutputError
            If the layer cannot be written, or differs when it is read again.
        """
        name = content.name
        if name not in self._layers:
            # The database is created with its first layer.
            create = add_layers_in_place if self.path.exists() else create_database
            create(self.path, [content.template], self._crs, code_lists=self._code_lists)
            if self.vector_set.suffix == _SUFFIX_WITH_LATE_INDEXES:
                try:
                    for index_list in list(self.path.glob(f"*{_LIST_SUFFIX}")):
                        index_list.with_suffix(_INDEX_SUFFIX).unlink(missing_ok=True)
                        index_list.rename(index_list.with_suffix(_SET_ASIDE_SUFFIX))
                except OSError as error:
                    raise make_write_error(self.path, self.path.parent) from error
        is_new = name not in self._layers
        driver = find_database_format(self.path).gdal_driver
        try:
            with load_gdal() as gdal:
                database = raise_if_refused(gdal.OpenEx(str(self.path), gdal.OF_UPDATE | gdal.OF_VECTOR, [driver]))
                write_layer_rows(
                    database, content, self.horizontal_crs, driver == "GPKG", lambda rows: None, cancellation
                )
                # Closing writes the database.
                del database
        except RuntimeError as error:
            # The frames of the traceback would keep the database open.
            traceback.clear_frames(error.__traceback__)
            raise make_write_error(self.path, self.path.parent) from error
        result = read_back(
            self.path,
            content,
            self.horizontal_crs,
            first_row=0 if is_new else self._layers[name].result.feature_count,
            cancellation=cancellation,
        )
        result.raise_if_different(self.path, name)
        if is_new:
            self._layers[name] = _GrowingLayer(
                replace(content, layer=content.layer.detach_rows(np.array([], dtype=int))),
                ReadBackResult(
                    result.library_version,
                    field_count=result.field_count,
                    has_declared_widths=result.has_declared_widths,
                ),
            )
        growing = self._layers[name]
        growing.add(content, result)
        growing.crs |= source_crs - {""} or {make_crs_label(content.layer.crs)}
        return result

    def finish(self, cancellation: Cancellation) -> None:
        """Make the spatial indexes that were set aside, after the last rows. Raise Cancelled and OutputError."""
        if self.vector_set.suffix != _SUFFIX_WITH_LATE_INDEXES or not self.path.exists():
            return
        try:
            for set_aside in list(self.path.glob(f"*{_SET_ASIDE_SUFFIX}")):
                set_aside.rename(set_aside.with_suffix(_LIST_SUFFIX))
            for name in self._layers:
                cancellation.raise_if_cancelled()
                with load_gdal() as gdal:
                    database = raise_if_refused(gdal.OpenEx(str(self.path), gdal.OF_UPDATE | gdal.OF_VECTOR, [_DRIVER]))
                    layer = raise_if_refused(database.GetLayerByName(name))
                    # GDAL makes the indexes of a layer with a change: a row that is written again with equal values.
                    raise_if_refused(layer.SetFeature(raise_if_refused(layer.GetNextFeature())))
                    raise_if_refused(layer.SyncToDisk())
                    # Closing writes the database.
                    del layer, database
        except (RuntimeError, OSError) as error:
            # The frames of the traceback would keep the database open.
            traceback.clear_frames(error.__traceback__)
            raise make_write_error(self.path, self.path.parent) from error

    def make_rows(self, package_spec: PackageSpec, path_in_package: str) -> list[dict[str, Any]]:
        """Return the manifest's rows of the layers, as `make_layer_row` gives them."""
        rows = []
        # Layers of the specification that are not optional come first; sorting keeps the order of the others.
        for growing in sorted(self._layers.values(), key=lambda one: one.empty.need == "O"):
            row = make_layer_row(growing.empty, self.vector_set, path_in_package, growing.result, self.horizontal_crs)
            row["source_crs"] = " ".join(sorted(growing.crs))
            row["read_back"]["shape_changes"] = [
                {"kind": kind, "count": one.count, "features": list(one.keys)}
                for kind, one in growing.shape_changes.items()
            ]
            row["data_year"] = next(iter(growing.years)) if len(growing.years) == 1 else ""
            rows.append(row)
        return rows


def write_package_parts(
    norm: Norm,
    order: ExportOrder,
    new_folder: Path,
    placeholders: dict[str, str],
    document: ResolvedDocument,
    filled_slots: list[FilledSlot],
    data_sets: Sequence[GrowingDataSet],
    result: GatherResult,
    problems: list[ExportProblem],
    whole: CheckResult | None,
    print_pdf: DocumentPrinter | None,
    draw_pictures: PictureDrawer,
    cancellation: Cancellation,
) -> tuple[str, list[ExportProblem]]:
    """Write all parts that follow the layers; return the digest of the manifest and the problems.

    ``whole``: check of the gathered data, for report, documents and tables; None: the package has none of them.

    Raises
    ------
    OutputError
        If a part cannot be written, or the metadata read again differ.
    """
    spec = order.package_spec
    check = whole or CheckResult(
        assemble_plan([], norm, source=spec.name, allow_no_layers=True),
        Report(lang=result.lang),
        NO_SIDE_INPUTS,
        NO_WAIVERS,
    )
    is_forced = any(problem.level == ProblemLevel.GATE for problem in problems)
    # The folder still has a temporary name.
    manifest = make_gathered_head(
        check, spec, placeholders, fill_name_pattern(spec.root, placeholders), document, result.counties, is_forced
    )
    documents = choose_documents_to_make(filled_slots, print_pdf)[0] if whole is not None else ()
    context = ExportContext(
        check,
        spec,
        new_folder,
        placeholders,
        manifest,
        filled_slots,
        PlannedMaps(allows_missing_maps=order.is_forced),
        documents,
        print_pdf,
        lambda report: draw_pictures(check.plan, report),
        document,
        RowProgress(0, lambda share, text: None),
        cancellation,
    )
    manifest["layers"] = [
        row
        for one in data_sets
        if one.path.exists()
        for row in one.make_rows(spec, context.get_path_in_package(one.path))
    ]
    manifest["slots"] = make_slot_rows(filled_slots, spec)
    copy_documents(context)
    problems = [*problems, *make_maps_and_list_in_manifest(context)]
    if whole is not None:
        write_report(context)
        make_documents(context)
        problems += write_workbooks(context)
    write_metadata(context)
    problems = drop_duplicate_notes(problems, manifest["slots"])
    write_manifest(new_folder, manifest, problems, result.lang, cancellation)
    return write_manifest_digest(new_folder), problems


def make_gathered_head(
    check: CheckResult,
    package_spec: PackageSpec,
    placeholder_values: dict[str, str],
    folder_name: str,
    document: ResolvedDocument,
    counties: Iterable[GatheredCounty],
    is_forced: bool,
) -> dict[str, Any]:
    """Return the items of the manifest that describe the whole package.

    ``check``: of the gathered data, or a result without layers and rules under the parent's norm: then verdict and
    counts are those of the counties.
    """
    counties = list(counties)
    head = make_manifest_head(check, package_spec, placeholder_values, folder_name, document, is_forced)
    gathered = [one for one in counties if one.is_gathered]
    verdicts, scopes = {one.summary["verdict"] for one in gathered}, {one.scope for one in gathered}
    names = ("left_out", "unconfirmed")
    if not check.report.rules:
        head["check"] |= {
            "verdict": str(next(verdict for verdict in VERDICT_ORDER if str(verdict) in verdicts)),
            **{key: sum(one.summary[key] for one in gathered) for key in _SUMMED},
            **{key: sorted({name for one in gathered for name in one.summary[key]}) for key in names},
            "scope": scopes.pop() if len(scopes) == 1 else "",
            "findings": sum(one.summary[key] for one in gathered for key in ("errors", "warnings", "infos", "waived")),
        }
    texts = Texts(check.report.lang)
    head["gathered"] = {
        "checked": bool(check.report.rules),
        "counties": [
            {
                "code": one.area_code,
                "name": one.area_name,
                "verdict": one.summary["verdict"],
                "errors": one.summary["errors"],
                "warnings": one.summary["warnings"],
                "standard": one.standard,
                "version": one.version,
                "digest": one.digest,
            }
            for one in gathered
        ],
        "left_out": [
            {"name": one.name, "reason": describe_reasons(one, texts)} for one in counties if not one.is_gathered
        ],
    }
    return head
