# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of cultivated land by two surveys and by certificates, compared with a planted list by plain shapely."""

import geopandas as gpd
import openpyxl
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError
from plugin.core.render.tables.report_table import TableNumber
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.yearly.cultivated_changes import compare_surveys
from plugin.core.studies.yearly.cultivated_result import SurveyOrder
from plugin.core.studies.yearly.cultivated_tables import CultivatedTables
from tests.core.studies.yearly.two_surveys import (
    EPSG,
    PLANTED,
    list_pieces,
    make_box,
    make_surveys,
    sum_pieces,
    write_surveys,
)
from tests.county.measure import measure_drawn_area

CENT_M2 = 0.01
BALANCED_CAUSES = ("建设占用", "农业结构调整", "土地整治")


@pytest.fixture(scope="module")
def surveys(tmp_path_factory):
    return write_surveys(tmp_path_factory.mktemp("surveys"))


@pytest.fixture(scope="module")
def result(surveys):
    return compare_surveys(SurveyOrder(*surveys, 2025), RunOptions())


def sum_changes(result, key, measure="net_m2"):
    sums = {}
    for one in result.changes:
        sums[key(one)] = sums.get(key(one), 0.0) + getattr(one, measure)
    return sums


def get_cause_name(change):
    return change.cause.name if change.cause else None


@pytest.mark.parametrize("measure", ["net_m2", "ridge_m2", "area_m2"])
def test_areas_by_township_and_cause_equal_the_planted_list(result, measure):
    assert len(PLANTED) == 40
    planted = sum_pieces("kind", "township", "cause", measure=measure)
    found = sum_changes(result, lambda one: (one.kind, one.township, get_cause_name(one)), measure)
    assert found == {key: pytest.approx(area, abs=CENT_M2) for key, area in planted.items()}


def test_parcels_cover_the_planted_land_and_their_areas_equal_it(result):
    pieces = list_pieces()
    assert len(result.changes) == len(pieces)
    for one in result.changes:
        (piece,) = (
            p for p in pieces if shapely.symmetric_difference(p.shape, one.geometry).area < 1e-3 and p.kind == one.kind
        )
        assert one.area_m2 == pytest.approx(piece.area_m2, abs=CENT_M2)
        assert (one.before_class[: len(piece.before)], one.after_class[: len(piece.after)]) == (
            piece.before,
            piece.after,
        )


def read_township_table(result, lang="zh"):
    """Return title of a column → name of a row → printed value of the tables of townships."""
    return {
        column.title: {row.values[0]: get_plain(row.values[n]) for row in table.rows}
        for table in CultivatedTables(result, Texts(lang)).make_tables()[:3]
        for n, column in enumerate(table.columns)
    }


def get_plain(value):
    return value.value if isinstance(value, TableNumber) else value


def test_county_table_leads_from_both_surveys_and_has_no_figure_for_missing_certificates(result):
    columns = read_township_table(result)
    before, after = (
        sum(one.TBDLMJ for one in survey.itertuples() if one.DLBM.startswith("01")) for survey in make_surveys()
    )
    lost, gained = (sum(one.net_m2 for one in list_pieces() if one.kind == kind) for kind in ("out", "in"))
    names = ["调查：上年耕地", "调查：耕地减少", "调查：耕地增加", "调查：其他增减", "调查：本年耕地"]
    wanted = [before, lost, gained, after - before + lost - gained, after]
    assert [columns[name]["合计"] for name in names] == pytest.approx(wanted, abs=CENT_M2)
    assert columns["调查：耕地减少"]["西坊城镇"] == pytest.approx(
        sum_pieces("township", kind="out")[("西坊城镇",)], abs=CENT_M2
    )
    for title in ("证书：经批准的转用耕地（批准文件）", "证书：验收的补充耕地（验收文件）"):
        assert set(columns[title].values()) == {"未提供"}
    for title in ("占补类减少与经批准转用之差", "占补类增加与验收补充之差"):
        assert set(columns[title].values()) == {"未能判定"}


