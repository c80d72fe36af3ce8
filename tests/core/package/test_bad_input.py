# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that may be wrong with what goes into a package, or with one that comes: a finding or an error with place and
remedy in both languages; the input is as it was, and so is the package that stood there."""

import io
import random
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

from plugin.core.check import Options, check_plan
from plugin.core.errors import DataError, InputError, OutputError, SanxianError
from plugin.core.exchange.vct.database import vct_to_database
from plugin.core.files.digests import DIGEST, MANIFEST
from plugin.core.messages.texts import Texts
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.paths import PACKAGES
from tests.core.exchange.vct.test_vct import DAMAGE, write_file
from tests.core.package_fixtures import COMPLETE, pdf
from tests.core.small_plan import digest, write_shapes
from tests.county import make_county
from tests.county.write import write_geopackage

pytestmark = pytest.mark.slow  # it writes and reads whole databases

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

ROOT = "140225浑源县国土空间总体规划"
GDB = "1-空间数据/140225浑源县国土空间规划矢量数据.gdb"
TEXT = "140225浑源县国土空间总体规划文本.pdf"
COUNTY = (PACKAGES / "county.toml").read_text(encoding="utf-8")
FORM = load_package_spec("county")
SHAPEFILES = (("矢量数据.gdb", "矢量数据.shp"), ('crs = "EPSG:4490"', 'crs = "EPSG:4526"\nencoding = "GBK"'))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A county's data, its documents, and the package that was made of them before."""
    folder = tmp_path_factory.mktemp("原件")
    write_geopackage(folder / "county.gpkg", make_county(300, defects=False)[0])
    (folder / "文档").mkdir()
    for path, content in COMPLETE.items():
        if ".gdb" not in path:
            (folder / "文档" / path.rpartition("/")[2]).write_bytes(content)
    order = ExportOrder(FORM, folder / "结果", folder / "文档")
    export_package(check_plan(folder / "county.gpkg", Options()), order)
    return folder


@pytest.fixture
def place(sound, tmp_path):
    """The same, for one test to spoil."""
    return Path(shutil.copytree(sound, tmp_path / "县"))


def sentences(error, *words):
    """What the error says in both languages; every word is in both."""
    told = [Texts(lang).explain(error) for lang in ("zh", "en")]
    for text in told:
        assert all(word in text for word in words), (words, text)
        assert "None" not in text and "{" not in text
    return told


def sql(*statements):
    def change(place):
        with closing(sqlite3.connect(place / "county.gpkg")) as database, database:
            for statement in statements:
                assert database.execute(statement).rowcount, statement

    return change


def shapes(role, change):
    """Draw features of a layer anew: ``change`` is given and gives feature id → shape."""

    def spoil(place):
        path = place / "county.gpkg"
        with closing(sqlite3.connect(path)) as database:
            rows = dict(database.execute(f"SELECT fid, geom FROM {role}").fetchall())
        heads = {0: 8, 1: 40, 2: 56, 3: 56, 4: 72}
        drawn = {fid: shapely.from_wkb(blob[heads[blob[3] >> 1 & 7] :]) for fid, blob in rows.items()}
        write_shapes(
            path, role, {f: s if isinstance(s, bytes) else shapely.to_wkb(s) for f, s in change(drawn).items()}
        )

    return spoil


def red_line_on_farmland(place):
    farmland = []
    shapes("YJJBNTBHTB", lambda drawn: farmland.append(drawn[1]) or {})(place)
    shapes("STBHHX", lambda drawn: {1: shapely.union(drawn[1], farmland[0])})(place)


def circle(drawn):
    """A CURVEPOLYGON where the first feature lies."""
    x, y = shapely.get_coordinates(drawn[1].representative_point())[0]
    points = [(x - 1, y), (x, y + 1), (x + 1, y), (x, y - 1), (x - 1, y)]
    arcs = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *p) for p in points)
    return {1: struct.pack("<BII", 1, 10, 1) + arcs}


