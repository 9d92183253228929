"""Calls from all threads, made in one."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import TypeVar
from weakref import WeakSet

T = TypeVar("T")


class OneThread:
    """A thread of its own, which ends with this object. After a fork, the new process has another one."""

    def __init__(self) -> None:
        self.start_anew()
        _ALL.add(self)

    def start_anew(self) -> None:
        self._calls = ThreadPoolExecutor(1, thread_name_prefix="techner-reads")
        self._turn = Lock()

    def call(self, function: Callable[[], T]) -> T:
        """Return what the function returns, or raise what it raises, after all calls before it.

        It runs in the context of the caller, where thinc keeps what runs on a GPU. Once the interpreter ends,
        no thread takes calls any more: those that a server still answers run in the thread of the caller.
        """
        try:
            called = self._calls.submit(copy_context().run, self._in_turn, function)
        except RuntimeError:
            return self._in_turn(function)
        return called.result()

    def _in_turn(self, function: Callable[[], T]) -> T:
        with self._turn:
            return function()


_ALL: WeakSet[OneThread] = WeakSet()


def _after_fork() -> None:
    for one in _ALL:
        one.start_anew()  # a fork copies no thread


if sys.platform != "win32":  # which has no fork
    os.register_at_fork(after_in_child=_after_fork)
