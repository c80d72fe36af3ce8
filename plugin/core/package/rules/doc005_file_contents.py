# SPDX-License-Identifier: GPL-2.0-or-later
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...engine.context import RuleContext
from ...messages.texts import Texts, format_number
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..inspection.facts import FileFact, PackageFacts
from ..inspection.pdf_pages import PdfFact, Remark
from ..maps.jpeg import THUMBNAIL_CELLS
from ..names import make_name_matcher
from ..package_spec.model import MIN_DPI
from ..slot_files import has_valid_end, has_valid_start, is_stray_file
from ._doubtful_contents import DocumentLimits, find_doubtful_documents, find_nearly_equal_maps
from ._package import (
    NO_PACKAGE_EXAMPLE,
    get_package_facts,
    make_example,
    make_file_finding,
    make_result_without_package,
)

#: First bytes of a jpg, up to its dots per inch.
_JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01"
#: Height and width of an A4 page at 300 dpi.
_JPEG_SIZE = b"\x0d\xb4\x09\xb0"
#: The rest of a small jpg after its head: a frame, a scan, the end.
_JPEG_REST = b"\xff\xc0\x00\x0b\x08" + _JPEG_SIZE + b"\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00?\x00\x00\xff\xd9"
_EXAMPLE_MAP_PATH = "4-规划图件/140225浑源县01三条控制线图.jpg"
#: A whole map of 300 dpi.
_SOUND_MAP = {_EXAMPLE_MAP_PATH: _JPEG_HEAD + b"\x01\x01,\x01,\x00\x00" + _JPEG_REST}


