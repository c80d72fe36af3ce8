# SPDX-License-Identifier: GPL-2.0-or-later
"""The WKT examples of every rule: failing ones have findings, passing ones none."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import Geod, Transformer

from plugin.core import rules
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import ORIGIN, make_example_plan, run_example
from plugin.core.cli.examples.run_examples import find_failing_example_problem, find_passing_example_problem
from plugin.core.engine.evaluate import choose_rules
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome
from plugin.core.model.rule import RuleExample, load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.rules._places import SQUARE_WKT
from plugin.core.standard import load_standard
from plugin.core.standard.messages.finding_message import NARROW_CASE, format_message
from plugin.core.standard.messages.texts import Texts, make_variant_key
from tests.parametrize import for_each
from tests.rule_examples import get_example_report, is_variant_key

FAILING_EXAMPLES = [(rule, example) for rule in load_all_rules().values() for example in rule.fails]
PASSING_EXAMPLES = [(rule, example) for rule in load_all_rules().values() for example in rule.passes]


def format_example_title(case):
    rule, example = case
    return f"{rule.code}-{example.title}"


@pytest.fixture
def reports_of_examples(monkeypatch):
    """Judge the reports that other tests read too."""
    monkeypatch.setattr("plugin.core.cli.examples.run_examples.run_example", get_example_report)


@for_each("rule, example", FAILING_EXAMPLES, ids=format_example_title)
def test_failing_example_of_a_rule_has_its_stated_findings(rule, example, reports_of_examples):
    assert find_failing_example_problem(rule, example) is None


@for_each("rule, example", PASSING_EXAMPLES, ids=format_example_title)
def test_passing_example_of_a_rule_has_no_finding(rule, example, reports_of_examples):
    assert find_passing_example_problem(rule, example) is None


def test_every_rule_has_failing_and_passing_examples():
    for rule in load_all_rules().values():
        assert rule.fails and rule.passes, rule.code


def break_shapes(rule, change):
    """Return a rule with the shapes of its findings changed."""

    def function(*layers, ctx, **arguments):
        result = rule.find_problems(layers, ctx, arguments)
        result.findings = [replace(one, geometry=change(one.geometry)) for one in result.findings]
        return result

    return replace(rule, function=function)


@pytest.mark.parametrize(
    ("make_function", "key"),
    [
        (lambda rule: lambda *layers, ctx, **arguments: [], "outcome"),
        (lambda rule: lambda *layers, ctx, **arguments: rule.function(*layers, ctx=ctx, **arguments) * 2, "count"),
        (lambda rule: lambda *layers, ctx, **arguments: 1 / 0, "outcome"),
    ],
    ids=["finds nothing", "finds twice as much", "crashes"],
)
def test_example_of_a_broken_rule_has_a_problem(make_function, key):
    rule = load_all_rules()["REL002"]
    assert find_failing_example_problem(replace(rule, function=make_function(rule)), rule.fails[0]).key == key


def test_example_of_a_rule_that_measures_another_area_has_a_problem():
    rule = load_all_rules()["REL002"]
    (example,) = [one for one in rule.fails if one.areas][:1]
    broken = break_shapes(rule, lambda shape: shapely.buffer(shape, 0.5))
    assert find_failing_example_problem(broken, example).key == "areas"


def test_passing_example_of_a_rule_that_finds_something_has_a_problem():
    rule = load_all_rules()["REL002"]
    problem = find_passing_example_problem(rule, rule.fails[0])
    assert (problem.key, problem.params["found"]) == ("outcome", "failed")


def make_square_wkt(left, bottom, size=100):
    return shapely.box(left, bottom, left + size, bottom + size).wkt


COUNTY, WEST, EAST = make_square_wkt(0, 0, 1000), make_square_wkt(0, 0, 200), make_square_wkt(200, 0, 200)
ACROSS, BEYOND = make_square_wkt(950, 0), make_square_wkt(2000, 0)
VILLAGE = "1402251002000000000"


def make_parcel(wkt, **other):
    return {"wkt": wkt, **other}


def make_numbered_parcel(wkt, number="7"):
    """Return a parcel row with a parcel number (TBBH) in the test's village."""
    return {"wkt": wkt, "ZLDWDM": VILLAGE, "TBBH": number}


