# SPDX-License-Identifier: GPL-2.0-or-later
"""成果图件: create print layouts of the project and export them."""