def test_unmatched_pair_is_listed_and_in_no_balance(result):
    tables = {one.id: one for one in CultivatedTables(result, Texts("zh")).make_tables()}
    *rows, lost, gained = tables["cultivated_unmatched"].rows
    planted = sum_pieces("township", cause=None)
    assert {row.values[0]: get_plain(row.values[6]) for row in rows} == {
        township: pytest.approx(area, abs=CENT_M2) for (township,), area in planted.items()
    }
    assert {tuple(row.values[1:4]) for row in rows} == {("减少", "0102 水浇地", "1103 水库水面")}
    assert lost.values[6].value == pytest.approx(sum(planted.values()), abs=CENT_M2) and not gained.values[6].value
    columns = read_township_table(result)
    counted = sum((1 if one.kind == "in" else -1) * one.net_m2 for one in list_pieces() if one.cause in BALANCED_CAUSES)
    assert columns["调查：一本账相抵（增加减减少）"]["合计"] == pytest.approx(counted, abs=CENT_M2)


def test_year_before_the_setting_has_two_balances(surveys):
    columns = read_township_table(compare_surveys(SurveyOrder(*surveys, 2024), RunOptions()))
    gained, lost = sum_pieces("cause", kind="in"), sum_pieces("cause", kind="out")
    for title, pair in (
        ("调查：占补相抵（补充减占用）", ("土地整治", "建设占用")),
        ("调查：进出相抵（流入减流出）", ("农业结构调整", "农业结构调整")),
    ):
        wanted = gained[(pair[0],)] - lost[(pair[1],)]
        assert columns[title]["合计"] == pytest.approx(wanted, abs=CENT_M2)
    assert not any("一本账" in title for title in columns)


