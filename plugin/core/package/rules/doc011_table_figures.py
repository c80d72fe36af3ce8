# SPDX-License-Identifier: GPL-2.0-or-later

from ...base.errors import DataError, InputError
from ...engine.context import RuleContext
from ...figures.indicators.compute import get_plan_indicators
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...render.tables.indicator_tables import make_all_tables
from ...standard.messages.texts import TEXT_LANGUAGES, Texts
from ..inspection.facts import PackageFacts
from ..tables.known_tables import KEY_COLUMNS, REQUIRED_TABLES, KnownTables
from ._own_tables import InspectedWorkbook, compare_plugin_workbook_texts
from ._package import (
    NO_PACKAGE_EXAMPLE,
    inspects_package,
    is_of_other_version,
    make_example,
    make_file_finding,
)
from ._tables import detect_language, inspect_sheet

COUNTY_PLAN = {"county": ["POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"]}
PLAN_WITH_RED_LINE = {**COUNTY_PLAN, "red_line": ["POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"]}
TABLE_HEAD = ["控制线", "图斑数", "图斑椭球面积（公顷）"]
INDICATOR_ROWS = [["指标", "单位", "数值"], ["生态保护红线面积", "平方千米", "0.25"], ["县域面积", "公顷", "99.98"]]


def _make_example_workbook(*rows: list[str], head: list[str] = TABLE_HEAD) -> dict[str, list[list[str]]]:
    """Return a workbook of two tables for an example, with the given rows.

    25 ha in the plane are 24.99 ha on the ellipsoid.
    """
    return {"指标表": INDICATOR_ROWS, "三条控制线": [["县三条控制线面积表"], ["单位：公顷"], head, *rows]}


RED_LINE_ROW = ["生态保护红线", "1", "24.99"]


