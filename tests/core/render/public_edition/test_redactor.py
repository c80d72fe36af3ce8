# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates, paths and names in texts; figures remain."""

import json
import re
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.base.files.writing import OutputPaths
from plugin.core.checks.check import RunOptions
from plugin.core.render.document.docx_writer import _make_template
from plugin.core.render.document.ledger import _COLUMNS
from plugin.core.render.outputs import write_outputs
from plugin.core.render.public_edition.coordinates import make_coordinate_finder, make_finder_of_extent
from plugin.core.render.public_edition.edition import HiddenKind, load_public_edition
from plugin.core.render.public_edition.redaction import TypedTexts, make_public_report
from plugin.core.render.public_edition.redactor import Redactor, find_suspect_digits
from plugin.core.render.public_edition.verification import find_picture_data, verify_public_file
from tests.core.render.public_edition.public_files import find_coordinates, read_file_texts
from tests.sample import check_sample_county

FINDER = make_finder_of_extent((38448275, 4358356, 38498236, 4411492), (113.39, 39.35, 113.98, 39.83))


@pytest.fixture(scope="module")
def redactor():
    edition = load_public_edition(RunOptions(standard="county_db").resolve_norm())
    return Redactor(
        edition,
        FINDER,
        "zh",
        ["县管网图层"],
        ["浑源.gpkg"],
        persons=["张三"],
        crs_labels=["TM 111°E", "Xian 1980 / GK Zone 19"],
    )


@pytest.mark.parametrize(
    "text",
    [
        "1号 × 2号 12 m² (38460123, 4370456)",
        "位于 X=4370456.123，Y=460123.456",
        "纵坐标 4370456.1",
        "东经113.6°",
        "113°41′22″",
        "113.6512, 39.4871",
        "POINT (38460123 4370456)",
        "MULTIPOLYGON (((1 2, 3 4, 5 6, 1 2)))",
        "38460123.5",
        "图层 ZXCQSZGYSSX 重叠",
        "市政公用设施（线）重叠",
        "见县管网图层",
        "浑源.gpkg 未读",
        "/home/zhang/数据/a.gpkg",
        r"D:\机密 资料\a.gpkg",
        "坐标系是 EPSG:4526（38 带）",
        "位于460123.12，4370456.7处",
        "X为460123.12、Y为4370456.7",
        "东坐标x460123.12",
        "460123.12米，4370456.7米",
        "460123.12m和4370456.7m",
        "4370456.7N 460123.12E",
        "适用范围 113.5–116.5°E",
        r"数据来自D:\机密\库\县.gdb",
        r"位于\\server\机密\县.gdb",
        "读取/home/zhang/县.gpkg失败",
        "/home/zhang san/数据/x.gpkg",
        "坐标系 EPSG：4526",
        "中央经线：东经113°",
        "中央子午线为113度",
        "CGCS2000 / 3-degree Gauss-Kruger zone 38",
        "CGCS2000_3_Degree_GK_Zone_38",
        "3度带 38 带",
        "位于第38带",
        "高斯克吕格投影38带",
        "带号为38",
        "采用38带坐标",
        "TM 113°E",
        "读入 TM 111°E",
        "转自 Xian 1980 / GK Zone 19",
        "登记人 张三）",
    ],
)
def test_redactor_takes_out_coordinates_names_and_paths(redactor, text):
    redacted = redactor.redact_text(text)
    assert redacted != text and redactor.find_leaks(text) and not redactor.find_leaks(redacted)
    for secret in (
        "38460123",
        "4370456",
        "113",
        "39.48",
        "ZXCQ",
        "（线）",
        "管网",
        "浑源.gpkg",
        "机密",
        "4526",
        "zhang",
        "san/",
        "server",
        "zone 38",
        "Zone_38",
        "38 带",
        "38带",
        "111",
        "1980",
        "张三",
        "460123",
        "116.5",
    ):
        assert secret not in redacted