@rule(
    "DOC005",
    "file-contents",
    problem="A document or map cannot be opened",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "empty": "“{file}” is empty. Export it again.",
        "link": "“{file}” is a link. Its target is not in the package and was not checked. Replace the link with the file or folder.",
        "kind": "“{file}” does not have the format of its suffix, or is damaged. Export it again.",
        "broken": "“{file}” is truncated and does not contain a complete picture. Export it again, and copy it completely.",
        "inside": "“{file}” is damaged inside: its picture cannot be decoded to the end ({by}). Export it again, and copy it "
        "completely.",
        "plain": "“{file}” shows nothing: all pixels have nearly the same colour (difference {levels} of 255 levels; at least "
        "{least}). Export it again.",
        "bare": "“{file}” shows almost nothing: {share} % of its pixels have one colour (at most {most} %). Export it again.",
        "same": "“{file}” and “{other}” are equal, byte by byte: one of the two maps or documents is missing. Export the wrong one "
        "again.",
        "alike": "“{file}” and “{other}” have the same content; only properties such as title and date differ: one of the two maps or "
        "documents is missing. Export the wrong one again.",
        "blank": "“{file}” has pages, but all of them are empty ({by}). Export it again.",
        "count": "“{file}” states {stated} pages, but has {found}. It is damaged, or pages were removed. Export it again, and compare the "
        "pages.",
        "remarks": "“{file}” still has remarks of readers: {count} (page {page} and others; {kinds}). Accept or delete them, and export the "
        "file again.",
        "cut": "“{file}” is truncated: it lacks the end mark (%%EOF) of a PDF. Export it again, and copy it completely.",
        "special": "“{file}” is a pipe, a device or a socket instead of a file. It was not opened. Remove it.",
        "pages": "“{file}” has no readable page ({by}). Export it again.",
        "locked": "“{file}” is encrypted: recipients may be unable to read or print it. Export it without a password.",
        "active": "“{file}” has content that runs or leads elsewhere: {what}. Remove it and export the file again.",
        "small": "“{file}” has only {pixels} pixels and cannot be a map, whatever dpi it declares. Export it again.",
        "edge": "“{file}”: {share} % of its height or width have one colour, from one edge on (at most {most} %), as in a picture "
        "that was not copied completely or partly painted over. Open it; if a part of the map is missing, export it again.",
        "other_map": "“{file}” is, by the description that the plugin wrote into the picture, the map “{described}”: maps were "
        "exchanged or renamed. Open it, and give each map its own name, or make the package again.",
        "near": "“{file}” and “{other}” show nearly the same picture (reduced, they differ by {levels} of 255 levels; different "
        "maps differ by at least {least}): one of the two maps may be missing. Compare them, and export the wrong one again.",
        "coarse": "“{file}” has no fine detail: at half its size, even at the sharpest lines neighbouring pixels differ by only {levels} of "
        "255 levels (at least {least}), as in a small picture that was enlarged. Compare it with the original, and export it again at "
        "full size.",
        "gaps": "“{file}” has {pages} pages, of which {count} show nothing (pages {numbers}). Compare it with the original; if "
        "contents are missing, export it again. Pages that are meant to be blank may stay.",
        "repeated": "“{file}” has {pages} pages, of which {count} repeat an earlier page (pages {numbers} are equal). Compare it with the "
        "original; if other pages are missing, export it again. Pages that are meant to be repeated may stay.",
        "shared": "“{file}” has {count} pages that “{other}” has, too ({share} % of the document with fewer pages; page {page} is page "
        "{other_page} of the other). One of the two may be the wrong document. Compare them, and export the wrong one again; "
        "pages that both are meant to have may stay.",
        "short": "“{file}” has only {pages} pages (at least {least} are expected) and may be a cover or an excerpt. Open it; if it is "
        "incomplete, export the whole document.",
        "title": "The properties of “{file}” name “{text}”: by the specification of the package that is “{other}”, not “{own}”. "
        "The two documents may have been exchanged. Open the file, and correct its name or its properties.",
        "dpi": "“{file}” has {dpi} dpi; maps have at least {least}. Export it with export_maps, or with that resolution.",
    },
    fails=[
        make_example("an empty text", 1, add={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": b""}),
        make_example("a link to a folder of maps", 1, links=["4-规划图件/更多图件"]),
        make_example(
            "a text copied by half", 1, add={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": b"%PDF-1.4\n1 0 obj"}
        ),
        make_example("a picture that is none", 1, add={_EXAMPLE_MAP_PATH: b"GIF89a"}),
        make_example(
            "a map of 96 dpi",
            1,
            add={_EXAMPLE_MAP_PATH: _JPEG_HEAD + b"\x01\x00`\x00`\x00\x00" + _JPEG_REST},
        ),
        make_example("a pipe among the maps", 1, special=[_EXAMPLE_MAP_PATH]),
        make_example(
            "a text without a page", 1, pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 0}}
        ),
        make_example(
            "a text with a password",
            1,
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 3, "is_encrypted": True}},
        ),
        make_example(
            "a text with a script",
            1,
            pdf={
                "2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 3, "active_content": ("pdf_script",)}
            },
        ),
        make_example(
            "a map of one pixel",
            1,
            add={
                _EXAMPLE_MAP_PATH: _JPEG_HEAD
                + b"\x01\x01,\x01,\x00\x00"
                + _JPEG_REST.replace(_JPEG_SIZE, b"\x00\x01\x00\x01")
            },
        ),
        make_example(
            "a map damaged inside",
            1,
            add=_SOUND_MAP,
            decoded={_EXAMPLE_MAP_PATH: {"decoder": "gdal", "is_sound": False}},
        ),
        make_example(
            "a map painted white",
            1,
            add=_SOUND_MAP,
            decoded={_EXAMPLE_MAP_PATH: {"decoder": "gdal", "max_difference": 3}},
        ),
        make_example(
            "a map next to nothing is drawn on",
            1,
            add=_SOUND_MAP,
            decoded={
                _EXAMPLE_MAP_PATH: {
                    "decoder": "gdal",
                    "max_difference": 200,
                    "one_colour_share": 0.9998,
                }
            },
        ),
        make_example(
            "a map with a script in a remark",
            1,
            add={_EXAMPLE_MAP_PATH: _JPEG_HEAD + b"\x01\x01,\x01,\x00\x00\xff\xfe\x00\x0a<script>" + _JPEG_REST},
        ),
        make_example(
            "one picture for two maps",
            1,
            add={
                f"4-规划图件/140225浑源县{name}图.jpg": _JPEG_HEAD + b"\x01\x01,\x01,\x00\x00" + _JPEG_REST
                for name in ("01三条控制线", "02三区")
            },
        ),
        make_example(
            "a text with nothing on its pages",
            1,
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 2, "is_blank": True}},
        ),
        make_example(
            "a map of which the lower half is grey",
            1,
            add=_SOUND_MAP,
            decoded={
                _EXAMPLE_MAP_PATH: {
                    "decoder": "gdal",
                    "max_difference": 200,
                    "plain_edge_share": 0.5,
                }
            },
        ),
        make_example(
            "a text that lost pages",
            1,
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 2, "declared_page_count": 9}},
        ),
        make_example(
            "a text with remarks",
            1,
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 2, "remarks": (Remark(1, "note"),)}},
        ),
        make_example(
            "a report that is the text with another title",
            1,
            pdf={
                f"2-规划文档/140225浑源县{name}.pdf": {"page_count": 2, "content_digest": "a"}
                for name in ("国土空间总体规划文本", "质量检查报告")
            },
        ),
        make_example(
            "one of nine pages nine times",
            1,
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 9, "page_digests": ("a",) * 9}},
        ),
        make_example(
            "three blank pages in a row",
            1,
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 9, "blank_pages": (4, 5, 6)}},
        ),
        make_example(
            "a report with the pages of the text",
            1,
            pdf={
                "2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 3, "page_digests": ("a", "b", "c")},
                "2-规划文档/140225浑源县质量检查报告.pdf": {"page_count": 2, "page_digests": ("b", "c")},
            },
        ),
        make_example(
            "a cover instead of the text", 1, pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 1}}
        ),
        make_example(
            "a report in place of the text",
            1,
            pdf={
                "2-规划文档/140225浑源县国土空间总体规划文本.pdf": {
                    "page_count": 2,
                    "titles": ("浑源县数据库建设报告",),
                }
            },
        ),
        make_example(
            "a small map that was enlarged",
            1,
            add=_SOUND_MAP,
            decoded={
                _EXAMPLE_MAP_PATH: {
                    "decoder": "gdal",
                    "max_difference": 200,
                    "detail_levels": 40,
                }
            },
        ),
        make_example(
            "one picture in two files for two maps",
            1,
            add={
                f"4-规划图件/140225浑源县{name}图.jpg": _JPEG_HEAD
                + b"\x01\x01,\x01,\x00\x00"
                + _JPEG_REST[:-3]
                + end
                + b"\xff\xd9"
                for name, end in (("01三条控制线", b"\x01"), ("02三区", b"\x02"))
            },
            decoded={
                f"4-规划图件/140225浑源县{name}图.jpg": {
                    "decoder": "gdal",
                    "max_difference": 200,
                    "thumbnail": bytes(THUMBNAIL_CELLS) * (THUMBNAIL_CELLS // 2)
                    + bytes([level]) * (THUMBNAIL_CELLS**2 // 2),
                }
                for name, level in (("01三条控制线", 200), ("02三区", 203))
            },
        ),
        make_example(
            "a map that was copied by half",
            1,
            add={_EXAMPLE_MAP_PATH: _JPEG_HEAD + b"\x01\x01,\x01,\x00\x00" + _JPEG_REST[:-2]},
        ),
    ],
    passes=[
        make_example(
            "a map of 300 dpi",
            add=_SOUND_MAP,
        ),
        make_example(
            "a blank page after the cover, and a page in two documents",
            pdf={
                "2-规划文档/140225浑源县国土空间总体规划文本.pdf": {
                    "page_count": 3,
                    "page_digests": ("", "", "c"),
                    "blank_pages": (2,),
                    "titles": ("规划文本及数据库建设报告",),
                },
                "2-规划文档/140225浑源县质量检查报告.pdf": {"page_count": 2, "page_digests": ("", "c")},
            },
        ),
        NO_PACKAGE_EXAMPLE,
    ],
)
def file_contents(
    *,
    ctx: RuleContext,
    least_map_pixels: int = 1000,
    least_map_levels: int = 16,
    most_plain_share: float = 0.999,
    most_edge_share: float = 0.25,
    least_detail_levels: int = 100,
    least_map_difference: float = 20,
    most_repeated_share: float = 0.5,
    most_shared_share: float = 0.5,
    most_blank_share: float = 0.25,
    most_blank_pages_in_row: int = 1,
    least_document_pages: int = 2,
) -> RuleResult:
    """Documents and maps can be opened.

    What it checks
        The first bytes of documents, tables and maps match their suffix. Files are not empty and not links. A jpg or
        pdf is complete. Maps in jpg have at least 300 dpi, and their longer side has at least least_map_pixels. GDAL,
        or else Pillow, decodes every jpg if one of them is installed: its data are intact, and a map shows more than
        one colour (pixels differ by at least least_map_levels of 255, and at most most_plain_share of them have one
        colour), and no edge has one colour over more than most_edge_share of the height or width. Scripts in the
        metadata of a jpg, and one file for two maps or two documents are reported, also if only their properties
        differ. pypdf, or else a check of the structure, finds the pages of a pdf (the report names the method); the
        structure shows whether any page draws anything, whether pages are missing, and remarks of readers. What the
        pages draw is compared in a pdf and between documents: equal pages (a warning from more than most_repeated_share
        or most_shared_share of the pages), pages that show nothing (more than most_blank_pages_in_row, or
        most_blank_share of the pages), a mandatory document of fewer than least_document_pages. Properties that name
        another document of the specification are reported. Maps that differ by less than least_map_difference levels
        everywhere are reported, and maps without a line at which neighbouring pixels differ by least_detail_levels
        (with GDAL). Scripts, attached files, media, macros and external parts in pdf and office files are reported, and
        pipes and devices, which are never opened.
    Why
        A file that cannot be opened is a missing part that only the recipient finds.
    How to fix
        Export the file again. Replace a link with the file.
    Limits
        Pages of a pdf are not rendered: a page counts as blank only if it draws nothing; text that cannot be seen
        (white, covered, outside of the page) is not detected. What a picture shows is not inspected, nor texts in its
        properties. Pages of an encrypted pdf are not inspected. DOC004 reports files that a system left. A pdf without
        its end mark is a warning, because many programs show its readable part. Pillow alone reports only truncated
        pictures, not damage within the data. Without GDAL and Pillow pictures are not decoded, and the report notes
        this. A jpg without a resolution in JFIF or Exif is not checked for it.
    """
    package = get_package_facts(ctx)
    if package is None:
        return make_result_without_package()
    limits = MapLimits(
        least_map_pixels, least_map_levels, most_plain_share, most_edge_share, least_detail_levels, least_map_difference
    )
    document_limits = DocumentLimits(
        most_repeated_share, most_shared_share, most_blank_share, most_blank_pages_in_row, least_document_pages
    )
    result = RuleResult(findings=list(_report_wrong_contents(package, limits, ctx)))
    result.findings += find_doubtful_documents(package, document_limits, Texts(ctx.lang))
    methods = Counter(
        file.pdf_fact.reading_method for file in package.files_outside_data_sets if file.pdf_fact is not None
    )
    result.notes += [(f"package_pdf_{method}", {"count": count}) for method, count in sorted(methods.items())]
    result.notes += _list_unread_documents(package, ctx)
    result.notes += _list_unread_drawings(package, ctx)
    methods = Counter(
        file.decoded_jpeg.decoder for file in package.files_outside_data_sets if file.decoded_jpeg is not None
    )
    result.notes += [(f"package_jpg_{method}", {"count": count}) for method, count in sorted(methods.items())]
    return result


