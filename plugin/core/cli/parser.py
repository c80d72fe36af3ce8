# SPDX-License-Identifier: GPL-2.0-or-later
"""The parser of the command line, with messages in the user's language."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, NoReturn

from .gathering import add_gather_command
from .townships import add_townships_command

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def parse_language(arguments: list[str]) -> str:
    """Return the language that ``--lang`` names, zh by default.

    It is read before all other arguments, because the help is in this language too.
    """
    for position, word in enumerate(arguments):
        if word == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1] if arguments[position + 1] in ("zh", "en") else "zh"
        if word.startswith("--lang="):
            return "en" if word.endswith("=en") else "zh"
    return "zh"


#: Options for the files of a report → key of their help.
_HELP_KEY_BY_OUTPUT_OPTION = {
    "json": "json",
    "html": "html",
    "docx": "docx",
    "docx-template": "docx_template",
    "xlsx": "ledger",
    "findings": "findings",
}
#: Messages of Python's parser → key of our text. They differ between Python versions; an unknown one is printed
#: unchanged.
_ARGPARSE_MESSAGES = {
    r"the following arguments are required: (?P<what>.+)": "wants",
    r"unrecognized arguments: (?P<what>.+)": "unknown_argument",
    r"argument (?P<name>.+?): invalid choice: (?P<what>.+?) \(choose from (?P<known>.+)\)": "no_choice",
    r"argument (?P<name>.+?): invalid int value: (?P<what>.+)": "no_number",
    r"argument (?P<name>.+?): expected one argument": "no_value",
    r"ambiguous option: (?P<what>.+?) could match (?P<known>.+)": "ambiguous",
}


class TranslatedArgumentParser(argparse.ArgumentParser):
    """An argument parser with messages in the user's language.

    It exits with code 2 on an error. ``words``: the texts of this language.
    """

    words: ReportTexts

    def error(self, message: str) -> NoReturn:
        """Print an error message in the user's language and exit with code 2."""
        reason = self.words.get("cli", "wrong_argument", what=message)
        for pattern, key in _ARGPARSE_MESSAGES.items():
            if message_match := re.fullmatch(pattern, message):
                reason = self.words.get("cli", key, **message_match.groupdict())
        hint = self.words.get("cli", "see_help", program=self.prog)
        self.exit(2, f"{reason}\n{hint}\n")


def _make_parser_class(report_texts: ReportTexts) -> type[TranslatedArgumentParser]:
    """Return a parser class whose messages come from ``report_texts``.

    Parsers of subcommands are of the same class.
    """
    return type("ParserInWords", (TranslatedArgumentParser,), {"words": report_texts})


