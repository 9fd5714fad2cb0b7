#!/usr/bin/env python3
"""Runs the Flink baseline on a real standalone cluster and checks every result. See README.md."""
import argparse, http.client, json, os, shutil, signal, statistics, subprocess, sys, time, uuid
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
JAR = f"{HERE}/flink/target/flink-baseline.jar"
FLINK = os.environ.get("FLINK_HOME", "")
WORK = os.environ.get("BENCH_DIR", os.path.join(tempfile.gettempdir(), "weir-baseline"))
PORT = 18081
TICK = os.sysconf("SC_CLK_TCK")
WORKLOADS = ["wordcount", "yahoo", "q0", "q3", "q5", "q8", "q11", "q18"]
RECOVERY_EVENTS = 100_000_000
SIZES = {"wordcount": 40_000_000, "yahoo": 20_000_000, "q0": 40_000_000, "q3": 40_000_000, "q8": 40_000_000}  # else 10 M
DATA_OF = {"wordcount": "words", "yahoo": "yahoo"}
OPENS = [f"--add-exports={m}=ALL-UNNAMED" for m in (
    "java.base/sun.net.util", "java.rmi/sun.rmi.registry", "java.security.jgss/sun.security.krb5")] + [
    f"--add-opens=java.base/{m}=ALL-UNNAMED" for m in (
        "java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text",
        "java.time", "java.util", "java.util.concurrent", "java.util.concurrent.atomic",
        "java.util.concurrent.locks")]
BASE_CONF = {
    "jobmanager.rpc.address": "localhost", "jobmanager.bind-host": "localhost",
    "taskmanager.bind-host": "localhost", "taskmanager.host": "localhost",
    "rest.address": "localhost", "rest.bind-address": "localhost", "rest.port": PORT,
    "jobmanager.memory.process.size": "1600m", "taskmanager.memory.process.size": "4096m",
    "taskmanager.numberOfTaskSlots": 2, "taskmanager.memory.managed.fraction": 0.0,
    "execution.checkpointing.storage": "filesystem",
    "execution.checkpointing.dir": f"file://{WORK}/checkpoints",
}
JOB_CONF = {
    "execution.checkpointing.interval": "1 s", "execution.checkpointing.mode": "EXACTLY_ONCE",
    "state.backend.type": "hashmap", "pipeline.object-reuse": "true",
}
ROCKS = {"state.backend.type": "rocksdb", "execution.checkpointing.incremental": "true"}


