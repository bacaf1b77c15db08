"""Label errors found without asking anybody: `segmend audit`. No stage of dvc.yaml: nothing depends on what it finds.

run.py            python -m tasks.audit.run: findings, scores, duplicates, written as a page, CSV and JSON
folds.py          python -m tasks.audit.folds: the data set cut into folds, for networks that did not learn what they judge
probabilities.py  where probabilities come from: networks of the folds, or files
"""
