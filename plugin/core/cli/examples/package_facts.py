# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts of a small complete package, changed as the example of a rule requests."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np

from ...package.inspection.dataset_comparison import DatasetComparison, FeatureSample, FieldDifference
from ...package.inspection.facts import FileFact, LayerFact, PackageFacts, UnreadLayer
from ...package.inspection.integrity import IntegrityError
from ...package.inspection.pdf import PdfFact, read_pdf
from ...package.jpeg import DecodedJpeg, has_jpeg_suffix, read_jpeg
from ...package.metadata import convert_element_to_xml, make_metadata_element
from ...package.names import make_name_matcher
from ...package.package_spec.load import load_package_spec
from ...package.package_spec.spec import PackageSpec
from ...package.slot_files import BYTES_READ_AT_EACH_END
from ...package.tables.sheets import PrintedCell, PrintedSheet, PrintedWorkbook
from ...standard import load_standard

#: Pixels of an A4 page at 300 dpi.
A4_PIXELS = (2480, 3508)
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


@cache
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


def make_pdf(words: str = "", pages: int = 30, more: bytes = b"", trailer: bytes = b"", drawn: bool = True) -> bytes:
    """Return the bytes of a small complete PDF with a line, but no words, on each of ``pages``.

    ``words``: a comment in the file; ``more``: entries of the catalogue.
    """
    parts = [b"%%PDF-1.4\n%%%s\n" % words.encode(), b"1 0 obj<</Type/Catalog/Pages 2 0 R%s>>endobj\n" % more]
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(pages))
    parts.append(b"2 0 obj<</Type/Pages/Kids[%s]/Count %d>>endobj\n" % (kids, pages))
    page = b"%d 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R>>endobj\n"
    parts += [page % (3 + n, 3 + pages) for n in range(pages)]
    line = b"72 72 m 500 72 l S" if drawn else b"q Q"
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


def make_package_facts(changes: dict[str, Any]) -> PackageFacts:
    """Return the facts of a complete package after some changes.

    Keys of ``changes``, with the type of their value:

    - files: ``drop`` (path prefixes to remove), ``add`` (path → content), ``root`` (folder name), ``empty_folders``,
      ``special`` (paths of pipes), ``links`` (paths of links), ``pdf`` (path → facts), ``decoded`` (jpg path →
      picture), ``files_outside`` (files outside the package), ``system_files`` (left beside the package);
    - layers: ``layers`` (name → feature count, None removes it), ``crs`` (name → label), ``fields`` (name → field
      names), ``vertical`` (vertical CRS that the package spec requires), ``spares`` (layers that resemble another one:
      name, role, layer used), ``comparisons`` (layers also in a VCT file, as `DatasetComparison`);
    - damage: ``faults`` (file, table and GDAL message), ``shapefile`` (error of a table, as in `IntegrityError`),
      ``broken`` (error and line of an exchange file);
    - manifest: ``manifest`` (True: of the package before the changes), ``state``, ``stated_counts`` (name → number of
      features that it states), ``areas`` (name → m², statutory or by method), ``stated_field_counts`` (name → number of
      fields), ``forced`` (verdict before a forced export), ``area`` (code and name of the county), ``secrecy``,
      ``head`` (further keys), ``row`` (name → row values), ``data_year``, ``files`` (paths listed again), ``bytes``
      (path → size);
    - digests: ``sums`` (file name → digests), ``changed_sums`` (changed digests in SHA256SUMS);
    - tables: ``tables`` (sheet → rows of printed cells), ``unread`` (reason why a
      second table cannot be read);
    - documents: ``documents`` (path → bytes, instead of metadata), ``metadata`` (changed items by layer),
      ``documents_codec`` (encoding), ``report`` and ``pages`` (path → content).
    """
    dropped = tuple(changes.get("drop", ()))
    content = {p: c for p, c in COMPLETE_PACKAGE_FILES.items() if not p.startswith(dropped)} | changes.get("add", {})
    layers = {n: c for n, c in {**FEATURE_COUNTS_BY_LAYER, **changes.get("layers", {})}.items() if c is not None}
    if not any(".gdb/" in path for path in content):
        layers = {}
    form = load_package_spec("county")
    if "vertical" in changes:
        form = replace(form, vectors=tuple(replace(v, vertical=changes["vertical"]) for v in form.vectors))
    manifest = _make_manifest(changes) if changes.get("manifest") or changes.get("head") else None
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
        problem = (key, {"source": "a.vct", "line": line, "section": "Polygon"})
        seen.append(LayerFact("1-空间数据/a.vct", "a", -1, problem=problem))
    return PackageFacts(
        root,
        form,
        code,
        name,
        _make_file_facts(content, changes),
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
        unread_layers=tuple(UnreadLayer(DATABASE, *values) for values in changes.get("spares", ())),
        empty_folders=tuple(changes.get("empty_folders", ())),
        files_outside=tuple(changes.get("files_outside", ())),
        system_files=tuple(changes.get("system_files", ())),
    )


