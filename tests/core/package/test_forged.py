# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages forged with recomputed digests; each forgery is found by its rule.

One small package is exported for all tests and copied. Its layers are read once; changed files, pages and tables are
read from the copy.
"""

import json
import os
import re
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.engine.evaluate import choose_rules
from plugin.core.errors import InputError
from plugin.core.examples.package_files import COMPLETE_PACKAGE_FILES, make_jpeg, make_pdf
from plugin.core.files.digests import (
    DIGEST_LIST,
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    compute_sha256,
    iterate_files_below,
    write_digest_list,
    write_manifest_digest,
)
from plugin.core.loading.assembly import assemble_plan
from plugin.core.messages.texts import Texts
from plugin.core.model.report import Outcome, Report
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.archive import unpack_package
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.inspect import compare_report_of_package, inspect_package
from plugin.core.package.inspection.pages import decode_page, read_page, remake_page_of_manifest, remake_page_of_report
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.page import render_manifest_page as manifest_page
from plugin.core.render.html import render_report
from plugin.core.render.outputs import report_to_json
from plugin.core.render.verdict import describe_package_waivers, list_caveats
from plugin.core.render.words import ReportTexts
from plugin.core.results.run import run_check
from tests.core.package.test_table_figures import make_complete_layers
from tests.core.small_plan import convert_to_source_layers, explain_error

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


@pytest.fixture(scope="module")
def geopackage_spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("样式") / "form.toml"
    path.write_text(load_package_spec("county").path.read_text("utf-8").replace("数据.gdb", "数据.gpkg"), "utf-8")
    return load_package_spec(path)


@pytest.fixture(scope="module")
def exported_package(tmp_path_factory, geopackage_spec):
    """Return a package of a small county with errors, exported by force."""
    folder = tmp_path_factory.mktemp("成果")
    documents = folder / "文档"
    documents.mkdir()
    for path, content in COMPLETE_PACKAGE_FILES.items():
        if ".gdb" not in path:
            (documents / path.rpartition("/")[2]).write_bytes(content)
    return export_package(
        check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS),
        ExportOrder(geopackage_spec, folder, documents, is_forced=True),
    ).path


@pytest.fixture(scope="module")
def assembled_plan():
    """Return the plan that was exported, with layers in memory."""
    return assemble_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS.resolve_norm(), source="x")


@pytest.fixture
def copied_package(exported_package, tmp_path):
    return Path(shutil.copytree(exported_package, tmp_path / PACKAGE_ROOT))


@pytest.fixture(scope="module")
def unchanged_findings(exported_package, geopackage_spec, assembled_plan):
    """Return the findings on the package without a forgery, by (rule code, message case)."""
    return inspect_findings(exported_package, geopackage_spec, assembled_plan, [*PACKAGE_RULES, "DOC011"])


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
    """Recompute every digest of a package, as a forger would.

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


def append_to_body(text, path=REPORT_PAGE_PATH):
    """Return a function that appends markup to the body of a page."""
    return replace_in_page("</body>", f"{text}</body>", path)


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


def change_manifest_only(change):
    """Return a function that changes the manifest and leaves its page as it is."""
    return change_json(MANIFEST_FILE_NAME, change)


def remake_manifest_page(package):
    """Make the manifest page again with the current digests of the files."""
    recompute_digests(package)
    data = read_json(package / MANIFEST_FILE_NAME)
    files = [row for row in data["files"] if row["path"] != MANIFEST_PAGE_FILE_NAME]
    (package / MANIFEST_PAGE_FILE_NAME).write_text(manifest_page({**data, "files": files}, "zh"), "utf-8", newline="\n")


def replace_text(path, old, new):
    """Return a function that replaces a text in a file of a package."""

    def change_copied_package(package):
        text = (package / path).read_text("utf-8")
        assert old in text
        (package / path).write_text(text.replace(old, new, 1), "utf-8")

    return change_copied_package


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
            for statement in statements:
                database.execute(statement)
            database.commit()

    return change_copied_package


def add_layer_to_database(name, columns=("BSM",), layer="CZKFBJ"):
    """Return a function that copies some columns of a layer to a new layer of the database."""

    def change_copied_package(package):
        import pyogrio

        frame = pyogrio.read_dataframe(package / DATABASE_PATH, layer=layer)
        frame = frame[[c for c in frame.columns if c in (*columns, "geometry")]]
        pyogrio.write_dataframe(frame, package / DATABASE_PATH, layer=name, driver="GPKG", append=True)

    return change_copied_package


def add_field_to_database(package):
    run_sql_on_database('ALTER TABLE "CZKFBJ" ADD COLUMN "BEIZHU2" TEXT')(package)


def change_workbook(change):
    """Return a function that changes the workbook of a package."""

    def change_copied_package(package):
        import openpyxl

        book = openpyxl.load_workbook(package / TABLES_PATH)
        change(book)
        book.save(package / TABLES_PATH)

    return change_copied_package


def add_sheet(state):
    """Return a function that adds a sheet in a state (visible, hidden or veryHidden)."""

    def change(book):
        sheet = book.create_sheet("底稿")
        sheet["A1"] = "不公开"
        sheet.sheet_state = state

    return change_workbook(change)


def store_figures_as_text(book):
    for row in book["三条控制线"].iter_rows():
        for cell in row:
            if isinstance(cell.value, float):
                cell.value = str(cell.value)


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


def replace_last_note(text, sheet="三条控制线"):
    """Return a function that replaces the note below the table of a sheet."""
    return change_workbook(lambda b: setattr(b[sheet].cell(b[sheet].max_row, 1), "value", text))


def add_note(text, sheet="三条控制线"):
    """Return a function that adds a note below a sheet."""
    return change_workbook(lambda b: setattr(b[sheet].cell(b[sheet].max_row + 2, 1), "value", text))


def add_to_zip(path, name, content):
    """Return a function that adds a file to a zip, such as a workbook, in a package."""

    def change_copied_package(package):
        import zipfile

        with zipfile.ZipFile(package / path, "a") as archive:
            archive.writestr(name, content)

    return change_copied_package


LINK_RELATIONS_XML = '<Relationships><Relationship Id="r" Type="x/oleObject" Target="http://example.org/a" TargetMode="External"/></Relationships>'


