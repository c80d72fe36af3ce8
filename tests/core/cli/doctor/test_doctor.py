# SPDX-License-Identifier: GPL-2.0-or-later
"""The environment check: examples that fail, missing libraries, formats, disk, encodings, projections, privacy."""

import getpass
import json
import shutil
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.connection_text import describe_exception
from plugin.core.base.errors import Cancellation, OutputError
from plugin.core.cli.doctor import examine, libraries
from plugin.core.cli.doctor.examine import (
    iterate_example_facts,
    list_report_lines,
    make_cancelled_report,
    run_doctor,
    write_report,
)
from plugin.core.cli.doctor.libraries import FactState, MachineFact, load_requirements
from plugin.core.cli.examples import run_examples as example_run
from plugin.core.fixes import fix_declaration as fix_model
from plugin.core.model import rule as rule_model
from plugin.core.standard.edition import LegalDocument
from plugin.core.standard.messages.texts import Texts

ROOT = Path(__file__).resolve().parents[4]
TEXTS = Texts("zh")
ALL_EXAMPLES = example_run.list_examples


@pytest.fixture
def few_examples(monkeypatch):
    """Examples of one rule and one fix, in place of those of all."""
    monkeypatch.setattr(
        example_run, "list_examples", lambda: [one for one in ALL_EXAMPLES() if one.code in ("REL002", "FIX007")]
    )


def find_fact(facts, identifier):
    return next(fact for fact in facts if fact.identifier == identifier)


def list_example_facts():
    return list(iterate_example_facts(TEXTS, lambda share, text: None, Cancellation(lambda: False)))


def test_every_example_of_rules_fixes_and_declared_checks_is_listed():
    examples = ALL_EXAMPLES()
    rules, fixes = rule_model.load_all_rules(), fix_model.load_all_fixes()
    assert {one.code for one in examples if one.kind == "rule"} == set(rules)
    assert {one.code for one in examples if one.kind == "fix"} == set(fixes)
    assert {one.code for one in examples if one.kind == "check"} == {f"Xzhejiang-00{n}" for n in (1, 2, 3)}
    assert len([one for one in examples if one.kind == "rule"]) == sum(
        len(rule.fails) + len(rule.passes) for rule in rules.values()
    )


def test_a_broken_rule_is_named_with_its_example(few_examples, monkeypatch):
    rule = rule_model.load_all_rules()["REL002"]
    monkeypatch.setitem(
        rule_model._DECLARED_RULES, "REL002", replace(rule, function=lambda *layers, ctx, **parameters: [])
    )
    facts = list_example_facts()
    assert find_fact(facts, "examples.rule").state is FactState.FAILED
    lines = [fact for fact in facts if fact.identifier == "example.REL002"]
    assert [fact.name for fact in lines] == [f"REL002 的算例“{example.title}”" for example in rule.fails]
    assert all("应为“有问题”，实为“通过”" in fact.found for fact in lines)
    # A rule that finds nothing still agrees with the examples that it passes; the fix does not depend on it.
    assert find_fact(facts, "examples.fix").state is FactState.OK


def test_a_broken_fix_is_named_with_its_example(few_examples, monkeypatch):
    def fail(finding, *, state, **parameters):
        raise ZeroDivisionError(f"in {Path.home()}/某人/plugin/fix.py")

    fix = fix_model.load_all_fixes()["FIX007"]
    monkeypatch.setitem(fix_model.load_all_fixes(), "FIX007", replace(fix, function=fail))
    facts = list_example_facts()
    lines = [fact for fact in facts if fact.identifier == "example.FIX007"]
    assert len(lines) == len(fix.examples)
    assert "运行出错（ZeroDivisionError: in fix.py）" in lines[0].found
    assert find_fact(facts, "examples.rule").state is FactState.OK


def test_a_cancelled_check_does_not_report_that_all_is_well():
    report = make_cancelled_report((MachineFact("a", FactState.OK, "a", "1"),), "zh")
    assert report.conclusion.startswith("已取消") and report.facts[-1].state is FactState.NOT_RUN


