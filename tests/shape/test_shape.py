# SPDX-License-Identifier: GPL-2.0-or-later
"""Test conventions of the code: import layers, citations, texts."""

import ast
import re
import string
import tomllib
from functools import cache
from pathlib import Path

from plugin.core.model.rule import DOCSTRING_HEADINGS, EVERY_LAYER, Severity, load_all_rules
from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import Norm, list_profile_ids, load_profile
from plugin.paths import PROFILES_FOLDER, STANDARDS_FOLDER, TEXTS_FOLDER
from tests.parametrize import for_each
from tests.shape.syntax import list_nodes

ROOT = Path(__file__).resolve().parents[2]
LAYER_LEVELS = {"core": 0, "bridge": 1, "algorithms": 2, "gui": 2}
RULES = load_all_rules()
#: Rule codes outside the file of a rule or fix, by module of the plugin, each with its reason.
CODES_ELSEWHERE = {
    "core/rules/_places.py": "REL001 REL002 REL003 REL004 REL005",  # Several rules refer to these groups.
    "core/checks/side_tables.py": "LAW023 LAW024",  # The register is read before any rule is loaded.
    "core/checks/run_check.py": "LAW002",  # One condition on the figure of a finding.
    "core/counties/seams/placing.py": "SCH001",  # Any one cheap rule.
    "core/engine/waivers/waiver.py": "DOC007",  # The plugin refuses waivers of this rule, and has no setting for it.
    "core/figures/indicators/areas.py": "ATT003",  # Section of a setting.
    "core/plan/plan.py": "ATT003 ATT013",  # Sections of settings.
    "core/fixes/shapes.py": "ATT013",  # Section of a setting.
    "core/package/inspection/inspect.py": "SCH006 SCH007",  # A property of the VCT format.
    "core/package/inspection/report_comparison.py": "DOC013",  # The inspection makes findings of this rule.
    "core/standard/profile/checks.py": "DOC005",  # Section of a setting of earlier versions.
    "core/render/finding_lists.py": "TOP009",  # The report has a section for the findings of this rule.
}


def list_modules():
    return sorted((ROOT / "plugin").rglob("*.py"))


