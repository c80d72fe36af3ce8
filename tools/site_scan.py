# SPDX-License-Identifier: GPL-2.0-or-later
"""Scan the plugin's zip as the plugin site scans an upload: ``python tools/site_scan.py ZIP``; silent without findings.

The site runs bandit, detect-secrets, some codes of flake8 and a check of the files (qgis/QGIS-Plugins-Website,
security_scanner.py and its lists of rules, July 2026), and a search for code that fails with Qt 6 (pyqt5_to_pyqt6.py of
QGIS, which needs a QGIS with Qt 6). Ruff has the codes of flake8; the search for Qt 6 is here, with the Qt of QGIS.
"""

import ast
import importlib
import json
import subprocess
import sys
import tempfile
import zipfile
from enum import Enum, EnumMeta
from functools import cache
from pathlib import Path, PurePosixPath

#: Tests of bandit that the site skips, in addition to B109 and B410, which bandit no longer has.
SKIPPED_BANDIT_CODES = "B404,B411"
#: Codes of flake8 that the site turns on and ruff has. Syntax errors (E901, E999, F831) ruff always reports.
FLAKE8_CODES = (
    "E101,E711,E712,E713,E714,E721,E722,E731,E741,E742,E743,E902,W605,F402,F403,F404,F405,F811,F821,F822,F823,F901"
)
SUSPICIOUS_SUFFIXES = {".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd"}
QT_MODULES = ("QtCore", "QtGui", "QtWidgets", "QtXml", "QtNetwork", "QtPrintSupport", "QtSvg")
#: Names that modules of Qt 6 lack.
REMOVED_NAMES = {"QRegExp", "QDesktopWidget", "qApp", "resources_rc"}


def run_scanner(*command: str, cwd: Path) -> str:
    """Return the output of a scanner, run as a module of this Python; exit if it does not run."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, encoding="utf-8", check=False)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout


def run_bandit(folder: Path, *options: str) -> list[dict]:
    """Return the findings of bandit in a folder."""
    options = ("-q", "-f", "json", "-s", SKIPPED_BANDIT_CODES, *options)
    report = json.loads(run_scanner("bandit", *options, cwd=folder))
    # What bandit cannot read, it has not scanned.
    unread = [{"filename": one["filename"], "line_number": 0, "test_id": one["reason"]} for one in report["errors"]]
    return [*report["results"], *unread]


def find_secrets(folder: Path) -> dict[str, list[str]]:
    """Return file → kinds of secrets that detect-secrets finds in a folder."""
    results = json.loads(run_scanner("detect_secrets", "scan", "--all-files", ".", cwd=folder))["results"]
    return {name: [one["type"] for one in found] for name, found in results.items()}


def list_style_errors(folder: Path) -> list[str]:
    """Return the errors that flake8 reports with the codes of the site; ``noqa`` comments are ignored."""
    options = ["--isolated", "--no-cache", "--ignore-noqa", "--target-version", "py311", "--output-format", "json"]
    found = json.loads(run_scanner("ruff", "check", *options, "--select", FLAKE8_CODES, ".", cwd=folder))
    listed = [f"{one['filename']}:{one['location']['row']} {one['code']} {one['message']}" for one in found]
    for path in sorted(folder.rglob("*.py")):
        # Ruff accepts an import that is repeated for types, flake8 does not.
        module = ast.parse(path.read_text(encoding="utf-8")).body
        imported = {one.asname or one.name for node in module if isinstance(node, ast.ImportFrom) for one in node.names}
        for block in (node.body for node in module if isinstance(node, ast.If)):
            names = {one.name for node in block if isinstance(node, ast.ImportFrom) for one in node.names}
            listed += [f"{path}:{block[0].lineno} F811 {name} is imported twice" for name in sorted(names & imported)]
    return listed


@cache
def load_qt_classes() -> dict[str, type]:
    """Return name → class of Qt and QGIS; raise ImportError without QGIS."""
    modules = (*(f"qgis.PyQt.{name}" for name in QT_MODULES), "qgis.core", "qgis.gui", "qgis.analysis")
    members = [one for module in modules for one in vars(importlib.import_module(module)).items()]
    # A class in lower case, such as edit, is also a usual name of a variable.
    return {name: one for name, one in members if isinstance(one, type) and name[0].isupper()}


def is_unscoped_member(class_name: str, name: str) -> bool:
    """Return True if Qt 6 lacks a name of a class: it is a member of an enumeration (Qt.AlignLeft), or nothing."""
    owner = load_qt_classes().get(class_name)
    if owner is None or isinstance(owner, EnumMeta):
        return False
    value = getattr(owner, name, None)
    # Qt 5 has enumerations of sip, which keep their members in the class, too.
    return value is None or isinstance(value, Enum) or type(type(value)).__name__ == "enumtype"


def find_qt6_problem(node: ast.AST) -> str:
    """Return what of a part of the code fails with Qt 6; empty if nothing does."""
    match node:
        case ast.ImportFrom(module=str(module), names=names) if (
            module.partition(".")[0] == "PyQt5"
            or module == "qgis.PyQt.Qt"
            or REMOVED_NAMES & {one.name for one in names}
        ):
            return "import"
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if is_unscoped_member(owner, name):
            return "enumeration without its name"
        case ast.Attribute(attr="exec_") | ast.FunctionDef(name="exec_"):
            return "exec_"
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="fontMetrics")), attr="width"):
            return "width of font metrics"
        case (
            ast.Call(func=ast.Name(id="QVariant"), args=[]) | ast.Attribute(value=ast.Name(id="QVariant"), attr="Type")
        ):
            return "QVariant"
        case ast.Call(func=ast.Name(id="QDateTime"), args=[ast.Call(func=ast.Name(id="QDate"))]):
            return "date and time without a time"
        case ast.Call(func=ast.Attribute(attr="addAction"), args=[_, _, _, _, *_]):
            return "addAction with a slot"
        case ast.Subscript(value=ast.Attribute(attr="activated"), slice=ast.Name(id="str")):
            return "activated[str]"
    return ""


def list_qt6_problems(folder: Path) -> list[str]:
    """Return what of the Python code in a folder fails with Qt 6, with file and line."""
    return [
        f"{path.relative_to(folder)}:{node.lineno} {problem}: {ast.unparse(node)}"
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (problem := find_qt6_problem(node))
    ]


def list_suspicious_files(plugin_zip: Path) -> list[str]:
    """Return hidden and executable files of a zip, and those of a type that the site suspects."""
    with zipfile.ZipFile(plugin_zip) as archive:
        return [
            entry.filename
            for entry in archive.infolist()
            if (entry.external_attr >> 16) & 0o111
            or PurePosixPath(entry.filename).name.startswith(".")
            or PurePosixPath(entry.filename).suffix.lower() in SUSPICIOUS_SUFFIXES
        ]


def scan_zip(plugin_zip: Path) -> list[str]:
    """Return all findings in the plugin's zip, each with the name of its scan."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(plugin_zip) as archive:
        archive.extractall(scratch)
        folder = Path(scratch)
        return [
            *(f"bandit {o['filename']}:{o['line_number']} {o['test_id']}" for o in run_bandit(folder, "-r", ".")),
            *(f"detect-secrets {name}: {', '.join(kinds)}" for name, kinds in find_secrets(folder).items()),
            *(f"flake8 {one}" for one in list_style_errors(folder)),
            *(f"Qt 6 {one}" for one in list_qt6_problems(folder)),
            *(f"file {one}" for one in list_suspicious_files(plugin_zip)),
        ]


if __name__ == "__main__":
    sys.exit("\n".join(scan_zip(Path(sys.argv[1]))))
