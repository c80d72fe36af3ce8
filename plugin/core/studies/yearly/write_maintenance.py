# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the geodatabase and balance of a year's maintenance, then read them again and compare.

The geodatabase has the name under which it is submitted. The library that reads it is not the one that wrote it.

Attributes of the three classes come from the earlier or the later edition. Numbers of maintenance (维护编号) are
assigned. Causes of changes are left empty, because a person has to fill them in.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, require_value
from ...base.files.cells import format_cell
from ...base.files.names import find_name_problem
from ...base.files.writing import check_not_input, explain_os_error, is_write_error
from ...engine.provenance import find_county_name
from ...geometry import crs as crs_care
from ...geometry.overlay import ProgressCallback
from ...package.export_order import RowProgress
from ...package.folder import lock_for_writing
from ...package.gate import make_export_folder
from ...package.layers.content import PackageLayer
from ...package.layers.layer_validation import validate_layer
from ...package.layers.layer_writers import write_database
from ...package.layers.read_back import ReadBackResult, read_back
from ...package.names import fill_placeholders
from ...package.package_spec.spec import VectorSet
from ...package.problems import ExportProblem, GateRefusal, ProblemLevel
from ...plan.layer import Layer, SourceLayer
from ...plan.plan import Plan
from ...render.tables.report_table import write_tables_workbook
from ...render.versions.edition_comparison import MOVED_IN_KIND
from ...standard.maintenance import AFTER_STAGE, BEFORE_STAGE, CHANGE_STAGE
from ...standard.messages.texts import Texts
from ...standard.numbering import find_highest_running_number, make_bsm
from ...standard.template import Template
from .balance import convert_balance_to_dict, make_balance_tables
from .maintenance import KIND_CODES, MaintainedLayer, YearlyUpdate

#: Areas that are reduced to a part's share of its row, not measured: they come from a survey.
_AREA_FIELDS = ("gross_area", "net_area")
_AREA_DECIMALS = 2
#: Suffix of the folder in which files are made before they are moved; other programs do not use it.
STAGING_SUFFIX = ".sanxian-new"
#: Marks the folder as complete.
_COMPLETE_MARK = ".whole"


def make_class_layers(update: YearlyUpdate, target_crs: CRS) -> list[PackageLayer]:
    """Return the three classes of every changed layer as layers to write.

    ``target_crs``: the CRS to write. 维护编号 are consecutive through all layers, so that each names one change. Keys
    (BSM) of changes and of 维护后 continue from the highest key of both editions, also through all layers. Parcels of
    维护前 have their present keys. Each key is then unique in the database.

    Raises
    ------
    InputError
        If the county's code is invalid.
    """
    class_layers = []
    county = update.current_plan.area_code
    layers = [layer for plan in (update.filed_plan, update.current_plan) for layer in plan.layers.values()]
    in_editions = [find_highest_running_number(layer.keys, county) for layer in layers]
    number, bsm = 1, max([update.highest_running_number, *in_editions]) + 1
    for one in update.changed_layers:
        # The parcels before the change have the vertices that all classes share.
        template = _get_class_template(update, one, BEFORE_STAGE)
        layer = require_value(one.filed_layer, f"the filed layer {one.role}")
        change_template = _get_class_template(update, one, CHANGE_STAGE)
        changes, comparison = one.changes, one.comparison
        rows: dict[str, list[Any]] = {f.name: [None] * len(changes) for f in change_template.fields} | {
            "BSM": [make_bsm(county, bsm + n) for n in range(len(changes))],
            "YSDM": [change_template.feature_code or None] * len(changes),
            "WHLX": [KIND_CODES[change.kind] for change in changes],
            "WHBH": [f"{update.update_date:%Y%m%d}{number + n:06d}" for n in range(len(changes))],
        }
        for name, of_county in (("XZQDM", county), ("XZQMC", find_county_name(update.current_plan))):
            old = comparison.earlier_edition.layer.get_texts_by_name(name)
            new = comparison.later_edition.layer.get_texts_by_name(name)
            rows[name] = [
                (new[change.after_row] if change.kind == MOVED_IN_KIND else old[change.before_row]) or of_county or None
                for change in changes
            ]
        class_layers += [
            PackageLayer(layer, template, {f.name: layer.find_column_name(f) for f in template.fields}, "O", False),
            _make_package_layer(update, change_template, rows, [change.shape for change in changes], target_crs),
        ]
        number, bsm = number + len(one.changes), bsm + len(one.changes)
        class_layers.append(_make_layer_after_change(update, one, target_crs, bsm))
        bsm += len(one.parcels_after_change)
    return class_layers


def _get_class_template(update: YearlyUpdate, maintained_layer: MaintainedLayer, stage: str) -> Template:
    """Return the template of one class of a layer; ``stage``: before, change or after."""
    rules = require_value(update.current_plan.norm.standard.maintenance, "the norm of maintenance")
    return update.current_plan.norm.standard.templates[rules.class_by_stage[stage].prefix + maintained_layer.role]


