# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of a folder that no command reads, but for the results that the plugin itself wrote there."""

from __future__ import annotations

import json
from pathlib import Path

import pyogrio

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..files.digests import UNLISTED, files_below, sha256
from ..files.manifest import OK, told_manifest
from ..files.opening import openable
from ..io.beside import data_beside, data_within, is_geodatabase
from ..io.file import ERRORS
from ..io.source import datasets, datasets_of, folder_of
from ..messages.texts import Texts
from ..model.report import SCHEMA
from ..model.unread import Unread
from .unread_layers import is_findings

#: Databases that are opened to see whether they hold findings, and the largest report that is read for it (bytes).
_OPENED, _LARGEST = 200, 2**28
#: Formats that findings are written in.
_FINDINGS = (".gpkg", ".shp", ".geojson", ".gdb")


def unread_files(source: str | Path, cancellation: Cancellation = NEVER) -> list[Unread]:
    """The data in a folder that its reading leaves out, that of a FileGDB too; nothing for a file, which is read as a whole."""
    folder = folder_of(source)
    if folder is None:
        return [
            one for path in datasets_of(Path(source)) if is_geodatabase(path) for one in data_within(path, cancellation)
        ]
    outputs = _Outputs(cancellation)
    try:
        read = datasets(folder)
    except OSError:
        # Reading it has reported that.
        return []
    return data_beside(folder, read, is_output=outputs.holds, cancellation=cancellation)


def unread_sentences(source: str | Path, texts: Texts, cancellation: Cancellation = NEVER) -> list[str]:
    """As `unread_files`, a sentence each, for commands that have no report."""
    return [texts.unread(one) for one in unread_files(source, cancellation)]


class _Outputs:
    """Recognise the plugin's own results by their content, never by their name alone."""

    def __init__(self, cancellation: Cancellation):
        self._cancellation = cancellation
        self._opened = 0

    def holds(self, path: Path) -> bool:
        suffix = path.suffix.lower()
        if suffix in _FINDINGS:
            self._opened += 1
            return self._opened <= _OPENED and _holds_findings(path)
        if suffix == ".json":
            return is_report(path)
        return path.is_dir() and self._is_package(path)

    def _is_package(self, folder: Path) -> bool:
        """A package of ours in which no file was added or changed since: every digest of its manifest is that of the file."""
        manifest, state = told_manifest(folder)
        if manifest is None or state != OK:
            return False
        listed = {row["path"]: row["sha256"] for row in manifest["files"]}
        try:
            for name, path in files_below(folder):
                self._cancellation.raise_if_cancelled()
                if name not in UNLISTED and listed.get(name) != sha256(path, self._cancellation):
                    return False
        except OSError:
            return False
        return True


def is_report(path: Path) -> bool:
    """Is it a report of ours, and nothing else besides?"""
    try:
        if path.stat().st_size > _LARGEST:
            return False
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    kept = {"schema", "lang", "summary", "rules", "findings", "indicators", "tolerance", "provenance"}
    return isinstance(data, dict) and data.get("schema") == SCHEMA and set(data) <= kept


def _holds_findings(path: Path) -> bool:
    try:
        with openable(path) as opened:
            names = [str(name) for name, _ in pyogrio.list_layers(opened)]
            return bool(names) and all(
                is_findings(map(str, pyogrio.read_info(opened, layer=n)["fields"])) for n in names
            )
    except (*ERRORS, InputError, ValueError, UnicodeDecodeError, OSError):
        return False
