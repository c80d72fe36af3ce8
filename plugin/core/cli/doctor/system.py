# SPDX-License-Identifier: GPL-2.0-or-later
"""Free disk space, encodings, a Chinese path, and a projection of this machine."""

from __future__ import annotations

import locale
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...base.connection_text import describe_exception
from ...standard.messages.texts import Texts
from .check_lines import FactState, MachineFact
from .libraries import describe_libraries, list_unusable_libraries
from .requirements import load_requirements

_GIGABYTE = 1e9
_TRIAL_FOLDER, _TRIAL_FILE, _TRIAL_TEXT = "规划 数据", "县 界.txt", "浑源县"


def iterate_disk_facts(folders: dict[str, Path], texts: Texts) -> Iterator[MachineFact]:
    """Yield a line for each folder: free space, and whether a file can be written.

    ``folders``: key of the texts (``disk_temporary``, ``disk_profile``) → folder; the path itself is not reported.
    """
    requirements = load_requirements()
    for key, folder in folders.items():
        name = texts.get("environment", key)
        try:
            free_gb = shutil.disk_usage(folder).free / _GIGABYTE
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            found = texts.get("environment", "disk_not_writable", detail=describe_exception(error))
            remedy = texts.get("environment", "disk_not_writable_remedy")
            yield MachineFact(key, FactState.MISSING, name, found, remedy)
            continue
        found, state, remedy = texts.get("environment", "disk_free", free=f"{free_gb:.1f}"), FactState.OK, ""
        if free_gb < requirements.disk_warning_gb:
            state = FactState.WARNING if free_gb >= requirements.disk_minimum_gb else FactState.MISSING
            remedy = texts.get("environment", "disk_remedy", needed=f"{requirements.disk_warning_gb:g}")
        yield MachineFact(key, state, name, found, remedy)


def get_temporary_folder() -> Path:
    """Return the folder in which the plugin makes temporary files."""
    return Path(tempfile.gettempdir())


def iterate_encoding_facts(texts: Texts) -> Iterator[MachineFact]:
    """Yield the lines of Python's encodings and of a trial with a Chinese path that has spaces."""
    preferred, of_files = locale.getpreferredencoding(False), sys.getfilesystemencoding()
    for key, encoding in (("encoding_text", preferred), ("encoding_paths", of_files)):
        name = texts.get("environment", key)
        if _can_encode_chinese(encoding):
            yield MachineFact(key, FactState.OK, name, encoding)
        else:
            yield MachineFact(key, FactState.WARNING, name, encoding, texts.get("environment", "encoding_remedy"))
    name = texts.get("environment", "chinese_path")
    try:
        found = write_and_read_chinese_path(get_temporary_folder())
    except (OSError, UnicodeError) as error:
        state, found = FactState.MISSING, describe_exception(error)
    else:
        state = FactState.OK if found == _TRIAL_TEXT else FactState.MISSING
    yield MachineFact(
        "chinese_path",
        state,
        name,
        texts.get("environment", "chinese_path_works") if state is FactState.OK else found,
        "" if state is FactState.OK else texts.get("environment", "chinese_path_remedy"),
    )


def _can_encode_chinese(encoding: str) -> bool:
    try:
        _TRIAL_TEXT.encode(encoding)
    except (LookupError, UnicodeError):
        return False
    return True


def write_and_read_chinese_path(folder: Path) -> str:
    """Write a Chinese text to a Chinese path with spaces and return what is read back.

    Raises OSError or UnicodeError.
    """
    with tempfile.TemporaryDirectory(dir=folder) as trial:
        path = Path(trial) / _TRIAL_FOLDER / _TRIAL_FILE
        path.parent.mkdir()
        path.write_text(_TRIAL_TEXT, encoding="utf-8")
        # The names that the system lists, not those that were requested.
        (listed_folder,) = os.listdir(trial)
        (listed_file,) = os.listdir(path.parent)
        if (listed_folder, listed_file) != (_TRIAL_FOLDER, _TRIAL_FILE):
            return f"{listed_folder}/{listed_file}"
        return path.read_text(encoding="utf-8")


def make_projection_fact(texts: Texts) -> MachineFact:
    """Return the line of a transformation from zone 38 to zone 39, with its difference from the known value (m)."""
    name = texts.get("environment", "projection")
    unusable = list_unusable_libraries(("pyproj",))
    if unusable:
        reason = texts.get("environment", "needs", libraries=describe_libraries(unusable, texts))
        return MachineFact("projection", FactState.NOT_RUN, name, reason)
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    sample, remedy = load_requirements().projection, texts.get("environment", "projection_remedy")
    try:
        transformer = Transformer.from_crs(sample.source_crs, sample.target_crs, always_xy=True)
        found = transformer.transform(*sample.source_point, errcheck=True)
    except ProjError as error:
        return MachineFact("projection", FactState.MISSING, name, describe_exception(error), remedy)
    difference = math.dist(found, sample.target_point)
    text = texts.get("environment", "projection_difference", difference=f"{difference:.4f}")
    if difference <= sample.tolerance_m:
        return MachineFact("projection", FactState.OK, name, text)
    return MachineFact("projection", FactState.FAILED, name, text, remedy)
