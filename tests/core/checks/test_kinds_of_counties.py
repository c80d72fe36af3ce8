# SPDX-License-Identifier: GPL-2.0-or-later
"""Counties other than the usual one: districts, other zones and provinces, a coast. None has a wrong finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from plugin.core.model.report import Outcome, Report
from tests.core.small_plan import check_data, convert_to_source_layers, join_notices
from tests.county.measure import statutory_area


@dataclass
class MadeCounty:
    """A county of 2 × 1 km whose data are right: fields in the west, a town in the east, a red line between them."""

    code: str = "350213"
    name: str = "翔安区"
    crs: int = 4527
    corner: tuple[float, float] = (39_560_000.0, 2_720_000.0)
    layers: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)

    def box(self, west: float, south: float, east: float, north: float) -> Any:
        """Return a rectangle with a vertex every 20 m; metres from the corner."""
        x, y = self.corner
        return shapely.segmentize(shapely.box(x + west, y + south, x + east, y + north), 20.0)

    def measure(self, shape: Any) -> float:
        return round(float(statutory_area([shape], self.crs)[0]), 2)

    def add(self, role: str, shapes: list[Any], **columns: Any) -> None:
        rows, first = len(shapes), 1 + sum(map(len, self.layers.values()))
        keys = [f"{self.code}0000{n:08d}" for n in range(first, first + rows)]
        places = {"XZQDM": [self.code] * rows, "XZQMC": [self.name] * rows}
        self.layers[role] = gpd.GeoDataFrame({"BSM": keys, **places, **columns}, geometry=shapes, crs=self.crs)

    def draw(self) -> MadeCounty:
        fields, woods, town = self.box(0, 0, 800, 1000), self.box(800, 0, 1200, 1000), self.box(1200, 0, 2000, 1000)
        areas = [self.measure(one) for one in (fields, woods, town)]
        self.add("XZQX", [self.box(0, 0, 2000, 1000)])
        zones = {"GHFQDM": ["300", "100", "400"], "GHFQMC": ["农田保护区", "生态保护区", "城镇发展区"], "MJ": areas}
        self.add("YDYHGHFQ", [fields, woods, town], **zones)
        self.add(
            "DLTB",
            [fields, woods, town],
            DLBM=["0101", "0301", "0701"],
            DLMC=["水田", "乔木林地", "城镇住宅用地"],
            TBMJ=areas,
            KCXS=[0.0] * 3,
            KCMJ=[0.0] * 3,
            TBDLMJ=areas,
            CZCSXM=[None, None, "202"],
        )
        net = {"YJJBNTTBMJ": areas[:1], "KCXS": [0.0], "KCMJ": [0.0], "YJJBNTMJ": areas[:1]}
        self.add("YJJBNTBHTB", [fields], DLBM=["0101"], **net)
        self.add("STBHHX", [woods], MJ=areas[1:2])
        self.add("CZKFBJ", [town], GHFQDM=["410"], GHFQMC=["城镇集中建设区"], MJ=areas[2:])
        return self

    def check(self, **options: Any) -> Report:
        return check_data(convert_to_source_layers(self.layers), base_year=2020, **options).report


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
    assert f"图层“{role}”作为 {role} 参与检查，字段按“2020年度国土变更调查”核对" in join_notices(report)
    made.layers[role] = made.layers[role].drop(columns="XJXZQHDM")
    (missing,) = made.check(rules=["SCH002"]).findings
    assert missing.field == "XJXZQHDM" and "（县级行政区划代码，" in missing.message
