# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import numpy as np

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import Severity, rule
from ...standard.messages.texts import Texts, format_number
from ..inspection.facts import LayerFact, PackageFacts
from ..metadata import GEOMETRY_NAMES, find_data_year
from ..names import AREA_FIELD_MEANING_BY_BASIS
from ._package import (
    NO_PACKAGE_EXAMPLE,
    find_additional_fields,
    format_value_or_missing,
    inspects_package,
    make_example,
    make_layer_finding,
    read_stated_field_count,
)

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "DOC010",
    "manifest-figures",
    problem="Manifest and data disagree",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "features": "Number of features of layer {name}: {expected} in the manifest, {found} in the data of the package, which were changed later. Check the layer in the project, then make the package again.",
        "lost": "Layer {name} in “{file}” is in the manifest, but missing in the package. Make the package again.",
        "more": "Layer {name} in “{file}” is not in the manifest: it was added later. Remove it, or make the package again.",
        "value": "Layer {name}: {item} is “{told}” in the manifest and “{found}” in the data of the package, which were changed later. Check the layer in the project, then make the package again.",
        "fields": "Number of fields of layer {name}: {expected} in the manifest, {found} in the data{more}. Remove added fields, or make "
        "the package again.",
        "area": "Area of layer {name}: {expected} m² in the manifest, {found} m² (statutory) in the data. Make the package again.",
        "field_area": "Sum of the areas in field {field} of layer {name}: {expected} m² in the manifest, {found} m² in the data. Restore "
        "the values, or make the package again.",
    },
    fails=[
        make_example("a feature fewer", 1, manifest=True, layers={"CZKFBJ": 17}, stated_counts={"CZKFBJ": 18}),
        make_example(
            "areas in the field half as much again",
            1,
            plan={"red_line": [{"wkt": SQUARE_WKT, "area": 15000.0}]},
            manifest=True,
            stated_counts={"STBHHX": 1},
            layers={"STBHHX": 1},
            areas={"STBHHX": {"declared": 10000.0}},
        ),
        make_example(
            "a field put in", 1, manifest=True, fields={"CZKFBJ": ("BSM", "BEIZHU2")}, stated_field_counts={"CZKFBJ": 1}
        ),
        make_example("a layer put in", 1, manifest=True, layers={"JZX": 3}),
        make_example(
            "different when it was read back",
            1,
            manifest=True,
            row={"CZKFBJ": {"read_back": {"same": False}}},
        ),
        make_example("another CRS", 1, manifest=True, row={"CZKFBJ": {"crs": "EPSG:4526"}}),
        make_example("a layer lost", 1, manifest=True, layers={"LSWHBHX": None}, stated_counts={"LSWHBHX": 3}),
    ],
    passes=[
        make_example("as told", manifest=True),
        make_example("a layer that cannot be read is not lost", manifest=True, layers={"DLTB": -1}),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def manifest_figures(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Figures and items of the manifest agree with the data.

    What it checks
        The layers in the manifest are exactly those in the package. Their CRS, geometry and extent agree. Number of
        features and fields, statutory area, and the sums of the area fields (survey, net, declared) of every layer in
        the manifest agree with the data. The layers were equal when they were read again after the export. Fields with
        personal data that should be blank are blank.
    Why
        People who do not open the data read the manifest.
    How to fix
        Make the package again with export_package.
    Limits
        DOC008 reports unreadable layers, SCH002 and SCH008 report missing fields. Areas are compared for the layers
        that the check read, to 0.01 m² per feature. Packages of other software have no manifest of this plugin.
    """
    readable_layers = [layer_fact for layer_fact in package.layers if layer_fact.feature_count >= 0]
    unreadable_keys = {(one.file, one.name.upper()) for one in package.layers if one.feature_count < 0}
    # If no layer of a data set is readable, it is unknown which layers it has.
    unknown_files = {one.file for one in package.layers} - {one.file for one in readable_layers}
    # A layer may be in a database and in an exchange file. If neither has the manifest's file name, use the first.
    layer_of_name = {one.name.upper(): one for one in reversed(readable_layers)}
    # The manifest lists each shapefile; the folder contains all of them.
    layer_of_key = {
        (file, one.name.upper()): one for one in readable_layers for file in (one.file, f"{one.file}/{one.name}.shp")
    }
    for row in package.manifest["layers"] if package.manifest else []:
        upper_name = str(row["layer"]).upper()
        layer = layer_of_key.get((row["file"], upper_name)) or layer_of_name.get(upper_name)
        name = {"name": row["layer"], "file": row["file"]}
        if layer is None:
            if (row["file"], upper_name) not in unreadable_keys and row["file"] not in unknown_files:
                yield Finding("", key=row["layer"], case="lost", params=name)
            continue
        if layer.feature_count != row["features"]:
            yield Finding(
                "",
                key=row["layer"],
                case="features",
                params={**name, "expected": row["features"], "found": layer.feature_count},
            )
        yield from _compare_field_counts(row, layer, package, ctx)
        yield from _compare_layer_items(row, layer, ctx)
        yield from _compare_areas(row, ctx)
    if package.manifest:
        # DOC008 reports copies of a layer.
        listed_keys = {(row["file"], str(row["layer"]).upper()) for row in package.manifest["layers"]}
        listed_files = {row["file"] for row in package.manifest["layers"]}
        listed_files |= {file.rpartition("/")[0] for file in listed_files if file.lower().endswith(".shp")}
        listed_layer_names = {name for _, name in listed_keys}
        unread_keys = {(one.file, one.name) for one in package.unread_layers}
        for layer in package.layers:
            upper_name = layer.name.upper()
            keys_of_layer = {(layer.file, upper_name), (f"{layer.file}/{layer.name}.shp", upper_name)}
            if (
                layer.feature_count >= 0
                and layer.file in listed_files
                and not keys_of_layer & listed_keys
                and (layer.file, layer.name) not in unread_keys
                and upper_name not in listed_layer_names
            ):
                yield make_layer_finding(layer.file, layer.name, "more")


#: Tolerance of an area in the manifest, in m² per feature.
AREA_ALLOWANCE_PER_FEATURE_M2 = 0.01


def _compare_field_counts(
    row: dict[str, Any], layer: LayerFact, package: PackageFacts, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding on a layer with more fields than the manifest states.

    Other rules report missing fields.
    """
    stated_count = read_stated_field_count(layer, package)
    if stated_count is None or layer.field_names is None or stated_count == len(layer.field_names):
        return
    additional_fields = find_additional_fields(layer, package, ctx)
    if additional_fields or len(layer.field_names) > stated_count:
        texts = Texts(ctx.lang)
        names = texts.get("words", "between_names").join(additional_fields)
        yield Finding(
            "",
            key=row["layer"],
            case="fields",
            params={
                "name": row["layer"],
                "expected": stated_count,
                "found": len(layer.field_names),
                "more": texts.get("words", "in_brackets", text=names) if names else "",
            },
        )


#: Tolerances of an extent in degrees and metres: a database stores shapes on a grid.
_EXTENT_TOLERANCE_BY_IN_DEGREES = {True: 1e-7, False: 0.01}


def _compare_layer_items(row: dict[str, Any], layer: LayerFact, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on a layer's items in the manifest, except its figures."""
    texts = Texts(ctx.lang)
    plan_layer = ctx.plan.layers.get(str(row.get("role", "")))
    # A layer with another number of rows is reported by this number.
    has_equal_row_count = plan_layer is not None and len(plan_layer) == layer.feature_count
    for item, stated_value, actual_value in [
        (
            "data_year",
            row.get("data_year"),
            find_data_year(plan_layer) if has_equal_row_count else row.get("data_year"),
        ),
        ("crs", row.get("crs"), layer.crs),
        ("geometry", row.get("geometry"), layer.geometry_type),
    ]:
        if stated_value is not None and (actual_value or item == "data_year") and stated_value != actual_value:
            if item == "geometry" and ctx.lang == "zh":
                stated_value, actual_value = (
                    GEOMETRY_NAMES.get(str(value), value) for value in (stated_value, actual_value)
                )
            yield _make_value_finding(row, item, stated_value, actual_value, texts)
    stated_extent = row.get("extent")
    if layer.extent and stated_extent:
        tolerance = _EXTENT_TOLERANCE_BY_IN_DEGREES[max(map(abs, layer.extent)) <= 360]
        pairs = zip(stated_extent, layer.extent, strict=False)
        if len(stated_extent) != len(layer.extent) or any(abs(a - b) > tolerance for a, b in pairs):
            stated_text, actual_text = (" ".join(map(str, one)) for one in (stated_extent, layer.extent))
            yield _make_value_finding(row, "extent", stated_text, actual_text, texts)
    if row.get("read_back", {}).get("same") is False:
        stated_text, actual_text = texts.get("words", "read_back_differs"), texts.get("words", "read_back_same")
        yield _make_value_finding(row, "read_back", stated_text, actual_text, texts)
    if row.get("personal") == "left_out" and plan_layer is not None:
        columns = {one.name: plan_layer.get_column_by_name(one.name) for one in plan_layer.template.personal_fields}
        filled_fields = [name for name, values in columns.items() if values is not None and values.notna().any()]
        if filled_fields:
            yield _make_value_finding(
                row,
                "personal",
                texts.get("words", "left_blank"),
                texts.get("words", "between_names").join(filled_fields),
                texts,
            )


def _make_value_finding(row: dict[str, Any], item: str, stated_value: Any, actual_value: Any, texts: Texts) -> Finding:
    """Return a finding on an item of a layer's row that differs from the data."""
    return Finding(
        "",
        key=row["layer"],
        field=item,
        case="value",
        params={
            "name": row["layer"],
            "item": texts.get("origin", item),
            "told": format_value_or_missing(stated_value, texts),
            "found": format_value_or_missing(actual_value, texts),
        },
    )


def _compare_areas(row: dict[str, Any], ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on areas in the manifest that differ from the areas of the layer."""
    layer = ctx.plan.layers.get(row.get("role", ""))
    file_name = str(row["file"]).rpartition("/")[2]
    # The same layer of another file has other decimals.
    if (
        layer is None
        or len(layer) != row["features"]
        or (layer.source.source and PurePath(layer.source.source).name != file_name)
    ):
        return
    for basis, stated_m2 in row.get("areas_m2", {}).items():
        if basis == "statutory":
            layer_value, field, case = float(layer.statutory.sum()), "", "area"
        elif (meaning := AREA_FIELD_MEANING_BY_BASIS.get(basis)) and layer.has_field(meaning):
            field, case = layer.get_field_name(meaning), "field_area"
            layer_value = float(np.nansum(layer.numbers(meaning)))
        else:
            continue
        if abs(layer_value - stated_m2) > AREA_ALLOWANCE_PER_FEATURE_M2 * max(len(layer), 1):
            yield Finding(
                layer.role,
                key=row["layer"],
                field=field,
                case=case,
                params={
                    "name": row["layer"],
                    "expected": format_number(stated_m2, 2),
                    "found": format_number(layer_value, 2),
                },
            )
