"""What differences over seeds show: one rule, for the words of a page and for its claims."""

from statistics import mean, stdev

from scipy.special import stdtrit

SEEDS = 3  # fewer show nothing
RULE = (
    "A difference counts as an effect where at least three seeds have it and the 95 % interval of its mean (Student's t, two-sided) "
    "leaves out 0; with three seeds the mean must be 2.5 times the standard deviation."
)


def half_width(values: list[float]) -> float:
    """Half of the 95 % interval of the mean."""
    n = len(values)
    return float(stdtrit(n - 1, 0.975)) * stdev(values) / n**0.5


def direction(values: list[float]) -> int:
    """1 or -1: an effect this way; 0: none shown."""
    if len(values) < SEEDS or abs(mean(values)) <= half_width(values):
        return 0
    return 1 if mean(values) > 0 else -1


def in_words(values: list[float], better: str = "an effect", worse: str = "an effect **against** it") -> str:
    if len(values) < SEEDS:
        return f"{'one seed' if len(values) == 1 else f'{len(values)} seeds'}, too few to show anything"
    return {0: "no effect shown", 1: better, -1: worse}[direction(values)]
