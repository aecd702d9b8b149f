"""Silence the loggers of libraries for a while."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

ROOT = ""  # the name of the root logger


@contextmanager
def only_errors(name: str) -> Iterator[None]:
    """Set the level of a logger to ERROR, and restore it at the end."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
