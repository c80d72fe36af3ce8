# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and writing of files as bytes and text: encodings, tables, TOML, atomic output and locks."""
