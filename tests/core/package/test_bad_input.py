# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input of package export and inspection gives explained errors or findings.

Inputs and existing packages stay unchanged.
"""

import io
import re
import shutil
import sqlite3
import struct
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from plugin.core.base.errors import InputError, SanxianError
from plugin.core.base.files.digests import MANIFEST_FILE_NAME
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.package_facts import make_pdf
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.standard.messages.texts import Texts
from plugin.paths import PACKAGE_SPECS_FOLDER
from tests.core.package_fixtures import write_county_and_documents
from tests.core.small_plan import hash_files, write_wkb_shapes
from tests.parametrize import first_of_each_daily

pytestmark = pytest.mark.slow  # it writes and reads whole databases

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

PACKAGE_ROOT = "140225浑源县国土空间总体规划"
DATABASE_PATH = "1-空间数据/140225浑源县国土空间规划矢量数据.gdb"
TEXT_DOCUMENT_NAME = "140225浑源县国土空间总体规划文本.pdf"
COUNTY_SPEC_TEXT = (PACKAGE_SPECS_FOLDER / "county.toml").read_text(encoding="utf-8")
COUNTY_SPEC = load_package_spec("county")
SHAPEFILE_SPEC_CHANGES = (
    ("矢量数据.gdb", "矢量数据.shp"),
    ('crs = "EPSG:4490"', 'crs = "EPSG:4526"\nencoding = "GBK"'),
)


@pytest.fixture(scope="module")
def prepared_county(tmp_path_factory):
    """Return a folder with a county's data, documents and an exported package."""
    folder = tmp_path_factory.mktemp("原件")
    source, documents = write_county_and_documents(folder)
    export_package(check_plan(source, RunOptions()), ExportOrder(COUNTY_SPEC, folder / "结果", documents))
    return folder


@pytest.fixture
def damaged_county(prepared_county, tmp_path):
    """Return a copy of the prepared county that one test may damage."""
    return Path(shutil.copytree(prepared_county, tmp_path / "县"))


def explain_in_both_languages(error, *words):
    """Return the texts of an error in both languages; each must have the given words."""
    texts = [Texts(lang).explain_error(error) for lang in ("zh", "en")]
    for text in texts:
        assert all(word in text for word in words), (words, text)
        assert "None" not in text and "{" not in text
    return texts


def run_sql_on_data(*statements):
    """Return a function that runs SQL on the county's data; each statement must change rows."""

    def change(place):
        with closing(sqlite3.connect(place / "county.gpkg")) as database, database:
            for statement in statements:
                assert database.execute(statement).rowcount, statement

    return change


def replace_shapes(role, change):
    """Return a function that replaces shapes of a layer in the county's data.

    ``change`` returns new shapes (WKB) by feature id.
    """

    def replace_shapes_in_file(place):
        path = place / "county.gpkg"
        with closing(sqlite3.connect(path)) as database:
            rows = dict(database.execute(f"SELECT fid, geom FROM {role}").fetchall())
        heads = {0: 8, 1: 40, 2: 56, 3: 56, 4: 72}
        drawn = {fid: shapely.from_wkb(blob[heads[blob[3] >> 1 & 7] :]) for fid, blob in rows.items()}
        write_wkb_shapes(
            path, role, {f: s if isinstance(s, bytes) else shapely.to_wkb(s) for f, s in change(drawn).items()}
        )

    return replace_shapes_in_file


def move_red_line_onto_farmland(place):
    farmland = []
    replace_shapes("YJJBNTBHTB", lambda drawn: farmland.append(drawn[1]) or {})(place)
    replace_shapes("STBHHX", lambda drawn: {1: shapely.union(drawn[1], farmland[0])})(place)


def make_curved_polygon(drawn):
    """Return a CURVEPOLYGON at the location of the first feature, by feature id."""
    x, y = shapely.get_coordinates(drawn[1].representative_point())[0]
    points = [(x - 1, y), (x, y + 1), (x + 1, y), (x, y - 1), (x - 1, y)]
    arcs = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *p) for p in points)
    return {1: struct.pack("<BII", 1, 10, 1) + arcs}


def move_to_other_zone(drawn):
    return {1: shapely.transform(drawn[1], lambda c: c - [1_000_000, 0])}


def remove_layer(role):
    """Return a function that removes a layer from the county's data."""
    tables = ("gpkg_contents", "gpkg_geometry_columns")
    drop = f"DROP TABLE {role}"

    def change(place):
        with closing(sqlite3.connect(place / "county.gpkg")) as database, database:
            for table in tables:
                database.execute(f"DELETE FROM {table} WHERE table_name = '{role}'")
            database.execute("DELETE FROM gpkg_ogr_contents WHERE table_name = ?", (role,))
            database.execute(drop)

    return change


def delete_text_document(place):
    """Delete the text document and its copy in the existing package.

    The export would reuse that copy.
    """
    for path in (
        place / "文档" / TEXT_DOCUMENT_NAME,
        place / "结果" / PACKAGE_ROOT / "2-规划文档" / TEXT_DOCUMENT_NAME,
    ):
        path.unlink()


COMPLETE_PDF = make_pdf("x")