def test_stable_land_is_separate_where_the_field_is_filled(result):
    tables = {one.id: one for one in CultivatedTables(result, Texts("zh")).make_tables()}
    lost = tables["cultivated_causes"].rows[-2]
    by_word = sum_pieces("stable", kind="out")
    assert [one.value for one in lost.values[-2:]] == pytest.approx([by_word[("是",)], by_word[("",)]], abs=CENT_M2)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two approved projects, one of them of two plots across a border, and a list of supplements."""
    folder = tmp_path_factory.mktemp("certificates")
    plots = gpd.GeoDataFrame(
        {
            "DZJGH": ["1402252025001", "1402252025002", "1402252025002"],
            "QZGDMJ": [0.9, 1.2, 1.2],
            "geometry": [make_box(0, 0, 100, 60), make_box(200, 0, 260, 100), make_box(500, 0, 600, 100)],
        },
        crs=EPSG,
    )
    plots.to_file(folder / "转用.gpkg", layer="ZZ_NYDZYFW", engine="pyogrio")
    numbers = [f"Z14022520250001{n:06d}" for n in (1, 2, 2)]
    lines = ["补充耕地图斑编号,乡镇,补充耕地面积（平方米）,验收年度", f"{numbers[0]},蔡村镇,3100.5,2025"]
    lines += [f"{number},永安镇,5000,2025" for number in numbers[1:]]
    # A supplement of another year does not count.
    lines.append("Z14022520240001000009,蔡村镇,7000,2024")
    (folder / "补充.csv").write_text("\n".join(lines), encoding="utf-8")
    return str(folder / "转用.gpkg"), str(folder / "补充.csv")


@pytest.fixture(scope="module")
def certified(surveys, certificates):
    return compare_surveys(SurveyOrder(*surveys, 2025, *certificates), RunOptions())


def test_certificates_have_columns_next_to_the_survey_and_undecided_ones_are_not_summed(certified):
    columns = read_township_table(certified)
    approved = columns["证书：经批准的转用耕地（批准文件）"]
    # The second project has plots in two townships: what each of them has of it is unknown.
    assert approved["永安镇"] == approved["西坊城镇"] == "未能判定" and approved["蔡村镇"] == 0
    assert approved["（跨乡镇或乡镇不明的证书）"] == 12_000 and approved["合计"] == 21_000
    accepted = columns["证书：验收的补充耕地（验收文件）"]
    # A repeated number may count one parcel twice.
    assert accepted["蔡村镇"] == 3100.5 and accepted["永安镇"] == accepted["合计"] == "未能判定"
    gained = sum_pieces("township", kind="in", cause="土地整治")[("蔡村镇",)]
    assert columns["占补类增加与验收补充之差"]["蔡村镇"] == pytest.approx(gained - 3100.5, abs=CENT_M2)
    assert columns["占补类减少与经批准转用之差"]["合计"] == pytest.approx(
        sum_pieces("cause", kind="out")[("建设占用",)] - 21_000, abs=CENT_M2
    )


def test_years_of_certificates_are_stated(certified):
    notes = CultivatedTables(certified, Texts("zh")).list_notes()
    assert sum("1 行的年度不是 2025 年" in one for one in notes) == 1
    assert sum("“转用.gpkg”中 3 行没有年度" in one for one in notes) == 1


def test_certificate_of_more_land_than_its_shape_and_parcel_of_more_net_than_gross_area_are_named(
    surveys, certificates, tmp_path
):
    survey, parcels = str(tmp_path / "2024.gpkg"), gpd.read_file(surveys[0], layer="DLTB", engine="pyogrio")
    parcels.loc[0, "TBDLMJ"] = parcels.TBMJ[0] + 500
    parcels.to_file(survey, layer="DLTB", engine="pyogrio")
    result = compare_surveys(SurveyOrder(survey, surveys[1], 2025, certificates[0]), RunOptions())
    notes = CultivatedTables(result, Texts("zh")).list_notes()
    net, gross = (f"{area:,.2f}".replace(",", "\u202f") for area in (parcels.TBMJ[0] + 500, parcels.TBMJ[0]))
    assert [parcels.BSM[0] in one for one in notes if f"净面积 {net} m²，所填图斑面积 {gross} m²" in one] == [True]
    # 0.9 hectares on a plot of 100 × 60 m; the other certificate states 1.2 hectares on 1.6.
    (land,) = (f"{area:,.2f}".replace(",", "\u202f") for area in measure_drawn_area([make_box(0, 0, 100, 60)]))
    assert [
        f"1402252025001（耕地面积 9\u202f000.00 m²，图形 {land} m²）" in one for one in notes if "份证书" in one
    ] == [True]


def test_difference_of_a_parcel_is_its_land_outside_certificates(certified, certificates):
    plots = gpd.read_file(certificates[0], layer="ZZ_NYDZYFW", engine="pyogrio")
    for one in certified.changes:
        inside = [plots.geometry[n] & one.geometry for n in range(3)]
        if one.kind == "in":
            # A list has no shapes.
            assert one.certified_m2 is None and not one.certificates
            continue
        assert one.certified_m2 == pytest.approx(float(measure_drawn_area(inside).sum()), abs=CENT_M2)
        assert set(one.certificates) == {plots.DZJGH[n] for n in range(3) if inside[n].area}
    assert sum(1 for one in certified.changes if one.certificates) == 4
    survey_m2 = certified.certificates["approved"].items[0].survey_m2
    assert survey_m2 == pytest.approx(sum_losses_inside(plots.geometry[0]), abs=CENT_M2)


def sum_losses_inside(plot):
    """Return the net area of planted losses inside a plot, by plain shapely."""
    return sum(one.net_m2 * (one.shape & plot).area / one.shape.area for one in list_pieces() if one.kind == "out")


def test_missing_net_area_makes_its_sums_undetermined(tmp_path):
    before, after = write_surveys(tmp_path)
    survey = gpd.read_file(before, layer="DLTB", engine="pyogrio")
    survey.loc[0, ["TBDLMJ", "KCMJ", "KCXS"]] = None
    survey.to_file(before, layer="DLTB", engine="pyogrio")
    columns = read_township_table(compare_surveys(SurveyOrder(before, after, 2025), RunOptions()))
    lost = columns["调查：占补类减少"]
    assert lost["永安镇"] == lost["合计"] == "未能判定" and lost["蔡村镇"] > 0


def test_command_writes_tables_and_a_layer_of_the_same_areas(surveys, tmp_path, capsys):
    workbook, layer = tmp_path / "耕地.xlsx", tmp_path / "耕地.gpkg"
    arguments = [*surveys, "--year", "2025", "--xlsx", str(workbook), "--output", str(layer)]
    assert main(["cultivated", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "耕地减少 25 块" in printed and "未提供经批准的转用" in printed
    parcels = gpd.read_file(layer, engine="pyogrio")
    assert parcels.area_m2.tolist() == pytest.approx(
        measure_drawn_area(parcels.geometry.to_numpy()).tolist(), abs=CENT_M2
    )
    planted = sum_pieces("township", measure="area_m2")
    assert parcels.groupby("township").area_m2.sum().to_dict() == {
        name: pytest.approx(area, abs=CENT_M2) for (name,), area in planted.items()
    }
    assert parcels.certified_m2.isna().all() and set(parcels.stable) == {"是", "否", "未提供"}
    titles = [one.title for one in openpyxl.load_workbook(workbook).worksheets]
    assert titles == [
        "分乡镇耕地增减",
        "分乡镇分账",
        "调查与证书",
        "耕地增减原因",
        "地类变化",
        "原因未能判定",
        "证书与调查",
        "耕地变化地块",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("01,99,甲,占补,C", "table_cell"),
        ("01,07,,占补,C", "table_blank"),
        ("01,07,甲,占补,C\n01,07,乙,占补,C", "table_cell"),
    ],
    ids=["unknown class", "no cause", "repeated pair"],
)
def test_wrong_table_of_causes_is_an_error(tmp_path, surveys, line, problem):
    (tmp_path / "原因.csv").write_text(f"before,after,cause,account,mark\n{line}", encoding="utf-8")
    profile = tmp_path / "县.toml"
    profile.write_text(
        'id = "x"\nname = "浑源县"\narea_code = "140225"\nbase = "hunyuan"\n[cultivated]\ncauses = "原因.csv"\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        compare_surveys(SurveyOrder(*surveys, 2025), RunOptions(profile=str(profile)))
    assert caught.value.key == problem


def test_land_without_a_parcel_in_one_survey_has_no_cause(tmp_path):
    before, after = write_surveys(tmp_path)
    survey = gpd.read_file(after, layer="DLTB", engine="pyogrio")
    lost = survey.iloc[1]
    survey.drop(index=1).to_file(after, layer="DLTB", engine="pyogrio")
    result = compare_surveys(SurveyOrder(before, after, 2025), RunOptions())
    (change,) = (one for one in result.changes if one.before_key == lost.BSM)
    assert (change.kind, change.after_class, change.cause) == ("out", "", None)
    assert change.net_m2 == pytest.approx(lost.TBDLMJ, abs=CENT_M2)


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ({"A": [make_box(0, 0, 9, 9)], "B": [make_box(0, 0, 9, 9)]}, "certificates_layer"),
        ({"A": [make_box(0, 0, 9, 9), None]}, "certificates_shapes"),
    ],
    ids=["two layers", "no shape"],
)
def test_layer_of_certificates_that_cannot_be_overlaid_is_an_error(surveys, tmp_path, layers, problem):
    path = tmp_path / "补充.gpkg"
    for name, shapes in layers.items():
        frame = gpd.GeoDataFrame({"TBBH": ["Z"] * len(shapes)}, geometry=shapes, crs=EPSG)
        frame.to_file(path, layer=name, engine="pyogrio", mode="a" if path.exists() else "w")
    with pytest.raises(InputError) as caught:
        compare_surveys(SurveyOrder(*surveys, 2025, accepted=str(path)), RunOptions())
    assert caught.value.key == problem
