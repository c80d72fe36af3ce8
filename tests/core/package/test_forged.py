# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages forged by someone who recomputes every digest: each forgery is found by its rule, an honest package by none.

One small package is made for all tests and copied. Layers are assembled once: what a damage does to files, pages, tables and the
names of layers is read from the copy.
"""

import json
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.engine.evaluate import choose_rules
from plugin.core.errors import InputError
from plugin.core.files.digests import DIGEST, MANIFEST, PAGE, SUMS, files_below, sha256, write_digest, write_sums
from plugin.core.loading.assembly import assemble_plan
from plugin.core.messages.texts import Texts
from plugin.core.model.report import Outcome, Report
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection import pdf as pdf_module
from plugin.core.package.inspection.archive import unpack_package
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.inspect import compare_outcomes, inspect_package
from plugin.core.package.inspection.pages import decode_page, read_page, remake_manifest, remake_report
from plugin.core.package.inspection.pdf import PLAIN, PYPDF, inspect_pdf, inspect_pdf_structure
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.page import render_manifest_page as manifest_page
from plugin.core.render.html import render_report
from plugin.core.render.outputs import to_json
from plugin.core.results.run import run_check
from tests.core.package.test_figures import whole
from tests.core.package_fixtures import A4, COMPLETE, jpg, pdf
from tests.core.small_plan import as_read_layers, explain_error

ROOT = "140225浑源县国土空间总体规划"
DATABASE = "1-空间数据/140225浑源县国土空间规划矢量数据.gpkg"
TEXT = "2-规划文档/140225浑源县国土空间总体规划文本.pdf"
REPORT = "2-规划文档/140225浑源县三区三线检查报告.json"
REPORT_PAGE = REPORT.replace(".json", ".html")
TABLES = "3-规划表格/140225浑源县国土空间规划表格.xlsx"
MAP = "4-规划图件/140225浑源县01三条控制线图.jpg"
METADATA = "5-元数据/140225浑源县国土空间总体规划元数据.xml"
OPTIONS = Options(standard="county_db")
RULES = [f"DOC{n:03}" for n in (*range(1, 11), *range(12, 17), 30)]


@pytest.fixture(scope="module")
def form(tmp_path_factory):
    path = tmp_path_factory.mktemp("样式") / "form.toml"
    path.write_text(load_package_spec("county").path.read_text("utf-8").replace("数据.gdb", "数据.gpkg"), "utf-8")
    return load_package_spec(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory, form):
    """A package of a small county with defects, made in spite of them."""
    folder = tmp_path_factory.mktemp("成果")
    documents = folder / "文档"
    documents.mkdir()
    for path, content in COMPLETE.items():
        if ".gdb" not in path:
            (documents / path.rpartition("/")[2]).write_bytes(content)
    return export_package(
        check_plan(as_read_layers(whole()), OPTIONS), ExportOrder(form, folder, documents, force=True)
    ).path


@pytest.fixture(scope="module")
def plan():
    return assemble_plan(as_read_layers(whole()), OPTIONS.norm(), source="x")


@pytest.fixture
def package(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / ROOT))


@pytest.fixture(scope="module")
def honest(made, form, plan):
    return findings(made, form, plan, [*RULES, "DOC011"])


def findings(folder, form, plan, rules, lang="zh"):
    """(code, case) → findings of the rules on packages."""
    report = run_check(
        plan, choose_rules(rules), side=SideInputs(package=collect_package_facts(folder, form)), lang=lang
    )
    assert not any(r.outcome is Outcome.CRASHED for r in report.rules), [r.reason for r in report.rules]
    found = {}
    for one in report.findings:
        found.setdefault((one.code, one.case), []).append(one)
    return found


def reseal(package, but=()):
    """Make every digest right again, as whoever forges a package would; what a change of ``but`` did stays."""
    path = package / MANIFEST
    manifest = read(path)
    there = {
        n: p
        for n, p in files_below(package)
        if n not in (MANIFEST, DIGEST, SUMS) and p.is_file() and not p.is_symlink()
    }
    old = {row["path"]: row for row in manifest["files"]}
    rows = [{"path": n, "bytes": p.stat().st_size, "sha256": sha256(p)} for n, p in there.items()]
    kept = [old[row["path"]] if row["path"] in but else row for row in rows]
    manifest["files"] = kept + [row for row in manifest["files"] if row["path"] not in there and row["path"] in but]
    write(path, manifest)
    write_sums(package, ((row["path"], row["sha256"]) for row in manifest["files"]))
    write_digest(package)


def read(path):
    return json.loads(path.read_text("utf-8"))


def write(path, data):
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8", newline="\n")


def in_page(old, new, path=REPORT_PAGE):
    def change(package):
        text = (package / path).read_text("utf-8")
        assert re.search(old, text, re.DOTALL), old
        (package / path).write_text(re.sub(old, new.replace("\\", "\\\\"), text, count=1, flags=re.DOTALL), "utf-8")

    return change


def into_body(text, path=REPORT_PAGE):
    return in_page("</body>", f"{text}</body>", path)


def into_style(text):
    return in_page("</style>", f"{text}</style>")


def in_json(path, change):
    def changed(package):
        data = read(package / path)
        change(data)
        if path == REPORT:
            (package / path).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        else:
            write(package / path, data)

    return changed


def manifest(change):
    """Change the manifest, and make its page say the same."""

    def changed(package):
        data = read(package / MANIFEST)
        change(data)
        write(package / MANIFEST, data)
        remake(package)

    return changed


def manifest_only(change):
    return in_json(MANIFEST, change)


def remake(package):
    """The page of the manifest as export would make it, with the digests that files have now."""
    reseal(package)
    data = read(package / MANIFEST)
    files = [row for row in data["files"] if row["path"] != PAGE]
    (package / PAGE).write_text(manifest_page({**data, "files": files}, "zh"), "utf-8", newline="\n")


def in_text(path, old, new):
    def changed(package):
        text = (package / path).read_text("utf-8")
        assert old in text
        (package / path).write_text(text.replace(old, new, 1), "utf-8")

    return changed


def report(change, page=True):
    """Change the report's JSON, and make its page say the same."""

    def changed(package):
        data = read(package / REPORT)
        change(data)
        (package / REPORT).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        if page:
            text = render_report(Report.from_dict(data), OPTIONS.norm())
            (package / REPORT_PAGE).write_text(text, "utf-8", newline="\n")

    return changed


def other_version(*more, then=()):
    """As if another version of the plugin had made it, so that no page can be made again; ``then``: done when all is sealed."""

    def changed(package):
        data = read(package / MANIFEST)
        data["tool"]["versions"]["sanxian"] = "0.0.1"
        write(package / MANIFEST, data)
        data = read(package / REPORT)
        data["provenance"]["versions"]["sanxian"] = "0.0.1"
        (package / REPORT).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        in_page("</style>", "p.of-old{margin:0}</style>")(package)
        for change in more:
            change(package)
        remake(package)
        in_page("</style>", "p.of-old{margin:0}</style>", PAGE)(package)
        for change in then:
            change(package)

    return changed


