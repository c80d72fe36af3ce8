# SPDX-License-Identifier: GPL-2.0-or-later
"""Three counties with different defects become a city: its own figures, 退回意见, two rounds, allotment of targets."""

import json
from dataclasses import replace

import docx
import openpyxl
import pyogrio
import pytest

from plugin.core.base.errors import InputError, OutputError
from plugin.core.counties.gathering.gathered_counties import GatheredCounty, GatherOptions
from plugin.core.counties.gathering.inspect_county import find_delivered_name
from plugin.core.counties.gathering.return_documents import parse_deadline
from plugin.core.counties.gathering.returned_findings import Inspection, ReturnedFinding
from plugin.core.counties.gathering.round_states import FormerRound, RoundState
from plugin.core.counties.gathering.rounds import compare_rounds, read_former_round
from plugin.core.counties.gathering.run_gathering import gather_counties
from plugin.core.counties.gathering.write_gathering import check_returns_replaceable
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.standard.options import RunOptions
from tests.core.counties.gathering.county_packages import COUNTIES, write_county_package, write_parent_documents
from tests.core.package_fixtures import make_package_plan
from tests.core.small_plan import make_county_box, make_table

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
pytestmark = pytest.mark.slow

CODES = sorted(COUNTIES)
#: Layer, field and value of the defect of each county, in its first feature.
DEFECTS = dict(
    zip(CODES, (("DLTB", "DLMC", "水田"), ("DLTB", "TBMJ", 26_010_757.23), ("CZKFBJ", "XZQMC", "某县")), strict=True)
)
#: Rules that find the defects of the counties in the first round; two counties correct theirs in the second one.
RULES = dict(zip(CODES, ({"ATT002"}, {"ATT003", "ATT013"}, {"ATT021"}), strict=True))
TARGETS = """行政区代码,行政区,指标,关系,数值,单位
140200,大同市,生态保护红线,≥,1700.00,平方千米
140223,广灵县,生态保护红线,≥,540.00,平方千米
140225,浑源县,生态保护红线,≥,538.87,平方千米
140225100000,永安镇,生态保护红线,≥,500.00,平方千米
140225101,西坊城镇,生态保护红线,≥,38.87,平方千米
"""