def _make_layer_after_change(
    update: YearlyUpdate, maintained_layer: MaintainedLayer, target_crs: CRS, first_key: int
) -> PackageLayer:
    """Return the parcels after the change as a layer to write, with the fields of the later edition and new keys.

    Keys begin with ``first_key``. If a parcel is a part of a row, its area fields are reduced to its share.
    """
    template, layer = (
        _get_class_template(update, maintained_layer, AFTER_STAGE),
        maintained_layer.comparison.later_edition.layer,
    )
    current_rows = layer.frame.iloc[[piece.current_row for piece in maintained_layer.parcels_after_change]]
    rows = {}
    for template_field in template.fields:
        column = layer.find_column_name(template_field)
        rows[template_field.name] = current_rows[column].tolist() if column is not None else [None] * len(current_rows)
        if template_field.meaning == "area":
            rows[template_field.name] = [
                old
                if piece.share_of_row >= 1 and format_cell(old).strip()
                else round(piece.area_m2, template_field.decimals or _AREA_DECIMALS)
                for old, piece in zip(rows[template_field.name], maintained_layer.parcels_after_change, strict=True)
            ]
        elif template_field.meaning in _AREA_FIELDS and column is not None:
            row_areas = layer.numbers(template_field.meaning)
            rows[template_field.name] = [
                old
                if piece.share_of_row >= 1 or np.isnan(row_areas[piece.current_row])
                else round(row_areas[piece.current_row] * piece.share_of_row, _AREA_DECIMALS)
                for old, piece in zip(rows[template_field.name], maintained_layer.parcels_after_change, strict=True)
            ]
    county = update.current_plan.area_code
    rows["BSM"] = [make_bsm(county, first_key + n) for n in range(len(current_rows))]
    return _make_package_layer(
        update, template, rows, [piece.shape for piece in maintained_layer.parcels_after_change], target_crs
    )


def _make_package_layer(
    update: YearlyUpdate, template: Template, rows: dict[str, list[Any]], shapes: list[Any], target_crs: CRS
) -> PackageLayer:
    """Return columns and shapes (in the plan's plane) as a layer to write; ``rows``: field name → values."""
    import geopandas as gpd
    import pandas as pd

    array = np.array(shapes, dtype=object)
    # As stored: without vertices added on reading.
    stored_shapes = update.filed_plan.remove_added_vertices(update.current_plan.remove_added_vertices(array))
    reprojected = crs_care.reproject_geometries(stored_shapes, update.current_plan.plane_crs, target_crs)
    columns = {name: pd.Series(values, dtype=object) for name, values in rows.items()}
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(reprojected, crs=target_crs), crs=target_crs)
    return PackageLayer(
        Layer(SourceLayer(template.role, frame, (), target_crs), template, target_crs),
        template,
        {name: name for name in rows},
        "O",
        False,
    )


# Several files are written to free places, all or none. They are made in a folder next to the target and moved one by
# one, the first place last, so that after a kill the target is complete or missing. The next run finishes or removes
# the rest (`finish_interrupted_update`).


@contextmanager
def write_files_together(target_paths: list[Path]) -> Iterator[Path]:
    """Yield a folder for new files, which are moved to their final paths together when the block ends.

    ``target_paths``: the final paths; a file in the folder has the name of its final path. The folder is created in the
    folder of the first path. When the block ends, all files are moved, the first one last. After an error no file
    remains. The caller makes sure that no other run writes the same files (`package.folder.lock_for_writing`).

    Raises
    ------
    OutputError
        If a file cannot be written or a final path exists.
    """
    new = target_paths[0].with_name(target_paths[0].name + STAGING_SUFFIX)
    try:
        try:
            new.mkdir()
            yield new
            with (new / _COMPLETE_MARK).open("w") as handle:
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as error:
            if not is_write_error(error, new):
                raise
            raise OutputError(
                "output_unwritable", target=str(target_paths[0]), detail=explain_os_error(error)
            ) from error
        _move_together(new, target_paths)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def finish_interrupted_update(target_paths: list[Path]) -> None:
    """Finish a run of `write_files_together` that was killed.

    If all files were written, they are moved to their final paths, otherwise they are removed.

    Raises
    ------
    OutputError
        If the folder cannot be removed.
    """
    new = target_paths[0].with_name(target_paths[0].name + STAGING_SUFFIX)
    if not new.exists():
        return
    # A place that was taken in the meantime keeps its file.
    unmoved_places = [place for place in target_paths if (new / place.name).exists() and not place.exists()]
    if (new / _COMPLETE_MARK).exists() and unmoved_places:
        _move_together(new, unmoved_places)
    shutil.rmtree(new, ignore_errors=True)
    if new.exists():
        raise OutputError("package_rest", target=str(new))


def _move_together(staging_folder: Path, target_paths: list[Path]) -> None:
    """Move all files from the staging folder to their final paths, the first one last.

    Move all back on an error.
    """
    moved_places: list[Path] = []
    try:
        for place in reversed(target_paths):
            if place.exists():
                raise OutputError("yearly_exists", target=str(place))
            os.replace(staging_folder / place.name, place)
            moved_places.append(place)
    except (OSError, OutputError) as error:
        for place in moved_places:
            os.replace(place, staging_folder / place.name)
        if isinstance(error, OutputError):
            raise
        raise OutputError("output_unwritable", target=str(target_paths[0]), detail=explain_os_error(error)) from error


