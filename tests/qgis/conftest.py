# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for tests in QGIS: one QGIS per test run, without a screen.

It has a separate profile and the plugin's Processing provider.
"""

import gc
import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
QGIS_TESTS = Path(__file__).resolve().parent

try:
    from qgis.core import Qgis

    REASON, VERSION = "", f"QGIS {Qgis.version()}"
except ImportError as error:
    # CI sets this: a missing QGIS is then an error, not a reason to skip.
    if os.environ.get("SANXIAN_REQUIRE_QGIS"):
        raise
    REASON = f"needs QGIS 3.40 or later with its Python ({error}); run `make setup`, then `make test`"
    VERSION = f"no QGIS: {error}"


def pytest_report_header():
    return VERSION


class SkippedModule(pytest.Module):
    def collect(self):
        pytest.skip(REASON, allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    return SkippedModule.from_parent(parent, path=module_path) if REASON else None


def pytest_collection_modifyitems(items):
    for item in items:
        if QGIS_TESTS in item.path.parents:
            item.add_marker("qgis")


#: Referenced here and not only by the fixture: objects of the last test (its project) may be freed after the fixtures, and
#: freeing a project after its application ends the process.
_QGIS_APPLICATIONS = []
#: Plugins that are loaded for the whole session.
_REGISTERED_PROVIDERS = []


@pytest.fixture(scope="session")
def qgis_app(tmp_path_factory):
    from qgis.core import QgsApplication, QgsCoordinateTransform

    os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(tmp_path_factory.mktemp("profile"))
    app = QgsApplication.instance() or QgsApplication([], True)
    app.initQgis()
    _QGIS_APPLICATIONS.append(app)
    yield app
    # QGIS 3.44 frees the cache when the process ends, after PROJ, which crashes.
    QgsCoordinateTransform.invalidateCache()


@pytest.fixture(scope="session")
def provider(qgis_app):
    """Register the plugin's provider, so that `processing.run("sanxian:…")` works."""
    from processing.core.Processing import Processing
    from qgis.core import QgsApplication

    from plugin.main import SanxianPlugin

    Processing.initialize()
    plugin = SanxianPlugin(None)
    plugin.initProcessing()
    _REGISTERED_PROVIDERS.append(plugin)
    yield QgsApplication.processingRegistry().providerById("sanxian")
    _REGISTERED_PROVIDERS.remove(plugin)
    plugin.unload()


@pytest.fixture
def project(qgis_app):
    """Yield the QGIS project, which is empty before and after the test."""
    from qgis.core import QgsProject

    QgsProject.instance().clear()
    yield QgsProject.instance()
    QgsProject.instance().clear()


@pytest.fixture
def qgis_log(qgis_app):
    """Yield the messages that QGIS logs during a test."""
    from qgis.core import QgsApplication

    messages = []

    def note(text, *_more):
        messages.append(text)

    QgsApplication.messageLog().messageReceived.connect(note)
    yield messages
    QgsApplication.messageLog().messageReceived.disconnect(note)


@pytest.fixture
def functions(qgis_app, project):
    """Register the plugin's expression functions for one test."""
    from qgis.core import QgsExpression

    from plugin.bridge.editing.expressions import ExpressionFunctions

    # The plugin of the session registers the same functions and follows the same layers: suspend it.
    for plugin in _REGISTERED_PROVIDERS:
        plugin.functions.unregister()
    for function in [f for f in QgsExpression.Functions() if f.name().startswith("sanxian_")]:
        QgsExpression.unregisterFunction(function.name())
    made = ExpressionFunctions()
    made.register()
    yield made
    made.unregister()
    for plugin in _REGISTERED_PROVIDERS:
        plugin.functions.register()


@pytest.fixture(scope="module")
def chinese(qgis_app):
    """Set the interface to Chinese."""
    from plugin.bridge import texts

    translator = texts.install_translator()
    if translator is None:
        pytest.skip("the translations are not compiled (lrelease)")
    yield
    texts.remove_translator(translator)


@pytest.fixture
def english(qgis_app):
    """Set the interface to English, whatever translators other tests left installed."""
    from qgis.PyQt.QtCore import QCoreApplication, QTranslator

    from plugin.bridge.texts import TRANSLATION_CONTEXT

    class EnglishTranslator(QTranslator):
        """Give the plugin's texts as they are in the code; Qt asks the translator that was installed last first."""

        def isEmpty(self):
            return False

        def translate(self, context, text, *_more):
            return text if context == TRANSLATION_CONTEXT else None

    translator = EnglishTranslator()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


@pytest.fixture(scope="session")
def qgis_process(tmp_path_factory):
    """Return a function that runs the program qgis_process with the plugin.

    `qgis_process(*arguments, **environment)` uses a new profile and returns the finished process.
    """
    from tests.qgis.helpers import QgisProcess

    return QgisProcess(tmp_path_factory.mktemp("qgis 程序"))


@pytest.fixture(scope="session", autouse=True)
def render_icons_once(qgis_app):
    """Render each icon once in each palette: every window of every test has dozens."""
    from qgis.core import QgsApplication

    from plugin.gui.widgets import theme

    images, render = {}, theme._render_icon

    def get_image(name, pixels, faint=False):
        key = name, pixels, faint, QgsApplication.palette().cacheKey()
        if key not in images:
            images[key] = render(name, pixels, faint)
        return images[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theme, "_render_icon", get_image)
        yield


@pytest.fixture
def small(tmp_path):
    """Return the GeoPackage of a plan with four small layers.

    The name of its folder has spaces and Chinese characters.
    """
    from tests.qgis.helpers import write_small

    folder = tmp_path / "浑源 县"
    folder.mkdir()
    return write_small(folder / "小 县.gpkg")


@pytest.fixture(scope="module", autouse=True)
def delete_widgets_of_the_module():
    """Delete the widgets of a file's tests before the next file runs.

    Dialogs without a parent are parts of reference cycles: the collector would delete them at any later moment, also
    while Qt handles an event, and QGIS crashes.
    """
    from qgis.core import QgsApplication
    from qgis.PyQt.QtCore import QEvent

    yield
    gc.collect()
    QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def open_controller(chinese, qgis_app, project, tmp_path):
    """Yield a controller for the small plan, and the plan's layers by code."""
    from qgis.core import QgsVectorLayer

    from plugin.bridge import settings
    from plugin.bridge.project import county
    from plugin.gui import desktop_controller
    from tests.qgis.helpers import write_small
    from tests.qgis.test_gui_controller import ControllerInterface
    from tests.qgis.waiting import process_events

    settings.store_setting("show_findings_layer", True)
    settings.store_setting("check_while_editing", True)
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    path = write_small(tmp_path / "小县.gpkg")
    layers = {n: QgsVectorLayer(f"{path}|layername={n}", n, "ogr") for n in ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")}
    project.addMapLayers(list(layers.values()))
    iface = ControllerInterface()
    iface.window.resize(1600, 900)
    iface.window.show()
    controller = desktop_controller.DesktopController(iface)
    yield controller, layers
    controller.unload()
    for layer in project.mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()
    settings.store_setting("check_while_editing", True)
    iface.window.deleteLater()
    process_events(0.02)


@pytest.fixture
def checked(open_controller, qgis_app):
    """Return the controller of `open_controller` after a check, and the plan's layers by code."""
    from tests.qgis.test_gui_editing import check

    controller, layers = open_controller
    check(controller)
    return controller, layers