def sql(*statements):
    def changed(package):
        with closing(sqlite3.connect(package / DATABASE)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    return changed


def extra_layer(name, columns=("BSM",), layer="CZKFBJ"):
    def changed(package):
        import pyogrio

        frame = pyogrio.read_dataframe(package / DATABASE, layer=layer)
        frame = frame[[c for c in frame.columns if c in (*columns, "geometry")]]
        pyogrio.write_dataframe(frame, package / DATABASE, layer=name, driver="GPKG", append=True)

    return changed


def extra_field(package):
    sql('ALTER TABLE "CZKFBJ" ADD COLUMN "BEIZHU2" TEXT')(package)


def workbook(change):
    def changed(package):
        import openpyxl

        book = openpyxl.load_workbook(package / TABLES)
        change(book)
        book.save(package / TABLES)

    return changed


def add_sheet(state):
    def change(book):
        sheet = book.create_sheet("底稿")
        sheet["A1"] = "不公开"
        sheet.sheet_state = state

    return workbook(change)


def hide(what, key):
    return workbook(lambda b: setattr(getattr(b["三条控制线"], f"{what}_dimensions")[key], "hidden", True))


def whiten(book):
    from openpyxl.styles import Font, PatternFill

    cell = book["三条控制线"]["A3"]
    cell.font, cell.fill = Font(color="FFFFFFFF"), PatternFill()


def remark(book):
    from openpyxl.comments import Comment

    book["三条控制线"]["A3"].comment = Comment("经复核属实", "某人")


def cells_of(book, sheet="指标表"):
    """Cells of a sheet's rows, without those that are empty."""
    return [cell for row in book[sheet].iter_rows(min_row=4) for cell in row if cell.value is not None]


def number_cell(book):
    return next(cell for cell in cells_of(book, "三条控制线") if isinstance(cell.value, float))


def in_format(form, of=number_cell):
    return workbook(lambda b: setattr(of(b), "number_format", form))


def painted(ink, ground=""):
    def change(book):
        from openpyxl.styles import Font, PatternFill
        from openpyxl.styles.colors import Color

        cell = number_cell(book)
        cell.font = Font(color=Color(**ink) if isinstance(ink, dict) else ink)
        cell.fill = PatternFill("solid", start_color=ground) if ground else PatternFill()

    return workbook(change)


def by_condition(book):
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import Font

    rule = CellIsRule(operator="greaterThan", formula=["0"], font=Font(color="FFFFFFFF"))
    book["三条控制线"].conditional_formatting.add("A4:F9", rule)


def in_words(column, text, sheet="指标表", row=None):
    """Other words in a column by its head, in the first row that has some (or in ``row``)."""

    def change(book):
        place = next(cell.column for cell in book[sheet][3] if str(cell.value).startswith(column))
        rows = [row] if row else range(4, book[sheet].max_row + 1)
        cells = (book[sheet].cell(n, place) for n in rows)
        cell = next(c for c in cells if isinstance(c.value, str) and c.value != text)
        cell.value = text

    return workbook(change)


def in_about(name, text):
    def change(book):
        cell = next(row[1] for row in book["说明"].iter_rows() if row[0].value == name)
        assert cell.value
        cell.value = text

    return workbook(change)


def last_note(text, sheet="三条控制线"):
    return workbook(lambda b: setattr(b[sheet].cell(b[sheet].max_row, 1), "value", text))


def one_more_note(text, sheet="三条控制线"):
    return workbook(lambda b: setattr(b[sheet].cell(b[sheet].max_row + 2, 1), "value", text))


SHAPE = (
    '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"><xdr:twoCellAnchor>'
    "<xdr:from><xdr:col>1</xdr:col><xdr:row>3</xdr:row></xdr:from><xdr:to><xdr:col>3</xdr:col><xdr:row>5</xdr:row></xdr:to>"
    "<xdr:sp/></xdr:twoCellAnchor></xdr:wsDr>"
)
OF_SHAPE = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId9" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/drawing" Target="../drawings/drawing9.xml"/>'
    "</Relationships>"
)


def laid_over(path=TABLES):
    """A shape over B4:D6 of the second sheet."""

    def changed(package):
        into_zip(path, "xl/drawings/drawing9.xml", SHAPE)(package)
        into_zip(path, "xl/worksheets/_rels/sheet2.xml.rels", OF_SHAPE)(package)

    return changed


def into_zip(path, name, content):
    def changed(package):
        import zipfile

        with zipfile.ZipFile(package / path, "a") as archive:
            archive.writestr(name, content)

    return changed


LINKS = '<Relationships><Relationship Id="r" Type="x/oleObject" Target="http://example.org/a" TargetMode="External"/></Relationships>'


def put(path, content):
    def changed(package):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_bytes(content)

    return changed


def gone(*paths):
    return lambda package: [(package / path).unlink() for path in paths]


def layer_row(change, name="CZKFBJ"):
    return manifest(lambda m: change(next(row for row in m["layers"] if row["layer"] == name)))


def verdict_everywhere(package):
    """不通过 turned to 通过 in report and manifest, their pages made anew: only the report's own rules still tell."""
    report(lambda r: r["summary"].update(verdict="pass", errors=0))(package)
    in_page("不通过", "通过")(package)
    manifest(lambda m: m["check"].update(verdict="pass", errors=0, forced=False))(package)


def findings_out(data):
    """The findings taken out and the summary computed anew; the rules keep their counts."""
    data["findings"] = []
    data["summary"] |= {"verdict": "conditional", "errors": 0, "warnings": 0, "infos": 0}


def passed_with_findings(data):
    rule = next(r for r in data["rules"] if r["outcome"] == "failed")
    rule["outcome"] = "passed"
    data["summary"]["passed"] += 1
    data["summary"]["failed"] -= 1


def corner():
    """A map of one colour but for twenty pixels in a corner."""
    from io import BytesIO

    from PIL import Image

    picture = Image.new("RGB", A4, "#dddddd")
    picture.paste("red", (0, 0, 20, 20))
    picture.save(made := BytesIO(), "JPEG", dpi=(300, 300))
    return made.getvalue()


