# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise the role (layer code) and template of a layer, and a delivery's scope.

The scope is the kind of delivery; it decides which layers are mandatory.
"""

from __future__ import annotations

from dataclasses import replace

from ...base.errors import InputError
from ...standard.edition import Standard, list_standard_ids
from ...standard.load import load_standard
from ...standard.profile import Norm
from ...standard.template import Template
from ..layer import SourceLayer
from ..plan import MissedScope


def find_role(source: SourceLayer, norm: Norm) -> tuple[str, str]:
    """Return the role (layer code) of a layer, and by what the layer was recognised.

    The second result is ``template``, ``name``, ``other_name`` (the code in another standard) or ``fields``; both are
    empty for an unknown layer. The layer's name may be the code or an alias, alone or with the county's code, a year or
    other characters around it (``140225CZKFBJ_2022``); of several codes in a name the longest is used.
    """
    return _find_role_in_standard(source, norm.standard)


def find_standard_of_names(sources: list[SourceLayer], norm: Norm) -> tuple[Standard | None, int]:
    """Return the shipped standard that recognises the most layers by name, and the number of these layers.

    The standard is None if no other standard recognises more layers by name than the standard in use.
    """
    counts = [
        (sum(_find_role_in_standard(source, standard)[1] in ("template", "name") for source in sources), standard)
        for standard in (norm.standard, *map(load_standard, list_standard_ids()))
    ]
    best_count, best_standard = max(counts, key=lambda one: one[0])
    return None if best_standard is norm.standard else best_standard, best_count


def _find_role_in_standard(source: SourceLayer, standard: Standard) -> tuple[str, str]:
    """Return the role of a layer in one standard, and by what it was recognised, as `find_role` does."""
    templates = standard.templates
    if source.template_id in templates:
        return source.template_id, "template"
    name = source.name.strip().upper()
    # The standard's own templates come first: their names go before those of the standards that it includes.
    role_by_word: dict[str, str] = {}
    for role, template in templates.items():
        for word in (role, *template.aliases):
            role_by_word.setdefault(word.upper(), role)
    role_by_other_code = {
        code: role
        for roles in standard.equivalent_layers.values()
        for code, role in roles.items()
        if code not in role_by_word and role in templates
    }
    if source.template_id in role_by_other_code:
        return role_by_other_code[source.template_id], "other_name"
    for words, reason in ((role_by_word, "name"), (role_by_other_code, "other_name")):
        contained = [name] if name in words else [word for word in words if _is_separate_word(word, name)]
        if contained:
            return words[max(contained, key=len)], reason
    columns = {field.name.upper() for field in source.fields}
    matches = []
    for role, template in templates.items():
        if template.base:
            # A class of yearly maintenance has the fields of its layer: only the name identifies it.
            continue
        # Only rare fields identify a layer; every layer has BSM and MJ.
        distinctive = {
            field.name
            for field in template.fields
            if field.meaning in ("gross_area", "net_area", "urban_code", "zone_code", "data_year")
        }
        if distinctive and distinctive <= columns and {field.name for field in template.fields} <= columns | {"BZ"}:
            matches.append(role)
    return (matches[0], "fields") if len(matches) == 1 else ("", "")


def find_similar_role(name: str, standard: Standard) -> str:
    """Return the role whose Chinese names share the longest piece, of two characters or more, with a layer's name.

    A proposal for a person, such as 生态保护红线 for “红线”. Of several roles with equally long pieces it is the main
    layer of a control line. Empty if that does not decide, or the piece is not most of the name.
    """
    text = "".join(one for one in name if "\u4e00" <= one <= "\u9fff")

    def measure_shared_piece(word: str) -> int:
        pieces = (word[i:j] for i in range(len(word)) for j in range(i + 2, len(word) + 1))
        return max((len(piece) for piece in pieces if piece in text), default=0)

    lengths = {
        role: max(map(measure_shared_piece, (template.name, *template.aliases)))
        for role, template in standard.templates.items()
        if not template.base
    }
    longest = max(lengths.values(), default=0)
    similar = [role for role, length in lengths.items() if longest and length == longest]
    concepts = standard.scopes["three_lines"].mandatory_concepts
    lines = [role for concept in concepts if (role := standard.concepts.get(concept, (concept,))[0]) in similar]
    is_likely = 2 * longest > len(text)
    return next((roles[0] for roles in (similar, lines) if is_likely and len(roles) == 1), "")


def _is_separate_word(word: str, name: str) -> bool:
    """Return True if a name contains a word with no letter directly before or after it.

    Digits, punctuation and Chinese characters may be adjacent.
    """
    start = name.find(word)
    if start < 0:
        return False
    character_before, character_after = name[:start][-1:], name[start + len(word) :][:1]
    if not word.isascii():
        # 永久基本农田储备区 is another layer than 永久基本农田, 浑源县永久基本农田 is not.
        return not ("\u4e00" <= character_after <= "\u9fff") and character_before != "非"
    return not any(one.isascii() and one.isalpha() for one in (character_before, character_after))


def find_best_template(source: SourceLayer, role: str, norm: Norm) -> Template:
    """Return the template of a role from the edition whose template has most of the layer's fields.

    On a tie it is the template of the standard in use. The template of another standard for the same layer
    (`equivalent_layers`) is used if the layer has its name, or more of its fields.
    """
    columns = {field.name.upper() for field in source.fields}

    def count_fields(template: Template) -> int:
        return sum(field.name in columns for field in template.fields)

    def measure_share(template: Template) -> float:
        return count_fields(template) / max(len(template.fields), 1)

    standard = norm.standard
    templates = standard.list_templates_of_role(role)
    own = [one for one in templates if not standard.is_other_schema(one)] or templates
    best = max(own, key=measure_share)
    names = (source.template_id, source.name.strip().upper())
    for other, roles in standard.equivalent_layers.items():
        for code, own_role in roles.items():
            is_named = code != role and any(_is_separate_word(code, name or "") for name in names)
            if own_role == role and other != standard.id and (code == role or is_named):
                template = replace(load_standard(other).templates[code], role=role)
                if count_fields(template) >= count_fields(best) + (not is_named):
                    best = max(best, template, key=measure_share)
    return best


def choose_scope(norm: Norm, roles: set[str], wanted: str = "") -> str:
    """Return the scope (kind of delivery): the requested one, else the widest whose mandatory layers exist.

    ``roles``: layer codes of the plan; ``wanted``: the requested scope, empty for none. Raise InputError for an unknown
    scope.
    """
    scopes = norm.standard.scopes
    if wanted:
        if wanted not in scopes:
            raise InputError("scope_unknown", scope=wanted, known=", ".join(scopes))
        return wanted
    for name, scope in sorted(scopes.items(), key=lambda item: -len(item[1].mandatory_concepts)):
        needed_concepts = [concept for concept in scope.mandatory_concepts if concept not in norm.profile.absent]
        if all(roles & set(norm.standard.concepts.get(concept, (concept,))) for concept in needed_concepts):
            return name
    return "three_lines"


def find_missed_scope(
    norm: Norm, roles: set[str], used_scope: str, *, is_chosen_by_user: bool = False
) -> MissedScope | None:
    """Return a wider scope that the layers indicate although another scope is used; None without one.

    The wider scope has all its mandatory layers only if the user chose the narrower one. An incomplete wider scope is
    indicated only by layers that no other scope lists. ``used_scope``: the scope in use; ``is_chosen_by_user``: the
    user chose that scope.
    """
    scopes, widest = norm.standard.scopes, choose_scope(norm, roles)
    if is_chosen_by_user and len(scopes[widest].mandatory_concepts) > len(scopes[used_scope].mandatory_concepts):
        return MissedScope(used_scope, widest, scopes[widest].mandatory_concepts, (), True, True)

    def has_layer_of_concept(concept: str) -> bool:
        """Return True if one of the roles belongs to the concept."""
        return bool(roles & set(norm.standard.concepts.get(concept, (concept,))))

    for name, scope in sorted(scopes.items(), key=lambda item: -len(item[1].mandatory_concepts)):
        missing_concepts = tuple(
            c for c in scope.mandatory_concepts if c not in norm.profile.absent and not has_layer_of_concept(c)
        )
        if (
            name == used_scope
            or len(scope.mandatory_concepts) <= len(scopes[used_scope].mandatory_concepts)
            or not missing_concepts
        ):
            continue
        other_concepts = {
            c
            for other_scope in scopes.values()
            if other_scope is not scope
            for c in (*other_scope.mandatory_concepts, *other_scope.optional_concepts)
        }
        own_concepts = [
            c
            for c in (*scope.mandatory_concepts, *scope.conditional_concepts)
            if c not in other_concepts and c not in norm.profile.absent
        ]
        present_concepts = tuple(c for c in own_concepts if has_layer_of_concept(c))
        if present_concepts:
            return MissedScope(
                used_scope,
                name,
                present_concepts,
                missing_concepts,
                len(present_concepts) >= 0.5 * len(own_concepts),
                is_chosen_by_user,
            )
    return None
