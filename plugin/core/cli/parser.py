# SPDX-License-Identifier: GPL-2.0-or-later
"""The parser of the command line, with messages in the user's language."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, NoReturn

from ..base.choices import (
    ACTIONS_ON_EXISTING,
    ADJUSTED_LINES,
    BOUNDARY_MODES,
    BOUNDARY_PREFERENCES,
    DRAWING_UNITS,
    HOLE,
    HOLE_RULES,
    NEIGHBOUR_DISTANCE_M,
    SUPPLEMENT_PREFERENCES,
    WORKLIST_COLUMNS,
    ZONE_NUMBER_CHOICES,
)
from ..render.words import ReportTexts
from ..standard.options import LOWER_PLANS, OFFERED_OPTIONS, OptionKind
from .automation import DRY_RUN, JSON_OF_RUN, OUTPUT_ARGUMENTS

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
#: Key of the help of an argument that the help does not list.
_HIDDEN = "hidden"


def parse_language(arguments: list[str]) -> str:
    """Return the language that ``--lang`` names, zh by default.

    It is read before all other arguments, because the help is in this language too.
    """
    for position, word in enumerate(arguments):
        if word == "--lang" and position + 1 < len(arguments):
            return "en" if arguments[position + 1] == "en" else "zh"
        if word.startswith("--lang="):
            return "en" if word == "--lang=en" else "zh"
    return "zh"


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
        self.exit(2, f"{reason}\n{self.words.get('cli', 'see_help', program=self.prog)}\n")


class _Argument(NamedTuple):
    """An argument of a command: name, key of its help text, and further arguments of `add_argument`."""

    name: str
    help_key: str
    settings: dict[str, Any]


def _declare(name: str, help_key: str = "", **settings: Any) -> _Argument:
    """Return an argument; an option is a text and empty by default.

    ``help_key`` is the name of the option by default.
    """
    if name.startswith("--"):
        help_key = help_key or name[2:].replace("-", "_")
        if "action" not in settings and not settings.get("required"):
            settings = {"default": "", **settings}
    return _Argument(name, help_key, settings)


#: An option that names a file, and one without a value.
_declare_file, _declare_flag = partial(_declare, metavar="FILE"), partial(_declare, action="store_true")

#: Kind of an option of a check → arguments of `add_argument`; a text has its hint.
_SETTINGS_BY_KIND: dict[OptionKind, dict[str, Any]] = {
    OptionKind.YEAR: {"type": int, "default": None},
    OptionKind.FILE: {"metavar": "FILE"},
    OptionKind.DATA: {"metavar": "SOURCE"},
}
#: Name → argument of each option of a check (`RunOptions`).
_RUN_ARGUMENTS = {
    name: _declare(
        f"--{name.replace('_', '-')}",
        **_SETTINGS_BY_KIND.get(option.kind, {"metavar": option.hint} if option.hint else {}),
    )
    for name, option in OFFERED_OPTIONS.items()
}
#: Those that further commands have.
_STANDARD, _PROFILE, _ROLES, _SCOPE, _BASE_YEAR, _PHASE, _BASELINE, _TARGETS, _WAIVERS, _RENUMBERED = map(
    _RUN_ARGUMENTS.__getitem__,
    ("standard", "profile", "roles", "scope", "base_year", "phase", "baseline", "targets", "waivers", "renumbered"),
)
_NORM, _NORM_AND_ROLES = (_STANDARD, _PROFILE), (_STANDARD, _PROFILE, _ROLES)
_PLAN = (*_NORM_AND_ROLES, _SCOPE)
_COUNTY_STANDARD = _declare("--standard", default="county_db")
_PHASE_OF_RULES = _declare("--phase")
_ONLY_RULES = _declare("--rules", "only")
_TABLE_DOCX = _declare_file("--docx", "table_docx")
_PACKAGE = _declare("--package", "package_form", default="county")
_DOCUMENTS = _declare("--documents", "package_documents", metavar="FOLDER")
_PERSONAL = _declare_flag("--personal", "package_personal")
_SEAM_TARGETS = _declare_file("--targets", "seams_targets")
_SOURCE = _declare("source", "source", metavar="SOURCE")
_CHECKING = tuple(_RUN_ARGUMENTS.values())
#: Options for the files of a report.
_REPORTING = (
    _declare_file("--json"),
    _declare_file("--html"),
    _declare_file("--docx"),
    _declare_file("--docx-template"),
    _declare_file("--xlsx", "ledger"),
    _declare_file("--findings"),
    _declare_flag("--public"),
    _declare_flag("--strict"),
)
#: Options of which a command line may have one.
_RESUMING = (
    _declare_flag("--no-resume", "batch_no_resume"),
    _declare("--only", "batch_only", choices=("changed",)),
)
#: Command → its arguments, in the order of the help.
_ARGUMENTS_BY_COMMAND: dict[str, tuple[_Argument, ...]] = {
    "check": (
        *_CHECKING,
        *_REPORTING,
        _SOURCE,
        _ONLY_RULES,
        _declare("--cache", metavar="FOLDER"),
        _declare("--jobs", "check_jobs", type=int, default=None, metavar="NUMBER"),
        _declare("--editions", metavar="LIST|YEAR=SOURCE;…"),
        # A process of a batch, which gets its county on standard input.
        _declare("--county", _HIDDEN, action="store_true"),
    ),
    "batch": (
        _declare("source", "batch_source", metavar="FOLDER|LIST"),
        _declare("--output", "batch_output", required=True, metavar="FOLDER"),
        *_NORM,
        _SCOPE,
        _BASE_YEAR,
        _PHASE,
        _ONLY_RULES,
        _PACKAGE,
        _declare("--jobs", "batch_jobs", type=int, default=1, metavar="NUMBER"),
        _declare("--scheduler", "batch_scheduler", metavar="local | tcp://…"),
        _declare("--memory-limit", "batch_memory_limit", type=float, default=None, metavar="GB"),
        *(_declare_flag(f"--{name}", f"batch_{name}") for name in ("html", "docx", "xlsx", "findings")),
        *_RESUMING,
        _declare_flag("--dry-run", "batch_dry_run"),
        _declare_flag("--strict"),
    ),
    "seams": (
        _declare("sources", "seams_sources", metavar="SOURCE|FOLDER|LIST", nargs="+"),
        _declare("--output", "seams_output", required=True, metavar="FOLDER"),
        *_NORM,
        _SEAM_TARGETS,
        _PACKAGE,
    ),
    "gather": (
        _declare("source", "gather_source", metavar="FOLDER|LIST"),
        _declare("--output", "gather_output", required=True, metavar="FOLDER"),
        _declare("--package", "gather_package", default="city"),
        _declare("--county-package", "gather_county_package", default="county"),
        _declare("--area", "gather_area", metavar="CODE"),
        _declare("--parent-profile", "gather_parent_profile"),
        *_NORM,
        _DOCUMENTS,
        _declare_flag("--leave-out", "gather_leave_out"),
        _PERSONAL,
        _declare_flag("--force", "gather_force"),
        _declare_flag("--no-seams", "gather_no_seams"),
        _SEAM_TARGETS,
        _declare_flag("--no-check", "gather_no_check"),
        _declare("--deadline", "gather_deadline", metavar="DATE"),
        _declare_file("--former", "gather_former"),
    ),
    "conformity": (
        _declare("projects", "conformity_projects", metavar="PROJECTS"),
        _declare("data", "source", metavar="DATA"),
        _declare("--layer", "conformity_layer", metavar="NAME"),
        _declare("--width", "conformity_width", type=float, default=None, metavar="M"),
        _declare("--use", "conformity_use"),
        _declare_file("--projects", "conformity_list", dest="project_list"),
        _declare("--lower-plan", "conformity_lower_plan", choices=LOWER_PLANS, default=LOWER_PLANS[0]),
        _declare_file("--boundary", "conformity_boundary"),
        *_PLAN,
        *(_declare_file(f"--{name}", f"conformity_{name}") for name in ("output", "xlsx", "docx", "html", "json")),
        _declare_file("--use-control", "conformity_use_control"),
    ),
    "townships": (),
    "indicators": (_SOURCE, *_PLAN, _BASE_YEAR, _declare_file("--xlsx"), _TABLE_DOCX),
    "tables": (
        _declare("source", "source", metavar="SOURCE", nargs="?", default=""),
        _declare("--tables", "tables_tables", metavar="TABLE…"),
        _declare_file("--output", "tables_output"),
        _TABLE_DOCX,
        _declare_file("--template", "tables_template"),
        _declare_file("--filled", "tables_filled"),
        _declare("--year", "tables_year", type=int, default=None),
        *_PLAN,
        _BASE_YEAR,
        _BASELINE,
        _TARGETS,
        _WAIVERS,
        _RENUMBERED,
    ),
    "compare": (
        _declare("before", "compare_before", metavar="BEFORE"),
        _declare("after", "compare_after", metavar="AFTER"),
        _declare("--role", "compare_role"),
        *_NORM,
        _RENUMBERED,
        _declare_file("--xlsx", "compare_xlsx"),
        _TABLE_DOCX,
    ),
    "adjustment": (
        _declare("before", "adjustment_before", metavar="BEFORE"),
        _declare("after", "adjustment_after", metavar="AFTER"),
        _declare("--line", "adjustment_line", default=ADJUSTED_LINES[0]),
        *_NORM_AND_ROLES,
        *(_declare_file(f"--{name}", f"adjustment_{name}") for name in ("xlsx", "docx", "html", "json")),
    ),
    "statement": (
        _declare("before", "statement_before", metavar="BEFORE"),
        _declare("after", "statement_after", metavar="AFTER", nargs="?", default=""),
        _declare_file("--ledger", "statement_ledger"),
        _declare("--line", "statement_line", default=ADJUSTED_LINES[0]),
        *_NORM_AND_ROLES,
        *(_declare_file(f"--{name}", f"statement_{name}") for name in ("xlsx", "docx", "html")),
    ),
    "supplement": (
        _declare("source", "supplement_source", metavar="SOURCE"),
        _declare_file("--demand", "supplement_demand", required=True),
        _declare("--prefer", "supplement_prefer", default=SUPPLEMENT_PREFERENCES[0]),
        _declare("--refused", "supplement_refused", metavar="KEY…"),
        *_NORM_AND_ROLES,
        *(_declare_file(f"--{name}", f"supplement_{name}") for name in ("output", "xlsx")),
        _TABLE_DOCX,
    ),
    "boundary": (
        _declare("source", "boundary_source", metavar="SOURCE"),
        _declare("--mode", "boundary_mode", default=BOUNDARY_MODES[0]),
        _declare("--prefer", "boundary_prefer", default=BOUNDARY_PREFERENCES[0]),
        *(_declare_file(f"--{name}", f"boundary_{name}") for name in ("approved", "locked")),
        *_NORM_AND_ROLES,
        _TARGETS,
        *(_declare_file(f"--{name}", f"boundary_{name}") for name in ("output", "xlsx")),
        _TABLE_DOCX,
    ),
    "compare-drafts": (
        _declare("source", "compare_drafts_source", metavar="SOURCE"),
        _declare("drafts", "compare_drafts_drafts", metavar="DRAFT", nargs="+"),
        _declare("--line", "compare_drafts_line"),
        *_NORM_AND_ROLES,
        _TARGETS,
        *(_declare_file(f"--{name}", f"compare_drafts_{name}") for name in ("output", "xlsx")),
        _TABLE_DOCX,
        _declare_file("--json", "compare_drafts_json"),
    ),
    "evaluate": (
        _declare("editions", "evaluate_editions", metavar="YEAR=SOURCE|LIST", nargs="+"),
        *_PLAN,
        *(_declare_file(f"--{name}", f"evaluate_{name}") for name in ("xlsx", "docx", "html", "json")),
    ),
    "yearly": (
        _declare("filed", "yearly_filed", metavar="FILED"),
        _declare("current", "yearly_current", metavar="CURRENT"),
        _declare("output", "yearly_output", metavar="FOLDER"),
        _declare("--year", "yearly_year", type=int, required=True),
        *_NORM,
    ),
    "cultivated": (
        _declare("before", "cultivated_before", metavar="BEFORE"),
        _declare("after", "cultivated_after", metavar="AFTER"),
        _declare("--year", "yearly_year", type=int, required=True),
        *(_declare_file(f"--{name}", f"cultivated_{name}") for name in ("approved", "accepted", "xlsx", "output")),
        _TABLE_DOCX,
        *_NORM,
    ),
    "fix": (
        _SOURCE,
        _declare("--only", "fix_only", metavar="FIX…"),
        _ONLY_RULES,
        _declare_flag("--safe-only", "fix_safe_only"),
        _declare("--output", "fix_output", metavar="COPY"),
        _declare_file("--table", "fix_table"),
        _declare("--document", "fix_document", action="append", default=[], metavar="ROLE=NUMBER"),
        *_PLAN,
        _BASE_YEAR,
        _PHASE,
        _WAIVERS,
    ),
    "renumber": (
        _SOURCE,
        _declare("--layers", "renumber_layers", metavar="CODE…"),
        _declare("--output", "renumber_output", metavar="COPY"),
        _declare_file("--table", "renumber_table"),
        _declare_file("--gaps", "renumber_gaps"),
        _declare("--start", "renumber_start", type=int, default=0, metavar="NUMBER"),
        *_NORM_AND_ROLES,
    ),
    "zone": (
        _SOURCE,
        _declare("output", "zone_output", metavar="COPY"),
        _declare("--zone", "zone_zone", type=int, default=0, metavar="25–45"),
        _declare("--number", "zone_number", choices=ZONE_NUMBER_CHOICES, default=ZONE_NUMBER_CHOICES[0]),
        _declare_file("--table", "zone_table"),
    ),
    "fixes": (_declare("code", "fix_code", metavar="CODE", nargs="?", default=""), _COUNTY_STANDARD),
    "worklist": (),
    "rules": (*_NORM, _PHASE_OF_RULES, _declare_file("--csv", "rules_csv"), _declare_file("--html", "rules_html")),
    "rule": (_declare("code", "code", metavar="CODE"), *_NORM, _PHASE_OF_RULES),
    "profile": (
        _declare("profile", "profile_id", metavar="PROFILE"),
        _STANDARD,
        _PHASE,
        _declare_flag("--check", "profile_check"),
        _declare_file("--json", "profile_json"),
    ),
    "dictionary": (_declare("--html", "dictionary_html", required=True, metavar="FILE"), _COUNTY_STANDARD),
    "structure": (
        _declare("table", "structure_source", metavar="TABLE"),
        _declare("--output", "structure_output", metavar="FOLDER"),
        _declare_file("--database", "structure_database"),
        _declare("--folder", "structure_folder", metavar="FOLDER"),
        _declare("--crs", "structure_crs"),
        _declare("--county", "structure_county"),
        _declare("--existing", choices=ACTIONS_ON_EXISTING, default=ACTIONS_ON_EXISTING[0]),
        _COUNTY_STANDARD,
    ),
    "doctor": (_declare_flag("--no-examples", "doctor_no_examples"), _declare_file("--output", "doctor_output")),
    "form": (_declare("form", "package_form", metavar="FORM"),),
    "package": (
        *_CHECKING,
        _SOURCE,
        _declare("output", "package_output", metavar="FOLDER"),
        _PACKAGE,
        _DOCUMENTS,
        _PERSONAL,
        _declare("--secrecy", "package_secrecy", metavar="密级"),
        _declare("--secrecy-reason", "package_secrecy_reason", metavar="TEXT"),
        _declare_flag("--force", "package_force"),
    ),
    "inspect": (*_CHECKING, *_REPORTING, _declare("source", "inspect_source", metavar="SOURCE"), _PACKAGE),
    "vct": (
        _declare("source", "vct_source", metavar="SOURCE"),
        _declare("output", "vct_output", metavar="OUTPUT"),
        _COUNTY_STANDARD,
        _PROFILE,
        _declare_flag("--no-check", "vct_no_check"),
    ),
    "points": (),
    "drawing": (),
}
_WORKLIST = _declare("list", "worklist_list", metavar="LIST")
_MERGE_OF_WORKLIST = (
    _declare_file("--conflicts", "worklist_conflicts"),
    _declare_file("--choices", "worklist_choices"),
)
_TOWNSHIPS_SOURCE = _declare("source", "townships_source", metavar="DATA")
_TOWNSHIPS_NORM = (*_NORM, _declare("--persons", "townships_persons", metavar="TEXT"))
_POINTS_FORMAT = _declare("--format", "points_format", default="auto", metavar="FORMAT")
#: Command → action → its arguments.
_ARGUMENTS_BY_ACTION: dict[str, dict[str, tuple[_Argument, ...]]] = {
    "townships": {
        "split": (
            _TOWNSHIPS_SOURCE,
            _declare("--output", "townships_output", required=True, metavar="FOLDER"),
            _declare("--distance", "townships_distance", type=float, default=NEIGHBOUR_DISTANCE_M, metavar="METRES"),
            _declare_file("--targets", "townships_targets"),
            *_TOWNSHIPS_NORM,
        ),
        "merge": (
            _TOWNSHIPS_SOURCE,
            _declare("packages", "townships_packages", metavar="PACKAGE", nargs="+"),
            _declare("--output", "townships_copy", required=True, metavar="COPY"),
            _declare_file("--table", "townships_table"),
            _declare("--prefer", "townships_prefer", choices=("county", "package", "ask"), default="ask"),
            _declare_flag("--new-keys", "townships_new_keys"),
            _declare_flag("--no-seams", "townships_no_seams"),
            *_TOWNSHIPS_NORM,
        ),
    },
    "worklist": {
        "show": (_WORKLIST,),
        "update": (
            _WORKLIST,
            _declare("report", "worklist_report", metavar="REPORT"),
            _declare_file("--xlsx", "worklist_xlsx"),
            _declare_file("--renumbered", "worklist_renumbered"),
        ),
        "split": (
            _WORKLIST,
            _declare("folder", "worklist_folder", metavar="FOLDER"),
            _declare("--by", "worklist_by", choices=WORKLIST_COLUMNS, default=WORKLIST_COLUMNS[0]),
        ),
        "merge": (_WORKLIST, _declare("parts", "worklist_parts", metavar="PART", nargs="+"), *_MERGE_OF_WORKLIST),
        "import": (
            _WORKLIST,
            _declare("ledger", "worklist_ledger", metavar="LEDGER"),
            _declare("--author", "worklist_author", metavar="NAME"),
            *_MERGE_OF_WORKLIST,
        ),
    },
    "points": {
        "import": (
            _declare("source", "points_source", metavar="FILE"),
            _declare("output", "points_layer_output", metavar="OUTPUT"),
            _POINTS_FORMAT,
            _declare("--crs", "points_crs", metavar="EPSG:…"),
        ),
        "export": (
            _declare("source", "points_data", metavar="SOURCE"),
            _declare("output", "points_output", metavar="FILE"),
            _declare("--layer", "points_layer", metavar="NAME"),
            _POINTS_FORMAT,
            _declare("--crs", "points_crs_output", metavar="EPSG:…"),
        ),
        "formats": (),
    },
    "drawing": {
        "import": (
            _declare("source", "drawing_source", metavar="FILE"),
            _declare("output", "drawing_output", metavar="OUTPUT"),
            _declare_file("--table", "drawing_table"),
            _declare_file("--json", "drawing_json"),
            _declare("--mapping", "drawing_mapping", metavar="MAPPING"),
            _declare("--crs", "drawing_crs", metavar="EPSG:…"),
            _declare("--units", "drawing_units", metavar=" | ".join(DRAWING_UNITS)),
            _declare("--tolerance", "drawing_tolerance", type=float, default=None, metavar="METRES"),
            _declare("--closing", "drawing_closing", type=float, default=None, metavar="METRES"),
            _declare("--holes", "drawing_holes", default=HOLE, metavar=" | ".join(HOLE_RULES)),
        ),
        "mappings": (),
    },
}


def _list_options_for_programs(arguments: tuple[_Argument, ...]) -> Iterator[_Argument]:
    """Yield ``--json`` and, for a command that writes files, ``--dry-run``, unless the command declares it."""
    names = {argument.name for argument in arguments}
    if "--json" not in names:
        yield _declare("--json", JSON_OF_RUN, dest=JSON_OF_RUN, metavar="FILE|-")
    written = {argument.settings.get("dest", argument.name.lstrip("-")) for argument in arguments} & OUTPUT_ARGUMENTS
    if written and "--dry-run" not in names:
        yield _declare_flag("--dry-run", "dry_run", dest=DRY_RUN)


def make_parser(report_texts: ReportTexts) -> TranslatedArgumentParser:
    """Return the command-line parser with all commands, with help texts in the language of ``report_texts``."""

    def add_arguments(parser: argparse.ArgumentParser, arguments: Iterable[_Argument]) -> None:
        arguments = tuple(arguments)
        resuming = parser.add_mutually_exclusive_group() if _RESUMING[0] in arguments else parser
        for argument in arguments:
            text = argparse.SUPPRESS if argument.help_key == _HIDDEN else report_texts.get("cli", argument.help_key)
            target = resuming if argument in _RESUMING else parser
            target.add_argument(argument.name, help=text, **argument.settings)

    # The base class of parsers keeps the texts, because ``add_parser`` passes no further argument.
    parser_class = type("ParserInWords", (TranslatedArgumentParser,), {"words": report_texts})
    parser = parser_class(prog="python -m plugin.core", description=report_texts.get("cli", "description"))
    language = _declare("--lang", choices=("zh", "en"), default="zh")
    commands = parser.add_subparsers(dest="command", required=True, metavar=" | ".join(_ARGUMENTS_BY_COMMAND))
    for name, arguments in _ARGUMENTS_BY_COMMAND.items():
        help_key = "profile_command" if name == "profile" else name.replace("-", "_")
        command = commands.add_parser(name, help=report_texts.get("cli", help_key))
        add_arguments(command, (language, *arguments))
        if name not in _ARGUMENTS_BY_ACTION:
            add_arguments(command, _list_options_for_programs(arguments))
        if name in ("package", "inspect"):
            command.set_defaults(rules="")
        if name in _ARGUMENTS_BY_ACTION:
            arguments_by_action = _ARGUMENTS_BY_ACTION[name]
            actions = command.add_subparsers(dest="action", required=True, metavar=" | ".join(arguments_by_action))
            for action_name, action_arguments in arguments_by_action.items():
                action = actions.add_parser(action_name, help=report_texts.get("cli", f"{name}_{action_name}"))
                add_arguments(action, (language, *action_arguments, *_list_options_for_programs(action_arguments)))
    return parser