@pytest.mark.parametrize(
    ("day", "state", "named"),
    [
        (date(2027, 11, 19), FactState.OK, False),
        (date(2027, 11, 20), FactState.WARNING, False),
        (date(2027, 11, 27), FactState.WARNING, True),
    ],
)
def test_doctor_warns_of_laws_and_standards_without_review_for_twelve_months(monkeypatch, day, state, named):
    reviews = {
        "regulation": LegalDocument("regulation", "《甲条例》", "A", reviewed=date(2026, 11, 20)),
        "standard": LegalDocument("standard", "《乙标准》", "B", date(2020, 1, 1), reviewed=date(2026, 11, 27)),
        "law": LegalDocument("law", "《丙法》", "C"),
    }
    standard = replace(examine.load_standard(), legal_documents=reviews)
    monkeypatch.setattr(examine, "load_standard", lambda: standard)
    fact = examine.make_legal_documents_fact(TEXTS, day)
    assert fact.state is state and fact.found == "3 件，最早的查阅 2026-11-20，未查阅过 1 件"
    assert ("满 12 个月" in fact.remedy and "《甲条例》" in fact.remedy) == (state is FactState.WARNING)
    assert ("《乙标准》" in fact.remedy) == named and "《丙法》" not in fact.remedy


def run_without_geopandas(*arguments):
    probe = (
        "import sys; sys.modules['geopandas'] = None\n"
        f"from plugin.core.__main__ import main; sys.exit(main({list(arguments)!r}))"
    )
    return subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, timeout=120, encoding="utf-8", check=False
    )


def test_without_geopandas_the_command_names_it_and_does_not_run_the_examples(tmp_path):
    target = tmp_path / "自检.json"
    done = run_without_geopandas("doctor", "--output", str(target))
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("缺少 · geopandas：") and "检查、修复、指标" in line for line in lines)
    assert "未运行 · 算例：缺少或过旧的库：geopandas ≥ 1.0" in done.stdout
    assert any(line.startswith("可用 · GeoPackage") for line in lines), "what does not need geopandas is examined"
    saved = json.loads(target.read_text(encoding="utf-8"))
    assert not saved["healthy"] and "geopandas" in saved["conclusion"]
    assert {fact["id"]: fact["state"] for fact in saved["facts"]}["examples"] == "not_run"


def test_without_any_library_every_line_is_there():
    probe = (
        "import sys\n"
        "for name in ('numpy', 'shapely', 'pyproj', 'pandas', 'geopandas', 'pyogrio', 'osgeo'): sys.modules[name] = None\n"
        "from plugin.core.__main__ import main; sys.exit(main(['doctor', '--lang', 'en']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, timeout=120, encoding="utf-8", check=False
    )
    assert done.returncode == 1 and not done.stderr, done.stderr
    assert "Not run · CGCS2000, zone 38 to zone 39" in done.stdout
    assert "Not run · GeoPackage" in done.stdout and "OK · Chinese path with spaces" in done.stdout


def test_a_library_that_is_too_old_is_missing_with_both_versions(monkeypatch):
    monkeypatch.setitem(load_requirements().required_libraries, "geopandas", "99.0")
    fact = find_fact(libraries.iterate_library_facts(TEXTS), "library.geopandas")
    assert fact.state is FactState.MISSING and "99.0" in fact.found and "1." in fact.found


def test_a_library_that_is_imported_and_fails_at_its_first_call_is_missing(monkeypatch):
    """On Linux a shapely that was built with another GEOS than QGIS is imported, and cannot write a text."""

    def fail(_shape):
        raise shapely.errors.GEOSException("WKT output dimension must be 2 or 3")

    monkeypatch.setattr(shapely, "to_wkt", fail)
    fact = find_fact(libraries.iterate_library_facts(TEXTS), "library.shapely")
    assert fact.state is FactState.MISSING and "WKT output dimension" in fact.found
    assert [one.name for one in libraries.list_unusable_libraries()] == ["shapely"]


