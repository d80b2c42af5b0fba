"""Ways out: sockets, devices, mounts, namespaces, and the corners of the kernel that hold programs, pages or keys.

Where they were let through, these calls would do no harm: they name nothing, or open and change nothing.
"""

import platform

import pytest

from attacks.attack import AS_RIGHT, attack

REFUSED = {"EPERM", "EACCES", "ENOSYS"}
ABSENT = REFUSED | {"ENOENT", "EROFS", "ENXIO", "ENOTDIR"}


def refused(evidence, allowed=REFUSED):
    """All that it attempted was refused, and nobody heard of it."""
    assert evidence.attempts
    assert set().union(*evidence.attempts.values()) <= allowed
    assert evidence.received == []


@attack("makes a socket of each family: internet, Unix, netlink, packet, vsock, Bluetooth, crypto …", """
    for family in range(48):
        for kind in (1, 2, 3, 5):
            attempt("socket", socket.socket, family, kind)
    attempt("raw", socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)
    attempt("netlink", socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 9)
    """)  # fmt: skip
def sockets(evidence):
    refused(evidence)


@attack("connects to a service of the machine, by TCP", """
    def tell():
        with socket.create_connection(("127.0.0.1", WORLD["tcp"]), 2) as connection:
            connection.sendall(WORLD["me"].encode())
    attempt("tcp", tell)
    """)  # fmt: skip
def tcp(evidence):
    refused(evidence)


@attack("sends a datagram to a service of the machine, shaped like a DNS query", """
    query = bytes(12) + bytes([len(WORLD["me"])]) + WORLD["me"].encode() + bytes(5)
    def tell():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(query, ("127.0.0.1", WORLD["udp"]))
    attempt("udp", tell)
    """)  # fmt: skip
def udp(evidence):
    refused(evidence)


@attack("connects to Unix sockets, one with a path and one without", """
    for address in ("\\0" + WORLD["abstract"], WORLD["socket"], "/run/systemd/notify", "/var/run/docker.sock"):
        def tell():
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(address)
                connection.sendall(WORLD["me"].encode())
        attempt("unix", tell)
    """)  # fmt: skip
def unix_sockets(evidence):
    refused(evidence)


@attack("uses the socket that it has, its channel to the judge, to reach somebody else", """
    import stat
    for descriptor in range(3, 64):
        try:
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
        except OSError:
            continue
        address = struct.pack("=H", 1) + b"\\0" + WORLD["abstract"].encode()
        attempt("connect", syscall, "connect", descriptor, address, len(address))
        attempt("bind", syscall, "bind", descriptor, address, len(address))
        attempt("listen", syscall, "listen", descriptor, 5)
        attempt("sendto", syscall, "sendto", descriptor, WORLD["me"].encode(), 4, 0, address, len(address))
        attempt("sendmsg", syscall, "sendmsg", descriptor, bytes(56), 0)
        attempt("recvmsg", syscall, "recvmsg", descriptor, bytes(56), 0)
    """)  # fmt: skip
def own_channel(evidence):
    """sendmsg and recvmsg could pass descriptors."""
    assert len(evidence.attempts) == 6
    refused(evidence)


@attack("opens devices: memory, disks, terminals, /dev/fuse, /dev/kvm; and makes some of its own", """
    for name in ("mem", "kmsg", "port", "tty", "ptmx", "console", "fuse", "kvm", "net/tun", "vsock", "sda", "vda",
                 "loop0", "loop-control", "mapper/control", "uinput", "zero", "full", "dri/card0", "vhost-vsock"):
        attempt("open", os.open, "/dev/" + name, os.O_RDWR)
    for device in ((1, 1), (1, 5), (8, 0), (254, 0)):
        attempt("mknod", os.mknod, os.environ["HOME"] + "/device", 0o60600 | 0o20000, os.makedev(*device))
    """)  # fmt: skip
def devices(evidence):
    refused(evidence, ABSENT)