#: Key of a message → rule, layers, roles, whose finding has this message.
VARIANTS = {
    ("TOP003", "wholly_outside"): ({"layer": [BEYOND], "county": [COUNTY]}, {}),
    ("TOP003", ""): ({"layer": [ACROSS], "county": [COUNTY]}, {}),
    ("TOP003", "division"): ({"layer": [ACROSS], "county": [COUNTY]}, {"layer": "XZQC", "county": "XZQX"}),
    ("SCH003", "not_cgcs2000_parameters"): ({"red_line": [{"wkt": make_square_wkt(38_600_000, 4_380_000), "crs": 2362}]}, {}),
    ("TOP006", "beyond_county"): ({"parcels": [COUNTY], "townships": [make_square_wkt(900, 0, 300)], "county": [COUNTY]}, {}),
    ("TOP006", ""): ({"parcels": [WEST], "townships": [make_square_wkt(0, 0, 400)], "county": [COUNTY]}, {}),
    ("ATT019", "blank_large_rate"): ({"layer": [make_parcel(WEST, land_use="0103", deduction_rate=1.2, KCDLBM=None)]}, {"layer": "DLTB"}),
    ("ATT019", "blank"): ({"layer": [make_parcel(WEST, land_use="0103", deduction_rate=0.2, KCDLBM=None)]}, {"layer": "DLTB"}),
    ("ATT002", "unknown_zeros"): ({"layer": [make_parcel(WEST, land_use="103")]}, {"layer": "GDBHMB"}),
    ("SCH002", "type_zeros"): ({"layer": [make_parcel(WEST, land_use=103, urban_code="202", gross_area=12.0, deduction_area=0.0, deduction_rate=0.0, net_area=12.0)]}, {"layer": "DLTB"}),
    ("ATT003", "deduction_area_first"): ({"layer": [make_parcel(WEST, gross_area=10000.0, deduction_rate=0.1, deduction_area=900.0, net_area=9100.0)]}, {"layer": "DLTB"}),
    ("ATT003", "net_area_first"): ({"layer": [make_parcel(WEST, gross_area=10000.0, deduction_rate=0.1, deduction_area=1000.0, net_area=9500.0)]}, {"layer": "DLTB"}),
    ("ATT003", "missing_area_first"): ({"layer": [make_parcel(WEST, land_use="0103", gross_area=10000.0, deduction_rate=0.1, deduction_area=1000.0, net_area=None)]}, {"layer": "DLTB"}),
    ("ATT003", "net_undeducted_area_first"): ({"layer": [make_parcel(WEST, gross_area=100.0, net_area=101.0)]}, {"layer": "XZYDYH"}),
    ("TOP001", "duplicate_several"): ({"layer": [WEST, WEST, WEST]}, {}),
    ("ATT024", "apart"): ({"layer": [make_numbered_parcel(WEST), make_numbered_parcel(EAST)]}, {"layer": "DLTB"}),
    ("ATT024", "same_place"): ({"layer": [make_numbered_parcel(WEST), make_numbered_parcel(WEST)]}, {"layer": "DLTB"}),
    ("ATT024", ""): ({"layer": [make_numbered_parcel(WEST), make_numbered_parcel(make_square_wkt(100, 0, 200))]}, {"layer": "DLTB"}),
    ("ATT024", "layer_apart"): ({"layer": [{"wkt": WEST, "feature_name": "HY-01"}, {"wkt": EAST, "feature_name": "HY-01"}]}, {"layer": "ZXCQXXGHBZDY"}),
    ("ATT024", "layer_same_place"): ({"layer": [{"wkt": WEST, "feature_name": "HY-01"}, {"wkt": WEST, "feature_name": "HY-01"}]}, {"layer": "ZXCQXXGHBZDY"}),
}  # fmt: skip


def find_only_finding(code, layers, roles=None, **more):
    """Return the only finding of a rule on some layers."""
    findings = [f for f in run_example(load_all_rules()[code], RuleExample("", layers, finds=1, roles=roles or {}, **more)).findings if f.code == code]  # fmt: skip
    assert len(findings) == 1, findings
    return findings[0]


def render_message(finding, lang="zh"):
    return format_message(Texts(lang), finding, load_standard("county_db").templates)


@pytest.mark.parametrize(("code", "key"), VARIANTS)
def test_message_variant_ends_with_the_remedy_for_its_finding(code, key):
    layers, roles = VARIANTS[code, key]
    finding = find_only_finding(code, layers, roles)
    assert not is_variant_key(finding.case)
    for lang in ("zh", "en"):
        end = Texts(lang).get_message_template(load_all_rules()[code], key).rpartition("}")[2]
        assert end and render_message(finding, lang).endswith(end), render_message(finding, lang)


