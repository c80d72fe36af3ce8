# SPDX-License-Identifier: GPL-2.0-or-later
"""A small county (2 × 1 km) with most kinds of defects, and how to write it."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely
from pyproj import CRS

from plugin.core.base.errors import SanxianError
from plugin.core.base.files.writing import write_atomically
from plugin.core.checks.check import CheckResult, RunOptions, check_plan
from plugin.core.model.findings import Finding
from plugin.core.model.report import Report, RuleOutcome
from plugin.core.plan.layer import FieldInfo, SourceLayer
from plugin.core.render.outputs import write_findings_layer
from plugin.core.standard.messages.texts import Texts

#: South-west corner in EPSG:4526, some 40 km east of its central meridian.
X, Y = CORNER = (38_540_000.0, 4_390_000.0)
BOW_TIE = "POLYGON ((100 700, 200 800, 200 700, 100 800, 100 700))"
CHINESE_MESSAGE_TEXTS = Texts("zh")


def make_county_box(x: float, y: float, width: float = 100.0, height: float = 100.0) -> Any:
    return shapely.box(X + x, Y + y, X + x + width, Y + y + height)


def move_wkt_to_county(wkt: str) -> Any:
    """Return the shape of WKT drawn near 0, 0, moved into the county (EPSG:4526)."""
    return shapely.transform(shapely.from_wkt(wkt), lambda c: c + CORNER)


def make_table(shapes: Iterable[Any], crs: int | None = 4526, **columns: Any) -> gpd.GeoDataFrame:
    shapes = list(shapes)
    columns = {"BSM": [f"14022500000000{n:04d}" for n in range(1, len(shapes) + 1)], **columns}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)


def make_small_plan_layers() -> dict[str, gpd.GeoDataFrame]:
    """Return the tables of the small plan by layer code.

    Every family of rules has a finding in it, and most texts are Chinese.
    """
    window = (
        "POLYGON ((1200 0, 1500 0, 1500 1100, 1200 1100, 1200 0), (1300 400, 1400 400, 1400 500, 1300 500, 1300 400))"
    )
    twice = "MULTIPOLYGON (((0 900, 50 900, 50 950, 0 950, 0 900)), ((60 900, 90 900, 90 950, 60 950, 60 900)))"
    return {
        "XZQX": make_table([make_county_box(0, 0, 2000, 1000)], XZQDM=["140225"], XZQMC=["浑源县"]),
        "YDYHGHFQ": make_table(
            [make_county_box(0, 0, 1000, 1000), make_county_box(1000, 0, 900, 1000)],
            GHFQDM=["300", "410"],
            GHFQMC=["农田保护区", "城镇发展区"],
        ),
        "DLTB": make_table(
            [
                make_county_box(0, 0, 600, 1000),
                make_county_box(590, 0, 400, 1000),
                make_county_box(1000, 0, 1000, 1000),
            ],
            DLBM=["0103", "0301", "0701"],
            DLMC=["旱地", "乔木林地", "城镇住宅用地"],
            TBMJ=[600_000.0, 400_000.0, 1_000_000.0],
            KCXS=[0.1, 0.0, 0.0],
            KCMJ=[60_000.0, 0.0, 0.0],
            TBDLMJ=[540_000.0, 400_000.0, 999_000.0],
            CZCSXM=[None, None, "202"],
        ),
        "YJJBNTBHTB": make_table(
            [
                make_county_box(0, 0),
                make_county_box(550, 0),
                make_county_box(1150, 400, 100, 50),
                move_wkt_to_county(BOW_TIE),
                None,
                make_county_box(1320, 420, 50, 50),
            ],
            XZQMC=["浑源县永安镇"] * 6,
            DLBM=["0103", "0103", "0103", "0102", "0103", "0201K"],
            YJJBNTTBMJ=[10_000.0, 10_000.0, 5_000.0, 5_000.0, 100.0, 2_500.0],
            KCXS=[0.0] * 6,
            KCMJ=[0.0] * 6,
            YJJBNTMJ=[10_000.0, 10_000.0, 5_000.0, 5_000.0, 100.0, 2_500.0],
        ),
        "STBHHX": make_table([move_wkt_to_county(window), move_wkt_to_county(twice)], MJ=[1.0, 2.0]).assign(
            BSM="140225000000000001"
        ),
        "CZKFBJ": make_table([make_county_box(1000, 0, 190, 1000)], GHFQDM=["410"], GHFQMC=["城镇集中建设区"]),
    }


def add_survey_vertices(tables: dict[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return the tables with a vertex every 20 m, as surveyed parcels have.

    A straight line of a kilometre differs between projections, and statutory area uses stored vertices only.
    """
    return {r: t.set_geometry(shapely.segmentize(t.geometry.to_numpy(), 20.0), crs=t.crs) for r, t in tables.items()}