def log(*a):
    print(time.strftime("%H:%M:%S"), *a, file=sys.stderr, flush=True)


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def machine_ticks():
    """CPU time that the whole machine has spent working, all processes."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, softirq = map(int, f.readline().split()[1:8])
    return user + nice + system + irq + softirq


def peak_rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) // 1024


def reset_peak_rss(pid):
    with open(f"/proc/{pid}/clear_refs", "w") as f:
        f.write("5")


class Cluster:
    """One JobManager and some TaskManagers, each a JVM of its own."""

    params = {}  # memory flags by configuration, as bin/jobmanager.sh and bin/taskmanager.sh derive them

    def __init__(self, conf=None, tms=1, java_opts=()):
        self.conf = {**BASE_CONF, **(conf or {})}
        self.java_opts = list(java_opts)
        self.dir = f"{WORK}/cluster"
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(f"{WORK}/checkpoints", ignore_errors=True)
        os.makedirs(f"{self.dir}/conf")
        with open(f"{self.dir}/conf/config.yaml", "w") as f:
            for k, v in self.conf.items():
                f.write(f"{k}: {v}\n")
        with open(f"{self.dir}/conf/log4j.properties", "w") as f:
            f.write("rootLogger.level = INFO\nrootLogger.appenderRef.f.ref = F\nappender.f.name = F\n"
                    "appender.f.type = File\nappender.f.fileName = ${sys:log.file}\n"
                    "appender.f.layout.type = PatternLayout\n"
                    "appender.f.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1} %m%n\n")
        self.classpath = ":".join(sorted(f"{FLINK}/lib/{j}" for j in os.listdir(f"{FLINK}/lib")))
        jm = self.memory("GET_JM_RESOURCE_PARAMS")
        tm = self.memory("GET_TM_RESOURCE_PARAMS")
        self.t0 = time.time()
        self.jm = self.java("jm", jm[0], "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
                            ["--configDir", f"{self.dir}/conf", "--executionMode", "cluster"] + jm[1])
        self.tms = []
        self.tm_params = tm
        for _ in range(tms):
            self.add_tm()
        self.wait_slots(tms * int(self.conf["taskmanager.numberOfTaskSlots"]))
        self.ready_s = time.time() - self.t0
        self.jar_id = None

    def memory(self, command):
        key = (command, json.dumps(self.conf, sort_keys=True))
        if key not in self.params:
            out = subprocess.run(
                ["java", "-cp", f"{FLINK}/bin/bash-java-utils.jar:{self.classpath}",
                 "org.apache.flink.runtime.util.bash.BashJavaUtils", command, "--configDir", f"{self.dir}/conf"],
                capture_output=True, text=True, check=True).stdout
            lines = [l.split("BASH_JAVA_UTILS_EXEC_RESULT:")[1] for l in out.splitlines() if "EXEC_RESULT:" in l]
            self.params[key] = (lines[0].split(), lines[1].split() if len(lines) > 1 else [])
        return self.params[key]

    def java(self, name, jvm, main, args):
        env = {**os.environ, "FLINK_CONF_DIR": f"{self.dir}/conf", "FLINK_LIB_DIR": f"{FLINK}/lib",
               "FLINK_PLUGINS_DIR": f"{FLINK}/plugins", "FLINK_HOME": FLINK}
        cmd = ["java", "-XX:+UseG1GC", *jvm, *self.java_opts, *OPENS, f"-Dlog.file={self.dir}/{name}.log",
               f"-Dlog4j.configurationFile={self.dir}/conf/log4j.properties", "-cp", self.classpath, main, *args]
        with open(f"{self.dir}/{name}.cmd", "w") as f:
            f.write(" ".join(cmd))
        out = open(f"{self.dir}/{name}.out", "w")
        return subprocess.Popen(cmd, stdout=out, stderr=out, env=env, cwd=self.dir)

    def add_tm(self):
        self.tms.append(self.java(
            f"tm{len(self.tms)}", self.tm_params[0], "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
            ["--configDir", f"{self.dir}/conf"] + self.tm_params[1]))

    def rest(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection("localhost", PORT, timeout=30)
        if isinstance(body, dict):
            body, headers = json.dumps(body), {"Content-Type": "application/json"}
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        data = r.read()
        c.close()
        if r.status >= 300:
            raise RuntimeError(f"{method} {path}: {r.status} {data[:2000].decode()}")
        return json.loads(data)

    def wait_slots(self, slots):
        while True:
            try:
                if self.rest("GET", "/overview")["slots-total"] >= slots:
                    return
            except (OSError, RuntimeError):
                pass
            if self.jm.poll() is not None:
                raise RuntimeError(f"JobManager died, see {self.dir}/jm.log")
            time.sleep(0.02)

    def upload(self):
        if not self.jar_id:
            mark = uuid.uuid4().hex
            with open(JAR, "rb") as f:
                body = (f'--{mark}\r\nContent-Disposition: form-data; name="jarfile"; filename="b.jar"\r\n'
                        "Content-Type: application/x-java-archive\r\n\r\n").encode() + f.read() + f"\r\n--{mark}--\r\n".encode()
            name = self.rest("POST", "/jars/upload", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})
            self.jar_id = os.path.basename(name["filename"])
        return self.jar_id

    def submit(self, args):
        return self.rest("POST", f"/jars/{self.upload()}/run", {"programArgsList": [str(a) for a in args]})["jobid"]

    def state(self, job):
        try:
            return self.rest("GET", f"/jobs/{job}/status")["status"]
        except RuntimeError:
            return "UNKNOWN"

    def pids(self):
        return [p.pid for p in [self.jm] + self.tms if p.poll() is None]

    def stop(self):
        for p in self.tms + [self.jm]:
            if p.poll() is None:
                p.kill()
            p.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def ensure_data(data, events, parallelism, seed=0, group=1):
    d = f"{WORK}/data/{data}-{events}-p{parallelism}-s{seed}-g{group}"
    if not os.path.exists(f"{d}/done"):
        log("generating", d)
        subprocess.run(["java", "-cp", JAR, "weir.baseline.Generate", "--data", data, "--events", str(events),
                        "--partitions", str(parallelism), "--seed", str(seed), "--out-of-order", str(group),
                        "--out", d], check=True)
        open(f"{d}/done", "w").close()
        os.sync()  # no write-back during the measurement
    for name in os.listdir(d):  # into the page cache
        with open(f"{d}/{name}", "rb", buffering=0) as f:
            while f.read(1 << 22):
                pass
    return d


def expected(workload, seed, events):
    with open(f"{HERE}/../expected.json") as f:
        table = json.load(f)
    name = {"q5panes": "q5", "latency": "wordcount"}.get(workload, workload)
    return table[name][str(seed)].get(str(events))


def read_marks(run_dir, kind, count):
    marks = []
    for i in range(count):
        path = f"{run_dir}/{kind}-{i}"
        if os.path.exists(path):
            with open(path) as f:
                marks.append(json.load(f))
    return marks


def progress(run_dir):
    """[(ms, subtask, attempt, rows)] of all sink writers, by time."""
    out = []
    for name in os.listdir(run_dir):
        if name.startswith("progress-"):
            _, sub, attempt = name.split("-")
            with open(f"{run_dir}/{name}") as f:
                for line in f.read().split("\n")[:-1]:
                    ms, rows = line.split()
                    out.append((int(ms), int(sub), int(attempt), int(rows)))
    return sorted(out)


def run(cluster, workload, events, parallelism, mode, seed=0, group=1, job_conf=None, extra=(), during=None,
        want=None):
    """Runs one job to its end and returns its figures; raises if the result is wrong."""
    run_dir = f"{WORK}/runs/{workload}-{mode}-p{parallelism}-{uuid.uuid4().hex[:6]}"
    os.makedirs(run_dir)
    conf = {**JOB_CONF, **(job_conf or {})}
    args = ["--workload", workload, "--events", events, "--seed", seed, "--out-of-order", group,
            "--parallelism", parallelism, "--run-dir", run_dir,
            "--conf", ",".join(f"{k}={v}" for k, v in conf.items() if v is not None), *extra]
    if mode == "file":
        args += ["--input", ensure_data(DATA_OF.get(workload, "nexmark"), events, parallelism, seed, group)]
    cluster.upload()
    for pid in cluster.pids():
        reset_peak_rss(pid)
    pids = cluster.pids()
    cpu0 = sum(map(cpu_ticks, pids))
    machine0 = machine_ticks()
    t0 = time.time()
    job = cluster.submit(args)
    t_submitted = time.time()
    running = None
    note = {}
    while True:
        state = cluster.state(job)
        if state == "RUNNING" and running is None:
            running = time.time()
        if state in ("FINISHED", "FAILED", "CANCELED"):
            break
        if during:
            during(job, run_dir, note)
        time.sleep(0.02 if running is None else 0.05)
    t1 = time.time()
    if state != "FINISHED":
        raise RuntimeError(f"{workload}: {state}; see {cluster.dir}: "
                           + json.dumps(cluster.rest("GET", f"/jobs/{job}/exceptions"))[:1500])
    cpu = (sum(map(cpu_ticks, cluster.pids())) - cpu0) / TICK
    others = (machine_ticks() - machine0) / TICK - cpu  # this script and whatever disturbs the run
    first = min(m["ms"] for m in read_marks(run_dir, "first", parallelism)) / 1000
    results = read_marks(run_dir, "result", parallelism)
    drained = max(r["ms"] for r in results) / 1000
    mark20 = [m["ms"] for m in read_marks(run_dir, "mark20", parallelism)]
    rows = sum(r["rows"] for r in results)
    total = sum(int(r["hash"], 16) for r in results) & (2**64 - 1)
    want = want or expected(workload, seed, events)
    if want is None:
        raise RuntimeError(f"no expected result for {workload} seed {seed} events {events}")
    if (rows, f"{total:016x}") != (want["rows"], want["hash"]):
        raise RuntimeError(f"WRONG RESULT {workload}: {rows} {total:016x}, expected {want}")
    wall = drained - first
    out = {"workload": workload, "mode": mode, "parallelism": parallelism, "events": events, "seed": seed,
           "group": group, "conf": {k: v for k, v in conf.items() if JOB_CONF.get(k) != v},
           "wall_s": round(wall, 3), "events_per_s": round(events / wall),
           "steady_events_per_s": round(0.8 * events / (drained - max(mark20) / 1000)) if mark20 else None,
           "cpu_s": round(cpu, 2), "others_cpu_s": round(others, 2), "events_per_cpu_s": round(events / cpu),
           "submit_to_running_s": round((running or t1) - t0, 3), "submit_to_finished_s": round(t1 - t0, 3),
           "rss_mb": {"jm": peak_rss_mb(cluster.jm.pid), "tm": [peak_rss_mb(p.pid) for p in cluster.tms if p.poll() is None]},
           **note}
    lat = {}
    for r in results:
        for v, c in r["latencies"]:
            lat[v] = lat.get(v, 0) + c
    if lat:
        out["latency_ms"] = percentiles(lat)
    cps = cluster.rest("GET", f"/jobs/{job}/checkpoints")
    if cps.get("counts", {}).get("completed"):
        s = cps["summary"]
        done = [c for c in cps["history"] if c["status"] == "COMPLETED"]
        out["checkpoints"] = {
            "completed": cps["counts"]["completed"], "failed": cps["counts"]["failed"],
            "duration_ms": {k: round(float(s["end_to_end_duration"][k])) for k in ("min", "avg", "max")},
            "size_bytes": {k: round(float(s["checkpointed_size"][k])) for k in ("min", "avg", "max")},
            "full_size_max": round(float(s["state_size"]["max"])),
            "last": [(c["end_to_end_duration"], c["checkpointed_size"], c["state_size"]) for c in done[:10]],
            "times": [(c["trigger_timestamp"], c["latest_ack_timestamp"]) for c in done]}
    out["stall"] = stall(run_dir, out.get("checkpoints", {}).pop("times", []))
    out["run_dir"] = run_dir
    shutil.rmtree(f"{WORK}/checkpoints", ignore_errors=True)
    return out


def percentiles(lat):
    total, seen, out = sum(lat.values()), 0, {}
    wanted = [("p50", .5), ("p99", .99), ("p99.9", .999), ("p99.99", .9999), ("max", 1.0)]
    for v in sorted(lat):
        seen += lat[v]
        while wanted and seen >= wanted[0][1] * total:
            out[wanted.pop(0)[0]] = round(v / 1e6, 3)
    return out


def stall(run_dir, checkpoints):
    """Longest gap between output markers of one sink, at all and overlapping a checkpoint."""
    worst = worst_cp = 0
    last = {}
    start = {}
    for ms, sub, attempt, _ in progress(run_dir):
        key = (sub, attempt)
        start.setdefault(key, ms)
        if key in last and last[key] > start[key] + 3000:  # not the warm-up
            gap = ms - last[key]
            worst = max(worst, gap)
            if any(a < ms and b > last[key] for a, b in checkpoints):
                worst_cp = max(worst_cp, gap)
        last[key] = ms
    return {"worst_gap_ms": worst, "worst_gap_in_checkpoint_ms": worst_cp}


def save(kind, result):
    with open(f"{WORK}/results.jsonl", "a") as f:
        f.write(json.dumps({"kind": kind, **result}) + "\n")
    log(kind, result["workload"], result["mode"], f"p{result['parallelism']}", result.get("conf"),
        f"{result['events_per_s']:,}/s", f"{result['events_per_cpu_s']:,}/cpu-s", f"{result['wall_s']} s", f"others {result['others_cpu_s']} cpu-s",
        result["rss_mb"], result.get("label", ""))


# ---- what can be measured ----------------------------------------------------------------------

def verify(a):
    """Every workload, both modes, p 1 and 2, both group sizes: results only."""
    with Cluster() as c:
        for w in WORKLOADS + ["q5panes", "keyedcount", "keyedupdates"]:
            for p in (1, 2):
                for mode in ("file", "gen"):
                    for group in (1, 1000):
                        if w.startswith("keyed") and mode == "file" or group == 1000 and mode == "gen":
                            continue
                        for seed in (0,):
                            save("verify", run(c, w, 1_000_000, p, mode, seed=seed, group=group))


def throughput(a):
    for w in a.workloads:
        for p in a.parallelism:
            for mode in a.modes:
                events = a.events or SIZES.get(w, 10_000_000)
                if mode == "file":
                    ensure_data(DATA_OF.get(w, "nexmark"), events, p)
                with Cluster() as c:
                    for i in range(a.runs):
                        save("throughput", run(c, w, events, p, mode))


def variants(a):
    """Checkpoint interval, state backend, object reuse."""
    cases = {"off": {"execution.checkpointing.interval": None}, "1s": {}, "10s": {"execution.checkpointing.interval": "10 s"},
             "no-reuse": {"pipeline.object-reuse": "false"},
             "rocks-off": {**ROCKS, "execution.checkpointing.interval": None}, "rocks-1s": ROCKS,
             "rocks-10s": {**ROCKS, "execution.checkpointing.interval": "10 s"}}
    for w in a.workloads:
        for p in a.parallelism:
            for label in a.cases or cases:
                conf = {"taskmanager.memory.managed.fraction": 0.4} if label.startswith("rocks") else {}
                with Cluster(conf) as c:
                    for i in range(a.runs):
                        save("variants", {**run(c, w, a.events or 10_000_000, p, a.modes[0], job_conf=cases[label]), "label": label})


def startup(a):
    for i in range(a.runs):
        t0 = time.time()
        with Cluster() as c:
            cold = run(c, "wordcount", 1000, 1, "gen")
            one_shot = time.time() - c.t0
            warm = run(c, "wordcount", 1000, 1, "gen")
            no_cp = run(c, "wordcount", 1000, 1, "gen", job_conf={"execution.checkpointing.interval": None})
            cli = cli_run(c)
        result = {"workload": "wordcount", "kind": "startup", "cluster_ready_s": round(c.ready_s, 2),
                  "cold_submit_to_running_s": cold["submit_to_running_s"],
                  "cold_submit_to_finished_s": cold["submit_to_finished_s"], "one_shot_cold_s": round(one_shot, 2),
                  "warm_submit_to_running_s": warm["submit_to_running_s"],
                  "warm_submit_to_finished_s": warm["submit_to_finished_s"],
                  "warm_no_checkpoint_submit_to_finished_s": no_cp["submit_to_finished_s"], "warm_cli_s": cli,
                  "idle_rss_mb": cold["rss_mb"]}
        log(result)
        with open(f"{WORK}/results.jsonl", "a") as f:
            f.write(json.dumps(result) + "\n")


def cli_run(c):
    """The same job through Flink's command line client: another JVM."""
    run_dir = f"{WORK}/runs/cli-{uuid.uuid4().hex[:6]}"
    os.makedirs(run_dir)
    t0 = time.time()
    p = c.java("cli", [], "org.apache.flink.client.cli.CliFrontend",
               ["run", JAR, "--workload", "wordcount", "--events", "1000", "--run-dir", run_dir])
    if p.wait() != 0:
        raise RuntimeError(f"CLI failed, see {c.dir}/cli.out")
    return round(time.time() - t0, 2)


