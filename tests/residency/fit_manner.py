"""Fits the manner table to the invented cases beside this file; run by hand when cases are added.

    python tests/residency/fit_manner.py [OUT]

Logistic regression with a ridge penalty on the presence of character runs, by averaged stochastic gradient steps in
a fixed order; no package beyond the standard library. Every case counts, also those that a strict rule finds by
itself: their manner is that of cases too.
"""

import json
import math
import random
import sys
import tomllib
from collections import Counter
from pathlib import Path

from magi.residency.detect.folding import plain
from magi.residency.detect.manner import LONGEST_RUN, SHORTEST_RUN, folded

CASES = Path(__file__).parent / "cases"
EPOCHS = 30
RATE = 10.0
RIDGE = 5e-5
BIAS_RATE = 0.02
LEAST, DOUBT = 1800, -3000
"""Chosen on `test_authors_unseen`: more alarms below the first, more misses below the second."""
LEAST_SEEN = 3
LEAST_WEIGHT = 0.15
"""A run that weighs less after a few rounds is left out: it costs time at every look and says nothing."""
REPLY_WORDS = frozenset(
    {"api", "ask", "class", "failure", "flag", "label", "outcome", "said", "space", "why"}
)
"""The families of words that a reply is made of."""
SEED = 7


def cases(leave_out=None):
    """Every case as (text, must stay), but for those of one set."""
    found = []
    for path in sorted(path for path in CASES.glob("*.jsonl") if path.stem != leave_out):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            found.append((plain(case["text"].replace("⟦⟧", "")), case["must_stay_domestic"]))
    return found + [(plain(text), False) for text in our_own()]


def our_own():
    """What this program says and asks of itself: its templates, the words of a reply, its forty questions."""
    magi = CASES.parents[2] / "magi"
    for line in (magi / "evaluation" / "policy_questions.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["question"]
    for path in sorted((magi.parent / "prompts").glob("*/*.txt")):
        yield path.read_text(encoding="utf-8")
    for key, words in tomllib.loads((magi / "words.toml").read_text(encoding="utf-8")).items():
        if key.partition(".")[0] in REPLY_WORDS:
            yield from words.values()


def runs(text):
    """The different runs of a text, in a fixed order."""
    spelt = folded(text)
    sizes = range(SHORTEST_RUN, LONGEST_RUN + 1)
    return sorted({spelt[at : at + size] for size in sizes for at in range(len(spelt) - size + 1)})


def fit(pairs):
    """(weights, bias) of the pairs, as floats of a logit: once roughly, then on the runs that weigh something."""
    bags = [(runs(text), 1.0 if stays else 0.0) for text, stays in pairs]
    seen = Counter(run for bag, _ in bags for run in bag)
    rough, _ = descend(bags, sorted(run for run, count in seen.items() if count >= LEAST_SEEN), EPOCHS // 4)
    return descend(bags, sorted(run for run, weight in rough.items() if abs(weight) >= LEAST_WEIGHT), EPOCHS)


def descend(bags, names, epochs):
    """Averaged stochastic gradient descent over these runs, both sides weighing the same in all."""
    index = {run: place for place, run in enumerate(names)}
    known = [([index[run] for run in bag if run in index], y) for bag, y in bags]
    rows = [(places, 1 / math.sqrt(max(len(places), 1)), y) for places, y in known]
    share = sum(y for _, _, y in rows) / len(rows)
    chance = random.Random(SEED)  # noqa: S311  # an order of steps, repeated on purpose
    weights, bias, step = [0.0] * len(names), 0.0, 0
    sums, bias_sum, last = [0.0] * len(names), 0.0, [0] * len(names)
    for _ in range(epochs):
        chance.shuffle(rows)
        for places, scale, y in rows:
            step += 1
            rate = RATE / (1 + step * RIDGE * RATE)
            margin = bias + scale * sum([weights[p] for p in places])
            guess = 1 / (1 + math.exp(-max(min(margin, 30.0), -30.0)))
            gap = (0.5 / (share if y else 1 - share)) * (y - guess)
            change = rate * gap * scale
            for p in places:
                sums[p] += weights[p] * (step - last[p])
                weights[p] += change - rate * RIDGE * weights[p]
                last[p] = step
            bias += BIAS_RATE * gap
            bias_sum += bias
    for p in range(len(names)):
        sums[p] += weights[p] * (step + 1 - last[p])
    return {run: sums[place] / step for run, place in index.items()}, bias_sum / step


def table(weights, bias, least, doubt):
    """The shipped form: whole thousandths in steps of a tenth of a logit, runs grouped by weight."""
    groups = {}
    for run, weight in sorted(weights.items()):
        groups.setdefault(round(weight * 10) * 100, []).append(run)
    ordered = {str(weight): groups[weight] for weight in sorted(groups)}
    return {"bias": round(bias * 1000), "least": least, "doubt": doubt, "runs": ordered}


def main():
    """Fit and write."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("magi/residency/detect/manner.json")
    found = table(*fit(cases()), least=LEAST, doubt=DOUBT)
    out.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
