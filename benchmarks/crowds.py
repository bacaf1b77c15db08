"""Made-up crowds for benchmarks and tests: tasks with known labels, sources of known reliability, some of whom copy."""

from itertools import product

import numpy as np

from segmend.aggregators._votes import Votes


def everybody(rng, tasks=600, reliability=(0.9, 0.8, 0.7, 0.6), classes=3, copies=0.0, gold=0):
    """Truth and the answers of sources who label every task; the sources after the second copy the third with `copies`."""
    truth = rng.integers(0, classes, tasks)
    labels = np.stack([mistaken(rng, truth, q, classes) for q in reliability], axis=1)
    for k in range(3, len(reliability)):
        labels[:, k] = np.where(rng.random(tasks) < copies, labels[:, 2], labels[:, k])
    known = np.where(np.arange(tasks) < gold, truth, -1)
    return truth, table(labels, classes, gold=known)


def mistaken(rng, truth, right, classes):
    other = (truth + rng.integers(1, classes, len(truth))) % classes
    return np.where(rng.random(len(truth)) < right, truth, other)


def table(labels, classes, **more):
    """A row per task, a column per source, -1 where there is no answer."""
    labels = np.asarray(labels)
    task, source = np.nonzero(labels >= 0)
    return Votes(
        task,
        source,
        labels[task, source].astype(np.int64),
        tasks=labels.shape[0],
        sources=labels.shape[1],
        classes=classes,
        **more,
    )


def enumerated(answers, grid, alpha, beta):
    """The exact posterior of one-coin sources with reliabilities on a grid: every labelling of all tasks is tried."""
    q = (np.arange(grid) + 0.5) / grid
    prior = q ** (alpha - 1) * (1 - q) ** (beta - 1)
    k, posterior = answers.classes, np.zeros((answers.tasks, answers.classes))
    unary = np.zeros((answers.tasks, k)) if answers.unary is None else answers.unary
    for labels in product(range(k), repeat=answers.tasks):
        z = np.array(labels)
        right = (z[answers.task] == answers.label).astype(float)
        chance = np.exp(unary[np.arange(len(z)), z].sum())
        for s in range(answers.sources):
            mine = right[answers.source == s]
            chance *= (prior * q ** mine.sum() * ((1 - q) / (k - 1)) ** (1 - mine).sum()).sum()
        posterior[np.arange(len(z)), z] += chance
    return posterior / posterior.sum(axis=1, keepdims=True)


def tree(rng, tasks=6, sources=4, edges=9, classes=2):
    """A random tree of tasks and sources with answers on its edges."""
    joined, graph = [("t", 0)], []
    rest = [("t", k) for k in range(1, tasks)] + [("s", k) for k in range(sources)]
    while rest:
        rng.shuffle(rest)
        for node in rest:
            partners = [other for other in joined if other[0] != node[0]]
            if partners:
                other = partners[rng.integers(len(partners))]
                graph.append((node[1], other[1]) if node[0] == "t" else (other[1], node[1]))
                joined.append(node)
                rest.remove(node)
                break
    assert len(graph) == edges
    task, source = np.array(graph, np.int64).T
    label = rng.integers(0, classes, edges)
    unary = np.log(rng.dirichlet(np.ones(classes), tasks))
    return Votes(task, source, label, tasks=tasks, sources=sources, classes=classes, unary=unary)
