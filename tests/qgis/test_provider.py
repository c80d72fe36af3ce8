# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the Processing provider: algorithms, parameters, texts and loading."""

import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import Qgis, QgsProcessingParameterFeatureSource
from qgis.PyQt.QtCore import QUrl

from plugin.bridge import help_pages
from plugin.core.model.rule import EVERY_LAYER, load_all_rules
from plugin.gui.counties.form import CountiesForm
from tests import options
from tests.parametrize import first_daily, for_each
from tests.qgis.helpers import ROOT, SAMPLE

#: Rules on packages need a package and have no separate algorithms.
RULES = {code: rule for code, rule in load_all_rules().items() if rule.family != "DOC"}
#: The algorithms other than rules.
WHOLE_PLAN_ALGORITHMS = set(options.STORED["tools"])


def test_provider_has_one_algorithm_per_rule_and_those_for_the_whole_plan(provider):
    expected = {r.algorithm_id for r in RULES.values()} | WHOLE_PLAN_ALGORITHMS
    assert {a.name() for a in provider.algorithms()} == expected


def test_every_algorithm_has_name_help_and_icon_and_can_be_copied(provider):
    for algorithm in provider.algorithms():
        assert algorithm.displayName() and algorithm.shortHelpString(), algorithm.name()
        assert "<" not in algorithm.shortHelpString(), "a command line would print the marks"
        assert not algorithm.icon().isNull(), algorithm.name()
        copy = algorithm.create()
        names = [p.name() for p in algorithm.parameterDefinitions()]
        assert [p.name() for p in copy.parameterDefinitions()] == names
        assert all(p.description() for p in algorithm.parameterDefinitions()), algorithm.name()


def test_every_algorithm_belongs_to_a_toolbox_group(provider):
    groups = {a.name(): (a.groupId(), a.group()) for a in provider.algorithms()}
    assert all(all(pair) for pair in groups.values()), groups
    assert {groups[name][0] for name in WHOLE_PLAN_ALGORITHMS} == {
        "check",
        "layers",
        "package",
        "exchange",
        "yearly",
        "environment",
    }
    titles = {}
    for key, title in groups.values():
        titles.setdefault(title, set()).add(key)
    assert all(len(keys) == 1 for keys in titles.values()), titles


def test_every_algorithm_has_a_local_help_page_with_its_parameters(provider):
    pages = {a.name(): QUrl(help_pages.get_or_write_help_page_url(a)).toLocalFile() for a in provider.algorithms()}
    assert len(set(pages.values())) == len(pages)
    for algorithm in provider.algorithms():
        page = Path(pages[algorithm.name()]).read_text(encoding="utf-8")
        assert algorithm.displayName() in page and algorithm.id() in page
        assert all(f"<code>{p.name()}</code>" in page for p in algorithm.parameterDefinitions())


def test_help_page_that_cannot_be_written_is_logged_and_omitted(provider, monkeypatch, qgis_log):
    def refused(*_):
        raise PermissionError(13, "denied")

    monkeypatch.setattr("plugin.bridge.help_pages.write_atomically", refused)
    monkeypatch.setattr("plugin.bridge.help_pages.make_help_page", lambda _: "another")
    assert help_pages.get_or_write_help_page_url(provider.algorithm("check_plan")) == ""
    assert any("denied" in text for text in qgis_log)


@for_each("rule", RULES.values(), ids=RULES)
def test_rule_algorithm_has_the_layers_and_parameters_its_rule_declares(provider, rule):
    algorithm = provider.algorithm(rule.algorithm_id)
    sources = {
        p.name(): p for p in algorithm.parameterDefinitions() if isinstance(p, QgsProcessingParameterFeatureSource)
    }
    optional = Qgis.ProcessingParameterFlag.Optional
    for name, need in rule.needs.items():
        assert bool(sources[name.upper()].flags() & optional) == need.optional
    for parameter in rule.parameters:
        assert algorithm.parameterDefinition(parameter.name.upper()) is not None
    each = any(need.concept == EVERY_LAYER for need in rule.needs.values())
    assert (algorithm.parameterDefinition("ROLE") is not None) == each
    assert (algorithm.parameterDefinition("MIN_AREA") is not None) == ("tolerance" in rule.uses)
    outputs = {o.name() for o in algorithm.outputDefinitions()}
    assert outputs == {"ERRORS", "WARNINGS", "FINDINGS", "OUTCOME", "OUTPUT_FINDINGS"}


def test_parameters_and_results_of_tools_are_those_of_the_stored_list(provider):
    for name, stored in options.STORED["tools"].items():
        assert options.describe_tool(provider.algorithm(name)) == stored


