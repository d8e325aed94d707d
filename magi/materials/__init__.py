"""Materials: text inside documents, all of it, so that it can be labelled before anything is sent.

Public: `extract`, `extract_bounded`, `Extracted`, `Piece`. Imports nothing of the gateway or the ledger and needs
no network; nothing is written to disk.
"""

from magi.materials.extract import extract, extract_bounded
from magi.materials.found import Extracted, Piece

__all__ = ["Extracted", "Piece", "extract", "extract_bounded"]
