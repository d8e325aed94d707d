"""Replay: feed what was recorded to the same core and compare."""
