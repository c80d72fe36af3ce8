# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from typing import Any

from ...engine.context import Context
from ...errors import DataError, InputError
from ...files.data import strict_json
from ...indicators.compute import figures_of
from ...messages.texts import LANGUAGES, Texts
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...render.tables import all_tables
from ..inspection.facts import PackageFacts
from ..problems import NAMED
from ..tables.known_tables import KEYS, PROMISED, KnownTables
from ..tables.model import Sheet, Workbook
from ._own_tables import InspectedWorkbook, check_foreign_tables, compare_own_tables
from ._package import NONE_INSPECTED, example, is_of_other_version, no_package_given, package_facts
from ._tables import inspect_sheet, language_of, table_name

COUNTY = {"county": ["POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"]}
PLAN = {**COUNTY, "red_line": ["POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"]}
HEAD = ["控制线", "图斑数", "图斑椭球面积（公顷）"]
INDICATORS = [["指标", "单位", "数值"], ["生态保护红线面积", "平方千米", "0.25"], ["县域面积", "公顷", "99.98"]]


def _with(*rows: list[str], head: list[str] = HEAD) -> dict[str, list[list[str]]]:
    """A workbook of two tables; 25 ha in the plane are 24.99 ha on the ellipsoid."""
    return {"指标表": INDICATORS, "三条控制线": [["县三条控制线面积表"], ["单位：公顷"], head, *rows]}


LINE = ["生态保护红线", "1", "24.99"]