#: Places of the county as people type them, one a line.
NOTATIONS = [
    re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), line)
    for line in (Path(__file__).parent / "notations.txt").read_text(encoding="utf-8").splitlines()
]
#: Notations that the crude search does not know: exponents, clock signs, lengths, Chinese numerals, grids.
UNSUSPECTED = re.compile(r"\de|E\+|゜|：\d\d：|MGRS|4m y|[一三九]")


def test_coordinates_are_found_however_they_are_typed(redactor):
    assert len(NOTATIONS) == len(set(NOTATIONS)) == 73
    for notation in NOTATIONS:
        redacted = unicodedata.normalize("NFKC", redactor.redact_text(f"王家庄{notation}附近"))
        assert "王家庄" in redacted and "附近" in redacted, notation
        assert not re.search(r"\d|[一三九]", redacted), (notation, redacted)


def test_crude_search_shares_no_form_with_the_finder():
    ranges = vars(FINDER)
    missed = [one for one in NOTATIONS if not any(find_suspect_digits(f"王家庄{one}附近", **ranges))]
    assert missed == [one for one in NOTATIONS if UNSUSPECTED.search(one)]


@pytest.mark.parametrize(
    "text",
    [
        "面积 4370456.12 m²",
        "面积 4\u2009370\u2009456.12 亩，占 39.4800%",
        "2026-11-26 23:39:05 检查，第 39-12 号",
        "二十五度以上坡耕地，一百二十三点四五公顷",
        "校验值 4370456a4370456b4370",
        "长 4370.5 km，宽 460.1 km²",
        "第 113 条 39 项",
        "面积 4\u2009370\u2009456.12 公顷",
        "乡镇 140225100，编号 140225211000000001",
        "113.65 公顷，39.48%",
        "角度小于 10°",
        "2026-11-26 09:57",
        "460123",
        "km/h",
        "耕地/园地/林地各 3 块",
        "面积为38460123.5平方米，长4370456.7米",
        "采用 CGCS2000 坐标系",
        "防护林带 38 处",
        "共 38 带状绿地",
        "亩/公顷/ha",
    ],
)
def test_redactor_keeps_figures_and_codes(redactor, text):
    assert redactor.redact_text(text) == text and not redactor.find_leaks(text)


@pytest.mark.parametrize(
    ("entry", "is_blanked"),
    [
        ({"longitude": "113.45"}, True),
        ({"west": "113.39", "east": 113.98}, True),
        ({"x": 460123.5}, True),
        ({"extent": [38448275, 4358356, 38498236, 4411492]}, True),
        ({"bbox": ["113.39", "39.35", "113.98", "39.83"]}, True),
        ({"geometry": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}, True),
        ({"author": "李四", "by": "李四", "attachment": "李四.pdf"}, True),
        ({"points": 12, "areas": [1, 2, 3, 4], "place": "东关村", "count": "12"}, False),
    ],
)
def test_entries_of_coordinates_and_persons_are_blanked_and_counts_of_points_remain(redactor, entry, is_blanked):
    redacted = redactor.redact_value(entry)
    assert not any(redacted.values()) if is_blanked else redacted == entry


