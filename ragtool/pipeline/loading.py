"""The index and the models of a command, opened once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import TracebackType

from ragtool import models, retrieval
from ragtool.confidence import adapter_of
from ragtool.config import Settings
from ragtool.embedding import OnnxEmbedder
from ragtool.errors import StoreError
from ragtool.generation import LlamaGenerator, Remembering
from ragtool.pipeline.machine import cores
from ragtool.pipeline.nearest import neighbours
from ragtool.pipeline.remembering import RememberingEmbedder
from ragtool.pipeline.tuning import remembered
from ragtool.protocols import Embedder, Generator, Vectors
from ragtool.records import Filters, Hit, IndexCard, ModelCard
from ragtool.reports import Kernels
from ragtool.store import Store
from ragtool.vectors import Neighbours
from ragtool.vectors.layered import Layered

# Seconds after which whoever waits for the model looks up; Windows lets no Ctrl-C in before.
_LOOK = 0.1


def load_embedder(settings: Settings) -> OnnxEmbedder:
    """The embedder of the settings, verified and loaded."""
    folder = models.located(settings.embedder, settings.models).path
    return OnnxEmbedder(folder, threads=cores())


def load_generator(settings: Settings, *, look: Callable[[], None] | None = None) -> LlamaGenerator:
    """The generator of the settings, verified and loaded; look: see `LlamaGenerator`."""
    found = models.located(settings.generator, settings.models)
    tuned = remembered(found.sha256, settings)
    return LlamaGenerator(
        found.path,
        name=found.name,
        sha256=found.sha256,
        threads=tuned.threads if tuned else cores(),
        kernels=tuned.kernels if tuned else Kernels(),
        look=look,
        beginnings=settings.machine and settings.machine / "beginnings",
        adapter=adapter_of(found.sha256),
    )


class Kept:
    """What outlives a question: the models, and the vectors of the index last asked.

    Each is loaded when it is first asked for, and anew once the file that it
    was loaded from, or the state of the index, is another one. Nothing of the
    index itself is held open. What the models made of a text lately is remembered too.
    look: see `LlamaGenerator`. Close it.
    """

    def __init__(self, *, look: Callable[[], None] | None = None) -> None:
        self._look = look
        self._embedder: tuple[object, Embedder] | None = None
        self._neighbours: tuple[object, Neighbours] | None = None
        self._writer: tuple[object, Writer] | None = None

    def embedder(self, settings: Settings) -> Embedder:
        """The embedder of the settings, its files looked at again. Raises ModelError."""
        state = _embedder_state(settings)
        if self._embedder is None or self._embedder[0] != state:
            self._embedder = None
            self._embedder = (state, RememberingEmbedder(load_embedder(settings)))
        return self._embedder[1]

    def neighbours(self, store: Store, settings: Settings) -> Neighbours:
        """The vectors of the state of the store that is being read."""
        state = (settings.index, store.generation)
        if self._neighbours is not None and self._neighbours[0] == state:
            return self._neighbours[1]
        self._neighbours = None
        found = neighbours(store, settings.index, threads=cores())
        if not isinstance(found, Layered):  # these read from the store, and open quickly
            self._neighbours = (state, found)
        return found

    def writer(self, settings: Settings) -> Writer:
        """The writer of the settings, its file looked at again. Raises ModelError."""
        state = models.located(settings.generator, settings.models)
        if self._writer is None or self._writer[0] != state or self._writer[1].failed:
            self._give_back_writer()
            self._writer = (state, Writer(settings, look=self._look))
        return self._writer[1]

    def close(self) -> None:
        """Gives the memory back."""
        self._embedder = self._neighbours = None
        self._give_back_writer()

    def _give_back_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer[1].close()


class Library:
    """An index opened for questions: its texts, its vectors, and their embedder.

    kept: what is loaded already. Use it as a context manager. Raises StoreError
    where there is no index, or an empty one, or one of another embedder; ModelError.
    """

    def __init__(self, settings: Settings, *, kept: Kept | None = None) -> None:
        kept = kept or Kept()
        with ExitStack() as opened:
            self.store = opened.enter_context(Store.open(settings.index))
            # One state of the index from here on, whatever another process writes.
            opened.enter_context(self.store.reading())
            self.embedder = kept.embedder(settings)
            _check(self.store, self.embedder, settings)
            self._neighbours = kept.neighbours(self.store, settings)
            self._opened = opened.pop_all()

    def vector(self, text: str) -> Vectors:
        """The text's unit vector, float32 (dimensions,)."""
        vector: Vectors = self.embedder.embed([text])[0]
        return vector

    def retrieve(
        self, question: str, vector: Vectors, *, k: int, filters: Filters
    ) -> tuple[Hit, ...]:
        """The k chunks that fit the question best; vector: the question's own."""
        return retrieval.retrieve(
            question,
            question_vector=vector,
            store=self.store,
            neighbours=self._neighbours,
            k=k,
            filters=filters,
        )

    @property
    def card(self) -> IndexCard:
        """Which state of which index is asked."""
        counts = self.store.counts()
        return IndexCard(self.store.fingerprint(), counts.documents, counts.chunks)

    def close(self) -> None:
        """Closes the index."""
        self._opened.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Writer:
    """A generator that loads while something else goes on.

    Raises ModelError at once when the model is missing or damaged, and when it
    is first asked for where it can't be loaded.
    """

    def __init__(self, settings: Settings, *, look: Callable[[], None] | None = None) -> None:
        models.located(settings.generator, settings.models)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="generator")
        self._loaded: Future[LlamaGenerator] = self._worker.submit(
            load_generator, settings, look=look
        )
        self._generator: Generator | None = None

    @property
    def generator(self) -> Generator:
        """The generator, waited for, with what it replied lately.

        Ctrl-C ends the waiting and not the loading.
        """
        if self._generator is None:
            while not wait([self._loaded], timeout=_LOOK).done:
                pass
            self._generator = Remembering(self._loaded.result())
        return self._generator

    @property
    def failed(self) -> bool:
        """Whether it is known by now that the generator can't be loaded."""
        return self._loaded.done() and self._loaded.exception() is not None

    @property
    def card(self) -> ModelCard:
        """Which model writes."""
        return ModelCard(name=self.generator.name, sha256=self.generator.sha256)

    def close(self) -> None:
        """Waits until the loading is over, and gives the model's memory back."""
        self._worker.shutdown(wait=True)
        if self._loaded.exception() is None:
            self._loaded.result().close()


def _embedder_state(settings: Settings) -> object:
    """Another value once the embedder's files, or those of its export, are others."""
    found = models.located(settings.embedder, settings.models)
    states = [(path, path.stat()) for path in sorted((found.path / "onnx").iterdir())]
    return (found, [(path, state.st_size, state.st_mtime_ns) for path, state in states])


def _check(store: Store, embedder: Embedder, settings: Settings) -> None:
    if store.counts().documents == 0:
        raise StoreError(
            f"The index in {settings.index} is empty.", hint="Fill it: ragtool index PATH"
        )
    if store.embedder not in {None, embedder.fingerprint}:
        raise StoreError(
            f"The index in {settings.index} was made with another embedding model.",
            hint="Make its vectors anew: ragtool index PATH",
        )
