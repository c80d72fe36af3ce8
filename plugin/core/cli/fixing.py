# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands on fixes and work lists: apply and list fixes; show, update, split and merge a work list."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import datetime
from pathlib import Path

from ..base.files.writing import check_writable, write_atomically
from ..render.words import ReportTexts
from ..render.worklist.merge import NamedPart, merge_into_file, read_choices, split_worklist, write_conflicts
from ..render.worklist.worklist_row import (
    Worklist,
    WorkState,
    change_worklist,
    find_key_table_of_worklist,
    read_worklist,
)
from ..standard.messages.texts import format_number
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    make_run_options,
    print_line,
    print_lines,
    print_progress,
    print_written,
    split_comma_separated_text,
)


def run_fix(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write a copy of a source with fixes applied; return the exit code.

    CLEAN: every finding was fixed; FOUND: some remain, with the reason in the table.
    """
    from ..base.errors import InputError
    from ..fixes.proposal import sum_area_changes
    from ..fixes.run_fixes import FixRunOptions, count_groups, run_fixes

    documents = {}
    for text in args.document:
        role, equals, number = text.replace("＝", "=").partition("=")
        if not (role.strip() and equals and number.strip()):
            raise InputError("fix_document", text=text)
        documents[role.strip().upper()] = number.strip()
    run = run_fixes(
        args.source,
        make_run_options(args, report_texts),
        FixRunOptions(split_comma_separated_text(args.only), args.safe_only, args.output, args.table, documents),
        progress=print_progress,
    )
    texts, counts = run.make_texts(report_texts.lang), count_groups(run.batch)
    print_line(texts.get("summary", **counts))
    for one in sum_area_changes(run.batch.applied, run.checked.plan.plane_crs):
        figures = (one.ellipsoid_before_m2, one.ellipsoid_out_m2, one.ellipsoid_in_m2, one.ellipsoid_after_m2)
        balance = zip(("before", "out", "into", "after"), (format_number(area, 2) for area in figures), strict=True)
        print_line("  " + texts.get("balance", layer=texts.get_layer_name(one.role), rows=one.rows, **dict(balance)))
    print_written(run.written, report_texts)
    return EXIT_CLEAN if counts["applied"] + counts["ended"] == counts["findings"] else EXIT_FOUND


def run_list_fixes(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Print all fixes, or the description of one; return the exit code."""
    from ..fixes.batch import choose_fixes
    from ..fixes.proposal import FixTexts
    from ..standard import load_standard

    texts = FixTexts(report_texts.lang, load_standard(args.standard).templates)
    for fix in choose_fixes(split_comma_separated_text(args.code)):
        print_line(f"{fix.code} {texts.get_title(fix)}  [{', '.join(fix.solves)}]")
        if args.code:
            print_lines(f"\n{heading}\n  {body}" for heading, body in texts.get_help(fix).items())
            print_lines(f"  {one.name} = {one.default} {one.unit}".rstrip() for one in fix.parameters)
    return EXIT_CLEAN


def run_worklist(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Run a command on a work list; return the exit code.

    CLEAN: nothing is left to decide; FOUND: rows are open (show, update), or both sides changed them (merge, import).
    """
    if args.action == "show":
        return _print_counts(read_worklist(args.list), report_texts)
    if args.action == "update":
        return _update(args, report_texts)
    if args.action != "split":
        return _merge(args, report_texts)
    print_lines(
        report_texts.get("worklist", "part", name=part.name, count=part.count, target=str(part.path))
        for part in split_worklist(args.list, args.by, args.folder)
    )
    return EXIT_CLEAN


def _print_counts(worklist: Worklist, report_texts: ReportTexts) -> int:
    """Print the number of rows by state, and of open rows by person; return the exit code."""
    counts = dict.fromkeys(WorkState, 0)
    for item in worklist.items.values():
        counts[item.state] += 1
    done = sum(counts.values()) - counts[WorkState.OPEN]
    parts = [f"{report_texts.get('state', state.name.lower())} {count}" for state, count in counts.items()]
    print_line(
        report_texts.get(
            "worklist", "counts", done=done, total=sum(counts.values()), states=report_texts.join_parts(parts)
        )
    )
    open_by_person = Counter(one.assignee for one in worklist.items.values() if not one.is_done)
    for person, count in sorted(open_by_person.items()):
        name = person or report_texts.get("worklist", "unassigned")
        print_line(f"  {report_texts.get('worklist', 'open_of', name=name, count=count)}")
    if lines := worklist.unidentified_lines:
        names = report_texts.join_parts(map(str, lines))
        print_line(report_texts.get("worklist", "unidentified", count=len(lines), names=names))
    return EXIT_FOUND if counts[WorkState.OPEN] else EXIT_CLEAN


def _update(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Update the list by a JSON report; write a ledger if requested."""
    from ..model.rule import load_all_rules
    from ..plan.loading.key_table import read_renumbered_keys
    from ..render.document.ledger import write_ledger
    from ..render.worklist.update import WorklistUpdate, describe_update, read_report, update_worklist

    if args.xlsx:
        check_writable(args.xlsx, [args.list, args.report])
    report, rules = read_report(args.report), load_all_rules()
    key_table = args.renumbered or find_key_table_of_worklist(Path(args.list))
    new_keys = read_renumbered_keys(key_table) if key_table else {}
    updates: list[WorklistUpdate] = []

    def update(worklist: Worklist) -> Worklist:
        updates.append(update_worklist(worklist, report, rules, datetime.now(), new_keys))
        return updates[-1].worklist

    worklist = change_worklist(args.list, update)
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    if args.xlsx:
        with write_atomically(args.xlsx) as path:
            write_ledger(path, report, lang=report_texts.lang, worklist=worklist.items)
    print_lines(describe_update(updates[-1], report_texts))
    print_written((args.list, args.xlsx), report_texts)
    return _print_counts(worklist, report_texts)


def _merge(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Merge parts, or state, assignee and note of a ledger, into the list; write the conflicts if requested."""
    from ..render.document.ledger import read_ledger, read_part_or_ledger
    from ..render.worklist.update import describe_merge

    if args.action == "import":
        parts = [
            NamedPart(Path(args.ledger).name, read_ledger(args.ledger, datetime.now(), args.author), is_ledger=True)
        ]
    else:
        parts = [read_part_or_ledger(path, datetime.now()) for path in args.parts]
    choices = read_choices(args.choices) if args.choices else {}
    if args.conflicts:
        check_writable(args.conflicts, [args.list, *filter(None, [args.choices])])
    merged = merge_into_file(args.list, parts, choices)
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    if args.conflicts:
        write_conflicts(args.conflicts, merged.conflicts)
    print_lines(describe_merge(merged, report_texts))
    print_written((args.conflicts, args.list), report_texts)
    return EXIT_FOUND if merged.conflicts else EXIT_CLEAN
