# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that rules on attribute values share.

Each distinct value of a column is judged once. Messages never repeat personal data.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import DataError
from ..engine.context import RuleContext, trim_code_padding
from ..model.findings import Finding
from ..model.rule import Severity
from ..plan.layer import Layer
from ..standard.profile import Norm
from ..standard.template import CodeList, TemplateField

#: Longer values are cut in a message.
_MAX_VALUE_CHARACTERS = 20
#: Features of a finding on several rows that its message names and its geometry shows.
MAX_SHOWN_FIDS = 20
#: Features that a message on a whole layer names.
MAX_NAMED_ROWS = 5
#: Names shown; the rest is counted.
_MAX_LISTED_NAMES = 5
#: Digits of the codes of a county, a township and a village.
COUNTY_DIGITS, TOWNSHIP_DIGITS, VILLAGE_DIGITS = 6, 9, 12
#: Ends of the names of a field with a code, and of the field with its name: ZLDWDM and ZLDWMC.
CODE_SUFFIX, NAME_SUFFIX = "DM", "MC"
#: For examples of rules: a polygon (m), and the layer of the land survey.
SMALL_SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCEL_LAYER = {"layer": "DLTB"}
ZONE_LAYER, CENTRE_ZONE_LAYER = {"layer": "YDYHGHFQ"}, {"layer": "ZXCQGHFQ"}


