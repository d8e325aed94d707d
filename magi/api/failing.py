"""An error that nobody foresaw, as a log line: its type and place, never its text, which may hold a question."""

import traceback
from pathlib import Path

import structlog

log = structlog.get_logger()


def log_unexpected(error: BaseException) -> None:
    """Log an error by type and by the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    log.error("request.failed", kind=type(error).__name__, place=place)
