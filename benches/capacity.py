#!/usr/bin/env python3
"""Measures what CAPACITY.md is worked out from, and writes docs/capacity.json.

    benches/capacity.py [--binary target/release/studyroute] [--visitors 1000] [--speed 400] [--repeats 3]

It starts the program with nothing switched off, once on SQLite and once on a durable PostgreSQL of its own, asks it one kind of
request after another, and plays a day with `studyroute simulate`. What a request costs is CPU time of the process that answers
(user and system, from /proc), so other work on the machine makes it longer to measure, and somewhat dearer by sharing caches. Each kind
is measured several times; the median stands in the file, with the least and the largest. Needs nothing but Python's own library.
"""

import argparse
import datetime
import json
import multiprocessing
import os
import platform
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
WORKERS = 4


def stat(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def cpu_s(pid):
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def family_cpu_s(pid):
    """Of a process, its children, and its children that have ended."""
    fields = stat(pid)
    total = sum(int(field) for field in fields[11:15]) / TICKS
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    for child in children:
        try:
            total += cpu_s(child)
        except FileNotFoundError:
            pass  # it has ended meanwhile, and is counted in its parent's field at the next look
    return total


def resident_bytes(pid):
    return int(stat(pid)[21]) * PAGE


class Sqlite:
    name = "sqlite"

    def __init__(self, folder):
        self.file = os.path.join(folder, "capacity.db")
        self.url = f"sqlite:{self.file}"

    def cpu_s(self):
        return 0.0  # it runs in the program's own process

    def wal(self):
        return None

    def size(self):
        with sqlite3.connect(f"file:{self.file}?mode=ro", uri=True) as database:
            return [database.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size")]

    def bytes(self):
        pages, size = self.size()
        return pages * size

    def end(self):
        pass


class Postgres:
    name = "postgres"

    def __init__(self, _folder):
        self.keeper = subprocess.Popen(
            ["scripts/with-postgres", "--keep", "durable"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        word, _, text = self.keeper.stdout.readline().strip().partition(" ")
        if word != "ready":
            sys.exit(f"no PostgreSQL: {text}")
        self.server = text.rstrip("/")
        self.ask("postgres", "create database capacity")
        self.url = f"{self.server}/capacity"
        self.pid = int(self.ask("postgres", "select pg_read_file('postmaster.pid')").split()[0])

    def ask(self, database, sql):
        command = ["psql", f"{self.server}/{database}", "-AtXqc", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def cpu_s(self):
        return family_cpu_s(self.pid)

    def wal(self):
        wal = self.ask("capacity", "select pg_current_wal_insert_lsn() - '0/0'")
        commits = self.ask("capacity", "select xact_commit from pg_stat_database where datname = 'capacity'")
        return int(wal), int(commits)

    def bytes(self):
        return int(self.ask("capacity", "select pg_database_size('capacity')"))

    def version(self):
        return self.ask("capacity", "show server_version")

    def end(self):
        self.keeper.stdin.close()
        self.keeper.wait()


class Program:
    def __init__(self, binary, database, folder):
        self.log = open(os.path.join(folder, "log"), "w+")
        self.child = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--database", database.url, "--trusted-proxies", "127.0.0.0/8"]
            + ["--participants-burst", "1000000", "--assets", os.path.join(folder, "assets")],
            stderr=self.log,
        )
        self.pid = self.child.pid
        self.port = None
        for _ in range(600):
            time.sleep(0.1)
            with open(self.log.name) as log:
                said = log.read()
            if '"ready"' in said:
                self.port = int(re.search(r'"address":"127\.0\.0\.1:(\d+)"', said).group(1))
                return
        sys.exit(f"the program is not ready: {said}")

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def get(self, path, headers=None):
        request = urllib.request.Request(self.base + path, headers=headers or {})
        with urllib.request.urlopen(request) as answer:
            return answer.headers, answer.read()

    def end(self):
        self.child.terminate()
        self.child.wait()
        self.log.close()


def message(port, method, path, headers=(), body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{port}", "accept: application/json", "accept-encoding: gzip"]
    lines += headers
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def read_answer(stream):
    """Status, bytes on the wire, body as sent."""
    line = stream.readline()
    size, length, chunked = len(line), 0, False
    status = int(line.split()[1])
    while (header := stream.readline()) not in (b"\r\n", b""):
        size += len(header)
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        chunked |= name.lower() == b"transfer-encoding" and b"chunked" in value
    size += 2
    body = b""
    if chunked:
        while True:
            head = stream.readline()
            chunk = stream.read(int(head, 16) + 2)
            size += len(head) + len(chunk)
            if len(chunk) == 2:
                break
            body += chunk[:-2]
    elif status not in (304, 204):
        body = stream.read(length)
        size += len(body)
    return status, size, body


def converse(arguments):
    """Sends messages one after the other over one connection, or each over one of its own."""
    port, messages, keep_alive, wants_bodies = arguments
    statuses, up, down, bodies, connection = {}, 0, 0, [], None
    for sent in messages:
        if connection is None or not keep_alive:
            if connection is not None:
                connection.close()
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = connection.makefile("rb")
        connection.sendall(sent)
        status, size, body = read_answer(stream)
        statuses[status] = statuses.get(status, 0) + 1
        up, down = up + len(sent), down + size
        if wants_bodies:
            bodies.append(body)
    connection.close()
    return statuses, up, down, bodies


class Measuring:
    def __init__(self, program, database, repeats):
        self.program, self.database, self.repeats = program, database, repeats
        self.pool = multiprocessing.Pool(WORKERS)

    def ask(self, messages, keep_alive=True, wants_bodies=False):
        parts = [messages[start::WORKERS] for start in range(WORKERS)]
        work = [(self.program.port, part, keep_alive, wants_bodies) for part in parts if part]
        answers = self.pool.map(converse, work, chunksize=1)
        statuses = {}
        for answer in answers:
            for status, count in answer[0].items():
                statuses[status] = statuses.get(status, 0) + count
        bodies = [body for answer in answers for body in answer[3]]
        return statuses, sum(answer[1] for answer in answers), sum(answer[2] for answer in answers), bodies

    def once(self, messages, expected, items, keep_alive):
        """CPU of the program and of the database, bytes, WAL and commits, for each of the items."""
        cpu, database, wal = cpu_s(self.program.pid), self.database.cpu_s(), self.database.wal()
        statuses, up, down, _ = self.ask(messages, keep_alive)
        cpu, database = cpu_s(self.program.pid) - cpu, self.database.cpu_s() - database
        if statuses != {expected: len(messages)}:
            sys.exit(f"answered {statuses} and not {expected}")
        figures = {"cpu_us": cpu * 1e6 / items, "up_bytes": up / len(messages), "down_bytes": down / len(messages)}
        if wal is not None:
            after = self.database.wal()
            figures |= {"database_cpu_us": database * 1e6 / items}
            figures |= {"wal_bytes": (after[0] - wal[0]) / items, "transactions": (after[1] - wal[1]) / items}
        return figures

    def kind(self, make, expected, items_each=1, keep_alive=True):
        runs = []
        for repeat in range(self.repeats):
            messages = make(repeat)
            runs.append(self.once(messages, expected, len(messages) * items_each, keep_alive))
        told = {"requests": len(messages), "items": items_each}
        for name in runs[0]:
            values = sorted(run[name] for run in runs)
            told[name] = round(statistics.median(values), 2)
            if name.endswith("cpu_us"):
                told[name + "_range"] = [round(values[0], 2), round(values[-1], 2)]
        print(f"  {told}", file=sys.stderr)
        return told


def participants(measuring, count):
    messages = [message(measuring.program.port, "POST", "/v1/participants", body=b"{}") for _ in range(count)]
    _, _, _, bodies = measuring.ask(messages, wants_bodies=True)
    return [json.loads(body)["token"] for body in bodies]


def check_in(stop, minutes_ago):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes_ago)
    position = {"lat": stop["position"]["lat"], "lon": stop["position"]["lon"], "accuracy_m": 9}
    return {"id": str(uuid.uuid4()), "waypoint": stop["id"], "occurred_at": at.isoformat(), "position": position}


def bearer(token):
    return [f"authorization: Bearer {token}"]


def kinds(program, database, repeats):
    measuring = Measuring(program, database, repeats)
    port = program.port
    stops = []
    for route in json.loads(program.get("/v1/routes")[1])["items"]:
        stops += json.loads(program.get(f"/v1/routes/{route['id']}/waypoints?limit=1000")[1])["items"]
    listing = "/v1/routes/peoples-canal/waypoints?lang=zh-CN&limit=1000"
    etag = program.get(listing, {"accept": "application/json", "accept-encoding": "gzip"})[0]["etag"]
    one = f"/v1/routes/{stops[0]['id'].replace('/', '/waypoints/')}?lang=zh-CN"

    def nearby(count):
        def of(number):
            place = stops[number % len(stops)]["position"]
            at = f"lat={place['lat'] + number % 7 * 0.0003:.6f}&lon={place['lon'] - number % 5 * 0.0003:.6f}"
            return message(port, "GET", f"/v1/nearby?{at}&lang=zh-CN")

        return lambda _: [of(number) for number in range(count)]

    same = lambda count, path, headers=(): lambda _: [message(port, "GET", path, headers)] * count
    told = {"nearby": measuring.kind(nearby(16_000), 200)}
    told["nearby, each over a new connection"] = measuring.kind(nearby(6_000), 200, keep_alive=False)
    told["304 for all stops of a route"] = measuring.kind(same(16_000, listing, [f"if-none-match: {etag}"]), 304)
    told["all stops of a route"] = measuring.kind(same(12_000, listing), 200)
    told["a stop"] = measuring.kind(same(12_000, one), 200)
    made = lambda _: [message(port, "POST", "/v1/participants", body=b"{}")] * 3_000
    before = database.bytes()
    told["new participant"] = measuring.kind(made, 201)
    told["new participant"]["disk_bytes"] = round((database.bytes() - before) / (3_000 * repeats))

    def lone(_):
        tokens = participants(measuring, 600)
        sent = []
        for turn in range(8):
            for seat, token in enumerate(tokens):
                stop = stops[(seat // 100 + turn) % len(stops)]
                body = json.dumps(check_in(stop, 300 - turn * 20)).encode()
                sent.append(message(port, "POST", "/v1/check-ins", bearer(token), body))
        return sent

    def batches(_):
        sent = []
        for seat, token in enumerate(participants(measuring, 480)):
            items = [check_in(stops[(seat // 80 + turn) % len(stops)], 300 - turn * 20) for turn in range(10)]
            sent.append(message(port, "POST", "/v1/check-ins/batch", bearer(token), json.dumps({"check_ins": items}).encode()))
        return sent

    told["check-in alone"] = measuring.kind(lone, 201)
    before = database.bytes()
    told["check-in, in a batch of 10"] = measuring.kind(batches, 200, items_each=10)
    grown = database.bytes() - before - repeats * 480 * told["new participant"]["disk_bytes"]
    told["check-in, in a batch of 10"]["disk_bytes"] = round(grown / (repeats * 4_800))
    tokens = participants(measuring, 100)
    known = [message(port, "POST", "/v1/check-ins", bearer(t), json.dumps(check_in(stops[0], 5)).encode()) for t in tokens]
    measuring.ask(known)
    progress = lambda _: [message(port, "GET", "/v1/me/progress?lang=zh-CN", bearer(token)) for token in tokens] * 40
    told["own progress"] = measuring.kind(progress, 200)
    measuring.pool.close()
    return told


def idle(program, seconds=10):
    before = cpu_s(program.pid)
    time.sleep(seconds)
    return round((cpu_s(program.pid) - before) * 1_000 / seconds, 2)


def a_day(binary, program, database, options):
    yesterday = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date() - datetime.timedelta(days=1)
    cpu, own, wal, size = cpu_s(program.pid), database.cpu_s(), database.wal(), database.bytes()
    resident = resident_bytes(program.pid)
    command = [binary, "simulate", program.base, "--visitors", str(options.visitors), "--speed", str(options.speed)]
    command += ["--day", str(yesterday), "--forwarded", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"the simulated day failed: {done.stdout}{done.stderr}")
    told = {
        "cpu_ms_per_visitor": round((cpu_s(program.pid) - cpu) * 1_000 / options.visitors, 3),
        "resident_bytes_per_visitor": round((resident_bytes(program.pid) - resident) / options.visitors),
        "disk_bytes_per_visitor": round((database.bytes() - size) / options.visitors),
    }
    if wal is not None:
        after = database.wal()
        told["database_cpu_ms_per_visitor"] = round((database.cpu_s() - own) * 1_000 / options.visitors, 3)
        told["wal_bytes_per_visitor"] = round((after[0] - wal[0]) / options.visitors)
        told["transactions_per_visitor"] = round((after[1] - wal[1]) / options.visitors, 2)
    print(f"  {told}", file=sys.stderr)
    return told | {"report": json.loads(done.stdout)}


def machine():
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/release/studyroute")
    parser.add_argument("--client", help="the program that plays the day, if another one")
    parser.add_argument("--visitors", type=int, default=1_000)
    parser.add_argument("--speed", type=float, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--into", default="docs/capacity.json")
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    command = f"benches/capacity.py --visitors {options.visitors} --speed {options.speed:g} --repeats {options.repeats}"
    told = {"machine": machine(), "commit": commit, "command": command}
    told["began"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    told["load_at_start"] = os.getloadavg()[0]
    for kind in (Sqlite, Postgres):
        print(kind.name, file=sys.stderr)
        folder = tempfile.mkdtemp()
        database = kind(folder)
        program = Program(options.binary, database, folder)
        try:
            figures = {"idle_cpu_ms_per_s": idle(program), "kinds": kinds(program, database, options.repeats)}
            figures["day"] = a_day(options.client or options.binary, program, database, options)
            if kind is Postgres:
                figures["version"] = database.version()
            told[kind.name] = figures
        finally:
            program.end()
            database.end()
            shutil.rmtree(folder)
    told["load_at_end"] = os.getloadavg()[0]
    with open(options.into, "w") as file:
        json.dump(told, file, indent=2, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
