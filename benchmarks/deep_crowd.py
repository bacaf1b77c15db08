"""A network and a crowd that teach each other, at toy size: features, sparse answers, the EM of deepBP and deepMF.

Setting of arXiv 2111.00734 with Gaussian features in place of pictures: 1,000 tasks with 3 answers each by 750 workers who answer
4 tasks each, reliabilities from Beta(2, 1).
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from segmend.aggregators._votes import Votes

TASKS, EACH, LOAD, DIMENSIONS, EPOCHS = 1000, 3, 4, 10, 120


def made(seed: int, separation: float, spammers: int) -> tuple[np.ndarray, np.ndarray, Votes]:
    """Truth, features and answers."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, TASKS)
    direction = rng.standard_normal(DIMENSIONS)
    direction /= np.linalg.norm(direction)
    x = rng.standard_normal((TASKS, DIMENSIONS)) + separation * np.outer(2 * truth - 1, direction)
    workers = TASKS * EACH // LOAD
    task = np.repeat(np.arange(TASKS), EACH)
    source = np.concatenate([rng.permutation(workers) for _ in range(LOAD)])  # a task may meet a worker twice, rarely
    right = rng.random(len(task)) < rng.beta(2, 1, workers)[source]
    label = np.where(right, truth[task], 1 - truth[task])
    everywhere = np.tile(np.arange(TASKS), spammers)
    answers = Votes(
        np.concatenate([task, everywhere]),
        np.concatenate([source, workers + np.repeat(np.arange(spammers), TASKS)]),
        np.concatenate([label, rng.integers(0, 2, len(everywhere))]),
        tasks=TASKS,
        sources=workers + spammers,
        classes=2,
    )
    return truth, x, answers


def with_network(seed: int, x: np.ndarray, answers: Votes, aggregator: Any) -> np.ndarray:
    """The posterior after EPOCHS of: beliefs given the network, one step of the network towards the beliefs."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(DIMENSIONS, 64), nn.ReLU(), nn.Linear(64, 2))
    steps = torch.optim.Adam(network.parameters(), 5e-3)
    inputs = torch.tensor(x, dtype=torch.float32)
    posterior = answers.shares()
    for _ in range(EPOCHS):
        logs = network(inputs).log_softmax(dim=1)
        answers.unary = logs.detach().numpy().astype(np.float64)
        posterior = aggregator(answers).posterior
        loss = -(torch.tensor(posterior, dtype=torch.float32) * logs).sum(dim=1).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
    answers.unary = None
    return posterior
