# SPDX-License-Identifier: GPL-2.0-or-later
"""Counties whose data are right: a small one, and one of many cells with or without a coast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any, ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from plugin.core.model.report import Report
from plugin.core.plan.layer import SourceLayer
from tests.core.small_plan import check_data, convert_to_source_layers
from tests.county import templates
from tests.county.heritage import make_round_polygon
from tests.county.measure import statutory_area
from tests.county.source import make_read_layers


@dataclass
class MadeCounty:
    """A county of 2 × 1 km whose data are right: fields in the west, a town in the east, a red line between them."""

    code: str = "350213"
    name: str = "翔安区"
    crs: int = 4527
    corner: tuple[float, float] = (39_560_000.0, 2_720_000.0)
    layers: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def box(self, west: float, south: float, east: float, north: float) -> Any:
        """Return a rectangle with a vertex every 20 m; metres from the corner."""
        x, y = self.corner
        return shapely.segmentize(shapely.box(x + west, y + south, x + east, y + north), 20.0)

    def measure(self, shape: Any) -> float:
        return round(float(statutory_area([shape], self.crs)[0]), 2)

    def make_keys(self, count: int) -> list[str]:
        return [f"{self.code}0000{next(self.numbers):08d}" for _ in range(count)]

    def add(self, role: str, shapes: list[Any], **columns: Any) -> None:
        rows, keys = len(shapes), self.make_keys(len(shapes))
        prefix = "XJ" if role == "STBHHX" else ""
        places = {f"{prefix}XZQDM": [self.code] * rows, f"{prefix}XZQMC": [self.name] * rows}
        self.layers[role] = gpd.GeoDataFrame({"BSM": keys, **places, **columns}, geometry=shapes, crs=self.crs)

    def append(self, role: str, shapes: list[Any], **columns: Any) -> None:
        """Add rows to a layer, with their areas."""
        old = self.layers.pop(role)
        self.add(role, shapes, MJ=[self.measure(one) for one in shapes], **columns)
        self.layers[role] = pd.concat([old, self.layers[role]], ignore_index=True)

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


#: Segments of the edge of a cell.
SEGMENTS = 10
#: Land of a cell: survey class, urban code, zone.
KINDS = {
    "wood": ("0301", None, "100"),
    "control": ("0305", None, "200"),
    "mangrove": ("0303", None, "100"),
    "river": ("1101", None, "200"),
    "town": ("0701", "202", "410"),
    "new_town": ("0404", None, "410"),
    "village": ("0702", "203", "510"),
    "mine": ("0602", "204", "700"),
    "farmland": ("0101", None, "300"),
    "field": ("0103", None, "520"),
    "orchard": ("0201", None, "520"),
    "grove": ("0307", None, "530"),
}
#: Sea of a cell: zone.
SEA_KINDS = {
    "flat": "610",
    "sea_line": "100",
    "sea_control": "200",
    "fishing": "610",
    "port": "620",
    "tourism": "640",
    "spare": "660",
}
TOWNSHIPS = ("绥安镇", "旧镇镇", "佛昙镇", "赤湖镇", "六鳌镇", "古雷镇")


@dataclass
class CellCounty(MadeCounty):
    """A county of some hundred winding cells with the layers of a whole delivery.

    ``coast``: the sea is in the east, behind bays and headlands, with tidal flats, islands of cells that are land, and rocks.
    """

    code: str = "350623"
    name: str = "漳浦县"
    city: str = "漳州市"
    corner: tuple[float, float] = (39_550_000.0, 2_650_000.0)
    columns: int = 36
    rows: int = 28
    side: float = 800.0
    coast: bool = True

    @cached_property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the points of the lower edges (rows + 1, columns) and of the left edges (rows, columns + 1)."""
        random = np.random.default_rng(56)
        north, east = np.meshgrid(np.arange(self.rows + 1.0), np.arange(self.columns + 1.0), indexing="ij")
        nodes = np.stack([east, north], -1)
        nodes += random.uniform(-0.12, 0.12, nodes.shape)
        along = np.linspace(0, 1, SEGMENTS + 1)[:, None]
        found = []
        for first, last in ((nodes[:, :-1], nodes[:, 1:]), (nodes[:-1], nodes[1:])):
            first, last = first[..., None, :], last[..., None, :]
            across = (last - first)[..., ::-1] * [-1, 1]
            bend = random.uniform(-0.08, 0.08, (*first.shape[:2], 1, 1)) * np.sin(np.pi * along)
            bend = bend + random.uniform(-0.05, 0.05, (*first.shape[:2], 1, 1)) * np.sin(3 * np.pi * along)
            found.append(np.round(self.corner + self.side * (first + (last - first) * along + across * bend), 3))
        return found[0], found[1]

    @cached_property
    def cells(self) -> np.ndarray:
        """Return the polygons (rows, columns); neighbours have the same vertices."""
        lower, left = self.edges
        rings = [lower[:-1], left[:, 1:], lower[1:, :, ::-1], left[:, :-1, ::-1]]
        return shapely.polygons(np.concatenate([ring[:, :, :-1] for ring in rings], axis=2))

    @cached_property
    def place(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return row and column of each cell, and the first column of the sea in its row."""
        row, column = np.indices((self.rows, self.columns))
        shore = np.full(row.shape, self.columns)
        if self.coast:
            shore = 24 + np.rint(3.4 * np.sin(0.9 * row) + 2 * np.sin(0.37 * row)).astype(int)
        return row, column, shore

    @cached_property
    def kinds(self) -> np.ndarray:
        """Return what each cell is: a key of `KINDS`, on land, or of `SEA_KINDS`."""
        row, column, shore = self.place
        kinds = np.full(row.shape, "farmland", dtype=object)
        for kind, chosen in (
            ("field", (row + 2 * column) % 7 == 0),
            ("orchard", (row * 3 + column) % 11 == 0),
            ("grove", column < 7),
            ("village", (row % 5 == 2) & (column % 4 == 1)),
            ("control", (column < 4) & (row < 18)),
            ("wood", (column < 5) & (row >= 18)),
            ("river", (row == 17) & (column >= 7)),
            ("mine", (row == 7) & (column == 12)),
            ("mangrove", (abs(row - 12) < 2) & (column >= shore - 2)),
            ("control", (abs(row - 22) < 2) & (column == shore - 1)),
        ):
            kinds[chosen] = kind
        for n, (east, north) in enumerate(self.seats):
            town = (abs(row - north) < 2) & (abs(column - east) < 2)
            kinds[town] = "town"
            kinds[(row == north + 1) & (column == east + 1 - n % 2)] = "new_town"
        if not self.coast:
            kinds[kinds == "mangrove"] = "orchard"
            return kinds
        at_sea = column >= shore
        for kind, chosen in (
            ("fishing", at_sea),
            ("port", at_sea & (row < 8)),
            ("tourism", at_sea & (row > 18)),
            ("spare", at_sea & (column > 32)),
            ("flat", at_sea & (abs(row - 8) < 2) & (column == shore)),
            ("sea_line", at_sea & (abs(row - 12) < 2) & (column < shore + 3)),
            ("sea_control", at_sea & (abs(row - 22) < 2) & (column < shore + 2)),
        ):
            kinds[chosen] = kind
        for kind, places in self.islands.items():
            for place in places:
                kinds[place] = kind
        return kinds

    #: Land in the sea: kind → row and column of its cells. The first island is one of two townships.
    islands: ClassVar = {
        "grove": [(15, 31), (16, 31), (4, 31), (25, 30)],
        "village": [(16, 30), (4, 32)],
        "field": [(15, 30)],
        "wood": [(9, 34), (20, 34)],
    }

    @cached_property
    def seats(self) -> list[tuple[int, int]]:
        """Return column and row of the town of each township."""
        wide, high = (20, self.rows) if self.coast else (self.columns, self.rows)
        return [(wide * (1 + 2 * (n % 2)) // 4 + 2, high * (1 + 2 * (n // 2)) // 6) for n in range(6)]

    @cached_property
    def townships(self) -> np.ndarray:
        row, column, _ = self.place
        wide = 22 if self.coast else self.columns
        towns = row * 3 // self.rows * 2 + (column * 2 >= wide)
        if self.coast:
            towns[16, 28:] = 5
        return towns

    @cached_property
    def is_land(self) -> np.ndarray:
        return np.isin(self.kinds, list(KINDS))

    def find(self, *kinds: str) -> np.ndarray:
        """Return which cells ((rows, columns) bool) are of these kinds."""
        return np.isin(self.kinds, kinds)

    def join(self, chosen: np.ndarray) -> list[Any]:
        """Return the connected parts of cells ((rows, columns) bool)."""
        return list(shapely.get_parts(shapely.coverage_union_all(self.cells[chosen])))

    def join_labels(self, labels: np.ndarray, chosen: np.ndarray) -> tuple[list[Any], list[Any]]:
        """Return the connected parts of chosen cells with the same label, and the label of each."""
        pairs = [(part, one) for one in sorted(set(labels[chosen])) for part in self.join(chosen & (labels == one))]
        return [part for part, _ in pairs], [one for _, one in pairs]

    def add(self, role: str, shapes: list[Any], **columns: Any) -> None:
        """Add a layer with all fields of its template; a value that is not a list is that of every row."""
        fields, rows = templates.read_fields(role), len(shapes)
        values: dict[str, Any] = {"BSM": self.make_keys(rows)}
        values |= {"YSDM": templates.read_template(role).get("feature_code", "2099999999")}
        values |= dict.fromkeys(("XZQDM", "XJXZQDM", "XJXZQHDM"), self.code) | dict.fromkeys(
            ("XZQMC", "XJXZQMC"), self.name
        )
        if "MJ" in fields:
            values["MJ"] = [round(area, 2) for area in statutory_area(shapes, self.crs)]
        if "CD" in fields:
            values["CD"] = [round(shape.length, 2) for shape in shapes]
        values = {name: value for name, value in values.items() if name in fields} | columns
        self.layers[role] = gpd.GeoDataFrame(
            {name: one if isinstance(one := values.get(name), list) else [one] * rows for name in fields},
            geometry=shapes,
            crs=self.crs,
        )

    def read(self, **names: str) -> list[SourceLayer]:
        """Return the layers as from a database with the fields, names and code lists of the templates.

        ``names``: role → other name of the layer.
        """
        layers = make_read_layers(self.layers, crs=dict.fromkeys(self.layers, self.crs))
        return [replace(one, name=names.get(one.name, one.name)) for one in layers]

    def check(self, **options: Any) -> Report:
        return check_data(self.read(), **options).report

    def draw(self) -> CellCounty:
        self._draw_divisions()
        self._draw_survey()
        self._draw_plan()
        self._draw_evaluations()
        self._draw_sites()
        if self.coast:
            self._draw_sea()
        return self

    def _draw_divisions(self) -> None:
        row, column, _ = self.place
        self.add("XZQX", self.join(self.is_land))
        shapes, towns = self.join_labels(self.townships, self.is_land)
        codes, names = [f"{self.code}{100 + n}" for n in range(6)], np.array(TOWNSHIPS)
        self.add("XZQXZ", shapes, XZQDM=[codes[n] for n in towns], XZQMC=[names[n] for n in towns])
        functions = ["城市化地区", "农产品主产区", "重点生态功能区", "农产品主产区", "重点生态功能区", "农产品主产区"]
        self.add(
            "XZZTGNDW", shapes, XZQDM=[codes[n] for n in towns], XZQMC=[names[n] for n in towns],
            LX=[functions[n] for n in towns],
        )  # fmt: skip
        self.village_labels = np.array([codes[n] for n in self.townships.flat]).reshape(row.shape)
        numbers = np.char.mod("%03d", 200 + row // 7 * 8 + column // 6)
        self.village_labels = np.char.add(self.village_labels, numbers).astype(object)
        shapes, villages = self.join_labels(self.village_labels, self.is_land)
        names = [f"{TOWNSHIPS[int(code[6:9]) - 100]}第{int(code[9:]) - 199}村" for code in villages]
        self.add("XZQC", shapes, XZQDM=villages, XZQMC=names, MC=names)

    def _draw_survey(self) -> None:
        surveyed = self.is_land | self.find("flat")
        places, kinds, shapes = self.village_labels[surveyed], self.kinds[surveyed], self.cells[surveyed]
        classes = KINDS | {"flat": ("1105", None)}
        use = np.array([classes[kind][0] for kind in kinds])
        areas, tilled = np.round(statutory_area(shapes, self.crs), 2), np.isin(use, ("0101", "0103"))
        deducted = np.round(np.where(use == "0103", 0.1 * areas, 0.0), 2)
        names = templates.read_code_names("sandiao")
        columns = {
            "DLBM": use,
            "DLMC": [names[one] for one in use],
            "QSXZ": np.where(np.isin(use, ("0701", "1101")), "10", "30"),
            "ZLDWDM": [f"{one}0000000" for one in places],
            "ZLDWMC": [f"{TOWNSHIPS[int(one[6:9]) - 100]}第{int(one[9:]) - 199}村" for one in places],
            "KCDLBM": np.where(deducted > 0, "1203", None),
            "KCXS": np.where(use == "0103", 0.1, 0.0),
            "KCMJ": deducted,
            "GDLX": np.where(tilled, "PD", None),
            "GDPDJB": np.select([use == "0101", use == "0103"], ["1", "2"], None),
            "GDDB": np.where(tilled, 10.0, np.nan),
            "FRDBS": np.full(len(use), "0"),
            "SJNF": np.full(len(use), 2020),
            "CZCSXM": [classes[kind][1] for kind in kinds],
            "TBBH": [str(n + 1) for n in range(len(use))],
            "YJJBNTTBBH": [f"{self.code}{n + 1:08d}" for n in range(len(use))],
        }
        for role, rows, gross, net in (
            ("DLTB", np.ones(len(use), bool), "TBMJ", "TBDLMJ"),
            ("GDBHMB", tilled, "TBMJ", "TBDLMJ"),
            ("YJJBNTBHTB", use == "0101", "YJJBNTTBMJ", "YJJBNTMJ"),
        ):
            known = templates.read_fields(role)
            given = columns | {gross: areas, net: np.round(areas - deducted, 2)}
            values = {
                name: np.asarray(one, dtype=object)[rows].tolist() for name, one in given.items() if name in known
            }
            self.add(role, list(shapes[rows]), **values)

    def _draw_plan(self) -> None:
        codes = {kind: values[-1] for kind, values in KINDS.items()} | SEA_KINDS
        zones = np.vectorize(codes.get, otypes=[object])(self.kinds)
        shapes, labels = self.join_labels(zones, np.ones(zones.shape, bool))
        names = templates.read_code_names("planning_zones")
        self.add("YDYHGHFQ", shapes, GHFQDM=labels, GHFQMC=[names[one] for one in labels])
        self.add("CZKFBJ", self.join(zones == "410"), GHFQDM="410", GHFQMC=names["410"])
        self.add("STBHHX", self.join(zones == "100"), SJXZQMC=self.city, LHLX="生物多样性维护")
        self.add("TRL", self.join(self.find("wood")), MC="天然林", LX="1")
        self.add("STGYL", self.join(self.find("grove")), MC="公益林")
        wetlands = self.join(self.find("river")) + self.join(self.find("mangrove", "sea_line", "flat"))
        self.add("SD", wetlands, MC="湿地")
        self.add("HLFXKZX", self.join(self.find("river")), MC="鹿溪洪涝风险控制线", LX="21")
        self.add("KCZYKCBHX", self.join(self.find("mine")), MC="石料矿区", LX="11")
        hills = self.find("wood") & (self.place[1] < 5)
        reserve = {"西部自然保护区": self.join(hills)}
        reserve["西部自然保护区核心保护区"] = self.join(hills & (self.place[1] < 2))
        reserve["西部自然保护区一般控制区"] = self.join(hills & (self.place[1] >= 2))
        if self.coast:
            reserve["红树林自然保护区"] = self.join(self.find("mangrove", "sea_line"))
            reserve["红树林自然保护区核心保护区"] = self.join(self.find("mangrove"))
            reserve["红树林自然保护区一般控制区"] = self.join(self.find("sea_line"))
        rows = [(name, shape) for name, shapes in reserve.items() for shape in shapes]
        self.add("ZRBHD", [one for _, one in rows], MC=[one for one, _ in rows], LX="自然保护区", JB="省级")

    def _draw_evaluations(self) -> None:
        level = np.select([self.find("wood", "mangrove", "sea_line"), self.find("control", "sea_control")], [2, 1], 0)
        for role, grades, is_evaluated in (
            ("STBHZYXPJJG", ("一般重要", "重要", "极重要"), self.is_land | self.coast),
            ("NYSCSYXPJJG", ("适宜", "一般适宜", "不适宜"), self.is_land),
            ("CZJSSYXPJJG", ("适宜", "一般适宜", "不适宜"), self.is_land),
            ("STXTFWGNZYXFB", ("一般重要", "重要", "极重要"), self.is_land),
            ("STCRXFB", ("一般脆弱", "脆弱", "极脆弱"), self.is_land),
        ):
            shapes, levels = self.join_labels(level, is_evaluated)
            self.add(role, shapes, MC=[grades[one] for one in levels])

    def _draw_sites(self) -> None:
        lower, _ = self.edges
        _, _, shore = self.place
        seats = [shapely.centroid(self.cells[row, column]) for column, row in self.seats]
        self.add("FZJZSSD", seats, MC=[f"{name}避难场所" for name in TOWNSHIPS])
        self.add("ZDJCSSD", seats, MC=[f"{name}水厂" for name in TOWNSHIPS])
        roads = [
            shapely.LineString(np.concatenate([edge[:-1] for edge in lower[row, 7 : shore[row, 0] - 2]]))
            for row in (4, 14, 23)
        ]
        self.add("ZDJTJCSSX", roads, MC=["一号公路", "二号公路", "三号公路"])
        sites = self.draw_rounds(np.argwhere(self.find("village"))[:6], 150)
        self.add("LSWHBHX", sites, MC=[f"第{n + 1}村土楼保护范围" for n in range(6)], LX="61", JB="30")

    def draw_rounds(self, places: Any, radius: float) -> list[Any]:
        """Return round polygons in the middle of cells (row, column)."""
        middles = shapely.get_coordinates(shapely.centroid([self.cells[tuple(one)] for one in places]))
        return [make_round_polygon(middle, radius, 56, n) for n, middle in enumerate(middles)]

    def _draw_sea(self) -> None:
        self.add("HYFW", self.join(~self.is_land), MC="管辖海域")
        rocks = [(5, 30), (12, 26), (18, 27), (24, 34)]
        shapes = self.draw_rounds(rocks, 120) + [self.cells[one] for one in self.islands["wood"]]
        areas = [round(one, 2) for one in statutory_area(shapes, self.crs)]
        self.add("WJMHD", shapes, HDMC=[f"第{n + 1}屿" for n in range(len(shapes))], MJ=areas)
        lower, left = self.edges
        land = self.is_land
        coast = [*lower[1:-1][land[1:] != land[:-1]], *left[:, 1:-1][land[:, 1:] != land[:, :-1]]]
        pieces = [shapely.LineString(edge[n : n + 3]) for edge in coast for n in range(0, SEGMENTS, 2)]
        kinds = [("11", "12", "21", "12", "31")[n // 4 % 5] for n in range(len(pieces))]
        self.add("HAX", pieces, HAXLX=kinds, HAXCD=[round(one.length, 2) for one in pieces])
        # What the sea of a county has besides: a bridge to an island, a cable, a light, a wreck, a sea-bed to be mined.
        middle = shapely.get_coordinates(shapely.centroid(self.cells.ravel())).reshape(*self.cells.shape, 2)
        self.append("ZDJTJCSSX", [shapely.LineString(middle[16, 27:31])], MC=["跨海大桥"])
        self.add("ZDJCSSX", [shapely.LineString(middle[5:21, 29])], MC="海底电缆")
        self.append("FZJZSSD", [shapely.Point(middle[10, 30])], MC=["海上救助站"])
        self.add("SXWWBHQ", self.draw_rounds([(6, 29)], 300), MC="沉船水下文物保护区")
        self.append("LSWHBHX", self.draw_rounds([(6, 29)], 300), MC=["沉船水下文物保护区"], LX=["93"])
        self.append("KCZYKCBHX", self.draw_rounds([(2, 31)], 300), MC=["海砂矿区"], LX=["11"])
