# SPDX-License-Identifier: Apache-2.0
# A program on a pty of its own: typed at, looked at, waited for.
import errno, fcntl, os, pty, select, signal, struct, termios, time


class Terminal:
    def __init__(self, argv, rows=24, cols=80, env=None):
        self.out = b""
        self.status = None
        self.master, self.slave = pty.openpty()
        self.resize(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 256)
            os.execvpe(argv[0], argv, env or os.environ)

    def resize(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, text):
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def read(self, seconds):
        r, _, _ = select.select([self.master], [], [], seconds)
        if r:
            try:
                self.out += os.read(self.master, 65536)
            except OSError as e:
                if e.errno != errno.EIO:
                    raise

    def expect(self, text, seconds=20):
        """Until the output holds text; what is up to it is taken out and returned, None after the time."""
        want = text if isinstance(text, bytes) else text.encode()
        end = time.monotonic() + seconds
        while want not in self.out:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.read(min(left, 0.2))
        at = self.out.index(want) + len(want)
        got, self.out = self.out[:at], self.out[at:]
        return got

    def wait(self, seconds=20):
        """The exit code, or 128 + signal; None if it still runs."""
        end = time.monotonic() + seconds
        while self.status is None and time.monotonic() < end:
            pid, st = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.WEXITSTATUS(st) if os.WIFEXITED(st) else 128 + os.WTERMSIG(st)
                break
            self.read(0.05)
        return self.status

    def settings_are_back(self):
        return termios.tcgetattr(self.slave) == self.before

    def kill(self, sig):
        os.kill(self.pid, sig)


class Tap:
    n = 0
    failed = 0

    @classmethod
    def ok(cls, passed, name, more=""):
        cls.n += 1
        cls.failed += not passed
        print(("ok" if passed else "not ok"), cls.n, "-", name, flush=True)
        if not passed and more:
            for line in str(more).splitlines():
                print("#", line, flush=True)

    @classmethod
    def end(cls):
        print("1..%d" % cls.n, flush=True)
        raise SystemExit(1 if cls.failed else 0)
