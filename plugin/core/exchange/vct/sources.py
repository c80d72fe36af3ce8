# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers that are written as VCT, read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ...cancellation import NEVER, Cancellation
from ...errors import InputError
from ...io import read_source
from ...plan.layer import SourceLayer


def layers_of_source(
    source: str | Path,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Iterator[SourceLayer]:
    """The layers of a file or folder, read one after the other. InputError when one cannot be read."""
    sketches = read_source(source, wanted=lambda layer: False, cancellation=cancellation)
    for number, sketch in enumerate(sketches):
        progress(number / len(sketches), sketch.name)
        if sketch.problem is not None and sketch.problem[0] != "table":
            raise InputError(sketch.problem[0], **sketch.problem[1])
        whole = read_source(sketch.source or source, wanted=_called(sketch.name), cancellation=cancellation)
        yield next(layer for layer in whole if layer.name == sketch.name)


def _called(name: str) -> Callable[[SourceLayer], bool]:
    return lambda layer: layer.name == name