def other_zone(drawn):
    return {1: shapely.transform(drawn[1], lambda c: c - [1_000_000, 0])}


def without(role):
    tables = ("gpkg_contents", "gpkg_geometry_columns")
    drop = f"DROP TABLE {role}"

    def change(place):
        with closing(sqlite3.connect(place / "county.gpkg")) as database, database:
            for table in tables:
                database.execute(f"DELETE FROM {table} WHERE table_name = '{role}'")
            database.execute("DELETE FROM gpkg_ogr_contents WHERE table_name = ?", (role,))
            database.execute(drop)

    return change


def without_text(place):
    """Neither given nor in the former package, which would lend it."""
    for path in (place / "文档" / TEXT, place / "结果" / ROOT / "2-规划文档" / TEXT):
        path.unlink()


WHOLE = pdf("x")


def document(name, content=WHOLE):
    def change(place):
        path = place / "文档" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    return change


LONG = "很" * 101
#: Phrase → what is done to data and documents; words changed in the form; key of the error; what both languages say
#: of the place; the remedy in Chinese and English. FORCE is no way round where the key is `package_stopped`.
PLANS = {
    "a plan that fails": (red_line_on_farmland, (), "package_gate", [ROOT], ("先按检查报告改正", "Mend what its report names")),
    "a missing mandatory layer": (without("YDYHGHFQ"), (), "package_gate", ["YDYHGHFQ"], ("请补", "Add the layer")),
    "a missing mandatory document": (
        without_text, (), "package_gate", [TEXT],
        ("请放入文档文件夹", "Put it into the folder of documents"),
    ),
    "a document of no bytes": (document(TEXT, b""), (), "package_gate", ["规划文本", TEXT], ("请重新导出", "Export them anew")),
    "a document's name that Windows has not": (
        document("140225浑源县05现状图：a?b.jpg", b"\xff\xd8\xff"), (), "package_gate", ["05现状图：a?b.jpg"], ("请改名", "rename"),
    ),
    "two documents of one name": (
        document(f"旧/{TEXT}"), (), "package_gate", [TEXT, "规划文本"], ("请只保留一份", "Keep one"),
    ),
    "a text too long": (
        sql(f"UPDATE CZKFBJ SET XZQMC = '{LONG}' WHERE fid = 2"), (), "package_stopped", ["CZKFBJ", "XZQMC", "101"],
        ("请缩短", "Shorten"),
    ),
    "a code not in its domain": (
        sql("UPDATE DLTB SET GDLX = 'ZZ' WHERE fid = 2"), (), "package_gate", ["DLTB", "GDLX", "ZZ"],
        ("请改为表中的代码", "Use codes of the list"),
    ),
    "a character that GBK lacks": (
        sql("UPDATE CZKFBJ SET XZQMC = '𠮷县' WHERE fid = 2"), SHAPEFILES, "package_stopped", ["CZKFBJ", "XZQMC", "𠮷"],
        ("请改用通用字", "Use others"),
    ),
    "a county whose name no folder may have": (
        sql("UPDATE XZQX SET XZQDM = '990099', XZQMC = '浑源/县'"), (), "package_root", ["浑源/县"], ("请修改县名", "Change the county's name"),
    ),
    "a county that nobody knows": (
        sql("UPDATE XZQX SET XZQDM = '990099', XZQMC = NULL"), (), "package_county_unknown", ["XZQX"], ("行政区代码", "division code"),
    ),
    "curves": (shapes("CZKFBJ", circle), (), "package_gate", ["CZKFBJ"], ("请先转为折点", "Turn them into vertices")),
    "mixed zones": (shapes("CZKFBJ", other_zone), (), "package_gate", ["CZKFBJ"], ("改正到本图层的坐标系", "Bring them into the layer's CRS")),
    "an empty layer": (sql("DELETE FROM CZKFBJ"), (), "package_gate", ["CZKFBJ"], ("请补充数据", "Add the data")),
    "a feature without a shape": (
        sql("UPDATE CZKFBJ SET geom = NULL WHERE fid = 2"), (), "package_gate", ["CZKFBJ"], ("请补充图形，或删去要素", "Draw or delete"),
    ),
}  # fmt: skip


