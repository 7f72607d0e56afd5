"""What CPython's collector takes for the shapes that the harness measures on its own collectors.

    python3 -I shapes.py SHAPE OBJECTS REPETITIONS

prints a line of JSON: CPU time in nanoseconds for one operation, and how many operations were
measured. What one operation is, `harness operations` says: an object, or an edge.

Kind to CPython: nodes have slots and no dictionary, and what the interpreter itself has made is
frozen, so that no collection looks at it.
"""

import gc
import json
import sys
import time

RING = 21
EDGES_PER_HUB = 500
BATCH = 1000


class Node:
    __slots__ = ("number", "next")

    def __init__(self, number, next=None):
        self.number = number
        self.next = next


class Batch:
    __slots__ = ("nodes", "before")

    def __init__(self, nodes, before):
        self.nodes = nodes
        self.before = before


class Hub:
    __slots__ = ("edges",)


class Meter:
    """CPU time of what happens inside of `with meter`."""

    def __init__(self):
        self.ns = 0

    def __enter__(self):
        self.begin = time.process_time_ns()

    def __exit__(self, *_):
        self.ns += time.process_time_ns() - self.begin


def chain(count):
    """Nodes in a list, each referring to the next."""
    nodes = [Node(number) for number in range(count)]
    for node, next in zip(nodes, nodes[1:]):
        node.next = next
    return nodes


def ring():
    """The last node of a ring."""
    last = node = Node(0)
    for number in range(1, RING):
        node = Node(number, node)
    last.next = node
    return last


def collect_live(make):
    """A full collection in which everything lives."""

    def shape(count, repetitions, meter):
        root, operations = make(count)
        gc.collect()
        for _ in range(repetitions):
            with meter:
                gc.collect()
        del root
        return operations * repetitions

    return shape


def sequential(count):
    nodes = chain(count)
    return nodes, count


def edges(count):
    hubs = [Hub() for _ in range(-(-count // EDGES_PER_HUB))]
    for place, hub in enumerate(hubs):
        hub.edges = [hubs[(place + edge) % len(hubs)] for edge in range(EDGES_PER_HUB)]
    return hubs, len(hubs) * EDGES_PER_HUB


def rings(count, repetitions, meter):
    """Old rings that nothing holds are collected. As everywhere, the first time does not count."""
    found = 0
    for repetition in range(repetitions + 1):
        root = [ring() for _ in range(count // RING)]
        gc.collect()
        del root
        if repetition == 0:
            gc.collect()
            continue
        with meter:
            found += gc.collect()
    assert found == count // RING * RING * repetitions, found
    return found


def build(is_enabled):
    """Objects that all live are made. As everywhere, the first time does not count."""

    def shape(count, repetitions, meter):
        batches = -(-count // BATCH)

        def make():
            last = None
            for _ in range(batches):
                last = Batch([Node(number) for number in range(BATCH)], last)
            return last

        for repetition in range(repetitions + 1):
            if is_enabled:
                gc.enable()
            if repetition == 0:
                last = make()
            else:
                with meter:
                    last = make()
            gc.disable()
            while last is not None:
                last = last.before
        return batches * BATCH * repetitions

    return shape


SHAPES = {
    "sequential": collect_live(sequential),
    "edges": collect_live(edges),
    "rings": rings,
    "build": build(is_enabled=True),
    "build-disabled": build(is_enabled=False),
}


def main():
    if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
        sys.exit("CPython older than 3.11")
    shape, count, repetitions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    gc.disable()
    gc.collect()
    gc.freeze()
    meter = Meter()
    operations = SHAPES[shape](count, repetitions, meter)
    version = sys.version.split()[0]
    print(json.dumps({"version": version, "ns": meter.ns / operations, "operations": operations}))


main()
