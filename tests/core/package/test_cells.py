# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package shows besides its figures: forms of numbers, ink, pictures, keys; and what is lenient to another version."""

import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.generator import generator_digest
from plugin.core.package.maps import jpeg as decoded_module
from plugin.core.package.maps.jpeg import GDAL, PILLOW, UNREAD, DecodedJpeg, decode_jpeg
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.rules import _package
from plugin.core.package.rules._package import unknown_keys
from plugin.core.package.tables.own_workbook import apply_layer_names, is_misleading_format, is_own_format
from plugin.core.package.tables.read import read_workbook
from plugin.paths import MANIFEST_SCHEMA, REPORT_SCHEMA
from tests.core.package.test_forged import (
    MANIFEST,
    METADATA,
    PAGE,
    REPORT,
    RULES,
    TABLES,
    findings,
    form,  # noqa: F401
    honest,  # noqa: F401
    in_about,
    in_format,
    in_page,
    in_words,
    laid_over,
    made,  # noqa: F401
    manifest,
    number_cell,
    other_version,
    package,  # noqa: F401
    painted,
    plan,  # noqa: F401
    read,
    remake,
    report,
    reseal,
    workbook,
    write,
)
from tests.core.package_fixtures import jpg

# ruff: noqa: F811

MISLEADING = [
    '"75.9000"', r"\7\5\.\9", "75.9", '"7"0.00', '0.00"9"', '[$75.90]', '[$7]0.00', "#,##0.00,", "0.00,,", '[>0]"75.9";0.00',
    '"达到"', "[White]0.00", "[白色]0.00", "*7", '0.00;"12.5"', '0.00;-0.00;"12.5"',
]  # fmt: skip
PLAIN = [
    "General", "0.00", "#,##0.00;[Red]-#,##0.00", '0.00"公顷"', '0.00"m2"', '#,##0.00" km²"', "0%", '0.00_);(0.00)', '0.00;-0.00;"—"',
    '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', '0.00"（2020年）"', "[$¥-804]#,##0.00", "0.00E+00", "yyyy-mm-dd", ";;;", '"第"0"号"',
]  # fmt: skip


@pytest.mark.parametrize("form_", MISLEADING)
def test_a_form_that_shows_another_figure(form_):
    assert is_misleading_format(form_, True)
    assert not is_own_format(form_, True)


@pytest.mark.parametrize("form_", PLAIN)
def test_a_form_that_shows_the_figure(form_):
    assert not is_misleading_format(form_, True)


@pytest.mark.parametrize(
    ("form_", "wrong"), [('0;0;0;"达到"', True), ("@", False), ("General", False), ("0;0;0;@", False)]
)
def test_a_form_of_words(form_, wrong):
    assert is_misleading_format(form_, False) is wrong


def book_with(path, *changes):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["线", "面积"])
    book.active.append(["红线", 25.0])
    for change in changes:
        change(book.active)
    book.save(path)
    return read_workbook(path, path.name).sheets[0]


@pytest.mark.parametrize(
    ("ink", "ground", "hidden"),
    [
        ("FFFFFFFF", "", True),
        ("FF000000", "", False),
        ("FFFF0000", "FFFF0000", True),
        ("FFFFFFFF", "FF000080", False),
        ("FFEEEEEE", "", True),
        ("FF808080", "", False),
    ],
)
def test_letters_that_nobody_sees(tmp_path, ink, ground, hidden):
    from openpyxl.styles import Font, PatternFill

    def paint(sheet):
        sheet["B2"].font = Font(color=ink)
        sheet["B2"].fill = PatternFill("solid", start_color=ground) if ground else PatternFill()

    assert ("cells" in book_with(tmp_path / "a.xlsx", paint).hidden) is hidden


def test_a_tint_turns_black_into_white(tmp_path):
    from openpyxl.styles import Font
    from openpyxl.styles.colors import Color

    def paint(sheet):
        sheet["B2"].font = Font(color=Color(theme=1, tint=0.99))

    assert "cells" in book_with(tmp_path / "a.xlsx", paint).hidden