@rule(
    "DOC011",
    "table-figures",
    problem="Tables and layers disagree",
    basis=["T3", "plan-review", "package-draft"],
    needs={},
    messages={
        "cell": "“{file}”, sheet {sheet}, row “{row}” (line {line}), column “{column}” says {told}; the layers give {given}: {apart} apart{other}. "
        "Correct the table, or the layer, and make the package anew.",
        "blank": "“{file}”, sheet {sheet}, row “{row}” (line {line}), column “{column}” is blank; the layers give {given}. Fill it in.",
        "cells_row": "“{file}”, sheet {sheet}, row “{row}” (line {line}) differs in {count} columns: {figures}{other}. Correct the table, or the "
        "layer, and make the package anew.",
        "cells_column": "“{file}”, sheet {sheet}, column “{column}” differs in {count} rows, and these in no other column: {figures}{other}. Where the "
        "areas agree, shares follow from another row of the table. Correct the table, or the layer, and make the package anew.",
        "blanks_row": "“{file}”, sheet {sheet}, row “{row}” (line {line}) has {count} blanks: {figures}. Fill them in.",
        "blanks_column": "“{file}”, sheet {sheet}, column “{column}” is blank in {count} rows: {figures}. Fill them in.",
        "names": "“{file}”, sheet {sheet}{called}: {count} rows have the code of another name in the layers: {names}. Correct the name in the "
        "table, or in the layer.",
        "lost": "“{file}”, sheet {sheet}{called} lacks {count} rows that the layers give: {rows}. Put them in.",
        "no_table": "No workbook has these tables, though the layers give them: {tables}. Put them in, or write their titles on the sheets "
        "as the form has them; they were not compared.",
        "unread": "“{file}” was not compared: {detail}. Hand the tables in as xlsx as well, or compare it by hand.",
        "sheet": "“{file}”, sheet {sheet} has figures but is none of the known tables; it was not compared. Write the title as the form "
        "has it (heads in [tables.titles] of the form), or compare it by hand.",
        "no_layers": "“{file}”, sheet {sheet}{called}: the layers that it is made of are not in the package, or cannot be read; it was not compared. "
        "Put the layers in.",
        "rows": "“{file}”, sheet {sheet}{called}: {count} rows with figures are not known by code or name and were not compared: "
        "{rows}. Where the package lacks their layers, put these in; else write them as the list has them, or compare them by hand.",
        "columns": "“{file}”, sheet {sheet}{called}: columns with figures are not known and were not compared: {columns}. Where the package lacks their layers, put these in; else name them in "
        "[tables.heads] of the form, or compare them by hand.",
        "text": "“{file}”, sheet {sheet}: {count} cells could not be compared ({cells}): {detail}. Mend them, or compare them by hand.",
        "target": "“{file}”, sheet {sheet}{called}: {count} targets or what is left of them are other than by the layers and the profile of "
        "this check ({cells}). Inspect with the county's own profile; if it is, correct the table or the layers.",
        "no_figure": "“{file}”, sheet {sheet}{called}: the layers give nothing for {count} figures ({cells}), so they were not compared. "
        "Figures held against targets take the county's own profile.",
        "hidden": "“{file}”, sheet {sheet} has hidden content: {what}. Show it, or delete it.",
        "words": "“{file}” was made by this plugin; on sheet {sheet} {count} cells have other words than the layers and the report give: {cells}. "
        "Make the package anew.",
        "format": "“{file}”, sheet {sheet}: {count} cells have a number format that may show another figure than they hold: {cells}. "
        "Set a plain number format, or make the package anew.",
        "counts": "The manifest counts {told_rows} rows and {told_figures} figures on sheet {sheet} of “{file}”; there are {rows} and {figures}. "
        "Make the package anew.",
        "look": "“{file}” was made by this plugin; on sheet {sheet} {count} cells, rows or columns differ in format from what it writes (font, "
        "colour, size, or conditional formats): {cells}. Make the package anew.",
        "drawn": "“{file}” was made by this plugin, and has parts that it does not write (pictures, shapes, charts, controls, letters of several "
        "kinds in a cell): {parts}. They may cover figures; make the package anew.",
        "covered": "“{file}”, sheet {sheet}: a picture or shape lies over {count} cells with content: {cells}. What is seen there is not what the "
        "cells hold. Take it away, or make the package anew.",
        "unbuilt": "“{file}”: {reason}. Its figures were compared with the layers, states of indicators with the report; other words were not. "
        "Inspect the package with the version, profile and layers that made it.",
        "more_sheets": "“{file}” was made by this plugin, and has sheets that it did not make: {sheets}. Make the package anew.",
        "cut": "“{file}”, sheet {sheet} is larger than any table; only its beginning was compared. Delete empty rows and columns.",
    },
    fails=[
        example("another figure", 1, plan=PLAN, tables=_with(["生态保护红线", "1", "25.09"])),
        example("a figure that is text, in full width", 1, plan=PLAN, tables=_with(["生态保护红线", "1", "２５．０９"])),
        example("in mu, by the head", 1, plan=PLAN, tables=_with(["生态保护红线", "1", "375.60"], head=[*HEAD[:2], "图斑椭球面积（亩）"])),
        example("one feature more", 1, plan=PLAN, tables=_with(["生态保护红线", "2", "24.99"])),
        example("another edition's line", 1, plan=PLAN, tables=_with(["生态保护红线", "2", "25.09"])),
        example("a blank", 1, plan=PLAN, tables=_with(["生态保护红线", "1", ""])),
        example("a line that was left out", 1, plan=PLAN, tables=_with(["合计", "", ""])),
        example("a line that no layer has", 1, plan=PLAN, tables=_with(LINE, ["蓝线", "2", "3.00"])),
        example("a table of something else", 1, plan=PLAN, tables={**_with(LINE), "人口": [["年份", "人口"], ["2020", "35.2"]]}),
        example("zones without their layer", 1, plan=PLAN, tables={**_with(LINE), "规划分区": [["代码", "规划分区", "图斑椭球面积"], ["100", "生态保护区", "3.00"]]}),
        example("a hidden sheet", 1, plan=PLAN, tables=_with(LINE), hidden={"三条控制线": ("sheet",)}),
        example("no table of indicators", 1, plan=PLAN, tables={"三条控制线": _with(LINE)["三条控制线"]}),
        example("tables that only Access reads", 1, plan=PLAN, unread="table_kind"),
    ],
    passes=[
        example("the same", plan=PLAN, tables=_with(LINE)),
        example("the same, shorter", plan=PLAN, tables=_with(["生态保护红线", "1", "25.0"])),
        example("in another unit, by the head", plan=PLAN, tables=_with(["生态保护红线", "1", "0.2499"], head=[*HEAD[:2], "图斑椭球面积（平方千米）"])),
        example("nothing where there is nothing", plan=PLAN, tables=_with(LINE, ["合计", "—", ""])),
        NONE_INSPECTED,
    ],
)  # fmt: skip
def table_figures(*, ctx: Context) -> RuleResult:
    """Tables and layers show the same figures.

    What it checks
        Every figure of every workbook (xlsx) in the package against what the package's own layers give: indicators, control lines,
        expansion ratio, planning zones, land use now and planned, townships. A figure agrees when it is the layers' own within half of
        its last printed digit. Cells of one row are told together, and those of one column where three rows or more differ in it alone (`cells` in the
        report as data has each). Tables are known by their titles and the words of their heads, rows by code and name, in any order.
    Why
        Text, tables and map must agree; nobody can tell which of two figures was approved.
    How to fix
        Correct the table, or the layer where that is wrong, and make the package anew.
    Limits
        In our own workbook every other cell, too, is compared with the workbook made again (words, forms of numbers, font, colour, size), and the
        sheet on the data with the report; under another version, profile or set of layers only states, targets and that sheet are. Of others'
        workbooks, forms of numbers that show another figure and pictures over cells are told. A note taken off the sheet on the data is not noticed. Hidden sheets, rows, columns and cells are told in any workbook; remarks, formulas, links, headers of pages and further sheets in our own. What cannot be recognised is told as not compared, never passed over: sheets, rows and columns of other words, tables as mdb, xls or csv, formulas
        that were never computed. A blank stands for nothing. Targets and what is left take the county's profile. Formulas and sources are words, and are not compared.
    """
    package = package_facts(ctx)
    if package is None:
        return no_package_given()
    if not package.workbooks:
        return RuleResult(applicable=False, notes=[("package_no_tables", {})])
    result = RuleResult()
    texts = Texts(ctx.lang)
    readable: list[Workbook] = []
    for book in package.workbooks:
        if book.problem:
            detail = texts.section("causes").get(book.problem, book.problem)
            params = {"file": book.file, "detail": detail}
            result.findings.append(Finding("", key=book.file, case="unread", severity=Severity.WARNING, params=params))
        else:
            readable.append(book)
    if not readable:
        return result
    lang = language_of(readable)
    try:
        tables = all_tables(figures_of(ctx, lang))
    except (InputError, DataError) as error:
        # Not every edition has the lists that the tables are made by.
        result.not_checked.append(("package_no_figures", {"reason": texts.explain(error)}))
        return result
    known = KnownTables(tables, lang, package.package_spec.words)
    seen: set[str] = set()
    result.findings += _unseen(readable, package, texts)
    for book in readable:
        if book.file == _ours(package):
            made = tables if language_of([book]) == lang else all_tables(figures_of(ctx, language_of([book])))
            result.findings += compare_own_tables(
                InspectedWorkbook(book, made, _report(package), package, ctx, language_of([book]))
            )
        else:
            result.findings += check_foreign_tables(book, texts)
        for sheet in book.sheets:
            found = inspect_sheet(book.file, sheet, known, texts, elsewhere=is_of_other_version(package))
            seen |= found.tables
            result.findings += found.findings
    gone = [name for name in PROMISED if name in known.tables and name not in seen and known.tables[name].rows]
    if gone:
        params = {"tables": texts.get("words", "between_names").join(table_name(n, texts) for n in gone)}
        key = readable[0].file
        result.findings.append(Finding("", key=key, case="no_table", severity=Severity.WARNING, params=params))
    return result


