"""Labels stay as they are while a network learns from them.

Idea: the plain case.
Limits: none.
Formula: y
Costs: nothing.
"""

from typing import ClassVar, Literal

from segmend.stage.params import Method


class Nothing(Method):
    name: Literal["none"] = "none"
    corrects: ClassVar[bool] = False
