"""The PyTorch original: its spec, its module, its answers, and the checks that it is a function of its input."""

from fer_edge.train.checkpoint.sources.onnx.model import sort_nodes as sort_nodes
from fer_edge.train.checkpoint.sources.reading import Source as Source
from fer_edge.train.models import IMPORTED as IMPORTED
from fer_edge.train.models import TIMM as TIMM