def form_of(tmp_path, words):
    text = COUNTY
    for old, new in words:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "某省.toml"
    path.write_text(text, encoding="utf-8")
    return load_package_spec(path)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_makes_no_package(place, tmp_path, name):
    spoil, words, key, told, remedies = PLANS[name]
    spoil(place)
    order = ExportOrder(form_of(tmp_path, words), place / "结果", place / "文档")
    before = digest(place)
    for lang, remedy in zip(("zh", "en"), remedies, strict=True):
        checked = check_plan(place / "county.gpkg", Options(lang=lang))
        for force in (False,) if key == "package_gate" else (False, True):
            with pytest.raises(SanxianError) as caught:
                export_package(checked, replace(order, force=force))
            assert caught.value.key == key
            said = Texts(lang).explain(caught.value)
            assert remedy in said and "{" not in said and "None" not in said, said
            assert all(word in said for word in told), said
    assert digest(place) == before and (place / "结果" / ROOT / MANIFEST).exists()


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ("{code}{name}国土空间规划矢量数据.gdb", "con.gdb"),
        ("{code}{name}国土空间规划矢量数据.gdb", "LPT1 .gdb"),
        ("{code}{name}国土空间规划矢量数据.gdb", "{name}:数据.gdb"),
        ("{code}{name}国土空间规划矢量数据.gdb", "{name}*.gdb"),
        ('"{code}{name}国土空间总体规划"', '"{name}规划."'),
        ('"{code}{name}国土空间总体规划"', '"{name}?"'),
        ('"{code}{name}国土空间总体规划"', '"{name} "'),
        ('"{code}{name}国土空间总体规划"', '"{code}{title}"'),
        ("{code}{name}国土空间总体规划文本.pdf", "../文本.pdf"),
        ('maps = "4-规划图件"', 'maps = "4-规划图件/NUL"'),
    ],
)
def test_a_name_with_forbidden_characters(tmp_path, old, name):
    with pytest.raises(DataError) as caught:
        form_of(tmp_path, [(old, name)])
    zh, en = (Texts(lang).explain(caught.value) for lang in ("zh", "en"))
    assert "某省.toml" in zh and "某省.toml" in en
    assert ("请改名" in zh and "rename" in en) if "title" not in name else "{code}" in zh and "{code}" in en


def test_a_form_whose_names_tell_the_year(place, tmp_path):
    """What is made has this year's, and is known by it when it is inspected."""
    form = form_of(
        tmp_path, [('"{code}{name}国土空间总体规划"', '"{code}{name}{year}规划"'), ("检查报告", "{year}检查报告")]
    )
    done = export_package(check_plan(place / "county.gpkg", Options()), ExportOrder(form, place / "新", place / "文档"))
    assert re.fullmatch(r"140225浑源县20\d\d规划", done.path.name)
    report = inspect_package(done.path, form, Options()).report
    # The tables of an mdb are beyond what is read here.
    assert {f.code for f in report.findings if not f.key.endswith(".mdb")} == set(), [
        f.message for f in report.findings
    ]


def test_documents_that_another_program_keeps_for_itself(place, monkeypatch):
    checked = check_plan(place / "county.gpkg", Options())
    order = ExportOrder(FORM, place / "结果", place / "文档")
    before = digest(place)
    real_open, real_copy = Path.open, shutil.copyfile

    def refused(path, *args, **more):
        if path.name == TEXT and "文档" in path.parts:
            raise PermissionError(13, "in use", str(path))
        return real_open(path, *args, **more)

    def not_copied(source, target):
        if Path(source).name == TEXT:
            raise PermissionError(13, "in use", str(source))
        return real_copy(source, target)

    for where, name, fake in ((Path, "open", refused), (shutil, "copyfile", not_copied)):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, fake)
            with pytest.raises(InputError) as caught:
                export_package(checked, order)
        sentences(caught.value, TEXT)
    assert digest(place) == before


