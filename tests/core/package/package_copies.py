# SPDX-License-Identifier: GPL-2.0-or-later
"""A small exported package that tests copy and change, and functions that change the copy.

One package is exported for each module of tests. Its layers are read once; changed files, pages and tables are read
from the copy.
"""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from plugin.core.base.files.digests import (
    DIGEST_LIST,
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    compute_sha256,
    iterate_files_below,
    write_digest_list,
    write_manifest_digest,
)
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.engine.evaluate import choose_rules
from plugin.core.model.report import Outcome, Report
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.manifest import render_manifest_page as manifest_page
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.package_spec.spec import PackageSpec
from plugin.core.render.html import render_report
from tests.core.package.test_table_figures import make_complete_layers
from tests.core.package_fixtures import write_documents
from tests.core.small_plan import convert_to_source_layers

PACKAGE_ROOT = "140225浑源县国土空间总体规划"
DATABASE_PATH = "1-空间数据/140225浑源县国土空间规划矢量数据.gpkg"
TEXT_DOCUMENT_PATH = "2-规划文档/140225浑源县国土空间总体规划文本.pdf"
REPORT_JSON_PATH = "2-规划文档/140225浑源县质量检查报告.json"
REPORT_PAGE_PATH = REPORT_JSON_PATH.replace(".json", ".html")
TABLES_PATH = "3-规划表格/140225浑源县国土空间规划表格.xlsx"
MAP_PATH = "4-规划图件/140225浑源县01三条控制线图.jpg"
METADATA_PATH = "5-元数据/140225浑源县国土空间总体规划元数据.xml"
COUNTY_OPTIONS = RunOptions(standard="county_db")
PACKAGE_RULES = [f"DOC{n:03}" for n in (*range(1, 11), *range(12, 17), 30)]


def write_geopackage_spec(folder: Path) -> PackageSpec:
    """Write the county's specification with a GeoPackage in place of the FileGDB to a folder; return it."""
    path = folder / "form.toml"
    path.write_text(load_package_spec("county").path.read_text("utf-8").replace("数据.gdb", "数据.gpkg"), "utf-8")
    return load_package_spec(path)


def export_small_package(folder: Path, spec: PackageSpec) -> Path:
    """Export a package of a small county with errors, by force; return its folder."""
    return export_package(
        check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS),
        ExportOrder(spec, folder, write_documents(folder / "文档"), is_forced=True),
    ).path


def inspect_findings(folder, spec, plan, rules, lang="zh"):
    """Return the findings of the package rules by (rule code, message case)."""
    checked_report = run_check(
        plan, choose_rules(rules), side_inputs=SideInputs(package=collect_package_facts(folder, spec)), lang=lang
    )
    assert not any(r.outcome is Outcome.CRASHED for r in checked_report.rules), [r.reason for r in checked_report.rules]
    found = {}
    for one in checked_report.findings:
        found.setdefault((one.code, one.case), []).append(one)
    return found


def recompute_digests(package, but=()):
    """Recompute every digest of a package, as a new export would.

    The files in ``but`` keep their old digest.
    """
    path = package / MANIFEST_FILE_NAME
    data = read_json(path)
    present = {
        n: p
        for n, p in iterate_files_below(package)
        if n not in (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME, DIGEST_LIST) and p.is_file() and not p.is_symlink()
    }
    old = {row["path"]: row for row in data["files"]}
    rows = [{"path": n, "bytes": p.stat().st_size, "sha256": compute_sha256(p)} for n, p in present.items()]
    updated = [old[row["path"]] if row["path"] in but else row for row in rows]
    data["files"] = updated + [row for row in data["files"] if row["path"] not in present and row["path"] in but]
    write_json(path, data)
    write_digest_list(package, ((row["path"], row["sha256"]) for row in data["files"]))
    write_manifest_digest(package)


def read_json(path):
    return json.loads(path.read_text("utf-8"))


def write_json(path, data):
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8", newline="\n")


def replace_in_page(old, new, path=REPORT_PAGE_PATH):
    """Return a function that replaces the first match of a pattern in a page of a package."""

    def change(package):
        text = (package / path).read_text("utf-8")
        assert re.search(old, text, re.DOTALL), old
        (package / path).write_text(re.sub(old, new.replace("\\", "\\\\"), text, count=1, flags=re.DOTALL), "utf-8")

    return change


