# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheet of all symbols in colour, in simulated colour blindness, and in grey.

tools/run.sh python tools/symbol_sheet.py [folder] writes symbols.pdf and symbols-1.png … (default build/)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsFeature,
    QgsGeometry,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QMarginsF, QPointF, QRectF, QSizeF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QImage, QPageSize, QPainter, QPdfWriter, QPen

from plugin.bridge.layers import painting, styles
from plugin.core.base.files.data import read_toml
from plugin.core.standard import list_standard_ids, load_standard
from plugin.paths import STYLES_FOLDER

ROOT = Path(__file__).resolve().parent.parent
#: File of resources/styles → heading, in the sheet's order. findings and land use have separate sections.
HEADINGS_BY_STYLE = {
    "symbols": "三条控制线、行政区、规划分区",
    "limits": "范围与其他控制线",
    "heritage": "历史文化",
    "nature": "自然、水、农业与双评价",
    "town": "中心城区、设施与项目",
}
DPI = 220
PAGE_SIZE_MM = (297.0, 420.0)
MARGIN, COLUMNS, ROW, HEAD = 11.0, 2, 12.2, 7.0
CELL_SIZE_MM = (23.0, 10.4)
SHAPES = {
    "polygon": "Polygon((120 84, 198 75, 208 46, 196 24, 92 17, 30 26, 26 62, 62 80, 120 84))",
    "line": "LineString(8 20, 60 70, 110 34, 160 66, 222 28)",
    "point": "MultiPoint((55 48), (115 48), (175 48))",
}
BACKGROUND_LINES = ("LineString(0 62, 70 50, 140 57, 230 44)", "LineString(84 0, 97 96)", "LineString(160 0, 152 96)")
# Deuteranopia after Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
BLINDNESS_MATRIX = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
LUMINANCE_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def simulate_vision(image, vision):
    """Return an image as it is, as colour-blind people see it, or as a printer prints it in grey.

    ``vision``: ``colour``, ``blind`` or ``grey``.
    """
    if vision == "colour":
        return image
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    raw = image.constBits()
    raw.setsize(image.sizeInBytes())
    pixels = np.frombuffer(bytes(raw), np.uint8).reshape(image.height(), image.width(), 4) / 255.0
    light = np.where(pixels[..., :3] <= 0.04045, pixels[..., :3] / 12.92, ((pixels[..., :3] + 0.055) / 1.055) ** 2.4)
    light = (
        light @ BLINDNESS_MATRIX.T
        if vision == "blind"
        else np.repeat((light @ LUMINANCE_WEIGHTS)[..., None], 3, axis=2)
    )
    light = np.clip(light, 0.0, 1.0)
    done = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    out = np.dstack([np.round(done * 255), np.full(done.shape[:2], 255)]).astype(np.uint8)
    return QImage(out.tobytes(), image.width(), image.height(), QImage.Format.Format_RGBA8888).copy()


def make_sample_layer(geometry, shapes, fields=""):
    """Return a layer in memory with these shapes (WKT).

    ``fields``: further text of the layer's definition.
    """
    layer = QgsVectorLayer(f"{geometry}?crs=EPSG:4526{fields}", "sheet", "memory")
    for wkt in shapes:
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    return layer


def draw_symbol_cell(renderer, geometry, opacity=1.0):
    """Return a cell of the sheet with a symbol at 1:10 000 over faint parcels."""
    layer = make_sample_layer(
        {"polygon": "Polygon", "line": "LineString", "point": "MultiPoint"}[geometry], [SHAPES[geometry]]
    )
    layer.setRenderer(renderer.clone())
    layer.setOpacity(opacity)
    ground = make_sample_layer("LineString", BACKGROUND_LINES)
    ground.renderer().symbol().setColor(QColor("#D8D2BE"))
    width, height = (round(mm / 25.4 * DPI) for mm in CELL_SIZE_MM)
    sheet = painting.ImageFrame((0.0, 0.0, 230.0, 104.0), width, height, CELL_SIZE_MM[0])
    return painting.draw_layers(sheet, [layer, ground], layer.crs())


