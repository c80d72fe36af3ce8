# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluate several editions of a county: compute the indicators of each once, then compare them.

A checked plan may be the last edition; it is not read again. Command line and toolbox use this module.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...base.connection_text import describe_exception, name_source
from ...base.errors import (
    NEVER_CANCELLED,
    Cancellation,
    Cancelled,
    InputError,
    ProgressCallback,
    SanxianError,
    require_value,
)
from ...base.files.writing import is_same_file
from ...checks.check import CheckResult
from ...engine.context import RuleContext
from ...engine.provenance import make_provenance
from ...figures.indicators.compute import ComputedIndicator, PlanIndicators
from ...figures.statistics_file import load_statistics
from ...model.indicator import Indicator
from ...plan.loading.reading import read_plan
from ...standard.messages.texts import NameList, Texts, strip_folders
from ...standard.options import RunOptions
from .evaluated_editions import (
    EVALUATION_SECTION,
    Edition,
    EditionFigures,
    Evaluation,
    EvaluationSettings,
    is_same_source,
    make_labels,
    sort_editions,
)
from .series import Note, judge_series, list_differences, make_series

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
        raise InputError("evaluation_none_read", source=name_source(kept[0].source), reason=columns[0].problem)
    progress(1.0, "")
    return compare_editions(columns, notes, options.lang)


def compute_editions(
    editions: list[Edition],
    labels: list[str],
    options: RunOptions,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> list[EditionFigures]:
    """Return the indicators of editions, each with its label, or why it could not be read; layers are not kept.

    An unexpected error in an edition must not lose the others, nor the report of a check that has already run. Raise
    Cancelled.
    """
    texts, columns = Texts(options.lang), []
    for number, (edition, label) in enumerate(zip(editions, labels, strict=True)):
        progress(
            number / len(editions),
            texts.get("evaluation", "reading", edition=label, source=name_source(edition.source)),
        )
        try:
            of_edition = replace(options, profile=edition.profile or options.profile)
            plan = read_plan(edition.source, of_edition.resolve_norm(), of_edition, cancellation=cancellation)
            progress((number + _READING_SHARE) / len(editions), texts.get("evaluation", "computing", edition=label))
            context = RuleContext(
                plan,
                plan.norm,
                options.tolerance or plan.norm.make_tolerance(),
                cancellation=cancellation,
                lang=options.lang,
            )
            columns.append(make_edition_figures(edition, label, context, texts))
        except Cancelled:
            raise
        except Exception as error:
            columns.append(EditionFigures(edition, label, problem=_explain_failure(error, "edition_crashed", texts)))
    return columns


def _explain_failure(error: Exception, crash_key: str, texts: Texts) -> str:
    """Return why something failed; an unexpected error has the text of ``crash_key``."""
    if isinstance(error, SanxianError):
        return strip_folders(texts.explain_error(error))
    return texts.get(EVALUATION_SECTION, crash_key, detail=describe_exception(error))


def compare_editions(columns: list[EditionFigures], notes: list[Note], lang: str) -> Evaluation:
    """Return editions, of which at least one was read, as series with changes, targets and early warnings.

    ``notes``: (text key, parameters) on the list of editions; notes on differences between editions are added.
    """
    norm = require_value([one for one in columns if one.is_read][-1].norm, "the norm of an edition")
    names = EvaluationSettings.__dataclass_fields__
    settings = EvaluationSettings(**{name: float(norm.get(f"{EVALUATION_SECTION}.{name}")) for name in names})
    series = make_series(columns, lang)
    for one in series:
        judge_series(one, columns, settings, norm)
    return Evaluation(columns, series, norm, settings, lang, [*notes, *list_differences(columns, Texts(lang))])


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
        except Exception as error:
            computed.append(
                ComputedIndicator(
                    entry, missing_reason=_explain_failure(error, "indicator_crashed", texts), has_failed=True
                )
            )
    return computed


def make_edition_figures(
    edition: Edition,
    label: str,
    context: RuleContext,
    texts: Texts,
    figures_of_check: Sequence[Indicator] = (),
) -> EditionFigures:
    """Return the indicators of a plan that was read, with what reports state about it.

    The county's statistics give figures up to the year of the edition. ``figures_of_check`` as of `PlanIndicators`.
    """
    plan = context.plan
    statistics = load_statistics(plan.norm, plan.area_code, edition.year)
    indicators = compute_each_indicator(PlanIndicators(context, texts, figures_of_check, statistics), texts)
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
        notices=[
            *provenance["notices"],
            *plan.describe_gaps(texts),
            *(statistics.describe(texts) if statistics is not None else ()),
        ],
        input_files=(*plan.input_files, *([str(statistics.path)] if statistics is not None else [])),
        indicators={one.definition.id: one for one in indicators},
    )