# Packages that come.


def found(path, code, case, word):
    """The finding that tells of the damage, in both languages."""
    for lang in ("zh", "en"):
        report = inspect_package(path, FORM, Options(lang=lang)).report
        assert not [r.code for r in report.rules if r.outcome == "crashed"]
        told = [f for f in report.findings if (f.code, f.case) == (code, case)]
        assert any(word in f.message for f in told), (told, [(f.code, f.case, f.message) for f in report.findings])


def tables_of(package):
    """Files of the layers' tables: those of the system's own come first."""
    return sorted((package / GDB).glob("*.gdbtable"))[8:]


def foreign(package):
    """Made by somebody else: no manifest tells of its files."""
    for name in (MANIFEST, DIGEST):
        (package / name).unlink()


def truncated(package):
    foreign(package)
    path = max(tables_of(package), key=lambda p: p.stat().st_size)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_table(package):
    foreign(package)
    max(tables_of(package), key=lambda p: p.stat().st_size).unlink()


def flipped(package):
    path = max(tables_of(package), key=lambda p: p.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(bytes(content))


def half_copied(package):
    """The copy stopped in the middle, as files come in order of their names."""
    for path in sorted(package.rglob("*"), reverse=True)[:12]:
        if path.is_file() and path.name not in (MANIFEST, DIGEST):
            path.unlink()


def cut_manifest(package):
    path = package / MANIFEST
    path.write_bytes(path.read_bytes()[:-100])


PACKAGES_THAT_COME = {
    "half copied": (half_copied, "DOC006", "lost", "图"),
    "half copied, its manifest cut off": (cut_manifest, "DOC006", "manifest", MANIFEST),
    "half copied, without its database": (lambda p: shutil.rmtree(p / GDB), "DOC002", "data", "矢量数据"),
    "a damaged gdb: a table cut off": (truncated, "DOC008", "unreadable", "DLTB"),
    "a damaged gdb: a file missing": (without_table, "DOC008", "missing", "XZYDYH"),
    "a damaged gdb: a bit flipped": (flipped, "DOC006", "changed", "gdbtable"),
    "a damaged gdb: its catalogue emptied": (
        lambda p: (p / GDB / "a00000001.gdbtable").write_bytes(b""), "DOC008", "unreadable", ".gdb",
    ),
    "a link that leads nowhere": (lambda p: (p / "2-规划文档" / "链接.pdf").symlink_to("/nowhere"), "DOC005", "link", "链接"),
    "an empty layer": (
        lambda p: shutil.rmtree(p / GDB) or shutil.copytree(p.parents[1] / "空.gdb", p / GDB), "DOC008", "empty", "CZKFBJ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKAGES_THAT_COME)
def test_a_package_that_comes_damaged(place, name):
    spoil, code, case, word = PACKAGES_THAT_COME[name]
    package = place / "结果" / ROOT
    if name == "an empty layer":
        with_empty_layer(package, place / "空.gdb")
    spoil(package)
    before = digest(place)
    found(package, code, case, word)
    assert digest(place) == before


def with_empty_layer(package, target):
    from osgeo import gdal

    shutil.copytree(package / GDB, target)
    database = gdal.OpenEx(str(target), gdal.OF_UPDATE | gdal.OF_VECTOR)
    layer = database.GetLayerByName("CZKFBJ")
    for feature in list(layer):
        layer.DeleteFeature(feature.GetFID())
    del layer, database


def test_a_damaged_gdb_as_the_plan(place):
    """Cut off: told with its layer. A table that is gone is a layer that is missing."""
    package, source = place / "结果" / ROOT, place / "来的" / ROOT
    shutil.copytree(package, source)
    without_table(source)
    before = digest(place)
    with pytest.raises(OutputError) as caught:
        export_package(check_plan(source / GDB, Options()), ExportOrder(FORM, place / "结果", place / "文档"))
    assert "DLTB" in Texts("zh").explain(caught.value) and digest(place) == before
    shutil.rmtree(source)
    shutil.copytree(package, source)
    truncated(source)
    before = digest(place)
    with pytest.raises(InputError) as caught:
        check_plan(source / GDB, Options())
    sentences(caught.value, ".gdb", "DLTB")
    assert digest(place) == before


@pytest.mark.parametrize("seed", range(12))
def test_a_gdb_damaged_at_random(place, seed):
    """Any file of the database changed anyhow: found by its digest, and nothing crashes."""
    draw = random.Random(seed)
    package = place / "结果" / ROOT
    path = draw.choice(sorted(p for p in (package / GDB).iterdir() if p.stat().st_size))
    content = bytearray(path.read_bytes())
    at = draw.randrange(len(content))
    match draw.choice(["bits", "cut", "more"]):
        case "bits":
            for _ in range(20):
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            content[at] ^= 0xFF
        case "cut":
            del content[at:]
        case "more":
            content += draw.randbytes(99)
    path.write_bytes(bytes(content))
    before = digest(package)
    found(package, "DOC006", "changed", path.name)
    assert digest(package) == before


def packed(path, entries, flags=0):
    """A zip by hand: (name, content), the name as bytes or text."""
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


def link():
    entry = zipfile.ZipInfo("链接")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    return entry


ARCHIVES = {
    "a zip bomb": ([("a.txt", b"\0" * 60 * 2**20)], 0, "package_zip_bomb", ("其他工具", "another tool")),
    "a bomb of many files": ([(f"{n}.txt", b"\0" * 20 * 2**20) for n in range(8)], 0, "package_zip_bomb", ("其他工具", "another tool")),
    "a path that climbs": ([("a/../../b.txt", b"x")], 0, "package_zip_climbs", ("索取", "Ask for")),
    "an absolute path": ([("/etc/passwd", b"x")], 0, "package_zip_climbs", ("索取", "Ask for")),
    "a drive's path": ([("C:\\Windows\\a.txt", b"x")], 0, "package_zip_climbs", ("索取", "Ask for")),
    "a path with a share": ([("\\\\server\\share\\a.txt", b"x")], 0, "package_zip_climbs", ("索取", "Ask for")),
    "a symbolic link": ([(link(), b"/etc/passwd")], 0, "package_zip_climbs", ("索取", "Ask for")),
    "an encrypted zip": ([("a.txt", b"x")], 1, "package_zip_encrypted", ("请先解压", "Unpack it first")),
    "a file that is a folder, too": ([("a", b"x"), ("a/b.txt", b"x")], 0, "package_zip_damaged", ("重新", "again")),
    "one name twice": ([("a.txt", b"x"), ("A.txt", b"y")], 0, "package_zip_twice", ("请改名", "Rename")),
    "a name that Windows has not": ([("con.pdf", b"x"), ("图.jpg", b"x")], 0, "package_zip_name", ("请改名", "Rename")),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_is_not_unpacked(tmp_path, name):
    entries, flags, key, remedies = ARCHIVES[name]
    path = packed(tmp_path / "成果.zip", entries, flags)
    before = digest(tmp_path)
    with pytest.raises(InputError) as caught:
        inspect_package(path, FORM, Options())
    assert caught.value.key == key
    said = sentences(caught.value, "成果.zip")
    assert all(remedy in text for remedy, text in zip(remedies, said, strict=True)), said
    assert digest(tmp_path) == before


@pytest.mark.parametrize("name", DAMAGE)
def test_a_vct_that_is_damaged(tmp_path, name):
    """Cut off, with unknown references, with wrong counts: told with the line, and no half database."""
    source, target = write_file(tmp_path / "坏.vct", DAMAGE[name][0]), tmp_path / "库.gpkg"
    target.write_text("former")
    before = digest(tmp_path)
    with pytest.raises(InputError) as caught:
        vct_to_database(source, target)
    sentences(caught.value, "坏.vct")
    assert digest(tmp_path) == before
