# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the plugin manager of QGIS finds and installs a release of an office's server or shared folder."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import package
import release

#: Does what the plugin manager does for a repository (argument: its address) and an older version of the plugin.
MANAGER = """
import json, sys
from pathlib import Path
from unittest.mock import MagicMock
import qgis.utils
from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QEventLoop, QTimer

application = QgsApplication([], True)
application.initQgis()
home = Path(QgsApplication.qgisSettingsDirPath()) / "python" / "plugins"
old = home / "sanxian"
old.mkdir(parents=True)
(old / "__init__.py").write_text("")
(old / "removed.py").write_text("")
(old / "metadata.txt").write_text("[general]\\nname=Sanxian\\nversion=0.2.0-dev\\nqgisMinimumVersion=3.40\\n")
qgis.utils.HOME_PLUGIN_PATH, qgis.utils.plugin_paths = str(home), [str(home), str(home.parent / "system")]
from pyplugin_installer import installer_data
from pyplugin_installer.qgsplugininstallerinstallingdialog import QgsPluginInstallerInstallingDialog

# Settings that only the desktop declares: neither experimental nor deprecated plugins, none seen before.
setting = installer_data.QgsSettingsTree = MagicMock()
setting.node().childSetting().value.return_value = False
setting.node().childSetting().valueWithDefaultOverride.return_value = []
QgsSettings().setValue("app/plugin_repositories/office/url", sys.argv[1])
repositories, plugins = installer_data.repositories, installer_data.plugins
repositories.load()
loop = QEventLoop()
repositories.checkingDone.connect(loop.quit)
QTimer.singleShot(30_000, loop.quit)
repositories.requestFetching("office")
loop.exec()


def read_plugin():
    qgis.utils.updateAvailablePlugins()
    plugins.getAllInstalled()
    plugins.rebuild()
    return dict(plugins.all()["sanxian"])


before = read_plugin()
dialog = QgsPluginInstallerInstallingDialog(None, before)
dialog.exec()
result = {"before": before, "error": dialog.result(), "after": read_plugin()}
result["homepage"] = qgis.utils.pluginMetadata("sanxian", "homepage")
print(json.dumps(result | {"files": sorted(path.name for path in old.iterdir())}))
"""


@pytest.fixture(scope="module")
def office_server(tmp_path_factory):
    """Return the address of a local server, and its folder."""
    folder = tmp_path_factory.mktemp("插件 服务器")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def make_release(folder: Path, site: str) -> dict[str, str]:
    """Write a release of the checkout with the addresses of an office; return its metadata."""
    site = package.parse_site(site)
    text = package.make_metadata(site, "gis@office.cn").replace("experimental=True", "experimental=False")
    text = re.sub("^version=.*", "version=1.0.0", text, flags=re.MULTILINE)
    release.write_release(folder, text, site)
    return {key: value.strip() for key, value in package.read_metadata(text).items()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shared folder", "server"])
def test_plugin_manager_upgrades_to_the_release_of_an_office(kind, office_server, tmp_path, monkeypatch):
    monkeypatch.setattr(release, "read_notes", lambda version: version)
    site, folder = office_server if kind == "server" else ((tmp_path / "共享 夹").as_uri(), tmp_path / "共享 夹")
    wanted = make_release(folder, site)
    environment = os.environ | {"QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "配置"), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", MANAGER, f"{site}/plugins.xml"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    before, after = result["before"], result["after"]
    assert (before["status"], before["version_available"], before["error"]) == ("upgradeable", wanted["version"], "")
    assert not before["experimental"] and before["zip_repository"] == "office"
    assert {key: before[key] for key in ("about", "changelog", "tags")} == {
        key: wanted[key] for key in ("about", "changelog", "tags")
    }
    addresses = [before[key] for key in ("homepage", "tracker", "code_repository", "author_email")]
    assert addresses == [wanted[key] for key in ("homepage", "tracker", "repository", "email")]
    assert addresses[0].startswith(site) and addresses[3] == "gis@office.cn"
    assert result["error"] == "" and (after["status"], after["version_installed"]) == ("installed", wanted["version"])
    assert {"metadata.txt", "plugin", "resources"} <= set(result["files"]) and "removed.py" not in result["files"]
    assert result["homepage"] == wanted["homepage"]
