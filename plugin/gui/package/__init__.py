# SPDX-License-Identifier: GPL-2.0-or-later
"""成果包 on the desktop: create a package, inspect any package."""
