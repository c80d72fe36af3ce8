# SPDX-License-Identifier: GPL-2.0-or-later
"""图数一致 of our own packages: what export makes of any plan, inspection passes; and a field of blanks is no more than none."""

import random
from dataclasses import replace

import numpy as np
import pytest

from plugin.core.check import Options, check_plan
from plugin.core.engine.context import Context
from plugin.core.indicators.compute import figures_of
from plugin.core.loading.assembly import assemble_plan
from plugin.core.model.report import Report
from plugin.core.model.rule import Severity
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.tables.known_tables import PROMISED
from plugin.core.tabulate import tabulate_plan
from tests.core.small_plan import add_survey_vertices, as_read_layers, box, findings_of_rule, layers, table

STANDARD = "county_db"
SUFFIXES = (".shp", ".vct", ".gpkg", ".gdb")


def whole() -> dict:
    """The small county without what cannot go into a package, and with townships."""
    tables = layers()
    tables["YJJBNTBHTB"] = tables["YJJBNTBHTB"].iloc[[0, 1, 2, 5]].reset_index(drop=True)
    tables["STBHHX"]["BSM"] = ["140225000000000001", "140225000000000002"]
    towns = [box(0, 0, 1000, 1000), box(1000, 0, 1000, 1000)]
    tables["XZQXZ"] = table(towns, XZQDM=["140225001", "140225002"], XZQMC=["甲镇", "乙乡"])
    return add_survey_vertices(tables)


def changed(seed: int) -> dict:
    """The same with layers and fields that are not there, fields of blanks, and fields with some."""
    chance = random.Random(seed)
    tables = whole()
    for role in [r for r in tables if r != "XZQX"]:
        if chance.random() < 0.15:
            del tables[role]
            continue
        frame = tables[role]
        for name in [c for c in frame.columns if c not in ("geometry", "BSM")]:
            lot = chance.random()
            if lot < 0.15:
                frame = frame.drop(columns=name)
            elif lot < 0.3:
                frame[name] = None
            elif lot < 0.45:
                kept = [chance.random() < 0.5 for _ in range(len(frame))]
                frame[name] = frame[name].astype(object).where(kept, None)
        tables[role] = frame
    return tables


def filled_up(tables: dict) -> dict:
    """With every field of the standard, as a package has them; those that were not there are empty."""
    templates = Options(standard=STANDARD).norm().standard.templates
    full = {}
    for role, frame in tables.items():
        more = [f.name for f in templates[role].fields if f.name not in frame.columns]
        full[role] = frame.assign(**dict.fromkeys(more))
    return full


def printed(tables: dict) -> dict:
    """Every table but the one on the data, as it is printed."""
    made = tabulate_plan(assemble_plan(as_read_layers(tables), Options(standard=STANDARD).norm(), source="x"), "zh")
    return {t.id: ([c.id for c in t.columns], [[str(v) for v in r.values] for r in t.rows]) for t in made.tables[:-1]}


@pytest.mark.parametrize("seed", range(6))
def test_empty_fields_give_the_figures_of_none(seed):
    tables = changed(seed)
    assert printed(tables) == printed(filled_up(tables))


def test_zones_without_a_single_code_make_no_table():
    tables = whole()
    assert "zones" in printed(tables)
    for codes in (None, "", "  "):
        assert "zones" not in printed({**tables, "YDYHGHFQ": tables["YDYHGHFQ"].assign(GHFQDM=codes)})
    # One code is enough, and what has none is told.
    some = printed({**tables, "YDYHGHFQ": tables["YDYHGHFQ"].assign(GHFQDM=["300", None])})
    assert any("（无代码）" in cell for row in some["zones"][1] for cell in row)


def packed(folder, tables, suffix, crs):
    """A package of the tables in one format and CRS, and how inspection finds it."""
    text = load_package_spec("county").path.read_text(encoding="utf-8")
    path = folder / "form.toml"
    path.write_text(text.replace("数据.gdb", f"数据{suffix}").replace("EPSG:4490", crs), encoding="utf-8")
    form, options = load_package_spec(path), Options(standard=STANDARD)
    done = export_package(check_plan(as_read_layers(tables), options), ExportOrder(form, folder / "结果", force=True))
    return form, done.path


def look(form, path) -> Report:
    return inspect_package(path, form, Options(standard=STANDARD)).report


def wrong(report: Report) -> list[str]:
    return [f.message for f in findings_of_rule(report, "DOC011", "DOC013") if f.severity is not Severity.INFO]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "crs"), [(8, "EPSG:4490"), (11, "EPSG:4526")])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_exported_passes(tmp_path, seed, suffix, crs):
    if suffix in (".vct", ".gdb"):
        pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    pytest.importorskip("openpyxl")
    form, path = packed(tmp_path, changed(seed), suffix, crs)
    assert wrong(look(form, path)) == []


def test_the_rules_of_a_run_share_their_figures():
    norm = Options(standard=STANDARD).norm()
    plan = assemble_plan(as_read_layers(whole()), norm, source="x")
    one, other = (Context(plan, norm, norm.tolerance()) for _ in range(2))
    assert figures_of(one, "zh") is figures_of(other, "zh") is not figures_of(one, "en")
    # What was computed under another tolerance is not theirs.
    finer = replace(norm.tolerance(), min_width_m=norm.tolerance().min_width_m / 2)
    assert figures_of(Context(plan, norm, finer), "zh") is not figures_of(one, "zh")


@pytest.mark.slow
def test_a_figure_of_another_plan_is_still_found(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    form, path = packed(tmp_path, changed(11), ".gpkg", "EPSG:4490")
    (file,) = path.rglob("*.xlsx")
    book = openpyxl.load_workbook(file)
    changes = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, float) and cell.value and not np.isclose(cell.value, 100.0):
                    cell.value, changes = cell.value * 1.01, changes + 1
    book.save(file)
    assert changes > len(PROMISED) and len(wrong(look(form, path))) > len(PROMISED)
