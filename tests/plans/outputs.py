# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden texts of all other outputs of the sample: what the commands print and write, without day and place.

`COMMANDS` describes the outputs: a line is a command, run as a user does, in an empty folder. Each written file has one
golden text: cells of workbooks as shown, paragraphs and cells of documents and pages, values of JSON, texts of tables,
rows and areas of layers, and the list of files. `python -m tests.county --golden` writes the texts again.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import tempfile
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import geopandas as gpd
import openpyxl
import pyogrio
import shapely

from plugin.core.__main__ import main
from plugin.core.cli.examples.package_facts import make_pdf
from plugin.metadata import read_plugin_version
from plugin.paths import SAMPLE_FOLDER
from tests.core.counties.gathering.county_packages import write_county_package, write_parent_documents
from tests.core.counties.townships.package_edits import list_keys, set_value

FOLDER = Path(__file__).resolve().parent / "golden" / "outputs"
#: Name → arguments. The folder of a run contains `made` (inputs) and a folder per command.
COMMANDS = {
    "check": "check {sample} --profile hunyuan"
    " --html {out}/report.html --docx {out}/report.docx --xlsx {out}/ledger.xlsx",
    "opinion": "conformity made/projects.geojson {sample} --profile hunyuan --output {out}/parts.gpkg"
    " --xlsx {out}/o.xlsx --docx {out}/o.docx --json {out}/o.json",
    "indicators": "indicators {sample} --profile hunyuan --xlsx {out}/i.xlsx --docx {out}/i.docx",
    "tables": "tables {sample} --profile hunyuan --year 2025 --baseline made/earlier.gpkg"
    " --output {out}/t.xlsx --docx {out}/t.docx",
    "adjustment": "adjustment made/earlier.gpkg {sample}/county.gpkg --profile hunyuan"
    " --xlsx {out}/a.xlsx --docx {out}/a.docx --json {out}/a.json",
    "evaluation": "evaluate 2021=made/earlier.gpkg 2024={sample}/county.gpkg --profile hunyuan"
    " --xlsx {out}/e.xlsx --docx {out}/e.docx --json {out}/e.json",
    "seams": "seams made/halves --profile hunyuan --output {out}",
    "townships": "townships split {sample}/county.gpkg --profile hunyuan --output {out}"
    " --targets {sample}/township_tasks.csv",
    "merge": "townships merge {sample}/county.gpkg 'townships/140225100 永安镇' --profile hunyuan"
    " --output {out}/m.gpkg --table {out}/m.xlsx",
    "yearly": "yearly made/earlier.gpkg {sample}/county.gpkg {out} --year 2025 --profile hunyuan",
    "package": "package {sample} {out} --profile hunyuan --documents made/documents --force",
    "gathering": "gather made/packages --output {out} --documents made/parent --area 140200 --force",
}
#: Projects: name, use, supply, rectangle (m from the south-west corner of the county), other fields.
PROJECTS = [
    ("城区住宅", "070102", "出让", (23200, 28600, 23600, 28900), {}),
    ("基本农田上的厂房", "100101", "出让", (17800, 51900, 18400, 52500), {}),
    ("获批的水库", "1701", "划拨", (18600, 51200, 19200, 51500), {"PZWH": "国批〔2025〕1号", "BHFA": "附补划方案"}),
    ("红线内风电", "1303", "划拨", (44000, 40000, 44500, 40500), {}),
    ("古城内商铺", "0901", "出让", (22900, 29100, 23300, 29500), {}),
    ("乡村道路", "1207", "划拨", (10000, 30000, 20000, 30012), {"SBMJ": 120_000}),
    ("县界上的库房", "1101", "出让", (-300, 20000, 300, 20400), {}),
    ("无用途的地块", None, None, (30000, 20000, 30300, 20300), {}),
]
#: Layers of the two halves of the county, whose seam is checked.
SEAM_ROLES = ("XZQX", "STBHHX", "YDYHGHFQ", "CZKFBJ")
#: Texts that depend on day, place and program, and what is stored for them.
VOLATILE = (
    (r"(<day>|\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)?", "<time>"),
    (r"\b(?=\d*[a-f])[0-9a-f]{12,}\b|([0-9A-F]{4} ){3}[0-9A-F]{4}|\bs[0-9a-f]{10}(\.[0-9a-f]{8,10})+", "<digest>"),
    (r"(?m)\d[\d\u2009\u202f ]*(?= B$| \| <digest>)", "<size>"),
    (r"(?m)^([A-Z]{3}\d{3} \| .* \| )\d+\.\d\d$", r"\1<seconds>"),
    (r"\b\d+(\.\d+)? (秒|seconds\b)", "<seconds>"),
)
#: Outputs of which only the name is stored: other work packages like the first one, and the report of a check.
NOT_READ = r"^townships/(?!140225100)|质量检查报告"
#: More rows of a list or layer than this are counted only; JSON up to this width stays in a line.
MAX_ROWS, MAX_WIDTH = 40, 160


