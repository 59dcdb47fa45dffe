"""The code sandbox on this machine: what it runs, and what nothing that it runs may do. With the real bubblewrap.

Each attack is a program that tries something and prints what came of it; what it prints when the sandbox holds is what
the test expects. They hold as root and as a plain user, on x86_64 and aarch64.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors._code_sandbox.bubblewrap import Bubblewrap
from connectors._code_sandbox.job import Job
from connectors._code_sandbox.seccomp import seccomp_filter
from revtops_tui.engine import operations
from revtops_tui.engine.builtin import connect_builtin
from revtops_tui.engine.connections import connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.credentials import MemoryCredentials
from tests.support.command_line import CommandLine

SHAPE = {"ok", "stdout", "stderr", "exit_code", "stopped", "truncated", "seconds", "provider"}
CALLS = {
    "x86_64": {
        "ptrace": 101, "process_vm_readv": 310, "add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321,
        "perf_event_open": 298, "userfaultfd": 323, "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272,
        "setns": 308, "chroot": 161, "personality": 135, "clock_settime": 227, "memfd_create": 319, "shmget": 29,
    },
    "aarch64": {
        "ptrace": 117, "process_vm_readv": 270, "add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280,
        "perf_event_open": 241, "userfaultfd": 282, "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97,
        "setns": 268, "chroot": 51, "personality": 92, "clock_settime": 112, "memfd_create": 279, "shmget": 194,
    },
}  # fmt: skip
NEW_CALLS = {
    "io_uring_setup": 425,
    "open_tree": 428,
    "fsopen": 430,
    "clone3": 435,
    "pidfd_getfd": 438,
    "a new one": 600,
}
"""With one number on every machine."""
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003, "arm": 0x40000028}
ALLOWED, KILLED, REFUSED, ABSENT = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


@contextlib.contextmanager
def sandbox(home: Path, **environment: str) -> Iterator[Workspace]:
    """A workspace with the code sandbox connected as one click does it."""
    with Workspace(home, "acme", credentials=MemoryCredentials()) as ws:
        connect_builtin(ws, "code_sandbox", environment=environment)
        yield ws


def act(ws: Workspace, name: str, **given: Any) -> Any:
    done = operations.action(ws, "code_sandbox", name, given)
    assert (done.status, done.error) == ("ok", None)
    return done.result


def run(ws: Workspace, code: str, **given: Any) -> Any:
    return act(ws, "execute_code", code=code, **given)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """bubblewrap. One connection for all tests: each run has a sandbox of its own."""
    with sandbox(tmp_path_factory.mktemp("bubblewrap"), CODE_SANDBOX_PROVIDER="bubblewrap") as ws:
        yield ws


@pytest.fixture(scope="module")
def monty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The interpreter for machines without it."""
    with sandbox(tmp_path_factory.mktemp("monty"), CODE_SANDBOX_PROVIDER="monty") as ws:
        yield ws


def tried(ws: Workspace, code: str) -> str:
    """What an attack printed; it must not have ended in another way than it meant to."""
    result = run(ws, code, timeout=20)
    assert (result["stderr"], result["stopped"]) == ("", None)
    return str(result["stdout"]).strip()


# -- what it runs ------------------------------------------------------------------------------------------------------


def test_it_connects_with_one_click_and_says_where_code_runs(home: Path) -> None:
    with sandbox(home) as ws:
        (info,) = connections(ws)
        assert (info.status, info.identity) == ("connected", "bubblewrap on this machine")


def test_code_runs_and_its_output_comes_back(local: Workspace) -> None:
    result = run(local, "import sys; print('out'); print('err', file=sys.stderr)")
    assert result.keys() == SHAPE
    assert (result["ok"], result["stdout"], result["stderr"], result["exit_code"]) == (True, "out\n", "err\n", 0)
    assert (result["stopped"], result["truncated"], result["provider"]) == (None, False, "bubblewrap")


def test_a_failure_of_the_code_is_a_result(local: Workspace) -> None:
    result = run(local, "raise SystemExit(3)")
    assert (result["ok"], result["exit_code"], result["stopped"]) == (False, 3, None)
    result = run(local, "1 / 0")
    assert result["exit_code"] == 1
    assert "ZeroDivisionError" in result["stderr"]
    assert act(local, "execute_command", command="kill -9 $$")["exit_code"] == 128 + 9


