# SPDX-License-Identifier: GPL-2.0-or-later
"""Encodings declared in .cpg files and dbf headers: accepted or ignored."""

import shutil
import sqlite3
from contextlib import closing
from threading import Thread

import pytest

from plugin.core.base.errors import InputError
from plugin.core.base.files.encoding import find_known_codec, read_cpg_name
from plugin.core.base.files.open_datasource import open_database, provide_safe_path
from plugin.core.exchange.edited_copy import write_edited_copy
from plugin.core.plan.io import read_source
from tests.core.file_permissions import enforce_file_permissions
from tests.core.small_plan import explain_error, make_county_box, make_table, write_shapefiles
from tests.parametrize import for_each

KOREAN = ["서울특별시 강남구", "부산광역시 해운대구", "경기도 수원시 영통구", "농업진흥구역"]
RUSSIAN = ["Земли сельскохозяйственного назначения", "Московская область", "ГОРОДСКОЙ ОКРУГ", "Лесной фонд"]
TAIWANESE = ["臺北市大安區", "都市計畫農業區", "嘉義縣竹崎鄉", "保護區"]
JAPANESE = ["東京都千代田区", "さいたま市", "農用地区域", "きのした"]
CHINESE = ["城镇集中建设区", "永久基本农田", "浑源县永安镇", "生态保护红线"]
FRENCH = ["Zone protégée à côté", "Forêt domaniale", "Évêché", "île"]
POLISH = ["Łódź", "Kraków", "użytek ekologiczny", "Śródmieście"]


def write_text_shapefile(folder, texts, codec, cpg, header=0x57):
    shapes = [make_county_box(200 * n, 0) for n in range(len(texts))]
    # Bytes of any codec go through as characters of ISO-8859-1.
    values = [text.encode(codec).decode("latin-1") for text in texts]
    write_shapefiles(folder, "ISO-8859-1", {"CZKFBJ": make_table(shapes, GHFQMC=values)}, cpg=False)
    path = folder / "CZKFBJ.shp"
    content = bytearray(path.with_suffix(".dbf").read_bytes())
    content[29] = header
    path.with_suffix(".dbf").write_bytes(content)
    if cpg is not None:
        path.with_suffix(".cpg").write_bytes(cpg if isinstance(cpg, bytes) else cpg.encode())
    return path


ENCODING_ALIASES = {
    "GB18030": ["GBK", "936", "ANSI 936", "cp936", "CP-936", "OEM 936", "windows-936", "ms936", "GB2312", "GB 2312", "gb_2312-80",
                "EUC-CN", "x-gbk", "54936", "GB18030-2000", "LDID/77", "chinese"],
    "UTF-8": ["UTF-8", "utf8", "UTF_8", "65001", "cp65001", "utf-8-sig", "UTF-8 BOM", "UTF-8 (BOM)"],
    "CP950": ["Big5", "BIG-5", "big-5", "Big_5", "950", "cp950", "ANSI 950", "Windows-950", "Big5-ETEN", "LDID/79"],
    "CP949": ["EUC-KR", "euckr", "EUC_KR", "949", "cp949", "UHC", "ks_c_5601-1987", "KSC5601", "51949"],
    "CP932": ["Shift-JIS", "SJIS", "shift_jis", "932", "Windows-31J", "MS932"],
    "KOI8-R": ["KOI8-R", "koi8r", "KOI8_R", "20866"],
    "ISO8859-1": ["ISO-8859-1", "8859-1", "88591", "ISO 88591", "iso8859_1", "latin1", "28591"],
    "ISO8859-15": ["ISO-8859-15", "885915", "28605"],
    "CP1252": ["1252", "ANSI 1252", "windows-1252", "LDID/87"],
    "CP866": ["866", "IBM866", "DOS-866"],
    "": ["", "xyz", "Klingon", "System", "rot13", "idna", "utf-16", "99999", "LDID/1"],
}  # fmt: skip


@for_each("codec, name", [(codec, name) for codec, names in ENCODING_ALIASES.items() for name in names])
def test_find_known_codec_returns_one_codec_for_every_alias_of_an_encoding(codec, name):
    assert find_known_codec(name) == codec


@pytest.mark.parametrize(
    "content", [b"Big-5", b"\xef\xbb\xbfBig-5\r\n", "Big-5\n".encode("utf-16"), b" 'Big-5' \n\nmore", b"Big-5\0\0"]
)
def test_encoding_declared_in_a_cpg_file_ignores_bom_quotes_and_trailing_text(content):
    assert read_cpg_name(content) == "Big-5"


CORRECT_CPG_CASES = [
    (KOREAN, "euc_kr", "EUC-KR"), (KOREAN, "cp949", "949"), (RUSSIAN, "koi8_r", "KOI8-R"), (RUSSIAN, "cp1251", "1251"),
    (RUSSIAN, "cp866", "CP866"), (RUSSIAN, "iso8859_5", "ISO-8859-5"), (TAIWANESE, "big5", "Big-5"), (TAIWANESE, "cp950", "950"),
    (JAPANESE, "euc_jp", "EUC-JP"), (JAPANESE, "shift_jis", "Shift-JIS"), (CHINESE, "gbk", "GBK"), (CHINESE, "utf_8", "UTF-8"),
    (FRENCH, "iso8859_1", "ISO-8859-1"), (FRENCH, "cp1252", "1252"), (POLISH, "cp1250", "1250"), (KOREAN, "utf_8", "65001"),
    (RUSSIAN, "utf_8", "UTF-8"), (TAIWANESE, "utf_8", "utf8"),
]  # fmt: skip


