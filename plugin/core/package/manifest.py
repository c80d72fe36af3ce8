# SPDX-License-Identifier: GPL-2.0-or-later
"""The manifest of a package (成果清单), its files with sizes and digests, its origin; and its page.

It contains no user name and no path of this machine. Its page (HTML) shows it with the maps of the package. A digest
of the files from which the plugin makes pages and tables shows whether two builds of one development version (-dev)
make the same pages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ...paths import REPORT_TEMPLATES_FOLDER, STANDARDS_FOLDER, TEXTS_FOLDER
from ..base.errors import NEVER_CANCELLED, Cancellation
from ..base.files.digests import (
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    MANIFEST_SCHEMA,
    compute_sha256,
    iterate_files_below,
    write_digest_list,
)
from ..engine.provenance import collect_versions
from ..render.words import ReportTexts, fill_template
from ..standard.messages.texts import Texts, format_number
from .metadata import DEGREES_UNIT
from .package_spec.spec import PackageSpec
from .problems import ExportProblem

if TYPE_CHECKING:
    from ..checks.check import CheckResult
    from ..standard.profile.document import ResolvedDocument
    from .slot_files import FilledSlot


_CORE_FOLDER = Path(__file__).resolve().parent.parent
#: Code that fills the templates and lays out the tables.
_PYTHON_FOLDERS = (_CORE_FOLDER / "render", _CORE_FOLDER / "figures" / "indicators")
_SINGLE_MODULES = (
    "engine/provenance.py",
    "standard/messages/texts.py",
    "model/indicator.py",
    "model/findings.py",
    "package/manifest.py",
    "standard/indicator_catalogue.py",
    "checks/tabulate.py",
)
#: Bases of areas, in the order of the columns.
AREA_BASES = ("statutory", "survey", "net", "declared")


@cache
def compute_generator_digest() -> str:
    """Return the SHA-256 of the files that determine pages and tables.

    These are templates, texts, standards (names and citations) and the code that fills them.
    """
    paths = [p for p in REPORT_TEMPLATES_FOLDER.iterdir() if p.suffix in (".j2", ".css")]
    paths += [*TEXTS_FOLDER.glob("*.toml"), *STANDARDS_FOLDER.glob("*/standard.toml")]
    paths += [p for folder in _PYTHON_FOLDERS for p in folder.rglob("*.py")]
    paths += [_CORE_FOLDER / module for module in _SINGLE_MODULES]
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.as_posix()):
        # Line ends of a copy do not change the pages.
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def make_manifest_head(
    check_result: CheckResult,
    package_spec: PackageSpec,
    placeholder_values: dict[str, str],
    folder_name: str,
    document: ResolvedDocument,
    is_forced: bool,
) -> dict[str, Any]:
    """Return the items of the manifest that describe the whole package.

    ``folder_name``: name of the package; ``is_forced``: the package is made although the check failed or a required
    file is missing.
    """
    report, norm = check_result.report, check_result.plan.norm
    summary = report.summary
    counts = ("verdict", "errors", "warnings", "waived", "skipped", "crashed", "left_out", "unconfirmed")
    return {
        "schema": MANIFEST_SCHEMA,
        "root": folder_name,
        "name": folder_name,
        "form": {
            "id": package_spec.id,
            "name": package_spec.name,
            "source": package_spec.source,
            "unverified": package_spec.unverified_keys,
        },
        "secrecy": document.document_info.secrecy,
        "document": {key: value for key, value in document.to_dict().items() if key != "secrecy"},
        "area": {"code": placeholder_values["code"], "name": placeholder_values["name"]},
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "tool": {
            "name": "sanxian",
            "versions": {**collect_versions(), **report.provenance.get("versions", {})},
            "generator": compute_generator_digest(),
        },
        "standard": {"id": norm.standard.id, "edition": norm.standard.edition, "name": norm.standard.name},
        "profile": {"id": norm.profile.id, "name": norm.profile.name},
        "check": {
            **{key: summary[key] for key in counts},
            "forced": is_forced,
            "findings": len(report.findings),
            "scope": check_result.plan.scope,
        },
    }


def make_slot_rows(filled_slots: Iterable[FilledSlot], package_spec: PackageSpec) -> list[dict[str, Any]]:
    """Return the manifest's rows of documents, maps and tables, with the files of each."""
    return [
        {
            "kind": filled_slot.slot.kind,
            "id": filled_slot.slot.id,
            "title": filled_slot.slot.title,
            "need": filled_slot.slot.need,
            "pattern": filled_slot.file_name,
            "files": [
                package_spec.get_file_path(filled_slot.slot.folder, path.name) for path in filled_slot.file_paths
            ],
        }
        for filled_slot in filled_slots
    ]