def test_each_rule_code_has_one_file_and_approval_cases_have_messages():
    codes = [
        path.name[:3] + part[-3:]
        for path in Path(rules.__file__).parent.glob("*/[a-z][a-z][a-z][0-9]*.py")
        for part in path.stem.split("_")
        if part[-3:].isdigit()
    ]
    assert len(codes) == len(set(codes)) > 100
    assert all(set(rule.approval_cases) <= set(rule.messages) for rule in load_all_rules().values())


def test_every_message_variant_has_a_test_in_this_module():
    variants = {
        (code, key)
        for code, rule in load_all_rules().items()
        for key in rule.messages
        if is_variant_key(key) and not key.endswith(NARROW_CASE)
    }
    assert variants == {one for one in VARIANTS if is_variant_key(one[1])}


def test_key_of_every_message_variant_begins_with_a_message_case_of_its_rule():
    for rule in load_all_rules().values():
        for key in filter(is_variant_key, rule.messages):
            assert any(
                make_variant_key(case, key[len(case) :].strip("_")) == key for case in rule.messages if case != key
            )


def test_finding_of_an_earlier_version_without_variant_has_the_message_of_its_case():
    assert "在县界以外" in render_message(Finding("STBHHX", code="TOP003", key="1", area_m2=50.0, width_m=5.0))
    params = {"actual": 10.0, "expected": 9.0}
    assert "按图斑面积 − 扣除地类面积应为 9.00 m²" in render_message(
        Finding("DLTB", code="ATT003", case="net", params=params)
    )


def test_finding_on_a_multipart_feature_states_the_areas_of_its_parts_in_descending_order():
    parts = shapely.multipolygons([shapely.box(0, 0, 5, 5), shapely.box(1000, 0, 1300, 100)])
    assert "由 2 个部件组成（3.00 公顷、24.99 m²）" in render_message(
        find_only_finding("GEO003", {"layer": [parts.wkt]})
    )


def test_row_without_shape_is_reported_with_its_name():
    finding = find_only_finding("GEO001", {"layer": [{"wkt": None, "feature_name": "永安寺"}]}, {"layer": "LSWHBHX"})
    assert "，“永安寺”）有属性而没有图形" in render_message(finding)


def make_cultivated_parcel(gross_m2, deduction_m2, net_m2):
    values = {"deduction_rate": 0.1, "deduction_area": deduction_m2, "net_area": net_m2}
    return {"layer": [make_parcel(SQUARE_WKT, land_use="0103", gross_area=gross_m2, **values)]}


def test_finding_on_a_net_area_states_the_figures_from_which_it_is_computed():
    """The gross areas agree with the shape (9997.55 m²) within the allowance of 1 m²."""
    assert "（9\u202f998.00 − 999.80 m²）应为 8\u202f998.20 m²" in render_message(
        find_only_finding("ATT003", make_cultivated_parcel(9998.0, 999.8, 9500.0), {"layer": "DLTB"})
    )
    assert "（9\u202f998.00 m² × 0.1）应为 999.80 m²" in render_message(
        find_only_finding("ATT003", make_cultivated_parcel(9998.0, 900.0, 9098.0), {"layer": "DLTB"})
    )


@pytest.mark.parametrize(
    ("deduction_m2", "net_m2", "expected"),
    [
        (2000.0, 19000.0, "（9\u202f997.54 − 999.75 m²）改为 8\u202f997.79 m²"),
        (2000.0, None, "（9\u202f997.54 − 999.75 m²），为 8\u202f997.79 m²"),
        (1500.0, 18500.0, "（9\u202f997.54 m² × 0.1）改为 999.75 m²"),
    ],
)
def test_net_area_follows_from_the_shape_if_the_gross_area_contradicts_the_shape(deduction_m2, net_m2, expected):
    """The gross area is twice that of the shape, whose geodesic area confirms the figure of the message."""
    corners = shapely.get_coordinates(shapely.from_wkt(SQUARE_WKT)) + ORIGIN
    lonlat = Transformer.from_crs(4526, 4490, always_xy=True).transform(*corners.T)
    assert Geod(ellps="GRS80").polygon_area_perimeter(*lonlat)[0] == pytest.approx(9997.54, abs=0.01)
    layers = make_cultivated_parcel(20000.0, deduction_m2, net_m2)
    message = render_message(find_only_finding("ATT003", layers, {"layer": "DLTB"}))
    assert expected in message
    assert "图斑面积 20\u202f000.00 m² 与图形的椭球面积 9\u202f997.54 m² 不符" in message


