"""Everything that can go wrong, as exceptions with stable codes.

Models raise a :class:`ModelError`, each with the ``code`` that the command line and the server use for the
same mistake; the client raises an :class:`ApiError` with what the server answered.
"""

from __future__ import annotations


class OpenTraceError(Exception):
    """Base of everything this package raises. ``code`` is stable, the message is for people."""

    code: str = "error"


class ModelError(OpenTraceError):
    """A model cannot work with what it was given."""


class OutOfOrderError(ModelError, ValueError):
    """A point is not after the one before it."""

    code = "out_of_order"


class OutOfRangeError(ModelError, ValueError):
    """A number is outside its range."""

    code = "out_of_range"


class TooFewError(ModelError, ValueError):
    """There are fewer rows than the method needs."""

    code = "too_few"


class ShapeError(ModelError, ValueError):
    """Sizes that must agree do not."""

    code = "shape"


class ColumnError(ModelError, ValueError):
    """A column is not there or not what is needed."""

    code = "column"


class DegenerateError(ModelError, ValueError):
    """The data admit no answer, for instance because nothing varies."""

    code = "degenerate"


class LibraryError(ModelError, RuntimeError):
    """A library below failed on numbers that are in order."""

    code = "library"


class ArtefactError(ModelError, ValueError):
    """A model's folder is not what it should be."""

    code = "artefact"


class ModelIOError(ModelError, OSError):
    """The file system refused."""

    code = "io"


class NotFittedError(ModelError, ValueError, AttributeError):
    """The model was asked before it was fitted."""

    code = "not_fitted"


class DataWarning(UserWarning):
    """The data were taken, but not as they stand."""


class ApiError(OpenTraceError):
    """The server refused, with the HTTP ``status`` and what it said: ``code``, ``field`` and ``hint``."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "error",
        status: int = 0,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        where = f" (field `{self.field}`)" if self.field else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.message}{where}{hint} [{self.status} {self.code}]"


class AuthError(ApiError):
    """No key, an unknown one, or one that may not do this."""


class NotFoundError(ApiError):
    """There is no such thing."""


class ConflictError(ApiError):
    """What is there already stands against it."""


class RateLimitError(ApiError):
    """Asked too often, also after waiting as long as the server said."""


class UnavailableError(ApiError):
    """The server cannot answer at the moment, also after several tries."""


class ConnectionFailedError(OpenTraceError, ConnectionError):
    """The server was not reached, or the connection broke off."""

    code = "connection"


_MODEL_ERRORS: dict[str, type[ModelError]] = {
    kind.code: kind
    for kind in (
        OutOfOrderError,
        OutOfRangeError,
        TooFewError,
        ShapeError,
        ColumnError,
        DegenerateError,
        LibraryError,
        ArtefactError,
        ModelIOError,
    )
}


def model_error(code: str, message: str) -> ModelError:
    """The exception for an error of the models, by its code."""
    kind = _MODEL_ERRORS.get(code, ModelError)
    error = kind(message)
    error.code = code
    return error


def api_error(status: int, body: object) -> ApiError:
    """The exception for an answer that is an error."""
    said = body.get("error") if isinstance(body, dict) else None
    if not isinstance(said, dict):
        said = {"message": str(said or body or "no answer")[:500]}
    kinds: dict[int, type[ApiError]] = {
        401: AuthError,
        403: AuthError,
        404: NotFoundError,
        409: ConflictError,
        429: RateLimitError,
        502: UnavailableError,
        503: UnavailableError,
        504: UnavailableError,
    }
    return kinds.get(status, ApiError)(
        str(said.get("message", "no reason given")),
        code=str(said.get("code", "error")),
        status=status,
        field=said.get("field"),
        hint=said.get("hint"),
    )
