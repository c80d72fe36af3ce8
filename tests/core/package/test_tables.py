# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables in a package, from any software, compared with its layers (图数一致)."""

import zipfile

import pytest

from plugin.core.checks.check import RunOptions
from plugin.core.checks.tabulate import tabulate_plan, write_new_figures_workbook
from plugin.core.cli.examples.package_facts import DATABASE, TABLES_PATH_STEM, make_sheet
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.figures.indicators.compute import PlanIndicators
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.rules._own_tables import unify_target
from plugin.core.package.rules._tables import (
    describe_target_cells,
    group_differing_cells,
    inspect_sheet,
    make_group_params,
)
from plugin.core.package.tables.compare import (
    CellDifference,
    _compare_figures_in_texts,
    compute_printing_tolerance,
    find_differences,
    find_lost_rows,
    find_renamed_rows,
)
from plugin.core.package.tables.known_tables import KnownTables, PrintedNumber, parse_printed_number
from plugin.core.package.tables.sheets import PrintedCell, PrintedSheet, read_workbook
from plugin.core.render.tables.indicator_tables import make_all_tables
from plugin.core.render.tables.report_table import ReportTable, ReportTableRow, TableColumn, TableNumber
from plugin.core.standard.messages.texts import Texts
from tests.core.package_fixtures import export_complete_package
from tests.parametrize import first_daily

openpyxl = pytest.importorskip("openpyxl")
COUNTY_SPEC = load_package_spec("county")
SQUARE, QUARTER = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))", "POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.30", PrintedNumber(12.3, 2, "")),
        ("１２．３０", PrintedNumber(12.3, 2, "")),
        ("1,965.00", PrintedNumber(1965.0, 2, "")),
        ("1 965.0", PrintedNumber(1965.0, 1, "")),
        ("−3.5", PrintedNumber(-3.5, 1, "")),
        ("(3.50)", PrintedNumber(-3.5, 2, "")),
        ("+7", PrintedNumber(7.0, 0, "")),
        ("12.5公顷", PrintedNumber(12.5, 1, "ha")),
        ("35%", PrintedNumber(35.0, 0, "share")),
        ("35％", PrintedNumber(35.0, 0, "share")),
        *((text, None) for text in ("", "—", "约三百", "12～15", "1.2.3", "12.30元", "≥12", "1e5", "2020年")),
    ],
)
def test_only_numbers_in_common_notations_are_parsed_from_table_cells(text, number):
    assert parse_printed_number(text) == number


def test_tolerance_of_a_printed_number_is_half_of_its_last_digit():
    for text, given, agrees in (
        ("12.34", 12.3449, True),
        ("12.34", 12.3462, False),
        ("12", 12.49, True),
        ("12", 12.52, False),
    ):
        read = parse_printed_number(text)
        assert (abs(read.value - given) <= compute_printing_tolerance(read, given, "ha")) is agrees, (text, given)


def write_workbook_rows(path, rows, name="三条控制线", merge=(), formats=()):
    new_book = openpyxl.Workbook()
    sheet = new_book.active
    sheet.title = name
    for row in rows:
        sheet.append(row)
    for cells in merge:
        sheet.merge_cells(cells)
    for cell, cell_format in formats:
        sheet[cell].number_format = cell_format
    new_book.save(path)
    return path


def test_workbook_cells_are_read_in_their_number_format_and_merged_cells_repeat_the_value(tmp_path):
    rows = [["线", "面积", "和"], ["红线", 25.0, "=B2*2"], ["边界", "１２．３０", None], ["=1/0", 0, None]]
    path = write_workbook_rows(tmp_path / "a.xlsx", rows, merge=["A1:A2", "B3:C3"], formats=[("B2", "0.00")])
    (sheet,) = read_workbook(path, "表/a.xlsx").sheets
    assert sheet.cell_by_position[2, 2] == PrintedCell("25.00") and sheet.cell_by_position[2, 3] == PrintedCell(
        "", "formula"
    )
    assert sheet.cell_by_position[2, 1] == PrintedCell("线", "merged") and sheet.cell_by_position[3, 3] == PrintedCell(
        "１２．３０", "merged"
    )
    assert (
        sheet.cell_by_position[4, 2] == PrintedCell("0")
        and (4, 3) not in sheet.cell_by_position
        and not sheet.is_truncated
    )


