"""Executes the core's effects against the ledger and the gateway. START HERE: `run`."""
