"""Stories or rules as a graph of steps between checkpoints.

Steps that end at a checkpoint are joined to those that start there by :mod:`rebake.core.stories.generator`. Rasa
sorts steps by their number *as a string*, and since the order decides which trackers augmentation picks, so does this
module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rebake.assistant.model import Domain, Story
from rebake.assistant.stories.or_statements import STORY_START, meeting_places
from rebake.core.stories.steps import GENERATED, Checkpoint, GraphStep, StoryReader


@dataclass(frozen=True, slots=True)
class StoryGraph:
    """Steps in topological order, cycles cut.

    Attributes:
        steps: in the order in which they are to be processed.
        continuations: end checkpoint of a cut cycle -> the checkpoint where its trackers go on.
    """

    steps: tuple[GraphStep, ...]
    continuations: Mapping[str, str]


def build_graph(stories: Iterable[Story], domain: Domain, *, are_tests: bool = False) -> StoryGraph:
    """The graph of stories, or of rules: numbered together, each rule would move the stories after it."""
    reader = StoryReader(domain, are_tests=are_tests)
    read = list(stories)
    for story, places in zip(read, meeting_places(read), strict=True):
        reader.read(story, places)
    return _without_cycles(reader.steps)


def _without_cycles(steps: Sequence[GraphStep]) -> StoryGraph:
    """Cut every edge that closes a cycle: the trackers that end there go on in a later round of the generator."""
    _, cyclic = _sorted_topologically(steps)
    continuations: dict[str, str] = {}
    cut: set[str] = set()
    table = _StepTable(steps)
    for number, (source, target) in enumerate(cyclic):
        shared = {end.name for end in table[source].ends} & {start.name for start in table[target].starts}
        cut |= shared
        continuations[f"{GENERATED}CYCL_SINK_{number}"] = f"{GENERATED}CYCL_SRC_{number}"
        _cut_edge(table, source, target, sorted(shared), number)
    kept = _without_unused(table.steps(), cut, continuations)
    ordered, _ = _sorted_topologically(kept)
    return StoryGraph(tuple(ordered), continuations)


class _StepTable:
    """Steps by key, in order, and by the checkpoints they start with; steps made for an OR share their starts."""

    def __init__(self, steps: Sequence[GraphStep]) -> None:
        self._steps = {step.key: step for step in steps}
        self._places = {step.key: place for place, step in enumerate(steps)}
        self._sharing: dict[int, list[str]] = defaultdict(list)
        self._by_start: dict[str, set[str]] = defaultdict(set)
        for step in steps:
            self._sharing[id(step.starts)].append(step.key)
            for start in step.starts:
                self._by_start[start.name].add(step.key)

    def __getitem__(self, key: str) -> GraphStep:
        return self._steps[key]

    def steps(self) -> list[GraphStep]:
        return list(self._steps.values())

    def replace_ends(self, key: str, ends: list[Checkpoint]) -> GraphStep:
        """The step with other ends; it keeps its place and its starts."""
        self._steps[key] = replace(self._steps[key], ends=ends)
        return self._steps[key]

    def starting_with(self, checkpoints: Sequence[str]) -> list[GraphStep]:
        """The steps that start with any of them, in order."""
        keys = {key for name in checkpoints for key in self._by_start[name]}
        return [self._steps[key] for key in sorted(keys, key=self._places.__getitem__)]

    def add_starts(self, step: GraphStep, starts: Sequence[Checkpoint]) -> None:
        """Let the step, and all that share its starts, start with these as well."""
        step.starts.extend(starts)
        for start in starts:
            self._by_start[start.name].update(self._sharing[id(step.starts)])


def _cut_edge(table: _StepTable, source: str, target: str, shared: Sequence[str], number: int) -> None:
    prefix = f"{GENERATED}CYCL_"
    kept_ends = [end for end in table[source].ends if end.name not in shared]
    start = table.replace_ends(source, [*kept_ends, Checkpoint(f"{prefix}SINK_{number}")])
    needs_connector = False
    for step in table.starting_with(shared):
        further = []
        for checkpoint in (checkpoint for name in shared for checkpoint in step.starts if checkpoint.name == name):
            kind = "SRC" if step.key == target else "CONN"
            needs_connector = needs_connector or step.key != target
            new = Checkpoint(f"{prefix}{kind}_{number}", checkpoint.conditions)
            if new not in step.starts:
                further.append(new)
        table.add_starts(step, further)
    if needs_connector:
        start.ends.append(Checkpoint(f"{prefix}CONN_{number}"))


def _without_unused(steps: Sequence[GraphStep], cut: set[str], continuations: Mapping[str, str]) -> list[GraphStep]:
    """Drop the generated and the cut checkpoints that lead nowhere, and the steps that had no others."""
    starts = {STORY_START} | {start.name for step in steps for start in step.starts}
    ends = {STORY_START} | {continuations.get(end.name, end.name) for step in steps for end in step.ends}
    unused = starts ^ ends
    kept = []
    for step in steps:
        new = replace(
            step,
            starts=[start for start in step.starts if start.name not in unused & cut],
            ends=[end for end in step.ends if not (end.name in unused and end.name.startswith(GENERATED))],
        )
        if bool(step.starts) == bool(new.starts) and bool(step.ends) == bool(new.ends):
            kept.append(new)
    return kept


def _sorted_topologically(steps: Sequence[GraphStep]) -> tuple[list[GraphStep], list[tuple[str, str]]]:
    """Steps so that each comes after those it can follow, and the (from, to) edges that make this impossible."""
    followers: dict[str, list[str]] = defaultdict(list)
    for step in steps:
        for start in step.starts:
            followers[start.name].append(step.key)
    table = {step.key: step for step in steps}
    graph = {key: sorted({next_ for end in step.ends for next_ in followers[end.name]}) for key, step in table.items()}
    order: list[str] = []
    open_steps: set[str] = set()
    seen: set[str] = set()
    cyclic: set[tuple[str, str]] = set()
    for root in sorted(graph, reverse=True):
        if root in seen:
            continue
        seen.add(root)
        open_steps.add(root)
        path = [(root, iter(graph[root]))]
        while path:
            node, rest = path[-1]
            child = next(rest, None)
            if child is None:
                path.pop()
                open_steps.discard(node)
                order.append(node)
            elif child in open_steps:
                cyclic.add((node, child))
            elif child not in seen:
                seen.add(child)
                open_steps.add(child)
                path.append((child, iter(graph[child])))
    return [table[key] for key in reversed(order)], sorted(cyclic)
