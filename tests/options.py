# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of commands and tools as lines of text, compared with the stored lists in options.json.

Names, defaults, limits and choices are promises to scripts and models: change a stored line only with an entry in the
changelog.
"""

import argparse
import json
from datetime import date
from pathlib import Path

from plugin.core.cli.parser import make_parser
from plugin.core.render.words import ReportTexts

STORED = json.loads(Path(__file__).with_name("options.json").read_text(encoding="utf-8"))
#: Command → the tool of the toolbox that does the same.
TOOL_BY_COMMAND = {
    "adjustment": "boundary_adjustment",
    "batch": "check_counties",
    "check": "check_plan",
    "compare": "compare_versions",
    "compare-drafts": "compare_drafts",
    "cultivated": "cultivated_changes",
    "conformity": "project_conformity",
    "drawing import": "import_drawing",
    "evaluate": "evaluate_indicators",
    "fix": "apply_fixes",
    "gather": "merge_counties",
    "indicators": "compute_indicators",
    "inspect": "inspect_package",
    "package": "export_package",
    "points export": "export_boundary_points",
    "points import": "import_boundary_points",
    "renumber": "renumber_bsm",
    "seams": "check_seams",
    "boundary": "propose_boundary",
    "supplement": "propose_supplement",
    "statement": "change_statement",
    "structure": "layers_from_structure",
    "tables": "office_tables",
    "townships merge": "merge_townships",
    "townships split": "split_townships",
    "vct": "import_vct",
    "worklist merge": "merge_worklist",
    "worklist split": "split_worklist",
    "yearly": "yearly_update",
    "zone": "change_crs_zone",
}
#: Options whose default a tool takes from the day or from a file of settings, or that its dialog has set.
OTHER_DEFAULTS = {
    ("drawing import", "tolerance"),
    ("drawing import", "closing"),
    ("fix", "safe_only"),
    ("yearly", "year"),
    ("cultivated", "year"),
}


def read_commands(parser=None, name=""):
    """Return command (with its action) → option by name, as argparse has it."""
    options = (parser or make_parser(ReportTexts("zh")))._actions
    nested = [option for option in options if isinstance(option, argparse._SubParsersAction)]
    if not nested:
        return {name: {option.dest: option for option in options if option.dest != "help"}}
    return {k: v for n, one in nested[0].choices.items() for k, v in read_commands(one, f"{name} {n}".strip()).items()}


def describe_option(option):
    """Return name, kind, default, choices and need of an option of a command."""
    kind = getattr(option.type, "__name__", option.nargs or type(option).__name__.strip("_"))
    return f"{option.option_strings or option.dest} {kind} {option.default!r} {option.choices} {option.required}"


def describe_tool(tool):
    """Return a line for each parameter of a tool (kind, default, fixed choices, flags, limits), and one of results."""
    lines = []
    for one in tool.parameterDefinitions():
        values, kept = one.toVariantMap(), ("flags", "min", "max", "allow_multiple", "data_types")
        default = "this year" if one.defaultValue() == date.today().year else one.defaultValue()
        choices = one.options() if values.get("uses_static_strings") else ""
        lines.append(f"{one.name()} {one.type()} {default!r} {choices} {[values.get(key, '') for key in kept]}")
    return [*lines, " ".join(f"{one.name()} {one.type()}" for one in tool.outputDefinitions())]
