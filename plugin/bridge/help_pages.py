# SPDX-License-Identifier: GPL-2.0-or-later
"""Help: addresses of the manual's headings, and offline pages of the algorithms.

The offline pages in resources/manual are made by tools/make_manual.py.
"""

from __future__ import annotations

import hashlib
import re
from html import escape
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsProcessingAlgorithm
from qgis.PyQt.QtCore import QUrl

from ..core.base.files.writing import write_atomically
from ..metadata import read_plugin_version
from ..paths import MANUAL_FOLDER
from .running.tasks import log_error
from .settings import get_interface_language
from .texts import tr

_HELP_PAGE_CSS = (
    "body{font-family:'Microsoft YaHei','Noto Sans CJK SC',sans-serif;max-width:52em;margin:2em auto;line-height:1.6}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left}"
    "code{font-family:Consolas,monospace}"
)
#: Topic → page and anchor. The topic of a tool is its name in the toolbox, that of a dialog its menu entry.
MANUAL_TOPICS = {
    # dialogs
    "start": "01-quickstart#start",
    "doctor": "01-quickstart#environment",
    "roles": "02-data#roles",
    "group": "02-data#groups",
    "profile": "02-data#county-profile",
    "document": "02-data#document",
    "map_fields": "02-data#map-fields",
    "dictionary": "02-data#dictionary",
    "new_project": "03-drawing#new-project",
    "waive": "05-fixing#waive",
    "layouts": "08-hand-in#layouts",
    "package": "08-hand-in#package",
    "inspect": "08-hand-in#inspect",
    "counties": "11-counties#counties",
    # tools
    "check_plan": "04-checking#tool-check-plan",
    "check_counties": "11-counties#tool-check-counties",
    "check_seams": "11-counties#tool-check-seams",
    "project_conformity": "07-projects#tool-project-conformity",
    "propose_boundary": "09-yearly#tool-propose-boundary",
    "propose_supplement": "09-yearly#tool-propose-supplement",
    "compare_drafts": "09-yearly#tool-compare-drafts",
    "office_tables": "06-report#tool-office-tables",
    "split_townships": "10-townships#tool-split-townships",
    "merge_counties": "11-counties#tool-merge-counties",
    "merge_townships": "10-townships#tool-merge-townships",
    "apply_fixes": "05-fixing#tool-apply-fixes",
    "resolve_overlaps": "05-fixing#tool-resolve-overlaps",
    "renumber_bsm": "02-data#tool-renumber-bsm",
    "change_crs_zone": "02-data#tool-change-crs-zone",
    "split_worklist": "05-fixing#tool-split-worklist",
    "merge_worklist": "05-fixing#tool-merge-worklist",
    "compute_indicators": "06-report#tool-compute-indicators",
    "compare_versions": "09-yearly#tool-compare-versions",
    "boundary_adjustment": "09-yearly#tool-boundary-adjustment",
    "change_statement": "09-yearly#tool-change-statement",
    "evaluate_indicators": "09-yearly#tool-evaluate-indicators",
    "yearly_update": "09-yearly#tool-yearly-update",
    "cultivated_changes": "09-yearly#tool-cultivated-changes",
    "import_vct": "12-exchange#tool-import-vct",
    "export_vct": "12-exchange#tool-export-vct",
    "import_boundary_points": "12-exchange#tool-import-boundary-points",
    "export_boundary_points": "12-exchange#tool-export-boundary-points",
    "import_drawing": "12-exchange#tool-import-drawing",
    "export_maps": "08-hand-in#tool-export-maps",
    "declared_checks": "13-declared-checks#tool-declared-checks",
    "export_package": "08-hand-in#tool-export-package",
    "inspect_package": "08-hand-in#tool-inspect-package",
    "create_layers": "03-drawing#tool-create-layers",
    "layers_from_structure": "03-drawing#tool-layers-from-structure",
    "derive_three_zones": "03-drawing#tool-derive-three-zones",
    "statutory_area": "03-drawing#tool-statutory-area",
}
#: Codes of rules; RUN codes belong to the check itself and are not in the rule book.
_RULE_CODE_PATTERN = re.compile(r"(?!RUN)[A-Z]{3}\d{3}")