def run_commands() -> dict[str, str]:
    """Return the texts of all outputs by name of their golden file."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        write_inputs(Path("made"))
        texts: dict[str, str] = {}
        for command, line in COMMANDS.items():
            printed, out = io.StringIO(), Path(command)
            if command != "townships":  # a split makes its folder
                out.mkdir()
            if command == "merge":
                (data,) = Path("townships").glob("140225100*/140225100.gpkg")
                set_value(data, "DLTB", list_keys(data, "DLTB")[0], "DLBM", "0102")
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                code = main([word.format(sample=SAMPLE_FOLDER, out=out) for word in shlex.split(line)])
            files = sorted(path for path in out.rglob("*") if is_output(path))
            listing = [path.relative_to(out).as_posix() for path in files]
            texts[command] = "\n".join([f"exit {code}", printed.getvalue(), *listing])
            for path in files:
                lines = [] if re.search(NOT_READ, path.as_posix()) else list(read_output(path))
                if lines:
                    texts["~".join([command, *path.relative_to(out).parts[-1:]])] = "\n".join(lines)
        return {name: remove_volatile(text) for name, text in texts.items()}


def write_inputs(folder: Path) -> None:
    """Write projects, an earlier edition, two halves of the county, documents, and packages of two counties."""
    folder.mkdir()
    layers = {
        role: pyogrio.read_dataframe(SAMPLE_FOLDER / "county.gpkg", layer=role)
        for role, _ in pyogrio.list_layers(SAMPLE_FOLDER / "county.gpkg")
    }
    west, south, east, north = layers["XZQX"].total_bounds
    rows = [
        {"XMMC": name, "YDYHFLDM": use, "GDFS": supply, **more, "geometry": shapely.box(*box)}
        for name, use, supply, box, more in PROJECTS
    ]
    projects = gpd.GeoDataFrame(rows, crs=4526).translate(west, south)
    gpd.GeoDataFrame(rows, geometry=projects, crs=4526).to_file(folder / "projects.geojson")
    earlier = {role: frame.copy() for role, frame in layers.items()}
    earlier["CZKFBJ"].geometry = earlier["CZKFBJ"].geometry.buffer(-20)
    earlier["YJJBNTBHTB"] = earlier["YJJBNTBHTB"].iloc[20:]
    earlier["STBHHX"] = earlier["STBHHX"].iloc[:-1]
    zones = earlier["YDYHGHFQ"]
    zones.loc[zones.index[zones["GHFQDM"] == "510"][:2], "GHFQDM"] = "520"
    write_layers(folder / "earlier.gpkg", earlier)
    (folder / "halves").mkdir()
    middle = (west + east) / 2
    # The eastern half lies 3 m further north, so that features jump at the common border.
    for code, name, box, move in (
        ("140224", "灵丘县", (middle, south, east, north), 3.0),
        ("140225", "浑源县", (west, south, middle, north), 0.0),
    ):
        half = {role: gpd.clip(layers[role].set_geometry(layers[role].make_valid()), box) for role in SEAM_ROLES}
        half["XZQX"] = half["XZQX"].assign(XZQDM=code, XZQMC=name)
        moved = {role: frame.set_geometry(frame.translate(0, move)) for role, frame in half.items()}
        write_layers(folder / "halves" / f"{code}{name}.gpkg", moved)
    documents = folder / "documents"
    documents.mkdir()
    (documents / "140225浑源县国土空间总体规划文本.pdf").write_bytes(make_pdf())
    write_parent_documents(folder / "parent", "140200", "大同市")
    for code, name, degrees in (("140224", "灵丘县", 0.7), ("140225", "浑源县", 0.0)):
        write_county_package(folder / "packages", code, name, degrees)


def write_layers(path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    """Write layers into a GeoPackage."""
    for role, frame in layers.items():
        pyogrio.write_dataframe(frame, path, layer=role, append=path.exists())


def is_output(path: Path) -> bool:
    """Return True for a file or a file geodatabase, not for what is in one."""
    return (path.is_file() or path.suffix == ".gdb") and not any(one.suffix == ".gdb" for one in path.parents)


def read_output(path: Path) -> Iterator[str]:
    """Return the lines of a file's golden text."""
    if path.suffix == ".xlsx":
        for sheet in openpyxl.load_workbook(path):
            yield f"[{sheet.title}]"
            yield from filter(None, (join_cells(show_cell(cell) for cell in row) for row in sheet.iter_rows()))
    elif path.suffix == ".docx":
        with ZipFile(path) as file:
            yield from read_markup(file.read("word/document.xml").decode(), "w:tc", "w:tr|w:p")
    elif path.suffix in (".html", ".svg"):
        yield from read_markup(path.read_text(encoding="utf-8"), "td|th", "tr|p|h\\d|li|div|text|title|dt|dd|option")
    elif path.suffix == ".json":
        yield from format_json(json.loads(path.read_text(encoding="utf-8")))
    elif path.suffix in (".gpkg", ".gdb", ".geojson", ".shp"):
        for name, _ in sorted(pyogrio.list_layers(path).tolist()):
            if name != "layer_styles":
                yield from read_layer(path, name)
    elif path.suffix in (".csv", ".txt", ".xml"):
        yield from path.read_text(encoding="utf-8-sig").splitlines()


