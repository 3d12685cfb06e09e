"""Models that learn from numbers: the code that the server runs, in the manner of scikit-learn.

Every model has ``fit``, ``get_params`` and ``set_params``, and ``save`` and ``load`` for the folders that
``opentrace predict --model`` and the server read. The same data and seed give the same model.
"""

from opentrace.models._base import Model, load
from opentrace.models.anomaly import AnomalyDetector, Judgement, explain
from opentrace.models.forecast import Forecaster, detect_seasons
from opentrace.models.lifetime import Lifetime
from opentrace.models.predict import Churn, Conversion, Value
from opentrace.models.recommend import Recommender
from opentrace.models.segments import Segment, Segments

__all__ = [
    "AnomalyDetector",
    "Churn",
    "Conversion",
    "Forecaster",
    "Judgement",
    "Lifetime",
    "Model",
    "Recommender",
    "Segment",
    "Segments",
    "Value",
    "detect_seasons",
    "explain",
    "load",
]
