"""Every series that Prometheus reads."""

import ast
from collections.abc import Iterator

from docs.lists.marks import render_table
from docs.lists.modules import parse_modules
from handlers.metrics import Metrics


def render_metrics() -> str:
    """A table of series, with their labels."""
    return render_table(("series", "kind", "labels", "what it is"), sorted({*_own(), *_looked_at()}))


def _own() -> Iterator[tuple[str, str, str, str]]:
    """Those that there are from the start."""
    registry = Metrics().registry
    labels = {collector: getattr(collector, "_labelnames", ()) for collector in list(registry._collector_to_names)}
    for collector, names in labels.items():
        (family,) = collector.collect()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        yield f"`{name}`", family.type, _listed(names), family.documentation


def _looked_at() -> Iterator[tuple[str, str, str, str]]:
    """Gauges that are set when somebody reads them: `metrics.show(name, what, labels, …)`."""
    for _, tree in parse_modules(r"\.show\(", ("bot", "handlers")):
        values = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "show"):
                continue
            given = [values.get(one.id, one) if isinstance(one, ast.Name) else one for one in call.args[:3]]
            if len(given) == 3 and all(isinstance(one, ast.Constant | ast.Tuple) for one in given):
                name, what, labels = map(ast.literal_eval, given)
                yield f"`keydesk_{name}`", "gauge", _listed(labels), what


def _listed(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
