"""What a hostile call may do: each deed by its name."""
import ctypes, os, resource, signal, socket, subprocess, sys, time

libc = ctypes.CDLL(None, use_errno=True)


def others():
    """Those of whom this call is no descendant: init, and what it is a child of."""
    mine, found = os.getuid(), []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with open(f"/proc/{name}/status") as status:
                users = next(line for line in status if line.startswith("Uid:")).split()
            if int(users[1]) != mine:
                found.append(int(name))
    assert len(found) == 2, found
    return found


def refused(what, act):
    try:
        act()
        print("ALLOWED", what)
    except OSError:
        pass


def system(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def children():
    for command in (["sleep", "600"], ["sh", "-c", "trap '' TERM HUP INT; while true; do sleep 1; done"]):
        subprocess.Popen(command, start_new_session=True)
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            while True:
                open(f"/tmp/{os.getpid()}", "w").close()
                time.sleep(0.01)


def files():
    for place in ("/sim", "/tmp", "/dev/shm"):
        os.chdir(place)
        for name in (b"-rf", b"a\nb", b"\xff\xfe", b".1", b".2", b"x" * 255, b"* ?", b"...", b"a b"):
            open(name, "w").close()
            os.chmod(name, 0)
        os.symlink("/", "root")
        os.symlink("nothing", "dangling")
        os.link("-rf", "linked")
        os.mkfifo("fifo", 0)
        socket.socket(socket.AF_UNIX).bind("socket")
        for name in (b".3", b"shut\nin", b"sticky"):
            os.makedirs(name + b"/inner/.1/deep")
            open(name + b"/inner/file", "w").close()
            os.chmod(name + b"/inner/.1", 0)
            os.chmod(name, 0o1000)
        for number in range(2000):
            open(f"many{number}", "w").close()


def depth():
    os.chdir("/tmp")
    for _ in range(3000):
        os.mkdir("down" * 20)
        os.chdir("down" * 20)
    open("bottom", "w").close()


def times():
    for place in ("/sim", "/tmp", "/dev/shm"):
        try:
            os.utime(place, (1, 1))
            os.chmod(place, 0o755)
        except OSError:
            pass
        refused("an attribute", lambda: os.setxattr(place, "user.x", b"x"))


def shut():
    os.chmod("/sim", 0)


def system_v():
    subprocess.run(["ipcmk", "-M", "4096", "-S", "2"], stdout=subprocess.DEVNULL, check=True)


def queue():
    system(240, b"queue", os.O_CREAT | os.O_RDWR, 0o666, None)


def signals():
    for process in others():
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGCONT, signal.SIGUSR1, signal.SIGKILL, signal.SIGINT):
            refused(f"{number} to {process}", lambda: os.kill(process, number))
            if process > 1:
                refused(f"{number} to the group of {process}", lambda: os.killpg(process, number))


def everyone():
    os.kill(-1, signal.SIGKILL)


def looks():
    for process in others():
        for name in ("mem", "environ", "maps", "auxv", "pagemap", "io", "syscall", "stack", "map_files"):
            refused(f"{name} of {process}", lambda: os.open(f"/proc/{process}/{name}", os.O_RDONLY) and os.read(os.open(f"/proc/{process}/{name}", os.O_RDONLY), 1))
        refused(f"files of {process}", lambda: os.listdir(f"/proc/{process}/fd"))
        refused(f"folder of {process}", lambda: os.readlink(f"/proc/{process}/cwd"))
        refused(f"memory of {process}", lambda: open(f"/proc/{process}/mem", "r+b"))
        refused(f"badness of {process}", lambda: open(f"/proc/{process}/oom_score_adj", "w").write("1000"))
        refused(f"ptrace {process}", lambda: system(101, 16, process, 0, 0))
        refused(f"bounds of {process}", lambda: resource.prlimit(process, resource.RLIMIT_NOFILE, (1, 1)))
        refused(f"niceness of {process}", lambda: os.setpriority(os.PRIO_PROCESS, process, 19))
        refused(f"cores of {process}", lambda: os.sched_setaffinity(process, {0}))
        refused(f"turn of {process}", lambda: os.sched_setscheduler(process, os.SCHED_IDLE, os.sched_param(0)))
        refused(f"pidfd of {process}", lambda: signal.pidfd_send_signal(os.pidfd_open(process), signal.SIGTERM))
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    os.sched_setaffinity(0, {0})


def rights():
    for number in (0, 100000, 99999, 65532):
        if number != os.getuid():
            refused(f"user {number}", lambda: os.setuid(number))
            refused(f"users {number}", lambda: os.setresuid(number, number, number))
            refused(f"group {number}", lambda: os.setgid(number))
    refused("groups", lambda: os.setgroups([0]))
    refused("a namespace", lambda: system(272, 0x10000000))
    refused("a mount", lambda: system(165, b"x", b"/tmp", b"tmpfs", 0, None))
    refused("a file of another", lambda: os.chown("/sim", 0, 0))
    refused("the root", lambda: open("/x", "w"))
    refused("devices", lambda: open("/dev/x", "w"))
    refused("keys", lambda: system(250, 0, -3, 1))
    descriptors = sorted(int(name) for name in os.listdir(f"/proc/{os.getppid()}/fd"))
    print(os.getgroups(), [fd for fd in descriptors if fd < 3])


def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def hog():
    held = []
    while True:
        held.append(b"x" * (16 << 20))


def fill(places=("/dev/shm", "/tmp")):
    for place in places:
        with open(f"{place}/full", "wb", 0) as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass


def fill_all():
    fill(("/dev/shm", "/tmp", "/sim"))


def ports():
    """A connection whose end outlives its process, where there is a network within the container at all."""
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", 5000))
        listener.listen()
        there = socket.create_connection(("127.0.0.1", 5000), 1)
    except OSError:
        return
    here, _ = listener.accept()
    here.close()
    there.recv(1)
    there.close()


def threads():
    """One thread of init is this user, and takes signals for all of it."""
    for task in os.listdir("/proc/1/task"):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            try:
                os.kill(int(task), number)
            except OSError:
                pass


def output():
    while True:
        sys.stdout.write("x" * 65536)


def deaf():
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1)


globals()[sys.argv[1]]()
