"""Rules as data: how ballots become a decision. Integers only; ties by a stated key; no randomness."""
