# SPDX-License-Identifier: GPL-2.0-or-later
"""Command line without QGIS.

Commands: ``python -m plugin.core check SOURCE …``, ``indicators SOURCE --xlsx FILE``, ``compare BEFORE AFTER --role
ROLE``, ``rules``, ``rule CODE``, ``profile PROFILE``, ``dictionary --html FILE``, ``structure TABLE --output FOLDER``
or ``--database FILE``, ``form FORM``, ``package SOURCE FOLDER``, ``inspect PACKAGE``, ``vct SOURCE OUTPUT``, ``points
ACTION …``, ``tables SOURCE --output FILE``, ``drawing ACTION …``, ``adjustment BEFORE AFTER``, ``statement BEFORE
AFTER``, ``supplement SOURCE --demand FILE``, ``boundary SOURCE``, ``compare-drafts SOURCE DRAFT …``, ``evaluate
YEAR=SOURCE …|LIST``, ``yearly FILED CURRENT FOLDER --year YEAR``, ``cultivated BEFORE AFTER --year YEAR``, ``fix SOURCE
--output COPY``, ``fixes``, ``renumber SOURCE --output COPY``, ``zone SOURCE COPY --zone ZONE``, ``batch FOLDER|LIST
--output FOLDER``, ``seams SOURCE … --output FOLDER``, ``gather FOLDER|LIST --output FOLDER``, ``townships split DATA
--output FOLDER``, ``townships merge DATA PACKAGE … --output COPY``, ``conformity PROJECTS DATA …``, ``worklist ACTION
LIST …``, ``doctor``.

Every command has ``--json`` for programs, and, where it writes files, ``--dry-run`` (`cli.automation`).

Exit codes: 0 success, 1 an unwaived ERROR or an incomplete check, 2 the command could not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from .base.errors import Cancelled, SanxianError
from .base.files.writing import name_refused_file
from .cli import automation, checking, comparing, console, counties, exchange, fixing, listing, proposing
from .cli.console import EXIT_CLEAN, EXIT_NOT_RUN, RunRecord, discard_output, print_line
from .cli.parser import make_parser, parse_language
from .render.words import ReportTexts

#: Function of each command; it returns an exit code.
COMMAND_FUNCTIONS: dict[str, Callable[..., int]] = {
    "check": checking.run_check_command,
    "inspect": checking.run_check_command,
    "indicators": checking.run_indicators,
    "batch": counties.run_batch,
    "seams": counties.run_seams,
    "gather": counties.run_gather,
    "conformity": comparing.run_conformity,
    "townships": counties.run_townships,
    "adjustment": comparing.run_adjustment,
    "statement": comparing.run_statement,
    "supplement": proposing.run_supplement,
    "boundary": proposing.run_boundary,
    "compare-drafts": proposing.run_compare_drafts,
    "evaluate": comparing.run_evaluate,
    "package": checking.run_export_package_command,
    "compare": comparing.run_compare,
    "structure": exchange.run_convert_structure_command,
    "vct": exchange.run_convert_vct_command,
    "points": exchange.run_points,
    "drawing": exchange.run_drawing,
    "tables": checking.run_tables,
    "yearly": comparing.run_yearly,
    "cultivated": comparing.run_cultivated,
    "fix": fixing.run_fix,
    "renumber": exchange.run_renumber,
    "zone": exchange.run_change_zone,
    "fixes": fixing.run_list_fixes,
    "worklist": fixing.run_worklist,
    "rules": listing.run_print_rule_book_command,
    "rule": listing.run_describe_rule_command,
    "profile": listing.run_print_profile_command,
    "dictionary": listing.run_write_data_dictionary_command,
    "doctor": listing.run_doctor_command,
    "form": listing.run_list_package_files_command,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    command_arguments = list(sys.argv[1:] if arguments is None else arguments)
    report_texts = ReportTexts(parse_language(command_arguments))
    args = make_parser(report_texts).parse_args(command_arguments)
    for stream in (sys.stdout, sys.stderr):
        # A console in cp936 must not stop a successful check.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    target = getattr(args, automation.JSON_OF_RUN, "")
    console.record = record = RunRecord(is_only_output=target == "-") if target else None
    try:
        exit_code = _run(
            partial(automation.run_command, COMMAND_FUNCTIONS[args.command], args, report_texts), report_texts
        )
        if record is not None:
            write = partial(automation.write_json_of_run, args, record, exit_code)
            exit_code = _run(write, report_texts) or exit_code
    finally:
        console.record = None
    return exit_code


def _run(run: Callable[[], int | None], report_texts: ReportTexts) -> int:
    """Run a command or a part of it, print why it cannot run, and return its exit code."""
    from .standard.messages.texts import Texts

    try:
        with name_refused_file():
            return run() or EXIT_CLEAN
    except SanxianError as error:
        print_line(Texts(report_texts.lang).explain_error(error), sys.stderr)
    except ImportError as error:
        print_line(report_texts.get("cli", "missing_package", package=error.name or str(error)), sys.stderr)
    except BrokenPipeError:
        # The reader (head, less) closed the pipe.
        discard_output()
        return EXIT_CLEAN
    except (KeyboardInterrupt, Cancelled):
        print_line(report_texts.get("cli", "cancelled"), sys.stderr)
    return EXIT_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