def write_document(name, content=COMPLETE_PDF):
    """Return a function that writes a document into the documents folder."""

    def change(place):
        path = place / "文档" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    return change


OVERLONG_NAME = "很" * 101
#: Title → damage to data and documents; changes of the specification; error key; words that both
#: messages contain; remedy in Chinese and English. FORCE does not help where the key is `package_stopped`.
UNEXPORTABLE_PLANS = {
    "a plan that fails": (move_red_line_onto_farmland, (), "package_gate", [PACKAGE_ROOT], ("先按检查报告改正", "Correct the findings of its report")),
    "a missing mandatory layer": (remove_layer("YDYHGHFQ"), (), "package_gate", ["YDYHGHFQ"], ("请补", "Add the layer")),
    "a missing mandatory document": (
        delete_text_document, (), "package_gate", [TEXT_DOCUMENT_NAME],
        ("请放入文档文件夹", "Copy it into the folder of documents"),
    ),
    "an empty document": (write_document(TEXT_DOCUMENT_NAME, b""), (), "package_gate", ["规划文本", TEXT_DOCUMENT_NAME], ("请重新导出", "Export it again")),
    "a document name invalid on Windows": (
        write_document("140225浑源县05现状图：a?b.jpg", b"\xff\xd8\xff"), (), "package_gate", ["05现状图：a?b.jpg"], ("请改名", "rename"),
    ),
    "two documents of one name": (
        write_document(f"旧/{TEXT_DOCUMENT_NAME}"), (), "package_gate", [TEXT_DOCUMENT_NAME, "规划文本"], ("请只保留一份", "Keep one"),
    ),
    "a text too long": (
        run_sql_on_data(f"UPDATE CZKFBJ SET XZQMC = '{OVERLONG_NAME}' WHERE fid = 2"), (), "package_stopped", ["CZKFBJ", "XZQMC", "101"],
        ("请缩短", "Shorten"),
    ),
    "a code not in its domain": (
        run_sql_on_data("UPDATE DLTB SET GDLX = 'ZZ' WHERE fid = 2"), (), "package_gate", ["DLTB", "GDLX", "ZZ"],
        ("请改为代码表中的代码", "Use codes of the list"),
    ),
    "a character that GBK lacks": (
        run_sql_on_data("UPDATE CZKFBJ SET XZQMC = '𠮷县' WHERE fid = 2"), SHAPEFILE_SPEC_CHANGES, "package_stopped", ["CZKFBJ", "XZQMC", "𠮷"],
        ("请改用通用字", "Use others"),
    ),
    "a county name invalid as a folder": (
        run_sql_on_data("UPDATE XZQX SET XZQDM = '990099', XZQMC = '浑源/县'"), (), "package_root", ["浑源/县"], ("请修改县名", "Change the county's name"),
    ),
    "an unknown county": (
        run_sql_on_data("UPDATE XZQX SET XZQDM = '990099', XZQMC = NULL"), (), "package_county_unknown", ["XZQX"], ("行政区代码", "division code"),
    ),
    "curves": (replace_shapes("CZKFBJ", make_curved_polygon), (), "package_gate", ["CZKFBJ"], ("请先转为折点", "Convert them to vertices")),
    "mixed zones": (replace_shapes("CZKFBJ", move_to_other_zone), (), "package_gate", ["CZKFBJ"], ("改正到本图层的坐标系", "Reproject it to the layer's CRS")),
    "an empty layer": (run_sql_on_data("DELETE FROM CZKFBJ"), (), "package_gate", ["CZKFBJ"], ("请补充数据", "Add the data")),
    "a feature without a shape": (
        run_sql_on_data("UPDATE CZKFBJ SET geom = NULL WHERE fid = 2"), (), "package_gate", ["CZKFBJ"], ("请从批准的成果恢复图形或补画", "Restore each shape"),
    ),
}  # fmt: skip


def write_spec(tmp_path, replacements):
    """Write the county's package specification with (old, new) texts replaced; return its path."""
    text = COUNTY_SPEC_TEXT
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "某省.toml"
    path.write_text(text, encoding="utf-8")
    return load_package_spec(path)


@pytest.mark.parametrize("name", first_of_each_daily(UNEXPORTABLE_PLANS, lambda name: UNEXPORTABLE_PLANS[name][2]))
def test_export_of_an_unexportable_plan_is_refused_with_a_remedy_even_if_forced_and_changes_no_file(
    damaged_county, tmp_path, name
):
    spoil, words, key, places, remedies = UNEXPORTABLE_PLANS[name]
    spoil(damaged_county)
    order = ExportOrder(write_spec(tmp_path, words), damaged_county / "结果", damaged_county / "文档")
    before = hash_files(damaged_county)
    for lang, remedy in zip(("zh", "en"), remedies, strict=True):
        checked = check_plan(damaged_county / "county.gpkg", RunOptions(lang=lang))
        for force in (False,) if key == "package_gate" else (False, True):
            with pytest.raises(SanxianError) as caught:
                export_package(checked, replace(order, is_forced=force))
            assert caught.value.key == key
            message = Texts(lang).explain_error(caught.value)
            assert remedy in message and "{" not in message and "None" not in message, message
            assert all(word in message for word in places), message
    assert (
        hash_files(damaged_county) == before and (damaged_county / "结果" / PACKAGE_ROOT / MANIFEST_FILE_NAME).exists()
    )


