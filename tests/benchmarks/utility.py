r"""Accuracy lost when five classifiers learn from synthetic instead of real rows: small clinical tables, no privacy, defaults.

    python tests/benchmarks/utility.py --data DIR --out results.json        # DIR: heart_failure.parquet, stroke.parquet, ...

Each table is split 70/30 on the label; the generator sees the 70 % and returns as many rows; classifiers are scored on the
30 %. No table has settings of its own but its public domains, written here from the data sets' documentation.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from central import model
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from generators.frame import Frame, Series, known
from generators.rules import NoRules
from specs.lang.binning import MORE, default_bins
from specs.lang.types import Column, Generator, Key, Outputs, Privacy, Study, Table

FLAG = ["0", "1"]
SETS: dict[str, tuple[str, dict[str, Any]]] = {
    "heart_failure": (
        "heartdisease",
        {
            "age": (20, 100), "sex": ["F", "M"], "chestpaintype": ["ASY", "ATA", "NAP", "TA"], "restingbp": (0, 220),
            "cholesterol": (0, 640), "fastingbs": FLAG, "restingecg": ["LVH", "Normal", "ST"], "maxhr": (60, 220),
            "exerciseangina": ["N", "Y"], "oldpeak": (-3.0, 7.0), "st_slope": ["Down", "Flat", "Up"], "heartdisease": FLAG,
        },
    ),
    "stroke": (
        "stroke",
        {
            "gender": ["Female", "Male", "Other"], "age": (0.0, 100.0), "hypertension": FLAG, "heart_disease": FLAG,
            "ever_married": ["No", "Yes"], "work_type": ["Govt_job", "Never_worked", "Private", "Self-employed", "children"],
            "residence_type": ["Rural", "Urban"], "avg_glucose_level": (50.0, 300.0), "bmi": (10.0, 100.0),
            "smoking_status": ["Unknown", "formerly smoked", "never smoked", "smokes"], "stroke": FLAG,
        },
    ),
    "pima_diabetes": (
        "diabetes",
        {
            "pregnant": (0, 20), "glucose": (40, 200), "pressure": (20, 130), "triceps": (5, 100), "insulin": (10, 850),
            "mass": (15.0, 70.0), "pedigree": (0.0, 2.5), "age": (20, 90), "diabetes": ["neg", "pos"],
        },
    ),
    "flchain": (
        "death",
        {
            "age": (50, 105), "sex": ["F", "M"], "sample_yr": (1995, 2003), "kappa": (0.0, 25.0), "lambda": (0.0, 30.0),
            "flc_grp": (1, 10), "creatinine": (0.0, 12.0), "mgus": FLAG, "death": FLAG,
        },
    ),
}  # fmt: skip
"""Label, and each column's values or range; whole numbers where both ends are. Left out: keys, and what follows the outcome."""
MODELS = {
    "logistic": LogisticRegression(max_iter=500),
    "tree": DecisionTreeClassifier(random_state=1),
    "forest": RandomForestClassifier(100, random_state=1),
    "boosting": HistGradientBoostingClassifier(random_state=1),
    "svm": SVC(random_state=1),
}


def study_of(name: str, data: pd.DataFrame, generator: str, seed: int) -> Study:
    """The table as a study; whether a column has NULLs is public."""
    columns = {c: _column(c, said, bool(data[c].isna().any())) for c, said in SETS[name][1].items()}
    table = Table("patient", (Key("id"),), columns)
    privacy, outputs = Privacy("patient", None, "published"), Outputs("out")
    return Study(name, "", "0" * 64, {"patient": table}, {}, privacy, outputs, seed=seed, generator=Generator(generator))  # type: ignore[arg-type]


def _column(name: str, said: Any, nullable: bool) -> Column:
    if isinstance(said, list):
        return Column(name, "string", nullable, values=tuple(said))
    low, high = said
    whole = isinstance(low, int)
    bins = default_bins(low, high, MORE, whole)
    return Column(name, "integer" if whole else "number", nullable, range=(low, high), bins=bins)


