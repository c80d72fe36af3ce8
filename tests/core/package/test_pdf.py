# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages, texts and active content of a PDF, as the usual programs write them."""

import io
import zlib

import pytest

from plugin.core.cli.examples.package_facts import make_pdf
from plugin.core.package.inspection.pdf import PdfFact, inspect_pdf, read_pdf

TEXT_CONTENT = b"BT /F1 24 Tf 72 720 Td (text) Tj ET"


def assemble_pdf(objects: dict[int, bytes], trailer: bytes = b"/Root 1 0 R") -> bytes:
    """Return a PDF of these objects."""
    body, places = b"%PDF-1.7\n", {}
    for number, value in objects.items():
        places[number] = len(body)
        body += b"%d 0 obj%s endobj\n" % (number, value)
    rows = b"".join(b"%d 1\n%010d 00000 n \n" % item for item in places.items())
    end = b"trailer<</Size 99%s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(body))
    return body + b"xref\n0 1\n0000000000 65535 f \n" + rows + end


def read(data: bytes) -> PdfFact:
    """Return the content of a PDF."""
    return read_pdf(io.BytesIO(data))


def make_stream(content: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object of a PDF; ``entries``: further entries of its dictionary."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def make_objects(content: bytes = TEXT_CONTENT, page: bytes = b"", catalog: bytes = b"") -> dict[int, bytes]:
    """Return the objects of a PDF with one page by number.

    ``page``, ``catalog``: further entries of their dictionaries.
    """
    return {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R%s>>" % page,
        4: make_stream(content),
    }


def make_annotation(kind: bytes, more: bytes = b"") -> bytes:
    """Return the entry of a page with one annotation of a kind."""
    return b"/Annots[<</Type/Annot/Subtype/%s/Rect[0 0 99 99]%s>>]" % (kind, more)


#: Title → (PDF, attribute of its facts, expected value).
SPOILT_PDFS = {
    "a page count that the tree does not have": (
        assemble_pdf(make_objects() | {2: b"<</Type/Pages/Kids[3 0 R]/Count 9/MediaBox[0 0 595 842]>>"}),
        "declared_page_count", 9,
    ),
    "an attached file on a page": (assemble_pdf(make_objects(page=make_annotation(b"FileAttachment"))), "active_content", ("pdf_files",)),
    "a film on a page": (assemble_pdf(make_objects(page=make_annotation(b"Movie"))), "active_content", ("pdf_media",)),
    "text of blanks": (assemble_pdf(make_objects(b"BT /F1 24 Tf [(  ) 3 ( )] TJ ET")), "is_blank", True),
    "the title of another county": (assemble_pdf(make_objects() | {6: b"<</Title<FEFF7075 4E18 53BF>>>"}, b"/Root 1 0 R/Info 6 0 R"), "titles", ("灵丘县",)),
}  # fmt: skip


@pytest.mark.parametrize("title", SPOILT_PDFS)
def test_lost_pages_active_content_and_titles_of_a_pdf_are_found(title):
    data, attribute, expected = SPOILT_PDFS[title]
    assert getattr(read(data), attribute) == expected


def make_packed_pdf() -> bytes:
    """Return a PDF as Word writes it: objects, page contents and table of references packed."""
    values = {n: v for n, v in make_objects().items() if n != 4}
    head, body = b"", b""
    for number, value in values.items():
        head += b"%d %d " % (number, len(body))
        body += value + b" "
    streams = {
        4: make_stream(zlib.compress(TEXT_CONTENT), b"/Filter/FlateDecode"),
        8: make_stream(
            zlib.compress(head + body),
            b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(values), len(head)),
        ),
    }
    data, rows = b"%PDF-1.7\n", {0: (0, 0, 65535)}
    for number, value in streams.items():
        rows[number] = (1, len(data), 0)
        data += b"%d 0 obj%s endobj\n" % (number, value)
    rows |= {number: (2, 8, place) for place, number in enumerate(values)} | {9: (1, len(data), 0)}
    table = b"".join(
        bytes([kind]) + place.to_bytes(4, "big") + more.to_bytes(2, "big")
        for kind, place, more in (rows.get(number, (0, 0, 0)) for number in range(10))
    )
    references = make_stream(zlib.compress(table), b"/Type/XRef/Size 10/W[1 4 2]/Root 1 0 R/Filter/FlateDecode")
    return data + b"9 0 obj%s endobj\nstartxref\n%d\n%%%%EOF\n" % (references, len(data))