#: Texts, codec, .cpg file, dbf header, notices on the encoding (None: any).
ENCODING_CASES = [
    *((texts[:count], codec, cpg, 0x57, []) for texts, codec, cpg in CORRECT_CPG_CASES for count in (1, 4)),
    # A .cpg file that contradicts Chinese text is reported and ignored.
    *((CHINESE, "gbk", cpg, 0x57, ["notice_cpg_wrong"]) for cpg in ("UTF-8", "ISO-8859-1", "1252", "KOI8-R", "1251", "EUC-KR", "Klingon")),
    *((CHINESE, "utf_8", cpg, 0x57, ["notice_cpg_wrong"]) for cpg in ("GBK", "ISO-8859-1", "Big5")),
    # The dbf header counts without a .cpg file, but Chinese text overrides it.
    (KOREAN, "cp949", None, 0x79, None), (TAIWANESE, "cp950", None, 0x78, None), (RUSSIAN, "cp1251", None, 0xC9, None),
    *((CHINESE, "gbk", None, header, None) for header in (0x79, 0xC9, 0x57, 0x03, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "codec", "cpg", "header", "notices"), ENCODING_CASES)
def test_encoding_of_a_shapefile_is_that_of_its_cpg_file_or_header_unless_chinese_text_contradicts(
    tmp_path, texts, codec, cpg, header, notices
):
    (layer,) = read_source(write_text_shapefile(tmp_path, texts, codec, cpg, header))
    assert list(layer.frame["GHFQMC"]) == texts
    assert notices is None or [key for key, _ in layer.notices] == notices


@pytest.mark.parametrize(("texts", "codec"), [(TAIWANESE, "big5"), (FRENCH, "iso8859_1")])
def test_unknown_encoding_error_does_not_suggest_a_codec_that_garbles_the_text(tmp_path, texts, codec):
    path = write_text_shapefile(tmp_path, texts, codec, "Klingon", header=0)
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert (
        caught.value.key == "encoding_name"
        and "实际所用编码" in explain_error(caught.value)
        and "另存" in explain_error(caught.value)
    )


def run_while_locked(path, action):
    """Create a database, lock it, and run an action in a thread; return whether it ended before the lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as editor:
        editor.execute("CREATE TABLE numbers AS SELECT 1 AS value")
        editor.execute("BEGIN EXCLUSIVE")
        editor.execute("UPDATE numbers SET value = 2")
        thread = Thread(target=action, daemon=True)
        thread.start()
        thread.join(timeout=10)
        has_ended = not thread.is_alive()
        editor.execute("COMMIT")
    thread.join()
    return has_ended


def test_database_that_another_program_locks_is_copied_without_waiting_for_it(tmp_path):
    path, values = tmp_path / "county.gpkg", []

    def read_copy():
        with provide_safe_path(path) as copy, closing(sqlite3.connect(copy)) as database:
            values.extend(database.execute("SELECT value FROM numbers").fetchall())

    assert run_while_locked(path, read_copy) and values == [(1,)]


def test_edited_copy_of_a_locked_database_is_refused_without_waiting(tmp_path):
    path, errors = tmp_path / "county.gpkg", []

    def copy():
        with pytest.raises(InputError) as raised:
            write_edited_copy(path, tmp_path / "copy.gpkg", lambda copies: None)
        errors.append(raised.value)

    assert run_while_locked(path, copy) and errors[0].params == {"source": str(path), "detail": "in_use"}
    assert not (tmp_path / "copy.gpkg").exists()


@pytest.mark.parametrize(
    ("checkpoint", "suffixes"), [("", ("", "-wal")), ("PRAGMA wal_checkpoint(TRUNCATE)", ("",))], ids=["log", "no log"]
)
def test_database_in_wal_mode_is_copied_out_of_it_and_leaves_no_file_in_the_folder_of_the_input(
    tmp_path, checkpoint, suffixes
):
    made, folder, copy = tmp_path / "made.gpkg", tmp_path / "inputs", tmp_path / "copy.gpkg"
    folder.mkdir()
    with closing(sqlite3.connect(made)) as editor:
        editor.executescript(f"PRAGMA journal_mode = WAL; CREATE TABLE numbers AS SELECT 1 AS value; {checkpoint}")
        for suffix in suffixes:
            shutil.copyfile(f"{made}{suffix}", folder / f"county.gpkg{suffix}")
    for mode in (0o755, 0o555):
        folder.chmod(mode)
        with enforce_file_permissions():
            write_edited_copy(folder / "county.gpkg", copy, lambda copies: None)
        assert sorted(one.name for one in folder.iterdir()) == [f"county.gpkg{suffix}" for suffix in suffixes]
        with open_database(copy) as database:
            assert database.execute("SELECT value FROM numbers").fetchall() == [(1,)]
        assert copy.read_bytes()[18:20] == b"\1\1"