def get_or_write_help_page_url(algorithm: QgsProcessingAlgorithm) -> str:
    """Return the URL of an algorithm's help page; write the page on first use.

    Empty if the user's folder is not writable. Without a URL, Processing opens QGIS's online help, which does not
    contain the plugin's tools.
    """
    folder = (
        Path(QgsApplication.qgisSettingsDirPath())
        / "sanxian"
        / "help"
        / read_plugin_version()
        / get_interface_language()
    )
    target = folder / f"{algorithm.name()}.html"
    try:
        text = make_help_page(algorithm)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            folder.mkdir(parents=True, exist_ok=True)
            with write_atomically(target) as path:
                path.write_text(text, encoding="utf-8")
    except OSError as error:
        log_error(error)
        return ""
    return QUrl.fromLocalFile(str(target)).toString()


def write_forwarding_page(url: QUrl) -> Path:
    """Write a page that forwards to a local URL with its anchor, and return its path; raise OSError if that fails."""
    address = escape(url.toString(QUrl.ComponentFormattingOption.FullyEncoded), quote=True)
    text = (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{escape(tr('Help'))}</title>"
        f'<meta http-equiv="refresh" content="0; url={address}"></head>'
        f'<body><a href="{address}">{escape(url.fileName())}</a></body></html>\n'
    )
    folder = Path(QgsApplication.qgisSettingsDirPath()) / "sanxian" / "help"
    folder.mkdir(parents=True, exist_ok=True)
    # One page for each target: the browser may still read the former one.
    target = folder / f"to-{hashlib.sha256(address.encode('utf-8')).hexdigest()[:16]}.html"
    if not target.exists():
        with write_atomically(target) as path:
            path.write_text(text, encoding="utf-8")
    return target


def make_help_page(algorithm: QgsProcessingAlgorithm) -> str:
    """Return an algorithm's title, help, inputs and outputs as one HTML page."""
    registered_algorithm = QgsApplication.processingRegistry().algorithmById(algorithm.id()) or algorithm
    paragraphs = (
        f"<p>{escape(text).replace(chr(10), '<br>')}</p>" for text in algorithm.shortHelpString().split("\n\n") if text
    )
    optional = Qgis.ProcessingParameterFlag.Optional
    inputs = [
        (p.name(), p.description(), tr("optional") if p.flags() & optional else tr("required"))
        for p in registered_algorithm.parameterDefinitions()
    ]
    outputs = [(o.name(), o.description(), o.type()) for o in registered_algorithm.outputDefinitions()]
    title = escape(algorithm.displayName())
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{title}</title>"
        f"<style>{_HELP_PAGE_CSS}</style></head><body>"
        f"<h1>{title}</h1><p><code>sanxian:{algorithm.name()}</code></p>{''.join(paragraphs)}"
        f"{_make_table(tr('Inputs'), inputs)}{_make_table(tr('Outputs'), outputs)}</body></html>\n"
    )


def _make_table(title: str, rows: list[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(text)}</td><td>{escape(kind)}</td></tr>"
        for name, text, kind in rows
    )
    return f"<h2>{escape(title)}</h2><table>{cells}</table>" if rows else ""


def is_rule_code(topic: str) -> bool:
    """Return True if a topic has the form of a rule code, such as ``TOP001``."""
    return _RULE_CODE_PATTERN.fullmatch(topic) is not None


def find_page_and_anchor(topic: str) -> str:
    """Return the page and anchor of a topic or a rule code in the manual, as ``page#anchor``.

    Raise KeyError for an unknown topic.
    """
    page, _, anchor = (f"rules#{topic}" if is_rule_code(topic) else MANUAL_TOPICS[topic]).partition("#")
    return f"{page}.html#{anchor}"


def get_manual_url(topic: str, language: str = "") -> str:
    """Return the file URL of a manual topic, in the interface's language unless another one is given.

    Empty if the manual has no such page.
    """
    page, _, anchor = find_page_and_anchor(topic).partition("#")
    target = MANUAL_FOLDER / (language or get_interface_language()) / page
    return f"{target.as_uri()}#{anchor}" if target.is_file() else ""


def get_manual_url_or_chinese(topic: str) -> str:
    """Return the file URL of a manual topic in the interface's language, or in Chinese without a translation.

    Empty if the manual is missing.
    """
    return get_manual_url(topic) or get_manual_url(topic, "zh")
