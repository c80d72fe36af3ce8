# SPDX-License-Identifier: GPL-2.0-or-later
"""Export of layouts to jpg and pdf, page by page, on the main thread.

QGIS prints layouts on the main thread only. The files contain no data of user or machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qgis.core import Qgis, QgsLayoutExporter, QgsLayoutItemLegend, QgsPrintLayout, QgsVectorLayer
from qgis.PyQt.QtCore import QRectF, QSignalBlocker, QSize
from qgis.PyQt.QtGui import QImage, QImageWriter

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation
from ...core.base.errors import OutputError
from ...core.base.files.document_text import make_document_text
from . import frame, legend

_XMP_PACKET_PATTERN = re.compile(rb"<\?xpacket begin=.*?<\?xpacket end='?\"?w'?\"?\?>", re.DOTALL)
_INFO_PATTERN = re.compile(rb"/Info\s+(\d+)\s+(\d+)\s+R")

JPG_FORMAT, PDF_FORMAT = "jpg", "pdf"
MAP_FILE_FORMATS = (JPG_FORMAT, PDF_FORMAT)
#: Maps of a lower resolution are not accepted.
MIN_DPI = 300
_JPG_QUALITY = 92


def blank_pdf_metadata(data: bytes, title: str) -> bytes:
    """Return a PDF file with blanked metadata of user and machine.

    The Info dictionary and the XMP packet are replaced by texts of the same length, so that offsets in the file remain
    valid; they contain ``title`` if it fits. The drawing is unchanged.
    """
    title, blanked_data = make_document_text(title), bytearray(data)
    for match in _XMP_PACKET_PATTERN.finditer(data):
        byte_count = match.end() - match.start()
        head = b"<?xpacket begin='' ?>"
        packet_end = b"<?xpacket end='w'?>"
        escaped = title.replace("&", "&amp;").replace("<", "&lt;").encode("utf-8")
        body = (
            b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>'
            b'<rdf:li xml:lang="x-default">' + escaped + b"</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>"
            b"</x:xmpmeta>"
        )
        if len(head) + len(body) + len(packet_end) > byte_count:
            body = b""
        blanked_data[match.start() : match.end()] = (
            head + body.ljust(byte_count - len(head) - len(packet_end), b" ") + packet_end
        )
    for number, generation in set(_INFO_PATTERN.findall(data)):
        for match in re.compile(rb"(?<!\d)" + number + rb"\s+" + generation + rb"\s+obj\b").finditer(data):
            end = data.index(b"endobj", match.end())
            blanked_data[match.end() : end] = _make_info_dictionary(title, end - match.end())
    return bytes(blanked_data)


def _make_info_dictionary(title: str, byte_count: int) -> bytes:
    producer_entry = b"/Producer (QGIS)"
    text = b"/Title <" + (b"\xfe\xff" + title.encode("utf-16-be")).hex().encode("ascii") + b">"
    choices = (
        b"\n<<\n" + text + b"\n" + producer_entry + b"\n>>\n",
        b"\n<<" + producer_entry + b">>\n",
        b"\n<<>>\n",
    )
    return next((inside for inside in choices if len(inside) <= byte_count), b"").ljust(byte_count, b" ")


@dataclass(frozen=True)
class LayoutPage:
    """One page of a layout to export.

    ``atlas_index``: index of the township in the atlas (-1 for a layout without atlas); ``file_stem``: file name
    without suffix; ``document_title``: title in the metadata.
    """

    atlas_index: int
    file_stem: str
    document_title: str


def write_page(
    layout: QgsPrintLayout,
    page: LayoutPage,
    folder: Path,
    *,
    formats: tuple[str, ...] = MAP_FILE_FORMATS,
    dpi: float = MIN_DPI,
    writes_world_file: bool = False,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> list[str]:
    """Write one page of a layout in all formats; return the names of the files.

    ``writes_world_file``: also write a world file (.jgw) for the jpg, in the CRS of the maps. Raise Cancelled
    between two files, and OutputError if QGIS cannot write a file.
    """
    show_atlas_page(layout, page)
    written_names = []
    with _keep_layers_opaque(layout):
        for kind in formats:
            cancellation.raise_if_cancelled()
            target = folder / f"{page.file_stem}.{kind}"
            if kind == JPG_FORMAT:
                image = QgsLayoutExporter(layout).renderPageToImage(0, QSize(), dpi)
                if image.isNull():
                    raise OutputError("map_too_large", target=target.name, dpi=round(dpi))
                flat = image.convertToFormat(QImage.Format.Format_RGB888)
                del image
                for key in flat.textKeys():
                    flat.setText(key, "")
                dots = round(dpi * 1000 / 25.4)
                flat.setDotsPerMeterX(dots)
                flat.setDotsPerMeterY(dots)
                writer = QImageWriter(str(target), b"jpg")
                writer.setQuality(_JPG_QUALITY)
                if not writer.write(flat):
                    raise OutputError("output_unwritable", target=str(target), detail="refused")
                if writes_world_file:
                    item = layout.itemById(frame.MAP_ITEM_ID)
                    extent, box = item.extent(), QRectF(item.pos(), item.rect().size())
                    metres = extent.width() / box.width()
                    west, north = extent.xMinimum() - box.left() * metres, extent.yMaximum() + box.top() * metres
                    step = 25.4 / dpi * metres
                    values = (step, 0.0, 0.0, -step, west + step / 2, north - step / 2)
                    world_file = target.with_suffix(".jgw")
                    world_file.write_text("".join(f"{value:.10f}\n" for value in values), encoding="ascii")
                    written_names.append(world_file.name)
            else:
                _write_pdf(layout, target, dpi, page.document_title)
            written_names.append(target.name)
    return written_names


def show_atlas_page(layout: QgsPrintLayout, page: LayoutPage) -> None:
    """Set the atlas of a layout to the township of a page, and show only legend entries that are on this page."""
    township, crs = None, None
    if page.atlas_index >= 0:
        layout.atlas().seekTo(page.atlas_index)
        township, crs = layout.reportContext().feature().geometry(), layout.atlas().coverageLayer().crs()
    layout.refresh()
    for one in layout.items():
        if isinstance(one, QgsLayoutItemLegend):
            legend.filter_and_fit_legend(one, township, crs)


def iterate_atlas_pages(layout: QgsPrintLayout) -> Iterator[tuple[int, str]]:
    """Yield number and name of each page of an atlas that is being rendered."""
    atlas = layout.atlas()
    for number in range(atlas.updateFeatures()):
        yield number, atlas.nameForPage(number)


@contextmanager
def keep_atlas_rendering(layout: QgsPrintLayout) -> Iterator[None]:
    """Keep a layout's atlas in rendering state while the ``with`` block runs."""
    layout.atlas().beginRender()
    try:
        yield
    finally:
        layout.atlas().endRender()


