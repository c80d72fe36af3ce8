# SPDX-License-Identifier: GPL-2.0-or-later
"""The report to be signed: what its first page states, its order, and equal figures in all formats."""

import importlib
import io
import json
import re
import zipfile
from dataclasses import replace
from html import escape

import openpyxl
import PIL.Image
import pytest

from plugin.core.base.errors import InputError, OutputError
from plugin.core.base.files.writing import OutputPaths
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.report import NO_EDITS, EditsSinceCheck, LayerEdits, Outcome, Report, record_edits
from plugin.core.model.rule import Severity
from plugin.core.render.document import blocks, docx_writer
from plugin.core.render.document.check_report import (
    describe_edits_since_check,
    make_check_record,
    make_check_report,
)
from plugin.core.render.document.decisive import list_decisive_items, make_verdict_sentence
from plugin.core.render.document.docx_writer import import_docx_library, write_docx
from plugin.core.render.document.ledger import write_ledger
from plugin.core.render.document.page_html import render_document_page
from plugin.core.render.document.print_html import read_image_size, render_print_html
from plugin.core.render.html import render_report
from plugin.core.render.map_shapes import draw_text, make_svg
from plugin.core.render.outputs import add_data_digest, compute_data_digest, dump_json, write_outputs
from plugin.core.render.verdict import list_unconfirmed_items
from plugin.core.render.words import ReportTexts, load_report_settings
from plugin.core.standard.messages.texts import THIN_SPACE, Texts
from plugin.core.standard.profile.resolved import read_county_form_choices
from plugin.paths import DOCX_TEMPLATE_FOLDER, SAMPLE_FOLDER

WORD_JOINER = "\u2060"
SIDE_TABLES = {
    "figures": str(SAMPLE_FOLDER / "figures.csv"),
    "targets": str(SAMPLE_FOLDER / "township_tasks.csv"),
}


@pytest.fixture(scope="module")
def checked():
    return check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", **SIDE_TABLES))


@pytest.fixture(scope="module")
def document(checked):
    return make_check_report(add_data_digest(checked.report, checked.plan), checked.plan.norm)


def list_texts(document: blocks.Document) -> list[str]:
    """Return all texts of a document in order."""
    texts = [document.title, document.subtitle]
    for block in document.blocks:
        match block:
            case blocks.Heading():
                texts += [block.text, block.note]
            case blocks.Paragraph():
                texts.append(block.text)
            case blocks.FactTable():
                texts += [text for row in block.rows for pair in row for text in pair]
            case blocks.VerdictBox():
                texts += [block.word, block.statement, block.counts]
            case blocks.DocumentTable():
                texts += [column.title for column in block.columns] if block.rows else [block.text_without_rows]
                texts += [text for row in block.rows for cell in row for text in (cell.text, cell.second_line)]
            case blocks.Signature():
                texts += [*block.labels, block.date_line]
    return [text for text in texts if text]


def normalise(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text.replace(THIN_SPACE, ""))


def find_tables(document: blocks.Document) -> list[blocks.DocumentTable]:
    return [block for block in document.blocks if isinstance(block, blocks.DocumentTable)]


# --- figures


def test_lines_of_print_and_docx_do_not_break_inside_figures(document, tmp_path):
    text = "重叠 81.87 公顷（宽 137.56 m），目标 ≤ 16.46 km²，余 0.4792 万亩，≥ 73.39 10⁴ mu"
    kept = text.replace(" 公", "\u00a0公").replace(" m", "\u00a0m").replace(" km", "\u00a0km").replace("≤ ", "≤\u00a0")
    kept = kept.replace(" 万", "\u00a0万").replace("≥ ", "≥\u00a0").replace(" 10⁴", "\u00a010⁴")
    short = replace(document, blocks=(blocks.Paragraph(text),))
    assert kept in render_print_html(short, 180.0).replace(WORD_JOINER, "")
    path = tmp_path / "报告.docx"
    write_docx(short, path)
    assert kept in [paragraph.text for paragraph in import_docx_library(path).Document(path).paragraphs]


# --- the first page


