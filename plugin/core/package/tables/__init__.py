# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of a package (规划表格): written, read, compared with the layers (图数一致)."""
