# SPDX-License-Identifier: GPL-2.0-or-later
"""The statement of an adjustment: sentences and tables against areas computed with plain shapely and pyproj."""

import json
import re

import docx
import geopandas as gpd
import openpyxl
import pytest
import shapely
from pyproj import Geod, Transformer

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.standard.options import RunOptions
from plugin.core.studies.adjustment.statement import StatementOrder, make_statement
from plugin.core.studies.projects.reviewed_project import Outcome
from tests.core.printed_tables import find_table, normalise, read_lines, read_tables
from tests.core.small_plan import make_county_box, make_table

GEOD, TO_DEGREES = Geod(a=6378137.0, rf=298.257222101), Transformer.from_crs(4526, 4490, always_xy=True)
#: The boundary before (400 × 400 m); land moved in (100 × 100 m) and out (100 × 50 m).
OLD_TOWN = make_county_box(300, 300, 400, 400)
BOX_IN, BOX_OUT = make_county_box(700, 400, 100, 100), make_county_box(300, 400, 100, 50)
AFTER = shapely.union_all([OLD_TOWN, BOX_IN]).difference(BOX_OUT)
#: Survey area of the urban base parcel (m²).
BASE_M2 = 400_000.0


def measure(shape):
    """Return the area on the ellipsoid (m²) of a shape with short edges, which the statutory formula also gives."""
    degrees = shapely.transform(shapely.segmentize(shape, 10.0), TO_DEGREES.transform, interleaved=False)
    return abs(GEOD.geometry_area_perimeter(degrees)[0])


def show_hectares(area_m2):
    return f"{area_m2 / 1e4:.4f}"


@pytest.fixture
def editions(tmp_path):
    """Write both editions, with all lines; return their paths, and that of the county profile with targets."""
    # Rows are named by shapes with short edges: the statutory formula takes the mean longitude of an edge.
    layers = {
        "XZQXZ": make_table(
            [make_county_box(0, 0, 500, 1000), make_county_box(500, 0, 1500, 1000)],
            XZQDM=["140225100", "140225101"],
            XZQMC=["甲镇", "乙镇"],
        ),
        "DLTB": make_table(
            [make_county_box(0, 0, 300, 1000), make_county_box(300, 0, 400, 1000), make_county_box(700, 0, 1300, 1000)],
            DLBM=["0103", "0701", "0301"],
            TBMJ=[300_000.0, BASE_M2, 1_300_000.0],
            TBDLMJ=[270_000.0, BASE_M2, 1_300_000.0],
            CZCSXM=[None, "202", None],
            SJNF=[2020, 2020, 2020],
        ),
        "YJJBNTBHTB": make_table([make_county_box(0, 900, 50, 50)], YJJBNTMJ=[2000.0]),
        "STBHHX": make_table([make_county_box(1900, 900, 50, 50)]),
    }
    paths = []
    for name, town in (("前", OLD_TOWN), ("后", AFTER)):
        path = tmp_path / f"{name}.gpkg"
        boundary = make_table([shapely.segmentize(town, 10.0)], GHFQDM=["410"], GHFQMC=["城镇集中建设区"])
        for layer, table in (layers | {"CZKFBJ": boundary}).items():
            table.to_file(path, layer=layer)
        paths.append(path)
    profile = tmp_path / "县.toml"
    target = 'value = "{}"\nunit = "km2"\nyear = 2035\nbinding = "约束性"\nsource = "某县总体规划"\n'
    profile.write_text(
        'id = "x"\nname = "某县"\narea_code = "140225"\n[[targets]]\nindicator = "boundary_area"\ncomparison = "<="\n'
        + target.format("0.17"),
        encoding="utf-8",
    )
    return (*paths, profile)


def write_ledger(path, statement, causes):
    """Write the ledger of a statement, filled in with (cause, document) by number; return its path."""
    statement.write_workbook(path)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    column = {cell.value: cell.column for cell in sheet[3]}
    for row in sheet.iter_rows(min_row=4):
        if row[0].value in causes:
            cause, document = causes[row[0].value]
            sheet.cell(row[0].row, column["缘由"]).value = cause
            sheet.cell(row[0].row, column["批准文件"]).value = document
    book.save(path)
    return str(path)


def get_paragraphs(path):
    """Return the texts of the paragraphs of a docx outside its tables, normalised."""
    return [normalise(one.text) for one in docx.Document(str(path)).paragraphs if one.text]