def repeat_layer_in_metadata(package):
    text = (package / METADATA_PATH).read_text("utf-8")
    entry = re.search("  <数据集>.*?</数据集>\n", text, re.DOTALL).group()
    (package / METADATA_PATH).write_text(text.replace(entry, entry + entry, 1), "utf-8", newline="\n")


def change_text(change):
    """Return a function that changes the bytes of the plan text."""
    return lambda package: (package / TEXT_DOCUMENT_PATH).write_bytes(
        change((package / TEXT_DOCUMENT_PATH).read_bytes())
    )


def write_file_into_package(path, content):
    """Return a function that writes a file into a package."""

    def change_copied_package(package):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_bytes(content)

    return change_copied_package


def delete_files(*paths):
    """Return a function that deletes files of a package."""
    return lambda package: [(package / path).unlink() for path in paths]


def change_layer_row(change, name="CZKFBJ"):
    """Return a function that changes the row of a layer in the manifest."""
    return change_manifest(lambda m: change(next(row for row in m["layers"] if row["layer"] == name)))


def change_verdict_to_pass(package):
    """Change the verdict 不通过 to 通过 in report and manifest and make the pages again."""
    change_report(lambda r: r["summary"].update(verdict="pass", errors=0))(package)
    replace_in_page("不通过", "通过")(package)
    change_manifest(lambda m: m["check"].update(verdict="pass", errors=0, forced=False))(package)


def remove_findings(data):
    """Remove the findings of a report and recompute its summary, not its rule counts."""
    data["findings"] = []
    data["summary"] |= {"verdict": "conditional", "errors": 0, "warnings": 0, "infos": 0}