def _report(package: PackageFacts) -> dict[str, Any]:
    """Return the report as data; empty where it cannot be read (DOC013 reports that)."""
    try:
        told = strict_json(package.documents.get(package.report_path, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _ours(package: PackageFacts) -> str:
    """Path of the workbook that the plugin made; empty where the manifest names none."""
    own = package.package_spec.tables
    path = f"{package.expected(own.folder, own.file)}.xlsx" if own is not None else ""
    rows = (package.manifest or {}).get("tables")
    return path if isinstance(rows, list) and any(isinstance(r, dict) and r.get("file") == path for r in rows) else ""


def _hidden(key: str, sheet: Sheet, texts: Texts) -> str:
    """Describe hidden content with the names of rows, columns and cells."""
    names = sheet.unseen.get(key, ()) if key != "sheet" else ()
    listed = " ".join(name[:_LONGEST] for name in names[:NAMED]) + (" …" if len(names) > NAMED else "")
    return f"{texts.get('hidden', key)} {listed}".strip()


#: What a planner's own workbook may well have.
_WORK = ("comments", "formulas", "links", "header")
#: Letters of what is printed around a sheet that a message repeats.
_LONGEST = 60


def _unseen(books: list[Workbook], package: PackageFacts, texts: Texts) -> Iterator[Finding]:
    """Report hidden content of workbooks, and extra sheets of the plugin's own workbook."""
    between = texts.get("words", "between_names")
    ours = _ours(package)
    for book in books:
        for sheet in book.sheets:
            # A planner's own workbook may compute and remark; what it hides is told all the same.
            unseen = [k for k in sheet.hidden if book.file == ours or k not in _WORK]
            if unseen:
                what = between.join(_hidden(key, sheet, texts) for key in unseen)
                params = {"file": book.file, "sheet": sheet.name, "what": what}
                yield Finding(
                    "", key=f"{book.file}/{sheet.name}", case="hidden", severity=Severity.WARNING, params=params
                )
        if book.file == ours:
            known = {Texts(lang).get("sheets", name) for name in (*KEYS, "about") for lang in LANGUAGES}
            more = [sheet.name for sheet in book.sheets if sheet.name not in known]
            if more:
                params = {"file": book.file, "sheets": between.join(more)}
                yield Finding("", key=book.file, case="more_sheets", params=params)
