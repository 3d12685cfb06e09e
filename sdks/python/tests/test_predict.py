from __future__ import annotations

import pickle
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import customers
from opentrace import models
from opentrace.errors import ArtefactError, ColumnError, NotFittedError, ShapeError, TooFewError
from opentrace.models import Churn, Conversion, Value


def test_predicts_what_the_command_line_predicts(program_path: Path, tmp_path: Path) -> None:
    known, new = customers(600), customers(200, seed=2)
    model = Churn(seed=7).fit(known, "churned")
    folder = model.save(tmp_path / "model")
    new.to_csv(tmp_path / "new.csv", index=False)
    command = [program_path, "predict", "--model", folder, "--input", tmp_path / "new.csv", "-o", tmp_path / "out.csv"]
    subprocess.run(command, check=True)
    told = pd.read_csv(tmp_path / "out.csv")["prediction"]
    np.testing.assert_allclose(model.predict_proba(new)[:, 1], told)


def test_reads_what_the_command_line_trained(program_path: Path, tmp_path: Path) -> None:
    known, new = customers(600), customers(200, seed=2)
    known.to_csv(tmp_path / "known.csv", index=False)
    command = [program_path, "train", "--kind", "churn", "--target", "churned", "--seed", "7"]
    subprocess.run([*command, "--input", tmp_path / "known.csv", "-o", tmp_path / "model"], check=True)
    read = models.load(tmp_path / "model")
    assert isinstance(read, Churn)
    assert (read.seed, read.positive_, read.classes_.tolist()) == (7, "Yes", ["No", "Yes"])
    ours = Churn(seed=7).fit(known, "churned")
    # Truth values are words in the file and numbers here: other columns, nearly the same model.
    np.testing.assert_allclose(read.predict_proba(new), ours.predict_proba(new), atol=0.08)
    assert read.predict(new).tolist()[:3] == ours.predict(new).tolist()[:3]


def test_every_kind_of_table_is_the_same_table() -> None:
    known = customers(600)
    X, y = known.drop(columns="churned"), known["churned"]
    want = Churn().fit(known, "churned").predict_proba(X)
    polars = pl.from_pandas(X)
    for table in (
        X,
        polars,
        polars.to_arrow(),
        dict(X.items()),
        polars.with_columns(pl.col("plan").cast(pl.Categorical)),
    ):
        np.testing.assert_array_equal(Churn().fit(table, y.tolist()).predict_proba(table), want)
    np.testing.assert_array_equal(Churn().fit(X.assign(plan=X["plan"].astype("category")), y).predict_proba(X), want)
    numbers = X[["tickets", "spend"]].to_numpy()
    model = Churn().fit(numbers, y)
    assert model.feature_names_in_ == ["x0", "x1"]


def test_classes_come_back_as_they_were() -> None:
    known = customers(600)
    X, yes = known.drop(columns="churned"), known["churned"] == "Yes"
    for target, classes in ((yes, [False, True]), (yes.astype(int), [0, 1]), (known["churned"], ["No", "Yes"])):
        model = Churn().fit(X, target)
        assert model.classes_.tolist() == classes
        assert set(model.predict(X).tolist()) <= set(classes)
        assert model.predict_proba(X)[:, 1].mean() == pytest.approx(yes.mean(), abs=0.03)
        assert model.score(X, target) > 0.75
    assert model.metrics_["auc"] > 0.8
    assert model.score(known, "churned") == model.score(X, known["churned"])


def test_contributions_add_up_and_the_seed_decides() -> None:
    known = customers(600)
    model = Churn(seed=3).fit(known, "churned")
    parts = model.explain(known)
    total = sum(parts[name] for name in parts.columns)
    np.testing.assert_allclose(total, model.decision_function(known), atol=1e-6)
    assert np.abs(parts["tickets"]).mean() > np.abs(parts["trial"]).mean()
    again = Churn(seed=3).fit(known, "churned").predict_proba(known)
    np.testing.assert_array_equal(again, model.predict_proba(known))
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(copy.predict_proba(known), model.predict_proba(known))
    assert copy.predict(known).tolist() == model.predict(known).tolist()
    assert len(model.plot(known).patches) == 4
    assert len(model.plot(known, row=0, top=2).patches) == 2


def test_values_are_predicted(tmp_path: Path) -> None:
    known = customers(600)
    known["next"] = 3 * known["tickets"] + np.where(known["plan"] == "pro", 20.0, 0.0)
    table = known.drop(columns="churned")
    model = Value().fit(table, "next")
    assert model.score(table, "next") > 0.9
    read = Value.load(model.save(tmp_path / "value"))
    np.testing.assert_allclose(read.predict(table), model.predict(table))
    with pytest.raises(ArtefactError, match="of kind `value`, want churn"):
        Churn.load(tmp_path / "value")


def test_works_with_scikit_learn() -> None:
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import GridSearchCV, cross_val_score

    known = customers(300)
    X, y = known.drop(columns="churned"), known["churned"]
    assert is_classifier(Conversion())
    assert cross_val_score(Churn(), X, y, cv=3, scoring="roc_auc").mean() > 0.75
    search = GridSearchCV(Churn(), {"seed": [1, 2]}, cv=2, scoring="neg_log_loss").fit(X, y)
    assert search.best_params_["seed"] in (1, 2)
    assert clone(Churn(seed=9)).get_params() == {"seed": 9}


def test_bad_input_is_told() -> None:
    known = customers(600)
    with pytest.raises(ColumnError, match="`left` is not in the table"):
        Churn().fit(known, "left")
    with pytest.raises(ColumnError, match="holds numbers, which is not what Churn predicts"):
        Churn().fit(known, "spend")
    with pytest.raises(ColumnError, match="two classes, which is not what Value predicts"):
        Value().fit(known, "churned")
    with pytest.raises(ColumnError, match="more than two classes"):
        Churn().fit(known, "plan")
    with pytest.raises(TooFewError) as caught:
        Churn().fit(known[:20], "churned")
    assert caught.value.code == "too_few"
    assert isinstance(caught.value, ValueError)
    with pytest.raises(ShapeError, match="`y` has 3 rows, want 600"):
        Churn().fit(known, [1, 0, 1])
    with pytest.raises(ColumnError, match="nor is any other column"):
        Churn().fit(known, "churned").predict({"other": [1.0]})
    with pytest.raises(NotFittedError):
        Churn().predict(known)
    with pytest.raises(TypeError, match="lazy"):
        Churn().fit(pl.from_pandas(known).lazy(), "churned")
    with pytest.raises(OSError, match="cannot access"):
        models.load("/nowhere/at/all")