#: A message with a missing value.
EMPTY_TEXT_PATTERN = re.compile("“[\\s—]*”|[\u4e00-\u9fff ]—[ ；，。（）]")
#: Title → (change, rule and case that must report it). Digests are recomputed after each.
FORGERIES = {
    # The page of the report.
    "the word of the verdict": (replace_in_page(">不通过</div>", ">通过</div>"), ("DOC015", "differs")),
    "the verdict with its class": (replace_in_page('data-verdict="fail"><div class="vb fail">不通过', 'data-verdict="pass"><div class="vb pass">通过'), ("DOC015", "differs")),
    "a figure": (replace_in_page('<tr data-indicator="red_line_area"><td>', '<tr data-indicator="red_line_area"><td>1 '), ("DOC015", "differs")),
    "a removed row of findings": (replace_in_page("<tr data-code=.*?</tr>", ""), ("DOC015", "differs")),
    "another number of findings": (replace_in_page('data-count="1"', 'data-count="0"'), ("DOC015", "differs")),
    "another count of errors": (replace_in_page(r"错误 \d+ 处", "错误 0 处"), ("DOC015", "differs")),
    "an extra sentence": (append_to_body("<p>经复核，全部问题已整改。</p>"), ("DOC015", "differs")),
    "another title": (replace_in_page("<title>", "<title>通过 "), ("DOC015", "differs")),
    "another day": (replace_in_page(r"20\d\d-\d\d-\d\d \d\d:\d\d", "2025-01-01 08:00"), ("DOC015", "differs")),
    "another county on the page": (replace_in_page("浑源县", "左云县"), ("DOC015", "differs")),
    "a page in UTF-16": (lambda p: (p / REPORT_PAGE_PATH).write_bytes((p / REPORT_PAGE_PATH).read_text("utf-8").encode("utf-16")), ("DOC015", "damaged")),
    "an empty page": (write_file_into_package(REPORT_PAGE_PATH, b"<html></html>"), ("DOC015", "differs")),
    "no page": (delete_files(REPORT_PAGE_PATH), ("DOC013", "half")),
    "no report at all": (delete_files(REPORT_PAGE_PATH, REPORT_JSON_PATH), ("DOC013", "none")),
    # The page of the manifest.
    "the manifest page's verdict": (replace_in_page("不通过", "通过", MANIFEST_PAGE_FILE_NAME), ("DOC015", "differs")),
    "the manifest page without the forced mark": (replace_in_page('class="forced">[^<]*', 'class="verdict">检查结论：通过。错误 0，警告 0，跳过 0。', MANIFEST_PAGE_FILE_NAME), ("DOC015", "differs")),
    "a digest on the manifest's page": (replace_in_page("<code>[0-9a-f]{64}", f"<code>{'0' * 64}", MANIFEST_PAGE_FILE_NAME), ("DOC015", "differs")),
    "an area on the manifest's page": (replace_in_page(r'<td class="r">\d', '<td class="r">9', MANIFEST_PAGE_FILE_NAME), ("DOC015", "differs")),
    "a remark removed from the manifest page": (replace_in_page("<li[ >].*?</li>", "", MANIFEST_PAGE_FILE_NAME), ("DOC015", "differs")),
    "no page of the manifest": (delete_files(MANIFEST_PAGE_FILE_NAME), ("DOC015", "gone")),
    # The same forgeries, disguised as made by another version.
    "another version's verdict": (act_as_other_plugin_version(replace_in_page(">不通过</div>", ">通过</div>")), ("DOC015", "differs")),
    "another version's class": (act_as_other_plugin_version(replace_in_page('data-verdict="fail"', 'data-verdict="pass"')), ("DOC015", "differs")),
    "another version's figure": (act_as_other_plugin_version(replace_in_page('(?<=<tr data-indicator="farmland_area">)<td>(.*?)</td><td class="nw">(.*?)</td><td class="r">', '<td>x</td><td class="nw"></td><td class="r">9')), ("DOC015", "differs")),
    "another version's findings": (act_as_other_plugin_version(replace_in_page("<tr data-code=.*?</tr>", "")), ("DOC015", "differs")),
    "another version's manifest": (act_as_other_plugin_version(then=[replace_in_page("不通过", "通过", MANIFEST_PAGE_FILE_NAME)]), ("DOC015", "differs")),
    "another version's layer on the manifest's page": (act_as_other_plugin_version(then=[replace_in_page(r'(?<=<td class="r">)\d[\d\u00a0]*\.\d\d', "9.99", MANIFEST_PAGE_FILE_NAME)]), ("DOC015", "differs")),
    # The report as data.
    "another county's report": (change_report(lambda r: r["provenance"].update(area_code="140226")), ("DOC013", "county")),
    "another county's name": (change_report(lambda r: r["provenance"].update(area_name="左云县")), ("DOC013", "county")),
    "the verdict of the summary": (change_report(lambda r: r["summary"].update(verdict="pass")), ("DOC013", "summary")),
    "the verdict everywhere": (change_verdict_to_pass, ("DOC013", "summary")),
    "a verdict without its findings": (change_report(remove_findings), ("DOC013", "counts")),
    "a figure of the report": (change_report(lambda r: next(i for i in r["indicators"] if i["id"] == "red_line_area").update(value=1.0)), ("DOC013", "figure")),
    "a layer of more features": (change_report(lambda r: r["provenance"]["layers"][0].update(features=77)), ("DOC013", "features")),
    "a check in 2031": (change_report(lambda r: r["provenance"].update(started="2031-01-01T08:00:00+08:00")), ("DOC016", "date")),
    "a report of another profile": (change_report(lambda r: r["provenance"]["profile"].update(id="hunyuan")), ("DOC016", "differs")),
    "a report of another edition": (change_report(lambda r: r["provenance"]["standard"].update(edition="2019")), ("DOC016", "differs")),
    "a report of another version": (change_report(lambda r: r["provenance"]["versions"].update(sanxian="0.0.1")), ("DOC016", "differs")),
    "a limit of the report": (change_report(lambda r: r["provenance"]["settings"].update({"ratio.limit": 9.9})), ("DOC016", "settings")),
    "an invalid report": (write_file_into_package(REPORT_JSON_PATH, b'{"summary": 1'), ("DOC013", "damaged")),
    # The manifest.
    "made in 2031": (change_manifest(lambda m: m.update(made="2031-01-01T08:00:00+08:00")), ("DOC016", "date")),
    "made on an invalid day": (change_manifest(lambda m: m.update(made="2026-02-30T08:00:00+08:00")), ("DOC016", "date")),
    "no findings": (change_manifest(lambda m: m["check"].update(findings=99)), ("DOC013", "counts")),
    "made before its report": (change_manifest(lambda m: m.update(made="2001-01-01T08:00:00+08:00")), ("DOC016", "date")),
    "a map approval number": (change_manifest(lambda m: m["document"].update(map_approval="GS(2026)0001")), ("DOC016", "differs")),
    "another compiler": (change_manifest(lambda m: m["document"].update(compiler="自然资源部")), ("DOC016", "differs")),
    "another classification": (change_manifest(lambda m: m.update(secrecy="公开")), ("DOC016", "differs")),
    "a report of another schema": (change_report(lambda r: r.update(schema="sanxian-report/9")), ("DOC016", "unknown")),
    "more figures of a sheet": (change_manifest(lambda m: m["tables"][0]["sheets"][0].update(figures=999)), ("DOC011", "counts")),
    "one file for two documents": (lambda p: write_file_into_package(TEXT_DOCUMENT_PATH.replace("国土空间总体规划文本", "质量检查报告"), (p / TEXT_DOCUMENT_PATH).read_bytes())(p), ("DOC005", "same")),
    "an unknown profile": (change_manifest(lambda m: m["profile"].update(id="某县")), ("DOC016", "profile")),
    "an unknown standard": (change_manifest(lambda m: m["standard"].update(id="county_db_2030")), ("DOC016", "unknown")),
    "another standard": (change_manifest(lambda m: m["standard"].update(id="three_lines_2022")), ("DOC016", "standard")),
    "an unknown edition": (change_manifest(lambda m: m["standard"].update(edition="2031")), ("DOC016", "unknown")),
    "an unknown version": (change_manifest(lambda m: m["tool"]["versions"].update(sanxian="99.0.0")), ("DOC016", "unknown")),
    "another software": (change_manifest(lambda m: m["tool"].update(name="other")), ("DOC016", "unknown")),
    "another specification": (change_manifest(lambda m: m["form"].update(id="city")), ("DOC016", "unknown")),
    "another root": (change_manifest(lambda m: m.update(root="140226左云县国土空间总体规划")), ("DOC016", "differs")),
    "another county's manifest": (change_manifest(lambda m: m.update(area={"code": "140226", "name": "左云县"})), ("DOC001", "manifest")),
    "another check": (change_manifest(lambda m: m["check"].update(errors=0, verdict="conditional")), ("DOC013", "check")),
    "fewer warnings": (change_manifest(lambda m: m["check"].update(warnings=77)), ("DOC013", "counts")),
    "another CRS": (change_layer_row(lambda row: row.update(crs="EPSG:4526")), ("DOC010", "value")),
    "converted from another CRS": (change_layer_row(lambda row: row.update(source_crs="EPSG:4547")), ("DOC016", "differs")),
    "all converted from another CRS": (change_manifest(lambda m: [row.update(source_crs="EPSG:4549") for row in m["layers"]]), ("DOC016", "differs")),
    "another extent": (change_layer_row(lambda row: row.update(extent=[113.0, 39.0, 114.0, 40.0])), ("DOC010", "value")),
    "another title of a layer": (change_layer_row(lambda row: row.update(title="生态保护红线")), ("DOC010", "value")),
    "another geometry": (change_layer_row(lambda row: row.update(geometry="line")), ("DOC010", "value")),
    "nonexistent heights": (change_layer_row(lambda row: row.update(vertical="EPSG:5737")), ("DOC010", "value")),
    "more features": (change_layer_row(lambda row: row.update(features=77)), ("DOC010", "features")),
    "another area": (change_layer_row(lambda row: row["areas_m2"].update(statutory=1.0)), ("DOC010", "area")),
    "not equal on reading back": (change_layer_row(lambda row: row["read_back"].update(same=False)), ("DOC010", "value")),
    "an unlisted layer": (change_manifest(lambda m: m["layers"].pop()), ("DOC010", "more")),
    "pixels of a map": (change_manifest(lambda m: next(r for r in m["maps"] if r["file"] == MAP_PATH).update(width=9)), ("DOC010", "part")),
    "a nonexistent document": (change_manifest(lambda m: m["slots"][0]["files"].append("2-规划文档/无.pdf")), ("DOC010", "part")),
    "a nonexistent sheet": (change_manifest(lambda m: m["tables"][0]["sheets"][0].update(sheet="无")), ("DOC010", "part")),
    "fewer layers of metadata": (change_manifest(lambda m: m["metadata"].update(layers=1)), ("DOC010", "part")),
    "a later year of the data": (change_layer_row(lambda row: row.update(data_year="2023")), ("DOC010", "value")),
    "a state of the report": (change_report(lambda r: r["indicators"][0].update(state="met", target=0.0, comparison=">=")), ("DOC013", "state")),
    "confirmed by a province": (change_report(lambda r: r["provenance"]["profile"].update(confirmed={"by": "某省人民政府"})), ("DOC016", "confirmed")),
    # Files.
    "a register of waivers": (write_file_into_package(DATABASE_PATH.replace(".gpkg", ".waivers.csv"), b"REL001"), ("DOC003", "waivers")),
    "another title in the database": (run_sql_on_database("UPDATE gpkg_contents SET identifier = '已批准' WHERE table_name = 'CZKFBJ'"), ("DOC010", "value")),
    "an index that leads elsewhere": (run_sql_on_database("UPDATE rtree_CZKFBJ_geom SET minx = 0, maxx = 1, miny = 0, maxy = 1"), ("DOC008", "index")),
    "an empty folder": (lambda p: (p / "6-批复").mkdir(), ("DOC004", "folder")),
    "a map cut inside": (write_file_into_package(MAP_PATH, make_jpeg()[:20000] + make_jpeg()[24000:]), ("DOC005", "inside")),
    "a map painted white": (write_file_into_package(MAP_PATH, make_jpeg(drawn=False)), ("DOC005", "plain")),
    "one picture for two maps": (write_file_into_package(MAP_PATH.replace("01三条控制线", "02三区"), make_jpeg()), ("DOC005", "same")),
    "a text of empty pages": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(pages=3, drawn=False)), ("DOC005", "blank")),
    "a program": (write_file_into_package("2-规划文档/安装.exe", b"MZ"), ("DOC003", "name")),
    "an unrelated page": (write_file_into_package("说明.html", b"<script></script>"), ("DOC003", "name")),
    "a name with an invisible character": (write_file_into_package("4-规划图件/140225浑源县02图\u200b.jpg", make_jpeg()), ("DOC003", "unseen")),
    "a name with right-to-left text": (write_file_into_package("4-规划图件/140225浑源县02\u202egpj.图.jpg", make_jpeg()), ("DOC003", "unseen")),
    "a text that states nine pages": (change_text(lambda b: b.replace(b"/Count 2", b"/Count 9")), ("DOC005", "count")),
    "a text about another county": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf("t", trailer="/Info<</Title(140226 左云县)>>".encode())), ("DOC001", "document")),
    "a name in full width": (write_file_into_package(TEXT_DOCUMENT_PATH.replace("140225", "１４０２２５"), make_pdf()), ("DOC003", "alike")),
    "a text without a page": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(pages=0)), ("DOC005", "pages")),
    "a text with a password": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(trailer=b"/Encrypt 9 0 R")), ("DOC005", "locked")),
    "a text with a script": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(more=b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>")), ("DOC005", "active")),
    "a text with a file in it": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(more=b"/Names<</EmbeddedFiles 9 0 R>>")), ("DOC005", "active")),
    "a text that starts a program": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(more=b"/OpenAction<</S/Launch/F(a.exe)>>")), ("DOC005", "active")),
    "a map of a few pixels": (write_file_into_package(MAP_PATH, make_jpeg(300, (3, 2))), ("DOC005", "small")),
    "a map of a lower resolution": (write_file_into_package(MAP_PATH, make_jpeg(96)), ("DOC005", "dpi")),
    # Tables.
    "a macro": (add_to_zip(TABLES_PATH, "xl/vbaProject.bin", b"x"), ("DOC005", "active")),
    "a link out of the workbook": (add_to_zip(TABLES_PATH, "xl/worksheets/_rels/sheet9.xml.rels", LINK_RELATIONS_XML), ("DOC005", "active")),
    "another workbook's figures": (add_to_zip(TABLES_PATH, "xl/externalLinks/externalLink1.xml", "<a/>"), ("DOC005", "active")),
    "an extra sheet": (add_sheet("visible"), ("DOC011", "more_sheets")),
    "a status word": (set_cell_text("状态", "达到"), ("DOC011", "words")),
    "a forged confirmation": (set_cell_text("口径已确认", "已经确认"), ("DOC011", "words")),
    "another source": (set_cell_text("依据", "省政府批复"), ("DOC011", "words")),
    "another formula": (set_cell_text("计算式", "按批复"), ("DOC011", "words")),
    "another unit of an indicator": (set_cell_text("单位", "亩"), ("DOC011", "words")),
    "another name of a line": (change_workbook(lambda b: setattr(b["三条控制线"]["A4"], "value", "城镇开发边界（已核定）")), ("DOC011", "words")),
    "another title of a table": (change_workbook(lambda b: setattr(b["三条控制线"]["A1"], "value", "三条控制线面积表（已核定）")), ("DOC011", "words")),
    "another note": (replace_last_note("数据已经省厅核定。"), ("DOC011", "words")),
    "an extra note": (add_note("数据已经省厅核定。"), ("DOC011", "words")),
    "another profile on the last sheet": (set_about_text("县配置", "浑源县（已确认）"), ("DOC011", "words")),
    "another version on the last sheet": (set_about_text("计算程序", "某软件 9.9"), ("DOC011", "words")),
    "another day on the last sheet": (set_about_text("计算时间", "2019-01-01 08:00"), ("DOC011", "words")),
    "an extra note on the last sheet": (add_note("数据已经省厅核定。", "说明"), ("DOC011", "words")),
    "a title of the sheet on the data": (change_workbook(lambda b: setattr(b["说明"]["A1"], "value", "经省厅审查合格")), ("DOC011", "words")),
    "words in the empty line of the sheet on the data": (change_workbook(lambda b: setattr(b["说明"]["A2"], "value", "经省厅审查合格")), ("DOC011", "words")),
    "a head of the sheet on the data": (change_workbook(lambda b: setattr(b["说明"]["A3"], "value", "经省厅审查合格")), ("DOC011", "words")),
    "words beside the sheet on the data": (change_workbook(lambda b: setattr(b["说明"]["D1"], "value", "经省厅审查合格")), ("DOC011", "words")),
    "words in the unit line of a table": (change_workbook(lambda b: setattr(b["三条控制线"]["A2"], "value", "经省厅审查合格")), ("DOC011", "words")),
    "figures stored as text": (change_workbook(store_figures_as_text), ("DOC011", "stored_text")),
    # Data.
    "an extra layer": (add_layer_to_database("MIMI"), ("DOC010", "more")),
    "an unregistered table": (run_sql_on_database("CREATE TABLE beizhu (a TEXT)"), ("DOC010", "table")),
    "a view": (run_sql_on_database("CREATE VIEW kan AS SELECT 1 AS a"), ("DOC010", "table")),
    "a trigger": (run_sql_on_database('CREATE TRIGGER gai AFTER UPDATE ON "CZKFBJ" BEGIN SELECT 1; END'), ("DOC010", "table")),
    "an extra field": (add_field_to_database, ("DOC010", "fields")),
    # Metadata.
    "metadata with a style sheet": (replace_in_page(r"\?>", '?><?xml-stylesheet type="text/xsl" href="http://example.org/a.xsl"?>', METADATA_PATH), ("DOC012", "style")),
    "a comment in the metadata": (replace_in_page("</元数据>", "<!-- 审查合格 --></元数据>", METADATA_PATH), ("DOC012", "comments")),
    "a comment before the metadata": (replace_in_page("<元数据>", "<!-- 审查合格 --><元数据>", METADATA_PATH), ("DOC012", "comments")),
    "an attribute in the metadata": (replace_in_page("<成果包>", '<成果包 备注="审查合格">', METADATA_PATH), ("DOC012", "additional")),
    "text between elements of the metadata": (replace_in_page("</成果包>", "</成果包>审查合格", METADATA_PATH), ("DOC012", "additional")),
    "a layer twice in the metadata": (repeat_layer_in_metadata, ("DOC012", "layer_twice")),
    "metadata of 2031": (replace_in_page(r"(?<=<更新日期>)\d{4}", "2031", METADATA_PATH), ("DOC012", "value")),
    "metadata of a later year": (replace_in_page("<数据现势性 ?/>|<数据现势性>[^<]*</数据现势性>", "<数据现势性>2023</数据现势性>", METADATA_PATH), ("DOC012", "value")),
    "a score": (replace_in_page("<质量得分 ?/>", "<质量得分>99</质量得分>", METADATA_PATH), ("DOC012", "value")),
    "a grade": (replace_in_page("<质量等级 ?/>", "<质量等级>优秀</质量等级>", METADATA_PATH), ("DOC012", "value")),
    "complete despite errors": (replace_in_page("<数据完整性 ?/>", "<数据完整性>完整</数据完整性>", METADATA_PATH), ("DOC012", "value")),
    "another resource": (replace_in_page("(?<=<资源标识>)[A-Z]+", "XXXX", METADATA_PATH), ("DOC012", "value")),
    "metadata of another package": (replace_in_page(r"(?<=<数据标识>)140225", "140226", METADATA_PATH), ("DOC012", "value")),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_each_forged_package_with_recomputed_digests_is_reported_by_the_rule_for_its_forgery(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings, name
):
    forge, (code, case) = FORGERIES[name]
    assert (code, case) not in unchanged_findings
    page = (copied_package / MANIFEST_PAGE_FILE_NAME).read_bytes()
    forge(copied_package)
    # A forger also updates the digest on the manifest page.
    if (copied_package / MANIFEST_PAGE_FILE_NAME).exists() and (
        copied_package / MANIFEST_PAGE_FILE_NAME
    ).read_bytes() == page:
        remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(
        copied_package, geopackage_spec, assembled_plan, [*PACKAGE_RULES, *(["DOC011"] if code == "DOC011" else [])]
    )
    assert (code, case) in found, {
        key: [f.message for f in some] for key, some in found.items() if key not in unchanged_findings
    }
    # Digests are correct, so they report nothing.
    assert not {key for key in found if key[0] == "DOC006"} - unchanged_findings.keys()
    if code == "DOC015":
        assert {f.key for f in found[code, case]} == {
            MANIFEST_PAGE_FILE_NAME if "manifest" in name else REPORT_PAGE_PATH
        }
    for finding in found[code, case]:
        assert finding.message and "{" not in finding.message and "None" not in finding.message, finding.message
        assert not EMPTY_TEXT_PATTERN.search(finding.message), finding.message
        named = [finding.params[key] for key in ("file", "name") if key in finding.params]
        assert any(str(one) in finding.message for one in (*named, "清单", "成果包")), finding.message