def show_cell(cell: Any) -> str:
    """Return a cell as a spreadsheet shows it: figures below 1 have the format after the semicolon."""
    if not isinstance(cell.value, float):
        return "" if cell.value is None else str(cell.value)
    first, _, other = cell.number_format.removeprefix("[>=1]").partition(";")
    used = other if cell.number_format.startswith("[>=1]") and cell.value < 1 else first
    return f"{cell.value:.{len(used.partition('.')[2])}f}"


def join_cells(cells: Any) -> str:
    return " | ".join(" ".join(cell.split()) for cell in cells).rstrip(" |")


def read_markup(text: str, cells: str, lines: str) -> Iterator[str]:
    """Return the texts of a page or document, a line per row or paragraph."""
    text = re.sub(r"(?s)<(script|style)\b.*?</\1>|<!--.*?-->", "", text)
    text = re.sub(rf"(?s)<({cells})\b.*?</\1>", lambda m: re.sub(rf"</({lines})>", " ", m[0]) + " | ", text)
    text = re.sub(rf"</({lines})>|<br ?/?>|<w:br ?/>", "\n", re.sub(r"[\r\n]+", " ", text))
    for line in unescape(re.sub(r"<[^>]+>", "", text)).split("\n"):
        if joined := join_cells(line.split("|")):
            yield joined


def format_json(value: Any, indent: str = "", key: str = "") -> Iterator[str]:
    """Return JSON as lines: short values in one line, numbers with nine digits, shapes as extents."""
    line = f"{indent}{key}{json.dumps(shorten(value), ensure_ascii=False)}"
    if len(line) <= MAX_WIDTH or not isinstance(value, dict | list):
        yield line
        return
    yield f"{indent}{key}{len(value) if isinstance(value, list) else ''}:"
    items = value.items() if isinstance(value, dict) else (("-", one) for one in value[:MAX_ROWS])
    for name, one in items:
        yield from format_json(one, indent + " ", f"{name} ")


def shorten(value: Any) -> Any:
    """Return a JSON value with rounded numbers and extents for shapes."""
    if isinstance(value, float):
        return float(f"{round(value, 6):.9g}") + 0.0
    if isinstance(value, str) and re.match(r"(MULTI)?(POINT|LINESTRING|POLYGON)\b", value):
        return " ".join(f"{one:.2f}" for one in shapely.from_wkt(value).bounds)
    if isinstance(value, dict):
        return {key: shorten(one) for key, one in value.items()}
    return [shorten(one) for one in value] if isinstance(value, list) else value


def read_layer(path: Path, name: str) -> Iterator[str]:
    """Return number of rows, area and columns of a layer; its rows if they are few."""
    frame = pyogrio.read_dataframe(path, layer=name)
    area = f", {frame.to_crs(4526).area.sum():.2f}" if isinstance(frame, gpd.GeoDataFrame) else ""
    yield f"[{name}] {len(frame)} rows{area}"
    if len(frame) <= MAX_ROWS and path.stem in ("parts", "seams"):
        cells = frame.drop(columns="geometry", errors="ignore")
        yield join_cells(cells.columns)
        yield from (join_cells(map(str, map(shorten, row))) for row in cells.itertuples(index=False))


def remove_volatile(text: str) -> str:
    """Return a text without what depends on day, place and program."""
    today = date.today()
    for known, name in (
        (str(SAMPLE_FOLDER), "<sample>"),
        (f"{today.year} 年 {today.month} 月 {today.day} 日", "<day>"),
        (f"{today.year}年{today.month}月{today.day}日", "<day>"),
        (f"{today:%Y-%m-%d}", "<day>"),
        (f"{today:%Y%m%d}", "<day>"),
        (read_plugin_version(), "<version>"),
    ):
        text = text.replace(known, name)
    for pattern, name in VOLATILE:
        text = re.sub(pattern, name, text)
    return text.rstrip() + "\n"


def write_goldens() -> None:
    """Write the golden texts anew; delete those of outputs that are gone."""
    texts = run_commands()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for name, text in texts.items():
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")


def read_goldens() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