@pytest.mark.parametrize("anchor", ["twoCellAnchor", "oneCellAnchor"])
def test_cells_under_a_shape_of_anybodys_workbook(tmp_path, anchor):
    path = tmp_path / "a.xlsx"
    book_with(path)
    size = "<to><col>1</col><row>1</row></to>" if anchor == "twoCellAnchor" else '<ext cx="9525" cy="9525"/>'
    shape = f"<wsDr><{anchor}><from><col>1</col><row>1</row></from>{size}</{anchor}></wsDr>"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/drawings/drawing1.xml", shape)
        archive.writestr(
            "xl/worksheets/_rels/sheet1.xml.rels",
            '<Relationships><Relationship Id="r" Type="x/drawing" Target="/xl/drawings/drawing1.xml"/></Relationships>',
        )
    (sheet,) = read_workbook(path, "a").sheets
    assert sheet.covered == ((2, 2),)


def test_names_of_layers_as_the_package_has_them():
    names = {"红线2024": "STBHHX", "DLTB": "DLTB"}
    assert apply_layer_names("由“红线2024”和“DLTB”计算；红线2024", names) == "由“STBHHX”和“DLTB”计算；红线2024"


def test_a_jpg_is_decoded(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpg())
    assert decode_jpeg(path) == DecodedJpeg(GDAL, True, 127, 0.5)
    path.write_bytes(jpg(drawn=False))
    assert decode_jpeg(path) == DecodedJpeg(GDAL, True, 0, 1.0)
    path.write_bytes(jpg()[:20000] + jpg()[24000:])
    assert decode_jpeg(path) == DecodedJpeg(GDAL, False)


def test_without_gdal_a_jpg_is_decoded_by_pillow(tmp_path, monkeypatch):
    pytest.importorskip("PIL", reason="optional")
    monkeypatch.setattr(decoded_module, "_by_gdal", lambda path: None)
    path = tmp_path / "a.jpg"
    path.write_bytes(jpg(drawn=False))
    assert decode_jpeg(path) == DecodedJpeg(PILLOW, True, 0, 1.0)
    path.write_bytes(jpg())
    assert decode_jpeg(path).levels > 100
    path.write_bytes(jpg()[:30000])
    assert decode_jpeg(path) == DecodedJpeg(PILLOW, False)
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert decode_jpeg(path) == DecodedJpeg(UNREAD, True, None)


def test_what_was_not_decoded_is_said(package, form, plan, monkeypatch):
    from plugin.core.engine.evaluate import choose_rules
    from plugin.core.package.inspection import collect_facts as look_module
    from plugin.core.results.run import run_check

    monkeypatch.setattr(look_module, "decode_jpeg", lambda path: DecodedJpeg())
    side = SideInputs(package=look_module.collect_package_facts(package, form))
    (rule,) = run_check(plan, choose_rules(["DOC005"]), side=side, lang="zh").rules
    assert "没有解码" in rule.reason


def test_the_schemas_know_every_key_that_is_written(made):
    assert unknown_keys(read(made / MANIFEST), MANIFEST_SCHEMA) == ""
    assert unknown_keys(read(made / REPORT), REPORT_SCHEMA) == ""