def frame_of(study: Study, data: pd.DataFrame) -> Frame:
    """The rows as a generator holds them."""
    frame: Frame = {"id": known(np.arange(len(data)))}
    for name, column in study.root.columns.items():
        null = data[name].isna().to_numpy()
        if column.values:
            codes = pd.Categorical(data[name].astype(str), list(column.values)).codes.astype(np.int64)
            frame[name] = Series(np.where(null, 0, codes), null, column.values)
        else:
            kind = np.int64 if column.type == "integer" else np.float64
            frame[name] = Series(data[name].fillna(column.range[0] if column.range else 0).to_numpy(kind), null)
    return frame


def table_of(frame: Frame, columns: Mapping[str, Column]) -> pd.DataFrame:
    """A sampled table as pandas; NULL numbers are NaN, NULL words stay missing."""
    found = {}
    for name in columns:
        series = frame[name]
        words = series.labels is not None
        values = np.asarray(series.labels, object)[series.values] if words else series.values.astype(float)
        found[name] = pd.Series(values).mask(series.null)
    return pd.DataFrame(found)


def lost(train: pd.DataFrame, other: pd.DataFrame, test: pd.DataFrame, label: str) -> dict[str, float]:
    """Mean accuracy (%) and AUC over the classifiers, from real and from other rows, on the same test rows."""
    figures: dict[str, float] = {}
    for name, rows in (("trtr", train), ("tstr", other)):
        scores = [_score(model_, rows, test, label) for model_ in MODELS.values()]
        figures[f"{name}_acc"] = float(np.mean([100 * a for a, _ in scores]))
        figures[f"{name}_auc"] = float(np.mean([b for _, b in scores]))
    figures["drop_pp"] = figures["trtr_acc"] - figures["tstr_acc"]
    figures["auc_ratio"] = figures["tstr_auc"] / figures["trtr_auc"]
    return figures


def _score(classifier: Any, rows: pd.DataFrame, test: pd.DataFrame, label: str) -> tuple[float, float]:
    fitted = _pipeline(classifier, rows.drop(columns=label)).fit(rows.drop(columns=label), rows[label])
    x, y = test.drop(columns=label), test[label]
    way = "decision_function" if hasattr(fitted, "decision_function") else "predict_proba"
    found = getattr(fitted, way)(x)
    margin = found if found.ndim == 1 else found[:, 1]
    return accuracy_score(y, fitted.predict(x)), roc_auc_score(y == fitted.classes_[1], margin)


def _pipeline(classifier: Any, rows: pd.DataFrame) -> Pipeline:
    words = [c for c in rows if rows[c].dtype == object]
    numbers = [c for c in rows if c not in words]
    parts = [(make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers)]
    if words:
        encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False)
        parts.append((make_pipeline(SimpleImputer(strategy="most_frequent"), encoder), words))
    return make_pipeline(make_column_transformer(*parts), classifier)


def one(folder: Path, name: str, generator: str, seed: int) -> dict[str, Any]:
    """One split, one generator."""
    label, columns = SETS[name]
    data = pd.read_parquet(folder / f"{name}.parquet")[list(columns)]
    study = study_of(name, data, generator, seed)
    every = table_of(frame_of(study, data), study.root.columns)
    train, test = train_test_split(np.arange(len(data)), test_size=0.3, random_state=seed, stratify=every[label])
    rows = data.iloc[train].reset_index(drop=True)
    learned, cpu = model(study, {"patient": frame_of(study, rows)}, {}, seed)
    drawn = table_of(learned.sample(len(train), seed, NoRules()).tables["patient"], study.root.columns)
    real, held = every.iloc[train].reset_index(drop=True), every.iloc[test].reset_index(drop=True)
    majority = 100 * float((held[label] == real[label].mode()[0]).mean())
    figures = lost(real, drawn, held, label)
    facts = {"set": name, "generator": generator, "seed": seed, "cpu_s": round(sum(cpu.values()), 1), "majority": majority}
    return {**facts, **figures}


def main() -> None:
    """Writes versions and one entry per split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--generator", nargs="+", default=["diffusion", "marginal"])
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {"versions": {p: version(p) for p in ("numpy", "torch", "scikit-learn")}, "runs": []}
    for seed, name, generator in ((s, n, g) for s in range(args.seeds) for n in SETS for g in args.generator):
        found["runs"].append(one(args.data, name, generator, seed))
        print(json.dumps(found["runs"][-1]), flush=True)
        if args.out:
            args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
