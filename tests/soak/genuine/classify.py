# It runs in the classifier's environment, whose libraries are not in ours.
# mypy: ignore-errors
"""Tries to tell two kinds of HTTP requests apart.

Reads JSON lists ``[label, request in Base64]`` from stdin, and prints each classifier's five-fold accuracy as JSON.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.naive_bayes import BernoulliNB
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

warnings.filterwarnings("ignore")


def shape(text: str) -> str:
    """Return the classes of the characters: 9 for digits, a and A for letters, each run once."""
    classes = re.sub("[a-z]", "a", re.sub("[A-Z]", "A", re.sub("[0-9]", "9", text)))
    return re.sub(r"(.)\1+", r"\1+", classes)


def described(request: str) -> dict[str, float]:
    """Return what a person would look at: names and order of headers, shapes and lengths of values, the JSON."""
    head, _, body = request.partition("\r\n\r\n")
    line, *fields = head.split("\r\n")
    found = {f"line={line}": 1, "fields": len(fields), "body.length": len(body), f"body.begin={body[:3]}": 1}
    found[f"body.end={body[-2:]}"] = 1
    names = [field.partition(":")[0] for field in fields]
    found["order=" + ",".join(names)] = 1
    for number, field in enumerate(fields):
        name, _, value = field.partition(":")
        found[f"{number}:{name}"] = 1
        found[f"{name}={value}"] = 1
        found[f"{name}.shape={shape(value)}"] = 1
        found[f"{name}.length"] = len(value)
    for space in (": ", ", ", ",\n", "\n", "\\u", " "):
        found[f"body.count={space}"] = body.count(space)
    found.update(flattened("", parsed(body)))
    return found


def parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def flattened(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for number, (name, inner) in enumerate(value.items()):
            yield f"{path}.{name}@{number}", 1
            yield from flattened(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from flattened(f"{path}[]", inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)
        yield f"{path}.digits", len(str(value))
    else:
        yield f"{path}={value}", 1
        yield f"{path}.shape={shape(str(value))}", 1
        yield f"{path}.length", len(str(value))


def pipeline(classifier: Any) -> Pipeline:
    features = FeatureUnion(
        [
            (
                "n-grams",
                CountVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False, min_df=3, max_features=20_000),
            ),
            ("tokens", CountVectorizer(token_pattern=r"[^\s,;:{}\[\]\"]+", lowercase=False, min_df=2)),
            (
                "described",
                Pipeline(
                    [
                        ("dict", FunctionTransformer(lambda rows: [described(r) for r in rows])),
                        ("vector", DictVectorizer()),
                    ]
                ),
            ),
        ]
    )
    return Pipeline([("features", features), ("scale", MaxAbsScaler()), ("classifier", classifier)])


CLASSIFIERS = {
    "logistic regression": LogisticRegression(C=0.3, max_iter=300),
    "extra trees": ExtraTreesClassifier(n_estimators=100, min_samples_leaf=2, random_state=0),
    "naive Bayes": BernoulliNB(),
}

labels, requests = [], []
for label, request in json.load(sys.stdin):
    labels.append(label)
    requests.append(base64.b64decode(request).decode("latin-1"))
folds = StratifiedKFold(5, shuffle=True, random_state=0)
accuracies = {
    name: float(cross_val_score(pipeline(classifier), requests, labels, cv=folds).mean())
    for name, classifier in CLASSIFIERS.items()
}
sys.stdout.write(json.dumps(accuracies))
