# SPDX-License-Identifier: GPL-2.0-or-later
"""Editions of a small county: values against plain sums, gaps, differences, and the written files."""

import itertools
import json
import re
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import openpyxl
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import InputError, OutputError
from plugin.core.base.files.writing import OutputPaths
from plugin.core.figures.indicators.compute import PlanIndicators
from plugin.core.model.indicator import compare_with_target
from plugin.core.standard.messages.texts import NameList, Texts
from plugin.core.studies.evaluation.evaluate_editions import evaluate_editions
from plugin.core.studies.evaluation.evaluated_editions import (
    Change,
    Edition,
    EditionFigures,
    EvaluationSettings,
    IndicatorSeries,
    Level,
    SeriesPoint,
    Target,
    read_editions,
    sort_editions,
)
from plugin.core.studies.evaluation.evaluation_tables import list_note_sentences, list_remarks, make_evaluation_tables
from plugin.core.studies.evaluation.series import compute_change, judge_series
from plugin.core.studies.evaluation.write_evaluation import check_evaluation_outputs, write_evaluation_outputs
from tests.core.small_plan import hash_files, make_county_box, make_table, write_gpkg
from tests.county.measure import statutory_area

PROFILE = """
id = "test_county"
name = "试验县"
area_code = "140225"
{more}
[[targets]]
indicator = "red_line_area"
comparison = ">="
value = "20"
unit = "ha"
year = {first}
binding = "约束性"
source = "试验县规划"
[[targets]]
indicator = "red_line_area"
comparison = ">="
value = "{target}"
unit = "ha"
year = 2035
binding = "约束性"
source = "试验县规划"
"""
#: Width (m) of the red line in each year; it is 500 m high.
WIDTHS = {2020: 600, 2022: 590, 2024: 500}
EDGE_M = 20.0


def make_box(*numbers):
    """Return a box of the county with short edges, as surveyed ones have."""
    return shapely.segmentize(make_county_box(*numbers), EDGE_M)


def make_layers(width, net=(30_000.0, 20_000.0), crs=4526):
    """Return an edition: red line of a width, farmland with these net areas (None: no such field), a county."""
    farmland = make_table([make_box(700, 0, 300, 100), make_box(700, 200, 200, 100)])
    if net is not None:
        farmland = farmland.assign(YJJBNTMJ=list(net))
    tables = {
        "XZQX": make_table([make_box(0, 0, 2000, 1000)], XZQDM=["140225"], XZQMC=["浑源县"]),
        "STBHHX": make_table([make_box(0, 0, width, 500)]),
        "YJJBNTBHTB": farmland,
    }
    return {role: table.to_crs(crs) for role, table in tables.items()}


