# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals for a county drawn by hand: exclusions, areas, balance, outputs."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from docx import Document
from openpyxl import load_workbook

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.proposals import mixed_integer_solver as solver
from plugin.core.studies.proposals.propose_supplement import propose_supplement
from plugin.core.studies.proposals.supplement_result import SupplementOrder
from plugin.core.studies.proposals.supplement_tables import SupplementTables
from tests.core.printed_tables import normalise
from tests.core.small_plan import explain_error, make_county_box, make_table, write_gpkg
from tests.county.measure import statutory_area

#: x of the fields of the reserve, each 100 m wide, in a row along farmland; width of fields in m.
RESERVE_X = {"R1": 0, "R2": 100, "R3": 200, "R4": 300, "R5": 500, "R6": 600, "R7": 700, "R8": 800}
CLASSES = ["0103", "0101", "0103", "0102", "0103", "0101", "0103", "0103"]
SLOPES = ["2", "1", "2", "2", "5", "1", "2", "2"]
NET_SHARE = 0.9


def make_survey(shapes, classes, slopes):
    gross = [one.area for one in shapes]
    return make_table(
        shapes,
        DLBM=classes,
        TBMJ=gross,
        KCXS=[0.1] * len(shapes),
        TBDLMJ=[NET_SHARE * one for one in gross],
        GDPDJB=slopes,
    )


def write_county(folder, **changes):
    """Write a county: farmland south of y = 100, the reserve north of it, two townships; None drops a layer."""
    farmland = [make_county_box(x, 0) for x in range(0, 1000, 100)]
    reserve = [make_county_box(x, 100) for x in RESERVE_X.values()]
    far = make_county_box(0, 600)
    tables = {
        "XZQXZ": make_table(
            [make_county_box(0, 0, 500, 1000), make_county_box(500, 0, 500, 1000)],
            XZQDM=["140225100", "140225101"],
            XZQMC=["甲镇", "乙镇"],
        ),
        "YJJBNTBHTB": make_table(
            farmland,
            DLBM=["0101"] * 5 + ["0103"] * 5,
            YJJBNTTBMJ=[10_000.0] * 10,
            KCXS=[0.1] * 10,
            YJJBNTMJ=[9_000.0] * 10,
            GDPDJB=["2"] * 10,
        ),
        "DLTB": make_survey(
            [*farmland, *reserve, far],
            ["0101"] * 5 + ["0103"] * 5 + CLASSES + ["0103"],
            ["2"] * 10 + SLOPES + ["1"],
        ),
        "YJJBNTCBQ": make_table([*reserve, far]).assign(BSM=[*RESERVE_X, "R9"]),
        # R8 loses its east half to the red line; R7 is in the boundary.
        "STBHHX": make_table([make_county_box(850, 90, 200, 400)]),
        "CZKFBJ": make_table([make_county_box(700, 100, 100, 100)], GHFQDM=["410"]),
    }
    tables |= changes
    return write_gpkg(folder / "县.gpkg", {role: one for role, one in tables.items() if one is not None})


def write_demand(folder, *shapes):
    return str(write_gpkg(folder / "占用.gpkg", {"占用": make_table(shapes)}))


#: Half of the first and of the last field of 甲镇 and 乙镇: 4 500 m² of each.
TAKEN = make_county_box(450, 0, 100, 100)


def propose(folder, *taken, prefer="contiguous", refused=(), **changes):
    county = write_county(folder, **changes)
    order = SupplementOrder(write_demand(folder, *(taken or [TAKEN])), prefer, refused)
    return propose_supplement(county, order, RunOptions())


def list_chosen(result):
    return [result.land.keys[n] for n in result.chosen]


def test_demand_is_the_covered_share_of_net_areas(tmp_path):
    demand = propose(tmp_path).demand
    assert demand.net_m2 == pytest.approx(9000.0, abs=0.01)
    assert demand.township_m2 == pytest.approx({"甲镇": 4500.0, "乙镇": 4500.0}, abs=0.01)
    assert demand.class_m2 == pytest.approx((4500.0, 0.0, 4500.0), abs=0.01)
    assert demand.means["slope_class"] == 2.0 and demand.means["yield_grade"] is None


