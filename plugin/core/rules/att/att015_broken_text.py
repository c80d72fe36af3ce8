# SPDX-License-Identifier: GPL-2.0-or-later
import unicodedata

from ...engine.context import Context
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.template import Field
from .._attributes import Judge, ValueProblem, judge_values, shorten_value

SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCELS = {"layer": "DLTB"}
#: Unicode kinds that no name or code has: control and format signs, private use (lost rare characters), half of a pair.
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
        "garbled": "{layer} ({key}): {field} = “{value}” is garbled text. Take the value from the source again, in the right encoding.",
        "sign": "{layer} ({key}): {field} = “{value}” has the character {sign}, which may not stand in attributes. Delete or replace it.",
    },
    fails=[
        Example("UTF-8 read as GBK", _row("鍩庨晣寤鸿鐢ㄥ湴"), finds=1, roles=PARCELS),
        Example("characters lost", _row("大庄锟斤拷村"), finds=1, roles=PARCELS),
        Example("a line break", _row("大庄\n村"), finds=1, roles=PARCELS),
        Example("a sign that nobody sees", _row("大庄\u200b村"), finds=1, roles=PARCELS),
        Example("question marks", _row("??村"), finds=1, roles=PARCELS),
    ],
    passes=[
        Example("a name", _row("驼峰乡大庄村（二组）"), roles=PARCELS),
        Example("a rare character", _row("㙘𪨶村"), roles=PARCELS),
        Example("the county allows it", _row("??村"), roles=PARCELS, settings={"attributes.forbidden_characters": []}),
    ],
)
def broken_text(layer: Layer, *, ctx: Context) -> RuleResult:
    """Texts are legible and without forbidden characters.

    What it checks
        Every text field of the template, row by row: garbled text (UTF-8 read as GBK, GBK read as Latin-1, characters lost);
        line breaks, tabs, signs that nobody sees, characters of private use; and those of `attributes.forbidden_characters`.
    Why
        Garbled names cannot be repaired later; a line break or a quotation mark breaks exchange files and joins.
    How to fix
        Take garbled values from the source again in the right encoding (GBK or UTF-8). Delete the character, or write the
        full-width one instead.
    Limits
        Which printable characters are forbidden was read nowhere and is a setting of mark C. Blanks around a value are not
        looked at. Of fields that tell of persons the value is not shown. One finding a field and row, for its first fault.
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
        # What is letters, digits and Chinese alone has nothing to look for.
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
    """A character as a message can show it."""
    number = f"U+{ord(sign):04X}"
    return number if unicodedata.category(sign) in UNSEEN else f"{sign} ({number})"


def _visible(text: str) -> str:
    return "".join("·" if unicodedata.category(c) in UNSEEN else c for c in text)