def list_imports(path):
    """Yield relative level and module name of every import of a file."""
    for node in list_nodes(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


@for_each("path", list_modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_import_only_from_lower_layers_and_relatively(path):
    place = path.relative_to(ROOT / "plugin").parts
    for level, module in list_imports(path):
        top = module.split(".")[0]
        assert top not in ("PyQt5", "PyQt6", "PySide6"), f"{path.name}: Qt comes through qgis.PyQt"
        if place[0] == "core":
            assert top not in ("qgis", "processing"), f"{path.name}: core knows no QGIS"
        assert top != "plugin", f"{path.name}: imports inside the plugin are relative"
        if level and place[0] in LAYER_LEVELS:
            # Resolve the import: go up `level` packages from this module.
            base = place[: len(place) - level]
            target = (*base, *module.split("."))[0] if module else ""
            if target in LAYER_LEVELS:
                assert LAYER_LEVELS[target] <= LAYER_LEVELS[place[0]], f"{path.name} imports {target}"


@for_each("path", list_modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_connect_nothing_to_the_signal_of_a_destroyed_object(path):
    """A garbage collection that begins in such a slot deletes children of the object a second time."""
    assert ".destroyed.connect" not in path.read_text(encoding="utf-8")


def test_the_plugin_opens_no_connection_but_those_to_databases_and_workers():
    """PostGIS goes through psycopg2, workers of a batch through Dask; both only where the user names them."""
    network = {"aiohttp", "ftplib", "http", "requests", "smtplib", "ssl", "urllib3", "xmlrpc"}
    found = {
        (path.stem, module)
        for path in list_modules()
        for _, module in list_imports(path)
        if module.partition(".")[0] in network or module in ("urllib.request", "qgis.PyQt.QtNetwork")
    }
    texts = "".join(path.read_text(encoding="utf-8") for path in list_modules())
    assert found == set() and "QgsNetworkAccessManager" not in texts and "QgsBlockingNetworkRequest" not in texts
    assert set(re.findall(r"\bsocket\.\w+", texts)) == {"socket.gethostname"}


def test_csv_and_xlsx_files_are_written_where_formulas_become_text():
    """A text from the data that begins with = would be a formula of who opens the file."""

    def list_modules_with(pattern):
        return [path.stem for path in list_modules() if re.search(pattern, path.read_text(encoding="utf-8"))]

    assert list_modules_with(r"csv\.writer\(") == ["file", "change_log"]
    assert list_modules_with(r"\bcell\.value = ") == ["write_points", "ledger", "report_table"]
    # Rows of the others are appended as cells that a function of plain_sheets makes.
    assert set(list_modules_with(r"sheet\.append\(")) <= set(list_modules_with(r"import.+ make_sheet_cell"))


@for_each("path", list_modules())
def test_bodies_of_functions_have_at_most_60_lines_without_their_docstring(path):
    for node in list_nodes(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1 if ast.get_docstring(node) is not None and len(node.body) > 1 else 0]
            assert node.end_lineno - first.lineno < 60, (
                f"{path.name}: divide {node.name} where readers would name parts"
            )


def test_root_package_defines_only_class_factory():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    kinds = [n for n in tree.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
    assert [getattr(n, "name", "") for n in kinds] == ["classFactory"]


@for_each("path", list_modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_except_clauses_name_a_type_and_do_not_silence_all_exceptions(path):
    for node in list_nodes(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path.name}:{node.lineno}: bare except"
            broad = isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            silent = all(isinstance(n, ast.Pass) for n in node.body)
            assert not (broad and silent), f"{path.name}:{node.lineno}: swallows everything"


@for_each("rule", RULES.values(), ids=RULES)
def test_rule_cites_at_least_one_existing_citation(rule):
    citations = load_standard().citations
    assert rule.basis and set(rule.basis) <= set(citations)


@for_each("rule", RULES.values(), ids=RULES)
def test_rule_based_only_on_unverified_sources_has_no_error_severity(rule):
    norm = Norm(load_standard(), load_profile())
    if rule.severity is Severity.ERROR:
        assert any(norm.is_confirmed(key) for key in rule.basis), f"{rule.code} stands on unverified sources only"


@for_each("rule", RULES.values(), ids=RULES)
def test_settings_used_by_a_rule_exist_in_the_standard(rule):
    standard = load_standard()
    for item in (*rule.uses, *rule.may_use):
        known = item in standard.settings or item in standard.marks or item.startswith("codes.")
        assert known, f"{rule.code} uses {item}, which the standard does not know"


@for_each("rule", RULES.values(), ids=RULES)
def test_layers_and_fields_required_by_a_rule_exist_in_the_standard(rule):
    standard = load_standard()
    meanings = {f.meaning for t in standard.templates.values() for f in t.fields}
    for need in rule.needs.values():
        assert need.concept == EVERY_LAYER or need.concept in standard.concepts
        assert set(need.fields) <= meanings


@cache
def read_chinese_texts():
    return tomllib.loads((TEXTS_FOLDER / "rules_zh.toml").read_text(encoding="utf-8"))


def list_placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@for_each("rule", RULES.values(), ids=RULES)
def test_chinese_and_english_rule_messages_have_the_same_placeholders(rule):
    chinese = read_chinese_texts()[rule.code]
    assert set(chinese) == {"title", "problem", "what", "why", "fix", "limits", "messages"}
    assert all(chinese[k].strip() for k in ("title", "problem", "what", "why", "fix", "limits"))
    assert set(chinese["messages"]) == set(rule.messages)
    for case, english in rule.messages.items():
        # Both name a feature by layer and key; other placeholders may differ only because of grammar.
        assert list_placeholders(chinese["messages"][case]) == list_placeholders(english), (rule.code, case)
    assert set(DOCSTRING_HEADINGS) <= set(rule.sections)


def test_chinese_rule_texts_exist_for_exactly_the_registered_rules():
    assert set(read_chinese_texts()) == set(RULES)


def test_chinese_and_english_text_catalogues_have_the_same_keys_and_placeholders():
    zh, en = (tomllib.loads((TEXTS_FOLDER / f"{lang}.toml").read_text(encoding="utf-8")) for lang in ("zh", "en"))
    assert set(zh) == set(en)
    for section in zh:
        assert set(zh[section]) == set(en[section]), section
        for key, text in zh[section].items():
            assert list_placeholders(text) == list_placeholders(en[section][key]), (section, key)


def test_error_keys_raised_in_code_exist_in_the_text_catalogue():
    """Search the code for keys of InputError, OutputError, DataError and reasons."""
    zh = tomllib.loads((TEXTS_FOLDER / "zh.toml").read_text(encoding="utf-8"))
    for path in list_modules():
        text = path.read_text(encoding="utf-8")
        for key in re.findall(r'(?:InputError|OutputError|DataError)\(\s*"(\w+)"', text):
            assert key in zh["errors"], f"{path.name}: {key}"
        for key in re.findall(r'texts\.reason\(\s*"(\w+)"', text):
            assert key in zh["reasons"], f"{path.name}: {key}"


def test_every_shipped_standard_and_profile_loads_with_existing_rules_and_layers():
    for name in list_standard_ids():
        standard = load_standard(name)
        assert standard.rules and set(standard.rules) <= set(RULES)
        assert standard.templates and standard.code_lists
        for role in (r for roles in standard.concepts.values() for r in roles):
            assert role in standard.templates | load_standard().templates, (
                f"concept of {name} names {role}, which has no template"
            )
    for name in list_profile_ids():
        profile = load_profile(name)
        norm = Norm(load_standard(profile.standard), profile)
        assert norm.make_tolerance().min_area_m2 > 0
        assert set(profile.severity) <= set(RULES)


def test_layer_templates_refer_to_existing_code_lists_and_name_fields():
    standard = load_standard()
    for role in standard.templates:
        for template in standard.list_templates_of_role(role):
            for field in template.fields:
                assert not field.codes or field.codes in standard.code_lists, (role, field.name)
                assert not field.code_name or template.find_field_by_name(field.code_name), (role, field.name)
                # A shapefile stores ten bytes of a field name.
                assert len(field.name.encode()) <= 10, (role, field.name)


def test_every_rule_has_title_and_help_in_chinese_and_english():
    for lang in ("zh", "en"):
        texts = Texts(lang)
        for rule in RULES.values():
            assert texts.get_rule_title(rule) and len(texts.get_rule_help(rule)) == 4


def test_profiles_and_standards_folders_are_not_empty():
    assert list(PROFILES_FOLDER.glob("*.toml")) and list(STANDARDS_FOLDER.glob("*/standard.toml"))


def test_rule_messages_contain_no_algorithm_parameter_names():
    """Search messages for names like PROFILE.

    Users see labels in the desktop and options on the command line instead.
    """
    names = r"\b(PROFILE|OUTPUT|INPUT|FORCE|MAPS|PACKAGE|DOCUMENTS|BASELINE|TARGETS|FIGURES|REGISTER|WAIVERS|PHASE)\b"
    messages = {f"rules_zh {code}": block["messages"].values() for code, block in read_chinese_texts().items()}
    messages |= {f"rules_en {code}": rule.messages.values() for code, rule in load_all_rules().items()}
    for lang in ("zh", "en"):
        texts = tomllib.loads((TEXTS_FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))
        messages |= {
            f"{lang} {part}": texts[part].values() for part in ("errors", "reasons", "package", "causes", "maps")
        }
    found = [f"{where}: {text}" for where, texts in messages.items() for text in texts if re.search(names, str(text))]
    assert not found


@for_each("rule", RULES.values(), ids=RULES)
def test_file_name_of_a_rule_has_the_codes_of_the_file_and_the_name_of_a_single_rule(rule):
    """Compare the file name with code and name.

    `load_all_rules` reads the codes from the file name, so that rules are imported only when needed.
    """
    module = rule.function.__module__
    of_file = [one for one in RULES.values() if one.function.__module__ == module]
    assert re.fullmatch(
        rf".*\.{rule.family.lower()}{'_'.join(one.code[3:] for one in of_file)}"
        rf"_{rule.algorithm_id if len(of_file) == 1 else '[a-z_]+'}",
        module,
    )
    assert RULES.find_code(rule.name) == RULES.find_code(rule.algorithm_id) == rule.code


def test_rule_codes_stand_only_in_files_of_rules_and_fixes():
    """A rule may name a rule that reports the same problem, and a fix the rules whose findings it ends."""
    found = {
        path.relative_to(ROOT / "plugin").as_posix(): " ".join(sorted(codes))
        for path in list_modules()
        if not (re.match(r"[a-z]{3}\d{3}_", path.name) or path.match("fixes/declared/*.py"))
        and (codes := RULES.keys() & re.findall(r'"(?:rules\.)?([A-Z]{3}\d{3})"', path.read_text(encoding="utf-8")))
    }
    assert found == CODES_ELSEWHERE


@for_each("rule", RULES.values(), ids=RULES)
def test_rule_fields_on_fixes_and_messages_name_existing_things(rule):
    assert rule.surroundings in (("",) if rule.local else ("", "gaps", "shapes", "keys", "fields"))
    assert {*rule.overlaps_first, *rule.sum_cases} <= {*rule.messages}
    assert RULES.keys() >= {code for codes in rule.overlaps_first.values() for code in codes}
