# SPDX-License-Identifier: GPL-2.0-or-later
"""A single rule as an algorithm: scripts, models, shell, missing inputs."""

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

from plugin.core.model.rule import all_rules
from tests.qgis.helpers import SAMPLE, TRUTH, Log, digest_files, make_frame, make_square, run_algorithm, write_small
from tests.qgis.models import build_model, refer_to_input, refer_to_result, value
from tests.qgis.waiting import run_task, wait_until

pytestmark = pytest.mark.usefixtures("provider", "project")


def layer(path, table, name=""):
    found = QgsVectorLayer(f"{path}|layername={table}", name or table, "ogr")
    assert found.isValid()
    return found


def truth_of(code):
    return [d for d in json.loads(TRUTH.read_text(encoding="utf-8"))["defects"] if d["rule"] == code]


@pytest.mark.parametrize(
    ("name", "code", "sources"),
    [
        ("farmland_in_red_line", "REL001", {"FARMLAND": "YJJBNTBHTB", "RED_LINE": "STBHHX"}),
        ("zone_gaps", "TOP002", {"ZONES": "YDYHGHFQ", "COUNTY": "XZQX"}),
        ("expansion_ratio", "LAW001", {"BOUNDARY": "CZKFBJ", "BASE_PARCELS": "DLTB", "PROFILE": "hunyuan"}),
        ("farmland_not_cultivated", "LAW010", {"FARMLAND": "YJJBNTBHTB", "PARCELS": "DLTB"}),
    ],
)
def test_a_rule_alone_has_the_findings_of_the_whole_check(name, code, sources):
    before = digest_files(SAMPLE)
    given = {k: v if k == "PROFILE" else layer(SAMPLE, v) for k, v in sources.items()}
    result = run_algorithm(name, given)
    expected = truth_of(code)
    assert result["FINDINGS"] == len(expected) and result["OUTCOME"] == "failed"
    assert result["ERRORS"] == sum(d["severity"] == "ERROR" for d in expected)
    assert digest_files(SAMPLE) == before


def test_each_layer_plays_its_recognised_or_given_role(small):
    assert run_algorithm("duplicate_key", {"LAYER": layer(small, "DLTB")})["OUTCOME"] == "passed"
    nameless = layer(small, "STBHHX", "随便一个名字")
    with pytest.raises(QgsProcessingException, match="图层“随便一个名字”未识别为规划图层"):
        run_algorithm("duplicate_key", {"LAYER": nameless})
    assert run_algorithm("duplicate_key", {"LAYER": nameless, "ROLE": "STBHHX"})["OUTCOME"] == "passed"
    with pytest.raises(QgsProcessingException, match="图层角色“没有”不在标准中"):
        run_algorithm("duplicate_key", {"LAYER": nameless, "ROLE": "没有"})


def test_layers_of_any_name_play_the_part_they_are_given(small):
    given = {"FARMLAND": layer(small, "YJJBNTBHTB", "甲"), "RED_LINE": layer(small, "STBHHX", "甲")}
    assert run_algorithm("farmland_in_red_line", given)["ERRORS"] == 1


def test_only_the_selected_or_the_filtered(small):
    farmland = layer(small, "YJJBNTBHTB")
    first, second = (f.id() for f in farmland.getFeatures())
    red_line = layer(small, "STBHHX")

    def errors(**narrowed):
        source = QgsProcessingFeatureSourceDefinition("", **narrowed)
        source.source.setStaticValue(farmland.id())
        return run_algorithm("farmland_in_red_line", {"FARMLAND": source, "RED_LINE": red_line})["ERRORS"]

    from qgis.core import QgsProject

    QgsProject.instance().addMapLayers([farmland, red_line])
    farmland.selectByIds([second])
    assert errors(selectedFeaturesOnly=True) == 0
    farmland.selectByIds([first])
    assert errors(selectedFeaturesOnly=True) == 1
    assert errors(filterExpression="\"BSM\" = '140225000002'") == 0
    assert errors(featureLimit=1) == 1
    farmland.removeSelection()
    with pytest.raises(QgsProcessingException, match="没有可用的图形"):
        errors(selectedFeaturesOnly=True)


def test_unsaved_edits_of_the_layer_count(small):
    red_line = layer(small, "STBHHX")
    red_line.startEditing()
    row = QgsFeature(red_line.fields())
    row.setGeometry(QgsGeometry.fromWkt(make_square(0, 200).wkt))
    red_line.addFeature(row)
    assert (
        run_algorithm("farmland_in_red_line", {"FARMLAND": layer(small, "YJJBNTBHTB"), "RED_LINE": red_line})["ERRORS"]
        == 2
    )


