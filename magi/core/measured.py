"""From a reliability profile to the integers of one deliberation: weights, ranks, confidence, independent voices.

A profile holds every aggregator and topic; a record holds only what decides here. `measured` takes that part out of
the profile, `share` gives the probability of a winner by it, `voices` how many independent voices some seats are.

Promises: pure; for as many ballots as there are, the numbers of `share` are those of
`magi.core.aggregate.aggregate`; where a long calibration is thinned for the record, no shown probability rises.
Leaves to others: which profile is in use (`magi.service.reliability`), counting (`magi.core.counting`).
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from magi.core import agreement
from magi.core.aggregate import pattern_of, raw_of, scales
from magi.core.calibration import Calibration, Step
from magi.core.decided import Independence
from magi.core.reliability import PPM, Profile, Promised
from magi.core.terms import CardFacts, Measured

MAX_STEPS: Final = 200
"""Steps of a calibration in a record: some 8 KB of its 64, and at most 50 basis points lost by each."""
STRICT_BP: Final = 1_000
LOOSE_BP: Final = 2_000
"""Error rates to promise, the stricter first; see `magi.evaluation.promise`."""

Rebuttal = Literal["gain", "no_gain", "unmeasured"]


class Share(NamedTuple):
    """The probability of a winner in basis points: before calibration, and after it, the only one to show."""

    raw_bp: int
    shown_bp: int


def measured(profile: Profile, topic: str | None, rebuttal: Rebuttal = "unmeasured") -> Measured:
    """What the profile says of its council on a topic, with its chosen aggregator.

    A topic that the profile does not know counts as none. `answer_from_bp` is of the stricter error rate where that
    can be promised, else of the looser one, else None.
    """
    held = scales(profile, profile.aggregator, topic)
    promise = _promise(profile.promises)
    return Measured(
        profile=profile.digest(),
        labels=profile.labels,
        aggregator=profile.aggregator,
        weights=held.weights,
        ranks=held.ranks,
        odds=scales(profile, "log_odds_topic", topic).weights,
        n_eff_centi=profile.n_eff_centi,
        rho_ppm=rho_ppm(len(profile.seats), profile.n_eff_centi),
        options=profile.options,
        calibration=thinned(profile.calibration),
        error_bp=LOOSE_BP if promise is None else promise.error_bp,
        answer_from_bp=None if promise is None else promise.from_bp,
        certain_from_bp=None if profile.certain is None else profile.certain.from_bp,
        rebuttal=rebuttal,
    )


def share(held: Measured, ballots: Sequence[str | None], winner: str) -> Share:
    """The probability of `winner`, given the ballots of all seats in council order (None: cast none).

    Raises:
        ValueError: another number of ballots than seats, or a winner that nobody voted for.
    """
    if len(ballots) != len(held.odds) or winner not in ballots:
        msg = "ballots: one for every seat, one of them for the winner"
        raise ValueError(msg)
    pattern = pattern_of(ballots)
    raw = raw_of(held.odds, held.n_eff_centi, held.options, pattern, pattern[list(ballots).index(winner)])
    return Share(raw, held.calibration.shown(raw))


def voices(cards: Sequence[CardFacts], held: Measured | None) -> Independence:
    """How many independent voices the seats on these cards (one each) are.

    Measured: Kish's number of so many seats at the council's mean error correlation. Else by lineage, an upper
    bound: one voice for each group; seats of unknown lineage add nothing, but some seats are one voice at least.
    """
    if held is not None:
        milli = agreement.n_eff_milli(len(cards), held.rho_ppm)
        return Independence(seats=len(cards), voices_milli=milli, measured=True)
    groups = {
        str(place): None if card.lineage is None else frozenset({card.lineage})
        for place, card in enumerate(cards)
    }
    found = agreement.voices(groups)
    return Independence(seats=len(cards), voices_milli=found.milli, measured=False)


def rho_ppm(seats: int, n_eff_centi: int) -> int:
    """The mean error correlation behind a number of effective votes, in millionths, from none to whole.

    Kish's n_eff = n / (1 + (n - 1) rho), solved for rho in exact fractions. One seat has no pairs: nought.
    """
    if seats <= 1:
        return 0
    if n_eff_centi <= 100:  # noqa: PLR2004  # one vote in hundredths: fewer there are not
        return PPM
    rho = (Fraction(100 * seats, n_eff_centi) - 1) / (seats - 1)
    return max(agreement.rounded(rho * PPM), 0)


def thinned(calibration: Calibration, most: int = MAX_STEPS) -> Calibration:
    """The same map on at most `most` steps, nowhere above the given one.

    The first step stays; after it a step stays where it shows more than `gap` above the last that stayed, with the
    least `gap` that leaves few enough. A step left out shows the lower value before it, less than it by `gap` at most.
    """
    if len(calibration.steps) <= most:
        return calibration
    low, high = 0, calibration.steps[-1].shown_bp - calibration.steps[0].shown_bp  # `high` leaves one step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if len(_spaced(calibration.steps, middle)) <= most else (middle, high)
    return calibration.model_copy(update={"steps": _spaced(calibration.steps, high)})


def _spaced(steps: Sequence[Step], gap: int) -> tuple[Step, ...]:
    kept = [steps[0]]
    for step in steps[1:]:
        if step.shown_bp - kept[-1].shown_bp > gap:
            kept.append(step)
    return tuple(kept)


def _promise(promises: Sequence[Promised]) -> Promised | None:
    """The promise to answer by: the stricter one that could be made."""
    made = {promise.error_bp: promise for promise in promises if promise.from_bp is not None}
    return made.get(STRICT_BP) or made.get(LOOSE_BP)
