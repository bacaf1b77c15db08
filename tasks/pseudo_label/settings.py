"""Settings of the stage pseudo_label."""

from pydantic import Field

from tasks.params import Settings
from tasks.pseudo_label.labellers import Given, Labeller


class Params(Settings):
    labeller: Labeller = Field(Given(), description="where the first labels come from")