def _make_manifest(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of the complete package; values are changed, rows repeated or resized by ``changes``."""
    counts, areas = {**FEATURE_COUNTS_BY_LAYER, **changes.get("stated_counts", {})}, changes.get("areas", {})
    manifest: dict[str, Any] = {
        "files": [{"path": p, "sha256": hashlib.sha256(c).hexdigest()} for p, c in COMPLETE_PACKAGE_FILES.items()],
        "layers": [
            {
                "layer": n,
                "role": n,
                "features": c,
                "file": DATABASE,
                **(
                    {"fields": changes["stated_field_counts"][n]} if n in changes.get("stated_field_counts", {}) else {}
                ),
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
    for key, value in changes.get("head", {}).items():
        manifest[key] = {**manifest[key], **value} if isinstance(manifest.get(key), dict) else value
    for row in manifest["layers"]:
        row |= changes.get("row", {}).get(row["layer"], {})
        row |= {"data_year": changes["data_year"]} if "data_year" in changes else {}
    rows = {row["path"]: row for row in manifest["files"]}
    for path, size in changes.get("bytes", {}).items():
        rows[path]["bytes"] = size
    manifest["files"] += [rows.get(path, {"path": path, "sha256": "0" * 64}) for path in changes.get("files", ())]
    return manifest


def _make_file_facts(content: dict[str, bytes], changes: dict[str, Any]) -> tuple[FileFact, ...]:
    """Return the facts of all files: those with content, pipes and links."""
    pdf_facts = {
        path: read_pdf(BytesIO(data))
        for path, data in content.items()
        if path.endswith(".pdf") and data.startswith(b"%PDF-")
    } | {path: PdfFact(**values) for path, values in changes.get("pdf", {}).items()}
    files = [
        FileFact(
            path,
            len(data),
            data[:64],
            hashlib.sha256(data).hexdigest(),
            read_jpeg(BytesIO(data)) if has_jpeg_suffix(path) else None,
            last_bytes=data[-BYTES_READ_AT_EACH_END:],
            pdf_fact=pdf_facts.get(path),
            decoded_jpeg=DecodedJpeg(**changes["decoded"][path]) if path in changes.get("decoded", {}) else None,
        )
        for path, data in content.items()
        if path not in changes.get("special", ())
    ]
    files += [FileFact(path, 0, is_special_file=True) for path in changes.get("special", ())]
    return (*files, *(FileFact(path, 0, is_link=True) for path in changes.get("links", ())))


def _make_comparison(role: str, **values: Any) -> DatasetComparison:
    """Return a comparison of data sets from plain lists, as rule examples have them."""
    if "unmatched" in values:
        values["unmatched_features"] = tuple(
            FeatureSample(count, tuple(names)) for count, names in values.pop("unmatched")
        )
    if "distances_m" in values:
        values |= {"distances_m": np.array(values["distances_m"]), "moved_names": tuple(values["moved_names"])}
    fields = {
        name: FieldDifference(FeatureSample(count, tuple(names)), *pair)
        for name, ((count, names), *pair) in values.pop("fields", {}).items()
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
            "layer": name, "role": name, "title": templates[name].name if name in templates else name,
            "format": "FileGDB",
            "geometry": kinds[name], "crs": changes.get("crs", {}).get(name, "EPSG:4490"), "data_year": "",
            "unit": "度" if name not in changes.get("crs", {}) else "米",
            "features": layers.get(name, 1), "extent": None,
        }
        for name in kinds if name and layers.get(name, 1) >= 0
    ]  # fmt: skip
    root = changes.get("root", "140225浑源县国土空间总体规划")
    manifest = {
        "root": root, "name": root, "made": "2026-11-20T08:00",
        "secrecy": changes.get("metadata_secrecy", "内部"), "check": {"forced": False},
        "area": {"code": (root[:6] if root[:6].isdigit() else "140225")}, "layers": rows,
    }  # fmt: skip
    root_element = make_metadata_element(manifest, package_spec)
    for element in root_element:
        items = {child.tag: child for child in element}
        own = items["名称"].text if element.tag == "数据集" else ""
        for item, text in changed.get(own or "", {}).items():
            items[package_spec.metadata.names_by_item[item]].text = text
    data = convert_element_to_xml(root_element, changes.get("documents_codec", "utf-8"))
    return {"5-元数据/140225浑源县国土空间总体规划元数据.xml": data}


def _make_workbooks(changes: dict[str, Any]) -> tuple[PrintedWorkbook, ...]:
    """Return the workbooks of the tables in ``changes``, or none."""
    sheets = tuple(make_sheet(name, rows) for name, rows in changes.get("tables", {}).items())
    unread = PrintedWorkbook(f"{TABLES_PATH_STEM}.mdb", unreadable_reason=changes.get("unread", ""))
    workbooks = [PrintedWorkbook(f"{TABLES_PATH_STEM}.xlsx", sheets)] if sheets else []
    return (*workbooks, *([unread] if "unread" in changes else []))


def make_sheet(name: str, rows: list[list[str]]) -> PrintedSheet:
    """Return a printed sheet with these texts in its cells."""
    return PrintedSheet(
        name, {(r, c): PrintedCell(text) for r, row in enumerate(rows, 1) for c, text in enumerate(row, 1) if text}
    )
