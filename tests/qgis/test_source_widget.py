# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the plugin's Processing dialogs and its widget for a file or folder."""

import pytest
from qgis.core import QgsProcessingContext, QgsVectorLayer
from qgis.gui import QgsMapLayerComboBox, QgsProcessingParametersWidget
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QLineEdit, QPushButton

from plugin.bridge.layers.role_recognition import FINDINGS_PROPERTY
from plugin.bridge.project import county
from plugin.core.standard.profile import list_profile_ids
from plugin.gui.toolbox.parameter_widgets import ProfileWidget, SourceWidget
from tests.qgis.helpers import SAMPLE

pytestmark = pytest.mark.usefixtures("provider", "project")


class AlgorithmDialog:
    """Stub of the Processing dialog; widget wrappers read the name of its class."""


@pytest.fixture
def path_widget(provider):
    definition = provider.algorithm("check_plan").parameterDefinition("SOURCE")
    return SourceWidget(definition, AlgorithmDialog())


def find_button(path_widget, text):
    return next(b for b in path_widget.widget.findChildren(QPushButton) if b.text() in text)


def test_source_parameter_uses_the_source_widget_of_the_plugin(provider):
    from processing.gui.wrappers import WidgetWrapperFactory

    definition = provider.algorithm("check_plan").parameterDefinition("SOURCE")
    made = WidgetWrapperFactory.create_wrapper(definition, AlgorithmDialog())
    assert type(made).__name__ == "SourceWidget"


def test_compare_versions_dialog_does_not_offer_the_findings_layer_as_input(provider, project):
    from processing.gui.wrappers import WidgetWrapperFactory

    plan = QgsVectorLayer("Polygon?crs=EPSG:4526&field=BSM:string", "plan", "memory")
    findings = QgsVectorLayer("Polygon?crs=EPSG:4526", "findings", "memory")
    findings.setCustomProperty(FINDINGS_PROPERTY, 1)
    project.addMapLayers([plan, findings])
    algorithm = provider.algorithm("compare_versions")
    for name in ("BEFORE", "AFTER", "TOWNSHIPS"):
        made = WidgetWrapperFactory.create_wrapper(algorithm.parameterDefinition(name), AlgorithmDialog())
        chooser = sip.cast(made.widget.findChild(QComboBox), QgsMapLayerComboBox)
        assert [chooser.layer(n).name() for n in range(chooser.count()) if chooser.layer(n)] == ["plan"]
        made.setValue(plan.id())
        assert made.value() == plan.id()
    file_source = f"{SAMPLE}|layername=CZKFBJ"
    made.setValue(file_source)
    assert made.value() == file_source


@pytest.mark.parametrize("name", ["check_plan", "compute_indicators"])
def test_scope_widget_shows_names_and_gives_ids(provider, name):
    from processing.gui.wrappers import WidgetWrapperFactory

    made = WidgetWrapperFactory.create_wrapper(provider.algorithm(name).parameterDefinition("SCOPE"), AlgorithmDialog())
    texts = [made.widget.itemText(n) for n in range(made.widget.count())]
    assert texts[0] == "" and "三条控制线" in texts and "three_lines" not in texts
    for value in ("three_lines", "", "of_another_standard"):
        made.setValue(value)
        assert made.value() == value


def test_source_widget_label_marks_the_parameter_as_optional_in_chinese(path_widget, provider):
    label = path_widget.createLabel().text()
    assert label == f"{path_widget.parameterDefinition().description()} [可选]"


def test_source_widget_buttons_choose_a_file_or_a_folder(path_widget, monkeypatch):
    assert path_widget.value() == ""
    changes = []
    path_widget.widgetValueHasChanged.connect(lambda w: changes.append(w.value()))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(SAMPLE), ""))
    find_button(path_widget, ("File…", "文件…")).click()
    assert path_widget.value() == str(SAMPLE)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(SAMPLE.parent))
    find_button(path_widget, ("Folder…", "文件夹…")).click()
    assert path_widget.value() == str(SAMPLE.parent)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: "")
    find_button(path_widget, ("Folder…", "文件夹…")).click()
    assert path_widget.value() == str(SAMPLE.parent), "cancelled"
    assert changes == [str(SAMPLE), str(SAMPLE.parent)]
    path_widget.setValue(None)
    assert path_widget.value() == ""


