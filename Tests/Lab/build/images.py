#!/usr/bin/env python3
"""Makes the container images of the lab as docker-archive files.

  images.py BINARIES HOST_ROOT OUTPUT

No registry is needed: the Kubernetes images hold one static binary each; etcd
and what kube-proxy calls come from the Debian packages in HOST_ROOT, with the
libraries that they name. The environment (settings.sh) gives the tags.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

BINARIES, HOST_ROOT, OUTPUT = sys.argv[1:4]
PREFIX = os.environ["LAB_IMAGE_PREFIX"]
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IPTABLES_NAMES = [
    f"{family}{suffix}"
    for family in ("iptables", "ip6tables")
    for suffix in ("", "-save", "-restore")
]


def libraries(program):
    """Paths (in HOST_ROOT) of the shared libraries that a program names."""
    listing = subprocess.run(
        ["chroot", HOST_ROOT, "ldd", program], capture_output=True, text=True
    ).stdout
    return {word for word in listing.split() if word.startswith("/")}


def add_file(layer, source, target, mode=0o755):
    info = tarfile.TarInfo(target.lstrip("/"))
    info.size = os.path.getsize(source)
    info.mode = mode
    with open(source, "rb") as content:
        layer.addfile(info, content)


def add_link(layer, target, name):
    info = tarfile.TarInfo(name.lstrip("/"))
    info.type, info.linkname = tarfile.SYMTYPE, target
    layer.addfile(info)


def add_folder(layer, name, mode=0o755):
    info = tarfile.TarInfo(name.lstrip("/"))
    info.type, info.mode = tarfile.DIRTYPE, mode
    layer.addfile(info)


def add_host_programs(layer, programs, plugins=()):
    """Adds programs of the host root, each with the libraries it needs."""
    needed = set(programs) | set(plugins)
    for path in [*programs, *plugins]:
        needed |= libraries(path)
    for path in sorted(needed):
        source = os.path.realpath(HOST_ROOT + path)
        if not source.startswith(os.path.realpath(HOST_ROOT)):  # an absolute link
            source = HOST_ROOT + os.path.realpath(path)
        add_file(layer, source, path)


def write_image(reference, entrypoint, fill):
    """Writes OUTPUT/NAME.tar with one layer, which `fill` adds files to."""
    name, tag = reference.split(":")
    path = os.path.join(OUTPUT, f"{name}-{tag}.tar")
    layer_path = path + ".layer"
    with tarfile.open(layer_path, "w") as layer:
        add_folder(layer, "tmp", 0o1777)
        fill(layer)
    with open(layer_path, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    config = json.dumps({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": entrypoint, "Env": [PATH]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{
        "Config": config_name,
        "RepoTags": [f"{PREFIX}/{reference}"],
        "Layers": [f"{digest}.tar"],
    }]).encode()
    with tarfile.open(path, "w") as archive:
        for entry, content in ((config_name, config), ("manifest.json", manifest)):
            info = tarfile.TarInfo(entry)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        add_file(archive, layer_path, f"{digest}.tar", 0o644)
    os.unlink(layer_path)


def program_image(reference, binary, target):
    write_image(reference, [target], lambda layer: add_file(layer, binary, target))


def kube_proxy_image(reference, binary):
    plugin_folder = "/usr/lib/x86_64-linux-gnu/xtables"
    plugins = [f"{plugin_folder}/{name}" for name in os.listdir(HOST_ROOT + plugin_folder)]

    def fill(layer):
        add_file(layer, binary, "/usr/local/bin/kube-proxy")
        add_host_programs(
            layer, ["/usr/sbin/xtables-nft-multi", "/usr/sbin/conntrack", "/bin/kmod"], plugins)
        for name in IPTABLES_NAMES:
            add_link(layer, "xtables-nft-multi", f"/usr/sbin/{name}")
        add_link(layer, "/bin/kmod", "/sbin/modprobe")

    write_image(reference, ["/usr/local/bin/kube-proxy"], fill)


def etcd_image(reference):
    write_image(
        reference, ["/usr/bin/etcd"],
        lambda layer: add_host_programs(layer, ["/usr/bin/etcd", "/usr/bin/etcdctl"]))


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    for version in os.environ["LAB_VERSION_LIST"].split():
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
            program_image(f"{name}:v{version}", f"{BINARIES}/{version}/{name}", f"/usr/local/bin/{name}")
        kube_proxy_image(f"kube-proxy:v{version}", f"{BINARIES}/{version}/kube-proxy")
    programs = f"{BINARIES}/programs"
    program_image(f"pause:{os.environ['LAB_PAUSE_TAG']}", f"{programs}/pause", "/pause")
    program_image(f"coredns:{os.environ['LAB_COREDNS_TAG']}", f"{programs}/coredns", "/coredns")
    program_image("lab-web:1", f"{programs}/web", "/web")
    etcd_image(f"etcd:{os.environ['LAB_ETCD_TAG']}")


main()
