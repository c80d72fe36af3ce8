# SPDX-License-Identifier: GPL-2.0-or-later
"""Small plans, documents and facts of packages for the package tests."""

from __future__ import annotations

import hashlib
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from plugin.core.check import RunOptions
from plugin.core.loading.assembly import assemble_plan
from plugin.core.package.generator import compute_generator_digest
from plugin.core.package.inspection.dataset_comparison import DatasetComparison, FeatureSample, FieldDifference
from plugin.core.package.inspection.facts import FileFact, LayerFact, PackageFacts, UnreadLayer
from plugin.core.package.inspection.integrity import IntegrityError
from plugin.core.package.inspection.pdf import PdfFact, inspect_pdf_structure
from plugin.core.package.layers.content import PackageLayer, make_package_layers
from plugin.core.package.maps.jpeg import DecodedJpeg, has_jpeg_suffix, read_jpeg
from plugin.core.package.metadata import make_metadata_xml
from plugin.core.package.names import make_name_matcher
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.package_spec.model import LayerSlot, PackageSpec, VectorSet
from plugin.core.package.slot_files import BYTES_READ_AT_EACH_END
from plugin.core.package.tables.model import PrintedCell, PrintedSheet, PrintedWorkbook
from plugin.core.plan.plan import Plan
from plugin.core.standard import load_standard
from plugin.metadata import read_plugin_version
from tests.core.small_plan import X, Y, convert_to_source_layers, make_county_box, make_table

PARCEL_VALUES = {"DLBM": "0103", "DLMC": "旱地", "TBMJ": 10_000.0, "KCXS": 0.0, "KCMJ": 0.0, "TBDLMJ": 10_000.0}


def make_parcel_table(count: int = 3, **columns: list[Any]) -> gpd.GeoDataFrame:
    """Return a DLTB table of adjacent one-hectare squares.

    ``columns`` replace or add fields.
    """
    return make_table(
        [make_county_box(100 * n, 0) for n in range(count)],
        **{**{k: [v] * count for k, v in PARCEL_VALUES.items()}, **columns},
    )


def make_package_plan(standard: str = "", **tables: gpd.GeoDataFrame) -> Plan:
    """Return the plan of some tables by layer code, under a standard (default: the county's)."""
    return assemble_plan(convert_to_source_layers(tables), RunOptions(standard=standard).resolve_norm(), source="x")


def make_data_set_spec(
    file: str = "a.gdb", *, crs: str = "EPSG:4526", layers: Any = (), others: bool = True, **more: Any
) -> VectorSet:
    """Return the specification of one data set; ``layers`` have the values of each `LayerSlot`."""
    slots = tuple(LayerSlot(**one) for one in layers)
    return VectorSet("plan", "data", file, crs, slots, others=others, **more)


def make_content_of_single_layer(plan: Plan, spec: VectorSet, **more: Any) -> PackageLayer:
    """Return what a package contains of the only layer of a plan."""
    (content,), _ = make_package_layers(plan, spec, **more)
    return content


def make_awkward_shapes() -> gpd.GeoDataFrame:
    """Return a table of shapes that file formats may change.

    They have holes, islands, several parts, and a hole that touches its outer ring.
    """
    hole = shapely.box(X + 300, Y, X + 400, Y + 100).difference(shapely.box(X + 320, Y + 20, X + 380, Y + 80))
    island = shapely.union(hole, shapely.box(X + 340, Y + 40, X + 360, Y + 60))
    touching = shapely.Polygon(
        [(X + 500, Y), (X + 600, Y), (X + 600, Y + 100), (X + 500, Y + 100)],
        [[(X + 500, Y), (X + 540, Y + 20), (X + 520, Y + 40)]],
    )
    parts = shapely.union(make_county_box(700, 0), make_county_box(850, 0))
    turned = shapely.reverse(make_county_box(1000, 0))
    return make_table([hole, island, touching, parts, turned], **{k: [v] * 5 for k, v in PARCEL_VALUES.items()})


def list_relative_paths(folder: Path) -> set[str]:
    """Return the paths of all files and folders below a folder, with slashes."""
    return {str(p.relative_to(folder)).replace("\\", "/") for p in folder.rglob("*")}


#: Pixels of an A4 page at 300 dpi.
A4_PIXELS = (2480, 3508)