def test_sentences_and_tables_have_the_areas_of_plain_shapely_and_pyproj(editions, tmp_path):
    before, after, profile = editions
    written, page = tmp_path / "说明.docx", tmp_path / "说明.html"
    command = ["statement", str(before), str(after), "--profile", str(profile)]
    assert main([*command, "--docx", str(written), "--html", str(page)]) == 1
    area_in, area_out, old, new = (measure(one) for one in (BOX_IN, BOX_OUT, OLD_TOWN, AFTER))
    # By hand: 100 × 100 and 100 × 50 m in the plane; areas on the ellipsoid differ by less than a thousandth.
    assert area_in == pytest.approx(10_000, rel=1e-3) and area_out == pytest.approx(5_000, rel=1e-3)
    text = "".join(get_paragraphs(written))
    hectares = [show_hectares(one) for one in (old, new, new - old)]
    assert f"城镇开发边界由{hectares[0]}公顷变为{hectares[1]}公顷，增加{hectares[2]}公顷（表3）。" in text
    assert f"扩展倍数由{old / BASE_M2:.4f}变为{new / BASE_M2:.4f}（表2）。" in text
    assert "永久基本农田保护面积不变（表2）。" in text and "生态保护红线面积不变（表2）。" in text
    assert (
        f"本次调整涉及2个乡镇、2个地块：调出地块1个{show_hectares(area_out)}公顷，调入地块1个{show_hectares(area_in)}公顷（表1）。"
        in text
    )
    assert "甲镇、乙镇的城镇开发边界面积有变化，其余0个乡镇不变（表3）。" in text
    for path in (written, page):
        tables = read_tables(path)
        parcels = find_table(tables, ["序号", "方式"])
        for number, kind, area in (("1", "调入", area_in), ("2", "调出", area_out)):
            assert parcels.get("面积（公顷）", number, kind) == show_hectares(area)
            assert parcels.get("面积（平方米）", number, kind) == f"{area:.2f}"
        figures = find_table(tables, ["指标", "单位"])
        assert figures.get("调整后", "城镇开发边界面积") == show_hectares(new)
        assert figures.get("目标或上限", "城镇开发边界面积") == "≤0.17km²"
        townships = find_table(tables, ["乡镇", "调整前"])
        for name, moved in (("甲镇", -area_out), ("乙镇", area_in)):
            assert townships.get("变化", name) == show_hectares(moved)
        assert townships.get("调整后", "合计") == show_hectares(new)
    assert {"表1城镇开发边界调入、调出地块", "表4符合性核对"} <= {one.replace("　", "") for one in read_lines(page)}


def test_every_figure_of_the_body_names_a_table_that_exists(editions, tmp_path):
    before, after, profile = editions
    statement = make_statement(StatementOrder(str(before), str(after)), RunOptions(profile=str(profile)))
    texts = [one.text for one in statement.make_document().blocks if type(one).__name__ == "Paragraph"]
    body = [one for block in texts for one in re.findall(r"[^。]+。", block) if re.search(r"\d 公顷|\d 平方米", one)]
    assert len(body) >= 3
    notes = ("扩展倍数 N1 = ",)
    assert all(re.search(r"表 [1-4]", one) for one in body if not one.startswith(notes)), body


def test_causes_are_as_filled_in_and_blank_ones_are_listed(editions, tmp_path):
    before, after, profile = editions
    order, options = StatementOrder(str(before), str(after)), RunOptions(profile=str(profile))
    blank = make_statement(order, options)
    assert blank.blank_count == 2
    ledger = write_ledger(tmp_path / "台账.xlsx", blank, {"1": ("为建设乡镇政府驻地", "某政发〔2026〕9号")})
    filled = make_statement(StatementOrder(str(before), str(after), ledger), options)
    text = [one.text for one in filled.make_document().blocks if type(one).__name__ == "Paragraph"]
    assert any("缘由：为建设乡镇政府驻地。" in one and "某政发〔2026〕9号" in one and "序号 1）" in one for one in text)
    assert any(one.startswith("（二）缘由：__________。") and "序号 2）" in one for one in text)
    assert any("1 个地块的缘由（表 1）" in one for one in text) and filled.blank_count == 1
    case = next(one for one in filled.requirements if one.title == "调整属于规定情形")
    assert case.outcome is Outcome.UNDETERMINED and "已填 1 个地块，未填 1 个" in case.figure
    # Filled in for all parcels, the case is still the office's.
    whole = write_ledger(tmp_path / "全.xlsx", blank, {"1": ("甲", "一"), "2": ("乙", "二")})
    complete = make_statement(StatementOrder(str(before), str(after), whole), options)
    case = next(one for one in complete.requirements if one.title == "调整属于规定情形")
    assert complete.blank_count == 0 and case.outcome is Outcome.UNDETERMINED


def test_a_ledger_that_does_not_fit_the_parcels_is_refused(editions, tmp_path):
    before, after, profile = editions
    options = RunOptions(profile=str(profile))
    path = tmp_path / "台账.csv"
    for rows in ("1,调入,9999.00,甲,", "2,调出,1.00,甲,", "7,调入,5.00,甲,"):
        path.write_text(f"序号,方式,面积（平方米）,缘由,批准文件\n{rows}\n", encoding="utf-8")
        with pytest.raises(InputError) as error:
            make_statement(StatementOrder(str(before), str(after), str(path)), options)
        assert error.value.key == "ledger_mismatch" and error.value.params["rows"] == "2"


