# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspection of packages: planted damages are found, undamaged packages pass."""

import io
import json
import shutil
import struct
import subprocess
import zipfile
import zlib

import pytest

from plugin.core.base.errors import Cancellation, Cancelled, InputError
from plugin.core.base.files.digests import (
    DIGEST_LIST,
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    MANIFEST_OK,
    MANIFEST_PAGE_FILE_NAME,
    is_complete_package,
    read_digest_list,
    read_manifest,
    write_manifest_digest,
)
from plugin.core.checks.check import RunOptions
from plugin.core.cli.examples.package_facts import make_jpeg, make_pdf
from plugin.core.model.rule import Severity
from plugin.core.model.verdict import Verdict
from plugin.core.package.inspection.archive import unpack_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.inspection.integrity import find_integrity_errors
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.problems import ProblemLevel
from plugin.core.package.slot_files import fill_slots, has_valid_end, has_valid_start, read_file_ends
from plugin.core.standard import load_standard
from tests.core.gdal_switch import gdal_raises
from tests.core.package_fixtures import export_complete_package
from tests.core.small_plan import explain_error, hash_files
from tests.parametrize import first_daily, first_of_each_daily

pytestmark = pytest.mark.slow  # it writes and reads whole databases

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

COUNTY_SPEC = load_package_spec("county")
#: The mdb that comes with the documents.
EXPECTED_UNREAD_TABLES = [("DOC011", "unread")]
PACKAGE_ROOT = "140225浑源县国土空间总体规划"
DATABASE_PATH = "1-空间数据/140225浑源县国土空间规划矢量数据.gdb"
TEXT_DOCUMENT_PATH = "2-规划文档/140225浑源县国土空间总体规划文本.pdf"
METADATA_PATH = "5-元数据/140225浑源县国土空间总体规划元数据.xml"
REPORT_JSON_PATH = "2-规划文档/140225浑源县质量检查报告.json"
MAP_PATH = "4-规划图件/140225浑源县01三条控制线图.jpg"


@pytest.fixture(scope="module")
def exported_package(tmp_path_factory):
    """Return the path of an exported package with documents, tables and a map."""
    return export_complete_package(tmp_path_factory.mktemp("成果"))


def inspect_report(path, **options):
    return inspect_package(path, COUNTY_SPEC, RunOptions(**options)).report


def list_package_findings(report):
    """Return rule and message case of the findings of package rules in a report."""
    return {(f.code, f.case) for f in report.findings if f.code.startswith("DOC")}


def test_exported_package_passes_inspection(copied_package):
    before = hash_files(copied_package)
    report = inspect_report(copied_package)
    # Only the table that Access alone can read is reported.
    assert [(f.code, f.case) for f in report.findings] == EXPECTED_UNREAD_TABLES
    assert report.verdict is Verdict.CONDITIONAL and not report.left_out
    assert {r.outcome for r in report.rules if r.code.startswith("DOC") and r.code != "DOC011"} == {"passed"}
    assert sum(r.code.startswith("DOC") for r in report.rules) == len(load_standard().rule_groups["package"])
    assert report.provenance["source"] == PACKAGE_ROOT and len(report.provenance["layers"]) == 10
    assert hash_files(copied_package) == before


