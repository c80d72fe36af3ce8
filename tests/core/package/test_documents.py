# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents that an export makes of the check: 质量检查报告 and 质量检查记录, and their inspection."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from plugin.core.base.errors import DataError, OutputError
from plugin.core.base.files.data import list_data_ids
from plugin.core.base.files.digests import (
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    compute_sha256,
    write_manifest_digest,
)
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.package_facts import make_pdf
from plugin.core.model.report import Report
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.render.document.blocks import DocumentTable, Heading
from plugin.core.render.document.check_report import make_check_record
from plugin.core.render.sections import make_head_section
from plugin.core.render.words import ReportTexts
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import DocumentInfo
from plugin.paths import PACKAGE_SPECS_FOLDER, SAMPLE_FOLDER
from tests.parametrize import first_daily

COUNTY_SPEC_TEXT = (PACKAGE_SPECS_FOLDER / "county.toml").read_text(encoding="utf-8")
PLAN_TEXT = "140225浑源县国土空间总体规划文本.pdf"
REPORT, RECORD = "2-规划文档/140225浑源县质量检查报告.docx", "2-规划文档/140225浑源县质量检查记录.docx"


def make_spec(folder: Path, **changes: str):
    """Return the county's specification with documents as docx, which the core writes itself."""
    text = re.sub(r"(质量检查(?:报告|记录))\.pdf", r"\1.docx", COUNTY_SPEC_TEXT)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "docx.toml"
    path.write_text(text, encoding="utf-8")
    return load_package_spec(path)


@pytest.fixture(scope="module")
def checked_sample():
    return check_plan(
        SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", rules=("REL001", "LAW002", "GEO002"))
    )


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Return a folder with the plan's text alone."""
    folder = tmp_path_factory.mktemp("文档")
    (folder / PLAN_TEXT).write_bytes(make_pdf("text"))
    return folder


def export_by_force(checked_sample, spec, folder, documents, **more):
    """Export a package by force without maps; return the result."""
    order = ExportOrder(
        spec, folder, documents, is_forced=True, makes_maps=False, document_info=DocumentInfo(secrecy="内部")
    )
    return export_package(checked_sample, order, **more)


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """Return the county's specification with documents as docx."""
    return make_spec(tmp_path_factory.mktemp("样式"))


@pytest.fixture(scope="module")
def exported_package(checked_sample, spec, documents, tmp_path_factory):
    """Return the result of the export of the sample, made once for all tests."""
    return export_by_force(checked_sample, spec, tmp_path_factory.mktemp("成果"), documents)


@pytest.fixture
def copied_package(exported_package, tmp_path):
    """Return the path of a copy of the exported package, which a test may change."""
    return Path(shutil.copytree(exported_package.path, tmp_path / exported_package.path.name))


def list_findings(package, spec, code):
    """Return the findings of a rule in an inspection, except those on the manifest's page."""
    report = inspect_package(package, spec, RunOptions(profile="hunyuan")).report
    # The page of the manifest has the digests of the files, so it differs where a document was changed.
    return [f for f in report.findings if f.code == code and f.key != MANIFEST_PAGE_FILE_NAME]


def replace_text_in_document(package: Path, path: str, old: str, new: str) -> None:
    """Replace a text in a docx of a package; size and digest in the manifest are adapted."""
    file = package / path
    with zipfile.ZipFile(file) as archive:
        parts = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in parts.items():
            if info.filename == "word/document.xml":
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode(), 1)
            archive.writestr(info, data)
    manifest = json.loads((package / MANIFEST_FILE_NAME).read_text(encoding="utf-8"))
    row = next(row for row in manifest["files"] if row["path"] == path)
    row |= {"bytes": file.stat().st_size, "sha256": compute_sha256(file)}
    (package / MANIFEST_FILE_NAME).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    write_manifest_digest(package)


def test_export_generates_the_documents_that_the_documents_folder_lacks(exported_package):
    rows = {row["id"]: row for row in exported_package.manifest["slots"]}
    assert (rows["quality"]["files"], rows["quality"]["generated"]) == ([REPORT], "report")
    assert (rows["quality_record"]["files"], rows["quality_record"]["generated"]) == ([RECORD], "record")
    assert all((exported_package.path / name).is_file() for name in (REPORT, RECORD))
    assert not [p for p in exported_package.problems if p.key == "document_not_made"]


def test_unchanged_generated_documents_of_a_package_give_no_finding_on_missing_or_changed_documents(
    copied_package, spec
):
    assert not [f.message for f in list_findings(copied_package, spec, "DOC002") if "质量检查" in f.message]
    assert list_findings(copied_package, spec, "DOC015") == []


def test_inspection_notes_that_the_text_of_supplied_documents_is_not_checked(copied_package, spec):
    report = inspect_package(copied_package, spec, RunOptions(profile="hunyuan")).report
    (outcome,) = [one for one in report.rules if one.code == "DOC005"]
    assert f"{PLAN_TEXT}（30 页）" in outcome.reason and "其余文字没有核对" in outcome.reason
    assert "质量检查报告" not in outcome.reason, "the plugin made it, and DOC015 reads it back"


