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

#: Made by this very version.
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
        "features": "The manifest says layer {name} has {expected} features; it has {found}. Make the package anew.",
        "lost": "The manifest names layer {name} in “{file}”, which is not there. Make the package anew.",
        "more": "Layer {name} in “{file}” is not in the manifest: it was added afterwards. Take it out, or make the package anew.",
        "table": "“{file}” has tables that are no layers, hidden ones among them: {names}. A package of ours has none; take them out.",
        "value": "The manifest says {item} of layer {name} is “{told}”; it is “{found}”. Make the package anew.",
        "form": "“{file}” says these parts of the form were read nowhere (mark C): {told}; the form has {found}. Make the package anew.",
        "untold": "The package lacks “{file}”, and the manifest does not say so under what is to be known. Make the package anew.",
        "drawn": "The manifest says the plugin made the map “{file}”, and names no QGIS, without which it makes none. Make the package anew.",
        "head": "The header of “{file}” says {item} “{told}”; by the manifest it is “{found}”. Make the package anew.",
        "keys": "“{file}” has keys that the manifest of no package has: {keys}. Somebody put them in; make the package anew.",
        "part": "The manifest names “{file}” under {item}, and it is not there, or is other than the manifest says ({told}; found {found}). Make the package anew.",
        "fields": "The manifest says layer {name} has {expected} fields; it has {found}{more}. Take out what was put in, or make the package anew.",
        "area": "The manifest says layer {name} has {expected} m²; it has {found} m² (statutory). Make the package anew.",
        "field_area": "The manifest says the areas in field {field} of layer {name} add up to {expected} m²; they add up to {found} m². Put the values back, or make the package anew.",
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
    """What the manifest says of the layers is what they hold.

    What it checks
        What reading the layers again came to, parts of the form that nobody verified, what is lacking and not told (tables too), fields that tell of persons and should be blank, maps made without QGIS, date and scale of VCT headers. Keys that the schema of the manifest does not have. Layers, tables, maps and documents that the manifest names are those that are there, and no others; CRS, geometry, extent and title of layers, pixels of maps. Number of features and fields, statutory area, and the sums of the area fields (survey, net, declared) of every layer that the manifest names, against the data.
    Why
        The manifest is read by people who do not open the data.
    How to fix
        Make the package anew with export_package.
    Limits
        A layer that cannot be read is DOC008's, a field that is gone SCH002's and SCH008's. Areas are compared for the layers that the check looked at, to 0.01 m² a feature. Packages of other software have no manifest of ours.
    """
    return inspect_facts(ctx, _compare)


#: How far an area may be from the manifest's, in m² a feature.
AREA_M2 = 0.01