def test_hole_is_reported_with_the_land_use_of_most_parcels_in_it():
    ring = shapely.box(0, 0, 1000, 1000).difference(shapely.box(200, 200, 400, 400)).wkt
    parcels = [
        make_parcel(make_square_wkt(200, 200, 200), land_use="0301"),
        make_parcel(make_square_wkt(200, 200, 20), land_use="0103"),
    ]
    message = render_message(find_only_finding("GEO006", {"layer": [ring], "parcels": parcels}))
    assert "（洞内全部为 0301 乔木林地）" in message
    assert "洞内" not in render_message(find_only_finding("GEO006", {"layer": [ring]}))


def test_missing_field_is_reported_with_the_rules_that_were_skipped():
    row = {
        "wkt": WEST,
        "land_use": "0103",
        "urban_code": "202",
        "gross_area": 12.0,
        "deduction_area": 0.0,
        "net_area": 12.0,
    }
    assert "需要该字段的规则（ATT003）跳过" in render_message(
        find_only_finding("SCH002", {"layer": [row]}, {"layer": "DLTB"})
    )


@pytest.mark.parametrize(
    ("role", "authority"), [("DLTB", "变更调查成果"), ("XZQXZ", "公布的行政区界线"), ("STBHHX", "批准成果")]
)
def test_message_on_an_overlap_names_the_authority_that_decides_the_edges_of_the_layer(role, authority):
    finding = find_only_finding("TOP001", {"layer": [WEST, make_square_wkt(150, 0, 200)]}, {"layer": role})
    assert f"请以{authority}的边线为准" in render_message(finding)


def make_rectangle_wkt(x: float, y: float, width: float, height: float) -> str:
    return shapely.box(x, y, x + width, y + height).wkt


def make_ring_wkt(outer: tuple[float, ...], *holes: tuple[float, ...]) -> str:
    made = [shapely.box(x, y, x + w, y + h).exterior for x, y, w, h in holes]
    x, y, w, h = outer
    return shapely.Polygon(shapely.box(x, y, x + w, y + h).exterior, made).wkt


def make_multipolygon_wkt(*parts: tuple[float, ...]) -> str:
    return shapely.MultiPolygon([shapely.box(x, y, x + w, y + h) for x, y, w, h in parts]).wkt


@dataclass(frozen=True)
class OverlapCase:
    """Two layers and their expected areas (m²), each list sorted.

    ``shared``: overlap of each pair of rows; ``uncovered_a``, ``uncovered_b``: connected parts of one layer outside
    the other one. Rows of one layer do not overlap.
    """

    a: tuple[str, ...]
    b: tuple[str, ...]
    shared: tuple[float, ...] = ()
    uncovered_a: tuple[float, ...] = ()
    uncovered_b: tuple[float, ...] = ()