@pytest.mark.parametrize(
    ("path", "old", "new", "part"),
    first_daily(
        [
            (REPORT, "126.13\u00a0公顷", "26.13\u00a0公顷", "指标与面积"),
            (REPORT, "不通过", "通过", "结论"),
            (RECORD, "检查结论：不通过", "检查结论：通过", "结论"),
        ]
    ),
)
def test_changed_text_of_a_generated_document_is_reported_with_its_section(copied_package, spec, path, old, new, part):
    replace_text_in_document(copied_package, path, old, new)
    found = list_findings(copied_package, spec, "DOC015")
    assert len(found) == 1, [f.message for f in found]
    (finding,) = found
    assert (finding.case, finding.key) == ("document", path)
    assert part in finding.message and "请重新生成成果包" in finding.message


def test_damaged_generated_document_gives_a_warning(copied_package, spec):
    replace_text_in_document(copied_package, REPORT, "</w:body>", "<w:p></w:body>")
    found = list_findings(copied_package, spec, "DOC015")
    assert len(found) == 1, [f.message for f in found]
    (finding,) = found
    assert (finding.case, str(finding.severity)) == ("document_unread", "WARNING") and "损坏" in finding.message


def test_document_supplied_by_the_office_is_packed_instead_of_a_generated_one(
    checked_sample, spec, documents, tmp_path
):
    brought = Path(shutil.copytree(documents, tmp_path / "文档"))
    (brought / Path(REPORT).name).write_bytes(b"PK\x03\x04" + bytes(40))
    done = export_by_force(checked_sample, spec, tmp_path, brought)
    rows = {row["id"]: row for row in done.manifest["slots"]}
    assert "generated" not in rows["quality"] and rows["quality_record"]["generated"] == "record"
    assert (done.path / REPORT).read_bytes().startswith(b"PK\x03\x04\0")


def test_second_export_generates_unsigned_documents_again_and_leaves_a_signed_document_unchanged(
    checked_sample, spec, documents, tmp_path
):
    first = export_by_force(checked_sample, spec, tmp_path, documents)
    signed = (first.path / RECORD).read_bytes() + b"signed"
    (first.path / RECORD).write_bytes(signed)
    rows = {row["id"]: row for row in export_by_force(checked_sample, spec, tmp_path, documents).manifest["slots"]}
    assert rows["quality"]["generated"] == "report" and "generated" not in rows["quality_record"]
    assert (first.path / RECORD).read_bytes() == signed


def test_export_without_qgis_names_each_missing_pdf_document_with_the_reason(checked_sample, documents, tmp_path):
    done = export_by_force(checked_sample, load_package_spec("county"), tmp_path, documents)
    assert not [path for path in done.path.rglob("*质量检查*") if path.suffix in (".pdf", ".docx")]
    for lang, words in (("zh", ("质量检查报告", "QGIS")), ("en", ("质量检查报告", "inside QGIS"))):
        sentences = [p.format_as_sentence(Texts(lang)) for p in done.problems if p.key == "document_not_made"]
        assert len(sentences) == 2 and all(word in sentences[0] for word in words)


def test_required_document_that_cannot_be_made_stops_the_export(checked_sample, documents, tmp_path):
    path = tmp_path / "must.toml"
    text = COUNTY_SPEC_TEXT.replace('need = "C"\ngenerated = "report"', 'need = "M"\ngenerated = "report"')
    assert text != COUNTY_SPEC_TEXT
    path.write_text(text, encoding="utf-8")
    order = ExportOrder(load_package_spec(path), tmp_path, documents, document_info=DocumentInfo(secrecy="内部"))
    with pytest.raises(OutputError) as caught:
        export_package(checked_sample, order)
    assert "没有生成规定格式的质量检查报告" in Texts("zh").explain_error(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('generated = "report"', 'generated = "raport"', ("document[3].generated", "raport", "record")),
        ("质量检查报告.pdf", "质量检查报告.odt", ("document[3].file", ".docx")),
        ("质量检查报告.pdf", "质量检查报告{number}.pdf", ("document[3].file", "{number}")),
    ],
)
def test_error_on_a_generated_document_in_a_package_spec_states_file_and_key(tmp_path, old, new, words):
    path = tmp_path / "某省.toml"
    path.write_text(COUNTY_SPEC_TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_package_spec(path)
    assert all(word.strip("{}") in Texts("zh").explain_error(caught.value) for word in words)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_check_record_has_a_row_for_every_rule(checked_sample, lang):
    record = make_check_record(checked_sample.report, checked_sample.plan.norm, lang=lang)
    tables = [block for block in record.blocks if isinstance(block, DocumentTable)]
    assert [row[0].text for row in tables[1].rows] == [rule.code for rule in checked_sample.report.rules]
    headings = [block.text for block in record.blocks if isinstance(block, Heading) and block.level == 1]
    assert len(headings) == 3


@pytest.mark.parametrize("spec_id", list_data_ids(PACKAGE_SPECS_FOLDER))
def test_name_of_the_check_report_is_equal_in_file_name_document_list_and_page_title(spec_id):
    spec = load_package_spec(spec_id)
    title = make_head_section(Report(), ReportTexts("zh"))["title"]
    assert title == next(slot.title for slot in spec.files if slot.generated == "report")
    assert spec.report.file == f"{{code}}{{name}}{title}"
    assert any(name.endswith("三区三线检查报告") for name in spec.report.former_files), "as in packages of 0.1.0"