def test_first_reason_of_an_exclusion_counts(tmp_path):
    land = propose(tmp_path).land
    excluded = {one.reason: (one.parcel_count, one.area_m2) for one in land.excluded}
    # R5 is too steep, R7 in the boundary, R9 far from farmland; half of R8 remains.
    for reason, area in {"slope": 10_000, "boundary": 10_000, "red_line": 5_000, "edge": 10_000}.items():
        assert excluded.pop(reason) == (1, pytest.approx(area, rel=1e-3))
    assert not excluded
    assert land.keys == ("R1", "R2", "R3", "R4", "R6", "R8")
    assert land.net_m2.tolist() == pytest.approx([9000.0] * 5 + [4500.0], abs=0.1)
    assert land.classes == ["0103", "0101", "0103", "0102", "0101", "0103"]
    assert land.townships == ["甲镇"] * 4 + ["乙镇"] * 2
    assert land.perimeter_m.tolist() == pytest.approx([400.0] * 5 + [300.0], abs=0.1)
    assert land.farmland_edge_m.tolist() == pytest.approx([100.0] * 5 + [50.0], abs=0.1)
    # The taken land is from x = 450 to 550, y = 0 to 100: the first field ends at x = 100.
    assert land.distance_m.tolist() == pytest.approx([350.0, 250.0, 150.0, 50.0, 50.0, 250.0], abs=0.1)
    pairs = {
        (land.keys[a], land.keys[b]): length
        for a, b, length in zip(land.left.tolist(), land.right.tolist(), land.shared_m.tolist(), strict=True)
    }
    assert pairs == pytest.approx({("R1", "R2"): 100.0, ("R2", "R3"): 100.0, ("R3", "R4"): 100.0}, abs=0.1)


def test_a_proposal_balances_townships_before_its_preference(tmp_path):
    # 水田 4 500 m²: R2 or R6. Shortage 0 needs land in both townships, at most 9 900 m² of all: no two fields fit, so
    # the upper bound stays and one township lacks its share, unless R8 (4 500 m²) is there.
    result = propose(tmp_path)
    assert result.choice.excess_share == pytest.approx(0.1)
    assert result.choice.stages["shortage"].value == pytest.approx(4500.0, abs=0.1)
    # R6 and R2 cost 300 m each; the first by key is R2.
    assert list_chosen(result) == ["R2"]
    states = {(one.group, one.name): str(one.state) for one in result.list_balance()}
    assert states[("quantity", "")] == "met" and states[("township", "乙镇")] == "short"
    assert states[("class", "0101")] == "met" and states[("quality", "yield_grade")] == "undetermined"
    assert states[("quality", "slope_class")] == "met"


def test_required_townships_raise_the_upper_bound(tmp_path):
    profile = tmp_path / "县配置.toml"
    profile.write_text(
        'id = "x"\nname = "县"\narea_code = "140225"\n[supplement]\ntownships_required = true\n', encoding="utf-8"
    )
    county = write_county(tmp_path)
    order = SupplementOrder(write_demand(tmp_path, TAKEN), "near")
    result = propose_supplement(county, order, RunOptions(profile=str(profile)))
    # R2 (水田) and R8: 13 500 m², the least of both townships with 水田 of 4 500 m².
    assert list_chosen(result) == ["R2", "R8"]
    assert result.choice.excess_share == pytest.approx(0.5, abs=1e-4)


def test_near_and_refused_parcels(tmp_path):
    assert list_chosen(propose(tmp_path, prefer="near")) == ["R6"]
    assert list_chosen(propose(tmp_path, prefer="near", refused=("R6",))) == ["R2"]
    with pytest.raises(InputError) as caught:
        propose(tmp_path, refused=("R99",))
    assert "R99" in explain_error(caught.value)


def test_a_contradiction_names_the_demands(tmp_path):
    # 36 000 m² of 水田: R2 and R6 have 18 000 m².
    result = propose(tmp_path, *[make_county_box(x, 0) for x in (0, 100, 200, 300)])
    assert result.choice.contradiction == ("class:0",)
    (sentence,) = SupplementTables(result, Texts("zh")).summarise()
    assert "地类不降低（0101）" in sentence and "36000.00" in normalise(sentence)


def test_a_contradiction_promises_no_draft_without_one_demand(tmp_path):
    # All candidates have less than the 90 000 m² that are taken: without the demand of 水田 the quantity is short.
    result = propose(tmp_path, make_county_box(0, 0, 1000, 100))
    assert result.choice.contradiction == ("class:0",) and result.land.net_m2.sum() < 90_000.0
    (sentence,) = SupplementTables(result, Texts("zh")).summarise()
    assert "即有方案" not in sentence and "可能另有矛盾" in sentence


