# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules on attributes share: each distinct value is judged once, and what tells of a person is never repeated."""

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
#: Features of a finding on many rows that are named in its sentence, and drawn.
SHOWN_FIDS = 20


@dataclass(frozen=True)
class ValueProblem:
    """What is wrong with a value: the case and what fills its sentence; ``severity`` where it is not the rule's own."""

    case: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    severity: Severity | None = None


Judge = Callable[[Any], ValueProblem | None]


def find_wrong_rows(values: Sequence[Hashable], judge: Judge) -> Iterator[tuple[int, ValueProblem]]:
    """Row positions with what ``judge`` finds wrong with their value; it is asked once for each distinct value."""
    import pandas as pd

    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    codes, distinct = pd.factorize(cells)
    answers = [judge(value) for value in distinct]
    wrong = {code: answer for code, answer in enumerate(answers) if answer is not None}
    for position in np.flatnonzero(np.isin(codes, list(wrong))).tolist():
        yield position, wrong[codes[position]]


def judge_values(ctx: Context, layer: Layer, name: str, values: Sequence[Hashable], judge: Judge) -> list[Finding]:
    """A finding on every row of a layer whose value ``judge`` finds wrong; ``name``: the field that is to be corrected."""
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
    """Parameters of a sentence on many rows: how many, the first feature ids, and whether there are more."""
    fids = [layer.fids[position] for position in positions[:SHOWN_FIDS]]
    return {"count": len(positions), "fids": fids, "more": " …" if len(positions) > SHOWN_FIDS else ""}


def shorten_value(declared: Field, value: str) -> str:
    """A value as a message may repeat it: cut when it is long, dots for what tells of a person."""
    if declared.personal:
        return "…"
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"


def missing_field_reason(layer: Layer, *meanings: str) -> tuple[str, dict[str, str]]:
    """The reason not to have looked at a layer: it lacks these fields."""
    names = ", ".join(layer.field_name(meaning) for meaning in meanings)
    return "field_missing", {"layer": layer.name, "role": layer.role, "fields": names}


def word_pairs(norm: Norm, key: str) -> list[tuple[str, str]]:
    """A setting of lines of two words each (``"0602 204"``). DataError names the setting and a line that is not."""
    found = []
    for line in norm.get(key):
        words = line.split()
        if len(words) != 2:
            file = norm.profile.path if key in norm.profile.settings else norm.standard.folder / "standard.toml"
            raise DataError("data_value_kind", file=str(file), key=key, value=repr(line), expected='"A B"')
        found.append((words[0], words[1]))
    return found


def with_codes_below(codes: CodeList) -> set[str]:
    """Codes of a list that have finer ones below them."""
    return {code.parent for code in codes.codes.values() if code.parent}


def plan_code_prefix(ctx: Context) -> str:
    """What codes of the plan begin with: the county's six digits, in a city's plan the city's four; empty when not known."""
    return ctx.plan.area_code[: int(ctx.norm.get("attributes.area_digits"))]
