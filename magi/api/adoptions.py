"""The routes of adoption: which verdicts wait for a person, and a named person's word on one.

Callers have no names yet: `by` is the caller's own word, and the record says who handed it in. Where roles are stated,
both must reach the deliberation's label. Promises: no body is opened or shown, a reason neither.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from magi.api.body import read_json
from magi.api.desk import Desk, name
from magi.api.problems import RequestRefusedError
from magi.api.view import PREFIX, id_of
from magi.core.acts import Adopted
from magi.core.adoption import ADOPTIONS, Act, Decision, Standing, standing
from magi.core.errors import UnknownNameError
from magi.core.frozen import Frozen
from magi.core.ports import Ledger
from magi.core.record import Record
from magi.core.roles import AccessRules
from magi.service.adoption import AdoptionDesk, Case, Deciding

WHO = "anonymous@loopback"
"""Who hands an act in, until callers have names."""
DEFAULT_LISTED = 50
MAX_FIELD_CHARS = 4_000
"""Beyond every field's own bound, which the service states in its refusals."""

_ID = re.compile(r"[0-9a-f]{1,64}")
_LIMIT = re.compile(r"[0-9]{1,9}")


class _Adoption(Frozen):
    decision: Decision
    by: Annotated[str, Field(max_length=MAX_FIELD_CHARS)]
    reason: Annotated[str, Field(max_length=MAX_FIELD_CHARS)]
    verdict: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


def adoption_routes(desk: Desk) -> APIRouter:
    """`/v1/reviews` and `/v1/deliberations/{id}/adoption`."""
    router, offer, tools = APIRouter(), desk.offer, desk.offer.tools
    adoptions = AdoptionDesk(tools.ledger, tools.access or AccessRules(tools.tenant))

    @router.get("/v1/reviews")
    async def reviews(request: Request) -> JSONResponse:
        """The verdicts that wait for a person, oldest first, with the reasons as codes."""
        limit = request.query_params.get("limit", str(DEFAULT_LISTED))
        if not _LIMIT.fullmatch(limit) or not 0 < int(limit) <= offer.limits.listed:
            raise RequestRefusedError("bad_limit", most=offer.limits.listed)
        cases, now_ms = await adoptions.cases(), tools.clock.now_ms()
        shown = [_case_shown(case, now_ms) for case in cases[: int(limit)]]
        return JSONResponse({"reviews": shown, "all": len(cases)})

    @router.post("/v1/deliberations/{deliberation}/adoption")
    async def adopt(deliberation: str, request: Request) -> JSONResponse:
        """Put a named person's word on a verdict on record; nothing else follows from it."""
        wanted = _asked(await read_json(request, offer.limits))
        if not _ID.fullmatch(deliberation):
            raise UnknownNameError("deliberation", name="")
        stream = f"{PREFIX}{deliberation}"
        name(request.scope, stream)
        act = Deciding(stream, wanted.decision, wanted.by, wanted.reason, wanted.verdict, caller=WHO)
        record = await adoptions.adopt(act)
        assert isinstance(record.data, Adopted)  # noqa: S101  # the desk answers with what it recorded
        event = record.data
        shown = _act_shown(Act(record.ordinal, record.at_ms, event.decision, event.by))
        return JSONResponse({"id": deliberation, "verdict": event.verdict, **shown}, 201)

    return router


async def adoption_shown(ledger: Ledger, records: Sequence[Record]) -> dict[str, object]:
    """The `adoption` of a deliberation as it is looked at; empty where it has no verdict."""
    found = standing(records, ())
    if found is None:
        return {}
    found = standing(records, await ledger.read(ADOPTIONS)) or found
    last = None if found.last is None else found.last.decision
    return {
        "adoption": {
            "verdict": found.verdict,
            "review": list(found.reasons),
            "waits": found.waits,
            "decision": last,
            "acts": [_act_shown(act) for act in found.acts],
        }
    }


def _asked(fields: Mapping[str, object]) -> _Adoption:
    try:
        return _Adoption.model_validate(fields)
    except ValidationError as error:
        known = _Adoption.model_fields
        places = {str(problem["loc"][0]) for problem in error.errors(include_input=False, include_url=False)}
        named = sorted({place if place in known else "?" for place in places})
        raise RequestRefusedError("wrong_fields", fields=tuple(named)) from None


def _act_shown(act: Act) -> dict[str, object]:
    return {"number": act.number, "decision": act.decision, "by": act.by, "at_ms": act.at_ms}


def _case_shown(case: Case, now_ms: int) -> dict[str, object]:
    stands: Standing = case.standing
    return {
        "id": id_of(stands.stream),
        "council": stands.council,
        "label": case.label.word,
        "outcome": stands.outcome,
        "flags": list(stands.flags),
        "reasons": list(stands.reasons),
        "decided_ms": stands.decided_ms,
        "age_ms": max(now_ms - stands.decided_ms, 0),
        "verdict": stands.verdict,
        "last": None if stands.last is None else _act_shown(stands.last),
    }