TUNED = {
    "default": {},
    "tuned": {"heartbeat.interval": "1 s", "heartbeat.timeout": "5 s", "restart-strategy.type": "fixed-delay",
              "restart-strategy.fixed-delay.attempts": 100, "restart-strategy.fixed-delay.delay": "100 ms"},
    "fast": {"heartbeat.interval": "200 ms", "heartbeat.timeout": "1 s", "heartbeat.rpc-failure-threshold": 1,
             "restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": 100,
             "restart-strategy.fixed-delay.delay": "0 ms"},
}


def recovery(a):
    events = a.events or RECOVERY_EVENTS
    for w in a.workloads:
        for label in a.cases or TUNED:
            for i in range(a.runs):
                conf = {**TUNED[label], "taskmanager.load-balance.mode": "SLOTS",
                        "taskmanager.memory.process.size": "2048m"}
                with Cluster(conf, tms=2) as c:
                    def kill(job, run_dir, note):
                        if "killed_ms" in note:
                            return
                        rows = {}
                        for _, sub, _, n in progress(run_dir):
                            rows[sub] = n
                        if sum(rows.values()) >= events / 2:
                            c.tms[1].send_signal(signal.SIGKILL)
                            note["killed_ms"] = int(time.time() * 1000)
                            c.tms[1].wait()
                    r = run(c, w, events, 2, a.modes[0], during=kill)
                    marks = progress(r["run_dir"])
                    before = max(x[2] for x in marks if x[0] <= r["killed_ms"])
                    after = [x[0] for x in marks if x[2] > before]
                    r["label"] = label
                    r["kill_to_first_output_s"] = (min(after) - r["killed_ms"]) / 1000
                    r["kill_to_all_sinks_s"] = (max(min(x[0] for x in marks if x[2] > before and x[1] == s)
                                                    for s in {x[1] for x in marks if x[2] > before}) - r["killed_ms"]) / 1000
                    r["attempts"] = max(x[2] for x in marks) + 1
                    shutil.copy(f"{c.dir}/jm.log", f"{r['run_dir']}/jm.log")
                    save("recovery", r)
                    log("   kill to first output", r["kill_to_first_output_s"], "s, all", r["kill_to_all_sinks_s"])


