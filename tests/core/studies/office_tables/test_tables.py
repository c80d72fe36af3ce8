# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of the tables equal areas computed without the plugin, in xlsx and docx; parts sum to totals."""

import hashlib
import re
import zipfile
from collections import defaultdict
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import example, given, strategies as st
from hypothesis.extra.numpy import arrays
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.workbook.defined_name import DefinedName

from plugin.core.__main__ import main
from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.base.files.data import list_data_ids
from plugin.core.checks.tabulate import tabulate_sources
from plugin.core.render.tables.report_table import TableNumber
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.office_tables.layout_files import load_layout, load_layouts
from plugin.core.studies.office_tables.make_office_tables import TableOrder, fill_office_tables, make_office_tables
from plugin.core.studies.office_tables.office_table import (
    FilledColumn,
    FilledRow,
    LayoutColumn,
)
from plugin.core.studies.office_tables.rounding import (
    BlockRounder,
    do_parts_add_up,
    round_parts,
    round_table,
    round_to_digits,
)
from plugin.core.studies.office_tables.template import fill_template
from plugin.paths import OFFICE_TABLES_FOLDER
from tests.core.printed_tables import normalise, read_lines, read_tables
from tests.core.studies.office_tables.table_county import (
    M2_PER_HECTARE,
    OCCUPIED,
    SUPPLEMENTED,
    compute_ellipsoid_area,
    make_layers,
    sum_hectares,
    write_sealed_edition,
    write_table_county,
)