def test_saved_value_of_a_formula_cell_is_used(tmp_path):
    path = write_workbook_rows(tmp_path / "a.xlsx", [["线", "面积"], ["红线", "=12+13"]])
    saved = tmp_path / "b.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(saved, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            new.writestr(
                info,
                data.replace(b"<f>12+13</f><v />", b"<f>12+13</f><v>25</v>").replace(
                    b"<f>12+13</f><v></v>", b"<f>12+13</f><v>25</v>"
                ),
            )
    assert read_workbook(saved, "b").sheets[0].cell_by_position[2, 2] == PrintedCell("25")


def test_tables_in_other_file_formats_are_reported_as_unsupported(tmp_path):
    for name in ("a.xls", "a.csv", "a.et", "a.ods"):
        (tmp_path / name).write_bytes(b"x")
        assert read_workbook(tmp_path / name, name).unreadable_reason == "table_kind"


@pytest.fixture(scope="module")
def known_tables():
    """Return the tables that a small plan should have."""
    plan = make_example_plan({"county": [SQUARE], "red_line": [QUARTER], "boundary": [{"wkt": QUARTER}]})
    figures = PlanIndicators(RuleContext(plan, plan.norm, plan.norm.make_tolerance()), Texts("zh"))
    return KnownTables(make_all_tables(figures), "zh", COUNTY_SPEC.tables)


def find_difference_cases(known, name, rows):
    """Return case, row and column of each difference in a sheet, and the table found in it."""
    (block,) = known.find_sheet_tables(make_sheet(name, rows))
    return {(d.case, d.row_name, d.column_heading) for d in find_differences(block)[0]}, block


TABLE_LAYOUTS = {
    "columns in another order": [["面积（公顷）", "控制线名称"], ["24.99", "生态保护红线"]],
    "a head of two lines": [["序号", "控制线", "面积"], ["序号", "控制线", "公顷"], ["1", "生态保护红线", "24.99"]],
    "the unit in a line above": [["2035年三线统计表"], ["", "单位：亩"], ["类型", "面积"], ["生态保护 红线", "374.91"]],
    "a unit in every cell": [["控制线", "面积"], ["生态保护红线", "24.99公顷"]],
    "marks of notes": [["控制线①", "面积*（公顷）"], ["生态保护红线*", "24.99"]],
    "in English": [["Line", "Statutory area (ha)"], ["生态保护红线", "24.99"]],
}


@pytest.mark.parametrize("name", TABLE_LAYOUTS)
def test_table_in_another_layout_is_recognised_and_a_changed_figure_in_it_reported(known_tables, name):
    rows = TABLE_LAYOUTS[name]
    found, block = find_difference_cases(known_tables, "三条控制线", rows)
    assert block.table.id == "lines" and [r.code for r in block.row_by_line.values()] == ["red_line"]
    assert found == set() and not block.unknown_figure_lines and not block.foreign_columns
    wrong = [[cell.replace("24.99", "24.89").replace("374.91", "373.91") for cell in row] for row in rows]
    assert {case for case, *_ in find_difference_cases(known_tables, "三条控制线", wrong)[0]} == {"cell"}


def test_two_tables_in_one_sheet_are_recognised(known_tables):
    rows = [
        ["表1 三条控制线面积表"], ["控制线", "图斑椭球面积（公顷）"], ["生态保护红线", "24.99"], [],
        ["表2 国土空间规划指标表"], ["序号", "指标", "单位", "数值"], ["1", "县域面积", "公顷", "99.98"],
    ]  # fmt: skip
    blocks = known_tables.find_sheet_tables(make_sheet("附表", rows))
    assert [b.table.id for b in blocks] == ["lines", "indicators"]
    assert [find_differences(b) for b in blocks] == [([], 1), ([], 1)]


