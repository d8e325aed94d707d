"""Batches: many questions from a file, each answered once, resumed from the ledger. START HERE: `batch`."""
