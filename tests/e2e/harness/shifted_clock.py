"""The wall clock of one service, moved while it runs; its steady clock goes on."""

import mmap
import os
import pathlib
import struct


class ShiftedClock:
    """Give `env` to a service before it starts, then jump()."""

    def __init__(self, file):
        self._file = pathlib.Path(file)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_bytes(struct.pack("=q", 0))
        self.env = {"LD_PRELOAD": os.environ["E2E_SHIFTED_CLOCK"], "E2E_CLOCK_SHIFT": str(self._file)}

    @staticmethod
    def skip_where_impossible(test):
        program = pathlib.Path(os.environ["E2E_BINARY"]).read_bytes()
        if b"__asan_init" in program or b"__tsan_init" in program:
            test.skipTest("the run time of a sanitizer wants to be loaded before any other library")

    def jump(self, seconds):
        """From now on the wall clock is off by this many."""
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as mapped:
            mapped[:8] = struct.pack("=q", seconds)