def test_difference_of_two_large_areas_in_a_table_may_deviate_by_the_tolerances_of_both_areas():
    """Compare a difference of two areas of 200 000 ha, each exact to 0.002 ha.

    A plain figure of that size gets no such tolerance.
    """
    columns = [
        TableColumn("class"),
        TableColumn("codes"),
        TableColumn("base_area", "ha"),
        TableColumn("planned_area", "ha"),
        TableColumn("change", "ha"),
    ]
    numbers = [TableNumber(v, 2) for v in (200_000.0, 200_000.056, 0.056)]
    table = ReportTable("land_use", columns, [ReportTableRow(["耕地", "01", *numbers], "row", "01")], "ha")
    rows = [["用地类型", "现状面积", "规划面积", "规划增减"], ["耕地", "200000.00", "200000.06", "0.05"]]
    (block,) = KnownTables([table], "zh").find_sheet_tables(make_sheet("用地现状–规划", rows))
    assert find_differences(block) == ([], 3)
    rows[1] = ["耕地", "200000.00", "200000.06", "0.04"]
    (block,) = KnownTables([table], "zh").find_sheet_tables(make_sheet("用地现状–规划", rows))
    assert [d.column_heading for d in find_differences(block)[0]] == ["规划增减"]


@pytest.mark.parametrize(
    ("is_drawing_crs_unknown", "printed", "agrees"),
    [(False, "4204.76", False), (True, "4204.76", True), (True, "4204.75", False), (True, "4204.78", False)],
)
def test_area_may_differ_by_a_millionth_where_the_drawing_crs_is_unknown(is_drawing_crs_unknown, printed, agrees):
    """Compare a zone that was 4204.7648 ha with straight edges in the plane and is 4204.7652 ha with edges in degrees."""
    columns = [TableColumn("line"), TableColumn("statutory", "ha")]
    table = ReportTable("lines", columns, [ReportTableRow(["生态保护红线", TableNumber(4204.765_2, 2)])], "ha")
    rows = [["控制线", "图斑椭球面积（公顷）"], ["生态保护红线", printed]]
    (block,) = KnownTables([table], "zh").find_sheet_tables(make_sheet("三条控制线", rows))
    assert (find_differences(block, is_drawing_crs_unknown=is_drawing_crs_unknown)[0] == []) is agrees


def test_wrong_zero_blank_cell_and_figure_that_no_layer_has_are_reported_as_different_cases(known_tables):
    head = ["控制线", "图斑椭球面积（公顷）", "净面积（公顷）"]
    assert find_difference_cases(known_tables, "三条控制线", [head, ["生态保护红线", "0", ""]])[0] == {
        ("cell", "生态保护红线", head[1])
    }
    assert find_difference_cases(known_tables, "三条控制线", [head, ["生态保护红线", "/", ""]])[0] == {
        ("blank", "生态保护红线", head[1])
    }
    assert find_difference_cases(known_tables, "三条控制线", [head, ["生态保护红线", "24.99", "0"]])[0] == {
        ("no_figure", "生态保护红线", head[2])
    }