def change_json(path, change):
    """Return a function that changes the data of a JSON file in a package."""

    def change_copied_package(package):
        data = read_json(package / path)
        change(data)
        if path == REPORT_JSON_PATH:
            (package / path).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        else:
            write_json(package / path, data)

    return change_copied_package


def change_manifest(change):
    """Return a function that changes the manifest and makes its page again."""

    def change_copied_package(package):
        data = read_json(package / MANIFEST_FILE_NAME)
        change(data)
        write_json(package / MANIFEST_FILE_NAME, data)
        remake_manifest_page(package)

    return change_copied_package


def remake_manifest_page(package):
    """Make the manifest page again with the current digests of the files."""
    recompute_digests(package)
    data = read_json(package / MANIFEST_FILE_NAME)
    files = [row for row in data["files"] if row["path"] != MANIFEST_PAGE_FILE_NAME]
    (package / MANIFEST_PAGE_FILE_NAME).write_text(manifest_page({**data, "files": files}, "zh"), "utf-8", newline="\n")


def change_report(change, page=True):
    """Return a function that changes the JSON report and makes its page again."""

    def change_copied_package(package):
        data = read_json(package / REPORT_JSON_PATH)
        change(data)
        (package / REPORT_JSON_PATH).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        if page:
            text = render_report(Report.from_dict(data), COUNTY_OPTIONS.resolve_norm())
            (package / REPORT_PAGE_PATH).write_text(text, "utf-8", newline="\n")

    return change_copied_package


def act_as_other_plugin_version(*more, then=()):
    """Return a function that changes a package as another plugin version would make it.

    ``then`` is a change after the digests are recomputed.
    """

    def change_copied_package(package):
        data = read_json(package / MANIFEST_FILE_NAME)
        data["tool"]["versions"]["sanxian"] = "0.0.1"
        write_json(package / MANIFEST_FILE_NAME, data)
        data = read_json(package / REPORT_JSON_PATH)
        data["provenance"]["versions"]["sanxian"] = "0.0.1"
        (package / REPORT_JSON_PATH).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        replace_in_page("</style>", "p.of-old{margin:0}</style>")(package)
        for change in more:
            change(package)
        remake_manifest_page(package)
        replace_in_page("</style>", "p.of-old{margin:0}</style>", MANIFEST_PAGE_FILE_NAME)(package)
        for change in then:
            change(package)

    return change_copied_package


def run_sql_on_database(*statements):
    """Return a function that runs SQL on the database of a package."""

    def change_copied_package(package):
        with closing(sqlite3.connect(package / DATABASE_PATH)) as database:
            # Triggers of the spatial index call functions that GDAL registers.
            for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
                database.create_function(name, 1, lambda shape: 0)
            for statement in statements:
                database.execute(statement)
            database.commit()

    return change_copied_package


def change_workbook(change):
    """Return a function that changes the workbook of a package."""

    def change_copied_package(package):
        import openpyxl

        book = openpyxl.load_workbook(package / TABLES_PATH)
        change(book)
        book.save(package / TABLES_PATH)

    return change_copied_package


def list_nonempty_cells(book, sheet="指标表"):
    """Return the non-empty cells of a sheet."""
    return [cell for row in book[sheet].iter_rows(min_row=4) for cell in row if cell.value is not None]


def find_number_cell(book):
    return next(cell for cell in list_nonempty_cells(book, "三条控制线") if isinstance(cell.value, float))


def set_cell_text(column, text, sheet="指标表", row=None):
    """Return a function that replaces a text in the workbook.

    The column is found by its head; the row is ``row`` or the first one that matches.
    """

    def change(book):
        place = next(cell.column for cell in book[sheet][3] if str(cell.value).startswith(column))
        rows = [row] if row else range(4, book[sheet].max_row + 1)
        cells = (book[sheet].cell(n, place) for n in rows)
        cell = next(c for c in cells if isinstance(c.value, str) and c.value != text)
        cell.value = text

    return change_workbook(change)


def set_about_text(name, text):
    """Return a function that replaces a text on the sheet about the data."""

    def change(book):
        cell = next(row[1] for row in book["说明"].iter_rows() if row[0].value == name)
        assert cell.value
        cell.value = text

    return change_workbook(change)


def write_file_into_package(path, content):
    """Return a function that writes a file into a package."""

    def change_copied_package(package):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_bytes(content)

    return change_copied_package


def delete_files(*paths):
    """Return a function that deletes files of a package."""
    return lambda package: [(package / path).unlink() for path in paths]
