# SPDX-License-Identifier: GPL-2.0-or-later
import unicodedata

from ...engine.context import Context
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.template import Field
from .._attributes import Judge, ValueProblem, judge_values, shorten_value

SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCELS = {"layer": "DLTB"}
#: Unicode categories that no name or code has: control and format characters, private use (lost rare characters), half
#: of a surrogate pair.
UNSEEN = ("Cc", "Cf", "Co", "Cs")


def _row(name: str) -> dict[str, list[dict[str, str]]]:
    return {"layer": [{"wkt": SQUARE, "ZLDWMC": name}]}


@rule(
    "ATT015",
    "broken-text",
    problem="Text has broken or forbidden characters",
    local=True,
    severity=Severity.WARNING,
    basis=["attribute-habits"],
    uses=["attributes.forbidden_characters"],
    needs={"layer": Need(EACH)},
    messages={
        "garbled": "{layer} ({key}): {field} = “{value}” is garbled text. Read the value from the source again in the right encoding.",
        "sign": "{layer} ({key}): {field} = “{value}” has the character {sign}, which is not allowed in attributes. Delete or replace it.",
    },
    fails=[
        Example("UTF-8 read as GBK", _row("鍩庨晣寤鸿鐢ㄥ湴"), finds=1, roles=PARCELS),
        Example("characters lost", _row("大庄锟斤拷村"), finds=1, roles=PARCELS),
        Example("a line break", _row("大庄\n村"), finds=1, roles=PARCELS),
        Example("an invisible character", _row("大庄\u200b村"), finds=1, roles=PARCELS),
        Example("question marks", _row("??村"), finds=1, roles=PARCELS),
    ],
    passes=[
        Example("a name", _row("驼峰乡大庄村（二组）"), roles=PARCELS),
        Example("a rare character", _row("㙘𪨶村"), roles=PARCELS),
        Example("the county allows it", _row("??村"), roles=PARCELS, settings={"attributes.forbidden_characters": []}),
    ],
)
def broken_text(layer: Layer, *, ctx: Context) -> RuleResult:
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
        No source lists the forbidden printable characters: they are a setting of mark C. Blanks around a value are
        not checked. Personal data are not shown. One finding for each field and row, for its first error.
    """
    result = RuleResult(applicable=False)
    forbidden = frozenset(ctx.norm.get("attributes.forbidden_characters"))
    for declared in layer.template.fields:
        values = layer.named(declared.name) if declared.type == "text" else None
        if values is None or values.dtype.kind in "iufbM":
            continue
        ctx.cancellation.raise_if_cancelled()
        result.applicable = True
        judge = _judge(declared, forbidden, layer.garbled_rows(declared.name))
        result.findings += judge_values(ctx, layer, declared.name, layer.named_text(declared.name), judge)
    return result


def _judge(declared: Field, forbidden: frozenset[str], broken: frozenset[str]) -> Judge:
    def judge(text: str) -> ValueProblem | None:
        if text in broken:
            return ValueProblem("garbled", {"value": shorten_value(declared, text)})
        # Text of letters, digits and Chinese characters only cannot have such characters.
        if text.isalnum():
            return None
        sign = next((c for c in text if c in forbidden or unicodedata.category(c) in UNSEEN), "")
        return (
            ValueProblem("sign", {"value": _visible(shorten_value(declared, text)), "sign": _name(sign)})
            if sign
            else None
        )

    return judge


def _name(sign: str) -> str:
    """Return a character as a message can show it."""
    number = f"U+{ord(sign):04X}"
    return number if unicodedata.category(sign) in UNSEEN else f"{sign} ({number})"


def _visible(text: str) -> str:
    return "".join("·" if unicodedata.category(c) in UNSEEN else c for c in text)