def test_given_limits_override_the_standard_and_blanks_do_not(small, tmp_path):
    thin = write_small(tmp_path / "thin.gpkg", STBHHX=make_frame([make_square(99.95, 0, 100, 4)]))
    given = {"FARMLAND": layer(thin, "YJJBNTBHTB"), "RED_LINE": layer(thin, "STBHHX")}
    assert run_algorithm("farmland_in_red_line", given)["FINDINGS"] == 0, "0.05 m wide and 0.2 m²: a sliver"
    assert run_algorithm("farmland_in_red_line", {**given, "MIN_AREA": 0.1})["FINDINGS"] == 1
    assert run_algorithm("farmland_in_red_line", {**given, "MIN_WIDTH": 0.01})["FINDINGS"] == 1


def test_townships_are_written_to_the_findings(small, tmp_path):
    towns = write_small(
        tmp_path / "towns.gpkg",
        XZQXZ=make_frame([make_square(-1000, -1000, 5000, 5000)], XZQMC=["永安镇"], XZQDM=["140225100"]),
    )
    target = tmp_path / "f.gpkg"
    given = {"FARMLAND": layer(small, "YJJBNTBHTB"), "RED_LINE": layer(small, "STBHHX")}
    run_algorithm("farmland_in_red_line", {**given, "TOWNSHIPS": layer(towns, "XZQXZ"), "OUTPUT_FINDINGS": str(target)})
    found = QgsVectorLayer(str(target), "f", "ogr")
    assert [f["township"] for f in found.getFeatures()] == ["永安镇"]


def test_distant_layers_pass(small):
    given = {"FARMLAND": layer(small, "YJJBNTBHTB"), "BOUNDARY": layer(small, "CZKFBJ")}
    assert run_algorithm("farmland_in_boundary", given)["OUTCOME"] == "passed"


def test_required_layers_accepts_any_number_of_layers(small):
    result = run_algorithm("required_layers", {"LAYERS": [layer(small, "CZKFBJ"), layer(small, "DLTB")]})
    assert (result["WARNINGS"], result["OUTCOME"]) == (2, "failed")


# --- missing inputs


def test_a_missing_crs_is_reported(small):
    red_line = layer(small, "STBHHX")
    red_line.setCrs(QgsCoordinateReferenceSystem())
    with pytest.raises(QgsProcessingException, match=r"“STBHHX”.*没有坐标系"):
        run_algorithm("farmland_in_red_line", {"FARMLAND": layer(small, "YJJBNTBHTB"), "RED_LINE": red_line})


def test_a_missing_field_is_reported(small, tmp_path):
    plan = write_small(tmp_path / "plan.gpkg", DLTB=make_frame([make_square(0, 0)]))
    with pytest.raises(QgsProcessingException, match=r"DLTB.*缺字段 DLBM"):
        run_algorithm(
            "farmland_not_cultivated", {"FARMLAND": layer(plan, "YJJBNTBHTB"), "PARCELS": layer(plan, "DLTB")}
        )


@pytest.mark.parametrize("given", ["没有.gpkg", None], ids=["not there", "not given"])
def test_a_missing_layer_is_reported(small, given):
    with pytest.raises(QgsProcessingException, match="FARMLAND"):
        run_algorithm("farmland_in_red_line", {"FARMLAND": given, "RED_LINE": layer(small, "STBHHX")})


def test_the_input_is_refused_as_output(small):
    before = digest_files(small)
    given = {"FARMLAND": layer(small, "YJJBNTBHTB"), "RED_LINE": layer(small, "STBHHX")}
    with pytest.raises(QgsProcessingException, match="是被检查的数据"):
        run_algorithm("farmland_in_red_line", {**given, "OUTPUT_FINDINGS": str(small)})
    assert digest_files(small) == before


# --- models and batches

#: QGIS names a model's output by the step and the output's name.
OUTPUT = "check:findings"


