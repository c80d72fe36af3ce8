# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the fast helpers of the shape tests agree with the standard library."""

import ast
import io
import tokenize

from tests.shape.syntax import list_comments, list_nodes, walk

SOURCE = '''# first
import re  # "not a string" `name`

PATTERN = re.compile(r"\\"#[^\\n]*")  # it's raw
COLOUR, QUOTED = "#ffffff", '# "no" \\\'comment\\\''


class Rows:
    """Return # no comment.

    It's "quoted" here.
    """

    def count(self, *, rows=(1, 2)):
        x = f"{self['#']}" + b"#".decode() + \'\'\'
# within a string \\\'\'\'
\'\'\'  # after a long string
        return [x for x in rows if x]  #
'''


def test_comments_found_are_those_of_the_tokenizer():
    tokens = tokenize.generate_tokens(io.StringIO(SOURCE).readline)
    comments = [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    assert list_comments(SOURCE) == comments and len(comments) == 5


def test_nodes_found_are_those_of_ast_walk():
    tree = ast.parse(SOURCE)
    nodes = walk(tree)
    assert len(nodes) > 40 and all(one is other for one, other in zip(nodes, ast.walk(tree), strict=True))
    assert [type(node) for node in list_nodes(SOURCE)] == [type(node) for node in nodes]