#: Title → PDF with features that Word, WPS, QGIS, scanners and programs for signatures write.
ORDINARY_PDFS = {
    "plain": assemble_pdf(make_objects()),
    "packed objects": make_packed_pdf(),
    "a crop box of the page": assemble_pdf(make_objects(page=b"/CropBox[0 0 595 842]/Rotate 90")),
    "a crop box without printer's marks": assemble_pdf(make_objects(page=b"/MediaBox[0 0 655 902]/CropBox[30 30 625 872]")),
    "a crop box by a reference": assemble_pdf(make_objects(page=b"/CropBox 7 0 R") | {7: b"[0 0 595 842]"}),
    "links, fields, stamps": assemble_pdf(make_objects(page=b"/Annots 7 0 R") | {7: b"[<</Subtype/Link>><</Subtype/Widget/FT/Sig>><</Subtype/Stamp>><</Subtype/Popup>>]"}),
    "texts of AutoCAD": assemble_pdf(make_objects(page=make_annotation(b"Square", b"/T(AutoCAD SHX Text)"))),
    "layers that are on": assemble_pdf(make_objects(catalog=b"/OCProperties<</OCGs[6 0 R]/D<</Order[6 0 R]/ON[6 0 R]/OFF[]>>>>") | {6: b"<</Type/OCG/Name(a)>>"}),
    "a scan with invisible text": assemble_pdf(make_objects(b"q 595 0 0 842 0 0 cm /Im0 Do Q BT 3 Tr (text) Tj ET")),
    "white text on a bar": assemble_pdf(make_objects(b"0.2 0.3 0.4 rg 0 0 99 99 re f 1 g " + TEXT_CONTENT)),
    "a stroke in a pattern": assemble_pdf(make_objects(b"/Pattern CS /P1 SCN 1 1 m 9 9 l S")),
    "a form that was filled in": assemble_pdf(make_objects(b"", page=make_annotation(b"Widget", b"/AP<</N 7 0 R>>"))),
}  # fmt: skip


@pytest.mark.parametrize("title", ORDINARY_PDFS)
def test_pdf_made_by_a_common_program_has_one_page_and_nothing_to_report(title):
    facts = read(ORDINARY_PDFS[title])
    assert facts.page_count == 1 and not facts.is_blank and facts.declared_page_count == -1
    assert not (facts.is_encrypted or facts.active_content)


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_pages_of_a_pdf_are_counted_and_blank_only_if_none_draws_anything(tmp_path, pages):
    path = tmp_path / "a.pdf"
    for drawn in (True, False):
        path.write_bytes(make_pdf(pages=pages, drawn=drawn))
        assert inspect_pdf(path) == PdfFact(pages, is_blank=pages > 0 and not drawn)


@pytest.mark.parametrize("password", ["x", ""])
def test_pdf_with_a_password_is_encrypted_and_its_pages_are_unknown_unless_the_password_is_empty(password):
    from pypdf import PdfReader, PdfWriter

    writer, buffer = PdfWriter(), io.BytesIO()
    writer.append(PdfReader(io.BytesIO(make_pdf("text"))))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    writer.write(buffer)
    facts = read(buffer.getvalue())
    assert facts.is_encrypted and facts.page_count == (-1 if password else 30)


def test_names_of_active_content_within_the_bytes_of_a_stream_are_not_reported():
    assert read(assemble_pdf(make_objects() | {5: make_stream(b"x/JS (\n/Launch /Encrypt ")})) == read(
        assemble_pdf(make_objects())
    )


