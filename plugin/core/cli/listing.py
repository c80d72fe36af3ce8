# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that print rules, profiles, data dictionaries, package specifications."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from ..base.errors import DataError
from ..base.files.writing import check_writable, write_text
from ..render.words import ReportTexts
from ..standard.messages.texts import Texts
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    EXIT_NOT_RUN,
    make_run_options,
    print_line,
    print_line_of_run,
    print_lines,
    print_progress,
    print_written,
)


def run_print_rule_book_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Print the rule book, or write it as CSV and HTML; return the exit code."""
    from ..render.rule_book import RuleBook

    book = RuleBook(make_run_options(args, report_texts).resolve_norm(), report_texts.lang)
    for target in filter(None, (args.csv, args.html)):
        check_writable(target, [])
    if args.csv:
        write_text(args.csv, book.render_csv())
    if args.html:
        write_text(args.html, book.render_page())
    print_written((args.csv, args.html), report_texts)
    print_lines([] if args.csv or args.html else book.list_rule_lines())
    return EXIT_CLEAN


def run_describe_rule_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Print the description of one rule and the values of its settings in force.

    Returns the exit code.
    """
    from ..engine.evaluate import choose_rules
    from ..engine.explanation import find_effective_values, format_effective_values
    from ..render.rule_book import RuleBook

    texts = Texts(report_texts.lang)
    norm = make_run_options(args, report_texts).resolve_norm()
    (rule,) = choose_rules((), (args.code,), norm.declared_rules)
    print_lines(RuleBook(norm, report_texts.lang, [rule.code]).list_rule_facts())
    print_lines(f"\n{heading}\n  {' '.join(body.split())}" for heading, body in texts.get_rule_help(rule).items())
    effective = format_effective_values(find_effective_values(rule, norm), texts)
    if effective:
        print_lines([f"\n{texts.get('explain', 'parameters')}", *(f"  {line}" for line in effective)])
    print_line(f"\n{report_texts.get('text', 'basis')}")
    for key in rule.basis:
        if source := norm.citations.get(key):
            read_in = report_texts.put_in_brackets(report_texts.join_parts(source.sources)) if source.sources else ""
            print_line(f"  [{source.mark}] {source.zh if report_texts.lang == 'zh' else source.en}{read_in}")
    return EXIT_CLEAN


def _report_problems(file: str, problems: Sequence[DataError], report_texts: ReportTexts | Texts, section: str) -> bool:
    """Print the problems of a data file under a heading.

    Returns True if the file has no problems.
    """
    if problems:
        print_line(report_texts.get(section, "problems", file=file, count=len(problems)), sys.stderr)
    print_lines((f"  {Texts(report_texts.lang).explain_error(problem)}" for problem in problems), sys.stderr)
    return not problems


def run_print_profile_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Print a profile merged with its standard, or the problems of an invalid one.

    Returns the exit code.
    """
    from ..render.profile import convert_profile_to_dict, render_profile_lines
    from ..standard.profile import find_profile_problems

    if not _report_problems(args.profile, find_profile_problems(args.profile), report_texts, "resolved"):
        return EXIT_NOT_RUN
    norm = make_run_options(args, report_texts).resolve_norm()
    if args.check:
        print_line(report_texts.get("resolved", "sound", file=args.profile))
        return EXIT_CLEAN
    if args.json:
        check_writable(args.json, [str(norm.profile.path)])
        write_text(args.json, json.dumps(convert_profile_to_dict(norm), ensure_ascii=False, indent=1) + "\n")
        print_written([args.json], report_texts)
    else:
        print_lines(render_profile_lines(norm, report_texts))
    return EXIT_CLEAN


def run_write_data_dictionary_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write the data dictionary of a standard as HTML; return the exit code."""
    from ..render.dictionary import render_dictionary
    from ..standard import load_standard

    write_text(args.html, render_dictionary(load_standard(args.standard), report_texts.lang))
    print_written([args.html], report_texts)
    return EXIT_CLEAN


def run_list_package_files_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Print the folders and files that a package specification asks for, or the errors of an invalid specification.

    Returns the exit code.
    """
    from ..package.package_spec.load import find_spec_problems, list_package_tree, load_package_spec

    texts = Texts(report_texts.lang)
    if not _report_problems(args.form, find_spec_problems(args.form), texts, "form"):
        return EXIT_NOT_RUN
    print_lines(list_package_tree(load_package_spec(args.form), texts))
    print_line(texts.get("form", "sound", file=args.form))
    return EXIT_CLEAN


def run_doctor_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Print the environment check, and write it to a file if requested; return the exit code.

    CLEAN: checks can run here; FOUND: something that they need is missing, or an example has another result.
    """
    from .doctor.examine import check_output, format_fact, run_doctor, write_report

    if args.output:
        check_output(args.output)
    report = run_doctor(
        report_texts.lang,
        with_examples=not args.no_examples,
        on_fact=lambda fact: print_line_of_run(format_fact(fact, report_texts.lang)),
        progress=print_progress,
    )
    if args.output:
        write_report(report, args.output)
    print_line(report.conclusion)
    print_written([args.output], report_texts)
    return EXIT_CLEAN if report.is_healthy else EXIT_FOUND
