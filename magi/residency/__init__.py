"""Pure residency rules: what a label is, which backend may see it, and how a council is seated under it."""
