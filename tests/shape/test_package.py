# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the plugin zip: requirements of the plugin site, and use when unzipped."""

import configparser
import errno
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import package as packaging_tool
import site_scan

pytestmark = pytest.mark.slow  # builds the zip

ROOT = packaging_tool.ROOT
TOP_FOLDER = "sanxian"
MEGABYTE = 1024 * 1024
REQUIRED_METADATA = (
    "name qgisMinimumVersion description about version author email license repository tracker homepage "
    "tags icon hasProcessingProvider changelog"
).split()
BINARY_SUFFIXES = {".pyc", ".pyo", ".so", ".dll", ".pyd", ".dylib", ".exe", ".o", ".a", ".whl", ".egg", ".jar", ".zip"}
#: Number of findings of bandit that are silenced on their line, with a reason.
NOSEC_COUNT = 32


def build_plugin_zip(folder: Path) -> Path:
    office = ("--site", "https://gis.office.cn/plugins", "--email", "gis@office.cn")
    command = [sys.executable, "tools/package.py", "--output", str(folder), *office]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (plugin_zip,) = folder.glob("*.zip")
    return plugin_zip


@pytest.fixture(scope="module")
def plugin_zip(tmp_path_factory) -> Path:
    return build_plugin_zip(tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="module")
def names_in_zip(plugin_zip) -> list[str]:
    with zipfile.ZipFile(plugin_zip) as archive:
        assert archive.testzip() is None
        return archive.namelist()