def write_manifest(
    folder: Path,
    manifest: dict[str, Any],
    problems: Iterable[ExportProblem],
    lang: str,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> dict[str, Any]:
    """Add all files of a folder to the manifest.

    Write it as page (HTML) and as data (JSON), with digests.

    Returns
    -------
    dict
        The manifest as written.
    """
    texts = Texts(lang)
    written_manifest = {**manifest, "problems": [p.to_dict(texts) for p in problems]}
    written_manifest["files"] = [_make_file_row(name, path, cancellation) for name, path in iterate_files_below(folder)]
    (folder / MANIFEST_PAGE_FILE_NAME).write_text(
        render_manifest_page(written_manifest, lang), encoding="utf-8", newline="\n"
    )
    written_manifest["files"].append(
        _make_file_row(MANIFEST_PAGE_FILE_NAME, folder / MANIFEST_PAGE_FILE_NAME, cancellation)
    )
    text = json.dumps(written_manifest, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / MANIFEST_FILE_NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
    write_digest_list(folder, ((row["path"], row["sha256"]) for row in written_manifest["files"]))
    return written_manifest


def _make_file_row(name: str, path: Path, cancellation: Cancellation) -> dict[str, Any]:
    """Return the manifest's row of a file: path, size in bytes, SHA-256."""
    return {"path": name, "bytes": path.stat().st_size, "sha256": compute_sha256(path, cancellation)}


def format_map_rows(maps: Iterable[dict[str, Any]], report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return the maps that exist as rows of the page's table of maps."""
    return [
        {
            "number": row["number"],
            "title": row["title"],
            "origin": report_texts.get("package", f"map_{row['origin']}"),
            "pixels": f"{row['width']} × {row['height']}",
            "dpi": format_number(row["dpi"], 0) if row["dpi"] else "—",
            "scale": f"1:{format_number(row['scale'], 0)}" if row["scale"] else "—",
            "crs": row["crs"] or "—",
            "file": row["file"],
        }
        for row in maps
        if row["file"]
    ]


def find_slots_not_in_map_table(slots: list[dict[str, Any]], maps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the slots that the package page lists apart from its table of maps.

    ``maps``: the rows of that table. If a row has a file, these are the documents, the tables, and the required maps
    without a row; if none has, all slots without a row.
    """
    listed_slot_ids = {row["slot"] for row in maps}
    if not any(row["file"] for row in maps):
        return [row for row in slots if row["id"] not in listed_slot_ids]
    return [row for row in slots if row["kind"] != "map" or (row["need"] == "M" and row["id"] not in listed_slot_ids)]


def render_manifest_page(manifest: dict[str, Any], lang: str) -> str:
    """Return a manifest's page as self-contained HTML; all values are escaped."""
    report_texts, texts = ReportTexts(lang), Texts(lang)
    check = manifest["check"]
    bases = [b for b in AREA_BASES if any(b in layer["areas_m2"] for layer in manifest["layers"])]
    gate = {
        "verdict": texts.get("verdicts", check["verdict"]),
        **{k: check[k] for k in ("errors", "warnings", "skipped")},
    }
    versions, metadata = manifest["tool"]["versions"], manifest.get("metadata")
    facts = [
        (report_texts.get("package", "area"), f"{manifest['area']['name']} {manifest['area']['code']}"),
        (report_texts.get("package", "secrecy"), manifest["secrecy"]),
        # Packages of earlier versions have no document information.
        *(
            (report_texts.get("document", key), manifest.get("document", {}).get(key, ""))
            for key in ("compiler", "cartographer", "date", "map_approval")
        ),
        (report_texts.get("package", "form"), manifest["form"]["name"]),
        (report_texts.get("package", "standard"), f"{manifest['standard']['name']} {manifest['standard']['edition']}"),
        (report_texts.get("package", "profile"), manifest["profile"]["name"]),
        # Packages of earlier versions have no scope.
        (report_texts.get("head", "scope"), report_texts.get_text_or_key("scope", manifest["check"].get("scope", ""))),
        (report_texts.get("package", "made"), manifest["made"].replace("T", " ")[:16]),
        (report_texts.get("package", "tool"), f"{report_texts.get('page', 'product')} {versions['sanxian']}"),
    ]
    return fill_template(
        "package.html.j2",
        {
            "w": report_texts,
            "lang": {"zh": "zh-CN"}.get(lang, lang),
            "m": manifest,
            "facts": [(name, text) for name, text in facts if text.strip()],
            "verdict": report_texts.get("package", "check", **gate),
            "forced": report_texts.get("package", "forced", **gate) if check["forced"] else "",
            "bases": [report_texts.get("package", f"area_{b}") for b in bases],
            "layers": _make_layer_rows(manifest["layers"], bases, report_texts),
            "slots": [
                {
                    **row,
                    "need": report_texts.get("package", f"need_{row['need']}"),
                    "count": len(row["files"]),
                    "there": _describe_slot(row, manifest["files"], report_texts),
                }
                for row in find_slots_not_in_map_table(manifest["slots"], manifest["maps"])
            ],
            "maps": format_map_rows(manifest["maps"], report_texts),
            "tables": [_format_workbook(row, report_texts) for row in manifest.get("tables", ())],
            "metadata": report_texts.get("package", "metadata", **metadata) if metadata else "",
            "files": _group_files_of_geodatabases(manifest["files"]),
            "total": format_number(sum(f["bytes"] for f in manifest["files"]), 0),
            "problems": manifest["problems"],
            "unverified": report_texts.join_parts(
                report_texts.get_text_or_key("form_key", key) for key in manifest["form"]["unverified"]
            ),
        },
    )


def _describe_slot(row: dict[str, Any], files: list[dict[str, Any]], report_texts: ReportTexts) -> str:
    """Return the number of files of a slot; without one, the other formats in which the package has that file."""
    if row["files"]:
        return report_texts.get("package", "there", count=len(row["files"]))
    wanted = PurePosixPath(row["pattern"])
    paths = (PurePosixPath(one["path"]) for one in files)
    formats = sorted({one.suffix[1:] for one in paths if one.stem == wanted.stem and one.suffix != wanted.suffix})
    params = {"wanted": wanted.suffix[1:], "formats": report_texts.join_parts(formats)}
    return report_texts.get("package", "other_format" if formats else "not_there", **params)


def _make_layer_rows(rows: list[dict[str, Any]], bases: list[str], report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return the layers as rows of the page; ``begins`` in a row marks the first layer of each file.

    ``bases``: bases of measurement of areas, in the order of the columns.
    """
    layer_rows, previous_file = [], ""
    for row in rows:
        # For shapefiles, show their folder.
        shown_file = row["file"].rpartition("/")[0] if row["file"].lower().endswith(".shp") else row["file"]
        read_back, extent_texts = row["read_back"], []
        if row["extent"]:
            decimals = 5 if row["unit"] == DEGREES_UNIT else 1
            xmin, ymin, xmax, ymax = (f"{v:.{decimals}f}" for v in row["extent"])
            extent_texts = [f"{xmin}–{xmax}", f"{ymin}–{ymax}"]
        crs = row["crs"] + (f" + {row['vertical']}" if row["vertical"] else "")
        layer_rows.append(
            {
                **row,
                "features": format_number(row["features"], 0),
                "system": crs
                if row["crs"] == row["source_crs"]
                else report_texts.get("package", "from", crs=crs, source=row["source_crs"]),
                "areas": [format_number(row["areas_m2"][b], 2) if b in row["areas_m2"] else "—" for b in bases],
                "extent": extent_texts,
                "read": report_texts.get(
                    "package", "same" if read_back["same"] else "differs", library=read_back["library"].split(" (")[0]
                ),
                "moved": f"{1000 * read_back['moved_m']:.5f}",
                "changes": [
                    report_texts.get("package", f"page_now_{change['kind']}", count=change["count"])
                    for change in read_back.get("shape_changes", ())
                ],
                "where": shown_file,
                "begins": shown_file != previous_file,
            }
        )
        previous_file = shown_file
    return layer_rows


def _format_workbook(row: dict[str, Any], report_texts: ReportTexts) -> dict[str, Any]:
    """Return the row of a workbook or database with texts for the page.

    The texts describe its sheets, and the result of reading it again.
    """
    read_back = row["read_back"]
    figures = read_back.get("figures", sum(sheet.get("figures", 0) for sheet in row["sheets"]))
    return {
        "file": row["file"],
        "sheets": report_texts.join_parts(sheet["sheet"] for sheet in row["sheets"]),
        "figures": format_number(figures, 0),
        "read": report_texts.get("package", "same" if read_back["same"] else "differs", library=read_back["library"]),
    }


def _group_files_of_geodatabases(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of files for the page; all files of a FileGDB form one row that can be expanded."""
    files_by_path: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        folder, is_in_geodatabase, _ = row["path"].partition(".gdb/")
        files_by_path.setdefault(f"{folder}.gdb" if is_in_geodatabase else row["path"], []).append(row)
    return [
        {
            "path": name,
            "count": len(files),
            "bytes": format_number(sum(f["bytes"] for f in files), 0),
            "rows": [{**f, "bytes": format_number(f["bytes"], 0)} for f in files],
        }
        for name, files in files_by_path.items()
    ]
