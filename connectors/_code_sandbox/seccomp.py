"""The system calls that sandboxed code may not make, as a program for the kernel (seccomp, classic BPF).

Default allow, with a list of what is denied, and everything newer than the list refused. Programs of any kind run
here: an allow-list would have to know what each C library and interpreter of each version calls, and one that knows too
little breaks them in ways that nobody can explain; so it would be as long as the kernel's table, less this list.
Namespaces, dropped capabilities and an empty file system take away what calls could reach. The filter takes away the
parts of the kernel that are reachable nevertheless, that plain programs do not need and that most holes were found in.
The risk of such a list is what the kernel gets after it was written; hence numbers that it does not know do not exist
for the program.

Numbers: arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl (arm64) of Linux; both count alike from 424 on.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Instruction = tuple[int, int, int, int]
"""`struct sock_filter`: code, jump if true, jump if false, operand."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
"""Offsets in `struct seccomp_data`; of arguments the low half, which is all that the kernel reads of these."""
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_FIRST_UNKNOWN = 453
"""map_shadow_stack and what followed it."""
_X32 = 0x40000000
"""The bit of x86_64's second table of calls, which goes by the same architecture."""
_NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET"""
_AF_UNIX = 1
_TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put keys into the terminal that the process was started from."""

_DENIED: dict[str, tuple[int | None, int | None]] = {
    # keys of the kernel, which belong to no namespace
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # the kernel's own machinery
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "lookup_dcookie": (212, 18),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "uselib": (134, None),
    "syslog": (103, 116),
    "acct": (163, 89),
    "reboot": (169, 142),
    # file systems and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "nfsservctl": (180, 42),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "unshare": (272, 97),
    "setns": (308, 268),
    # names and clocks of the machine
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    # where memory lies
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "get_mempolicy": (239, 236),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "set_mempolicy_home_node": (450, 450),
    "vhangup": (153, 58),
}
"""Name -> number on x86_64 and on aarch64; refused with EPERM."""

_ABSENT: dict[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435),  # its flags are in memory, which a filter cannot read; C libraries fall back to clone
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # memory that belongs to no process, so that nothing that watches processes sees it
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
"""Refused with ENOSYS, as by a kernel that does not have them: programs have another way."""


@dataclass(frozen=True)
class _Machine:
    audit: int  # AUDIT_ARCH_…, what the kernel calls the table in use
    column: int
    clone: int
    socket: tuple[int, int]  # socket, socketpair
    ioctl: int


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 0, clone=56, socket=(41, 53), ioctl=16),
    "aarch64": _Machine(0xC00000B7, 1, clone=220, socket=(198, 199), ioctl=29),
}


def seccomp_filter(machine: str = "") -> bytes:
    """The filter as the kernel takes it, for this machine or the one named.

    Raises KeyError for a processor whose numbers are not known here.
    """
    known = _MACHINES[machine or platform.machine()]
    program = [*_right_table(known), *_by_arguments(known), *_by_number(known), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _right_table(machine: _Machine) -> Iterator[Instruction]:
    """A 32-bit program has other numbers: it is killed. Numbers that the list does not know do not exist."""
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, machine.audit)
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    yield from _refuse(_AT_LEAST, _X32, errno.EPERM)
    yield from _refuse(_AT_LEAST, _FIRST_UNKNOWN, errno.ENOSYS)


def _by_arguments(machine: _Machine) -> Iterator[Instruction]:
    for number in machine.socket:
        # Network namespaces do not hold vsock, netlink and others: of the kernel's forty families one is left.
        check = [(_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 1, 0, _AF_UNIX), (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT)]
        yield from _only_for(number, check)
    no_namespace = [(_LOAD, 0, 0, _FIRST_ARGUMENT), *_refuse(_ANY_BIT, _NEW_NAMESPACES, errno.EPERM)]
    yield from _only_for(machine.clone, no_namespace)
    no_typing = [step for request in _TERMINAL_INPUT for step in _refuse(_EQUAL, request, errno.EPERM)]
    yield from _only_for(machine.ioctl, [(_LOAD, 0, 0, _SECOND_ARGUMENT), *no_typing])


def _by_number(machine: _Machine) -> Iterator[Instruction]:
    for calls, error in ((_DENIED, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        for numbers in calls.values():
            number = numbers[machine.column]
            if number is not None:
                yield from _refuse(_EQUAL, number, error)


def _only_for(number: int, check: Iterable[Instruction]) -> Iterator[Instruction]:
    """`check` for one call; what it lets through is allowed."""
    body = [*check, (_RETURN, 0, 0, _ALLOW)]
    yield (_EQUAL, 0, len(body), number)
    yield from body


def _refuse(comparison: int, operand: int, error: int) -> Iterator[Instruction]:
    yield (comparison, 0, 1, operand)
    yield (_RETURN, 0, 0, _ERRNO | error)
