# SPDX-License-Identifier: GPL-2.0-or-later
"""The check without QGIS: ``python -m plugin.core check SOURCE …``, ``indicators SOURCE --xlsx FILE``,
``compare BEFORE AFTER --role ROLE``, ``rules``,
``rule CODE``, ``profile PROFILE``, ``dictionary --html FILE``, ``structure TABLE --output FOLDER`` or ``--database FILE``, ``package SOURCE FOLDER``,
``inspect PACKAGE``, ``vct SOURCE OUTPUT``.

Exit codes: 0 nothing wrong, 1 an unwaived ERROR or a check that is not complete, 2 it could not run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from .check import Checked, Options, check
from .errors import Cancelled, SanxianError

if TYPE_CHECKING:
    from .render.words import Words
    from .report import Report
    from .texts import Texts

CLEAN, FOUND, NOT_RUN = 0, 1, 2
#: Rules named in the summary on the screen; the report holds all.
_LINES = 30
#: For consoles (cp936) that lack them.
_PLAIN = {"\u202f": " ", "\u00a0": " ", "²": "2", "³": "3", "⁴": "^4", "−": "-", "∑": "Σ", "↔": "<->"}


def main(arguments: Sequence[str] | None = None) -> int:
    from .render.words import Words
    from .texts import Texts

    given = list(sys.argv[1:] if arguments is None else arguments)
    words = Words(_language(given))
    args = _parser(words).parse_args(given)
    texts = Texts(words.lang)
    for stream in (sys.stdout, sys.stderr):
        # A console in cp936 must not stop a check that went well.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        if args.command == "rules":
            return _rules(args, words)
        if args.command == "rule":
            return _rule(args, texts, words)
        if args.command == "profile":
            return _profile(args, texts, words)
        if args.command == "dictionary":
            return _dictionary(args, words)
        if args.command == "structure":
            return _structure(args, words)
        if args.command == "indicators":
            return _indicators(args, words)
        if args.command == "compare":
            return _compare(args, words)
        if args.command == "inspect":
            return _check(args, words)
        if args.command == "package":
            return _package(args, words)
        if args.command == "vct":
            return _vct(args, words)
        return _check(args, words)
    except SanxianError as error:
        say(texts.explain(error), sys.stderr)
    except ImportError as error:
        say(words.get("cli", "missing_package", package=error.name or str(error)), sys.stderr)
    except BrokenPipeError:
        # The reader (head, less) has enough. Python would complain once more on closing the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except (KeyboardInterrupt, Cancelled):
        say(words.get("cli", "cancelled"), sys.stderr)
    return NOT_RUN


def _language(given: list[str]) -> str:
    """``--lang`` before anything is parsed: the help is in that language too."""
    for position, word in enumerate(given):
        if word == "--lang" and position + 1 < len(given):
            return given[position + 1] if given[position + 1] in ("zh", "en") else "zh"
        if word.startswith("--lang="):
            return "en" if word.endswith("=en") else "zh"
    return "zh"


def _parser(words: Words) -> argparse.ArgumentParser:
    def text(key: str) -> str:
        return words.get("cli", key)

    parser = argparse.ArgumentParser(prog="python -m plugin.core", description=text("description"))
    language = argparse.ArgumentParser(add_help=False)
    language.add_argument("--lang", choices=("zh", "en"), default="zh", help=text("lang"))
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="check | indicators | compare | rules | rule | profile | dictionary | structure | package | inspect | vct",
    )
    checking = argparse.ArgumentParser(add_help=False)
    checking.add_argument("source", metavar="SOURCE", help=text("source"))
    for name in ("standard", "profile", "roles", "scope"):
        checking.add_argument(f"--{name}", default="", help=text(name))
    checking.add_argument("--base-year", type=int, default=None, help=text("base_year"))
    checking.add_argument("--phase", default="", metavar="编制 | 公示 | 报批", help=text("phase"))
    checking.add_argument("--baseline", default="", metavar="SOURCE", help=text("baseline"))
    for name in ("figures", "targets", "register", "waivers", "renumbered"):
        checking.add_argument(f"--{name}", default="", metavar="FILE", help=text(name))
    one = commands.add_parser("check", help=text("check"), parents=[language, checking])
    one.add_argument("--rules", default="", help=text("only"))
    for name in ("json", "html", "findings"):
        one.add_argument(f"--{name}", default="", metavar="FILE", help=text(name))
    one.add_argument("--strict", action="store_true", help=text("strict"))
    one = commands.add_parser("indicators", help=text("indicators"), parents=[language])
    one.add_argument("source", metavar="SOURCE", help=text("source"))
    for name in ("standard", "profile", "roles", "scope"):
        one.add_argument(f"--{name}", default="", help=text(name))
    one.add_argument("--base-year", type=int, default=None, help=text("base_year"))
    one.add_argument("--xlsx", default="", metavar="FILE", help=text("xlsx"))
    one = commands.add_parser("compare", help=text("compare"), parents=[language])
    one.add_argument("before", metavar="BEFORE", help=text("compare_before"))
    one.add_argument("after", metavar="AFTER", help=text("compare_after"))
    one.add_argument("--role", default="", help=text("compare_role"))
    for name in ("standard", "profile"):
        one.add_argument(f"--{name}", default="", help=text(name))
    one.add_argument("--renumbered", default="", metavar="FILE", help=text("renumbered"))
    one.add_argument("--xlsx", default="", metavar="FILE", help=text("compare_xlsx"))
    one = commands.add_parser("rules", help=text("rules"), parents=[language])
    for name in ("standard", "profile", "phase"):
        one.add_argument(f"--{name}", default="", help=text(name))
    for name in ("csv", "html"):
        one.add_argument(f"--{name}", default="", metavar="FILE", help=text(f"rules_{name}"))
    one = commands.add_parser("rule", help=text("rule"), parents=[language])
    one.add_argument("code", metavar="CODE", help=text("code"))
    for name in ("standard", "profile", "phase"):
        one.add_argument(f"--{name}", default="", help=text(name))
    one = commands.add_parser("profile", help=text("profile_command"), parents=[language])
    one.add_argument("profile", metavar="PROFILE", help=text("profile_id"))
    one.add_argument("--standard", default="", help=text("standard"))
    one.add_argument("--phase", default="", metavar="编制 | 公示 | 报批", help=text("phase"))
    one.add_argument("--check", action="store_true", help=text("profile_check"))
    one.add_argument("--json", default="", metavar="FILE", help=text("profile_json"))
    one = commands.add_parser("dictionary", help=text("dictionary"), parents=[language])
    one.add_argument("--html", required=True, metavar="FILE", help=text("dictionary_html"))
    one.add_argument("--standard", default="county_db", help=text("standard"))
    one = commands.add_parser("structure", help=text("structure"), parents=[language])
    one.add_argument("table", metavar="TABLE", help=text("structure_source"))
    one.add_argument("--output", default="", metavar="FOLDER", help=text("structure_output"))
    one.add_argument("--database", default="", metavar="FILE", help=text("structure_database"))
    one.add_argument("--folder", default="", metavar="FOLDER", help=text("structure_folder"))
    for name in ("crs", "county"):
        one.add_argument(f"--{name}", default="", help=text(f"structure_{name}"))
    one.add_argument("--existing", choices=("stop", "add", "replace"), default="stop", help=text("existing"))
    one.add_argument("--standard", default="county_db", help=text("standard"))
    one = commands.add_parser("package", help=text("package"), parents=[language, checking])
    one.add_argument("output", metavar="FOLDER", help=text("package_output"))
    one.add_argument("--package", default="county", help=text("package_form"))
    one.add_argument("--documents", default="", metavar="FOLDER", help=text("package_documents"))
    one.add_argument("--personal", action="store_true", help=text("package_personal"))
    one.add_argument("--force", action="store_true", help=text("package_force"))
    one.set_defaults(rules="")
    one = commands.add_parser("inspect", help=text("inspect"), parents=[language, checking])
    one.add_argument("--package", default="county", help=text("package_form"))
    for name in ("json", "html", "findings"):
        one.add_argument(f"--{name}", default="", metavar="FILE", help=text(name))
    one.add_argument("--strict", action="store_true", help=text("strict"))
    one.set_defaults(rules="")
    one = commands.add_parser("vct", help=text("vct"), parents=[language])
    one.add_argument("source", metavar="SOURCE", help=text("vct_source"))
    one.add_argument("output", metavar="OUTPUT", help=text("vct_output"))
    one.add_argument("--standard", default="county_db", help=text("standard"))
    return parser


def _check(args: argparse.Namespace, words: Words) -> int:
    from .render.outputs import write_outputs
    from .writing import Outputs, check_outputs

    outputs = Outputs(json=args.json, html=args.html, findings=args.findings)
    side = (args.figures, args.targets, args.register, args.baseline)
    check_outputs(outputs, [args.source, *filter(None, side)])
    checked = (
        _inspected(args, words)
        if args.command == "inspect"
        else check(args.source, _options(args, words), progress=_progress)
    )
    write_outputs(checked, outputs)
    for line in summary(checked.report, words):
        say(line)
    for path in outputs.paths():
        say(words.get("cli", "written", target=path))
    return exit_code(checked.report, args.strict)


def _inspected(args: argparse.Namespace, words: Words) -> Checked:
    from .exchange.package.export import with_standard
    from .exchange.package.inspect import inspect_package
    from .exchange.package.profile import load_package

    form = load_package(args.package)
    return inspect_package(args.source, form, with_standard(_options(args, words), form), progress=_progress)


def _options(args: argparse.Namespace, words: Words) -> Options:
    """What a check is told on the command line."""
    return Options(
        standard=args.standard,
        profile=args.profile,
        roles=args.roles,
        scope=args.scope,
        rules=tuple(c.strip() for c in args.rules.replace("，", ",").replace(";", ",").split(",") if c.strip()),
        base_year=args.base_year,
        figures=args.figures,
        phase=args.phase,
        targets=args.targets,
        register=args.register,
        baseline=args.baseline,
        waivers=args.waivers,
        renumbered=args.renumbered,
        lang=words.lang,
    )


def _indicators(args: argparse.Namespace, words: Words) -> int:
    from .render import figures
    from .tabulate import check_workbook, tabulate, write_workbook
    from .writing import check_writable

    options = Options(
        standard=args.standard,
        profile=args.profile,
        roles=args.roles,
        scope=args.scope,
        base_year=args.base_year,
        lang=words.lang,
    )
    if args.xlsx:
        check_workbook(args.xlsx)
        check_writable(args.xlsx, [args.source])
    done = tabulate(args.source, options, progress=_progress)
    for computed in done.figures.all():
        name = computed.entry.name(words.lang)
        for one in computed.figures:
            target = words.get("cli", "of_target", target=figures.target_text(one, words)) if one.target else ""
            state, value = figures.state_word(one, words), figures.value_text(one, words)
            say(words.get("cli", "figure", name=name, value=value, target=target, state=state))
        if not computed.figures:
            say(words.get("cli", "no_figure", name=name, reason=computed.reason))
    if not all(one.confirmed for computed in done.figures.all() for one in computed.figures):
        say(words.get("text", "unconfirmed_note"))
    if args.xlsx:
        write_workbook(done, args.xlsx)
        say(words.get("cli", "written", target=args.xlsx))
    return CLEAN


def _compare(args: argparse.Namespace, words: Words) -> int:
    """CLEAN when the two are identical, FOUND when they are not."""
    from .tabulate import check_workbook
    from .texts import Texts, number
    from .versions.model import CHANGED, IN, OUT
    from .versions.sources import compare_sources, layers_of
    from .versions.tables import changes_text, keys_of, reasons, verdict, write_workbook
    from .writing import check_writable

    norm, texts = Options(standard=args.standard, profile=args.profile).norm(), Texts(words.lang)
    if args.xlsx:
        check_workbook(args.xlsx)
        check_writable(args.xlsx, [args.before, args.after])
    (before, _), (after, townships) = (layers_of(source, args.role, norm) for source in (args.before, args.after))
    given = {"role": args.role, "renumbered": args.renumbered}
    done = compare_sources(before, after, norm, townships=townships, **given)
    found = done.found
    moved = {
        name: number(found.area(kind), 2) for name, kind in (("moved_in", IN), ("moved_out", OUT), ("changed", CHANGED))
    }
    layer = found.after.layer.template.name if words.lang == "zh" else done.role
    say(texts.get("versions", "summary", verdict=verdict(done, texts), layer=layer, **moved))
    for line in reasons(done, texts):
        say(f"  {line}")
    for part in found.parts[:_LINES]:
        old, new = keys_of(done, part)
        told = {"kind": texts.get("versions", part.kind), "township": part.township, "area": number(part.area_m2, 2)}
        changes = changes_text(part, texts).replace("\n", "; ")
        say("  " + texts.get("versions", "line", before=old or "-", after=new or "-", changes=changes, **told).rstrip())
    if args.xlsx:
        write_workbook(done, args.xlsx, texts)
        say(words.get("cli", "written", target=args.xlsx))
    return CLEAN if found.identical else FOUND


def exit_code(report: Report, strict: bool = False) -> int:
    said = report.summary
    if said["verdict"] in ("fail", "incomplete") or (strict and said["warnings"]):
        return FOUND
    return CLEAN


def summary(report: Report, words: Words) -> list[str]:
    """Verdict and counts, then what was found by rule, what was not checked, and the figures that have a target."""
    from .render import figures, found, sections

    said = report.summary
    verdict = words.get("verdict", str(sections.verdict(report)))
    lines = [words.get("cli", "done", **{k: v for k, v in said.items() if k != "verdict"}, verdict=verdict)]
    sums = found.sums(report, words)
    for row in sums[:_LINES]:
        area = words.get("cli", "area", area=f"{row['area']} m²") if row["area"] != "—" else ""
        severity = words.get("severity", row["severity"])
        lines.append("  " + words.get("cli", "by_rule", **{**row, "severity": severity, "area": area}))
    if sums[_LINES:]:
        more = sum(row["count"] for row in sums[_LINES:])
        lines.append("  " + words.get("cli", "more_rules", rows=len(sums[_LINES:]), count=more))
    for row in sections.not_checked(report, words)["rows"]:
        if row["title"]:
            lines.append("  " + words.get("cli", "could_not", **row))
    # Townships that keep their tasks are in the report.
    told = [i for i in report.indicators if i.target is not None and not (figures.of_township(i) and i.state == "met")]
    for indicator in told:
        value = figures.value_text(indicator, words)
        target = words.get("cli", "of_target", target=figures.target_text(indicator, words))
        state = figures.state_word(indicator, words)
        lines.append("  " + words.get("cli", "figure", name=indicator.name, value=value, target=target, state=state))
    if not all(indicator.confirmed for indicator in told):
        lines.append("  " + words.get("text", "unconfirmed_note"))
    return lines


def _rules(args: argparse.Namespace, words: Words) -> int:
    from .render.rule_book import RuleBook, write_rule_book
    from .writing import check_writable

    book = RuleBook(Options(standard=args.standard, profile=args.profile, phase=args.phase).norm(), words.lang)
    for target in (args.csv, args.html):
        if target:
            check_writable(target, [])
    write_rule_book(book, table=args.csv, page=args.html)
    for target in (args.csv, args.html):
        if target:
            say(words.get("cli", "written", target=target))
    for line in [] if args.csv or args.html else book.lines():
        say(line)
    return CLEAN


def _rule(args: argparse.Namespace, texts: Texts, words: Words) -> int:
    """Everything about one rule, with the values that standard and profile put in force."""
    from .engine import choose_rules
    from .explain import in_force, lines
    from .render.rule_book import RuleBook

    norm = Options(standard=args.standard, profile=args.profile, phase=args.phase).norm()
    (rule,) = choose_rules((), (args.code,))
    for line in RuleBook(norm, words.lang, [rule.code]).facts():
        say(line)
    for heading, body in texts.rule_help(rule).items():
        say(f"\n{heading}\n  {' '.join(body.split())}")
    told = lines(in_force(rule, norm), texts)
    if told:
        say(f"\n{texts.get('explain', 'parameters')}")
        for line in told:
            say(f"  {line}")
    known = norm.standard.citations
    say(f"\n{words.get('text', 'basis')}")
    for key in rule.basis:
        source = known.get(key)
        if source:
            read_in = words.bracket(words.join(source.sources)) if source.sources else ""
            say(f"  [{source.mark}] {source.zh if words.lang == 'zh' else source.en}{read_in}")
    return CLEAN


def _profile(args: argparse.Namespace, texts: Texts, words: Words) -> int:
    """The resolved whole; where the file is not sound, all that is wrong with it."""
    from .profile import profile_problems
    from .render.profile import profile_dict, profile_lines
    from .writing import beside, check_writable

    problems = profile_problems(args.profile)
    if problems:
        say(words.get("resolved", "problems", file=args.profile, count=len(problems)), sys.stderr)
        for problem in problems:
            say(f"  {texts.explain(problem)}", sys.stderr)
        return NOT_RUN
    norm = Options(standard=args.standard, profile=args.profile, phase=args.phase).norm()
    if args.check:
        say(words.get("resolved", "sound", file=args.profile))
        return CLEAN
    if args.json:
        check_writable(args.json, [str(norm.profile.path)])
        with beside(args.json) as target:
            target.write_text(json.dumps(profile_dict(norm), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        say(words.get("cli", "written", target=args.json))
        return CLEAN
    for line in profile_lines(norm, words):
        say(line)
    return CLEAN


def _dictionary(args: argparse.Namespace, words: Words) -> int:
    from .render.dictionary import write_dictionary
    from .standard import load_standard

    write_dictionary(load_standard(args.standard), args.html, words.lang)
    say(words.get("cli", "written", target=args.html))
    return CLEAN


def _structure(args: argparse.Namespace, words: Words) -> int:
    from .exchange.structure_table import read_structure, write_structure
    from .standard import load_standard
    from .texts import Texts

    if not (args.output or args.database):
        say(words.get("cli", "structure_no_target"), sys.stderr)
        return NOT_RUN
    standard = load_standard(args.standard)
    structure = read_structure(args.table, standard)
    if args.database:
        from .exchange.structure_database import create_from_structure, plan_crs

        crs, notice = plan_crs(args.crs, args.county)
        if notice:
            say(Texts(words.lang).notice(*notice), sys.stderr)
        create_from_structure(structure, standard, args.database, crs, existing=args.existing, folder=args.folder)
    written = [str(path) for path in write_structure(structure, args.output)] if args.output else []
    for path in [p for p in (args.database, args.folder if args.database else "") if p] + written:
        say(words.get("cli", "written", target=path))
    for note in structure.notes:
        say(words.get("cli", "structure_note", sheet=note.sheet, row=note.row, value=note.value))
    return CLEAN


def _package(args: argparse.Namespace, words: Words) -> int:
    from pathlib import Path

    from .errors import OutputError
    from .exchange.package.export import Order, export_package, with_standard
    from .exchange.package.profile import load_package
    from .texts import Texts

    form = load_package(args.package)
    documents = Path(args.documents) if args.documents else None
    order = Order(form, Path(args.output), documents, force=args.force, personal=args.personal)
    options = with_standard(_options(args, words), form)
    checked = check(args.source, options, progress=lambda share, text: _progress(0.4 * share, text))
    for line in summary(checked.report, words):
        say(line)
    try:
        done = export_package(checked, order, progress=lambda share, text: _progress(0.4 + 0.6 * share, text))
    except OutputError as error:
        if error.key != "package_gate":
            raise
        say(Texts(words.lang).explain(error), sys.stderr)
        return FOUND
    for problem in done.problems:
        say(problem.sentence(Texts(words.lang)), sys.stderr)
    say(words.get("cli", "written", target=str(done.path)))
    say(words.get("cli", "package_digest", digest=done.digest))
    return FOUND if done.manifest["check"]["forced"] else CLEAN


def _vct(args: argparse.Namespace, words: Words) -> int:
    from .exchange.vct.database import vct_to_database
    from .exchange.vct.write import layers_of_source, write_vct
    from .standard import load_standard
    from .texts import Texts
    from .writing import check_writable

    templates = load_standard(args.standard).templates
    check_writable(args.output, [args.source])
    done: Any
    if args.output.lower().endswith(".vct"):
        layers = layers_of_source(args.source, progress=_progress)
        done = write_vct(args.output, layers, templates=templates)
    else:
        done = vct_to_database(args.source, args.output, templates=templates, progress=_progress)
    _progress(1.0, "")
    for key, params in done.notes:
        say(Texts(words.lang).notice(key, params), sys.stderr)
    for name, rows in done.rows.items():
        say(Texts(words.lang).get("toolbox", "vct_layer", layer=name, rows=rows))
    say(words.get("cli", "written", target=args.output))
    return CLEAN


def _progress(share: float, text: str) -> None:
    """One line on a terminal, written over and over; nothing in a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{share:4.0%} {text}" if share < 1 else "\r\033[K")
        sys.stderr.flush()


def say(text: str, stream: TextIO | None = None) -> None:
    """A line in whatever the console can show."""
    out: Any = stream or sys.stdout
    encoding = getattr(out, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        for character, plain in _PLAIN.items():
            try:
                character.encode(encoding)
            except UnicodeEncodeError:
                text = text.replace(character, plain)
    print(text, file=out)


if __name__ == "__main__":
    sys.exit(main())
