# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the files of version 0.1.0 that later versions must read.

Run ``bash tools/run.sh python tests/upgrade/make_0_1_0.py FOLDER`` in a checkout of the tag v0.1.0, never in a test.
The files in ``0.1.0`` were written once and are kept: a newly written file would not show that old files can be read.
"""

import os
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
WAIVER_DATE, WAIVER_EXPIRY = date(2026, 11, 20), date(2099, 12, 31)
#: Waivers of each rule beyond the default ones.
EXTRA_WAIVERS_PER_RULE = 3


def zip_folder(target: Path, folder: Path) -> None:
    """Write all files below a folder to a zip, ordered by name."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())


def write_sample_with_waivers(out: Path, work: Path) -> None:
    """Write the sample county, its waivers, reports and findings layer.

    One report is without and one with the waivers.
    """
    from plugin.core.__main__ import main
    from plugin.core.check import Options, check
    from plugin.core.waivers.accept import Words, accepted
    from plugin.core.waivers.file import change_waivers
    from plugin.core.waivers.model import obstacle
    from plugin.paths import SAMPLE_FOLDER

    folder = work / "sample"
    folder.mkdir()
    source = folder / "county.gpkg"
    shutil.copyfile(SAMPLE_FOLDER / "county.gpkg", source)
    zip_folder(out / "sample.zip", folder)
    outputs = [
        "--json",
        str(out / "report.json"),
        "--html",
        str(out / "report.html"),
        "--findings",
        str(out / "findings.gpkg"),
    ]
    main(["check", str(source), "--profile", "hunyuan", *outputs])
    wanted, seen = [], Counter()
    usual = check(source, Options(profile="hunyuan"))
    defaults = {rule.code for rule in usual.report.rules}
    for finding in check(source, Options(profile="hunyuan", rules=("all",))).report.findings:
        seen[finding.code] += not obstacle(finding)
        if not obstacle(finding) and (finding.code in defaults or seen[finding.code] <= EXTRA_WAIVERS_PER_RULE):
            wanted.append(finding)
    limits = usual.plan.waivers.limits
    words = Words("县城防洪堤已批复，占用部分另行补划", "晋自然资函〔2026〕12号", "王工", WAIVER_DATE)
    timed = Words("示例县示意数据", "浑自然资字〔2026〕3号", "李工", WAIVER_DATE, WAIVER_EXPIRY, "附件/批复.pdf")
    entries = accepted(wanted[::2], words, limits, folder) + accepted(wanted[1::2], timed, limits, folder)
    (out / "county.waivers.csv").unlink(missing_ok=True)
    change_waivers(out / "county.waivers.csv", add=entries)
    main(
        [
            "check",
            str(source),
            "--profile",
            "hunyuan",
            "--waivers",
            str(out / "county.waivers.csv"),
            "--json",
            str(out / "waived.json"),
        ]
    )


def write_renumbered_table(out: Path) -> None:
    """Write a table of old and new feature numbers for a waived layer."""
    import pyogrio

    from plugin.paths import SAMPLE_FOLDER

    keys = sorted(pyogrio.read_dataframe(SAMPLE_FOLDER / "county.gpkg", layer="STBHHX", read_geometry=False)["BSM"])
    rows = [f"STBHHX,{key},{key[:10]}{int(key[10:]) + 900_000:08d}" for key in keys]
    (out / "renumbered.csv").write_text("图层,旧标识码,新标识码\n" + "\n".join(rows) + "\n", encoding="utf-8-sig")


def make_one_page_pdf(words: str) -> bytes:
    """Return a PDF of one page with a line of text."""
    stream = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode()
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    parts, places = [b"%PDF-1.4\n"], []
    for number, body in enumerate(bodies, 1):
        places.append(len(b"".join(parts)))
        parts.append(b"%d 0 obj%s endobj\n" % (number, body))
    start = len(b"".join(parts))
    parts.append(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places))
    parts.append(b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)
    return b"".join(parts)


