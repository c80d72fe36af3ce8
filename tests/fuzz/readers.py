# SPDX-License-Identifier: GPL-2.0-or-later
"""Every reader: the command that reads its files, and small valid files, made by the project's own generators."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import docx
import openpyxl
import pyogrio

from plugin.core.__main__ import main
from plugin.core.checks.saved_result import SavedResult, read_saved_result, write_saved_result
from plugin.core.exchange.mapping import load_mapping
from plugin.core.standard import load_standard
from plugin.paths import RESOURCES_FOLDER
from tests.core.boundary_point_files import OUTER, SEPARATE, FileWriter, place_ring
from tests.core.drawing_files import SITE, DrawingWriter
from tests.core.exchange.vct.test_damaged_files import export_example
from tests.core.small_plan import write_gdb, write_shapefiles
from tests.core.vct_files import write_vct_text
from tests.county import make_county
from tests.county.write import write_geopackage
from tests.sample import check_sample_county

OLD_FILES = Path(__file__).parents[1] / "upgrade" / "0.1.0"
ROLES = ("XZQX", "XZQXZ", "YDYHGHFQ", "DLTB", "YJJBNTBHTB", "STBHHX", "CZKFBJ", "GDBHMB")
ROWS = {
    "targets": "乡镇代码,乡镇名称,永久基本农田（万亩）\n140225100,永安镇,1.25\n140225101,西坊城镇,2.5\n",
    "figures": "指标,数值,单位,位置\n生态保护红线面积,538.87,平方千米,文本第10条\n永久基本农田面积,63.25,万亩,附表1\n",
    "register": "名称,类型,级别\n永安寺,文物保护单位,全国重点\n县衙,历史建筑,\n",
    "editions": "年份,数据,县配置\n2021,base.gpkg,hunyuan\n2022,base.gpkg,hunyuan\n",
    "counties": "县,数据,县配置\n浑源县,base.gpkg,hunyuan\n",
    "keys": "图层,旧标识码,新标识码\nSTBHHX,140225000005000001,140225000005900001\n",
    "points": "地块编号,地块名称,点号,圈号,X坐标,Y坐标\n" + "".join(f"1,甲,J{n},1,{x},{y}\n" for n, (x, y) in enumerate(place_ring(SEPARATE))),
    "structure": "图层代码,字段代码,字段名称,字段类型,字段长度,值域,约束条件\nDLTB,BSM,标识码,Char,18,,M\nDLTB,TBMJ,面积,Double,15,>0,O\n",
}  # fmt: skip


class Reader(NamedTuple):
    """How damaged files are read, and how valid ones are written to a folder.

    ``read``: a command, in which ``{in}`` is the folder of the files, ``{out}`` that of results, and ``{side}`` has other
    files; or a function of the folder.
    """

    read: str | Callable[[Path], object]
    write: Callable[[Path], object]


def run_command(*words: object) -> None:
    """Run a command that makes a file for others."""
    with redirect_stdout(StringIO()):
        main([str(word) for word in words])


@cache
def make_layers():
    """Return some layers of a county without defects, with few rows, of which one check takes a second."""
    layers = make_county(300, defects=False)[0]
    return {role: layers[role] for role in ROLES}


def write_each(suffix: str, driver: str, **options: str) -> Callable[[Path], None]:
    """Return a function that writes a file for each layer."""

    def write(folder: Path) -> None:
        for role, frame in make_layers().items():
            frame = frame.to_crs(4490) if driver == "GeoJSON" else frame
            pyogrio.write_dataframe(frame, folder / f"{role}{suffix}", driver=driver, geometry_type="MultiPolygon", promote_to_multi=True, **options)  # fmt: skip

    return write


def write_base(folder: Path) -> Path:
    write_geopackage(folder / "base.gpkg", make_layers())
    return folder / "base.gpkg"


def write_sealed_lines(folder: Path) -> None:
    """Write the layers of a sealed edition that rules compare; no rule reads its other layers."""
    layers = make_layers()
    write_geopackage(folder / "base.gpkg", {role: layers[role] for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ")})


def write_zip(folder: Path) -> None:
    with TemporaryDirectory() as content:
        write_base(Path(content))
        shutil.make_archive(str(folder / "成果"), "zip", content)


def write_side(folder: Path) -> None:
    """Write the files that commands need beside the damaged ones."""
    for write in (write_base, write_projects, write_list, write_rows("counties", ".csv")):
        write(folder)


def write_rows(kind: str, suffix: str) -> Callable[[Path], None]:
    """Return a function that writes a table as CSV or workbook."""

    def write(folder: Path) -> None:
        if suffix == ".csv":
            (folder / f"{kind}.csv").write_text(ROWS[kind], encoding="utf-8")
            return
        book = openpyxl.Workbook()
        for row in ROWS[kind].splitlines():
            book.active.append([float(cell) if "." in cell and cell[0].isdigit() else cell for cell in row.split(",")])
        book.save(folder / f"{kind}.xlsx")

    return write


def copy(source: str | Path, name: str, *, unpacked: bool = False) -> Callable[[Path], object]:
    """Return a function that copies a file of the project, or unpacks it."""
    path = Path(source) if str(source).startswith("/") else OLD_FILES / source
    return lambda folder: (shutil.unpack_archive if unpacked else shutil.copy)(path, folder / name)


def write_profile(folder: Path) -> None:
    for source, name in (("hunyuan.toml", "县.toml"), ("hunyuan_admission.csv", "hunyuan_admission.csv")):
        shutil.copy(RESOURCES_FOLDER / "profiles" / source, folder / name)


def write_projects(folder: Path) -> None:
    frame = make_layers()["DLTB"].iloc[:3][["geometry"]].assign(XMMC=list("甲乙丙"), YT="10")
    pyogrio.write_dataframe(frame, folder / "项目.gpkg", layer="项目")


def write_list(folder: Path) -> None:
    """Write a work list (工作清单) and its ledger."""
    run_command("worklist", "update", folder / "清单.csv", OLD_FILES / "report.json", "--xlsx", folder / "台账.xlsx")


def write_townships(folder: Path) -> None:
    run_command("townships", "split", write_base(folder), "--output", folder / "包", "--profile", "hunyuan")
    (folder / "base.gpkg").unlink()
    for package in sorted((folder / "包").glob("*/"))[2:]:
        shutil.rmtree(package)


def write_points(folder: Path) -> None:
    writer = FileWriter()
    writer.add_parcel("东地块", place_ring(OUTER))
    writer.add_parcel("西地块", place_ring(SEPARATE))
    writer.write(folder / "界址点.txt")


def write_drawing(folder: Path) -> None:
    drawing = DrawingWriter()
    drawing.add_polyline([(0, 0), (100, 0, 0.5), (100, 80), (0, 80)])
    drawing.add_lines([(200, 0), (300, 0), (300, 80), (200, 0)])
    drawing.add_circle((500, 50), 30)
    drawing.add_text("甲", (50, 40), SITE)
    drawing.write(folder / "图.dxf")


def write_result(folder: Path) -> None:
    report = check_sample_county().report
    result = SavedResult(datetime(2026, 1, 1), report, "EPSG:4526", {"profile": "hunyuan"})
    write_saved_result(folder / "县.result.json", result)


def write_record(folder: Path) -> None:
    """Write the results of a batch check, of which the data are gone."""
    with TemporaryDirectory() as data:
        write_base(Path(data))
        write_rows("counties", ".csv")(Path(data))
        run_command("batch", Path(data) / "counties.csv", "--output", folder / "b")


def check(more: str = "", source: str = "{side}/base.gpkg") -> str:
    """Return the command of a check with a report."""
    return f"check {source} --profile hunyuan --json {{out}}/r.json {more}"


STANDARD = load_standard()
POINTS = "points import {in}/%s {out}/a.gpkg --crs EPSG:4526"
DRAWING = "drawing import {in}/图.dxf {out}/a.gpkg --table {out}/a.csv --json {out}/a.json"
READERS = {
    "gpkg": Reader(check(source="{in}/base.gpkg"), write_base),
    "gdb": Reader(check(source="{in}/a.gdb"), lambda folder: write_gdb(folder / "a.gdb", make_layers())),
    "shp": Reader(check(source="{in}"), lambda folder: write_shapefiles(folder, "GBK", make_layers())),
    "geojson": Reader(check(source="{in}"), write_each(".geojson", "GeoJSON")),
    "gml": Reader(check(source="{in}"), write_each(".gml", "GML")),
    "fgb": Reader(check(source="{in}"), write_each(".fgb", "FlatGeobuf")),
    "tab": Reader(check(source="{in}"), write_each(".tab", "MapInfo File", encoding="UTF-8")),
    "kml": Reader(check(source="{in}"), write_each(".kml", "KML")),
    "parquet": Reader(check(source="{in}"), lambda folder: [frame.to_parquet(folder / f"{role}.parquet") for role, frame in make_layers().items()]),
    "zip": Reader(check(source="{in}/成果.zip"), write_zip),
    "fix": Reader("fix {in}/base.gpkg --profile hunyuan --output {out}/b.gpkg", write_base),
    "outputs": Reader(check("--html {out}/r.html --docx {out}/r.docx --xlsx {out}/r.xlsx --findings {out}/f.gpkg", "{in}/base.gpkg"), write_base),
    "indicators": Reader("indicators {in}/base.gpkg --profile hunyuan --xlsx {out}/a.xlsx --docx {out}/a.docx", write_base),
    "tables": Reader("tables {in}/base.gpkg --profile hunyuan --output {out}/a.xlsx --docx {out}/a.docx", write_base),
    "compare": Reader("compare {side}/base.gpkg {in}/base.gpkg --role STBHHX --xlsx {out}/a.xlsx", write_base),
    "adjustment": Reader("adjustment {in}/base.gpkg {side}/base.gpkg --profile hunyuan --json {out}/a.json", write_base),
    "renumber": Reader("renumber {in}/base.gpkg --output {out}/b.gpkg --table {out}/b.csv --profile hunyuan", write_base),
    "zone": Reader("zone {in}/base.gpkg {out}/b.gpkg --zone 37", write_base),
    "to_vct": Reader("vct {in}/base.gpkg {out}/a.vct", write_base),
    "to_points": Reader("points export {in}/base.gpkg {out}/a.txt --layer CZKFBJ", write_base),
    "vct": Reader("vct {in}/a.vct {out}/a.gpkg --no-check", lambda folder: write_vct_text(folder / "a.vct", export_example())),
    "points_txt": Reader(POINTS % "界址点.txt", write_points),
    "points_csv": Reader(POINTS % "points.csv", write_rows("points", ".csv")),
    "points_xlsx": Reader(POINTS % "points.xlsx", write_rows("points", ".xlsx")),
    "points_form": Reader("points export {side}/base.gpkg {out}/a.txt --layer CZKFBJ --format {in}/txt.toml", copy(RESOURCES_FOLDER / "boundary_points/txt.toml", "txt.toml")),
    "drawing": Reader(DRAWING, write_drawing),
    "drawing_mapping": Reader("drawing import {in}/图.dxf {out}/a.gpkg --mapping {in}/m.toml", lambda folder: (write_drawing(folder), copy(RESOURCES_FOLDER / "drawings/project.toml", "m.toml")(folder))),
    "figures_csv": Reader(check("--figures {in}/figures.csv"), write_rows("figures", ".csv")),
    "figures_xlsx": Reader(check("--figures {in}/figures.xlsx"), write_rows("figures", ".xlsx")),
    "targets_csv": Reader(check("--targets {in}/targets.csv"), write_rows("targets", ".csv")),
    "targets_xlsx": Reader(check("--targets {in}/targets.xlsx"), write_rows("targets", ".xlsx")),
    "register_csv": Reader(check("--register {in}/register.csv"), write_rows("register", ".csv")),
    "register_xlsx": Reader(check("--register {in}/register.xlsx"), write_rows("register", ".xlsx")),
    "baseline": Reader(check("--baseline {in}/base.gpkg"), write_sealed_lines),
    "waivers": Reader(check("--waivers {in}/county.waivers.csv"), copy("county.waivers.csv", "county.waivers.csv")),
    "keys": Reader(check("--renumbered {in}/keys.csv"), write_rows("keys", ".csv")),
    "profile": Reader("profile {in}/县.toml --check", write_profile),
    "profile_run": Reader("check {side}/base.gpkg --profile {in}/县.toml --json {out}/r.json", write_profile),
    "old_profile": Reader("profile {in}/profile.toml --json {out}/a.json", lambda folder: [copy(name, name)(folder) for name in ("profile.toml", "base.toml")]),
    "standard": Reader("rules --standard {in}/three_lines-2022 --csv {out}/a.csv", lambda folder: shutil.copytree(RESOURCES_FOLDER / "standards/three_lines-2022", folder / "three_lines-2022")),
    "admission": Reader("conformity {side}/项目.gpkg {side}/base.gpkg --profile {in}/县.toml --json {out}/a.json", write_profile),
    "projects": Reader("conformity {in}/项目.gpkg {side}/base.gpkg --profile hunyuan --json {out}/a.json --docx {out}/a.docx", write_projects),
    "package_form": Reader("form {in}/county.toml", copy(RESOURCES_FOLDER / "packages/county.toml", "county.toml")),
    "package": Reader("inspect {in}/包 --json {out}/r.json", copy("package.zip", "包", unpacked=True)),
    "package_zip": Reader("inspect {in}/包.zip --json {out}/r.json", copy("package.zip", "包.zip")),
    "report": Reader("worklist update {side}/清单.csv {in}/report.json --xlsx {out}/a.xlsx", copy("report.json", "report.json")),
    "worklist": Reader("worklist show {in}/清单.csv", write_list),
    "ledger": Reader("worklist import {side}/清单.csv {in}/台账.xlsx --author 甲 --conflicts {out}/a.csv", write_list),
    "townships": Reader("townships merge {side}/base.gpkg {in}/包 --output {out}/b.gpkg --table {out}/a.xlsx --profile hunyuan", write_townships),
    "editions": Reader("evaluate {in}/editions.csv --json {out}/a.json", lambda folder: (write_rows("editions", ".csv")(folder), write_base(folder))),
    "counties": Reader("batch {in}/counties.csv --output {out}/b --dry-run", lambda folder: (write_rows("counties", ".csv")(folder), write_base(folder))),
    "structure": Reader("structure {in}/structure.xlsx --output {out}/t --database {out}/a.gpkg --county 140225 --crs EPSG:4526", write_rows("structure", ".xlsx")),
    "layout": Reader("tables {side}/base.gpkg --profile hunyuan --tables {in}/t.toml --output {out}/a.xlsx", copy(RESOURCES_FOLDER / "office_tables/three_lines_use.toml", "t.toml")),
    "result": Reader(lambda folder: read_saved_result(folder / "县.result.json"), write_result),
    "mapping": Reader(lambda folder: load_mapping(folder / "m.toml", STANDARD.templates["XZYDYH"], STANDARD), copy("mapping.toml", "m.toml")),
    "batch": Reader("batch {side}/counties.csv --output {in}/b --dry-run", write_record),
    "docx_template": Reader(check("--docx {out}/r.docx --docx-template {in}/样式.docx"), lambda folder: docx.Document().save(folder / "样式.docx")),
}  # fmt: skip