def test_package_with_the_current_year_in_folder_and_report_names_of_its_spec_passes_inspection(
    damaged_county, tmp_path
):
    """Export a package with the current year in its names and inspect it."""
    spec = write_spec(
        tmp_path, [('"{code}{name}国土空间总体规划"', '"{code}{name}{year}规划"'), ("检查报告", "{year}检查报告")]
    )
    done = export_package(
        check_plan(damaged_county / "county.gpkg", RunOptions()),
        ExportOrder(spec, damaged_county / "新", damaged_county / "文档"),
    )
    assert re.fullmatch(r"140225浑源县20\d\d规划", done.path.name)
    report = inspect_package(done.path, spec, RunOptions()).report
    # Tables in an mdb cannot be read here.
    assert {f.code for f in report.findings if not f.key.endswith(".mdb")} == set(), [
        f.message for f in report.findings
    ]


def test_export_raises_an_input_error_if_another_program_locks_a_document(damaged_county, monkeypatch):
    checked = check_plan(damaged_county / "county.gpkg", RunOptions())
    order = ExportOrder(COUNTY_SPEC, damaged_county / "结果", damaged_county / "文档")
    before = hash_files(damaged_county)
    real_open, real_copy = Path.open, shutil.copyfile

    def refuse_open(path, *args, **more):
        if path.name == TEXT_DOCUMENT_NAME and "文档" in path.parts:
            raise PermissionError(13, "in use", str(path))
        return real_open(path, *args, **more)

    def refuse_copy(source, target):
        if Path(source).name == TEXT_DOCUMENT_NAME:
            raise PermissionError(13, "in use", str(source))
        return real_copy(source, target)

    for where, name, fake in ((Path, "open", refuse_open), (shutil, "copyfile", refuse_copy)):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, fake)
            with pytest.raises(InputError) as caught:
                export_package(checked, order)
        explain_in_both_languages(caught.value, TEXT_DOCUMENT_NAME)
    assert hash_files(damaged_county) == before


# Received packages.


def write_zip(path, entries, flags=0):
    """Write a zip of (name, content) pairs; names are texts or ZipInfo objects."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(zipfile.ZipInfo(name) if isinstance(name, str) else name, content, zipfile.ZIP_DEFLATED)
    content = bytearray(made.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while flags and start >= 0:
            content[start + at] |= flags
            start = content.find(mark, start + 1)
    path.write_bytes(bytes(content))
    return path


def make_link_entry():
    """Return a zip entry that is a symbolic link."""
    entry = zipfile.ZipInfo("链接")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    return entry


UNSAFE_ARCHIVES = {
    "a zip bomb": ([("a.txt", b"\0" * 60 * 2**20)], 0, "package_zip_bomb", ("其他工具", "another tool")),
    "a bomb of many files": ([(f"{n}.txt", b"\0" * 20 * 2**20) for n in range(8)], 0, "package_zip_bomb", ("其他工具", "another tool")),
    "a path that climbs": ([("a/../../b.txt", b"x")], 0, "package_zip_climbs", ("索取", "Request")),
    "an absolute path": ([("/etc/passwd", b"x")], 0, "package_zip_climbs", ("索取", "Request")),
    "a drive's path": ([("C:\\Windows\\a.txt", b"x")], 0, "package_zip_climbs", ("索取", "Request")),
    "a path with a share": ([("\\\\server\\share\\a.txt", b"x")], 0, "package_zip_climbs", ("索取", "Request")),
    "a symbolic link": ([(make_link_entry(), b"/etc/passwd")], 0, "package_zip_climbs", ("索取", "Request")),
    "an encrypted zip": ([("a.txt", b"x")], 1, "package_zip_encrypted", ("请先解压", "Unpack it first")),
    "a file that is also a folder": ([("a", b"x"), ("a/b.txt", b"x")], 0, "package_zip_damaged", ("重新", "again")),
    "a repeated name": ([("a.txt", b"x"), ("A.txt", b"y")], 0, "package_zip_twice", ("请改名", "Rename")),
    "a name invalid on Windows": ([("con.pdf", b"x"), ("图.jpg", b"x")], 0, "package_zip_name", ("请改名", "Rename")),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE_ARCHIVES)
def test_inspection_refuses_a_zip_bomb_encrypted_zip_or_unsafe_entry_path_with_a_remedy(tmp_path, name):
    entries, flags, key, remedies = UNSAFE_ARCHIVES[name]
    path = write_zip(tmp_path / "成果.zip", entries, flags)
    before = hash_files(tmp_path)
    with pytest.raises(InputError) as caught:
        inspect_package(path, COUNTY_SPEC, RunOptions())
    assert caught.value.key == key
    messages = explain_in_both_languages(caught.value, "成果.zip")
    assert all(remedy in text for remedy, text in zip(remedies, messages, strict=True)), messages
    assert hash_files(tmp_path) == before