@rule(
    "DOC011",
    "table-figures",
    problem="Tables and layers disagree",
    basis=["T3", "plan-review", "package-draft"],
    needs={},
    messages={
        "cell": "“{file}”, sheet {sheet}, row “{row}” (line {line}), column “{column}”: {told} in the table, {given} "
        "by the layers; difference {apart}{other}. Compare with the approved result: if the layer agrees with it, "
        "correct the table, else the layer. Then make the package again.",
        "blank": "“{file}”, sheet {sheet}, row “{row}” (line {line}), column “{column}” is blank; the value by the layers is {given}. "
        "Fill it in.",
        "cells_row": "“{file}”, sheet {sheet}, row “{row}” (line {line}) differs in {count} columns: "
        "{figures}{other}. Compare with the approved result: if the layer agrees with it, correct the table, else "
        "the layer. Then make the package again.",
        "cells_column": "“{file}”, sheet {sheet}, column “{column}” differs in {count} rows, and these in no other "
        "column: {figures}{other}. If the areas agree, another row of the table changes the shares. Compare with the "
        "approved result: if the layer agrees with it, correct the table, else the layer. Then make the package "
        "again.",
        "blanks_row": "“{file}”, sheet {sheet}, row “{row}” (line {line}) has {count} blanks: {figures}. Fill them in.",
        "blanks_column": "“{file}”, sheet {sheet}, column “{column}” is blank in {count} rows: {figures}. Fill them in.",
        "names": "“{file}”, sheet {sheet}{called}: rows whose code has another name in the layers: {count} ({names}). Correct the name in "
        "the table or in the layer.",
        "lost": "“{file}”, sheet {sheet}{called}: rows of the layers that the sheet lacks: {count} ({rows}). Add them.",
        "no_table": "The workbooks lack these tables, whose figures the layers contain, so they were not compared: "
        "{tables}. Add the tables; if a sheet has another title, give it the title in the specification.",
        "unread": "“{file}” was not compared: {detail}. Hand in the tables as xlsx as well, or compare it by hand.",
        "sheet": "“{file}”, sheet {sheet} has figures, but its title is that of no table in the specification, so it "
        "was not compared with the layers. Use the title in the specification ([tables.titles]); check a table that "
        "the specification does not have by hand.",
        "no_layers": "“{file}”, sheet {sheet}{called} was not compared, because the layers for this table are missing "
        "in the package or unreadable. Add the layers, and inspect the package again.",
        "rows": "“{file}”, sheet {sheet}{called}: the code or name of some rows is unknown, so their figures were not "
        "compared; rows: {count} ({rows}). If the package lacks their layers, add the layers; otherwise correct code "
        "or name by the code list, or check the rows by hand.",
        "columns": "“{file}”, sheet {sheet}{called}: some columns are unknown, so their figures were not compared: "
        "{columns}. If the package lacks their layers, add the layers; otherwise use the column names in the "
        "specification ([tables.heads]), or check the columns by hand.",
        "text": "“{file}”, sheet {sheet}: cells that could not be compared: {count} ({cells}); reason: {detail}. Correct them, or "
        "compare them by hand.",
        "target": "“{file}”, sheet {sheet}{called}: targets or margins that differ from the layers and the profile of this check: {count} "
        "({cells}). Inspect with the county's profile; if this is done, correct the table or the layers.",
        "no_figure": "“{file}”, sheet {sheet}{called}: figures without a value by the layers, so that they were not compared: {count} "
        "({cells}). Figures compared with targets require the county's profile.",
        "words": "“{file}” was made by this plugin. Cells on sheet {sheet} whose words differ from the layers and the report: {count} "
        "({cells}). Make the package again.",
        "stored_text": "“{file}” was made by this plugin. Cells on sheet {sheet} with figures that are stored as text, which formulas do "
        "not count: {count} ({cells}). Make the package again.",
        "unbuilt": "“{file}”: {reason}. Its figures were compared with the layers, and states of indicators with the report; other words "
        "were not compared. Inspect the package with the version, profile and layers that made it.",
        "more_sheets": "“{file}” was made by this plugin, but has sheets that the plugin did not make: {sheets}. Make the package again.",
        "cut": "“{file}”, sheet {sheet} is larger than any table; only its beginning was compared. Delete empty rows and columns.",
    },
    fails=[
        make_example("another figure", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "1", "25.09"])),
        make_example("a figure that is text, in full width", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "1", "２５．０９"])),
        make_example("in mu, by the head", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "1", "375.60"], head=[*TABLE_HEAD[:2], "图斑椭球面积（亩）"])),
        make_example("one feature more", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "2", "24.99"])),
        make_example("another edition's line", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "2", "25.09"])),
        make_example("a blank", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "1", ""])),
        make_example("a line that was left out", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["合计", "", ""])),
        make_example("a line that no layer has", 1, plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(RED_LINE_ROW, ["蓝线", "2", "3.00"])),
        make_example("a table of something else", 1, plan=PLAN_WITH_RED_LINE, tables={**_make_example_workbook(RED_LINE_ROW), "人口": [["年份", "人口"], ["2020", "35.2"]]}),
        make_example("zones without their layer", 1, plan=PLAN_WITH_RED_LINE, tables={**_make_example_workbook(RED_LINE_ROW), "规划分区": [["代码", "规划分区", "图斑椭球面积"], ["100", "生态保护区", "3.00"]]}),
        make_example("no table of indicators", 1, plan=PLAN_WITH_RED_LINE, tables={"三条控制线": _make_example_workbook(RED_LINE_ROW)["三条控制线"]}),
        make_example("tables that only Access reads", 1, plan=PLAN_WITH_RED_LINE, unread="table_kind"),
    ],
    passes=[
        make_example("the same", plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(RED_LINE_ROW)),
        make_example("the same, shorter", plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "1", "25.0"])),
        make_example("in another unit, by the head", plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(["生态保护红线", "1", "0.2499"], head=[*TABLE_HEAD[:2], "图斑椭球面积（平方千米）"])),
        make_example("nothing where there is nothing", plan=PLAN_WITH_RED_LINE, tables=_make_example_workbook(RED_LINE_ROW, ["合计", "—", ""])),
        NO_PACKAGE_EXAMPLE,
    ],
)  # fmt: skip
@inspects_package
def table_figures(package: PackageFacts, *, ctx: RuleContext) -> RuleResult:
    """Tables and layers have the same figures.

    What it checks
        Every figure of every workbook (xlsx) in the package is compared with the package's layers: indicators, control
        lines, expansion ratio, planning zones, current and planned land use, townships. A figure agrees if it is within
        half of its last printed digit; if the layers are in degrees and neither manifest nor report names the CRS in
        which they were drawn, areas may differ by another millionth. Differing cells of a row make one finding, and so
        do those of a column if at least three rows differ in it alone (`cells` in the report's data lists each). Tables
        are recognised by titles and words of their heads, rows by code and name, in any order.
    Why
        Text, tables and maps must agree; otherwise it is unknown which figure was approved.
    How to fix
        Correct the table, or the layer if it is wrong, and make the package again.
    Limits
        In the plugin's workbook, the words of all other cells are compared with the workbook made again, and the sheet
        on the data with the report. With another version, profile or set of layers, only states, targets and this sheet
        are compared. Time and notes of the sheet on the data, looks of cells, hidden parts, pictures,
        settings and properties are not inspected. Content that was not recognised is reported as not compared: sheets,
        rows and columns with other words, tables as mdb, xls or csv, formulas without a value. A blank means zero.
        Targets and margins require the county's profile. Formulas and sources are words, and are not compared.
    """
    if not package.workbooks:
        return RuleResult(is_applicable=False, notes=[("package_no_tables", {})])
    result = RuleResult()
    texts = Texts(ctx.lang)
    for book in package.workbooks:
        if reason := book.unreadable_reason:
            detail = texts.get_section("causes").get(reason, reason)
            result.findings.append(make_file_finding(book.file, "unread", Severity.WARNING, detail=detail))
    readable_workbooks = [book for book in package.workbooks if not book.unreadable_reason]
    if not readable_workbooks:
        return result
    lang = detect_language(readable_workbooks)
    try:
        tables = make_all_tables(get_plan_indicators(ctx, lang))
    except (InputError, DataError) as error:
        # Not every edition has the lists that the tables need.
        result.not_checked.append(("package_no_figures", {"reason": texts.explain_error(error)}))
        return result
    known_tables = KnownTables(tables, lang, package.package_spec.tables)
    recognised_tables: set[str] = set()
    for book in readable_workbooks:
        if book.file == package.tables_path and any(
            row["file"] == book.file for row in (package.manifest or {}).get("tables", ())
        ):
            # The plugin made this workbook.
            book_lang = detect_language([book])
            tables_of_book = tables if book_lang == lang else make_all_tables(get_plan_indicators(ctx, book_lang))
            known_names = {Texts(one).get("sheets", name) for name in (*KEY_COLUMNS, "about") for one in TEXT_LANGUAGES}
            additional_sheets = [sheet.name for sheet in book.sheets if sheet.name not in known_names]
            if additional_sheets:
                sheets = texts.get("words", "between_names").join(additional_sheets)
                result.findings.append(make_file_finding(book.file, "more_sheets", sheets=sheets))
            result.findings += compare_plugin_workbook_texts(
                InspectedWorkbook(book, tables_of_book, package, ctx, book_lang)
            )
        for sheet in book.sheets:
            sheet_tables = known_tables.find_sheet_tables(sheet)
            recognised_tables |= {one.table.id for one in sheet_tables}
            result.findings += inspect_sheet(
                book.file,
                sheet,
                sheet_tables,
                known_tables,
                texts,
                is_other_version=is_of_other_version(package),
                is_drawing_crs_unknown=package.original_crs is None and ctx.plan.crs != ctx.plan.plane_crs,
            )
    missing_tables = [
        name
        for name in REQUIRED_TABLES
        if name in known_tables.tables and name not in recognised_tables and known_tables.tables[name].rows
    ]
    if missing_tables:
        titles = texts.get("words", "between_names").join(texts.get("sheets", name) for name in missing_tables)
        key, params = readable_workbooks[0].file, {"tables": titles}
        result.findings.append(Finding("", key, case="no_table", severity=Severity.WARNING, params=params))
    return result