@cache
def make_exif(tag: int, kind: int, value: bytes) -> bytes:
    """Return a segment of a JPEG with one value of Exif in its first directory."""
    count = len(value) if kind in (1, 2, 7) else 1
    body = b"Exif\0\0MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHI", tag, kind, count)
    body += value.ljust(4, b"\0") + bytes(4) if len(value) <= 4 else struct.pack(">I", 26) + bytes(4) + value
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def make_jpeg(dpi: int = 300, size: tuple[int, int] = A4_PIXELS, drawn: bool = True, properties: bytes = b"") -> bytes:
    """Return the bytes of a small JPEG of this resolution and size (pixels).

    ``drawn``: blocks of two colours, else one grey; ``properties``: segments of metadata.
    """
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01" + struct.pack(">HH", dpi, dpi) + b"\x00\x00" + properties
    # One step of quantisation; codes 0 (no change) and 10 (a change of eight bits) for the level, 0 (end) for the rest.
    head += b"\xff\xdb\x00\x43\x00" + b"\x08" * 64
    head += b"\xff\xc4\x00\x15\x00" + bytes([1, 1, *[0] * 14]) + b"\x00\x08"
    head += b"\xff\xc4\x00\x14\x10" + bytes([1, *[0] * 15]) + b"\x00"
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", size[1], size[0]) + b"\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"
    blocks = -(-size[0] // 8) * -(-size[1] // 8)
    # If drawn, yellow and grey blocks alternate: a change of the level, then the end of the block, for each component.
    rise, fall, same = "10" + "10000000" + "0", "10" + "01111111" + "0", "00"
    turn = rise + fall + same + fall + rise + same
    bits = turn * (blocks // 2) + "000000" * (blocks % 2) if drawn else "000000" * blocks
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    return head + frame + scan + data + b"\xff\xd9"


def make_pdf(words: str = "", pages: int = 2, more: bytes = b"", trailer: bytes = b"", drawn: bool = True) -> bytes:
    """Return the bytes of a small complete PDF with a line on each of ``pages``.

    ``words``: a line on each page; ``more``: entries of the catalogue.
    """
    parts = [b"%%PDF-1.4\n%%%s\n" % words.encode(), b"1 0 obj<</Type/Catalog/Pages 2 0 R%s>>endobj\n" % more]
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(pages))
    parts.append(b"2 0 obj<</Type/Pages/Kids[%s]/Count %d>>endobj\n" % (kids, pages))
    page = b"%d 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R>>endobj\n"
    parts += [page % (3 + n, 3 + pages) for n in range(pages)]
    line = b"72 72 m 500 72 l S BT (%s) Tj ET" % words.encode() if drawn else b"q Q"
    parts += [b"%d 0 obj<</Length %d>>stream\n%s\nendstream\nendobj\n" % (3 + pages, len(line), line)] if pages else []
    places = [len(b"".join(parts[:n])) for n in range(1, len(parts))]
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(b"".join(parts))
    size = len(places) + 1
    parts.append(
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R%s>>\n" % (size, table, size, trailer)
    )
    return b"".join(parts) + b"startxref\n%d\n%%%%EOF\n" % start


#: A package by the county specification: path → content; of the database only one file.
COMPLETE_PACKAGE_FILES = {
    "1-空间数据/140225浑源县国土空间规划矢量数据.gdb/a00000001.gdbtable": b"x",
    "1-空间数据/140225浑源县国土空间规划矢量数据.gdb/gdb": b"x",
    "2-规划文档/140225浑源县国土空间总体规划文本.pdf": make_pdf("text"),
    "2-规划文档/140225浑源县数据库建设报告.pdf": make_pdf("made"),
    "2-规划文档/140225浑源县质量检查报告.pdf": make_pdf("checked"),
    "2-规划文档/140225浑源县质量检查记录.pdf": make_pdf("record"),
    "3-规划表格/140225浑源县国土空间规划表格.mdb": b"mdb",
    "4-规划图件/140225浑源县01三条控制线图.jpg": make_jpeg(),
}
FEATURE_COUNTS_BY_LAYER = {
    "XZQX": 1,
    "XZQXZ": 16,
    "YJJBNTBHTB": 90,
    "STBHHX": 3,
    "CZKFBJ": 18,
    "YDYHGHFQ": 56,
    "DLTB": 324,
    "LSWHBHX": 3,
}
TABLES_PATH_STEM = "3-规划表格/140225浑源县国土空间规划表格"
DATABASE = "1-空间数据/140225浑源县国土空间规划矢量数据.gdb"


SHAPEFILE_FOLDER = DATABASE.removesuffix(".gdb")


def make_package_facts(changes: dict[str, Any]) -> PackageFacts:
    """Return the facts of a complete package after some changes.

    Keys of ``changes``, with the type of their value:

    - files: ``drop`` (path prefixes to remove), ``add`` (path → content), ``root`` (folder name), ``empty_folders``,
      ``special`` (paths of pipes), ``links`` (paths of links), ``pdf`` (path → facts), ``decoded`` (jpg path → picture),
      ``archive_comments`` (text of the zip outside its files), ``files_outside`` (files outside the package),
      ``compared_maps`` (maps drawn again), ``hidden_byte_count`` (bytes between files of the zip), ``system_files`` (left beside the package);
    - layers: ``layers`` (name → feature count, None removes it), ``crs`` (name → label), ``fields`` (name → field names),
      ``vertical`` (vertical CRS that the package spec requires), ``spares`` (layers that resemble another one: name,
      role, layer used), ``comparisons`` (layers also in a VCT file, as `DatasetComparison`), ``heads`` (VCT path → header);
    - damage: ``faults`` (file, table and GDAL message), ``shapefile`` (error of a table, as in `IntegrityError`),
      ``broken`` (error and line of an exchange file), ``hidden_tables`` (of the database);
    - manifest: ``manifest`` (True: of the package before the changes), ``state``, ``told`` (name → feature count),
      ``areas`` (name → m², statutory or by method), ``told_fields`` (name → field count), ``forced`` (verdict before a
      forced export), ``area`` (code and name of the county), ``secrecy``, ``head`` (further keys), ``row`` (name → row
      values), ``data_year``, ``files`` (paths listed again), ``bytes`` (path → size), ``doubled`` (name given twice);
    - digests: ``sums`` (file name → digests), ``changed_sums`` (changed digests in SHA256SUMS);
    - tables: ``tables`` (sheet → rows of printed cells), ``hidden`` (sheet → hidden parts), ``unread`` (reason why a
      second table cannot be read);
    - documents: ``documents`` (path → bytes, instead of metadata), ``metadata`` (changed items by layer),
      ``documents_codec`` (encoding), ``report`` and ``pages`` (path → content).
    """
    dropped = tuple(changes.get("drop", ()))
    content = {
        p: c for p, c in COMPLETE_PACKAGE_FILES.items() if not dropped or not p.startswith(dropped)
    } | changes.get("add", {})
    layers = {n: c for n, c in {**FEATURE_COUNTS_BY_LAYER, **changes.get("layers", {})}.items() if c is not None}
    if not any(".gdb/" in path for path in content):
        layers = {}
    form = load_package_spec("county")
    if "vertical" in changes:
        form = replace(form, vectors=tuple(replace(v, vertical=changes["vertical"]) for v in form.vectors))
    manifest = None
    if changes.get("manifest") or changes.get("head"):
        counts, areas = {**FEATURE_COUNTS_BY_LAYER, **changes.get("told", {})}, changes.get("areas", {})
        manifest = {
            "files": [{"path": p, "sha256": hashlib.sha256(c).hexdigest()} for p, c in COMPLETE_PACKAGE_FILES.items()],
            "layers": [
                {
                    "layer": n,
                    "role": n,
                    "features": c,
                    "file": DATABASE,
                    **({"fields": changes["told_fields"][n]} if n in changes.get("told_fields", {}) else {}),
                    "areas_m2": areas[n]
                    if isinstance(areas.get(n), dict)
                    else {"statutory": areas[n]}
                    if n in areas
                    else {},
                }
                for n, c in counts.items()
            ],
            "check": {
                "verdict": changes.get("forced", "pass"),
                "forced": "forced" in changes,
                "errors": 3,
                "skipped": 0,
            },
            "secrecy": changes.get("secrecy", "内部"),
            "area": changes.get("area", {"code": "140225", "name": "浑源县"}),
        }
        _change_manifest(manifest, changes)
    root = changes.get("root", "140225浑源县国土空间总体规划")
    named = make_name_matcher(form.root, {}).fullmatch(root)
    # If the folder name does not match, file names give code and name.
    code, name = (named["code"], named["name"]) if named else ("140225", "浑源县")
    seen = [
        LayerFact(
            DATABASE, n, c, changes.get("crs", {}).get(n, "EPSG:4490"), field_names=changes.get("fields", {}).get(n)
        )
        for n, c in layers.items()
    ]
    if "broken" in changes:
        key, line = changes["broken"]
        params = {"source": "a.vct", "line": line, "section": "Polygon"}
        seen.append(LayerFact("1-空间数据/a.vct", "a", -1, problem=(key, params)))
    return PackageFacts(
        root,
        form,
        code,
        name,
        (
            *(
                FileFact(
                    p,
                    len(c),
                    c[:64],
                    hashlib.sha256(c).hexdigest(),
                    read_jpeg(BytesIO(c)) if has_jpeg_suffix(p) else None,
                    last_bytes=c[-BYTES_READ_AT_EACH_END:],
                    pdf_fact=_inspect_pdf(p, c, changes),
                    decoded_jpeg=DecodedJpeg(**changes["decoded"][p]) if p in changes.get("decoded", {}) else None,
                )
                for p, c in content.items()
                if p not in changes.get("special", ())
            ),
            *(FileFact(path, 0, is_special_file=True) for path in changes.get("special", ())),
            *(FileFact(path, 0, is_link=True) for path in changes.get("links", ())),
        ),
        tuple(seen),
        manifest,
        changes.get("state", "ok" if manifest else "missing"),
        _make_workbooks(changes),
        (changes["documents"] if "documents" in changes else _make_metadata(changes, form, layers))
        | changes.get("report", {})
        | changes.get("pages", {}),
        digest_lists=changes.get("sums", {})
        | (
            {
                "SHA256SUMS": {p: hashlib.sha256(c).hexdigest() for p, c in COMPLETE_PACKAGE_FILES.items()}
                | changes["changed_sums"]
            }
            if "changed_sums" in changes
            else {}
        ),
        integrity_errors=(
            *(IntegrityError(DATABASE, f"{DATABASE}/{part}", *more) for part, *more in changes.get("faults", ())),
            *(
                IntegrityError(SHAPEFILE_FOLDER, f"{SHAPEFILE_FOLDER}/DLTB.dbf", "DLTB", **changes[key])
                for key in ("shapefile",)
                if key in changes
            ),
        ),
        dataset_comparisons=tuple(_make_comparison(**values) for values in changes.get("comparisons", ())),
        hidden_tables={DATABASE: tuple(changes["hidden_tables"])} if "hidden_tables" in changes else {},
        unread_layers=tuple(UnreadLayer(DATABASE, *values) for values in changes.get("spares", ())),
        duplicate_manifest_name=changes.get("doubled", ""),
        empty_folders=tuple(changes.get("empty_folders", ())),
        vct_headers=changes.get("heads", {}),
        archive_comments=changes.get("archive_comments", ""),
        files_outside=tuple(changes.get("files_outside", ())),
        hidden_byte_count=changes.get("hidden_byte_count", 0),
        system_files=tuple(changes.get("system_files", ())),
        compare_maps=(lambda package, plan: tuple(changes["compared_maps"])) if "compared_maps" in changes else None,
    )


def _change_manifest(manifest: dict[str, Any], changes: dict[str, Any]) -> None:
    """Change manifest values, and repeat or resize rows, as ``changes`` requests."""
    for key, value in changes.get("head", {}).items():
        manifest[key] = {**manifest[key], **value} if isinstance(manifest.get(key), dict) else value
    tool = manifest.get("tool", {})
    if tool.get("generator") == "own":
        manifest["tool"] = {
            **tool,
            "versions": {"sanxian": read_plugin_version()},
            "generator": compute_generator_digest(),
        }
    for row in manifest["layers"]:
        row |= changes.get("row", {}).get(row["layer"], {})
        row |= {"data_year": changes["data_year"]} if "data_year" in changes else {}
    rows = {row["path"]: row for row in manifest["files"]}
    for path, size in changes.get("bytes", {}).items():
        rows[path]["bytes"] = size
    for path in changes.get("files", ()):
        manifest["files"].append(rows.get(path, {"path": path, "sha256": "0" * 64}))


def _inspect_pdf(path: str, content: bytes, changes: dict[str, Any]) -> PdfFact | None:
    if path in changes.get("pdf", {}):
        return PdfFact(**changes["pdf"][path])
    return inspect_pdf_structure(content) if path.endswith(".pdf") and content.startswith(b"%PDF-") else None


def _make_comparison(role: str, **values: Any) -> DatasetComparison:
    """Return a comparison of data sets from plain lists, as rule examples have them."""
    if "unmatched" in values:
        values["unmatched_features"] = tuple(
            FeatureSample(count, tuple(names)) for count, names in values.pop("unmatched")
        )
    if "distances_m" in values:
        values |= {"distances_m": np.array(values["distances_m"]), "moved_names": tuple(values["moved_names"])}
    rows = values.pop("fields", {})
    fields = {
        name: FieldDifference(FeatureSample(count, tuple(names)), *pair)
        for name, ((count, names), *pair) in rows.items()
    }
    values["missing_fields"] = tuple(tuple(names) for names in values.get("missing_fields", ((), ())))
    return DatasetComparison(
        role, role, DATABASE, DATABASE.replace(".gdb", ".vct"), differences_by_field=fields, **values
    )


def _make_metadata(changes: dict[str, Any], package_spec: PackageSpec, layers: dict[str, int]) -> dict[str, bytes]:
    """Return the metadata files of these layers.

    ``metadata`` in ``changes`` has changed items by layer ("" for the package), ``metadata_secrecy`` the level of all.
    """
    changed = changes.get("metadata", {})
    templates = load_standard("county_db").templates
    kinds = {name: templates[name].geometry if name in templates else "polygon" for name in {**layers, **changed}}
    rows = [
        {
            "layer": name, "role": name, "title": templates[name].name if name in templates else name, "format": "FileGDB",
            "geometry": kinds[name], "crs": changes.get("crs", {}).get(name, "EPSG:4490"), "data_year": "",
            "unit": "度" if name not in changes.get("crs", {}) else "米", "features": layers.get(name, 1), "extent": None,
        }
        for name in kinds if name and layers.get(name, 1) >= 0
    ]  # fmt: skip
    root = changes.get("root", "140225浑源县国土空间总体规划")
    code = root[:6] if root[:6].isdigit() else "140225"
    manifest = {
        "root": root, "name": root, "made": "2026-11-20T08:00",
        "secrecy": changes.get("metadata_secrecy", "内部"), "check": {"forced": False},
        "area": {"code": code}, "layers": rows,
    }  # fmt: skip
    root_element = ET.fromstring(make_metadata_xml(manifest, package_spec))
    for element in root_element:
        items = {child.tag: child for child in element}
        own = items["名称"].text if element.tag == "数据集" else ""
        for item, text in changed.get(own, {}).items():
            items[package_spec.metadata.names_by_item[item]].text = text
    codec = changes.get("documents_codec", "utf-8")
    text = ET.tostring(root_element, encoding="unicode")
    data = f'<?xml version="1.0" encoding="{codec}"?>\n{text}'.encode(codec)
    return {"5-元数据/140225浑源县国土空间总体规划元数据.xml": data}


def _make_workbooks(changes: dict[str, Any]) -> tuple[PrintedWorkbook, ...]:
    """Return the workbooks of the tables in ``changes``, or none."""
    found = []
    if changes.get("tables"):
        unseen = changes.get("hidden", {})
        sheets = tuple(
            replace(make_sheet(name, rows), hidden_content_kinds=tuple(unseen.get(name, ())))
            for name, rows in changes["tables"].items()
        )
        found.append(PrintedWorkbook(f"{TABLES_PATH_STEM}.xlsx", sheets))
    if "unread" in changes:
        found.append(PrintedWorkbook(f"{TABLES_PATH_STEM}.mdb", unreadable_reason=changes["unread"]))
    return tuple(found)


def make_sheet(name: str, rows: list[list[str]]) -> PrintedSheet:
    """Return a printed sheet with these texts in its cells."""
    cells = {(r, c): PrintedCell(text) for r, row in enumerate(rows, 1) for c, text in enumerate(row, 1) if text}
    return PrintedSheet(name, cells)


def write_county_and_documents(folder: Path) -> tuple[Path, Path]:
    """Write a valid county and its documents; return data file and document folder."""
    from tests.county import make_county
    from tests.county.write import write_geopackage

    source, documents = folder / "county.gpkg", folder / "文档"
    write_geopackage(source, make_county(300, defects=False)[0])
    documents.mkdir()
    for path, content in COMPLETE_PACKAGE_FILES.items():
        if ".gdb" not in path:
            (documents / path.rpartition("/")[2]).write_bytes(content)
    return source, documents


def export_complete_package(folder: Path, **options: Any) -> Path:
    """Export a package of a valid county with documents, tables and a map.

    Return the package path.
    """
    from plugin.core.check import check_plan
    from plugin.core.package.export import ExportOrder, export_package

    source, documents = write_county_and_documents(folder)
    checked = check_plan(source, RunOptions(**options))
    return export_package(checked, ExportOrder(load_package_spec("county"), folder / "结果", documents)).path
