"""Field types that records share: digests, codes, counts. Nothing else."""

from typing import Annotated

from pydantic import Field

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in lower-case hex."""
Code = Annotated[str, Field(min_length=1, max_length=200)]
"""A name or code of our own or of an operator; never what somebody asked or answered."""
Count = Annotated[int, Field(ge=0)]