def read_role_names():
    """Return the Chinese name of each role, from the templates of every standard."""
    found = {"findings": "问题"}
    for one in list_standard_ids():
        for role, template in load_standard(one).templates.items():
            found.setdefault(role, template.name)
    return found


def list_symbols():
    """Return (heading, rows) of all symbols.

    A row is (code, name, description, renderer, geometry).
    """
    table, named, found = styles.read_style_table(), read_role_names(), []
    for stem, heading in HEADINGS_BY_STYLE.items():
        rows = []
        for role, spec in read_toml(STYLES_FOLDER / f"{stem}.toml")["layers"].items():
            if "land_use" not in spec:
                rows += _list_symbol_rows(role, spec, named, table)
        found.append((heading, rows))
    rows = []
    for geometry, word in (("polygon", "面"), ("line", "线"), ("point", "点")):
        style_name = f"default_{geometry}"
        rows.append(
            (style_name, f"其他图层（{word}）", "没有专门符号的图层", copy_renderer(style_name, geometry), geometry)
        )
    found.append(("默认", rows))
    found.append(("问题", _list_symbol_rows("findings", {}, named, table)))
    return found


def copy_renderer(style_name, geometry):
    """Return a copy of a style's renderer; the original is deleted with its layer."""
    layer = make_sample_layer(
        {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "MultiPoint"}[geometry], []
    )
    layer.loadNamedStyle(str(STYLES_FOLDER / f"{style_name}.qml"))
    return layer.renderer().clone()


def _list_symbol_rows(role, spec, named, table):
    """Return the rows of one role for `list_symbols`: one for each class of its style.

    ``named``: role → Chinese name; ``table``: all tables of the style files.
    """
    geometry = spec.get("geometry", "polygon")
    renderer = copy_renderer(role, geometry)
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        also = " ".join(("", *spec.get("also", ())))
        parts = table["symbols"][spec["symbol"]] if "symbol" in spec else spec
        return [(role + also, named.get(role, role), describe_symbol(parts), renderer, geometry)]
    rows = []
    for number, category in enumerate(renderer.categories()):
        words = ""
        if role != "findings":
            words = describe_symbol(table["symbols"][spec["classes"][number]["symbol"]])
        single = QgsSingleSymbolRenderer(category.symbol().clone())
        rows.append((role, f"{named.get(role, role)} · {category.label()}", words, single, geometry))
    return rows


def describe_symbol(parts):
    """Return a Chinese description of a symbol from its table."""
    words = []
    if "fill" in parts:
        words.append(f"底 {parts['fill']}")
    for one in (*parts.get("lines", ()), *([parts["line"]] if "line" in parts else [])):
        dash = "-".join(f"{v:g}" for v in one["dash"]) if one.get("dash") else "实线"
        words.append(f"线 {one['color']} {one['width']:g} {dash}")
    for one in parts.get("hatch", ()):
        kind = {0: "横线", 90: "竖线"}.get(one["angle"] % 180, f"斜线 {one['angle']}°")
        words.append(f"{kind}{'（短划）' if one.get('dash') else ''} 间距 {one['distance']:g}")
    shapes = {
        "circle": "圆点", "square": "方块", "diamond": "菱形", "triangle": "三角", "pentagon": "五边形", "hexagon": "六边形",  # noqa: E501 - a table
        "star": "星形", "shield": "盾形", "cross": "十字", "cross2": "叉", "arrow": "箭头", "line": "短竖",
    }  # fmt: skip
    if "dots" in parts:
        one = parts["dots"]
        words.append(
            f"{'空心' if 'hollow' in one else ''}{shapes[one.get('shape', 'circle')]} 间距 {one['distance']:g}"
        )
    if "teeth" in parts:
        words.append(f"内侧短齿 {parts['teeth']['length']:g}")
    for one in parts.get("on_line", ()):
        what = f"“{one['text']}”" if "text" in one else shapes[one.get("shape", "circle")]
        words.append(f"线上{what}，间距 {one['interval']:g}")
    if "badge" in parts:
        one = parts["badge"]
        words.append(f"{shapes[one['shape']]} {one['size']:g}" + (f"，内字“{one['text']}”" if "text" in one else ""))
    return "；".join(words)