@dataclass
class WrittenUpdate:
    """The written files, and the results of reading them again.

    ``written_files``: the geodatabase, then the balance as workbook and as JSON; ``results_by_role``: layer code →
    result of reading the layer again; ``problems``: problems that stop a submission.
    """

    written_files: list[Path]
    results_by_role: dict[str, ReadBackResult] = field(default_factory=dict)
    problems: list[ExportProblem] = field(default_factory=list)


def validate_target(current: Plan, year: int, folder: str | Path) -> None:
    """Raise an error if `write_update` could not write into a folder.

    Called before the comparison. No file remains in the folder.

    Raises
    ------
    InputError
        If the county's code or name is unknown.
    OutputError
        If the geodatabase or its balance exists, another process writes it, or the folder is not writable.
    """
    with _reserve_target_paths(_make_target_paths(current, year, folder)):
        pass


def _make_target_paths(current: Plan, year: int, folder: str | Path) -> list[Path]:
    """Return the paths of the geodatabase and of its balance as workbook and JSON."""
    values = {"code": current.area_code, "name": find_county_name(current), "year": year}
    delivery = require_value(current.norm.standard.maintenance, "the norm of maintenance").delivery
    file_name = fill_placeholders(delivery.file, values)
    if not values["code"] or not values["name"] or find_name_problem(file_name):
        raise InputError("package_county_unknown")
    target = Path(folder) / file_name
    balance = f"{target.stem}{delivery.balance}"
    return [target, *(target.with_name(f"{balance}{suffix}") for suffix in (".xlsx", ".json"))]


@contextmanager
def _reserve_target_paths(target_paths: list[Path]) -> Iterator[None]:
    """Reserve the target paths for the duration of the block.

    Raises OutputError if one exists or another process writes it.
    """
    with make_export_folder(target_paths[0].parent), lock_for_writing(target_paths[0]):
        finish_interrupted_update(target_paths)
        for place in target_paths:
            if place.exists():
                raise OutputError("yearly_exists", target=str(place))
        yield


def write_update(
    update: YearlyUpdate,
    folder: str | Path,
    *,
    lang: str = "zh",
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = lambda share: None,
) -> WrittenUpdate:
    """Write the three classes of all changed layers and the balance; after an error no file remains.

    Parameters
    ----------
    progress
        Called with a share 0…1, by rows written and rows read again.

    Raises
    ------
    InputError
        If nothing changed.
    OutputError
        If the target exists (causes that a person filled in would be lost), cannot be written without loss, or differs
        when it is read again.
    """
    texts = Texts(lang)
    if not update.changed_layers:
        raise InputError(
            "yearly_nothing",
            year=update.year,
            layers=texts.get("words", "between_names").join(layer.role for layer in update.maintained_layers),
        )
    places = _make_target_paths(update.current_plan, update.year, folder)
    check_not_input(places[0], [*update.current_plan.input_files, *update.filed_plan.input_files])
    with _reserve_target_paths(places):
        horizontal_crs, target, standard = crs_care.CGCS2000_DEGREES, places[0], update.current_plan.norm.standard
        delivery = require_value(standard.maintenance, "the norm of maintenance").delivery
        contents = make_class_layers(update, horizontal_crs)
        code_lists = standard.code_lists
        vectors = VectorSet("maintenance", "", target.name, delivery.crs, (), delivery.vertical)
        problems = [one for content in contents for one in validate_layer(content, vectors, code_lists, cancellation)]
        if stops := [p for p in problems if p.level == ProblemLevel.STOP]:
            raise OutputError(
                "package_stopped", target=target.name, count=len(stops), reasons=GateRefusal(tuple(stops))
            )
        # Such as invalid codes in the earlier edition.
        written_update = WrittenUpdate(places, problems=[one for one in problems if one.level is ProblemLevel.GATE])
        rows = RowProgress(sum(len(content) for content in contents), lambda share, _: progress(share), until=1.0)
        with write_files_together(places) as new:
            database = new / target.name
            write_database(
                database,
                contents,
                crs_care.add_vertical_crs(delivery.crs, delivery.vertical),
                horizontal_crs=horizontal_crs,
                code_lists=code_lists,
                progress=rows,
                cancellation=cancellation,
            )
            for content in contents:
                result = read_back(database, content, horizontal_crs, progress=rows, cancellation=cancellation)
                result.raise_if_different(database, content.name)
                written_update.results_by_role[content.name] = result
            write_tables_workbook(
                new / places[1].name,
                make_balance_tables(update, texts),
                find_county_name(update.current_plan),
                texts,
            )
            text = json.dumps(convert_balance_to_dict(update), ensure_ascii=False, indent=1, allow_nan=False)
            (new / places[2].name).write_text(text + "\n", encoding="utf-8", newline="\n")
            cancellation.raise_if_cancelled()
        return written_update