def test_first_page_states_verdict_control_line_overlaps_and_missed_targets_with_amounts(document):
    box = next(block for block in document.blocks if isinstance(block, blocks.VerdictBox))
    assert box.word == "不通过" and not box.is_passed
    assert box.statement == "三条控制线相互重叠 14 处；扩展倍数 N1 超出 0.0665；城镇开发边界面积超出 0.97 km²。"
    assert "错误 58" in box.counts and "未完整检查的规则 1" in box.counts


def test_first_page_of_every_format_states_the_edits_since_the_full_check(checked, tmp_path):
    edits = EditsSinceCheck((LayerEdits("永久基本农田", 2, 1), LayerEdits("地类图斑", 1)))
    report = record_edits(checked.report, edits)
    report.provenance["started"] = "2026-11-20T14:32:07+08:00"
    warning = (
        "本报告是 2026-11-20 14:32 全面检查的结果。此后改动了 3 个要素：“永久基本农田”（改动 2 个，未保存 1 处）、"
        "“地类图斑”（改动 1 个）。上述改动未计入本报告，请重新进行全面检查后再出具。"
    )
    document = make_check_report(report, checked.plan.norm)
    first_page = list_texts(replace(document, blocks=document.blocks[: document.blocks.index(blocks.PageBreak())]))
    assert first_page.count(warning) == 1
    assert f"<b>{warning}</b>" in render_print_html(document, 180.0)
    assert f"<strong>{warning}</strong>" in render_report(report, checked.plan.norm)
    path = tmp_path / "报告.docx"
    write_docx(document, path)
    printed = next(p for p in import_docx_library(path).Document(path).paragraphs if p.text == warning)
    assert printed.runs[0].bold


@pytest.mark.parametrize(
    ("edits", "stated"),
    [
        (EditsSinceCheck((LayerEdits("线", 0, 2),), is_counted=False), "改动的要素数未统计：“线”（未保存 2 处）。"),
        (EditsSinceCheck(is_counted=False), "此后数据有改动，改动的要素数未统计。"),
        (EditsSinceCheck(have_settings_changed=True), "此后县配置、豁免或检查用的其他文件有改动。"),
        (NO_EDITS, ""),
    ],
)
def test_report_states_that_edits_were_not_counted_or_settings_changed_since_the_check(checked, edits, stated):
    described = describe_edits_since_check(record_edits(checked.report, edits), ReportTexts())
    assert stated in described and bool(stated) == bool(described)


def test_first_page_lists_decisive_problems_in_statutory_order_with_amounts(checked):
    items = list_decisive_items(checked.report, ReportTexts("zh"))
    assert [item.code for item in items] == ["REL001", "REL002", "REL003", "LAW001", "LAW002"]
    found = [f for f in checked.report.findings if f.code == "REL001"]
    net = sum(f.net_area_m2 for f in found) / 10_000
    assert items[0].amount_text == f"{net:,.2f} 公顷" and items[0].place_count == len(found) == 5
    assert items[0].map_numbers == "1–3" and items[2].map_numbers == "11–12"
    assert items[4].amount_text == "超出 0.97 km²"


def test_first_page_counts_met_indicators_without_listing_them(document, checked):
    table = find_tables(document)[1]
    shown = [row[0].text for row in table.rows]
    states = {i.name: i.state for i in checked.report.indicators if i.target is not None and i.value is not None}
    assert shown and all(states[name] != "met" for name in shown)
    note = next(b.note for b in document.blocks if isinstance(b, blocks.Heading) and "指标" in b.text)
    assert re.search(r"其余 \d+ 项", note)


