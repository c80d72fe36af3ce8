# SPDX-License-Identifier: GPL-2.0-or-later
"""Counties other than the usual one: districts, other zones and provinces, a coast. None has a wrong finding."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from plugin.core.checks.check import RunOptions
from plugin.core.checks.tabulate import TabulatedPlan, tabulate_sources
from plugin.core.model.report import Outcome, Report
from plugin.core.standard import load_standard
from plugin.core.standard.divisions import parse_county
from tests.core.made_counties import MadeCounty
from tests.core.small_plan import convert_to_source_layers, join_notices


def list_problems(report: Report) -> list[str]:
    """Return each finding, and each rule that was skipped or crashed, as text."""
    skipped = [rule for rule in report.rules if rule.outcome in (Outcome.SKIPPED, Outcome.CRASHED)]
    return [f"{one.code} {one.role} {one.message}" for one in report.findings] + [
        f"{rule.code} {rule.reason}" for rule in skipped
    ]


def list_roles(report: Report) -> set[str]:
    return {layer["role"] for layer in report.provenance["layers"]}


@pytest.mark.parametrize("standard", ["county_db", "city_db"])
def test_inland_district_with_the_layers_of_a_county_is_checked_under_either_standard(standard):
    made = MadeCounty().draw()
    report = made.check(standard=standard)
    assert list_problems(report) == []
    names = {"XZQX": "XZQXS", "YDYHGHFQ": "GHFQ"} if standard == "city_db" else {}
    assert list_roles(report) == {names.get(role, role) for role in made.layers}
    for layer, role in names.items():
        assert f"图层“{layer}”作为 {role} 参与检查，字段按“县级" in join_notices(report)


def test_county_with_the_outline_of_a_city_database_is_checked():
    made = MadeCounty().draw()
    made.layers["XZQXS"] = made.layers.pop("XZQX")
    report = made.check()
    assert list_problems(report) == [] and "XZQX" in list_roles(report)
    assert "图层“XZQXS”作为 XZQX 参与检查" in join_notices(report)


def test_zones_under_the_name_of_another_standard_are_compared_with_the_outline():
    made = MadeCounty().draw()
    zones = made.layers["YDYHGHFQ"]
    zones.loc[0, "geometry"] = made.box(100, 0, 800, 1000)
    zones.loc[0, "MJ"] = made.measure(zones.geometry[0])
    uncovered = {one.role for one in made.check(standard="city_db").findings if one.code == "TOP002"}
    assert uncovered == {"GHFQ"}


def test_layer_with_its_own_name_goes_before_one_with_the_name_of_another_standard():
    made = MadeCounty().draw()
    made.layers["GHFQ"] = made.layers["YDYHGHFQ"].copy()
    report = made.check(standard="city_db")
    assert [layer["name"] for layer in report.provenance["layers"] if layer["role"] == "GHFQ"] == ["GHFQ"]
    assert any("YDYHGHFQ" in problem for problem in list_problems(report))


@pytest.mark.parametrize("role", ["STBHHX", "CZKFBJ"])
def test_line_with_the_fields_of_the_survey_lacks_no_field(role):
    """The schemas: standards/survey_sea_and_line_fields.csv."""
    made = MadeCounty().draw()
    kept = made.layers[role][["BSM", "geometry"]].assign(
        YSDM="", XJXZQHDM=made.code, BZ="", SLSJ=pd.Timestamp("2020-12-31")
    )
    fields = {
        "STBHHX": {
            **dict.fromkeys(("STGNYBHMB", "STXTYZBLX", "RWHDLX", "STHJWT", "GKCS"), ""),
            "LXDM": "01",
            "SLDM": "0001",
            "MC": "某保护区",
            "RKSL": 0,
            "DLWZ": "某地",
            "QYMJ": 0.4,
        },
        "CZKFBJ": {"CZMC": "某镇", "CZKFMJ": made.measure(kept.geometry.iloc[0])},
    }
    made.layers[role] = kept.assign(**fields[role])
    report = made.check()
    assert [one for one in list_problems(report) if one.startswith(("SCH", "ATT"))] == []
    assert f"图层“{role}”作为 {role} 参与检查，字段按“国土调查数据库" in join_notices(report)
    made.layers[role] = made.layers[role].drop(columns="XJXZQHDM")
    (missing,) = made.check(rules=["SCH002"]).findings
    assert missing.field == "XJXZQHDM" and "（县级行政区划代码，" in missing.message


COAST_PIECES = 300


def draw_coast(made: MadeCounty) -> MadeCounty:
    """Add 1 km of sea to the east with three zones, an island, a red line at sea, and the coast in pieces.

    Two thirds of the coast are natural.
    """
    sea, island = made.box(2000, 0, 3000, 1000), made.box(2600, 500, 2700, 600)
    fishing, protected, reserved = (
        made.box(2000, south, 3000, north) for south, north in ((0, 400), (400, 700), (700, 1000))
    )
    made.add("HYFW", [sea], MJ=[made.measure(sea)])
    made.add("WJMHD", [island], MJ=[made.measure(island)])
    codes = {"610": fishing, "100": protected, "660": reserved}
    made.append("YDYHGHFQ", list(codes.values()), GHFQDM=list(codes), GHFQMC=["渔业用海区", "生态保护区", "海洋预留区"])
    made.append("STBHHX", [protected])
    x, y = made.corner
    ends = [(x + 2000, y + 1000 * n / COAST_PIECES) for n in range(COAST_PIECES + 1)]
    kinds = ["人工岸线" if n % 3 == 2 else "自然岸线" for n in range(COAST_PIECES)]
    lengths = [1000 / COAST_PIECES] * COAST_PIECES
    made.add("HAX", [shapely.LineString(pair) for pair in pairwise(ends)], HAXLX=kinds, HAXCD=lengths)
    return made


def test_county_with_a_coast_has_no_wrong_finding():
    made = draw_coast(MadeCounty().draw())
    report = made.check()
    assert list_problems(report) == []
    assert "图层“YDYHGHFQ”" not in join_notices(report)
    assert "有 2 个图斑为海洋分区或用海类" in join_notices(report) and "与海域范围“HYFW”比对" in join_notices(report)
    codes = [
        "SCH002",
        "GEO001",
        "GEO011",
        "GEO012",
        "TOP003",
        "TOP005",
        "TOP007",
        "TOP008",
        "TOP009",
        "LAW021",
        "REL004",
    ]
    assert list_problems(made.check(rules=codes)) == []


@pytest.mark.parametrize(
    ("role", "box", "code"),
    [
        ("YDYHGHFQ", (2900, 400, 3010, 700), "TOP003"),
        ("STBHHX", (2900, 400, 3010, 700), "TOP003"),
        ("YJJBNTBHTB", (1990, 0, 2100, 100), "TOP003"),
    ],
)
def test_rows_outside_land_and_sea_are_found(role, box, code):
    made = draw_coast(MadeCounty().draw())
    shape = made.box(*box)
    rows = made.layers[role]
    rows.loc[rows.index[-1], "geometry"] = shape
    (found,) = [one for one in made.check(rules=[code]).findings if one.role == role]
    outline = shapely.union_all(
        [made.box(0, 0, 2000, 1000)] + ([made.box(2000, 0, 3000, 1000)] if box[0] > 2000 else [])
    )
    assert found.geometry.area == pytest.approx(shapely.difference(shape, outline).area, abs=0.01)


def tabulate(made: MadeCounty, lines: str = "", folder: Any = None) -> TabulatedPlan:
    """Return the tables of a county; ``lines``: settings of its profile, written to a folder."""
    profile = ""
    if lines:
        profile = str(folder / "county.toml")
        text = f'id = "made"\nname = "{made.name}"\narea_code = "{made.code}"\nstandard = "county_db"\n{lines}\n'
        Path(profile).write_text(text, encoding="utf-8")
    return tabulate_sources(convert_to_source_layers(made.layers), RunOptions(profile=profile, base_year=2020))


def test_zones_sum_to_100_percent_of_land_and_of_sea():
    made = draw_coast(MadeCounty().draw())
    (table,) = [one for one in tabulate(made).tables if one.id == "zones"]
    shares = {row.code: row.values[4].value for row in table.rows if row.values[4] is not None}
    hectares = {row.code: row.values[3].value for row in table.rows}
    # Independent of the plugin: the boxes as drawn. A zone of land and a zone at sea have the same code.
    land, sea = made.box(0, 0, 2000, 1000).area, made.box(2000, 0, 3000, 1000).area
    parts = {"300": (0, 0, 800, 1000), "100": (800, 0, 1200, 1000), "400": (1200, 0, 2000, 1000)}
    expected = {code: 100 * made.box(*box).area / land for code, box in parts.items()}
    parts = {"sea:610": (2000, 0, 3000, 400), "sea:100": (2000, 400, 3000, 700), "sea:660": (2000, 700, 3000, 1000)}
    expected |= {code: 100 * made.box(*box).area / sea for code, box in parts.items()}
    expected |= {"sea:600": expected["sea:610"] + expected["sea:660"], "land_sum": 100.0, "sea_sum": 100.0}
    assert shares == pytest.approx(expected, abs=0.01)
    assert hectares["sea"] == pytest.approx(made.measure(made.box(2000, 0, 3000, 1000)) / 1e4, abs=0.01)
    assert abs(hectares["difference"]) < 0.01 and abs(hectares["sea_difference"]) < 0.01


@pytest.mark.parametrize(
    ("kinds", "lines", "expected"),
    [
        (["自然岸线", "自然岸线", "人工岸线"], "", 200 / 3),
        (["自然岸线", "非自然岸线", "非自然岸线"], "", 100 / 3),
        (["11", "21", "21"], '[sea]\nnatural_coast = ["11"]', 100 / 3),
        (["11", "21", "21"], "", None),
        (["自然岸线", "", "人工岸线"], "", None),
    ],
)
def test_natural_shoreline_share_of_a_coast_in_pieces(tmp_path, kinds, lines, expected):
    made = draw_coast(MadeCounty().draw())
    coast = made.layers["HAX"]
    coast["HAXLX"] = [kinds[n % 3] for n in range(COAST_PIECES)]
    # A piece that is drawn twice counts once.
    made.layers["HAX"] = pd.concat([coast, coast.iloc[:1].assign(BSM=f"{made.code}000000009999")], ignore_index=True)
    computed = tabulate(made, lines, tmp_path).indicators.compute_indicator("natural_shoreline_share")
    if expected is None:
        assert not computed.figures and "未能判定" in computed.missing_reason
    else:
        (figure,) = computed.figures
        # Plain lengths in the plane; the ellipsoid changes all pieces alike.
        assert figure.value == pytest.approx(expected, abs=0.001)
        assert figure.inputs["length_m"] == pytest.approx(coast.length.sum(), rel=1e-3)


def test_county_in_a_zone_of_six_degrees_has_no_wrong_finding():
    """CGCS2000 / Gauss-Kruger zone 20 (EPSG:4498): meridian 117°E, easting with the zone's number."""
    made = MadeCounty(crs=4498, corner=(20_610_000.0, 2_720_000.0)).draw()
    assert list_problems(made.check()) == []
    assert list_problems(made.check(rules=["SCH003", "GEO011", "GEO012", "LAW021"])) == []