def test_an_absent_optional_library_is_a_warning_and_names_what_does_not_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    fact = find_fact(libraries.iterate_library_facts(TEXTS), "library.openpyxl")
    assert fact.state is FactState.WARNING and "xlsx" in fact.remedy


@pytest.mark.parametrize("requirement", load_requirements().formats, ids=lambda one: one.name)
def test_every_format_is_written_and_read_back_here(requirement, tmp_path):
    libraries.write_and_read_back(tmp_path, requirement)


def test_a_format_without_driver_is_reported_with_its_remedy(monkeypatch):
    wrong = tuple(replace(one, driver="Nothing", name=one.name) for one in load_requirements().formats[1:2])
    monkeypatch.setattr(libraries, "load_requirements", lambda: replace(load_requirements(), formats=wrong))
    monkeypatch.setattr(TEXTS.__class__, "get", lambda self, section, key, **params: f"{section}.{key}")
    fact = next(libraries.iterate_format_facts(TEXTS))
    assert (fact.state, fact.remedy) == (FactState.WARNING, "environment_uses.Nothing")


@pytest.mark.parametrize(("damages", "state"), [(True, FactState.WARNING), (False, FactState.OK)])
def test_a_driver_that_damages_edited_databases_is_a_warning(monkeypatch, damages, state):
    pytest.importorskip("osgeo.gdal")
    monkeypatch.setattr(libraries, "does_driver_damage_rows", lambda: damages)
    (fact,) = [one for one in libraries.iterate_format_facts(Texts("zh")) if one.identifier == "format.osgeo"]
    assert fact.state is state and ("GeoPackage" in fact.remedy) == damages


def test_a_format_that_changes_a_text_is_reported(monkeypatch, tmp_path):
    from pyogrio import raw

    def read_damaged(path):
        metadata, fids, shapes, (values,) = real_read(path)
        return metadata, fids, shapes, [values + "?"]

    real_read = raw.read
    monkeypatch.setattr(raw, "read", read_damaged)
    with pytest.raises(libraries.TrialDiffers, match="XZQMC"):
        libraries.write_and_read_back(tmp_path, load_requirements().formats[0])


@pytest.mark.parametrize(
    ("text", "is_found"), [("[MDBTools]\nDriver = x\n", True), ("[PostgreSQL]\n", False), (None, False)]
)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows lists its drivers in the registry")
def test_odbc_driver_for_access_is_found_in_the_list_of_drivers(tmp_path, text, is_found):
    path = tmp_path / "odbcinst.ini"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert libraries.has_access_odbc_driver(path) is is_found


@pytest.mark.parametrize(("free_gb", "state"), [(100, FactState.OK), (2, FactState.WARNING), (0.1, FactState.MISSING)])
def test_little_free_space_is_reported(monkeypatch, tmp_path, free_gb, state):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, free_gb * 1e9))
    (fact,) = examine.iterate_disk_facts({"disk_temporary": tmp_path}, TEXTS)
    assert fact.state is state and f"{free_gb:.1f} GB" in fact.found
    assert str(tmp_path) not in fact.found + fact.remedy


def test_a_folder_that_does_not_exist_cannot_be_written(tmp_path):
    (fact,) = examine.iterate_disk_facts({"disk_profile": tmp_path / "none"}, TEXTS)
    assert fact.state is FactState.MISSING and str(tmp_path) not in fact.found


def test_an_encoding_without_chinese_is_a_warning(monkeypatch):
    monkeypatch.setattr(examine.locale, "getpreferredencoding", lambda do_setlocale=True: "ascii")
    fact = find_fact(examine.iterate_encoding_facts(TEXTS), "encoding_text")
    assert (fact.state, fact.found) == (FactState.WARNING, "ascii")
    monkeypatch.setattr(examine.locale, "getpreferredencoding", lambda do_setlocale=True: "cp936")
    assert find_fact(examine.iterate_encoding_facts(TEXTS), "encoding_text").state is FactState.OK