@attack("mounts, by the old and the new system calls, and changes its root", """
    attempt("mount", syscall, "mount", 0, 0, 0, 0, 0)
    attempt("umount", syscall, "umount2", 0, 0)
    attempt("pivot_root", syscall, "pivot_root", 0, 0)
    attempt("open_tree", syscall, "open_tree", -100, b"/", 1)
    attempt("move_mount", syscall, "move_mount", -1, 0, -1, 0, 0)
    attempt("fsopen", syscall, "fsopen", b"tmpfs", 0)
    attempt("chroot", os.chroot, os.environ["HOME"])
    """)  # fmt: skip
def mounts(evidence):
    refused(evidence)


@attack("makes namespaces of its own, in which it would be root, and enters those of others", """
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x80):
        attempt("unshare", syscall, "unshare", flag | (0x10000000 if flag != 0x10000000 else 0))
        attempt("clone", syscall, "clone", 0x10000000 | flag | 17, 0, 0, 0, 0)
    arguments = ctypes.create_string_buffer(struct.pack("8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0), 64)
    attempt("clone3", syscall, "clone3", arguments, 64)
    for descriptor in range(4):
        attempt("setns", syscall, "setns", descriptor, 0)
    attempt("personality", syscall, "personality", 0x0040000)
    """)  # fmt: skip
def namespaces(evidence):
    refused(evidence)


@attack("asks for another user, for capabilities, and for a program with the set-user-id bit", """
    for name, arguments in (("setuid", (0,)), ("setgid", (0,)), ("setresuid", (0, 0, 0)), ("setgroups", (0, 0)),
                            ("capset", (bytes(8), bytes(24))), ("prctl", (38, 0, 0, 0, 0)), ("seccomp", (0, 0, 0)),
                            ("reboot", (0, 0, 0, 0)), ("init_module", (0, 0, b"")), ("sethostname", (0, -1))):
        attempt(name, syscall, name, *arguments)
    for program in ("/usr/bin/su", "/usr/bin/sudo", "/bin/sh", "/usr/bin/env", sys.executable):
        attempt("execve", os.execv, program, [program, "-c", "print('ran')"])
    """)  # fmt: skip
def privileges(evidence):
    refused(evidence, ABSENT)


@attack("keeps and asks for keys in the kernel's keyrings, which others of the user would see", """
    for ring in (-1, -2):  # its own; -3 and -4 are the session's and the user's
        attempt("add_key", syscall, "add_key", b"user", WORLD["me"].encode(), b"secret", 6, ring)
        attempt("keyctl", syscall, "keyctl", 0, ring, 1, 0, 0)
        attempt("join", syscall, "keyctl", 1, 0, 0, 0, 0)
    attempt("request_key", syscall, "request_key", b"user", WORLD["me"].encode(), 0, -4)
    """)  # fmt: skip
def keyrings(evidence):
    refused(evidence)


@attack("hands system calls to the kernel's queues, which no seccomp filter sees: io_uring and aio", """
    parameters = ctypes.create_string_buffer(120)
    attempt("io_uring_setup", syscall, "io_uring_setup", 8, parameters)
    attempt("io_uring_enter", syscall, "io_uring_enter", 3, 1, 1, 0, 0, 0)
    attempt("io_setup", syscall, "io_setup", 8, ctypes.create_string_buffer(8))
    """)  # fmt: skip
def io_uring(evidence):
    refused(evidence)


@attack("loads a program into the kernel, and opens its counters", """
    instructions = struct.pack("QQ", 0xB7, 0x95)
    buffer = ctypes.create_string_buffer(instructions)
    loads = struct.pack("IIQQ", 1, 2, ctypes.addressof(buffer), 0) + bytes(100)
    attempt("bpf", syscall, "bpf", 5, loads, len(loads))
    attempt("bpf map", syscall, "bpf", 0, struct.pack("IIII", 2, 4, 8, 1) + bytes(60), 72)
    attempt("perf", syscall, "perf_event_open", struct.pack("IIQ", 1, 128, 0) + bytes(112), 0, -1, -1, 0)
    attempt("fanotify", syscall, "fanotify_init", 0, 0)
    attempt("inotify", syscall, "inotify_init1", 0)
    """)  # fmt: skip
def programs_in_the_kernel(evidence):
    refused(evidence)


