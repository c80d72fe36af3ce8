# SPDX-License-Identifier: GPL-2.0-or-later
"""成果包 on the desktop: making one, and looking at one that anybody made."""