@dataclass(frozen=True)
class MapLimits:
    """Minimum content of a map.

    ``min_side_px``: pixels of its longer side; ``min_level_range``: difference of levels between its pixels;
    ``plain_share``: largest share of pixels in one colour; ``edge_share``: largest share of its height or width that is
    plain from one edge on; ``min_detail_levels``: difference of levels at its sharpest lines; ``min_difference``:
    difference of levels from every other map.
    """

    min_side_px: int
    min_level_range: int
    plain_share: float
    edge_share: float
    min_detail_levels: int
    min_difference: float


def _list_unread_documents(package: PackageFacts, ctx: RuleContext) -> list[tuple[str, dict[str, Any]]]:
    """Return a note on the documents that the office supplied: a person has to read their text."""
    generated_documents = package.get_kinds_of_generated_documents()
    slots = [slot for slot in package.package_spec.files if slot.kind == "document"]
    office_documents = [
        file for slot in slots for file in package.list_files_of_slot(slot) if file.path not in generated_documents
    ]
    if not office_documents:
        return []
    texts = Texts(ctx.lang)
    document_names = [
        texts.get("words", "document_pages", file=file.path.rpartition("/")[2], count=file.pdf_fact.page_count)
        if file.pdf_fact is not None and file.pdf_fact.page_count >= 0
        else file.path.rpartition("/")[2]
        for file in office_documents
    ]
    return [("package_words_unread", {"files": texts.get("words", "between_names").join(document_names)})]