@pytest.mark.parametrize(("algorithm", "name"), [("check_plan", "SOURCE"), ("inspect_package", "INPUT")])
def test_placeholder_that_mentions_project_layers_is_shown_only_in_an_optional_source_field(provider, algorithm, name):
    from processing.gui.wrappers import WidgetWrapperFactory

    definition = provider.algorithm(algorithm).parameterDefinition(name)
    made = WidgetWrapperFactory.create_wrapper(definition, AlgorithmDialog())
    assert bool(made.widget.findChild(QLineEdit).placeholderText()) == (name == "SOURCE")


@pytest.mark.parametrize("kind", ["BatchAlgorithmDialog", "ModelerParametersDialog"])
def test_source_parameter_uses_the_qgis_widget_in_batch_and_model_dialogs(provider, kind):
    from qgis.core import QgsProcessingModelAlgorithm

    dialog = type(
        kind, (), {"model": QgsProcessingModelAlgorithm(), "childId": "c", "context": QgsProcessingContext()}
    )()
    definition = provider.algorithm("check_plan").parameterDefinition("SOURCE")
    assert not isinstance(SourceWidget(definition, dialog), SourceWidget)


def test_parameter_dialog_of_every_algorithm_opens(provider):
    """Build the parameters panel of each algorithm with its defaults."""
    from processing.gui.ParametersPanel import ParametersPanel

    for algorithm in provider.algorithms():
        # Referenced here, because the panel references neither.
        dialog, copy = make_fake_dialog(), algorithm.create()
        panel = ParametersPanel(dialog, copy)
        assert isinstance(panel, QgsProcessingParametersWidget)
        if algorithm.name() in ("check_plan", "doctor"):
            assert panel.createProcessingParameters().get("SOURCE", "") == ""
        # Delete the panel before its algorithm: it follows the project, and QGIS 3.44 then reads its parameters.
        sip.delete(dialog)


def make_fake_dialog():
    from qgis.PyQt.QtWidgets import QDialog

    class AlgorithmDialog(QDialog):
        def processingContext(self):
            return QgsProcessingContext()

        def messageBar(self):
            return None

    return AlgorithmDialog()


@pytest.fixture
def county_profile_widget(provider):
    return ProfileWidget(provider.algorithm("check_plan").parameterDefinition("PROFILE"), AlgorithmDialog())


def test_profile_widget_lists_profiles_by_county_name(county_profile_widget, provider):
    from processing.gui.wrappers import WidgetWrapperFactory

    definition = provider.algorithm("check_plan").parameterDefinition("PROFILE")
    assert type(WidgetWrapperFactory.create_wrapper(definition, AlgorithmDialog())).__name__ == "ProfileWidget"
    box = county_profile_widget.widget.findChild(QComboBox)
    assert county_profile_widget.value() == ""
    assert {box.itemData(n) for n in range(box.count())} == {"", *list_profile_ids()}
    box.setCurrentIndex(box.findData("hunyuan"))
    assert "浑源县" in box.currentText() and county_profile_widget.value() == "hunyuan"


def test_profile_widget_of_a_new_dialog_shows_the_profile_of_the_project(provider, project):
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    definition = provider.algorithm("check_plan").parameterDefinition("PROFILE")
    widget = ProfileWidget(definition, AlgorithmDialog())
    assert widget.value() == "hunyuan"
    widget.setValue("")
    assert widget.value() == "", "a caller that asks for none gets none"


def test_profile_widget_accepts_the_path_of_a_profile_file(county_profile_widget, monkeypatch, tmp_path):
    path = str(tmp_path / "县.toml")
    changes = []
    county_profile_widget.widgetValueHasChanged.connect(lambda w: changes.append(w.value()))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (path, ""))
    find_button(county_profile_widget, ("File…", "文件…")).click()
    assert county_profile_widget.value() == path == changes[-1]
    for given in ("hunyuan", path, "", None):
        county_profile_widget.setValue(given)
        assert county_profile_widget.value() == (given or "")
