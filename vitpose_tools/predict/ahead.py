# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, Generic, Iterable, Iterator, Tuple, TypeVar

Item = TypeVar('Item')
# Seconds after which a waiting thread looks whether it is still wanted, and
# that an end waits for a thread.
GLANCE, PATIENCE = 0.1, 10.


class Ahead(Generic[Item]):
    """Iterate in a thread, a few items ahead of whoever takes them.

    What the thread raises is raised where its item would have come. See
    all_closed, without which the thread waits for ever.

    Args:
        items: What to iterate over; a generator is closed at the end.
        size: Items that wait at most.
    """

    def __init__(self, items: Iterable[Item], size: int) -> None:
        self.items = items
        self.queue: 'Queue[Tuple[str, Any]]' = Queue(size)
        self.unwanted = Event()
        self.thread = Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self) -> None:
        """Fill the queue; the body of the thread."""
        try:
            for item in self.items:
                if not self.put('item', item):
                    break
            else:
                self.put('end', None)
        except BaseException as error:
            self.put('error', error)
        finally:
            close = getattr(self.items, 'close', None)
            if close is not None:
                close()

    def put(self, kind: str, value: Any) -> bool:
        """Wait for room; False if nobody wants it any more."""
        while not self.unwanted.is_set():
            try:
                self.queue.put((kind, value), timeout=GLANCE)
                return True
            except Full:
                pass
        return False

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        while True:
            try:
                kind, value = self.queue.get(timeout=GLANCE)
                break
            except Empty:
                # The stages behind are closed from another thread.
                if self.unwanted.is_set():
                    raise StopIteration from None
        if kind == 'item':
            return value
        self.unwanted.set()
        if kind == 'error':
            raise value
        raise StopIteration


@contextmanager
def all_closed(*stages: Ahead) -> Iterator[None]:
    """End the threads of a chain, however many items are left.

    Args:
        stages: All of them; each may be waiting for another.
    """
    try:
        yield
    finally:
        for stage in stages:
            stage.unwanted.set()
        for stage in stages:
            stage.thread.join(PATIENCE)