def a_model():
    """Return a model: buffer the red line by 30 m, then check farmland against it."""
    steps = {
        "buffer": ("native:buffer", {"INPUT": refer_to_input("line"), "DISTANCE": value(30)}),
        "check": (
            "sanxian:farmland_in_red_line",
            {"FARMLAND": refer_to_input("farmland"), "RED_LINE": refer_to_result("buffer", "OUTPUT")},
        ),
    }
    return build_model("红线外扩后压盖", ["farmland", "line"], steps, ("OUTPUT_FINDINGS", "findings"))


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_in_a_model_after_another_step(small, tmp_path, kind):
    target = str(tmp_path / "模型 f.gpkg") if kind == "file" else QgsProcessing.TEMPORARY_OUTPUT
    context = QgsProcessingContext()
    given = {"farmland": f"{small}|layername=YJJBNTBHTB", "line": f"{small}|layername=STBHHX", OUTPUT: target}
    result, ok = a_model().run(given, context, Log())
    assert ok
    found = QgsProcessingUtils.mapLayerFromString(result[OUTPUT], context)
    (row,) = found.getFeatures()
    assert row["area_m2"] == pytest.approx(50 * 100, rel=1e-2), "20 m and the 30 m of the buffer"
    assert row["role"] == "YJJBNTBHTB" and row["related_role"] == "STBHHX"


def test_a_saved_model_from_the_command_line(qgis_process, small, tmp_path):
    file = tmp_path / "红线 模型.model3"
    assert a_model().toFile(str(file))
    target = tmp_path / "f.gpkg"
    given = [f"farmland={small}|layername=YJJBNTBHTB", f"line={small}|layername=STBHHX", f"{OUTPUT}={target}"]
    done = qgis_process("run", str(file), "--", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert QgsVectorLayer(str(target), "f", "ogr").featureCount() == 1


def test_alone_from_the_command_line(qgis_process, small, tmp_path):
    target = tmp_path / "一条 规则.gpkg"
    given = [
        f"FARMLAND={small}|layername=YJJBNTBHTB",
        f"RED_LINE={small}|layername=STBHHX",
        f"OUTPUT_FINDINGS={target}",
    ]
    done = qgis_process("run", "sanxian:farmland_in_red_line", "--", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERRORS:\t1\n" in done.stdout and "OUTCOME:\tfailed\n" in done.stdout
    assert QgsVectorLayer(str(target), "f", "ogr").featureCount() == 1


def test_many_in_a_row_of_one_instance(small, provider):
    """Run one instance several times, as a batch does: runs share no state."""
    algorithm = provider.algorithm("farmland_in_red_line")
    for number in range(3):
        given = {"FARMLAND": layer(small, "YJJBNTBHTB"), "RED_LINE": layer(small, "STBHHX")}
        if number == 1:
            given["RED_LINE"] = layer(small, "CZKFBJ")
        result, ok = algorithm.run(given, QgsProcessingContext(), Log())
        assert ok and result["ERRORS"] == (0 if number == 1 else 1)


def test_tasks_run_it_off_the_main_thread(small, provider):
    """Prepare on the main thread, run in tasks on QGIS's pooled threads."""
    from qgis.core import QgsProcessingAlgRunnerTask

    for _ in range(4):
        context, log, done = QgsProcessingContext(), Log(), []
        given = {
            "FARMLAND": layer(small, "YJJBNTBHTB"),
            "RED_LINE": layer(small, "STBHHX"),
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
def test_findings_of_a_check_are_refused_as_input(small, project, tmp_path, name, given):
    """Refuse the findings layer, which dialogs propose because it is on top."""
    target = tmp_path / "问题.gpkg"
    run_algorithm("check_plan", {"SOURCE": str(small), "RULES": "REL001", "OUTPUT_FINDINGS": str(target)})
    findings = QgsVectorLayer(str(target), "问题", "ogr")
    others = {"FARMLAND": layer(small, "YJJBNTBHTB")} if given == "RED_LINE" else {}
    with pytest.raises(QgsProcessingException, match=r"图层“问题”是检查结果.*请"):
        run_algorithm(name, {**others, given: findings})


def test_a_rule_receives_only_the_tables_it_uses():
    """Check the tasks of townships by the rule; pass it only the tables it uses."""
    given = {
        "FARMLAND": layer(SAMPLE, "YJJBNTBHTB"),
        "CULTIVATED": layer(SAMPLE, "GDBHMB"),
        "TOWNSHIPS": layer(SAMPLE, "XZQXZ"),
    }
    table = str(SAMPLE.parent / "township_tasks.csv")
    # One field of the sample has the code of another township. This finding needs land, not a table.
    assert run_algorithm("township_targets", {**given, "TARGETS": table})["OUTCOME"] == "failed"
    assert run_algorithm("township_targets", given)["OUTCOME"] == "failed"
    assert run_algorithm("township_targets", {"TOWNSHIPS": given["TOWNSHIPS"]})["OUTCOME"] == "not_applicable"
    asked = {code: rule.inputs for code, rule in all_rules().items() if rule.inputs}
    assert asked["LAW004"] == asked["LAW005"] == ("targets",) and asked["LAW007"] == ("figures",)
    assert "REL001" not in asked
