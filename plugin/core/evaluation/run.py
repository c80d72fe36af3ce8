# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluate several editions of a county: compute the indicators of each once, then compare them.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..connection_text import name_source
from ..engine.context import RuleContext
from ..engine.provenance import make_provenance
from ..errors import InputError, SanxianError
from ..indicators.compute import PlanIndicators
from ..invariants import require_value
from ..loading.reading import read_plan
from ..messages.texts import Texts, strip_folders
from ..options import RunOptions
from .differences import list_differences
from .editions import make_labels, sort_editions
from .levels import judge_series
from .model import Edition, EditionFigures, Evaluation, EvaluationSettings
from .series import make_series

ProgressCallback = Callable[[float, str], None]
#: Share of an edition's progress that reading takes.
_READING_SHARE = 0.4


def evaluate_editions(
    editions: list[Edition],
    options: RunOptions | None = None,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Evaluation:
    """Return the indicators of editions as series, with changes, targets and early warnings.

    An edition that cannot be read keeps its column, with the reason. ``options``: standard, profile, roles and scope
    of all editions; the profile of an edition takes precedence. Targets and thresholds are those of the last edition.

    Raises
    ------
    InputError
        No edition is given, or none can be read.
    DataError
        The profile or the standard of the run is wrong.
    Cancelled
    """
    options = options or RunOptions()
    if not editions:
        raise InputError("evaluation_no_editions")
    # An unknown profile of the run is an error of the run, not of each edition.
    options.resolve_norm()
    texts = Texts(options.lang)
    kept, notes = sort_editions(editions)
    progress(0.0, "")
    columns = []
    for number, (edition, label) in enumerate(zip(kept, make_labels(kept, options.lang), strict=True)):
        start = number / len(kept)

        def report_progress(share: float, text: str, start: float = start) -> None:
            progress(start + share / len(kept), text)

        columns.append(_compute_edition(edition, label, options, texts, report_progress, cancellation))
    read = [one for one in columns if one.is_read]
    if not read:
        raise InputError("evaluation_none_read", reason=columns[0].problem)
    norm = require_value(read[-1].norm, "the norm of an edition")
    settings = EvaluationSettings.from_norm(norm)
    series = make_series(columns, options.lang)
    for one in series:
        judge_series(one, columns, settings, norm)
    notes += list_differences(columns, texts)
    progress(1.0, "")
    return Evaluation(columns, series, norm, settings, options.lang, notes)


def _compute_edition(
    edition: Edition,
    label: str,
    options: RunOptions,
    texts: Texts,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> EditionFigures:
    """Return the indicators of an edition, or why it could not be read; its layers are not kept. Raise Cancelled."""
    options = replace(options, profile=edition.profile or options.profile)
    name = name_source(edition.source)
    progress(0.0, texts.get("evaluation", "reading", edition=label, source=name))
    try:
        norm = options.resolve_norm()
        plan = read_plan(edition.source, norm, options, cancellation=cancellation)
        progress(_READING_SHARE, texts.get("evaluation", "computing", edition=label))
        tolerance = options.tolerance or plan.norm.make_tolerance()
        context = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=options.lang)
        indicators = PlanIndicators(context, texts).compute_all_indicators()
    except SanxianError as error:
        return EditionFigures(edition, label, problem=strip_folders(texts.explain_error(error)))
    provenance = make_provenance(plan, texts)
    return EditionFigures(
        edition,
        label,
        norm=plan.norm,
        area_code=plan.area_code,
        area_name=provenance["area_name"],
        crs=provenance["crs"],
        base_year=plan.base_year,
        layers={role: len(layer) for role, layer in plan.layers.items()},
        notices=[*provenance["notices"], *(texts.describe_unread(one) for one in plan.unread_data)],
        input_files=plan.input_files,
        indicators={one.definition.id: one for one in indicators},
    )