def test_too_small_map_picture_is_reported_with_its_pixels(copied_package, geopackage_spec, assembled_plan):
    write_file_into_package(MAP_PATH, make_jpeg(300, (3, 2)))(copied_package)
    (finding,) = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC005"])["DOC005", "small"]
    assert "3 × 2" in finding.message and finding.severity == "WARNING"


def test_list_of_tested_forgeries_has_more_than_sixty_entries():
    assert len(FORGERIES) > 60


def test_unchanged_package_gives_no_finding_on_forgery(unchanged_findings):
    """Expect only the failing plan and the table that needs Access to be read."""
    assert set(unchanged_findings) == {("DOC007", ""), ("DOC011", "unread")}


#: Title → (change after the digests were recomputed, rule and case).
MANIFEST_FORGERIES = {
    "a repeated file": (lambda m: m["files"].append(m["files"][0]), ("DOC006", "twice")),
    "a path outside the package": (lambda m: m["files"].append({"path": "../a", "bytes": 1, "sha256": "0" * 64}), ("DOC006", "twice")),
}  # fmt: skip


@pytest.mark.parametrize("name", MANIFEST_FORGERIES)
def test_manifest_with_a_wrong_file_size_a_repeated_file_or_a_path_outside_the_package_is_reported(
    copied_package, geopackage_spec, assembled_plan, name
):
    change, expected = MANIFEST_FORGERIES[name]
    change_manifest_only(change)(copied_package)
    write_digest_list(
        copied_package,
        ((row["path"], row["sha256"]) for row in read_json(copied_package / MANIFEST_FILE_NAME)["files"]),
    )
    write_manifest_digest(copied_package)
    assert expected in inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)


