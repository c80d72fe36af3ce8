# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions shared by rules on attributes.

Each distinct value is judged once, and messages never repeat personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.context import Context
from ..errors import DataError
from ..model.findings import Finding
from ..model.rule import Severity
from ..plan.layer import Layer
from ..profile import Norm
from ..standard.template import Field

if TYPE_CHECKING:
    from ..standard.codes import CodeList

#: Longer values are cut in a message.
_SHOWN = 20
#: Features of a finding on several rows that its message names and its geometry shows.
SHOWN_FIDS = 20


@dataclass(frozen=True)
class ValueProblem:
    """A wrong value: message case and parameters.

    ``severity``: set if it differs from the rule's severity.
    """

    case: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    severity: Severity | None = None


Judge = Callable[[Any], ValueProblem | None]


def find_wrong_rows(values: Sequence[Hashable], judge: Judge) -> Iterator[tuple[int, ValueProblem]]:
    """Yield row positions with the problem that ``judge`` finds in their value.

    ``judge`` is called once for each distinct value.
    """
    import pandas as pd

    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    codes, distinct = pd.factorize(cells)
    answers = [judge(value) for value in distinct]
    wrong = {code: answer for code, answer in enumerate(answers) if answer is not None}
    for position in np.flatnonzero(np.isin(codes, list(wrong))).tolist():
        yield position, wrong[codes[position]]


def judge_values(ctx: Context, layer: Layer, name: str, values: Sequence[Hashable], judge: Judge) -> list[Finding]:
    """Return a finding on every row of a layer with a wrong value.

    ``name``: the field to correct; ``judge``: returns the problem of a value.
    """
    return [make_value_finding(ctx, layer, position, name, wrong) for position, wrong in find_wrong_rows(values, judge)]


def make_value_finding(ctx: Context, layer: Layer, position: int, name: str, wrong: ValueProblem) -> Finding:
    return ctx.make.row(
        layer,
        position,
        field=name,
        case=wrong.case,
        params=dict(wrong.params),
        geometry=layer.plane[position],
        severity=wrong.severity,
    )


def limit_fids(layer: Layer, positions: Sequence[int]) -> dict[str, Any]:
    """Return message parameters on several rows: count, first ids, and more."""
    fids = [layer.fids[position] for position in positions[:SHOWN_FIDS]]
    return {"count": len(positions), "fids": fids, "more": " …" if len(positions) > SHOWN_FIDS else ""}


def shorten_value(declared: Field, value: str) -> str:
    """Return a value as a message may show it.

    Long values are cut; personal data are replaced by dots.
    """
    if declared.personal:
        return "…"
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"


def missing_field_reason(layer: Layer, *meanings: str) -> tuple[str, dict[str, str]]:
    """Return the reason why a layer was not checked: it lacks these fields."""
    names = ", ".join(layer.field_name(meaning) for meaning in meanings)
    return "field_missing", {"layer": layer.name, "role": layer.role, "fields": names}


def word_pairs(norm: Norm, key: str) -> list[tuple[str, str]]:
    """Return a setting whose lines have two words each (``"0602 204"``).

    Raise DataError with the setting for any other line.
    """
    found = []
    for line in norm.get(key):
        words = line.split()
        if len(words) != 2:
            file = norm.profile.path if key in norm.profile.settings else norm.standard.folder / "standard.toml"
            raise DataError("data_value_kind", file=str(file), key=key, value=repr(line), expected='"A B"')
        found.append((words[0], words[1]))
    return found


def with_codes_below(codes: CodeList) -> set[str]:
    """Return codes of a list that have finer codes below them."""
    return {code.parent for code in codes.codes.values() if code.parent}


def plan_code_prefix(ctx: Context) -> str:
    """Return the common prefix of the plan's codes; empty if unknown.

    It is the county's six digits, or in a city's plan the city's four.
    """
    return ctx.plan.area_code[: int(ctx.norm.get("attributes.area_digits"))]
