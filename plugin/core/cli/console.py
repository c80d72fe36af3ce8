# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit codes, and output of lines to a console with any encoding."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ..base.connection_text import mask_connections
from ..base.errors import OutputError
from ..base.files.writing import check_writable
from ..render.words import ReportTexts
from ..standard.options import OFFERED_OPTIONS, RunOptions

EXIT_CLEAN, EXIT_FOUND, EXIT_NOT_RUN = 0, 1, 2
#: Replacements for consoles (cp936) that lack these characters.
_CONSOLE_CHARACTER_REPLACEMENTS = {
    "\u202f": " ",
    "\u00a0": " ",
    "²": "2",
    "³": "3",
    "⁴": "^4",
    "−": "-",
    "∑": "Σ",
    "↔": "<->",
}


@dataclass
class RunRecord:
    """What a run printed, as (level, line), and the paths that it wrote; of lines, errors and warnings are one level.

    ``is_only_output``: standard output is for the JSON of the run, and lines go to the error stream.
    """

    is_only_output: bool = False
    lines: list[tuple[str, str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


#: The record of the present run; None if no program asked for it.
record: RunRecord | None = None
#: Temporary folder → folder that is printed in its place.
shown_folders: dict[str, str] = {}


class _ProgressLine:
    """The progress line of a terminal; each report of progress overwrites the one before."""

    is_visible, text = False, ""

    def erase_line(self) -> None:
        """Erase the progress line, if it is visible."""
        if self.is_visible:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
        self.is_visible, self.text = False, ""


_progress_line = _ProgressLine()


def print_progress(share: float, text: str) -> None:
    """Print the share done (0…1) and the present step on one line of a terminal.

    An empty text leaves the step as it is. Nothing is printed to a log file.
    """
    if not sys.stderr.isatty():
        return
    if share >= 1:
        _progress_line.erase_line()
        return
    _progress_line.text = text or _progress_line.text
    sys.stderr.write(f"\r\033[K{share:4.0%} {_progress_line.text}")
    sys.stderr.flush()
    _progress_line.is_visible = True


def check_tables_are_writable(xlsx: str, docx: str, inputs: list[str]) -> None:
    """Raise OutputError before a long run if a workbook or a document (docx) cannot be written.

    ``inputs``: files of the run, which must not be overwritten. An empty path is accepted.
    """
    from ..checks.tabulate import check_workbook_can_be_written
    from ..render.document.docx_writer import import_docx_library

    if xlsx:
        check_workbook_can_be_written(xlsx)
        check_writable(xlsx, inputs)
    if docx:
        if Path(docx).suffix.lower() != ".docx":
            raise OutputError("output_format", target=docx, known=".docx")
        import_docx_library(Path(docx).name)
        check_writable(docx, inputs)


def print_line(text: str, stream: TextIO | None = None) -> None:
    """Print a line of text without passwords; characters that the console's encoding lacks are replaced.

    The progress line is erased first. ``stream``: standard output by default.
    """
    _progress_line.erase_line()
    output_stream: Any = stream or sys.stdout
    text = mask_connections(_show_real_folders(text))
    if record is not None:
        record.lines.append(("info" if output_stream is sys.stdout else "warning", text))
        output_stream = sys.stderr if record.is_only_output else output_stream
    encoding = getattr(output_stream, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        for character, plain_character in _CONSOLE_CHARACTER_REPLACEMENTS.items():
            try:
                character.encode(encoding)
            except UnicodeEncodeError:
                text = text.replace(character, plain_character)
    print(text, file=output_stream)


def _show_real_folders(text: str) -> str:
    for temporary, real in shown_folders.items():
        text = text.replace(temporary, real)
    return text


def print_lines(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Print lines of text, see `print_line`."""
    for line in lines:
        print_line(line, stream)


def print_levels(lines: Iterable[tuple[str, str]]) -> None:
    """Print sentences with their levels; errors and warnings go to the error stream."""
    for level, text in lines:
        print_line(text, sys.stdout if level == "info" else sys.stderr)


def print_written(paths: Iterable[str | Path], report_texts: ReportTexts, stream: TextIO | None = None) -> None:
    """Print which files a command wrote; an empty path is a file that was not requested."""
    for path in filter(None, paths):
        if record is not None:
            record.written.append(_show_real_folders(str(path)))
        print_line(report_texts.get("cli", "written", target=str(path)), stream)


def print_line_of_run(text: str) -> None:
    """Print a line while a run goes on.

    A reader that closes the pipe (head) ends the lines, not the run, which has files to write.
    """
    try:
        print_line(text)
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Discard further lines of standard output, because its reader closed the pipe.

    Python would report another error on closing the stream.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def make_run_options(args: argparse.Namespace, report_texts: ReportTexts) -> RunOptions:
    """Return the options of a run from those arguments that the command has."""
    given = {name: getattr(args, name) for name in OFFERED_OPTIONS if hasattr(args, name)}
    return RunOptions(**given, rules=split_comma_separated_text(getattr(args, "rules", "")), lang=report_texts.lang)


def make_norm_options(args: argparse.Namespace, report_texts: ReportTexts) -> RunOptions:
    """Return the options of a run on several plans, whose other arguments are not options of each run."""
    return RunOptions(standard=args.standard, profile=args.profile, lang=report_texts.lang)


def split_comma_separated_text(text: str) -> tuple[str, ...]:
    """Return the entries of a list whose entries are separated by commas or semicolons, also full-width ones."""
    return tuple(one.strip() for one in re.split("[,，;；]", text) if one.strip())