@pytest.mark.parametrize("count", [0, 2, 3])
def test_an_ended_clock_is_not_a_missing_solver(tmp_path, monkeypatch, count):
    left = iter([30.0] * count)
    monkeypatch.setattr(solver.SolverLimits, "seconds_left", property(lambda _limits: next(left, 0.0)))
    # No parcel is within the upper bound: the least feasible one is not found in time.
    result = propose(tmp_path, make_county_box(0, 0, 20, 100))
    sentences = "".join(SupplementTables(result, Texts("zh")).summarise())
    assert result.choice.is_stopped and not result.is_found
    assert "scipy" not in sentences and "时限" in sentences


def test_a_table_demands_by_township_and_class(tmp_path):
    county = write_county(tmp_path)
    path = tmp_path / "占用.csv"
    path.write_text("乡镇,地类编码,净面积(平方米),坡度级别\n乙镇,0101,8000,3\n", encoding="utf-8")
    result = propose_supplement(county, SupplementOrder(str(path), "quality"), RunOptions())
    assert list_chosen(result) == ["R6"]
    with pytest.raises(InputError) as caught:
        propose_supplement(county, SupplementOrder(str(path), "near"), RunOptions())
    assert "占用.csv" in explain_error(caught.value)
    path.write_text("乡镇,地类编码,净面积(平方米)\n乙镇,0101,8000\n乙镇,0103,\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        propose_supplement(county, SupplementOrder(str(path), "quality"), RunOptions())
    assert "第 2 行" in explain_error(caught.value)


@pytest.mark.parametrize("code", ["011", "0104", ""])
def test_a_class_that_is_not_compared_leaves_the_classes_undetermined(tmp_path, code):
    path = tmp_path / "占用.csv"
    path.write_text(f"乡镇,地类编码,净面积(平方米),坡度级别\n乙镇,{code},8000,3\n", encoding="utf-8")
    result = propose_supplement(write_county(tmp_path), SupplementOrder(str(path)), RunOptions())
    assert {str(one.state) for one in result.list_balance() if one.group == "class"} == {"undetermined"}
    assert not result.is_balance_decided


def test_land_of_no_township_leaves_its_balance_undetermined(tmp_path):
    result = propose(tmp_path, XZQXZ=None)
    (line,) = [one for one in result.list_balance() if one.group == "township"]
    assert (line.needed, line.proposed, str(line.state)) == (pytest.approx(9000.0, abs=0.01), None, "undetermined")
    sentences = SupplementTables(result, Texts("zh")).summarise()
    assert any("未能判定" in one and "乡镇平衡（未归入乡镇的占用）" in one for one in sentences)


def test_a_demand_beyond_the_county_is_named_with_its_area(tmp_path):
    # The east half, 100 m × 100 m, is outside all townships, and has no farmland of this county.
    result = propose(tmp_path, make_county_box(900, 0, 200, 100))
    (note,) = [one for one in SupplementTables(result, Texts("zh")).list_notes() if "乡镇范围以外" in one]
    (area,) = statutory_area(np.array([make_county_box(1000, 0)], dtype=object))
    assert result.demand.net_m2 == pytest.approx(9000.0, abs=0.01)
    assert f"{area:.2f}" in normalise(note)


def test_townships_that_stay_short_are_named(tmp_path):
    result = propose(tmp_path)
    assert list_chosen(result) == ["R2"]
    assert any("乡镇平衡（乙镇）" in one and "不足" in one for one in SupplementTables(result, Texts("zh")).summarise())


def test_a_refused_parcel_that_is_excluded_is_no_mistake(tmp_path):
    # R5 is steep, R7 is in the boundary.
    assert list_chosen(propose(tmp_path, prefer="near", refused=("R5", "R6", "R7"))) == ["R2"]


@pytest.mark.parametrize(
    ("cut", "expected"),
    # The boundary takes the field of the reserve's parcel, or the grass beside it.
    [(make_county_box(0, 100, 50, 100), {}), (make_county_box(50, 100, 50, 100), {"R1": 4500.0})],
    ids=["grass is left", "field is left"],
)
def test_values_by_survey_are_those_of_what_is_left(tmp_path, cut, expected):
    farmland = [make_county_box(x, 0) for x in range(0, 1000, 100)]
    fields = [*farmland, make_county_box(0, 100, 50, 100), make_county_box(50, 100, 50, 100), make_county_box(200, 100)]
    survey = make_survey(fields, ["0103"] * 11 + ["0404", "0103"], ["2"] * 13)
    reserve = make_table([make_county_box(0, 100), make_county_box(200, 100)]).assign(BSM=["R1", "R2"])
    boundary = make_table([cut], GHFQDM=["410"])
    land = propose(tmp_path, DLTB=survey, YJJBNTCBQ=reserve, STBHHX=None, CZKFBJ=boundary).land
    assert dict(zip(land.keys, land.net_m2.tolist(), strict=True)) == pytest.approx({**expected, "R2": 9000.0}, abs=0.5)
    assert ("not_cultivated" in {one.reason for one in land.excluded}) == (not expected)


def test_without_a_reserve_cultivated_land_is_proposed_with_a_condition(tmp_path):
    result = propose(tmp_path, YJJBNTCBQ=None)
    assert result.land.layer.role == "DLTB"
    # The fields of farmland are excluded as farmland: half of the taken ones too.
    assert len(result.land.keys) == 6
    notes = SupplementTables(result, Texts("zh")).list_notes()
    assert any("没有永久基本农田储备区图层" in one for one in notes)


def test_parcels_of_the_reserve_have_their_own_fields(tmp_path):
    shapes = [make_county_box(100, 100), make_county_box(600, 100)]
    parcels = make_table(
        shapes, DLBM=["0101", "0102"], CBQMJ=[8800.0, 8700.0], GDPDJB=["1", "2"], GDDB=[7, 8], GDDJ=[4, 5]
    ).assign(BSM=["T1", "T2"])
    land = propose(tmp_path, YJJBNTCBQTB=parcels).land
    assert land.layer.role == "YJJBNTCBQTB" and land.is_in_reserve and not land.filled
    assert land.net_m2.tolist() == [8800.0, 8700.0] and land.classes == ["0101", "0102"]
    assert land.grades["yield_grade"].tolist() == [7.0, 8.0] and land.grades["quality_grade"].tolist() == [4.0, 5.0]


def test_overlapping_reserve_counts_once(tmp_path):
    twice = [make_county_box(100, 100), make_county_box(150, 100)]
    result = propose(tmp_path, YJJBNTCBQ=make_table(twice).assign(BSM=["A", "B"]))
    assert result.land.area_m2.sum() == pytest.approx(15_000, rel=1e-3)
    (repeated,) = [one for one in result.land.excluded if one.reason == "repeated"]
    assert repeated.area_m2 == pytest.approx(5000, rel=1e-3)


def test_outputs_of_the_command(tmp_path, capsys):
    county, demand = write_county(tmp_path), write_demand(tmp_path, TAKEN)
    paths = {name: tmp_path / f"补划.{name}" for name in ("gpkg", "xlsx", "docx")}
    arguments = ["--output", paths["gpkg"], "--xlsx", paths["xlsx"], "--docx", paths["docx"]]
    assert main([str(one) for one in ["supplement", county, "--demand", demand, *arguments]]) == 0
    printed = capsys.readouterr()
    assert "建议补划 1 个地块" in printed.out and "9000.00" in normalise(printed.out)
    assert "草案" in printed.err and "有条件" in printed.err
    assert "通过" not in printed.out + printed.err
    layer = gpd.read_file(paths["gpkg"])
    assert layer["key"].tolist() == ["R2"] and layer["net_m2"].tolist() == [pytest.approx(9000.0, abs=0.02)]
    assert layer.geometry[0].symmetric_difference(make_county_box(100, 100)).area < 0.01
    sheets = load_workbook(paths["xlsx"])
    assert {"补划平衡", "建议补划地块", "排除情况", "求解情况"} <= {*sheets.sheetnames}
    text = "\n".join(cell.text for table in Document(paths["docx"]).tables for row in table.rows for cell in row.cells)
    assert "R2" in text and "踏勘" in text and "通过" not in text


def test_english_outputs(tmp_path, capsys):
    county, demand = write_county(tmp_path), write_demand(tmp_path, TAKEN)
    target = tmp_path / "supplement.xlsx"
    assert main(["supplement", str(county), "--demand", demand, "--lang", "en", "--xlsx", str(target)]) == 0
    assert "the draft has 1 parcel in 1 block" in capsys.readouterr().out
    assert "Proposed parcels" in load_workbook(target).sheetnames


def test_shapes_of_the_draft_are_inside_the_reserve_and_outside_the_lines(tmp_path):
    result = propose(tmp_path, make_county_box(500, 0, 250, 100), prefer="near")
    union = shapely.union_all(result.land.shape[result.chosen])
    assert union.intersection(make_county_box(850, 90, 200, 400)).area < 0.5
    assert union.intersection(make_county_box(700, 100, 100, 100)).area < 0.5
