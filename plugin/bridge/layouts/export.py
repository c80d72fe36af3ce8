# SPDX-License-Identifier: GPL-2.0-or-later
"""Export of maps: pages of layouts as jpg and pdf without data of user and machine, and runs over many maps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsExpressionContextUtils,
    QgsLayoutExporter,
    QgsLayoutItemLegend,
    QgsPrintLayout,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QRectF, QSignalBlocker, QSize
from qgis.PyQt.QtGui import QImage, QImageWriter

from ...core.base.errors import NEVER_CANCELLED, Cancellation, OutputError, ProgressCallback
from ...core.base.files.document_text import make_document_text
from ...core.base.files.writing import write_atomically
from ...core.standard.map_set import MapSpec, MissingMapReason, PageSize, expand_concepts_to_roles
from ...core.standard.messages.texts import Message
from ...core.standard.profile.profile_data import load_secrecy_levels
from . import frame, legend, saved_layouts
from .build import APPROVAL_VARIABLE, LayoutBuilder, make_document_variables
from .map_layers import TOWNSHIPS_CONCEPT
from .public_maps import NotPublic, PublicMaps, require_no_world_file

_XMP_PACKET_PATTERN = re.compile(rb"<\?xpacket begin=.*?<\?xpacket end='?\"?w'?\"?\?>", re.DOTALL)
_INFO_PATTERN = re.compile(rb"/Info\s+(\d+)\s+(\d+)\s+R")
#: The identifier of a file in its trailer, a text of hexadecimal digits.
_FILE_ID_PATTERN = re.compile(rb"/ID\s*\[\s*<([0-9A-Fa-f]+)>")

JPG_FORMAT, PDF_FORMAT = "jpg", "pdf"
MAP_FILE_FORMATS = (JPG_FORMAT, PDF_FORMAT)
#: Maps of a lower resolution are not accepted.
MIN_DPI = 300
_JPG_QUALITY = 92


def blank_pdf_metadata(data: bytes, title: str) -> bytes:
    """Return a PDF file with blanked metadata of user and machine.

    The Info dictionary and the XMP packet are replaced by texts of the same length, so that offsets in the file remain
    valid; they contain ``title`` if it fits. The drawing is unchanged. The identifier that Qt 6 draws at random becomes
    a digest of the content, so that the same map gives the same file.
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
    blanked = bytes(blanked_data)
    if found := _FILE_ID_PATTERN.search(blanked):
        digest = hashlib.sha256(blanked.replace(found[1], b"")).hexdigest().encode("ascii")
        blanked = blanked.replace(found[1], digest.ljust(len(found[1]), b"0")[: len(found[1])])
    return blanked


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


@dataclass(frozen=True)
class MapExportOrder:
    """Which maps to export, where and how.

    ``maps``: definitions of the maps; ``page_size``: page size; ``formats``: jpg, pdf; ``adds_township_pages``: add a
    page for each township to every map that has such pages; ``writes_world_file``: write world files.
    """

    maps: tuple[MapSpec, ...]
    page_size: PageSize
    target_folder: Path
    formats: tuple[str, ...] = MAP_FILE_FORMATS
    dpi: float = MIN_DPI
    adds_township_pages: bool = False
    writes_world_file: bool = False
    #: Makes the maps public; None: the maps are complete.
    public: PublicMaps | None = None


@dataclass
class MapExportOutcome:
    """Result of an export of maps.

    ``written_files``: paths in the order in which they were written; ``not_made``: (map, reason why it was not made);
    ``used_project_layout_names``: names of the project's saved layouts that were exported; ``notes``: messages on
    lowered secrecy levels and missing map approval numbers.
    """

    written_files: list[Path] = field(default_factory=list)
    exported_maps: list[MapSpec] = field(default_factory=list)
    not_made: list[tuple[MapSpec, MissingMapReason]] = field(default_factory=list)
    used_project_layout_names: list[str] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