def test_first_page_counts_unconfirmed_settings_in_one_line_and_an_appendix_lists_them(document, checked):
    counts = re.search(r"关键 (\d+) 项，其他 (\d+) 项", "\n".join(list_texts(document)))
    appendix = [b for b in document.blocks if isinstance(b, blocks.Heading)].index(
        next(b for b in document.blocks if isinstance(b, blocks.Heading) and b.text.startswith("附录一"))
    )
    assert appendix > 0
    table = next(t for t in find_tables(document) if t.columns[0].title == "设置")
    assert int(counts[1]) + int(counts[2]) == len(table.rows)
    are_deciding = [row[0].text.endswith("（关键）") for row in table.rows]
    assert are_deciding == sorted(are_deciding, reverse=True) and sum(are_deciding) == int(counts[1]) > 5
    assert not [row[0].text for row in table.rows if re.match(r"rules\.", row[0].text)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_lists_its_caveats_and_only_the_appendix_lists_unconfirmed_settings(checked, lang):
    page = render_report(checked.report, checked.plan.norm, lang=lang)
    (listed,) = re.findall(r'<ul class="nt cv">(.*?)</ul>', page, re.DOTALL)
    caveats = re.findall("<li>(.+)</li>", listed)
    texts = ReportTexts(lang)
    settings = list_unconfirmed_items(checked.report.summary["unconfirmed"], texts)[1]
    deciding = {*checked.report.unconfirmed_items} & {*read_county_form_choices().deciding}
    others = len(settings) - len(deciding)
    assert len(caveats) > 3 and sum(f" {len(deciding)} " in one and f" {others} " in one for one in caveats) == 1
    assert all(setting not in listed for setting in settings if len(setting) > 12)
    cells = page.lower()  # a setting with a name begins with a capital
    assert all(f"<td>{escape(setting.lower())}" in cells for setting in settings)


def test_signatures_end_the_body_and_appendices_begin_on_a_new_page(document):
    kinds = [type(block) for block in document.blocks]
    signature = kinds.index(blocks.Signature)
    assert kinds.count(blocks.Signature) == 1 and kinds[signature + 1] is blocks.PageBreak
    headings = [b.text for b in document.blocks[signature:] if isinstance(b, blocks.Heading) and b.level == 1]
    assert [text[:3] for text in headings] == ["附录一", "附录二", "附录三"]


def make_variant(report: Report, **changes) -> Report:
    return replace(report, **changes)


def test_verdict_sentence_of_an_incomplete_check_lists_the_unchecked_rules(checked):
    skipped = [replace(r, outcome=Outcome.SKIPPED, findings=0) for r in checked.report.rules if r.code == "ATT003"]
    report = make_variant(checked.report, rules=skipped, findings=[], indicators=[])
    items = list_decisive_items(report, ReportTexts("zh"))
    assert [item.code for item in items] == ["ATT003"]
    assert "未检查" in make_verdict_sentence(report, items, ReportTexts("zh"))


def test_verdict_sentence_of_a_conditional_pass_counts_its_warnings(checked):
    findings = [f for f in checked.report.findings if f.severity is Severity.WARNING and f.code == "REL005"]
    rules = [replace(r, incomplete=False) for r in checked.report.rules if r.code == "REL005"]
    report = make_variant(checked.report, rules=rules, findings=findings, indicators=[])
    assert str(report.verdict) == "conditional"
    statement = make_verdict_sentence(report, list_decisive_items(report, ReportTexts("zh")), ReportTexts("zh"))
    assert statement == f"城镇发展区与城镇开发边界不一致 {len(findings)} 处。"


def test_first_page_counts_open_notes_without_an_approval_document_for_each_rule(checked):
    warnings = [f for f in checked.report.findings if f.severity is Severity.WARNING][:5]
    notes = [
        replace(f, severity=Severity.INFO, needs_approval=True, code=code, state=state)
        for f, code, state in zip(
            warnings, ("REL043", "REL043", "LAW005", "LAW005", "REL041"), ["open"] * 4 + ["waived"], strict=True
        )
    ]
    report = make_variant(checked.report, findings=notes, rules=[], indicators=[])
    texts = list_texts(make_check_report(report, checked.plan.norm))
    (line,) = [text for text in texts if "尚未登记文号的提示4处" in normalise(text)]
    assert "REL0432、LAW0052" in normalise(line) and "REL041" not in line
    assert not [text for text in texts if "其余错误" in text]


def test_waived_findings_are_listed_with_reason_and_author(checked):
    waiver = {"author": "王工", "date": "2026-11-20", "reason": "县城防洪", "document": "〔2026〕1号"}
    finding = replace(checked.report.findings[0], state="waived", params={"waiver": waiver})
    report = make_variant(checked.report, findings=[finding], rules=[], indicators=[])
    tables = [b for b in make_check_report(report, checked.plan.norm).blocks if isinstance(b, blocks.DocumentTable)]
    (table,) = [one for one in tables if "县城防洪" in {cell.text for row in one.rows for cell in row}]
    assert [column.title for column in table.columns][3:] == ["豁免理由", "文号", "登记人、日期", "有效期至"]
    assert [cell.text for cell in table.rows[0]][3:] == ["县城防洪", "〔2026〕1号", "王工 2026-11-20", "不限"]


def test_english_report_record_and_page_contain_no_chinese_punctuation(checked):
    english = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", lang="en", **SIDE_TABLES))
    document = make_check_report(english.report, english.plan.norm)
    box = next(block for block in document.blocks if isinstance(block, blocks.VerdictBox))
    assert box.statement.startswith("The three control lines overlap each other in 14 places; expansion ratio N1: ")
    assert re.search("; [A-Z][a-z]", box.statement) is None
    assert document.header_footer.page_number_format == ReportTexts("en").get("page", "number")
    texts = [*list_texts(document), *list_texts(make_check_record(english.report, english.plan.norm))]
    texts.append(render_report(english.report, english.plan.norm))
    assert [text for text in texts if re.search("[、；：]", text)] == []


# --- the formats


def test_written_docx_contains_every_text_of_the_check_report(document, tmp_path):
    path = tmp_path / "检查报告.docx"
    write_docx(document, path)
    read = import_docx_library("x").Document(str(path))
    shown = []
    for element in read.element.body.iter():
        if element.tag.endswith("}t") and element.text:
            shown.append(element.text)
    whole = normalise("".join(shown))
    missing = [text for text in list_texts(document) if normalise(text) not in whole]
    assert missing == []
    footer = read.sections[0].footer._element.xml
    assert "NUMPAGES" in footer and "三区三线规划助手" in footer
    assert read.core_properties.author == Texts("zh").program


def test_print_page_contains_every_text_of_the_check_report(document):
    page = render_print_html(document, 178.0)
    text = normalise(re.sub(r"<[^>]+>", "", page.partition("<body>")[2]).replace("&lt;", "<").replace("&gt;", ">"))
    text = text.replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&").replace(WORD_JOINER, "")
    assert [t for t in list_texts(document) if normalise(t) not in text] == []


#: A vertical tab (a line break pasted from Word), NUL, a backspace, noncharacters, half of a surrogate pair.
NAME_WITH_FORBIDDEN_CHARACTERS, WRITTEN_NAME = "永\x0b安\x00镇\x08\ufffe\uffff\ud800", "永安镇"


def test_documents_leave_out_characters_that_xml_forbids_and_json_keeps_them(checked, tmp_path):
    name = NAME_WITH_FORBIDDEN_CHARACTERS
    document = blocks.Document(
        name, name, blocks.PageHeaderFooter(name), (blocks.Heading(name), blocks.Paragraph(name))
    )
    write_docx(document, tmp_path / "a.docx")
    written = import_docx_library("").Document(tmp_path / "a.docx")
    assert (
        [p.text for p in written.paragraphs if p.text]
        == written.core_properties.title.split() * 2
        == [WRITTEN_NAME] * 4
    )
    for page in (
        render_document_page(document),
        render_print_html(document, 178.0),
        make_svg(1, 1, [draw_text(name, 0, 0, 1, "#000000")]),
    ):
        assert WRITTEN_NAME in page and not set(name) - set(WRITTEN_NAME) & set(page)
    findings = [replace(checked.report.findings[0], township=name, key=name)]
    write_ledger(tmp_path / "a.xlsx", make_variant(checked.report, findings=findings))
    cells = [cell.value for cell in openpyxl.load_workbook(tmp_path / "a.xlsx")["问题"][2]]
    assert cells.count(WRITTEN_NAME) == 2 and json.loads(dump_json({"name": name}).encode("utf-8")) == {"name": name}


def test_print_page_escapes_markup_in_data():
    document = blocks.Document("<b>&", "", blocks.PageHeaderFooter(), (blocks.Paragraph("<script>"),))
    page = render_print_html(document, 178.0)
    assert "<script>" not in page and "&lt;script&gt;" in page and "&lt;b&gt;&amp;" in page


def test_ledger_of_findings_has_a_row_for_each_finding_with_area_coordinates_message_and_link(checked, tmp_path):
    path = tmp_path / "问题台账.xlsx"
    write_ledger(path, checked.report)
    book = openpyxl.load_workbook(path)
    summary, sheet = book["汇总"], book["问题"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert len(rows) == len(checked.report.findings)
    head = [cell.value for cell in sheet[1]]
    by_name = [dict(zip(head, row, strict=True)) for row in rows]
    rank = {code: n for n, code in enumerate(["REL001", "REL002", "REL003", "LAW001", "LAW002"])}
    errors = [row["规则"][-8:-2] for row in by_name if row["严重程度"] == "错误"]
    assert [code for code in dict.fromkeys(errors) if code in rank] == sorted(set(errors) & set(rank), key=rank.get)
    assert errors[0] == "REL001" and len(errors) == sum(f.severity == "ERROR" for f in checked.report.findings)
    for row, finding in zip(
        sorted(by_name, key=lambda row: row["说明与整改建议"]),
        sorted(checked.report.findings, key=lambda one: one.message),
        strict=True,
    ):
        assert row["面积（公顷）"] == (None if finding.area_m2 is None else pytest.approx(finding.area_m2 / 1e4))
        assert row["说明与整改建议"] == finding.message
        assert (row["X（m）"] is None) == (finding.geometry is None or finding.geometry.is_empty)
    assert sheet.auto_filter.ref == f"A1:T{len(rows) + 1}" and sheet.freeze_panes == "D2"
    assert summary["D4"].value == sum(f.code == summary["B4"].value for f in checked.report.findings)
    row_of_code = {row[1].value: row[0].row for row in summary.iter_rows(min_row=4)}
    link, code = by_name[0]["规则"], errors[0]
    assert link == f'=HYPERLINK("#\'汇总\'!A{row_of_code[code]}","{code}")'


def test_ledger_never_writes_a_formula_from_data(checked, tmp_path):
    dangerous = replace(checked.report.findings[0], key="=1+1", township="@SUM(A1)", message="-2+3\x07")
    path = tmp_path / "l.xlsx"
    write_ledger(path, make_variant(checked.report, findings=[dangerous]))
    cells = [cell for cell in openpyxl.load_workbook(path)["问题"][2] if isinstance(cell.value, str)]
    assert [c.value for c in cells if c.data_type == "f"] == [next(c.value for c in cells if "HYPERLINK" in c.value)]
    # The texts themselves stay as they are in the data.
    assert {"=1+1", "@SUM(A1)", "-2+3"} <= {c.value for c in cells}


def test_long_lists_are_cut_with_a_reference_to_the_ledger(checked):
    findings = (checked.report.findings * 12)[:1000]
    document = make_check_report(make_variant(checked.report, findings=findings), checked.plan.norm)
    limits = load_report_settings().length_limits
    tables = [t for t in find_tables(document) if t.columns[-1].title == "说明与整改建议"]
    assert sum(len(t.rows) for t in tables) == limits["rows"]
    assert max(len(t.rows) for t in tables) == limits["rows_per_rule"]
    assert any("问题台账" in text for text in list_texts(document))


@pytest.mark.parametrize(("width", "height"), [(120, 60), (980, 1042), (7, 300)])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_size_of_an_image_is_read_from_its_file(width, height, file_format):
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "white").save(file, file_format, dpi=(300, 300))
    assert read_image_size(file.getvalue()) == (width, height)
    for damaged in (file.getvalue()[:15], b"GIF89a", b""):
        with pytest.raises(ValueError, match="image"):
            read_image_size(damaged)


# --- templates and libraries


def make_office_template(path, *, lacking: str = "") -> None:
    """Write a template with a cover; ``lacking``: a style or bookmark that it does not have."""
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(p for p in DOCX_TEMPLATE_FOLDER.rglob("*") if p.is_file()):
            text = part.read_text(encoding="utf-8")
            cover = "<w:body><w:p><w:r><w:t>浑源县自然资源局</w:t></w:r></w:p>"
            text = text.replace("<w:body>", cover).replace('w:val="40"', 'w:val="52"')
            if lacking:
                text = text.replace(f'"{lacking}"', '"另一名称"')
            name = part.relative_to(DOCX_TEMPLATE_FOLDER).as_posix()
            archive.writestr(name.replace("package.rels", ".rels"), text)


def test_report_is_inserted_into_an_office_template_at_its_bookmark(document, tmp_path):
    template, target = tmp_path / "本局模板.docx", tmp_path / "报告.docx"
    make_office_template(template)
    write_docx(document, target, template)
    paragraphs = import_docx_library("x").Document(str(target)).paragraphs
    assert [p.text for p in paragraphs[:2]] == ["浑源县自然资源局", document.title]
    assert paragraphs[1].style.font.size.pt == 26


@pytest.mark.parametrize("lacking", ["sanxian_report", "报告表格", "报告标题"])
def test_bookmark_or_style_missing_in_a_template_is_reported_before_writing(document, tmp_path, lacking):
    template, target = tmp_path / "模板.docx", tmp_path / "报告.docx"
    make_office_template(template, lacking=lacking)
    with pytest.raises(InputError) as raised:
        write_docx(document, target, template)
    assert raised.value.key == "docx_template_lacks" and raised.value.params["names"] == lacking
    assert not target.exists()


def make_docx_without_xml():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x")
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"no docx", None, make_docx_without_xml()])
def test_unreadable_template_is_refused(document, tmp_path, content):
    template = tmp_path / "模板.docx"
    if content is not None:
        template.write_bytes(content)
    with pytest.raises(InputError) as raised:
        write_docx(document, tmp_path / "r.docx", template)
    assert raised.value.key == "docx_template_unreadable"


