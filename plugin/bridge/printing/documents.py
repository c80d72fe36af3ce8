# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents of a tool as files (docx by the core, PDF by Qt), and drawings in SVG as pixels for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize
from qgis.PyQt.QtGui import QColor, QImage, QPainter
from qgis.PyQt.QtSvg import QSvgRenderer

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation
from ...core.base.files.writing import write_files, write_text
from ...core.render.document.blocks import Document
from ..running.threads import run_in_python_thread
from .pdf import write_pdf


@run_in_python_thread
def write_documents(
    make_document: Callable[[], Document],
    paths: list[str],
    cancellation: Cancellation = NEVER_CANCELLED,
    others: Iterable[tuple[str, Callable[[Path], object]]] = (),
) -> None:
    """Write a document to each path, .docx, .pdf or .html, and ``others`` (see `write_files`).

    ``make_document`` is called once, and only if there is a path. Raise OutputError as
    `write_files`, and Cancelled; existing files then remain.
    """
    from ...core.render.document.docx_writer import write_docx
    from ...core.render.document.page_html import render_document_page

    document = make_document() if any(paths) else None

    def write(path: Path) -> None:
        if path.suffix.lower() == ".pdf":
            write_pdf(document, path, cancellation=cancellation)
        elif path.suffix.lower() == ".html":
            write_text(path, render_document_page(document))
        else:
            write_docx(document, path)

    write_files([*others, *((target, write) for target in paths)], cancellation)


def render_svg(svg: str, width_px: int) -> bytes:
    """Return a drawing on white as a PNG ``width_px`` wide. May run in any thread."""
    renderer = QSvgRenderer(QByteArray(svg.encode("utf-8")))
    size = renderer.viewBoxF().size()
    image = QImage(QSize(width_px, round(width_px * size.height() / size.width())), QImage.Format.Format_RGB32)
    image.fill(QColor("#FFFFFF"))
    painter = QPainter(image)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        renderer.render(painter, QRectF(0, 0, image.width(), image.height()))
    finally:
        painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data())