def test_the_schemas_know_every_key_of_0_1_0():
    place = Path(__file__).parents[2] / "upgrade" / "0.1.0"
    assert unknown_keys(read(place / "report.json"), REPORT_SCHEMA) == ""
    with zipfile.ZipFile(place / "package.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith("/manifest.json"))
        assert unknown_keys(json.load(io.BytesIO(archive.read(name))), MANIFEST_SCHEMA) == ""


def test_unknown_keys_are_named_by_their_place():
    data = {
        "schema": "sanxian-package/1",
        "tool": {"versions": {"any": "1"}, "by": "x"},
        "layers": [{"a": 1}, {"a": 2}],
    }
    assert unknown_keys(data, MANIFEST_SCHEMA) == "tool.by, layers[].a"


def of_other_build(digest="0" * 64, *changes):
    """As if another build of the same version had made it, with other templates."""

    def changed(package):
        data = read(package / MANIFEST)
        if digest:
            data["tool"]["generator"] = digest
        else:
            del data["tool"]["generator"]
        write(package / MANIFEST, data)
        in_page("</style>", "p.of-old{margin:0}</style>")(package)
        for change in changes:
            change(package)
        remake(package)
        in_page("</style>", "p.of-old{margin:0}</style>", PAGE)(package)

    return changed


@pytest.mark.parametrize("digest", ["0" * 64, ""])
def test_pages_of_another_build_are_only_said_not_to_be_rebuilt(package, form, plan, honest, digest):
    of_other_build(digest)(package)
    reseal(package)
    found = findings(package, form, plan, RULES)
    new = {key: [f.severity for f in some] for key, some in found.items() if key not in honest}
    assert new == {("DOC015", "not_rebuilt"): ["WARNING", "WARNING"]}
    for finding in found["DOC015", "not_rebuilt"]:
        assert "未能重建核对" in finding.message and "同一版本号" in finding.message


def test_a_verdict_of_another_build_is_still_compared(package, form, plan):
    of_other_build("0" * 64, in_page(">不通过</div>", ">通过</div>"))(package)
    reseal(package)
    (told,) = findings(package, form, plan, RULES)["DOC015", "differs"]
    assert told.severity == "ERROR" and "“通过”" in told.message and "“不通过”" in told.message


def test_pages_of_this_build_with_other_markup_are_an_error(package, form, plan):
    in_page("</style>", "p.of-old{margin:0}</style>")(package)
    remake(package)
    reseal(package)
    (told,) = findings(package, form, plan, RULES)["DOC015", "differs"]
    assert told.severity == "ERROR" and "页面代码，从第" in told.message and "p.of-old" in told.message


def test_the_manifest_names_what_pages_were_made_by(made, monkeypatch):
    from plugin.core.package import generator

    assert read(made / MANIFEST)["tool"]["generator"] == generator_digest()
    monkeypatch.setattr(generator, "_files", lambda: generator.__dict__["_CODE"][0].glob("html.py"))
    assert generator_digest.__wrapped__() != generator_digest()


def in_report(name, share):
    def change(data):
        one = next(i for i in data["indicators"] if i["id"] == name)
        one["value"] *= 1 + share

    return report(change)


def in_table(share):
    def change(book):
        number_cell(book).value *= 1 + share

    return workbook(change)


def more_features(data):
    data["provenance"]["layers"][0]["features"] += 1


#: Name → (change, rule and case, severity under another version, under this one).
LENIENT = {
    "a figure within what versions measure apart": (in_report("red_line_area", 1.5e-5), ("DOC013", "figure"), "WARNING", "ERROR"),
    "a figure beyond that": (in_report("red_line_area", 3e-5), ("DOC013", "figure"), "ERROR", "ERROR"),
    "a figure of a table beyond that": (in_table(1e-2), ("DOC011", "cell"), "ERROR", "ERROR"),
    "a number of features": (report(more_features), ("DOC013", "features"), "ERROR", "ERROR"),
    "a verdict": (report(lambda r: r["summary"].update(verdict="pass")), ("DOC013", "summary"), "ERROR", "ERROR"),
    "a count of warnings": (report(lambda r: r["summary"].update(warnings=77)), ("DOC013", "summary"), "ERROR", "ERROR"),
    "a status word": (in_words("状态", "达到"), ("DOC011", "words"), "ERROR", "ERROR"),
    "the sheet on the data": (in_about("县配置", "浑源县（已确认）"), ("DOC011", "words"), "ERROR", "ERROR"),
    "a form of numbers": (in_format('"75.9000"'), ("DOC011", "format"), "ERROR", "ERROR"),
    "a shape over cells": (laid_over(), ("DOC011", "drawn"), "ERROR", "ERROR"),
    "white letters": (painted("FFFFFFFF"), ("DOC011", "hidden"), "WARNING", "WARNING"),
    "a score": (in_page("<质量得分 ?/>", "<质量得分>99</质量得分>", METADATA), ("DOC012", "value"), "WARNING", "WARNING"),
    "a key more": (manifest(lambda m: m.update(approved="省厅")), ("DOC010", "keys"), "WARNING", "ERROR"),
    "a key more of the report": (report(lambda r: r.update(approved="省厅")), ("DOC013", "keys"), "WARNING", "ERROR"),
}  # fmt: skip


@pytest.mark.parametrize("elsewhere", [True, False])
@pytest.mark.parametrize("name", LENIENT)
def test_what_is_lenient_to_another_version_and_what_is_not(package, form, plan, name, elsewhere):
    change, (code, case), other, own = LENIENT[name]
    if elsewhere:
        other_version(change)(package)
    else:
        change(package)
        remake(package)
    reseal(package)
    found = findings(package, form, plan, [*RULES, "DOC011"])
    if case == "hidden":
        assert "D4" in found[code, case][0].message
    assert {f.severity for f in found[code, case]} == {other if elsewhere else own}
    if case == "figure" and elsewhere and other == "WARNING":
        assert "未能重建核对" in found[code, case][0].message
    unbuilt = found.get(("DOC011", "unbuilt"), [])
    assert [f.severity for f in unbuilt] == (["WARNING"] if elsewhere else [])


def test_a_count_is_the_same_in_every_version():
    from plugin.core.package.rules._tables import _is_slight
    from plugin.core.package.tables.compare import CellDifference

    area = CellDifference("cell", 4, 3, "红线", "面积", "100001", expected=100000.0, difference=1.0, unit="ha")
    count = CellDifference("cell", 4, 2, "红线", "图斑数", "100001", expected=100000.0, difference=1.0, unit="count")
    assert _is_slight(area) and not _is_slight(count)


def test_another_profile_leaves_words_uncompared_and_says_so(package, form, plan):
    """States and targets still agree with the report."""
    report(lambda r: r["provenance"]["profile"].update(id="某县"))(package)
    remake(package)
    reseal(package)
    found = findings(package, form, plan, ["DOC011"])
    assert {key[1]: [f.severity for f in some] for key, some in found.items()} == {
        "unread": ["WARNING"],
        "unbuilt": ["INFO"],
    }


def test_the_places_of_other_words_are_named(package, form, plan):
    in_words("状态", "达到")(package)
    remake(package)
    reseal(package)
    (told,) = findings(package, form, plan, ["DOC011"])["DOC011", "words"]
    assert TABLES in told.message and "指标表" in told.message and "为“达到”，应为“" in told.message


def test_a_workbook_of_another_software_may_look_as_it_likes(package, form, plan):
    """Named by no manifest of ours: only what shows another figure is told."""
    manifest(lambda m: m.update(tables=[]))(package)
    in_words("状态", "达到")(package)
    painted("FF808080")(package)
    in_format('0.00"公顷"')(package)
    remake(package)
    reseal(package)
    found = findings(package, form, plan, ["DOC011"])
    assert not {case for _, case in found} & {"words", "look", "format", "drawn", "unbuilt"}
    in_format('"75.9000"')(package)
    laid_over()(package)
    reseal(package)
    found = findings(package, form, plan, ["DOC011"])
    assert {case: some[0].severity for (_, case), some in found.items() if case in ("format", "covered")} == {
        "format": "WARNING",
        "covered": "WARNING",
    }


def test_the_digest_decides_before_the_version(package):
    from plugin.core.package.inspection.facts import PackageFacts

    data = read(package / MANIFEST)
    version = data["tool"]["versions"]["sanxian"]
    facts = PackageFacts("x", load_package_spec("county"), manifest=data)
    assert _package.explain_not_rebuilt(facts, version) == "" and not _package.is_of_other_version(facts)
    data["tool"]["generator"] = "1" * 64
    assert _package.explain_not_rebuilt(facts, version) == "templates" and _package.is_of_other_version(facts)
    assert _package.explain_not_rebuilt(facts, "0.0.1") == "version"
