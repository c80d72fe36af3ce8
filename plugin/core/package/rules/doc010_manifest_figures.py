# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Container, Iterator
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

import numpy as np

from ...engine.context import RuleContext
from ...exchange.vct.settings import load_settings
from ...messages.texts import Texts, format_number
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import FileFact, LayerFact, PackageFacts
from ..metadata import GEOMETRY_NAMES
from ..names import AREA_FIELD_MEANING_BY_BASIS
from ..problems import MAX_NAMED_FEATURES
from ._package import (
    NO_PACKAGE_EXAMPLE,
    apply_check_to_package_facts,
    find_additional_fields,
    find_data_year,
    format_value_or_missing,
    get_package_facts,
    is_made_by_plugin,
    is_of_other_version,
    make_example,
    read_stated_field_count,
)

#: Made by this version.
PLUGIN_TOOL = {"name": "sanxian", "versions": {"sanxian": "own"}, "generator": "own"}
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
        "table": "“{file}” has tables, possibly hidden, that are not layers: {names}. Packages of this plugin do not have such tables. "
        "Remove them.",
        "value": "Layer {name}: {item} is “{told}” in the manifest and “{found}” in the data of the package, which were changed later. Check the layer in the project, then make the package again.",
        "head": "In the header of “{file}”, {item} is “{told}”; according to the manifest it is “{found}”. Make the package again.",
        "part": "“{file}”, in the manifest under {item}, is missing or differs from the manifest (manifest: {told}; "
        "package: {found}). Put the file back and make the package again; if the file does not belong there, only "
        "make the package again.",
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
        make_example(
            "an exchange file of another day",
            1,
            manifest=True,
            head={"tool": PLUGIN_TOOL, "made": "2026-11-20T08:00:00+08:00"},
            row={"CZKFBJ": {"file": "1-空间数据/a.vct"}},
            heads={"1-空间数据/a.vct": {"date": "20190101", "mapscale": "2000"}},
        ),
        make_example("a table put in", 1, manifest=True, hidden_tables=["说明"]),
        make_example("another CRS", 1, manifest=True, row={"CZKFBJ": {"crs": "EPSG:4526"}}),
        make_example(
            "a map of other pixels",
            1,
            manifest=True,
            head={
                "maps": [
                    {"file": "4-规划图件/140225浑源县01三条控制线图.jpg", "origin": "given", "width": 1, "height": 1}
                ]
            },
        ),
        make_example(
            "a text that is not there",
            1,
            manifest=True,
            head={"slots": [{"id": "x", "title": "文本", "files": ["2-规划文档/无.pdf"]}]},
        ),
        make_example("a layer lost", 1, manifest=True, layers={"LSWHBHX": None}, stated_counts={"LSWHBHX": 3}),
    ],
    passes=[
        make_example("as told", manifest=True),
        make_example("a layer that cannot be read is not lost", manifest=True, layers={"DLTB": -1}),
        NO_PACKAGE_EXAMPLE,
    ],
)
def manifest_figures(*, ctx: RuleContext) -> RuleResult:
    """Figures and items of the manifest agree with the data.

    What it checks
        Layers, tables, maps and documents in the manifest are exactly those in the package. CRS, geometry, extent and
        title of layers and pixels of maps agree. Number of features and fields, statutory area, and the sums of the
        area fields (survey, net, declared) of every layer in the manifest agree with the data. The layers were equal
        when they were read again after the export. Fields with personal data that should be blank are blank. Date and
        scale in VCT headers agree.
    Why
        People who do not open the data read the manifest.
    How to fix
        Make the package again with export_package.
    Limits
        DOC008 reports unreadable layers, SCH002 and SCH008 report missing fields. Areas are compared for the layers
        that the check read, to 0.01 m² per feature. Packages of other software have no manifest of this plugin.
    """
    return apply_check_to_package_facts(ctx, _compare_manifest)


#: Tolerance of an area in the manifest, in m² per feature.
AREA_ALLOWANCE_PER_FEATURE_M2 = 0.01


