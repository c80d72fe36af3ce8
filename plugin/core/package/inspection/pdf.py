# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages, texts and active content of a PDF, read by pypdf.

Nothing in a file is executed, and no page is rendered.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...base.files.zipped_libraries import import_zipped_library

#: Maximum bytes of a file that is read, and of a page's content: that of a page with text is far smaller.
_MAX_PDF_BYTES, _MAX_PAGE_BYTES = 512 * 2**20, 2**20
#: Errors of pypdf for a damaged file, besides its own.
DAMAGE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
#: Active or attached content, as keys of texts (section ``active``) → its names in a PDF.
_ACTIVE_NAMES: dict[str, tuple[str, ...]] = {
    "pdf_script": ("/JavaScript", "/JS"),
    "pdf_files": ("/EmbeddedFiles", "/EmbeddedFile", "/FileAttachment"),
    "pdf_launch": ("/Launch",),
    "pdf_media": ("/RichMedia", "/XFA", "/Sound", "/Movie", "/Screen", "/3D"),
}
#: A name ends at a delimiter: /JS does not match /JSX.
_ACTIVE_PATTERNS = {
    key: re.compile(b"(?:" + "|".join(pdf_names).encode() + rb")(?![A-Za-z0-9_.#-])")
    for key, pdf_names in _ACTIVE_NAMES.items()
}
_ENCRYPTION_PATTERN = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_STREAM_PATTERN = re.compile(rb"\bstream\r?\n.*?endstream", re.DOTALL)
#: Operators that paint a path, a picture, a form or a shading (ISO 32000-1, 8.2).
_PAINTING_OPERATORS = frozenset(b"f F f* B B* b b* S s Do sh INLINE IMAGE".split())
#: Annotations that show nothing on the page.
_UNSEEN_ANNOTATIONS = ("/Popup", "/Link")
_TITLE_KEYS = ("/Title", "/Subject", "/Keywords", "/Author")


@dataclass(frozen=True)
class PdfFact:
    """Content of a PDF.

    Attributes
    ----------
    page_count
        Number of pages, −1 if unknown.
    is_encrypted
        Whether it is encrypted.
    active_content
        Active or attached content, as keys of texts (section ``active``).
    is_blank
        Whether no page draws anything.
    declared_page_count
        Number of pages that the page tree states, −1 if it is unknown or right.
    titles
        Title, subject, keywords and author in the file's properties.
    page_texts
        Words of each page, without those in pictures; empty if no page has any.
    """

    page_count: int
    is_encrypted: bool = False
    active_content: tuple[str, ...] = ()
    is_blank: bool = False
    declared_page_count: int = -1
    titles: tuple[str, ...] = ()
    page_texts: tuple[str, ...] = field(default=(), repr=False)


def import_pypdf() -> Any:
    """Return the package pypdf.

    Raises
    ------
    ImportError
        In a checkout whose Python lacks pypdf.
    """
    pypdf = import_zipped_library("pypdf")
    # pypdf logs its repairs.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    return pypdf


def inspect_pdf(path: Path, cancellation: Cancellation = NEVER_CANCELLED) -> PdfFact | None:
    """Return the content of a PDF; None without pypdf.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    cancellation.raise_if_cancelled()
    if path.stat().st_size > _MAX_PDF_BYTES:
        return PdfFact(-1)
    with path.open("rb") as file:
        return read_pdf(file)


def read_pdf(file: IO[bytes]) -> PdfFact | None:
    """Return the content of an open PDF; None without pypdf. Damage raises no error."""
    try:
        pypdf = import_pypdf()
    except ImportError:
        return None
    # The bytes of a packed stream may look like a name.
    contents = [_STREAM_PATTERN.sub(b"", file.read())]
    is_encrypted = _ENCRYPTION_PATTERN.search(contents[0]) is not None
    try:
        reader = pypdf.PdfReader(file, strict=False)
        is_encrypted = bool(reader.is_encrypted)
        if is_encrypted and not reader.decrypt(""):
            return PdfFact(-1, True)
        # Objects may be packed into streams.
        numbers = {stream_number for stream_number, _ in reader.xref_objStm.values()}
        contents += [reader.get_object(number).get_data() for number in sorted(numbers)]
        active_content = _find_active_content(contents)
        pages = list(reader.pages)
        declared_count = reader.root_object["/Pages"].get("/Count")
        is_count_right = not isinstance(declared_count, int) or declared_count == len(pages)
        page_texts: list[str] = []
        for page in pages:
            # A drawing has no words.
            page_content = page.get_contents()
            has_words = page_content is not None and len(page_content.get_data()) <= _MAX_PAGE_BYTES
            page_texts.append(str(page.extract_text()).strip() if has_words else "")
        info = reader.trailer.get("/Info")
        properties = info.get_object() if info is not None else None
        values = [properties.get(key) for key in _TITLE_KEYS] if isinstance(properties, dict) else []
        return PdfFact(
            len(pages),
            is_encrypted,
            active_content,
            is_blank=bool(pages) and not any(page_texts) and not any(map(_is_drawn_on, pages)),
            declared_page_count=-1 if is_count_right else int(declared_count),
            titles=tuple(filter(None, map(_decode_text, values))),
            page_texts=tuple(page_texts) if any(page_texts) else (),
        )
    except (pypdf.errors.PyPdfError, *DAMAGE_ERRORS):
        return PdfFact(-1, is_encrypted, _find_active_content(contents))


def _find_active_content(contents: list[bytes]) -> tuple[str, ...]:
    """Return the active or attached content that the objects of a PDF name."""
    return tuple(
        key for key, pattern in _ACTIVE_PATTERNS.items() if any(pattern.search(content) for content in contents)
    )


def _is_drawn_on(page: Any) -> bool:
    """Return True if a page without words draws anything: a shape, a picture, a form or an annotation."""
    contents = page.get_contents()
    if contents is not None and (
        len(contents.get_data()) > _MAX_PAGE_BYTES
        or any(operator in _PAINTING_OPERATORS for _, operator in contents.operations)
        # A text that is not of blanks only; its font may have no table of texts.
        or any(
            isinstance(one, str | bytes) and one.strip()
            for operands, operator in contents.operations
            if operator in (b"Tj", b"TJ")
            for one in (operands[0] if operands and isinstance(operands[0], list) else operands)
        )
    ):
        return True
    annotations = (one.get_object() for one in page.get("/Annots") or ())
    return any("/AP" in one and one.get("/Subtype") not in _UNSEEN_ANNOTATIONS for one in annotations)


def _decode_text(value: Any) -> str:
    """Return a text of a PDF's properties: in Unicode, or in GBK, which old Chinese programs write."""
    data = value if isinstance(value, bytes) else getattr(value, "original_bytes", b"")
    if data[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return str(data.decode("utf-16", "replace")).strip()
    for codec in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return str(data.decode(codec)).strip()
    return str(value).strip()
