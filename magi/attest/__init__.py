"""Signed attestations: proofs of facts about a backend that no configuration file can show."""