def test_command_tool_and_dialog_have_the_same_choices_and_defaults(provider):
    commands = options.read_commands()
    for command, tool in options.TOOL_BY_COMMAND.items():
        parameters = {one.name().lower(): one for one in provider.algorithm(tool).parameterDefinitions()}
        for name in parameters.keys() & commands[command].keys():
            option, parameter = commands[command][name], parameters[name]
            choices = set(parameter.options()) if parameter.toVariantMap().get("uses_static_strings") else set()
            assert not option.choices or not choices or choices == set(option.choices), (command, name)
            # An empty or first value of a tool means the default of the command.
            defaults = {option.default, "", None, 0} - (choices - {option.default})
            assert parameter.defaultValue() in defaults or (command, name) in options.OTHER_DEFAULTS, (command, name)
    forms = set(provider.algorithm("check_counties").parameterDefinition("FORMS").options())
    assert forms == {"html", *CountiesForm().forms} == forms & commands["batch"].keys()


def test_source_parameter_accepts_a_file_or_a_folder(provider):
    definition = provider.algorithm("check_plan").parameterDefinition("SOURCE")
    assert definition.checkValueIsAcceptable(str(SAMPLE))
    assert definition.checkValueIsAcceptable(str(SAMPLE.parent))


def test_loading_the_provider_does_not_import_pandas_or_file_readers():
    """Load the provider in a new Python.

    Libraries for tables are imported at the first run, not at every start of QGIS.
    """
    code = """
import sys
from qgis.core import QgsApplication
app = QgsApplication([], False); app.initQgis()
before = set(sys.modules)
from plugin.main import SanxianPlugin
plugin = SanxianPlugin(None); plugin.initProcessing()
print(len(plugin.provider.algorithms()), sorted({m.split('.')[0] for m in set(sys.modules) - before}
      & {"pandas", "geopandas", "pyogrio", "fiona", "jinja2", "openpyxl"}))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().endswith(f"{len(RULES) + len(WHOLE_PLAN_ALGORITHMS)} []"), done.stdout + done.stderr


def test_qgis_process_list_shows_the_algorithms_of_the_plugin(qgis_process):
    done = qgis_process("list")
    assert done.returncode == 0 and "sanxian:check_plan" in done.stdout and "sanxian:layer_overlap" in done.stdout


def hide_library(folder, library, version=None):
    """Write a folder with a library that seems missing or too old; return it."""
    folder.mkdir(exist_ok=True)
    text = f'__version__ = "{version}"\n' if version else f'raise ModuleNotFoundError("hidden", name="{library}")\n'
    (folder / f"{library}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "version", first_daily([pytest.param(None, id="missing"), pytest.param("0.14.4", id="too old")])
)
def test_check_plan_without_geopandas_fails_with_an_explanation(qgis_process, tmp_path, version):
    before = hide_library(tmp_path / "hidden", "geopandas", version)
    listed = qgis_process("list", before=before)
    assert "sanxian:check_plan" in listed.stdout and "sanxian:layer_overlap" in listed.stdout
    target = tmp_path / "report.json"
    ran = qgis_process("run", "sanxian:check_plan", "--", f"SOURCE={SAMPLE}", f"OUTPUT_JSON={target}", before=before)
    output = ran.stdout + ran.stderr
    assert ran.returncode == 1
    assert "geopandas ≥ 1.0" in output and "请勿在 QGIS 中用 pip 安装" in output and "Traceback" not in output
    assert not target.exists()
    doctor = qgis_process("run", "sanxian:doctor", before=before)
    assert doctor.returncode == 0 and "OK:\tfalse" in doctor.stdout and "geopandas" in doctor.stdout


@pytest.mark.exhaustive
def test_provider_without_shapely_has_only_the_tools_check_plan_and_doctor(qgis_process, tmp_path):
    before = hide_library(tmp_path / "hidden", "shapely")
    listed = qgis_process("list", before=before).stdout
    assert "sanxian:check_plan" in listed and "sanxian:doctor" in listed and "sanxian:layer_overlap" not in listed
    ran = qgis_process("run", "sanxian:check_plan", "--", f"SOURCE={SAMPLE}", before=before)
    assert ran.returncode == 1 and "shapely ≥ 2.0" in ran.stdout + ran.stderr


@pytest.mark.exhaustive
def test_check_plan_run_by_qgis_process_writes_wkt_without_an_error_of_mixed_geos_libraries(qgis_process):
    """Run check_plan, whose JSON contains WKT.

    If the GEOS library of QGIS were mixed in, shapely could not write WKT.
    """
    done = qgis_process("run", "sanxian:check_plan", "--", f"SOURCE={SAMPLE}", "RULES=TOP001")
    assert done.returncode == 0, done.stdout + done.stderr


def test_provider_logs_the_traceback_of_rules_that_fail_to_load(provider, monkeypatch, qgis_log):
    from plugin.algorithms.provider import SanxianProvider
    from plugin.core.model import rule

    def broken():
        raise ValueError("on purpose")

    monkeypatch.setattr(rule, "load_all_rules", broken)
    lame = SanxianProvider()
    lame.refreshAlgorithms()
    assert {a.name() for a in lame.algorithms()} == WHOLE_PLAN_ALGORITHMS
    assert any("Traceback" in text and "on purpose" in text for text in qgis_log)
