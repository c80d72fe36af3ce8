# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Container, Iterator
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

import numpy as np

from ....paths import MANIFEST_SCHEMA
from ...engine.context import Context
from ...exchange.vct.settings import load_settings
from ...files.digests import MANIFEST
from ...messages.texts import Texts, format_number
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import FileFact, LayerFact, PackageFacts
from ..metadata import GEOMETRIES
from ..names import AREA_FIELDS
from ..problems import NAMED
from ._package import (
    NONE_INSPECTED,
    example,
    find_additional_fields,
    inspect_facts,
    is_made_by_plugin,
    is_of_other_version,
    make_file_finding,
    package_facts,
    show_value,
    stated_field_count,
    unknown_keys,
    year_of,
)

#: Made by this version.
TOOL = {"name": "sanxian", "versions": {"sanxian": "own"}, "generator": "own"}
SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "DOC010",
    "manifest-figures",
    problem="Manifest and data disagree",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "features": "Number of features of layer {name}: {expected} in the manifest, {found} in the data. Make the package again.",
        "lost": "Layer {name} in “{file}” is in the manifest, but missing in the package. Make the package again.",
        "more": "Layer {name} in “{file}” is not in the manifest: it was added later. Remove it, or make the package again.",
        "table": "“{file}” has tables, possibly hidden, that are not layers: {names}. Packages of this plugin do not have such tables. "
        "Remove them.",
        "value": "Layer {name}: {item} is “{told}” in the manifest and “{found}” in the data. Make the package again.",
        "form": "Parts of the specification without a verified source (mark C): {told} in “{file}”, {found} in the specification. Make "
        "the package again.",
        "untold": "The package lacks “{file}”, and the notes of the manifest do not mention this. Make the package again.",
        "drawn": "According to the manifest, the plugin made the map “{file}”, which requires QGIS; but the manifest does not name QGIS. "
        "Make the package again.",
        "head": "In the header of “{file}”, {item} is “{told}”; according to the manifest it is “{found}”. Make the package again.",
        "keys": "“{file}” has keys that manifests do not have: {keys}. They were added later. Make the package again.",
        "part": "“{file}”, in the manifest under {item}, is missing or differs from the manifest (manifest: {told}; package: {found}). "
        "Make the package again.",
        "fields": "Number of fields of layer {name}: {expected} in the manifest, {found} in the data{more}. Remove added fields, or make "
        "the package again.",
        "area": "Area of layer {name}: {expected} m² in the manifest, {found} m² (statutory) in the data. Make the package again.",
        "field_area": "Sum of the areas in field {field} of layer {name}: {expected} m² in the manifest, {found} m² in the data. Restore "
        "the values, or make the package again.",
    },
    fails=[
        example("a feature fewer", 1, manifest=True, layers={"CZKFBJ": 17}, told={"CZKFBJ": 18}),
        example(
            "areas in the field half as much again",
            1,
            plan={"red_line": [{"wkt": SQUARE, "area": 15000.0}]},
            manifest=True,
            told={"STBHHX": 1},
            layers={"STBHHX": 1},
            areas={"STBHHX": {"declared": 10000.0}},
        ),
        example("a field put in", 1, manifest=True, fields={"CZKFBJ": ("BSM", "BEIZHU2")}, told_fields={"CZKFBJ": 1}),
        example("a layer put in", 1, manifest=True, layers={"JZX": 3}),
        example(
            "read back otherwise",
            1,
            manifest=True,
            row={"CZKFBJ": {"read_back": {"features": 17, "same": True}}},
        ),
        example(
            "doubts about the form taken out",
            1,
            manifest=True,
            head={"tool": TOOL, "form": {"id": "county", "unverified": []}},
        ),
        example(
            "a missing document and missing tables that are not listed",
            2,
            manifest=True,
            head={
                "tool": TOOL,
                "problems": [],
                "slots": [{"kind": "document", "need": "C", "title": "说明", "pattern": "说明.pdf", "files": []}],
            },
        ),
        example(
            "a map made without QGIS",
            1,
            manifest=True,
            head={"tool": TOOL, "maps": [{"file": "4-规划图件/140225浑源县01三条控制线图.jpg", "origin": "made"}]},
        ),
        example(
            "an exchange file of another day",
            1,
            manifest=True,
            head={"tool": TOOL, "made": "2026-11-20T08:00:00+08:00"},
            row={"CZKFBJ": {"file": "1-空间数据/a.vct"}},
            heads={"1-空间数据/a.vct": {"date": "20190101", "mapscale": "2000"}},
        ),
        example("a table put in", 1, manifest=True, hidden_tables=["说明"]),
        example("another CRS", 1, manifest=True, row={"CZKFBJ": {"crs": "EPSG:4526"}}),
        example(
            "a map of other pixels",
            1,
            manifest=True,
            head={
                "maps": [
                    {"file": "4-规划图件/140225浑源县01三条控制线图.jpg", "origin": "given", "width": 1, "height": 1}
                ]
            },
        ),
        example(
            "a text that is not there",
            1,
            manifest=True,
            head={"slots": [{"id": "x", "title": "文本", "files": ["2-规划文档/无.pdf"]}]},
        ),
        example("a layer lost", 1, manifest=True, layers={"LSWHBHX": None}, told={"LSWHBHX": 3}),
    ],
    passes=[
        example("as told", manifest=True),
        example("a layer that cannot be read is not lost", manifest=True, layers={"DLTB": -1}),
        NONE_INSPECTED,
    ],
)
def manifest_figures(*, ctx: Context) -> RuleResult:
    """Figures and items of the manifest agree with the data.

    What it checks
        Layers, tables, maps and documents in the manifest are exactly those in the package. CRS, geometry, extent and
        title of layers and pixels of maps agree. Number of features and fields, statutory area, and the sums of the
        area fields (survey, net, declared) of every layer in the manifest agree with the data. The manifest agrees
        with the result of reading the layers again. It lists parts of the specification without a verified source,
        and missing parts (tables too). Fields with personal data that should be blank are blank. Maps were not made
        without QGIS. Date and scale in VCT headers agree. The manifest has no keys outside its schema.
    Why
        People who do not open the data read the manifest.
    How to fix
        Make the package again with export_package.
    Limits
        DOC008 reports unreadable layers, SCH002 and SCH008 report missing fields. Areas are compared for the layers
        that the check read, to 0.01 m² per feature. Packages of other software have no manifest of this plugin.
    """
    return inspect_facts(ctx, _compare)


