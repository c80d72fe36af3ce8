# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents of a tool as files (docx by the core, PDF by Qt), and drawings in SVG as pixels for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize
from qgis.PyQt.QtGui import QColor, QImage, QPainter
from qgis.PyQt.QtSvg import QSvgRenderer

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from ...core.files.writing import write_atomically
from ...core.render.document.blocks import Document
from ..running.threads import run_in_python_thread
from .pdf import write_pdf


@run_in_python_thread
def write_documents(
    make_document: Callable[[], Document], paths: list[str], cancellation: Cancellation = NEVER_CANCELLED
) -> None:
    """Write a document to each path: .docx or .pdf.

    ``make_document`` is called once, and only if there is a path. Raise OutputError, and Cancelled; existing files then
    remain.
    """
    from ...core.render.document.docx_writer import write_docx

    targets = [path for path in paths if path]
    document = make_document() if targets else None
    for target in targets:
        with write_atomically(target) as path:
            if Path(target).suffix.lower() == ".pdf":
                write_pdf(document, path, cancellation=cancellation)
            else:
                write_docx(document, path)
            cancellation.raise_if_cancelled()


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
