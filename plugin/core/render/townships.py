# SPDX-License-Identifier: GPL-2.0-or-later
"""The tasks of the townships as one table: a row a township, for each figure the value, its task and its state."""

from __future__ import annotations

from typing import Any

from ..messages.texts import Texts, number
from ..model.indicator import Indicator
from ..model.report import Report
from ..model.targets import MET
from .figures import ICONS, decimals_of, of_township, state_word, target_text
from .words import Words


def table(report: Report, words: Words) -> dict[str, Any]:
    """``columns``: figures with their units; ``rows``: a township with a cell for each, None where it has no task. Townships
    that miss a task come first."""
    told = [i for i in report.indicators if of_township(i)]
    figures = list(dict.fromkeys((i.id, i.unit) for i in told))
    texts = Texts(words.lang)
    columns = [texts.indicator(name) + words.bracket(words.named("unit", unit)) for name, unit in figures]
    rows = []
    for place in dict.fromkeys(i.place for i in told):
        own = {(i.id, i.unit): i for i in told if i.place == place}
        cells = [_cell(own[figure], words) if figure in own else None for figure in figures]
        rows.append({"name": place, "cells": cells, "met": all(i.state == MET for i in own.values())})
    sources = dict.fromkeys(i.target_source for i in told if i.target_source)
    return {
        "columns": columns,
        "rows": sorted(rows, key=lambda row: bool(row["met"])),
        "sources": words.join(sources),
        "unconfirmed": any(not i.confirmed for i in told),
    }


def _cell(indicator: Indicator, words: Words) -> dict[str, str]:
    return {
        "value": number(indicator.value, decimals_of(indicator)),
        # The unit stands in the head.
        "target": target_text(indicator, words).rpartition(" ")[0],
        "state": state_word(indicator, words),
        "icon": ICONS.get(indicator.state, ""),
    }
