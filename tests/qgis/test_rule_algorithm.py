# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithms of single rules in scripts, models and the shell."""

import json

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingUtils,
    QgsVectorLayer,
)

from plugin.core.model.rule import load_all_rules
from tests.qgis.helpers import (
    SAMPLE,
    TRUTH,
    Log,
    digest_files,
    make_square,
    make_table,
    open_layer,
    run_algorithm,
    write_small,
)
from tests.qgis.models import build_model, make_static_value, refer_to_input, refer_to_result
from tests.qgis.waiting import run_task, wait_until

pytestmark = pytest.mark.usefixtures("provider", "project")


def read_expected_defects(code):
    return [d for d in json.loads(TRUTH.read_text(encoding="utf-8"))["defects"] if d["rule"] == code]


@pytest.mark.parametrize(
    ("name", "code", "sources"),
    [
        ("farmland_in_red_line", "REL001", {"FARMLAND": "YJJBNTBHTB", "RED_LINE": "STBHHX"}),
        ("zone_gaps", "TOP002", {"ZONES": "YDYHGHFQ", "COUNTY": "XZQX"}),
        ("expansion_ratio", "LAW001", {"BOUNDARY": "CZKFBJ", "BASE_PARCELS": "DLTB", "PROFILE": "hunyuan"}),
        ("farmland_not_cultivated", "LAW010", {"FARMLAND": "YJJBNTBHTB", "PARCELS": "DLTB", "CULTIVATED": "GDBHMB"}),
    ],
)
def test_rule_algorithm_finds_the_same_as_the_full_check(name, code, sources):
    before = digest_files(SAMPLE)
    given = {k: v if k == "PROFILE" else open_layer(SAMPLE, v) for k, v in sources.items()}
    result = run_algorithm(name, given)
    expected = read_expected_defects(code)
    assert result["FINDINGS"] == len(expected) and result["OUTCOME"] == "failed"
    assert result["ERRORS"] == sum(d["severity"] == "ERROR" for d in expected)
    assert digest_files(SAMPLE) == before


def test_rule_algorithm_uses_the_recognised_or_chosen_layer_role(small):
    assert run_algorithm("duplicate_key", {"LAYER": open_layer(small, "DLTB")})["OUTCOME"] == "passed"
    nameless = open_layer(small, "STBHHX", "随便一个名字")
    with pytest.raises(QgsProcessingException, match="图层“随便一个名字”未识别为规划图层"):
        run_algorithm("duplicate_key", {"LAYER": nameless})
    assert run_algorithm("duplicate_key", {"LAYER": nameless, "ROLE": "STBHHX"})["OUTCOME"] == "passed"
    with pytest.raises(QgsProcessingException, match="图层角色“没有”不在标准中"):
        run_algorithm("duplicate_key", {"LAYER": nameless, "ROLE": "没有"})


def test_rule_algorithm_accepts_layers_of_any_name(small):
    given = {"FARMLAND": open_layer(small, "YJJBNTBHTB", "甲"), "RED_LINE": open_layer(small, "STBHHX", "甲")}
    assert run_algorithm("farmland_in_red_line", given)["ERRORS"] == 1


def test_rule_algorithm_checks_only_selected_or_filtered_features(small):
    farmland = open_layer(small, "YJJBNTBHTB")
    first, second = (f.id() for f in farmland.getFeatures())
    red_line = open_layer(small, "STBHHX")

    def count_errors(**narrowed):
        source = QgsProcessingFeatureSourceDefinition("", **narrowed)
        source.source.setStaticValue(farmland.id())
        return run_algorithm("farmland_in_red_line", {"FARMLAND": source, "RED_LINE": red_line})["ERRORS"]

    from qgis.core import QgsProject

    QgsProject.instance().addMapLayers([farmland, red_line])
    farmland.selectByIds([second])
    assert count_errors(selectedFeaturesOnly=True) == 0
    farmland.selectByIds([first])
    assert count_errors(selectedFeaturesOnly=True) == 1
    assert count_errors(filterExpression="\"BSM\" = '140225000002'") == 0
    assert count_errors(featureLimit=1) == 1
    farmland.removeSelection()
    with pytest.raises(QgsProcessingException, match="没有可用的图形"):
        count_errors(selectedFeaturesOnly=True)


def test_rule_algorithm_includes_unsaved_edits(small):
    red_line = open_layer(small, "STBHHX")
    red_line.startEditing()
    row = QgsFeature(red_line.fields())
    row.setGeometry(QgsGeometry.fromWkt(make_square(0, 200).wkt))
    red_line.addFeature(row)
    assert (
        run_algorithm("farmland_in_red_line", {"FARMLAND": open_layer(small, "YJJBNTBHTB"), "RED_LINE": red_line})[
            "ERRORS"
        ]
        == 2
    )