def test_a_ledger_layer_and_the_edition_before_give_the_same_statement_as_two_editions(editions, tmp_path):
    before, after, profile = editions
    ledger = tmp_path / "台账.gpkg"
    columns = {"kind_name": ["调入", "调出"], "cause": ["甲", None], "document": [None, None]}
    gpd.GeoDataFrame(columns, geometry=[BOX_IN, BOX_OUT], crs=4526).to_file(ledger, layer="moved")
    options = RunOptions(profile=str(profile))
    derived = make_statement(StatementOrder(str(before), ledger=str(ledger)), options)
    both = make_statement(StatementOrder(str(before), str(after), str(ledger)), options)
    for one in (derived, both):
        balance = one.result.comparison.balance_by_basis["statutory"]
        assert balance.moved_in == pytest.approx(measure(BOX_IN), abs=0.01)
        assert balance.moved_out == pytest.approx(measure(BOX_OUT), abs=0.01)
        assert {n: rows[0].cause for n, rows in one.rows_by_parcel.items()} == {1: "甲", 2: ""}
    assert derived.result.comparison.balance_by_basis["statutory"].after == pytest.approx(measure(AFTER), abs=0.05)
    # The earlier edition has none of the second box, so it cannot move out.
    gpd.GeoDataFrame(columns, geometry=[BOX_IN, make_county_box(900, 0)], crs=4526).to_file(ledger, layer="moved")
    with pytest.raises(InputError, match="ledger_mismatch"):
        make_statement(StatementOrder(str(before), ledger=str(ledger)), options)


def test_sentences_without_known_figures_are_left_out(editions, tmp_path):
    before, after, profile = editions
    boundary_only = tmp_path / "只有边界.gpkg"
    gpd.read_file(before, layer="CZKFBJ").to_file(boundary_only, layer="CZKFBJ")
    no_base = tmp_path / "无地类.gpkg"
    for layer in ("CZKFBJ", "YJJBNTBHTB", "STBHHX", "XZQXZ"):
        gpd.read_file(after, layer=layer).to_file(no_base, layer=layer)
    statement = make_statement(StatementOrder(str(boundary_only), str(no_base)), RunOptions(profile=str(profile)))
    text = "".join(one.text for one in statement.make_document().blocks if type(one).__name__ == "Paragraph")
    assert "扩展倍数由" not in text and "保护面积不变" not in text and "耕地 " not in text
    assert "城镇开发边界由" in text
    outcomes = {one.title: one.outcome for one in statement.requirements}
    assert outcomes["扩展倍数 N1符合目标"] is Outcome.UNDETERMINED
    assert outcomes["规划约束性指标均达到"] is Outcome.UNDETERMINED
    assert Outcome.CONFORMS not in {one.outcome for one in statement.requirements if one.mark in ("B", "C")}, (
        "a text that was not read is conditional at best"
    )


def test_one_edition_gives_the_chapter_on_the_lines(editions, tmp_path):
    _, after, profile = editions
    path = tmp_path / "三线.gpkg"
    for layer in ("CZKFBJ", "YJJBNTBHTB", "STBHHX", "XZQXZ", "DLTB"):
        gpd.read_file(after, layer=layer).to_file(path, layer=layer)
    overlap = make_county_box(720, 420, 50, 20)
    make_table([make_county_box(1900, 900, 50, 50), overlap]).to_file(path, layer="STBHHX")
    written = tmp_path / "一章.docx"
    assert main(["statement", str(path), "--profile", str(profile), "--docx", str(written)]) == 1
    text = "".join(get_paragraphs(written))
    new = measure(AFTER)
    assert f"生态保护红线与城镇开发边界重叠1处，合计{show_hectares(measure(overlap))}公顷（表2）。" in text
    assert "永久基本农田与城镇开发边界没有大于碎图斑限值的重叠（表2）。" in text
    assert f"扩展倍数N1：{new / BASE_M2:.4f}" in text
    ratio = find_table(read_tables(written), ["项目", "面积"])
    assert [row[1] for row in ratio.rows][:1] == [f"{BASE_M2 / 1e4:.2f}"]
    townships = find_table(read_tables(written), ["乡镇", "土地总面积"])
    east = measure(AFTER.intersection(make_county_box(500, 0, 1500, 1000)))
    assert f"{east / 1e4:.2f}" in [cell for row in townships.rows if "乙镇" in row for cell in row]
    data = json.dumps(read_tables(written), ensure_ascii=False)
    assert "YJJBNTBHTB" in data and "CZKFBJ" in data