def convert_to_source_layers(tables: dict[str, gpd.GeoDataFrame] | None = None) -> list[SourceLayer]:
    """Return tables as source layers, as if they were read from a file."""
    kinds = {"i": "integer", "u": "integer", "f": "real", "M": "date"}
    return [
        SourceLayer(
            role,
            frame,
            tuple(FieldInfo(c, kinds.get(frame[c].dtype.kind, "text")) for c in frame.columns if c != "geometry"),
            CRS.from_user_input(frame.crs) if frame.crs else None,
        )
        for role, frame in (tables or make_small_plan_layers()).items()
    ]


def write_gpkg(
    path: Path, tables: dict[str, gpd.GeoDataFrame] | None = None, names: dict[str, str] | None = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    for role, frame in (tables or make_small_plan_layers()).items():
        pyogrio.write_dataframe(
            frame,
            path,
            layer=(names or {}).get(role, role),
            driver="GPKG",
            geometry_type=find_geometry_type(frame),
            # Without an index the file has no triggers, which SQLite alone could not run after a change by a test.
            SPATIAL_INDEX="NO",
        )
    return path


def write_wkb_shapes(path: Path, role: str, shapes: dict[int, bytes]) -> Path:
    """Write WKB (by feature id) directly into a layer of a GeoPackage."""
    with sqlite3.connect(path) as database:
        for fid, wkb in shapes.items():
            blob = b"GP\0\1" + struct.pack("<i", 4526) + wkb
            database.execute(f"UPDATE {role} SET geom = ? WHERE fid = ?", (blob, fid))
    database.close()
    return path


def make_ring_wkb(*points: tuple[float, float]) -> bytes:
    """Return the WKB of a polygon of one ring; its points are not validated."""
    return struct.pack("<BIII", 1, 3, 1, len(points)) + b"".join(struct.pack("<dd", *p) for p in points)


def write_gdb(path: Path, tables: dict[str, gpd.GeoDataFrame] | None = None) -> Path:
    for role, frame in (tables or make_small_plan_layers()).items():
        pyogrio.write_dataframe(
            frame, path, layer=role, driver="OpenFileGDB", geometry_type="MultiPolygon", promote_to_multi=True
        )
    return path


def write_shapefiles(
    folder: Path, encoding: str, tables: dict[str, gpd.GeoDataFrame] | None = None, cpg: bool = True
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for role, frame in (tables or make_small_plan_layers()).items():
        path = folder / f"{role}.shp"
        pyogrio.write_dataframe(frame, path, encoding=encoding, geometry_type=find_geometry_type(frame))
        if not cpg:
            path.with_suffix(".cpg").unlink(missing_ok=True)
    return folder


def find_geometry_type(frame: gpd.GeoDataFrame) -> str:
    return "MultiPolygon" if "MultiPolygon" in set(frame.geom_type.dropna()) else "Polygon"


def write_findings(target: Path, findings: list[Finding], crs: CRS) -> None:
    """Write only the findings layer of a check to a file."""
    with write_atomically(target) as path:
        write_findings_layer(path, findings, crs)


def hash_files(*paths: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below the paths, by path."""
    files = [f for p in paths for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file()]
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def check_data(source: Any, rules: Iterable[str] = (), roles: str = "", **options: Any) -> CheckResult:
    """Return the result of checking a file, a folder or layers."""
    return check_plan(source, RunOptions(rules=tuple(rules), roles=roles, **options))


def explain_error(error: SanxianError) -> str:
    """Return the Chinese message of an error; fail if it is not complete."""
    text = CHINESE_MESSAGE_TEXTS.explain_error(error)
    assert re.search(r"[\u4e00-\u9fff]", text) and "None" not in text, text
    return text


def list_findings_of_rules(report: Report, *codes: str) -> list[Any]:
    return [f for f in report.findings if not codes or f.code in codes]


def get_outcome_of_rule(report: Report, code: str) -> RuleOutcome:
    return next(r for r in report.rules if r.code == code)


def join_notices(report: Report) -> str:
    return "\n".join(report.provenance["notices"])