def test_changed_or_missing_list_of_digests_is_reported(copied_package, geopackage_spec, assembled_plan):
    text = (copied_package / DIGEST_LIST).read_text("utf-8")
    (copied_package / DIGEST_LIST).write_text(
        re.sub(rf"[0-9a-f]{{64}}(?=  {MANIFEST_FILE_NAME})", "0" * 64, text), "utf-8"
    )
    assert ("DOC006", "changed_listed") in inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC006"])
    (copied_package / DIGEST_LIST).unlink()
    assert ("DOC006", "no_list") in inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC006"])


def test_package_database_with_many_changed_files_gives_one_finding_that_counts_them(geopackage_spec, assembled_plan):
    """Change many files of a FileGDB; one finding counts them."""
    from plugin.core.examples.package_facts import make_package_facts
    from plugin.core.examples.package_files import DATABASE as GDB

    parts = {f"{GDB}/{name}": b"y" for name in ("gdb", "a00000001.gdbtable", "a0000000a.spx", "a0000000b.spx")}
    side = SideInputs(package=make_package_facts({"manifest": True, "add": parts}))
    (finding,) = run_check(assembled_plan, choose_rules(["DOC006"]), side_inputs=side, lang="zh").findings
    assert (finding.case, finding.params["count"], finding.params["more"], finding.key) == ("changed_set", 4, 2, GDB)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    "path",
    [
        MAP_PATH,
        TEXT_DOCUMENT_PATH,
        MANIFEST_DIGEST_FILE_NAME,
        REPORT_JSON_PATH,
        f"{DATABASE_PATH}-x",
        "4-规划图件/140225浑源县02图.jpg",
        DIGEST_LIST,
    ],
)
@pytest.mark.timeout(60)
def test_named_pipe_in_a_package_is_reported_and_never_opened(copied_package, geopackage_spec, assembled_plan, path):
    (copied_package / path).unlink(missing_ok=True)
    os.mkfifo(copied_package / path)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    assert path in {f.key for f in found["DOC005", "special"]}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.timeout(60)