def make_example(*rows: dict[str, Any], **values: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the layers of a rule's example: small squares with the values of each row, or with those of the only one."""
    return {"layer": [{"wkt": SMALL_SQUARE_WKT, **row} for row in rows or (values,)]}


@dataclass(frozen=True)
class ValueProblem:
    """What is wrong with one attribute value.

    Attributes
    ----------
    case
        Key of the rule's message that applies.
    params
        Parameters of this message.
    severity
        Severity of the finding, None for the rule's severity.
    """

    case: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    severity: Severity | None = None


ValueJudge = Callable[[Any], ValueProblem | None]


def find_wrong_rows(values: Sequence[Hashable], judge: ValueJudge) -> Iterator[tuple[int, ValueProblem]]:
    """Yield the position of each row with a wrong value, and the value's problem.

    Parameters
    ----------
    values
        One value (or tuple of values) for each row.
    judge
        Returns the problem of a value, None for a right one; called once for each distinct value.
    """
    import pandas as pd

    value_array = np.empty(len(values), dtype=object)
    value_array[:] = values
    codes, distinct_values = pd.factorize(value_array)
    problems = [judge(value) for value in distinct_values]
    problem_of_code = {code: problem for code, problem in enumerate(problems) if problem is not None}
    positions = np.flatnonzero(np.isin(codes, list(problem_of_code)))
    for position, code in zip(positions.tolist(), codes[positions].tolist(), strict=True):
        yield position, problem_of_code[code]


def make_findings_of_wrong_values(
    ctx: RuleContext, layer: Layer, name: str, values: Sequence[Hashable], judge: ValueJudge
) -> Iterator[Finding]:
    """Yield a finding for each row of a layer whose value is wrong.

    Parameters
    ----------
    name
        Name of the field that the planner has to correct.
    values
        One value (or tuple of values) for each row.
    judge
        Returns the problem of a value, None for a right one.
    """
    for position, problem in find_wrong_rows(values, judge):
        yield make_value_finding(ctx, layer, position, name, problem)


def make_value_finding(ctx: RuleContext, layer: Layer, position: int, name: str, problem: ValueProblem) -> Finding:
    """Return the finding on one row, from the problem of its value."""
    return ctx.make_row_finding(
        layer,
        position,
        field=name,
        case=problem.case,
        params=problem.params,
        geometry=layer.plane_shapes[position],
        severity=problem.severity,
    )


def make_row_list_params(
    layer: Layer, positions: Sequence[int], max_fids: int = MAX_SHOWN_FIDS, max_named_rows: int | None = None
) -> dict[str, Any]:
    """Return message parameters that list several rows of a layer.

    ``positions``: positions of the rows. The parameters are the number of rows (``count``), the first ``max_fids``
    feature ids (``fids``) and, if there are more, dots (``more``); for the message also the names of the first
    ``max_named_rows`` rows (None: ``max_fids``): their keys, with the feature id where a key is missing or repeated.
    """
    listed_positions = positions[:max_fids]
    row_names = [
        [layer.keys[n], layer.fids[n] if n in layer.repeated_keys or not layer.keys[n] else None]
        for n in positions[: max_fids if max_named_rows is None else max_named_rows]
    ]
    return {
        "count": len(positions),
        "fids": [layer.fids[n] for n in listed_positions],
        "more": " …" if len(positions) > max_fids else "",
        "shown": {"row_names": row_names},
    }


def shorten_or_mask_value(declared: TemplateField, value: str) -> str:
    """Return a field's value as a message may show it.

    Long values are cut; values of a field with personal data are replaced by dots. ``declared``: the field in its
    template.
    """
    if declared.personal:
        return "…"
    return value if len(value) <= _MAX_VALUE_CHARACTERS else f"{value[:_MAX_VALUE_CHARACTERS]}…"


def list_largest_rows_first(layer: Layer, is_selected: NDArray, areas: NDArray) -> list[int]:
    """Return the selected rows ((n,) bool), those with the largest of ``areas`` (n,) first, else by key."""
    rows = np.array(layer.sort_rows(np.flatnonzero(is_selected)), dtype=int)
    return rows[np.argsort(-areas[rows], kind="stable")].tolist()


def find_value_of_most_land(values: NDArray, areas: NDArray) -> str:
    """Return the value with the largest sum of areas; empty without values."""
    distinct_values, position = np.unique(values.astype(str), return_inverse=True)
    return str(distinct_values[np.bincount(position, areas).argmax()]) if len(values) else ""


def explain_missing_fields(layer: Layer, *meanings: str) -> tuple[str, dict[str, str]]:
    """Return the reason why a layer was not checked: it lacks the fields with these meanings.

    The reason is the key of a text and its parameters, as an outcome stores them.
    """
    return "field_missing", {
        "layer": layer.name,
        "role": layer.role,
        "fields": ", ".join(layer.get_field_name(meaning) for meaning in meanings),
    }


def format_code_with_name(layer: Layer, meaning: str, value: str, ctx: RuleContext) -> str:
    """Return a code followed by its name in the code list of the layer's field with this meaning.

    The code alone without a code list, or if the list lacks it.
    """
    return label_code_of_field(layer.template.find_field(meaning), value, ctx)


def label_code_of_field(template_field: TemplateField | None, value: str, ctx: RuleContext) -> str:
    """Return a code followed by its name in the field's code list.

    The code alone without a code list, or if the list lacks it.
    """
    if template_field is None or not template_field.codes:
        return value
    entry = ctx.get_code_list(template_field.codes).entry_by_code.get(trim_code_padding(value, template_field.code_pad))
    return value if entry is None else f"{value} {entry.name}"


def join_code_names(codes: Iterable[str], list_id: str, ctx: RuleContext) -> str:
    """Return the names of codes joined by 、, in every language; a code that the list lacks stays a code.

    ``list_id``: id of the code list; empty without one.
    """
    entries = ctx.get_code_list(list_id).entry_by_code if list_id else {}
    return "、".join(entries[code].name if code in entries else code for code in codes)


def join_code_names_of_field(layer: Layer, meaning: str, codes: Iterable[str], ctx: RuleContext) -> str:
    """Return the names of codes joined by 、, from the code list of the layer's field with this meaning."""
    template_field = layer.template.find_field(meaning)
    return join_code_names(codes, template_field.codes if template_field is not None else "", ctx)


def read_setting_words(
    norm: Norm, key: str, min_words: int, max_words: int | None = None, number_at: int | None = None
) -> list[list[str]]:
    """Return the words of each line of a setting; ``"0602 204"`` becomes ``["0602", "204"]``.

    Raise DataError with file and key for a line with fewer than ``min_words`` or more than ``max_words`` words, or if
    the word at the position ``number_at`` is not a number.
    """
    lines = []
    for line in norm.get(key):
        words = line.split()
        if len(words) < min_words or (max_words is not None and len(words) > max_words):
            letters = " ".join("ABCDE"[:min_words])
            raise make_setting_error(norm, key, line, f'"{letters}"' if max_words == min_words else f'"{letters} …"')
        if number_at is not None:
            try:
                float(words[number_at])
            except ValueError as error:
                expected = " ".join([*words[:number_at], "0.5", *words[number_at + 1 :]])
                raise make_setting_error(norm, key, line, f'"{expected}"') from error
        lines.append(words)
    return lines


def expand_words(norm: Norm, words_or_settings: Iterable[str]) -> list[str]:
    """Return words; the key of a setting is replaced by its words."""
    return [word for key in words_or_settings for word in (norm.get(key) if norm.has_setting(key) else [key])]


def has_accepted_word(value: str, words: Iterable[str]) -> bool:
    """Return True if a value contains one of the words, or no Chinese character: then it is a code of another list."""
    return value.isascii() or any(word in value for word in words)


def make_setting_error(norm: Norm, key: str, value: str, expected: str) -> DataError:
    """Return the error on a value of a setting, with the file that has it."""
    file = norm.profile.path if key in norm.profile.settings else norm.standard.folder / "standard.toml"
    return DataError("data_value_kind", file=str(file), key=key, value=repr(value), expected=expected)


def find_codes_with_subcodes(codes: CodeList) -> set[str]:
    """Return the codes of a hierarchical list that have finer codes below them."""
    return {code.parent for code in codes.entry_by_code.values() if code.parent}


def find_plan_code_prefix(ctx: RuleContext) -> str:
    """Return the digits with which every division code of the plan begins.

    These are the six digits of the county, or in a city's plan the four of the city. Empty if the plan's county is
    unknown.
    """
    return ctx.plan.area_code[: int(ctx.norm.get("attributes.area_digits"))]