def write_zip(folder, path, top=True, codec="utf-8"):
    """Zip a folder, with the folder itself (``top``) or only its content; names are encoded by ``codec``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                name = one.relative_to(folder.parent if top else folder).as_posix()
                info = zipfile.ZipInfo(name if codec == "utf-8" else name.encode(codec).decode("cp437"))
                file.writestr(info, one.read_bytes(), zipfile.ZIP_DEFLATED)
    if codec == "gbk":
        # As Windows writes it, without the UTF-8 flag.
        path.write_bytes(encode_names_in_gbk(path.read_bytes()))
    return path


def encode_names_in_gbk(data):
    """Return zip data with entry names in GBK and without the flag for UTF-8."""
    output = bytearray()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        central, entries = bytearray(), file.infolist()
        for info in entries:
            name = info.filename.encode("cp437")
            content = file.read(info)
            packed = zlib.compressobj(wbits=-15)
            body = packed.compress(content) + packed.flush()
            crc = zlib.crc32(content)
            at = len(output)
            common = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0, 33, crc, len(body), len(content), len(name), 0)
            output += b"PK\x03\x04" + common + name + body
            central += b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHLL", 0, 0, 0, 0, at) + name
    end = struct.pack("<HHHHLLH", 0, 0, len(entries), len(entries), len(central), len(output), 0)
    return bytes(output + central + b"PK\x05\x06" + end)


@pytest.mark.parametrize(("top", "codec"), first_daily([(True, "utf-8"), (True, "gbk"), (False, "utf-8")], 2))
def test_zipped_package_passes_inspection(copied_package, tmp_path, top, codec):
    report = inspect_report(write_zip(copied_package, tmp_path / f"{PACKAGE_ROOT}.zip", top, codec))
    assert [(f.code, f.case) for f in report.findings] == EXPECTED_UNREAD_TABLES, [f.message for f in report.findings]
    assert len(report.provenance["layers"]) == 10


def change_manifest(package, change):
    """Change the manifest of a package and renew its digest file."""
    path = package / MANIFEST_FILE_NAME
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    write_manifest_digest(package)


def change_database(package, layer, change):
    """Apply a function to the database of a package and one of its layers ("": none)."""
    from osgeo import gdal

    database = gdal.OpenEx(str(package / DATABASE_PATH), gdal.OF_UPDATE | gdal.OF_VECTOR)
    change(database, database.GetLayerByName(layer) if layer else None)
    del database


def remove_layer(name):
    """Return a function that removes a layer from the database of a package."""

    def change(database, layer):
        number = next(n for n in range(database.GetLayerCount()) if database.GetLayer(n).GetName() == name)
        database.DeleteLayer(number)

    return lambda package: change_database(package, "", change)


def empty_layer(database, layer):
    for feature in list(layer):
        layer.DeleteFeature(feature.GetFID())


def enlarge_shape(database, layer):
    feature = next(iter(layer))
    shape = feature.GetGeometryRef().Clone()
    feature.SetGeometry(shape.Buffer(0.001))
    layer.SetFeature(feature)


def scale_areas(database, layer, field="MJ"):
    for feature in list(layer):
        feature.SetField(field, feature.GetField(field) * 1.5)
        layer.SetFeature(feature)


def set_unknown_code(database, layer):
    feature = next(iter(layer))
    feature.SetField("GHFQDM", "999")
    layer.SetFeature(feature)


def add_field(database, layer):
    from osgeo import ogr

    layer.CreateField(ogr.FieldDefn("BEIZHU2", ogr.OFTString))


def rename_township(database, layer):
    feature = next(iter(layer))
    feature.SetField("XZQMC", "某某镇")
    layer.SetFeature(feature)


def copy_layer(name, copy):
    """Return a function that copies a layer of the database under another name."""
    return lambda package: change_database(package, "", lambda d, _: d.CopyLayer(d.GetLayerByName(name), copy))


def delete_largest_table(package):
    """Delete the largest table of a layer, and the manifest, whose digests would report it."""
    for name in (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME):
        (package / name).unlink()
    # The first eight are system tables.
    tables = sorted((package / DATABASE_PATH).glob("*.gdbtable"))[8:]
    max(tables, key=lambda path: path.stat().st_size).unlink()


def truncate_database_file(file_name):
    """Return a function that cuts a file of the database to two thirds."""

    def change(package):
        data = (package / DATABASE_PATH / file_name).read_bytes()
        (package / DATABASE_PATH / file_name).write_bytes(data[: len(data) * 2 // 3])

    return change


def change_report(change):
    """Return a function that changes the JSON report of a package."""

    def change_report_file(package):
        report = json.loads((package / REPORT_JSON_PATH).read_text("utf-8"))
        change(report)
        (package / REPORT_JSON_PATH).write_text(json.dumps(report), "utf-8")

    return change_report_file


def mark_manifest_as_forced(manifest):
    manifest["check"] |= {"forced": True, "verdict": "fail", "errors": 7}


#: Title → (change of a complete package, rule and case that must report it).
PACKAGE_DAMAGES = {
    "the quality report is gone": (lambda p: (p / "2-规划文档/140225浑源县质量检查报告.pdf").unlink(), ("DOC002", "optional")),
    "a lock in the database": (lambda p: (p / DATABASE_PATH / "_gdb.PC.12.34.sr.lock").touch(), ("DOC004", "")),
    "a repeated map": (lambda p: (p / MAP_PATH.replace("01", "02")).write_bytes(make_jpeg()), ("DOC030", "title")),
    "an invalid manifest": (lambda p: (p / MANIFEST_FILE_NAME).write_text("{", "utf-8"), ("DOC006", "manifest")),
    "no manifest": (lambda p: [(p / n).unlink() for n in (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME, DIGEST_LIST)], ("DOC006", "gone")),
    "no manifest, page or list": (lambda p: [(p / n).unlink() for n in (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME, DIGEST_LIST)], ("DOC006", "none")),
    "a manifest of a later version": (lambda p: change_manifest(p, lambda m: m.update(schema="sanxian-package/2")), ("DOC006", "later")),
    "forced": (lambda p: change_manifest(p, mark_manifest_as_forced), ("DOC007", "")),
    "no red line": (remove_layer("STBHHX"), ("DOC008", "missing")),
    "an empty boundary": (lambda p: change_database(p, "CZKFBJ", empty_layer), ("DOC008", "empty")),
    "a truncated system table": (truncate_database_file("a00000004.gdbtable"), ("DOC008", "part")),
    "a missing table index": (lambda p: (p / DATABASE_PATH / "a0000000d.gdbtablx").unlink(), ("DOC008", "part_lost")),
    "an emptied catalogue": (lambda p: (p / DATABASE_PATH / "a00000001.gdbtable").write_bytes(b""), ("DOC008", "unreadable")),
    "a deleted table": (delete_largest_table, ("DOC008", "missing")),
    "a boundary that was moved": (lambda p: change_database(p, "CZKFBJ", enlarge_shape), ("DOC010", "area")),
    "areas in a field times 1.5": (lambda p: change_database(p, "CZKFBJ", scale_areas), ("DOC010", "field_area")),
    "a leftover copy of a layer": (copy_layer("CZKFBJ", "CZKFBJ_1"), ("DOC008", "twice")),
    "an added field without a manifest": (lambda p: [change_database(p, "CZKFBJ", add_field), [(p / n).unlink() for n in (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME, DIGEST_LIST)]], ("DOC008", "more_fields")),
    "a township of another name": (lambda p: change_database(p, "XZQXZ", rename_township), ("DOC011", "names")),
    "a digest list with removed lines": (lambda p: (p / DIGEST_LIST).write_text("\n".join((p / DIGEST_LIST).read_text("utf-8").splitlines()[5:]) + "\n", "utf-8"), ("DOC006", "unlisted")),
    "an unknown code": (lambda p: change_database(p, "CZKFBJ", set_unknown_code), ("ATT002", None)),
}  # fmt: skip


@pytest.mark.parametrize("name", first_of_each_daily(PACKAGE_DAMAGES, lambda name: PACKAGE_DAMAGES[name][1][0]))
def test_each_damage_planted_in_a_package_is_found_by_its_rule(copied_package, name):
    damage, (code, case) = PACKAGE_DAMAGES[name]
    damage(copied_package)
    report = inspect_report(next(p for p in copied_package.parent.iterdir() if p.is_dir()))
    found = [f for f in report.findings if f.code == code and case in (f.case, None)]
    assert found, [(f.code, f.case, f.message) for f in report.findings]
    for finding in found:
        assert finding.message and "{" not in finding.message and "None" not in finding.message
    assert not any(r.outcome == "crashed" for r in report.rules)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_program_verifies_the_digest_list_of_a_package(copied_package):
    def verify_with_sha256sum():
        return subprocess.run(
            ["sha256sum", "-c", "--strict", DIGEST_LIST], cwd=copied_package, capture_output=True, text=True
        )

    done = verify_with_sha256sum()
    files = sum(p.is_file() for p in copied_package.rglob("*")) - 2
    assert done.returncode == 0 and done.stdout.count(": OK") == files, done.stdout + done.stderr
    (copied_package / TEXT_DOCUMENT_PATH).write_bytes(make_pdf("other"))
    assert verify_with_sha256sum().returncode == 1
    # The list alone is enough for inspect_package without a manifest.
    for name in (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME):
        (copied_package / name).unlink()
    found = {(f.case, f.params["file"]) for f in inspect_report(copied_package).findings if f.code == "DOC006"}
    assert found == {("changed_listed", TEXT_DOCUMENT_PATH), ("lost_listed", MANIFEST_FILE_NAME)}


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: "".join(f"{d.upper()} *.\\{p}\r\n" for p, d in rows).encode("gbk"),
        lambda rows: ("# 校验\n" + "\n".join(f"{d}  ./{p}" for p, d in rows)).encode("utf-8-sig"),
    ],
)
def test_digest_lists_with_backslashes_comments_or_upper_case_digests_are_read(write):
    rows = [("2-规划文档/文本 一.pdf", "a1" * 32), ("图.jpg", "0" * 64)]
    assert read_digest_list(write([(p.replace("/", "\\"), d) for p, d in rows])) == dict(rows)


def test_reading_a_digest_list_without_valid_sha256_rows_returns_none():
    assert (
        read_digest_list(b"") is None
        and read_digest_list(b"hello") is None
        and read_digest_list(b"\xff\xfe\x00") is None
    )
    assert read_digest_list(b"d41d8cd98f00b204e9800998ecf8427e  a.txt") is None


def test_manifest_digest_in_upper_case_with_a_windows_line_end_counts_as_valid(copied_package):
    digest_text = (copied_package / MANIFEST_DIGEST_FILE_NAME).read_text("ascii").split()[0]
    (copied_package / MANIFEST_DIGEST_FILE_NAME).write_bytes(
        f"{digest_text.upper()} *{MANIFEST_FILE_NAME}\r\n".encode()
    )
    assert read_manifest(copied_package)[1] == MANIFEST_OK and is_complete_package(copied_package)


@pytest.mark.parametrize("behind", [b"", b"\r\n\0\0", b"x" * 1500])
def test_export_and_inspection_accept_bytes_after_the_end_of_a_pdf_and_report_a_pdf_without_an_end(tmp_path, behind):
    """Accept bytes after the end of a PDF and report a PDF without its end."""
    path = tmp_path / TEXT_DOCUMENT_PATH.rpartition("/")[2]
    values = {"code": "140225", "name": "浑源县"}
    for data, valid in (
        (make_pdf("a" * 5000) + behind, True),
        (make_pdf("a" * 5000)[:-7] + behind, False),
        (b"%PDF-1.4\n", False),
    ):
        path.write_bytes(data)
        _, problems = fill_slots(load_package_spec("county"), values, tmp_path)
        reported = [(p.level, p.key) for p in problems if path.name in p.features]
        # A note only: many programs still show the readable part.
        assert reported == ([] if valid else [(ProblemLevel.NOTE, "file_cut")])
        start, tail = read_file_ends(path)
        assert (has_valid_start(path.name, start) and has_valid_end(path.name, tail)) is valid


def test_copied_layer_in_a_package_is_reported_and_the_original_layer_is_inspected(copied_package):
    """Copy a layer; the original is inspected, and so are all others."""
    copy_layer("CZKFBJ", "CZKFBJ_1")(copied_package)
    copy_layer("STBHHX", "A_STBHHX")(copied_package)
    change_database(copied_package, "CZKFBJ_1", empty_layer)
    report = inspect_report(copied_package)
    reported = {
        (f.params["name"], f.params["used"]) for f in report.findings if (f.code, f.case) == ("DOC008", "twice")
    }
    assert reported == {("CZKFBJ_1", "CZKFBJ"), ("A_STBHHX", "STBHHX")}
    names = {row["role"]: row["name"] for row in report.provenance["layers"]}
    assert names["CZKFBJ"] == "CZKFBJ" and names["STBHHX"] == "STBHHX" and len(names) == 10
    chosen = inspect_report(copied_package, roles={"CZKFBJ": "CZKFBJ_1"})
    assert {"CZKFBJ_1"} == {row["name"] for row in chosen.provenance["layers"] if row["role"] == "CZKFBJ"}


@pytest.mark.parametrize(
    ("part", "keep", "case"),
    first_daily(
        [("dbf", 200, "shape_cut"), ("dbf", 0, "shape_lost"), ("shp", 300, "shape_cut"), ("dbf", 5, "shape_cut")]
    ),
)
def test_stray_shapefile_in_a_package_is_reported_by_its_file_path_and_not_by_its_folder(
    copied_package, part, keep, case
):
    """Report the file itself, not a missing folder or missing fields."""
    import pyogrio

    folder = copied_package / "1-空间数据"
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(copied_package / DATABASE_PATH, layer="CZKFBJ"), folder / "CZKFBJ.shp", encoding="GBK"
    )
    assert find_integrity_errors(copied_package, "1-空间数据") == []
    found = [(f.code, f.case, f.key) for f in inspect_report(copied_package).findings]
    assert ("DOC003", "name", "1-空间数据/CZKFBJ.shp") in found and ("DOC003", "name", "1-空间数据") not in found
    path = folder / f"CZKFBJ.{part}"
    if keep:
        path.write_bytes(path.read_bytes()[:keep])
    else:
        path.unlink()
    found = [(f.code, f.case, f.key) for f in inspect_report(copied_package).findings]
    assert ("DOC008", case, f"1-空间数据/CZKFBJ.{part}") in found
    assert "DOC014" not in {code for code, *_ in found}


def test_package_layers_in_another_crs_are_reported(tmp_path, copied_package):
    import pyogrio

    frame = pyogrio.read_dataframe(copied_package / DATABASE_PATH, layer="CZKFBJ").to_crs(4526)
    target = copied_package / "1-空间数据" / "140225浑源县国土空间规划矢量数据.gpkg"
    shutil.rmtree(copied_package / DATABASE_PATH)
    pyogrio.write_dataframe(frame, target, layer="CZKFBJ", driver="GPKG")
    text = (COUNTY_SPEC.path).read_text(encoding="utf-8").replace("矢量数据.gdb", "矢量数据.gpkg")
    path = tmp_path / "某省.toml"
    path.write_text(text, encoding="utf-8")
    report = inspect_package(copied_package, load_package_spec(path), RunOptions()).report
    (finding,) = [f for f in report.findings if f.code == "DOC009"]
    assert "EPSG:4526" in finding.message and "EPSG:4490" in finding.message


def test_unreadable_layer_of_a_package_is_reported_and_all_other_layers_are_inspected(copied_package):
    """Truncate the table of the largest layer; the others are still read."""
    # Numbers up to 9 are system tables.
    own = [part for part in (copied_package / DATABASE_PATH).glob("*.gdbtable") if int(part.stem[1:], 16) > 9]
    table = max(own, key=lambda part: part.stat().st_size)
    table.write_bytes(table.read_bytes()[: table.stat().st_size * 2 // 3])
    report = inspect_report(copied_package)
    (finding,) = [f for f in report.findings if f.code == "DOC008"]
    assert finding.case == "unreadable" and finding.params["name"] == "DLTB"
    assert len(report.provenance["layers"]) == 9
    assert not [f for f in report.findings if f.code == "DOC012"], [f.message for f in report.findings]


def test_package_layers_renamed_by_the_package_spec_are_recognised(tmp_path, copied_package):
    """Use the layer name HX01, which only the package spec explains."""
    import pyogrio

    target = (copied_package / DATABASE_PATH).with_suffix(".gpkg")
    for name, _ in pyogrio.list_layers(copied_package / DATABASE_PATH):
        own = {"STBHHX": "HX01"}.get(name, name)
        pyogrio.write_dataframe(
            pyogrio.read_dataframe(copied_package / DATABASE_PATH, layer=name), target, layer=own, driver="GPKG"
        )
    shutil.rmtree(copied_package / DATABASE_PATH)
    text = COUNTY_SPEC.path.read_text(encoding="utf-8").replace("矢量数据.gdb", "矢量数据.gpkg")
    old = 'layer = "red_line"\nneed = "M"'
    assert old in text
    path = tmp_path / "某省.toml"
    path.write_text(text.replace(old, f'{old}\nname = "HX01"'), encoding="utf-8")
    report = inspect_package(copied_package, load_package_spec(path), RunOptions()).report
    layers = {row["role"]: row["name"] for row in report.provenance["layers"]}
    assert layers["STBHHX"] == "HX01" and not {"SCH001", "DOC008"} & {f.code for f in report.findings}


def test_fields_renamed_by_the_package_spec_are_recognised(tmp_path, copied_package):
    """Compare areas and codes of renamed fields; none is reported as missing."""
    from osgeo import ogr

    text = COUNTY_SPEC.path.read_text(encoding="utf-8")
    old = 'layer = "boundary"\nneed = "M"'
    assert old in text
    path = tmp_path / "某省.toml"
    path.write_text(text.replace(old, f'{old}\nnames = {{ MJ = "TBMJ", BSM = "BIAOSHI" }}'), encoding="utf-8")

    def rename_fields(database, layer):
        for own, name in (("MJ", "TBMJ"), ("BSM", "BIAOSHI")):
            number = layer.FindFieldIndex(own, 1)
            old = layer.GetLayerDefn().GetFieldDefn(number)
            definition = ogr.FieldDefn(name, old.GetType())
            definition.SetAlternativeName(old.GetAlternativeName())
            assert layer.AlterFieldDefn(number, definition, ogr.ALTER_NAME_FLAG) == 0

    change_database(copied_package, "CZKFBJ", rename_fields)
    fields = ("SCH002", "SCH006", "SCH007", "SCH008", "ATT001", "ATT013")
    report = inspect_package(copied_package, load_package_spec(path), RunOptions()).report
    assert not [f.message for f in report.findings if f.role == "CZKFBJ" and f.code in fields]
    # The original specification does not have these names.
    lacking = {
        f.field
        for f in inspect_report(copied_package).findings
        if f.role == "CZKFBJ" and f.code in ("SCH002", "SCH008")
    }
    assert lacking >= {"BSM", "MJ"}
    change_database(copied_package, "CZKFBJ", lambda d, layer: scale_areas(d, layer, "TBMJ"))
    report = inspect_package(copied_package, load_package_spec(path), RunOptions()).report
    assert ("DOC010", "field_area") in list_package_findings(report)


def test_shapefiles_in_a_package_of_other_software_are_read_and_its_missing_files_reported(tmp_path):
    from tests.core.small_plan import write_shapefiles

    folder = tmp_path / PACKAGE_ROOT / "1-空间数据" / "140225浑源县国土空间规划矢量数据"
    write_shapefiles(folder, "GBK")
    report = inspect_report(tmp_path / PACKAGE_ROOT)
    codes = {f.code for f in report.findings}
    assert {"DOC002", "DOC006", "DOC008"} <= codes and "DOC007" not in codes
    assert len(report.provenance["layers"]) == 6


def test_inspection_of_a_folder_without_layers_gives_a_report_with_the_verdict_failed(tmp_path):
    (tmp_path / "空").mkdir()
    (tmp_path / "空" / "说明.txt").write_text("x")
    report = inspect_report(tmp_path / "空")
    assert {("DOC001", "form"), ("DOC002", "data"), ("DOC003", "name")} <= list_package_findings(report)
    assert report.verdict is Verdict.FAILED


def write_malicious_zip(path, name, content=b"x", **info):
    """Write a zip with one entry; ``info`` sets attributes of its ZipInfo."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo(name)
        for key, value in info.items():
            setattr(entry, key, value)
        file.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return path


