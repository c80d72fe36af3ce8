# SPDX-License-Identifier: GPL-2.0-or-later
"""Syntax trees of Python sources, parsed once per process; tests must not change them."""

from __future__ import annotations

import ast
import re
from functools import cache

#: A string, or a comment (group 1). A quotation mark within quotes is escaped, also in raw strings and f-strings.
_STRING_OR_COMMENT_PATTERN = re.compile(
    r'''(?:"""(?:\\.|[^\\])*?"""|\'{3}(?:\\.|[^\\])*?\'{3}|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^'\\\n])*\')|(\#[^\n]*)''',
    re.DOTALL,
)


@cache
def parse(source: str) -> ast.Module:
    """Return the syntax tree of a source."""
    return ast.parse(source)


@cache
def list_nodes(source: str) -> list[ast.AST]:
    """Return all nodes of the tree of a source in the order of ``ast.walk``."""
    return walk(parse(source))


def walk(node: ast.AST) -> list[ast.AST]:
    """Return a node and all nodes below it in the order of ``ast.walk``, which takes twice as long."""
    nodes = [node]
    for one in nodes:
        values = one.__dict__
        for name in one._fields:
            value = values.get(name)
            if isinstance(value, ast.AST):
                nodes.append(value)
            elif isinstance(value, list):
                nodes += [item for item in value if isinstance(item, ast.AST)]
    return nodes


@cache
def list_comments(source: str) -> list[tuple[int, str]]:
    """Return line and text of each comment, like ``tokenize``, which takes many times as long."""
    comments, line, place = [], 1, 0
    for found in _STRING_OR_COMMENT_PATTERN.finditer(source):
        if found[1] is not None:
            line, place = line + source.count("\n", place, found.start()), found.start()
            comments.append((line, found[1]))
    return comments
