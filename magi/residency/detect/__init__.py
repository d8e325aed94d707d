"""Detectors: what in a text raises its label. Pure, bounded, and only ever raising; see `engine`."""
