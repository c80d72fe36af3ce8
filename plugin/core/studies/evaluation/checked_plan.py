# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluate a checked plan with earlier editions: the plan is the last edition and is not read again.

Command line and toolbox use this module.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import name_source
from ...base.errors import InputError
from ...base.files.writing import is_same_file
from ...checks.check import CheckResult
from ...engine.context import RuleContext
from ...figures.indicators.compute import PlanIndicators
from ...standard.messages.texts import NameList, Texts
from ...standard.options import RunOptions
from .differences import Note
from .editions import is_same_source, make_labels, sort_editions
from .evaluate_editions import compare_editions, compute_each_indicator, compute_editions, make_edition_figures
from .evaluated_editions import EVALUATION_SECTION, Edition, Evaluation

ProgressCallback = Callable[[float, str], None]


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
        Editions of a list, as `editions.read_editions` returns them.
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
    tolerance = options.tolerance or plan.norm.make_tolerance()
    context = RuleContext(
        plan, plan.norm, tolerance, cancellation=cancellation, side_inputs=check_result.side, lang=options.lang
    )
    indicators = PlanIndicators(context, texts)
    indicators.use_figures_of_check(check_result.report.indicators)
    checked = make_edition_figures(
        editions.checked, editions.checked_label, plan, compute_each_indicator(indicators, texts), texts
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
