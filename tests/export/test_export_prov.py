"""PROV-JSON: another library reads it, it holds no text, and it shows which prompts depended on whom."""

import json

import pytest
from prov.model import ProvDerivation, ProvDocument

from magi.core.record import Refused
from magi.export.dossier import Body
from magi.export.prov import prov_json


def parsed(dossier):
    """The document as the prov library reads it back."""
    return ProvDocument.deserialize(content=prov_json(dossier).decode(), format="json")


def sources(document):
    """What each entity was derived from, by local names."""
    found = {}
    for derivation in document.get_records(ProvDerivation):
        generated, used = (str(value.localpart) for _, value in derivation.formal_attributes[:2])
        found.setdefault(generated, set()).add(used)
    return found


def below(found, name):
    """Everything that a text was derived from, however far back."""
    seen, left = set(), [name]
    while left:
        for source in found.get(left.pop(), ()):
            if source not in seen:
                seen.add(source)
                left.append(source)
    return seen


def test_another_library_reads_it_back(make, said):
    """What is written reads back as an equal document, with every text, send, vote and verdict in it."""
    dossier = make.dossier(said(), said(), said("B"))
    document, plain = parsed(dossier), json.loads(prov_json(dossier))

    assert ProvDocument.deserialize(content=document.serialize(format="json"), format="json") == document
    assert {"d:send/a1.1", "d:send/a3.1", "d:vote/a2", "d:arbitration", "d:labelling"} <= plain[
        "activity"
    ].keys()
    assert {"d:question", "d:request/a1.1", "d:answer/a3", "d:ballot/a3", "d:decision"} <= plain[
        "entity"
    ].keys()
    assert {"d:card/c1", "d:seat/s1", "d:rule", "d:profile"} <= plain["agent"].keys()


def test_it_holds_no_text(make, said):
    """Opened or not, no word of a body is in it; every commitment is."""
    dossier = make.dossier(
        said(answer="秘密の答え", reason="秘密の理由", text="秘密"), said(), said(), question="秘密の問い"
    )
    written = prov_json(dossier).decode()

    assert "秘密" not in written
    assert all(ref.commitment in written for record in dossier.records for ref in record.refs)


def test_prompts_that_depended_on_a_seat_are_to_be_read(make, said):
    """A prompt that was made from a seat's answer leads back to that seat, one that was not does not."""
    dossier = make.dossier(said(), said(), said(), derived={3: ("question", "a1")})
    # the third ask is ticketed before a1 answered in this order of records; the ledger's order has it after
    records = dossier.records
    order = (records[0], records[1], records[2], records[4], records[3], *records[5:])
    found = sources(parsed(make.of([(r.data, {ref.name: b"x" for ref in r.refs}) for r in order])))

    assert "answer/a1" in below(found, "request/a3.1")
    assert "request/a1.1" in below(found, "request/a3.1")
    assert "answer/a1" not in below(found, "request/a2.1")
    assert {"answer/a1", "answer/a2", "answer/a3", "question"} <= below(found, "decision")


def test_answers_belong_to_seats_and_sends_to_models(make, said):
    """Each answer is attributed to its seat; each send is of a model on behalf of its operator."""
    plain = json.loads(prov_json(make.dossier(said(), said(), said())))
    attributed = {(e["prov:entity"], e["prov:agent"]) for e in plain["wasAttributedTo"].values()}
    operators = {e["prov:responsible"] for e in plain["actedOnBehalfOf"].values()}

    assert attributed == {(f"d:answer/a{n}", f"d:seat/s{n}") for n in (1, 2, 3)}
    assert len(operators) == 1
    assert plain["agent"][operators.pop()]["magi:name"] == "Own"


def test_erased_texts_are_marked(make, said):
    """An erased body stays as an entity that says so."""
    dossier = make.with_bodies(make.dossier(said(), said(), said()), "answer", Body("erased"))
    entities = json.loads(prov_json(dossier))["entity"]

    assert entities["d:answer/a1"]["magi:erased"] is True
    assert entities["d:question"]["magi:erased"] is False


@pytest.mark.parametrize("name", ["a b", "山田 太郎", 'x"}<', "a:b/c@d", "\u202e"])
def test_any_name_makes_a_document(make, said, name):
    """Names of operators and persons are attributes, so that no name breaks an identifier."""
    dossier = make.dossier(said(), said(), said())
    events = [(r.data, {}) for r in dossier.records]
    events[1] = (events[1][0].model_copy(update={"backend": name}), {})
    plain = json.loads(prov_json(make.of(events)))

    assert name in [agent.get("magi:name") for agent in plain["agent"].values()]


def test_a_refused_question_makes_a_document(make):
    """A deliberation that never opened has a document all the same."""
    refused = Refused(
        by="label", reason="classified", ask=None, attempt=None, card=None, label=6, plan=(), hits=()
    )

    assert isinstance(parsed(make.of([(refused, {})])), ProvDocument)