def _compare_manifest(package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on items of the manifest that contradict the data."""
    layer_of_key: dict[str | tuple[str, str], LayerFact] = {}
    unreadable_keys: set[tuple[str, str]] = set()
    for layer_fact in package.layers:
        if layer_fact.feature_count >= 0:
            # A layer may be in a database and in an exchange file. If neither has the manifest's file name, use the
            # first.
            layer_of_key[layer_fact.file, layer_fact.name.upper()] = layer_fact
            # The manifest lists each shapefile; the folder contains all of them.
            layer_of_key[f"{layer_fact.file}/{layer_fact.name}.shp", layer_fact.name.upper()] = layer_fact
            layer_of_key.setdefault(layer_fact.name.upper(), layer_fact)
        else:
            unreadable_keys.add((layer_fact.file, layer_fact.name.upper()))
    for row in package.manifest["layers"] if package.manifest else []:
        upper_name = str(row["layer"]).upper()
        layer = layer_of_key.get((row["file"], upper_name)) or layer_of_key.get(upper_name)
        name = {"name": row["layer"], "file": row["file"]}
        if layer is None:
            if (row["file"], upper_name) not in unreadable_keys and not _is_data_set_unreadable(row["file"], package):
                yield Finding("", key=row["layer"], case="lost", params=name)
            continue
        if layer.feature_count != row["features"]:
            counts = {"expected": row["features"], "found": layer.feature_count}
            yield Finding("", key=row["layer"], case="features", params={**name, **counts})
        yield from _compare_field_counts(row, layer, package, ctx)
        yield from _compare_layer_items(row, layer, ctx)
        yield from _compare_areas(row, ctx)
    if package.manifest:
        yield from _report_unlisted_layers(package.manifest, package)
        yield from _compare_listed_files(package.manifest, package, ctx)
        if is_made_by_plugin(package):
            yield from _compare_vct_headers(package.manifest, package, ctx)


def _compare_vct_headers(manifest: dict[str, Any], package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on date and scale in the header of a VCT file that contradict the manifest.

    Reading the file ignores both values.
    """
    export_day = str(manifest.get("made"))[:10].replace("-", "")
    scale = "" if is_of_other_version(package) else str(load_settings().map_scale)
    listed_files = {row["file"] for row in manifest["layers"]}
    for file, head in package.vct_headers.items():
        for key, expected in (("date", export_day), ("mapscale", scale)):
            stated_value = head.get(key, "")
            if (
                file in listed_files
                and expected
                and stated_value != expected
                and not (key == "date" and _are_adjacent_days(stated_value, expected))
            ):
                texts = Texts(ctx.lang)
                params = {
                    "item": texts.get("origin", f"vct_{key}"),
                    "told": format_value_or_missing(stated_value, texts),
                    "found": expected,
                }
                yield Finding("", key=f"{file}/{key}", case="head", params={"file": file, **params})


def _are_adjacent_days(day: str, other_day: str) -> bool:
    """Return True if two days (YYYYMMDD) are equal or consecutive.

    A package may be made around midnight, or inspected in another time zone.
    """
    try:
        days = [datetime.strptime(text, "%Y%m%d") for text in (day, other_day)]
    except ValueError:
        return False
    return abs(days[0] - days[1]) <= timedelta(days=1)


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
        listed_field_names = texts.get("words", "between_names").join(additional_fields)
        names_in_brackets = texts.get("words", "in_brackets", text=listed_field_names) if additional_fields else ""
        params = {
            "name": row["layer"],
            "expected": stated_count,
            "found": len(layer.field_names),
            "more": names_in_brackets,
        }
        yield Finding("", key=row["layer"], case="fields", params=params)


def _report_unlisted_layers(manifest: dict[str, Any], package: PackageFacts) -> Iterator[Finding]:
    """Yield findings on layers and tables that the manifest does not name.

    DOC008 reports copies of a layer.
    """
    listed_keys = {(row["file"], str(row["layer"]).upper()) for row in manifest["layers"]}
    listed_files = {row["file"] for row in manifest["layers"]}
    listed_files |= {file.rpartition("/")[0] for file in listed_files if file.lower().endswith(".shp")}
    listed_layer_names = {name for _, name in listed_keys}
    unread_keys = {(one.file, one.name) for one in package.unread_layers}
    for layer in package.layers:
        upper_name = layer.name.upper()
        keys_of_layer = {(layer.file, upper_name), (f"{layer.file}/{layer.name}.shp", upper_name)}
        if (
            layer.feature_count < 0
            or layer.file not in listed_files
            or keys_of_layer & listed_keys
            or (layer.file, layer.name) in unread_keys
        ):
            continue
        if upper_name not in listed_layer_names:
            params = {"name": layer.name, "file": layer.file}
            yield Finding("", key=f"{layer.file}/{layer.name}", case="more", params=params)
    for file, tables in package.hidden_tables.items():
        if file in listed_files and tables:
            listed_tables = ", ".join(tables[:MAX_NAMED_FEATURES]) + (" …" if len(tables) > MAX_NAMED_FEATURES else "")
            yield Finding("", key=f"{file}/tables", case="table", params={"file": file, "names": listed_tables})


#: Tolerances of an extent in degrees and metres: a database stores shapes on a grid.
_EXTENT_TOLERANCE_BY_IN_DEGREES = {True: 1e-7, False: 0.01}


#: Items that a layer may lack, so that they are compared even if they are empty in the data.
_ITEMS_THAT_MAY_BE_EMPTY = ("vertical", "data_year")


def _compare_layer_items(row: dict[str, Any], layer: LayerFact, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on a layer's items in the manifest, except its figures."""
    texts = Texts(ctx.lang)
    for item, stated_value, actual_value in _pair_items(row, layer, ctx):
        if (
            stated_value is not None
            and (actual_value or item in _ITEMS_THAT_MAY_BE_EMPTY)
            and stated_value != actual_value
        ):
            if item == "geometry" and ctx.lang == "zh":
                stated_value, actual_value = (
                    GEOMETRY_NAMES.get(str(value), value) for value in (stated_value, actual_value)
                )
            yield _make_value_finding(row, item, stated_value, actual_value, texts)
    stated_value = row.get("extent")
    if layer.extent and isinstance(stated_value, list) and _is_other_extent(stated_value, layer.extent):
        yield _make_value_finding(
            row, "extent", " ".join(map(str, stated_value)), " ".join(map(str, layer.extent)), texts
        )
    read_back_row = row.get("read_back")
    if isinstance(read_back_row, dict):
        yield from _compare_read_back(row, read_back_row, texts)
    if row.get("personal") == "left_out" and (filled_fields := _find_filled_personal_fields(row, ctx)):
        stated_value = texts.get("words", "left_blank")
        yield _make_value_finding(
            row, "personal", stated_value, texts.get("words", "between_names").join(filled_fields), texts
        )


def _find_filled_personal_fields(row: dict[str, Any], ctx: RuleContext) -> list[str]:
    """Return the names of a layer's fields for personal data that have values."""
    layer = ctx.plan.layers.get(str(row.get("role", "")))
    if layer is None:
        return []
    columns = (
        (template_field.name, layer.get_column_by_name(template_field.name))
        for template_field in layer.template.personal_fields
    )
    return [name for name, values in columns if values is not None and values.notna().any()]


def _pair_items(row: dict[str, Any], layer: LayerFact, ctx: RuleContext) -> list[tuple[str, Any, Any]]:
    """Return (item, value in the manifest, value in the data) for the items of a layer."""
    package = get_package_facts(ctx)
    titles = layer.other_titles if package is not None and is_made_by_plugin(package) else ()
    template = ctx.norm.standard.templates.get(str(row.get("role", "")))
    # The header of a VCT file has a vertical datum even if its specification has none.
    heights = layer.vertical_crs if row.get("vertical") or not layer.file.lower().endswith(".vct") else ""
    plan_layer = ctx.plan.layers.get(str(row.get("role", "")))
    # A layer with another number of rows is reported by this number.
    has_equal_row_count = plan_layer is not None and len(plan_layer) == layer.feature_count
    return [
        (
            "data_year",
            row.get("data_year"),
            find_data_year(plan_layer) if has_equal_row_count else row.get("data_year"),
        ),
        ("crs", row.get("crs"), layer.crs),
        ("geometry", row.get("geometry"), layer.geometry_type),
        ("title", row.get("title"), template.name if template else ""),
        *(("title", row.get("title"), title) for title in titles),
        ("format", row.get("format"), layer.data_format),
        ("vertical", row.get("vertical"), heights),
    ]


def _is_other_extent(stated_extent: list[Any], extent: tuple[float, ...]) -> bool:
    """Return True if four values in the manifest are not the extent of the layer.

    False for lists of another length.
    """
    if len(stated_extent) != 4:
        return False
    tolerance = _EXTENT_TOLERANCE_BY_IN_DEGREES[max(map(abs, extent)) <= 360]
    numbers = [v for v in stated_extent if isinstance(v, int | float)]
    return len(numbers) < 4 or any(abs(a - b) > tolerance for a, b in zip(numbers, extent, strict=True))


def _compare_read_back(row: dict[str, Any], read_back_row: dict[str, Any], texts: Texts) -> Iterator[Finding]:
    """Yield findings if the recorded result of reading a layer again contradicts the layer's row."""
    if read_back_row.get("same") is False:
        stated_text, actual_text = texts.get("words", "read_back_differs"), texts.get("words", "read_back_same")
        yield _make_value_finding(row, "read_back", stated_text, actual_text, texts)


def _make_value_finding(row: dict[str, Any], item: str, stated_value: Any, actual_value: Any, texts: Texts) -> Finding:
    """Return a finding on an item of a layer's row that differs from the data."""
    params = {"name": row["layer"], "item": texts.get("origin", item)}
    params |= {
        "told": format_value_or_missing(stated_value, texts),
        "found": format_value_or_missing(actual_value, texts),
    }
    return Finding("", key=row["layer"], field=item, case="value", params=params)


def _compare_listed_files(manifest: dict[str, Any], package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on documents, maps, tables and metadata in the manifest."""
    texts = Texts(ctx.lang)
    file_of_path = {file.path: file for file in package.files}
    yield from _find_missing_files(manifest, file_of_path, texts)
    yield from _compare_pixels(manifest, file_of_path, texts)
    yield from _find_missing_sheets(manifest, package, texts)
    metadata, layers = manifest.get("metadata"), len(manifest["layers"])
    if isinstance(metadata, dict) and metadata.get("layers") not in (None, layers):
        yield _make_part_finding(metadata.get("file", ""), "metadata", metadata.get("layers"), layers, texts)


def _find_missing_files(manifest: dict[str, Any], present_paths: Container[Any], texts: Texts) -> Iterator[Finding]:
    """Yield findings on files that the manifest names for documents, maps and tables, and that are missing.

    Files in the manifest's list of all files are left to DOC006.
    """
    listed_paths = {row["path"] for row in manifest["files"]}
    for item in ("slots", "maps", "tables"):
        for row in _filter_dicts(manifest.get(item)):
            files = row.get("files", [row.get("file")])
            for file in files if isinstance(files, list) else ():
                if file and file not in present_paths and file not in listed_paths:
                    yield _make_part_finding(file, item, file, texts.get("origin", "absent"), texts)


def _compare_pixels(manifest: dict[str, Any], file_of_path: dict[str, FileFact], texts: Texts) -> Iterator[Finding]:
    """Yield findings on maps whose size in pixels differs from the manifest's."""
    for row in manifest.get("maps", ()):
        file = file_of_path.get(row["file"])
        picture = file.jpeg_properties if file else None
        stated_size = (row.get("width"), row.get("height"))
        if (
            picture is not None
            and picture.is_complete
            and None not in stated_size
            and stated_size != (picture.width_px, picture.height_px)
        ):
            actual_size = f"{picture.width_px} × {picture.height_px}"
            yield _make_part_finding(row["file"], "maps", f"{stated_size[0]} × {stated_size[1]}", actual_size, texts)


def _find_missing_sheets(manifest: dict[str, Any], package: PackageFacts, texts: Texts) -> Iterator[Finding]:
    """Yield findings on workbooks without a sheet that the manifest lists."""
    books = {book.file: book for book in package.workbooks if not book.unreadable_reason}
    for row in _filter_dicts(manifest.get("tables")):
        book = books.get(row.get("file", ""))
        if book is None or not isinstance(row.get("sheets"), list):
            continue
        missing_sheets = {str(sheet.get("sheet")) for sheet in _filter_dicts(row["sheets"])} - {
            sheet.name for sheet in book.sheets
        }
        if missing_sheets:
            listed_sheet_names = texts.get("words", "between_names").join(sorted(missing_sheets))
            yield _make_part_finding(book.file, "tables", listed_sheet_names, texts.get("origin", "absent"), texts)


def _filter_dicts(rows: Any) -> list[dict[str, Any]]:
    """Return the objects in a JSON value that should be a list of objects; other values are dropped.

    A manifest may have been edited.
    """
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _make_part_finding(file: Any, item: str, stated_value: Any, actual_value: Any, texts: Texts) -> Finding:
    """Return a finding on an item of a document, map or table in the manifest that differs from the file."""
    values = {
        "told": format_value_or_missing(stated_value, texts),
        "found": format_value_or_missing(actual_value, texts),
    }
    params = {"file": str(file), "item": texts.get("origin", item), **values}
    return Finding("", key=str(file), field=item, case="part", params=params)


def _is_data_set_unreadable(file: str, package: PackageFacts) -> bool:
    """Return True if no layer of a data set is readable, so that it is unknown which layers it has."""
    feature_counts = [one.feature_count for one in package.layers if one.file == file]
    return bool(feature_counts) and max(feature_counts) < 0


def _compare_areas(row: dict[str, Any], ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on areas in the manifest that differ from the areas of the layer."""
    layer = ctx.plan.layers.get(row.get("role", ""))
    if layer is None or len(layer) != row["features"]:
        return
    if layer.source.source and PurePath(layer.source.source).name != str(row["file"]).rpartition("/")[2]:
        # The same layer of another file, which has other decimals.
        return
    for basis, stated_m2 in row.get("areas_m2", {}).items():
        if basis == "statutory":
            layer_value, field, case = float(layer.statutory.sum()), "", "area"
        elif (meaning := AREA_FIELD_MEANING_BY_BASIS.get(basis)) and layer.has_field(meaning):
            layer_value, field, case = (
                float(np.nansum(layer.numbers(meaning))),
                layer.get_field_name(meaning),
                "field_area",
            )
        else:
            continue
        if abs(layer_value - stated_m2) > AREA_ALLOWANCE_PER_FEATURE_M2 * max(len(layer), 1):
            params = {
                "name": row["layer"],
                "expected": format_number(stated_m2, 2),
                "found": format_number(layer_value, 2),
            }
            yield Finding(layer.role, key=row["layer"], field=field, case=case, params=params)