def test_limits_given_to_a_rule_algorithm_override_those_of_the_standard(small, tmp_path):
    thin = write_small(tmp_path / "thin.gpkg", STBHHX=make_table([make_square(99.95, 0, 100, 4)]))
    given = {"FARMLAND": open_layer(thin, "YJJBNTBHTB"), "RED_LINE": open_layer(thin, "STBHHX")}
    assert run_algorithm("farmland_in_red_line", given)["FINDINGS"] == 0, "0.05 m wide and 0.2 m²: a sliver"
    assert run_algorithm("farmland_in_red_line", {**given, "MIN_AREA": 0.1})["FINDINGS"] == 1
    assert run_algorithm("farmland_in_red_line", {**given, "MIN_WIDTH": 0.01})["FINDINGS"] == 1


def test_rule_algorithm_writes_the_township_to_its_findings(small, tmp_path):
    townships = write_small(
        tmp_path / "towns.gpkg",
        XZQXZ=make_table([make_square(-1000, -1000, 5000, 5000)], XZQMC=["永安镇"], XZQDM=["140225100"]),
    )
    target = tmp_path / "f.gpkg"
    given = {"FARMLAND": open_layer(small, "YJJBNTBHTB"), "RED_LINE": open_layer(small, "STBHHX")}
    run_algorithm(
        "farmland_in_red_line", {**given, "TOWNSHIPS": open_layer(townships, "XZQXZ"), "OUTPUT_FINDINGS": str(target)}
    )
    found = QgsVectorLayer(str(target), "f", "ogr")
    assert [f["township"] for f in found.getFeatures()] == ["永安镇"]


def test_rule_algorithm_passes_for_layers_that_do_not_touch(small):
    given = {"FARMLAND": open_layer(small, "YJJBNTBHTB"), "BOUNDARY": open_layer(small, "CZKFBJ")}
    assert run_algorithm("farmland_in_boundary", given)["OUTCOME"] == "passed"


def test_required_layers_algorithm_accepts_any_number_of_layers(small):
    result = run_algorithm("required_layers", {"LAYERS": [open_layer(small, "CZKFBJ"), open_layer(small, "DLTB")]})
    assert (result["WARNINGS"], result["OUTCOME"]) == (2, "failed")


# --- missing inputs


def test_rule_algorithm_reports_a_layer_without_crs(small):
    red_line = open_layer(small, "STBHHX")
    red_line.setCrs(QgsCoordinateReferenceSystem())
    with pytest.raises(QgsProcessingException, match=r"“STBHHX”.*没有坐标系"):
        run_algorithm("farmland_in_red_line", {"FARMLAND": open_layer(small, "YJJBNTBHTB"), "RED_LINE": red_line})


def test_rule_algorithm_reports_a_missing_field(small, tmp_path):
    plan = write_small(tmp_path / "plan.gpkg", DLTB=make_table([make_square(0, 0)]))
    with pytest.raises(QgsProcessingException, match=r"DLTB.*缺字段 DLBM"):
        run_algorithm(
            "farmland_not_cultivated", {"FARMLAND": open_layer(plan, "YJJBNTBHTB"), "PARCELS": open_layer(plan, "DLTB")}
        )


@pytest.mark.parametrize("given", ["没有.gpkg", None], ids=["not there", "not given"])
def test_rule_algorithm_reports_a_missing_layer(small, given):
    with pytest.raises(QgsProcessingException, match="FARMLAND"):
        run_algorithm("farmland_in_red_line", {"FARMLAND": given, "RED_LINE": open_layer(small, "STBHHX")})


def test_rule_algorithm_refuses_its_input_as_output(small):
    before = digest_files(small)
    given = {"FARMLAND": open_layer(small, "YJJBNTBHTB"), "RED_LINE": open_layer(small, "STBHHX")}
    with pytest.raises(QgsProcessingException, match="是被检查的数据"):
        run_algorithm("farmland_in_red_line", {**given, "OUTPUT_FINDINGS": str(small)})
    assert digest_files(small) == before


# --- models and batches

#: QGIS names a model's output by the step and the output's name.
MODEL_OUTPUT = "check:findings"