SQUARE = make_rectangle_wkt(0, 0, 100, 100)
BOW_TIE = "POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"
OVERLAP_CASES = {
    "separate": OverlapCase((SQUARE,), (make_rectangle_wkt(300, 0, 100, 100),), (), (10000,), (10000,)),
    "touching along an edge": OverlapCase((SQUARE,), (make_rectangle_wkt(100, 0, 100, 100),), (), (10000,), (10000,)),
    "touching along part of an edge": OverlapCase((SQUARE,), (make_rectangle_wkt(100, 20, 50, 50),), (), (10000,), (2500,)),
    "touching in a point": OverlapCase((SQUARE,), (make_rectangle_wkt(100, 100, 50, 50),), (), (10000,), (2500,)),
    "a corner on an edge": OverlapCase((SQUARE,), ("POLYGON ((100 50, 150 0, 150 100, 100 50))",), (), (10000,), (2500,)),
    "crossing": OverlapCase((SQUARE,), (make_rectangle_wkt(90, 0, 100, 100),), (1000,), (9000,), (9000,)),
    "crossing right through": OverlapCase((SQUARE,), (make_rectangle_wkt(40, -50, 20, 200),), (2000,), (4000, 4000), (1000, 1000)),
    "b within a": OverlapCase((SQUARE,), (make_rectangle_wkt(10, 10, 20, 20),), (400,), (9600,)),
    "a within b": OverlapCase((make_rectangle_wkt(10, 10, 20, 20),), (SQUARE,), (400,), (), (9600,)),
    "b within a, on its edge": OverlapCase((SQUARE,), (make_rectangle_wkt(0, 0, 20, 20),), (400,), (9600,)),
    "the same shape": OverlapCase((SQUARE,), (SQUARE,), (10000,)),
    "the same shape with other vertices": OverlapCase((SQUARE,), ("POLYGON ((100 100, 100 0, 50 0, 0 0, 0 100, 100 100))",), (10000,)),
    "a sliver shared, below both minimums": OverlapCase((SQUARE,), (make_rectangle_wkt(99.996, 0, 100, 100),), (), (9999.6,), (9999.6,)),
    "an uncovered sliver, below both minimums": OverlapCase((SQUARE,), (make_rectangle_wkt(0, 0, 99.996, 100),), (9999.6,)),
    "a long strip shared, thinner than the minimum": OverlapCase((SQUARE,), (make_rectangle_wkt(99.98, 0, 100, 100),), (2,), (9998,), (9998,)),
    "a small square shared, below the minimum area": OverlapCase((SQUARE,), (make_rectangle_wkt(99.5, 99.5, 0.5, 0.5),), (0.25,), (9999.75,)),
    "in a hole": OverlapCase((make_rectangle_wkt(40, 40, 20, 20),), (make_ring_wkt((0, 0, 100, 100), (40, 40, 20, 20)),), (), (400,), (9600,)),
    "smaller than the hole around it": OverlapCase((make_rectangle_wkt(45, 45, 10, 10),), (make_ring_wkt((0, 0, 100, 100), (40, 40, 20, 20)),), (), (100,), (9600,)),
    "reaching out of a hole": OverlapCase((make_rectangle_wkt(40, 40, 30, 20),), (make_ring_wkt((0, 0, 100, 100), (40, 40, 20, 20)),), (200,), (400,), (9400,)),
    "two holes, one crossed": OverlapCase((make_rectangle_wkt(0, 0, 30, 100),), (make_ring_wkt((0, 0, 100, 100), (10, 10, 10, 10), (60, 60, 10, 10)),), (2900,), (100,),
                                   (6900,)),
    "several parts, two of them shared": OverlapCase((make_multipolygon_wkt((0, 0, 10, 10), (50, 0, 10, 10), (200, 0, 10, 10)),), (SQUARE,), (200,), (100,), (9800,)),
    "parts on both sides": OverlapCase((make_multipolygon_wkt((0, 0, 10, 10), (50, 0, 10, 10)),), (make_multipolygon_wkt((5, 0, 10, 10), (55, 0, 10, 10)),), (100,), (50, 50),
                                (50, 50)),
    "one meets two": OverlapCase((SQUARE,), (make_rectangle_wkt(-50, 0, 60, 10), make_rectangle_wkt(90, 0, 60, 10)), (100, 100), (9800,), (500, 500)),
    "two meet one": OverlapCase((make_rectangle_wkt(-50, 0, 60, 10), make_rectangle_wkt(90, 0, 60, 10)), (SQUARE,), (100, 100), (500, 500), (9800,)),
    "a bow-tie": OverlapCase((BOW_TIE,), (SQUARE,), (5000,), (), (2500, 2500)),
    "half of a bow-tie": OverlapCase((BOW_TIE,), (make_rectangle_wkt(0, 0, 50, 100),), (2500,), (2500,), (1250, 1250)),
    "under a bow-tie": OverlapCase((SQUARE,), (BOW_TIE,), (5000,), (2500, 2500)),
    "missing shapes next to a shape": OverlapCase((None, SQUARE), (make_rectangle_wkt(90, 0, 100, 100), "POLYGON EMPTY"), (1000,), (9000,), (9000,)),  # type: ignore[arg-type]
}  # fmt: skip
#: Metres added to every coordinate: none; the eastern edge of the widest zone; near the equator of the grid.
FAR_EAST_SHIFT, LOW_COORDINATES_SHIFT = (145_678.912, 512_345.678), (-99_999.999, -3_999_999.999)
SHIFTS_BY_PLACE = {
    "at the place of the examples": (0.0, 0.0),
    "far to the east and north": FAR_EAST_SHIFT,
    "far to the west and south": LOW_COORDINATES_SHIFT,
}


@dataclass(frozen=True)
class RuleSetup:
    """How a rule is run on an overlap case and what it must find.

    ``layers`` makes layers from both sides of a case; ``expected`` returns the areas of findings; ``cases`` names the
    message cases that count (empty: all).
    """

    layers: Callable[[list[Any], list[Any]], dict[str, list[Any]]]
    expected: Callable[[OverlapCase], tuple[float, ...]]
    cases: tuple[str, ...] = ()
    standard: str = "county_db"