def test_manifest_that_is_a_named_pipe_is_reported(copied_package, geopackage_spec, assembled_plan):
    (copied_package / MANIFEST_FILE_NAME).unlink()
    os.mkfifo(copied_package / MANIFEST_FILE_NAME)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    assert {f.key for f in found["DOC005", "special"]} == {MANIFEST_FILE_NAME}
    assert ("DOC006", "changed_listed") in found


def test_pages_made_by_another_plugin_version_are_reported_as_not_rebuilt(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings
):
    act_as_other_plugin_version()(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    new = {key: [f.severity for f in some] for key, some in found.items() if key not in unchanged_findings}
    assert new == {("DOC015", "not_rebuilt"): ["WARNING", "WARNING"]}
    assert "未能重建核对" in found["DOC015", "not_rebuilt"][0].message


def test_pages_of_another_plugin_version_that_can_be_rebuilt_give_no_finding(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings
):
    for path, key in ((MANIFEST_FILE_NAME, "tool"), (REPORT_JSON_PATH, "provenance")):
        change_json(path, lambda data, key=key: data[key]["versions"].update(sanxian="0.0.1"))(copied_package)
    text = render_report(Report.from_dict(read_json(copied_package / REPORT_JSON_PATH)), COUNTY_OPTIONS.resolve_norm())
    (copied_package / REPORT_PAGE_PATH).write_text(text, "utf-8", newline="\n")
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    assert (
        inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES).keys()
        <= unchanged_findings.keys()
    )


@pytest.mark.parametrize("change", [lambda b: b.replace(b"\n", b"\r\n"), lambda b: b"\xef\xbb\xbf" + b])
def test_changed_line_endings_of_text_files_are_accepted(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings, change
):
    for path in (REPORT_PAGE_PATH, MANIFEST_PAGE_FILE_NAME):
        (copied_package / path).write_bytes(change((copied_package / path).read_bytes()))
        if path != MANIFEST_PAGE_FILE_NAME:
            remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    assert (
        inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES).keys()
        <= unchanged_findings.keys()
    )


def test_page_rebuilt_from_json_equals_the_written_page_in_both_languages_with_or_without_pictures(exported_package):
    from plugin.core.render.pictures import LegendEntry, ReportPictures

    data = read_json(exported_package / REPORT_JSON_PATH)
    norm = COUNTY_OPTIONS.resolve_norm()
    png = "data:image/png;base64,iVBORw0KGgo="
    for lang in ("zh", "en"):
        page_report = Report.from_dict({**data, "lang": lang})
        for drawn in (
            None,
            ReportPictures(),
            ReportPictures(problem=""),
            ReportPictures(png, [png, "", png], [LegendEntry("耕地 & <山>", png)]),
        ):
            text = render_report(page_report, norm, drawn)
            assert text in remake_page_of_report(
                Report.from_dict(json.loads(report_to_json(page_report))), norm, read_page(decode_page(text.encode()))
            )
    listed = read_json(exported_package / MANIFEST_FILE_NAME)
    rows = [row for row in listed["files"] if row["path"] != MANIFEST_PAGE_FILE_NAME]
    for lang in ("zh", "en"):
        text = manifest_page({**listed, "files": rows}, lang)
        assert text in remake_page_of_manifest(listed, read_page(text))


def test_pass_forged_in_report_pages_and_manifest_is_reported_after_checking_the_layers_again(
    copied_package, geopackage_spec
):
    """Forge verdict, findings and pages in the same way; the layers still differ."""

    def forge_report(data):
        data["findings"] = []
        for rule in data["rules"]:
            rule |= {"outcome": "passed", "findings": 0, "unconfirmed": [], "incomplete": False, "reason": ""}
        data["summary"] = Report.from_dict(data).summary
        assert data["summary"]["verdict"] == "pass"

    change_report(forge_report)(copied_package)
    summary = read_json(copied_package / REPORT_JSON_PATH)["summary"]
    change_manifest(
        lambda m: m["check"].update({k: summary[k] for k in m["check"] if k in summary}, forced=False, findings=0)
    )(copied_package)
    recompute_digests(copied_package)
    done = inspect_package(copied_package, geopackage_spec, COUNTY_OPTIONS).report
    found = {(f.code, f.case): f for f in done.findings}
    assert "ATT001" in found["DOC013", "outcomes"].message
    assert not {key for key in found if key[0] in ("DOC006", "DOC015")}