@dataclass(frozen=True)
class EditionsOfCheck:
    """The editions of a check: ``earlier`` ones, and the ``checked`` plan, which is the last one.

    ``notes``: (text key, parameters) on the list; ``earlier_labels``, ``checked_label``: heads of the columns.
    """

    earlier: list[Edition]
    checked: Edition
    notes: list[Note]
    earlier_labels: list[str]
    checked_label: str


def choose_editions_of_check(
    editions: list[Edition], source: str, profile: str, present_year: int, lang: str
) -> EditionsOfCheck:
    """Return the editions of a check from a list, before anything is read.

    An edition without a source, or with that of the check, is the checked plan: it gives the year and the name.

    Parameters
    ----------
    editions
        Editions of a list, as `read_editions` returns them.
    source
        Path or connection of the checked data; for layers of a project the result of `find_source_of_layers`, or the
        name of the project.
    profile
        Profile of the check, which applies to the checked plan; a note mentions another one in the list.
    present_year
        Year of the checked plan if the list does not give it; a note mentions this.
    lang
        zh or en.

    Raises
    ------
    InputError
        Several editions are the checked plan, an edition is later than it, or no other edition is given.
    """
    texts = Texts(lang)
    given = [one for one in editions if not one.source or is_same_source(one.source, source)]
    earlier = [one for one in editions if one not in given]
    if not earlier:
        raise InputError("evaluation_no_earlier")
    if len({(one.year, one.name) for one in given}) > 1:
        raise InputError("evaluation_checked_twice", years=NameList(tuple(str(one.year) for one in given)))
    name = texts.get(EVALUATION_SECTION, "checked_plan")
    checked = Edition(present_year, source, name=name)
    notes: list[Note] = []
    if given:
        checked = replace(given[0], source=source, name=given[0].name or name)
        if given[0].profile and given[0].profile != profile and not is_same_file(given[0].profile, profile):
            notes.append(("checked_profile", {"profile": name_source(given[0].profile)}))
    else:
        notes.append(("assumed_year", {"year": present_year}))
    later = next((one for one in earlier if one.year > checked.year), None)
    if later is not None:
        raise InputError(
            "evaluation_later_edition", year=later.year, source=name_source(later.source), checked=checked.year
        )
    # The order of editions of one year remains, so the checked plan is the last one.
    kept, list_notes = sort_editions([*earlier, checked])
    *labels, checked_label = make_labels(kept, lang)
    return EditionsOfCheck(kept[:-1], kept[-1], [*list_notes, *notes], labels, checked_label)


def find_source_of_layers(paths: Sequence[str]) -> str:
    """Return the file that most of the layers are from, else the folder of most files; empty without either.

    A list of editions names files and folders, not a project. ``paths``: of each layer; those of layers without a file
    do not exist. Most means more than half, so that a background layer does not count.
    """
    files = [os.path.abspath(path) for path in paths if path and os.path.exists(path)]
    for candidates in (files, [os.path.dirname(path) for path in files]):
        for path, count in Counter(candidates).most_common(1):
            if 2 * count > len(paths):
                return path
    return ""


def evaluate_check(
    check_result: CheckResult,
    editions: EditionsOfCheck,
    options: RunOptions,
    *,
    has_roles: bool = True,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Evaluation:
    """Return the indicators of a checked plan and of earlier editions as series.

    The figures of the checked plan are those of its report; indicators that no rule of the check reports are computed
    from its layers. An edition that cannot be read keeps its column, with the reason.

    Parameters
    ----------
    options
        Options of the check. Earlier editions use its standard, profile, scope and tolerance; base year and tables of
        the check are those of the checked plan only.
    has_roles
        The roles of the options also apply to earlier editions; False for layers of a project.

    Raises
    ------
    Cancelled
    """
    plan, texts = check_result.plan, Texts(options.lang)
    of_editions = RunOptions(
        standard=options.standard,
        profile=options.profile,
        roles=options.roles if has_roles else "",
        scope=options.scope,
        tolerance=options.tolerance,
        lang=options.lang,
    )
    progress(0.0, texts.get(EVALUATION_SECTION, "computing", edition=editions.checked_label))
    context = RuleContext(
        plan,
        plan.norm,
        options.tolerance or plan.norm.make_tolerance(),
        cancellation=cancellation,
        side_inputs=check_result.side,
        lang=options.lang,
    )
    checked = make_edition_figures(
        editions.checked, editions.checked_label, context, texts, check_result.report.indicators
    )
    share = 1 / (len(editions.earlier) + 1)
    columns = compute_editions(
        editions.earlier,
        editions.earlier_labels,
        of_editions,
        lambda done, text: progress(share + (1 - share) * done, text),
        cancellation,
    )
    progress(1.0, "")
    return compare_editions([*columns, checked], editions.notes, options.lang)
