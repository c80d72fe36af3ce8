# SPDX-License-Identifier: GPL-2.0-or-later
"""Offline help pages of the algorithms in the language of the interface."""

from __future__ import annotations

import hashlib
from html import escape
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsProcessingAlgorithm
from qgis.PyQt.QtCore import QUrl

from ..core.base.files.writing import write_atomically
from ..metadata import read_plugin_version
from .running.tasks import log_error
from .settings import get_interface_language
from .texts import tr

_HELP_PAGE_CSS = (
    "body{font-family:'Microsoft YaHei','Noto Sans CJK SC',sans-serif;max-width:52em;margin:2em auto;line-height:1.6}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left}"
    "code{font-family:Consolas,monospace}"
)


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
