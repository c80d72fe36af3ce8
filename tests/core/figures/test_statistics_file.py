# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics of a county: figures that no layer gives, with hand-worked conversions, and rows that are not used."""

import openpyxl
import pytest

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.tabulate import tabulate_plan
from plugin.core.figures.statistics_file import load_statistics
from plugin.core.model.rule import Severity
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.standard.indicator_catalogue import load_catalogue
from plugin.core.standard.messages.texts import Texts
from plugin.core.studies.evaluation.evaluate_editions import evaluate_editions
from plugin.core.studies.evaluation.evaluated_editions import Edition
from plugin.core.studies.evaluation.evaluation_tables import list_remarks
from tests.core.package.test_table_figures import make_complete_layers
from tests.core.small_plan import (
    convert_to_source_layers,
    list_findings_of_rules,
    make_county_box,
    make_table,
    write_gpkg,
)

PROFILE = 'id = "test_county"\nname = "浑源县"\narea_code = "140225"\n'
STATED = (
    '[[stated]]\nname = "{name}"\ncomparison = "{comparison}"\nvalue = "{value}"\nunit = "{unit}"\nyear = 2035\n'
    'binding = "约束性"\nsource = "某文"\n'
)
HEADINGS = "年份,指标,值,单位,来源"
YEAR = 2023