#: Tolerance of an area in the manifest, in m² per feature.
AREA_M2 = 0.01


def _compare(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    there: dict[str | tuple[str, str], LayerFact] = {}
    unreadable: set[tuple[str, str]] = set()
    for one in package.layers:
        if one.features >= 0:
            # A layer may be in a database and in an exchange file. If neither has the manifest's file name, use the
            # first.
            there[one.file, one.name.upper()] = one
            # The manifest lists each shapefile; the folder contains all of them.
            there[f"{one.file}/{one.name}.shp", one.name.upper()] = one
            there.setdefault(one.name.upper(), one)
        else:
            unreadable.add((one.file, one.name.upper()))
    for row in package.manifest["layers"] if package.manifest else []:
        upper = str(row["layer"]).upper()
        layer = there.get((row["file"], upper)) or there.get(upper)
        name = {"name": row["layer"], "file": row["file"]}
        if layer is None:
            if (row["file"], upper) not in unreadable and not _is_unreadable(row["file"], package):
                yield Finding("", key=row["layer"], case="lost", params=name)
            continue
        if layer.features != row["features"]:
            counts = {"expected": row["features"], "found": layer.features}
            yield Finding("", key=row["layer"], case="features", params={**name, **counts})
        yield from _compare_fields(row, layer, package, ctx)
        yield from _compare_values(row, layer, ctx)
        yield from _compare_areas(row, ctx)
    if package.manifest:
        yield from _check_keys(package.manifest, package)
        yield from _find_unlisted(package.manifest, package)
        yield from _compare_parts(package.manifest, package, ctx)
        if is_made_by_plugin(package):
            yield from _compare_with_spec(package.manifest, package, ctx)
            yield from _check_map_origins(package.manifest)
            yield from _compare_vct_headers(package.manifest, package, ctx)


def _check_keys(manifest: dict[str, Any], package: PackageFacts) -> Iterator[Finding]:
    """Report keys outside the schema; another version may have written some."""
    if found := unknown_keys(manifest, MANIFEST_SCHEMA):
        severity = Severity.WARNING if is_of_other_version(package) else None
        yield Finding("", key=MANIFEST, case="keys", severity=severity, params={"file": MANIFEST, "keys": found})


#: Reasons for a package without tables, as keys of its problems.
_NO_TABLES = {"tables_no_openpyxl", "tables_not_made"}


def _compare_with_spec(manifest: dict[str, Any], package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Report unverified parts of the spec and missing files that the manifest omits.

    Manifests of other versions are not checked, because the specification may have changed.
    """
    if is_of_other_version(package):
        return
    spec, between = manifest.get("form"), Texts(ctx.lang).get("words", "between_names")
    stated = spec.get("unverified") if isinstance(spec, dict) and spec.get("id") == package.package_spec.id else None
    if isinstance(stated, list) and sorted(map(str, stated)) != package.package_spec.unverified:
        names = [between.join(map(str, one)) for one in (stated, package.package_spec.unverified)]
        params = {"told": show_value(names[0], Texts(ctx.lang)), "found": show_value(names[1], Texts(ctx.lang))}
        yield Finding("", key=f"{MANIFEST}/form", case="form", params={"file": MANIFEST, **params})
    rows, problems = manifest.get("slots"), manifest.get("problems")
    if not isinstance(rows, list) or not isinstance(problems, list):
        return
    own = package.package_spec.tables
    reasons = {one.get("key") for one in problems if isinstance(one, dict)}
    if own is not None and not manifest.get("tables") and not reasons & _NO_TABLES:
        yield make_file_finding(f"{package.expected(own.folder, own.file)}.xlsx", "untold")
    messages = "\n".join(str(one.get("message")) for one in problems if isinstance(one, dict))
    for row in rows:
        lacking = isinstance(row, dict) and row.get("need") != "O" and row.get("kind") != "map" and not row.get("files")
        if lacking and str(row.get("pattern")) not in messages and str(row.get("title")) not in messages:
            yield make_file_finding(str(row.get("pattern")), "untold")


def _check_map_origins(manifest: dict[str, Any]) -> Iterator[Finding]:
    """Report maps with the origin “made” in a manifest without QGIS."""
    tool = manifest.get("tool")
    versions = tool.get("versions") if isinstance(tool, dict) else None
    for row in manifest.get("maps", ()):
        if row.get("origin") == "made" and isinstance(versions, dict) and "qgis" not in versions:
            yield make_file_finding(row["file"], "drawn")


def _compare_vct_headers(manifest: dict[str, Any], package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Compare date and scale in the header of a VCT file, which reading ignores."""
    made = str(manifest.get("made"))[:10].replace("-", "")
    scale = "" if is_of_other_version(package) else str(load_settings().map_scale)
    listed = {row["file"] for row in manifest["layers"]}
    for file, head in package.heads.items():
        for key, given in (("date", made), ("mapscale", scale)):
            stated = head.get(key, "")
            if (
                file in listed
                and given
                and stated != given
                and not (key == "date" and _are_adjacent_days(stated, given))
            ):
                texts = Texts(ctx.lang)
                params = {"item": texts.get("origin", f"vct_{key}"), "told": show_value(stated, texts), "found": given}
                yield Finding("", key=f"{file}/{key}", case="head", params={"file": file, **params})


def _are_adjacent_days(one: str, other: str) -> bool:
    """Return True if two days are equal or consecutive.

    A package may be made around midnight, or inspected in another time zone.
    """
    try:
        days = [datetime.strptime(text, "%Y%m%d") for text in (one, other)]
    except ValueError:
        return False
    return abs(days[0] - days[1]) <= timedelta(days=1)


def _compare_fields(row: dict[str, Any], layer: LayerFact, package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Report additional fields by their number; other rules report missing ones."""
    stated = stated_field_count(layer, package)
    if stated is None or layer.fields is None or stated == len(layer.fields):
        return
    more = find_additional_fields(layer, package, ctx)
    if more or len(layer.fields) > stated:
        texts = Texts(ctx.lang)
        names = texts.get("words", "between_names").join(more)
        named = texts.get("words", "in_brackets", text=names) if more else ""
        params = {"name": row["layer"], "expected": stated, "found": len(layer.fields), "more": named}
        yield Finding("", key=row["layer"], case="fields", params=params)


def _find_unlisted(manifest: dict[str, Any], package: PackageFacts) -> Iterator[Finding]:
    """Report layers and tables of the package that the manifest does not name.

    DOC008 reports copies of a layer.
    """
    listed = {(row["file"], str(row["layer"]).upper()) for row in manifest["layers"]}
    own = {row["file"] for row in manifest["layers"]}
    own |= {file.rpartition("/")[0] for file in own if file.lower().endswith(".shp")}
    names = {name for _, name in listed}
    unread = {(one.file, one.name) for one in package.unread_layers}
    for layer in package.layers:
        upper = layer.name.upper()
        here = {(layer.file, upper), (f"{layer.file}/{layer.name}.shp", upper)}
        if layer.features < 0 or layer.file not in own or here & listed or (layer.file, layer.name) in unread:
            continue
        if upper not in names:
            params = {"name": layer.name, "file": layer.file}
            yield Finding("", key=f"{layer.file}/{layer.name}", case="more", params=params)
    for file, tables in package.hidden_tables.items():
        if file in own and tables:
            shown = ", ".join(tables[:NAMED]) + (" …" if len(tables) > NAMED else "")
            yield Finding("", key=f"{file}/tables", case="table", params={"file": file, "names": shown})


#: Tolerances of an extent in degrees and metres: a database stores shapes on a grid.
_EXTENT = {True: 1e-7, False: 0.01}


#: Items that a layer may lack, so that they are compared even if they are empty in the data.
_MAY_LACK = ("vertical", "data_year")


def _compare_values(row: dict[str, Any], layer: LayerFact, ctx: Context) -> Iterator[Finding]:
    """Compare a layer's items in the manifest, except its figures, with the data."""
    texts = Texts(ctx.lang)
    for item, stated, found in _item_pairs(row, layer, ctx):
        if stated is not None and (found or item in _MAY_LACK) and stated != found:
            if item == "geometry" and ctx.lang == "zh":
                stated, found = (GEOMETRIES.get(str(one), one) for one in (stated, found))
            yield _make_value_finding(row, item, stated, found, texts)
    stated = row.get("extent")
    if layer.extent and isinstance(stated, list) and _is_other_extent(stated, layer.extent):
        yield _make_value_finding(row, "extent", " ".join(map(str, stated)), " ".join(map(str, layer.extent)), texts)
    read = row.get("read_back")
    if isinstance(read, dict):
        yield from _compare_read_back(row, read, texts)
    if row.get("personal") == "left_out" and (names := _filled_personal_fields(row, ctx)):
        stated = texts.get("words", "left_blank")
        yield _make_value_finding(row, "personal", stated, texts.get("words", "between_names").join(names), texts)


def _filled_personal_fields(row: dict[str, Any], ctx: Context) -> list[str]:
    """Return the fields of a layer with personal data and values."""
    layer = ctx.plan.layers.get(str(row.get("role", "")))
    if layer is None:
        return []
    columns = ((declared.name, layer.named(declared.name)) for declared in layer.template.personal)
    return [name for name, values in columns if values is not None and values.notna().any()]


def _item_pairs(row: dict[str, Any], layer: LayerFact, ctx: Context) -> list[tuple[str, Any, Any]]:
    """Return item, the manifest's value and the data's."""
    package = package_facts(ctx)
    titles = layer.titles if package is not None and is_made_by_plugin(package) else ()
    template = ctx.norm.standard.templates.get(str(row.get("role", "")))
    # The header of a VCT file has a vertical datum even if its specification has none.
    heights = layer.vertical if row.get("vertical") or not layer.file.lower().endswith(".vct") else ""
    plan_layer = ctx.plan.layers.get(str(row.get("role", "")))
    # A layer with another number of rows is reported by this number.
    rows = plan_layer is not None and len(plan_layer) == layer.features
    return [
        ("data_year", row.get("data_year"), year_of(plan_layer) if rows else row.get("data_year")),
        ("crs", row.get("crs"), layer.crs),
        ("geometry", row.get("geometry"), layer.geometry),
        ("title", row.get("title"), template.name if template else ""),
        *(("title", row.get("title"), title) for title in titles),
        ("format", row.get("format"), layer.format),
        ("vertical", row.get("vertical"), heights),
    ]


def _is_other_extent(stated: list[Any], extent: tuple[float, ...]) -> bool:
    """Return True if four values are not the layer's extent; False for other lists."""
    if len(stated) != 4:
        return False
    near = _EXTENT[max(map(abs, extent)) <= 360]
    numbers = [v for v in stated if isinstance(v, int | float)]
    return len(numbers) < 4 or any(abs(a - b) > near for a, b in zip(numbers, extent, strict=True))


def _compare_read_back(row: dict[str, Any], read: dict[str, Any], texts: Texts) -> Iterator[Finding]:
    """Compare the recorded result of reading the layer again with the manifest's row."""
    if read.get("same") is False:
        stated, found = texts.get("words", "read_back_differs"), texts.get("words", "read_back_same")
        yield _make_value_finding(row, "read_back", stated, found, texts)
    counts = [{key: one.get(key, row.get(key)) for key in ("features", "fields")} for one in (read, row)]
    if counts[0] != counts[1]:
        stated, found = (texts.get("words", "features_and_fields", **one) for one in counts)
        yield _make_value_finding(row, "read_back", stated, found, texts)


def _make_value_finding(row: dict[str, Any], item: str, stated: Any, found: Any, texts: Texts) -> Finding:
    params = {"name": row["layer"], "item": texts.get("origin", item)}
    params |= {"told": show_value(stated, texts), "found": show_value(found, texts)}
    return Finding("", key=row["layer"], field=item, case="value", params=params)


def _compare_parts(manifest: dict[str, Any], package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Compare documents, maps, tables and metadata in the manifest with the package."""
    texts = Texts(ctx.lang)
    there = {file.path: file for file in package.files}
    yield from _find_missing_files(manifest, there, texts)
    yield from _compare_pixels(manifest, there, texts)
    yield from _find_missing_sheets(manifest, package, texts)
    metadata, layers = manifest.get("metadata"), len(manifest["layers"])
    if isinstance(metadata, dict) and metadata.get("layers") not in (None, layers):
        yield _make_part_finding(metadata.get("file", ""), "metadata", metadata.get("layers"), layers, texts)


def _find_missing_files(manifest: dict[str, Any], there: Container[Any], texts: Texts) -> Iterator[Finding]:
    """Report missing files of slots, maps and tables that DOC006 does not report."""
    listed = {row["path"] for row in manifest["files"]}
    for item in ("slots", "maps", "tables"):
        for row in _dicts(manifest.get(item)):
            files = row.get("files", [row.get("file")])
            for file in files if isinstance(files, list) else ():
                if file and file not in there and file not in listed:
                    yield _make_part_finding(file, item, file, texts.get("origin", "absent"), texts)


def _compare_pixels(manifest: dict[str, Any], there: dict[str, FileFact], texts: Texts) -> Iterator[Finding]:
    """Report maps of another size in pixels."""
    for row in manifest.get("maps", ()):
        file = there.get(row["file"])
        picture = file.picture if file else None
        stated = (row.get("width"), row.get("height"))
        if picture is not None and picture.whole and None not in stated and stated != (picture.width, picture.height):
            found = f"{picture.width} × {picture.height}"
            yield _make_part_finding(row["file"], "maps", f"{stated[0]} × {stated[1]}", found, texts)


def _find_missing_sheets(manifest: dict[str, Any], package: PackageFacts, texts: Texts) -> Iterator[Finding]:
    """Report workbooks that lack a sheet."""
    books = {book.file: book for book in package.workbooks if not book.problem}
    for row in _dicts(manifest.get("tables")):
        book = books.get(row.get("file", ""))
        if book is None or not isinstance(row.get("sheets"), list):
            continue
        gone = {str(sheet.get("sheet")) for sheet in _dicts(row["sheets"])} - {sheet.name for sheet in book.sheets}
        if gone:
            names = texts.get("words", "between_names").join(sorted(gone))
            yield _make_part_finding(book.file, "tables", names, texts.get("origin", "absent"), texts)


def _dicts(rows: Any) -> list[dict[str, Any]]:
    """Return the objects of a list that may have been edited; empty for other values."""
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _make_part_finding(file: Any, item: str, stated: Any, found: Any, texts: Texts) -> Finding:
    values = {"told": show_value(stated, texts), "found": show_value(found, texts)}
    params = {"file": str(file), "item": texts.get("origin", item), **values}
    return Finding("", key=str(file), field=item, case="part", params=params)


def _is_unreadable(file: str, package: PackageFacts) -> bool:
    """Return True if no layer of a data set is readable; its layers may exist."""
    seen = [one.features for one in package.layers if one.file == file]
    return bool(seen) and max(seen) < 0


def _compare_areas(row: dict[str, Any], ctx: Context) -> Iterator[Finding]:
    layer = ctx.plan.layers.get(row.get("role", ""))
    if layer is None or len(layer) != row["features"]:
        return
    if layer.source.source and PurePath(layer.source.source).name != str(row["file"]).rpartition("/")[2]:
        # The same layer of another file, which has other decimals.
        return
    for basis, stated in row.get("areas_m2", {}).items():
        if basis == "statutory":
            found, field, case = float(layer.statutory.sum()), "", "area"
        elif (meaning := AREA_FIELDS.get(basis)) and layer.has(meaning):
            found, field, case = float(np.nansum(layer.numbers(meaning))), layer.field_name(meaning), "field_area"
        else:
            continue
        if abs(found - stated) > AREA_M2 * max(len(layer), 1):
            params = {"name": row["layer"], "expected": format_number(stated, 2), "found": format_number(found, 2)}
            yield Finding(layer.role, key=row["layer"], field=field, case=case, params=params)