def test_county_across_two_zones_has_no_wrong_finding():
    """The edge of zones 39 and 40 is at 118.5°E; the layers of the eastern neighbour's zone are reprojected."""
    edge_x, _ = Transformer.from_crs(4490, 4527, always_xy=True).transform(118.5, 24.58)
    made = MadeCounty(crs=4527, corner=(round(edge_x) - 1000.0, 2_720_000.0)).draw()
    assert list_problems(made.check()) == []
    assert list_problems(made.check(rules=["GEO012", "TOP004", "TOP005", "LAW021"])) == []
    made.layers["STBHHX"] = made.layers["STBHHX"].to_crs(4528)
    mixed = made.check()
    # Only the coordinate system is a finding: land is compared across the zones without gaps or overlaps.
    assert {one.code for one in mixed.findings} == {"SCH003"}


@pytest.mark.parametrize(
    ("text", "name"), [("430725 桃源县", "桃源县"), ("嘉峪关市", "嘉峪关市"), ("140726", "太谷县")]
)
def test_county_of_any_province_is_found_and_checked(text, name):
    county = parse_county(text, load_standard().code_lists)
    place = {"crs": 4526, "corner": (38_380_000.0, 4_140_000.0)} if county.code.startswith("14") else {}
    made = MadeCounty(code=county.code, name=county.name, **place).draw()
    assert county.name == name and list_problems(made.check(rules=["ATT011", "ATT012", "LAW021", "TOP003"])) == []
    report = made.check()
    assert list_problems(report) == [] and report.provenance["area_code"] == county.code
    if county.code != "140726":
        made.layers["CZKFBJ"]["XZQMC"] = "浑源县"
        assert "RUN904" in {one.code for one in made.check().findings}
        assert [one.field for one in made.check(rules=["ATT012"]).findings if one.code == "ATT012"] == ["XZQMC"]
