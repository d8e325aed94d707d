"""The detectors that ship, put together; an organisation's own dictionary joins them."""

from magi.residency.detect.contacts import CONTACTS
from magi.residency.detect.content import CONTENT
from magi.residency.detect.credentials import CREDENTIALS
from magi.residency.detect.engine import Detectors
from magi.residency.detect.identifiers import IDENTIFIERS
from magi.residency.detect.manner import Manner
from magi.residency.detect.markings import MARKINGS
from magi.residency.detect.persons import PERSONS
from magi.residency.detect.records import RECORDS
from magi.residency.detect.rule import Detector
from magi.residency.detect.sensitive import SENSITIVE
from magi.residency.detect.subjects import SUBJECTS

SHIPPED = (MARKINGS, IDENTIFIERS, CREDENTIALS, CONTACTS, PERSONS, SENSITIVE, CONTENT, SUBJECTS, RECORDS)


def shipped(own: Detector | None = None, manner: Manner | None = None) -> Detectors:
    """Every detector of this program, the organisation's own where it has one, and the manner of the wording."""
    return Detectors(SHIPPED if own is None else (*SHIPPED, own), manner=manner)
