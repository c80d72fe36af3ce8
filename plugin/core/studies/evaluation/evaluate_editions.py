# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluate several editions of a county: compute the indicators of each once, then compare them.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import describe_exception, name_source
from ...base.errors import Cancelled, InputError, SanxianError
from ...base.invariants import require_value
from ...engine.context import RuleContext
from ...engine.provenance import make_provenance
from ...figures.indicators.compute import ComputedIndicator, PlanIndicators
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...standard.messages.texts import Texts, strip_folders
from ...standard.options import RunOptions
from .differences import Note, list_differences
from .editions import make_labels, sort_editions
from .evaluated_editions import EVALUATION_SECTION, Edition, EditionFigures, Evaluation, EvaluationSettings
from .levels import judge_series
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
    kept, notes = sort_editions(editions)
    progress(0.0, "")
    columns = compute_editions(kept, make_labels(kept, options.lang), options, progress, cancellation)
    if not any(one.is_read for one in columns):
        raise InputError("evaluation_none_read", reason=columns[0].problem)
    progress(1.0, "")
    return compare_editions(columns, notes, options.lang)


def compute_editions(
    editions: list[Edition],
    labels: list[str],
    options: RunOptions,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> list[EditionFigures]:
    """Return the indicators of editions, each with its label; their layers are not kept. Raise Cancelled."""
    texts, columns = Texts(options.lang), []
    for number, (edition, label) in enumerate(zip(editions, labels, strict=True)):
        start = number / len(editions)

        def report_progress(share: float, text: str, start: float = start) -> None:
            progress(start + share / len(editions), text)

        columns.append(_compute_edition(edition, label, options, texts, report_progress, cancellation))
    return columns


def compare_editions(columns: list[EditionFigures], notes: list[Note], lang: str) -> Evaluation:
    """Return editions, of which at least one was read, as series with changes, targets and early warnings.

    ``notes``: (text key, parameters) on the list of editions; notes on differences between editions are added.
    """
    norm = require_value([one for one in columns if one.is_read][-1].norm, "the norm of an edition")
    settings = EvaluationSettings.from_norm(norm)
    series = make_series(columns, lang)
    for one in series:
        judge_series(one, columns, settings, norm)
    return Evaluation(columns, series, norm, settings, lang, [*notes, *list_differences(columns, Texts(lang))])


def _compute_edition(
    edition: Edition,
    label: str,
    options: RunOptions,
    texts: Texts,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> EditionFigures:
    """Return the indicators of an edition, or why it could not be read; its layers are not kept. Raise Cancelled.

    An unexpected error in an edition must not lose the others, nor the report of a check that has already run.
    """
    options = replace(options, profile=edition.profile or options.profile)
    progress(0.0, texts.get("evaluation", "reading", edition=label, source=name_source(edition.source)))
    try:
        plan = read_plan(edition.source, options.resolve_norm(), options, cancellation=cancellation)
        progress(_READING_SHARE, texts.get("evaluation", "computing", edition=label))
        tolerance = options.tolerance or plan.norm.make_tolerance()
        context = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=options.lang)
        indicators = compute_each_indicator(PlanIndicators(context, texts), texts)
        return make_edition_figures(edition, label, plan, indicators, texts)
    except Cancelled:
        raise
    except SanxianError as error:
        problem = strip_folders(texts.explain_error(error))
    except Exception as error:
        problem = texts.get(EVALUATION_SECTION, "edition_crashed", detail=describe_exception(error))
    return EditionFigures(edition, label, problem=problem)


def compute_each_indicator(indicators: PlanIndicators, texts: Texts) -> list[ComputedIndicator]:
    """Return every indicator of a plan; one whose computation fails is marked, with the reason. Raise Cancelled.

    One failing indicator must not lose the others, nor the report of a check that has already run.
    """
    computed = []
    for name, entry in indicators.catalogue.indicator_by_id.items():
        try:
            computed.append(indicators.compute_indicator(name))
        except Cancelled:
            raise
        except SanxianError as error:
            reason = strip_folders(texts.explain_error(error))
            computed.append(ComputedIndicator(entry, missing_reason=reason, has_failed=True))
        except Exception as error:
            reason = texts.get(EVALUATION_SECTION, "indicator_crashed", detail=describe_exception(error))
            computed.append(ComputedIndicator(entry, missing_reason=reason, has_failed=True))
    return computed


def make_edition_figures(
    edition: Edition, label: str, plan: Plan, indicators: list[ComputedIndicator], texts: Texts
) -> EditionFigures:
    """Return the indicators of a plan that was read, with what reports state about it."""
    provenance = make_provenance(plan, texts)
    figures = (figure for one in indicators for figure in one.figures)
    return EditionFigures(
        edition,
        label,
        norm=plan.norm,
        area_code=plan.area_code,
        area_name=provenance["area_name"],
        crs=provenance["crs"],
        # The ratio may take its year from field or name; the parameter alone would differ from an edition without it.
        base_year=next((one.inputs["base_year"] for one in figures if "base_year" in one.inputs), plan.base_year),
        layers={role: len(layer) for role, layer in plan.layers.items()},
        notices=[*provenance["notices"], *plan.describe_gaps(texts)],
        input_files=plan.input_files,
        indicators={one.definition.id: one for one in indicators},
    )