def test_table_row_is_identified_by_its_code_before_its_name(known_tables):
    """Report the name of a row whenever it contradicts the code."""
    zones = make_example_plan(
        {
            "county": [SQUARE],
            "zones": [
                {"wkt": QUARTER, "zone_code": "100"},
                {"wkt": "POLYGON ((500 500, 600 500, 600 600, 500 500))", "zone_code": "200"},
            ],
        }
    )
    table = KnownTables(
        make_all_tables(PlanIndicators(RuleContext(zones, zones.norm, zones.norm.make_tolerance()), Texts("zh"))),
        "zh",
        COUNTY_SPEC.tables,
    )
    rows = [(r.values[0], r.values[1]) for r in table.tables["zones"].rows[:2]]
    head = ["代码", "规划分区", "图斑椭球面积"]
    swapped = [head, [rows[0][0], rows[1][1], "1.00"]]
    (block,) = table.find_sheet_tables(make_sheet("规划分区", swapped))
    assert not block.unknown_figure_lines and list(block.row_by_line) == [2]
    assert find_renamed_rows(block) == [(2, rows[1][1], rows[0][1])]


def make_square_row(x, width, **columns):
    return {"wkt": f"POLYGON (({x} 0, {x + width} 0, {x + width} 1000, {x} 1000, {x} 0))", **columns}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_table_written_by_the_export_is_recognised(tmp_path, lang):
    """Recognize all eight tables in both languages.

    Two townships have one name, two column heads are equal, and one code is unknown.
    """
    layers = {
        "county": [SQUARE],
        "townships": [
            make_square_row(500 * n, 500, division_code=f"14022510{n}", division_name="永安镇") for n in (0, 1)
        ],
        "DLTB": [make_square_row(0, 300, land_use="0103"), make_square_row(300, 700, land_use="0301")],
        "GHYDYH": [make_square_row(0, 200, land_use="0103"), make_square_row(200, 700, land_use="0701")],
        "boundary": [QUARTER],
        "zones": [make_square_row(0, 500, zone_code="300"), make_square_row(500, 500, zone_code="999")],
    }
    plan_tables = tabulate_plan(make_example_plan(layers), lang)
    write_new_figures_workbook(plan_tables, tmp_path / "a.xlsx")
    known = KnownTables(plan_tables.tables, lang)
    seen = {}
    for sheet in read_workbook(tmp_path / "a.xlsx", "a").sheets:
        for block in known.find_sheet_tables(sheet):
            found, compared = find_differences(block)
            seen[block.table.id] = compared
            assert (found, find_lost_rows(block), block.unknown_figure_lines, block.foreign_columns) == (
                [],
                [],
                (),
                {},
            ), block.table.id
    assert (
        seen.keys()
        == {t.id for t in plan_tables.tables} - {"about"}
        >= {"transitions", "land_use", "townships", "zones"}
    )
    assert all(seen.values())


# A complete package, exported and inspected.


@pytest.fixture(scope="module")
def exported_package(tmp_path_factory):
    pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    return export_complete_package(tmp_path_factory.mktemp("成果"))


def inspect_tables(path, **options):
    """Return the findings on tables in a package, without those on unreadable ones."""
    report = inspect_package(path, COUNTY_SPEC, RunOptions(**options)).report
    return [f for f in report.findings if f.code == "DOC011" and f.case != "unread"]


def change_workbook_cell(package, sheet, cell, value, cell_format=None):
    path = package / f"{TABLES_PATH_STEM}.xlsx"
    workbook = openpyxl.load_workbook(path)
    workbook[sheet][cell] = value
    if cell_format:
        workbook[sheet][cell].number_format = cell_format
    workbook.save(path)


def locate_cell(package, sheet, row, column):
    """Return coordinate and value of the cell with this row and column text."""
    worksheet = openpyxl.load_workbook(package / f"{TABLES_PATH_STEM}.xlsx")[sheet]
    line = next(r for r in range(4, worksheet.max_row + 1) if row in [worksheet.cell(r, c).value for c in (1, 2)])
    number = next(c for c in range(1, worksheet.max_column + 1) if worksheet.cell(3, c).value == column)
    return worksheet.cell(line, number).coordinate, worksheet.cell(line, number).value


