# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护) as the toolbox makes it, from two files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.texts import Texts
from . import health
from .check import stopper
from .threads import steady

if TYPE_CHECKING:
    from ..core.check import Options
    from ..core.yearly import YearlyUpdate
    from ..core.yearly.write import Written

#: Share of the progress that reading and comparing take.
_COMPARING = 0.8
#: The least growth that is told.
_STEP = 0.005


@steady
def make_update(
    filed: str,
    current: str,
    year: int,
    folder: str,
    options: Options,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[YearlyUpdate, Written]:
    """Compare two editions and write the geodatabase, in any thread. Raises SanxianError, EnvironmentLacking and Cancelled."""
    stop = stopper(cancelled)
    health.require(stop)
    from ..core.yearly.sources import update_from_files
    from ..core.yearly.write import write_update

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
    done = update_from_files(filed, current, year, options.norm(), progress=comparing, check=stop)
    writing = texts.get("yearly", "writing")
    written = write_update(
        done,
        folder,
        lang=options.lang,
        check=stop,
        progress=lambda share: tell(_COMPARING + (1 - _COMPARING) * share, writing),
    )
    progress(1.0, "")
    return done, written