def test_a_system_that_changes_chinese_names_is_reported(monkeypatch):
    monkeypatch.setattr(examine.os, "listdir", lambda path: ["?? ??"])
    fact = find_fact(examine.iterate_encoding_facts(TEXTS), "chinese_path")
    assert fact.state is FactState.MISSING and fact.remedy


# --- transverse Mercator by the series of Krüger, computed here without PROJ
EQUATORIAL_RADIUS, FLATTENING = 6_378_137.0, 1 / 298.257222101


def test_a_transformation_with_another_result_is_reported(monkeypatch):
    sample = load_requirements().projection
    moved = replace(sample, target_point=(sample.target_point[0] + 0.01, sample.target_point[1]))
    monkeypatch.setattr(examine, "load_requirements", lambda: replace(load_requirements(), projection=moved))
    fact = examine.make_projection_fact(TEXTS)
    assert fact.state is FactState.FAILED and "0.0100 m" in fact.found


# --- the file
def test_the_saved_result_names_neither_user_nor_folder(few_examples, tmp_path, monkeypatch):
    home = tmp_path / "Users" / "zhangsan 张三"
    home.mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: home)

    def import_broken(name):
        if name == "fiona":
            raise OSError(f"DLL load failed: {home}/miniforge/lib/fiona.dll; C:\\Users\\zhangsan\\x.dll")
        return real_import(name)

    real_import = libraries.importlib.import_module
    monkeypatch.setattr(libraries.importlib, "import_module", import_broken)
    report = run_doctor("zh", folders={"disk_profile": home / "profile that is not there"})
    for suffix in (".txt", ".json"):
        target = tmp_path / f"自检{suffix}"
        write_report(report, str(target))
        text = target.read_text(encoding="utf-8")
        assert "fiona.dll" in text and "zhangsan" not in text and "miniforge" not in text
        assert str(tmp_path) not in text and f"/{getpass.getuser()}/" not in text
        assert report.conclusion in text


def test_error_messages_lose_their_folders():
    text = describe_exception(OSError(2, "No such file", "/srv/某 项目/data/a.gdb"))
    assert "srv" not in text and "a.gdb" in text


def test_an_unknown_suffix_is_refused_before_the_check(tmp_path, capsys):
    assert main(["doctor", "--output", str(tmp_path / "a.pdf")]) == 2
    assert ".txt, .json" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_lines_are_complete_in_both_languages(few_examples, lang):
    lines = list_report_lines(run_doctor(lang))
    assert not [line for line in lines if "{" in line or "None" in line]
    if lang == "en":
        assert not [line for line in lines if any("\u4e00" <= c <= "\u9fff" for c in line.replace("小标宋", ""))]


def test_command_exits_with_1_and_names_example_and_rule_if_a_rule_is_broken(
    few_examples, monkeypatch, capsys, tmp_path
):
    rule = rule_model.load_all_rules()["REL002"]
    monkeypatch.setitem(rule_model._DECLARED_RULES, "REL002", replace(rule, function=lambda *layers, ctx, **more: []))
    target = tmp_path / "d.txt"
    assert main(["doctor", "--output", str(target)]) == 1
    assert f"不符 · REL002 的算例“{rule.fails[0].title}”" in capsys.readouterr().out
    assert f"REL002 的算例“{rule.fails[0].title}”" in target.read_text(encoding="utf-8")


def test_command_without_examples_runs_none(monkeypatch, capsys):
    monkeypatch.setattr(example_run, "list_examples", lambda: pytest.fail("examples were listed"))
    assert main(["doctor", "--no-examples"]) == 0 and "算例" not in capsys.readouterr().out


def test_an_existing_file_is_kept_if_the_new_one_cannot_be_written(few_examples, tmp_path, monkeypatch):
    target = tmp_path / "d.txt"
    target.write_text("before", encoding="utf-8")
    report = run_doctor("zh", with_examples=False)
    monkeypatch.setattr(Path, "write_text", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OutputError):
        write_report(report, str(target))
    assert target.read_bytes() == b"before"