def test_unconfirmed_settings_removed_from_the_report_are_found(copied_package, geopackage_spec):
    """Change the verdict 有条件通过 to 通过 by removing the unconfirmed settings."""

    def forge_report(data):
        for rule in data["rules"]:
            rule["unconfirmed"] = []
        data["summary"] = Report.from_dict(data).summary

    change_report(forge_report)(copied_package)
    change_manifest(lambda m: m["check"].update(unconfirmed=[]))(copied_package)
    recompute_digests(copied_package)
    facts = collect_package_facts(copied_package, geopackage_spec)
    done = check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS)
    before = len(done.report.findings)
    compare_report_of_package(done, facts)
    assert [(f.code, f.case) for f in done.report.findings[before:]] == [("DOC013", "outcomes")]


def lower_secrecy_to_public(manifest):
    manifest["secrecy"] = "公开"


def lower_secrecy_to_public_with_reason(manifest):
    lower_secrecy_to_public(manifest)
    row = {"above": "内部", "above_source": "form", "secrecy": "公开", "source": "run", "reason": "已批准公开"}
    manifest["document"]["lowered"] = [row]


@pytest.mark.parametrize(
    ("change", "is_named"), [(lower_secrecy_to_public, True), (lower_secrecy_to_public_with_reason, False)]
)
def test_level_of_secrecy_lowered_without_a_reason_is_reported(
    copied_package, geopackage_spec, assembled_plan, change, is_named
):
    change_manifest(change)(copied_package)
    replace_text(METADATA_PATH, "内部", "公开")(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC012"])
    assert (("DOC012", "lowered") in found) == is_named


def remove_finding(data):
    del data["findings"][0]


def change_finding(**changes):
    """Return a function that changes a finding of a report that has a place and an area."""

    def change(data):
        finding = next(f for f in data["findings"] if f["geom_kind"] == "area" and (f["area_m2"] or 0) > 1000)
        finding.update({key: value(finding[key]) for key, value in changes.items()})

    return change


def compare_reports(folder, spec, options=COUNTY_OPTIONS):
    """Return the cases and messages that a check of the exported layers adds for the report of a package."""
    done = check_plan(convert_to_source_layers(make_complete_layers()), options)
    before = len(done.report.findings)
    compare_report_of_package(done, collect_package_facts(folder, spec))
    return {f.case: f.message for f in done.report.findings[before:]}


@pytest.mark.parametrize(
    ("forge", "kind"),
    [
        (remove_finding, "报告中没有"),
        (lambda data: data["findings"].append({**data["findings"][0], "case": "x", "fingerprint": "0"}), "仅报告中有"),
        (change_finding(area_m2=lambda area: area * 1.01), "不同"),
        (change_finding(severity=lambda _: "INFO"), "不同"),
    ],
)
def test_finding_of_a_repeated_check_that_the_package_report_lacks_or_changes_is_reported(
    copied_package, geopackage_spec, forge, kind
):
    assert compare_reports(copied_package, geopackage_spec) == {}
    change_json(REPORT_JSON_PATH, forge)(copied_package)
    found = compare_reports(copied_package, geopackage_spec)
    assert found.keys() == {"findings"} and kind in found["findings"]


def test_package_report_has_no_difference_from_a_repeated_check_in_another_language(copied_package, geopackage_spec):
    assert compare_reports(copied_package, geopackage_spec, replace(COUNTY_OPTIONS, lang="en")) == {}


def test_waiver_added_to_a_finding_of_the_report_is_no_difference(copied_package, geopackage_spec):
    waiver = {"id": "W1", "reason": "批准保留"}
    accept = change_finding(state=lambda _: "waived", params=lambda params: {**params, "waiver": waiver})
    change_json(REPORT_JSON_PATH, accept)(copied_package)
    assert compare_reports(copied_package, geopackage_spec) == {}


def test_waivers_in_a_package_report_are_stated_as_a_caveat_and_leave_the_findings_of_inspection_open(
    copied_package, geopackage_spec
):
    waiver = {
        "reason": "批准保留",
        "document": "晋自然资发〔2026〕1号",
        "author": "张三",
        "date": "2026-01-01",
        "until": None,
    }

    def waive(data):
        for finding in data["findings"][:2]:
            finding["state"], finding["params"] = "waived", {**finding["params"], "waiver": waiver}
        # A waived finding that the layers do not have, and one whose waiver is not a table.
        data["findings"].append({**data["findings"][0], "case": "x", "fingerprint": "0", "key": "x"})
        data["findings"][2] |= {"state": "waived", "params": {"waiver": "x"}}

    change_json(REPORT_JSON_PATH, waive)(copied_package)
    done = check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS)
    summary = done.report.summary
    compare_report_of_package(done, collect_package_facts(copied_package, geopackage_spec))
    covered = [f for f in done.report.findings if "package_waiver" in f.params]
    assert len(covered) == 3 and {f.state for f in covered} == {"open"}
    assert sorted(f.params["package_waiver"]["reason"] for f in covered) == ["", "批准保留", "批准保留"]
    assert done.report.provenance["package_waivers"]["waived"] == 4
    assert done.report.summary["errors"] == summary["errors"] and done.report.summary["waived"] == summary["waived"]
    rules = Counter(f.code for f in covered)
    stated = describe_package_waivers(done.report, ReportTexts())
    assert stated.startswith("成果包自带的检查报告登记豁免 4 处，对应本次检查的 3 处问题：")
    assert all(f"{code} {count} 处" in stated for code, count in rules.items())
    assert stated in list_caveats(done.report, None, ReportTexts())


def test_changed_tolerance_and_parameter_of_the_report_are_reported(copied_package, geopackage_spec):
    def forge(data):
        data["tolerance"]["min_area_m2"] = 5000
        row = next(row for row in data["rules"] if row["parameters"] and "." not in row["parameters"][0]["name"])
        row["parameters"][0]["value"] = "另值"

    change_json(REPORT_JSON_PATH, forge)(copied_package)
    found = compare_reports(copied_package, geopackage_spec)
    assert found.keys() == {"values"} and "tolerance.min_area_m2" in found["values"]
    assert found["values"].count("、") == 1


