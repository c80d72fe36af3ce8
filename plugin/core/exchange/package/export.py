# SPDX-License-Identifier: GPL-2.0-or-later
"""A package of a plan that was checked: the gate, the layers written and read again, what comes with them, the manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyproj import CRS

from ...errors import DataError, InputError, OutputError
from ...geometry import crs as crs_care
from ...provenance import area_name
from ...standard import load_standard
from ...texts import Texts
from ...writing import same_file
from .content import Content, contents
from .database import write_database
from .files import Filled, fill_slots, is_stray
from .folder import settle, siblings, whole_folder
from .hashes import MANIFEST, SCHEMA, UNLISTED, files_below, write_digest
from .look import look, look_at_wanting
from .manifest import head, layer_row, slot_rows, write_manifest
from .metadata import metadata_xml
from .names import fill, name_problem, recogniser
from .problems import HELD_BACK, NAMED, Level, Problem, of_level
from .profile import PackageProfile, VectorSet
from .read_back import read_back
from .shapefile import write_shapefiles

if TYPE_CHECKING:
    from ...check import Checked, Options
    from ...plan import Plan

Progress = Callable[[float, str], None]
#: Sentences that an error holds; the log has all.
_SAID = 12


@dataclass(frozen=True)
class Order:
    """What is asked for. ``folder``: where the package's own folder is made; ``documents``: a folder with what comes with the
    data, or None; ``force``: make it although the gate is shut, and say so in it; ``personal``: with what tells of persons."""

    form: PackageProfile
    folder: Path
    documents: Path | None = None
    force: bool = False
    personal: bool = False


@dataclass
class Exported:
    """``digest``: SHA-256 of the manifest; ``problems``: what was told on the way."""

    path: Path
    digest: str
    manifest: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Set:
    """One set of layers, ready to be written."""

    vectors: VectorSet
    contents: list[Content]
    crs: CRS
    plane: CRS

    @property
    def vertical(self) -> str:
        return self.vectors.vertical


def with_standard(options: Options, form: PackageProfile) -> Options:
    """The options of a check for a package: where nobody says by which standard, by the form's."""
    return options if options.standard or options.profile else replace(options, standard=form.standard)


def names_of(plan: Plan, form: PackageProfile) -> dict[str, str]:
    """What ``{code}`` and ``{name}`` stand for. InputError when the plan does not tell which county it is."""
    told = plan.area_code
    code = told[:6] if form.digits == 6 else f"{told[:4]}00"
    lists = plan.norm.standard.code_lists
    # The list is one for all editions, but not every edition includes it.
    divisions = (lists.get("divisions") or load_standard().code_lists["divisions"]).codes
    name = divisions[code].name if code in divisions else area_name(plan)
    if len(code) < 6 or not code.isdigit() or not name:
        raise InputError("package_county_unknown")
    return {"code": code, "name": name}


def package_path(plan: Plan, order: Order) -> Path:
    root = fill(order.form.root, names_of(plan, order.form))
    if problem := name_problem(root):
        raise OutputError("package_root", value=root, detail=problem)
    return order.folder / root


def export_package(
    checked: Checked,
    order: Order,
    *,
    page: Callable[[], str] | None = None,
    progress: Progress = lambda share, text: None,
    check: Callable[[], None] = lambda: None,
) -> Exported:
    """Make the package of a checked plan. ``page``: the report as HTML (default without pictures).

    OutputError when the gate is shut (a plan that does not pass, something that the form wants is missing) and nobody forces
    it; when something cannot be written without loss; when what was read again is not what was drawn; when the target cannot
    be replaced. Whatever stood there then still does. ``check`` may raise to stop.
    """
    plan, form, lang = checked.plan, order.form, checked.report.lang
    values = names_of(plan, form)
    target = package_path(plan, order)
    _check_folder(order.folder)
    settle(target)
    _check_target(target, plan, form, values)
    progress(0.0, "")
    sets, problems = _look(plan, order, check)
    filled, missing = fill_slots(form, values, order.documents, target if target.is_dir() else None)
    problems += missing
    problems = [*_verdict(checked), *problems]
    _gate(problems, order, target, lang)
    forced = bool(of_level(problems, Level.GATE))
    manifest = head(checked, form, values, target.name, forced)
    steps = _Steps(sum(len(c) for s in sets for c in s.contents), progress)
    with whole_folder(target, check) as new:
        manifest["layers"] = []
        for one in sets:
            manifest["layers"] += _write(one, new, form, values, plan, steps, check, lang)
        manifest["slots"] = slot_rows(filled, form)
        _copy(filled, new, form, check)
        _report(checked, new, form, values, page)
        problems += _tables(checked, new, form, values, check)
        _metadata(manifest, new, form, values)
        told = write_manifest(new, manifest, problems, lang, check)
        digest = write_digest(new)
    progress(1.0, "")
    return Exported(target, digest, told, problems)


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError("package_no_folder", folder=str(folder)) from error


