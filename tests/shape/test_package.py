# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin zip: requirements of the plugin site, and use from the unzipped folder."""

import configparser
import importlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

pytestmark = pytest.mark.slow  # builds the zip

ROOT = Path(__file__).resolve().parents[2]
TOP = "sanxian"
MEGABYTE = 1024 * 1024
REQUIRED = (
    "name qgisMinimumVersion description about version author email license repository tracker homepage "
    "tags icon hasProcessingProvider changelog"
).split()
BINARY = {".pyc", ".pyo", ".so", ".dll", ".pyd", ".dylib", ".exe", ".o", ".a", ".whl", ".egg", ".jar", ".zip"}
# The plugin site scans an uploaded zip and blocks it if there are findings (qgis/QGIS-Plugins-Website,
# security_scanner.py and its lists of rules, July 2026): bandit, detect-secrets, some codes of flake8, types of files.
#: Tests of bandit that the site skips, in addition to B109 and B410, which bandit no longer has.
NOT_SCANNED = "B404,B411"
#: Codes of flake8 that the site turns on and ruff has. Syntax errors (E901, E999, F831) ruff always reports.
STYLE = "E101,E711,E712,E713,E714,E721,E722,E731,E741,E742,E743,E902,W605,F402,F403,F404,F405,F811,F821,F822,F823,F901"
SUSPICIOUS = {".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd"}
#: Number of findings of bandit that are silenced on their line, with a reason.
SILENCED = 17


