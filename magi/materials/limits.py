"""Limits of reading materials, each with its reason.

A limit that is reached is reported (`too_large`, `too_deep`, `timed_out`); nothing is ever cut in silence, since
what was not read was not labelled.
"""

from __future__ import annotations

from typing import Final

MAX_INPUT_BYTES: Final = 20_000_000
"""A scanned 300-page report is about this size; mail systems of offices refuse larger attachments."""
MAX_EXPANDED_BYTES: Final = 100_000_000
"""Text-heavy OOXML packs about 1:10; five times the input keeps one worker under half a gigabyte of memory."""
MAX_MEMBERS: Final = 5_000
"""Parts, archive members and mail parts in total. A long presentation has some 2,000 parts."""
MAX_DEPTH: Final = 3
"""Documents inside documents: an archive in a mail in an archive is real, a fourth level is a bomb."""
MAX_XML_DEPTH: Final = 256
"""Open elements at once. Word nests a table in a text box in a table about 60 deep."""
MAX_PAGES: Final = 2_000
"""The largest white papers run to about 1,000 pages."""
MAX_PDF_OBJECTS: Final = 100_000
"""About 50 objects a page at the page limit."""
MAX_REVISIONS: Final = 5
"""Earlier states kept in one PDF (each save may append one); more take longer to read than a reader waits."""
MAX_PIECES: Final = 20_000
"""Places of text: sheets, parts, pages, annotations; above the page limit with ten annotations a page."""
MAX_CHARACTERS: Final = 8_000_000
"""All pieces together: labelling takes about 2 s per million characters, so this is about 16 s of one core."""
MAX_ATTRIBUTE_TEXTS: Final = 50_000
"""Distinct attribute values of one XML part; real parts have a few hundred."""
MAX_SNIFFED_BYTES: Final = 4_096
"""Where the signs of HTML, XML or a mail head must stand to be recognised."""
MAX_STRINGS_BYTES: Final = 1_000_000
"""How much of an unreadable file is searched for plain strings; such a file is not public whatever they say."""
LONG_BASE64_CHARS: Final = 1_000
"""An unbroken run of Base64 this long is a file written into a text, not a word or a key."""
MAX_PRINTER_BYTES: Final = 65_536
"""Device settings of a printer take a few kilobytes; a larger part under their name is something else."""
