# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys (标识码) of all layers of a source, without their shapes: what a new number has to be above."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyogrio

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..files.opening import openable, touch
from .file import ERRORS
from .rows import BYTES, KEY
from .source import datasets_of


def keys_of_source(source: str | Path, cancellation: Cancellation = NEVER) -> Iterator[str]:
    """Each key of each layer and table of a file or folder, blanks left out. InputError for a layer that cannot be read."""
    for path in datasets_of(Path(os.path.abspath(source))):
        touch(path)
        with openable(path) as opened:
            with _readable(path, path.stem):
                names = [str(name) for name, _ in pyogrio.list_layers(opened)]
            for name in names:
                cancellation.raise_if_cancelled()
                with _readable(path, name):
                    keys = _keys(opened, name)
                yield from keys


def _keys(opened: Path, name: str) -> list[str]:
    # Keys are digits: which encoding other texts have does not matter.
    encoding = BYTES if opened.suffix.lower() == ".shp" else None
    fields = [f for f in pyogrio.read_info(opened, layer=name, encoding=encoding)["fields"] if str(f).upper() == KEY]
    if not fields:
        return []
    read = pyogrio.read_dataframe(opened, layer=name, columns=fields, read_geometry=False, encoding=encoding)
    return [text for value in read[fields[0]].dropna().tolist() if (text := str(value).strip())]


@contextmanager
def _readable(path: Path, layer: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Reading the layers for the work itself reports them.
            warnings.simplefilter("ignore")
            yield
    except (*ERRORS, ValueError, UnicodeDecodeError) as error:
        raise InputError("layer_unreadable", source=str(path), layer=layer, detail="damaged") from error
