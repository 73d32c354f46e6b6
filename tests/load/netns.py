"""Network namespaces in which nodes live apart: a hub with database and servers, and one namespace for
each node with one path to the database and another to everything else. No address is outside of them,
and no path leads out. Needs root and `ip`; everything is gone at the end."""

import os
import subprocess
import sys

HUB = "lifesign-hub"
DATABASE, WORLD = "10.83.1", "10.83.2"
PATHS = {"db": DATABASE, "world": WORLD}


def node(number):
    return f"lifesign-n{number}"


def address(path, number):
    """Of a node on a path; the hub is 1."""
    return f"{PATHS[path]}.{number + 10}"


def hub(path):
    return f"{PATHS[path]}.1"


# Servers at one address are checked one after the other (src/app/hosts.rs): there are more of these.
HOSTS = 100


def host(number):
    """The address of a server in the hub."""
    return f"{WORLD}.{100 + number % HOSTS}"


def inside(namespace):
    """The words before a command that runs in a namespace."""
    return ["ip", "netns", "exec", namespace]


def in_hub(nodes):
    """Runs this very script again, in the hub of namespaces that are there meanwhile; gives its exit code."""
    remove(nodes)
    try:
        make(nodes)
        return subprocess.run([*inside(HUB), sys.executable, *sys.argv], env=os.environ | {HERE: "1"}).returncode
    finally:
        remove(nodes)


HERE = "LIFESIGN_IN_HUB"


def is_here():
    return HERE in os.environ


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def make(nodes):
    ip("netns", "add", HUB)
    ip("-n", HUB, "link", "set", "lo", "up")
    for path in PATHS:
        ip("-n", HUB, "link", "add", path, "type", "bridge")
        ip("-n", HUB, "address", "add", f"{hub(path)}/24", "dev", path)
        ip("-n", HUB, "link", "set", path, "address", mac(path, 0), "up")
    for number in range(HOSTS):
        ip("-n", HUB, "address", "add", f"{host(number)}/24", "dev", "world")
    for number in range(nodes):
        ip("netns", "add", node(number))
        ip("-n", node(number), "link", "set", "lo", "up")
        for path in PATHS:
            port = f"{path}{number}"
            ip("-n", HUB, "link", "add", port, "type", "veth", "peer", "name", path, "netns", node(number))
            ip("-n", HUB, "link", "set", port, "master", path, "up")
            own = ("-n", node(number))
            ip(*own, "link", "set", path, "address", mac(path, number + 1), "up")
            ip(*own, "address", "add", f"{address(path, number)}/24", "dev", path)
            # Known for good: packets on a path that is cut vanish, and nobody is told that nobody is there.
            ip(*own, "neigh", "replace", hub(path), "lladdr", mac(path, 0), "dev", path, "nud", "permanent")
            there = ("lladdr", mac(path, number + 1), "dev", path, "nud", "permanent")
            ip("-n", HUB, "neigh", "replace", address(path, number), *there)


def mac(path, number):
    return f"02:00:00:00:{list(PATHS).index(path):02x}:{number:02x}"


def cut(number):
    """Takes the path of a node to the database away, in the middle of it: both ends send into nothing."""
    ip("-n", HUB, "link", "set", f"db{number}", "nomaster")


def mend(number):
    ip("-n", HUB, "link", "set", f"db{number}", "master", "db")


def remove(nodes):
    for namespace in (HUB, *map(node, range(nodes))):
        subprocess.run(["ip", "netns", "delete", namespace], stderr=subprocess.DEVNULL)
