# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the environment check: examine disk, encodings, projections and libraries, then run the examples.

The result is shown as lines, or written as a text file or JSON, without names and folders of the machine.
"""

from __future__ import annotations

import json
import locale
import math
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path

from ....metadata import read_plugin_version
from ...base.connection_text import describe_exception
from ...base.errors import NEVER_CANCELLED, Cancellation, OutputError
from ...base.files.writing import check_writable, write_atomically
from ...standard import load_standard
from ...standard.messages.texts import Texts
from .libraries import (
    FactState,
    MachineFact,
    describe_library_installation,
    describe_needed_libraries,
    iterate_format_facts,
    iterate_library_facts,
    list_unusable_libraries,
    load_requirements,
)

_GIGABYTE = 1e9
_TRIAL_FOLDER, _TRIAL_FILE, _TRIAL_TEXT = "规划 数据", "县 界.txt", "浑源县"
#: Share of the progress before the examples begin.
_SHARE_OF_MACHINE = 0.05
#: Failed examples that have a line each; the others are counted.
MAX_FAILURE_LINES = 50
SCHEMA = "sanxian-doctor/1"
#: Formats of the result.
OUTPUT_SUFFIXES = (".txt", ".json")


@dataclass(frozen=True)
class DoctorReport:
    """The lines of an environment check, and its conclusion."""

    facts: tuple[MachineFact, ...]
    conclusion: str
    lang: str

    @property
    def is_healthy(self) -> bool:
        """Return True if nothing that checks need is missing, and no example has another result."""
        return all(fact.state not in (FactState.MISSING, FactState.FAILED) for fact in self.facts)


def iterate_disk_facts(folders: dict[str, Path], texts: Texts) -> Iterator[MachineFact]:
    """Yield a line for each folder: free space, and whether a file can be written.

    ``folders``: key of the texts (``disk_temporary``, ``disk_profile``) → folder; the path itself is not reported.
    """
    requirements = load_requirements()
    for key, folder in folders.items():
        name = texts.get("environment", key)
        try:
            free_gb = shutil.disk_usage(folder).free / _GIGABYTE
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            found = texts.get("environment", "disk_not_writable", detail=describe_exception(error))
            yield MachineFact(key, FactState.MISSING, name, found, texts.get("environment", "disk_not_writable_remedy"))
            continue
        found, state, remedy = texts.get("environment", "disk_free", free=f"{free_gb:.1f}"), FactState.OK, ""
        if free_gb < requirements.disk_warning_gb:
            state = FactState.WARNING if free_gb >= requirements.disk_minimum_gb else FactState.MISSING
            remedy = texts.get("environment", "disk_remedy", needed=f"{requirements.disk_warning_gb:g}")
        yield MachineFact(key, state, name, found, remedy)


def iterate_encoding_facts(texts: Texts) -> Iterator[MachineFact]:
    """Yield the lines of Python's encodings and of a trial with a Chinese path that has spaces."""
    preferred, of_files = locale.getpreferredencoding(False), sys.getfilesystemencoding()
    for key, encoding in (("encoding_text", preferred), ("encoding_paths", of_files)):
        name = texts.get("environment", key)
        try:
            _TRIAL_TEXT.encode(encoding)
        except (LookupError, UnicodeError):
            yield MachineFact(key, FactState.WARNING, name, encoding, texts.get("environment", "encoding_remedy"))
        else:
            yield MachineFact(key, FactState.OK, name, encoding)
    try:
        with tempfile.TemporaryDirectory() as trial:
            path = Path(trial) / _TRIAL_FOLDER / _TRIAL_FILE
            path.parent.mkdir()
            path.write_text(_TRIAL_TEXT, encoding="utf-8")
            # The names that the system lists, not those that were requested.
            listed_names = [*os.listdir(trial), *os.listdir(path.parent)]
            is_listed = listed_names == [_TRIAL_FOLDER, _TRIAL_FILE]
            found = path.read_text(encoding="utf-8") if is_listed else "/".join(listed_names)
    except (OSError, UnicodeError) as error:
        found = describe_exception(error)
    is_right = found == _TRIAL_TEXT
    yield MachineFact(
        "chinese_path",
        FactState.OK if is_right else FactState.MISSING,
        texts.get("environment", "chinese_path"),
        texts.get("environment", "chinese_path_works") if is_right else found,
        "" if is_right else texts.get("environment", "chinese_path_remedy"),
    )


