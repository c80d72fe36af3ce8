# SPDX-License-Identifier: GPL-2.0-or-later
"""What all other packages stand on: files, threads, errors, cancellation, texts of connections."""