def write_county(folder, *rows, more="", headings=HEADINGS):
    """Write a profile with statistics beside it; return the options of a run with it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "county.toml").write_text(PROFILE + more, encoding="utf-8")
    (folder / "statistics.csv").write_text("\n".join([headings, *rows]), encoding="utf-8")
    return RunOptions(standard="county_db", profile=str(folder / "county.toml"))


def load(folder, *rows, year=YEAR, **more):
    return load_statistics(write_county(folder, *rows, **more).resolve_norm(), "140225", year)


def find_row(statistics, name):
    catalogue = load_catalogue(RunOptions().resolve_norm().standard)
    return statistics.find_row(catalogue.find_indicator(name))


def compute(options, tables):
    plan = assemble_plan(convert_to_source_layers(tables), options.resolve_norm(), source="x")
    tabulated = tabulate_plan(plan, "zh")
    return tabulated, {one.definition.id: one for one in tabulated.indicators.compute_all_indicators()}


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        # 310 234 persons are 31.0234 万人; 5 210 万 m³ are 0.521 亿 m³; 1.5 万亩 are 15 000 × 10 000 ÷ 15 m².
        ('2020,常住人口,"310,234",人,普查', "population", 31.0234),
        ("2020年,用水总量,5210,万立方米,公报", "water_use", 0.521),
        ("２０２０,造林面积,1.5,万亩,林草局", "afforestation_area", 1000.0),
        ("2020,城镇化率,512,‰,公报", "urbanisation", 51.2),
        # 12 ha for 1 亿元: 120 000 m² for 10 000 万元.
        ("2020,每万元GDP地耗,12,公顷/亿元,公报", "land_per_gdp", 12.0),
        ("2020,人均村庄建设用地,201.5平方米/人,,公报", "village_land_per_person", 201.5),
    ],
)
def test_a_printed_unit_is_converted_by_its_plain_factor(tmp_path, row, name, value):
    row = find_row(load(tmp_path, row), name)
    assert row.problem is None and row.value == pytest.approx(value, rel=1e-12)
    assert (row.year, row.line_number) == (2020, 2)


@pytest.mark.parametrize(
    ("rows", "key", "lines"),
    [
        (["2020,地区生产总值,9,亿元,公报"], "statistics_unknown", {"line": 2}),
        (["2020,林地保有量,9,平方千米,公报"], "statistics_measured", {"line": 2}),
        (["近年,常住人口,9,万人,公报"], "statistics_year", {"line": 2}),
        (["2020,常住人口,约9,万人,公报"], "statistics_value", {"line": 2}),
        (["2020,常住人口,≥9,万人,公报"], "statistics_value", {"line": 2}),
        (["2020,常住人口,-9,万人,公报"], "statistics_value", {"line": 2}),
        (["2020,常住人口,9,户,公报"], "statistics_unit", {"line": 2}),
        (["2020,常住人口,9,,公报"], "statistics_unit", {"line": 2}),
        (["2020,常住人口,9,万人,"], "statistics_source", {"line": 2}),
        (["2020,常住人口,9,万人,公报", "2020,常住人口数量,9,万人,年鉴"], "statistics_twice", {"first": 2, "line": 3}),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line_and_gives_no_figure(tmp_path, rows, key, lines):
    statistics = load(tmp_path, *rows)
    ((found, params),) = statistics.problems
    assert found == key and lines.items() <= params.items()
    row = find_row(statistics, "population")
    assert row is None or row.value is None
    for lang in ("zh", "en"):
        assert all(str(line) in statistics.describe(Texts(lang))[1] for line in lines.values())


def test_the_latest_year_up_to_the_one_asked_counts_and_no_other_fills_in(tmp_path):
    rows = ["2019,常住人口,31,万人,甲", "2021,常住人口,30,万人,乙", "2024,常住人口,29,万人,丙"]
    found = [find_row(load(tmp_path, *rows, year=year), "population") for year in (2019, 2020, 2023, 2025)]
    assert [(one.year, one.value) for one in found] == [(2019, 31), (2019, 31), (2021, 30), (2024, 29)]
    early = find_row(load(tmp_path, *rows, year=2018), "population")
    assert early.problem[0] == "statistics_no_year" and early.problem[1]["line"] == 2
    # The unreadable figure of 2022 is not replaced by that of 2021.
    spoilt = find_row(load(tmp_path, *rows, "2022,常住人口,缺,万人,丁"), "population")
    assert spoilt.value is None and spoilt.problem[1]["line"] == 5


def test_a_file_of_english_headings_and_several_counties_has_the_rows_of_the_county(tmp_path):
    rows = ["2020,140225,population,31,万人,a", "2020,140226,population,99,万人,b"]
    statistics = load(tmp_path, *rows, headings="Year,area_code,Indicator,Value,Unit,Source")
    assert find_row(statistics, "population").value == 31 and not statistics.problems


def test_statistics_of_a_province_are_not_those_of_its_county(tmp_path):
    province = tmp_path / "省"
    write_county(province, "2020,常住人口,3491,万人,公报")
    (province / "county.toml").write_text('id = "p"\nname = "省"\narea_code = "140000"\n', encoding="utf-8")
    (tmp_path / "own.toml").write_text(PROFILE + 'base = "省/county.toml"\n', encoding="utf-8")
    norm = RunOptions(profile=str(tmp_path / "own.toml")).resolve_norm()
    assert load_statistics(norm, "140225", YEAR) is None
    # Another county's plan does not get them either.
    assert load_statistics(write_county(tmp_path / "x", "2020,常住人口,3,万人,公报").resolve_norm(), "140226") is None


def test_a_file_that_the_profile_names_must_exist_and_be_a_table(tmp_path):
    more = '[indicators]\nstatistics = "本县统计.xlsx"\n'
    statistics = load(tmp_path, "2020,常住人口,31,万人,公报", more=more)
    assert "本县统计.xlsx" in statistics.describe(Texts("zh"))[0]
    assert find_row(statistics, "population").problem == statistics.failure
    book = openpyxl.Workbook()
    for row in (HEADINGS.split(","), [2020, "常住人口", 31.5, "万人", "公报"]):
        book.active.append(row)
    book.save(tmp_path / "本县统计.xlsx")
    assert find_row(load(tmp_path, more=more), "population").value == 31.5


def test_tables_state_file_year_and_source_and_compare_with_the_bound_of_the_profile(tmp_path):
    stated = [
        ("人均村庄建设用地", "<=", "200", "平方米/人"),
        ("造林面积", "=", "900", "公顷"),
        ("常住人口", "<=", "300000", "人"),
    ]
    more = "".join(STATED.format(name=n, comparison=c, value=v, unit=u) for n, c, v, u in stated)
    rows = [
        "2021,人均村庄建设用地,231,平方米/人,变更调查",
        "2021,造林面积,900,公顷,林草局",
        "2021,常住人口,29.5,万人,公报",
    ]
    tabulated, found = compute(write_county(tmp_path, *rows, more=more), make_complete_layers())
    (village,), (forest,), (people,) = (
        found[name].figures for name in ("village_land_per_person", "afforestation_area", "population")
    )
    assert (village.value, village.target, village.state, village.margin) == (231, 200, "broken", -31)
    # A fact (=) sets nothing to meet; 300 000 persons are 30 万人.
    assert (forest.target, people.target, people.state) == (None, 30, "met")
    table = next(one for one in tabulated.tables if one.id == "indicators")
    cells = [str(value) for row in table.rows if row.code == "village_land_per_person" for value in row.values]
    assert any("统计数据" in one and "非图上量算" in one for one in cells)
    assert any("statistics.csv" in one and "2021" in one and "变更调查" in one for one in cells)
    assert any("statistics.csv" in one and "3 条" in one for one in tabulated.notices)
    assert str(tmp_path / "statistics.csv") in tabulated.plan.input_files


def make_centre(length_m):
    """Return a centre of 1 km² and one street inside it."""
    tables = {"ZXCQFW": make_table([make_county_box(0, 0, 1000, 1000)])}
    line = make_county_box(0, 500, length_m, 1).boundary
    return tables | ({"ZXCQDLZXX": make_table([line])} if length_m else {})


def test_a_measured_figure_has_precedence_and_is_never_compared_with_statistics(tmp_path):
    options = write_county(tmp_path, "2019,路网密度,6.1,千米/平方千米,住建局")
    county = {"XZQX": make_complete_layers()["XZQX"]}
    for year, length in ((2021, 0), (2023, 400)):
        write_gpkg(tmp_path / f"{year}.gpkg", county | make_centre(length))
    editions = [Edition(year, str(tmp_path / f"{year}.gpkg"), options.profile) for year in (2021, 2023)]
    result = evaluate_editions(editions)
    series = next(one for one in result.series if one.id == "road_density")
    # The outline of a strip of 400 × 1 m is 802 m long, of which the centre has all.
    assert [one.value for one in series.points] == [6.1, pytest.approx(0.802, rel=2e-3)]
    assert [bool(one.statistics) for one in series.points] == [True, False]
    assert series.changes[1].value is None and series.changes[1].obstacle == "other_origin"
    assert any("第 2 行" in one and "住建局" in one for one in list_remarks(series, result, Texts("zh")))


def test_a_trend_of_statistics_goes_by_their_years_and_one_year_is_no_change(tmp_path):
    more = STATED.format(name="常住人口", comparison="<=", value="32", unit="万人")
    rows = ["2016,常住人口,30,万人,甲", "2020,常住人口,30.4,万人,乙"]
    options = write_county(tmp_path, *rows, more=more)
    write_gpkg(tmp_path / "a.gpkg", {"XZQX": make_complete_layers()["XZQX"]})
    years = (2019, 2020, 2022)
    result = evaluate_editions([Edition(year, str(tmp_path / "a.gpkg"), options.profile) for year in years])
    series = next(one for one in result.series if one.id == "population")
    assert [one.statistics_year for one in series.points] == [2016, 2020, 2020]
    assert series.changes[1].value == pytest.approx(0.4) and series.changes[2].obstacle == "same_statistics"
    assert series.change_to_first.value == pytest.approx(0.4)
    # 0.1 万人 a year since 2016: 30.4 + 0.1 × 15 = 31.9 in 2035. By the years of the editions it would be above 32.
    assert not [one for one in series.warnings if one.key == "trend"]
    assert series.target.value == 32 and "统计数据" in series.name


def test_a_package_with_statistics_agrees_with_its_layers_where_the_receiver_lacks_them(tmp_path):
    options = write_county(tmp_path, "2021,常住人口,31.5,万人,公报")
    spec = load_package_spec("county")
    path = tmp_path / "form.toml"
    path.write_text(spec.path.read_text("utf-8").replace("数据.gdb", "数据.gpkg"), "utf-8")
    spec = load_package_spec(path)
    result = check_plan(convert_to_source_layers(make_complete_layers()), options)
    package = export_package(result, ExportOrder(spec, tmp_path / "结果", is_forced=True)).path
    (book,) = package.glob("3-*/*.xlsx")
    texts = [str(cell) for row in openpyxl.load_workbook(book).worksheets[0].values for cell in row]
    assert any("statistics.csv" in one for one in texts)
    (tmp_path / "statistics.csv").unlink()
    report = inspect_package(package, spec, options).report
    assert not [one for one in list_findings_of_rules(report, "DOC011") if one.severity is not Severity.INFO]
