# SPDX-License-Identifier: GPL-2.0-or-later
"""Honest mistakes in a package, each named by the inspection, and unsafe content, which is refused."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from plugin.core.base.errors import InputError
from plugin.core.base.files.digests import (
    DIGEST_LIST,
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    write_manifest_digest,
)
from plugin.core.checks.check import RunOptions
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.package_facts import make_jpeg, make_pdf
from plugin.core.engine.evaluate import choose_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.inspection.archive import unpack_package
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.jpeg import write_map_description
from plugin.core.standard.messages.texts import Texts
from tests.core.package.package_copies import (
    DATABASE_PATH,
    MAP_PATH,
    METADATA_PATH,
    PACKAGE_ROOT,
    PACKAGE_RULES,
    REPORT_JSON_PATH,
    REPORT_PAGE_PATH,
    TABLES_PATH,
    TEXT_DOCUMENT_PATH,
    change_json,
    change_workbook,
    delete_files,
    find_number_cell,
    inspect_findings,
    replace_in_page,
    run_sql_on_database,
    set_about_text,
    set_cell_text,
    write_file_into_package,
)
from tests.core.small_plan import explain_error
from tests.parametrize import first_of_each_daily

#: A message with a missing value.
EMPTY_TEXT_PATTERN = re.compile("“[\\s—]*”|[\u4e00-\u9fff ]—[ ；，。（）]")
SECOND_MAP_PATH = MAP_PATH.replace("01三条控制线", "02三区")


def write_map_of_another_number(package):
    """Give the first map the description of the second, as if both were exchanged."""
    write_map_description(package / MAP_PATH, "140225", "02", "三区图")


def move_file(old, new):
    """Return a function that moves a file of a package."""
    return lambda package: (package / old).rename(package / new)


def truncate_file(path, share):
    """Return a function that cuts a file of a package to a share of its bytes."""

    def change_copied_package(package):
        data = (package / path).read_bytes()
        (package / path).write_bytes(data[: int(len(data) * share)])

    return change_copied_package


def write_json_with_digest(change):
    """Return a function that changes the manifest and its digest, as the manifest of another package has them."""

    def change_copied_package(package):
        change_json(MANIFEST_FILE_NAME, change)(package)
        write_manifest_digest(package)

    return change_copied_package


def add_to_archive(path, name):
    """Return a function that adds a part to an Office file of a package."""

    def change_copied_package(package):
        with zipfile.ZipFile(package / path, "a") as archive:
            archive.writestr(name, b"x")

    return change_copied_package


def add_layer(name):
    """Return a function that copies a layer of the database under another name."""

    def change_copied_package(package):
        import pyogrio

        frame = pyogrio.read_dataframe(package / DATABASE_PATH, layer="CZKFBJ")[["BSM", "geometry"]]
        pyogrio.write_dataframe(frame, package / DATABASE_PATH, layer=name, driver="GPKG", append=True)

    return change_copied_package


def remove_layer(name):
    """Return a function that removes a layer from the database."""
    return run_sql_on_database(
        f"DELETE FROM gpkg_contents WHERE table_name = '{name}'",
        f"DELETE FROM gpkg_geometry_columns WHERE table_name = '{name}'",
        f'DROP TABLE "{name}"',
    )


def use_figures_of_last_week(book):
    """Scale a figure of a table by a hundredth."""
    find_number_cell(book).value *= 1.01


def store_figures_as_text(book):
    for row in book["三条控制线"].iter_rows():
        for cell in row:
            if isinstance(cell.value, float):
                cell.value = str(cell.value)


def change_red_line_area(report):
    next(one for one in report["indicators"] if one["id"] == "red_line_area").update(value=1.0)


def repeat_layer_in_metadata(package):
    text = (package / METADATA_PATH).read_text("utf-8")
    entry = re.search("  <数据集>.*?</数据集>\n", text, re.DOTALL).group()
    (package / METADATA_PATH).write_text(text.replace(entry, entry + entry, 1), "utf-8", newline="\n")


#: Title → (change, rule and case that must name it).
MISTAKES = {
    # Missing files.
    "a missing map": (delete_files(MAP_PATH), ("DOC006", "lost")),
    "a missing text": (delete_files(TEXT_DOCUMENT_PATH), ("DOC002", "")),
    "a missing database": (delete_files(DATABASE_PATH), ("DOC002", "data")),
    "no metadata": (delete_files(METADATA_PATH), ("DOC012", "missing")),
    "no page of the report": (delete_files(REPORT_PAGE_PATH), ("DOC013", "half")),
    "no report": (delete_files(REPORT_PAGE_PATH, REPORT_JSON_PATH), ("DOC013", "none")),
    "no page of the manifest": (delete_files(MANIFEST_PAGE_FILE_NAME), ("DOC015", "gone")),
    "no manifest": (delete_files(MANIFEST_FILE_NAME), ("DOC006", "lost_listed")),
    "no list of digests": (delete_files(DIGEST_LIST), ("DOC006", "no_list")),
    # Wrong names and places.
    "a folder of any name": (lambda p: p.rename(p.with_name("最终版")), ("DOC001", "form")),
    "a folder of another county": (lambda p: p.rename(p.with_name(PACKAGE_ROOT.replace("225", "226"))), ("DOC001", "county")),
    "a text of another name": (move_file(TEXT_DOCUMENT_PATH, "2-规划文档/文本定稿.pdf"), ("DOC003", "name")),
    "a text among the maps": (move_file(TEXT_DOCUMENT_PATH, TEXT_DOCUMENT_PATH.replace("2-规划文档", "4-规划图件")), ("DOC003", "folder")),
    "a name in full width": (write_file_into_package(TEXT_DOCUMENT_PATH.replace("140225", "１４０２２５"), make_pdf()), ("DOC003", "alike")),
    "a name with an invisible character": (write_file_into_package("4-规划图件/140225浑源县02图\u200b.jpg", make_jpeg()), ("DOC003", "unseen")),
    "two maps of one number": (write_file_into_package(MAP_PATH.replace("三条控制线", "三区"), make_jpeg()), ("DOC030", "number")),
    "a missing number": (write_file_into_package(MAP_PATH.replace("01三条控制线", "03三区"), make_jpeg()), ("DOC030", "gap")),
    # Left-over files.
    "thumbnails": (write_file_into_package("4-规划图件/Thumbs.db", b"x"), ("DOC004", "")),
    "an empty folder": (lambda p: (p / "6-批复").mkdir(), ("DOC004", "folder")),
    "a register of waivers": (write_file_into_package(DATABASE_PATH.replace(".gpkg", ".waivers.csv"), b"REL001"), ("DOC003", "waivers")),
    "a file added afterwards": (write_file_into_package("2-规划文档/140225浑源县说明.pdf", make_pdf()), ("DOC006", "more")),
    # Files that cannot be opened, or show nothing.
    "an empty text": (write_file_into_package(TEXT_DOCUMENT_PATH, b""), ("DOC005", "empty")),
    "a text of another format": (write_file_into_package(TEXT_DOCUMENT_PATH, b"PK\x03\x04"), ("DOC005", "kind")),
    "a truncated text": (truncate_file(TEXT_DOCUMENT_PATH, 0.5), ("DOC005", "cut")),
    "a text with a password": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(trailer=b"/Encrypt 9 0 R")), ("DOC005", "locked")),
    "a text of empty pages": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(pages=3, drawn=False)), ("DOC005", "blank")),
    "a text without a page": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(pages=0)), ("DOC005", "pages")),
    "a text that lost pages": (lambda p: (p / TEXT_DOCUMENT_PATH).write_bytes(make_pdf().replace(b"/Count 30", b"/Count 39")), ("DOC005", "count")),
    "a cover instead of the text": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(pages=1)), ("DOC005", "short")),
    "a text of another county": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf("t", trailer="/Info<</Title(140226 左云县)>>".encode())), ("DOC001", "document")),
    "a truncated map": (truncate_file(MAP_PATH, 0.999), ("DOC005", "broken")),
    "a map damaged inside": (write_file_into_package(MAP_PATH, make_jpeg()[:20000] + make_jpeg()[24000:]), ("DOC005", "inside")),
    "a white map": (write_file_into_package(MAP_PATH, make_jpeg(drawn=False)), ("DOC005", "plain")),
    "a map of 96 dpi": (write_file_into_package(MAP_PATH, make_jpeg(96)), ("DOC005", "dpi")),
    "a map of a few pixels": (write_file_into_package(MAP_PATH, make_jpeg(300, (3, 2))), ("DOC005", "small")),
    "one picture for two maps": (write_file_into_package(SECOND_MAP_PATH, make_jpeg()), ("DOC005", "same")),
    "two maps exchanged": (write_map_of_another_number, ("DOC005", "other_map")),
    "a truncated database": (truncate_file(DATABASE_PATH, 0.3), ("DOC008", "unreadable")),
    # Data of another edition.
    "a changed row": (run_sql_on_database("UPDATE CZKFBJ SET MJ = 1"), ("DOC006", "changed")),
    "a layer of another edition": (run_sql_on_database("DELETE FROM CZKFBJ WHERE fid = 1"), ("DOC010", "features")),
    "a layer that was removed": (remove_layer("CZKFBJ"), ("DOC010", "lost")),
    "a working layer": (add_layer("GZC"), ("DOC010", "more")),
    "an additional field": (run_sql_on_database('ALTER TABLE "CZKFBJ" ADD COLUMN "BEIZHU2" TEXT'), ("DOC010", "fields")),
    # Tables of last week.
    "a table of last week": (change_workbook(use_figures_of_last_week), ("DOC011", "cell")),
    "a table without a row": (change_workbook(lambda b: b["三条控制线"].delete_rows(4)), ("DOC011", "lost")),
    "a blank in a table": (change_workbook(lambda b: setattr(find_number_cell(b), "value", None)), ("DOC011", "blank")),
    "a workbook without a table": (change_workbook(lambda b: b.remove(b["三条控制线"])), ("DOC011", "no_table")),
    "a working sheet": (change_workbook(lambda b: b.create_sheet("底稿")), ("DOC011", "more_sheets")),
    "figures stored as text": (change_workbook(store_figures_as_text), ("DOC011", "stored_text")),
    "a state of last week": (set_cell_text("状态", "达到"), ("DOC011", "words")),
    "a sheet on the data of another profile": (set_about_text("县配置", "某县"), ("DOC011", "words")),
    # Report, pages and manifest of another run.
    "a damaged report": (truncate_file(REPORT_JSON_PATH, 0.5), ("DOC013", "damaged")),
    "a report of another run": (change_json(REPORT_JSON_PATH, lambda r: r["summary"].update(warnings=77)), ("DOC013", "counts")),
    "a verdict of another run": (change_json(REPORT_JSON_PATH, lambda r: r["summary"].update(errors=0)), ("DOC013", "check")),
    "a report of other layers": (change_json(REPORT_JSON_PATH, lambda r: r["provenance"]["layers"][0].update(features=77)), ("DOC013", "features")),
    "a report with figures of last week": (change_json(REPORT_JSON_PATH, change_red_line_area), ("DOC013", "figure")),
    "a report with targets of last week": (change_json(REPORT_JSON_PATH, lambda r: r["indicators"][0].update(state="met", target=0.0, comparison=">=")), ("DOC013", "state")),
    "a report of another county": (change_json(REPORT_JSON_PATH, lambda r: r["provenance"].update(area_code="140226")), ("DOC013", "county")),
    "a report of another profile": (change_json(REPORT_JSON_PATH, lambda r: r["provenance"]["profile"].update(id="hunyuan")), ("DOC016", "differs")),
    "a report with other settings": (change_json(REPORT_JSON_PATH, lambda r: r["provenance"]["settings"].update({"ratio.limit": 9.9})), ("DOC016", "settings")),
    "a page of another run": (replace_in_page('data-verdict="fail"><div class="vb fail">不通过', 'data-verdict="pass"><div class="vb pass">通过'), ("DOC015", "differs")),
    "a page with fewer findings": (replace_in_page("<tr data-code=.*?</tr>", ""), ("DOC015", "differs")),
    "a page with another figure": (replace_in_page('(?<=<tr data-indicator="farmland_area">)<td>(.*?)</td><td class="nw">(.*?)</td><td class="r">', '<td>x</td><td class="nw"></td><td class="r">9'), ("DOC015", "differs")),
    "a page that an editor saved in UTF-16": (lambda p: (p / REPORT_PAGE_PATH).write_bytes((p / REPORT_PAGE_PATH).read_text("utf-8").encode("utf-16")), ("DOC015", "damaged")),
    "a manifest page of another run": (replace_in_page("不通过", "通过", MANIFEST_PAGE_FILE_NAME), ("DOC015", "differs")),
    "a manifest of another county": (write_json_with_digest(lambda m: m.update(area={"code": "140226", "name": "左云县"})), ("DOC001", "manifest")),
    "a manifest of another standard": (write_json_with_digest(lambda m: m["standard"].update(id="three_lines_2022")), ("DOC016", "standard")),
    "a manifest of a later plugin": (write_json_with_digest(lambda m: m["tool"]["versions"].update(sanxian="99.0.0")), ("DOC016", "unknown")),
    "a clock that is wrong": (write_json_with_digest(lambda m: m.update(made="2031-01-01T08:00:00+08:00")), ("DOC016", "date")),
    # Metadata.
    "metadata of another package": (replace_in_page(r"(?<=<数据标识>)140225", "140226", METADATA_PATH), ("DOC012", "value")),
    "metadata of a later year": (replace_in_page(r"(?<=<更新日期>)\d{4}", "2031", METADATA_PATH), ("DOC012", "value")),
    "a layer twice in the metadata": (repeat_layer_in_metadata, ("DOC012", "layer_twice")),
    # Unsafe content.
    "a macro": (add_to_archive(TABLES_PATH, "xl/vbaProject.bin"), ("DOC005", "active")),
    "another workbook's figures": (add_to_archive(TABLES_PATH, "xl/externalLinks/externalLink1.xml"), ("DOC005", "active")),
    "a script in a text": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(more=b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>")), ("DOC005", "active")),
    "a file in a text": (write_file_into_package(TEXT_DOCUMENT_PATH, make_pdf(more=b"/Names<</EmbeddedFiles 9 0 R>>")), ("DOC005", "active")),
    "an entity in the metadata": (write_file_into_package(METADATA_PATH, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), ("DOC012", "entities")),
    "a program": (write_file_into_package("2-规划文档/安装.exe", b"MZ"), ("DOC003", "name")),
    "a link": (lambda p: (p / "4-规划图件/更多图件").symlink_to(p.parent), ("DOC005", "link")),
    "a path outside in the manifest": (write_json_with_digest(lambda m: m["files"].append({"path": "../a", "bytes": 1, "sha256": "0" * 64})), ("DOC006", "twice")),
}  # fmt: skip


def test_unchanged_package_gives_no_finding_on_mistakes(unchanged_findings):
    """Expect only the failing plan and the table that needs Access to be read."""
    assert set(unchanged_findings) == {("DOC007", ""), ("DOC011", "unread")}


@pytest.mark.parametrize("name", first_of_each_daily(MISTAKES, lambda name: MISTAKES[name][1][0]))
def test_each_mistake_in_a_package_is_named_by_its_rule(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings, name
):
    make_mistake, (code, case) = MISTAKES[name]
    assert (code, case) not in unchanged_findings
    parent = copied_package.parent
    make_mistake(copied_package)
    (package,) = parent.iterdir()
    found = inspect_findings(
        package, geopackage_spec, assembled_plan, [*PACKAGE_RULES, *(["DOC011"] if code == "DOC011" else [])]
    )
    assert (code, case) in found, {
        key: [f.message for f in some] for key, some in found.items() if key not in unchanged_findings
    }
    for finding in found[code, case]:
        assert finding.message and "{" not in finding.message and "None" not in finding.message, finding.message
        assert not EMPTY_TEXT_PATTERN.search(finding.message), finding.message
        named = [finding.params[key] for key in ("file", "name") if key in finding.params]
        assert any(str(one) in finding.message for one in (*named, "清单", "成果包")), finding.message


def test_package_database_with_many_changed_files_gives_one_finding_that_counts_them(geopackage_spec, assembled_plan):
    """Change many files of a FileGDB; one finding counts them."""
    from plugin.core.cli.examples.package_facts import DATABASE as GDB, make_package_facts

    parts = {f"{GDB}/{name}": b"y" for name in ("gdb", "a00000001.gdbtable", "a0000000a.spx", "a0000000b.spx")}
    side = SideInputs(package=make_package_facts({"manifest": True, "add": parts}))
    (finding,) = run_check(assembled_plan, choose_rules(["DOC006"]), side_inputs=side, lang="zh").findings
    assert (finding.case, finding.params["count"], finding.params["more"], finding.key) == ("changed_set", 4, 2, GDB)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    "path",
    [
        MAP_PATH,
        MANIFEST_DIGEST_FILE_NAME,
        f"{DATABASE_PATH}-x",
    ],
)
@pytest.mark.timeout(60)
def test_named_pipe_in_a_package_is_reported_and_never_opened(copied_package, geopackage_spec, assembled_plan, path):
    (copied_package / path).unlink(missing_ok=True)
    os.mkfifo(copied_package / path)
    found = inspect_findings(copied_package, geopackage_spec, assembled_plan, PACKAGE_RULES)
    assert path in {f.key for f in found["DOC005", "special"]}


@pytest.mark.parametrize("suffix", [".p7s", ".sm2"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_signature_file_is_mentioned_in_the_reason_but_not_verified(
    copied_package, geopackage_spec, assembled_plan, unchanged_findings, suffix, lang
):
    def get_digest_rule_reason():
        side = SideInputs(package=collect_package_facts(copied_package, geopackage_spec))
        done = run_check(assembled_plan, choose_rules(["DOC003", "DOC006"]), side_inputs=side, lang=lang)
        assert not done.findings, [f.message for f in done.findings]
        return next(r.reason for r in done.rules if r.code == "DOC006")

    assert get_digest_rule_reason() == Texts(lang).format_reason("package_not_signed", {})
    (copied_package / f"{MANIFEST_FILE_NAME}{suffix}").write_bytes(b"no signature at all")
    assert f"{MANIFEST_FILE_NAME}{suffix}" in get_digest_rule_reason()


def write_stray_files(folder, count):
    """Write empty web pages into a folder of a package."""
    place = folder / "2-规划文档" / "网页"
    place.mkdir(parents=True)
    for number in range(count):
        (place / f"{number}.htm").write_bytes(b"x")


@pytest.mark.parametrize("zipped", [False, True])
def test_package_with_too_many_files_is_refused(tmp_path, geopackage_spec, zipped):
    folder = tmp_path / PACKAGE_ROOT
    write_stray_files(folder, 40)
    path = Path(shutil.make_archive(str(tmp_path / "成果"), "zip", folder)) if zipped else folder
    with pytest.raises(InputError) as caught, unpack_package(path, max_entries=39):
        pass
    assert caught.value.key == "package_too_many" and "39" in explain_error(caught.value)
    with unpack_package(path, max_entries=50):
        pass


def test_maximum_number_of_files_in_a_package_is_a_setting(copied_package, tmp_path, geopackage_spec):
    profile = tmp_path / "本县.toml"
    profile.write_text('id = "x"\nname = "浑源县"\narea_code = "140225"\n[package]\nmost_entries = 5\n', "utf-8")
    with pytest.raises(InputError) as caught:
        inspect_package(copied_package, geopackage_spec, RunOptions(profile=str(profile)))
    assert caught.value.key == "package_too_many"