def test_inspection_uses_the_profile_of_the_manifest_unless_the_options_name_another(
    copied_package, geopackage_spec, monkeypatch
):
    from plugin.core.package.inspection import inspect as module

    change_manifest(lambda m: m["profile"].update(id="hunyuan", name="浑源县"))(copied_package)
    facts = collect_package_facts(copied_package, geopackage_spec)
    assert (
        module._set_profile_of_manifest(COUNTY_OPTIONS, facts, geopackage_spec).resolve_norm().profile.id == "hunyuan"
    )
    assert module._set_profile_of_manifest(RunOptions(profile="example"), facts, geopackage_spec).profile == "example"
    change_manifest(lambda m: m["profile"].update(id="../某县"))(copied_package)
    assert (
        module._set_profile_of_manifest(
            COUNTY_OPTIONS, collect_package_facts(copied_package, geopackage_spec), geopackage_spec
        ).profile
        == ""
    )


@pytest.mark.parametrize("suffix", [".p7s", ".sig", ".asc", ".sm2"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_signature_file_is_mentioned_in_the_reason_but_not_verified(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings, suffix, lang
):
    def get_digest_rule_reason():
        side = SideInputs(package=collect_package_facts(copied_package, geopackage_spec))
        done = run_check(assembled_plan, choose_rules(["DOC003", "DOC006"]), side_inputs=side, lang=lang)
        assert not done.findings, [f.message for f in done.findings]
        return next(r.reason for r in done.rules if r.code == "DOC006")

    assert get_digest_rule_reason() == Texts(lang).format_reason("package_not_signed", {})
    (copied_package / f"{MANIFEST_FILE_NAME}{suffix}").write_bytes(b"no signature at all")
    assert f"{MANIFEST_FILE_NAME}{suffix}" in get_digest_rule_reason()


def write_stray_files(folder, count):
    """Write empty web pages into a folder of a package."""
    place = folder / "2-规划文档" / "网页"
    place.mkdir(parents=True)
    for number in range(count):
        (place / f"{number}.htm").write_bytes(b"x")


def test_inspection_time_grows_linearly_with_stray_files(tmp_path, geopackage_spec, assembled_plan, exported_package):
    def measure_seconds(count):
        folder = tmp_path / str(count) / PACKAGE_ROOT
        folder.mkdir(parents=True)
        write_stray_files(folder, count)
        best = float("inf")
        for _ in range(3):
            begun = time.process_time()
            side = SideInputs(package=collect_package_facts(folder, geopackage_spec))
            done = run_check(assembled_plan, choose_rules(PACKAGE_RULES), side_inputs=side, lang="zh")
            best = min(best, time.process_time() - begun)
        assert {f.params["count"] for f in done.findings if f.case == "many"} == {count}
        return best

    assert measure_seconds(8000) / measure_seconds(2000) < 6


@pytest.mark.parametrize("zipped", [False, True])
def test_package_with_too_many_files_is_refused(tmp_path, geopackage_spec, zipped):
    folder = tmp_path / PACKAGE_ROOT
    write_stray_files(folder, 40)
    path = Path(shutil.make_archive(str(tmp_path / "成果"), "zip", folder)) if zipped else folder
    with pytest.raises(InputError) as caught, unpack_package(path, max_entries=39):
        pass
    assert caught.value.key == "package_too_many" and "39" in explain_error(caught.value)
    with unpack_package(path, max_entries=50):
        pass


def test_maximum_number_of_files_in_a_package_is_a_setting(copied_package, tmp_path, geopackage_spec):
    profile = tmp_path / "本县.toml"
    profile.write_text('id = "x"\nname = "浑源县"\narea_code = "140225"\n[package]\nmost_entries = 5\n', "utf-8")
    with pytest.raises(InputError) as caught:
        inspect_package(copied_package, geopackage_spec, RunOptions(profile=str(profile)))
    assert caught.value.key == "package_too_many"


def test_manifest_with_a_repeated_key_counts_as_damaged(copied_package, geopackage_spec, assembled_plan):
    text = (copied_package / MANIFEST_FILE_NAME).read_text("utf-8")
    (copied_package / MANIFEST_FILE_NAME).write_text(
        text.replace('"secrecy":', '"secrecy": "机密", "secrecy":', 1), "utf-8"
    )
    digest = compute_sha256(copied_package / MANIFEST_FILE_NAME)
    (copied_package / MANIFEST_DIGEST_FILE_NAME).write_text(f"{digest}  {MANIFEST_FILE_NAME}\n", "utf-8")
    sums = (copied_package / DIGEST_LIST).read_text("utf-8").splitlines()
    (copied_package / DIGEST_LIST).write_text(
        "\n".join([*sums[:-1], f"{digest}  {MANIFEST_FILE_NAME}"]) + "\n", "utf-8"
    )
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    assert ("DOC006", "manifest") in found


def test_township_names_exchanged_in_a_table_give_a_finding_on_names_and_none_on_missing_rows(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings
):
    def swap_township_names(book):
        rows = [
            row
            for row in book["乡镇"].iter_rows(min_row=4)
            if str(row[0].value).isdigit() and len(str(row[0].value)) > 6
        ]
        (one, other) = rows[:2]
        one[1].value, other[1].value = other[1].value, one[1].value

    change_workbook(swap_township_names)(copied_package)
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, ["DOC011"])
    new = {case for code, case in found.keys() - unchanged_findings.keys()}
    assert "names" in new and not new & {"lost", "rows", "no_figure"}, new


def test_waiver_file_in_a_package_gives_only_the_finding_on_waiver_files_and_none_on_tables(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings
):
    write_file_into_package(DATABASE_PATH.replace(".gpkg", ".waivers.csv"), b"REL001")(copied_package)
    remake_manifest_page(copied_package)
    recompute_digests(copied_package)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, [*PACKAGE_RULES, "DOC011"])
    assert found.keys() - unchanged_findings.keys() == {("DOC003", "waivers")}
