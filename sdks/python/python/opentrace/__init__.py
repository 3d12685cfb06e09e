"""OpenTrace for Python: the models that production runs, and a client for a running server.

>>> from opentrace.models import Forecaster
>>> Forecaster(horizon=7).fit([100 + 10 * (day % 7) for day in range(140)]).predict()["mean"].shape
(7,)
"""

from importlib.metadata import version

from opentrace.client import Client
from opentrace.errors import OpenTraceError
from opentrace.table import Table

__version__ = version("opentrace")
__all__ = ["Client", "OpenTraceError", "Table", "__version__"]