def test_docx_output_is_refused_without_lxml_and_other_outputs_are_written(checked, tmp_path, monkeypatch):
    real_import = importlib.import_module

    def refuse_lxml(name, package=None):
        if name.startswith("lxml"):
            raise ImportError(name)
        return real_import(name, package)

    monkeypatch.setattr(docx_writer.importlib, "import_module", refuse_lxml)
    outputs = OutputPaths(docx=str(tmp_path / "r.docx"), xlsx=str(tmp_path / "r.xlsx"))
    with pytest.raises(OutputError) as raised:
        write_outputs(checked.report, checked.plan, outputs)
    (reason,) = raised.value.params["errors"]
    assert reason.key == "output_docx_library" and raised.value.params["written"] == outputs.xlsx
    assert [p.name for p in tmp_path.iterdir()] == ["r.xlsx"]


def test_pdf_is_refused_outside_qgis(checked, tmp_path):
    with pytest.raises(OutputError) as raised:
        write_outputs(checked.report, checked.plan, OutputPaths(pdf=str(tmp_path / "r.pdf")))
    assert raised.value.key == "output_pdf_without_qgis" and list(tmp_path.iterdir()) == []


def test_data_digest_is_the_same_for_equal_data_and_differs_after_a_change(checked):
    again = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", rules=("REL001",)))
    digest = compute_data_digest(checked.plan)
    assert re.fullmatch(r"[0-9a-f]{64}", digest) and compute_data_digest(again.plan) == digest
    again.plan.layers["CZKFBJ"].source.frame.loc[:, "GHFQMC"] = "x"
    assert compute_data_digest(again.plan) != digest


def test_check_command_writes_report_and_ledger_as_docx_and_xlsx(tmp_path, capsys):
    from plugin.core.__main__ import main

    docx, xlsx = tmp_path / "报告.docx", tmp_path / "台账.xlsx"
    source = str(SAMPLE_FOLDER / "county.gpkg")
    main(["check", source, "--profile", "hunyuan", "--rules", "REL001", "--docx", str(docx), "--xlsx", str(xlsx)])
    assert docx.stat().st_size > 5_000 and xlsx.stat().st_size > 3_000
    assert str(docx) in capsys.readouterr().out