def _write_pdf(layout: QgsPrintLayout, target: Path, dpi: float, title: str) -> None:
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = dpi
    settings.exportMetadata = False
    settings.appendGeoreference = False
    settings.writeGeoPdf = False
    # Outlines instead of text: a printer's machine lacks the planner's fonts.
    settings.textRenderFormat = Qgis.TextRenderFormat.AlwaysOutlines
    result = QgsLayoutExporter(layout).exportToPdf(str(target), settings)
    if result == QgsLayoutExporter.ExportResult.MemoryError:
        raise OutputError("map_too_large", target=target.name, dpi=round(dpi))
    if result != QgsLayoutExporter.ExportResult.Success:
        raise OutputError("output_unwritable", target=str(target), detail="refused")
    target.write_bytes(blank_pdf_metadata(target.read_bytes(), title))


@contextmanager
def _keep_layers_opaque(layout: QgsPrintLayout) -> Iterator[None]:
    """Make all layers opaque while a page is rendered.

    A legend paints its colours with the layer's opacity in the layer tree. No signal is emitted, and the map's style
    has the intended opacity.
    """
    legends = [one for one in layout.items() if isinstance(one, QgsLayoutItemLegend)]
    layers = [node.layer() for one in legends for node in one.model().rootGroup().findLayers()]
    pale = {layer: layer.opacity() for layer in layers if isinstance(layer, QgsVectorLayer) and layer.opacity() < 1}
    try:
        for layer in pale:
            with QSignalBlocker(layer):
                layer.setOpacity(1.0)
        yield
    finally:
        for layer, opacity in pale.items():
            with QSignalBlocker(layer):
                layer.setOpacity(opacity)
