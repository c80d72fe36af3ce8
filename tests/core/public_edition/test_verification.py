# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are refused as public: what they show in data, office parts, PDF objects and pictures."""

import json
import zipfile
import zlib

import pytest

from plugin.core.check import RunOptions
from plugin.core.errors import OutputError
from plugin.core.public_edition.coordinates import make_finder_of_extent
from plugin.core.public_edition.edition import load_public_edition
from plugin.core.public_edition.file_parts import find_picture_data
from plugin.core.public_edition.redactor import Redactor
from plugin.core.public_edition.verification import verify_public_file

FINDER = make_finder_of_extent((38420275, 4358356, 38498236, 4431492), (112.39, 39.35, 113.98, 39.83))


@pytest.fixture(scope="module")
def redactor():
    edition = load_public_edition(RunOptions(standard="county_db").resolve_norm())
    return Redactor(edition, FINDER, "zh", persons=["张三"])


def is_refused(path, redactor):
    try:
        verify_public_file(path, redactor)
    except OutputError as error:
        assert error.key == "public_leak"
        return True
    return False


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        ({"value": 38437123.5, "unit": "m2"}, False),
        ({"value": 4370456.0, "unit": "公顷"}, False),
        ({"areas_m2": [38437123.5, 7.0, 1.0]}, False),
        ({"total": 4370456}, False),
        ({"easting": 437123.5}, True),
        ({"longitude": "112.45"}, True),
        ({"extent": ["38437123", "4370456", "38437124", "4370457"]}, True),
        ({"values": [38437123.5, 7.0, 1.0]}, True),
        ({"values": [38437123.5, 4370456.1]}, True),
        ({"unit": "m", "values": [38437123.5, 4370456.1]}, True),
        ({"note": "登记人张三"}, True),
    ],
)
def test_numbers_of_data_are_coordinates_by_key_or_list(tmp_path, redactor, data, refused):
    path = tmp_path / "公开.json"
    path.write_text(json.dumps({"rows": [data]}), encoding="utf-8")
    assert is_refused(path, redactor) is refused


@pytest.mark.parametrize(
    ("attribute", "refused"),
    [
        ('title="东经112.45°"', True),
        ("aria-label='见 D:\\库\\县.gdb'", True),
        ('alt="张三"', True),
        ('alt="全县"', False),
    ],
)
def test_attributes_of_pages_are_redacted_and_searched(tmp_path, redactor, attribute, refused):
    page, path = f"<html><body><td {attribute}>甲</td></body></html>", tmp_path / "公开.html"
    path.write_text(page, encoding="utf-8")
    assert is_refused(path, redactor) is refused
    redacted = redactor.redact_page(page)
    assert (redacted != page) is refused and "甲" in redacted
    path.write_text(redacted, encoding="utf-8")
    assert not is_refused(path, redactor)


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("word/media/图.svg", '<svg><path d="M38437123.5 4370456.1 L1 2"/></svg>', True),
        ("word/media/图.svg", '<svg><g inkscape:label="登记人 张三"/></svg>', True),
        ("word/media/图.svg", "<svg><text>东经112.45°</text></svg>", True),
        ("word/media/图.svg", '<svg xmlns="http://www.w3.org/2000/svg"><path d="M113.65,39.48 L7,8"/></svg>', False),
        ("word/document.xml", "<w:p><w:t>38437123.5</w:t></w:p>", True),
        ("word/document.xml", "<w:p><w:t>437123.12</w:t></w:p>", True),
        ("word/document.xml", "<w:p><w:t>140225</w:t></w:p>", False),
        ("word/document.xml", '<wp:docPr id="1" descr="X=4370456.12，Y=437123.4"/>', True),
        ("xl/sharedStrings.xml", "<si><t>4370456.12</t></si>", True),
        ("xl/worksheets/sheet1.xml", "<c><v>437123.12</v></c>", False),
    ],
)
def test_parts_of_office_files_are_searched(tmp_path, redactor, name, text, refused):
    path = tmp_path / "公开.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, text)
    assert is_refused(path, redactor) is refused


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"4 0 obj\n<< /Length 9 >>\nstream\nx/GCS [1] \nendstream\nendobj", False),
        (b"4 0 obj\n<< /Note (/Measured) >>\nendobj", False),
        (b"4 0 obj\n<< /Type /Viewport /Measure 7 0 R >>\nendobj", True),
        (b"4 0 obj\n<< /Type /Measure /Subtype /GEO /GPTS [39.4 113.6] >>\nendobj", True),
        (
            b"4 0 obj\n<< /Type /ObjStm /N 1 /First 4 >>\nstream\n"
            + zlib.compress(b"7 0 << /Type /Measure /GCS 8 0 R >>")
            + b"\nendstream\nendobj",
            True,
        ),
    ],
)
def test_georeference_of_a_pdf_is_found_in_its_objects_only(tmp_path, redactor, body, refused):
    path = tmp_path / "公开.pdf"
    path.write_bytes(b"%PDF-1.5\n" + body + b"\n%%EOF\n")
    assert is_refused(path, redactor) is refused


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"II*\0\x08\0\0\0", ["TIFF"]),
        (b"MM\0*\0\0\0\x08", ["TIFF"]),
        (b"\xff\xd8\xff\xe2\x00\x10ICC_PROFILE\0\1\1\xff\xee\x00\x07Adobe\xff\xda", []),
        (b"\xff\xd8\xff\xe2\x00\x06MPF\0\xff\xda", ["JPEG 0xe2"]),
    ],
)
def test_pictures_may_have_colours_and_no_georeference(data, found):
    assert list(find_picture_data(data)) == found
