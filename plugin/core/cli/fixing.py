# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands on fixes: apply them to a copy, and list them."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..render.words import ReportTexts
from ..standard.messages.texts import format_number
from .checking import make_plan_options
from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress, print_written, split_comma_separated_text


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
    order = FixRunOptions(split_comma_separated_text(args.only), args.safe_only, args.output, args.table, documents)
    options = replace(
        make_plan_options(args, report_texts),
        phase=args.phase,
        waivers=args.waivers,
        rules=split_comma_separated_text(args.rules),
    )
    run = run_fixes(args.source, options, order, progress=print_progress)
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
    from ..fixes.fix_texts import FixTexts
    from ..standard import load_standard

    texts = FixTexts(report_texts.lang, load_standard(args.standard).templates)
    for fix in choose_fixes(split_comma_separated_text(args.code)):
        print_line(f"{fix.code} {texts.get_title(fix)}  [{', '.join(fix.solves)}]")
        if args.code:
            for heading, body in texts.get_help(fix).items():
                print_line(f"\n{heading}\n  {body}")
            for parameter in fix.parameters:
                print_line(f"  {parameter.name} = {parameter.default} {parameter.unit}".rstrip())
    return EXIT_CLEAN