#: A place of a message where a value should be.
EMPTY = re.compile("“[\\s—]*”|[\u4e00-\u9fff ]—[ ；，。（）]")
SCRIPT = '<script src="https://example.org/a.js"></script>'
#: Name → (what is done, rule and case that must tell). Digests are recomputed after each.
FORGED = {
    # The page of the report.
    "the word of the verdict": (in_page(">不通过</div>", ">通过</div>"), ("DOC015", "differs")),
    "the verdict with its class": (in_page('data-verdict="fail">\n<div class="vb fail">不通过', 'data-verdict="pass">\n<div class="vb pass">通过'), ("DOC015", "differs")),
    "a verdict laid over the first": (into_style(".vd{visibility:hidden}"), ("DOC015", "active")),
    "a verdict of style alone": (into_style(".vb{font-size:0}.vb::after{content:'\\901A\\8FC7'}"), ("DOC015", "active")),
    "a remote script": (into_body(SCRIPT), ("DOC015", "active")),
    "a script": (into_body("<script>document.title='x'</script>"), ("DOC015", "active")),
    "a script in capitals, never closed": (in_page("<h1>", "<SCRIPT SRC=//example.org/a.js ><h1>"), ("DOC015", "active")),
    "a handler": (in_page("<body>", '<body onload="go()">'), ("DOC015", "active")),
    "a frame": (into_body('<iframe src="http://example.org"></iframe>'), ("DOC015", "active")),
    "a picture from elsewhere": (into_body('<img src="http://example.org/a.png">'), ("DOC015", "active")),
    "a picture of SVG": (into_body('<img src="data:image/svg+xml;base64,PHN2Zz4=">'), ("DOC015", "active")),
    "a redirection": (in_page("<title>", '<meta http-equiv="refresh" content="0;url=http://example.org"><title>'), ("DOC015", "active")),
    "a style sheet from elsewhere": (in_page("<title>", '<link rel="stylesheet" href="//example.org/a.css"><title>'), ("DOC015", "active")),
    "an import in the style": (into_style("@import 'http://example.org/a.css';"), ("DOC015", "active")),
    "a ground from elsewhere": (into_style("body{background:url(//example.org/a)}"), ("DOC015", "active")),
    "a link that is a script": (into_body('<a href="java\nscript:go()">细则</a>'), ("DOC015", "active")),
    "a link to elsewhere": (into_body('<a href="http://example.org">细则</a>'), ("DOC015", "active")),
    "HTML within SVG": (into_body("<svg><foreignObject><p>通过</p></foreignObject></svg>"), ("DOC015", "active")),
    "an animation": (into_body("<svg><animate attributeName='x' onbegin='go()'/></svg>"), ("DOC015", "active")),
    "a form": (into_body('<form action="http://example.org"><input></form>'), ("DOC015", "active")),
    "another base": (in_page("<title>", '<base href="http://example.org/"><title>'), ("DOC015", "active")),
    "a comment that old browsers run": (into_body("<!--[if IE]><p>通过</p><![endif]-->"), ("DOC015", "active")),
    "an element that is not seen": (in_page("<h1>", '<h1 style="opacity:0">'), ("DOC015", "active")),
    "a hidden row": (in_page("<tr data-code", "<tr hidden data-code"), ("DOC015", "active")),
    "a figure": (in_page('<tr data-indicator="red_line_area"><td>', '<tr data-indicator="red_line_area"><td>1 '), ("DOC015", "differs")),
    "a row of findings taken out": (in_page("<tr data-code=.*?</tr>", ""), ("DOC015", "differs")),
    "another number of findings": (in_page('data-count="1"', 'data-count="0"'), ("DOC015", "differs")),
    "another count of errors": (in_page(r"错误 \d+ 处", "错误 0 处"), ("DOC015", "differs")),
    "a sentence more": (into_body("<p>经复核，全部问题已整改。</p>"), ("DOC015", "differs")),
    "another title": (in_page("<title>", "<title>通过 "), ("DOC015", "differs")),
    "another day": (in_page(r"20\d\d-\d\d-\d\d \d\d:\d\d", "2025-01-01 08:00"), ("DOC015", "differs")),
    "another county on the page": (in_page("浑源县", "左云县"), ("DOC015", "differs")),
    "markup that no reader sees": (in_page("<h1>", '<h1 class="x">'), ("DOC015", "differs")),
    "a page in UTF-16": (lambda p: (p / REPORT_PAGE).write_bytes((p / REPORT_PAGE).read_text("utf-8").encode("utf-16")), ("DOC015", "damaged")),
    "an empty page": (put(REPORT_PAGE, b"<html></html>"), ("DOC015", "differs")),
    "no page": (gone(REPORT_PAGE), ("DOC013", "half")),
    "no report at all": (gone(REPORT_PAGE, REPORT), ("DOC013", "none")),
    # The page of the manifest.
    "the manifest page's verdict": (in_page("不通过", "通过", PAGE), ("DOC015", "differs")),
    "the manifest page no more forced": (in_page('class="forced">[^<]*', 'class="verdict">检查结论：通过。错误 0，警告 0，未检查 0。', PAGE), ("DOC015", "differs")),
    "a digest on the manifest's page": (in_page("<code>[0-9a-f]{64}", f"<code>{'0' * 64}", PAGE), ("DOC015", "differs")),
    "an area on the manifest's page": (in_page(r'<td class="r">\d', '<td class="r">9', PAGE), ("DOC015", "differs")),
    "a remark taken off the manifest's page": (in_page("<li[ >].*?</li>", "", PAGE), ("DOC015", "differs")),
    "a script on the manifest's page": (into_body(SCRIPT, PAGE), ("DOC015", "active")),
    "no page of the manifest": (gone(PAGE), ("DOC015", "gone")),
    # The same, disguised as the work of another version.
    "another version's verdict": (other_version(in_page(">不通过</div>", ">通过</div>")), ("DOC015", "differs")),
    "another version's class": (other_version(in_page('data-verdict="fail"', 'data-verdict="pass"')), ("DOC015", "differs")),
    "another version's figure": (other_version(in_page('(?<=<tr data-indicator="farmland_area">)<td>(.*?)</td><td class="nw">(.*?)</td><td class="r">', '<td>x</td><td class="nw"></td><td class="r">9')), ("DOC015", "differs")),
    "another version's findings": (other_version(in_page("<tr data-code=.*?</tr>", "")), ("DOC015", "differs")),
    "another version's script": (other_version(into_body(SCRIPT)), ("DOC015", "active")),
    "another version's hidden box": (other_version(into_style(".vd{display:none}")), ("DOC015", "active")),
    "another version's manifest": (other_version(then=[in_page("不通过", "通过", PAGE)]), ("DOC015", "differs")),
    "another version's layer on the manifest's page": (other_version(then=[in_page(r'(?<=<td class="r">)\d[\d\u00a0]*\.\d\d', "9.99", PAGE)]), ("DOC015", "differs")),
    # The report as data.
    "another county's report": (report(lambda r: r["provenance"].update(area_code="140226")), ("DOC013", "county")),
    "another county's name": (report(lambda r: r["provenance"].update(area_name="左云县")), ("DOC013", "county")),
    "the verdict of the summary": (report(lambda r: r["summary"].update(verdict="pass")), ("DOC013", "summary")),
    "the verdict everywhere": (verdict_everywhere, ("DOC013", "summary")),
    "findings taken out": (report(findings_out), ("DOC013", "summary")),
    "a rule that passed and found": (report(passed_with_findings), ("DOC013", "summary")),
    "a figure of the report": (report(lambda r: next(i for i in r["indicators"] if i["id"] == "red_line_area").update(value=1.0)), ("DOC013", "figure")),
    "a layer of more features": (report(lambda r: r["provenance"]["layers"][0].update(features=77)), ("DOC013", "features")),
    "a check in 2031": (report(lambda r: r["provenance"].update(started="2031-01-01T08:00:00+08:00")), ("DOC016", "date")),
    "a report of another profile": (report(lambda r: r["provenance"]["profile"].update(id="hunyuan")), ("DOC016", "differs")),
    "a report of another edition": (report(lambda r: r["provenance"]["standard"].update(edition="2019")), ("DOC016", "differs")),
    "a report of another version": (report(lambda r: r["provenance"]["versions"].update(sanxian="0.0.1")), ("DOC016", "differs")),
    "a limit of the report": (report(lambda r: r["provenance"]["settings"].update({"ratio.limit": 9.9})), ("DOC016", "settings")),
    "a verdict that stands twice": (in_text(REPORT, '"verdict":', '"verdict": "pass", "verdict":'), ("DOC013", "damaged")),
    "a report that is none": (put(REPORT, b'{"summary": 1'), ("DOC013", "damaged")),
    # The manifest.
    "made in 2031": (manifest(lambda m: m.update(made="2031-01-01T08:00:00+08:00")), ("DOC016", "date")),
    "made on no day": (manifest(lambda m: m.update(made="2026-02-30T08:00:00+08:00")), ("DOC016", "date")),
    "made before its report": (manifest(lambda m: m.update(made="2001-01-01T08:00:00+08:00")), ("DOC016", "date")),
    "a map approval number": (manifest(lambda m: m["document"].update(map_approval="GS(2026)0001")), ("DOC016", "differs")),
    "another compiler": (manifest(lambda m: m["document"].update(compiler="自然资源部")), ("DOC016", "differs")),
    "another classification": (manifest(lambda m: m.update(secrecy="公开")), ("DOC016", "differs")),
    "a report of another schema": (report(lambda r: r.update(schema="sanxian-report/9")), ("DOC016", "unknown")),
    "more figures of a sheet": (manifest(lambda m: m["tables"][0]["sheets"][0].update(figures=999)), ("DOC011", "counts")),
    "no tables at all": (lambda p: (gone(TABLES)(p), manifest(lambda m: m.update(tables=[]))(p)), ("DOC010", "untold")),
    "one file for two documents": (lambda p: put(TEXT.replace("国土空间总体规划文本", "质量检查报告"), (p / TEXT).read_bytes())(p), ("DOC005", "same")),
    "an archive behind a text": (put(TEXT, pdf() + b"PK\x03\x04" + b"x" * 500), ("DOC005", "behind")),
    "a profile that there is not": (manifest(lambda m: m["profile"].update(id="某县")), ("DOC016", "profile")),
    "a standard that there is not": (manifest(lambda m: m["standard"].update(id="county_db_2030")), ("DOC016", "unknown")),
    "another standard": (manifest(lambda m: m["standard"].update(id="three_lines_2022")), ("DOC016", "standard")),
    "an edition that there is not": (manifest(lambda m: m["standard"].update(edition="2031")), ("DOC016", "unknown")),
    "a version that there is not": (manifest(lambda m: m["tool"]["versions"].update(sanxian="99.0.0")), ("DOC016", "unknown")),
    "another software": (manifest(lambda m: m["tool"].update(name="other")), ("DOC016", "unknown")),
    "another form": (manifest(lambda m: m["form"].update(id="city")), ("DOC016", "unknown")),
    "another root": (manifest(lambda m: m.update(root="140226左云县国土空间总体规划")), ("DOC016", "differs")),
    "another county's manifest": (manifest(lambda m: m.update(area={"code": "140226", "name": "左云县"})), ("DOC001", "manifest")),
    "another check": (manifest(lambda m: m["check"].update(errors=0, verdict="conditional")), ("DOC013", "check")),
    "fewer warnings": (manifest(lambda m: m["check"].update(warnings=77)), ("DOC013", "counts")),
    "another CRS": (layer_row(lambda row: row.update(crs="EPSG:4526")), ("DOC010", "value")),
    "converted from another CRS": (layer_row(lambda row: row.update(source_crs="EPSG:4547")), ("DOC016", "differs")),
    "all converted from another CRS": (manifest(lambda m: [row.update(source_crs="EPSG:4549") for row in m["layers"]]), ("DOC016", "differs")),
    "another extent": (layer_row(lambda row: row.update(extent=[113.0, 39.0, 114.0, 40.0])), ("DOC010", "value")),
    "another title of a layer": (layer_row(lambda row: row.update(title="生态保护红线")), ("DOC010", "value")),
    "another geometry": (layer_row(lambda row: row.update(geometry="line")), ("DOC010", "value")),
    "heights that are not there": (layer_row(lambda row: row.update(vertical="EPSG:5737")), ("DOC010", "value")),
    "more features": (layer_row(lambda row: row.update(features=77)), ("DOC010", "features")),
    "another area": (layer_row(lambda row: row["areas_m2"].update(statutory=1.0)), ("DOC010", "area")),
    "written otherwise than read": (layer_row(lambda row: row["read_back"].update(same=False)), ("DOC010", "value")),
    "a layer that it does not name": (manifest(lambda m: m["layers"].pop()), ("DOC010", "more")),
    "pixels of a map": (manifest(lambda m: next(r for r in m["maps"] if r["file"] == MAP).update(width=9)), ("DOC010", "part")),
    "a document that is not there": (manifest(lambda m: m["slots"][0]["files"].append("2-规划文档/无.pdf")), ("DOC010", "part")),
    "a sheet that is not there": (manifest(lambda m: m["tables"][0]["sheets"][0].update(sheet="无")), ("DOC010", "part")),
    "fewer layers of metadata": (manifest(lambda m: m["metadata"].update(layers=1)), ("DOC010", "part")),
    "a later year of the data": (layer_row(lambda row: row.update(data_year="2023")), ("DOC010", "value")),
    "a key more in the manifest": (manifest(lambda m: m.update(approved="省厅")), ("DOC010", "keys")),
    "a key more of a layer": (layer_row(lambda row: row.update(area_approved=1.0)), ("DOC010", "keys")),
    "a key more in the check": (manifest(lambda m: m["check"].update(reviewed="通过")), ("DOC010", "keys")),
    "a key more in the report": (report(lambda r: r.update(approved="省厅")), ("DOC013", "keys")),
    "a key more of the summary": (report(lambda r: r["summary"].update(final="pass")), ("DOC013", "keys")),
    "a key more of a rule": (report(lambda r: r["rules"][0].update(reviewed="通过"), page=False), ("DOC013", "keys")),
    "a state of the report": (report(lambda r: r["indicators"][0].update(state="met", target=0.0, comparison=">=")), ("DOC013", "state")),
    "read back otherwise": (layer_row(lambda row: row["read_back"].update(features=row["features"] - 1)), ("DOC010", "value")),
    "doubts about the form taken out": (manifest(lambda m: m["form"].update(unverified=[])), ("DOC010", "form")),
    "a lack that is told nowhere": (manifest(lambda m: m["slots"].append({"kind": "document", "id": "x", "title": "规划说明书", "need": "C", "pattern": "140225浑源县规划说明书.pdf", "files": []})), ("DOC010", "untold")),
    "a map made without QGIS": (manifest(lambda m: next(r for r in m["maps"] if r["file"] == MAP).update(origin="made")), ("DOC010", "drawn")),
    "confirmed by a province": (report(lambda r: r["provenance"]["profile"].update(confirmed={"by": "某省人民政府"})), ("DOC016", "confirmed")),
    # Files.
    "a register of waivers": (put(DATABASE.replace(".gpkg", ".waivers.csv"), b"REL001"), ("DOC003", "waivers")),
    "another title in the database": (sql("UPDATE gpkg_contents SET identifier = '已批准' WHERE table_name = 'CZKFBJ'"), ("DOC010", "value")),
    "an index that leads elsewhere": (sql("UPDATE rtree_CZKFBJ_geom SET minx = 0, maxx = 1, miny = 0, maxy = 1"), ("DOC008", "index")),
    "an empty folder": (lambda p: (p / "6-批复").mkdir(), ("DOC004", "folder")),
    "a map cut inside": (put(MAP, jpg()[:20000] + jpg()[24000:]), ("DOC005", "inside")),
    "a map painted white": (put(MAP, jpg(drawn=False)), ("DOC005", "plain")),
    "an archive behind a map": (put(MAP, jpg() + b"PK\x03\x04" + b"x" * 500), ("DOC005", "behind")),
    "a script in a map's remark": (put(MAP, jpg()[:2] + b"\xff\xfe\x00\x1b<script>alert(1)</script>" + jpg()[2:]), ("DOC005", "active")),
    "a map with a corner alone": (put(MAP, corner()), ("DOC005", "bare")),
    "one picture for two maps": (put(MAP.replace("01三条控制线", "02三区"), jpg()), ("DOC005", "same")),
    "a text of empty pages": (put(TEXT, pdf(pages=3, drawn=False)), ("DOC005", "blank")),
    "a program": (put("2-规划文档/安装.exe", b"MZ"), ("DOC003", "name")),
    "a page of one's own": (put("说明.html", b"<script></script>"), ("DOC003", "name")),
    "a name with a sign that is not seen": (put("4-规划图件/140225浑源县02图\u200b.jpg", jpg()), ("DOC003", "unseen")),
    "a name that is read from the right": (put("4-规划图件/140225浑源县02\u202egpj.图.jpg", jpg()), ("DOC003", "unseen")),
    "a name in full width": (put(TEXT.replace("140225", "１４０２２５"), pdf()), ("DOC003", "alike")),
    "a text without a page": (put(TEXT, pdf(pages=0)), ("DOC005", "pages")),
    "a text with a password": (put(TEXT, pdf(trailer=b"/Encrypt 9 0 R")), ("DOC005", "locked")),
    "a text with a script": (put(TEXT, pdf(more=b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>")), ("DOC005", "active")),
    "a text with a file in it": (put(TEXT, pdf(more=b"/Names<</EmbeddedFiles 9 0 R>>")), ("DOC005", "active")),
    "a text that starts a program": (put(TEXT, pdf(more=b"/OpenAction<</S/Launch/F(a.exe)>>")), ("DOC005", "active")),
    "a map of a few pixels": (put(MAP, jpg(300, (3, 2))), ("DOC005", "small")),
    "a map of a lower resolution": (put(MAP, jpg(96)), ("DOC005", "dpi")),
    # Tables.
    "a macro": (into_zip(TABLES, "xl/vbaProject.bin", b"x"), ("DOC005", "active")),
    "a link out of the workbook": (into_zip(TABLES, "xl/worksheets/_rels/sheet9.xml.rels", LINKS), ("DOC005", "active")),
    "another workbook's figures": (into_zip(TABLES, "xl/externalLinks/externalLink1.xml", "<a/>"), ("DOC005", "active")),
    "a hidden sheet": (add_sheet("hidden"), ("DOC011", "hidden")),
    "a sheet that no menu shows": (add_sheet("veryHidden"), ("DOC011", "hidden")),
    "a sheet more": (add_sheet("visible"), ("DOC011", "more_sheets")),
    "a hidden row of a table": (hide("row", 4), ("DOC011", "hidden")),
    "a hidden column": (hide("column", "B"), ("DOC011", "hidden")),
    "white letters": (workbook(whiten), ("DOC011", "hidden")),
    "a form of numbers that shows none": (workbook(lambda b: setattr(b["三条控制线"]["A3"], "number_format", ";;;")), ("DOC011", "hidden")),
    "a remark in a cell": (workbook(remark), ("DOC011", "hidden")),
    "a form of numbers that is another number": (in_format('"75.9000"'), ("DOC011", "format")),
    "a form of numbers with signs one by one": (in_format(r"\7\5\.\9"), ("DOC011", "format")),
    "digits before those of the number": (in_format('"7"#,##0.00'), ("DOC011", "format")),
    "a form of numbers that divides": (in_format("#,##0.00,"), ("DOC011", "format")),
    "a form of numbers that multiplies": (in_format("0.00%"), ("DOC011", "format")),
    "fewer digits": (in_format("#,##0"), ("DOC011", "format")),
    "another number above nothing": (in_format('[>0]"75.9";0.00'), ("DOC011", "format")),
    "words by the form": (in_format('General;General;General;"达到"', lambda b: b["三条控制线"]["A4"]), ("DOC011", "format")),
    "a shape over cells": (laid_over(), ("DOC011", "drawn")),
    "a picture on no sheet": (into_zip(TABLES, "xl/media/image1.png", "x"), ("DOC011", "drawn")),
    "white by the theme": (painted({"theme": 0}), ("DOC011", "hidden")),
    "white by the index": (painted({"indexed": 9}), ("DOC011", "hidden")),
    "nearly white": (painted("FFF8F8F8"), ("DOC011", "hidden")),
    "letters as their ground": (painted("FF203040", "FF203040"), ("DOC011", "hidden")),
    "a form by condition": (workbook(by_condition), ("DOC011", "look")),
    "another ink": (painted("FF808080"), ("DOC011", "look")),
    "a row of one point": (workbook(lambda b: setattr(b["三条控制线"].row_dimensions[5], "height", 1)), ("DOC011", "hidden")),
    "a column that is next to nothing": (workbook(lambda b: setattr(b["三条控制线"].column_dimensions["C"], "width", 0.3)), ("DOC011", "hidden")),
    "a status word": (in_words("状态", "达到"), ("DOC011", "words")),
    "confirmed by whoever forges": (in_words("口径已确认", "已经确认"), ("DOC011", "words")),
    "another source": (in_words("依据", "省政府批复"), ("DOC011", "words")),
    "another formula": (in_words("计算式", "按批复"), ("DOC011", "words")),
    "another unit of an indicator": (in_words("单位", "亩"), ("DOC011", "words")),
    "another name of a line": (workbook(lambda b: setattr(b["三条控制线"]["A4"], "value", "城镇开发边界（已核定）")), ("DOC011", "words")),
    "another title of a table": (workbook(lambda b: setattr(b["三条控制线"]["A1"], "value", "三条控制线面积表（已核定）")), ("DOC011", "words")),
    "another note": (last_note("数据已经省厅核定。"), ("DOC011", "words")),
    "a note more": (one_more_note("数据已经省厅核定。"), ("DOC011", "words")),
    "another profile on the last sheet": (in_about("县配置", "浑源县（已确认）"), ("DOC011", "words")),
    "another version on the last sheet": (in_about("计算程序", "某软件 9.9"), ("DOC011", "words")),
    "another day on the last sheet": (in_about("计算时间", "2019-01-01 08:00"), ("DOC011", "words")),
    "a note more on the last sheet": (one_more_note("数据已经省厅核定。", "说明"), ("DOC011", "words")),
    "words above the page": (workbook(lambda b: setattr(b["三条控制线"].oddHeader.center, "text", "以批复 68.78 万亩为准")), ("DOC011", "hidden")),
    "a link in a cell": (workbook(lambda b: setattr(b["三条控制线"]["B5"], "hyperlink", "file:///C:/tmp/other.xlsx")), ("DOC011", "hidden")),
    # Data.
    "a layer more": (extra_layer("MIMI"), ("DOC010", "more")),
    "a table that no program lists": (sql("CREATE TABLE beizhu (a TEXT)"), ("DOC010", "table")),
    "a view": (sql("CREATE VIEW kan AS SELECT 1 AS a"), ("DOC010", "table")),
    "a trigger": (sql('CREATE TRIGGER gai AFTER UPDATE ON "CZKFBJ" BEGIN SELECT 1; END'), ("DOC010", "table")),
    "a field more": (extra_field, ("DOC010", "fields")),
    # Metadata.
    "metadata with a style sheet": (in_page(r"\?>", '?><?xml-stylesheet type="text/xsl" href="http://example.org/a.xsl"?>', METADATA), ("DOC012", "style")),
    "metadata of 2031": (in_page(r"(?<=<更新日期>)\d{4}", "2031", METADATA), ("DOC012", "value")),
    "metadata of a later year": (in_page("<数据现势性 ?/>|<数据现势性>[^<]*</数据现势性>", "<数据现势性>2023</数据现势性>", METADATA), ("DOC012", "value")),
    "a score": (in_page("<质量得分 ?/>", "<质量得分>99</质量得分>", METADATA), ("DOC012", "value")),
    "a grade": (in_page("<质量等级 ?/>", "<质量等级>优秀</质量等级>", METADATA), ("DOC012", "value")),
    "whole in spite of all": (in_page("<数据完整性 ?/>", "<数据完整性>完整</数据完整性>", METADATA), ("DOC012", "value")),
    "another resource": (in_page("(?<=<资源标识>)[A-Z]+", "XXXX", METADATA), ("DOC012", "value")),
    "metadata of another package": (in_page(r"(?<=<数据标识>)140225", "140226", METADATA), ("DOC012", "value")),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_each_forgery_is_found_by_its_rule(package, form, plan, honest, name):
    forge, (code, case) = FORGED[name]
    assert (code, case) not in honest
    page = (package / PAGE).read_bytes()
    forge(package)
    # Whoever forges a file has the manifest's page name its new digest, too.
    if (package / PAGE).exists() and (package / PAGE).read_bytes() == page:
        remake(package)
    reseal(package)
    found = findings(package, form, plan, [*RULES, *(["DOC011"] if code == "DOC011" else [])])
    assert (code, case) in found, {key: [f.message for f in some] for key, some in found.items() if key not in honest}
    # Digests say nothing: they are right.
    assert not {key for key in found if key[0] == "DOC006"} - honest.keys()
    if code == "DOC015":
        assert {f.key for f in found[code, case]} == {PAGE if "manifest" in name else REPORT_PAGE}
    for finding in found[code, case]:
        assert finding.message and "{" not in finding.message and "None" not in finding.message, finding.message
        assert not EMPTY.search(finding.message), finding.message
        named = [finding.params[key] for key in ("file", "name") if key in finding.params]
        assert any(str(one) in finding.message for one in (*named, "清单", "成果包")), finding.message


def test_a_small_map_is_told_with_its_pixels(package, form, plan):
    put(MAP, jpg(300, (3, 2)))(package)
    (told,) = findings(package, form, plan, ["DOC005"])["DOC005", "small"]
    assert "3 × 2" in told.message and told.severity == "WARNING"


def test_there_are_more_than_sixty():
    assert len(FORGED) > 60


def test_an_honest_package_is_not_accused(honest):
    """It was made of a plan that does not pass, and of a table that only Access reads: that alone is told."""
    assert set(honest) == {("DOC007", ""), ("DOC011", "unread")}


#: Name → (what is done after the digests were made right, rule and case).
UNSEALED = {
    "other bytes in the manifest": (lambda m: m["files"][3].update(bytes=1), ("DOC006", "size")),
    "a file listed twice": (lambda m: m["files"].append(m["files"][0]), ("DOC006", "twice")),
    "a path that leads out": (lambda m: m["files"].append({"path": "../a", "bytes": 1, "sha256": "0" * 64}), ("DOC006", "twice")),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSEALED)
def test_rows_of_the_manifest(package, form, plan, name):
    change, expected = UNSEALED[name]
    manifest_only(change)(package)
    write_sums(package, ((row["path"], row["sha256"]) for row in read(package / MANIFEST)["files"]))
    write_digest(package)
    assert expected in findings(package, form, plan, RULES)


def test_lists_of_digests(package, form, plan):
    text = (package / SUMS).read_text("utf-8")
    (package / SUMS).write_text(re.sub(rf"[0-9a-f]{{64}}(?=  {MANIFEST})", "0" * 64, text), "utf-8")
    assert ("DOC006", "changed_listed") in findings(package, form, plan, ["DOC006"])
    (package / SUMS).unlink()
    assert ("DOC006", "no_list") in findings(package, form, plan, ["DOC006"])


def test_a_database_that_was_edited_is_told_once(form, plan):
    """Of a FileGDB dozens of files change; the message counts them."""
    from tests.core.package_fixtures import DATABASE as GDB
    from tests.core.package_fixtures import facts_of

    parts = {f"{GDB}/{name}": b"y" for name in ("gdb", "a00000001.gdbtable", "a0000000a.spx", "a0000000b.spx")}
    side = SideInputs(package=facts_of({"manifest": True, "add": parts}))
    (told,) = run_check(plan, choose_rules(["DOC006"]), side=side, lang="zh").findings
    assert (told.case, told.params["count"], told.params["more"], told.key) == ("changed_set", 4, 2, GDB)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("path", [MAP, TEXT, DIGEST, REPORT, f"{DATABASE}-x", "4-规划图件/140225浑源县02图.jpg", SUMS])
@pytest.mark.timeout(60)
def test_a_pipe_is_never_opened(package, form, plan, path):
    (package / path).unlink(missing_ok=True)
    os.mkfifo(package / path)
    found = findings(package, form, plan, RULES)
    assert path in {f.key for f in found["DOC005", "special"]}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.timeout(60)
def test_a_manifest_that_is_a_pipe(package, form, plan):
    (package / MANIFEST).unlink()
    os.mkfifo(package / MANIFEST)
    found = findings(package, form, plan, RULES)
    assert {f.key for f in found["DOC005", "special"]} == {MANIFEST}
    assert ("DOC006", "changed_listed") in found


def test_the_work_of_another_version_is_only_said_not_to_be_rebuilt(package, form, plan, honest):
    other_version()(package)
    reseal(package)
    found = findings(package, form, plan, RULES)
    new = {key: [f.severity for f in some] for key, some in found.items() if key not in honest}
    assert new == {("DOC015", "not_rebuilt"): ["WARNING", "WARNING"]}
    assert "未能重建核对" in found["DOC015", "not_rebuilt"][0].message


def test_a_version_whose_pages_are_the_same_is_not_even_that(package, form, plan, honest):
    for path, key in ((MANIFEST, "tool"), (REPORT, "provenance")):
        in_json(path, lambda data, key=key: data[key]["versions"].update(sanxian="0.0.1"))(package)
    text = render_report(Report.from_dict(read(package / REPORT)), OPTIONS.norm())
    (package / REPORT_PAGE).write_text(text, "utf-8", newline="\n")
    remake(package)
    reseal(package)
    assert findings(package, form, plan, RULES).keys() <= honest.keys()


@pytest.mark.parametrize("change", [lambda b: b.replace(b"\n", b"\r\n"), lambda b: b"\xef\xbb\xbf" + b])
def test_a_copy_that_changed_the_ends_of_lines_is_the_same_page(package, form, plan, honest, change):
    for path in (REPORT_PAGE, PAGE):
        (package / path).write_bytes(change((package / path).read_bytes()))
        if path != PAGE:
            remake(package)
    reseal(package)
    assert findings(package, form, plan, RULES).keys() <= honest.keys()


def test_pages_in_both_languages_with_and_without_pictures(made):
    from plugin.core.render.pictures import LegendEntry, Pictures

    data = read(made / REPORT)
    norm = OPTIONS.norm()
    png = "data:image/png;base64,iVBORw0KGgo="
    for lang in ("zh", "en"):
        told = Report.from_dict({**data, "lang": lang})
        for drawn in (
            None,
            Pictures(),
            Pictures(problem=""),
            Pictures(png, [png, "", png], [LegendEntry("耕地 & <山>", png)]),
        ):
            text = render_report(told, norm, drawn)
            assert text in remake_report(
                Report.from_dict(json.loads(to_json(told))), norm, read_page(decode_page(text.encode()))
            )
    listed = read(made / MANIFEST)
    rows = [row for row in listed["files"] if row["path"] != PAGE]
    for lang in ("zh", "en"):
        text = manifest_page({**listed, "files": rows}, lang)
        assert text in remake_manifest(listed, read_page(text))


def test_a_report_forged_throughout_is_contradicted_by_the_layers(package, form):
    """Verdict, findings, rules, pages and manifest agree with each other; the package's own layers do not."""

    def forge(data):
        data["findings"] = []
        for rule in data["rules"]:
            rule |= {"outcome": "passed", "findings": 0, "unconfirmed": [], "incomplete": False, "reason": ""}
        data["summary"] = Report.from_dict(data).summary
        assert data["summary"]["verdict"] == "pass"

    report(forge)(package)
    said = read(package / REPORT)["summary"]
    manifest(lambda m: m["check"].update({k: said[k] for k in m["check"] if k in said}, forced=False, findings=0))(
        package
    )
    reseal(package)
    done = inspect_package(package, form, OPTIONS).report
    found = {(f.code, f.case): f for f in done.findings}
    assert "ATT001" in found["DOC013", "outcomes"].message
    assert not {key for key in found if key[0] in ("DOC006", "DOC015")}


def test_doubts_taken_out_of_the_report(package, form):
    """有条件通过 becomes 通过 by leaving out what nobody confirmed."""

    def forge(data):
        for rule in data["rules"]:
            rule["unconfirmed"] = []
        data["summary"] = Report.from_dict(data).summary

    report(forge)(package)
    manifest(lambda m: m["check"].update(unconfirmed=[]))(package)
    reseal(package)
    facts = collect_package_facts(package, form)
    done = check_plan(as_read_layers(whole()), OPTIONS)
    before = len(done.report.findings)
    compare_outcomes(done, facts)
    assert [(f.code, f.case) for f in done.report.findings[before:]] == [("DOC013", "outcomes")]


def test_the_profile_that_the_manifest_names_is_used(package, form, monkeypatch):
    from plugin.core.package.inspection import inspect as module

    manifest(lambda m: m["profile"].update(id="hunyuan", name="浑源县"))(package)
    facts = collect_package_facts(package, form)
    assert module._with_profile(OPTIONS, facts, form).norm().profile.id == "hunyuan"
    assert module._with_profile(Options(profile="example"), facts, form).profile == "example"
    manifest(lambda m: m["profile"].update(id="../某县"))(package)
    assert module._with_profile(OPTIONS, collect_package_facts(package, form), form).profile == ""


@pytest.mark.parametrize("suffix", [".p7s", ".sig", ".asc", ".sm2"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_signature_is_told_and_not_judged(package, form, plan, honest, suffix, lang):
    def reason():
        side = SideInputs(package=collect_package_facts(package, form))
        done = run_check(plan, choose_rules(["DOC003", "DOC006"]), side=side, lang=lang)
        assert not done.findings, [f.message for f in done.findings]
        return next(r.reason for r in done.rules if r.code == "DOC006")

    assert reason() == Texts(lang).reason("package_not_signed", {})
    (package / f"{MANIFEST}{suffix}").write_bytes(b"no signature at all")
    assert f"{MANIFEST}{suffix}" in reason()


def stray(folder, count):
    place = folder / "2-规划文档" / "网页"
    place.mkdir(parents=True)
    for number in range(count):
        (place / f"{number}.htm").write_bytes(b"x")


def test_stray_files_take_time_by_their_number_and_not_its_square(tmp_path, form, plan, made):
    def seconds(count):
        folder = tmp_path / str(count) / ROOT
        folder.mkdir(parents=True)
        stray(folder, count)
        best = float("inf")
        for _ in range(3):
            begun = time.process_time()
            side = SideInputs(package=collect_package_facts(folder, form))
            done = run_check(plan, choose_rules(RULES), side=side, lang="zh")
            best = min(best, time.process_time() - begun)
        assert {f.params["count"] for f in done.findings if f.case == "many"} == {count}
        return best

    assert seconds(8000) / seconds(2000) < 6


@pytest.mark.parametrize("zipped", [False, True])
def test_too_many_files_are_refused(tmp_path, form, zipped):
    folder = tmp_path / ROOT
    stray(folder, 40)
    path = Path(shutil.make_archive(str(tmp_path / "成果"), "zip", folder)) if zipped else folder
    with pytest.raises(InputError) as caught, unpack_package(path, most=39):
        pass
    assert caught.value.key == "package_too_many" and "39" in explain_error(caught.value)
    with unpack_package(path, most=50):
        pass


def test_the_number_of_files_is_a_setting(package, tmp_path, form):
    profile = tmp_path / "本县.toml"
    profile.write_text('id = "x"\nname = "浑源县"\narea_code = "140225"\n[package]\nmost_entries = 5\n', "utf-8")
    with pytest.raises(InputError) as caught:
        inspect_package(package, form, Options(profile=str(profile)))
    assert caught.value.key == "package_too_many"


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_pages_of_a_pdf_by_its_structure(tmp_path, pages):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(pages=pages))
    assert (
        inspect_pdf(path, plain=True)
        == inspect_pdf_structure(path.read_bytes())
        == pdf_module.PdfFact(pages, False, (), PLAIN)
    )


def test_pages_in_compressed_objects(tmp_path):
    import zlib

    inside = zlib.compress(b"3 0 <</Type /Page /Parent 2 0 R>> 4 0 <</Type/Page>>")
    data = b"%%PDF-1.5\n5 0 obj<</Type/ObjStm/N 2/First 4/Filter/FlateDecode/Length %d>>stream\n" % len(inside)
    found = inspect_pdf_structure(data + inside + b"\nendstream endobj\n")
    assert found.pages == 2


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_pages_of_a_pdf_by_pypdf(tmp_path, pages):
    pytest.importorskip("pypdf", reason="optional")
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(pages=pages))
    assert inspect_pdf(path) == pdf_module.PdfFact(pages, False, (), PYPDF)


def test_a_pdf_that_pypdf_cannot_open_is_read_by_its_structure(tmp_path):
    pytest.importorskip("pypdf", reason="optional")
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.4\n1 0 obj<</Type/Page>>endobj\n")
    assert inspect_pdf(path).pages >= 0


def test_a_formula_with_a_value_in_a_workbook_of_ours(package, form, plan, honest):
    """It shows what was saved with it, and another figure once a program computes it."""
    import zipfile

    with zipfile.ZipFile(package / TABLES) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    name = "xl/worksheets/sheet2.xml"
    text, count = re.subn(rb'(<c [^>]*t="n"[^>]*>)<v>', rb"\1<f>1+1</f><v>", parts[name], count=1)
    assert count == 1
    with zipfile.ZipFile(package / TABLES, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in {**parts, name: text}.items():
            archive.writestr(part, content)
    remake(package)
    reseal(package)
    found = findings(package, form, plan, ["DOC011"])
    assert [f.params["what"].split()[0] for f in found["DOC011", "hidden"]] == ["公式"]


def test_a_name_twice_in_the_manifest_is_named_and_the_rest_still_compared(package, form, plan, honest):
    text = (package / MANIFEST).read_text("utf-8")
    (package / MANIFEST).write_text(text.replace('"secrecy":', '"secrecy": "机密", "secrecy":', 1), "utf-8")
    digest = sha256(package / MANIFEST)
    (package / DIGEST).write_text(f"{digest}  {MANIFEST}\n", "utf-8")
    sums = (package / SUMS).read_text("utf-8").splitlines()
    (package / SUMS).write_text("\n".join([*sums[:-1], f"{digest}  {MANIFEST}"]) + "\n", "utf-8")
    found = findings(package, form, plan, [*RULES, "DOC011"])
    assert found.keys() - honest.keys() == {("DOC006", "doubled")}
    (finding,) = found["DOC006", "doubled"]
    assert "“secrecy”" in finding.message


def test_two_names_changed_about_are_told_by_their_codes(package, form, plan, honest):
    def swap(book):
        rows = [
            row
            for row in book["乡镇"].iter_rows(min_row=4)
            if str(row[0].value).isdigit() and len(str(row[0].value)) > 6
        ]
        (one, other) = rows[:2]
        one[1].value, other[1].value = other[1].value, one[1].value

    workbook(swap)(package)
    remake(package)
    reseal(package)
    found = findings(package, form, plan, ["DOC011"])
    new = {case for code, case in found.keys() - honest.keys()}
    assert "names" in new and not new & {"lost", "rows", "no_figure"}, new


def test_a_register_of_waivers_is_no_table_of_figures(package, form, plan, honest):
    put(DATABASE.replace(".gpkg", ".waivers.csv"), b"REL001")(package)
    remake(package)
    reseal(package)
    found = findings(package, form, plan, [*RULES, "DOC011"])
    assert found.keys() - honest.keys() == {("DOC003", "waivers")}


def test_a_key_more_in_the_report_does_not_accuse_the_page_of_hiding(package, form, plan, honest):
    report(lambda r: r["rules"][0].update(reviewed="通过"), page=False)(package)
    remake(package)
    reseal(package)
    found = findings(package, form, plan, RULES)
    assert ("DOC013", "keys") in found and ("DOC015", "active") not in found