def make_model():
    """Return a model that buffers the red line by 30 m and checks farmland."""
    steps = {
        "buffer": ("native:buffer", {"INPUT": refer_to_input("line"), "DISTANCE": make_static_value(30)}),
        "check": (
            "sanxian:farmland_in_red_line",
            {"FARMLAND": refer_to_input("farmland"), "RED_LINE": refer_to_result("buffer", "OUTPUT")},
        ),
    }
    return build_model("红线外扩后压盖", ["farmland", "line"], steps, ("OUTPUT_FINDINGS", "findings"))


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_rule_algorithm_runs_in_a_model_after_another_step(small, tmp_path, kind):
    target = str(tmp_path / "模型 f.gpkg") if kind == "file" else QgsProcessing.TEMPORARY_OUTPUT
    context = QgsProcessingContext()
    given = {"farmland": f"{small}|layername=YJJBNTBHTB", "line": f"{small}|layername=STBHHX", MODEL_OUTPUT: target}
    result, ok = make_model().run(given, context, Log())
    assert ok
    found = QgsProcessingUtils.mapLayerFromString(result[MODEL_OUTPUT], context)
    (row,) = found.getFeatures()
    assert row["area_m2"] == pytest.approx(50 * 100, rel=1e-2), "20 m and the 30 m of the buffer"
    assert row["role"] == "YJJBNTBHTB" and row["related_role"] == "STBHHX"


@pytest.mark.exhaustive
def test_saved_model_with_a_rule_algorithm_runs_from_the_command_line(qgis_process, small, tmp_path):
    file = tmp_path / "红线 模型.model3"
    assert make_model().toFile(str(file))
    target = tmp_path / "f.gpkg"
    given = [f"farmland={small}|layername=YJJBNTBHTB", f"line={small}|layername=STBHHX", f"{MODEL_OUTPUT}={target}"]
    done = qgis_process("run", str(file), "--", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert QgsVectorLayer(str(target), "f", "ogr").featureCount() == 1


def test_rule_algorithm_instance_can_run_several_times(small, provider):
    """Run one instance several times, as a batch does; runs share no state."""
    algorithm = provider.algorithm("farmland_in_red_line")
    for number in range(3):
        given = {"FARMLAND": open_layer(small, "YJJBNTBHTB"), "RED_LINE": open_layer(small, "STBHHX")}
        if number == 1:
            given["RED_LINE"] = open_layer(small, "CZKFBJ")
        result, ok = algorithm.run(given, QgsProcessingContext(), Log())
        assert ok and result["ERRORS"] == (0 if number == 1 else 1)


def test_rule_algorithm_runs_in_background_tasks(small, provider):
    """Prepare on the main thread and run in threads of QGIS's pool."""
    from qgis.core import QgsProcessingAlgRunnerTask

    for _ in range(4):
        context, log, done = QgsProcessingContext(), Log(), []
        given = {
            "FARMLAND": open_layer(small, "YJJBNTBHTB"),
            "RED_LINE": open_layer(small, "STBHHX"),
            "OUTPUT_FINDINGS": QgsProcessing.TEMPORARY_OUTPUT,
        }
        algorithm = provider.algorithm("farmland_in_red_line").create()
        task = QgsProcessingAlgRunnerTask(algorithm, given, context, log)
        task.executed.connect(lambda ok, results, done=done: done.append((ok, results)))
        run_task(task)
        assert wait_until(lambda done=done: done)
        ok, results = done[0]
        assert ok and results["ERRORS"] == 1


@pytest.mark.parametrize(("name", "given"), [("duplicate_key", "LAYER"), ("farmland_in_red_line", "RED_LINE")])
def test_rule_algorithm_refuses_a_findings_layer_as_input(small, project, tmp_path, name, given):
    """Use the findings layer, which dialogs propose because it is on top."""
    target = tmp_path / "问题.gpkg"
    run_algorithm("check_plan", {"SOURCE": str(small), "RULES": "REL001", "OUTPUT_FINDINGS": str(target)})
    findings = QgsVectorLayer(str(target), "问题", "ogr")
    others = {"FARMLAND": open_layer(small, "YJJBNTBHTB")} if given == "RED_LINE" else {}
    with pytest.raises(QgsProcessingException, match=r"图层“问题”是检查结果.*请"):
        run_algorithm(name, {**others, given: findings})


def test_rule_algorithm_hands_its_rule_only_the_tables_that_the_rule_declares_as_inputs():
    """Run the rule on township targets with and without its table."""
    given = {
        "FARMLAND": open_layer(SAMPLE, "YJJBNTBHTB"),
        "CULTIVATED": open_layer(SAMPLE, "GDBHMB"),
        "TOWNSHIPS": open_layer(SAMPLE, "XZQXZ"),
    }
    table = str(SAMPLE.parent / "township_tasks.csv")
    # One field of the sample has the code of another township. This finding needs land, not a table.
    assert run_algorithm("township_targets", {**given, "TARGETS": table})["OUTCOME"] == "failed"
    assert run_algorithm("township_targets", given)["OUTCOME"] == "failed"
    assert run_algorithm("township_targets", {"TOWNSHIPS": given["TOWNSHIPS"]})["OUTCOME"] == "not_applicable"
    asked = {code: rule.inputs for code, rule in load_all_rules().items() if rule.inputs}
    assert asked["LAW004"] == asked["LAW005"] == ("targets",) and asked["LAW007"] == ("figures",)
    assert "REL001" not in asked