def _compare(package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    there: dict[str | tuple[str, str], LayerFact] = {}
    unread: set[tuple[str, str]] = set()
    for one in package.layers:
        if one.features >= 0:
            # A layer may be in a database and in an exchange file; where neither has the file's name, the first is meant.
            there[one.file, one.name.upper()] = one
            # The manifest names each shapefile, the folder holds them all.
            there[f"{one.file}/{one.name}.shp", one.name.upper()] = one
            there.setdefault(one.name.upper(), one)
        else:
            unread.add((one.file, one.name.upper()))
    for row in package.manifest["layers"] if package.manifest else []:
        upper = str(row["layer"]).upper()
        layer = there.get((row["file"], upper)) or there.get(upper)
        name = {"name": row["layer"], "file": row["file"]}
        if layer is None:
            if (row["file"], upper) not in unread and not _nothing_of(row["file"], package):
                yield Finding("", key=row["layer"], case="lost", params=name)
            continue
        if layer.features != row["features"]:
            counts = {"expected": row["features"], "found": layer.features}
            yield Finding("", key=row["layer"], case="features", params={**name, **counts})
        yield from _fields(row, layer, package, ctx)
        yield from _values(row, layer, ctx)
        yield from _areas(row, ctx)
    if package.manifest:
        yield from _keys(package.manifest, package)
        yield from _not_listed(package.manifest, package)
        yield from _parts(package.manifest, package, ctx)
        if is_made_by_plugin(package):
            yield from _of_form(package.manifest, package, ctx)
            yield from _drawn(package.manifest)
            yield from _heads(package.manifest, package, ctx)


def _keys(manifest: dict[str, Any], package: PackageFacts) -> Iterator[Finding]:
    """Report keys outside the schema; another version of the plugin may have written some."""
    if found := unknown_keys(manifest, MANIFEST_SCHEMA):
        severity = Severity.WARNING if is_of_other_version(package) else None
        yield Finding("", key=MANIFEST, case="keys", severity=severity, params={"file": MANIFEST, "keys": found})


#: Reasons that a package has no tables, as keys of its problems.
_NO_TABLES = {"tables_no_openpyxl", "tables_not_made"}


def _of_form(manifest: dict[str, Any], package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """What of the form nobody verified, and what the package lacks by it: a manifest says both. Another version may know more."""
    if is_of_other_version(package):
        return
    form, between = manifest.get("form"), Texts(ctx.lang).get("words", "between_names")
    told = form.get("unverified") if isinstance(form, dict) and form.get("id") == package.package_spec.id else None
    if isinstance(told, list) and sorted(map(str, told)) != package.package_spec.unverified:
        names = [between.join(map(str, one)) for one in (told, package.package_spec.unverified)]
        said = {"told": show_value(names[0], Texts(ctx.lang)), "found": show_value(names[1], Texts(ctx.lang))}
        yield Finding("", key=f"{MANIFEST}/form", case="form", params={"file": MANIFEST, **said})
    rows, problems = manifest.get("slots"), manifest.get("problems")
    if not isinstance(rows, list) or not isinstance(problems, list):
        return
    own = package.package_spec.tables
    reasons = {one.get("key") for one in problems if isinstance(one, dict)}
    if own is not None and not manifest.get("tables") and not reasons & _NO_TABLES:
        yield make_file_finding(f"{package.expected(own.folder, own.file)}.xlsx", "untold")
    told_of = "\n".join(str(one.get("message")) for one in problems if isinstance(one, dict))
    for row in rows:
        lacking = isinstance(row, dict) and row.get("need") != "O" and row.get("kind") != "map" and not row.get("files")
        if lacking and str(row.get("pattern")) not in told_of and str(row.get("title")) not in told_of:
            yield make_file_finding(str(row.get("pattern")), "untold")


def _drawn(manifest: dict[str, Any]) -> Iterator[Finding]:
    """Maps that the plugin is said to have made, where the manifest names no QGIS: nothing else makes them."""
    tool = manifest.get("tool")
    versions = tool.get("versions") if isinstance(tool, dict) else None
    for row in manifest.get("maps", ()):
        if row.get("origin") == "made" and isinstance(versions, dict) and "qgis" not in versions:
            yield make_file_finding(row["file"], "drawn")


def _heads(manifest: dict[str, Any], package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Date and scale in the header of a VCT file, which no reading asks for."""
    made = str(manifest.get("made"))[:10].replace("-", "")
    scale = "" if is_of_other_version(package) else str(load_settings().map_scale)
    listed = {row["file"] for row in manifest["layers"]}
    for file, head in package.heads.items():
        for key, given in (("date", made), ("mapscale", scale)):
            told = head.get(key, "")
            if file in listed and given and told != given and not (key == "date" and _near(told, given)):
                texts = Texts(ctx.lang)
                said = {"item": texts.get("origin", f"vct_{key}"), "told": show_value(told, texts), "found": given}
                yield Finding("", key=f"{file}/{key}", case="head", params={"file": file, **said})


def _near(one: str, other: str) -> bool:
    """Are two days next to each other? A package may be made around midnight, or looked at in another zone."""
    try:
        days = [datetime.strptime(text, "%Y%m%d") for text in (one, other)]
    except ValueError:
        return False
    return abs(days[0] - days[1]) <= timedelta(days=1)


def _fields(row: dict[str, Any], layer: LayerFact, package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """A number of fields other than the manifest's, where any was put in: of one that is gone, others tell."""
    told = stated_field_count(layer, package)
    if told is None or layer.fields is None or told == len(layer.fields):
        return
    more = find_additional_fields(layer, package, ctx)
    if more or len(layer.fields) > told:
        texts = Texts(ctx.lang)
        names = texts.get("words", "between_names").join(more)
        said = texts.get("words", "in_brackets", text=names) if more else ""
        params = {"name": row["layer"], "expected": told, "found": len(layer.fields), "more": said}
        yield Finding("", key=row["layer"], case="fields", params=params)


def _not_listed(manifest: dict[str, Any], package: PackageFacts) -> Iterator[Finding]:
    """Report layers and tables of the package that the manifest does not name; DOC008 reports copies of a layer."""
    listed = {(row["file"], str(row["layer"]).upper()) for row in manifest["layers"]}
    own = {row["file"] for row in manifest["layers"]}
    own |= {file.rpartition("/")[0] for file in own if file.lower().endswith(".shp")}
    names = {name for _, name in listed}
    spares = {(spare.file, spare.name) for spare in package.unread_layers}
    for layer in package.layers:
        upper = layer.name.upper()
        here = {(layer.file, upper), (f"{layer.file}/{layer.name}.shp", upper)}
        if layer.features < 0 or layer.file not in own or here & listed or (layer.file, layer.name) in spares:
            continue
        if upper not in names:
            params = {"name": layer.name, "file": layer.file}
            yield Finding("", key=f"{layer.file}/{layer.name}", case="more", params=params)
    for file, tables in package.hidden_tables.items():
        if file in own and tables:
            shown = ", ".join(tables[:NAMED]) + (" …" if len(tables) > NAMED else "")
            yield Finding("", key=f"{file}/tables", case="table", params={"file": file, "names": shown})


#: Degrees and metres by which an extent may be off: a database keeps shapes on a grid.
_EXTENT = {True: 1e-7, False: 0.01}


#: Items that a layer may lack; the manifest then has none either.
_MAY_LACK = ("vertical", "data_year")


def _values(row: dict[str, Any], layer: LayerFact, ctx: Context) -> Iterator[Finding]:
    """Compare a layer's items in the manifest, except its figures, with the data."""
    texts = Texts(ctx.lang)
    for item, told, found in _item_pairs(row, layer, ctx):
        if told is not None and (found or item in _MAY_LACK) and told != found:
            if item == "geometry" and ctx.lang == "zh":
                told, found = (GEOMETRIES.get(str(one), one) for one in (told, found))
            yield _value(row, item, told, found, texts)
    told = row.get("extent")
    if layer.extent and isinstance(told, list) and _is_other_extent(told, layer.extent):
        yield _value(row, "extent", " ".join(map(str, told)), " ".join(map(str, layer.extent)), texts)
    read = row.get("read_back")
    if isinstance(read, dict):
        yield from _read_back(row, read, texts)
    if row.get("personal") == "left_out" and (names := _personal(row, ctx)):
        told = texts.get("words", "left_blank")
        yield _value(row, "personal", told, texts.get("words", "between_names").join(names), texts)


def _personal(row: dict[str, Any], ctx: Context) -> list[str]:
    """Return the fields of a layer that tell of persons and have values."""
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
    # The header of a VCT file names a datum of heights also where its form asks for none.
    heights = layer.vertical if row.get("vertical") or not layer.file.lower().endswith(".vct") else ""
    drawn = ctx.plan.layers.get(str(row.get("role", "")))
    # A layer with other rows is reported by their number.
    rows = drawn is not None and len(drawn) == layer.features
    return [
        ("data_year", row.get("data_year"), year_of(drawn) if rows else row.get("data_year")),
        ("crs", row.get("crs"), layer.crs),
        ("geometry", row.get("geometry"), layer.geometry),
        ("title", row.get("title"), template.name if template else ""),
        *(("title", row.get("title"), title) for title in titles),
        ("format", row.get("format"), layer.format),
        ("vertical", row.get("vertical"), heights),
    ]


def _is_other_extent(told: list[Any], extent: tuple[float, ...]) -> bool:
    """Return True if four values are not the extent of the layer; False for fewer or more values."""
    if len(told) != 4:
        return False
    near = _EXTENT[max(map(abs, extent)) <= 360]
    numbers = [v for v in told if isinstance(v, int | float)]
    return len(numbers) < 4 or any(abs(a - b) > near for a, b in zip(numbers, extent, strict=True))


def _read_back(row: dict[str, Any], read: dict[str, Any], texts: Texts) -> Iterator[Finding]:
    """Compare what reading the layer again came to with what was written."""
    if read.get("same") is False:
        told, found = texts.get("words", "read_back_differs"), texts.get("words", "read_back_same")
        yield _value(row, "read_back", told, found, texts)
    counts = [{key: one.get(key, row.get(key)) for key in ("features", "fields")} for one in (read, row)]
    if counts[0] != counts[1]:
        told, found = (texts.get("words", "features_and_fields", **one) for one in counts)
        yield _value(row, "read_back", told, found, texts)


def _value(row: dict[str, Any], item: str, told: Any, found: Any, texts: Texts) -> Finding:
    said = {"name": row["layer"], "item": texts.get("origin", item)}
    said |= {"told": show_value(told, texts), "found": show_value(found, texts)}
    return Finding("", key=row["layer"], field=item, case="value", params=said)


def _parts(manifest: dict[str, Any], package: PackageFacts, ctx: Context) -> Iterator[Finding]:
    """Compare documents, maps, tables and metadata that the manifest names with the package."""
    texts = Texts(ctx.lang)
    there = {file.path: file for file in package.files}
    yield from _absent_files(manifest, there, texts)
    yield from _other_pixels(manifest, there, texts)
    yield from _absent_sheets(manifest, package, texts)
    metadata, layers = manifest.get("metadata"), len(manifest["layers"])
    if isinstance(metadata, dict) and metadata.get("layers") not in (None, layers):
        yield _part(metadata.get("file", ""), "metadata", metadata.get("layers"), layers, texts)


def _absent_files(manifest: dict[str, Any], there: Container[Any], texts: Texts) -> Iterator[Finding]:
    """Report files of slots, maps and tables that are missing; DOC006 reports one that the list of files names too."""
    listed = {row["path"] for row in manifest["files"]}
    for item in ("slots", "maps", "tables"):
        for row in _dicts(manifest.get(item)):
            files = row.get("files", [row.get("file")])
            for file in files if isinstance(files, list) else ():
                if file and file not in there and file not in listed:
                    yield _part(file, item, file, texts.get("origin", "absent"), texts)


def _other_pixels(manifest: dict[str, Any], there: dict[str, FileFact], texts: Texts) -> Iterator[Finding]:
    """Report maps of another size in pixels."""
    for row in manifest.get("maps", ()):
        file = there.get(row["file"])
        picture = file.picture if file else None
        told = (row.get("width"), row.get("height"))
        if picture is not None and picture.whole and None not in told and told != (picture.width, picture.height):
            found = f"{picture.width} × {picture.height}"
            yield _part(row["file"], "maps", f"{told[0]} × {told[1]}", found, texts)


def _absent_sheets(manifest: dict[str, Any], package: PackageFacts, texts: Texts) -> Iterator[Finding]:
    """Report workbooks that lack a sheet."""
    books = {book.file: book for book in package.workbooks if not book.problem}
    for row in _dicts(manifest.get("tables")):
        book = books.get(row.get("file", ""))
        if book is None or not isinstance(row.get("sheets"), list):
            continue
        gone = {str(sheet.get("sheet")) for sheet in _dicts(row["sheets"])} - {sheet.name for sheet in book.sheets}
        if gone:
            names = texts.get("words", "between_names").join(sorted(gone))
            yield _part(book.file, "tables", names, texts.get("origin", "absent"), texts)


def _dicts(rows: Any) -> list[dict[str, Any]]:
    """Return the objects of a list that somebody may have edited; empty for anything else."""
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _part(file: Any, item: str, told: Any, found: Any, texts: Texts) -> Finding:
    values = {"told": show_value(told, texts), "found": show_value(found, texts)}
    params = {"file": str(file), "item": texts.get("origin", item), **values}
    return Finding("", key=str(file), field=item, case="part", params=params)


def _nothing_of(file: str, package: PackageFacts) -> bool:
    """Is there a data set of which no layer can be read? Then none is known to be lost."""
    seen = [one.features for one in package.layers if one.file == file]
    return bool(seen) and max(seen) < 0


def _areas(row: dict[str, Any], ctx: Context) -> Iterator[Finding]:
    layer = ctx.plan.layers.get(row.get("role", ""))
    if layer is None or len(layer) != row["features"]:
        return
    if layer.source.source and PurePath(layer.source.source).name != str(row["file"]).rpartition("/")[2]:
        # The same layer of another file, with digits of its own.
        return
    for basis, told in row.get("areas_m2", {}).items():
        if basis == "statutory":
            found, field, case = float(layer.statutory.sum()), "", "area"
        elif (meaning := AREA_FIELDS.get(basis)) and layer.has(meaning):
            found, field, case = float(np.nansum(layer.numbers(meaning))), layer.field_name(meaning), "field_area"
        else:
            continue
        if abs(found - told) > AREA_M2 * max(len(layer), 1):
            params = {"name": row["layer"], "expected": format_number(told, 2), "found": format_number(found, 2)}
            yield Finding(layer.role, key=row["layer"], field=field, case=case, params=params)