def write_round(folder, spoiled):
    """Write the packages of the counties, some with their defect; return the options of their gathering."""
    for code, (name, degrees) in COUNTIES.items():
        layer, field, value = DEFECTS[code]
        change = (
            (lambda layers, at=(0, field), v=value, r=layer: layers[r].loc.__setitem__(at, v))
            if code in spoiled
            else None
        )
        write_county_package(folder / "县级成果包", code, name, degrees, change=change)
    (folder / "目标.csv").write_text(TARGETS, encoding="utf-8")
    return GatherOptions(
        folder / "县级成果包",
        folder / "结果",
        documents_folder=write_parent_documents(folder / "市级文档", "140200", "大同市"),
        checks_seams=False,
        targets=str(folder / "目标.csv"),
        deadline="2026-12-15",
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Return the options, result and written files of a first round with a defect in each county."""
    options = write_round(tmp_path_factory.mktemp("一轮"), CODES)
    return options, *gather_counties(options)


def read_layer(package, layer):
    """Return a layer of a package, read without the plugin."""
    return pyogrio.read_dataframe(next(package.glob("*/*.gdb")), layer=layer)


def sum_counties(options, compute, layer):
    """Return the sum of a figure over the counties' packages, as pyogrio reads them."""
    return sum(compute(read_layer(one, layer)) for one in options.source.iterdir())


def measure_in_equal_area(frame):
    """Return the area on the ellipsoid (m²) by an equal-area projection, independent of the plugin's formula."""
    return frame.to_crs(4490).to_crs("+proj=cea +ellps=GRS80").area.sum()


def test_the_city_has_its_own_report_tables_and_ratio(first):
    options, result, _written = first
    report = json.loads(next(result.package.glob("*/*质量检查报告.json")).read_text(encoding="utf-8"))
    assert [report["provenance"][key] for key in ("area_code", "area_name")] == ["140200", "大同市"]
    book = openpyxl.load_workbook(next(result.package.glob("3-规划表格/*.xlsx")))
    table = {row[1]: row[4] for row in book.worksheets[0].iter_rows(values_only=True)}
    # Numerator and denominator of each county, from the layers of the packages.
    urban = sum_counties(options, lambda f: f.TBMJ[f.CZCSXM.isin(["201", "201A", "202", "202A"])].sum(), "DLTB")
    boundary = sum_counties(options, measure_in_equal_area, "CZKFBJ")
    (ratio,) = [one for one in report["indicators"] if one["id"] == "expansion_ratio_n1"]
    assert ratio["inputs"]["denominator_m2"] == pytest.approx(urban, abs=0.01)
    assert [ratio["value"], table["扩展倍数 N1"]] == pytest.approx([boundary / urban] * 2, rel=1e-7)
    figures = json.loads((options.output / "gathering.json").read_text(encoding="utf-8"))["figures"]
    (summed,) = [one for one in figures if one["id"] == "expansion_ratio_n1"]
    assert summed["value"] == pytest.approx(boundary / urban, rel=1e-7) and summed["counties"] == 3
    (red_line,) = [one for one in report["indicators"] if one["id"] == "red_line_area" and not one["place"]]
    assert red_line["value"] == pytest.approx(sum_counties(options, measure_in_equal_area, "STBHHX"), rel=1e-7)
    # The report belongs to the package, and the package's own inspection accepts it.
    inspected = inspect_package(result.package, load_package_spec("city"), RunOptions(standard="city_db"))
    assert not {one.code for one in inspected.report.findings} & {"DOC012", "DOC013"}


def test_fields_of_the_parent_that_counties_lack_are_filled(first):
    gathered = read_layer(first[1].package, "GDBHMB")
    assert [COUNTIES[code][0] for code in gathered.XZQDM] == list(gathered.XZQMC)
    assert gathered.BSM.str[:6].tolist() == gathered.XZQDM.tolist()
    assert gathered.MJ.sum() == pytest.approx(measure_in_equal_area(gathered), rel=1e-7)


def test_the_name_of_a_county_is_that_of_its_sealed_data():
    division = make_table([make_county_box(0, 0)], XZQDM=["140225"], XZQMC=["浑源州"], BSM=["140225000000000001"])
    assert find_delivered_name(make_package_plan(XZQX=division)) == "浑源州"


def read_texts(path):
    """Return all texts of a docx, also those of its tables."""
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def test_each_county_gets_what_it_has_to_correct(first):
    options, result, written = first
    paths = sorted((options.output / "returns").iterdir())
    assert [path.name for path in paths] == [f"{code}{COUNTIES[code][0]}_退回意见.docx" for code in CODES]
    assert set(map(str, paths)) <= set(written) and len(result.returned) == 3
    for code, path in zip(CODES, paths, strict=True):
        text = read_texts(path)
        assert "2026年12月15日" in text and f"{code} {COUNTIES[code][0]}" in text and f"{code}0000" in text
        assert all((rule in text) is (rule in RULES[code]) for rule in set.union(*RULES.values()))
    assert "由图斑面积和系数重新计算" in read_texts(paths[1]) and "蔡村镇 114.30977°, 39.81764°" in read_texts(paths[1])


def test_a_second_round_names_what_is_corrected(first, tmp_path):
    options = write_round(tmp_path, CODES[:1])
    result = gather_counties(replace(options, former=str(first[0].output), checks_whole=False, deadline=""))[0]
    counts = {one.area_code: [one.count(state) for state in RoundState] for one in result.rounds}
    assert counts == dict(zip(CODES, ([0, 1, 0, 0, 0], [2, 0, 0, 0, 0], [1, 0, 0, 0, 0]), strict=True))
    rows = list(openpyxl.load_workbook(options.output / "gathering.xlsx")["两轮对比明细"].iter_rows(values_only=True))
    assert {(row[0], row[2]): row[1] for row in rows if row[2] in set.union(*RULES.values())} == {
        ("广灵县", "ATT002"): "仍存在",
        ("灵丘县", "ATT003"): "已整改",
        ("灵丘县", "ATT013"): "已整改",
        ("浑源县", "ATT021"): "已整改",
    }
    # Counties without findings get no document; the deadline is left blank.
    names = sorted(path.name for path in (options.output / "returns").iterdir())
    assert names == ["140200大同市_整改情况对比.docx", "140223广灵县_退回意见.docx"]
    assert "____年__月__日" in read_texts(options.output / "returns" / names[1])


def test_what_is_not_yet_allotted_is_listed_for_city_and_counties(first):
    rows = list(openpyxl.load_workbook(first[0].output / "gathering.xlsx")["任务分解"].iter_rows(values_only=True))
    found = {row[1]: (row[6], row[7], row[8], row[11]) for row in rows if row[0] in ("市→县", "县→乡")}
    # 1700 − 540 − 538.87; the townships of one county have all, of the other nothing.
    assert found == {
        "大同市": (1700, pytest.approx(1078.87), pytest.approx(621.13), "尚未分解完"),
        "浑源县": (538.87, pytest.approx(538.87), 0, "已全部分解"),
        "广灵县": (540, 0, 540, "尚未分解完"),
    }
    assert [("左云县" in row[12], "浑源县" in row[12]) for row in rows if row[1] == "大同市"] == [(True, False)]


def test_a_finding_is_corrected_only_if_its_rule_examined_the_county_again():
    codes = {"a": "ATT002", "b": "TOP001", "c": "ATT002", "d": "RUN905", "e": "ATT002"}
    *findings, new = (ReturnedFinding(key, code, *(["ERROR"] + 5 * [""])) for key, code in codes.items())
    former = FormerRound("", {"140225": ("浑源县", tuple(findings)), "140226": ("左云县", tuple(findings[:1]))})
    county = GatheredCounty("140225浑源县", area_code="140225", area_name="浑源县", summary={"verdict": "pass"})
    county.inspection = Inspection((new,), (), frozenset("c"), frozenset({"ATT002"}))
    rounds = compare_rounds(former, [county])
    assert [(str(state), one.fingerprint) for state, one in rounds[0].findings] == [
        *(("corrected", "a"), ("unchecked", "b"), ("waived", "c"), ("corrected", "d"), ("new", "e"))
    ]
    # The other county is not in the second round.
    assert [str(state) for state, _ in rounds[1].findings] == ["unchecked"] and rounds[1].name == "左云县"


def test_options_of_returns_that_cannot_be_are_refused(tmp_path):
    data = {
        "schema": "sanxian-gathering/1",
        "times": {"written": ""},
        "counties": [{"area_code": "", "name": "", "area_name": ""}],
    }
    (tmp_path / "gathering.json").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "结果" / "returns").mkdir(parents=True)
    for refuse, argument, key in (
        (parse_deadline, "12月15日", "gather_deadline"),
        (read_former_round, str(tmp_path), "gather_former"),
        (check_returns_replaceable, tmp_path / "结果", "gather_foreign_returns"),
    ):
        with pytest.raises((InputError, OutputError)) as caught:
            refuse(argument)
        assert caught.value.key == key
