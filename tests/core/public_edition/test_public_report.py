# SPDX-License-Identifier: GPL-2.0-or-later
"""Public reports of the sample county: searched for coordinates and hidden layers, with unchanged figures."""

import json
import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from plugin.core.errors import InputError, OutputError
from plugin.core.files.writing import OutputPaths
from plugin.core.public_edition.edition import HiddenKind, load_public_edition
from plugin.core.public_edition.redaction import make_public_report
from plugin.core.render.document.docx_writer import _make_template
from plugin.core.render.document.ledger import _COLUMN_WIDTHS
from plugin.core.render.outputs import write_outputs
from tests.core.public_edition.public_files import find_coordinates, read_file_texts
from tests.sample import check_sample_county

KINDS = ("json", "html", "docx", "xlsx")
#: Code and names of a layer of the sample that has many findings, put on the list for the tests.
HIDDEN_NAMES = ("STBHHX", "生态保护红线图层")
CELLS = [key for key, _ in _COLUMN_WIDTHS]
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
    hidden = HiddenKind("试验类", "Trial", (), (layer.name,))
    by_name = replace(edition, kinds=(hidden,), names_by_role={})
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
