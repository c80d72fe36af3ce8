# SPDX-License-Identifier: GPL-2.0-or-later
"""A year's maintenance from two files to the geodatabase: toolbox and command line come through here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..cancellation import NEVER, Cancellation
from ..messages.texts import Texts
from ..options import Options
from .model import YearlyUpdate
from .sources import update_from_files
from .write import Written, look_at_target, write_update

#: Share of the progress that reading and comparing take.
_COMPARING = 0.8
#: The least growth that is told.
_STEP = 0.005


def make_update(
    filed: str | Path,
    current: str | Path,
    year: int,
    folder: str | Path,
    options: Options,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> tuple[YearlyUpdate, Written]:
    """Compare two editions and write the geodatabase into a folder. Where it goes is looked at before the comparison, and
    again when it is written.

    ``progress`` is told 0…1 and a sentence, each once. Raises as `update_from_files`, `look_at_target` and `write_update`.
    """
    texts = Texts(options.lang)
    said: set[str] = set()
    told = [-1.0]

    def tell(share: float, text: str) -> None:
        """A sentence once, a share only when it has grown: a log and a bar need no more."""
        new = "" if text in said else text
        said.add(text)
        if new or share - told[0] >= _STEP:
            told[0] = share
            progress(share, new)

    def comparing(share: float, layer: str) -> None:
        text = texts.get("yearly", "comparing", layer=layer) if layer else texts.get("toolbox", "comparing")
        tell(_COMPARING * share, text)

    comparing(0.0, "")
    done = update_from_files(
        filed,
        current,
        year,
        options.norm(),
        ready=lambda plan: look_at_target(plan, year, folder),
        progress=comparing,
        cancellation=cancellation,
    )
    writing = texts.get("yearly", "writing")
    written = write_update(
        done,
        folder,
        lang=options.lang,
        cancellation=cancellation,
        progress=lambda share: tell(_COMPARING + (1 - _COMPARING) * share, writing),
    )
    progress(1.0, "")
    return done, written