def test_a_command_runs_in_a_shell(local: Workspace) -> None:
    result = act(local, "execute_command", command="printf 'b\\na\\n' | sort | tr a-z A-Z; echo done >&2; exit 4")
    assert (result["stdout"], result["stderr"], result["exit_code"]) == ("A\nB\n", "done\n", 4)


def test_javascript_runs_where_node_is_installed(local: Workspace) -> None:
    given = {"code": "console.log(6 * 7)", "language": "javascript"}
    if shutil.which("node", path="/usr/local/bin:/usr/bin:/bin"):
        assert run(local, **given)["stdout"] == "42\n"
    else:
        done = operations.action(local, "code_sandbox", "execute_code", given)
        assert "no node below /usr" in str(done.error)


def test_files_go_in_and_what_was_made_or_changed_comes_out(local: Workspace) -> None:
    code = """
import os, pathlib, data.numbers
pathlib.Path('sum.txt').write_text(str(sum(data.numbers.ALL)) + ' é')
pathlib.Path('picture.bin').write_bytes(b'\\xff\\x00')
pathlib.Path('changed.csv').write_text(pathlib.Path('changed.csv').read_text().upper())
os.makedirs('out/deep'); pathlib.Path('out/deep/empty').touch()
print(pathlib.Path('kept.bin').read_bytes())
"""
    files = {"data/numbers.py": "ALL = [1, 2, 3]", "changed.csv": "a,b", "kept.bin": {"base64": "/wA="}}
    result = run(local, code, files=files)
    assert result["stdout"] == "b'\\xff\\x00'\n"
    assert result["files"] == [
        {"path": "changed.csv", "size": 3, "text": "A,B"},
        {"path": "out/deep/empty", "size": 0, "text": ""},
        {"path": "picture.bin", "size": 2, "base64": "/wA="},
        {"path": "sum.txt", "size": 4, "text": "6 é"},
    ]
    assert result["truncated"] is False


def _temporary_files() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).iterdir()}


def test_nothing_is_left_between_two_runs(local: Workspace) -> None:
    before = _temporary_files()
    places = "['/work/left', '/tmp/left', '/dev/shm/left']"
    assert tried(local, f"for p in {places}: open(p, 'w').close()\nprint('made')") == "made"
    assert tried(local, f"import os; print([p for p in {places} if os.path.exists(p)])") == "[]"
    assert not [name for name in _temporary_files() - before if "revtops" in name]


def test_no_file_stays_open_here(local: Workspace) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    run(local, "print(1)")
    before = opened()
    run(local, "print(1)", files={"a": "b"})
    run(local, "while True: pass", timeout=0.2)
    assert opened() == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"files": {"../up": "x"}}, "'../up' cannot be a file's name"),
        ({"files": {"/etc/x": "x"}}, "'/etc/x' cannot be"),
        ({"files": {"a/./b": "x"}}, "cannot be"),
        ({"files": {"a\nb": "x"}}, "cannot be"),
        ({"files": {"\ud800": "x"}}, "cannot be"),
        ({"files": {"main.py": "x"}}, "cannot be"),
        ({"files": {"a": {"base64": "!"}}}, "'a' must be a text, or an object with `base64`"),
        ({"files": {"a": 1}}, "'a' must be"),
        ({"files": {str(n): "" for n in range(51)}}, "may be 50"),
        ({"timeout": 0}, "more than 0"),
        ({"timeout": 301}, "at most 300"),
        ({"language": "ruby"}, "language"),
        ({"code": "a\0b"}, "character 0"),
        ({"code": "#" * 1_000_001}, "1,000,000 bytes"),
    ],
)
def test_what_cannot_be_run_is_refused(local: Workspace, given: dict[str, Any], words: str) -> None:
    try:
        said = str(operations.action(local, "code_sandbox", "execute_code", {"code": "print(1)", **given}).error)
    except EngineError as error:  # by the declaration alone
        said = str(error)
    assert words in said