def export_maps(
    builder: LayoutBuilder,
    order: MapExportOrder,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> MapExportOutcome:
    """Export the requested maps page by page; return what was written, and maps that were not made.

    ``progress`` is called before each page, where the run can be cancelled. Existing files are replaced after all pages
    are made. Main thread only. Raises Cancelled, OutputError, and InputError for a saved layout whose level of secrecy
    would be lowered without a reason. Public maps come with a page that lists what was taken out.
    """
    require_no_world_file(order.public is not None and order.writes_world_file)
    available_layers, outcome = builder.available_layers, MapExportOutcome()
    info = builder.document
    if load_secrecy_levels().is_public(info.secrecy) and not info.map_approval:
        outcome.notes.append(Message("document", "no_approval", {"secrecy": info.secrecy}))
    jobs: list[tuple[MapSpec, bool]] = []
    for one in order.maps:
        if lack := available_layers.find_missing_input(one):
            outcome.not_made.append((one, order.public.explain_missing(one, lack) if order.public else lack))
            continue
        outcome.exported_maps.append(one)
        jobs.append((one, False))
        if order.adds_township_pages and one.is_by_township:
            if available_layers.townships:
                jobs.append((one, True))
            else:
                concepts = available_layers.norm.standard.concepts
                roles = " / ".join(expand_concepts_to_roles((TOWNSHIPS_CONCEPT,), concepts))
                outcome.not_made.append((one, MissingMapReason("no_townships", {"roles": roles})))
    if jobs:
        # All files are replaced together, after all pages are written: an aborted run leaves the old ones.
        with suppress(_NothingPublic), write_atomically(_choose_first_file(builder, order, jobs[0])) as temporary:
            names = list(_write_pages(builder, order, jobs, outcome, temporary.parent, progress, cancellation))
            if order.public is not None:
                from ...core.render.public_edition.verification import verify_public_file

                if not names:
                    raise _NothingPublic
                order.public.write_record_page(temporary, builder.available_layers.county.name)
                for name in (*names, temporary.name):
                    verify_public_file(temporary.parent / name, order.public.redactor)
                names.append(temporary.name)
            outcome.written_files += [order.target_folder / name for name in names]
            cancellation.raise_if_cancelled()
    if order.public is not None and (former := _list_former_public_files(builder, order, outcome)):
        params = {"folder": str(order.target_folder), "files": "、".join(former), "count": len(former)}
        outcome.notes.append(Message("maps", "public_former_files", params))
    progress(1.0, "")
    return outcome


def _list_former_public_files(builder: LayoutBuilder, order: MapExportOrder, outcome: MapExportOutcome) -> list[str]:
    """Return the names of former public files in the folder of maps that have no public edition any more."""
    catalogue, layers = builder.catalogue, builder.available_layers
    places = [(layers.county.code, layers.county.name, False)]
    places += [(township.code, township.name, True) for township in layers.townships]
    written = {path.name for path in outcome.written_files}
    names = {
        f"{catalogue.make_file_stem(spec, code, name, township=is_township)}.{suffix}"
        for spec, _ in outcome.not_made
        for code, name, is_township in places
        for suffix in MAP_FILE_FORMATS
    }
    return sorted(name for name in names - written if (order.target_folder / name).exists())


class _NothingPublic(Exception):
    """Raised if no page may be public, so that existing files remain."""


def _choose_first_file(builder: LayoutBuilder, order: MapExportOrder, job: tuple[MapSpec, bool]) -> Path:
    """Return the path of a file that is certainly written; ``job``: the first map, and True for township pages."""
    county = builder.available_layers.county
    if order.public is not None:
        name = order.public.redactor.texts.get("public", "file_stem")
        return order.target_folder / f"{county.code}{county.name}{name}.html"
    stem = builder.catalogue.make_file_stem(job[0], county.code, county.name)
    return order.target_folder / f"{stem}.{order.formats[0]}"


def _write_pages(
    builder: LayoutBuilder,
    order: MapExportOrder,
    jobs: list[tuple[MapSpec, bool]],
    outcome: MapExportOutcome,
    folder: Path,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> Iterator[str]:
    """Write page by page to a folder; yield the names of the files."""
    total = sum(len(builder.available_layers.townships) if by_township else 1 for _, by_township in jobs)
    done_count = 0
    for one, by_township in jobs:
        written_count = 0
        try:
            for layout, page in _iterate_pages(builder, order, one, by_township, outcome):
                progress(done_count / total, page.document_title)
                cancellation.raise_if_cancelled()
                if order.public is not None:
                    show_atlas_page(layout, page)
                    if (problem := order.public.find_scale_problem(layout)) is not None:
                        outcome.not_made.append((one, problem))
                        continue
                    order.public.blank_labels(layout, one)
                yield from write_page(
                    layout,
                    page,
                    folder,
                    formats=order.formats,
                    dpi=order.dpi,
                    writes_world_file=order.writes_world_file,
                    cancellation=cancellation,
                )
                done_count += 1
                written_count += 1
        except NotPublic as error:
            outcome.not_made.append((one, error.reason))
        if not by_township and not written_count:
            outcome.exported_maps.remove(one)
            if order.public is not None:
                order.public.records.pop(one.id, None)


def _iterate_pages(
    builder: LayoutBuilder, order: MapExportOrder, map_spec: MapSpec, by_township: bool, outcome: MapExportOutcome
) -> Iterator[tuple[QgsPrintLayout, LayoutPage]]:
    """Yield (layout, page) for each page of a map: one page, or with ``by_township`` one per township.

    The layout is a copy of that which is saved in the project, with the title block (图签) of this run, else a new one.
    """
    saved = saved_layouts.find_layout(builder.available_layers.project, map_spec, order.page_size, by_township)
    if saved is None:
        layout = builder.build_layout(map_spec, order.page_size, by_township=by_township)
    else:
        outcome.used_project_layout_names.append(saved.name())
        outcome.notes += saved_layouts.require_reason_for_lowered_secrecy(saved, builder.document)
        layout = saved.clone()
        if builder.document.printable_map_approval and layout.itemById(frame.APPROVAL_ITEM_ID) is None:
            params = {"layout": saved.name(), "item": f"[% @{APPROVAL_VARIABLE} %]"}
            outcome.notes.append(Message("document", "no_approval_item", params))
        # Empty values keep those of the layout, except the map approval number, which only public maps carry.
        for name, value in make_document_variables(builder.document).items():
            if value or name == APPROVAL_VARIABLE:
                QgsExpressionContextUtils.setLayoutVariable(layout, name, value)
        layout.renderContext().setPredefinedScales(builder.catalogue.list_scales())
    if order.public is not None:
        order.public.make_public(layout, map_spec, builder, is_saved=saved is not None)
    catalogue, county = builder.catalogue, builder.available_layers.county
    if not by_township:
        stem = catalogue.make_file_stem(map_spec, county.code, county.name)
        yield layout, LayoutPage(-1, stem, f"{county.name}{map_spec.title}")
    else:
        codes = {t.name: t.code for t in builder.available_layers.townships}
        with keep_atlas_rendering(layout):
            for number, name in iterate_atlas_pages(layout):
                stem = catalogue.make_file_stem(map_spec, codes.get(name, county.code), name, township=True)
                yield layout, LayoutPage(number, stem, f"{county.name}{name}{map_spec.short}")