def _check_target(target: Path, plan: Plan, form: PackageProfile, values: dict[str, str]) -> None:
    """OutputError for a target that is no package of ours, or holds files that a new one would lose."""
    for source in plan.inputs:
        inside = Path(source).absolute()
        for folder in (target, *siblings(target)):
            if same_file(source, folder) or folder.absolute() in inside.parents:
                raise OutputError("output_is_input", target=str(target))
    if not target.exists():
        return
    names = [name for name, _ in files_below(target)] if target.is_dir() else None
    if names == []:
        return
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        listed = {row["path"] for row in manifest["files"]} if manifest["schema"] == SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError):
        listed = None
    if names is None or listed is None:
        raise OutputError("package_not_ours", target=str(target))
    slots = [recogniser(slot.file, values) for slot in form.files]
    more = [
        name
        for name in names
        if name not in listed
        and name not in UNLISTED
        and not is_stray(Path(name).name)
        and not any(slot.fullmatch(Path(name).name) for slot in slots)
    ]
    if more:
        shown = ", ".join(more[:NAMED]) + (" …" if len(more) > NAMED else "")
        raise OutputError("package_has_more", target=str(target), count=len(more), files=shown)


def _look(plan: Plan, order: Order, check: Callable[[], None]) -> tuple[list[_Set], list[Problem]]:
    sets: list[_Set] = []
    problems: list[Problem] = []
    titles = Texts("zh")
    templates = plan.norm.standard.templates

    def title(layer: str) -> str:
        return templates[layer].name if layer in templates else titles.concept(layer)

    for vectors in order.form.vectors:
        found, wanting = contents(plan, vectors, personal=order.personal)
        problems += look_at_wanting(wanting, title)
        plane = CRS.from_user_input(vectors.crs)
        whole = (
            CRS.from_user_input(f"{vectors.crs}+{vectors.vertical.rpartition(':')[2]}") if vectors.vertical else plane
        )
        for content in found:
            problems += look(content, vectors, plan.norm.standard.code_lists, check)
        full = [c for c in found if len(c)]
        for name, layers in _brought(full, plane).items():
            params = {"source": name, "target": vectors.crs}
            problems.append(
                Problem(Level.NOTE, "reprojected", count=len(layers), features=tuple(layers), params=params)
            )
        names = [c.name.upper() for c in full]
        for name in sorted({n for n in names if names.count(n) > 1}):
            problems.append(Problem(Level.STOP, "layer_twice", layer=name))
        sets.append(_Set(vectors, full, whole, plane))
    return sets, problems


def _brought(found: list[Content], plane: CRS) -> dict[str, list[str]]:
    """CRS → the layers in it that are brought into the package's."""
    brought: dict[str, list[str]] = {}
    for content in found:
        if content.layer.crs != plane:
            brought.setdefault(crs_care.label(content.layer.crs), []).append(content.name)
    return brought


def _verdict(checked: Checked) -> Iterator[Problem]:
    said = checked.report.summary
    if said["verdict"] in HELD_BACK:
        verdict = Texts(checked.report.lang).get("verdicts", said["verdict"])
        params = {"verdict": verdict, "errors": said["errors"], "skipped": said["skipped"] + said["crashed"]}
        yield Problem(Level.GATE, "not_passed", params=params)
    if said["left_out"]:
        named = tuple(said["left_out"][:NAMED])
        yield Problem(Level.GATE, "rules_left_out", count=len(said["left_out"]), features=named)


def _gate(problems: list[Problem], order: Order, target: Path, lang: str) -> None:
    """OutputError unless the package may be made."""
    texts = Texts(lang)
    for level, key in ((Level.STOP, "package_stopped"), (Level.GATE, "package_gate")):
        shut = of_level(problems, level)
        if shut and not (order.force and level is Level.GATE):
            lines = [p.sentence(texts) for p in shut[:_SAID]]
            lines += ["…"] if len(shut) > _SAID else []
            raise OutputError(key, target=target.name, count=len(shut), reasons="\n".join(lines))


