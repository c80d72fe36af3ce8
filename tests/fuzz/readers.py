# SPDX-License-Identifier: GPL-2.0-or-later
"""Every reader: the command that reads its files, and small valid files, made by the project's own generators."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import docx
import geopandas as gpd
import openpyxl
import pyogrio

from plugin.core.__main__ import main
from plugin.core.base.errors import SanxianError
from plugin.core.checks.saved_result import SavedResult, read_saved_result, write_saved_result
from plugin.core.cli.console import EXIT_CLEAN, EXIT_NOT_RUN
from plugin.core.exchange.mapping import load_mapping
from plugin.core.figures.pasted_targets import read_pasted_targets
from plugin.core.model.window_register import read_window_register
from plugin.core.plan.loading.reading import read_plan
from plugin.core.standard import load_standard
from plugin.core.standard.options import RunOptions
from plugin.paths import RESOURCES_FOLDER
from tests.core.boundary_point_files import OUTER, SEPARATE, FileWriter, place_ring
from tests.core.drawing_files import SITE, DrawingWriter
from tests.core.exchange.vct.test_damaged_files import export_example
from tests.core.small_plan import write_gdb, write_shapefiles
from tests.core.studies.office_tables.test_tables import make_template
from tests.core.vct_files import write_vct_text
from tests.county import make_county
from tests.county.write import write_geopackage
from tests.sample import check_sample_county

OLD_FILES = Path(__file__).parents[1] / "upgrade" / "0.1.0"
ROLES = ("XZQX", "XZQXZ", "YDYHGHFQ", "DLTB", "YJJBNTBHTB", "STBHHX", "CZKFBJ", "GDBHMB", "LSWHBHX")
#: Layers with planted errors, so that no damage of one layer leaves a plan without errors.
WRONG_ROLES = ("DLTB", "YDYHGHFQ", "YJJBNTBHTB", "CZKFBJ")
Layers = dict[str, gpd.GeoDataFrame]
ROWS = {
    "targets": "乡镇代码,乡镇名称,永久基本农田（万亩）\n140225100,永安镇,91.25\n140225101,王庄堡镇,92.5\n",
    "figures": "指标,数值,单位,位置\n生态保护红线面积,538.87,平方千米,文本第10条\n永久基本农田面积,63.25,万亩,附表1\n",
    "register": "名称,类型,级别\n永安寺,文物保护单位,全国重点\n县衙,历史建筑,\n",
    "editions": "年份,数据,县配置\n2021,base.gpkg,hunyuan\n2022,base.gpkg,hunyuan\n",
    "counties": "县,数据,县配置\n浑源县,base.gpkg,hunyuan\n",
    "keys": "图层,旧标识码,新标识码\nSTBHHX,140225000005000001,140225000005900001\n",
    "approved": "批准文号,项目名称,批准年度,面积（公顷）\n晋政地〔2025〕1号,甲,2025,1.5\n晋政地〔2025〕2号,乙,2025,2\n",
    "windows": "登记时间,步骤,图层,要素（BSM）,窗内控制线图层,窗内要素,面积（m²）,依据文号,登记人,状态,中心经度,中心纬度\n2026-01-01 08:00:00,1,城镇开发边界（CZKFBJ）,140225000006000001,永久基本农田（YJJBNTBHTB）,140225000004000001,100.00,晋〔2026〕1号,甲,登记,113.7,39.7\n",
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


def call_reader(read: str | Callable[[Path], object], place: Path) -> int:
    """Run a reader on the folders in, out and side of a folder; return its exit code, of a command or of an error."""
    if isinstance(read, str):
        return main([word.format(**{name: place / name for name in ("in", "out", "side")}) for word in read.split()])
    try:
        read(place / "in")
    except SanxianError as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_RUN
    return EXIT_CLEAN


def run_command(*words: object) -> None:
    """Run a command that makes a file for others."""
    with redirect_stdout(StringIO()):
        main([str(word) for word in words])


@cache
def make_layers(*, has_errors: bool = False) -> Layers:
    """Return some layers of a county with few rows, of which one check takes a second.

    ``has_errors``: in each of `WRONG_ROLES` two rows reach over their neighbours.
    """
    made = make_county(300, defects=False)[0]
    layers = {role: made[role].copy() for role in ROLES}
    for role in WRONG_ROLES if has_errors else ():
        layers[role].loc[:1, "geometry"] = layers[role].geometry[:2].buffer(40)
    return layers


def write_each(suffix: str, driver: str, **options: str) -> Callable[[Path, Layers], None]:
    """Return a function that writes a file for each layer."""

    def write(folder: Path, layers: Layers) -> None:
        for role, frame in layers.items():
            frame = frame.to_crs(4490) if driver == "GeoJSON" else frame
            pyogrio.write_dataframe(frame, folder / f"{role}{suffix}", driver=driver, geometry_type="MultiPolygon", promote_to_multi=True, **options)  # fmt: skip

    return write


def write_base(folder: Path, layers: Layers | None = None) -> Path:
    write_geopackage(folder / "base.gpkg", layers or make_layers())
    return folder / "base.gpkg"


def write_sealed_lines(folder: Path) -> None:
    """Write the layers of a sealed edition that rules compare; no rule reads its other layers."""
    layers = make_layers()
    write_base(folder, {role: layers[role] for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ")})


def write_parquet(folder: Path, layers: Layers) -> None:
    for role, frame in layers.items():
        frame.to_parquet(folder / f"{role}.parquet")


def write_zip(folder: Path, layers: Layers) -> None:
    with TemporaryDirectory() as content:
        write_base(Path(content), layers)
        shutil.make_archive(str(folder / "成果"), "zip", content)


def write_side(folder: Path) -> None:
    """Write the files that commands need beside the damaged ones."""
    for write in (write_base, write_projects, write_list, write_rows("counties", ".csv")):
        write(folder)
    write_geopackage(folder / "former.gpkg", make_layers(has_errors=True))


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


def write_choices(folder: Path) -> None:
    """Write a work list that differs from the listed one, and the choices of its conflicts."""
    write_list(folder)
    run_command("worklist", "merge", folder / "清单.csv", folder / "清单.csv", "--conflicts", folder / "choices.csv")


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
#: Format of a plan → its files, and how they are written.
PLAN_FORMATS: dict[str, tuple[str, Callable[[Path, Layers], object]]] = {
    "gpkg": ("{in}/base.gpkg", write_base),
    "gdb": ("{in}/a.gdb", lambda folder, layers: write_gdb(folder / "a.gdb", layers)),
    "shp": ("{in}", lambda folder, layers: write_shapefiles(folder, "GBK", layers)),
    "geojson": ("{in}", write_each(".geojson", "GeoJSON")),
    "gml": ("{in}", write_each(".gml", "GML")),
    "fgb": ("{in}", write_each(".fgb", "FlatGeobuf")),
    "tab": ("{in}", write_each(".tab", "MapInfo File", encoding="UTF-8")),
    "kml": ("{in}", write_each(".kml", "KML")),
    "parquet": ("{in}", write_parquet),
    "zip": ("{in}/成果.zip", write_zip),
}
NORM = RunOptions(profile="hunyuan").resolve_norm()


def read_layers(source: str) -> Callable[[Path], object]:
    """Return a function that reads a plan, but checks nothing: many damages in the time of one check."""
    return lambda folder: read_plan(source.replace("{in}", str(folder)), NORM, RunOptions())


def write_county(write: Callable[[Path, Layers], object], *, has_errors: bool = False) -> Callable[[Path], object]:
    """Return a function that writes the layers of the county to a folder."""
    return lambda folder: write(folder, make_layers(has_errors=has_errors))


READERS = {
    **{name: Reader(check(source=source), write_county(write)) for name, (source, write) in PLAN_FORMATS.items()},
    **{f"{name}_wrong": Reader(check(source=source), write_county(write, has_errors=True)) for name, (source, write) in PLAN_FORMATS.items()},
    **{f"{name}_rows": Reader(read_layers(source), write_county(write)) for name, (source, write) in PLAN_FORMATS.items()},
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
    "parts": Reader("worklist merge {side}/清单.csv {in}/清单.csv --conflicts {out}/a.csv", write_list),
    "choices": Reader("worklist merge {side}/清单.csv {in}/清单.csv --choices {in}/choices.csv", write_choices),
    "yearly": Reader("yearly {side}/former.gpkg {in}/base.gpkg {out}/y --year 2025 --profile hunyuan", write_base),
    "cultivated": Reader("cultivated {side}/former.gpkg {in}/base.gpkg --year 2025 --profile hunyuan --xlsx {out}/a.xlsx --output {out}/a.gpkg", write_base),
    "approved": Reader("cultivated {side}/former.gpkg {side}/base.gpkg --year 2025 --profile hunyuan --approved {in}/approved.csv --xlsx {out}/a.xlsx", write_rows("approved", ".csv")),
    "boundary": Reader("boundary {in}/base.gpkg --profile hunyuan --output {out}/a.gpkg --xlsx {out}/a.xlsx --docx {out}/a.docx", write_base),
    "supplement": Reader("supplement {side}/base.gpkg --demand {in}/项目.gpkg --profile hunyuan --output {out}/a.gpkg --xlsx {out}/a.xlsx", write_projects),
    "statement": Reader("statement {in}/base.gpkg {side}/former.gpkg --profile hunyuan --docx {out}/a.docx --html {out}/a.html", write_base),
    "drafts": Reader("compare-drafts {side}/base.gpkg {side}/former.gpkg {in}/base.gpkg --profile hunyuan --xlsx {out}/a.xlsx --json {out}/a.json", write_county(write_base, has_errors=True)),
    "split": Reader("townships split {in}/base.gpkg --output {out}/包 --profile hunyuan", write_base),
    "template": Reader("tables {side}/base.gpkg --profile hunyuan --tables three_lines_use --template {in}/本单位.xlsx --filled {out}/a.xlsx", lambda folder: make_template(folder / "本单位.xlsx")),
    "windows": Reader(lambda folder: read_window_register(folder / "windows.csv"), write_rows("windows", ".csv")),
    "pasted": Reader(lambda folder: [read_pasted_targets(path.read_text("utf-8", "replace")) for path in folder.iterdir()], write_rows("targets", ".csv")),
    "batch": Reader("batch {side}/counties.csv --output {in}/b --dry-run", write_record),
    "docx_template": Reader(check("--docx {out}/r.docx --docx-template {in}/样式.docx"), lambda folder: docx.Document().save(folder / "样式.docx")),
}  # fmt: skip