def package(folder: Path) -> Path:
    command = [sys.executable, "tools/package.py", "--output", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.zip")
    return built


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    return package(tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="module")
def names(built) -> list[str]:
    with zipfile.ZipFile(built) as archive:
        assert archive.testzip() is None
        return archive.namelist()


@pytest.fixture(scope="module")
def unzipped(built, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plugins 插件")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder)
    return folder / TOP


@pytest.fixture(scope="module")
def general(unzipped) -> configparser.SectionProxy:
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.optionxform = str
    metadata.read(unzipped / "metadata.txt", encoding="utf-8")
    return metadata["general"]


def fresh_python(unzipped: Path, code: str) -> str:
    """Run code next to the unzipped plugin, without the checkout on the path."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "QGIS_PLUGINPATH")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=unzipped.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_zip_has_one_top_folder(names):
    assert {PurePosixPath(name).parts[0] for name in names} == {TOP}
    assert len(names) == len(set(names))


def test_names_unpack_on_windows(names):
    for name in names:
        assert not name.startswith("/") and ".." not in PurePosixPath(name).parts
        assert not re.search(r'[<>:"\\|?*]', name), name
        assert len(name) <= 120, f"{name}: a profile folder on Windows leaves no room for more"
    assert len({name.lower() for name in names}) == len(names)


def test_zip_is_small_enough_for_the_plugin_site(built):
    assert built.stat().st_size <= 25 * MEGABYTE


def test_zip_has_no_binaries_and_no_development_files(names):
    wrong = [name for name in names if PurePosixPath(name).suffix.lower() in BINARY or "__pycache__" in name]
    assert wrong == []
    tops = {PurePosixPath(name).parts[1] for name in names}
    wanted = {"plugin", "resources", "metadata.txt", "__init__.py", "LICENSE", "README.md", "CHANGELOG.md"}
    assert wanted <= tops <= wanted | {"i18n"}


def test_translations_are_compiled(names):
    translations = {PurePosixPath(name).name for name in names if name.startswith(f"{TOP}/i18n/")}
    sources = {path.with_suffix(".qm").name for path in (ROOT / "i18n").glob("*.ts")}
    assert translations == sources
    assert not [name for name in names if name.endswith(".qm") and not name.startswith(f"{TOP}/i18n/")]


def test_zip_contains_the_manual(unzipped):
    for page in ("zh/index.html", "zh/04-checking.html", "zh/rules.html", "en/index.html", "manual.css"):
        assert (unzipped / "resources" / "manual" / page).is_file(), page


def test_zip_contains_the_licence(unzipped, general):
    text = (unzipped / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text and "Version 2, June 1991" in text
    assert general["license"] == "GPL-2.0-or-later"


def test_metadata_is_complete(unzipped, general, built):
    for field in REQUIRED:
        assert general.get(field, "").strip(), f"metadata.txt: {field} is empty"
    assert general["qgisMinimumVersion"] == "3.40"
    assert general["qgisMaximumVersion"] == "4.99"
    assert re.fullmatch(r"\d+\.\d+\.\d+(-dev)?", general["version"])
    # The plugin site offers experimental versions only to users who enabled them.
    assert not general["version"].endswith("-dev") or general["experimental"] == "True"
    assert built.name == f"{TOP}-{general['version']}.zip"
    assert general["hasProcessingProvider"] == "yes"
    assert (unzipped / general["icon"]).is_file()
    assert re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", general["email"])
    for field in ("homepage", "repository", "tracker"):
        assert general[field].startswith("https://")
    assert "supportsQt6" not in general, "the plugin site goes by qgisMaximumVersion"
    assert general["version"] in general["changelog"]
    release = general["version"].removesuffix("-dev")
    headings = re.findall(r"^## (.+)$", (unzipped / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == release and len(headings) == len(set(headings))
    assert set(re.findall(rf"{TOP}-[\w.-]+\.zip", (unzipped / "README.md").read_text(encoding="utf-8"))) == {built.name}
    assert "plugin" not in general["name"].lower(), "the plugin site refuses the word in a name"


@pytest.fixture
def packager(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("package")


def test_release_with_placeholder_addresses_is_refused(packager, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["package.py", "--output", str(tmp_path)])
    monkeypatch.setattr(packager, "version", lambda: "9.9.9")
    monkeypatch.setattr(packager, "metadata", lambda: {"homepage": "https://example.org/x", "email": "a@b.cn"})
    with pytest.raises(SystemExit, match=r"homepage=https://example\.org/x"):
        packager.main()
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(packager, "version", lambda: "9.9.9-dev")
    packager.main()
    assert "homepage" in capsys.readouterr().err and list(tmp_path.iterdir())


def test_real_addresses_are_accepted(packager, monkeypatch):
    real = {"homepage": "https://sanxian.cn", "email": "office@example.organic.cn", "about": "see example.org"}
    monkeypatch.setattr(packager, "metadata", lambda: real)
    assert packager.placeholders() == []


def test_same_commit_gives_the_same_bytes(built, tmp_path):
    assert package(tmp_path).read_bytes() == built.read_bytes()


def test_importing_the_package_imports_nothing_else(unzipped):
    code = f"import sys; before = set(sys.modules); import {TOP}; print(sorted(set(sys.modules) - before))"
    assert fresh_python(unzipped, code).strip() == f"['{TOP}']"


def test_core_runs_from_the_zip_without_qgis(unzipped):
    code = f"""
import json, pkgutil, importlib, sys
import {TOP}.plugin.core as core
names = [m.name for m in pkgutil.walk_packages(core.__path__, core.__name__ + ".") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(json.dumps([len(names), sorted(m for m in sys.modules if m.split(".")[0] in ("qgis", "PyQt5", "PyQt6", "osgeo"))]))
"""
    count, foreign = json.loads(fresh_python(unzipped, code))
    assert count > 0
    assert foreign == []


def scan(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a scanner of the environment. One that is not installed fails the test."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode in (0, 1) and done.stdout.strip(), done.stderr
    return done


def bandit(folder: Path, *options: str) -> list[dict]:
    report = json.loads(scan("bandit", "-q", "-f", "json", "-s", NOT_SCANNED, *options, cwd=folder).stdout)
    assert report["errors"] == []
    return report["results"]


def secrets(folder: Path) -> dict[str, list[str]]:
    results = json.loads(scan("detect_secrets", "scan", "--all-files", ".", cwd=folder).stdout)["results"]
    return {name: [one["type"] for one in found] for name, found in results.items()}


def style(folder: Path) -> list[str]:
    """Return what flake8 would report with the codes of the plugin site; ruff has the same codes. ``noqa`` is ignored."""
    options = ["--isolated", "--no-cache", "--ignore-noqa", "--target-version", "py311", "--output-format", "json"]
    found = json.loads(scan("ruff", "check", *options, "--select", STYLE, ".", cwd=folder).stdout)
    return [f"{one['filename']}:{one['location']['row']} {one['code']} {one['message']}" for one in found]


def test_scanners_find_planted_problems(tmp_path):
    text = 'password = "xK9mPq2vLw8z"\nassert password\nif password == None:\n    pass  # noqa: E711\n'
    (tmp_path / "planted.py").write_text(text, encoding="utf-8")
    assert {one["test_id"] for one in bandit(tmp_path, "-r", ".")} == {"B101", "B105"}
    assert secrets(tmp_path) == {"planted.py": ["Secret Keyword"]}
    assert len(style(tmp_path)) == 1


def test_bandit_finds_nothing(unzipped):
    found = [
        f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}"
        for one in bandit(unzipped, "-r", ".")
    ]
    assert found == []


def test_every_nosec_has_a_reason_and_silences_one_finding(unzipped):
    """The form is ``# nosec B608 # reason``: bandit takes further words after a colon for names of tests."""
    comments = {}
    for path in sorted(unzipped.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if "nosec" in line.lower():
                form = re.search(r"  # nosec (B\d{3}) # \w.{5,}$", line)
                assert form, f"{path}:{number}: {line.strip()}"
                comments[f"./{path.relative_to(unzipped).as_posix()}", number] = form[1]
    # Without its comments no other file has a finding either: test_bandit_finds_nothing.
    files = sorted({file.removeprefix("./") for file, _ in comments})
    found = bandit(unzipped, "--ignore-nosec", *files)
    silenced = {(one["filename"], one["line_number"]): one["test_id"] for one in found}
    assert comments == silenced
    assert len(comments) == SILENCED


def test_secret_scanner_finds_nothing(unzipped):
    assert secrets(unzipped) == {}


def test_flake8_codes_of_the_plugin_site_find_nothing(unzipped):
    assert style(unzipped) == []


def test_zip_has_no_settings_or_comments_that_hide_findings(unzipped, names):
    assert [name for name in names if PurePosixPath(name).name.startswith(".")] == []
    marked = [
        path.relative_to(unzipped).as_posix()
        for path in sorted(unzipped.rglob("*"))
        if path.is_file() and re.search(rb"pragma: ?(allow|white)list|flake8[:=] ?noqa|ruff: ?noqa", path.read_bytes())
    ]
    assert marked == []


def test_no_file_is_executable_or_of_a_suspicious_type(built):
    with zipfile.ZipFile(built) as archive:
        for entry in archive.infolist():
            assert not (entry.external_attr >> 16) & 0o111, entry.filename
            assert PurePosixPath(entry.filename).suffix.lower() not in SUSPICIOUS, entry.filename


@pytest.mark.qgis
@pytest.mark.slow
def test_qgis_loads_the_unzipped_plugin(unzipped, tmp_path):
    program = os.environ.get("SANXIAN_QGIS_PROCESS")
    if not program:
        pytest.skip("QGIS is not installed")
    environment = os.environ | {
        "QGIS_PLUGINPATH": str(unzipped.parent),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile 配置"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    for arguments in (["plugins", "enable", TOP], ["--json", "list"]):
        done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    provider = json.loads(done.stdout)["providers"][TOP]
    assert f"{TOP}:check_plan" in provider["algorithms"]