class _Steps:
    """Progress over rows that are written and read again."""

    def __init__(self, rows: int, progress: Progress):
        self.total, self.done, self.progress, self.text = max(2 * rows, 1), 0, progress, ""

    def __call__(self, rows: int) -> None:
        self.done += rows
        self.progress(0.95 * self.done / self.total, self.text)


def _write(
    one: _Set,
    new: Path,
    form: PackageProfile,
    values: dict[str, str],
    plan: Plan,
    steps: _Steps,
    check: Callable[[], None],
    lang: str,
) -> list[dict[str, Any]]:
    """Write a set and read it again; the rows of its layers in the manifest."""
    vectors = one.vectors
    if not one.contents:
        return []
    name = form.place(vectors.folder, fill(vectors.file, values))
    path = new / name
    path.parent.mkdir(parents=True, exist_ok=True)
    short = vectors.suffix == ".shp"
    place = name.removesuffix(vectors.suffix) if short else name
    steps.text = place.rsplit("/", 1)[-1]
    if short:
        write_shapefiles(new / place, one.contents, one.plane, encoding=vectors.encoding, progress=steps, check=check)
    else:
        lists = plan.norm.standard.code_lists
        write_database(path, one.contents, one.crs, plane=one.plane, code_lists=lists, progress=steps, check=check)
    rows = []
    for content in one.contents:
        own = new / place / f"{content.name}.shp" if short else path
        done = read_back(own, content, one.plane, progress=steps, check=check)
        if not done.same:
            raise _not_the_same(content, done.to_dict()["differences"], lang)
        file = f"{place}/{content.name}.shp" if short else place
        rows.append(layer_row(content, vectors, form, file, done, one.plane, one.vertical))
    return rows


def _not_the_same(content: Content, differences: list[dict[str, Any]], lang: str) -> OutputError:
    texts = Texts(lang)
    said = [
        texts.get("read_back", row["kind"], field=row["field"], count=row["count"], features=", ".join(row["features"]))
        for row in differences
    ]
    return OutputError("package_not_the_same", layer=content.name, differences="\n".join(said))


def _copy(filled: list[Filled], new: Path, form: PackageProfile, check: Callable[[], None]) -> None:
    for one in filled:
        for path in one.files:
            check()
            target = new / form.place(one.slot.folder, path.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            # The content alone: no owner, no times of this machine.
            shutil.copyfile(path, target)


def _report(
    checked: Checked, new: Path, form: PackageProfile, values: dict[str, str], page: Callable[[], str] | None
) -> None:
    from ...render.html import render
    from ...render.json import to_json

    path = new / form.place(form.report.folder, fill(form.report.file, values))
    path.parent.mkdir(parents=True, exist_ok=True)
    text = page() if page is not None else render(checked.report, checked.plan.norm)
    for suffix, content in ((".html", text), (".json", to_json(checked.report))):
        path.with_name(path.name + suffix).write_text(content, encoding="utf-8", newline="\n")


def _tables(
    checked: Checked, new: Path, form: PackageProfile, values: dict[str, str], check: Callable[[], None]
) -> list[Problem]:
    """The workbook of the plan's figures: the same indicators as in the report. What keeps it from being made is told."""
    from ...tabulate import put_tables, tabulate_plan

    if form.tables is None:
        return []
    if find_spec("openpyxl") is None:
        return [Problem(Level.NOTE, "tables_no_openpyxl")]
    try:
        made = tabulate_plan(checked.plan, checked.report.lang, check=check)
    except (InputError, DataError) as error:
        # Not every edition has the lists that the tables are made by.
        reason = Texts(checked.report.lang).explain(error)
        return [Problem(Level.NOTE, "tables_not_made", params={"reason": reason})]
    path = new / form.place(form.tables.folder, f"{fill(form.tables.file, values)}.xlsx")
    path.parent.mkdir(parents=True, exist_ok=True)
    put_tables(made, path)
    return []


def _metadata(manifest: dict[str, Any], new: Path, form: PackageProfile, values: dict[str, str]) -> None:
    path = new / form.place(form.metadata.folder, fill(form.metadata.file, values))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(metadata_xml(manifest, form))
