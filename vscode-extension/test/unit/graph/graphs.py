"""Prints the graphs of pipelines as the language server gives them, as JSON: one list of graphs for each file named."""
# ruff: noqa: INP001 - a script that the tests run, no package

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "tests"))

from lsp.documents import document
from pointsman_lsp.client import read_client
from pointsman_lsp.convert import Converter
from pointsman_lsp.features.graph import graphs
from pointsman_lsp.picturing import graph_of

converter = Converter(read_client({}), lambda path: (path.as_uri(), None))
found = []
for name in sys.argv[1:]:
    of = document(Path(name).read_text("utf-8"))
    found.append([graph_of(converter, of, graph) for graph in graphs(of)])
sys.stdout.write(json.dumps(found))