def test_pdf_is_not_inspected_without_pypdf(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pypdf", None)
    assert read_pdf(io.BytesIO(make_pdf())) is None


@pytest.mark.parametrize(
    "data",
    [
        b"1 0 obj<</Type/Catalog/Pages 1 0 R/Kids[1 0 R 1 0 R]>>endobj",
        b"1 0 obj" + b"[" * 500 + b"endobj",
        b"1 0 obj<</A(((( endobj",
        b"1 0 obj<</Type/ObjStm/First 9/N 2>>stream\nx y z\nendstream endobj",
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Kids[3 0 R]/MediaBox[0 0 9 9]>>endobj 3 0 obj<</Contents 4 0 R/Annots[<</F 9%s/AP 5>>]/Resources<</Font<</F<</FirstChar 9%s/Widths[1]>>>>/XObject<</M 4 0 R>>>>>>endobj 4 0 obj<</Subtype/Form/BBox[1 (a)]>>stream\n/M Do BT /F 9 Tf 9%s Tr 1 1 Td (a) Tj 1 1 m l h f\nendstream endobj"
        % (3 * (b"9" * 400,)),
        b"1 0 obj 2 0 R endobj 2 0 obj 1 0 R endobj trailer<</Root 1 0 R>>",
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Kids[3 0 R]/Count(x)>>endobj 3 0 obj<</MediaBox[0 (a)]/Annots[5]/Contents 7>>endobj",
    ],
)
def test_malformed_objects_of_a_pdf_raise_no_error(data):
    assert read(b"%PDF-1.7\n" + data).page_count <= 1
    objects = [part.partition(b"obj")[::2] for part in data.split(b"endobj") if b"obj" in part]
    facts = read(assemble_pdf({int(number.split()[0]): value for number, value in objects}))
    assert facts.page_count <= 1


FONT_RESOURCES = b"/Resources<</Font<</F1<</Subtype/TrueType>>/F2 6 0 R>>/XObject<</Fm0 5 0 R>>>>"
TO_UNICODE = make_stream(
    b"1 beginbfchar\n<0001> <6D51>\nendbfchar\n2 beginbfrange\n<0002> <0003> <6E90>\n<0004> <0005> [<53BF> <D840DC00>]\nendbfrange"
)
#: Title → (content of the page, further objects, text).
PAGE_TEXTS = {
    "codes with a map": (
        b"BT /F2 9 Tf 72 720 Td <0001> Tj 9 0 Td [<0002> -20 <0004>] TJ ET",
        {6: b"<</Subtype/Type0/Encoding/Identity-H/ToUnicode 7 0 R>>", 7: TO_UNICODE}, "浑源县",
    ),
    "codes in Unicode": (b"BT /F2 9 Tf 72 720 Td <6D516E9053BF> Tj ET", {6: b"<</Subtype/Type0/Encoding/UniGB-UCS2-H>>"}, "浑源县"),
    "codes in GBK": (
        b"BT /F2 9 Tf 72 720 Td <" + "浑源a县".encode("gbk").hex().encode() + b"> Tj ET",
        {6: b"<</Subtype/Type0/Encoding/GBK-EUC-H>>"}, "浑源a县",
    ),
    "a latin font": (TEXT_CONTENT, {}, "text"),
    "a restored font": (b"BT /F1 9 Tf q /F2 9 Tf <6D51> Tj Q (a) Tj ET", {6: b"<</Subtype/Type0/Encoding/UniGB-UCS2-H>>"}, "浑a"),
    "a picture inside of the content": (b"BI /W 1 /H 1 ID (no) Tj EI " + TEXT_CONTENT, {}, "text"),
    "text under a rectangle": (TEXT_CONTENT + b" 1 g 60 710 90 40 re f", {}, "text"),
    "a form": (b"/Fm0 Do", {5: make_stream(TEXT_CONTENT, b"/Subtype/Form" + FONT_RESOURCES)}, "text"),
}  # fmt: skip


@pytest.mark.parametrize("title", PAGE_TEXTS)
def test_words_of_a_page_are_read(title):
    content, objects, text = PAGE_TEXTS[title]
    facts = read(assemble_pdf(make_objects(content, FONT_RESOURCES) | objects))
    assert ["".join(words.split()) for words in facts.page_texts] == [text]