@pytest.fixture(scope="module")
def unzipped_plugin(plugin_zip, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plugins 插件")
    with zipfile.ZipFile(plugin_zip) as archive:
        archive.extractall(folder)
    return folder / TOP_FOLDER


@pytest.fixture(scope="module")
def general_metadata(unzipped_plugin) -> configparser.SectionProxy:
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.optionxform = str
    metadata.read(unzipped_plugin / "metadata.txt", encoding="utf-8")
    return metadata["general"]


def run_fresh_python(unzipped_plugin: Path, code: str) -> str:
    """Run code in a new Python that finds only the unzipped plugin."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "QGIS_PLUGINPATH")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=unzipped_plugin.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_zip_of_which_the_writing_fails_leaves_the_former_one(tmp_path):
    def list_contents():
        yield "a.txt", b"a"
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.zip").write_bytes(b"former")
    with pytest.raises(OSError, match="No space"):
        packaging_tool.write_archive(tmp_path / "a.zip", list_contents())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.zip": b"former"}


def test_plugin_zip_has_exactly_one_top_folder(names_in_zip):
    assert {PurePosixPath(name).parts[0] for name in names_in_zip} == {TOP_FOLDER}
    assert len(names_in_zip) == len(set(names_in_zip))


def test_file_names_in_the_plugin_zip_can_be_unpacked_on_windows(names_in_zip):
    for name in names_in_zip:
        assert not name.startswith("/") and ".." not in PurePosixPath(name).parts
        assert not re.search(r'[<>:"\\|?*]', name), name
        assert len(name) <= 120, f"{name}: a profile folder on Windows leaves no room for more"
    assert len({name.lower() for name in names_in_zip}) == len(names_in_zip)


def test_plugin_zip_is_at_most_25_mb(plugin_zip):
    assert plugin_zip.stat().st_size <= 25 * MEGABYTE


def test_plugin_zip_contains_no_binaries_and_no_development_files(names_in_zip):
    wrong = [
        name for name in names_in_zip if PurePosixPath(name).suffix.lower() in BINARY_SUFFIXES or "__pycache__" in name
    ]
    assert wrong == []
    tops = {PurePosixPath(name).parts[1] for name in names_in_zip}
    wanted = {"plugin", "resources", "metadata.txt", "__init__.py", "LICENSE", "README.md", "CHANGELOG.md"}
    assert wanted <= tops <= wanted | {"i18n"}


def test_plugin_zip_contains_the_compiled_translations(names_in_zip):
    translations = {PurePosixPath(name).name for name in names_in_zip if name.startswith(f"{TOP_FOLDER}/i18n/")}
    assert translations == {path.with_suffix(".qm").name for path in (ROOT / "i18n").glob("*.ts")}
    assert not [name for name in names_in_zip if name.endswith(".qm") and not name.startswith(f"{TOP_FOLDER}/i18n/")]


def test_plugin_zip_contains_the_manual_pages(unzipped_plugin):
    for page in ("zh/index.html", "zh/04-checking.html", "zh/rules.html", "en/index.html", "manual.css"):
        assert (unzipped_plugin / "resources" / "manual" / page).is_file(), page


def test_plugin_zip_contains_the_gpl_licence(unzipped_plugin, general_metadata):
    text = (unzipped_plugin / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text and "Version 2, June 1991" in text
    assert general_metadata["license"] == "GPL-2.0-or-later"


def test_metadata_txt_has_all_fields_the_plugin_site_requires(unzipped_plugin, general_metadata, plugin_zip):
    for field in REQUIRED_METADATA:
        assert general_metadata.get(field, "").strip(), f"metadata.txt: {field} is empty"
    assert general_metadata["qgisMinimumVersion"] == "3.40"
    assert general_metadata["qgisMaximumVersion"] == "4.99"
    assert re.fullmatch(r"\d+\.\d+\.\d+(-dev)?", general_metadata["version"])
    # The plugin site offers experimental versions only to users who enabled them.
    assert not general_metadata["version"].endswith("-dev") or general_metadata["experimental"] == "True"
    assert plugin_zip.name == f"{TOP_FOLDER}-{general_metadata['version']}.zip"
    assert general_metadata["hasProcessingProvider"] == "yes"
    assert (unzipped_plugin / general_metadata["icon"]).is_file()
    assert re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", general_metadata["email"])
    for field in ("homepage", "repository", "tracker"):
        assert general_metadata[field].startswith("https://")
    assert "supportsQt6" not in general_metadata, "the plugin site goes by qgisMaximumVersion"
    assert general_metadata["version"] in general_metadata["changelog"]
    release = general_metadata["version"].removesuffix("-dev")
    headings = re.findall(r"^## (.+)$", (unzipped_plugin / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == release and len(headings) == len(set(headings))
    assert set(
        re.findall(rf"{TOP_FOLDER}-[\w.-]+\.zip", (unzipped_plugin / "README.md").read_text(encoding="utf-8"))
    ) == {plugin_zip.name}
    assert "plugin" not in general_metadata["name"].lower(), "the plugin site refuses the word in a name"


def test_packaging_refuses_a_release_with_placeholder_addresses_and_warns_of_them_before(capsys):
    real = {"homepage": "https://sanxian.cn", "repository": "https://sanxian.cn/a", "tracker": "https://sanxian.cn/b"}
    real |= {"email": "office@example.organic.cn", "about": "see example.org", "version": "9.9.9"}
    packaging_tool.refuse_placeholders(real)
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit, match=r"homepage=https://example\.org/x"):
        packaging_tool.refuse_placeholders(real | {"homepage": "https://example.org/x"})
    packaging_tool.refuse_placeholders(real | {"homepage": "https://example.org/x", "version": "9.9.9-dev"})
    assert "homepage" in capsys.readouterr().err


def test_importing_the_unzipped_plugin_package_imports_no_other_module(unzipped_plugin):
    code = f"import sys; before = set(sys.modules); import {TOP_FOLDER}; print(sorted(set(sys.modules) - before))"
    assert run_fresh_python(unzipped_plugin, code).strip() == f"['{TOP_FOLDER}']"


def test_core_modules_import_from_the_unzipped_plugin_without_qgis(unzipped_plugin):
    code = f"""
import json, pkgutil, importlib, sys
import {TOP_FOLDER}.plugin.core as core
names = [m.name for m in pkgutil.walk_packages(core.__path__, core.__name__ + ".") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(json.dumps([len(names), sorted(m for m in sys.modules if m.split(".")[0] in ("qgis", "PyQt5", "PyQt6", "osgeo"))]))
"""
    count, foreign = json.loads(run_fresh_python(unzipped_plugin, code))
    assert count > 0
    assert foreign == []


def test_libraries_of_the_zip_are_used_if_python_has_none(unzipped_plugin):
    code = f"""
import io, sys, pathlib
sys.path = [entry for entry in sys.path if not (pathlib.Path(entry) / "pypdf").exists()]
from {TOP_FOLDER}.plugin.core.base.files.zipped_libraries import import_zipped_library
from {TOP_FOLDER}.plugin.core.render.document.docx_writer import _make_template, import_docx_library
docx, written = import_docx_library("x"), io.BytesIO()
docx.Document(_make_template()).save(written)
assert docx.Document(written).styles
for library in (docx, *map(import_zipped_library, ("pypdf", "tomlkit"))):
    print(pathlib.Path(library.__file__).relative_to(pathlib.Path({str(unzipped_plugin)!r}) / "resources" / "libraries"))
"""
    assert run_fresh_python(unzipped_plugin, code).split() == [
        f"{name}/__init__.py" for name in ("docx", "pypdf", "tomlkit")
    ]


def test_zip_has_the_libraries_of_the_decision_record_with_their_licences(names_in_zip):
    table = (ROOT / "docs/adr/052-libraries-in-the-zip.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([\w-]+) \| ([\d.]+) \|", table, re.MULTILINE)
    assert [name for name, _ in listed] == list(packaging_tool.LIBRARIES)
    for name, version in listed:
        folder = f"{TOP_FOLDER}/resources/libraries/{name.replace('-', '_')}-{version}.dist-info"
        assert f"{folder}/LICENSE" in names_in_zip


def test_packaging_without_a_pinned_library_is_refused(monkeypatch):
    monkeypatch.setattr(packaging_tool.importlib.metadata, "distributions", list)
    with pytest.raises(SystemExit, match=r"pypdf==[\d.]+, python-docx==[\d.]+, tomlkit==.*make setup"):
        packaging_tool.read_libraries()


def test_security_and_style_scanners_find_planted_problems(tmp_path):
    text = 'password = "xK9mPq2vLw8z"\nassert password\nif password == None:\n    pass  # noqa: E711\n'
    (tmp_path / "planted.py").write_text(text, encoding="utf-8")
    assert {one["test_id"] for one in site_scan.run_bandit(tmp_path, "-r", ".")} == {"B101", "B105"}
    assert site_scan.find_secrets(tmp_path) == {"planted.py": ["Secret Keyword"]}
    twice = "from typing import TYPE_CHECKING\n\nfrom a import b\n\nif TYPE_CHECKING:\n    from a import b\n\nb()\n"
    (tmp_path / "twice.py").write_text(twice, encoding="utf-8")
    codes = [error.split()[1] for error in site_scan.list_style_errors(tmp_path)]
    assert codes == ["E711", "F811"]


@pytest.mark.qgis
def test_qt6_scan_finds_what_fails_with_qt6(tmp_path):
    wrong = (
        "from PyQt5.QtCore import Qt",
        "from qgis.PyQt.QtCore import QRegExp",
        "Qt.AlignLeft",
        "Qgis.Warning",
        "QVariant()",
        "box.exec_()",
        "QDateTime(QDate(2026, 1, 1))",
        "menu.addAction(icon, text, slot, keys)",
        "box.fontMetrics().width(text)",
        "box.activated[str].connect(slot)",
    )
    right = (
        "from qgis.PyQt.QtCore import Qt",
        "Qt.AlignmentFlag.AlignLeft",
        "Qgis.MessageLevel.Warning",
        "box.exec()",
        "Qgis.QGIS_VERSION_INT",
        "box.fontMetrics().horizontalAdvance(text)",
        "menu.addAction(icon, text)",
    )
    (tmp_path / "planted.py").write_text("\n".join((*wrong, *right)), encoding="utf-8")
    found = [re.match(r"planted\.py:(\d+) ", one)[1] for one in site_scan.list_qt6_problems(tmp_path)]
    assert sorted(map(int, found)) == [*range(1, len(wrong) + 1)]


@pytest.mark.qgis
@pytest.mark.exhaustive
def test_scans_of_the_plugin_site_find_nothing_in_the_plugin_zip(plugin_zip):
    assert site_scan.scan_zip(plugin_zip) == []


def test_every_nosec_comment_states_a_reason_and_suppresses_one_finding(unzipped_plugin):
    """Accept only the form ``# nosec B608 # reason``.

    Bandit takes words after a colon for names of its tests.
    """
    comments = {}
    for path in sorted(unzipped_plugin.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if "nosec" in line.lower():
                form = re.search(r"  # nosec (B\d{3}) # \w.{5,}$", line)
                assert form, f"{path}:{number}: {line.strip()}"
                comments[f"./{path.relative_to(unzipped_plugin).as_posix()}", number] = form[1]
    # With its comments no other file has a finding: test_scans_of_the_plugin_site_find_nothing_in_the_plugin_zip.
    files = sorted({file.removeprefix("./") for file, _ in comments})
    found = site_scan.run_bandit(unzipped_plugin, "--ignore-nosec", *files)
    silenced = {(one["filename"], one["line_number"]): one["test_id"] for one in found}
    assert comments == silenced
    assert len(comments) == NOSEC_COUNT


@pytest.mark.qgis
def test_plugin_zip_violates_no_flake8_code_of_the_plugin_site_and_runs_with_qt6(unzipped_plugin):
    assert site_scan.list_style_errors(unzipped_plugin) == []
    assert site_scan.list_qt6_problems(unzipped_plugin) == []


def test_plugin_zip_has_no_comments_that_disable_scanners(unzipped_plugin):
    marked = [
        path.relative_to(unzipped_plugin).as_posix()
        for path in sorted(unzipped_plugin.rglob("*"))
        if path.is_file() and re.search(rb"pragma: ?(allow|white)list|flake8[:=] ?noqa|ruff: ?noqa", path.read_bytes())
    ]
    assert marked == []


def test_plugin_zip_has_no_executable_or_hidden_file_and_no_suspicious_file_type(plugin_zip, tmp_path):
    assert site_scan.list_suspicious_files(plugin_zip) == []
    with zipfile.ZipFile(tmp_path / "planted.zip", "w") as archive:
        for name, mode in (("a/.b", 0o644), ("a/c.py", 0o755), ("a/d.EXE", 0o644), ("a/e.py", 0o644)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "")
    assert site_scan.list_suspicious_files(tmp_path / "planted.zip") == ["a/.b", "a/c.py", "a/d.EXE"]


@pytest.mark.qgis
@pytest.mark.slow
def test_qgis_loads_the_unzipped_plugin(unzipped_plugin, tmp_path):
    program = os.environ.get("SANXIAN_QGIS_PROCESS")
    if not program:
        pytest.skip("QGIS is not installed")
    environment = os.environ | {
        "QGIS_PLUGINPATH": str(unzipped_plugin.parent),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile 配置"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    for arguments in (["plugins", "enable", TOP_FOLDER], ["--json", "list"]):
        done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert f"{TOP_FOLDER}:check_plan" in json.loads(done.stdout)["providers"][TOP_FOLDER]["algorithms"]
