# SPDX-License-Identifier: BSD-3-Clause
"""Folders that are watched: what editors, tools and mounts do to files is taken up by itself."""
import os
import shutil
import time

from box import SCENARIO, Box, expect, expect_eq, expect_in, test, vs, wait_until


def watched(extra=""):
    b = Box('manifests = [ "m" ];' + extra)
    shutil.copytree(SCENARIO, f"{b.dir}/m")
    return b


def shows(b, path, there=True):
    wait_until(lambda: (f" {path}*" in b.ctl("pc", "route")) == there, f"{path} in pc route: {there}")


@test
def files_that_change_are_taken_up():
    with watched() as b:
        b.start().start_daemon()
        before = b.epoch()
        b.write("m/a.yaml", vs("a", "/a"))
        shows(b, "/a")
        expect_eq(before + 1, b.epoch(), "epoch")
        # As editors do: another file, then a rename over it; their own files are not looked at.
        b.write("m/.a.yaml.swp", "not: [yaml")
        b.write("m/a.yaml~", "not: [yaml")
        b.write("m/a.yaml.tmp", vs("a", "/b"))
        os.rename(f"{b.dir}/m/a.yaml.tmp", f"{b.dir}/m/a.yaml")
        shows(b, "/b")
        os.remove(f"{b.dir}/m/a.yaml")
        shows(b, "/b", False)
        expect_in(r"in use \(changed files\)", b.log())
        # The folder as a whole.
        os.rename(f"{b.dir}/m", f"{b.dir}/gone")
        wait_until(lambda: "there is no such file or folder" in b.ctl("status"), "status says so")
        b.write("n/c.yaml", vs("a", "/c"))
        shutil.copytree(SCENARIO, f"{b.dir}/n", dirs_exist_ok=True)
        os.rename(f"{b.dir}/n", f"{b.dir}/m")
        shows(b, "/c")
        expect("fault" not in b.ctl("status"), "no fault left")


@test
def broken_file_leaves_what_runs():
    with watched() as b:
        b.start().start_daemon()
        b.write("m/a.yaml", vs("a", "/a"))
        shows(b, "/a")
        before, table = b.epoch(), b.ctl("pc", "route")
        b.write("m/a.yaml", vs("a", "/b").replace("prefix:", "prefx:"))
        wait_until(lambda: "fault" in b.ctl("status"), "status shows a fault")
        expect_in(r"fault +.*m/a.yaml:8: .*prefx.*prefix", b.ctl("status"))
        expect_eq((before, table), (b.epoch(), b.ctl("pc", "route")), "epoch and routes")
        # Commands go on meanwhile, with the files as they were.
        b.ctl("apply", "-f", "-", stdin=vs("more", "/more").encode())
        expect_in(r"/more\*", b.ctl("pc", "route"))
        expect_in(r"/a\*", b.ctl("pc", "route"))
        b.write("m/a.yaml", vs("a", "/b"))
        shows(b, "/b")
        expect("fault" not in b.ctl("status"), "no fault left")
        expect_eq(1, b.log().count("prefx"), "said once")


@test
def fault_of_a_start_heals():
    with watched() as b:
        b.start().start_daemon()
        b.kill()
        spec = open(f"{b.dir}/m/istio-specs.yaml").read()
        b.write("m/istio-specs.yaml", spec.replace("exact:", "exakt:"))
        b.start()
        expect_in(r"fault +.*istio-specs.yaml:\d+: .*exakt", b.ctl("status"))
        b.write("m/istio-specs.yaml", spec.replace("/simple/nginx", "/healed"))
        shows(b, "/healed")
        expect("fault" not in b.ctl("status"), "no fault left")
        b.ctl("apply", "-f", "-", stdin=vs("more", "/more").encode())


@test
def mounted_config_map():
    # What a kubelet does: file -> ..data/file, ..data -> ..2024_1, and only ..data is renamed.
    with Box('manifests = [ "cm", "one.yaml" ];') as b:
        for i in (1, 2, 3):
            shutil.copytree(SCENARIO, f"{b.dir}/cm/..2024_{i}")
            b.write(f"cm/..2024_{i}/vs.yaml", vs("a", f"/v{i}"))
        os.symlink("..2024_1", f"{b.dir}/cm/..data")
        for name in os.listdir(f"{b.dir}/cm/..data/"):
            os.symlink(f"..data/{name}", f"{b.dir}/cm/{name}")
        b.write("else/where/x.yaml", vs("b", "/x1"))
        os.symlink("else/where/x.yaml", f"{b.dir}/one.yaml")
        b.start().start_daemon()
        shows(b, "/v1")
        for i in (2, 3):
            os.symlink(f"..2024_{i}", f"{b.dir}/cm/..data_tmp")
            os.rename(f"{b.dir}/cm/..data_tmp", f"{b.dir}/cm/..data")
            shows(b, f"/v{i}")
        # The target of a link lies in a folder that no manifest names.
        b.write("else/where/x.yaml", vs("b", "/x2"))
        shows(b, "/x2")


@test
def watching_can_be_left_out():
    with watched(" control: { watch = false; };") as b:
        conf = open(b.conf).read()
        b.write("sluice.conf", conf.replace(" control: { watch = false; };", "")
                .replace('state";', 'state"; watch = false;'))
        b.start().start_daemon()
        before = b.epoch()
        b.write("m/a.yaml", vs("a", "/a"))
        time.sleep(0.5)
        expect_eq(before, b.epoch(), "epoch")
        b.ctl("reload")
        shows(b, "/a")


@test
def many_writes_are_one_change():
    with watched() as b:
        b.start().start_daemon()
        before = b.epoch()
        for i in range(40):
            b.write(f"m/w{i}.yaml", vs(f"w{i}", f"/w{i}"))
        shows(b, "/w39")
        expect(b.epoch() - before <= 3, f"epochs: {before} to {b.epoch()}")


@test
def killed_while_files_change():
    with watched() as b:
        b.start().start_daemon()
        for i in range(6):
            b.write("m/a.yaml", vs("a", f"/k{i}"))
            time.sleep(0.01 * i)
            b.kill()
            b.start()
            shows(b, f"/k{i}")
