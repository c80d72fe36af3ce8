# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...standard.messages.texts import Texts
from ..inspection.facts import FileFact, PackageFacts
from ..inspection.pdf import PdfFact
from ..names import make_name_matcher
from ..package_spec.spec import MIN_DPI, FileSlot
from ..slot_files import has_valid_end, has_valid_start
from ._package import (
    NO_PACKAGE_EXAMPLE,
    inspects_package,
    make_example,
    make_file_finding,
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
        "inside": "“{file}” is damaged inside: its picture cannot be decoded to the end. Export it again, and copy it completely.",
        "plain": "“{file}” shows nothing: all pixels have nearly the same colour (difference {levels} of 255 levels; at least "
        "{least}). Export it again.",
        "same": "“{file}” and “{other}” are equal, byte by byte: one of the two maps or documents is missing. Export the wrong one "
        "again.",
        "blank": "“{file}” has pages, but all of them are empty. Export it again.",
        "count": "“{file}” states {stated} pages, but has {found}. It is damaged, or pages were removed. Export it again, and compare the "
        "pages.",
        "cut": "“{file}” is truncated: it lacks the end mark (%%EOF) of a PDF. Export it again, and copy it completely.",
        "special": "“{file}” is a pipe, a device or a socket instead of a file. It was not opened. Remove it.",
        "pages": "“{file}” has no readable page. Export it again.",
        "locked": "“{file}” is encrypted: recipients may be unable to read or print it. Export it without a password.",
        "active": "“{file}” has content that runs or leads elsewhere: {what}. Remove it and export the file again.",
        "small": "“{file}” has only {pixels} pixels and cannot be a map, whatever dpi it declares. Export it again.",
        "other_map": "“{file}” is, by the description that the plugin wrote into the picture, the map “{described}”: maps were "
        "exchanged or renamed. Open it, and give each map its own name, or make the package again.",
        "short": "“{file}” has only {pages} pages (at least {least} are expected) and may be a cover or an excerpt. Open it; if it is "
        "incomplete, export the whole document.",
        "excerpt": "“{file}” is submitted as {title}, but a whole one has {least} pages or more and parts that were not found "
        "here (pages: {pages}; not found: {parts}). It may be an excerpt or another document. Open it, and export the whole document.",
        "dpi": "“{file}” has {dpi} dpi; maps have at least {least}. Export it with export_maps, or with that resolution.",
    },
    fails=[
        make_example(
            "an excerpt of the text",
            1,
            pdf={
                "2-规划文档/140225浑源县国土空间总体规划文本.pdf": {
                    "page_count": 301,
                    "page_texts": ("目录 第一章 目标",),
                }
            },
        ),
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
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 30, "is_encrypted": True}},
        ),
        make_example(
            "a text with a script",
            1,
            pdf={
                "2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 30, "active_content": ("pdf_script",)}
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
            decoded={_EXAMPLE_MAP_PATH: {"is_sound": False}},
        ),
        make_example(
            "a map painted white",
            1,
            add=_SOUND_MAP,
            decoded={_EXAMPLE_MAP_PATH: {"max_difference": 3}},
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
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 30, "is_blank": True}},
        ),
        make_example(
            "a text that lost pages",
            1,
            pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 30, "declared_page_count": 39}},
        ),
        make_example(
            "a cover instead of the text", 1, pdf={"2-规划文档/140225浑源县国土空间总体规划文本.pdf": {"page_count": 1}}
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
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def file_contents(
    package: PackageFacts,
    *,
    ctx: RuleContext,
    least_map_pixels: int = 1000,
    least_map_levels: int = 16,
    least_document_pages: int = 2,
) -> RuleResult:
    """Documents and maps can be opened.

    What it checks
        The first bytes of documents, tables and maps match their suffix. Files are not empty and not links. A jpg or
        pdf is complete. Maps in jpg have at least 300 dpi, and their longer side has at least least_map_pixels. GDAL
        decodes every jpg: its data are intact, and a map shows more than one colour (pixels differ by at least
        least_map_levels of 255). The plugin's description in a map agrees with the file's name. One file for two maps
        or two documents is reported, a pdf without a page or with empty pages only, with another number of pages than
        it states, or with a password, and a mandatory document of fewer than least_document_pages. The plan's
        text has at least the pages and the parts that the package specification lists. Scripts, attached
        files, media, macros and external parts in pdf and office files are reported, and pipes and devices, which are
        never opened.
    Why
        A file that cannot be opened is a missing part that only the recipient finds.
    How to fix
        Export the file again. Replace a link with the file.
    Limits
        What a page or a picture shows is not inspected; a page counts as blank only if it draws nothing. Pages of an
        encrypted pdf are not inspected. DOC004 reports files that a system left. A pdf without its end mark is a
        warning, because many programs show its readable part. Without GDAL pictures are not decoded, and the report
        notes this. A jpg without a resolution in JFIF or Exif is not checked for it.
    """
    result = RuleResult(
        list(_report_wrong_contents(package, least_map_pixels, least_map_levels, least_document_pages, ctx))
    )
    generated_documents = package.get_kinds_of_generated_documents()
    # A person has to read the text of documents that the office supplied.
    office_documents = [
        file
        for slot in package.package_spec.documents
        for file in package.list_files_of_slot(slot)
        if file.path not in generated_documents
    ]
    if office_documents:
        texts = Texts(ctx.lang)
        document_names = [
            texts.get("words", "document_pages", file=file.path.rpartition("/")[2], count=file.pdf_fact.page_count)
            if file.pdf_fact is not None and file.pdf_fact.page_count >= 0
            else file.path.rpartition("/")[2]
            for file in office_documents
        ]
        result.notes.append(
            ("package_words_unread", {"files": texts.get("words", "between_names").join(document_names)})
        )
    files = package.files_outside_data_sets
    # A person has to review maps and PDFs: their drawings are not compared with the layers and the text.
    drawings = {
        "maps": sum(one.decoded_jpeg is not None for one in files),
        "pdfs": sum(one.pdf_fact is not None for one in files),
    }
    result.notes += [("package_drawings_unread", drawings)] if any(drawings.values()) else []
    unread_count = sum(
        one.pdf_fact is None and one.name.lower().endswith(".pdf") and _find_damage(one) is None for one in files
    )
    result.notes += [("package_pdf_unread", {"count": unread_count})] if unread_count else []
    undecoded_count = sum(
        one.decoded_jpeg is not None and one.decoded_jpeg.max_difference is None and one.decoded_jpeg.is_sound
        for one in files
    )
    result.notes += [("package_jpg_unread", {"count": undecoded_count})] if undecoded_count else []
    return result


def _report_wrong_contents(
    package: PackageFacts, min_side_px: int, min_level_range: int, min_pages: int, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield findings on files that cannot be opened, poor maps, short documents, and content that runs.

    ``min_side_px`` and ``min_level_range``: as of `_find_poor_map`; ``min_pages``: pages of a mandatory document.
    """
    spec, texts = package.package_spec, Texts(ctx.lang)
    map_paths, document_paths = (
        {file.path: slot for slot in slots for file in package.list_files_of_slot(slot)}
        for slots in (spec.map_files, spec.documents)
    )
    yield from (
        make_file_finding(file.path, "link" if file.is_link else "special")
        for file in package.files
        if file.is_link or file.is_special_file
    )
    generated_documents = package.get_kinds_of_generated_documents()
    files = package.regular_files
    for file in files:
        finding = _find_damage(file) or (
            _find_poor_map(file, min_side_px, min_level_range) if file.path in map_paths else None
        )
        if finding is not None:
            yield finding
        if file.size_bytes and has_valid_end(file.name, file.last_bytes):
            yield from _report_content_problems(file, package, texts)
            slot, pdf = document_paths.get(file.path), file.pdf_fact
            if (
                slot is None
                or slot.need != "M"
                or file.path in generated_documents
                or pdf is None
                or pdf.is_blank
                or pdf.is_encrypted
            ):
                continue
            if 0 < pdf.page_count < min_pages:
                severity = Severity.WARNING if slot.least_pages else Severity.INFO
                yield make_file_finding(file.path, "short", severity, pages=pdf.page_count, least=min_pages)
            else:
                yield from _find_excerpt(file, slot, pdf, texts)
    yield from _find_equal_files(
        [file for file in files if file.path in map_paths and file.jpeg_properties is not None]
    )
    yield from _find_equal_files([file for file in files if file.path in document_paths and file.size_bytes])


def _find_excerpt(file: FileFact, slot: FileSlot, pdf: PdfFact, texts: Texts) -> Iterator[Finding]:
    """Yield a warning on a document with fewer pages than a whole one, or without the parts that one has.

    A scan has no words: only its pages are counted.
    """
    words = "".join("".join(pdf.page_texts).split())
    missing = [part.split("|")[0] for part in slot.parts if words and not any(one in words for one in part.split("|"))]
    if pdf.page_count > 0 and (pdf.page_count < slot.least_pages or missing):
        yield make_file_finding(
            file.path,
            "excerpt",
            Severity.WARNING,
            title=slot.title,
            pages=pdf.page_count,
            least=slot.least_pages,
            parts=texts.get("words", "between_names").join(missing) or "—",
        )


def _find_damage(file: FileFact) -> Finding | None:
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
        return make_file_finding(file.path, "inside")
    return None


def _find_poor_map(file: FileFact, min_side_px: int, min_level_range: int) -> Finding | None:
    """Return a finding on a readable picture that cannot be a map; None if it can be.

    Reasons are its resolution, its size, or a single colour. ``min_side_px``: pixels of its longer side;
    ``min_level_range``: difference of levels between its pixels.
    """
    picture, decoded_jpeg = file.jpeg_properties, file.decoded_jpeg
    if picture is not None and picture.dpi and round(picture.dpi) < MIN_DPI:
        return make_file_finding(file.path, "dpi", dpi=round(picture.dpi), least=MIN_DPI)
    if picture is not None and max(picture.width_px, picture.height_px) < min_side_px:
        # A package of 0.1.0 may have such a map.
        return make_file_finding(
            file.path, "small", Severity.WARNING, pixels=f"{picture.width_px} × {picture.height_px}"
        )
    difference = decoded_jpeg.max_difference if decoded_jpeg is not None else None
    if difference is not None and difference < min_level_range:
        return make_file_finding(file.path, "plain", levels=difference, least=min_level_range)
    return None


def _find_equal_files(files: list[FileFact]) -> Iterator[Finding]:
    """Yield findings on files with equal content, because each file must have another subject."""
    path_of_digest: dict[str, str] = {}
    yield from (
        make_file_finding(file.path, "same", Severity.WARNING, other=path_of_digest[file.sha256])
        for file in files
        if file.sha256 and path_of_digest.setdefault(file.sha256, file.path) != file.path
    )


def _report_content_problems(file: FileFact, package: PackageFacts, texts: Texts) -> Iterator[Finding]:
    """Yield findings on missing pages, active content and exchanged maps."""
    pdf, active = file.pdf_fact, file.active_content
    described = file.jpeg_properties.map_description if file.jpeg_properties is not None else ""
    if described:
        code, number, title = (*described.split(" ", 2), "", "")[:3]
        described_parts = {"code": code, "number": number, "title": title}
        # Only the parts that a name of the specification has are compared; DOC003 reports other names.
        matches = [
            match
            for slot in package.package_spec.map_files
            if (match := make_name_matcher(slot.file, {}).fullmatch(file.name))
        ]
        if matches and not any(
            all(text in (None, described_parts.get(key, text)) for key, text in match.groupdict().items())
            for match in matches
        ):
            yield make_file_finding(file.path, "other_map", Severity.ERROR, described=described)
    if pdf is not None:
        active = (*active, *pdf.active_content)
        if pdf.is_encrypted:
            yield make_file_finding(file.path, "locked", Severity.WARNING)
        elif pdf.page_count <= 0:
            yield make_file_finding(file.path, "pages")
        elif pdf.is_blank:
            yield make_file_finding(file.path, "blank", Severity.WARNING)
        if pdf.declared_page_count >= 0 and pdf.page_count > 0:
            yield make_file_finding(
                file.path, "count", Severity.WARNING, stated=pdf.declared_page_count, found=pdf.page_count
            )
    if active:
        yield make_file_finding(
            file.path,
            "active",
            Severity.WARNING,
            what=texts.get("words", "between_names").join(texts.get("active", key) for key in active),
        )