def test_output_that_is_no_text_becomes_valid_text(local: Workspace) -> None:
    result = run(local, "import os; os.write(1, b'a\\xff\\x1b[31m\\x00b'); os.write(2, '\\u202e\\n'.encode())")
    assert (result["stdout"], result["stderr"]) == ("a�\x1b[31m\x00b", "\u202e\n")


# -- attacks: network --------------------------------------------------------------------------------------------------


def test_no_socket_but_unix_can_be_made(local: Workspace) -> None:
    code = """
import socket
made = []
for family in range(1, 64):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close(); made.append(family)
        except OSError:
            pass
print(sorted(set(made)))
"""
    assert tried(local, code) == f"[{int(socket.AF_UNIX)}]"


def test_a_server_of_this_machine_is_not_reached(local: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        name = f"revtops-{os.getpid()}-{server.getsockname()[1]}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        code = f"""
import socket, subprocess
def tries(what, *args):
    try:
        what(*args); print('reached')
    except OSError as error:
        print(error.errno)
tries(socket.create_connection, ('127.0.0.1', {server.getsockname()[1]}))
tries(socket.socket(socket.AF_UNIX).connect, '\\0{name}')
print(subprocess.run(['bash', '-c', 'echo x > /dev/tcp/127.0.0.1/{server.getsockname()[1]}'], stderr=-3).returncode)
print([line.split(':')[0].strip() for line in open('/proc/net/dev') if ':' in line])
"""
        assert tried(local, code).splitlines() == ["97", "111", "1", "['lo']"]


def test_a_socket_in_the_file_system_is_not_seen(local: Workspace) -> None:
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as keyring:
        path = str(Path(directory, "keyring"))
        keyring.bind(path)
        keyring.listen()
        code = f"import socket, os; print([socket.socket(socket.AF_UNIX).connect_ex(p) for p in ({path!r}, "
        code += "'/run/dbus/system_bus_socket', f'/run/user/{os.getuid()}/bus', '/var/run/docker.sock')])"
        assert tried(local, code) == "[2, 2, 2, 2]"


# -- attacks: reading --------------------------------------------------------------------------------------------------


def test_nothing_of_this_machine_is_seen_but_the_system(local: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    places = ["/root", "/home", "/etc/shadow", "/etc/passwd", "/etc/hostname", "/var", "/run", "/sys", "/srv", "/opt"]
    places += [str(local.home), str(tmp_path / "secret"), str(Path(__file__)), str(Path.home() / ".ssh")]
    code = f"import os; print([p for p in {places!r} if os.path.lexists(p)], sorted(os.listdir('/etc')))"
    seen, etc = tried(local, code).rsplit(" [", 1)
    assert seen == "[]"
    assert set(etc.rstrip("]").replace("'", "").split(", ")) <= {"alternatives", "ld.so.cache"}


def test_the_environment_is_not_passed_on(local: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET_TOKEN", "s3cret-value")
    code = """
import glob, os
print(sorted(os.environ))
print([p for p in glob.glob('/proc/[0-9]*/environ') if b's3cret-value' in open(p, 'rb').read()])
"""
    names, found = tried(local, code).splitlines()
    assert found == "[]"
    assert not {"MY_SECRET_TOKEN", "REVTOPS_HOME", "REVTOPS_KEYRING_PASSPHRASE"} & set(names.strip("[]").split(", "))
    allowed = {"PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "PWD", "OLDPWD", "SHLVL", "_"}
    assert {name.strip("'") for name in names.strip("[]").split(", ")} - allowed == {
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
    }


def test_other_processes_are_not_seen(local: Workspace) -> None:
    code = """
import os
pids = [p for p in os.listdir('/proc') if p.isdigit()]
print(len(pids) <= 3, os.getpid() < 10)
print([open(f'/proc/{p}/comm').read().strip() for p in pids if int(p) not in (1, os.getpid(), os.getppid())])
"""
    assert tried(local, code).splitlines() == ["True True", "[]"]


def test_no_open_file_is_inherited(local: Workspace, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        code = """
import os
for pid in (1, 'self'):
    print(sorted({os.readlink(f'/proc/{pid}/fd/{fd}').split(':')[0] for fd in os.listdir(f'/proc/{pid}/fd')
                  if os.path.islink(f'/proc/{pid}/fd/{fd}')}))
"""
        init, own = tried(local, code).splitlines()
    assert own == "['/dev/null', 'pipe']"
    assert set(init.strip("[]").replace("'", "").split(", ")) <= {"/dev/null", "pipe", "anon_inode"}


# -- attacks: writing, and leaving something behind --------------------------------------------------------------------


def test_nothing_outside_can_be_written(local: Workspace) -> None:
    code = """
import os
wrote = []
for place in ('/', '/usr', '/usr/bin', '/usr/lib', '/bin', '/etc', '/dev', '/dev/pts', '/proc', '/work/..'):
    try:
        open(f'{place}/written', 'w').close(); wrote.append(place)
    except OSError:
        pass
for file in ('/proc/sys/kernel/hostname', '/proc/sysrq-trigger', '/proc/1/mem', '/proc/1/oom_score_adj',
             '/usr/bin/env', '/proc/1/exe', '/proc/self/exe'):
    try:
        os.write(os.open(file, os.O_WRONLY), b'x'); wrote.append(file)
    except OSError:
        pass
print(wrote)
"""
    assert tried(local, code) in ("[]", "['/proc/1/oom_score_adj']")


def test_of_links_and_pipes_nothing_is_followed(local: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    code = f"""
import os
os.symlink('/etc/passwd', 'passwd'); os.symlink({str(tmp_path / "secret")!r}, 'secret'); os.symlink('/', 'root')
os.symlink({str(tmp_path)!r}, 'directory'); os.symlink('loop', 'loop'); os.symlink('/proc/self/environ', 'environ')
os.mkfifo('pipe'); open('real', 'w').write('x'); os.link('real', 'hard')
open(b'\\xff\\n', 'w').close(); os.mkdir('closed'); open('closed/in', 'w').close(); os.chmod('closed', 0)
open('unreadable', 'w').close(); os.chmod('unreadable', 0)
os.rename('main.py', 'moved'); os.symlink('/etc/shadow', 'main.py')
"""
    result = run(local, code)
    assert result["ok"], result["stderr"]
    paths = {file["path"] for file in result["files"]}
    assert paths - {"closed/in", "unreadable"} == {"hard", "moved", "real", "�\n"}
    assert "s3cret" not in str(result)


def test_more_files_than_are_handed_on_are_said_to_be_there(local: Workspace) -> None:
    result = run(local, "for n in range(60): open(f'{n:02}', 'w').close()")
    assert ([file["path"] for file in result["files"]], result["truncated"]) == ([f"{n:02}" for n in range(50)], True)
    result = run(
        local, "open('large', 'wb').write(bytes(300_000)); [open(f'{n}', 'wb').write(bytes(250_000)) for n in range(5)]"
    )
    left_out = [file["path"] for file in result["files"] if "text" not in file]
    assert (left_out, result["truncated"]) == (["4", "large"], True)
    result = run(
        local, "import os\nfor n in range(3000):\n    os.mkdir('d'); os.chdir('d')\nopen('x', 'w')", timeout=20
    )
    assert ("files" in result, result["truncated"]) == (False, True)


# -- attacks: more rights ----------------------------------------------------------------------------------------------


def test_it_has_no_rights_and_gets_none(local: Workspace) -> None:
    code = """
import ctypes, os, subprocess
print(os.getresuid(), os.getresgid(), os.getgroups() in ([], [65534]))
status = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)
print([status[name].strip() for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')])
def tries(what, *args):
    try:
        what(*args); return 'done'
    except OSError as error:
        return error.errno
print(tries(os.setuid, 0), tries(os.setgid, 0), tries(os.chown, '/work', 0, 0), tries(os.mknod, 'disk', 0o60600, 0x800))
open('mine', 'w').close(); os.chmod('mine', 0o6755)
print(bool(os.statvfs('/work').f_flag & os.ST_NOSUID), bool(os.statvfs('/usr').f_flag & os.ST_NOSUID))
print(subprocess.run(['unshare', '-Ur', 'id'], stderr=-3).returncode != 0)
"""
    nothing = "0" * 16
    assert tried(local, code).splitlines() == [
        "(65534, 65534, 65534) (65534, 65534, 65534) True",
        str([nothing] * 5 + ["1", "2"]),
        "22 22 22 1",
        "True True",
        "True",
    ]


def test_calls_into_the_kernels_machinery_are_refused(local: Workspace) -> None:
    calls = {**CALLS[platform.machine()], **NEW_CALLS}
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print({{name: (libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno()) for name, number in {calls!r}.items()}})
"""
    absent = {"io_uring_setup", "clone3", "a new one", "memfd_create", "shmget"}
    assert tried(local, code) == str({name: (-1, 38 if name in absent else 1) for name in calls})


def test_a_process_cannot_look_into_another(local: Workspace) -> None:
    code = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
child = os.fork()
if not child:
    signal.pause()
print(libc.ptrace(16, child, 0, 0), ctypes.get_errno())
os.kill(child, 9)
"""
    assert tried(local, code) == "-1 1"


def test_keys_cannot_be_typed_into_a_terminal(local: Workspace) -> None:
    code = """
import fcntl, os
try:
    os.open('/dev/tty', os.O_RDWR); print('a terminal')
except OSError as error:
    print(error.errno)
_, terminal = os.openpty()
for request in (0x5412, 0x541C, 0x541C | 0x5412 << 32):
    try:
        fcntl.ioctl(terminal, request, b'x'); print('typed')
    except (OSError, OverflowError) as error:
        print(getattr(error, 'errno', 1))
"""
    lines = tried(local, code).splitlines()
    assert lines == ["6", "1", "1", "1"]


def test_the_clock_and_the_name_of_the_machine_stay(local: Workspace) -> None:
    code = """
import socket, time
for what in (lambda: time.clock_settime(time.CLOCK_REALTIME, 0), lambda: socket.sethostname('mine')):
    try:
        what(); print('done')
    except OSError as error:
        print(error.errno)
print(socket.gethostname())
"""
    assert tried(local, code).splitlines() == ["1", "1", "sandbox"]


def test_signals_stay_inside(local: Workspace) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as other:
        code = f"""
import os
for pid in ({other.pid}, {os.getpid()}, -{os.getpgid(0)}, -1):
    try:
        os.kill(pid, 9); print('sent')
    except OSError as error:
        print(error.errno)
"""
        try:
            assert tried(local, code).splitlines() == ["3", "3", "3", "3"]
            assert other.poll() is None
        finally:
            other.kill()


# -- attacks: exhausting the machine -----------------------------------------------------------------------------------


def test_an_endless_loop_is_stopped_and_what_it_printed_is_kept(local: Workspace) -> None:
    result = run(local, "print('began')\nwhile True: pass", timeout=0.5)
    assert (result["ok"], result["exit_code"], result["stdout"]) == (False, None, "began\n")
    assert result["stopped"] == "It was stopped after 0.5 s, the time limit."


def test_endless_output_is_cut_with_a_mark(local: Workspace) -> None:
    code = "import os\nos.write(1, b'first ')\nfor n in range(2000): os.write(1, b'x' * 10_000)\nos.write(1, b' last')"
    result = run(local, code)
    assert (result["ok"], result["truncated"]) == (True, True)
    assert result["stdout"].startswith("first x")
    assert result["stdout"].endswith("x last")
    assert "bytes of output left out here" in result["stdout"]
    assert len(result["stdout"]) < 140_000
    result = run(local, "while True: print('x' * 100_000)", timeout=0.5)
    assert (result["truncated"], result["stopped"] is not None) == (True, True)


def test_a_fork_bomb_finds_its_limit_and_leaves_no_process(local: Workspace) -> None:
    mark = f"bomb{os.getpid()}"
    code = f"""
import os, time
made = 0
try:
    while made < 500:
        if not os.fork():
            os.setsid(); open('/proc/self/comm', 'w').write({mark!r}); time.sleep(600)
        made += 1
except OSError as error:
    print(made < 100, error.errno)
"""
    assert tried(local, code) == "True 11"
    assert _processes_named(mark) == []
    assert act(local, "execute_command", command=":(){ :|:& };:", timeout=2)["exit_code"] in (0, None, 2)


def _processes_named(mark: str) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "comm").read_text().strip() == mark:
                found.append(int(process.name))
    return found


def test_memory_is_limited_for_one_process_and_for_all(local: Workspace) -> None:
    result = run(local, "held = []\nwhile True: held.append(bytes(10_000_000))", timeout=20)
    assert "MemoryError" in result["stderr"] or "memory" in str(result["stopped"])
    many = """
import mmap, os, time
for _ in range(12):
    if not os.fork():
        held = mmap.mmap(-1, 100_000_000, {flags})
        for page in range(0, 100_000_000, 4096): held[page] = 1
        time.sleep(60)
time.sleep(60)
"""
    for flags in ("mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS", "mmap.MAP_SHARED | mmap.MAP_ANONYMOUS"):
        result = run(local, many.format(flags=flags), timeout=50)
        assert result["stopped"] == "It was stopped because it used more than 512 MB of memory."


def test_disk_is_limited_by_file_in_all_and_by_number(local: Workspace) -> None:
    code = """
import os
def fill(place, size):
    try:
        for n in range(1000):
            with open(f'{place}/{n}', 'wb') as file: file.write(bytes(size))
    except OSError as error:
        return n, error.errno
print(fill('/work', 40_000_000), fill('/work', 10_000_000), fill('/tmp', 10_000_000), fill('/dev/shm', 10_000_000))
"""
    assert tried(local, code) == "(0, 27) (6, 28) (3, 28) (0, 28)"
    result = run(local, "n = 0\nwhile True:\n    open(f'/tmp/{n}', 'w').close()\n    n += 1", timeout=50)
    assert result["stopped"] == "It was stopped because it made more than 20,000 files."


def test_open_files_and_core_dumps_are_limited(local: Workspace) -> None:
    code = """
import os, resource
try:
    while True: last = os.open('/dev/null', os.O_RDONLY)
except OSError as error:
    print(last < 200, error.errno)
print(resource.getrlimit(resource.RLIMIT_CORE))
try:
    resource.setrlimit(resource.RLIMIT_NPROC, (10_000, 10_000)); print('raised')
except (ValueError, OSError):
    print('not raised')
"""
    assert tried(local, code).splitlines() == ["True 24", "(0, 0)", "not raised"]


async def test_a_job_that_is_cancelled_is_gone() -> None:
    mark = f"gone{os.getpid()}"
    code = f"open('/proc/self/comm', 'w').write({mark!r})\nimport time; time.sleep(600)"
    task = asyncio.create_task(Bubblewrap().run(Job("python", code, 60)))
    while not _processes_named(mark):  # noqa: ASYNC110 - its name is the only way the job has to tell that it runs
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _processes_named(mark) == []


def test_a_job_dies_with_revtops(revtops: CommandLine) -> None:
    mark = f"die{os.getpid()}"
    assert revtops("connect", "code_sandbox").code == 0
    code = f"open('/proc/self/comm', 'w').write({mark!r})\nimport time; time.sleep(600)"
    process = revtops.in_background("action", "code_sandbox", "execute_code", f"code={code}", "timeout=300", "--yes")
    while not (found := _processes_named(mark)):
        assert process.poll() is None
        time.sleep(0.01)
    job = os.pidfd_open(found[0])
    process.kill()
    process.communicate()
    try:
        signal_of_its_end = asyncio.run(_readable(job))
    finally:
        os.close(job)
    assert signal_of_its_end


async def _readable(descriptor: int) -> bool:
    """Wait until a pidfd says that its process is dead."""
    ended = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_reader(descriptor, lambda: ended.done() or ended.set_result(True))
    async with asyncio.timeout(30):
        return bool(await ended)


# -- the filter, for machines other than this one ----------------------------------------------------------------------


def judged(machine: str, number: int, *arguments: int, table: str = "") -> int:
    """What the filter says of a call: classic BPF, interpreted as the kernel does it (linux/filter.h)."""
    program = list(struct.iter_unpack("=HBBI", seccomp_filter(machine)))
    values = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=iIQ6Q", ctypes.c_int(number).value, AUDIT[table or machine], 0, *values)
    register, at = 0, 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        if code == 0x20:
            register = int(struct.unpack_from("=I", data, operand)[0])
        elif code == 0x06:
            return int(operand)
        else:
            holds = {0x15: register == operand, 0x35: register >= operand, 0x45: bool(register & operand)}[code]
            at += yes if holds else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_knows_both_machines(machine: str) -> None:
    clone, connect, ioctl, openat, read = {
        "x86_64": (56, 41, 16, 257, 0),
        "aarch64": (220, 198, 29, 56, 63),
    }[machine]
    absent = {"memfd_create", "shmget"}
    assert {name: judged(machine, number) for name, number in CALLS[machine].items()} == {
        name: ABSENT if name in absent else REFUSED for name in CALLS[machine]
    }
    assert [judged(machine, number) for number in (openat, read, 436, 439, 452)] == [ALLOWED] * 5
    assert [judged(machine, number) for number in (453, 600, 425, 435)] == [ABSENT] * 4
    assert judged(machine, connect, socket.AF_UNIX, 1) == ALLOWED
    no_such_family = 0x00050000 | 97
    assert {judged(machine, connect, family, 1) for family in (2, 10, 16, 17, 38, 40, 2**32 + 2)} == {no_such_family}
    assert judged(machine, clone, 0x01200011) == ALLOWED
    namespaces = (0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000)
    assert {judged(machine, clone, flag | 17) for flag in namespaces} == {REFUSED}
    assert judged(machine, ioctl, 0, 0x5401) == ALLOWED
    assert {judged(machine, ioctl, 0, request) for request in (0x5412, 0x541C, 2**32 + 0x5412)} == {REFUSED}
    assert {judged(machine, read, table=table) for table in AUDIT.keys() - {machine}} == {KILLED}


def test_the_second_table_of_x86_is_refused() -> None:
    assert [judged("x86_64", 0x40000000 | number) for number in (0, 41, 101, 520)] == [REFUSED] * 4


def test_a_machine_whose_calls_are_not_known_has_no_filter() -> None:
    with pytest.raises(KeyError, match="riscv64"):
        seccomp_filter("riscv64")


# -- where nothing protects --------------------------------------------------------------------------------------------


def test_without_bubblewrap_and_monty_nothing_is_run(revtops: CommandLine, tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "MONTY_BIN": str(tmp_path / "monty")}
    refused = revtops("connect", "code_sandbox", "--json", env=nothing)
    assert refused.code == 1
    error = refused.json["error"]
    assert error["message"].startswith("This machine cannot run code safely, so it runs none. bwrap is not installed.")
    assert "Install bubblewrap" in error["hint"]
    assert revtops("connect", "code_sandbox").code == 0
    marker = tmp_path / "ran"
    ran = revtops(
        "action", "code_sandbox", "execute_command", f"command=touch {marker}", "--yes", "--json", env=nothing
    )
    assert ran.code == 1
    assert "cannot run code safely" in ran.json["error"]["message"]
    assert not marker.exists()


def test_without_bubblewrap_plain_python_runs_in_monty(revtops: CommandLine, tmp_path: Path) -> None:
    without = {"PATH": str(tmp_path)}
    connected = revtops("connect", "code_sandbox", "--json", env=without)
    assert connected.json["identity"] == "Monty on this machine, for plain Python only (bwrap is not installed.)"
    ran = revtops("action", "code_sandbox", "execute_code", "code=print(6 * 7)", "--yes", "--json", env=without)
    assert (ran.json["result"]["stdout"], ran.json["result"]["provider"]) == ("42\n", "monty")
    chosen = revtops("connect", "code_sandbox", "--set", "provider=bubblewrap", "--json", env=without)
    assert (chosen.code, chosen.json["error"]["message"]) == (1, "bwrap is not installed.")


INSERTING = """#!/bin/sh
for word do
    shift
    [ "$word" = -- ] && [ -z "$seen" ] && seen=1 && set -- "$@" {extra}
    set -- "$@" "$word"
done
exec {bwrap} "$@"
"""
UNPROTECTED = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n'


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("--share-net", "interfaces"),
        ("--bind / /work --chdir /work", "more than 20,000 files"),
        ("--bind /usr/bin /work/bin", "finds something in /work"),
        ("--setenv MY_API_KEY x", "sees the environment"),
        (None, "cannot be watched"),
    ],
)
def test_a_bubblewrap_with_a_hole_is_not_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch, extra: str | None, words: str
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        fake = Path(directory, "bwrap")
        fake.write_text(UNPROTECTED if extra is None else INSERTING.format(extra=extra, bwrap=shutil.which("bwrap")))
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", directory, prepend=os.pathsep)
        refusal = words if os.geteuid() == 0 else "can be changed by others than root"
        with pytest.raises(EngineError, match=refusal), sandbox(home, CODE_SANDBOX_PROVIDER="bubblewrap"):
            pass


# -- Monty -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attack",
    [
        "open('/etc/passwd').read()",
        "open('/tmp/written', 'w').write('x')",
        "open('/proc/self/environ').read()",
        "from pathlib import Path; Path('/etc/passwd').read_text()",
        "from pathlib import Path; list(Path('/').iterdir())",
        "import os; os.environ['PATH']",
        "import os; os.getenv('PATH')",
        "import os; os.listdir('/')",
        "import os; os.system('id')",
        "import os; os.fork()",
        "import os; os.kill(1, 9)",
        "import socket",
        "import subprocess",
        "import ctypes",
        "import urllib.request",
        "import importlib",
        "import sys; sys.modules['os']",
        "import sys; sys._getframe()",
        "__import__('os')",
        "().__class__.__bases__[0].__subclasses__()",
        "(lambda: 0).__globals__",
        "print.__self__",
        "eval('open(\"/etc/passwd\")')",
        "breakpoint()",
        "input()",
    ],
)
def test_monty_has_no_way_out(monty: Workspace, attack: str) -> None:
    result = run(monty, attack)
    assert (result["ok"], result["exit_code"], result["stdout"], result["stopped"]) == (False, 1, "", None)
    assert "Error" in result["stderr"]


@pytest.mark.parametrize(
    ("bomb", "ends"),
    [
        ("while True: pass", "stopped after 0.5 s"),
        ("import time; time.sleep(60)", "stopped after 0.5 s"),
        ("while True: print('x' * 10_000)", "stopped after 0.5 s"),
        ("held = []\nwhile True: held.append('x' * 10_000_000)", "MemoryError"),
        ("def f(): f()\nf()", "RecursionError"),
        ("10 ** 10 ** 10", "MemoryError"),
        ("'x' * 10 ** 12", "MemoryError"),
    ],
)
def test_monty_holds_its_limits(monty: Workspace, bomb: str, ends: str) -> None:
    result = run(monty, bomb, timeout=0.5 if "stopped" in ends else 20)
    assert result["ok"] is False
    assert ends in f"{result['stopped']} {result['stderr'][-300:]}"
    assert len(result["stdout"]) < 140_000


def test_monty_runs_plain_python_with_files_that_stay_as_they_are(monty: Workspace) -> None:
    code = """
import json
values = json.loads(open('in/values.json').read())
open('out.txt', 'w').write('changed')
print(sum(values), open('out.txt').read())
"""
    before = _temporary_files()
    result = run(monty, code, files={"in/values.json": "[1, 2]"})
    assert (result["ok"], result["stdout"], result["provider"]) == (True, "3 changed\n", "monty")
    assert not [name for name in _temporary_files() - before if name.startswith("revtops-")]
    fills = "n = 0\nwhile True:\n    open(f'{n}', 'w').write('x' * 1_000_000)\n    n += 1"
    assert "MemoryError" in run(monty, fills, files={"a": "b"})["stderr"]


def test_monty_refuses_what_is_not_python(monty: Workspace) -> None:
    done = operations.action(monty, "code_sandbox", "execute_command", {"command": "id"})
    assert (done.status, "runs plain Python and cannot run a command" in str(done.error)) == ("failed", True)
    done = operations.action(monty, "code_sandbox", "execute_code", {"code": "1", "language": "javascript"})
    assert "cannot run JavaScript" in str(done.error)


def test_results_can_be_stored_whatever_was_printed(monty: Workspace, local: Workspace) -> None:
    for ws in (monty, local):
        result = run(ws, "print('\\ud800 \\x00 \\x1b]0;title\\x07'.encode('utf-8', 'replace').decode())")
        assert orjson.loads(orjson.dumps(result)) == result
