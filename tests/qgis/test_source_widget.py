# SPDX-License-Identifier: GPL-2.0-or-later
"""Processing dialogs of the plugin, and the widget for a file or folder."""

import pytest
from qgis.core import QgsProcessingContext
from qgis.gui import QgsProcessingParametersWidget
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QPushButton

from plugin.core.profile import profile_ids
from plugin.gui.toolbox.profile_widget import ProfileWidget
from plugin.gui.toolbox.source_widget import SourceWidget
from tests.qgis.helpers import SAMPLE

pytestmark = pytest.mark.usefixtures("provider", "project")


class AlgorithmDialog:
    """Stub of the Processing dialog; widget wrappers read the class name."""


@pytest.fixture
def widget(provider):
    definition = provider.algorithm("check_plan").parameterDefinition("SOURCE")
    return SourceWidget(definition, AlgorithmDialog())


def find_button(widget, text):
    return next(b for b in widget.widget.findChildren(QPushButton) if b.text() in text)


def test_the_definition_names_our_widget(provider):
    from processing.gui.wrappers import WidgetWrapperFactory

    definition = provider.algorithm("check_plan").parameterDefinition("SOURCE")
    made = WidgetWrapperFactory.create_wrapper(definition, AlgorithmDialog())
    assert type(made).__name__ == "SourceWidget"


def test_its_label_marks_the_optional_parameter_in_chinese(widget, provider):
    label = widget.createLabel().text()
    assert label == f"{widget.parameterDefinition().description()} [可选]"


def test_a_file_and_a_folder(widget, monkeypatch):
    assert widget.value() == ""
    changes = []
    widget.widgetValueHasChanged.connect(lambda w: changes.append(w.value()))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(SAMPLE), ""))
    find_button(widget, ("File…", "文件…")).click()
    assert widget.value() == str(SAMPLE)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(SAMPLE.parent))
    find_button(widget, ("Folder…", "文件夹…")).click()
    assert widget.value() == str(SAMPLE.parent)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: "")
    find_button(widget, ("Folder…", "文件夹…")).click()
    assert widget.value() == str(SAMPLE.parent), "cancelled"
    assert changes == [str(SAMPLE), str(SAMPLE.parent)]
    widget.setValue(None)
    assert widget.value() == ""


@pytest.mark.parametrize("kind", ["BatchAlgorithmDialog", "ModelerParametersDialog"])
def test_batch_and_model_use_the_widget_of_qgis(provider, kind):
    from qgis.core import QgsProcessingModelAlgorithm

    dialog = type(
        kind, (), {"model": QgsProcessingModelAlgorithm(), "childId": "c", "context": QgsProcessingContext()}
    )()
    definition = provider.algorithm("check_plan").parameterDefinition("SOURCE")
    assert not isinstance(SourceWidget(definition, dialog), SourceWidget)


def test_every_dialog_opens(provider):
    """Build the parameters panel of each algorithm; without input it has defaults."""
    from processing.gui.ParametersPanel import ParametersPanel

    for algorithm in provider.algorithms():
        # Referenced here, because the panel references neither.
        dialog, copy = Dialog(), algorithm.create()
        panel = ParametersPanel(dialog, copy)
        assert isinstance(panel, QgsProcessingParametersWidget)
        if algorithm.name() in ("check_plan", "doctor"):
            assert panel.createProcessingParameters().get("SOURCE", "") == ""
        # Delete the panel before its algorithm: it follows the project, and QGIS 3.44 then reads its parameters.
        sip.delete(dialog)


def Dialog():
    from qgis.PyQt.QtWidgets import QDialog

    class AlgorithmDialog(QDialog):
        def processingContext(self):
            return QgsProcessingContext()

        def messageBar(self):
            return None

    return AlgorithmDialog()


@pytest.fixture
def profile(provider):
    return ProfileWidget(provider.algorithm("check_plan").parameterDefinition("PROFILE"), AlgorithmDialog())


def test_the_profile_is_chosen_by_its_county(profile, provider):
    from processing.gui.wrappers import WidgetWrapperFactory

    definition = provider.algorithm("check_plan").parameterDefinition("PROFILE")
    assert type(WidgetWrapperFactory.create_wrapper(definition, AlgorithmDialog())).__name__ == "ProfileWidget"
    box = profile.widget.findChild(QComboBox)
    assert profile.value() == ""
    assert {box.itemData(n) for n in range(box.count())} == {"", *profile_ids()}
    box.setCurrentIndex(box.findData("hunyuan"))
    assert "浑源县" in box.currentText() and profile.value() == "hunyuan"


def test_a_profile_of_one_s_own_is_a_path(profile, monkeypatch, tmp_path):
    path = str(tmp_path / "县.toml")
    changes = []
    profile.widgetValueHasChanged.connect(lambda w: changes.append(w.value()))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (path, ""))
    find_button(profile, ("File…", "文件…")).click()
    assert profile.value() == path == changes[-1]
    for given in ("hunyuan", path, "", None):
        profile.setValue(given)
        assert profile.value() == (given or "")