def write_package(out: Path, work: Path) -> None:
    from qgis.PyQt.QtGui import QImage

    from plugin.core.check import Options, check
    from plugin.core.exchange.package.export import Order, export_package
    from plugin.core.exchange.package.form.load import load_package
    from tests.county import make_county
    from tests.county.write import write_geopackage

    folder = work / "package"
    documents = folder / "文档"
    documents.mkdir(parents=True)
    write_geopackage(folder / "county.gpkg", make_county(300, defects=False)[0])
    for name in ("国土空间总体规划文本", "数据库建设报告", "质量检查报告", "质量检查记录"):
        (documents / f"140225浑源县{name}.pdf").write_bytes(make_one_page_pdf("Hunyuan 140225"))
    picture = QImage(400, 300, QImage.Format.Format_RGB32)
    picture.fill(0xDDEECC)
    picture.setDotsPerMeterX(round(300 / 0.0254))
    picture.setDotsPerMeterY(round(300 / 0.0254))
    assert picture.save(str(documents / "140225浑源县01三条控制线图.jpg"), "JPG")
    made = export_package(
        check(folder / "county.gpkg", Options()), Order(load_package("county"), folder / "结果", documents)
    )
    print(*made.problems, sep="\n")
    zip_folder(out / "package.zip", made.path.parent)


def write_yearly_maintenance(out: Path, work: Path) -> None:
    from plugin.core.yearly.write import write_update
    from tests.core.test_yearly import update
    from tests.core.test_yearly_check import fill, measured
    from tests.core.test_yearly_write import CURRENT, FILED

    folder = work / "yearly"
    folder.mkdir()
    made = write_update(update(measured(FILED), measured(CURRENT)), folder)
    fill(made.files[0])
    zip_folder(out / "yearly.zip", folder)


def write_mapping(out: Path) -> None:
    from plugin.core.mapping import to_toml
    from plugin.core.mapping.model import FieldMapping, CodeTranslation
    from plugin.core.standard import load_standard

    choices = {"0204": "0205", "0701": "0701"}
    made = FieldMapping(
        "XZYDYH",
        {"BSM": "编号", "YDYHFLDM": "地类"},
        {"XZQDM": "140225", "XZQMC": "浑源县", "TBMJ": 1.5},
        {"YDYHFLDM": CodeTranslation("sandiao", "code_2023", choices)},
    )
    template = load_standard().templates["XZYDYH"]
    (out / "mapping.toml").write_text(to_toml(made, template), encoding="utf-8", newline="\n")


