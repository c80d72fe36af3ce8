# SPDX-License-Identifier: GPL-2.0-or-later
"""Cultivated land by two land change surveys (年度国土变更调查): what a year took and added, parcel by parcel.

Surveys show changes of land. What certificates state is in `certificates`; neither replaces the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, require_value
from ...base.files.data import SOURCE_MARKS
from ...base.files.tables import SearchedColumn, read_table
from ...base.files.writing import is_same_file
from ...engine.context import RuleContext, trim_code_padding
from ...figures.indicators.land_use import CLASS_CODE_LIST_ID, classify_rows
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...render.versions.baseline import get_township_polygons
from ...render.versions.compare import PieceAreas, compare_layers_by_piece
from ...render.versions.edition_comparison import (
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    STATUTORY_BASIS,
    make_edition,
)
from ...render.versions.edition_pairing import make_shift_limits
from ...render.versions.pieces import LandPieces
from ...standard.options import RunOptions
from ...standard.profile import Norm
from ...standard.profile.load import find_file_of_profile, find_file_of_standard
from ..office_tables.make_office_tables import UNIFIED_FROM_SETTING
from .certificates import match_certificates, read_certificates
from .cultivated_result import (
    CERTIFICATE_OF_KIND,
    EXCHANGE,
    SUPPLEMENT,
    UNCOUNTED,
    Cause,
    CultivatedChange,
    CultivatedResult,
    CultivatedSums,
    SurveyOrder,
)
from .make import read_editions
from .update import check_year

#: The setting with the table of causes.
CAUSES_SETTING = "cultivated.causes"
_ACCOUNT_BY_WORD = {"占补": SUPPLEMENT, "进出": EXCHANGE, "另列": UNCOUNTED} | {
    one: one for one in (SUPPLEMENT, EXCHANGE, UNCOUNTED)
}
_CAUSE_COLUMNS = (
    SearchedColumn("before", ("before", "变化前地类", "变化前")),
    SearchedColumn("after", ("after", "变化后地类", "变化后")),
    SearchedColumn("cause", ("cause", "原因")),
    SearchedColumn("account", ("account", "账目", "平衡")),
    SearchedColumn("mark", ("mark", "来源级别", "级别")),
    SearchedColumn("cause_en", ("cause_en",), is_required=False),
)
#: A smaller piece (m²) is below a printed digit: it counts in the sums, but is not listed.
_LEAST_LISTED_M2 = 0.005
_READING_SHARE = 0.4


class _Survey(NamedTuple):
    """A survey by piece (k,) of the comparison: row of the layer (−1: none), share of that row, is it cultivated."""

    layer: Layer
    row: NDArray
    share: NDArray
    is_cultivated: NDArray

    def sum_shares(self, value_of_row: NDArray, selected: NDArray) -> NDArray:
        """Return (k,) values of rows by share of the selected pieces, 0 for others."""
        return np.where(selected, self.share * value_of_row[self.row], 0.0)


def compare_surveys(
    order: SurveyOrder,
    options: RunOptions,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CultivatedResult:
    """Read two surveys and the certificates, and return the changes of cultivated land.

    Raises
    ------
    InputError, DataError
        A source, the table of causes or a list of certificates cannot be used.
    Cancelled
    """
    check_year(order.year)
    norm = options.resolve_norm()
    if is_same_file(order.before, order.after):
        raise InputError("surveys_same", source=Path(order.after).name)
    causes, causes_file = load_causes(norm)
    roles = norm.standard.concepts["parcels"]
    before, after = read_editions(
        order.before,
        order.after,
        roles,
        norm,
        "surveys_none",
        progress=lambda share, text: progress(2 * _READING_SHARE * share, text),
        cancellation=cancellation,
    )
    role = next((one for one in roles if all(_has_parcels(plan, one) for plan in (before, after))), "")
    if not role:
        raise InputError("surveys_differ", before=", ".join(before.layers), after=", ".join(after.layers))
    progress(_READING_SHARE, "")
    result = find_changes(before, after, role, order.year, causes, causes_file, cancellation)
    ctx = RuleContext(after, norm, norm.make_tolerance(), cancellation=cancellation, lang=options.lang)
    for kind, path in ((MOVED_OUT_KIND, order.approved), (MOVED_IN_KIND, order.accepted)):
        found = read_certificates(path, CERTIFICATE_OF_KIND[kind], order.year, ctx) if path else None
        result.certificates[CERTIFICATE_OF_KIND[kind]] = found
        if found is not None:
            match_certificates([one for one in result.changes if one.kind == kind], found, ctx)
    progress(1.0, "")
    return result


def _has_parcels(plan: Plan, role: str) -> bool:
    """Return True if a plan has a layer with shapes."""
    return role in plan.layers and not plan.layers[role].has_no_geometry


def load_causes(norm: Norm) -> tuple[dict[tuple[str, str], Cause], str]:
    """Return (class before, class after) → cause, and the name of the file; a profile's table replaces the standard's.

    Classes are those of the list of 2023. Raise InputError and DataError with file and line.
    """
    path = find_file_of_profile(norm, CAUSES_SETTING) or find_file_of_standard(norm, CAUSES_SETTING)
    table, codes = read_table(path, _CAUSE_COLUMNS), norm.standard.code_lists[CLASS_CODE_LIST_ID].entry_by_code
    causes: dict[tuple[str, str], Cause] = {}
    for row in table.rows:
        cells = row.text_by_column
        known_values: dict[str, Collection[str]] = {
            "before": codes,
            "after": codes,
            "account": _ACCOUNT_BY_WORD,
            "mark": SOURCE_MARKS,
        }
        for column, known in known_values.items():
            if cells[column] not in known:
                raise table.make_cell_error(row, column, cells[column], list(known)[:40])
        pair = cells["before"], cells["after"]
        if not cells["cause"] or pair in causes:
            raise table.make_cell_error(row, "cause" if not cells["cause"] else "after", cells["cause"] and pair[1])
        account = _ACCOUNT_BY_WORD[cells["account"]]
        causes[pair] = Cause(cells["cause"], cells["cause_en"] or cells["cause"], account, cells["mark"])
    return causes, path.name


def find_changes(
    before: Plan,
    after: Plan,
    role: str,
    year: int,
    causes: dict[tuple[str, str], Cause],
    causes_file: str,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CultivatedResult:
    """Return the changes of cultivated land between two surveys in one plane; ``role``: code of the parcels.

    A piece of a parcel has its share of the parcel's net area and 田坎. Raise InputError if a pair of parcels cannot be
    computed.
    """
    norm, layers = after.norm, (before.layers[role], after.layers[role])
    townships = get_township_polygons(after, before)
    comparison, pieces, areas = compare_layers_by_piece(
        make_edition(layers[0]),
        make_edition(layers[1]),
        tolerance=norm.make_tolerance(),
        townships=townships,
        fields=(layers[1].get_field_name("land_use"),),
        shift_limits=make_shift_limits(norm),
        cancellation=cancellation,
    )
    if comparison.failed_pairs:
        raise InputError("yearly_geometry", layer=layers[1].name, count=len(comparison.failed_pairs))
    contexts = [RuleContext(plan, norm, norm.make_tolerance(), cancellation=cancellation) for plan in (before, after)]
    surveys = _make_surveys(layers, contexts, pieces, areas)
    net = [one.layer.numbers("net_area") for one in surveys]
    names = ["", *townships.names]
    sums = [
        np.bincount(pieces.township_row + 1, one.sum_shares(values, one.is_cultivated), len(names))
        for one, values in zip(surveys, net, strict=True)
    ]
    sums_by_township: dict[str, CultivatedSums] = {}
    for name, *pair in zip(names, *(one.tolist() for one in sums), strict=True):
        # Rows of one township may be several polygons.
        former = sums_by_township.get(name, CultivatedSums(0.0, 0.0))
        sums_by_township[name] = CultivatedSums(former.before_m2 + pair[0], former.after_m2 + pair[1])
    stable, unknown_words = zip(*(_read_stable(one.layer, norm) for one in surveys), strict=True)
    changes, unlisted = _list_changes(surveys, contexts, pieces, areas, net, stable, names, causes)
    return CultivatedResult(
        before,
        after,
        year,
        int(norm.get(UNIFIED_FROM_SETTING)),
        causes_file,
        layers,
        comparison,
        changes,
        sums_by_township,
        tuple(float(over.sum()) for over in areas.over[STATUTORY_BASIS]),  # type: ignore[arg-type]
        unlisted,
        tuple(sorted({word for words in unknown_words for word in words})),
    )


def _make_surveys(
    layers: tuple[Layer, Layer], contexts: list[RuleContext], pieces: LandPieces, areas: PieceAreas
) -> tuple[_Survey, _Survey]:
    """Return both surveys by piece."""
    sides = (pieces.before_row, areas.old), (pieces.after_row, areas.new)
    surveys = []
    for layer, ctx, (row, area) in zip(layers, contexts, sides, strict=True):
        row_area = layer.statutory[row]
        share = np.divide(area[STATUTORY_BASIS], row_area, out=np.zeros(len(row)), where=row_area > 0)
        surveys.append(_Survey(layer, row, share, ctx.find_cultivated_rows(layer)[row] & (row >= 0)))
    return surveys[0], surveys[1]


def _read_stable(layer: Layer, norm: Norm) -> tuple[list[bool | None], set[str]]:
    """Return 稳定耕地 of each row, None if unknown, and the words of the field that have no meaning."""
    texts = [text.strip() for text in layer.get_texts_by_name(norm.get("cultivated.stable_field"))]
    words = {False: norm.get("cultivated.unstable_words"), True: norm.get("cultivated.stable_words")}
    meanings = {word: is_stable for is_stable, listed in words.items() for word in listed}
    return [meanings.get(text) for text in texts], set(texts) - set(meanings) - {""}


def _measure_ridges(layer: Layer) -> NDArray:
    """Return (n,) 田坎 (m²): the deducted area KCMJ, else TBMJ × KCXS; NaN where both are missing."""
    ridges = layer.numbers("deduction_area")
    return np.where(np.isnan(ridges), layer.numbers("gross_area") * layer.numbers("deduction_rate"), ridges)


def _list_changes(
    surveys: tuple[_Survey, _Survey],
    contexts: list[RuleContext],
    pieces: LandPieces,
    areas: PieceAreas,
    net: list[NDArray],
    stable: tuple[list[bool | None], ...],
    townships: list[str],
    causes: dict[tuple[str, str], Cause],
) -> tuple[list[CultivatedChange], tuple[int, float]]:
    """Return the changes by township and place, and count and net area (m²) of those too small to be listed.

    ``net``, ``stable``: net areas and 稳定耕地 of the rows of both surveys; ``townships``: names, the first for none.
    """
    codes = contexts[0].get_code_list(CLASS_CODE_LIST_ID)
    classed = [classify_rows(one.layer, ctx) for one, ctx in zip(surveys, contexts, strict=True)]
    written = [_list_classes(one.layer, ctx) for one, ctx in zip(surveys, contexts, strict=True)]
    was, is_now = (one.is_cultivated for one in surveys)
    changes, unlisted = [], []
    sides = (MOVED_OUT_KIND, 0, was & ~is_now, areas.old), (MOVED_IN_KIND, 1, is_now & ~was, areas.new)
    for kind, side, selected, area in sides:
        survey = surveys[side]
        net_m2 = survey.sum_shares(net[side], selected)
        ridge_m2 = survey.sum_shares(_measure_ridges(survey.layer), selected)
        for n in np.flatnonzero(selected).tolist():
            if area[STATUTORY_BASIS][n] < _LEAST_LISTED_M2:
                unlisted.append(float(net_m2[n]))
                continue
            rows = [int(one.row[n]) for one in surveys]
            chains = [
                codes.list_code_and_parents(one.class_names[one.class_index[row]]) if row >= 0 else ()
                for one, row in zip(classed, rows, strict=True)
            ]
            found = (causes.get((old, new)) for old in chains[0] for new in chains[1])
            keys = [one.layer.keys[row] if row >= 0 else "" for one, row in zip(surveys, rows, strict=True)]
            classes = [one[row] if row >= 0 else "" for one, row in zip(written, rows, strict=True)]
            changes.append(
                CultivatedChange(
                    0,
                    kind,
                    townships[pieces.township_row[n] + 1],
                    keys[0],
                    keys[1],
                    classes[0],
                    classes[1],
                    next(filter(None, found), None),
                    stable[side][rows[side]],
                    pieces.shape[n],
                    float(area[STATUTORY_BASIS][n]),
                    float(net_m2[n]),
                    float(ridge_m2[n]),
                )
            )
    order = {name: n for n, name in enumerate(townships)}
    changes.sort(
        key=lambda one: (one.kind == MOVED_IN_KIND, order[one.township], *one.geometry.bounds, one.geometry.wkb)
    )
    for number, one in enumerate(changes, 1):
        one.number = number
    return changes, (len(unlisted), sum(unlisted))


def _list_classes(layer: Layer, ctx: RuleContext) -> list[str]:
    """Return code and name of each row's class as the survey has it."""
    declared = require_value(layer.template.find_field("land_use"), f"the land use of {layer.role}")
    names = {one.code: one.name for one in ctx.get_code_list(declared.codes).entry_by_code.values()}
    codes = [trim_code_padding(code, declared.code_pad) for code in layer.text("land_use")]
    return [f"{code} {names.get(code, '')}".rstrip() for code in codes]
