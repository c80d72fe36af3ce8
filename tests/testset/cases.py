# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the test set: their data, and their answers as rules, mutations and mistakes declare them."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyogrio

from plugin.core.base.files.json_text import convert_to_plain_value
from plugin.core.cli.examples.plans import get_example_roles, make_example_layers, make_example_norm
from plugin.core.engine.explanation import find_effective_values
from plugin.core.model.rule import Rule, RuleExample, load_all_rules
from plugin.core.standard.messages.texts import Texts
from plugin.paths import PLUGIN_ROOT
from tests.core.package.package_copies import PACKAGE_ROOT, export_small_package, write_geopackage_spec
from tests.core.package.test_honest_mistakes import MISTAKES
from tests.county.measure import measure_drawn_area
from tests.county.write import write_geopackage
from tests.mutations.clean import make_full_county, write_check_inputs
from tests.mutations.mutation import CountyDraft, Mutation, load_all_mutations
from tests.testset import judge
from tests.testset.plain_shapely import confirm_areas, list_overlapping_rows

PIECES = Path(__file__).parent / "pieces"
#: What rows of examples declare that a GeoPackage does not state, or that not every tool can read.
UNWRITTEN_KEYS = {"curve", "lengths", "aliases", "domains"}
#: Rules that note legal places of the county without defects too (windows, present land), or layers beside their needs.
RULES_WITH_NOTES = ("GEO006", "REL039", "REL040")
#: Rules on what the norms require of packages; and their cases on files that only this plugin writes, or on links, which
#: a zip file has not.
RULES_ON_PACKAGES = ("DOC001", "DOC002", "DOC003", "DOC004", "DOC005", "DOC008", "DOC030")
CASES_LEFT_OUT = ("manifest", "waivers", "link")
#: Kind of the files of which a tool must not lose layers or rows without a word; rule that reports it, and its texts.
UNREAD_KIND = "unread-data"
UNREAD_TEXTS = {
    "code": "SCH003",
    "problem": {"zh": "图层未能完整读入", "en": "A layer was not read completely"},
    "requirement": {"zh": "未能完整读入的图层应予指明", "en": "A layer that cannot be read completely is named"},
    "limits": {},
}
#: Pieces of files: folder, data, layer, number of findings (None: at least one), kinds of which any one is right.
PIECE_ANSWERS = (
    ("dbf-one-row-short", "", "STBHHX", None, [UNREAD_KIND]),
    ("codes-without-leading-zero", "", "DLTB", 2, ["unknown-code"]),
    ("truncated-geometry", "data.gpkg", "CZKFBJ", 1, ["invalid-geometry", UNREAD_KIND]),
    ("local-central-meridian", "data.gpkg", "XZQX", 1, ["layer-crs", "outside-zone"]),
)


def make_case(kind: str, title: str, findings: int | None, **more: Any) -> dict[str, Any]:
    """Return a case as `expected.json` has it; of a case without findings a tool must report nothing of this kind."""
    verdict = "pass" if findings == 0 else "fail"
    name = f"{kind}/{verdict}-{'-'.join(re.findall('[A-Za-z0-9]+', title))}"
    return {
        "case": name,
        "kinds": [kind],
        "verdict": verdict,
        "findings": findings,
        "data": f"cases/{name}.gpkg",
        **more,
    }


def write_example_cases(folder: Path, rules: Iterable[Rule]) -> Iterator[dict[str, Any]]:
    """Write the examples of rules that layers alone state; yield their cases."""
    norm = make_example_norm()
    for rule in rules:
        for example in filter(is_stated_by_layers, (*rule.fails, *rule.passes)):
            layers = make_example_layers(example.layers, get_example_roles(rule, example), norm)
            roles, frames = {name: one.name for name, one in layers.items()}, {o.name: o.frame for o in layers.values()}
            case = make_case(rule.name, example.title, example.finds, source="example", layers=roles)
            path = folder / case["data"]
            path.parent.mkdir(parents=True, exist_ok=True)
            for layer, frame in frames.items():
                options = {"append": True} if path.exists() else {"dataset_options": {"VERSION": "1.2"}}
                pyogrio.write_dataframe(frame, path, layer, "GPKG", layer_options={"SPATIAL_INDEX": "NO"}, **options)
            if example.areas:
                confirm_areas(list(frames.values()), example.areas)
                case |= {"areas_m2": example.areas, "rows": list_overlapping_rows(rule.name, roles, frames)}
            yield case


def is_stated_by_layers(example: RuleExample) -> bool:
    """Return True if an example is its layers alone, without settings, tables or properties of its source."""
    if not example.layers or example.side or example.settings or example.parameters or example.standard != "county_db":
        return False
    rows = [row for some in example.layers.values() for row in some if isinstance(row, dict)]
    return not any(row.keys() & UNWRITTEN_KEYS or "CIRCULARSTRING" in (row["wkt"] or "") for row in rows)


