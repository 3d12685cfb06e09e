"""What all models have in common."""

from __future__ import annotations

import inspect
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from opentrace import _core
from opentrace.errors import ArtefactError, NotFittedError


class _Saved(Protocol):
    def save(self, folder: Path) -> None: ...


Core = TypeVar("Core", bound=_Saved)


class Model(ABC, Generic[Core]):
    """A model: parameters that its constructor takes, and a core once it is fitted."""

    kinds: ClassVar[tuple[str, ...]] = ()
    """What `model.json` calls it."""

    _core: Core | None = None

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters that the constructor takes, as they are now."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Changes parameters; a fitted model stays as it was fitted."""
        known = self._names()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter `{name}`; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def save(self, folder: str | Path) -> Path:
        """Writes the model to a folder, which is made: `model.json` and its weights.

        ``opentrace predict --model FOLDER`` reads it, and so does ``opentrace.models.load``.
        """
        self._fitted().save(Path(folder))
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Reads a model that was saved here, by the command line, or by a server."""
        kind = _core.manifest(Path(folder))["kind"]
        if kind not in cls.kinds:
            raise ArtefactError(f"model in `{folder}` is of kind `{kind}`, want {' or '.join(cls.kinds)}")
        model = cls()
        model._core = cls._read(Path(folder))
        model._loaded(model._fitted())
        return model

    @classmethod
    @abstractmethod
    def _read(cls, folder: Path) -> Core:
        """The core in a folder."""

    def _loaded(self, core: Core) -> None:
        """Takes parameters over from a core that was read."""

    def _fitted(self) -> Core:
        if self._core is None:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet: call `fit` first")
        return self._core

    def __sklearn_is_fitted__(self) -> bool:
        return self._core is not None

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = {name: value for name, value in self.get_params().items() if value != defaults[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name != "_core"}
        if self._core is not None:
            with tempfile.TemporaryDirectory() as folder:
                self._core.save(Path(folder))
                state["_files"] = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        files: dict[str, bytes] | None = state.pop("_files", None)
        self.__dict__.update(state)
        if files is not None:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in files.items():
                    (Path(folder) / name).write_bytes(content)
                self._core = self._read(Path(folder))


def load(folder: str | Path) -> Model[Any]:
    """Reads a model of any kind.

    >>> load("models/churn").predict(customers)  # doctest: +SKIP
    """
    kind = _core.manifest(Path(folder))["kind"]
    for known in _subclasses():
        if kind in known.kinds:
            return known.load(folder)
    raise ArtefactError(f"model in `{folder}` is of kind `{kind}`, which this version does not know")


def _subclasses() -> Iterator[type[Model[Any]]]:
    left = Model.__subclasses__()
    while left:
        left += left[0].__subclasses__()
        yield left.pop(0)