def expect_shared(case: OverlapCase) -> tuple[float, ...]:
    return case.shared


def expect_uncovered_a(case: OverlapCase) -> tuple[float, ...]:
    return case.uncovered_a


def expect_uncovered_b(case: OverlapCase) -> tuple[float, ...]:
    return case.uncovered_b


def expect_uncovered_both(case: OverlapCase) -> tuple[float, ...]:
    return (*case.uncovered_a, *case.uncovered_b)


def make_two_layers(left: str, right: str) -> Callable[[list[Any], list[Any]], dict[str, list[Any]]]:
    return lambda a, b: {left: a, right: b}


def add_farmland_values(rows: list[Any], **values: Any) -> list[Any]:
    return [{"wkt": row, **values} for row in rows]


FARMLAND_ROLE, RED_LINE_ROLE, BOUNDARY_ROLE, ZONES_ROLE = "YJJBNTBHTB", "STBHHX", "CZKFBJ", "YDYHGHFQ"
#: Before the role of a layer of the sealed edition.
SEALED_PREFIX = "sealed "
#: A township outside all cases, with a known code.
TOWNSHIP_ELSEWHERE = {"wkt": make_rectangle_wkt(-900, -900, 10, 10), "division_code": "140225100"}
RULE_SETUPS = {
    "TOP001": RuleSetup(lambda a, b: {RED_LINE_ROLE: a + b}, expect_shared),
    "TOP002": RuleSetup(make_two_layers("XZQX", ZONES_ROLE), expect_uncovered_a),
    "TOP003": RuleSetup(make_two_layers(RED_LINE_ROLE, "XZQX"), expect_uncovered_a),
    "TOP006": RuleSetup(make_two_layers("XZQXZ", "DLTB"), expect_uncovered_a),
    "REL001": RuleSetup(make_two_layers(FARMLAND_ROLE, RED_LINE_ROLE), expect_shared),
    "REL002": RuleSetup(make_two_layers(FARMLAND_ROLE, BOUNDARY_ROLE), expect_shared),
    "REL003": RuleSetup(make_two_layers(RED_LINE_ROLE, BOUNDARY_ROLE), expect_shared),
    "REL004": RuleSetup(lambda a, b: {ZONES_ROLE: add_farmland_values(a, zone_code="100"), RED_LINE_ROLE: b}, expect_uncovered_both),
    "REL005": RuleSetup(lambda a, b: {ZONES_ROLE: add_farmland_values(a, zone_code="410"), BOUNDARY_ROLE: b}, expect_uncovered_both),
    "REL006": RuleSetup(lambda a, b: {FARMLAND_ROLE: a, ZONES_ROLE: add_farmland_values(b, zone_code="410")}, expect_shared, ("urban",)),
    "REL010": RuleSetup(make_two_layers(BOUNDARY_ROLE, "HLFXKZX"), expect_shared),
    "REL011": RuleSetup(make_two_layers(FARMLAND_ROLE, "YJJBNTTB"), expect_uncovered_both),
    "REL020": RuleSetup(
        lambda a, b: {"LSWHBHX": add_farmland_values(a, feature_name="某街区核心保护范围"), "LSWHJQ": add_farmland_values(b, feature_name="某街区")}, expect_uncovered_a
    ),
    "REL021": RuleSetup(
        lambda a, b: {"LSWHBHX": add_farmland_values(a, feature_name="某寺建设控制地带") + add_farmland_values(b, feature_name="某寺保护范围")}, expect_shared
    ),
    "REL023": RuleSetup(make_two_layers("ZXCQCSZX", "LSWHBHX"), expect_uncovered_a),
    "REL024": RuleSetup(make_two_layers("LSWHJQ", "LSWHBHX"), expect_uncovered_a),
    "REL030": RuleSetup(make_two_layers("ZXCQGHFQ", "ZXCQFW"), expect_uncovered_both),
    "REL031": RuleSetup(
        lambda a, b: {"ZXCQXXGHBZDY": a, BOUNDARY_ROLE: b, "ZXCQFW": [make_rectangle_wkt(-900, -900, 1800, 1800)]}, expect_uncovered_b, ("gap",)
    ),
    "REL032": RuleSetup(lambda a, b: {ZONES_ROLE: add_farmland_values(a, zone_code="510"), "CZJSBJ": b}, expect_uncovered_a, standard="township_db"),
    "REL033": RuleSetup(make_two_layers("ZXCQCSLVX", "ZXCQFW"), expect_uncovered_a),
    "REL034": RuleSetup(
        lambda a, b: {
            "XZQC": add_farmland_values(a, division_code="140225100201"),
            "XZQXZ": [TOWNSHIP_ELSEWHERE, *add_farmland_values(b, division_code="140225101")],
        },
        expect_shared,
        ("other",),
    ),
    "REL036": RuleSetup(make_two_layers("ZRBHD", RED_LINE_ROLE), expect_uncovered_a),
    "REL037": RuleSetup(
        lambda a, b: {"XZQXZ": a, "XZZTGNDW": add_farmland_values(b, feature_kind="农产品主产区"), ZONES_ROLE: add_farmland_values([make_rectangle_wkt(-900, -900, 10, 10)], zone_code="300")},
        expect_uncovered_a,
        ("bare",),
    ),
    "REL038": RuleSetup(
        lambda a, b: {FARMLAND_ROLE: a, "ZXCQGHYDYH": add_farmland_values(b, land_use="070100")}, expect_shared, ("farmland",)
    ),
    "LAW011": RuleSetup(lambda a, b: {FARMLAND_ROLE: a, "ZRBHD": add_farmland_values(b, feature_name="某保护区核心保护区")}, expect_shared),
    "LAW014": RuleSetup(lambda a, b: {FARMLAND_ROLE: a, "DLTB": add_farmland_values(b, land_use="0702")}, expect_shared),
    "LAW017": RuleSetup(make_two_layers(RED_LINE_ROLE, SEALED_PREFIX + RED_LINE_ROLE), expect_uncovered_both, ("added", "removed")),
    "LAW010": RuleSetup(
        lambda a, b: {FARMLAND_ROLE: add_farmland_values(a, land_use="0103"), "DLTB": add_farmland_values(b, land_use="0301")}, expect_shared, ("parcel",)
    ),
}  # fmt: skip
#: Rules that use the same operations but are not overlap rules; other tests cover them.
RULES_WITHOUT_OVERLAP_CASES = {
    "GEO006": "asks what fills a hole",
    "TOP009": "asks what fills a window",
    "TOP008": "lists what all these leave out",
    "REL035": "also compares points and lines: its examples",
    "REL039": "compares shares of whole features: its examples",
    "REL040": "compares shares of whole features: its examples",
    "REL041": "compares shares of whole layers: its examples",
    "REL042": "sums the land of each class in a line: its examples",
    "REL043": "sums the facilities of each name in a line: its examples",
    "ATT023": "compares shares of whole features: its examples",
    "LAW001": "sums what is new land",
    "LAW016": "asks of what LAW017 tells",
    "LAW020": "gives shares, and compares codes of zones where they overlap: test_control_lines.py",
    "LAW022": "gives a share, and no finding for it",
    "LAW026": "sums what is left out: its examples",
    "DOC022": "three classes of one layer against each other: tests/core/studies/yearly",
}
#: Metres between two cases of one plan.
CASE_DISTANCE_M = 2000.0
OVERLAP_CALLS = (
    "ctx.geometry.find_shared_pieces(",
    "ctx.geometry.find_uncovered_pieces(",
    "ctx.geometry.find_uncovered_pieces_of_shapes(",
    "ctx.geometry.find_uncovered_pieces_of_outline(",
    "disagreement(",
)


