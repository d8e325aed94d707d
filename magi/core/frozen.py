"""The one base of parsed values: frozen, strict about unknown keys, silent about inputs."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A frozen value; unknown keys are refused; validation errors never quote the input."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)
