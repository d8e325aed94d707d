"""The ledger: durable records, sealed bodies, a tree over both, and the check of the whole."""