def make_layers_of_case(rule: RuleSetup, case: OverlapCase) -> dict[str, list[Any]]:
    return rule.layers(list(case.a), list(case.b))


def move_layers(place: tuple[float, float], layers: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the layers moved by the shift of a named place."""

    def move_row(row: Any) -> Any:
        if isinstance(row, dict):
            return {**row, "wkt": move_row(row["wkt"])}
        return row if row is None else shapely.transform(shapely.from_wkt(row), lambda xy: xy + place).wkt

    return {role: [move_row(row) for row in rows] for role, rows in layers.items()}


def run_overlap_rule(code: str, layers: dict[str, list[Any]]) -> list[Finding]:
    asked = RULE_SETUPS[code]
    sealed = {role.removeprefix(SEALED_PREFIX): rows for role, rows in layers.items() if role.startswith(SEALED_PREFIX)}
    plan = make_example_plan(
        {role: rows for role, rows in layers.items() if not role.startswith(SEALED_PREFIX)}, standard=asked.standard
    )
    side = SideInputs(baseline=make_example_plan(sealed) if sealed else None)
    report = run_check(plan, [load_all_rules()[code]], side_inputs=side)
    (outcome,) = report.rules
    assert outcome.outcome is not Outcome.CRASHED and not outcome.incomplete, outcome
    found = [f for f in report.findings if not asked.cases or f.case in asked.cases]
    assert all(f.geometry.is_valid and f.area_m2 > 0 and f.width_m > 0 for f in found)
    return found


def assert_expected_findings(code: str, name: str, found: list[Finding]) -> None:
    areas = sorted(float(shapely.area(f.geometry)) for f in found)
    expected = sorted(RULE_SETUPS[code].expected(OVERLAP_CASES[name]))
    assert areas == pytest.approx(expected, rel=1e-4, abs=1e-3), (name, [f.message for f in found])


@pytest.mark.parametrize("code", RULE_SETUPS)
def test_every_overlap_rule_finds_the_expected_areas_of_all_cases(code):
    """Check all cases in one plan, far from each other."""
    layers: dict[str, list[Any]] = {}
    for n, case in enumerate(OVERLAP_CASES.values()):
        for role, rows in move_layers((n * CASE_DISTANCE_M, 0.0), make_layers_of_case(RULE_SETUPS[code], case)).items():
            layers.setdefault(role, []).extend(rows)
    by_case: dict[int, list[Finding]] = {n: [] for n in range(len(OVERLAP_CASES))}
    for finding in run_overlap_rule(code, layers):
        by_case[round((shapely.centroid(finding.geometry).x - ORIGIN[0]) / CASE_DISTANCE_M)].append(finding)
    for n, name in enumerate(OVERLAP_CASES):
        assert_expected_findings(code, name, by_case[n])


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("code", RULE_SETUPS)
@for_each("place", SHIFTS_BY_PLACE.values(), ids=SHIFTS_BY_PLACE)
@for_each("name", OVERLAP_CASES)
def test_overlap_case_gives_the_same_findings_at_each_location(code, name, place):
    assert_expected_findings(
        code,
        name,
        run_overlap_rule(code, move_layers(place, make_layers_of_case(RULE_SETUPS[code], OVERLAP_CASES[name]))),
    )


@for_each("case", OVERLAP_CASES.values(), ids=OVERLAP_CASES)
def test_expected_overlap_areas_by_hand_equal_those_of_shapely(case):
    """Compute the expected areas of each case with shapely."""
    a, b = ([shapely.make_valid(shapely.from_wkt(w)) for w in side if w] for side in (case.a, case.b))
    sliver = lambda s: s.area < 0.5 and 2 * s.area / max(s.length, 1e-9) < 0.1  # noqa: E731
    pairs = [shapely.intersection(one, other) for one in a for other in b]
    assert sorted(p.area for p in pairs if p.area and not sliver(p)) == pytest.approx(sorted(case.shared), rel=1e-6)
    for own, others, uncovered in ((a, b, case.uncovered_a), (b, a, case.uncovered_b)):
        rest = [part for one in own for part in shapely.get_parts([shapely.difference(one, shapely.union_all(others))])]
        parts = [p.area for shape in rest for p in shapely.get_parts([shape]) if p.area and not sliver(p)]
        assert sorted(parts) == pytest.approx(sorted(uncovered), rel=1e-6)


def test_every_rule_that_compares_areas_is_in_the_overlap_tests():
    using = {
        c
        for c, r in load_all_rules().items()
        for part in inspect.getsource(sys.modules[r.function.__module__]).split("@rule(")
        if part.lstrip().startswith(f'"{c}"') and any(v in part for v in OVERLAP_CALLS)
    }
    assert using <= RULE_SETUPS.keys() | RULES_WITHOUT_OVERLAP_CASES.keys(), (
        "put the rule on the board, or say in OTHERS why it is no overlap rule"
    )
    assert not RULE_SETUPS.keys() & RULES_WITHOUT_OVERLAP_CASES.keys() and RULE_SETUPS.keys() <= load_all_rules().keys()


def test_parcel_named_for_land_of_two_equal_ones_does_not_depend_on_their_order():
    square = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
    rows = [{"wkt": square, "land_use": "0103", "key": key} for key in ("140225000003000007", "140225000003000004")]
    for parcels in (rows, rows[::-1]):
        plan = make_example_plan({"red_line": [square], "parcels": parcels})
        (finding,) = run_check(plan, choose_rules(("REL042",))).findings
        assert finding.related_keys == ["140225000003000004"]
