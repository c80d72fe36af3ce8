# SPDX-License-Identifier: GPL-2.0-or-later
"""One whole check: sources in, plan and report out. Command line, toolbox and panel all come through here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import Cancelled, InputError

if TYPE_CHECKING:
    from .exchange.package.facts import PackageFacts
    from .layer import SourceLayer
    from .plan import Plan
    from .profile import Norm
    from .report import Report
    from .tolerance import Tolerance

Progress = Callable[[float, str], None]
#: Share of the progress that reading the sources takes.
_READING = 0.1


@dataclass(frozen=True)
class Options:
    """What a run is told beside its data; empty means: as the profile, the standard or the layers say.

    ``roles`` is ``ROLE=layer;…``, the path of a file with such lines, or a mapping; ``rules`` codes or names;
    ``figures`` the path of a table of the figures that text and tables print (xlsx, CSV); ``register`` that of the register of heritage (names, kinds, levels);
    ``parameters`` code → keyword arguments that beat the standard's and the profile's; ``notices`` what the report is
    to say of the data that is not here, as text key and parameters. ``waivers``: the file of accepted findings (empty: the
    one beside a file or folder that is checked, if there; `NO_WAIVERS`: none); ``renumbered``: a table of old and new
    keys, by which waivers are followed and editions compared. ``phase``: id or Chinese name (`core.phases`). ``targets``:
    the path of a table of tasks by township (xlsx, CSV). ``baseline``: the sealed edition (封库版本), a file or folder.
    ``package``: what is seen of the package that the layers are of (`exchange.package.inspect`).
    """

    standard: str = ""
    profile: str = ""
    roles: str | Mapping[str, str] = ""
    scope: str = ""
    rules: tuple[str, ...] = ()
    base_year: int | None = None
    figures: str = ""
    register: str = ""
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    lang: str = "zh"
    tolerance: Tolerance | None = None
    notices: tuple[tuple[str, dict[str, Any]], ...] = ()
    waivers: str = ""
    renumbered: str = ""
    phase: str = ""
    targets: str = ""
    baseline: str = ""
    package: PackageFacts | None = None

    def norm(self) -> Norm:
        """Profile and standard, resolved for the phase. DataError and InputError name what is not there and what is."""
        from .phases import phase_of
        from .profile import Norm, load_profile
        from .standard import load_standard

        profile = load_profile(self.profile)
        return Norm(load_standard(self.standard or profile.standard), profile, phase_of(self.phase))

    def role_choices(self) -> dict[str, str]:
        return parse_roles(self.roles) if isinstance(self.roles, str) else dict(self.roles)


class Checked(NamedTuple):
    plan: Plan
    report: Report


def check(
    sources: str | Path | Iterable[SourceLayer],
    options: Options | None = None,
    *,
    source: str = "",
    progress: Progress = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
    reading_seconds: float = 0.0,
) -> Checked:
    """Check a file or folder, or layers that were read already (``source`` then names where they come from).

    Raises InputError or DataError when nothing can be run, before any rule has started, and Cancelled.
    ``reading_seconds``: what reading the layers took before this call.
    """
    # GIS libraries load when something runs, not when a command line is parsed or a plugin starts.
    from .assembly import assemble
    from .baseline import give_baseline, read_baseline
    from .engine import choose_rules, run
    from .heritage_list import read_heritage_list
    from .indicators.typed import read_figures
    from .io import read_source
    from .renumbering import read_renumbered
    from .transmission.table import read_township_tasks
    from .waivers.load import load_waivers

    def stop_if_cancelled() -> None:
        if cancelled():
            raise Cancelled

    options = options or Options()
    started = time.monotonic()
    norm = options.norm()
    rules = choose_rules(norm.rules, norm.named_rules(options.rules))
    roles = options.role_choices()
    # Side inputs first: a slip there is told before anything large is read.
    figures = read_figures(options.figures) if options.figures else ()
    targets = read_township_tasks(options.targets)
    register = read_heritage_list(options.register, norm) if options.register else None
    waivers, said = load_waivers(
        options.waivers, norm, sources if isinstance(sources, str | Path) else None, options.renumbered
    )
    stop_if_cancelled()
    progress(0.0, "")
    if isinstance(sources, str | Path):
        source = source or str(sources)
        sources = read_source(sources, wanted=part_of_plan(norm, roles), check=stop_if_cancelled)
    stop_if_cancelled()
    plan = assemble(
        sources,
        norm,
        roles=roles,
        scope=options.scope,
        base_year=options.base_year,
        source=source,
        check=stop_if_cancelled,
        bare=options.package is not None,
    )
    plan.package = options.package
    plan.figures = figures
    plan.register = register
    if figures:
        said = [*said, ("notice_figures", {"file": Path(options.figures).name, "count": len(figures)})]
        plan.inputs += (options.figures,)
    plan.targets = targets
    if targets.tasks:
        said = [*said, ("notice_targets", {"file": targets.file, "count": len(targets.tasks)})]
        plan.inputs += (options.targets,)
    if register is not None:
        said = [*said, ("notice_register", {"file": register.file, "count": len(register.rows)})]
        plan.inputs += (options.register,)
    plan.notices += [*options.notices, *said]
    plan.waivers = waivers
    if options.baseline:
        numbers = read_renumbered(options.renumbered) if options.renumbered else {}
        wanted = part_of_plan(norm, {})
        sealed = read_baseline(options.baseline, plan, norm, wanted=wanted, check=stop_if_cancelled)
        give_baseline(plan, sealed, numbers)
    report = run(
        plan,
        rules,
        parameters=options.parameters,
        tolerance=options.tolerance,
        lang=options.lang,
        progress=lambda share, text: progress(_READING + (1 - _READING) * share, text),
        cancelled=cancelled,
        reading_seconds=reading_seconds + time.monotonic() - started,
    )
    run_codes = {rule.code for rule in rules}
    report.left_out = [code for code in norm.rules if code not in run_codes]
    return Checked(plan, report)


def part_of_plan(norm: Norm, roles: Mapping[str, str]) -> Callable[[SourceLayer], bool | frozenset[str]]:
    """Does a layer play a part, by its name and fields? What plays none is not read: it may be large, or damaged.

    Of one that does, the fields that any edition of its template has: no rule asks for others.
    """
    from .recognition import find_role

    chosen: dict[str, set[str]] = {}
    for role, name in roles.items():
        chosen.setdefault(name.upper(), set()).add(role)

    def wanted(layer: SourceLayer) -> bool | frozenset[str]:
        known = chosen.get(layer.name.upper(), set()) | chosen.get(layer.full_name.upper(), set())
        known = known | {find_role(layer, norm)[0]} - {""}
        if not known <= norm.standard.templates.keys():
            return True  # a role that does not exist: said where roles are given
        fields = {f.name.upper() for role in known for t in norm.standard.all_templates(role) for f in t.fields}
        return frozenset(fields) if known else False

    return wanted


def parse_roles(text: str) -> dict[str, str]:
    """``ROLE=layer;ROLE=layer`` as a dict; the text may also be the path of a UTF-8 file with one such pair a line.

    Full-width ；and ＝ count too, ``#`` starts a comment line. InputError names an entry that is no pair, and a role
    that is given two layers.
    """
    text = text.strip()
    if not text:
        return {}
    if "=" not in text.replace("＝", "=") or _is_file(text):
        try:
            text = Path(text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise InputError("role_syntax", text=text) from error
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        for entry in line.replace("；", ";").split(";"):
            if not entry.strip():
                continue
            role, equals, layer = entry.replace("＝", "=", 1).partition("=")
            role, layer = role.strip().upper(), layer.strip()
            if not (role and equals and layer):
                raise InputError("role_syntax", text=entry.strip())
            if found.setdefault(role, layer) != layer:
                raise InputError("two_layers_one_role", role=role, first=found[role], second=layer)
    return found


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:
        return False
