# SPDX-License-Identifier: GPL-2.0-or-later
"""One QGIS per test run, without a screen, in a profile of its own, with the plugin's provider."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HERE = Path(__file__).resolve().parent

try:
    from qgis.core import Qgis

    REASON, VERSION = "", f"QGIS {Qgis.version()}"
except ImportError as error:
    # CI sets this: there no test is skipped for want of QGIS.
    if os.environ.get("SANXIAN_REQUIRE_QGIS"):
        raise
    REASON = f"needs QGIS 3.40 or later with its Python ({error}); run `make setup`, then `make test`"
    VERSION = f"no QGIS: {error}"


def pytest_report_header():
    return VERSION


class Skipped(pytest.Module):
    def collect(self):
        pytest.skip(REASON, allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    return Skipped.from_parent(parent, path=module_path) if REASON else None


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("qgis")


#: Held here and not by the fixture alone: what the last test leaves (a project of its own) may go after the fixtures, and
#: a project that goes after its application ends the process.
_HELD = []
#: Plugins that are loaded for the whole session.
_LOADED = []


@pytest.fixture(scope="session")
def qgis_app(tmp_path_factory):
    from qgis.core import QgsApplication, QgsCoordinateTransform

    os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(tmp_path_factory.mktemp("profile"))
    app = QgsApplication.instance() or QgsApplication([], True)
    app.initQgis()
    _HELD.append(app)
    yield app
    # QGIS 3.44 frees the cache when the process ends, after PROJ, which crashes.
    QgsCoordinateTransform.invalidateCache()


@pytest.fixture(scope="session")
def provider(qgis_app):
    """The provider, registered; `processing.run("sanxian:…")` works from here on."""
    from processing.core.Processing import Processing
    from qgis.core import QgsApplication

    from plugin.main import SanxianPlugin

    Processing.initialize()
    plugin = SanxianPlugin(None)
    plugin.initProcessing()
    _LOADED.append(plugin)
    yield QgsApplication.processingRegistry().providerById("sanxian")
    _LOADED.remove(plugin)
    plugin.unload()


@pytest.fixture
def project(qgis_app):
    """The project, empty before and after."""
    from qgis.core import QgsProject

    QgsProject.instance().clear()
    yield QgsProject.instance()
    QgsProject.instance().clear()


@pytest.fixture
def qgis_log(qgis_app):
    """What goes into QGIS's log during a test."""
    from qgis.core import QgsApplication

    said = []

    def note(text, *_more):
        said.append(text)

    QgsApplication.messageLog().messageReceived.connect(note)
    yield said
    QgsApplication.messageLog().messageReceived.disconnect(note)


@pytest.fixture
def functions(qgis_app, project):
    """Our expression functions, registered for one test."""
    from qgis.core import QgsExpression

    from plugin.bridge.editing.expressions import Functions

    # The plugin of the session has them already, and follows the same layers: here it stands back.
    for plugin in _LOADED:
        plugin.functions.unregister()
    for function in [f for f in QgsExpression.Functions() if f.name().startswith("sanxian_")]:
        QgsExpression.unregisterFunction(function.name())
    made = Functions()
    made.register()
    yield made
    made.unregister()
    for plugin in _LOADED:
        plugin.functions.register()


@pytest.fixture(scope="module")
def chinese(qgis_app):
    """The interface in Chinese."""
    from plugin.bridge import texts

    translator = texts.install_translator()
    if translator is None:
        pytest.skip("the translations are not compiled (lrelease)")
    yield
    texts.remove_translator(translator)


@pytest.fixture(scope="session")
def qgis_process(tmp_path_factory):
    """`qgis_process(*arguments, **environment)` → the finished process, with the plugin enabled in a fresh profile."""
    from tests.qgis.helpers import QgisProcess

    return QgisProcess(tmp_path_factory.mktemp("qgis 程序"))


@pytest.fixture
def small(tmp_path):
    """A small plan in a folder whose name is no plain one."""
    from tests.qgis.helpers import write_small

    folder = tmp_path / "浑源 县"
    folder.mkdir()
    return write_small(folder / "小 县.gpkg")