@attack("takes over page faults, and moves pages between descriptors", """
    attempt("userfaultfd", syscall, "userfaultfd", 1)
    reading, writing = os.pipe()
    attempt("vmsplice", syscall, "vmsplice", writing, struct.pack("QQ", id(object), 8), 1, 8)
    attempt("splice", syscall, "splice", 0, 0, writing, 0, 10, 0)
    attempt("tee", syscall, "tee", reading, writing, 10, 0)
    attempt("remap", syscall, "remap_file_pages", 0, 0, 0, 0, 0)
    attempt("modify_ldt", syscall, "modify_ldt", 1, bytes(16), 16)
    attempt("move_pages", syscall, "move_pages", 0, 0, 0, 0, 0, 0)
    """)  # fmt: skip
def page_faults(evidence):
    refused(evidence)


@attack("types into the grader's terminal, and takes it for its own", """
    import fcntl, termios
    for descriptor in range(64):
        for request in (0x5412, 0x540E, 0x5422, 0x541C):  # TIOCSTI, TIOCSCTTY, TIOCNOTTY, TIOCLINUX
            attempt("ioctl", fcntl.ioctl, descriptor, request, b"x")
    attempt("vhangup", syscall, "vhangup")
    attempt("setsid", os.setsid)
    attempt("tty", os.open, "/dev/tty", os.O_RDWR)
    """)  # fmt: skip
def terminal(evidence):
    refused(evidence, ABSENT)


@attack("opens the host's files for writing, and changes, replaces and removes one of them", """
    for path in (np.__file__, json.__file__, "/etc/ld.so.cache", "/lib/x86_64-linux-gnu/libc.so.6", WORLD["secret"],
                 os.path.abspath(__import__("edf").__file__), os.path.abspath(__import__("__main__").__file__),
                 WORLD["submitted"] + "/innocent right/edf.py", WORLD["shared"]):
        attempt("write", os.open, path, os.O_WRONLY)
        attempt("append", os.open, path, os.O_RDWR | os.O_APPEND)
    witness = WORLD["witness"]
    attempt("change", lambda: os.write(os.open(witness, os.O_RDWR | os.O_CREAT, 0o666), b"changed"))
    attempt("truncate", os.truncate, witness, 0)
    attempt("mode", os.chmod, witness, 0o777)
    attempt("owner", os.chown, witness, 65534, 65534)
    attempt("times", lambda: os.utime(witness, (1, 1)))
    attempt("attribute", os.setxattr, witness, "user.seen", b"1")
    attempt("rename", os.rename, witness, witness + ".old")
    attempt("link", os.link, witness, os.environ["HOME"] + "/witness")
    attempt("remove", os.unlink, witness)
    """)  # fmt: skip
def host_files(evidence):
    refused(evidence, ABSENT | {"EXDEV"})


def of_another_abi(tries, code):
    """An attack that runs machine code of a 64-bit PC: by other numbers for system calls, which a filter may forget."""
    return attack(tries, """
    import mmap
    memory = mmap.mmap(-1, 4096, prot=7)
    memory.write(CODE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    PC = os.uname().machine == "x86_64"
    made = ctypes.CFUNCTYPE(ctypes.c_long)(address)() if PC else -1
    print("\\n@" + json.dumps(["made", str(made), ""]), flush=True)
    """.replace("CODE", repr(code)), ends="" if platform.machine() == "x86_64" else AS_RIGHT)  # fmt: skip


def died(evidence):
    if platform.machine() != "x86_64":
        pytest.skip("the machine code is that of another processor")
    assert "died of signal" in evidence.messages
    assert "made" not in evidence.attempts


# push rbx; mov eax, 359 (socket); mov ebx, 1; mov ecx, 1; xor edx, edx; int 0x80; pop rbx; cdqe; ret
@of_another_abi("makes a socket by a system call of 32-bit programs, whose numbers are others", bytes.fromhex(
    "53 b867010000 bb01000000 b901000000 31d2 cd80 5b 4898 c3"))  # fmt: skip
def calls_of_32_bits(evidence):
    died(evidence)


# mov eax, 0x40000029 (socket); mov edi, 1; mov esi, 1; xor edx, edx; syscall; ret
@of_another_abi("makes a socket by a system call of the x32 kind, whose numbers have another bit", bytes.fromhex(
    "b829000040 bf01000000 be01000000 31d2 0f05 c3"))  # fmt: skip
def calls_of_x32(evidence):
    died(evidence)