def make_parser(report_texts: ReportTexts) -> TranslatedArgumentParser:
    """Return the command-line parser with all commands, with help texts in the language of ``report_texts``."""

    def get_help_text(key: str) -> str:
        """Return the help text with this key, in the user's language."""
        return report_texts.get("cli", key)

    parser_class = _make_parser_class(report_texts)
    parser = parser_class(prog="python -m plugin.core", description=get_help_text("description"))
    language = parser_class(add_help=False)
    language.add_argument("--lang", choices=("zh", "en"), default="zh", help=get_help_text("lang"))
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="check | indicators | compare | rules | rule | profile | dictionary | structure | form | package | "
        "inspect | batch | seams | gather | conformity | tables | townships | vct | points | drawing | adjustment | "
        "evaluate | yearly | fix | fixes | renumber | zone | worklist | doctor",
    )
    checking = parser_class(add_help=False)
    for name in ("standard", "profile", "roles", "scope"):
        checking.add_argument(f"--{name}", default="", help=get_help_text(name))
    checking.add_argument("--base-year", type=int, default=None, help=get_help_text("base_year"))
    checking.add_argument("--phase", default="", metavar="编制 | 公示 | 报批", help=get_help_text("phase"))
    checking.add_argument("--baseline", default="", metavar="SOURCE", help=get_help_text("baseline"))
    for name in ("figures", "targets", "register", "waivers", "renumbered"):
        checking.add_argument(f"--{name}", default="", metavar="FILE", help=get_help_text(name))
    reporting = parser_class(add_help=False)
    for name, key in _HELP_KEY_BY_OUTPUT_OPTION.items():
        reporting.add_argument(f"--{name}", default="", metavar="FILE", help=get_help_text(key))
    reporting.add_argument("--public", action="store_true", help=get_help_text("public"))
    reporting.add_argument("--strict", action="store_true", help=get_help_text("strict"))
    command = commands.add_parser("check", help=get_help_text("check"), parents=[language, checking, reporting])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("source"))
    command.add_argument("--rules", default="", help=get_help_text("only"))
    command.add_argument("--cache", default="", metavar="FOLDER", help=get_help_text("cache"))
    command.add_argument("--jobs", type=int, default=None, metavar="NUMBER", help=get_help_text("check_jobs"))
    command.add_argument("--editions", default="", metavar="LIST|YEAR=SOURCE;…", help=get_help_text("editions"))
    # A process of a batch, which gets its county on standard input.
    command.add_argument("--county", action="store_true", help=argparse.SUPPRESS)
    _add_batch_command(commands.add_parser("batch", help=get_help_text("batch"), parents=[language]), report_texts)
    _add_seams_command(commands.add_parser("seams", help=get_help_text("seams"), parents=[language]), report_texts)
    add_gather_command(commands.add_parser("gather", help=get_help_text("gather"), parents=[language]), report_texts)
    _add_conformity_command(
        commands.add_parser("conformity", help=get_help_text("conformity"), parents=[language]), report_texts
    )
    add_townships_command(
        commands.add_parser("townships", help=get_help_text("townships"), parents=[language]), language, report_texts
    )
    command = commands.add_parser("indicators", help=get_help_text("indicators"), parents=[language])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("source"))
    for name in ("standard", "profile", "roles", "scope"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--base-year", type=int, default=None, help=get_help_text("base_year"))
    command.add_argument("--xlsx", default="", metavar="FILE", help=get_help_text("xlsx"))
    command.add_argument("--docx", default="", metavar="FILE", help=get_help_text("table_docx"))
    _add_tables_command(commands.add_parser("tables", help=get_help_text("tables"), parents=[language]), report_texts)
    command = commands.add_parser("compare", help=get_help_text("compare"), parents=[language])
    command.add_argument("before", metavar="BEFORE", help=get_help_text("compare_before"))
    command.add_argument("after", metavar="AFTER", help=get_help_text("compare_after"))
    command.add_argument("--role", default="", help=get_help_text("compare_role"))
    for name in ("standard", "profile"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--renumbered", default="", metavar="FILE", help=get_help_text("renumbered"))
    command.add_argument("--xlsx", default="", metavar="FILE", help=get_help_text("compare_xlsx"))
    command.add_argument("--docx", default="", metavar="FILE", help=get_help_text("table_docx"))
    command = commands.add_parser("adjustment", help=get_help_text("adjustment"), parents=[language])
    command.add_argument("before", metavar="BEFORE", help=get_help_text("adjustment_before"))
    command.add_argument("after", metavar="AFTER", help=get_help_text("adjustment_after"))
    command.add_argument("--line", default="boundary", help=get_help_text("adjustment_line"))
    for name in ("standard", "profile", "roles"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    for name in ("xlsx", "docx", "html", "json"):
        command.add_argument(f"--{name}", default="", metavar="FILE", help=get_help_text(f"adjustment_{name}"))
    command = commands.add_parser("evaluate", help=get_help_text("evaluate"), parents=[language])
    command.add_argument("editions", metavar="YEAR=SOURCE|LIST", nargs="+", help=get_help_text("evaluate_editions"))
    for name in ("standard", "profile", "roles", "scope"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    for name in ("xlsx", "docx", "html", "json"):
        command.add_argument(f"--{name}", default="", metavar="FILE", help=get_help_text(f"evaluate_{name}"))
    command = commands.add_parser("yearly", help=get_help_text("yearly"), parents=[language])
    for name in ("filed", "current"):
        command.add_argument(name, metavar=name.upper(), help=get_help_text(f"yearly_{name}"))
    command.add_argument("output", metavar="FOLDER", help=get_help_text("yearly_output"))
    command.add_argument("--year", type=int, required=True, help=get_help_text("yearly_year"))
    for name in ("standard", "profile"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command = commands.add_parser("fix", help=get_help_text("fix"), parents=[language])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("source"))
    command.add_argument("--only", default="", metavar="FIX…", help=get_help_text("fix_only"))
    command.add_argument("--rules", default="", help=get_help_text("only"))
    command.add_argument("--safe-only", action="store_true", help=get_help_text("fix_safe_only"))
    command.add_argument("--output", default="", metavar="COPY", help=get_help_text("fix_output"))
    command.add_argument("--table", default="", metavar="FILE", help=get_help_text("fix_table"))
    command.add_argument(
        "--document", action="append", default=[], metavar="ROLE=NUMBER", help=get_help_text("fix_document")
    )
    for name in ("standard", "profile", "roles", "scope"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--base-year", type=int, default=None, help=get_help_text("base_year"))
    command.add_argument("--phase", default="", metavar="编制 | 公示 | 报批", help=get_help_text("phase"))
    command.add_argument("--waivers", default="", metavar="FILE", help=get_help_text("waivers"))
    command = commands.add_parser("renumber", help=get_help_text("renumber"), parents=[language])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("source"))
    command.add_argument("--layers", default="", metavar="CODE…", help=get_help_text("renumber_layers"))
    command.add_argument("--output", default="", metavar="COPY", help=get_help_text("renumber_output"))
    command.add_argument("--table", default="", metavar="FILE", help=get_help_text("renumber_table"))
    command.add_argument("--gaps", default="", metavar="FILE", help=get_help_text("renumber_gaps"))
    command.add_argument("--start", type=int, default=0, metavar="NUMBER", help=get_help_text("renumber_start"))
    for name in ("standard", "profile", "roles"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command = commands.add_parser("zone", help=get_help_text("zone"), parents=[language])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("source"))
    command.add_argument("output", metavar="COPY", help=get_help_text("zone_output"))
    command.add_argument("--zone", type=int, default=0, metavar="25–45", help=get_help_text("zone_zone"))
    command.add_argument(
        "--number", choices=("keep", "add", "strip"), default="keep", help=get_help_text("zone_number")
    )
    command.add_argument("--table", default="", metavar="FILE", help=get_help_text("zone_table"))
    command = commands.add_parser("fixes", help=get_help_text("fixes"), parents=[language])
    command.add_argument("code", metavar="CODE", nargs="?", default="", help=get_help_text("fix_code"))
    command.add_argument("--standard", default="county_db", help=get_help_text("standard"))
    _add_worklist_commands(
        commands.add_parser("worklist", help=get_help_text("worklist"), parents=[language]),
        parser_class,
        language,
        report_texts,
    )
    command = commands.add_parser("rules", help=get_help_text("rules"), parents=[language])
    for name in ("standard", "profile", "phase"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    for name in ("csv", "html"):
        command.add_argument(f"--{name}", default="", metavar="FILE", help=get_help_text(f"rules_{name}"))
    command = commands.add_parser("rule", help=get_help_text("rule"), parents=[language])
    command.add_argument("code", metavar="CODE", help=get_help_text("code"))
    for name in ("standard", "profile", "phase"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command = commands.add_parser("profile", help=get_help_text("profile_command"), parents=[language])
    command.add_argument("profile", metavar="PROFILE", help=get_help_text("profile_id"))
    command.add_argument("--standard", default="", help=get_help_text("standard"))
    command.add_argument("--phase", default="", metavar="编制 | 公示 | 报批", help=get_help_text("phase"))
    command.add_argument("--check", action="store_true", help=get_help_text("profile_check"))
    command.add_argument("--json", default="", metavar="FILE", help=get_help_text("profile_json"))
    command = commands.add_parser("dictionary", help=get_help_text("dictionary"), parents=[language])
    command.add_argument("--html", required=True, metavar="FILE", help=get_help_text("dictionary_html"))
    command.add_argument("--standard", default="county_db", help=get_help_text("standard"))
    command = commands.add_parser("structure", help=get_help_text("structure"), parents=[language])
    command.add_argument("table", metavar="TABLE", help=get_help_text("structure_source"))
    command.add_argument("--output", default="", metavar="FOLDER", help=get_help_text("structure_output"))
    command.add_argument("--database", default="", metavar="FILE", help=get_help_text("structure_database"))
    command.add_argument("--folder", default="", metavar="FOLDER", help=get_help_text("structure_folder"))
    for name in ("crs", "county"):
        command.add_argument(f"--{name}", default="", help=get_help_text(f"structure_{name}"))
    command.add_argument(
        "--existing", choices=("stop", "add", "replace"), default="stop", help=get_help_text("existing")
    )
    command.add_argument("--standard", default="county_db", help=get_help_text("standard"))
    command = commands.add_parser("doctor", help=get_help_text("doctor"), parents=[language])
    command.add_argument("--no-examples", action="store_true", help=get_help_text("doctor_no_examples"))
    command.add_argument("--output", default="", metavar="FILE", help=get_help_text("doctor_output"))
    command = commands.add_parser("form", help=get_help_text("form"), parents=[language])
    command.add_argument("form", metavar="FORM", help=get_help_text("package_form"))
    command = commands.add_parser("package", help=get_help_text("package"), parents=[language, checking])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("source"))
    command.add_argument("output", metavar="FOLDER", help=get_help_text("package_output"))
    command.add_argument("--package", default="county", help=get_help_text("package_form"))
    command.add_argument("--documents", default="", metavar="FOLDER", help=get_help_text("package_documents"))
    command.add_argument("--personal", action="store_true", help=get_help_text("package_personal"))
    command.add_argument("--secrecy", default="", metavar="密级", help=get_help_text("package_secrecy"))
    command.add_argument("--secrecy-reason", default="", metavar="TEXT", help=get_help_text("package_secrecy_reason"))
    command.add_argument("--force", action="store_true", help=get_help_text("package_force"))
    command.set_defaults(rules="")
    command = commands.add_parser("inspect", help=get_help_text("inspect"), parents=[language, checking, reporting])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("inspect_source"))
    command.add_argument("--package", default="county", help=get_help_text("package_form"))
    command.set_defaults(rules="")
    command = commands.add_parser("vct", help=get_help_text("vct"), parents=[language])
    command.add_argument("source", metavar="SOURCE", help=get_help_text("vct_source"))
    command.add_argument("output", metavar="OUTPUT", help=get_help_text("vct_output"))
    command.add_argument("--standard", default="county_db", help=get_help_text("standard"))
    command.add_argument("--profile", default="", help=get_help_text("profile"))
    command.add_argument("--no-check", action="store_true", help=get_help_text("vct_no_check"))
    _add_points_commands(
        commands.add_parser("points", help=get_help_text("points"), parents=[language]), language, report_texts
    )
    _add_drawing_commands(
        commands.add_parser("drawing", help=get_help_text("drawing"), parents=[language]), language, report_texts
    )
    return parser


def _add_batch_command(command: argparse.ArgumentParser, report_texts: ReportTexts) -> None:
    """Add the arguments of the command on many counties."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", key)

    command.add_argument("source", metavar="FOLDER|LIST", help=get_help_text("batch_source"))
    command.add_argument("--output", required=True, metavar="FOLDER", help=get_help_text("batch_output"))
    for name in ("standard", "profile", "scope"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--base-year", type=int, default=None, help=get_help_text("base_year"))
    command.add_argument("--phase", default="", metavar="编制 | 公示 | 报批", help=get_help_text("phase"))
    command.add_argument("--rules", default="", help=get_help_text("only"))
    command.add_argument("--package", default="county", help=get_help_text("package_form"))
    command.add_argument("--jobs", type=int, default=1, metavar="NUMBER", help=get_help_text("batch_jobs"))
    command.add_argument("--scheduler", default="", metavar="local | tcp://…", help=get_help_text("batch_scheduler"))
    command.add_argument(
        "--memory-limit", type=float, default=None, metavar="GB", help=get_help_text("batch_memory_limit")
    )
    for name in ("html", "docx", "xlsx", "findings"):
        command.add_argument(f"--{name}", action="store_true", help=get_help_text(f"batch_{name}"))
    resuming = command.add_mutually_exclusive_group()
    resuming.add_argument("--no-resume", action="store_true", help=get_help_text("batch_no_resume"))
    resuming.add_argument("--only", choices=("changed",), default="", help=get_help_text("batch_only"))
    command.add_argument("--dry-run", action="store_true", help=get_help_text("batch_dry_run"))
    command.add_argument("--strict", action="store_true", help=get_help_text("strict"))


def _add_tables_command(command: argparse.ArgumentParser, report_texts: ReportTexts) -> None:
    """Add the arguments of the command on tables that offices hand in."""

    def get_help_text(key: str) -> str:
        """Return the help text with this key, in the user's language."""
        return report_texts.get("cli", key)

    command.add_argument("source", metavar="SOURCE", nargs="?", default="", help=get_help_text("source"))
    command.add_argument("--tables", default="", metavar="TABLE…", help=get_help_text("tables_tables"))
    command.add_argument("--output", default="", metavar="FILE", help=get_help_text("tables_output"))
    command.add_argument("--docx", default="", metavar="FILE", help=get_help_text("table_docx"))
    command.add_argument("--template", default="", metavar="FILE", help=get_help_text("tables_template"))
    command.add_argument("--filled", default="", metavar="FILE", help=get_help_text("tables_filled"))
    command.add_argument("--year", type=int, default=None, help=get_help_text("tables_year"))
    for name in ("standard", "profile", "roles", "scope"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--base-year", type=int, default=None, help=get_help_text("base_year"))
    command.add_argument("--baseline", default="", metavar="SOURCE", help=get_help_text("baseline"))
    for name in ("waivers", "renumbered"):
        command.add_argument(f"--{name}", default="", metavar="FILE", help=get_help_text(name))


def _add_points_commands(
    points: argparse.ArgumentParser, language: argparse.ArgumentParser, report_texts: ReportTexts
) -> None:
    """Add the actions on boundary points to their command."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", f"points_{key}")

    actions = points.add_subparsers(dest="action", required=True, metavar="import | export | formats")
    action = actions.add_parser("import", help=get_help_text("import"), parents=[language])
    action.add_argument("source", metavar="FILE", help=get_help_text("source"))
    action.add_argument("output", metavar="OUTPUT", help=get_help_text("layer_output"))
    action.add_argument("--format", default="auto", metavar="FORMAT", help=get_help_text("format"))
    action.add_argument("--crs", default="", metavar="EPSG:…", help=get_help_text("crs"))
    action = actions.add_parser("export", help=get_help_text("export"), parents=[language])
    action.add_argument("source", metavar="SOURCE", help=get_help_text("data"))
    action.add_argument("output", metavar="FILE", help=get_help_text("output"))
    action.add_argument("--layer", default="", metavar="NAME", help=get_help_text("layer"))
    action.add_argument("--format", default="auto", metavar="FORMAT", help=get_help_text("format"))
    action.add_argument("--crs", default="", metavar="EPSG:…", help=get_help_text("crs_output"))
    actions.add_parser("formats", help=get_help_text("formats"), parents=[language])


def _add_drawing_commands(
    drawing: argparse.ArgumentParser, language: argparse.ArgumentParser, report_texts: ReportTexts
) -> None:
    """Add the actions on drawings to their command."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", f"drawing_{key}")

    actions = drawing.add_subparsers(dest="action", required=True, metavar="import | mappings")
    action = actions.add_parser("import", help=get_help_text("import"), parents=[language])
    action.add_argument("source", metavar="FILE", help=get_help_text("source"))
    action.add_argument("output", metavar="OUTPUT", help=get_help_text("output"))
    action.add_argument("--table", default="", metavar="FILE", help=get_help_text("table"))
    action.add_argument("--json", default="", metavar="FILE", help=get_help_text("json"))
    action.add_argument("--mapping", default="", metavar="MAPPING", help=get_help_text("mapping"))
    action.add_argument("--crs", default="", metavar="EPSG:…", help=get_help_text("crs"))
    action.add_argument("--units", default="", metavar="m | dm | cm | mm | km", help=get_help_text("units"))
    action.add_argument("--tolerance", type=float, default=None, metavar="METRES", help=get_help_text("tolerance"))
    action.add_argument("--closing", type=float, default=None, metavar="METRES", help=get_help_text("closing"))
    action.add_argument("--holes", default="hole", metavar="hole | separate", help=get_help_text("holes"))
    actions.add_parser("mappings", help=get_help_text("mappings"), parents=[language])


def _add_seams_command(command: argparse.ArgumentParser, report_texts: ReportTexts) -> None:
    """Add the arguments of the command on neighbouring counties."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", key)

    command.add_argument("sources", metavar="SOURCE|FOLDER|LIST", nargs="+", help=get_help_text("seams_sources"))
    command.add_argument("--output", required=True, metavar="FOLDER", help=get_help_text("seams_output"))
    for name in ("standard", "profile"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--targets", default="", metavar="FILE", help=get_help_text("seams_targets"))
    command.add_argument("--package", default="county", help=get_help_text("package_form"))


def _add_conformity_command(command: argparse.ArgumentParser, report_texts: ReportTexts) -> None:
    """Add the arguments of the command that reviews projects."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", key)

    command.add_argument("projects", metavar="PROJECTS", help=get_help_text("conformity_projects"))
    command.add_argument("data", metavar="DATA", help=get_help_text("source"))
    command.add_argument("--layer", default="", metavar="NAME", help=get_help_text("conformity_layer"))
    command.add_argument("--width", type=float, default=None, metavar="M", help=get_help_text("conformity_width"))
    command.add_argument("--use", default="", help=get_help_text("conformity_use"))
    for name in ("standard", "profile", "roles", "scope"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--output", default="", metavar="FILE", help=get_help_text("conformity_output"))
    command.add_argument("--xlsx", default="", metavar="FILE", help=get_help_text("conformity_xlsx"))
    command.add_argument("--docx", default="", metavar="FILE", help=get_help_text("conformity_docx"))
    command.add_argument("--html", default="", metavar="FILE", help=get_help_text("conformity_html"))
    command.add_argument("--json", default="", metavar="FILE", help=get_help_text("conformity_json"))


def _add_worklist_commands(
    worklist: argparse.ArgumentParser,
    parser_class: type[TranslatedArgumentParser],
    language: argparse.ArgumentParser,
    report_texts: ReportTexts,
) -> None:
    """Add the actions on a work list to its command."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", f"worklist_{key}")

    actions = worklist.add_subparsers(dest="action", required=True, metavar="show | update | split | merge | import")

    def add_action(name: str) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=get_help_text(name), parents=[language])
        action.add_argument("list", metavar="LIST", help=get_help_text("list"))
        return action

    add_action("show")
    action = add_action("update")
    action.add_argument("report", metavar="REPORT", help=get_help_text("report"))
    action.add_argument("--xlsx", default="", metavar="FILE", help=get_help_text("xlsx"))
    action.add_argument("--renumbered", default="", metavar="FILE", help=get_help_text("renumbered"))
    action = add_action("split")
    action.add_argument("folder", metavar="FOLDER", help=get_help_text("folder"))
    action.add_argument("--by", choices=("township", "assignee"), default="township", help=get_help_text("by"))
    merge = add_action("merge")
    merge.add_argument("parts", metavar="PART", nargs="+", help=get_help_text("parts"))
    import_ledger = add_action("import")
    import_ledger.add_argument("ledger", metavar="LEDGER", help=get_help_text("ledger"))
    import_ledger.add_argument("--author", default="", metavar="NAME", help=get_help_text("author"))
    for action in (merge, import_ledger):
        for name in ("conflicts", "choices"):
            action.add_argument(f"--{name}", default="", metavar="FILE", help=get_help_text(name))