class SheetWriter:
    """Writes the pages of the sheet to the PDF and as pictures; lengths in mm."""

    def __init__(self, folder):
        self.folder, self.number = folder, 0
        self.writer = QPdfWriter(str(folder / "symbols.pdf"))
        self.writer.setPageSize(QPageSize(QSizeF(*PAGE_SIZE_MM), QPageSize.Unit.Millimeter))
        self.writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        self.writer.setResolution(DPI)
        self.writer.setTitle("推荐符号 三区三线规划助手")
        self.paper = None
        self.painters = []
        self.column = self.top = 0
        self.y = PAGE_SIZE_MM[1]

    def begin_page(self):
        """Save the current page, if any, and begin the next one."""
        if self.number:
            self.save_page()
            self.writer.newPage()
        else:
            self.pdf = QPainter(self.writer)
        self.number += 1
        self.paper = QImage(*(round(mm / 25.4 * DPI) for mm in PAGE_SIZE_MM), QImage.Format.Format_RGB32)
        self.paper.setDotsPerMeterX(round(DPI / 0.0254))
        self.paper.setDotsPerMeterY(round(DPI / 0.0254))
        self.paper.fill(QColor("#FFFFFF"))
        self.raster = QPainter(self.paper)
        self.painters = [self.pdf, self.raster]
        for painter in self.painters:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self.column, self.top, self.y = 0, MARGIN, MARGIN
        if self.number == 1:
            self.draw_title()

    def draw_title(self):
        """Draw title and introduction on the first page."""
        self.draw_text(MARGIN, self.y, 250, 10, "推荐符号　三区三线规划助手", 7.0, True)
        note = (
            "每个图层靠线型、填充纹理、粗细和线上的字识别，颜色只作辅助：红绿色盲和黑白打印下仍可分辨。白边只给问题使用。"
            "\n全部是本插件的建议（来源级别 C，未找到官方符号，可整套替换）；用地色值为制图规范附录 B "
            "的引用值（来源级别 B）。长度单位毫米，按 1:10 000 绘制。"
        )
        self.draw_text(MARGIN, self.y + 9.5, 275, 10, note, 3.0)
        self.top = self.y = self.y + 21

    def save_page(self):
        """Save the current page as a picture."""
        self.raster.end()
        self.paper.save(str(self.folder / f"symbols-{self.number}.png"))

    def finish_sheet(self):
        """Save the last page and close the PDF."""
        self.save_page()
        self.pdf.end()

    @property
    def column_width(self):
        """Return the width of a column in mm."""
        return (PAGE_SIZE_MM[0] - 2 * MARGIN - (COLUMNS - 1) * 6) / COLUMNS

    @property
    def column_left(self):
        """Return the distance of the current column from the left edge of the page in mm."""
        return MARGIN + self.column * (self.column_width + 6)

    def reserve_height(self, height):
        """Begin the next column or page unless the current column has this height (mm) left."""
        if self.y + height <= PAGE_SIZE_MM[1] - MARGIN:
            return
        if self.number and self.column + 1 < COLUMNS:
            self.column, self.y = self.column + 1, self.top
        else:
            self.begin_page()

    def draw_text(self, x, y, width, height, words, size, bold=False, color="#1A1A1A"):
        """Draw words in a box (mm) on PDF and picture; ``size``: height of the letters in mm."""
        for painter in self.painters:
            font = QFont()
            font.setFamilies(list(painting.FONT_FAMILIES))
            font.setPixelSize(round(size / 25.4 * DPI))
            font.setBold(bold)
            painter.setFont(font)
            painter.setPen(QColor(color))
            box = QRectF(*(mm / 25.4 * DPI for mm in (x, y, width, height)))
            painter.drawText(box, int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft), words)

    def draw_image(self, x, y, image):
        """Draw an image with a thin frame, its upper left corner at (x, y) in mm."""
        for painter in self.painters:
            box = QRectF(*(mm / 25.4 * DPI for mm in (x, y, *CELL_SIZE_MM)))
            painter.drawImage(box, image)
            painter.setPen(QPen(QColor("#C4C4C4"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)

    def draw_line(self, y, strong):
        """Draw a line across the current column at the height y (mm)."""
        for painter in self.painters:
            painter.setPen(QPen(QColor("#222222" if strong else "#DDDDDD"), 0.35 / 25.4 * DPI if strong else 1))
            a, b = (
                QPointF(self.column_left, y) / 25.4 * DPI,
                QPointF(self.column_left + self.column_width, y) / 25.4 * DPI,
            )
            painter.drawLine(a, b)

    def draw_heading(self, words):
        """Draw the heading of a section and the titles of the three images in each row."""
        self.reserve_height(HEAD + 5 + ROW)
        self.y += 1.5
        self.draw_text(self.column_left, self.y, self.column_width, HEAD, words, 4.0, True)
        self.y += HEAD - 0.8
        self.draw_line(self.y, True)
        for n, word in enumerate(("彩色", "红绿色盲模拟", "灰度打印")):
            self.draw_text(
                self.column_left + n * (CELL_SIZE_MM[0] + 1.2),
                self.y + 0.5,
                CELL_SIZE_MM[0],
                4,
                word,
                2.4,
                color="#5C5C5C",
            )
        self.y += 4.4

    def draw_symbol_row(self, code, name, words, renderer, geometry):
        """Draw one symbol in colour, as colour-blind people see it and in grey, with name, code and description."""
        self.reserve_height(ROW)
        image = draw_symbol_cell(renderer, geometry)
        for n, how in enumerate(("colour", "blind", "grey")):
            self.draw_image(self.column_left + n * (CELL_SIZE_MM[0] + 1.2), self.y + 0.8, simulate_vision(image, how))
        left = self.column_left + 3 * (CELL_SIZE_MM[0] + 1.2) + 0.8
        width = self.column_left + self.column_width - left
        self.draw_text(left, self.y + 0.4, width, 4, name, 2.9, True)
        self.draw_text(left, self.y + 4.1, width, 3.4, code, 2.2, color="#5C5C5C")
        self.draw_text(left, self.y + 6.9, width, 5, words, 1.85, color="#333333")
        self.y += ROW
        self.draw_line(self.y, False)

    def draw_swatches(self, heading, rows):
        """Draw the colours of land use beside their grey, three in a line.

        ``rows``: (label, colour) of each.
        """
        each = self.column_width / 3
        self.reserve_height(HEAD + 12)
        self.y += 1.5
        self.draw_text(self.column_left, self.y, self.column_width, HEAD, heading, 4.0, True)
        self.y += HEAD - 0.8
        self.draw_line(self.y, True)
        self.y += 1.5
        for start in range(0, len(rows), 3):
            self.reserve_height(8.4)
            for n, (label, fill) in enumerate(rows[start : start + 3]):
                x = self.column_left + n * each
                for k, how in enumerate(("colour", "grey")):
                    patch = QImage(8, 8, QImage.Format.Format_RGB32)
                    patch.fill(QColor(fill))
                    for painter in self.painters:
                        box = QRectF(*(mm / 25.4 * DPI for mm in (x + k * 6.5, self.y, 6.5, 6.5)))
                        painter.drawImage(box, simulate_vision(patch, how))
                        painter.setPen(QPen(QColor("#8C8C84"), 1))
                        painter.drawRect(box)
                self.draw_text(x + 14, self.y, each - 14, 4, label, 2.5, True)
                self.draw_text(x + 14, self.y + 3.6, each - 14, 4, fill, 2.2, color="#5C5C5C")
            self.y += 8.4


def write_sheet(folder):
    """Write the sheet to a folder; return the number of its pages."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = SheetWriter(folder)
    for heading, rows in list_symbols():
        pages.draw_heading(heading)
        for row in rows:
            pages.draw_symbol_row(*row)
    colors = styles.read_style_table()["land_use"]["colors"]
    pages.draw_swatches("用地用海分类（B）", [(f"{code} {name}", fill) for code, (name, fill) in colors.items()])
    pages.finish_sheet()
    return pages.number


if __name__ == "__main__":
    application = QgsApplication([], True)
    application.initQgis()
    where = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SANXIAN_BUILD", ROOT / "build"))
    count = write_sheet(where)
    print(f"{where / 'symbols.pdf'}（{count} 页 · pages）")
    application.exitQgis()