def latency(a):
    for timeout in a.cases or ["100 ms", "5 ms", "1 ms"]:
        for rate in a.rates:
            events = max(rate * a.seconds // 1000, 1) * 1000
            with Cluster() as c:
                for i in range(a.runs):
                    want = reference("wordcount", 0, events)[0]
                    save("latency", {**run(c, "latency", events, a.parallelism[0], "gen",
                                           job_conf={"execution.buffer-timeout.interval": timeout},
                                           extra=["--rate", rate], want=want), "rate": rate, "label": timeout})


def reference(workload, seed, events):
    out = subprocess.run(["java", "-Xmx6g", "-cp", JAR, "weir.baseline.Reference", "--workload", workload,
                          "--seed", str(seed), "--events", str(events)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def expect(a):
    """Writes expected.json."""
    path = f"{HERE}/../expected.json"
    table = {}
    if os.path.exists(path):
        with open(path) as f:
            table = json.load(f)
    wanted = [("all", seed, events) for seed in (0,) for events in (1000, 1_000_000, 10_000_000)]
    wanted += [(w, 0, events) for w, events in SIZES.items()]
    wanted += [("wordcount", 0, RECOVERY_EVENTS), ("keyedcount", 0, 40_000_000), ("keyedupdates", 0, 40_000_000)]
    for workload, seed, events in wanted:
        for r in reference(workload, seed, events):
            table.setdefault(r["workload"], {}).setdefault(str(seed), {})[str(events)] = {
                "rows": r["rows"], "hash": r["hash"]}
    with open(path, "w") as f:
        json.dump(table, f, indent=1)
        f.write("\n")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    commands = [verify, throughput, variants, startup, recovery, latency, expect]
    p.add_argument("command", choices=[c.__name__ for c in commands])
    p.add_argument("--workloads", type=lambda s: s.split(","), default=WORKLOADS)
    p.add_argument("--parallelism", type=lambda s: [int(x) for x in s.split(",")], default=[1, 2])
    p.add_argument("--modes", type=lambda s: s.split(","), default=["file", "gen"])
    p.add_argument("--cases", type=lambda s: s.split(","))
    p.add_argument("--events", type=int)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--rates", type=lambda s: [int(x) for x in s.split(",")], default=[100_000])
    p.add_argument("--seconds", type=int, default=20)
    a = p.parse_args()
    os.makedirs(f"{WORK}/runs", exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stops the cluster on the way out
    {c.__name__: c for c in commands}[a.command](a)


if __name__ == "__main__":
    main()