#: Half of the last printed digit, and one for a figure that is adjusted so that parts sum to totals.
HALF, ADJUSTED = 0.005 + 1e-6, 0.01 + 1e-6
GROUPS = {
    "耕地": ("01",), "园地": ("02",), "林地": ("03",), "草地": ("04",), "农业设施建设用地": ("06",),
    "建设用地": ("07", "08", "09", "10", "11", "12", "13", "14"), "陆地水域": ("17",), "其他土地": ("23",),
}  # fmt: skip
ZONES = {
    "1": "生态保护区",
    "2": "生态控制区",
    "3": "农田保护区",
    "4": "城镇发展区",
    "5": "乡村发展区",
    "7": "矿产能源发展区",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make all tables of the county with a sealed edition, as xlsx and docx."""
    folder = tmp_path_factory.mktemp("tables")
    data, sealed = write_table_county(folder / "county.gpkg"), write_sealed_edition(folder / "sealed.gpkg")
    order = TableOrder("all", str(folder / "all.xlsx"), str(folder / "all.docx"), year=2025)
    result = make_office_tables(data, order, RunOptions(profile="hunyuan", baseline=str(sealed)))
    return SimpleNamespace(data=data, sealed=sealed, result=result, xlsx=folder / "all.xlsx", docx=folder / "all.docx")


@pytest.fixture(scope="module")
def book(made):
    """Return the workbook as a spreadsheet reads it."""
    return openpyxl.load_workbook(made.xlsx)


def read_named(book, name):
    """Return the value of the cell with a name."""
    sheet, cell = next(iter(book.defined_names[name].destinations))
    return book[sheet][cell].value


def get_group(code):
    """Return the group of a land-use code of 2023."""
    return next(name for name, codes in GROUPS.items() if code[:2] in codes)


def measure_shared_area(first, other):
    """Return the ellipsoid area (m²) that two polygons share."""
    shared = first.intersection(other)
    polygons = [p for p in getattr(shared, "geoms", [shared]) if p.geom_type == "Polygon" and not p.is_empty]
    return sum(map(compute_ellipsoid_area, polygons))


def sum_shared(frame, parcels, key):
    """Return (key of the row, group of use) → hectares of the land that both layers share, by plain shapely."""
    sums = defaultdict(float)
    tree = shapely.STRtree(parcels.geometry.to_numpy())
    for shape, one in zip(frame.geometry, key, strict=True):
        for n in tree.query(shape, predicate="intersects"):
            area_m2 = measure_shared_area(shape, parcels.geometry.iloc[n])
            if area_m2 > 0.01:
                sums[one, get_group(parcels["YDYHFLDM"].iloc[n])] += area_m2 / M2_PER_HECTARE
    return sums


def test_all_tables_are_made(made, book):
    assert sorted(table.layout.id for table in made.result.tables) == list_data_ids(OFFICE_TABLES_FOLDER)
    assert book.sheetnames == [layout.name for layout in load_layouts("all")]
    assert not [table.layout.id for table in made.result.tables if table.missing]


@pytest.fixture
def layers():
    return make_layers()


def test_lines_equal_independent_areas(book, layers):
    farmland = layers["YJJBNTBHTB"].iloc[:-OCCUPIED]
    for name, frame in {
        "永久基本农田": farmland, "生态保护红线": layers["STBHHX"], "城镇开发边界": layers["CZKFBJ"],
        "耕地保护目标": layers["GDBHMB"],
    }.items():  # fmt: skip
        assert read_named(book, f"三线占用_{name}_面积") == pytest.approx(sum_hectares(frame), abs=HALF)
        assert read_named(book, f"三区三线_{name}_面积") == pytest.approx(sum_hectares(frame), abs=HALF)
        square_kilometres = sum_hectares(frame) / 100
        assert read_named(book, f"三区三线_{name}_面积_平方千米") == pytest.approx(square_kilometres, abs=HALF)
    net = farmland["YJJBNTMJ"].sum() / M2_PER_HECTARE
    assert read_named(book, "三线占用_永久基本农田_净面积") == pytest.approx(net, abs=HALF)
    assert read_named(book, "三线占用_生态保护红线_净面积") == "—"


@pytest.mark.parametrize("role", ["STBHHX", "CZKFBJ"])
def test_lines_by_use_equal_plain_overlays(book, role, layers):
    name = {"STBHHX": "生态保护红线", "CZKFBJ": "城镇开发边界"}[role]
    sums = sum_shared(layers[role], layers["XZYDYH"], [name] * len(layers[role]))
    assert sum(sums.values()) == pytest.approx(sum_hectares(layers[role]), rel=2e-5)
    for group in GROUPS:
        if f"三线占用_{name}_{group}" in book.defined_names:
            # A line is divided by the shares of its parts: long slanted edges make the formula's areas differ.
            expected = pytest.approx(sums[name, group], rel=2e-5, abs=ADJUSTED)
            assert read_named(book, f"三线占用_{name}_{group}") == expected
        else:
            assert sums[name, group] == 0


def test_zones_by_use_equal_plain_overlays(book, layers):
    zones = layers["YDYHGHFQ"]
    names = [ZONES[code[0]] for code in zones["GHFQDM"]]
    sums = sum_shared(zones, layers["XZYDYH"], names)
    assert {zone for zone, _ in sums} == set(names)
    for (zone, group), hectares in sums.items():
        value = read_named(book, f"分区用地_{zone}_{group}")
        assert value == pytest.approx(hectares, rel=2e-5, abs=ADJUSTED), (zone, group)
    assert read_named(book, "分区用地_合计_面积") == pytest.approx(sum_hectares(zones), abs=HALF)


def test_townships_sum_to_the_county(book, layers):
    townships = layers["XZQXZ"]
    for name, shape in zip(townships["XZQMC"], townships.geometry, strict=True):
        hectares = compute_ellipsoid_area(shape) / M2_PER_HECTARE
        assert read_named(book, f"乡镇_{name}_土地面积") == pytest.approx(hectares, abs=ADJUSTED)
        inside = sum(measure_shared_area(one, shape) for one in layers["STBHHX"].geometry) / M2_PER_HECTARE
        assert read_named(book, f"乡镇_{name}_生态保护红线_面积") == pytest.approx(inside, rel=2e-5, abs=ADJUSTED)
    assert read_named(book, "乡镇_合计_生态保护红线_面积") == pytest.approx(sum_hectares(layers["STBHHX"]), abs=HALF)
    net = layers["YJJBNTBHTB"].iloc[:-OCCUPIED]["YJJBNTMJ"].sum() / M2_PER_HECTARE
    assert read_named(book, "乡镇_合计_永久基本农田_净面积") == pytest.approx(net, abs=HALF)


def test_land_use_equals_the_survey(book, layers):
    for word, role, field in (("现状", "XZYDYH", "TBDLMJ"), ("规划", "GHYDYH", "TBMJ")):
        frame = layers[role]
        by_group = frame[field].groupby(frame["YDYHFLDM"].map(get_group)).sum() / M2_PER_HECTARE
        for group in ("耕地", "林地", "建设用地"):
            assert read_named(book, f"用地结构_{group}_{word}面积") == pytest.approx(by_group[group], abs=ADJUSTED)
        total = layers[role]["TBMJ"].sum() / M2_PER_HECTARE
        assert read_named(book, f"用地结构_合计_{word}面积") == pytest.approx(total, abs=HALF)
        assert read_named(book, f"用地结构_合计_{word}比重") == 100
    for group in ("耕地", "林地", "合计"):
        planned, base = (read_named(book, f"用地结构_{group}_{word}面积") for word in ("规划", "现状"))
        assert read_named(book, f"用地结构_{group}_增减") == pytest.approx(planned - base, abs=1e-9)


def test_farmland_changes_equal_the_rows_that_differ(book):
    farmland = make_layers()["YJJBNTBHTB"]
    sides = {
        "原划定": farmland.iloc[SUPPLEMENTED:], "占用": farmland.iloc[-OCCUPIED:],
        "补划": farmland.iloc[:SUPPLEMENTED], "现划定": farmland.iloc[:-OCCUPIED],
    }  # fmt: skip
    for word, rows in sides.items():
        # The terms are rounded to the farmland of the plan.
        allowed = HALF if word == "现划定" else ADJUSTED
        assert read_named(book, f"占用补划_合计_{word}_面积") == pytest.approx(sum_hectares(rows), abs=allowed)
        net = rows["YJJBNTMJ"].sum() / M2_PER_HECTARE
        assert read_named(book, f"占用补划_合计_{word}_净面积") == pytest.approx(net, abs=allowed)


def test_cultivated_balance_equals_parcels_that_change(book, layers):
    base, planned = layers["XZYDYH"], layers["GHYDYH"]
    areas = np.array([compute_ellipsoid_area(shape) for shape in base.geometry]) / M2_PER_HECTARE
    was, becomes = base["YDYHFLDM"].map(get_group), planned["YDYHFLDM"].map(get_group)
    lost = (was == "耕地") & (becomes != "耕地")
    gained = (was != "耕地") & (becomes == "耕地")
    construction = lost & (becomes == "建设用地")
    for name, rows in {
        "规划基期年耕地": was == "耕地", "耕地减少": lost, "建设占用": construction, "耕地增加": gained,
        "规划目标年耕地": becomes == "耕地",
    }.items():  # fmt: skip
        assert read_named(book, f"耕地平衡_{name}_面积") == pytest.approx(areas[rows].sum(), abs=ADJUSTED), name
    net = base["TBDLMJ"][construction].sum() / M2_PER_HECTARE
    assert construction.any() and gained.any()
    assert read_named(book, "耕地平衡_建设占用_净面积") == pytest.approx(net, abs=ADJUSTED)
    assert read_named(book, "耕地平衡_耕地增加_净面积") == "—"
    balance = areas[gained].sum() - areas[lost].sum()
    assert read_named(book, "耕地平衡_占补相抵增加减减少_面积") == pytest.approx(balance, abs=HALF)


def test_form_of_the_balance_follows_the_year(made):
    names = {}
    for year in (2024, 2025):
        order = TableOrder("cultivated_balance", str(made.xlsx.with_name(f"{year}.xlsx")), year=year)
        table = make_office_tables(made.data, order, RunOptions(profile="hunyuan")).tables[0]
        names[year] = [row.name for row in table.rows]
    assert "一、占补平衡" in names[2024] and "二、进出平衡" in names[2024]
    assert "一、占补平衡" not in names[2025] and "占补相抵（增加减减少）" in names[2025]


def test_conflicts_are_the_findings_of_the_check(made, book):
    sheet = book["控制线冲突清单"]
    layers = make_layers()
    shared = defaultdict(float)
    for first in layers["YJJBNTBHTB"].geometry.iloc[:-OCCUPIED]:
        for other in layers["HLFXKZX"].geometry:
            shared["永久基本农田保护图斑"] += measure_shared_area(first, other)
    for first in layers["CZKFBJ"].geometry:
        for other in layers["HLFXKZX"].geometry:
            shared["城镇开发边界"] += measure_shared_area(first, other)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5) if row[2].value == "REL010"]
    assert rows and sum(shared.values()) > 0
    for name, area_m2 in shared.items():
        listed = [row for row in rows if {row[4], row[6]} == {name, "洪涝风险控制线"}]
        assert sum(row[8] for row in listed) == pytest.approx(area_m2, rel=2e-5, abs=1)
    assert [row[1].value for row in sheet.iter_rows(min_row=5) if row[1].value == "合计"] == ["合计"]
    total = sum(row[8] for row in rows)
    assert read_named(book, "冲突_合计_面积") == pytest.approx(total, abs=1e-6)


def _get_table(made, layout_id):
    return next(table for table in made.result.tables if table.layout.id == layout_id)


def test_printed_parts_sum_to_printed_totals(made):
    checked = 0
    for table in made.result.tables:
        if table.layout.id in ("three_lines_use", "cultivated_balance"):
            continue
        main = [row for row in table.rows if row.kind == "row" and row.name != "合计"]
        total = next((row for row in table.rows if row.kind == "sum"), None)
        if total is None or table.layout.id == "three_zones_lines":
            continue
        for place, column in enumerate(table.columns):
            numbers = [row.values[place] for row in main]
            if column.unit and all(hasattr(n, "value") for n in [*numbers, total.values[place]]):
                expected = round(total.values[place].value, column.decimals)
                assert round(sum(n.value for n in numbers), column.decimals) == expected
                checked += 1
    uses = _get_table(made, "zone_land_use")
    for row in uses.rows:
        numbers = {c.content: v.value for c, v in zip(uses.columns, row.values, strict=True) if hasattr(v, "value")}
        total = numbers.pop("statutory")
        assert round(sum(numbers.values()), 2) == round(total, 2)
    assert checked > 20


@pytest.mark.parametrize("basis", ["面积", "净面积"])
def test_printed_terms_of_each_township_lead_to_its_farmland(made, book, basis):
    rows = [row.name for row in _get_table(made, "farmland_changes").rows]
    assert len(rows) == 17
    for name in rows:
        before, out, added, other, after = (
            read_named(book, f"占用补划_{name}_{word}_{basis}")
            for word in ("原划定", "占用", "补划", "其他增减", "现划定")
        )
        assert round(before - out + added + other, 2) == round(after, 2), name


@pytest.mark.parametrize("year", [2024, 2025])
def test_printed_losses_and_gains_lead_to_the_planned_farmland(made, year):
    order = TableOrder("cultivated_balance", str(made.xlsx.with_name(f"sums{year}.xlsx")), year=year)
    table = make_office_tables(made.data, order, RunOptions(profile="hunyuan")).tables[0]
    printed = {row.code: row.values[1].value for row in table.rows if row.code}
    lost, gained = (
        sum(printed[f"{side}_{kind}"] for kind in ("construction", "agricultural", "other"))
        for side in ("lost", "gained")
    )
    assert round(printed["before"] - lost + gained, 2) == printed["after"]
    if year == 2025:
        assert (round(lost, 2), round(gained, 2)) == (printed["lost"], printed["gained"])
        assert round(gained - lost, 2) == printed["unified_balance"]
    else:
        assert round(printed["gained_agricultural"] - printed["lost_agricultural"], 2) == printed["exchange_balance"]


def test_figures_equal_the_indicators(made, book):
    tabulated = tabulate_sources(made.data, RunOptions(profile="hunyuan"))
    figures = {one.definition.id: one.figures for one in tabulated.indicators.compute_all_indicators()}
    for name, indicator in (("永久基本农田_净面积", "farmland_area"), ("生态保护红线_面积", "red_line_area")):
        figure = figures[indicator][0]
        hectares = figure.value * {"wan_mu": 10_000 / 15, "km2": 100, "ha": 1, "m2": 1e-4}[figure.unit]
        assert read_named(book, f"三区三线_{name}") == pytest.approx(hectares, abs=HALF)


def test_sheets_have_merged_heads_and_a_print_area(made, book):
    for table in made.result.tables:
        sheet = book[table.layout.name]
        merged = {str(one) for one in sheet.merged_cells.ranges}
        lines = max(len(column.head) for column in table.columns)
        assert f"A3:A{2 + lines}" in merged or lines == 1 or "A3:B3" in merged
        assert lines == 1 or any(re.fullmatch(r"[A-Z]3:[A-Z]+3", one) for one in merged), table.layout.id
        assert sheet.print_area.startswith("'") and sheet.print_area.endswith(str(sheet.max_row))
        assert sheet.page_setup.paperSize == int(sheet.PAPERSIZE_A4)
        assert sheet.page_setup.orientation == table.layout.orientation
        assert sheet.print_title_rows == f"$1:${2 + lines}"
        assert sheet["A1"].value == table.title and "浑源县" in table.title


@pytest.fixture(scope="module")
def printed(made):
    """Return id of the layout → (filled table, rows of the docx, rows of the workbook), without title and unit."""
    documents = [grid for grid in read_tables(made.docx) if len(grid) > 2]
    printed = {}
    for table, grid, sheet in zip(made.result.tables, documents, read_tables(made.xlsx), strict=True):
        rows = [list(map(normalise, row)) for row in grid]
        printed[table.layout.id] = table, rows, [list(map(normalise, row)) for row in sheet[2 : 2 + len(rows)]]
    return printed


def test_docx_and_workbook_have_equal_heads_and_cells(made, printed):
    compared, lines = 0, {path: read_lines(path) for path in (made.docx, made.xlsx)}
    for table, rows, cells in printed.values():
        assert len(rows) == max(len(column.head) for column in table.columns) + len(table.rows)
        for ours, theirs in zip(rows, cells, strict=True):
            if sum(map(bool, ours)) == 1:
                ours, theirs = set(ours), set(theirs)
            assert ours == theirs, table.layout.id
            compared += len(ours)
        for path, texts in lines.items():
            assert set(map(normalise, table.notes)) <= texts, (table.layout.id, path.suffix)
            # The unit is behind the title of a document.
            assert any(text.startswith(normalise(table.title)) for text in texts), (table.layout.id, path.suffix)
    assert compared > 1000


def test_cells_have_the_exact_figures_with_the_stated_number_of_adjustments(printed):
    """A figure is at most one last digit off; the difference of two printed figures may be two."""
    for layout_id, (table, rows, _) in printed.items():
        adjusted = 0
        for row, cells in zip(table.rows, rows[-len(table.rows) :], strict=True):
            assert normalise(row.name) in cells or layout_id == "line_conflicts"
            for place, exact in row.exact_by_column.items():
                column, usual = table.columns[place], f"{exact:.{table.columns[place].decimals}f}"
                is_difference = bool(table.layout.columns[min(place, len(table.layout.columns) - 1)].difference_of)
                off = abs(float(cells[place]) - exact) * 10**column.decimals
                # Rows that do not change are rounded as usual; what is left of the sum goes to the largest row.
                most = 2 if is_difference or "base_share" in {one.content for one in table.columns} else 1
                assert off < most + 1e-6, (layout_id, row.name, column.head)
                assert len(cells[place].partition(".")[2]) == column.decimals
                adjusted += not is_difference and float(cells[place]) != float(usual)
        assert adjusted == table.adjusted_count, layout_id
        stated = [note for note in table.notes if f"{adjusted} 个数" in note]
        assert bool(stated) == bool(adjusted), (layout_id, table.notes)


def test_printed_columns_sum_to_the_total_of_their_row(printed):
    """The columns of land use are the last ones; the total is left of them."""
    for layout_id, total, first in (("three_lines_use", "合计", 5), ("zone_land_use", "分区面积", 3)):
        table, rows, _ = printed[layout_id]
        place = [column.head[-1] for column in table.columns].index(total)
        for cells in rows[2:]:
            assert round(sum(map(float, cells[first:])), 2) == float(cells[place]), (layout_id, cells[1])


def test_printed_spaces_sum_to_the_county(printed):
    table, rows, _ = printed["three_zones_lines"]
    place = next(n for n, cells in enumerate(rows) if "合计" in cells)
    spaces = rows[3:place]
    assert len(spaces) == 4 and {len(cells) for cells in spaces} == {len(table.columns)}
    # Parts have no number, also one without land.
    assert [cells[0] for cells in rows if cells[1].startswith("其中")] == ["", "", ""]
    assert [cells[0] for cells in rows if cells[0].isdecimal()] == list("12345678")
    parts = [cells for cells in rows if cells[1].startswith("其中") and cells[3] != "—"]
    boundary = next(cells for cells in rows if cells[1] == "城镇开发边界")
    for column in range(2, 6):
        assert round(sum(float(cells[column]) for cells in parts), 2) == float(boundary[column])
    for column in range(2, 6):
        assert round(sum(float(cells[column]) for cells in spaces), 2) == float(rows[place][column])


def test_missing_layers_are_stated_and_never_zero(tmp_path):
    data = write_table_county(tmp_path / "county.gpkg", without=("GHYDYH", "STBHHX", "XZQXZ", "YDYHGHFQ", "ZRBHD"))
    order = TableOrder("all", str(tmp_path / "all.xlsx"), year=2025)
    result = make_office_tables(data, order, RunOptions(profile="hunyuan"))
    book = openpyxl.load_workbook(tmp_path / "all.xlsx")
    notes = {table.layout.id: "".join(table.missing) for table in result.tables}
    assert "生态保护红线（STBHHX）" in notes["three_lines_use"]
    assert "规划用地用海（GHYDYH）" in notes["cultivated_balance"] and "GHYDYH" in notes["land_use_structure"]
    assert "自然保护地（ZRBHD）" in notes["reserve_list"]
    assert "BASELINE" in notes["farmland_changes"] and "XZQXZ" in notes["township_lines"]
    without_figures = {"耕地占补平衡表", "永久基本农田占用与补划表", "永久基本农田补划图斑清单", "三区三线指标汇总表"}
    assert set(book.sheetnames[-8:]) >= without_figures, "no figures: last"
    for name in (
        "三线占用_生态保护红线_面积",
        "用地结构_耕地_规划面积",
        "耕地平衡_耕地减少_面积",
        "三区三线_生态保护红线_面积",
    ):
        assert read_named(book, name) == "—"
    for table in result.tables:
        if table.missing:
            text = "".join(table.missing)
            sheet = book[table.layout.name]
            assert any(text in str(cell.value) for cell in sheet["A"] if cell.value), table.layout.id


_VALUES = st.floats(-1e5, 1e5, allow_nan=False)


@given(arrays(float, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=_VALUES), st.integers(0, 4))
@example(np.array([[1e-06, 1e-06]]), 0)
@example(np.array([[0.5, 0.500001], [0.999999, 0.3]]), 0)
def test_cells_sum_to_both_totals(cells, decimals):
    rounded, rows, columns, grand = round_table(cells, decimals)
    assert (rounded.sum(axis=1) == rows).all() and (rounded.sum(axis=0) == columns).all()
    assert rows.sum() == columns.sum() == grand == round_to_digits(float(cells.sum()), decimals)
    scale = 10.0**decimals
    for digits, exact in ((rounded, cells), (rows, cells.sum(axis=1)), (columns, cells.sum(axis=0))):
        assert np.abs(digits - exact * scale).max() < 1 + 1e-4


def test_whole_figures_are_kept():
    rounded, rows, columns, grand = round_table(np.array([[1.25, 2.5], [0.0, 3.75]]), 2)
    assert rounded.tolist() == [[125, 250], [0, 375]]
    assert (rows.tolist(), columns.tolist(), grand) == ([375, 375], [125, 625], 750)


def test_largest_remainders_are_raised():
    assert round_parts([0.166, 0.169, 0.665], 100, 2) == [17, 17, 66]
    assert round_parts([1 / 3, 1 / 3, 1 / 3], 100, 2) == [34, 33, 33]


def test_parts_of_another_total_are_refused():
    with pytest.raises(ValueError, match="do not sum"):
        round_parts([0.1, 0.2], 100, 2)
    assert do_parts_add_up([0.1, 0.2], 0.3, 2)
    assert not do_parts_add_up([0.1, 0.2], 0.31, 2)


@pytest.mark.parametrize(
    ("parts", "total", "decimals"), [([0, 0], -0.00008, 4), ([0.0005, 0, 0], 0.00042, 4), ([0.0, 0.0, 0.0], 0.00012, 4)]
)
def test_parts_that_add_up_with_parts_shown_as_zero_can_be_rounded(parts, total, decimals):
    assert do_parts_add_up(parts, total, decimals)
    printed = round_to_digits(total, decimals)
    assert sum(round_parts(parts, printed, decimals)) == printed


NAMES = {
    "三线占用_生态保护红线_面积": "表 一!$B$2",
    "三线占用_永久基本农田_净面积_亩": "表 一!$B$3",
    "三线占用_城镇开发边界_净面积": "表 一!$B$4",
    "三线占用_城镇开发边界_面积": "表 一!$C$6",
    "三线占用_耕地保护目标_面积": "表 一!$B$8",
    "三线占用_面积": "表 一!$E$2:$E$5",
    "三线占用_净面积": "表 一!$F$2:$F$4",
    "三线占用_生态保护红线_图斑数_亩": "表 一!$B$9",
    "税率": "表 一!$B$1",
    "三线占用_永久基本农田_面积": "0.5",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Return the filled table of the lines."""
    data = write_table_county(tmp_path_factory.mktemp("template") / "county.gpkg")
    return fill_office_tables(data, TableOrder("three_lines_use"), RunOptions(profile="hunyuan")).tables


def make_template(path):
    """Write a workbook with named cells, formulas, formats, a merged cell and a chart."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "表 一"
    sheet["A1"], sheet["B1"] = "本单位的表", 0.06
    sheet["B2"].number_format, sheet["B2"].font = "0.0000", Font("黑体", bold=True)
    sheet["B8"] = "=B2*2"
    sheet["C2"] = "=B2+1"
    sheet["B4"] = 99
    sheet.merge_cells("B6:D7")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3))
    sheet.add_chart(chart, "H2")
    for name, text in NAMES.items():
        book.defined_names[name] = DefinedName(name, attr_text=text.replace("表 一", "'表 一'"))
    book.save(path)
    return path


@pytest.fixture
def filled(tables, tmp_path):
    """Fill the workbook; return source, copy, result, and the sheet of the copy."""
    source = make_template(tmp_path / "本单位.xlsx")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    result = fill_template(source, tmp_path / "copy.xlsx", tables)
    assert hashlib.sha256(source.read_bytes()).hexdigest() == digest
    sheet = openpyxl.load_workbook(tmp_path / "copy.xlsx")["表 一"]
    return SimpleNamespace(source=source, copy=tmp_path / "copy.xlsx", result=result, sheet=sheet)


def test_named_cells_have_the_figures(filled):
    layers, sheet = make_layers(), filled.sheet
    assert sheet["B2"].value == pytest.approx(sum_hectares(layers["STBHHX"]), abs=0.005 + 1e-6)
    net_m2 = layers["YJJBNTBHTB"].iloc[:-OCCUPIED]["YJJBNTMJ"].sum()
    assert sheet["B3"].value == pytest.approx(net_m2 * 15 / M2_PER_HECTARE, abs=0.005 + 1e-6)
    assert sheet["B4"].value == "—"
    lines = [layers["YJJBNTBHTB"].iloc[:-OCCUPIED], *(layers[role] for role in ("STBHHX", "CZKFBJ", "GDBHMB"))]
    for row, frame in enumerate(lines, 2):
        assert sheet.cell(row, 5).value == pytest.approx(sum_hectares(frame), abs=0.005 + 1e-6)


def test_a_merged_cell_is_filled_where_it_shows(filled):
    expected = sum_hectares(make_layers()["CZKFBJ"])
    assert filled.sheet["B6"].value == pytest.approx(expected, abs=0.005 + 1e-6)


def test_formats_formulas_and_charts_remain(filled):
    sheet = filled.sheet
    assert (sheet["B2"].number_format, sheet["B2"].font.name, sheet["B2"].font.b) == ("0.0000", "黑体", True)
    assert (sheet["B8"].value, sheet["C2"].value, sheet["A1"].value, sheet["B1"].value) == (
        "=B2*2", "=B2+1", "本单位的表", 0.06,
    )  # fmt: skip
    with zipfile.ZipFile(filled.source) as old, zipfile.ZipFile(filled.copy) as new:
        assert old.namelist() == new.namelist()
        changed = {name for name in old.namelist() if old.read(name) != new.read(name)}
        assert changed <= {"xl/workbook.xml", "xl/worksheets/sheet1.xml"}
        assert any("chart" in name for name in new.namelist())


def test_names_that_are_not_filled_are_reported(filled):
    result = filled.result
    assert result.unknown == ["税率"]
    assert result.dashes == ["三线占用_城镇开发边界_净面积"]
    problems = {params["name"]: key for key, params in result.problems}
    assert problems == {
        "三线占用_耕地保护目标_面积": "template_formula",
        "三线占用_净面积": "template_size",
        "三线占用_生态保护红线_图斑数_亩": "template_unit",
        "三线占用_永久基本农田_面积": "template_no_cells",
    }
    assert {name for name, _ in result.filled} == set(NAMES) - set(problems) - {"税率"}


def test_unusable_workbooks_are_refused(tables, tmp_path):
    damaged, empty = tmp_path / "damaged.xlsx", tmp_path / "empty.xlsx"
    damaged.write_bytes(b"PK\x03\x04 damaged")
    openpyxl.Workbook().save(empty)
    for path, key in ((damaged, "table_unreadable"), (empty, "office_template_no_names")):
        with pytest.raises(InputError) as error:
            fill_template(path, tmp_path / "copy.xlsx", tables)
        assert error.value.key == key


LAYOUT = """\
name = "红线表"
title = "{area}红线表"
prefix = "红线"
unit = "ha"
mark = "C"
source = "某市通知"

[[columns]]
head = ["控制线"]
content = "name"

[[columns]]
head = ["面积", "公顷"]
content = "statutory"
word = "面积"

[[columns]]
head = ["面积", "亩"]
content = "statutory"
unit = "mu"
word = "面积_亩"

[[rows]]
figures = "lines"
names = { red_line = "红线" }
"""
#: Replacement in the layout, line of the error, word of the message.
ERRORS = {
    "no TOML": ('mark = "C"', 'mark = "C', 5, "TOML"),
    "missing key": ('title = "{area}红线表"\n', "", 1, "title"),
    "unknown key": ('unit = "ha"', 'unti = "ha"', 4, "unti"),
    "unknown unit": ('unit = "mu"', 'unit = "acre"', 20, "acre"),
    "wrong type": ('head = ["面积", "亩"]', 'head = "面积"', 18, "columns[3].head"),
    "unknown mark": ('mark = "C"', 'mark = "D"', 5, "mark"),
    "unknown figures": ('figures = "lines"', 'figures = "line"', 24, "townships"),
    "unknown content": ('content = "statutory"\nword', 'content = "area"\nword', 14, "net_wan_mu"),
    "unknown column key": ('content = "name"', 'content = "name"\nwidht = 3', 11, "widht"),
    "sum of nothing": ('content = "name"', 'content = "name"\nsum_of = ["x"]', 11, "x"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_in_a_layout_names_file_and_line(case, tmp_path):
    old, new, line, word = ERRORS[case]
    assert old in LAYOUT
    path = tmp_path / "red.toml"
    path.write_text(LAYOUT.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_layout(str(path))
    for lang in ("zh", "en"):
        sentence = Texts(lang).explain_error(error.value)
        assert "red.toml" in sentence and word in sentence
        assert f"第 {line} 行" in sentence or f"line {line}" in sentence


def test_a_custom_table_is_made(tmp_path, capsys):
    path, output = tmp_path / "red.toml", tmp_path / "out.xlsx"
    path.write_text(LAYOUT, encoding="utf-8")
    data = write_table_county(tmp_path / "county.gpkg")
    assert main(["tables", str(data), "--tables", str(path), "--output", str(output), "--profile", "hunyuan"]) == 0
    assert "红线表" in capsys.readouterr().out
    sheet = openpyxl.load_workbook(output)["红线表"]
    hectares = sum_hectares(make_layers()["STBHHX"])
    assert [sheet["A5"].value, sheet["B5"].value] == ["红线", pytest.approx(hectares, abs=0.005 + 1e-6)]
    assert sheet["C5"].value == pytest.approx(hectares * 15, abs=0.005 + 1e-6)
    assert {str(one) for one in sheet.merged_cells.ranges} >= {"A3:A4", "B3:C3", "A1:C1"}


def test_layouts_are_found_by_id_name_file_and_folder(tmp_path):
    (tmp_path / "red.toml").write_text(LAYOUT, encoding="utf-8")
    assert sorted(one.id for one in load_layouts("")) == list_data_ids(OFFICE_TABLES_FOLDER)
    assert [one.id for one in load_layouts("")][:2] == ["use_structure", "land_use_structure"], "as annexes order them"
    assert [one.id for one in load_layouts("township_lines，控制线冲突清单")] == ["township_lines", "line_conflicts"]
    assert [one.id for one in load_layouts(str(tmp_path))] == ["red"]
    assert [one.id for one in load_layouts(str(OFFICE_TABLES_FOLDER))] == list_data_ids(OFFICE_TABLES_FOLDER)
    for text, key in (("nothing", "office_table_unknown"), (f"red.toml;{tmp_path / 'x.toml'}", "office_table_unknown")):
        with pytest.raises(DataError) as error:
            load_layouts(text)
        assert error.value.key == key
    (tmp_path / "same.toml").write_text(LAYOUT, encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_layouts(str(tmp_path))
    assert error.value.key == "office_table_twice"


def test_orders_are_refused_before_a_run(tmp_path):
    data = tmp_path / "county.gpkg"
    data.write_bytes(b"")
    for order, error_type, key in (
        (TableOrder(), InputError, "output_missing"),
        (TableOrder(output=str(tmp_path / "a.pdf")), OutputError, "output_format"),
        (TableOrder(output=str(tmp_path / "a.xlsx"), docx=str(tmp_path / "a.doc")), OutputError, "output_format"),
        (TableOrder(output=str(tmp_path / "a.docx"), docx=str(tmp_path / "a.docx")), OutputError, "output_twice"),
        (TableOrder(template="x.xlsx", output=str(tmp_path / "a.xlsx")), InputError, "office_template_without_copy"),
        (TableOrder(template="x.xlsx", filled=str(tmp_path / "a.xlsx")), InputError, "source_missing"),
    ):
        with pytest.raises(error_type) as error:
            make_office_tables(data, order)
        assert error.value.key == key
    assert [path.name for path in tmp_path.iterdir()] == ["county.gpkg"]


def test_the_template_is_not_overwritten(tmp_path):
    template = tmp_path / "a.xlsx"
    openpyxl.Workbook().save(template)
    before = template.read_bytes()
    with pytest.raises(OutputError) as error:
        make_office_tables(tmp_path / "x.gpkg", TableOrder(template=str(template), filled=str(template)))
    assert error.value.key == "output_is_input"
    assert template.read_bytes() == before


def test_tables_are_listed_without_data(capsys):
    assert main(["tables", "--lang", "en"]) == 0
    printed = capsys.readouterr().out
    assert "township_lines" in printed and "Conflicts of control lines" in printed


def _round_block(areas):
    """Return printed base areas, planned areas and both shares of a table whose last row is the sum, in last digits."""
    columns = [
        FilledColumn((word,), word, unit, 2, 12, word)
        for unit, words in (("ha", ("base", "planned")), ("share", ("base_share", "planned_share")))
        for word in words
    ]
    exact = np.array([*areas, np.sum(areas, axis=0)], dtype=float)
    exact = np.hstack([exact, 100 * exact / exact[-1]])
    rows = [
        FilledRow([TableNumber(v, 2) for v in line], "row", str(n), str(n)) for n, line in enumerate(exact.tolist())
    ]
    rows[-1].kind = "sum"
    BlockRounder(rows, columns, [LayoutColumn((one.word,), one.content) for one in columns]).round()
    return exact, np.array([[round(100 * value.value) for value in row.values] for row in rows])


#: Land in m² of a large row, which changes, and of others, of which some change.
_BLOCKS = st.tuples(
    st.lists(st.integers(0, 10**7) | st.sampled_from([0, 12_345, 50, 150]), min_size=1, max_size=14),
    st.lists(st.integers(-(10**5), 10**5), max_size=4),
    st.integers(10**9, 10**9 + 10**4),
)


@given(_BLOCKS)
@example(([0, 50], [2850], 10**9))
def test_no_change_is_printed_for_a_row_that_does_not_change(block):
    others, changes, largest = block
    base, planned = np.array([largest, *others]), np.array([largest, *others])
    planned[1 : len(changes) + 1] = np.maximum(planned[1 : len(changes) + 1] + changes[: len(others)], 0)
    planned[0] += base.sum() - planned.sum()
    exact, printed = _round_block(np.column_stack([base, planned]) / 10_000)
    assert (printed[:-1].sum(axis=0) == printed[-1]).all()
    unchanged = base == planned
    assert (printed[:-1][unchanged, 0] == printed[:-1][unchanged, 1]).all()
    for column in (2, 3) if not unchanged.all() else ():
        for area in np.unique(exact[1:-1, column]):
            assert len(set(printed[1:-1][exact[1:-1, column] == area, column])) == 1
    assert np.abs(printed - exact * 100).max() <= len(others) / 2 + 1


@pytest.mark.parametrize(("total", "expected"), [(3.0, []), (3.5, [("unequal_row", "甲 合计", "0.50")])])
def test_total_of_columns_that_do_not_add_up_is_named(total, expected):
    words = ("林地", "草地", "合计")
    columns = [FilledColumn((word,), word, "ha", 2, 12, word) for word in words]
    layout_columns = [LayoutColumn((one.word,), one.content) for one in columns]
    layout_columns[-1] = replace(layout_columns[-1], sum_of=words[:2])
    rows = [FilledRow([TableNumber(value, 2) for value in (1.0, 2.0, total)], "row", "1", "甲")]
    assert BlockRounder(rows, columns, layout_columns).round() == expected
