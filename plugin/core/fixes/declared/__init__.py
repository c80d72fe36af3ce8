# SPDX-License-Identifier: GPL-2.0-or-later
"""The declared fixes: `fix_declaration.load_all_fixes` imports every module of this folder."""
