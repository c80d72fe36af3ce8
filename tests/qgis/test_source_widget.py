# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the plugin's Processing dialogs and its widget for a file or folder."""

import pytest
from qgis.core import QgsProcessingContext
from qgis.gui import QgsProcessingParametersWidget
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QPushButton

from plugin.core.profile import list_profile_ids
from plugin.gui.toolbox.profile_widget import ProfileWidget
from plugin.gui.toolbox.source_widget import SourceWidget
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