def test_archive_that_declares_a_false_unpacked_size_is_refused(tmp_path, monkeypatch):
    path = write_malicious_zip(tmp_path / "a.zip", "a.txt", b"\0" * 2**20)
    data = path.read_bytes()
    # The size in the central directory.
    at = data.index(b"PK\x01\x02") + 24
    path.write_bytes(data[:at] + struct.pack("<L", 10) + data[at + 4 :])
    with pytest.raises(InputError) as caught:
        inspect_report(path)
    assert caught.value.key in ("package_zip_bomb", "package_zip_damaged")


def test_unreadable_package_archives_are_refused(tmp_path, copied_package):
    whole = write_zip(copied_package, tmp_path / "a.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.zip").write_bytes(b"no zip")
    (tmp_path / "a.rar").write_bytes(whole)
    middle = bytearray(whole)
    middle[len(whole) // 3 : len(whole) // 3 + 200] = b"\0" * 200
    (tmp_path / "middle.zip").write_bytes(bytes(middle))
    for name in ("half.zip", "text.zip", "a.rar", "middle.zip", "没有.zip"):
        with pytest.raises(InputError) as caught:
            inspect_report(tmp_path / name)
        assert explain_error(caught.value)


def test_inspection_of_a_package_can_be_cancelled(copied_package):
    with pytest.raises(Cancelled):
        inspect_package(copied_package, COUNTY_SPEC, RunOptions(), cancellation=Cancellation(lambda: True))


def test_files_unpacked_for_inspection_are_deleted_afterwards(tmp_path, copied_package):
    with unpack_package(write_zip(copied_package, tmp_path / "a.zip")) as folder:
        place = folder
        assert folder.name == PACKAGE_ROOT and (folder / TEXT_DOCUMENT_PATH).exists()
    assert not place.exists()


def test_inspect_command_exits_with_an_error_code_when_the_package_has_errors(copied_package, capsys, tmp_path):
    from plugin.core.__main__ import main

    assert main(["inspect", str(copied_package), "--json", str(tmp_path / "a.json")]) == 0
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["summary"]["errors"] == 0
    (copied_package / TEXT_DOCUMENT_PATH).unlink()
    assert main(["inspect", str(copied_package)]) == 1
    assert "DOC002" in capsys.readouterr().out
    assert main(["inspect", str(tmp_path / "没有.zip")]) == 2


def test_field_that_lost_its_domain_in_a_package_database_is_reported(copied_package):
    codes = {r.code: str(r.outcome) for r in inspect_report(copied_package).rules}
    assert {codes[c] for c in ("SCH004", "SCH006", "SCH007", "SCH008")} == {"passed"}

    def remove_domain(database, layer):
        from osgeo import ogr

        definition = layer.GetLayerDefn()
        number = definition.GetFieldIndex("GHFQDM")
        other = ogr.FieldDefn("GHFQDM", ogr.OFTString)
        other.SetWidth(definition.GetFieldDefn(number).GetWidth())
        assert layer.AlterFieldDefn(number, other, ogr.ALTER_DOMAIN_FLAG) == 0

    change_database(copied_package, "CZKFBJ", remove_domain)
    found = {(f.code, f.role, f.field) for f in inspect_report(copied_package).findings}
    assert ("SCH007", "CZKFBJ", "GHFQDM") in found


@pytest.mark.parametrize("raising", [False, True])
@pytest.mark.parametrize("part", first_daily([f"a{n:08x}" for n in (1, 9, 2, 3, 4, 5, 6, 7)], 2))
def test_damaged_or_missing_file_of_a_package_database_is_reported(copied_package, part, raising):
    """Inspect with GDAL exceptions on and off, because QGIS may set either."""

    def collect_errors():
        return {
            (f.damaged_path.rpartition("/")[2], bool(f.reason))
            for f in find_integrity_errors(copied_package, DATABASE_PATH)
        }

    with gdal_raises(raising):
        assert collect_errors() == set()
        index = copied_package / DATABASE_PATH / f"{part}.gdbtablx"
        content = index.read_bytes()
        index.write_bytes(content[: len(content) * 2 // 3])
        assert any(reason for _, reason in collect_errors())
        index.unlink()
        assert (f"{part}.gdbtablx", False) in collect_errors()
        index.write_bytes(content)
        table = copied_package / DATABASE_PATH / f"{part}.gdbtable"
        if part != "a00000009":  # its rows are read when the layer is read
            truncate_database_file(table.name)(copied_package)
            assert (table.name, True) in collect_errors()
        table.unlink()
        assert any(name == table.name for name, _ in collect_errors())
        assert not any(str(copied_package) in f.reason for f in find_integrity_errors(copied_package, DATABASE_PATH))


def test_missing_spatial_index_of_a_package_database_is_reported(copied_package):
    (copied_package / DATABASE_PATH / "a00000009.spx").unlink()
    (found,) = find_integrity_errors(copied_package, DATABASE_PATH)
    assert (found.kind, found.damaged_path.rpartition("/")[2]) == ("no_index", "a00000009.spx") and found.table_name


def test_wrong_area_field_in_a_package_without_a_manifest_gives_a_warning(copied_package):
    for name in (MANIFEST_FILE_NAME, MANIFEST_DIGEST_FILE_NAME, MANIFEST_PAGE_FILE_NAME, DIGEST_LIST):
        (copied_package / name).unlink()
    change_database(copied_package, "CZKFBJ", scale_areas)
    found = [f for f in inspect_report(copied_package).findings if f.code == "ATT013"]
    assert found and {(f.role, f.field, f.severity) for f in found} == {("CZKFBJ", "MJ", Severity.WARNING)}
