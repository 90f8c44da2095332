"""Seccomp: the Linux kernel refuses system calls that computing does not need, whatever code runs in a process.

It covers what Landlock does not: changing modes, times and attributes of files, sockets, new processes, signals to
other processes, shared memory, and interfaces of the kernel that had holes before. The list names what is refused, so
that a library that needs something new still runs. See ``seccomp(2)``; the filter is a program for the Berkeley Packet
Filter (McCanne and Jacobson, 1993).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform

from filterviz.workers.child.landlock import call_linux

PR_SET_SECCOMP = 22
MODE_FILTER = 2

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions: load a word of the call, compare it with a number, and return an action."""

NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
"""Where the words of a call lie in what the kernel gives the filter; of the argument, the lower half."""

ALLOW, REFUSE = 0x7FFF0000, 0x00050000
"""Actions; the latter takes the number of an error."""

CLONE_THREAD = 0x00010000
OTHER_NUMBERS = 0x40000000
"""From here on, x86-64 has its calls once more, for programs with small pointers."""

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The machines whose numbers are known, as the kernel calls them."""

REFUSED: dict[str, tuple[int | None, int | None]] = {
    # The names follow the kernel; the numbers are those of x86-64 and of aarch64.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
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
    "unshare": (272, 97),
    "setns": (308, 268),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
"""Calls that are refused whatever their arguments are."""

CLONE = {"x86_64": 56, "aarch64": 220}
"""It makes a thread or a process; only threads may be made."""

CLONE3 = 435
"""As ``clone``, but a filter cannot see what it makes. Told that it does not exist, the C library uses ``clone``."""

ONLY_ITSELF: dict[str, tuple[int, int]] = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
"""Calls that a process may use for itself alone, whose number is the first argument; 0 also stands for itself."""

Instruction = tuple[int, int, int, int]
"""What to do, how many instructions to leave out if a comparison holds and if not, and a number."""


def program(machine: str, process: int) -> list[Instruction]:
    """The filter for a process.

    Args:
        machine: A key of :data:`MACHINES`.
        process: The number of the process.
    """
    at = list(MACHINES).index(machine)
    refused = [numbers[at] for numbers in REFUSED.values()]
    found: list[Instruction] = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, MACHINES[machine]), _answer(errno.EPERM)]
    found += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, OTHER_NUMBERS), _answer(errno.EPERM)]
    for number in refused:
        if number is not None:
            found += [(EQUAL, 0, 1, number), _answer(errno.EPERM)]
    found += [(EQUAL, 0, 1, CLONE3), _answer(errno.ENOSYS)]
    found += [
        (EQUAL, 0, 4, CLONE[machine]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 0, 1, CLONE_THREAD),
        (RETURN, 0, 0, ALLOW),
        _answer(errno.EPERM),
    ]
    for numbers in ONLY_ITSELF.values():
        found += [
            (EQUAL, 0, 5, numbers[at]),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (EQUAL, 1, 0, process),
            (EQUAL, 0, 1, 0),
            (RETURN, 0, 0, ALLOW),
            _answer(errno.EPERM),
        ]
    return [*found, (RETURN, 0, 0, ALLOW)]


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("number", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("first", ctypes.POINTER(_Instruction)))


def refuse_calls() -> None:
    """Refuse this thread, and every thread that it starts, the calls above. This cannot be undone.

    The process must have given up new privileges.

    Raises:
        OSError: This system has no seccomp, or the numbers of its calls are not known here.
    """
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(f"the system calls of {machine} are not known")
    instructions = [_Instruction(*instruction) for instruction in program(machine, os.getpid())]
    filled = (_Instruction * len(instructions))(*instructions)
    call_linux("prctl", PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(_Program(len(instructions), filled)), 0, 0)


def _answer(error: int) -> Instruction:
    return (RETURN, 0, 0, REFUSE | error)