CHANGED_FIGURES = [
    ("指标表", "生态保护红线面积", "数值"),
    ("三条控制线", "城镇开发边界", "图斑椭球面积"),
    ("三条控制线", "永久基本农田保护图斑", "净面积（万亩）"),
    ("扩展倍数", "城镇集中建设区", "面积"),
    ("规划分区", "合计", "占比（%）"),
    ("三区", "生态空间", "图斑数"),
    ("用地现状–规划", "耕地", "现状面积"),
    ("乡镇", "合计", "土地总面积"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("sheet", "row", "column"), first_daily(CHANGED_FIGURES, 2))
def test_changed_table_cell_is_reported_with_row_and_column(copied_package, sheet, row, column):
    cell, value = locate_cell(copied_package, sheet, row, column)
    change_workbook_cell(copied_package, sheet, cell, value + 1)
    (found,) = inspect_tables(copied_package)
    assert (found.case, found.params["sheet"], found.params["row"], found.params["column"]) == (
        "cell",
        sheet,
        row,
        column,
    )
    assert found.params["line"] == int("".join(filter(str.isdigit, cell))) and found.key.endswith(f"/{sheet}/{cell}")
    assert f"{TABLES_PATH_STEM}.xlsx" in found.message and str(found.severity) == "ERROR"


@pytest.mark.slow
def test_table_figure_stored_as_text_is_reported_and_still_compared_with_the_layer(copied_package):
    assert inspect_tables(copied_package) == []
    cell, value = locate_cell(copied_package, "三条控制线", "城镇开发边界", "图斑椭球面积")
    for notation in (
        f"{value:.2f}公顷",
        f"{value:.3f}".translate({ord("0") + n: ord("０") + n for n in range(10)}),
    ):
        change_workbook_cell(copied_package, "三条控制线", cell, notation)
        assert [f.case for f in inspect_tables(copied_package)] == ["stored_text"], notation
    change_workbook_cell(copied_package, "三条控制线", cell, f"={value!r}")
    assert {(f.case, f.params["cells"]) for f in inspect_tables(copied_package)} == {("text", cell)}
    change_workbook_cell(copied_package, "三条控制线", cell, round(value, 2) + 0.02)
    assert [f.case for f in inspect_tables(copied_package)] == ["cell"]
    change_workbook_cell(copied_package, "三条控制线", cell, None)
    assert [f.case for f in inspect_tables(copied_package)] == ["blank"]


@pytest.mark.slow
def test_deleted_parcel_is_reported_by_table_row_and_column(copied_package):
    """Report the class by row, dependent shares in one finding, all cells in the data."""
    from osgeo import gdal

    database = gdal.OpenEx(str(copied_package / DATABASE), gdal.OF_UPDATE | gdal.OF_VECTOR)
    layer = database.GetLayerByName("DLTB")
    layer.DeleteFeature(list(layer)[7].GetFID())
    del layer, database
    reported = [f for f in inspect_tables(copied_package) if f.params["sheet"] == "用地现状–规划"]
    # The words are those of the note on rounding.
    assert sorted(f.case for f in reported) == ["cell", "cells_column", "cells_row", "words"]
    by_case = {f.case: f.params for f in reported if f.case != "words"}
    shares = by_case["cells_column"]
    assert shares["column"] == "现状占比（%）" and shares["count"] == len(shares["cells"]) >= 3
    assert {one["column"] for one in by_case["cells_row"]["cells"]} == {"现状面积", "现状占比（%）"}
    assert (by_case["cell"]["row"], by_case["cell"]["column"]) == ("合计", "现状面积")
    places = [one["cell"] for params in by_case.values() for one in params["cells"]]
    assert len(places) == len(set(places)) == 3 + shares["count"]
    sheet = openpyxl.load_workbook(copied_package / f"{TABLES_PATH_STEM}.xlsx")["用地现状–规划"]
    for one in shares["cells"]:
        assert float(one["told"].removesuffix(" %")) == pytest.approx(sheet[one["cell"]].value, abs=0.005)


def make_difference(line, column, case="cell", printed_text="1.00", given=2.0):
    """Return a differing cell; its figure is given − 1.0 off."""
    return CellDifference(
        case, line, column, f"行{line}", f"列{column}", printed_text, given, abs(given - 1.0), 2, "ha", "公顷"
    )


@pytest.mark.parametrize(
    ("cells", "groups"),
    [
        ([(4, 3)], [("cell", "C4")]),
        ([(4, 3), (5, 3)], [("cell", "C4"), ("cell", "C5")]),
        ([(4, 3), (4, 28)], [("cells_row", "4")]),
        ([(4, 3), (5, 3), (6, 3)], [("cells_column", "C")]),
        ([(4, 3), (5, 3), (6, 3), (6, 4)], [("cell", "C4"), ("cell", "C5"), ("cells_row", "6")]),
        ([(4, 3), (5, 3), (6, 3), (7, 2), (7, 3)], [("cells_column", "C"), ("cells_row", "7")]),
        ([(4, 3), (5, 4), (6, 3), (7, 4), (8, 3)], [("cells_column", "C"), ("cell", "D5"), ("cell", "D7")]),
    ],
)
@pytest.mark.parametrize("case", ["cell", "blank"])
def test_differing_table_cells_are_grouped_by_row_and_column(cells, groups, case):
    grouped = group_differing_cells([make_difference(line, column, case) for line, column in cells])
    assert [(group.case, group.cell_reference) for group in grouped] == [
        (name.replace("cell", case), place) for name, place in groups
    ]
    assert sorted((one.line_number, one.column_number) for group in grouped for one in group.cells) == sorted(cells)


def test_blank_and_different_cells_of_one_row_are_grouped_separately():
    grouped = group_differing_cells(
        [make_difference(4, 3), make_difference(4, 4, "blank"), make_difference(4, 5, "blank")]
    )
    assert [(group.case, group.cell_reference) for group in grouped] == [("cell", "C4"), ("blanks_row", "4")]


def test_message_on_a_column_states_its_largest_differences_and_the_finding_stores_all_of_them():
    cells = [make_difference(line, 3, given=float(line)) for line in range(4, 24)]
    (group,) = group_differing_cells(cells)
    params = make_group_params(group, Texts("zh"))
    assert [one["cell"] for one in params["cells"]] == [f"C{line}" for line in range(4, 24)]
    assert params["count"] == 20 and params["figures"].startswith("“行23”为 1.00 公顷，图层为 23.0000 公顷；“行22”")
    assert params["figures"].count("；") == 12 and params["figures"].endswith("；另有 8 处")
    assert params["cells"][0] == {
        "cell": "C4", "row": "行4", "line": 4, "column": "列3", "told": "1.00 公顷", "given": "4.0000 公顷", "apart": "3.0000 公顷",
    }  # fmt: skip


@pytest.mark.slow
def test_rows_unknown_in_or_missing_from_a_workbook_of_another_layout_are_reported(copied_package):
    """Put the same figures in one sheet of another layout."""
    values = {
        row: locate_cell(copied_package, "三条控制线", row, "图斑椭球面积")[1]
        for row in ("生态保护红线", "城镇开发边界")
    }
    (copied_package / f"{TABLES_PATH_STEM}.xlsx").unlink()
    rows = [["附表3 三线统计表"], ["类型", "面积（万亩）", "备注"]]
    rows += [[name, f"{value * 15 / 1e4:.4f}", "——"] for name, value in values.items()]
    write_workbook_rows(copied_package / f"{TABLES_PATH_STEM}.xlsx", [*rows, ["高压走廊", "0.5", ""]], name="附表3")
    found = {f.case: f.params for f in inspect_tables(copied_package)}
    # The workbook replaces that of the plugin, whose sheets are listed.
    assert found.keys() == {"lost", "rows", "no_table", "more_sheets"}
    assert "高压走廊" in found["rows"]["rows"] and "永久基本农田" in found["lost"]["rows"]
    assert found["no_table"]["tables"] == "指标表、规划分区、用地现状–规划、乡镇"


@pytest.mark.parametrize(
    ("text", "agrees"),
    [("−0.11", True), ("−0.80", True), ("−0.85", False), ("−1.50", False)],
)
def test_area_difference_in_the_text_of_a_cell_may_deviate_by_the_tolerance_of_its_areas(text, agrees):
    """Compare areas of 69 km², which may differ by 0.69 m² between two CRSs."""
    mine = "∑ DLTB.TBDLMJ 69 326 276.35 m²；CZCSXM 201、201A；与图斑椭球面积差 −0.12 m²"
    assert (_compare_figures_in_texts(mine, mine.replace("−0.12", text), (1, 1, "", "", "")) is None) is agrees


def inspect_one_sheet(name, figure):
    """Return the findings of rule DOC011 on a sheet with one figure.

    The sheet also has a column that no table knows.
    """
    table = ReportTable(
        "lines",
        [TableColumn("line"), TableColumn("statutory", "ha")],
        [ReportTableRow(["生态保护红线", TableNumber(49_919.348_2, 2)])],
        "ha",
    )
    rows = [["县三条控制线面积表"], ["单位：公顷"], ["控制线", "图斑椭球面积", "别的"], ["生态保护红线", figure, "7.5"]]
    cells = {(r, c): PrintedCell(text) for r, row in enumerate(rows, 1) for c, text in enumerate(row, 1) if text}
    sheet, known = PrintedSheet(name, cells), KnownTables([table], "zh")
    found = inspect_sheet("a.xlsx", sheet, known.find_sheet_tables(sheet), known, Texts("zh"))
    return {one.case: one.params for one in found}


@pytest.mark.parametrize("text", ["49996.35", "49,996.35", "４９９９６．３５", "49996.35公顷"])
def test_finding_states_the_figures_of_table_and_layer_in_the_unit_of_the_table(text):
    found = inspect_one_sheet("三条控制线", text)["cell"]
    assert (found["told"], found["given"]) == ("49\u202f996.35 公顷", "49\u202f919.3482 公顷")


@pytest.mark.parametrize(("name", "titled"), [("乡镇", False), ("表六", True), ("乡镇", True)])
def test_table_without_its_layer_is_reported_by_sheet_name_or_table_title(name, titled):
    full = Texts("zh").get("sheet_titles", "townships", area="浑源县") if titled else ""
    cells = {
        (1, 1): PrintedCell(full),
        (3, 1): PrintedCell("乡镇"),
        (3, 2): PrintedCell("面积"),
        (4, 1): PrintedCell("甲镇"),
        (4, 2): PrintedCell("1.00"),
    }
    sheet = PrintedSheet(name, {k: c for k, c in cells.items() if c.text})
    (found,) = inspect_sheet("a.xlsx", sheet, [], KnownTables([], "zh"), Texts("zh"))
    assert found.case == "no_layers" and found.params["table"] == "乡镇"


def test_message_on_a_changed_target_cell_states_the_whole_text_of_the_cell_and_the_exact_figure():
    cell = CellDifference(
        "target", 44, 6, "建设用地规模", "目标", "≥ 123 456 789.00 km²（约束性，2035 年）", 123_456_788.0, 1.0, 2, "km2"
    )
    (text,) = describe_target_cells([cell], Texts("zh"))
    assert text == "F44（为 ≥ 123 456 789.00 km²（约束性，2035 年），应为 123\u202f456\u202f788.0000）"


def test_text_of_an_earlier_version_with_a_space_before_the_percent_sign_counts_as_unchanged():
    assert unify_target("≥ 66.68 %") == unify_target("≥ 66.68\u00a0%") == "≥ 66.68%"
    assert unify_target("≤ 1.30") == unify_target("≤ 1.3") != unify_target("≤ 1.31")
    assert unify_target("≥ 100.00") == unify_target("≥ 100") != unify_target("≥ 10.00")
