"""When a class begins to be memorised."""

import numpy as np
import pytest

from tasks.train.corrections._memorisation import curve, fitted, onset, slowed

EPOCHS = np.arange(1.0, 31)


@pytest.mark.parametrize(("a", "b", "c"), [(0.8, 0.9, 2.0), (0.6, 0.7, 1.0), (0.9, 1.0, 6.0)])
def test_a_curve_without_noise_is_found_again(a, b, c):
    assert fitted(EPOCHS, curve(EPOCHS, a, b, c)) == pytest.approx((a, b, c), rel=0.01)


def test_with_noise_the_curve_is_found_if_not_its_numbers():
    true = curve(EPOCHS, 0.8, 0.9, 4.0)
    noisy = true + np.random.default_rng(0).normal(0, 0.01, len(true))
    assert np.abs(curve(EPOCHS, *fitted(EPOCHS, noisy)) - true).max() < 0.03


def test_the_slope_by_hand():
    # f = 1 - exp(-t/2): f'(t) / f'(1) = exp(-(t - 1) / 2), and 1 - exp(-2) = 0.8647 at t = 5, 1 - exp(-2.5) = 0.9179 at t = 6
    assert slowed(np.array([1.0, 5, 6]), 1.0, 2.0) == pytest.approx([0, 0.8647, 0.9179], abs=1e-4)


@pytest.mark.parametrize(("b", "c"), [(1.0, 2.0), (0.8, 1.5), (1.0, 5.0)])
def test_the_onset_is_within_two_epochs_of_the_exact_one(b, c):
    values = curve(EPOCHS, 0.7, b, c)
    slopes = np.gradient(curve(np.linspace(1, 30, 2901), 0.7, b, c), 0.01)
    exact = 1 + np.argmax(slopes < 0.1 * slopes[0]) * 0.01
    assert abs(onset(values.tolist(), 30, 0.9) - exact) <= 2


def test_a_line_is_never_memorised_and_a_flat_curve_at_once():
    rising = (EPOCHS / 60).tolist()
    assert onset(rising, 30, 0.9) == 30
    assert onset([0.7] * 4, 30, 0.9) <= 3


def test_it_never_raises_where_there_is_nothing_to_fit():
    for values in ([], [0.3], [None, None], [0.0] * 9, [None, 0.4], [0.02, 0.02, 0.03]):
        assert onset(values, 30, 0.9) is None
    for values in (
        [0.0, 1.0],
        [1.0, 0.0],
        [0.5, None, 0.5],
        [0.0, 0.0, 0.9],
        np.random.default_rng(1).random(20).tolist(),
    ):
        assert 1 <= onset(values, 30, 0.9) <= 30


def test_a_change_of_one_is_never_reached():
    assert onset(curve(EPOCHS, 0.7, 1.0, 1.0).tolist(), 30, 1.0) == 30