def write_profile(path, target="29", first=2030, more=""):
    path.write_text(PROFILE.format(target=target, first=first, more=more), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write three editions, the last one without net areas, and a list that is not sorted; return their folder."""
    folder = tmp_path_factory.mktemp("体检 评估")
    for year, width in WIDTHS.items():
        write_gpkg(folder / f"{year}年.gpkg", make_layers(width, None if year == 2024 else (30_000.0, 2e6 - 10 * year)))
    write_profile(folder / "县配置.toml")
    lines = ["年度,数据,县配置", "2024年,2024年.gpkg,县配置.toml", "2020,2020年.gpkg,县配置.toml"]
    lines += ["2021,无此文件.gpkg,县配置.toml", "2022,2022年.gpkg,县配置.toml"]
    (folder / "各期.csv").write_bytes("\n".join(lines).encode("gbk"))
    return folder


@pytest.fixture(scope="module")
def result(county):
    return evaluate_editions(read_editions([str(county / "各期.csv")]))


def get_series(result, name):
    return next(one for one in result.series if one.id == name)


def get_notes(result):
    return dict(result.notes)


def test_values_equal_an_independent_formula_and_changes_are_their_differences(result):
    assert [one.label for one in result.editions] == ["2020", "2021", "2022", "2024"]
    series = get_series(result, "red_line_area")
    areas = [statutory_area([make_box(0, 0, WIDTHS[year], 500)])[0] / 1e4 for year in (2020, 2022, 2024)]
    values = [one.value for one in series.points]
    assert series.unit == "ha" and values[1] is None
    assert [values[0], values[2], values[3]] == pytest.approx(areas, abs=1e-4)
    assert series.changes[3].value == pytest.approx(areas[2] - areas[1], abs=1e-4)
    assert series.changes[3].share == pytest.approx((areas[2] - areas[1]) / areas[1], abs=1e-6)
    assert series.change_to_first.value == pytest.approx(areas[2] - areas[0], abs=1e-4)


def test_net_farmland_is_a_plain_sum_and_is_not_compared_with_another_basis(result):
    series = get_series(result, "farmland_area")
    for place, year in ((0, 2020), (2, 2022)):
        assert series.points[place].value == pytest.approx((30_000.0 + 2e6 - 10 * year) * 15 / 1e8)
    assert [one.basis for one in series.points] == ["net", "", "net", "statutory"]
    assert series.changes[3].obstacle == series.change_to_first.obstacle == "other_basis"
    remarks = " ".join(list_remarks(series, result, Texts("zh")))
    assert "2020、2022：净面积" in remarks and "2024：图斑椭球面积" in remarks


def test_an_unread_edition_is_a_column_and_its_neighbours_are_compared(result):
    series = get_series(result, "red_line_area")
    unread = result.editions[1]
    assert not unread.is_read and "无此文件.gpkg" in unread.problem and series.points[1].reason
    # The change of 2022 is that from 2020, and the table's head names both.
    assert series.changes[1].value is None
    assert series.changes[2].value == pytest.approx(series.points[2].value - series.points[0].value)
    heads = [one.title for one in make_evaluation_tables(result, Texts("zh"))[2].columns]
    assert heads[2:] == ["2020→2022", "2022→2024"]
    assert get_notes(result)["missing_years"] == {"years": NameList(("2023",))}
    assert "unread_edition" in get_notes(result)


def test_the_next_target_year_is_in_force_and_the_alert_needs_no_threshold(result):
    series = get_series(result, "red_line_area")
    # 500 × 500 m are 25 ha: above the 20 ha of 2030, below the 29 ha of 2035.
    assert (series.target.year, series.target.value) == (2030, 20.0)
    assert [key for key, _ in series.notes] == ["other_target"]
    assert [one.key for one in series.warnings] == ["shrunk", "trend"] and series.level is Level.ALERT
    loss_m2 = 1e4 * (series.points[-2].value - series.points[-1].value)
    assert float(series.warnings[0].params["loss"].replace("\u202f", "").replace(" ", "")) == pytest.approx(
        loss_m2, abs=0.01
    )
    # 30 ha in 2020 and 25 ha in 2024 are −1.25 ha a year: 17.5 ha in 2030.
    assert series.warnings[1].params["projected"] == pytest.approx(17.5, abs=0.05)


def test_one_edition_alone_has_states_and_no_changes(county):
    result = evaluate_editions([Edition(2020, str(county / "2020年.gpkg"), str(county / "县配置.toml"))])
    series = get_series(result, "red_line_area")
    assert (series.level, series.changes[0].value, series.change_to_first.value) == (Level.NORMAL, None, None)
    assert get_series(result, "farmland_area").level is Level.UNDETERMINED
    assert not result.notes


def test_differences_between_editions_are_noted(county, tmp_path):
    more = '[evaluation]\nmargin_share = 0.5\n[three_zones]\n"100" = "城镇空间"\n'
    other = write_profile(tmp_path / "other.toml", more=more)
    write_gpkg(tmp_path / "b.gpkg", make_layers(600, crs=4527))
    editions = [
        Edition(2020, str(county / "2020年.gpkg"), str(county / "县配置.toml")),
        Edition(2021, str(tmp_path / "b.gpkg"), other),
        Edition(2022, str(tmp_path / "b.gpkg"), other),
    ]
    result = evaluate_editions(editions)
    assert {"other_crs", "same_source"} <= set(get_notes(result))
    # The threshold is that of the last edition.
    assert result.settings.margin_share == 0.5
    series = get_series(result, "red_line_area")
    assert series.points[1].value == pytest.approx(series.points[0].value, rel=1e-6)
    sentences = list_note_sentences(result, Texts("en"))
    assert any("4526" in one or "zone 38" in one for one in sentences)


def test_repeated_editions_and_years_are_reported():
    a, b, c = Edition(2021, "a.gpkg"), Edition(2021, "a.gpkg"), Edition(2021, "b.gpkg", name="报批")
    kept, notes = sort_editions([c, a, b, Edition(2019, "c.gpkg")])
    assert [one.source for one in kept] == ["c.gpkg", "b.gpkg", "a.gpkg"]
    assert dict(notes) == {
        "repeated_edition": {"year": 2021, "source": "a.gpkg"},
        "repeated_year": {"year": 2021, "count": 2},
        "missing_years": {"years": NameList(("2020",))},
    }


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("年份,数据\n20,a.gpkg\n", "table_cell"),
        ("年份,数据\n2020,\n", "table_blank"),
        ("年份,文件\n2020,a\n", "table_no_head"),
        ("年份,数据\n", "evaluation_no_editions"),
    ],
)
def test_an_unusable_list_is_refused_with_its_line(tmp_path, text, key):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_editions([str(path)])
    assert error.value.key == key


def test_texts_without_year_and_editions_that_cannot_be_read_are_refused(tmp_path):
    for text in ("county.gpkg", "21=county.gpkg", "2021="):
        with pytest.raises(InputError, match="evaluation_edition"):
            read_editions([text])
    assert read_editions(["2021年＝C:\\数据 库\\a=b.gpkg"]) == [Edition(2021, "C:\\数据 库\\a=b.gpkg")]
    with pytest.raises(InputError, match="evaluation_none_read"):
        evaluate_editions([Edition(2021, str(tmp_path / "missing.gpkg"))])


@pytest.fixture(scope="module")
def written(county, tmp_path_factory):
    """Run the command in both languages; return the files of each, and the exit codes."""
    files, codes, before = {}, set(), hash_files(county)
    for lang in ("zh", "en"):
        folder = tmp_path_factory.mktemp(lang)
        files[lang] = {name: folder / f"评估 a.{name}" for name in ("json", "html", "docx", "xlsx")}
        arguments = [argument for name, path in files[lang].items() for argument in (f"--{name}", str(path))]
        codes.add(main(["evaluate", str(county / "各期.csv"), "--lang", lang, *arguments]))
    assert hash_files(county) == before, "the inputs changed"
    return files, codes


def test_the_command_writes_equal_figures_in_all_files(written, result):
    files, codes = written
    assert codes == {1}, "an edition could not be read"
    expected = get_series(result, "red_line_area")
    for lang in ("zh", "en"):
        data = json.loads(files[lang]["json"].read_text(encoding="utf-8"))
        series = next(one for one in data["series"] if one["id"] == "red_line_area")
        assert [one["value"] for one in series["points"]] == [one.value for one in expected.points]
        book = openpyxl.load_workbook(files[lang]["xlsx"])
        sheet = book.worksheets[0]
        row = next(r for r in sheet.iter_rows(min_row=4, values_only=True) if r[1] == series["name"])
        values = [expected.points[n].value for n in (0, 2, 3)]
        assert [row[3], row[5], row[6], row[7]] == pytest.approx([*values, expected.changes[3].value], abs=1e-9)
        names = " ".join(book.sheetnames)
        assert ("预警阈值" in names) == (lang == "zh")
        with zipfile.ZipFile(files[lang]["docx"]) as file:
            document = file.read("word/document.xml").decode("utf-8")
            drawn = [name for name in file.namelist() if name.startswith("word/charts/")]
        text = re.sub("<[^>]+>", "", document)
        assert len(drawn) == len(result.shown_series) and f"{expected.points[3].value:.2f}" in text
        page = files[lang]["html"].read_text(encoding="utf-8")
        assert page.count("data:image/svg+xml") == len(result.shown_series) and " style=" not in page
        assert ("体检评估" in page) == (lang == "zh")
        chinese = re.findall(r"[\u4e00-\u9fff]+", re.sub(r"<style>.*?</style>|<[^>]+>", "", page, flags=re.S))
        # Names of data, standards and profiles are not translated.
        names = {
            "浑源县",
            "试验县",
            "年",
            "无此文件",
            "县配置",
            "试行",
            "各版本共用的规则与设置",
            "永久基本农田保护图斑",
        }
        assert lang == "zh" or {one for one in chinese if "规范" not in one} <= names


def test_charts_have_a_dashed_target_an_open_gap_and_no_line_across_it(result):
    from plugin.core.studies.evaluation.charts import draw_chart

    svg = draw_chart(get_series(result, "red_line_area"), result)
    assert svg.count('stroke-dasharray="6 4"') == 1 and svg.count("<circle") == 3
    # The only line joins 2022 and 2024; 2021 has a cross on the axis.
    assert len(re.findall(r'stroke="#005A9C" stroke-width="2"', svg)) == 1 and svg.count("l8,8m0,-8l-8,8") == 1
    farmland = draw_chart(get_series(result, "farmland_area"), result)
    assert not re.findall(r'stroke="#005A9C" stroke-width="2"', farmland), "bases differ"


def test_workbook_and_docx_have_charts_of_the_figures_with_gaps(written, result):
    files, _ = written
    expected = get_series(result, "red_line_area")
    book = openpyxl.load_workbook(files["zh"]["xlsx"])
    sheet = book["指标变化图"]
    assert len(sheet._charts) == len(result.shown_series)
    row = next(r for r in sheet.iter_rows(min_row=4) if r[0].value == expected.name)
    # An empty cell is a gap; a word would be drawn as zero.
    drawn = [cell.value for cell in row[2:]][: len(expected.points)]
    assert drawn == [one.value if one.value is None else pytest.approx(one.value) for one in expected.points]
    assert [one.value for one in expected.points].count(None) == 1
    chart = sheet._charts[result.shown_series.index(expected)]
    assert chart.display_blanks == "gap" and f"${row[0].row}" in chart.series[0].val.numRef.f
    with zipfile.ZipFile(files["zh"]["docx"]) as file:
        charts = [file.read(name).decode() for name in file.namelist() if name.startswith("word/charts/")]
    line = next(one for one in charts if f">{expected.name}<" in one)
    written_values = [
        float(one) for one in re.findall(r"<v>([-0-9.e]+)</v></pt>", line.partition("<val>")[2].partition("</val>")[0])
    ]
    low, high = (float(re.search(rf'<{end} val="([^"]+)"', line).group(1)) for end in ("min", "max"))
    assert all(low < value < high for value in written_values)
    assert written_values == [round(one.value, expected.decimals) for one in expected.points if one.value is not None]
    # Word draws labels and axis with the decimals of the table.
    codes = re.findall(r'<numFmt formatCode="([^"]*)"|<formatCode>([^<]*)<', line)
    assert len(codes) >= 3 and {"".join(one) for one in codes} == {"#,##0.00"}


def test_values_that_cannot_be_compared_are_separate_lines(result):
    from plugin.core.studies.evaluation.charts import choose_scale, list_chart_lines

    farmland = get_series(result, "farmland_area")
    lines = [one for one in list_chart_lines(farmland, result, Texts()) if not one.is_target]
    for line in lines:
        assert len({farmland.points[n].basis for n, value in enumerate(line.values) if value is not None}) == 1
    together = [[line.values[n] for line in lines if line.values[n] is not None] for n in range(len(farmland.points))]
    assert together == [[] if one.value is None else [one.value] for one in farmland.points] and len(lines) > 1
    assert choose_scale(71.1, 73.9) == (70.0, 75.0, 1.0) and choose_scale(5.0, 5.0)[0] < 5 < choose_scale(5.0, 5.0)[1]
    # An area has no negative values, so that its axis has none.
    assert choose_scale(0.0, 120.0) == (0.0, 150.0, 50.0) and choose_scale(-3.0, 120.0)[0] < 0
    assert choose_scale(-120.0, -1.0)[1] == 0.0 and choose_scale(0.0, 0.0)[0] == 0.0 < choose_scale(0.0, 0.0)[1]


def test_a_failed_indicator_is_named_and_the_command_is_not_clean(county, monkeypatch, capsys):
    arguments = ["evaluate", f"2020={county / '2020年.gpkg'}"]
    assert main(arguments) == 0 and "未能计算的指标" not in capsys.readouterr().err

    def fail(self, entry):
        raise ValueError("odd shape")

    monkeypatch.setattr(PlanIndicators, "_compute_layer_area", fail)
    assert main(arguments) == 1
    assert "2020 有" in (printed := capsys.readouterr().err) and "计算出错" in printed


def test_outputs_replace_no_input_and_keep_the_former_file_on_an_error(county, tmp_path, capsys):
    source = county / "2020年.gpkg"
    assert main(["evaluate", f"2020={source}", "--json", str(source)]) == 2
    former = tmp_path / "a.json"
    former.write_text("before", encoding="utf-8")
    assert main(["evaluate", f"2020={tmp_path / 'missing.gpkg'}", "--json", str(former)]) == 2
    assert former.read_text(encoding="utf-8") == "before"
    capsys.readouterr()
    with pytest.raises(OutputError):
        check_evaluation_outputs(OutputPaths(html=str(tmp_path / "a.txt")), [])
    result = evaluate_editions([Edition(2020, str(source))])
    with pytest.raises(OutputError, match="output_pdf_without_qgis"):
        # Only QGIS prints a PDF; the JSON of the same run is written.
        write_evaluation_outputs(result, OutputPaths(json=str(former), pdf=str(tmp_path / "a.pdf")))
    assert json.loads(former.read_text(encoding="utf-8"))["schema"]


def test_an_evaluation_without_any_value_has_no_charts(result, tmp_path):
    empty = replace(result, series=[])
    write_evaluation_outputs(empty, OutputPaths(html=str(tmp_path / "a.html"), xlsx=str(tmp_path / "a.xlsx")))
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "指标变化图" not in page and "未能读取" in page
    assert "指标变化图" not in openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames


SETTINGS = EvaluationSettings(
    margin_share=0.02, adverse_share=0.005, steep_share=0.2, steep_points=5.0, trend_min_editions=3
)


def change(before, after, unit="km2", **given):
    """Return the change between two values, with the basis of the later one on request."""
    return compute_change(SeriesPoint(before), SeriesPoint(after, **given), unit)


@pytest.mark.parametrize(
    ("before", "after", "unit", "value", "share"),
    [
        (80.0, 100.0, "km2", 20.0, 0.25),
        (80.0, 0.0, "km2", -80.0, -1.0),
        (0.0, 5.0, "km2", 5.0, None),
        (-2.0, 3.0, "ratio", 5.0, None),
        (-4.0, -3.0, "ratio", 1.0, 0.25),
        (40.0, 42.0, "share", 2.0, None),
        (0.1 + 0.2, 0.3, "ha", 0.0, 0.0),
    ],
)
def test_changes_worked_by_hand(before, after, unit, value, share):
    assert change(before, after, unit) == Change(value, pytest.approx(share) if share is not None else None)


def test_a_change_without_comparable_values_states_the_obstacle():
    assert change(None, 1.0).obstacle == "earlier_unknown"
    assert change(1.0, None).obstacle == "later_unknown"
    assert change(1.0, 2.0, basis="net").obstacle == "other_basis"
    assert change(1.0, 2.0, definition=("share",)).obstacle == "other_definition"
    assert change(1.0, 2.0, basis="net").value is None


def judge(values, target=None, *, years=None, comparison="", unit="km2", confirmed=False, **more):
    """Return a judged series of yearly values; None: no value. ``confirmed``: the thresholds are confirmed."""
    years = years or range(2020, 2020 + len(values))
    columns = [EditionFigures(Edition(year, "a.gpkg"), str(year)) for year in years]
    half = 0.005
    points = [
        SeriesPoint(
            one,
            state=compare_with_target(one, target.comparison, target.value, allowance=half) if target and one else "",
        )
        for one in values
    ]
    series = IndicatorSeries("x", "x", "", unit, target.comparison if target else comparison, points, target, **more)
    series.changes = [Change(), *(compute_change(a, b, unit) for a, b in itertools.pairwise(points))]
    judge_series(series, columns, SETTINGS, SimpleNamespace(is_confirmed=lambda key: confirmed))
    return series


def keys(series):
    return [one.key for one in series.warnings]


def test_a_missed_target_is_an_alert_if_binding_and_needs_no_threshold():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    missed = judge([101.0, 99.0], floor)
    assert (missed.level, missed.is_unconfirmed) == (Level.ALERT, False)
    assert keys(missed) == ["missed", "adverse"]
    expected = judge([101.0, 99.0], Target(">=", 100.0, 2, "规划", 2035, must_be_met=False))
    assert expected.level is Level.WATCH
    assert keys(judge([101.0, 99.996], floor))[0] == "rounding"
    shrunk = judge([538.87, 538.869999], floor, may_shrink=False)
    assert (keys(shrunk), shrunk.warnings[0].params) == (["shrunk"], {"loss": "1.00"}) and shrunk.level is Level.ALERT
    assert keys(judge([538.87, 538.87], floor, may_shrink=False)) == []
    assert keys(judge([16.0, 17.0], Target("<=", 16.46, 2, "规划", 2035)))[0] == "exceeded"
    assert keys(judge([8.0], Target("=", 7.0, 0, "规划", 2035))) == ["differs"]


def test_margin_change_and_trend_are_watched_at_their_thresholds():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    # 2% of 100: a margin of 2 is not below it, 1.9 is.
    assert judge([102.0, 102.0], floor).level is Level.NORMAL
    assert keys(judge([101.9, 101.9], floor)) == ["margin"]
    # 0.5% of 120 is 0.6.
    assert judge([120.0, 119.4], floor).level is Level.NORMAL
    assert keys(judge([120.0, 119.3], floor)) == ["adverse"]
    assert keys(judge([100.0, 121.0])) == ["steep"] and keys(judge([100.0, 120.0])) == []
    assert keys(judge([40.0, 45.5], unit="share")) == ["steep_points"]
    # From 120 to 119 in 2 years: −0.5 a year, 11 years to 2033 give 113.5; from 120 to 116: −2 a year give 94.
    held = Target(">=", 100.0, 2, "规划", 2033)
    assert keys(judge([120.0, 119.5, 119.0], held)) == []
    trend = judge([120.0, 116.4, 116.0], held)
    assert keys(trend) == ["trend"]
    assert trend.warnings[0].params["projected"] == pytest.approx(94.0)
    assert trend.warnings[0].params["yearly"] == pytest.approx(-2.0)
    assert keys(judge([120.0, 116.0], held, years=(2020, 2022))) == ["adverse"], "two editions give no projection"


def test_the_star_depends_on_the_confirmation_of_the_thresholds():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    assert (
        judge([101.0, 101.0], floor).is_unconfirmed and not judge([101.0, 101.0], floor, confirmed=True).is_unconfirmed
    )
    assert judge([120.0, 120.0], floor).is_unconfirmed


def test_without_value_or_without_target_and_change_nothing_is_judged():
    floor = Target(">=", 100.0, 2, "规划", 2035)
    assert judge([120.0, None], floor).level is Level.UNDETERMINED
    assert judge([120.0]).level is Level.UNDETERMINED
    assert judge([None, 120.0]).level is Level.UNDETERMINED
    assert judge([120.0], floor).level is Level.NORMAL
