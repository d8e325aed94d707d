"""Data sets and scoring. Gold answers live here only: nothing that asks a seat can see them."""