def test_county_replaces_the_list_and_a_misspelt_layer_is_refused(tmp_path):
    profile, own = tmp_path / "county.toml", tmp_path / "名单.toml"
    profile.write_text(
        'id = "x"\nname = "X"\narea_code = "140225"\nbase = "hunyuan"\n[public_edition]\nlist = "名单.toml"\n',
        encoding="utf-8",
    )
    head = 'mark = "A"\nsource = "文"\nelements = []\nfields = ["GC"]\nlargest_scale = 5000\n[[layers]]\nzh = "基"\nen = "b"\n'
    own.write_text(head + 'of = ["farmland"]\nnames = ["*等高线*"]\n', encoding="utf-8")
    edition = load_public_edition(RunOptions(profile=str(profile)).resolve_norm())
    assert "YJJBNTBHTB" in edition.hidden_roles and edition.largest_scale == 5000 and edition.is_confirmed
    assert edition.find_kind("", "2021等高线_0.5m") is not None and edition.find_kind("CZKFBJ", "边界") is None
    own.write_text(head + 'of = ["farmlnd"]\nnames = []\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_public_edition(RunOptions(profile=str(profile)).resolve_norm())
    assert caught.value.key == "public_layer_unknown" and caught.value.params["value"] == "farmlnd"


FINDER_OF_FILES = make_finder_of_extent((38420275, 4358356, 38498236, 4431492), (112.39, 39.35, 113.98, 39.83))


@pytest.fixture(scope="module")
def redactor_of_files():
    edition = load_public_edition(RunOptions(standard="county_db").resolve_norm())
    return Redactor(edition, FINDER_OF_FILES, "zh", persons=["张三"])


def is_refused(path, redactor_of_files):
    try:
        verify_public_file(path, redactor_of_files)
    except OutputError as error:
        assert error.key == "public_leak"
        return True
    return False


@pytest.mark.parametrize(
    ("attribute", "refused"),
    [
        ('title="东经112.45°"', True),
        ("aria-label='见 D:\\库\\县.gdb'", True),
        ('alt="张三"', True),
        ('alt="全县"', False),
    ],
)
def test_attributes_of_pages_are_redacted_and_searched(tmp_path, redactor_of_files, attribute, refused):
    page, path = f"<html><body><td {attribute}>甲</td></body></html>", tmp_path / "公开.html"
    path.write_text(page, encoding="utf-8")
    assert is_refused(path, redactor_of_files) is refused
    redacted = redactor_of_files.redact_page(page)
    assert (redacted != page) is refused and "甲" in redacted
    path.write_text(redacted, encoding="utf-8")
    assert not is_refused(path, redactor_of_files)


NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
#: Name of a file, its content (of an archive: part and text), and whether the file is refused.
VERIFIED_FILES = [
    # Numbers of data are coordinates by key or list.
    *(
        ("公开.json", json.dumps({"rows": [data]}).encode(), refused)
        for data, refused in (
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
        )
    ),
    ("公开 112.65E 39.48N.json", b"{}", True),
    ("公开.docx", ("word/media/图.svg", '<svg><path d="M38437123.5 4370456.1 L1 2"/></svg>'), True),
    ("公开.docx", ("word/media/图.svg", '<svg><g inkscape:label="登记人 张三"/></svg>'), True),
    ("公开.docx", ("word/media/图.svg", "<svg><text>东经112.45°</text></svg>"), True),
    ("公开.docx", ("word/media/图.svg", f'<svg {NAMESPACE}><path d="M113.65,39.48 L7,8"/></svg>'), False),
    ("公开.docx", ("word/document.xml", "<w:p><w:t>38437123.5</w:t></w:p>"), True),
    ("公开.docx", ("word/document.xml", "<w:p><w:t>437123.12</w:t></w:p>"), True),
    ("公开.docx", ("word/document.xml", "<w:p><w:t>140225</w:t></w:p>"), False),
    ("公开.docx", ("word/document.xml", '<wp:docPr id="1" descr="X=4370456.12，Y=437123.4"/>'), True),
    ("公开.docx", ("xl/sharedStrings.xml", "<si><t>4370456.12</t></si>"), True),
    ("公开.docx", ("xl/worksheets/sheet1.xml", "<c><v>437123.12</v></c>"), False),
    # The georeference of a PDF is found in its objects only.
    *(
        ("公开.pdf", b"%PDF-1.5\n4 0 obj\n<< " + body + b"\nendobj\n%%EOF\n", refused)
        for body, refused in (
            (b"/Length 9 >>\nstream\nx/GCS [1] \nendstream", False),
            (b"/Note (/Measured) >>", False),
            (b"/Type /Viewport /Measure 7 0 R >>", True),
            (b"/Type /Measure /Subtype /GEO /GPTS [39.4 113.6] >>", True),
            (
                b"/Type /ObjStm /N 1 /First 4 >>\nstream\n"
                + zlib.compress(b"7 0 << /Type /Measure /GCS 8 0 R >>")
                + b"\nendstream",
                True,
            ),
        )
    ),
]


@pytest.mark.parametrize(("name", "content", "refused"), VERIFIED_FILES)
def test_public_file_with_a_coordinate_or_person_in_its_name_data_or_parts_is_refused(
    tmp_path, redactor_of_files, name, content, refused
):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(*content)
    assert is_refused(path, redactor_of_files) is refused


def make_tiff(tag, order="<", next_place=0):
    """Return a TIFF file with one entry; its last bytes are the number of a GeoTIFF tag, as pixels may be."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}HHHIIIH", 1, tag, 3, 1, 7, next_place, 33550)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (make_tiff(256), []),
        (make_tiff(256, ">", next_place=8), []),
        (make_tiff(33922), ["GeoTIFF"]),
        (make_tiff(34735, ">"), ["GeoTIFF"]),
        (make_tiff(256)[:14], ["TIFF"]),
        (b"II+\0\x08\0\0\0", ["TIFF"]),
        (b"\xff\xd8\xff\xe0\x00\x04JF\xff\xda", []),
        (b"\xff\xd8\xff\xe1\x00\x06Exif\xff\xe0\x00\x04JF\xff\xda", ["JPEG 0xe1"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x01tEXta1234", ["tEXt"]),
        (b"\xff\xd8\xff\xe2\x00\x10ICC_PROFILE\0\1\1\xff\xee\x00\x07Adobe\xff\xda", []),
        (b"\xff\xd8\xff\xe2\x00\x06MPF\0\xff\xda", ["JPEG 0xe2"]),
    ],
)
def test_pictures_may_have_colours_and_no_georeference_or_other_data(data, found):
    assert list(find_picture_data(data)) == found


KINDS = ("json", "html", "docx", "xlsx")
#: Code and names of a layer of the sample that has many findings, put on the list for the tests.
HIDDEN_NAMES = ("STBHHX", "生态保护红线图层")
CELLS = [column.id for column in _COLUMNS]
FIGURES = ("errors", "warnings", "infos", "waived", "verdict", "passed", "failed", "skipped", "crashed")


@pytest.fixture(scope="module")
def checked():
    return check_sample_county()


@pytest.fixture(scope="module")
def edition(checked):
    shipped = load_public_edition(checked.plan.norm)
    hidden = HiddenKind("试验类", "Trial", ("STBHHX",), ())
    return replace(shipped, kinds=(hidden, *shipped.kinds), names_by_role={"STBHHX": ("生态保护红线图层",)})


@pytest.fixture(scope="module")
def public(checked, edition):
    return make_public_report(checked.report, checked.plan, edition)


@pytest.fixture(scope="module")
def files(checked, public, tmp_path_factory):
    """Return (folder of internal files, folder of public files)."""
    folders = []
    for name, one in (("内部", None), ("公开", public)):
        folder = tmp_path_factory.mktemp(name)
        paths = OutputPaths(**{kind: str(folder / f"报告.{kind}") for kind in KINDS})
        write_outputs(checked.report, checked.plan, paths, public=one)
        folders.append(folder)
    return folders


@pytest.mark.parametrize("kind", KINDS)
def test_public_report_files_have_no_coordinate_and_no_hidden_layer(files, kind):
    internal, public_file = (read_file_texts(folder / f"报告.{kind}") for folder in files)
    assert find_coordinates(public_file) == []
    for name in (*HIDDEN_NAMES, "county.gpkg", "EPSG:4526"):
        assert name not in public_file
    assert "STBHHX" in internal
    # Page and document of the internal edition have coordinates only in the messages of some rules.
    assert find_coordinates(internal) if kind in ("json", "xlsx") else "EPSG:4526" in internal


@pytest.mark.parametrize("kind", KINDS)
def test_public_report_files_list_what_was_left_out(files, public, kind):
    text = read_file_texts(files[1] / f"报告.{kind}")
    assert "试验类" in text
    assert ("15 特殊用地" in text) == (kind != "json")
    coordinates = public.record.counts["coordinates"]
    internal = json.loads((files[0] / "报告.json").read_text(encoding="utf-8"))
    in_shapes = sum(len(re.findall(r"\d \d", one["geometry"] or "")) for one in internal["findings"])
    in_texts = coordinates - in_shapes
    assert in_shapes > 500 and 0 <= in_texts < 20
    digits = re.sub(r"[\s\u2009\u00a0]", "", text)
    assert str(coordinates) in digits


def test_public_report_has_the_figures_of_the_internal_one(files, checked):
    internal, public_data = (json.loads((folder / "报告.json").read_text(encoding="utf-8")) for folder in files)
    assert {key: public_data["summary"][key] for key in FIGURES} == {key: internal["summary"][key] for key in FIGURES}
    for column in ("code", "severity", "area_m2", "net_area_m2", "width_m", "township", "state"):
        assert [f[column] for f in public_data["findings"]] == [f[column] for f in internal["findings"]]
    for column in ("id", "value", "target", "state"):
        assert [i[column] for i in public_data["indicators"]] == [i[column] for i in internal["indicators"]]
    assert public_data["provenance"]["data_digest"] == internal["provenance"]["data_digest"]
    withheld = [f for f in internal["findings"] if "STBHHX" in (f["role"], f["related_role"])]
    assert len(withheld) > 3
    assert public_data["provenance"]["public_edition"]["removed"]["findings"] == len(withheld)


def test_public_fingerprints_cannot_be_compared_with_internal_ones(checked, public):
    internal = {finding.fingerprint for finding in checked.report.findings}
    fingerprints = [finding.fingerprint for finding in public.report.findings]
    assert len(set(fingerprints)) == len(fingerprints) and not internal & set(fingerprints)


def test_public_ledger_has_all_rows_without_places(files):
    internal, public_book = (openpyxl.load_workbook(folder / "报告.xlsx", read_only=True) for folder in files)
    sheets = [list(book.worksheets[1].iter_rows(values_only=True)) for book in (internal, public_book)]
    assert len(sheets[0]) == len(sheets[1]) > 50
    x, y = (CELLS.index(key) for key in ("x", "y"))
    assert any(row[x] and row[y] for row in sheets[0][1:])
    assert all(row[x] is None and row[y] is None for row in sheets[1][1:])
    area = CELLS.index("area")
    assert [row[area] for row in sheets[1]] == [row[area] for row in sheets[0]]


def test_public_edition_refuses_the_layer_of_findings(checked, public, tmp_path):
    target = tmp_path / "问题.gpkg"
    with pytest.raises(OutputError) as caught:
        write_outputs(checked.report, checked.plan, OutputPaths(findings=str(target)), public=public)
    assert caught.value.key == "public_findings_layer" and list(tmp_path.iterdir()) == []


def test_public_edition_refuses_a_report_that_is_not_public(checked, edition):
    document = {"secrecy": "秘密★20年", "sources": {}, "lowered": []}
    report = replace(checked.report, provenance={**checked.report.provenance, "document": document})
    with pytest.raises(InputError) as caught:
        make_public_report(report, checked.plan, edition)
    assert caught.value.key == "public_secrecy"
    lowered = {"above": "秘密", "above_source": "profile", "secrecy": "公开", "source": "project", "reason": "已审查"}
    document |= {"secrecy": "公开", "lowered": [lowered]}
    report = replace(checked.report, provenance={**checked.report.provenance, "document": document})
    assert make_public_report(report, checked.plan, edition).report.provenance["document"]["lowered"] == []


def test_public_document_from_a_template_with_properties_of_an_office_is_refused(checked, edition, tmp_path):
    template, target = tmp_path / "template.docx", tmp_path / "公开.docx"
    part = b"/docProps/custom.xml"
    with zipfile.ZipFile(_make_template()) as source, zipfile.ZipFile(template, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name == "_rels/.rels":
                kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
                relation = (
                    b'<Relationship Id="rIdC" Type="' + kind + b'" Target="docProps/custom.xml"/></Relationships>'
                )
                data = data.replace(b"</Relationships>", relation)
            if name == "[Content_Types].xml":
                content = b'<Override PartName="' + part + b'" ContentType="application/xml"/></Types>'
                data = data.replace(b"</Types>", content)
            archive.writestr(name, data)
        archive.writestr("docProps/custom.xml", "<Properties>浑源县张三</Properties>")
    target.write_bytes(b"old")
    short = replace(checked.report, findings=checked.report.findings[:3], rules=checked.report.rules[:3])
    public = make_public_report(short, checked.plan, edition)
    paths = OutputPaths(docx=str(target))
    with pytest.raises(OutputError) as caught:
        write_outputs(short, checked.plan, paths, public=public, docx_template=str(template))
    assert caught.value.key == "public_leak" and target.read_bytes() == b"old"
    write_outputs(short, checked.plan, paths, public=public)
    assert target.read_bytes() != b"old"


def test_public_report_has_no_name_of_a_person(checked, edition, tmp_path):
    """Findings as of waivers, of the package's waivers and of the confirmation; and a message that repeats a name."""
    waiver = {
        "id": "W1",
        "document": "浑自然资函〔2026〕1号",
        "author": "张三丰",
        "attachment": "会议纪要.pdf",
        "date": "2026-01-01",
    }
    texts = {"rule": "TOP001", "author": "张三丰", "document": waiver["document"]}
    expired, covered, confirmed, repeated = (replace(one) for one in checked.report.findings[:4])
    for number, (finding, params, message) in enumerate(
        (
            (
                expired,
                texts | {"waiver": waiver},
                "规则 TOP001 的豁免 1（浑自然资函〔2026〕1号，登记人 张三丰）已到期。",
            ),
            (covered, {"package_waiver": waiver | {"author": "李四光、王五岳"}}, "重叠 1 处。"),
            (
                confirmed,
                {"by": "赵六合", "document": "1号", "date": "2026-01-01"},
                "确认日期 2026-01-01（1号，赵六合）晚于今天。",
            ),
            (repeated, {"note": "王五岳已看"}, "王五岳、孙七星和张三丰说明见会议纪要.pdf。"),
        )
    ):
        finding.params, finding.message, finding.role, finding.field = params, message, "", ""
        finding.related_role, finding.fingerprint = "", f"f{number}"
    provenance = checked.report.provenance
    profile = {**provenance["profile"], "confirmed": {"by": "孙七星", "document": "1号", "date": "2026-01-01"}}
    short = replace(
        checked.report,
        findings=[expired, covered, confirmed, repeated],
        rules=checked.report.rules[:3],
        provenance={**provenance, "profile": profile},
    )
    public = make_public_report(short, checked.plan, edition)
    assert not public.report.findings[0].params["author"] and not public.report.findings[2].params["by"]
    assert public.report.findings[1].params["package_waiver"]["attachment"] == ""
    assert public.record.counts["persons"] >= 6
    paths = OutputPaths(**{kind: str(tmp_path / f"公开.{kind}") for kind in KINDS})
    write_outputs(short, checked.plan, paths, public=public)
    for kind in KINDS:
        text = read_file_texts(tmp_path / f"公开.{kind}")
        assert "浑自然资函〔2026〕1号" in text
        for name in ("张三丰", "李四光", "王五岳", "赵六合", "孙七星", "会议纪要"):
            assert name not in text, (kind, name)
            assert public.redactor.find_leaks(f"登记人{name}.pdf")


def test_layer_hidden_by_its_name_is_hidden_in_data_and_texts(checked, edition):
    """The pattern fits the name of the layer in the data; its code is on no list."""
    role, layer = next((role, one) for role, one in dict.items(checked.plan.layers) if role != "STBHHX")
    by_name = replace(edition, kinds=(HiddenKind("试验类", "Trial", (), (layer.name,)),), names_by_role={})
    short = replace(checked.report, findings=checked.report.findings[:3], rules=checked.report.rules[:3])
    redactor = make_public_report(short, checked.plan, by_name).redactor
    row = {"role": role, "fid": 7, "name": "东关村", "area_m2": 5.0}
    assert redactor.redact_value(row) == {
        "role": redactor.withheld,
        "name": redactor.withheld,
        "area_m2": 5.0,
    }
    assert redactor.find_leaks(f"见 {role}") and redactor.find_leaks(f"与{layer.template.name}重叠")


def test_names_of_hidden_layers_are_taken_out_of_names_of_rules_and_indicators(checked, edition, tmp_path):
    """The official name of the red lines is in names of rules and indicators."""
    official = replace(edition, names_by_role={"STBHHX": ("生态保护红线",)})
    public = make_public_report(checked.report, checked.plan, official)
    target = tmp_path / "公开.json"
    write_outputs(checked.report, checked.plan, OutputPaths(json=str(target)), public=public)
    assert "生态保护红线" not in read_file_texts(target) and len(public.report.rules) == len(checked.report.rules)


def test_texts_that_someone_typed_are_left_out_unless_their_field_is_listed(checked, edition):
    """Names and a wrong value of a code's name; codes, values of lists and townships stay."""
    place, package = (replace(one) for one in checked.report.findings[:2])
    place.params, place.township = (
        place.params | {"note": "悬空寺保护范围、0301", "code": "0301", "names": ["耕地"]},
        "永安镇",
    )
    place.params["waiver"] = {"reason": "见 38 403 567 处", "document": "晋函〔2026〕1号"}
    package.code, package.case, package.params = "DOC005", "same", {"file": "图.jpg", "other": "113 44 4.2.jpg"}
    report = replace(checked.report, findings=[*checked.report.findings, place, package])
    public = make_public_report(report, checked.plan, edition)
    before, after = ("\n".join(one.message for one in each.findings) for each in (report, public.report))
    assert "“旧县衙遗址保护范围”" in before and "“〔文字略〕”" in after and "旧县衙" not in after
    *_, shown, files = public.report.findings
    assert (shown.params["note"], shown.params["names"], shown.township) == ("〔文字略〕、0301", ["耕地"], "永安镇")
    assert shown.params["waiver"] == {"reason": "〔文字略〕", "document": "晋函〔2026〕1号"}
    assert "113" not in files.message + files.params["other"]
    removed = public.report.provenance["public_edition"]["removed"]
    texts = {item: number for item, number in removed.items() if item.startswith("texts ")}
    assert texts == {
        "texts ZLDWMC": 2,
        "texts MC": 2,
        "texts GHFQMC": 1,
        "texts （成果包的文件）": 2,
        "texts （豁免的理由和文号）": 1,
    }
    assert ("字段 MC 中填写的文字", "2") in public.record.list_rows(edition, public.redactor.texts)
    listed = make_public_report(report, checked.plan, replace(edition, text_fields=frozenset(("mc", "ZLDWMC"))))
    assert "“旧县衙遗址保护范围”" in "\n".join(one.message for one in listed.report.findings)
    kept = {"texts GHFQMC", "texts （成果包的文件）", "texts （豁免的理由和文号）"}
    assert {item for item in listed.record.counts if item in texts} == kept


def test_divided_numbers_in_fields_are_typed_texts_and_lists_of_codes_are_not(checked):
    typed = TypedTexts(checked.plan, (), make_coordinate_finder(checked.plan), {})
    assert all(map(typed._is_coded, ["0101, 9999", "晋函〔2026〕1号", "140225000003000003", "2026-11-20"]))
    assert not any(map(typed._is_coded, ["113 . 7512", "113. 7512", "38 403 567", "(113)(7652)", "晋函 113.7452"]))