def make_projection_fact(texts: Texts) -> MachineFact:
    """Return the line of a transformation from zone 38 to zone 39, with its difference from the known value (m)."""
    name = texts.get("environment", "projection")
    unusable = list_unusable_libraries(("pyproj",))
    if unusable:
        return MachineFact("projection", FactState.NOT_RUN, name, describe_needed_libraries(unusable, texts))
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    sample, remedy = load_requirements().projection, texts.get("environment", "projection_remedy")
    try:
        found = Transformer.from_crs(sample.source_crs, sample.target_crs, always_xy=True).transform(
            *sample.source_point, errcheck=True
        )
    except ProjError as error:
        return MachineFact("projection", FactState.MISSING, name, describe_exception(error), remedy)
    difference = math.dist(found, sample.target_point)
    text = texts.get("environment", "projection_difference", difference=f"{difference:.4f}")
    is_right = difference <= sample.tolerance_m
    return MachineFact(
        "projection", FactState.OK if is_right else FactState.FAILED, name, text, "" if is_right else remedy
    )


def make_legal_documents_fact(texts: Texts, today: date) -> MachineFact:
    """Return the line of the laws and standards that rules quote: a warning if a review is too old."""
    key, months = "legal_documents", load_requirements().legal_review_months
    documents = load_standard().legal_documents.values()
    reviews = {one.zh if texts.lang == "zh" else one.en: one.reviewed for one in documents if one.reviewed is not None}
    old = [name for name, day in reviews.items() if count_months(day, today) >= months]
    never, names = len(documents) - len(reviews), texts.get("words", "between_names").join(old)
    return MachineFact(
        key,
        FactState.WARNING if old else FactState.OK,
        texts.get("environment", key),
        texts.get("environment", f"{key}_found", count=len(documents), oldest=min(reviews.values()), never=never),
        texts.get("environment", f"{key}_remedy", months=months, names=names) if old else "",
    )


