# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm check_plan on files, folders and project layers.

It must write exactly its outputs and no other files.
"""

import json
import os
import re
import shutil
import threading
import time
from collections import Counter

import pytest
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsVectorLayer,
)

from plugin.core.model import rule as rules
from plugin.core.model.rule import EVERY_LAYER, LayerNeed, Severity
from tests.qgis.helpers import SAMPLE, TRUTH, Log, digest_files, make_square, run_algorithm, write_small

pytestmark = pytest.mark.usefixtures("provider", "project")
THREE_LINES_RULES = "REL001,REL002,REL003"


def make_output_parameters(folder):
    return {
        "OUTPUT_FINDINGS": str(folder / "findings.gpkg"),
        "OUTPUT_HTML": str(folder / "report.html"),
        "OUTPUT_JSON": str(folder / "report.json"),
    }


def read_json(path):
    with open(path, encoding="utf-8") as handle:
        return json.load(handle)


def read_rows(path):
    layer = QgsVectorLayer(str(path), "findings", "ogr")
    assert layer.isValid()
    return list(layer.getFeatures())


# --- the sample


def test_check_plan_writes_the_same_finding_counts_to_json_html_and_layer(tmp_path):
    truth = read_json(TRUTH)["defects"]
    before = digest_files(SAMPLE)
    result = run_algorithm(
        "check_plan", {"SOURCE": str(SAMPLE), "PROFILE": "hunyuan", **make_output_parameters(tmp_path)}
    )
    assert digest_files(SAMPLE) == before
    expected = Counter(d["severity"] for d in truth)
    assert (result["ERRORS"], result["WARNINGS"]) == (expected["ERROR"], expected["WARNING"])
    assert result["VERDICT"] == "fail"
    report = read_json(result["OUTPUT_JSON"])
    rows = read_rows(result["OUTPUT_FINDINGS"])
    by_rule = Counter(d["rule"] for d in truth)
    assert Counter(f["code"] for f in report["findings"]) == by_rule
    assert Counter(r["code"] for r in rows) == by_rule
    assert {r["code"]: r["findings"] for r in report["rules"] if r["findings"]} == by_rule
    assert {r["fingerprint"] for r in rows} == {f["fingerprint"] for f in report["findings"]}
    with open(result["OUTPUT_HTML"], encoding="utf-8") as handle:
        page = handle.read()
    words = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(rf"错误\s+{expected['ERROR']}\b", words) and re.search(rf"警告\s+{expected['WARNING']}\b", words)
    assert "data:image/" in page and "http://" not in page


def test_check_plan_runs_from_the_command_line_with_spaces_in_paths(qgis_process, tmp_path):
    folder = tmp_path / "示例 县"
    folder.mkdir()
    plan = folder / "浑源 县.gpkg"
    shutil.copy(SAMPLE, plan)
    before = digest_files(plan)
    targets = [f"{k}={v}" for k, v in make_output_parameters(folder / "结果").items()]
    done = qgis_process("run", "sanxian:check_plan", "--", f"SOURCE={plan}", "PROFILE=hunyuan", *targets)
    assert done.returncode == 0, done.stdout + done.stderr
    errors = sum(d["severity"] == "ERROR" for d in read_json(TRUTH)["defects"])
    assert f"ERRORS:\t{errors}\n" in done.stdout and "VERDICT:\tfail\n" in done.stdout
    assert "结论：不通过" in done.stdout
    assert digest_files(plan) == before
    assert sorted(p.name for p in folder.iterdir()) == ["浑源 县.gpkg", "结果"]
    assert sorted(p.name for p in (folder / "结果").iterdir()) == ["findings.gpkg", "report.html", "report.json"]
    report = read_json(folder / "结果" / "report.json")
    assert str(tmp_path) not in json.dumps(report, ensure_ascii=False), "no path of this machine in a report"


# --- sources


def test_check_plan_finds_the_error_in_a_folder_that_mixes_gbk_and_utf8_shapefiles(small, tmp_path):
    folder = tmp_path / "shp 文件夹"
    folder.mkdir()
    from tests.qgis.helpers import make_small_layers

    for role, table in make_small_layers().items():
        encoding = "GBK" if role == "CZKFBJ" else "UTF-8"
        table.to_file(folder / f"{role}.shp", encoding=encoding, engine="pyogrio")
    before = digest_files(folder)
    result = run_algorithm("check_plan", {"SOURCE": str(folder), "RULES": THREE_LINES_RULES})
    assert (result["ERRORS"], result["VERDICT"]) == (1, "fail")
    assert digest_files(folder) == before


def test_check_plan_includes_unsaved_edits_of_project_layers(small, project, tmp_path):
    layers = {
        name: QgsVectorLayer(f"{small}|layername={name}", name, "ogr")
        for name in ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")
    }
    project.addMapLayers(layers.values())
    red_line = layers["STBHHX"]
    red_line.startEditing()
    row = QgsFeature(red_line.fields())
    row["BSM"] = "140225000099"
    row.setGeometry(QgsGeometry.fromWkt(make_square(50, 200, 10, 10).wkt))
    assert red_line.addFeature(row)
    before = digest_files(small)
    target = tmp_path / "r.json"
    result = run_algorithm("check_plan", {"RULES": THREE_LINES_RULES, "OUTPUT_JSON": str(target)})
    assert result["ERRORS"] == 2
    assert digest_files(small) == before
    assert red_line.isEditable() and red_line.isModified()
    report = read_json(target)
    found = next(f for f in report["findings"] if f["related_keys"] == ["140225000099"])
    assert found["role"] == "YJJBNTBHTB" and found["area_m2"] == pytest.approx(100, rel=1e-2)
    assert {lay["role"]: lay["unsaved"] for lay in report["provenance"]["layers"]}["STBHHX"] == 1
    red_line.rollBack()
    assert run_algorithm("check_plan", {"RULES": THREE_LINES_RULES})["ERRORS"] == 1


def test_check_plan_with_the_layers_parameter_checks_only_those_layers(small, project):
    layers = [QgsVectorLayer(f"{small}|layername={n}", n, "ogr") for n in ("YJJBNTBHTB", "STBHHX", "CZKFBJ")]
    project.addMapLayers(layers)
    assert run_algorithm("check_plan", {"LAYERS": layers, "RULES": THREE_LINES_RULES})["ERRORS"] == 1
    two = run_algorithm("check_plan", {"LAYERS": [layers[0].id(), layers[2].id()], "RULES": THREE_LINES_RULES})
    assert (two["ERRORS"], two["SKIPPED"], two["VERDICT"]) == (0, 2, "incomplete")


def test_check_plan_checks_layers_with_roles_given_by_name_by_id_or_in_a_file(small, project, tmp_path):
    names = {"YJJBNTBHTB": "永农", "STBHHX": "画的线", "CZKFBJ": "CZKFBJ"}
    layers = {role: QgsVectorLayer(f"{small}|layername={role}", name, "ogr") for role, name in names.items()}
    project.addMapLayers(layers.values())
    file = tmp_path / "角色.txt"
    file.write_text("# 本县\nYJJBNTBHTB=永农\nSTBHHX=画的线\n", encoding="utf-8")
    ids = f"YJJBNTBHTB={layers['YJJBNTBHTB'].id()};STBHHX={layers['STBHHX'].id()}"
    for given in ("YJJBNTBHTB=永农；STBHHX＝画的线", ids, str(file)):
        assert run_algorithm("check_plan", {"RULES": THREE_LINES_RULES, "ROLES": given})["ERRORS"] == 1, given


def test_layer_template_stored_in_the_project_takes_precedence_over_the_layer_name(small, project):
    from plugin.bridge.layers.properties import set_assigned_role

    drawn = QgsVectorLayer(f"{small}|layername=STBHHX", "新画的", "ogr")
    set_assigned_role(drawn, "STBHHX")
    project.addMapLayers([drawn, QgsVectorLayer(f"{small}|layername=YJJBNTBHTB", "YJJBNTBHTB", "ogr")])
    assert run_algorithm("check_plan", {"RULES": "REL001"})["ERRORS"] == 1


# --- outputs


def test_check_plan_writes_findings_to_a_temporary_layer(small):
    context = QgsProcessingContext()
    result = run_algorithm(
        "check_plan",
        {"SOURCE": str(small), "RULES": THREE_LINES_RULES, "OUTPUT_FINDINGS": "TEMPORARY_OUTPUT"},
        context=context,
    )
    layer = result["OUTPUT_FINDINGS"]
    if isinstance(layer, str):
        layer = QgsProcessingUtils.mapLayerFromString(layer, context)
    assert layer.featureCount() == 1 and layer.crs().authid() == "EPSG:4526"
    row = next(layer.getFeatures())
    assert (row["code"], row["role"], row["related_role"], row["geom_kind"]) == (
        "REL001",
        "YJJBNTBHTB",
        "STBHHX",
        "area",
    )
    assert row["area_m2"] == pytest.approx(row.geometry().area(), rel=1e-2)


def test_check_plan_adds_findings_as_a_table_to_an_existing_geopackage(small, tmp_path):
    target = tmp_path / "all.gpkg"
    for table in ("first", "second"):
        given = f"ogr:dbname='{target}' table=\"{table}\" (geom)"
        run_algorithm("check_plan", {"SOURCE": str(small), "RULES": THREE_LINES_RULES, "OUTPUT_FINDINGS": given})
    assert QgsVectorLayer(f"{target}|layername=first", "x", "ogr").featureCount() == 1
    assert QgsVectorLayer(f"{target}|layername=second", "x", "ogr").featureCount() == 1


def test_check_plan_replaces_existing_output_files(small, tmp_path):
    for _ in range(2):
        run_algorithm(
            "check_plan", {"SOURCE": str(small), "RULES": THREE_LINES_RULES, **make_output_parameters(tmp_path)}
        )
    assert len(read_rows(tmp_path / "findings.gpkg")) == 1
    assert len(list(tmp_path.iterdir())) == 4, "three outputs and the folder of the plan"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("OUTPUT_FINDINGS", "{plan}", "是被检查的数据"),
        ("OUTPUT_JSON", "{plan}", "是被检查的数据"),
        ("OUTPUT_FINDINGS", "ogr:dbname='{plan}' table=\"t\" (geom)", "是被检查的数据"),
        ("OUTPUT_JSON", "{plan}/report.json", "无法写入"),
        ("OUTPUT_JSON", "{folder}", "是文件夹"),
        ("OUTPUT_FINDINGS", "{folder}/f.xyz", "无法由后缀确定"),
        ("OUTPUT_FINDINGS", "{folder}/report.html", "输出文件同为"),
    ],
)  # fmt: skip
def test_check_plan_refuses_unwritable_outputs_before_checking(small, tmp_path, name, value, reason):
    before = digest_files(small)
    given = {**make_output_parameters(tmp_path), name: value.format(plan=small, folder=tmp_path)}
    log = Log()
    with pytest.raises(QgsProcessingException, match=reason):
        run_algorithm("check_plan", {"SOURCE": str(small), **given}, log)
    assert digest_files(small) == before and list(tmp_path.iterdir()) == [small.parent]
    assert not any("REL" in line for line in log.lines), "nothing was checked"


def test_check_plan_with_a_locked_output_leaves_it_unchanged_and_writes_the_others(small, tmp_path, monkeypatch):
    run_algorithm("check_plan", {"SOURCE": str(small), "RULES": THREE_LINES_RULES, **make_output_parameters(tmp_path)})
    outputs = {path.name: path for path in tmp_path.iterdir() if path.is_file()}
    before = {name: path.read_bytes() for name, path in outputs.items()}
    real = os.replace

    def replace(source, destination):
        if str(source).endswith("findings.gpkg"):
            raise PermissionError(13, "in use")
        real(source, destination)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(QgsProcessingException, match="正被其他程序打开"):
        run_algorithm("check_plan", {"SOURCE": str(small), **make_output_parameters(tmp_path)})
    monkeypatch.undo()
    assert [name for name, path in outputs.items() if path.read_bytes() == before[name]] == ["findings.gpkg"]


# --- what cannot be run


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"SOURCE": "没有.gpkg"}, "找不到“没有.gpkg”"),
        ({"SOURCE": __file__}, "不是可读取的空间数据"),
        ({}, "没有可检查的图层"),
        ({"PROFILE": "没有"}, "县配置“没有”不存在"),
        ({"STANDARD": "没有"}, "标准“没有”不存在"),
        ({"SCOPE": "没有"}, "交付范围“没有”不存在"),
        ({"RULES": "ABC001"}, "规则“ABC001”不存在"),
        ({"ROLES": "STBHHX=没有"}, "不在数据中"),
        ({"ROLES": "STBHHX"}, "STBHHX"),
        ({"BASE_YEAR": "二〇二〇"}, "应为数字"),
        ({"LAYERS": ["没有.gpkg"]}, "没有.gpkg"),
    ],
)
def test_check_plan_error_message_names_the_invalid_parameter_value(small, given, reason):
    if given and "SOURCE" not in given and "LAYERS" not in given:
        given = {"SOURCE": str(small), **given}
    with pytest.raises(QgsProcessingException, match=reason):
        run_algorithm("check_plan", given)


def test_check_plan_refuses_a_source_file_together_with_layers(small):
    layer = QgsVectorLayer(f"{small}|layername=STBHHX", "STBHHX", "ogr")
    with pytest.raises(QgsProcessingException, match="只能指定一项"):
        run_algorithm("check_plan", {"SOURCE": str(small), "LAYERS": [layer]})


def test_failed_check_plan_on_the_command_line_prints_the_reason_and_exits_with_one(qgis_process, tmp_path):
    done = qgis_process("run", "sanxian:check_plan", "--", f"SOURCE={tmp_path / '没有.gpkg'}")
    assert done.returncode == 1
    printed = done.stdout + done.stderr
    assert "找不到" in printed and "Traceback" not in printed


# --- the run itself


@pytest.fixture
def code_of_raising_rule():
    """Register a rule that raises an error on purpose; yield its code."""

    def broken(layer, *, ctx):
        """Raise an error.

        What it checks
            Nothing.
        Why
            To be caught.
        How to fix
            Not.
        Limits
            None.
        """
        raise RuntimeError("on purpose")

    code = "GEO999"
    rules.rule(
        code,
        "raises-on-purpose",
        problem="Raised on purpose",
        severity=Severity.ERROR,
        basis=["G7"],
        needs={"layer": LayerNeed(EVERY_LAYER)},
        messages={},
    )(broken)
    from plugin.core.standard.messages import texts

    texts.load_texts("rules_zh")[code] = {
        "title": "故意出错",
        "problem": "故意出错",
        "what": "",
        "why": "",
        "fix": "",
        "limits": "",
        "messages": {},
    }
    yield code
    del rules._DECLARED_RULES[code], texts.load_texts("rules_zh")[code]


def test_rule_that_raises_an_exception_does_not_stop_the_other_rules(small, tmp_path, code_of_raising_rule):
    result = run_algorithm(
        "check_plan",
        {
            "SOURCE": str(small),
            "RULES": f"{code_of_raising_rule} {THREE_LINES_RULES}",
            **make_output_parameters(tmp_path),
        },
    )
    assert (result["ERRORS"], result["VERDICT"]) == (1, "fail")
    report = read_json(result["OUTPUT_JSON"])
    outcomes = {r["code"]: r["outcome"] for r in report["rules"]}
    assert outcomes == {code_of_raising_rule: "crashed", "REL001": "failed", "REL002": "passed", "REL003": "passed"}
    assert {r["code"] for r in read_rows(result["OUTPUT_FINDINGS"])} == {"RUN900", "REL001"}
    alone = run_algorithm("check_plan", {"SOURCE": str(small), "RULES": f"{code_of_raising_rule},REL002"})
    assert (alone["ERRORS"], alone["VERDICT"]) == (0, "incomplete")


def test_rule_with_a_missing_layer_is_reported_as_skipped_not_passed(small, tmp_path):
    plan = write_small(tmp_path / "two.gpkg", STBHHX=None, CZKFBJ=None)
    result = run_algorithm("check_plan", {"SOURCE": str(plan), "RULES": f"GEO002,{THREE_LINES_RULES}"})
    assert (result["SKIPPED"], result["VERDICT"]) == (3, "incomplete")


def test_check_plan_reports_an_invalid_polygon_and_still_checks_the_others(tmp_path):
    from shapely import Polygon

    from tests.qgis.helpers import X, Y, make_table

    bow_tie = Polygon([(X + 500, Y), (X + 600, Y + 100), (X + 600, Y), (X + 500, Y + 100)])
    plan = write_small(tmp_path / "bad.gpkg", STBHHX=make_table([make_square(80, 0, 200, 100), bow_tie]))
    result = run_algorithm(
        "check_plan", {"SOURCE": str(plan), "RULES": "GEO002,REL001", **make_output_parameters(tmp_path)}
    )
    assert Counter(r["code"] for r in read_rows(result["OUTPUT_FINDINGS"])) == {"GEO002": 1, "REL001": 1}


class CancellingFeedback(QgsProcessingFeedback):
    """Feedback that another thread cancels after some progress texts or rules."""

    def __init__(self, texts, rules):
        super().__init__(False)
        self.texts, self.rules = texts, rules
        self.hand = threading.Timer(0.02, self.stop)

    def setProgressText(self, text):
        self.texts -= 1
        self.rules -= bool(re.match(r"[A-Z]{3}\d{3} ", text))
        if self.texts <= 0 and self.rules <= 0 and not self.hand.ident:
            self.hand.start()

    def stop(self):
        # Measure CPU time from here: wall time includes other programs of a busy machine.
        self.asked = time.process_time()
        self.cancel()

    def pushInfo(self, text):
        pass


@pytest.mark.parametrize(
    ("texts", "rules"), [(0, 0), (1, 0), (0, 1), (0, 12)], ids=["at once", "reading", "first", "rules"]
)
def test_cancelling_check_plan_takes_under_a_second_and_changes_no_output(small, tmp_path, texts, rules):
    run_algorithm("check_plan", {"SOURCE": str(small), "RULES": THREE_LINES_RULES, **make_output_parameters(tmp_path)})
    before = digest_files(tmp_path)
    feedback = CancellingFeedback(texts, rules)
    if not texts and not rules:
        feedback.stop()
    assert run_algorithm("check_plan", {"SOURCE": str(SAMPLE), **make_output_parameters(tmp_path)}, feedback) == {}
    after = time.process_time() - feedback.asked
    print(f"cancelled after {texts} texts and {rules} rules: {after:.2f} s")
    assert after < 1.0
    assert digest_files(tmp_path) == before


def test_check_plan_ignores_findings_layers_of_the_project(small, project, tmp_path):
    layers = [QgsVectorLayer(f"{small}|layername={n}", n, "ogr") for n in ("YJJBNTBHTB", "STBHHX")]
    project.addMapLayers(layers)
    given = {"RULES": "REL001", **make_output_parameters(tmp_path)}
    run_algorithm("check_plan", given)
    project.addMapLayer(QgsVectorLayer(given["OUTPUT_FINDINGS"], "findings", "ogr"))
    run_algorithm("check_plan", given)
    assert "findings" not in json.dumps(read_json(given["OUTPUT_JSON"])["provenance"])


def test_check_plan_refuses_an_output_in_the_checked_data(small, tmp_path):
    before = digest_files(small)
    with pytest.raises(QgsProcessingException, match="是被检查的数据"):
        run_algorithm("check_plan", {"SOURCE": str(small.parent), "RULES": "REL001", "OUTPUT_FINDINGS": str(small)})
    assert digest_files(small) == before


def test_check_plan_reads_a_filegdb_and_refuses_to_write_into_it(small, tmp_path):
    import pyogrio

    from tests.qgis.helpers import make_small_layers

    folder = tmp_path / "浑源.gdb"
    for role, table in make_small_layers().items():
        pyogrio.write_dataframe(table, folder, layer=role, driver="OpenFileGDB", append=folder.exists())
    before = digest_files(folder)
    result = run_algorithm(
        "check_plan", {"SOURCE": str(folder), "RULES": THREE_LINES_RULES, **make_output_parameters(tmp_path)}
    )
    assert (result["ERRORS"], result["VERDICT"]) == (1, "fail")
    assert digest_files(folder) == before
    with pytest.raises(QgsProcessingException, match="是被检查的数据"):
        run_algorithm("check_plan", {"SOURCE": str(folder), "OUTPUT_FINDINGS": str(folder / "f.gpkg")})


def test_check_plan_writes_an_output_without_suffix_as_geopackage(small, tmp_path):
    given = {"SOURCE": str(small), "RULES": THREE_LINES_RULES, "OUTPUT_FINDINGS": str(tmp_path / "findings")}
    assert run_algorithm("check_plan", given)["OUTPUT_FINDINGS"] == str(tmp_path / "findings.gpkg")


@pytest.mark.exhaustive
def test_check_plan_on_qgis_layers_leaves_no_extra_file_next_to_the_data(qgis_process, small):
    before = digest_files(small.parent)
    layers = [f"LAYERS={small}|layername={name}" for name in ("YJJBNTBHTB", "STBHHX")]
    done = qgis_process("run", "sanxian:check_plan", "--", *layers, "RULES=REL001")
    assert done.returncode == 0 and "ERRORS:\t1\n" in done.stdout
    assert digest_files(small.parent) == before


def test_algorithm_logs_contain_no_chinese_when_the_language_is_english(small, tmp_path, monkeypatch):
    from plugin.bridge import settings

    monkeypatch.setattr(settings, "read_setting", lambda key, default="": "en" if key == "language" else default)
    monkeypatch.setattr(settings, "get_interface_locale", lambda: "en")
    for name, given in (
        ("check_plan", {"SOURCE": str(small)}),
        ("duplicate_key", {"LAYER": f"{small}|layername=DLTB"}),
    ):
        log = Log()
        target = {"OUTPUT_FINDINGS": str(tmp_path / f"{name}.gpkg")}
        run_algorithm(name, {**given, **target, **({"RULES": "REL001"} if name == "check_plan" else {})}, log)
        assert any("Written" in line for line in log.lines), log.lines
        assert not any("已写出" in line for line in log.lines)


def test_check_plan_reports_an_error_for_a_stated_figure_that_differs_from_the_map(tmp_path):
    table = tmp_path / "数.csv"
    table.write_text("指标,数值,单位,位置\n城镇开发边界面积,99.00,平方千米,文本第8条\n", encoding="utf-8")
    result = run_algorithm("check_plan", {"SOURCE": str(SAMPLE), "FIGURES": str(table), "RULES": "LAW007"})
    assert result["ERRORS"] == 1
    with pytest.raises(QgsProcessingException, match="没有"):
        run_algorithm("check_plan", {"SOURCE": str(SAMPLE), "FIGURES": str(tmp_path / "没有.csv")})


def test_check_plan_warns_about_a_site_of_the_heritage_register_that_is_in_no_layer(tmp_path):
    table = tmp_path / "名录.csv"
    table.write_text("名称,类型,级别\n悬空寺,文物保护单位,全国重点\n凌云塔,文物保护单位,县级\n", encoding="utf-8")
    result = run_algorithm("check_plan", {"SOURCE": str(SAMPLE), "REGISTER": str(table), "RULES": "LAW024"})
    # 凌云塔 is not in any layer. This is the only finding, because the sample's ranges have no kinds.
    assert (result["ERRORS"], result["WARNINGS"]) == (0, 1)
    with pytest.raises(QgsProcessingException, match="没有"):
        run_algorithm("check_plan", {"SOURCE": str(SAMPLE), "REGISTER": str(tmp_path / "没有.csv")})


def test_check_plan_uses_the_severities_of_the_given_phase_and_the_given_township_targets(tmp_path):
    table = SAMPLE.parent / "township_tasks.csv"
    report = tmp_path / "报告.json"
    given = {"SOURCE": str(SAMPLE), "PROFILE": "hunyuan", "RULES": "LAW004,LAW005,ATT001", "OUTPUT_JSON": str(report)}
    run_algorithm("check_plan", {**given, "PHASE": "编制", "TARGETS": str(table)})
    printed = json.loads(report.read_text(encoding="utf-8"))
    assert printed["provenance"]["phase"] == "drafting"
    assert {r["code"]: (r["severity"], r["outcome"]) for r in printed["rules"]} == {
        "ATT001": ("WARNING", "failed"),
        # One field of the sample has the code of another township.
        "LAW004": ("ERROR", "failed"),
        "LAW005": ("ERROR", "passed"),
    }
    with pytest.raises(QgsProcessingException, match=r"终稿.*报批"):
        run_algorithm("check_plan", {"SOURCE": str(SAMPLE), "PHASE": "终稿"})
    with pytest.raises(QgsProcessingException, match=r"无\.csv"):
        run_algorithm("check_plan", {"SOURCE": str(SAMPLE), "TARGETS": str(tmp_path / "无.csv")})


@pytest.mark.parametrize("target", ["TEMPORARY_OUTPUT", "发现.gpkg"])
def test_findings_layer_that_check_plan_loads_is_drawn_with_a_symbol_per_category(small, tmp_path, project, target):
    import processing

    given = target if target == "TEMPORARY_OUTPUT" else str(tmp_path / target)
    parameters = {"SOURCE": str(small), "RULES": THREE_LINES_RULES, "OUTPUT_FINDINGS": given}
    processing.runAndLoadResults("sanxian:check_plan", parameters)
    (layer,) = project.mapLayers().values()
    assert layer.featureCount() and layer.renderer().type() == "categorizedSymbol"
