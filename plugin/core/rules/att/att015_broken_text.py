# SPDX-License-Identifier: GPL-2.0-or-later
import unicodedata
from functools import partial

from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.template import TemplateField
from .._attributes import ValueProblem, make_findings_of_wrong_values, shorten_or_mask_value

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCEL_LAYER = {"layer": "DLTB"}
#: Unicode categories that no name or code has: control and format characters, private use (lost rare characters), half
#: of a surrogate pair.
INVISIBLE_CATEGORIES = ("Cc", "Cf", "Co", "Cs")
#: The last two codes of each plane of Unicode, such as U+FFFE, are noncharacters.
_NONCHARACTER = 0xFFFE


def _make_plan_with_unit_name(name: str) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: one row whose place (坐落单位) has this name."""
    return {"layer": [{"wkt": SQUARE_WKT, "ZLDWMC": name}]}


@rule(
    "ATT015",
    "broken-text",
    problem="Text has broken or forbidden characters",
    local=True,
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    uses=["attributes.forbidden_characters"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "garbled": "{layer} ({key}): {field} = “{value}” is garbled text, mostly because the source was read in a "
        "wrong encoding. Read the source again in the right encoding (such as GBK), and replace the value; if the "
        "source is garbled, too, fill in the value from {authority}.",
        "sign": "{layer} ({key}): {field} = “{value}” has the character {sign}, which is not allowed in attributes. Delete or replace it.",
    },
    fails=[
        RuleExample("UTF-8 read as GBK", _make_plan_with_unit_name("鍩庨晣寤鸿鐢ㄥ湴"), finds=1, roles=PARCEL_LAYER),
        RuleExample("characters lost", _make_plan_with_unit_name("大庄锟斤拷村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("a line break", _make_plan_with_unit_name("大庄\n村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("an invisible character", _make_plan_with_unit_name("大庄\u200b村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("no character", _make_plan_with_unit_name("大庄\ufffe村"), finds=1, roles=PARCEL_LAYER),
        RuleExample("question marks", _make_plan_with_unit_name("??村"), finds=1, roles=PARCEL_LAYER),
    ],
    passes=[
        RuleExample("a name", _make_plan_with_unit_name("驼峰乡大庄村（二组）"), roles=PARCEL_LAYER),
        RuleExample("a rare character", _make_plan_with_unit_name("㙘𪨶村"), roles=PARCEL_LAYER),
        RuleExample(
            "the county allows it",
            _make_plan_with_unit_name("??村"),
            roles=PARCEL_LAYER,
            settings={"attributes.forbidden_characters": []},
        ),
    ],
)
def broken_text(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Texts are legible and have no forbidden characters.

    What it checks
        Every text field of the template, row by row: garbled text (UTF-8 read as GBK, GBK read as Latin-1, lost
        characters); line breaks, tabs, invisible characters, characters of private use; and those of
        `attributes.forbidden_characters`.
    Why
        Garbled names cannot be repaired later; a line break or a quotation mark breaks exchange files and joins.
    How to fix
        Read garbled values from the source again in the right encoding (GBK or UTF-8). Delete the character, or
        replace it by the full-width one.
    Limits
        No source lists the forbidden printable characters: they are a setting of mark C. Blanks around a value are not
        checked. Personal data are not shown. One finding for each field and row, for its first error. Runs by default
        for a whole county (scope county), else if the rule or its group attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    forbidden = frozenset(ctx.norm.get("attributes.forbidden_characters"))
    for template_field in layer.template.fields:
        values = layer.get_column_by_name(template_field.name) if template_field.type == "text" else None
        if values is None or values.dtype.kind in "iufbM":
            continue
        ctx.cancellation.raise_if_cancelled()
        result.is_applicable = True
        texts, garbled_texts = (
            layer.get_texts_by_name(template_field.name),
            layer.get_garbled_texts(template_field.name),
        )
        all_characters = "".join(set(texts))
        if not garbled_texts and (not all_characters or all_characters.isalnum()):
            # Keys and codes: no text is wrong.
            continue
        judge = partial(
            _find_text_problem, template_field=template_field, forbidden=forbidden, garbled_texts=garbled_texts
        )
        result.findings += make_findings_of_wrong_values(ctx, layer, template_field.name, texts, judge)
    return result


def _is_invisible(character: str) -> bool:
    """Return True for a character that no name or code has; not for one that is newer than Python's Unicode."""
    return unicodedata.category(character) in INVISIBLE_CATEGORIES or ord(character) & _NONCHARACTER == _NONCHARACTER


def _find_text_problem(
    text: str, *, template_field: TemplateField, forbidden: frozenset[str], garbled_texts: frozenset[str]
) -> ValueProblem | None:
    """Return what is wrong with a text of a field; None if nothing is."""
    if text in garbled_texts:
        return ValueProblem("garbled", {"value": shorten_or_mask_value(template_field, text)})
    # Text of letters, digits and Chinese characters only cannot have such characters.
    if text.isalnum():
        return None
    character = next((c for c in text if c in forbidden or _is_invisible(c)), "")
    if not character:
        return None
    shown_text = shorten_or_mask_value(template_field, text)
    value = "".join("·" if _is_invisible(c) else c for c in shown_text)
    number = f"U+{ord(character):04X}"
    sign = number if _is_invisible(character) else f"{character} ({number})"
    return ValueProblem("sign", {"value": value, "sign": sign})