def count_months(start: date, end: date) -> int:
    """Return the number of whole months from one day to another."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def iterate_example_facts(
    texts: Texts, progress: Callable[[float, str], None], cancellation: Cancellation
) -> Iterator[MachineFact]:
    """Run all examples; yield a line for each kind, and one for each example with another result.

    Raises Cancelled.
    """
    unusable = list_unusable_libraries()
    if unusable:
        name, reason = texts.get("environment", "examples"), describe_needed_libraries(unusable, texts)
        yield MachineFact("examples", FactState.NOT_RUN, name, reason)
        return
    from ..examples.run_examples import CHECK, FIX, RULE, run_examples

    run = run_examples(progress, cancellation)
    for kind in (RULE, FIX, CHECK):
        failures = [one for one in run.failures if one[0].kind == kind]
        key = "examples_fail" if failures else "examples_pass"
        yield MachineFact(
            f"examples.{kind}",
            FactState.FAILED if failures else FactState.OK,
            texts.get("environment", f"examples_{kind}"),
            texts.get("environment", key, count=run.counts[kind], failed=len(failures)),
            texts.get("environment", "examples_remedy") if failures else "",
        )
        for example, problem in failures[:MAX_FAILURE_LINES]:
            yield MachineFact(
                f"example.{example.code}",
                FactState.FAILED,
                texts.get("environment", "example", code=example.code, title=example.title),
                problem.explain(texts),
            )


def run_doctor(
    lang: str,
    *,
    facts_of_host: Iterable[MachineFact] = (),
    folders: dict[str, Path] | None = None,
    with_examples: bool = True,
    on_fact: Callable[[MachineFact], None] = lambda fact: None,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> DoctorReport:
    """Examine the machine and run the examples; return the report.

    ``lang``: zh or en. ``facts_of_host``: lines of the program that runs the plugin (QGIS), which come first.
    ``folders``: further folders for `iterate_disk_facts`. ``on_fact`` gets each line as soon as it is known.
    ``progress`` gets the share done (0…1) and the name of a line or the code of the present example. Raises Cancelled.
    """
    texts = Texts(lang)
    facts: list[MachineFact] = []
    share_done = 0.0

    def add_fact(fact: MachineFact) -> None:
        facts.append(fact)
        on_fact(fact)
        progress(share_done, fact.name)

    for fact in chain(
        facts_of_host,
        iterate_library_facts(texts),
        iterate_format_facts(texts),
        [make_projection_fact(texts)],
        iterate_disk_facts({"disk_temporary": Path(tempfile.gettempdir()), **(folders or {})}, texts),
        iterate_encoding_facts(texts),
        [make_legal_documents_fact(texts, date.today())],
    ):
        add_fact(fact)
        cancellation.raise_if_cancelled()
    share_done = _SHARE_OF_MACHINE
    if with_examples:

        def report_progress(share: float, code: str) -> None:
            nonlocal share_done
            share_done = _SHARE_OF_MACHINE + (1 - _SHARE_OF_MACHINE) * share
            progress(share_done, code)

        for fact in iterate_example_facts(texts, report_progress, cancellation):
            add_fact(fact)
    progress(1.0, "")
    return DoctorReport(tuple(facts), make_conclusion(tuple(facts), texts), lang)


def make_cancelled_report(facts: tuple[MachineFact, ...], lang: str) -> DoctorReport:
    """Return the report of a check that the user cancelled after these lines."""
    texts = Texts(lang)
    fact = MachineFact(
        "cancelled", FactState.NOT_RUN, texts.get("environment", "examples"), texts.get("environment", "cancelled")
    )
    report = DoctorReport((*facts, fact), make_conclusion(facts, texts), lang)
    return replace(report, conclusion=texts.get("environment", "cancelled_conclusion")) if report.is_healthy else report


def make_conclusion(facts: tuple[MachineFact, ...], texts: Texts) -> str:
    """Return a sentence on whether checks can run here, with the remedy if not."""
    missing_libraries = [
        fact.name for fact in facts if fact.state is FactState.MISSING and fact.identifier.startswith("library.")
    ]
    if missing_libraries:
        names = ", ".join(missing_libraries)
        return texts.get("environment", "bad", libraries=names, remedy=describe_library_installation(texts))
    names = ", ".join(f.name for f in facts if f.state in (FactState.MISSING, FactState.FAILED))
    if names:
        return texts.get("environment", "bad_other", names=names)
    warnings = sum(fact.state is FactState.WARNING for fact in facts)
    return (
        texts.get("environment", "good_with_warnings", count=warnings) if warnings else texts.get("environment", "good")
    )


def format_fact(fact: MachineFact, lang: str) -> str:
    """Return a line: state, name, what was found, remedy."""
    texts = Texts(lang)
    return texts.get(
        "environment",
        "line_with_remedy" if fact.remedy else "line",
        state=texts.get("environment_states", fact.state),
        name=fact.name,
        found=fact.found,
        remedy=fact.remedy,
    ).strip()


def list_report_lines(report: DoctorReport) -> list[str]:
    """Return the lines of a report; the first one is the conclusion."""
    return [report.conclusion, *(format_fact(fact, report.lang) for fact in report.facts)]


def check_output(target: str) -> None:
    """Raise OutputError before the run if the result cannot be written to this path."""
    if Path(target).suffix.lower() not in OUTPUT_SUFFIXES:
        raise OutputError("output_format", target=target, known=", ".join(OUTPUT_SUFFIXES))
    check_writable(target, [])


def write_report(report: DoctorReport, target: str) -> None:
    """Write a report as text (.txt) or JSON (.json); raise OutputError if it cannot be written."""
    check_output(target)
    # Neither the machine's name nor that of its user.
    machine = {
        "date": date.today().isoformat(),
        "plugin": read_plugin_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }
    if Path(target).suffix.lower() == ".json":
        data = {
            "schema": SCHEMA,
            **machine,
            "healthy": report.is_healthy,
            "conclusion": report.conclusion,
            "facts": [
                {
                    "id": fact.identifier,
                    "state": fact.state.value,
                    "name": fact.name,
                    "found": fact.found,
                    "remedy": fact.remedy,
                }
                for fact in report.facts
            ],
        }
        content = json.dumps(data, ensure_ascii=False, indent=1)
    else:
        title = Texts(report.lang).get("environment", "title")
        content = "\n".join([title, " · ".join(machine.values()), "", *list_report_lines(report)])
    with write_atomically(target) as path:
        path.write_text(content + "\n", encoding="utf-8")