def _list_unread_drawings(package: PackageFacts, ctx: RuleContext) -> list[tuple[str, dict[str, Any]]]:
    """Return a note on maps and PDFs that a person has to review.

    Their drawings are not compared with the layers and the text.
    """
    files = package.files_outside_data_sets
    map_count = sum(one.decoded_jpeg is not None for one in files)
    pdf_count = sum(one.pdf_fact is not None for one in files)
    return [("package_drawings_unread", {"maps": map_count, "pdfs": pdf_count})] if map_count or pdf_count else []


def _report_wrong_contents(package: PackageFacts, limits: MapLimits, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on files that cannot be opened, maps with too little content, and active or hidden content."""
    map_paths = {
        file.path
        for slot in package.package_spec.files
        if slot.kind == "map"
        for file in package.list_files_of_slot(slot)
    }
    for file in package.files:
        if file.is_link:
            yield make_file_finding(file.path, "link")
        elif file.is_special_file:
            yield make_file_finding(file.path, "special")
    for file in (
        one
        for one in package.files_outside_data_sets
        if not (one.is_link or one.is_special_file or is_stray_file(one.name))
    ):
        finding = _find_damage(file, ctx)
        if finding is None and file.path in map_paths:
            finding = _find_poor_map(file, limits)
        if finding is not None:
            yield finding
        if file.size_bytes and has_valid_end(file.name, file.last_bytes):
            yield from _report_content_problems(file, ctx)
    yield from _find_equal_files(
        [
            file
            for file in package.files_outside_data_sets
            if file.path in map_paths and file.jpeg_properties is not None
        ]
    )
    yield from find_nearly_equal_maps(
        [
            file
            for file in package.files_outside_data_sets
            if file.path in map_paths and not _is_nearly_plain(file, limits)
        ],
        limits.min_difference,
    )
    document_paths = {
        file.path
        for slot in package.package_spec.files
        if slot.kind == "document"
        for file in package.list_files_of_slot(slot)
    }
    yield from _find_equal_files(
        [file for file in package.files_outside_data_sets if file.path in document_paths and file.size_bytes]
    )
    for paths in (map_paths, document_paths):
        yield from _find_files_differing_in_properties(
            [file for file in package.files_outside_data_sets if file.path in paths]
        )


def _find_damage(file: FileFact, ctx: RuleContext) -> Finding | None:
    """Return a finding on a file that cannot be opened completely; None if it can be."""
    if not file.size_bytes:
        return make_file_finding(file.path, "empty")
    if not has_valid_start(file.name, file.first_bytes):
        return make_file_finding(file.path, "kind")
    if not has_valid_end(file.name, file.last_bytes):
        # Many programs repair such a file and show its readable part.
        return make_file_finding(file.path, "cut", Severity.WARNING)
    if file.jpeg_properties is not None and not file.jpeg_properties.is_complete:
        return make_file_finding(file.path, "broken")
    if file.decoded_jpeg is not None and not file.decoded_jpeg.is_sound:
        return make_file_finding(file.path, "inside", by=Texts(ctx.lang).get("pictures", file.decoded_jpeg.decoder))
    return None


def _find_poor_map(file: FileFact, limits: MapLimits) -> Finding | None:
    """Return a finding on a readable picture that cannot be a map; None if it can be.

    Reasons are its resolution, its size, or missing content.
    """
    picture, decoded_jpeg = file.jpeg_properties, file.decoded_jpeg
    if picture is not None and picture.dpi and round(picture.dpi) < MIN_DPI:
        return make_file_finding(file.path, "dpi", dpi=round(picture.dpi), least=MIN_DPI)
    if picture is not None and max(picture.width_px, picture.height_px) < limits.min_side_px:
        # A package of 0.1.0 may have such a map.
        return make_file_finding(
            file.path, "small", Severity.WARNING, pixels=f"{picture.width_px} × {picture.height_px}"
        )
    if decoded_jpeg is None:
        return None
    if decoded_jpeg.max_difference is not None and decoded_jpeg.max_difference < limits.min_level_range:
        return make_file_finding(file.path, "plain", levels=decoded_jpeg.max_difference, least=limits.min_level_range)
    if decoded_jpeg.one_colour_share is not None and decoded_jpeg.one_colour_share > limits.plain_share:
        # Some maps show little of an overview, so this is only a warning.
        shares = {
            "share": format_number(100 * decoded_jpeg.one_colour_share, 2),
            "most": format_number(100 * limits.plain_share, 2),
        }
        return make_file_finding(file.path, "bare", Severity.WARNING, **shares)
    if decoded_jpeg.plain_edge_share is not None and decoded_jpeg.plain_edge_share > limits.edge_share:
        shares = {
            "share": format_number(100 * decoded_jpeg.plain_edge_share, 0),
            "most": format_number(100 * limits.edge_share, 0),
        }
        return make_file_finding(file.path, "edge", Severity.WARNING, **shares)
    if decoded_jpeg.detail_levels is not None and decoded_jpeg.detail_levels < limits.min_detail_levels:
        levels = decoded_jpeg.detail_levels
        return make_file_finding(file.path, "coarse", Severity.WARNING, levels=levels, least=limits.min_detail_levels)
    return None


def _is_nearly_plain(file: FileFact, limits: MapLimits) -> bool:
    """Return True for a map that shows too little to be compared with others."""
    share = file.decoded_jpeg.one_colour_share if file.decoded_jpeg is not None else None
    return share is not None and share > limits.plain_share


def _find_equal_files(files: list[FileFact]) -> Iterator[Finding]:
    """Yield findings on files with equal content, because each file must have another subject."""
    path_of_digest: dict[str, str] = {}
    for file in files:
        if file.sha256 and path_of_digest.setdefault(file.sha256, file.path) != file.path:
            yield make_file_finding(file.path, "same", Severity.WARNING, other=path_of_digest[file.sha256])


def _find_files_differing_in_properties(files: list[FileFact]) -> Iterator[Finding]:
    """Yield findings on files that differ only in their properties.

    Completely equal files have another finding.
    """
    file_of_digest: dict[str, FileFact] = {}
    for file in files:
        # Empty pages have another finding.
        digest = "" if file.pdf_fact is None or file.pdf_fact.is_blank else file.pdf_fact.content_digest
        digest = file.jpeg_properties.content_digest if file.jpeg_properties is not None else digest
        first = file_of_digest.setdefault(digest, file) if digest else file
        if first is not file and not (file.sha256 and first.sha256 == file.sha256):
            yield make_file_finding(file.path, "alike", Severity.WARNING, other=first.path)


def _report_content_problems(file: FileFact, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on missing pages, active content and exchanged maps."""
    texts = Texts(ctx.lang)
    pdf, active = file.pdf_fact, file.active_content
    if file.jpeg_properties is not None:
        active = (*active, *(["picture_script"] if file.jpeg_properties.has_script else []))
        if (described := file.jpeg_properties.map_description) and _contradicts_file_name(described, file, ctx):
            yield make_file_finding(file.path, "other_map", Severity.ERROR, described=described)
    if pdf is not None:
        active = (*active, *pdf.active_content)
        if pdf.is_encrypted:
            yield make_file_finding(file.path, "locked", Severity.WARNING)
        elif pdf.page_count <= 0:
            yield make_file_finding(file.path, "pages", by=texts.get("pdf", pdf.reading_method))
        elif pdf.is_blank:
            yield make_file_finding(file.path, "blank", Severity.WARNING, by=texts.get("pdf", pdf.reading_method))
        yield from _report_pages_and_remarks(file.path, pdf, texts)
    if active:
        active_names = texts.get("words", "between_names").join(texts.get("active", key) for key in active)
        yield make_file_finding(file.path, "active", Severity.WARNING, what=active_names)


def _report_pages_and_remarks(path: str, pdf: PdfFact, texts: Texts) -> Iterator[Finding]:
    """Yield findings on a PDF's wrong number of pages and remarks of readers."""
    if pdf.declared_page_count >= 0 and pdf.page_count > 0:
        yield make_file_finding(path, "count", Severity.WARNING, stated=pdf.declared_page_count, found=pdf.page_count)
    if pdf.remarks:
        between = texts.get("words", "between_names")
        kinds = between.join(texts.get("pdf_remarks", kind) for kind in dict.fromkeys(one.kind for one in pdf.remarks))
        count, page = len(pdf.remarks), pdf.remarks[0].page
        yield make_file_finding(path, "remarks", Severity.WARNING, count=count, page=page, kinds=kinds)


def _contradicts_file_name(map_description: str, file: FileFact, ctx: RuleContext) -> bool:
    """Return True if a map's description has another code, number or title than its file's name.

    Only the parts that a name of the specification has are compared. False for other names, which DOC003 reports.
    """
    package = get_package_facts(ctx)
    slots = [slot for slot in package.package_spec.files if slot.kind == "map"] if package is not None else []
    code, number, title = (*map_description.split(" ", 2), "", "")[:3]
    described_parts = {"code": code, "number": number, "title": title}
    matches = [match for slot in slots if (match := make_name_matcher(slot.file, {}).fullmatch(file.name))]
    return bool(matches) and not any(
        all(text in (None, described_parts.get(key, text)) for key, text in match.groupdict().items())
        for match in matches
    )