def write_mutation_cases(folder: Path, mutations: Iterable[Mutation]) -> Iterator[dict[str, Any]]:
    """Write the layers that matter of a county with each planted defect that has a place, and of it without; yield cases.

    The area is that of the planted shape by the tests' own formula.
    """
    county, concepts, written = make_full_county(), make_example_norm().standard.concepts, set()
    with TemporaryDirectory() as scratch:
        options = write_check_inputs(county, Path(scratch))
        for one in mutations:
            rule, draft = load_all_rules()[one.rule], CountyDraft(county, options, Path(scratch))
            is_stated = rule.needs and not (rule.side or rule.inputs or rule.code in RULES_WITH_NOTES)
            if one.base != "county" or one.finds is None or not is_stated:
                continue
            place, drawn = one.plant(draft), draft.layers_for_reading
            touched = {role: frame for role, frame in drawn.items() if frame is not county.layers.get(role)}
            changed = [role for role, frame in touched.items() if not frame.equals(county.layers.get(role))]
            if place is None or draft.options != options or not county.layers.keys() >= {*changed}:
                continue
            choices = {name: concepts.get(need.concept, changed) for name, need in rule.needs.items()}
            layers = {n: next(r for r in roles if r in drawn) for n, roles in choices.items() if {*roles} & {*drawn}}
            matter = [role for role in drawn if role in (*changed, *layers.values())]
            title = one.plant.__name__.replace("plant_", "planted ")
            planted = make_case(rule.name, title, one.finds, source="mutation", layers=layers)
            if one.finds == 1:
                planted["areas_m2"] = [round(float(measure_drawn_area([place])[0]), 4)]
            clean = make_case(
                rule.name, " ".join(("county without defects", *matter)), 0, source="mutation", layers=layers
            )
            for case, frames in ((planted, drawn), (clean, county.layers)):
                if case["case"] not in written:
                    written.add(case["case"])
                    (folder / case["data"]).parent.mkdir(parents=True, exist_ok=True)
                    write_geopackage(folder / case["data"], {role: frames[role] for role in matter})
                    yield case


def write_package_cases(folder: Path, mistakes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Write a package without mistakes, and one for the first mistake of each message; yield their cases."""
    (folder / "packages").mkdir(parents=True)
    spec, by_code = write_geopackage_spec(folder / "packages"), load_all_rules()
    with TemporaryDirectory() as scratch:
        clean = Path(shutil.copytree(export_small_package(Path(scratch), spec), folder / "packages" / PACKAGE_ROOT))
    first = {answer: (title, make_mistake) for title, (make_mistake, answer) in reversed(mistakes.items())}
    for (code, message), (title, make_mistake) in first.items():
        if code in RULES_ON_PACKAGES and message not in CASES_LEFT_OUT:
            case = make_case(by_code[code].name, title, None, source="package")
            parent = folder / case["data"].removesuffix(".gpkg")
            make_mistake(Path(shutil.copytree(clean, parent / PACKAGE_ROOT)))
            yield case | {"data": next(parent.iterdir()).relative_to(folder).as_posix()}
    for code in RULES_ON_PACKAGES:
        title, data = "package without mistakes", f"packages/{PACKAGE_ROOT}"
        yield make_case(by_code[code].name, title, 0, source="package", data=data)


def write_piece_cases(folder: Path) -> Iterator[dict[str, Any]]:
    """Copy the pieces of files that other programs left damaged; yield their cases."""
    for name, file, layer, count, kinds in PIECE_ANSWERS:
        shutil.copytree(PIECES / name, folder / "pieces" / name)
        more = {"layers": {"layer": layer}, "data": f"pieces/{name}/{file}".rstrip("/")}
        yield make_case(kinds[0], name, count, source="piece", **more) | {"kinds": kinds}


def describe_kinds(cases: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return kind → code of the rule in the manual, problem and requirement by language, and the limits that apply."""
    norm, texts = make_example_norm(), {lang: Texts(lang) for lang in ("zh", "en")}
    used = {kind for case in cases for kind in case["kinds"]}
    return {UNREAD_KIND: UNREAD_TEXTS} | {
        rule.name: {
            "code": rule.code,
            "problem": {lang: one.get_rule_problem(rule) for lang, one in texts.items()},
            "requirement": {lang: one.get_rule_title(rule) for lang, one in texts.items()},
            "limits": {
                v.name: convert_to_plain_value(v.value)
                for v in find_effective_values(replace(rule, uses=(*rule.uses, *rule.may_use)), norm)
            },
        }
        for rule in load_all_rules().values()
        if rule.name in used
    }


def write_answers(folder: Path, cases: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Write the answers on cases, and the program that judges by them; return the content of `expected.json`.

    Raise ValueError if two cases have one name.
    """
    cases = sorted(cases, key=lambda case: case["case"])
    if len({case["case"] for case in cases}) < len(cases):
        raise ValueError("two cases have one name")
    answers = {"format": 1, "kinds": describe_kinds(cases), "cases": cases}
    (folder / "expected.json").write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", "utf-8")
    shutil.copy(judge.__file__, folder)
    return answers


def write_test_set(folder: Path) -> dict[str, Any]:
    """Write the test set to a folder; return the content of its `expected.json`."""
    cases = (
        *write_example_cases(folder, load_all_rules().values()),
        *write_mutation_cases(folder, load_all_mutations()),
        *write_package_cases(folder, MISTAKES),
        *write_piece_cases(folder),
    )
    shutil.copy(PLUGIN_ROOT / "LICENSE", folder)
    shutil.copy(PLUGIN_ROOT / "docs/testset.md", folder / "README.md")
    return write_answers(folder, cases)