def write_settings(out: Path, work: Path) -> None:
    """Write the user settings of the dialogs, each by its key."""
    from qgis.core import QgsSettings

    from plugin.bridge import settings as kept
    from plugin.gui import dock_width, editing, exports, findings_map, mapping_files, source_widget, waiver_dialog
    from plugin.gui.package import form_page, forms_combo, inspect_dialog
    from plugin.gui.wizard import target_page

    for key, value in (
        ("language", "en"), ("maps/maker", "浑源县人民政府"), ("maps/drawer", "浑源县自然资源局"),
        (waiver_dialog._AUTHOR, "王工"), (exports._FOLDER, "D:/成果"), (target_page._FOLDER, "D:/项目"),
        (source_widget._FOLDER, "D:/数据"), (mapping_files._FOLDER, "D:/映射"), (dock_width._SIZED, True),
        (findings_map._SHOW_LAYER, False), (editing._ON, False), (form_page._MAPS, False), (form_page._FOLDER, "D:/成果包"),
        (form_page._DOCUMENTS, "D:/文档"), (forms_combo._FORM, "city"), (inspect_dialog._LAST, "D:/成果包/a.zip"),
    ):  # fmt: skip
        kept.put(key, value)
    QgsSettings().sync()
    lines, inside = [], False
    for line in Path(QgsSettings().fileName()).read_text(encoding="utf-8").splitlines():
        inside = line.strip() == "[sanxian]" if line.startswith("[") else inside
        # The numbers of databases are kept by a hash of their path, which is this machine's.
        if inside and line.strip() and not line.startswith("bsm\\"):
            lines.append(line)
    (out / "settings.ini").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_projects(out: Path, work: Path) -> None:
    """Write a project of the wizard and one with manually assigned roles.

    In the first, numbered features were drawn and deleted.
    """
    import pyogrio
    from qgis.core import QgsCoordinateReferenceSystem, QgsExpression, QgsProject, QgsVectorLayer, edit

    from plugin.bridge import county, findings_layer, forms, roles, waivers
    from plugin.bridge.expressions import Functions
    from plugin.bridge.layers import template_id
    from plugin.bridge.layouts import keep
    from plugin.bridge.project import assemble, bookmarks
    from plugin.bridge.project.request import Request, make_database
    from plugin.core import map_set
    from plugin.core.check import Options, check
    from tests.qgis.helpers import draw, frame, small_layers, square
    from tests.qgis.maps_helpers import builder_for

    for function in [f for f in QgsExpression.Functions() if f.name().startswith("sanxian_")]:
        QgsExpression.unregisterFunction(function.name())
    functions = Functions()
    functions.register()
    folder = work / "projects"
    folder.mkdir()
    chosen = ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "XZQX", "XZQXZ")
    request = Request(
        "county_db", "140225", "浑源县", "EPSG:4526", chosen, folder / "wizard.gpkg", folder / "wizard.qgz", "hunyuan",
        view=(113.37, 39.36, 113.97, 39.88),
    )  # fmt: skip
    assemble.build(request, make_database(request, lambda share, text: None, lambda: False))
    project = QgsProject.instance()
    assert project.read(str(request.project))
    layers = {template_id(layer): layer for layer in project.mapLayers().values()}
    for role, many in (("CZKFBJ", 3), ("STBHHX", 1)):
        layer = layers[role]
        layer.startEditing()
        for n in range(many):
            draw(
                layer,
                square(300 * n, 1000 if role == "CZKFBJ" else 0),
                **({"GHFQDM": "410"} if role == "CZKFBJ" else {}),
            )
        assert layer.commitChanges(), layer.commitErrors()
    with edit(layers["CZKFBJ"]):
        last = max(layers["CZKFBJ"].getFeatures(), key=lambda one: one["BSM"])
        layers["CZKFBJ"].deleteFeature(last.id())
    with edit(layers["XZQXZ"]):
        draw(layers["XZQXZ"], square(0, 0, 3000, 3000), XZQDM="140225100", XZQMC="永安镇")
    with edit(layers["XZQX"]):
        draw(layers["XZQX"], square(0, 0, 3000, 3000))
    bookmarks.update(project)
    maps = map_set.load()
    first = next(m for m in maps.maps.values() if m.scope == "county")
    assert keep.put(builder_for(project), [(first, maps.sheets["A3"], False)]).made
    county.keep(
        project,
        county.County(
            profile="hunyuan", standard="county_db", scope="three_lines", base_year="2020", phase="approval",
            targets="targets.csv", rules="quality", baseline=str(folder / "baseline.gpkg"), register=str(folder / "register.xlsx"),
        ),
    )  # fmt: skip
    waivers.choose(project, str(folder / "accepted.csv"))
    assert project.write()
    project.clear()

    for role, table in small_layers().items():
        pyogrio.write_dataframe(
            table, folder / "layers.gpkg", layer=f"{role}_2025", driver="GPKG", dataset_options={"VERSION": "1.2"}
        )
    pyogrio.write_dataframe(
        frame([square(0, 0)]), folder / "layers.gpkg", layer="草图", driver="GPKG", dataset_options={"VERSION": "1.2"}
    )
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:4526"))
    project.setFileName(str(folder / "layers.qgs"))
    for role, name in (("YJJBNTBHTB", "农田"), ("STBHHX", "红线"), ("CZKFBJ", "边界"), ("DLTB", "地类"), ("", "草图")):
        table = f"{role}_2025" if role else name
        layer = QgsVectorLayer(f"{folder / 'layers.gpkg'}|layername={table}", name, "ogr")
        assert layer.isValid()
        project.addMapLayer(layer)
        if role:
            roles.choose(project, role, layer)
    county.keep(project, county.County(profile="hunyuan"))
    options = county.options(project)
    forms.apply_to_project(project, roles.chosen(project), options.norm())
    checked = check(folder / "layers.gpkg", Options(rules=("REL001",), roles=str(out / "roles.txt")))
    findings_layer.show(project, findings_layer.features(checked.report.findings), checked.plan.crs)
    assert findings_layer.find(project) is not None
    assert project.write()
    project.clear()
    functions.unregister()
    for path in folder.glob("*.gpkg-*"):
        path.unlink()
    zip_folder(out / "projects.zip", folder)


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    from qgis.core import QgsApplication

    # QGIS keeps whole paths in layouts: the folder has one name on every machine.
    work = Path(tempfile.gettempdir()) / "sanxian-0.1.0"
    work.mkdir()
    try:
        os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(work / "profile")
        app = QgsApplication([], True)
        app.initQgis()
        write_sample_with_waivers(out, work)
        write_renumbered_table(out)
        write_package(out, work)
        write_yearly_maintenance(out, work)
        write_mapping(out)
        write_projects(out, work)
        write_settings(out, work)
        app.exitQgis()
    finally:
        shutil.rmtree(work)
    shutil.rmtree(out / "__pycache__", ignore_errors=True)


if __name__ == "__main__":
    main()
